//! Records of a Parquet file (`.parquet`), GeoParquet among them: a column of WKB with its system in the file's metadata.

use super::Document;
use crate::{ImportError, Source};
use ::parquet::file::reader::{FileReader, SerializedFileReader};
use ::parquet::record::Field;
use qike_core::calendar::date_text;
use qike_scene::{Attributes, Value};
use std::fmt::Write;
use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// What a file begins and ends with.
pub const MAGIC: &[u8] = b"PAR1";
/// Most rows that are held in memory.
const MOST_ROWS: i64 = 5_000_000;
/// Most bytes that the columns may say they unpack to.
const MOST_BYTES: i64 = 2 << 30;
const DAY_MS: i64 = 86_400_000;

/// Reads all records.
///
/// The library asserts things of the file where it should give an error (a negative size of a column in its description, for
/// one: `ColumnChunkMetaData::byte_range` of parquet 60), and more of them lie behind each page; the fuzz tests meet them. There
/// is no telling beforehand which files do, so its panics are caught and become an error.
pub fn read(source: &Source) -> Result<Document, ImportError> {
    let corrupt = |reason: String| ImportError::corrupt(&source.name, "the file", reason);
    let file = File::open(&source.path).map_err(|e| ImportError::io(&source.name, e))?;
    let caught = catch_unwind(AssertUnwindSafe(|| records(file).map_err(corrupt)));
    caught.unwrap_or_else(|_| Err(corrupt("a page of the Parquet file is broken".into())))
}

fn records(file: File) -> Result<Document, String> {
    let broken = |e: ::parquet::errors::ParquetError| match e.to_string() {
        // The library says it in terms of how it was built.
        text if text.contains("Disabled feature") => "its pages are packed in a way that is not read (Brotli or LZO); write it with Snappy, Zstandard, gzip or LZ4".to_owned(),
        text => format!("the Parquet file is broken: {text}"),
    };
    let reader = SerializedFileReader::new(file).map_err(broken)?;
    let meta = reader.metadata();
    let rows = meta.file_metadata().num_rows();
    let bytes = meta.row_groups().iter().fold(0i64, |sum, group| sum.saturating_add(group.total_byte_size().max(0)));
    if !(0..=MOST_ROWS).contains(&rows) || bytes > MOST_BYTES {
        return Err(format!("the Parquet file holds {rows} rows of {} MiB, more than are read at once; split it", bytes >> 20));
    }
    let pairs = meta.file_metadata().key_value_metadata();
    let geo = pairs.into_iter().flatten().find(|pair| pair.key == "geo").and_then(|pair| pair.value.as_deref());
    let mut document = Document { crs: geo.and_then(system), ..Default::default() };
    for (number, row) in reader.get_row_iter(None).map_err(broken)?.enumerate() {
        if number as i64 >= rows {
            return Err("the Parquet file has more rows than it announces".into());
        }
        let row = row.map_err(broken)?;
        let fields: Attributes = row.get_column_iter().map(|(name, field)| (name.clone(), value(field))).collect();
        document.records.push((None, fields));
    }
    Ok(document)
}

/// The system that GeoParquet's metadata states for its primary column: an EPSG code; none means degrees of WGS 84.
fn system(geo: &str) -> Option<String> {
    let geo: Value = serde_json::from_str(geo).ok()?;
    let column = geo.get("primary_column").and_then(Value::as_str).unwrap_or("geometry");
    let id = geo.get("columns")?.get(column)?.get("crs")?.get("id")?;
    let code = id.get("code")?;
    let code = code.as_str().map(str::to_owned).or_else(|| code.as_u64().map(|n| n.to_string()))?;
    Some(format!("{}:{code}", id.get("authority")?.as_str()?))
}

fn value(field: &Field) -> Value {
    match field {
        Field::Null => Value::Null,
        Field::Bool(b) => Value::from(*b),
        Field::Byte(n) => Value::from(*n),
        Field::Short(n) => Value::from(*n),
        Field::Int(n) => Value::from(*n),
        Field::Long(n) => Value::from(*n),
        Field::UByte(n) => Value::from(*n),
        Field::UShort(n) => Value::from(*n),
        Field::UInt(n) => Value::from(*n),
        Field::ULong(n) => Value::from(*n),
        Field::Float(n) => Value::from(*n),
        Field::Double(n) => Value::from(*n),
        Field::Str(text) => Value::String(text.clone()),
        Field::Bytes(bytes) => Value::String(bytes.data().iter().fold(String::new(), |mut hex, b| {
            // Writing to a text cannot fail.
            let _written = write!(hex, "{b:02X}");
            hex
        })),
        Field::Date(days) => Value::String(date_text(i64::from(*days))),
        Field::TimestampMillis(ms) => Value::String(moment(*ms)),
        Field::TimestampMicros(us) => Value::String(moment(us.div_euclid(1000))),
        Field::Group(row) => Value::Object(row.get_column_iter().map(|(name, field)| (name.clone(), value(field))).collect()),
        Field::ListInternal(list) => Value::Array(list.elements().iter().map(value).collect()),
        Field::MapInternal(map) => Value::Array(map.entries().iter().map(|(k, v)| Value::Array(vec![value(k), value(v)])).collect()),
        Field::Float16(_) | Field::Decimal(_) | Field::TimeMillis(_) | Field::TimeMicros(_) => Value::String(field.to_string()),
    }
}

/// `2024-05-01T08:00:00`; moments that no calendar has stay numbers.
fn moment(ms: i64) -> String {
    // Years -9999 to 9999 are well within.
    if ms.abs() > 250_000_000_000_000 {
        return ms.to_string();
    }
    let second = ms.rem_euclid(DAY_MS) / 1000;
    format!("{}T{:02}:{:02}:{:02}", date_text(ms.div_euclid(DAY_MS)), second / 3600, second / 60 % 60, second % 60)
}
