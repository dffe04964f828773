//! What the sections of the two formats hold, as tables.

/// How a field is to be read.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// Text as it stands.
    Text,
    /// A number without a unit, or in the file's own.
    Number,
    /// A length, feet or metres.
    Length,
    /// A pipe's diameter in EPANET: inches or millimetres.
    Bore,
}

/// A section with a thing on each line: its name, then fields.
pub struct Section {
    /// Name in brackets.
    pub name: &'static str,
    /// What its things are: the attribute `function`.
    pub function: &'static str,
    /// The fields after the name (and, for links, after the two nodes).
    pub fields: &'static [(&'static str, Kind)],
}

/// A format.
pub struct Schema {
    /// The importer's short name.
    pub name: &'static str,
    /// What people call such a file.
    pub title: &'static str,
    /// The attribute `network`.
    pub network: &'static str,
    /// Options that name the unit of flow.
    pub unit_options: &'static [&'static str],
    /// The unit where the file names none.
    pub default_unit: &'static str,
    /// Sections of nodes; the first field is the elevation.
    pub nodes: &'static [Section],
    /// Sections of links.
    pub links: &'static [Section],
}

use Kind::{Bore, Length, Number, Text};

/// EPANET 2.2.
pub static EPANET: Schema = Schema {
    name: "epanet",
    title: "an EPANET water network",
    network: "water",
    unit_options: &["UNITS"],
    default_unit: "GPM",
    nodes: &[
        Section { name: "JUNCTIONS", function: "junction", fields: &[("elevation_m", Length), ("demand", Number), ("pattern", Text)] },
        Section { name: "RESERVOIRS", function: "reservoir", fields: &[("head_m", Length), ("pattern", Text)] },
        Section {
            name: "TANKS",
            function: "tank",
            fields: &[
                ("elevation_m", Length),
                ("initial_level_m", Length),
                ("min_level_m", Length),
                ("max_level_m", Length),
                ("diameter_m", Length),
                ("min_volume", Number),
                ("volume_curve", Text),
            ],
        },
    ],
    links: &[
        Section {
            name: "PIPES",
            function: "pipe",
            fields: &[("length_m", Length), ("diameter_m", Bore), ("roughness", Number), ("minor_loss", Number), ("status", Text)],
        },
        Section { name: "PUMPS", function: "pump", fields: &[("parameter", Text), ("value", Text)] },
        Section {
            name: "VALVES",
            function: "valve",
            fields: &[("diameter_m", Bore), ("valve_type", Text), ("setting", Text), ("minor_loss", Number)],
        },
    ],
};

/// SWMM 5.2.
pub static SWMM: Schema = Schema {
    name: "swmm",
    title: "a SWMM drainage network",
    network: "storm",
    unit_options: &["FLOW_UNITS"],
    default_unit: "CFS",
    nodes: &[
        Section {
            name: "JUNCTIONS",
            function: "junction",
            fields: &[("elevation_m", Length), ("max_depth_m", Length), ("initial_depth_m", Length), ("surcharge_depth_m", Length), ("ponded_area", Number)],
        },
        Section { name: "OUTFALLS", function: "outfall", fields: &[("elevation_m", Length), ("outfall_type", Text), ("stage", Text)] },
        Section {
            name: "STORAGE",
            function: "storage",
            fields: &[("elevation_m", Length), ("max_depth_m", Length), ("initial_depth_m", Length), ("shape", Text), ("curve", Text)],
        },
        Section { name: "DIVIDERS", function: "divider", fields: &[("elevation_m", Length), ("diverted_link", Text), ("divider_type", Text)] },
    ],
    links: &[
        Section {
            name: "CONDUITS",
            function: "pipe",
            fields: &[
                ("length_m", Length),
                ("roughness", Number),
                ("in_offset_m", Length),
                ("out_offset_m", Length),
                ("initial_flow", Number),
                ("max_flow", Number),
            ],
        },
        Section {
            name: "PUMPS",
            function: "pump",
            fields: &[("curve", Text), ("status", Text), ("startup_depth_m", Length), ("shutoff_depth_m", Length)],
        },
        Section {
            name: "ORIFICES",
            function: "orifice",
            fields: &[("orifice_type", Text), ("in_offset_m", Length), ("discharge_coefficient", Number), ("gated", Text)],
        },
        Section {
            name: "WEIRS",
            function: "weir",
            fields: &[("weir_type", Text), ("in_offset_m", Length), ("discharge_coefficient", Number), ("gated", Text)],
        },
        Section { name: "OUTLETS", function: "outlet", fields: &[("in_offset_m", Length), ("rating", Text), ("curve", Text)] },
    ],
};
