//! Shapefiles, GeoPackages and FlatGeobuf, written by other programs' libraries: their features as objects, and what is told
//! where a part is missing or broken.

mod common;
#[path = "common/written.rs"]
mod written;

use common::{codes, count, import, import_with, object};
use qike_core::testdata;
use qike_import::{SourceOptions, plan};
use qike_scene::{Class, GeometryKind, Lod};
use serde_json::json;
use std::fs;
use written::{flatgeobuf_bytes, geopackage, shapefile};

#[test]
fn a_shapefile_with_chinese_names_and_storeys() {
    let dir = tempfile::tempdir().unwrap();
    let shp = shapefile(dir.path());
    fs::write(dir.path().join("房屋.prj"), r#"GEOGCS["GCS_WGS_1984",DATUM["D_WGS_1984",SPHEROID["WGS_1984",6378137.0,298.257223563]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]]"#).unwrap();
    // A folder of files, as it comes out of a zip: one source.
    let planned = plan(&[dir.path().to_owned()], &SourceOptions::default());
    assert_eq!(planned.iter().map(|p| (p.source.path.clone(), p.format())).collect::<Vec<_>>(), [(shp, Some("shapefile"))]);
    for language_byte in [0x4d, 0x00, 0x57] {
        let dbf = dir.path().join("房屋.dbf");
        let mut bytes = fs::read(&dbf).unwrap();
        bytes[29] = language_byte;
        fs::write(&dbf, bytes).unwrap();
        let (sink, report) = import(&[dir.path().to_owned()]);
        assert_eq!((report.left_out(), codes(&sink), count(&sink, Class::Building)), (0, vec![], 2));
        let second = object(&sink, "房屋:101");
        assert_eq!((second.name.as_deref(), second.valid_from.as_deref()), (Some("海洋小区2号楼"), Some("2019-05-01")));
        assert_eq!((second.attributes["Floor"].clone(), second.attributes["start_date"].clone()), (json!(6), json!("2019-05-01")));
        let [outline, solid] = second.geometries.as_slice() else { panic!("an outline and a solid") };
        assert_eq!((outline.kind, outline.ring_ends.len(), outline.surface_ends.len()), (GeometryKind::MultiSurface, 2, 1), "one polygon with a hole");
        assert_eq!((solid.lod, solid.bounds().max[2]), (Lod::ONE, 18.0), "six storeys");
    }
}

/// As ArcGIS writes it: names of its own, no codes of any authority.
#[test]
fn a_prj_of_arcgis_is_read_as_it_stands() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("井盖.shp");
    let mut writer = shapefile::ShapeWriter::from_path(&path).unwrap();
    writer.write_shape(&shapefile::Point::new(684_000.0, 3_420_000.0)).unwrap();
    drop(writer);
    let prj = |central: u32, zone: &str, east: f64| format!(
        r#"PROJCS["CGCS2000_3_Degree_GK_{zone}",GEOGCS["GCS_China_Geodetic_Coordinate_System_2000",DATUM["D_China_2000",SPHEROID["CGCS2000",6378137.0,298.257222101]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]],PROJECTION["Gauss_Kruger"],PARAMETER["False_Easting",{east:.1}],PARAMETER["False_Northing",0.0],PARAMETER["Central_Meridian",{central}.0],PARAMETER["Scale_Factor",1.0],PARAMETER["Latitude_Of_Origin",0.0],UNIT["Meter",1.0]]"#
    );
    fs::write(path.with_extension("prj"), prj(120, "CM_120E", 500_000.0)).unwrap();
    let (sink, _) = import_with(std::slice::from_ref(&path), &SourceOptions::default(), Some("EPSG:4549"));
    assert_eq!(codes(&sink), ["shapefile-dbf-missing"], "{:?}", sink.diagnostics);
    let at = sink.objects[0].bounds().min;
    assert!((at[0] - 684_000.0).abs() < 1e-3 && (at[1] - 3_420_000.0).abs() < 1e-3, "{at:?}");
    // A grid of the city's own, a kilometre beside.
    fs::write(path.with_extension("prj"), prj(120, "Shanghai", 501_000.0)).unwrap();
    let (sink, _) = import_with(std::slice::from_ref(&path), &SourceOptions::default(), Some("EPSG:4549"));
    assert!((sink.objects[0].bounds().min[0] - 683_000.0).abs() < 1e-3, "{:?}", sink.objects[0].bounds());
    fs::remove_file(path.with_extension("prj")).unwrap();
    let (sink, report) = import_with(&[path], &SourceOptions::default(), Some("EPSG:4549"));
    assert_eq!((report.left_out(), codes(&sink)), (1, vec!["crs-unknown".to_owned()]));
}

#[test]
fn features_of_other_formats_through_a_mapping() {
    let dir = tempfile::tempdir().unwrap();
    let shp = shapefile(dir.path());
    fs::write(dir.path().join("a.map.toml"), "file = \"房屋.shp\"\nformat = \"shapefile\"\ncrs = \"EPSG:4326\"\n[[layer]]\nclass = \"BuildingPart\"\nid = \"house:{gid}\"\nname = \"{NAME}\"\nvalid_from = \"{start_date}\"\n[layer.attributes]\nfloors = \"Floor\"\n[layer.set]\nowner = \"city\"\n").unwrap();
    // The mapping is the source; what it reads is none.
    let planned = plan(&[dir.path().to_owned()], &SourceOptions::default());
    assert_eq!(planned.iter().map(|p| p.format()).collect::<Vec<_>>(), [Some("table")]);
    let (sink, report) = import(&[dir.path().to_owned()]);
    assert_eq!((report.left_out(), codes(&sink), count(&sink, Class::BuildingPart)), (0, vec![], 2), "{:?}", sink.diagnostics);
    let second = object(&sink, "house:101");
    assert_eq!((second.name.as_deref(), second.valid_from.as_deref()), (Some("海洋小区2号楼"), Some("2019-05-01")));
    assert_eq!(serde_json::Value::from(second.attributes.clone()), json!({ "floors": 6, "owner": "city" }), "nothing is guessed");
    let [outline] = second.geometries.as_slice() else { panic!("the outline alone") };
    assert_eq!((outline.kind, outline.ring_ends.len(), outline.surface_ends.len()), (GeometryKind::MultiSurface, 2, 1));
    // The same place as without a mapping.
    let (plain, _) = import(&[shp]);
    assert_eq!(object(&plain, "房屋:101").bounds().min[..2], second.bounds().min[..2]);
    let dir = tempfile::tempdir().unwrap();
    geopackage(&dir.path().join("city.gpkg"));
    let layer = |select: &str| format!("file = \"city.gpkg\"\nformat = \"geopackage\"\n[[layer]]\n{select}class = \"CityFurniture\"\nid = \"lamp:{{id}}\"\n[layer.set]\nfunction = \"street_lamp\"\n");
    let map = dir.path().join("lamps.map.toml");
    fs::write(&map, layer("select = \"路 灯\"\n")).unwrap();
    let (sink, report) = import(std::slice::from_ref(&map));
    assert_eq!((report.left_out(), sink.objects.len()), (0, 3), "{:?}", sink.diagnostics);
    assert_eq!((object(&sink, "lamp:2").bounds().min[2], object(&sink, "lamp:1").str("code")), (5.5, Some("A")));
    assert!(codes(&sink).contains(&"geometry-bad".to_owned()), "what its importer finds is told too");
    fs::write(&map, layer("select = \"lamps\"\n")).unwrap();
    let (sink, report) = import(&[map]);
    assert!(report.left_out() == 1 && sink.diagnostics.iter().any(|d| d.message.contains("路 灯")), "{:?}", sink.diagnostics);
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("r.fgb"), flatgeobuf_bytes(true)).unwrap();
    fs::write(dir.path().join("r.map.toml"), "file = \"r.fgb\"\nformat = \"flatgeobuf\"\n[[layer]]\nclass = \"Track\"\nid = \"way:{name}\"\n").unwrap();
    let (sink, _) = import(&[dir.path().to_owned()]);
    assert_eq!((codes(&sink), count(&sink, Class::Track)), (vec![], 2));
    assert_eq!((object(&sink, "way:海港大道").attributes["lanes"].clone(), object(&sink, "way:海港大道").geometries[0].vertices.len()), (json!(4), 3));
}

#[test]
fn missing_parts_of_a_shapefile_are_told() {
    let dir = tempfile::tempdir().unwrap();
    let shp = shapefile(dir.path());
    let remove = |ending: &str| fs::remove_file(shp.with_extension(ending)).unwrap();
    let (sink, _) = import(std::slice::from_ref(&shp));
    assert_eq!(codes(&sink), ["crs-missing"]);
    remove("shx");
    fs::write(shp.with_extension("cpg"), "KLINGON").unwrap();
    assert_eq!(codes(&import(std::slice::from_ref(&shp)).0), ["crs-missing", "shapefile-shx-missing", "text-encoding"]);
    fs::write(shp.with_extension("cpg"), "UTF-8").unwrap();
    let wrong = import(std::slice::from_ref(&shp)).0;
    assert!(object(&wrong, "房屋:100").name.as_deref().is_some_and(|n| n.contains('\u{fffd}')), "the .cpg counts before the texts");
    remove("cpg");
    let dbf = fs::read(shp.with_extension("dbf")).unwrap();
    fs::write(shp.with_extension("dbf"), &dbf[..dbf.len() - 45]).unwrap();
    assert_eq!(codes(&import(std::slice::from_ref(&shp)).0), ["crs-missing", "shapefile-shx-missing", "table-broken", "table-short"]);
    remove("dbf");
    let (sink, _) = import(std::slice::from_ref(&shp));
    assert_eq!(codes(&sink), ["crs-missing", "shapefile-shx-missing", "shapefile-dbf-missing"]);
    assert_eq!(sink.objects.iter().map(|o| o.id.as_str()).collect::<Vec<_>>(), ["房屋:#1", "房屋:#2"]);
    // Cut within the second shape: the first stays.
    let bytes = fs::read(&shp).unwrap();
    fs::write(&shp, &bytes[..bytes.len() - 20]).unwrap();
    let (sink, report) = import(std::slice::from_ref(&shp));
    assert!(sink.objects.len() == 1 && report.left_out() == 0 && codes(&sink).contains(&"file-cut".to_owned()), "{:?}", sink.diagnostics);
    // Alone, the table is one.
    fs::write(shp.with_extension("dbf"), &dbf).unwrap();
    fs::remove_file(&shp).unwrap();
    let (sink, _) = import_with(&[shp.with_extension("dbf")], &SourceOptions::default(), Some("EPSG:4550"));
    assert_eq!((sink.objects.len(), codes(&sink)), (2, vec!["position-missing".to_owned()]));
}

#[test]
fn a_foreign_geopackage_has_the_counts_of_its_manifest() {
    let Some(path) = testdata::path("gis/momepy/bubenec.gpkg") else { return };
    let (sink, report) = import(&[path]);
    assert_eq!((report.left_out(), codes(&sink)), (0, vec!["layer-skipped".to_owned()]));
    assert!(sink.diagnostics[0].message.contains("'dtm'") && sink.diagnostics[0].severity == qike_core::Severity::Info, "a raster");
    let of = |layer: &str| sink.objects.iter().filter(|o| o.id.as_str().starts_with(&format!("bubenec/{layer}:"))).count();
    assert_eq!((of("tessellation"), of("buildings"), of("streets"), of("plots")), (144, 144, 35, 407));
    assert_eq!((count(&sink, Class::Building), count(&sink, Class::Road), count(&sink, Class::LandUse)), (144, 35, 407));
    assert!(sink.objects.iter().all(|o| o.geometries.iter().all(|g| g.is_consistent() && g.is_finite()) && !o.geometries.is_empty()));
    assert_eq!(object(&sink, "bubenec/buildings:1").attributes["uID"], json!(1));
}

#[test]
fn a_geopackage_that_nobody_trusts() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("部件 100%?.gpkg");
    geopackage(&path);
    let before = fs::read(&path).unwrap();
    fs::write(dir.path().join("部件 100%?.gpkg-wal"), b"something").unwrap();
    let (sink, report) = import(std::slice::from_ref(&path));
    assert_eq!((report.left_out(), sink.objects.len()), (0, 3), "{:?}", sink.diagnostics);
    let lamp = object(&sink, "部件 100%?/路 灯:2");
    assert_eq!((lamp.class, lamp.str("function"), lamp.bounds().min[2]), (Class::CityFurniture, Some("street_lamp"), 5.5));
    assert_eq!((lamp.attributes["works"].clone(), lamp.attributes["power"].clone(), lamp.attributes["code"].clone()), (json!(true), json!(0.25), json!(null)));
    assert!(object(&sink, "部件 100%?/路 灯:4").geometries.is_empty());
    let told = |code: &str| sink.diagnostics.iter().filter(|d| d.code == code).map(|d| d.message.as_str()).collect::<Vec<_>>().join(" / ");
    assert!(told("geometry-bad").contains("circular arcs") && told("geometry-bad").contains("something else"), "{}", told("geometry-bad"));
    assert!(told("layer-skipped").contains("'trap'") && told("layer-skipped").contains("'gone'") && told("layer-skipped").contains("'tiles'"));
    assert!(told("crs-unknown").contains("'strange'") && told("blob-dropped").starts_with("5 binary") && told("file-open-elsewhere").contains("-wal"));
    assert_eq!(fs::read(&path).unwrap(), before, "nothing is written");
    // With the user's word on the system the strange layer comes in too.
    let options = SourceOptions { source_crs: Some(qike_core::SourceCrs::parse("EPSG:4326").unwrap()), ..Default::default() };
    assert_eq!(import_with(&[path], &options, Some("EPSG:4550")).0.objects.len(), 4);
}

#[test]
fn flatgeobuf_with_and_without_an_index() {
    let dir = tempfile::tempdir().unwrap();
    for index in [true, false] {
        let path = dir.path().join("roads.fgb");
        fs::write(&path, flatgeobuf_bytes(index)).unwrap();
        let (sink, report) = import(&[path]);
        assert_eq!((report.left_out(), codes(&sink), count(&sink, Class::Road)), (0, vec![], 2));
        let road = sink.objects.iter().find(|o| o.name.as_deref() == Some("海港大道")).unwrap();
        assert_eq!((road.attributes["lanes"].clone(), road.geometries[0].vertices.len()), (json!(4), 3));
        assert!(road.id.as_str().starts_with("roads:#"));
    }
}
