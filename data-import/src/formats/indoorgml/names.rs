//! Names of IndoorGML's core and navigation modules to classes and attributes.

use qike_scene::Class;

/// The class of an element that is a feature; `None` for everything else.
///
/// Spaces that people pass from one to the next through (doors) are doors, others rooms, also corridors and stairs; what tells
/// them apart beyond that is kept in `indoorgml_type`.
pub fn class_of(local: &str) -> Option<Class> {
    Some(match local {
        "CellSpace" | "NavigableSpace" | "GeneralSpace" | "TransferSpace" | "TransitionSpace" => Class::BuildingRoom,
        "ConnectionSpace" | "AnchorSpace" | "ConnectionBoundary" | "AnchorBoundary" => Class::Door,
        "NonNavigableSpace" | "ObjectSpace" => Class::BuildingConstructiveElement,
        "SpaceLayer" | "InterLayerConnection" => Class::GenericLogicalSpace,
        "CellSpaceBoundary" | "NavigableBoundary" | "NonNavigableBoundary" | "TransferBoundary" | "State" | "Transition" | "Route" | "RouteNode" | "RouteSegment" => Class::GenericCityObject,
        _ => return None,
    })
}

/// True for the property of a feature that holds its geometry. Writers do not agree on capitals.
pub fn is_geometry(local: &str) -> bool {
    ["cellSpaceGeometry", "cellSpaceBoundaryGeometry", "geometry", "geometry2D", "geometry3D"].iter().any(|name| name.eq_ignore_ascii_case(local))
}

/// The attribute of a property, and whether it is a list also where it has one value.
pub fn attribute(local: &str) -> (&str, bool) {
    match local {
        "connects" => ("connects", true),
        "interConnects" => ("inter_connects", true),
        "ConnectedLayers" | "connectedLayers" => ("connected_layers", true),
        "partialboundedBy" | "partialBoundedBy" => ("boundaries", true),
        "typeOfTopoExpression" => ("topology", false),
        "externalReference" => ("external_reference", false),
        "creationDate" => ("creation_date", false),
        "terminationDate" => ("termination_date", false),
        other => (other, false),
    }
}

/// Pairs that writers put into descriptions: `storey="1":height=3` has a storey and a height.
pub fn pairs(description: &str) -> impl Iterator<Item = (String, &str)> {
    let parts = description.split([':', ';', '\n']).filter_map(|part| part.split_once('='));
    let clean = |(key, value): (&str, &'_ str)| -> Option<(String, usize, usize)> {
        let key = key.trim();
        let word = !key.is_empty() && key.len() <= 32 && key.chars().all(|c| c.is_alphanumeric() || c == '_');
        let value = value.trim().trim_matches('"');
        (word && !value.is_empty()).then(|| (key.to_lowercase(), value.as_ptr() as usize - description.as_ptr() as usize, value.len()))
    };
    parts.filter_map(clean).filter_map(|(key, at, length)| Some((key, description.get(at..at + length)?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn descriptions_may_hold_pairs() {
        let found: Vec<_> = pairs("storey=\"1F\":Usage=Room; plain text").collect();
        assert_eq!(found, [("storey".to_owned(), "1F"), ("usage".to_owned(), "Room")]);
        assert_eq!(pairs("a room of 3 m: quiet").count(), 0);
    }
}
