//! Measures a store: time to open, to load, of windows of 1 km² and of pick rays, and bytes an object.
//!
//! `cargo run --release -p qike-store --example measure -- city.gpkg`

use qike_core::{Bounds2, CounterRng, Feedback};
use qike_store::{SceneStore, StoreError};
use std::time::Instant;

/// Windows and rays that are measured.
const SAMPLES: u64 = 200;

fn main() -> Result<(), StoreError> {
    let Some(path) = std::env::args_os().nth(1) else {
        eprintln!("name a store");
        std::process::exit(2);
    };
    let start = Instant::now();
    let store = SceneStore::open(&path)?;
    println!("open             {:>9.2} ms", ms(start));
    let info = store.info()?;
    let bytes = std::fs::metadata(&path).map_or(0, |m| m.len());
    println!("objects          {:>9}", info.objects.total);
    println!("file             {:>9.1} MB, {:.0} bytes an object", bytes as f64 / 1e6, bytes as f64 / info.objects.total.max(1) as f64);
    for (part, size) in store.sizes()? {
        println!("  {part:<28} {:>9.0} bytes an object", size as f64 / info.objects.total.max(1) as f64);
    }
    let bounds = store.bounds()?;
    let place = |n: u64| {
        let mut rng = CounterRng::new(1, n, 0);
        [rng.range(bounds.min[0], bounds.max[0]), rng.range(bounds.min[1], bounds.max[1])]
    };
    let (mut windows, mut found) = (Vec::new(), 0);
    for n in 0..SAMPLES {
        let [x, y] = place(n);
        let start = Instant::now();
        found += store.window(&Bounds2 { min: [x - 500.0, y - 500.0], max: [x + 500.0, y + 500.0] })?.len();
        windows.push(ms(start));
    }
    print(&format!("window 1 km² ({} objects)", found as u64 / SAMPLES), windows);
    let (mut down, mut slant) = (Vec::new(), Vec::new());
    for n in 0..SAMPLES {
        let [x, y] = place(n);
        let start = Instant::now();
        store.pick([x, y, bounds.max[2] + 500.0], [0.0, 0.0, -1.0])?;
        down.push(ms(start));
        let start = Instant::now();
        store.pick([x - 1000.0, y, bounds.min[2].max(0.0) + 400.0], [1.0, 0.0, -0.35])?;
        slant.push(ms(start));
    }
    print("pick, straight down", down);
    print("pick, slanting 1 km", slant);
    let start = Instant::now();
    let snapshot = store.snapshot(&Feedback::silent())?;
    println!("snapshot         {:>9.0} ms for {} objects", ms(start), snapshot.objects().len());
    Ok(())
}

fn ms(start: Instant) -> f64 {
    start.elapsed().as_secs_f64() * 1e3
}

fn print(what: &str, mut times: Vec<f64>) {
    times.sort_by(f64::total_cmp);
    let at = |share: f64| times.get((share * times.len() as f64) as usize).copied().unwrap_or(f64::NAN);
    println!("{what:<30} median {:.2} ms, 95 % {:.2} ms, worst {:.2} ms", at(0.5), at(0.95), times.last().copied().unwrap_or(f64::NAN));
}
