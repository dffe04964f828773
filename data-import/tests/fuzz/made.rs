//! Sources made here for the importers whose formats are binary, packed, or have no small file among the test data.

use super::fixtures::Fixture;
use super::written;
use flate2::Compression;
use flate2::write::GzEncoder;
use std::io::Write;
use std::path::{Path, PathBuf};
use tiff::encoder::{Compression as Packing, colortype, compression::DeflateLevel};

/// A file in a folder of its own.
fn one(name: &str, bytes: impl Into<Vec<u8>>) -> Fixture {
    vec![(PathBuf::from(name), bytes.into())]
}

/// All made sources, with their importers' names.
pub fn all() -> Vec<(&'static str, Fixture)> {
    let mut all = vec![
        ("flatgeobuf", one("a.fgb", written::flatgeobuf_bytes(true))),
        ("flatgeobuf", one("b.fgb", written::flatgeobuf_bytes(false))),
        ("records", one("a.parquet", written::parquet_bytes(parquet::basic::Compression::UNCOMPRESSED))),
        ("records", one("b.parquet", written::parquet_bytes(parquet::basic::Compression::ZSTD(Default::default())))),
        ("records", one("c.parquet", written::parquet_bytes(parquet::basic::Compression::SNAPPY))),
    ];
    let map = "file = \"a.fgb\"\nformat = \"flatgeobuf\"\n[[layer]]\nclass = \"Road\"\nid = \"road:{name}\"\n[layer.attributes]\nlanes = \"lanes\"\n";
    all.push(("table", vec![(PathBuf::from("a.map.toml"), map.into()), (PathBuf::from("a.fgb"), written::flatgeobuf_bytes(true))]));
    all.push(("indoorgml", one("rooms.gml", super::indoor::two_rooms())));
    all.push(("indoorgml", one("storey.xml", super::indoor::storey())));
    let folder = tempfile::tempdir().expect("a folder");
    let shp = written::shapefile(folder.path());
    std::fs::write(shp.with_extension("prj"), r#"GEOGCS["GCS_WGS_1984",DATUM["D_WGS_1984",SPHEROID["WGS_1984",6378137.0,298.257223563]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]]"#).expect("written");
    all.push(("shapefile", beside(&shp, &["shp", "dbf", "shx", "prj"])));
    all.push(("shapefile", beside(&shp, &["dbf"])));
    all.push(("shapefile", in_space(folder.path())));
    let gpkg = folder.path().join("a.gpkg");
    written::geopackage(&gpkg);
    all.push(("geopackage", beside(&gpkg, &["gpkg"])));
    all.extend(tables());
    all.extend(rasters());
    all
}

/// The files of one stem with these endings.
fn beside(path: &Path, endings: &[&str]) -> Fixture {
    endings.iter().map(|ending| path.with_extension(ending)).map(|p| (PathBuf::from(p.file_name().expect("a file")), std::fs::read(&p).expect("it was written"))).collect()
}

/// Surfaces in space and lines with heights, as a Shapefile has them.
fn in_space(folder: &Path) -> Fixture {
    use shapefile::{Multipatch, NO_DATA, Patch, PointZ};
    let path = folder.join("roofs.shp");
    let point = |x: f64, y: f64, z: f64| PointZ::new(684_000.0 + x, 3_420_000.0 + y, z, NO_DATA);
    let mut writer = shapefile::ShapeWriter::from_path(&path).expect("a writer");
    let strip = Patch::TriangleStrip(vec![point(0.0, 0.0, 1.0), point(4.0, 0.0, 1.0), point(0.0, 4.0, 2.0), point(4.0, 4.0, 2.0)]);
    let fan = Patch::TriangleFan(vec![point(0.0, 0.0, 1.0), point(4.0, 0.0, 1.0), point(4.0, 4.0, 2.0), point(0.0, 4.0, 2.0)]);
    let outer = Patch::OuterRing(vec![point(0.0, 0.0, 9.0), point(0.0, 9.0, 9.0), point(9.0, 9.0, 9.0), point(0.0, 0.0, 9.0)]);
    let inner = Patch::InnerRing(vec![point(1.0, 2.0, 9.0), point(1.0, 5.0, 9.0), point(3.0, 5.0, 9.0), point(1.0, 2.0, 9.0)]);
    for patch in [Multipatch::with_parts(vec![strip, fan]), Multipatch::with_parts(vec![outer, inner])] {
        writer.write_shape(&patch).expect("written");
    }
    drop(writer);
    let mut files = beside(&path, &["shp", "shx"]);
    files.push((PathBuf::from("roofs.prj"), b"EPSG:4549".to_vec()));
    files
}

/// The same table in the encodings that cities have, and records as text.
fn tables() -> Vec<(&'static str, Fixture)> {
    let csv = "名称,经度,纬度,wkt\n路灯,121.9,30.9,POINT Z (121.9 30.9 5)\n\"a\"\"b\",121.9,30.91,\"MULTIPOLYGON(((121.9 30.9,121.91 30.9,121.91 30.91,121.9 30.9)))\"\n";
    let utf16: Vec<u8> = [0xff, 0xfe].into_iter().chain(csv.encode_utf16().flat_map(u16::to_le_bytes)).collect();
    vec![
        ("records", one("t.csv", csv)),
        ("records", one("gbk.csv", encoding_rs::GBK.encode(csv).0.into_owned())),
        ("records", one("utf16.csv", utf16)),
        ("records", one("t.tsv", csv.replace(',', "\t"))),
        ("records", one("r.jsonl", "{\"lon\":121.9,\"lat\":30.9,\"id\":1}\n{\"lon\":121.9,\"lat\":\"30.91\",\"id\":\"x\"}\n")),
        ("records", one("r.json", "[{\"lon\":121.9,\"lat\":30.9,\"id\":1,\"start_date\":\"2020-01-01\"},{\"geometry\":\"POINT(121.9 30.9)\",\"id\":2}]")),
    ]
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).expect("into memory");
    encoder.finish().expect("into memory")
}

fn rasters() -> Vec<(&'static str, Fixture)> {
    let ground = |i: usize| ((i % 40) * (i % 40) + 3 * (i / 40)) % 50;
    let heights = |n: usize| (0..n).map(ground);
    let deflate = Packing::Deflate(DeflateLevel::Fast);
    let float: Vec<f32> = heights(1200).map(|h| h as f32 / 3.0).collect();
    let whole: Vec<i16> = heights(1200).map(|h| h as i16).collect();
    let colour: Vec<u8> = heights(3600).map(|h| h as u8).collect();
    let rows: String = (0..30).map(|r| (0..40).map(|c| ground(r * 40 + c).to_string()).collect::<Vec<_>>().join(" ") + "\n").collect();
    let grid = format!("ncols 40\nnrows 30\nxllcorner 500000\nyllcorner 3400000\ncellsize 25\nNODATA_value 7\n{rows}");
    // A sheet of three seconds with some hills in it: most of it is packed away.
    let mut sheet = vec![0u8; 1201 * 1201 * 2];
    for (i, place) in sheet.chunks_exact_mut(2).enumerate().filter(|(i, _)| i % 1201 < 40 && i / 1201 < 30) {
        place.copy_from_slice(&(ground(i) as i16).to_be_bytes());
    }
    vec![
        ("geotiff", one("float.tif", written::geotiff::<colortype::Gray32Float>(&float, deflate))),
        ("geotiff", one("plain.tif", written::geotiff::<colortype::Gray32Float>(&float, Packing::Uncompressed))),
        ("geotiff", one("whole.tif", written::geotiff::<colortype::GrayI16>(&whole, Packing::Lzw))),
        ("geotiff", one("bits.tif", written::geotiff::<colortype::GrayI16>(&whole, Packing::Packbits))),
        ("geotiff", one("colour.tif", written::geotiff::<colortype::RGB8>(&colour, deflate))),
        ("ascii-grid", one("dem.asc", grid)),
        ("hgt", one("N30E121.hgt.gz", gzip(&sheet))),
    ]
}
