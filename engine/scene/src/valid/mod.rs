//! Validity of geometry after ISO 19107, with the codes and default tolerances of val3dity (Ledoux 2018, "val3dity: validation of
//! 3D GIS primitives according to the international standards", Open Geospatial Data, Software and Standards 3:1).
//!
//! Levels build on one another, as there: rings (101–104), polygons (201–208), shells (301–307), solids (401–405), composites
//! (501–503). What a level finds unsound is not looked at on the next.

mod polygon;
mod shell;
mod solid;
mod space;

use crate::{Geometry, GeometryKind};
use shell::Shell;

/// How far things may be off.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tolerances {
    /// Vertices no further apart are one, metres.
    pub snap_m: f64,
    /// How far a vertex may lie from its polygon's plane, metres.
    pub planarity_m: f64,
    /// How far the normals of a polygon's triangles may be turned against its plane's, degrees.
    pub normals_deg: f64,
}

impl Default for Tolerances {
    fn default() -> Self {
        Self { snap_m: 0.001, planarity_m: 0.01, normals_deg: 20.0 }
    }
}

/// Something that is not valid.
#[derive(Clone, Debug, PartialEq)]
pub struct Fault {
    /// val3dity's code.
    pub code: u16,
    /// Where in the geometry: solid, shell, surface.
    pub part: String,
    /// What is wrong there.
    pub message: String,
    /// A place to look at.
    pub position: Option<[f64; 3]>,
}

/// The codes as numbers, as text, and by name.
const CODES: [(u16, &str, &str); 24] = [
    (101, "101", "TOO_FEW_POINTS"),
    (102, "102", "CONSECUTIVE_POINTS_SAME"),
    (104, "104", "RING_SELF_INTERSECTION"),
    (201, "201", "INTERSECTION_RINGS"),
    (202, "202", "DUPLICATED_RINGS"),
    (203, "203", "NON_PLANAR_POLYGON_DISTANCE_PLANE"),
    (204, "204", "NON_PLANAR_POLYGON_NORMALS_DEVIATION"),
    (205, "205", "POLYGON_INTERIOR_DISCONNECTED"),
    (206, "206", "INNER_RING_OUTSIDE"),
    (207, "207", "INNER_RINGS_NESTED"),
    (208, "208", "ORIENTATION_RINGS_SAME"),
    (301, "301", "TOO_FEW_POLYGONS"),
    (302, "302", "SHELL_NOT_CLOSED"),
    (303, "303", "NON_MANIFOLD_CASE"),
    (305, "305", "MULTIPLE_CONNECTED_COMPONENTS"),
    (306, "306", "SHELL_SELF_INTERSECTION"),
    (307, "307", "POLYGON_WRONG_ORIENTATION"),
    (401, "401", "INTERSECTION_SHELLS"),
    (402, "402", "DUPLICATED_SHELLS"),
    (403, "403", "INNER_SHELL_OUTSIDE"),
    (404, "404", "SOLID_INTERIOR_DISCONNECTED"),
    (405, "405", "WRONG_ORIENTATION_SHELL"),
    (501, "501", "INTERSECTION_SOLIDS"),
    (502, "502", "DUPLICATED_SOLIDS"),
];

/// val3dity's name of a code; `UNKNOWN` for others.
pub fn name(code: u16) -> &'static str {
    CODES.iter().find(|(known, ..)| *known == code).map_or("UNKNOWN", |(.., name)| name)
}

/// A code as text.
pub fn text(code: u16) -> &'static str {
    CODES.iter().find(|(known, ..)| *known == code).map_or("000", |(_, text, _)| text)
}

/// All faults of a geometry whose indices are good and whose coordinates are finite.
pub fn check(geometry: &Geometry, tolerances: &Tolerances) -> Vec<Fault> {
    if !geometry.kind.has_surfaces() {
        return Vec::new();
    }
    let corners = space::snap(&geometry.vertices, tolerances.snap_m);
    let mut faults = Vec::new();
    let sound: Vec<bool> = geometry
        .surfaces()
        .map(|surface| {
            let before = faults.len();
            polygon::check(geometry, &corners, surface, tolerances, &mut faults);
            faults.len() == before
        })
        .collect();
    if geometry.kind == GeometryKind::CompositeSurface && sound.iter().all(|sound| *sound) {
        Shell::new(geometry, &corners, 0..sound.len()).check(false, "surface", &mut faults);
    }
    if geometry.kind.is_solid() {
        solids(geometry, &corners, &sound, tolerances, &mut faults);
    }
    faults
}

fn solids(geometry: &Geometry, corners: &[u32], sound: &[bool], tolerances: &Tolerances, faults: &mut Vec<Fault>) {
    let spans: Vec<_> = geometry.shells().collect();
    let mut start = 0;
    let mut whole = Vec::new();
    for (number, end) in geometry.solid_ends.iter().enumerate() {
        let shells: Vec<Shell> =
            spans.iter().take(*end as usize).skip(start).map(|span| Shell::new(geometry, corners, span.clone())).collect();
        let place = |shell: usize| if geometry.solid_ends.len() > 1 { format!("solid {number}, shell {shell}") } else { format!("shell {shell}") };
        let before = faults.len();
        let mut flat = true;
        for (i, span) in spans.iter().take(*end as usize).skip(start).enumerate() {
            let good = sound.get(span.clone()).is_some_and(|sound| sound.iter().all(|sound| *sound));
            flat &= good;
            if good && let Some(shell) = shells.get(i) {
                shell.check(true, &place(i), faults);
            }
        }
        if flat && faults.len() == before {
            solid::check(&shells, &place, tolerances, faults);
        }
        if flat && faults.len() == before {
            whole.extend(shells.into_iter().next().map(|shell| (number, shell)));
        }
        start = *end as usize;
    }
    // Of a composite the outer shells: solids may touch and must not overlap.
    if geometry.kind == GeometryKind::CompositeSolid && whole.len() == geometry.solid_ends.len() {
        solid::check_composite(&whole, tolerances, faults);
    }
}

#[cfg(test)]
mod tests;
