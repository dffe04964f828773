//! Matrices of origins and destinations, told apart by their content: PTV's texts (`$V…` a full matrix, `$O…` a list; what Visum
//! writes and SUMO's od2trips reads), XML of SUMO (`tazRelation` in intervals) and of Amitran (`odPair` in time slices), and tables
//! (zone from, zone to, hour or begin and end, count, kind of vehicle). And profiles: 24 shares of a day.
//!
//! Zones are known by name before ([`qike_scene::traffic::Zone`]), so that one that is not there is told with the line that names it.

mod ptv;
mod profile;
mod relations;
mod table;

pub use profile::read_profile;

use crate::formats::osm::compressed;
use crate::formats::sumo::log::Log;
use crate::formats::sumo::shown;
use crate::{ImportError, Source};
use qike_core::fast_map::FastMap;
use qike_core::{Diagnostic, Feedback};
use qike_scene::traffic::{OdCell, OdMatrix, Zone};
use std::path::Path;

/// An hour, ms.
const HOUR_MS: i64 = 3_600_000;
/// A day, ms: the interval of cells that state none.
const DAY_MS: i64 = 24 * HOUR_MS;
/// Longest interval, ms: no matrix is of more than a year.
const LONGEST_MS: i64 = 366 * DAY_MS;
/// Most of a cell: more is no count of vehicles.
const MOST: f64 = 1e9;

/// Reads a matrix whose zones are among those, adds it to `matrix`, and says what was wrong in it.
///
/// # Errors
/// Where the file cannot be read, or is nothing of this kind.
pub fn read(path: &Path, zones: &[Zone], matrix: &mut OdMatrix, feedback: &Feedback) -> Result<Vec<Diagnostic>, ImportError> {
    let name = path.display().to_string();
    let plain = compressed::plain_head(&crate::observed::head(path, &name)?);
    let text = crate::text::xml_head(&plain);
    let mut cells = Cells::new(&name, zones, matrix);
    let task = feedback.task(format!("read {name}"), 0);
    match text.iter().find(|b| !b.is_ascii_whitespace()) {
        Some(b'$') => ptv::read(compressed::open(&Source::new(path))?, &mut cells, feedback)?,
        Some(b'<') => relations::read(path, &mut cells, feedback)?,
        _ => table::read(compressed::open(&Source::new(path))?, &mut cells, feedback)?,
    }
    drop(task);
    Ok(cells.finish())
}

/// Cells as they come, and what was wrong.
struct Cells<'m> {
    name: String,
    zones: FastMap<&'m str, u32>,
    usable: Vec<(bool, bool)>,
    matrix: &'m mut OdMatrix,
    log: Log,
    lost: f64,
}

impl<'m> Cells<'m> {
    fn new(name: &str, zones: &'m [Zone], matrix: &'m mut OdMatrix) -> Self {
        let usable = |edges: &[(u32, f64)]| edges.iter().any(|(_, weight)| *weight > 0.0);
        Self {
            name: name.to_owned(),
            zones: (0..).zip(zones).map(|(n, z)| (z.id.as_str(), n)).collect(),
            usable: zones.iter().map(|z| (usable(&z.sources), usable(&z.sinks))).collect(),
            matrix,
            log: Log::of(name),
            lost: 0.0,
        }
    }

    /// A file that is none, or cannot be read on.
    fn corrupt(&self, line: u64, reason: impl Into<String>) -> ImportError {
        ImportError::corrupt(&self.name, format!("line {}", line.max(1)), reason)
    }

    /// A cell; without an interval it is of the whole day.
    fn add(&mut self, line: u64, from: &str, to: &str, span: Option<(i64, i64)>, count: f64, kind: Option<u32>) {
        let (begin_ms, end_ms) = span.unwrap_or((0, DAY_MS));
        if !count.is_finite() || !(0.0..=MOST).contains(&count) {
            self.log.error("bad-count", line, || format!("from zone '{}' to '{}' go '{count}', which is no number of vehicles; it is left out", shown(from), shown(to)));
            return;
        }
        if count == 0.0 {
            return;
        }
        if end_ms - begin_ms > LONGEST_MS || end_ms > 10 * LONGEST_MS {
            self.log.error("bad-time", line, || format!("an interval from {} s to {} s is longer or later than any matrix is for; it is left out", begin_ms / 1000, end_ms / 1000));
            return;
        }
        let mut ends = [0; 2];
        for (place, zone) in ends.iter_mut().zip([from, to]) {
            match self.zones.get(zone) {
                Some(known) => *place = *known,
                None => {
                    self.log.add(qike_core::Severity::Error, "unknown-zone", zone, line, || format!("zone '{}' is none of the {} that are known; its trips are left out", shown(zone), self.zones.len()));
                    self.lost += count;
                    return;
                }
            }
        }
        let [from, to] = ends;
        let usable = |zone: u32| self.usable.get(zone as usize).copied().unwrap_or_default();
        for (zone, good, ends) in [(from, usable(from).0, "begin"), (to, usable(to).1, "end")] {
            if !good {
                let id = self.zones.iter().find(|(_, n)| **n == zone).map_or("", |(id, _)| id);
                self.log.add(qike_core::Severity::Error, "zone-without-edges", id, line, || format!("zone '{}' has no edge on which trips could {ends}; they are left out", shown(id)));
                self.lost += count;
                return;
            }
        }
        self.matrix.cells.push(OdCell { from, to, begin_ms, end_ms, count, kind });
    }

    fn finish(mut self) -> Vec<Diagnostic> {
        for (code, help) in [
            ("unknown-zone", "name the file of zones with --taz; ids of zones are compared letter by letter"),
            ("zone-without-edges", "give the zone edges, or tazSource and tazSink with a weight above 0 (SUMO's edgesInDistricts.py finds them by its shape)"),
            ("bad-count", "counts are numbers of 0 or more, written like 12.5"),
            ("bad-time", "an interval begins before it ends; hours are 0 to 23, other times seconds or h:m:s"),
            ("file-cut-off", "what came before was read; get the whole file to have the rest"),
        ] {
            self.log.help(code, help);
        }
        let lost = self.lost;
        if lost > 0.0 {
            self.log.add(qike_core::Severity::Error, "trips-lost", "", 0, || format!("{lost} trips are left out with their zones"));
        }
        self.log.finish()
    }
}

#[cfg(test)]
mod tests;
