//! The colours of the city: calm, warm in the light, told apart by meaning; one place for all of them.

use crate::mesh::{Kind, chance};
use crate::model::layer::Layer;
use qike_scene::{CityObject, Class};

/// sRGB.
pub type Rgb = [u8; 3];

/// Bare ground.
pub const GROUND: Rgb = [203, 205, 184];
/// Asphalt.
pub const ASPHALT: Rgb = [98, 103, 112];
/// Kerbs and pavements beside a carriageway.
pub const PAVEMENT: Rgb = [196, 192, 183];
/// Lane markings.
pub const MARKING: Rgb = [238, 238, 230];
/// The line between directions.
pub const MARKING_CENTRE: Rgb = [236, 190, 84];
/// A walker's path.
pub const FOOTWAY: Rgb = [214, 204, 184];
/// A cycle track.
pub const CYCLEWAY: Rgb = [160, 112, 96];
/// Ballast.
pub const BALLAST: Rgb = [132, 126, 120];
/// Rails, poles, frames.
pub const STEEL: Rgb = [118, 124, 132];
/// A tree's trunk.
pub const TRUNK: Rgb = [110, 88, 70];
/// A door leaf.
pub const DOOR: Rgb = [160, 112, 76];
/// A window pane from near by.
pub const WINDOW: Rgb = [150, 196, 220];
/// A wall from inside.
pub const INNER_WALL: Rgb = [238, 235, 228];
/// Furniture whose colour the model does not say.
pub const FURNITURE: Rgb = [122, 150, 178];
/// What is picked.
pub const PICKED: Rgb = [255, 140, 40];

/// Height above the ground at which a layer's flat surfaces lie, so that none flickers through another, metres.
pub const fn lift(layer: Layer) -> f32 {
    match layer {
        Layer::LandUse => 0.04,
        Layer::Green => 0.10,
        Layer::Water => 0.14,
        Layer::Squares => 0.20,
        Layer::Parking => 0.24,
        Layer::Footways => 0.28,
        Layer::Rail => 0.30,
        Layer::Roads => 0.34,
        Layer::Districts => 1.2,
        Layer::Transit => 1.6,
        _ => 0.0,
    }
}

/// Colour and material of a flat area.
pub fn area(layer: Layer, object: &CityObject) -> (Rgb, Kind) {
    let tag = |key: &str| object.str(key).unwrap_or_default();
    match layer {
        Layer::LandUse => match tag("landuse") {
            "residential" => ([216, 212, 200], Kind::Grass),
            "commercial" | "retail" => ([222, 210, 200], Kind::Grass),
            "industrial" | "port" | "railway" => ([206, 204, 206], Kind::Grass),
            "education" | "institutional" => ([220, 214, 190], Kind::Grass),
            "construction" | "brownfield" => ([206, 192, 168], Kind::Grass),
            "farmland" | "farmyard" | "orchard" => ([190, 200, 142], Kind::Grass),
            "grass" | "meadow" | "recreation_ground" | "village_green" | "cemetery" => ([168, 194, 128], Kind::Grass),
            "forest" => ([128, 166, 106], Kind::Grass),
            _ => ([210, 208, 190], Kind::Grass),
        },
        Layer::Green => match (tag("natural"), tag("landuse"), tag("leisure")) {
            ("wood", ..) | (_, "forest", _) => ([126, 164, 104], Kind::Grass),
            ("wetland", ..) => ([142, 172, 132], Kind::Grass),
            ("scrub" | "heath", ..) => ([150, 176, 112], Kind::Grass),
            (_, _, "pitch") => ([124, 178, 116], Kind::Grass),
            (_, _, "golf_course" | "garden") => ([160, 196, 122], Kind::Grass),
            _ => ([158, 190, 118], Kind::Grass),
        },
        Layer::Water => ([58, 132, 168], Kind::Water),
        Layer::Squares => match (tag("function"), tag("natural"), tag("surface")) {
            ("beach", ..) | (_, "beach" | "sand", _) => ([235, 217, 170], Kind::Sand),
            ("promenade", ..) => ([222, 206, 182], Kind::Plain),
            ("plaza", ..) => ([218, 212, 202], Kind::Plain),
            (_, _, "wood") => ([190, 160, 124], Kind::Plain),
            _ => ([214, 208, 198], Kind::Plain),
        },
        Layer::Parking => ([150, 154, 160], Kind::Asphalt),
        Layer::Footways => (FOOTWAY, Kind::Plain),
        Layer::Roads => (ASPHALT, Kind::Asphalt),
        Layer::Rail => (BALLAST, Kind::Plain),
        _ => (GROUND, Kind::Grass),
    }
}

/// Wall and roof of a building, by its use; each building is a shade of its own.
pub fn building(object: &CityObject, index: u32) -> (Rgb, Rgb) {
    let uses = ["building", "function", "usage", "use", "class"];
    let word = uses.iter().filter_map(|key| object.str(key)).find(|text| !matches!(*text, "yes" | "")).unwrap_or_default();
    let has = |words: &[&str]| words.iter().any(|w| word.contains(w));
    let (wall, roof): (Rgb, Rgb) = if has(&["apartment", "residential", "dormitory", "terrace"]) {
        pick(index, &[([232, 218, 198], [176, 112, 92]), ([238, 230, 214], [150, 140, 134]), ([224, 206, 186], [164, 104, 86])])
    } else if has(&["house", "villa", "detached", "farm", "bungalow"]) {
        pick(index, &[([240, 232, 218], [184, 104, 80]), ([234, 222, 204], [168, 96, 76]), ([242, 238, 228], [128, 132, 142])])
    } else if has(&["office", "commercial", "tower", "bank"]) {
        pick(index, &[([176, 198, 214], [196, 202, 208]), ([196, 208, 216], [186, 192, 198]), ([160, 186, 206], [206, 208, 210])])
    } else if has(&["retail", "mall", "hotel", "shop", "supermarket", "leisure"]) {
        pick(index, &[([232, 208, 180], [202, 190, 176]), ([226, 196, 176], [190, 184, 180]), ([236, 216, 190], [176, 168, 164])])
    } else if has(&["school", "university", "college", "hospital", "kindergarten", "civic", "public", "library", "museum"]) {
        pick(index, &[([226, 190, 164], [172, 96, 78]), ([236, 224, 206], [178, 108, 90]), ([230, 226, 220], [150, 164, 172])])
    } else if has(&["industrial", "warehouse", "factory", "hangar", "port", "logistics"]) {
        pick(index, &[([206, 210, 214], [120, 152, 184]), ([214, 212, 206], [168, 176, 182]), ([198, 204, 208], [142, 166, 186])])
    } else if has(&["station", "train", "transport", "metro"]) {
        ([206, 216, 222], [232, 236, 238])
    } else if has(&["aquarium", "ocean", "stadium", "attraction", "landmark", "culture"]) {
        ([240, 242, 244], [250, 250, 250])
    } else {
        pick(index, &[([226, 218, 206], [168, 158, 150]), ([216, 210, 204], [150, 150, 152]), ([232, 222, 204], [174, 122, 102])])
    };
    let shade = 0.95 + 0.07 * chance(index, 11);
    (shaded(colour_tag(object, "building:colour").unwrap_or(wall), shade), shaded(colour_tag(object, "roof:colour").unwrap_or(roof), shade))
}

fn pick(index: u32, choices: &[(Rgb, Rgb)]) -> (Rgb, Rgb) {
    choices[((chance(index, 3) * choices.len() as f32) as usize).min(choices.len() - 1)]
}

/// A colour made lighter or darker.
pub fn shaded(colour: Rgb, factor: f32) -> Rgb {
    colour.map(|c| (f32::from(c) * factor).clamp(0.0, 255.0) as u8)
}

/// A colour attribute such as `#a0b0c0`.
pub fn colour_tag(object: &CityObject, key: &str) -> Option<Rgb> {
    let hex = object.str(key)?.strip_prefix('#')?;
    let byte = |at: usize| hex.get(at..at + 2).and_then(|text| u8::from_str_radix(text, 16).ok());
    (hex.len() == 6).then(|| Some([byte(0)?, byte(2)?, byte(4)?]))?
}

/// The colour of a pipe or cable by its network, after the usual colours of Chinese utility maps.
pub fn pipe(network: &str) -> Rgb {
    match network {
        "water" | "drinking_water" => [52, 140, 220],
        "storm" | "rain" => [64, 186, 190],
        "sewage" | "waste" | "foul" => [146, 104, 64],
        "gas" => [236, 190, 48],
        "power" | "electricity" => [214, 64, 64],
        "heating" | "district_heating" => [228, 120, 60],
        "telecom" | "communication" => [106, 178, 90],
        _ => [170, 110, 180],
    }
}

/// The colour of a part of a building's inside, by its IFC type, else by its class.
pub fn interior(object: &CityObject) -> Rgb {
    let kind = object.str("ifc_type").unwrap_or_default();
    match kind {
        "" => match object.class {
            Class::Door => DOOR,
            Class::Window => WINDOW,
            Class::BuildingFurniture => FURNITURE,
            _ => [206, 204, 198],
        },
        "IfcWall" | "IfcWallStandardCase" | "IfcCurtainWall" => [226, 224, 216],
        "IfcSlab" | "IfcRoof" | "IfcCovering" => [206, 204, 198],
        "IfcColumn" | "IfcBeam" | "IfcMember" => [178, 184, 190],
        "IfcStair" | "IfcStairFlight" | "IfcRamp" | "IfcRampFlight" => [236, 178, 92],
        "IfcTransportElement" => [238, 150, 70],
        "IfcRailing" => [130, 150, 166],
        "IfcDoor" => DOOR,
        "IfcWindow" | "IfcPlate" => WINDOW,
        "IfcFurnishingElement" | "IfcFurniture" => FURNITURE,
        "IfcFlowTerminal" | "IfcSanitaryTerminal" => [236, 240, 242],
        "IfcBuildingElementProxy" => [104, 168, 160],
        _ => [190, 192, 194],
    }
}

/// The floor of a room, told apart by what its name says, else by its number.
pub fn room(object: &CityObject, index: u32) -> Rgb {
    let name = object.name.as_deref().unwrap_or_default().to_lowercase();
    let has = |words: &[&str]| words.iter().any(|w| name.contains(w));
    if has(&["platform", "站台"]) {
        [244, 214, 140]
    } else if has(&["track", "轨"]) {
        [120, 122, 128]
    } else if has(&["hall", "concourse", "站厅", "大厅", "厅"]) {
        [222, 214, 196]
    } else if has(&["toilet", "wc", "卫生间", "厕"]) {
        [178, 214, 226]
    } else if has(&["shop", "retail", "商"]) {
        [236, 190, 170]
    } else if has(&["exit", "corridor", "passage", "出入口", "通道", "走廊"]) {
        [206, 220, 186]
    } else {
        let soft: [Rgb; 5] = [[214, 206, 226], [204, 220, 214], [228, 212, 200], [200, 212, 228], [222, 222, 196]];
        soft[((chance(index, 5) * 5.0) as usize).min(4)]
    }
}

/// A line of public transport: the colour its timetable gives it, else one of its own.
pub fn transit(object: &CityObject, index: u32) -> Rgb {
    let given = ["route_color", "colour", "color"].iter().find_map(|key| {
        let hex = object.str(key)?.trim_start_matches('#');
        let value = u32::from_str_radix(hex, 16).ok().filter(|_| hex.len() == 6)?;
        Some([(value >> 16) as u8, (value >> 8) as u8, value as u8])
    });
    let lively: [Rgb; 6] = [[226, 74, 80], [56, 132, 214], [54, 164, 110], [234, 148, 44], [146, 92, 196], [32, 168, 178]];
    given.unwrap_or(lively[((chance(index, 9) * 6.0) as usize).min(5)])
}

#[cfg(test)]
mod tests {
    use super::*;
    use qike_scene::SourceId;

    #[test]
    fn colours_come_from_tags_where_there_are_any() {
        let mut object = CityObject::new("b", Class::Building, SourceId(0));
        object.attributes.insert("building:colour".into(), "#102030".into());
        object.attributes.insert("roof:colour".into(), "#10203".into());
        assert_eq!(colour_tag(&object, "building:colour"), Some([16, 32, 48]));
        assert_eq!(colour_tag(&object, "roof:colour"), None);
        object.attributes.insert("building:colour".into(), "#ééé".into());
        assert_eq!(colour_tag(&object, "building:colour"), None);
        object.attributes.insert("route_color".into(), "FF8000".into());
        assert_eq!(transit(&object, 0), [255, 128, 0]);
    }

    #[test]
    fn uses_look_different() {
        let of = |text: &str| {
            let mut object = CityObject::new("b", Class::Building, SourceId(0));
            object.attributes.insert("building".into(), text.into());
            building(&object, 4)
        };
        assert_ne!(of("office"), of("house"));
        assert_eq!(of("office"), of("office"));
    }
}
