//! Numbers and texts of files, refused out of their range where they stand, so that the error has its line and column.

use serde::{Deserialize, Deserializer, de};

fn checked<'de, D: Deserializer<'de>>(d: D, ok: impl Fn(f64) -> bool, expected: &str) -> Result<f64, D::Error> {
    let number = f64::deserialize(d)?;
    if number.is_finite() && ok(number) { Ok(number) } else { Err(de::Error::custom(format!("{number} is not {expected}"))) }
}

pub(super) fn above_zero<'de, D: Deserializer<'de>>(d: D) -> Result<f64, D::Error> {
    checked(d, |n| n > 0.0, "a number above 0")
}

pub(super) fn not_negative<'de, D: Deserializer<'de>>(d: D) -> Result<f64, D::Error> {
    checked(d, |n| n >= 0.0, "a number, 0 or more")
}

pub(super) fn some_above_zero<'de, D: Deserializer<'de>>(d: D) -> Result<Option<f64>, D::Error> {
    above_zero(d).map(Some)
}

pub(super) fn some_not_negative<'de, D: Deserializer<'de>>(d: D) -> Result<Option<f64>, D::Error> {
    not_negative(d).map(Some)
}

pub(super) fn some_share<'de, D: Deserializer<'de>>(d: D) -> Result<Option<f64>, D::Error> {
    checked(d, |n| (0.0..=1.0).contains(&n), "a share between 0 and 1").map(Some)
}

/// `YYYY-MM-DD`, a day that exists.
pub(super) fn date<'de, D: Deserializer<'de>>(d: D) -> Result<Option<String>, D::Error> {
    let text = String::deserialize(d)?;
    if is_date(&text) { Ok(Some(text)) } else { Err(de::Error::custom(format!("'{text}' is not a date: write YYYY-MM-DD"))) }
}

fn is_date(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let [y, m, d] = parts.as_slice() else { return false };
    if y.len() != 4 || m.len() != 2 || d.len() != 2 {
        return false;
    }
    let (Ok(y), Ok(m), Ok(d)) = (y.parse::<u32>(), m.parse::<u32>(), d.parse::<u32>()) else { return false };
    let leap = y % 4 == 0 && (y % 100 != 0 || y % 400 == 0);
    let days = match m {
        2 => 28 + u32::from(leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return false,
    };
    (1..=days).contains(&d)
}
