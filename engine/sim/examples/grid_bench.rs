//! How fast the models run: vehicle updates per second on a signalled grid, with 1 and 2 threads, and agent-steps per second of
//! 10,000 walkers on a square.
//!
//! The grid is of the kind that SUMO's `netgenerate --grid` makes: 20 × 20 nodes, 3 lanes, 200 m, signals at every node, random
//! trips. Wall time is that of stepping; routes are found before.
//!
//! `cargo run --release --example grid_bench -p qike-sim [nodes [trips]]`

#[path = "../tests/common/mod.rs"]
mod common;

use common::ground::{Room, build, walk};
use common::{Rule, grid, random_trips, shared};
use qike_core::SimTime;
use qike_record::MemoryRecorder;
use qike_network::{AreaKind, LaneNetwork};
use qike_sim::{Demand, Options, Simulation};
use std::sync::Arc;
use std::time::Instant;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1).filter_map(|a| a.parse::<u32>().ok());
    let nodes = args.next().unwrap_or(20);
    let trips = args.next().unwrap_or(12_000);
    vehicles(nodes as usize, trips)?;
    walkers(10_000)
}

/// Everybody walks across a square of 200 m to a place of their own on its other side.
fn walkers(people: u32) -> Result<(), Box<dyn std::error::Error>> {
    let net = Arc::new(build(&[Room([0.0, 0.0, 200.0, 200.0], AreaKind::Plaza)], &[]));
    let lanes = Arc::new(LaneNetwork { outgoing_starts: vec![0], incoming_starts: vec![0], ..LaneNetwork::default() });
    let walks = (0..people).map(|i| {
        let (column, row) = (f64::from(i % 100), f64::from(i / 100));
        walk(i, 0.0, (0, [1.0 + column, 1.0 + 1.98 * row]), (0, [120.0 + 0.75 * column, 199.0 - 1.98 * row]), 1.34)
    });
    let demand = Demand { walks: walks.collect(), ..Demand::default() };
    for threads in [1, 2] {
        let options = Options { threads, end: SimTime::from_s(60), track_interval_ms: 0, ..Options::default() };
        let mut simulation = Simulation::new(lanes.clone(), net.clone(), demand.clone(), options)?;
        let (began, cpu) = (Instant::now(), cpu_s());
        simulation.run(&mut MemoryRecorder::default(), |_, _| true)?;
        let (wall, cpu) = (began.elapsed().as_secs_f64(), cpu_s() - cpu);
        let s = simulation.statistics();
        println!(
            "{people} walkers, {threads} thread(s): {wall:.2} s, {:.2} M agent-steps/s; cpu {cpu:.2} s, {:.0} ns each; {:?}; hash {:016x}",
            s.walker_updates as f64 / wall / 1e6,
            cpu * 1e9 / s.walker_updates as f64,
            s.walkers,
            simulation.state_hash(),
        );
    }
    Ok(())
}

/// Processor time of this process so far, s, where the system tells (Linux: ticks of 10 ms): on a busy machine the honest figure.
fn cpu_s() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    after_name.split_whitespace().skip(11).take(2).filter_map(|t| t.parse::<f64>().ok()).sum::<f64>() / 100.0
}

fn vehicles(nodes: usize, trips: u32) -> Result<(), Box<dyn std::error::Error>> {
    let rule = Rule::Signal { green: [30_000, 30_000], yellow: 3_000, red: 2_000 };
    let net = grid(nodes, 200.0, 3, 13.9, rule);
    println!("grid {nodes}×{nodes}: {} links, {} lanes, {} connections, {trips} trips in an hour", net.links.len(), net.lanes.len(), net.connections.len());
    let demand = random_trips(&net, trips, 3600.0, 1);
    let (lanes, walk) = shared(net);
    for threads in [1, 2] {
        let options = Options { threads, end: SimTime::from_s(7200), track_interval_ms: 0, ..Options::default() };
        let began = Instant::now();
        let mut simulation = Simulation::new(lanes.clone(), walk.clone(), demand.clone(), options)?;
        let routed = began.elapsed().as_secs_f64();
        let (began, cpu) = (Instant::now(), cpu_s());
        let mut recorder = MemoryRecorder::default();
        simulation.run(&mut recorder, |_, _| true)?;
        let (wall, cpu) = (began.elapsed().as_secs_f64(), cpu_s() - cpu);
        let s = simulation.statistics();
        let arrived = s.vehicles.arrived.max(1) as f64;
        println!(
            "{threads} thread(s): routes {routed:.2} s, steps {wall:.2} s, {:.2} M updates/s; cpu {cpu:.2} s, {:.0} ns each; {:?}; mean duration {:.0} s, loss {:.0} s; ended {}; hash {:016x}",
            s.vehicle_updates as f64 / wall / 1e6,
            cpu * 1e9 / s.vehicle_updates as f64,
            s.vehicles,
            s.vehicle_trips.duration_s / arrived,
            s.vehicle_trips.time_loss_s / arrived,
            simulation.now(),
            simulation.state_hash(),
        );
    }
    Ok(())
}
