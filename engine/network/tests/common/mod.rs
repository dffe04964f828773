//! Scenes made in code: a few roads and paths with the tags that importers would give them.

#![allow(dead_code)] // every test file uses a part of these helpers

use qike_core::Crs;
use qike_scene::{CityObject, Class, Geometry, Lod, SceneSnapshot, SourceId, Value};

/// Collects objects of a small scene; nodes have numbers and places.
#[derive(Default)]
pub struct Town {
    pub objects: Vec<CityObject>,
    nodes: std::collections::BTreeMap<i64, [f64; 3]>,
}

impl Town {
    pub fn node(&mut self, number: i64, x: f64, y: f64) -> &mut Self {
        self.nodes.insert(number, [x, y, 0.0]);
        self
    }

    fn line(&mut self, class: Class, number: i64, nodes: &[i64], tags: &[(&str, &str)]) -> &mut CityObject {
        let points: Vec<[f64; 3]> = nodes.iter().map(|n| self.nodes[n]).collect();
        let mut object = CityObject::new(format!("osm:way/{number}"), class, SourceId(0));
        object.geometries.push(Geometry::line(Lod::ZERO, &points));
        object.attributes.insert("osm_nodes".into(), nodes.to_vec().into());
        tags.iter().for_each(|(k, v)| drop(object.attributes.insert((*k).into(), (*v).into())));
        self.objects.push(object);
        self.objects.last_mut().unwrap()
    }

    pub fn road(&mut self, number: i64, nodes: &[i64], tags: &[(&str, &str)]) -> &mut CityObject {
        self.line(Class::Road, number, nodes, tags)
    }

    pub fn path(&mut self, number: i64, nodes: &[i64], tags: &[(&str, &str)]) -> &mut CityObject {
        self.line(Class::Track, number, nodes, tags)
    }

    pub fn furniture(&mut self, node: i64, function: &str) -> &mut CityObject {
        let mut object = CityObject::new(format!("osm:node/{node}"), Class::CityFurniture, SourceId(0));
        object.geometries.push(Geometry::point(Lod::ZERO, self.nodes[&node]));
        object.attributes.insert("function".into(), function.into());
        self.objects.push(object);
        self.objects.last_mut().unwrap()
    }

    pub fn restrict(&mut self, way: i64, kind: &str, via: &str, to: i64) {
        let id = format!("osm:way/{way}");
        let object = self.objects.iter_mut().find(|o| o.id.as_str() == id).unwrap();
        let entry = serde_json::json!({ "kind": kind, "via": via, "to": format!("osm:way/{to}") });
        let list = object.attributes.entry("restrictions").or_insert(Value::Array(vec![]));
        list.as_array_mut().unwrap().push(entry);
    }

    pub fn square(&mut self, id: &str, function: &str, ring: &[[f64; 2]]) {
        let mut object = CityObject::new(id, Class::Square, SourceId(0));
        let ring = ring.iter().map(|p| [p[0], p[1], 0.0]).collect::<Vec<_>>();
        object.geometries.push(Geometry::polygon(Lod::ZERO, &[ring]));
        object.attributes.insert("function".into(), function.into());
        self.objects.push(object);
    }

    /// A box-shaped part of a building.
    pub fn block(&mut self, id: &str, class: Class, low: [f64; 3], high: [f64; 3], attributes: &[(&str, &str)]) {
        let corner = |i: usize| [0, 1, 2].map(|k| if i >> k & 1 == 0 { low[k] } else { high[k] });
        let faces = [[0, 2, 3, 1], [4, 5, 7, 6], [0, 1, 5, 4], [2, 6, 7, 3], [0, 4, 6, 2], [1, 3, 7, 5]];
        let indices = faces.iter().flat_map(|f| [f[0], f[1], f[2], f[0], f[2], f[3]]).collect();
        self.body(id, class, (0..8).map(corner).collect(), indices, attributes);
    }

    pub fn body(&mut self, id: &str, class: Class, vertices: Vec<[f64; 3]>, indices: Vec<u32>, attributes: &[(&str, &str)]) {
        let mut object = CityObject::new(id, class, SourceId(0));
        object.geometries.push(Geometry::mesh(Lod::THREE, vertices, indices));
        attributes.iter().for_each(|(k, v)| drop(object.attributes.insert((*k).into(), (*v).into())));
        self.objects.push(object);
    }

    pub fn scene(&self) -> SceneSnapshot {
        SceneSnapshot::new(Crs::local(), vec![], self.objects.clone(), vec![])
    }
}

/// A crossing at node 1 of two roads: ways 1 and 2 west–east, 3 and 4 south–north, 100 m long each.
pub fn cross(east_west: &[(&str, &str)], south_north: &[(&str, &str)]) -> Town {
    let mut town = Town::default();
    town.node(1, 0., 0.).node(2, -100., 0.).node(3, 100., 0.).node(4, 0., -100.).node(5, 0., 100.);
    town.road(1, &[2, 1], east_west);
    town.road(2, &[1, 3], east_west);
    town.road(3, &[4, 1], south_north);
    town.road(4, &[1, 5], south_north);
    town
}

/// Two divided roads that cross: four nodes 15 m apart, lights at each, one-way carriageways of two lanes.
pub fn divided() -> Town {
    let mut town = Town::default();
    // Nodes 11 12 / 13 14 are the south-west, south-east, north-west and north-east corners.
    town.node(11, -7.5, -7.5).node(12, 7.5, -7.5).node(13, -7.5, 7.5).node(14, 7.5, 7.5);
    town.node(21, -150., -7.5).node(22, 150., -7.5).node(23, -150., 7.5).node(24, 150., 7.5);
    town.node(31, -7.5, -150.).node(32, -7.5, 150.).node(33, 7.5, -150.).node(34, 7.5, 150.);
    let tags = [("highway", "primary"), ("oneway", "yes"), ("lanes", "3")];
    town.road(1, &[21, 11, 12, 22], &tags); // eastbound, the southern carriageway
    town.road(2, &[24, 14, 13, 23], &tags); // westbound
    town.road(3, &[33, 12, 14, 34], &tags); // northbound, the eastern carriageway
    town.road(4, &[32, 13, 11, 31], &tags); // southbound
    for n in 11..=14 {
        town.furniture(n, "traffic_signals");
    }
    town
}
