//! Giving way: whether one who does not go first may pass a link now, by who comes to the links that go first.

use super::lane::NEVER;
use super::lights::Says;
use super::net::CLEAR_MS;
use super::{Given, Queues};
use crate::micro::world::shown;

/// Least time between two looks, ms.
const LOOK_MS: u32 = 250;
/// Time that must be left behind one who passes until the next one comes, ms.
const APART_MS: u32 = 1000;
/// One who has waited for that long accepts half the gap, ms.
const IMPATIENT_MS: u32 = 300_000;

/// What came of a look.
pub(super) enum Gap {
    /// The way is free.
    Free,
    /// It may be at that time.
    Retry(u32),
}

impl Queues {
    /// Looks whether the first of a lane may pass a link; `stands`: it comes from a stand.
    pub(super) fn gap(&mut self, given: &Given, me: u32, link: u32, stands: bool) -> Gap {
        let now = self.now;
        let l = &given.net.links[link as usize];
        let mine = self.lanes[me as usize].yields;
        let mut need = APART_MS + if stands { l.from_stand } else { l.passing };
        if mine != NEVER {
            need -= (u64::from(need) * u64::from((now - mine).min(IMPATIENT_MS)) / (2 * u64::from(IMPATIENT_MS))) as u32;
        }
        for &(foe, lane) in given.net.foes_of(link) {
            let clear = self.used[foe as usize] + CLEAR_MS;
            if clear > now && self.used[foe as usize] > 0 {
                return Gap::Retry(clear);
            }
            let other = &self.lanes[lane as usize];
            if other.count() == 0 || other.ready > now + need || other.stuck != NEVER {
                continue;
            }
            let fix = &given.net.lanes[lane as usize];
            if self.slots[(fix.ring + (other.head & fix.mask)) as usize].link != foe {
                continue;
            }
            // Two who give way to each other: who has waited longer goes first.
            if other.yields != NEVER && (mine, me) < (other.yields, lane) {
                continue;
            }
            let f = &given.net.links[foe as usize];
            if super::net::lit(f) {
                let mut run = self.lights[f.light as usize];
                given.lights.advance(f.light as usize, &mut run, now);
                match given.lights.says(f.light as usize, &run, f.light_index) {
                    Says::Stop(_) => continue,
                    Says::Go(bits, _) if bits & shown::YELLOW != 0 => continue,
                    _ => {}
                }
            }
            return Gap::Retry((other.ready.max(now) + CLEAR_MS).max(now + LOOK_MS));
        }
        Gap::Free
    }
}
