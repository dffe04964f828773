//! CityJSON's names of city object types as classes of the scene.

use qike_scene::Class;

/// The class of a CityJSON type, and whether the name says all (otherwise it is kept as an attribute).
pub fn class_of(name: &str) -> (Class, bool) {
    let class = match name {
        "BuildingStorey" => Class::Storey,
        "TINRelief" => Class::Relief,
        "TransportSquare" => Class::Square,
        "TunnelHollowSpace" => Class::HollowSpace,
        // CityJSON 1.0.
        "BridgeConstructionElement" => Class::BridgeConstructiveElement,
        "+GenericCityObject" => Class::GenericCityObject,
        _ => {
            let known = Class::parse(name).filter(|class| is_cityjson(*class));
            return known.map_or((Class::GenericCityObject, false), |class| (class, true));
        }
    };
    (class, true)
}

/// Classes that CityJSON names like the scene does.
fn is_cityjson(class: Class) -> bool {
    use Class::*;
    matches!(
        class,
        Building | BuildingPart | BuildingUnit | BuildingRoom | BuildingFurniture | BuildingInstallation
            | BuildingConstructiveElement | Bridge | BridgePart | BridgeInstallation | BridgeConstructiveElement | BridgeRoom
            | BridgeFurniture | Tunnel | TunnelPart | TunnelInstallation | TunnelConstructiveElement | TunnelFurniture
            | OtherConstruction | Road | Railway | Waterway | CityFurniture | WaterBody | SolitaryVegetationObject | PlantCover
            | LandUse | CityObjectGroup | GenericCityObject
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_map_to_classes() {
        let table = [
            ("Building", Class::Building, true),
            ("BuildingStorey", Class::Storey, true),
            ("TINRelief", Class::Relief, true),
            ("TransportSquare", Class::Square, true),
            ("TunnelHollowSpace", Class::HollowSpace, true),
            ("BridgeConstructionElement", Class::BridgeConstructiveElement, true),
            ("+GenericCityObject", Class::GenericCityObject, true),
            ("+Potato", Class::GenericCityObject, false),
            ("TransitLine", Class::GenericCityObject, false),
            ("building", Class::GenericCityObject, false),
        ];
        for (name, class, exact) in table {
            assert_eq!(class_of(name), (class, exact), "{name}");
        }
    }
}
