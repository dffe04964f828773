//! A file or folder to import, with what the user said about it.

use crate::ImportError;
use qike_core::{Diagnostic, SourceCrs};
use qike_scene::{Attributes, ObjectSink, SourceId, SourceInfo};
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

/// What the user may say about a source.
#[derive(Clone, Debug, Default)]
pub struct SourceOptions {
    /// The system of its coordinates; overrides what the file says of itself.
    pub source_crs: Option<SourceCrs>,
    /// A mapping file to read it through, instead of one beside it.
    pub map: Option<PathBuf>,
    /// Where a building model stands; overrides what its file says.
    pub place: Option<Place>,
    /// How far the ground that a raster becomes may be off from its samples, metres; 0 for not at all.
    pub terrain_tolerance_m: f64,
    /// The geometry of a building model may take all the work it takes.
    pub thorough: bool,
    /// What stands before the ids of its objects; empty for nothing.
    pub id_prefix: String,
    /// Features of GIS files are given as they are, for a mapping to say what they are: nothing is made out of their fields, and
    /// the name of an object is that of its layer.
    pub plain: bool,
}

/// Where the point (0, 0, 0) of a building model stands.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Place {
    /// Longitude, degrees of WGS 84.
    pub lon: f64,
    /// Latitude, degrees of WGS 84.
    pub lat: f64,
    /// Height of the model's zero, metres.
    pub height: f64,
    /// The direction of the model's y axis, degrees to the right of true north.
    pub north_deg: f64,
}

impl std::str::FromStr for Place {
    type Err = String;

    /// `LON,LAT[,HEIGHT[,NORTH]]`.
    fn from_str(text: &str) -> Result<Self, String> {
        let numbers: Vec<f64> = text.split(',').map(|n| n.trim().parse::<f64>().map_err(|_| format!("'{n}' is no number"))).collect::<Result<_, _>>()?;
        let (lon, lat, more) = match numbers.as_slice() {
            [lon, lat, more @ ..] if more.len() <= 2 => (*lon, *lat, more),
            _ => return Err("write LON,LAT or LON,LAT,HEIGHT or LON,LAT,HEIGHT,NORTH (degrees and metres)".into()),
        };
        if !(-180.0..=180.0).contains(&lon) || !(-85.0..=85.0).contains(&lat) {
            return Err(format!("longitude {lon} and latitude {lat} are no place to build on (longitude comes first)"));
        }
        let place = Self { lon, lat, height: more.first().copied().unwrap_or(0.0), north_deg: more.get(1).copied().unwrap_or(0.0) };
        if place.height.abs() > 20_000.0 || !place.height.is_finite() || !place.north_deg.is_finite() {
            return Err(format!("a height of {} m or a direction of {}° cannot be", place.height, place.north_deg));
        }
        Ok(place)
    }
}

/// A file or folder to import.
#[derive(Clone, Debug)]
pub struct Source {
    /// Where it lies.
    pub path: PathBuf,
    /// As the user named it; this is what messages and the store show.
    pub name: String,
    /// What the user said about it.
    pub options: SourceOptions,
    /// The folder in which files lie that it names, where that is not its own: it was packed, and is unpacked elsewhere.
    pub beside: Option<PathBuf>,
}

impl Source {
    /// A source shown under its own path.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        let path = path.into();
        let name = path.display().to_string();
        Self { path, name, options: SourceOptions::default(), beside: None }
    }

    /// With options.
    #[must_use]
    pub fn with(mut self, options: SourceOptions) -> Self {
        self.options = options;
        self
    }

    /// The system to read coordinates in: the user's word, else the file's own, else `fallback`.
    pub fn crs_or(&self, own: Option<SourceCrs>, fallback: impl FnOnce() -> SourceCrs) -> SourceCrs {
        self.options.source_crs.clone().or(own).unwrap_or_else(fallback)
    }

    /// The system to read coordinates in where a format, or this file of it, names none: the user's word, else the sink's own, with a warning.
    pub fn crs_unstated(&self, place: Option<&str>, sink: &mut dyn ObjectSink) -> SourceCrs {
        if let Some(crs) = &self.options.source_crs {
            return crs.clone();
        }
        let own = sink.crs().clone();
        let message = format!("the file names no reference system; its coordinates are taken as {own}, that of the store");
        let warning = Diagnostic::warning("crs-unknown", message).file(self.name.as_str()).help("name the system with --source-crs");
        sink.diagnostic(place.map_or(warning.clone(), |place| warning.path(place)));
        SourceCrs::Crs(own)
    }

    /// The folder that names in it are relative to.
    pub fn folder(&self) -> PathBuf {
        let own = self.path.parent().filter(|folder| !folder.as_os_str().is_empty()).map(Path::to_owned);
        self.beside.clone().or(own).unwrap_or_else(|| PathBuf::from("."))
    }

    /// How a file beside it is shown: as this one is, which may lie in an archive.
    pub fn name_beside(&self, other: &Path) -> String {
        let file = |p: &Path| p.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        match self.name.strip_suffix(&file(&self.path)) {
            Some(folder) => format!("{folder}{}", file(other)),
            None => other.display().to_string(),
        }
    }

    /// Opens the file for reading, through a buffer.
    pub fn open(&self) -> Result<std::io::BufReader<File>, ImportError> {
        let file = File::open(&self.path).map_err(|e| ImportError::io(&self.name, e))?;
        Ok(std::io::BufReader::with_capacity(256 * 1024, file))
    }

    /// Reads the whole file, refusing more than `limit` bytes.
    pub fn read(&self, limit: u64) -> Result<Vec<u8>, ImportError> {
        read_file(&self.path, &self.name, limit)
    }

    /// Announces the source to the sink, with the hash of its content, and gives its number.
    pub fn begin(&self, format: &str, crs: &str, sink: &mut dyn ObjectSink) -> Result<SourceId, ImportError> {
        let content_hash = content_hash(&[self.path.as_path()]).map_err(|e| ImportError::io(&self.name, e))?;
        self.begin_hashed(format, crs, content_hash, sink)
    }

    /// As [`Source::begin`], for sources made of several files whose hash the importer knows.
    pub fn begin_hashed(
        &self, format: &str, crs: &str, content_hash: String, sink: &mut dyn ObjectSink,
    ) -> Result<SourceId, ImportError> {
        let info = SourceInfo { path: self.name.clone(), format: format.into(), content_hash, crs: crs.into(), about: Attributes::new() };
        Ok(sink.source(info)?)
    }

    /// States what the source says of itself, if anything; what is too much of it is left out with a warning.
    pub fn tell(&self, mut about: Attributes, sink: &mut dyn ObjectSink) -> Result<(), ImportError> {
        for key in qike_scene::about::trim(&mut about) {
            let message = format!("'{key}' is left out: what a source says of itself may be {} KiB, and is more", qike_scene::about::LIMIT >> 10);
            sink.diagnostic(Diagnostic::warning("about-too-large", message).file(self.name.as_str()).path(format!("/{key}")));
        }
        if about.is_empty() { Ok(()) } else { Ok(sink.about(about)?) }
    }
}

/// Reads a whole file, refusing an empty one and more than `limit` bytes.
pub fn read_file(path: &Path, name: &str, limit: u64) -> Result<Vec<u8>, ImportError> {
    let file = File::open(path).map_err(|e| ImportError::io(name, e))?;
    let mut bytes = Vec::new();
    file.take(limit.saturating_add(1)).read_to_end(&mut bytes).map_err(|e| ImportError::io(name, e))?;
    if bytes.len() as u64 > limit {
        let reason = format!("the file is larger than the {} MiB that are read at once", limit >> 20);
        return Err(ImportError::corrupt(name, format!("byte {limit}"), reason));
    }
    if bytes.is_empty() {
        return Err(ImportError::Empty { file: name.into() });
    }
    Ok(bytes)
}

/// BLAKE3 of the files' bytes, hex; of a folder, of the names and bytes of the files directly in it, sorted by name.
pub fn content_hash(paths: &[&Path]) -> std::io::Result<String> {
    let mut hasher = blake3::Hasher::new();
    for path in paths {
        if path.is_dir() {
            let mut files: Vec<PathBuf> = std::fs::read_dir(path)?.map(|e| e.map(|e| e.path())).collect::<Result<_, _>>()?;
            files.retain(|f| f.is_file());
            files.sort();
            for file in files {
                hasher.update(file.file_name().unwrap_or_default().as_encoded_bytes());
                hasher.update(&[0]);
                hasher.update_reader(File::open(file)?)?;
            }
        } else {
            hasher.update_reader(File::open(path)?)?;
        }
    }
    Ok(hasher.finalize().to_hex().to_string())
}
