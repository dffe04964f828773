//! SRTM's `.hgt`: one degree by one degree of heights, named after its south-western corner (`N41E001.hgt`).
//!
//! Samples are 16-bit, most significant byte first, rows from the north, in metres over the geoid EGM96; −32768 where there is
//! none. 3601 (one second of arc) or 1201 (three) rows; above 50° north the one-second files of some editions have 1801 samples
//! a row. The first and last row and column are shared with the neighbours. Format: SRTM documentation, USGS/NASA 2003.

use super::raster::{Affine, Raster};
use crate::{Confidence, ImportError, Importer, Profile, Source};
use qike_core::{Feedback, SourceCrs};
use qike_scene::{Attributes, ObjectSink};
use std::io::{Cursor, Read};
use std::path::Path;

/// Stands for no height.
const VOID: i16 = -32768;
/// Rows and columns that a file may have.
const SIZES: [[usize; 2]; 3] = [[1201, 1201], [3601, 3601], [3601, 1801]];
/// The size of the largest, bytes.
const LARGEST: u64 = 3601 * 3601 * 2;
/// WGS 84 with heights over EGM96.
const SYSTEM: &str = "EPSG:4326+5773";

/// Imports SRTM heights.
pub struct Hgt;

impl Importer for Hgt {
    fn name(&self) -> &'static str {
        "hgt"
    }

    fn title(&self) -> &'static str {
        "SRTM heights"
    }

    fn endings(&self) -> &'static [&'static str] {
        &["hgt", "hgt.zip", "hgt.gz", "hgt.bz2"]
    }

    fn sniff(&self, path: &Path, head: &[u8]) -> Confidence {
        // The samples have no mark of their own: the name must give a place.
        Confidence::of(self.has_ending(path), self.has_ending(path) && !head.is_empty() && corner(path).is_some())
    }

    fn probe(&self, source: &Source, _: &Feedback) -> Result<Profile, ImportError> {
        let centre_lonlat = corner(&source.path).map(|[lon, lat]| [lon + 0.5, lat + 0.5]);
        Ok(Profile { crs: Some(source.crs_or(None, || system().unwrap_or(SourceCrs::Crs(qike_core::Crs::wgs84())))), centre_lonlat })
    }

    fn import(&self, source: &Source, sink: &mut dyn ObjectSink, feedback: &Feedback) -> Result<(), ImportError> {
        let file = source.name.as_str();
        let Some(corner) = corner(&source.path) else {
            return Err(ImportError::corrupt(file, "its name", "the name gives no place; it must be like N41E001.hgt"));
        };
        let bytes = unpack(source.read(2 * LARGEST)?, file)?;
        let raster = read(&bytes, corner, file)?;
        let crs = match &source.options.source_crs {
            Some(crs) => crs.clone(),
            None => system().map_err(|e| ImportError::crs(file, e))?,
        };
        super::import(&raster, source, &crs, Attributes::new(), self.name(), sink, feedback)
    }
}

fn system() -> Result<SourceCrs, qike_core::CrsError> {
    SourceCrs::parse(SYSTEM)
}

/// The corner that a file's name gives: longitude and latitude.
fn corner(path: &Path) -> Option<[f64; 2]> {
    let name = path.file_name()?.to_string_lossy().to_ascii_uppercase();
    let stem = name.split('.').next()?;
    let signed = |text: &str, positive: u8, negative: u8| {
        let sign = match text.as_bytes().first()? {
            c if *c == positive => 1.0,
            c if *c == negative => -1.0,
            _ => return None,
        };
        let digits = text.get(1..)?;
        let number: f64 = digits.bytes().all(|b| b.is_ascii_digit()).then(|| digits.parse().ok()).flatten()?;
        Some(sign * number)
    };
    let lat = signed(stem.get(..3)?, b'N', b'S')?;
    let lon = signed(stem.get(3..7)?, b'E', b'W')?;
    (stem.len() == 7 && (-90.0..90.0).contains(&lat) && (-180.0..180.0).contains(&lon)).then_some([lon, lat])
}

/// The samples of a file that may be packed: a zip with one `.hgt` in it, gzip or bzip2.
fn unpack(bytes: Vec<u8>, file: &str) -> Result<Vec<u8>, ImportError> {
    let mut out = Vec::new();
    match bytes.as_slice() {
        [b'P', b'K', ..] => {
            let broken = |e: zip::result::ZipError| ImportError::corrupt(file, "the archive", e.to_string());
            let mut archive = zip::ZipArchive::new(Cursor::new(&bytes)).map_err(broken)?;
            let names: Vec<String> = archive.file_names().filter(|n| n.to_ascii_lowercase().ends_with(".hgt")).map(str::to_owned).collect();
            let [name] = names.as_slice() else {
                let reason = format!("there must be one .hgt file in it, and there are {}", names.len());
                return Err(ImportError::corrupt(file, "the archive", reason));
            };
            let member = archive.by_name(name).map_err(broken)?;
            member.take(LARGEST + 1).read_to_end(&mut out).map_err(|e| ImportError::corrupt(file, name.as_str(), e.to_string()))?;
        }
        [0x1f, 0x8b, ..] | [b'B', b'Z', b'h', ..] => {
            let gzip = bytes.first() == Some(&0x1f);
            let member: Box<dyn Read> = if gzip { Box::new(flate2::read::MultiGzDecoder::new(bytes.as_slice())) } else { Box::new(bzip2::read::MultiBzDecoder::new(bytes.as_slice())) };
            member.take(LARGEST + 1).read_to_end(&mut out).map_err(|e| ImportError::corrupt(file, "the compressed data", e.to_string()))?;
        }
        _ => return Ok(bytes),
    }
    Ok(out)
}

fn read(bytes: &[u8], [lon, lat]: [f64; 2], file: &str) -> Result<Raster, ImportError> {
    let Some([height, width]) = SIZES.into_iter().find(|[rows, columns]| rows * columns * 2 == bytes.len()) else {
        let reason = format!("{} bytes are no grid of 1201 × 1201, 3601 × 3601 or 3601 × 1801 samples of 16 bits", bytes.len());
        return Err(ImportError::corrupt(file, "its end", reason));
    };
    let sample = |pair: &[u8]| match pair {
        [high, low] => match i16::from_be_bytes([*high, *low]) {
            VOID => f32::NAN,
            height => f32::from(height),
        },
        _ => f32::NAN,
    };
    let heights = bytes.chunks_exact(2).map(sample).collect();
    let place = Affine { origin: [lon, lat + 1.0], column: [1.0 / (width - 1) as f64, 0.0], row: [0.0, -1.0 / (height - 1) as f64] };
    Ok(Raster { width, height, heights, place })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_give_places() {
        for (name, place) in [("N41E001.hgt.zip", Some([1.0, 41.0])), ("s34w071.HGT", Some([-71.0, -34.0])), ("N91E001.hgt", None), ("X41E001.hgt", None)] {
            assert_eq!(corner(Path::new(name)), place, "{name}");
        }
        for name in ["", "N4", "N41E0011.hgt", "N+1E001.hgt", "Ñ41E001.hgt", "dem.hgt"] {
            assert_eq!(corner(Path::new(name)), None, "{name}");
        }
    }

    #[test]
    fn the_first_sample_is_the_north_west_corner() {
        let mut bytes = vec![0u8; 1201 * 1201 * 2];
        bytes[..4].copy_from_slice(&[0x01, 0x02, 0x80, 0x00]);
        let raster = read(&bytes, [1.0, 41.0], "x").unwrap();
        assert_eq!((raster.get(0, 0), raster.get(1, 0), raster.get(2, 0)), (Some(258.0), None, Some(0.0)));
        assert_eq!((raster.place.at(0.0, 0.0), raster.place.at(1200.0, 1200.0)), ([1.0, 42.0], [2.0, 41.0]));
        assert!(read(&bytes[1..], [1.0, 41.0], "x").is_err());
    }
}
