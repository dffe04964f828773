//! Configurations: which files, and how it is run.

use super::{file_name, network, open, plans};
use crate::ImportError;
use crate::formats::sumo::log::Log;
use crate::formats::sumo::values;
use crate::formats::sumo::xml::{Broken, Xml};
use qike_core::Feedback;
use qike_core::fast_map::FastMap;
use qike_scene::traffic::TrafficScenario;
use std::path::{Path, PathBuf};

/// Modules that ask for what is not done here, and what comes of it.
const NOT_DONE: &[(&str, &str, &str)] = &[
    ("transit", "useTransit", "public transport does not run"),
    ("facilities", "inputFacilitiesFile", "activities are where the plans say"),
    ("vehicles", "vehiclesFile", "all cars are alike"),
    ("network", "timeVariantNetwork", "links stay as they are"),
    ("network", "inputChangeEventsFile", "links stay as they are"),
    ("signalsystems", "useSignalsystems", "there are no signals"),
    ("qsim", "vehiclesSource", "all cars are alike"),
    ("households", "inputFile", "nobody belongs to a household"),
];

/// Parameters by module and name.
type Params = FastMap<(String, String), (String, u64)>;

/// Reads a configuration and what it names.
pub(super) fn read(path: &Path, feedback: &Feedback) -> Result<TrafficScenario, ImportError> {
    let (mut xml, mut log) = open(path, &[b"config"], "configuration")?;
    let mut params = Params::default();
    loop {
        let module = match xml.child(1) {
            Ok(Some(tag)) if tag.name == b"module" => tag.or_empty(b"name").into_owned(),
            Ok(Some(_)) => continue,
            Ok(None) => break,
            Err(Broken { reason, line, .. }) => return Err(ImportError::corrupt(&log.file, format!("line {line}"), reason)),
        };
        read_params(&mut xml, &module, &mut params).map_err(|b| ImportError::corrupt(&log.file, format!("line {}", b.line), b.reason))?;
    }
    let mut scenario = TrafficScenario { name: file_name(path), ..TrafficScenario::default() };
    let get = |module: &str, name: &str| params.get(&(module.to_owned(), name.to_owned())).filter(|(v, _)| !matches!(v.trim(), "" | "null" | "undefined"));
    let folder = path.parent().map(Path::to_owned).unwrap_or_default();
    let Some((network, line)) = get("network", "inputNetworkFile") else {
        return Err(ImportError::corrupt(&log.file, "module network", "no network is named (inputNetworkFile)"));
    };
    network::read(&beside(&folder, network, &log, *line)?, &mut scenario, feedback)?;
    if let Some((crs, _)) = get("global", "coordinateSystem").filter(|(crs, _)| crs != "Atlantis")
        && scenario.map.location.is_none()
    {
        scenario.map.location = Some((crs.clone(), [0.0; 2]));
    }
    settings(&mut scenario, &get, &mut log);
    match get("plans", "inputPlansFile") {
        Some((file, line)) => plans::read(&beside(&folder, file, &log, *line)?, &mut scenario, feedback)?,
        None => {
            log.error("no-plans", 0, || "no plans are named (inputPlansFile): nobody travels".into());
        }
    }
    for (module, name, effect) in NOT_DONE {
        if let Some((value, line)) = get(module, name)
            && !matches!(value.as_str(), "false" | "defaultVehicle" | "none")
        {
            log.unsupported(&format!("{module}.{name}"), *line, effect);
        }
    }
    scenario.findings.extend(log.finish());
    Ok(scenario)
}

fn read_params(xml: &mut Xml, module: &str, params: &mut Params) -> Result<(), Broken> {
    while let Some(tag) = xml.child(2)? {
        if tag.name == b"param" {
            params.insert((module.to_owned(), tag.or_empty(b"name").into_owned()), (tag.or_empty(b"value").into_owned(), tag.line()));
        }
    }
    Ok(())
}

fn settings<'p>(scenario: &mut TrafficScenario, get: &dyn Fn(&str, &str) -> Option<&'p (String, u64)>, log: &mut Log) {
    let time = |name: &str| get("qsim", name).and_then(|(v, _)| values::time(v)).filter(|ms| *ms > 0);
    let settings = &mut scenario.settings;
    settings.begin_ms = time("startTime").unwrap_or(0);
    settings.end_ms = time("endTime");
    if let Some(seed) = get("global", "randomSeed").and_then(|(v, _)| v.trim().parse().ok()) {
        settings.seed = seed;
    }
    let iterations = ["controler", "controller"].into_iter().find_map(|m| get(m, "lastIteration"));
    if let Some((last, line)) = iterations.filter(|(last, _)| last.trim() != "0") {
        log.unsupported(&format!("controler.lastIteration = {last}"), *line, "the plans in the file are driven once, and are not improved");
    }
    for name in ["flowCapacityFactor", "storageCapacityFactor"] {
        if let Some((value, line)) = get("qsim", name).filter(|(v, _)| values::number(v).is_some_and(|f| (f - 1.0).abs() > 1e-9)) {
            log.unsupported(&format!("qsim.{name} = {value}"), *line, "links have their whole capacity");
        }
    }
}

/// A file that the configuration names.
fn beside(folder: &Path, name: &str, log: &Log, line: u64) -> Result<PathBuf, ImportError> {
    if name.contains("://") {
        return Err(ImportError::corrupt(&log.file, format!("line {line}"), format!("'{name}' is an address on the net: fetch the file, and name it here")));
    }
    let path = folder.join(name);
    if path.is_file() { Ok(path) } else { Err(ImportError::corrupt(&log.file, format!("line {line}"), format!("it names '{name}', and there is no such file"))) }
}
