//! Levels of detail: CityGML's 0–4, with the refined ones of TU Delft (`2.2`) kept apart.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// A level of detail as its source wrote it: `2` and `2.0` are not merged, so that counts and round trips are exact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Lod {
    major: u8,
    /// Tenths plus one; 0 where the source wrote none.
    minor: u8,
}

impl Lod {
    /// Footprint or point.
    pub const ZERO: Lod = Lod::new(0);
    /// Block.
    pub const ONE: Lod = Lod::new(1);
    /// With roof shapes.
    pub const TWO: Lod = Lod::new(2);
    /// With openings.
    pub const THREE: Lod = Lod::new(3);

    /// A level without a refinement.
    pub const fn new(major: u8) -> Lod {
        Lod { major, minor: 0 }
    }

    /// The whole level: 2 for `2.2`.
    pub const fn major(self) -> u8 {
        self.major
    }

    /// True where who asks for this level means that one too: a whole level stands for its refinements.
    pub fn covers(self, other: Lod) -> bool {
        self == other || (self.minor == 0 && self.major == other.major)
    }

    /// As one byte for stores: major × 11 + minor.
    pub const fn code(self) -> u8 {
        self.major * 11 + self.minor
    }

    /// From that byte.
    pub fn from_code(code: u8) -> Option<Lod> {
        (code < 55).then_some(Lod { major: code / 11, minor: code % 11 })
    }
}

impl fmt::Display for Lod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.minor == 0 { write!(f, "{}", self.major) } else { write!(f, "{}.{}", self.major, self.minor - 1) }
    }
}

/// A text that is no level of detail.
#[derive(Debug, thiserror::Error, PartialEq)]
#[error("'{0}' is not a level of detail (0 to 4, or 0.0 to 4.9)")]
pub struct LodError(String);

impl FromStr for Lod {
    type Err = LodError;

    fn from_str(text: &str) -> Result<Self, LodError> {
        let digit = |c: u8, max: u8| (c.is_ascii_digit() && c - b'0' <= max).then(|| c - b'0');
        let lod = match text.trim().as_bytes() {
            [a] => digit(*a, 4).map(|major| Lod { major, minor: 0 }),
            [a, b'.', b] => digit(*a, 4).zip(digit(*b, 9)).map(|(major, minor)| Lod { major, minor: minor + 1 }),
            _ => None,
        };
        lod.ok_or_else(|| LodError(text.to_owned()))
    }
}

impl Serialize for Lod {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Lod {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        String::deserialize(d)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_code_go_there_and_back() {
        for text in ["0", "2", "2.0", "2.2", "4.9"] {
            let lod: Lod = text.parse().unwrap();
            assert_eq!(lod.to_string(), text);
            assert_eq!(Lod::from_code(lod.code()), Some(lod));
        }
        for bad in ["", "5", "2.", "2.22", "two", "-1"] {
            assert!(bad.parse::<Lod>().is_err(), "{bad}");
        }
    }
}
