//! Where results go: text for people or one JSON document for programs, on stdout; findings on stderr.

use crate::failure::Failure;
use qike_core::{Diagnostic, Feedback};
use serde::Serialize;
use serde_json::json;
use std::collections::BTreeMap;
use std::io::Write;

/// Findings with one code that are printed before the rest is only counted.
const SHOWN: usize = 5;

/// The output of one command.
pub struct Output {
    json: bool,
    quiet: bool,
    /// Progress and remarks.
    pub feedback: Feedback,
}

impl Output {
    /// For a command line with or without `--json` and `--quiet`.
    pub fn new(json: bool, quiet: bool) -> Self {
        Self { json, quiet, feedback: crate::progress::feedback(quiet) }
    }

    /// True where programs read the output.
    pub fn is_json(&self) -> bool {
        self.json
    }

    /// The result: `document` for programs, `text` for people.
    pub fn result(&self, document: &impl Serialize, text: impl FnOnce() -> String) -> Result<(), Failure> {
        if self.json { self.print(&to_json(document)?) } else { self.print(&text()) }
    }

    /// Text on stdout, with a line's end. A reader that closed the pipe (`| head`) is not an error.
    pub fn print(&self, text: &str) -> Result<(), Failure> {
        let mut out = std::io::stdout().lock();
        let done = out.write_all(text.trim_end().as_bytes()).and_then(|()| out.write_all(b"\n")).and_then(|()| out.flush());
        match done {
            Err(e) if e.kind() != std::io::ErrorKind::BrokenPipe => Err(Failure::new(format!("the output could not be written: {e}"))),
            _ => Ok(()),
        }
    }

    /// The JSON document of a command that failed.
    pub fn failure(&self, failure: &Failure) {
        if self.json {
            let document = json!({ "error": { "message": failure.message, "help": failure.help, "exit_code": failure.exit_code } });
            // There is nothing left to do where stdout is gone too.
            let _ = self.print(&document.to_string());
        }
    }

    /// Remarks about a result, on stderr.
    pub fn warnings(&self, warnings: &[String]) {
        warnings.iter().for_each(|warning| self.feedback.message(&format!("warning: {warning}")));
    }

    /// Findings on stderr: the first few of each code, then how many more there are.
    pub fn diagnostics<'a>(&self, diagnostics: impl IntoIterator<Item = &'a Diagnostic>) {
        if self.quiet {
            return;
        }
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for diagnostic in diagnostics {
            let count = counts.entry(&diagnostic.code).or_default();
            *count += 1;
            if *count <= SHOWN {
                self.feedback.message(&diagnostic.to_string());
            }
        }
        for (code, count) in counts.into_iter().filter(|(_, count)| *count > SHOWN) {
            self.feedback.message(&format!("[{code}]: {} more like these", count - SHOWN));
        }
    }
}

/// Pretty JSON text.
pub fn to_json(document: &impl Serialize) -> Result<String, Failure> {
    serde_json::to_string_pretty(document).map_err(|e| Failure::new(format!("the result has no JSON form: {e}")))
}

/// Lines with columns as wide as their widest cell; the first column is left-aligned, the others right-aligned.
pub fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| rows.iter().filter_map(|r| r.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths).enumerate().map(|(i, (cell, &w))| if i == 0 { format!("{cell:<w$}") } else { format!("{cell:>w$}") });
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_line_up() {
        let rows = [vec!["class".into(), "n".into()], vec!["Building".into(), "12".into()], vec!["楼".into(), "7".into()]];
        assert_eq!(table(&rows), "class      n\nBuilding  12\n楼          7");
        assert_eq!(table(&[]), "");
    }
}
