//! Removing sources: their objects, series and findings go in one transaction, and stay in the history.

use crate::error::{At, StoreError};
use crate::report::{ImportReport, SourceChanges};
use crate::schema;
use crate::store::SceneStore;
use crate::when::When;
use crate::writer::{Writer, place_of};
use qike_core::Feedback;
use qike_scene::ObjectId;
use rusqlite::params;
use serde::Serialize;
use std::collections::{BTreeSet, HashSet};

/// Ids in a removal's report.
const SHOWN: usize = 20;

/// What the removal of sources did, or would do.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Removal {
    /// The sources that are gone.
    pub sources: Vec<RemovedSource>,
    /// Objects of other sources that were part of objects that are gone. They stay, and name a parent that is not there.
    pub orphans: u64,
    /// The first of them.
    pub orphan_ids: Vec<String>,
    /// The store's content hash afterwards.
    pub content_hash: String,
}

/// A source that is gone.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RemovedSource {
    /// As the user named it when it was imported.
    pub path: String,
    /// The importer's name.
    pub format: String,
    /// Objects that went with it.
    pub objects: u64,
    /// Series that went with it.
    pub series: u64,
}

impl SceneStore {
    /// Numbers of the sources that a user means by `name`: the one of that name or at that place, all in that folder or
    /// archive, or all that fit it as a pattern, where `*` stands for any text.
    pub fn sources_named(&self, name: &str) -> Result<Vec<u32>, StoreError> {
        let there = if self.version < 2 { "" } else { "removed IS NULL AND" };
        let sql = format!(
            "SELECT source - 1 FROM qike_source WHERE {there} (path = ?1 OR place = ?2 OR path GLOB ?3 OR substr(path, 1, length(?4)) = ?4) ORDER BY source"
        );
        let glob: String = name.chars().map(|c| if matches!(c, '?' | '[') { format!("[{c}]") } else { c.to_string() }).collect();
        let folder = format!("{}/", name.trim_end_matches('/'));
        let mut statement = self.conn.prepare(&sql).at(&self.path)?;
        statement.query_map(params![name, place_of(name), glob, folder], |r| r.get(0)).and_then(Iterator::collect).at(&self.path)
    }

    /// Removes sources by their numbers, all or none. With `dry_run`, says what that would do and does nothing.
    pub fn remove_sources(&mut self, numbers: &[u32], when: When, dry_run: bool, feedback: &Feedback) -> Result<Removal, StoreError> {
        let mut writer = Writer::begin(self, when)?;
        match remove(&mut writer, numbers, feedback) {
            Ok((mut removal, report)) if !dry_run => {
                removal.content_hash = writer.commit("remove", &report).inspect_err(|_| writer.roll_back())?;
                Ok(removal)
            }
            Ok((mut removal, _)) => {
                let hash = writer.content_hash();
                writer.roll_back();
                removal.content_hash = hash?;
                Ok(removal)
            }
            Err(error) => {
                writer.roll_back();
                Err(error)
            }
        }
    }
}

fn remove(writer: &mut Writer, numbers: &[u32], feedback: &Feedback) -> Result<(Removal, ImportReport), StoreError> {
    let (mut removal, mut report) = (Removal::default(), ImportReport::default());
    let mut gone: HashSet<String> = HashSet::new();
    let path = writer.store.path.clone();
    for number in numbers.iter().collect::<BTreeSet<_>>() {
        let number = *number;
        writer.check_order(number)?;
        let named = writer.store.conn.query_row("SELECT path, format, content_hash FROM qike_source WHERE source = ?1", [number + 1], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)));
        let (source, format, source_hash): (String, String, String) = named.at(&path)?;
        let (objects, series) = (writer.objects_of(number)?, writer.series_of(number)?);
        let task = feedback.task(format!("remove {source}"), objects.len() as u64);
        let counts = (objects.len() as u64, series.len() as u64);
        for (oid, id) in objects {
            feedback.check()?;
            writer.remove(oid)?;
            writer.log_change(&ObjectId::new(&id), "removed")?;
            gone.insert(id);
            task.advance(1);
        }
        for key in series {
            writer.remove_series(number, &key)?;
        }
        writer.set_images(number, &BTreeSet::new())?;
        writer.set_diagnostics(number, &[])?;
        writer.retire_source(number)?;
        removal.sources.push(RemovedSource { path: source.clone(), format: format.clone(), objects: counts.0, series: counts.1 });
        report.sources.push(SourceChanges { path: source, format, source: number, source_hash, removed: counts.0, ..SourceChanges::default() });
    }
    for class in schema::tables(&writer.store.conn).at(&path)? {
        let sql = format!(r#"SELECT id, parent FROM "{}" WHERE parent IS NOT NULL"#, schema::table_name(class));
        let mut statement = writer.store.conn.prepare(&sql).at(&path)?;
        let mut rows = statement.query([]).at(&path)?;
        while let Some(row) = rows.next().at(&path)? {
            let (id, parent): (String, String) = (row.get(0).at(&path)?, row.get(1).at(&path)?);
            if gone.contains(&parent) {
                removal.orphans += 1;
                removal.orphan_ids.push(id);
            }
        }
    }
    removal.orphan_ids.sort();
    removal.orphan_ids.truncate(SHOWN);
    Ok((removal, report))
}
