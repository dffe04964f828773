//! Validity of geometry after ISO 19107, with the codes and default tolerances of val3dity (Ledoux 2018, "val3dity: validation of
//! 3D GIS primitives according to the international standards", Open Geospatial Data, Software and Standards 3:1).
//!
//! Levels build on one another, as there: rings (101–104), polygons (201–208), shells (300–307), solids (401–405), composites
//! (501–503), objects beside each other ([`together`]: 601, 701), and cells beside their graph ([`indoor`]: 702–704). What a level
//! finds unsound is not looked at on the next.

mod body;
pub mod indoor;
mod polygon;
pub mod repair;
mod shell;
mod solid;
mod space;
pub mod together;

pub use body::Body;

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
    /// How deep solids may reach into one another, metres; below 0: not at all, which is told from rounding by `snap_m`.
    pub overlap_m: f64,
}

impl Default for Tolerances {
    fn default() -> Self {
        Self { snap_m: 0.001, planarity_m: 0.01, normals_deg: 20.0, overlap_m: -1.0 }
    }
}

impl Tolerances {
    /// What is wrong with the tolerances themselves (903), where something is.
    pub fn fault(&self) -> Option<String> {
        let Self { snap_m, planarity_m, normals_deg, overlap_m } = *self;
        if [snap_m, planarity_m, normals_deg, overlap_m].iter().any(|t| !t.is_finite()) {
            return Some("a tolerance is a finite number".into());
        }
        // A grid finer than numbers are would not sort vertices any more, one coarser than buildings would melt them.
        if snap_m > 1.0 || (snap_m > 0.0 && snap_m < 1e-9) {
            return Some(format!("vertices cannot be snapped within {snap_m} m; from 1e-9 to 1 m, or -1 for not at all"));
        }
        if planarity_m <= 0.0 {
            return Some(format!("{planarity_m} m is no tolerance for the distance from a plane; more than 0 is needed"));
        }
        if !(0.0..=180.0).contains(&normals_deg) || normals_deg == 0.0 {
            return Some(format!("{normals_deg}° is no tolerance for normals; more than 0 and at most 180 is needed"));
        }
        (overlap_m > 10.0).then(|| format!("{overlap_m} m of overlap is more than the 10 m that make sense"))
    }

    /// How deep something must lie in a solid to be in it and not on its boundary, metres.
    fn depth(&self) -> f64 {
        self.overlap_m.max(self.snap_m).max(1e-6)
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
const CODES: [(u16, &str, &str); 39] = [
    (101, "101", "TOO_FEW_POINTS"),
    (102, "102", "CONSECUTIVE_POINTS_SAME"),
    (103, "103", "RING_NOT_CLOSED"),
    (104, "104", "RING_SELF_INTERSECTION"),
    (201, "201", "INTERSECTION_RINGS"),
    (202, "202", "DUPLICATED_RINGS"),
    (203, "203", "NON_PLANAR_POLYGON_DISTANCE_PLANE"),
    (204, "204", "NON_PLANAR_POLYGON_NORMALS_DEVIATION"),
    (205, "205", "POLYGON_INTERIOR_DISCONNECTED"),
    (206, "206", "INNER_RING_OUTSIDE"),
    (207, "207", "INNER_RINGS_NESTED"),
    (208, "208", "ORIENTATION_RINGS_SAME"),
    (300, "300", "NOT_VALID_2_MANIFOLD"),
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
    (503, "503", "DISCONNECTED_SOLIDS"),
    (601, "601", "BUILDINGPARTS_OVERLAP"),
    (701, "701", "CELLS_OVERLAP"),
    (702, "702", "DUAL_VERTEX_OUTSIDE_CELL"),
    (703, "703", "PRIMAL_DUAL_XLINKS_ERROR"),
    (704, "704", "PRIMAL_DUAL_ADJACENCIES_INCONSISTENT"),
    (901, "901", "INVALID_INPUT_FILE"),
    (902, "902", "EMPTY_PRIMITIVE"),
    (903, "903", "WRONG_INPUT_PARAMETERS"),
    (904, "904", "FORMAT_NOT_SUPPORTED"),
    (905, "905", "INVALID_JSON"),
    (906, "906", "PRIMITIVE_NO_GEOMETRY"),
    (999, "999", "UNKNOWN_ERROR"),
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
    let mut faults = Vec::new();
    if let Some(part) = empty_part(geometry) {
        faults.push(Fault { code: 902, part, message: "there is not a single surface in it".into(), position: None });
        return faults;
    }
    let corners = space::snap(&geometry.vertices, tolerances.snap_m);
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

/// The place of a solid or shell without surfaces, or of nothing at all.
fn empty_part(geometry: &Geometry) -> Option<String> {
    if geometry.surface_ends.is_empty() || (geometry.kind.is_solid() && geometry.solid_ends.is_empty()) {
        return Some(String::new());
    }
    let shells = &geometry.shell_ends;
    let empty_shell = geometry.shells().position(|shell| shell.is_empty()).map(|shell| format!("shell {shell}"));
    let start = |solid: usize| solid.checked_sub(1).and_then(|before| geometry.solid_ends.get(before)).copied().unwrap_or(0);
    let empty_solid = || geometry.solid_ends.iter().enumerate().position(|(i, end)| *end <= start(i)).map(|solid| format!("solid {solid}"));
    if geometry.kind.is_solid() && !shells.is_empty() { empty_shell.or_else(empty_solid) } else { None }
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
        solid::check_composite(whole, tolerances, faults);
    }
}

#[cfg(test)]
mod tests;
