//! GeoTIFF: heights in one band of integers or floats, in strips or tiles, plain or packed (deflate, LZW, PackBits).
//!
//! Read chunk by chunk, so that nothing but the samples themselves is held. The value for no data is GDAL's tag 42113; GDAL's
//! scale and offset (in its XML of tag 42112) are applied. Places: [`super::geokeys`], or a world file (`.tfw`) and `.prj`
//! beside it.

use super::geokeys::{GeoKeys, place, world_file};
use super::raster::{Affine, Raster, check_size, height};
use crate::{Confidence, ImportError, Importer, Profile, Source};
use qike_core::{Feedback, SourceCrs};
use qike_scene::{Attributes, ObjectSink};
use std::fs::File;
use std::io::BufReader;
use std::path::Path;
use tiff::decoder::{Decoder, DecodingResult, Limits};
use tiff::tags::Tag;
use tiff::{ColorType, TiffError};

const PIXEL_SCALE: u16 = 33550;
const TIE_POINTS: u16 = 33922;
const TRANSFORMATION: u16 = 34264;
const KEY_DIRECTORY: u16 = 34735;
const KEY_DOUBLES: u16 = 34736;
const KEY_ASCII: u16 = 34737;
const GDAL_METADATA: u16 = 42112;
const GDAL_NODATA: u16 = 42113;
/// Largest strip or tile, bytes: a strip may hold the whole raster.
const LARGEST_CHUNK: usize = 512 << 20;
/// Largest tag, bytes: the offsets of a raster's strips are one.
const LARGEST_TAG: usize = 16 << 20;

/// Imports GeoTIFF.
pub struct GeoTiff;

impl Importer for GeoTiff {
    fn name(&self) -> &'static str {
        "geotiff"
    }

    fn title(&self) -> &'static str {
        "a GeoTIFF"
    }

    fn endings(&self) -> &'static [&'static str] {
        &["tif", "tiff", "gtiff"]
    }

    fn sniff(&self, path: &Path, head: &[u8]) -> Confidence {
        let mine = matches!(head, [b'I', b'I', 42 | 43, 0, ..] | [b'M', b'M', 0, 42 | 43, ..]);
        Confidence::of(self.has_ending(path), mine)
    }

    fn probe(&self, source: &Source, _: &Feedback) -> Result<Profile, ImportError> {
        let mut tiff = Tiff::open(source)?;
        let [width, height] = tiff.size()?;
        let crs = source.options.source_crs.clone().or_else(|| tiff.system(source)?.ok());
        let place = tiff.place(source, height)?.0;
        let centre_lonlat = crs.as_ref().and_then(|crs| super::centre(&place, width, height, crs));
        Ok(Profile { crs, centre_lonlat })
    }

    fn import(&self, source: &Source, sink: &mut dyn ObjectSink, feedback: &Feedback) -> Result<(), ImportError> {
        let file = source.name.as_str();
        let mut tiff = Tiff::open(source)?;
        let [width, rows] = tiff.size()?;
        let own = tiff.system(source).filter(|_| source.options.source_crs.is_none()).transpose();
        let own = own.map_err(|e| ImportError::crs(file, e))?;
        let (place, tied) = tiff.place(source, rows)?;
        if let Some(why) = tiff.picture()? {
            tiff.check(feedback)?;
            let crs = super::system(source, own, sink);
            return super::picture::give(source, &crs, self.name(), &place, [width, rows], &why, sink);
        }
        let heights = tiff.heights(width, rows, feedback)?;
        let crs = super::system(source, own, sink);
        if !tied {
            let message = "nothing ties the raster to a place: a sample is taken as one metre wide";
            sink.diagnostic(qike_core::Diagnostic::warning("raster-no-place", message).file(file).help("put a world file (.tfw) beside it"));
        }
        let raster = Raster { width, height: rows, heights, place };
        super::import(&raster, source, &crs, Attributes::new(), self.name(), sink, feedback)
    }
}

/// An open file at its first image.
struct Tiff<'a> {
    decoder: Decoder<BufReader<File>>,
    keys: GeoKeys,
    file: &'a str,
}

fn broken(file: &str, place: &str, error: &TiffError) -> ImportError {
    ImportError::corrupt(file, place, error.to_string())
}

impl<'a> Tiff<'a> {
    fn open(source: &'a Source) -> Result<Self, ImportError> {
        let file = source.name.as_str();
        let mut limits = Limits::default();
        limits.decoding_buffer_size = LARGEST_CHUNK;
        limits.intermediate_buffer_size = LARGEST_CHUNK;
        limits.ifd_value_size = LARGEST_TAG;
        let decoder = Decoder::new(source.open()?).map_err(|e| broken(file, "its header", &e))?.with_limits(limits);
        let mut this = Self { decoder, keys: GeoKeys::default(), file };
        let directory = this.shorts(KEY_DIRECTORY);
        let (doubles, ascii) = (this.doubles(KEY_DOUBLES), this.text(KEY_ASCII));
        this.keys = GeoKeys::read(&directory, &doubles, &ascii);
        Ok(this)
    }

    fn doubles(&mut self, tag: u16) -> Vec<f64> {
        self.decoder.find_tag(Tag::Unknown(tag)).ok().flatten().and_then(|v| v.into_f64_vec().ok()).unwrap_or_default()
    }

    fn shorts(&mut self, tag: u16) -> Vec<u16> {
        self.decoder.find_tag(Tag::Unknown(tag)).ok().flatten().and_then(|v| v.into_u16_vec().ok()).unwrap_or_default()
    }

    fn text(&mut self, tag: u16) -> String {
        self.decoder.find_tag(Tag::Unknown(tag)).ok().flatten().and_then(|v| v.into_string().ok()).unwrap_or_default()
    }

    /// Columns and rows.
    fn size(&mut self) -> Result<[usize; 2], ImportError> {
        let (width, height) = self.decoder.dimensions().map_err(|e| broken(self.file, "its header", &e))?;
        Ok([width as usize, height as usize])
    }

    /// The system that the file or a `.prj` beside it states.
    fn system(&self, source: &Source) -> Option<Result<SourceCrs, qike_core::CrsError>> {
        let unknown = |reason| qike_core::CrsError::Unknown { definition: "the .prj file".into(), reason };
        self.keys.system().or_else(|| super::prj_beside(source).map(|crs| crs.map_err(unknown)))
    }

    /// Where samples are, and whether the file or one beside it says so; else rows from the north, a metre each.
    fn place(&mut self, source: &Source, rows: usize) -> Result<(Affine, bool), ImportError> {
        let (scale, tie, matrix) = (self.doubles(PIXEL_SCALE), self.doubles(TIE_POINTS), self.doubles(TRANSFORMATION));
        if let Some(placed) = place(&scale, &tie, &matrix, self.keys.is_area()) {
            let placed = placed.map_err(|reason| ImportError::corrupt(self.file, "its header", reason))?;
            return Ok((placed, true));
        }
        let beside = ["tfw", "TFW", "tifw", "wld"].map(|ending| source.path.with_extension(ending)).into_iter().find(|p| p.is_file());
        if let Some(path) = beside {
            let name = path.display().to_string();
            let bytes = crate::source::read_file(&path, &name, 1 << 16)?;
            let affine = world_file(&String::from_utf8_lossy(&bytes));
            return affine.map(|a| (a, true)).ok_or_else(|| ImportError::corrupt(&name, "its lines", "a world file has six numbers"));
        }
        Ok((Affine { origin: [0.0, rows.saturating_sub(1) as f64], column: [1.0, 0.0], row: [0.0, -1.0] }, false))
    }

    /// Why the image is a picture; `None` where it is one of heights.
    fn picture(&mut self) -> Result<Option<String>, ImportError> {
        let colour = self.decoder.colortype().map_err(|e| broken(self.file, "its header", &e))?;
        let signed = self.decoder.find_tag(Tag::SampleFormat).ok().flatten().and_then(|v| v.into_u16_vec().ok()).is_some_and(|f| f.first() != Some(&1));
        Ok(match colour {
            ColorType::Gray(8) if !signed && !self.keys.speaks_of_heights() => Some("eight bits without a sign, and no word about heights".into()),
            ColorType::Gray(bits) if bits >= 8 => None,
            ColorType::Gray(bits) => Some(format!("{bits} bits a sample")),
            ColorType::Palette(_) => Some("colours of a palette".into()),
            ColorType::Multiband { num_samples: 1, .. } => None,
            ColorType::Multiband { num_samples, .. } => Some(format!("{num_samples} bands")),
            other => Some(format!("colours: {other:?}")),
        })
    }

    fn chunks(&mut self) -> Result<u32, ImportError> {
        let count = match self.decoder.get_chunk_type() {
            tiff::decoder::ChunkType::Strip => self.decoder.strip_count(),
            tiff::decoder::ChunkType::Tile => self.decoder.tile_count(),
        };
        count.map_err(|e| broken(self.file, "its header", &e))
    }

    /// Reads one strip or tile.
    fn chunk(&mut self, number: u32) -> Result<DecodingResult, ImportError> {
        self.decoder.read_chunk(number).map_err(|e| broken(self.file, &format!("strip or tile {number}"), &e))
    }

    /// Reads everything once, to see that it is whole.
    fn check(&mut self, feedback: &Feedback) -> Result<(), ImportError> {
        for number in 0..self.chunks()? {
            feedback.check()?;
            self.chunk(number)?;
        }
        Ok(())
    }

    /// All samples as heights in metres.
    fn heights(&mut self, width: usize, rows: usize, feedback: &Feedback) -> Result<Vec<f32>, ImportError> {
        let file = self.file;
        let samples = check_size(width, rows).map_err(|reason| ImportError::corrupt(file, "its header", reason))?;
        let nodata: Option<f64> = self.text(GDAL_NODATA).trim_matches(['\0', ' ']).parse().ok();
        let metadata = self.text(GDAL_METADATA);
        let unit = self.keys.metres_per_height();
        let scale = item(&metadata, "scale").unwrap_or(1.0) * unit;
        let offset = item(&metadata, "offset").unwrap_or(0.0) * unit;
        let (chunk_width, chunk_rows) = self.decoder.chunk_dimensions();
        let across = width.div_ceil((chunk_width as usize).max(1));
        let task = feedback.task(format!("read {file}"), rows as u64);
        // Memory is taken as chunks come, or a header could ask for all of it.
        let mut heights = Vec::new();
        for number in 0..self.chunks()? {
            feedback.check()?;
            let data = self.chunk(number)?;
            let (data_width, data_rows) = self.decoder.chunk_data_dimensions(number);
            let (data_width, data_rows) = (data_width as usize, data_rows as usize);
            let number = number as usize;
            let (left, top) = (number % across * chunk_width as usize, number / across * chunk_rows as usize);
            let end = (top + data_rows).checked_mul(width).filter(|end| *end <= samples && left + data_width <= width);
            let Some(end) = end else { return Err(ImportError::corrupt(file, format!("strip or tile {number}"), "it lies outside the raster")) };
            if heights.len() < end {
                heights.resize(end, f32::NAN);
            }
            let mut put = |i: usize, value: f64| {
                let (row, column) = (top + i / data_width.max(1), left + i % data_width.max(1));
                let value = height(value, nodata);
                if let Some(slot) = heights.get_mut(row * width + column).filter(|_| i < data_width * data_rows) {
                    *slot = if scale == 1.0 && offset == 0.0 { value } else { (f64::from(value) * scale + offset) as f32 };
                }
            };
            each(&data, &mut put);
            if number.is_multiple_of(across) {
                task.advance(u64::from(chunk_rows));
            }
        }
        if heights.len() < samples {
            return Err(ImportError::corrupt(file, "its end", format!("there are only {} of {samples} samples", heights.len())));
        }
        Ok(heights)
    }
}

/// All samples of a chunk, of whatever type.
fn each(data: &DecodingResult, put: &mut impl FnMut(usize, f64)) {
    fn of<T: Copy>(values: &[T], to: impl Fn(T) -> f64, put: &mut impl FnMut(usize, f64)) {
        values.iter().enumerate().for_each(|(i, value)| put(i, to(*value)));
    }
    match data {
        DecodingResult::U8(v) => of(v, f64::from, put),
        DecodingResult::U16(v) => of(v, f64::from, put),
        DecodingResult::U32(v) => of(v, f64::from, put),
        DecodingResult::U64(v) => of(v, |n| n as f64, put),
        DecodingResult::I8(v) => of(v, f64::from, put),
        DecodingResult::I16(v) => of(v, f64::from, put),
        DecodingResult::I32(v) => of(v, f64::from, put),
        DecodingResult::I64(v) => of(v, |n| n as f64, put),
        DecodingResult::F16(v) => of(v, |n| f64::from(n.to_f32()), put),
        DecodingResult::F32(v) => of(v, f64::from, put),
        DecodingResult::F64(v) => of(v, |n| n, put),
    }
}

/// An item of GDAL's metadata with that role: `<Item name="SCALE" sample="0" role="scale">0.1</Item>`.
fn item(metadata: &str, role: &str) -> Option<f64> {
    let (_, after) = metadata.split_once(&format!("role=\"{role}\""))?;
    let (_, text) = after.split_once('>')?;
    text.split('<').next()?.trim().parse().ok().filter(|n: &f64| n.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gdal_says_scale_and_offset_in_xml() {
        let text = "<GDALMetadata><Item name=\"OFFSET\" sample=\"0\" role=\"offset\">-100</Item><Item name=\"SCALE\" sample=\"0\" role=\"scale\">0.1</Item></GDALMetadata>";
        assert_eq!((item(text, "scale"), item(text, "offset"), item("", "scale")), (Some(0.1), Some(-100.0), None));
    }
}
