//! The storeys of the building that the model shows from inside, lowest first, for the storey slider.

use crate::model::frame::SceneFrame;
use crate::model::layer::Layer;
use qike_core::Bounds3;
use qike_scene::{Class, ObjectIx, SceneSnapshot};

/// One storey.
#[derive(Clone, Debug, PartialEq)]
pub struct Storey {
    /// Its name.
    pub name: String,
    /// Height of its floor in the picture.
    pub floor: f32,
    /// Height at which the picture is cut to look into it.
    pub cut: f32,
    /// The object.
    pub object: ObjectIx,
}

/// All storeys with something in them, by floor height.
pub fn storeys(snapshot: &SceneSnapshot, frame: &SceneFrame, layers: &[Option<Layer>]) -> Vec<Storey> {
    let mut found: Vec<Storey> = snapshot
        .of_class(Class::Storey)
        .iter()
        .filter_map(|ix| {
            let object = snapshot.get(*ix);
            let elevation = ["elevation", "Elevation", "elevation_m"].iter().find_map(|key| object.number(key));
            let rooms = floor_of(snapshot, *ix, layers);
            let floor = match (rooms, elevation) {
                (Some(rooms), _) => frame.to_scene([0.0, 0.0, rooms])[1],
                (None, Some(elevation)) => frame.to_scene([0.0, 0.0, elevation])[1],
                (None, None) => return None,
            };
            let name = object.name.clone().unwrap_or_else(|| object.id.to_string());
            Some(Storey { name, floor, cut: floor, object: *ix })
        })
        .collect();
    found.sort_by(|a, b| a.floor.total_cmp(&b.floor).then_with(|| a.name.cmp(&b.name)));
    for i in 0..found.len() {
        let above = found[i + 1..].iter().map(|s| s.floor).find(|floor| *floor > found[i].floor + 1.0);
        // Just above doors; below the slab of the next storey.
        let ceiling = above.map_or(found[i].floor + 3.2, |floor| floor - 0.7);
        found[i].cut = ceiling.min(found[i].floor + 2.6).max(found[i].floor + 0.8);
    }
    found
}

/// The lowest height that most parts of a storey stand on: its rooms where it has any, else all its parts.
fn floor_of(snapshot: &SceneSnapshot, storey: ObjectIx, layers: &[Option<Layer>]) -> Option<f64> {
    let below = |want_rooms: bool| {
        let mut feet: Vec<f64> = snapshot
            .children(storey)
            .iter()
            .filter(|ix| layers.get(ix.0 as usize).copied().flatten() == Some(Layer::Interior))
            .filter(|ix| !want_rooms || snapshot.get(**ix).class == Class::BuildingRoom)
            .map(|ix| snapshot.bounds_of(*ix))
            .filter(|b| !b.is_empty())
            .map(|b| b.min[2])
            .collect();
        feet.sort_by(f64::total_cmp);
        feet.get(feet.len() / 2).copied()
    };
    below(true).or_else(|| below(false))
}

/// The box around everything drawn as interior.
pub fn inside_bounds(snapshot: &SceneSnapshot, layers: &[Option<Layer>]) -> Bounds3 {
    let mut bounds = Bounds3::EMPTY;
    for (i, layer) in layers.iter().enumerate() {
        if *layer == Some(Layer::Interior) {
            bounds.merge(&snapshot.bounds_of(ObjectIx(i as u32)));
        }
    }
    bounds
}
