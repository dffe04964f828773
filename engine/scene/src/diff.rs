//! What differs between two models: objects on one side only, of those on both every attribute, part, position and look, and what
//! their sources say of themselves.

mod about;
mod looks;

pub use about::about_changes;

use crate::{CityObject, Geometry, GeometryKind, ObjectId, SceneSnapshot, Semantic, Value};
use serde::Serialize;
use std::borrow::Cow;

/// One difference of an object that both models have.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Change {
    /// `class`, `name`, `parent`, `valid_from`, `valid_to`, `attribute …` or `geometry …`; of a source the path of a member.
    pub what: String,
    /// In the first model; `null` where it is not there.
    pub before: Value,
    /// In the second.
    pub after: Value,
}

/// All differences of one object.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ObjectChange {
    /// Its id.
    pub id: ObjectId,
    /// What differs, in a fixed order.
    pub changes: Vec<Change>,
}

/// All differences of two models.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Diff {
    /// Objects that only the first model has.
    pub removed: Vec<ObjectId>,
    /// Objects that only the second has.
    pub added: Vec<ObjectId>,
    /// Objects that both have and that differ.
    pub changed: Vec<ObjectChange>,
    /// What the one source of each model says of itself and that differs, by its path (`metadata/title`).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub about: Vec<Change>,
    /// Objects that both have and that are the same.
    pub same: u64,
    /// Greatest distance between positions that count as the same, metres.
    pub greatest_shift_m: f64,
}

impl Diff {
    /// True where nothing differs.
    pub fn is_empty(&self) -> bool {
        self.removed.is_empty() && self.added.is_empty() && self.changed.is_empty() && self.about.is_empty()
    }
}

/// Compares two models whose coordinates are in the same system. Positions no further apart than `tolerance` metres are the
/// same.
pub fn diff(a: &SceneSnapshot, b: &SceneSnapshot, tolerance: f64) -> Diff {
    let mut out = Diff { about: about::of_sources(a, b), ..Diff::default() };
    let (mut left, mut right) = (a.objects().iter().peekable(), b.objects().iter().peekable());
    // Both are sorted by id.
    loop {
        let order = match (left.peek(), right.peek()) {
            (None, None) => return out,
            (Some(_), None) => std::cmp::Ordering::Less,
            (None, Some(_)) => std::cmp::Ordering::Greater,
            (Some(x), Some(y)) => x.id.cmp(&y.id),
        };
        match order {
            std::cmp::Ordering::Less => out.removed.extend(left.next().map(|o| o.id.clone())),
            std::cmp::Ordering::Greater => out.added.extend(right.next().map(|o| o.id.clone())),
            std::cmp::Ordering::Equal => {
                let (Some(x), Some(y)) = (left.next(), right.next()) else { return out };
                let changes = object_changes(x, y, tolerance, &mut out.greatest_shift_m);
                if changes.is_empty() {
                    out.same += 1;
                } else {
                    out.changed.push(ObjectChange { id: x.id.clone(), changes });
                }
            }
        }
    }
}

/// All differences of two versions of an object. The greatest distance between positions that count as the same goes to `shift`.
pub fn object_changes(a: &CityObject, b: &CityObject, tolerance: f64, shift: &mut f64) -> Vec<Change> {
    let mut out = Vec::new();
    let mut note = |what: &str, before: Value, after: Value| {
        if before != after {
            out.push(Change { what: what.to_owned(), before, after });
        }
    };
    let text = |t: Option<&str>| t.map_or(Value::Null, Value::from);
    note("class", a.class.name().into(), b.class.name().into());
    note("name", text(a.name.as_deref()), text(b.name.as_deref()));
    note("parent", text(a.parent.as_ref().map(ObjectId::as_str)), text(b.parent.as_ref().map(ObjectId::as_str)));
    note("valid_from", text(a.valid_from.as_deref()), text(b.valid_from.as_deref()));
    note("valid_to", text(a.valid_to.as_deref()), text(b.valid_to.as_deref()));
    // Some formats keep the name among the attributes.
    let is_name = |object: &CityObject, key: &str, value: &Value| key == "name" && value.as_str() == object.name.as_deref();
    for (key, before) in a.attributes.iter().filter(|(key, value)| !is_name(a, key, value)) {
        let after = b.attributes.get(key).unwrap_or(&Value::Null);
        if !alike(before, after) {
            note(&format!("attribute {key}"), before.clone(), after.clone());
        }
    }
    for (key, after) in b.attributes.iter().filter(|(key, value)| !a.attributes.contains_key(*key) && !is_name(b, key, value)) {
        note(&format!("attribute {key}"), Value::Null, after.clone());
    }
    geometries(&a.geometries, &b.geometries, tolerance, shift, &mut out);
    out
}

/// Equal, numbers to fifteen digits and whatever their spelling (2 and 2.0).
fn alike(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(x), Value::Number(y)) => match (x.as_f64(), y.as_f64()) {
            (Some(x), Some(y)) => (x - y).abs() <= 1e-15 * x.abs().max(y.abs()),
            _ => x == y,
        },
        (Value::Array(x), Value::Array(y)) => x.len() == y.len() && x.iter().zip(y).all(|(x, y)| alike(x, y)),
        (Value::Object(x), Value::Object(y)) => x.len() == y.len() && x.iter().all(|(key, x)| y.get(key).is_some_and(|y| alike(x, y))),
        _ => a == b,
    }
}

/// Pairs geometries of the same level and kind, in order.
fn geometries(a: &[Geometry], b: &[Geometry], tolerance: f64, shift: &mut f64, out: &mut Vec<Change>) {
    let label = |g: &Geometry| format!("geometry LOD {} {:?}", g.lod, g.kind);
    let mut rest: Vec<&Geometry> = b.iter().collect();
    for before in a {
        let Some(at) = rest.iter().position(|g| (g.lod, kind(g)) == (before.lod, kind(before))) else {
            out.push(Change { what: label(before), before: size(before), after: Value::Null });
            continue;
        };
        let after = rest.remove(at);
        compare(&surfaces(before), &surfaces(after), &label(before), tolerance, shift, out);
    }
    out.extend(rest.into_iter().map(|after| Change { what: label(after), before: Value::Null, after: size(after) }));
}

/// Formats without meshes keep them as surfaces of three corners: that is the same.
fn kind(g: &Geometry) -> GeometryKind {
    if g.kind == GeometryKind::Mesh { GeometryKind::MultiSurface } else { g.kind }
}

/// A mesh as surfaces of three corners, anything else as it is.
fn surfaces(g: &Geometry) -> Cow<'_, Geometry> {
    if g.kind != GeometryKind::Mesh {
        return Cow::Borrowed(g);
    }
    let count = (g.indices.len() / 3) as u32;
    Cow::Owned(Geometry { ring_ends: (1..=count).map(|n| 3 * n).collect(), surface_ends: (1..=count).collect(), ..g.clone() })
}

/// A geometry in a few numbers.
fn size(g: &Geometry) -> Value {
    serde_json::json!({"vertices": g.vertices.len(), "surfaces": g.surface_ends.len(), "indices": g.indices.len()})
}

fn compare(a: &Geometry, b: &Geometry, label: &str, tolerance: f64, shift: &mut f64, out: &mut Vec<Change>) {
    let shape = |g: &Geometry| [lengths(&g.ring_ends), lengths(&g.surface_ends), lengths(&g.shell_ends), lengths(&g.solid_ends)];
    if a.indices.len() != b.indices.len() || shape(a) != shape(b) {
        out.push(Change { what: format!("{label} structure"), before: size(a), after: size(b) });
        return;
    }
    let place = |g: &Geometry, i: u32| g.vertices.get(i as usize).copied().unwrap_or([f64::NAN; 3]);
    let apart = |(i, j): (&u32, &u32)| {
        let (p, q) = (place(a, *i), place(b, *j));
        (0..3).map(|k| (p[k] - q[k]).powi(2)).sum::<f64>().sqrt()
    };
    let furthest = a.indices.iter().zip(&b.indices).map(apart).fold(0.0, f64::max);
    if furthest > tolerance {
        out.push(Change { what: format!("{label} positions"), before: Value::Null, after: serde_json::json!({"greatest_shift_m": furthest}) });
    } else {
        *shift = shift.max(furthest);
    }
    let said = |g: &Geometry| -> Vec<Value> { (0..g.surface_ends.len()).map(|s| semantic(g, g.surface_semantic.get(s).copied())).collect() };
    let (before, after) = (said(a), said(b));
    if let Some(at) = before.iter().zip(&after).position(|(x, y)| !alike(x, y)) {
        let what = format!("{label} semantics of surface {at}");
        out.push(Change { what, before: before.get(at).cloned().unwrap_or_default(), after: after.get(at).cloned().unwrap_or_default() });
    }
    looks::compare(a, b, label, out);
}

fn lengths(ends: &[u32]) -> Vec<u32> {
    let starts = std::iter::once(0).chain(ends.iter().copied());
    starts.zip(ends).map(|(start, end)| end.saturating_sub(start)).collect()
}

/// A surface's semantic with that of the surface it is in.
fn semantic(g: &Geometry, number: Option<u32>) -> Value {
    let mut chain = Vec::new();
    let mut at = number.and_then(|n| g.semantics.get(n as usize));
    while let Some(Semantic { kind, parent, attributes }) = at {
        chain.push(serde_json::json!({"kind": kind, "attributes": attributes}));
        at = parent.and_then(|p| g.semantics.get(p as usize)).filter(|_| chain.len() < 8);
    }
    chain.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Class, GeometryBuilder, Lod, SourceId};
    use qike_core::Crs;

    fn house(id: &str, height: f64) -> CityObject {
        let mut object = CityObject::new(id, Class::Building, SourceId(0));
        object.attributes.insert("storeys".into(), 2.into());
        let mut builder = GeometryBuilder::new(Lod::TWO, GeometryKind::MultiSurface);
        builder.surface(&[vec![[0.0; 3], [1.0, 0.0, 0.0], [0.0, 1.0, height]]], Some("RoofSurface"));
        object.geometries.push(builder.build());
        object
    }

    fn model(objects: Vec<CityObject>) -> SceneSnapshot {
        SceneSnapshot::new(Crs::local(), vec![], objects, vec![])
    }

    fn whats(diff: &Diff) -> Vec<&str> {
        diff.changed.iter().flat_map(|o| o.changes.iter().map(|c| c.what.as_str())).collect()
    }

    #[test]
    fn the_same_is_the_same_and_small_shifts_are_measured() {
        let found = diff(&model(vec![house("a", 3.0)]), &model(vec![house("a", 3.0004)]), 0.001);
        assert!(found.is_empty() && found.same == 1, "{found:?}");
        assert!((found.greatest_shift_m - 0.0004).abs() < 1e-9);
    }

    #[test]
    fn everything_that_differs_is_named() {
        let mut other = house("a", 3.0);
        other.name = Some("Town hall".into());
        // A name among the attributes is the name.
        other.attributes.insert("name".into(), "Town hall".into());
        other.attributes.insert("storeys".into(), serde_json::json!(2.0));
        other.attributes.insert("roof".into(), "flat".into());
        other.geometries[0].vertices[2][2] = 4.0;
        other.geometries[0].semantics[0].kind = "WallSurface".into();
        other.geometries.push(Geometry::point(Lod::ZERO, [0.0; 3]));
        let found = diff(&model(vec![house("a", 3.0), house("b", 1.0)]), &model(vec![other, house("c", 1.0)]), 0.001);
        let expected = [
            "name",
            "attribute roof",
            "geometry LOD 2 MultiSurface positions",
            "geometry LOD 2 MultiSurface semantics of surface 0",
            "geometry LOD 0 MultiPoint",
        ];
        assert_eq!(whats(&found), expected, "{found:#?}");
        assert_eq!((found.removed, found.added), (vec![ObjectId::new("b")], vec![ObjectId::new("c")]));
    }
}
