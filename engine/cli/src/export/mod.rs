//! Writers of foreign formats. Each writes a whole model; a file appears under its name only when it is complete.

pub mod cityjson;
pub mod geojson;
pub mod glb;

use crate::failure::Failure;
use qike_core::Feedback;
use qike_scene::{CityObject, Class, ObjectIx, SceneSnapshot};
use qike_store::{Query, SceneStore};
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

/// What can be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Plans in longitude and latitude.
    GeoJson,
    /// CityJSON 2.0, one document.
    CityJson,
    /// CityJSON 2.0, one line a feature.
    CityJsonSeq,
    /// glTF 2.0, binary.
    Glb,
    /// A copy of the store.
    GeoPackage,
}

const ENDINGS: &[(&str, Format)] = &[
    (".geojson", Format::GeoJson),
    (".city.json", Format::CityJson),
    (".city.jsonl", Format::CityJsonSeq),
    (".glb", Format::Glb),
    (".gpkg", Format::GeoPackage),
];

impl Format {
    /// By the ending of a file's name.
    pub fn of(path: &Path) -> Option<Format> {
        let name = path.file_name()?.to_string_lossy().to_lowercase();
        ENDINGS.iter().find(|(ending, _)| name.len() > ending.len() && name.ends_with(ending)).map(|(_, format)| *format)
    }

    /// All endings, for messages.
    pub fn endings() -> String {
        ENDINGS.iter().map(|(ending, _)| *ending).collect::<Vec<_>>().join(", ")
    }
}

/// Writes the objects of `classes` (all, where it is empty) and what is part of them. Gives their number.
pub fn write(store: &SceneStore, format: Format, classes: &[Class], out: &Path, feedback: &Feedback) -> Result<u64, Failure> {
    if format == Format::GeoPackage {
        if !classes.is_empty() {
            return Err(Failure::usage("--class: a copy of the store holds all classes"));
        }
        return to_file(out, |draft| Ok(store.copy_to(draft)?)).and_then(|()| Ok(store.info()?.objects.total));
    }
    if format == Format::GeoJson {
        let mut hits = Vec::new();
        for class in if classes.is_empty() { vec![None] } else { classes.iter().copied().map(Some).collect() } {
            hits.extend(store.find(&Query { class, ..Query::default() })?);
        }
        hits.sort_by(|a, b| a.id.cmp(&b.id));
        let collection = geojson::collection(store, &hits)?;
        to_stream(out, |w| serde_json::to_writer(w, &collection).map_err(Failure::new))?;
        return Ok(hits.len() as u64);
    }
    let snapshot = store.snapshot(feedback)?;
    let chosen = choose(&snapshot, classes);
    match format {
        Format::CityJson => to_stream(out, |w| cityjson::write(&snapshot, &chosen, w))?,
        Format::CityJsonSeq => to_stream(out, |w| cityjson::write_sequence(&snapshot, &chosen, w))?,
        Format::Glb => to_stream(out, |w| glb::write(&snapshot, &chosen, w))?,
        Format::GeoJson | Format::GeoPackage => {}
    }
    Ok(chosen.len() as u64)
}

/// The objects of the classes and all their descendants, sorted; all objects, where no class is named.
fn choose(snapshot: &SceneSnapshot, classes: &[Class]) -> Vec<ObjectIx> {
    if classes.is_empty() {
        return (0..snapshot.objects().len() as u32).map(ObjectIx).collect();
    }
    let mut chosen: Vec<ObjectIx> = classes.iter().flat_map(|c| snapshot.of_class(*c)).copied().collect();
    let mut seen: std::collections::BTreeSet<ObjectIx> = chosen.iter().copied().collect();
    while let Some(ix) = chosen.pop() {
        chosen.extend(snapshot.children(ix).iter().copied().filter(|child| seen.insert(*child)));
    }
    seen.into_iter().collect()
}

/// The object that stands for the whole an object is part of. A cycle of parents ends where it began.
fn root(snapshot: &SceneSnapshot, ix: ObjectIx) -> ObjectIx {
    let mut at = ix;
    for _ in 0..64 {
        match snapshot.parent(at) {
            Some(parent) if parent != ix => at = parent,
            _ => break,
        }
    }
    at
}

/// Writes a file through a buffer; it appears under its name only when it is complete.
pub fn to_stream(out: &Path, write: impl FnOnce(&mut dyn Write) -> Result<(), Failure>) -> Result<(), Failure> {
    to_file(out, |draft| {
        let failed = |e: std::io::Error| Failure::new(format!("{}: cannot be written ({e})", out.display()));
        let mut writer = BufWriter::new(File::create(draft).map_err(failed)?);
        write(&mut writer)?;
        writer.flush().map_err(failed)
    })
}

/// Writes under another name first, so that a failure leaves an older file as it was.
fn to_file(out: &Path, write: impl FnOnce(&Path) -> Result<(), Failure>) -> Result<(), Failure> {
    let mut name = out.file_name().unwrap_or_default().to_os_string();
    name.push(format!(".part-{}", std::process::id()));
    let draft: PathBuf = out.with_file_name(name);
    let done = write(&draft).and_then(|()| {
        std::fs::rename(&draft, out).map_err(|e| Failure::new(format!("{}: cannot be written ({e})", out.display())))
    });
    if done.is_err() {
        // What is left of the draft is of no use; that it cannot be removed changes nothing about the failure.
        let _ = std::fs::remove_file(&draft);
    }
    done
}

/// Objects with their children's numbers, as most formats want them.
fn objects<'a>(snapshot: &'a SceneSnapshot, chosen: &'a [ObjectIx]) -> impl Iterator<Item = (ObjectIx, &'a CityObject)> + 'a {
    chosen.iter().map(|ix| (*ix, snapshot.get(*ix)))
}
