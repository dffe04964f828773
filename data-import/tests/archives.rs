//! Archives, folders, patterns: what becomes of what a user names.

use qike_core::{Crs, Feedback};
use qike_import::archive::{Kind, Limits, Unpacked};
use qike_import::{PlannedSource, SourceOptions, import_all, plan, plan_with};
use qike_scene::sink::MemorySink;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use zip::write::SimpleFileOptions;

fn place(id: &str) -> String {
    format!(r#"{{"type":"FeatureCollection","features":[{{"type":"Feature","id":"{id}","properties":{{}},"geometry":{{"type":"Point","coordinates":[121.93,30.9]}}}}]}}"#)
}

fn zip_of(path: &Path, files: &[(&str, &[u8])]) {
    let mut out = zip::ZipWriter::new(fs::File::create(path).unwrap());
    for (name, bytes) in files {
        out.start_file(*name, SimpleFileOptions::default()).unwrap();
        out.write_all(bytes).unwrap();
    }
    out.finish().unwrap();
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    out.write_all(bytes).unwrap();
    out.finish().unwrap()
}

fn bzip2(bytes: &[u8]) -> Vec<u8> {
    let mut out = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::default());
    out.write_all(bytes).unwrap();
    out.finish().unwrap()
}

fn planned(paths: &[&Path]) -> Vec<PlannedSource> {
    plan(&paths.iter().map(|p| p.to_path_buf()).collect::<Vec<_>>(), &SourceOptions::default())
}

/// Names without the folder of the test, and formats or the code of the fault.
fn shown(planned: &[PlannedSource], folder: &Path) -> Vec<String> {
    let start = format!("{}/", folder.display());
    let line = |p: &PlannedSource| {
        let what = match &p.importer {
            Ok(importer) => importer.name().to_owned(),
            Err(error) => error.code().to_owned(),
        };
        format!("{} {what}", p.source.name.replace(&start, ""))
    };
    planned.iter().map(line).collect()
}

fn ids(planned: &[PlannedSource]) -> Vec<String> {
    let mut sink = MemorySink::new(Crs::parse("EPSG:4549").unwrap());
    import_all(planned, &mut sink, &Feedback::silent()).unwrap();
    sink.objects.iter().map(|o| o.id.as_str().to_owned()).collect()
}

/// Changes bytes of a zip file wherever they are: in the member's own head and in the list at the end.
fn patch(path: &Path, from: &[u8], to: &[u8]) {
    let mut bytes = fs::read(path).unwrap();
    assert_eq!(from.len(), to.len());
    let mut found = 0;
    for at in 0..bytes.len() - from.len() {
        if &bytes[at..at + from.len()] == from {
            bytes[at..at + from.len()].copy_from_slice(to);
            found += 1;
        }
    }
    assert_eq!(found, 2);
    fs::write(path, bytes).unwrap();
}

#[test]
fn members_of_a_zip_are_sources_with_stable_names() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    let inner = { zip_of(&at("inner.zip"), &[("deep.geojson", place("deep").as_bytes())]); fs::read(at("inner.zip")).unwrap() };
    fs::remove_file(at("inner.zip")).unwrap();
    let a = gzip(place("a").as_bytes());
    let (b, hidden) = (place("b"), place("hidden"));
    let files: &[(&str, &[u8])] = &[
        ("city/b.geojson", b.as_bytes()),
        ("city/a.geojson.gz", &a),
        ("inner.zip", &inner),
        ("city/codelists/Building_usage.xml", b"<x/>"),
        ("readme.txt", b"hello"),
        ("city/what.bin", b"\x00\x01"),
        ("city/.hidden.geojson", hidden.as_bytes()),
    ];
    zip_of(&at("tiles.zip"), files);
    let first = planned(&[&at("tiles.zip")]);
    let names = ["tiles.zip files-passed-over", "tiles.zip/city/a.geojson.gz geojson", "tiles.zip/city/b.geojson geojson", "tiles.zip/inner.zip/deep.geojson geojson"];
    assert_eq!(shown(&first, dir.path()), names);
    assert_eq!(ids(&first), ["a", "b", "deep"]);
    let Err(error) = &first[0].importer else { panic!() };
    assert!(error.to_string().ends_with("no importer reads 1 file in there: city/what.bin"), "{error}");
    // Unpacked elsewhere, called the same.
    let second = planned(&[&at("tiles.zip")]);
    assert_eq!(shown(&second, dir.path()), names);
    let (a, b) = (first[1].source.path.clone(), second[1].source.path.clone());
    assert!(a != b && a.exists() && b.exists());
    drop(first);
    assert!(!a.exists() && b.exists(), "the folder goes with the plan");
    drop(second);
    assert!(!b.exists());
}

#[test]
fn one_compressed_file_is_the_file() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    fs::write(at("x.geojson.gz"), gzip(place("x").as_bytes())).unwrap();
    fs::write(at("cut.geojson.gz"), &gzip(place("cut").as_bytes())[..40]).unwrap();
    fs::write(at("what.tar.gz"), gzip(b"\x00\x01")).unwrap();
    let all = planned(&[&at("x.geojson.gz"), &at("cut.geojson.gz"), &at("what.tar.gz")]);
    assert_eq!(shown(&all, dir.path()), ["cut.geojson.gz file-corrupt", "what.tar.gz file-unknown-kind", "x.geojson.gz geojson"]);
    assert_eq!(ids(&all), ["x"]);
}

#[test]
fn bad_members_are_told_and_the_others_come_in() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    let mut out = zip::ZipWriter::new(fs::File::create(at("bad.zip")).unwrap());
    let plain = SimpleFileOptions::default();
    for name in ["../outside.geojson", "/root.geojson", "good.geojson", "broken.geojson"] {
        out.start_file(name, plain.compression_method(zip::CompressionMethod::Stored)).unwrap();
        out.write_all(place(name).as_bytes()).unwrap();
    }
    out.add_symlink("link.geojson", "/etc/passwd", plain).unwrap();
    out.finish().unwrap();
    // One letter of the content of the last: its checksum is wrong now.
    let mut bytes = fs::read(at("bad.zip")).unwrap();
    let id = br#""id":"broken"#;
    let place = bytes.windows(id.len()).position(|w| w == id).unwrap();
    bytes[place + 6] = b'B';
    fs::write(at("bad.zip"), bytes).unwrap();
    let all = planned(&[&at("bad.zip")]);
    let names = ["../outside.geojson", "/root.geojson", "broken.geojson", "link.geojson"].map(|n| format!("bad.zip/{n} file-corrupt"));
    let found = shown(&all, dir.path());
    assert!(names.iter().all(|n| found.contains(n)) && found.len() == 5, "{found:?}");
    assert_eq!(ids(&all), ["good.geojson"]);
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
}

#[test]
fn encrypted_members_and_chinese_names() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("gbk.zip");
    zip_of(&path, &[("1234/5678.geojson", place("lingang").as_bytes()), ("secret.geojson", place("secret").as_bytes())]);
    let (gbk, _, _) = encoding_rs::GBK.encode("临港/建筑.geojson");
    patch(&path, b"1234/5678.geojson", &gbk);
    let bytes = fs::read(&path).unwrap();
    let head = |at: usize, name: usize| bytes[at + name..].starts_with(b"secret");
    let local = (0..bytes.len() - 50).find(|&i| bytes[i..].starts_with(b"PK\x03\x04") && head(i, 30)).unwrap();
    let central = (0..bytes.len() - 50).find(|&i| bytes[i..].starts_with(b"PK\x01\x02") && head(i, 46)).unwrap();
    let mut bytes = bytes.clone();
    bytes[local + 6] |= 1;
    bytes[central + 8] |= 1;
    fs::write(&path, bytes).unwrap();
    let all = planned(&[&path]);
    assert_eq!(shown(&all, dir.path()), ["gbk.zip/secret.geojson file-corrupt", "gbk.zip/临港/建筑.geojson geojson"]);
    let Err(error) = &all[0].importer else { panic!() };
    assert!(error.to_string().contains("encrypted"));
    assert_eq!(ids(&all), ["lingang"]);
}

#[test]
fn bombs_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("bomb.zip");
    zip_of(&path, &[("a", &vec![b' '; 3 << 20]), ("b", &vec![b' '; 3 << 20])]);
    let limits = Limits { members: 10, bytes: 1 << 30, ratio: 20, free: 1 << 20 };
    let unpack = |limits| Unpacked::new(&path, "bomb.zip", limits).unwrap().zip(&path, "bomb.zip").unwrap_err().to_string();
    assert!(unpack(limits).contains("zip bomb"), "{}", unpack(limits));
    assert!(unpack(Limits { bytes: 4 << 20, ratio: u64::MAX, ..limits }).contains("more than 4 MiB"));
    assert!(unpack(Limits { members: 1, free: 1 << 30, ..limits }).contains("more than 1 files"));
    fs::write(dir.path().join("bomb.gz"), gzip(&vec![b' '; 3 << 20])).unwrap();
    let gz = dir.path().join("bomb.gz");
    assert!(Unpacked::new(&gz, "bomb.gz", limits).unwrap().single(Kind::Gzip, &gz, "bomb.gz").unwrap_err().to_string().contains("zip bomb"));
    let bz2 = dir.path().join("bomb.bz2");
    fs::write(&bz2, bzip2(&vec![b' '; 3 << 20])).unwrap();
    assert!(Unpacked::new(&bz2, "bomb.bz2", limits).unwrap().single(Kind::Bzip2, &bz2, "bomb.bz2").unwrap_err().to_string().contains("zip bomb"));
    // An archive that holds itself would never end.
    let mut bytes = place("core").into_bytes();
    for depth in 0..6 {
        zip_of(&path, &[(&format!("{depth}.zip"), &bytes)]);
        bytes = fs::read(&path).unwrap();
    }
    let all = planned(&[&path]);
    let Err(error) = &all[0].importer else { panic!() };
    assert!(all.len() == 1 && error.to_string().contains("3 deep"), "{error}");
}

/// A surface with a code and a picture, as CityGML has them.
const TEXTURED: &str = r##"<?xml version="1.0"?><CityModel xmlns="http://www.opengis.net/citygml/2.0" xmlns:gml="http://www.opengis.net/gml" xmlns:luse="http://www.opengis.net/citygml/landuse/2.0" xmlns:app="http://www.opengis.net/citygml/appearance/2.0"><gml:boundedBy><gml:Envelope srsName="EPSG:4549" srsDimension="3"><gml:lowerCorner>684000 3420000 0</gml:lowerCorner><gml:upperCorner>684010 3420010 0</gml:upperCorner></gml:Envelope></gml:boundedBy><cityObjectMember><luse:LandUse gml:id="a"><luse:usage codeSpace="codelists/usage.xml">7</luse:usage><luse:lod1MultiSurface><gml:MultiSurface><gml:surfaceMember><gml:Polygon gml:id="p"><gml:exterior><gml:LinearRing gml:id="r"><gml:posList>684000 3420000 0 684010 3420000 0 684010 3420010 0 684000 3420000 0</gml:posList></gml:LinearRing></gml:exterior></gml:Polygon></gml:surfaceMember></gml:MultiSurface></luse:lod1MultiSurface></luse:LandUse></cityObjectMember><app:appearanceMember><app:Appearance><app:surfaceDataMember><app:ParameterizedTexture><app:imageURI>pictures/grass.png</app:imageURI><app:target uri="#p"><app:TexCoordList><app:textureCoordinates ring="#r">0 0 1 0 1 1 0 0</app:textureCoordinates></app:TexCoordList></app:target></app:ParameterizedTexture></app:surfaceDataMember></app:Appearance></app:appearanceMember></CityModel>"##;

#[test]
fn packed_files_are_read_whatever_packed_them_with_what_lies_beside_them() {
    let dir = tempfile::tempdir().unwrap();
    for folder in ["codelists", "pictures"] {
        fs::create_dir(dir.path().join(folder)).unwrap();
    }
    fs::write(dir.path().join("codelists/usage.xml"), r#"<gml:Dictionary xmlns:gml="http://www.opengis.net/gml"><gml:dictionaryEntry><gml:Definition><gml:description>meadow</gml:description><gml:name>7</gml:name></gml:Definition></gml:dictionaryEntry></gml:Dictionary>"#).unwrap();
    fs::write(dir.path().join("pictures/grass.png"), b"\x89PNG\r\n\x1a\n picture").unwrap();
    let cityjson = r#"{"type":"CityJSON","version":"2.0","metadata":{"referenceSystem":"https://www.opengis.net/def/crs/EPSG/0/4549"},"transform":{"scale":[1,1,1],"translate":[684000,3420000,0]},"CityObjects":{"a":{"type":"LandUse","geometry":[{"type":"MultiSurface","lod":"1","boundaries":[[[0,1,2]]],"texture":{"t":{"values":[[[0,0,1,2]]]}}}]}},"appearance":{"textures":[{"type":"PNG","image":"pictures/grass.png"}],"vertices-texture":[[0,0],[1,0],[1,1]]},"vertices":[[0,0,0],[9,0,0],[9,9,0]]}"#;
    // A document whose first packed block is longer than what is looked at to tell what it is.
    let mut state = 1u64;
    let noise: String = (0..400_000).map(|_| { state = state.wrapping_mul(6364136223846793005).wrapping_add(1); char::from(b'a' + (state >> 59) as u8 % 26) }).collect();
    let long = TEXTURED.replace("<cityObjectMember>", &format!("<!-- {noise} --><cityObjectMember>"));
    for (name, text) in [("a.gml", TEXTURED), ("long.gml", long.as_str()), ("a.city.json", cityjson)] {
        for (ending, bytes) in [("gz", gzip(text.as_bytes())), ("bz2", bzip2(text.as_bytes()))] {
            let path = dir.path().join(format!("{name}.{ending}"));
            fs::write(&path, bytes).unwrap();
            let all = planned(&[&path]);
            let mut sink = MemorySink::new(Crs::parse("EPSG:4549").unwrap());
            let report = import_all(&all, &mut sink, &Feedback::silent()).unwrap();
            assert_eq!((report.left_out(), sink.objects.len(), sink.diagnostics.len(), sink.images.len()), (0, 1, 0, 1), "{name}.{ending}: {:?}", sink.diagnostics);
            if name != "a.city.json" {
                assert_eq!(sink.objects[0].str("usage_text"), Some("meadow"), "{name}.{ending}");
            }
            fs::remove_file(path).unwrap();
        }
    }
    let csv = "id,lon,lat\n1,121.9,30.9\n";
    let path = dir.path().join("t.csv.bz2");
    fs::write(&path, bzip2(csv.as_bytes())).unwrap();
    assert_eq!(ids(&planned(&[&path])), ["t:1"]);
    let packed = bzip2(csv.repeat(99).as_bytes());
    fs::write(&path, &packed[..packed.len() - 9]).unwrap();
    let all = planned(&[&path]);
    assert_eq!(shown(&all, dir.path()), ["t.csv.bz2 file-corrupt"]);
}

#[test]
fn archives_that_are_none_are_told() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("cut.zip");
    zip_of(&path, &[("a.geojson", place("a").as_bytes())]);
    let bytes = fs::read(&path).unwrap();
    fs::write(&path, &bytes[..bytes.len() - 30]).unwrap();
    let all = planned(&[&path]);
    assert_eq!(shown(&all, dir.path()), ["cut.zip file-corrupt"]);
    zip_of(&path, &[("readme.txt", b"nothing here")]);
    assert!(planned(&[&path]).is_empty());
}

#[test]
fn folders_and_patterns() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    fs::create_dir_all(at("tiles/north/deep")).unwrap();
    for name in ["tiles/a.geojson", "tiles/north/b.geojson", "tiles/north/deep/c.geojson"] {
        fs::write(at(name), place(name)).unwrap();
    }
    fs::write(at("tiles/north/d.bin"), b"\x00").unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink(at("tiles"), at("tiles/north/round")).unwrap();
    let whole = ["tiles files-passed-over", "tiles/a.geojson geojson", "tiles/north/b.geojson geojson", "tiles/north/deep/c.geojson geojson"];
    assert_eq!(shown(&planned(&[&at("tiles")]), dir.path()), whole);
    // Named twice, in two ways, read once.
    assert_eq!(shown(&planned(&[&at("tiles/north/b.geojson"), &at("tiles"), &at("tiles/*.geojson")]), dir.path()), whole);
    let flat = plan_with(&[at("tiles")], &SourceOptions::default(), false);
    assert_eq!(shown(&flat, dir.path()), ["tiles/a.geojson geojson"]);
    assert_eq!(shown(&planned(&[&at("tiles/**/*.geojson")]), dir.path()), whole[1..]);
    assert_eq!(shown(&planned(&[&at("tiles/nor*/?.geojson")]), dir.path()), [whole[2]]);
    assert_eq!(shown(&planned(&[&at("*.gml"), &at("a[.gml")]), dir.path()), ["*.gml pattern-without-files", "a[.gml pattern-without-files"]);
    fs::write(at("odd[1].geojson"), place("odd")).unwrap();
    assert_eq!(shown(&planned(&[&at("odd[1].geojson")]), dir.path()), ["odd[1].geojson geojson"]);
}

#[test]
fn a_city_model_in_a_zip_as_a_city_publishes_it() {
    let Some(path) = qike_core::testdata::path("citymodel/plateau/kawasaki-shi.zip") else { return };
    let all = plan(&[PathBuf::from(&path)], &SourceOptions::default());
    let formats: Vec<_> = all.iter().filter_map(PlannedSource::format).collect();
    let archive = zip::ZipArchive::new(fs::File::open(&path).unwrap()).unwrap();
    let models = archive.file_names().filter(|n| n.ends_with(".gml")).count();
    assert_eq!(formats.iter().filter(|f| **f == "citygml").count(), models);
    assert!(all.iter().all(|p| p.importer.is_ok()), "{:?}", shown(&all, &path));
}
