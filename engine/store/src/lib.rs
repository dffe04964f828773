//! The scene store: one GeoPackage file. The only crate that knows SQLite.
