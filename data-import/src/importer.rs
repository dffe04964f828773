//! What an importer is, and the one list of them.

use crate::{ImportError, Source, formats};
use qike_core::{Diagnostic, Feedback, SourceCrs};
use qike_scene::ObjectSink;
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// How much of a file's beginning [`Importer::sniff`] gets to see, in bytes.
pub const HEAD_BYTES: usize = 64 * 1024;

/// How sure an importer is that a file is one of its own. The greatest of all importers wins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Confidence {
    /// Neither the name nor the content is mine.
    No,
    /// The name ends like mine, but the content is not mine: such a file is refused.
    Ending,
    /// The content is mine; the name says nothing, or something else.
    Content,
    /// Name and content are mine.
    Both,
}

impl Confidence {
    /// From the two answers that make it.
    pub fn of(ending: bool, content: bool) -> Self {
        match (ending, content) {
            (false, false) => Self::No,
            (true, false) => Self::Ending,
            (false, true) => Self::Content,
            (true, true) => Self::Both,
        }
    }
}

/// What can be known of a source's place without importing it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Profile {
    /// The system its coordinates are in; `None` where the model has no place on Earth.
    pub crs: Option<SourceCrs>,
    /// About its middle: longitude and latitude, degrees. `None` where it has no place or is empty.
    pub centre_lonlat: Option<[f64; 2]>,
}

/// Reads one format. Implementations are stateless unit structs, registered in [`IMPORTERS`].
pub trait Importer: Sync {
    /// Short name, kept with the source in the store: `osm`, `cityjson`.
    fn name(&self) -> &'static str;

    /// What people call such a file, for messages: `OpenStreetMap data`.
    fn title(&self) -> &'static str;

    /// Endings of its files, lower case, without the first dot: `osm.pbf`.
    fn endings(&self) -> &'static [&'static str];

    /// Is this file mine? `head` holds its first [`HEAD_BYTES`] (compressed, where the file is); for a folder it is empty.
    fn sniff(&self, path: &Path, head: &[u8]) -> Confidence;

    /// Finds the source's place, as cheaply as the format allows.
    fn probe(&self, source: &Source, feedback: &Feedback) -> Result<Profile, ImportError>;

    /// Reads the source and gives everything in it to `sink`, in `sink.crs()`.
    ///
    /// Contract: parse before giving out, so that an unreadable file gives nothing (where a format is too large for that,
    /// objects may have gone out before the `Err`; whoever owns the sink then drops that source). Call
    /// [`Source::begin`] once, before the first object. Order of objects depends on the file's bytes alone.
    fn import(&self, source: &Source, sink: &mut dyn ObjectSink, feedback: &Feedback) -> Result<(), ImportError>;

    /// What is wrong with the file by the rules of its format, beyond what importing it shows: `qike validate` asks this beside
    /// checking the imported objects. Bounded in number; nothing, where the format has no such rules.
    fn check(&self, _source: &Source, _feedback: &Feedback) -> Result<Vec<Diagnostic>, ImportError> {
        Ok(Vec::new())
    }

    /// Other files that this one reads: they are not sources of their own when it is listed.
    fn consumes(&self, _source: &Source) -> Vec<std::path::PathBuf> {
        Vec::new()
    }

    /// True when the name of `path` ends like one of this format's files.
    fn has_ending(&self, path: &Path) -> bool {
        let name = path.file_name().map(|n| n.to_string_lossy().to_lowercase()).unwrap_or_default();
        self.endings().iter().any(|ending| name.len() > ending.len() && name.ends_with(&format!(".{ending}")))
    }
}

/// All importers. A new format is one line here.
pub static IMPORTERS: &[&dyn Importer] = &[
    &formats::osm::Osm,
    &formats::sumo::SumoNet,
    &formats::matsim::MatsimNet,
    &formats::cityjson::CityJson,
    &formats::citygml::CityGml,
    &formats::indoorgml::IndoorGml,
    &formats::ifc::Ifc,
    &formats::inp::EPANET,
    &formats::inp::SWMM,
    &formats::table::Mapping,
    &formats::sensorthings::SensorThings,
    &formats::geojson::GeoJson,
    &formats::shapefile::Shapefile,
    &formats::geopackage::GeoPackage,
    &formats::flatgeobuf::FlatGeobuf,
    &formats::records::Records,
    &formats::gtfs::Gtfs,
    &formats::poly::Poly,
    &formats::obj::Obj,
    &formats::terrain::GeoTiff,
    &formats::terrain::Hgt,
    &formats::terrain::AsciiGrid,
];

/// The importer of a file or folder, by its name and its content. A file that is not what its ending says is refused.
pub fn sniff(path: &Path) -> Result<&'static dyn Importer, ImportError> {
    sniff_as(path, &path.display().to_string())
}

/// As [`sniff`], for a file that messages call by another name (it came out of an archive).
pub fn sniff_as(path: &Path, name: &str) -> Result<&'static dyn Importer, ImportError> {
    let file = name.to_owned();
    let meta = std::fs::metadata(path).map_err(|e| ImportError::io(&file, e))?;
    let mut head = Vec::new();
    if !meta.is_dir() {
        let opened = File::open(path).map_err(|e| ImportError::io(&file, e))?;
        opened.take(HEAD_BYTES as u64).read_to_end(&mut head).map_err(|e| ImportError::io(&file, e))?;
        if head.is_empty() {
            return Err(ImportError::Empty { file });
        }
    }
    choose(path, file, &head, meta.is_dir())
}

fn choose(path: &Path, file: String, head: &[u8], is_dir: bool) -> Result<&'static dyn Importer, ImportError> {
    let (mut by_both, mut by_content, mut by_ending) = (None, None, Vec::new());
    for importer in IMPORTERS {
        match importer.sniff(path, head) {
            // The first of them it is, whatever the others say.
            Confidence::Both => {
                by_both = Some(*importer);
                break;
            }
            Confidence::Content => by_content = by_content.or(Some(*importer)),
            Confidence::Ending => by_ending.push(importer.title()),
            Confidence::No => {}
        }
    }
    match (by_both, by_content, by_ending.as_slice()) {
        (Some(importer), _, _) => Ok(importer),
        (None, Some(importer), []) => Ok(importer),
        (None, Some(importer), says) => {
            Err(ImportError::WrongKind { file, says: says.join(" or "), is: importer.title().to_owned() })
        }
        (None, None, []) if is_dir => Err(ImportError::UnknownKind { file, is: "a folder".into() }),
        (None, None, []) => Err(ImportError::UnknownKind { file, is: look(head).into() }),
        (None, None, says) => Err(ImportError::WrongKind { file, says: says.join(" or "), is: look(head).into() }),
    }
}

/// What bytes look like that no importer claims, in words.
fn look(head: &[u8]) -> &'static str {
    let text = head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head);
    let first = text.iter().find(|b| !b.is_ascii_whitespace());
    match (head, first) {
        ([0x1f, 0x8b, ..], _) => "compressed data (gzip)",
        ([b'B', b'Z', b'h', ..], _) => "compressed data (bzip2)",
        ([b'P', b'K', 3, 4, ..], _) => "a zip archive",
        ([b'%', b'P', b'D', b'F', ..], _) => "a PDF document",
        ([0x89, b'P', b'N', b'G', ..] | [0xff, 0xd8, 0xff, ..], _) => "a picture",
        _ if head.starts_with(b"SQLite format 3") => "an SQLite database",
        _ if head.starts_with(b"ISO-10303-21") => "a STEP file",
        (_, Some(b'{' | b'[')) => "JSON of another kind",
        (_, Some(b'<')) => "XML of another kind",
        _ if head.contains(&0) => "binary data of an unknown kind",
        _ => "text of another kind",
    }
}
