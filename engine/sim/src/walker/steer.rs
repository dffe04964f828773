//! One walker's step: the collision-free speed model.
//!
//! Tordeux, Chraibi, Seyfried: Collision-free speed model for pedestrian dynamics. Traffic and Granular Flow '15 (2016) 225. The
//! direction is the desired one plus exponential repulsion from neighbours and walls; the speed min(v0, max(0, (s − l)/T)) with
//! s the distance to the nearest neighbour in the way.

use super::ground::{Ground, Opening, Plan, RADIUS_M, at_share, distance, nearest_share, plan_share, wished_speed};
use super::people::People;
use super::state::{CELL_M, WalkerState};
use qike_network::{PortalIx, WalkNetwork};

/// Strength and range (m) of the repulsion by neighbours.
const FROM_NEIGHBOURS: (f64, f64) = (6.0, 0.12);
/// Strength and range (m) of the repulsion by walls.
const FROM_WALLS: (f64, f64) = (5.0, 0.04);
/// Time gap, s.
const TIME_GAP_S: f64 = 0.8;
/// Bodies' diameter that the speed keeps free, m.
pub const DIAMETER_M: f64 = 2.0 * RADIUS_M;
/// Walkers whose heights differ by more are on different floors, m.
const FLOOR_M: f64 = 1.2;

/// All that steering reads.
pub struct View<'a> {
    /// Network.
    pub net: &'a WalkNetwork,
    /// Walls and openings.
    pub ground: &'a Ground,
    /// Walkers.
    pub state: &'a WalkerState,
    /// Ledger.
    pub people: &'a People,
    /// For each crossing, whether one may step onto it.
    pub crossings: &'a [bool],
    /// Step, s.
    pub dt: f64,
    /// Time, ms.
    pub now_ms: i64,
}

/// A walker's intention.
#[derive(Clone, Copy, Debug, Default)]
pub struct Move {
    /// Where to, before walls.
    pub to: Plan,
    /// Speed along the ground, m/s.
    pub speed: f64,
    /// Wished speed there, m/s.
    pub wished: f64,
    /// Direction, radians.
    pub heading: f64,
}

impl View<'_> {
    /// The next opening on a walker's way; none when the goal is in this area.
    pub fn next_opening(&self, who: u32, area: u32) -> Option<(PortalIx, &Opening)> {
        let person = &self.people.persons[who as usize];
        let portal = (person.cursor < person.way.end).then(|| PortalIx(self.people.ways[person.cursor as usize]))?;
        Some((portal, self.ground.opening(portal, area)))
    }

    /// Where to head for: through the next opening, towards what comes after it; or the goal itself.
    fn aim(&self, who: u32, area: u32, p: Plan) -> (Plan, bool) {
        let person = &self.people.persons[who as usize];
        let Some((_, opening)) = self.next_opening(who, area) else {
            return (self.ground.clamp(area, person.to.position), false);
        };
        let crossing = self.ground.crossing[opening.other as usize];
        let held = crossing != u32::MAX
            && self.ground.crossing[area as usize] != crossing
            && !self.crossings.get(crossing as usize).copied().unwrap_or(true);
        // What comes after it: the nearest point of the opening after next, or the goal.
        let after = match self.people.ways.get(person.cursor as usize + 1).filter(|_| person.cursor + 1 < person.way.end) {
            Some(&next) => {
                let ends = self.ground.opening(PortalIx(next), opening.other).ends;
                at_share(ends, nearest_share(ends, p).clamp(0.2, 0.8))
            }
            None => person.to.position,
        };
        // Where the straight line to it meets the opening; bodies keep clear of the jambs.
        let margin = if opening.width_m > 0.0 { (RADIUS_M * 1.2 / opening.width_m).min(0.5) } else { 0.5 };
        let side = |q: Plan| (q[0] - opening.ends[0][0]) * opening.out[0] + (q[1] - opening.ends[0][1]) * opening.out[1];
        let (mine, theirs) = (side(p), side(after));
        let share = if theirs > 0.0 && mine < 0.0 {
            let t = mine / (mine - theirs);
            nearest_share(opening.ends, [p[0] + (after[0] - p[0]) * t, p[1] + (after[1] - p[1]) * t])
        } else {
            nearest_share(opening.ends, p)
        };
        let through = at_share(opening.ends, share.clamp(margin, 1.0 - margin));
        let past = if held { -0.3 } else { 0.4 };
        ([through[0] + opening.out[0] * past, through[1] + opening.out[1] * past], held)
    }

    /// The step of walker `ix`.
    pub fn steer(&self, ix: usize) -> Move {
        let state = self.state;
        let (who, area) = (state.who[ix], state.area[ix]);
        let person = &self.people.persons[who as usize];
        let p = [state.x[ix], state.y[ix]];
        let stay = Move { to: p, speed: 0.0, wished: 0.0, heading: state.heading[ix] };
        if person.held_until_ms > self.now_ms {
            return stay;
        }
        let (aim, held) = self.aim(who, area, p);
        let left = distance(p, aim);
        if held && left < 0.3 {
            return stay;
        }
        let desired = if left > 1e-9 { [(aim[0] - p[0]) / left, (aim[1] - p[1]) / left] } else { [state.heading[ix].cos(), state.heading[ix].sin()] };
        let mut e = desired;
        let z = state.z[ix];
        let mut near = [(0.0f64, [0.0f64; 2]); 48];
        let mut count = 0usize;
        state.around(p[0], p[1], |j| {
            let d = [p[0] - state.x[j], p[1] - state.y[j]];
            let square = d[0] * d[0] + d[1] * d[1];
            if square > CELL_M * CELL_M || j == ix || (state.z[j] - z).abs() > FLOOR_M {
                return;
            }
            let s = square.sqrt();
            // Two in one spot part by their order.
            let unit = if s > 1e-6 { [d[0] / s, d[1] / s] } else { [if ix < j { 1.0 } else { -1.0 }, 0.0] };
            if s < DIAMETER_M + 10.0 * FROM_NEIGHBOURS.1 {
                let push = FROM_NEIGHBOURS.0 * ((DIAMETER_M - s) / FROM_NEIGHBOURS.1).min(2.0).exp();
                e[0] += push * unit[0];
                e[1] += push * unit[1];
            }
            if count < near.len() {
                near[count] = (s, unit);
                count += 1;
            }
        });
        let reach = RADIUS_M + 8.0 * FROM_WALLS.1;
        for wall in self.ground.walls(area) {
            // A square or a beach has hundreds of walls, of which none or two are near.
            let apart = |axis: usize| p[axis] < wall[0][axis].min(wall[1][axis]) - reach || p[axis] > wall[0][axis].max(wall[1][axis]) + reach;
            if apart(0) || apart(1) {
                continue;
            }
            let q = at_share(*wall, nearest_share(*wall, p));
            let s = distance(p, q);
            if s < reach && s > 1e-9 {
                let push = FROM_WALLS.0 * ((RADIUS_M - s) / FROM_WALLS.1).min(1.5).exp();
                e[0] += push * (p[0] - q[0]) / s;
                e[1] += push * (p[1] - q[1]) / s;
            }
        }
        let length = (e[0] * e[0] + e[1] * e[1]).sqrt();
        let e = if length > 1e-9 { [e[0] / length, e[1] / length] } else { desired };
        let mut spacing = f64::INFINITY;
        for &(s, unit) in &near[..count] {
            // `unit` points from the neighbour to here.
            let ahead = -(e[0] * unit[0] + e[1] * unit[1]);
            let beside = (e[0] * unit[1] - e[1] * unit[0]).abs();
            if ahead >= 0.0 && beside * s <= DIAMETER_M {
                spacing = spacing.min(s);
            }
        }
        let wished = wished_speed(self.net, area, person.free_mps, person.assigned, e);
        let speed = wished.min(((spacing - DIAMETER_M) / TIME_GAP_S).max(0.0));
        let way = speed * self.dt * plan_share(self.net, area, e);
        Move { to: [p[0] + e[0] * way, p[1] + e[1] * way], speed, wished, heading: e[1].atan2(e[0]) }
    }
}
