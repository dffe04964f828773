//! Fills cells with buildings: courts, slabs, towers, villas, halls, in rows that follow the rings.

use super::{Building, Form, Site, Use, facing};
use crate::geo::{P, angle, band, dist, len, polar};
use crate::plan::curve::Curve;
use crate::plan::lingang::{Band, Cell, is_wedge};
use crate::rng::Rng;
use std::f64::consts::TAU;

/// A cell in polar terms.
struct Lot<'a> {
    cell: &'a Cell,
    /// Inner and outer radius of the ground that may be built on.
    r0: f64,
    r1: f64,
    right: (f64, f64),
    left: (f64, f64),
    margin: f64,
}

impl<'a> Lot<'a> {
    fn new(cell: &'a Cell, lines: &[Curve], margin: f64) -> Option<Self> {
        let (Curve::Ray { angle: ra, lateral: rl }, Curve::Ray { angle: la, lateral: ll }) = (lines[0], lines[2]) else { return None };
        let left_angle = if la < ra { la + TAU } else { la };
        let radii = |i: usize, j: usize| (len(cell.corners[i]), len(cell.corners[j]));
        let (inner, outer) = (radii(2, 3), radii(0, 1));
        // Where the sea cuts a cell off, the nearer corner says how deep rows may run.
        let r0 = inner.0.max(inner.1) + margin;
        let r1 = outer.0.min(outer.1) - margin;
        Some(Self { cell, r0, r1, right: (ra, rl), left: (left_angle, ll), margin })
    }

    fn depth(&self) -> f64 {
        self.r1 - self.r0
    }

    /// The angles between which radius `r` is free.
    fn span(&self, r: f64) -> (f64, f64) {
        let a0 = self.right.0 + ((self.right.1 + self.margin) / r).asin();
        let a1 = self.left.0 - ((-self.left.1 + self.margin) / r).asin();
        (a0, a1)
    }

    /// Middles of rows `deep` metres deep that share the depth with at least `gap` between them.
    fn rows(&self, deep: f64, gap: f64) -> Vec<f64> {
        let n = ((self.depth() + gap) / (deep + gap)).floor().max(0.0) as usize;
        let pitch = if n > 1 { (self.depth() - deep) / (n - 1) as f64 } else { 0.0 };
        let first = if n == 1 { self.r0 + self.depth() / 2.0 } else { self.r0 + deep / 2.0 };
        (0..n).map(|i| first + pitch * i as f64).collect()
    }

    /// Middles and lengths of houses about `along` metres long in the row at `r`.
    fn slots(&self, r: f64, deep: f64, along: f64, gap: f64) -> Vec<(P, f64)> {
        let inner = r - deep / 2.0;
        let (a0, a1) = self.span(inner);
        let length = (a1 - a0) * inner;
        let n = ((length + gap) / (along + gap)).round().max(0.0) as usize;
        if n == 0 || length < along * 0.6 {
            return vec![];
        }
        let each = (length - gap * (n - 1) as f64) / n as f64;
        (0..n).map(|i| (polar(r, a0 + (each / 2.0 + i as f64 * (each + gap)) / inner), each)).collect()
    }
}

/// Share of full height at a place: high on the lake's west side, falling away from it.
fn skyline(p: P) -> f64 {
    let focus = polar(1560.0, 172f64.to_radians());
    let d = dist(p, focus);
    (-(d / 620.0).powi(2)).exp() + 0.30 * (-d / 1600.0).exp()
}

fn year(rng: &mut Rng, p: P) -> u32 {
    // The city was built from the lake outwards.
    let first = 2004.0 + (len(p) - 1250.0) / 1900.0 * 9.0;
    (first + rng.range(0.0, 9.0)) as u32
}

/// What a cell is built with.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Program {
    Towers,
    Courts { low: u32, high: u32 },
    Slabs { storeys: u32 },
    Points { storeys: u32 },
    Villas,
    Terraces,
    Campus,
    Halls,
    Resort,
    Nothing,
}

fn program(cell: &Cell) -> Program {
    use Program::*;
    let k = cell.sector;
    if is_wedge(k) {
        return Nothing;
    }
    match cell.band {
        Band::Lakeside => match k {
            6 | 7 | 9 => Towers,
            5 => if cell.half == 1 { Towers } else { Courts { low: 7, high: 10 } },
            11 => if cell.half == 0 { Towers } else { Courts { low: 7, high: 9 } },
            1..=3 | 12 => Courts { low: 5, high: 7 },
            14..=17 => Resort,
            _ => Nothing,
        },
        Band::ParkInner => match k {
            6..=9 => Courts { low: 10, high: 14 },
            5 | 11 => Courts { low: 7, high: 10 },
            _ => Courts { low: 4, high: 6 },
        },
        Band::ParkOuter => match k {
            1 | 2 | 12 => Villas,
            7..=9 => Courts { low: 6, high: 9 },
            _ => Terraces,
        },
        Band::QuarterInner => match (k, cell.half) {
            (8, _) | (7, 1) | (9, 0) => Points { storeys: 22 },
            (6, _) | (7, 0) | (9, 1) => Points { storeys: 16 },
            (3, _) => Campus,
            (5, 0) | (11, 1) => Slabs { storeys: 9 },
            _ => Slabs { storeys: 11 },
        },
        Band::QuarterOuter => match (k, cell.half) {
            (3, 0) => Campus,
            (8, 1) | (9, 0) => Slabs { storeys: 14 },
            (5 | 7, 1) => Courts { low: 5, high: 6 },
            (2, _) => Terraces,
            _ => Slabs { storeys: 6 },
        },
        Band::Edge => if matches!(k, 6..=9) { Halls } else { Villas },
        Band::Seaside => Resort,
        Band::Park | Band::Open | Band::OceanPark => Nothing,
    }
}

/// Fills one cell. `lines` are the pavements around it, in the cell's order.
pub fn fill(site: &mut Site, cell: &Cell, lines: &[Curve], seed: u64) {
    let id = (cell.sector * 100 + cell.half * 10) as u64 + cell.band as u64 * 10_000;
    let rng = &mut Rng::new(seed, "fill", id);
    let plan = program(cell);
    let margin = match plan {
        Program::Towers | Program::Courts { .. } => 7.0,
        Program::Halls | Program::Campus => 12.0,
        _ => 9.0,
    };
    let Some(lot) = (lines.len() == 4).then(|| Lot::new(cell, lines, margin)).flatten() else { return };
    match plan {
        Program::Towers => towers(site, &lot, rng),
        Program::Courts { low, high } => courts(site, &lot, rng, low, high),
        Program::Slabs { storeys } => slabs(site, &lot, rng, storeys),
        Program::Points { storeys } => points(site, &lot, rng, storeys),
        Program::Villas => villas(site, &lot, rng),
        Program::Terraces => terraces(site, &lot, rng),
        Program::Campus => campus(site, &lot, rng),
        Program::Halls => halls(site, &lot, rng),
        Program::Resort => resort(site, &lot, rng),
        Program::Nothing => {}
    }
}

fn put(site: &mut Site, lot: &Lot, footprint: Vec<P>, form: Form, usage: Use, storeys: u32, rng: &mut Rng) -> bool {
    let y = year(rng, footprint[0]);
    let b = Building::raise(footprint, form, usage, storeys, y);
    site.add(Some(lot.cell), b, 3.0, 5.0)
}

/// Podiums with a shaft, the highest nearest to the lake's west shore; slabs of shops between them.
fn towers(site: &mut Site, lot: &Lot, rng: &mut Rng) {
    for (i, r) in lot.rows(58.0, 24.0).into_iter().enumerate() {
        for (j, (p, along)) in lot.slots(r, 58.0, 64.0, 22.0).into_iter().enumerate() {
            let front = if i == 0 { 1.0 } else { 0.82 };
            let storeys = (6.0 + 44.0 * skyline(p) * front * rng.range(0.72, 1.0)).round() as u32;
            let usage = if (i + j) % 3 == 2 { Use::Mixed } else { Use::Office };
            let footprint = facing(p, along, rng.range(46.0, 58.0));
            if storeys < 12 {
                let court = facing(p, along - 34.0, 22.0);
                put(site, lot, footprint, Form::Court(court), usage, storeys.max(6), rng);
            } else {
                let podium = (4.0 / f64::from(storeys)).min(0.3);
                let shaft = rng.range(0.52, 0.62);
                let steps = match rng.int(0, 2) {
                    0 => vec![(shaft, podium)],
                    1 => vec![(shaft, podium), (shaft * 0.82, 0.82)],
                    _ => vec![(shaft, podium), (shaft * 0.9, 0.7), (shaft * 0.7, 0.9)],
                };
                put(site, lot, footprint, Form::Stepped(steps), usage, storeys, rng);
            }
        }
    }
}

/// Perimeter blocks: four wings around a court, with gaps at the corners, or one closed ring.
fn courts(site: &mut Site, lot: &Lot, rng: &mut Rng, low: u32, high: u32) {
    let rows = ((lot.depth() + 16.0) / 92.0).round().max(1.0);
    let deep = (lot.depth() - 16.0 * (rows - 1.0)) / rows;
    for row in 0..rows as u32 {
        let ra = lot.r0 + f64::from(row) * (deep + 16.0);
        let rb = ra + deep;
        let (a0, a1) = lot.span(ra);
        let n = (((a1 - a0) * ra + 18.0) / 96.0).round().max(1.0);
        let gap = 18.0 / ra;
        let each = (a1 - a0 - gap * (n - 1.0)) / n;
        for i in 0..n as u32 {
            let b0 = a0 + f64::from(i) * (each + gap);
            let b1 = b0 + each;
            let storeys = rng.int(low, high);
            let usage = if rng.chance(0.3) { Use::Mixed } else { Use::Residential };
            let w = 13.5;
            if rng.chance(0.35) {
                let ring = band([0.0; 2], ra, rb, b0, b1, 5);
                let court = band([0.0; 2], ra + w, rb - w, b0 + w / ra, b1 - w / ra, 5);
                put(site, lot, ring, Form::Court(court), usage, storeys, rng);
                continue;
            }
            let side = 6.0 / ra;
            let (c0, c1) = (b0 + w / ra + side, b1 - w / ra - side);
            put(site, lot, band([0.0; 2], ra, ra + w, c0, c1, 4), Form::Flat, usage, storeys, rng);
            put(site, lot, band([0.0; 2], rb - w, rb, c0, c1, 4), Form::Flat, usage, storeys + rng.int(0, 1), rng);
            for (lo, hi) in [(b0, b0 + w / ra), (b1 - w / ra, b1)] {
                let usage = if rng.chance(0.2) { Use::Office } else { usage };
                let lift = if rng.chance(0.25) { 3 } else { 0 };
                put(site, lot, band([0.0; 2], ra, rb, lo, hi, 1), Form::Flat, usage, storeys + lift, rng);
            }
        }
    }
}

/// Rows of slabs around a green with a school, lower towards the edges of the city.
fn slabs(site: &mut Site, lot: &Lot, rng: &mut Rng, storeys: u32) {
    let deep = 13.0;
    let gap = 10.0 + f64::from(storeys) * 1.75;
    let middle = green(site, lot, rng);
    let along = rng.range(44.0, 56.0);
    let gabled = storeys <= 7 && rng.chance(0.6);
    for r in lot.rows(deep, gap) {
        for (p, each) in lot.slots(r, deep, along, 13.0) {
            let near = dist(p, middle);
            let storeys = (f64::from(storeys) * rng.range(0.9, 1.1) - if near < 110.0 { 1.0 } else { 0.0 }).round().max(3.0) as u32;
            let form = if gabled { Form::Gable } else { Form::Flat };
            put(site, lot, facing(p, each, deep), form, Use::Residential, storeys, rng);
        }
    }
}

/// Keeps a green in the middle of a quarter and puts a kindergarten on its inner edge.
fn green(site: &mut Site, lot: &Lot, rng: &mut Rng) -> P {
    let r = (lot.r0 + lot.r1) / 2.0;
    let (a0, a1) = lot.span(r);
    let a = (a0 + a1) / 2.0;
    let school = facing(polar(r, a), 46.0, 20.0);
    put(site, lot, school, Form::Gable, Use::School, 3, rng);
    site.reserve(&facing(polar(r + 32.0, a), 74.0, 30.0));
    polar(r, a)
}

/// Point houses in staggered rows.
fn points(site: &mut Site, lot: &Lot, rng: &mut Rng, storeys: u32) {
    green(site, lot, rng);
    for (i, r) in lot.rows(24.0, 34.0).into_iter().enumerate() {
        let slots = lot.slots(r, 24.0, 27.0, 30.0);
        let last = slots.len().saturating_sub(1);
        for (j, (p, each)) in slots.into_iter().enumerate() {
            let shift = if i % 2 == 1 && j < last { (each / 2.0 + 14.0) / r } else if i % 2 == 1 { continue } else { 0.0 };
            let p = polar(r, angle(p) + shift);
            let storeys = (f64::from(storeys) * (0.75 + 0.6 * skyline(p)) * rng.range(0.9, 1.1)).round() as u32;
            let form = if storeys > 18 { Form::Stepped(vec![(0.8, 0.92)]) } else { Form::Flat };
            put(site, lot, facing(p, 26.0, 22.0), form, Use::Residential, storeys, rng);
        }
    }
}

/// Detached houses along garden lanes, every one a little different.
fn villas(site: &mut Site, lot: &Lot, rng: &mut Rng) {
    for (i, r) in lot.rows(13.0, 17.0).into_iter().enumerate() {
        for (j, (p, _)) in lot.slots(r, 13.0, 13.0, 15.0).into_iter().enumerate() {
            // Every ninth plot stays a garden, so that the lanes breathe.
            if (i * 4 + j) % 9 == 8 {
                continue;
            }
            let turn = rng.range(-0.05, 0.05);
            let dir = angle(p) + std::f64::consts::FRAC_PI_2 + turn;
            let footprint = crate::geo::rect(p, rng.range(12.0, 15.5), rng.range(9.0, 11.5), dir);
            let form = match rng.int(0, 5) {
                0 | 1 => Form::Gable,
                5 => Form::Skillion,
                _ => Form::Hip,
            };
            put(site, lot, footprint, form, Use::Villa, rng.int(2, 3), rng);
        }
    }
}

/// Terraced houses in long gabled rows.
fn terraces(site: &mut Site, lot: &Lot, rng: &mut Rng) {
    for r in lot.rows(11.0, 21.0) {
        for (p, each) in lot.slots(r, 11.0, 36.0, 9.0) {
            let storeys = rng.int(3, 4);
            put(site, lot, facing(p, each, 11.0), Form::Gable, Use::Residential, storeys, rng);
        }
    }
}

/// A university: courts, a library in the middle, lecture halls.
fn campus(site: &mut Site, lot: &Lot, rng: &mut Rng) {
    let rows = lot.rows(52.0, 34.0);
    let middle = rows.len() / 2;
    for (i, r) in rows.into_iter().enumerate() {
        for (j, (p, each)) in lot.slots(r, 52.0, 74.0, 34.0).into_iter().enumerate() {
            if i == middle && j == 1 {
                let ring = crate::geo::ellipse(p, 30.0, 24.0, angle(p), 24);
                put(site, lot, ring, Form::Stepped(vec![(0.8, 0.5), (0.55, 0.8)]), Use::Culture, 6, rng);
            } else if rng.chance(0.6) {
                put(site, lot, facing(p, each, 50.0), Form::Court(facing(p, each - 30.0, 20.0)), Use::School, rng.int(4, 6), rng);
            } else {
                for side in [-1.0, 1.0] {
                    put(site, lot, facing(polar(r + side * 17.0, angle(p)), each, 15.0), Form::Flat, Use::School, rng.int(4, 5), rng);
                }
            }
        }
    }
}

/// Workshops and laboratories with saw-tooth and flat roofs.
fn halls(site: &mut Site, lot: &Lot, rng: &mut Rng) {
    for r in lot.rows(62.0, 26.0) {
        for (p, each) in lot.slots(r, 62.0, 96.0, 24.0) {
            if rng.chance(0.35) {
                put(site, lot, facing(p, each, 58.0), Form::Court(facing(p, each - 36.0, 24.0)), Use::Office, rng.int(4, 6), rng);
            } else if rng.chance(0.5) {
                put(site, lot, facing(p, each, 60.0), Form::Flat, Use::Industrial, 2, rng);
            } else {
                for side in [-20.0, 0.0, 20.0] {
                    put(site, lot, facing(polar(r + side, angle(p)), each, 14.0), Form::Skillion, Use::Industrial, 2, rng);
                }
            }
        }
    }
}

/// Hotels: curved slabs that look at the water, bungalows behind them.
fn resort(site: &mut Site, lot: &Lot, rng: &mut Rng) {
    let r = lot.r0 + 14.0;
    let (a0, a1) = lot.span(r - 8.0);
    let n = (((a1 - a0) * r) / 120.0).floor().max(1.0);
    let gap = 30.0 / r;
    let each = (a1 - a0 - gap * (n - 1.0)) / n;
    let front = lot.cell.band == Band::Lakeside;
    for i in 0..n as u32 {
        let b0 = a0 + f64::from(i) * (each + gap);
        let storeys = if front { rng.int(6, 10) } else { rng.int(4, 7) };
        put(site, lot, band([0.0; 2], r - 8.0, r + 8.0, b0, b0 + each, 8), Form::Flat, Use::Hotel, storeys, rng);
    }
    let mut r = r + 50.0;
    while r < lot.r1 - 8.0 {
        for (p, _) in lot.slots(r, 14.0, 16.0, 16.0) {
            if rng.chance(0.82) {
                let form = if rng.chance(0.5) { Form::Hip } else { Form::Gable };
                put(site, lot, facing(p, 14.0, 10.5), form, Use::Villa, 2, rng);
            }
        }
        r += 32.0;
    }
}
