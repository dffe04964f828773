//! Measures how fast a store takes LOD2 buildings: objects are made beforehand, so that only the store is timed.
//!
//! `cargo run --release -p qike-store --example load -- FOLDER [BUILDINGS]`; writes FOLDER/load.gpkg anew.

use qike_core::{Crs, Feedback};
use qike_scene::{CityObject, Class, GeometryBuilder, GeometryKind, Lod, ObjectSink, SourceInfo, Value};
use qike_store::SceneStore;
use std::error::Error;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// As the `qike` command has it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Buildings made at a time.
const CHUNK: u64 = 10_000;

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args_os().skip(1);
    let folder = PathBuf::from(args.next().ok_or("name a folder to write to")?);
    let count: u64 = args.next().and_then(|n| n.into_string().ok()).map_or(Ok(200_000), |n| n.parse())?;
    let path = folder.join("load.gpkg");
    for ending in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(folder.join(format!("load.gpkg{ending}")));
    }
    let mut store = SceneStore::create(&path, &Crs::parse("EPSG:4549")?)?;
    let mut taken = Duration::ZERO;
    let mut import = store.import(&Feedback::silent())?;
    let source = import.source(SourceInfo { path: "houses".into(), format: "made".into(), content_hash: "0".into(), crs: "EPSG:4549".into(), about: Default::default() })?;
    for chunk in 0..count.div_ceil(CHUNK) {
        let houses: Vec<CityObject> = (chunk * CHUNK..((chunk + 1) * CHUNK).min(count)).map(|n| house(n, source)).collect();
        let start = Instant::now();
        for house in houses {
            import.object(house)?;
        }
        taken += start.elapsed();
    }
    let start = Instant::now();
    import.commit()?;
    drop(store);
    taken += start.elapsed();
    let (seconds, bytes) = (taken.as_secs_f64(), std::fs::metadata(&path)?.len());
    println!(
        "{{\"buildings\": {count}, \"seconds\": {seconds:.3}, \"buildings_per_s\": {:.0}, \"bytes_per_building\": {:.0}}}",
        count as f64 / seconds,
        bytes as f64 / count.max(1) as f64
    );
    Ok(())
}

/// A house under a gabled roof, with the attributes that a survey office gives.
fn house(n: u64, source: qike_scene::SourceId) -> CityObject {
    let (x, y) = (500_000.0 + (n % 1000) as f64 * 24.0, 3_400_000.0 + (n / 1000) as f64 * 18.0);
    let (wide, deep, eaves) = (9.0 + (n % 7) as f64 * 0.371, 7.0 + (n % 5) as f64 * 0.293, 3.0 + (n % 4) as f64 * 1.5);
    let ridge = eaves + 0.4 * deep;
    let p = |east: f64, north: f64, up: f64| [x + east, y + north, up].map(|c| (c * 1000.0).round() / 1000.0);
    let mut b = GeometryBuilder::new(Lod::TWO, GeometryKind::Solid);
    b.surface(&[vec![p(0.0, 0.0, 0.0), p(0.0, deep, 0.0), p(wide, deep, 0.0), p(wide, 0.0, 0.0)]], Some("GroundSurface"));
    for (from, to) in [([0.0, 0.0], [wide, 0.0]), ([wide, deep], [0.0, deep])] {
        let ring = vec![p(from[0], from[1], 0.0), p(to[0], to[1], 0.0), p(to[0], to[1], eaves), p(from[0], from[1], eaves)];
        b.surface(&[ring], Some("WallSurface"));
    }
    for (side, from, to) in [(wide, 0.0, deep), (0.0, deep, 0.0)] {
        let ring = vec![p(side, from, 0.0), p(side, to, 0.0), p(side, to, eaves), p(side, deep / 2.0, ridge), p(side, from, eaves)];
        b.surface(&[ring], Some("WallSurface"));
    }
    for (south, a, z) in [(0.0, 0.0, wide), (deep, wide, 0.0)] {
        let ring = vec![p(a, south, eaves), p(z, south, eaves), p(z, deep / 2.0, ridge), p(a, deep / 2.0, ridge)];
        b.surface(&[ring], Some("RoofSurface"));
    }
    let mut object = CityObject::new(format!("house-{n:07}"), Class::Building, source);
    let attributes: [(&str, Value); 6] = [
        ("function", "detached house".into()),
        ("measuredHeight", ((ridge * 10.0).round() / 10.0).into()),
        ("storeysAboveGround", (1 + n % 4).into()),
        ("yearOfConstruction", (1950 + n % 75).into()),
        ("roofType", "gabled".into()),
        ("residents", (n % 6).into()),
    ];
    object.attributes.extend(attributes.map(|(key, value)| (key.to_owned(), value)));
    object.geometries.push(b.build());
    object
}
