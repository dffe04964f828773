//! Terms: each attribute's path with its value, hashed. What an object says, and what a question asks for ([`crate::filters`]).

use qike_scene::{Attributes, Value};
use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::borrow::Cow;

/// Values in maps in maps are found by their path to this depth.
const DEPTH: usize = 8;
/// Of an object of which the list cannot tell.
pub const ANYTHING: u64 = 0x5bd1_e995_9d1b_54a5;

/// What an object of these attributes can be asked for.
pub fn terms(name: Option<&str>, attributes: &Attributes) -> Vec<u64> {
    let mut out = Vec::with_capacity(attributes.len() + 1);
    out.extend(name.map(|name| text_term("name", name)));
    attributes.iter().for_each(|(key, value)| walk(Path::of(key), value, DEPTH, &mut out));
    out
}

/// The same of attributes as JSON text, of which no values need be made.
pub fn terms_of_text(name: Option<&str>, attributes: &str) -> Vec<u64> {
    let mut out = Vec::with_capacity(16);
    out.extend(name.map(|name| text_term("name", name)));
    let mut scan = Scan { text: attributes.as_bytes(), at: 0 };
    if scan.object(&mut out).is_some() {
        return out;
    }
    out.clear();
    out.extend(name.map(|name| text_term("name", name)));
    let whole = Said { path: None, depth: DEPTH + 1, listed: false, out: &mut out };
    // Text that is no JSON is found by anything.
    if whole.deserialize(&mut serde_json::Deserializer::from_str(attributes)).is_err() {
        out.push(ANYTHING);
    }
    out
}

fn walk(path: Path, value: &Value, depth: usize, out: &mut Vec<u64>) {
    match value {
        Value::String(text) => out.push(path.text(text)),
        Value::Number(number) => out.extend(number.as_f64().map(|n| path.number(n))),
        Value::Bool(flag) => out.push(path.flag(*flag)),
        Value::Null => out.extend(path.null()),
        Value::Array(items) if depth > 0 => items.iter().filter(|i| !i.is_object()).for_each(|item| walk(path, item, depth - 1, out)),
        Value::Object(map) if depth > 0 => map.iter().for_each(|(key, value)| walk(path.below(key), value, depth - 1, out)),
        // Deeper than lists go: such an object is found by anything.
        _ => out.push(ANYTHING),
    }
}

/// What a value in a text says; goes the same way as [`walk`].
struct Said<'o> {
    /// `None` of the whole.
    path: Option<Path>,
    depth: usize,
    /// In a list, where maps say nothing.
    listed: bool,
    out: &'o mut Vec<u64>,
}

impl Said<'_> {
    fn say(self, term: impl FnOnce(Path) -> u64) {
        self.out.push(self.path.map_or(ANYTHING, term));
    }
}

impl<'de> DeserializeSeed<'de> for Said<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Said<'_> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        f.write_str("attributes")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        self.say(|path| path.text(text));
        Ok(())
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<(), E> {
        self.say(|path| path.number(number));
        Ok(())
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<(), E> {
        self.visit_f64(number as f64)
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<(), E> {
        self.visit_f64(number as f64)
    }

    fn visit_bool<E: Error>(self, flag: bool) -> Result<(), E> {
        self.say(|path| path.flag(flag));
        Ok(())
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        match self.path {
            Some(path) => self.out.extend(path.null()),
            None => self.out.push(ANYTHING),
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let Some(depth) = self.depth.checked_sub(1) else {
            self.out.push(ANYTHING);
            while items.next_element::<IgnoredAny>()?.is_some() {}
            return Ok(());
        };
        while items.next_element_seed(Said { path: self.path, depth, listed: true, out: &mut *self.out })?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let depth = match self.depth.checked_sub(1) {
            Some(depth) if !self.listed => depth,
            other => {
                if other.is_none() && !self.listed {
                    self.out.push(ANYTHING);
                }
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                return Ok(());
            }
        };
        while let Some(Key(key)) = map.next_key()? {
            let path = Some(self.path.map_or_else(|| Path::of(&key), |path| path.below(&key)));
            map.next_value_seed(Said { path, depth, listed: false, out: &mut *self.out })?;
        }
        Ok(())
    }
}

/// Reads what most attributes are: texts without escapes, whole numbers, and lists of these, with no space between. Gives nothing for
/// all else, which then is read with more care.
struct Scan<'t> {
    text: &'t [u8],
    at: usize,
}

impl Scan<'_> {
    fn object(&mut self, out: &mut Vec<u64>) -> Option<()> {
        self.take(b'{')?;
        if self.text.get(self.at..) == Some(b"}") {
            return Some(());
        }
        loop {
            let key = self.quoted(Path::START)?;
            self.take(b':')?;
            if self.peek() == Some(b'[') {
                self.at += 1;
                if self.peek() == Some(b']') {
                    self.at += 1;
                } else {
                    loop {
                        out.push(self.value(key)?);
                        if !self.goes_on(b']')? {
                            break;
                        }
                    }
                }
            } else {
                out.push(self.value(key)?);
            }
            if !self.goes_on(b'}')? {
                return (self.at == self.text.len()).then_some(());
            }
        }
    }

    fn value(&mut self, path: Path) -> Option<u64> {
        if self.peek()? == b'"' {
            return Some(self.quoted(path.kind(b't'))?.mixed());
        }
        let negative = self.peek() == Some(b'-');
        self.at += usize::from(negative);
        let (begin, mut number) = (self.at, 0i64);
        // Eighteen digits fit.
        while let Some(digit @ b'0'..=b'9') = self.peek()
            && self.at - begin < 18
        {
            number = number * 10 + i64::from(digit - b'0');
            self.at += 1;
        }
        let whole = self.at > begin && matches!(self.peek(), Some(b',' | b']' | b'}'));
        // Nought with a sign is no whole number.
        (whole && !(negative && number == 0)).then(|| path.number(if negative { -number } else { number } as f64))
    }

    /// Hashes a text up to its quote.
    fn quoted(&mut self, path: Path) -> Option<Path> {
        self.take(b'"')?;
        let (rest, mut sum) = (self.text.get(self.at..)?, path);
        for (n, byte) in rest.iter().enumerate() {
            match byte {
                b'"' => {
                    self.at += n + 1;
                    return Some(sum);
                }
                b'\\' => return None,
                byte => sum = sum.with(*byte),
            }
        }
        None
    }

    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn take(&mut self, byte: u8) -> Option<()> {
        (self.peek()? == byte).then(|| self.at += 1)
    }

    /// True after a comma, false after what ends a list or a map.
    fn goes_on(&mut self, end: u8) -> Option<bool> {
        let byte = self.peek()?;
        self.at += 1;
        if byte == b',' { Some(true) } else { (byte == end).then_some(false) }
    }
}

/// A key, where it lies if nothing in it was escaped.
struct Key<'k>(Cow<'k, str>);

impl<'de> Deserialize<'de> for Key<'de> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Text;
        impl<'de> Visitor<'de> for Text {
            type Value = Key<'de>;

            fn expecting(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
                f.write_str("a key")
            }

            fn visit_borrowed_str<E: Error>(self, key: &'de str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Borrowed(key)))
            }

            fn visit_str<E: Error>(self, key: &str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Owned(key.to_owned())))
            }
        }
        from.deserialize_str(Text)
    }
}

/// Objects with that attribute have one of these terms; `None` where lists cannot tell.
pub fn wanted(key: &str, value: &str) -> Option<Vec<u64>> {
    if matches!(key, "lod" | "parent") || value.starts_with('{') {
        return None;
    }
    let number = value.trim().parse().ok().map(|n| number_term(key, n));
    Some([ANYTHING, text_term(key, value)].into_iter().chain(number).collect())
}

fn text_term(path: &str, text: &str) -> u64 {
    Path::of(path).text(text)
}

/// The term of a number.
pub fn number_term(path: &str, number: f64) -> u64 {
    Path::of(path).number(number)
}

/// The hash of a path so far: FNV-1a (Fowler, Noll and Vo).
#[derive(Clone, Copy)]
struct Path(u64);

impl Path {
    const START: Self = Self(0xcbf2_9ce4_8422_2325);

    fn of(key: &str) -> Self {
        Self::START.and(key.as_bytes())
    }

    #[inline]
    fn with(self, byte: u8) -> Self {
        Self((self.0 ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3))
    }

    fn and(self, bytes: &[u8]) -> Self {
        bytes.iter().fold(self, |sum, byte| sum.with(*byte))
    }

    /// Of what a map has under a key.
    fn below(self, key: &str) -> Self {
        self.and(b".").and(key.as_bytes())
    }

    fn text(self, text: &str) -> u64 {
        self.term(b't', text.as_bytes())
    }

    fn number(self, number: f64) -> u64 {
        // Adding nought makes -0 and 0 one.
        self.term(b'n', &(number + 0.0).to_bits().to_le_bytes())
    }

    fn flag(self, flag: bool) -> u64 {
        self.text(if flag { "true" } else { "false" })
    }

    fn null(self) -> [u64; 2] {
        ["", "null"].map(|text| self.text(text))
    }

    /// With what kind of value follows.
    fn kind(self, kind: u8) -> Self {
        self.with(0xff).with(kind)
    }

    fn term(self, kind: u8, value: &[u8]) -> u64 {
        self.kind(kind).and(value).mixed()
    }

    /// With splitmix's last step, so that both halves are good.
    fn mixed(self) -> u64 {
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_and_text_say_the_same() {
        let deep = (0..12).fold(serde_json::json!([1, {"in": 2}]), |inner, n| if n % 2 == 0 { serde_json::json!({ "d": inner, "n": n }) } else { serde_json::json!([inner, n]) });
        let maps = (0..12).fold(serde_json::json!("end"), |inner, n| serde_json::json!({ "d": inner, "n": n }));
        let all = serde_json::json!({
            "a": "x", "n": 3, "big": u64::MAX, "minus": -4, "real": 0.1, "zero": -0.0, "yes": true, "none": null, "list": [1, "two", [3, null, [[4]]], {"no": 1}],
            "k\"ey": {"路": "塔\n", "deep": {"er": false}}, "empty": {}, "nothing": [], "deep": deep, "maps": maps,
        });
        let Value::Object(attributes) = all else { panic!() };
        let text = serde_json::to_string(&attributes).unwrap();
        for name in [None, Some("塔")] {
            assert_eq!(terms(name, &attributes), terms_of_text(name, &text));
        }
        assert!(terms(None, &attributes).contains(&ANYTHING), "what is too deep");
        assert_eq!(terms_of_text(None, "{\"a\":"), [ANYTHING]);
    }

    #[test]
    fn plain_text_is_read_in_one_go_and_says_the_same() {
        let plain = [
            r#"{}"#, r#"{"a":"x"}"#, r#"{"a":"","":"路","n":7,"m":-12,"big":999999999999999999,"zero":0,"list":["a",1,""],"none":[],"one":[-5]}"#,
        ];
        let others = [
            r#"{"a":"x\"y"}"#, r#"{"a\n":"x"}"#, r#"{"n":1.5}"#, r#"{"n":-0}"#, r#"{"n":1e3}"#, r#"{"n":12345678901234567890}"#, r#"{"b":true}"#, r#"{"z":null}"#,
            r#"{"o":{"a":1}}"#, r#"{"l":[[1]]}"#, r#"{"l":[{"a":1}]}"#, r#"{ "a":"x"}"#, r#"{"a":"x"} "#,
        ];
        for (text, is_plain) in plain.iter().map(|t| (t, true)).chain(others.iter().map(|t| (t, false))) {
            let attributes: Attributes = serde_json::from_str(text).unwrap();
            assert_eq!(terms_of_text(Some("n"), text), terms(Some("n"), &attributes), "{text}");
            assert_eq!(Scan { text: text.as_bytes(), at: 0 }.object(&mut vec![]).is_some(), is_plain, "{text}");
        }
        // Cut or altered, it is not taken for plain text of another meaning, and nothing is reached beyond its end.
        let text = plain[2].as_bytes();
        for n in 0..text.len() {
            assert!(Scan { text: &text[..n], at: 0 }.object(&mut vec![]).is_none(), "cut at {n}");
        }
    }

    #[test]
    fn terms_are_what_they_were() {
        // Stores hold them: a change of these would need another version.
        assert_eq!(text_term("name", "塔"), old("name", b't', "塔".as_bytes()));
        assert_eq!(number_term("Pset.n", -0.0), old("Pset.n", b'n', &0f64.to_le_bytes()));
    }

    fn old(path: &str, kind: u8, value: &[u8]) -> u64 {
        let bytes = path.bytes().chain([0xff, kind]).chain(value.iter().copied());
        let sum = bytes.fold(0xcbf2_9ce4_8422_2325u64, |sum, byte| (sum ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3));
        let mixed = (sum ^ sum >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }
}
