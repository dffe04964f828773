//! Records of a data file: rows of a CSV, features of a GeoJSON, objects of a JSON array.

use super::mapping::{Format, nearest};
use super::template::Fields;
use crate::ImportError;
use crate::formats::geojson;
use serde_json::Value;

/// One record.
pub struct Record {
    /// From 1.
    pub number: usize,
    /// Line in the file, where that is known.
    pub line: Option<u64>,
    /// Its fields.
    pub fields: Fields,
    /// A feature's geometry.
    pub geometry: Option<Value>,
}

/// A data file in memory.
pub enum Data {
    /// Records in the file's order (CSV and GeoJSON), and the file's own system.
    Records(Vec<Record>, Option<String>),
    /// A JSON document, out of which layers select.
    Json(Value),
}

/// Reads a data file.
pub fn read(bytes: &[u8], format: Format, name: &str) -> Result<Data, ImportError> {
    let text = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    match format {
        Format::Csv => csv_records(text, name).map(|records| Data::Records(records, None)),
        Format::Json => serde_json::from_slice(text).map(Data::Json).map_err(|e| geojson::json_error(name, &e)),
        Format::Geojson => {
            let document = geojson::parse(bytes, name)?;
            let records = document.features.into_iter().enumerate().map(|(i, f)| {
                let mut fields = f.properties;
                if let (Some(id), false) = (f.id, fields.contains_key("id")) {
                    fields.insert("id".into(), id);
                }
                Record { number: i + 1, line: None, fields, geometry: f.geometry }
            });
            Ok(Data::Records(records.collect(), document.crs))
        }
    }
}

fn csv_records(text: &[u8], name: &str) -> Result<Vec<Record>, ImportError> {
    if let Err(e) = std::str::from_utf8(text) {
        let line = text[..e.valid_up_to()].iter().filter(|b| **b == b'\n').count() + 1;
        let reason = "the text is not UTF-8; save it as UTF-8 (tables from older Chinese software are often GBK)";
        return Err(ImportError::corrupt(name, format!("line {line}"), reason));
    }
    let first = text.split(|b| *b == b'\n').next().unwrap_or_default();
    let count = |c: &u8| first.iter().filter(|b| *b == c).count();
    let delimiter = [b',', b';', b'\t'].into_iter().rev().max_by_key(count).unwrap_or(b',');
    let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).trim(csv::Trim::Headers).from_reader(text);
    let fail = |e: csv::Error| {
        let line = e.position().map_or(1, csv::Position::line);
        ImportError::corrupt(name, format!("line {line}"), format!("broken CSV: {e}"))
    };
    let header = reader.headers().map_err(fail)?.clone();
    let mut records = Vec::new();
    // The reader's own line numbers lag by one after CRLF, so lines are counted here.
    let (mut counted, mut line) = (0, 1);
    for (i, row) in reader.records().enumerate() {
        let row = row.map_err(fail)?;
        let begins = row.position().map_or(counted, |p| (p.byte() as usize).clamp(counted, text.len()));
        let begins = begins + text[begins..].iter().take_while(|b| matches!(b, b'\r' | b'\n')).count();
        line += text[counted..begins].iter().filter(|b| **b == b'\n').count() as u64;
        counted = begins;
        let fields = header.iter().zip(row.iter()).map(|(k, v)| (k.to_owned(), Value::String(v.to_owned()))).collect();
        records.push(Record { number: i + 1, line: Some(line), fields, geometry: None });
    }
    Ok(records)
}

/// The records that a dotted path selects in a JSON document; with `whole` the selected value is one record. The second
/// number counts entries that are no records.
pub fn select(document: &Value, path: &str, whole: bool) -> Result<(Vec<Record>, usize), String> {
    let mut at = document;
    for key in path.split('.').filter(|k| !k.is_empty()) {
        at = match at.get(key).or_else(|| at.get(key.parse::<usize>().ok()?)) {
            Some(value) => value,
            None => {
                let known: Vec<&str> = at.as_object().into_iter().flat_map(|o| o.keys().map(String::as_str)).collect();
                let near = nearest(key, known.iter().copied()).map_or(String::new(), |n| format!("; did you mean '{n}'?"));
                return Err(format!("select = '{path}': there is no '{key}'{near}"));
            }
        };
    }
    if whole {
        let fields = Fields::from_iter([("value".to_owned(), at.clone())]);
        return Ok((vec![Record { number: 1, line: None, fields, geometry: None }], 0));
    }
    let Value::Array(entries) = at else { return Err(format!("select = '{path}' leads to no array of records")) };
    let mut records = Vec::with_capacity(entries.len());
    for (i, entry) in entries.iter().enumerate() {
        if let Value::Object(fields) = entry {
            records.push(Record { number: i + 1, line: None, fields: fields.clone(), geometry: None });
        }
    }
    let odd = entries.len() - records.len();
    Ok((records, odd))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn rows(bytes: &[u8]) -> Vec<Record> {
        match read(bytes, Format::Csv, "t.csv").unwrap() {
            Data::Records(rows, _) => rows,
            Data::Json(_) => vec![],
        }
    }

    #[test]
    fn csv_with_bom_semicolons_and_quotes() {
        let all = rows("\u{feff}code;name\r\n1;\"a;b\"\r\n2;路灯\r\n".as_bytes());
        assert_eq!(all.len(), 2);
        assert_eq!(all[0].fields["code"], json!("1"));
        assert_eq!(all[0].fields["name"], json!("a;b"));
        assert_eq!((all[1].fields["name"].as_str(), all[1].line), (Some("路灯"), Some(3)));
        assert_eq!(rows(b"a,b\n1,2\n")[0].fields["b"], json!("2"));
        assert_eq!(rows(b"a\tb,c\td\n1\t2\t3\n")[0].fields["b,c"], json!("2"));
    }

    #[test]
    fn broken_tables_name_the_line() {
        for (bytes, line) in [(&b"a,b\n1,2\n1,2,3\n"[..], "line 3"), (b"a,b\n\xc2\xb7\xb5\xc6,2\n", "line 2")] {
            let error = read(bytes, Format::Csv, "t.csv").err().map(|e| e.to_string()).unwrap_or_default();
            assert!(error.contains(line), "{error}");
        }
    }

    #[test]
    fn selects_by_path_and_suggests() {
        let doc = json!({ "lots": { "all": [{ "a": 1 }, 5, { "a": 2 }] } });
        let (records, odd) = select(&doc, "lots.all", false).unwrap();
        assert_eq!((records.len(), odd, records[1].number), (2, 1, 3));
        assert!(select(&doc, "lot", false).err().unwrap().contains("did you mean 'lots'"));
        assert!(select(&doc, "lots", false).err().unwrap().contains("no array"));
        assert_eq!(select(&doc, "lots.all", true).unwrap().0[0].fields["value"][1], json!(5));
    }
}
