//! Checks of objects' geometry: val3dity's, and what only a file of another kind can have wrong.

use qike_core::Diagnostic;
use qike_scene::valid::together::{self, Kind};
use qike_scene::valid::{self, Tolerances, indoor};
use qike_scene::{CityObject, Geometry, GeometryKind};

/// All faults of an object's geometry. Coordinates are finite and indices good in what a store holds; objects from elsewhere
/// are checked for that too.
pub fn check_object(object: &CityObject, tolerances: &Tolerances) -> Vec<Diagnostic> {
    let mut faults = Vec::new();
    for (number, g) in object.geometries.iter().enumerate() {
        let place = format!("geometry {number} (LOD {})", g.lod);
        let mut report = |code: &'static str, part: &str, message: String, position: Option<[f64; 3]>| {
            let path = if part.is_empty() { place.clone() } else { format!("{place}, {part}") };
            let mut fault = Diagnostic::error(code, message).object(object.id.as_str()).path(path);
            fault.place.position = position;
            faults.push(fault);
        };
        if !g.is_consistent() {
            report("geometry-broken", "", "the geometry refers to vertices or parts it does not have".into(), None);
            continue;
        }
        if let Some(v) = g.vertices.iter().find(|v| !v.iter().all(|c| c.is_finite())) {
            report("coordinate-not-finite", "", format!("a vertex ({}, {}, {}) is no position", v[0], v[1], v[2]), None);
            continue;
        }
        check_lines(g, &mut report);
        if g.kind == GeometryKind::Mesh && g.indices.is_empty() {
            report(valid::text(902), "", format!("{}: the mesh has no triangles", valid::name(902)), None);
        }
        // A fault of the checks themselves must not hide what is wrong with all other objects.
        let found = std::panic::catch_unwind(|| valid::check(g, tolerances));
        for fault in found.unwrap_or_else(|_| vec![unknown()]) {
            report(valid::text(fault.code), &fault.part, format!("{}: {}", valid::name(fault.code), fault.message), fault.position);
        }
    }
    faults
}

fn unknown() -> valid::Fault {
    valid::Fault { code: 999, part: String::new(), message: "the check of this geometry failed; please report it with the file".into(), position: None }
}

/// What objects of one building have wrong with each other, told of the later one of each pair.
pub fn check_together(objects: &[&CityObject], kind: Kind, tolerances: &Tolerances) -> Vec<Diagnostic> {
    let told = together::check(objects, kind, tolerances).into_iter().filter_map(|overlap| {
        let fault = overlap.fault;
        let message = format!("{}: {}", valid::name(fault.code), fault.message);
        let mut diagnostic = Diagnostic::error(valid::text(fault.code), message).object(objects.get(overlap.object)?.id.as_str()).path(fault.part);
        diagnostic.place.position = fault.position;
        Some(diagnostic)
    });
    told.collect()
}

/// What is wrong with the graph of one building's cells.
pub fn check_indoor(objects: &[&CityObject], tolerances: &Tolerances) -> Vec<Diagnostic> {
    let told = indoor::check(objects, tolerances).into_iter().filter_map(|found| {
        let fault = found.fault;
        let message = format!("{}: {}", valid::name(fault.code), fault.message);
        let mut diagnostic = Diagnostic::error(valid::text(fault.code), message).object(objects.get(found.object)?.id.as_str()).path(fault.part);
        diagnostic.place.position = fault.position;
        Some(diagnostic)
    });
    told.collect()
}

type Report<'a> = dyn FnMut(&'static str, &str, String, Option<[f64; 3]>) + 'a;

fn check_lines(g: &Geometry, report: &mut Report) {
    for (number, line) in g.lines().enumerate() {
        if line.len() < 2 || line.iter().all(|p| p == &line[0]) {
            report("line-too-short", &format!("line {number}"), "a line needs two points".into(), line.first().copied());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use qike_scene::{Class, GeometryBuilder, Lod, SourceId};

    type Ring = Vec<[f64; 3]>;

    /// A box with outward faces, in millions of metres as real coordinates are.
    fn faces() -> Vec<Ring> {
        let p = |x: f64, y: f64, z: f64| [684_000.0 + x, 3_420_000.0 + y, z];
        let (a, b, c, d) = (p(0., 0., 0.), p(4., 0., 0.), p(4., 3., 0.), p(0., 3., 0.));
        let up = |q: [f64; 3]| [q[0], q[1], 5.0];
        let (e, f, g, h) = (up(a), up(b), up(c), up(d));
        vec![vec![a, d, c, b], vec![e, f, g, h], vec![a, b, f, e], vec![b, c, g, f], vec![c, d, h, g], vec![d, a, e, h]]
    }

    fn codes(faces: &[Ring], kind: GeometryKind) -> Vec<String> {
        let mut b = GeometryBuilder::new(Lod::TWO, kind);
        for face in faces {
            b.surface(std::slice::from_ref(face), None);
        }
        let mut object = CityObject::new("b", Class::Building, SourceId(0));
        object.geometries.push(b.build());
        check_object(&object, &Tolerances::default()).into_iter().map(|d| d.code.into_owned()).collect()
    }

    #[test]
    fn a_box_is_sound_and_each_fault_has_its_code() {
        let good = faces();
        assert!(codes(&good, GeometryKind::Solid).is_empty());
        assert_eq!(codes(&good[1..], GeometryKind::Solid), ["302"]);
        let mut turned = good.clone();
        turned[1].reverse();
        assert_eq!(codes(&turned, GeometryKind::Solid), ["307"]);
        let inside_out: Vec<Ring> = good.iter().map(|f| f.iter().rev().copied().collect()).collect();
        assert_eq!(codes(&inside_out, GeometryKind::Solid), ["405"]);
        let twice: Vec<Ring> = good.iter().chain(&good[..1]).cloned().collect();
        assert_eq!(codes(&twice, GeometryKind::Solid), ["303"]);
        let mut bent = good[1].clone();
        bent[2][2] += 0.1;
        assert_eq!(codes(&[bent], GeometryKind::MultiSurface), ["203"]);
        let bow = [(0., 0.), (4., 0.), (4., 3.), (2., -1.), (0., 3.)].map(|(x, y): (f64, f64)| [x, y, 0.0]).to_vec();
        assert_eq!(codes(&[bow], GeometryKind::MultiSurface), ["104"]);
        assert_eq!(codes(&[good[0][..2].to_vec()], GeometryKind::MultiSurface), ["101"]);
        let mut stutter = good[0].clone();
        stutter.insert(1, stutter[0]);
        assert_eq!(codes(&[stutter], GeometryKind::MultiSurface), ["102"]);
        let line = vec![[0.0, 0.0, 0.0], [1.0, 1.0, 1.0], [2.0, 2.0, 2.0]];
        assert_eq!(codes(&[line], GeometryKind::MultiSurface), ["104"]);
        let mut nan = good[0].clone();
        nan[0][2] = f64::NAN;
        assert_eq!(codes(&[nan], GeometryKind::MultiSurface), ["coordinate-not-finite"]);
    }

    #[test]
    fn lines_need_two_points() {
        let mut object = CityObject::new("r", Class::Road, SourceId(0));
        object.geometries.push(Geometry::line(Lod::ZERO, &[[1.0, 2.0, 0.0]]));
        assert_eq!(check_object(&object, &Tolerances::default())[0].code, "line-too-short");
    }
}
