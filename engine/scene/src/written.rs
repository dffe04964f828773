//! Attributes that are JSON text from the start.
//!
//! Most attributes are only written down: made as a map of values, each with texts of its own, they cost an importer of millions of
//! small objects more than all else. Such an importer writes the text at once and gives it beside the object
//! ([`ObjectSink::written`](crate::ObjectSink::written)).

use crate::{Attributes, Value};
use serde_json::json;

/// Attributes as the text of one JSON object, byte for byte as serde_json writes a map of them. Whoever writes sees to it that no key
/// comes twice.
#[derive(Clone, Debug, PartialEq)]
pub struct Written {
    /// UTF-8, as only texts and digits are put there.
    text: Vec<u8>,
}

impl Default for Written {
    fn default() -> Self {
        Self::with_capacity(0)
    }
}

impl Written {
    /// None yet, with room for so many bytes.
    pub fn with_capacity(bytes: usize) -> Self {
        let mut text = Vec::with_capacity(bytes.max(16));
        text.push(b'{');
        Self { text }
    }

    fn key(&mut self, key: &str) {
        if self.text.len() > 1 {
            self.text.push(b',');
        }
        quote(&mut self.text, key);
        self.text.push(b':');
    }

    /// Adds a text.
    pub fn text(&mut self, key: &str, value: &str) {
        self.key(key);
        quote(&mut self.text, value);
    }

    /// Adds any value.
    pub fn value(&mut self, key: &str, value: &Value) {
        self.key(key);
        self.text.extend_from_slice(value.to_string().as_bytes());
    }

    /// Adds a list of texts.
    pub fn texts<'t>(&mut self, key: &str, values: impl Iterator<Item = &'t str>) {
        self.list(key, values, quote);
    }

    /// Adds a list of whole numbers.
    pub fn numbers(&mut self, key: &str, values: impl Iterator<Item = i64>) {
        self.list(key, values, put_number);
    }

    /// Adds a list of texts that each are a beginning and a whole number: `way/7`. The beginnings have nothing to escape.
    pub fn numbered(&mut self, key: &str, values: impl Iterator<Item = (&'static str, i64)>) {
        self.list(key, values, |text, (begin, number)| {
            text.push(b'"');
            text.extend_from_slice(begin.as_bytes());
            put_number(text, number);
            text.push(b'"');
        });
    }

    fn list<T>(&mut self, key: &str, values: impl Iterator<Item = T>, put: impl Fn(&mut Vec<u8>, T)) {
        self.key(key);
        self.text.push(b'[');
        let begin = self.text.len();
        for value in values {
            if self.text.len() > begin {
                self.text.push(b',');
            }
            put(&mut self.text, value);
        }
        self.text.push(b']');
    }

    /// How many bytes there are so far.
    pub fn size(&self) -> usize {
        self.text.len()
    }

    /// The text.
    pub fn into_text(mut self) -> String {
        self.text.push(b'}');
        String::from_utf8(self.text).unwrap_or_default()
    }

    /// The attributes as values.
    pub fn into_attributes(self) -> Attributes {
        // What was written above is JSON.
        serde_json::from_str(&self.into_text()).unwrap_or_default()
    }
}

/// A text as JSON has it.
fn quote(out: &mut Vec<u8>, text: &str) {
    let bytes = text.as_bytes();
    if is_plain(bytes) {
        out.reserve(bytes.len() + 2);
        out.push(b'"');
        out.extend_from_slice(bytes);
        out.push(b'"');
    } else {
        // Rare enough to have it written by who reads it.
        out.extend_from_slice(json!(text).to_string().as_bytes());
    }
}

/// True where nothing needs escaping: neither control characters nor quotes nor backslashes. Eight bytes at a time.
fn is_plain(bytes: &[u8]) -> bool {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    let special = |word: u64| {
        let zero = |w: u64| w.wrapping_sub(ONES) & !w;
        (zero(word ^ (ONES * 0x22)) | zero(word ^ (ONES * 0x5c)) | word.wrapping_sub(ONES * 0x20) & !word) & HIGH
    };
    let (words, rest) = bytes.as_chunks::<8>();
    words.iter().all(|word| special(u64::from_le_bytes(*word)) == 0) && rest.iter().all(|b| *b >= 0x20 && *b != b'"' && *b != b'\\')
}

/// A whole number in decimal digits, two at a time; formatting takes several times as long.
pub fn put_number(out: &mut Vec<u8>, number: i64) {
    let mut digits = [b'0'; 20];
    let (mut at, mut left) = (digits.len(), number.unsigned_abs());
    for pair in digits.rchunks_exact_mut(2) {
        let two = (left % 100) as u8;
        left /= 100;
        pair.copy_from_slice(&[b'0' + two / 10, b'0' + two % 10]);
        at -= 2;
        if left == 0 {
            at += usize::from(two < 10);
            break;
        }
    }
    if number < 0 {
        out.push(b'-');
    }
    out.extend_from_slice(digits.get(at..).unwrap_or_default());
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_kind_of_value_as_serde_writes_it() {
        let mut written = Written::with_capacity(0);
        written.text("name", "路 \"8\" \\ \u{1}\n\u{7f}");
        written.text("k\"ey", "");
        written.value("height", &json!(12.5));
        written.texts("roles", ["", "outer", "a\tb", "longer than eight"].into_iter());
        written.numbers("osm_nodes", [0, -7, i64::MAX, i64::MIN, 12_345_678_901].into_iter());
        written.numbered("members", [("osm:way/", 7), ("osm:node/", -1)].into_iter());
        written.texts("none", std::iter::empty());
        let expected = json!({
            "name": "路 \"8\" \\ \u{1}\n\u{7f}", "k\"ey": "", "height": 12.5, "roles": ["", "outer", "a\tb", "longer than eight"],
            "osm_nodes": [0, -7, i64::MAX, i64::MIN, 12_345_678_901i64], "members": ["osm:way/7", "osm:node/-1"], "none": [],
        });
        assert_eq!(written.clone().into_text(), expected.to_string());
        assert_eq!(Value::Object(written.into_attributes()), expected);
        assert_eq!(Written::default().into_text(), "{}");
    }

    proptest! {
        #[test]
        fn any_text_as_serde_writes_it(key in any::<String>(), value in "(\\PC|[\\x00-\\x7f]){0,40}") {
            let mut written = Written::with_capacity(0);
            written.text(&key, &value);
            prop_assert_eq!(written.into_text(), json!({ key: value }).to_string());
        }
    }
}
