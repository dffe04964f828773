//! `qike sample`: writes the source files and scenarios of a sample city.

use crate::Done;
use crate::failure::Failure;
use crate::output::{Output, table};
use qike_sample::{Options, SampleError, SampleName};
use std::path::PathBuf;

/// Write the source files of a sample city.
///
/// The files are ordinary OSM, CityJSON, IFC, GeoJSON, GTFS and CSV files with scenarios beside them. The same name, seed
/// and size give the same bytes.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  qike sample lingang demo
  qike sample metropolis big --buildings 100000 --seed 7
  qike sample metropolis blocks --buildings 1000000 --lod2-percent 20")]
pub struct Args {
    /// lingang (the demo: a city around a lake) or metropolis (of any size, for tests of scale).
    name: String,
    /// The folder to write to; made where it is not there.
    dir: PathBuf,
    /// How many buildings.
    #[arg(long, value_name = "N")]
    buildings: Option<u32>,
    /// Another seed gives another city on the same plan.
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Of metropolis: how many buildings in a hundred have a LOD2 with roofs; the others are LOD1 blocks.
    #[arg(long, value_name = "PERCENT", default_value_t = 100, value_parser = clap::value_parser!(u32).range(0..=100))]
    lod2_percent: u32,
}

/// Runs the command.
pub fn run(args: &Args, output: &Output) -> Result<Done, Failure> {
    let name: SampleName = args.name.parse().map_err(Failure::usage)?;
    let options = Options { buildings: args.buildings, seed: args.seed.unwrap_or(Options::default().seed), lod2_percent: args.lod2_percent };
    let report = qike_sample::write(name, &args.dir, &options, &output.feedback).map_err(|error| match error {
        SampleError::UnknownName { .. } | SampleError::TooMany { .. } | SampleError::NoBuildings => Failure::usage(error),
        other => Failure::new(other),
    })?;
    output.result(&report, || {
        let mut rows = vec![vec!["file".to_owned(), "bytes".to_owned()]];
        rows.extend(report.files.iter().map(|(file, bytes)| vec![file.clone(), bytes.to_string()]));
        let counts: Vec<String> = report.counts.iter().map(|(what, n)| format!("{n} {what}")).collect();
        format!("{}\n{}", table(&rows), counts.join(", "))
    })?;
    Ok(Done::Wholly)
}
