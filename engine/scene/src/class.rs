//! The classes of city objects: CityGML 3.0's, with two of Qike's own for public transport.

use serde::{Deserialize, Serialize};
use std::fmt;

macro_rules! classes {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {
        /// What an object is. The names are CityGML 3.0's; CityJSON uses the same for those it has.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum Class { $($(#[$doc])* $name),+ }

        impl Class {
            /// All classes, in the order of their numbers.
            pub const ALL: &'static [Class] = &[$(Class::$name),+];

            /// The class's name.
            pub const fn name(self) -> &'static str {
                match self { $(Class::$name => stringify!($name)),+ }
            }

            /// The class of that exact name.
            pub fn parse(name: &str) -> Option<Class> {
                match name { $(stringify!($name) => Some(Class::$name),)+ _ => None }
            }
        }
    };
}

classes! {
    /// A free-standing building.
    Building,
    /// A part of a building with a height, roof or use of its own.
    BuildingPart,
    /// A building's unit by use or owner (a flat).
    BuildingUnit,
    /// A storey of a building.
    Storey,
    /// A room, or another space people can be in.
    BuildingRoom,
    /// A door.
    Door,
    /// A window.
    Window,
    /// Movable things in a room.
    BuildingFurniture,
    /// Permanent parts outside the load-bearing structure (balconies, lifts, escalators, chimneys).
    BuildingInstallation,
    /// Walls, slabs, columns, beams, stairs.
    BuildingConstructiveElement,
    /// A bridge.
    Bridge,
    /// A part of a bridge.
    BridgePart,
    /// A permanent part of a bridge that is not load-bearing.
    BridgeInstallation,
    /// A load-bearing part of a bridge.
    BridgeConstructiveElement,
    /// A room inside a bridge.
    BridgeRoom,
    /// Movable things in a bridge.
    BridgeFurniture,
    /// A tunnel.
    Tunnel,
    /// A part of a tunnel.
    TunnelPart,
    /// A permanent part of a tunnel.
    TunnelInstallation,
    /// A load-bearing part of a tunnel.
    TunnelConstructiveElement,
    /// A hollow space of a tunnel.
    HollowSpace,
    /// Movable things in a tunnel.
    TunnelFurniture,
    /// Any other construction (walls, dams, masts).
    OtherConstruction,
    /// A road.
    Road,
    /// A path for walkers or cyclists.
    Track,
    /// A railway.
    Railway,
    /// A waterway for ships.
    Waterway,
    /// An open area for traffic or people: square, platform, car park, beach.
    Square,
    /// A section of a road, track, railway or waterway.
    Section,
    /// An intersection of such.
    Intersection,
    /// A lane or another space for traffic.
    TrafficSpace,
    /// A strip beside traffic (kerb, verge).
    AuxiliaryTrafficSpace,
    /// The surface of a traffic space.
    TrafficArea,
    /// The surface of an auxiliary space.
    AuxiliaryTrafficArea,
    /// Lamps, signals, signs, manholes, boxes, benches, stops.
    CityFurniture,
    /// A body of water.
    WaterBody,
    /// One plant.
    SolitaryVegetationObject,
    /// An area of plants.
    PlantCover,
    /// Use of the land.
    LandUse,
    /// Terrain.
    Relief,
    /// A network of pipes or cables.
    UtilityNetwork,
    /// A pipe, cable, fitting, valve, pump.
    UtilityNetworkElement,
    /// A group of objects.
    CityObjectGroup,
    /// An occupied space of no other class.
    GenericOccupiedSpace,
    /// An unoccupied space of no other class.
    GenericUnoccupiedSpace,
    /// A logical space of no other class (a site, a zone).
    GenericLogicalSpace,
    /// A thing of no other class.
    GenericCityObject,
    /// Qike's own: a line of public transport.
    TransitLine,
    /// Qike's own: a stop of public transport, with its platforms as children.
    TransitStop,
}

impl Class {
    /// The stable number of the class in stores (its place in [`Class::ALL`]).
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// The class of a number.
    pub fn from_number(number: u8) -> Option<Class> {
        Self::ALL.get(usize::from(number)).copied()
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers_go_there_and_back() {
        for class in Class::ALL {
            assert_eq!(Class::parse(class.name()), Some(*class));
            assert_eq!(Class::from_number(class.number()), Some(*class));
        }
        assert_eq!(Class::parse("building"), None);
        assert_eq!(Class::from_number(255), None);
    }
}
