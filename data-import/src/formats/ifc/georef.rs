//! Where on Earth a model stands: by the user's word, its map conversion, else latitude and longitude of its site, else nowhere.
//!
//! All statements of a file are collected ([`super::statements`]) and compared; the first that can be used counts, in the order
//! of their exactness. Traps that this module looks for: map units unlike the project's, a scale that is left out or upside
//! down, coordinates that are map coordinates already and would be moved twice, true north taken for grid north (a site's
//! metres are laid on a projection centred on the site, so PROJ turns them by the convergence of whatever grid they end on).

use super::file::{IfcFile, text};
use super::statements::{Lens, Statement};
use crate::{ImportError, Place, Source};
use ifc_lite_core::{EntityDecoder, GeoRefExtractor, GeoRefSource, GeoReference, IfcType};
use ifc_lite_geometry::GeometryRouter;
use qike_core::{Crs, Diagnostic, SourceCrs};

/// Sites whose latitude and longitude are looked at.
const MOST_SITES: usize = 8;

/// The way from the model's metres to coordinates of a reference system.
#[derive(Clone, Debug, PartialEq)]
pub struct Placement {
    /// The system.
    pub crs: SourceCrs,
    /// Subtracted first.
    origin: [f64; 3],
    /// Rows of the horizontal part: scale and rotation.
    turn: [[f64; 2]; 2],
    /// Factor of heights.
    rise: f64,
    /// Added last, in the system's unit.
    to: [f64; 3],
    /// Longitude and latitude of the model, where known.
    pub lonlat: Option<[f64; 2]>,
}

impl Placement {
    /// A position in the system.
    pub fn apply(&self, p: [f64; 3]) -> [f64; 3] {
        let d = [0, 1, 2].map(|axis| p[axis] - self.origin[axis]);
        let row = |r: usize| self.turn[r][0] * d[0] + self.turn[r][1] * d[1] + self.to[r];
        [row(0), row(1), self.rise * d[2] + self.to[2]]
    }

    /// Does a point of the model come to lie where its system is meant to be used? True where nothing is known of that.
    pub fn is_in_area(&self, p: [f64; 3]) -> bool {
        Lens::on(&self.crs).is_in_area(self.apply(p)).unwrap_or(true)
    }

    /// The model's (0, 0, 0) where the user says.
    fn by_word(place: &Place) -> Result<Self, ImportError> {
        // The y axis points `north_deg` to the right of north, so north lies as much to its left.
        let (sin, cos) = place.north_deg.to_radians().sin_cos();
        Self::around(place.lon, place.lat, place.height, [0.0; 3], [-sin, cos])
    }

    /// Coordinates as they are, from metres to the system's unit.
    pub fn identity(crs: SourceCrs) -> Self {
        let unit = 1.0 / unit_of(&crs.base());
        Self { crs, origin: [0.0; 3], turn: [[unit, 0.0], [0.0, unit]], rise: 1.0, to: [0.0; 3], lonlat: None }
    }

    /// Metres around a point given in degrees; `north` is the direction of true north in the model's plane.
    fn around(lon: f64, lat: f64, height: f64, origin: [f64; 3], north: [f64; 2]) -> Result<Self, ImportError> {
        let grid = format!("+proj=tmerc +lat_0={lat} +lon_0={lon} +k=1 +x_0=0 +y_0=0 +ellps=WGS84 +units=m");
        let crs = Crs::parse(&grid).map_err(|e| ImportError::crs("", e))?;
        let [nx, ny] = north;
        // East is north turned clockwise.
        let turn = [[ny, -nx], [nx, ny]];
        Ok(Self { crs: SourceCrs::Crs(crs), origin, turn, rise: 1.0, to: [0.0, 0.0, height], lonlat: Some([lon, lat]) })
    }
}

/// What is known before a decision.
pub struct Georeferencing<'f> {
    file: &'f IfcFile,
    /// Metres per unit of length of the file.
    metres: f64,
    /// A point of the model, metres, far from the origin where the model is.
    sample: [f64; 3],
    /// Findings on the way.
    pub findings: Vec<Diagnostic>,
    /// What was said of the model's place, the user's word first.
    pub statements: Vec<Statement>,
}

impl<'f> Georeferencing<'f> {
    /// For a file whose unit of length is `metres`, with a point of the model.
    pub fn new(file: &'f IfcFile, metres: f64, sample: [f64; 3]) -> Self {
        Self { file, metres, sample, findings: Vec::new(), statements: Vec::new() }
    }

    /// Decides where the model stands. `None`: nowhere, and its coordinates are its own. What was found, and what speaks
    /// against it, stays in `statements` and `findings`.
    pub fn locate(&mut self, source: &Source, decoder: &mut EntityDecoder<'_>) -> Result<Option<Placement>, ImportError> {
        let stated = source.options.source_crs.clone();
        if let Some(place) = &source.options.place {
            let says = format!("{:.7}, {:.7}, {} m, y axis at {}°", place.lon, place.lat, place.height, place.north_deg);
            self.state("--place", says, Ok(Placement::by_word(place)?));
        }
        let operations = [
            ("IfcMapConversion", IfcType::IfcMapConversion),
            ("IfcRigidOperation", IfcType::IfcRigidOperation),
            ("ePSet_MapConversion", IfcType::IfcPropertySet),
        ];
        for (by, operation) in operations {
            if self.file.georeferences.iter().any(|(_, kind)| *kind == operation) {
                self.by_operation(by, &operation, stated.as_ref(), decoder)?;
            }
        }
        let placed = self.statements.iter().any(|s| s.placement.is_ok());
        if !placed && let Some(crs) = stated {
            self.state("--source-crs", crs.to_string(), Ok(Placement::identity(crs)));
        } else if !placed {
            self.by_crs_alone(decoder);
        }
        self.by_sites(decoder)?;
        let used = self.statements.iter().position(|s| s.placement.is_ok());
        self.findings.extend(super::statements::compare(&mut self.statements, used));
        Ok(used.and_then(|at| self.statements[at].placement.clone().ok()))
    }

    /// Adds a statement, with where on Earth it puts the model.
    fn state(&mut self, by: &'static str, says: String, placement: Result<Placement, String>) {
        // Most files state the y axis as true north because their program always writes that.
        let turns = !(by == "IfcSite" && placement.as_ref().is_ok_and(|p| p.turn == [[1.0, 0.0], [0.0, 1.0]]));
        let mut statement = Statement { by, says, placement, turns, seen: None, distance_m: None, used: false };
        if let Ok(placement) = &mut statement.placement {
            statement.seen = Lens::on(&placement.crs).see(|p| placement.apply(p), self.sample);
            placement.lonlat = placement.lonlat.or(statement.seen.map(|s| s.lonlat));
        }
        self.statements.push(statement);
    }

    /// A conversion of coordinates, read as if it were the only one in the file.
    fn by_operation(&mut self, by: &'static str, operation: &IfcType, stated: Option<&SourceCrs>, decoder: &mut EntityDecoder<'_>) -> Result<(), ImportError> {
        let others = [IfcType::IfcMapConversion, IfcType::IfcRigidOperation, IfcType::IfcPropertySet];
        // A property set stands for itself; beside an IfcProjectedCRS the extractor would not look at it.
        let systems = [IfcType::IfcProjectedCRS, IfcType::IfcGeographicCRS, IfcType::IfcWellKnownText];
        let by_set = *operation == IfcType::IfcPropertySet;
        let listed = self.file.georeferences.iter();
        let only: Vec<(u32, IfcType)> =
            listed.filter(|(_, kind)| kind == operation || !(others.contains(kind) || by_set && systems.contains(kind))).cloned().collect();
        let Some((reference, details)) = GeoRefExtractor::extract_with_details(decoder, &only).ok().flatten() else { return Ok(()) };
        if !matches!(reference.source, Some(GeoRefSource::MapConversion | GeoRefSource::EPSetMapConversion)) {
            return Ok(());
        }
        let system = reference.crs_name.clone().unwrap_or_default();
        let says = format!("{}, {}, {} in '{system}'", reference.eastings, reference.northings, reference.orthogonal_height);
        if reference.map_unit.as_deref() == Some("DEGREE") {
            let (lon, lat) = (reference.eastings, reference.northings);
            if lon.abs() > 180.0 || lat.abs() > 90.0 {
                self.state(by, says, Err(format!("{lon}, {lat} are no degrees of longitude and latitude")));
                return Ok(());
            }
            let placement = Placement::around(lon, lat, reference.orthogonal_height, [0.0; 3], [0.0, 1.0])?;
            self.state(by, says, Ok(placement));
            return Ok(());
        }
        match stated.cloned().or_else(|| self.named_crs(&reference, details.well_known_text.as_deref())) {
            Some(crs) => {
                let placement = self.converted(&reference, crs);
                self.state(by, says, Ok(placement));
            }
            None => self.state(by, says, Err(format!("'{system}' is no coordinate system Qike knows"))),
        }
        Ok(())
    }

    /// A system without a conversion: the coordinates are map coordinates, or they are not.
    fn by_crs_alone(&mut self, decoder: &mut EntityDecoder<'_>) {
        let systems = [IfcType::IfcProjectedCRS, IfcType::IfcGeographicCRS, IfcType::IfcWellKnownText, IfcType::IfcProject];
        let only: Vec<(u32, IfcType)> = self.file.georeferences.iter().filter(|(_, kind)| systems.contains(kind)).cloned().collect();
        if only.iter().all(|(_, kind)| *kind == IfcType::IfcProject) {
            return;
        }
        let Some((reference, details)) = GeoRefExtractor::extract_with_details(decoder, &only).ok().flatten() else { return };
        // A conversion that names the same system has told already that it is not known.
        if self.statements.iter().any(|s| s.placement.is_err()) {
            return;
        }
        let Some(crs) = self.named_crs(&reference, details.well_known_text.as_deref()) else { return };
        let plain = Placement::identity(crs.clone());
        let fits = Lens::on(&crs).is_in_area(plain.apply(self.sample)) == Some(true);
        let says = format!("the coordinates are those of {crs}");
        let placement = if fits { Ok(plain) } else { Err("the coordinates lie outside that system's area, and no conversion leads there".into()) };
        self.state("IfcCoordinateReferenceSystem", says, placement);
    }

    /// The system that the file names.
    fn named_crs(&mut self, reference: &GeoReference, wkt: Option<&str>) -> Option<SourceCrs> {
        let name = reference.crs_name.as_deref().unwrap_or_default().trim();
        let spaced = name.to_ascii_uppercase().replace("EPSG ", "EPSG:").replace("EPSG-", "EPSG:");
        let tries = [wkt.unwrap_or_default(), name, spaced.as_str()];
        let crs = tries.iter().filter(|text| !text.is_empty()).find_map(|text| Crs::parse(text).ok());
        if crs.is_none() && !name.is_empty() {
            let message = format!("the map conversion leads to '{name}', which is no coordinate system Qike knows; it is not used");
            self.findings.push(Diagnostic::warning("ifc-crs-unknown", message).help("name the system with --source-crs EPSG:n"));
        }
        crs.map(SourceCrs::Crs)
    }

    /// IfcMapConversion: scale, turn, move. Units are tried in the order of what the standard says, until the model lies in
    /// the area of its system.
    fn converted(&mut self, reference: &GeoReference, crs: SourceCrs) -> Placement {
        let lens = Lens::on(&crs);
        let unit = unit_of(&crs.base());
        let stated = reference.map_unit_scale.unwrap_or(self.metres);
        let mut tries = vec![stated];
        tries.extend([1.0, unit].into_iter().filter(|t| (t - stated).abs() > 1e-12));
        let placements: Vec<Placement> = tries.iter().map(|map_unit| self.with_unit(reference, &crs, *map_unit, unit)).collect();
        let good = |p: &Placement| lens.is_in_area(p.apply(self.sample)).unwrap_or(true);
        let chosen = placements.iter().position(good);

        // Coordinates that are in the area as they stand, and out of it once converted, are map coordinates already.
        let far = self.sample[0].hypot(self.sample[1]) > 50_000.0;
        if far && (chosen.is_none() || reference.eastings.hypot(reference.northings) > 50_000.0) {
            let plain = Placement::identity(crs.clone());
            if lens.is_in_area(plain.apply(self.sample)) == Some(true) && !placements.first().is_some_and(good) {
                let message = "the coordinates are map coordinates already; the map conversion would move them twice and is not used";
                self.findings.push(Diagnostic::warning("ifc-georeferenced-twice", message));
                return plain;
            }
        }
        if let Some(at) = chosen.filter(|at| *at > 0) {
            let message = format!(
                "eastings and northings read in the unit that the standard prescribes ({stated} m) lie outside {crs}; they are read in units of {} m",
                tries[at]
            );
            self.findings.push(Diagnostic::warning("ifc-map-unit", message));
        }
        let (_, doubtful) = metric_scale(reference.scale, self.metres / tries[chosen.unwrap_or(0)]);
        if doubtful {
            let message = format!(
                "the map conversion's scale is {}, but {} m and {} m are the project's and the map's units; the units are used",
                reference.scale, self.metres, tries[chosen.unwrap_or(0)]
            );
            self.findings.push(Diagnostic::warning("ifc-map-scale", message));
        }
        placements[chosen.unwrap_or(0)].clone()
    }

    fn with_unit(&self, reference: &GeoReference, crs: &SourceCrs, map_unit: f64, unit: f64) -> Placement {
        let (scale, _) = metric_scale(reference.scale, self.metres / map_unit);
        let factor = |f: f64| if (0.9..=1.1).contains(&f) { f * scale } else { scale };
        let (sx, sy, sz) = (factor(reference.factor_x), factor(reference.factor_y), factor(reference.factor_z));
        let (cos, sin) = (reference.x_axis_abscissa, reference.x_axis_ordinate);
        Placement {
            crs: crs.clone(),
            origin: [0.0; 3],
            turn: [[cos * sx / unit, -sin * sy / unit], [sin * sx / unit, cos * sy / unit]],
            rise: sz,
            to: [reference.eastings * map_unit / unit, reference.northings * map_unit / unit, reference.orthogonal_height * map_unit],
            lonlat: None,
        }
    }

    /// Latitude and longitude of the sites, and true north.
    fn by_sites(&mut self, decoder: &mut EntityDecoder<'_>) -> Result<(), ImportError> {
        let file = self.file;
        for product in file.products.iter().filter(|p| p.kind == IfcType::IfcSite).take(MOST_SITES) {
            let Some(site) = file.record(decoder, product.span) else { continue };
            let (Some(lat), Some(lon)) = (angle(&site, 9), angle(&site, 10)) else { continue };
            if (lat == 0.0 && lon == 0.0) || lat.abs() > 90.0 || lon.abs() > 180.0 {
                continue;
            }
            let height = site.get_float(11).unwrap_or(0.0) * self.metres;
            let router = GeometryRouter::with_scale(self.metres);
            let origin = router.resolve_scaled_placement(&site, decoder).map_or([0.0; 3], |m| [m[12], m[13], m[14]]);
            let origin = if origin.iter().all(|c| c.is_finite()) { origin } else { [0.0; 3] };
            let placement = Placement::around(lon, lat, height, origin, self.true_north(decoder))?;
            self.state("IfcSite", format!("{lon:.7}, {lat:.7}, {height:.3} m (RefLongitude, RefLatitude, RefElevation)"), Ok(placement));
        }
        Ok(())
    }

    /// The direction of true north in the model's plane, a unit vector; the y axis where the file does not say.
    fn true_north(&self, decoder: &EntityDecoder<'_>) -> [f64; 2] {
        let contexts = self.file.contexts.iter().filter_map(|span| self.file.record(decoder, *span));
        let mut north = None;
        for context in contexts {
            let Some(direction) = context.get_ref(5).and_then(|id| self.file.entity(decoder, id)) else { continue };
            let Some(ratios) = direction.get_list(0) else { continue };
            let at = |i: usize| ratios.get(i).and_then(|r| r.as_float()).filter(|r| r.is_finite()).unwrap_or(0.0);
            let (x, y) = (at(0), at(1));
            let length = x.hypot(y);
            let model = text(&context, 1).is_some_and(|kind| kind.eq_ignore_ascii_case("model"));
            if length > 1e-9 && (north.is_none() || model) {
                north = Some([x / length, y / length]);
                if model {
                    break;
                }
            }
        }
        north.unwrap_or([0.0, 1.0])
    }
}

/// The factor that is left of a conversion's scale once both sides are metres (a grid's scale factor, near 1), from the scale
/// and the ratio of the units. Exporters leave the ratio out, or write its inverse: then `true`.
fn metric_scale(scale: f64, ratio: f64) -> (f64, bool) {
    let near = |x: f64| (0.9..=1.1).contains(&x);
    if near(scale / ratio) {
        (scale / ratio, false)
    } else if near(scale) {
        (scale, true)
    } else {
        (1.0, true)
    }
}

/// Metres per unit of a projected system: 1, or that of its foot.
fn unit_of(crs: &Crs) -> f64 {
    let wkt = crs.wkt().unwrap_or_default();
    let foot = wkt.rfind("foot\",").and_then(|at| {
        let number: String = wkt[at + 6..].chars().take_while(|c| c.is_ascii_digit() || *c == '.').collect();
        number.parse::<f64>().ok()
    });
    foot.filter(|metres| (0.3..0.31).contains(metres)).unwrap_or(1.0)
}

/// A compound angle (degrees, minutes, seconds, millionths) in degrees; its sign is that of its first part that has one.
fn angle(site: &ifc_lite_core::DecodedEntity, slot: usize) -> Option<f64> {
    let parts: Vec<f64> = site.get_list(slot)?.iter().map(|p| p.as_float().unwrap_or(f64::NAN)).collect();
    compound(&parts)
}

fn compound(parts: &[f64]) -> Option<f64> {
    if parts.is_empty() || parts.len() > 4 {
        return None;
    }
    let sign = parts.iter().find(|p| **p != 0.0).map_or(1.0, |p| p.signum());
    let size: f64 = parts.iter().zip([1.0, 60.0, 3600.0, 3.6e9]).map(|(part, share)| part.abs() / share).sum();
    size.is_finite().then_some(sign * size)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compound_angles() {
        assert!((compound(&[49.0, 6.0, 1.0, 566_000.0]).unwrap() - 49.100_435).abs() < 1e-6);
        assert!((compound(&[-87.0, -38.0, -21.0, -839_999.0]).unwrap() + 87.639_4).abs() < 1e-4);
        assert!((compound(&[0.0, -30.0, 0.0]).unwrap() + 0.5).abs() < 1e-12);
        assert_eq!(compound(&[f64::NAN, 0.0]), None);
        assert_eq!(compound(&[]), None);
    }

    #[test]
    fn scales_as_exporters_write_them() {
        // Millimetres on a metre map: right, left out, upside down, with a grid's scale factor.
        assert_eq!(metric_scale(0.001, 0.001), (1.0, false));
        assert_eq!(metric_scale(1.0, 0.001), (1.0, true));
        assert_eq!(metric_scale(1000.0, 0.001), (1.0, true));
        let (factor, doubtful) = metric_scale(0.000_999_6, 0.001);
        assert!((factor - 0.9996).abs() < 1e-12 && !doubtful);
    }

    #[test]
    fn feet_are_seen() {
        assert_eq!(unit_of(&Crs::parse("EPSG:25832").unwrap()), 1.0);
        assert!((unit_of(&Crs::parse("EPSG:2229").unwrap()) - 0.304_800_6).abs() < 1e-6, "US survey foot");
    }

    #[test]
    fn a_place_given_by_hand() {
        let place: Place = "121.93,30.9,4.5,90".parse().unwrap();
        let p = Placement::by_word(&place).unwrap();
        // The y axis points east.
        let [east, north, up] = p.apply([0.0, 10.0, 1.0]);
        assert!((east - 10.0).abs() < 1e-9 && north.abs() < 1e-9 && up == 5.5, "{east} {north} {up}");
        let seen = Lens::on(&p.crs).see(|q| p.apply(q), [0.0; 3]).unwrap();
        assert!((seen.lonlat[0] - 121.93).abs() < 1e-9 && (seen.north_deg - 90.0).abs() < 1e-3, "{seen:?}");
    }

    #[test]
    fn true_north_turns_the_model() {
        // North is the model's x axis: what lies north by it is at x.
        let p = Placement::around(10.0, 50.0, 5.0, [1.0, 1.0, 0.0], [1.0, 0.0]).unwrap();
        assert_eq!(p.apply([11.0, 1.0, 2.0]), [0.0, 10.0, 7.0]);
        assert_eq!(p.apply([1.0, -9.0, 0.0]), [10.0, 0.0, 5.0], "east is to the right of north");
    }
}
