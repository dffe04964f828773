//! The metro terminus: two storeys below a square, four entrances, and the IFC4 file of it.
//!
//! Local axes: the origin lies on the square above the middle of the platform, x points to the lake, y to the left of it,
//! z up; metres. Walls are 0.2 m thick about the lines given, spaces end at their faces, and a door fills its wall's thickness:
//! so a door touches exactly the spaces that it joins, a stair begins and ends at the edges of the spaces that it joins.

mod entrance;
mod fittings;
mod layout;
mod model;
mod step;
mod write;

use crate::geo::{P, add, polar, scale};
use crate::place::Place;
use crate::plan::lingang::STATION;
pub use model::Model;

/// The whole station.
pub fn model() -> Model {
    layout::build()
}

/// A place of the plan from local x, y.
fn to_plan(local: P) -> P {
    let towards_lake = (STATION.0 + 180.0).to_radians();
    let u = polar(1.0, towards_lake);
    let v = [-u[1], u[0]];
    add(polar(STATION.1, STATION.0.to_radians()), add(scale(u, local[0]), scale(v, local[1])))
}

/// Name of every street entrance and the point on the pavement one metre outside its door.
pub fn entrances() -> Vec<(String, P)> {
    let mut all: Vec<(String, P)> = entrance::ENTRANCES.iter().map(|e| (format!("{}口", e.letter), to_plan(e.outside()))).collect();
    all.push(("无障碍电梯".into(), to_plan(layout::LIFT_OUTSIDE)));
    all
}

impl Model {
    /// The model as an IFC4 STEP file, placed on the map.
    pub fn step(&self, place: &Place) -> String {
        let origin = place.projected(to_plan([0.0, 0.0]));
        let towards_lake = polar(1.0, (STATION.0 + 180.0).to_radians());
        write::write(self, origin, towards_lake)
    }
}

#[cfg(test)]
mod tests;
