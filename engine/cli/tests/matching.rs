//! Map matching measured: noisy traces of known routes through Bologna, and how many of their roads are found.

use qike_core::{CounterRng, Feedback, testdata};
use qike_network::matching::{MatchOptions, Matcher, Roads};
use qike_network::streets::Streets;
use qike_network::traffic::{RoadUsers, TrafficScenario};
use std::collections::BTreeSet;

fn bologna() -> Option<(TrafficScenario, Streets)> {
    let path = testdata::path("traffic/sumo/bologna/acosta")?.join("run.sumocfg");
    let scenario = qike_import::sumo::read_scenario(&path, &Feedback::silent()).unwrap();
    let streets = Streets::from_map(&scenario.map).unwrap().0;
    Some((scenario, streets))
}

/// Places along a route, second by second: from 20 m into its first road, at 6 to 14 m/s, with a stand of 20 s now and then.
fn drive(roads: &Roads, route: &[u32], rng: &mut CounterRng) -> Vec<[f64; 2]> {
    let mut starts = vec![0.0];
    for w in route.windows(2) {
        starts.push(starts.last().unwrap() + roads.length(w[0]) + roads.between(w[0], w[1]).unwrap());
    }
    let end = starts.last().unwrap() + roads.length(*route.last().unwrap()) - 5.0;
    let (mut at, mut places) = (20.0_f64.min(roads.length(route[0]) / 2.0), Vec::new());
    let speed = 6.0 + 8.0 * rng.uniform();
    while at < end {
        let n = starts.partition_point(|s| *s <= at) - 1;
        let place = roads.at(route[n], at - starts[n]).0;
        let stands = if rng.uniform() < 0.01 { 20 } else { 1 };
        places.extend((0..stands).map(|_| place));
        at += speed;
    }
    places
}

/// Length of the longest common subsequence.
fn common(a: &[u32], b: &[u32]) -> usize {
    let mut row = vec![0; b.len() + 1];
    for x in a {
        let mut before = 0;
        for (n, y) in b.iter().enumerate() {
            let above = row[n + 1];
            row[n + 1] = if x == y { before + 1 } else { above.max(row[n]) };
            before = above;
        }
    }
    row[b.len()]
}

#[test]
fn the_roads_of_noisy_traces_are_found() {
    let Some((scenario, streets)) = bologna() else { return };
    let roads = Roads::of_streets(&streets, RoadUsers::PASSENGER);
    let whole = |path: &&[u32]| path.len() >= 6 && path.windows(2).all(|w| roads.between(w[0], w[1]).is_some());
    let routes: BTreeSet<&[u32]> = scenario.demand.paths.iter().map(|p| p.edges.as_slice()).filter(whole).collect();
    assert!(routes.len() > 50, "{}", routes.len());
    let routes: Vec<&[u32]> = routes.into_iter().step_by(3).take(60).collect();
    // Of the roads that were driven, the share that is found; and roads that are found and were not driven, of those that were.
    for (sigma, every, right, wrong) in [
        (5.0, 1, 0.99, 0.01),
        (5.0, 10, 0.99, 0.01),
        (5.0, 30, 0.98, 0.02),
        (10.0, 1, 0.96, 0.06),
        (10.0, 10, 0.98, 0.02),
        (10.0, 60, 0.97, 0.03),
    ] {
        let options = MatchOptions { sigma_m: sigma, ..MatchOptions::default() };
        let mut matcher = Matcher::new(&roads, options);
        let (mut driven, mut found, mut extra) = (0, 0, 0);
        for (n, route) in routes.iter().enumerate() {
            let mut rng = CounterRng::new(7, n as u64, every as u64);
            let places = drive(&roads, route, &mut rng);
            let last = places.len() - 1;
            let fixes: Vec<(i64, [f64; 2])> = places.iter().enumerate().filter(|(k, _)| k % every == 0 || *k == last).map(|(k, p)| (k as i64 * 1000, [rng.normal(p[0], sigma), rng.normal(p[1], sigma)])).collect();
            let matched: Vec<u32> = matcher.trace(&fixes).into_iter().flat_map(|m| m.roads).collect();
            let same = common(route, &matched);
            (driven, found, extra) = (driven + route.len(), found + same, extra + matched.len() - same);
        }
        let (share, others) = (found as f64 / driven as f64, extra as f64 / driven as f64);
        println!("sigma {sigma} m, every {every} s: {:.1} % of {driven} roads found, {:.1} % others", 100.0 * share, 100.0 * others);
        assert!(share >= right && others <= wrong, "sigma {sigma}, every {every} s: {share} {others}");
    }
}

#[test]
fn outliers_gaps_and_places_off_the_roads_are_left_out() {
    let Some((scenario, streets)) = bologna() else { return };
    let roads = Roads::of_streets(&streets, RoadUsers::PASSENGER);
    let route = scenario.demand.paths.iter().map(|p| p.edges.as_slice()).find(|p| p.len() > 8 && p.windows(2).all(|w| roads.between(w[0], w[1]).is_some())).unwrap();
    let places = drive(&roads, route, &mut CounterRng::new(1, 2, 3));
    let clean: Vec<(i64, [f64; 2])> = places.iter().enumerate().map(|(k, p)| (k as i64 * 1000, *p)).collect();
    let mut matcher = Matcher::new(&roads, MatchOptions { sigma_m: 5.0, ..MatchOptions::default() });
    let whole = matcher.trace(&clean);
    assert_eq!((whole.len(), common(&whole[0].roads, route), matcher.counts.outliers), (1, route.len(), 0));
    assert!(whole[0].points.windows(2).all(|w| w[0].1 <= w[1].1), "nobody drives backwards");
    assert_eq!(whole[0].points.len(), clean.len());

    // Single fixes that are a kilometre off, or no numbers, change nothing.
    let mut odd = clean.clone();
    odd[10].1[0] += 3000.0;
    odd[20].1 = [f64::NAN, 0.0];
    let mut matcher = Matcher::new(&roads, MatchOptions { sigma_m: 5.0, ..MatchOptions::default() });
    assert_eq!(matcher.trace(&odd).iter().map(|m| m.roads.clone()).collect::<Vec<_>>(), [whole[0].roads.clone()]);
    assert_eq!(matcher.counts.outliers, 2);

    // Half an hour without a fix makes two traces of one; fixes with no road near are left out.
    let half = clean.len() / 2;
    let late: Vec<_> = clean.iter().enumerate().map(|(k, (t, p))| (if k < half { *t } else { t + 1_800_000 }, *p)).collect();
    assert_eq!(matcher.trace(&late).len(), 2);
    let far: Vec<_> = (0..20).map(|k| (k * 1000, [1e6 + k as f64, 1e6])).collect();
    assert!(matcher.trace(&far).is_empty());
    assert!(matcher.trace(&[]).is_empty() && matcher.trace(&[(0, [f64::INFINITY, 0.0])]).is_empty());
}
