//! Pictures of textures: kept once, as long as a source shows them.

#[allow(dead_code)]
mod common;
use common::{crs, house, source};
use qike_core::Feedback;
use qike_scene::{Image, ObjectSink, Texture, Theme};
use qike_store::SceneStore;

fn picture(name: &str, shade: u8) -> Image {
    Image::new(name, [b"\x89PNG\r\n\x1A\n".as_slice(), &[shade; 64]].concat()).unwrap()
}

/// Imports a house that wears a picture.
fn import(store: &mut SceneStore, path: &str, image: &Image) -> bool {
    let mut transaction = store.import(&Feedback::silent()).unwrap();
    transaction.source(source(path, "1")).unwrap();
    let mut object = house(path, 0.0, 0.0, 10.0);
    let g = &mut object.geometries[0];
    let texture = Texture { uri: image.name.clone(), image: Some(image.id), mime: image.mime.into(), wrap: None, border: None, kind: None };
    let theme = Theme { name: "photo".into(), surface_texture: vec![0; 6], uv: vec![[0.5, 0.25]; g.indices.len()], ..Theme::default() };
    g.dress(vec![theme], vec![texture], [None, None]);
    transaction.image(image.clone()).unwrap();
    transaction.image(image.clone()).unwrap();
    transaction.object(object).unwrap();
    transaction.commit().unwrap().changed
}

#[test]
fn a_picture_stays_while_a_source_shows_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("town.gpkg");
    let mut store = SceneStore::create(&path, &crs()).unwrap();
    assert!(store.images().unwrap().is_empty());
    let (wall, roof) = (picture("a/wall.png", 1), picture("a/roof.png", 2));
    assert_eq!(store.image(wall.id).unwrap(), None);
    assert!(import(&mut store, "a.gml", &wall));
    assert!(import(&mut store, "b.gml", &wall));
    assert_eq!(store.images().unwrap().len(), 1, "two sources, one picture");
    drop(store);

    let before = std::fs::read(&path).unwrap();
    let mut store = SceneStore::open(&path).unwrap();
    assert!(!import(&mut store, "a.gml", &wall), "the same again changes nothing");
    drop(store);
    assert!(before == std::fs::read(&path).unwrap());

    let mut store = SceneStore::open(&path).unwrap();
    assert!(import(&mut store, "a.gml", &roof));
    let names = |store: &SceneStore| store.images().unwrap().into_iter().map(|i| i.name).collect::<Vec<_>>();
    assert_eq!(names(&store).len(), 2, "the other source still shows the wall");
    assert!(import(&mut store, "b.gml", &roof));
    assert_eq!(names(&store), ["a/roof.png"], "nobody shows the wall any more");
    assert_eq!(store.image(roof.id).unwrap(), Some(roof.clone()));
    let snapshot = store.snapshot(&Feedback::silent()).unwrap();
    let texture = snapshot.objects()[0].geometries[0].texture_of(3).unwrap();
    assert_eq!(texture.image, Some(roof.id));
}
