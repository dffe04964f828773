//! Intervals of edge data.

use qike_export::sumo::{EdgeData, EdgeValues};
use qike_run::traffic::Moment;
use qike_scene::traffic::{EdgeKind, EdgeSums, TrafficScenario};
use std::io::{self, Write};

/// What is known of an edge that is written.
pub struct EdgeAbout {
    at: usize,
    id: String,
    length_m: f64,
    lanes: u32,
    limit_mps: f64,
    inside: bool,
}

/// The edges of a scenario that vehicles use, in its order.
pub fn roads(scenario: &TrafficScenario) -> Vec<EdgeAbout> {
    let map = &scenario.map;
    let about = |(at, e): (usize, &qike_scene::traffic::MapEdge)| {
        let lanes = map.lanes.get(e.lanes.start as usize..e.lanes.end as usize).unwrap_or_default();
        let limit_mps = lanes.iter().map(|l| l.speed_mps).fold(0.0, f64::max);
        EdgeAbout { at, id: e.id.clone(), length_m: lanes.first().map_or(0.0, |l| l.length_m), lanes: lanes.len() as u32, limit_mps, inside: e.kind != EdgeKind::Normal }
    };
    map.edges.iter().enumerate().filter(|(_, e)| matches!(e.kind, EdgeKind::Normal | EdgeKind::Internal)).map(about).collect()
}

/// Which edges a file of edge data holds.
#[derive(Clone, Debug, Default)]
pub struct Which {
    /// None on which nobody was.
    pub used_only: bool,
    /// Those have the figures of a free road.
    pub free_figures: bool,
    /// Edges over junctions, too.
    pub inside: bool,
    /// Only these, by place; empty: all.
    pub only: Vec<u32>,
}

/// Begin, end and length of intervals, ms; none: those of the run.
pub type Times = (Option<i64>, Option<i64>, Option<i64>);

/// Begin of the first interval to come, ms; begin of the one under way and the sums until then.
pub type EdgeFileState = (i64, Option<(i64, Vec<EdgeSums>)>);

/// A file of edge data: which intervals, and where it is.
pub struct EdgeFile<W> {
    file: EdgeData<W>,
    id: String,
    begin_ms: i64,
    end_ms: i64,
    every_ms: Option<i64>,
    /// Which edges, and how those on which nobody was are written.
    wanted: Which,
    /// Begin of the interval under way, and the sums until then.
    since: Option<(i64, Vec<EdgeSums>)>,
    now_ms: i64,
}

impl<W: Write> EdgeFile<W> {
    /// For a run that begins at `run_ms`.
    pub fn new(out: W, id: &str, wanted: Which, run_ms: i64, (begin_ms, end_ms, every_ms): Times) -> io::Result<Self> {
        let begin_ms = begin_ms.unwrap_or(run_ms).max(run_ms);
        let since = (begin_ms <= run_ms).then(|| (run_ms, Vec::new()));
        Ok(Self { file: EdgeData::new(out)?, id: id.to_owned(), begin_ms, end_ms: end_ms.unwrap_or(i64::MAX), every_ms, wanted, since, now_ms: run_ms })
    }

    /// What it must know to go on later.
    pub fn state(&self) -> EdgeFileState {
        (self.begin_ms, self.since.clone())
    }

    /// Goes on at a moment; with no state it begins there at the earliest.
    pub fn resume(&mut self, state: Option<EdgeFileState>, moment: &Moment<'_>) {
        self.now_ms = moment.time_ms + moment.step_ms;
        (self.begin_ms, self.since) = state.unwrap_or_else(|| {
            let begins = self.begin_ms <= self.now_ms && self.now_ms < self.end_ms;
            (self.begin_ms.max(self.now_ms), begins.then(|| (self.now_ms, moment.edge_sums().into_owned())))
        });
    }

    /// A step was done.
    pub fn step(&mut self, moment: &Moment<'_>, roads: &[EdgeAbout]) -> io::Result<()> {
        let now = moment.time_ms + moment.step_ms;
        self.now_ms = now;
        match &self.since {
            Some((from, _)) => {
                // As in SUMO, the last interval is a whole one, also where the end lies within it.
                let due = self.every_ms.map_or(self.end_ms, |every| from.saturating_add(every));
                if now >= due {
                    self.write(moment, roads)?;
                    self.since = (now < self.end_ms).then(|| (now, moment.edge_sums().into_owned()));
                    if self.since.is_none() {
                        self.begin_ms = i64::MAX;
                    }
                }
            }
            None if now >= self.begin_ms && now < self.end_ms => self.since = Some((now, moment.edge_sums().into_owned())),
            None => {}
        }
        Ok(())
    }

    fn write(&mut self, moment: &Moment<'_>, roads: &[EdgeAbout]) -> io::Result<()> {
        let Some((from, before)) = &self.since else { return Ok(()) };
        let none = EdgeSums::default();
        let sums = moment.edge_sums();
        let which = &self.wanted;
        let edges = roads.iter().filter(|r| (which.inside || !r.inside) && (which.only.is_empty() || which.only.contains(&(r.at as u32)))).filter_map(|road| {
            let sums = sums.get(road.at)?.since(before.get(road.at).unwrap_or(&none));
            if which.used_only && sums == none {
                return None;
            }
            Some(EdgeValues { id: &road.id, length_m: road.length_m, lanes: road.lanes, limit_mps: road.limit_mps, free_figures: which.free_figures, sums })
        });
        self.file.interval(&self.id, *from, self.now_ms, edges)
    }

    /// The run is over.
    pub fn finish(mut self, moment: &Moment<'_>, roads: &[EdgeAbout]) -> io::Result<()> {
        if self.since.as_ref().is_some_and(|(from, _)| *from < self.now_ms) {
            self.write(moment, roads)?;
        }
        self.file.finish()
    }
}
