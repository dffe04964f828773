//! What `qike export` writes: the formats of [`qike_export`], and those the store has itself. A file appears under its name only
//! when it is complete.

mod city;
pub mod geojson;
mod network;

use crate::failure::Failure;
use qike_core::{Bounds2, Feedback};
use qike_export::{Pictures, cityjson, citygml, glb, selection, tiles};
use qike_scene::{Class, Lod};
use qike_store::layers::Layer;
use qike_store::{Query, SceneStore};
use serde::Serialize;
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
    /// CityGML 3.0.
    CityGml,
    /// 3D Tiles 1.1: a document and a folder of tiles beside it.
    Tiles,
    /// glTF 2.0, binary.
    Glb,
    /// Layers as GIS programs expect them.
    GeoPackage,
    /// A copy of the store.
    Store,
    /// The lane network, as SUMO takes it.
    SumoNet,
}

const ENDINGS: &[(&str, Format)] = &[
    (".geojson", Format::GeoJson),
    (".city.json", Format::CityJson),
    (".city.jsonl", Format::CityJsonSeq),
    (".gml", Format::CityGml),
    ("tileset.json", Format::Tiles),
    (".glb", Format::Glb),
    (".store.gpkg", Format::Store),
    (".gpkg", Format::GeoPackage),
    (".net.xml", Format::SumoNet),
];

impl Format {
    /// By the ending of a file's name.
    pub fn of(path: &Path) -> Option<Format> {
        let name = path.file_name()?.to_string_lossy().to_lowercase();
        ENDINGS.iter().find(|(ending, _)| (name.len() > ending.len() && name.ends_with(ending)) || (name == *ending && !ending.starts_with('.'))).map(|(_, format)| *format)
    }

    /// All endings, for messages.
    pub fn endings() -> String {
        ENDINGS.iter().map(|(ending, _)| *ending).collect::<Vec<_>>().join(", ")
    }
}

/// What is written of a store.
#[derive(Debug, Default)]
pub struct Choice {
    /// Objects of these classes; empty: of all.
    pub classes: Vec<Class>,
    /// Objects whose box meets this one, in the store's CRS.
    pub bbox: Option<Bounds2>,
    /// Geometries of these levels; empty: of all.
    pub lods: Vec<Lod>,
    /// Traffic keeps to the left; of networks.
    pub left_hand: bool,
}

/// What came of an export.
#[derive(Debug, Default, Serialize)]
pub struct Written {
    /// Objects that were chosen.
    pub objects: u64,
    /// Of those, what is drawn: of tiles and glTF.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub features: Option<u64>,
    /// Of a tileset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tiles: Option<u64>,
    /// Of all files, where they are several.
    #[serde(skip)]
    pub bytes: Option<u64>,
    /// Of a GeoPackage.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub layers: Vec<Layer>,
    /// Of a network.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub network: Option<network::Counts>,
}

impl Written {
    fn objects(objects: u64) -> Self {
        Self { objects, ..Self::default() }
    }
}

/// Writes the chosen objects and what is part of them.
pub fn write(store: &SceneStore, format: Format, choice: &Choice, out: &Path, feedback: &Feedback) -> Result<Written, Failure> {
    let Choice { classes, bbox, lods, left_hand } = choice;
    if *left_hand && format != Format::SumoNet {
        return Err(Failure::usage("--left-hand: that is for networks of lanes (.net.xml)"));
    }
    if !lods.is_empty() && format == Format::GeoJson {
        return Err(Failure::usage("--lod: that format has plans, which have no level").help("CityGML, CityJSON, 3D Tiles, glTF and GeoPackage have levels"));
    }
    if format == Format::Store {
        if !classes.is_empty() || bbox.is_some() || !lods.is_empty() {
            return Err(Failure::usage("--class, --bbox, --lod: a copy of the store holds everything"));
        }
        return to_file(out, |draft| Ok(store.copy_to(draft)?)).and_then(|()| Ok(Written::objects(store.info()?.objects.total)));
    }
    if format == Format::SumoNet {
        if !classes.is_empty() || bbox.is_some() || !lods.is_empty() {
            return Err(Failure::usage("--class, --bbox, --lod: the network is of all roads of the store"));
        }
        return network::write(store, *left_hand, out, feedback);
    }
    if format == Format::GeoPackage {
        let keys = store.select(classes, bbox.as_ref())?;
        if keys.is_empty() {
            return Err(Failure::new("no object is chosen: there is nothing to write as layers"));
        }
        let mut layers = Vec::new();
        to_file(out, |draft| {
            layers = store.write_layers(draft, &keys, lods, feedback)?;
            Ok(())
        })?;
        return Ok(Written { objects: layers.iter().map(|layer| layer.features).sum(), layers, ..Written::default() });
    }
    if format == Format::GeoJson {
        let mut hits = Vec::new();
        for class in if classes.is_empty() { vec![None] } else { classes.iter().copied().map(Some).collect() } {
            hits.extend(store.find(&Query { class, bbox: *bbox, ..Query::default() })?);
        }
        hits.sort_by(|a, b| a.id.cmp(&b.id));
        let collection = geojson::collection(store, &hits)?;
        to_stream(out, |w| serde_json::to_writer(w, &collection).map_err(Failure::new))?;
        return Ok(Written::objects(hits.len() as u64));
    }
    if matches!(format, Format::Tiles | Format::Glb) {
        let city = city::StoredCity { store, keys: store.select(classes, bbox.as_ref())?, lods };
        let mut summary = tiles::Summary::default();
        if format == Format::Tiles {
            to_tiles(out, |folder| {
                summary = tiles::write(&city, folder, feedback)?;
                Ok(())
            })?;
        } else {
            to_stream(out, |w| {
                summary = glb::write(&city, w, feedback)?;
                Ok(())
            })?;
        }
        for refused in &summary.refused {
            feedback.message(&format!("warning: a picture is left out, and its surfaces are plain: {refused}"));
        }
        let tiles = (format == Format::Tiles).then_some(summary.tiles);
        return Ok(Written { objects: city.keys.len() as u64, features: Some(summary.features), tiles, bytes: Some(summary.bytes), ..Written::default() });
    }
    let mut snapshot = store.snapshot(feedback)?;
    if !lods.is_empty() {
        snapshot = selection::of_levels(&snapshot, lods);
    }
    let chosen = match bbox {
        Some(window) => selection::in_window(&snapshot, classes, window),
        None => selection::of_classes(&snapshot, classes),
    };
    match format {
        Format::CityJson => with_pictures(store, out, |w| Ok(cityjson::write(&snapshot, &chosen, w)?))?,
        Format::CityJsonSeq => with_pictures(store, out, |w| Ok(cityjson::write_sequence(&snapshot, &chosen, w)?))?,
        Format::CityGml => with_pictures(store, out, |w| Ok(citygml::write(&snapshot, &chosen, w, feedback)?))?,
        _ => {}
    }
    Ok(Written::objects(chosen.len() as u64))
}

/// Writes a document, and beside it the pictures that it names. A picture that is there already is left as it is: its name says
/// what is in it.
fn with_pictures(store: &SceneStore, out: &Path, write: impl FnOnce(&mut dyn Write) -> Result<Pictures, Failure>) -> Result<(), Failure> {
    let mut pictures = Pictures::default();
    to_stream(out, |w| {
        pictures = write(w)?;
        Ok(())
    })?;
    for (id, path) in pictures.files() {
        let Some(image) = store.image(id)? else { continue };
        let target = out.with_file_name(path);
        if std::fs::metadata(&target).is_ok_and(|found| found.is_file() && found.len() == image.bytes.len() as u64) {
            continue;
        }
        let failed = |e: std::io::Error| Failure::new(format!("{}: cannot be written ({e})", target.display()));
        target.parent().map_or(Ok(()), std::fs::create_dir_all).map_err(failed)?;
        to_file(&target, |draft| std::fs::write(draft, &image.bytes).map_err(failed))?;
    }
    Ok(())
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
    if let Some(folder) = out.parent().filter(|p| !p.as_os_str().is_empty() && !p.is_dir()) {
        return Err(Failure::new(format!("{}: there is no folder '{}'", out.display(), folder.display())));
    }
    let done = write(&draft).and_then(|()| {
        std::fs::rename(&draft, out).map_err(|e| Failure::new(format!("{}: cannot be written ({e})", out.display())))
    });
    if done.is_err() {
        // What is left of the draft is of no use; that it cannot be removed changes nothing about the failure.
        let _ = std::fs::remove_file(&draft);
    }
    done
}

/// Writes a tileset: document and folder appear when all tiles are written, and an earlier export's folder goes. A folder of that
/// name that is no export of ours stays, and is an error.
fn to_tiles(out: &Path, write: impl FnOnce(&Path) -> Result<(), Failure>) -> Result<(), Failure> {
    let failed = |e: std::io::Error| Failure::new(format!("{}: cannot be written ({e})", out.display()));
    let folder = out.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let target = folder.join(tiles::FOLDER);
    if target.exists() && !is_ours(out) {
        let message = format!("{}: there is a folder '{}' that is not of an earlier export", folder.display(), tiles::FOLDER);
        return Err(Failure::new(message).help("name a tileset.json in a folder of its own"));
    }
    std::fs::create_dir_all(folder).map_err(failed)?;
    let draft = folder.join(format!(".{}.part-{}", tiles::FOLDER, std::process::id()));
    let done = std::fs::create_dir_all(&draft).map_err(failed).and_then(|()| write(&draft)).and_then(|()| {
        if target.exists() {
            std::fs::remove_dir_all(&target).map_err(failed)?;
        }
        std::fs::rename(draft.join(tiles::FOLDER), &target).map_err(failed)?;
        std::fs::rename(draft.join(tiles::DOCUMENT), out).map_err(failed)
    });
    // What is left of the draft is of no use; that it cannot be removed changes nothing about what happened.
    let _ = std::fs::remove_dir_all(&draft);
    done
}

/// True for a tileset that Qike has written.
fn is_ours(document: &Path) -> bool {
    let text = std::fs::read(document).unwrap_or_default();
    serde_json::from_slice::<serde_json::Value>(&text).is_ok_and(|v| v.pointer("/asset/generator").and_then(|g| g.as_str()) == Some("Qike"))
}
