//! The area within which vehicles are run lane by lane: from the command line, or from a what-if's `[models.hybrid]`.

use super::{Args, ModelName};
use crate::failure::Failure;
use qike_scene::Scenario;
use qike_scene::scenario::confined;
use qike_scene::traffic::{Area, RoadMap};
use std::path::Path;

/// The area that is asked for, if any.
pub fn area(args: &Args, what_if: Option<(&Scenario, &Path)>, map: &RoadMap) -> Result<Option<Area>, Failure> {
    let stated = what_if.and_then(|(scenario, file)| scenario.models.hybrid.as_ref().map(|hybrid| (hybrid, file)));
    let (option, found) = match (args.model, &args.lanes_inside, stated) {
        (Some(ModelName::Lanes | ModelName::Queues), Some(_), _) => {
            return Err(Failure::usage("--lanes-inside: only --model hybrid has an area").help("leave --model out"));
        }
        (Some(ModelName::Lanes | ModelName::Queues), None, _) => return Ok(None),
        (_, Some(text), _) => ("--lanes-inside".to_owned(), read(text, Path::new(text), map)),
        (_, None, Some((hybrid, file))) => {
            let option = format!("{}: [models.hybrid] inside", file.display());
            let path = qike_run::folder(file).join(&hybrid.inside);
            if is_file_name(&hybrid.inside) {
                confined(&hybrid.inside).map_err(|e| Failure::usage(format!("{option}: {e}")))?;
            }
            let found = read(&hybrid.inside, &path, map);
            (option, found)
        }
        (Some(ModelName::Hybrid), None, None) => {
            return Err(Failure::usage("--model hybrid: within what area are vehicles to be run lane by lane?").help("say it with --lanes-inside \"x,y x,y x,y\", or --lanes-inside FILE"));
        }
        (None, None, None) => return Ok(None),
    };
    let area = found.map_err(|e| Failure::usage(format!("{option}: {e}")))?;
    let degrees = "corners are in the network's coordinates (metres); only those of GeoJSON may be longitude and latitude";
    area.check(map).map_err(|e| Failure::usage(format!("{option}: {e}")).help(degrees))?;
    Ok(Some(area))
}

/// Whether a text is to be the name of a file rather than corners.
fn is_file_name(text: &str) -> bool {
    text.contains(|c: char| c.is_alphabetic() && c != 'e' && c != 'E') || !text.contains(',')
}

fn read(text: &str, path: &Path, map: &RoadMap) -> Result<Area, String> {
    if text.trim().is_empty() {
        return Err("there is no polygon in it".into());
    }
    if is_file_name(text) {
        return qike_import::read_area(path, map).map_err(|e| e.to_string());
    }
    Area::parse(text).map_err(|e| e.to_string())
}
