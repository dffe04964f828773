//! What a file and the user say of a model's place, side by side: where each statement puts the model's reference point, which
//! way its y axis then points, how far the statements lie apart, and which one counts.

use super::georef::Placement;
use qike_core::{Crs, Diagnostic, SourceCrs, Transform};
use qike_scene::{Attributes, Value};

/// How far outside a system's area a model may stand, degrees.
const SLACK_DEG: f64 = 1.5;
/// A site's latitude and longitude are known to about this, metres: people round them to seconds.
const SITE_EXACT_M: f64 = 100.0;
/// Other statements are known to about this, metres.
const EXACT_M: f64 = 1.0;
/// Directions that differ by more than this, degrees, are told.
const NORTH_EXACT_DEG: f64 = 0.5;
/// Mean radius of the Earth, metres.
const EARTH_M: f64 = 6_371_008.8;

/// One statement.
#[derive(Debug)]
pub struct Statement {
    /// What says it: `IfcMapConversion`, `IfcSite`, `--place`.
    pub by: &'static str,
    /// What it says.
    pub says: String,
    /// The placement that follows from it, or why none does.
    pub placement: Result<Placement, String>,
    /// It says which way the model is turned (a site without a true north of its own does not).
    pub turns: bool,
    /// Where it puts the model.
    pub seen: Option<Seen>,
    /// How far that is from where the statement in use puts it, metres.
    pub distance_m: Option<f64>,
    /// It is the one in use.
    pub used: bool,
}

/// A placement as seen on the globe.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Seen {
    /// Longitude and latitude of the model's reference point, degrees.
    pub lonlat: [f64; 2],
    /// Its height, metres.
    pub height: f64,
    /// The direction of the model's y axis, degrees to the right of true north.
    pub north_deg: f64,
}

/// The way from a system to degrees, and the area where the system is meant to be used.
pub struct Lens {
    area: Option<[f64; 4]>,
    to_degrees: Option<Transform>,
}

impl Lens {
    /// Of a system.
    pub fn on(crs: &SourceCrs) -> Self {
        let base = crs.base();
        if base.is_local() {
            return Self { area: None, to_degrees: None };
        }
        // A projection of one's own has no area in PROJ's database: asking for it opens that for nothing.
        let area = if base.definition().contains("+proj") { None } else { base.area_of_use() };
        Self { area, to_degrees: Transform::new(crs, &Crs::wgs84()).ok() }
    }

    /// Is a position in the area? `None` where nothing is known.
    pub fn is_in_area(&self, p: [f64; 3]) -> Option<bool> {
        let [west, south, east, north] = self.area?;
        let Some(degrees) = self.to_degrees.as_ref().and_then(|t| t.apply(p).ok()) else { return Some(false) };
        let lat = (south - SLACK_DEG..=north + SLACK_DEG).contains(&degrees[1]);
        let lon = if west <= east {
            (west - SLACK_DEG..=east + SLACK_DEG).contains(&degrees[0])
        } else {
            degrees[0] >= west - SLACK_DEG || degrees[0] <= east + SLACK_DEG
        };
        Some(lat && lon)
    }

    /// A point of the model on the globe, and the direction of its y axis there.
    pub fn see(&self, placed: impl Fn([f64; 3]) -> [f64; 3], point: [f64; 3]) -> Option<Seen> {
        let degrees = |p: [f64; 3]| self.to_degrees.as_ref()?.apply(placed(p)).ok();
        let [lon, lat, height] = degrees(point)?;
        let [far_lon, far_lat, _] = degrees([point[0], point[1] + 100.0, point[2]])?;
        let east = (far_lon - lon) * lat.to_radians().cos();
        let north_deg = east.atan2(far_lat - lat).to_degrees().rem_euclid(360.0);
        [lon, lat, height, north_deg].iter().all(|c| c.is_finite()).then_some(Seen { lonlat: [lon, lat], height, north_deg })
    }
}

impl Statement {
    /// As it is kept with the model and shown by `qike info --json`.
    pub fn told(&self) -> Value {
        let mut said = Attributes::new();
        said.insert("by".into(), self.by.into());
        said.insert("says".into(), self.says.as_str().into());
        let number = |value: f64, digits: i32| Value::from((value * 10f64.powi(digits)).round() / 10f64.powi(digits));
        if let Some(seen) = self.seen {
            said.insert("lon".into(), number(seen.lonlat[0], 8));
            said.insert("lat".into(), number(seen.lonlat[1], 8));
            said.insert("height_m".into(), number(seen.height, 3));
            said.insert("y_axis_deg".into(), number(seen.north_deg, 4));
        }
        if let Some(distance) = self.distance_m {
            said.insert("distance_m".into(), number(distance, 2));
        }
        said.insert("used".into(), self.used.into());
        said.insert("why".into(), self.why().into());
        Value::Object(said)
    }

    fn why(&self) -> &str {
        match (&self.placement, self.used, self.by) {
            (Err(reason), ..) => reason,
            (Ok(_), true, "--place" | "--source-crs") => "you said so",
            (Ok(_), true, "IfcSite") => "nothing more exact is stated",
            (Ok(_), true, _) => "the most exact statement",
            (Ok(_), false, _) => "another statement goes before it",
        }
    }
}

/// Marks the statement in use, measures how far the others lie from it, and tells of those that contradict it.
pub fn compare(statements: &mut [Statement], used: Option<usize>) -> Vec<Diagnostic> {
    let mut findings = Vec::new();
    let Some((at, used)) = used.and_then(|at| Some((at, statements.get_mut(at)?))) else { return findings };
    used.used = true;
    used.distance_m = used.seen.map(|_| 0.0);
    let (by, seen, turns) = (used.by, used.seen, used.turns);
    let Some(seen) = seen else { return findings };
    for (_, other) in statements.iter_mut().enumerate().filter(|(i, _)| *i != at) {
        let Some(there) = other.seen else { continue };
        let metres = distance_m(seen.lonlat, there.lonlat);
        other.distance_m = Some(metres);
        let exact = if other.by == "IfcSite" || by == "IfcSite" { SITE_EXACT_M } else { EXACT_M };
        let turn = (there.north_deg - seen.north_deg + 180.0).rem_euclid(360.0) - 180.0;
        let help = "if that is wrong, say where the model stands: --place LON,LAT,HEIGHT,NORTH or --source-crs EPSG:n";
        if metres > exact {
            let message = format!(
                "{} puts the model at {:.5}, {:.5}, {} from {:.5}, {:.5} where {by} puts it; {by} is used",
                other.by,
                there.lonlat[0],
                there.lonlat[1],
                length(metres),
                seen.lonlat[0],
                seen.lonlat[1]
            );
            findings.push(Diagnostic::warning("ifc-place-conflict", message).help(help));
        } else if turn.abs() > NORTH_EXACT_DEG && turns && other.turns {
            let message = format!(
                "by {} the model's y axis points {:.2}° from true north, by {by} {:.2}°; {by} is used",
                other.by, there.north_deg, seen.north_deg
            );
            findings.push(Diagnostic::warning("ifc-north-conflict", message).help(help));
        }
    }
    findings
}

/// Distance on a sphere (haversine), metres.
fn distance_m(a: [f64; 2], b: [f64; 2]) -> f64 {
    let [dx, dy] = [0, 1].map(|i| ((b[i] - a[i]).to_radians() / 2.0).sin().powi(2));
    let h = dy + a[1].to_radians().cos() * b[1].to_radians().cos() * dx;
    2.0 * EARTH_M * h.sqrt().min(1.0).asin()
}

fn length(metres: f64) -> String {
    if metres < 2000.0 { format!("{metres:.0} m") } else { format!("{:.0} km", metres / 1000.0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_on_the_globe() {
        assert!((distance_m([8.0, 49.0], [8.0, 50.0]) - 111_195.0).abs() < 10.0);
        assert!((distance_m([179.9, 0.0], [-179.9, 0.0]) - 22_239.0).abs() < 10.0, "across the date line");
    }

    #[test]
    fn the_grid_turns_away_from_north() {
        // 3° east of its meridian at 60° N, grid north of UTM lies 3° · sin 60° = 2.6° to the right of true north.
        let lens = Lens::on(&SourceCrs::parse("EPSG:32633").unwrap());
        let at = Transform::new(&SourceCrs::Crs(Crs::wgs84()), &Crs::epsg(32633).unwrap()).unwrap().apply([18.0, 60.0, 0.0]).unwrap();
        let seen = lens.see(|p| p, at).unwrap();
        assert!((seen.north_deg - 2.6).abs() < 0.02, "{seen:?}");
        assert_eq!(lens.is_in_area(at), Some(true));
    }
}
