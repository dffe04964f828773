//! The sections of a file: lines of fields, with their numbers.

use crate::text;
use std::collections::BTreeMap;

/// One line of a section.
pub struct Row<'t> {
    /// Its number in the file, from 1.
    pub line: u64,
    /// Its fields; quotes are taken off.
    pub fields: Vec<&'t str>,
}

/// All sections by name.
pub struct Sections<'t> {
    by_name: BTreeMap<String, Vec<Row<'t>>>,
}

impl<'t> Sections<'t> {
    /// Reads a file. Comments begin with `;`; a section that comes twice is one.
    pub fn read(text: &'t str) -> Self {
        let mut by_name: BTreeMap<String, Vec<Row<'t>>> = BTreeMap::new();
        let mut section = String::new();
        for (number, line) in text::lines(text).enumerate() {
            let line = line.split(';').next().unwrap_or_default().trim();
            if let Some(name) = line.strip_prefix('[') {
                section = name.trim_end_matches(']').trim().to_ascii_uppercase();
                by_name.entry(section.clone()).or_default();
                if section == "END" {
                    break;
                }
            } else if !line.is_empty() {
                let row = Row { line: number as u64 + 1, fields: fields(line) };
                by_name.entry(section.clone()).or_default().push(row);
            }
        }
        Self { by_name }
    }

    /// True where the section is there, even empty.
    pub fn has(&self, name: &str) -> bool {
        self.by_name.contains_key(name)
    }

    /// The lines of a section; none where it is not there.
    pub fn rows(&self, name: &str) -> &[Row<'t>] {
        self.by_name.get(name).map(Vec::as_slice).unwrap_or_default()
    }

    /// The value of an option, upper case.
    pub fn option(&self, names: &[&str]) -> Option<String> {
        let row = self.rows("OPTIONS").iter().find(|row| row.fields.first().is_some_and(|f| names.iter().any(|n| f.eq_ignore_ascii_case(n))))?;
        row.fields.get(1).map(|value| value.to_ascii_uppercase())
    }
}

/// Splits at white space, except inside double quotes.
fn fields(line: &str) -> Vec<&str> {
    let mut out = Vec::new();
    let mut rest = line.trim_start();
    while !rest.is_empty() {
        let (field, after) = match rest.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"').unwrap_or((quoted, "")),
            None => rest.split_at(rest.find(char::is_whitespace).unwrap_or(rest.len())),
        };
        out.push(field);
        rest = after.trim_start();
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_quotes_and_repeated_sections() {
        let sections = Sections::read("[Title]\nx\n[JUNCTIONS]\r\n;ID a\r\n 1 \"two three\"  4 ; five\r\n[OPTIONS]\nUnits LPS\n[junctions]\n2\n[END]\n[PIPES]\n1\n");
        let rows = sections.rows("JUNCTIONS");
        assert_eq!(rows.iter().map(|r| (r.line, r.fields.clone())).collect::<Vec<_>>(), [(5, vec!["1", "two three", "4"]), (9, vec!["2"])]);
        assert_eq!(sections.option(&["UNITS", "FLOW_UNITS"]).as_deref(), Some("LPS"));
        assert!(!sections.has("PIPES"), "after the end");
    }
}
