//! What an IFC says beside shapes: systems and ports, zones, materials, types, classifications, alignments; and every file of
//! the corpus against its manifest.

use qike_core::{Crs, Feedback, testdata};
use qike_import::formats::ifc::Ifc;
use qike_import::{Importer, Source};
use qike_scene::sink::MemorySink;
use qike_scene::{CityObject, Class, Value};
use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

fn import(path: &Path) -> MemorySink {
    let mut sink = MemorySink::new(Crs::local());
    Ifc.import(&Source::new(path), &mut sink, &Feedback::silent()).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    sink
}

/// A model of these records, in millimetres, with a project (#1), a context (#10), a placement at the origin (#15).
fn model(schema: &str, records: &str) -> MemorySink {
    let text = format!(
        "ISO-10303-21;\nHEADER;\nFILE_DESCRIPTION((''),'2;1');\nFILE_NAME('m.ifc','2024-01-01T00:00:00',(''),(''),'','','');\n\
         FILE_SCHEMA(('{schema}'));\nENDSEC;\nDATA;\n\
         #1=IFCPROJECT('0project00000000000001',$,'Demo',$,$,$,$,(#10),#5);\n\
         #5=IFCUNITASSIGNMENT((#6,#7));\n#6=IFCSIUNIT(*,.LENGTHUNIT.,.MILLI.,.METRE.);\n#7=IFCSIUNIT(*,.PLANEANGLEUNIT.,$,.RADIAN.);\n\
         #10=IFCGEOMETRICREPRESENTATIONCONTEXT($,'Model',3,1.E-5,#12,$);\n#11=IFCCARTESIANPOINT((0.,0.,0.));\n\
         #12=IFCAXIS2PLACEMENT3D(#11,$,$);\n#15=IFCLOCALPLACEMENT($,#12);\n{records}\nENDSEC;\nEND-ISO-10303-21;\n"
    );
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    import(file.path())
}

fn named<'s>(sink: &'s MemorySink, name: &str) -> &'s CityObject {
    sink.objects.iter().find(|o| o.name.as_deref() == Some(name)).unwrap_or_else(|| panic!("no {name}"))
}

fn words(value: Option<&Value>) -> Vec<&str> {
    value.and_then(Value::as_array).map(|list| list.iter().map(|v| v.as_str().unwrap_or("?")).collect()).unwrap_or_default()
}

#[test]
fn every_file_has_the_entities_of_its_manifest() {
    let (Some(manifest), Some(folder)) = (testdata::path("MANIFEST.tsv"), testdata::path("bim")) else { return };
    let manifest = std::fs::read_to_string(manifest).unwrap();
    let mut files = 0;
    for line in manifest.lines().filter(|l| l.starts_with("bim/") && l.contains(".ifc\t")) {
        let path = folder.parent().unwrap().join(line.split('\t').next().unwrap());
        let sink = import(&path);
        files += 1;
        let mut found: BTreeMap<String, usize> = BTreeMap::new();
        for object in &sink.objects {
            *found.entry(object.str("ifc_type").unwrap_or("?").to_ascii_lowercase()).or_default() += 1;
        }
        let facts = line.split([';', ',', '\t']).filter_map(|fact| fact.trim().split_once('='));
        for (kind, count) in facts.filter(|(kind, _)| kind.starts_with("Ifc") && *kind != "Ifcopeningelement") {
            let kind = kind.to_ascii_lowercase();
            assert_eq!(found.get(&kind).copied().unwrap_or(0).to_string(), count, "{}: {kind}", path.display());
        }
    }
    assert!(files >= 57, "{files}");
}

#[test]
fn pipes_are_joined_at_their_ports() {
    // IFC4: ports nested in their elements; IFC2x3: by a relation of their own.
    for (schema, owns) in [
        ("IFC4", "#41=IFCRELNESTS('0r1',$,$,$,#30,(#33));\n#42=IFCRELNESTS('0r2',$,$,$,#31,(#34,#35));"),
        ("IFC2X3", "#41=IFCRELCONNECTSPORTTOELEMENT('0r1',$,$,$,#33,#30);\n#42=IFCRELCONNECTSPORTTOELEMENT('0r2',$,$,$,#34,#31);\n#43=IFCRELCONNECTSPORTTOELEMENT('0r3',$,$,$,#35,#31);"),
    ] {
        let (segment, system) = match schema {
            "IFC4" => ("IFCPIPESEGMENT", "#50=IFCDISTRIBUTIONSYSTEM('0sys',$,'Cold water',$,$,$,.DOMESTICCOLDWATER.);"),
            _ => ("IFCFLOWSEGMENT", "#50=IFCSYSTEM('0sys',$,'Cold water',$,$);"),
        };
        let sink = model(
            schema,
            &format!(
                "#30=IFCPUMP('0pump',$,'Pump',$,$,#15,$,$,$);\n#31={segment}('0pipe',$,'Pipe',$,$,#15,$,$,$);\n#32={segment}('0lost',$,'Loose',$,$,#15,$,$,$);\n\
                 #33=IFCDISTRIBUTIONPORT('0p1',$,'Outlet',$,$,#15,$,.SOURCE.,$,$);\n#34=IFCDISTRIBUTIONPORT('0p2',$,'A',$,$,#15,$,.SINK.,$,$);\n\
                 #35=IFCDISTRIBUTIONPORT('0p3',$,'B',$,$,#15,$,.SOURCE.,$,$);\n{owns}\n\
                 #45=IFCRELCONNECTSPORTS('0c1',$,$,$,#33,#34,$);\n#46=IFCRELCONNECTSPORTS('0c2',$,$,$,#35,#99,$);\n{system}\n\
                 #51=IFCRELASSIGNSTOGROUP('0g1',$,$,$,(#30,#31),$,#50);"
            )
            .replace("IFCPUMP", if schema == "IFC4" { "IFCPUMP" } else { "IFCFLOWMOVINGDEVICE" }),
        );
        let (pump, pipe, loose) = (named(&sink, "Pump"), named(&sink, "Pipe"), named(&sink, "Loose"));
        assert_eq!(pipe.class, Class::UtilityNetworkElement);
        assert_eq!((words(pump.attributes.get("connected_to")), words(pump.attributes.get("flow_direction"))), (vec!["0pipe"], vec!["out"]), "{schema}");
        assert_eq!((words(pipe.attributes.get("connected_to")), words(pipe.attributes.get("flow_direction"))), (vec!["0pump"], vec!["in"]), "{schema}");
        assert_eq!(pipe.attributes["ports"].as_array().map(Vec::len), Some(2));
        assert_eq!(pipe.attributes["ports"][0]["flow_direction"].as_str(), Some("SINK"));
        assert!(loose.attributes.get("connected_to").is_none() && loose.attributes.get("system").is_none());
        assert_eq!((pump.str("system"), pipe.str("system")), (Some("Cold water"), Some("Cold water")));
        let system = named(&sink, "Cold water");
        assert_eq!((system.class, words(system.attributes.get("members"))), (Class::UtilityNetwork, vec!["0pump", "0pipe"]));
    }
}

#[test]
fn rooms_know_their_zones_and_doors_their_rooms() {
    let sink = model(
        "IFC4",
        "#30=IFCSPACE('0a',$,'1',$,$,#15,$,'Kitchen',.ELEMENT.,.INTERNAL.,$);\n#31=IFCSPACE('0b',$,'2',$,$,#15,$,'Hall',.ELEMENT.,.INTERNAL.,$);\n\
         #32=IFCZONE('0z',$,'Flat 3',$,$,'Third flat');\n#33=IFCRELASSIGNSTOGROUP('0g',$,$,$,(#30,#31),$,#32);\n\
         #34=IFCSPATIALZONE('0sz',$,'Fire compartment',$,$,#15,$,$,.FIRESAFETY.);\n#35=IFCRELREFERENCEDINSPATIALSTRUCTURE('0rr',$,$,$,(#31),#34);\n\
         #36=IFCDOOR('0d',$,'Door',$,$,#15,$,$,2000.,900.,$,$,$);\n#37=IFCRELSPACEBOUNDARY('0sb',$,$,$,#30,#36,$,.PHYSICAL.,.INTERNAL.);\n\
         #38=IFCRELSPACEBOUNDARY('0sc',$,$,$,#31,#36,$,.PHYSICAL.,.INTERNAL.);\n#39=IFCRELSPACEBOUNDARY('0sd',$,$,$,#31,#36,$,.PHYSICAL.,.INTERNAL.);",
    );
    assert_eq!(words(named(&sink, "Kitchen").attributes.get("zones")), ["Flat 3"]);
    assert_eq!(words(named(&sink, "Hall").attributes.get("zones")), ["Flat 3", "Fire compartment"]);
    let zone = named(&sink, "Flat 3");
    assert_eq!((zone.class, words(zone.attributes.get("members"))), (Class::CityObjectGroup, vec!["0a", "0b"]));
    assert_eq!(words(named(&sink, "Fire compartment").attributes.get("members")), ["0b"]);
    assert_eq!(words(named(&sink, "Door").attributes.get("rooms")), ["0a", "0b"], "each once");
    assert_eq!(named(&sink, "Door").number("OverallHeight"), Some(2.0));
}

#[test]
fn materials_types_codes_layers_and_documents() {
    let sink = model(
        "IFC4",
        "#20=IFCMATERIAL('Brick',$,$);\n#21=IFCMATERIAL('Plaster',$,$);\n#22=IFCMATERIALLAYER(#20,240.,.F.,'Core',$,'LoadBearing',$);\n\
         #23=IFCMATERIALLAYER(#21,15.,$,$,$,$,$);\n#24=IFCMATERIALLAYERSET((#22,#23),'Wall 255',$);\n#25=IFCMATERIALLAYERSETUSAGE(#24,.AXIS2.,.POSITIVE.,0.,$);\n\
         #26=IFCMATERIALCONSTITUENT('Frame',$,#20,0.3,$);\n#27=IFCMATERIALCONSTITUENTSET('Window',$,(#26));\n\
         #30=IFCWALL('0w',$,'Wall',$,$,#15,#33,$,$);\n#31=IFCWINDOW('0v',$,'Window',$,$,#15,$,$,$,$,$,$,$);\n\
         #33=IFCPRODUCTDEFINITIONSHAPE($,$,(#34));\n#34=IFCSHAPEREPRESENTATION(#10,'Axis','Curve2D',(#35));\n#35=IFCPOLYLINE((#11,#11));\n\
         #36=IFCPRESENTATIONLAYERASSIGNMENT('A-WALL',$,(#34),$);\n#37=IFCPRESENTATIONLAYERASSIGNMENT('A-AXIS',$,(#35),$);\n\
         #40=IFCRELASSOCIATESMATERIAL('0m1',$,$,$,(#30),#25);\n#41=IFCRELASSOCIATESMATERIAL('0m2',$,$,$,(#31),#27);\n\
         #42=IFCWALLTYPE('0t',$,'Outer wall',$,$,(#43),$,$,$,.SOLIDWALL.);\n#43=IFCPROPERTYSET('0ps',$,'Pset_WallCommon',$,(#44,#45));\n\
         #44=IFCPROPERTYSINGLEVALUE('FireRating',$,IFCLABEL('F90'),$);\n#45=IFCPROPERTYSINGLEVALUE('IsExternal',$,IFCBOOLEAN(.T.),$);\n\
         #46=IFCRELDEFINESBYTYPE('0rt',$,$,$,(#30),#42);\n#47=IFCPROPERTYSET('0pt',$,'Pset_WallCommon',$,(#48));\n\
         #48=IFCPROPERTYSINGLEVALUE('FireRating',$,IFCLABEL('F30'),$);\n#49=IFCRELDEFINESBYPROPERTIES('0rp',$,$,$,(#30),#47);\n\
         #50=IFCCLASSIFICATION('CSI',$,$,'OmniClass',$,$,$);\n#51=IFCCLASSIFICATIONREFERENCE($,'21-02','Walls',#50,$,$);\n\
         #52=IFCCLASSIFICATIONREFERENCE($,'21-02 20','Outer walls',#51,$,$);\n#53=IFCRELASSOCIATESCLASSIFICATION('0rc',$,$,$,(#42),#52);\n\
         #54=IFCDOCUMENTREFERENCE('https://example.org/w.pdf','W-1','Data sheet',$,$);\n#55=IFCRELASSOCIATESDOCUMENT('0rd',$,$,$,(#30),#54);",
    );
    let wall = named(&sink, "Wall");
    assert_eq!(words(wall.attributes.get("material")), ["Brick", "Plaster"]);
    assert_eq!(wall.str("material_set"), Some("Wall 255"));
    let layers = &wall.attributes["material_layers"];
    assert_eq!((layers[0]["thickness_m"].as_f64(), layers[0]["category"].as_str()), (Some(0.24), Some("LoadBearing")));
    assert_eq!((layers[1]["thickness_m"].as_f64(), layers[1]["material"].as_str()), (Some(0.015), Some("Plaster")));
    assert_eq!((wall.str("type_name"), wall.str("predefined_type")), (Some("Outer wall"), Some("SOLIDWALL")));
    let pset = &wall.attributes["Pset_WallCommon"];
    assert_eq!((pset["FireRating"].as_str(), pset["IsExternal"].as_bool()), (Some("F30"), Some(true)), "the wall's own word counts, the type's fills in");
    let code = &wall.attributes["classification"][0];
    assert_eq!((code["code"].as_str(), code["system"].as_str()), (Some("21-02 20"), Some("OmniClass")));
    assert_eq!(words(wall.attributes.get("layers")), ["A-WALL", "A-AXIS"]);
    assert_eq!(wall.attributes["documents"][0]["location"].as_str(), Some("https://example.org/w.pdf"));
    let window = named(&sink, "Window");
    assert_eq!((window.str("material"), window.attributes["material_constituents"][0]["fraction"].as_f64()), (Some("Brick"), Some(0.3)));
}

#[test]
fn parts_of_bridges_and_roads_are_theirs() {
    let sink = model(
        "IFC4X3_ADD2",
        "#20=IFCBRIDGE('0b',$,'Bridge',$,$,#15,$,$,.ELEMENT.,.ARCHED.);\n#21=IFCBRIDGEPART('0p',$,'Deck',$,$,#15,$,$,.ELEMENT.,.LONGITUDINAL.,.DECK.);\n\
         #22=IFCSLAB('0s',$,'Plate',$,$,#15,$,$,$);\n#23=IFCRELAGGREGATES('0r1',$,$,$,#20,(#21));\n#24=IFCRELCONTAINEDINSPATIALSTRUCTURE('0r2',$,$,$,(#22),#21);\n\
         #25=IFCROAD('0r',$,'Road',$,$,#15,$,$,.ELEMENT.,$);\n#26=IFCFACILITYPARTCOMMON('0f',$,'Segment',$,$,#15,$,$,.ELEMENT.,.LONGITUDINAL.,.SEGMENT.);\n\
         #27=IFCRELAGGREGATES('0r3',$,$,$,#25,(#26));",
    );
    let classes = ["Bridge", "Deck", "Plate", "Road", "Segment"].map(|name| named(&sink, name).class);
    assert_eq!(classes, [Class::Bridge, Class::BridgePart, Class::BridgeConstructiveElement, Class::Road, Class::Section]);
    assert_eq!(named(&sink, "Plate").parent.as_ref().map(|p| p.as_str()), Some("0p"));
}

#[test]
fn real_alignments_are_lines_with_stations() {
    let Some(path) = testdata::path("bim/ifc43samples/linear-placement-of-signal.ifc") else { return };
    let sink = import(&path);
    let axis = sink.objects.iter().find(|o| o.str("ifc_type") == Some("IfcAlignment")).unwrap();
    assert_eq!(axis.class, Class::Railway);
    // The referent at the end says 1029.372 m.
    assert!((axis.number("length_m").unwrap() - 1029.3720713).abs() < 1e-3, "{:?}", axis.number("length_m"));
    let stations = axis.attributes["stations"].as_array().unwrap();
    assert!(stations.len() > 20 && stations.iter().all(|s| s["distance_m"].is_number()));
    let line: Vec<[f64; 3]> = axis.geometries[0].lines().next().unwrap();
    // The signals stand 3 m to the left of it and to the right, where their own coordinates put them.
    for (name, along, left) in [("Route Indicator_01", 353.1, 3.0), ("Route Indicator_02", 853.1, -3.0)] {
        let signal = named(&sink, name);
        assert_eq!((signal.number("distance_along_m"), signal.number("offset_left_m")), (Some(along), Some(left)));
        assert_eq!(signal.str("alignment"), Some(axis.id.as_str()));
        let at = signal.bounds().centre();
        let nearest = line.windows(2).map(|w| distance(at, w[0], w[1])).fold(f64::INFINITY, f64::min);
        assert!((nearest - 3.0).abs() < 0.6, "{name}: {nearest}");
    }

    let Some(path) = testdata::path("bim/ifc43samples/sectioned-solid-horizontal.ifc") else { return };
    let sink = import(&path);
    let axis = sink.objects.iter().find(|o| o.str("ifc_type") == Some("IfcAlignment")).unwrap();
    let line = axis.geometries[0].lines().next().unwrap();
    // The file's own last points: (881.65153753789, −211.03194929054) at height 149.7.
    let end = line[line.len() - 1];
    assert!((end[0] - 881.651_54).abs() < 1e-3 && (end[1] + 211.031_95).abs() < 1e-3 && (end[2] - 149.7).abs() < 1e-3, "{end:?}");
    assert_eq!(words(axis.attributes["horizontal"].as_array().map(|l| l.iter().map(|s| s["kind"].clone()).collect::<Value>()).as_ref()), ["line", "clothoid", "circulararc", "line"]);

    let Some(path) = testdata::path("bim/ifc43samples/segmented-reference-curve.ifc") else { return };
    let sink = import(&path);
    let axis = sink.objects.iter().find(|o| o.str("ifc_type") == Some("IfcAlignment")).unwrap();
    let line = axis.geometries[0].lines().next().unwrap();
    let end = line[line.len() - 1];
    assert!((end[0] - 98.929_887).abs() < 1e-4 && (end[1] - 13.134_624).abs() < 1e-4, "the end of its cosine curve: {end:?}");
    assert_eq!((axis.class, axis.attributes["cant"][0]["end_right_m"].as_f64()), (Class::Railway, Some(0.0)));
}

/// Distance in plan of a point from a piece of line.
fn distance(p: [f64; 3], a: [f64; 3], b: [f64; 3]) -> f64 {
    let (dx, dy) = (b[0] - a[0], b[1] - a[1]);
    let t = (((p[0] - a[0]) * dx + (p[1] - a[1]) * dy) / (dx * dx + dy * dy)).clamp(0.0, 1.0);
    (p[0] - a[0] - t * dx).hypot(p[1] - a[1] - t * dy)
}

#[test]
fn a_library_of_types_shows_them_with_their_textures() {
    for (name, kept) in [("image", false), ("blob", true), ("pixel", true)] {
        let Some(path) = testdata::path(&format!("bim/ifc43samples/tessellation-with-{name}-texture.ifc")) else { return };
        let sink = import(&path);
        assert_eq!(sink.objects.len(), 1, "{name}");
        let boiler = &sink.objects[0];
        assert_eq!((boiler.class, boiler.str("ifc_type")), (Class::UtilityNetworkElement, Some("IfcBoilerType")), "{name}");
        let mesh = &boiler.geometries[0];
        let looks = mesh.appearance.as_ref().unwrap_or_else(|| panic!("{name}: no textures"));
        assert!(mesh.is_consistent() && looks.uv.len() == mesh.indices.len() && looks.textures.len() == 1, "{name}");
        assert!(looks.uv.iter().any(|uv| uv[0] != looks.uv[0][0]), "{name}: coordinates differ");
        let picture = looks.textures[0].image.and_then(|id| sink.images.get(&id));
        assert_eq!(picture.map(|p| p.mime), kept.then_some("image/png"), "{name}");
        if !kept {
            assert_eq!(looks.textures[0].uri, "texture.png");
        }
    }
}

#[test]
fn a_picture_beside_the_model_is_found_in_its_folder_only() {
    let Some(path) = testdata::path("bim/ifc43samples/tessellation-with-image-texture.ifc") else { return };
    let text = std::fs::read_to_string(&path).unwrap();
    let picture = b"\xFF\xD8\xFF\xE0 a photograph";
    let outer = tempfile::tempdir().unwrap();
    let folder = outer.path().join("model");
    std::fs::create_dir_all(folder.join("tex")).unwrap();
    std::fs::write(folder.join("tex/wall.jpg"), picture).unwrap();
    std::fs::write(outer.path().join("secret.jpg"), picture).unwrap();
    for (name, kept, code) in [("tex/wall.jpg", true, None), ("TEX\\\\Wall.jpg", true, None), ("../secret.jpg", false, Some("image-outside")), ("https://x.org/a.jpg", false, Some("image-outside")), ("none.jpg", false, Some("image-missing"))] {
        assert!(text.contains("'texture.png'"));
        let file = folder.join("model.ifc");
        std::fs::write(&file, text.replace("'texture.png'", &format!("'{name}'"))).unwrap();
        let sink = import(&file);
        let texture = &sink.objects[0].geometries[0].appearance.as_ref().unwrap().textures[0];
        let found = texture.image.and_then(|id| sink.images.get(&id));
        assert_eq!(found.map(|image| image.bytes.as_slice()), kept.then_some(&picture[..]), "{name}");
        let codes: Vec<&str> = sink.diagnostics.iter().map(|d| d.code.as_ref()).filter(|c: &&str| c.starts_with("image-")).collect();
        assert_eq!(codes, Vec::from_iter(code), "{name}");
    }
}
