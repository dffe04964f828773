//! Pictures that a file holds as bare pixels, written as PNG: eight bits a channel, with opacity.

use flate2::Compression;
use flate2::write::ZlibEncoder;
use std::io::Write;

/// A PNG of rows of pixels from the top; `None` where the pixels are not as many as the size says.
pub fn png(width: u32, height: u32, rgba: &[u8]) -> Option<Vec<u8>> {
    let row = (width as usize).checked_mul(4).filter(|row| *row > 0)?;
    if height == 0 || row.checked_mul(height as usize)? != rgba.len() {
        return None;
    }
    let mut packed = ZlibEncoder::new(Vec::new(), Compression::default());
    for pixels in rgba.chunks_exact(row) {
        // Each row begins with its filter; 0 is none.
        packed.write_all(&[0]).and_then(|()| packed.write_all(pixels)).ok()?;
    }
    let mut header = Vec::with_capacity(13);
    header.extend(width.to_be_bytes());
    header.extend(height.to_be_bytes());
    header.extend([8, 6, 0, 0, 0]);
    let mut bytes = b"\x89PNG\r\n\x1A\n".to_vec();
    for (kind, content) in [(b"IHDR", header), (b"IDAT", packed.finish().ok()?), (b"IEND", Vec::new())] {
        bytes.extend(u32::try_from(content.len()).ok()?.to_be_bytes());
        let mut sum = flate2::Crc::new();
        sum.update(kind);
        sum.update(&content);
        bytes.extend(kind);
        bytes.extend(content);
        bytes.extend(sum.sum().to_be_bytes());
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::png;
    use std::io::Read;

    #[test]
    fn pixels_come_back() {
        let pixels: Vec<u8> = (0..24).collect();
        let bytes = png(3, 2, &pixels).unwrap();
        assert_eq!(&bytes[..16], b"\x89PNG\r\n\x1A\n\0\0\0\x0DIHDR");
        // The empty IEND with the sum that every PNG ends with.
        assert_eq!(&bytes[bytes.len() - 12..], b"\0\0\0\0IEND\xAE\x42\x60\x82");
        let mut rows = Vec::new();
        flate2::read::ZlibDecoder::new(&bytes[41..]).read_to_end(&mut rows).unwrap();
        assert_eq!((rows[0], &rows[1..13], rows[13], &rows[14..]), (0, &pixels[..12], 0, &pixels[12..]));
        assert!(png(3, 3, &pixels).is_none() && png(0, 0, &[]).is_none() && png(u32::MAX, u32::MAX, &pixels).is_none());
    }
}
