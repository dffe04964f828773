//! Reading columns by name, whoever wrote them: Qike, pandas, DuckDB. Integers and floats of any width are taken for numbers.

use crate::RecordError;
use arrow_array::cast::AsArray;
use arrow_array::types::{
    Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_schema::DataType;
use std::collections::HashMap;
use std::path::Path;

/// The columns of one batch of a file.
pub(crate) struct Cells<'a> {
    pub(crate) path: &'a Path,
    pub(crate) batch: &'a RecordBatch,
}

macro_rules! numbers {
    ($column:expr, $to:ty, $($kind:ident => $arrow:ty),+) => {
        match $column.data_type() {
            $(DataType::$kind => $column.as_primitive::<$arrow>().iter().map(|v| v.map(|v| v as $to)).collect(),)+
            _ => return None,
        }
    };
}

fn floats(column: &ArrayRef) -> Option<Vec<Option<f64>>> {
    Some(numbers!(column, f64, Float64 => Float64Type, Float32 => Float32Type, Int64 => Int64Type, Int32 => Int32Type,
        Int16 => Int16Type, Int8 => Int8Type, UInt64 => UInt64Type, UInt32 => UInt32Type, UInt16 => UInt16Type, UInt8 => UInt8Type))
}

/// Whole numbers as they are; a column of floats is no column of whole numbers.
fn wholes(column: &ArrayRef) -> Option<Vec<Option<i128>>> {
    Some(numbers!(column, i128, Int64 => Int64Type, Int32 => Int32Type, Int16 => Int16Type, Int8 => Int8Type,
        UInt64 => UInt64Type, UInt32 => UInt32Type, UInt16 => UInt16Type, UInt8 => UInt8Type))
}

/// Texts that repeat, numbered: `texts[numbers[row]]`.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Texts {
    pub(crate) texts: Vec<String>,
    pub(crate) numbers: Vec<Option<u32>>,
}

impl Texts {
    pub(crate) fn get(&self, row: usize) -> Option<&str> {
        self.texts.get((*self.numbers.get(row)?)? as usize).map(String::as_str)
    }
}

fn texts(column: &ArrayRef) -> Option<Texts> {
    let plain = |column: &ArrayRef| -> Option<Vec<Option<String>>> {
        Some(match column.data_type() {
            DataType::Utf8 => column.as_string::<i32>().iter().map(|v| v.map(str::to_owned)).collect(),
            DataType::LargeUtf8 => column.as_string::<i64>().iter().map(|v| v.map(str::to_owned)).collect(),
            DataType::Utf8View => column.as_string_view().iter().map(|v| v.map(str::to_owned)).collect(),
            _ => return None,
        })
    };
    if let DataType::Dictionary(..) = column.data_type() {
        let dictionary = column.as_any_dictionary_opt()?;
        let texts = plain(dictionary.values())?.into_iter().map(Option::unwrap_or_default).collect();
        let keys = dictionary.normalized_keys();
        let numbers = keys.iter().enumerate().map(|(row, key)| column.is_valid(row).then_some(*key as u32)).collect();
        return Some(Texts { texts, numbers });
    }
    let mut known: HashMap<String, u32> = HashMap::new();
    let mut out = Texts::default();
    for text in plain(column)? {
        out.numbers.push(text.map(|text| {
            *known.entry(text).or_insert_with_key(|text| {
                out.texts.push(text.clone());
                out.texts.len() as u32 - 1
            })
        }));
    }
    Some(out)
}

impl Cells<'_> {
    fn column(&self, name: &str) -> Result<&ArrayRef, RecordError> {
        self.batch.column_by_name(name).ok_or_else(|| RecordError::content(self.path, format!("the column '{name}' is missing")))
    }

    fn of<T>(&self, name: &str, what: &str, read: impl Fn(&ArrayRef) -> Option<T>) -> Result<T, RecordError> {
        let column = self.column(name)?;
        read(column).ok_or_else(|| {
            RecordError::content(self.path, format!("the column '{name}' holds {}, expected {what}", column.data_type()))
        })
    }

    /// Numbers or nulls.
    pub(crate) fn maybe_f64(&self, name: &str) -> Result<Vec<Option<f64>>, RecordError> {
        self.of(name, "numbers", floats)
    }

    /// Numbers, no null among them.
    pub(crate) fn f64(&self, name: &str) -> Result<Vec<f64>, RecordError> {
        self.maybe_f64(name)?.into_iter().map(|v| v.ok_or_else(|| self.empty(name))).collect()
    }

    /// Whole numbers of the wanted type, or nulls.
    pub(crate) fn maybe_whole<T: TryFrom<i128>>(&self, name: &str) -> Result<Vec<Option<T>>, RecordError> {
        let wide = self.of(name, "whole numbers", wholes)?;
        let narrow = |v: i128| T::try_from(v).map_err(|_| RecordError::content(self.path, format!("the column '{name}' holds {v}")));
        wide.into_iter().map(|v| v.map(narrow).transpose()).collect()
    }

    /// Whole numbers of the wanted type.
    pub(crate) fn whole<T: TryFrom<i128>>(&self, name: &str) -> Result<Vec<T>, RecordError> {
        self.maybe_whole(name)?.into_iter().map(|v| v.ok_or_else(|| self.empty(name))).collect()
    }

    /// Yes or no.
    pub(crate) fn flags(&self, name: &str) -> Result<Vec<bool>, RecordError> {
        let flags = self.of(name, "true or false", |column| Some(column.as_boolean_opt()?.iter().collect::<Vec<_>>()))?;
        flags.into_iter().map(|v| v.ok_or_else(|| self.empty(name))).collect()
    }

    /// Texts.
    pub(crate) fn texts(&self, name: &str) -> Result<Texts, RecordError> {
        self.of(name, "text", texts)
    }

    /// Words of a list, as what they stand for.
    pub(crate) fn words<T>(&self, name: &str, parse: impl Fn(&str) -> Option<T>) -> Result<Vec<T>, RecordError> {
        let texts = self.texts(name)?;
        (0..texts.numbers.len())
            .map(|row| {
                let text = texts.get(row).ok_or_else(|| self.empty(name))?;
                parse(text).ok_or_else(|| RecordError::content(self.path, format!("the column '{name}' holds '{text}'")))
            })
            .collect()
    }

    fn empty(&self, name: &str) -> RecordError {
        RecordError::content(self.path, format!("the column '{name}' has an empty cell"))
    }
}
