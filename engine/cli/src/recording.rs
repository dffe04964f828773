//! What `qike info` says of a run directory.

use crate::Done;
use crate::failure::Failure;
use crate::output::{Output, table};
use qike_record::{Recording, Summary, is_recording};
use serde_json::json;
use std::path::Path;

/// The key figures of a run directory; `None` where it is none.
pub fn info(path: &Path, output: &Output) -> Option<Result<Done, Failure>> {
    is_recording(path).then(|| told(path, output))
}

fn told(path: &Path, output: &Output) -> Result<Done, Failure> {
    let recording = Recording::open(path).map_err(Failure::new)?;
    let (trips, links, events) = (recording.trips().map_err(Failure::new)?, recording.links().map_err(Failure::new)?, recording.events().map_err(Failure::new)?);
    let span = recording.track_span().map(|(from, to)| [from.as_s(), to.as_s()]);
    let document = json!({
        "finished": recording.is_finished(),
        "summary": recording.summary(),
        "rows": { "trips": trips.len(), "links": links.len(), "events": events.len() },
        "tracks_s": span,
    });
    output.result(&document, || {
        let mut rows = vec![vec!["recording".to_owned(), if recording.is_finished() { "finished" } else { "unfinished" }.to_owned()]];
        rows.extend(recording.summary().map(figures).unwrap_or_default());
        rows.extend([
            vec!["trips".to_owned(), trips.len().to_string()],
            vec!["link intervals".to_owned(), links.len().to_string()],
            vec!["events".to_owned(), events.len().to_string()],
            vec!["tracks".to_owned(), span.map_or("none".to_owned(), |[from, to]| format!("{from:.0} s to {to:.0} s"))],
        ]);
        table(&rows)
    })?;
    Ok(Done::Wholly)
}

fn figures(s: &Summary) -> Vec<Vec<String>> {
    let mean = |value: Option<f64>, unit: &str| value.map_or("–".to_owned(), |v| format!("{v:.2} {unit}"));
    let rows = [
        ("scenario", s.run.scenario.clone()),
        ("model", s.model.clone()),
        ("time", format!("{:.0} s from {:.0} s", s.sim_seconds, s.run.start_s)),
        ("vehicles arrived", format!("{} of {}", s.vehicles.arrived, s.vehicles.loaded)),
        ("on their way", s.vehicles.running.to_string()),
        ("mean duration", mean(s.mean_duration_s, "s")),
        ("mean time loss", mean(s.mean_time_loss_s, "s")),
        ("mean speed", mean(s.mean_speed_mps, "m/s")),
        ("state hash", s.state_hash.clone()),
    ];
    rows.into_iter().map(|(name, value)| vec![name.to_owned(), value]).collect()
}
