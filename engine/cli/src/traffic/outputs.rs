//! Writes SUMO's outputs while the scenario runs. A file has its name when it is whole; until then it ends in `.part`.

use super::edges::{EdgeAbout, EdgeFile, EdgeFileState, Times, Which, roads};
use super::wanted::{Of, Wanted, WantedFile};
use qike_export::sumo::{DetectorFile, DetectorOutput, Fcd, FcdVehicle, SummaryOutput, SummaryStep, TripInfo, TripInfos};
use qike_network::streets::{along, shape_length};
use qike_run::RunError;
use qike_run::traffic::{Moment, OnRoad, TripRow, Watcher, due};
use qike_scene::traffic::{Detector, DetectorKind, TrafficScenario};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};
use std::time::Instant;

type Out = BufWriter<File>;

enum Writer {
    Trips(TripInfos<Out>),
    Summary(SummaryOutput<Out>, Instant),
    Edges(Box<EdgeFile<Out>>),
    Fcd(Fcd<Out>),
    /// With the places of those that write into it.
    Detectors(DetectorOutput<Out>, Vec<u32>),
}

/// What outputs must know to go on in a run that is resumed: ids of vehicles, and files of edge data by what asks for them.
#[derive(Default, Serialize, Deserialize)]
struct Kept {
    names: Vec<String>,
    edges: BTreeMap<String, EdgeFileState>,
}

fn key(wanted: &WantedFile) -> String {
    format!("{} {:?}", wanted.kind, wanted.of)
}

/// A file being written.
struct Opened {
    path: PathBuf,
    writer: Writer,
}

/// All outputs of a run.
pub struct Outputs {
    files: Vec<WantedFile>,
    /// Of edge data that additional files ask for: id, which edges, when.
    edges: Vec<(String, Which, Times)>,
    detectors: Vec<Detector>,
    /// Of vehicles that single passages are written of: their ids, by number.
    names: Vec<String>,
    opened: Option<Vec<Opened>>,
    kinds: Vec<String>,
    lanes: Vec<String>,
    roads: Vec<EdgeAbout>,
    /// Of lanes: metres of shape for a metre of lane, and the rise.
    stretch: Vec<(f64, f64)>,
    heights: bool,
    with_fcd: bool,
    begin_ms: i64,
}

fn part(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".part");
    name.into()
}

impl Outputs {
    /// Those that are wanted.
    pub fn new(scenario: &TrafficScenario, wanted: &Wanted) -> Self {
        let map = &scenario.map;
        let rise = |shape: &[[f64; 3]]| match (shape.first(), shape.last()) {
            (Some(a), Some(b)) => (b[2] - a[2]).atan2(shape_length(shape).max(1e-3)),
            _ => 0.0,
        };
        let with_fcd = wanted.files.iter().any(|f| f.kind == "fcd-output");
        let stretch = |l: &qike_scene::traffic::MapLane| (if l.length_m > 0.0 { shape_length(&l.shape) / l.length_m } else { 1.0 }, rise(&l.shape));
        Self {
            files: wanted.files.clone(),
            edges: scenario.extras.edge_data.iter().map(asked).collect(),
            detectors: scenario.extras.detectors.clone(),
            names: Vec::new(),
            opened: None,
            kinds: scenario.demand.kinds.iter().map(|k| k.id.clone()).collect(),
            lanes: map.lanes.iter().map(|l| l.id.clone()).collect(),
            roads: roads(scenario),
            stretch: if with_fcd { map.lanes.iter().map(stretch).collect() } else { Vec::new() },
            heights: map.lanes.iter().flat_map(|l| &l.shape).any(|p| p[2] != 0.0),
            with_fcd,
            begin_ms: scenario.settings.begin_ms,
        }
    }

    /// Opens all: at the first step, when the run directory is there.
    fn open(&self) -> Result<Vec<Opened>, RunError> {
        self.files
            .iter()
            .map(|wanted| {
                let temporary = part(&wanted.path);
                let made = File::create(&temporary).map(BufWriter::new).and_then(|out| {
                    Ok(match (wanted.kind, &wanted.of) {
                        ("tripinfo-output", _) => Writer::Trips(TripInfos::new(out)?),
                        ("summary-output", _) => Writer::Summary(SummaryOutput::new(out)?, Instant::now()),
                        ("fcd-output", _) => Writer::Fcd(Fcd::new(out)?),
                        (_, Of::Detectors(of)) => Writer::Detectors(DetectorOutput::new(out, self.file_of(of))?, of.clone()),
                        (_, of) => {
                            // SUMO leaves out unused edges where its option asks for the file.
                            let by_option = || ("DEFAULT_EDGEDATA".to_owned(), Which { used_only: true, ..Which::default() }, Times::default());
                            let of = if let Of::Edges(n) = of { self.edges.get(*n).cloned() } else { None };
                            let (id, which, times) = of.unwrap_or_else(by_option);
                            Writer::Edges(Box::new(EdgeFile::new(out, &id, which, self.begin_ms, times)?))
                        }
                    })
                });
                Ok(Opened { path: wanted.path.clone(), writer: made.map_err(RunError::io(&temporary))? })
            })
            .collect()
    }

    fn name(names: &[String], at: u32) -> &str {
        names.get(at as usize).map_or("", String::as_str)
    }

    /// What a file of these detectors holds.
    fn file_of(&self, of: &[u32]) -> DetectorFile {
        match of.first().and_then(|at| self.detectors.get(*at as usize)).map(|d| &d.kind) {
            Some(DetectorKind::Area { .. }) => DetectorFile::Areas,
            Some(DetectorKind::EntryExit { .. }) => DetectorFile::EntriesExits,
            Some(DetectorKind::Instant { .. }) => DetectorFile::Passages,
            Some(DetectorKind::Loop { .. }) | None => DetectorFile::Loops,
        }
    }

    fn detected(&self, file: &mut DetectorOutput<Out>, of: &[u32], moment: &Moment<'_>) -> io::Result<()> {
        let id = |at: u32| self.detectors.get(at as usize).map_or("", |d| d.id.as_str());
        for reading in moment.found.intervals.iter().filter(|r| of.contains(&r.detector)) {
            file.interval(id(reading.detector), reading.begin_ms, reading.end_ms, &reading.figures)?;
        }
        for (at, passage) in moment.found.passages.iter().filter(|(at, _)| of.contains(at)) {
            file.passage(id(*at), Self::name(&self.names, passage.vehicle), Self::name(&self.kinds, passage.kind), passage)?;
        }
        Ok(())
    }

    /// Keeps the ids of vehicles that were at loops: one that has arrived is not known to the model any more.
    fn keep_names(&mut self, moment: &Moment<'_>) {
        for (_, passage) in &moment.found.passages {
            let n = passage.vehicle as usize;
            if self.names.len() <= n {
                self.names.resize(n + 1, String::new());
            }
            if let Some(name) = self.names.get_mut(n).filter(|name| name.is_empty()) {
                let ended = moment.ended.iter().find(|row| row.vehicle == passage.vehicle).map(|row| row.id.as_str());
                if let Some(id) = ended.or_else(|| moment.model.traveller(passage.vehicle).map(|who| who.id)) {
                    id.clone_into(name);
                }
            }
        }
    }

    fn trip<'a>(&'a self, row: &'a TripRow) -> TripInfo<'a> {
        TripInfo {
            id: &row.id,
            depart_ms: row.depart_ms,
            depart_lane: Self::name(&self.lanes, row.depart_lane),
            depart_pos_m: row.depart_pos_m,
            depart_speed_mps: row.depart_speed_mps,
            depart_delay_ms: row.depart_delay_ms,
            arrival_ms: row.arrival_ms.unwrap_or(-1000),
            arrival_lane: Self::name(&self.lanes, row.arrival_lane),
            arrival_pos_m: row.arrival_pos_m,
            arrival_speed_mps: row.arrival_speed_mps,
            duration_ms: row.duration_ms,
            route_length_m: row.length_m,
            waiting_ms: row.waiting_ms,
            waiting_count: row.waiting_count,
            stop_ms: row.stop_ms,
            time_loss_s: row.loss_s,
            kind: Self::name(&self.kinds, row.kind),
            speed_factor: row.speed_factor,
            reroutes: row.reroutes,
            in_fcd: self.with_fcd,
        }
    }

    fn fcd(&self, file: &mut Fcd<Out>, moment: &Moment<'_>) -> io::Result<()> {
        let streets = moment.model.streets();
        let mut all: Vec<(&str, OnRoad)> = moment.everybody.iter().filter_map(|on| Some((moment.model.traveller(on.way.vehicle)?.id, *on))).collect();
        all.sort_unstable_by_key(|(id, _)| *id);
        let vehicle = |(id, on): (_, OnRoad)| {
            let lane = on.way.lane as usize;
            let (stretch, slope) = self.stretch.get(lane).copied().unwrap_or((1.0, 0.0));
            let (at, heading) = along(&streets.shapes[lane], on.way.position_m * stretch);
            let z = self.heights.then_some(at[2]);
            let (kind, lane) = (Self::name(&self.kinds, on.kind), Self::name(&self.lanes, on.way.lane));
            FcdVehicle { id, position: [at[0], at[1]], z, heading, kind, speed_mps: on.way.speed_mps, pos_m: on.way.position_m, lane, slope }
        };
        file.step(moment.time_ms, all.into_iter().map(vehicle))
    }

    fn write(&self, opened: &mut Opened, moment: &Moment<'_>) -> io::Result<()> {
        match &mut opened.writer {
            Writer::Trips(file) => moment.ended.iter().try_for_each(|row| file.trip(&self.trip(row))),
            Writer::Summary(file, last) => {
                let wall_ms = std::mem::replace(last, Instant::now()).elapsed().as_millis() as u64;
                file.step(&summary_step(moment, wall_ms))
            }
            Writer::Edges(file) => file.step(moment, &self.roads),
            Writer::Fcd(file) => self.fcd(file, moment),
            Writer::Detectors(file, of) => self.detected(file, of, moment),
        }
    }
}

/// What an element of an additional file asks for.
fn asked(file: &qike_scene::traffic::EdgeFile) -> (String, Which, Times) {
    let which = Which { used_only: file.used_only, free_figures: file.free_figures, inside: file.inside, only: file.edges.clone() };
    (file.id.clone(), which, (file.begin_ms, file.end_ms, file.every_ms))
}

fn summary_step(moment: &Moment<'_>, wall_ms: u64) -> SummaryStep {
    let (counts, t) = (moment.model.counts(), moment.totals);
    let mean = |sum: f64, n: u64| (n > 0).then(|| sum / n as f64);
    SummaryStep {
        time_ms: moment.time_ms,
        loaded: due(&counts),
        inserted: counts.inserted,
        running: counts.inserted.saturating_sub(counts.arrived),
        waiting: counts.waiting,
        arrived: counts.arrived,
        collisions: counts.overlaps,
        teleports: counts.teleported,
        halting: t.halting,
        stopped: t.at_stops,
        mean_waiting_s: mean(t.delay_s, t.departed),
        mean_duration_s: mean(t.duration_s, t.arrived),
        mean_speed_mps: mean(t.speed_mps, t.on_road),
        mean_relative_speed: mean(t.relative_speed, t.on_road),
        discarded: counts.discarded,
        wall_ms,
    }
}

impl Watcher for Outputs {
    fn looks_at_everybody(&self) -> bool {
        self.files.iter().any(|f| ["fcd-output", "summary-output"].contains(&f.kind))
    }

    fn save(&self) -> Vec<u8> {
        let opened = self.files.iter().zip(self.opened.iter().flatten());
        let edges = opened.filter_map(|(wanted, opened)| if let Writer::Edges(file) = &opened.writer { Some((key(wanted), file.state())) } else { None }).collect();
        postcard::to_stdvec(&Kept { names: self.names.clone(), edges }).unwrap_or_default()
    }

    fn resume(&mut self, saved: &[u8], moment: &Moment<'_>) -> Result<(), RunError> {
        let kept: Kept = postcard::from_bytes(saved).unwrap_or_default();
        let mut opened = self.open()?;
        for (wanted, opened) in self.files.iter().zip(&mut opened) {
            if let Writer::Edges(file) = &mut opened.writer {
                file.resume(kept.edges.get(&key(wanted)).cloned(), moment);
            }
        }
        (self.names, self.opened) = (kept.names, Some(opened));
        Ok(())
    }

    fn step(&mut self, moment: &Moment<'_>) -> Result<(), RunError> {
        let mut opened = match self.opened.take() {
            Some(opened) => opened,
            None => self.open()?,
        };
        self.keep_names(moment);
        for file in &mut opened {
            self.write(file, moment).map_err(RunError::io(&file.path))?;
        }
        self.opened = Some(opened);
        Ok(())
    }

    fn end(&mut self, moment: &Moment<'_>, _: &[TripRow]) -> Result<(), RunError> {
        let opened = match self.opened.take() {
            Some(opened) => opened,
            None => self.open()?,
        };
        self.keep_names(moment);
        for Opened { path, writer } in opened {
            let done = match writer {
                Writer::Detectors(mut file, of) => self.detected(&mut file, &of, moment).and_then(|()| file.finish()),
                Writer::Trips(file) => file.finish(),
                Writer::Summary(file, _) => file.finish(),
                Writer::Edges(file) => file.finish(moment, &self.roads),
                Writer::Fcd(file) => file.finish(),
            };
            done.and_then(|()| std::fs::rename(part(&path), &path)).map_err(RunError::io(&path))?;
        }
        Ok(())
    }
}
