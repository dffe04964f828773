//! Faults as GeoJSON (RFC 7946): a feature for each, at the surface or the point it is about, in longitude and latitude. QGIS and
//! other map programs open it as it is.

use super::{Checked, Faults};
use crate::failure::Failure;
use qike_core::{Crs, Diagnostic, SourceCrs, Transform};
use qike_scene::CityObject;
use serde_json::{Value, json};

/// A FeatureCollection of all faults. Those that are about no place have no geometry.
pub fn collection(faults: &Faults, model: &Checked) -> Result<Value, Failure> {
    // A model without a place on Earth keeps its metres: its features lie about 0, 0.
    let transform = match model.crs() {
        crs if crs.is_local() => None,
        crs => Some(Transform::new(&SourceCrs::Crs(crs.clone()), &Crs::wgs84()).map_err(Failure::new)?),
    };
    let place = |p: [f64; 3]| -> Option<Value> {
        let [x, y, z] = match &transform {
            Some(transform) => transform.apply(p).ok()?,
            None => p,
        };
        // Nine decimals of a degree are a tenth of a millimetre.
        let round = |c: f64, digits: f64| (c * digits).round() / digits;
        let digits = if transform.is_some() { 1e9 } else { 1e4 };
        [x, y, z].iter().all(|c| c.is_finite()).then(|| json!([round(x, digits), round(y, digits), round(z, 1e4)]))
    };
    let mut last: Option<CityObject> = None;
    let features: Vec<Value> = faults
        .all()
        .map(|fault| {
            if last.as_ref().map(|o| o.id.as_str()) != fault.object.as_deref() {
                last = fault.object.as_deref().and_then(|id| model.object(id));
            }
            feature(fault, last.as_ref(), &place)
        })
        .collect();
    Ok(json!({ "type": "FeatureCollection", "features": features }))
}

fn feature(fault: &Diagnostic, object: Option<&CityObject>, place: &dyn Fn([f64; 3]) -> Option<Value>) -> Value {
    let surface = object.and_then(|object| surface_of(fault.place.path.as_deref()?, object, place));
    let middle = || {
        let bounds = object?.bounds();
        (!bounds.is_empty()).then(|| [0, 1, 2].map(|k| 0.5 * (bounds.min[k] + bounds.max[k])))
    };
    let point = || Some(json!({ "type": "Point", "coordinates": place(fault.place.position.or_else(middle)?)? }));
    let properties = json!({
        "code": fault.code, "severity": fault.severity, "message": fault.message, "object": fault.object,
        "class": object.map(|o| o.class.name()), "path": fault.place.path, "file": fault.place.file, "line": fault.place.line,
    });
    json!({ "type": "Feature", "geometry": surface.or_else(point), "properties": properties })
}

/// The surface that a path `geometry 0 (LOD 2), surface 5` names.
fn surface_of(path: &str, object: &CityObject, place: &dyn Fn([f64; 3]) -> Option<Value>) -> Option<Value> {
    let number = |word: &str| -> Option<usize> {
        let rest = path.split(", ").find_map(|part| part.strip_prefix(word)?.strip_prefix(' '))?;
        rest.split(' ').next()?.parse().ok()
    };
    let geometry = object.geometries.get(number("geometry")?)?;
    let surface = geometry.surface(number("surface")?)?;
    let mut rings = Vec::new();
    for ring in surface.rings() {
        let mut points: Vec<Value> = ring.iter().map(|i| place(*geometry.vertices.get(*i as usize)?)).collect::<Option<_>>()?;
        points.push(points.first()?.clone());
        // A ring of GeoJSON has four positions, the last being the first: what has fewer is shown as a point.
        if points.len() < 4 {
            return None;
        }
        rings.push(points);
    }
    (!rings.is_empty()).then(|| json!({ "type": "Polygon", "coordinates": rings }))
}
