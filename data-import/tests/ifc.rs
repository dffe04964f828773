//! IFC against real files (counts from their manifest), their places on Earth, and damaged files.

use proptest::prelude::*;
use qike_core::{Crs, Feedback, Severity, SourceCrs, Transform, testdata};
use qike_import::formats::ifc::Ifc;
use qike_import::{Confidence, ImportError, Importer, Source, SourceOptions};
use qike_scene::sink::MemorySink;
use qike_scene::{CityObject, Class, GeometryKind};
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::{Path, PathBuf};

fn import_to(path: &Path, options: SourceOptions, crs: Crs) -> Result<MemorySink, ImportError> {
    let mut sink = MemorySink::new(crs);
    let source = Source { path: path.into(), name: "model.ifc".into(), options, beside: None };
    Ifc.import(&source, &mut sink, &Feedback::silent())?;
    for object in &sink.objects {
        for geometry in &object.geometries {
            assert!(geometry.is_consistent() && geometry.is_finite(), "{}", object.id);
            let line = geometry.kind == GeometryKind::MultiLine;
            let expected = if line { (GeometryKind::MultiLine, "0") } else { (GeometryKind::Mesh, "3") };
            assert_eq!((geometry.kind, geometry.lod.to_string().as_str()), expected);
            assert!(line || object.str("ifc_type") != Some("IfcAlignment"), "{}", object.id);
        }
    }
    Ok(sink)
}

/// Imports a file in its own coordinates.
fn import(path: &Path) -> Result<MemorySink, ImportError> {
    import_to(path, SourceOptions::default(), Crs::local())
}

fn bim(file: &str) -> Option<MemorySink> {
    let path = testdata::path(&format!("bim/{file}"))?;
    Some(import(&path).unwrap_or_else(|e| panic!("{file}: {e}")))
}

fn read(text: &str) -> Result<MemorySink, ImportError> {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    import(file.path())
}

fn by_class(sink: &MemorySink) -> BTreeMap<Class, usize> {
    let mut counts = BTreeMap::new();
    for object in &sink.objects {
        *counts.entry(object.class).or_default() += 1;
    }
    counts
}

fn with_type<'s>(sink: &'s MemorySink, ifc_type: &str) -> Vec<&'s CityObject> {
    sink.objects.iter().filter(|o| o.str("ifc_type") == Some(ifc_type)).collect()
}

fn codes(sink: &MemorySink) -> BTreeSet<&str> {
    sink.diagnostics.iter().map(|d| d.code.as_ref()).collect()
}

#[test]
fn real_files_have_the_counts_of_their_manifest() {
    use Class::{Building, BuildingFurniture, BuildingRoom, Door, Storey, Window};
    let table: &[(&str, &[(Class, usize)])] = &[
        ("web-ifc/AC20-FZK-Haus.ifc", &[(Building, 1), (Storey, 2), (BuildingRoom, 7), (Door, 5), (Window, 11)]),
        ("web-ifc/duplex.ifc", &[(Building, 1), (Storey, 4), (BuildingRoom, 21), (Door, 14), (Window, 24), (BuildingFurniture, 61)]),
        ("bimwhale/LargeBuilding.ifc", &[(Building, 1), (Storey, 2), (BuildingRoom, 8), (Door, 18), (Window, 42), (BuildingFurniture, 14)]),
        ("web-ifc/tested_sample_project.ifc", &[(Building, 1), (Storey, 2), (Door, 1), (Window, 9), (BuildingFurniture, 35)]),
        ("web-ifc/ISSUE_171_IfcSurfaceCurveSweptAreaSolid.ifc", &[(Storey, 4), (BuildingRoom, 1), (Window, 16)]),
        ("web-ifc/IfcOpenHouse_IFC4.ifc", &[(Storey, 1), (Door, 1), (Window, 5)]),
        ("web-ifc/KIT-Simple-Road-Test-Web-IFC4x3_RC2.ifc", &[(Class::Road, 1)]),
        ("ifc43samples/grid-placement.ifc", &[(Storey, 1), (Class::BuildingConstructiveElement, 35)]),
    ];
    for (file, counts) in table {
        let Some(sink) = bim(file) else { continue };
        let found = by_class(&sink);
        for (class, count) in *counts {
            assert_eq!(found.get(class), Some(count), "{file}: {class}");
        }
        // People walk in rooms and through doors: every one of them has a shape, or parts that have, and belongs somewhere.
        let with_shaped_parts: BTreeSet<_> = sink.objects.iter().filter(|o| !o.geometries.is_empty()).filter_map(|o| o.parent.clone()).collect();
        for object in sink.objects.iter().filter(|o| [BuildingRoom, Door, Window].contains(&o.class)) {
            let shaped = !object.geometries.is_empty() || with_shaped_parts.contains(&object.id);
            assert!(shaped, "{file}: {} has no geometry", object.id);
            assert!(object.parent.is_some(), "{file}: {} has no parent", object.id);
        }
        let lost: Vec<_> = sink.diagnostics.iter().filter(|d| d.severity == Severity::Error).collect();
        assert!(lost.is_empty(), "{file}: {lost:?}");
    }
}

#[test]
fn the_duplex_house_is_complete() {
    let Some(sink) = bim("web-ifc/duplex.ifc") else { return };
    let ids: BTreeSet<&str> = sink.objects.iter().map(|o| o.id.as_str()).collect();
    assert!(sink.objects.iter().all(|o| o.parent.as_ref().is_none_or(|p| ids.contains(p.as_str()))));
    // Site > building > storey > room, and nothing above the site.
    let parent = |o: &CityObject| sink.objects.iter().find(|p| Some(&p.id) == o.parent.as_ref());
    for room in with_type(&sink, "IfcSpace") {
        let storey = parent(room).unwrap();
        let building = parent(storey).unwrap();
        assert_eq!((storey.class, building.class), (Class::Storey, Class::Building), "{}", room.id);
        assert!(parent(building).unwrap().parent.is_none());
        assert!(room.name.is_some() && room.str("Name").is_some(), "a room has a name and a number");
        let volume = room.bounds().size();
        assert!(volume[2] > 0.5 && volume[2] < 7.0, "heights in metres: {volume:?}");
    }
    for door in with_type(&sink, "IfcDoor") {
        let host = door.str("fills_opening_in").unwrap();
        assert!(sink.objects.iter().any(|o| o.id.as_str() == host && o.str("ifc_type").unwrap().starts_with("IfcWall")));
        assert!((1.9..2.6).contains(&door.number("OverallHeight").unwrap()), "{:?}", door.attributes);
        assert!(door.attributes["Pset_DoorCommon"].is_object(), "{:?}", door.attributes);
    }
    // The flight is part of the stair, and says on which storey.
    let flight = with_type(&sink, "IfcStairFlight")[0];
    assert_eq!(parent(flight).unwrap().str("ifc_type"), Some("IfcStair"));
    assert!(flight.str("ifc_storey").is_some_and(|storey| ids.contains(storey)));
    assert!(with_type(&sink, "IfcOpeningElement").is_empty());
    assert!(sink.objects.iter().flat_map(|o| &o.geometries).any(|g| g.materials.len() > 1), "windows have frames and glass");
}

#[test]
fn openings_are_cut() {
    let Some(sink) = bim("ifc43samples/slab-openings.ifc") else { return };
    let slab = with_type(&sink, "IfcSlab")[0];
    let mesh = &slab.geometries[0];
    // A slab without holes has the area of its box; this one has less.
    let mut top = 0.0;
    for t in mesh.indices.chunks_exact(3) {
        let [a, b, c] = [0, 1, 2].map(|i| mesh.vertices[t[i] as usize]);
        let normal = (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]);
        top += 0.5 * normal.max(0.0);
    }
    let size = mesh.bounds().size();
    assert!(top < 0.99 * size[0] * size[1] && top > 0.3 * size[0] * size[1], "{top} of {size:?}");
}

/// Longitude and latitude of the middle of a model that was imported into `crs`.
fn middle(sink: &MemorySink, crs: &Crs) -> [f64; 3] {
    let mut bounds = qike_core::Bounds3::EMPTY;
    sink.objects.iter().for_each(|o| bounds.merge(&o.bounds()));
    let to_degrees = Transform::new(&SourceCrs::Crs(crs.clone()), &Crs::wgs84()).unwrap();
    to_degrees.apply(bounds.centre()).unwrap()
}

#[test]
fn models_land_where_they_stand() {
    // File, a store's system, longitude, latitude, tolerance in degrees.
    let table = [
        // The buildingSMART examples describe the same place in two systems, with a scale that is upside down.
        ("ifc43samples/geographic-referencing-gk.ifc", "EPSG:25832", 8.4337, 49.0955, 2e-4),
        ("ifc43samples/geographic-referencing-utm.ifc", "EPSG:31467", 8.4337, 49.0955, 2e-4),
        ("ifc43samples/geographic-referencing-rigid-operation.ifc", "EPSG:32633", 14.0902, 46.3623, 1e-3),
        // By the site's latitude and longitude.
        ("web-ifc/AC20-FZK-Haus.ifc", "EPSG:25832", 8.4365, 49.1004, 5e-4),
        ("web-ifc/duplex.ifc", "EPSG:32616", -87.6394, 41.8744, 5e-4),
    ];
    for (file, system, lon, lat, tolerance) in table {
        let Some(path) = testdata::path(&format!("bim/{file}")) else { continue };
        let crs = Crs::parse(system).unwrap();
        let sink = import_to(&path, SourceOptions::default(), crs.clone()).unwrap();
        let at = middle(&sink, &crs);
        assert!((at[0] - lon).abs() < tolerance && (at[1] - lat).abs() < tolerance, "{file}: {at:?}");
        let profile = Ifc.probe(&Source::new(&path), &Feedback::silent()).unwrap();
        let centre = profile.centre_lonlat.unwrap();
        assert!((centre[0] - lon).abs() < 0.01 && (centre[1] - lat).abs() < 0.01, "{file}: {centre:?}");
    }
}

#[test]
fn a_doubtful_scale_is_told_and_sizes_stay_real() {
    let Some(path) = testdata::path("bim/ifc43samples/geographic-referencing-gk.ifc") else { return };
    let sink = import_to(&path, SourceOptions::default(), Crs::epsg(25832).unwrap()).unwrap();
    assert!(codes(&sink).contains("ifc-map-scale"));
    let marker = with_type(&sink, "IfcBuildingElementProxy")[0].bounds().size();
    // A pyramid of 1 m by 1 m by 4 m, turned.
    assert!((1.0..1.5).contains(&marker[0]) && (marker[2] - 4.0).abs() < 1e-3, "{marker:?}");
}

#[test]
fn without_a_place_a_model_keeps_its_own_frame_or_is_told() {
    let Some(path) = testdata::path("bim/web-ifc/IfcOpenHouse_IFC4.ifc") else { return };
    let own = import(&path).unwrap();
    assert!(codes(&own).contains("ifc-not-georeferenced"));
    assert!(own.objects.iter().any(|o| !o.geometries.is_empty()));
    // In a city it would lie at the origin of the projection, thousands of kilometres off.
    let city = import_to(&path, SourceOptions::default(), Crs::epsg(25832).unwrap()).unwrap();
    let told = city.diagnostics.iter().find(|d| d.code == "ifc-not-georeferenced").unwrap();
    assert_eq!((told.severity, city.objects.len()), (Severity::Error, own.objects.len()));
    assert!(city.objects.iter().all(|o| o.geometries.is_empty()));
}

#[test]
fn every_file_imports_and_is_the_same_every_time() {
    let Some(folder) = testdata::path("bim") else { return };
    let mut files: Vec<PathBuf> = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        files.extend(std::fs::read_dir(entry.unwrap().path()).unwrap().map(|f| f.unwrap().path()));
    }
    files.retain(|f| f.extension().is_some_and(|e| e == "ifc"));
    assert!(files.len() > 50);
    for file in &files {
        let sink = import(file).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
        let failed: Vec<_> = sink.diagnostics.iter().filter(|d| d.code == "ifc-geometry-failed" || d.code == "ifc-element-slow").collect();
        assert!(failed.is_empty(), "{}: {failed:?}", file.display());
    }
    let twice: Vec<_> = (0..2).filter_map(|_| bim("web-ifc/duplex.ifc")).map(|sink| sink.objects).collect();
    assert!(twice.windows(2).all(|w| w[0] == w[1]), "two runs differ");
}

/// A room of 4 m by 3 m by 2.5 m, in millimetres, on a storey; placed by `{PLACE}`.
const ROOM: &str = "ISO-10303-21;
HEADER;
FILE_DESCRIPTION(('ViewDefinition [ReferenceView]'),'2;1');
FILE_NAME('room.ifc','2024-01-01T00:00:00',(''),(''),'','','');
FILE_SCHEMA(('IFC4'));
ENDSEC;
DATA;
#1=IFCPROJECT('0project00000000000001',$,'Demo',$,$,$,$,(#10),#5);
#5=IFCUNITASSIGNMENT((#6,#7,#8));
#6=IFCSIUNIT(*,.LENGTHUNIT.,.MILLI.,.METRE.);
#7=IFCSIUNIT(*,.PLANEANGLEUNIT.,$,.RADIAN.);
#8=IFCSIUNIT(*,.AREAUNIT.,$,.SQUARE_METRE.);
#10=IFCGEOMETRICREPRESENTATIONCONTEXT($,'Model',3,1.E-5,#12,#14);
#11=IFCCARTESIANPOINT((0.,0.,0.));
#12=IFCAXIS2PLACEMENT3D(#11,$,$);
#13=IFCDIRECTION((0.,0.,1.));
#14=IFCDIRECTION((0.,1.));
#15=IFCLOCALPLACEMENT($,#12);
#20=IFCSITE('0site0000000000000001',$,'Site',$,$,#15,$,$,.ELEMENT.,{PLACE},0.,$,$);
#21=IFCBUILDING('0building000000000001',$,'House',$,$,#15,$,$,.ELEMENT.,$,$,$);
#22=IFCBUILDINGSTOREY('0storey00000000000001',$,'Ground',$,$,#15,$,$,.ELEMENT.,1500.);
#23=IFCSPACE('0space000000000000001',$,'A1',$,$,#15,#40,'Hall',.ELEMENT.,.INTERNAL.,$);
#30=IFCRELAGGREGATES('0rel00000000000000001',$,$,$,#1,(#20));
#31=IFCRELAGGREGATES('0rel00000000000000002',$,$,$,#20,(#21));
#32=IFCRELAGGREGATES('0rel00000000000000003',$,$,$,#21,(#22));
#33=IFCRELAGGREGATES('0rel00000000000000004',$,$,$,#22,(#23));
#40=IFCPRODUCTDEFINITIONSHAPE($,$,(#41));
#41=IFCSHAPEREPRESENTATION(#10,'Body','SweptSolid',(#42));
#42=IFCEXTRUDEDAREASOLID(#43,$,#13,2500.);
#43=IFCRECTANGLEPROFILEDEF(.AREA.,$,$,4000.,3000.);
#50=IFCPROPERTYSET('0pset0000000000000001',$,'Pset_SpaceCommon',$,(#51,#52,#53,#54));
#51=IFCPROPERTYSINGLEVALUE('IsExternal',$,IFCBOOLEAN(.F.),$);
#52=IFCPROPERTYSINGLEVALUE('Clearance',$,IFCLENGTHMEASURE(2400.),$);
#53=IFCPROPERTYENUMERATEDVALUE('Use',$,(IFCLABEL('walk'),IFCLABEL('wait')),$);
#54=IFCPROPERTYBOUNDEDVALUE('Load',$,IFCREAL(5.),IFCREAL(1.),$,$);
#55=IFCRELDEFINESBYPROPERTIES('0rel00000000000000005',$,$,$,(#23),#50);
#56=IFCELEMENTQUANTITY('0quant000000000000001',$,'Qto_SpaceBaseQuantities',$,$,(#57,#58));
#57=IFCQUANTITYLENGTH('Height',$,$,2500.,$);
#58=IFCQUANTITYAREA('NetFloorArea',$,$,12.,$);
#59=IFCRELDEFINESBYPROPERTIES('0rel00000000000000006',$,$,$,(#23),#56);
{MORE}
ENDSEC;
END-ISO-10303-21;
";

fn room(place: &str, more: &str) -> String {
    ROOM.replace("{PLACE}", place).replace("{MORE}", more)
}

const LINGANG: &str = "(30,54,0,0),(121,55,48,0)";

#[test]
fn units_names_and_properties_of_a_room() {
    let sink = read(&room("$,$", "")).unwrap();
    assert_eq!(sink.objects.len(), 4);
    let hall = with_type(&sink, "IfcSpace")[0];
    assert_eq!((hall.name.as_deref(), hall.str("Name"), hall.class), (Some("Hall"), Some("A1"), Class::BuildingRoom));
    let size = hall.bounds().size();
    assert!([4.0, 3.0, 2.5].iter().zip(size).all(|(a, b)| (a - b).abs() < 1e-5), "{size:?}");
    let pset = &hall.attributes["Pset_SpaceCommon"];
    assert_eq!((pset["IsExternal"].as_bool(), pset["Clearance"].as_f64()), (Some(false), Some(2.4)));
    assert_eq!((pset["Use"][1].as_str(), pset["Load"]["lower"].as_f64()), (Some("wait"), Some(1.0)));
    let quantities = &hall.attributes["Qto_SpaceBaseQuantities"];
    assert_eq!((quantities["Height"].as_f64(), quantities["NetFloorArea"].as_f64()), (Some(2.5), Some(12.0)));
    assert_eq!(with_type(&sink, "IfcBuildingStorey")[0].number("Elevation"), Some(1.5));
    assert_eq!(hall.str("predefined_type"), Some("INTERNAL"));
}

#[test]
fn the_sites_degrees_and_a_map_conversion_agree() {
    let store = Crs::epsg(4549).unwrap();
    let at = |text: &str, options: SourceOptions| {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        let sink = import_to(file.path(), options, store.clone()).unwrap();
        (with_type(&sink, "IfcSpace")[0].bounds().centre(), codes(&sink).into_iter().map(str::to_owned).collect::<Vec<_>>())
    };
    let plain = SourceOptions::default;
    let (by_site, found) = at(&room(LINGANG, ""), plain());
    assert!(found.is_empty(), "{found:?}");
    let p = Transform::new(&SourceCrs::Crs(Crs::wgs84()), &store).unwrap().apply([121.93, 30.9, 0.0]).unwrap();
    assert!((by_site[0] - p[0]).abs() < 1e-3 && (by_site[1] - p[1]).abs() < 1e-3, "{by_site:?} {p:?}");

    // The same place by a map conversion: from millimetres to metres, with and without the scale, in metres or millimetres.
    let metre = "#62=IFCSIUNIT(*,.LENGTHUNIT.,$,.METRE.);";
    let conversion = |unit: &str, east: f64, north: f64, scale: &str| {
        format!("#60=IFCPROJECTEDCRS('EPSG:4549',$,$,$,$,$,{unit});\n#61=IFCMAPCONVERSION(#10,#60,{east:.3},{north:.3},0.,1.,0.,{scale});\n{metre}")
    };
    let told = |codes: &[&str]| codes.iter().map(|c| (*c).to_owned()).collect::<Vec<_>>();
    let cases = [
        (conversion("#62", p[0], p[1], "0.001"), told(&[])),
        (conversion("#62", p[0], p[1], "$"), told(&["ifc-map-scale"])),
        (conversion("#62", p[0], p[1], "1000."), told(&["ifc-map-scale"])),
        (conversion("$", p[0] * 1e3, p[1] * 1e3, "$"), told(&[])),
        (conversion("$", p[0], p[1], "0.001"), told(&["ifc-map-unit"])),
    ];
    for (more, expected) in cases {
        let (place, found) = at(&room("$,$", &more), plain());
        assert!((place[0] - p[0]).abs() < 2e-3 && (place[1] - p[1]).abs() < 2e-3 && (place[2] - 1.25).abs() < 1e-3, "{more}\n{place:?} {p:?}");
        assert_eq!(found, expected, "{more}");
    }

    // A system that nobody knows: the site's degrees are used, and the user can name the system.
    let unknown = conversion("#62", p[0], p[1], "0.001").replace("EPSG:4549", "City grid 7");
    let (place, found) = at(&room(LINGANG, &unknown), plain());
    assert!((place[0] - p[0]).abs() < 1e-3 && found == ["ifc-crs-unknown"], "{place:?} {found:?}");
    let named = SourceOptions { source_crs: Some(SourceCrs::parse("EPSG:4549").unwrap()), ..Default::default() };
    let (place, found) = at(&room("$,$", &unknown), named);
    assert!((place[0] - p[0]).abs() < 2e-3 && found.is_empty(), "{place:?} {found:?}");
}

#[test]
fn map_coordinates_are_not_moved_twice() {
    let p = [684_600.0, 3_421_000.0];
    let more = format!(
        "#60=IFCPROJECTEDCRS('EPSG:4549',$,$,$,$,$,#62);\n#61=IFCMAPCONVERSION(#10,#60,{},{},0.,1.,0.,0.001);\n#62=IFCSIUNIT(*,.LENGTHUNIT.,$,.METRE.);",
        p[0], p[1]
    );
    let text = room("$,$", &more).replace("#11=IFCCARTESIANPOINT((0.,0.,0.));", &format!("#11=IFCCARTESIANPOINT(({},{},0.));", p[0] * 1e3, p[1] * 1e3));
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    let sink = import_to(file.path(), SourceOptions::default(), Crs::epsg(4549).unwrap()).unwrap();
    assert!(codes(&sink).contains("ifc-georeferenced-twice"), "{:?}", sink.diagnostics);
    let centre = with_type(&sink, "IfcSpace")[0].bounds().centre();
    assert!((centre[0] - p[0]).abs() < 0.01 && (centre[1] - p[1]).abs() < 0.01, "{centre:?}");
}

#[test]
fn what_is_no_ifc_is_refused_with_its_place() {
    let text = room("$,$", "");
    assert!(matches!(read(""), Err(ImportError::Empty { .. })));
    let refused = |text: &str| read(text).unwrap_err().to_string();
    assert!(refused("{\"type\":\"CityJSON\"}").contains("ISO-10303-21"));
    assert!(refused(&text.replace("'IFC4'", "'AUTOMOTIVE_DESIGN'")).contains("AUTOMOTIVE_DESIGN"));
    let cut = refused(&text[..text.len() - 400]);
    assert!(cut.contains("cut off") && cut.contains("line 35"), "{cut}");
    let from = text.find("#1=").unwrap();
    let to = text.rfind("ENDSEC").unwrap();
    assert!(refused(&format!("{}{}", &text[..from], &text[to..])).contains("no entity"));
    assert_eq!(Ifc.sniff(Path::new("a.ifc"), text.as_bytes()), Confidence::Both);
    assert_eq!(Ifc.sniff(Path::new("a.txt"), text.as_bytes()), Confidence::Content);
    assert_eq!(Ifc.sniff(Path::new("a.ifc"), b"<osm>"), Confidence::Ending);
    assert_eq!(Ifc.sniff(Path::new("a.stp"), text.replace("'IFC4'", "'AP214'").as_bytes()), Confidence::No);
}

#[test]
fn local_damage_is_told_and_the_rest_stays() {
    let text = room("$,$", "");
    let cases = [
        ("#51=IFCPROPERTYSINGLEVALUE('IsExternal',$,IFCBOOLEAN(.F.),$);", "#6=IFCSIUNIT(*,.LENGTHUNIT.,.MILLI.,.METRE.);", "ifc-repeated-number"),
        ("'0storey00000000000001'", "'0building000000000001'", "duplicate-id"),
        ("(#10),#5);", "(#10),#5);\n#99=IFCOPENINGELEMENT('0open0000000000000001',$,$,$,$,#15,$,$,$);", "ifc-left-out"),
        ("#42=IFCEXTRUDEDAREASOLID(#43,$,#13,2500.);", "#42=IFCPOLYLINE((#11,#11));", "ifc-no-mesh"),
    ];
    for (from, to, code) in cases {
        let damaged = text.replacen(from, to, 1);
        assert_ne!(damaged, text, "{from}");
        let sink = read(&damaged).unwrap();
        assert!(codes(&sink).contains(code), "{code}: {:?}", sink.diagnostics);
        assert!(sink.objects.len() >= 3, "{code}");
    }
    let deep = room("$,$", &format!("#98=IFCPROPERTYSET('x',$,'Deep',$,{}#51{});", "(".repeat(50_000), ")".repeat(50_000)));
    assert_eq!(read(&deep).unwrap().objects.len(), 4);
    let circle = room("$,$", "#97=IFCRELAGGREGATES('0rel00000000000000009',$,$,$,#23,(#20));");
    assert_eq!(read(&circle).unwrap().objects.len(), 4);
}

/// Of a closed mesh.
fn volume(object: &CityObject) -> f64 {
    let mesh = &object.geometries[0];
    let corner = |i: &u32| mesh.vertices[*i as usize];
    let six = |t: &[u32]| {
        let [a, b, c] = [corner(&t[0]), corner(&t[1]), corner(&t[2])];
        a[0] * (b[1] * c[2] - b[2] * c[1]) + a[1] * (b[2] * c[0] - b[0] * c[2]) + a[2] * (b[0] * c[1] - b[1] * c[0])
    };
    mesh.indices.chunks_exact(3).map(six).sum::<f64>() / 6.0
}

#[test]
fn a_profile_is_swept_along_an_alignment() {
    let Some(sink) = bim("ifc43samples/fixed-reference-swept-area-solid.ifc") else { return };
    let road = with_type(&sink, "IfcBuiltElement")[0];
    // A trapezium of 9 m², its centre over the axis, from station 300 to 600; slopes are a thousandth.
    assert!((volume(road) - 2700.0).abs() < 1.0, "{}", volume(road));
    let axis = &with_type(&sink, "IfcAlignment")[0].geometries[0].vertices;
    let from_axis = |p: &[f64; 3]| axis.windows(2).map(|w| beside(*p, w[0], w[1])).fold(f64::INFINITY, f64::min);
    let mesh = &road.geometries[0];
    let far = mesh.vertices.iter().map(from_axis).fold(0.0, f64::max);
    assert!((far - 5.0).abs() < 0.02, "{far}");
    let bounds = mesh.bounds();
    assert!((bounds.min[0] - 300.0).abs() < 0.01 && (bounds.max[2] - 149.7).abs() < 0.01 && (bounds.min[2] - 148.52).abs() < 0.02, "{bounds:?}");
}

#[test]
fn what_is_only_drawn_becomes_lines() {
    let lines = |file: &str, ifc_type: &str| -> Option<Vec<Vec<[f64; 3]>>> {
        let sink = bim(file)?;
        assert!(!codes(&sink).contains("ifc-no-mesh"), "{file}: {:?}", sink.diagnostics);
        let drawn = with_type(&sink, ifc_type).into_iter().flat_map(|o| &o.geometries).filter(|g| g.kind == GeometryKind::MultiLine);
        Some(drawn.flat_map(|g| g.lines().collect::<Vec<_>>()).collect())
    };
    let Some(footprint) = lines("ifc43samples/geographic-referencing-rigid-operation.ifc", "IfcBuiltElement") else { return };
    assert_eq!((footprint.len(), footprint[0].len(), footprint[0][0], footprint[0][6]), (1, 7, [32.58, 3.68, 0.0], [32.58, 3.68, 0.0]));
    let Some(axis) = lines("web-ifc/ISSUE_044_test_IFCCOMPOSITEPROFILEDEF.ifc", "IfcWall") else { return };
    let length = (axis[0][1][0] - axis[0][0][0]).hypot(axis[0][1][1] - axis[0][0][1]);
    assert!(axis.len() == 1 && (length - 1.30162267373).abs() < 1e-6, "{axis:?}");
    assert!(lines("ifc43samples/construction-scheduling-task.ifc", "IfcBuilding").is_some_and(|l| !l.is_empty()));
    // Beside a solid that cannot be meshed, the lines stay and the loss is told.
    let body = "#42=IFCEXTRUDEDAREASOLID(#43,$,#13,2500.);";
    let half = room("$,$", "#90=IFCPOLYLINE((#11,#91));\n#91=IFCCARTESIANPOINT((4000.,0.,0.));\n#92=IFCSHAPEREPRESENTATION(#10,'Axis','Curve2D',(#90));\n#93=IFCPLANE(#12);");
    let sink = read(&half.replace(body, "#42=IFCHALFSPACESOLID(#93,.T.);").replace("$,$,(#41))", "$,$,(#92,#41))")).unwrap();
    let hall = with_type(&sink, "IfcSpace")[0];
    assert!(codes(&sink).contains("ifc-no-mesh") && hall.geometries[0].kind == GeometryKind::MultiLine, "{:?}", sink.diagnostics);
    assert_eq!(hall.bounds().max, [4.0, 0.0, 0.0]);
}

/// Distance in plan from a segment.
fn beside(p: [f64; 3], a: [f64; 3], b: [f64; 3]) -> f64 {
    let (dx, dy) = (b[0] - a[0], b[1] - a[1]);
    let t = (((p[0] - a[0]) * dx + (p[1] - a[1]) * dy) / (dx * dx + dy * dy).max(1e-12)).clamp(0.0, 1.0);
    (p[0] - a[0] - t * dx).hypot(p[1] - a[1] - t * dy)
}

#[test]
fn a_sweep_has_the_volume_that_pappus_gives_it() {
    // A quarter turn to the left of radius 20 m; the area of 2 m² lies 5 m to the right of it: its y axis is tangent × upwards.
    let curve = "#80=IFCCOMPOSITECURVE((#81),.F.);\n#81=IFCCURVESEGMENT(.CONTINUOUS.,#82,IFCLENGTHMEASURE(0.),IFCLENGTHMEASURE(31415.9265),#85);\n\
                 #82=IFCAXIS2PLACEMENT2D(#83,#84);\n#83=IFCCARTESIANPOINT((0.,0.));\n#84=IFCDIRECTION((1.,0.));\n#85=IFCCIRCLE(#82,20000.);\n\
                 #86=IFCAXIS2PLACEMENT2D(#87,$);\n#87=IFCCARTESIANPOINT((0.,5000.));\n#88=IFCPOLYLINE((#11,#89));\n#89=IFCCARTESIANPOINT((3000.,0.,0.));";
    let area = "IFCRECTANGLEPROFILEDEF(.AREA.,$,#86,1000.,2000.)";
    let with = |range: &str, directrix: &str| format!("IFCFIXEDREFERENCESWEPTAREASOLID(#43,$,{directrix},{range},#13);");
    let swept = |range: &str| {
        let text = room("$,$", curve)
            .replace("IFCEXTRUDEDAREASOLID(#43,$,#13,2500.);", &with(range, "#80"))
            .replace("IFCRECTANGLEPROFILEDEF(.AREA.,$,$,4000.,3000.)", area);
        read(&text).unwrap()
    };
    let quarter = 2.0 * std::f64::consts::FRAC_PI_2 * 25.0;
    for (range, part) in [("$,$", 1.0), ("IFCLENGTHMEASURE(0.),IFCPARAMETERVALUE(31415.9265)", 1.0), ("IFCLENGTHMEASURE(7853.98),IFCLENGTHMEASURE(23561.94)", 0.5)] {
        let sink = swept(range);
        let found = volume(with_type(&sink, "IfcSpace")[0]);
        assert!((found / (part * quarter) - 1.0).abs() < 2e-3, "{range}: {found}");
    }
    let bounds = with_type(&swept("$,$"), "IfcSpace")[0].bounds();
    let expected = [0.0, -6.0, -0.5, 26.0, 20.0, 0.5];
    assert!(bounds.min.iter().chain(&bounds.max).zip(expected).all(|(a, b)| (a - b).abs() < 0.02), "{bounds:?}");
    // Beside one along an alignment, other sweeps stay what they are; nothing of no length comes.
    let both = room("$,$", &format!("{curve}\n#42={}\n#90={}", with("$,$", "#80"), with("$,$", "#88")))
        .replace("#42=IFCEXTRUDEDAREASOLID(#43,$,#13,2500.);\n", "")
        .replace("'SweptSolid',(#42)", "'SweptSolid',(#42,#90)")
        .replace("IFCRECTANGLEPROFILEDEF(.AREA.,$,$,4000.,3000.)", area);
    let found = volume(with_type(&read(&both).unwrap(), "IfcSpace")[0]);
    assert!((found - quarter - 6.0).abs() < 0.1, "{found}");
    assert!(codes(&swept("IFCLENGTHMEASURE(5.),IFCLENGTHMEASURE(5.)")).contains("ifc-no-mesh"));
}

#[test]
fn records_of_one_number_are_one_object_however_many_they_are() {
    let record = "#23=IFCSPACE('0space000000000000001',$,'A1',$,$,#15,#40,'Hall',.ELEMENT.,.INTERNAL.,$);\n";
    let relation = "#33=IFCRELAGGREGATES('0rel00000000000000004',$,$,$,#22,(#23));\n";
    let text = room("$,$", "");
    let older = record.replace("'Hall'", "'Old hall'").repeat(300);
    let sink = read(&text.replacen(record, &format!("{older}{record}"), 1).replacen(relation, &relation.repeat(200), 1)).unwrap();
    assert_eq!(sink.objects.len(), 4);
    let hall = with_type(&sink, "IfcSpace")[0];
    assert_eq!((hall.name.as_deref(), hall.geometries.len()), (Some("Hall"), 1), "the last one counts");
    let told: Vec<_> = sink.diagnostics.iter().filter(|d| d.code == "ifc-repeated-number").map(|d| d.to_string()).collect();
    assert_eq!(told.len(), 2, "once a number: {told:?}");
    assert!(!codes(&sink).contains("duplicate-id"));
}

#[test]
fn records_that_cannot_be_read_are_told_by_their_lines() {
    let text = room("$,$", "#12345678901=IFCWALL();\n#71=IFCDIRECTION((0.,1.));\n#12345678902=IFCWALL();");
    let lines: Vec<u64> = read(&text).unwrap().diagnostics.iter().filter(|d| d.code == "ifc-bad-record").filter_map(|d| d.place.line).collect();
    let expected: Vec<u64> = (1..).zip(text.lines()).filter(|(_, line)| line.contains("IFCWALL")).map(|(number, _)| number).collect();
    assert_eq!(lines, expected);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, ..ProptestConfig::default() })]
    #[test]
    fn changed_bytes_never_panic(changes in prop::collection::vec((400..ROOM.len() - 60, prop::sample::select(b"0123456789#(),.$*'=;ABEINQ-\n\\\xff".to_vec())), 1..6)) {
        let mut bytes = room(LINGANG, "").into_bytes();
        for (at, byte) in changes {
            bytes[at] = byte;
        }
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(&bytes).unwrap();
        let _ = import(file.path());
    }
}

/// A system, and a conversion to the place of [`LINGANG`] in it.
fn converted(crs: &str) -> (String, [f64; 3]) {
    let p = Transform::new(&SourceCrs::Crs(Crs::wgs84()), &Crs::parse(crs).unwrap()).unwrap().apply([121.93, 30.9, 0.0]).unwrap();
    let text = format!(
        "#60=IFCPROJECTEDCRS('{crs}',$,$,$,$,$,#62);\n#61=IFCMAPCONVERSION(#10,#60,{:.3},{:.3},0.,1.,0.,0.001);\n#62=IFCSIUNIT(*,.LENGTHUNIT.,$,.METRE.);",
        p[0], p[1]
    );
    (text, p)
}

fn statements(sink: &MemorySink) -> Vec<(String, bool, Option<f64>)> {
    let told = sink.objects.iter().find_map(|o| o.attributes.get("georeferencing")).and_then(|v| v.as_array()).cloned().unwrap_or_default();
    told.iter().map(|s| (s["by"].as_str().unwrap().to_owned(), s["used"] == true, s["distance_m"].as_f64())).collect()
}

fn read_into(text: &str, options: SourceOptions, crs: &Crs) -> MemorySink {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    import_to(file.path(), options, crs.clone()).unwrap()
}

#[test]
fn statements_that_contradict_each_other_are_told_with_their_distance() {
    let store = Crs::epsg(4549).unwrap();
    let (conversion, p) = converted("EPSG:4549");
    // The site agrees with the conversion, but for the turn between true and grid north: 0.48° here, too little to tell.
    let agreeing = read_into(&room(LINGANG, &conversion), SourceOptions::default(), &store);
    let list = statements(&agreeing);
    assert!(list.len() == 2 && list[0] == ("IfcMapConversion".into(), true, Some(0.0)), "{list:?}");
    assert!(list[1].2.unwrap() < 0.1 && !codes(&agreeing).contains("ifc-place-conflict"), "{list:?}");

    // A site that was left in Boston.
    let boston = read_into(&room("(42,21,30,0),(-71,-3,-35,0)", &conversion), SourceOptions::default(), &store);
    let told = boston.diagnostics.iter().find(|d| d.code == "ifc-place-conflict").expect("a conflict");
    assert!(told.message.contains("IfcSite") && told.message.contains("11761 km") && told.help.is_some(), "{}", told.message);
    let centre = with_type(&boston, "IfcSpace")[0].bounds().centre();
    assert!((centre[0] - p[0]).abs() < 0.01, "the conversion counts");

    // True north that points elsewhere than the conversion says.
    let turned = room(LINGANG, &conversion).replace("#14=IFCDIRECTION((0.,1.));", "#14=IFCDIRECTION((0.5,0.8660254));");
    assert!(codes(&read_into(&turned, SourceOptions::default(), &store)).contains("ifc-north-conflict"));

    // IFC2x3's convention: two property sets.
    let sets = format!(
        "#70=IFCPROPERTYSET('0ps1',$,'ePSet_MapConversion',$,(#71,#72,#73));\n#71=IFCPROPERTYSINGLEVALUE('Eastings',$,IFCLENGTHMEASURE({:.3}),$);\n\
         #72=IFCPROPERTYSINGLEVALUE('Northings',$,IFCLENGTHMEASURE({:.3}),$);\n#73=IFCPROPERTYSINGLEVALUE('Scale',$,IFCREAL(0.001),$);\n\
         #74=IFCPROPERTYSET('0ps2',$,'ePset_ProjectedCRS',$,(#75,#76));\n#75=IFCPROPERTYSINGLEVALUE('Name',$,IFCLABEL('EPSG:4549'),$);\n\
         #76=IFCPROPERTYSINGLEVALUE('MapUnit',$,IFCIDENTIFIER('METRE'),$);",
        p[0], p[1]
    );
    let by_sets = read_into(&room("$,$", &sets).replace("'IFC4'", "'IFC2X3'"), SourceOptions::default(), &store);
    assert_eq!(statements(&by_sets), [("ePSet_MapConversion".to_owned(), true, Some(0.0))]);
    let centre = with_type(&by_sets, "IfcSpace")[0].bounds().centre();
    assert!((centre[0] - p[0]).abs() < 0.01 && (centre[1] - p[1]).abs() < 0.01, "{centre:?} {p:?}");
}

#[test]
fn the_users_word_goes_before_the_files() {
    let store = Crs::epsg(4549).unwrap();
    let (conversion, _) = converted("EPSG:4549");
    let options = SourceOptions { place: Some("121.5,31.2,7,90".parse().unwrap()), ..Default::default() };
    let sink = read_into(&room(LINGANG, &conversion), options, &store);
    let list = statements(&sink);
    assert_eq!(list.iter().map(|s| (s.0.as_str(), s.1)).collect::<Vec<_>>(), [("--place", true), ("IfcMapConversion", false), ("IfcSite", false)]);
    let p = Transform::new(&SourceCrs::Crs(Crs::wgs84()), &store).unwrap().apply([121.5, 31.2, 0.0]).unwrap();
    let bounds = with_type(&sink, "IfcSpace")[0].bounds();
    let (centre, size) = (bounds.centre(), bounds.size());
    assert!((centre[0] - p[0]).abs() < 0.01 && (centre[1] - p[1]).abs() < 0.01 && (centre[2] - 8.25).abs() < 1e-3, "{centre:?} {p:?}");
    assert!((size[0] - 3.0).abs() < 0.1 && (size[1] - 4.0).abs() < 0.1, "a quarter turn: {size:?}");

    // An unplaced model gets a place; nonsense is refused with a word.
    let options = SourceOptions { place: Some("121.5,31.2".parse().unwrap()), ..Default::default() };
    assert!(!codes(&read_into(&room("$,$", ""), options, &store)).contains("ifc-not-georeferenced"));
    for bad in ["", "1", "1,2,3,4,5", "31.2,121.5", "a,b", "1,NaN", "1,2,inf"] {
        assert!(bad.parse::<qike_import::Place>().is_err(), "{bad}");
    }
}

#[test]
fn an_ifczip_is_read_and_ifcxml_is_refused_with_a_word() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("room.ifczip");
    let mut zip = zip::ZipWriter::new(std::fs::File::create(&path).unwrap());
    zip.start_file("room.ifc", zip::write::SimpleFileOptions::default()).unwrap();
    zip.write_all(room(LINGANG, "").as_bytes()).unwrap();
    zip.finish().unwrap();
    let importer = qike_import::sniff(&path).unwrap();
    assert_eq!(importer.name(), "ifc");
    assert_eq!(import(&path).unwrap().objects.len(), 4);
    let xml = folder.path().join("room.ifcxml");
    std::fs::write(&xml, "<?xml version='1.0'?>\n<ifcXML/>").unwrap();
    assert_eq!(qike_import::sniff(&xml).unwrap().name(), "ifc");
    assert!(import(&xml).unwrap_err().to_string().contains("ifcXML, which is not read: save the model as .ifc"));
}

/// A block from which many balls are cut, one after the other.
fn chain(length: usize) -> String {
    let mut more = String::from(
        "#1000=IFCBLOCK(#12,4000.,3000.,2500.);\n#1001=IFCBUILDINGELEMENTPROXY('0slow000000000000001',$,'Sponge',$,$,#15,#1002,$,$);\n",
    );
    let mut last = 1000;
    for n in 0..length {
        let (point, axes, ball, cut) = (2000 + n * 4, 2001 + n * 4, 2002 + n * 4, 2003 + n * 4);
        let at = |step: usize, size: usize| (n * step % 97) as f64 / 97.0 * size as f64;
        more += &format!(
            "#{point}=IFCCARTESIANPOINT(({:.1},{:.1},{:.1}));\n#{axes}=IFCAXIS2PLACEMENT3D(#{point},$,$);\n#{ball}=IFCSPHERE(#{axes},700.);\n\
             #{cut}=IFCBOOLEANRESULT(.DIFFERENCE.,#{last},#{ball});\n",
            at(13, 4000), at(29, 3000), at(41, 2500)
        );
        last = cut;
    }
    more + &format!("#1002=IFCPRODUCTDEFINITIONSHAPE($,$,(#1003));\n#1003=IFCSHAPEREPRESENTATION(#10,'Body','CSG',(#{last}));")
}

#[test]
fn an_element_made_to_be_slow_is_cut_off_and_gets_a_box() {
    let start = std::time::Instant::now();
    let sink = read(&room("$,$", &chain(400))).unwrap();
    eprintln!("a chain of 400 cuts took {:?}", start.elapsed());
    let told = sink.diagnostics.iter().find(|d| d.code == "ifc-element-slow" || d.code == "ifc-geometry-failed").expect("a finding");
    assert!(told.message.contains("a box around its points") && told.object.as_deref() == Some("0slow000000000000001"), "{}", told.message);
    let size = with_type(&sink, "IfcBuildingElementProxy")[0].bounds().size();
    assert!([4.0, 3.0, 2.5].iter().zip(size).all(|(a, b)| (a - b).abs() < 1e-6), "{size:?}");
    assert!(!with_type(&sink, "IfcSpace")[0].geometries.is_empty(), "the rest is meshed");
}

#[test]
fn cancelling_ends_an_import_on_its_way() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(room("$,$", &chain(400)).as_bytes()).unwrap();
    let feedback = Feedback::silent();
    let cancel = feedback.clone();
    let timer = std::thread::spawn(move || {
        std::thread::sleep(std::time::Duration::from_millis(50));
        cancel.cancel();
    });
    let mut sink = MemorySink::new(Crs::local());
    let outcome = Ifc.import(&Source::new(file.path()), &mut sink, &feedback);
    timer.join().unwrap();
    assert!(matches!(outcome, Err(ImportError::Cancelled(_))), "{outcome:?}");
}

#[test]
fn cut_and_flipped_files_are_read_or_refused() {
    let end = b"\nENDSEC;\nEND-ISO-10303-21;\n";
    let mut texts: Vec<Vec<u8>> = vec![room(LINGANG, &converted("EPSG:4549").0).into_bytes()];
    for file in ["slab-openings.ifc", "sectioned-solid-horizontal.ifc", "csg-primitive.ifc", "geographic-referencing-rigid-operation.ifc", "beam-revolved-solid.ifc"] {
        texts.extend(testdata::path(&format!("bim/ifc43samples/{file}")).map(|path| std::fs::read(path).unwrap()));
    }
    let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = |below: usize| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        (seed % below as u64) as usize
    };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("m.ifc");
    let attempt = |bytes: &[u8]| {
        std::fs::write(&path, bytes).unwrap();
        let start = std::time::Instant::now();
        let _ = Ifc.probe(&Source::new(&path), &Feedback::silent());
        let _ = import(&path);
        // Hanging is what this looks for; the bound is far above what any of these takes.
        assert!(start.elapsed().as_secs() < 120, "hangs");
    };
    for text in &texts {
        for cut in (0..12).map(|i| text.len() * i / 12) {
            attempt(&text[..cut]);
            attempt(&[&text[..cut], end.as_slice()].concat());
        }
        for _ in 0..40 {
            let mut bytes = text.clone();
            for _ in 0..1 + random(8) {
                let at = random(bytes.len());
                bytes[at] = match random(3) {
                    0 => b"0123456789#(),.$*'=;ABE-"[random(24)],
                    1 => bytes[at] ^ 1 << random(8),
                    _ => bytes[random(bytes.len())],
                };
            }
            attempt(&bytes);
        }
    }
}
