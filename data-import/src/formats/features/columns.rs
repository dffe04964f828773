//! Finds where the records of a plain table lie: columns of longitude and latitude, of x and y, or of geometries as text,
//! known by their names in English and Chinese.

use super::shape::Shape;
use super::{wkb, wkt};
use crate::formats::geojson;
use qike_core::SourceCrs;
use qike_scene::{Attributes, Value};

/// The columns that hold the position, by their names in the table.
#[derive(Clone, Debug, PartialEq)]
pub enum Columns {
    /// Degrees.
    LonLat {
        /// Longitude.
        lon: String,
        /// Latitude.
        lat: String,
        /// Height.
        z: Option<String>,
        /// GCJ-02 or BD-09, where the names say so.
        datum: Option<SourceCrs>,
    },
    /// Easting and northing in some system.
    Xy {
        /// Easting.
        x: String,
        /// Northing.
        y: String,
        /// Height.
        z: Option<String>,
    },
    /// A geometry as WKT, hexadecimal WKB or GeoJSON.
    Geometry(String),
}

const LON: &[&str] = &["longitude", "lon", "lng", "long", "经度", "东经", "lond", "xlon", "loncol", "geolon", "poslon", "gpslng", "gpslon"];
const LAT: &[&str] = &["latitude", "lat", "纬度", "北纬", "latd", "ylat", "latcol", "geolat", "poslat", "gpslat"];
const X: &[&str] = &["x", "easting", "east", "xcoord", "coordx", "pointx", "x坐标", "横坐标", "东坐标", "xcoordinate", "posx"];
const Y: &[&str] = &["y", "northing", "north", "ycoord", "coordy", "pointy", "y坐标", "纵坐标", "北坐标", "ycoordinate", "posy"];
const Z: &[&str] = &["z", "elevation", "elev", "ele", "altitude", "alt", "zcoord", "coordz", "pointz", "z坐标", "高程", "海拔"];
const GEOMETRY: &[&str] = &["wkt", "geom", "geometry", "thegeom", "wkbgeometry", "wkb", "shape", "geojson", "geomwkt", "wktgeom", "几何", "几何图形"];
/// What may stand before or after a name of degrees, and the datum it means.
const DATUMS: &[(&str, Option<SourceCrs>)] = &[
    ("wgs84", None),
    ("84", None),
    ("gcj02", Some(SourceCrs::Gcj02)),
    ("gcj", Some(SourceCrs::Gcj02)),
    ("amap", Some(SourceCrs::Gcj02)),
    ("高德", Some(SourceCrs::Gcj02)),
    ("bd09", Some(SourceCrs::Bd09)),
    ("baidu", Some(SourceCrs::Bd09)),
    ("bd", Some(SourceCrs::Bd09)),
    ("百度", Some(SourceCrs::Bd09)),
];

/// Letters and digits of a name, lower case.
fn plain(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// The columns of a table with these names; a geometry counts before points, degrees before x and y, WGS 84 before the rest.
pub fn find<'a>(names: impl Iterator<Item = &'a str>) -> Option<Columns> {
    let names: Vec<(&str, String)> = names.map(|n| (n, plain(n))).collect();
    let named = |list: &[&str]| list.iter().find_map(|wanted| names.iter().find(|(_, p)| p == wanted)).map(|(n, _)| (*n).to_owned());
    if let Some(column) = named(GEOMETRY) {
        return Some(Columns::Geometry(column));
    }
    let z = named(Z);
    if let (Some(lon), Some(lat)) = (named(LON), named(LAT)) {
        return Some(Columns::LonLat { lon, lat, z, datum: None });
    }
    for (mark, datum) in DATUMS {
        let marked = |list: &[&str]| {
            let fits = |p: &str| p.strip_prefix(mark).or(p.strip_suffix(mark)).is_some_and(|rest| list.contains(&rest));
            names.iter().find(|(_, p)| fits(p)).map(|(n, _)| (*n).to_owned())
        };
        if let (Some(lon), Some(lat)) = (marked(LON), marked(LAT)) {
            return Some(Columns::LonLat { lon, lat, z, datum: datum.clone() });
        }
    }
    named(X).zip(named(Y)).map(|(x, y)| Columns::Xy { x, y, z })
}

/// The columns of some records: a column that is named as a geometry must hold one (a `shape` may be "round").
pub fn find_in(records: &[&Attributes]) -> Option<Columns> {
    let names = || records.iter().find(|r| find(r.keys().map(String::as_str)).is_some()).into_iter().flat_map(|r| r.keys().map(String::as_str));
    let found = find(names())?;
    let Columns::Geometry(column) = &found else { return Some(found) };
    let looks = |value: &Value| match value {
        Value::String(text) => text.trim_start().starts_with('{') || wkt::looks_like(text) || wkb::looks_like_hex(text.trim()),
        other => other.is_object(),
    };
    let filled = records.iter().filter_map(|r| r.get(column)).find(|v| !v.is_null() && v.as_str() != Some(""));
    if filled.is_none_or(looks) { Some(found) } else { find(names().filter(|n| n != column)) }
}

impl Columns {
    /// The shape of a record: `None` where its columns are empty, `Err` where they hold something else.
    pub fn shape(&self, fields: &Attributes) -> Result<Option<Shape>, String> {
        match self {
            Self::Geometry(column) => match fields.get(column) {
                None | Some(Value::Null) => Ok(None),
                Some(value @ Value::Object(_)) => geojson::shape(value).map(Some),
                Some(Value::String(text)) if text.trim().is_empty() => Ok(None),
                Some(Value::String(text)) if text.trim_start().starts_with('{') => {
                    let value: Value = serde_json::from_str(text).map_err(|e| format!("'{column}' holds broken GeoJSON: {e}"))?;
                    geojson::shape(&value).map(Some)
                }
                Some(Value::String(text)) if wkb::looks_like_hex(text.trim()) => wkb::parse_hex(text).map(Some),
                Some(Value::String(text)) => wkt::parse(text).map(Some).map_err(|e| format!("'{column}': {e}")),
                Some(other) => Err(format!("'{column}' is {other}, not a geometry")),
            },
            Self::LonLat { lon: x, lat: y, z, .. } | Self::Xy { x, y, z } => {
                let (Some(px), Some(py)) = (number(fields, x)?, number(fields, y)?) else { return Ok(None) };
                let pz = z.as_ref().and_then(|z| number(fields, z).ok().flatten()).filter(|z| z.is_finite()).unwrap_or(0.0);
                Ok(Some(Shape::Points(vec![[px, py, pz]])))
            }
        }
    }

    /// True for the column of the geometry as text: it is not kept beside the geometry itself (columns of numbers are).
    pub fn is_geometry_text(&self, name: &str) -> bool {
        matches!(self, Self::Geometry(column) if column == name)
    }
}

fn number(fields: &Attributes, column: &str) -> Result<Option<f64>, String> {
    match fields.get(column) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Number(n)) => Ok(n.as_f64()),
        Some(Value::String(text)) => {
            let text = text.trim().trim_end_matches('°');
            // Decimal commas come from spreadsheets of continental Europe.
            let parsed = text.parse().or_else(|_| text.replacen(',', ".", 1).parse());
            if text.is_empty() { Ok(None) } else { parsed.map(Some).map_err(|_| format!("'{column}' is '{text}', not a number")) }
        }
        Some(other) => Err(format!("'{column}' is {other}, not a number")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn of(names: &[&str]) -> Option<Columns> {
        find(names.iter().copied())
    }

    #[test]
    fn names_in_two_languages() {
        let degrees = |lon: &str, lat: &str, datum| Some(Columns::LonLat { lon: lon.into(), lat: lat.into(), z: None, datum });
        assert_eq!(of(&["id", "Longitude", "LATITUDE"]), degrees("Longitude", "LATITUDE", None));
        assert_eq!(of(&["名称", "经度", "纬度"]), degrees("经度", "纬度", None));
        assert_eq!(of(&["wgs84Lng", "wgs84Lat"]), degrees("wgs84Lng", "wgs84Lat", None));
        assert_eq!(of(&["lng_bd", "lat_bd", "lng", "lat"]), degrees("lng", "lat", None));
        assert_eq!(of(&["lng_bd09", "lat_bd09"]), degrees("lng_bd09", "lat_bd09", Some(SourceCrs::Bd09)));
        assert_eq!(of(&["高德经度", "高德纬度"]), degrees("高德经度", "高德纬度", Some(SourceCrs::Gcj02)));
        assert_eq!(of(&["X", "Y", "Z"]), Some(Columns::Xy { x: "X".into(), y: "Y".into(), z: Some("Z".into()) }));
        assert_eq!(of(&["横坐标", "纵坐标"]), Some(Columns::Xy { x: "横坐标".into(), y: "纵坐标".into(), z: None }));
        assert_eq!(of(&["lon", "lat", "the_geom"]), Some(Columns::Geometry("the_geom".into())));
        assert_eq!(of(&["code", "x_lamp", "lon"]), None);
    }

    #[test]
    fn a_shape_may_be_round() {
        let record = json!({ "shape": "round", "lon": 1, "lat": 2 });
        assert!(matches!(find_in(&[record.as_object().unwrap()]), Some(Columns::LonLat { .. })));
        let record = json!({ "shape": "POINT(1 2)", "lon": 1, "lat": 2 });
        assert!(matches!(find_in(&[record.as_object().unwrap()]), Some(Columns::Geometry(_))));
    }

    #[test]
    fn values_as_tables_have_them() {
        let columns = of(&["lon", "lat", "alt"]).unwrap();
        let at = |v: Value| columns.shape(v.as_object().unwrap());
        assert_eq!(at(json!({ "lon": "121,5", "lat": " 31.2° ", "alt": "4" })), Ok(Some(Shape::Points(vec![[121.5, 31.2, 4.0]]))));
        assert_eq!(at(json!({ "lon": "", "lat": "31" })), Ok(None));
        assert!(at(json!({ "lon": "east", "lat": "31" })).unwrap_err().contains("'lon' is 'east'"));
        let columns = of(&["geom"]).unwrap();
        let at = |v: Value| columns.shape(v.as_object().unwrap());
        let point = Ok(Some(Shape::Points(vec![[1.0, 2.0, 0.0]])));
        assert_eq!(at(json!({ "geom": "POINT(1 2)" })), point);
        assert_eq!(at(json!({ "geom": "0101000020E6100000000000000000F03F0000000000000040" })), point);
        assert_eq!(at(json!({ "geom": "{\"type\":\"Point\",\"coordinates\":[1,2]}" })), point);
        assert!(at(json!({ "geom": "12 Main St" })).is_err());
    }
}
