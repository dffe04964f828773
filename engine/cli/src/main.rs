//! The `qike` command: one file a subcommand under [`commands`], each a thin layer over the library that does the work.
//!
//! Results go to stdout, everything else to stderr. With `--json`, stdout holds exactly one JSON document, also when the command
//! fails. Exit codes: 0 done, 1 failed and nothing changed, 2 wrong usage, 3 done but some input was left out.

mod changes;
mod commands;
mod demand;
mod dynamic;
mod export;
mod failure;
mod faults;
mod grounding;
mod input;
mod output;
mod past;
mod progress;
mod routes;
mod recording;
mod traffic;

use clap::{Parser, Subcommand};
use commands::*;
use failure::Failure;
use output::Output;
use std::process::ExitCode;

/// Imports make and drop millions of small things, on several threads: a third of their time is in the system's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Digital-twin city engine: city models from GIS and BIM, simulation of traffic and people, comparison of what-ifs.
#[derive(Parser)]
#[command(name = "qike", version, about, max_term_width = 110, after_help = "\
A city in four commands:
  qike sample lingang demo
  qike import demo/sources/* --store demo/city.gpkg
  qike run demo/holiday.toml
  qike view demo/city.gpkg

Exit codes: 0 done, 1 failed and nothing changed, 2 wrong usage, 3 done but some input was left out.")]
struct Cli {
    /// Print one JSON document on stdout instead of text.
    #[arg(long, global = true)]
    json: bool,
    /// Say nothing on stderr but errors: no progress, no remarks.
    #[arg(long, short, global = true)]
    quiet: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Bring source files into a store.
    Import(import::Args),
    /// Count what a store, a source file or a recording holds.
    Info(info::Args),
    /// Find objects of a store by class, id, place or attribute.
    Find(find::Args),
    /// What the pipes and cables are, and what lies upstream or downstream of one.
    Network(network::Args),
    /// Check a store or a source file for faults.
    Validate(validate::Args),
    /// Compare two models.
    Diff(diff::Args),
    /// List what changed in a store, and when.
    History(history::Args),
    /// Remove sources and all that came from them.
    Remove(remove::Args),
    /// Write a store as a file of another format.
    Export(export_cmd::Args),
    /// Run a scenario, of Qike or of SUMO.
    Run(run::Args),
    /// Find routes for trips on a network of SUMO.
    Routes(commands::routes::Args),
    /// Make trips: of matrices of origins and destinations, so that counts are met, or of the people of a scene.
    Demand(commands::demand::Args),
    /// Assign trips to a network: user equilibrium.
    Assign(assign::Args),
    /// Make a recording of what was seen of traffic.
    Replay(replay::Args),
    /// Compare runs with a base.
    Compare(compare::Args),
    /// Run a study: scenarios, parameters, seeds.
    Sweep(sweep::Args),
    /// Open a store or a run in the viewer, or draw a picture of it.
    View(view::Args),
    /// Write the source files of a sample city.
    Sample(sample::Args),
}

/// How a command that did not fail ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Done {
    /// All is done.
    Wholly,
    /// Some input was left out.
    Skipping,
    /// The question was answered, and the answer is no (`validate`, `diff`).
    No,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let output = Output::new(cli.json, cli.quiet);
    let done = match &cli.command {
        Command::Import(args) => import::run(args, &output),
        Command::Info(args) => info::run(args, &output),
        Command::Find(args) => find::run(args, &output),
        Command::Network(args) => network::run(args, &output),
        Command::Validate(args) => validate::run(args, &output),
        Command::Diff(args) => diff::run(args, &output),
        Command::History(args) => history::run(args, &output),
        Command::Remove(args) => remove::run(args, &output),
        Command::Export(args) => export_cmd::run(args, &output),
        Command::Run(args) => run::run(args, &output),
        Command::Routes(args) => commands::routes::run(args, &output),
        Command::Demand(args) => commands::demand::run(args, &output),
        Command::Assign(args) => assign::run(args, &output),
        Command::Replay(args) => replay::run(args, &output),
        Command::Compare(args) => compare::run(args, &output),
        Command::Sweep(args) => sweep::run(args, &output),
        Command::View(args) => view::run(args),
        Command::Sample(args) => sample::run(args, &output),
    };
    match done {
        Ok(Done::Wholly) => ExitCode::SUCCESS,
        Ok(Done::Skipping) => ExitCode::from(3),
        Ok(Done::No) => ExitCode::from(1),
        Err(failure) => report(failure, &output),
    }
}

fn report(failure: Failure, output: &Output) -> ExitCode {
    let code = failure.exit_code;
    output.failure(&failure);
    eprintln!("{:?}", miette::Report::new(failure));
    ExitCode::from(code)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
