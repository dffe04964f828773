//! What it costs to fork a running city: milliseconds, bytes, and whether both go on alike, with so many vehicles on the road at once,
//! lane by lane and as queues.
//!
//! The city is parallel roads of three lanes, 1.2 km up to a light and 400 m beyond it, on which two vehicles depart each second. Wall
//! time is that of the fork alone; what the two forks do not share is what the process has grown by.
//!
//! `cargo run --release --example fork_bench -p qike-sim [vehicles]`

#[allow(dead_code)] // The maps are shared with tests.
#[path = "../tests/streets/mod.rs"]
mod streets;

use qike_sim::TrafficModel;
use qike_sim::micro::Micro;
use qike_sim::queue::Queues;
use std::time::Instant;

/// Vehicles on a road when the fork is made.
const ON_A_ROAD: u32 = 100;
const ROUNDS: usize = 5;

/// Bytes of the process in memory, where the system tells.
fn resident() -> u64 {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    text.split_whitespace().nth(1).and_then(|pages| pages.parse::<u64>().ok()).map_or(0, |pages| pages * 4096)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let wanted: u32 = std::env::args().nth(1).map_or(Ok(1_000_000), |a| a.parse())?;
    let scenario = streets::arterials((wanted / ON_A_ROAD).max(1), 4 * ON_A_ROAD);
    println!("{:8} {:>10} {:>10} {:>10} {:>10} {:>12} {:>12}", "model", "vehicles", "fork ms", "most ms", "step ms", "bytes", "a vehicle");
    let lanes: Box<dyn TrafficModel> = Box::new(Micro::new(&scenario, 1, None)?);
    measure("lanes", lanes, wanted);
    let queues: Box<dyn TrafficModel> = Box::new(Queues::new(&scenario, 1)?);
    measure("queues", queues, wanted);
    Ok(())
}

fn measure(name: &str, mut model: Box<dyn TrafficModel>, wanted: u32) {
    while !model.finished() && model.counts().running < u64::from(wanted) && model.now_ms() < 600_000 {
        model.step();
    }
    model.take_trips();
    let running = model.counts().running;
    let (mut times, mut grown, mut step, mut alike) = (Vec::new(), 0, 0.0, true);
    for _ in 0..ROUNDS {
        let (before, begin) = (resident(), Instant::now());
        let mut fork = model.fork();
        times.push(begin.elapsed().as_secs_f64() * 1000.0);
        grown = resident().saturating_sub(before).max(grown);
        let begin = Instant::now();
        model.step();
        step = begin.elapsed().as_secs_f64() * 1000.0;
        fork.step();
        alike &= fork.hash() == model.hash();
    }
    times.sort_by(f64::total_cmp);
    println!("{name:8} {running:>10} {:>10.1} {:>10.1} {step:>10.1} {grown:>12} {:>12}", times[0], times[ROUNDS - 1], grown / running.max(1));
    assert!(alike, "{name}: the fork goes on otherwise");
}
