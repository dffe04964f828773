//! A tiny city for tests: a lake with a beach, two streets that cross, blocks, trees, pipes, a station with two storeys.

use qike_core::Crs;
use qike_scene::{CityObject, Class, Geometry, GeometryBuilder, GeometryKind, Lod, SceneSnapshot, SourceId};
use serde_json::json;

const ORIGIN: [f64; 2] = [589_000.0, 3_420_000.0];

type P = [f64; 3];

fn at(x: f64, y: f64, z: f64) -> P {
    [ORIGIN[0] + x, ORIGIN[1] + y, z]
}

fn object(id: &str, class: Class, attributes: serde_json::Value, geometry: Geometry) -> CityObject {
    let mut object = CityObject::new(id, class, SourceId(0));
    if let serde_json::Value::Object(map) = attributes {
        object.attributes = map;
    }
    object.geometries.push(geometry);
    object
}

fn ring(points: &[[f64; 2]]) -> Geometry {
    Geometry::polygon(Lod::ZERO, &[points.iter().map(|p| at(p[0], p[1], 0.0)).collect()])
}

fn line(points: &[[f64; 2]]) -> Geometry {
    Geometry::line(Lod::ZERO, &points.iter().map(|p| at(p[0], p[1], 0.0)).collect::<Vec<_>>())
}

/// A block with walls, and a gabled roof where `ridge` is above 0.
fn block(x: f64, y: f64, w: f64, d: f64, foot: f64, height: f64, ridge: f64) -> Geometry {
    let mut b = GeometryBuilder::new(Lod::TWO, GeometryKind::Solid);
    let corners = [[x, y], [x + w, y], [x + w, y + d], [x, y + d]];
    let (low, top) = (|i: usize| at(corners[i][0], corners[i][1], foot), |i: usize| at(corners[i][0], corners[i][1], foot + height));
    b.surface(&[vec![low(0), low(3), low(2), low(1)]], Some("GroundSurface"));
    if ridge > 0.0 {
        let (west, east) = (at(x, y + d / 2.0, foot + height + ridge), at(x + w, y + d / 2.0, foot + height + ridge));
        b.surface(&[vec![low(0), low(1), top(1), top(0)]], Some("WallSurface"));
        b.surface(&[vec![low(2), low(3), top(3), top(2)]], Some("WallSurface"));
        b.surface(&[vec![low(1), low(2), top(2), east, top(1)]], Some("WallSurface"));
        b.surface(&[vec![low(3), low(0), top(0), west, top(3)]], Some("WallSurface"));
        b.surface(&[vec![top(0), top(1), east, west]], Some("RoofSurface"));
        b.surface(&[vec![top(2), top(3), west, east]], Some("RoofSurface"));
    } else {
        for i in 0..4 {
            let j = (i + 1) % 4;
            b.surface(&[vec![low(i), low(j), top(j), top(i)]], Some("WallSurface"));
        }
        b.surface(&[vec![top(0), top(1), top(2), top(3)]], Some("RoofSurface"));
    }
    b.end_shell().end_solid();
    b.build()
}

/// A closed box as a triangle mesh, as BIM models have it.
fn solid_box(x: [f64; 2], y: [f64; 2], z: [f64; 2]) -> Geometry {
    let vertices = (0..8).map(|i| at(x[i & 1], y[i >> 1 & 1], z[i >> 2 & 1])).collect();
    let faces: [[u32; 4]; 6] = [[0, 2, 3, 1], [4, 5, 7, 6], [0, 1, 5, 4], [2, 6, 7, 3], [0, 4, 6, 2], [1, 3, 7, 5]];
    Geometry::mesh(Lod::THREE, vertices, faces.iter().flat_map(|f| [f[0], f[1], f[2], f[0], f[2], f[3]]).collect())
}

/// The city. Its ground lies at height 4 m.
pub fn city() -> SceneSnapshot {
    let mut all = Vec::new();
    let circle = |x: f64, y: f64, r: f64| -> Vec<[f64; 2]> {
        (0..64).map(|i| (i as f64 / 64.0 * std::f64::consts::TAU).sin_cos()).map(|(s, c)| [x + r * c, y + r * s]).collect()
    };
    let mut lake = object("lake", Class::WaterBody, json!({"water": "lake"}), ring(&circle(-260.0, 60.0, 190.0)));
    lake.name = Some("Lake".into());
    all.push(lake);
    all.push(object("beach", Class::Square, json!({"function": "beach"}), ring(&[[-90.0, -80.0], [-60.0, -80.0], [-50.0, 180.0], [-82.0, 180.0]])));
    all.push(object("park", Class::PlantCover, json!({"leisure": "park"}), ring(&[[-45.0, 60.0], [20.0, 60.0], [20.0, 190.0], [-40.0, 190.0]])));
    all.push(object("lots", Class::Square, json!({"function": "car_park", "capacity": 40}), ring(&[[150.0, -60.0], [200.0, -60.0], [200.0, -20.0], [150.0, -20.0]])));
    all.push(object("avenue", Class::Road, json!({"highway": "primary", "lanes": "4"}), line(&[[-60.0, -200.0], [30.0, 0.0], [40.0, 30.0], [60.0, 240.0]])));
    all.push(object("street", Class::Road, json!({"highway": "residential"}), line(&[[-180.0, -140.0], [30.0, 0.0], [260.0, 10.0]])));
    all.push(object("crossing", Class::CityFurniture, json!({"function": "crossing"}), Geometry::point(Lod::ZERO, at(40.0, 30.0, 0.0))));
    all.push(object("path", Class::Track, json!({"highway": "footway"}), line(&[[-30.0, 70.0], [0.0, 120.0], [10.0, 185.0]])));
    let uses = ["apartments", "office", "house", "retail", "school", "industrial"];
    for i in 0..30_u32 {
        let (column, row) = (f64::from(i % 6), f64::from(i / 6));
        let (x, y) = (72.0 + column * 32.0, 34.0 + row * 38.0);
        let height = 7.0 + f64::from((i * 7) % 11) * if i % 4 == 1 { 6.0 } else { 1.6 };
        let what = uses[(i % 6) as usize];
        let ridge = if what == "house" || what == "apartments" { 4.0 } else { 0.0 };
        all.push(object(&format!("b{i:02}"), Class::Building, json!({"function": what}), block(x, y, 20.0, 14.0 + f64::from(i % 3) * 4.0, 4.0, height, ridge)));
    }
    for i in 0..60_u32 {
        let (s, c) = (f64::from(i) * 2.4).sin_cos();
        let r = 6.0 * f64::from(i).sqrt();
        all.push(object(&format!("t{i:02}"), Class::SolitaryVegetationObject, json!({}), Geometry::point(Lod::ZERO, at(-12.0 + r * 0.7 * c, 125.0 + 1.3 * r * s, 0.0))));
    }
    for i in 0..8 {
        let y = -150.0 + f64::from(i) * 40.0;
        all.push(object(&format!("lamp{i}"), Class::CityFurniture, json!({"function": "street_lamp"}), Geometry::point(Lod::ZERO, at(y * 0.45 + 42.0, y, 0.0))));
    }
    for (i, (network, depth)) in [("storm", 3.0), ("water", 1.6)].into_iter().enumerate() {
        let y = -6.0 - 5.0 * i as f64;
        let pipe = Geometry::line(Lod::ZERO, &[at(-100.0, y, 4.0 - depth), at(250.0, y + 8.0, 4.0 - depth)]);
        all.push(object(&format!("pipe{i}"), Class::UtilityNetworkElement, json!({"network": network, "diameter_m": 1.0}), pipe));
    }
    station(&mut all);
    let crs = Crs::epsg(4549).expect("a CRS that PROJ knows");
    SceneSnapshot::new(crs, vec![], all, vec![])
}

fn station(all: &mut Vec<CityObject>) {
    let mut building = CityObject::new("station", Class::Building, SourceId(0));
    building.attributes.insert("ifc_type".into(), "IfcBuilding".into());
    all.push(building);
    for (level, (name, floor)) in [("Platform", -10.0), ("Concourse", -4.0)].into_iter().enumerate() {
        let mut storey = CityObject::new(format!("storey{level}"), Class::Storey, SourceId(0));
        storey.name = Some(name.into());
        storey.parent = Some("station".into());
        all.push(storey);
        let mut part = |id: &str, class: Class, kind: &str, name: &str, geometry: Geometry| {
            let mut part = object(&format!("{id}{level}"), class, json!({"ifc_type": kind}), geometry);
            part.name = Some(name.into());
            part.parent = Some(format!("storey{level}").into());
            all.push(part);
        };
        let (x, y) = ([70.0, 190.0], [-120.0, -80.0]);
        part("slab", Class::BuildingConstructiveElement, "IfcSlab", "slab", solid_box(x, y, [floor - 0.4, floor]));
        for (i, (wx, wy)) in [(x, [y[0], y[0] + 0.5]), (x, [y[1] - 0.5, y[1]]), ([x[0], x[0] + 0.5], y), ([x[1] - 0.5, x[1]], y)].into_iter().enumerate() {
            part(&format!("wall{i}-"), Class::BuildingConstructiveElement, "IfcWall", "wall", solid_box(wx, wy, [floor, floor + 4.5]));
        }
        let room = if level == 0 { "Platform 1" } else { "Hall" };
        part("room", Class::BuildingRoom, "IfcSpace", room, solid_box([x[0] + 1.0, x[1] - 30.0], [y[0] + 1.0, y[1] - 1.0], [floor, floor + 4.0]));
        for i in 0..6 {
            let cx = 82.0 + 18.0 * f64::from(i);
            part(&format!("column{i}-"), Class::BuildingConstructiveElement, "IfcColumn", "column", solid_box([cx, cx + 0.8], [-100.4, -99.6], [floor, floor + 4.5]));
        }
        for i in 0..10 {
            let z = floor + 0.45 * f64::from(i);
            let sx = 120.0 + 0.6 * f64::from(i);
            part(&format!("step{i}-"), Class::BuildingConstructiveElement, "IfcStair", "stair", solid_box([sx, sx + 0.6], [-112.0, -108.0], [z, z + 0.45]));
        }
    }
}
