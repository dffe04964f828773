//! The streets as queues see them: lanes with their rings, movements between edges, links with what they give way to.

use super::kinds::Kind;
use super::lane::{LaneFix, NEVER};
use crate::micro::lights::unlit;
use qike_network::streets::{NONE, Streets, kind as bits};
use std::sync::Arc;

/// Time after one who goes first has passed until his way is clear, ms.
pub(super) const CLEAR_MS: u32 = 1000;
/// Shortest ways over a junction are taken to be that long, m.
const LEAST_M: f64 = 1.0;

/// A movement from an edge to the next one: by which lanes and links.
#[derive(Clone, Copy, Debug)]
pub(super) struct Move {
    /// From this edge to that one.
    pub from: u32,
    pub to: u32,
    /// Its choices: first and how many.
    pub first: u32,
    pub count: u32,
}

/// A link.
#[derive(Clone, Copy, Debug)]
pub(super) struct LinkFix {
    /// Light ([`NONE`]) and place in its states.
    pub light: u32,
    pub light_index: u16,
    /// What it shows without its light.
    pub unlit: u8,
    /// Drivers wait for their gap on the junction: on this lane, or [`NEVER`].
    pub place: u32,
    /// Of one off a waiting place on the junction: the link by which one came there, else [`NEVER`].
    pub entry: u32,
    /// To this lane of a road.
    pub to: u32,
    /// Length of the way over the junction, m, and its limit, m/s.
    pub length: f32,
    pub speed: f32,
    /// Time over the junction without stopping, and from a stand, ms.
    pub over: [u32; 2],
    /// Links that it gives way to: a range of [`Net::foes`].
    pub foes: (u32, u32),
    /// Time to be clear of the junction from a stand, and without stopping, ms.
    pub from_stand: u32,
    pub passing: u32,
}

/// The streets.
#[derive(Clone, Debug)]
pub(super) struct Net {
    pub streets: Arc<Streets>,
    /// By lane.
    pub lanes: Vec<LaneFix>,
    /// By link.
    pub links: Vec<LinkFix>,
    /// Links that others give way to, with the lanes before them.
    pub foes: Vec<(u32, u32)>,
    pub moves: Vec<Move>,
    /// Choices of movements: from this lane, by this link.
    pub choices: Vec<(u32, u32)>,
    /// Start of each edge's movements.
    starts: Vec<u32>,
    /// Slots in all.
    pub slots: usize,
    /// By lane, whether another model runs it; empty where none is.
    pub outside: Vec<bool>,
}

impl Net {
    /// Compiles streets for these kinds of vehicles.
    pub fn new(streets: Arc<Streets>, kinds: &[Kind]) -> Self {
        let least = kinds.iter().map(|k| k.room_cm).min().unwrap_or(750).max(50);
        let mut slots = 0usize;
        let (one, wave) = kinds.first().map_or((750, 0.17), |k| (k.room_cm, k.wave_ms));
        let lanes = streets.lanes.iter().map(|l| {
            // Whole vehicles stand on it, of the last one a part. What that is too much of room, its hole comes back later, so that as
            // many can pass in a time as if there were parts of vehicles: n h = L/v + the time of the hole.
            let room = ((l.length.min(1e6) * 100.0) as u32).div_ceil(one).max(1) * one;
            let hole = f64::from(room) / 100.0 * wave + (f64::from(room) / 100.0 - l.length).max(0.0) / l.speed.max(0.5) * 1000.0;
            let size = (room / least + 4).next_power_of_two();
            let fix = LaneFix { ring: slots as u32, mask: size - 1, edge: l.edge, length: l.length as f32, speed: l.speed as f32, room, hole: hole as u32, lead: 0, users: l.allowed.0 };
            // Only roads and waiting places hold anybody.
            if !l.inside || waits_on(&streets, l.links) {
                slots += size as usize;
            }
            fix
        });
        let lanes: Vec<LaneFix> = lanes.collect();
        let mut net = Self { lanes, links: Vec::new(), foes: Vec::new(), moves: Vec::new(), choices: Vec::new(), starts: Vec::new(), slots, outside: Vec::new(), streets };
        net.links(kinds.first());
        net.lanes.iter_mut().for_each(|l| l.lead = NEVER);
        for link in &net.links {
            let to = if link.place == NEVER { link.to } else { link.place };
            let lead = &mut net.lanes[to as usize].lead;
            *lead = (*lead).min(link.over[0]);
        }
        net.movements();
        net
    }

    fn links(&mut self, car: Option<&Kind>) {
        let streets = self.streets.clone();
        for (n, l) in streets.links.iter().enumerate() {
            let n = n as u32;
            let inside = |lane: u32| streets.lanes[lane as usize].inside;
            let waits = inside(l.next) && waits_on(&streets, streets.lanes[l.next as usize].links);
            // The way over the junction: to where one waits, or wholly.
            let (mut length, mut speed, mut at) = (0.0, f64::MAX, l.next);
            for _ in 0..8 {
                if !inside(at) {
                    break;
                }
                let lane = &streets.lanes[at as usize];
                length += lane.length;
                speed = speed.min(lane.speed);
                match streets.links_of(at).next() {
                    Some(next) if !waits => at = streets.links[next as usize].next,
                    _ => break,
                }
            }
            if length == 0.0 {
                speed = streets.lanes[l.to as usize].speed;
            }
            let first = self.foes.len() as u32;
            for &foe in streets.foes_of(n) {
                let f = &streets.links[foe as usize];
                let holds = f.kind & bits::ENTRY != 0 && inside(f.next) && waits_on(&streets, streets.lanes[f.next as usize].links);
                if !holds && f.from != l.from && (!inside(f.from) || waits_on(&streets, streets.lanes[f.from as usize].links)) {
                    self.foes.push((foe, f.from));
                }
            }
            let (body, accel) = car.map_or((5.0, 2.6), |k| (k.length, k.accel.max(0.1)));
            let way = length.max(LEAST_M) + body;
            self.links.push(LinkFix {
                light: l.light,
                light_index: l.light_index,
                unlit: unlit(l.way),
                place: if waits { l.next } else { NEVER },
                entry: if inside(l.from) { l.entry } else { NEVER },
                to: l.to,
                length: length as f32,
                speed: speed.max(0.5) as f32,
                over: [(length / speed.max(0.5) * 1000.0) as u32, ((2.0 * length / accel).sqrt() * 1000.0) as u32],
                foes: (first, self.foes.len() as u32 - first),
                from_stand: ((2.0 * way / accel).sqrt() * 1000.0) as u32,
                passing: (way / speed.max(0.5) * 1000.0) as u32,
            });
        }
    }

    fn movements(&mut self) {
        let streets = self.streets.clone();
        for (n, edge) in streets.edges.iter().enumerate() {
            self.starts.push(self.moves.len() as u32);
            if edge.inside {
                continue;
            }
            let (first, count) = edge.lanes;
            let mut found: Vec<(u32, u32, u32)> = (first..first + count).flat_map(|lane| streets.links_of(lane).map(move |l| (lane, l))).map(|(lane, l)| (streets.lanes[streets.links[l as usize].to as usize].edge, lane, l)).collect();
            found.sort_unstable();
            for group in found.chunk_by(|a, b| a.0 == b.0) {
                self.moves.push(Move { from: n as u32, to: group[0].0, first: self.choices.len() as u32, count: group.len() as u32 });
                self.choices.extend(group.iter().map(|g| (g.1, g.2)));
            }
        }
        self.starts.push(self.moves.len() as u32);
    }

    /// Whether another model runs a lane.
    #[inline]
    pub fn is_outside(&self, lane: u32) -> bool {
        self.outside.get(lane as usize).is_some_and(|o| *o)
    }

    /// The movement from one edge to another.
    pub fn movement(&self, from: u32, to: u32) -> Option<u32> {
        let range = self.starts[from as usize]..self.starts[from as usize + 1];
        range.into_iter().find(|m| self.moves[*m as usize].to == to)
    }

    /// The edge from which a movement leads.
    pub fn edge_before(&self, movement: u32) -> u32 {
        self.moves[movement as usize].from
    }

    /// Choices of a movement.
    #[inline]
    pub fn choices_of(&self, movement: u32) -> &[(u32, u32)] {
        let m = &self.moves[movement as usize];
        &self.choices[m.first as usize..(m.first + m.count) as usize]
    }

    /// Where a lane may be left by a movement.
    #[inline]
    pub fn link_by(&self, lane: u32, movement: u32) -> u32 {
        self.choices_of(movement).iter().find(|c| c.0 == lane).map_or(NEVER, |c| c.1)
    }

    /// Links that a link gives way to.
    #[inline]
    pub fn foes_of(&self, link: u32) -> &[(u32, u32)] {
        let (first, count) = self.links[link as usize].foes;
        &self.foes[first as usize..(first + count) as usize]
    }
}

/// Whether a lane over a junction is one on which drivers wait.
fn waits_on(streets: &Streets, links: (u32, u32)) -> bool {
    links.1 > 0 && streets.links[links.0 as usize].kind & bits::INSIDE != 0
}

/// Whether a link has a light.
#[inline]
pub(super) fn lit(link: &LinkFix) -> bool {
    link.light != NONE
}
