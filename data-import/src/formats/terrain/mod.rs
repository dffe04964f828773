//! Terrain from rasters: GeoTIFF, SRTM's `.hgt` and ESRI's ASCII grids.
//!
//! A raster of heights becomes the surface through its samples, as a triangulated network in tiles of 128 × 128 cells: one
//! `Relief` object named `terrain:STEM` with the facts about the raster, and below it one `Relief` with a mesh for each tile
//! (`terrain:STEM/ROW-COLUMN`). Samples without a height are cut out. See [`refine`] for how few triangles do.
//!
//! A picture in a GeoTIFF (several bands, a palette, or eight bits without a word about heights) is no terrain: it comes in as
//! its outline, with a finding that says so.

mod ascii;
mod geokeys;
mod geotiff;
mod give;
mod hgt;
mod picture;
mod raster;
mod refine;

pub use ascii::AsciiGrid;
pub use geotiff::GeoTiff;
pub use hgt::Hgt;

use crate::{Projector, Source};
use qike_core::{Crs, Diagnostic, SourceCrs, Transform};
use qike_scene::ObjectSink;
use raster::Raster;

/// The system to read a raster in: the user's word, else its own, else that of the store with a warning.
fn system(source: &Source, own: Option<SourceCrs>, sink: &mut dyn ObjectSink) -> SourceCrs {
    match source.options.source_crs.clone().or(own) {
        Some(crs) => crs,
        None => {
            let store = sink.crs().clone();
            let message = format!("the raster names no reference system; its positions are taken as {store}, that of the store");
            let finding = Diagnostic::warning("crs-unknown", message).file(source.name.as_str());
            sink.diagnostic(finding.help("name the system with --source-crs, or put a .prj file beside the raster"));
            SourceCrs::Crs(store)
        }
    }
}

/// The middle of a raster in degrees.
fn centre(place: &raster::Affine, width: usize, height: usize, crs: &SourceCrs) -> Option<[f64; 2]> {
    let [x, y] = place.at(width as f64 / 2.0, height as f64 / 2.0);
    let q = Transform::new(crs, &Crs::wgs84()).ok()?.apply([x, y, 0.0]).ok()?;
    Some([q[0], q[1]])
}

/// The name that ids begin with: the file's without its endings.
fn stem(source: &Source) -> String {
    let name = source.path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    name.split('.').next().filter(|s| !s.is_empty()).unwrap_or("raster").to_owned()
}

/// The system stated by a `.prj` file beside a raster, where there is one.
fn prj_beside(source: &Source) -> Option<Result<SourceCrs, String>> {
    let path = ["prj", "PRJ"].map(|ending| source.path.with_extension(ending)).into_iter().find(|p| p.is_file())?;
    let bytes = match crate::source::read_file(&path, &path.display().to_string(), 1 << 20) {
        Ok(bytes) => bytes,
        Err(error) => return Some(Err(error.to_string())),
    };
    Some(SourceCrs::parse(&String::from_utf8_lossy(&bytes)).map_err(|error| format!("{}: {error}", path.display())))
}

/// Announces a raster and gives out its ground.
fn import(
    raster: &Raster, source: &Source, crs: &SourceCrs, attributes: qike_scene::Attributes, format: &str, sink: &mut dyn ObjectSink,
    feedback: &qike_core::Feedback,
) -> Result<(), crate::ImportError> {
    let projector = Projector::new(crs, sink.crs(), &source.name)?;
    let number = source.begin(format, &crs.to_string(), sink)?;
    give::give(raster, give::Sheet { number, stem: stem(source), projector, attributes, source }, sink, feedback)
}
