//! The walking network: where people on foot can be, outdoors and indoors, and how they get from one place to the next.
//!
//! Space is cut into convex areas, which touch along portals (segments that can be crossed). A room, a plaza or a footway is
//! one or more areas; a stair or an escalator is an area whose plane is inclined. Because areas are convex, one who stands in an
//! area sees every portal of it, and walks there in a straight line; its other edges are walls.

use crate::ix::{AreaIx, ConnIx, LinkIx, PortalIx, ProgramIx, span};
use qike_core::Diagnostic;
use qike_scene::ObjectId;
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// What an area is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AreaKind {
    /// A room of a building.
    Room,
    /// A room that people pass through: corridor, hall, concourse.
    Corridor,
    /// A platform of a station.
    Platform,
    /// Stairs.
    Stair,
    /// A ramp.
    Ramp,
    /// An escalator or a moving walk: it carries, and only one way.
    Escalator,
    /// A lift.
    Lift,
    /// A footway, path or pavement.
    Footway,
    /// Where a footway crosses a road.
    Crossing,
    /// A square, a promenade.
    Plaza,
    /// A beach.
    Beach,
}

impl AreaKind {
    /// Whether it is inside a building.
    pub const fn indoor(self) -> bool {
        matches!(
            self,
            AreaKind::Room | AreaKind::Corridor | AreaKind::Platform | AreaKind::Stair | AreaKind::Escalator | AreaKind::Lift
        )
    }
}

/// A convex piece of walkable ground.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WalkArea {
    /// The object's id, `#` and the number of the piece.
    pub id: String,
    /// The object it is part of.
    pub object: Option<ObjectId>,
    /// What it is.
    pub kind: AreaKind,
    /// The storey it is on, indoors.
    pub storey: Option<ObjectId>,
    /// Its corners, counter-clockwise in plan, not closed: a range of [`WalkNetwork::points`].
    pub ring: Range<u32>,
    /// Its plane: z = a·x + b·y + c, relative to `centre`: z = centre[2] + a·(x − centre[0]) + b·(y − centre[1]).
    pub slope: [f64; 2],
    /// Its centroid.
    pub centre: [f64; 3],
    /// Area in plan, m².
    pub area_m2: f64,
    /// Walking speed here, as a share of that on the flat.
    pub speed_factor: f32,
    /// Whole minutes or seconds that entering costs besides walking (waiting for a lift), s.
    pub delay_s: f32,
    /// The only direction in plan in which one may walk here (unit vector), for escalators and the like.
    pub one_way: Option<[f64; 2]>,
    /// Speed in plan at which it carries those who stand on it, along `one_way`, m/s.
    pub belt_mps: f32,
    /// Closed by an edit.
    pub closed: bool,
}

/// A segment through which one passes from one area into another.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Portal {
    /// One side.
    pub a: AreaIx,
    /// The other side.
    pub b: AreaIx,
    /// One end of the segment as seen from area `a`.
    pub p: [f64; 3],
    /// The other end.
    pub q: [f64; 3],
    /// The same segment on the ground of area `b`. It is another one where a door's two rooms stand a wall apart.
    pub p_b: [f64; 3],
    /// Its other end.
    pub q_b: [f64; 3],
    /// Clear width.
    pub width_m: f64,
    /// How many persons can pass in a second, all together.
    pub capacity_per_s: f64,
    /// The door, gate or opening, where it is an object.
    pub object: Option<ObjectId>,
    /// May be passed only from `a` to `b`.
    pub one_way: bool,
    /// Closed by an edit.
    pub closed: bool,
}

impl Portal {
    /// The area on the other side.
    pub fn other(&self, area: AreaIx) -> AreaIx {
        if self.a == area { self.b } else { self.a }
    }

    /// The segment as seen from one of its two areas.
    pub fn segment(&self, area: AreaIx) -> ([f64; 3], [f64; 3]) {
        if self.a == area { (self.p, self.q) } else { (self.p_b, self.q_b) }
    }

    /// Whether one may pass from `area` to the other side.
    pub fn passable_from(&self, area: AreaIx) -> bool {
        !self.closed && (!self.one_way || self.a == area)
    }
}

/// A place where walkers cross vehicles: both sides have to look.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Crossing {
    /// The crossing's object: the point on the road or the path.
    pub object: Option<ObjectId>,
    /// The areas on the roadway.
    pub areas: Vec<AreaIx>,
    /// Links it crosses, and where along them (m from the link's start).
    pub links: Vec<(LinkIx, f64)>,
    /// Connections it crosses, and where along them (m from the connection's start).
    pub connections: Vec<(ConnIx, f64)>,
    /// The signal programme of the junction it belongs to: walkers go while none of the crossed lanes has green.
    pub program: Option<ProgramIx>,
    /// Walkers go first (a marked crossing without signals).
    pub priority: bool,
}

/// What an anchor is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AnchorKind {
    /// A way from a building to the open.
    Entrance,
    /// Where a train's passengers get on and off.
    TrainDoor,
    /// A bus or tram stop.
    Stop,
    /// A place at the water.
    Shore,
    /// A car park.
    CarPark,
}

/// A named place where people come from or go to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Anchor {
    /// Unique: object and number.
    pub id: String,
    /// What it is.
    pub kind: AnchorKind,
    /// The object it belongs to.
    pub object: Option<ObjectId>,
    /// Area.
    pub area: AreaIx,
    /// Position inside the area.
    pub position: [f64; 3],
}

/// The whole walking network.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct WalkNetwork {
    /// Areas, object by object.
    pub areas: Vec<WalkArea>,
    /// Corners of all areas.
    pub points: Vec<[f64; 3]>,
    /// Portals, sorted by their areas.
    pub portals: Vec<Portal>,
    /// For each area, plus one: start of its portals in [`Self::area_portals`].
    pub area_portal_starts: Vec<u32>,
    /// Portals by area, sorted.
    pub area_portals: Vec<PortalIx>,
    /// Crossings of roads.
    pub crossings: Vec<Crossing>,
    /// Named places.
    pub anchors: Vec<Anchor>,
    /// What is wrong: rooms without a door, stairs that end nowhere.
    pub faults: Vec<Diagnostic>,
}

impl WalkNetwork {
    /// An area.
    #[inline]
    pub fn area(&self, area: AreaIx) -> &WalkArea {
        &self.areas[area.ix()]
    }

    /// A portal.
    #[inline]
    pub fn portal(&self, portal: PortalIx) -> &Portal {
        &self.portals[portal.ix()]
    }

    /// The portals of an area, sorted.
    #[inline]
    pub fn portals_of(&self, area: AreaIx) -> &[PortalIx] {
        &self.area_portals[self.area_portal_starts[area.ix()] as usize..self.area_portal_starts[area.ix() + 1] as usize]
    }

    /// The corners of an area.
    #[inline]
    pub fn ring(&self, area: AreaIx) -> &[[f64; 3]] {
        &self.points[span(&self.areas[area.ix()].ring)]
    }

    /// Height of an area's plane at a place.
    #[inline]
    pub fn height(&self, area: AreaIx, x: f64, y: f64) -> f64 {
        let area = &self.areas[area.ix()];
        area.centre[2] + area.slope[0] * (x - area.centre[0]) + area.slope[1] * (y - area.centre[1])
    }

    /// The areas that belong to an object, sorted.
    pub fn areas_of(&self, object: &str) -> Vec<AreaIx> {
        let of = |area: &WalkArea| area.object.as_ref().is_some_and(|id| id.as_str() == object);
        self.areas.iter().enumerate().filter(|(_, a)| of(a)).map(|(ix, _)| AreaIx::new(ix)).collect()
    }
}
