//! City furniture: small shapes by function, merged into the mesh of their tile.

use super::roads::Roads;
use super::{Builder, Kind, Paint, lines};
use crate::model::palette::{self, Rgb};
use qike_scene::{CityObject, ObjectIx};

/// What a piece of furniture is, by its attributes.
pub fn function(object: &CityObject) -> &str {
    let keys = ["function", "highway", "amenity", "barrier", "power", "emergency", "public_transport"];
    keys.iter().find_map(|key| object.str(key)).unwrap_or_default()
}

/// Adds one piece of furniture that stands at `p`; on a carriageway it is moved to the kerb.
pub fn add(b: &mut Builder, object: &CityObject, ix: ObjectIx, p: [f32; 3], roads: &Roads) {
    let kind = function(object);
    if kind == "crossing" {
        roads_crossing(b, ix, p, roads);
        return;
    }
    // Covers of manholes lie where they are, also in the carriageway.
    let (at, yaw) = if matches!(kind, "manhole" | "manhole_cover") { (p, 0.0) } else { beside(p, roads) };
    // Shelters and benches stand along the road, everything else looks over it.
    let along = matches!(kind, "bus_stop" | "platform" | "stop_position" | "bench");
    let yaw = if along { yaw + std::f32::consts::FRAC_PI_2 } else { yaw };
    let mut prop = Prop { b, at, yaw, object: ix.0 };
    match kind {
        "street_lamp" => {
            let top = ["height_m", "height"].iter().find_map(|key| object.number(key)).map(|h| h as f32);
            let top = top.filter(|h| (2.0..40.0).contains(h)).unwrap_or(7.6);
            prop.block([118, 124, 132], [-0.07, 0.0, -0.07], [0.07, top, 0.07]);
            prop.block([118, 124, 132], [-0.05, top - 0.1, -0.05], [1.5, top + 0.02, 0.05]);
            prop.glow([255, 240, 200], [0.9, top - 0.2, -0.16], [1.7, top - 0.08, 0.16]);
        }
        "traffic_signals" => {
            prop.block([92, 98, 106], [-0.09, 0.0, -0.09], [0.09, 5.4, 0.09]);
            prop.block([92, 98, 106], [-0.06, 5.2, -0.06], [3.4, 5.36, 0.06]);
            prop.block([44, 48, 54], [2.6, 4.5, -0.22], [3.1, 5.9, 0.22]);
            prop.glow([226, 66, 58], [2.68, 5.48, -0.26], [3.02, 5.8, 0.26]);
            prop.glow([70, 190, 104], [2.68, 4.6, -0.26], [3.02, 4.92, 0.26]);
        }
        // One at a stop line; what it shows comes with a replay.
        "traffic_light" => {
            prop.block([92, 98, 106], [-0.05, 0.0, -0.05], [0.05, 2.3, 0.05]);
            prop.block([44, 48, 54], [-0.14, 2.2, -0.14], [0.14, 3.0, 0.14]);
        }
        "bus_stop" | "platform" | "stop_position" => {
            prop.block([110, 130, 150], [-1.9, 0.0, -0.8], [-1.8, 2.5, -0.7]);
            prop.block([110, 130, 150], [1.8, 0.0, -0.8], [1.9, 2.5, -0.7]);
            prop.block([176, 204, 220], [-1.8, 0.5, -0.78], [1.8, 2.3, -0.72]);
            prop.block([52, 116, 190], [-2.2, 2.5, -1.1], [2.2, 2.66, 0.9]);
            prop.block([190, 160, 124], [-1.5, 0.42, -0.6], [1.5, 0.5, -0.2]);
        }
        "bench" => {
            prop.block([164, 124, 88], [-0.8, 0.40, -0.25], [0.8, 0.48, 0.25]);
            prop.block([164, 124, 88], [-0.8, 0.55, -0.28], [0.8, 0.9, -0.22]);
            prop.block([92, 98, 106], [-0.7, 0.0, -0.2], [-0.6, 0.4, 0.2]);
            prop.block([92, 98, 106], [0.6, 0.0, -0.2], [0.7, 0.4, 0.2]);
        }
        "waste_basket" | "recycling" | "waste_bin" | "litter_bin" => prop.block([72, 130, 92], [-0.3, 0.0, -0.25], [0.3, 1.0, 0.25]),
        "hydrant" | "fire_hydrant" => prop.block([214, 62, 54], [-0.16, 0.0, -0.16], [0.16, 0.8, 0.16]),
        "manhole" | "manhole_cover" => {
            let paint = prop.paint([88, 90, 96], Kind::Plain);
            lines::disc(prop.b, at, 0.42, 0.42, 8, &paint);
        }
        "transformer_box" | "transformer" | "distribution_box" | "cabinet" | "street_cabinet" => {
            prop.block([92, 142, 120], [-1.0, 0.0, -0.6], [1.0, 1.9, 0.6]);
            prop.block([70, 112, 96], [-1.06, 1.9, -0.66], [1.06, 2.02, 0.66]);
        }
        "bollard" => prop.block([176, 150, 76], [-0.1, 0.0, -0.1], [0.1, 0.9, 0.1]),
        "stop" | "give_way" => {
            prop.block([118, 124, 132], [-0.04, 0.0, -0.04], [0.04, 2.3, 0.04]);
            prop.block([206, 60, 54], [-0.35, 2.0, -0.03], [0.35, 2.7, 0.03]);
        }
        "camera" | "sensor" | "surveillance" => {
            prop.block([118, 124, 132], [-0.06, 0.0, -0.06], [0.06, 4.5, 0.06]);
            prop.block([236, 238, 240], [-0.1, 4.3, -0.1], [0.6, 4.6, 0.1]);
        }
        "gate" | "entrance" | "exit" => {
            prop.block([84, 146, 186], [-1.6, 0.0, -0.15], [-1.35, 3.0, 0.15]);
            prop.block([84, 146, 186], [1.35, 0.0, -0.15], [1.6, 3.0, 0.15]);
            prop.block([52, 116, 170], [-1.7, 3.0, -0.2], [1.7, 3.5, 0.2]);
        }
        _ => prop.block([150, 148, 142], [-0.25, 0.0, -0.25], [0.25, 1.1, 0.25]),
    }
}

fn roads_crossing(b: &mut Builder, ix: ObjectIx, p: [f32; 3], roads: &Roads) {
    super::roads::add_crossing(b, p, ix, roads);
}

/// The kerb beside the nearest road, and the turn that points away from the road; `p` itself where no road is near.
fn beside(p: [f32; 3], roads: &Roads) -> ([f32; 3], f32) {
    let found = roads.at(p).map(|node| (p, node)).or_else(|| roads.near(p));
    let Some((q, node)) = found else { return (p, 0.0) };
    let [dx, dz] = node.direction;
    let right = [-dz, dx];
    let across = (p[0] - q[0]) * right[0] + (p[2] - q[2]) * right[1];
    let side = if across >= 0.0 { 1.0 } else { -1.0 };
    let short = (node.half_width + 0.9 - across.abs()).max(0.0) * side;
    // The local x axis looks back over the road.
    ([p[0] + right[0] * short, p[1] + 0.2, p[2] + right[1] * short], f32::atan2(dx * side, dz * side))
}

struct Prop<'a> {
    b: &'a mut Builder,
    at: [f32; 3],
    yaw: f32,
    object: u32,
}

impl Prop<'_> {
    fn paint(&self, colour: Rgb, kind: Kind) -> Paint {
        Paint { colour: palette::shaded(colour, 1.0), kind, object: self.object, foot: self.at[1] }
    }

    fn block(&mut self, colour: Rgb, min: [f32; 3], max: [f32; 3]) {
        let paint = self.paint(colour, Kind::Plain);
        self.b.cuboid(self.at, min, max, self.yaw, &paint);
    }

    fn glow(&mut self, colour: Rgb, min: [f32; 3], max: [f32; 3]) {
        let paint = self.paint(colour, Kind::Glow);
        self.b.cuboid(self.at, min, max, self.yaw, &paint);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::frame::SceneFrame;
    use crate::model::ground::Ground;
    use qike_core::Crs;
    use qike_scene::{Class, Geometry, Lod, SceneSnapshot, SourceId};

    #[test]
    fn things_on_a_carriageway_stand_at_its_kerb_and_others_where_they_are() {
        let mut road = CityObject::new("r", Class::Road, SourceId(0));
        road.attributes.insert("highway".into(), "primary".into());
        road.geometries.push(Geometry::line(Lod::ZERO, &[[-10.0, 0.0, 0.0], [0.0, 0.0, 0.0], [10.0, 0.0, 0.0]]));
        let snapshot = SceneSnapshot::new(Crs::local(), vec![], vec![road], vec![]);
        let roads = Roads::of(&snapshot, &SceneFrame::new([0.0; 3]), &Ground::flat(0.0));
        let half = crate::mesh::roads::profile(snapshot.get(ObjectIx(0))).width / 2.0;
        // On the axis: to the right, which is south of a road to the east.
        let (at, _) = beside([0.0; 3], &roads);
        assert!((at[2] - half - 0.9).abs() < 1e-4, "{at:?}");
        // North of the axis and in the carriageway: to the northern kerb.
        let (at, _) = beside([1.0, 0.0, -2.0], &roads);
        assert!((at[2] + half + 0.9).abs() < 1e-4, "{at:?}");
        assert_eq!(beside([1.0, 0.0, -20.0], &roads).0, [1.0, 0.2, -20.0]);
        assert_eq!(beside([1.0, 0.0, -200.0], &roads).0, [1.0, 0.0, -200.0]);
    }
}
