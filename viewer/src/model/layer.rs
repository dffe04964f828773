//! Which layer of the picture an object belongs to, from its class and its function.

use qike_scene::{CityObject, Class};

/// A layer that can be shown and hidden. Its order is the order of the layer list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Layer {
    /// Terrain, or a flat plane where the model has none.
    Ground,
    /// What the land is used for.
    LandUse,
    /// Parks, grass, woods.
    Green,
    /// Lakes, canals, the sea.
    Water,
    /// Squares, promenades, beaches.
    Squares,
    /// Car parks.
    Parking,
    /// Carriageways with their markings.
    Roads,
    /// Footways, paths, crossings.
    Footways,
    /// Tracks of trains, trams and the metro.
    Rail,
    /// Buildings from outside.
    Buildings,
    /// Single trees.
    Trees,
    /// Lamps, signals, stops, boxes, manholes.
    Furniture,
    /// Pipes and cables under the ground.
    Pipes,
    /// Buildings from inside: rooms, doors, stairs, furniture.
    Interior,
    /// Management grids and neighbourhoods, as outlines.
    Districts,
    /// Lines of public transport.
    Transit,
}

impl Layer {
    /// Every layer, in order.
    pub const ALL: [Layer; 16] = [
        Layer::Ground,
        Layer::LandUse,
        Layer::Green,
        Layer::Water,
        Layer::Squares,
        Layer::Parking,
        Layer::Roads,
        Layer::Footways,
        Layer::Rail,
        Layer::Buildings,
        Layer::Trees,
        Layer::Furniture,
        Layer::Pipes,
        Layer::Interior,
        Layer::Districts,
        Layer::Transit,
    ];

    /// The name on the command line and in the translations (`layer.<name>`).
    pub const fn name(self) -> &'static str {
        match self {
            Layer::Ground => "ground",
            Layer::LandUse => "landuse",
            Layer::Green => "green",
            Layer::Water => "water",
            Layer::Squares => "squares",
            Layer::Parking => "parking",
            Layer::Roads => "roads",
            Layer::Footways => "footways",
            Layer::Rail => "rail",
            Layer::Buildings => "buildings",
            Layer::Trees => "trees",
            Layer::Furniture => "furniture",
            Layer::Pipes => "pipes",
            Layer::Interior => "interior",
            Layer::Districts => "districts",
            Layer::Transit => "transit",
        }
    }

    /// The layer of that name.
    pub fn parse(name: &str) -> Option<Layer> {
        Self::ALL.into_iter().find(|layer| layer.name() == name)
    }

    /// Shown when nobody asked for anything else.
    pub const fn on_by_default(self) -> bool {
        !matches!(self, Layer::Districts | Layer::Transit)
    }

    /// Lies on the ground, and so hides what is below it.
    pub const fn covers_underground(self) -> bool {
        !matches!(self, Layer::Pipes | Layer::Interior | Layer::Districts | Layer::Transit | Layer::Rail)
    }

    /// Stands on the ground, and is seen as it is where the ground is faded.
    pub const fn stands(self) -> bool {
        matches!(self, Layer::Buildings | Layer::Furniture)
    }

    /// Drawn with less detail far away.
    pub const fn has_coarse_level(self) -> bool {
        matches!(self, Layer::Buildings | Layer::Trees)
    }

    /// Where the coarse level begins, metres from the edge of a tile.
    pub const fn coarse_from_m(self) -> f32 {
        match self {
            Layer::Trees => 700.0,
            _ => 2_500.0,
        }
    }

    /// How far its objects are drawn, metres from the eye; small things vanish before they cost.
    pub const fn reach_m(self) -> f32 {
        match self {
            Layer::Furniture => 1_600.0,
            Layer::Trees => 9_000.0,
            _ => f32::INFINITY,
        }
    }
}

/// The layer of an object; `None` for what has no shape of its own to draw.
pub fn layer_of(object: &CityObject) -> Option<Layer> {
    let function = object.str("function").unwrap_or_default();
    let from_bim = object.attributes.contains_key("ifc_type");
    Some(match object.class {
        Class::Relief => Layer::Ground,
        Class::LandUse if matches!(function, "management_grid" | "neighbourhood") => Layer::Districts,
        Class::LandUse => Layer::LandUse,
        Class::PlantCover => Layer::Green,
        Class::SolitaryVegetationObject => Layer::Trees,
        Class::WaterBody | Class::Waterway => Layer::Water,
        Class::Square if function == "car_park" => Layer::Parking,
        Class::Square => Layer::Squares,
        Class::Road
        | Class::Section
        | Class::Intersection
        | Class::TrafficSpace
        | Class::AuxiliaryTrafficSpace
        | Class::TrafficArea
        | Class::AuxiliaryTrafficArea => Layer::Roads,
        Class::Track => Layer::Footways,
        Class::Railway => Layer::Rail,
        Class::BuildingRoom | Class::Storey | Class::BuildingUnit => Layer::Interior,
        Class::Door
        | Class::Window
        | Class::BuildingFurniture
        | Class::BuildingInstallation
        | Class::BuildingConstructiveElement
        | Class::Building
        | Class::BuildingPart
            if from_bim =>
        {
            Layer::Interior
        }
        Class::CityFurniture | Class::TransitStop => Layer::Furniture,
        Class::UtilityNetwork | Class::UtilityNetworkElement => Layer::Pipes,
        Class::TransitLine => Layer::Transit,
        Class::CityObjectGroup | Class::GenericLogicalSpace => return None,
        _ => Layer::Buildings,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use qike_scene::SourceId;

    fn object(class: Class, attributes: &[(&str, &str)]) -> CityObject {
        let mut object = CityObject::new("x", class, SourceId(0));
        for (key, value) in attributes {
            object.attributes.insert((*key).into(), (*value).into());
        }
        object
    }

    #[test]
    fn class_and_function_choose_the_layer() {
        assert_eq!(layer_of(&object(Class::LandUse, &[])), Some(Layer::LandUse));
        assert_eq!(layer_of(&object(Class::LandUse, &[("function", "management_grid")])), Some(Layer::Districts));
        assert_eq!(layer_of(&object(Class::Square, &[("function", "car_park")])), Some(Layer::Parking));
        assert_eq!(layer_of(&object(Class::Door, &[])), Some(Layer::Buildings));
        assert_eq!(layer_of(&object(Class::Door, &[("ifc_type", "IfcDoor")])), Some(Layer::Interior));
        assert_eq!(layer_of(&object(Class::CityObjectGroup, &[])), None);
    }

    #[test]
    fn every_layer_has_its_own_name() {
        for layer in Layer::ALL {
            assert_eq!(Layer::parse(layer.name()), Some(layer));
            assert_eq!(Layer::ALL[layer as usize], layer);
        }
        assert_eq!(Layer::parse("nothing"), None);
    }
}
