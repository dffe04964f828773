//! Pictures and materials in tiles and glTF: each picture once, its coordinates turned glTF's way up, colours linear, nothing broken
//! let in; and real textured models.

mod common;

use common::{Glb, Model};
use qike_core::{Crs, Feedback, testdata};
use qike_export::{glb, tiles};
use qike_import::SourceOptions;
use qike_scene::sink::MemorySink;
use qike_scene::{
    CityObject, Class, GeometryBuilder, GeometryKind, Image, ImageId, Lod, Material, SceneSnapshot, Shading, SourceId, Texture, Wrap, geometry::NONE,
};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// A PNG of one pixel with opacity; `more` is put behind it, so that pictures differ.
fn png(more: &[u8]) -> Image {
    let bytes = b"\x89PNG\r\n\x1A\n\0\0\0\x0DIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1F\x15\xC4\x89\0\0\0\x0DIDATx\x9Cc\xF8\xCF\xC0\xF0\x1F\0\x05\0\x01\xFF\x56\xC7\x2F\x0D\0\0\0\0IEND\xAEB`\x82";
    Image::new("wall.png", [bytes, more].concat()).unwrap()
}

fn texture(image: &Image, wrap: Wrap) -> Texture {
    Texture { uri: image.name.clone(), image: Some(image.id), mime: image.mime.into(), wrap: Some(wrap), border: None, kind: None }
}

/// A wall with a picture, a roof with a shining red material, and a ground with neither.
fn house(id: &str, x: f64, texture: &Texture) -> CityObject {
    let p = |dx: f64, dy: f64, z: f64| vec![684_000.0 + x + dx, 3_420_000.0 + dy, z];
    let ring = |list: [Vec<f64>; 4]| vec![list.map(|p| [p[0], p[1], p[2]]).to_vec()];
    let mut b = GeometryBuilder::new(Lod::TWO, GeometryKind::MultiSurface);
    let number = b.texture(texture);
    let shading = Shading { emissive: Some([0.0, 0.0, 0.5]), specular: Some([1.0; 3]), shininess: Some(1.0), ..Shading::default() };
    let red = b.material(&Material { name: "red".into(), colour: [0.5, 0.0, 0.0, 0.5], shading });
    b.face(&ring([p(0., 0., 0.), p(9., 0., 0.), p(9., 0., 3.), p(0., 0., 3.)]), NONE, NONE);
    b.wear("summer", NONE, number, &[vec![[0.0, 0.0], [3.0, 0.0], [3.0, 1.0], [0.0, 1.0]]]);
    b.face(&ring([p(0., 0., 3.), p(9., 0., 3.), p(9., 9., 3.), p(0., 9., 3.)]), NONE, NONE);
    b.wear("summer", red, NONE, &[]);
    b.surface(&ring([p(0., 0., 0.), p(0., 9., 0.), p(9., 9., 0.), p(9., 0., 0.)]), Some("GroundSurface"));
    let mut object = CityObject::new(id, Class::Building, SourceId(0));
    object.geometries.push(b.build());
    object
}

fn city(objects: Vec<CityObject>) -> SceneSnapshot {
    SceneSnapshot::new(Crs::epsg(4549).unwrap(), vec![], objects, vec![])
}

/// The primitives of a file with their material.
fn primitives(file: &Glb) -> Vec<(Value, Value)> {
    let all = file.json["meshes"].as_array().unwrap().iter().flat_map(|m| m["primitives"].as_array().unwrap().clone());
    all.map(|p| (file.json["materials"][p["material"].as_u64().unwrap() as usize].clone(), p)).map(|(m, p)| (p, m)).collect()
}

fn check_house(file: &Glb, houses: usize) {
    let images = file.json["images"].as_array().unwrap();
    assert_eq!(images.len(), 1, "the picture is there once");
    let bytes = file.view(&images[0]["bufferView"]);
    assert_eq!((images[0]["mimeType"].as_str(), bytes == png(b"").bytes.as_slice()), (Some("image/png"), true));
    let sampler = &file.json["samplers"][0];
    assert_eq!((sampler["wrapS"].as_u64(), sampler["wrapT"].as_u64()), (Some(33648), Some(33648)));
    let (mut textured, mut red, mut plain) = (0, 0, 0);
    for (primitive, material) in primitives(file) {
        let pbr = &material["pbrMetallicRoughness"];
        let corners = file.floats(&primitive["attributes"]["POSITION"], 3);
        if pbr.get("baseColorTexture").is_some() {
            textured += corners.len();
            assert_eq!((material["alphaMode"].as_str(), &pbr["baseColorFactor"]), (Some("MASK"), &serde_json::json!([1.0, 1.0, 1.0, 1.0])));
            let uv = file.floats(&primitive["attributes"]["TEXCOORD_0"], 2);
            assert_eq!(uv.len(), corners.len());
            let low = corners.iter().map(|p| p[1]).fold(f64::MAX, f64::min);
            for (p, uv) in corners.iter().zip(&uv) {
                // The foot of the wall is the lower edge of the picture, which glTF counts from above.
                assert_eq!(uv[1], if p[1] - low < 1.0 { 1.0 } else { 0.0 }, "{p:?}");
                assert!(uv[0] == 0.0 || uv[0] == 3.0);
            }
        } else if material.get("emissiveFactor").is_some() {
            red += corners.len();
            let factor: Vec<f64> = pbr["baseColorFactor"].as_array().unwrap().iter().map(|n| n.as_f64().unwrap()).collect();
            assert!((factor[0] - 0.2140).abs() < 1e-3 && factor[1] == 0.0 && factor[3] == 0.5, "{factor:?}");
            assert!(pbr["roughnessFactor"].as_f64().unwrap() < 0.4 && material["alphaMode"] == "BLEND");
        } else {
            plain += corners.len();
            assert!(primitive["attributes"].get("TEXCOORD_0").is_none());
        }
    }
    assert_eq!((textured, red, plain), (6 * houses, 6 * houses, 6 * houses));
}

#[test]
fn walls_wear_their_pictures() {
    let image = png(b"");
    let texture = texture(&image, Wrap::Mirror);
    let snapshot = city(vec![house("a", 0.0, &texture), house("b", 20.0, &texture)]);
    let model = Model::of(&snapshot).with([(image.id, image.clone())].into());
    let folder = tempfile::tempdir().unwrap();
    let summary = tiles::write(&model, folder.path(), &Feedback::silent()).unwrap();
    assert_eq!((summary.tiles, summary.refused.len()), (1, 0), "small pictures are seen from afar too");
    check_house(&Glb::open(&folder.path().join("tiles/0.glb")), 2);

    let file = folder.path().join("city.glb");
    let summary = glb::write(&model, &mut std::fs::File::create(&file).unwrap(), &Feedback::silent()).unwrap();
    assert_eq!((summary.features, summary.bytes), (2, std::fs::metadata(&file).unwrap().len()));
    let file = Glb::open(&file);
    check_house(&file, 2);
    assert_eq!(file.texts("id"), ["a", "b"]);
    for (number, mesh) in file.json["meshes"].as_array().unwrap().iter().enumerate() {
        for primitive in mesh["primitives"].as_array().unwrap() {
            assert_eq!(primitive["extensions"]["EXT_mesh_features"]["featureIds"][0]["featureCount"], 2);
            assert!(file.floats(&primitive["attributes"]["_FEATURE_ID_0"], 1).iter().all(|id| id[0] == number as f64));
        }
    }
}

#[test]
fn a_picture_that_cannot_be_drawn_leaves_the_wall_plain() {
    let gif = Image::new("wall.gif", b"GIF89a........".to_vec()).unwrap();
    let cut = Image::new("cut.png", png(b"").bytes[..40].to_vec()).unwrap();
    let missing = Texture { image: Some(ImageId::of(b"nowhere")), ..texture(&gif, Wrap::Wrap) };
    let objects = vec![house("a", 0.0, &texture(&gif, Wrap::Wrap)), house("b", 20.0, &texture(&cut, Wrap::Wrap)), house("c", 40.0, &missing)];
    let snapshot = city(objects);
    let model = Model::of(&snapshot).with([(gif.id, gif.clone()), (cut.id, cut.clone())].into());
    let folder = tempfile::tempdir().unwrap();
    let summary = tiles::write(&model, folder.path(), &Feedback::silent()).unwrap();
    assert_eq!(summary.refused, ["'cut.png': the picture is broken", "'wall.gif': glTF holds no image/gif"]);
    let file = Glb::open(&folder.path().join("tiles/0.glb"));
    assert!(file.json.get("images").is_none() && file.json.get("textures").is_none());
    assert_eq!(primitives(&file).iter().map(|(p, _)| file.floats(&p["attributes"]["POSITION"], 3).len()).sum::<usize>(), 3 * 18);
}

#[test]
fn heavy_pictures_split_a_tile_and_stay_near() {
    // Thirty houses along a street, each with a picture of a megabyte of its own.
    let images: Vec<Image> = (0..30u8).map(|n| png(&vec![n; 1 << 20])).collect();
    let objects = images.iter().enumerate().map(|(n, image)| house(&format!("h{n:02}"), 20.0 * n as f64, &texture(image, Wrap::None))).collect();
    let snapshot = city(objects);
    let model = Model::of(&snapshot).with(images.iter().map(|i| (i.id, i.clone())).collect());
    let folder = tempfile::tempdir().unwrap();
    tiles::write(&model, folder.path(), &Feedback::silent()).unwrap();
    let mut shown = BTreeSet::new();
    for entry in std::fs::read_dir(folder.path().join("tiles")).unwrap() {
        let path = entry.unwrap().path();
        let pictures = Glb::open(&path).json.get("images").map_or(0, |i| i.as_array().unwrap().len());
        let is_coarse = path.display().to_string().ends_with("-coarse.glb");
        assert!(if is_coarse { pictures == 0 } else { pictures <= 8 }, "{} has {pictures}", path.display());
        if pictures > 0 {
            let file = Glb::open(&path);
            shown.extend(file.json["images"].as_array().unwrap().iter().map(|i| ImageId::of(file.view(&i["bufferView"]))));
        }
    }
    assert_eq!(shown, images.iter().map(|i| i.id).collect());
}

/// A model and its pictures.
fn read(path: &Path) -> (SceneSnapshot, BTreeMap<ImageId, Image>) {
    let planned = qike_import::plan(&[path.to_path_buf()], &SourceOptions::default());
    let crs = qike_import::suggest_crs(&planned, &Feedback::silent());
    let mut sink = MemorySink::new(crs.clone());
    qike_import::import_all(&planned, &mut sink, &Feedback::silent()).unwrap();
    (SceneSnapshot::new(crs, sink.sources, sink.objects, sink.series), sink.images)
}

#[test]
fn real_models_show_all_their_pictures() {
    for (name, least) in [("citymodel/cjio/rotterdam/rotterdam_subset.json", 1), ("citymodel/citygml4j/datasets/lod3_building_v2.gml", 8)] {
        let Some(path) = testdata::path(name) else { return };
        let (snapshot, images) = read(&path);
        // Those of the finest shapes, of the theme that is drawn.
        let drawn = snapshot.objects().iter().filter_map(|o| o.finest());
        let worn = |g: &qike_scene::Geometry| (0..g.surface_ends.len()).filter_map(|s| g.texture_of(s)?.image).collect::<Vec<_>>();
        let wanted: BTreeSet<ImageId> = drawn.flat_map(worn).filter(|id| images.contains_key(id)).collect();
        assert!(wanted.len() >= least, "{name}: {}", wanted.len());
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("city.glb");
        let summary = glb::write(&Model::of(&snapshot).with(images), &mut std::fs::File::create(&file).unwrap(), &Feedback::silent()).unwrap();
        assert_eq!(summary.refused, Vec::<String>::new());
        let file = Glb::open(&file);
        let shown: BTreeSet<ImageId> = file.json["images"].as_array().unwrap().iter().map(|i| ImageId::of(file.view(&i["bufferView"]))).collect();
        assert_eq!(shown, wanted, "{name}");
    }
}
