//! Reading JSON quickly: a deserializer over text that is valid UTF-8 as a whole, with a short way for long arrays of numbers.
//!
//! It takes no more than serde_json takes, and says nothing of what is wrong: who needs to know ([`from_slice`] does) lets
//! serde_json read the same bytes again and say it, with line and column.

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde::forward_to_deserialize_any;
use std::fmt;

/// The name by which a type asks for the text of an array of numbers, through `deserialize_newtype_struct`: it gets it by
/// `visit_borrowed_str`. Other deserializers, and values that are no such array, answer with `visit_newtype_struct`.
pub const NUMBERS: &str = "\u{0}qike numbers";

/// As deep as serde_json goes.
const DEPTH: u32 = 127;

/// Reads a value; an error is serde_json's.
pub fn from_slice<'de, T: Deserialize<'de>>(bytes: &'de [u8]) -> Result<T, serde_json::Error> {
    let quick = std::str::from_utf8(bytes).ok().and_then(|text| {
        let mut json = Json { text, at: 0, depth: 0 };
        let value = T::deserialize(&mut json).ok()?;
        json.peek().is_none().then_some(value)
    });
    match quick {
        Some(value) => Ok(value),
        None => serde_json::from_slice(bytes),
    }
}

/// The end of a JSON number at the beginning of `bytes`, and whether it is a whole one; `None` where there is none.
pub fn number(bytes: &[u8]) -> Option<(usize, bool)> {
    let digits = |from: usize| bytes.get(from..).unwrap_or_default().iter().take_while(|b| b.is_ascii_digit()).count();
    let mut at = usize::from(bytes.first() == Some(&b'-'));
    let whole = digits(at);
    if whole == 0 || whole > 1 && bytes[at] == b'0' {
        return None;
    }
    at += whole;
    let mut is_whole = true;
    if bytes.get(at) == Some(&b'.') {
        let places = digits(at + 1);
        if places == 0 {
            return None;
        }
        at += 1 + places;
        is_whole = false;
    }
    if matches!(bytes.get(at), Some(b'e' | b'E')) {
        at += 1;
        at += usize::from(matches!(bytes.get(at), Some(b'+' | b'-')));
        let power = digits(at);
        if power == 0 {
            return None;
        }
        at += power;
        is_whole = false;
    }
    Some((at, is_whole))
}

/// Something is wrong, or too unusual for the quick way.
#[derive(Debug)]
pub struct Unread;

impl fmt::Display for Unread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the JSON could not be read")
    }
}

impl std::error::Error for Unread {}

impl Error for Unread {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Unread
    }
}

struct Json<'de> {
    text: &'de str,
    at: usize,
    depth: u32,
}

impl<'de> Json<'de> {
    /// The next byte that is no white space.
    fn peek(&mut self) -> Option<u8> {
        let bytes = self.text.as_bytes();
        while let Some(byte) = bytes.get(self.at) {
            if !matches!(byte, b' ' | b'\n' | b'\r' | b'\t') {
                return Some(*byte);
            }
            self.at += 1;
        }
        None
    }

    /// Passes over a word of the language.
    fn word(&mut self, word: &str) -> Result<(), Unread> {
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        if !rest.starts_with(word.as_bytes()) {
            return Err(Unread);
        }
        self.at += word.len();
        Ok(())
    }

    /// A text at its opening quote, to a visitor.
    fn string<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, Unread> {
        let start = self.at + 1;
        let rest = self.text.as_bytes().get(start..).ok_or(Unread)?;
        let stop = rest.iter().position(|b| matches!(b, b'"' | b'\\' | 0..=0x1f)).ok_or(Unread)?;
        match rest[stop] {
            b'"' => {
                self.at = start + stop + 1;
                visitor.visit_borrowed_str(self.text.get(start..start + stop).ok_or(Unread)?)
            }
            b'\\' => {
                let mut end = stop;
                while *rest.get(end).ok_or(Unread)? != b'"' {
                    end += if rest[end] == b'\\' { 2 } else { 1 };
                }
                let quoted = self.text.get(start - 1..start + end + 1).ok_or(Unread)?;
                self.at = start + end + 1;
                visitor.visit_string(serde_json::from_str(quoted).map_err(|_| Unread)?)
            }
            _ => Err(Unread),
        }
    }

    fn numeral<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, Unread> {
        let (length, is_whole) = number(self.text.as_bytes().get(self.at..).unwrap_or_default()).ok_or(Unread)?;
        let text = self.text.get(self.at..self.at + length).ok_or(Unread)?;
        self.at += length;
        // Minus nought is a fraction, as it is for serde_json.
        if is_whole && text != "-0" {
            if let Ok(number) = text.parse::<u64>() {
                return visitor.visit_u64(number);
            }
            if let Ok(number) = text.parse::<i64>() {
                return visitor.visit_i64(number);
            }
        }
        let number: f64 = text.parse().map_err(|_| Unread)?;
        if number.is_finite() { visitor.visit_f64(number) } else { Err(Unread) }
    }

    fn deeper<T>(&mut self, close: u8, read: impl FnOnce(&mut Self) -> Result<T, Unread>) -> Result<T, Unread> {
        self.at += 1;
        self.depth += 1;
        if self.depth > DEPTH {
            return Err(Unread);
        }
        let value = read(self)?;
        self.depth -= 1;
        if self.peek() != Some(close) {
            return Err(Unread);
        }
        self.at += 1;
        Ok(value)
    }

    /// The text of an array in which there are neither texts nor objects; `None`, and nothing passed over, for other values.
    fn numbers(&mut self) -> Option<&'de str> {
        if self.peek() != Some(b'[') {
            return None;
        }
        let (start, mut open) = (self.at, 0usize);
        for (n, byte) in self.text.as_bytes()[start..].iter().enumerate() {
            match byte {
                b'[' => open += 1,
                b']' => {
                    open -= 1;
                    if open == 0 {
                        self.at = start + n + 1;
                        return self.text.get(start..self.at);
                    }
                }
                b'"' | b'{' => return None,
                _ => {}
            }
        }
        None
    }
}

impl<'de> Deserializer<'de> for &mut Json<'de> {
    type Error = Unread;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unread> {
        match self.peek().ok_or(Unread)? {
            b'{' => self.deeper(b'}', |json| visitor.visit_map(Entries { json, first: true })),
            b'[' => self.deeper(b']', |json| visitor.visit_seq(Entries { json, first: true })),
            b'"' => self.string(visitor),
            b't' => self.word("true").and_then(|()| visitor.visit_bool(true)),
            b'f' => self.word("false").and_then(|()| visitor.visit_bool(false)),
            b'n' => self.word("null").and_then(|()| visitor.visit_unit()),
            _ => self.numeral(visitor),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unread> {
        if self.peek() == Some(b'n') {
            self.word("null")?;
            return visitor.visit_none();
        }
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, name: &'static str, visitor: V) -> Result<V::Value, Unread> {
        match if name == NUMBERS { self.numbers() } else { None } {
            Some(text) => visitor.visit_borrowed_str(text),
            None => visitor.visit_newtype_struct(self),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(self, _: &'static str, _: &'static [&'static str], _: V) -> Result<V::Value, Unread> {
        Err(Unread)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple tuple_struct map
        struct identifier ignored_any
    }
}

/// The entries of an array or object after its opening bracket.
struct Entries<'j, 'de> {
    json: &'j mut Json<'de>,
    first: bool,
}

impl Entries<'_, '_> {
    /// True where another entry follows; its comma is passed over.
    fn more(&mut self, close: u8) -> Result<bool, Unread> {
        match self.json.peek().ok_or(Unread)? {
            byte if byte == close => return Ok(false),
            b',' if !self.first => {
                self.json.at += 1;
                if self.json.peek() == Some(close) {
                    return Err(Unread);
                }
            }
            _ if self.first => {}
            _ => return Err(Unread),
        }
        self.first = false;
        Ok(true)
    }
}

impl<'de> SeqAccess<'de> for Entries<'_, 'de> {
    type Error = Unread;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Unread> {
        if self.more(b']')? { seed.deserialize(&mut *self.json).map(Some) } else { Ok(None) }
    }
}

impl<'de> MapAccess<'de> for Entries<'_, 'de> {
    type Error = Unread;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Unread> {
        if !self.more(b'}')? {
            return Ok(None);
        }
        if self.json.peek() != Some(b'"') {
            return Err(Unread);
        }
        seed.deserialize(&mut *self.json).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Unread> {
        if self.json.peek() != Some(b':') {
            return Err(Unread);
        }
        self.json.at += 1;
        seed.deserialize(&mut *self.json)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::Value;

    fn quick(text: &str) -> Option<Value> {
        let mut json = Json { text, at: 0, depth: 0 };
        let value = Value::deserialize(&mut json).ok()?;
        json.peek().is_none().then_some(value)
    }

    #[test]
    fn it_reads_what_serde_json_reads_and_no_more() {
        let texts = [
            "{}", "[]", " [1, 2 ,3 ] ", "{\"a\":{\"b\":[null,true,false]},\"ü\":\"\\u00fc\\n\\\"\"}", "-0", "0", "-0.0", "1e5", "1.5E-3", "18446744073709551615",
            "18446744073709551616", "-9223372036854775808", "-9223372036854775809", "\"\"", "\"a\\\\\"", "[[[[]]]]",
            "", " ", "[1,]", "[,1]", "[1 2]", "{\"a\":1,}", "{\"a\" 1}", "{a:1}", "{1:2}", "01", "-", "1.", ".5", "+1", "1e", "nul", "tru", "\"a", "\"\\x\"",
            "\"\\", "\"\u{1}\"", "[1] 2", "[1}", "{\"a\":1]", "]", "NaN", "1e999", "\"\\ud800\"", "{\"a\":1 \"b\":2}", "[1", "{\"a\"", "{\"a\":",
        ];
        for text in texts {
            assert_eq!(quick(text), serde_json::from_str(text).ok(), "{text:?}");
        }
        let deep = |n: usize| "[".repeat(n) + &"]".repeat(n);
        for n in [120, 127, 128, 129, 100_000] {
            assert_eq!(quick(&deep(n)).is_some(), serde_json::from_str::<Value>(&deep(n)).is_ok(), "{n} deep");
        }
    }

    #[test]
    fn errors_are_told_with_their_place() {
        let error = from_slice::<Value>(b"{\"a\":\n [1,,2]}").unwrap_err();
        assert_eq!((error.line(), error.column()), (2, 5));
        assert!(from_slice::<Value>(b"\"\xff\"").is_err());
    }

    proptest! {
        #[test]
        fn any_text_is_read_alike(text in "[\\[\\]{},:\"\\\\0-9.eE+\\- a-fntu]{0,24}") {
            prop_assert_eq!(quick(&text).is_some(), serde_json::from_str::<Value>(&text).is_ok());
        }

        #[test]
        fn numbers_keep_their_bits(number: f64) {
            if number.is_finite() {
                let value = quick(&format!("{number:?}")).and_then(|v| v.as_f64());
                prop_assert_eq!(value.map(f64::to_bits), Some(number.to_bits()));
            }
        }
    }
}
