//! Lanes, junctions, signals, walkable areas and pipes, derived from a scene; routing over them; what-if overrides of them.
//!
//! Three networks come out of one [`qike_scene::SceneSnapshot`]: the [`LaneNetwork`] for vehicles, the [`WalkNetwork`] for people
//! on foot, outdoors and through buildings, and the [`UtilityNetwork`] of pipes and cables. All are flat arrays; all are the same
//! for the same scene, bit by bit. Nothing here moves: agents, time and demand belong to the models that use these types. No file format is known here.
//!
//! ```text
//! let lanes = LaneNetwork::from_scene(&scene, &NetworkOptions::default())?;
//! let walks = WalkNetwork::from_scene(&scene, &lanes, &WalkOptions::default())?;
//! let router = Router::new(&lanes, Modes::CAR);
//! let way = router.route(from, to, &router.free_flow());
//! ```

mod error;
pub mod ix;
pub mod lane;
mod lanes;
mod least;
pub mod matching;
pub mod overrides;
mod reach;
mod road_map;
pub mod route;
pub mod routing;
pub mod shape;
pub mod streets;
pub mod utility;
pub mod walk;
pub mod walk_route;
mod walking;

pub use error::NetworkError;
pub use ix::{AreaIx, ConnIx, JunctionIx, LaneIx, LinkIx, NodeIx, PortalIx, ProgramIx};
pub use lane::{
    Conflict, ConflictKind, Connection, Junction, JunctionKind, Lane, LaneNetwork, Link, Modes, Node, Phase, RoadKind,
    SignalProgram, SignalRef, SignalState, Turn,
};
pub use lanes::{NetworkOptions, RoadCheckOptions, check_roads};
pub use reach::{Reach, reach};
pub use route::{NearestLinks, OnLink, RouteTree, Router};
pub use qike_scene::traffic;
pub use utility::{Direction, UtilityKind, UtilityNetwork, UtilityOptions};
pub use walk::{Anchor, AnchorKind, AreaKind, Crossing, Portal, WalkArea, WalkNetwork};
pub use walk_route::{Goal, Step, WalkField, WalkRouter};
pub use walking::WalkOptions;
