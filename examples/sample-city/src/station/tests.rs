use super::*;
use crate::geo::{gap, to_ring};
use model::{Kind, Product, Profile};

fn ring(p: &Product) -> Vec<P> {
    match &p.solids[0].profile {
        Profile::Polygon(r, _) => r.clone(),
        Profile::Circle(_) => vec![],
    }
}

#[test]
fn every_inner_door_joins_two_spaces_and_every_street_door_one() {
    let m = model();
    let spaces: Vec<&Product> = m.products.iter().filter(|p| matches!(p.kind, Kind::Space { .. })).collect();
    assert!(spaces.len() >= 25, "{}", spaces.len());
    let mut kinds = std::collections::BTreeMap::new();
    for d in m.products.iter().filter(|p| matches!(p.kind, Kind::Door { .. })) {
        let touching = spaces.iter().filter(|s| s.storey == d.storey && gap(&ring(s), &ring(d)) < 1e-6).count();
        let want = match d.object_type {
            Some("street door" | "platform screen door") => 1,
            _ => 2,
        };
        assert_eq!(touching, want, "{}", d.name);
        *kinds.entry(d.object_type).or_insert(0) += 1;
    }
    assert_eq!(kinds[&Some("ticket gate")], 20);
    assert_eq!(kinds[&Some("platform screen door")], 48);
    assert_eq!(kinds[&Some("street door")], 5);
}

#[test]
fn runs_begin_and_end_at_edges_of_spaces() {
    let m = model();
    let edges_at = |storey: usize, p: P| {
        m.products.iter().filter(|s| matches!(s.kind, Kind::Space { .. }) && s.storey == storey).any(|s| match &s.solids[0].profile {
            Profile::Polygon(r, holes) => holes.iter().chain([r]).any(|r| to_ring(p, r) < 1e-6),
            Profile::Circle(_) => false,
        })
    };
    let mut runs = 0;
    for p in m.products.iter().filter(|p| matches!(p.kind, Kind::Flight { .. } | Kind::Transport("ESCALATOR"))) {
        let s = &p.solids[0];
        let Profile::Polygon(profile, _) = &s.profile else { continue };
        let run = profile.iter().map(|q| q[0]).fold(0.0, f64::max);
        let middle = [s.at[0] + s.axis[0] * s.depth / 2.0, s.at[1] + s.axis[1] * s.depth / 2.0];
        let head = [middle[0] + s.reference[0] * run, middle[1] + s.reference[1] * run];
        assert!(edges_at(p.storey, middle), "foot of {} at {middle:?}", p.name);
        assert!(edges_at(p.storey + 1, head), "head of {} at {head:?}", p.name);
        runs += 1;
    }
    assert_eq!(runs, 18);
}

#[test]
fn global_ids_are_unique_and_valid() {
    let step = model().step(&Place::at(121.93, 30.90));
    let mut ids: Vec<&str> = step.lines().filter_map(|l| l.split_once("('")).filter_map(|(_, r)| r.get(..22)).filter(|s| s.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'$')).collect();
    assert!(ids.len() > 800, "{}", ids.len());
    assert!(ids.iter().all(|i| matches!(i.as_bytes()[0], b'0'..=b'3')));
    let n = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), n);
}

#[test]
fn entrances_lie_on_the_square() {
    for (name, p) in entrances() {
        let r = crate::geo::len(p);
        assert!((1440.0..1700.0).contains(&r), "{name} {r}");
    }
}
