//! The public face: what is written is complete, repeatable and sums up as expected.

use qike_core::Feedback;
use qike_sample::{Options, Report, SampleError, SampleName, write};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

fn made(name: SampleName, options: Options) -> (tempfile::TempDir, Report) {
    let dir = tempfile::tempdir().unwrap();
    let report = write(name, dir.path(), &options, &Feedback::silent()).unwrap();
    (dir, report)
}

fn contents(dir: &Path, report: &Report) -> BTreeMap<String, Vec<u8>> {
    report.files.iter().map(|(name, _)| (name.clone(), fs::read(dir.join(name)).unwrap())).collect()
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_seed_others() {
    let small = |seed| Options { buildings: Some(600), seed, ..Options::default() };
    for name in [SampleName::Lingang, SampleName::Metropolis] {
        let ((a, ra), (b, rb), (c, rc)) = (made(name, small(1)), made(name, small(1)), made(name, small(2)));
        assert_eq!(ra.files, rb.files);
        assert!(contents(a.path(), &ra) == contents(b.path(), &rb), "{} differs between two writes", name.as_str());
        let (one, two) = (contents(a.path(), &ra), contents(c.path(), &rc));
        assert!(one.iter().any(|(k, v)| k.contains("buildings") && two.get(k) != Some(v)), "{} ignores its seed", name.as_str());
    }
}

#[test]
fn lingang_sums_up() {
    let (dir, report) = made(SampleName::Lingang, Options::default());
    let names: Vec<&String> = report.files.iter().map(|(n, _)| n).collect();
    insta::assert_json_snapshot!("lingang", (names, &report.counts));
    // Every mapping names a file that lies beside it.
    for (name, _) in report.files.iter().filter(|(n, _)| n.ends_with(".map.toml")) {
        let text = fs::read_to_string(dir.path().join(name)).unwrap();
        let file = text.lines().find_map(|l| l.strip_prefix("file = \"")).unwrap().trim_end_matches('"');
        assert!(dir.path().join("sources").join(file).exists(), "{name}");
    }
}

#[test]
fn metropolis_has_exactly_the_buildings_asked_for() {
    let (dir, report) = made(SampleName::Metropolis, Options { buildings: Some(1234), seed: 3, ..Options::default() });
    assert_eq!(report.counts["buildings"], 1234);
    let text = fs::read_to_string(dir.path().join("sources/buildings.city.jsonl")).unwrap();
    assert_eq!(text.lines().count(), 1235);
    assert!(text.lines().skip(1).all(|l| l.starts_with("{\"type\":\"CityJSONFeature\"")));
}

#[test]
fn faults_are_told() {
    let dir = tempfile::tempdir().unwrap();
    let many = Options { buildings: Some(1_000_000), seed: 1, ..Options::default() };
    let e = write(SampleName::Lingang, dir.path(), &many, &Feedback::silent()).unwrap_err();
    assert!(matches!(e, SampleError::TooMany { asked: 1_000_000, .. }), "{e}");
    let none = Options { buildings: Some(0), seed: 1, ..Options::default() };
    assert!(matches!(write(SampleName::Metropolis, dir.path(), &none, &Feedback::silent()), Err(SampleError::NoBuildings)));
    let file = dir.path().join("taken");
    fs::write(&file, "x").unwrap();
    let e = write(SampleName::Metropolis, &file, &Options::default(), &Feedback::silent()).unwrap_err();
    assert!(e.to_string().contains("taken"), "{e}");
    assert!("atlantis".parse::<SampleName>().is_err());
    let stopped = Feedback::silent();
    stopped.cancel();
    assert!(matches!(write(SampleName::Metropolis, &dir.path().join("c"), &Options::default(), &stopped), Err(SampleError::Cancelled(_))));
}
