//! Setting an object on the ground.

use super::Ground;
use crate::{CityObject, Class, Geometry, GeometryKind};
use qike_core::Bounds3;
use qike_core::bounds::in_ring;

/// Points along an edge of a footprint at which the ground is asked, metres apart.
const STEP_M: f64 = 5.0;
/// Most of these along one edge.
const MOST_STEPS: f64 = 200.0;
/// The attribute that tells to which height an object was lifted.
pub const HEIGHT: &str = "ground_height_m";

/// What became of an object.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Set {
    /// It stands on the ground now; rigid objects were lifted by so many metres.
    Lifted(Option<f64>),
    /// It stays as it is.
    Kept(Kept),
}

/// Why an object stays as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// It has heights of its own, or nothing to lift.
    AsItIs,
    /// Objects of its class are not lifted.
    NotOfThisClass,
    /// There is no ground under it, or not under all of it.
    NoGround,
}

/// How objects of a class are set.
enum Way {
    /// As one body, to the lowest ground under it.
    Rigid,
    /// Line by line and point by point.
    Draped,
}

fn way(class: Class) -> Option<Way> {
    use Class::*;
    match class {
        Building | BuildingPart | BuildingUnit | BuildingInstallation | OtherConstruction | Bridge | BridgePart | Tunnel | TunnelPart | CityFurniture
        | SolitaryVegetationObject | GenericOccupiedSpace | TransitStop | Square | WaterBody => Some(Way::Rigid),
        Road | Track | Railway | Waterway | TransitLine | UtilityNetworkElement | Section | TrafficSpace | GenericCityObject => Some(Way::Draped),
        _ => None,
    }
}

impl Ground {
    /// Sets an object on the ground, if it has no heights of its own: all of it, or its lowest, is at zero.
    pub fn set(&self, object: &mut CityObject) -> Set {
        let bounds = object.bounds();
        if bounds.is_empty() || bounds.min[2] != 0.0 {
            return Set::Kept(Kept::AsItIs);
        }
        let flat = bounds.max[2] == 0.0;
        let lines = object.geometries.iter().all(|g| matches!(g.kind, GeometryKind::MultiLine | GeometryKind::MultiPoint));
        match way(object.class) {
            None => Set::Kept(Kept::NotOfThisClass),
            Some(Way::Draped) if lines => if flat { self.drape(object) } else { Set::Kept(Kept::AsItIs) },
            Some(Way::Draped) => Set::Kept(Kept::NotOfThisClass),
            Some(Way::Rigid) => match self.lowest_under(object, &bounds) {
                Some(height) => {
                    raise(object, height);
                    Set::Lifted(Some(height))
                }
                None => Set::Kept(Kept::NoGround),
            },
        }
    }

    /// The lowest ground under an object's footprint: at its corners, along its edges, and at the ground's own corners inside it.
    fn lowest_under(&self, object: &CityObject, bounds: &Bounds3) -> Option<f64> {
        let mut lowest = f64::INFINITY;
        let mut ask = |at: [f64; 2]| -> Option<()> {
            lowest = lowest.min(self.height(at)?);
            Some(())
        };
        let mut rings: Vec<Vec<[f64; 2]>> = Vec::new();
        for geometry in &object.geometries {
            for p in geometry.vertices.iter().filter(|p| p[2] == 0.0) {
                ask([p[0], p[1]])?;
            }
            let footprint = geometry.surfaces().filter_map(|s| s.rings().next()).map(|ring| corners(geometry, ring));
            rings.extend(footprint.filter(|ring| ring.len() >= 3 && ring.iter().all(|p| p[2] == 0.0)).map(|ring| ring.iter().map(|p| [p[0], p[1]]).collect()));
        }
        for ring in &rings {
            for (i, a) in ring.iter().enumerate() {
                let b = ring[(i + 1) % ring.len()];
                let steps = ((b[0] - a[0]).hypot(b[1] - a[1]) / STEP_M).ceil().clamp(1.0, MOST_STEPS);
                for k in 1..steps as u32 {
                    let share = f64::from(k) / steps;
                    ask([a[0] + share * (b[0] - a[0]), a[1] + share * (b[1] - a[1])])?;
                }
            }
        }
        if !rings.is_empty() {
            for corner in self.corners_in([bounds.min[0], bounds.min[1]], [bounds.max[0], bounds.max[1]]) {
                if rings.iter().any(|ring| in_ring(ring, [corner[0], corner[1]])) {
                    lowest = lowest.min(corner[2]);
                }
            }
        }
        // To the millimetre, so that the attribute says exactly what was done.
        lowest.is_finite().then(|| (lowest * 1000.0).round() / 1000.0)
    }

    /// Lines along their vertices, points at their place; nothing where the ground is missing under one of them.
    fn drape(&self, object: &mut CityObject) -> Set {
        let depth = object.number("depth_m").filter(|_| object.class == Class::UtilityNetworkElement).unwrap_or(0.0);
        let spans = ["bridge", "tunnel"].iter().any(|key| object.str(key).is_some_and(|value| value != "no"));
        let mut lifted = Vec::with_capacity(object.geometries.len());
        for geometry in &object.geometries {
            let heights: Option<Vec<f64>> = geometry.vertices.iter().map(|p| self.height([p[0], p[1]])).collect();
            // Of what spans a valley or a hill only the ends must lie on the ground.
            let spanned = spans.then(|| self.span(geometry)).flatten();
            let Some(heights) = spanned.or(heights) else { return Set::Kept(Kept::NoGround) };
            let mut geometry = geometry.clone();
            for (vertex, height) in geometry.vertices.iter_mut().zip(heights) {
                vertex[2] = ((height - depth) * 1000.0).round() / 1000.0;
            }
            lifted.push(geometry);
        }
        object.geometries = lifted;
        Set::Lifted(None)
    }

    /// Heights that run evenly from one end of a line to the other; `None` where it is no single line or an end has no ground.
    fn span(&self, geometry: &Geometry) -> Option<Vec<f64>> {
        let [_] = geometry.ring_ends.as_slice() else { return None };
        let line = geometry.ring_points(0);
        let ends = [line.first()?, line.last()?].map(|p| self.height([p[0], p[1]]));
        let [from, to] = [ends[0]?, ends[1]?];
        let steps: Vec<f64> = line.windows(2).map(|w| (w[1][0] - w[0][0]).hypot(w[1][1] - w[0][1])).collect();
        let total: f64 = steps.iter().sum();
        let mut heights = vec![from; geometry.vertices.len()];
        let mut run = 0.0;
        for (i, vertex) in geometry.ring(0).iter().enumerate() {
            *heights.get_mut(*vertex as usize)? = if total > 0.0 { from + run / total * (to - from) } else { from };
            run += steps.get(i).copied().unwrap_or(0.0);
        }
        Some(heights)
    }
}

/// Lifts an object as a whole and says so in its attribute.
pub fn raise(object: &mut CityObject, by: f64) {
    for geometry in &mut object.geometries {
        geometry.translate([0.0, 0.0, by]);
    }
    object.attributes.insert(HEIGHT.into(), by.into());
}

fn corners(geometry: &Geometry, ring: &[u32]) -> Vec<[f64; 3]> {
    ring.iter().filter_map(|i| geometry.vertices.get(*i as usize).copied()).collect()
}
