//! Trips: `Origin 1`, then `2 : 100.0; 3 : 50.0; …` over any number of lines.

use super::{Lines, count, number};
use crate::ImportError;
use qike_core::Diagnostic;
use qike_scene::traffic::{LinkNetwork, TripTable};

/// A stated sum that differs by more than that share is told.
const NEAR: f64 = 1e-3;

/// Reads them.
pub fn read(lines: &mut Lines, network: &LinkNetwork) -> Result<(TripTable, Vec<Diagnostic>), ImportError> {
    let (mut total, mut zones) = (None, None);
    lines.metadata(|key, value| match key {
        "TOTAL OD FLOW" => total = number(value),
        "NUMBER OF ZONES" => zones = count(value),
        _ => {}
    })?;
    let zone = |text: &str| count(text.trim()).filter(|n| (1..=network.zones).contains(n)).map(|n| n - 1);
    let mut table = TripTable::default();
    // None: what follows belongs to no zone, as was told.
    let (mut origin, mut begun) = (None, false);
    while let Some(text) = lines.next()? {
        let text = text.to_owned();
        let lower = text.to_ascii_lowercase();
        if let Some(rest) = lower.strip_prefix("origin") {
            origin = zone(rest);
            begun = true;
            if origin.is_none() {
                lines.fault("unknown-zone", format!("the origin '{}' is none of the {} zones; its trips are left out", rest.trim(), network.zones));
            }
            continue;
        }
        if !begun {
            return Err(lines.corrupt("trips follow a line like 'Origin 1'; this one does not"));
        }
        let Some(from) = origin else { continue };
        for pair in text.split(';').map(str::trim).filter(|p| !p.is_empty()) {
            let read = pair.split_once(':').map(|(to, trips)| (zone(to), number(trips.trim()).filter(|t| *t >= 0.0)));
            match read {
                Some((Some(to), Some(trips))) if trips > 0.0 => table.trips.push((from, to, trips)),
                Some((Some(_), Some(_))) => {}
                _ => lines.fault("bad-trips", format!("'{}' from zone {} is no zone of the {} with a number of trips of 0 or more; it is left out", shown(pair), from + 1, network.zones)),
            }
        }
    }
    table.trips.sort_by_key(|t| (t.0, t.1));
    table.trips.dedup_by(|later, first| {
        let same = (later.0, later.1) == (first.0, first.1);
        if same {
            first.2 += later.2;
        }
        same
    });
    let mut findings = lines.finish();
    if let Some(zones) = zones.filter(|z| *z != network.zones) {
        findings.push(Diagnostic::warning("other-zones", format!("the trips are for {zones} zones, the network has {}", network.zones)).file(lines.file.clone()));
    }
    if let Some(stated) = total.filter(|stated| (stated - table.total()).abs() > NEAR * stated.abs()) {
        let message = format!("the metadata state {stated} trips, and {} are there", table.total());
        findings.push(Diagnostic::warning("other-total", message).file(lines.file.clone()).line(lines.line).help("the file may be cut off"));
    }
    Ok((table, findings))
}

/// Not more of a text than a line.
fn shown(text: &str) -> String {
    text.chars().take(40).collect()
}
