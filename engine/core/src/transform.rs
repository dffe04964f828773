//! The change of positions from one reference system to another.

use crate::crs::{Crs, CrsError, SourceCrs, silence_proj};
use crate::datum_shift;
use crate::projection::Proj;
use crate::tmerc::TransverseMercator;
use crate::vertical::{HeightChange, Heights};

/// A way in plan from one system to another.
enum Way {
    /// The same degrees or metres.
    Same,
    /// Between degrees and zones of [`crate::common`]: from one's projection, to the other's.
    Zones(Box<[Option<TransverseMercator>; 2]>),
    /// All others.
    Proj(Proj),
}

impl Way {
    fn between(p: &Crs, q: &Crs) -> Result<Self, String> {
        if p == q {
            return Ok(Self::Same);
        }
        if let (Some(from), Some(to)) = (p.common(), q.common()) {
            return Ok(match (from.projection(), to.projection()) {
                (None, None) => Self::Same,
                (from, to) => Self::Zones(Box::new([from, to])),
            });
        }
        silence_proj();
        Proj::new_known_crs(p.definition(), q.definition(), None).map(Self::Proj).map_err(|e| e.to_string())
    }

    fn apply(&self, (x, y): (f64, f64)) -> Option<(f64, f64)> {
        match self {
            Self::Same => Some((x, y)),
            Self::Proj(proj) => proj.convert((x, y)).ok(),
            Self::Zones(zones) => {
                let [from, to] = &**zones;
                let [lon, lat] = from.as_ref().map_or(Some([x, y]), |from| from.inverse(x, y))?;
                to.as_ref().map_or(Some([lon, lat]), |to| to.forward(lon, lat)).map(|[x, y]| (x, y))
            }
        }
    }
}

/// A ready transformation between two systems. Not `Send` (PROJ's contexts are not): make one a thread.
pub struct Transform {
    way: Way,
    heights: Heights,
    from: SourceCrs,
    to: SourceCrs,
}

impl Transform {
    /// From `from` to `to`; `LOCAL` goes only to and from itself.
    pub fn new(from: &SourceCrs, to: &Crs) -> Result<Self, CrsError> {
        Self::between(from, &SourceCrs::Crs(to.clone()))
    }

    /// As [`Transform::new`], with a target that may be GCJ-02 or BD-09.
    pub fn between(from: &SourceCrs, to: &SourceCrs) -> Result<Self, CrsError> {
        let (a, b) = (from.base(), to.base());
        let no_path = |reason: String| CrsError::NoPath { from: a.to_string(), to: b.to_string(), reason };
        let heights = Heights::new(&a, &b);
        // In plan a compound is its horizontal part: heights have their own way.
        let (p, q) = (a.horizontal(), b.horizontal());
        if p != q && (a.is_local() || b.is_local()) {
            return Err(no_path("a local frame is not tied to the Earth; name its place with --source-crs".into()));
        }
        let way = Way::between(&p, &q).map_err(no_path)?;
        Ok(Self { way, heights, from: from.clone(), to: to.clone() })
    }

    /// True where every position stays as it is.
    pub fn is_identity(&self) -> bool {
        matches!(self.way, Way::Same) && self.from == self.to
    }

    /// What becomes of heights, as far as positions have shown.
    pub fn height_change(&self) -> &HeightChange {
        self.heights.change()
    }

    /// Transforms one position. `Err` for NaN and for positions without an image.
    pub fn apply(&self, p: [f64; 3]) -> Result<[f64; 3], CrsError> {
        let outside = || CrsError::Outside { x: p[0], y: p[1], from: self.from.to_string() };
        if !p.iter().all(|c| c.is_finite()) {
            return Err(outside());
        }
        let mut xy = (p[0], p[1]);
        match self.from {
            SourceCrs::Crs(_) => {}
            SourceCrs::Gcj02 => xy = datum_shift::wgs84_from_gcj02(xy.0, xy.1),
            SourceCrs::Bd09 => {
                let gcj = datum_shift::gcj02_from_bd09(xy.0, xy.1);
                xy = datum_shift::wgs84_from_gcj02(gcj.0, gcj.1);
            }
        }
        xy = self.way.apply(xy).ok_or_else(outside)?;
        match self.to {
            SourceCrs::Crs(_) => {}
            SourceCrs::Gcj02 => xy = datum_shift::gcj02_from_wgs84(xy.0, xy.1),
            SourceCrs::Bd09 => {
                let gcj = datum_shift::gcj02_from_wgs84(xy.0, xy.1);
                xy = datum_shift::bd09_from_gcj02(gcj.0, gcj.1);
            }
        }
        let z = self.heights.apply(p);
        if xy.0.is_finite() && xy.1.is_finite() { Ok([xy.0, xy.1, z]) } else { Err(outside()) }
    }
}
