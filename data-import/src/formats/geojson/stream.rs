//! GeoJSON piece by piece: a file of any size is read with one feature in memory.
//!
//! The text is cut into values (see [`Scanner`]), and only what was cut out is parsed. A first pass (see [`survey`]) finds what may
//! stand behind the features: the `crs` member, and whether the document is whole.

use super::scanner::{PIECE_LIMIT, Root, Scanner, broken};
use super::{Feature, GEOMETRIES, feature};
use crate::ImportError;
use serde_json::{Map, Value};
use std::cell::Cell;
use std::io::{BufRead, Read};

/// A first line that is longer is not looked at to tell a sequence of lines.
const FIRST_LINE_LIMIT: u64 = 64 << 20;

/// What comes out of a file.
pub enum Item {
    /// A feature.
    Feature(Feature),
    /// A line of a sequence that is left out, with the reason.
    BadLine(u64, String),
}

/// What a file says before its features are read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Survey {
    /// The `crs` member.
    pub crs: Option<String>,
    /// Its features; in a sequence, its lines.
    pub features: u64,
    /// True for a sequence: one document a line, and a broken one leaves the others whole.
    pub lines: bool,
}

/// Looks through a file for what it says of its features; `Err` where it is no JSON or no GeoJSON.
pub fn survey<'a>(open: &dyn Fn() -> Result<Box<dyn BufRead + 'a>, ImportError>, name: &str) -> Result<Survey, ImportError> {
    let mut survey = Survey { lines: is_sequence(&mut *open()?, name)?, ..Survey::default() };
    let mut input = open()?;
    if survey.lines {
        each_line(&mut *input, name, &mut |_, text| {
            survey.features += 1;
            // A member of this name is at the beginning of a line, if there is one at all.
            if survey.crs.is_none() && text.contains("\"crs\"") {
                survey.crs = serde_json::from_str::<Value>(text).ok().and_then(|v| crs_of(&v));
            }
            Ok(())
        })?;
        return Ok(survey);
    }
    let mut scanner = Scanner::new(&mut *input, name);
    while scanner.skip_space()?.is_some() {
        let root = scanner.root(&mut |scanner| {
            survey.features += 1;
            scanner.value(None)
        })?;
        survey.crs = survey.crs.take().or_else(|| crs_of(&Value::Object(root.members.clone())));
        let place = format!("the document at line {}", root.line);
        survey.features += documents(root).map_err(|reason| ImportError::corrupt(name, place, reason))?.len() as u64;
    }
    Ok(survey)
}

/// Gives the first `most` features (or so: those of one line or document come together) of a file that [`survey`] has looked
/// through, in order.
pub fn walk(
    input: &mut dyn BufRead, lines: bool, most: usize, name: &str, give: &mut dyn FnMut(Item) -> Result<(), ImportError>,
) -> Result<(), ImportError> {
    let given = Cell::new(0);
    let mut give = |item| {
        given.set(given.get() + 1);
        give(item)
    };
    if lines {
        return each_line(input, name, &mut |line, text| {
            if given.get() >= most {
                return Ok(());
            }
            let value = serde_json::from_str::<Value>(text).map_err(|e| format!("broken JSON: {e}"));
            match value.and_then(take) {
                Ok(features) => features.into_iter().try_for_each(|f| give(Item::Feature(f))),
                Err(reason) => give(Item::BadLine(line, reason)),
            }
        });
    }
    let mut scanner = Scanner::new(input, name);
    let mut piece = Vec::new();
    while scanner.skip_space()?.is_some() {
        let root = scanner.root(&mut |scanner| {
            if given.get() >= most {
                return scanner.value(None);
            }
            let (line, column) = (scanner.line, scanner.column);
            piece.clear();
            scanner.value(Some(&mut piece))?;
            let value = serde_json::from_slice(&piece).map_err(|e| broken(name, line, column, &e))?;
            give(Item::Feature(feature(value)))
        })?;
        let place = format!("the document at line {}", root.line);
        let others = documents(root).map_err(|reason| ImportError::corrupt(name, place, reason))?;
        others.into_iter().try_for_each(|f| give(Item::Feature(f)))?;
    }
    Ok(())
}

/// The features of a document in memory.
fn take(value: Value) -> Result<Vec<Feature>, String> {
    let Value::Object(mut members) = value else { return Err("the document is no JSON object, so no GeoJSON".into()) };
    let kind = members.get("type").and_then(Value::as_str).unwrap_or("").to_owned();
    match kind.as_str() {
        "FeatureCollection" => match members.remove("features") {
            Some(Value::Array(all)) => Ok(all.into_iter().map(feature).collect()),
            _ => Err("a FeatureCollection without an array 'features'".into()),
        },
        "Feature" => Ok(vec![feature(Value::Object(members))]),
        kind if GEOMETRIES.contains(&kind) => Ok(vec![Feature { id: None, properties: Map::new(), geometry: Some(Value::Object(members)) }]),
        other => Err(format!("the type '{other}' is not one of GeoJSON's")),
    }
}

/// As [`take`], of a document whose features were given one by one.
fn documents(root: Root) -> Result<Vec<Feature>, String> {
    let kind = root.members.get("type").and_then(Value::as_str).unwrap_or("");
    match (kind, root.streamed) {
        ("FeatureCollection", true) => Ok(vec![]),
        (other, true) => Err(format!("it has features, but its type is '{other}' and not FeatureCollection")),
        (_, false) => take(Value::Object(root.members)),
    }
}

fn crs_of(value: &Value) -> Option<String> {
    value.get("crs")?.pointer("/properties/name")?.as_str().map(str::to_owned)
}

/// True where the first line is a document of its own and more lines follow.
fn is_sequence(input: &mut dyn BufRead, name: &str) -> Result<bool, ImportError> {
    let io = |e| ImportError::io(name, e);
    let mut first = Vec::new();
    while first.trim_ascii().is_empty() {
        first.clear();
        if (&mut *input).take(FIRST_LINE_LIMIT).read_until(b'\n', &mut first).map_err(io)? == 0 {
            return Ok(false);
        }
    }
    let whole = serde_json::from_slice::<Value>(without_separator(&first)).is_ok_and(|v| take(v).is_ok());
    if !whole || !first.ends_with(b"\n") {
        return Ok(false);
    }
    let mut rest = Vec::new();
    while (&mut *input).take(FIRST_LINE_LIMIT).read_until(b'\n', &mut rest).map_err(io)? > 0 {
        if !rest.trim_ascii().is_empty() {
            return Ok(true);
        }
        rest.clear();
    }
    Ok(false)
}

/// A text sequence (RFC 8142) has a record separator before each document.
fn without_separator(line: &[u8]) -> &[u8] {
    let line = line.trim_ascii();
    line.strip_prefix(b"\x1e").unwrap_or(line)
}

/// Gives each line with something in it, with its number.
fn each_line(input: &mut dyn BufRead, name: &str, give: &mut dyn FnMut(u64, &str) -> Result<(), ImportError>) -> Result<(), ImportError> {
    let mut line = Vec::new();
    for number in 1.. {
        line.clear();
        let read = (&mut *input).take(PIECE_LIMIT as u64).read_until(b'\n', &mut line).map_err(|e| ImportError::io(name, e))?;
        if read == 0 {
            break;
        }
        if read == PIECE_LIMIT {
            return Err(ImportError::corrupt(name, format!("line {number}"), format!("the line is longer than {} MiB", PIECE_LIMIT >> 20)));
        }
        // The file is UTF-8: it was looked at, or decoded.
        let text = String::from_utf8_lossy(without_separator(&line));
        if !text.is_empty() {
            give(number, &text)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::BufReader;

    /// Everything a text gives, read in pieces of so many bytes.
    fn all(text: &str, step: usize) -> Result<(Survey, Vec<String>), String> {
        let open = || -> Result<Box<dyn BufRead + '_>, ImportError> { Ok(Box::new(BufReader::with_capacity(step, text.as_bytes()))) };
        let survey = survey(&open, "f").map_err(|e| e.to_string())?;
        let mut items = Vec::new();
        let give = &mut |item| {
            items.push(match item {
                Item::Feature(f) => f.id.map_or("-".to_owned(), |id| id.to_string()),
                Item::BadLine(line, _) => format!("bad {line}"),
            });
            Ok(())
        };
        walk(&mut *open().unwrap(), survey.lines, usize::MAX, "f", give).map_err(|e| e.to_string())?;
        Ok((survey, items))
    }

    #[test]
    fn features_come_one_by_one_however_the_file_is_cut_and_ordered() {
        let odd = r#"{"type":"Feature","id":1,"properties":{"a":"]}\\\"{[","b":{"c":[1,[2]]}},"geometry":null}"#;
        let collection = format!(" {{\n\"features\" : [ {odd} ,\n{{\"id\":\"zwei\"}},3 ],\"crs\":{{\"type\":\"name\",\"properties\":{{\"name\":\"EPSG:4490\"}}}},\n\"type\":\"FeatureCollection\"}} ");
        for step in [1, 2, 3, 7, 1 << 16] {
            let (survey, ids) = all(&collection, step).unwrap();
            assert_eq!((survey.crs.as_deref(), survey.features, survey.lines), (Some("EPSG:4490"), 3, false), "{step}");
            assert_eq!(ids, ["1", "\"zwei\"", "-"], "{step}");
            let lines = format!("\u{1e}{odd}\n\n{{\"broken\n{odd}\n{{\"type\":\"Point\",\"coordinates\":[1,2]}}");
            let (survey, ids) = all(&lines, step).unwrap();
            assert_eq!((survey.lines, ids), (true, ["1", "bad 3", "1", "-"].map(str::to_owned).to_vec()), "{step}");
            assert_eq!(all(&format!("{odd}\n"), step).unwrap().1, ["1"]);
            assert_eq!(all(&format!("{{\n\"features\":[],\"type\":\"FeatureCollection\"}}\n{odd}"), step).unwrap().1, ["1"], "two documents");
        }
    }

    #[test]
    fn what_is_broken_is_named_with_its_place() {
        for (text, said) in [
            ("{\"type\":\"FeatureCollection\",\n\"features\":[{\"id\":1},\n  {\"id\":,}]}", "broken JSON: expected value (at line 3, column 9)"),
            ("{\"type\":\"FeatureCollection\",\"features\":[{\"id\":1}", "the JSON is cut off"),
            ("{\"type\":\"FeatureCollection\",\"features\":[{\"id\":[1}]}", "a bracket is closed that is not the last one opened"),
            ("{\"type\":\"FeatureCollection\",\"features\":[1 2]}", "expected ',' or ']'"),
            ("{\"type\":\"FeatureCollection\",\"features\":7}", "without an array 'features'"),
            ("{\"type\":\"Topology\",\"features\":[]}", "its type is 'Topology'"),
            ("{\"type\":\"Shed\"}", "the type 'Shed' is not one of GeoJSON's"),
            ("{\"type\"", "cut off"),
            ("{\"type\" 1}", "expected ':'"),
            ("[1]", "no JSON object"),
            ("{}", "the type ''"),
        ] {
            let error = all(text, 5).unwrap_err();
            assert!(error.contains(said), "{text}: {error}");
        }
        let deep = format!("{{\"features\":[{}", "[".repeat(5000));
        assert!(all(&deep, 64).unwrap_err().contains("nested too deeply"));
    }
}
