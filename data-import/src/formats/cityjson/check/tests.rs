use super::*;
use qike_core::testdata;
use std::collections::BTreeSet;

/// The codes of errors and of warnings of a file, each once.
fn codes(path: std::path::PathBuf) -> [BTreeSet<String>; 2] {
    let found = check(&Source::new(path), &Feedback::silent()).unwrap();
    [Severity::Error, Severity::Warning].map(|s| found.iter().filter(|d| d.severity == s).map(|d| d.code.to_string()).collect())
}

#[test]
fn cases_of_the_formats_own_validator() {
    let mut wrong = Vec::new();
    // Errors that each file must and may have; all other errors are false alarms.
    for (file, must) in [
        ("address.json", &[][..]),
        ("cjfeat1.json", &["cj-schema"]),
        ("cube.city.json", &[]),
        ("cube_20.jsonl", &["cj-schema"]),
        ("cube_20_1.jsonl", &[]),
        ("duplicate.json", &["cj-parents-children"]),
        ("extension.jsonl", &["cj-schema"]),
        ("extraattribute.json", &["cj-extension"]),
        ("japanese.city.json", &[]),
        ("many.json", &[]),
        ("many2.json", &[]),
        ("material.city.json", &["cj-material"]),
        ("material2.city.json", &["cj-material"]),
        ("material3.city.json", &[]),
        ("noise1.city.json", &["cj-schema"]),
        ("o.json", &["cj-vertex-index"]),
        ("o2.json", &[]),
        ("o3.json", &[]),
        ("o4.json", &["cj-version", "cj-vertex-index"]),
        ("potatoes.city.json", &["cj-schema"]),
        ("sem.json", &["cj-extension", "cj-semantics", "cj-vertex-index"]),
        ("sem_point.city.json", &[]),
        ("texture1.city.json", &["cj-texture"]),
        ("texture2.city.json", &["cj-texture"]),
        ("texture3.city.json", &[]),
        ("texture4.city.json", &[]),
        ("texture5.city.json", &[]),
        ("texture6.city.json", &["cj-texture"]),
        ("texture7.city.json", &[]),
        ("twoextensions.json", &[]),
    ] {
        let Some(path) = testdata::path(&format!("citymodel/cjval/{file}")) else { return };
        let [errors, _] = codes(path);
        if errors != must.iter().map(|c| (*c).to_owned()).collect() {
            wrong.push(format!("{file}: {errors:?}, expected {must:?}"));
        }
    }
    for (file, warning) in [("o2.json", "cj-extra-root-property"), ("o3.json", "cj-duplicate-vertices"), ("o3.json", "cj-unused-vertices"), ("address.json", "cj-unused-vertices")] {
        let Some(path) = testdata::path(&format!("citymodel/cjval/{file}")) else { return };
        let [_, warnings] = codes(path);
        if !warnings.contains(warning) {
            wrong.push(format!("{file}: {warnings:?} has no {warning}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn files_in_use_keep_the_rules() {
    for file in ["citymodel/cjio/cube.json", "citymodel/cjio/delft.json", "citymodel/cjio/delft_1b.json", "citymodel/cjio/minimal.json", "citymodel/cjio/multi_lod.json"] {
        let Some(path) = testdata::path(file) else { return };
        let [errors, _] = codes(path);
        assert!(errors.is_empty(), "{file}: {errors:?}");
    }
}

/// A document with one fault, found under one code.
#[test]
fn each_rule_has_its_code() {
    let good = r#"{"type":"CityJSON","version":"2.0","transform":{"scale":[1,1,1],"translate":[0,0,0]},"CityObjects":{"h":{"type":"Building","children":["r"],
"geometry":[{"type":"MultiSurface","lod":"2","boundaries":[[[0,1,2]],[[0,2,3]]],"semantics":{"surfaces":[{"type":"RoofSurface"}],"values":[0,null]}}]},
"r":{"type":"BuildingRoom","parents":["h"]}},"vertices":[[0,0,0],[1,0,0],[1,1,0],[0,1,0]]}"#;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.city.json");
    for (from, to, code) in [
        ("", "", ""),
        ("[[0,1,2]]", "[[0,1,4]]", "cj-vertex-index"),
        ("[[0,1,2]]", "[[0,1,4294967295]]", "cj-vertex-index"),
        ("[[0,1,2]]", "[[0,1,-1]]", "cj-schema"),
        ("[[0,1,2]]", "[0,1,2]", "cj-schema"),
        ("\"Building\"", "\"Bilding\"", "cj-schema"),
        ("\"MultiSurface\"", "\"MultiPoint\"", "cj-schema"),
        ("\"lod\":\"2\"", "\"lod\":2", "cj-schema"),
        ("[0,null]", "[0]", "cj-semantics"),
        ("[0,null]", "[0,1]", "cj-semantics"),
        ("RoofSurface", "Roof", "cj-schema"),
        ("RoofSurface", "+Dome", "cj-extension"),
        ("\"parents\":[\"h\"]", "\"parents\":[\"x\"]", "cj-parents-children"),
        ("\"parents\":[\"h\"]", "\"attributes\":{}", "cj-schema"),
        ("\"children\":[\"r\"]", "\"children\":[\"r\",\"s\"]", "cj-parents-children"),
        ("\"transform\":{\"scale\":[1,1,1],", "\"transform\":{\"scale\":[1,1],", "cj-schema"),
        ("\"version\":\"2.0\"", "\"version\":\"3.0\"", "cj-version"),
        ("[1,1,0]", "[1,1]", "cj-schema"),
        (",\"vertices\"", ",\"+census\":1,\"vertices\"", "cj-extension"),
    ] {
        assert!(good.contains(from), "{from}");
        std::fs::write(&path, good.replacen(from, to, usize::from(!from.is_empty()))).unwrap();
        let [errors, _] = codes(path.clone());
        let expected: Vec<&str> = if code.is_empty() { vec![] } else { vec![code] };
        assert!(errors.iter().map(String::as_str).eq(expected.iter().copied()) || errors.contains(code), "{from} -> {to}: {errors:?}");
        assert!(!code.is_empty() || errors.is_empty(), "{errors:?}");
    }
}

#[test]
fn an_extension_beside_the_file_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let extension = r#"{"type":"CityJSONExtension","extraAttributes":{"Building":{"+colour":{"type":"object","properties":{"rgb":{"type":"array","items":{"type":"number"},"minItems":3}},"required":["rgb"]}}}}"#;
    std::fs::write(folder.path().join("c.ext.json"), extension).unwrap();
    let path = folder.path().join("a.city.json");
    for (colour, valid) in [("{\"rgb\":[1,2,3]}", true), ("{\"rgb\":[1,2]}", false), ("{\"rgb\":[1,2,\"x\"]}", false), ("{}", false), ("\"red\"", false)] {
        let text = format!(
            r#"{{"type":"CityJSON","version":"2.0","extensions":{{"C":{{"url":"https://x.example/c.ext.json","version":"1.0"}}}},"transform":{{"scale":[1,1,1],"translate":[0,0,0]}},"CityObjects":{{"h":{{"type":"Building","attributes":{{"+colour":{colour}}}}}}},"vertices":[]}}"#
        );
        std::fs::write(&path, text).unwrap();
        let [errors, warnings] = codes(path.clone());
        assert_eq!((errors.is_empty(), warnings.is_empty()), (valid, true), "{colour}: {errors:?} {warnings:?}");
    }
}
