//! Bus lines as a GTFS feed: shapes along the streets, stops at the kerb, trips by timetable, holidays in the calendar.

use crate::geo::{P, add, dist, lerp, scale, sub};
use crate::place::Place;
use crate::plan::curve::Curve;
use crate::plan::lingang::{Plan, RINGS};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, Seek, Write};
use zip::write::SimpleFileOptions;

/// A line: its stretches of road as (road index, from, to) in the outward direction.
struct Line {
    id: &'static str,
    name: &'static str,
    long_name: &'static str,
    colour: &'static str,
    headway_min: u32,
    stretches: Vec<(usize, f64, f64)>,
}

fn lines(plan: &Plan) -> Vec<Line> {
    let rad = f64::to_radians;
    let [r1, r2, r3, r4] = plan.rings;
    let radial = |k: usize| plan.radials[k].other_face;
    let sea = &plan.streets.roads[plan.sea_road].curve;
    let sea_at = |k: usize| {
        let at = plan.streets.roads[radial(k)].curve.at(plan.streets.roads[radial(k)].to);
        sea.param(at, -0.7)
    };
    let sea_end = |k: usize| plan.streets.roads[radial(k)].to;
    vec![
        Line {
            id: "H1", name: "环湖1路", long_name: "滴水湖站—环湖一路—滴水湖站", colour: "1F77B4", headway_min: 8,
            stretches: vec![(r1, rad(170.0), rad(526.0))],
        },
        Line {
            id: "H2", name: "申港2路", long_name: "滴水湖站—绿丽港—临港新城", colour: "2CA02C", headway_min: 10,
            stretches: vec![(r1, rad(170.0), rad(160.0)), (radial(8), RINGS[0], RINGS[3]), (r4, rad(160.0), rad(100.0)), (radial(5), RINGS[3], RINGS[1])],
        },
        Line {
            id: "S3", name: "沙滩专线", long_name: "滴水湖站—南汇嘴沙滩", colour: "FF7F0E", headway_min: 6,
            stretches: vec![(r2, rad(170.0), rad(280.0)), (radial(14), RINGS[1], sea_end(14)), (plan.sea_road, sea_at(14), sea_at(17))],
        },
        Line {
            id: "O4", name: "海洋公园专线", long_name: "滴水湖站—海洋公园", colour: "9467BD", headway_min: 6,
            stretches: vec![(r1, rad(170.0), rad(200.0)), (radial(10), RINGS[0], RINGS[2]), (r3, rad(200.0), rad(252.0))],
        },
        Line {
            id: "L5", name: "临港5路", long_name: "水芸—铃兰—鸥洲", colour: "D62728", headway_min: 12,
            stretches: vec![(r2, rad(168.0), rad(40.0)), (radial(2), RINGS[1], RINGS[3]), (r4, rad(40.0), rad(78.0))],
        },
    ]
}

/// The middle line of a line's way, and of its way back.
fn path(plan: &Plan, line: &Line, back: bool) -> Vec<P> {
    let mut points: Vec<P> = Vec::new();
    for (road, from, to) in &line.stretches {
        let curve: &Curve = &plan.streets.roads[*road].curve;
        points.extend(curve.samples(*from, *to).into_iter().map(|t| curve.at(t)));
    }
    points.dedup_by(|b, a| dist(*a, *b) < 1.0);
    if back {
        points.reverse();
    }
    points
}

/// The point `metres` along a line, `right` metres to its right.
fn along(points: &[P], metres: f64, right: f64) -> P {
    let mut left = metres;
    for w in points.windows(2) {
        let l = dist(w[0], w[1]);
        if left <= l {
            let u = scale(sub(w[1], w[0]), 1.0 / l);
            return add(lerp(w[0], w[1], left / l), scale([u[1], -u[0]], right));
        }
        left -= l;
    }
    points.last().copied().unwrap_or([0.0; 2])
}

fn length(points: &[P]) -> f64 {
    points.windows(2).map(|w| dist(w[0], w[1])).sum()
}

/// Metres between stops, and the speed between them with the time at stops taken in.
const SPACING: f64 = 480.0;
const SPEED_MPS: f64 = 6.2;

fn clock(s: u32) -> String {
    format!("{:02}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60)
}

/// The feed's files by name.
fn tables(plan: &Plan, place: &Place) -> BTreeMap<&'static str, String> {
    let mut t: BTreeMap<&'static str, String> = BTreeMap::new();
    let lines = lines(plan);
    t.insert("agency.txt", "agency_id,agency_name,agency_url,agency_timezone,agency_lang\nQK,临港公交,https://example.org/,Asia/Shanghai,zh\n".into());
    t.insert(
        "calendar.txt",
        "service_id,monday,tuesday,wednesday,thursday,friday,saturday,sunday,start_date,end_date\n\
         workday,1,1,1,1,1,0,0,20260901,20261231\nweekend,0,0,0,0,0,1,1,20260901,20261231\nholiday,0,0,0,0,0,0,0,20260901,20261231\n".into(),
    );
    let mut dates = String::from("service_id,date,exception_type\n");
    // 1 October 2026 is a Thursday; the holiday lasts until Wednesday the 7th.
    for day in 1..=7u32 {
        let usual = if day == 3 || day == 4 { "weekend" } else { "workday" };
        let _ = write!(dates, "{usual},202610{day:02},2\nholiday,202610{day:02},1\n");
    }
    t.insert("calendar_dates.txt", dates);
    let mut routes = String::from("route_id,agency_id,route_short_name,route_long_name,route_type,route_color,route_text_color\n");
    let mut stops = String::from("stop_id,stop_name,stop_lat,stop_lon\n");
    let mut shapes = String::from("shape_id,shape_pt_lat,shape_pt_lon,shape_pt_sequence,shape_dist_traveled\n");
    let mut trips = String::from("route_id,service_id,trip_id,trip_headsign,direction_id,shape_id\n");
    let mut times = String::from("trip_id,arrival_time,departure_time,stop_id,stop_sequence,shape_dist_traveled\n");
    for l in &lines {
        let _ = writeln!(routes, "{},QK,{},{},3,{},FFFFFF", l.id, l.name, l.long_name, l.colour);
        for (direction, back) in [false, true].into_iter().enumerate() {
            let points = path(plan, l, back);
            let total = length(&points);
            let n = (total / SPACING).round().max(2.0) as u32;
            let shape = format!("{}-{direction}", l.id);
            let mut run = 0.0;
            for (k, p) in points.iter().enumerate() {
                if k > 0 {
                    run += dist(points[k - 1], *p);
                }
                let [lon, lat] = place.lon_lat(*p);
                let _ = writeln!(shapes, "{shape},{lat:.7},{lon:.7},{},{run:.1}", k + 1);
            }
            let stop_at: Vec<f64> = (0..=n).map(|k| 30.0 + (total - 60.0) * f64::from(k) / f64::from(n)).collect();
            for (k, d) in stop_at.iter().enumerate() {
                let [lon, lat] = place.lon_lat(along(&points, *d, 7.0));
                let last = l.long_name.split('—').next_back().unwrap_or(l.name);
                let name = match k {
                    0 if !back => "滴水湖站".to_string(),
                    k if k as u32 == n => (if back { "滴水湖站" } else { last }).to_string(),
                    _ => format!("{}第{}站", l.name, if back { n as usize - k } else { k }),
                };
                let _ = writeln!(stops, "{shape}-{:02},{name},{lat:.7},{lon:.7}", k + 1);
            }
            let headsign = l.long_name.split('—').nth(if back { 0 } else { 2 }).unwrap_or(l.long_name);
            for (service, factor) in [("workday", 1.0), ("weekend", 0.8), ("holiday", 0.5)] {
                let headway = ((f64::from(l.headway_min) * factor).round() as u32).max(3) * 60;
                let mut start = 6 * 3600;
                while start <= 22 * 3600 {
                    let trip = format!("{shape}-{service}-{start}");
                    let _ = writeln!(trips, "{},{service},{trip},{headsign},{direction},{shape}", l.id);
                    for (k, d) in stop_at.iter().enumerate() {
                        let at = start + ((d - 30.0) / SPEED_MPS) as u32;
                        let leave = at + if k == 0 || k as u32 == n { 0 } else { 20 };
                        let _ = writeln!(times, "{trip},{},{},{shape}-{:02},{},{d:.1}", clock(at), clock(leave), k + 1, k + 1);
                    }
                    start += headway;
                }
            }
        }
    }
    for (name, text) in [("routes.txt", routes), ("stops.txt", stops), ("shapes.txt", shapes), ("trips.txt", trips), ("stop_times.txt", times)] {
        t.insert(name, text);
    }
    t
}

/// Writes the feed as a zip with fixed times, so that equal feeds give equal bytes.
pub fn write(plan: &Plan, place: &Place, out: impl Write + Seek) -> io::Result<()> {
    let mut zip = zip::ZipWriter::new(out);
    let options = SimpleFileOptions::default().last_modified_time(zip::DateTime::default()).compression_level(Some(6));
    for (name, text) in tables(plan, place) {
        zip.start_file(name, options)?;
        zip.write_all(text.as_bytes())?;
    }
    zip.finish()?.flush()
}

/// Number of lines in the feed.
pub fn line_count(plan: &Plan) -> usize {
    lines(plan).len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::lingang::plan;

    #[test]
    fn stops_lie_beside_streets_and_times_rise() {
        let p = plan();
        let t = tables(&p, &Place::at(121.93, 30.9));
        assert!(t["routes.txt"].lines().count() == 6);
        for l in lines(&p) {
            for ends in l.stretches.windows(2) {
                let at = |road: usize, t: f64| p.streets.roads[road].curve.at(t);
                assert!(dist(at(ends[0].0, ends[0].2), at(ends[1].0, ends[1].1)) < 1.0, "{} jumps", l.id);
            }
            for back in [false, true] {
                let points = path(&p, &l, back);
                for k in 1..10 {
                    let q = along(&points, length(&points) * f64::from(k) / 10.0, 0.0);
                    let near = p.streets.roads.iter().any(|r| r.param_of(q).is_some_and(|u| dist(r.curve.at(u), q) < 3.0));
                    assert!(near, "{} {k} {q:?}", l.id);
                }
            }
        }
        let mut last = (String::new(), String::new());
        for row in t["stop_times.txt"].lines().skip(1) {
            let f: Vec<&str> = row.split(',').collect();
            if f[0] == last.0 {
                assert!(f[1] > last.1.as_str(), "{row}");
            }
            last = (f[0].into(), f[2].into());
        }
    }
}
