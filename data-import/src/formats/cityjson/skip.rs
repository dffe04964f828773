//! Passing over a JSON value without reading it, as fast as memory gives its bytes: only brackets and quotes are looked at.

/// Where in a value one stands, from one piece of a file to the next.
#[derive(Debug, Default)]
pub struct Skip {
    /// Brackets that are open.
    depth: u64,
    /// For each of the first braces that are open, the depth within it.
    braces: Vec<u64>,
    quoted: bool,
    escaped: bool,
    /// The value is a number or word, which ends where something else begins.
    bare: bool,
    begun: bool,
}

/// Bytes that are counted at once.
const BLOCK: usize = 64;

/// Braces that are remembered: no value that can be read has more.
const BRACES: usize = 128;

/// Bytes without a quote after which counting pays.
const PATIENCE: usize = 32;

impl Skip {
    /// Goes on through `bytes`; the end of the value in them, if it ends there. At the first call they begin with the value.
    pub fn through(&mut self, bytes: &[u8]) -> Option<usize> {
        if let (false, Some(first)) = (self.begun, bytes.first()) {
            (self.begun, self.bare) = (true, !matches!(first, b'{' | b'[' | b'"'));
        }
        if self.bare {
            return bytes.iter().position(|b| matches!(b, b',' | b']' | b'}' | b':' | b'"' | b'[' | b'{' | b' ' | b'\n' | b'\r' | b'\t'));
        }
        let mut at = 0;
        loop {
            if self.quoted {
                at = self.text(bytes, at)?;
                if self.depth == 0 {
                    return Some(at);
                }
            }
            let mut plain = 0;
            while !self.quoted {
                match *bytes.get(at)? {
                    b'"' => self.quoted = true,
                    b'[' => self.depth += 1,
                    b'{' => {
                        self.depth += 1;
                        if self.braces.len() < BRACES {
                            self.braces.push(self.depth);
                        }
                    }
                    byte @ (b'}' | b']') => {
                        if byte == b'}' && self.braces.last() == Some(&self.depth) {
                            self.braces.pop();
                        }
                        self.depth = self.depth.saturating_sub(1);
                        if self.depth == 0 {
                            return Some(at + 1);
                        }
                    }
                    _ => {}
                }
                at += 1;
                plain += 1;
                if plain >= PATIENCE {
                    plain = 0;
                    at = self.blocks(bytes, at);
                }
            }
        }
    }

    /// Passes over blocks in which nothing but arrays and their numbers stand, and the value cannot end: where a brace is open, it
    /// would have to be closed before.
    fn blocks(&mut self, bytes: &[u8], mut at: usize) -> usize {
        let within = self.braces.last().copied().unwrap_or(0);
        while let Some(block) = bytes.get(at..).and_then(|rest| rest.first_chunk::<BLOCK>()) {
            let count = |of: u8| block.iter().map(|b| u8::from(*b == of)).sum::<u8>();
            // Both braces become one byte.
            let other = block.iter().map(|b| u8::from(*b == b'"') | u8::from(b & 0xf9 == b'{' & 0xf9)).sum::<u8>();
            let (opened, closed) = (u64::from(count(b'[')), u64::from(count(b']')));
            if other > 0 || within == 0 && closed >= self.depth || self.depth + opened < within + closed {
                break;
            }
            self.depth = self.depth + opened - closed;
            at += BLOCK;
        }
        at
    }

    /// To behind the quote that ends a text; `None` where it goes on.
    fn text(&mut self, bytes: &[u8], mut at: usize) -> Option<usize> {
        if std::mem::take(&mut self.escaped) {
            if at >= bytes.len() {
                self.escaped = true;
                return None;
            }
            at += 1;
        }
        loop {
            let rest = bytes.get(at..)?;
            at += memchr::memchr2(b'"', b'\\', rest)? + 1;
            if bytes[at - 1] == b'"' {
                self.quoted = false;
                return Some(at);
            }
            if at == bytes.len() {
                self.escaped = true;
                return None;
            }
            at += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The end of a value that is fed in pieces of so many bytes.
    fn end(text: &[u8], piece: usize) -> Option<usize> {
        let (mut skip, mut at) = (Skip::default(), 0);
        for bytes in text.chunks(piece) {
            match skip.through(bytes) {
                Some(end) => return Some(at + end),
                None => at += bytes.len(),
            }
        }
        None
    }

    #[test]
    fn values_end_where_they_end() {
        let long = format!("[{}[1]]", "[0,1,2,[3]],".repeat(200));
        let deep = format!("{}1{}", "{\"a\":[".repeat(400), "]}".repeat(400));
        let numbers = format!("{{\"a\":[{}[1]],\"b\":{{\"c\":[{}]}},\"d\":2}}", "[[0,1,2],[3]],".repeat(90), "[0,1,2]".repeat(90));
        let texts = format!("{{\"{}\":\"]\\\"\\\\\",\"b\":[\"{{\"]}}", "x".repeat(300));
        for value in ["{}", "[]", "\"\"", "\"a\\\"b\"", "[\"]\"]", "{\"a\":{\"b\":[1,2,{}]}}", "12", "-1.5e3", "true", "null", &long, &texts, &deep, &numbers] {
            for after in [",", "]", " ", "}", "\n"] {
                let text = format!("{value}{after}[\"more\",{{}}]");
                for piece in [1, 2, 3, 7, 64, 65, 10_000] {
                    assert_eq!(end(text.as_bytes(), piece), Some(value.len()), "{value} by {piece}");
                }
            }
            if !value.ends_with(|c: char| c.is_ascii_alphanumeric()) {
                assert_eq!(end(&value.as_bytes()[..value.len() - 1], 5), None, "{value} cut off");
            }
        }
    }

    proptest! {
        #[test]
        fn it_agrees_with_serde_json(value in "[\\[{]([\\[\\]{},:\"\\\\0-9 a]{0,90})", piece in 1usize..80) {
            let mut stream = serde_json::Deserializer::from_str(&value).into_iter::<serde_json::Value>();
            if let Some(Ok(_)) = stream.next() {
                prop_assert_eq!(end(value.as_bytes(), piece), Some(stream.byte_offset()));
            }
        }
    }
}
