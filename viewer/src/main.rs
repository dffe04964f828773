//! `qike-viewer`: see `qike_viewer::options`.

use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    let started = std::time::Instant::now();
    // clap itself ends with code 2 on wrong usage.
    let options = qike_viewer::options::Options::parse();
    match qike_viewer::run(&options, started) {
        Ok(()) => ExitCode::SUCCESS,
        Err(report) => {
            eprintln!("{report:?}");
            ExitCode::from(1)
        }
    }
}
