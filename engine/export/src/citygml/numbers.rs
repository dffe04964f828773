//! Coordinates as text: the document's order of axes, and as many decimals as are real.

/// How positions are written.
#[derive(Clone, Copy, Debug)]
pub struct Positions {
    /// The second coordinate (north, latitude) comes first.
    pub north_first: bool,
    /// Decimals of the two in the plane: 4 for metres (a tenth of a millimetre), 9 for degrees.
    pub plan_decimals: u32,
}

/// Decimals of heights.
const HEIGHT_DECIMALS: u32 = 4;

impl Positions {
    /// Appends one position.
    pub fn put(self, p: [f64; 3], out: &mut String) {
        let [a, b] = if self.north_first { [p[1], p[0]] } else { [p[0], p[1]] };
        number(a, self.plan_decimals, out);
        out.push(' ');
        number(b, self.plan_decimals, out);
        out.push(' ');
        number(p[2], HEIGHT_DECIMALS, out);
    }

    /// What is left of a position in the text: equal for positions that look the same.
    pub fn grain(self, p: [f64; 3]) -> [i64; 3] {
        let at = |value: f64, decimals: u32| (value * 10f64.powi(decimals as i32)).round() as i64;
        [at(p[0], self.plan_decimals), at(p[1], self.plan_decimals), at(p[2], HEIGHT_DECIMALS)]
    }
}

/// Appends a number with at most that many decimals.
pub fn number(value: f64, decimals: u32, out: &mut String) {
    let scale = 10_u64.pow(decimals);
    let scaled = (value * scale as f64).round();
    if scaled.is_nan() || scaled.abs() >= 9e15 {
        out.push_str(&value.to_string());
        return;
    }
    let whole = scaled.abs() as u64;
    if scaled < 0.0 {
        out.push('-');
    }
    let mut digits = [0_u8; 24];
    let mut at = digits.len();
    let (mut rest, mut place) = (whole, 0);
    let mut significant = false;
    while place < decimals || rest > 0 || place == decimals {
        let digit = (rest % 10) as u8;
        rest /= 10;
        if place == decimals && significant {
            at -= 1;
            digits[at] = b'.';
        }
        significant |= digit != 0 || place >= decimals;
        if significant {
            at -= 1;
            digits[at] = b'0' + digit;
        }
        place += 1;
    }
    out.push_str(std::str::from_utf8(&digits[at..]).unwrap_or_default());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short_and_right() {
        for (value, text) in [
            (0.0, "0"),
            (-0.0, "0"),
            (1.0, "1"),
            (10.5, "10.5"),
            (-0.25, "-0.25"),
            (4490655.12345, "4490655.1235"),
            (-0.00001, "0"),
            (100.0, "100"),
            (0.0001, "0.0001"),
            (123456789012.3, "123456789012.3"),
        ] {
            let mut out = String::new();
            number(value, 4, &mut out);
            assert_eq!(out.trim_start_matches('-').parse::<f64>().unwrap(), text.trim_start_matches('-').parse::<f64>().unwrap(), "{value}");
            assert_eq!(out, text, "{value}");
        }
        let mut out = String::new();
        Positions { north_first: true, plan_decimals: 9 }.put([121.5, 30.25, -1.0], &mut out);
        assert_eq!(out, "30.25 121.5 -1");
    }
}
