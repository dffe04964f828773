//! `qike validate --repair` and `--undo`: named repairs into a new store, with a journal from which the store as it was can be
//! had again.

use crate::failure::Failure;
use crate::faults::Checked;
use crate::input;
use crate::output::{Output, to_json};
use qike_import::SourceOptions;
use qike_scene::valid::Tolerances;
use qike_scene::valid::repair::Repair;
use qike_scene::{CityObject, ObjectSink, SceneSnapshot, SourceId};
use qike_store::{SceneStore, codec};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Number of the journal's form.
const FORM: u32 = 1;

/// Repairs listed unless all are asked for.
const SHOWN: usize = 10;

/// Largest journal read, bytes.
const LIMIT: u64 = 4 << 30;

/// What was repaired, enough to undo it.
#[derive(Serialize, Deserialize)]
pub struct Journal {
    /// Number of this form.
    qike_repairs: u32,
    /// The input.
    input: String,
    /// The repaired store.
    output: String,
    /// How often each repair was made.
    pub counts: BTreeMap<String, usize>,
    /// Geometry by geometry.
    pub repairs: Vec<Entry>,
}

/// The repairs of one geometry.
#[derive(Serialize, Deserialize)]
pub struct Entry {
    /// The object.
    pub object: String,
    /// Number of its geometry.
    geometry: usize,
    /// What was wrong.
    faults: Vec<String>,
    /// Repairs in the order they were made, with the number of places.
    steps: Vec<(String, usize)>,
    /// The geometry before, as the store keeps it, hexadecimal: numbers in decimal would lose their last digit.
    before: String,
    /// And after.
    after: String,
}

/// The repairs that are possible: those of the names, or all that need not be asked for.
pub fn chosen(names: &[String]) -> Result<Vec<Repair>, Failure> {
    if names.is_empty() {
        // Snapping moves vertices that are valid as they are checked.
        return Ok(Repair::ALL.into_iter().filter(|r| *r != Repair::SnapVertices).collect());
    }
    let known = || Repair::ALL.map(Repair::name).join(", ");
    names.iter().map(|name| Repair::parse(name).ok_or_else(|| Failure::usage(format!("--repairs: there is no repair '{name}'")).help(format!("repairs are {}", known())))).collect()
}

/// Repairs a model: its objects as they are then, and the journal.
pub fn mend(snapshot: &SceneSnapshot, input: &Path, out: &Path, allowed: &[Repair], tolerances: &Tolerances) -> (Vec<CityObject>, Journal) {
    let (input, output) = (input.display().to_string(), out.display().to_string());
    let mut journal = Journal { qike_repairs: FORM, input, output, counts: BTreeMap::new(), repairs: Vec::new() };
    let mut objects = snapshot.objects().to_vec();
    for (ix, number, repaired) in qike_store::repair_snapshot(snapshot, allowed, tolerances) {
        let Some(object) = objects.get_mut(ix.0 as usize) else { continue };
        let id = object.id.as_str().to_owned();
        let Some(geometry) = object.geometries.get_mut(number) else { continue };
        for (repair, places) in &repaired.steps {
            *journal.counts.entry(repair.name().to_owned()).or_default() += places;
        }
        journal.repairs.push(Entry {
            object: id,
            geometry: number,
            faults: repaired.faults.iter().map(|f| format!("{} {}: {}", f.code, f.part, f.message)).collect(),
            steps: repaired.steps.iter().map(|(repair, places)| (repair.name().to_owned(), *places)).collect(),
            before: hex(&codec::encode(geometry)),
            after: hex(&codec::encode(&repaired.geometry)),
        });
        *geometry = repaired.geometry;
    }
    (objects, journal)
}

/// The repairs that would be made.
pub fn plan(model: &Checked, input: &Path, allowed: &[Repair], tolerances: &Tolerances, output: &Output) -> Result<Journal, Failure> {
    let nowhere = Path::new("");
    Ok(match model {
        Checked::Memory(snapshot) => mend(snapshot, input, nowhere, allowed, tolerances).1,
        Checked::Store(store) => mend(&store.snapshot(&output.feedback)?, input, nowhere, allowed, tolerances).1,
    })
}

/// What a journal says, in words: counts, then geometries, all of them or the first few.
pub fn describe(journal: &Journal, out: Option<&Path>, all: bool) -> String {
    let many = |n: usize, one: &str, more: &str| if n == 1 { format!("{n} {one}") } else { format!("{n} {more}") };
    let counts: Vec<String> = journal.counts.iter().map(|(name, n)| format!("{name} at {}", many(*n, "place", "places"))).collect();
    let what = if out.is_some() { "repaired" } else { "can be repaired" };
    let mut text = format!("\n{} {what}", many(journal.repairs.len(), "geometry", "geometries"));
    if !counts.is_empty() {
        text += &format!(": {}", counts.join(", "));
    }
    for entry in journal.repairs.iter().take(if all { usize::MAX } else { SHOWN }) {
        let steps: Vec<&str> = entry.steps.iter().map(|(name, _)| name.as_str()).collect();
        text += &format!("\n  {}, geometry {}: {}", entry.object, entry.geometry, steps.join(", "));
    }
    if !all && journal.repairs.len() > SHOWN {
        text += &format!("\n  … {} more (--all lists them)", journal.repairs.len() - SHOWN);
    }
    if let Some(out) = out {
        text += &format!("\nwritten to {}, the journal to {}", out.display(), journal_of(out).display());
    }
    text
}

/// The journal's place: beside the store.
pub fn journal_of(store: &Path) -> PathBuf {
    let mut name = store.file_name().unwrap_or_default().to_os_string();
    name.push(".repairs.json");
    store.with_file_name(name)
}

/// Repairs a store or a source file into a new store, with the journal beside it.
pub fn repair_into(input: &Path, source_crs: Option<&str>, out: &Path, allowed: &[Repair], tolerances: &Tolerances, output: &Output) -> Result<Journal, Failure> {
    let copy = Copy::of(input, source_crs, out, output)?;
    let snapshot = copy.store.snapshot(&output.feedback)?;
    let (objects, journal) = mend(&snapshot, input, out, allowed, tolerances);
    copy.finish(&snapshot, &objects, output, || {
        let path = journal_of(out);
        std::fs::write(&path, to_json(&journal)?).map_err(|e| Failure::new(format!("{}: the journal cannot be written ({e}); nothing was repaired", path.display())))
    })?;
    Ok(journal)
}

/// Undoes the repairs of a journal in the store that [`repair_into`] made; writes the store as it was before. Gives their number.
pub fn undo(store: &Path, journal: &Path, out: &Path, output: &Output) -> Result<usize, Failure> {
    let bad = |why: String| Failure::new(format!("{}: {why}", journal.display()));
    let size = std::fs::metadata(journal).map_err(|e| bad(format!("cannot be read ({e})")))?.len();
    if size > LIMIT {
        return Err(bad("the journal is larger than any that this command writes".into()));
    }
    let text = std::fs::read_to_string(journal).map_err(|e| bad(format!("cannot be read ({e})")))?;
    let journal: Journal = serde_json::from_str(&text).map_err(|e| bad(format!("is no journal of repairs ({e})")))?;
    if journal.qike_repairs != FORM {
        return Err(bad(format!("has the form {}, this program reads {FORM}", journal.qike_repairs)));
    }
    let copy = Copy::of(store, None, out, output)?;
    let snapshot = copy.store.snapshot(&output.feedback)?;
    let mut objects = snapshot.objects().to_vec();
    let mut restored = Ok(());
    for entry in &journal.repairs {
        restored = restore(&snapshot, &mut objects, entry);
        if restored.is_err() {
            break;
        }
    }
    if let Err(why) = restored {
        copy.store.discard();
        return Err(bad(why).help("undo a journal on the store that `--repair` wrote"));
    }
    copy.finish(&snapshot, &objects, output, || Ok(()))?;
    Ok(journal.repairs.len())
}

/// Puts one geometry back; `Err` says why that cannot be.
fn restore(snapshot: &SceneSnapshot, objects: &mut [CityObject], entry: &Entry) -> Result<(), String> {
    let Entry { object: id, geometry: number, .. } = entry;
    let object = snapshot.find(id).and_then(|ix| objects.get_mut(ix.0 as usize));
    let geometry = object.and_then(|o| o.geometries.get_mut(*number)).ok_or_else(|| format!("geometry {number} of the object '{id}' is not in the store"))?;
    if hex(&codec::encode(geometry)) != entry.after {
        return Err(format!("the object '{id}' was changed after it was repaired"));
    }
    let before = unhex(&entry.before).and_then(|bytes| codec::decode(&bytes).ok());
    *geometry = before.ok_or_else(|| format!("the geometry of '{id}' before the repair cannot be read"))?;
    Ok(())
}

/// A new store that holds what an input holds, to change some of its objects.
struct Copy {
    store: SceneStore,
}

impl Copy {
    fn of(input: &Path, source_crs: Option<&str>, out: &Path, output: &Output) -> Result<Self, Failure> {
        if out.extension().is_none_or(|ending| !ending.eq_ignore_ascii_case("gpkg")) {
            let failure = Failure::usage(format!("{}: repaired models are written as stores (.gpkg)", out.display()));
            return Err(failure.help("write a store and export it to other formats"));
        }
        if out.exists() {
            return Err(Failure::usage(format!("{}: the file is there already", out.display())).help("name a file that does not exist yet"));
        }
        if input::is_database(input) {
            SceneStore::open(input)?.copy_to(out)?;
            return Ok(Self { store: SceneStore::open(out)? });
        }
        let options = SourceOptions { source_crs: source_crs.map(input::parse_source_crs).transpose()?, ..SourceOptions::default() };
        let planned = qike_import::plan(&[input.to_path_buf()], &options);
        let crs = input::target_crs(None, &planned, output)?;
        let mut store = SceneStore::create(out, &crs)?;
        let imported = (|| {
            let mut transaction = store.import(&output.feedback)?;
            let report = qike_import::import_all(&planned, &mut transaction, &output.feedback)?;
            if let Some(error) = report.sources.iter().find_map(|s| s.error.as_ref()) {
                return Err(input::of_diagnostic(error));
            }
            transaction.commit()?;
            Ok(())
        })();
        match imported {
            Ok(()) => Ok(Self { store }),
            Err(failure) => {
                store.discard();
                Err(failure)
            }
        }
    }

    /// Imports objects anew, source by source: those that are as before stay untouched. Without `after` there is no new store.
    fn finish(mut self, before: &SceneSnapshot, objects: &[CityObject], output: &Output, after: impl FnOnce() -> Result<(), Failure>) -> Result<(), Failure> {
        let done = self.rewrite(before, objects, output).and_then(|()| after());
        if done.is_err() {
            self.store.discard();
        }
        done
    }

    fn rewrite(&mut self, before: &SceneSnapshot, objects: &[CityObject], output: &Output) -> Result<(), Failure> {
        let mut by_source: BTreeMap<SourceId, Vec<&CityObject>> = BTreeMap::new();
        objects.iter().for_each(|object| by_source.entry(object.source).or_default().push(object));
        let changed = |list: &[&CityObject]| list.iter().any(|object| before.find(object.id.as_str()).is_none_or(|ix| before.get(ix) != *object));
        by_source.retain(|_, list| changed(list));
        for (number, list) in by_source {
            let info = before.sources().get(number.0 as usize).cloned().ok_or_else(|| Failure::new(format!("the model has no source {}", number.0)))?;
            let shown: BTreeSet<_> = list.iter().flat_map(|o| &o.geometries).filter_map(|g| g.appearance.as_ref()).flat_map(|a| &a.textures).filter_map(|t| t.image).collect();
            let mut images = Vec::new();
            for id in shown {
                images.extend(self.store.image(id)?);
            }
            let mut transaction = self.store.import(&output.feedback)?;
            let source = transaction.source(info).map_err(Failure::new)?;
            for image in images {
                transaction.image(image).map_err(Failure::new)?;
            }
            for object in &list {
                transaction.object(CityObject { source, ..(*object).clone() }).map_err(Failure::new)?;
            }
            for series in before.series().iter().filter(|series| list.iter().any(|object| object.id == series.object)) {
                transaction.series(series.clone()).map_err(Failure::new)?;
            }
            transaction.commit()?;
        }
        Ok(())
    }
}

fn hex(bytes: &[u8]) -> String {
    const DIGITS: [char; 16] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'];
    bytes.iter().flat_map(|b| [DIGITS[usize::from(b >> 4)], DIGITS[usize::from(b & 15)]]).collect()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> = text.chars().map(|c| c.to_digit(16).map(|d| d as u8)).collect::<Option<_>>()?;
    digits.len().is_multiple_of(2).then(|| digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect())
}
