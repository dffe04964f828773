//! The storeys of the buildings that the model shows from inside, lowest first, for the storey slider. Where a model has rooms but no
//! storeys (CityGML has none before 3.0), rooms whose floors lie about level make one.

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
    found.extend(levels(snapshot, frame));
    found.sort_by(|a, b| a.floor.total_cmp(&b.floor).then_with(|| a.name.cmp(&b.name)));
    for i in 0..found.len() {
        let above = found[i + 1..].iter().map(|s| s.floor).find(|floor| *floor > found[i].floor + 1.0);
        // Just above doors; below the slab of the next storey.
        let ceiling = above.map_or(found[i].floor + 3.2, |floor| floor - 0.7);
        found[i].cut = ceiling.min(found[i].floor + 2.6).max(found[i].floor + 0.8);
    }
    found
}

/// Floors nearer than this belong to one level, metres.
const LEVEL_M: f64 = 1.2;

/// The levels of buildings that have rooms of their own.
fn levels(snapshot: &SceneSnapshot, frame: &SceneFrame) -> Vec<Storey> {
    let mut found = Vec::new();
    for class in [Class::Building, Class::BuildingPart] {
        for building in snapshot.of_class(class) {
            let rooms = snapshot.children(*building).iter().filter(|ix| snapshot.get(**ix).class == Class::BuildingRoom);
            let bounds = rooms.map(|ix| snapshot.bounds_of(*ix)).filter(|b| !b.is_empty());
            let mut floors: Vec<f64> = bounds.map(|b| b.min[2]).filter(|z| z.is_finite()).collect();
            floors.sort_by(f64::total_cmp);
            let groups = floors.chunk_by(|a, b| b - a < LEVEL_M).map(|group| group[group.len() / 2]);
            let object = snapshot.get(*building);
            let name = object.name.as_deref().unwrap_or(object.id.as_str());
            found.extend(groups.enumerate().map(|(level, z)| {
                let floor = frame.to_scene([0.0, 0.0, z])[1];
                Storey { name: format!("{name} {level}"), floor, cut: floor, object: *building }
            }));
        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use qike_core::Crs;
    use qike_scene::{CityObject, Geometry, Lod, SourceId};

    #[test]
    fn rooms_without_storeys_make_levels_by_their_floors() {
        let mut house = CityObject::new("house", Class::Building, SourceId(0));
        house.name = Some("House".into());
        let room = |id: &str, z: f64| {
            let mut room = CityObject::new(id, Class::BuildingRoom, SourceId(0));
            room.parent = Some("house".into());
            let ring = |z: f64| vec![[0.0, 0.0, z], [4.0, 0.0, z], [4.0, 3.0, z], [0.0, 3.0, z]];
            room.geometries.push(Geometry::polygon(Lod::THREE, &[ring(z)]));
            room.geometries.push(Geometry::polygon(Lod::THREE, &[ring(z + 2.5)]));
            room
        };
        let objects = vec![house, room("hall", 100.0), room("step", 100.4), room("attic", 103.0), room("cellar", 97.2)];
        let snapshot = SceneSnapshot::new(Crs::epsg(4549).unwrap(), vec![], objects, vec![]);
        let frame = SceneFrame::new([0.0; 3]);
        let found = storeys(&snapshot, &frame, &vec![Some(Layer::Interior); snapshot.objects().len()]);
        let floors: Vec<(&str, f32)> = found.iter().map(|s| (s.name.as_str(), (s.floor * 10.0).round() / 10.0)).collect();
        assert_eq!(floors, [("House 0", 97.2), ("House 1", 100.4), ("House 2", 103.0)]);
        assert!(found.windows(2).all(|pair| pair[0].cut > pair[0].floor && pair[0].cut < pair[1].floor));
    }
}
