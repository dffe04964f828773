//! `qike demand`: who travels where and when.

use crate::Done;
use crate::demand::{counts, od, people};
use crate::failure::Failure;
use crate::output::Output;
use std::path::PathBuf;

/// Make trips: of matrices of origins and destinations, so that counts are met, or of the people of a scene.
///
/// Matrices may be PTV's texts ($V, $O), XML of SUMO (tazRelation) or Amitran, or tables (from, to, hour or begin and end, count,
/// kind). Each interval of each pair of zones gets as many trips as the matrix says; what is left of fractions goes into the pair's
/// next interval. Departures are drawn within the interval, edges by the weights of the zones (TAZ). What is written runs in Qike and
/// in SUMO. A zone that there is not, or a number that cannot be, is told with file and line, and left out; the exit code is then 3.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  qike demand city.net.xml --od matrix.fma --taz zones.taz.xml -o trips.rou.xml --config am.sumocfg && qike run am.sumocfg
  qike demand city.net.xml --od day.csv --taz zones.taz.xml --profile workday --begin 6:00:00 --end 10:00:00 -o am.rou.xml
  qike demand city.net.xml --od cars.xml lorries.xml --taz zones.taz.xml --scale 1.2 --seed 7 --even -o more.csv
  qike demand city.net.xml --od matrix.fma --taz zones.taz.xml --flows -o flows.rou.xml --json | jq .trips
  qike demand city.net.xml --counts counts.csv --routes seen.rou.xml -o fitted.rou.xml --report fit.csv
  qike demand city.net.xml --counts edgedata.xml --od m.fma --taz zones.taz.xml --ways 5 --weights edgedata.xml -o fitted.rou.xml
  qike demand city.gpkg --persons 50000 -o plans.xml --zone-table zones.csv
  qike demand city.gpkg --from-buildings --begin 7:00 --end 9:00 -o am.rou.xml && qike export city.gpkg city.net.xml
  qike demand --show-assumptions > mine.toml; qike demand city.gpkg --from-buildings --assumptions mine.toml -o cars.csv")]
pub struct Args {
    /// The network, or a configuration of SUMO, whose network, zones and types of vehicles are taken; of people, a store.
    #[arg(value_name = "X.net.xml|X.sumocfg|CITY.gpkg", required_unless_present = "show_assumptions")]
    pub network: Option<PathBuf>,
    /// The file to write: trips as XML, or a table where its name ends with .csv; of people, plans where it ends otherwise with .xml.
    #[arg(long, short, value_name = "TRIPS.rou.xml|TRIPS.csv|PLANS.xml", required_unless_present = "show_assumptions")]
    pub out: Option<PathBuf>,
    /// Seed of all that is drawn.
    #[arg(long, value_name = "N", default_value_t = 42)]
    pub seed: u64,
    /// Write a configuration, too, that runs the trips.
    #[arg(long, value_name = "X.sumocfg")]
    pub config: Option<PathBuf>,
    /// Only trips that depart from then on: seconds, h:m or h:m:s.
    #[arg(long, value_name = "TIME")]
    pub begin: Option<String>,
    /// Only trips that depart before.
    #[arg(long, value_name = "TIME")]
    pub end: Option<String>,
    /// Of matrices.
    #[command(flatten)]
    pub od: od::Args,
    /// Of counts.
    #[command(flatten)]
    pub counts: counts::Args,
    /// Of people.
    #[command(flatten)]
    pub people: people::Args,
}

/// Runs the command.
pub fn run(args: &Args, output: &Output) -> Result<Done, Failure> {
    if args.people.show_assumptions {
        output.print(qike_demand::population::GIVEN)?;
        return Ok(Done::Wholly);
    }
    let (Some(network), Some(out)) = (&args.network, &args.out) else { return Err(Failure::usage("name a network or a store, and with -o what to write")) };
    if args.people.wanted() {
        people::run(args, network, out, output)
    } else if args.counts.counts.is_empty() {
        od::run(args, network, out, output)
    } else {
        counts::run(args, network, out, output)
    }
}
