//! Simulation time: integer milliseconds, so that sums are exact and equal on every machine.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::ops::{Add, AddAssign, Sub};
use std::str::FromStr;

/// Milliseconds since midnight of the scenario's first day (may exceed 24 h); also used for spans of time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SimTime(pub i64);

impl SimTime {
    /// Midnight of the first day; as a span, nothing.
    pub const ZERO: SimTime = SimTime(0);
    /// Later than any time of a run.
    pub const MAX: SimTime = SimTime(i64::MAX);

    /// From whole milliseconds.
    pub const fn from_ms(ms: i64) -> Self {
        Self(ms)
    }

    /// From whole seconds.
    pub const fn from_s(seconds: i64) -> Self {
        Self(seconds.saturating_mul(1000))
    }

    /// From seconds, rounded to the nearest millisecond; NaN becomes zero, infinities saturate.
    pub fn from_s_f64(seconds: f64) -> Self {
        Self((seconds * 1000.0).round() as i64)
    }

    /// Milliseconds.
    pub const fn ms(self) -> i64 {
        self.0
    }

    /// Seconds.
    pub fn as_s(self) -> f64 {
        self.0 as f64 / 1000.0
    }
}

impl Add for SimTime {
    type Output = SimTime;
    fn add(self, other: SimTime) -> SimTime {
        SimTime(self.0.saturating_add(other.0))
    }
}

impl AddAssign for SimTime {
    fn add_assign(&mut self, other: SimTime) {
        *self = *self + other;
    }
}

impl Sub for SimTime {
    type Output = SimTime;
    fn sub(self, other: SimTime) -> SimTime {
        SimTime(self.0.saturating_sub(other.0))
    }
}

impl fmt::Display for SimTime {
    /// `HH:MM:SS`, with `.mmm` only where there are milliseconds.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let ms = self.0.unsigned_abs();
        let (h, m, s, rest) = (ms / 3_600_000, ms / 60_000 % 60, ms / 1000 % 60, ms % 1000);
        write!(f, "{sign}{h:02}:{m:02}:{s:02}")?;
        if rest > 0 { write!(f, ".{rest:03}") } else { Ok(()) }
    }
}

/// A text that is no time of day.
#[derive(Debug, thiserror::Error, PartialEq)]
#[error("'{0}' is not a time: write HH:MM, HH:MM:SS or a number of seconds")]
pub struct TimeError(String);

impl FromStr for SimTime {
    type Err = TimeError;

    fn from_str(text: &str) -> Result<Self, TimeError> {
        let bad = || TimeError(text.to_owned());
        let parts: Vec<&str> = text.trim().split(':').collect();
        let number = |part: &str| part.parse::<f64>().ok().filter(|n| n.is_finite() && n.abs() < 1e12);
        let seconds = match parts.as_slice() {
            [s] => number(s).ok_or_else(bad)?,
            [h, m] | [h, m, _] => {
                let (h, m) = (number(h).ok_or_else(bad)?, number(m).ok_or_else(bad)?);
                let s = if parts.len() == 3 { number(parts[2]).ok_or_else(bad)? } else { 0.0 };
                if h < 0.0 || !(0.0..60.0).contains(&m) || !(0.0..60.0).contains(&s) {
                    return Err(bad());
                }
                h * 3600.0 + m * 60.0 + s
            }
            _ => return Err(bad()),
        };
        Ok(SimTime::from_s_f64(seconds))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_writes_times() {
        for (text, ms, shown) in [
            ("08:30", 30_600_000, "08:30:00"),
            ("25:00:01", 90_001_000, "25:00:01"),
            ("90", 90_000, "00:01:30"),
            ("0.25", 250, "00:00:00.250"),
        ] {
            let time: SimTime = text.parse().unwrap();
            assert_eq!(time.ms(), ms, "{text}");
            assert_eq!(time.to_string(), shown);
        }
        for bad in ["", "a", "1:2:3:4", "08:61", "-1:00", "NaN", "1e400"] {
            assert!(bad.parse::<SimTime>().is_err(), "{bad}");
        }
    }
}
