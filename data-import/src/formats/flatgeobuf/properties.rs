//! A feature's properties: a number of a column, then its value, and so on.

use ::flatgeobuf::{Column, ColumnType};
use qike_scene::{Attributes, Value};

/// Names and types of columns.
pub type Columns = Vec<(String, ColumnType)>;

/// The columns as described.
pub fn columns<'a>(described: impl Iterator<Item = Column<'a>>) -> Columns {
    described.map(|c| (c.name().to_owned(), c.type_())).collect()
}

/// Reads properties; `Err` gives those that could be read, and why no more could.
pub fn read(bytes: &[u8], columns: &Columns) -> Result<Attributes, (Attributes, String)> {
    let (mut out, mut rest) = (Attributes::new(), Bytes(bytes));
    // A trailing byte after a binary value is known of some writers.
    while rest.0.len() > 1 {
        match rest.property(columns) {
            Ok((name, value)) => {
                out.insert(name.to_owned(), value);
            }
            Err(reason) => return Err((out, reason)),
        }
    }
    Ok(out)
}

struct Bytes<'a>(&'a [u8]);

impl Bytes<'_> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], String> {
        let (head, rest) = self.0.split_first_chunk::<N>().ok_or("a property is cut off")?;
        self.0 = rest;
        Ok(*head)
    }

    fn sized(&mut self) -> Result<&[u8], String> {
        let length = u32::from_le_bytes(self.take()?) as usize;
        if length > self.0.len() {
            return Err(format!("a property announces {length} bytes, but {} are left", self.0.len()));
        }
        let (head, rest) = self.0.split_at(length);
        self.0 = rest;
        Ok(head)
    }

    fn property<'c>(&mut self, columns: &'c Columns) -> Result<(&'c str, Value), String> {
        let number = usize::from(u16::from_le_bytes(self.take()?));
        let Some((name, kind)) = columns.get(number) else {
            return Err(format!("a property is of column {number}, but there are {}", columns.len()));
        };
        let value = match *kind {
            ColumnType::Byte => Value::from(i8::from_le_bytes(self.take()?)),
            ColumnType::UByte => Value::from(u8::from_le_bytes(self.take()?)),
            ColumnType::Bool => Value::from(self.take::<1>()? != [0]),
            ColumnType::Short => Value::from(i16::from_le_bytes(self.take()?)),
            ColumnType::UShort => Value::from(u16::from_le_bytes(self.take()?)),
            ColumnType::Int => Value::from(i32::from_le_bytes(self.take()?)),
            ColumnType::UInt => Value::from(u32::from_le_bytes(self.take()?)),
            ColumnType::Long => Value::from(i64::from_le_bytes(self.take()?)),
            ColumnType::ULong => Value::from(u64::from_le_bytes(self.take()?)),
            ColumnType::Float => Value::from(f32::from_le_bytes(self.take()?)),
            ColumnType::Double => Value::from(f64::from_le_bytes(self.take()?)),
            ColumnType::String | ColumnType::DateTime => Value::String(String::from_utf8_lossy(self.sized()?).into_owned()),
            ColumnType::Json => {
                let text = String::from_utf8_lossy(self.sized()?).into_owned();
                serde_json::from_str(&text).unwrap_or(Value::String(text))
            }
            ColumnType::Binary => {
                self.sized()?;
                Value::Null
            }
            other => return Err(format!("the column '{name}' is of the unknown type {}", other.0)),
        };
        Ok((name, value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_each_size_and_cut_ones() {
        let columns: Columns = vec![("a".into(), ColumnType::String), ("b".into(), ColumnType::Double), ("c".into(), ColumnType::Bool)];
        let mut bytes = vec![2, 0, 1, 1, 0];
        bytes.extend(2.5f64.to_le_bytes());
        bytes.extend([0, 0, 3, 0, 0, 0]);
        bytes.extend("路".as_bytes());
        let all = read(&bytes, &columns).unwrap();
        assert_eq!(Value::Object(all), serde_json::json!({ "c": true, "b": 2.5, "a": "路" }));
        for cut in [2, 5, 7, 15, 20] {
            let (some, reason) = read(&bytes[..cut], &columns).unwrap_err();
            assert!(some.len() < 3 && (reason.contains("cut off") || reason.contains("left")), "{cut}: {reason}");
        }
        assert!(read(&[9, 0, 1], &columns).unwrap_err().1.contains("column 9"));
    }
}
