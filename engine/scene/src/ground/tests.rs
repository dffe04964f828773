use super::*;
use crate::{Geometry, GeometryBuilder, GeometryKind, Lod, SourceId};
use proptest::prelude::*;

/// A hillside of n × n cells of `step` metres: height x / 10 + 50, with a pit of 8 m in the middle.
fn hillside(id: &str, n: u32, step: f64) -> CityObject {
    let mut vertices = vec![];
    for r in 0..=n {
        for c in 0..=n {
            let pit = if (c, r) == (n / 2, n / 2) { 8.0 } else { 0.0 };
            vertices.push([f64::from(c) * step, f64::from(r) * step, f64::from(c) * step / 10.0 + 50.0 - pit]);
        }
    }
    let at = |c: u32, r: u32| r * (n + 1) + c;
    let mut indices = vec![];
    for r in 0..n {
        for c in 0..n {
            indices.extend([at(c, r), at(c + 1, r), at(c + 1, r + 1), at(c, r), at(c + 1, r + 1), at(c, r + 1)]);
        }
    }
    let mut object = CityObject::new(id, Class::Relief, SourceId(0));
    object.geometries.push(Geometry::mesh(Lod::ONE, vertices, indices));
    object
}

fn ground() -> Ground {
    let mut ground = Ground::new();
    ground.add(&hillside("t", 20, 10.0));
    ground.index();
    ground
}

fn house(x: f64, y: f64, w: f64) -> CityObject {
    let mut b = GeometryBuilder::new(Lod::ONE, GeometryKind::Solid);
    let ring = |z: f64| vec![[x, y, z], [x + w, y, z], [x + w, y + w, z], [x, y + w, z]];
    let mut floor = ring(0.0);
    floor.reverse();
    b.surface(&[floor], None).surface(&[ring(9.0)], None);
    for k in 0..4 {
        let (p, q) = (ring(0.0)[k], ring(0.0)[(k + 1) % 4]);
        b.surface(&[vec![p, q, [q[0], q[1], 9.0], [p[0], p[1], 9.0]]], None);
    }
    let mut object = CityObject::new("house", Class::Building, SourceId(0));
    object.geometries.push(b.build());
    object
}

#[test]
fn a_house_stands_on_the_lowest_ground_under_it() {
    let ground = ground();
    let mut low = house(20.0, 20.0, 12.0);
    assert_eq!(ground.set(&mut low), Set::Lifted(Some(52.0)));
    assert_eq!((low.bounds().min[2], low.bounds().max[2], low.number("ground_height_m")), (52.0, 61.0, Some(52.0)));
    // The pit at (100, 100) lies inside, away from every corner and edge.
    let mut over_pit = house(95.0, 95.0, 10.0);
    assert_eq!(ground.set(&mut over_pit), Set::Lifted(Some(52.0)), "{:?}", over_pit.bounds());
    // What has heights stays, also when it is set again; what lies beside the ground stays too.
    assert_eq!(ground.set(&mut low), Set::Kept(Kept::AsItIs));
    let mut beside = house(195.0, 20.0, 12.0);
    assert_eq!(ground.set(&mut beside), Set::Kept(Kept::NoGround));
    assert_eq!(beside, house(195.0, 20.0, 12.0));
}

#[test]
fn roads_follow_the_ground_and_bridges_do_not() {
    let ground = ground();
    let line = [[80.0, 100.0, 0.0], [100.0, 100.0, 0.0], [120.0, 100.0, 0.0]];
    let road = |tag: Option<&str>| {
        let mut object = CityObject::new("road", Class::Road, SourceId(0));
        object.geometries.push(Geometry::line(Lod::ZERO, &line));
        object.attributes.extend(tag.map(|t| (t.to_owned(), "yes".into())));
        assert_eq!(ground.set(&mut object), Set::Lifted(None));
        object.geometries[0].vertices.iter().map(|v| v[2]).collect::<Vec<_>>()
    };
    assert_eq!(road(None), [58.0, 52.0, 62.0]);
    assert_eq!(road(Some("bridge")), [58.0, 60.0, 62.0]);
    let mut pipe = CityObject::new("pipe", Class::UtilityNetworkElement, SourceId(0));
    pipe.geometries.push(Geometry::line(Lod::ZERO, &line[..1].iter().chain(&line[2..]).copied().collect::<Vec<_>>()));
    pipe.attributes.insert("depth_m".into(), 1.5.into());
    assert_eq!(ground.set(&mut pipe), Set::Lifted(None));
    assert_eq!(pipe.geometries[0].vertices.iter().map(|v| v[2]).collect::<Vec<_>>(), [56.5, 60.5]);
    let mut lamp = CityObject::new("lamp", Class::CityFurniture, SourceId(0));
    lamp.geometries.push(Geometry::point(Lod::ZERO, [33.0, 44.0, 0.0]));
    assert_eq!((ground.set(&mut lamp), lamp.bounds().min[2]), (Set::Lifted(Some(53.3)), 53.3));
}

#[test]
fn the_finer_of_two_grounds_tells_in_whatever_order_they_come() {
    let coarse = || {
        let mut coarse = hillside("a", 2, 100.0);
        coarse.geometries[0].translate([0.0, 0.0, 7.0]);
        coarse
    };
    for first in [0, 1] {
        let mut ground = Ground::new();
        let mut both = [coarse(), hillside("z", 20, 10.0)];
        both.rotate_left(first);
        both.iter().for_each(|o| ground.add(o));
        ground.index();
        assert_eq!(ground.height([33.0, 44.0]), Some(53.3));
    }
    let mut none = Ground::new();
    none.add(&house(0.0, 0.0, 1.0));
    none.index();
    assert!(none.is_empty() && none.height([0.5, 0.5]).is_none());
    assert_eq!(ground().height([f64::NAN, 0.0]), None);
}

proptest! {
    #[test]
    fn every_place_on_the_ground_has_its_height(x in 0.0..200.0f64, y in 0.0..200.0f64) {
        let height = ground().height([x, y]).unwrap();
        let slope = x / 10.0 + 50.0;
        let near_pit = (x - 100.0).abs() <= 10.0 && (y - 100.0).abs() <= 10.0;
        let right = if near_pit { height <= slope + 1e-9 } else { (height - slope).abs() < 1e-9 };
        prop_assert!(right, "{} at ({}, {})", height, x, y);
    }
}
