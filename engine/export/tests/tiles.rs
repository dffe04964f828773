//! A tileset as a reader of the standard sees it: volumes hold their content and their children, errors fall, every file is sound,
//! every feature has a row, and corners stand where PROJ says.

mod common;

use qike_core::{Crs, Feedback};
use common::{Glb, Model};
use qike_export::tiles;
use qike_scene::{CityObject, Class, Geometry, GeometryBuilder, GeometryKind, Lod, SceneSnapshot, SourceId};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// The south-western corner of the test city in EPSG:4549.
const CORNER: [f64; 3] = [680_000.0, 3_418_000.0, 4.0];

fn block(id: &str, x: f64, y: f64, height: f64) -> CityObject {
    let mut object = CityObject::new(id, Class::Building, SourceId(0));
    object.attributes.insert("storeys".into(), 3.into());
    object.attributes.insert("use".into(), "住宅".into());
    for (lod, top) in [(Lod::ONE, height), (Lod::TWO, height + 2.0)] {
        let p = |dx: f64, dy: f64, z: f64| [x + dx, y + dy, z];
        let mut b = GeometryBuilder::new(lod, GeometryKind::Solid);
        let (s, w) = (12.0, 4.0);
        b.surface(&[vec![p(0.0, 0.0, w), p(0.0, s, w), p(s, s, w), p(s, 0.0, w)]], Some("GroundSurface"));
        b.surface(&[vec![p(0.0, 0.0, top), p(s, 0.0, top), p(s, s, top), p(0.0, s, top)]], Some("RoofSurface"));
        for [a, c] in [[[0.0, 0.0], [s, 0.0]], [[s, 0.0], [s, s]], [[s, s], [0.0, s]], [[0.0, s], [0.0, 0.0]]] {
            b.surface(&[vec![p(a[0], a[1], w), p(c[0], c[1], w), p(c[0], c[1], top), p(a[0], a[1], top)]], Some("WallSurface"));
        }
        object.geometries.push(b.build());
    }
    object
}

/// 5,000 buildings, lamps and trees on 20 km, a lake over all, a road, a room.
fn city() -> SceneSnapshot {
    let mut objects = Vec::new();
    for n in 0..5000 {
        let (x, y) = (CORNER[0] + f64::from(n % 100) * 200.0, CORNER[1] + f64::from(n / 100) * 200.0);
        objects.push(block(&format!("house:{n:04}"), x, y, 6.0 + f64::from(n % 7)));
    }
    let [x, y, z] = CORNER;
    let mut lamp = CityObject::new("lamp:1", Class::CityFurniture, SourceId(0));
    lamp.attributes.insert("function".into(), "street_lamp".into());
    lamp.geometries.push(Geometry::point(Lod::ZERO, [x + 50.0, y + 50.0, z]));
    let mut tree = CityObject::new("tree:1", Class::SolitaryVegetationObject, SourceId(0));
    tree.attributes.insert("height".into(), 11.5.into());
    tree.geometries.push(Geometry::point(Lod::ZERO, [x + 60.0, y + 50.0, z]));
    let mut lake = CityObject::new("lake", Class::WaterBody, SourceId(0));
    lake.geometries.push(Geometry::polygon(Lod::ZERO, &[vec![[x, y, z], [x + 19_000.0, y, z], [x + 19_000.0, y + 9000.0, z], [x, y + 9000.0, z]]]));
    let mut road = CityObject::new("road", Class::Road, SourceId(0));
    road.geometries.push(Geometry::line(Lod::ZERO, &[[x, y, z], [x + 100.0, y, z], [x + 200.0, y + 10.0, z]]));
    let mut room = CityObject::new("room", Class::BuildingRoom, SourceId(0));
    room.parent = Some("house:0000".into());
    room.geometries.push(Geometry::polygon(Lod::THREE, &[vec![[x + 1.0, y + 1.0, z], [x + 2.0, y + 1.0, z], [x + 2.0, y + 2.0, z]]]));
    objects.extend([lamp, tree, lake, road, room]);
    SceneSnapshot::new(Crs::epsg(4549).unwrap(), vec![], objects, vec![])
}

fn export(snapshot: &SceneSnapshot, folder: &Path) -> tiles::Summary {
    tiles::write(&Model::of(snapshot), folder, &Feedback::silent()).unwrap()
}

fn box_of(tile: &Value) -> ([f64; 3], [f64; 3]) {
    let b: Vec<f64> = tile["boundingVolume"]["box"].as_array().unwrap().iter().map(|n| n.as_f64().unwrap()).collect();
    ([0, 1, 2].map(|k| b[k] - b[3 + 4 * k]), [0, 1, 2].map(|k| b[k] + b[3 + 4 * k]))
}

struct Walk<'a> {
    folder: &'a Path,
    /// Corners of each object in its finest tile.
    found: BTreeMap<String, Vec<[f64; 3]>>,
    files: BTreeSet<String>,
    instanced: usize,
}

fn walk(tile: &Value, above: f64, w: &mut Walk) {
    let error = tile["geometricError"].as_f64().unwrap();
    assert!(error <= above, "{error} below {above}");
    let (min, max) = box_of(tile);
    let inside = |p: [f64; 3], slack: f64| (0..3).all(|k| p[k] >= min[k] - slack && p[k] <= max[k] + slack);
    let children = tile["children"].as_array().cloned().unwrap_or_default();
    assert!(!children.is_empty() || error == 0.0, "a leaf has no error left");
    if let Some(uri) = tile.pointer("/content/uri").and_then(Value::as_str) {
        assert!(w.files.insert(uri.to_owned()), "{uri} stands twice");
        let glb = Glb::open(&w.folder.join(uri));
        let ids = glb.texts("id");
        let count = glb.json["extensions"]["EXT_structural_metadata"]["propertyTables"][0]["count"].as_u64().unwrap() as usize;
        assert_eq!(ids.len(), count);
        w.instanced += usize::from(glb.json["extensionsUsed"].to_string().contains("gpu_instancing"));
        for (p, feature) in glb.corners() {
            assert!(feature < count, "feature {feature} of {count} in {uri}");
            assert!(inside(p, 0.01), "{p:?} is outside {min:?} {max:?} in {uri}");
            if tile["refine"] != "REPLACE" || children.is_empty() {
                w.found.entry(ids[feature].clone()).or_default().push(p);
            }
        }
    }
    for child in &children {
        let (low, high) = box_of(child);
        assert!(inside(low, 1e-6) && inside(high, 1e-6), "a child is outside its parent");
        walk(child, error, w);
    }
}

#[test]
fn a_tileset_is_sound_and_stands_where_it_should() {
    let snapshot = city();
    let folder = tempfile::tempdir().unwrap();
    let summary = export(&snapshot, folder.path());
    let document: Value = serde_json::from_slice(&std::fs::read(folder.path().join("tileset.json")).unwrap()).unwrap();
    assert_eq!(document["asset"]["version"], "1.1");
    let mut w = Walk { folder: folder.path(), found: BTreeMap::new(), files: BTreeSet::new(), instanced: 0 };
    walk(&document["root"], document["geometricError"].as_f64().unwrap(), &mut w);
    // Everything is there once, no file lies about unused.
    assert_eq!(w.found.keys().collect::<Vec<_>>(), snapshot.objects().iter().map(|o| o.id.to_string()).collect::<Vec<_>>().iter().collect::<Vec<_>>());
    assert_eq!(w.files.len(), std::fs::read_dir(folder.path().join("tiles")).unwrap().count());
    assert_eq!((summary.tiles as usize, summary.features as usize), (w.files.len(), snapshot.objects().len()));
    assert!(w.files.len() > 5 && w.instanced == 1, "{} files, {} with instances", w.files.len(), w.instanced);

    // Corners, earth-centred, against PROJ's own answer.
    let m: Vec<f64> = document["root"]["transform"].as_array().unwrap().iter().map(|n| n.as_f64().unwrap()).collect();
    let ecef = |p: &[f64; 3]| [0, 1, 2].map(|k| m[k] * p[0] + m[4 + k] * p[1] + m[8 + k] * p[2] + m[12 + k]);
    // By PROJ itself: `gdaltransform -s_srs EPSG:4549 -t_srs EPSG:4978` of the south-western and the north-eastern house's first corner, of
    // the first house's top far corner, of the lamp's foot.
    for (id, want) in [
        ("house:0000", [-2894087.43805938, 4652801.87027621, 3253465.4588651]),
        ("house:4999", [-2908449.87812494, 4638113.45971133, 3261565.88206738]),
        ("house:0000", [-2894096.41191156, 4652793.20701969, 3253477.63213514]),
        ("lamp:1", [-2894117.27310964, 4652753.62571132, 3253507.62928216]),
    ] {
        let distance = |p: [f64; 3]| (0..3).map(|k| (p[k] - want[k]).powi(2)).sum::<f64>().sqrt();
        let near = w.found[id].iter().map(|p| distance(ecef(p))).fold(f64::MAX, f64::min);
        assert!(near < 0.01, "{id}: no corner is nearer than {near} m to where PROJ has it");
    }
}

#[test]
fn the_same_city_gives_the_same_bytes() {
    let snapshot = city();
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let of = |folder: &Path| -> BTreeMap<String, Vec<u8>> {
        export(&snapshot, folder);
        let tiles = std::fs::read_dir(folder.join("tiles")).unwrap().map(|e| e.unwrap().path());
        tiles.chain([folder.join("tileset.json")]).map(|p| (p.file_name().unwrap().to_string_lossy().into_owned(), std::fs::read(&p).unwrap())).collect()
    };
    assert!(of(folders[0].path()) == of(folders[1].path()));
}

#[test]
fn a_model_without_place_or_shape() {
    let folder = tempfile::tempdir().unwrap();
    let local = SceneSnapshot::new(Crs::local(), vec![], vec![block("a", 0.0, 0.0, 3.0)], vec![]);
    export(&local, folder.path());
    let document: Value = serde_json::from_slice(&std::fs::read(folder.path().join("tileset.json")).unwrap()).unwrap();
    assert!(document["root"].get("transform").is_none());
    let empty = SceneSnapshot::new(Crs::local(), vec![], vec![CityObject::new("a", Class::LandUse, SourceId(0))], vec![]);
    let error = tiles::write(&Model::of(&empty), folder.path(), &Feedback::silent()).unwrap_err();
    assert!(error.to_string().contains("nothing to write"), "{error}");
}
