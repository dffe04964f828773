//! Matrices as tables: zone from, zone to, how many; and, where they are there, hour or begin and end, and the kind of vehicle.

use super::{Cells, HOUR_MS};
use crate::ImportError;
use crate::formats::features::delimited::Rows;
use crate::formats::sumo::shown;
use crate::formats::sumo::values::{number, time};
use qike_core::Feedback;
use std::io::BufRead;

const FROM: &[&str] = &["from", "origin", "o", "fromzone", "zonefrom", "fromtaz", "originzone", "orig", "i", "source", "起点", "起点区", "出发区"];
const TO: &[&str] = &["to", "destination", "d", "tozone", "zoneto", "totaz", "destinationzone", "dest", "j", "sink", "终点", "终点区", "到达区"];
const COUNT: &[&str] = &["count", "counts", "trips", "number", "volume", "amount", "flow", "n", "vehicles", "demand", "value", "出行量", "流量"];
const HOUR: &[&str] = &["hour", "h", "小时"];
const BEGIN: &[&str] = &["begin", "start", "begins", "starttime", "begintime", "fromtime", "timefrom", "time", "开始"];
const END: &[&str] = &["end", "ends", "endtime", "until", "totime", "timeto", "结束"];
const KIND: &[&str] = &["kind", "type", "vtype", "vehicletype", "mode", "class", "vehicle", "车型"];

fn column(header: &[String], names: &[&str]) -> Option<usize> {
    let plain: Vec<String> = header.iter().map(|h| h.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()).collect();
    names.iter().find_map(|name| plain.iter().position(|h| h == name))
}

/// Reads one.
pub fn read(input: Box<dyn BufRead>, cells: &mut Cells<'_>, feedback: &Feedback) -> Result<(), ImportError> {
    let rows = Rows::new(input).map_err(|e| cells.corrupt(1, e))?;
    let header = rows.header.clone();
    let (Some(from), Some(to), Some(count)) = (column(&header, FROM), column(&header, TO), column(&header, COUNT)) else {
        let columns = shown(&header.join(","));
        return Err(cells.corrupt(1, format!("the header '{columns}' has no columns from, to and count; a matrix begins with a line like 'from,to,hour,count', or with $V, $O or XML")));
    };
    let (hour, begin, end, kind) = (column(&header, HOUR), column(&header, BEGIN), column(&header, END), column(&header, KIND));
    for row in rows {
        feedback.check()?;
        let (line, fields) = match row {
            Ok(row) => row,
            Err((line, reason)) => {
                cells.log.error("bad-row", line, || format!("{reason}; the row is left out"));
                continue;
            }
        };
        let field = |at: usize| fields.get(at).map_or("", |f| f.trim());
        let span = match (hour, begin) {
            (Some(at), _) => match field(at).parse::<i64>().ok().filter(|h| (0..24).contains(h)) {
                Some(hour) => Some((hour * HOUR_MS, (hour + 1) * HOUR_MS)),
                None => {
                    cells.log.error("bad-time", line, || format!("'{}' is no hour of 0 to 23; the row is left out", shown(field(at))));
                    continue;
                }
            },
            (None, Some(at)) => {
                let from = time(field(at)).filter(|ms| *ms >= 0);
                let until = end.map_or_else(|| from.map(|ms| ms + HOUR_MS), |end| time(field(end)));
                match from.zip(until).filter(|(from, until)| from < until) {
                    Some(span) => Some(span),
                    None => {
                        cells.log.error("bad-time", line, || format!("from '{}' to '{}' is no interval; the row is left out", shown(field(at)), shown(end.map_or("", field))));
                        continue;
                    }
                }
            }
            (None, None) => None,
        };
        let kind = kind.and_then(|at| cells.matrix.kind(field(at)));
        let Some(vehicles) = number(field(count)) else {
            cells.log.error("bad-count", line, || format!("'{}' is no number of vehicles; the row is left out", shown(field(count))));
            continue;
        };
        cells.add(line, field(from), field(to), span, vehicles, kind);
    }
    Ok(())
}
