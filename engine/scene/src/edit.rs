//! What-if edits as data: what is changed, from which value to which, and when.
//!
//! An edit names the value it expects to find (`old`), so that a base that has changed since is noticed, that an undo is
//! exact ([`Edit::inverse`]), and that two lists of edits can be compared before they are merged ([`conflicts`]).
//! Edits are applied when a run loads its base; they are never written to the store.
//!
//! In a scenario file an edit is a table with exactly one of `object`, `demand`, `signal`:
//!
//! ```toml
//! [[edits]]
//! object = "osm:way/2003"      # the whole road, both directions …
//! direction = "forward"        # … or one direction ("forward": along the line as drawn, "backward") …
//! lane = 0                     # … or one lane of a direction, 0 at the kerb
//! property = "closed"          # closed | speed_limit_mps | blocked_m | phase_durations_s | offset_s | scale
//! old = false                  # what the base must say
//! new = true
//! from = "09:00"               # optional: from this time on (default: from the start)
//! until = "11:30"              # optional: back to what it was before
//! ```

use crate::ObjectId;
use qike_core::SimTime;
use serde::{Deserialize, Serialize};
use std::fmt;

mod table;
mod timeline;

pub use timeline::{Change, Conflict, EditBase, EditError, check, conflicts, timeline, undo};

/// Which way along an object's line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// In the order of the line's vertices.
    Forward,
    /// Against it.
    Backward,
}

/// What an edit changes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Target {
    /// A road, path, square, door, stair … as a whole, or in one direction of it.
    Object {
        /// The object's id.
        id: ObjectId,
        /// `None`: both directions.
        direction: Option<Direction>,
    },
    /// One lane of a road.
    Lane {
        /// The road's id.
        id: ObjectId,
        /// The direction the lane is driven in.
        direction: Direction,
        /// 0 is the lane at the kerb.
        index: u32,
    },
    /// A demand of the scenario, by its name.
    Demand {
        /// `name` of the `[[demand]]` table.
        name: String,
    },
    /// The signal program of a junction.
    Signal {
        /// Id of the signal's object (or of the junction's node).
        id: ObjectId,
    },
}

impl Target {
    /// True where a change of one of them changes something of the other: a road holds its directions, they hold lanes.
    pub fn overlaps(&self, other: &Target) -> bool {
        use Target::{Lane, Object};
        let meets = |a: &Option<Direction>, b: &Option<Direction>| a.is_none() || b.is_none() || a == b;
        match (self, other) {
            (Object { id: a, direction: da }, Object { id: b, direction: db }) => a == b && meets(da, db),
            (Object { id: a, direction: da }, Lane { id: b, direction: db, .. })
            | (Lane { id: b, direction: db, .. }, Object { id: a, direction: da }) => a == b && meets(da, &Some(*db)),
            _ => self == other,
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let way = |direction: &Direction| match direction {
            Direction::Forward => "forward",
            Direction::Backward => "backward",
        };
        match self {
            Target::Object { id, direction: None } => write!(f, "{id}"),
            Target::Object { id, direction: Some(direction) } => write!(f, "{id} {}", way(direction)),
            Target::Lane { id, direction, index } => write!(f, "{id} {} lane {index}", way(direction)),
            Target::Demand { name } => write!(f, "demand {name}"),
            Target::Signal { id } => write!(f, "signal {id}"),
        }
    }
}

/// Which property of the target is changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Property {
    /// `true`: nobody may enter (object, lane). Value: boolean.
    Closed,
    /// Speed limit in m/s (object, lane). Value: number > 0.
    SpeedLimitMps,
    /// Something stands on a lane there (a lane of a traffic scenario): `false`, or where it begins and ends, m from the lane's start.
    BlockedM,
    /// Durations of a signal's phases in seconds, in the program's order. Value: list of numbers > 0.
    PhaseDurationsS,
    /// Offset of a signal's cycle in seconds. Value: number ≥ 0.
    OffsetS,
    /// Factor on a demand's counts. Value: number ≥ 0.
    Scale,
}

impl Property {
    /// The name in scenario files.
    pub const fn name(self) -> &'static str {
        match self {
            Property::Closed => "closed",
            Property::SpeedLimitMps => "speed_limit_mps",
            Property::BlockedM => "blocked_m",
            Property::PhaseDurationsS => "phase_durations_s",
            Property::OffsetS => "offset_s",
            Property::Scale => "scale",
        }
    }

    /// Whether such a target has this property.
    pub const fn applies_to(self, target: &Target) -> bool {
        match self {
            Property::Closed | Property::SpeedLimitMps | Property::BlockedM => matches!(target, Target::Object { .. } | Target::Lane { .. }),
            Property::PhaseDurationsS | Property::OffsetS => matches!(target, Target::Signal { .. }),
            Property::Scale => matches!(target, Target::Demand { .. }),
        }
    }

    /// Whether the value is of this property's kind and in its range; `Err` says what is expected.
    pub fn accepts(self, value: &EditValue) -> Result<(), &'static str> {
        let positive = |n: &f64| n.is_finite() && *n > 0.0;
        match (self, value) {
            (Property::Closed, EditValue::Flag(_)) => Ok(()),
            (Property::Closed, _) => Err("true or false"),
            (Property::SpeedLimitMps, EditValue::Number(n)) if positive(n) => Ok(()),
            (Property::SpeedLimitMps, _) => Err("a speed in m/s above 0"),
            (Property::BlockedM, EditValue::Flag(false)) => Ok(()),
            (Property::BlockedM, EditValue::Numbers(list)) if matches!(list[..], [from, to] if from >= 0.0 && from + 0.5 <= to && to.is_finite()) => Ok(()),
            (Property::BlockedM, _) => Err("false, or where it begins and ends on the lane in m, half a metre apart or more"),
            (Property::PhaseDurationsS, EditValue::Numbers(list)) if !list.is_empty() && list.iter().all(positive) => Ok(()),
            (Property::PhaseDurationsS, _) => Err("a list of durations in seconds, each above 0"),
            (Property::OffsetS | Property::Scale, EditValue::Number(n)) if n.is_finite() && *n >= 0.0 => Ok(()),
            (Property::OffsetS | Property::Scale, _) => Err("a number, 0 or more"),
        }
    }
}

impl fmt::Display for Property {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A property's value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum EditValue {
    /// Yes or no.
    Flag(bool),
    /// One number, in the unit of the property's name.
    Number(f64),
    /// A list of numbers.
    Numbers(Vec<f64>),
}

impl EditValue {
    /// Equal as a user sees it: numbers may differ by 0.01, because 50 km/h is written 13.89 m/s.
    pub fn matches(&self, other: &EditValue) -> bool {
        let near = |a: &f64, b: &f64| (a - b).abs() <= 0.01;
        match (self, other) {
            (EditValue::Flag(a), EditValue::Flag(b)) => a == b,
            (EditValue::Number(a), EditValue::Number(b)) => near(a, b),
            (EditValue::Numbers(a), EditValue::Numbers(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| near(a, b)),
            _ => false,
        }
    }
}

/// To a thousandth: finer than [`EditValue::matches`] looks.
fn shown(number: f64) -> f64 {
    (number * 1000.0).round() / 1000.0
}

impl fmt::Display for EditValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            EditValue::Flag(flag) => write!(f, "{flag}"),
            EditValue::Number(number) => write!(f, "{}", shown(*number)),
            EditValue::Numbers(numbers) => write!(f, "{:?}", numbers.iter().map(|n| shown(*n)).collect::<Vec<_>>()),
        }
    }
}

/// One change of one property of one target, for a span of time or for the whole run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "table::EditTable", into = "table::EditTable")]
pub struct Edit {
    /// What is changed.
    pub target: Target,
    /// Which property of it.
    pub property: Property,
    /// The value the base must have.
    pub old: EditValue,
    /// The value during the window.
    pub new: EditValue,
    /// First instant it holds; `None`: from the start.
    pub from: Option<SimTime>,
    /// First instant it no longer holds; `None`: to the end.
    pub until: Option<SimTime>,
    /// Why, for the reader.
    pub note: Option<String>,
}

impl Edit {
    /// An edit for the whole run.
    pub fn new(target: Target, property: Property, old: EditValue, new: EditValue) -> Self {
        Self { target, property, old, new, from: None, until: None, note: None }
    }

    /// Closes an object in both directions.
    pub fn close(id: impl Into<ObjectId>) -> Self {
        let target = Target::Object { id: id.into(), direction: None };
        Self::new(target, Property::Closed, EditValue::Flag(false), EditValue::Flag(true))
    }

    /// The edit that takes this one back.
    #[must_use]
    pub fn inverse(&self) -> Edit {
        Edit { old: self.new.clone(), new: self.old.clone(), ..self.clone() }
    }

    /// The window as milliseconds [from, until).
    pub fn window(&self) -> (SimTime, SimTime) {
        (self.from.unwrap_or(SimTime(i64::MIN)), self.until.unwrap_or(SimTime::MAX))
    }

    /// True at instants of the window.
    pub fn holds_at(&self, t: SimTime) -> bool {
        let (from, until) = self.window();
        from <= t && t < until
    }
}

impl fmt::Display for Edit {
    /// `osm:way/7 forward: speed_limit_mps 13.89 → 8.33 (09:00:00–11:00:00)`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} {} → {}", self.target, self.property, self.old, self.new)?;
        match (self.from, self.until) {
            (None, None) => Ok(()),
            (Some(from), None) => write!(f, " (from {from})"),
            (None, Some(until)) => write!(f, " (until {until})"),
            (Some(from), Some(until)) => write!(f, " ({from}–{until})"),
        }
    }
}
