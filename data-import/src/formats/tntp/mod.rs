//! TNTP, the text format of the published test networks of static assignment (TransportationNetworks): `NAME_net.tntp` holds links
//! with their cost functions, `NAME_trips.tntp` trips between zones.
//!
//! Both begin with `<KEY> value` lines up to `<END OF METADATA>`; `~` begins a comment. Numbers of nodes count from 1.

mod network;
mod trips;

use crate::ImportError;
use qike_core::Diagnostic;
use qike_scene::traffic::{LinkNetwork, TripTable};
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

/// Lines longer than that are cut: no file of the format has such.
const MOST_LINE: u64 = 1 << 20;
/// Findings that are told one by one.
const TOLD: usize = 20;

/// What tolls and distances cost, in the unit of free costs; published objectives of some networks are for certain ones.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Factors {
    /// A unit of toll.
    pub toll: f64,
    /// A unit of length.
    pub distance: f64,
}

/// Reads a network, and what was wrong in it.
///
/// # Errors
/// Where the file cannot be read, or is no network of this format.
pub fn read_network(path: &Path, factors: &Factors) -> Result<(LinkNetwork, Vec<Diagnostic>), ImportError> {
    network::read(&mut Lines::open(path)?, factors)
}

/// Reads trips for a network, and what was wrong in them.
///
/// # Errors
/// Where the file cannot be read, or holds no trips of this format.
pub fn read_trips(path: &Path, network: &LinkNetwork) -> Result<(TripTable, Vec<Diagnostic>), ImportError> {
    trips::read(&mut Lines::open(path)?, network)
}

/// Lines of a file without comments, and what was wrong in them.
struct Lines {
    input: BufReader<File>,
    file: String,
    line: u64,
    text: String,
    findings: Vec<Diagnostic>,
    untold: u64,
}

impl Lines {
    fn open(path: &Path) -> Result<Self, ImportError> {
        let file = path.display().to_string();
        let input = File::open(path).map_err(|e| ImportError::io(&file, e))?;
        Ok(Self { input: BufReader::new(input), file, line: 0, text: String::new(), findings: Vec::new(), untold: 0 })
    }

    /// The next line that says something.
    fn next(&mut self) -> Result<Option<&str>, ImportError> {
        loop {
            let mut bytes = Vec::new();
            let read = (&mut self.input).take(MOST_LINE).read_until(b'\n', &mut bytes).map_err(|e| ImportError::io(&self.file, e))?;
            if read == 0 {
                return Ok(None);
            }
            self.line += 1;
            let text = String::from_utf8_lossy(&bytes);
            let text = text.split('~').next().unwrap_or_default().trim();
            if !text.is_empty() {
                text.clone_into(&mut self.text);
                return Ok(Some(&self.text));
            }
        }
    }

    /// Lines `<KEY> value` up to the end of metadata: what `take` says of each.
    fn metadata(&mut self, mut take: impl FnMut(&str, &str)) -> Result<(), ImportError> {
        while let Some(text) = self.next()? {
            let Some((key, value)) = text.strip_prefix('<').and_then(|rest| rest.split_once('>')) else {
                return Err(self.corrupt("metadata in lines like '<NUMBER OF ZONES> 24' end with '<END OF METADATA>'; this line is none"));
            };
            let key = key.trim().to_ascii_uppercase();
            if key == "END OF METADATA" {
                return Ok(());
            }
            take(&key, value.trim());
        }
        Err(self.corrupt("the file ends before '<END OF METADATA>'"))
    }

    fn corrupt(&self, reason: &str) -> ImportError {
        ImportError::corrupt(&self.file, format!("line {}", self.line.max(1)), reason.to_owned())
    }

    /// Something of this line is left out.
    fn fault(&mut self, code: &'static str, message: String) {
        if self.findings.len() >= TOLD {
            self.untold += 1;
        } else {
            self.findings.push(Diagnostic::error(code, message).file(self.file.clone()).line(self.line));
        }
    }

    fn finish(&mut self) -> Vec<Diagnostic> {
        let mut findings = std::mem::take(&mut self.findings);
        if self.untold > 0 {
            findings.push(Diagnostic::error("findings-not-listed", format!("{} more lines are left out", self.untold)).file(self.file.clone()));
        }
        findings
    }
}

/// A finite number.
fn number(text: &str) -> Option<f64> {
    text.parse::<f64>().ok().filter(|n| n.is_finite())
}

/// A count that is not larger than any network's.
fn count(text: &str) -> Option<u32> {
    text.parse::<u32>().ok().filter(|n| *n <= 100_000_000)
}

#[cfg(test)]
mod tests;
