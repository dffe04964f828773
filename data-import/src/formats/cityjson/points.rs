//! Vertices: arrays of three numbers, read from their text where there is nothing else among them.

use super::json::{self, NUMBERS};
use serde::Deserialize;
use serde::de::{Deserializer, Error, IgnoredAny, SeqAccess, Visitor};
use std::fmt;

/// An array of points; what is missing or no number in one of them is NaN.
#[derive(Debug, Default)]
pub struct Points(pub Vec<[f64; 3]>);

impl<'de> Deserialize<'de> for Points {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct List;
        impl<'de> Visitor<'de> for List {
            type Value = Points;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an array of [x, y, z]")
            }
            fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Points, E> {
                match Points::of_numbers(text) {
                    Some(points) => Ok(points),
                    None => self.visit_newtype_struct(&mut serde_json::Deserializer::from_str(text)).map_err(E::custom),
                }
            }
            fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<Points, D::Error> {
                deserializer.deserialize_seq(self)
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Points, A::Error> {
                let mut points = Vec::new();
                while let Some(Point(point)) = seq.next_element()? {
                    points.push(point);
                }
                Ok(Points(points))
            }
        }
        deserializer.deserialize_newtype_struct(NUMBERS, List)
    }
}

impl Points {
    /// Reads points of three numbers each; `None` for everything else.
    fn of_numbers(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        let mut at = 0;
        let next = |at: &mut usize| {
            while matches!(bytes.get(*at), Some(b' ' | b'\n' | b'\r' | b'\t')) {
                *at += 1;
            }
            *at += 1;
            bytes.get(*at - 1).copied()
        };
        let mut points = Vec::with_capacity(bytes.len() / 16);
        if next(&mut at)? != b'[' {
            return None;
        }
        loop {
            match next(&mut at)? {
                b'[' => {}
                b']' if points.is_empty() => break,
                _ => return None,
            }
            let mut point = [0.0; 3];
            for axis in 0..3 {
                next(&mut at)?;
                at -= 1;
                let (length, is_whole) = json::number(&bytes[at..])?;
                let number = text.get(at..at + length)?;
                point[axis] = match is_whole && length < 16 && number != "-0" {
                    true => whole(number) as f64,
                    false => number.parse().ok().filter(|n: &f64| n.is_finite())?,
                };
                at += length;
                if next(&mut at)? != if axis < 2 { b',' } else { b']' } {
                    return None;
                }
            }
            points.push(point);
            match next(&mut at)? {
                b',' => {}
                b']' => break,
                _ => return None,
            }
        }
        (at == bytes.len()).then_some(Points(points))
    }
}

/// A whole number of at most fifteen digits.
fn whole(text: &str) -> i64 {
    let digits = text.bytes().filter(u8::is_ascii_digit).fold(0, |sum, digit| sum * 10 + i64::from(digit - b'0'));
    if text.starts_with('-') { -digits } else { digits }
}

struct Point([f64; 3]);

impl<'de> Deserialize<'de> for Point {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct One;
        impl<'de> Visitor<'de> for One {
            type Value = Point;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("[x, y, z]")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Point, A::Error> {
                let mut point = [f64::NAN; 3];
                for axis in &mut point {
                    match seq.next_element::<Option<f64>>()? {
                        Some(number) => *axis = number.unwrap_or(f64::NAN),
                        None => return Ok(Point(point)),
                    }
                }
                while seq.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Point(point))
            }
        }
        deserializer.deserialize_seq(One)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_are_read_alike_either_way() {
        let bits = |points: Points| points.0.iter().flatten().map(|c| c.to_bits()).collect::<Vec<_>>();
        for text in [
            "[]", "[[1,2,3]]", "[[-6029612,-6005794,0],[0.5,1e3,-0]]", " [ [ 1 , 2 , 3 ] , [4,5,6] ] ", "[[1,2]]", "[[1,2,3,4]]", "[[1,null,3]]", "[1]", "[[]]",
            "[[123456789012345,1234567890123456,12345678901234567890]]", "[[1,2,3],]", "[[1,2,3]", "[[01,2,3]]", "[[1,2,3] [4,5,6]]", "[,[1,2,3]]",
        ] {
            let (quick, slow) = (json::from_slice::<Points>(text.as_bytes()), serde_json::from_str::<Points>(text));
            assert_eq!(quick.ok().map(bits), slow.ok().map(bits), "{text}");
        }
    }
}
