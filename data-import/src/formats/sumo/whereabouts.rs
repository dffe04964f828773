//! Where vehicles stand in their files: looked up anew for the few that something is to be told about.

use super::loading::Loading;
use super::options::Options;
use super::xml::Xml;
use qike_core::Feedback;
use qike_scene::traffic::TrafficScenario;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// File and line of each vehicle, trip or flow of those ids, in a file of routes or in those that a configuration names. Files that
/// cannot be read are passed over: that has been told.
pub fn find(path: &Path, ids: &BTreeSet<&str>) -> BTreeMap<String, (String, u64)> {
    let mut places = BTreeMap::new();
    for file in files(path) {
        let name = file.display().to_string();
        let Ok(mut xml) = Xml::open(&file, &name) else { continue };
        if !matches!(xml.child(0), Ok(Some(_))) {
            continue;
        }
        while places.len() < ids.len() {
            let Ok(Some(tag)) = xml.child(1) else { break };
            if matches!(tag.name, b"vehicle" | b"trip" | b"flow") {
                let id = tag.or_empty(b"id");
                if ids.contains(&*id) {
                    places.entry(id.into_owned()).or_insert_with(|| (name.clone(), tag.line()));
                }
            }
        }
    }
    places
}

/// The file itself, or what it names where it is a configuration.
fn files(path: &Path) -> Vec<PathBuf> {
    let name = path.display().to_string();
    let Ok(mut xml) = Xml::open(path, &name) else { return Vec::new() };
    if !matches!(xml.child(0), Ok(Some(root)) if root.name.ends_with(b"onfiguration")) {
        return vec![path.to_owned()];
    }
    let feedback = Feedback::silent();
    let mut loading = Loading::new(TrafficScenario::default(), &feedback);
    let mut options = Options::default();
    // What can be read of it.
    let _ = super::config::elements(&mut loading, &mut xml, 1, false, &mut options);
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).map_or_else(|| PathBuf::from("."), Path::to_owned);
    options.routes.iter().chain(&options.additionals).map(|(name, _)| folder.join(name)).collect()
}
