//! Deterministic generator of sample cities as ordinary source files.
