//! Streets: the map of a traffic scenario, laid out for models that move vehicles lane by lane.
//!
//! Lanes over junctions are lanes like all others. A *link* leads from the end of a lane to the start of the next one; most junctions
//! are passed over two links (onto the junction, off it), those where turners wait inside over three. Who gives way to whom, and where
//! two lanes over a junction meet, is worked out once, here.

mod build;
mod conflicts;
mod geometry;
mod ways;

pub use geometry::{along, length as shape_length};
pub use ways::WayFinder;

use qike_scene::traffic::{RightOfWay, RoadUsers, TurnKind};

/// No lane, link, light.
pub const NONE: u32 = u32::MAX;

/// What a link is: bits.
pub mod kind {
    /// From a road onto a junction.
    pub const ENTRY: u16 = 1;
    /// Off a junction.
    pub const EXIT: u16 = 1 << 1;
    /// On the junction, from where turners wait to the rest of it.
    pub const INSIDE: u16 = 1 << 2;
    /// Those who give way here may wait on the junction.
    pub const WAITS_INSIDE: u16 = 1 << 3;
    /// The junction has vehicles that meet.
    pub const MEETS: u16 = 1 << 4;
    /// The junction is kept clear.
    pub const KEEP_CLEAR: u16 = 1 << 5;
    /// Off a junction after waiting inside.
    pub const EXIT_AFTER_INSIDE: u16 = 1 << 6;
    /// Here one comes into conflict with others.
    pub const CONFLICT_ENTRY: u16 = 1 << 7;
    /// Leads onto an edge of a roundabout.
    pub const ROUNDABOUT: u16 = 1 << 8;
    /// Others look for who approaches it.
    pub const WATCHED: u16 = 1 << 9;
}

/// A lane. What vehicles look at in each step comes first, in one line of the cache.
#[derive(Clone, Debug)]
#[repr(C, align(64))]
pub struct StreetLane {
    /// Length, m.
    pub length: f64,
    /// Speed limit, m/s.
    pub speed: f64,
    /// Stops that far before its end, m.
    pub stop_offset: f64,
    /// Who may use it.
    pub allowed: RoadUsers,
    /// Its edge.
    pub edge: u32,
    /// First link that leaves it, and how many do.
    pub links: (u32, u32),
    /// Of a lane over a junction: the road's lane before it; of others itself.
    pub road_before: u32,
    /// Of a lane over a junction: the link by which one entered the junction, else [`NONE`].
    pub entry: u32,
    /// The lane before it: of a lane over a junction its only one, of others the first that leads on best; [`NONE`].
    pub before: u32,
    /// Place on its edge, 0 = kerb.
    pub index: u8,
    /// Over a junction.
    pub inside: bool,
    /// The lane beside it towards the middle, and towards the kerb; [`NONE`].
    pub beside: [u32; 2],
    /// Who may change from it towards the middle, and towards the kerb.
    pub change: [RoadUsers; 2],
    /// Those who stop before its end.
    pub stop_users: RoadUsers,
    /// Width, m.
    pub width: f64,
}

/// A link. What vehicles look at in each step comes first, in one line of the cache.
#[derive(Clone, Debug)]
#[repr(C, align(64))]
pub struct StreetLink {
    /// From the end of this lane.
    pub from: u32,
    /// To the start of this one: over the junction, where there are lanes over it.
    pub next: u32,
    /// In the end to this lane of a road.
    pub to: u32,
    /// The link by which the junction is entered on this way: itself for an entry.
    pub entry: u32,
    /// Length of the lane over the junction, m; 0 where there is none.
    pub length: f64,
    /// Distance at which those who go first are seen, m.
    pub visibility: f64,
    /// Bits of [`kind`].
    pub kind: u16,
    /// Row of the junction's matrix.
    pub row: u16,
    /// Place in the light's states.
    pub light_index: u16,
    /// Right of way without a light.
    pub way: RightOfWay,
    /// Sense.
    pub turn: TurnKind,
    /// Light, or [`NONE`], and place in its states.
    pub light: u32,
    /// Its junction.
    pub junction: u32,
    /// Links it gives way to: a range of [`Streets::foes`].
    pub foes: (u32, u32),
    /// Where the lane before it meets others: a range of [`Streets::conflicts`].
    pub conflicts: (u32, u32),
    /// Radius of a left turn, m; infinite for others.
    pub radius: f64,
    /// Of a link that leaves a waiting place inside: the link onto that place; else [`NONE`].
    pub inside_entry: u32,
}

/// Where the lane before a link meets another lane over the junction.
#[derive(Clone, Copy, Debug)]
pub struct StreetConflict {
    /// The other lane.
    pub lane: u32,
    /// The link that leaves it.
    pub exit: u32,
    /// From the place where they meet to this lane's end, m.
    pub behind: f64,
    /// From there to the other lane's end, m.
    pub other_behind: f64,
    /// Extent of the conflict along this lane, m.
    pub size: f64,
    /// Extent along the other lane, m.
    pub other_size: f64,
    /// Both end on the same lane.
    pub same_target: bool,
    /// Both begin on the same lane.
    pub same_source: bool,
    /// The other one's drivers may wait on that lane, and this one's have no such place.
    pub other_waits: bool,
    /// They do not touch at all.
    pub apart: bool,
}

/// An edge.
#[derive(Clone, Debug)]
pub struct StreetEdge {
    /// Id.
    pub id: String,
    /// First lane and how many.
    pub lanes: (u32, u32),
    /// Length of its lanes, m.
    pub length: f64,
    /// Over a junction.
    pub inside: bool,
    /// Part of a roundabout.
    pub roundabout: bool,
    /// Nothing comes before it, or nothing after it.
    pub fringe: bool,
    /// Junction at its end.
    pub to: u32,
}

/// Streets.
#[derive(Clone, Debug, Default)]
pub struct Streets {
    /// Edges.
    pub edges: Vec<StreetEdge>,
    /// Lanes.
    pub lanes: Vec<StreetLane>,
    /// Links, lane by lane.
    pub links: Vec<StreetLink>,
    /// Of each link, where it leads to in the end: [`StreetLink::to`], side by side for who looks for one.
    pub targets: Vec<u32>,
    /// Targets of [`StreetLink::foes`].
    pub foes: Vec<u32>,
    /// Targets of [`StreetLink::conflicts`].
    pub conflicts: Vec<StreetConflict>,
    /// For each lane, plus one: start of its incoming links in [`Self::incoming`].
    pub incoming_starts: Vec<u32>,
    /// Links by the lane that they lead to next.
    pub incoming: Vec<u32>,
    /// For each junction: its matrix, `gives_way[row]` as bits.
    pub gives_way: Vec<Vec<Vec<u64>>>,
    /// Number of lights.
    pub lights: u32,
    /// Ids of lanes, for outputs.
    pub lane_ids: Vec<String>,
    /// Shapes of lanes.
    pub shapes: Vec<Vec<[f64; 3]>>,
}

impl Streets {
    /// Links that leave a lane.
    #[inline]
    pub fn links_of(&self, lane: u32) -> std::ops::Range<u32> {
        let (first, count) = self.lanes[lane as usize].links;
        first..first + count
    }

    /// Links that lead to a lane.
    #[inline]
    pub fn incoming_of(&self, lane: u32) -> &[u32] {
        &self.incoming[self.incoming_starts[lane as usize] as usize..self.incoming_starts[lane as usize + 1] as usize]
    }

    /// Links that a link gives way to.
    #[inline]
    pub fn foes_of(&self, link: u32) -> &[u32] {
        let (first, count) = self.links[link as usize].foes;
        &self.foes[first as usize..(first + count) as usize]
    }

    /// Where the lane before a link meets others.
    #[inline]
    pub fn conflicts_of(&self, link: u32) -> &[StreetConflict] {
        let (first, count) = self.links[link as usize].conflicts;
        &self.conflicts[first as usize..(first + count) as usize]
    }

    /// The link from a lane to a lane of a road, on whatever way over the junction.
    #[inline]
    pub fn link_to(&self, lane: u32, to: u32) -> Option<u32> {
        let (first, count) = self.lanes[lane as usize].links;
        let targets = &self.targets[first as usize..(first + count) as usize];
        targets.iter().position(|t| *t == to).map(|n| first + n as u32)
    }

    /// Lanes of roads from which one comes to a lane of a road.
    pub fn incoming_of_road(&self, lane: u32) -> impl Iterator<Item = u32> + '_ {
        self.incoming_of(lane).iter().map(|l| self.lanes[self.links[*l as usize].from as usize].road_before)
    }

    /// Whether a row of a junction's matrix gives way to another.
    #[inline]
    pub fn row_gives_way(&self, junction: u32, row: u16, other: u16) -> bool {
        let word = self.gives_way.get(junction as usize).and_then(|m| m.get(usize::from(row))).and_then(|r| r.get(usize::from(other) / 64));
        word.is_some_and(|w| w >> (other % 64) & 1 == 1)
    }
}
