//! A whole day of a generated metropolis, every person an agent: time, memory and cost for each person.
//!
//! `cargo run --release --example metropolis -p qike-sim [PERSONS [THREADS [SEED]]]` prints one line of JSON; `make bench-metropolis`
//! runs it for 1, 5 and 24 million persons.

use qike_sim::metropolis::Metropolis;
use std::time::Instant;

/// A figure of /proc/self/status, KiB.
fn memory(field: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    status.lines().find(|l| l.starts_with(field)).and_then(|l| l.split_whitespace().nth(1)?.parse().ok()).unwrap_or(0)
}

/// CPU time of this process so far, s.
fn cpu() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let ticks = |n: usize| stat.rsplit(')').next().and_then(|s| s.split_whitespace().nth(n)?.parse::<f64>().ok()).unwrap_or(0.0);
    (ticks(11) + ticks(12)) / 100.0
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1).filter_map(|a| a.parse::<u64>().ok());
    let persons = args.next().unwrap_or(100_000);
    let threads = args.next().unwrap_or(1) as usize;
    let seed = args.next().unwrap_or(1);
    let begin = Instant::now();
    let mut city = Metropolis::new(persons, seed, threads)?;
    let made = begin.elapsed().as_secs_f64();
    let (mut hour, mut most, mut fork) = (0, 0, String::new());
    // What forks took, which is no part of the day.
    let (mut wall_aside, mut cpu_aside) = (0.0, 0.0);
    while !city.finished() {
        hour += 1;
        city.run_until(hour * 3_600_000);
        let figures = city.figures();
        most = most.max(figures.now[0]);
        let [drive, depart, walk, rail, stay] = figures.now;
        eprintln!("{hour:2}:00 after {:6.1} s: {drive} drive, {depart} wait to depart, {walk} walk or cycle, {rail} by rail, {stay} stay; squeezed in {}", begin.elapsed().as_secs_f64(), figures.sums.squeezed);
        if hour == 18 && std::env::var("FORK").is_ok() {
            let (at, cpu_before) = (Instant::now(), cpu());
            let mut twin = city.clone();
            let took = at.elapsed().as_secs_f64() * 1e3;
            let mut first = city.clone();
            let soon = city.now_ms() + 600_000;
            twin.run_until(soon);
            first.run_until(soon);
            let on_the_way = drive + depart + walk + rail;
            fork = format!(", \"fork_ms\": {took:.1}, \"fork_agents\": {on_the_way}, \"fork_same\": {}", twin.figures() == first.figures());
            drop((twin, first));
            (wall_aside, cpu_aside) = (at.elapsed().as_secs_f64(), cpu() - cpu_before);
        }
    }
    let (wall, cpu) = (begin.elapsed().as_secs_f64() - wall_aside, cpu() - cpu_aside);
    let figures = city.figures();
    let (s, (nodes, links, tables)) = (figures.sums, city.size());
    let each = |a: [u64; 4], unit: f64| (0..4).map(|m| format!("{:.1}", a[m] as f64 / unit / s.ended[m].max(1) as f64)).collect::<Vec<_>>().join(", ");
    println!(
        "{{\"persons\": {persons}, \"threads\": {threads}, \"seed\": {seed}, \"nodes\": {nodes}, \"links\": {links}, \"tables_mib\": {:.1}, \"made_s\": {made:.2}, \"wall_s\": {wall:.2}, \"cpu_s\": {:.2}, \"us_person\": {:.3}, \"peak_mib\": {}, \"bytes_person\": {:.0}, \
         \"begun\": {:?}, \"ended\": {:?}, \"mean_min\": [{}], \"mean_km\": [{}], \"driven\": {}, \"walked\": {}, \"events\": {}, \"squeezed\": {}, \"lost\": {}, \"done\": {}, \"now\": {:?}, \"most_on_roads\": {most}, \"rail\": {:?}{fork}, \"hash\": \"{:016x}\"}}",
        tables as f64 / 1048576.0,
        cpu,
        cpu * 1e6 / persons as f64,
        memory("VmHWM") / 1024,
        memory("VmHWM") as f64 * 1024.0 / persons as f64,
        s.begun,
        s.ended,
        each(s.took_ms, 60_000.0),
        each(s.way_dm, 10_000.0),
        s.driven,
        s.walked,
        s.events,
        s.squeezed,
        s.lost,
        s.done,
        figures.now,
        figures.rail,
        s.hash
    );
    Ok(())
}
