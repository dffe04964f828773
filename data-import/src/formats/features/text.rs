//! The encoding of a text file that does not say it: byte order marks, UTF-16 without one, UTF-8, GBK.

use encoding_rs::{Encoding, GB18030, UTF_16BE, UTF_16LE, WINDOWS_1252};
use std::borrow::Cow;

/// A decoded text.
pub struct Decoded<'a> {
    /// The text.
    pub text: Cow<'a, str>,
    /// Characters that no encoding could tell, now U+FFFD.
    pub lost: usize,
}

/// Decodes a file. In this order: byte order mark, zero bytes (UTF-16), UTF-8, GB18030 (which is GBK and more); else each
/// line by itself, as files pasted together from several programs need it.
pub fn decode(bytes: &[u8]) -> Decoded<'_> {
    if let Some((encoding, mark)) = Encoding::for_bom(bytes) {
        return with(encoding, &bytes[mark..]);
    }
    if let Some(encoding) = utf16_without_mark(bytes) {
        return with(encoding, bytes);
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        return Decoded { text: Cow::Borrowed(text), lost: 0 };
    }
    if let Some(text) = GB18030.decode_without_bom_handling_and_without_replacement(bytes) {
        return Decoded { text, lost: 0 };
    }
    let (mut text, mut lost) = (String::with_capacity(bytes.len()), 0);
    for line in bytes.split_inclusive(|b| *b == b'\n') {
        let one = value(line);
        lost += one.lost;
        text.push_str(&one.text);
    }
    Decoded { text: Cow::Owned(text), lost }
}

/// Decodes one value or line whose encoding is not known: UTF-8, GBK, else Western European.
pub fn value(bytes: &[u8]) -> Decoded<'_> {
    if let Ok(text) = std::str::from_utf8(bytes) {
        return Decoded { text: Cow::Borrowed(text), lost: 0 };
    }
    match GB18030.decode_without_bom_handling_and_without_replacement(bytes) {
        Some(text) => Decoded { text, lost: 0 },
        None => with(WINDOWS_1252, bytes),
    }
}

/// Decodes in a known encoding; what is not in it becomes U+FFFD and is counted.
pub fn with<'a>(encoding: &'static Encoding, bytes: &'a [u8]) -> Decoded<'a> {
    let (text, broken) = encoding.decode_without_bom_handling(bytes);
    let lost = if broken { text.chars().filter(|c| *c == '\u{fffd}').count().max(1) } else { 0 };
    Decoded { text, lost }
}

/// A file's beginning, for recognising it: a character cut off at the end does not count against an encoding.
pub fn decode_head(head: &[u8]) -> Cow<'_, str> {
    let whole = match std::str::from_utf8(head) {
        Err(e) if e.error_len().is_none() => &head[..e.valid_up_to()],
        Err(_) if Encoding::for_bom(head).is_none() => head.iter().rposition(|b| *b == b'\n').map_or(head, |end| &head[..end]),
        _ => head,
    };
    decode(whole).text
}

/// True for the beginning of a file in UTF-16 without a mark.
pub fn is_utf16(head: &[u8]) -> bool {
    utf16_without_mark(head).is_some()
}

/// UTF-16 of mostly ASCII text has a zero in every other byte.
fn utf16_without_mark(bytes: &[u8]) -> Option<&'static Encoding> {
    let head = &bytes[..bytes.len().min(4096)];
    let zeros = |first: usize| head.iter().skip(first).step_by(2).filter(|b| **b == 0).count();
    let (even, odd, half) = (zeros(0), zeros(1), head.len() / 2);
    match (even, odd) {
        (0, odd) if odd > half / 2 && half > 0 => Some(UTF_16LE),
        (even, 0) if even > half / 2 && half > 0 => Some(UTF_16BE),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_encoding_is_told() {
        let plain = "名称,经度\n路灯,121.9\n";
        let (gbk, _, _) = GB18030.encode(plain);
        let utf16: Vec<u8> = [0xff, 0xfe].into_iter().chain(plain.encode_utf16().flat_map(u16::to_le_bytes)).collect();
        let bare: Vec<u8> = "lon,lat\n1,2\n".encode_utf16().flat_map(u16::to_be_bytes).collect();
        for bytes in [plain.as_bytes(), &gbk, &utf16] {
            let decoded = decode(bytes);
            assert_eq!((decoded.text.as_ref(), decoded.lost), (plain, 0));
        }
        assert_eq!(decode("\u{feff}a".as_bytes()).text, "a");
        assert_eq!(decode(&bare).text, "lon,lat\n1,2\n");
        // A GBK line and a UTF-8 line in one file, and a byte that is neither.
        let mut mixed = gbk.to_vec();
        mixed.extend("é,\u{10348}\n".as_bytes());
        mixed.extend(b"caf\xe9\n");
        let decoded = decode(&mixed);
        assert!(decoded.text.starts_with(plain) && decoded.text.ends_with("é,\u{10348}\ncafé\n"), "{}", decoded.text);
    }

    #[test]
    fn a_head_may_end_within_a_character() {
        let text = "名称,经度\n路灯,121.9\n路灯";
        for cut in 0..text.len() {
            let head = decode_head(&text.as_bytes()[..cut]);
            assert!(text.starts_with(head.as_ref()), "{cut}: {head}");
        }
        let (gbk, _, _) = GB18030.encode(text);
        assert_eq!(decode_head(&gbk[..gbk.len() - 1]), "名称,经度\n路灯,121.9");
    }
}
