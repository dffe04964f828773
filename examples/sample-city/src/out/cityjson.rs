//! CityJSON 2.0: the whole model in one document, or a line for each building (CityJSONSeq).

use crate::build::Building;
use crate::build::solid::{Face, Shell};
use crate::place::{EPSG, Place};
use serde_json::{Map, Value, json};
use std::collections::HashMap;
use std::io::{self, Write};

/// Metres for one unit of the stored whole numbers.
const STEP: f64 = 0.001;

/// Vertices as whole numbers, each place once.
struct Vertices {
    list: Vec<[i64; 3]>,
    index: HashMap<[i64; 3], usize>,
}

impl Vertices {
    fn new() -> Self {
        Self { list: Vec::new(), index: HashMap::new() }
    }

    fn add(&mut self, q: [f64; 3]) -> usize {
        let key = q.map(|v| (v / STEP).round() as i64);
        let next = self.list.len();
        let i = *self.index.entry(key).or_insert(next);
        if i == next {
            self.list.push(key);
        }
        i
    }
}

fn transform(place: &Place) -> Value {
    let [e, n] = place.projected([0.0, 0.0]);
    json!({ "scale": [STEP, STEP, STEP], "translate": [round3(e), round3(n), 0.0] })
}

fn round3(v: f64) -> f64 {
    (v * 1000.0).round() / 1000.0
}

fn metadata(title: &str) -> Value {
    json!({ "title": title, "referenceSystem": format!("https://www.opengis.net/def/crs/EPSG/0/{EPSG}") })
}

/// Writes all buildings as one CityJSON document; ids are `b-` and the number from 1.
pub fn write(buildings: &[Building], place: &Place, title: &str, mut out: impl Write) -> io::Result<()> {
    let mut vertices = Vertices::new();
    let mut objects = Map::new();
    for (i, b) in buildings.iter().enumerate() {
        for (id, o) in city_objects(b, &building_id(i), &mut vertices) {
            objects.insert(id, o);
        }
    }
    let doc = json!({
        "type": "CityJSON", "version": "2.0", "transform": transform(place), "metadata": metadata(title),
        "CityObjects": objects, "vertices": vertices.list,
    });
    serde_json::to_writer(&mut out, &doc)?;
    out.write_all(b"\n")?;
    out.flush()
}

/// First line of a CityJSONSeq.
pub fn write_seq_head(place: &Place, title: &str, out: &mut impl Write) -> io::Result<()> {
    let head = json!({
        "type": "CityJSON", "version": "2.0", "transform": transform(place), "metadata": metadata(title), "CityObjects": {}, "vertices": [],
    });
    serde_json::to_writer(&mut *out, &head)?;
    out.write_all(b"\n")
}

/// One line of a CityJSONSeq: the building of number `i`.
pub fn write_seq_feature(b: &Building, i: usize, out: &mut impl Write) -> io::Result<()> {
    let mut vertices = Vertices::new();
    let id = building_id(i);
    let objects: Map<String, Value> = city_objects(b, &id, &mut vertices).into_iter().collect();
    let line = json!({ "type": "CityJSONFeature", "id": id, "CityObjects": objects, "vertices": vertices.list });
    serde_json::to_writer(&mut *out, &line)?;
    out.write_all(b"\n")
}

/// The id of a building in the files.
pub fn building_id(i: usize) -> String {
    format!("b-{:05}", i + 1)
}

fn city_objects(b: &Building, id: &str, vertices: &mut Vertices) -> Vec<(String, Value)> {
    let lod = b.lod;
    let (residents, jobs) = b.people();
    let mut attributes = Map::new();
    if let Some((zh, en)) = &b.name {
        attributes.insert("name".into(), json!(zh));
        attributes.insert("name:en".into(), json!(en));
    }
    attributes.insert("function".into(), json!(b.usage.name()));
    attributes.insert("measuredHeight".into(), json!((b.height() * 10.0).round() / 10.0));
    attributes.insert("storeysAboveGround".into(), json!(b.storeys));
    attributes.insert("yearOfConstruction".into(), json!(b.year));
    attributes.insert("roofType".into(), json!(b.roof));
    attributes.insert("floor_area_m2".into(), json!(b.floor_area().round()));
    attributes.insert("residents".into(), json!(residents));
    attributes.insert("jobs".into(), json!(jobs));
    if b.shells.len() == 1 {
        let geometry = [solid(&b.shells[0], lod, vertices)];
        return vec![(id.into(), json!({ "type": "Building", "attributes": attributes, "geometry": geometry }))];
    }
    let children: Vec<String> = (1..=b.shells.len()).map(|n| format!("{id}-{n}")).collect();
    let mut all = vec![(id.to_string(), json!({ "type": "Building", "attributes": attributes, "children": children }))];
    for (child, shell) in children.into_iter().zip(&b.shells) {
        let part = json!({
            "type": "BuildingPart", "parents": [id], "geometry": [solid(shell, lod, vertices)],
            "attributes": { "measuredHeight": (shell.top() * 10.0).round() / 10.0 },
        });
        all.push((child, part));
    }
    all
}

fn solid(shell: &Shell, lod: &str, vertices: &mut Vertices) -> Value {
    let mut semantics: Vec<Value> = Vec::new();
    let mut shared: Vec<(Face, usize)> = Vec::new();
    // Walls with openings get a semantic surface of their own; the others share one for each kind.
    let mut own: HashMap<usize, usize> = HashMap::new();
    let mut values = Vec::with_capacity(shell.surfaces.len());
    for (i, s) in shell.surfaces.iter().enumerate() {
        let n = if let Some(wall) = s.wall {
            semantics.push(json!({ "type": s.face.citygml(), "parent": own.get(&wall) }));
            let n = semantics.len() - 1;
            if let Some(children) = own.get(&wall).and_then(|w| semantics[*w]["children"].as_array_mut()) {
                children.push(json!(n));
            }
            n
        } else if s.face == Face::Wall && s.rings.len() > 1 {
            semantics.push(json!({ "type": s.face.citygml(), "children": [] }));
            own.insert(i, semantics.len() - 1);
            semantics.len() - 1
        } else if let Some((_, n)) = shared.iter().find(|(f, _)| *f == s.face) {
            *n
        } else {
            semantics.push(json!({ "type": s.face.citygml() }));
            shared.push((s.face, semantics.len() - 1));
            semantics.len() - 1
        };
        values.push(n);
    }
    for s in &mut semantics {
        if s["children"].as_array().is_some_and(Vec::is_empty) && let Some(m) = s.as_object_mut() {
            m.remove("children");
        }
    }
    let faces: Vec<Vec<Vec<usize>>> = shell
        .surfaces
        .iter()
        .map(|s| s.rings.iter().map(|r| r.iter().map(|q| vertices.add(*q)).collect()).collect())
        .collect();
    json!({ "type": "Solid", "lod": lod, "boundaries": [faces], "semantics": { "surfaces": semantics, "values": [values] } })
}
