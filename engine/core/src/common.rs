//! The systems that most city models are in, known without asking PROJ, whose start takes longer than the import of a small file:
//! longitude and latitude of WGS 84 and CGCS2000, the UTM zones of the first, the 3° Gauss-Krüger zones of the second.
//!
//! Between the two datums PROJ knows no shift and lets degrees pass; so does this. The tests compare everything here with PROJ.

use crate::tmerc::TransverseMercator;

/// South, west, north, east of CGCS2000 3° zones 25 to 45 (EPSG dataset).
const ZONES: [[f64; 4]; 21] = [
    [35.81, 73.62, 40.65, 76.5], [31.03, 76.5, 41.83, 79.5], [29.95, 79.5, 45.88, 82.51], [28.26, 82.5, 47.23, 85.5],
    [27.8, 85.5, 49.18, 88.5], [27.32, 88.49, 48.42, 91.51], [27.71, 91.5, 45.13, 94.5], [28.23, 94.5, 44.5, 97.51],
    [21.43, 97.5, 42.76, 100.5], [21.13, 100.5, 42.69, 103.5], [22.5, 103.5, 42.21, 106.51], [18.19, 106.5, 42.47, 109.51],
    [18.11, 109.5, 45.11, 112.5], [21.52, 112.5, 45.45, 115.5], [22.6, 115.5, 49.88, 118.5], [24.43, 118.5, 53.33, 121.5],
    [28.22, 121.5, 53.56, 124.5], [40.19, 124.5, 53.2, 127.5], [41.37, 127.5, 50.25, 130.5], [42.42, 130.5, 48.88, 133.5],
    [45.85, 133.5, 48.4, 134.77],
];

/// A geodetic datum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Datum {
    Wgs84,
    Cgcs2000,
}

/// How a zone's easting is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Zone {
    /// UTM, and whether it is of the southern half.
    Utm { number: u32, south: bool },
    /// Gauss-Krüger of 3°, by its number; `numbered` where the easting begins with it.
    Gauss { number: u32, numbered: bool },
}

/// A system known here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Common {
    code: u32,
    datum: Datum,
    /// `None` for degrees.
    zone: Option<Zone>,
}

impl Common {
    /// The system of an EPSG code; `None` where only PROJ knows it.
    pub fn of(code: u32) -> Option<Self> {
        let (datum, zone) = match code {
            4326 => (Datum::Wgs84, None),
            4490 => (Datum::Cgcs2000, None),
            32601..=32660 => (Datum::Wgs84, Some(Zone::Utm { number: code - 32600, south: false })),
            32701..=32760 => (Datum::Wgs84, Some(Zone::Utm { number: code - 32700, south: true })),
            4513..=4533 => (Datum::Cgcs2000, Some(Zone::Gauss { number: code - 4513 + 25, numbered: true })),
            4534..=4554 => (Datum::Cgcs2000, Some(Zone::Gauss { number: code - 4534 + 25, numbered: false })),
            _ => return None,
        };
        Some(Self { code, datum, zone })
    }

    /// Degrees, not metres.
    pub fn is_geographic(self) -> bool {
        self.zone.is_none()
    }

    /// North or latitude stands first with the authority.
    pub fn is_north_first(self) -> bool {
        !matches!(self.zone, Some(Zone::Utm { .. }))
    }

    /// The name in the EPSG dataset.
    pub fn name(self) -> String {
        match self.zone {
            None => self.datum.name().into(),
            Some(Zone::Utm { number, south }) => format!("WGS 84 / UTM zone {number}{}", if south { 'S' } else { 'N' }),
            Some(zone @ Zone::Gauss { numbered: false, .. }) => format!("CGCS2000 / 3-degree Gauss-Kruger CM {}E", zone.meridian()),
            Some(Zone::Gauss { number, numbered: true }) => format!("CGCS2000 / 3-degree Gauss-Kruger zone {number}"),
        }
    }

    /// West, south, east, north, degrees.
    pub fn area_of_use(self) -> [f64; 4] {
        match self.zone {
            None if self.datum == Datum::Wgs84 => [-180.0, -90.0, 180.0, 90.0],
            None => [73.62, 16.7, 134.77, 53.56],
            Some(zone @ Zone::Utm { south, .. }) => {
                let west = zone.meridian() - 3.0;
                if south { [west, -80.0, west + 6.0, 0.0] } else { [west, 0.0, west + 6.0, 84.0] }
            }
            Some(Zone::Gauss { number, .. }) => {
                let [south, west, north, east] = ZONES.get(number.saturating_sub(25) as usize).copied().unwrap_or_default();
                [west, south, east, north]
            }
        }
    }

    /// The projection; `None` for degrees.
    pub fn projection(self) -> Option<TransverseMercator> {
        let zone = self.zone?;
        let (semi_major, inverse_flattening) = self.datum.ellipsoid();
        Some(TransverseMercator::new(semi_major, inverse_flattening, zone.meridian(), zone.scale(), zone.origin()))
    }

    /// WKT 2:2019, as PROJ writes it but for the words of the area.
    pub fn wkt(self) -> String {
        let degree = r#"ANGLEUNIT["degree",0.0174532925199433]"#;
        let metre = r#"LENGTHUNIT["metre",1]"#;
        let [w, s, e, n] = self.area_of_use();
        let usage = |scope: &str| format!(r#"USAGE[SCOPE["{scope}"],BBOX[{s},{w},{n},{e}]],ID["EPSG",{}]]"#, self.code);
        let datum = format!(r#"{},PRIMEM["Greenwich",0,{degree}]"#, self.datum.wkt());
        let Some(zone) = self.zone else {
            return format!(
                r#"GEOGCRS["{}",{datum},CS[ellipsoidal,2],AXIS["geodetic latitude (Lat)",north,ORDER[1],{degree}],AXIS["geodetic longitude (Lon)",east,ORDER[2],{degree}],{}"#,
                self.name(),
                usage("Horizontal component of 3D system.")
            );
        };
        let (conversion, axes, scope) = match zone {
            Zone::Utm { number, south } => {
                let axes = format!(r#"AXIS["(E)",east,ORDER[1],{metre}],AXIS["(N)",north,ORDER[2],{metre}]"#);
                (format!("UTM zone {number}{}", if south { 'S' } else { 'N' }), axes, "Navigation and medium accuracy spatial referencing.")
            }
            Zone::Gauss { number, numbered } => {
                let axes = format!(r#"AXIS["northing (X)",north,ORDER[1],{metre}],AXIS["easting (Y)",east,ORDER[2],{metre}]"#);
                // Every other meridian is one of the 6° zones too, whose conversion is older.
                let name = match (numbered, number % 2) {
                    (true, _) => format!("3-degree Gauss-Kruger zone {number}"),
                    (false, 1) => format!("Gauss-Kruger CM {}E", zone.meridian()),
                    (false, _) => format!("3-degree Gauss-Kruger CM {}E", zone.meridian()),
                };
                (name, axes, "Cadastre, engineering survey, topographic mapping (large scale).")
            }
        };
        let [east, north] = zone.origin();
        let (base, base_code) = (self.datum.name(), self.datum.code());
        let (meridian, scale) = (zone.meridian(), zone.scale());
        format!(
            concat!(
                r#"PROJCRS["{name}",BASEGEOGCRS["{base}",{datum},ID["EPSG",{base_code}]],CONVERSION["{conversion}",METHOD["Transverse Mercator",ID["EPSG",9807]],"#,
                r#"PARAMETER["Latitude of natural origin",0,{degree},ID["EPSG",8801]],PARAMETER["Longitude of natural origin",{meridian},{degree},ID["EPSG",8802]],"#,
                r#"PARAMETER["Scale factor at natural origin",{scale},SCALEUNIT["unity",1],ID["EPSG",8805]],PARAMETER["False easting",{east},{metre},ID["EPSG",8806]],"#,
                r#"PARAMETER["False northing",{north},{metre},ID["EPSG",8807]]],CS[Cartesian,2],{axes},{usage}"#
            ),
            name = self.name(), base = base, datum = datum, base_code = base_code, conversion = conversion, degree = degree, meridian = meridian, scale = scale,
            east = east, north = north, metre = metre, axes = axes, usage = usage(scope),
        )
    }
}

impl Zone {
    /// Degrees.
    fn meridian(self) -> f64 {
        match self {
            Self::Utm { number, .. } => f64::from(number) * 6.0 - 183.0,
            Self::Gauss { number, .. } => f64::from(number) * 3.0,
        }
    }

    fn scale(self) -> f64 {
        if matches!(self, Self::Utm { .. }) { 0.9996 } else { 1.0 }
    }

    /// False easting and northing, metres.
    fn origin(self) -> [f64; 2] {
        match self {
            Self::Utm { south, .. } => [500_000.0, if south { 10_000_000.0 } else { 0.0 }],
            Self::Gauss { number, numbered } => [500_000.0 + if numbered { f64::from(number) * 1e6 } else { 0.0 }, 0.0],
        }
    }
}

impl Datum {
    /// The code of its degrees.
    fn code(self) -> u32 {
        if self == Self::Wgs84 { 4326 } else { 4490 }
    }

    fn name(self) -> &'static str {
        if self == Self::Wgs84 { "WGS 84" } else { "China Geodetic Coordinate System 2000" }
    }

    /// Semi-major axis in metres, inverse flattening.
    fn ellipsoid(self) -> (f64, f64) {
        (6_378_137.0, if self == Self::Wgs84 { 298.257_223_563 } else { 298.257_222_101 })
    }

    fn wkt(self) -> String {
        if self == Self::Cgcs2000 {
            return r#"DATUM["China 2000",ELLIPSOID["CGCS2000",6378137,298.257222101,LENGTHUNIT["metre",1]]]"#.into();
        }
        let members = ["Transit", "G730", "G873", "G1150", "G1674", "G1762", "G2139", "G2296"].map(|m| format!(r#"MEMBER["World Geodetic System 1984 ({m})"],"#));
        format!(r#"ENSEMBLE["World Geodetic System 1984 ensemble",{}ELLIPSOID["WGS 84",6378137,298.257223563,LENGTHUNIT["metre",1]],ENSEMBLEACCURACY[2.0]]"#, members.concat())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::projection::Proj;

    fn all() -> impl Iterator<Item = Common> {
        let codes = [4326, 4490].into_iter().chain(32601..=32660).chain(32701..=32760).chain(4513..=4554);
        codes.map(|code| Common::of(code).unwrap())
    }

    /// Without line breaks and indents, and without the area.
    fn plain(wkt: &str) -> String {
        let joined: String = wkt.lines().map(str::trim_start).collect();
        let (before, rest) = joined.split_once(r#"."],"#).unwrap();
        format!("{before}{}", rest.split_once("]],ID").unwrap().1)
    }

    #[test]
    fn proj_says_the_same_of_every_system() {
        for common in all() {
            let proj = Proj::new(&format!("EPSG:{}", common.code)).unwrap();
            assert_eq!(plain(&common.wkt()), plain(&proj.as_wkt().unwrap()), "{}", common.code);
            let area = proj.area_of_use().unwrap().0.unwrap();
            // Of some zones of UTM the dataset has a hundredth of a degree more.
            for (own, theirs) in common.area_of_use().into_iter().zip([area.west, area.south, area.east, area.north]) {
                assert!((own - theirs).abs() < 0.011, "{}: {own} {theirs}", common.code);
            }
            let json: serde_json::Value = serde_json::from_str(&proj.to_projjson().unwrap()).unwrap();
            assert_eq!(json["name"].as_str(), Some(common.name().as_str()));
            assert_eq!(json["type"] == "GeographicCRS", common.is_geographic());
            assert_eq!(json.pointer("/coordinate_system/axis/0/direction").unwrap() == "north", common.is_north_first(), "{}", common.code);
        }
        for other in [0, 4979, 4512, 4555, 32600, 32661, 28992] {
            assert_eq!(Common::of(other), None);
        }
    }

    #[test]
    fn proj_takes_every_place_to_the_same_one() {
        for common in all().filter(|c| !c.is_geographic()) {
            let [w, s, e, n] = common.area_of_use();
            let way = Proj::new_known_crs("EPSG:4326", &format!("EPSG:{}", common.code), None).unwrap();
            let own = common.projection().unwrap();
            for (u, v) in [(0.0, 0.0), (0.3, 0.7), (0.5, 0.5), (0.9, 0.2), (1.0, 1.0)] {
                let p = (w + u * (e - w), s + v * (n - s));
                let (q, theirs) = (own.forward(p.0, p.1).unwrap(), way.convert(p).unwrap());
                // An easting of 45 million metres has a last digit of 7 nanometres.
                assert!((q[0] - theirs.0).abs() < 1e-8 && (q[1] - theirs.1).abs() < 6e-9, "{}: {q:?} {theirs:?}", common.code);
            }
        }
    }
}
