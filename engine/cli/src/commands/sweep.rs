//! `qike sweep`: a study of many runs.

use crate::Done;
use crate::failure::Failure;
use crate::output::{Output, table};
use qike_run::{SweepOptions, SweepReport};
use std::path::PathBuf;

/// Run a study: scenarios × parameters × seeds.
///
/// Every combination is checked before the first run begins. Writes one run directory each, and a table of all.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  qike sweep demo/study.toml
  qike sweep demo/study.toml --out studies/demand --threads 2 --json
  qike sweep bologna/study.toml  # what-ifs on run.sumocfg with fork_at = '07:05:00': what they have in common is run once")]
pub struct Args {
    /// The study.
    #[arg(value_name = "STUDY.toml")]
    study: PathBuf,
    /// Where the run directories go; without it, NAME-sweep beside the study.
    #[arg(long, short, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Threads of each run; no result depends on it.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1024))]
    threads: Option<u32>,
}

/// Runs the command.
pub fn run(args: &Args, output: &Output) -> Result<Done, Failure> {
    let options = SweepOptions { out: args.out.clone(), threads: args.threads.map(|n| n as usize) };
    let read = |path: &std::path::Path| {
        let scenario = qike_import::read_traffic(path, &output.feedback);
        scenario.map_err(|e| qike_run::RunError::Traffic { scenario: path.display().to_string(), message: e.to_string() })
    };
    let report = qike_run::sweep_with(&args.study, &options, &read, &output.feedback)?;
    output.warnings(&report.warnings);
    output.result(&report, || describe(&report))?;
    Ok(Done::Wholly)
}

fn describe(report: &SweepReport) -> String {
    let mut rows = vec![["run", "parameters", "seed", "mean duration", "mean loss"].map(str::to_owned).to_vec()];
    for row in &report.rows {
        let parameters: Vec<String> = row.parameters.iter().map(|(path, value)| format!("{path} = {value}")).collect();
        let mean = |value: Option<f64>| value.map_or("–".to_owned(), |v| format!("{v:.1} s"));
        rows.push(vec![
            row.scenario.clone(),
            parameters.join(", "),
            row.summary.seed.to_string(),
            mean(row.summary.mean_duration_s),
            mean(row.summary.mean_time_loss_s),
        ]);
    }
    format!("{}\n{}", table(&rows), report.table.display())
}
