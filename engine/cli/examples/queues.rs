//! Runs a SUMO scenario in the queue model and prints its figures and its cost: `queues X.sumocfg [SEED [lanes]]`.

use qike_core::Feedback;
use qike_sim::TrafficModel;
use qike_sim::micro::Micro;
use qike_sim::queue::Queues;
use std::time::Instant;

fn main() {
    let mut args = std::env::args().skip(1);
    let path = args.next().expect("a sumocfg");
    let seed = args.next().and_then(|s| s.parse().ok()).unwrap_or(1);
    let begin = Instant::now();
    let scenario = qike_import::sumo::read_scenario(std::path::Path::new(&path), &Feedback::default()).expect("a scenario");
    let read = begin.elapsed();
    let begin = Instant::now();
    let mut model: Box<dyn TrafficModel> = if args.next().is_some() { Box::new(Micro::new(&scenario, seed, None).expect("a model")) } else { Box::new(Queues::new(&scenario, seed).expect("a model")) };
    let made = begin.elapsed();
    let begin = Instant::now();
    let mut rows = Vec::new();
    let edges_out = std::env::var("EDGES").ok();
    let (streets, mut all, mut seconds) = (model.streets().clone(), Vec::new(), std::collections::BTreeMap::<(u32, u8), f64>::new());
    let last = model.now_ms() + 20_000_000;
    while !model.finished() && model.now_ms() < last {
        model.step();
        rows.extend(model.take_trips());
        if edges_out.is_some() {
            all.clear();
            model.everybody(&mut all);
            for on in &all {
                let lane = &streets.lanes[on.way.lane as usize];
                let at = if lane.inside { streets.lanes[lane.road_before as usize].index } else { lane.index };
                let edge = if lane.inside { streets.lanes[lane.road_before as usize].edge } else { lane.edge };
                *seconds.entry((edge, at)).or_default() += 1.0f64;
            }
        }
    }
    if let Some(out) = edges_out {
        std::fs::write(out, seconds.iter().map(|((e, n), s)| format!("{}_{n} {s}\n", streets.edges[*e as usize].id)).collect::<String>()).expect("a file");
    }
    let ran = begin.elapsed();
    let c = model.counts();
    let mean = |f: &dyn Fn(&qike_sim::micro::TripRow) -> f64| rows.iter().map(f).sum::<f64>() / rows.len().max(1) as f64;
    let entered: u64 = model.edge_sums().map_or(0, |s| s.iter().map(|e| e.entered).sum());
    println!(
        "{} read {:.1} ms, made {:.1} ms, ran {:.1} ms: {} events, {entered} traversals, {:.0} ns each; until {} s; {c:?}",
        model.name(),
        read.as_secs_f64() * 1e3,
        made.as_secs_f64() * 1e3,
        ran.as_secs_f64() * 1e3,
        model.updates(),
        ran.as_secs_f64() * 1e9 / entered.max(1) as f64,
        model.now_ms() / 1000
    );
    println!(
        "  duration {:.2} loss {:.2} waiting {:.2} delay {:.2} length {:.1}; hash {:016x}",
        mean(&|r| r.duration_ms as f64 / 1000.0),
        mean(&|r| r.loss_s),
        mean(&|r| r.waiting_ms as f64 / 1000.0),
        mean(&|r| r.depart_delay_ms as f64 / 1000.0),
        mean(&|r| r.length_m),
        model.hash()
    );
}
