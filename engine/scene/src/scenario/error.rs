//! What is wrong with a scenario file, and where.

use std::fmt;

/// A fault in a scenario file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScenarioError {
    /// The file as it was named.
    pub file: String,
    /// Line and column, from 1, where the fault has a place.
    pub at: Option<(usize, usize)>,
    /// What is wrong.
    pub message: String,
    /// What was probably meant.
    pub help: Option<String>,
}

impl fmt::Display for ScenarioError {
    /// `file:line:column: message — help`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if let Some((line, column)) = self.at {
            write!(f, ":{line}:{column}")?;
        }
        write!(f, ": {}", self.message)?;
        match &self.help {
            Some(help) => write!(f, " — {help}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for ScenarioError {}

impl ScenarioError {
    /// A fault without a place.
    pub fn new(file: &str, message: impl Into<String>) -> Self {
        Self { file: file.to_owned(), at: None, message: message.into(), help: None }
    }

    /// From what the TOML reader says of `text`. Unknown keys get the nearest valid one as help.
    pub fn from_toml(file: &str, text: &str, error: &toml::de::Error) -> Self {
        let at = error.span().map(|span| place(text, span.start));
        let (message, help) = explain(error.message());
        Self { file: file.to_owned(), at, message, help }
    }
}

/// Line and column of a byte, both from 1; the column counts characters.
fn place(text: &str, byte: usize) -> (usize, usize) {
    let before = text.get(..byte.min(text.len())).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or("").chars().count() + 1;
    (line, column)
}

/// serde words an unknown key as "unknown field `x`, expected one of `a`, `b`": the list is turned into the nearest name, and
/// kept only where nothing is near.
fn explain(message: &str) -> (String, Option<String>) {
    for (marker, what) in [("unknown field `", "key"), ("unknown variant `", "value")] {
        let Some(rest) = message.strip_prefix(marker) else { continue };
        let Some((name, expected)) = rest.split_once('`') else { continue };
        let valid: Vec<&str> = expected.split('`').skip(1).step_by(2).collect();
        let help = match nearest(name, valid.iter().copied()) {
            Some(near) => format!("did you mean '{near}'?"),
            None => format!("valid here: {}", valid.join(", ")),
        };
        return (format!("unknown {what} '{name}'"), Some(help));
    }
    (message.replace('`', "'"), None)
}

/// The valid name nearest to a given one, where one is near enough to have been meant. Ties go to the first.
pub fn nearest<'a>(name: &str, valid: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let mut best: Option<(&str, f64)> = None;
    for candidate in valid {
        let score = strsim::jaro_winkler(&name.to_lowercase(), &candidate.to_lowercase());
        if score >= 0.75 && best.is_none_or(|(_, top)| score > top) {
            best = Some((candidate, score));
        }
    }
    best.map(|(name, _)| name)
}
