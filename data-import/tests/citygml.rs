//! CityGML against real files, with the counts of their manifest, and against damaged ones.

mod common;

use common::{codes, import};
use qike_core::testdata;
use qike_scene::sink::MemorySink;
use qike_scene::GeometryKind;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// Elements that are objects under another name than their class, or surfaces that are semantics.
fn counted(sink: &MemorySink) -> BTreeMap<String, usize> {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for object in &sink.objects {
        let name = object.str("citygml_type").unwrap_or(object.class.name());
        *counts.entry(name.rsplit(':').next().unwrap().to_owned()).or_default() += 1;
        // A surface stands in every geometry it is used in: once by its id. Those without an id are in one geometry, or in all.
        let mut seen = BTreeSet::new();
        let mut without: BTreeMap<&str, usize> = BTreeMap::new();
        let mut dynamizers = object.attributes.contains_key("dynamizer");
        for geometry in &object.geometries {
            let mut here: BTreeMap<&str, usize> = BTreeMap::new();
            for semantic in geometry.semantics.iter().filter(|s| s.kind.ends_with("Surface")) {
                dynamizers |= semantic.attributes.contains_key("dynamizer");
                match semantic.attributes.get("id").and_then(|id| id.as_str()) {
                    Some(id) if !seen.insert(id) => {}
                    Some(_) => *counts.entry(semantic.kind.clone()).or_default() += 1,
                    None => *here.entry(&semantic.kind).or_default() += 1,
                }
            }
            for (kind, count) in here {
                let most = without.entry(kind).or_default();
                *most = count.max(*most);
            }
        }
        for (kind, count) in without {
            *counts.entry(kind.to_owned()).or_default() += count;
        }
        *counts.entry("Dynamizer".into()).or_default() += usize::from(dynamizers);
        for geometry in object.geometries.iter() {
            let name = if geometry.kind == GeometryKind::Mesh { "Triangle" } else { "Polygon" };
            let faces = if geometry.kind == GeometryKind::Mesh { geometry.indices.len() / 3 } else { geometry.surfaces().count() };
            *counts.entry(name.into()).or_default() += faces;
        }
    }
    counts
}

/// Rings that were left out.
fn degenerate(sink: &MemorySink) -> usize {
    let told = sink.diagnostics.iter().filter(|d| d.code == "citygml-degenerate");
    told.map(|d| d.message.split(' ').next().and_then(|n| n.parse::<usize>().ok()).unwrap_or(0)).sum()
}

/// The documents of the manifest, with the elements it counts.
fn manifest() -> Option<Vec<(PathBuf, BTreeMap<String, usize>)>> {
    let text = std::fs::read_to_string(testdata::path("MANIFEST.tsv")?).unwrap();
    let row = |line: &str| {
        let cells: Vec<&str> = line.split('\t').collect();
        let said = cells.iter().find(|cell| cell.starts_with("CityModel CityGML"))?;
        let part = said.split(';').nth(2)?;
        let counts = part.split(',').filter_map(|entry| entry.trim().split_once('=').map(|(k, v)| (k.to_owned(), v.parse().unwrap()))).collect();
        Some((testdata::path(cells[0])?, counts))
    };
    Some(text.lines().filter_map(row).collect())
}

#[test]
fn every_document_of_the_manifest_comes_whole() {
    let Some(files) = manifest() else { return };
    assert!(files.len() > 60, "{}", files.len());
    let mut wrong = Vec::new();
    for (path, expected) in files {
        let (sink, report) = import(std::slice::from_ref(&path));
        assert_eq!(report.left_out(), 0, "{}: {:?}", path.display(), sink.diagnostics);
        let counts = counted(&sink);
        for geometry in sink.objects.iter().flat_map(|o| &o.geometries) {
            assert!(geometry.is_consistent() && geometry.is_finite(), "{}", path.display());
        }
        for (name, count) in expected {
            if matches!(name.as_str(), "ParameterizedTexture" | "X3DMaterial") {
                continue;
            }
            let found = counts.get(&name).copied().unwrap_or(0);
            // Faces that two features share are in both; those without an area are left out, and told.
            let fits = match name.as_str() {
                "Polygon" => found + degenerate(&sink) >= count,
                _ => found == count,
            };
            if !fits {
                wrong.push(format!("{}: {name} {found} of {count} {:?}", path.file_name().unwrap().display(), codes(&sink)));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn values_over_time_become_series() {
    let Some(path) = testdata::path("citymodel/ogc_citygml3/Dynamizer/Building_CityGML3.0_with_Dynamizer_and_inline_Timeseries.gml") else { return };
    let (sink, _) = import(&[path]);
    let [series] = sink.series.as_slice() else { panic!("{} series", sink.series.len()) };
    assert_eq!((series.quantity.as_str(), series.unit.as_str(), series.date.as_str()), ("DiffuseIrradiationPerMonth", "kWh", "2019-01-01"));
    assert_eq!((series.values.len(), series.values[0], series.values[11]), (12, 1454.63, 1391.29));
    assert_eq!(series.times[1].ms(), 31 * 86_400_000);
    assert!(sink.objects.iter().any(|o| o.id == series.object));
}

const HEAD: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<core:CityModel xmlns:core="http://www.opengis.net/citygml/2.0" xmlns:bldg="http://www.opengis.net/citygml/building/2.0"
 xmlns:gen="http://www.opengis.net/citygml/generics/2.0" xmlns:gml="http://www.opengis.net/gml" xmlns:frn="http://www.opengis.net/citygml/cityfurniture/2.0"
 xmlns:xlink="http://www.w3.org/1999/xlink" xmlns:app="http://www.opengis.net/citygml/appearance/2.0">
<gml:boundedBy><gml:Envelope srsName="EPSG:25832" srsDimension="3"><gml:lowerCorner>690000 5330000 500</gml:lowerCorner><gml:upperCorner>690010 5330010 510</gml:upperCorner></gml:Envelope></gml:boundedBy>
"#;

/// A triangle in the document's system.
fn triangle(id: &str, z: u32) -> String {
    format!(
        r#"<gml:surfaceMember><gml:Polygon gml:id="{id}"><gml:exterior><gml:LinearRing><gml:posList>690000 5330000 {z} 690010 5330000 {z} 690000 5330010 {z} 690000 5330000 {z}</gml:posList></gml:LinearRing></gml:exterior></gml:Polygon></gml:surfaceMember>"#
    )
}

/// Imports the members of a document, written under a name.
fn read(members: &str) -> (MemorySink, qike_import::ImportReport) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.gml");
    std::fs::write(&path, format!("{HEAD}{members}\n</core:CityModel>\n")).unwrap();
    import(&[path])
}

#[test]
fn attributes_keep_their_types_units_and_extensions() {
    let (sink, _) = read(
        r#"<core:cityObjectMember><bldg:Building gml:id="b"><gml:name>Rathaus &amp; Turm</gml:name><gml:name>Town hall</gml:name>
        <gen:doubleAttribute name="score"><gen:value>2.5</gen:value></gen:doubleAttribute>
        <gen:genericAttributeSet name="owner"><gen:stringAttribute name="who"><gen:value>City</gen:value></gen:stringAttribute></gen:genericAttributeSet>
        <bldg:function codeSpace="codes.xml">1000</bldg:function><bldg:measuredHeight uom="m">12.50</bldg:measuredHeight>
        <uro:detail xmlns:uro="urn:uro"><uro:Detail><uro:code>0123</uro:code></uro:Detail></uro:detail></bldg:Building></core:cityObjectMember>"#,
    );
    let building = &sink.objects[0];
    assert_eq!((building.name.as_deref(), building.str("name")), (Some("Rathaus & Turm"), Some("Town hall")));
    assert_eq!(
        serde_json::to_value(&building.attributes).unwrap(),
        serde_json::json!({
            "name": "Town hall", "score": 2.5, "owner": {"who": "City"}, "function": "1000", "function_codespace": "codes.xml",
            "measuredHeight": 12.5, "measuredHeight_uom": "m", "uro:detail": {"uro:code": "0123"},
        })
    );
}

#[test]
fn a_solid_that_only_links_has_the_semantics_of_its_surfaces() {
    let (roof, wall) = (triangle("roof", 510), triangle("wall", 500));
    let (sink, _) = read(&format!(
        r##"<core:cityObjectMember><bldg:Building gml:id="b"><bldg:lod2Solid><gml:Solid><gml:exterior><gml:CompositeSurface>
        <gml:surfaceMember xlink:href="#roof"/><gml:surfaceMember><gml:OrientableSurface orientation="-"><gml:baseSurface xlink:href="#wall"/></gml:OrientableSurface></gml:surfaceMember>
        </gml:CompositeSurface></gml:exterior></gml:Solid></bldg:lod2Solid>
        <bldg:boundedBy><bldg:RoofSurface gml:id="r"><bldg:lod2MultiSurface><gml:MultiSurface>{roof}</gml:MultiSurface></bldg:lod2MultiSurface></bldg:RoofSurface></bldg:boundedBy>
        <bldg:boundedBy><bldg:WallSurface gml:id="w"><bldg:lod2MultiSurface><gml:MultiSurface>{wall}</gml:MultiSurface></bldg:lod2MultiSurface></bldg:WallSurface></bldg:boundedBy>
        <bldg:boundedBy><bldg:WallSurface gml:id="bare"/></bldg:boundedBy>
        </bldg:Building></core:cityObjectMember>"##
    ));
    let [solid] = sink.objects[0].geometries.as_slice() else { panic!("{:?}", sink.objects[0].geometries) };
    assert_eq!((solid.kind, solid.surfaces().count()), (GeometryKind::Solid, 2));
    assert_eq!(solid.surfaces().map(|s| s.semantic().unwrap().kind.as_str()).collect::<Vec<_>>(), ["RoofSurface", "WallSurface"]);
    let normal_z = |ring: usize| {
        let p = solid.ring_points(ring);
        (p[1][0] - p[0][0]) * (p[2][1] - p[0][1]) - (p[1][1] - p[0][1]) * (p[2][0] - p[0][0])
    };
    assert!(normal_z(0) > 0.0 && normal_z(1) < 0.0, "the second is used from its back");
    assert_eq!(solid.semantics.len(), 3, "a surface without faces is kept");
}

#[test]
fn prototypes_are_shared_by_members_before_and_after_them() {
    let lamp = |id: &str, x: u32, shape: &str| {
        format!(
            r#"<core:cityObjectMember><frn:CityFurniture gml:id="{id}"><frn:lod3ImplicitRepresentation><core:ImplicitGeometry>
            <core:transformationMatrix>2 0 0 0 0 2 0 0 0 0 2 1 0 0 0 1</core:transformationMatrix>{shape}
            <core:referencePoint><gml:Point><gml:pos>{x} 5330000 500</gml:pos></gml:Point></core:referencePoint>
            </core:ImplicitGeometry></frn:lod3ImplicitRepresentation></frn:CityFurniture></core:cityObjectMember>"#
        )
    };
    let link = r##"<core:relativeGMLGeometry xlink:href="#proto"/>"##;
    let shape = r#"<core:relativeGMLGeometry><gml:MultiSurface gml:id="proto"><gml:surfaceMember><gml:Polygon><gml:exterior><gml:LinearRing>
        <gml:posList>0 0 0 1 0 0 0 1 0 0 0 0</gml:posList></gml:LinearRing></gml:exterior></gml:Polygon></gml:surfaceMember></gml:MultiSurface></core:relativeGMLGeometry>"#;
    let broken = r##"<core:relativeGMLGeometry xlink:href="#nowhere"/>"##;
    let members = [lamp("early", 690_000, link), lamp("own", 690_100, shape), lamp("late", 690_200, link), lamp("lost", 690_300, broken)].concat();
    let (sink, _) = read(&members);
    for (id, x) in [("early", 690_000.0), ("own", 690_100.0), ("late", 690_200.0)] {
        let lamp = common::object(&sink, id);
        assert_eq!(lamp.geometries[0].vertices, [[x, 5_330_000.0, 501.0], [x + 2.0, 5_330_000.0, 501.0], [x, 5_330_002.0, 501.0]], "{id}");
    }
    assert!(common::object(&sink, "lost").geometries.is_empty());
    assert_eq!(codes(&sink), ["citygml-broken-link"]);
}

#[test]
fn materials_at_the_end_of_a_document_reach_its_beginning() {
    let (sink, _) = read(&format!(
        r##"<core:cityObjectMember><bldg:Building gml:id="b"><bldg:lod1MultiSurface><gml:MultiSurface>{}{}</gml:MultiSurface></bldg:lod1MultiSurface></bldg:Building></core:cityObjectMember>
        <app:appearanceMember><app:Appearance><app:surfaceDataMember><app:X3DMaterial gml:id="m"><app:diffuseColor>1 0 0.5</app:diffuseColor><app:transparency>0.25</app:transparency><app:target>#p</app:target></app:X3DMaterial></app:surfaceDataMember></app:Appearance></app:appearanceMember>"##,
        triangle("p", 500),
        triangle("q", 505)
    ));
    let geometry = &sink.objects[0].geometries[0];
    let colours: Vec<_> = (0..2).map(|s| geometry.material_of(s).map(|m| m.colour)).collect();
    assert_eq!(colours, [Some([1.0, 0.0, 0.5, 0.75]), None]);
}

#[test]
fn latitude_first_is_read_as_the_name_of_the_system_says_and_as_the_numbers_say() {
    let place = |srs: &str, pos: &str| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.gml");
        let text = HEAD.replace("EPSG:25832", srs).replace("690000 5330000 500", pos).replace("690010 5330010 510", pos);
        let member = format!(
            r#"<core:cityObjectMember><frn:CityFurniture gml:id="x"><frn:lod1Geometry><gml:Point><gml:pos>{pos}</gml:pos></gml:Point></frn:lod1Geometry></frn:CityFurniture></core:cityObjectMember></core:CityModel>"#
        );
        std::fs::write(&path, text + &member).unwrap();
        let (sink, _) = common::import_with(&[path], &Default::default(), Some("EPSG:6677"));
        (sink.objects[0].geometries[0].vertices[0].map(|c| c.round()), codes(&sink))
    };
    let (tokyo, found) = place("http://www.opengis.net/def/crs/EPSG/0/6697", "35.6812 139.7671 3");
    assert!(found.is_empty(), "{found:?}");
    assert_eq!(place("EPSG:4326", "139.7671 35.6812 3"), (tokyo, vec![]));
    assert_eq!(place("urn:ogc:def:crs:EPSG::4326", "139.7671 35.6812 3"), (tokyo, vec!["axis-order".to_owned()]));
}

#[test]
fn links_in_a_circle_and_links_that_multiply_end() {
    let building = |inside: &str| format!(
        r#"<core:cityObjectMember><bldg:Building gml:id="b"><bldg:lod1MultiSurface>{inside}</bldg:lod1MultiSurface></bldg:Building></core:cityObjectMember>"#
    );
    let circle = r##"<gml:MultiSurface gml:id="m"><gml:surfaceMember xlink:href="#m"/></gml:MultiSurface>"##;
    // Thirty aggregates, each ten times the next: 10^30 faces.
    let mut bomb = triangle("s30", 500);
    for i in (0..30).rev() {
        let links = format!(r##"<gml:surfaceMember xlink:href="#s{}"/>"##, i + 1).repeat(10);
        bomb += &format!(r#"<gml:surfaceMember><gml:CompositeSurface gml:id="s{i}">{links}</gml:CompositeSurface></gml:surfaceMember>"#);
    }
    for inside in [circle.to_owned(), format!("<gml:MultiSurface>{bomb}</gml:MultiSurface>")] {
        let (sink, report) = read(&building(&inside));
        assert_eq!((report.left_out(), sink.objects.len()), (0, 1));
        assert!(codes(&sink).contains(&"citygml-circular-link".to_owned()), "{:?}", codes(&sink));
    }
}

#[test]
fn damaged_documents_are_refused_or_cut_short_with_their_line() {
    let refused = |text: &str| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model.gml");
        std::fs::write(&path, text).unwrap();
        let (sink, report) = import(&[path]);
        assert_eq!((report.left_out(), sink.objects.len()), (1, 0), "{text}");
        let told = sink.diagnostics.iter().find(|d| d.code == "file-corrupt" || d.code == "file-wrong-kind").unwrap_or_else(|| panic!("{text}: {:?}", sink.diagnostics));
        told.message.clone()
    };
    let bomb = HEAD.replace("<core:CityModel", "<!DOCTYPE x [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;&a;\">]>\n<core:CityModel");
    assert!(refused(&format!("{bomb}</core:CityModel>")).contains("document type"), "entity bomb");
    assert!(refused(HEAD).contains("cut off"), "no end");
    let deep = format!("{HEAD}<core:cityObjectMember>{}{}</core:cityObjectMember></core:CityModel>", "<gen:a>".repeat(400), "</gen:a>".repeat(400));
    assert!(refused(&deep).contains("nested deeper"), "deep");
    assert!(refused(&format!("{HEAD}<core:cityObjectMember></bldg:Building></core:cityObjectMember></core:CityModel>")).contains("XML"), "tags");
    assert!(refused("{\"type\": \"CityJSON\"}").contains("CityJSON"), "JSON under another name");
    // What is wrong inside stays inside.
    let (sink, report) = read(
        r#"<core:cityObjectMember><bldg:Building gml:id="b"><bldg:lod1MultiSurface><gml:MultiSurface><gml:surfaceMember><gml:Polygon><gml:exterior><gml:LinearRing>
        <gml:posList>1 2 3 x 5 6</gml:posList></gml:LinearRing></gml:exterior></gml:Polygon></gml:surfaceMember></gml:MultiSurface></bldg:lod1MultiSurface></bldg:Building></core:cityObjectMember>
        <core:cityObjectMember><bldg:Building gml:id="c"/></core:cityObjectMember>"#,
    );
    assert_eq!((report.left_out(), sink.objects.len()), (0, 2));
    assert!(codes(&sink).contains(&"not-finite".to_owned()), "{:?}", codes(&sink));
}
