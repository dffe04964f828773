//! Pictures that textures show: bytes known by their hash, so that a picture which a thousand walls share is kept once.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

/// The identity of a picture: BLAKE3 of its bytes, cut to 128 bits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ImageId(pub [u8; 16]);

impl ImageId {
    /// Of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        let mut id = [0; 16];
        blake3::Hasher::new().update(bytes).finalize_xof().fill(&mut id);
        Self(id)
    }

    /// From 32 hexadecimal digits.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.as_bytes();
        if digits.len() != 32 {
            return None;
        }
        let mut id = [0; 16];
        for (byte, pair) in id.iter_mut().zip(digits.chunks_exact(2)) {
            let digit = |c: u8| char::from(c).to_digit(16);
            *byte = (digit(pair[0])? << 4 | digit(pair[1])?) as u8;
        }
        Some(Self(id))
    }
}

impl fmt::Display for ImageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for ImageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for ImageId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ImageId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom("an image id has 32 hexadecimal digits"))
    }
}

/// A picture as a file holds it: still compressed.
#[derive(Clone, Debug, PartialEq)]
pub struct Image {
    /// Its identity.
    pub id: ImageId,
    /// The source's name of it, relative to the source: `appearance/wall.jpg`.
    pub name: String,
    /// What kind of picture it is, told by its first bytes: `image/jpeg`.
    pub mime: &'static str,
    /// The file's bytes.
    pub bytes: Vec<u8>,
}

impl Image {
    /// A picture of these bytes; `None` where they are no kind of picture that is known.
    pub fn new(name: impl Into<String>, bytes: Vec<u8>) -> Option<Self> {
        let mime = mime_of(&bytes)?;
        Some(Self { id: ImageId::of(&bytes), name: name.into(), mime, bytes })
    }

    /// The usual ending of the names of such files, without a dot.
    pub fn ending(&self) -> &'static str {
        ending_of(self.mime)
    }
}

/// The kinds that are known: MIME type, ending, and the bytes they begin with.
const KINDS: [(&str, &str, &[u8]); 11] = [
    ("image/jpeg", "jpg", b"\xFF\xD8\xFF"),
    ("image/png", "png", b"\x89PNG\r\n\x1A\n"),
    ("image/tiff", "tif", b"II*\0"),
    ("image/tiff", "tif", b"MM\0*"),
    ("image/gif", "gif", b"GIF8"),
    ("image/bmp", "bmp", b"BM"),
    ("image/jp2", "jp2", b"\0\0\0\x0CjP  \r\n\x87\n"),
    ("image/vnd-ms.dds", "dds", b"DDS "),
    ("image/ktx2", "ktx2", b"\xABKTX 20\xBB\r\n\x1A\n"),
    ("image/x-rgb", "rgb", b"\x01\xDA\x01"),
    ("image/x-rgb", "rgb", b"\x01\xDA\0"),
];

/// What kind of picture begins with these bytes.
pub fn mime_of(bytes: &[u8]) -> Option<&'static str> {
    if bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP") {
        return Some("image/webp");
    }
    KINDS.iter().find(|(.., magic)| bytes.starts_with(magic)).map(|(mime, ..)| *mime)
}

/// The MIME type of that spelling, where it is one of those that pictures get here.
pub fn known_mime(text: &str) -> Option<&'static str> {
    let webp = std::iter::once("image/webp");
    KINDS.iter().map(|(mime, ..)| *mime).chain(webp).find(|mime| *mime == text)
}

/// The usual ending of files of a MIME type.
pub fn ending_of(mime: &str) -> &'static str {
    match KINDS.iter().find(|(known, ..)| *known == mime) {
        Some((_, ending, _)) => ending,
        None if mime == "image/webp" => "webp",
        None => "bin",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_are_known_by_their_first_bytes() {
        let image = Image::new("a/wall.png", b"\x89PNG\r\n\x1A\n....".to_vec()).unwrap();
        assert_eq!((image.mime, image.ending()), ("image/png", "png"));
        assert_eq!(Image::new("b.webp", b"RIFF\x10\0\0\0WEBPVP8 ".to_vec()).unwrap().ending(), "webp");
        assert_eq!(Image::new("x.jpg", b"<html>".to_vec()), None);
        assert_eq!(known_mime("image/webp").zip(known_mime("text/html")), None);
    }

    #[test]
    fn ids_are_written_and_read() {
        let id = ImageId::of(b"abc");
        assert_eq!(ImageId::parse(&id.to_string()), Some(id));
        assert_ne!(id, ImageId::of(b"abd"));
        assert_eq!(ImageId::parse("zz"), None);
        assert_eq!(ImageId::parse(&"é".repeat(16)), None);
    }
}
