//! Lists of edits: checking them against their base, what holds when, undo, and conflicts between two lists.
//!
//! In a list, a later edit of the same target and property goes over an earlier one where their windows meet, and its `old`
//! must be the earlier one's `new`. So a what-if can be built on another what-if.

use super::{Edit, EditValue, Property, Target};
use qike_core::SimTime;

/// Knows the values of the unedited base.
pub trait EditBase {
    /// The value of a target's property, or why there is none (the message names the nearest valid name).
    fn value(&self, target: &Target, property: Property) -> Result<EditValue, String>;
}

/// Why an edit cannot be applied.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum EditError {
    /// The target or its property is not there.
    #[error("edit {number} ({edit}): {reason}")]
    Unknown {
        /// Place in the list, from 1.
        number: usize,
        /// The edit, written out.
        edit: String,
        /// What is missing and what is near.
        reason: String,
    },
    /// The base says something else than `old`.
    #[error("edit {number} ({edit}): the base says {found}, not {expected}; it was made for another base, or an earlier edit changed it")]
    Mismatch {
        /// Place in the list, from 1.
        number: usize,
        /// The edit, written out.
        edit: String,
        /// What the base (with the earlier edits) says.
        found: EditValue,
        /// What the edit expects.
        expected: EditValue,
    },
    /// It changes what an earlier edit changes for a part of its window only, or the road that an earlier edit's lane is of.
    #[error("edit {number} ({edit}) meets edit {earlier} in part only: give both the same target and window, or windows that do not meet")]
    PartialOverlap {
        /// Place in the list, from 1.
        number: usize,
        /// The edit, written out.
        edit: String,
        /// Place of the earlier edit, from 1.
        earlier: usize,
    },
}

fn meet(a: &Edit, b: &Edit) -> bool {
    let ((a0, a1), (b0, b1)) = (a.window(), b.window());
    a.property == b.property && a0 < b1 && b0 < a1
}

/// Checks a list against its base: every target exists, every `old` is what it finds there. All faults are returned.
///
/// An edit may lie within the window of an earlier one of the same target; it may not stick out of it.
pub fn check(edits: &[Edit], base: &dyn EditBase) -> Vec<EditError> {
    let mut errors = Vec::new();
    for (at, edit) in edits.iter().enumerate() {
        let (number, text) = (at + 1, edit.to_string());
        let earlier = edits[..at].iter().enumerate().rev().find(|(_, e)| e.target.overlaps(&edit.target) && meet(e, edit));
        let found = match earlier {
            Some((before, e)) => {
                let ((e0, e1), (from, until)) = (e.window(), edit.window());
                if e.target != edit.target || from < e0 || until > e1 {
                    errors.push(EditError::PartialOverlap { number, edit: text, earlier: before + 1 });
                    continue;
                }
                e.new.clone()
            }
            None => match base.value(&edit.target, edit.property) {
                Ok(value) => value,
                Err(reason) => {
                    errors.push(EditError::Unknown { number, edit: text, reason });
                    continue;
                }
            },
        };
        if !found.matches(&edit.old) {
            errors.push(EditError::Mismatch { number, edit: text, found, expected: edit.old.clone() });
        }
    }
    errors
}

/// A value that a target's property takes at an instant.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// When; the start of the run for what holds from the beginning.
    pub at: SimTime,
    /// What.
    pub target: Target,
    /// Which property.
    pub property: Property,
    /// The value from then on.
    pub value: EditValue,
}

/// What changes when, for a run over [start, end): sorted by time, then by the order of the list. Values equal to those before
/// are left out. The list must have passed [`check`].
pub fn timeline(edits: &[Edit], start: SimTime, end: SimTime) -> Vec<Change> {
    let mut changes: Vec<(SimTime, usize, Change)> = Vec::new();
    for (at, edit) in edits.iter().enumerate() {
        let first = edits.iter().position(|e| e.target == edit.target && e.property == edit.property);
        if first != Some(at) {
            continue; // the first edit of a target and property speaks for all of them
        }
        let same: Vec<&Edit> = edits.iter().filter(|e| e.target == edit.target && e.property == edit.property).collect();
        let mut instants = vec![start];
        for e in &same {
            let (from, until) = e.window();
            instants.extend([from, until].into_iter().filter(|t| *t > start && *t < end));
        }
        instants.sort_unstable();
        instants.dedup();
        // What the base says is the `old` of the first edit in the list.
        let mut before = edit.old.clone();
        for t in instants {
            let value = same.iter().rev().find(|e| e.holds_at(t)).map_or(&edit.old, |e| &e.new);
            if !value.matches(&before) {
                before = value.clone();
                let change = Change { at: t, target: edit.target.clone(), property: edit.property, value: value.clone() };
                changes.push((t, at, change));
            }
        }
    }
    changes.sort_by_key(|(t, at, _)| (*t, *at));
    changes.into_iter().map(|(_, _, change)| change).collect()
}

/// The list that takes a list back: appended to it, nothing is changed any more.
pub fn undo(edits: &[Edit]) -> Vec<Edit> {
    edits.iter().rev().map(Edit::inverse).collect()
}

/// Two edits that cannot both hold.
#[derive(Clone, Debug, PartialEq)]
pub struct Conflict {
    /// Place in the first list, from 0.
    pub left: usize,
    /// Place in the second list, from 0.
    pub right: usize,
    /// What both change, and to what.
    pub reason: String,
}

/// Conflicts between two lists made for the same base: pairs that give the same thing different values at the same time.
/// Equal edits in both lists are no conflict.
pub fn conflicts(left: &[Edit], right: &[Edit]) -> Vec<Conflict> {
    let mut found = Vec::new();
    for (l, a) in left.iter().enumerate() {
        for (r, b) in right.iter().enumerate() {
            if a.target.overlaps(&b.target) && meet(a, b) && !a.new.matches(&b.new) {
                found.push(Conflict { left: l, right: r, reason: format!("{a}, but {b}") });
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::{Direction, Target};
    use super::*;
    use proptest::prelude::*;

    /// Two roads, limit 10 m/s, open.
    struct Base;
    impl EditBase for Base {
        fn value(&self, target: &Target, property: Property) -> Result<EditValue, String> {
            match target {
                Target::Object { id, .. } | Target::Lane { id, .. } if ["a", "b"].contains(&id.as_str()) => Ok(match property {
                    Property::Closed => EditValue::Flag(false),
                    _ => EditValue::Number(10.0),
                }),
                other => Err(format!("there is no '{other}'")),
            }
        }
    }

    fn limit(id: &str, old: f64, new: f64, from: Option<i64>, until: Option<i64>) -> Edit {
        let target = Target::Object { id: id.into(), direction: None };
        let edit = Edit::new(target, Property::SpeedLimitMps, EditValue::Number(old), EditValue::Number(new));
        Edit { from: from.map(SimTime::from_s), until: until.map(SimTime::from_s), ..edit }
    }

    #[test]
    fn old_values_must_match() {
        assert_eq!(check(&[limit("a", 10.004, 5.0, None, None)], &Base), vec![]);
        let errors = check(&[limit("a", 12.0, 5.0, None, None), limit("c", 10.0, 5.0, None, None)], &Base);
        assert!(matches!(errors[0], EditError::Mismatch { number: 1, .. }));
        assert!(matches!(errors[1], EditError::Unknown { number: 2, .. }));
    }

    #[test]
    fn edits_stack_and_partial_overlaps_are_refused() {
        let stacked = [limit("a", 10.0, 5.0, None, None), limit("a", 5.0, 3.0, Some(10), Some(20))];
        assert_eq!(check(&stacked, &Base), vec![]);
        let sticking_out = [limit("a", 10.0, 5.0, Some(5), Some(15)), limit("a", 5.0, 3.0, Some(10), Some(20))];
        assert!(matches!(check(&sticking_out, &Base)[0], EditError::PartialOverlap { number: 2, earlier: 1, .. }));
    }

    #[test]
    fn a_window_opens_and_closes() {
        let edits = [limit("a", 10.0, 5.0, None, None), limit("a", 5.0, 3.0, Some(10), Some(20))];
        let values: Vec<(i64, EditValue)> =
            timeline(&edits, SimTime::ZERO, SimTime::from_s(60)).into_iter().map(|c| (c.at.ms(), c.value)).collect();
        let number = EditValue::Number;
        assert_eq!(values, vec![(0, number(5.0)), (10_000, number(3.0)), (20_000, number(5.0))]);
        // Starting inside the window, the inner value holds at once.
        let late = timeline(&edits, SimTime::from_s(15), SimTime::from_s(18));
        assert_eq!(late.len(), 1);
        assert_eq!(late[0].value, number(3.0));
    }

    #[test]
    fn conflicts_are_found_through_containment() {
        let road = Edit::close("a");
        let lane = Edit {
            target: Target::Lane { id: "a".into(), direction: Direction::Forward, index: 1 },
            old: EditValue::Flag(true),
            new: EditValue::Flag(false),
            ..Edit::close("a")
        };
        assert_eq!(conflicts(std::slice::from_ref(&road), std::slice::from_ref(&lane)).len(), 1);
        assert_eq!(conflicts(std::slice::from_ref(&road), &[Edit::close("a"), Edit::close("b")]), vec![]);
        let morning = limit("a", 10.0, 5.0, None, Some(100));
        let evening = limit("a", 10.0, 7.0, Some(100), None);
        assert_eq!(conflicts(&[morning], &[evening]), vec![], "windows touch but do not meet");
    }

    proptest! {
        #[test]
        fn undo_leaves_the_base(steps in prop::collection::vec((0..2usize, 1.0..30.0f64), 0..8)) {
            let mut now = [10.0, 10.0];
            let mut edits = Vec::new();
            for (road, new) in steps {
                edits.push(limit(["a", "b"][road], now[road], new, None, None));
                now[road] = new;
            }
            edits.extend(undo(&edits));
            prop_assert_eq!(check(&edits, &Base), vec![]);
            prop_assert_eq!(timeline(&edits, SimTime::ZERO, SimTime::from_s(10)), vec![]);
        }
    }
}
