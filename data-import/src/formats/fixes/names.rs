//! What the columns of such tables are called.

/// Names that the user gives; empty ones are looked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ColumnNames {
    /// Who: of a table of fixes the vehicle, of a table of counts the link or the detector.
    pub id: Option<String>,
    /// When.
    pub time: Option<String>,
    /// Longitude or easting.
    pub x: Option<String>,
    /// Latitude or northing.
    pub y: Option<String>,
    /// How many.
    pub count: Option<String>,
}

impl std::str::FromStr for ColumnNames {
    type Err = String;

    /// `id=TaxiNo,time=When,x=Lon,y=Lat`.
    fn from_str(text: &str) -> Result<Self, String> {
        let mut names = Self::default();
        for pair in text.split(',').filter(|p| !p.trim().is_empty()) {
            let (key, column) = pair.split_once('=').ok_or_else(|| format!("'{pair}' is not of the form id=COLUMN"))?;
            let place = match key.trim() {
                "id" => &mut names.id,
                "time" => &mut names.time,
                "x" | "lon" => &mut names.x,
                "y" | "lat" => &mut names.y,
                "count" => &mut names.count,
                other => return Err(format!("'{other}' is none of id, time, x, y, count")),
            };
            *place = Some(column.trim().to_owned());
        }
        Ok(names)
    }
}

const IDS: &[&str] = &["id", "vehicleid", "vehicle", "vehid", "veh", "deviceid", "device", "taxiid", "taxi", "carid", "car", "traceid", "trackid", "tripid", "agent", "agentid", "person", "personid", "plate", "userid", "车牌", "车辆id", "车牌号"];
const TIMES: &[&str] = &["time", "timestamp", "datetime", "gpstime", "t", "ts", "when", "times", "unixtime", "epoch", "timems", "date", "时间", "定位时间"];
const LINKS: &[&str] = &["link", "edge", "linkid", "edgeid", "detector", "detectorid", "refid", "locid", "lane", "laneid", "station", "counter", "id", "路段", "检测器"];
const BEGINS: &[&str] = &["begin", "from", "start", "begins", "froms", "starttime", "begintime", "time", "times", "hour", "h", "timestamp", "datetime", "t"];
const ENDS: &[&str] = &["end", "until", "to", "ends", "endtime", "untils"];
const COUNTS: &[&str] = &["count", "counts", "vehicles", "volume", "flow", "vol", "n", "val", "value", "veh", "qpkw", "number", "流量"];
const SPEEDS: &[&str] = &["speed", "speedmps", "speedkmh", "vpkw", "meanspeed", "v"];

/// Letters and digits of a name, lower case.
fn plain(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

fn place(header: &[String], given: Option<&String>, known: &[&str]) -> Option<usize> {
    if let Some(given) = given {
        return header.iter().position(|h| h == given);
    }
    known.iter().find_map(|wanted| header.iter().position(|h| plain(h) == *wanted))
}

/// Columns of a table of fixes: who and when.
pub(super) fn fixes(header: &[String], names: &ColumnNames) -> Option<(usize, usize)> {
    place(header, names.id.as_ref(), IDS).zip(place(header, names.time.as_ref(), TIMES))
}

/// Columns of a table of counts.
pub(super) struct CountColumns {
    pub link: usize,
    pub begin: usize,
    pub end: Option<usize>,
    pub count: usize,
    /// The speed, and what its numbers are multiplied by to be m/s.
    pub speed: Option<(usize, f64)>,
    /// Begins are numbers of hours.
    pub hours: bool,
    /// Counts are an hour.
    pub hourly: bool,
}

pub(super) fn counts(header: &[String], names: &ColumnNames) -> Option<CountColumns> {
    let (link, begin) = place(header, names.id.as_ref(), LINKS).zip(place(header, names.time.as_ref(), BEGINS))?;
    let count = place(header, names.count.as_ref(), COUNTS)?;
    let called = |at: usize| header.get(at).map(|h| plain(h)).unwrap_or_default();
    let speed = place(header, None, SPEEDS).map(|at| (at, if matches!(called(at).as_str(), "speedkmh" | "vpkw") { 1.0 / 3.6 } else { 1.0 }));
    Some(CountColumns { link, begin, end: place(header, None, ENDS), count, speed, hours: matches!(called(begin).as_str(), "hour" | "h"), hourly: called(count) == "flow" })
}

/// Whether a table can be one of fixes.
pub(crate) fn is_fixes(header: &[String], names: &ColumnNames) -> bool {
    fixes(header, names).is_some() && (names.x.is_some() && names.y.is_some() || crate::formats::features::columns::find(header.iter().map(String::as_str)).is_some())
}

/// Whether a table can be one of counts.
pub(crate) fn is_counts(header: &[String], names: &ColumnNames) -> bool {
    counts(header, names).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_found_by_name() {
        let header = |text: &str| text.split(',').map(str::to_owned).collect::<Vec<_>>();
        let none = ColumnNames::default();
        assert!(is_fixes(&header("Taxi ID,GPS_Time,Lon,Lat"), &none) && is_fixes(&header("id,time,x,y,speed"), &none));
        assert!(!is_fixes(&header("id,lon,lat"), &none) && !is_fixes(&header("id,time,name"), &none));
        let own: ColumnNames = "id=a, time=b,x=c,y=d".parse().unwrap();
        assert!(is_fixes(&header("a,b,c,d"), &own) && !is_fixes(&header("a,b"), &"id=a,time=z".parse().unwrap()));
        assert!("id".parse::<ColumnNames>().is_err() && "q=1".parse::<ColumnNames>().is_err());
        let found = counts(&header("edge,hour,volume,speed_kmh"), &none).unwrap();
        assert!(found.hours && !found.hourly && found.speed.unwrap().1 < 0.3);
        assert!(is_counts(&header("detector_id,begin,end,flow"), &none) && !is_counts(&header("a,b,c"), &none));
    }
}
