//! GDAL opens a store as any GeoPackage, and its edits keep the spatial index right. Skipped with a line where GDAL is absent.

mod common;
use common::*;
use qike_core::{Feedback, Severity};
use qike_store::SceneStore;
use std::path::Path;
use std::process::Command;

/// Output of a GDAL program; `None` where it is not installed.
fn gdal(program: &str, arguments: &[&str]) -> Option<String> {
    match Command::new(program).args(arguments).output() {
        Ok(out) => {
            let text = String::from_utf8_lossy(&out.stdout).into_owned() + &String::from_utf8_lossy(&out.stderr);
            assert!(out.status.success(), "{program} {arguments:?}: {text}");
            Some(text)
        }
        Err(_) => {
            eprintln!("skipped: {program} is not installed");
            None
        }
    }
}

fn town_on_disk(folder: &Path) -> String {
    let path = folder.join("town.gpkg");
    let mut store = SceneStore::create(&path, &crs()).unwrap();
    import(&mut store, "a.json", "1", town());
    path.display().to_string()
}

#[test]
fn gdal_lists_every_layer_with_its_crs() {
    let folder = tempfile::tempdir().unwrap();
    let path = town_on_disk(folder.path());
    let Some(list) = gdal("ogrinfo", &["-ro", "-so", &path]) else { return };
    for layer in ["building (Multi Polygon)", "city_furniture (Point)", "road (Multi Line String)", "building_room", "qike_source (None)"] {
        assert!(list.contains(layer), "{layer} is not in\n{list}");
    }
    assert!(!list.contains("qike_object") && !list.contains("Warning"), "{list}");
    let Some(layer) = gdal("ogrinfo", &["-ro", "-so", &path, "building"]) else { return };
    for said in ["Feature Count: 100", "Extent: (684000.000000, 3420000.000000) - (684908.000000, 3420906.000000)", "4549", "attributes: String"] {
        assert!(layer.contains(said), "{said} is not in\n{layer}");
    }
    // Through GDAL's own spatial filter, which uses the R*-tree of the layer.
    let Some(found) = gdal("ogrinfo", &["-ro", "-so", "-spat", "684050", "3420050", "684350", "3420350", &path, "building"]) else { return };
    assert!(found.contains("Feature Count: 9"), "{found}");
}

#[test]
fn edits_in_gdal_keep_the_index_right_and_are_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let path = town_on_disk(folder.path());
    let new = folder.path().join("new.csv");
    std::fs::write(&new, "WKT,id,lods,attributes,source\n\"POLYGON((684050 3420050,684060 3420050,684060 3420060,684050 3420050))\",shed,0,{},0\n").unwrap();
    let args = ["-f", "GPKG", "-update", "-append", &path, &new.display().to_string(), "-nln", "building", "-a_srs", "EPSG:4549", "-nlt", "MULTIPOLYGON", "-sql", "SELECT id, lods, attributes, CAST(source AS integer) AS source FROM new"];
    if gdal("ogr2ogr", &args).is_none() {
        return;
    }
    gdal("ogrinfo", &[&path, "-sql", "UPDATE building SET name = 'renamed' WHERE id = 'house/3'"]);
    let mut store = SceneStore::open(&path).unwrap();
    assert_eq!(store.object("house/3").unwrap().unwrap().name.as_deref(), Some("renamed"));
    assert_eq!(store.object("shed").unwrap(), None);
    let faults = store.validate(&Feedback::silent()).unwrap();
    let mut codes: Vec<_> = faults.iter().map(|f| (f.code.as_ref(), f.severity)).collect();
    codes.sort();
    assert_eq!(codes, [("feature-foreign", Severity::Warning), ("object-edited", Severity::Warning)], "{faults:?}");
    // The number of the added feature is not given to an object.
    let mut next = town();
    next.push(house("house/new", 2000.0, 0.0, 5.0));
    let report = import(&mut store, "a.json", "2", next);
    assert_eq!((report.sources[0].added, report.sources[0].unchanged), (1, 112));
    assert_eq!(store.object("house/3").unwrap().unwrap().name.as_deref(), Some("renamed"), "an edit outlives an import that does not touch its object");
    assert!(store.validate(&Feedback::silent()).unwrap().iter().all(|f| f.severity == Severity::Warning));
}

#[test]
fn a_damaged_store_is_told_from_a_sound_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = town_on_disk(folder.path());
    let conn = rusqlite::Connection::open(&path).unwrap();
    conn.execute_batch(
        "DELETE FROM qike_rtree WHERE oid = (SELECT max(oid) FROM qike_object); DELETE FROM building WHERE id = 'house/4';
         UPDATE qike_geometry SET data = x'0102' WHERE gid = (SELECT min(gid) FROM qike_geometry);",
    )
    .unwrap();
    drop(conn);
    let store = SceneStore::open(&path).unwrap();
    let faults = store.validate(&Feedback::silent()).unwrap();
    let codes: std::collections::BTreeSet<_> = faults.iter().map(|f| f.code.as_ref()).collect();
    assert_eq!(codes.into_iter().collect::<Vec<_>>(), ["feature-missing", "index-stale", "object-broken"]);
    assert!(store.snapshot(&Feedback::silent()).is_err());
}
