//! Reads a SUMO scenario or network several times and says how long that takes: `sumo_time X.sumocfg|X.net.xml [times]`.
//! With `1` it lists the findings, too.

use qike_core::Feedback;
use qike_import::sumo;
use std::time::Instant;

fn main() {
    let mut args = std::env::args().skip(1);
    let path = args.next().unwrap_or_default();
    let times: usize = args.next().and_then(|n| n.parse().ok()).unwrap_or(5);
    for _ in 0..times {
        let start = Instant::now();
        let read = if path.ends_with(".sumocfg") { sumo::read_scenario(path.as_ref(), &Feedback::silent()) } else { sumo::read_net(path.as_ref(), &Feedback::silent()) };
        let ms = start.elapsed().as_secs_f64() * 1e3;
        match read {
            Ok(s) => {
                let (m, d) = (&s.map, &s.demand);
                println!("{ms:.1} ms: {} edges, {} lanes, {} connections, {} plans, {} vehicles, {} flows, {} findings", m.edges.len(), m.lanes.len(), m.connections.len(), m.plans.len(), d.vehicles.len(), d.flows.len(), s.findings.len());
                s.findings.iter().filter(|_| times == 1).for_each(|f| println!("  {f}"));
            }
            Err(error) => println!("{error}"),
        }
    }
}
