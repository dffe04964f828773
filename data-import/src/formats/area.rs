//! The area of a road map that a user names: corners as text, or a file of GeoJSON, of well-known text or of corners.

use super::features::shape::{Position, Shape};
use super::features::wkt;
use super::geojson;
use crate::{ImportError, Projector};
use qike_core::{Crs, SourceCrs};
use qike_scene::traffic::{Area, RoadMap};
use std::io::Read;
use std::path::Path;

/// Largest file of an area, bytes.
const LIMIT: u64 = 16 << 20;

/// Reads a file with an area of a map. Positions of GeoJSON are longitude and latitude where they may be, else coordinates of the map;
/// those of well-known text and of corners (`x,y x,y …`) are of the map.
///
/// # Errors
/// A file that cannot be read, or holds no polygon; one that is none, in its own words.
pub fn read_area(path: &Path, map: &RoadMap) -> Result<Area, ImportError> {
    let name = path.display().to_string();
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).map_err(|e| ImportError::io(&name, e))?;
    if !file.metadata().map_err(|e| ImportError::io(&name, e))?.is_file() {
        return Err(ImportError::corrupt(&name, "the file", "this is no plain file"));
    }
    file.take(LIMIT + 1).read_to_end(&mut bytes).map_err(|e| ImportError::io(&name, e))?;
    if bytes.len() as u64 > LIMIT {
        return Err(ImportError::corrupt(&name, "the file", "it has more than 16 MiB, which is no area of a road map"));
    }
    let text = String::from_utf8_lossy(&bytes);
    let text = text.trim_start_matches('\u{feff}').trim();
    let none = |error: String| ImportError::corrupt(&name, "the area", error);
    if text.is_empty() {
        return Err(ImportError::Empty { file: name });
    }
    if text.starts_with(['{', '[', '\u{1e}']) {
        let rings = of_geojson(&bytes, &name)?;
        return Area::new(to_map(rings, map, &name)?).map_err(|e| none(e.to_string()));
    }
    if wkt::looks_like(text) {
        let shape = wkt::parse(text).map_err(none)?;
        let mut rings = Vec::new();
        areas(&shape, &mut rings);
        return Area::new(flat(rings)).map_err(|e| none(e.to_string()));
    }
    Area::parse(text).map_err(|e| none(format!("{e}; known are GeoJSON, well-known text (POLYGON ((x y, x y, …))) and corners (x,y x,y …)")))
}

/// Polygons of all features.
fn of_geojson(bytes: &[u8], name: &str) -> Result<Vec<Vec<Vec<Position>>>, ImportError> {
    let document = geojson::parse(bytes, name)?;
    let mut rings = Vec::new();
    for (n, feature) in document.features.iter().enumerate() {
        let Some(geometry) = &feature.geometry else { continue };
        let shape = geojson::shape(geometry).map_err(|e| ImportError::corrupt(name, format!("feature {}", n + 1), e))?;
        areas(&shape, &mut rings);
    }
    Ok(rings)
}

fn areas(shape: &Shape, into: &mut Vec<Vec<Vec<Position>>>) {
    match shape {
        Shape::Areas(polygons) => into.extend(polygons.iter().cloned()),
        Shape::Many(all) => all.iter().for_each(|s| areas(s, into)),
        Shape::Points(_) | Shape::Lines(_) => {}
    }
}

fn flat(rings: Vec<Vec<Vec<Position>>>) -> Vec<Vec<Vec<[f64; 2]>>> {
    let ring = |r: Vec<Position>| r.into_iter().map(|p| [p[0], p[1]]).collect();
    rings.into_iter().map(|polygon| polygon.into_iter().map(ring).collect()).collect()
}

/// From degrees to a map's coordinates, where they may be degrees and the map says where it lies.
fn to_map(rings: Vec<Vec<Vec<Position>>>, map: &RoadMap, name: &str) -> Result<Vec<Vec<Vec<[f64; 2]>>>, ImportError> {
    let degrees = rings.iter().flatten().flatten().all(|p| p[0].abs() <= 180.0 && p[1].abs() <= 90.0);
    let location = map.location.as_ref().and_then(|(text, offset)| Some((Crs::parse(text.trim()).ok()?, *offset)));
    let Some((crs, offset)) = location.filter(|_| degrees) else { return Ok(flat(rings)) };
    let mut way = Projector::new(&SourceCrs::Crs(Crs::wgs84()), &crs, name)?;
    let mut project = |p: Position| {
        let q = way.project(p, "the area").ok_or_else(|| ImportError::corrupt(name, "the area", format!("({}, {}) has no place in the network's system", p[0], p[1])))?;
        Ok([q[0] - offset[0], q[1] - offset[1]])
    };
    let mut ring = |r: Vec<Position>| r.into_iter().map(&mut project).collect::<Result<Vec<_>, ImportError>>();
    rings.into_iter().map(|polygon| polygon.into_iter().map(&mut ring).collect()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(name: &str, text: &str, map: &RoadMap) -> Result<Area, ImportError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        read_area(&path, map)
    }

    #[test]
    fn an_area_is_read_in_each_way_that_people_have() {
        let map = RoadMap { location: Some(("+proj=utm +zone=32 +ellps=WGS84 +datum=WGS84 +units=m +no_defs".into(), [680_000.0, 4_920_000.0])), ..RoadMap::default() };
        let ring = "[[0,0],[100,0],[100,100],[0,100],[0,0]]";
        let plain = Area::parse("0,0 100,0 100,100 0,100").unwrap();
        let bare = RoadMap::default();
        assert_eq!(read("a.txt", "0,0 100,0\n100,100 0,100\n", &map).unwrap(), plain);
        assert_eq!(read("a.wkt", "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))", &map).unwrap(), plain);
        assert_eq!(read("a.json", &format!("{{\"type\":\"Polygon\",\"coordinates\":[{ring}]}}"), &bare).unwrap(), plain);
        assert_eq!(read("a.json", &format!("{{\"type\":\"MultiPolygon\",\"coordinates\":[[{ring}]]}}"), &bare).unwrap(), plain);
        // 11.34 E, 44.49 N lies at 686,037 E, 4,928,809 N of zone 32.
        let degrees = "{\"type\":\"FeatureCollection\",\"features\":[{\"type\":\"Feature\",\"properties\":{},\"geometry\":{\"type\":\"Polygon\",\"coordinates\":[[[11.33,44.48],[11.35,44.48],[11.35,44.50],[11.33,44.50],[11.33,44.48]]]}}]}";
        let area = read("a.geojson", degrees, &map).unwrap();
        assert!(area.contains([6040.0, 8810.0]) && !area.contains([4000.0, 8810.0]) && !area.contains([11.34, 44.49]), "{:?}", area.bounds());
    }

    #[test]
    fn what_holds_no_area_is_told() {
        let map = RoadMap::default();
        let told = |text: &str| read("a.json", text, &map).unwrap_err().to_string();
        assert!(told("{\"type\":\"Point\",\"coordinates\":[1,2]}").contains("there is no polygon in it"));
        assert!(told("{\"type\":\"Polygon\",\"coordinates\":[[[0,0],[10,10],[10,0],[0,10]]]}").contains("cross"));
        assert!(told("{\"type\":\"Polygon\",\"coordinates\":[[[0,0],[10").contains("cut off"));
        assert!(told("").contains("empty"));
        assert!(told("POLYGON ((0 0, 1").contains("the area"));
        assert!(told("streets of Bologna").contains("'streets' is no corner"));
    }
}
