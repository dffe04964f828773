//! How lanes lead on, remembered: many vehicles come to the same edge with the same edges before them.

use super::best::{Best, Target, best, best_inside, look};
use super::world::World;
use qike_network::streets::{NONE, Streets};
use qike_network::traffic::RoadUsers;
use smallvec::SmallVec;
use std::collections::HashMap;
use std::sync::Arc;

/// So many answers are kept at most; then all are forgotten (who uses one still has it).
const MOST: usize = 1 << 15;

/// What was worked out. All depends on the streets alone: where these change, it must be forgotten.
#[derive(Clone, Default)]
pub struct Memo {
    known: HashMap<SmallVec<[u32; 13]>, Arc<Best>>,
}

impl Memo {
    /// The lanes of a path's first edge: see [`best`].
    pub fn best(&mut self, streets: &Streets, path: &[u32], user: RoadUsers, target: Option<Target>, far: f64) -> Arc<Best> {
        if target.is_some() {
            return Arc::new(best(streets, path, user, target, far));
        }
        // What is beyond the last edge that is looked at matters no more, but for where that leads.
        let edges = look(streets, path, None, far);
        let mut key: SmallVec<[u32; 13]> = SmallVec::new();
        key.extend_from_slice(&[user.0 as u32, (user.0 >> 32) as u32]);
        key.extend_from_slice(&path[..edges]);
        key.push(path.get(edges).copied().unwrap_or(NONE));
        if let Some(known) = self.known.get(&key) {
            return known.clone();
        }
        if self.known.len() >= MOST {
            self.known.clear();
        }
        let found = Arc::new(best(streets, path, user, None, far));
        self.known.insert(key, found.clone());
        found
    }
}

impl World {
    /// How the lanes of an edge of a path lead on, for a kind of vehicle; `length`: of the edge, m.
    pub(super) fn lanes_of(&mut self, kind: u32, path: u32, leg: u32, target: Option<Target>, length: f64) -> Arc<Best> {
        let k = &self.kinds[kind as usize];
        let far = length + k.tau * k.max_speed + k.brake_gap(k.max_speed) + k.gap;
        self.memo.best(&self.streets, &self.paths[path as usize][leg as usize..], k.user, target, far)
    }

    /// The same for those on lanes side by side over a junction, which lead to the edge at the place `next` of the path from `leg` on.
    #[allow(clippy::too_many_arguments)]
    pub(super) fn lanes_inside(&self, kind: u32, path: u32, leg: u32, target: Option<Target>, length: f64, next: usize, inside: std::ops::Range<u32>) -> Option<Arc<Best>> {
        let k = &self.kinds[kind as usize];
        let far = length + k.tau * k.max_speed + k.brake_gap(k.max_speed) + k.gap;
        best_inside(&self.streets, &self.paths[path as usize][leg as usize..], k.user, target, far, next, inside).map(Arc::new)
    }
}
