//! `qike find`: objects by class, id, place or attribute.

use crate::Done;
use crate::failure::Failure;
use crate::input::corners;
use crate::output::{Output, table, to_json};
use crate::export::geojson;
use clap::ValueEnum;
use qike_core::{Bounds2, Crs, SourceCrs, Transform};
use qike_scene::Class;
use qike_store::{Hit, Query, SceneStore};
use serde_json::{Value, json};
use std::fmt::Write;
use std::path::PathBuf;

/// Names less alike than this are no help.
const ALIKE: f64 = 0.7;

/// Find objects of a store by class, id, place or attribute.
///
/// All conditions must hold. Places are in degrees (in metres, where the store has no place on Earth).
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  qike find city.gpkg --class Building --near 121.93,30.90,500
  qike find city.gpkg --id 'osm:way/*' --where highway=primary --limit 10
  qike find city.gpkg --bbox 121.92,30.89,-5,121.94,30.91,0 --class UtilityNetworkElement
  qike find city.gpkg --bbox 641000,3456000,642000,3457000 --metres --format csv
  qike find city.gpkg --class Door --where Pset_DoorCommon.FireRating=EI30 --json
  qike find city.gpkg --class CityFurniture --where function=street_lamp --format geojson > lamps.geojson")]
pub struct Args {
    /// The store.
    #[arg(value_name = "CITY.gpkg")]
    store: PathBuf,
    /// Objects of this class (Building, Road, CityFurniture, Door …).
    #[arg(long, short)]
    class: Option<String>,
    /// The object with this id; * stands for any text.
    #[arg(long, short)]
    id: Option<String>,
    /// Objects within M metres of a position, nearest first.
    #[arg(long, value_name = "LON,LAT,M", allow_hyphen_values = true)]
    near: Option<String>,
    /// Objects whose box meets this one; with heights in metres (W,S,LOW,E,N,HIGH), in space.
    #[arg(long, value_name = "W,S,E,N", allow_hyphen_values = true)]
    bbox: Option<String>,
    /// Places are in metres, in the store's own system.
    #[arg(long)]
    metres: bool,
    /// Objects with this attribute; name, parent and lod count as attributes. May be given several times.
    #[arg(long = "where", value_name = "K=V")]
    conditions: Vec<String>,
    /// At most so many.
    #[arg(long, short)]
    limit: Option<usize>,
    /// The store as it was on that day, or at that moment in UTC (2024-05-01T08:30:00Z).
    #[arg(long, value_name = "DATE")]
    as_of: Option<String>,
    /// How to print them; --json is the same as json.
    #[arg(long, short)]
    format: Option<Format>,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum Format {
    /// One document: count and objects.
    Json,
    /// Plans as a FeatureCollection in longitude and latitude.
    Geojson,
    /// One line an object.
    Csv,
}

/// Runs the command.
pub fn run(args: &Args, output: &Output) -> Result<Done, Failure> {
    let query = Query {
        class: args.class.as_deref().map(class).transpose()?,
        id: args.id.clone(),
        limit: args.limit,
        conditions: args.conditions.iter().map(|c| condition(c)).collect::<Result<_, _>>()?,
        ..Query::default()
    };
    let store = crate::past::open(&args.store, args.as_of.as_deref(), output)?;
    let near = args.near.as_deref().map(|text| numbers::<3>("--near", "LON,LAT,METRES", text)).transpose()?;
    let (bbox, heights) = match args.bbox.as_deref() {
        Some(text) if text.split(',').count() == 6 => {
            let [w, s, low, e, n, high] = numbers("--bbox", "WEST,SOUTH,LOW,EAST,NORTH,HIGH", text)?;
            if low > high {
                return Err(Failure::usage("--bbox: the lower height is greater than the upper one"));
            }
            (Some([w, s, e, n]), Some([low, high]))
        }
        Some(text) => (Some(numbers("--bbox", "WEST,SOUTH,EAST,NORTH or WEST,SOUTH,LOW,EAST,NORTH,HIGH", text)?), None),
        None => (None, None),
    };
    let near = match near {
        Some([_, _, m]) if m < 0.0 => return Err(Failure::usage("--near: the distance is less than nothing")),
        Some([x, y, m]) => Some((place(&to_store(args.metres, store.crs())?, "--near", [x, y])?, m)),
        None => None,
    };
    let bbox = bbox.map(|b| boxed(&to_store(args.metres, store.crs())?, b)).transpose()?;
    let without_plan = args.format != Some(Format::Geojson);
    let hits = store.find(&Query { near, bbox, heights, without_plan, ..query })?;
    if let Some(id) = args.id.as_deref().filter(|id| hits.is_empty() && !id.contains('*') && store.key_of(id).is_ok_and(|k| k.is_none())) {
        let failure = Failure::new(format!("{}: there is no object '{id}'", args.store.display()));
        return Err(match nearest(id, store.ids()?.iter().map(String::as_str)) {
            Some(near) => failure.help(format!("did you mean '{near}'?")),
            None => failure,
        });
    }
    match (args.format, output.is_json()) {
        (Some(Format::Geojson), _) => output.print(&to_json(&geojson::collection(&store, &hits)?)?)?,
        (Some(Format::Csv), _) => output.print(&csv(&hits)?)?,
        (Some(Format::Json), _) | (None, true) => output.print(&to_json(&document(&store, &hits)?)?)?,
        (None, false) => output.print(&describe(&hits))?,
    }
    Ok(Done::Wholly)
}

/// A class by its name; any case will do, and a wrong one gets the nearest.
pub fn class(name: &str) -> Result<Class, Failure> {
    Class::ALL.iter().copied().find(|c| c.name().eq_ignore_ascii_case(name)).ok_or_else(|| {
        let failure = Failure::usage(format!("--class: there is no class '{name}'"));
        match nearest(name, Class::ALL.iter().map(|c| c.name())) {
            Some(near) => failure.help(format!("did you mean {near}?")),
            None => failure.help("classes are CityGML 3.0's, such as Building, Road, CityFurniture, BuildingRoom"),
        }
    })
}

fn nearest<'a>(text: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let likeness = |name: &str| strsim::jaro_winkler(&text.to_lowercase(), &name.to_lowercase());
    names.map(|n| (likeness(n), n)).filter(|(l, _)| *l > ALIKE).max_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(a.1))).map(|(_, n)| n)
}

fn condition(text: &str) -> Result<(String, String), Failure> {
    let (key, value) = text.split_once('=').ok_or_else(|| Failure::usage(format!("--where: '{text}' has no '='; write KEY=VALUE")))?;
    Ok((key.trim().to_owned(), value.to_owned()))
}

fn numbers<const N: usize>(option: &str, form: &str, text: &str) -> Result<[f64; N], Failure> {
    let parsed: Option<Vec<f64>> = text.split(',').map(|part| part.trim().parse().ok().filter(|n: &f64| n.is_finite())).collect();
    parsed.and_then(|n| n.try_into().ok()).ok_or_else(|| Failure::usage(format!("{option}: '{text}' is not {form}")))
}

/// From degrees to the store's CRS; `None` where metres are asked for, as in a store without a place.
fn to_store(metres: bool, crs: &Crs) -> Result<Option<Transform>, Failure> {
    let to = |crs| Transform::new(&SourceCrs::Crs(Crs::wgs84()), crs).map_err(Failure::new);
    if metres || crs.is_local() { Ok(None) } else { to(crs).map(Some) }
}

/// Degrees to the store's CRS.
fn place(transform: &Option<Transform>, option: &str, p: [f64; 2]) -> Result<[f64; 2], Failure> {
    let Some(transform) = transform else { return Ok(p) };
    let usage = |e: qike_core::CrsError| Failure::usage(format!("{option}: {e}")).help("longitude comes first, then latitude");
    if p[0].abs() > 180.0 || p[1].abs() > 90.0 {
        return Err(usage(qike_core::CrsError::Outside { x: p[0], y: p[1], from: "EPSG:4326".into() }));
    }
    transform.apply([p[0], p[1], 0.0]).map(|q| [q[0], q[1]]).map_err(usage)
}

/// The value of `--bbox` in the store's CRS.
pub fn window(crs: &Crs, text: &str) -> Result<Bounds2, Failure> {
    boxed(&to_store(false, crs)?, numbers::<4>("--bbox", "WEST,SOUTH,EAST,NORTH", text)?)
}

/// The box in the store's CRS around a box in degrees: its sides are curves there, so points along them count too.
fn boxed(transform: &Option<Transform>, [w, s, e, n]: [f64; 4]) -> Result<Bounds2, Failure> {
    if w > e || s > n {
        return Err(Failure::usage("--bbox: west is greater than east, or south than north"));
    }
    let mut bounds = Bounds2::default();
    for k in 0..=16 {
        let share = f64::from(k) / 16.0;
        let (x, y) = (w + share * (e - w), s + share * (n - s));
        for p in [[x, s], [x, n], [w, y], [e, y]] {
            bounds.grow(place(transform, "--bbox", p)?);
        }
    }
    Ok(bounds)
}

fn document(store: &SceneStore, hits: &[Hit]) -> Result<Value, Failure> {
    let sources = store.sources()?;
    let object = |h: &Hit| {
        json!({
            "id": h.id, "class": h.class.name(), "name": h.name, "parent": h.parent, "lods": h.lods,
            "source": sources.get(h.source as usize).map(|s| &s.path),
            "bounds": h.bounds.as_ref().and_then(corners), "distance_m": h.distance_m, "attributes": h.attributes.read(),
        })
    };
    Ok(json!({ "count": hits.len(), "crs": store.crs(), "objects": hits.iter().map(object).collect::<Vec<_>>() }))
}

fn csv(hits: &[Hit]) -> Result<String, Failure> {
    let failed = |e: &dyn std::fmt::Display| Failure::new(format!("the table could not be written: {e}"));
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(["id", "class", "name", "parent", "lods", "x", "y", "z", "distance_m", "attributes"]).map_err(|e| failed(&e))?;
    let mut number = String::new();
    for h in hits {
        let centre = h.bounds.map(|b| b.centre());
        let numbers = [centre.map(|c| c[0]), centre.map(|c| c[1]), centre.map(|c| c[2]), h.distance_m];
        let texts = [h.id.as_str(), h.class.name(), h.name.as_deref().unwrap_or_default(), h.parent.as_deref().unwrap_or_default(), &h.lods.join(" ")];
        texts.iter().try_for_each(|text| writer.write_field(text)).map_err(|e| failed(&e))?;
        for n in numbers {
            number.clear();
            if let Some(n) = n {
                write!(number, "{n}").map_err(|e| failed(&e))?;
            }
            writer.write_field(&number).map_err(|e| failed(&e))?;
        }
        // As it stands in the store.
        writer.write_field(h.attributes.as_str()).map_err(|e| failed(&e))?;
        writer.write_record(None::<&[u8]>).map_err(|e| failed(&e))?;
    }
    let bytes = writer.into_inner().map_err(|e| failed(&e))?;
    String::from_utf8(bytes).map_err(|e| failed(&e))
}

fn describe(hits: &[Hit]) -> String {
    let mut rows = vec![["id", "class", "name", "LOD", "distance"].map(str::to_owned).to_vec()];
    for h in hits {
        let distance = h.distance_m.map(|d| format!("{d:.1} m")).unwrap_or_default();
        rows.push(vec![h.id.clone(), h.class.name().into(), h.name.clone().unwrap_or_default(), h.lods.join(","), distance]);
    }
    format!("{}\n{} found", table(&rows), hits.len())
}
