//! Reads a scenario file and those it extends.

use crate::RunError;
use qike_scene::Scenario;
use qike_scene::scenario::{DemandKind, ScenarioError, ScenarioFile, confined};
use std::path::{Path, PathBuf};

/// Scenarios that extend each other, at most.
const DEPTH: usize = 16;

/// Reads a scenario, completed by what it extends. All paths in it are then relative to the folder of `path`.
///
/// # Errors
/// A file that cannot be read or is no scenario; files that extend each other in a circle.
pub fn load(path: &Path) -> Result<Scenario, RunError> {
    read(path, &mut Vec::new())
}

/// The folder that a scenario's paths are relative to.
pub fn folder(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    }
}

fn read(path: &Path, chain: &mut Vec<PathBuf>) -> Result<Scenario, RunError> {
    let name = path.display().to_string();
    let fault = |message: String| RunError::Scenario(ScenarioError::new(&name, message));
    let bytes = std::fs::read(path).map_err(RunError::io(path))?;
    let text = String::from_utf8(bytes).map_err(|_| fault("the file is not UTF-8 text".into()))?;
    let whole = path.canonicalize().map_err(RunError::io(path))?;
    if chain.contains(&whole) {
        return Err(fault("the scenarios extend each other in a circle".into()));
    }
    chain.push(whole);
    if chain.len() > DEPTH {
        return Err(fault(format!("more than {DEPTH} scenarios extend each other")));
    }
    let file = ScenarioFile::parse(&text, &name)?;
    let extended = match &file.extends {
        None => None,
        Some(other) => {
            confined(other).map_err(|message| fault(format!("extends: {message}")))?;
            let mut scenario = read(&folder(path).join(other), chain)?;
            rebase(&mut scenario, Path::new(other).parent().unwrap_or(Path::new("")));
            Some(scenario)
        }
    };
    Ok(file.resolve(extended)?)
}

/// Makes paths that were relative to a folder below relative to the folder itself.
fn rebase(scenario: &mut Scenario, below: &Path) {
    if below.as_os_str().is_empty() {
        return;
    }
    let moved = |path: &str| below.join(path).to_string_lossy().into_owned();
    scenario.base.store = moved(&scenario.base.store);
    scenario.base.state = scenario.base.state.as_deref().map(moved);
    for demand in &mut scenario.demand {
        if let DemandKind::VehicleOd { file, .. } | DemandKind::WalkOd { file } = &mut demand.kind {
            *file = moved(file);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASE: &str = "version = 1\nname = \"a\"\n[base]\nstore = \"c.gpkg\"\n[time]\nstart = 0\nduration = 60\n\
                        [[demand]]\nname = \"cars\"\nkind = \"vehicle_od\"\nfile = \"od.csv\"\n";

    #[test]
    fn paths_follow_the_file_that_says_them() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("base")).unwrap();
        std::fs::write(dir.path().join("base/a.toml"), BASE).unwrap();
        std::fs::write(dir.path().join("b.toml"), "version = 1\nname = \"b\"\nextends = \"base/a.toml\"\n").unwrap();
        let scenario = load(&dir.path().join("b.toml")).unwrap();
        assert_eq!(scenario.name, "b");
        assert_eq!(Path::new(&scenario.base.store), Path::new("base/c.gpkg"));
        let DemandKind::VehicleOd { file, .. } = &scenario.demand[0].kind else { panic!() };
        assert_eq!(Path::new(file), Path::new("base/od.csv"));
    }

    #[test]
    fn circles_and_missing_files_are_told() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("a.toml"), "version = 1\nname = \"a\"\nextends = \"b.toml\"\n").unwrap();
        std::fs::write(dir.path().join("b.toml"), "version = 1\nname = \"b\"\nextends = \"a.toml\"\n").unwrap();
        let message = load(&dir.path().join("a.toml")).unwrap_err().to_string();
        assert!(message.contains("circle"), "{message}");
        let message = load(&dir.path().join("c.toml")).unwrap_err().to_string();
        assert!(message.contains("c.toml"), "{message}");
        std::fs::write(dir.path().join("d.toml"), b"version = 1 \xff").unwrap();
        assert!(load(&dir.path().join("d.toml")).unwrap_err().to_string().contains("UTF-8"));
    }
}
