//! Nested arrays of numbers, read into flat ones without a JSON tree: the bulk of every CityJSON file.
//!
//! The depth of `boundaries` is fixed by the geometry's type, which may stand after them in the file, so arrays are read
//! without knowing it: for every depth the ends of its arrays are kept, and the depth where numbers lie. Arrays of nothing but
//! whole numbers are read from their text; whatever else there is goes through serde.

use super::json::NUMBERS;
use qike_scene::geometry::NONE;
use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::fmt;

/// Deeper arrays than any geometry type has (a multi-solid has 5 levels).
pub const DEPTHS: usize = 6;

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
        struct Quick;
        impl<'de> Visitor<'de> for Quick {
            type Value = Nested;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a nested array of vertex numbers")
            }
            fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Nested, E> {
                match Nested::of_numbers(text.as_bytes()) {
                    Some(nested) => Ok(nested),
                    None => self.visit_newtype_struct(&mut serde_json::Deserializer::from_str(text)).map_err(E::custom),
                }
            }
            fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<Nested, D::Error> {
                let mut nested = Nested::default();
                Level { into: &mut nested, depth: 0 }.deserialize(deserializer)?;
                Ok(nested)
            }
        }
        deserializer.deserialize_newtype_struct(NUMBERS, Quick)
    }
}

impl Nested {
    /// Reads arrays of whole numbers of one depth; `None` for everything else.
    fn of_numbers(text: &[u8]) -> Option<Self> {
        let mut nested = Nested { indices: Vec::with_capacity(text.len() / 4), ..Nested::default() };
        let (mut open, mut last, mut at) = (0usize, Last::Open, 0);
        while let Some(&byte) = text.get(at) {
            at += 1;
            match byte {
                b'0'..=b'9' if last != Last::Value => {
                    let (number, length) = digits(&text[at - 1..])?;
                    let depth = open.checked_sub(1)?;
                    if *nested.leaf.get_or_insert(depth) != depth || number == NONE {
                        return None;
                    }
                    nested.indices.push(number);
                    (at, last) = (at - 1 + length, Last::Value);
                }
                b',' if last == Last::Value && open > 0 => last = Last::Comma,
                b'[' if last != Last::Value && open < DEPTHS && nested.leaf.is_none_or(|leaf| open <= leaf) => (open, last) = (open + 1, Last::Open),
                b']' if last != Last::Comma && open > 0 => {
                    open -= 1;
                    let end = if nested.leaf == Some(open) { nested.indices.len() } else { nested.ends.get(open + 1).map_or(0, Vec::len) };
                    nested.ends[open].push(end as u32);
                    last = Last::Value;
                }
                b' ' | b'\n' | b'\r' | b'\t' => {}
                _ => return None,
            }
        }
        (open == 0 && last == Last::Value).then_some(nested)
    }
}

/// What stood before in an array.
#[derive(Clone, Copy, PartialEq)]
pub enum Last {
    /// A bracket that opens, or nothing.
    Open,
    /// A comma.
    Comma,
    /// A number, or the end of an array.
    Value,
}

/// The whole number at the beginning of `text`, and its length; `None` where it is too large or is no JSON.
pub fn digits(text: &[u8]) -> Option<(u32, usize)> {
    let (mut number, mut length) = (0u32, 0);
    while let Some(digit) = text.get(length).filter(|b| b.is_ascii_digit()) {
        number = number.checked_mul(10)?.checked_add(u32::from(digit - b'0'))?;
        length += 1;
    }
    (length == 1 || text.first() != Some(&b'0')).then_some((number, length))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::cityjson::values::Values;

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
    fn the_quick_way_reads_the_same() {
        use crate::formats::cityjson::json;
        for text in [
            "[[[[0,1,2],[3,4,5]],[[6,7,8]]],[[[9,10,11]]]]", "[[],[[0,1,2]],[]]", "[]", "[ [ 1 , 2 ] ]", "[[0,1],2]", "[1,[2]]", "[-1,1.5,99999999999,2.0]", "[null]",
            "[[[[[[[[1]]]]]]]]", "[[{}]]", "[\"x\"]", "[4294967295]", "[0,10,100]", "[[0,null],[1]]", "[[null],null,[[2]]]",
        ] {
            assert_eq!(json::from_slice::<Nested>(text.as_bytes()).ok(), serde_json::from_str(text).ok(), "{text}");
            assert_eq!(json::from_slice::<Values>(text.as_bytes()).ok(), serde_json::from_str(text).ok(), "{text}");
        }
        for text in ["[1,]", "[,1]", "[1 2]", "[01]", "[1", "1]", "[nul]", "[1,,2]", "[[1][2]]", "[][]"] {
            assert!(json::from_slice::<Nested>(text.as_bytes()).is_err(), "{text}");
            assert!(json::from_slice::<Values>(text.as_bytes()).is_err(), "{text}");
        }
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
        let rings = |text: &str, count: usize, groups: &[&[u32]]| -> Option<Vec<Vec<u32>>> {
            Some(values(text).rings(count, groups)?.into_iter().map(<[u32]>::to_vec).collect())
        };
        let surfaces: &[u32] = &[1, 3];
        assert_eq!(rings("[[[0,10,11,12]],[[null],[1,5,6,7]]]", 3, &[surfaces]), Some(vec![vec![0, 10, 11, 12], vec![NONE], vec![1, 5, 6, 7]]));
        assert_eq!(rings("[[[[0,1,2,3]],null]]", 3, &[surfaces, &[2]]), Some(vec![vec![0, 1, 2, 3], vec![], vec![]]));
        assert_eq!(rings("[[0,1,2,3]]", 1, &[&[1]]), None, "a level too few");
        assert_eq!(rings("[[[0]],[[0]],[[0]]]", 3, &[surfaces]), None, "too many surfaces");
        assert_eq!(values("[[[0,1]],[[2]]]").flatten(3, &[shells, &[1, 2]]), Some(vec![0, 1, 2]));
    }
}
