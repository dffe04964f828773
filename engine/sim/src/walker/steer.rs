//! One walker's step: the collision-free speed model.
//!
//! Tordeux, Chraibi, Seyfried: Collision-free speed model for pedestrian dynamics. Traffic and Granular Flow '15 (2016) 225. The
//! direction is the desired one plus exponential repulsion from neighbours and walls; the speed min(v0, max(0, (s − l)/T)) with
//! s the distance to the nearest neighbour in the way.

use super::ground::{Ground, Opening, Plan, RADIUS_M, at_share, distance, nearest_share, plan_share, wished_speed};
use super::people::People;
use super::state::{CELL_M, WalkerState};
use qike_core::CounterRng;
use qike_network::{PortalIx, WalkNetwork};

/// Strength and range (m) of the repulsion by neighbours.
const FROM_NEIGHBOURS: (f64, f64) = (6.0, 0.12);
/// Strength and range (m) of the repulsion by walls.
const FROM_WALLS: (f64, f64) = (5.0, 0.04);
/// Beyond this many ranges the repulsion is below 1 % of the wish to go on, and is left out.
const RANGES: f64 = 6.5;
/// Time gap, s.
const TIME_GAP_S: f64 = 0.5;
/// Bodies' diameter that the speed keeps free, m.
pub const DIAMETER_M: f64 = 2.0 * RADIUS_M;
/// Walkers whose heights differ by more are on different floors, m.
const FLOOR_M: f64 = 1.2;

/// Room that two need who meet face to face: they turn their shoulders and squeeze past each other, m.
pub const SQUEEZE_M: f64 = 0.28;
/// How strongly one keeps right of those who come towards one, beside the wish to go on (1). Without it two streams that meet in a
/// corridor block each other for good.
const ASIDE: f64 = 0.3;

/// In a crowd, who is slower than this, m/s, with others nearer than `PRESSED_M`, shuffles: a random push each step, `SHUFFLE` times
/// as strong as what acts on them. Forces that balance exactly, as in an arch before a door, would otherwise hold people for good.
const SHUFFLES_MPS: f64 = 0.35;
const PRESSED_M: f64 = 0.8;
const SHUFFLE: f64 = 1.0;

/// Openings of these widths, m, are passed on the right-hand side: two people fit side by side, and both sides see each other.
const KEEP_RIGHT_M: std::ops::Range<f64> = 1.5..15.0;

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
    /// Seed of the shuffling.
    pub seed: u64,
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
    /// Direction of the step, of length 1.
    pub e: Plan,
    /// Direction in which one wants to go on, of length 1: what others see of one's intention, steadier than the step.
    pub wish: Plan,
    /// Distance of the nearest other walker, m; infinite without any near.
    pub nearest: f64,
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
        // Through an opening that two streams fit into one keeps to the right, so that they do not lock in it.
        let (mut low, mut high) = (margin, 1.0 - margin);
        if KEEP_RIGHT_M.contains(&opening.width_m) {
            let along = [opening.ends[1][0] - opening.ends[0][0], opening.ends[1][1] - opening.ends[0][1]];
            let right_is_end = along[0] * opening.out[1] - along[1] * opening.out[0] > 0.0;
            if right_is_end { low = low.max(0.55) } else { high = high.min(0.45) }
        }
        let through = at_share(opening.ends, share.clamp(low, high));
        let past = if held { -0.3 } else { 0.4 };
        ([through[0] + opening.out[0] * past, through[1] + opening.out[1] * past], held)
    }

    /// The step of walker `ix`.
    pub fn steer(&self, ix: usize) -> Move {
        let state = self.state;
        let (who, area) = (state.who[ix], state.area[ix]);
        let person = &self.people.persons[who as usize];
        let p = [state.x[ix], state.y[ix]];
        let was = [state.ex[ix], state.ey[ix]];
        let stay = Move { to: p, speed: 0.0, wished: 0.0, e: was, wish: was, nearest: f64::INFINITY };
        if person.held_until_ms > self.now_ms {
            return stay;
        }
        let (aim, held) = self.aim(who, area, p);
        let left = distance(p, aim);
        if held && left < 0.3 {
            return stay;
        }
        let desired = if left > 1e-9 { [(aim[0] - p[0]) / left, (aim[1] - p[1]) / left] } else { was };
        let mut e = desired;
        let z = state.z[ix];
        let mut near = [(0.0f64, [0.0f64; 2], 0.0f64); 48];
        let mut count = 0usize;
        let mut nearest = f64::INFINITY;
        state.around(p[0], p[1], |j| {
            let d = [p[0] - state.x[j], p[1] - state.y[j]];
            let square = d[0] * d[0] + d[1] * d[1];
            if square > CELL_M * CELL_M || j == ix || (state.z[j] - z).abs() > FLOOR_M || !self.ground.together(area, state.area[j]) {
                return;
            }
            let s = square.sqrt();
            nearest = nearest.min(s);
            let theirs = [state.ex[j], state.ey[j]];
            // Two in one spot part by their order.
            let unit = if s > 1e-6 { [d[0] / s, d[1] / s] } else { [if ix < j { 1.0 } else { -1.0 }, 0.0] };
            if s < DIAMETER_M + RANGES * FROM_NEIGHBOURS.1 {
                let push = FROM_NEIGHBOURS.0 * ((DIAMETER_M - s) / FROM_NEIGHBOURS.1).min(2.0).exp();
                e[0] += push * unit[0];
                e[1] += push * unit[1];
            }
            let facing = state.facing(ix, j, desired, theirs);
            if facing && desired[0] * unit[0] + desired[1] * unit[1] < -0.7 {
                // Who comes towards one is passed on the right.
                let aside = ASIDE * (1.0 - s / CELL_M);
                e[0] += aside * desired[1];
                e[1] -= aside * desired[0];
            }
            if count < near.len() {
                near[count] = (s, unit, if facing { SQUEEZE_M } else { DIAMETER_M });
                count += 1;
            }
        });
        for wall in self.ground.walls(area) {
            push_off(*wall, p, &mut e);
        }
        let own = self.next_opening(who, area).map(|o| o.0);
        for door in self.ground.doors(area) {
            if Some(*door) != own {
                let [from, to] = self.ground.opening(*door, area).ends;
                let out = self.ground.opening(*door, area).out;
                let left = (to[0] - from[0]) * out[1] - (to[1] - from[1]) * out[0] < 0.0;
                push_off(if left { [from, to] } else { [to, from] }, p, &mut e);
            }
        }
        let pressed = || near[..count].iter().any(|n| n.0 < PRESSED_M) && near[..count].iter().all(|n| n.2 == DIAMETER_M);
        if state.speed[ix] < SHUFFLES_MPS && pressed() {
            let mut rng = CounterRng::new(self.seed, u64::from(who), self.now_ms as u64);
            let (sin, cos) = rng.range(0.0, std::f64::consts::TAU).sin_cos();
            let strength = SHUFFLE * (e[0] * e[0] + e[1] * e[1]).sqrt().max(1.0);
            e[0] += strength * cos;
            e[1] += strength * sin;
        }
        let length = (e[0] * e[0] + e[1] * e[1]).sqrt();
        let e = if length > 1e-9 { [e[0] / length, e[1] / length] } else { desired };
        let mut spacing = f64::INFINITY;
        for &(s, unit, room) in &near[..count] {
            // `unit` points from the neighbour to here.
            let ahead = -(e[0] * unit[0] + e[1] * unit[1]);
            let beside = (e[0] * unit[1] - e[1] * unit[0]).abs();
            if ahead >= 0.0 && beside * s <= room {
                spacing = spacing.min(s + DIAMETER_M - room);
            }
        }
        let wished = wished_speed(self.net, area, person.free_mps, person.assigned, e);
        let speed = wished.min(((spacing - DIAMETER_M) / TIME_GAP_S).max(0.0));
        let way = speed * self.dt * plan_share(self.net, area, e);
        Move { to: [p[0] + e[0] * way, p[1] + e[1] * way], speed, wished, e, wish: desired, nearest }
    }
}

/// Adds the repulsion of a wall that has the walkable side on its left.
#[inline]
fn push_off(wall: [Plan; 2], p: Plan, e: &mut Plan) {
    let reach = RADIUS_M + RANGES * FROM_WALLS.1;
    // A square or a beach has hundreds of walls, of which none or two are near.
    let apart = |axis: usize| p[axis] < wall[0][axis].min(wall[1][axis]) - reach || p[axis] > wall[0][axis].max(wall[1][axis]) + reach;
    if apart(0) || apart(1) {
        return;
    }
    let q = at_share(wall, nearest_share(wall, p));
    let s = distance(p, q);
    if s < reach {
        let push = FROM_WALLS.0 * ((RADIUS_M - s) / FROM_WALLS.1).min(1.5).exp();
        // Who stands on the wall itself is pushed straight off it.
        let along = [wall[1][0] - wall[0][0], wall[1][1] - wall[0][1]];
        let length = distance(wall[0], wall[1]).max(1e-9);
        let off = if s > 1e-6 { [(p[0] - q[0]) / s, (p[1] - q[1]) / s] } else { [-along[1] / length, along[0] / length] };
        e[0] += push * off[0];
        e[1] += push * off[1];
    }
}
