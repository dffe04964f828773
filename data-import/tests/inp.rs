//! EPANET and SWMM networks against real files, with the counts of their manifest.

mod common;

use common::{codes, import_with, object};
use qike_core::testdata;
use qike_scene::Class;
use qike_scene::sink::MemorySink;

fn read(path: &str) -> Option<MemorySink> {
    let path = testdata::path(&format!("gis/{path}"))?;
    let (sink, report) = import_with(&[path], &Default::default(), Some("LOCAL"));
    assert_eq!(report.left_out(), 0, "{:?}", sink.diagnostics);
    assert!(sink.objects.iter().flat_map(|o| &o.geometries).all(|g| g.is_consistent() && g.is_finite()));
    Some(sink)
}

/// How many elements have each function.
fn functions(sink: &MemorySink, names: &[&str]) -> Vec<usize> {
    let of = |name: &str| sink.objects.iter().filter(|o| o.class != Class::UtilityNetwork && o.str("function") == Some(name)).count();
    names.iter().map(|name| of(name)).collect()
}

#[test]
fn water_networks_have_the_counts_of_the_manifest() {
    const NAMES: [&str; 5] = ["junction", "reservoir", "tank", "pipe", "pump"];
    for (file, expected) in [("Net1.inp", [9, 1, 1, 12, 1]), ("Net3.inp", [92, 2, 3, 117, 2]), ("ky4.inp", [959, 1, 4, 1156, 2]), ("bad_syntax.inp", [2, 1, 0, 2, 0])] {
        let Some(sink) = read(&format!("water_networks/{file}")) else { return };
        assert_eq!(functions(&sink, &NAMES), expected, "{file}");
        let placed = sink.objects.iter().filter(|o| o.str("function") == Some("pipe") && !o.geometries.is_empty()).count();
        assert_eq!(placed, expected[3], "{file}: every pipe has its line");
    }
}

#[test]
fn drainage_networks_have_the_counts_of_the_manifest() {
    const NAMES: [&str; 6] = ["junction", "pump", "pipe", "outfall", "storage", "subcatchment"];
    for (file, expected) in [
        ("Example1.inp", [13, 0, 13, 1, 0, 8]),
        ("model_full_features_network.inp", [7, 1, 7, 1, 1, 4]),
        ("invalid_model.inp", [7, 1, 8, 1, 1, 5]),
    ] {
        let Some(sink) = read(&format!("sewer_swmm/{file}")) else { return };
        assert_eq!(functions(&sink, &NAMES), expected, "{file}");
        assert_eq!(codes(&sink).iter().any(|code| code == "inp-unknown-node"), file == "invalid_model.inp", "{file}: {:?}", codes(&sink));
    }
}

#[test]
fn units_become_metres_and_pipes_know_their_ends_and_depth() {
    let Some(sink) = read("water_networks/Net1.inp") else { return };
    let pipe = object(&sink, "Net1/link/10");
    // 18 inches, 10,530 feet, from an elevation of 710 feet.
    assert_eq!((pipe.number("diameter_m"), pipe.number("length_m")), (Some(0.4572), Some(3209.544)));
    assert_eq!((pipe.str("from"), pipe.str("to"), pipe.str("status")), (Some("Net1/node/10"), Some("Net1/node/11"), Some("Open")));
    assert!((pipe.geometries[0].vertices[0][2] - 216.408).abs() < 1e-9);
    let Some(sink) = read("sewer_swmm/model_full_features_network.inp") else { return };
    let pipe = object(&sink, "model_full_features_network/link/C2.1");
    assert_eq!((pipe.number("depth_m"), pipe.number("diameter_m"), pipe.str("network")), (Some(4.572), Some(0.3048), Some("storm")));
    let line = &pipe.geometries[0].vertices;
    let (a, b) = (line[0][2], line[line.len() - 1][2]);
    assert!((a - 13.0 * 0.3048).abs() < 1e-6 && (b - 6.547 * 0.3048).abs() < 1e-6, "it falls from J2 to J3");
}
