//! Times of day and spans in files: `"08:30"`, `"08:30:15"` or a number of seconds.

use qike_core::SimTime;
use serde::{Deserialize, Deserializer, Serializer, de};

/// Written as text with a colon, or as seconds.
#[derive(Deserialize)]
#[serde(untagged, expecting = "expected a time: \"HH:MM\", \"HH:MM:SS\" or a number of seconds")]
enum Written {
    Seconds(f64),
    Text(String),
}

impl Written {
    fn time<E: de::Error>(self) -> Result<SimTime, E> {
        let time = match self {
            Written::Seconds(s) if s.is_finite() && s.abs() < 1e12 => SimTime::from_s_f64(s),
            Written::Seconds(s) => return Err(E::custom(format!("{s} is no time"))),
            Written::Text(text) => text.parse().map_err(E::custom)?,
        };
        if time < SimTime::ZERO { Err(E::custom(format!("the time {time} is negative"))) } else { Ok(time) }
    }
}

pub(crate) fn serialize<S: Serializer>(time: &SimTime, s: S) -> Result<S::Ok, S::Error> {
    s.collect_str(time)
}

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<SimTime, D::Error> {
    Written::deserialize(d)?.time()
}

/// A span: a time above zero.
pub(crate) mod span {
    use super::*;

    pub(crate) use super::serialize;

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<SimTime, D::Error> {
        let time: SimTime = super::deserialize(d)?;
        if time > SimTime::ZERO { Ok(time) } else { Err(de::Error::custom("must be longer than 0")) }
    }
}

/// An optional time.
pub(crate) mod option {
    use super::*;

    pub(crate) fn serialize<S: Serializer>(time: &Option<SimTime>, s: S) -> Result<S::Ok, S::Error> {
        match time {
            Some(time) => s.collect_str(time),
            None => s.serialize_none(),
        }
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<Option<SimTime>, D::Error> {
        super::deserialize(d).map(Some)
    }
}
