//! Values as SUMO writes them: times, numbers, lists, shapes, colours.

/// Times beyond this are refused: 300 years, ms.
const MOST_MS: f64 = 1e13;
/// Points of one shape.
const MOST_POINTS: usize = 1 << 20;

/// A finite number.
pub fn number(text: &str) -> Option<f64> {
    text.trim().parse::<f64>().ok().filter(|n| n.is_finite())
}

/// A time in ms: seconds, `h:m:s` or `d:h:m:s`.
pub fn time(text: &str) -> Option<i64> {
    let text = text.trim();
    let seconds = if text.contains(':') {
        let (sign, text) = text.strip_prefix('-').map_or((1.0, text), |rest| (-1.0, rest));
        let mut parts = [0.0; 4];
        let mut count = 0;
        for part in text.split(':') {
            *parts.get_mut(count)? = number(part).filter(|n| *n >= 0.0)?;
            count += 1;
        }
        sign * match (count, parts) {
            (2, [m, s, ..]) => 60.0 * m + s,
            (3, [h, m, s, _]) => 3600.0 * h + 60.0 * m + s,
            (4, [d, h, m, s]) => 86_400.0 * d + 3600.0 * h + 60.0 * m + s,
            _ => return None,
        }
    } else {
        number(text)?
    };
    milliseconds(seconds)
}

/// Seconds to whole milliseconds.
pub fn milliseconds(seconds: f64) -> Option<i64> {
    let ms = (seconds * 1000.0).round();
    (ms.abs() <= MOST_MS).then_some(ms as i64)
}

/// Yes or no.
pub fn boolean(text: &str) -> Option<bool> {
    match text.trim() {
        "1" | "true" | "True" | "TRUE" | "yes" | "Yes" | "on" | "On" | "t" | "x" => Some(true),
        "0" | "false" | "False" | "FALSE" | "no" | "No" | "off" | "Off" | "f" | "-" => Some(false),
        _ => None,
    }
}

/// Words with blanks, commas or semicolons between.
pub fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split([' ', ',', ';', '\t', '\n', '\r']).filter(|word| !word.is_empty())
}

/// Points `x,y` or `x,y,z` with blanks between; `None` where one is no point.
pub fn shape(text: &str) -> Option<Vec<[f64; 3]>> {
    let mut points = Vec::with_capacity((text.len() / 14).min(MOST_POINTS));
    for point in text.split_ascii_whitespace() {
        let mut numbers = point.split(',');
        let (x, y) = (number(numbers.next()?)?, number(numbers.next()?)?);
        let z = match numbers.next() {
            Some(z) => number(z)?,
            None => 0.0,
        };
        if numbers.next().is_some() || points.len() >= MOST_POINTS {
            return None;
        }
        points.push([x, y, z]);
    }
    Some(points)
}

/// A colour: `r,g,b[,a]` of 0 to 1 or 0 to 255, `#rrggbb[aa]`, or a name.
pub fn color(text: &str) -> Option<[u8; 4]> {
    let text = text.trim();
    if let Some(hex) = text.strip_prefix('#') {
        let byte = |at: usize| u8::from_str_radix(hex.get(at..at + 2)?, 16).ok();
        return Some([byte(0)?, byte(2)?, byte(4)?, byte(6).unwrap_or(255)]);
    }
    let named = match text {
        "red" => Some([255, 0, 0]),
        "green" => Some([0, 255, 0]),
        "blue" => Some([0, 0, 255]),
        "yellow" => Some([255, 255, 0]),
        "cyan" => Some([0, 255, 255]),
        "magenta" => Some([255, 0, 255]),
        "orange" => Some([255, 128, 0]),
        "white" => Some([255; 3]),
        "black" => Some([0; 3]),
        "grey" | "gray" => Some([128; 3]),
        _ => None,
    };
    if let Some([r, g, b]) = named {
        return Some([r, g, b, 255]);
    }
    let parts: Vec<f64> = text.split(',').map(number).collect::<Option<_>>()?;
    let (3 | 4) = parts.len() else { return None };
    // Shares of one where all are at most one, else bytes.
    let scale = if parts.iter().all(|p| *p <= 1.0) { 255.0 } else { 1.0 };
    let byte = |at: usize| parts.get(at).map_or(255, |p| (p * scale).round().clamp(0.0, 255.0) as u8);
    Some([byte(0), byte(1), byte(2), byte(3)])
}

/// A position on a lane of that length: from its end where negative.
pub fn along(position: f64, length_m: f64) -> f64 {
    if position < 0.0 { length_m + position } else { position }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_in_all_forms() {
        for (text, ms) in [("3600", 3_600_000), ("3600.5", 3_600_500), ("1:00:00", 3_600_000), ("0:1:00:00", 3_600_000), ("1:02:03:04.5", 93_784_500), (" 0.05 ", 50), ("-1", -1000), ("-0:00:30", -30_000)] {
            assert_eq!(time(text), Some(ms), "{text}");
        }
        for text in ["", "nan", "inf", "1e300", "a", "1:2:3:4:5", "1:-2:3", "1::2"] {
            assert_eq!(time(text), None, "{text}");
        }
    }

    #[test]
    fn shapes_and_colours() {
        assert_eq!(shape("1,2 3.5,-4,5"), Some(vec![[1.0, 2.0, 0.0], [3.5, -4.0, 5.0]]));
        assert_eq!(shape(""), Some(vec![]));
        for text in ["1", "1,nan", "1,2,3,4", "a,b"] {
            assert_eq!(shape(text), None, "{text}");
        }
        assert_eq!(color(".8,.2,.2"), Some([204, 51, 51, 255]));
        assert_eq!(color("0,1,0"), Some([0, 255, 0, 255]));
        assert_eq!(color("0,128,255,10"), Some([0, 128, 255, 10]));
        assert_eq!(color("#ff0080"), Some([255, 0, 128, 255]));
        assert_eq!(color("#äöü"), None);
        assert_eq!(color("red"), Some([255, 0, 0, 255]));
        assert_eq!(color("horse"), None);
    }
}
