//! Tables as text: comma, semicolon, tab or bar between the fields, a header row, any encoding and any line ends.
//!
//! A row with another number of fields than the header is left out with its line, and the rest goes on: what stands in which
//! column of it nobody can know.

use super::text;
use std::io::{BufRead, Chain, Cursor, Read};

/// Most bytes of a row.
const ROW_LIMIT: usize = 256 << 20;
/// Most bytes of the first line, in which the delimiter is looked for.
const HEAD_LIMIT: u64 = 1 << 20;

/// What was read of a text to look at its first line, and the rest.
type Head<R> = Chain<Cursor<Vec<u8>>, R>;

/// A table in memory.
#[derive(Debug, Default)]
pub struct Table {
    /// Names of the columns.
    pub header: Vec<String>,
    /// Line (from 1) and fields of each row, as many as the header has.
    pub rows: Vec<(u64, Vec<String>)>,
    /// Line and reason of each row left out.
    pub bad: Vec<(u64, String)>,
}

/// The delimiter of a table, by its first line: the one that stands there most often outside of quotes.
pub fn delimiter(first: &str) -> u8 {
    let mut counts = [(b'\t', 0), (b';', 0), (b'|', 0), (b',', 0)];
    let mut quoted = false;
    for b in first.bytes() {
        quoted ^= b == b'"';
        if let Some((_, n)) = counts.iter_mut().find(|(d, _)| *d == b && !quoted) {
            *n += 1;
        }
    }
    counts.iter().filter(|(_, n)| *n > 0).max_by_key(|(_, n)| *n).map_or(b',', |(d, _)| *d)
}

/// The names of the columns in the beginning of a table.
pub fn header(head: &str) -> Vec<String> {
    let first = first_line(head);
    let mut reader = csv::ReaderBuilder::new().delimiter(delimiter(first)).has_headers(false).flexible(true).trim(csv::Trim::All).from_reader(first.as_bytes());
    let row = reader.records().next().and_then(Result::ok);
    row.map(|r| r.iter().map(str::to_owned).collect()).unwrap_or_default()
}

fn first_line(text: &str) -> &str {
    text.trim_start_matches(['\r', '\n']).split(['\r', '\n']).next().unwrap_or_default()
}

/// Reads a table in memory; `Err` where it has no header.
pub fn read(bytes: &[u8]) -> Result<Table, String> {
    let decoded = text::decode(bytes);
    let rows = Rows::new(decoded.text.as_bytes())?;
    let mut table = Table { header: rows.header.clone(), ..Default::default() };
    for row in rows {
        match row {
            Ok(row) => table.rows.push(row),
            Err(bad) => table.bad.push(bad),
        }
    }
    Ok(table)
}

/// The rows of a table, one by one: line (from 1) and as many fields as the header has, or line and reason of one left out.
pub struct Rows<R> {
    /// Names of the columns.
    pub header: Vec<String>,
    reader: csv::Reader<Window<Head<R>>>,
    record: csv::StringRecord,
    line_end: u8,
    line: u64,
    ended: bool,
}

/// What the parser was given and has not yet made rows of, so that lines can be counted: the parser's own numbers lag after CRLF
/// and know no CR alone.
struct Window<R> {
    input: R,
    /// Place of the first byte in it.
    from: u64,
    bytes: Vec<u8>,
}

impl<R: Read> Read for Window<R> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        if self.bytes.len() > ROW_LIMIT {
            return Err(std::io::Error::other(format!("a row is longer than {} MiB: is a quote not closed?", ROW_LIMIT >> 20)));
        }
        let n = self.input.read(into)?;
        self.bytes.extend_from_slice(&into[..n]);
        Ok(n)
    }
}

impl<R: BufRead> Rows<R> {
    /// Reads the header of a text; `Err` where there is none.
    pub fn new(mut input: R) -> Result<Self, String> {
        let broken = |e: &dyn std::fmt::Display| format!("broken table: {e}");
        let mut head = Vec::new();
        (&mut input).take(HEAD_LIMIT).read_until(b'\n', &mut head).map_err(|e| broken(&e))?;
        while head.iter().all(|b| matches!(b, b'\r' | b'\n')) && (&mut input).take(HEAD_LIMIT).read_until(b'\n', &mut head).map_err(|e| broken(&e))? > 0 {}
        // Old files end their lines with CR alone, so that this may be the beginning of all of it.
        let line_end = if head.contains(&b'\n') { b'\n' } else { b'\r' };
        let delimiter = delimiter(first_line(&String::from_utf8_lossy(&head)));
        let window = Window { input: Cursor::new(head).chain(input), from: 0, bytes: vec![] };
        let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).flexible(true).trim(csv::Trim::Headers).from_reader(window);
        let mut header: Vec<String> = reader.headers().map_err(|e| broken(&e))?.iter().map(str::to_owned).collect();
        // Some writers end every header with a comma.
        while header.last().is_some_and(String::is_empty) {
            header.pop();
        }
        if header.is_empty() {
            return Err("the table has no header row".into());
        }
        Ok(Self { header, reader, record: csv::StringRecord::new(), line_end, line: 1, ended: false })
    }
}

impl<R: BufRead> Iterator for Rows<R> {
    type Item = Result<(u64, Vec<String>), (u64, String)>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let from = self.reader.position().byte();
        let more = self.reader.read_record(&mut self.record);
        let window = self.reader.get_mut();
        let at = |place: u64| usize::try_from(place.saturating_sub(window.from)).unwrap_or(usize::MAX).min(window.bytes.len());
        let begins = at(from) + window.bytes[at(from)..].iter().take_while(|b| matches!(b, b'\r' | b'\n')).count();
        self.line += window.bytes[..begins].iter().filter(|b| **b == self.line_end).count() as u64;
        window.bytes.drain(..begins);
        window.from += begins as u64;
        match more {
            Ok(false) => {
                self.ended = true;
                None
            }
            Err(error) => {
                self.ended = error.is_io_error();
                Some(Err((self.line, format!("broken row: {error}"))))
            }
            Ok(true) => {
                let (found, wanted) = (self.record.len(), self.header.len());
                let padding = self.record.iter().rev().take(found.saturating_sub(wanted)).all(str::is_empty);
                if found < wanted || !padding {
                    return Some(Err((self.line, format!("the row has {found} fields, the header {wanted}"))));
                }
                Some(Ok((self.line, self.record.iter().take(wanted).map(str::to_owned).collect())))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delimiters_line_ends_and_odd_rows() {
        for (text, delimiter_found) in [("a,b\n1,2\n", b','), ("a;b\r\n1;2\r\n", b';'), ("a\tb\r1\t2\r", b'\t'), ("\n\"a|x,y\"|b\n1|2\n", b'|')] {
            assert_eq!(delimiter(first_line(text)), delimiter_found, "{text}");
            let table = read(text.as_bytes()).unwrap();
            assert_eq!((table.header.len(), table.rows.len(), table.bad.len()), (2, 1, 0), "{text}");
            assert_eq!(table.rows[0].1, ["1", "2"]);
        }
        let table = read(b"a,b\r\n1,2\r\n\r\n3\r\n4,5,\r\n6,7,8\r\n9,\"x\r\ny\"\r\n10,11\r\n").unwrap();
        assert_eq!(table.rows.iter().map(|r| r.0).collect::<Vec<_>>(), [2, 5, 7, 9]);
        assert_eq!(table.bad.iter().map(|r| r.0).collect::<Vec<_>>(), [4, 6]);
        // The same, however few bytes come at a time, and the window moves along.
        let long: String = std::iter::once("a,b\r\n".to_owned()).chain((0..40_000).map(|i| format!("{i},\"x\r\ny\"\r\n"))).collect();
        let mut rows = Rows::new(std::io::BufReader::with_capacity(5, long.as_bytes())).unwrap();
        for i in 0..40_000 {
            assert_eq!(rows.next().unwrap().unwrap(), (2 + 2 * i, vec![i.to_string(), "x\r\ny".into()]));
            assert!(rows.reader.get_ref().bytes.len() < 100_000);
        }
        assert!(rows.next().is_none() && rows.next().is_none());
        let old = read(b"a,b\r1,2\r3\r4,5\r").unwrap();
        assert_eq!((old.rows.iter().map(|r| r.0).collect::<Vec<_>>(), old.bad[0].0), (vec![2, 4], 3));
        assert_eq!(read(b"wkt,\nPOINT\n").unwrap().rows.len(), 1);
        assert_eq!(read(b"\r\n\r\na,b\r\n1,2\r\n").unwrap().rows, [(4, vec!["1".to_owned(), "2".to_owned()])]);
        assert!(read(b"").is_err() && read(b",,\n1,2,3\n").is_err());
    }
}
