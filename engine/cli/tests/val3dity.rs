//! Each test case of val3dity reports its code.

mod common;

use common::Place;
use qike_core::testdata;

/// The codes that `qike validate` gives for a file, with hollows in it.
fn codes(place: &Place, file: &str, hollows: &[&str]) -> Option<Vec<String>> {
    let path = |name: &str| testdata::path(&format!("citymodel/val3dity/{name}"));
    let mut line = format!("validate {} --json", path(file)?.display());
    for hollow in hollows {
        line += &format!(" --inner-shell {}", path(hollow)?.display());
    }
    let said = place.qike(&line);
    let report = said.json();
    let codes: Vec<String> = report["errors"].as_array().unwrap().iter().map(|e| e["code"].as_str().unwrap().to_owned()).collect();
    assert_eq!((said.code == 0, report["valid"].as_bool()), (codes.is_empty(), Some(codes.is_empty())), "{file}: {}", said.stderr);
    Some(codes)
}

#[test]
fn every_case_reports_its_code() {
    let place = Place::new();
    let mut wrong = Vec::new();
    let mut expect = |file: &str, hollows: &[&str], code: &[&str]| {
        let Some(found) = codes(&place, file, hollows) else { return };
        let fits = if code.is_empty() { found.is_empty() } else { found.iter().any(|c| code.contains(&c.as_str())) };
        if !fits {
            wrong.push(format!("{file} {hollows:?}: {found:?}, expected {code:?}"));
        }
    };
    for code in [101, 102, 104, 201, 202, 203, 205, 206, 207, 208, 301, 302, 303, 305, 306, 307, 405] {
        // A file may report what its manifest allows instead.
        let allowed = match code {
            202 | 206 => "201",
            307 => "303",
            _ => "",
        };
        expect(&format!("{code}.poly"), &[], &[&code.to_string(), allowed]);
    }
    for code in [401, 403, 404] {
        expect("basecube.poly", &[&format!("{code}.poly")], &[&code.to_string()]);
    }
    for file in ["basecube.poly", "basecube_large_coords.poly", "closed_top.poly", "composite_solid.json", "multi_solid.json"] {
        expect(file, &[], &[]);
    }
    for hollows in [
        &["inner_shell.poly"][..],
        &["inner_shell_1.poly"],
        &["inner_shell.poly", "inner_shell_2.poly"],
        &["inner_shell_3.poly", "inner_shell.poly"],
        &["inner_shell_4.poly", "inner_shell.poly"],
    ] {
        expect("basecube.poly", hollows, &[]);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
