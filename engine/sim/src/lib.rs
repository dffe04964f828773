//! Mobility models on one clock: lane-level vehicles and walkers.
