//! All real files there are, in one command, into one store.

mod common;

use common::Place;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

fn name_of(source: &Value) -> &str {
    source["path"].as_str().unwrap_or_default()
}

#[test]
fn every_dataset_goes_into_one_store_in_one_command() {
    let Some(manifest) = qike_core::testdata::path("MANIFEST.tsv") else { return };
    let data = manifest.parent().expect("a folder").canonicalize().expect("it is there");
    let place = Place::new();
    let report = place.qike(&format!("import {} --store all.gpkg --id-prefix auto --json", data.display())).expect(3, &[]).json();
    let (sources, left_out) = (report["sources"].as_array().expect("sources"), report["left_out"].as_array().expect("a list"));

    // What no importer reads is told once; two files are broken: pixels that end early, and a feature without the header of its sequence.
    let left: BTreeSet<&str> = left_out.iter().map(|l| name_of(l).rsplit('/').next().unwrap_or_default()).collect();
    let folder = data.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    assert_eq!(left, BTreeSet::from([folder.as_str(), "cjfeat1.json", "corrupt.tif"]));

    let mut by_format: BTreeMap<&str, u64> = BTreeMap::new();
    for source in sources {
        *by_format.entry(source["format"].as_str().expect("a format")).or_default() += 1;
    }
    for (format, least) in
        [("ifc", 57), ("citygml", 61), ("cityjson", 50), ("poly", 28), ("obj", 4), ("osm", 6), ("records", 10), ("geotiff", 4), ("hgt", 3), ("geopackage", 1), ("gtfs", 2), ("epanet", 4), ("swmm", 3)]
    {
        assert!(by_format.get(format).is_some_and(|n| *n >= least), "{least} sources of {format} in {by_format:?}");
    }

    // Nothing is lost between files; only what a file says twice. A model without a single object has none.
    for source in sources {
        for finding in source["diagnostics"].as_array().into_iter().flatten().filter(|d| d["code"] == "duplicate-id") {
            let message = finding["message"].as_str().unwrap_or_default();
            assert!(message.contains("came before in this source"), "{}: {message}", name_of(source));
        }
    }
    let empty: BTreeSet<&str> = sources.iter().filter(|s| s["objects"] == 0).filter_map(|s| name_of(s).rsplit('/').next()).collect();
    assert_eq!(empty, BTreeSet::from(["minimal.json", "structural-curve-member.ifc"]));

    // What the sources gave is what the store has, by the manifest's counts where it states them for a whole file.
    let info = place.qike("info all.gpkg --json").expect(0, &[]).json();
    let given: u64 = sources.iter().filter_map(|s| s["objects"].as_u64()).sum();
    assert_eq!(info["objects"]["total"], given);
    let objects = |ending: &str| {
        let of = sources.iter().find(|s| name_of(s).ends_with(ending));
        of.and_then(|s| s["objects"].as_u64()).unwrap_or_else(|| panic!("{ending} is no source"))
    };
    assert_eq!([objects("andorra.osm.pbf"), objects("bubenec.gpkg"), objects("boston311-100.csv")], [4419, 730, 100]);
    let of = |file: &str, class: &str| {
        let found = place.qike(&format!("find all.gpkg --class {class} --json")).expect(0, &[]).json();
        let ids = found["objects"].as_array().expect("objects").iter().filter_map(|o| o["id"].as_str());
        ids.filter(|id| id.strip_prefix(file).is_some_and(|rest| rest.starts_with(':'))).count()
    };
    assert_eq!((of("AC20-FZK-Haus.ifc", "BuildingRoom"), of("duplex.ifc", "BuildingRoom")), (7, 21));
    assert_eq!((of("AC20-FZK-Haus.ifc", "Door"), of("AC20-FZK-Haus.ifc", "Window")), (5, 11));
    assert_eq!((of("duplex.ifc", "Door"), of("duplex.ifc", "Window")), (14, 24));

    // Again, nothing changes.
    let again = place.qike(&format!("import {} --store all.gpkg --id-prefix auto --json", data.display())).expect(3, &[]).json();
    assert_eq!((&again["changed"], &again["content_hash"]), (&Value::Bool(false), &report["content_hash"]));
}
