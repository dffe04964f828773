//! Findings about a scenario: faults of the same kind become one, with a count and the first places.

use qike_core::fast_map::FastMap;
use qike_core::{Diagnostic, Severity};
use std::fmt::Write;

/// Places that a finding names.
const PLACES: usize = 3;
/// Kinds of findings that are told apart.
const KINDS: usize = 500;

/// One kind of finding.
struct Entry {
    first: Diagnostic,
    count: u64,
    more: Vec<(String, u64)>,
}

/// Findings so far, in the order in which their kinds came up.
#[derive(Default)]
pub struct Log {
    entries: Vec<Entry>,
    by_kind: FastMap<(&'static str, String), usize>,
    beyond: u64,
    /// The file that is being read.
    pub file: String,
}

impl Log {
    /// For a file.
    pub fn of(file: &str) -> Self {
        Self { file: file.to_owned(), ..Self::default() }
    }

    /// A finding at a line (0: none). Those with the same code and the same `kind` are counted together.
    pub fn add(&mut self, severity: Severity, code: &'static str, kind: &str, line: u64, message: impl FnOnce() -> String) -> &mut Self {
        if let Some(entry) = self.by_kind.get(&(code, kind.to_owned())).and_then(|at| self.entries.get_mut(*at)) {
            entry.count += 1;
            if entry.more.len() + 1 < PLACES && line > 0 {
                entry.more.push((self.file.clone(), line));
            }
            return self;
        }
        if self.entries.len() >= KINDS {
            self.beyond += 1;
            return self;
        }
        let mut first = Diagnostic::new(severity, code, message());
        if !self.file.is_empty() {
            first = first.file(self.file.as_str());
        }
        if line > 0 {
            first = first.line(line);
        }
        self.by_kind.insert((code, kind.to_owned()), self.entries.len());
        self.entries.push(Entry { first, count: 1, more: Vec::new() });
        self
    }

    /// Something was left out.
    pub fn error(&mut self, code: &'static str, line: u64, message: impl FnOnce() -> String) -> &mut Self {
        self.add(Severity::Error, code, "", line, message)
    }

    /// Kept, but doubtful.
    pub fn warn(&mut self, code: &'static str, line: u64, message: impl FnOnce() -> String) -> &mut Self {
        self.add(Severity::Warning, code, "", line, message)
    }

    /// Something that SUMO does and Qike does not: one finding for each name.
    pub fn unsupported(&mut self, what: &str, line: u64, effect: &str) -> &mut Self {
        self.add(Severity::Warning, "not-supported", what, line, || format!("{what} is not supported: {effect}"))
    }

    /// Advice for the finding of that code, where it has none.
    pub fn help(&mut self, code: &'static str, help: &str) {
        for entry in self.entries.iter_mut().filter(|e| e.first.code == code && e.first.help.is_none()) {
            entry.first.help = Some(help.to_owned());
        }
    }

    /// All of them.
    pub fn finish(self) -> Vec<Diagnostic> {
        let mut all = Vec::with_capacity(self.entries.len() + 1);
        for Entry { mut first, count, more } in self.entries {
            if count > 1 {
                let _ = write!(first.message, " ({count} such");
                let mut sign = ": also at ";
                for (file, line) in &more {
                    let _ = if first.place.file.as_deref() == Some(file) { write!(first.message, "{sign}line {line}") } else { write!(first.message, "{sign}{file}:{line}") };
                    sign = ", ";
                }
                first.message.push_str(if count > PLACES as u64 && !more.is_empty() { ", …)" } else { ")" });
            }
            all.push(first);
        }
        if self.beyond > 0 {
            all.push(Diagnostic::warning("findings-not-listed", format!("{} more findings of further kinds are not listed", self.beyond)));
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_finding_with_a_count_and_three_places() {
        let mut log = Log { file: "a.xml".into(), ..Log::default() };
        for line in 5..25 {
            log.error("unknown-edge", line, || format!("edge {line} is unknown"));
        }
        log.unsupported("element 'calibrator'", 3, "it is left out");
        log.unsupported("element 'person'", 4, "it is left out");
        log.help("unknown-edge", "look at the network");
        let all = log.finish();
        assert_eq!(all.len(), 3);
        assert_eq!(all[0].message, "edge 5 is unknown (20 such: also at line 6, line 7, …)");
        assert_eq!((all[0].place.line, all[0].help.as_deref()), (Some(5), Some("look at the network")));
        assert_eq!(all[2].message, "element 'person' is not supported: it is left out");
    }
}
