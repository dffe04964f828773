//! The lane-level model beside SUMO 1.28 on tiny nets without chance: each shows a rule, and nobody is anywhere else than in SUMO.
//!
//! Each folder holds a scenario and `sumo.txt`: second, vehicle, lane, position (m) and speed (m/s) of SUMO's floating car data, every
//! fifth second. Differences beyond rounding mean that a rule is not SUMO's any more.

use qike_core::Feedback;
use qike_sim::micro::Micro;
use std::collections::BTreeMap;
use std::path::Path;

/// What SUMO's two decimals leave open, m and m/s; sums of rounded steps go on a little further.
const TOLERANCE: f64 = 0.03;

/// By second and vehicle: lane, position, speed.
type Seen = BTreeMap<(u64, String), (String, f64, f64)>;

fn of_sumo(folder: &Path) -> Seen {
    let text = std::fs::read_to_string(folder.join("sumo.txt")).unwrap();
    let row = |line: &str| {
        let [time, id, lane, pos, speed] = line.split(' ').collect::<Vec<_>>()[..] else { panic!("{line}") };
        ((time.parse().unwrap(), id.to_owned()), (lane.to_owned(), pos.parse().unwrap(), speed.parse().unwrap()))
    };
    text.lines().map(row).collect()
}

fn of_qike(folder: &Path) -> Seen {
    let scenario = qike_import::sumo::read_scenario(&folder.join("x.sumocfg"), &Feedback::default()).unwrap();
    let mut model = Micro::new(&scenario, 1, None).unwrap();
    let mut seen = Seen::new();
    while !model.finished() {
        let second = model.now_ms() as u64 / 1000;
        model.step();
        if second % 5 == 0 {
            for row in model.on_road() {
                let id = model.journey(row.way.vehicle).unwrap().id.clone();
                let lane = model.streets().lane_ids[row.way.lane as usize].clone();
                seen.insert((second, id), (lane, row.way.position_m, row.way.speed_mps));
            }
        }
    }
    seen
}

fn same(name: &str) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/beside_sumo").join(name);
    let (sumo, qike) = (of_sumo(&folder), of_qike(&folder));
    assert!(sumo.len() > 100, "{name}: SUMO's rows are missing");
    for (key, there) in &sumo {
        let here = qike.get(key).unwrap_or_else(|| panic!("{name}: {key:?} is not on the road, but in SUMO at {there:?}"));
        let near = |a: f64, b: f64| (a - b).abs() <= TOLERANCE;
        assert!(here.0 == there.0 && near(here.1, there.1) && near(here.2, there.2), "{name}: {key:?} is at {here:?}, in SUMO at {there:?}");
    }
    let more: Vec<_> = qike.keys().filter(|k| !sumo.contains_key(k)).collect();
    assert!(more.is_empty(), "{name}: not on the road in SUMO: {more:?}");
}

/// Who slows for the end of its way on a short edge does not wait at a link: those behind drive onto the junction before it.
#[test]
fn one_who_slows_for_its_last_edge_waits_nowhere() {
    same("last_edge");
}

/// Two lanes turn onto one over a long junction: who came first goes first, and who stands sees the other however far away the end is.
#[test]
fn two_turning_lanes_become_one_behind_a_light() {
    same("turning_lanes");
}

/// Trips find their way when they depart, by the speeds of the last three minutes, with a penalty where they give way.
#[test]
fn trips_go_around_a_road_that_is_blocked() {
    same("trips");
}

/// Who departs at a free place does so at the lane's start, or behind those on the lane where all fit.
#[test]
fn departures_at_free_places() {
    same("free_places");
}
