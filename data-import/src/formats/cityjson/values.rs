//! Which surface has which semantic or material, and which ring which texture: nested arrays of numbers and nulls, as tokens in order.

use super::json::NUMBERS;
use super::nested::{DEPTHS, Last, digits};
use qike_scene::geometry::NONE;
use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::fmt;

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

    /// For each ring its numbers (a texture, then one texture coordinate a corner), none where it has null: `groups` are the ends of
    /// the arrays that hold the rings, innermost first (surfaces, shells, solids). `None` where the nesting does not fit.
    pub fn rings(&self, rings: usize, groups: &[&[u32]]) -> Option<Vec<&[u32]>> {
        let mut out = vec![&[][..]; rings];
        if self.0 == [NULL] {
            return Some(out);
        }
        let count = groups.last().map_or(rings, |ends| ends.len());
        let mut at = 0;
        ring_lists(&self.0, &mut at, groups, 0..count, &mut out)?;
        (at == self.0.len()).then_some(out)
    }
}

/// As [`list`], down to the arrays of numbers that rings have.
fn ring_lists<'v>(tokens: &'v [u32], at: &mut usize, groups: &[&[u32]], range: std::ops::Range<usize>, out: &mut [&'v [u32]]) -> Option<()> {
    if *tokens.get(*at)? != OPEN {
        return None;
    }
    *at += 1;
    let mut entry = range.start;
    loop {
        match *tokens.get(*at)? {
            CLOSE => {
                *at += 1;
                return Some(());
            }
            _ if entry >= range.end => return None,
            NULL => *at += 1,
            OPEN => match groups {
                [] => {
                    let rest = tokens.get(*at + 1..)?;
                    let numbers = rest.get(..rest.iter().position(|token| *token == CLOSE)?)?;
                    if numbers.contains(&OPEN) {
                        return None;
                    }
                    *out.get_mut(entry)? = numbers;
                    *at += numbers.len() + 2;
                }
                [inner @ .., ends] => {
                    let start = if entry == 0 { 0 } else { *ends.get(entry - 1)? as usize };
                    ring_lists(tokens, at, inner, start..*ends.get(entry)? as usize, out)?;
                }
            },
            _ => return None,
        }
        entry += 1;
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
        struct Quick;
        impl<'de> Visitor<'de> for Quick {
            type Value = Values;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a nested array of numbers and nulls")
            }
            fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Values, E> {
                match Values::of_numbers(text.as_bytes()) {
                    Some(values) => Ok(values),
                    None => self.visit_newtype_struct(&mut serde_json::Deserializer::from_str(text)).map_err(E::custom),
                }
            }
            fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<Values, D::Error> {
                let mut values = Values::default();
                Tokens { into: &mut values.0, depth: 0 }.deserialize(deserializer)?;
                Ok(values)
            }
        }
        deserializer.deserialize_newtype_struct(NUMBERS, Quick)
    }
}

impl Values {
    /// Reads arrays of whole numbers and nulls; `None` for everything else.
    fn of_numbers(text: &[u8]) -> Option<Self> {
        let mut tokens = Vec::with_capacity(text.len() / 2 + 2);
        let (mut open, mut last, mut at) = (0usize, Last::Open, 0);
        while let Some(&byte) = text.get(at) {
            at += 1;
            match byte {
                b'0'..=b'9' if last != Last::Value => {
                    let (number, length) = digits(&text[at - 1..])?;
                    tokens.push(number.min(CLOSE - 1));
                    (at, last) = (at - 1 + length, Last::Value);
                }
                b'n' if last != Last::Value && text[at..].starts_with(b"ull") => {
                    tokens.push(NULL);
                    (at, last) = (at + 3, Last::Value);
                }
                b',' if last == Last::Value && open > 0 => last = Last::Comma,
                b'[' if last != Last::Value && open < DEPTHS => {
                    tokens.push(OPEN);
                    (open, last) = (open + 1, Last::Open);
                }
                b']' if last != Last::Comma && open > 0 => {
                    tokens.push(CLOSE);
                    (open, last) = (open - 1, Last::Value);
                }
                b' ' | b'\n' | b'\r' | b'\t' => {}
                _ => return None,
            }
        }
        (open == 0 && last == Last::Value).then_some(Values(tokens))
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
