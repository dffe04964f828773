//! Faults of roads as a network, one small town each, and none where nothing is wrong.

mod common;

use common::{Town, cross};
use qike_network::{RoadCheckOptions, check_roads};

const STREET: &[(&str, &str)] = &[("highway", "residential")];
const ONE_WAY: &[(&str, &str)] = &[("highway", "residential"), ("oneway", "yes")];

fn told(town: &Town) -> Vec<(String, String)> {
    let all = check_roads(&town.scene(), &RoadCheckOptions::default());
    all.into_iter().map(|d| (d.code.into_owned(), d.object.unwrap_or_default())).collect()
}

fn pair(code: &str, object: &str) -> (String, String) {
    (code.to_owned(), object.to_owned())
}

#[test]
fn a_sound_crossing_has_no_faults() {
    let mut town = cross(STREET, STREET);
    town.restrict(1, "no_left_turn", "osm:node/1", 4);
    assert_eq!(told(&town), []);
}

#[test]
fn a_road_without_length() {
    let mut town = cross(STREET, STREET);
    town.node(6, 100., 0.);
    town.road(5, &[3, 6], STREET);
    assert!(told(&town).contains(&pair("road-no-length", "osm:way/5")), "{:?}", told(&town));
}

#[test]
fn ends_beside_a_road_and_nodes_in_one_place() {
    let mut town = cross(STREET, STREET);
    // Forty centimetres short of the road, beside no node of it.
    town.node(6, 50., 0.4).node(7, 50., 60.);
    town.road(5, &[6, 7], STREET);
    let found = told(&town);
    assert!(found.contains(&pair("road-gap", "osm:way/5")) && found.contains(&pair("road-unreachable", "")), "{found:?}");
    let gap = check_roads(&town.scene(), &RoadCheckOptions::default()).into_iter().find(|d| d.code == "road-gap").unwrap();
    assert!(gap.message.contains("0.40 m") && gap.place.position == Some([50.0, 0.4, 0.0]), "{gap}");
    // On a bridge over it nothing is wrong but that it leads nowhere.
    let mut over = cross(STREET, STREET);
    over.node(6, 50., 0.4).node(7, 50., 60.);
    over.road(5, &[6, 7], &[("highway", "residential"), ("bridge", "yes")]);
    assert_eq!(told(&over), [pair("road-unreachable", "")]);
    // At the same place as the end of another road, under another number.
    let mut twice = cross(STREET, STREET);
    twice.node(6, 100., 0.).node(7, 200., 0.);
    twice.road(5, &[6, 7], STREET);
    assert_eq!(told(&twice), [pair("road-node-not-shared", "osm:way/5"), pair("road-unreachable", "")]);
}

#[test]
fn one_way_roads_that_lead_nowhere() {
    let mut town = cross(STREET, STREET);
    town.node(6, 150., 60.).node(7, 150., -60.);
    town.road(5, &[3, 6], ONE_WAY);
    town.road(6, &[7, 3], ONE_WAY);
    assert_eq!(told(&town), [pair("road-one-way-in", "osm:way/6"), pair("road-one-way-out", "osm:way/5")]);
}

#[test]
fn restrictions_that_name_what_is_not_there() {
    let mut town = cross(STREET, STREET);
    town.restrict(1, "no_left_turn", "osm:node/1", 99);
    town.restrict(2, "no_right_turn", "osm:node/77", 4);
    town.restrict(3, "only_straight_on", "osm:node/1", 98);
    assert_eq!(told(&town), [pair("restriction-absent", "osm:way/1"), pair("restriction-absent", "osm:way/2"), pair("restriction-unusable", "osm:way/3")]);
}

#[test]
fn many_findings_are_counted() {
    let mut town = Town::default();
    for i in 0..5 {
        let x = 100.0 * i as f64;
        town.node(2 * i, x, 0.).node(2 * i + 1, x, 0.);
        town.road(i, &[2 * i, 2 * i + 1], STREET);
    }
    let all = check_roads(&town.scene(), &RoadCheckOptions { most: 2, ..RoadCheckOptions::default() });
    assert_eq!(all.len(), 3);
    assert!(all[2].message.starts_with("3 more"), "{}", all[2]);
}
