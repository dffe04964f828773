//! Solids of buildings: a prism for LOD1, walls under a roof for LOD2.
//!
//! Roofs come in three families, which cover what mappers tag most (OSM wiki, "Simple 3D Buildings"):
//! - profiles: the height depends on the distance from a line along the ridge (gabled, round, gambrel, saltbox, skillion);
//!   the outline is cut into strips along the profile's kinks, each strip is one flat surface;
//! - stacks: the outline shrinks towards its centre (pyramidal, dome, onion, cone);
//! - hipped, for outlines with four corners.
//!
//! Where the outline does not allow the shape (courtyards, a line that crosses the outline more than twice, a centre that
//! does not see every wall) the roof is flat. All solids are closed: each edge belongs to two surfaces.

use super::footprint::{Footprint, P2, edges, extent};
use qike_scene::{Geometry, GeometryBuilder, GeometryKind, Lod};

const GROUND: Option<&str> = Some("GroundSurface");
const WALL: Option<&str> = Some("WallSurface");
const ROOF: Option<&str> = Some("RoofSurface");

/// Heights of a building over the ground, metres.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Heights {
    /// Where its walls begin (above 0 for parts that hang).
    pub base: f64,
    /// Where its roof begins.
    pub eaves: f64,
    /// Its highest point.
    pub top: f64,
}

/// The shape of a roof and which way it points.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Roof<'a> {
    /// The value of `roof:shape`.
    pub shape: &'a str,
    /// True where the ridge runs across the longer side (`roof:orientation=across`).
    pub across: bool,
    /// Compass bearing that the roof (of a skillion: its lower side) faces, degrees, where tagged.
    pub direction: Option<f64>,
}

/// Kinks of a profile: position across the ridge (-1 to 1), share of the roof's height.
type Profile = &'static [(f64, f64)];

const GABLED: Profile = &[(-1.0, 0.0), (0.0, 1.0), (1.0, 0.0)];
const SKILLION: Profile = &[(-1.0, 0.0), (1.0, 1.0)];
const GAMBREL: Profile = &[(-1.0, 0.0), (-0.6, 0.65), (0.0, 1.0), (0.6, 0.65), (1.0, 0.0)];
const SALTBOX: Profile = &[(-1.0, 0.0), (0.4, 1.0), (1.0, 0.4)];
/// A half circle in eight chords: sqrt(1 - x²).
const ROUND: Profile = &[
    (-1.0, 0.0), (-0.9239, 0.3827), (-0.7071, 0.7071), (-0.3827, 0.9239), (0.0, 1.0),
    (0.3827, 0.9239), (0.7071, 0.7071), (0.9239, 0.3827), (1.0, 0.0),
];

/// Rings of a stack: height share, scale of the outline; the last scale 0 is an apex.
type Stack = &'static [(f64, f64)];

const PYRAMID: Stack = &[(1.0, 0.0)];
const DOME: Stack = &[(0.2588, 0.9659), (0.5, 0.866), (0.7071, 0.7071), (0.866, 0.5), (0.9659, 0.2588), (1.0, 0.0)];
const ONION: Stack = &[(0.1, 1.15), (0.25, 1.2), (0.4, 1.0), (0.55, 0.65), (0.7, 0.35), (0.85, 0.12), (1.0, 0.0)];
const MANSARD: Stack = &[(0.7, 0.85), (1.0, 0.55)];

/// A prism over the footprint.
pub fn prism(lod: Lod, footprint: &Footprint, base: f64, top: f64) -> Geometry {
    let mut b = GeometryBuilder::new(lod, GeometryKind::Solid);
    add_prism(&mut b, footprint, base, top);
    b.build()
}

/// Several prisms as one geometry (a building with separate outlines).
pub fn prisms(lod: Lod, footprints: &[Footprint], base: f64, top: f64) -> Geometry {
    let mut b = GeometryBuilder::new(lod, GeometryKind::MultiSolid);
    for footprint in footprints {
        add_prism(&mut b, footprint, base, top);
        b.end_solid();
    }
    b.build()
}

fn add_prism(b: &mut GeometryBuilder, f: &Footprint, base: f64, top: f64) {
    add_ground(b, f, base);
    for (p, q) in f.holes.iter().chain([&f.exterior]).flat_map(|r| edges(r)) {
        b.surface(&[vec![at(p, base), at(q, base), at(q, top), at(p, top)]], WALL);
    }
    let mut rings = vec![lifted(&f.exterior, top)];
    rings.extend(f.holes.iter().map(|h| lifted(h, top)));
    b.surface(&rings, ROOF);
}

fn add_ground(b: &mut GeometryBuilder, f: &Footprint, base: f64) {
    let down = |ring: &Vec<P2>| ring.iter().rev().map(|p| at(*p, base)).collect::<Vec<_>>();
    let mut rings = vec![down(&f.exterior)];
    rings.extend(f.holes.iter().map(down));
    b.surface(&rings, GROUND);
}

fn at(p: P2, z: f64) -> [f64; 3] {
    [p[0], p[1], z]
}

fn lifted(ring: &[P2], z: f64) -> Vec<[f64; 3]> {
    ring.iter().map(|p| at(*p, z)).collect()
}

/// A building with its roof; `None` where the shape is unknown, or the footprint does not allow it.
pub fn with_roof(footprint: &Footprint, h: Heights, roof: Roof<'_>) -> Option<Geometry> {
    if roof.shape == "flat" {
        return Some(prism(Lod::TWO, footprint, h.base, h.top));
    }
    // Vertices in the middle of a wall would become kinks of nothing.
    let f = Footprint { exterior: footprint.corners(), holes: footprint.holes.clone() };
    if h.top - h.eaves < 0.05 || h.eaves - h.base < 0.05 || !f.holes.is_empty() {
        return None;
    }
    match roof.shape {
        "gabled" | "half-hipped" | "double_saltbox" => profile(&f, h, roof, GABLED),
        "gambrel" => profile(&f, h, roof, GAMBREL),
        "saltbox" => profile(&f, h, roof, SALTBOX),
        "round" => profile(&f, h, roof, ROUND),
        "skillion" => profile(&f, h, roof, SKILLION),
        "pyramidal" | "cone" => stack(&f, h, PYRAMID),
        "dome" => stack(&f, h, DOME),
        "onion" => stack(&f, h, ONION),
        "mansard" => stack(&f, h, MANSARD),
        "hipped" => hipped(&f, h, roof.across),
        _ => None,
    }
}

/// Unit vector across the ridge; of a skillion, towards its higher side.
fn across(f: &Footprint, roof: Roof<'_>) -> P2 {
    let (u, ..) = f.long_side();
    if let Some(bearing) = roof.direction {
        let (east, north) = bearing.to_radians().sin_cos();
        return if roof.shape == "skillion" { [-east, -north] } else { [east, north] };
    }
    if roof.across { u } else { [-u[1], u[0]] }
}

fn profile(f: &Footprint, h: Heights, roof: Roof<'_>, kinks: Profile) -> Option<Geometry> {
    let u = across(f, roof);
    let (low, high) = extent(&f.exterior, u);
    let (middle, half) = (0.5 * (low + high), 0.5 * (high - low));
    if half < 0.2 {
        return None;
    }
    let offset = |p: P2| (p[0] * u[0] + p[1] * u[1] - middle) / half;
    let height = |x: f64| {
        let piece = kinks.windows(2).find(|w| x <= w[1].0).unwrap_or(&kinks[kinks.len() - 2..]);
        let t = ((x - piece[0].0) / (piece[1].0 - piece[0].0)).clamp(0.0, 1.0);
        h.eaves + (h.top - h.eaves) * (piece[0].1 + t * (piece[1].1 - piece[0].1))
    };
    let cuts: Vec<f64> = kinks[1..kinks.len() - 1].iter().map(|k| k.0).collect();
    // Every kink that runs over a wall becomes a vertex of that wall's upper edge.
    let mut upper: Vec<(P2, f64)> = Vec::new();
    let mut walls: Vec<Vec<[f64; 3]>> = Vec::new();
    for (p, q) in edges(&f.exterior) {
        let (a, b) = (offset(p), offset(q));
        let mut on_edge: Vec<f64> = cuts.iter().copied().filter(|c| (a - c) * (b - c) < 0.0 && (a - c).abs() > 1e-9 && (b - c).abs() > 1e-9).collect();
        on_edge.sort_by(f64::total_cmp);
        if a > b {
            on_edge.reverse();
        }
        let mut chain = vec![(p, a)];
        chain.extend(on_edge.iter().map(|c| {
            let t = (c - a) / (b - a);
            ([p[0] + t * (q[0] - p[0]), p[1] + t * (q[1] - p[1])], *c)
        }));
        let mut wall = vec![at(p, h.base), at(q, h.base), at(q, height(b))];
        wall.extend(chain.iter().rev().map(|(r, x)| at(*r, height(*x))));
        walls.push(wall);
        upper.extend(chain);
    }
    let mut strips: Vec<Vec<(P2, f64)>> = vec![upper];
    for cut in cuts {
        let mut next = Vec::new();
        for strip in strips {
            next.extend(split(&strip, cut)?);
        }
        strips = next;
    }
    let mut b = GeometryBuilder::new(Lod::TWO, GeometryKind::Solid);
    add_ground(&mut b, f, h.base);
    for wall in walls {
        b.surface(&[wall], WALL);
    }
    for strip in strips {
        b.surface(&[strip.iter().map(|(p, x)| at(*p, height(*x))).collect()], ROOF);
    }
    Some(b.build())
}

/// Splits a ring along a line that passes through exactly two of its vertices (they were put there before); `None` where
/// it passes through more. A ring that lies on one side comes back whole.
fn split(ring: &[(P2, f64)], cut: f64) -> Option<Vec<Vec<(P2, f64)>>> {
    let side = |x: f64| if (x - cut).abs() < 1e-9 { 0i8 } else if x < cut { -1 } else { 1 };
    if ring.iter().all(|v| side(v.1) <= 0) || ring.iter().all(|v| side(v.1) >= 0) {
        return Some(vec![ring.to_vec()]);
    }
    let on: Vec<usize> = (0..ring.len()).filter(|&i| side(ring[i].1) == 0).collect();
    let [i, j] = on.as_slice() else { return None };
    let one = ring[*i..=*j].to_vec();
    let other: Vec<(P2, f64)> = ring[*j..].iter().chain(&ring[..=*i]).copied().collect();
    let whole = |r: &[(P2, f64)]| r.len() >= 3 && (r.iter().all(|v| side(v.1) <= 0) || r.iter().all(|v| side(v.1) >= 0));
    (whole(&one) && whole(&other)).then(|| vec![one, other])
}

fn stack(f: &Footprint, h: Heights, rings: Stack) -> Option<Geometry> {
    let c = f.centroid();
    if !f.is_star_about(c) {
        return None;
    }
    let mut b = GeometryBuilder::new(Lod::TWO, GeometryKind::Solid);
    add_ground(&mut b, f, h.base);
    for (p, q) in edges(&f.exterior) {
        b.surface(&[vec![at(p, h.base), at(q, h.base), at(q, h.eaves), at(p, h.eaves)]], WALL);
    }
    let scaled = |p: P2, s: f64| [c[0] + s * (p[0] - c[0]), c[1] + s * (p[1] - c[1])];
    let (mut z0, mut s0) = (h.eaves, 1.0);
    for &(share, s1) in rings {
        let z1 = h.eaves + share * (h.top - h.eaves);
        for (p, q) in edges(&f.exterior) {
            let mut surface = vec![at(scaled(p, s0), z0), at(scaled(q, s0), z0)];
            if s1 == 0.0 {
                surface.push(at(c, z1));
            } else {
                surface.extend([at(scaled(q, s1), z1), at(scaled(p, s1), z1)]);
            }
            b.surface(&[surface], ROOF);
        }
        (z0, s0) = (z1, s1);
    }
    if s0 > 0.0 {
        b.surface(&[f.exterior.iter().map(|p| at(scaled(*p, s0), z0)).collect()], ROOF);
    }
    Some(b.build())
}

/// Four sloping sides around a ridge, over an outline of four corners.
fn hipped(f: &Footprint, h: Heights, across: bool) -> Option<Geometry> {
    let ring: [P2; 4] = f.exterior.as_slice().try_into().ok()?;
    if !f.is_star_about(f.centroid()) {
        return None;
    }
    let length = |i: usize| (ring[(i + 1) % 4][0] - ring[i][0]).hypot(ring[(i + 1) % 4][1] - ring[i][1]);
    // Turn the corners so that 0→1 runs along the ridge.
    let first_is_long = length(0) + length(2) >= length(1) + length(3);
    let turn = usize::from(first_is_long == across);
    let r: Vec<P2> = (0..4).map(|i| ring[(i + turn) % 4]).collect();
    let (along, wide) = (length(turn).min(length(turn + 2)), length((turn + 1) % 4).max(length((turn + 3) % 4)));
    if along < wide * 1.02 {
        return stack(f, h, PYRAMID);
    }
    let mid = |a: P2, b: P2| [0.5 * (a[0] + b[0]), 0.5 * (a[1] + b[1])];
    let (start, end) = (mid(r[3], r[0]), mid(r[1], r[2]));
    // The ends slope like the sides: the ridge begins half a width from them.
    let t = (0.5 * wide / (end[0] - start[0]).hypot(end[1] - start[1])).min(0.49);
    let between = |s: f64| at([start[0] + s * (end[0] - start[0]), start[1] + s * (end[1] - start[1])], h.top);
    let (ridge0, ridge1) = (between(t), between(1.0 - t));
    let e = |i: usize| at(r[i], h.eaves);
    let mut b = GeometryBuilder::new(Lod::TWO, GeometryKind::Solid);
    add_ground(&mut b, f, h.base);
    for (p, q) in edges(&f.exterior) {
        b.surface(&[vec![at(p, h.base), at(q, h.base), at(q, h.eaves), at(p, h.eaves)]], WALL);
    }
    b.surface(&[vec![e(1), e(2), ridge1]], ROOF).surface(&[vec![e(3), e(0), ridge0]], ROOF);
    // In an outline that is not a rectangle the long sides are not flat: two triangles each.
    for (a, c, near, far) in [(0, 1, ridge0, ridge1), (2, 3, ridge1, ridge0)] {
        b.surface(&[vec![e(a), e(c), far]], ROOF).surface(&[vec![e(a), far, near]], ROOF);
    }
    Some(b.build())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    /// Every directed edge has its opposite exactly once: the solid is closed and its surfaces face outwards alike.
    fn assert_closed(g: &Geometry, what: &str) {
        let mut count: BTreeMap<(u32, u32), i32> = BTreeMap::new();
        for surface in g.surfaces() {
            for ring in surface.rings() {
                for i in 0..ring.len() {
                    *count.entry((ring[i], ring[(i + 1) % ring.len()])).or_default() += 1;
                }
            }
        }
        for ((a, b), n) in &count {
            assert_eq!((*n, count.get(&(*b, *a))), (1, Some(&1)), "{what}: edge {:?} {:?}", g.vertices[*a as usize], g.vertices[*b as usize]);
        }
        assert!(g.is_consistent() && volume(g) > 0.0, "{what}");
    }

    /// Six times the volume, by the divergence theorem over fans (all surfaces here are flat or triangles).
    fn volume(g: &Geometry) -> f64 {
        let mut sum = 0.0;
        for surface in g.surfaces() {
            for ring in surface.rings() {
                let v = |i: usize| g.vertices[ring[i] as usize];
                for i in 1..ring.len() - 1 {
                    let (a, b, c) = (v(0), v(i), v(i + 1));
                    sum += a[0] * (b[1] * c[2] - b[2] * c[1]) - a[1] * (b[0] * c[2] - b[2] * c[0]) + a[2] * (b[0] * c[1] - b[1] * c[0]);
                }
            }
        }
        sum / 6.0
    }

    const H: Heights = Heights { base: 0.0, eaves: 6.0, top: 9.0 };

    fn rectangle() -> Footprint {
        Footprint::new(&[[0.0, 0.0], [12.0, 0.0], [12.0, 8.0], [0.0, 8.0]], &[]).unwrap()
    }

    fn roofed(f: &Footprint, shape: &str) -> Option<Geometry> {
        with_roof(f, H, Roof { shape, across: false, direction: None })
    }

    #[test]
    fn volumes_over_a_rectangle_are_those_of_the_books() {
        let body = 12.0 * 8.0 * 6.0;
        for (shape, roof) in [
            ("flat", 12.0 * 8.0 * 3.0),
            ("gabled", 0.5 * 12.0 * 8.0 * 3.0),
            ("skillion", 0.5 * 12.0 * 8.0 * 3.0),
            ("pyramidal", 12.0 * 8.0 * 3.0 / 3.0),
            // Ridge of 4 m: a prism of 4 m and a pyramid of 8 × 8.
            ("hipped", 0.5 * 4.0 * 8.0 * 3.0 + 64.0 * 3.0 / 3.0),
        ] {
            let g = roofed(&rectangle(), shape).unwrap();
            assert_closed(&g, shape);
            assert!((volume(&g) - body - roof).abs() < 1e-6, "{shape}: {} for {}", volume(&g), body + roof);
            let bounds = g.bounds();
            assert!((bounds.max[2] - 9.0).abs() < 1e-9 && bounds.min[2] == 0.0);
        }
    }

    #[test]
    fn all_shapes_close_over_outlines_that_allow_them() {
        let bumpy = Footprint::new(&[[0.0, 0.0], [6.0, -1.0], [12.0, 0.0], [13.0, 4.0], [12.0, 8.0], [5.0, 9.0], [0.0, 8.0]], &[]).unwrap();
        let bay = Footprint::new(&[[0.0, 0.0], [12.0, 0.0], [12.0, 8.0], [8.0, 8.0], [8.0, 10.0], [4.0, 10.0], [4.0, 8.0], [0.0, 8.0]], &[]).unwrap();
        for (name, f) in [("rectangle", rectangle()), ("bumpy", bumpy), ("bay", bay)] {
            for shape in ["flat", "gabled", "skillion", "round", "gambrel", "saltbox", "pyramidal", "dome", "onion", "mansard", "hipped"] {
                for (across, direction) in [(false, None), (true, None), (false, Some(37.0))] {
                    if let Some(g) = with_roof(&f, H, Roof { shape, across, direction }) {
                        assert_closed(&g, &format!("{shape} on {name}, {across} {direction:?}"));
                    }
                }
            }
            for shape in ["gabled", "skillion"] {
                assert!(roofed(&f, shape).is_some(), "{shape} on {name}");
            }
        }
    }

    #[test]
    fn a_skillion_faces_its_lower_side() {
        let g = with_roof(&rectangle(), H, Roof { shape: "skillion", across: false, direction: Some(180.0) }).unwrap();
        let low = g.vertices.iter().find(|v| v[2] > 5.9 && v[1] == 0.0).unwrap();
        assert!((low[2] - 6.0).abs() < 1e-9, "the southern side is the lower one");
    }

    #[test]
    fn courtyards_make_it_flat_but_prisms_keep_them() {
        let f = Footprint::new(&[[0.0, 0.0], [12.0, 0.0], [12.0, 8.0], [0.0, 8.0]], &[vec![[4.0, 2.0], [8.0, 2.0], [8.0, 6.0], [4.0, 6.0]]]).unwrap();
        assert_eq!(roofed(&f, "gabled"), None);
        let g = prism(Lod::ONE, &f, 0.0, 5.0);
        assert_closed(&g, "courtyard");
        let notch = Footprint::new(&[[0.0, 0.0], [12.0, 0.0], [12.0, 8.0], [9.0, 8.0], [9.0, 2.0], [3.0, 2.0], [3.0, 8.0], [0.0, 8.0]], &[]).unwrap();
        assert_eq!(roofed(&notch, "gabled"), None, "the ridge would leave the house twice");
    }
}
