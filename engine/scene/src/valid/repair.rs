//! Named repairs of geometry: each does one thing, and a geometry is repaired only where it is valid afterwards.

use super::shell::Shell;
use super::space::{dot, snap};
use super::{Fault, Tolerances, check};
use crate::geometry::NONE;
use crate::triangulate::{newell, triangulate};
use crate::{Geometry, GeometryKind};
use std::collections::{BTreeMap, BTreeSet};

/// Rounds of repairs before a geometry is given up: one repair may bring another fault to light.
const ROUNDS: usize = 12;

/// A repair.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Repair {
    /// Corners that stand twice in a row are dropped, and rings and faces that are no more than a line then.
    DropDuplicateVertices,
    /// Vertices within the snap tolerance of each other get the position of the first of them.
    SnapVertices,
    /// Inner rings that run the same way round as the outer one are reversed.
    OrientRings,
    /// Faces that are not flat are cut into triangles.
    SplitNonPlanar,
    /// Of faces with the same corners in one shell only the first is kept.
    DropDuplicateFaces,
    /// Faces are turned so that neighbours agree.
    OrientFaces,
    /// Shells that look the wrong way are turned inside out.
    FlipShell,
}

impl Repair {
    /// All of them, in the order they are tried.
    pub const ALL: [Repair; 7] = [
        Self::SnapVertices,
        Self::DropDuplicateVertices,
        Self::OrientRings,
        Self::SplitNonPlanar,
        Self::DropDuplicateFaces,
        Self::OrientFaces,
        Self::FlipShell,
    ];

    /// Its name on the command line and in journals.
    pub const fn name(self) -> &'static str {
        match self {
            Self::DropDuplicateVertices => "drop-duplicate-vertices",
            Self::SnapVertices => "snap-vertices",
            Self::OrientRings => "orient-rings",
            Self::SplitNonPlanar => "split-non-planar",
            Self::DropDuplicateFaces => "drop-duplicate-faces",
            Self::OrientFaces => "orient-faces",
            Self::FlipShell => "flip-shell",
        }
    }

    /// The repair of a name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|repair| repair.name() == name)
    }

    /// The codes it is meant for.
    const fn codes(self) -> &'static [u16] {
        match self {
            Self::DropDuplicateVertices => &[102],
            // Tried by itself: its faults do not show where vertices are snapped for checking anyway.
            Self::SnapVertices => &[],
            Self::OrientRings => &[208],
            Self::SplitNonPlanar => &[203, 204],
            Self::DropDuplicateFaces => &[303],
            Self::OrientFaces => &[307],
            Self::FlipShell => &[405],
        }
    }
}

/// A geometry that was repaired.
#[derive(Clone, Debug, PartialEq)]
pub struct Repaired {
    /// As it is now; valid.
    pub geometry: Geometry,
    /// What was done, and at how many places.
    pub steps: Vec<(Repair, usize)>,
    /// What was wrong before.
    pub faults: Vec<Fault>,
}

/// Repairs a geometry with repairs of a list. `None` where nothing is wrong with it, or where it cannot be made valid so.
pub fn repair(geometry: &Geometry, allowed: &[Repair], tolerances: &Tolerances) -> Option<Repaired> {
    if !geometry.kind.has_surfaces() || !geometry.is_consistent() || !geometry.is_finite() {
        return None;
    }
    let faults = check(geometry, tolerances);
    let (mut now, mut steps) = (geometry.clone(), Vec::new());
    if allowed.contains(&Repair::SnapVertices) {
        let exact = Tolerances { snap_m: -1.0, ..*tolerances };
        let (snapped, moved) = snap_vertices(&now, tolerances);
        if moved > 0 && !check(&now, &exact).is_empty() && check(&snapped, &exact).len() <= faults.len() {
            steps.push((Repair::SnapVertices, moved));
            now = snapped;
        }
    }
    for _ in 0..ROUNDS {
        let left = check(&now, tolerances);
        if left.is_empty() {
            return (!steps.is_empty()).then_some(Repaired { geometry: now, steps, faults });
        }
        let fitting = Repair::ALL.into_iter().filter(|repair| allowed.contains(repair) && left.iter().any(|f| repair.codes().contains(&f.code)));
        let (repair, next, places) = fitting.filter_map(|repair| apply(repair, &now, &left, tolerances)).next()?;
        steps.push((repair, places));
        now = next;
    }
    None
}

/// The geometry after one repair, and at how many places it did something; `None` where it did nothing.
fn apply(repair: Repair, g: &Geometry, faults: &[Fault], tolerances: &Tolerances) -> Option<(Repair, Geometry, usize)> {
    let corners = snap(&g.vertices, tolerances.snap_m);
    // Rings come as places in `indices`, so that texture coordinates stay with their corners.
    let vertex = |at: usize| g.indices.get(at).copied().unwrap_or_default();
    let corner = |at: usize| corners.get(vertex(at) as usize).copied().unwrap_or_default();
    let normal = |ring: &[usize]| newell(g, &ring.iter().map(|at| vertex(*at)).collect::<Vec<_>>());
    let named: BTreeSet<usize> =
        faults.iter().filter(|f| repair.codes().contains(&f.code)).filter_map(|f| f.part.strip_prefix("surface ")?.parse().ok()).collect();
    let mut places = 0;
    let mut turned = BTreeSet::new();
    let next = match repair {
        Repair::SnapVertices => return None,
        Repair::DropDuplicateVertices => rebuild(g, &mut |surface, rings| {
            if !named.contains(&surface) {
                return vec![rings];
            }
            let mut kept: Vec<Vec<usize>> = Vec::new();
            for (number, ring) in rings.into_iter().enumerate() {
                let mut open: Vec<usize> = Vec::new();
                for i in ring {
                    if open.last().is_none_or(|last| corner(*last) != corner(i)) {
                        open.push(i);
                    } else {
                        places += 1;
                    }
                }
                while open.len() > 1 && open.first().map(|i| corner(*i)) == open.last().map(|i| corner(*i)) {
                    open.pop();
                    places += 1;
                }
                match (open.len() > 2, number) {
                    (true, _) => kept.push(open),
                    // A face whose outer ring is a line has no area.
                    (false, 0) => return vec![],
                    (false, _) => {}
                }
            }
            vec![kept]
        }),
        Repair::OrientRings => rebuild(g, &mut |surface, mut rings| {
            if named.contains(&surface) && let Some((outer, inner)) = rings.split_first_mut() {
                let outwards = normal(outer);
                for ring in inner.iter_mut().filter(|ring| dot(normal(ring), outwards) > 0.0) {
                    ring.reverse();
                    places += 1;
                }
            }
            vec![rings]
        }),
        Repair::SplitNonPlanar => rebuild(g, &mut |surface, rings| {
            if !named.contains(&surface) {
                return vec![rings];
            }
            let triangles = triangles_of(g, &rings);
            if triangles.len() < 2 {
                return vec![rings];
            }
            places += 1;
            triangles.into_iter().map(|t| vec![t.to_vec()]).collect()
        }),
        Repair::DropDuplicateFaces => {
            let mut seen: BTreeMap<(usize, Vec<u32>), ()> = BTreeMap::new();
            let shell_of = |surface: usize| g.shell_ends.iter().position(|end| surface < *end as usize).unwrap_or(0);
            rebuild(g, &mut |surface, rings| {
                let mut all: Vec<u32> = rings.iter().flatten().map(|i| corner(*i)).collect();
                all.sort_unstable();
                if seen.insert((shell_of(surface), all), ()).is_some() {
                    places += 1;
                    return vec![];
                }
                vec![rings]
            })
        }
        Repair::OrientFaces => {
            let spans: Vec<_> = if g.kind.is_solid() { g.shells().collect() } else { std::iter::once(0..g.surface_ends.len()).collect() };
            for span in spans {
                let turns = Shell::new(g, &corners, span.clone()).turns()?;
                turned.extend(span.zip(turns).filter(|(_, turn)| *turn).map(|(surface, _)| surface));
            }
            places = turned.len();
            rebuild(g, &mut |surface, rings| vec![if turned.contains(&surface) { reversed(rings) } else { rings }])
        }
        Repair::FlipShell => {
            let spans: Vec<_> = g.shells().collect();
            let mut start = 0;
            for end in &g.solid_ends {
                for (number, span) in spans.iter().take(*end as usize).skip(start).enumerate() {
                    let volume = Shell::new(g, &corners, span.clone()).volume();
                    if (volume < 0.0) == (number == 0) {
                        turned.extend(span.clone());
                        places += 1;
                    }
                }
                start = *end as usize;
            }
            rebuild(g, &mut |surface, rings| vec![if turned.contains(&surface) { reversed(rings) } else { rings }])
        }
    };
    (places > 0).then_some((repair, next, places))
}

fn reversed(rings: Vec<Vec<usize>>) -> Vec<Vec<usize>> {
    rings.into_iter().map(|ring| ring.into_iter().rev().collect()).collect()
}

/// The triangles of one face, by places in `indices`.
fn triangles_of(g: &Geometry, rings: &[Vec<usize>]) -> Vec<[usize; 3]> {
    let mut alone = Geometry::empty(g.lod, GeometryKind::MultiSurface);
    let places: Vec<usize> = rings.iter().flatten().copied().collect();
    let position = |at: &usize| g.indices.get(*at).and_then(|i| g.vertices.get(*i as usize)).copied().unwrap_or_default();
    alone.vertices = places.iter().map(position).collect();
    for ring in rings {
        let first = alone.indices.len() as u32;
        alone.indices.extend(first..first + ring.len() as u32);
        alone.ring_ends.push(alone.indices.len() as u32);
    }
    alone.surface_ends.push(alone.ring_ends.len() as u32);
    triangulate(&alone).indices.iter().map(|t| t.map(|i| places.get(i as usize).copied().unwrap_or_default())).collect()
}

/// A copy whose vertices within the tolerance are at one place, and how many were moved.
fn snap_vertices(g: &Geometry, tolerances: &Tolerances) -> (Geometry, usize) {
    let mut out = g.clone();
    let mut moved = 0;
    for (i, first) in snap(&g.vertices, tolerances.snap_m).into_iter().enumerate() {
        if let (Some(to), Some(vertex)) = (g.vertices.get(first as usize), out.vertices.get_mut(i)) {
            moved += usize::from(vertex != to);
            *vertex = *to;
        }
    }
    (out, moved)
}

/// The rings of a face, as places in the `indices` of its geometry.
type Rings = Vec<Vec<usize>>;

/// A copy in which each surface is replaced by what `faces` makes of its rings: itself, none, or several.
fn rebuild(g: &Geometry, faces: &mut dyn FnMut(usize, Rings) -> Vec<Rings>) -> Geometry {
    let mut out = Geometry { indices: vec![], ring_ends: vec![], surface_ends: vec![], ..g.clone() };
    let (mut ends, mut places, mut origins) = (vec![0], Vec::new(), Vec::new());
    let start = |ring: usize| ring.checked_sub(1).and_then(|before| g.ring_ends.get(before)).copied().unwrap_or(0) as usize;
    let mut first = 0;
    for (surface, end) in g.surface_ends.iter().enumerate() {
        let rings = (first..*end as usize).map(|ring| (start(ring)..start(ring + 1)).collect()).collect();
        first = *end as usize;
        for face in faces(surface, rings) {
            for ring in face {
                out.indices.extend(ring.iter().filter_map(|at| g.indices.get(*at)));
                places.extend(ring);
                out.ring_ends.push(out.indices.len() as u32);
            }
            out.surface_ends.push(out.ring_ends.len() as u32);
            origins.push(surface);
        }
        ends.push(out.surface_ends.len() as u32);
    }
    out.shell_ends = g.shell_ends.iter().map(|end| ends.get(*end as usize).copied().unwrap_or_default()).collect();
    let of_surfaces = |list: &mut Vec<u32>| {
        if !list.is_empty() {
            *list = origins.iter().map(|surface| list.get(*surface).copied().unwrap_or(NONE)).collect();
        }
    };
    let of_corners = |list: &mut Vec<[f32; 2]>| {
        if !list.is_empty() {
            *list = places.iter().map(|at| list.get(*at).copied().unwrap_or_default()).collect();
        }
    };
    of_surfaces(&mut out.surface_semantic);
    of_surfaces(&mut out.surface_material);
    if let Some(looks) = &mut out.appearance {
        of_surfaces(&mut looks.surface_texture);
        of_corners(&mut looks.uv);
        for theme in &mut looks.others {
            of_surfaces(&mut theme.surface_material);
            of_surfaces(&mut theme.surface_texture);
            of_corners(&mut theme.uv);
        }
    }
    out
}
