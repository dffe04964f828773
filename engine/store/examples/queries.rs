//! Asks a store the same kind of question many times within one process, and says how long one takes.
//!
//! `cargo run --release -p qike-store --example queries -- CITY.gpkg window|id|where|box|places N`; `places` prints the boxes of
//! 1 km² (in metres and degrees) and the ids that are asked for, so that others can be asked the same.

use qike_core::{Bounds2, CounterRng, Crs, SourceCrs, Transform};
use qike_scene::Class;
use qike_store::{Query, SceneStore};
use std::error::Error;
use std::time::Instant;

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [path, kind, count] = args.as_slice() else { return Err("name a store, a kind of question and a number of them".into()) };
    let (store, count) = (SceneStore::open(path)?, count.parse::<u64>()?);
    let all = store.bounds()?;
    // Places in the middle half of the city.
    let boxes: Vec<Bounds2> = (0..count).map(|n| {
        let mut rng = CounterRng::new(5, n, 0);
        let min = [0, 1].map(|axis| {
            let quarter = 0.25 * (all.max[axis] - all.min[axis]);
            rng.range(all.min[axis] + quarter, all.max[axis] - quarter).round()
        });
        Bounds2 { min, max: min.map(|c| c + 1000.0) }
    }).collect();
    let ids = || -> Result<Vec<String>, Box<dyn Error>> {
        let objects = store.info()?.objects.total.max(1);
        Ok((0..count).map(|n| format!("b-{:05}", 1 + CounterRng::new(6, n, 0).below(objects))).collect())
    };
    if kind == "places" {
        let back = Transform::between(&SourceCrs::Crs(store.crs().clone()), &SourceCrs::Crs(Crs::wgs84()))?;
        let metres: Vec<_> = boxes.iter().map(|b| [b.min[0], b.min[1], b.max[0], b.max[1]]).collect();
        let degrees = boxes.iter().map(|b| {
            let (low, high) = (back.apply([b.min[0], b.min[1], 0.0])?, back.apply([b.max[0], b.max[1], 0.0])?);
            Ok([low[0], low[1], high[0], high[1]])
        }).collect::<Result<Vec<_>, qike_core::CrsError>>()?;
        println!("{}", serde_json::json!({ "metres": metres, "degrees": degrees, "ids": ids()? }));
        return Ok(());
    }
    let building = Query { class: Some(Class::Building), ..Query::default() };
    let queries: Vec<Query> = match kind.as_str() {
        "window" => boxes.iter().map(|b| Query { bbox: Some(*b), ..building.clone() }).collect(),
        "box" => boxes.iter().map(|b| Query { bbox: Some(*b), heights: Some([20.0, 40.0]), ..building.clone() }).collect(),
        "id" => ids()?.into_iter().map(|id| Query { id: Some(id), ..Query::default() }).collect(),
        "where" => (0..5).map(|n| Query { conditions: vec![("residents".into(), (100 + n).to_string())], ..building.clone() }).collect(),
        other => return Err(format!("there is no kind of question '{other}'").into()),
    };
    store.find(&queries[0])?;
    let start = Instant::now();
    let mut found = 0;
    for query in &queries {
        found += store.find(query)?.len();
    }
    println!("{}", serde_json::json!({ "ms": start.elapsed().as_secs_f64() * 1e3 / queries.len() as f64, "found": found }));
    Ok(())
}
