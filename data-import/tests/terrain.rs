//! Terrain rasters: real files with the sizes of their manifest, small ones of every kind, and broken ones.

mod common;

use common::{codes, count, import_with, object};
use proptest::prelude::*;
use qike_core::testdata;
use qike_import::SourceOptions;
use qike_scene::sink::MemorySink;
use qike_scene::{CityObject, Class, GeometryKind};
use std::io::Read;
use std::path::{Path, PathBuf};
use tiff::encoder::{Compression, TiffEncoder, colortype};
use tiff::tags::Tag;

fn file(dir: &Path, name: &str, bytes: &[u8]) -> PathBuf {
    let path = dir.join(name);
    std::fs::write(&path, bytes).unwrap();
    path
}

fn read(path: PathBuf, crs: &str, tolerance: f64) -> MemorySink {
    let options = SourceOptions { terrain_tolerance_m: tolerance, ..Default::default() };
    let (sink, _) = import_with(&[path], &options, Some(crs));
    assert!(sink.objects.iter().flat_map(|o| &o.geometries).all(|g| g.is_consistent() && g.is_finite()));
    sink
}

fn tiles(sink: &MemorySink) -> Vec<&CityObject> {
    sink.objects.iter().filter(|o| o.class == Class::Relief && !o.geometries.is_empty()).collect()
}

/// Heights of the ground by position, rounded to the millimetre.
fn points(sink: &MemorySink) -> Vec<[i64; 3]> {
    let mut points: Vec<[i64; 3]> = tiles(sink).iter().flat_map(|o| &o.geometries[0].vertices).map(|v| v.map(|c| (c * 1000.0).round() as i64)).collect();
    points.sort_unstable();
    points.dedup();
    points
}

/// Area of all triangles in plan; every one must look up.
fn area(sink: &MemorySink) -> f64 {
    let mut sum = 0.0;
    for tile in tiles(sink) {
        let g = &tile.geometries[0];
        assert_eq!(g.kind, GeometryKind::Mesh);
        for t in g.indices.chunks_exact(3) {
            let [a, b, c] = [0, 1, 2].map(|k| g.vertices[t[k] as usize]);
            let twice = (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]);
            assert!(twice > 0.0, "a triangle that looks down");
            sum += twice / 2.0;
        }
    }
    sum
}

#[test]
fn srtm_heights_are_those_in_the_file() {
    for (name, lon, lat, crs) in [("N41E001", 1.0, 41.0, "EPSG:32631"), ("N42E001", 1.0, 42.0, "EPSG:32631"), ("N43E007", 7.0, 43.0, "EPSG:32632")] {
        let Some(path) = testdata::path(&format!("gis/graphhopper/{name}.hgt.zip")) else { return };
        let mut raw = Vec::new();
        zip::ZipArchive::new(std::fs::File::open(&path).unwrap()).unwrap().by_index(0).unwrap().read_to_end(&mut raw).unwrap();
        assert_eq!(raw.len(), 2_884_802, "as the manifest says");
        let at = |column: usize, row: usize| i16::from_be_bytes([raw[2 * (row * 1201 + column)], raw[2 * (row * 1201 + column) + 1]]);
        let sink = read(path, crs, 0.0);
        let whole = object(&sink, &format!("terrain:{name}"));
        let all = (0..1201 * 1201).map(|i| at(i % 1201, i / 1201));
        let voids = all.clone().filter(|h| *h == -32768).count();
        assert_eq!(whole.number("voids").unwrap_or(0.0) as usize, voids);
        let heights = || all.clone().filter(|h| *h != -32768);
        assert_eq!(whole.number("min_height_m"), heights().min().map(f64::from), "{name}");
        assert_eq!(whole.number("max_height_m"), heights().max().map(f64::from), "{name}");
        assert_eq!((whole.number("columns"), whole.number("rows")), (Some(1201.0), Some(1201.0)));
        assert!((70.0..93.0).contains(&whole.number("resolution_m").unwrap()), "three seconds of arc");
        assert!(tiles(&sink).len() <= 100 && (tiles(&sink).len() == 100 || name == "N43E007"), "ten by ten tiles, less the empty sea");
        // The corners of the sheet and some samples within, against PROJ's word on where they are.
        let to = qike_core::Transform::new(&qike_core::SourceCrs::parse("EPSG:4326").unwrap(), &qike_core::Crs::parse(crs).unwrap()).unwrap();
        let known: std::collections::HashMap<[i64; 2], i64> = points(&sink).into_iter().map(|[x, y, z]| ([x, y], z)).collect();
        let mut seen = 0;
        for (column, row) in [(0, 0), (1200, 0), (0, 1200), (1200, 1200), (128, 128), (600, 600), (601, 333), (77, 1100), (1000, 41)] {
            let p = to.apply([lon + column as f64 / 1200.0, lat + 1.0 - row as f64 / 1200.0, 0.0]).unwrap();
            if let Some(z) = known.get(&[(p[0] * 1000.0).round() as i64, (p[1] * 1000.0).round() as i64]) {
                assert_eq!(*z, i64::from(at(column, row)) * 1000, "{name} at ({column}, {row})");
                seen += 1;
            }
        }
        assert!(seen >= 6, "only {seen} of the samples are corners of triangles");
    }
}

#[test]
fn a_tolerance_thins_the_ground() {
    let Some(path) = testdata::path("gis/graphhopper/N42E001.hgt.zip") else { return };
    let triangles = |tolerance| tiles(&read(path.clone(), "EPSG:32631", tolerance)).iter().map(|o| o.geometries[0].indices.len() / 3).sum::<usize>();
    let (all, few) = (triangles(0.0), triangles(20.0));
    assert!(all > 2_000_000 && few < all / 4, "{all} and {few}");
}

#[test]
fn float_rasters_of_the_manifest() {
    for (name, corners, area_m2) in [("float.tif", 6, 20_000.0), ("float_nan.tif", 4, 10_000.0)] {
        let Some(path) = testdata::path(&format!("gis/rasterio/{name}")) else { return };
        let sink = read(path, "LOCAL", 0.0);
        assert_eq!(codes(&sink), ["crs-unknown"]);
        let whole = object(&sink, &format!("terrain:{}", name.trim_end_matches(".tif")));
        assert_eq!((whole.number("min_height_m"), whole.number("max_height_m")), (Some(-1.88), Some(1.41)), "{name}");
        assert_eq!((whole.number("columns"), whole.number("rows"), whole.number("resolution_m")), (Some(3.0), Some(2.0), Some(100.0)));
        assert_eq!(points(&sink).len(), corners, "{name}");
        assert!((area(&sink) - area_m2).abs() < 1e-6, "{name}: {}", area(&sink));
    }
}

#[test]
fn pictures_are_no_terrain_and_a_broken_one_is_refused() {
    for name in ["cogeo.tif", "shade.tif"] {
        let Some(path) = testdata::path(&format!("gis/rasterio/{name}")) else { return };
        let sink = read(path, "EPSG:3857", 0.0);
        assert_eq!(codes(&sink), ["raster-is-picture"], "{name}");
        assert_eq!((sink.objects.len(), count(&sink, Class::Relief)), (1, 0), "{name}: its outline alone");
        let size = sink.objects[0].bounds().size();
        let step = if name == "cogeo.tif" { 0.597_164_034_843_4 } else { 9.554_628_534_3 };
        assert!((size[0] - 1024.0 * step).abs() < 1e-3 && (size[1] - 1024.0 * step).abs() < 1e-3, "{name}: {size:?}");
    }
    let Some(path) = testdata::path("gis/rasterio/corrupt.tif") else { return };
    let sink = read(path, "EPSG:3857", 0.0);
    assert_eq!((codes(&sink), sink.objects.len()), (vec!["file-corrupt".to_owned()], 0));
    assert!(sink.diagnostics[0].to_string().contains("strip or tile 3"), "{}", sink.diagnostics[0]);
}

const W: usize = 21;
const H: usize = 17;

fn ground(i: usize) -> i32 {
    let (c, r) = (i % W, i / W);
    ((c * c + 3 * r) % 50) as i32
}

/// A GeoTIFF of W × H samples, 10 m apart, its upper left corner at (500000, 3400000) in EPSG:4549.
fn tiff<C: colortype::ColorType>(data: &[C::Inner], compression: Compression, point: bool) -> Vec<u8>
where
    [C::Inner]: tiff::encoder::TiffValue,
{
    let mut out = std::io::Cursor::new(Vec::new());
    let mut encoder = TiffEncoder::new(&mut out).unwrap().with_compression(compression);
    let mut image = encoder.new_image::<C>(W as u32, H as u32).unwrap();
    image.rows_per_strip(5).unwrap();
    let tags = image.encoder();
    tags.write_tag(Tag::ModelPixelScaleTag, &[10.0f64, 10.0, 0.0][..]).unwrap();
    tags.write_tag(Tag::ModelTiepointTag, &[0.0f64, 0.0, 0.0, 500_000.0, 3_400_000.0, 0.0][..]).unwrap();
    let keys = [1u16, 1, 0, 4, 1024, 0, 1, 1, 1025, 0, 1, if point { 2 } else { 1 }, 3072, 0, 1, 4549, 4099, 0, 1, 9001];
    tags.write_tag(Tag::GeoKeyDirectoryTag, &keys[..]).unwrap();
    tags.write_tag(Tag::GdalNodata, "7").unwrap();
    image.write_data(data).unwrap();
    out.into_inner()
}

/// The same as 32-bit floats in tiles of 16 × 16, written by hand.
fn tiled() -> Vec<u8> {
    let doubles = [10.0f64, 10.0, 0.0, 0.0, 0.0, 0.0, 500_000.0, 3_400_000.0, 0.0];
    let keys = [1u16, 1, 0, 2, 1024, 0, 1, 1, 3072, 0, 1, 4549];
    let (across, down) = (W.div_ceil(16), H.div_ceil(16));
    let mut body = Vec::new();
    let mut at = |bytes: Vec<u8>| {
        let place = 8 + body.len() as u32;
        body.extend(bytes);
        place
    };
    let tiles: Vec<u32> = (0..across * down)
        .map(|t| {
            let sample = |i: usize| {
                let (c, r) = (t % across * 16 + i % 16, t / across * 16 + i / 16);
                if c < W && r < H { ground(r * W + c) as f32 } else { -1.0 }
            };
            at((0..256).flat_map(|i| sample(i).to_le_bytes()).collect())
        })
        .collect();
    let lengths = at(tiles.iter().flat_map(|_| 1024u32.to_le_bytes()).collect());
    let offsets = at(tiles.iter().flat_map(|t| t.to_le_bytes()).collect());
    let scale = at(doubles[..3].iter().flat_map(|d| d.to_le_bytes()).collect());
    let tie = at(doubles[3..].iter().flat_map(|d| d.to_le_bytes()).collect());
    let keys_at = at(keys.iter().flat_map(|k| k.to_le_bytes()).collect());
    let n = tiles.len() as u32;
    let entries: [[u32; 4]; 14] = [
        [256, 4, 1, W as u32], [257, 4, 1, H as u32], [258, 3, 1, 32], [259, 3, 1, 1], [262, 3, 1, 1], [277, 3, 1, 1], [322, 3, 1, 16],
        [323, 3, 1, 16], [324, 4, n, offsets], [325, 4, n, lengths], [339, 3, 1, 3], [33550, 12, 3, scale], [33922, 12, 6, tie],
        [34735, 3, keys.len() as u32, keys_at],
    ];
    let mut out = b"II*\0".to_vec();
    out.extend((8 + body.len() as u32).to_le_bytes());
    out.extend(body);
    out.extend((entries.len() as u16).to_le_bytes());
    for [tag, kind, count, value] in entries {
        out.extend((tag as u16).to_le_bytes());
        out.extend((kind as u16).to_le_bytes());
        out.extend(count.to_le_bytes());
        out.extend(value.to_le_bytes());
    }
    out.extend([0; 4]);
    out
}

#[test]
fn every_kind_of_sample_and_packing_gives_the_same_ground() {
    let dir = tempfile::tempdir().unwrap();
    let n = W * H;
    let all = || (0..n).map(ground);
    let deflate = Compression::Deflate(tiff::encoder::compression::DeflateLevel::Fast);
    let kinds: Vec<(&str, Vec<u8>)> = vec![
        ("u8", tiff::<colortype::Gray8>(&all().map(|h| h as u8).collect::<Vec<_>>(), Compression::Uncompressed, false)),
        ("i8", tiff::<colortype::GrayI8>(&all().map(|h| h as i8).collect::<Vec<_>>(), deflate, false)),
        ("u16", tiff::<colortype::Gray16>(&all().map(|h| h as u16).collect::<Vec<_>>(), Compression::Lzw, false)),
        ("i16", tiff::<colortype::GrayI16>(&all().map(|h| h as i16).collect::<Vec<_>>(), deflate, false)),
        ("i32", tiff::<colortype::GrayI32>(&all().collect::<Vec<_>>(), Compression::Packbits, false)),
        ("f32", tiff::<colortype::Gray32Float>(&all().map(|h| h as f32).collect::<Vec<_>>(), deflate, false)),
        ("f64", tiff::<colortype::Gray64Float>(&all().map(f64::from).collect::<Vec<_>>(), Compression::Lzw, false)),
    ];
    let expected: Vec<[i64; 3]> = {
        let sink = read(file(dir.path(), "first.tif", &kinds[0].1), "EPSG:4549", 0.0);
        points(&sink)
    };
    let missing = all().filter(|h| *h == 7).count();
    assert!(missing > 0 && expected.len() <= n - missing && expected.len() > n / 2, "{} corners", expected.len());
    // Column 0, row 0 is a cell whose middle lies half a cell from the tied corner.
    assert!(expected.contains(&[500_005_000, 3_399_995_000, 0]));
    for (name, bytes) in &kinds {
        let sink = read(file(dir.path(), "x.tif", bytes), "EPSG:4549", 0.0);
        assert_eq!(points(&sink), expected, "{name}");
        assert!(sink.diagnostics.is_empty(), "{name}: {:?}", sink.diagnostics);
        assert_eq!(object(&sink, "terrain:x").number("voids"), Some(missing as f64));
    }
    let point = tiff::<colortype::GrayI16>(&all().map(|h| h as i16).collect::<Vec<_>>(), deflate, true);
    let sink = read(file(dir.path(), "point.tif", &point), "EPSG:4549", 0.0);
    assert!(points(&sink).contains(&[500_000_000, 3_400_000_000, 0]), "points are tied at themselves");
    // Without a value for no data: every sample is ground.
    let sink = read(file(dir.path(), "tiled.tif", &tiled()), "EPSG:4549", 0.0);
    assert!((area(&sink) - ((W - 1) * (H - 1) * 100) as f64).abs() < 1e-6);
    let known: std::collections::HashMap<_, _> = points(&sink).into_iter().map(|[x, y, z]| ([x, y], z)).collect();
    assert!(known.len() > n / 2);
    for ([x, y], z) in known {
        let (c, r) = ((x - 500_005_000) / 10_000, (3_399_995_000 - y) / 10_000);
        assert_eq!(z, i64::from(ground(r as usize * W + c as usize)) * 1000, "({c}, {r})");
    }
}

const ASC: &str = "ncols 4\nnrows 3\nxllcorner 500000\nyllcorner 3400000\ncellsize 25\nNODATA_value -9999\n1 2 7 4\n5 6 7 3\n-9999 4 11 12.25\n";

#[test]
fn an_ascii_grid_with_its_prj_and_without() {
    let dir = tempfile::tempdir().unwrap();
    let path = file(dir.path(), "dem.asc", ASC.as_bytes());
    let (sink, _) = import_with(std::slice::from_ref(&path), &Default::default(), Some("EPSG:4549"));
    assert_eq!(codes(&sink), ["crs-unknown"]);
    file(dir.path(), "dem.prj", qike_core::Crs::parse("EPSG:4549").unwrap().wkt().unwrap().as_bytes());
    let (sink, _) = import_with(&[path], &Default::default(), None);
    assert!(sink.diagnostics.is_empty(), "{:?}", sink.diagnostics);
    assert_eq!(object(&sink, "terrain:dem").number("voids"), Some(1.0));
    let points = points(&sink);
    assert_eq!(points.len(), 11);
    assert!(points.contains(&[500_012_500, 3_400_062_500, 1000]) && points.contains(&[500_087_500, 3_400_012_500, 12_250]), "{points:?}");
}

#[test]
fn a_corrupt_archive_and_a_wrong_size_say_so() {
    let dir = tempfile::tempdir().unwrap();
    for (name, bytes, words) in [
        ("N41E001.hgt", vec![0u8; 1000], "1000 bytes are no grid"),
        ("N41E001.hgt.zip", b"PK\x03\x04nothing".to_vec(), "archive"),
        ("N41E001.hgt.gz", vec![0x1f, 0x8b, 8, 0, 0, 0], "compressed data"),
        ("x.tif", b"II*\0\x08\0\0\0".to_vec(), "header"),
        ("x.asc", b"ncols 9\nnrows 9\n".to_vec(), "no cellsize"),
    ] {
        let sink = read(file(dir.path(), name, &bytes), "EPSG:32631", 0.0);
        assert!(sink.objects.is_empty() && sink.diagnostics.len() == 1, "{name}: {:?}", sink.diagnostics);
        assert!(sink.diagnostics[0].to_string().contains(words), "{name}: {}", sink.diagnostics[0]);
    }
}

fn survives(dir: &Path, name: &str, bytes: &[u8]) {
    let (sink, report) = import_with(&[file(dir, name, bytes)], &Default::default(), Some("EPSG:4549"));
    assert!(sink.objects.iter().flat_map(|o| &o.geometries).all(|g| g.is_consistent() && g.is_finite()));
    assert!(report.left_out() == 0 || !sink.diagnostics.is_empty());
}

#[test]
fn cut_anywhere_is_an_answer() {
    let dir = tempfile::tempdir().unwrap();
    let deflated = tiff::<colortype::GrayI16>(&(0..W * H).map(|i| ground(i) as i16).collect::<Vec<_>>(), Compression::Deflate(Default::default()), false);
    for (name, bytes) in [("t.tif", tiled()), ("d.tif", deflated), ("a.asc", ASC.as_bytes().to_vec())] {
        for cut in (0..bytes.len()).step_by(7) {
            survives(dir.path(), name, &bytes[..cut]);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn bytes_that_flip_are_an_answer(flips in prop::collection::vec((any::<usize>(), any::<u8>()), 1..6), seed in 0..3usize) {
        let dir = tempfile::tempdir().unwrap();
        let (name, mut bytes) = match seed {
            0 => ("t.tif", tiled()),
            1 => ("d.tif", tiff::<colortype::Gray32Float>(&(0..W * H).map(|i| ground(i) as f32).collect::<Vec<_>>(), Compression::Lzw, false)),
            _ => ("a.asc", ASC.as_bytes().to_vec()),
        };
        // Damage what stands at the ends too: directories are there.
        let n = bytes.len();
        for (at, value) in flips {
            let i = if at % 2 == 0 { at % n } else { n - 1 - at % n.min(300) };
            bytes[i] = value;
        }
        survives(dir.path(), name, &bytes);
    }
}
