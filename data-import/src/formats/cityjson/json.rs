//! Reading JSON quickly: a reader that is asked for what should come next, over bytes that need not be valid UTF-8 outside of texts.
//!
//! It takes what serde_json takes and no more, and says nothing of what is wrong: who needs to know lets serde_json read the same
//! bytes again and say it, with line and column ([`fault`]). The end of the bytes is an error like any other: who reads a file in
//! pieces adds to the piece and reads again.

use super::maps::Maps;
use super::numbers;
use qike_scene::{Attributes, Value};
use std::borrow::Cow;

/// As deep as serde_json goes.
const DEPTH: u32 = 127;

/// Something is wrong, or cut off.
#[derive(Debug, PartialEq)]
pub struct Unread;

/// What serde_json says is wrong with bytes that [`Json`] did not read.
pub fn fault(bytes: &[u8]) -> serde_json::Error {
    use serde::de::Error;
    serde_json::from_slice::<Value>(bytes).err().unwrap_or_else(|| serde_json::Error::custom("a value that cannot stand here"))
}

/// A key as a text.
pub fn owned(key: &[u8]) -> String {
    String::from_utf8_lossy(key).into_owned()
}

/// A reader and where it stands.
pub struct Json<'t, 'm> {
    bytes: &'t [u8],
    at: usize,
    depth: u32,
    maps: &'m mut Maps,
}

impl<'t, 'm> Json<'t, 'm> {
    /// At the beginning of `bytes`.
    pub fn new(bytes: &'t [u8], maps: &'m mut Maps) -> Self {
        maps.forget_drafts();
        Self { bytes, at: 0, depth: 0, maps }
    }

    /// How many bytes were read.
    pub fn at(&self) -> usize {
        self.at
    }

    /// True where nothing but white space follows.
    pub fn is_over(&mut self) -> bool {
        self.peek().is_none()
    }

    /// The bytes from the next one that is no white space.
    pub fn rest(&mut self) -> &'t [u8] {
        self.peek();
        self.bytes.get(self.at..).unwrap_or_default()
    }

    /// Passes over bytes of [`Json::rest`] that were read by other means.
    pub fn pass_over(&mut self, count: usize) {
        self.at += count;
    }

    /// Stands again where it stood before.
    pub fn go_back(&mut self, at: usize) {
        self.at = at;
    }

    /// The next byte that is no white space.
    pub fn peek(&mut self) -> Option<u8> {
        while let Some(byte) = self.bytes.get(self.at) {
            if !matches!(byte, b' ' | b'\n' | b'\r' | b'\t') {
                return Some(*byte);
            }
            self.at += 1;
        }
        None
    }

    /// Passes over one byte that must come next.
    pub fn expect(&mut self, byte: u8) -> Result<(), Unread> {
        if self.peek() != Some(byte) {
            return Err(Unread);
        }
        self.at += 1;
        Ok(())
    }

    fn word(&mut self, word: &[u8]) -> Result<(), Unread> {
        if !self.bytes.get(self.at..).is_some_and(|rest| rest.starts_with(word)) {
            return Err(Unread);
        }
        self.at += word.len();
        Ok(())
    }

    /// A text, as bytes that are valid UTF-8.
    fn text_bytes(&mut self) -> Result<Cow<'t, [u8]>, Unread> {
        self.expect(b'"')?;
        let rest = self.bytes.get(self.at..).ok_or(Unread)?;
        let (stop, is_ascii) = numbers::text_end(rest).ok_or(Unread)?;
        if rest[stop] == b'"' {
            self.at += stop + 1;
            let text = &rest[..stop];
            return if is_ascii || std::str::from_utf8(text).is_ok() { Ok(Cow::Borrowed(text)) } else { Err(Unread) };
        }
        let mut end = stop;
        while *rest.get(end).ok_or(Unread)? != b'"' {
            end += if rest[end] == b'\\' { 2 } else { 1 };
        }
        let quoted = self.bytes.get(self.at - 1..self.at + end + 1).ok_or(Unread)?;
        self.at += end + 1;
        serde_json::from_slice::<String>(quoted).map(|text| Cow::Owned(text.into_bytes())).map_err(|_| Unread)
    }

    /// A text.
    pub fn string(&mut self) -> Result<Cow<'t, str>, Unread> {
        match self.text_bytes()? {
            Cow::Borrowed(text) => std::str::from_utf8(text).map(Cow::Borrowed).map_err(|_| Unread),
            Cow::Owned(text) => String::from_utf8(text).map(Cow::Owned).map_err(|_| Unread),
        }
    }

    /// Reads an object, if one comes next, key by key: `member` reads the value. Another value is passed over: false. Keys are bytes,
    /// as comparing is nearly all that is done with them; [`owned`] makes texts of them.
    pub fn members(&mut self, mut member: impl FnMut(&mut Self, &[u8]) -> Result<(), Unread>) -> Result<bool, Unread> {
        if self.peek() != Some(b'{') {
            self.pass()?;
            return Ok(false);
        }
        self.entries(b'}', |json| {
            let key = json.text_bytes()?;
            json.expect(b':')?;
            member(json, &key)
        })?;
        Ok(true)
    }

    /// Reads an array, if one comes next, element by element. Another value is passed over: false.
    pub fn elements(&mut self, element: impl FnMut(&mut Self) -> Result<(), Unread>) -> Result<bool, Unread> {
        if self.peek() != Some(b'[') {
            self.pass()?;
            return Ok(false);
        }
        self.entries(b']', element)?;
        Ok(true)
    }

    fn entries(&mut self, close: u8, mut entry: impl FnMut(&mut Self) -> Result<(), Unread>) -> Result<(), Unread> {
        self.at += 1;
        self.depth += 1;
        if self.depth > DEPTH {
            return Err(Unread);
        }
        if self.peek() != Some(close) {
            loop {
                entry(self)?;
                match self.peek() {
                    Some(b',') => self.at += 1,
                    Some(byte) if byte == close => break,
                    _ => return Err(Unread),
                }
            }
        }
        self.at += 1;
        self.depth -= 1;
        Ok(())
    }

    /// Any value.
    pub fn value(&mut self) -> Result<Value, Unread> {
        Ok(match self.peek().ok_or(Unread)? {
            b'"' => Value::String(self.string()?.into_owned()),
            b'{' => Value::Object(self.map()?),
            b'[' => {
                let mut list = Vec::new();
                self.elements(|json| {
                    list.push(json.value()?);
                    Ok(())
                })?;
                Value::Array(list)
            }
            b't' => self.word(b"true").map(|()| Value::Bool(true))?,
            b'f' => self.word(b"false").map(|()| Value::Bool(false))?,
            b'n' => self.word(b"null").map(|()| Value::Null)?,
            _ => {
                let (number, length) = numbers::value(&self.bytes[self.at..]).ok_or(Unread)?;
                self.at += length;
                Value::Number(number)
            }
        })
    }

    /// An object as a map; of a key that is repeated the last value counts, in the place of the first. An error where another value comes.
    pub fn map(&mut self) -> Result<Attributes, Unread> {
        if self.peek() != Some(b'{') {
            return Err(Unread);
        }
        let mut draft = self.maps.begin();
        self.entries(b'}', |json| {
            let key = json.text_bytes()?;
            json.expect(b':')?;
            json.maps.key(&mut draft, &key);
            let value = json.value()?;
            json.maps.value(&mut draft, value);
            Ok(())
        })?;
        Ok(self.maps.finish(draft))
    }

    /// Passes over any value, which must be JSON all the same.
    pub fn pass(&mut self) -> Result<(), Unread> {
        match self.peek().ok_or(Unread)? {
            b'"' => drop(self.text_bytes()?),
            b'{' => drop(self.members(|json, _| json.pass())?),
            b'[' => drop(self.elements(Self::pass)?),
            b't' => self.word(b"true")?,
            b'f' => self.word(b"false")?,
            b'n' => self.word(b"null")?,
            _ => self.at += numbers::value(&self.bytes[self.at..]).ok_or(Unread)?.1,
        }
        Ok(())
    }

    /// Passes over `null`, if it comes next.
    pub fn null(&mut self) -> Result<bool, Unread> {
        if self.peek() != Some(b'n') {
            return Ok(false);
        }
        self.word(b"null").map(|()| true)
    }

    /// Text, or a number written out; empty for the rest.
    pub fn text(&mut self) -> Result<Cow<'t, str>, Unread> {
        match self.peek() {
            Some(b'"') => self.string(),
            Some(b'-' | b'0'..=b'9') => Ok(match self.value()? {
                Value::Number(n) => n.as_i64().map_or_else(|| n.as_f64().unwrap_or(f64::NAN).to_string(), |n| n.to_string()).into(),
                _ => "".into(),
            }),
            _ => self.pass().map(|()| "".into()),
        }
    }

    /// The texts of an array, or the only one; those that are none or empty are left out.
    pub fn texts(&mut self, into: &mut Vec<String>) -> Result<(), Unread> {
        if self.peek() == Some(b'"') {
            into.push(self.string()?.into_owned());
            return Ok(());
        }
        self.elements(|json| {
            let text = json.text()?;
            if !text.is_empty() {
                into.push(text.into_owned());
            }
            Ok(())
        })?;
        Ok(())
    }

    /// A whole number of 32 bits; `None`, and passed over, for the rest.
    pub fn index(&mut self) -> Result<Option<u32>, Unread> {
        if !self.peek().is_some_and(|b| b.is_ascii_digit()) {
            return self.pass().map(|()| None);
        }
        Ok(self.value()?.as_u64().and_then(|n| u32::try_from(n).ok()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn quick(text: &str) -> Option<Value> {
        let mut maps = Maps::default();
        // Twice, so that maps of a known shape are tried too.
        let mut read = || {
            let mut json = Json::new(text.as_bytes(), &mut maps);
            let value = json.value().ok()?;
            json.is_over().then_some(value)
        };
        let (first, second) = (read(), read());
        assert_eq!(first, second, "{text}");
        let mut json = Json::new(text.as_bytes(), &mut maps);
        assert_eq!(json.pass().is_ok() && json.is_over(), first.is_some(), "what is passed over is read as strictly: {text}");
        first
    }

    #[test]
    fn it_reads_what_serde_json_reads_and_no_more() {
        let texts = [
            "{}", "[]", " [1, 2 ,3 ] ", "{\"a\":{\"b\":[null,true,false]},\"ü\":\"\\u00fc\\n\\\"\"}", "-0", "0", "-0.0", "1e5", "1.5E-3", "18446744073709551615",
            "18446744073709551616", "-9223372036854775808", "-9223372036854775809", "\"\"", "\"a\\\\\"", "[[[[]]]]", "{\"a\":1,\"b\":2,\"a\":3}",
            "{\"a\\u0062\":1,\"ab\":2}", "[{\"a\":1,\"b\":2},{\"a\":3,\"b\":4},{\"a\":5},{\"a\":5,\"c\":6},{\"a\":5,\"b\":6,\"c\":7},{\"b\":1}]",
            "", " ", "[1,]", "[,1]", "[1 2]", "{\"a\":1,}", "{\"a\" 1}", "{a:1}", "{1:2}", "01", "-", "1.", ".5", "+1", "1e", "nul", "tru", "\"a", "\"\\x\"",
            "\"\\", "\"\u{1}\"", "[1] 2", "[1}", "{\"a\":1]", "]", "NaN", "1e999", "\"\\ud800\"", "{\"a\":1 \"b\":2}", "[1", "{\"a\"", "{\"a\":", "{,}", "{\"a\":1,,}",
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
    fn maps_of_more_shapes_than_are_remembered_are_whole() {
        let mut maps = Maps::default();
        for n in (0..150).chain(0..150).chain([3, 3, 3]) {
            let text = format!(r#"{{"a":1,"b{n}":{{"c{n}":{{"d":[{{"e":{n}}},{{"e":2,"f{n}":3}}]}},"g":2}},"h{}":3,"i":{{}}}}"#, n % 7);
            let value = Json::new(text.as_bytes(), &mut maps).value();
            assert_eq!(value.ok(), serde_json::from_str(&text).ok(), "{text}");
        }
    }

    #[test]
    fn errors_are_told_with_their_place() {
        let error = fault(b"{\"a\":\n [1,,2]}");
        assert_eq!((error.line(), error.column()), (2, 5));
        let mut maps = Maps::default();
        assert_eq!(Json::new(b"\"\xff\"", &mut maps).value(), Err(Unread));
        assert_eq!(Json::new(b"[1,2\xff]", &mut maps).value(), Err(Unread));
    }

    proptest! {
        #[test]
        fn any_text_is_read_alike(text in "[\\[\\]{},:\"\\\\0-9.eE+\\- a-fntu]{0,24}") {
            prop_assert_eq!(quick(&text), serde_json::from_str::<Value>(&text).ok());
        }

        #[test]
        fn numbers_keep_their_bits(number: f64, short in -99_999_999i64..99_999_999, places in 0usize..9) {
            let decimal = format!("{:.*}", places, short as f64 / 1000.0);
            for text in [format!("{number:?}"), decimal] {
                // serde_json itself is off by the last bit at times.
                if let Some(expected) = text.parse::<f64>().ok().filter(|n| n.is_finite()) {
                    prop_assert_eq!(quick(&text).and_then(|v| v.as_f64()).map(f64::to_bits), Some(expected.to_bits()), "{}", text);
                }
            }
        }

        #[test]
        fn texts_end_where_they_end(text in "[a-zü\\\\\"\u{1}-\u{1f} ]{0,40}") {
            let bytes = text.as_bytes();
            let expected = bytes.iter().position(|b| matches!(b, b'"' | b'\\' | 0..=0x1f)).filter(|at| !matches!(bytes[*at], 0..=0x1f));
            prop_assert_eq!(numbers::text_end(bytes), expected.map(|at| (at, bytes[..at].is_ascii())));
        }
    }
}
