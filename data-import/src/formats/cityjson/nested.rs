//! Nested arrays of numbers, read into flat ones without a JSON tree: the bulk of every CityJSON file.
//!
//! The depth of `boundaries` is fixed by the geometry's type, which may stand after them in the file, so arrays are read
//! without knowing it: for every depth the ends of its arrays are kept, and the depth where numbers lie.

use qike_scene::geometry::NONE;
use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::fmt;

/// Deeper arrays than any geometry type has (a multi-solid has 5 levels).
const DEPTHS: usize = 6;

/// A nested array of vertex numbers, flat.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Nested {
    /// All numbers in order; one that is no vertex number is [`NONE`].
    pub indices: Vec<u32>,
    /// For each depth from the outermost, where each of its arrays ends in the next depth (or in `indices`).
    pub ends: [Vec<u32>; DEPTHS],
    /// The depth whose arrays hold the numbers; `None` while there was no number.
    pub leaf: Option<usize>,
    /// Something is not a nested array of one depth: text, mixed depths, too deep.
    pub malformed: bool,
}

impl<'de> Deserialize<'de> for Nested {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut nested = Nested::default();
        Level { into: &mut nested, depth: 0 }.deserialize(deserializer)?;
        Ok(nested)
    }
}

/// One level of a nested array.
struct Level<'n> {
    into: &'n mut Nested,
    depth: usize,
}

impl Level<'_> {
    /// A value that stands where a number or an array should: `depth` is one deeper than the array around it.
    fn number(self, value: u32) {
        let around = self.depth.checked_sub(1);
        match (around, self.into.leaf) {
            (None, _) => self.into.malformed = true,
            (Some(depth), None) => self.into.leaf = Some(depth),
            (Some(depth), Some(leaf)) if depth != leaf => self.into.malformed = true,
            _ => {}
        }
        self.into.indices.push(value);
    }
}

impl<'de> DeserializeSeed<'de> for Level<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Level<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a nested array of vertex numbers")
    }

    fn visit_u64<E>(self, value: u64) -> Result<(), E> {
        self.number(u32::try_from(value).unwrap_or(NONE));
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        self.number(NONE);
        Ok(())
    }

    fn visit_f64<E>(self, value: f64) -> Result<(), E> {
        let whole = value.fract() == 0.0 && (0.0..f64::from(u32::MAX)).contains(&value);
        self.number(if whole { value as u32 } else { NONE });
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        self.into.malformed = true;
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        self.into.malformed = true;
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        self.into.malformed = true;
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        self.into.malformed = true;
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        let Level { into, depth } = self;
        if depth >= DEPTHS || into.leaf.is_some_and(|leaf| depth > leaf) {
            into.malformed = true;
            while seq.next_element::<IgnoredAny>()?.is_some() {}
            return Ok(());
        }
        while seq.next_element_seed(Level { into: &mut *into, depth: depth + 1 })?.is_some() {}
        let end = match into.leaf {
            Some(leaf) if leaf == depth => into.indices.len(),
            _ => into.ends.get(depth + 1).map_or(0, Vec::len),
        };
        into.ends[depth].push(end as u32);
        Ok(())
    }
}

/// Nested arrays of surface numbers, where `null` may stand for a number or for a whole array: tokens in order.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct Values(Vec<u32>);

/// `null`, `[` and `]`; smaller tokens are numbers.
const NULL: u32 = u32::MAX;
const OPEN: u32 = u32::MAX - 1;
const CLOSE: u32 = u32::MAX - 2;

impl Values {
    /// One number for everything.
    pub fn all(number: u32) -> Self {
        Self(vec![number.min(CLOSE - 1)])
    }

    /// One entry for each item: `groups` are the ends of the arrays that hold the items, innermost first (shells, then
    /// solids), and `items` is their number. Null gives [`NONE`]. `None` where the nesting does not fit.
    pub fn flatten(&self, items: usize, groups: &[&[u32]]) -> Option<Vec<u32>> {
        let mut out = vec![NONE; items];
        if let [only] = self.0.as_slice() {
            if *only < CLOSE {
                out.fill(*only);
            }
            return (*only < CLOSE || *only == NULL).then_some(out);
        }
        let mut tokens = self.0.iter().copied().peekable();
        let count = groups.last().map_or(items, |ends| ends.len());
        list(&mut tokens, groups, 0..count, &mut out)?;
        tokens.next().is_none().then_some(out)
    }
}

/// Reads one array whose entries are `range` of the level below `groups`.
fn list(
    tokens: &mut std::iter::Peekable<impl Iterator<Item = u32>>, groups: &[&[u32]], range: std::ops::Range<usize>, out: &mut [u32],
) -> Option<()> {
    if tokens.next()? != OPEN {
        return None;
    }
    let mut at = range.start;
    loop {
        let token = *tokens.peek()?;
        if token == CLOSE {
            tokens.next();
            return (at <= range.end).then_some(());
        }
        if at >= range.end {
            return None;
        }
        match (groups, token) {
            (_, NULL) => {
                tokens.next();
            }
            ([], OPEN) => return None,
            ([], number) => {
                *out.get_mut(at)? = number;
                tokens.next();
            }
            ([inner @ .., ends], OPEN) => {
                let start = if at == 0 { 0 } else { *ends.get(at - 1)? as usize };
                list(tokens, inner, start..*ends.get(at)? as usize, out)?;
            }
            ([.., _], _) => return None,
        }
        at += 1;
    }
}

impl<'de> Deserialize<'de> for Values {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut values = Values::default();
        Tokens { into: &mut values.0, depth: 0 }.deserialize(deserializer)?;
        Ok(values)
    }
}

struct Tokens<'t> {
    into: &'t mut Vec<u32>,
    depth: usize,
}

impl<'de> DeserializeSeed<'de> for Tokens<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Tokens<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a nested array of numbers and nulls")
    }

    fn visit_u64<E>(self, value: u64) -> Result<(), E> {
        // A number too large to be one is read as one that no list has.
        self.into.push(u32::try_from(value).unwrap_or(CLOSE).min(CLOSE - 1));
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        self.into.push(CLOSE - 1);
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        self.into.push(CLOSE - 1);
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        self.into.push(CLOSE - 1);
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        self.into.push(CLOSE - 1);
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        self.into.push(NULL);
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        self.into.push(CLOSE - 1);
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        let Tokens { into, depth } = self;
        if depth >= DEPTHS {
            while seq.next_element::<IgnoredAny>()?.is_some() {}
            into.push(CLOSE - 1);
            return Ok(());
        }
        into.push(OPEN);
        while seq.next_element_seed(Tokens { into: &mut *into, depth: depth + 1 })?.is_some() {}
        into.push(CLOSE);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Nested {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn a_solid_becomes_flat() {
        let n = read("[[[[0,1,2],[3,4,5]],[[6,7,8]]],[[[9,10,11]]]]");
        assert_eq!(n.leaf, Some(3));
        assert_eq!(n.indices.len(), 12);
        assert_eq!(n.ends[3], [3, 6, 9, 12], "rings");
        assert_eq!(n.ends[2], [2, 3, 4], "surfaces");
        assert_eq!(n.ends[1], [2, 3], "shells");
        assert_eq!(n.ends[0], [2], "the solid");
        assert!(!n.malformed);
    }

    #[test]
    fn empty_arrays_keep_their_place() {
        let n = read("[[],[[0,1,2]],[]]");
        assert_eq!((n.leaf, n.malformed), (Some(2), false));
        assert_eq!(n.ends[1], [0, 1, 1]);
        assert_eq!(read("[]").leaf, None);
    }

    #[test]
    fn nonsense_is_marked_and_never_fatal() {
        for text in ["[1,[2]]", "\"x\"", "5", "[[0,1],2]", "[null]", "{\"a\":1}", "[[[[[[[[1]]]]]]]]", "[[{}]]"] {
            assert!(read(text).malformed, "{text}");
        }
        assert_eq!(read("[-1, 1.5, 99999999999, 2.0]").indices, [NONE, NONE, NONE, 2]);
    }

    #[test]
    fn values_follow_the_shells() {
        let values = |text: &str| serde_json::from_str::<Values>(text).unwrap();
        let shells: &[u32] = &[2, 3];
        assert_eq!(values("[[0,null],[1]]").flatten(3, &[shells]), Some(vec![0, NONE, 1]));
        assert_eq!(values("[[0,1],null]").flatten(3, &[shells]), Some(vec![0, 1, NONE]));
        assert_eq!(values("[0,1,2]").flatten(3, &[]), Some(vec![0, 1, 2]));
        assert_eq!(values("null").flatten(2, &[]), Some(vec![NONE; 2]));
        assert_eq!(values("7").flatten(2, &[shells]), Some(vec![7, 7]));
        assert_eq!(values("[0,1,2]").flatten(3, &[shells]), None, "one level too few");
        assert_eq!(values("[0,1,2,3]").flatten(3, &[]), None, "too many");
        assert_eq!(values("[[[0,1]],[[2]]]").flatten(3, &[shells, &[1, 2]]), Some(vec![0, 1, 2]));
    }
}
