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
    let (at, yaw) = beside(p, roads);
    let mut prop = Prop { b, at, yaw, object: ix.0 };
    match kind {
        "street_lamp" => {
            prop.block([118, 124, 132], [-0.07, 0.0, -0.07], [0.07, 7.6, 0.07]);
            prop.block([118, 124, 132], [-0.05, 7.5, -0.05], [1.5, 7.62, 0.05]);
            prop.glow([255, 240, 200], [0.9, 7.40, -0.16], [1.7, 7.52, 0.16]);
        }
        "traffic_signals" => {
            prop.block([92, 98, 106], [-0.09, 0.0, -0.09], [0.09, 5.4, 0.09]);
            prop.block([92, 98, 106], [-0.06, 5.2, -0.06], [3.4, 5.36, 0.06]);
            prop.block([44, 48, 54], [2.6, 4.5, -0.22], [3.1, 5.9, 0.22]);
            prop.glow([226, 66, 58], [2.68, 5.48, -0.26], [3.02, 5.8, 0.26]);
            prop.glow([70, 190, 104], [2.68, 4.6, -0.26], [3.02, 4.92, 0.26]);
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
        "waste_basket" | "recycling" | "waste_bin" => prop.block([72, 130, 92], [-0.3, 0.0, -0.25], [0.3, 1.0, 0.25]),
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

/// The kerb beside the road that passes through `p`, and the direction towards the road; `p` itself where none does.
fn beside(p: [f32; 3], roads: &Roads) -> ([f32; 3], f32) {
    match roads.at(p) {
        Some(node) => {
            let [dx, dz] = node.direction;
            let away = node.half_width + 0.7;
            // The local x axis looks back over the road.
            ([p[0] - dz * away, p[1] + 0.2, p[2] + dx * away], f32::atan2(dx, dz))
        }
        None => (p, 0.0),
    }
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
