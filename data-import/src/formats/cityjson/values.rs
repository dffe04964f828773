//! Which surface has which semantic or material, and which ring which texture: nested arrays of numbers and nulls, as tokens in order.

use super::arrays::{Arrays, DEPTHS, TOO_LARGE};
use qike_scene::Value;
use qike_scene::geometry::NONE;

/// Nested arrays of surface numbers, where `null` may stand for a number or for a whole array: tokens in order.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct Values(Vec<u32>);

/// `null`, `[` and `]`; smaller tokens are numbers.
const NULL: u32 = u32::MAX;
const OPEN: u32 = u32::MAX - 1;
const CLOSE: u32 = TOO_LARGE;

impl Values {
    /// One number for everything.
    pub fn all(number: u32) -> Self {
        Self(vec![number.min(CLOSE - 1)])
    }

    /// What fits no geometry.
    pub fn unfit() -> Self {
        Self(vec![CLOSE])
    }

    /// True where nothing was read.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
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
        let count = groups.last().map_or(items, |ends| ends.len());
        let mut at = 0;
        list(&self.0, &mut at, groups, 0..count, &mut out)?;
        (at == self.0.len()).then_some(out)
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
fn list(tokens: &[u32], at: &mut usize, groups: &[&[u32]], range: std::ops::Range<usize>, out: &mut [u32]) -> Option<()> {
    if *tokens.get(*at)? != OPEN {
        return None;
    }
    *at += 1;
    let mut entry = range.start;
    loop {
        match (*tokens.get(*at)?, groups) {
            (CLOSE, _) => {
                *at += 1;
                return Some(());
            }
            _ if entry >= range.end => return None,
            (NULL, _) => *at += 1,
            (OPEN, [inner @ .., ends]) => {
                let start = if entry == 0 { 0 } else { *ends.get(entry - 1)? as usize };
                list(tokens, at, inner, start..*ends.get(entry)? as usize, out)?;
            }
            (number, []) if number != OPEN => {
                *out.get_mut(entry)? = number;
                *at += 1;
            }
            _ => return None,
        }
        entry += 1;
    }
}

impl Arrays for Values {
    fn open(&mut self, _: usize) -> bool {
        self.0.push(OPEN);
        true
    }

    fn close(&mut self, _: usize) {
        self.0.push(CLOSE);
    }

    fn numbers(&mut self, _: usize) -> Option<&mut Vec<u32>> {
        Some(&mut self.0)
    }

    fn null(&mut self, _: usize) -> bool {
        self.0.push(NULL);
        true
    }

    fn clear(&mut self) {
        self.0.clear();
    }

    fn general(&mut self, value: &Value, depth: usize) {
        match value {
            Value::Null => self.0.push(NULL),
            Value::Array(entries) if depth < DEPTHS => {
                self.0.push(OPEN);
                entries.iter().for_each(|entry| self.general(entry, depth + 1));
                self.0.push(CLOSE);
            }
            // A number too large to be one is read as one that no list has, and so is what is no number.
            other => self.0.push(other.as_u64().and_then(|n| u32::try_from(n).ok()).unwrap_or(CLOSE).min(CLOSE - 1)),
        }
    }
}
