//! Derives the walking network from the paths, squares, rooms, doors and stairs of a scene.

mod anchors;
mod crossings;
mod doors;
mod floors;
mod ground;
mod paths;
pub(crate) mod plane;
mod rooms;
mod squares;
mod stairs;

use crate::error::NetworkError;
use crate::ix::LinkIx;
use crate::lane::LaneNetwork;
use crate::walk::WalkNetwork;
use ground::Ground;
use qike_core::Diagnostic;
use qike_scene::{ObjectIx, SceneSnapshot};
use std::collections::HashMap;

/// What the scene cannot say.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WalkOptions {
    /// Width of paths that have no tag for it, m.
    pub path_width_m: f64,
    /// A door or stair end this near to an outdoor area is an entrance, m.
    pub entrance_m: f64,
}

impl Default for WalkOptions {
    fn default() -> Self {
        Self { path_width_m: 2.5, entrance_m: 6.0 }
    }
}

impl WalkNetwork {
    /// Builds the network of all places in the scene where people walk. The same scene gives the same network.
    ///
    /// # Errors
    /// When the scene's coordinates are not metres. Faults of single objects are in [`WalkNetwork::faults`].
    pub fn from_scene(scene: &SceneSnapshot, lanes: &LaneNetwork, options: &WalkOptions) -> Result<WalkNetwork, NetworkError> {
        crate::lanes::metric(scene)?;
        let mut ground = Ground::default();
        let squares = squares::add(scene, &mut ground);
        let first_strip = ground.areas.len();
        squares::join(&mut ground, 0, first_strip);
        let half_width = road_half_widths(scene, lanes);
        let crossed = paths::add(scene, &half_width, &squares, options.path_width_m, &mut ground);
        let paths_end = ground.areas.len();
        paths::join_squares(&mut ground, 0..first_strip, first_strip..paths_end);
        squares::join_lonely(&mut ground, 0..first_strip, paths_end);
        let outdoors = ground.areas.len();
        crossings::add(scene, lanes, crossed, &mut ground);
        anchors::add(scene, &mut ground, outdoors);
        let rooms = rooms::add(scene, &mut ground);
        let indoors = ground.areas.len();
        rooms::join(&mut ground, outdoors..indoors);
        let finder = doors::Finder::new(&ground, 0..outdoors);
        doors::add(scene, &mut ground, &finder, options.entrance_m);
        stairs::add(scene, &mut ground, &finder, options.entrance_m);
        report_closed_rooms(scene, &mut ground, &rooms);
        ground.anchors.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(ground.finish())
    }
}

/// Half the width of the roadway of each road that vehicles use.
fn road_half_widths(scene: &SceneSnapshot, lanes: &LaneNetwork) -> HashMap<ObjectIx, f64> {
    let mut half: HashMap<ObjectIx, f64> = HashMap::new();
    for (i, link) in lanes.links.iter().enumerate() {
        let Some(ix) = scene.find(link.object.as_str()) else { continue };
        let own = |l: LinkIx| lanes.lanes_of(l).iter().map(|lane| lane.width_m).sum::<f64>();
        let whole = own(LinkIx::new(i)) + link.reverse.map_or(0.0, own);
        let known = half.entry(ix).or_default();
        *known = known.max(whole / 2.0);
    }
    half
}

/// Reports rooms that one can neither enter nor leave.
fn report_closed_rooms(scene: &SceneSnapshot, ground: &mut Ground, rooms: &[rooms::Room]) {
    let mut joined = vec![false; ground.areas.len()];
    for p in &ground.portals {
        if ground.areas[p.a.ix()].object != ground.areas[p.b.ix()].object {
            (joined[p.a.ix()], joined[p.b.ix()]) = (true, true);
        }
    }
    for room in rooms.iter().filter(|r| !r.areas.iter().any(|a| joined[a.ix()])) {
        let object = scene.get(room.object);
        let message = format!("the room '{}' has no door and touches no other room", object.name.as_deref().unwrap_or(object.id.as_str()));
        let at = room.areas.first().map(|a| ground.areas[a.ix()].centre).unwrap_or_default();
        ground.faults.push(Diagnostic::warning("room-without-door", message).object(object.id.as_str()).position(at));
    }
}
