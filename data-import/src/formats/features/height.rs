//! Outlines of buildings with a height (or a number of storeys) become solids of LOD1: the commonest city model there is.

use crate::formats::osm::{Footprint, STOREY_M, prism, prisms};
use qike_scene::{Attributes, CityObject, Class, Geometry, GeometryKind, Lod, Value};

/// Fields of the height, metres.
const HEIGHTS: &[&str] = &["height", "building_height", "bldg_height", "height_m", "bldgheight", "measuredheight", "measured_height", "高度", "建筑高度", "楼高", "房屋高度"];
/// Fields of the number of storeys.
const STOREYS: &[&str] = &["building:levels", "levels", "floors", "floor", "storeys", "stories", "num_floors", "floor_num", "floornum", "层数", "楼层", "楼层数", "地上层数"];
/// Tallest height believed, metres.
const TALLEST_M: f64 = 1_000.0;

/// Adds a solid over the outline where the object is a building that says how high it is.
pub fn extrude(object: &mut CityObject) {
    if !matches!(object.class, Class::Building | Class::BuildingPart) {
        return;
    }
    let [outline] = object.geometries.as_slice() else { return };
    let sane = |h: &f64| *h > 0.1 && *h <= TALLEST_M;
    let height = number(&object.attributes, HEIGHTS).filter(sane).map(|h| (h, "tagged"));
    let storeys = || number(&object.attributes, STOREYS).filter(|n| (1.0..=300.0).contains(n)).map(|n| (n * STOREY_M, "levels"));
    let Some((height, source)) = height.or_else(storeys) else { return };
    if let Some(solid) = over(outline, height) {
        object.geometries.push(solid);
        object.attributes.entry("height_source").or_insert(Value::String(source.into()));
    }
}

fn over(outline: &Geometry, height: f64) -> Option<Geometry> {
    if outline.kind != GeometryKind::MultiSurface {
        return None;
    }
    let base = outline.bounds().min[2];
    let flat = |ring: &[u32]| ring.iter().map(|v| outline.vertices[*v as usize]).map(|p| [p[0], p[1]]).collect::<Vec<_>>();
    let footprints: Option<Vec<Footprint>> = outline
        .surfaces()
        .map(|surface| {
            let mut rings = surface.rings().map(flat);
            let exterior = rings.next()?;
            Footprint::new(&exterior, &rings.collect::<Vec<_>>())
        })
        .collect();
    match footprints?.as_slice() {
        [] => None,
        [one] => Some(prism(Lod::ONE, one, base, base + height)),
        many => Some(prisms(Lod::ONE, many, base, base + height)),
    }
}

fn number(attributes: &Attributes, fields: &[&str]) -> Option<f64> {
    let value = fields.iter().find_map(|f| attributes.iter().find(|(k, v)| k.eq_ignore_ascii_case(f) && !v.is_null()))?.1;
    let number = match value {
        Value::Number(n) => n.as_f64(),
        Value::String(text) => text.trim().trim_end_matches(['m', 'M', '米', '层', 'F']).trim().parse().ok(),
        _ => None,
    };
    number.filter(|n: &f64| n.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;
    use qike_scene::SourceId;

    fn building(field: &str, value: Value) -> CityObject {
        let mut object = CityObject::new("b", Class::Building, SourceId(0));
        object.attributes.insert(field.into(), value);
        let ring = vec![[0.0, 0.0, 4.0], [10.0, 0.0, 4.0], [10.0, 8.0, 4.0], [0.0, 8.0, 4.0]];
        object.geometries.push(Geometry::polygon(Lod::ZERO, &[ring]));
        extrude(&mut object);
        object
    }

    #[test]
    fn heights_and_storeys_make_solids_on_the_outline() {
        for (field, value, top) in [("Height", Value::from(12.5), 16.5), ("层数", "3层".into(), 13.0), ("Floor", 6.into(), 22.0)] {
            let object = building(field, value);
            assert_eq!((object.geometries.len(), object.bounds().min[2], object.bounds().max[2]), (2, 4.0, top), "{field}");
            assert_eq!((object.geometries[1].lod, object.geometries[1].kind), (Lod::ONE, GeometryKind::Solid));
        }
        for (field, value) in [("height", Value::from(-1)), ("height", 1e9.into()), ("height", "high".into()), ("name", "12".into())] {
            assert_eq!(building(field, value).geometries.len(), 1);
        }
    }
}
