//! Pictures that glTF can hold: JPEG and PNG as they are, WebP by its extension. Others are left out and counted: nothing here decodes
//! pictures.

use crate::ExportError;
use crate::city::City;
use qike_scene::{Image, ImageId};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

/// Longest edge that graphics cards take for sure (WebGL 2 promises 2048; 16384 is what they have).
const MOST_PIXELS: u32 = 16_384;

/// What one has to know of a picture without its bytes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Known {
    /// Size of the file.
    pub bytes: u64,
    /// Some pixels may let through what is behind.
    pub see_through: bool,
}

/// The pictures of a city, looked at once each.
pub struct Album<'a> {
    city: &'a dyn City,
    known: RefCell<BTreeMap<ImageId, Option<Known>>>,
    refused: RefCell<BTreeSet<String>>,
}

impl<'a> Album<'a> {
    /// Nothing looked at yet.
    pub fn new(city: &'a dyn City) -> Self {
        Self { city, known: RefCell::default(), refused: RefCell::default() }
    }

    /// What there is to know of a picture; `None` where it cannot be drawn.
    pub fn look_up(&self, id: ImageId) -> Result<Option<Known>, ExportError> {
        if let Some(known) = self.known.borrow().get(&id) {
            return Ok(*known);
        }
        let known = match self.city.image(id)? {
            None => None,
            Some(image) => match inspect(&image) {
                Ok(known) => Some(known),
                Err(reason) => {
                    self.refused.borrow_mut().insert(format!("'{}': {reason}", image.name));
                    None
                }
            },
        };
        self.known.borrow_mut().insert(id, known);
        Ok(known)
    }

    /// A picture with its bytes.
    pub fn image(&self, id: ImageId) -> Result<Option<Image>, ExportError> {
        self.city.image(id)
    }

    /// The pictures that cannot be drawn, and why.
    pub fn refused(self) -> Vec<String> {
        self.refused.into_inner().into_iter().collect()
    }
}

/// `Err` says why it cannot be drawn: one broken picture would keep a whole tile from being shown.
fn inspect(image: &Image) -> Result<Known, String> {
    let size = match image.mime {
        "image/png" => png(&image.bytes),
        "image/jpeg" => jpeg(&image.bytes).map(|size| (size, false)),
        // The container's own check suffices: its kind and its length.
        "image/webp" => image.bytes.get(4..8).and_then(|n| n.try_into().ok()).filter(|n| u32::from_le_bytes(*n) as usize + 8 <= image.bytes.len()).map(|_| ([1, 1], true)),
        other => return Err(format!("glTF holds no {other}")),
    };
    match size {
        None => Err("the picture is broken".into()),
        Some(([w, h], _)) if w == 0 || h == 0 || w > MOST_PIXELS || h > MOST_PIXELS => Err(format!("{w} × {h} pixels cannot be drawn")),
        Some((_, see_through)) => Ok(Known { bytes: image.bytes.len() as u64, see_through }),
    }
}

fn be32(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(at..at.checked_add(4)?)?.try_into().ok()?))
}

/// Size and transparency of a PNG whose chunks are all there (PNG specification, 5).
fn png(bytes: &[u8]) -> Option<([u32; 2], bool)> {
    let size = [be32(bytes, 16)?, be32(bytes, 20)?];
    let mut see_through = matches!(bytes.get(25)?, 4 | 6);
    let mut at = 8_usize;
    loop {
        let length = be32(bytes, at)? as usize;
        match bytes.get(at.checked_add(4)?..at.checked_add(8)?)? {
            b"tRNS" => see_through = true,
            b"IEND" => return Some((size, see_through)),
            _ => {}
        }
        at = at.checked_add(length)?.checked_add(12)?;
    }
}

/// Size of a JPEG with a frame and a scan after it (ITU T.81, annex B).
fn jpeg(bytes: &[u8]) -> Option<[u32; 2]> {
    let be16 = |at: usize| Some(u32::from(u16::from_be_bytes(bytes.get(at..at.checked_add(2)?)?.try_into().ok()?)));
    let (mut at, mut size) = (2_usize, None);
    loop {
        // Fill bytes may stand before a marker.
        while bytes.get(at)? == &0xFF && bytes.get(at + 1)? == &0xFF {
            at += 1;
        }
        let (0xFF, marker) = (*bytes.get(at)?, *bytes.get(at + 1)?) else { return None };
        match marker {
            0xDA => return size,
            0xD9 => return None,
            0x01 | 0xD0..=0xD8 => at += 2,
            0xC0..=0xCF if !matches!(marker, 0xC4 | 0xC8 | 0xCC) => {
                size = Some([be16(at + 7)?, be16(at + 5)?]);
                at = at.checked_add(2 + be16(at + 2)? as usize)?;
            }
            _ => at = at.checked_add(2 + be16(at + 2)?.max(2) as usize)?,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A PNG of one pixel.
    const PNG: &[u8] = b"\x89PNG\r\n\x1A\n\0\0\0\x0DIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1F\x15\xC4\x89\0\0\0\x0DIDATx\x9Cc\xF8\xCF\xC0\xF0\x1F\0\x05\0\x01\xFF\x56\xC7\x2F\x0D\0\0\0\0IEND\xAEB`\x82";

    #[test]
    fn what_is_whole_is_told_from_what_is_not() {
        assert_eq!(png(PNG), Some(([1, 1], true)));
        let jpg = [&b"\xFF\xD8\xFF\xE0\0\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0"[..], b"\xFF\xFF\xC2\0\x11\x08\0\x20\0\x40\x03\x01\x22\0\x02\x11\x01\x03\x11\x01", b"\xFF\xDA\0\x0C"].concat();
        assert_eq!(jpeg(&jpg), Some([64, 32]));
        for n in 0..PNG.len() - 4 {
            assert_eq!(png(&PNG[..n]), None, "cut at {n}");
        }
        for n in 0..jpg.len() - 2 {
            assert_eq!(jpeg(&jpg[..n]), None, "cut at {n}");
        }
        assert_eq!(jpeg(b"\xFF\xD8\xFF\xE0\0\0\xFF\xE0\0\0"), None);
        let mut long = PNG.to_vec();
        long[8..12].copy_from_slice(&u32::MAX.to_be_bytes());
        assert_eq!(png(&long), None);
        let gif = Image::new("a.gif", b"GIF89a......".to_vec()).unwrap();
        assert!(inspect(&gif).unwrap_err().contains("image/gif"));
    }
}
