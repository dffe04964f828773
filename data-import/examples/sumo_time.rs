//! Reads a SUMO scenario several times and says how long that takes: `sumo_time X.sumocfg [times]`.
use std::time::Instant;
fn main() {
    let mut args = std::env::args().skip(1);
    let path = args.next().unwrap_or_default();
    let times: usize = args.next().and_then(|n| n.parse().ok()).unwrap_or(5);
    for _ in 0..times {
        let start = Instant::now();
        let read = if path.ends_with(".net.xml") { qike_import::sumo::read_net(path.as_ref(), &qike_core::Feedback::silent()) } else { qike_import::sumo::read_scenario(path.as_ref(), &qike_core::Feedback::silent()) };
        match read {
            Ok(s) => {
                println!("{:.1} ms: {} edges, {} lanes, {} connections, {} junctions, {} plans, {} vehicles, {} flows, {} paths, {} findings", start.elapsed().as_secs_f64() * 1e3, s.map.edges.len(), s.map.lanes.len(), s.map.connections.len(), s.map.junctions.len(), s.map.plans.len(), s.demand.vehicles.len(), s.demand.flows.len(), s.demand.paths.len(), s.findings.len());
                if times == 1 { for f in &s.findings { println!("  {f}"); } }
            }
            Err(e) => println!("error: {e}"),
        }
    }
}
