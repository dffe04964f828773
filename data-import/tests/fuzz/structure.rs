//! Damage that knows a format's build: what is broken is a count, a reference, an element or a cell, and the rest stays whole,
//! so that the damage gets past the first check of a reader.

use super::mutate::{Dice, NUMBERS, WORDS};
use serde_json::Value;
use std::io::Read;
use std::path::Path;

/// Most bytes that a packed file may unfold to here.
const UNPACKED: u64 = 8 << 20;

/// A copy with a damaged structure; `None` where the file has none that is known.
pub fn damage(name: &Path, bytes: &[u8], dice: &mut Dice) -> Option<Vec<u8>> {
    let ending = name.extension().map(|e| e.to_string_lossy().to_lowercase()).unwrap_or_default();
    let mut out = bytes.to_vec();
    match bytes {
        [0x1f, 0x8b, ..] => {
            let mut inner = Vec::new();
            flate2::read::MultiGzDecoder::new(bytes).take(UNPACKED).read_to_end(&mut inner).ok()?;
            let stem = Path::new(name.file_stem()?).to_path_buf();
            let inner = damage(&stem, &inner, dice).unwrap_or_else(|| super::mutate::damage(&inner, bytes, dice));
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            std::io::Write::write_all(&mut encoder, &inner).ok()?;
            return encoder.finish().ok();
        }
        [b'S', b'Q', b'L', b'i', b't', b'e', ..] => return database(bytes, dice),
        [b'I', b'I', 42, 0, ..] => times(dice, |dice| directory(&mut out, dice)),
        [b'P', b'A', b'R', b'1', ..] => footer(&mut out, dice),
        [b'f', b'g', b'b', 3, ..] => times(dice, |dice| words(&mut out, 4, dice)),
        _ if ending == "shp" => times(dice, |dice| record(&mut out, dice)),
        _ if ending == "dbf" => times(dice, |dice| table_header(&mut out, dice)),
        _ => return text(bytes, dice),
    }
    Some(out)
}

fn times(dice: &mut Dice, mut once: impl FnMut(&mut Dice)) {
    for _ in 0..1 + dice.below(3) {
        once(dice);
    }
}

// Binary files.

/// A number that readers multiply or reserve by, or one beside what stood there.
fn odd(now: u32, all: usize, dice: &mut Dice) -> u32 {
    let near = [now.wrapping_add(1), now.wrapping_sub(1), now.wrapping_mul(2), now / 2, now ^ 0x8000_0000, now.swap_bytes()];
    let far = [0, 1, 2, 0xffff, 0x1_0000, 0x7fff_ffff, 0x8000_0000, u32::MAX, all as u32, (all as u32).wrapping_add(4), all as u32 / 2];
    if dice.below(2) == 0 { near[dice.below(near.len())] } else { far[dice.below(far.len())] }
}

fn put_u32(out: &mut [u8], at: usize, value: u32) {
    if let Some(place) = out.get_mut(at..at + 4) {
        place.copy_from_slice(&value.to_le_bytes());
    }
}

fn get_u32(out: &[u8], at: usize) -> u32 {
    out.get(at..at + 4).and_then(|b| b.try_into().ok()).map_or(0, u32::from_le_bytes)
}

/// Puts another number over one of four bytes that lies on a multiple of `step`, or over one of eight.
fn words(out: &mut [u8], step: usize, dice: &mut Dice) {
    let at = dice.below(out.len() / step) * step;
    if dice.below(4) == 0 {
        number(out, at, dice);
    } else {
        let value = odd(get_u32(out, at), out.len(), dice);
        put_u32(out, at, value);
    }
}

/// Puts a position that is none.
fn number(out: &mut [u8], at: usize, dice: &mut Dice) {
    let value = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::MAX, f64::MIN_POSITIVE, -0.0, 1e19, 181.0][dice.below(8)];
    if let Some(place) = out.get_mut(at..at + 8) {
        place.copy_from_slice(&value.to_le_bytes());
    }
}

/// Changes tag, type, count or value of an entry of a TIFF's first directory.
fn directory(out: &mut [u8], dice: &mut Dice) {
    let at = get_u32(out, 4) as usize;
    let count = out.get(at..at + 2).map_or(0, |b| usize::from(u16::from_le_bytes([b[0], b[1]])));
    let entry = at + 2 + 12 * dice.below(count);
    match dice.below(8) {
        0 => put_u32(out, at, odd(count as u32, out.len(), dice)),
        1 => {
            let kind = dice.below(20) as u8;
            out.get_mut(entry + 2).into_iter().for_each(|b| *b = kind);
        }
        2 | 3 => put_u32(out, entry + 4, odd(get_u32(out, entry + 4), out.len(), dice)),
        4..=6 => put_u32(out, entry + 8, odd(get_u32(out, entry + 8), out.len(), dice)),
        // What the entry points to.
        _ => {
            let to = get_u32(out, entry + 8) as usize;
            let inside = to.saturating_add(4 * dice.below(4));
            put_u32(out, inside, odd(get_u32(out, inside), out.len(), dice));
        }
    }
}

/// Changes bytes of a Parquet file's description, which stands at its end, or of the heads of its pages.
fn footer(out: &mut [u8], dice: &mut Dice) {
    let end = out.len().saturating_sub(8);
    let from = end.saturating_sub(get_u32(out, end) as usize);
    for _ in 0..1 + dice.below(4) {
        let at = if dice.below(4) > 0 { from + dice.below(end - from) } else { dice.below(from) };
        if let Some(byte) = out.get_mut(at) {
            *byte = match dice.below(4) {
                0 => byte.wrapping_add(2),
                1 => byte.wrapping_sub(2),
                2 => 0x7f,
                _ => dice.roll() as u8,
            };
        }
    }
}

/// Changes the head of a record of a Shapefile, its counts, or a position.
fn record(out: &mut [u8], dice: &mut Dice) {
    let mut starts = Vec::new();
    let mut at = 100usize;
    while at + 8 <= out.len() && starts.len() < 1000 {
        starts.push(at);
        let length = u32::from_be_bytes([out[at + 4], out[at + 5], out[at + 6], out[at + 7]]) as usize;
        at = at.saturating_add(8).saturating_add(length.saturating_mul(2));
    }
    let Some(&at) = starts.get(dice.below(starts.len())) else { return };
    match dice.below(6) {
        0 => {
            let value = odd(u32::from_be_bytes([out[at + 4], out[at + 5], out[at + 6], out[at + 7]]), out.len(), dice);
            out[at + 4..at + 8].copy_from_slice(&value.to_be_bytes());
        }
        1 => put_u32(out, at + 8, [0, 1, 3, 5, 8, 11, 13, 15, 18, 21, 23, 25, 28, 31, 99][dice.below(15)]),
        2 | 3 => {
            let field = at + 44 + 4 * dice.below(6);
            put_u32(out, field, odd(get_u32(out, field), out.len(), dice));
        }
        _ => number(out, at + 12 + 4 * dice.below(40), dice),
    }
}

/// Changes the counts of a dBASE table, or a column's type and width.
fn table_header(out: &mut [u8], dice: &mut Dice) {
    match dice.below(4) {
        0 => put_u32(out, 4, odd(get_u32(out, 4), out.len(), dice)),
        1 => put_u32(out, 8, odd(get_u32(out, 8), out.len(), dice)),
        _ => {
            let column = 32 + 32 * dice.below(5);
            let (at, value) = if dice.below(2) == 0 { (column + 11, b"CNFDLIBOYTM@+0GP\0x"[dice.below(18)]) } else { (column + 16 + dice.below(2), [0, 1, 8, 255][dice.below(4)]) };
            out.get_mut(at).into_iter().for_each(|b| *b = value);
        }
    }
}

/// Runs statements that a careless or hostile program might have run on an SQLite file.
fn database(bytes: &[u8], dice: &mut Dice) -> Option<Vec<u8>> {
    let file = tempfile::NamedTempFile::new().ok()?;
    std::fs::write(file.path(), bytes).ok()?;
    let conn = rusqlite::Connection::open(file.path()).ok()?;
    let tables: Vec<String> = {
        let mut statement = conn.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name").ok()?;
        statement.query_map([], |row| row.get(0)).ok()?.flatten().collect()
    };
    for _ in 0..1 + dice.below(4) {
        let table = tables.get(dice.below(tables.len()))?;
        let columns: Vec<String> = {
            let mut statement = conn.prepare("SELECT name FROM pragma_table_info(?1)").ok()?;
            statement.query_map([table], |row| row.get(0)).ok()?.flatten().collect()
        };
        let column = columns.get(dice.below(columns.len())).cloned().unwrap_or_default();
        let (table, column) = (table.replace('"', "\"\""), column.replace('"', "\"\""));
        let cut = dice.below(60);
        let values = [
            "NULL".to_owned(), "-1".into(), "9223372036854775807".into(), "1e308".into(), "''".into(), "x''".into(), "zeroblob(100000)".into(), format!("substr(\"{column}\", 1, {cut})"),
            format!("\"{column}\" || \"{column}\""), "x'47500001e610000001070000000200000001070000000200000001'".into(), "x'475000010000000000000000000000000000'".into(),
            "x'47500001e6100000010600000000ffffffff'".into(), "'../../../etc/passwd'".into(), "'\u{0}x'".into(), "'PROJCS[\"x\"'".into(), "'features'".into(), "'2d-gridded-coverage'".into(), "4326".into(),
        ];
        let value = &values[dice.below(values.len())];
        let statement = match dice.below(10) {
            0 => format!("DROP TABLE \"{table}\""),
            1 => format!("DELETE FROM \"{table}\""),
            2 => format!("INSERT INTO \"{table}\" SELECT * FROM \"{table}\""),
            3 => format!("ALTER TABLE \"{table}\" RENAME COLUMN \"{column}\" TO \"x\"\"{column}\""),
            4 => format!("ALTER TABLE \"{table}\" ADD COLUMN \"geom geometry\" TEXT DEFAULT {value}"),
            _ => format!("UPDATE \"{table}\" SET \"{column}\" = {value}"),
        };
        // Some do not fit the table; that is no damage then.
        let _ = conn.execute_batch(&statement);
    }
    drop(conn);
    std::fs::read(file.path()).ok()
}

// Text.

fn text(bytes: &[u8], dice: &mut Dice) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(bytes).ok()?;
    if let Ok(mut value) = serde_json::from_str::<Value>(text) {
        times(dice, |dice| json(&mut value, dice));
        return Some(value.to_string().into_bytes());
    }
    let mut out = text.to_owned();
    let is_xml = text.trim_start_matches('\u{feff}').trim_start().starts_with('<');
    for _ in 0..1 + dice.below(4) {
        out = if is_xml { xml(&out, dice) } else { lines(&out, dice) };
    }
    Some(out.into_bytes())
}

fn count(value: &Value) -> usize {
    1 + match value {
        Value::Array(list) => list.iter().map(count).sum(),
        Value::Object(map) => map.values().map(count).sum(),
        _ => 0,
    }
}

/// The n-th value, counted from the outermost.
fn nth<'v>(value: &'v mut Value, n: &mut usize) -> Option<&'v mut Value> {
    if *n == 0 {
        return Some(value);
    }
    *n -= 1;
    match value {
        Value::Array(list) => list.iter_mut().find_map(|v| nth(v, n)),
        Value::Object(map) => map.values_mut().find_map(|v| nth(v, n)),
        _ => None,
    }
}

/// Changes one value of a document: by another of it, by a number, by nothing, or by many of itself.
fn json(root: &mut Value, dice: &mut Dice) {
    let all = count(root);
    let other = nth(root, &mut dice.below(all)).cloned().unwrap_or(Value::Null);
    let Some(place) = nth(root, &mut dice.below(all)) else { return };
    match (dice.below(9), &mut *place) {
        (0, Value::Array(list)) if !list.is_empty() => drop(list.remove(dice.below(list.len()))),
        (0, Value::Object(map)) if !map.is_empty() => {
            let key = map.keys().nth(dice.below(map.len())).cloned().unwrap_or_default();
            map.remove(&key);
        }
        (1, Value::Array(list)) => {
            let twice = list.clone();
            (0..1 + dice.below(30)).for_each(|_| list.extend(twice.iter().take(50).cloned()));
        }
        (1, Value::Object(map)) if !map.is_empty() => {
            let key = map.keys().nth(dice.below(map.len())).cloned().unwrap_or_default();
            let value = map.remove(&key).unwrap_or_default();
            map.insert((*dice.pick(&WORDS)).to_owned(), value);
        }
        (2, Value::Array(list)) => list.reverse(),
        (2 | 3, _) => *place = dice.pick(&NUMBERS).parse().map_or(Value::Null, |n: f64| serde_json::Number::from_f64(n).map_or(Value::Null, Value::Number)),
        (4, _) => *place = Value::String((*dice.pick(&WORDS)).to_owned()),
        (5, _) => (0..1 + dice.below(60)).for_each(|_| *place = Value::Array(vec![place.take()])),
        (6, _) => *place = Value::from([i64::MIN, i64::MAX, -1, 0, 1 << 33][dice.below(5)]),
        _ => *place = other,
    }
}

/// Deletes, doubles or moves an element, or gives an attribute or a text the value of another.
fn xml(text: &str, dice: &mut Dice) -> String {
    if dice.below(2) == 0 {
        return values(text, dice);
    }
    let elements = elements(text);
    if elements.is_empty() {
        return text.to_owned();
    }
    let (a, b) = elements[dice.below(elements.len())];
    let (to, end) = elements[dice.below(elements.len())];
    let element = &text[a..b];
    match dice.below(4) {
        0 => format!("{}{}", &text[..a], &text[b..]),
        1 => {
            let times = (1 + dice.below(200)).min(1 + (1 << 20) / element.len().max(1));
            format!("{}{}{}", &text[..b], element.repeat(times), &text[b..])
        }
        2 => format!("{}{element}{}", &text[..to], &text[to..]),
        _ => format!("{}{element}{}", &text[..to], &text[end..]),
    }
}

/// Where elements begin and end, the ones that end.
fn elements(text: &str) -> Vec<(usize, usize)> {
    let (mut open, mut found) = (Vec::new(), Vec::new());
    let mut at = 0;
    while let Some(start) = text[at..].find('<').map(|i| i + at) {
        let Some(end) = text[start..].find('>').map(|i| i + start + 1) else { break };
        match &text[start..end] {
            tag if tag.starts_with("</") => found.extend(open.pop().map(|from| (from, end))),
            tag if tag.starts_with("<?") || tag.starts_with("<!") => {}
            tag if tag.ends_with("/>") => found.push((start, end)),
            _ => open.push(start),
        }
        at = end;
    }
    found
}

/// Gives a value, in quotes or between tags, that of another, a number or a word.
fn values(text: &str, dice: &mut Dice) -> String {
    let mut spans: Vec<(usize, usize)> = Vec::new();
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(start) = bytes[at..].iter().position(|b| matches!(b, b'"' | b'>')).map(|i| at + i + 1) {
        let close = if bytes[start - 1] == b'"' { b'"' } else { b'<' };
        let Some(end) = bytes[start..].iter().position(|b| *b == close).map(|i| start + i) else { break };
        if end > start {
            spans.push((start, end));
        }
        at = end + usize::from(close == b'"');
    }
    if spans.is_empty() {
        return text.to_owned();
    }
    let (a, b) = spans[dice.below(spans.len())];
    let (from, to) = spans[dice.below(spans.len())];
    let other = match dice.below(4) {
        0 => dice.pick(&NUMBERS),
        1 => dice.pick(&WORDS),
        _ => &text[from..to],
    };
    // Links are what leads readers in circles: every second value of that kind gets its `#`.
    let mark = if text[a..b].starts_with('#') && !other.starts_with('#') && dice.below(2) == 0 { "#" } else { "" };
    format!("{}{mark}{other}{}", &text[..a], &text[b..])
}

/// Deletes, doubles or exchanges lines, or gives a field of a line the value of another.
fn lines(text: &str, dice: &mut Dice) -> String {
    let mut lines: Vec<String> = text.split_inclusive('\n').map(str::to_owned).collect();
    if lines.is_empty() {
        return String::new();
    }
    let (a, b) = (dice.below(lines.len()), dice.below(lines.len()));
    match dice.below(6) {
        0 => drop(lines.remove(a)),
        1 => {
            let line = lines[a].clone();
            let times = (1 + dice.below(500)).min(1 + (1 << 20) / line.len().max(1));
            lines.splice(b..b, std::iter::repeat_n(line, times));
        }
        2 => lines.swap(a, b),
        _ => {
            let separates = |c: char| c.is_whitespace() || matches!(c, ',' | ';' | '(' | ')' | '/' | '=' | '\'');
            // Where each part begins, and its length.
            let parts = |line: &str| -> Vec<(usize, usize)> {
                line.split(separates).filter(|part| !part.is_empty()).map(|part| (part.as_ptr() as usize - line.as_ptr() as usize, part.len())).collect()
            };
            let (own, others) = (parts(&lines[a]), parts(&lines[b]));
            let (Some((at, length)), Some((from, size))) = (own.get(dice.below(own.len())).copied(), others.get(dice.below(others.len())).copied()) else { return lines.concat() };
            let value = match dice.below(4) {
                0 => (*dice.pick(&NUMBERS)).to_owned(),
                1 => (*dice.pick(&WORDS)).to_owned(),
                _ => lines[b][from..from + size].to_owned(),
            };
            lines[a].replace_range(at..at + length, &value);
        }
    }
    lines.concat()
}
