//! dBASE tables (`.dbf`), versions III to 7 of the kinds that GIS programs write: the attributes of a Shapefile.

use super::encoding::{self, decode};
use encoding_rs::Encoding;
use qike_scene::{Attributes, Value};
use std::io::{self, BufReader, Read, Seek, SeekFrom};

const HEADER: usize = 32;
const DESCRIPTOR: usize = 32;
/// How much of the records is looked at to tell the encoding, bytes.
const SAMPLE: u64 = 1 << 20;

/// One column.
#[derive(Debug)]
struct Column {
    name: String,
    kind: u8,
    from: usize,
    length: usize,
    decimals: u8,
}

/// A table, read row by row.
#[derive(Debug)]
pub struct Table<R> {
    input: BufReader<R>,
    columns: Vec<Column>,
    encoding: &'static Encoding,
    row: Vec<u8>,
    left: u64,
    /// What is wrong with it, as sentences.
    pub findings: Vec<String>,
}

/// A row.
pub enum Row {
    /// Its fields.
    Fields(Attributes),
    /// Marked as deleted.
    Deleted,
}

/// True for a file that begins as a table does.
pub fn is_dbf(head: &[u8]) -> bool {
    let length = head.get(8..10).map_or(0, |b| usize::from(u16::from_le_bytes([b[0], b[1]])));
    let version = head.first().copied().unwrap_or(0);
    let known = matches!(version, 0x02..=0x05 | 0x30..=0x32 | 0x43 | 0x63 | 0x83 | 0x8b | 0x8e | 0xcb | 0xe5 | 0xf5 | 0xfb);
    known && length > HEADER && head.get(2).is_some_and(|m| *m <= 12) && head.get(3).is_some_and(|d| *d <= 31)
}

fn invalid(reason: impl Into<String>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, reason.into())
}

impl<R: Read + Seek> Table<R> {
    /// Opens a table of `size` bytes; `said` is what the `.cpg` file says of its encoding.
    pub fn open(input: R, size: u64, said: Option<&'static Encoding>) -> io::Result<Self> {
        let mut input = BufReader::with_capacity(256 * 1024, input);
        let mut head = [0; HEADER];
        input.read_exact(&mut head)?;
        let announced = u64::from(u32::from_le_bytes([head[4], head[5], head[6], head[7]]));
        let (header, row) = (usize::from(u16::from_le_bytes([head[8], head[9]])), usize::from(u16::from_le_bytes([head[10], head[11]])));
        if header <= HEADER || row == 0 || header as u64 > size {
            return Err(invalid(format!("the header is broken: it says that it has {header} bytes and each row {row}")));
        }
        let mut descriptors = vec![0; header - HEADER];
        input.read_exact(&mut descriptors)?;
        let raw = raw_columns(&descriptors, row);
        if raw.is_empty() {
            return Err(invalid("the header describes no column"));
        }
        let mut findings = Vec::new();
        let there = size.saturating_sub(header as u64) / row as u64;
        if announced > there {
            findings.push(format!("the table announces {announced} rows, but holds {there}"));
        }
        let mut table = Self { input, columns: vec![], encoding: encoding_rs::UTF_8, row: vec![0; row], left: announced.min(there), findings };
        table.encoding = match said.or_else(|| encoding::by_language(head[29])) {
            Some(encoding) => encoding,
            None => table.detect(&raw, header as u64)?,
        };
        table.columns = named(raw, table.encoding);
        if table.columns.iter().any(|c| matches!(c.kind, b'M' | b'G' | b'P')) {
            table.findings.push("memo columns keep their text in another file, which is not read".into());
        }
        Ok(table)
    }

    /// Tells the encoding by the first rows' texts, and by the columns' names.
    fn detect(&mut self, columns: &[RawColumn], header: u64) -> io::Result<&'static Encoding> {
        let mut sample = Vec::new();
        let bytes = SAMPLE.min(self.left.saturating_mul(self.row.len() as u64));
        self.input.by_ref().take(bytes).read_to_end(&mut sample)?;
        self.input.seek(SeekFrom::Start(header))?;
        let rows = sample.chunks_exact(self.row.len());
        let texts = rows.flat_map(|row| columns.iter().filter(|c| c.kind == b'C').filter_map(|c| row.get(c.from..c.from + c.length)).map(trimmed));
        Ok(encoding::detect(texts.chain(columns.iter().map(|c| c.name.as_slice()))))
    }

    /// The next row, `None` after the last.
    pub fn next(&mut self) -> io::Result<Option<Row>> {
        if self.left == 0 {
            return Ok(None);
        }
        self.left -= 1;
        self.input.read_exact(&mut self.row)?;
        if self.row.first() == Some(&b'*') {
            return Ok(Some(Row::Deleted));
        }
        let value = |c: &Column| self.row.get(c.from..c.from + c.length).map_or(Value::Null, |raw| value(c, raw, self.encoding));
        Ok(Some(Row::Fields(self.columns.iter().map(|c| (c.name.clone(), value(c))).collect())))
    }
}

struct RawColumn {
    name: Vec<u8>,
    kind: u8,
    from: usize,
    length: usize,
    decimals: u8,
}

/// The columns as described, as far as they lie within a row.
fn raw_columns(descriptors: &[u8], row: usize) -> Vec<RawColumn> {
    let mut out = Vec::new();
    let mut from = 1;
    for d in descriptors.chunks_exact(DESCRIPTOR).take_while(|d| d[0] != 0x0d && d[0] != 0) {
        let name = d[..11].split(|b| *b == 0).next().unwrap_or_default().to_vec();
        let length = usize::from(d[16]);
        if from + length > row {
            break;
        }
        out.push(RawColumn { name, kind: d[11].to_ascii_uppercase(), from, length, decimals: d[17] });
        from += length;
    }
    out
}

/// Columns with decoded names; one that comes twice gets a number.
fn named(raw: Vec<RawColumn>, encoding: &'static Encoding) -> Vec<Column> {
    let mut out: Vec<Column> = Vec::with_capacity(raw.len());
    for RawColumn { name, kind, from, length, decimals } in raw {
        let plain = decode(encoding, trimmed(&name));
        let plain = if plain.is_empty() { format!("column_{}", out.len() + 1) } else { plain };
        let taken = |n: &str| out.iter().any(|c| c.name == n);
        let name = if taken(&plain) { (2..).map(|i| format!("{plain}_{i}")).find(|n| !taken(n)).unwrap_or(plain) } else { plain };
        out.push(Column { name, kind, from, length, decimals });
    }
    out
}

fn trimmed(raw: &[u8]) -> &[u8] {
    let end = raw.iter().position(|b| *b == 0).unwrap_or(raw.len());
    raw[..end].trim_ascii()
}

fn value(column: &Column, raw: &[u8], encoding: &'static Encoding) -> Value {
    let text = trimmed(raw);
    match column.kind {
        b'N' | b'F' => number(text, column.decimals),
        b'L' => match text.first() {
            Some(b'T' | b't' | b'Y' | b'y') => Value::Bool(true),
            Some(b'F' | b'f' | b'N' | b'n') => Value::Bool(false),
            _ => Value::Null,
        },
        b'D' => match text {
            [y @ .., m1, m2, d1, d2] if text.len() == 8 && text.iter().all(u8::is_ascii_digit) && text != b"00000000" => {
                let part = |b: &[u8]| String::from_utf8_lossy(b).into_owned();
                Value::String(format!("{}-{}-{}", part(y), part(&[*m1, *m2]), part(&[*d1, *d2])))
            }
            _ => Value::Null,
        },
        b'I' | b'+' => raw.try_into().map_or(Value::Null, |b| Value::from(i32::from_le_bytes(b))),
        b'B' | b'O' if raw.len() == 8 => raw.try_into().map_or(Value::Null, |b| Value::from(f64::from_le_bytes(b))),
        b'Y' => raw.try_into().map_or(Value::Null, |b| Value::from(i64::from_le_bytes(b) as f64 / 10_000.0)),
        b'M' | b'G' | b'P' | b'B' | b'T' | b'@' | b'0' => Value::Null,
        _ if text.is_empty() => Value::Null,
        _ => Value::String(decode(encoding, text)),
    }
}

/// A number written as text; stars stand for one that did not fit, nothing for none.
fn number(text: &[u8], decimals: u8) -> Value {
    let Ok(text) = std::str::from_utf8(text) else { return Value::Null };
    if decimals == 0
        && let Ok(whole) = text.parse::<i64>()
    {
        return Value::from(whole);
    }
    text.parse::<f64>().ok().filter(|n| n.is_finite()).map_or(Value::Null, Value::from)
}
