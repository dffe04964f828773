//! An edit as it stands in a file: a flat table with optional keys, turned into an [`Edit`] only when it makes sense.

use super::{Direction, Edit, EditValue, Property, Target};
use crate::ObjectId;
use crate::scenario::clock;
use qike_core::SimTime;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EditTable {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    object: Option<ObjectId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    direction: Option<Direction>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    lane: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    demand: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    signal: Option<ObjectId>,
    property: Property,
    old: EditValue,
    new: EditValue,
    #[serde(default, skip_serializing_if = "Option::is_none", with = "clock::option")]
    from: Option<SimTime>,
    #[serde(default, skip_serializing_if = "Option::is_none", with = "clock::option")]
    until: Option<SimTime>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    note: Option<String>,
}

impl From<Edit> for EditTable {
    fn from(edit: Edit) -> Self {
        let Edit { target, property, old, new, from, until, note } = edit;
        let mut table =
            EditTable { object: None, direction: None, lane: None, demand: None, signal: None, property, old, new, from, until, note };
        match target {
            Target::Object { id, direction } => (table.object, table.direction) = (Some(id), direction),
            Target::Lane { id, direction, index } => {
                (table.object, table.direction, table.lane) = (Some(id), Some(direction), Some(index));
            }
            Target::Demand { name } => table.demand = Some(name),
            Target::Signal { id } => table.signal = Some(id),
        }
        table
    }
}

impl TryFrom<EditTable> for Edit {
    type Error = String;

    fn try_from(table: EditTable) -> Result<Edit, String> {
        let EditTable { object, direction, lane, demand, signal, property, old, new, from, until, note } = table;
        if object.is_none() && (direction.is_some() || lane.is_some()) {
            return Err("'direction' and 'lane' need an 'object'".into());
        }
        let target = match (object, demand, signal) {
            (Some(id), None, None) => match (lane, direction) {
                (Some(index), Some(direction)) => Target::Lane { id, direction, index },
                (Some(_), None) => return Err("a 'lane' needs its 'direction' (\"forward\" or \"backward\")".into()),
                (None, direction) => Target::Object { id, direction },
            },
            (None, Some(name), None) => Target::Demand { name },
            (None, None, Some(id)) => Target::Signal { id },
            _ => return Err("an edit names exactly one of 'object', 'demand', 'signal'".into()),
        };
        if !property.applies_to(&target) {
            return Err(format!("'{target}' has no property '{property}'"));
        }
        for (key, value) in [("old", &old), ("new", &new)] {
            property.accepts(value).map_err(|expected| format!("'{key}' of '{property}' is {value}, expected {expected}"))?;
        }
        if let (EditValue::Numbers(a), EditValue::Numbers(b)) = (&old, &new)
            && a.len() != b.len()
        {
            return Err(format!("'old' has {} values and 'new' has {}: an edit keeps the number of phases", a.len(), b.len()));
        }
        if let (Some(from), Some(until)) = (from, until)
            && from >= until
        {
            return Err(format!("'until' ({until}) must be later than 'from' ({from})"));
        }
        if matches!(property, Property::Scale) && (from.is_some() || until.is_some()) {
            return Err("'scale' holds for the whole run: a demand's trips are drawn before it starts".into());
        }
        Ok(Edit { target, property, old, new, from, until, note })
    }
}
