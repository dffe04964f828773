//! Takes positions from a source's coordinates to the sink's, and gathers what is wrong with them.
//!
//! A file with a wrong CRS has a million wrong positions; the user needs one line with the first of them and the count.
//! Positions that cannot be right are refused (`None`), the caller leaves out what hangs on them:
//! - `not-finite`: NaN or infinite;
//! - `crs-outside-area`: no image, or further than [`SLACK_DEG`] from where the target (or source) system is meant to be used;
//! - `lat-lon-swapped`, `axes-swapped`: a warning beside the one above, where exchanging the first two coordinates (degrees, metres)
//!   would bring it into the area.
//!
//! Heights that could not be brought to the target's level (`heights-ellipsoidal`, `heights-not-transformed`) are kept, with a
//! warning.

use crate::ImportError;
use qike_core::crs::CrsKind;
use qike_core::{Bounds2, Crs, CrsError, Diagnostic, HeightChange, Severity, SourceCrs, Transform};
use qike_scene::ObjectSink;

/// How far a position may lie outside a system's area of use, degrees: one half of a 3° zone, as cities lie across zones.
pub const SLACK_DEG: f64 = 1.5;

/// The first case of a finding and how many there were.
#[derive(Default)]
struct Tally {
    count: u64,
    first: Option<(String, [f64; 3])>,
}

impl Tally {
    fn add(&mut self, object: &str, p: [f64; 3]) {
        self.count += 1;
        self.first.get_or_insert_with(|| (object.to_owned(), p));
    }
}

/// Transforms positions of one source. Not `Send`, as PROJ's contexts are not.
pub struct Projector {
    transform: Transform,
    /// To degrees, where the source is projected; `None` where it is in degrees already, or local.
    to_degrees: Option<Transform>,
    /// The areas of use to check, west, south, east, north, degrees.
    areas: Vec<[f64; 4]>,
    geographic: bool,
    /// A box of source positions known to be in the areas.
    good: Bounds2,
    from: String,
    to: String,
    not_finite: Tally,
    outside: Tally,
    swapped: Tally,
    /// One position was given out that has a height.
    has_heights: bool,
}

impl Projector {
    /// From the source's system to the sink's.
    pub fn new(from: &SourceCrs, to: &Crs, file: &str) -> Result<Self, ImportError> {
        Self::between(from, to).map_err(|e| ImportError::crs(file, e))
    }

    fn between(from: &SourceCrs, to: &Crs) -> Result<Self, CrsError> {
        let transform = Transform::new(from, to)?;
        let base = from.base();
        let geographic = base.kind()? == CrsKind::Geographic;
        let areas = if base.is_local() { vec![] } else { [&base, to].iter().filter_map(|crs| crs.area_of_use()).collect() };
        let to_degrees = match geographic || base.is_local() {
            true => None,
            false => Some(Transform::new(from, &Crs::wgs84())?),
        };
        Ok(Self {
            transform,
            to_degrees,
            areas,
            geographic,
            good: Bounds2::default(),
            from: from.to_string(),
            to: to.to_string(),
            not_finite: Tally::default(),
            outside: Tally::default(),
            swapped: Tally::default(),
            has_heights: false,
        })
    }

    /// True where the source's coordinates are degrees.
    pub fn is_geographic(&self) -> bool {
        self.geographic
    }

    /// True where positions change on their way, which takes work.
    pub fn moves(&self) -> bool {
        !self.transform.is_identity()
    }

    /// True where a position can be right; nothing is reported.
    pub fn fits(&mut self, p: [f64; 3]) -> bool {
        p.iter().all(|c| c.is_finite()) && (self.is_known_good(p) || self.check_area(p))
    }

    /// The position in the target system; `None` where it cannot be right. `object` names it in the report.
    pub fn project(&mut self, p: [f64; 3], object: &str) -> Option<[f64; 3]> {
        if !p.iter().all(|c| c.is_finite()) {
            self.not_finite.add(object, p);
            return None;
        }
        if !self.is_known_good(p) && !self.check_area(p) {
            self.outside.add(object, p);
            if self.would_fit_swapped(p) {
                self.swapped.add(object, p);
            }
            return None;
        }
        match self.transform.apply(p) {
            Ok(q) => {
                self.has_heights |= p[2] != 0.0;
                Some(q)
            }
            Err(_) => {
                self.outside.add(object, p);
                None
            }
        }
    }

    /// True where the position would lie in the areas with its first two coordinates exchanged.
    fn would_fit_swapped(&self, p: [f64; 3]) -> bool {
        let swapped = [p[1], p[0], 0.0];
        let degrees = match &self.to_degrees {
            Some(transform) => transform.apply(swapped).ok(),
            None => self.geographic.then_some(swapped),
        };
        degrees.is_some_and(|q| self.in_areas(q[0], q[1]) == Some(true))
    }

    /// A line or ring; vertices that cannot be right are left out (and reported).
    pub fn project_all(&mut self, points: &[[f64; 3]], object: &str) -> Vec<[f64; 3]> {
        points.iter().filter_map(|p| self.project(*p, object)).collect()
    }

    fn is_known_good(&self, p: [f64; 3]) -> bool {
        self.good.contains([p[0], p[1]])
    }

    /// Checks against the areas and lets the good box grow. Areas are convex, so a box between good points stays good.
    fn check_area(&mut self, p: [f64; 3]) -> bool {
        let degrees = match (&self.to_degrees, self.geographic) {
            (Some(transform), _) => match transform.apply(p) {
                Ok(q) => [q[0], q[1]],
                Err(_) => return false,
            },
            (None, true) => [p[0], p[1]],
            (None, false) => return true,
        };
        let good = self.in_areas(degrees[0], degrees[1]).unwrap_or(true);
        if good {
            self.good.grow([p[0], p[1]]);
        }
        good
    }

    /// Is it in all areas, with slack? `None` where no area is known and the degrees are possible.
    fn in_areas(&self, lon: f64, lat: f64) -> Option<bool> {
        if !(-180.0..=360.0).contains(&lon) || !(-90.0..=90.0).contains(&lat) {
            return Some(false);
        }
        if self.areas.is_empty() {
            return None;
        }
        Some(self.areas.iter().all(|[west, south, east, north]| {
            let lat_ok = (south - SLACK_DEG..=north + SLACK_DEG).contains(&lat);
            let lon_ok = if west <= east {
                (west - SLACK_DEG..=east + SLACK_DEG).contains(&lon)
            } else {
                // The area crosses the antimeridian.
                lon >= west - SLACK_DEG || lon <= east + SLACK_DEG
            };
            lat_ok && lon_ok
        }))
    }

    /// Number of positions refused so far.
    pub fn refused(&self) -> u64 {
        self.not_finite.count + self.outside.count
    }

    /// Gives the findings to the sink, one a kind. `noun` names what was left out: `positions`, `records`.
    pub fn report(self, file: &str, noun: &str, sink: &mut dyn ObjectSink) {
        for diagnostic in self.findings(noun) {
            sink.diagnostic(diagnostic.file(file));
        }
    }

    fn findings(&self, noun: &str) -> Vec<Diagnostic> {
        let mut found = Vec::new();
        let mut add = |severity, code, tally: &Tally, what: String, help: &str| {
            if let Some((object, p)) = &tally.first {
                let message = format!("{} {noun} {what}; the first is ({}, {})", tally.count, p[0], p[1]);
                let mut d = Diagnostic::new(severity, code, message).help(help);
                if !object.is_empty() {
                    d = d.object(object.as_str());
                }
                found.push(d);
            }
        };
        let (from, to) = (&self.from, &self.to);
        add(Severity::Error, "not-finite", &self.not_finite, "are not numbers and are left out".into(), "look for NaN or overflow in the source");
        add(
            Severity::Error,
            "crs-outside-area",
            &self.outside,
            format!("lie outside the area where {from} and {to} are meant to be used, and are left out"),
            "check the source's system (--source-crs) and the store's (--crs)",
        );
        let (code, what, help) = match self.geographic {
            true => ("lat-lon-swapped", "latitude and longitude", "positions are longitude first; exchange the two in the source or in its mapping file"),
            false => ("axes-swapped", "easting and northing", "positions are easting first; exchange the two in the source or in its mapping file"),
        };
        add(Severity::Warning, code, &self.swapped, format!("look as if {what} were exchanged"), help);
        found.extend(self.has_heights.then(|| self.height_finding()).flatten());
        found
    }
}

impl Projector {
    /// What is to be said of heights that stay over another level than the target's.
    fn height_finding(&self) -> Option<Diagnostic> {
        let HeightChange::Kept { from, ellipsoidal, to } = self.transform.height_change() else { return None };
        let target = &self.to;
        Some(match (ellipsoidal, to) {
            (true, None) => Diagnostic::warning(
                "heights-ellipsoidal",
                format!("heights are over the ellipsoid ({from}) and not over the sea; {target} says nothing of heights, and they are kept as they are"),
            )
            .help("take the undulation of the geoid off before the import, or name the source's true vertical system with --source-crs EPSG:n+m"),
            (_, to) => Diagnostic::warning(
                "heights-not-transformed",
                format!("heights are over {from}, those of the store over {}; there is no grid for the way between, and they are kept as they are", to.as_deref().unwrap_or(target)),
            )
            .help("install PROJ's grids for the region and set PROJ_DATA to their folder, or change the heights before the import"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn projector(from: &str, to: &str) -> Projector {
        Projector::new(&SourceCrs::parse(from).unwrap(), &Crs::parse(to).unwrap(), "x").unwrap()
    }

    #[test]
    fn each_fault_is_told_once_with_its_count() {
        let mut p = projector("EPSG:4326", "EPSG:4550");
        assert!(p.project([121.93, 30.9, 0.0], "a").is_some());
        for _ in 0..3 {
            assert!(p.project([f64::NAN, 30.9, 0.0], "nan").is_none());
            assert!(p.project([0.0, 0.0, 0.0], "null island").is_none());
            assert!(p.project([30.9, 121.93, 0.0], "swapped").is_none());
        }
        let codes: Vec<_> = p.findings("positions").iter().map(|d| (d.code.to_string(), d.message.clone(), d.object.clone())).collect();
        assert_eq!(codes.len(), 3, "{codes:?}");
        assert_eq!(codes[0].0, "not-finite");
        assert!(codes[1].0 == "crs-outside-area" && codes[1].1.starts_with("6 positions"), "{codes:?}");
        assert!(codes[2].0 == "lat-lon-swapped" && codes[2].2.as_deref() == Some("swapped"), "{codes:?}");
        assert_eq!(p.refused(), 9);
    }

    #[test]
    fn a_neighbouring_zone_is_not_outside_but_another_country_is() {
        let mut p = projector("EPSG:4326", "EPSG:4549");
        assert!(p.project([121.93, 30.9, 0.0], "").is_some(), "Lingang in the zone of central Shanghai");
        assert!(p.project([24.9, 60.2, 0.0], "").is_none());
        let mut q = projector("EPSG:28992", "EPSG:4326");
        assert!(q.project([85_000.0, 446_000.0, 0.0], "").is_some(), "Delft");
        assert!(q.project([8_500_000.0, 446_000.0, 0.0], "").is_none());
    }

    #[test]
    fn northing_first_is_told_and_so_are_heights_over_the_ellipsoid() {
        let mut p = projector("EPSG:4549", "EPSG:4549");
        assert!(p.project([684_500.0, 3_421_500.0, 4.0], "").is_some());
        assert!(p.project([3_421_500.0, 684_500.0, 4.0], "swapped").is_none());
        let codes: Vec<_> = p.findings("positions").iter().map(|d| d.code.to_string()).collect();
        assert_eq!(codes, ["crs-outside-area", "axes-swapped"]);
        let codes = |from: &str, to: &str, z: f64| {
            let mut p = projector(from, to);
            let q = p.project([121.9, 30.9, z], "").unwrap();
            assert_eq!(q[2], z, "no grid: the height stays");
            p.findings("positions").iter().map(|d| d.code.to_string()).collect::<Vec<_>>()
        };
        assert_eq!(codes("EPSG:4979", "EPSG:4549", 20.0), ["heights-ellipsoidal"]);
        assert!(codes("EPSG:4979", "EPSG:4549", 0.0).is_empty(), "a plan without heights has none to be wrong");
        assert!(codes("EPSG:4490+5737", "EPSG:4549", 20.0).is_empty());
    }

    #[test]
    fn a_local_frame_passes_everything_finite_and_only_to_itself() {
        let mut p = projector("LOCAL", "LOCAL");
        assert_eq!(p.project([1e7, -3.0, 2.0], ""), Some([1e7, -3.0, 2.0]));
        assert!(p.project([f64::INFINITY, 0.0, 0.0], "").is_none());
        let local = SourceCrs::Crs(Crs::local());
        assert!(matches!(Projector::new(&local, &Crs::wgs84(), "x"), Err(ImportError::Crs { .. })));
    }
}
