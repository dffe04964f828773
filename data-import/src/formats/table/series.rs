//! Time series of a table: groups records by object, sorts them by time.

use super::mapping::SeriesSpec;
use super::records::Record;
use super::template::field;
use qike_core::SimTime;
use qike_core::calendar::{date_text, day_number, days_in_month};
use qike_scene::{Series, Value};
use std::collections::BTreeMap;

const DAY_MS: i64 = 86_400_000;

/// What became of a series' records.
#[derive(Default)]
pub struct Gathered {
    /// One series an object, by the object's id.
    pub series: Vec<Series>,
    /// Records left out, and the first reason.
    pub left_out: u64,
    /// Why the first of them was left out, with its number.
    pub first_reason: Option<(usize, String)>,
    /// Records whose time came before for the same object (the first counts).
    pub repeated: u64,
}

/// Makes the series of one `[[series]]` table. `Err` where the table itself is wrong.
pub fn gather(spec: &SeriesSpec, records: &[Record]) -> Result<Gathered, String> {
    let offset_ms = spec.utc_offset.as_deref().map(parse_offset).transpose()?.unwrap_or(0);
    let mut out = Gathered::default();
    let mut by_object: BTreeMap<String, Vec<(i64, f64)>> = BTreeMap::new();
    for record in records {
        match entry(spec, record, offset_ms) {
            Ok((object, ms, value)) => by_object.entry(object).or_default().push((ms, value)),
            Err(reason) => {
                out.left_out += 1;
                out.first_reason.get_or_insert((record.number, reason));
            }
        }
    }
    for (object, mut entries) in by_object {
        entries.sort_by_key(|e| e.0);
        let before = entries.len();
        entries.dedup_by_key(|e| e.0);
        out.repeated += (before - entries.len()) as u64;
        let first_day = entries.first().map_or(0, |e| e.0.div_euclid(DAY_MS));
        out.series.push(Series {
            object: object.into(),
            quantity: spec.quantity.clone(),
            unit: spec.unit.clone(),
            date: date_text(first_day),
            times: entries.iter().map(|e| SimTime::from_ms(e.0 - first_day * DAY_MS)).collect(),
            values: entries.iter().map(|e| e.1).collect(),
        });
    }
    Ok(out)
}

fn entry(spec: &SeriesSpec, record: &Record, offset_ms: i64) -> Result<(String, i64, f64), String> {
    let object = spec.object.fill(&record.fields, record.number).map_err(|name| format!("the field '{name}' is missing"))?;
    let time = field(&record.fields, &spec.time).ok_or_else(|| format!("the field '{}' is missing", spec.time))?;
    let ms = local_ms(time, offset_ms).ok_or_else(|| format!("'{}' is {time}, not a time", spec.time))?;
    let value = match field(&record.fields, &spec.value) {
        // A gap in the counts is a fact worth keeping.
        None | Some(Value::Null) => f64::NAN,
        Some(Value::Number(n)) => n.as_f64().unwrap_or(f64::NAN),
        Some(Value::String(text)) if text.trim().is_empty() => f64::NAN,
        Some(Value::String(text)) => {
            text.trim().parse().map_err(|_| format!("'{}' is '{text}', not a number", spec.value))?
        }
        Some(other) => return Err(format!("'{}' is {other}, not a number", spec.value)),
    };
    Ok((object, ms, value))
}

/// `+08:00`, `-5`, `Z` in milliseconds.
fn parse_offset(text: &str) -> Result<i64, String> {
    let bad = || format!("utc_offset = '{text}' is not of the form +08:00");
    if text == "Z" {
        return Ok(0);
    }
    let (sign, rest) = match text.split_at_checked(1) {
        Some(("+", rest)) => (1, rest),
        Some(("-", rest)) => (-1, rest),
        _ => return Err(bad()),
    };
    let (h, m) = rest.split_once(':').unwrap_or((rest, "0"));
    let (h, m): (i64, i64) = (h.parse().map_err(|_| bad())?, m.parse().map_err(|_| bad())?);
    if (0..=14).contains(&h) && (0..60).contains(&m) { Ok(sign * (h * 60 + m) * 60_000) } else { Err(bad()) }
}

/// A time as milliseconds of the local clock since 1970. Texts are local already; their zone, if any, is left aside.
fn local_ms(value: &Value, offset_ms: i64) -> Option<i64> {
    match value {
        Value::Number(n) => n.as_f64().filter(|ms| ms.abs() < 1e15).map(|ms| ms as i64 + offset_ms),
        Value::String(text) => {
            let text = text.trim();
            if text.len() >= 11 && text.bytes().all(|b| b.is_ascii_digit()) {
                return text.parse::<i64>().ok().filter(|ms| *ms < 1_000_000_000_000_000).map(|ms| ms + offset_ms);
            }
            iso_ms(text)
        }
        _ => None,
    }
}

/// `2019-07-11`, `2019-07-11 08:30`, `2019-07-11T08:30:00.5+08:00`, also with slashes.
pub fn iso_ms(text: &str) -> Option<i64> {
    let text = text.replace('/', "-");
    let (date, time) = text.split_once(['T', ' ']).unwrap_or((&text, "00:00"));
    let mut parts = date.splitn(3, '-').map(|p| p.parse::<i64>().ok());
    let (year, month, day) = (parts.next()??, parts.next()??, parts.next()??);
    if !(1900..2200).contains(&year) || !(1..=12).contains(&month) || day < 1 || day > days_in_month(year, month) {
        return None;
    }
    let clock = time.split(['Z', '+', '-']).next().unwrap_or_default();
    let clock: SimTime = clock.parse().ok().filter(|_| clock.contains(':'))?;
    (0..=DAY_MS).contains(&clock.ms()).then(|| day_number(year, month, day) * DAY_MS + clock.ms())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn times_as_people_write_them() {
        let day = 18_067 * DAY_MS;
        for (text, ms) in [
            ("2019-06-20", 0),
            ("2019-06-20 08:30", 30_600_000),
            ("2019/6/20 08:30:01", 30_601_000),
            ("2019-06-20T08:30:00.500+08:00", 30_600_500),
            ("2019-06-20T08:30:00Z", 30_600_000),
        ] {
            assert_eq!(iso_ms(text), Some(day + ms), "{text}");
        }
        for bad in ["", "now", "2019-13-01", "2019-02-29", "2019-06-20 25:00", "08:30", "20190620"] {
            assert_eq!(iso_ms(bad), None, "{bad}");
        }
        assert_eq!(local_ms(&json!(1_561_000_139_000_i64), 8 * 3_600_000), Some(day + 40_139_000));
        assert_eq!((parse_offset("+08:00"), parse_offset("-5")), (Ok(28_800_000), Ok(-18_000_000)));
        assert!(parse_offset("8").is_err() && parse_offset("+20:00").is_err());
    }
}
