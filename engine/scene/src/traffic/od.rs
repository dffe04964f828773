//! How many want to go from zone to zone, and when: matrices of origins and destinations.

use serde::{Deserialize, Serialize};

/// How many go from one zone to another in an interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct OdCell {
    /// Where from: a place among the scenario's zones ([`super::Extras::zones`]).
    pub from: u32,
    /// Where to.
    pub to: u32,
    /// From, ms since midnight.
    pub begin_ms: i64,
    /// To, ms.
    pub end_ms: i64,
    /// How many: 0 or more, with fractions.
    pub count: f64,
    /// What kind of vehicle: a place in [`OdMatrix::kinds`]; none: nothing is said.
    pub kind: Option<u32>,
}

/// A matrix, in the order of its source.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct OdMatrix {
    /// Kinds of vehicles by name.
    pub kinds: Vec<String>,
    /// What is wanted. A pair may stand there more than once.
    pub cells: Vec<OdCell>,
}

impl OdMatrix {
    /// Sum of all cells.
    pub fn total(&self) -> f64 {
        self.cells.iter().map(|c| c.count).sum()
    }

    /// The place of a kind, which is added where it is new; an empty name is none.
    pub fn kind(&mut self, name: &str) -> Option<u32> {
        let name = name.trim();
        if name.is_empty() {
            return None;
        }
        let known = self.kinds.iter().position(|k| k == name);
        let at = known.unwrap_or_else(|| {
            self.kinds.push(name.to_owned());
            self.kinds.len() - 1
        });
        u32::try_from(at).ok()
    }
}
