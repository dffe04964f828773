//! Names of CityGML 1.0, 2.0 and 3.0 to the scene's classes.

use qike_scene::Class;

/// The class of an element that is a feature of its own; `None` for everything else.
pub fn class_of(local: &str) -> Option<Class> {
    Some(match local {
        "Room" => Class::BuildingRoom,
        "IntBuildingInstallation" => Class::BuildingInstallation,
        "IntBridgeInstallation" => Class::BridgeInstallation,
        "IntTunnelInstallation" => Class::TunnelInstallation,
        "BridgeConstructionElement" => Class::BridgeConstructiveElement,
        "TransportationComplex" => Class::Road,
        "ClearanceSpace" => Class::TrafficSpace,
        "ReliefFeature" | "TINRelief" | "MassPointRelief" | "BreaklineRelief" | "RasterRelief" => Class::Relief,
        "LogicalSpace" => Class::GenericLogicalSpace,
        // Thematic surfaces of 3.0 that have a class: the surface of a lane is found like a lane.
        other => return Class::parse(other).filter(|class| !matches!(class, Class::TransitLine | Class::TransitStop)),
    })
}

/// True for an element that is a surface of a feature: it becomes a semantic of the feature's geometry.
pub fn is_surface(local: &str) -> bool {
    matches!(
        local,
        "WallSurface"
            | "RoofSurface"
            | "GroundSurface"
            | "ClosureSurface"
            | "FloorSurface"
            | "CeilingSurface"
            | "InteriorWallSurface"
            | "OuterCeilingSurface"
            | "OuterFloorSurface"
            | "WaterSurface"
            | "WaterGroundSurface"
            | "WaterClosureSurface"
            | "DoorSurface"
            | "WindowSurface"
            | "HoleSurface"
            | "Marking"
            | "GenericThematicSurface"
    )
}

/// A geometry property and its level of detail, for names such as `lod2MultiSurface`, `lod0FootPrint`, `lod4Geometry`.
pub fn lod_of(local: &str) -> Option<u8> {
    let rest = local.strip_prefix("lod")?;
    let digit = rest.bytes().next()?;
    ((b'0'..=b'4').contains(&digit) && rest.len() > 1).then(|| digit - b'0')
}

/// Properties whose text is a number by the schemas.
pub fn is_number(local: &str) -> bool {
    matches!(
        local,
        "measuredHeight"
            | "storeysAboveGround"
            | "storeysBelowGround"
            | "averageHeight"
            | "trunkDiameter"
            | "crownDiameter"
            | "rootBallDiameter"
            | "maxRootBallDepth"
            | "rootBallDepth"
            | "height"
            | "value"
            | "area"
            | "volume"
            | "sortKey"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_names_have_new_classes_and_surfaces_are_none() {
        assert_eq!(class_of("Room"), Some(Class::BuildingRoom));
        assert_eq!(class_of("BuildingRoom"), Some(Class::BuildingRoom));
        assert_eq!(class_of("TINRelief"), Some(Class::Relief));
        assert_eq!((class_of("WallSurface"), class_of("TransitLine"), class_of("Polygon")), (None, None, None));
        assert_eq!((lod_of("lod2Solid"), lod_of("lod5Solid"), lod_of("lod2"), lod_of("lodMax")), (Some(2), None, None, None));
    }
}
