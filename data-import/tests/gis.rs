//! Shapefiles, GeoPackages and FlatGeobuf, written by other programs' libraries: their features as objects, and what is told
//! where a part is missing or broken.

mod common;

use common::{codes, count, import, import_with, object};
use qike_core::testdata;
use qike_import::{SourceOptions, plan};
use qike_scene::{Class, GeometryKind, Lod};
use serde_json::json;
use std::fs;
use std::path::{Path, PathBuf};

/// A Shapefile of two buildings (one with a hole) with names in GBK.
fn shapefile(dir: &Path) -> PathBuf {
    use dbase::encoding::EncodingRs;
    use shapefile::{Point, Polygon, PolygonRing};
    let field = |n: &str| dbase::FieldName::try_from(n).unwrap();
    let table = dbase::TableWriterBuilder::with_encoding(EncodingRs::from(encoding_rs::GBK))
        .add_character_field(field("NAME"), 20)
        .add_numeric_field(field("Floor"), 4, 0)
        .add_numeric_field(field("gid"), 6, 0)
        .add_date_field(field("start_date"));
    let path = dir.join("房屋.shp");
    let mut writer = shapefile::Writer::from_path(&path, table).unwrap();
    for (i, name) in ["海洋小区1号楼", "海洋小区2号楼"].iter().enumerate() {
        let x = 121.90 + 0.001 * i as f64;
        let ring = |o: f64, s: f64| [[o, o], [o, o + s], [o + s, o + s], [o + s, o], [o, o]].map(|[dx, dy]| Point::new(x + dx, 30.89 + dy)).to_vec();
        let mut rings = vec![PolygonRing::Outer(ring(0.0, 0.0005))];
        if i == 1 {
            rings.push(PolygonRing::Inner(ring(0.0001, 0.0001).into_iter().rev().collect()));
        }
        let mut record = dbase::Record::default();
        record.insert("NAME".into(), dbase::FieldValue::Character(Some((*name).into())));
        record.insert("Floor".into(), dbase::FieldValue::Numeric(Some(6.0)));
        record.insert("gid".into(), dbase::FieldValue::Numeric(Some(100.0 + i as f64)));
        record.insert("start_date".into(), dbase::FieldValue::Date(Some(dbase::Date::new(1, 5, 2019).unwrap())));
        writer.write_shape_and_record(&Polygon::with_rings(rings), &record).unwrap();
    }
    drop(writer);
    path
}

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

/// A GeoPackage with what real ones rarely have all at once.
fn geopackage(path: &Path) {
    let conn = rusqlite::Connection::open(path).unwrap();
    conn.execute_batch(
        "PRAGMA application_id = 1196444487;
         CREATE TABLE gpkg_spatial_ref_sys (srs_name TEXT, srs_id INTEGER PRIMARY KEY, organization TEXT, organization_coordsys_id INTEGER, definition TEXT);
         INSERT INTO gpkg_spatial_ref_sys VALUES ('x', 4326, 'epsg', 4326, 'undefined'), ('y', 100001, 'NONE', 1, 'nonsense');
         CREATE TABLE gpkg_contents (table_name TEXT, data_type TEXT, identifier TEXT, srs_id INTEGER);
         CREATE TABLE gpkg_geometry_columns (table_name TEXT, column_name TEXT, geometry_type_name TEXT, srs_id INTEGER, z INTEGER, m INTEGER);
         CREATE TABLE \"路 灯\" (fid INTEGER PRIMARY KEY, the_geom BLOB, code TEXT, on_since TEXT, works BOOLEAN, power REAL, photo BLOB);
         CREATE TABLE strange (fid INTEGER PRIMARY KEY, geom BLOB);
         CREATE TABLE notes (fid INTEGER PRIMARY KEY, note TEXT);
         CREATE VIEW trap AS WITH RECURSIVE r(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM r) SELECT i AS fid, NULL AS geom FROM r;
         INSERT INTO gpkg_contents VALUES ('路 灯', 'features', '', 4326), ('strange', 'features', '', 100001), ('trap', 'features', '', 4326),
           ('gone', 'features', '', 4326), ('notes', 'attributes', '', NULL), ('tiles', 'tiles', '', 4326);
         INSERT INTO gpkg_geometry_columns VALUES ('路 灯', 'the_geom', 'POINT', 4326, 1, 0), ('strange', 'geom', 'POINT', 100001, 0, 0), ('trap', 'geom', 'POINT', 4326, 0, 0);",
    )
    .unwrap();
    let blob = |kind: u32, numbers: &[f64]| {
        let mut out = vec![b'G', b'P', 0, 1, 0xe6, 0x10, 0, 0, 1];
        out.extend(kind.to_le_bytes());
        numbers.iter().for_each(|n| out.extend(n.to_le_bytes()));
        out
    };
    let mut insert = conn.prepare("INSERT INTO \"路 灯\" VALUES (?1, ?2, ?3, '2020-01-01', 1, 0.25, x'00')").unwrap();
    insert.execute(rusqlite::params![1, blob(1001, &[121.9, 30.9, 4.5]), "A"]).unwrap();
    insert.execute(rusqlite::params![2, blob(3001, &[121.9, 30.91, 5.5, 9.0]), None::<String>]).unwrap();
    insert.execute(rusqlite::params![3, blob(8, &[]), "curve"]).unwrap();
    insert.execute(rusqlite::params![4, None::<Vec<u8>>, "nowhere"]).unwrap();
    insert.execute(rusqlite::params![5, "POINT(1 2)", "text"]).unwrap();
    conn.execute("INSERT INTO strange VALUES (1, ?1)", [blob(1, &[121.9, 30.9])]).unwrap();
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

struct Line<'a>(&'a [[f64; 2]]);

impl flatgeobuf::geozero::GeozeroGeometry for Line<'_> {
    fn process_geom<P: flatgeobuf::geozero::GeomProcessor>(&self, p: &mut P) -> flatgeobuf::geozero::error::Result<()> {
        p.linestring_begin(true, self.0.len(), 0)?;
        for (i, [x, y]) in self.0.iter().enumerate() {
            p.xy(*x, *y, i)?;
        }
        p.linestring_end(true, 0)
    }
}

/// Two roads.
fn flatgeobuf_bytes(index: bool) -> Vec<u8> {
    use flatgeobuf::geozero::{ColumnValue, PropertyProcessor};
    use flatgeobuf::{ColumnType, FgbCrs, FgbWriter, FgbWriterOptions, GeometryType};
    let options = FgbWriterOptions { write_index: index, crs: FgbCrs { code: 4326, ..Default::default() }, ..Default::default() };
    let mut writer = FgbWriter::create_with_options("道路", GeometryType::LineString, options).unwrap();
    writer.add_column("name", ColumnType::String, |_, _| {});
    writer.add_column("lanes", ColumnType::Int, |_, _| {});
    for (name, y) in [("环湖西一路", 30.9), ("海港大道", 30.91)] {
        let line = [[121.9, y], [121.91, y], [121.92, y + 0.001]];
        let written = writer.add_feature_geom(Line(&line), |feature| {
            feature.property(0, "name", &ColumnValue::String(name)).unwrap();
            feature.property(1, "lanes", &ColumnValue::Int(4)).unwrap();
        });
        written.unwrap();
    }
    let mut bytes = Vec::new();
    writer.write(&mut bytes).unwrap();
    bytes
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

/// Cuts at every k-th byte and flips bytes by a fixed sequence of numbers: a message or objects, never a panic, and nothing
/// larger than the file allows.
fn torture(name: &str, bytes: &[u8], beside: &[(&str, Vec<u8>)]) {
    let dir = tempfile::tempdir().unwrap();
    for (other, content) in beside {
        fs::write(dir.path().join(other), content).unwrap();
    }
    let path = dir.path().join(name);
    let try_one = |bytes: &[u8], what: &str| {
        fs::write(&path, bytes).unwrap();
        let (sink, report) = import_with(std::slice::from_ref(&path), &SourceOptions::default(), Some("EPSG:4550"));
        assert!(sink.objects.iter().all(|o| o.geometries.iter().all(|g| g.is_consistent() && g.is_finite())), "{name}, {what}");
        assert!(report.left_out() == 0 || !sink.diagnostics.is_empty(), "{name}, {what}");
    };
    let step = (bytes.len() / 24).max(1);
    for cut in (0..bytes.len()).step_by(step) {
        try_one(&bytes[..cut], &format!("cut at {cut}"));
    }
    let seed = 0x9e37_79b9_7f4a_7c15_u64;
    let mut state = seed;
    let mut random = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    for round in 0..60 {
        let mut changed = bytes.to_vec();
        for _ in 0..=random() % 4 {
            let at = (random() % bytes.len() as u64) as usize;
            changed[at] = if random() % 3 == 0 { 0xff } else { random() as u8 };
        }
        try_one(&changed, &format!("seed {seed:#x}, round {round}"));
    }
}

#[test]
fn broken_shapefiles_never_panic() {
    let dir = tempfile::tempdir().unwrap();
    let shp = shapefile(dir.path());
    let [geometry, table] = ["shp", "dbf"].map(|e| fs::read(shp.with_extension(e)).unwrap());
    torture("a.shp", &geometry, &[("a.dbf", table.clone())]);
    torture("b.dbf", &table, &[]);
}

#[test]
fn broken_geopackages_never_panic() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.gpkg");
    geopackage(&path);
    torture("a.gpkg", &fs::read(path).unwrap(), &[]);
}

#[test]
fn broken_flatgeobuf_never_panics() {
    torture("a.fgb", &flatgeobuf_bytes(true), &[]);
    torture("b.fgb", &flatgeobuf_bytes(false), &[]);
}

#[test]
fn broken_tables_and_sequences_never_panic() {
    let csv = "名称,经度,纬度,wkt\n路灯,121.9,30.9,POINT Z (121.9 30.9 5)\n\"a\"\"b\",121.9,30.91,\"MULTIPOLYGON(((121.9 30.9,121.91 30.9,121.91 30.91,121.9 30.9)))\"\n";
    torture("t.csv", csv.as_bytes(), &[]);
    torture("gbk.csv", &encoding_rs::GBK.encode(csv).0, &[]);
    let utf16: Vec<u8> = [0xff, 0xfe].into_iter().chain(csv.encode_utf16().flat_map(u16::to_le_bytes)).collect();
    torture("utf16.csv", &utf16, &[]);
    torture("r.jsonl", b"{\"lon\":121.9,\"lat\":30.9,\"id\":1}\n{\"lon\":121.9,\"lat\":\"30.91\",\"id\":\"x\"}\n", &[]);
    let sta = json!({ "value": [{ "@iot.id": 1, "name": "a", "Locations": [{ "@iot.id": 1, "encodingType": "application/geo+json", "location": { "type": "Point", "coordinates": [121.9, 30.9] } }],
        "Datastreams": [{ "@iot.id": 2, "name": "t", "unitOfMeasurement": { "symbol": "C" }, "Observations": [{ "@iot.id": 3, "phenomenonTime": "2024-01-01T00:00:00Z", "result": 1.5 }] }] }] });
    torture("s.json", sta.to_string().as_bytes(), &[]);
}
