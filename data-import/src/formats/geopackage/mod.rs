//! Foreign GeoPackages: every layer of features, each in its own system, with all attributes.
//!
//! The file is never written to and nothing that it brings along is run. What is written beside it in a `-wal` by a program
//! that still has it open is not seen; that is told. Stores of Qike's own are GeoPackages too, but no sources.

mod database;
mod gpb;

use super::features::identity::Given;
use super::features::{self, Feature, Layer as Name, Writer, centre_lonlat, text};
use crate::{Confidence, ImportError, Importer, Profile, Projector, Source};
use database::{Column, Layer, System, columns, fail, layers, open, quoted, system};
use qike_core::{Crs, Diagnostic, Feedback, SourceCrs};
use qike_scene::{Attributes, ObjectSink, SourceId, Value};
use rusqlite::Connection;
use rusqlite::types::ValueRef;
use std::path::Path;

/// The importer.
pub struct GeoPackage;

/// Marks of a GeoPackage in SQLite's header.
const APPLICATIONS: [&[u8]; 3] = [b"GPKG", b"GP10", b"GP11"];

/// The system to read a layer in, and what is doubtful about it.
fn crs_of(source: &Source, conn: &Connection, layer: &Layer) -> Result<(SourceCrs, Option<&'static str>), String> {
    if let Some(said) = &source.options.source_crs {
        return Ok((said.clone(), None));
    }
    match system(conn, layer.srs) {
        System::Known(crs) => Ok((crs, None)),
        System::UndefinedDegrees => Ok((SourceCrs::Crs(Crs::wgs84()), Some("its system is undefined (0); its coordinates are taken for degrees of WGS 84"))),
        System::UndefinedMetres => Ok((SourceCrs::Crs(Crs::local()), None)),
        System::Unusable(reason) => Err(reason),
    }
}

impl Importer for GeoPackage {
    fn name(&self) -> &'static str {
        "geopackage"
    }

    fn title(&self) -> &'static str {
        "a GeoPackage"
    }

    fn endings(&self) -> &'static [&'static str] {
        &["gpkg"]
    }

    fn sniff(&self, path: &Path, head: &[u8]) -> Confidence {
        let database = head.starts_with(b"SQLite format 3\0");
        let marked = head.get(68..72).is_some_and(|id| APPLICATIONS.contains(&id));
        let ending = self.has_ending(path);
        Confidence::of(ending, database && (marked || ending))
    }

    fn probe(&self, source: &Source, _feedback: &Feedback) -> Result<Profile, ImportError> {
        let conn = open(&source.path, &source.name)?;
        let (all, _) = layers(&conn).map_err(|e| fail(&source.name, &e))?;
        for layer in &all {
            let Ok((crs, _)) = crs_of(source, &conn, layer) else { continue };
            let sql = format!("SELECT {} FROM {} LIMIT 100", quoted(&layer.geometry), quoted(&layer.table));
            let Ok(mut statement) = conn.prepare(&sql) else { continue };
            let blobs = statement.query_map([], |row| row.get::<_, Option<Vec<u8>>>(0)).map_err(|e| fail(&source.name, &e))?;
            let first = blobs.filter_map(|b| gpb::parse(&b.ok()??).ok()??.first());
            if let Some(centre) = centre_lonlat(&crs, first) {
                return Ok(Profile { crs: Some(crs), centre_lonlat: Some(centre) });
            }
        }
        Ok(Profile::default())
    }

    fn import(&self, source: &Source, sink: &mut dyn ObjectSink, feedback: &Feedback) -> Result<(), ImportError> {
        let conn = open(&source.path, &source.name)?;
        let (all, others) = layers(&conn).map_err(|e| fail(&source.name, &e))?;
        // All systems are tried before the first object goes out.
        let mut ready = Vec::new();
        let mut refused = Vec::new();
        for layer in all {
            let made = crs_of(source, &conn, &layer).and_then(|(crs, doubt)| {
                let projector = Projector::new(&crs, sink.crs(), &source.name).map_err(|e| e.to_string().replace(&format!("{}: ", source.name), ""))?;
                Ok((crs, doubt, projector))
            });
            match made {
                Ok((crs, doubt, projector)) => ready.push((layer, crs, doubt, projector)),
                Err(reason) => refused.push((layer.table, reason)),
            }
        }
        if ready.is_empty() {
            let reason = match (refused.first(), others.first()) {
                (Some((layer, reason)), _) => format!("the layer '{layer}' cannot be placed: {reason}; name its system with --source-crs"),
                (None, Some((layer, reason))) => format!("there is no layer of features in it; '{layer}': {reason}"),
                (None, None) => "there is no layer in it".to_owned(),
            };
            return Err(ImportError::corrupt(&source.name, "gpkg_contents", reason));
        }
        let mut named: Vec<String> = ready.iter().map(|(_, crs, ..)| crs.to_string()).collect();
        named.sort();
        named.dedup();
        let id = source.begin(self.name(), &named.join(", "), sink)?;
        tell_wal(source, sink);
        for (layer, reason) in refused {
            let message = format!("the layer '{layer}' is left out: {reason}");
            sink.diagnostic(Diagnostic::error("crs-unknown", message).file(&source.name).path(layer).help("name its system with --source-crs"));
        }
        for (layer, reason) in others {
            let message = format!("the layer '{layer}' is not read: {reason}");
            let is_error = reason.contains("view") || reason.contains("no such table") || reason.contains("does not say");
            let finding = if is_error { Diagnostic::error("layer-skipped", message) } else { Diagnostic::info("layer-skipped", message) };
            sink.diagnostic(finding.file(&source.name).path(layer));
        }
        let mut given = Given::default();
        for (layer, _, doubt, projector) in ready {
            if let Some(doubt) = doubt {
                sink.diagnostic(Diagnostic::warning("crs-missing", format!("the layer '{}': {doubt}", layer.table)).file(&source.name).path(&layer.table));
            }
            read(&conn, &layer, projector, (source, id), &mut given, sink, feedback)?;
        }
        Ok(())
    }
}

/// A file is immutable to us, so changes that wait in its log stay unseen.
fn tell_wal(source: &Source, sink: &mut dyn ObjectSink) {
    let mut log = source.path.clone().into_os_string();
    log.push("-wal");
    if std::fs::metadata(&log).is_ok_and(|m| m.len() > 0) {
        let message = "another program has it open, and what that program wrote last (in the -wal beside it) is not read";
        sink.diagnostic(Diagnostic::warning("file-open-elsewhere", message).file(&source.name).help("close the file there and import again"));
    }
}

fn read(
    conn: &Connection, layer: &Layer, projector: Projector, (source, id): (&Source, SourceId), given: &mut Given, sink: &mut dyn ObjectSink, feedback: &Feedback,
) -> Result<(), ImportError> {
    let broken = |e: rusqlite::Error| format!("SQLite cannot read the layer further: {e}");
    let stem = features::stem(&source.path);
    let prefix = if stem.eq_ignore_ascii_case(&layer.table) { stem } else { format!("{stem}/{}", layer.table) };
    let mut writer = Writer::new(Name { name: &layer.table, prefix: &prefix }, source, id, projector, given);
    let task = feedback.task(format!("read {} of {}", layer.table, source.name), 0);
    let mut blobs = 0u64;
    let result = (|| -> Result<Option<String>, ImportError> {
        let columns = match columns(conn, &layer.table) {
            Ok(columns) => columns,
            Err(error) => return Ok(Some(broken(error))),
        };
        let names: Vec<String> = columns.iter().map(|c| quoted(&c.name)).collect();
        let mut statement = match conn.prepare(&format!("SELECT {} FROM {}", names.join(", "), quoted(&layer.table))) {
            Ok(statement) => statement,
            Err(error) => return Ok(Some(broken(error))),
        };
        let mut rows = match statement.query([]) {
            Ok(rows) => rows,
            Err(error) => return Ok(Some(broken(error))),
        };
        let mut number = 0;
        loop {
            let row = match rows.next() {
                Ok(Some(row)) => row,
                Ok(None) => return Ok(None),
                Err(error) => return Ok(Some(broken(error))),
            };
            number += 1;
            features::check_every(number, feedback)?;
            task.advance(1);
            let mut feature = Feature { number, ..Default::default() };
            let mut geometry = Ok(None);
            for (i, column) in columns.iter().enumerate() {
                let Ok(value) = row.get_ref(i) else { continue };
                if column.name.eq_ignore_ascii_case(&layer.geometry) {
                    geometry = match value {
                        ValueRef::Null => Ok(None),
                        ValueRef::Blob(blob) => gpb::parse(blob),
                        _ => Err("the column of the geometry holds something else".to_owned()),
                    };
                } else if column.key && matches!(value, ValueRef::Integer(_)) {
                    feature.id = Some(plain(value, column));
                } else {
                    blobs += u64::from(matches!(value, ValueRef::Blob(_)));
                    put(&mut feature.attributes, column, value);
                }
            }
            match geometry {
                Ok(shape) => feature.shape = shape,
                Err(reason) => {
                    let name = writer.id(&feature);
                    let place = format!("{} row {number}", layer.table);
                    writer.error("geometry-bad", &name, None, &place, format!("{reason}; the feature is left out"), sink);
                    continue;
                }
            }
            writer.write(feature, sink)?;
        }
    })();
    if let Some(reason) = result? {
        writer.error("layer-broken", "", None, &layer.table, reason, sink);
    }
    if blobs > 0 {
        let message = format!("{blobs} binary values of the layer '{}' (pictures, documents) are not kept", layer.table);
        sink.diagnostic(Diagnostic::warning("blob-dropped", message).file(&source.name).path(&layer.table));
    }
    writer.finish(sink);
    Ok(())
}

fn put(attributes: &mut Attributes, column: &Column, value: ValueRef<'_>) {
    attributes.insert(column.name.clone(), plain(value, column));
}

fn plain(value: ValueRef<'_>, column: &Column) -> Value {
    match value {
        ValueRef::Integer(i) if column.declared == "BOOLEAN" => Value::Bool(i != 0),
        ValueRef::Integer(i) => Value::from(i),
        ValueRef::Real(f) => Value::from(f),
        ValueRef::Text(bytes) => Value::String(text::value(bytes).text.into_owned()),
        ValueRef::Null | ValueRef::Blob(_) => Value::Null,
    }
}
