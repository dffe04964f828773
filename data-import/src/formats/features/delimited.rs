//! Tables as text: comma, semicolon, tab or bar between the fields, a header row, any encoding and any line ends.
//!
//! A row with another number of fields than the header is left out with its line, and the rest goes on: what stands in which
//! column of it nobody can know.

use super::text;

/// A table in memory.
#[derive(Debug, Default)]
pub struct Table {
    /// Names of the columns.
    pub header: Vec<String>,
    /// Line (from 1) and fields of each row, as many as the header has.
    pub rows: Vec<(u64, Vec<String>)>,
    /// Line and reason of each row left out.
    pub bad: Vec<(u64, String)>,
    /// Characters that could not be decoded.
    pub lost: usize,
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

/// Reads a table; `Err` where it has no header.
pub fn read(bytes: &[u8]) -> Result<Table, String> {
    let decoded = text::decode(bytes);
    let text = decoded.text.as_ref();
    let mut table = Table { lost: decoded.lost, ..Default::default() };
    let delimiter = delimiter(first_line(text));
    let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).flexible(true).trim(csv::Trim::Headers).from_reader(text.as_bytes());
    table.header = match reader.headers() {
        Ok(header) if !header.is_empty() => header.iter().map(str::to_owned).collect(),
        Ok(_) => return Err("the table has no header row".into()),
        Err(error) => return Err(format!("broken table: {error}")),
    };
    // Some writers end every header with a comma.
    while table.header.last().is_some_and(String::is_empty) {
        table.header.pop();
    }
    if table.header.is_empty() {
        return Err("the table has no header row".into());
    }
    // The parser's own line numbers lag after CRLF and know no CR alone, so lines are counted here.
    let line_end = if text.contains('\n') { b'\n' } else { b'\r' };
    let (mut counted, mut line) = (0usize, 1u64);
    let mut record = csv::StringRecord::new();
    loop {
        let from = usize::try_from(reader.position().byte()).unwrap_or(text.len()).clamp(counted, text.len());
        let more = reader.read_record(&mut record);
        let begins = from + text.as_bytes()[from..].iter().take_while(|b| matches!(b, b'\r' | b'\n')).count();
        line += text.as_bytes()[counted..begins].iter().filter(|b| **b == line_end).count() as u64;
        counted = begins;
        match more {
            Ok(false) => return Ok(table),
            Err(error) => table.bad.push((line, format!("broken row: {error}"))),
            Ok(true) => {
                let extra = record.len().saturating_sub(table.header.len());
                let padding = record.iter().rev().take(extra).all(str::is_empty);
                if record.len() < table.header.len() || !padding {
                    table.bad.push((line, format!("the row has {} fields, the header {}", record.len(), table.header.len())));
                } else {
                    table.rows.push((line, record.iter().take(table.header.len()).map(str::to_owned).collect()));
                }
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
        let old = read(b"a,b\r1,2\r3\r4,5\r").unwrap();
        assert_eq!((old.rows.iter().map(|r| r.0).collect::<Vec<_>>(), old.bad[0].0), (vec![2, 4], 3));
        assert_eq!(read(b"wkt,\nPOINT\n").unwrap().rows.len(), 1);
        assert!(read(b"").is_err() && read(b",,\n1,2,3\n").is_err());
    }
}
