//! What was: versions, the city as of a moment, removed sources, and stores of before there was a history.

#[allow(dead_code)]
mod common;
use common::*;
use qike_core::Feedback;
use qike_scene::{CityObject, ObjectSink};
use qike_store::{ImportReport, Moment, SceneStore, StoreError, When};

fn on(day: &str) -> When {
    When::at(Moment::first_of(day).unwrap())
}

fn import_on(store: &mut SceneStore, day: &str, path: &str, hash: &str, objects: Vec<CityObject>) -> ImportReport {
    let mut transaction = store.import_at(on(day), &Feedback::silent()).unwrap();
    transaction.source(source(path, hash)).unwrap();
    objects.into_iter().for_each(|o| transaction.object(o).unwrap());
    transaction.commit().unwrap()
}

/// Ids and the attribute `v` on a day.
fn as_of(store: &SceneStore, day: &str) -> Vec<String> {
    let then = store.as_of(&Moment::last_of(day).unwrap(), &Feedback::silent()).unwrap();
    assert_eq!(then.validate(&Feedback::silent()).unwrap(), []);
    let snapshot = then.snapshot(&Feedback::silent()).unwrap();
    snapshot.objects().iter().map(|o| format!("{} {}", o.id, o.text("v").unwrap_or_default()).trim().to_owned()).collect()
}

fn marked(mut object: CityObject, v: u32) -> CityObject {
    object.attributes.insert("v".into(), v.into());
    object
}

/// Three states of a town: on 1 January a, b and c; on 1 March b changed, c gone; on 1 May b changed in place, c back, d new.
fn town_with_history() -> (tempfile::TempDir, SceneStore) {
    let folder = tempfile::tempdir().unwrap();
    let mut store = SceneStore::create(folder.path().join("town.gpkg"), &crs()).unwrap();
    let (a, b, c) = (marked(house("a", 0.0, 0.0, 5.0), 1), marked(house("b", 20.0, 0.0, 5.0), 1), marked(house("c", 40.0, 0.0, 5.0), 1));
    import_on(&mut store, "2024-01-01", "a.json", "1", vec![a.clone(), b.clone(), c.clone()]);
    let b = marked(b, 2);
    import_on(&mut store, "2024-03-01", "a.json", "2", vec![a.clone(), b]);
    let b = marked(house("b", 21.0, 0.0, 5.0), 2);
    import_on(&mut store, "2024-05-01", "a.json", "3", vec![a, b, marked(c, 3), marked(lamp("d", 5.0, 5.0), 1)]);
    (folder, store)
}

#[test]
fn the_city_as_it_was() {
    let (_folder, store) = town_with_history();
    assert_eq!(as_of(&store, "2023-12-31"), [""; 0]);
    assert_eq!(as_of(&store, "2024-01-01"), ["a 1", "b 1", "c 1"]);
    assert_eq!(as_of(&store, "2024-02-29"), ["a 1", "b 1", "c 1"]);
    assert_eq!(as_of(&store, "2024-03-01"), ["a 1", "b 2"]);
    assert_eq!(as_of(&store, "2024-06-01"), ["a 1", "b 2", "c 3", "d 1"]);
    // The same content as a store of that state alone has, geometry and all.
    let then = store.as_of(&Moment::last_of("2024-04-01").unwrap(), &Feedback::silent()).unwrap();
    let mut fresh = SceneStore::in_memory(&crs()).unwrap();
    import(&mut fresh, "b.json", "1", vec![marked(house("a", 0.0, 0.0, 5.0), 1), marked(house("b", 20.0, 0.0, 5.0), 2)]);
    // (`import` of the tests brings a series too, which has no history.)
    assert_eq!(then.object("b").unwrap(), fresh.object("b").unwrap());
    assert_eq!(then.info().unwrap().sources[0].objects, 2);
    assert!(then.content_hash().unwrap() != store.content_hash().unwrap());
}

#[test]
fn an_object_tells_its_versions() {
    let (_folder, store) = town_with_history();
    let versions = store.versions("b").unwrap();
    let spans: Vec<_> = versions.iter().map(|v| (v.since, v.ended, v.from.day().to_owned())).collect();
    assert_eq!(spans, [(1, Some(2), "2024-01-01".into()), (2, Some(3), "2024-03-01".into()), (3, None, "2024-05-01".into())]);
    assert_eq!(versions[0].object, marked(house("b", 20.0, 0.0, 5.0), 1));
    assert_eq!(versions[1].object, marked(house("b", 20.0, 0.0, 5.0), 2));
    assert_eq!(store.versions("c").unwrap().iter().map(|v| (v.since, v.ended)).collect::<Vec<_>>(), [(1, Some(2)), (3, None)]);
    assert!(store.versions("e").unwrap().is_empty());
    let steps = store.transactions().unwrap();
    let counts: Vec<_> = steps.iter().map(|t| (t.holds.to_string(), t.sources[0].added, t.sources[0].changed, t.sources[0].removed)).collect();
    assert_eq!(counts, [("2024-01-01".to_owned(), 3, 0, 0), ("2024-03-01".into(), 0, 1, 1), ("2024-05-01".into(), 2, 1, 0)]);
}

#[test]
fn only_what_changes_is_kept_and_geometry_only_where_it_does() {
    let (folder, store) = town_with_history();
    drop(store);
    let conn = rusqlite::Connection::open(folder.path().join("town.gpkg")).unwrap();
    let mut statement = conn.prepare("SELECT object, ended, attributes IS NULL, geometries IS NULL FROM qike_version ORDER BY object, ended").unwrap();
    let rows: Vec<(String, u32, bool, bool)> = statement.query_map([], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?))).unwrap().map(Result::unwrap).collect();
    assert_eq!(rows, [("b".into(), 2, false, true), ("b".into(), 3, true, false), ("c".into(), 2, false, false)]);
}

#[test]
fn the_same_history_makes_the_same_content_and_unchanged_rows_stay() {
    let (folder, mut store) = town_with_history();
    let path = folder.path().join("town.gpkg");
    let rows = |path: &std::path::Path| -> Vec<(i64, Vec<u8>, i64)> {
        let conn = rusqlite::Connection::open(path).unwrap();
        let mut statement = conn.prepare("SELECT gid, data, (SELECT since FROM qike_object WHERE oid = gid >> 16) FROM qike_geometry WHERE gid >> 16 = (SELECT oid FROM qike_object WHERE id = 'a')").unwrap();
        let rows = statement.query_map([], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?))).unwrap();
        rows.map(Result::unwrap).collect()
    };
    let before = rows(&path);
    let hash = store.content_hash().unwrap();
    import_on(&mut store, "2024-06-01", "a.json", "4", vec![marked(house("a", 0.0, 0.0, 5.0), 1)]);
    assert_eq!(rows(&path), before, "the rows of what stays are those of before");
    assert_eq!(before[0].2, 1);
    assert_ne!(store.content_hash().unwrap(), hash);
    let mut alone = SceneStore::in_memory(&crs()).unwrap();
    let mut transaction = alone.import(&Feedback::silent()).unwrap();
    transaction.source(source("z.json", "1")).unwrap();
    transaction.object(marked(house("a", 0.0, 0.0, 5.0), 1)).unwrap();
    transaction.commit().unwrap();
    assert_eq!(store.content_hash().unwrap(), alone.content_hash().unwrap(), "the content is what is, not what was");
}

#[test]
fn objects_say_themselves_when_they_exist() {
    let mut store = SceneStore::in_memory(&crs()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    drop(std::mem::replace(&mut store, SceneStore::create(folder.path().join("plan.gpkg"), &crs()).unwrap()));
    let lasting = |id: &str, from: Option<&str>, to: Option<&str>| {
        let mut o = lamp(id, 1.0, 1.0);
        (o.valid_from, o.valid_to) = (from.map(str::to_owned), to.map(str::to_owned));
        o
    };
    let objects = vec![lasting("always", None, None), lasting("old", Some("1990-01-01"), Some("2010-01-01")), lasting("since", Some("2005"), None), lasting("will", Some("2030-01-01"), None)];
    import_on(&mut store, "2024-01-01", "plan.json", "1", objects);
    assert_eq!(as_of(&store, "2024-01-01"), ["always", "since"]);
    assert_eq!(as_of(&store, "2000-01-01"), ["old"]);
    assert_eq!(as_of(&store, "2006-01-01"), ["old", "since"]);
    assert_eq!(as_of(&store, "2010-01-01"), ["since"]);
    assert_eq!(as_of(&store, "2030-01-01"), ["always", "since", "will"]);
    assert_eq!(store.info().unwrap().objects.total, 4);
}

#[test]
fn an_older_state_cannot_come_after_a_newer_one() {
    let (_folder, mut store) = town_with_history();
    let mut transaction = store.import_at(on("2024-04-01"), &Feedback::silent()).unwrap();
    let refused = transaction.source(source("a.json", "5")).unwrap_err().to_string();
    assert!(refused.contains("a.json") && refused.contains("2024-05-01"), "{refused}");
    drop(transaction);
    assert!(matches!(store.remove_sources(&[0], on("2024-04-01"), false, &Feedback::silent()), Err(StoreError::OutOfOrder { .. })));
    // Another source may be older.
    import_on(&mut store, "2020-01-01", "b.json", "1", vec![lamp("early", 3.0, 3.0)]);
    assert_eq!(as_of(&store, "2022-01-01"), ["early"]);
}

#[test]
fn a_source_goes_and_comes_back() {
    let (_folder, mut store) = town_with_history();
    let mut child = lamp("on a", 1.0, 1.0);
    child.parent = Some("a".into());
    import_on(&mut store, "2024-05-02", "b.json", "1", vec![child]);
    let hash = store.content_hash().unwrap();
    let numbers = store.sources_named("a.json").unwrap();
    let dry = store.remove_sources(&numbers, on("2024-07-01"), true, &Feedback::silent()).unwrap();
    assert_eq!((dry.sources[0].objects, dry.orphans, dry.orphan_ids.clone()), (4, 1, vec!["on a".to_owned()]));
    assert_eq!(store.content_hash().unwrap(), hash, "a dry run changes nothing");
    let wet = store.remove_sources(&numbers, on("2024-07-01"), false, &Feedback::silent()).unwrap();
    assert_eq!((&wet.content_hash, &wet.sources), (&dry.content_hash, &dry.sources));
    assert_eq!(store.ids().unwrap(), ["on a"]);
    let sources = store.info().unwrap().sources;
    assert_eq!(sources.iter().map(|s| s.path.as_str()).collect::<Vec<_>>(), ["b.json"]);
    assert!(store.sources_named("a.json").unwrap().is_empty());
    // Objects still find their source by its number.
    assert_eq!(store.sources().unwrap()[store.object("on a").unwrap().unwrap().source.0 as usize].path, "b.json");
    assert_eq!(as_of_lenient(&store, "2024-06-01"), ["a", "b", "c", "d", "on a"]);
    import_on(&mut store, "2024-08-01", "a.json", "3", vec![marked(house("a", 0.0, 0.0, 5.0), 1)]);
    assert_eq!(store.info().unwrap().sources.len(), 2);
    assert_eq!(store.versions("a").unwrap().iter().map(|v| (v.since, v.ended)).collect::<Vec<_>>(), [(1, Some(5)), (6, None)]);
    assert_eq!(store.transactions().unwrap().iter().map(|t| t.action.as_str()).collect::<Vec<_>>(), ["import", "import", "import", "import", "remove", "import"]);
}

fn as_of_lenient(store: &SceneStore, day: &str) -> Vec<String> {
    store.as_of(&Moment::last_of(day).unwrap(), &Feedback::silent()).unwrap().ids().unwrap()
}

#[test]
fn sources_are_found_by_name_folder_and_pattern() {
    let mut store = SceneStore::in_memory(&crs()).unwrap();
    for (n, path) in ["tiles.zip/a.gml", "tiles.zip/b.gml", "tiles.zip.gml", "x[1].json"].iter().enumerate() {
        let mut transaction = store.import(&Feedback::silent()).unwrap();
        transaction.source(source(path, "1")).unwrap();
        transaction.object(lamp(&n.to_string(), 0.0, 0.0)).unwrap();
        transaction.commit().unwrap();
    }
    assert_eq!(store.sources_named("tiles.zip").unwrap(), [0, 1]);
    assert_eq!(store.sources_named("*.gml").unwrap(), [0, 1, 2]);
    assert_eq!(store.sources_named("x[1].json").unwrap(), [3]);
    assert!(store.sources_named("x1.json").unwrap().is_empty());
}

/// In one transaction an object may go with one source and come with another, or come twice: only the ends count.
#[test]
fn what_no_moment_saw_is_no_version() {
    let (_folder, mut store) = town_with_history();
    let mut transaction = store.import_at(on("2024-07-01"), &Feedback::silent()).unwrap();
    for v in [7, 8] {
        transaction.source(source("a.json", &v.to_string())).unwrap();
        transaction.object(marked(house("b", 21.0, 0.0, f64::from(v)), 2)).unwrap();
    }
    transaction.commit().unwrap();
    let versions = store.versions("b").unwrap();
    assert_eq!(versions.len(), 4);
    assert_eq!(versions[2].object, marked(house("b", 21.0, 0.0, 5.0), 2));
    assert_eq!(as_of(&store, "2024-06-01"), ["a 1", "b 2", "c 3", "d 1"]);
}

/// A store as the first version made it.
fn of_version_1() -> (tempfile::TempDir, std::path::PathBuf) {
    let (folder, store) = town_with_history();
    drop(store);
    let path = folder.path().join("town.gpkg");
    let conn = rusqlite::Connection::open(&path).unwrap();
    conn.execute_batch(
        "DROP TABLE qike_version; DELETE FROM gpkg_extensions WHERE table_name = 'qike_version';
         ALTER TABLE qike_source DROP COLUMN removed; ALTER TABLE qike_source DROP COLUMN about; ALTER TABLE qike_object DROP COLUMN since;
         ALTER TABLE qike_import DROP COLUMN holds; ALTER TABLE qike_import DROP COLUMN action;
         UPDATE qike_meta SET value = '1' WHERE key = 'store_version'; PRAGMA wal_checkpoint(TRUNCATE);",
    )
    .unwrap();
    (folder, path)
}

#[test]
fn a_store_of_the_first_version_is_read_and_brought_up_to_date() {
    let (_folder, path) = of_version_1();
    let before = std::fs::read(&path).unwrap();
    let mut store = SceneStore::open(&path).unwrap();
    assert_eq!((store.info().unwrap().objects.total, store.transactions().unwrap().len(), store.versions("b").unwrap().len()), (4, 3, 1));
    let all = vec![marked(house("a", 0.0, 0.0, 5.0), 1), marked(house("b", 21.0, 0.0, 5.0), 2), marked(house("c", 40.0, 0.0, 5.0), 3), marked(lamp("d", 5.0, 5.0), 1)];
    assert!(!import_on(&mut store, "2024-06-01", "a.json", "3", all.clone()).changed);
    drop(store);
    assert!(std::fs::read(&path).unwrap() == before, "nothing new: not a byte changes");
    let mut store = SceneStore::open(&path).unwrap();
    import_on(&mut store, "2024-07-01", "a.json", "4", all[..3].to_vec());
    assert_eq!(as_of(&store, "2024-06-30"), ["a 1", "b 2", "c 3", "d 1"]);
    assert_eq!(as_of(&store, "2024-07-01"), ["a 1", "b 2", "c 3"]);
    assert_eq!(store.versions("b").unwrap()[0].since, 3);
    assert_eq!(store.versions("a").unwrap()[0].since, 1);
}

#[test]
fn a_store_of_the_second_version_gets_its_lists() {
    let (folder, store) = town_with_history();
    drop(store);
    let path = folder.path().join("town.gpkg");
    let conn = rusqlite::Connection::open(&path).unwrap();
    conn.execute_batch(
        "ALTER TABLE qike_source DROP COLUMN about;
         DROP TRIGGER qike_building_edited; DROP TABLE qike_term; CREATE TABLE qike_filter (block INTEGER PRIMARY KEY, bits BLOB NOT NULL);
         CREATE TRIGGER qike_building_edited AFTER UPDATE OF name, attributes ON building BEGIN DELETE FROM qike_filter WHERE block = OLD.fid >> 5; END;
         UPDATE gpkg_extensions SET table_name = 'qike_filter' WHERE table_name = 'qike_term';
         UPDATE qike_meta SET value = '2' WHERE key = 'store_version'; PRAGMA wal_checkpoint(TRUNCATE);",
    )
    .unwrap();
    let found = |path: &std::path::Path, height: &str| {
        let query = qike_store::Query { conditions: vec![("height".into(), height.into())], ..Default::default() };
        SceneStore::open(path).unwrap().find(&query).unwrap().into_iter().map(|hit| hit.id).collect::<Vec<_>>()
    };
    let before = found(&path, "5");
    assert!(!before.is_empty(), "without lists every object is looked at");
    let mut store = SceneStore::open(&path).unwrap();
    let all: Vec<_> = (0..300).map(|n| marked(house(&format!("n{n}"), f64::from(n) * 20.0, 100.0, f64::from(n % 7) + 20.0), 1)).collect();
    import_on(&mut store, "2024-07-01", "more.json", "1", all);
    drop(store);
    assert_eq!((found(&path, "5"), found(&path, "23").len()), (before, 43));
    let count = |sql: &str| conn.query_row(sql, [], |r| r.get::<_, i64>(0)).unwrap();
    assert_eq!(count("SELECT count(*) FROM sqlite_schema WHERE name = 'qike_filter' OR sql LIKE '%qike_filter%'"), 0);
    // Another program, one that knows geometries, changes a feature: it is found by what it says now, though no list knows.
    let lists = count("SELECT count(*) FROM qike_term");
    assert!(lists > 0);
    for name in ["ST_IsEmpty", "ST_MinX", "ST_MaxX", "ST_MinY", "ST_MaxY"] {
        conn.create_scalar_function(name, 1, rusqlite::functions::FunctionFlags::SQLITE_UTF8, |_| Ok(0)).unwrap();
    }
    conn.execute("UPDATE building SET attributes = '{\"height\":77}' WHERE id = 'n299'", []).unwrap();
    assert_eq!((found(&path, "77"), count("SELECT count(*) FROM qike_term")), (vec!["n299".to_owned()], lists - 1));
}

/// Imports a house from a source that says something of itself.
fn import_saying(store: &mut SceneStore, day: &str, hash: &str, about: &str) -> ImportReport {
    let mut transaction = store.import_at(on(day), &Feedback::silent()).unwrap();
    transaction.source(source("a.json", hash)).unwrap();
    transaction.object(house("a", 0.0, 0.0, 5.0)).unwrap();
    transaction.about(serde_json::from_str(about).unwrap()).unwrap();
    transaction.commit().unwrap()
}

#[test]
fn what_a_source_says_of_itself_is_kept_and_changes_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("town.gpkg");
    let mut store = SceneStore::create(&path, &crs()).unwrap();
    let first = import_saying(&mut store, "2024-01-01", "1", r#"{"metadata":{"title":"One","n":1.5}}"#);
    assert!(first.changed && first.sources[0].about.is_empty(), "all of a new source is new");
    assert_eq!(store.info().unwrap().sources[0].about["metadata"]["title"], "One");
    assert_eq!(store.snapshot(&Feedback::silent()).unwrap().sources()[0].about["metadata"]["n"], 1.5);
    assert!(!import_saying(&mut store, "2024-01-01", "1", r#"{"metadata":{"title":"One","n":1.5}}"#).changed);
    // Only the title is another: the objects stay, and the city is the same, but the store changes.
    let second = import_saying(&mut store, "2024-03-01", "2", r#"{"metadata":{"title":"Two","n":1.5}}"#);
    assert_eq!((second.changed, second.sources[0].unchanged, second.content_hash.as_str()), (true, 1, first.content_hash.as_str()));
    let change = &second.sources[0].about[0];
    assert_eq!((change.what.as_str(), &change.before, &change.after, second.sources[0].about.len()), ("metadata/title", &"One".into(), &"Two".into(), 1));
    // It has no history: of a day when the source had other bytes nothing is known.
    let then = |store: &SceneStore, day: &str| store.as_of(&Moment::last_of(day).unwrap(), &Feedback::silent()).unwrap().info().unwrap().sources[0].about.clone();
    assert_eq!((then(&store, "2024-02-01").len(), then(&store, "2024-03-02").len()), (0, 1));
    // It goes with its source, and comes back with it.
    store.remove_sources(&[0], on("2024-04-01"), false, &Feedback::silent()).unwrap();
    assert!(store.sources().unwrap()[0].about.is_empty());
    import_saying(&mut store, "2024-05-01", "2", r#"{"metadata":{"title":"Two"}}"#);
    assert_eq!(store.info().unwrap().sources[0].about["metadata"]["title"], "Two");
    // What another program writes there is no reason to fail.
    drop(store);
    rusqlite::Connection::open(&path).unwrap().execute("UPDATE qike_source SET about = 'my notes'", []).unwrap();
    assert_eq!(SceneStore::open(&path).unwrap().info().unwrap().sources[0].about["text"], "my notes");
}

#[test]
fn a_store_of_the_third_version_has_room_for_what_sources_say() {
    let (_folder, store) = town_with_history();
    let path = store.path().to_path_buf();
    drop(store);
    let conn = rusqlite::Connection::open(&path).unwrap();
    conn.execute_batch("ALTER TABLE qike_source DROP COLUMN about; UPDATE qike_meta SET value = '3' WHERE key = 'store_version'; PRAGMA wal_checkpoint(TRUNCATE);").unwrap();
    drop(conn);
    let mut store = SceneStore::open(&path).unwrap();
    assert!(store.info().unwrap().sources[0].about.is_empty() && store.sources().unwrap()[0].about.is_empty());
    assert_eq!(as_of(&store, "2024-03-01"), ["a 1", "b 2"]);
    import_saying(&mut store, "2024-07-01", "4", r#"{"metadata":{"title":"New"}}"#);
    drop(store);
    let store = SceneStore::open(&path).unwrap();
    assert_eq!(store.info().unwrap().sources[0].about["metadata"]["title"], "New");
    assert_eq!(as_of(&store, "2024-06-01"), ["a 1", "b 2", "c 3", "d 1"]);
    assert_eq!(store.validate(&Feedback::silent()).unwrap(), []);
}
