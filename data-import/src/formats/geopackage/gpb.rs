//! GeoPackage's binary geometries: a short header before well-known binary (OGC 12-128r18, 2.1.3).

use crate::formats::features::shape::Shape;
use crate::formats::features::wkb;

/// Reads a geometry; `None` where it is marked as empty. `Err` says what is wrong with it.
pub fn parse(blob: &[u8]) -> Result<Option<Shape>, String> {
    let [b'G', b'P', _version, flags, _, _, _, _, rest @ ..] = blob else {
        return Err("the geometry does not begin as a GeoPackage's does".into());
    };
    if flags & 0x20 != 0 {
        return Err("the geometry is of an extended type, which Qike does not read".into());
    }
    let envelope = match (flags >> 1) & 7 {
        0 => 0,
        1 => 32,
        2 | 3 => 48,
        4 => 64,
        other => return Err(format!("the geometry's box is of the unknown kind {other}")),
    };
    let body = rest.get(envelope..).ok_or("the geometry is cut off")?;
    if flags & 0x10 != 0 {
        return Ok(None);
    }
    wkb::parse(body).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_with_and_without_boxes() {
        let mut point = vec![1, 1, 0, 0, 0];
        point.extend(1f64.to_le_bytes());
        point.extend(2f64.to_le_bytes());
        for (flags, envelope) in [(1u8, 0), (3, 32), (5, 48), (9, 64)] {
            let mut blob = vec![b'G', b'P', 0, flags, 0, 0, 0, 0];
            blob.resize(8 + envelope, 0);
            blob.extend(&point);
            assert_eq!(parse(&blob), Ok(Some(Shape::Points(vec![[1.0, 2.0, 0.0]]))), "{flags}");
            for cut in 0..blob.len() {
                assert!(parse(&blob[..cut]).is_err(), "{flags}, {cut}");
            }
        }
        assert_eq!(parse(&[b'G', b'P', 0, 0x11, 0, 0, 0, 0]), Ok(None));
        assert!(parse(&[b'G', b'P', 0, 0x21, 0, 0, 0, 0]).unwrap_err().contains("extended"));
    }
}
