//! Text files in the encodings that cities have: UTF-8 and UTF-16 by their marks, what an XML prolog declares, GB 18030 and
//! Windows-1252 where nothing says it and UTF-8 is not what it is.
//!
//! Nothing here fails on a wrong byte: it becomes U+FFFD, and whoever asked is told how many and where the first is.

use encoding_rs::{CoderResult, Decoder, Encoding, GB18030, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};
use std::borrow::Cow;
use std::io::{BufRead, Error, ErrorKind, Read};

/// Bytes decoded at a time.
const BLOCK: usize = 64 * 1024;

/// A file's text.
#[derive(Debug)]
pub struct Text<'b> {
    /// The text, without a byte-order mark.
    pub text: Cow<'b, str>,
    /// What it was written in.
    pub encoding: &'static Encoding,
    /// Nothing said so: it was guessed from the bytes.
    pub guessed: bool,
    /// The line of the first byte that means nothing in that encoding.
    pub bad_line: Option<u64>,
}

/// Decodes a whole file: its mark counts, else `stated`, else UTF-8 where it is that, else a guess.
pub fn decode<'b>(bytes: &'b [u8], stated: Option<&'static Encoding>) -> Text<'b> {
    let said = Encoding::for_bom(bytes).map(|(encoding, _)| encoding).or(stated);
    let (encoding, guessed) = match said {
        Some(encoding) => (encoding, false),
        None if std::str::from_utf8(bytes).is_ok() => (UTF_8, false),
        None => (guess(bytes), true),
    };
    let (text, encoding, bad) = encoding.decode(bytes);
    let bad_line = bad.then(|| line_of(&text, text.find('\u{FFFD}').unwrap_or(0)));
    Text { text, encoding, guessed, bad_line }
}

/// What bytes that are no UTF-8 most likely are: Chinese where nearly all of their high bytes come in pairs, else Western European.
pub fn guess(bytes: &[u8]) -> &'static Encoding {
    let (mut pairs, mut single, mut at) = (0usize, 0usize, 0usize);
    while let Some(&byte) = bytes.get(at) {
        let next = bytes.get(at + 1).copied().unwrap_or(0);
        match byte {
            0x81..=0xFE if next >= 0xA1 && next != 0xFF => {
                pairs += 1;
                at += 1;
            }
            0x80.. => single += 1,
            _ => {}
        }
        at += 1;
    }
    if pairs > 3 * single && GB18030.decode_without_bom_handling_and_without_replacement(bytes).is_some() { GB18030 } else { WINDOWS_1252 }
}

/// The number of the line, from 1, in which byte `at` of a text lies. Lines end with LF, CR LF or CR.
pub fn line_of(text: &str, at: usize) -> u64 {
    1 + line_ends(text.as_bytes().get(..at).unwrap_or_default())
}

/// Ends of lines in a piece of text: of LF (with or without CR) where it has any, else of CR alone.
pub fn line_ends(bytes: &[u8]) -> u64 {
    let count = |end: u8| memchr::memchr_iter(end, bytes).count() as u64;
    match count(b'\n') {
        0 => count(b'\r'),
        some => some,
    }
}

/// The lines of a text with any of the three ends, without them.
pub fn lines(text: &str) -> impl Iterator<Item = &str> {
    let only_cr = !text.contains('\n');
    text.split(move |c| c == '\n' || (only_cr && c == '\r'))
}

/// The encoding of XML by its mark or its first bytes, else by its prolog; UTF-8 where neither says more.
pub fn of_xml(head: &[u8]) -> &'static Encoding {
    if let Some((encoding, _)) = Encoding::for_bom(head) {
        return encoding;
    }
    match head {
        [b'<', 0, ..] => return UTF_16LE,
        [0, b'<', ..] => return UTF_16BE,
        _ => {}
    }
    let end = memchr::memmem::find(head, b"?>").unwrap_or(0).min(1024);
    let prolog = head.get(..end).unwrap_or_default();
    let named = || {
        let at = memchr::memmem::find(prolog, b"encoding")? + "encoding".len();
        let rest = prolog.get(at..)?.trim_ascii_start().strip_prefix(b"=")?.trim_ascii_start();
        let (quote, rest) = rest.split_first()?;
        Encoding::for_label(rest.split(|b| b == quote).next()?)
    };
    // A prolog that can be read as bytes is no UTF-16, whatever it says.
    named().filter(|encoding| *encoding != UTF_16LE && *encoding != UTF_16BE).unwrap_or(UTF_8)
}

/// XML as UTF-8, as a stream: what is UTF-8 already passes through untouched, but for its mark.
pub fn xml(mut input: Box<dyn BufRead>) -> std::io::Result<Box<dyn BufRead>> {
    let head = input.fill_buf()?;
    let encoding = of_xml(head);
    if encoding == UTF_8 {
        if head.starts_with(b"\xEF\xBB\xBF") {
            input.consume(3);
        }
        return Ok(input);
    }
    Ok(Box::new(Decoded { input, decoder: encoding.new_decoder_with_bom_removal(), text: vec![0; BLOCK], at: 0, end: 0, done: false }))
}

/// The first bytes of an XML file as UTF-8, as far as they go.
pub fn xml_head(head: &[u8]) -> Cow<'_, [u8]> {
    let encoding = of_xml(head);
    if encoding == UTF_8 {
        return Cow::Borrowed(head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head));
    }
    Cow::Owned(encoding.decode(head).0.into_owned().into_bytes())
}

/// A stream of text in another encoding, as UTF-8.
struct Decoded {
    input: Box<dyn BufRead>,
    decoder: Decoder,
    text: Vec<u8>,
    at: usize,
    end: usize,
    done: bool,
}

impl BufRead for Decoded {
    fn fill_buf(&mut self) -> std::io::Result<&[u8]> {
        while self.at >= self.end && !self.done {
            let bytes = self.input.fill_buf()?;
            let last = bytes.is_empty();
            let (result, read, written, _) = self.decoder.decode_to_utf8(bytes, &mut self.text, last);
            self.input.consume(read);
            (self.at, self.end) = (0, written);
            // A decoder that took the end may not be asked again, even where the end gave a last character.
            self.done = last && result == CoderResult::InputEmpty;
            if !last && read == 0 && written == 0 {
                return Err(Error::new(ErrorKind::InvalidData, "the text does not decode"));
            }
        }
        Ok(self.text.get(self.at..self.end).unwrap_or_default())
    }

    fn consume(&mut self, count: usize) {
        self.at = (self.at + count).min(self.end);
    }
}

impl Read for Decoded {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        read_buffered(self, into)
    }
}

/// Reads from what is buffered: for whoever has `fill_buf` and needs `read`.
pub(crate) fn read_buffered(input: &mut dyn BufRead, into: &mut [u8]) -> std::io::Result<usize> {
    let from = input.fill_buf()?;
    let count = from.len().min(into.len());
    into.iter_mut().zip(from).for_each(|(to, byte)| *to = *byte);
    input.consume(count);
    Ok(count)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn streamed(bytes: &[u8], piece: usize) -> String {
        let input = std::io::BufReader::with_capacity(piece.max(256), std::io::Cursor::new(bytes.to_vec()));
        let mut out = String::new();
        xml(Box::new(input)).unwrap().read_to_string(&mut out).unwrap();
        out
    }

    #[test]
    fn xml_is_read_in_what_it_declares() {
        let text = |name: &str| format!("<?xml version='1.0' encoding=\"{name}\"?>\n<a>横須賀 ü 环湖</a>");
        for name in ["UTF-8", "GB18030", "gbk"] {
            let text = if name == "gbk" { text(name).replace('ü', "u") } else { text(name) };
            let (bytes, _, bad) = Encoding::for_label(name.as_bytes()).unwrap().encode(&text);
            assert!(!bad);
            assert_eq!(streamed(&bytes, 256), text, "{name}");
        }
        let long = format!("<?xml version=\"1.0\" encoding=\"Shift_JIS\"?><a>{}</a>", "建物".repeat(70_000));
        assert_eq!(streamed(&encoding_rs::SHIFT_JIS.encode(&long).0, 1000), long);
        let utf16 = |mark: bool, big: bool| -> Vec<u8> {
            let units = mark.then_some(0xFEFFu16).into_iter().chain("<a>市</a>".encode_utf16());
            units.flat_map(|u| if big { u.to_be_bytes() } else { u.to_le_bytes() }).collect()
        };
        for (mark, big) in [(true, true), (true, false), (false, true), (false, false)] {
            assert_eq!(streamed(&utf16(mark, big), 256), "<a>市</a>");
        }
        assert_eq!(streamed(b"\xEF\xBB\xBF<a/>", 256), "<a/>");
        assert_eq!(streamed(b"<?xml version=\"1.0\" encoding=\"UTF-16\"?><a/>", 256).len(), 43, "says UTF-16 and is not");
        assert_eq!(streamed(b"<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><a>\xFC</a>", 256).chars().nth(46), Some('ü'));
        assert_eq!(streamed(b"", 256), "");
        assert_eq!(streamed(b"\xFF\xFE<\0a\0/\0>\0x", 256), "<a/>\u{FFFD}", "ends within a character");
    }

    #[test]
    fn plain_text_is_guessed_and_wrong_bytes_are_told() {
        let chinese = GB18030.encode("管网;节点 雨水口\nJ1 三号\n").0.into_owned();
        let found = decode(&chinese, None);
        assert_eq!((found.text.as_ref(), found.encoding, found.guessed), ("管网;节点 雨水口\nJ1 三号\n", GB18030, true));
        let western = decode(b"K\xFChl-Stra\xDFe\nCaf\xE9 bar\n", None);
        assert_eq!((western.text.as_ref(), western.encoding), ("Kühl-Straße\nCafé bar\n", WINDOWS_1252));
        let broken = decode(b"a\nb\xFF\nc", Some(UTF_8));
        assert_eq!((broken.text.as_ref(), broken.bad_line), ("a\nb\u{FFFD}\nc", Some(2)));
        assert_eq!(decode("é\r水".as_bytes(), None).encoding, UTF_8);
    }

    #[test]
    fn lines_end_in_three_ways() {
        for text in ["a\nb\nc", "a\r\nb\r\nc", "a\rb\rc"] {
            assert_eq!(lines(text).map(str::trim_end).collect::<Vec<_>>(), ["a", "b", "c"], "{text:?}");
            assert_eq!(line_of(text, text.find('c').unwrap()), 3, "{text:?}");
        }
    }
}
