//! Lanes as queues: who is on one, in which order, and the room that is free at its start.
//!
//! A ring holds those on the lane and, behind them in time, the holes that those who left have made: a hole runs back against the
//! traffic and is room at the lane's start only when it gets there.

use serde::{Deserialize, Serialize};

/// Not due, never, nobody.
pub(super) const NEVER: u32 = u32::MAX;

/// A place in a ring: somebody on the lane, or the hole that one left.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Slot {
    /// When it may be at the end of the lane; of a hole: when it is at its start. ms.
    pub at: u32,
    /// Who.
    pub agent: u32,
    /// The link by which it goes on; [`NEVER`] where its journey ends here.
    pub link: u32,
    /// Room that it takes, cm.
    pub room: u32,
}

/// What changes of a lane.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Lane {
    /// Who has entered, left, and made room so far: places in the ring, going round.
    pub tail: u32,
    pub head: u32,
    pub hole: u32,
    /// Its date in the calendar.
    pub due: u32,
    /// The first in it may leave then, as far as the lane itself goes.
    pub ready: u32,
    /// Speed with which it then is at the end, m/s.
    pub pass: f32,
    /// Room at its start, cm; below 0 where one was squeezed in.
    pub free: i32,
    /// The next may come then.
    pub open: u32,
    /// A queue has been leaving since then ([`NEVER`]: none), and what of it has left, cm.
    pub since: u32,
    pub gone: u32,
    /// The first in it has found no room since then.
    pub stuck: u32,
    /// The lane that it was told to come later to, as somebody was just before it.
    pub claims: u32,
    /// Who was told so here first.
    pub claimed: u32,
    /// The edge for whose room it waits, and the next of those who do.
    pub waits_for: u32,
    pub next_waiting: u32,
    /// Gives way at this moment, since then.
    pub yields: u32,
}

impl Lane {
    /// Empty, with so much room.
    pub fn empty(free: i32) -> Self {
        Self { due: NEVER, free, since: NEVER, stuck: NEVER, claims: NEVER, claimed: NEVER, waits_for: NEVER, next_waiting: NEVER, yields: NEVER, ..Self::default() }
    }

    /// How many are on it.
    #[inline]
    pub fn count(&self) -> u32 {
        self.tail.wrapping_sub(self.head)
    }
}

/// What does not change of a lane.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct LaneFix {
    /// Its ring in the list of slots, and its length less one (lengths are powers of two).
    pub ring: u32,
    pub mask: u32,
    /// Its edge.
    pub edge: u32,
    /// Length, m.
    pub length: f32,
    /// Limit, m/s.
    pub speed: f32,
    /// All its room, cm, and the time that a hole takes from its end to its start, ms.
    pub room: u32,
    pub hole: u32,
    /// Shortest time over the junction before it, ms.
    pub lead: u32,
    /// Who may use it.
    pub users: u64,
}
