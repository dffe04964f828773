//! Key figures of one run: what they are, and how they come out of trips and link intervals.

use crate::RunError;
use qike_record::{LinkRow, Recording, TripRow, TripStatus};
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The figures, in the order in which they are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FigureKind {
    /// Vehicles: seconds from departure to arrival, mean of those that arrived.
    MeanDuration,
    /// Vehicles: seconds lost against free travel, mean of those that arrived.
    MeanTimeLoss,
    /// Vehicles: seconds at a stand, mean of those that arrived.
    MeanWaiting,
    /// Vehicles: seconds between wish and departure, mean of those that left.
    MeanDepartDelay,
    /// Vehicles: metres travelled, mean of those that arrived.
    MeanRouteLength,
    /// Vehicles: metres over seconds of those that arrived.
    MeanSpeed,
    /// Vehicles: trips due.
    Loaded,
    /// Vehicles: arrivals an hour.
    Throughput,
    /// Vehicles: those that arrived.
    Arrived,
    /// Vehicles: those on their way at the end.
    Running,
    /// Vehicles: those that found no room to begin.
    NotDeparted,
    /// Vehicles: times that a stuck one was moved on.
    Teleported,
    /// Vehicles: mean number that stand, in the whole network.
    MeanQueue,
    /// Vehicles: the longest queue on one link.
    MaxQueue,
    /// Walkers: seconds from departure to arrival, mean of those that arrived.
    WalkDuration,
    /// Walkers: seconds lost against walking freely, mean of those that arrived.
    WalkTimeLoss,
    /// Walkers: metres walked, mean of those that arrived.
    WalkLength,
    /// Walkers: arrivals an hour.
    WalkThroughput,
    /// Walkers: those that arrived.
    WalkArrived,
    /// Walkers: those on their way at the end.
    WalkRunning,
}

use FigureKind::*;

impl FigureKind {
    /// All, in order.
    pub const ALL: [FigureKind; 20] = [
        MeanDuration,
        MeanTimeLoss,
        MeanWaiting,
        MeanDepartDelay,
        MeanRouteLength,
        MeanSpeed,
        Loaded,
        Throughput,
        Arrived,
        Running,
        NotDeparted,
        Teleported,
        MeanQueue,
        MaxQueue,
        WalkDuration,
        WalkTimeLoss,
        WalkLength,
        WalkThroughput,
        WalkArrived,
        WalkRunning,
    ];

    /// Stable name.
    pub const fn key(self) -> &'static str {
        match self {
            MeanDuration => "mean_duration",
            MeanTimeLoss => "mean_time_loss",
            MeanWaiting => "mean_waiting",
            MeanDepartDelay => "mean_depart_delay",
            MeanRouteLength => "mean_route_length",
            MeanSpeed => "mean_speed",
            Loaded => "loaded",
            Throughput => "throughput",
            Arrived => "arrived",
            Running => "running",
            NotDeparted => "not_departed",
            Teleported => "teleported",
            MeanQueue => "mean_queue",
            MaxQueue => "max_queue",
            WalkDuration => "walkers_mean_duration",
            WalkTimeLoss => "walkers_mean_time_loss",
            WalkLength => "walkers_mean_length",
            WalkThroughput => "walkers_throughput",
            WalkArrived => "walkers_arrived",
            WalkRunning => "walkers_running",
        }
    }

    /// Unit.
    pub const fn unit(self) -> &'static str {
        match self {
            MeanDuration | MeanTimeLoss | MeanWaiting | MeanDepartDelay | WalkDuration | WalkTimeLoss => "s",
            MeanRouteLength | WalkLength => "m",
            MeanSpeed => "m/s",
            Throughput => "veh/h",
            WalkThroughput => "persons/h",
            WalkArrived | WalkRunning => "persons",
            Loaded | Arrived | Running | NotDeparted | Teleported | MeanQueue | MaxQueue => "veh",
        }
    }

    /// Whether it is about people on foot.
    pub const fn of_walkers(self) -> bool {
        matches!(self, WalkDuration | WalkTimeLoss | WalkLength | WalkThroughput | WalkArrived | WalkRunning)
    }

    /// Whether it can be told for one demand by itself (queues cannot).
    pub const fn of_demand(self) -> bool {
        !matches!(self, MeanQueue | MaxQueue)
    }

    /// A trip's own value, for figures that are means over trips; `None` where the trip does not count.
    fn of_trip(self, trip: &TripRow) -> Option<f64> {
        let arrived = trip.status == TripStatus::Arrived;
        match self {
            MeanDuration | WalkDuration => trip.duration_s.filter(|_| arrived),
            MeanTimeLoss | WalkTimeLoss => arrived.then_some(trip.time_loss_s),
            MeanWaiting => arrived.then_some(trip.waiting_s),
            MeanDepartDelay => trip.depart_delay_s,
            MeanRouteLength | WalkLength => arrived.then_some(trip.route_length_m),
            _ => None,
        }
    }
}

/// A figure of a run: the mean over its seeds and each seed's value.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Figure {
    /// Stable name.
    pub key: &'static str,
    /// Unit.
    pub unit: &'static str,
    /// Mean over the seeds.
    pub mean: f64,
    /// By seed, in the order of [`RunFigures::seeds`]; null where a seed has no such figure.
    pub by_seed: Vec<Option<f64>>,
}

/// The figures of one demand.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DemandFigures {
    /// Its name.
    pub name: String,
    /// What can be told of it.
    pub figures: Vec<Figure>,
}

/// All figures of one run.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RunFigures {
    /// The scenario's name.
    pub name: String,
    /// The run directory.
    pub dir: PathBuf,
    /// Seeds, rising.
    pub seeds: Vec<u64>,
    /// Simulated seconds.
    pub sim_seconds: f64,
    /// All figures that there are.
    pub figures: Vec<Figure>,
    /// The same by demand.
    pub demand: Vec<DemandFigures>,
}

impl RunFigures {
    pub(super) fn new(name: &str, dir: &Path, seeds: &[Seed]) -> Self {
        let all = |demand: Option<&str>| -> Vec<Figure> {
            let figure = |kind: &FigureKind| {
                let by_seed: Vec<Option<f64>> = seeds.iter().map(|seed| seed.figure(*kind, demand)).collect();
                let there: Vec<f64> = by_seed.iter().flatten().copied().collect();
                let mean = (!there.is_empty()).then(|| there.iter().sum::<f64>() / there.len() as f64)?;
                Some(Figure { key: kind.key(), unit: kind.unit(), mean, by_seed })
            };
            FigureKind::ALL.iter().filter_map(figure).collect()
        };
        let mut demands: Vec<String> = seeds.iter().flat_map(Seed::demands).collect();
        demands.sort();
        demands.dedup();
        RunFigures {
            name: name.to_owned(),
            dir: dir.to_owned(),
            seeds: seeds.iter().map(|seed| seed.seed).collect(),
            sim_seconds: seeds.first().map_or(0.0, |seed| seed.seconds),
            figures: all(None),
            demand: demands.into_iter().map(|name| DemandFigures { figures: all(Some(&name)), name }).collect(),
        }
    }
}

/// The recording of one seed, read.
pub(super) struct Seed {
    pub(super) dir: PathBuf,
    pub(super) seed: u64,
    pub(super) finished: bool,
    pub(super) scenario: String,
    pub(super) network: String,
    pub(super) model: String,
    pub(super) start_s: f64,
    pub(super) seconds: f64,
    pub(super) trips: Vec<TripRow>,
    pub(super) links: Vec<LinkRow>,
}

impl Seed {
    pub(super) fn read(dir: &Path) -> Result<Seed, RunError> {
        let recording = Recording::open(dir)?;
        let (trips, links) = (recording.trips()?, recording.links()?);
        let summary = recording.summary().cloned();
        // An unfinished run lasts as long as its link intervals.
        let span = || {
            let begin = links.iter().map(|row| row.begin).min()?;
            Some((links.iter().map(|row| row.end).max()? - begin).as_s())
        };
        let seconds = summary.as_ref().map_or_else(|| span().unwrap_or(0.0), |summary| summary.sim_seconds);
        let finished = summary.is_some();
        let summary = summary.unwrap_or_default();
        Ok(Seed {
            dir: dir.to_owned(),
            seed: summary.seed,
            finished,
            scenario: summary.run.scenario,
            network: summary.run.network_hash,
            model: summary.model,
            start_s: summary.run.start_s,
            seconds,
            trips,
            links,
        })
    }

    /// Names of all demands with a trip, sorted.
    pub(super) fn demands(&self) -> Vec<String> {
        let mut names: Vec<&str> = self.trips.iter().map(|trip| trip.demand.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        names.into_iter().map(str::to_owned).collect()
    }

    fn counted<'a>(&'a self, kind: FigureKind, demand: Option<&'a str>) -> impl Iterator<Item = &'a TripRow> {
        let wanted = move |trip: &&TripRow| trip.kind.is_vehicle() != kind.of_walkers() && demand.is_none_or(|d| d == trip.demand);
        self.trips.iter().filter(wanted)
    }

    /// A figure, of all trips or of one demand's; `None` where nothing counts.
    pub(super) fn figure(&self, kind: FigureKind, demand: Option<&str>) -> Option<f64> {
        let trips = || self.counted(kind, demand);
        trips().next()?;
        let status = |status: TripStatus| trips().filter(|trip| trip.status == status).count() as f64;
        let hours = self.seconds / 3600.0;
        let roads = || self.links.iter().filter(|row| !row.is_area);
        match kind {
            Loaded => Some(trips().filter(|trip| trip.status != TripStatus::Unroutable).count() as f64),
            Arrived | WalkArrived => Some(status(TripStatus::Arrived)),
            Running | WalkRunning => Some(status(TripStatus::Running)),
            NotDeparted => Some(status(TripStatus::Waiting)),
            Throughput | WalkThroughput => (hours > 0.0).then(|| status(TripStatus::Arrived) / hours),
            Teleported => Some(trips().map(|trip| f64::from(trip.teleports)).sum()),
            MeanQueue => (self.seconds > 0.0).then(|| roads().map(|row| row.waiting_s).sum::<f64>() / self.seconds),
            MaxQueue => roads().map(|row| f64::from(row.queue_max)).reduce(f64::max),
            MeanSpeed => {
                let arrived = || trips().filter(|trip| trip.status == TripStatus::Arrived);
                let seconds: f64 = arrived().filter_map(|trip| trip.duration_s).sum();
                (seconds > 0.0).then(|| arrived().map(|trip| trip.route_length_m).sum::<f64>() / seconds)
            }
            _ => {
                let (mut sum, mut count) = (0.0, 0u64);
                for value in trips().filter_map(|trip| kind.of_trip(trip)) {
                    sum += value;
                    count += 1;
                }
                (count > 0).then(|| sum / count as f64)
            }
        }
    }
}

/// What changed for each traveller that counts in both runs, by demand and number within it.
pub(super) fn paired_trips(kind: FigureKind, demand: Option<&str>, base: &Seed, run: &Seed) -> Vec<f64> {
    let values = |seed: &Seed| -> BTreeMap<(String, u32), f64> {
        let trips = seed.counted(kind, demand);
        trips.filter_map(|trip| Some(((trip.demand.clone(), trip.trip), kind.of_trip(trip)?))).collect()
    };
    let after = values(run);
    values(base).iter().filter_map(|(key, before)| Some(after.get(key)? - before)).collect()
}
