//! Buildings: their shapes, uses and people.

pub mod fill;
pub mod landmark;
pub mod solid;

use crate::geo::{Near, P, area, dist, rect};
use crate::plan::lingang::Cell;
use crate::plan::water::Water;
use solid::{Shell, scaled};

/// What a building is for; decides who lives and works in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    Residential,
    Villa,
    Office,
    Mixed,
    Hotel,
    School,
    Industrial,
    Culture,
    Leisure,
}

impl Use {
    pub fn name(self) -> &'static str {
        match self {
            Use::Residential => "residential",
            Use::Villa => "detached house",
            Use::Office => "office",
            Use::Mixed => "mixed",
            Use::Hotel => "hotel",
            Use::School => "school",
            Use::Industrial => "industrial",
            Use::Culture => "culture",
            Use::Leisure => "leisure",
        }
    }

    /// (residents, jobs) on a hundred square metres of floor.
    fn density(self) -> (f64, f64) {
        match self {
            Use::Residential => (2.9, 0.03),
            Use::Villa => (1.6, 0.0),
            Use::Office => (0.0, 4.2),
            Use::Mixed => (1.7, 1.2),
            Use::Hotel => (0.0, 0.9),
            Use::School => (0.0, 1.0),
            Use::Industrial => (0.0, 1.4),
            Use::Culture | Use::Leisure => (0.0, 0.8),
        }
    }

    fn storey_m(self) -> f64 {
        match self {
            Use::Residential | Use::Villa => 3.0,
            Use::Office | Use::Mixed | Use::School => 3.9,
            Use::Hotel => 3.5,
            Use::Industrial => 5.0,
            Use::Culture | Use::Leisure => 5.0,
        }
    }
}

/// The form of a roof or a whole building.
#[derive(Clone, Debug)]
pub enum Form {
    /// A flat roof, with a lift head on it where the house is high.
    Flat,
    Gable,
    Hip,
    Skillion,
    /// A flat ring around a courtyard.
    Court(Vec<P>),
    /// A podium and a shaft: shares of the footprint and of the height at which each begins.
    Stepped(Vec<(f64, f64)>),
    /// Ready-made shells.
    Shells(Vec<Shell>),
}

/// A building as it will be written.
#[derive(Clone, Debug)]
pub struct Building {
    pub name: Option<(String, String)>,
    pub usage: Use,
    pub storeys: u32,
    pub year: u32,
    pub footprint: Vec<P>,
    pub roof: &'static str,
    pub shells: Vec<Shell>,
    /// Level of detail: 1, 2, and 3 for landmarks with openings.
    pub lod: &'static str,
}

impl Building {
    /// Raises a building on a footprint.
    pub fn raise(footprint: Vec<P>, form: Form, usage: Use, storeys: u32, year: u32) -> Building {
        let height = f64::from(storeys) * usage.storey_m() + if storeys > 8 { 1.5 } else { 0.6 };
        let corners: Option<[P; 4]> = footprint.clone().try_into().ok();
        let (roof, shells) = match (form, corners) {
            (Form::Gable, Some(c)) => ("gabled", vec![Shell::pitched(&c, 0.0, height, height + rise(&c, 0.5), 0.0)]),
            (Form::Hip, Some(c)) => {
                let inset = (dist(c[1], c[2]) / 2.0).min(dist(c[0], c[1]) / 2.0 - 0.05);
                ("hipped", vec![Shell::pitched(&c, 0.0, height, height + rise(&c, 0.45), inset)])
            }
            (Form::Skillion, Some(c)) => ("skillion", vec![Shell::skillion(&c, 0.0, height, height + rise(&c, 0.25))]),
            (Form::Court(court), _) => ("flat", vec![Shell::prism(&footprint, Some(&court), 0.0, height)]),
            (Form::Stepped(steps), _) => {
                let mut rings = Vec::new();
                let mut k = 1.0;
                rings.push((footprint.clone(), 0.0));
                for (share, from) in steps {
                    rings.push((scaled(&footprint, k), height * from));
                    k = share;
                    rings.push((scaled(&footprint, k), height * from));
                }
                rings.push((scaled(&footprint, k), height));
                ("stepped", vec![Shell::loft(&rings)])
            }
            (Form::Shells(s), _) => ("other", s),
            (_, Some(c)) if storeys >= 6 => {
                let head = scaled(&c, 0.28);
                let rings = [(footprint.clone(), 0.0), (footprint.clone(), height), (head.clone(), height), (head, height + 3.2)];
                ("flat", vec![Shell::loft(&rings)])
            }
            _ => ("flat", vec![Shell::prism(&footprint, None, 0.0, height)]),
        };
        Building { name: None, usage, storeys, year, footprint, roof, shells, lod: "2" }
    }

    pub fn named(mut self, zh: &str, en: &str) -> Building {
        self.name = Some((zh.into(), en.into()));
        self
    }

    /// The same building as a block of LOD1: its footprint, raised to its full height.
    pub fn into_block(self) -> Building {
        let shells = vec![Shell::prism(&self.footprint, None, 0.0, self.height())];
        Building { shells, lod: "1", ..self }
    }

    pub fn height(&self) -> f64 {
        self.shells.iter().map(Shell::top).fold(0.0, f64::max)
    }

    pub fn floor_area(&self) -> f64 {
        area(&self.footprint).abs() * f64::from(self.storeys)
    }

    /// Residents and jobs, from the floor area and the use.
    pub fn people(&self) -> (u32, u32) {
        let (r, j) = self.usage.density();
        let hundreds = self.floor_area() / 100.0;
        ((r * hundreds).round() as u32, (j * hundreds).round() as u32)
    }
}

fn rise(c: &[P; 4], slope: f64) -> f64 {
    dist(c[1], c[2]) / 2.0 * slope
}

/// Ground on which buildings have been placed: refuses one that would stand in water, on a street or in another building.
pub struct Site<'a> {
    pub water: &'a Water,
    /// Ground that is taken by buildings, car parks and squares.
    pub taken: Near,
    pub buildings: Vec<Building>,
}

impl<'a> Site<'a> {
    pub fn new(water: &'a Water) -> Self {
        Self { water, taken: Near::new(60.0), buildings: Vec::new() }
    }

    /// Keeps ground free (a plaza, a car park, a pitch).
    pub fn reserve(&mut self, ring: &[P]) {
        self.taken.keep(ring);
    }

    /// Whether `footprint` may stand in `cell`: `margin` from the pavement, `clear` from others.
    pub fn allows(&self, cell: Option<&Cell>, footprint: &[P], margin: f64, clear: f64) -> bool {
        let inside = cell.is_none_or(|c| {
            let mids = crate::geo::edges(footprint).map(|(a, b)| crate::geo::lerp(a, b, 0.5));
            footprint.iter().copied().chain(mids).all(|p| crate::geo::contains(&c.ring, p) && crate::geo::to_ring(p, &c.ring) >= margin)
        });
        inside && self.taken.is_clear(footprint, clear) && !self.water.touches(footprint, 9.0)
    }

    /// Adds a building if the ground allows it.
    pub fn add(&mut self, cell: Option<&Cell>, building: Building, margin: f64, clear: f64) -> bool {
        let ok = self.allows(cell, &building.footprint, margin, clear);
        if ok {
            self.taken.keep(&building.footprint);
            self.buildings.push(building);
        }
        ok
    }
}

/// A rectangle whose first edge runs along the tangent at `p` as seen from the lake.
pub fn facing(p: P, along: f64, deep: f64) -> Vec<P> {
    rect(p, along, deep, crate::geo::angle(p) + std::f64::consts::FRAC_PI_2)
}
