//! Vertices: arrays of three numbers.

use super::json::{Json, Unread};
use super::numbers;

/// Positions as written. A file's vertices are whole numbers nearly always, which take half the room.
#[derive(Debug, PartialEq)]
pub enum Points {
    /// All coordinates are whole.
    Whole(Vec<[i32; 3]>),
    /// Some are not, or are very large; what is missing or no number is NaN.
    Real(Vec<[f64; 3]>),
}

impl Default for Points {
    fn default() -> Self {
        Self::Whole(Vec::new())
    }
}

impl Points {
    /// How many there are.
    pub fn len(&self) -> usize {
        match self {
            Self::Whole(points) => points.len(),
            Self::Real(points) => points.len(),
        }
    }

    /// One of them.
    pub fn get(&self, index: usize) -> Option<[f64; 3]> {
        match self {
            Self::Whole(points) => points.get(index).map(|p| p.map(f64::from)),
            Self::Real(points) => points.get(index).copied(),
        }
    }

    /// Forgets all.
    pub fn clear(&mut self) {
        match self {
            Self::Whole(points) => points.clear(),
            Self::Real(_) => *self = Self::default(),
        }
    }

    fn push(&mut self, point: [f64; 3]) {
        match self {
            Self::Real(points) => points.push(point),
            Self::Whole(points) => {
                let whole = point.map(|c| c as i32);
                let same = (0..3).all(|axis| f64::from(whole[axis]).to_bits() == point[axis].to_bits());
                if same {
                    points.push(whole);
                } else {
                    let mut all: Vec<[f64; 3]> = points.iter().map(|p| p.map(f64::from)).collect();
                    all.push(point);
                    *self = Self::Real(all);
                }
            }
        }
    }

    /// Reads an array of points; false where it is none.
    pub fn read(&mut self, json: &mut Json) -> Result<bool, Unread> {
        self.clear();
        json.elements(|json| self.read_one(json))
    }

    /// Reads one point. What is missing in it or no number is NaN.
    pub fn read_one(&mut self, json: &mut Json) -> Result<(), Unread> {
        let rest = json.rest();
        if let Some((point, length)) = whole(rest) {
            json.pass_over(length);
            match self {
                Self::Whole(points) => points.push(point),
                Self::Real(points) => points.push(point.map(f64::from)),
            }
            return Ok(());
        }
        let (mut point, mut axis) = ([f64::NAN; 3], 0);
        json.elements(|json| {
            match numbers::real(json.rest()) {
                Some((number, length)) if axis < 3 => {
                    point[axis] = number;
                    json.pass_over(length);
                }
                _ => json.pass()?,
            }
            axis += 1;
            Ok(())
        })?;
        self.push(point);
        Ok(())
    }
}

/// Three whole numbers of 32 bits at the beginning of `bytes`, without white space between, and the length of their array.
fn whole(bytes: &[u8]) -> Option<([i32; 3], usize)> {
    let (mut point, mut at) = ([0; 3], 0);
    for (axis, before) in [b'[', b',', b','].into_iter().enumerate() {
        if *bytes.get(at)? != before {
            return None;
        }
        let (number, length) = numbers::whole(&bytes[at + 1..])?;
        point[axis] = i32::try_from(number).ok()?;
        at += 1 + length;
    }
    (*bytes.get(at)? == b']').then_some((point, at + 1))
}

#[cfg(test)]
mod tests {
    use super::super::maps::Maps;
    use super::*;

    fn read(text: &str) -> Option<Vec<[f64; 3]>> {
        let (mut points, mut maps) = (Points::default(), Maps::default());
        let mut json = Json::new(text.as_bytes(), &mut maps);
        let is_array = points.read(&mut json).ok()?;
        (is_array && json.is_over()).then(|| (0..points.len()).filter_map(|i| points.get(i)).collect())
    }

    #[test]
    fn points_are_read_in_every_form() {
        let nan = f64::NAN;
        let bits = |points: Vec<[f64; 3]>| points.into_iter().flatten().map(f64::to_bits).collect::<Vec<_>>();
        let table: &[(&str, &[[f64; 3]])] = &[
            ("[]", &[]),
            ("[[1,2,3]]", &[[1.0, 2.0, 3.0]]),
            ("[[-6029612,-6005794,0],[0.5,1e3,-0]]", &[[-6029612.0, -6005794.0, 0.0], [0.5, 1000.0, -0.0]]),
            (" [ [ 1 , 2 , 3 ] , [4,5,6] ] ", &[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]),
            ("[[1,2],[1,2,3,4],[1,null,3],[\"1\",{},[]],[]]", &[[1.0, 2.0, nan], [1.0, 2.0, 3.0], [1.0, nan, 3.0], [nan; 3], [nan; 3]]),
            ("[7,[4,5,6]]", &[[nan; 3], [4.0, 5.0, 6.0]]),
            ("[[123456789012345,1234567890123456,12345678901234567890]]", &[[123456789012345.0, 1234567890123456.0, 12345678901234567890.0]]),
            ("[[2147483647,-2147483648,2147483648]]", &[[2147483647.0, -2147483648.0, 2147483648.0]]),
        ];
        for (text, expected) in table {
            assert_eq!(read(text).map(bits), Some(bits(expected.to_vec())), "{text}");
        }
        for text in ["[[1,2,3],]", "[[1,2,3]", "[[01,2,3]]", "[[1,2,3] [4,5,6]]", "[,[1,2,3]]", "[[1,2,3e]]", "[[1,2,NaN]]", "{}", "null"] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
