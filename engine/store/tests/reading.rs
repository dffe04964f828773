//! Questions to a store, each against an answer found another way.

mod common;
use common::*;
use qike_core::{Bounds2, Bounds3, Feedback};
use qike_scene::Class;
use qike_store::{Query, SceneStore};

fn filled() -> SceneStore {
    let mut store = SceneStore::in_memory(&crs()).unwrap();
    import(&mut store, "a.json", "1", town());
    store
}

fn ids(store: &SceneStore, query: Query) -> Vec<String> {
    store.find(&query).unwrap().into_iter().map(|h| h.id).collect()
}

#[test]
fn windows_are_exact_to_the_last_bit_of_f64() {
    let store = filled();
    let snapshot = store.snapshot(&Feedback::silent()).unwrap();
    // House 0 ends at x = 684008 exactly; a 32-bit coordinate there is good to 1/16 m only.
    for (edge, meets) in [(684_008.0, true), (684_008.0f64.next_up(), false), (684_008.01, false)] {
        let window = Bounds3 { min: [edge, 3_420_000.0, 0.0], max: [edge + 1.0, 3_420_001.0, 20.0] };
        assert_eq!(store.window3(&window).unwrap().len(), usize::from(meets), "{edge}");
    }
    for k in 0..40 {
        let (x, y) = (684_000.0 + f64::from(k) * 23.7, 3_420_000.0 + f64::from(k % 7) * 131.0);
        let window = Bounds2 { min: [x, y], max: [x + 180.0, y + 90.0] };
        let found: std::collections::BTreeSet<_> =
            store.window(&window).unwrap().into_iter().map(|key| store.load(key).unwrap().unwrap().id).collect();
        let expected = snapshot.window(&window).into_iter().map(|ix| snapshot.get(ix).id.clone()).collect();
        assert_eq!(found, expected);
    }
    let above = Bounds3 { min: [0.0, 0.0, 14.5], max: [1e7, 1e7, 100.0] };
    assert!(store.window3(&above).unwrap().is_empty());
}

#[test]
fn queries_combine() {
    let store = filled();
    assert_eq!(ids(&store, Query { class: Some(Class::CityFurniture), ..Query::default() }).len(), 10);
    assert_eq!(ids(&store, Query { id: Some("room/1".into()), ..Query::default() }), ["room/1"]);
    assert_eq!(ids(&store, Query { id: Some("house/1*".into()), ..Query::default() }).len(), 11);
    let near = Query { near: Some(([684_060.0, 3_420_050.0], 50.0)), ..Query::default() };
    // The road passes 0 m away and a lamp 10 m; the nearest houses' corners are 59 m away.
    assert_eq!(ids(&store, near), ["road/1", "lamp/0"]);
    let where_ = |k: &str, v: &str| Query { conditions: vec![(k.into(), v.into())], ..Query::default() };
    assert_eq!(ids(&store, where_("function", "street_lamp")).len(), 10);
    assert_eq!(ids(&store, where_("height", "10")).len(), 100);
    assert_eq!(ids(&store, where_("parent", "house/7")), ["room/1"]);
    assert_eq!(ids(&store, where_("lod", "0")).len(), 11);
    assert_eq!(ids(&store, where_("name", "lamp lamp/4")), ["lamp/4"]);
    assert_eq!(ids(&store, Query { limit: Some(3), ..Query::default() }), ["house/0", "house/1", "house/10"]);
}

#[test]
fn rays_meet_what_stands_first() {
    let store = filled();
    let down = store.pick([684_004.0, 3_420_003.0, 500.0], [0.0, 0.0, -2.0]).unwrap().unwrap();
    assert_eq!((down.id.as_str(), down.semantic.as_deref(), down.distance_m), ("house/0", Some("RoofSurface"), 486.0));
    assert_eq!(down.position, [684_004.0, 3_420_003.0, 14.0]);
    // Along a row of houses from 5 km off: the first is met, at its wall.
    let along = store.pick([689_000.0, 3_420_303.0, 9.0], [-1.0, 0.0, 0.0]).unwrap().unwrap();
    assert_eq!((along.id.as_str(), along.semantic.as_deref()), ("house/39", Some("WallSurface")));
    assert_eq!(along.distance_m, 689_000.0 - 684_908.0);
    // Between the rows there is nothing; nor upwards, nor with a direction that is none.
    for (origin, direction) in [
        ([689_000.0, 3_420_350.0, 9.0], [-1.0, 0.0, 0.0]),
        ([684_004.0, 3_420_003.0, 500.0], [0.0, 0.0, 1.0]),
        ([684_004.0, 3_420_003.0, 500.0], [0.0, 0.0, 0.0]),
        ([f64::NAN, 0.0, 0.0], [0.0, 0.0, 1.0]),
    ] {
        assert_eq!(store.pick(origin, direction).unwrap(), None);
    }
}
