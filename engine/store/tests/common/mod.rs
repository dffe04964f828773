//! A small town for the store's tests.

use qike_core::{Crs, Feedback, SimTime};
use qike_scene::{CityObject, Class, Geometry, GeometryBuilder, GeometryKind, Lod, ObjectSink, Series, SourceId, SourceInfo};
use qike_store::{ImportReport, SceneStore};

pub fn crs() -> Crs {
    Crs::epsg(4549).unwrap()
}

/// A house of 8 × 6 m at (x, y) metres from the town's corner.
pub fn house(id: &str, x: f64, y: f64, height: f64) -> CityObject {
    let p = |dx: f64, dy: f64, z: f64| [684_000.0 + x + dx, 3_420_000.0 + y + dy, 4.0 + z];
    let mut b = GeometryBuilder::new(Lod::TWO, GeometryKind::Solid);
    let (a, c, d, e) = (p(0., 0., 0.), p(8., 0., 0.), p(8., 6., 0.), p(0., 6., 0.));
    let up = |q: [f64; 3]| [q[0], q[1], q[2] + height];
    b.surface(&[vec![a, e, d, c]], Some("GroundSurface"));
    b.surface(&[vec![up(a), up(c), up(d), up(e)]], Some("RoofSurface"));
    for (q, r) in [(a, c), (c, d), (d, e), (e, a)] {
        b.surface(&[vec![q, r, up(r), up(q)]], Some("WallSurface"));
    }
    let mut object = CityObject::new(id, Class::Building, SourceId(0));
    object.attributes.insert("height".into(), height.into());
    object.attributes.insert("addr:street".into(), "环湖西一路".into());
    object.geometries.push(b.build());
    object
}

pub fn lamp(id: &str, x: f64, y: f64) -> CityObject {
    let mut object = CityObject::new(id, Class::CityFurniture, SourceId(0));
    object.name = Some(format!("lamp {id}"));
    object.attributes.insert("function".into(), "street_lamp".into());
    object.geometries.push(Geometry::point(Lod::ZERO, [684_000.0 + x, 3_420_000.0 + y, 4.0]));
    object
}

pub fn road(id: &str, y: f64) -> CityObject {
    let mut object = CityObject::new(id, Class::Road, SourceId(0));
    object.geometries.push(Geometry::line(Lod::ZERO, &[[684_000.0, 3_420_000.0 + y, 4.0], [685_000.0, 3_420_000.0 + y, 4.5]]));
    object
}

/// 100 houses on a 10 × 10 grid of 100 m, 10 lamps, a road, and a room without geometry in a house.
pub fn town() -> Vec<CityObject> {
    let mut objects: Vec<_> = (0..100).map(|i| house(&format!("house/{i}"), f64::from(i % 10) * 100.0, f64::from(i / 10) * 100.0, 10.0)).collect();
    objects.extend((0..10).map(|i| lamp(&format!("lamp/{i}"), f64::from(i) * 100.0 + 50.0, 50.0)));
    objects.push(road("road/1", 50.0));
    let mut room = CityObject::new("room/1", Class::BuildingRoom, SourceId(0));
    room.parent = Some("house/7".into());
    objects.push(room);
    objects
}

pub fn series() -> Series {
    Series {
        object: "lamp/1".into(),
        quantity: "visitors".into(),
        unit: "persons/h".into(),
        date: "2019-05-01".into(),
        times: vec![SimTime::from_s(0), SimTime::from_s(3600)],
        values: vec![12.0, f64::NAN],
    }
}

pub fn source(path: &str, version: &str) -> SourceInfo {
    SourceInfo { path: path.into(), format: "test".into(), content_hash: version.into(), crs: "EPSG:4549".into(), about: Default::default() }
}

pub fn import(store: &mut SceneStore, path: &str, version: &str, objects: Vec<CityObject>) -> ImportReport {
    let mut transaction = store.import(&Feedback::silent()).unwrap();
    transaction.source(source(path, version)).unwrap();
    for object in objects {
        transaction.object(object).unwrap();
    }
    transaction.series(series()).unwrap();
    transaction.commit().unwrap()
}
