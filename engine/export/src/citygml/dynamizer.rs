//! Series as dynamizers of CityGML 3.0: the values stand in the document, times by the clock of the place.

use super::xml::{Xml, is_clean};
use qike_core::calendar;
use qike_scene::Series;

const DAY_MS: i64 = 86_400_000;

/// Writes a series as a property of its object. Series without values are left out: the schema wants one at least.
pub fn write(xml: &mut Xml, series: &Series) {
    let clean = is_clean(&series.quantity) && is_clean(&series.unit);
    let (Some(first), Some(last), Some(day), true) = (series.times.first(), series.times.last(), day_number(&series.date), clean) else { return };
    let stamp = |ms: i64| timestamp(day, ms);
    xml.open("core:dynamizer", &[]);
    xml.open("dyn:Dynamizer", &[]);
    xml.leaf("dyn:attributeRef", &[], &series.quantity);
    xml.leaf("dyn:startTime", &[], &stamp(first.ms()));
    xml.leaf("dyn:endTime", &[], &stamp(last.ms()));
    xml.open("dyn:dynamicData", &[]);
    xml.open("dyn:GenericTimeseries", &[]);
    xml.leaf("dyn:firstTimestamp", &[], &stamp(first.ms()));
    xml.leaf("dyn:lastTimestamp", &[], &stamp(last.ms()));
    xml.leaf("dyn:observationProperty", &[], &series.quantity);
    if !series.unit.is_empty() {
        xml.leaf("dyn:uom", &[], &series.unit);
    }
    xml.leaf("dyn:valueType", &[], "double");
    for (time, value) in series.times.iter().zip(&series.values) {
        let value = if value.is_nan() { "NaN".to_owned() } else { value.to_string() };
        let pair = format!(
            "<dyn:TimeValuePair><dyn:timestamp>{}</dyn:timestamp><dyn:doubleValue>{value}</dyn:doubleValue></dyn:TimeValuePair>",
            stamp(time.ms())
        );
        xml.wrap("dyn:timeValuePair", &[], &pair);
    }
    xml.close("dyn:GenericTimeseries");
    xml.close("dyn:dynamicData");
    xml.close("dyn:Dynamizer");
    xml.close("core:dynamizer");
}

/// A time that counts from the midnight a day begins with.
fn timestamp(day: i64, ms: i64) -> String {
    let (days, rest) = (ms.div_euclid(DAY_MS), ms.rem_euclid(DAY_MS));
    let (hours, minutes, seconds, millis) = (rest / 3_600_000, rest / 60_000 % 60, rest / 1000 % 60, rest % 1000);
    let clock = format!("{hours:02}:{minutes:02}:{seconds:02}");
    let date = calendar::date_text(day.saturating_add(days));
    if millis == 0 { format!("{date}T{clock}") } else { format!("{date}T{clock}.{millis:03}") }
}

/// Days since 1970 of `YYYY-MM-DD`.
fn day_number(text: &str) -> Option<i64> {
    let mut parts = text.splitn(3, '-').map(str::parse::<i64>);
    let (year, month, day) = (parts.next()?.ok()?, parts.next()?.ok()?, parts.next()?.ok()?);
    if !(0..=9999).contains(&year) || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    Some(calendar::day_number(year, month, day))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_run_over_midnight_and_leap_days() {
        let day = day_number("2020-02-28").unwrap();
        assert_eq!(timestamp(day, 0), "2020-02-28T00:00:00");
        assert_eq!(timestamp(day, DAY_MS + 3_661_500), "2020-02-29T01:01:01.500");
        assert_eq!(timestamp(day, 2 * DAY_MS), "2020-03-01T00:00:00");
        assert_eq!(timestamp(day, -1000), "2020-02-27T23:59:59");
        assert_eq!((day_number("x"), day_number("2020-13-01"), day_number("1970-01-01")), (None, None, Some(0)));
    }
}
