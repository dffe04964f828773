//! Observations as series of values, one a Datastream.

use super::model::{Model, Observation};
use super::object_id;
use crate::ImportError;
use crate::formats::table::series::iso_ms;
use qike_core::calendar::date_text;
use qike_core::{Diagnostic, SimTime};
use qike_scene::{ObjectSink, Series, Value};
use std::collections::{BTreeMap, BTreeSet};

const DAY_MS: i64 = 86_400_000;

/// Cases of one kind: how many, and the first with its place.
#[derive(Default)]
struct Tally(BTreeMap<&'static str, (u64, String)>);

impl Tally {
    fn add(&mut self, code: &'static str, first: impl FnOnce() -> String) {
        self.0.entry(code).or_insert_with(|| (0, first())).0 += 1;
    }
}

/// Gives the series to the sink, then what was wrong with the observations.
pub fn write(model: &Model, observations: BTreeMap<String, Vec<Observation>>, file: &str, sink: &mut dyn ObjectSink) -> Result<(), ImportError> {
    let mut tally = Tally::default();
    let mut used: BTreeSet<(String, String)> = BTreeSet::new();
    for (stream, all) in observations {
        let known = model.datastreams.get(&stream);
        let Some((known, thing)) = known.and_then(|d| Some((d, d.thing.as_ref()?))) else {
            for _ in &all {
                tally.add("observation-homeless", || if stream.is_empty() { "it names no Datastream".into() } else { format!("the Datastream {stream} belongs to no Thing") });
            }
            continue;
        };
        let object = object_id(thing);
        let names = [known.quantity().map(str::to_owned), known.name().map(str::to_owned), Some(format!("{} {stream}", known.quantity().unwrap_or("datastream")))];
        let mut names = names.into_iter().flatten();
        // Two thermometers of one Thing measure the same quantity; their names tell them apart.
        let Some(quantity) = names.find(|n| !used.contains(&(object.clone(), n.clone()))) else { continue };
        used.insert((object.clone(), quantity.clone()));
        let mut values: Vec<(i64, f64)> = Vec::with_capacity(all.len());
        for observation in &all {
            let Some(ms) = time(&observation.time) else {
                tally.add("observation-time-bad", || format!("Datastream {stream}: its time is {}", observation.time));
                continue;
            };
            if observation.time.as_str().is_some_and(|t| t.trim_end().ends_with('Z')) {
                tally.add("times-in-utc", || format!("Datastream {stream}: {}", observation.time));
            }
            match number(&observation.result) {
                Some(value) => values.push((ms, value)),
                None => tally.add("observation-not-number", || format!("Datastream {stream}: its result is {}", observation.result)),
            }
        }
        values.sort_by_key(|v| v.0);
        let before = values.len();
        values.dedup_by_key(|v| v.0);
        for _ in values.len()..before {
            tally.add("series-time-repeated", || format!("Datastream {stream}"));
        }
        let Some(first_day) = values.first().map(|v| v.0.div_euclid(DAY_MS)) else { continue };
        sink.series(Series {
            object: object.into(),
            quantity,
            unit: known.unit().to_owned(),
            date: date_text(first_day),
            times: values.iter().map(|v| SimTime::from_ms(v.0 - first_day * DAY_MS)).collect(),
            values: values.iter().map(|v| v.1).collect(),
        })?;
    }
    for (code, (count, first)) in tally.0 {
        let diagnostic = match code {
            "times-in-utc" => Diagnostic::info(code, format!("{count} observations state their time in UTC, and their series are kept in it; the first: {first}")),
            "series-time-repeated" => Diagnostic::warning(code, format!("{count} observations repeat a time of the same Datastream; one of each counts; the first: {first}")),
            _ => Diagnostic::error(code, format!("{count} observations are left out; the first: {first}")),
        };
        sink.diagnostic(diagnostic.file(file));
    }
    Ok(())
}

/// The clock as it is written, of an interval its beginning, in milliseconds since 1970.
fn time(value: &Value) -> Option<i64> {
    let text = value.as_str()?;
    iso_ms(text.split('/').next()?.trim()).or_else(|| iso_ms(text.trim()))
}

/// A result as a number; a gap is NaN.
fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Null => Some(f64::NAN),
        Value::Number(n) => n.as_f64(),
        Value::Bool(b) => Some(f64::from(u8::from(*b))),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}
