//! CityGML 3.0's name of each class and the order of its properties, from the schemas of its modules.

use qike_scene::Class;

/// What an element is by the core schema: which properties it has before those of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A space: boundaries, points, solids, surfaces, curves.
    Space,
    /// A space without matter or place in the world of matter: no cloud of points.
    Logical,
    /// A construction: a space with heights.
    Construction,
    /// A thematic surface: surfaces at each level, curves at the lowest.
    Surface,
    /// Terrain made of triangles.
    Tin,
    /// Terrain of points.
    MassPoints,
    /// Terrain of lines.
    Breaklines,
    /// Terrain made of such.
    ReliefFeature,
}

/// A property of an element, in the order of its schema.
#[derive(Clone, Copy, Debug)]
pub enum Slot {
    /// A code or word, once.
    Code(&'static str),
    /// Codes or words, any number.
    Codes(&'static str),
    /// A whole number.
    Integer(&'static str),
    /// A number with a unit.
    Measure(&'static str),
    /// Children of these classes.
    Children(&'static str, &'static [Class]),
    /// Addresses.
    Address(&'static str),
    /// The granularity of traffic spaces, which must be there.
    Granularity,
    /// The members of a group.
    Members,
}

/// An element.
#[derive(Clone, Copy, Debug)]
pub struct Type {
    /// Its name with prefix.
    pub element: &'static str,
    /// What it is.
    pub kind: Kind,
    /// Its own properties.
    pub slots: &'static [Slot],
}

impl Type {
    /// True where the element's name says the class (what an importer sees without further word).
    pub fn says(&self, class: Class) -> bool {
        self.element.rsplit(':').next() == Some(class.name())
    }

    /// The property that holds a child of the class.
    pub fn property_of(&self, child: Class) -> Option<&'static str> {
        // Parts have no parts.
        if matches!((self.element, child), ("brid:BridgePart", Class::BridgePart) | ("tun:TunnelPart", Class::TunnelPart)) {
            return None;
        }
        if matches!(child, Class::TrafficArea | Class::AuxiliaryTrafficArea) {
            return self.has_boundaries().then_some("core:boundary");
        }
        self.slots.iter().find_map(|slot| match slot {
            Slot::Children(property, classes) if classes.contains(&child) => Some(*property),
            _ => None,
        })
    }

    /// True for spaces.
    pub fn has_boundaries(&self) -> bool {
        matches!(self.kind, Kind::Space | Kind::Logical | Kind::Construction)
    }
}

/// What stands for anything that has no better element.
pub const GENERIC: Type = Type { element: "gen:GenericOccupiedSpace", kind: Kind::Space, slots: GENERIC_SLOTS };

use Class as C;
use Slot::{Address, Children, Code, Codes, Granularity, Integer, Measure, Members};

const GENERIC_SLOTS: &[Slot] = &[Code("gen:class"), Codes("gen:function"), Codes("gen:usage")];
const ROOF: [Slot; 3] = [Code("bldg:roofType"), Integer("bldg:storeysAboveGround"), Integer("bldg:storeysBelowGround")];
const BUILDING_CHILDREN: [Slot; 6] = [
    Children("bldg:buildingConstructiveElement", &[C::BuildingConstructiveElement]),
    Children("bldg:buildingInstallation", &[C::BuildingInstallation]),
    Children("bldg:buildingRoom", &[C::BuildingRoom]),
    Children("bldg:buildingFurniture", &[C::BuildingFurniture]),
    Children("bldg:buildingSubdivision", &[C::Storey, C::BuildingUnit]),
    Address("bldg:address"),
];
const BUILDING: [Slot; 12] = joined(BLDG, ROOF, BUILDING_CHILDREN);
const BLDG: [Slot; 3] = [Code("bldg:class"), Codes("bldg:function"), Codes("bldg:usage")];
const fn joined(a: [Slot; 3], b: [Slot; 3], c: [Slot; 6]) -> [Slot; 12] {
    [a[0], a[1], a[2], b[0], b[1], b[2], c[0], c[1], c[2], c[3], c[4], c[5]]
}
const WHOLE_BUILDING: &[Slot] = &{
    let b = BUILDING;
    [b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], Children("bldg:buildingPart", &[C::BuildingPart])]
};
const FILLING: Slot = Children("con:filling", &[C::Door, C::Window]);
const SPACES: [Slot; 2] = [Children("tran:trafficSpace", &[C::TrafficSpace]), Children("tran:auxiliaryTrafficSpace", &[C::AuxiliaryTrafficSpace])];
const WAY: &[Slot] = &[
    SPACES[0],
    SPACES[1],
    Code("tran:class"),
    Codes("tran:function"),
    Codes("tran:usage"),
    Children("tran:section", &[C::Section]),
    Children("tran:intersection", &[C::Intersection]),
];
const AREA: &[Slot] = &[Code("tran:class"), Codes("tran:function"), Codes("tran:usage"), Code("tran:surfaceMaterial")];

macro_rules! plain {
    ($prefix:literal) => {
        &[Code(concat!($prefix, ":class")), Codes(concat!($prefix, ":function")), Codes(concat!($prefix, ":usage"))]
    };
}

/// The element of a class.
pub fn of(class: Class) -> Type {
    let (element, kind, slots): (&'static str, Kind, &'static [Slot]) = match class {
        C::Building => ("bldg:Building", Kind::Construction, WHOLE_BUILDING),
        C::BuildingPart => ("bldg:BuildingPart", Kind::Construction, &BUILDING),
        C::BuildingUnit => (
            "bldg:BuildingUnit",
            Kind::Logical,
            &[
                BLDG[0], BLDG[1], BLDG[2],
                Children("bldg:buildingConstructiveElement", &[C::BuildingConstructiveElement]),
                Children("bldg:buildingFurniture", &[C::BuildingFurniture]),
                Children("bldg:buildingInstallation", &[C::BuildingInstallation]),
                Children("bldg:buildingRoom", &[C::BuildingRoom]),
                Children("bldg:storey", &[C::Storey]),
                Address("bldg:address"),
            ],
        ),
        C::Storey => (
            "bldg:Storey",
            Kind::Logical,
            &[
                BLDG[0], BLDG[1], BLDG[2],
                Children("bldg:buildingConstructiveElement", &[C::BuildingConstructiveElement]),
                Children("bldg:buildingFurniture", &[C::BuildingFurniture]),
                Children("bldg:buildingInstallation", &[C::BuildingInstallation]),
                Children("bldg:buildingRoom", &[C::BuildingRoom]),
                Children("bldg:buildingUnit", &[C::BuildingUnit]),
            ],
        ),
        C::BuildingRoom => (
            "bldg:BuildingRoom",
            Kind::Space,
            &[
                BLDG[0], BLDG[1], BLDG[2],
                Children("bldg:buildingFurniture", &[C::BuildingFurniture]),
                Children("bldg:buildingInstallation", &[C::BuildingInstallation]),
            ],
        ),
        C::Door => ("con:Door", Kind::Space, &[Code("con:class"), Codes("con:function"), Codes("con:usage"), Address("con:address")]),
        C::Window => ("con:Window", Kind::Space, plain!("con")),
        C::BuildingFurniture => ("bldg:BuildingFurniture", Kind::Space, &BLDG),
        C::BuildingInstallation => ("bldg:BuildingInstallation", Kind::Space, &BLDG),
        C::BuildingConstructiveElement => ("bldg:BuildingConstructiveElement", Kind::Space, &[FILLING, BLDG[0], BLDG[1], BLDG[2]]),
        C::Bridge | C::BridgePart => (
            if matches!(class, C::Bridge) { "brid:Bridge" } else { "brid:BridgePart" },
            Kind::Construction,
            &[
                Code("brid:class"), Codes("brid:function"), Codes("brid:usage"),
                Children("brid:bridgeConstructiveElement", &[C::BridgeConstructiveElement]),
                Children("brid:bridgeInstallation", &[C::BridgeInstallation]),
                Children("brid:bridgeRoom", &[C::BridgeRoom]),
                Children("brid:bridgeFurniture", &[C::BridgeFurniture]),
                Address("brid:address"),
                Children("brid:bridgePart", &[C::BridgePart]),
            ],
        ),
        C::BridgeInstallation => ("brid:BridgeInstallation", Kind::Space, plain!("brid")),
        C::BridgeConstructiveElement => {
            ("brid:BridgeConstructiveElement", Kind::Space, &[FILLING, Code("brid:class"), Codes("brid:function"), Codes("brid:usage")])
        }
        C::BridgeRoom => (
            "brid:BridgeRoom",
            Kind::Space,
            &[
                Code("brid:class"), Codes("brid:function"), Codes("brid:usage"),
                Children("brid:bridgeFurniture", &[C::BridgeFurniture]),
                Children("brid:bridgeInstallation", &[C::BridgeInstallation]),
            ],
        ),
        C::BridgeFurniture => ("brid:BridgeFurniture", Kind::Space, plain!("brid")),
        C::Tunnel | C::TunnelPart => (
            if matches!(class, C::Tunnel) { "tun:Tunnel" } else { "tun:TunnelPart" },
            Kind::Construction,
            &[
                Code("tun:class"), Codes("tun:function"), Codes("tun:usage"),
                Children("tun:tunnelConstructiveElement", &[C::TunnelConstructiveElement]),
                Children("tun:tunnelInstallation", &[C::TunnelInstallation]),
                Children("tun:hollowSpace", &[C::HollowSpace]),
                Children("tun:tunnelFurniture", &[C::TunnelFurniture]),
                Children("tun:tunnelPart", &[C::TunnelPart]),
            ],
        ),
        C::TunnelInstallation => ("tun:TunnelInstallation", Kind::Space, plain!("tun")),
        C::TunnelConstructiveElement => {
            ("tun:TunnelConstructiveElement", Kind::Space, &[FILLING, Code("tun:class"), Codes("tun:function"), Codes("tun:usage")])
        }
        C::HollowSpace => (
            "tun:HollowSpace",
            Kind::Space,
            &[
                Code("tun:class"), Codes("tun:function"), Codes("tun:usage"),
                Children("tun:tunnelFurniture", &[C::TunnelFurniture]),
                Children("tun:tunnelInstallation", &[C::TunnelInstallation]),
            ],
        ),
        C::TunnelFurniture => ("tun:TunnelFurniture", Kind::Space, plain!("tun")),
        C::OtherConstruction => ("con:OtherConstruction", Kind::Construction, plain!("con")),
        C::Road => ("tran:Road", Kind::Space, WAY),
        C::Track => ("tran:Track", Kind::Space, WAY),
        C::Railway => ("tran:Railway", Kind::Space, WAY),
        C::Waterway => ("tran:Waterway", Kind::Space, WAY),
        C::Square => ("tran:Square", Kind::Space, &[SPACES[0], SPACES[1], Code("tran:class"), Codes("tran:function"), Codes("tran:usage")]),
        C::Section => ("tran:Section", Kind::Space, &[SPACES[0], SPACES[1], Code("tran:class")]),
        C::Intersection => ("tran:Intersection", Kind::Space, &[SPACES[0], SPACES[1], Code("tran:class")]),
        C::TrafficSpace => ("tran:TrafficSpace", Kind::Space, &[Code("tran:class"), Codes("tran:function"), Codes("tran:usage"), Granularity]),
        C::AuxiliaryTrafficSpace => {
            ("tran:AuxiliaryTrafficSpace", Kind::Space, &[Code("tran:class"), Codes("tran:function"), Codes("tran:usage"), Granularity])
        }
        C::TrafficArea => ("tran:TrafficArea", Kind::Surface, AREA),
        C::AuxiliaryTrafficArea => ("tran:AuxiliaryTrafficArea", Kind::Surface, AREA),
        C::CityFurniture => ("frn:CityFurniture", Kind::Space, plain!("frn")),
        C::WaterBody => ("wtr:WaterBody", Kind::Space, plain!("wtr")),
        C::SolitaryVegetationObject => (
            "veg:SolitaryVegetationObject",
            Kind::Space,
            &[
                Code("veg:class"), Codes("veg:function"), Codes("veg:usage"), Code("veg:species"), Measure("veg:height"),
                Measure("veg:trunkDiameter"), Measure("veg:crownDiameter"), Measure("veg:rootBallDiameter"), Measure("veg:maxRootBallDepth"),
            ],
        ),
        C::PlantCover => {
            ("veg:PlantCover", Kind::Space, &[Code("veg:class"), Codes("veg:function"), Codes("veg:usage"), Measure("veg:averageHeight")])
        }
        C::LandUse => ("luse:LandUse", Kind::Surface, plain!("luse")),
        C::Relief => ("dem:ReliefFeature", Kind::ReliefFeature, &[Children("dem:reliefComponent", &[C::Relief])]),
        C::CityObjectGroup => {
            ("grp:CityObjectGroup", Kind::Logical, &[Code("grp:class"), Codes("grp:function"), Codes("grp:usage"), Members])
        }
        C::GenericUnoccupiedSpace => ("gen:GenericUnoccupiedSpace", Kind::Space, GENERIC_SLOTS),
        C::GenericLogicalSpace | C::UtilityNetwork | C::TransitLine | C::TransitStop => ("gen:GenericLogicalSpace", Kind::Logical, GENERIC_SLOTS),
        C::GenericOccupiedSpace | C::UtilityNetworkElement | C::GenericCityObject => return GENERIC,
    };
    Type { element, kind, slots }
}

/// The element of a thematic surface by its semantic type, and whether its name says all.
pub fn surface(kind: &str) -> (&'static str, bool) {
    match kind {
        "WallSurface" => ("con:WallSurface", true),
        "RoofSurface" => ("con:RoofSurface", true),
        "GroundSurface" => ("con:GroundSurface", true),
        "FloorSurface" => ("con:FloorSurface", true),
        "CeilingSurface" => ("con:CeilingSurface", true),
        "InteriorWallSurface" => ("con:InteriorWallSurface", true),
        "OuterCeilingSurface" => ("con:OuterCeilingSurface", true),
        "OuterFloorSurface" => ("con:OuterFloorSurface", true),
        "DoorSurface" => ("con:DoorSurface", true),
        "WindowSurface" => ("con:WindowSurface", true),
        "ClosureSurface" => ("core:ClosureSurface", true),
        "WaterSurface" => ("wtr:WaterSurface", true),
        "WaterGroundSurface" => ("wtr:WaterGroundSurface", true),
        "Marking" => ("tran:Marking", true),
        "HoleSurface" => ("tran:HoleSurface", true),
        "GenericThematicSurface" => ("gen:GenericThematicSurface", true),
        "Door" => ("con:DoorSurface", false),
        "Window" => ("con:WindowSurface", false),
        "WaterClosureSurface" => ("core:ClosureSurface", false),
        "TransportationMarking" => ("tran:Marking", false),
        "TransportationHole" => ("tran:HoleSurface", false),
        "TrafficArea" => ("tran:TrafficArea", false),
        "AuxiliaryTrafficArea" => ("tran:AuxiliaryTrafficArea", false),
        _ => ("gen:GenericThematicSurface", false),
    }
}

/// True for surfaces of constructions, which doors and windows may fill.
pub fn is_fillable(element: &str) -> bool {
    element.starts_with("con:") && !is_filling(element)
}

/// True for the surfaces of doors and windows.
pub fn is_filling(element: &str) -> bool {
    matches!(element, "con:DoorSurface" | "con:WindowSurface")
}
