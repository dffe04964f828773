//! Semantic surfaces, read without a JSON tree in between: every building has a few.

use super::json::{Json, Unread, owned};
use qike_scene::Attributes;

/// A semantic surface as written.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RawSurface {
    /// Its type; empty where there is none.
    pub kind: String,
    /// Number of the surface it is part of.
    pub parent: Option<u64>,
    /// All else but its children, who say again what they say themselves.
    pub attributes: Attributes,
}

impl RawSurface {
    /// Reads a surface; one that is no object says nothing.
    fn read(json: &mut Json) -> Result<Self, Unread> {
        let mut out = Self::default();
        json.members(|json, key| {
            match key {
                b"type" if json.peek() == Some(b'"') => out.kind = json.string()?.into_owned(),
                b"type" => json.pass()?,
                b"parent" => out.parent = json.value()?.as_u64(),
                b"children" => json.pass()?,
                _ => drop(out.attributes.insert(owned(key), json.value()?)),
            }
            Ok(())
        })?;
        Ok(out)
    }

    /// Reads an array of surfaces; none where it is no array.
    pub fn list(json: &mut Json, into: &mut Vec<Self>) -> Result<(), Unread> {
        into.clear();
        json.elements(|json| {
            into.push(Self::read(json)?);
            Ok(())
        })?;
        Ok(())
    }
}
