//! The lane network as the vehicle model reads it: lanes and connections are both *segments*, numbered lanes first, with their few
//! hot facts in arrays of their own.

use qike_network::{ConnIx, LaneIx, LinkIx};
use qike_network::{LaneNetwork, Modes};
use qike_network::WalkNetwork;
use std::sync::Arc;

/// No segment: where it is the next one, the vehicle's lane does not lead on along its route.
pub const NONE: u32 = u32::MAX;
/// The next segment of a vehicle whose trip ends on this lane.
pub const END: u32 = u32::MAX - 1;

/// Flat facts about segments.
pub struct Roads {
    /// The network they come from.
    pub net: Arc<LaneNetwork>,
    /// Number of lanes: segment `lanes + c` is connection `c`.
    pub lanes: u32,
    /// Length of each segment, m.
    pub length: Vec<f64>,
    /// Speed limit of each segment, m/s.
    pub speed: Vec<f64>,
    /// Link of each lane; for a connection, the link it leaves.
    pub link: Vec<u32>,
    /// Lane that a connection enters.
    pub to_lane: Vec<u32>,
    /// Whether a connection may be entered only by those who hold it: it meets others, or has a signal.
    pub held: Vec<bool>,
    /// Who may use a lane; nobody where it is closed.
    modes: Vec<Modes>,
    /// For each segment, plus one: start of its stop lines at walkers' crossings in `crossings`.
    crossing_starts: Vec<u32>,
    /// (distance from the segment's start, crossing), by segment and distance.
    crossings: Vec<(f64, u32)>,
    /// For each crossing, whether walkers go first there, so that vehicles stop for those who wait.
    pub walkers_first: Vec<bool>,
}

impl Roads {
    /// Reads the networks.
    pub fn new(net: Arc<LaneNetwork>, walk: &WalkNetwork) -> Self {
        let lanes = net.lanes.len() as u32;
        let mut length: Vec<f64> = net.lanes.iter().map(|l| l.length_m.max(0.1)).collect();
        length.extend(net.connections.iter().map(|c| c.length_m.max(0.1)));
        let mut speed: Vec<f64> = net.lanes.iter().map(|l| l.speed_mps.max(0.5)).collect();
        speed.extend(net.connections.iter().map(|c| c.speed_mps.max(0.5)));
        let mut link: Vec<u32> = net.lanes.iter().map(|l| l.link.0).collect();
        link.extend(net.connections.iter().map(|c| net.lane(c.from_lane).link.0));
        let mut stops: Vec<(u32, f64, u32)> = Vec::new();
        for (ix, crossing) in walk.crossings.iter().enumerate() {
            for (link, at) in crossing.links.iter().filter(|(l, _)| l.ix() < net.links.len()) {
                stops.extend(net.link(*link).lanes.clone().map(|lane| (lane, *at, ix as u32)));
            }
            for (connection, at) in crossing.connections.iter().filter(|(c, _)| c.ix() < net.connections.len()) {
                stops.push((lanes + connection.0, *at, ix as u32));
            }
        }
        stops.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)).then(a.2.cmp(&b.2)));
        let segments = length.len();
        let mut crossing_starts = vec![0u32; segments + 1];
        for stop in &stops {
            crossing_starts[stop.0 as usize + 1] += 1;
        }
        for ix in 0..segments {
            crossing_starts[ix + 1] += crossing_starts[ix];
        }
        Self {
            lanes,
            length,
            speed,
            link,
            to_lane: net.connections.iter().map(|c| c.to_lane.0).collect(),
            held: net.connections.iter().map(|c| c.signal.is_some() || !c.conflicts.is_empty()).collect(),
            modes: net.lanes.iter().map(|l| if l.closed { Modes::NONE } else { l.modes }).collect(),
            walkers_first: walk.crossings.iter().map(|c| c.priority && c.program.is_none()).collect(),
            crossing_starts,
            crossings: stops.into_iter().map(|(_, at, ix)| (at, ix)).collect(),
            net,
        }
    }

    /// Number of segments.
    pub fn segments(&self) -> usize {
        self.length.len()
    }

    /// Whether the segment is a lane.
    #[inline]
    pub fn is_lane(&self, segment: u32) -> bool {
        segment < self.lanes
    }

    /// The connection of a segment that is one.
    #[inline]
    pub fn connection(&self, segment: u32) -> usize {
        (segment - self.lanes) as usize
    }

    /// The segment of a connection.
    #[inline]
    pub fn segment(&self, connection: ConnIx) -> u32 {
        self.lanes + connection.0
    }

    /// Whether a vehicle of this mode may use the lane.
    #[inline]
    pub fn open_to(&self, lane: u32, mode: Modes) -> bool {
        self.modes[lane as usize].contains(mode)
    }

    /// Walkers' crossings on a segment: (distance, crossing).
    #[inline]
    pub fn crossings_on(&self, segment: u32) -> &[(f64, u32)] {
        let s = segment as usize;
        &self.crossings[self.crossing_starts[s] as usize..self.crossing_starts[s + 1] as usize]
    }

    /// The connection from a lane to a link, as a segment: one whose lane leads on to `after` if there is one. [`NONE`] when there is
    /// no way.
    pub fn way(&self, lane: u32, to: u32, after: Option<u32>, mode: Modes) -> u32 {
        let mut found = NONE;
        for &connection in self.net.outgoing_of(LaneIx(lane)) {
            let target = self.to_lane[connection.ix()];
            if self.link[target as usize] != to || !self.open_to(target, mode) {
                continue;
            }
            if after.is_none_or(|after| self.leads(target, after, mode)) {
                return self.segment(connection);
            }
            if found == NONE {
                found = self.segment(connection);
            }
        }
        found
    }

    /// Whether a lane leads to a link.
    #[inline]
    pub fn leads(&self, lane: u32, to: u32, mode: Modes) -> bool {
        self.net.outgoing_of(LaneIx(lane)).iter().any(|c| {
            let target = self.to_lane[c.ix()];
            self.link[target as usize] == to && self.open_to(target, mode)
        })
    }

    /// How many lanes to move (positive: away from the kerb) so that the route goes on; 0 when this lane will do or none will.
    /// Lanes from which the link after next can be reached too are preferred where `far` is set.
    pub fn lanes_to_move(&self, lane: u32, to: u32, after: Option<u32>, mode: Modes, far: bool) -> i32 {
        let range = self.net.link(LinkIx(self.link[lane as usize])).lanes.clone();
        let mut best: Option<(bool, u32, u32)> = None;
        for other in range {
            if !self.open_to(other, mode) {
                continue;
            }
            let way = self.way(other, to, after, mode);
            if way == NONE {
                continue;
            }
            let leads_on = after.is_none_or(|a| self.leads(self.to_lane[self.connection(way)], a, mode));
            let rank = (far && !leads_on, other.abs_diff(lane), other);
            if best.is_none_or(|b| rank < b) {
                best = Some(rank);
            }
        }
        best.map_or(0, |(_, _, other)| other as i32 - lane as i32)
    }
}
