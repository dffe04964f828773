//! Numbers and ends of texts in bytes of JSON: what most of the time goes to.

use serde_json::Number;

/// A whole number that is at the beginning of `bytes`, with its length: at most 18 digits, and neither a fraction nor minus nought.
/// `None` for everything else.
pub fn whole(bytes: &[u8]) -> Option<(i64, usize)> {
    let negative = bytes.first() == Some(&b'-');
    let start = usize::from(negative);
    let (mut number, mut at) = (0u64, start);
    while let Some(digit) = bytes.get(at).map(|b| b.wrapping_sub(b'0')).filter(|digit| *digit < 10) {
        number = number.wrapping_mul(10).wrapping_add(u64::from(digit));
        at += 1;
    }
    let digits = at - start;
    let is_plain = (1..=18).contains(&digits) && (digits == 1 || bytes[start] != b'0') && !(negative && number == 0);
    let ends = !matches!(bytes.get(at), Some(b'.' | b'e' | b'E'));
    let number = number as i64;
    (is_plain && ends).then_some((if negative { number.wrapping_neg() } else { number }, at))
}

/// The end of a JSON number at the beginning of `bytes`; `None` where there is none.
fn end(bytes: &[u8]) -> Option<usize> {
    let digits = |from: usize| bytes.get(from..).unwrap_or_default().iter().take_while(|b| b.is_ascii_digit()).count();
    let mut at = usize::from(bytes.first() == Some(&b'-'));
    let whole = digits(at);
    if whole == 0 || whole > 1 && bytes[at] == b'0' {
        return None;
    }
    at += whole;
    if bytes.get(at) == Some(&b'.') {
        let places = digits(at + 1);
        if places == 0 {
            return None;
        }
        at += 1 + places;
    }
    if matches!(bytes.get(at), Some(b'e' | b'E')) {
        at += 1;
        at += usize::from(matches!(bytes.get(at), Some(b'+' | b'-')));
        let power = digits(at);
        if power == 0 {
            return None;
        }
        at += power;
    }
    Some(at)
}

/// Powers of ten that a double holds exactly.
const TENS: [f64; 16] = [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15];

/// A decimal of at most fifteen digits without a power: both it as a whole number and its power of ten are exact, so that their
/// quotient is the nearest double (Clinger 1990).
fn decimal(bytes: &[u8]) -> Option<(f64, usize)> {
    let start = usize::from(bytes.first() == Some(&b'-'));
    let (mut number, mut at, mut places) = (0u64, start, None);
    loop {
        match bytes.get(at) {
            Some(digit @ b'0'..=b'9') if at - start < 16 => number = number * 10 + u64::from(digit - b'0'),
            Some(b'.') if places.is_none() && at > start => places = Some(at + 1),
            Some(b'0'..=b'9' | b'.' | b'e' | b'E') => return None,
            _ => break,
        }
        at += 1;
    }
    let first = places? - 1;
    if first - start > 1 && bytes[start] == b'0' || at <= first + 1 {
        return None;
    }
    let number = number as f64 / TENS.get(at - first - 1)?;
    Some((if start == 1 { -number } else { number }, at))
}

/// A number as a double, with its length; `None` where there is none, or it is beyond all doubles.
pub fn real(bytes: &[u8]) -> Option<(f64, usize)> {
    if let Some((number, length)) = whole(bytes).filter(|(_, length)| *length < 16) {
        return Some((number as f64, length));
    }
    decimal(bytes).or_else(|| {
        let length = end(bytes)?;
        let number: f64 = std::str::from_utf8(&bytes[..length]).ok()?.parse().ok()?;
        number.is_finite().then_some((number, length))
    })
}

/// A number as serde_json has it, with its length.
pub fn value(bytes: &[u8]) -> Option<(Number, usize)> {
    if let Some((number, length)) = whole(bytes) {
        return Some((Number::from(number), length));
    }
    if let Some((number, length)) = decimal(bytes) {
        return Some((Number::from_f64(number)?, length));
    }
    let length = end(bytes)?;
    let text = std::str::from_utf8(&bytes[..length]).ok()?;
    // Minus nought is a fraction, as it is for serde_json.
    if text != "-0" {
        if let Ok(number) = text.parse::<u64>() {
            return Some((number.into(), length));
        }
        if let Ok(number) = text.parse::<i64>() {
            return Some((number.into(), length));
        }
    }
    Some((Number::from_f64(text.parse().ok()?)?, length))
}

/// Where a text ends, or its first escape stands, and whether all before it is ASCII; `None` where neither is there, or a control
/// character comes before.
pub fn text_end(bytes: &[u8]) -> Option<(usize, bool)> {
    const LOW: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    // The lowest byte that is marked is one of those that are looked for; those above it may be marked wrongly.
    let zero = |word: u64| word.wrapping_sub(LOW) & !word & HIGH;
    let (mut at, mut high) = (0, 0);
    while let Some(chunk) = bytes.get(at..).and_then(|rest| rest.first_chunk::<8>()) {
        let word = u64::from_le_bytes(*chunk);
        let control = word.wrapping_sub(LOW * 0x20) & !word & HIGH;
        let found = zero(word ^ (LOW * u64::from(b'"'))) | zero(word ^ (LOW * u64::from(b'\\'))) | control;
        if found != 0 {
            // All bits below the first that is marked.
            high |= word & (found & found.wrapping_neg()).wrapping_sub(1) & HIGH;
            at += (found.trailing_zeros() / 8) as usize;
            return (bytes[at] >= 0x20).then_some((at, high == 0));
        }
        high |= word & HIGH;
        at += 8;
    }
    let rest = bytes.get(at..)?;
    let stop = rest.iter().position(|b| matches!(b, b'"' | b'\\' | 0..=0x1f))?;
    (rest[stop] >= 0x20).then_some((at + stop, high == 0 && rest[..stop].is_ascii()))
}
