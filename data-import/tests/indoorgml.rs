//! IndoorGML: cells and doors as objects with their solids, the graph with its links, and what is told of broken documents.

mod common;
#[path = "common/indoor.rs"]
mod indoor;

use common::{codes, count, import, import_with, object};
use qike_import::SourceOptions;
use qike_scene::sink::MemorySink;
use qike_scene::{Class, GeometryKind, Lod};
use serde_json::json;
use std::fs;

fn read(name: &str, text: &str) -> MemorySink {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(name);
    fs::write(&path, text).unwrap();
    let (sink, report) = import(&[path]);
    assert_eq!((report.left_out(), report.sources[0].format), (0, Some("indoorgml")), "{:?}", sink.diagnostics);
    sink
}

#[test]
fn two_rooms_and_a_door() {
    // By its content, whatever it is called.
    for name in ["house.gml", "house.xml", "house.indoorgml"] {
        let sink = read(name, &indoor::two_rooms());
        assert_eq!(codes(&sink), Vec::<String>::new());
        assert_eq!((sink.objects.len(), count(&sink, Class::BuildingRoom), count(&sink, Class::Door)), (1 + 3 + 1 + 1 + 3 + 2, 2, 2));
        let house = object(&sink, "house");
        assert_eq!((house.class, house.name.as_deref()), (Class::Building, Some("临港小屋")));
        let living = object(&sink, "A");
        assert_eq!((living.name.as_deref(), living.parent.as_ref().map(|p| p.as_str())), (Some("客厅"), Some("house")));
        for (key, value) in [("indoorgml_type", json!("GeneralSpace")), ("class", json!("1000")), ("function", json!("1010")), ("usage", json!("1010")), ("duality", json!("SA")), ("storey", json!("1F")), ("height", json!(3))] {
            assert_eq!(living.attributes.get(key), Some(&value), "{key}");
        }
        let solid = &living.geometries[0];
        assert_eq!((solid.kind, solid.lod, solid.surface_ends.len(), solid.bounds().size()), (GeometryKind::Solid, Lod::THREE, 6, [4.0, 3.0, 3.0]));
        // Its western face is the boundary's, by a link.
        let door = object(&sink, "D");
        assert_eq!((door.class, door.geometries[0].surface_ends.len(), door.attributes["boundaries"].clone()), (Class::Door, 6, json!(["edge"])));
        assert_eq!((object(&sink, "edge").class, object(&sink, "edge").str("duality")), (Class::Door, Some("TA")));
        let state = object(&sink, "SD");
        assert_eq!((state.attributes["connects"].clone(), state.str("duality"), state.geometries[0].vertices[0]), (json!(["TA", "TB"]), Some("D"), [684_004.1, 3_420_001.5, 1.0]));
        assert_eq!(state.parent.as_ref().map(|p| p.as_str()), Some("L1"));
        let way = object(&sink, "TA");
        assert_eq!((way.attributes["connects"].clone(), way.attributes["weight"].clone(), way.geometries[0].kind), (json!(["SA", "SD"]), json!(2.1), GeometryKind::MultiLine));
        assert_eq!(object(&sink, "L1").str("class"), Some("TOPOGRAPHIC"));
    }
}

#[test]
fn a_storey_with_a_corridor_in_two_layers() {
    let sink = read("storey.gml", &indoor::storey());
    assert_eq!(codes(&sink), Vec::<String>::new());
    assert_eq!((count(&sink, Class::BuildingRoom), count(&sink, Class::Door)), (4, 1));
    let room = object(&sink, "R1");
    assert_eq!(room.geometries.iter().map(|g| (g.lod, g.kind)).collect::<Vec<_>>(), [(Lod::THREE, GeometryKind::Solid), (Lod::ZERO, GeometryKind::MultiSurface)]);
    let corridor = object(&sink, "C");
    assert_eq!((corridor.str("indoorgml_type"), corridor.str("ext:storey")), (Some("TransitionSpace"), Some("2")));
    let joint = object(&sink, "I0");
    assert_eq!((joint.attributes["inter_connects"].clone(), joint.attributes["connected_layers"].clone(), joint.str("topology")), (json!(["SC", "W0"]), json!(["L1", "L2"]), Some("CONTAINS")));
    assert_eq!(object(&sink, "W0").parent.as_ref().map(|p| p.as_str()), Some("L2"));
}

#[test]
fn broken_and_strange_documents_are_told() {
    let text = indoor::two_rooms();
    let sink = read("link.gml", &text.replace("href=\"#edge-face\"", "href=\"#gone\""));
    assert_eq!(codes(&sink), ["indoorgml-broken-link"]);
    assert_eq!((sink.diagnostics[0].object.as_deref(), sink.diagnostics[0].place.line), (Some("D"), Some(4)));
    assert_eq!(object(&sink, "D").geometries[0].surface_ends.len(), 5);
    // A state given where a link could stand.
    let inline = text.replacen("<core:duality xlink:href=\"#SA\"/>", "<core:duality><core:State gml:id=\"inner\"><core:geometry><gml:Point><gml:pos>684001 3420001 1</gml:pos></gml:Point></core:geometry></core:State></core:duality>", 1);
    let sink = read("inline.gml", &inline);
    assert_eq!((object(&sink, "A").str("duality"), object(&sink, "inner").geometries.len()), (Some("inner"), 1));
    let empty = indoor::document("", "");
    assert_eq!(codes(&read("empty.gml", &empty)), ["indoorgml-empty"]);
    // Without a system the coordinates are the store's.
    let sink = read("nowhere.gml", &text.replace(" srsName=\"EPSG:4549\"", ""));
    assert_eq!(codes(&sink), ["crs-unknown"]);
    let dir = tempfile::tempdir().unwrap();
    for (name, text) in [("cut.gml", text[..text.len() / 2].to_owned()), ("bomb.gml", text.replace("?>", "?><!DOCTYPE a [<!ENTITY a \"b\">]>"))] {
        fs::write(dir.path().join(name), text).unwrap();
        let (sink, report) = import_with(&[dir.path().join(name)], &SourceOptions::default(), Some("EPSG:4549"));
        assert_eq!((report.left_out(), sink.objects.len(), codes(&sink)), (1, 0, vec!["file-corrupt".to_owned()]), "{name}");
    }
}
