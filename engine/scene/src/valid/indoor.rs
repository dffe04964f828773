//! The cells of a building and the graph that is dual to them, as IndoorGML has them: 702–704.
//!
//! Which object is what stands in the attribute `indoorgml_type`; a cell and its state name each other in `duality`, a state and
//! its transitions in `connects`. The rules are those of val3dity: a state lies in its cell (702), links lead to what is there and
//! back (703), and cells whose states a transition joins have a common wall (704). A cell need not have a state.

use super::{Body, Fault, Tolerances};
use crate::{CityObject, GeometryKind, Value};
use std::collections::BTreeMap;

/// The attribute with the name of an object's element.
pub const TYPE: &str = "indoorgml_type";

const CELLS: &[&str] = &[
    "CellSpace", "NavigableSpace", "NonNavigableSpace", "GeneralSpace", "TransferSpace", "TransitionSpace", "ConnectionSpace", "AnchorSpace", "ObjectSpace",
];

/// True for a cell, which shares its space with no other.
pub fn is_cell(object: &CityObject) -> bool {
    object.str(TYPE).is_some_and(|kind| CELLS.contains(&kind))
}

/// True for a cell, a state or a transition.
pub fn is_part(object: &CityObject) -> bool {
    is_cell(object) || matches!(object.str(TYPE), Some("State" | "Transition"))
}

/// A fault and the object that it is told of, by its place in the list.
#[derive(Clone, Debug, PartialEq)]
pub struct Inconsistency {
    /// The object.
    pub object: usize,
    /// What is wrong.
    pub fault: Fault,
}

/// The ids that an attribute names.
fn links<'o>(object: &'o CityObject, key: &str) -> Vec<&'o str> {
    match object.attributes.get(key) {
        Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).collect(),
        Some(Value::String(id)) => vec![id],
        _ => Vec::new(),
    }
}

/// Checks the cells, states and transitions of one building.
pub fn check(objects: &[&CityObject], tolerances: &Tolerances) -> Vec<Inconsistency> {
    let by_id: BTreeMap<&str, usize> = objects.iter().enumerate().map(|(i, o)| (o.id.as_str(), i)).collect();
    let all = Model { objects, by_id, tolerances };
    let mut found = Vec::new();
    for (number, object) in objects.iter().enumerate() {
        match object.str(TYPE) {
            Some("State") => all.state(number, object, &mut found),
            Some("Transition") => all.transition(number, object, &mut found),
            _ if is_cell(object) => all.cell(number, object, &mut found),
            _ => {}
        }
    }
    found
}

struct Model<'a> {
    objects: &'a [&'a CityObject],
    by_id: BTreeMap<&'a str, usize>,
    tolerances: &'a Tolerances,
}

impl Model<'_> {
    fn of_type(&self, id: &str, kind: &str) -> Option<&CityObject> {
        let object = *self.objects.get(*self.by_id.get(id)?)?;
        (object.str(TYPE) == Some(kind)).then_some(object)
    }

    fn cell_of(&self, id: &str) -> Option<&CityObject> {
        self.objects.get(*self.by_id.get(id)?).copied().filter(|object| is_cell(object))
    }

    fn bodies(&self, cell: &CityObject) -> Vec<Body> {
        cell.geometries.iter().filter(|g| g.kind.is_solid() || g.kind == GeometryKind::Mesh).flat_map(|g| Body::all_of(g, self.tolerances)).collect()
    }

    fn cell(&self, number: usize, cell: &CityObject, found: &mut Vec<Inconsistency>) {
        let mut tell = |code, message, position| found.push(Inconsistency { object: number, fault: Fault { code, part: "duality".into(), message, position } });
        for dual in links(cell, "duality") {
            let Some(state) = self.of_type(dual, "State") else {
                tell(703, format!("the cell's state '{dual}' does not exist"), None);
                continue;
            };
            if !links(state, "duality").contains(&cell.id.as_str()) {
                tell(703, format!("the cell names the state '{dual}', which does not name the cell"), position(state));
            }
            let bodies = self.bodies(cell);
            if let Some(p) = position(state).filter(|p| !bodies.is_empty() && !bodies.iter().any(|body| body.holds(*p, self.tolerances))) {
                tell(702, format!("the cell's state '{dual}' lies outside the cell"), Some(p));
            }
        }
    }

    fn state(&self, number: usize, state: &CityObject, found: &mut Vec<Inconsistency>) {
        let id = state.id.as_str();
        let mut tell = |part: &str, message| found.push(Inconsistency { object: number, fault: Fault { code: 703, part: part.into(), message, position: position(state) } });
        for dual in links(state, "duality") {
            match self.cell_of(dual) {
                None => tell("duality", format!("the state's cell '{dual}' does not exist")),
                // That the cell names this state is known then; that it does not is told here, once.
                Some(cell) if !links(cell, "duality").contains(&id) => tell("duality", format!("the state names the cell '{dual}', which does not name the state")),
                Some(_) => {}
            }
        }
        for way in links(state, "connects") {
            match self.of_type(way, "Transition") {
                None => tell("connects", format!("the state's transition '{way}' does not exist")),
                Some(transition) if !links(transition, "connects").contains(&id) => tell("connects", format!("the state names the transition '{way}', which does not lead to it")),
                Some(_) => {}
            }
        }
    }

    fn transition(&self, number: usize, transition: &CityObject, found: &mut Vec<Inconsistency>) {
        let mut tell = |code, message, position| found.push(Inconsistency { object: number, fault: Fault { code, part: "connects".into(), message, position } });
        let ends = links(transition, "connects");
        if ends.len() != 2 {
            tell(703, format!("the transition joins {} states, not two", ends.len()), position(transition));
        }
        for end in &ends {
            if self.of_type(end, "State").is_none() {
                tell(703, format!("the transition's state '{end}' does not exist"), position(transition));
            }
        }
        let [a, b] = ends[..] else { return };
        let cell = |state: &str| links(self.of_type(state, "State")?, "duality").first().and_then(|id| self.cell_of(id));
        let (Some(first), Some(second)) = (cell(a), cell(b)) else { return };
        if first.id == second.id {
            return;
        }
        let (of_first, of_second) = (self.bodies(first), self.bodies(second));
        let near = |x: &Body, y: &Body| x.shares_wall(y, self.tolerances) || x.overlap(y, self.tolerances).is_some();
        if !of_first.is_empty() && !of_second.is_empty() && !of_first.iter().any(|x| of_second.iter().any(|y| near(x, y))) {
            tell(704, format!("it joins the cells '{}' and '{}', which have no wall in common", first.id, second.id), position(transition));
        }
    }
}

/// Some place on an object.
fn position(object: &CityObject) -> Option<[f64; 3]> {
    object.geometries.iter().find_map(|g| g.vertices.first().copied())
}
