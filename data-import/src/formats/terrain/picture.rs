//! A raster that is a picture: kept as its outline, and said so.

use super::raster::Affine;
use crate::{ImportError, Projector, Source};
use qike_core::{Diagnostic, SourceCrs};
use qike_scene::{Attributes, CityObject, Class, Geometry, Lod, ObjectSink};

/// Gives out the outline of a picture of that size; `why` says why it is none of heights.
pub fn give(
    source: &Source, crs: &SourceCrs, format: &str, place: &Affine, [width, height]: [usize; 2], why: &str, sink: &mut dyn ObjectSink,
) -> Result<(), ImportError> {
    let file = source.name.as_str();
    let mut projector = Projector::new(crs, sink.crs(), file)?;
    let number = source.begin(format, &crs.to_string(), sink)?;
    let mut object = CityObject::new(format!("image:{}", super::stem(source)), Class::GenericCityObject, number);
    object.attributes = Attributes::from_iter([
        ("function".to_owned(), "image".into()),
        ("columns".to_owned(), width.into()),
        ("rows".to_owned(), height.into()),
    ]);
    let (w, h) = (width as f64 - 0.5, height as f64 - 0.5);
    let corners = [[-0.5, -0.5], [w, -0.5], [w, h], [-0.5, h]].map(|[c, r]| place.at(c, r));
    let mut ring: Vec<[f64; 3]> = corners.iter().filter_map(|[x, y]| projector.project([*x, *y, 0.0], object.id.as_str())).collect();
    if place.turn() < 0.0 {
        ring.reverse();
    }
    if ring.len() == 4 {
        object.geometries.push(Geometry::polygon(Lod::ZERO, &[ring]));
    }
    let message = format!("the raster is a picture ({why}), not terrain: only its outline is kept");
    let finding = Diagnostic::warning("raster-is-picture", message).file(file).object(object.id.as_str());
    sink.diagnostic(finding.help("terrain has one band of heights; eight bits need a vertical system in the file's GeoKeys"));
    sink.object(object)?;
    projector.report(file, "corners", sink);
    Ok(())
}
