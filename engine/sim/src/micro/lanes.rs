//! Who is on which lane, and which lanes have anybody at all: what is done for all goes through those only.

use super::cars::OnLane;
use super::world::World;
use serde::{Deserialize, Serialize};

/// A set of lanes, gone through in the order of their numbers.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct LaneSet {
    words: Vec<u64>,
}

impl LaneSet {
    /// An empty set for so many lanes.
    pub fn new(lanes: usize) -> Self {
        Self { words: vec![0; lanes.div_ceil(64)] }
    }

    #[inline]
    fn add(&mut self, lane: u32) {
        self.words[lane as usize / 64] |= 1 << (lane % 64);
    }

    #[inline]
    fn remove(&mut self, lane: u32) {
        self.words[lane as usize / 64] &= !(1 << (lane % 64));
    }

    fn retain(&mut self, keep: impl Fn(u32) -> bool) {
        for (n, word) in self.words.iter_mut().enumerate().filter(|(_, word)| **word != 0) {
            let mut left = *word;
            while left != 0 {
                let bit = left.trailing_zeros();
                left &= left - 1;
                if !keep(n as u32 * 64 + bit) {
                    *word &= !(1 << bit);
                }
            }
        }
    }

    /// Whether it is one of so many lanes.
    pub(super) fn fits(&self, lanes: usize) -> bool {
        self.words.len() == lanes.div_ceil(64) && self.iter().all(|lane| (lane as usize) < lanes)
    }

    /// Whether a lane is in the set.
    #[inline]
    pub fn has(&self, lane: u32) -> bool {
        self.words[lane as usize / 64] >> (lane % 64) & 1 == 1
    }

    /// Those in the set.
    #[inline]
    pub fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        self.words.iter().enumerate().filter(|(_, word)| **word != 0).flat_map(|(n, &word)| {
            let mut left = word;
            std::iter::from_fn(move || {
                (left != 0).then(|| {
                    let bit = left.trailing_zeros();
                    left &= left - 1;
                    n as u32 * 64 + bit
                })
            })
        })
    }
}

impl World {
    /// Lanes with somebody's front on them, and who that is.
    pub(super) fn busy_lanes(&self) -> impl Iterator<Item = &OnLane> + '_ {
        self.busy.iter().map(|lane| &self.on[lane as usize])
    }

    /// A vehicle comes onto a lane: it goes where its position says.
    pub(super) fn enter(&mut self, lane: u32, slot: u32) {
        let pos = self.cars[slot as usize].pos;
        let room = self.kinds[self.cars[slot as usize].kind as usize].room;
        let cars = &self.cars;
        let on = &mut self.on[lane as usize];
        let at = on.cars.partition_point(|c| cars[*c as usize].pos < pos);
        on.cars.insert(at, slot);
        self.room[lane as usize] += room;
        self.on_lanes += 1;
        self.busy.add(lane);
        self.touched.add(lane);
    }

    /// A vehicle reaches back onto a lane.
    pub(super) fn reach_onto(&mut self, lane: u32, slot: u32) {
        self.on[lane as usize].partial.push(slot);
        self.touched.add(lane);
    }

    /// Leaves out of the lanes that somebody touches those that nobody touches any more.
    pub(super) fn forget_left_lanes(&mut self) {
        let on = &self.on;
        self.touched.retain(|lane| !on[lane as usize].cars.is_empty() || !on[lane as usize].partial.is_empty());
    }

    /// A vehicle goes off a lane.
    pub(super) fn leave(&mut self, lane: u32, slot: u32) {
        let on = &mut self.on[lane as usize];
        // Most go from the front: it is the last in the list, or near it.
        if let Some(at) = on.cars.iter().rposition(|c| *c == slot) {
            on.cars.remove(at);
            self.on_lanes -= 1;
            if on.cars.is_empty() {
                self.busy.remove(lane);
            }
        }
        self.room[lane as usize] -= self.kinds[self.cars[slot as usize].kind as usize].room;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_of_lanes_is_gone_through_in_order() {
        let mut set = LaneSet::new(130);
        for lane in [129, 0, 64, 63, 7] {
            set.add(lane);
        }
        set.remove(7);
        assert_eq!(set.iter().collect::<Vec<_>>(), [0, 63, 64, 129]);
        set.retain(|lane| lane > 63);
        assert_eq!(set.iter().collect::<Vec<_>>(), [64, 129]);
        assert!(set.has(64) && !set.has(63));
    }
}
