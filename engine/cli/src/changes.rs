//! What an import changes in the objects of sources that the store knows: as text, JSON and places on a map.

use crate::failure::Failure;
use crate::output::to_json;
use crate::export::geojson;
use qike_scene::diff::{Change, object_changes};
use qike_scene::measure::{Measures, measure};
use qike_scene::{Attributes, CityObject, Geometry};
use qike_store::{Footprint, Hit, ImportTransaction, ObjectKey, SceneStore, Step};
use serde::Serialize;
use serde_json::json;
use std::path::Path;

/// Objects whose changes are told one by one.
const MOST: usize = 10_000;
/// Objects in the text.
const SHOWN: usize = 20;
/// Positions no further apart are the same, metres.
const TOLERANCE: f64 = 1e-6;

/// All changes, of objects by id.
#[derive(Debug, Serialize)]
pub struct Changes {
    /// Objects that change.
    total: u64,
    /// The first of them.
    objects: Vec<ObjectChange>,
    #[serde(skip)]
    hits: Vec<Hit>,
}

/// What changes in an object.
#[derive(Debug, Serialize)]
struct ObjectChange {
    id: String,
    class: &'static str,
    /// `added`, `changed` or `removed`.
    kind: &'static str,
    changes: Vec<Change>,
    geometry: Vec<GeometryChange>,
}

/// What changes in the geometry of one level of detail.
#[derive(Debug, Serialize)]
struct GeometryChange {
    lod: String,
    kind: String,
    before: Option<Measures>,
    after: Option<Measures>,
    /// How far its middle moves.
    moved_m: Option<f64>,
}

impl Changes {
    /// Of a transaction that is not committed yet.
    pub fn of(transaction: &mut ImportTransaction) -> Result<Self, Failure> {
        let mut changes = Self { total: 0, objects: Vec::new(), hits: Vec::new() };
        changes.total = transaction.changes(MOST, &mut |step| changes.add(&step))?;
        Ok(changes)
    }

    fn add(&mut self, step: &Step) {
        let Some(object) = step.after.as_ref().or(step.before.as_ref()) else { return };
        let (kind, changes) = match (&step.before, &step.after) {
            (Some(before), Some(after)) => ("changed", object_changes(before, after, TOLERANCE, &mut 0.0)),
            (None, _) => ("added", vec![]),
            (_, None) => ("removed", vec![]),
        };
        let geometry = match (&step.before, &step.after) {
            (Some(before), Some(after)) => geometries(before, after),
            _ => vec![],
        };
        let mut attributes = Attributes::new();
        attributes.insert("change".into(), kind.into());
        attributes.insert("what".into(), changes.iter().map(|c| c.what.as_str()).collect::<Vec<_>>().join("; ").into());
        self.hits.push(Hit {
            key: ObjectKey(0),
            id: step.id.clone(),
            class: object.class,
            name: object.name.clone(),
            parent: object.parent.as_ref().map(|p| p.as_str().to_owned()),
            lods: object.geometries.iter().map(|g| g.lod.to_string()).collect(),
            source: object.source.0,
            bounds: Some(object.bounds()).filter(|b| !b.is_empty()),
            plan: Footprint::of(object),
            attributes: (&attributes).into(),
            distance_m: None,
        });
        self.objects.push(ObjectChange { id: step.id.clone(), class: object.class.name(), kind, changes, geometry });
    }

    /// Writes the plans of the objects, those that go as they were, as GeoJSON.
    pub fn write_places(&self, store: &SceneStore, path: &Path) -> Result<(), Failure> {
        let text = to_json(&geojson::collection(store, &self.hits)?)?;
        std::fs::write(path, text).map_err(|e| Failure::new(format!("{}: the changes could not be written ({e})", path.display())))
    }

    /// The first of them as text; empty where nothing changes.
    pub fn describe(&self) -> String {
        let mut text = String::new();
        for object in self.objects.iter().take(SHOWN) {
            let sign = match object.kind {
                "added" => '+',
                "removed" => '-',
                _ => '~',
            };
            text += &format!("{sign} {} {}\n", object.class, object.id);
            for change in object.changes.iter().filter(|c| !c.what.starts_with("geometry")) {
                text += &format!("    {}: {} → {}\n", change.what, brief(&change.before), brief(&change.after));
            }
            for g in &object.geometry {
                text += &format!("    LOD {} {}: {}\n", g.lod, g.kind, g.describe());
            }
            // What measures do not show: semantics, materials, textures.
            for change in object.changes.iter().filter(|c| c.what.starts_with("geometry") && c.what.contains(" of surface ")) {
                text += &format!("    {}\n", change.what);
            }
        }
        if self.total > SHOWN as u64 {
            text += &format!("… and {} more objects\n", self.total - SHOWN as u64);
        }
        text
    }
}

impl GeometryChange {
    fn describe(&self) -> String {
        let (Some(a), Some(b)) = (&self.before, &self.after) else {
            return if self.before.is_some() { "gone".into() } else { "new".into() };
        };
        let mut parts = Vec::new();
        if let Some(moved) = self.moved_m.filter(|m| *m >= TOLERANCE) {
            parts.push(format!("moved by {moved:.3} m"));
        }
        if a.vertices != b.vertices {
            parts.push(format!("{} → {} vertices", a.vertices, b.vertices));
        }
        if (a.area_m2 - b.area_m2).abs() > 1e-3 {
            parts.push(format!("{:.2} → {:.2} m²", a.area_m2, b.area_m2));
        }
        if let (Some(a), Some(b)) = (a.volume_m3, b.volume_m3)
            && (a - b).abs() > 1e-3
        {
            parts.push(format!("{a:.2} → {b:.2} m³"));
        }
        if parts.is_empty() { "positions or looks differ".into() } else { parts.join(", ") }
    }
}

/// A value short enough for a line.
pub fn brief(value: &serde_json::Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(60) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text,
    }
}

/// Geometries that differ, paired in order within their level and kind.
fn geometries(before: &CityObject, after: &CityObject) -> Vec<GeometryChange> {
    let mut rest: Vec<&Geometry> = after.geometries.iter().collect();
    let mut out = Vec::new();
    let change = |a: Option<&Geometry>, b: Option<&Geometry>| {
        let (before, after) = (a.map(measure), b.map(measure));
        let moved_m = before.zip(after).map(|(a, b)| (0..3).map(|k| (a.middle[k] - b.middle[k]).powi(2)).sum::<f64>().sqrt());
        let (lod, kind) = a.or(b).map(|g| (g.lod.to_string(), format!("{:?}", g.kind))).unwrap_or_default();
        GeometryChange { lod, kind, before, after, moved_m }
    };
    for a in &before.geometries {
        match rest.iter().position(|b| (b.lod, b.kind) == (a.lod, a.kind)).map(|at| rest.remove(at)) {
            Some(b) if a == b => {}
            b => out.push(change(Some(a), b)),
        }
    }
    out.extend(rest.into_iter().map(|b| change(None, Some(b))));
    out
}

/// An object's difference from the version before it, for the history of one object.
pub fn steps(before: &CityObject, after: &CityObject) -> serde_json::Value {
    json!({ "changes": object_changes(before, after, TOLERANCE, &mut 0.0), "geometry": geometries(before, after) })
}

/// As [`steps`], in few words.
pub fn words(before: &CityObject, after: &CityObject) -> String {
    let changes = object_changes(before, after, TOLERANCE, &mut 0.0);
    let own = changes.iter().filter(|c| !c.what.starts_with("geometry")).map(|c| format!("{}: {} → {}", c.what, brief(&c.before), brief(&c.after)));
    own.chain(geometries(before, after).iter().map(|g| format!("LOD {} {}: {}", g.lod, g.kind, g.describe()))).collect::<Vec<_>>().join("; ")
}
