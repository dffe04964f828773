//! What the integration tests share: importing paths into memory.

use qike_core::{Crs, Feedback};
use qike_import::{ImportReport, SourceOptions, import_all, plan, suggest_crs};
use qike_scene::sink::MemorySink;
use qike_scene::{CityObject, Class};
use std::path::PathBuf;

/// Imports into the system that the sources suggest.
#[allow(dead_code)] // Each test binary uses its own part of this module.
pub fn import(paths: &[PathBuf]) -> (MemorySink, ImportReport) {
    import_with(paths, &SourceOptions::default(), None)
}

/// Imports with options, into a given system or the suggested one.
pub fn import_with(paths: &[PathBuf], options: &SourceOptions, crs: Option<&str>) -> (MemorySink, ImportReport) {
    let planned = plan(paths, options);
    let feedback = Feedback::silent();
    let crs = crs.map_or_else(|| suggest_crs(&planned, &feedback), |text| Crs::parse(text).unwrap());
    let mut sink = MemorySink::new(crs);
    let report = import_all(&planned, &mut sink, &feedback).unwrap();
    (sink, report)
}

/// The codes of all diagnostics, in order.
#[allow(dead_code)] // Each test binary uses its own part of this module.
pub fn codes(sink: &MemorySink) -> Vec<String> {
    sink.diagnostics.iter().map(|d| d.code.to_string()).collect()
}

/// Number of objects of a class.
#[allow(dead_code)]
pub fn count(sink: &MemorySink, class: Class) -> usize {
    sink.objects.iter().filter(|o| o.class == class).count()
}

/// The object with an id.
#[allow(dead_code)]
pub fn object<'a>(sink: &'a MemorySink, id: &str) -> &'a CityObject {
    sink.objects.iter().find(|o| o.id.as_str() == id).unwrap_or_else(|| panic!("no object {id}"))
}
