//! Tables of what was measured on the street: positions of vehicles (fixes), and counts.
//!
//! Columns are found by their names, in the ways that people write them, or are named by the user.

mod counts;
mod gps;
mod names;

pub use counts::read_counts;
pub use gps::Gps;
pub use names::ColumnNames;
pub(crate) use names::{is_counts, is_fixes};

use super::sumo::log::Log;
use super::sumo::values;
use super::table::series::iso_ms;

const DAY_MS: i64 = 86_400_000;

/// A time as ms: since midnight, or with `true` since 1970.
fn moment(text: &str) -> Option<(i64, bool)> {
    let text = text.trim();
    if let Some(ms) = iso_ms(text) {
        return Some((ms, true));
    }
    if text.contains(':') {
        return values::time(text).map(|ms| (ms, false));
    }
    let number = values::number(text)?;
    // Seconds of a few years at most are of the day; more are since 1970, and very many are milliseconds.
    if number.abs() < 1e8 {
        values::milliseconds(number).map(|ms| (ms, false))
    } else if number.abs() < 1e11 {
        Some(((number * 1000.0).round() as i64, true))
    } else {
        (number.abs() < 1e13).then_some((number.round() as i64, true))
    }
}

/// Times of a file: those since 1970 are counted from the midnight before the first of them.
#[derive(Default)]
struct Clock {
    midnight_ms: Option<i64>,
}

impl Clock {
    fn ms(&mut self, text: &str) -> Option<i64> {
        let (ms, absolute) = moment(text)?;
        Some(if absolute { ms - *self.midnight_ms.get_or_insert(ms.div_euclid(DAY_MS) * DAY_MS) } else { ms })
    }

    /// Says what time 0 is.
    fn tell(&self, log: &mut Log) {
        if let Some(ms) = self.midnight_ms {
            log.add(qike_core::Severity::Info, "time-zero", "", 0, || format!("time 0 is the beginning of {}", qike_core::calendar::date_text(ms.div_euclid(DAY_MS))));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_many_kinds() {
        assert_eq!((moment("3600.5"), moment("01:00:01"), moment("1714550400"), moment("1714550400500")), (Some((3_600_500, false)), Some((3_601_000, false)), Some((1_714_550_400_000, true)), Some((1_714_550_400_500, true))));
        let mut clock = Clock::default();
        assert_eq!((clock.ms("2024-05-01 08:00:00"), clock.ms("2024-05-02T00:00:01Z"), clock.ms("x")), (Some(28_800_000), Some(86_401_000), None));
    }
}
