//! Routes over the map of a traffic scenario.
//!
//! The graph's nodes are edges of streets and its arcs are the turns that connections allow, so that a forbidden turn is not there
//! and a turn may cost something ([`RouteGraph`]). What a [`Driver`] pays for edges and turns is worked out once ([`Costs`]): seconds
//! along an edge, over the junction, and for giving way. Then there are two ways to a route: a [`Search`] (Dijkstra's, or A* where
//! travel times change over the day) for a few routes, and a [`Hierarchy`] for many: a customizable contraction hierarchy (Dibbelt,
//! Strasser, Wagner: ACM JEA 21, 2016), whose order and structure hold for all costs, so that other costs take milliseconds.
//! [`RouteFinder`] chooses.
//!
//! ```text
//! let graph = RouteGraph::new(&map, &Penalties::default());
//! let mut finder = RouteFinder::new(&graph, trips);
//! let route = finder.route(&driver, from, &[], to);
//! ```

mod costs;
mod cuts;
mod finder;
mod graph;
mod hierarchy;
mod order;
mod query;
mod search;
mod sharp;

pub use costs::{Costs, Driver, Timetable};
pub use finder::{Route, RouteFinder};
pub use graph::{Penalties, RouteGraph};
pub use hierarchy::{Hierarchy, Metric};
pub use query::Query;
pub use search::Search;

/// No edge, node, arc.
const NONE: u32 = u32::MAX;
