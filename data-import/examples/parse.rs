//! Parses sources to objects that nobody keeps, and says how fast: the speed of the importers alone, without a store.
//!
//! `cargo run --release -p qike-import --example parse -- FILE…`; with `RAYON_NUM_THREADS=1` on one core.

use qike_core::{Crs, Diagnostic, Feedback};
use qike_import::{SourceOptions, import_all, plan, suggest_crs};
use qike_scene::{Attributes, CityObject, Image, ObjectSink, Series, SinkError, SourceId, SourceInfo};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

/// As the `qike` command has it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Counts what comes and lets it go.
struct Counts {
    crs: Crs,
    sources: u32,
    objects: u64,
    geometries: u64,
    vertices: u64,
    attributes: u64,
    diagnostics: u64,
}

impl ObjectSink for Counts {
    fn crs(&self) -> &Crs {
        &self.crs
    }

    fn source(&mut self, _: SourceInfo) -> Result<SourceId, SinkError> {
        self.sources += 1;
        Ok(SourceId(self.sources - 1))
    }

    fn object(&mut self, object: CityObject) -> Result<(), SinkError> {
        self.objects += 1;
        self.geometries += object.geometries.len() as u64;
        self.vertices += object.geometries.iter().map(|g| g.vertices.len() as u64).sum::<u64>();
        self.attributes += object.attributes.len() as u64;
        Ok(())
    }

    fn series(&mut self, _: Series) -> Result<(), SinkError> {
        Ok(())
    }

    fn image(&mut self, _: Image) -> Result<(), SinkError> {
        Ok(())
    }

    fn about(&mut self, _: Attributes) -> Result<(), SinkError> {
        Ok(())
    }

    fn diagnostic(&mut self, _: Diagnostic) {
        self.diagnostics += 1;
    }
}

fn main() -> ExitCode {
    let paths: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let feedback = Feedback::silent();
    let planned = plan(&paths, &SourceOptions::default());
    let bytes: u64 = planned.iter().filter_map(|p| std::fs::metadata(&p.source.path).ok()).map(|m| m.len()).sum();
    let start = Instant::now();
    let crs = suggest_crs(&planned, &feedback);
    let probed = start.elapsed().as_secs_f64();
    let mut counts = Counts { crs, sources: 0, objects: 0, geometries: 0, vertices: 0, attributes: 0, diagnostics: 0 };
    let report = match import_all(&planned, &mut counts, &feedback) {
        Ok(report) => report,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::FAILURE;
        }
    };
    let seconds = start.elapsed().as_secs_f64();
    let Counts { objects, geometries, vertices, attributes, diagnostics, .. } = counts;
    println!(
        "{{\"bytes\": {bytes}, \"seconds\": {seconds:.4}, \"probe_seconds\": {probed:.4}, \"mb_per_s\": {:.1}, \"objects\": {objects}, \
         \"geometries\": {geometries}, \"vertices\": {vertices}, \"attributes\": {attributes}, \"diagnostics\": {diagnostics}}}",
        bytes as f64 / 1e6 / seconds
    );
    if report.left_out() == 0 && !planned.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
