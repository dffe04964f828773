//! The four street entrances: a passage from the hall, stairs between escalators, a glass house on the square.

use super::layout::{CONCOURSE, ELEVATIONS, Line, Run, STREET, door, escalator, space, stair, wall};
use super::model::{Kind, Model, Solid, rectangle};
use crate::geo::P;

/// One entrance: its letter, where it leaves the hall, to which side (+1 left of the axis).
pub struct Entrance {
    pub letter: &'static str,
    pub x: f64,
    pub side: f64,
}

pub const ENTRANCES: [Entrance; 4] = [
    Entrance { letter: "A", x: 52.0, side: 1.0 },
    Entrance { letter: "B", x: 52.0, side: -1.0 },
    Entrance { letter: "C", x: -52.0, side: 1.0 },
    Entrance { letter: "D", x: -52.0, side: -1.0 },
];

/// Distances from the axis: hall, foot and head of the stairs, street door. Half the width.
const HALL: f64 = 14.0;
const FOOT: f64 = 22.0;
const HEAD: f64 = 36.0;
const DOOR: f64 = 41.0;
const HALF: f64 = 3.0;

impl Entrance {
    /// The point on the square a metre outside the street door.
    pub fn outside(&self) -> P {
        [self.x, self.side * (DOOR + 1.1)]
    }

    fn y(&self, near: f64, far: f64) -> [f64; 2] {
        if self.side > 0.0 { [near, far] } else { [-far, -near] }
    }

    /// A run whose foot is `across` metres from the passage's left wall as one climbs.
    fn run(&self, across: f64, width: f64) -> Run {
        // Climbing in +y the left is at smaller x; climbing in −y at larger x.
        let x = self.x - self.side * (HALF - 0.1 - across);
        let rise = ELEVATIONS[STREET] - ELEVATIONS[CONCOURSE];
        Run { storey: CONCOURSE, foot: [x, self.side * FOOT], dir: [0.0, self.side], width, rise, run: HEAD - FOOT }
    }

    pub fn build(&self, m: &mut Model) {
        let l = self.letter;
        let x = [self.x - HALF, self.x + HALF];
        let within = [x[0] + 0.1, x[1] - 0.1];
        space(m, CONCOURSE, (&format!("B1-PASSAGE-{l}"), &format!("{l}口通道 Passage {l}"), "passage"), rectangle(within, self.y(HALL + 0.1, FOOT)), vec![], 3.4);
        space(m, STREET, (&format!("F0-ENTRANCE-{l}"), &format!("{l}口 Entrance {l}"), "lobby"), rectangle(within, self.y(HEAD, DOOR - 0.1)), vec![], 3.2);
        stair(m, &format!("entrance {l}"), &self.run(0.0, 2.6));
        escalator(m, &format!("entrance {l} up"), &self.run(2.75, 1.45), true);
        escalator(m, &format!("entrance {l} down"), &self.run(4.3, 1.45), false);
        let top = -ELEVATIONS[CONCOURSE];
        let s = self.side;
        for (n, x) in x.into_iter().enumerate() {
            let below = Line { storey: CONCOURSE, from: [x, s * (HALL + 0.1)], to: [x, s * HEAD], z: [0.0, top], colour: "concrete" };
            wall(m, &format!("Wall outer passage {l}{}", n + 1), &below, vec![]);
            let above = Line { storey: STREET, from: [x, s * (FOOT + 2.0)], to: [x, s * DOOR], z: [0.0, 3.2], colour: "glass" };
            wall(m, &format!("Glass outer {l}{}", n + 1), &above, vec![]);
        }
        let back = Line { storey: CONCOURSE, from: [x[0], s * (HEAD + 0.1)], to: [x[1], s * (HEAD + 0.1)], z: [0.0, top - 0.3], colour: "concrete" };
        wall(m, &format!("Wall outer passage {l} end"), &back, vec![]);
        let front = Line { storey: STREET, from: [x[0], s * DOOR], to: [x[1], s * DOOR], z: [0.0, 3.2], colour: "glass" };
        wall(m, &format!("Glass outer {l} front"), &front, vec![door(HALF, 4.8, 2.6, format!("Street door {l}"), "street door", true)]);
        m.put(CONCOURSE, Kind::Slab("FLOOR"), format!("Slab passage {l}"), "floor", vec![Solid::block(x, self.y(HALL + 0.1, FOOT), [-0.5, 0.0])]);
        m.put(CONCOURSE, Kind::Slab("ROOF"), format!("Slab passage {l} ceiling"), "concrete", vec![Solid::block(x, self.y(HALL + 0.1, FOOT + 2.0), [3.4, 3.8])]);
        m.put(STREET, Kind::Slab("FLOOR"), format!("Slab entrance {l}"), "floor", vec![Solid::block(x, self.y(HEAD, DOOR + 0.1), [-0.3, 0.0])]);
        // The roof rises towards the street and reaches out over the door.
        let profile = vec![[0.0, 3.2], [DOOR - FOOT + 1.0, 3.2], [DOOR - FOOT + 1.0, 4.2], [0.0, 3.4]];
        let roof = Solid::along(profile, [self.x - s * (HALF + 0.6), s * (FOOT + 1.0), 0.0], [0.0, s], 2.0 * HALF + 1.2);
        m.put(STREET, Kind::Slab("ROOF"), format!("Roof entrance {l}"), "roof", vec![roof]);
        let sign = Solid::block([self.x - 0.9, self.x + 0.9], self.y(DOOR + 0.9, DOOR + 1.0), [3.3, 4.0]);
        m.put(STREET, Kind::Proxy, format!("Sign {l}"), "sign", vec![sign]).object_type = Some("sign");
    }
}
