//! Which outputs are wanted, and where they go.
//!
//! What the command line names goes where it says. What the scenario's own files ask for goes into the run directory, under its own
//! name: a scenario is often read-only, and two runs of it must not write over each other's results.

use super::Args;
use crate::failure::Failure;
use qike_core::Diagnostic;
use qike_scene::traffic::{Detector, TrafficScenario};
use std::path::{Path, PathBuf};

/// Kinds of outputs that are written.
const KINDS: [&str; 4] = ["tripinfo-output", "summary-output", "edgedata-output", "fcd-output"];
/// Names that stand for nowhere.
const NOWHERE: [&str; 4] = ["", "/dev/null", "NUL", "nul"];

/// What asks for a file.
#[derive(Clone, Debug, PartialEq)]
pub enum Of {
    /// An option of the run.
    Run,
    /// An `edgeData`: its place among the scenario's.
    Edges(usize),
    /// Detectors that share it: their places.
    Detectors(Vec<u32>),
}

/// A file that is to be written.
#[derive(Clone, Debug, PartialEq)]
pub struct WantedFile {
    /// Its kind, as SUMO's option is called; `edgeData` and `detectors` for those of additional files.
    pub kind: &'static str,
    /// Where.
    pub path: PathBuf,
    /// What asks for it.
    pub of: Of,
}

/// All that are.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// Files.
    pub files: Vec<WantedFile>,
    /// What is asked for and is not written.
    pub findings: Vec<Diagnostic>,
    /// What is written elsewhere than asked.
    pub moved: Vec<String>,
}

/// Files of detectors with those that write into each, in their order. A file holds one kind of element: others get one of their own.
fn detector_files(all: &[Detector]) -> Vec<(&str, Vec<u32>)> {
    let mut files: Vec<(&str, Vec<u32>)> = Vec::new();
    let kind = |at: u32| all.get(at as usize).map(|d| std::mem::discriminant(&d.kind));
    for (at, detector) in (0u32..).zip(all).filter(|(_, d)| !NOWHERE.contains(&d.file.as_str())) {
        match files.iter_mut().find(|(file, of)| *file == detector.file && of.first().is_some_and(|f| kind(*f) == kind(at))) {
            Some((_, of)) => of.push(at),
            None => files.push((&detector.file, vec![at])),
        }
    }
    files
}

impl Wanted {
    /// Of a scenario and a command line.
    pub fn of(scenario: &TrafficScenario, args: &Args, out: &Path) -> Result<Self, Failure> {
        let mut wanted = Self::default();
        let given = [&args.tripinfo_output, &args.summary_output, &args.edgedata_output, &args.fcd_output];
        for (kind, path) in KINDS.into_iter().zip(given) {
            let Some(path) = path else { continue };
            let folder = path.parent().filter(|f| !f.as_os_str().is_empty()).unwrap_or(Path::new("."));
            if path.file_name().is_none() || path.is_dir() {
                return Err(Failure::usage(format!("--{kind}: {} is no name of a file", path.display())));
            }
            if !folder.is_dir() && !folder.starts_with(out) {
                return Err(Failure::usage(format!("--{kind}: there is no folder {}", folder.display())).help("make it first"));
            }
            if wanted.files.iter().any(|f| f.path == *path) {
                return Err(Failure::usage(format!("--{kind}: {} is another output's file too", path.display())));
            }
            wanted.files.push(WantedFile { kind, path: path.clone(), of: Of::Run });
        }
        let mut moved = Vec::new();
        for (kind, file) in &scenario.settings.outputs {
            match KINDS.into_iter().find(|k| k == kind) {
                _ if NOWHERE.contains(&file.as_str()) => {}
                Some(known) if wanted.files.iter().any(|f| f.kind == known) => {}
                Some(known) => moved.extend(wanted.beside(known, file, Of::Run, out)),
                None => wanted.findings.push(
                    Diagnostic::error("output-not-written", format!("the scenario asks for '{kind}' ('{file}'), which is not written"))
                        .help("trips, edges and tracks are in the run directory's Parquet files"),
                ),
            }
        }
        for (n, asked) in scenario.extras.edge_data.iter().enumerate().filter(|(_, asked)| !NOWHERE.contains(&asked.file.as_str())) {
            if asked.lanes || !asked.kinds.is_empty() {
                let what = if asked.lanes { "mean values by lane" } else { "mean values of some kinds of vehicles" };
                wanted.findings.push(Diagnostic::error("output-not-written", format!("'{}' asks for {what} ('{}'), which are not written", asked.id, asked.file)).help("an edgeData without vTypes is written"));
                continue;
            }
            moved.extend(wanted.beside("edgeData", &asked.file, Of::Edges(n), out));
        }
        for (file, detectors) in detector_files(&scenario.extras.detectors) {
            moved.extend(wanted.beside("detectors", file, Of::Detectors(detectors), out));
        }
        if !moved.is_empty() {
            wanted.moved.push(format!("outputs that the scenario asks for are written into the run directory: {}", moved.join(", ")));
        }
        Ok(wanted)
    }

    /// Adds a file of the run directory, under a name that no other has.
    fn beside(&mut self, kind: &'static str, file: &str, of: Of, out: &Path) -> Option<String> {
        let plain = file.strip_suffix(".gz").unwrap_or(file);
        let name = plain.rsplit(['/', '\\']).next().filter(|n| !n.is_empty() && !n.starts_with('.'))?;
        let taken = |name: &str, files: &[WantedFile]| name.ends_with(".parquet") || name.ends_with(".json") || name.ends_with(".toml") || files.iter().any(|f| f.path == out.join(name));
        let mut free = name.to_owned();
        let mut n = 1;
        while taken(&free, &self.files) {
            n += 1;
            free = format!("{n}-{name}.xml");
        }
        self.files.push(WantedFile { kind, path: out.join(&free), of });
        Some(free)
    }
}
