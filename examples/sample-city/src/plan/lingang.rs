//! The plan of the sample city at Dishui Lake: rings, radials, canals, quarters.
//!
//! Eighteen radials, one every 20°, fan out from the first of four rings around the lake. A sector lies between two radials;
//! a band between two rings. Sectors 0, 4, 10 and 13 are green wedges with a canal down their middle; between the second and
//! the third ring lies a ring park with a circular canal. To the south-east the bands are cut off by the sea.

use super::curve::Curve;
use super::street::{Class, Road, Streets};
use crate::geo::{P, centroid, polar, scale};
use std::f64::consts::TAU;

pub const LAKE_RADIUS: f64 = 1250.0;
pub const RINGS: [f64; 4] = [1400.0, 1750.0, 2350.0, 2950.0];
pub const PARK_INNER: f64 = 1905.0;
pub const PARK_OUTER: f64 = 2195.0;
pub const QUARTER: f64 = 2650.0;
pub const OUTER: f64 = 3170.0;
pub const RING_CANAL: f64 = 2050.0;
pub const CANAL_HALF: f64 = 20.0;
/// Directions of the radial canals, degrees, and the radius at which each ends (the sea, for those above 9,000).
pub const CANALS: [(f64, f64); 4] = [(10.0, 9e9), (90.0, 3290.0), (210.0, 3290.0), (270.0, 9e9)];
pub const COAST_RADIUS: f64 = 6000.0;
pub const SEA_ROAD_RADIUS: f64 = 5890.0;
/// The axis of the station, degrees, and the radius of its centre.
pub const STATION: (f64, f64) = (170.0, 1585.0);
/// Half the distance between the carriageways of the main axis.
pub const AXIS_HALF: f64 = 14.0;

/// The middle of the circle that the coast is an arc of.
pub fn coast_centre() -> P {
    scale(polar(1.0, (-40f64).to_radians()), -4000.0)
}

pub fn ring(radius: f64) -> Curve {
    Curve::Circle { centre: [0.0, 0.0], radius }
}

pub fn coast(radius: f64) -> Curve {
    Curve::Circle { centre: coast_centre(), radius }
}

pub fn ray(deg: f64, lateral: f64) -> Curve {
    Curve::Ray { angle: deg.to_radians(), lateral }
}

/// Which part of a sector a cell is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Band {
    /// Between Ring 1 and Ring 2.
    Lakeside,
    /// Between Ring 2 and the ring park.
    ParkInner,
    /// The ring park.
    Park,
    /// Between the ring park and Ring 3.
    ParkOuter,
    /// Between Ring 3 and the quarter street.
    QuarterInner,
    /// Between the quarter street and Ring 4.
    QuarterOuter,
    /// Outside Ring 4.
    Edge,
    /// Between Ring 2 and the sea road.
    Seaside,
    /// Remainders that are left green.
    Open,
    /// The ocean park, between Ring 3, Ring 4 and the sea.
    OceanPark,
}

/// Roads around a cell, counter-clockwise, with the side of the road (+1 left) that it lies on.
pub type Sides = Vec<(usize, f64)>;

/// A piece of ground bounded by pavements.
#[derive(Clone, Debug)]
pub struct Cell {
    pub sector: usize,
    pub band: Band,
    /// 0 or 1 where a side street halves the sector, in the sense of increasing angle.
    pub half: usize,
    pub sides: Sides,
    pub corners: Vec<P>,
    pub ring: Vec<P>,
}

/// Roads and cells of the city.
pub struct Plan {
    pub streets: Streets,
    pub cells: Vec<Cell>,
    /// Indices of Ring 1 to Ring 4.
    pub rings: [usize; 4],
    pub sea_road: usize,
    /// The road that bounds each sector on its clockwise side, and the one on the other side of that radial.
    pub radials: Vec<Radial>,
}

/// A radial as its two neighbours see it; the same road twice unless it has two carriageways.
#[derive(Clone, Copy, Debug)]
pub struct Radial {
    pub clockwise_face: usize,
    pub other_face: usize,
}

const RADIAL_NAMES: [(&str, &str); 18] = [
    ("海燕路", "Haiyan Road"), ("鸥鹭路", "Oulu Road"), ("杞青路", "Qiqing Road"), ("铃兰路", "Linglan Road"),
    ("古棕路", "Guzong Road"), ("紫杉路", "Zishan Road"), ("银飞路", "Yinfei Road"), ("水芸路", "Shuiyun Road"),
    ("雪绒花路", "Xueronghua Road"), ("临港大道", "Lingang Avenue"), ("夏栎路", "Xiali Road"), ("申港大道", "Shengang Avenue"),
    ("茉莉路", "Moli Road"), ("方竹路", "Fangzhu Road"), ("橄榄路", "Ganlan Road"), ("花柏路", "Huabai Road"),
    ("竹柏路", "Zhubai Road"), ("海月路", "Haiyue Road"),
];
const RING_NAMES: [(&str, &str); 4] = [
    ("环湖一路", "Huanhu 1st Road"), ("环湖二路", "Huanhu 2nd Road"), ("环湖三路", "Huanhu 3rd Road"),
    ("环湖四路", "Huanhu 4th Road"),
];
const SECTOR_NAMES: [&str; 18] = [
    "听海", "鸥洲", "杞青", "铃兰", "绿丽港", "紫杉", "银飞", "水芸", "滴水湖", "临港新城", "夏栎", "申港", "茉莉", "方竹", "橄榄湾",
    "花柏湾", "竹柏湾", "海月湾",
];

/// Chinese name of a sector, used for streets and neighbourhoods.
pub fn sector_name(sector: usize) -> &'static str {
    SECTOR_NAMES[sector % 18]
}

const GREEN_WEDGES: [usize; 4] = [0, 4, 10, 13];

pub fn is_wedge(sector: usize) -> bool {
    GREEN_WEDGES.contains(&sector)
}

fn road(name: (&str, &str), class: Class, curve: Curve, span: (f64, f64)) -> Road {
    let (lanes, speed_kmh) = match class {
        Class::Primary => (3, 60),
        Class::Secondary => (2, 50),
        Class::Tertiary => (1, 40),
        Class::Residential => (1, 30),
    };
    Road {
        name: name.0.into(), name_en: name.1.into(), class, curve, from: span.0, to: span.1, lanes, speed_kmh,
        oneway: None, median: None, closed: false,
    }
}

/// The angle at which a circle about the lake reaches the sea road, going counter-clockwise past the coast.
fn sea_meets(radius: f64, deg_guess: f64) -> f64 {
    let at = polar(radius, deg_guess.to_radians());
    let p = ring(radius).meet(&coast(SEA_ROAD_RADIUS), at).unwrap_or(at);
    ring(radius).param(p, deg_guess.to_radians())
}

/// Lays the city out.
pub fn plan() -> Plan {
    let mut s = Streets::default();
    let rad = f64::to_radians;
    let closed = |mut r: Road| {
        r.closed = true;
        r
    };
    let r1 = s.push(closed(road(RING_NAMES[0], Class::Secondary, ring(RINGS[0]), (0.0, TAU))));
    let r2 = s.push(closed(road(RING_NAMES[1], Class::Primary, ring(RINGS[1]), (0.0, TAU))));
    let r3 = s.push(road(RING_NAMES[2], Class::Primary, ring(RINGS[2]), (sea_meets(RINGS[2], 5.5), sea_meets(RINGS[2], 274.5))));
    let r4 = s.push(road(RING_NAMES[3], Class::Secondary, ring(RINGS[3]), (sea_meets(RINGS[3], 25.0), sea_meets(RINGS[3], 255.0))));
    let outer_span = (sea_meets(OUTER, 30.0), sea_meets(OUTER, 250.0));
    let outer = s.push(road(("林带路", "Lindai Road"), Class::Tertiary, ring(OUTER), outer_span));
    let sea = coast(SEA_ROAD_RADIUS);
    let sea_from = sea.param(polar(OUTER, outer_span.1), -1.2);
    let sea_to = sea.param(polar(OUTER, outer_span.0), 0.0);
    let sea_road = s.push(road(("海港大道", "Haigang Avenue"), Class::Secondary, sea, (sea_from, sea_to)));
    let park_in = s.push(road(("春涟路", "Chunlian Road"), Class::Residential, ring(PARK_INNER), (rad(20.0), rad(260.0))));
    let park_out = s.push(road(("秋涟路", "Qiulian Road"), Class::Residential, ring(PARK_OUTER), (rad(20.0), rad(260.0))));
    let quarter = s.push(road(("沪城环路", "Hucheng Ring Road"), Class::Residential, ring(QUARTER), (rad(40.0), rad(240.0))));

    let mut radials = Vec::new();
    for (k, name) in RADIAL_NAMES.into_iter().enumerate() {
        let deg = 20.0 * k as f64;
        let class = if k % 2 == 0 { Class::Secondary } else { Class::Tertiary };
        let end = match k {
            3 | 6 | 11 => 4000.0,
            2..=12 => OUTER,
            _ => {
                let c = ray(deg, 0.0);
                c.meet(&sea, polar(2200.0, rad(deg))).map_or(OUTER, |p| c.param(p, 0.0))
            }
        };
        let radial = if k == 9 {
            let mut half = |lateral: f64, along: bool| {
                let c = ray(deg, lateral);
                let from = c.meet(&ring(RINGS[0]), polar(RINGS[0], rad(deg))).map_or(RINGS[0], |p| c.param(p, 0.0));
                let mut r = road(name, Class::Primary, c, (from, 4000.0));
                r.oneway = Some(along);
                r.median = Some(-lateral);
                s.push(r)
            };
            // Traffic keeps right: outbound (along the ray) on its right.
            let (out, inward) = (half(-AXIS_HALF, true), half(AXIS_HALF, false));
            Radial { clockwise_face: out, other_face: inward }
        } else {
            let class = if matches!(k, 3 | 6 | 11) { Class::Secondary } else { class };
            let i = s.push(road(name, class, ray(deg, 0.0), (RINGS[0], end)));
            Radial { clockwise_face: i, other_face: i }
        };
        radials.push(radial);
    }

    let mut side_street = |k: usize, n: usize, r0: f64, r1: f64| {
        let number = ["一", "二", "三", "四"][n];
        let name = format!("{}{}街", sector_name(k), number);
        let en = format!("{} Street {}", RADIAL_NAMES[k].1.trim_end_matches(" Road").trim_end_matches(" Avenue"), n + 1);
        s.push(road((&name, &en), Class::Residential, ray(20.0 * k as f64 + 10.0, 0.0), (r0, r1)))
    };
    let mut mids: Vec<[Option<usize>; 4]> = Vec::new();
    for k in 0..18usize {
        let built = !is_wedge(k) && k != 8;
        let inland = (1..=12).contains(&k) && !is_wedge(k);
        let quarters = (2..=11).contains(&k) && !is_wedge(k);
        mids.push([
            built.then(|| side_street(k, 0, RINGS[0], RINGS[1])),
            inland.then(|| side_street(k, 1, RINGS[1], PARK_INNER)),
            inland.then(|| side_street(k, 2, PARK_OUTER, RINGS[2])),
            quarters.then(|| side_street(k, 3, RINGS[2], RINGS[3])),
        ]);
    }
    s.connect();

    let mut cells = Vec::new();
    let mut cell = |sector: usize, band: Band, half: usize, sides: Sides, r: f64, deg: f64| {
        let guess = polar(r, deg.to_radians());
        if let Some(c) = make_cell(&s, sector, band, half, sides, guess) {
            cells.push(c);
        }
    };
    for k in 0..18usize {
        let mid_deg = 20.0 * k as f64 + 10.0;
        let right = (radials[k].other_face, 1.0);
        let left = (radials[(k + 1) % 18].clockwise_face, -1.0);
        let mut row = |band: Band, inner: usize, outer: usize, mid: Option<usize>, r: f64| match mid {
            Some(m) => {
                cell(k, band, 0, vec![right, (outer, 1.0), (m, -1.0), (inner, -1.0)], r, mid_deg - 5.0);
                cell(k, band, 1, vec![(m, 1.0), (outer, 1.0), left, (inner, -1.0)], r, mid_deg + 5.0);
            }
            None => cell(k, band, 0, vec![right, (outer, 1.0), left, (inner, -1.0)], r, mid_deg),
        };
        row(Band::Lakeside, r1, r2, mids[k][0], 1575.0);
        if (1..=12).contains(&k) {
            row(Band::ParkInner, r2, park_in, mids[k][1], 1830.0);
            row(Band::Park, park_in, park_out, None, RING_CANAL);
            row(Band::ParkOuter, park_out, r3, mids[k][2], 2270.0);
        }
        if (2..=11).contains(&k) {
            row(Band::QuarterInner, r3, quarter, mids[k][3], 2500.0);
            row(Band::QuarterOuter, quarter, r4, mids[k][3], 2800.0);
            row(Band::Edge, r4, outer, None, 3060.0);
        }
        if (14..=17).contains(&k) {
            row(Band::Seaside, r2, sea_road, None, 1850.0);
        }
        let open: &[(Sides, f64, f64)] = &match k {
            0 => vec![
                (vec![right, (sea_road, 1.0), (r3, 1.0), left, (r2, -1.0)], 2100.0, 10.0),
                (vec![(sea_road, 1.0), left, (r3, -1.0)], 2450.0, 15.0),
            ],
            1 => vec![
                (vec![right, (sea_road, 1.0), (r4, 1.0), left, (r3, -1.0)], 2650.0, 31.0),
                (vec![(sea_road, 1.0), (outer, 1.0), left, (r4, -1.0)], 3050.0, 34.0),
            ],
            12 => vec![
                (vec![right, (r4, 1.0), (sea_road, 1.0), left, (r3, -1.0)], 2650.0, 249.0),
                (vec![right, (outer, 1.0), (sea_road, 1.0), (r4, -1.0)], 3050.0, 246.0),
            ],
            13 => vec![
                (vec![right, (r3, 1.0), (sea_road, 1.0), left, (r2, -1.0)], 2100.0, 270.0),
                (vec![right, (sea_road, 1.0), (r3, -1.0)], 2450.0, 265.0),
            ],
            _ => vec![],
        };
        for (i, (sides, r, deg)) in open.iter().enumerate() {
            let band = if k == 12 && i == 0 { Band::OceanPark } else { Band::Open };
            cell(k, band, 0, sides.clone(), *r, *deg);
        }
    }
    Plan { streets: s, cells, rings: [r1, r2, r3, r4], sea_road, radials }
}

fn make_cell(s: &Streets, sector: usize, band: Band, half: usize, sides: Sides, guess: P) -> Option<Cell> {
    let lines: Vec<Curve> = sides.iter().map(|(r, side)| s.roads[*r].pavement(*side)).collect();
    let (corners, ring) = outline(&lines, guess)?;
    Some(Cell { sector, band, half, sides, corners, ring })
}

/// The corners (corner `i` ends side `i`) and the sampled outline of the ground between curves given in order around it.
pub fn outline(lines: &[Curve], guess: P) -> Option<(Vec<P>, Vec<P>)> {
    let n = lines.len();
    let mut corners = Vec::with_capacity(n);
    for i in 0..n {
        corners.push(lines[i].meet(&lines[(i + 1) % n], guess)?);
    }
    let middle = centroid(&corners);
    let mut ring = Vec::new();
    for i in 0..n {
        let (a, b) = (corners[(i + n - 1) % n], corners[i]);
        let near = lines[i].param(middle, lines[i].param(guess, 0.0));
        let (t0, t1) = (lines[i].param(a, near), lines[i].param(b, near));
        let mut line: Vec<P> = lines[i].samples(t0, t1).into_iter().map(|t| lines[i].at(t)).collect();
        line.pop();
        ring.extend(line);
    }
    Some((corners, ring))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geo::{area, dist};

    #[test]
    fn cells_are_counter_clockwise_and_apart() {
        let p = plan();
        assert!(p.cells.len() > 140, "{}", p.cells.len());
        for c in &p.cells {
            assert!(area(&c.ring) > 1000.0, "{:?} {} {}", c.band, c.sector, area(&c.ring));
        }
        for (i, a) in p.cells.iter().enumerate() {
            for b in &p.cells[i + 1..] {
                assert!(crate::geo::gap(&a.ring, &b.ring) > 5.0, "{a:?} {b:?}");
            }
        }
    }

    #[test]
    fn junctions_are_not_crowded() {
        let p = plan();
        for (i, a) in p.streets.junctions.iter().enumerate() {
            for b in &p.streets.junctions[i + 1..] {
                let d = dist(a.at, b.at);
                assert!(!(0.01..=25.0).contains(&d), "{d} {:?} {:?}", a, b);
            }
        }
        assert!(p.streets.junctions.iter().filter(|j| p.streets.has_signals(j)).count() > 60);
    }
}
