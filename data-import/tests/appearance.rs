//! Materials, textures and themes of real models with their true counts, and of small ones with every turn of the formats.

use qike_core::{Crs, Feedback, Severity, SourceCrs, testdata};
use qike_import::{Source, SourceOptions, sniff};
use qike_scene::sink::MemorySink;
use qike_scene::{Geometry, Texture, Wrap};
use std::path::Path;

fn import(path: &Path) -> MemorySink {
    let mut sink = MemorySink::new(Crs::local());
    let options = SourceOptions { source_crs: Some(SourceCrs::Crs(Crs::local())), ..Default::default() };
    let source = Source::new(path).with(options);
    sniff(path).unwrap().import(&source, &mut sink, &Feedback::silent()).unwrap();
    assert!(geometries(&sink).all(|g| g.is_consistent() && g.is_finite()), "{}", path.display());
    sink
}

fn geometries(sink: &MemorySink) -> impl Iterator<Item = &Geometry> {
    sink.objects.iter().flat_map(|o| &o.geometries)
}

/// Surfaces that wear a texture with its picture, and rings on them whose coordinates are not all zero.
fn textured(sink: &MemorySink) -> (usize, usize) {
    let (mut surfaces, mut rings) = (0, 0);
    for g in geometries(sink) {
        for surface in g.surfaces().filter(|s| g.texture_of(s.index).is_some_and(|t| t.image.is_some())) {
            surfaces += 1;
            let mut corner = surface.first_corner() as usize;
            for ring in surface.rings() {
                rings += usize::from(g.uv()[corner..corner + ring.len()].iter().any(|uv| *uv != [0.0; 2]));
                corner += ring.len();
            }
        }
    }
    (surfaces, rings)
}

fn warnings(sink: &MemorySink) -> Vec<String> {
    sink.diagnostics.iter().filter(|d| d.severity >= Severity::Warning && d.code != "crs-unknown").map(ToString::to_string).collect()
}

#[test]
fn every_texture_of_a_lod3_building_is_on_its_surface() {
    let Some(path) = testdata::path("citymodel/citygml4j/datasets/lod3_building_v2.gml") else { return };
    let sink = import(&path);
    // 35 textures show 8 pictures, and each of the 3,092 polygons has a target and coordinates for its ring; so has each a material.
    assert_eq!(sink.images.len(), 8);
    let (surfaces, rings) = textured(&sink);
    assert!((3092, 3092) <= (surfaces, rings), "{surfaces} surfaces, {rings} rings");
    assert!(geometries(&sink).all(|g| g.surfaces().all(|s| g.material_of(s.index).is_some())));
    assert!(sink.images.values().all(|i| i.name.ends_with(i.ending()) && i.name.contains("appearances/")), "{:?}", sink.images.values().map(|i| (&i.name, i.mime)).collect::<Vec<_>>());
    assert!(warnings(&sink).iter().all(|w| !w.contains("texture") && !w.contains("image")), "{:?}", warnings(&sink));
}

#[test]
fn a_plateau_tile_has_its_photographs() {
    let Some(path) = testdata::path("citymodel/plateau/yokosuka-shi/udx/bldg/52397519_bldg_6697_op.gml") else { return };
    let sink = import(&path);
    assert_eq!(sink.images.len(), 3);
    // 335 targets with a ring each.
    assert_eq!(textured(&sink), (335, 335));
    assert!(geometries(&sink).flat_map(Geometry::dresses).all(|d| d.theme == "rgbTexture"));
}

#[test]
fn rotterdam_has_its_picture() {
    for (file, pictures) in [("rotterdam_one.json", 1), ("rotterdam_subset.json", 1)] {
        let Some(path) = testdata::path(&format!("citymodel/cjio/rotterdam/{file}")) else { return };
        let sink = import(&path);
        assert_eq!(sink.images.len(), pictures, "{file}: {:?}", sink.diagnostics);
        let (surfaces, rings) = textured(&sink);
        assert!(surfaces > 0 && rings >= surfaces, "{file}: {surfaces} surfaces, {rings} rings");
        assert!(geometries(&sink).flat_map(|g| g.uv()).flatten().all(|c| (-0.01..=1.01).contains(c)), "{file}");
    }
}

const PNG: &[u8] = b"\x89PNG\r\n\x1A\n0000";

/// A triangle with a hole at (1, 1), two themes, a matrix, an association of 3.0, a picture that is missing.
const GML: &str = r##"<CityModel xmlns="http://www.opengis.net/citygml/2.0" xmlns:gml="http://www.opengis.net/gml" xmlns:bldg="http://www.opengis.net/citygml/building/2.0"
 xmlns:app="http://www.opengis.net/citygml/appearance/2.0"><cityObjectMember><bldg:Building gml:id="b"><bldg:lod2MultiSurface><gml:MultiSurface gml:id="all">
<gml:surfaceMember><gml:Polygon gml:id="p"><gml:exterior><gml:LinearRing gml:id="r"><gml:posList>0 0 5 8 0 5 8 0 5 0 8 5 0 0 5</gml:posList></gml:LinearRing></gml:exterior>
<gml:interior><gml:LinearRing gml:id="h"><gml:posList>1 1 5 1 2 5 2 1 5 1 1 5</gml:posList></gml:LinearRing></gml:interior></gml:Polygon></gml:surfaceMember>
<gml:surfaceMember><gml:Polygon gml:id="q"><gml:exterior><gml:LinearRing gml:id="s"><gml:posList>0 0 0 4 0 0 4 4 0 0 0 0</gml:posList></gml:LinearRing></gml:exterior></gml:Polygon></gml:surfaceMember>
</gml:MultiSurface></bldg:lod2MultiSurface></bldg:Building></cityObjectMember>
<app:appearanceMember><app:Appearance><app:theme>summer</app:theme><app:surfaceDataMember><app:ParameterizedTexture>
<app:imageURI>pictures/wall.png</app:imageURI><app:mimeType>image/png</app:mimeType><app:textureType>specific</app:textureType><app:wrapMode>border</app:wrapMode><app:borderColor>0 0.5 1 0.25</app:borderColor>
<app:target uri="#p"><app:TexCoordList><app:textureCoordinates ring="#r">0 0 1 0 1 0 0 1 0 0</app:textureCoordinates><app:textureCoordinates ring="#h">0.1 0.1 0.1 0.2 0.2 0.1 0.1 0.1</app:textureCoordinates></app:TexCoordList></app:target>
<app:target uri="#q"><app:TexCoordGen><app:worldToTexture>0.25 0 0 0 0 0.25 0 0.5 0 0 0 1</app:worldToTexture></app:TexCoordGen></app:target>
</app:ParameterizedTexture></app:surfaceDataMember>
<app:surfaceDataMember><app:X3DMaterial><app:ambientIntensity>0.5</app:ambientIntensity><app:diffuseColor>1 0 0</app:diffuseColor><app:emissiveColor>0 0 1</app:emissiveColor><app:specularColor>0 1 0</app:specularColor><app:shininess>0.75</app:shininess><app:transparency>0.5</app:transparency><app:isSmooth>true</app:isSmooth><app:target>#all</app:target></app:X3DMaterial></app:surfaceDataMember>
</app:Appearance></app:appearanceMember>
<app:appearanceMember><app:Appearance><app:theme>winter</app:theme><app:surfaceDataMember><app:ParameterizedTexture><app:imageURI>pictures/snow.png</app:imageURI>
<app:textureParameterization><app:TextureAssociation><app:target>#q</app:target><app:textureParameterization><app:TexCoordList><app:textureCoordinates>0 0 1 0 1 1 0 0</app:textureCoordinates><app:ring>#s</app:ring></app:TexCoordList></app:textureParameterization></app:TextureAssociation></app:textureParameterization>
</app:ParameterizedTexture></app:surfaceDataMember></app:Appearance></app:appearanceMember></CityModel>"##;

fn folder_with(name: &str, text: &[u8]) -> (tempfile::TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("pictures")).unwrap();
    std::fs::write(folder.path().join("pictures/wall.png"), PNG).unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, text).unwrap();
    (folder, path)
}

#[test]
fn citygml_themes_matrices_and_associations() {
    let (_folder, path) = folder_with("a.gml", GML.as_bytes());
    let sink = import(&path);
    let g = geometries(&sink).next().unwrap();
    let wall = g.texture_of(0).unwrap();
    assert_eq!(
        *wall,
        Texture {
            uri: "pictures/wall.png".into(),
            image: sink.images.keys().next().copied(),
            mime: "image/png".into(),
            wrap: Some(Wrap::Border),
            border: Some([0.0, 0.5, 1.0, 0.25]),
            kind: Some(qike_scene::TextureKind::Specific),
        }
    );
    // The repeated point of the outer ring takes its coordinates along; the second face has them by the matrix.
    let expected: [[f32; 2]; 9] = [[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.1, 0.1], [0.1, 0.2], [0.2, 0.1], [0.0, 0.5], [1.0, 0.5], [1.0, 1.5]];
    assert_eq!(g.uv(), expected);
    let material = g.material_of(1).unwrap();
    assert_eq!((material.colour, material.shading.shininess, material.shading.smooth), ([1.0, 0.0, 0.0, 0.5], Some(0.75), Some(true)));
    assert_eq!((material.shading.ambient_intensity, material.shading.emissive, material.shading.specular), (Some(0.5), Some([0.0, 0.0, 1.0]), Some([0.0, 1.0, 0.0])));
    let dresses = g.dresses();
    assert_eq!(dresses.iter().map(|d| d.theme).collect::<Vec<_>>(), ["summer", "winter"]);
    assert_eq!(dresses[1].uv[6..], [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0]]);
    assert_eq!(sink.diagnostics.iter().filter(|d| d.code == "image-missing").count(), 1, "{:?}", sink.diagnostics);
}

#[test]
fn the_same_document_in_other_encodings_is_the_same_model() {
    let text = GML.replace("<bldg:lod2MultiSurface>", "<gml:name>建築物 12</gml:name><bldg:lod2MultiSurface>");
    let utf16 = |little: bool| -> Vec<u8> {
        let units = std::iter::once(0xFEFF).chain(text.encode_utf16());
        units.flat_map(|u| if little { u.to_le_bytes() } else { u.to_be_bytes() }).collect()
    };
    let declared = |label: &str| {
        let encoding = encoding_rs::Encoding::for_label(label.as_bytes()).unwrap();
        encoding.encode(&format!("<?xml version=\"1.0\" encoding=\"{label}\"?>\n{text}")).0.into_owned()
    };
    let (_folder, path) = folder_with("a.gml", text.as_bytes());
    let expected = import(&path);
    assert_eq!(expected.objects[0].name.as_deref(), Some("建築物 12"));
    let with_mark = [b"\xEF\xBB\xBF".as_slice(), text.as_bytes()].concat();
    let only_cr = text.replace('\n', "\r").into_bytes();
    for bytes in [utf16(true), utf16(false), declared("GB18030"), declared("Shift_JIS"), with_mark, only_cr] {
        let (_folder, path) = folder_with("a.gml", &bytes);
        assert_eq!(import(&path).objects, expected.objects, "{:?}", String::from_utf8_lossy(&bytes[..60]));
    }
    // Bytes that mean nothing: told with their line, and everything else is there.
    let mut broken = text.clone().into_bytes();
    let at = text.find("12</gml:name>").unwrap();
    broken[at] = 0xFF;
    let (_folder, path) = folder_with("a.gml", &broken);
    let sink = import(&path);
    assert_eq!(sink.objects[0].name.as_deref(), Some("建築物 \u{FFFD}2"));
    let found = sink.diagnostics.iter().find(|d| d.code == "text-encoding").unwrap();
    assert_eq!(found.place.line, Some(2), "{found}");
}

/// A picture outside the folder of the model is not read, whatever it is.
#[test]
fn pictures_outside_are_not_read() {
    for uri in ["../secret.png", "/etc/passwd", "http://example.org/a.png", "file:///etc/passwd", "pictures/../../secret.png"] {
        let (folder, path) = folder_with("a.gml", GML.replace("pictures/wall.png", uri).as_bytes());
        std::fs::write(folder.path().parent().unwrap().join("secret.png"), PNG).ok();
        let sink = import(&path);
        assert!(sink.images.is_empty(), "{uri}");
        assert!(sink.diagnostics.iter().any(|d| d.code == "image-outside"), "{uri}: {:?}", sink.diagnostics);
        assert_eq!(geometries(&sink).next().unwrap().texture_of(0).unwrap().image, None);
    }
}

const CITYJSON: &str = r##"{"type":"CityJSON","version":"2.0","transform":{"scale":[1,1,1],"translate":[0,0,0]},
"CityObjects":{"b":{"type":"Building","geometry":[{"type":"Solid","lod":"2","boundaries":[[[[0,1,2]],[[0,2,3],[1,2,0]]]],
"material":{"paint":{"values":[[0,null]]},"night":{"value":1}},
"texture":{"summer":{"values":[[[[0,0,1,2]],[[1,2,1,0],[1,0,1,2]]]]},"winter":{"values":[[[[null]],[[0,2,1,0],[null]]]]}}}]}},
"appearance":{"default-theme-texture":"winter","default-theme-material":"night",
"materials":[{"name":"red","diffuseColor":[1,0,0],"shininess":0.5},{"name":"dark","transparency":0.25}],
"textures":[{"type":"PNG","image":"pictures/wall.png","wrapMode":"mirror","borderColor":[0,0,1]},{"type":"JPG","image":"pictures/no.jpg"}],
"vertices-texture":[[0,0],[1,0],[0.5,1]]},"vertices":[[0,0,0],[9,0,0],[0,9,0],[0,0,9]]}"##;

#[test]
fn cityjson_themes() {
    let (_folder, path) = folder_with("a.city.json", CITYJSON.as_bytes());
    let sink = import(&path);
    let g = geometries(&sink).next().unwrap();
    assert_eq!(g.dresses().iter().map(|d| d.theme).collect::<Vec<_>>(), ["night", "winter", "paint", "summer"]);
    assert_eq!((g.texture_of(0), g.texture_of(1).map(|t| (t.image.is_some(), t.wrap))), (None, Some((true, Some(Wrap::Mirror)))));
    assert_eq!(g.uv()[3..], [[0.5, 1.0], [1.0, 0.0], [0.0, 0.0], [0.0; 2], [0.0; 2], [0.0; 2]]);
    assert_eq!((0..2).map(|s| g.material_of(s).unwrap().name.as_str()).collect::<Vec<_>>(), ["dark", "dark"]);
    let summer = &g.dresses()[3];
    assert_eq!(summer.uv[..6], [[0.0, 0.0], [1.0, 0.0], [0.5, 1.0], [0.5, 1.0], [1.0, 0.0], [0.0, 0.0]]);
    assert_eq!(warnings(&sink).len(), 1, "only the missing picture: {:?}", warnings(&sink));
}

/// Cut and altered models give a model or an error, never a panic.
#[test]
fn damaged_appearances_end_in_a_message() {
    for (name, text) in [("a.gml", GML), ("a.city.json", CITYJSON)] {
        let mut seed = 0x9E37_79B9_7F4A_7C15_u64;
        let mut next = |below: usize| {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            (seed % below as u64) as usize
        };
        let (_folder, path) = folder_with(name, text.as_bytes());
        let importer = sniff(&path).unwrap();
        let mut good = 0;
        for round in 0..600 {
            let mut bytes = text.as_bytes().to_vec();
            if round % 3 == 0 {
                bytes.truncate(next(text.len()));
            } else {
                for _ in 0..=next(4) {
                    let at = next(bytes.len());
                    // Digits and brackets reach further into the importer than noise does.
                    bytes[at] = if round % 3 == 1 { b"0123456789[]{}<>\"#,- \xFF"[next(22)] } else { next(256) as u8 };
                }
            }
            std::fs::write(&path, &bytes).unwrap();
            let options = SourceOptions { source_crs: Some(SourceCrs::Crs(Crs::local())), ..Default::default() };
            let mut sink = MemorySink::new(Crs::local());
            let done = importer.import(&Source::new(&path).with(options), &mut sink, &Feedback::silent());
            assert!(geometries(&sink).all(Geometry::is_consistent), "round {round}");
            good += usize::from(done.is_ok());
        }
        assert!(good > 10, "{name}: {good}");
    }
}
