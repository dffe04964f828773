//! Runs a SUMO scenario in the lane-level model and prints its figures: `micro X.sumocfg [SEED [THREADS]]`.

use qike_core::Feedback;
use qike_sim::micro::Micro;
use std::time::Instant;

fn main() {
    let mut args = std::env::args().skip(1);
    let path = args.next().expect("a sumocfg");
    let seed = args.next().and_then(|s| s.parse().ok()).unwrap_or(1);
    let threads: usize = args.next().and_then(|s| s.parse().ok()).unwrap_or(1);
    let begin = Instant::now();
    let scenario = qike_import::sumo::read_scenario(std::path::Path::new(&path), &Feedback::default()).expect("a scenario");
    let read = begin.elapsed();
    for f in &scenario.findings {
        eprintln!("{f:?}");
    }
    let pool = (threads > 1).then(|| std::sync::Arc::new(rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap()));
    let begin = Instant::now();
    let mut model = Micro::new(&scenario, seed, pool).expect("a model");
    let made = begin.elapsed();
    let begin = Instant::now();
    let mut rows = Vec::new();
    let trace = std::env::var("TRACE").ok();
    let edges_out = std::env::var("EDGES").ok();
    let mut edges: std::collections::BTreeMap<String, [f64; 3]> = Default::default();
    let last = model.now_ms() + 20_000_000;
    while !model.finished() && model.now_ms() < last {
        model.step();
        if let Some(t) = &trace {
            for w in model.ways().filter(|w| w.vehicle.to_string() == *t) {
                eprintln!("{} {} pos {:.2} v {:.2} a {:.2} wait {}", model.now_ms(), model.streets().lane_ids[w.lane as usize], w.position_m, w.speed_mps, w.accel, w.wait_ms);
            }
        }
        if let Ok(list) = std::env::var("LANES")
            && model.now_ms() <= 3_600_000 + scenario.settings.begin_ms
        {
            for w in model.ways() {
                let lane = &model.streets().lane_ids[w.lane as usize];
                if list.split(' ').any(|l| lane.starts_with(l)) {
                    eprintln!("F {} {} {lane} {:.2} {:.2}", model.now_ms() / 1000 - 1, w.vehicle, w.position_m, w.speed_mps);
                }
            }
        }
        if edges_out.is_some() {
            let streets = model.streets().clone();
            for w in model.ways() {
                let e = edges.entry(streets.edges[streets.lanes[w.lane as usize].edge as usize].id.clone()).or_default();
                e[0] += 1.0;
                e[1] += w.speed_mps;
                e[2] += f64::from(u8::from(w.speed_mps < 0.1));
            }
        }
        rows.extend(model.take_trips());
    }
    if let Some(out) = edges_out {
        std::fs::write(out, edges.iter().map(|(k, v)| format!("{k},{},{},{}\n", v[0], v[1], v[2])).collect::<String>()).unwrap();
    }
    let ran = begin.elapsed();
    let c = model.counts();
    let mean = |f: &dyn Fn(&qike_sim::micro::TripRow) -> f64| rows.iter().map(f).sum::<f64>() / rows.len().max(1) as f64;
    println!("{c:?}");
    println!("read {read:?} made {made:?} ran {ran:?} updates {} = {:.0} ns each; ended at {} s", model.updates(), ran.as_nanos() as f64 / model.updates().max(1) as f64, model.now_ms() / 1000);
    println!(
        "duration {:.2} loss {:.2} waiting {:.2} delay {:.2} length {:.2} hash {:x}",
        mean(&|r| r.duration_ms as f64 / 1000.0),
        mean(&|r| r.loss_s),
        mean(&|r| r.waiting_ms as f64 / 1000.0),
        mean(&|r| r.depart_delay_ms as f64 / 1000.0),
        mean(&|r| r.length_m),
        model.hash()
    );
    if let Ok(out) = std::env::var("TRIPS") {
        let mut text = String::from("id,depart,duration,loss,length,waiting,delay\n");
        rows.sort_by(|a, b| a.id.cmp(&b.id));
        for r in &rows {
            text += &format!("{},{},{},{:.2},{:.2},{},{}\n", r.id, r.depart_ms / 1000, r.duration_ms / 1000, r.loss_s, r.length_m, r.waiting_ms / 1000, r.depart_delay_ms / 1000);
        }
        std::fs::write(out, text).unwrap();
    }
}
