//! Records of a data file: rows of a CSV, features of a GeoJSON, objects of a JSON array.

use super::mapping::{Format, nearest};
use super::template::Fields;
use crate::ImportError;
use crate::formats::features::{delimited, text};
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
    /// Layers of features by name, and the system they are in.
    Layers(Vec<(String, Vec<Record>)>, String),
}

/// Line and reason of a row or line that is left out.
pub type Bad = (u64, String);

/// Reads a data file, in whatever encoding its text has.
pub fn read(bytes: &[u8], format: Format, name: &str) -> Result<(Data, Vec<Bad>), ImportError> {
    match format {
        Format::Csv => {
            let table = delimited::read(bytes).map_err(|reason| ImportError::corrupt(name, "line 1", reason))?;
            let header = &table.header;
            let record = |(i, (line, row)): (usize, (u64, Vec<String>))| {
                let fields = header.iter().cloned().zip(row.into_iter().map(Value::String)).collect();
                Record { number: i + 1, line: Some(line), fields, geometry: None }
            };
            Ok((Data::Records(table.rows.into_iter().enumerate().map(record).collect(), None), table.bad))
        }
        Format::Json => {
            let document = serde_json::from_str(&text::decode(bytes).text).map_err(|e| geojson::json_error(name, &e))?;
            Ok((Data::Json(document), vec![]))
        }
        // The others are read by their own importers.
        Format::Geojson | Format::Shapefile | Format::Geopackage | Format::Flatgeobuf => {
            let document = geojson::parse(bytes, name)?;
            let records = document.features.into_iter().enumerate().map(|(i, f)| {
                let mut fields = f.properties;
                if let (Some(id), false) = (f.id, fields.contains_key("id")) {
                    fields.insert("id".into(), id);
                }
                Record { number: i + 1, line: None, fields, geometry: f.geometry }
            });
            Ok((Data::Records(records.collect(), document.crs), document.bad_lines))
        }
    }
}

/// The field that holds a record's key, where the records are the values of a map.
pub const KEY: &str = "@key";

/// The records that a dotted path selects in a JSON document: an array of them, or a map whose values they are; with `whole` the selected value is one record. The second
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
    let entries: Vec<(Option<&String>, &Value)> = match at {
        Value::Array(entries) => entries.iter().map(|e| (None, e)).collect(),
        // Records by their numbers: `{"150": {…}, "151": {…}}`.
        Value::Object(map) if !map.is_empty() && map.values().all(Value::is_object) => map.iter().map(|(k, e)| (Some(k), e)).collect(),
        _ => return Err(format!("select = '{path}' leads to no array of records")),
    };
    let mut records = Vec::with_capacity(entries.len());
    for (i, (key, entry)) in entries.iter().enumerate() {
        if let Value::Object(fields) = entry {
            let mut fields = fields.clone();
            fields.extend(key.map(|k| (KEY.to_owned(), Value::String(k.clone()))));
            records.push(Record { number: i + 1, line: None, fields, geometry: None });
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
        match read(bytes, Format::Csv, "t.csv").unwrap().0 {
            Data::Records(rows, _) => rows,
            Data::Json(_) | Data::Layers(..) => vec![],
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
    fn broken_rows_name_the_line_and_gbk_is_read() {
        let (data, bad) = read(b"a,b\n1,2\n1,2,3\n4,5\n", Format::Csv, "t.csv").unwrap();
        assert!(matches!(data, Data::Records(rows, _) if rows.len() == 2 && rows[1].line == Some(4)));
        assert_eq!(bad, [(3, "the row has 3 fields, the header 2".to_owned())]);
        assert_eq!(rows(b"a,b\n\xc2\xb7\xb5\xc6,2\n")[0].fields["a"], json!("路灯"));
    }

    #[test]
    fn selects_by_path_and_suggests() {
        let doc = json!({ "lots": { "all": [{ "a": 1 }, 5, { "a": 2 }] } });
        let (records, odd) = select(&doc, "lots.all", false).unwrap();
        assert_eq!((records.len(), odd, records[1].number), (2, 1, 3));
        assert!(select(&doc, "lot", false).err().unwrap().contains("did you mean 'lots'"));
        assert!(select(&doc, "lots", false).err().unwrap().contains("no array"));
        let map = json!({ "by_number": { "17": { "a": 1 }, "18": { "a": 2 } } });
        let (records, _) = select(&map, "by_number", false).unwrap();
        assert_eq!((records.len(), &records[1].fields[KEY], &records[1].fields["a"]), (2, &json!("18"), &json!(2)));
        assert_eq!(select(&doc, "lots.all", true).unwrap().0[0].fields["value"][1], json!(5));
    }
}
