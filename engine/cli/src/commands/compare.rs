//! `qike compare`: what changed from one run to another.

use crate::Done;
use crate::failure::Failure;
use crate::output::Output;
use std::path::PathBuf;

/// Compare runs; the first is the base.
///
/// Mean duration, time loss, delay, throughput and queues with 95 % intervals (bootstrap over seeds, or over the trips that both
/// runs share), and the ten links that changed most.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  qike compare demo/holiday-run demo/holiday-bridge-closed-run
  qike compare base a b --json | jq '.differences[].links[0]'")]
pub struct Args {
    /// Run directories, the base first.
    #[arg(required = true, num_args = 2.., value_name = "RUN")]
    runs: Vec<PathBuf>,
}

/// Runs the command.
pub fn run(args: &Args, output: &Output) -> Result<Done, Failure> {
    let comparison = qike_run::compare(&args.runs)?;
    output.warnings(&comparison.warnings);
    output.result(&comparison, || comparison.to_text())?;
    Ok(Done::Wholly)
}
