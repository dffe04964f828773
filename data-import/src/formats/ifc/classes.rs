//! IFC's product types as classes of the scene. Subtypes go with the type they specialise.

use ifc_lite_core::IfcType;
use qike_scene::Class;

/// Products that are no objects of a city: holes, drawings, grids, connection points, analysis models, parts of an axis.
pub fn is_left_out(kind: &IfcType) -> bool {
    [
        IfcType::IfcFeatureElement,
        IfcType::IfcAnnotation,
        IfcType::IfcGrid,
        IfcType::IfcPort,
        IfcType::IfcVirtualElement,
        IfcType::IfcStructuralItem,
        IfcType::IfcStructuralAnalysisModel,
        IfcType::IfcStructuralLoadGroup,
        IfcType::IfcStructuralResultGroup,
        IfcType::IfcStructuralActivity,
        IfcType::IfcReferent,
        IfcType::IfcAlignmentSegment,
        IfcType::IfcAlignmentHorizontal,
        IfcType::IfcAlignmentVertical,
        IfcType::IfcAlignmentCant,
    ]
    .into_iter()
    .any(|parent| kind.is_subtype_of(parent))
}

/// The class of an object among those above it, nearest first: a wall of a bridge is a bridge's, a part of a road a section.
pub fn class_in<'k>(class: Class, above: impl Iterator<Item = &'k IfcType>) -> Class {
    let facility = above.into_iter().find(|kind| kind.is_subtype_of(IfcType::IfcFacility));
    match (facility, class) {
        (Some(IfcType::IfcBridge), Class::BuildingConstructiveElement) => Class::BridgeConstructiveElement,
        (Some(IfcType::IfcBridge), Class::BuildingInstallation) => Class::BridgeInstallation,
        (Some(IfcType::IfcBridge), Class::BuildingFurniture) => Class::BridgeFurniture,
        (Some(IfcType::IfcBridge), Class::BuildingRoom) => Class::BridgeRoom,
        (Some(IfcType::IfcBridge), Class::OtherConstruction) => Class::BridgePart,
        (Some(IfcType::IfcRoad | IfcType::IfcRailway), Class::GenericLogicalSpace) => Class::Section,
        _ => class,
    }
}

/// The class of a product; `predefined` is its predefined type, where it has one.
pub fn class_of(kind: &IfcType, predefined: Option<&str>) -> Class {
    // A type is what its occurrences would be.
    if let Some(name) = kind.name().strip_suffix("Type").or_else(|| kind.name().strip_suffix("Style"))
        && kind.is_subtype_of(IfcType::IfcTypeProduct)
    {
        let occurrence = ifc_lite_core::ifc_type_from_keyword(&name.to_ascii_uppercase());
        return if occurrence.is_subtype_of(IfcType::IfcProduct) { class_of(&occurrence, predefined) } else { Class::BuildingInstallation };
    }
    if kind.is_subtype_of(IfcType::IfcGeographicElement) {
        return match predefined {
            Some("TERRAIN") => Class::Relief,
            Some("VEGETATION") => Class::PlantCover,
            _ => Class::GenericCityObject,
        };
    }
    TABLE.iter().find(|(parent, _)| kind.is_subtype_of(parent.clone())).map_or(Class::BuildingInstallation, |(_, class)| *class)
}

/// In order: the first type that fits counts, so special ones stand before general ones.
static TABLE: &[(IfcType, Class)] = &[
    (IfcType::IfcBuildingStorey, Class::Storey),
    (IfcType::IfcBuilding, Class::Building),
    (IfcType::IfcSpace, Class::BuildingRoom),
    (IfcType::IfcSite, Class::GenericLogicalSpace),
    (IfcType::IfcBridge, Class::Bridge),
    (IfcType::IfcRoad, Class::Road),
    (IfcType::IfcRailway, Class::Railway),
    (IfcType::IfcBridgePart, Class::BridgePart),
    (IfcType::IfcRoadPart, Class::Section),
    (IfcType::IfcRailwayPart, Class::Section),
    (IfcType::IfcFacility, Class::OtherConstruction),
    (IfcType::IfcZone, Class::CityObjectGroup),
    (IfcType::IfcBuildingSystem, Class::CityObjectGroup),
    (IfcType::IfcBuiltSystem, Class::CityObjectGroup),
    (IfcType::IfcSystem, Class::UtilityNetwork),
    (IfcType::IfcGroup, Class::CityObjectGroup),
    (IfcType::IfcSpatialElement, Class::GenericLogicalSpace),
    (IfcType::IfcLinearPositioningElement, Class::GenericLogicalSpace),
    (IfcType::IfcDoor, Class::Door),
    (IfcType::IfcWindow, Class::Window),
    (IfcType::IfcFurnishingElement, Class::BuildingFurniture),
    (IfcType::IfcSign, Class::CityFurniture),
    (IfcType::IfcSignal, Class::CityFurniture),
    (IfcType::IfcDistributionElement, Class::UtilityNetworkElement),
    (IfcType::IfcTransportElement, Class::BuildingInstallation),
    (IfcType::IfcPavement, Class::TrafficArea),
    (IfcType::IfcCourse, Class::TrafficArea),
    (IfcType::IfcKerb, Class::AuxiliaryTrafficArea),
    (IfcType::IfcRail, Class::OtherConstruction),
    (IfcType::IfcTrackElement, Class::OtherConstruction),
    (IfcType::IfcEarthworksElement, Class::OtherConstruction),
    (IfcType::IfcEarthworksFill, Class::OtherConstruction),
    (IfcType::IfcWall, Class::BuildingConstructiveElement),
    (IfcType::IfcSlab, Class::BuildingConstructiveElement),
    (IfcType::IfcColumn, Class::BuildingConstructiveElement),
    (IfcType::IfcBeam, Class::BuildingConstructiveElement),
    (IfcType::IfcStair, Class::BuildingConstructiveElement),
    (IfcType::IfcStairFlight, Class::BuildingConstructiveElement),
    (IfcType::IfcRamp, Class::BuildingConstructiveElement),
    (IfcType::IfcRampFlight, Class::BuildingConstructiveElement),
    (IfcType::IfcRailing, Class::BuildingConstructiveElement),
    (IfcType::IfcCovering, Class::BuildingConstructiveElement),
    (IfcType::IfcRoof, Class::BuildingConstructiveElement),
    (IfcType::IfcCurtainWall, Class::BuildingConstructiveElement),
    (IfcType::IfcMember, Class::BuildingConstructiveElement),
    (IfcType::IfcPlate, Class::BuildingConstructiveElement),
    (IfcType::IfcFooting, Class::BuildingConstructiveElement),
    (IfcType::IfcDeepFoundation, Class::BuildingConstructiveElement),
    (IfcType::IfcPile, Class::BuildingConstructiveElement),
    (IfcType::IfcBearing, Class::BuildingConstructiveElement),
    (IfcType::IfcElementAssembly, Class::BuildingConstructiveElement),
    (IfcType::IfcReinforcingElement, Class::BuildingConstructiveElement),
    (IfcType::IfcBuildingElementPart, Class::BuildingConstructiveElement),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_map_to_classes_with_their_subtypes() {
        let table = [
            ("IFCBUILDINGSTOREY", Class::Storey),
            ("IFCSPACE", Class::BuildingRoom),
            ("IFCWALLSTANDARDCASE", Class::BuildingConstructiveElement),
            ("IFCDOORSTANDARDCASE", Class::Door),
            ("IFCFURNITURE", Class::BuildingFurniture),
            ("IFCTRANSPORTELEMENT", Class::BuildingInstallation),
            ("IFCBUILDINGELEMENTPROXY", Class::BuildingInstallation),
            ("IFCPIPESEGMENT", Class::UtilityNetworkElement),
            ("IFCFLOWSEGMENT", Class::UtilityNetworkElement),
            ("IFCCABLECARRIERSEGMENT", Class::UtilityNetworkElement),
            ("IFCSANITARYTERMINAL", Class::UtilityNetworkElement),
            ("IFCSTAIRFLIGHT", Class::BuildingConstructiveElement),
            ("IFCREINFORCINGBAR", Class::BuildingConstructiveElement),
            ("IFCBRIDGE", Class::Bridge),
            ("IFCROAD", Class::Road),
            ("IFCALIGNMENT", Class::GenericLogicalSpace),
            ("IFCSPATIALZONE", Class::GenericLogicalSpace),
            ("IFCZONE", Class::CityObjectGroup),
            ("IFCDISTRIBUTIONSYSTEM", Class::UtilityNetwork),
            ("IFCSIGNAL", Class::CityFurniture),
            ("IFCBOILERTYPE", Class::UtilityNetworkElement),
            ("IFCDOORSTYLE", Class::Door),
        ];
        for (keyword, class) in table {
            let kind = ifc_lite_core::ifc_type_from_keyword(keyword);
            assert_eq!(class_of(&kind, None), class, "{keyword}");
            assert!(!is_left_out(&kind), "{keyword}");
        }
        for keyword in ["IFCOPENINGELEMENT", "IFCDISTRIBUTIONPORT", "IFCGRID", "IFCANNOTATION", "IFCSTRUCTURALCURVEMEMBER"] {
            assert!(is_left_out(&ifc_lite_core::ifc_type_from_keyword(keyword)), "{keyword}");
        }
        let terrain = ifc_lite_core::ifc_type_from_keyword("IFCGEOGRAPHICELEMENT");
        assert_eq!(class_of(&terrain, Some("TERRAIN")), Class::Relief);
    }
}
