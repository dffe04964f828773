//! Recordings of runs and of measurements: tracks, link intervals, trips, events, hashes, in Parquet; replay.
