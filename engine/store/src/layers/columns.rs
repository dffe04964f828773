//! The columns of a layer: one an attribute, of the narrowest type that holds all its values.

use qike_core::calendar::days_in_month;
use qike_scene::{Attributes, Value};
use rusqlite::types::Value as Sql;
use std::collections::{BTreeMap, HashMap, HashSet};

/// Attributes with a column of their own; rarer ones share a column of JSON text. (Tags of OpenStreetMap would be thousands.)
const MOST_COLUMNS: usize = 240;
/// That shared column.
const OTHERS: &str = "other_attributes";
/// Whole numbers up to here are exact as floating-point numbers.
const EXACT: u64 = 1 << 53;

/// What the values of an attribute are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Nothing anywhere.
    Nothing,
    /// true and false.
    Boolean,
    /// Whole numbers; the flag says that some are too great for floating-point numbers.
    Integer(bool),
    /// Numbers.
    Real,
    /// Days.
    Date,
    /// Moments in UTC.
    Moment,
    /// Texts, or values of several kinds.
    Text,
    /// Lists and maps.
    Json,
}

impl Kind {
    /// Of one value.
    fn of(value: &Value) -> Self {
        match value {
            Value::Null => Self::Nothing,
            Value::Bool(_) => Self::Boolean,
            Value::Number(n) => match (n.as_i64(), n.as_f64()) {
                (Some(whole), _) => Self::Integer(whole.unsigned_abs() > EXACT),
                (None, Some(_)) if n.is_f64() => Self::Real,
                _ => Self::Text,
            },
            Value::String(text) if is_date(text) => Self::Date,
            Value::String(text) if is_moment(text) => Self::Moment,
            Value::String(_) => Self::Text,
            Value::Array(_) | Value::Object(_) => Self::Json,
        }
    }

    /// What holds both.
    fn with(self, other: Self) -> Self {
        match (self, other) {
            (a, b) if a == b => a,
            (Self::Nothing, kind) | (kind, Self::Nothing) => kind,
            (Self::Integer(a), Self::Integer(b)) => Self::Integer(a || b),
            (Self::Integer(false), Self::Real) | (Self::Real, Self::Integer(false)) => Self::Real,
            _ => Self::Text,
        }
    }

    /// GeoPackage's word for the type (OGC 12-128r18, table 1).
    pub fn sql(self) -> &'static str {
        match self {
            Self::Boolean => "BOOLEAN",
            Self::Integer(_) => "INTEGER",
            Self::Real => "DOUBLE",
            Self::Date => "DATE",
            Self::Moment => "DATETIME",
            Self::Nothing | Self::Text | Self::Json => "TEXT",
        }
    }
}

/// `2024-05-01`, a day that there is.
fn is_date(text: &str) -> bool {
    let b = text.as_bytes();
    let number = |from: usize, to: usize| text.get(from..to).filter(|t| t.bytes().all(|c| c.is_ascii_digit())).and_then(|t| t.parse::<i64>().ok());
    b.len() == 10 && b[4] == b'-' && b[7] == b'-'
        && matches!((number(0, 4), number(5, 7), number(8, 10)), (Some(y), Some(m), Some(d)) if d >= 1 && d <= days_in_month(y, m))
}

/// `2024-05-01T08:30:00Z`, with or without a fraction of the second.
fn is_moment(text: &str) -> bool {
    let Some((day, clock)) = text.split_once('T') else { return false };
    let Some((whole, fraction)) = clock.strip_suffix('Z').map(|c| c.split_once('.').unwrap_or((c, "0"))) else { return false };
    let part = |at: usize, most: u32| whole.get(at..at + 2).is_some_and(|t| t.bytes().all(|c| c.is_ascii_digit()) && t.parse::<u32>().is_ok_and(|n| n <= most));
    let digits = !fraction.is_empty() && fraction.len() <= 9 && fraction.bytes().all(|c| c.is_ascii_digit());
    is_date(day) && digits && whole.len() == 8 && whole.as_bytes()[2] == b':' && whole.as_bytes()[5] == b':' && part(0, 23) && part(3, 59) && part(6, 59)
}

/// What was seen of a layer's attributes.
#[derive(Default)]
pub struct Seen {
    kinds: Vec<(String, Kind, u64)>,
    places: HashMap<String, usize>,
    /// Of the first and the last day.
    pub valid: [Option<Kind>; 2],
}

impl Seen {
    /// Looks at an object's attributes; an attribute `name` that says what the object's name says is no news.
    pub fn add(&mut self, attributes: &Attributes, name: Option<&str>, valid: [Option<&str>; 2]) {
        for (key, value) in attributes {
            if key != "name" || value.as_str() != name {
                self.merge(key, Kind::of(value), 1);
            }
        }
        for (kind, text) in self.valid.iter_mut().zip(valid) {
            let other = text.map(|t| if is_date(t) { Kind::Date } else { Kind::Text });
            *kind = kind.map_or(other, |k| Some(other.map_or(k, |o| k.with(o))));
        }
    }

    /// Adds what was seen of later objects.
    pub fn append(&mut self, other: Seen) {
        for (key, kind, count) in other.kinds {
            self.merge(&key, kind, count);
        }
        for (kind, other) in self.valid.iter_mut().zip(other.valid) {
            *kind = kind.map_or(other, |k| Some(other.map_or(k, |o| k.with(o))));
        }
    }

    fn merge(&mut self, key: &str, kind: Kind, count: u64) {
        match self.places.get(key).and_then(|at| self.kinds.get_mut(*at)) {
            Some(known) => {
                known.1 = known.1.with(kind);
                known.2 += count;
            }
            None => {
                self.places.insert(key.to_owned(), self.kinds.len());
                self.kinds.push((key.to_owned(), kind, count));
            }
        }
    }
}

/// A column.
#[derive(Debug)]
pub struct Column {
    /// Its name in the table.
    pub name: String,
    /// The attribute; `None` for the column that rare ones share.
    pub key: Option<String>,
    /// What it holds.
    pub kind: Kind,
}

/// The columns of attributes of a layer.
pub struct Columns {
    list: Vec<Column>,
    by_key: BTreeMap<String, usize>,
}

impl Columns {
    /// In the order in which the attributes were met; names that only case tells apart, or that the layer itself uses, get a number.
    pub fn of(seen: Seen, taken: &[&str]) -> Self {
        let mut wanted: Vec<usize> = (0..seen.kinds.len()).collect();
        if wanted.len() > MOST_COLUMNS {
            wanted.sort_by_key(|at| (std::cmp::Reverse(seen.kinds[*at].2), *at));
            wanted.truncate(MOST_COLUMNS);
            wanted.sort_unstable();
        }
        let has_others = wanted.len() < seen.kinds.len();
        let mut used: HashSet<String> = taken.iter().map(|name| name.to_ascii_lowercase()).collect();
        if has_others {
            used.insert(OTHERS.to_owned());
        }
        let mut list: Vec<Column> = Vec::new();
        for at in wanted {
            let (key, kind, _) = &seen.kinds[at];
            let plain: String = key.chars().map(|c| if c.is_control() { '_' } else { c }).collect();
            let plain = if plain.trim().is_empty() { "attribute".to_owned() } else { plain };
            let mut name = plain.clone();
            let mut number = 2;
            while !used.insert(name.to_ascii_lowercase()) {
                name = format!("{plain}_{number}");
                number += 1;
            }
            list.push(Column { name, key: Some(key.clone()), kind: *kind });
        }
        if has_others {
            list.push(Column { name: OTHERS.to_owned(), key: None, kind: Kind::Json });
        }
        let by_key = list.iter().enumerate().filter_map(|(at, column)| Some((column.key.clone()?, at))).collect();
        Self { list, by_key }
    }

    /// All, in order.
    pub fn list(&self) -> &[Column] {
        &self.list
    }

    /// The values of an object, one a column.
    pub fn values(&self, attributes: Attributes, name: Option<&str>) -> Vec<Sql> {
        let mut row = vec![Sql::Null; self.list.len()];
        let mut others = Attributes::new();
        for (key, value) in attributes {
            let at = self.by_key.get(&key).copied();
            match at.and_then(|at| Some((row.get_mut(at)?, self.list.get(at)?))) {
                Some((place, column)) => *place = sql(value, column.kind),
                None if key == "name" && value.as_str() == name => {}
                None => {
                    others.insert(key, value);
                }
            }
        }
        if let (false, Some(place)) = (others.is_empty(), row.last_mut()) {
            *place = Sql::Text(Value::Object(others).to_string());
        }
        row
    }
}

/// A value for a column of that kind.
fn sql(value: Value, kind: Kind) -> Sql {
    match (value, kind) {
        (Value::Null, _) => Sql::Null,
        (Value::Bool(flag), Kind::Boolean) => Sql::Integer(i64::from(flag)),
        (Value::Number(n), Kind::Integer(_)) => n.as_i64().map_or(Sql::Null, Sql::Integer),
        (Value::Number(n), Kind::Real) => n.as_f64().map_or(Sql::Null, Sql::Real),
        (Value::String(text), _) => Sql::Text(text),
        (other, _) => Sql::Text(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn seen(objects: &[Value]) -> Seen {
        let mut seen = Seen::default();
        objects.iter().for_each(|o| seen.add(o.as_object().unwrap(), Some("Hall"), [None, None]));
        seen
    }

    #[test]
    fn the_narrowest_type_that_holds_all() {
        let objects = [
            json!({ "n": 1, "x": 1, "b": true, "d": "2024-02-29", "m": "2024-02-29T10:00:00Z", "l": [1], "t": "a", "mix": 1, "big": 9007199254740993i64, "huge": 18446744073709551615u64 }),
            json!({ "n": -4, "x": 0.5, "b": false, "d": "1999-12-31", "m": "2024-02-29T10:00:00.250Z", "l": {}, "t": "2024-01-01", "mix": "one", "big": 0.5, "huge": 1, "nil": null }),
            json!({ "d": null }),
        ];
        let columns = Columns::of(seen(&objects), &[]);
        let types: Vec<_> = columns.list().iter().map(|c| format!("{} {}", c.name, c.kind.sql())).collect();
        let want = ["n INTEGER", "x DOUBLE", "b BOOLEAN", "d DATE", "m DATETIME", "l TEXT", "t TEXT", "mix TEXT", "big TEXT", "huge TEXT", "nil TEXT"];
        assert_eq!(types, want);
        assert_eq!(columns.values(objects[0].as_object().unwrap().clone(), None)[5..8], [Sql::Text("[1]".into()), Sql::Text("a".into()), Sql::Text("1".into())]);
        for bad in ["2023-02-29", "2024-13-01", "24-01-01", "2024/01/01", "２０２４-1-1", "2024-00-10"] {
            assert!(!is_date(bad), "{bad}");
        }
        for bad in ["2024-02-29T10:00:00", "2024-02-29T25:00:00Z", "2024-02-29T10:00:00.Z", "2024-02-29 10:00:00Z", "T", "2024-02-29T10:0é:0Z"] {
            assert!(!is_moment(bad), "{bad}");
        }
    }

    #[test]
    fn names_are_told_apart_and_the_name_is_no_news() {
        let columns = Columns::of(seen(&[json!({ "Height": 1, "height": 2, "id": 5, "": 1, "name": "Hall" })]), &["id", "name"]);
        assert_eq!(columns.list().iter().map(|c| c.name.as_str()).collect::<Vec<_>>(), ["Height", "height_2", "id_2", "attribute"]);
        let columns = Columns::of(seen(&[json!({ "name": "Great hall" })]), &["id", "name"]);
        assert_eq!(columns.list()[0].name, "name_2");
    }

    #[test]
    fn rare_attributes_share_a_column() {
        let objects: Vec<Value> = (0..300).map(|n| json!({ "common": n, format!("tag{n}"): n })).collect();
        let columns = Columns::of(seen(&objects), &[]);
        assert_eq!(columns.list().len(), MOST_COLUMNS + 1);
        let row = columns.values(objects[299].as_object().unwrap().clone(), None);
        assert_eq!((row.first(), row.last()), (Some(&Sql::Integer(299)), Some(&Sql::Text(r#"{"tag299":299}"#.into()))));
        assert_eq!(columns.values(Attributes::new(), None).last(), Some(&Sql::Null));
    }
}
