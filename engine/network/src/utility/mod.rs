//! Pipes and cables: the networks that `UtilityNetworkElement` objects make, whatever format they came from.
//!
//! Derived from the scene, never authored. Every element (pipe, manhole, valve, fitting) is a vertex; a [`Joint`] says that two
//! elements touch and which way things flow there. So a pipe between two manholes (EPANET, SWMM, most GIS data) and a pipe that is
//! joined to a bend (IFC) are the same thing, and what lies downstream is a walk over joints.
//!
//! What is joined, in this order:
//! 1. by ids: `from`/`to` (or `from_node`/`to_node`) of a line name its first and last node; `connected_to` lists neighbours, with
//!    `flow_direction` beside it (`out`, `in`, `both`, `unknown`, seen from the element);
//! 2. by place: ends of lines, and points, that are no further apart than a tolerance. Where ends meet without an object, a
//!    junction of its own stands for the place.
//!
//! The flow of a line runs from its first vertex to its last unless `flow_direction` says `reverse` or `both`. In a pressure
//! network that is only the direction in which flow counts as positive.

mod build;
mod check;
mod kind;
mod read;
mod trace;

pub use build::UtilityOptions;
pub use check::{CheckOptions, check};
pub use kind::UtilityKind;
pub use trace::Direction;

use qike_scene::ObjectId;
use serde::Serialize;
use std::collections::BTreeMap;

/// What an element is to the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Carries from one place to another: pipe, cable, duct, pump.
    Pipe,
    /// Stands at one place: manhole, valve, fitting, terminal, tank.
    Node,
}

/// A pipe, a node, or a place where ends meet.
#[derive(Clone, Debug, PartialEq)]
pub struct Element {
    /// The object; `None` for a place where ends meet that no object stands for.
    pub object: Option<ObjectId>,
    /// Pipe or node.
    pub role: Role,
    /// What flows in it.
    pub kind: UtilityKind,
    /// What it is, as its source says (`pump`, `manhole`).
    pub function: Option<String>,
    /// Inner diameter, or the height of a section that is not round, metres.
    pub diameter_m: Option<f64>,
    /// From the ground down to the bottom of the pipe, metres; less than nothing for what lies above the ground.
    pub depth_m: Option<f64>,
    /// What it is made of.
    pub material: Option<String>,
    /// As stated (`length_m`), or along the line, metres.
    pub length_m: f64,
    /// First and last position of a line.
    pub ends: Option<[[f64; 3]; 2]>,
    /// A place on it.
    pub position: Option<[f64; 3]>,
    /// True where things run down by themselves, so that it must fall.
    pub gravity: bool,
    /// Ports that its source lists; 0 where it lists none.
    pub ports: usize,
}

/// Two elements that touch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Joint {
    /// The element that flow leaves, by its number.
    pub from: u32,
    /// The element that flow enters.
    pub to: u32,
    /// False where the direction is not known; then the two have no order.
    pub directed: bool,
}

/// All pipes and cables of a scene, with what joins them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct UtilityNetwork {
    /// Objects sorted by id, then places without an object.
    pub elements: Vec<Element>,
    /// Sorted.
    pub joints: Vec<Joint>,
    /// The component of each element; numbers rise with the first element of each.
    pub component: Vec<u32>,
    /// How many components there are.
    pub components: usize,
    /// Ends of lines at which nothing is: the element, and 0 for the first end or 1 for the last.
    pub loose: Vec<(u32, u8)>,
    /// Ids that elements name and that no element has: who, and which.
    pub unknown: Vec<(u32, String)>,
    starts: Vec<u32>,
    around: Vec<u32>,
}

/// Counts of a network or a part of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct UtilityCounts {
    /// Pipes and cables.
    pub pipes: usize,
    /// Objects that stand at one place.
    pub nodes: usize,
    /// Parts that are not joined.
    pub components: usize,
    /// Ends at which nothing is.
    pub loose_ends: usize,
    /// Length of all pipes, metres, to the centimetre.
    pub length_m: f64,
}

impl UtilityNetwork {
    /// True where the scene has no pipes and no cables.
    pub fn is_empty(&self) -> bool {
        self.elements.is_empty()
    }

    /// The number of an object's element.
    pub fn find(&self, id: &str) -> Option<u32> {
        let objects = self.elements.partition_point(|e| e.object.is_some());
        let found = self.elements.get(..objects)?.binary_search_by(|e| e.object.as_ref().map_or("", |o| o.as_str()).cmp(id));
        found.ok().map(|i| i as u32)
    }

    /// The joints of an element.
    pub fn joints_of(&self, element: u32) -> impl Iterator<Item = Joint> + '_ {
        let i = element as usize;
        let span = self.starts.get(i..i + 2).map_or(0..0, |s| s[0] as usize..s[1] as usize);
        self.around.get(span).unwrap_or_default().iter().filter_map(|j| self.joints.get(*j as usize).copied())
    }

    /// Counts of everything.
    pub fn counts(&self) -> UtilityCounts {
        self.count(|_| true)
    }

    /// Counts by what flows; kinds that are not there are left out.
    pub fn by_kind(&self) -> BTreeMap<&'static str, UtilityCounts> {
        let kinds = UtilityKind::ALL.iter().map(|kind| (kind.name(), self.count(|e| e.kind == *kind)));
        kinds.filter(|(_, counts)| counts.pipes + counts.nodes > 0).collect()
    }

    fn count(&self, accept: impl Fn(&Element) -> bool) -> UtilityCounts {
        let mut counts = UtilityCounts::default();
        let mut components = std::collections::BTreeSet::new();
        for (element, component) in self.elements.iter().zip(&self.component).filter(|(e, _)| e.object.is_some() && accept(e)) {
            components.insert(component);
            match element.role {
                Role::Pipe => (counts.pipes, counts.length_m) = (counts.pipes + 1, counts.length_m + element.length_m),
                Role::Node => counts.nodes += 1,
            }
        }
        counts.components = components.len();
        counts.length_m = (counts.length_m * 100.0).round() / 100.0;
        counts.loose_ends = self.loose.iter().filter(|(e, _)| self.elements.get(*e as usize).is_some_and(&accept)).count();
        counts
    }
}
