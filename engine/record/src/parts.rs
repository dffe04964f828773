//! The parts of an unfinished recording, and how they become one file.
//!
//! A Parquet file cannot be read before its footer is written, at the very end. So a running simulation writes small whole
//! files, each under its final name only when it is whole, into the directory `unfinished`. What a killed run leaves can be
//! read up to its last part. When the run ends, the parts' column chunks are copied into one file as they are, without
//! decoding them.

use crate::RecordError;
use crate::columns::Table;
use arrow_array::RecordBatch;
use parquet::arrow::{ArrowSchemaConverter, ArrowWriter, add_encoded_arrow_schema_to_metadata};
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::column::writer::ColumnCloseResult;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::ColumnPath;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Where parts lie inside a run directory.
pub(crate) const DIRECTORY: &str = "unfinished";

fn properties(table: Table) -> WriterProperties {
    let mut builder = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .set_created_by(concat!("qike ", env!("CARGO_PKG_VERSION")).to_owned());
    let plain: &[(&str, Encoding)] = match table {
        // Neighbouring rows share their high bytes: split by byte, those pack to almost nothing.
        Table::Tracks => &[
            ("t_ms", Encoding::DELTA_BINARY_PACKED),
            ("agent", Encoding::DELTA_BINARY_PACKED),
            ("x_m", Encoding::BYTE_STREAM_SPLIT),
            ("y_m", Encoding::BYTE_STREAM_SPLIT),
            ("z_m", Encoding::BYTE_STREAM_SPLIT),
            ("heading_rad", Encoding::BYTE_STREAM_SPLIT),
            ("speed_mps", Encoding::BYTE_STREAM_SPLIT),
        ],
        _ => &[],
    };
    for (column, encoding) in plain {
        let path = ColumnPath::from(*column);
        builder = builder.set_column_dictionary_enabled(path.clone(), false).set_column_encoding(path, *encoding);
    }
    builder.build()
}

/// Writes one batch as a whole file; it has its name only when it is complete.
pub(crate) fn write(table: Table, path: &Path, batch: &RecordBatch) -> Result<(), RecordError> {
    let temporary = path.with_extension("tmp");
    let file = File::create(&temporary).map_err(RecordError::io(&temporary))?;
    let fault = RecordError::parquet;
    let mut writer = ArrowWriter::try_new(BufWriter::new(file), table.schema(), Some(properties(table))).map_err(fault(&temporary))?;
    writer.write(batch).map_err(fault(&temporary))?;
    writer.close().map_err(fault(&temporary))?;
    std::fs::rename(&temporary, path).map_err(RecordError::io(path))
}

/// The parts of a table that are whole, in order.
pub(crate) fn list(directory: &Path, table: Table) -> Result<Vec<PathBuf>, RecordError> {
    let mut parts = Vec::new();
    for entry in std::fs::read_dir(directory).map_err(RecordError::io(directory))? {
        let path = entry.map_err(RecordError::io(directory))?.path();
        let name = path.file_name().and_then(|n| n.to_str()).unwrap_or_default();
        if name.starts_with(table.stem()) && name.ends_with(".parquet") {
            parts.push(path);
        }
    }
    parts.sort();
    Ok(parts)
}

/// Copies the row groups of all parts into one file.
pub(crate) fn merge(table: Table, parts: &[PathBuf], target: &Path) -> Result<(), RecordError> {
    let fault = RecordError::parquet;
    let temporary = target.with_extension("tmp");
    let file = File::create(&temporary).map_err(RecordError::io(&temporary))?;
    let schema = table.schema();
    let mut properties = properties(table);
    // The note that tells Arrow's types (texts that repeat) to whoever reads the file.
    add_encoded_arrow_schema_to_metadata(&schema, &mut properties);
    let root = ArrowSchemaConverter::new().convert(&schema).map_err(fault(&temporary))?.root_schema_ptr();
    let mut writer = SerializedFileWriter::new(BufWriter::new(file), root, Arc::new(properties)).map_err(fault(&temporary))?;
    for part in parts {
        let source = File::open(part).map_err(RecordError::io(part))?;
        let metadata = ArrowReaderMetadata::load(&source, ArrowReaderOptions::new()).map_err(fault(part))?;
        for group in metadata.metadata().row_groups() {
            let mut out = writer.next_row_group().map_err(fault(&temporary))?;
            for column in group.columns() {
                let close = ColumnCloseResult {
                    bytes_written: column.compressed_size() as u64,
                    rows_written: group.num_rows() as u64,
                    metadata: column.clone(),
                    bloom_filter: None,
                    column_index: None,
                    offset_index: None,
                };
                out.append_column(&source, close).map_err(fault(part))?;
            }
            out.close().map_err(fault(&temporary))?;
        }
    }
    let mut file = writer.into_inner().map_err(fault(&temporary))?;
    file.flush().map_err(RecordError::io(&temporary))?;
    std::fs::rename(&temporary, target).map_err(RecordError::io(target))
}
