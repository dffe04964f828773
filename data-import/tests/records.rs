//! Tables and records without a mapping file: real ones, several encodings, bad rows; and plan layers with their dates.

mod common;

use common::{codes, count, import, import_with, object};
use qike_core::{SourceCrs, testdata};
use qike_import::SourceOptions;
use qike_scene::Class;
use serde_json::json;
use std::fs;
use std::path::PathBuf;

fn one(dir: &tempfile::TempDir, name: &str, bytes: &[u8]) -> PathBuf {
    let path = dir.path().join(name);
    fs::write(&path, bytes).unwrap();
    path
}

#[test]
fn service_requests_of_boston_in_three_forms() {
    for (file, objects, expected) in [
        ("boston311-100.csv", 100, vec![]),
        ("boston311-100-with-nonascii.csv", 100, vec![]),
        ("boston311-100-bad.tsv", 99, vec!["row-bad"]),
        ("boston311-100.jsonl", 100, vec![]),
    ] {
        let Some(path) = testdata::path(&format!("iot/311/{file}")) else { return };
        let (sink, report) = import(&[path]);
        assert_eq!((report.left_out(), sink.objects.len(), codes(&sink)), (0, objects, expected.into_iter().map(str::to_owned).collect()), "{file}: {:?}", sink.diagnostics);
        let stem = file.split('.').next().unwrap();
        let first = object(&sink, &format!("{stem}:101004143000"));
        assert_eq!((first.class, first.str("case_title")), (Class::GenericCityObject, Some("BTDT: Complaint")));
        assert!(!first.geometries.is_empty());
    }
}

#[test]
fn the_same_table_in_each_encoding() {
    let dir = tempfile::tempdir().unwrap();
    let text = "编号,名称,经度,纬度\nL1,环湖路灯,121.92,30.9\nL2,海港路灯,121.93,30.9\n";
    let utf16 = |big: bool| -> Vec<u8> {
        let mark = if big { [0xfe, 0xff] } else { [0xff, 0xfe] };
        mark.into_iter().chain(text.encode_utf16().flat_map(|u| if big { u.to_be_bytes() } else { u.to_le_bytes() })).collect()
    };
    let all: [(&str, Vec<u8>); 6] = [
        ("plain", text.into()),
        ("marked", format!("\u{feff}{text}").into()),
        ("gbk", encoding_rs::GBK.encode(text).0.into_owned()),
        ("little", utf16(false)),
        ("big", utf16(true)),
        ("old", text.replace('\n', "\r").replace(',', ";").into()),
    ];
    for (name, bytes) in all {
        let folder = dir.path().join(name);
        fs::create_dir(&folder).unwrap();
        let path = folder.join("路灯.csv");
        fs::write(&path, bytes).unwrap();
        let (sink, _) = import(&[path]);
        assert_eq!((codes(&sink), count(&sink, Class::CityFurniture)), (vec![], 2), "{name}");
        assert_eq!(object(&sink, "路灯:L2").name.as_deref(), Some("海港路灯"), "{name}");
    }
}

#[test]
fn rows_that_cannot_be_used_are_told_and_the_rest_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let csv = "id,lon,lat\na,121.9,30.9\nb,east,30.9\nc,,\nd,121.9\ne,0,0\na,121.91,30.9\n";
    let (sink, _) = import_with(&[one(&dir, "t.csv", csv.as_bytes())], &SourceOptions::default(), Some("EPSG:4550"));
    assert_eq!(sink.objects.iter().map(|o| o.id.as_str()).collect::<Vec<_>>(), ["a", "c", "a#5"]);
    assert_eq!(codes(&sink), ["row-bad", "position-bad", "position-missing", "id-repeated", "crs-outside-area"]);
    let lines: Vec<_> = sink.diagnostics.iter().map(|d| d.place.line).collect();
    assert_eq!(&lines[..3], [Some(5), Some(3), Some(4)]);
    let (none, report) = import_with(&[one(&dir, "none.csv", b"a,lon,lat\n1,121.9\n")], &SourceOptions::default(), Some("EPSG:4550"));
    assert_eq!((report.left_out(), none.objects.len(), codes(&none)), (0, 0, vec!["row-bad".to_owned()]));
    let metres = one(&dir, "m.csv", b"code,x,y\n1,685000,3420000\n");
    let (sink, report) = import_with(std::slice::from_ref(&metres), &SourceOptions::default(), Some("EPSG:4549"));
    assert_eq!((report.left_out(), codes(&sink)), (1, vec!["crs-unknown".to_owned()]));
    assert!(sink.diagnostics[0].message.contains("--source-crs"), "{:?}", sink.diagnostics);
    let options = SourceOptions { source_crs: Some(SourceCrs::parse("EPSG:4549").unwrap()), ..Default::default() };
    assert_eq!(import_with(&[metres], &options, Some("EPSG:4549")).0.objects[0].bounds().min[0], 685_000.0);
}

#[test]
fn a_datum_in_the_columns_names() {
    let Some(_) = testdata::path("lingang/transit.json") else { return };
    let dir = tempfile::tempdir().unwrap();
    let (a, _) = import_with(&[one(&dir, "a.csv", b"gcj_lng,gcj_lat\n121.901505,30.91674\n")], &SourceOptions::default(), Some("EPSG:4550"));
    let (b, _) = import_with(&[one(&dir, "b.csv", b"lng,lat\n121.89742340509501,30.91911198675658\n")], &SourceOptions::default(), Some("EPSG:4550"));
    let (p, q) = (a.objects[0].bounds().centre(), b.objects[0].bounds().centre());
    assert!((p[0] - q[0]).hypot(p[1] - q[1]) < 0.3, "the stop 沪城环路银飞路 in both datums");
}

#[test]
fn geojson_of_transbigdata_and_a_sequence_with_a_broken_line() {
    for (file, objects) in [("busline.json", 2), ("shanghai.json", 1)] {
        let Some(path) = testdata::path(&format!("gis/transbigdata/{file}")) else { return };
        let (sink, report) = import(&[path]);
        assert_eq!((report.left_out(), sink.objects.len()), (0, objects), "{file}: {:?}", sink.diagnostics);
        assert!(sink.objects.iter().all(|o| !o.geometries.is_empty()));
    }
    let dir = tempfile::tempdir().unwrap();
    let feature = |id: &str| json!({ "type": "Feature", "id": id, "properties": {}, "geometry": { "type": "Point", "coordinates": [121.9, 30.9] } }).to_string();
    let text = format!("\u{1e}{}\n\u{1e}{{\"type\":\"Fea\n\u{1e}{}\n", feature("a"), feature("b"));
    let (sink, _) = import(&[one(&dir, "s.geojsons", text.as_bytes())]);
    assert_eq!(sink.objects.iter().map(|o| o.id.as_str()).collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!((codes(&sink), sink.diagnostics[0].place.line.is_some()), (vec!["line-bad".to_owned()], true));
}

#[test]
fn plan_layers_with_their_dates() {
    let dir = tempfile::tempdir().unwrap();
    let area = json!({ "type": "Polygon", "coordinates": [[[121.9, 30.9], [121.91, 30.9], [121.91, 30.91], [121.9, 30.9]]] });
    let plan = |fields: serde_json::Value| json!({ "type": "FeatureCollection", "features": [{ "type": "Feature", "properties": fields, "geometry": area }] }).to_string();
    for (file, fields, function, from, to) in [
        ("用地性质.geojson", json!({ "用地代码": "R2", "生效日期": "2021年3月1日" }), "zoning", Some("2021-03-01"), None),
        ("建筑红线.geojson", json!({ "valid_from": "20200101", "valid_to": "2025-01-01T00:00:00" }), "red_line", Some("2020-01-01"), Some("2025-01-01")),
        ("flood_zones.geojson", json!({ "start_date": 1_577_836_800_000_i64, "valid_until": "2029-12-31" }), "flood_zone", Some("2020-01-01"), Some("2030-01-01")),
        ("landuse_plan_2035.geojson", json!({ "zoning": "C1" }), "zoning", None, None),
    ] {
        let (sink, _) = import(&[one(&dir, file, plan(fields).as_bytes())]);
        let it = &sink.objects[0];
        assert_eq!((it.class, it.str("function"), it.valid_from.as_deref(), it.valid_to.as_deref()), (Class::LandUse, Some(function), from, to), "{file}");
    }
    let (sink, _) = import(&[one(&dir, "zoning.geojson", plan(json!({ "valid_from": "next year" })).as_bytes())]);
    assert_eq!((codes(&sink), sink.objects[0].valid_from.clone()), (vec!["date-bad".to_owned()], None));
}

#[test]
fn dates_and_component_codes_through_a_mapping() {
    let dir = tempfile::tempdir().unwrap();
    let csv = "code,lon,lat,start,end\n310115012000000001,121.9,30.9,2024-05-01,\n31011501200000000,121.9,30.9,soon,2025/1/1\n990115012000000001,121.9,30.9,,\n310115112000000001,121.9,30.9,,\n31011501200000000A,121.9,30.9,,\n";
    one(&dir, "t.csv", csv.as_bytes());
    let map = "file = \"t.csv\"\nformat = \"csv\"\n[[layer]]\nclass = \"CityFurniture\"\nid = \"c:{#}\"\nposition = { lon = \"lon\", lat = \"lat\" }\nvalid_from = \"{start}\"\nvalid_to = \"{end}\"\n[layer.attributes]\ncomponent_code = \"code\"\n";
    let (sink, _) = import(&[one(&dir, "t.map.toml", map.as_bytes())]);
    assert_eq!(sink.objects.len(), 5);
    assert_eq!(codes(&sink), ["component-code-class", "component-code-digits", "component-code-district", "component-code-length", "date-bad"]);
    let first = object(&sink, "c:1");
    assert_eq!((first.valid_from.as_deref(), first.valid_to.as_deref()), (Some("2024-05-01"), None));
    assert_eq!((first.str("component_class"), first.str("component_subclass"), first.str("district")), (Some("01"), Some("20"), Some("310115")));
    assert_eq!(object(&sink, "c:2").valid_to.as_deref(), Some("2025-01-01"));
}

#[test]
fn parquet_of_another_program_and_geoparquet() {
    use parquet::basic::Compression;
    use parquet::data_type::{ByteArray, ByteArrayType, Int64Type};
    use parquet::file::metadata::KeyValue;
    use parquet::file::properties::WriterProperties;
    use parquet::file::writer::SerializedFileWriter;
    let Some(path) = testdata::path("iot/311/NYC311-5.parquet") else { return };
    let (sink, report) = import(std::slice::from_ref(&path));
    assert_eq!((report.left_out(), sink.objects.len(), report.sources[0].format), (0, 5, Some("records")), "{:?}", sink.diagnostics);
    assert!(sink.objects.iter().all(|o| o.attributes["Agency"].is_string() && o.id.as_str().starts_with("NYC311-5:")));
    assert_eq!((sink.objects.iter().filter(|o| !o.geometries.is_empty()).count(), codes(&sink)), (4, vec!["position-missing".to_owned()]), "one request has no place");
    // Columns of WKB and of numbers, in a projected system that the metadata names.
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("管线.parquet");
    // Snappy is what most programs write unless told otherwise; the last one is damaged below.
    for compression in [Compression::GZIP(Default::default()), Compression::LZ4_RAW, Compression::SNAPPY, Compression::ZSTD(Default::default())] {
        let schema = parquet::schema::parser::parse_message_type("message m { REQUIRED BYTE_ARRAY geometry; REQUIRED INT64 gid; }").unwrap();
        let geo = json!({ "version": "1.1.0", "primary_column": "geometry", "columns": { "geometry": { "encoding": "WKB", "crs": { "id": { "authority": "EPSG", "code": 4549 } } } } });
        let properties = WriterProperties::builder().set_compression(compression).set_key_value_metadata(Some(vec![KeyValue::new("geo".into(), geo.to_string())]));
        let mut writer = SerializedFileWriter::new(fs::File::create(&out).unwrap(), schema.into(), properties.build().into()).unwrap();
        let mut line = vec![1, 2, 0, 0, 0, 2, 0, 0, 0];
        [685_000.0f64, 3_420_000.0, 685_010.0, 3_420_000.0].iter().for_each(|n| line.extend(n.to_le_bytes()));
        let mut group = writer.next_row_group().unwrap();
        let mut column = group.next_column().unwrap().unwrap();
        column.typed::<ByteArrayType>().write_batch(&[ByteArray::from(line)], None, None).unwrap();
        column.close().unwrap();
        let mut column = group.next_column().unwrap().unwrap();
        column.typed::<Int64Type>().write_batch(&[7], None, None).unwrap();
        column.close().unwrap();
        group.close().unwrap();
        writer.close().unwrap();
        let (sink, _) = import(std::slice::from_ref(&out));
        let pipe = object(&sink, "管线:7");
        assert_eq!((codes(&sink), pipe.class, pipe.bounds().max[0], pipe.attributes.contains_key("geometry")), (vec![], Class::UtilityNetworkElement, 685_010.0, false));
    }
    // Cut and changed: a message, never a panic that gets out.
    for path in [path, out] {
        let bytes = fs::read(path).unwrap();
        let broken = dir.path().join("broken.parquet");
        for i in 0..60usize {
            let mut changed = bytes.clone();
            if i % 2 == 0 { changed.truncate(bytes.len() * i / 60) } else { let at = bytes.len() * i / 60; changed[at] ^= 0x55; changed[at / 2] = 0xff; }
            fs::write(&broken, changed).unwrap();
            let (sink, report) = import_with(std::slice::from_ref(&broken), &SourceOptions::default(), Some("EPSG:4549"));
            assert!(report.left_out() == 0 || !sink.diagnostics.is_empty());
        }
    }
}
