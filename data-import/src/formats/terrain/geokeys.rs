//! What a GeoTIFF says of its place: its keys, and the tags that tie samples to positions.
//!
//! Standard: OGC 19-008r4, GeoTIFF 1.1. A system is an EPSG code, WKT that Esri's programs put into a citation, or, for
//! transverse Mercator (as cities' own grids are), its parameters one by one.

use super::raster::Affine;
use qike_core::{CrsError, SourceCrs};
use std::collections::BTreeMap;

const MODEL_TYPE: u16 = 1024;
const RASTER_TYPE: u16 = 1025;
const CITATION: u16 = 1026;
const GEODETIC_CRS: u16 = 2048;
const ELLIPSOID: u16 = 2056;
const SEMI_MAJOR: u16 = 2057;
const INVERSE_FLATTENING: u16 = 2059;
const PROJECTED_CRS: u16 = 3072;
const PROJECTED_CITATION: u16 = 3073;
const METHOD: u16 = 3075;
const ORIGIN_LON: u16 = 3080;
const ORIGIN_LAT: u16 = 3081;
const FALSE_EASTING: u16 = 3082;
const FALSE_NORTHING: u16 = 3083;
const SCALE: u16 = 3092;
const VERTICAL_CRS: u16 = 4096;
const VERTICAL_UNITS: u16 = 4099;
/// "Not one of the codes."
const USER_DEFINED: u16 = 32767;
const TRANSVERSE_MERCATOR: u16 = 1;

/// The value of a key.
#[derive(Clone, Debug, PartialEq)]
enum Value {
    Code(u16),
    Number(f64),
    Text(String),
}

/// The keys of a file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GeoKeys {
    keys: BTreeMap<u16, Value>,
}

impl GeoKeys {
    /// From the tags GeoKeyDirectory, GeoDoubleParams and GeoAsciiParams. Keys that point outside are left out.
    pub fn read(directory: &[u16], doubles: &[f64], ascii: &str) -> Self {
        let mut keys = BTreeMap::new();
        for entry in directory.get(4..).unwrap_or_default().chunks_exact(4) {
            let (key, place, count, at) = (entry[0], entry[1], usize::from(entry[2]), usize::from(entry[3]));
            let value = match place {
                0 => Some(Value::Code(entry[3])),
                34736 => doubles.get(at).copied().map(Value::Number),
                34737 => ascii.as_bytes().get(at..at + count).map(|b| Value::Text(String::from_utf8_lossy(b).trim_end_matches(['|', '\0']).to_owned())),
                _ => None,
            };
            keys.extend(value.map(|value| (key, value)));
        }
        Self { keys }
    }

    fn code(&self, key: u16) -> Option<u16> {
        match self.keys.get(&key)? {
            Value::Code(code) => Some(*code),
            _ => None,
        }
    }

    fn number(&self, key: u16) -> Option<f64> {
        match self.keys.get(&key)? {
            Value::Number(number) => Some(*number),
            _ => None,
        }
    }

    fn text(&self, key: u16) -> Option<&str> {
        match self.keys.get(&key)? {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// True where samples are areas, and the tags tie their corners (the default).
    pub fn is_area(&self) -> bool {
        self.code(RASTER_TYPE) != Some(2)
    }

    /// True where the file says what its samples' heights are over or in which unit they are.
    pub fn speaks_of_heights(&self) -> bool {
        [VERTICAL_CRS, VERTICAL_UNITS].iter().any(|key| self.keys.contains_key(key))
    }

    /// Metres in the unit of heights: feet are the other one in use.
    pub fn metres_per_height(&self) -> f64 {
        match self.code(VERTICAL_UNITS) {
            Some(9002) => 0.3048,
            Some(9003) => 1200.0 / 3937.0,
            _ => 1.0,
        }
    }

    /// The system of positions, with that of heights where one is stated; `None` where the file states none.
    pub fn system(&self) -> Option<Result<SourceCrs, CrsError>> {
        if self.code(MODEL_TYPE).is_none() && self.code(PROJECTED_CRS).is_none() && self.code(GEODETIC_CRS).is_none() {
            return None;
        }
        let known = |key| self.code(key).filter(|code| *code != USER_DEFINED && *code != 0);
        let horizontal = if self.code(MODEL_TYPE) == Some(2) { known(GEODETIC_CRS) } else { known(PROJECTED_CRS) };
        if let Some(code) = horizontal {
            // Codes below 5000 in this key name no system of EPSG's, but an ellipsoid or a local level.
            let vertical = known(VERTICAL_CRS).filter(|code| *code >= 5100);
            let alone = format!("EPSG:{code}");
            let compound = vertical.map(|v| format!("{alone}+{v}")).and_then(|text| SourceCrs::parse(&text).ok());
            return Some(compound.map_or_else(|| SourceCrs::parse(&alone), Ok));
        }
        let wkt = [CITATION, PROJECTED_CITATION].into_iter().filter_map(|key| self.text(key)?.split_once("ESRI PE String = ")).next();
        if let Some((_, wkt)) = wkt {
            return Some(SourceCrs::parse(wkt));
        }
        let own = self.transverse_mercator().unwrap_or_else(|| self.text(CITATION).unwrap_or("a system of its own").to_owned());
        Some(SourceCrs::parse(&own))
    }

    /// A PROJ string of a grid that is described by its parameters.
    fn transverse_mercator(&self) -> Option<String> {
        if self.code(METHOD) != Some(TRANSVERSE_MERCATOR) {
            return None;
        }
        let or = |key, default| self.number(key).unwrap_or(default);
        let ellipsoid = match (self.number(SEMI_MAJOR), self.number(INVERSE_FLATTENING), self.code(ELLIPSOID), self.code(GEODETIC_CRS)) {
            (Some(a), Some(rf), ..) => format!("+a={a} +rf={rf}"),
            (.., Some(7024), _) | (.., Some(4214 | 4610)) => "+ellps=krass".into(),
            (.., Some(1024), _) | (.., Some(4490)) => "+ellps=GRS80".into(),
            _ => "+ellps=WGS84".into(),
        };
        Some(format!(
            "+proj=tmerc +lat_0={} +lon_0={} +k={} +x_0={} +y_0={} {ellipsoid} +units=m",
            or(ORIGIN_LAT, 0.0),
            or(ORIGIN_LON, 0.0),
            or(SCALE, 1.0),
            or(FALSE_EASTING, 0.0),
            or(FALSE_NORTHING, 0.0)
        ))
    }
}

/// Where samples are, from ModelPixelScale and ModelTiepoint or ModelTransformation; their middles, whatever the file tells of.
/// `None` without tags; `Err` where they make no grid.
pub fn place(scale: &[f64], tie: &[f64], matrix: &[f64], is_area: bool) -> Option<Result<Affine, String>> {
    let affine = match (scale, tie, matrix) {
        ([sx, sy, ..], [i, j, _, x, y, ..], _) => {
            // Rows run south for a positive scale.
            let (column, row) = ([*sx, 0.0], [0.0, -*sy]);
            Affine { origin: [x - i * sx, y + j * sy], column, row }
        }
        (_, _, [a, b, _, d, e, f, _, h, ..]) => Affine { origin: [*d, *h], column: [*a, *e], row: [*b, *f] },
        _ => return None,
    };
    if !affine.is_sound() {
        return Some(Err(format!("the tags for the place of samples make no grid: {affine:?}")));
    }
    Some(Ok(if is_area { affine.to_middles() } else { affine }))
}

/// The six lines of a world file, which tells of the middle of the first sample.
pub fn world_file(text: &str) -> Option<Affine> {
    let n: Vec<f64> = text.split_whitespace().map(|word| word.parse().ok()).collect::<Option<_>>()?;
    let [a, d, b, e, c, f] = n.as_slice() else { return None };
    let affine = Affine { origin: [*c, *f], column: [*a, *d], row: [*b, *e] };
    affine.is_sound().then_some(affine)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(entries: &[[u16; 4]]) -> GeoKeys {
        let mut directory = vec![1, 1, 0, entries.len() as u16];
        directory.extend(entries.iter().flatten());
        GeoKeys::read(&directory, &[121.5, 500_000.0], "Shanghai own grid|")
    }

    #[test]
    fn systems_by_code_by_parameters_and_with_heights() {
        let of = |entries: &[[u16; 4]]| keys(entries).system().map(|crs| crs.map(|crs| crs.to_string()));
        assert_eq!(of(&[[1024, 0, 1, 1], [3072, 0, 1, 4549]]), Some(Ok("EPSG:4549".into())));
        assert_eq!(of(&[[1024, 0, 1, 2], [2048, 0, 1, 4326], [4096, 0, 1, 5773]]), Some(Ok("EPSG:4326+5773".into())));
        assert_eq!(of(&[[1024, 0, 1, 2], [2048, 0, 1, 4326], [4096, 0, 1, 5030]]), Some(Ok("EPSG:4326".into())), "an ellipsoid's old code");
        assert_eq!(of(&[]), None);
        let own = keys(&[[1024, 0, 1, 1], [3072, 0, 1, 32767], [3075, 0, 1, 1], [3080, 34736, 1, 0], [3082, 34736, 1, 1], [2048, 0, 1, 4490]]);
        let text = own.system().unwrap().unwrap().to_string();
        assert!(text.contains("+lon_0=121.5") && text.contains("+x_0=500000") && text.contains("GRS80"), "{text}");
        assert!(keys(&[[1024, 0, 1, 1], [3072, 0, 1, 32767], [1026, 34737, 18, 0]]).system().unwrap().is_err());
        assert_eq!(keys(&[[4099, 0, 1, 9002]]).metres_per_height(), 0.3048);
        // Offsets that point outside say nothing.
        assert_eq!(GeoKeys::read(&[1, 1, 0, 2, 1026, 34737, 9, 9, 3080, 34736, 1, 7], &[], "x"), GeoKeys::default());
    }

    #[test]
    fn areas_are_tied_at_their_corners_and_points_at_themselves() {
        let (scale, tie) = ([10.0, 5.0, 0.0], [0.0, 0.0, 0.0, 1000.0, 2000.0, 0.0]);
        let area = place(&scale, &tie, &[], true).unwrap().unwrap();
        assert_eq!((area.at(0.0, 0.0), area.at(1.0, 1.0)), ([1005.0, 1997.5], [1015.0, 1992.5]));
        let point = place(&scale, &tie, &[], false).unwrap().unwrap();
        assert_eq!(point.at(0.0, 0.0), [1000.0, 2000.0]);
        // Turned by a quarter.
        let matrix = [0.0, 2.0, 0.0, 100.0, 2.0, 0.0, 0.0, 200.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0];
        assert_eq!(place(&[], &[], &matrix, false).unwrap().unwrap().at(1.0, 3.0), [106.0, 202.0]);
        assert!(place(&[0.0, 1.0, 0.0], &tie, &[], true).unwrap().is_err());
        assert!(place(&[], &[], &[], true).is_none());
        assert_eq!(world_file("10\n0\n0\n-5\n1005\n1997.5\n"), Some(area));
        assert_eq!(world_file("10\n0\n0\n"), None);
    }
}
