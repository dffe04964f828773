//! Where everybody was, step by step (`fcd-output`), as XML or as CSV, plain or compressed: read as a stream, a step at a time.

use super::log::Log;
use super::names::Ids;
use super::values::{number, time};
use super::xml::{Broken, Tag, Xml, shown};
use crate::formats::features::delimited::Rows;
use crate::formats::osm::compressed;
use crate::{ImportError, Projector, Source};
use qike_core::{Crs, Diagnostic, Feedback, SourceCrs, Task};
use qike_scene::traffic::{Frame, Frames, RoadMap, Sighting, Travellers};
use std::io::BufRead;
use std::path::Path;

/// Positions that are further from their lane than it is long, and this, are no positions on the map, m.
const FAR_M: f64 = 1000.0;

/// What stands of one vehicle or person.
#[derive(Default)]
struct Stated<'a> {
    id: &'a str,
    kind: &'a str,
    lane: &'a str,
    x: &'a str,
    y: &'a str,
    z: &'a str,
    angle: &'a str,
    speed: &'a str,
    pos: &'a str,
    walker: bool,
}

/// A file being read.
pub struct Fcd<'m> {
    map: &'m RoadMap,
    lanes: Ids,
    input: Input,
    log: Log,
    feedback: Feedback,
    task: Task,
    /// A row of the next step that was read already, and its time.
    held: Option<(i64, Sighting)>,
    last_ms: i64,
    frames: u64,
    /// Coordinates are degrees: a way to the map's system, where there is one.
    degrees: Option<Option<Box<Projector>>>,
    done: bool,
}

enum Input {
    Xml(Box<Xml>),
    Csv(Box<Rows<Box<dyn BufRead>>>, Columns),
}

/// Places of a table's columns.
#[derive(Clone, Copy)]
struct Columns([Option<usize>; 11]);

/// Their names: that of the step, then those of vehicles in the order of [`Columns`]; persons have `person_…`.
const COLUMNS: [&str; 11] = ["timestep_time", "vehicle_id", "vehicle_type", "vehicle_lane", "vehicle_x", "vehicle_y", "vehicle_z", "vehicle_angle", "vehicle_speed", "vehicle_pos", "person_id"];

/// Whether a table's header is that of such a file.
pub fn is_header(header: &[String]) -> bool {
    ["timestep_time", "vehicle_id"].iter().all(|name| header.iter().any(|h| h == name))
}

impl<'m> Fcd<'m> {
    /// Opens a file. Lanes are looked up in `map`, which may be empty.
    ///
    /// # Errors
    /// Where it cannot be read, or is no such file.
    pub fn open(path: &Path, map: &'m RoadMap, feedback: &Feedback) -> Result<Self, ImportError> {
        let name = path.display().to_string();
        let csv = compressed::plain_head(&crate::observed::head(path, &name)?).iter().find(|b| !b.is_ascii_whitespace()) != Some(&b'<');
        let input = if csv {
            let rows = Rows::new(compressed::open(&Source::new(path))?).map_err(|e| ImportError::corrupt(&name, "line 1", e))?;
            if !is_header(&rows.header) {
                return Err(ImportError::corrupt(&name, "line 1", "the table has no columns timestep_time and vehicle_id: it is no FCD of SUMO"));
            }
            let columns = COLUMNS.map(|column| rows.header.iter().position(|h| h == column));
            Input::Csv(Box::new(rows), Columns(columns))
        } else {
            let mut xml = Xml::open(path, &name)?;
            match xml.child(0) {
                Ok(Some(root)) if root.name == b"fcd-export" => {}
                Ok(Some(root)) => return Err(ImportError::corrupt(&name, format!("line {}", root.line()), format!("this is no FCD of SUMO: its root is '{}', not 'fcd-export'", root.title()))),
                Ok(None) => return Err(ImportError::corrupt(&name, "line 1", "there is no element in it")),
                Err(broken) => return Err(ImportError::corrupt(&name, format!("line {}", broken.line), broken.reason)),
            }
            Input::Xml(Box::new(xml))
        };
        let log = Log::of(&name);
        let task = feedback.task(format!("read {name}"), 0);
        Ok(Self { map, lanes: Ids::of(&map.lanes, |l| &l.id), input, log, feedback: feedback.clone(), task, held: None, last_ms: i64::MIN, frames: 0, degrees: None, done: false })
    }

    /// What was wrong with it.
    pub fn finish(mut self) -> Vec<Diagnostic> {
        self.log.help("unknown-lane", "the file may belong to another network: name its own with --net");
        self.log.help("file-cut-off", "what came before is recorded; get the whole file to have the rest");
        self.log.finish()
    }

    fn xml_step(&mut self, frame: &mut Frame, travellers: &mut Travellers) -> bool {
        let Self { input: Input::Xml(xml), log, .. } = self else { return false };
        let step = loop {
            match xml.child(1) {
                Ok(Some(tag)) if tag.name == b"timestep" => match tag.get(b"time").and_then(|t| time(&t)) {
                    Some(ms) if ms > self.last_ms => break Ok(Some(ms)),
                    Some(_) => {
                        log.error("time-order", tag.line(), || "a step is not later than the one before it, and is left out".into());
                    }
                    None => {
                        log.error("bad-time", tag.line(), || format!("a step's time '{}' is none; it is left out", shown(&tag.or_empty(b"time"))));
                    }
                },
                Ok(Some(tag)) => {
                    log.unsupported(&format!("element '{}'", tag.title()), tag.line(), "it is left out");
                }
                Ok(None) => break Ok(None),
                Err(broken) => break Err(broken),
            }
        };
        match step {
            Ok(Some(ms)) => frame.time_ms = ms,
            Ok(None) => return false,
            Err(broken) => {
                self.broken(&broken);
                return false;
            }
        }
        loop {
            let Self { input: Input::Xml(xml), map, lanes, log, degrees, .. } = self else { return false };
            match xml.child(2) {
                Ok(Some(tag)) => match tag.name {
                    b"vehicle" | b"person" => {
                        let seen = of_tag(&tag, |stated, line| sighting(stated, line, map, lanes, log, degrees, travellers));
                        frame.seen.extend(seen);
                    }
                    _ => {
                        log.unsupported(&format!("element '{}'", tag.title()), tag.line(), "it is left out");
                    }
                },
                Ok(None) => return true,
                Err(broken) => {
                    // A step of which the end is missing is no whole picture of the road.
                    self.broken(&broken);
                    return false;
                }
            }
        }
    }

    fn csv_step(&mut self, frame: &mut Frame, travellers: &mut Travellers) -> bool {
        let mut begun = false;
        if let Some((ms, seen)) = self.held.take() {
            frame.time_ms = ms;
            frame.seen.push(seen);
            begun = true;
        }
        let Self { input: Input::Csv(rows, Columns(columns)), map, lanes, log, degrees, .. } = self else { return false };
        for row in rows {
            let (line, fields) = match row {
                Ok(row) => row,
                Err((line, reason)) => {
                    log.error("bad-row", line, || format!("{reason}; the row is left out"));
                    continue;
                }
            };
            let field = |n: usize| columns.get(n).copied().flatten().and_then(|at| fields.get(at)).map_or("", |f| f.as_str());
            let Some(ms) = time(field(0)) else {
                log.error("bad-time", line, || format!("a step's time '{}' is none; the row is left out", shown(field(0))));
                continue;
            };
            if ms < if begun { frame.time_ms } else { self.last_ms.saturating_add(1) } {
                log.error("time-order", line, || "a row is earlier than the one before it, and is left out".into());
                continue;
            }
            let walker = field(1).is_empty();
            let id = if walker { field(10) } else { field(1) };
            let stated = Stated { id, kind: field(2), lane: field(3), x: field(4), y: field(5), z: field(6), angle: field(7), speed: field(8), pos: field(9), walker };
            // A step without anybody has a row with its time alone.
            let seen = if id.is_empty() { None } else { sighting(&stated, line, map, lanes, log, degrees, travellers) };
            if begun && ms > frame.time_ms {
                if let Some(seen) = seen {
                    self.held = Some((ms, seen));
                    return true;
                }
                continue;
            }
            (frame.time_ms, begun) = (ms, true);
            frame.seen.extend(seen);
        }
        begun
    }

    fn broken(&mut self, broken: &Broken) {
        let Broken { reason, line, cut_off } = broken;
        self.log.error(if *cut_off { "file-cut-off" } else { "file-broken" }, *line, || format!("{reason}; what came before is recorded"));
    }
}

impl Frames for Fcd<'_> {
    fn next(&mut self, frame: &mut Frame, travellers: &mut Travellers) -> bool {
        frame.seen.clear();
        if self.done || self.feedback.is_cancelled() {
            return false;
        }
        let there = match self.input {
            Input::Xml(_) => self.xml_step(frame, travellers),
            Input::Csv(..) => self.csv_step(frame, travellers),
        };
        if !there {
            self.done = true;
            if self.frames == 0 {
                self.log.error("no-steps", 0, || "there is no step in it".into());
            }
            return false;
        }
        self.last_ms = frame.time_ms;
        self.frames += 1;
        self.task.advance(1);
        // Each only once at a time.
        frame.seen.sort_by_key(|s| s.agent);
        let before = frame.seen.len();
        frame.seen.dedup_by_key(|s| s.agent);
        if frame.seen.len() < before {
            self.log.error("twice-at-once", 0, || format!("someone is in the step at {} s more than once; the first counts", frame.time_ms as f64 / 1000.0));
        }
        true
    }
}

/// Takes a tag's attributes apart, once.
fn of_tag<T>(tag: &Tag<'_>, then: impl FnOnce(&Stated<'_>, u64) -> T) -> T {
    let mut values: [std::borrow::Cow<'_, str>; 9] = Default::default();
    for (key, value) in tag.attributes() {
        let at = match key {
            b"id" => 0,
            b"type" => 1,
            b"lane" => 2,
            b"x" => 3,
            b"y" => 4,
            b"z" => 5,
            b"angle" => 6,
            b"speed" => 7,
            b"pos" => 8,
            _ => continue,
        };
        if let Some(place) = values.get_mut(at) {
            *place = value;
        }
    }
    let [id, kind, lane, x, y, z, angle, speed, pos] = &values;
    then(&Stated { id, kind, lane, x, y, z, angle, speed, pos, walker: tag.name == b"person" }, tag.line())
}

/// One that can be used, or a finding.
#[allow(clippy::too_many_arguments)] // The reader's parts, which are borrowed one by one.
fn sighting(stated: &Stated<'_>, line: u64, map: &RoadMap, lanes: &Ids, log: &mut Log, degrees: &mut Option<Option<Box<Projector>>>, travellers: &mut Travellers) -> Option<Sighting> {
    if stated.id.is_empty() {
        log.error("no-id", line, || "a vehicle or person has no id, and is left out".into());
        return None;
    }
    let lane = lanes.get(stated.lane, |at| map.lanes.get(at as usize).map_or("", |l| &l.id));
    if lane.is_none() && !stated.lane.is_empty() && !map.lanes.is_empty() && !stated.walker {
        log.error("unknown-lane", line, || format!("'{}' is on lane '{}', which is not in the network; it is recorded without its place on the road", shown(stated.id), shown(stated.lane)));
    }
    let pos = number(stated.pos);
    let mut position = number(stated.x).zip(number(stated.y)).map(|(x, y)| [x, y, number(stated.z).unwrap_or(0.0)]);
    if let Some(p) = position {
        let off = lane.and_then(|at| map.lanes.get(at as usize)).and_then(|l| l.shape.first().map(|s| (s[0] - p[0]).hypot(s[1] - p[1]) > l.length_m + FAR_M)).unwrap_or(false);
        if degrees.is_none() && off && p[0].abs() <= 180.0 && p[1].abs() <= 90.0 {
            *degrees = Some(to_map(map));
        }
        if let Some(way) = degrees {
            position = way.as_mut().and_then(|way| way.project(p, stated.id)).map(|q| {
                let offset = map.location.as_ref().map_or([0.0; 2], |(_, offset)| *offset);
                [q[0] - offset[0], q[1] - offset[1], p[2]]
            });
        }
    }
    if position.is_none() && (lane.is_none() || pos.is_none()) {
        log.error("no-position", line, || format!("'{}' has neither coordinates nor a place on a lane of the network; it is left out", shown(stated.id)));
        return None;
    }
    let user = stated.walker.then_some(qike_scene::traffic::RoadUsers::PEDESTRIAN);
    let kind = if stated.kind.is_empty() { if stated.walker { "person" } else { "vehicle" } } else { stated.kind };
    Some(Sighting {
        agent: travellers.agent(stated.id),
        kind: travellers.kind(kind, user),
        walker: stated.walker,
        lane: lane.filter(|_| pos.is_some()),
        pos_m: pos.unwrap_or(0.0).max(0.0),
        position,
        // SUMO counts degrees clockwise from north.
        heading: number(stated.angle).map(|degrees| turned((90.0 - degrees).to_radians())),
        speed_mps: number(stated.speed).map(|v| v.max(0.0)),
    })
}

/// Into −π … π.
fn turned(radians: f64) -> f64 {
    let turn = std::f64::consts::TAU;
    let r = radians.rem_euclid(turn);
    if r > std::f64::consts::PI { r - turn } else { r }
}

/// From degrees to the system of a map that states one.
fn to_map(map: &RoadMap) -> Option<Box<Projector>> {
    let (text, _) = map.location.as_ref()?;
    let crs = Crs::parse(text.trim()).ok()?;
    Projector::new(&SourceCrs::Crs(Crs::wgs84()), &crs, "").ok().map(Box::new)
}

#[cfg(test)]
mod tests {
    use super::*;
    use qike_scene::traffic::{MapEdge, MapLane};

    fn map() -> RoadMap {
        let lane = MapLane { id: "e_0".into(), length_m: 100.0, shape: vec![[0.0; 3], [100.0, 0.0, 0.0]], ..MapLane::default() };
        RoadMap { edges: vec![MapEdge { id: "e".into(), lanes: 0..1, ..MapEdge::default() }], lanes: vec![lane], ..RoadMap::default() }
    }

    fn read(name: &str, text: &str) -> (Vec<Frame>, Vec<Diagnostic>, Travellers) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        let (map, mut travellers, mut frames, mut frame) = (map(), Travellers::default(), Vec::new(), Frame::default());
        let mut fcd = Fcd::open(&path, &map, &Feedback::silent()).unwrap();
        while fcd.next(&mut frame, &mut travellers) {
            frames.push(frame.clone());
        }
        (frames, fcd.finish(), travellers)
    }

    #[test]
    fn xml_and_csv_say_the_same() {
        let xml = "<fcd-export>\n<timestep time=\"0.00\"/>\n<timestep time=\"1.50\">\n<vehicle id=\"a\" x=\"5.5\" y=\"0\" angle=\"90\" type=\"bus\" speed=\"3\" pos=\"5.5\" lane=\"e_0\" slope=\"0\"/>\n<person id=\"p\" x=\"1\" y=\"2\" angle=\"0\" speed=\"1.2\" pos=\"1\" edge=\"e\" slope=\"0\"/></timestep></fcd-export>";
        let (frames, findings, travellers) = read("f.xml", xml);
        assert_eq!((frames.len(), findings.len(), travellers.count()), (2, 0, 2), "{findings:?}");
        let seen = frames[1].seen[0];
        assert_eq!((frames[1].time_ms, seen.lane, seen.pos_m, seen.heading, seen.speed_mps), (1500, Some(0), 5.5, Some(0.0), Some(3.0)));
        assert!(frames[1].seen[1].walker && frames[1].seen[1].lane.is_none());
        let csv = "timestep_time;vehicle_id;vehicle_x;vehicle_y;vehicle_angle;vehicle_type;vehicle_speed;vehicle_pos;vehicle_lane;vehicle_edge;vehicle_slope\n1.50;a;5.5;0;90;bus;3;5.5;e_0;;0\n2.5;a;9;0;90;bus;3;9;e_0;;0\n";
        let (again, findings, _) = read("f.csv", csv);
        assert_eq!((again.len(), findings.len(), again[0].seen[0]), (2, 0, seen), "{findings:?}");
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line_and_the_rest_goes_on() {
        let xml = "<fcd-export>\n<timestep time=\"1\">\n<vehicle id=\"a\" x=\"5\" y=\"0\" lane=\"nowhere_0\" pos=\"1\"/>\n<vehicle x=\"5\" y=\"0\"/>\n<vehicle id=\"b\" x=\"nan\" y=\"0\"/></timestep>\n<timestep time=\"1\"/>\n<timestep time=\"x\"/>\n<timestep time=\"2\"><vehicle id=\"c\" x=\"1\" y=\"1\"/></timestep>\n<timestep time=\"3\">";
        let (frames, findings, _) = read("f.xml", xml);
        let codes: Vec<_> = findings.iter().map(|f| (f.code.as_ref(), f.place.line)).collect();
        assert_eq!(codes, [("unknown-lane", Some(3)), ("no-id", Some(4)), ("no-position", Some(5)), ("time-order", Some(6)), ("bad-time", Some(7)), ("file-cut-off", Some(9))]);
        assert_eq!(frames.iter().map(|f| (f.time_ms, f.seen.len())).collect::<Vec<_>>(), [(1000, 1), (2000, 1)]);
    }
}
