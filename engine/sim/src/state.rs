//! The state of a running model on its way into a checkpoint, or out of one.
//!
//! A model says once, in one function, what its state is made of: the same lines write it and read it, so that the two cannot differ.
//! What never changes (streets, kinds, plans, who is to depart) is no part of the state: it comes from the scenario again. Each part is
//! a block of its own, its length before it, in the compact binary form of postcard: equal states give equal bytes.

use serde::Serialize;
use serde::de::DeserializeOwned;
use std::io::{Read, Write};

/// Why a state cannot be written or read.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// The file behind it.
    #[error("{0}")]
    Io(#[from] std::io::Error),
    /// What it holds makes no sense for this scenario.
    #[error("its part '{part}' {reason}")]
    Content {
        /// Which part.
        part: &'static str,
        /// What is wrong with it.
        reason: String,
    },
}

/// Where a state goes to, or comes from.
pub enum Exchange<'a> {
    /// It is written.
    Save(&'a mut dyn Write),
    /// It is read.
    Load(&'a mut dyn Read),
}

impl Exchange<'_> {
    /// Whether what is there is replaced.
    pub fn loads(&self) -> bool {
        matches!(self, Self::Load(_))
    }

    /// One part: written, or replaced by what is read.
    ///
    /// # Errors
    /// What keeps it from being written; what is no such part.
    pub fn part<T: Serialize + DeserializeOwned>(&mut self, part: &'static str, value: &mut T) -> Result<(), StateError> {
        let fault = |e: postcard::Error| StateError::Content { part, reason: format!("is none: {e}") };
        match self {
            Self::Save(out) => {
                let bytes = postcard::to_stdvec(value).map_err(fault)?;
                out.write_all(&(bytes.len() as u64).to_le_bytes())?;
                out.write_all(&bytes)?;
            }
            Self::Load(from) => {
                let mut length = [0; 8];
                from.read_exact(&mut length)?;
                let length = u64::from_le_bytes(length);
                // Room grows with what is there, not with what is claimed.
                let mut bytes = Vec::new();
                from.take(length).read_to_end(&mut bytes)?;
                if bytes.len() as u64 != length {
                    return Err(StateError::Content { part, reason: "is cut off".into() });
                }
                let (read, rest) = postcard::take_from_bytes(&bytes).map_err(fault)?;
                if !rest.is_empty() {
                    return Err(StateError::Content { part, reason: format!("has {} bytes too many", rest.len()) });
                }
                *value = read;
            }
        }
        Ok(())
    }

    /// A list with one place for each lane, link, light…: it must be as long as the one that it replaces.
    ///
    /// # Errors
    /// As [`Self::part`]; another length.
    pub fn list<T: Serialize + DeserializeOwned>(&mut self, part: &'static str, values: &mut Vec<T>) -> Result<(), StateError> {
        let count = values.len();
        self.part(part, values)?;
        if values.len() == count { Ok(()) } else { Err(StateError::Content { part, reason: format!("has {} places, and this scenario {count}", values.len()) }) }
    }
}

/// Says what is wrong with a part that was read.
///
/// # Errors
/// Where it `holds` not.
pub fn must(holds: bool, part: &'static str, reason: &str) -> Result<(), StateError> {
    if holds { Ok(()) } else { Err(StateError::Content { part, reason: reason.to_owned() }) }
}

/// Small lists in serde's terms.
pub(crate) mod small {
    use serde::de::DeserializeOwned;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};
    use smallvec::{Array, SmallVec};

    pub fn serialize<A: Array<Item: Serialize>, S: Serializer>(list: &SmallVec<A>, to: S) -> Result<S::Ok, S::Error> {
        list.as_slice().serialize(to)
    }

    pub fn deserialize<'de, A: Array<Item: DeserializeOwned>, D: Deserializer<'de>>(from: D) -> Result<SmallVec<A>, D::Error> {
        Vec::deserialize(from).map(SmallVec::from_vec)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_come_back_and_others_are_told() {
        let mut file = Vec::new();
        let (mut speeds, mut name) = (vec![1.5f64, -0.0, f64::NAN], "ä".to_owned());
        let mut out = Exchange::Save(&mut file);
        out.list("speeds", &mut speeds).unwrap();
        out.part("name", &mut name).unwrap();
        let mut read = (vec![0.0f64; 3], String::new());
        let mut rest = &file[..];
        let mut from = Exchange::Load(&mut rest);
        from.list("speeds", &mut read.0).unwrap();
        from.part("name", &mut read.1).unwrap();
        assert_eq!((read.0.iter().map(|v| v.to_bits()).collect::<Vec<_>>(), read.1), (speeds.iter().map(|v| v.to_bits()).collect(), name));
        let told = |bytes: &[u8], count: usize| {
            let mut rest = bytes;
            Exchange::Load(&mut rest).list("speeds", &mut vec![0.0f64; count]).unwrap_err().to_string()
        };
        assert_eq!(told(&file, 4), "its part 'speeds' has 3 places, and this scenario 4");
        assert_eq!(told(&file[..20], 3), "its part 'speeds' is cut off");
        let huge = [&u64::MAX.to_le_bytes()[..], &[0xff, 0xff, 0xff, 0xff, 0x7f, 0, 0]].concat();
        assert_eq!(told(&huge, 3), "its part 'speeds' is cut off");
        assert!(told(&[1, 0, 0, 0, 0, 0, 0, 0, 9], 3).contains("is none"));
        assert!(told(&[2, 0, 0, 0, 0, 0, 0, 0, 0, 9], 0).contains("1 bytes too many"));
    }
}
