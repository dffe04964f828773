//! What imports change, and what they leave alone.

mod common;
use common::*;
use qike_core::{Diagnostic, Feedback};
use qike_scene::{Class, ObjectSink};
use qike_store::{SceneStore, StoreError};

#[test]
fn what_goes_in_comes_out() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("town.gpkg");
    let mut store = SceneStore::create(&path, &crs()).unwrap();
    let report = import(&mut store, "a.json", "1", town());
    assert_eq!((report.changed, report.sources[0].added, report.has_errors()), (true, 112, false));
    drop(store);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "one file, nothing beside it");

    let store = SceneStore::open(&path).unwrap();
    let snapshot = store.snapshot(&Feedback::silent()).unwrap();
    let mut expected = town();
    expected.sort_by(|a, b| a.id.cmp(&b.id));
    assert_eq!(snapshot.objects(), expected);
    assert_eq!(snapshot.crs(), &crs());
    assert_eq!(snapshot.sources(), [source("a.json", "1")]);
    assert_eq!(format!("{:?}", snapshot.series()), format!("{:?}", [series()]));
    assert_eq!(store.object("house/7").unwrap(), expected.into_iter().find(|o| o.id.as_str() == "house/7"));
    let info = store.info().unwrap();
    assert_eq!((info.objects.total, info.objects.by_class["Building"], info.objects.by_lod["2"], info.objects.by_lod["0"]), (112, 100, 100, 11));
    assert_eq!(info.bounds, Some([684_000.0, 3_420_000.0, 4.0, 685_000.0, 3_420_906.0, 14.0]));
}

#[test]
fn the_same_again_changes_no_byte() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("town.gpkg");
    let mut store = SceneStore::create(&path, &crs()).unwrap();
    import(&mut store, "a.json", "1", town());
    drop(store);
    let before = std::fs::read(&path).unwrap();
    let mut store = SceneStore::open(&path).unwrap();
    let mut backwards = town();
    backwards.reverse();
    let report = import(&mut store, "a.json", "1", backwards);
    assert_eq!((report.changed, report.sources[0].unchanged, report.sources[0].added), (false, 112, 0));
    drop(store);
    assert!(before == std::fs::read(&path).unwrap());
}

#[test]
fn a_new_version_changes_what_is_new_in_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = SceneStore::create(folder.path().join("town.gpkg"), &crs()).unwrap();
    import(&mut store, "a.json", "1", town());
    let kept = store.key_of("house/3").unwrap();

    let mut next = town();
    next[5] = house("house/5", 500.0, 0.0, 25.0);
    next[6].class = Class::OtherConstruction;
    next.remove(9);
    next.push(house("house/new", 2000.0, 2000.0, 5.0));
    let report = import(&mut store, "a.json", "2", next.clone());
    let s = &report.sources[0];
    assert_eq!((s.added, s.changed, s.removed, s.unchanged), (1, 2, 1, 109));
    assert_eq!(store.key_of("house/3").unwrap(), kept);
    assert_eq!(store.object("house/9").unwrap(), None);
    assert_eq!(store.object("house/6").unwrap().unwrap().class, Class::OtherConstruction);
    assert!(store.validate(&Feedback::silent()).unwrap().is_empty());

    // The way there leaves no trace: a store made of the new version alone has the same content.
    let mut fresh = SceneStore::create(folder.path().join("fresh.gpkg"), &crs()).unwrap();
    next.reverse();
    import(&mut fresh, "elsewhere/a.json", "2", next);
    assert_eq!(store.content_hash().unwrap(), fresh.content_hash().unwrap());
    assert_ne!(store.content_hash().unwrap(), SceneStore::in_memory(&crs()).unwrap().content_hash().unwrap());
}

#[test]
fn what_is_dropped_leaves_the_store_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("town.gpkg");
    let mut store = SceneStore::create(&path, &crs()).unwrap();
    import(&mut store, "a.json", "1", town());
    let hash = store.content_hash().unwrap();

    let mut transaction = store.import(&Feedback::silent()).unwrap();
    transaction.source(source("a.json", "2")).unwrap();
    transaction.object(house("half", 0.0, 0.0, 3.0)).unwrap();
    drop(transaction);
    assert_eq!(store.info().unwrap().objects.total, 112);

    // A part that fails is forgotten alone, with the layer it made; the others stay.
    let mut transaction = store.import(&Feedback::silent()).unwrap();
    transaction.begin_part().unwrap();
    transaction.source(source("broken.json", "1")).unwrap();
    let mut tree = lamp("tree", 1.0, 1.0);
    tree.class = Class::SolitaryVegetationObject;
    transaction.object(tree).unwrap();
    transaction.diagnostic(Diagnostic::error("file-corrupt", "cut off"));
    transaction.drop_part().unwrap();
    transaction.begin_part().unwrap();
    transaction.source(source("b.json", "1")).unwrap();
    transaction.object(lamp("lamp/b", 5.0, 5.0)).unwrap();
    let report = transaction.commit().unwrap();
    assert_eq!((report.sources.len(), report.has_errors()), (1, false));
    let info = store.info().unwrap();
    assert_eq!((info.objects.total, info.sources.len()), (113, 2));
    assert!(!info.objects.by_class.contains_key("SolitaryVegetationObject"));
    assert!(store.validate(&Feedback::silent()).unwrap().is_empty());
    assert_ne!(store.content_hash().unwrap(), hash);
}

#[test]
fn an_id_belongs_to_the_first_that_used_it() {
    let mut store = SceneStore::in_memory(&crs()).unwrap();
    import(&mut store, "a.json", "1", vec![lamp("x", 1.0, 1.0), lamp("x", 2.0, 2.0)]);
    let report = import(&mut store, "b.json", "1", vec![house("x", 0.0, 0.0, 5.0), lamp("y", 1.0, 1.0)]);
    let codes: Vec<_> = report.all_diagnostics().map(|d| (d.code.as_ref(), d.object.as_deref())).collect();
    assert_eq!(codes, [("duplicate-id", Some("x"))]);
    assert!(report.all_diagnostics().next().unwrap().message.contains("a.json"));
    assert_eq!(store.object("x").unwrap().unwrap(), lamp("x", 1.0, 1.0));
    assert_eq!(store.info().unwrap().sources.iter().map(|s| (s.objects, s.diagnostics)).collect::<Vec<_>>(), [(1, 1), (1, 1)]);
}

#[test]
fn objects_without_sound_numbers_are_left_out() {
    let mut store = SceneStore::in_memory(&crs()).unwrap();
    let mut broken = house("broken", 0.0, 0.0, 3.0);
    broken.geometries[0].indices[0] = 99;
    let report = import(&mut store, "a.json", "1", vec![lamp("nan", f64::NAN, 0.0), broken, lamp("good", 1.0, 1.0)]);
    let codes: Vec<_> = report.all_diagnostics().map(|d| d.code.as_ref()).collect();
    assert_eq!(codes, ["geometry-broken", "coordinate-not-finite"]);
    assert_eq!(store.ids().unwrap(), ["good"]);
}

#[test]
fn readers_see_the_old_store_while_an_import_runs() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("town.gpkg");
    let mut writer = SceneStore::create(&path, &crs()).unwrap();
    import(&mut writer, "a.json", "1", town());
    let reader = SceneStore::open(&path).unwrap();
    let mut transaction = writer.import(&Feedback::silent()).unwrap();
    transaction.source(source("b.json", "1")).unwrap();
    transaction.object(lamp("late", 5.0, 5.0)).unwrap();
    transaction.keep_part().unwrap();
    assert_eq!(reader.object("late").unwrap(), None);
    assert_eq!(SceneStore::open(&path).unwrap().info().unwrap().objects.total, 112);
    transaction.commit().unwrap();
    assert!(reader.object("late").unwrap().is_some());
}

#[test]
fn cancelling_ends_an_import() {
    let mut store = SceneStore::in_memory(&crs()).unwrap();
    let feedback = Feedback::silent();
    let mut transaction = store.import(&feedback).unwrap();
    transaction.source(source("a.json", "1")).unwrap();
    transaction.object(lamp("x", 0.0, 0.0)).unwrap();
    feedback.cancel();
    assert!(matches!(transaction.commit(), Err(StoreError::Cancelled(_))));
    assert_eq!(store.info().unwrap().objects.total, 0);
}

#[test]
fn what_is_no_store_is_refused_with_a_reason() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let says = |name: &str| SceneStore::open(at(name)).unwrap_err().to_string();
    assert!(says("none.gpkg").contains("no such store"));
    std::fs::write(at("empty.gpkg"), "").unwrap();
    assert!(says("empty.gpkg").contains("empty"));
    std::fs::write(at("text.gpkg"), "this is no database at all").unwrap();
    assert!(says("text.gpkg").contains("another kind"));
    assert!(says("").contains("folder"));
    rusqlite::Connection::open(at("foreign.gpkg")).unwrap().execute_batch("CREATE TABLE t (a)").unwrap();
    assert!(says("foreign.gpkg").contains("another program"));
    drop(SceneStore::create(at("new.gpkg"), &crs()).unwrap());
    assert!(matches!(SceneStore::create(at("new.gpkg"), &crs()), Err(StoreError::Exists { .. })));
    let conn = rusqlite::Connection::open(at("new.gpkg")).unwrap();
    conn.execute("UPDATE qike_meta SET value = '99' WHERE key = 'store_version'", []).unwrap();
    drop(conn);
    assert!(matches!(SceneStore::open(at("new.gpkg")), Err(StoreError::Newer { found: 99, .. })));
    let degrees = SceneStore::create(at("degrees.gpkg"), &qike_core::Crs::wgs84()).unwrap_err();
    assert!(degrees.to_string().contains("metres"), "{degrees}");
}
