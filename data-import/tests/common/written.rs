//! Binary files of GIS formats as other programs' libraries write them.

#![allow(dead_code)] // Each test binary uses its own part of this module.

use std::path::{Path, PathBuf};

/// A Shapefile of two buildings (one with a hole) with names in GBK.
pub fn shapefile(dir: &Path) -> PathBuf {
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

/// A GeoPackage with what real ones rarely have all at once.
pub fn geopackage(path: &Path) {
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

/// FlatGeobuf of two roads.
pub fn flatgeobuf_bytes(index: bool) -> Vec<u8> {
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

/// GeoParquet in EPSG:4549: a line of WKB, a number and a text a row.
pub fn parquet_bytes(compression: parquet::basic::Compression) -> Vec<u8> {
    use parquet::data_type::{ByteArray, ByteArrayType, Int64Type};
    use parquet::file::metadata::KeyValue;
    use parquet::file::properties::WriterProperties;
    use parquet::file::writer::SerializedFileWriter;
    let schema = "message m { REQUIRED BYTE_ARRAY geometry; OPTIONAL BYTE_ARRAY name (UTF8); REQUIRED INT64 gid; OPTIONAL INT64 built (TIMESTAMP(MILLIS, true)); }";
    let schema = parquet::schema::parser::parse_message_type(schema).unwrap();
    let geo = r#"{"version":"1.1.0","primary_column":"geometry","columns":{"geometry":{"encoding":"WKB","crs":{"id":{"authority":"EPSG","code":4549}}}}}"#;
    let properties = WriterProperties::builder().set_compression(compression).set_key_value_metadata(Some(vec![KeyValue::new("geo".into(), geo.to_owned())]));
    let mut bytes = Vec::new();
    let mut writer = SerializedFileWriter::new(&mut bytes, schema.into(), properties.build().into()).unwrap();
    let lines: Vec<ByteArray> = (0..6)
        .map(|i| {
            let mut line = vec![1, 2, 0, 0, 0, 2, 0, 0, 0];
            [685_000.0f64, 3_420_000.0 + f64::from(i), 685_010.0, 3_420_000.0].iter().for_each(|n| line.extend(n.to_le_bytes()));
            ByteArray::from(line)
        })
        .collect();
    let mut group = writer.next_row_group().unwrap();
    let mut column = group.next_column().unwrap().unwrap();
    column.typed::<ByteArrayType>().write_batch(&lines, None, None).unwrap();
    column.close().unwrap();
    let mut column = group.next_column().unwrap().unwrap();
    let names = ["雨水", "污水", "雨水", "电力"].map(ByteArray::from);
    column.typed::<ByteArrayType>().write_batch(&names, Some(&[1, 1, 0, 1, 0, 1]), None).unwrap();
    column.close().unwrap();
    let mut column = group.next_column().unwrap().unwrap();
    column.typed::<Int64Type>().write_batch(&[7, 8, 9, 10, 11, 12], None, None).unwrap();
    column.close().unwrap();
    let mut column = group.next_column().unwrap().unwrap();
    column.typed::<Int64Type>().write_batch(&[1_577_836_800_000, -1, i64::MAX], Some(&[1, 0, 1, 0, 1, 0]), None).unwrap();
    column.close().unwrap();
    group.close().unwrap();
    writer.close().unwrap();
    bytes
}

/// A GeoTIFF of 40 × 30 heights in EPSG:4549.
pub fn geotiff<C: tiff::encoder::colortype::ColorType>(data: &[C::Inner], compression: tiff::encoder::Compression) -> Vec<u8>
where
    [C::Inner]: tiff::encoder::TiffValue,
{
    use tiff::tags::Tag;
    let mut out = std::io::Cursor::new(Vec::new());
    let mut encoder = tiff::encoder::TiffEncoder::new(&mut out).unwrap().with_compression(compression);
    let mut image = encoder.new_image::<C>(40, 30).unwrap();
    image.rows_per_strip(8).unwrap();
    let tags = image.encoder();
    tags.write_tag(Tag::ModelPixelScaleTag, &[10.0f64, 10.0, 0.0][..]).unwrap();
    tags.write_tag(Tag::ModelTiepointTag, &[0.0f64, 0.0, 0.0, 500_000.0, 3_400_000.0, 0.0][..]).unwrap();
    let keys = [1u16, 1, 0, 4, 1024, 0, 1, 1, 1025, 0, 1, 1, 3072, 0, 1, 4549, 4099, 0, 1, 9001];
    tags.write_tag(Tag::GeoKeyDirectoryTag, &keys[..]).unwrap();
    tags.write_tag(Tag::GdalNodata, "7").unwrap();
    image.write_data(data).unwrap();
    out.into_inner()
}
