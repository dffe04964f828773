//! CityJSON against real files (counts from their manifest) and against damaged ones.

use proptest::prelude::*;
use qike_core::{Crs, Feedback, Severity, SourceCrs, testdata};
use qike_import::formats::cityjson::CityJson;
use qike_import::{Confidence, ImportError, Importer, Source, SourceOptions, sniff};
use qike_scene::sink::MemorySink;
use qike_scene::{CityObject, Class, Geometry, GeometryKind};
use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

fn local() -> SourceOptions {
    SourceOptions { source_crs: Some(SourceCrs::Crs(Crs::local())), ..Default::default() }
}

/// Imports a file as it is, into a frame without a place.
fn import(path: &Path) -> Result<MemorySink, ImportError> {
    import_to(path, local(), Crs::local())
}

fn import_to(path: &Path, options: SourceOptions, crs: Crs) -> Result<MemorySink, ImportError> {
    let mut sink = MemorySink::new(crs);
    let source = Source { path: path.into(), name: "model.json".into(), options, beside: None };
    CityJson.import(&source, &mut sink, &Feedback::silent())?;
    for geometry in sink.objects.iter().flat_map(|o| &o.geometries) {
        assert!(geometry.is_consistent() && geometry.is_finite(), "{}", path.display());
    }
    Ok(sink)
}

/// Imports text.
fn read(text: &str) -> Result<MemorySink, ImportError> {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    import(file.path())
}

fn codes(sink: &MemorySink) -> Vec<&str> {
    sink.diagnostics.iter().map(|d| d.code.as_ref()).collect()
}

fn counts(sink: &MemorySink) -> (BTreeMap<String, usize>, BTreeMap<String, usize>) {
    let mut classes = BTreeMap::new();
    let mut lods = BTreeMap::new();
    for object in &sink.objects {
        *classes.entry(object.class.name().to_owned()).or_default() += 1;
        for geometry in &object.geometries {
            *lods.entry(geometry.lod.to_string()).or_default() += 1;
        }
    }
    (classes, lods)
}

fn object<'s>(sink: &'s MemorySink, id: &str) -> &'s CityObject {
    sink.objects.iter().find(|o| o.id.as_str() == id).unwrap_or_else(|| panic!("no object {id}"))
}

fn table(entries: &[(&str, usize)]) -> BTreeMap<String, usize> {
    entries.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect()
}

/// File, objects by class, geometries by LOD.
type Row = (&'static str, &'static [(&'static str, usize)], &'static [(&'static str, usize)]);

const REAL: &[Row] = &[
    ("cjio/DH_01_subs.city.json", &[("Building", 4), ("BuildingPart", 8)], &[("2", 9)]),
    ("cjio/cube.c.json", &[("Building", 1)], &[("1", 1)]),
    ("cjio/cube.json", &[("Building", 1)], &[("1", 1)]),
    (
        "cjio/delft.json",
        &[("Bridge", 3), ("Building", 160), ("GenericCityObject", 54), ("LandUse", 81), ("PlantCover", 126), ("Road", 143), ("WaterBody", 3)],
        &[("1", 570)],
    ),
    ("cjio/delft_1b.json", &[("Building", 1)], &[("1", 1)]),
    ("cjio/minimal.json", &[], &[]),
    ("cjio/multi_lod.json", &[("Building", 10)], &[("1.2", 10), ("1.3", 10), ("2.2", 10)]),
    ("cjio/dummy/composite_solid_with_material.json", &[("GenericCityObject", 1)], &[("1", 1)]),
    // The instance takes its template's level.
    ("cjio/dummy/dummy.json", &[("Building", 1), ("SolitaryVegetationObject", 1)], &[("1.1", 1), ("2", 1), ("2.1", 1)]),
    ("cjio/dummy/dummy_noappearance.json", &[("Building", 1)], &[("1.1", 1), ("2.1", 1)]),
    ("cjio/dummy/multisurface_with_material.json", &[("CityFurniture", 1)], &[("3", 1)]),
    ("cjio/dummy/rectangle.json", &[("Building", 1)], &[("1.0", 1)]),
    ("cjio/material/mt-1-triangulated.json", &[("Building", 1), ("BuildingPart", 1)], &[("1.2", 1)]),
    ("cjio/material/mt-1.json", &[("Building", 1), ("BuildingPart", 1)], &[("1.2", 1)]),
    ("cjio/material/mt-2-triangulated.json", &[("Building", 1), ("BuildingPart", 1)], &[("1.2", 1)]),
    ("cjio/material/mt-2.json", &[("Building", 1), ("BuildingPart", 1)], &[("1.2", 1)]),
    ("cjio/rotterdam/rotterdam_one.json", &[("Building", 1)], &[("2", 1)]),
    ("cjio/rotterdam/rotterdam_subset.json", &[("Building", 16)], &[("2", 16)]),
    ("cjio/rotterdam/rotterdam_subset_cjio_test.json", &[("Building", 16)], &[("2", 16)]),
    ("cjval/japanese.city.json", &[("Building", 2), ("BuildingInstallation", 2)], &[("0", 2), ("1", 2), ("2", 4)]),
    ("cjval/sem.json", &[("Building", 3)], &[("2", 2), ("2.2", 1)]),
    ("cjval/sem_point.city.json", &[("CityFurniture", 2)], &[("1", 2)]),
    ("cjval/o.json", &[("Building", 1), ("BuildingRoom", 1), ("CityObjectGroup", 1)], &[("2", 1), ("2.1", 1)]),
    ("cjval/noise1.city.json", &[("Building", 1), ("CityFurniture", 1), ("GenericCityObject", 1)], &[]),
];

#[test]
fn real_files_have_the_counts_of_their_manifest() {
    for (file, classes, lods) in REAL {
        let Some(path) = testdata::path(&format!("citymodel/{file}")) else { continue };
        let sink = import(&path).unwrap_or_else(|e| panic!("{file}: {e}"));
        let (got_classes, got_lods) = counts(&sink);
        assert_eq!(got_classes, table(classes), "{file}");
        assert_eq!(got_lods, table(lods), "{file}: {:?}", sink.diagnostics);
        assert!(sniff(&path).is_ok_and(|importer| importer.name() == "cityjson"), "{file}");
        let lost: Vec<_> = sink.diagnostics.iter().filter(|d| d.severity == Severity::Error).map(|d| (d.code.as_ref(), d.object.as_deref())).collect();
        // Two files are broken: one building uses vertex 885 of 9, another vertex 55 of 6.
        let broken = [("cjval/sem.json", "id-3"), ("cjval/o.json", "LondonTower")].into_iter().filter(|b| b.0 == *file);
        assert_eq!(lost, broken.map(|b| ("cityjson-bad-index", Some(b.1))).collect::<Vec<_>>(), "{file}");
    }
}

#[test]
fn every_other_file_imports_or_is_refused_with_its_place() {
    let Some(folder) = testdata::path("citymodel/cjval") else { return };
    let mut seen = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        match import(&path) {
            Ok(sink) => assert!(!sink.objects.is_empty(), "{name}"),
            Err(error) => assert!(["cjfeat1.json", "generic.ext.json"].contains(&name.as_str()), "{name}: {error}"),
        }
        seen += 1;
    }
    assert!(seen > 30);
}

#[test]
fn delft_lands_in_delft() {
    let Some(path) = testdata::path("citymodel/cjio/delft.json") else { return };
    let profile = CityJson.probe(&Source::new(&path), &Feedback::silent()).unwrap();
    let centre = profile.centre_lonlat.unwrap();
    assert!((centre[0] - 4.366).abs() < 0.01 && (centre[1] - 52.012).abs() < 0.01, "{centre:?}");

    // The file names EPSG:7415, whose horizontal part is EPSG:28992: x and y stay, to the rounding of PROJ.
    let dutch = import_to(&path, SourceOptions::default(), Crs::epsg(28992).unwrap()).unwrap();
    let bounds = dutch.objects.iter().fold(qike_core::Bounds3::EMPTY, |mut all, o| {
        all.merge(&o.bounds());
        all
    });
    assert!(bounds.min[0] > 84_000.0 && bounds.max[0] < 86_000.0, "{bounds:?}");
    assert!(bounds.min[1] > 446_000.0 && bounds.max[1] < 448_000.0, "{bounds:?}");
    assert_eq!(dutch.sources[0].crs, "EPSG:7415");
    assert!(dutch.diagnostics.is_empty(), "{:?}", dutch.diagnostics);

    let world = import_to(&path, SourceOptions::default(), Crs::wgs84()).unwrap();
    for v in world.objects.iter().flat_map(|o| &o.geometries).flat_map(|g| &g.vertices) {
        assert!((4.35..4.38).contains(&v[0]) && (52.0..52.02).contains(&v[1]), "every vertex is transformed: {v:?}");
    }
}

#[test]
fn materials_and_semantics_follow_their_surfaces() {
    let Some(path) = testdata::path("citymodel/cjio/material/mt-1.json") else { return };
    let sink = import(&path).unwrap();
    let part = sink.objects.iter().find(|o| o.class == Class::BuildingPart).unwrap();
    assert!(part.parent.is_some());
    let geometry = &part.geometries[0];
    assert_eq!((geometry.kind, geometry.surfaces().count()), (GeometryKind::Solid, 6));
    let kinds: Vec<_> = geometry.surfaces().map(|s| s.semantic().map_or("", |s| s.kind.as_str())).collect();
    assert_eq!(kinds.iter().filter(|k| **k == "WallSurface").count(), 4, "{kinds:?}");
    assert!(!geometry.materials.is_empty());
    for surface in geometry.surfaces() {
        assert!(surface.material().is_some(), "{}", surface.index);
    }
}

const CUBE: &str = r#"{"type":"CityJSON","version":"2.0","transform":{"scale":[1,1,1],"translate":[10,20,30]},
"CityObjects":{
 "b":{"type":"Building","attributes":{"name":"Tower","storeys":3},"children":["r"],"address":[{"City":"Delft"}],
  "geometry":[{"type":"Solid","lod":"2.2","boundaries":[[[[0,3,2,1]],[[4,5,6,7]],[[0,1,5,4]],[[1,2,6,5]],[[2,3,7,6]],[[3,0,4,7]]]],
   "semantics":{"surfaces":[{"type":"GroundSurface"},{"type":"RoofSurface","slope":0,"children":[2]},{"type":"Window","parent":1}],"values":[[0,1,null,2,null,null]]},
   "material":{"a":{"value":1},"b":{"values":[[0,0,0,0,null,0]]}}}]},
 "r":{"type":"BuildingRoom"},
 "g":{"type":"CityObjectGroup","children":["b","r"]},
 "t":{"type":"+Potato","attributes":{"kind":"Bintje"},"+colour":"yellow",
  "geometry":[{"type":"GeometryInstance","template":0,"boundaries":[6],"transformationMatrix":[2,0,0,0, 0,2,0,0, 0,0,2,0, 0,0,0,1]}]}},
"appearance":{"default-theme-material":"b","materials":[{"name":"brick","diffuseColor":[0.5,0.2,0.1]},{"name":"glass","transparency":0.5}]},
"geometry-templates":{"templates":[{"type":"MultiSurface","lod":"1","boundaries":[[[0,1,2]]]}],"vertices-templates":[[0,0,0],[1,0,0],[0,1.5,0]]},
"vertices":[[0,0,0],[1,0,0],[1,1,0],[0,1,0],[0,0,1],[1,0,1],[1,1,1],[0,1,1]]}"#;

#[test]
fn everything_of_a_small_document_is_kept() {
    let sink = read(CUBE).unwrap();
    assert_eq!(sink.objects.len(), 4);
    assert!(codes(&sink).is_empty(), "{:?}", sink.diagnostics);

    let building = object(&sink, "b");
    assert_eq!(building.name.as_deref(), Some("Tower"));
    assert_eq!(building.attributes["storeys"], 3);
    assert_eq!(building.attributes["address"][0]["City"], "Delft");
    let solid = &building.geometries[0];
    assert_eq!((solid.lod.to_string().as_str(), solid.vertices.len(), solid.surfaces().count()), ("2.2", 8, 6));
    assert_eq!(solid.bounds().min, [10.0, 20.0, 30.0]);
    assert_eq!((solid.shell_ends.as_slice(), solid.solid_ends.as_slice()), (&[6][..], &[1][..]));
    let semantics: Vec<_> = solid.surfaces().map(|s| s.semantic().map_or("-", |s| &s.kind)).collect();
    assert_eq!(semantics, ["GroundSurface", "RoofSurface", "-", "Window", "-", "-"]);
    assert_eq!(solid.semantics[2].parent, Some(1));
    assert_eq!(solid.semantics[1].attributes["slope"], 0);
    let materials: Vec<_> = solid.surfaces().map(|s| s.material().map_or("-", |m| &m.name)).collect();
    assert_eq!(materials, ["brick", "brick", "brick", "brick", "-", "brick"], "the default theme");

    assert_eq!(object(&sink, "r").parent.as_ref().unwrap().as_str(), "b", "known from the parent's side alone");
    let group = object(&sink, "g");
    assert_eq!((group.parent.as_ref(), group.attributes["members"][1].as_str()), (None, Some("r")));
    let potato = object(&sink, "t");
    assert_eq!((potato.class, potato.attributes["cityjson_type"].as_str()), (Class::GenericCityObject, Some("+Potato")));
    assert_eq!((potato.attributes["+colour"].as_str(), potato.attributes["kind"].as_str()), (Some("yellow"), Some("Bintje")));
    assert_eq!(potato.geometries[0].vertices, [[11.0, 21.0, 31.0], [13.0, 21.0, 31.0], [11.0, 24.0, 31.0]]);
}

#[test]
fn a_sequence_gives_what_the_document_gives() {
    let header = r#"{"type":"CityJSON","version":"2.0","transform":{"scale":[0.5,1,1],"translate":[1,0,0]},"CityObjects":{},"vertices":[]}"#;
    let feature = |id: &str| {
        format!(r#"{{"type":"CityJSONFeature","id":"{id}","CityObjects":{{"{id}":{{"type":"Road","geometry":[{{"type":"MultiSurface","lod":"1","boundaries":[[[0,1,2]]]}}]}}}},"vertices":[[0,0,0],[2,0,0],[0,2,0]]}}"#)
    };
    let text = format!("{header}\n{}\n\n{}\n{{\"type\":\n{}", feature("a"), feature("b"), feature("c"));
    let sink = read(&text).unwrap();
    assert_eq!(sink.objects.len(), 3);
    assert_eq!(object(&sink, "c").geometries[0].vertices[1], [2.0, 0.0, 0.0]);
    let bad = &sink.diagnostics.iter().find(|d| d.code == "cityjsonseq-bad-line").unwrap().place;
    assert_eq!(bad.line, Some(5), "the other lines stay");
}

/// What replaces what in [`CUBE`], and the code that tells of it.
const DAMAGE: &[(&str, &str, &str)] = &[
    ("[[4,5,6,7]]", "[[4,5,6,70]]", "cityjson-bad-index"),
    ("[[4,5,6,7]]", "[[4,5,6,-7]]", "cityjson-bad-index"),
    ("[[4,5,6,7]]", "[[4,5]]", "cityjson-degenerate"),
    ("[1,1,1],[0,1,1]]}", "[1,1,1],[0,null,1]]}", "not-finite"),
    ("\"boundaries\":[[[[0", "\"boundaries\":[[[[[0", ""),
    ("\"type\":\"Solid\"", "\"type\":\"MultiSurface\"", "cityjson-bad-geometry"),
    ("\"type\":\"Solid\"", "\"type\":\"Blob\"", "cityjson-bad-geometry"),
    ("\"lod\":\"2.2\"", "\"lod\":\"fine\"", "cityjson-bad-lod"),
    ("[[0,1,null,2,null,null]]", "[0,1,null,2,null,null]", "cityjson-unfit-values"),
    ("[[0,1,null,2,null,null]]", "[[0,9,null,2,null,null]]", "cityjson-unfit-values"),
    ("[[0,0,0,0,null,0]]", "[[0,0,0,0,null,7]]", "cityjson-unfit-values"),
    ("\"template\":0", "\"template\":4", "cityjson-bad-instance"),
    ("0,0,2,0, 0,0,0,1]", "0,0,2,0]", "cityjson-bad-instance"),
    ("\"version\":\"2.0\"", "\"version\":\"7\"", "cityjson-version"),
    ("\"type\":\"BuildingRoom\"", "\"type\":\"Room\"", "cityjson-unknown-type"),
    ("{\"type\":\"BuildingRoom\"}", "{\"type\":\"BuildingRoom\",\"parents\":[\"nobody\"]}", "cityjson-missing-parent"),
    (" \"r\":{", " \"b\":{", "duplicate-id"),
    ("\"lod\":\"2.2\",", "\"lod\":\"2.2\",\"texture\":{\"t\":{\"values\":[[[[0,0,1,2,3]]]]}},", "cityjson-unfit-values"),
];

#[test]
fn each_fault_has_its_code_and_leaves_the_rest() {
    for (from, to, code) in DAMAGE {
        let text = CUBE.replacen(from, to, 1);
        assert_ne!(text, CUBE, "{from}");
        match read(&text) {
            Ok(sink) => {
                assert!(codes(&sink).contains(code), "{to}: {:?}", sink.diagnostics);
                assert!(sink.objects.len() >= 3, "{to}");
                let d = sink.diagnostics.iter().find(|d| d.code == *code).unwrap();
                assert!(d.place.file.is_some() || d.code == "duplicate-id", "{d}");
            }
            Err(error) => assert!(code.is_empty(), "{to}: {error}"),
        }
    }
}

#[test]
fn a_bad_index_costs_one_surface_and_its_entries() {
    let sink = read(&CUBE.replacen("[[4,5,6,7]]", "[[4,5,6,70]]", 1)).unwrap();
    let solid = &object(&sink, "b").geometries[0];
    let semantics: Vec<_> = solid.surfaces().map(|s| s.semantic().map_or("-", |s| &s.kind)).collect();
    assert_eq!(semantics, ["GroundSurface", "-", "Window", "-", "-"]);
    assert_eq!(solid.shell_ends, [5]);
}

#[test]
fn broken_json_says_where() {
    let cut = read(&CUBE[..CUBE.len() / 2]).unwrap_err().to_string();
    assert!(cut.starts_with("model.json: the JSON is cut off (at line ") && cut.contains("column"), "{cut}");
    let wrong = read(&CUBE.replacen("\"vertices\":[[0,0,0]", "\"vertices\":[[0,NaN,0]", 1)).unwrap_err().to_string();
    assert!(wrong.contains("line 13") && wrong.contains("column"), "{wrong}");
    let deep = format!("{{\"type\":\"CityJSON\",\"CityObjects\":{{\"x\":{{\"geometry\":[{{\"boundaries\":{}", "[".repeat(100_000));
    assert!(read(&deep).is_err(), "deep nesting ends in an error, not in a crash");
    assert!(matches!(read(""), Err(ImportError::Empty { .. })));
    assert!(read("{\"type\":\"Feature\"}").unwrap_err().to_string().contains("'Feature'"));
    assert!(read("{}").unwrap_err().to_string().contains("no type"));
    let unknown = CUBE.replacen("\"version\"", "\"metadata\":{\"referenceSystem\":\"https://www.opengis.net/def/crs/EPSG/0/1\"},\"version\"", 1);
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(unknown.as_bytes()).unwrap();
    assert!(matches!(import_to(file.path(), SourceOptions::default(), Crs::wgs84()), Err(ImportError::Crs { .. })));
}

#[test]
fn a_file_without_crs_is_taken_in_the_stores_with_a_warning() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(CUBE.replacen("[10,20,30]", "[85000,446000,0]", 1).as_bytes()).unwrap();
    let sink = import_to(file.path(), SourceOptions::default(), Crs::epsg(28992).unwrap()).unwrap();
    assert_eq!(codes(&sink), ["crs-unknown"]);
    assert_eq!(object(&sink, "b").geometries[0].bounds().min, [85_000.0, 446_000.0, 0.0]);
}

#[test]
fn only_cityjson_is_claimed() {
    let yes = Confidence::Both;
    assert_eq!(CityJson.sniff(Path::new("a.city.json"), CUBE.as_bytes()), yes);
    assert_eq!(CityJson.sniff(Path::new("a.json"), CUBE.as_bytes()), yes);
    assert_eq!(CityJson.sniff(Path::new("a.jsonl"), b"{ \"type\" : \"CityJSON\", "), yes);
    assert_eq!(CityJson.sniff(Path::new("a.json"), b"{\"type\":\"FeatureCollection\"}"), Confidence::No);
    assert_eq!(CityJson.sniff(Path::new("a.city.json"), b"PK\x03\x04"), Confidence::Ending);
    assert_eq!(CityJson.sniff(Path::new("a.txt"), CUBE.as_bytes()), Confidence::Content);
}

#[test]
fn members_come_in_any_order_and_with_any_space() {
    let expected = read(CUBE).unwrap();
    let document: serde_json::Value = serde_json::from_str(CUBE).unwrap();
    let members: Vec<(String, String)> = document.as_object().unwrap().iter().map(|(key, value)| (key.clone(), value.to_string())).collect();
    for turn in 0..members.len() {
        let mut turned = members.clone();
        turned.rotate_left(turn);
        let text: Vec<String> = turned.iter().map(|(key, value)| format!("\"{key}\":{value}")).collect();
        let plain = format!("{{{}}}", text.join(","));
        let pretty = serde_json::to_string_pretty(&serde_json::from_str::<serde_json::Value>(&plain).unwrap()).unwrap();
        // Space where pretty printing has none, and keys written with escapes.
        let odd = format!("\u{feff} {}", plain.replace(':', " :\t").replace(',', "\r\n,").replace("\"type\"", "\"t\\u0079pe\"").replace("\"b\" :", "\"\\u0062\" :"));
        for text in [plain, pretty, odd] {
            let sink = read(&text).unwrap_or_else(|e| panic!("{e}: {text}"));
            assert_eq!(sink.objects, expected.objects, "{text}");
            assert!(codes(&sink).is_empty(), "{:?}", sink.diagnostics);
        }
    }
}

#[test]
fn a_member_that_comes_twice_counts_the_last_time() {
    let twice = CUBE.replacen("\"vertices\":", "\"vertices\":[[9,9,9]],\"vertices\":", 1).replacen("\"CityObjects\":", "\"CityObjects\":{\"x\":{\"type\":\"Road\"}},\"CityObjects\":", 1);
    assert_eq!(read(&twice).unwrap().objects, read(CUBE).unwrap().objects);
}

#[test]
fn numbers_that_are_no_vertices_cost_their_surface() {
    for (odd, lost) in [("6.0", 0), ("6.5", 1), ("-6", 1), ("6e0", 0), ("99999999999999999999999", 1), ("4294967295", 1), ("4294967301", 1), ("\"6\"", 6), ("null", 6), ("[6]", 6)] {
        let sink = read(&CUBE.replacen("[[4,5,6,7]]", &format!("[[4,5,{odd},7]]"), 1)).unwrap();
        let kept = object(&sink, "b").geometries.first().map_or(0, |g| g.surfaces().count());
        assert_eq!(kept, 6 - lost, "{odd}: {:?}", sink.diagnostics);
        assert_eq!(codes(&sink).is_empty(), lost == 0, "{odd}: {:?}", sink.diagnostics);
    }
}

#[test]
fn an_object_that_cannot_be_read_is_left_out_with_its_place() {
    for (from, to, reason) in [
        ("\"storeys\":3", "\"storeys\":03", "invalid number"),
        ("\"storeys\":3", "\"storeys\":3,", "trailing comma"),
        ("\"storeys\":3", "\"storeys\":NaN", "expected value"),
        ("\"name\":\"Tower\"", "\"name\":\"To\\wer\"", "invalid escape"),
        ("[[4,5,6,7]]", "[[4,5,6,7]", "expected `,` or `}`"),
        ("[[4,5,6,7]]", "[[4,5,,7]]", "expected value"),
    ] {
        let text = CUBE.replacen(from, to, 1);
        match read(&text) {
            Ok(sink) => {
                assert_eq!(codes(&sink), ["cityjson-bad-object"], "{to}: {:?}", sink.diagnostics);
                let found = &sink.diagnostics[0];
                assert!(found.message.contains("the object is left out: ") && found.message.contains("column"), "{}", found.message);
                assert_eq!(found.object.as_deref(), Some("b"), "{to}");
                assert!(matches!(found.place.line, Some(3..=6)), "{:?}", found.place);
                assert_eq!(sink.objects.len(), 3, "the others stay");
            }
            // A bracket too few: where the object ends is not known.
            Err(error) => assert!(reason.starts_with("expected `,`") && error.to_string().contains("line"), "{to}: {error}"),
        }
    }
    let sink = read(&CUBE.replacen("{\"type\":\"BuildingRoom\"}", "17", 1)).unwrap();
    assert!(sink.diagnostics[0].message.contains("no JSON object"), "{:?}", sink.diagnostics);
    assert_eq!((sink.objects.len(), sink.diagnostics[0].place.line), (3, Some(7)));
    let mut bytes = CUBE.as_bytes().to_vec();
    let at = CUBE.find("Tower").unwrap();
    bytes[at] = 0xff;
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(&bytes).unwrap();
    let sink = import(file.path()).unwrap();
    assert_eq!((codes(&sink), sink.objects.len()), (vec!["cityjson-bad-object"], 3), "text that is no UTF-8");
}

#[test]
fn parts_of_another_kind_are_told_of() {
    for (from, to, code) in [
        ("{\"scale\":[1,1,1],\"translate\":[10,20,30]}", "{\"scale\":[1,1],\"translate\":[10,20,30]}", "cityjson-bad-transform"),
        ("{\"scale\":[1,1,1],\"translate\":[10,20,30]}", "5", "cityjson-bad-transform"),
        ("\"geometry\":[{\"type\":\"Solid\"", "\"geometry\":[7,{\"type\":\"Solid\"", "cityjson-bad-geometry"),
        ("\"semantics\":{", "\"semantics\":7,\"x\":{", "cityjson-unfit-values"),
        ("\"material\":{", "\"material\":[1],\"x\":{", "cityjson-unfit-values"),
    ] {
        let text = CUBE.replacen(from, to, 1);
        assert_ne!(text, CUBE, "{from}");
        let sink = read(&text).unwrap_or_else(|e| panic!("{to}: {e}"));
        assert_eq!((codes(&sink), sink.objects.len()), (vec![code], 4), "{to}: {:?}", sink.diagnostics);
    }
    for (from, to, path) in [("\"vertices\":[[0", "\"vertices\":7,\"x\":[[0", "/vertices"), ("\"CityObjects\":{", "\"CityObjects\":[],\"x\":{", "/CityObjects")] {
        let error = read(&CUBE.replacen(from, to, 1)).unwrap_err().to_string();
        assert!(error.contains(path) && error.contains("line"), "{error}");
    }
}

#[test]
fn objects_larger_than_the_window_are_read() {
    // Some megabytes of surfaces in one object, and vertices that are read in several steps.
    let count = 120_000;
    let boundaries: Vec<String> = (0..count).map(|n| format!("[[{n},{},{}]]", n + 1, n + 2)).collect();
    let vertices: Vec<String> = (0..count + 2).map(|n| if n % 1000 == 0 { format!("[ {n}, 0.5 ,{}]", n % 7) } else { format!("[{n},{},{}]", n % 5, n % 7) }).collect();
    let objects = ["a", "b", "c"].map(|id| format!(r#""{id}":{{"type":"Road","geometry":[{{"type":"MultiSurface","lod":"1","boundaries":[{}]}}]}}"#, boundaries.join(",")));
    let text = format!(r#"{{"type":"CityJSON","version":"2.0","CityObjects":{{{}}},"vertices":[{}]}}"#, objects.join(","), vertices.join(","));
    let sink = read(&text).unwrap();
    assert!(codes(&sink).is_empty(), "{:?}", sink.diagnostics);
    for id in ["a", "b", "c"] {
        let geometry = &object(&sink, id).geometries[0];
        assert_eq!((geometry.surfaces().count(), geometry.vertices.len()), (count, count + 2), "{id}");
        assert_eq!(geometry.vertices[3000], [3000.0, 0.5, 4.0]);
        assert_eq!(geometry.vertices[3001], [3001.0, 1.0, 5.0]);
    }
    let feature = format!(
        "{}\n{{\"type\":\"CityJSONFeature\",\"id\":\"a\",\"CityObjects\":{{{}}},\"vertices\":[{}]}}",
        r#"{"type":"CityJSON","version":"2.0","CityObjects":{},"vertices":[]}"#, objects[0], vertices.join(",")
    );
    assert_eq!(object(&read(&feature).unwrap(), "a").geometries, object(&sink, "a").geometries);
}

#[test]
fn families_are_known_wherever_their_members_stand() {
    let text = r#"{"type":"CityJSON","version":"2.0","CityObjects":{
        "part":{"type":"BuildingPart","parents":["house","block"]},"house":{"type":"Building"},"block":{"type":"CityObjectGroup"},
        "room":{"type":"BuildingRoom"},"flat":{"type":"BuildingUnit","children":["room","flat"],"parents":["flat"]},
        "lost":{"type":"BuildingPart","parents":["nobody"]}},"vertices":[]}"#;
    let header = r#"{"type":"CityJSON","version":"2.0","CityObjects":{},"vertices":[]}"#;
    let feature = text.replacen("\"CityJSON\"", "\"CityJSONFeature\"", 1).replace('\n', " ");
    for text in [text.to_owned(), format!("{header}\n{feature}\n")] {
        let sink = read(&text).unwrap();
        let parent = |id: &str| object(&sink, id).parent.as_ref().map(|p| p.as_str().to_owned());
        assert_eq!(parent("part").as_deref(), Some("house"), "not the group");
        assert_eq!(parent("room").as_deref(), Some("flat"));
        assert_eq!(parent("flat"), None, "nobody is their own parent");
        assert_eq!(codes(&sink), ["cityjson-missing-parent"], "{:?}", sink.diagnostics);
        assert_eq!(sink.diagnostics[0].object.as_deref(), Some("lost"));
    }
}

#[test]
fn what_follows_a_document_is_not_passed_over() {
    for after in ["x", "{}", "\n}", " [1]"] {
        let error = read(&format!("{CUBE}{after}")).unwrap_err().to_string();
        assert!(error.contains("trailing characters") && error.contains("line 13") || error.contains("line 14"), "{after}: {error}");
    }
    assert_eq!(read(&format!("\u{feff}\n {CUBE}\n\n \t")).unwrap().objects.len(), 4);
    assert!(read(" \n ").unwrap_err().to_string().contains("cut off"));
    assert!(read("7").is_err() && read("[1]").is_err() && read("{\"type\" \"CityJSON\"}").is_err());
}

/// Bytes of a geometry's parts never lead out of its arrays, whatever was changed in the text.
fn assert_sound(sink: &MemorySink) {
    let sound = |g: &Geometry| g.is_consistent() && g.is_finite();
    assert!(sink.objects.iter().all(|o| o.geometries.iter().all(sound)));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]
    #[test]
    fn changed_bytes_never_panic(changes in prop::collection::vec((0..CUBE.len(), prop::sample::select(b"0123456789[]{},:\"-. \nnullNaN\xff".to_vec())), 1..8)) {
        let mut bytes = CUBE.as_bytes().to_vec();
        for (at, byte) in changes {
            bytes[at] = byte;
        }
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(&bytes).unwrap();
        if let Ok(sink) = import(file.path()) {
            assert_sound(&sink);
        }
    }

    #[test]
    fn cut_text_never_panics(at in 0..CUBE.len()) {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(&CUBE.as_bytes()[..at]).unwrap();
        prop_assert!(import(file.path()).is_err());
    }
}

#[test]
fn what_a_document_says_of_itself_is_kept() {
    let said = r#""metadata":{"title":"Town","referenceDate":"2024-05-06","pointOfContact":{"contactName":"A","emailAddress":"a@b.c"},"more":[1,2.5]},"extensions":{"Noise":{"url":"https://x.org/n.json","version":"1.0"}},"+census":{"a":[1,null]},"+empty":null,"version""#;
    let text = CUBE.replacen("\"version\"", said, 1);
    let mut whole = read(&text).unwrap();
    assert!(codes(&whole).is_empty(), "{:?}", whole.diagnostics);
    let about = whole.sources.remove(0).about;
    let expected: serde_json::Value = serde_json::from_str(&format!("{{{}}}", &said[..said.len() - 10])).unwrap();
    assert_eq!(serde_json::Value::from(about), expected);
    // Of a sequence its first line.
    let lines = format!("{{\"type\":\"CityJSON\",\"transform\":{{\"scale\":[1,1,1],\"translate\":[0,0,0]}},{said}:\"2.0\",\"CityObjects\":{{}},\"vertices\":[]}}\n{{\"type\":\"CityJSONFeature\",\"id\":\"a\",\"CityObjects\":{{\"a\":{{\"type\":\"Building\"}}}},\"vertices\":[]}}\n");
    let sequence = read(&lines).unwrap();
    assert_eq!((codes(&sequence), sequence.objects.len()), (vec![], 1), "{:?}", sequence.diagnostics);
    assert_eq!(serde_json::Value::from(sequence.sources[0].about.clone()), expected);
}

#[test]
fn a_document_that_says_too_much_of_itself_is_told_of() {
    let put = |member: &str| CUBE.replacen("\"version\"", &format!("{member},\"version\""), 1);
    let long = "x".repeat(1 << 20);
    let sink = read(&put(&format!("\"+long\":[\"{long}\"],\"+short\":1"))).unwrap();
    assert_eq!((codes(&sink), sink.objects.len(), sink.sources[0].about.get("+short")), (vec!["cityjson-root-property"], 4, Some(&1.into())));
    // Each is small enough, and all are too much.
    let half = "x".repeat(600_000);
    let sink = read(&put(&format!("\"+a\":\"{half}\",\"+b\":\"{half}\""))).unwrap();
    assert_eq!((codes(&sink), sink.sources[0].about.contains_key("+a"), sink.sources[0].about.contains_key("+b")), (vec!["about-too-large"], true, false));
    assert!(sink.diagnostics[0].place.path.as_deref() == Some("/+b"), "{:?}", sink.diagnostics);
}
