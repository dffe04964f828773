//! Nested arrays of whole numbers, the bulk of every CityJSON file, scanned byte by byte. Whatever else may stand in them (fractions,
//! texts, negative numbers) is left to the general reader.

use super::json::{Json, Unread};
use qike_scene::Value;

/// Deeper arrays than any geometry type has (a multi-solid has 5 levels, its texture 6).
pub const DEPTHS: usize = 6;

/// Numbers from here on are none that a file can mean.
pub const TOO_LARGE: u32 = u32::MAX - 2;

/// Who takes nested arrays.
pub trait Arrays {
    /// An array begins, around which are `depth` others; false where that cannot be.
    fn open(&mut self, depth: usize) -> bool;
    /// That array ends.
    fn close(&mut self, depth: usize);
    /// Numbers follow, in `depth` arrays: where to put them; `None` where there can be none.
    fn numbers(&mut self, depth: usize) -> Option<&mut Vec<u32>>;
    /// A null in `depth` arrays; false where there can be none.
    fn null(&mut self, depth: usize) -> bool;
    /// Forgets everything.
    fn clear(&mut self);
    /// Takes any value, `depth` arrays around it.
    fn general(&mut self, value: &Value, depth: usize);
}

/// Reads what comes next into `into`, which is cleared before.
pub fn read(json: &mut Json, into: &mut impl Arrays) -> Result<(), Unread> {
    into.clear();
    if let Some(length) = scan(json.rest(), into)? {
        json.pass_over(length);
        return Ok(());
    }
    into.clear();
    let value = json.value()?;
    into.general(&value, 0);
    Ok(())
}

/// What stood before.
#[derive(Clone, Copy, PartialEq)]
enum Last {
    /// A bracket that opens, or nothing.
    Open,
    Comma,
    /// A number, a null, or the end of an array.
    Value,
}

/// Scans an array (or null) and gives its length; `None` where something unusual stands in it, an error where it is cut off.
fn scan(text: &[u8], into: &mut impl Arrays) -> Result<Option<usize>, Unread> {
    let (mut open, mut last, mut at) = (0usize, Last::Open, 0usize);
    while let Some(&byte) = text.get(at) {
        match byte {
            b'0'..=b'9' if last != Last::Value && open > 0 => {
                let Some(numbers) = into.numbers(open) else { return Ok(None) };
                let Some(length) = run(&text[at..], numbers) else { return Ok(None) };
                at += length;
                last = Last::Value;
                continue;
            }
            b',' if last == Last::Value => last = Last::Comma,
            b'[' if last != Last::Value && open < DEPTHS && into.open(open) => (open, last) = (open + 1, Last::Open),
            b']' if last != Last::Comma && open > 0 => {
                open -= 1;
                into.close(open);
                last = Last::Value;
            }
            b' ' | b'\n' | b'\r' | b'\t' => {}
            b'n' if last != Last::Value && text[at..].starts_with(b"null") && into.null(open) => {
                at += 3;
                last = Last::Value;
            }
            _ => return Ok(None),
        }
        at += 1;
        if open == 0 && last == Last::Value {
            return Ok(Some(at));
        }
    }
    Err(Unread)
}

/// Reads numbers with commas and nothing else between them, and gives the length of their text; `None` where one is too large or no
/// JSON.
fn run(text: &[u8], into: &mut Vec<u32>) -> Option<usize> {
    let mut at = 0usize;
    loop {
        let first = at;
        let mut number = 0u64;
        while let Some(digit) = text.get(at).map(|b| b.wrapping_sub(b'0')).filter(|digit| *digit < 10) {
            number = number.wrapping_mul(10).wrapping_add(u64::from(digit));
            at += 1;
        }
        let length = at - first;
        if length > 10 || number >= u64::from(TOO_LARGE) || length > 1 && text[first] == b'0' {
            return None;
        }
        into.push(number as u32);
        match text.get(at..at + 2) {
            Some([b',', b'0'..=b'9']) => at += 1,
            _ => return Some(at),
        }
    }
}
