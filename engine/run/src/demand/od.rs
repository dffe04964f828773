//! OD tables: trips between zones by slices of time, as CSV with the columns `from,to,start,end,trips` in any order.

use crate::RunError;
use crate::error::TableFault;
use qike_core::SimTime;
use qike_scene::scenario::nearest;
use std::path::Path;

/// Faults of one table that are told before the rest is left unsaid.
const MOST_FAULTS: usize = 20;
const COLUMNS: [&str; 5] = ["from", "to", "start", "end", "trips"];

/// One row.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Row {
    /// Zone or object where trips begin.
    pub(super) from: String,
    /// Zone or object where they end.
    pub(super) to: String,
    /// First departure.
    pub(super) start: SimTime,
    /// Departures end before this.
    pub(super) end: SimTime,
    /// How many, perhaps a fraction.
    pub(super) trips: f64,
    /// Where it stands in the file.
    pub(super) line: u64,
}

/// Reads a table; `name` is how messages call it. Every fault is told, up to twenty.
pub(super) fn read(path: &Path, name: &str) -> Result<Vec<Row>, RunError> {
    let bytes = std::fs::read(path).map_err(RunError::io(path))?;
    // Spreadsheets put a byte order mark before the first column's name.
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).comment(Some(b'#')).from_reader(bytes);
    let fault = |line: u64, message: String| TableFault { file: name.to_owned(), line, message };
    let head = reader.headers().map_err(|e| RunError::Tables(vec![fault(1, e.to_string())]))?.clone();
    let places = columns(&head).map_err(|message| RunError::Tables(vec![fault(1, message)]))?;
    let (mut rows, mut faults) = (Vec::new(), Vec::new());
    let mut lines = Lines { bytes, at: 0, line: 1 };
    for record in reader.records() {
        match record {
            Ok(record) => {
                let line = record.position().map_or(0, |position| lines.of_record(position));
                match row(&record, places, line) {
                    Ok(row) => rows.push(row),
                    Err(message) => faults.push(fault(line, message)),
                }
            }
            Err(error) => faults.push(fault(error.position().map_or(0, |position| lines.of_record(position)), plain(&error))),
        }
        if faults.len() == MOST_FAULTS {
            break;
        }
    }
    if faults.is_empty() { Ok(rows) } else { Err(RunError::Tables(faults)) }
}

/// Finds the lines of records: the reader tells where it began to look for one, before blank lines and comments.
struct Lines<'a> {
    bytes: &'a [u8],
    at: usize,
    line: u64,
}

impl Lines<'_> {
    fn of_record(&mut self, position: &csv::Position) -> u64 {
        let begin = (position.byte() as usize).min(self.bytes.len());
        while let Some(rest) = self.bytes.get(self.at..).filter(|rest| !rest.is_empty()) {
            let length = rest.iter().position(|b| *b == b'\n').unwrap_or(rest.len());
            let text = rest[..length].trim_ascii();
            if !text.is_empty() && !text.starts_with(b"#") && self.at >= begin {
                break;
            }
            self.at += length + 1;
            self.line += 1;
        }
        self.line
    }
}

fn plain(error: &csv::Error) -> String {
    match error.kind() {
        csv::ErrorKind::Utf8 { .. } => "the line is not UTF-8 text".into(),
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => format!("{len} cells instead of {expected_len}"),
        _ => error.to_string(),
    }
}

fn columns(head: &csv::StringRecord) -> Result<[usize; 5], String> {
    if let Some(other) = head.iter().find(|name| !COLUMNS.contains(name)) {
        let help = match nearest(other, COLUMNS) {
            Some(near) => format!("did you mean '{near}'?"),
            None => format!("an OD table has the columns {}", COLUMNS.join(", ")),
        };
        return Err(format!("unknown column '{other}' — {help}"));
    }
    let mut places = [0; 5];
    for (place, column) in places.iter_mut().zip(COLUMNS) {
        let mut found = head.iter().enumerate().filter(|(_, name)| *name == column).map(|(at, _)| at);
        *place = found.next().ok_or_else(|| format!("the column '{column}' is missing"))?;
        if found.next().is_some() {
            return Err(format!("the column '{column}' is there twice"));
        }
    }
    Ok(places)
}

fn row(record: &csv::StringRecord, places: [usize; 5], line: u64) -> Result<Row, String> {
    let cell = |column: usize| record.get(places[column]).unwrap_or_default();
    let text = |column: usize| match cell(column) {
        "" => Err(format!("the cell '{}' is empty", COLUMNS[column])),
        text => Ok(text.to_owned()),
    };
    let time = |column: usize| -> Result<SimTime, String> {
        let time: SimTime = cell(column).parse().map_err(|e| format!("{}: {e}", COLUMNS[column]))?;
        if time < SimTime::ZERO { Err(format!("{}: {time} is negative", COLUMNS[column])) } else { Ok(time) }
    };
    let (start, end) = (time(2)?, time(3)?);
    if end <= start {
        return Err(format!("'end' ({end}) must be later than 'start' ({start})"));
    }
    let trips: f64 = cell(4).parse().map_err(|_| format!("'{}' is no number of trips", cell(4)))?;
    if !trips.is_finite() || !(0.0..=1e7).contains(&trips) {
        return Err(format!("{trips} is no number of trips"));
    }
    Ok(Row { from: text(0)?, to: text(1)?, start, end, trips, line })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(text: &str) -> String {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("od.csv");
        std::fs::write(&path, text).unwrap();
        read(&path, "od.csv").expect_err("must be refused").to_string()
    }

    #[test]
    fn columns_may_stand_in_any_order() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("od.csv");
        std::fs::write(&path, "\u{feff}trips,from,to,start,end\r\n\r\n# morning\r\n 2.5 ,湖,gate,08:00,09:00\n").unwrap();
        let rows = read(&path, "od.csv").unwrap();
        assert_eq!(rows.len(), 1);
        assert_eq!((rows[0].from.as_str(), rows[0].to.as_str(), rows[0].trips, rows[0].line), ("湖", "gate", 2.5, 4));
        assert_eq!((rows[0].start, rows[0].end), (SimTime::from_s(8 * 3600), SimTime::from_s(9 * 3600)));
    }

    #[test]
    fn every_fault_names_its_line() {
        let table = "from,to,start,end,trips\na,b,08:00,09:00,3\na,b,09:00,08:00,3\na,b,8h,09:00,3\na,,08:00,09:00,3\n\
                     a,b,08:00,09:00,-1\na,b,08:00,09:00,NaN\na,b,08:00\n";
        let all = [faults(table), faults("form,to,start,end,trips\n"), faults("from,to,start,end\n"), faults("")];
        insta::assert_snapshot!(all.join("\n"));
    }
}
