//! Real files through the formats that lose nothing: import, export, import again, and no difference.

use qike_core::{Crs, Feedback, testdata};
use qike_export::{Pictures, cityjson, citygml, selection};
use qike_import::SourceOptions;
use qike_scene::diff::diff;
use qike_scene::sink::MemorySink;
use qike_scene::{CityObject, Class, Image, ImageId, ObjectIx, SceneSnapshot, SourceId, SourceInfo};
use serde_json::json;
use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};

/// A model and its pictures.
fn read(path: &Path, crs: Option<&Crs>) -> (SceneSnapshot, BTreeMap<ImageId, Image>) {
    let planned = qike_import::plan(&[path.to_path_buf()], &SourceOptions::default());
    let feedback = Feedback::silent();
    let crs = crs.cloned().unwrap_or_else(|| qike_import::suggest_crs(&planned, &feedback));
    let mut sink = MemorySink::new(crs.clone());
    qike_import::import_all(&planned, &mut sink, &feedback).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    (SceneSnapshot::new(crs, sink.sources, sink.objects, sink.series), sink.images)
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Format {
    Gml,
    Json,
    JsonSeq,
}

impl Format {
    fn ending(self) -> &'static str {
        match self {
            Format::Gml => "gml",
            Format::Json => "city.json",
            Format::JsonSeq => "city.jsonl",
        }
    }

    fn write(self, snapshot: &SceneSnapshot, out: &mut dyn Write) -> Pictures {
        let chosen = selection::of_classes(snapshot, &[]);
        match self {
            Format::Gml => citygml::write(snapshot, &chosen, out, &Feedback::silent()),
            Format::Json => cityjson::write(snapshot, &chosen, out),
            Format::JsonSeq => cityjson::write_sequence(snapshot, &chosen, out),
        }
        .unwrap()
    }
}

/// What differs after a round trip: kind of change and how often, with an example.
fn losses(format: Format, before: &SceneSnapshot, images: &BTreeMap<ImageId, Image>) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(format!("out.{}", format.ending()));
    let mut bytes = Vec::new();
    let pictures = format.write(before, &mut bytes);
    for (id, name) in pictures.files() {
        let file = folder.path().join(name);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, &images[&id].bytes).unwrap();
    }
    std::fs::write(&path, &bytes).unwrap();
    if let Some(keep) = std::env::var_os("QIKE_KEEP") {
        std::fs::write(PathBuf::from(keep).join(format!("out.{}", format.ending())), &bytes).unwrap();
    }
    let (after, _) = read(&path, Some(before.crs()));
    let found = diff(before, &after, 0.001);
    let mut out: Vec<String> = found.removed.iter().map(|id| format!("{id} is gone")).collect();
    out.extend(found.added.iter().map(|id| format!("{id} is new")));
    for object in &found.changed {
        out.extend(object.changes.iter().map(|c| format!("{} {}: {} → {}", object.id, c.what, c.before, c.after)));
    }
    out.extend(found.about.iter().map(|c| format!("about {}: {} → {}", c.what, c.before, c.after)));
    if before.series() != after.series() && format == Format::Gml {
        out.push(format!("{} series became {}", before.series().len(), after.series().len()));
    }
    out
}

fn check(format: Format, path: &str) -> usize {
    let Some(path) = testdata::path(path) else { return 0 };
    let (before, images) = read(&path, None);
    let losses = losses(format, &before, &images);
    if !losses.is_empty() {
        eprintln!("{} through {format:?}: {} losses of {} objects", path.display(), losses.len(), before.objects().len());
        losses.iter().take(6).for_each(|l| eprintln!("    {}", l.chars().take(400).collect::<String>()));
    }
    losses.len()
}

/// Every file of the folder with that ending, and of the folders in it.
fn files(folder: &str, ending: &str) -> Vec<String> {
    let Some(root) = testdata::path(folder) else { return Vec::new() };
    let (mut open, mut found) = (vec![root.clone()], Vec::new());
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(&folder).unwrap().map(|e| e.unwrap().path()) {
            if entry.is_dir() {
                open.push(entry);
            } else if entry.to_string_lossy().ends_with(ending) {
                found.push(format!("{folder}/{}", entry.strip_prefix(&root).unwrap().display(), folder = folder_of(&root)));
            }
        }
    }
    found.sort();
    found
}

fn folder_of(root: &Path) -> String {
    let text = root.to_string_lossy();
    text.split("shared/data/").last().unwrap().to_owned()
}

/// What CityJSON loses, file by file: corners less than its millimetre apart are one, and of a name and an attribute `name` that is
/// another only the attribute is kept.
const CITYJSON_LOSES: &[(&str, usize)] = &[
    ("Opera-Lyon_CityGML3.0_LOD2_with_xAL3_FreeText.gml", 1),
    ("Opera-Lyon_CityGML3.0_LOD2_with_xAL3_FullyStructured.gml", 1),
    ("citygml3_individual_section_1carriageway.gml", 2),
    ("citygml3_individual_section_2carriageways.gml", 1),
    ("citygml3_roads_3wayintersection.gml", 2),
    ("citygml3_roads_4wayintersection.gml", 2),
    ("citygml3_roads_roundabout.gml", 3),
];

/// Every format with every file: no losses but those that are named.
fn matrix(formats: &[Format], all: &[String]) {
    let mut bad = Vec::new();
    for path in all {
        let known = CITYJSON_LOSES.iter().find(|(name, _)| path.ends_with(name)).map_or(0, |(_, count)| *count);
        for format in formats {
            let losses = check(*format, path);
            if losses != if *format == Format::Gml { 0 } else { known } {
                bad.push(format!("{format:?}: {path}: {losses}"));
            }
        }
    }
    assert!(bad.is_empty(), "{} of {} files × {} formats: {bad:#?}", bad.len(), all.len(), formats.len());
}

const ALL: &[Format] = &[Format::Gml, Format::Json, Format::JsonSeq];

#[test]
fn nothing_of_citygml_is_lost() {
    let mut all = files("citymodel/ogc_citygml3", ".gml");
    all.extend(files("citymodel/citygml4j/datasets", ".gml"));
    all.extend(files("citymodel/ingolstadt_lod3", ".gml"));
    matrix(ALL, &all);
}

#[test]
fn nothing_of_cityjson_is_lost() {
    let mut all = files("citymodel/cjio", ".json");
    all.extend(files("citymodel/citygml4j/datasets", ".json"));
    all.extend(files("citymodel/citygml4j/datasets", ".jsonl"));
    matrix(ALL, &all);
}

#[test]
fn days_of_validity_go_through_cityjson() {
    let object = |id: &str, attributes: serde_json::Value, from: Option<&str>, to: Option<&str>| {
        let mut object = CityObject::new(id, Class::Building, SourceId(0));
        object.attributes = attributes.as_object().cloned().unwrap_or_default();
        (object.valid_from, object.valid_to) = (from.map(str::to_owned), to.map(str::to_owned));
        object
    };
    let objects = vec![
        object("a", json!({}), Some("2020-01-31"), Some("2031-12-01")),
        object("b", json!({ "creationDate": "2014-07-09T10:00:00Z" }), Some("2014-07-09"), None),
        object("c", json!({ "creationDate": "2014-07-09", "validTo": "2020-01-01" }), Some("2015-01-01"), None),
        object("d", json!({ "validFrom": "since ever" }), None, None),
    ];
    let before = SceneSnapshot::new(Crs::epsg(28992).unwrap(), vec![], objects, vec![]);
    for format in [Format::Json, Format::JsonSeq] {
        let mut file = tempfile::Builder::new().suffix(&format!(".{}", format.ending())).tempfile().unwrap();
        format.write(&before, &mut file);
        let (after, _) = read(file.path(), Some(before.crs()));
        for (old, new) in before.objects().iter().zip(after.objects()) {
            assert_eq!((&old.id, &old.attributes, &old.valid_from, &old.valid_to), (&new.id, &new.attributes, &new.valid_from, &new.valid_to), "{format:?}");
        }
        assert_eq!(after.objects().len(), 4);
    }
}

#[test]
fn nothing_of_ifc_is_lost() {
    matrix(ALL, &files("bim/web-ifc", "AC20-FZK-Haus.ifc"));
}

#[test]
fn citygml_names_both_halves_of_a_compound_system() {
    let crs = Crs::parse("EPSG:4549+5737").unwrap();
    let mut object = qike_scene::CityObject::new("tower", qike_scene::Class::Building, qike_scene::SourceId(0));
    let ring = vec![[684_000.0, 3_420_000.0, 4.25], [684_010.0, 3_420_000.0, 4.25], [684_010.0, 3_420_010.0, 4.5]];
    object.geometries.push(qike_scene::Geometry::polygon(qike_scene::Lod::TWO, &[ring]));
    let snapshot = SceneSnapshot::new(crs.clone(), vec![], vec![object], vec![]);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tower.gml");
    citygml::write(&snapshot, &selection::of_classes(&snapshot, &[]), &mut std::fs::File::create(&path).unwrap(), &Feedback::silent()).unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.contains(r#"srsName="urn:ogc:def:crs,crs:EPSG::4549,crs:EPSG::5737""#), "{text}");
    // Into the same system, and into one that says nothing of heights.
    for target in ["EPSG:4549+5737", "EPSG:4549"] {
        let (again, _) = read(&path, Some(&Crs::parse(target).unwrap()));
        assert_eq!(again.objects()[0].geometries[0].vertices, snapshot.objects()[0].geometries[0].vertices, "{target}");
        assert_eq!(again.sources()[0].crs, "urn:ogc:def:crs,crs:EPSG::4549,crs:EPSG::5737");
    }
}

/// Two houses of two sources.
fn town(about: [serde_json::Value; 2]) -> SceneSnapshot {
    let source = |(n, about): (usize, serde_json::Value)| SourceInfo {
        path: format!("folder/{n}.city.json"),
        format: "cityjson".into(),
        content_hash: n.to_string(),
        crs: "EPSG:4549".into(),
        about: about.as_object().cloned().unwrap(),
    };
    let objects = (0..2).map(|n| CityObject::new(format!("h{n}"), Class::Building, SourceId(n))).collect();
    SceneSnapshot::new(Crs::parse("EPSG:4549").unwrap(), about.into_iter().enumerate().map(source).collect(), objects, vec![])
}

fn written(format: Format, snapshot: &SceneSnapshot, chosen: &[ObjectIx]) -> serde_json::Value {
    let mut bytes = Vec::new();
    match format {
        Format::JsonSeq => cityjson::write_sequence(snapshot, chosen, &mut bytes).unwrap(),
        _ => cityjson::write(snapshot, chosen, &mut bytes).unwrap(),
    };
    serde_json::Deserializer::from_slice(&bytes).into_iter().next().unwrap().unwrap()
}

#[test]
fn what_a_source_says_of_itself_is_said_again() {
    let document = json!({
        "type": "CityJSON", "version": "2.0", "transform": {"scale": [0.001, 0.001, 0.001], "translate": [684000.0, 3420000.0, 0.0]},
        "metadata": {
            "title": "Town", "identifier": "t-1", "referenceDate": "2024-05-06", "pointOfContact": {"contactName": "A", "emailAddress": "a@b.c", "address": {"city": "B"}},
            "geographicalExtent": [684000.0, 3420000.0, 4.0, 684002.5, 3420003.0, 9.0], "referenceSystem": "https://www.opengis.net/def/crs/EPSG/0/4549", "more": [1, 2.5]
        },
        "extensions": {"Noise": {"url": "https://x.org/n.json", "version": "1.0"}}, "+census": {"people": [1, null, "x"]}, "+by": "us",
        "CityObjects": {"a": {"type": "Building", "geometry": [{"type": "MultiSurface", "lod": "2", "boundaries": [[[0, 1, 2]]]}]}},
        "vertices": [[0, 0, 4000], [2500, 0, 9000], [0, 3000, 5000]]
    });
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("town.city.json");
    std::fs::write(&path, document.to_string()).unwrap();
    let (before, images) = read(&path, None);
    for format in [Format::Json, Format::JsonSeq] {
        let head = written(format, &before, &[ObjectIx(0)]);
        for member in ["metadata", "extensions", "+census", "+by"] {
            assert_eq!(head[member], document[member], "{format:?} {member}");
        }
        assert_eq!(losses(format, &before, &images), [""; 0]);
    }
    assert_eq!(losses(Format::Gml, &before, &images), [""; 0]);
    // CityGML has words for a title and a description, and needs no more where there is no more.
    let plain = town([json!({"metadata": {"title": "A & B"}, "+gml": {"description": "c"}}), json!({})]);
    let mut bytes = Vec::new();
    citygml::write(&plain, &[ObjectIx(0)], &mut bytes, &Feedback::silent()).unwrap();
    let text = String::from_utf8(bytes).unwrap();
    assert!(text.contains("<gml:name>A &amp; B</gml:name>") && text.contains("<gml:description>c</gml:description>") && !text.contains("metaData"), "{text}");
    // Texts that XML would change come back as they were.
    let odd = town([json!({"metadata": {"title": "a\u{1}\r\n \u{fffe}b", "lineage": " x "}, "+gml": {"description": "two\nlines"}}), json!({})]);
    let odd = SceneSnapshot::new(odd.crs().clone(), odd.sources()[..1].to_vec(), vec![CityObject::new("h0", Class::Building, SourceId(0))], vec![]);
    assert_eq!(losses(Format::Gml, &odd, &BTreeMap::new()), [""; 0]);
}

#[test]
fn what_several_sources_say_of_themselves_is_joined() {
    let one = json!({"metadata": {"title": "One", "referenceDate": "2024-01-01", "identifier": "1", "pointOfContact": {"contactName": "A"}}, "extensions": {"N": {"url": "n"}}, "+a": 1});
    let two = json!({"metadata": {"title": "Two", "referenceDate": "2024-01-01", "identifier": "2"}, "extensions": {"M": {"url": "m"}}});
    let town = town([one.clone(), two.clone()]);
    let both = written(Format::Json, &town, &[ObjectIx(0), ObjectIx(1)]);
    let system = "https://www.opengis.net/def/crs/EPSG/0/4549";
    assert_eq!(both["metadata"], json!({"title": "One; Two", "referenceDate": "2024-01-01", "pointOfContact": {"contactName": "A"}, "referenceSystem": system}));
    assert_eq!(both["extensions"], json!({"N": {"url": "n"}, "M": {"url": "m"}}));
    assert_eq!((&both["+a"], both["+qike_sources"].as_array().unwrap().len()), (&serde_json::Value::Null, 2));
    assert_eq!(both["+qike_sources"][0], json!({"source": "0.city.json", "format": "cityjson", "about": one}));
    // Of what is chosen, only the sources of that.
    let second = written(Format::JsonSeq, &town, &[ObjectIx(1)]);
    assert_eq!((&second["metadata"]["title"], &second["extensions"], second.get("+qike_sources")), (&"Two".into(), &two["extensions"], None));
    // Members that are the document's own are never those of a source.
    let sly = self::town([json!({"CityObjects": 7, "vertices": 8, "transform": 9, "metadata": [1]}), json!({})]);
    let head = written(Format::Json, &sly, &[ObjectIx(0)]);
    assert!(head["CityObjects"].is_object() && head["vertices"].is_array() && head["transform"].is_object() && head["metadata"].is_object());
}
