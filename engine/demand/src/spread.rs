//! From a matrix to trips: how many is exact, when and between which edges is drawn.
//!
//! Of a pair of zones and a kind of vehicle, intervals follow each other in time; after each of them as many trips have departed as
//! the matrix says, rounded down or up: a fraction that is left goes into the next interval. Whether it is rounded up depends on one
//! draw for the pair, so that a thousand pairs of 0.3 trips give about 300 trips, and not none.

use crate::{Ends, Profile};
use qike_core::CounterRng;
use qike_core::rng::mix;
use qike_scene::traffic::{OdCell, OdMatrix};

/// What keeps sums of parts that make a whole number from being a hair below it.
const HAIR: f64 = 1e-6;
/// Departures are in hundredths of a second, as SUMO writes them.
const TICK_MS: i64 = 10;

/// When trips depart within their interval.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Departures {
    /// At any time.
    #[default]
    Random,
    /// With the same time between them.
    Even,
}

/// How trips are made.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options<'p> {
    /// How a day is shared by its hours.
    pub profile: Option<&'p Profile>,
    /// All counts times this.
    pub scale: f64,
    /// When trips depart.
    pub departures: Departures,
    /// A trip does not begin and end on the same edge, where its zones allow that.
    pub differ: bool,
    /// Seed.
    pub seed: u64,
}

/// So many whole trips of a pair in an interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Piece {
    /// Zone from.
    pub from: u32,
    /// Zone to.
    pub to: u32,
    /// Kind of vehicle.
    pub kind: Option<u32>,
    /// From, ms.
    pub begin_ms: i64,
    /// To, ms.
    pub end_ms: i64,
    /// Trips.
    pub trips: u64,
    /// Trips of the pair and kind before these.
    pub before: u64,
}

/// A trip.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OdTrip {
    /// When, ms.
    pub depart_ms: i64,
    /// Zone from.
    pub from_zone: u32,
    /// Zone to.
    pub to_zone: u32,
    /// Edge from.
    pub from: u32,
    /// Edge to.
    pub to: u32,
    /// Kind of vehicle.
    pub kind: Option<u32>,
}

/// What is the same for all trips of a pair and a kind.
fn key(cell: &OdCell) -> (u32, u32, Option<u32>) {
    (cell.from, cell.to, cell.kind)
}

/// A number for a pair and a kind.
fn agent((from, to, kind): (u32, u32, Option<u32>)) -> u64 {
    mix(u64::from(from) << 32 | u64::from(to)) ^ mix(kind.map_or(0, |k| u64::from(k) + 1))
}

/// Whole trips of each pair by interval: by pair and kind, then by time.
pub fn pieces(matrix: &OdMatrix, options: &Options<'_>) -> Vec<Piece> {
    let mut cells: Vec<&OdCell> = matrix.cells.iter().filter(|c| c.begin_ms < c.end_ms).collect();
    cells.sort_by_key(|c| (key(c), c.begin_ms, c.end_ms));
    let mut pieces = Vec::new();
    for pair in cells.chunk_by(|a, b| key(a) == key(b)) {
        let first = pair[0];
        let (mut wanted, mut given) = (CounterRng::new(options.seed, agent(key(first)), u64::MAX).uniform(), 0_u64);
        let mut parts: Vec<(i64, i64, f64)> = Vec::new();
        for cell in pair {
            let count = cell.count * options.scale;
            match options.profile {
                Some(profile) => parts.extend(profile.cut(cell.begin_ms, cell.end_ms).into_iter().map(|(from, to, part)| (from, to, count * part))),
                None => parts.push((cell.begin_ms, cell.end_ms, count)),
            }
        }
        parts.sort_by_key(|p| (p.0, p.1));
        for (begin_ms, end_ms, count) in parts {
            wanted += count;
            let trips = ((wanted + HAIR).floor() as u64).saturating_sub(given);
            if trips > 0 {
                pieces.push(Piece { from: first.from, to: first.to, kind: first.kind, begin_ms, end_ms, trips, before: given });
                given += trips;
            }
        }
    }
    pieces
}

/// Makes trips, in the order of their departure; those of one moment by zones. `ends` gives the edges for a kind.
pub fn spread<'e>(matrix: &OdMatrix, ends: impl Fn(Option<u32>) -> &'e Ends, options: &Options<'_>) -> Vec<OdTrip> {
    let pieces = pieces(matrix, options);
    let mut trips = Vec::with_capacity(usize::try_from(pieces.iter().map(|p| p.trips).sum::<u64>()).unwrap_or(0).min(1 << 28));
    for piece in pieces {
        let (ends, agent) = (ends(piece.kind), agent((piece.from, piece.to, piece.kind)));
        let length = piece.end_ms - piece.begin_ms;
        for n in 0..piece.trips {
            let mut rng = CounterRng::new(options.seed, agent, piece.before + n);
            let at = match options.departures {
                Departures::Random => rng.uniform(),
                Departures::Even => (n as f64 + 0.5) / piece.trips as f64,
            };
            let depart_ms = piece.begin_ms + (length as f64 * at) as i64 / TICK_MS * TICK_MS;
            if let Some((from, to)) = ends.draw(piece.from, piece.to, options.differ, &mut rng) {
                trips.push(OdTrip { depart_ms, from_zone: piece.from, to_zone: piece.to, from, to, kind: piece.kind });
            }
        }
    }
    trips.sort_by_key(|t| (t.depart_ms, t.from_zone, t.to_zone, t.kind));
    trips
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use qike_scene::traffic::{MapEdge, MapLane, RoadMap, RoadUsers, Zone};
    use std::collections::BTreeMap;

    const HOUR: i64 = 3_600_000;

    fn ends() -> Ends {
        let map = RoadMap {
            edges: (0..4).map(|n| MapEdge { lanes: n..n + 1, ..MapEdge::default() }).collect(),
            lanes: (0..4).map(|edge| MapLane { edge, allowed: RoadUsers::ALL, ..MapLane::default() }).collect(),
            ..RoadMap::default()
        };
        let zone = |edges: [u32; 2]| Zone { id: String::new(), sources: edges.map(|e| (e, 1.0)).to_vec(), sinks: edges.map(|e| (e, 1.0)).to_vec() };
        Ends::new(&[zone([0, 1]), zone([2, 3])], &map, RoadUsers::PASSENGER)
    }

    fn cell(from: u32, to: u32, hour: i64, count: f64) -> OdCell {
        OdCell { from, to, begin_ms: hour * HOUR, end_ms: (hour + 1) * HOUR, count, kind: None }
    }

    fn matrix(cells: Vec<OdCell>) -> OdMatrix {
        OdMatrix { kinds: Vec::new(), cells }
    }

    #[test]
    fn whole_counts_are_kept_and_times_are_within() {
        let matrix = matrix(vec![cell(0, 1, 7, 100.0), cell(1, 0, 7, 3.0), cell(0, 1, 8, 50.0)]);
        for departures in [Departures::Random, Departures::Even] {
            let options = Options { scale: 1.0, departures, seed: 5, ..Options::default() };
            let ends = ends();
            let trips = spread(&matrix, |_| &ends, &options);
            let count = |from: u32, hour: i64| trips.iter().filter(|t| t.from_zone == from && (hour * HOUR..(hour + 1) * HOUR).contains(&t.depart_ms)).count();
            assert_eq!((count(0, 7), count(1, 7), count(0, 8), trips.len()), (100, 3, 50, 153));
            assert!(trips.is_sorted_by_key(|t| t.depart_ms));
            assert_eq!(trips, spread(&matrix, |_| &ends, &options));
        }
        let ends = ends();
        let even = spread(&matrix, |_| &ends, &Options { scale: 1.0, departures: Departures::Even, ..Options::default() });
        let departs: Vec<i64> = even.iter().filter(|t| t.from_zone == 1).map(|t| t.depart_ms - 7 * HOUR).collect();
        assert_eq!(departs, [600_000, 1_800_000, 3_000_000]);
    }

    #[test]
    fn a_profile_shares_the_day_and_keeps_the_sum() {
        let day = OdCell { end_ms: 24 * HOUR, ..cell(0, 1, 0, 1000.0) };
        let profile = Profile::given("workday").unwrap();
        let ends = ends();
        let trips = spread(&matrix(vec![day]), |_| &ends, &Options { profile: Some(&profile), scale: 2.0, ..Options::default() });
        assert_eq!(trips.len(), 2000);
        for hour in 0..24 {
            let here = trips.iter().filter(|t| t.depart_ms / HOUR == hour).count() as f64;
            assert!((here - 2000.0 * profile.share(hour)).abs() < 1.0, "{hour}: {here}");
        }
    }

    #[test]
    fn small_fractions_are_not_lost() {
        let cells = (0..1000).map(|n| OdCell { kind: Some(n), ..cell(0, 1, 7, 0.3) }).collect();
        let pieces = pieces(&matrix(cells), &Options { scale: 1.0, seed: 1, ..Options::default() });
        let sum: u64 = pieces.iter().map(|p| p.trips).sum();
        assert!((260..340).contains(&sum), "{sum}");
    }

    proptest! {
        #[test]
        fn after_each_interval_all_are_gone_but_a_fraction(counts in prop::collection::vec((0..2_u32, 0..2_u32, 0..24_i64, 0.0..20.0_f64), 1..60), seed: u64) {
            let matrix = matrix(counts.iter().map(|(a, b, h, c)| cell(*a, *b, *h, *c)).collect());
            let pieces = pieces(&matrix, &Options { scale: 1.0, seed, ..Options::default() });
            let mut given: BTreeMap<(u32, u32), BTreeMap<i64, u64>> = BTreeMap::new();
            for p in &pieces {
                *given.entry((p.from, p.to)).or_default().entry(p.begin_ms / HOUR).or_default() += p.trips;
            }
            for pair in [(0, 0), (0, 1), (1, 0), (1, 1)] {
                let (mut want, mut have) = (0.0, 0.0);
                for hour in 0..24 {
                    want += counts.iter().filter(|c| (c.0, c.1, c.2) == (pair.0, pair.1, hour)).map(|c| c.3).sum::<f64>();
                    have += given.get(&pair).and_then(|g| g.get(&hour)).copied().unwrap_or(0) as f64;
                    prop_assert!((want - have).abs() < 1.0 + 1e-5, "{pair:?} {hour}: {want} {have}");
                }
            }
        }
    }
}
