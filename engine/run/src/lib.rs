//! From a scenario to a recording, and from recordings to a comparison.
