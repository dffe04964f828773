//! Roads and what drives on them, as a source states it: lanes and links with their right of way, signal plans, vehicle types,
//! routes, flows, stops, detectors. Plain data; importers fill it, the network crate compiles it, models run it.
//!
//! A lane network that is derived from a scene and one that another simulator states both become a [`RoadMap`], so that there is
//! one way into the models. Metres, m/s, milliseconds; positions on a lane are measured from its start in the direction of travel.

mod area;
mod demand;
mod extras;
mod links;
mod map;
mod measured;
mod od;
mod scale;
mod times;
mod observed;
mod users;

pub use area::{Area, AreaError};
pub use demand::{
    Arrival, CarFollowing, Choice, Demand, DepartLane, DepartPos, DepartSpeed, Flow, JunctionManners, LaneChanging, Parking, Path, PathRef, Place, Release, Spacing,
    SpeedFactor, Stop, StopPlace, Travel, TypeRef, VehicleKind,
};
pub use extras::{Detector, DetectorKind, EdgeFile, Extras, Halting, Interval, ParkingArea, Rerouter, SpeedSign, StoppingPlace, Zone};
pub use links::{CostLink, LinkNetwork, TripTable};
pub use map::{
    EdgeKind, MapConnection, MapEdge, MapJunction, MapLane, NodeKind, Request, RightOfWay, RoadMap, SignalLight, SignalPhase, SignalPlan, SignalSwitch, SwitchRule, TurnKind,
};
pub use measured::{AreaFigures, CrossingFigures, EdgeSums, Figures, Halts, LoopFigures, Passage, PassageState};
pub use od::{OdCell, OdMatrix};
pub use times::EdgeTimes;
pub use observed::{Act, Count, Deed, Deeds, Fix, Fixes, Frame, Frames, LinkNames, Sighting, StatedTrip, Travellers};
pub use users::RoadUsers;

use qike_core::Diagnostic;
use serde::{Deserialize, Serialize};

/// A whole scenario of traffic: map, demand, what stands beside the road, and how it is to be run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TrafficScenario {
    /// What it is called: its file's name.
    pub name: String,
    /// Roads.
    pub map: RoadMap,
    /// Who travels.
    pub demand: Demand,
    /// Stops, detectors, closures.
    pub extras: Extras,
    /// How it is run.
    pub settings: Settings,
    /// What the source asks for and is not supported, and what was wrong in it.
    pub findings: Vec<Diagnostic>,
}

impl TrafficScenario {
    /// The edge on which somebody stops.
    pub fn stop_edge(&self, stop: &Stop) -> Option<u32> {
        let lane = match stop.place {
            StopPlace::Lane { lane, .. } => lane,
            StopPlace::Stop(n) => self.extras.stops.get(n as usize)?.lane,
            StopPlace::Parking(n) => self.extras.parking.get(n as usize)?.place.lane,
        };
        self.map.lanes.get(lane as usize).map(|l| l.edge)
    }

    /// Edges at a place: where one leaves, or where one arrives.
    pub fn edges_at(&self, place: Place, leaves: bool) -> Vec<u32> {
        match place {
            Place::Edge(edge) => vec![edge],
            Place::Junction(junction) => {
                let here = (0..).zip(&self.map.edges).filter(|(_, e)| e.kind == EdgeKind::Normal && if leaves { e.from } else { e.to } == Some(junction));
                here.map(|(at, _)| at).collect()
            }
            Place::Zone(zone) => {
                let zone = self.extras.zones.get(zone as usize);
                zone.map(|z| if leaves { &z.sources } else { &z.sinks }).into_iter().flatten().map(|(edge, _)| *edge).collect()
            }
        }
    }
}

/// How a scenario is to be run, where its source says so.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// First moment, ms.
    pub begin_ms: i64,
    /// Last moment, ms; none: until everybody has arrived.
    pub end_ms: Option<i64>,
    /// Step, ms.
    pub step_ms: i64,
    /// Seed.
    pub seed: u64,
    /// One who has waited that long is taken out and put back further on, ms; none: never.
    pub teleport_after_ms: Option<i64>,
    /// One who could not depart for that long is given up, ms; none: never.
    pub max_depart_delay_ms: Option<i64>,
    /// Vehicles that overlap are moved apart by taking one out (SUMO's default); otherwise they are only counted.
    pub collisions_teleport: bool,
    /// All travellers times this.
    pub scale: f64,
    /// The queue model is asked for.
    pub queues: bool,
    /// Junctions are controlled in the queue model.
    pub queue_junctions: bool,
    /// Share of drivers who look for better ways while driving, and how often, ms.
    pub rerouting: Option<(f64, i64)>,
    /// Times at which the run is saved, ms.
    pub save_at_ms: Vec<i64>,
    /// Within that area vehicles are run lane by lane, elsewhere as queues (the hybrid model).
    pub lanes_inside: Option<Area>,
    /// Outputs that are asked for: kind (as the option is called) and file.
    pub outputs: Vec<(String, String)>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            begin_ms: 0,
            end_ms: None,
            step_ms: 1000,
            seed: 23423,
            teleport_after_ms: Some(300_000),
            max_depart_delay_ms: None,
            collisions_teleport: true,
            scale: 1.0,
            queues: false,
            queue_junctions: false,
            rerouting: None,
            save_at_ms: Vec::new(),
            lanes_inside: None,
            outputs: Vec::new(),
        }
    }
}
