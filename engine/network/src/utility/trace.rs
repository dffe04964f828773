//! What lies upstream or downstream of an element.

use super::UtilityNetwork;
use std::collections::VecDeque;

/// Which way to walk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Against the flow: what feeds an element.
    Upstream,
    /// With the flow: where it goes.
    Downstream,
}

impl UtilityNetwork {
    /// All elements reached from one, itself first, nearest first by the number of joints. Joints without a known direction are
    /// followed both ways.
    pub fn trace(&self, start: u32, direction: Direction) -> Vec<u32> {
        let mut seen = vec![false; self.elements.len()];
        let mut order = Vec::new();
        let mut open = VecDeque::new();
        if let Some(slot) = seen.get_mut(start as usize) {
            *slot = true;
            open.push_back(start);
        }
        while let Some(element) = open.pop_front() {
            order.push(element);
            for joint in self.joints_of(element) {
                let leaves = joint.from == element;
                if joint.directed && leaves != (direction == Direction::Downstream) {
                    continue;
                }
                let other = if leaves { joint.to } else { joint.from };
                if let Some(slot) = seen.get_mut(other as usize).filter(|s| !**s) {
                    *slot = true;
                    open.push_back(other);
                }
            }
        }
        order
    }
}
