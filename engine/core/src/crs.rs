//! Coordinate reference systems, through PROJ.
//!
//! One order everywhere in Qike: (easting or longitude, northing or latitude, height). PROJ normalises to it, so an axis
//! order of an authority (EPSG:4490 is latitude first, EPSG:4549 northing first) matters only to importers that read raw tuples.
//! Heights: [`crate::vertical`]. The systems of [`crate::common`] are known without PROJ, which is started for all others.

use crate::common::Common;
use crate::projection::Proj;
use crate::vertical::VerticalCrs;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::Once;

/// A coordinate reference system by its definition: `EPSG:4549`, a PROJ string, WKT, or `LOCAL` (metres, nowhere on Earth).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Crs {
    definition: String,
}

/// What kind of coordinates a CRS has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CrsKind {
    /// Degrees of longitude and latitude.
    Geographic,
    /// Metres east and north on a projection.
    Projected,
    /// Metres in a frame that is not tied to the Earth.
    Local,
}

/// Where a source's coordinates come from: a CRS, or one of the offsets of Chinese web maps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SourceCrs {
    /// A proper reference system.
    Crs(Crs),
    /// GCJ-02 degrees (Amap, Tencent, Google in China).
    Gcj02,
    /// BD-09 degrees (Baidu).
    Bd09,
}

/// A definition PROJ refuses, or a position it cannot transform.
#[derive(Debug, thiserror::Error, PartialEq)]
pub enum CrsError {
    /// PROJ does not know it.
    #[error("'{definition}' is not a coordinate system Qike knows ({reason}); write EPSG:n, a PROJ string, WKT, GCJ02 or BD09")]
    Unknown {
        /// What was asked for.
        definition: String,
        /// PROJ's word.
        reason: String,
    },
    /// Neither degrees nor metres that the engine can work in.
    #[error("'{definition}' is a {kind}; a projected or geographic system is needed")]
    Unusable {
        /// What was asked for.
        definition: String,
        /// PROJ's type of it.
        kind: String,
    },
    /// There is no way between the two.
    #[error("no transformation from '{from}' to '{to}': {reason}")]
    NoPath {
        /// Source.
        from: String,
        /// Target.
        to: String,
        /// PROJ's word.
        reason: String,
    },
    /// The position has no image.
    #[error("position ({x}, {y}) cannot be transformed from '{from}': it lies outside the area where the system is defined")]
    Outside {
        /// First coordinate.
        x: f64,
        /// Second coordinate.
        y: f64,
        /// Source.
        from: String,
    },
}

impl Crs {
    /// Longitude and latitude of WGS 84, degrees.
    pub fn wgs84() -> Self {
        Self { definition: "EPSG:4326".into() }
    }

    /// Metres in a frame of its own, for models without a place on Earth.
    pub fn local() -> Self {
        Self { definition: "LOCAL".into() }
    }

    /// A definition that [`Crs::parse`] gave before (a store's own): an EPSG code is taken without asking PROJ, which takes a while.
    pub fn known(definition: &str) -> Result<Self, CrsError> {
        let is_code = definition.strip_prefix("EPSG:").is_some_and(|code| !code.is_empty() && code.bytes().all(|b| b.is_ascii_digit()));
        if is_code { Ok(Self { definition: definition.into() }) } else { Self::parse(definition) }
    }

    /// An EPSG code that is already known to be good; [`Crs::parse`] checks.
    pub fn epsg(code: u32) -> Result<Self, CrsError> {
        Self::parse(&format!("EPSG:{code}"))
    }

    /// Checks a definition with PROJ. Takes `EPSG:n`, bare `n`, OGC URNs and URLs, PROJ strings, WKT, PROJJSON and `LOCAL`.
    pub fn parse(text: &str) -> Result<Self, CrsError> {
        let text = text.trim();
        if text.eq_ignore_ascii_case("LOCAL") {
            return Ok(Self::local());
        }
        let crs = Self { definition: canonical(text) };
        if crs.common().is_some() {
            return Ok(crs);
        }
        let (kind, _) = crs.describe()?;
        match kind.as_str() {
            "GeographicCRS" | "GeodeticCRS" | "ProjectedCRS" | "CompoundCRS" | "BoundCRS" | "DerivedProjectedCRS" => Ok(crs),
            _ => Err(CrsError::Unusable { definition: text.into(), kind }),
        }
    }

    /// The definition as stored: parsing it again gives the same system.
    pub fn definition(&self) -> &str {
        &self.definition
    }

    /// The EPSG code, where the definition is one.
    pub fn epsg_code(&self) -> Option<u32> {
        self.definition.strip_prefix("EPSG:")?.parse().ok()
    }

    /// What is known of it without PROJ.
    pub(crate) fn common(&self) -> Option<Common> {
        self.epsg_code().and_then(Common::of)
    }

    /// True for the frame without a place on Earth.
    pub fn is_local(&self) -> bool {
        self.definition == "LOCAL"
    }

    /// Degrees, metres on a projection, or a local frame.
    pub fn kind(&self) -> Result<CrsKind, CrsError> {
        if self.is_local() {
            return Ok(CrsKind::Local);
        }
        if let Some(common) = self.common() {
            return Ok(if common.is_geographic() { CrsKind::Geographic } else { CrsKind::Projected });
        }
        let (_, json) = self.describe()?;
        Ok(if is_geographic(&json) { CrsKind::Geographic } else { CrsKind::Projected })
    }

    /// True where the authority's definition has north or latitude before east or longitude (EPSG:4549, EPSG:4326): formats that follow
    /// the authority write positions in that order. Within Qike east is always first.
    pub fn is_north_first(&self) -> bool {
        if let Some(common) = self.common() {
            return common.is_north_first();
        }
        let named = self.epsg_code().is_some();
        named && self.describe().is_ok_and(|(_, json)| first_axis(&json).as_deref() == Some("north"))
    }

    /// The name in PROJ's database (`CGCS2000 / 3-degree Gauss-Kruger CM 120E`), or the definition itself.
    pub fn name(&self) -> String {
        if let Some(common) = self.common() {
            return common.name();
        }
        let described = if self.is_local() { None } else { self.describe().ok() };
        described
            .and_then(|(_, json)| json.get("name").and_then(|n| n.as_str().map(str::to_owned)))
            .filter(|name| name != "unknown")
            .unwrap_or_else(|| self.definition.clone())
    }

    /// The definition as WKT (as GeoPackage keeps it in `gpkg_spatial_ref_sys`); `None` for `LOCAL`.
    pub fn wkt(&self) -> Option<String> {
        if self.is_local() {
            return None;
        }
        if let Some(common) = self.common() {
            return Some(common.wkt());
        }
        let proj = Proj::new(&self.definition).ok()?;
        proj.as_wkt()
    }

    /// The definition as WKT 1, which older programs read; `None` for `LOCAL` and for what WKT 1 cannot say.
    pub fn wkt1(&self) -> Option<String> {
        if self.is_local() {
            return None;
        }
        Proj::new(&self.definition).ok()?.as_wkt1()
    }

    /// The definition as a PROJ string (`+proj=utm +zone=51 …`), which programs read that know no codes; `None` for `LOCAL` and for
    /// what such a string cannot say.
    pub fn proj_text(&self) -> Option<String> {
        if self.is_local() {
            return None;
        }
        let text = Proj::new(&self.horizontal().definition).ok()?.as_proj()?;
        Some(text.split_whitespace().filter(|word| *word != "+type=crs").collect::<Vec<_>>().join(" "))
    }

    /// Where the system is meant to be used: west, south, east, north in degrees; `None` where PROJ knows no area.
    pub fn area_of_use(&self) -> Option<[f64; 4]> {
        if self.is_local() {
            return None;
        }
        if let Some(common) = self.common() {
            return Some(common.area_of_use());
        }
        let of = |crs: &Self| Proj::new(&crs.definition).ok()?.area_of_use().ok()?.0.map(|a| [a.west, a.south, a.east, a.north]);
        of(self).or_else(|| Some(self.horizontal()).filter(|h| h != self).and_then(|h| of(&h)))
    }

    /// A projected system that suits a place given in degrees: CGCS2000 3° Gauss-Krüger in China (EPSG:4534–4554), UTM elsewhere.
    pub fn suggest(lon: f64, lat: f64) -> Result<Self, CrsError> {
        if (73.5..136.5).contains(&lon) && (16.7..53.6).contains(&lat) {
            let meridian = ((lon / 3.0).round() as i64).clamp(25, 45);
            return Self::epsg((4534 + meridian - 25) as u32);
        }
        if !(-180.0..=180.0).contains(&lon) || !(-90.0..=90.0).contains(&lat) {
            return Err(CrsError::Outside { x: lon, y: lat, from: "EPSG:4326".into() });
        }
        let zone = (((lon + 180.0) / 6.0).floor() as u32 + 1).clamp(1, 60);
        Self::epsg(if lat >= 0.0 { 32600 } else { 32700 } + zone)
    }

    /// The vertical part; `None` where the system says nothing of heights.
    pub fn vertical(&self) -> Option<VerticalCrs> {
        if self.is_local() || self.common().is_some() {
            return None;
        }
        VerticalCrs::of(&self.describe().ok()?.1)
    }

    /// The system without its vertical part: itself, where it is no compound of two.
    pub fn horizontal(&self) -> Self {
        let of = || -> Option<Self> {
            // What has a code and no `+` may be a compound; the rest of the definitions tell in their JSON.
            let (kind, json) = if self.is_local() || self.common().is_some() { return None } else { self.describe().ok()? };
            let part = (kind == "CompoundCRS").then(|| json.pointer("/components/0"))??;
            let id = part.get("id").and_then(|id| Some(format!("{}:{}", id.get("authority")?.as_str()?, id.get("code")?)));
            Some(Self { definition: id.unwrap_or_else(|| part.to_string()) })
        };
        of().unwrap_or_else(|| self.clone())
    }

    /// PROJ's type and its PROJJSON.
    fn describe(&self) -> Result<(String, serde_json::Value), CrsError> {
        let unknown = |reason: String| CrsError::Unknown { definition: self.definition.clone(), reason };
        silence_proj();
        let proj = Proj::new(&self.definition).map_err(|e| unknown(e.to_string()))?;
        let text = proj.to_projjson().map_err(|e| unknown(e.to_string()))?;
        let json: serde_json::Value = serde_json::from_str(&text).map_err(|e| unknown(e.to_string()))?;
        let kind = json.get("type").and_then(|t| t.as_str()).unwrap_or("object of no known type").to_owned();
        Ok((kind, json))
    }
}

/// PROJ writes its complaints to stderr of its own accord; they reach the user through [`CrsError`] instead.
pub(crate) fn silence_proj() {
    static ONCE: Once = Once::new();
    // SAFETY: a null context is PROJ's default one, from which every later context copies its level; `Once` keeps other
    // threads of this module out while it is set.
    ONCE.call_once(|| unsafe {
        proj_sys::proj_log_level(std::ptr::null_mut(), proj_sys::PJ_LOG_LEVEL_PJ_LOG_NONE);
    });
}

/// Walks into compound and bound systems to the horizontal one.
fn is_geographic(json: &serde_json::Value) -> bool {
    match json.get("type").and_then(|t| t.as_str()) {
        Some("CompoundCRS") => json.pointer("/components/0").is_some_and(is_geographic),
        Some("BoundCRS") => json.get("source_crs").is_some_and(is_geographic),
        Some(kind) => kind == "GeographicCRS" || kind == "GeodeticCRS",
        None => false,
    }
}

/// The direction of the first axis of the horizontal system.
fn first_axis(json: &serde_json::Value) -> Option<String> {
    let inner = json.pointer("/components/0").or_else(|| json.get("source_crs"));
    if let Some(inner) = inner {
        return first_axis(inner);
    }
    json.pointer("/coordinate_system/axis/0/direction")?.as_str().map(str::to_owned)
}

/// One spelling for the many ways to write an EPSG code; PROJ strings get `+type=crs`.
fn canonical(text: &str) -> String {
    let upper = text.to_ascii_uppercase();
    let is_code = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
    if is_code(text) {
        return format!("EPSG:{text}");
    }
    // Two codes: `EPSG:4490+5737`, `EPSG:4490+EPSG:5737`, `urn:ogc:def:crs,crs:EPSG::4490,crs:EPSG::5737`.
    let pair = upper.strip_prefix("URN:OGC:DEF:CRS,").and_then(|rest| rest.split_once(',')).or_else(|| upper.strip_prefix("EPSG:")?.split_once('+'));
    if let Some([a, b]) = pair.map(|(a, b)| [a, b].map(|part| part.rsplit(':').next().unwrap_or(part)))
        && is_code(a)
        && is_code(b)
    {
        return format!("EPSG:{a}+{b}");
    }
    for prefix in ["EPSG:", "URN:OGC:DEF:CRS:EPSG:", "HTTP://WWW.OPENGIS.NET/DEF/CRS/EPSG/", "HTTPS://WWW.OPENGIS.NET/DEF/CRS/EPSG/"] {
        if let Some(rest) = upper.strip_prefix(prefix) {
            let code = rest.rsplit([':', '/']).next().unwrap_or(rest);
            if is_code(code) {
                return format!("EPSG:{code}");
            }
        }
    }
    if upper.ends_with("CRS84") {
        return "EPSG:4326".into();
    }
    if text.contains("+proj=") && !text.contains("+type=crs") {
        return format!("{text} +type=crs");
    }
    text.to_owned()
}

impl fmt::Display for Crs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.definition)
    }
}

impl SourceCrs {
    /// `GCJ02`, `BD09` (with or without hyphen) or anything [`Crs::parse`] takes.
    pub fn parse(text: &str) -> Result<Self, CrsError> {
        match text.trim().to_ascii_uppercase().replace('-', "").as_str() {
            "GCJ02" => Ok(Self::Gcj02),
            "BD09" | "BD09LL" => Ok(Self::Bd09),
            _ => Crs::parse(text).map(Self::Crs),
        }
    }

    /// The proper system underneath: WGS 84 for the two offsets.
    pub fn base(&self) -> Crs {
        match self {
            Self::Crs(crs) => crs.clone(),
            Self::Gcj02 | Self::Bd09 => Crs::wgs84(),
        }
    }
}

impl fmt::Display for SourceCrs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Crs(crs) => crs.fmt(f),
            Self::Gcj02 => f.write_str("GCJ02"),
            Self::Bd09 => f.write_str("BD09"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Transform;

    fn to(from: &str, to: &str) -> Transform {
        Transform::new(&SourceCrs::parse(from).unwrap(), &Crs::parse(to).unwrap()).unwrap()
    }

    #[test]
    fn easting_comes_first_whatever_the_authority_says() {
        // Dishui Lake in CGCS2000 3° GK, CM 120° E: east of the meridian, so above the false easting of 500 km.
        let p = to("EPSG:4326", "EPSG:4549").apply([121.93, 30.90, 4.0]).unwrap();
        assert!((684_000.0..685_500.0).contains(&p[0]), "{p:?}");
        assert!((3_420_000.0..3_424_000.0).contains(&p[1]), "{p:?}");
        assert_eq!(p[2], 4.0);
        let q = to("EPSG:4549", "EPSG:4490").apply(p).unwrap();
        assert!((q[0] - 121.93).abs() < 1e-9 && (q[1] - 30.90).abs() < 1e-9);
    }

    #[test]
    fn the_authority_s_order_of_axes_is_known() {
        for (text, north) in [("EPSG:4549", true), ("EPSG:4490", true), ("EPSG:25832", false), ("EPSG:7415", false), ("EPSG:6697", true), ("+proj=utm +zone=51", false)] {
            assert_eq!(Crs::parse(text).unwrap().is_north_first(), north, "{text}");
        }
        assert!(!Crs::local().is_north_first());
    }

    #[test]
    fn many_spellings_one_definition() {
        for text in ["EPSG:7415", "7415", "urn:ogc:def:crs:EPSG::7415", "https://www.opengis.net/def/crs/EPSG/0/7415", "epsg:7415"] {
            assert_eq!(Crs::parse(text).unwrap().definition(), "EPSG:7415", "{text}");
        }
        assert_eq!(Crs::parse("urn:ogc:def:crs:OGC:1.3:CRS84").unwrap(), Crs::wgs84());
        assert_eq!(Crs::parse("EPSG:7415").unwrap().kind().unwrap(), CrsKind::Projected);
        assert_eq!(Crs::wgs84().kind().unwrap(), CrsKind::Geographic);
    }

    #[test]
    fn compounds_by_two_codes() {
        for text in ["EPSG:4490+5737", "epsg:4490+epsg:5737", "urn:ogc:def:crs,crs:EPSG::4490,crs:EPSG::5737"] {
            let crs = Crs::parse(text).unwrap();
            assert_eq!((crs.definition(), crs.kind().unwrap()), ("EPSG:4490+5737", CrsKind::Geographic), "{text}");
            assert_eq!(crs.horizontal().definition(), "EPSG:4490");
        }
        let compound = Crs::parse("EPSG:4549+5737").unwrap();
        let wkt = compound.wkt().unwrap();
        assert!(Crs::parse(&wkt).unwrap().vertical().is_some_and(|v| v.name == "Yellow Sea 1985 height"), "{wkt}");
        assert_eq!(Crs::parse(&wkt).unwrap().horizontal().definition(), "EPSG:4549");
        assert_eq!(Crs::parse("EPSG:7415").unwrap().horizontal().name(), "Amersfoort / RD New");
        assert_eq!(Crs::parse("EPSG:4549").unwrap().horizontal().definition(), "EPSG:4549");
        assert!(compound.area_of_use().is_some());
        // In plan the height makes no difference, and it passes.
        let p = to("EPSG:4490+5737", "EPSG:4549").apply([121.93, 30.90, 4.0]).unwrap();
        assert_eq!(p, to("EPSG:4490", "EPSG:4549").apply([121.93, 30.90, 4.0]).unwrap());
    }

    #[test]
    fn local_grids_go_there_and_back_within_a_millimetre() {
        let turned = r#"DERIVEDPROJCRS["Harbour grid",BASEPROJCRS["CGCS2000 / 3-degree Gauss-Kruger CM 123E",BASEGEOGCRS["China Geodetic Coordinate System 2000",DATUM["China 2000",ELLIPSOID["CGCS2000",6378137,298.257222101]]],CONVERSION["GK",METHOD["Transverse Mercator",ID["EPSG",9807]],PARAMETER["Latitude of natural origin",0,ANGLEUNIT["degree",0.0174532925199433]],PARAMETER["Longitude of natural origin",123,ANGLEUNIT["degree",0.0174532925199433]],PARAMETER["Scale factor at natural origin",1,SCALEUNIT["unity",1]],PARAMETER["False easting",500000,LENGTHUNIT["metre",1]],PARAMETER["False northing",0,LENGTHUNIT["metre",1]]]],DERIVINGCONVERSION["turn and move",METHOD["Affine parametric transformation",ID["EPSG",9624]],PARAMETER["A0",-397000,LENGTHUNIT["metre",1]],PARAMETER["A1",0.9998,SCALEUNIT["coefficient",1]],PARAMETER["A2",0.02,SCALEUNIT["coefficient",1]],PARAMETER["B0",-3410000,LENGTHUNIT["metre",1]],PARAMETER["B1",-0.02,SCALEUNIT["coefficient",1]],PARAMETER["B2",0.9998,SCALEUNIT["coefficient",1]]],CS[Cartesian,2],AXIS["easting (E)",east],AXIS["northing (N)",north],LENGTHUNIT["metre",1]]"#;
        for grid in [
            // Shanghai's way: an origin in the town, its own meridian.
            "+proj=tmerc +lat_0=31.2354 +lon_0=121.4641 +k=1 +x_0=0 +y_0=0 +ellps=krass +units=m",
            // Projected at a height of 40 m: the ellipsoid is that much larger.
            "+proj=tmerc +lat_0=0 +lon_0=121.75 +k=1 +x_0=50000 +y_0=-3300000 +a=6378177 +rf=298.257222101 +units=m",
            // Turned against the meridian.
            "+proj=omerc +lat_0=30.9 +lonc=121.9 +alpha=12 +gamma=0 +k=1 +x_0=1000 +y_0=2000 +ellps=GRS80 +units=m",
            turned,
        ] {
            let (there, back) = (to("EPSG:4549", grid), to(grid, "EPSG:4549"));
            for p in [[684_500.0, 3_421_500.0, 4.0], [650_000.0, 3_450_000.0, -3.5], [690_000.0, 3_400_000.0, 0.0]] {
                let q = there.apply(p).unwrap();
                let r = back.apply(q).unwrap();
                assert!((r[0] - p[0]).hypot(r[1] - p[1]) < 0.001 && r[2] == p[2], "{grid}: {p:?} {q:?} {r:?}");
                assert!((q[0] - p[0]).hypot(q[1] - p[1]) > 1000.0, "{grid}: it is another grid");
            }
            assert_eq!(Crs::parse(grid).unwrap().kind().unwrap(), CrsKind::Projected);
        }
    }

    #[test]
    fn a_city_grid_of_its_own() {
        let grid = "+proj=tmerc +lat_0=31.2354 +lon_0=121.4641 +k=1 +x_0=0 +y_0=0 +ellps=krass +units=m";
        let p = to(grid, "EPSG:4326").apply([0.0, 0.0, 0.0]).unwrap();
        assert!((p[0] - 121.4641).abs() < 0.01 && (p[1] - 31.2354).abs() < 0.01);
        assert_eq!(Crs::parse(grid).unwrap().kind().unwrap(), CrsKind::Projected);
    }

    #[test]
    fn refuses_what_is_no_crs_and_what_is_nowhere() {
        for text in ["EPSG:999999", "banana", "", "EPSG:5703"] {
            assert!(Crs::parse(text).is_err(), "{text}");
        }
        let t = to("EPSG:4326", "EPSG:4549");
        assert!(t.apply([f64::NAN, 30.0, 0.0]).is_err());
        assert!(t.apply([121.0, 95.0, 0.0]).is_err());
        assert!(Transform::new(&SourceCrs::Crs(Crs::local()), &Crs::wgs84()).is_err());
    }

    #[test]
    fn suggests_a_zone() {
        assert_eq!(Crs::suggest(121.93, 30.90).unwrap().definition(), "EPSG:4550");
        assert_eq!(Crs::suggest(121.4, 31.2).unwrap().definition(), "EPSG:4549");
        assert_eq!(Crs::suggest(1.5, 42.5).unwrap().definition(), "EPSG:32631");
        assert_eq!(Crs::suggest(-70.6, -33.4).unwrap().definition(), "EPSG:32719");
    }
}
