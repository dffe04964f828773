//! Tables of things (CSV, JSON records, features of GeoJSON, Shapefiles, GeoPackages and FlatGeobuf) read through a mapping file, `NAME.map.toml`, that says what in
//! them is identity, class, position and attribute. The mapping is the source; its data file lies beside it.

mod features;
mod layer;
mod mapping;
mod position;
mod records;
pub mod series;
mod template;

use crate::formats::features::centre_lonlat;
use crate::formats::findings::Findings;
use crate::source::{content_hash, read_file};
use crate::{Confidence, ImportError, Importer, Profile, Source};
use mapping::{Format, MappingFile};
use qike_core::{Crs, Diagnostic, Feedback, SourceCrs};
use qike_scene::ObjectSink;
use records::{Data, Record};
use std::path::{Path, PathBuf};

/// Largest data file read, bytes.
const DATA_LIMIT: u64 = 512 << 20;
/// Largest mapping read, bytes.
const MAP_LIMIT: u64 = 1 << 20;

/// The importer.
pub struct Mapping;

/// A mapping with its data read.
struct Loaded {
    map_path: PathBuf,
    data_path: PathBuf,
    mapping: MappingFile,
    data: Data,
    /// Rows that are left out.
    bad: Vec<records::Bad>,
    /// What the data file's own importer found.
    told: Vec<Diagnostic>,
    /// Files that the data file is read with.
    beside: Vec<PathBuf>,
}

/// The mapping file of a source and the data file that it reads. With `--map` the source itself is the data.
fn files(source: &Source) -> Result<(PathBuf, PathBuf, MappingFile), ImportError> {
    let map_path = source.options.map.clone().filter(|_| !Mapping.has_ending(&source.path)).unwrap_or_else(|| source.path.clone());
    let shown = map_path.display().to_string();
    let bytes = read_file(&map_path, &shown, MAP_LIMIT)?;
    let text = String::from_utf8(bytes).map_err(|e| {
        ImportError::corrupt(&shown, format!("byte {}", e.utf8_error().valid_up_to()), "the mapping is not UTF-8 text")
    })?;
    let mapping = mapping::parse(&text, &shown)?;
    let data_path = match map_path == source.path {
        true => mapping::data_path(&map_path, &mapping.file, &shown)?,
        false => source.path.clone(),
    };
    Ok((map_path, data_path, mapping))
}

fn load(source: &Source, feedback: &Feedback) -> Result<Loaded, ImportError> {
    let (map_path, data_path, mapping) = files(source)?;
    let shown = data_path.display().to_string();
    if let Some(importer) = features::importer(mapping.format) {
        let of_map = map_path.display().to_string();
        if let Some(i) = mapping.layer.iter().position(|layer| layer.crs.is_some()) {
            let reason = format!("a {} is in one system: state 'crs' for the whole file", mapping.format);
            return Err(ImportError::corrupt(&of_map, format!("layer {}", i + 1), reason));
        }
        let stated = mapping.crs.as_ref().map(|text| mapping::crs(text, &of_map)).transpose()?;
        let data = features::source(&data_path, source.options.source_crs.clone().or(stated));
        let features::Read { layers, crs, told } = features::read(importer, &data, DATA_LIMIT, feedback)?;
        let beside = importer.consumes(&data);
        return Ok(Loaded { map_path, data_path, mapping, data: Data::Layers(layers, crs), bad: vec![], told, beside });
    }
    let (data, bad) = records::read(&read_file(&data_path, &shown, DATA_LIMIT)?, mapping.format, &shown)?;
    Ok(Loaded { map_path, data_path, mapping, data, bad, told: vec![], beside: vec![] })
}

impl Loaded {
    /// The system of a layer: its own word, the user's, the mapping's, the data's; for degrees, WGS 84.
    fn crs(&self, source: &Source, layer: &mapping::Layer) -> Result<SourceCrs, ImportError> {
        let shown = self.map_path.display().to_string();
        if let Data::Layers(_, crs) = &self.data {
            return mapping::crs(crs, &shown);
        }
        if let Some(text) = &layer.crs {
            return mapping::crs(text, &shown);
        }
        if let Some(said) = &source.options.source_crs {
            return Ok(said.clone());
        }
        let own = match &self.data {
            Data::Records(_, own) => own.as_ref(),
            Data::Json(_) | Data::Layers(..) => None,
        };
        let in_metres = layer.position.as_ref().is_some_and(|p| p.x.is_some());
        match self.mapping.crs.as_ref().or(own) {
            Some(text) => mapping::crs(text, &shown),
            None if in_metres => Err(ImportError::no_crs(&shown, "key 'crs'", "positions in x and y need a 'crs'")),
            None => Ok(SourceCrs::Crs(Crs::wgs84())),
        }
    }

    /// Runs `work` on the records of a selection; `Err` names the table that selects nothing.
    fn records<T>(&self, place: &str, select: &str, whole: bool, work: impl FnOnce(&[Record], usize) -> T) -> Result<T, ImportError> {
        match &self.data {
            Data::Records(all, _) => Ok(work(all, 0)),
            Data::Layers(layers, _) => match (select, layers.as_slice()) {
                ("", []) => Ok(work(&[], 0)),
                ("", [(_, all)]) => Ok(work(all, 0)),
                (name, layers) => match layers.iter().find(|(known, _)| known == name) {
                    Some((_, all)) => Ok(work(all, 0)),
                    None => {
                        let known: Vec<&str> = layers.iter().map(|(known, _)| known.as_str()).collect();
                        let reason = format!("select = '{name}' must be one of its layers: {}", known.join(", "));
                        Err(ImportError::corrupt(&self.map_path.display().to_string(), place, reason))
                    }
                },
            },
            Data::Json(document) => {
                let shown = self.map_path.display().to_string();
                let (selected, odd) = records::select(document, select, whole).map_err(|e| ImportError::corrupt(&shown, place, e))?;
                Ok(work(&selected, odd))
            }
        }
    }
}

impl Importer for Mapping {
    fn name(&self) -> &'static str {
        "table"
    }

    fn title(&self) -> &'static str {
        "a mapping file"
    }

    fn endings(&self) -> &'static [&'static str] {
        &["map.toml"]
    }

    fn sniff(&self, path: &Path, head: &[u8]) -> Confidence {
        // Whether its TOML is right is for the reader to say, with the line.
        let ending = self.has_ending(path);
        Confidence::of(ending, ending && !head.contains(&0))
    }

    fn consumes(&self, source: &Source) -> Vec<PathBuf> {
        match files(source) {
            Ok((map, data, mapping)) => {
                let beside = features::importer(mapping.format).map(|importer| importer.consumes(&features::source(&data, None))).unwrap_or_default();
                [map, data].into_iter().chain(beside).filter(|p| *p != source.path).collect()
            }
            Err(_) => vec![],
        }
    }

    fn probe(&self, source: &Source, feedback: &Feedback) -> Result<Profile, ImportError> {
        let loaded = load(source, feedback)?;
        let Some(layer) = loaded.mapping.layer.first() else { return Ok(Profile::default()) };
        let crs = loaded.crs(source, layer)?;
        let centre = loaded.records("layer 1", &layer.select, layer.whole, |all, _| {
            let first = all.iter().filter_map(|r| layer::source_positions(layer, r).ok()?.first().copied());
            centre_lonlat(&crs, first)
        })?;
        Ok(Profile { crs: Some(crs), centre_lonlat: centre })
    }

    fn import(&self, source: &Source, sink: &mut dyn ObjectSink, feedback: &Feedback) -> Result<(), ImportError> {
        let loaded = load(source, feedback)?;
        // All selections and systems are checked before the first object goes out.
        let mut systems = Vec::new();
        for (i, layer) in loaded.mapping.layer.iter().enumerate() {
            let crs = loaded.crs(source, layer)?;
            loaded.records(&format!("layer {}", i + 1), &layer.select, layer.whole, |_, _| ())?;
            systems.push(crs);
        }
        let mut gathered = Vec::new();
        for (i, spec) in loaded.mapping.series.iter().enumerate() {
            let place = format!("series {}", i + 1);
            let shown = loaded.map_path.display().to_string();
            let made = loaded.records(&place, &spec.select, false, |all, _| series::gather(spec, all))?;
            gathered.push(made.map_err(|e| ImportError::corrupt(&shown, place, e))?);
        }
        let read: Vec<&Path> = [&loaded.map_path, &loaded.data_path].into_iter().chain(&loaded.beside).map(PathBuf::as_path).collect();
        let hash = content_hash(&read).map_err(|e| ImportError::io(&source.name, e))?;
        let mut named: Vec<String> = systems.iter().map(ToString::to_string).collect();
        named.dedup();
        let id = source.begin_hashed(self.name(), &named.join(", "), hash, sink)?;
        let data_name = loaded.data_path.display().to_string();
        loaded.told.iter().for_each(|told| sink.diagnostic(told.clone()));
        let mut findings = Findings::new(&data_name);
        for (line, reason) in &loaded.bad {
            findings.line = Some(*line);
            findings.error("row-bad", "", "", format!("{reason}; it is left out"), sink);
        }
        findings.finish(sink);
        for (i, (layer, crs)) in loaded.mapping.layer.iter().zip(&systems).enumerate() {
            let place = format!("layer {}", i + 1);
            let context = layer::Context { source: id, crs, file: &data_name, place: &place, feedback };
            loaded.records(&place, &layer.select, layer.whole, |all, odd| layer::write(layer, all, odd, &context, sink))??;
        }
        for (spec, made) in loaded.mapping.series.iter().zip(gathered) {
            report_series(&spec.quantity, &made, &data_name, sink);
            for series in made.series {
                sink.series(series)?;
            }
        }
        Ok(())
    }
}

fn report_series(quantity: &str, made: &series::Gathered, file: &str, sink: &mut dyn ObjectSink) {
    if let Some((record, reason)) = &made.first_reason {
        let message = format!("{} records of the series '{quantity}' are left out; the first: {reason}", made.left_out);
        sink.diagnostic(Diagnostic::error("series-record-bad", message).file(file).path(format!("record {record}")));
    }
    if made.repeated > 0 {
        let message = format!("{} records of the series '{quantity}' repeat a time of the same object; the first of each counts", made.repeated);
        sink.diagnostic(Diagnostic::warning("series-time-repeated", message).file(file));
    }
}

/// True for endings of data that only a mapping can explain, or that may have one.
pub fn is_table(path: &Path) -> bool {
    let name = path.extension().map(|e| e.to_string_lossy().to_lowercase()).unwrap_or_default();
    matches!(name.as_str(), "csv" | "tsv" | "txt" | "json" | "geojson" | "shp" | "gpkg" | "fgb")
}

/// The format is part of the contract of mapping files; kept here so that messages agree.
impl std::fmt::Display for Format {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Format::Geojson => "geojson",
            Format::Csv => "csv",
            Format::Json => "json",
            Format::Shapefile => "shapefile",
            Format::Geopackage => "geopackage",
            Format::Flatgeobuf => "flatgeobuf",
        })
    }
}
