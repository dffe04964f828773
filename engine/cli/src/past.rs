//! Moments on the command line: stores as they were, and as of when a change holds.

use crate::failure::Failure;
use crate::output::Output;
use qike_store::{Moment, SceneStore, When};
use std::path::Path;

/// Opens a store, as it was at a moment where one is named.
pub fn open(path: &Path, as_of: Option<&str>, output: &Output) -> Result<SceneStore, Failure> {
    let store = SceneStore::open(path)?;
    let Some(text) = as_of else { return Ok(store) };
    let moment = Moment::last_of(text).ok_or_else(|| not_a_moment("--as-of", text))?;
    if let Some(first) = store.transactions()?.iter().map(|t| &t.holds).min().filter(|first| **first > moment) {
        let message = format!("{}: its history begins at {first}; of what was before it knows only objects that say since when they exist", path.display());
        output.warnings(&[message]);
    }
    Ok(store.as_of(&moment, &output.feedback)?)
}

/// The moment of a change: now, holding as of `date` where that is said. SOURCE_DATE_EPOCH stands for the clock, so that a
/// build that makes a store makes the same one each time (reproducible-builds.org).
pub fn when(date: Option<&str>) -> Result<When, Failure> {
    let now = match std::env::var("SOURCE_DATE_EPOCH") {
        Ok(text) => {
            // Beyond the year 9999 a date has no text.
            let seconds = text.trim().parse().ok().filter(|s| *s < 253_402_300_800);
            Moment::from_unix(seconds.ok_or_else(|| Failure::usage(format!("SOURCE_DATE_EPOCH: '{text}' is no number of seconds since 1970")))?)
        }
        Err(_) => Moment::now(),
    };
    let holds = date.map(|text| Moment::first_of(text).ok_or_else(|| not_a_moment("--date", text))).transpose()?;
    Ok(When { holds: holds.unwrap_or_else(|| now.clone()), recorded: now })
}

fn not_a_moment(option: &str, text: &str) -> Failure {
    Failure::usage(format!("{option}: '{text}' is no date")).help("write a day, 2024-05-01, or a moment in UTC, 2024-05-01T08:30:00Z")
}
