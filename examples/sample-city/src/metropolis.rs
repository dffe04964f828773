//! A city of any size for tests of scale: a grid of blocks, twelve lots a block, arterials every fifth street.
//!
//! Everything follows from block and street numbers, so files are streamed and memory does not grow with the city.

use crate::build::{Building, Form, Use};
use crate::files::Files;
use crate::geo::{P, len, rect};
use crate::out::cityjson;
use crate::place::Place;
use crate::rng::Rng;
use crate::{Options, Report, SampleError};
use flate2::{Compression, GzBuilder};
use qike_core::Feedback;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, BufWriter, Write};
use std::path::Path;

/// Longitude and latitude of the middle.
const CENTRE: (f64, f64) = (121.47, 31.23);
const BUILDINGS: u32 = 10_000;
/// Metres from street to street, lots in a block, streets from arterial to arterial.
const PITCH: f64 = 130.0;
const LOTS: u64 = 12;
const ARTERIAL: u64 = 5;

/// The grid: `n` by `n` blocks.
#[derive(Clone, Copy, Debug)]
struct Grid {
    n: u64,
}

impl Grid {
    /// The smallest grid with room for so many buildings.
    fn holding(buildings: u64) -> Self {
        let mut g = Grid { n: ((buildings as f64 / LOTS as f64).sqrt() as u64).max(1) };
        while g.blocks().filter(|b| !is_park(*b)).count() as u64 * LOTS < buildings {
            g.n += 1;
        }
        g
    }

    fn blocks(self) -> impl Iterator<Item = (u64, u64)> {
        (0..self.n).flat_map(move |j| (0..self.n).map(move |i| (i, j)))
    }

    fn corner(self, i: u64, j: u64) -> P {
        let half = self.n as f64 / 2.0;
        [(i as f64 - half) * PITCH, (j as f64 - half) * PITCH]
    }

    fn node(self, i: u64, j: u64) -> u64 {
        j * (self.n + 1) + i + 1
    }

    /// The way from corner (i, j) to the next one east, and to the next one north.
    fn way_east(self, i: u64, j: u64) -> u64 {
        j * self.n + i + 1
    }

    fn way_north(self, i: u64, j: u64) -> u64 {
        (self.n + 1) * self.n + i * self.n + j + 1
    }
}

fn is_park((i, j): (u64, u64)) -> bool {
    (i * 7 + j * 13) % 29 == 11
}

/// Whether building `n` is among the `percent` in a hundred with a LOD2: they are spread evenly.
fn has_lod2(n: u64, percent: u32) -> bool {
    n * 37 % 100 < u64::from(percent)
}

/// The twelve buildings of a block; high in the middle of the city, houses at its edge.
fn block(g: Grid, (i, j): (u64, u64), seed: u64) -> Vec<Building> {
    let sw = g.corner(i, j);
    let rng = &mut Rng::new(seed, "block", j * 1_000_000 + i);
    let reach = g.n as f64 * PITCH / 2.0;
    let centre = [sw[0] + PITCH / 2.0, sw[1] + PITCH / 2.0];
    let height = (-(len(centre) / (0.35 * reach).max(300.0)).powi(2)).exp();
    let mut all = Vec::new();
    for lot in 0..LOTS {
        // Four lots along the street, three deep; 12 m from the street's middle to the lots.
        let (w, d) = ((PITCH - 24.0) / 4.0, (PITCH - 24.0) / 3.0);
        let c = [sw[0] + 12.0 + w * ((lot % 4) as f64 + 0.5), sw[1] + 12.0 + d * ((lot / 4) as f64 + 0.5)];
        let storeys = (2.0 + 40.0 * height * rng.range(0.4, 1.0) + rng.range(0.0, 4.0)) as u32;
        let (along, deep) = (w * rng.range(0.6, 0.82), d * rng.range(0.5, 0.8));
        let (form, usage) = match storeys {
            0..=3 => (if rng.chance(0.5) { Form::Gable } else { Form::Hip }, Use::Villa),
            4..=14 => (Form::Flat, Use::Residential),
            _ => (Form::Stepped(vec![(0.7, 0.3)]), Use::Office),
        };
        let year = 1985 + rng.int(0, 38);
        all.push(Building::raise(rect(c, along.max(deep), deep.min(along), if along >= deep { 0.0 } else { std::f64::consts::FRAC_PI_2 }), form, usage, storeys, year));
    }
    all
}

/// Writes `sources/`, `demand/` and `metropolis.toml`.
pub fn write(dir: &Path, options: &Options, feedback: &Feedback) -> Result<Report, SampleError> {
    let wanted = u64::from(options.buildings.unwrap_or(BUILDINGS));
    let (g, place) = (Grid::holding(wanted), Place::at(CENTRE.0, CENTRE.1));
    let task = feedback.task("sample city metropolis", wanted);
    let mut files = Files::below(dir)?;
    let mut written = 0u64;
    files.write("sources/buildings.city.jsonl", |w| {
        cityjson::write_seq_head(&place, "Metropolis", w)?;
        for b in g.blocks().filter(|b| !is_park(*b)) {
            if feedback.is_cancelled() || written == wanted {
                break;
            }
            for building in block(g, b, options.seed) {
                if written < wanted {
                    let building = if has_lod2(written, options.lod2_percent) { building } else { building.into_block() };
                    cityjson::write_seq_feature(&building, written as usize, w)?;
                    written += 1;
                    task.advance(1);
                }
            }
        }
        Ok(())
    })?;
    feedback.check()?;
    files.write("sources/city.osm.gz", |w| {
        let mut gz = BufWriter::new(GzBuilder::new().mtime(0).write(w, Compression::new(6)));
        streets(g, &place, &mut gz)?;
        gz.into_inner().map_err(io::IntoInnerError::into_error)?.finish()?;
        Ok(())
    })?;
    feedback.check()?;
    let (zones, rows) = demand(g, wanted);
    files.csv("demand/cars.csv", &["from", "to", "start", "end", "trips"], &rows)?;
    files.text("metropolis.toml", &scenario(&zones))?;
    let mut counts = BTreeMap::new();
    for (name, n) in [("buildings", written), ("junctions", (g.n + 1) * (g.n + 1)), ("roads", 2 * g.n * (g.n + 1))] {
        counts.insert(name.to_string(), n);
    }
    Ok(Report { name: "metropolis".into(), files: files.finish()?, counts })
}

/// The OSM document: junctions, streets, parks.
fn streets(g: Grid, place: &Place, w: &mut impl Write) -> io::Result<()> {
    writeln!(w, "<?xml version='1.0' encoding='UTF-8'?>\n<osm version=\"0.6\" generator=\"qike-sample\">")?;
    let arterial = |k: u64| k.is_multiple_of(ARTERIAL);
    for j in 0..=g.n {
        for i in 0..=g.n {
            let [lon, lat] = place.lon_lat(g.corner(i, j));
            write!(w, " <node id=\"{}\" version=\"1\" lat=\"{lat:.7}\" lon=\"{lon:.7}\"", g.node(i, j))?;
            if arterial(i) && arterial(j) {
                writeln!(w, "><tag k=\"highway\" v=\"traffic_signals\"/></node>")?;
            } else {
                writeln!(w, "/>")?;
            }
        }
    }
    let (mut node, mut way) = ((g.n + 1) * (g.n + 1), 2 * g.n * (g.n + 1));
    for (i, j) in g.blocks().filter(|b| is_park(*b)) {
        let (a, b) = (g.corner(i, j), g.corner(i + 1, j + 1));
        for p in rect([(a[0] + b[0]) / 2.0, (a[1] + b[1]) / 2.0], PITCH - 24.0, PITCH - 24.0, 0.0) {
            node += 1;
            let [lon, lat] = place.lon_lat(p);
            writeln!(w, " <node id=\"{node}\" version=\"1\" lat=\"{lat:.7}\" lon=\"{lon:.7}\"/>")?;
        }
    }
    let mut street = |id: u64, from: u64, to: u64, number: u64, kind: &str| -> io::Result<()> {
        let (class, lanes, speed) = if arterial(number) { ("secondary", 4, 60) } else { ("residential", 2, 30) };
        writeln!(
            w,
            " <way id=\"{id}\" version=\"1\"><nd ref=\"{from}\"/><nd ref=\"{to}\"/><tag k=\"highway\" v=\"{class}\"/>\
             <tag k=\"lanes\" v=\"{lanes}\"/><tag k=\"maxspeed\" v=\"{speed}\"/><tag k=\"name\" v=\"{kind} {}\"/></way>",
            number + 1
        )
    };
    for j in 0..=g.n {
        for i in 0..g.n {
            street(g.way_east(i, j), g.node(i, j), g.node(i + 1, j), j, "Street")?;
        }
    }
    for i in 0..=g.n {
        for j in 0..g.n {
            street(g.way_north(i, j), g.node(i, j), g.node(i, j + 1), i, "Avenue")?;
        }
    }
    node = (g.n + 1) * (g.n + 1);
    for _ in g.blocks().filter(|b| is_park(*b)) {
        way += 1;
        let refs: String = [1, 2, 3, 4, 1].iter().map(|k| format!("<nd ref=\"{}\"/>", node + k)).collect();
        writeln!(w, " <way id=\"{way}\" version=\"1\">{refs}<tag k=\"leisure\" v=\"park\"/></way>")?;
        node += 4;
    }
    writeln!(w, "</osm>")
}

/// Zones along the arterials, and trips between each two of them that grow with the city.
fn demand(g: Grid, buildings: u64) -> (BTreeMap<String, Vec<String>>, Vec<Vec<String>>) {
    let mut zones = BTreeMap::new();
    let steps = 4.min(g.n);
    for a in 0..steps {
        for b in 0..steps {
            let at = |k: u64| ((2 * k + 1) * g.n / (2 * steps)).min(g.n - 1);
            let (i, j) = (at(a), at(b));
            let ways = vec![format!("osm:way/{}", g.way_east(i, j)), format!("osm:way/{}", g.way_north(i, j))];
            zones.insert(format!("zone-{}-{}", a + 1, b + 1), ways);
        }
    }
    let pairs = (zones.len() * zones.len().saturating_sub(1)).max(1) as u64;
    let trips = (buildings / 5 / pairs).max(1);
    let mut rows = Vec::new();
    for from in zones.keys() {
        for to in zones.keys().filter(|to| *to != from) {
            rows.push(vec![from.clone(), to.clone(), "08:00".into(), "08:30".into(), trips.to_string()]);
        }
    }
    (zones, rows)
}

fn scenario(zones: &BTreeMap<String, Vec<String>>) -> String {
    let mut text = String::from(
        "# The morning peak of the grid city.\nversion = 1\nname = \"metropolis\"\ntitle = { en = \"Morning peak\", zh = \"早高峰\" }\nseed = 1\n\n\
         [base]\nstore = \"city.gpkg\"\n\n[time]\nstart = \"08:00\"\nduration = \"00:30\"\n\n[zones]\n",
    );
    for (name, ways) in zones {
        let list: Vec<String> = ways.iter().map(|w| format!("\"{w}\"")).collect();
        let _ = writeln!(text, "{name} = [{}]", list.join(", "));
    }
    text.push_str("\n[[demand]]\nname = \"cars\"\nkind = \"vehicle_od\"\nfile = \"demand/cars.csv\"\n");
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geo::gap;

    #[test]
    fn blocks_hold_twelve_apart_from_each_other_and_from_streets() {
        let g = Grid::holding(3000);
        for b in [(0, 0), (g.n / 2, g.n / 2)] {
            let all = block(g, b, 1);
            assert_eq!(all.len(), 12);
            for (i, a) in all.iter().enumerate() {
                for c in &all[i + 1..] {
                    assert!(gap(&a.footprint, &c.footprint) > 2.0);
                }
                let sw = g.corner(b.0, b.1);
                assert!(a.footprint.iter().all(|p| (12.0..PITCH - 12.0).contains(&(p[0] - sw[0])) && (12.0..PITCH - 12.0).contains(&(p[1] - sw[1]))));
            }
        }
    }

    #[test]
    fn a_fifth_of_the_buildings_can_have_roofs() {
        assert_eq!((0..500).filter(|n| has_lod2(*n, 20)).count(), 100);
        assert!((0..100).all(|n| has_lod2(n, 100) && !has_lod2(n, 0)));
        let block = block(Grid::holding(100), (0, 0), 1).remove(0).into_block();
        assert_eq!((block.lod, block.shells.len(), block.shells[0].surfaces.len()), ("1", 1, 6));
    }

    #[test]
    fn ways_have_ids_of_their_own() {
        let g = Grid { n: 7 };
        let mut ids: Vec<u64> = (0..=7).flat_map(|a| (0..7).flat_map(move |b| [g.way_east(b, a), g.way_north(a, b)])).collect();
        ids.sort_unstable();
        assert_eq!(ids, (1..=2 * 7 * 8).collect::<Vec<u64>>());
    }
}
