//! PTV's texts: `$V` (a full matrix) and `$O` (a list of pairs), with `M` a line for the kind of vehicle.
//!
//! After the line that names the format come (the kind,) from and to (`7.00 8.30`: hours, a point, minutes), a factor, and of `$V` how
//! many zones there are, their names, and row by row how many go from each to all. `*` begins a comment. After
//! <https://sumo.dlr.de/docs/Demand/Importing_O/D_Matrices.html>.

use super::{Cells, DAY_MS, HOUR_MS};
use crate::ImportError;
use crate::formats::sumo::shown;
use crate::formats::sumo::values::number;
use qike_core::Feedback;
use std::collections::VecDeque;
use std::io::{BufRead, Read};

/// Longest line: a row of ten thousand zones is shorter.
const MOST_LINE: u64 = 4 << 20;
/// Most zones.
const MOST_ZONES: usize = 200_000;

/// Words of the lines that are no comments.
struct Words {
    input: Box<dyn BufRead>,
    line: u64,
    /// Words of the line under way, each with its number.
    words: VecDeque<String>,
}

impl Words {
    /// The next line that says something.
    fn line(&mut self, cells: &Cells<'_>) -> Result<Option<String>, ImportError> {
        loop {
            let mut bytes = Vec::new();
            let read = (&mut self.input).take(MOST_LINE).read_until(b'\n', &mut bytes).map_err(|e| ImportError::io(&cells.name, e))?;
            if read == 0 {
                return Ok(None);
            }
            self.line += 1;
            if read as u64 == MOST_LINE {
                return Err(cells.corrupt(self.line, "a line is longer than 4 MiB: this is no such matrix"));
            }
            let text = String::from_utf8_lossy(&bytes);
            let text = text.trim();
            if !text.is_empty() && !text.starts_with('*') {
                return Ok(Some(text.to_owned()));
            }
        }
    }

    fn needed(&mut self, cells: &Cells<'_>, what: &str) -> Result<String, ImportError> {
        self.line(cells)?.ok_or_else(|| cells.corrupt(self.line, format!("the file ends before {what}")))
    }

    /// The next word.
    fn word(&mut self, cells: &Cells<'_>) -> Result<Option<String>, ImportError> {
        while self.words.is_empty() {
            let Some(line) = self.line(cells)? else { return Ok(None) };
            self.words = line.split_whitespace().map(str::to_owned).collect();
        }
        Ok(self.words.pop_front())
    }
}

/// `7.30`: half past seven, in ms; up to the end of the day.
fn time(text: &str) -> Option<i64> {
    let (hours, minutes) = text.split_once(['.', ':'])?;
    let (hours, minutes) = (hours.parse::<i64>().ok()?, minutes.parse::<i64>().ok()?);
    ((0..=24).contains(&hours) && (0..60).contains(&minutes)).then_some(hours * HOUR_MS + minutes * 60_000).filter(|ms| *ms <= DAY_MS)
}

/// Reads one.
pub fn read(input: Box<dyn BufRead>, cells: &mut Cells<'_>, feedback: &Feedback) -> Result<(), ImportError> {
    let mut words = Words { input, line: 0, words: VecDeque::new() };
    let format = words.needed(cells, "its format")?;
    let format = format.trim_start_matches('\u{feff}').split(';').next().unwrap_or_default().trim().to_ascii_uppercase();
    if format.contains('N') {
        return Err(cells.corrupt(words.line, format!("the format '{}' states no time", shown(&format))));
    }
    let list = match format.as_bytes().get(1) {
        Some(b'V') => false,
        Some(b'O') => true,
        _ => return Err(cells.corrupt(words.line, format!("the format '{}' is neither $V nor $O; others are not read", shown(&format)))),
    };
    let kind = if format.contains('M') {
        let kind = words.needed(cells, "the kind of vehicle")?;
        cells.matrix.kind(&kind)
    } else {
        None
    };
    let times = words.needed(cells, "from and to")?;
    let mut both = times.split_whitespace();
    let span = both.next().and_then(time).zip(both.next().and_then(time));
    let span = match span {
        // Nothing is said.
        Some((0, 0)) => (0, DAY_MS),
        Some((from, to)) if from < to => (from, to),
        _ => return Err(cells.corrupt(words.line, format!("'{}' is no interval like '7.00 8.30' (hours, a point, minutes) within a day of 24 hours", shown(&times)))),
    };
    let factor = words.needed(cells, "the factor")?;
    let Some(factor) = number(&factor).filter(|f| *f >= 0.0) else {
        return Err(cells.corrupt(words.line, format!("the factor is '{}', not a number of 0 or more", shown(&factor))));
    };
    if list { pairs(&mut words, cells, span, factor, kind, feedback) } else { full(&mut words, cells, span, factor, kind, feedback) }
}

/// A number, or NaN, which is told as such.
fn count(text: &str, factor: f64) -> f64 {
    text.parse::<f64>().map_or(f64::NAN, |n| n * factor)
}

/// `from to number`, over and over.
fn pairs(words: &mut Words, cells: &mut Cells<'_>, span: (i64, i64), factor: f64, kind: Option<u32>, feedback: &Feedback) -> Result<(), ImportError> {
    loop {
        feedback.check()?;
        let Some(from) = words.word(cells)? else { return Ok(()) };
        let line = words.line;
        match (words.word(cells)?, words.word(cells)?) {
            (Some(to), Some(text)) => cells.add(line, &from, &to, Some(span), count(&text, factor), kind),
            _ => {
                cells.log.error("file-cut-off", line, || format!("the file ends within the pair that begins at zone '{}'", shown(&from)));
                return Ok(());
            }
        }
    }
}

/// How many zones, their names, and row by row the numbers.
fn full(words: &mut Words, cells: &mut Cells<'_>, span: (i64, i64), factor: f64, kind: Option<u32>, feedback: &Feedback) -> Result<(), ImportError> {
    let stated = words.word(cells)?.unwrap_or_default();
    let Some(zones) = stated.parse::<usize>().ok().filter(|n| *n <= MOST_ZONES) else {
        return Err(cells.corrupt(words.line, format!("'{}' is no number of zones", shown(&stated))));
    };
    let mut names = Vec::new();
    while names.len() < zones {
        match words.word(cells)? {
            Some(name) => names.push(name),
            None => return Err(cells.corrupt(words.line, format!("the file ends after {} names of {zones} zones", names.len()))),
        }
    }
    for (row, from) in names.iter().enumerate() {
        feedback.check()?;
        for to in &names {
            let Some(text) = words.word(cells)? else {
                cells.log.error("file-cut-off", words.line, || format!("the file ends within the row of zone '{}', the {} of {zones}", shown(from), row + 1));
                return Ok(());
            };
            cells.add(words.line, from, to, Some(span), count(&text, factor), kind);
        }
    }
    if let Some(more) = words.word(cells)? {
        cells.log.warn("more-numbers", words.line, || format!("after all rows of {zones} zones there is more, from '{}' on; it is not read", shown(&more)));
    }
    Ok(())
}
