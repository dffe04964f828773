//! What the kinds of `qike demand` have in common: the network with its zones, spans of time, files that are written.

pub mod counts;
pub mod equilibrium;
pub mod od;
pub mod people;

use crate::failure::Failure;
use crate::output::Output;
use qike_core::SimTime;
use qike_scene::traffic::{RoadUsers, TrafficScenario};
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

/// Reads a network with the zones and types of additional files.
pub fn network(path: &Path, additional: &[PathBuf], output: &Output) -> Result<TrafficScenario, Failure> {
    let feedback = &output.feedback;
    let mut scenario = if crate::traffic::is_configuration(path) { qike_import::sumo::read_scenario(path, feedback)? } else { qike_import::sumo::read_net(path, feedback)? };
    for file in additional {
        qike_import::sumo::read_additionals(file, &mut scenario, feedback)?;
    }
    Ok(scenario)
}

/// From and to, ms.
pub fn span(begin: Option<&str>, end: Option<&str>) -> Result<(i64, i64), Failure> {
    let read = |option: &str, text: Option<&str>, without: i64| text.map_or(Ok(without), |text| text.parse::<SimTime>().map(|t| t.0).map_err(|e| Failure::usage(format!("{option}: {e}"))));
    let span = (read("--begin", begin, 0)?, read("--end", end, i64::MAX)?);
    if span.0 < span.1 { Ok(span) } else { Err(Failure::usage("--end: it is not after the begin")) }
}

/// Who drives a vehicle of that type: of the scenario's types, of SUMO's own, or of a class of that name.
pub fn users(scenario: &TrafficScenario, kind: &str) -> Option<RoadUsers> {
    let known = scenario.demand.kinds.iter().find(|k| k.id == kind).map(|k| k.user);
    known.or_else(|| qike_import::sumo::given_kind(kind).map(|k| k.user)).or_else(|| RoadUsers::kind(kind))
}

/// A file to write.
pub fn create(path: &Path) -> Result<BufWriter<File>, Failure> {
    File::create(path).map(|f| BufWriter::with_capacity(1 << 20, f)).map_err(|e| unwritten(path, &e))
}

/// A file that could not be written.
pub fn unwritten(path: &Path, error: &dyn std::fmt::Display) -> Failure {
    Failure::new(format!("{} cannot be written: {error}", path.display()))
}

/// Nothing that is read may be written over.
pub fn check_outputs(inputs: &[&Path], outputs: &[&Path]) -> Result<(), Failure> {
    for (n, out) in outputs.iter().enumerate() {
        if let Some(input) = inputs.iter().chain(&outputs[..n]).find(|i| crate::commands::routes::same(i, out)) {
            return Err(Failure::usage(format!("{}: it is {}, too; it would be written over", out.display(), input.display())));
        }
    }
    Ok(())
}

/// Writes a configuration of SUMO that runs trips.
pub fn configuration(path: &Path, net: &Path, additional: &[PathBuf], routes: &Path, span: (i64, i64)) -> Result<(), Failure> {
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new(".")).canonicalize().map_err(|e| unwritten(path, &e))?;
    // Names in it are relative to its own folder.
    let name = |file: &Path| {
        let whole = file.canonicalize().unwrap_or_else(|_| file.to_owned());
        let text = whole.strip_prefix(&folder).unwrap_or(&whole).to_string_lossy().into_owned();
        text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;")
    };
    let mut text = format!("<configuration>\n    <input>\n        <net-file value=\"{}\"/>\n        <route-files value=\"{}\"/>\n", name(net), name(routes));
    if !additional.is_empty() {
        text += &format!("        <additional-files value=\"{}\"/>\n", additional.iter().map(|f| name(f)).collect::<Vec<_>>().join(","));
    }
    text += &format!("    </input>\n    <time>\n        <begin value=\"{}\"/>\n    </time>\n</configuration>\n", span.0.max(0) as f64 / 1000.0);
    let mut file = create(path)?;
    file.write_all(text.as_bytes()).and_then(|()| file.flush()).map_err(|e| unwritten(path, &e))
}
