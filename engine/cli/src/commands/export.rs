//! `qike export`: a store as a file of another format, by the ending of its name.

use crate::Done;
use crate::export::{self, Choice, Format, Written};
use crate::failure::Failure;
use crate::output::Output;
use qike_scene::{Class, Lod};
use serde::Serialize;
use std::path::{Path, PathBuf};

/// Write a store as a file of another format.
///
/// The ending of OUT names the format: .geojson (plans in longitude and latitude), .city.json and .city.jsonl (CityJSON 2.0 with
/// all levels of detail), .gml (CityGML 3.0, lossless), tileset.json (3D Tiles 1.1, with the
/// folder `tiles` beside it), .glb (meshes in one file), .gpkg (layers for GIS: one a class, plans with heights, a typed column an
/// attribute), .store.gpkg (a copy of the store), .net.xml (the lane network that is derived from the roads, for SUMO and its tools).
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  qike export city.gpkg city.city.jsonl
  qike export city.gpkg city.gml
  qike export city.gpkg web/tileset.json
  qike export city.gpkg buildings.glb --class Building
  qike export city.gpkg lamps.geojson --class CityFurniture
  qike export city.gpkg layers.gpkg
  qike export city.gpkg roads.net.xml
  qike export city.gpkg then.store.gpkg --as-of 2024-02-01
  qike export city.gpkg quarter.gml --bbox 121.92,30.89,121.94,30.91 --lod 2")]
pub struct Args {
    /// The store.
    #[arg(value_name = "CITY.gpkg")]
    store: PathBuf,
    /// The file to write.
    #[arg(value_name = "OUT")]
    out: PathBuf,
    /// Only objects of this class, and what is part of them. May be given several times.
    #[arg(long, short)]
    class: Vec<String>,
    /// Only objects whose box meets this one (degrees; metres in a store without a place), and what is part of them.
    #[arg(long, value_name = "W,S,E,N", allow_hyphen_values = true)]
    bbox: Option<String>,
    /// Only geometry of this level of detail: 2 takes 2.0 to 2.9 too. May be given several times.
    #[arg(long, value_name = "LOD")]
    lod: Vec<String>,
    /// The store as it was on that day, or at that moment in UTC (2024-05-01T08:30:00Z).
    #[arg(long, value_name = "DATE")]
    as_of: Option<String>,
    /// Traffic keeps to the left: of networks of lanes (.net.xml).
    #[arg(long)]
    left_hand: bool,
}

#[derive(Serialize)]
struct Report {
    out: String,
    #[serde(flatten)]
    written: Written,
    bytes: u64,
}

/// Runs the command.
pub fn run(args: &Args, output: &Output) -> Result<Done, Failure> {
    let format = Format::of(&args.out)
        .ok_or_else(|| Failure::usage(format!("{}: no format has that ending", args.out.display())).help(format!("endings are {}", Format::endings())))?;
    let classes = args.class.iter().map(|name| super::find::class(name)).collect::<Result<Vec<Class>, _>>()?;
    let lods = args.lod.iter().map(|text| text.parse().map_err(|e| Failure::usage(format!("--lod: {e}")))).collect::<Result<Vec<Lod>, _>>()?;
    let store = crate::past::open(&args.store, args.as_of.as_deref(), output)?;
    if same_file(&args.store, &args.out) {
        return Err(Failure::usage(format!("{}: that is the store itself", args.out.display())));
    }
    let bbox = args.bbox.as_deref().map(|text| super::find::window(store.crs(), text)).transpose()?;
    let choice = Choice { classes, bbox, lods, left_hand: args.left_hand };
    let written = export::write(&store, format, &choice, &args.out, &output.feedback)?;
    let bytes = written.bytes.unwrap_or_else(|| std::fs::metadata(&args.out).map(|m| m.len()).unwrap_or(0));
    let report = Report { out: args.out.display().to_string(), written, bytes };
    output.result(&report, || summary(&report))?;
    Ok(Done::Wholly)
}

fn summary(report: &Report) -> String {
    let mut text = format!("{}: {} objects, {} bytes", report.out, report.written.objects, report.bytes);
    if let Some(tiles) = report.written.tiles {
        text.push_str(&format!(" in {tiles} tiles"));
    }
    if let Some(n) = &report.written.network {
        text = format!("{}: {} links, {} lanes, {} connections, {} junctions, {} signals; {} bytes", report.out, n.links, n.lanes, n.connections, n.junctions, n.signals, report.bytes);
    }
    for layer in &report.written.layers {
        text.push_str(&format!("\n  {}  {} {}", layer.name, layer.features, layer.geometry.unwrap_or("without geometry")));
    }
    text
}

fn same_file(a: &Path, b: &Path) -> bool {
    a.canonicalize().ok().is_some_and(|a| b.canonicalize().is_ok_and(|b| a == b))
}
