//! Vehicles lie in memory in the order in which they are gone through: who is ahead on the lane is the neighbour there too. They are
//! put back into that order every so often, where they are too many for the nearest caches. No result depends on it.

use super::Micro;
use super::cars::{Car, NOBODY};

/// Steps from one time to the next.
const STEPS: i64 = 32;
/// Fewer vehicles than that stay where they are.
const MANY: usize = 512;

impl Micro {
    /// Puts vehicles in order, when it is time to. Only between two steps: within one, more is known by their slots.
    pub(super) fn sort_slots(&mut self) {
        let w = &mut self.world;
        if w.cars.len() < MANY || (w.now_ms / w.dt_ms) % STEPS != 0 {
            return;
        }
        // Those on lanes first, then who stands beside the road or was taken out; slots that are free end here.
        let mut new = vec![NOBODY; w.cars.len()];
        let mut order: Vec<u32> = Vec::with_capacity(w.on_lanes + self.parked.len() + self.transfer.len());
        order.extend(w.busy.iter().flat_map(|lane| w.on[lane as usize].cars.iter().rev()));
        order.extend(self.parked.iter().copied().chain(self.transfer.iter().map(|t| t.slot)).chain(self.border.tails.iter().map(|t| t.slot)));
        for (n, slot) in order.iter().enumerate() {
            new[*slot as usize] = n as u32;
        }
        let mut old: Vec<Option<Car>> = std::mem::take(&mut w.cars).into_iter().map(Some).collect();
        w.cars = order.iter().filter_map(|slot| old[*slot as usize].take()).collect();
        w.planned_at = order.iter().map(|slot| w.planned_at[*slot as usize]).collect();
        for on in &mut w.on {
            for slot in on.cars.iter_mut().chain(&mut on.partial) {
                *slot = new[*slot as usize];
            }
        }
        for (slot, _) in w.at_stop.iter_mut().flatten() {
            *slot = new[*slot as usize];
        }
        self.parked.iter_mut().for_each(|slot| *slot = new[*slot as usize]);
        self.transfer.iter_mut().for_each(|t| t.slot = new[t.slot as usize]);
        self.border.tails.iter_mut().for_each(|t| t.slot = new[t.slot as usize]);
        for link in &self.touched {
            for a in &mut w.approaches[*link as usize] {
                a.car = new[a.car as usize];
            }
        }
        self.free.clear();
    }
}
