//! Fixes: who was where when, one a row, in any order, plain or compressed.

use super::names::{self, ColumnNames};
use super::{Clock, Log};
use crate::formats::features::columns::{self, Columns};
use crate::formats::features::delimited::Rows;
use crate::formats::osm::compressed;
use crate::formats::sumo::values::number;
use crate::formats::sumo::shown;
use crate::{ImportError, Projector, Source};
use qike_core::{Crs, Diagnostic, Feedback, SourceCrs, Task};
use qike_scene::traffic::{Fix, Fixes, RoadMap, Travellers};
use std::io::BufRead;
use std::path::Path;

/// Plain coordinates are the map's own where they lie within it, and this around it, m.
const AROUND_M: f64 = 2000.0;

/// A file being read.
pub struct Gps {
    rows: Rows<Box<dyn BufRead>>,
    /// Who, when, x, y.
    columns: [usize; 4],
    log: Log,
    feedback: Feedback,
    task: Task,
    clock: Clock,
    /// To the map's system, and what is to be subtracted there.
    way: Option<Box<Projector>>,
    offset: [f64; 2],
    bounds: [f64; 4],
    /// Whether plain coordinates are those of the map's system, and not its own.
    absolute: Option<bool>,
    taken: u64,
}

impl Gps {
    /// Opens a file. `crs`: the system of its coordinates, where the user says it.
    ///
    /// # Errors
    /// Where it cannot be read, lacks a column, or its coordinates do not lead to the map's.
    pub fn open(path: &Path, map: &RoadMap, names: &ColumnNames, crs: Option<&SourceCrs>, feedback: &Feedback) -> Result<Self, ImportError> {
        let name = path.display().to_string();
        let rows = Rows::new(compressed::open(&Source::new(path))?).map_err(|e| ImportError::corrupt(&name, "line 1", e))?;
        let header = rows.header.clone();
        let lacks = |what: &str| ImportError::corrupt(&name, "line 1", format!("there is no column for {what}; name it with --columns id=…,time=…,x=…,y=…"));
        let (who, when) = names::fixes(&header, names).ok_or_else(|| lacks("who or when"))?;
        let at = |column: &str| header.iter().position(|h| h == column);
        let given = names.x.as_deref().zip(names.y.as_deref());
        let (x, y, degrees, datum) = match given {
            Some((x, y)) => (x.to_owned(), y.to_owned(), columns::find([x, y].into_iter()).is_some_and(|c| matches!(c, Columns::LonLat { .. })), None),
            None => match columns::find(header.iter().map(String::as_str)) {
                Some(Columns::LonLat { lon, lat, datum, .. }) => (lon, lat, true, datum),
                Some(Columns::Xy { x, y, .. }) => (x, y, false, None),
                Some(Columns::Geometry(_)) | None => return Err(lacks("the position (lon and lat, or x and y)")),
            },
        };
        let columns = [who, when, at(&x).ok_or_else(|| lacks(&x))?, at(&y).ok_or_else(|| lacks(&y))?];
        let stated = crs.cloned().or(degrees.then(|| datum.unwrap_or_else(|| SourceCrs::Crs(Crs::wgs84()))));
        let own = map.location.as_ref().and_then(|(text, offset)| Some((Crs::parse(text.trim()).ok()?, *offset)));
        let (way, offset) = match (stated, own) {
            (Some(from), Some((to, offset))) => (Some(Box::new(Projector::new(&from, &to, &name)?)), offset),
            (Some(from), None) => {
                let reason = format!("its coordinates are in {from}, and the network says nothing of its own place on Earth");
                return Err(ImportError::corrupt(&name, "line 1", reason));
            }
            (None, own) => (None, own.map_or([0.0; 2], |(_, offset)| offset)),
        };
        let log = Log::of(&name);
        let task = feedback.task(format!("read {name}"), 0);
        Ok(Self { rows, columns, log, feedback: feedback.clone(), task, clock: Clock::default(), way, offset, bounds: bounds(map), absolute: None, taken: 0 })
    }

    /// What was wrong with it.
    pub fn finish(mut self) -> Vec<Diagnostic> {
        self.clock.tell(&mut self.log);
        if self.taken == 0 {
            self.log.error("no-fixes", 0, || "there is no fix in it".into());
        }
        self.log.help("bad-position", "the columns may be exchanged, or in another system: name it with --source-crs");
        let file = self.log.file.clone();
        let mut all = self.log.finish();
        if let Some(way) = self.way {
            let mut sink = qike_scene::sink::MemorySink::new(Crs::wgs84());
            way.report(&file, "fixes", &mut sink);
            all.append(&mut sink.diagnostics);
        }
        all
    }
}

/// West, south, east, north of a map, m.
fn bounds(map: &RoadMap) -> [f64; 4] {
    let corners = map.lanes.iter().flat_map(|l| &l.shape).chain(map.junctions.iter().map(|j| &j.position));
    corners.fold([f64::INFINITY, f64::INFINITY, f64::NEG_INFINITY, f64::NEG_INFINITY], |b, p| [b[0].min(p[0]), b[1].min(p[1]), b[2].max(p[0]), b[3].max(p[1])])
}

impl Fixes for Gps {
    fn next(&mut self, travellers: &mut Travellers) -> Option<Fix> {
        loop {
            if self.feedback.is_cancelled() {
                return None;
            }
            let (line, fields) = match self.rows.next()? {
                Ok(row) => row,
                Err((line, reason)) => {
                    self.log.error("bad-row", line, || format!("{reason}; the row is left out"));
                    continue;
                }
            };
            let field = |n: usize| self.columns.get(n).and_then(|at| fields.get(*at)).map_or("", |f| f.trim());
            let (who, when) = (field(0), field(1));
            if who.is_empty() {
                self.log.error("no-id", line, || "a row does not say who; it is left out".into());
                continue;
            }
            let Some(time_ms) = self.clock.ms(when) else {
                self.log.error("bad-time", line, || format!("'{}' is no time; the row is left out", shown(when)));
                continue;
            };
            let Some((x, y)) = number(field(2)).zip(number(field(3))) else {
                self.log.error("bad-position", line, || format!("'{}', '{}' is no position; the row is left out", shown(field(2)), shown(field(3))));
                continue;
            };
            let position = match &mut self.way {
                Some(way) => match way.project([x, y, 0.0], who) {
                    Some(p) => [p[0] - self.offset[0], p[1] - self.offset[1]],
                    None => continue,
                },
                None => {
                    let [west, south, east, north] = self.bounds;
                    let inside = |x: f64, y: f64| x > west - AROUND_M && x < east + AROUND_M && y > south - AROUND_M && y < north + AROUND_M;
                    let moved = [x - self.offset[0], y - self.offset[1]];
                    let absolute = *self.absolute.get_or_insert(!inside(x, y) && inside(moved[0], moved[1]));
                    if absolute { moved } else { [x, y] }
                }
            };
            self.taken += 1;
            if self.taken.is_multiple_of(1 << 16) {
                self.task.advance(1 << 16);
            }
            return Some(Fix { agent: travellers.agent(who), time_ms, position });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use qike_scene::traffic::MapJunction;

    fn read(text: &str, columns: &str, location: Option<(String, [f64; 2])>) -> (Vec<Fix>, Vec<Diagnostic>) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.csv");
        std::fs::write(&path, text).unwrap();
        let junctions = vec![MapJunction::default(), MapJunction { position: [1000.0, 1000.0, 0.0], ..MapJunction::default() }];
        let map = RoadMap { location, junctions, ..RoadMap::default() };
        let mut gps = Gps::open(&path, &map, &columns.parse().unwrap(), None, &Feedback::silent()).unwrap();
        let mut travellers = Travellers::default();
        let mut fixes = Vec::new();
        while let Some(fix) = gps.next(&mut travellers) {
            fixes.push(fix);
        }
        (fixes, gps.finish())
    }

    #[test]
    fn degrees_metres_and_what_is_no_fix() {
        let utm = Some(("+proj=utm +zone=51 +ellps=WGS84 +datum=WGS84 +units=m +no_defs".to_owned(), [350_000.0, 3_400_000.0]));
        let (fixes, findings) = read("vehicle,timestamp,lon,lat\na,2024-05-01 08:00:00,121.5,30.8\nb,2024-05-01 08:00:05,200,95\na,noon,121.5,30.8\n,2024-05-01 08:00:00,1,1\na,2024-05-01 08:00:10,x,30.8\nc\n", "", utm.clone());
        assert_eq!((fixes.len(), fixes[0].time_ms), (1, 28_800_000));
        assert!(fixes[0].position[0].abs() < 20_000.0 && fixes[0].position[1].abs() < 20_000.0, "{fixes:?}");
        let codes: Vec<_> = findings.iter().map(|f| (f.code.to_string(), f.place.line)).collect();
        for (code, line) in [("bad-time", 4), ("no-id", 5), ("bad-position", 6), ("bad-row", 7)] {
            assert!(codes.contains(&(code.to_owned(), Some(line))), "{codes:?}");
        }
        assert!(findings.len() >= 6, "what lies outside of the world is told too: {codes:?}");
        // The map's own metres, and those of its system.
        let own = read("id,time,x,y\n1,0,10,20\n1,1,11,20\n", "", utm.clone()).0;
        let system = read("n;when;east;north\n1;0;350010;3400020\n1;1;350011;3400020\n", "id=n,time=when,x=east,y=north", utm).0;
        assert_eq!((own.len(), &own), (2, &system));
    }
}
