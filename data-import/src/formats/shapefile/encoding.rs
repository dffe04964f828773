//! Which encoding the texts of a dBASE table have: by the `.cpg` file, by the table's language byte, or by the texts.

use encoding_rs::{BIG5, EUC_KR, Encoding, GB18030, IBM866, SHIFT_JIS, UTF_8, WINDOWS_874, WINDOWS_1250, WINDOWS_1251, WINDOWS_1252, WINDOWS_1253, WINDOWS_1254};

/// The encoding that a `.cpg` file names: `UTF-8`, `GBK`, `936`, `ANSI 936`, `ISO 88591`.
pub fn named(text: &str) -> Option<&'static Encoding> {
    let text = text.trim().trim_start_matches('\u{feff}').to_ascii_lowercase();
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let by_number = match digits.as_str() {
        "65001" => Some(UTF_8),
        "936" | "54936" | "2312" | "18030" => Some(GB18030),
        "950" => Some(BIG5),
        "932" => Some(SHIFT_JIS),
        "949" => Some(EUC_KR),
        "866" => Some(IBM866),
        "874" => Some(WINDOWS_874),
        "1250" => Some(WINDOWS_1250),
        "1251" => Some(WINDOWS_1251),
        "1252" | "88591" => Some(WINDOWS_1252),
        "1253" => Some(WINDOWS_1253),
        "1254" => Some(WINDOWS_1254),
        _ => None,
    };
    // GBK is a part of GB18030, and files that say GBK hold the rest too.
    let gbk_is_more = |e: &'static Encoding| if e == encoding_rs::GBK { GB18030 } else { e };
    Encoding::for_label(text.as_bytes()).map(gbk_is_more).or(by_number)
}

/// The encoding of a table's language byte; `None` where the byte says nothing that can be relied on (0, and 0x57, which
/// programs write for whatever the computer's own encoding was).
pub fn by_language(byte: u8) -> Option<&'static Encoding> {
    match byte {
        0x4d | 0x7a => Some(GB18030),
        0x4f | 0x78 => Some(BIG5),
        0x13 | 0x7b => Some(SHIFT_JIS),
        0x4e | 0x79 => Some(EUC_KR),
        0x26 | 0x65 => Some(IBM866),
        0x7c | 0x50 => Some(WINDOWS_874),
        0xc8 => Some(WINDOWS_1250),
        0xc9 => Some(WINDOWS_1251),
        0xcb => Some(WINDOWS_1253),
        0xca => Some(WINDOWS_1254),
        0x03 => Some(WINDOWS_1252),
        _ => None,
    }
}

/// The encoding of some values, by their bytes alone: UTF-8 where all are that, else GBK where all are that, else Western
/// European. A value may end within a character, as fields are cut at a number of bytes.
pub fn detect<'a>(values: impl Iterator<Item = &'a [u8]>) -> &'static Encoding {
    let (mut utf8, mut gbk) = (true, true);
    for value in values.filter(|v| !v.is_ascii()) {
        utf8 &= std::str::from_utf8(value).err().is_none_or(|e| e.error_len().is_none());
        let whole = |v: &[u8]| GB18030.decode_without_bom_handling_and_without_replacement(v).is_some();
        gbk &= whole(value) || whole(&value[..value.len() - 1]);
    }
    match (utf8, gbk) {
        (true, _) => UTF_8,
        (false, true) => GB18030,
        (false, false) => WINDOWS_1252,
    }
}

/// Decodes a value; a character that the field's end cut off is dropped.
pub fn decode(encoding: &'static Encoding, bytes: &[u8]) -> String {
    let (text, broken) = encoding.decode_without_bom_handling(bytes);
    if broken { text.trim_end_matches('\u{fffd}').to_owned() } else { text.into_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_bytes_and_texts() {
        for (text, expected) in [("UTF-8", UTF_8), ("utf8\r\n", UTF_8), ("GBK", GB18030), ("936", GB18030), ("ANSI 936", GB18030), ("CP936", GB18030), ("ISO 88591", WINDOWS_1252), ("ISO-8859-1", WINDOWS_1252), ("big5", BIG5), ("1251", WINDOWS_1251)] {
            assert_eq!(named(text), Some(expected), "{text}");
        }
        assert_eq!((named("OEM"), by_language(0x57), by_language(0x4d)), (None, None, Some(GB18030)));
        let gbk = GB18030.encode("路灯灯杆").0.into_owned();
        assert_eq!(detect([&gbk[..7], b"abc"].into_iter()), GB18030, "cut in the middle");
        assert_eq!(detect(["路灯".as_bytes(), &"灯杆".as_bytes()[..5]].into_iter()), UTF_8);
        assert_eq!(detect([&b"caf\xe9"[..], b"\xff\xff\xff"].into_iter()), WINDOWS_1252);
        assert_eq!((decode(GB18030, &gbk[..7]), decode(UTF_8, &"灯杆".as_bytes()[..5])), ("路灯灯".into(), "灯".into()));
    }
}
