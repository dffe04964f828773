//! Intervals of edge data.

use qike_export::sumo::{EdgeData, EdgeValues};
use qike_run::traffic::{EdgeSums, Moment};
use qike_scene::traffic::{EdgeKind, TrafficScenario};
use std::io::{self, Write};

/// What is known of an edge that is written.
pub struct EdgeAbout {
    at: usize,
    id: String,
    length_m: f64,
    lanes: u32,
    limit_mps: f64,
}

/// The roads of a scenario, in its order.
pub fn roads(scenario: &TrafficScenario) -> Vec<EdgeAbout> {
    let map = &scenario.map;
    let about = |(at, e): (usize, &qike_scene::traffic::MapEdge)| {
        let lanes = map.lanes.get(e.lanes.start as usize..e.lanes.end as usize).unwrap_or_default();
        let limit_mps = lanes.iter().map(|l| l.speed_mps).fold(0.0, f64::max);
        EdgeAbout { at, id: e.id.clone(), length_m: lanes.first().map_or(0.0, |l| l.length_m), lanes: lanes.len() as u32, limit_mps }
    };
    map.edges.iter().enumerate().filter(|(_, e)| e.kind == EdgeKind::Normal).map(about).collect()
}

/// A file of edge data: which intervals, and where it is.
pub struct EdgeFile<W> {
    file: EdgeData<W>,
    id: String,
    begin_ms: i64,
    end_ms: i64,
    every_ms: Option<i64>,
    /// Edges on which nobody was are left out, as SUMO does where its option asks for the file.
    used_only: bool,
    /// Begin of the interval under way, and the sums until then.
    since: Option<(i64, Vec<EdgeSums>)>,
    now_ms: i64,
}

impl<W: Write> EdgeFile<W> {
    /// For a run that begins at `run_ms`.
    pub fn new(out: W, id: &str, run_ms: i64, begin_ms: Option<i64>, end_ms: Option<i64>, every_ms: Option<i64>) -> io::Result<Self> {
        let begin_ms = begin_ms.unwrap_or(run_ms).max(run_ms);
        let since = (begin_ms <= run_ms).then(|| (run_ms, Vec::new()));
        Ok(Self { file: EdgeData::new(out)?, id: id.to_owned(), begin_ms, end_ms: end_ms.unwrap_or(i64::MAX), every_ms, used_only: false, since, now_ms: run_ms })
    }

    /// Leaves out edges on which nobody was.
    #[must_use]
    pub fn used_only(mut self) -> Self {
        self.used_only = true;
        self
    }

    /// A step was done.
    pub fn step(&mut self, moment: &Moment<'_>, roads: &[EdgeAbout]) -> io::Result<()> {
        let now = moment.time_ms + moment.step_ms;
        self.now_ms = now;
        match &self.since {
            Some((from, _)) => {
                let due = self.every_ms.map_or(self.end_ms, |every| from.saturating_add(every).min(self.end_ms));
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
        let edges = roads.iter().filter_map(|road| {
            let d = sums.get(road.at)?.since(before.get(road.at).unwrap_or(&none));
            if self.used_only && d == none {
                return None;
            }
            Some(EdgeValues {
                id: &road.id,
                length_m: road.length_m,
                lanes: road.lanes,
                limit_mps: road.limit_mps,
                sampled_s: d.sampled_s,
                travelled_m: d.travelled_m,
                front_s: d.front_s,
                front_m: d.front_m,
                waiting_s: d.waiting_s,
                loss_s: d.loss_s,
                covered_ms: d.covered_ms,
                length_ms: d.length_ms,
                departed: d.departed,
                arrived: d.arrived,
                entered: d.entered,
                left: d.left,
                changed: d.changed,
            })
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
