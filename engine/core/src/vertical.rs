//! Heights: what they are over, in which unit, and the change from one vertical system to another.
//!
//! The word "height" hides three things: metres or feet, up or down, and over what (the ellipsoid of satellites, or a level of
//! the sea that differs from it by up to a hundred metres). The first two are always applied. The third needs a model of the
//! geoid in most places: PROJ does it where its database or its grids can, and where they cannot the heights stay and
//! [`HeightChange::Kept`] says so. Ballpark guesses of PROJ (a change by nothing) are not taken for an answer.

use crate::crs::Crs;
use proj_sys::*;
use serde_json::Value;
use std::cell::Cell;
use std::ffi::CString;

/// The vertical part of a system.
#[derive(Clone, Debug, PartialEq)]
pub struct VerticalCrs {
    /// Its name: `Yellow Sea 1985 height`.
    pub name: String,
    /// What heights are over: a level of the sea, or an ellipsoid.
    pub datum: String,
    /// True for heights over an ellipsoid.
    pub ellipsoidal: bool,
    /// Metres up in one unit: less than nothing for depths.
    pub metres: f64,
}

impl VerticalCrs {
    /// From PROJJSON of a system; `None` where it says nothing of heights.
    pub(crate) fn of(json: &Value) -> Option<Self> {
        match json.get("type")?.as_str()? {
            "BoundCRS" => Self::of(json.get("source_crs")?),
            "CompoundCRS" => Self::of(json.pointer("/components/1")?),
            "VerticalCRS" | "DerivedVerticalCRS" => {
                let datum = json.pointer("/datum/name").or_else(|| json.pointer("/datum_ensemble/name")).or_else(|| json.pointer("/base_crs/datum/name"));
                let name = json.get("name")?.as_str()?.to_owned();
                let datum = datum.and_then(Value::as_str).unwrap_or(&name).to_owned();
                Some(Self { metres: axis(json, 0)?, name, datum, ellipsoidal: false })
            }
            "GeographicCRS" | "GeodeticCRS" | "ProjectedCRS" | "DerivedProjectedCRS" | "DerivedGeographicCRS" => {
                let metres = axis(json, 2)?;
                let base = std::iter::successors(Some(json), |json| json.get("base_crs")).last()?;
                let datum = base.pointer("/datum/name").or_else(|| base.pointer("/datum_ensemble/name")).and_then(Value::as_str).unwrap_or("unknown");
                let name = format!("ellipsoidal height of {}", json.get("name").and_then(Value::as_str).unwrap_or("the system"));
                Some(Self { name, datum: datum.to_owned(), ellipsoidal: true, metres })
            }
            _ => None,
        }
    }

    /// True where both mean the same height.
    fn same_level(&self, other: &Self) -> bool {
        self.datum == other.datum && self.ellipsoidal == other.ellipsoidal
    }
}

/// Metres up in one unit of an axis.
fn axis(json: &Value, number: usize) -> Option<f64> {
    let axis = json.pointer(&format!("/coordinate_system/axis/{number}"))?;
    let unit = match axis.get("unit") {
        Some(Value::Object(unit)) => unit.get("conversion_factor").and_then(Value::as_f64).unwrap_or(1.0),
        _ => 1.0,
    };
    Some(if axis.get("direction").and_then(Value::as_str) == Some("down") { -unit } else { unit })
}

/// What a transformation does to heights.
#[derive(Clone, Debug, PartialEq)]
pub enum HeightChange {
    /// Nothing is known of them, or both systems mean the same ones: they pass, but for their unit.
    Passed,
    /// PROJ changes them from one level to the other.
    Changed,
    /// The levels differ and PROJ has no way between them (or the target does not say its own): they stay over the first.
    Kept {
        /// What they are over.
        from: String,
        /// True where that is an ellipsoid.
        ellipsoidal: bool,
        /// What they should be over; `None` where the target does not say.
        to: Option<String>,
    },
}

/// The way of heights from one system to another.
pub(crate) struct Heights {
    change: HeightChange,
    factor: f64,
    shift: Option<Shift>,
    /// What is true where PROJ knew a way and then had no answer for a position: its grid is not there.
    kept: Option<HeightChange>,
    failed: Cell<bool>,
}

impl Heights {
    /// From the vertical part of one system to that of another.
    pub fn new(from: &Crs, to: &Crs) -> Self {
        let (a, b) = (from.vertical(), to.vertical());
        let factor = a.as_ref().map_or(1.0, |a| a.metres) / b.as_ref().map_or(1.0, |b| b.metres);
        let pass = |change| Self { change, factor, shift: None, kept: None, failed: Cell::new(false) };
        let kept = |a: &VerticalCrs, b: Option<&VerticalCrs>| HeightChange::Kept { from: a.name.clone(), ellipsoidal: a.ellipsoidal, to: b.map(|b| b.name.clone()) };
        match (&a, &b) {
            // A city's plain projected system means heights over the sea; those over an ellipsoid are other ones.
            (Some(a), None) if a.ellipsoidal && !to.is_local() => pass(kept(a, None)),
            (Some(a), Some(b)) if !a.same_level(b) => match Shift::new(from, to) {
                Some(shift) => Self { shift: Some(shift), kept: Some(kept(a, Some(b))), ..pass(HeightChange::Changed) },
                None => pass(kept(a, Some(b))),
            },
            _ => pass(HeightChange::Passed),
        }
    }

    /// What became of heights so far.
    pub fn change(&self) -> &HeightChange {
        self.kept.as_ref().filter(|_| self.failed.get()).unwrap_or(&self.change)
    }

    /// A height of the source in the target.
    pub fn apply(&self, p: [f64; 3]) -> f64 {
        let Some(shift) = &self.shift else { return p[2] * self.factor };
        shift.apply(p).unwrap_or_else(|| {
            self.failed.set(true);
            p[2] * self.factor
        })
    }
}

/// A transformation in three dimensions that is no ballpark guess. Not `Send`: its context belongs to it.
struct Shift {
    context: *mut PJ_CONTEXT,
    proj: *mut PJ,
}

impl Shift {
    /// `None` where PROJ knows no way.
    fn new(from: &Crs, to: &Crs) -> Option<Self> {
        let [a, b] = [from, to].map(|crs| CString::new(crs.definition()).ok());
        let (a, b) = (a?, b?);
        let option = CString::new("ALLOW_BALLPARK=NO").ok()?;
        // SAFETY: the context is new and freed below or by `drop`; texts and the list of options live until the end of the
        // block; every object PROJ gives is checked for null before use and destroyed once.
        unsafe {
            let context = proj_context_create();
            if context.is_null() {
                return None;
            }
            proj_log_level(context, PJ_LOG_LEVEL_PJ_LOG_NONE);
            let (source, target) = (proj_create(context, a.as_ptr()), proj_create(context, b.as_ptr()));
            let mut ready = std::ptr::null_mut();
            if !source.is_null() && !target.is_null() {
                let options = [option.as_ptr(), std::ptr::null()];
                let found = proj_create_crs_to_crs_from_pj(context, source, target, std::ptr::null_mut(), options.as_ptr());
                if !found.is_null() {
                    ready = proj_normalize_for_visualization(context, found);
                    proj_destroy(found);
                }
            }
            for object in [source, target] {
                if !object.is_null() {
                    proj_destroy(object);
                }
            }
            if ready.is_null() {
                proj_context_destroy(context);
                return None;
            }
            Some(Self { context, proj: ready })
        }
    }

    /// The height in the target; `None` where PROJ has no answer.
    fn apply(&self, p: [f64; 3]) -> Option<f64> {
        let xyzt = PJ_XYZT { x: p[0], y: p[1], z: p[2], t: f64::INFINITY };
        // SAFETY: `proj` is a live transformation; PJ_COORD is plain numbers.
        let (z, error) = unsafe {
            proj_errno_reset(self.proj);
            let q = proj_trans(self.proj, PJ_DIRECTION_PJ_FWD, PJ_COORD { xyzt });
            (q.xyzt.z, proj_errno(self.proj))
        };
        (error == 0 && z.is_finite()).then_some(z)
    }
}

impl Drop for Shift {
    fn drop(&mut self) {
        // SAFETY: both were made in `new` and are destroyed here only.
        unsafe {
            proj_destroy(self.proj);
            proj_context_destroy(self.context);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(from: &str, to: &str, p: [f64; 3]) -> (HeightChange, f64) {
        let [a, b] = [from, to].map(|text| Crs::parse(text).unwrap());
        let heights = Heights::new(&a, &b);
        let z = heights.apply(p);
        (heights.change().clone(), z)
    }

    #[test]
    fn what_heights_are_over() {
        let of = |text: &str| Crs::parse(text).unwrap().vertical();
        assert_eq!(of("EPSG:4549"), None);
        assert_eq!(of("EPSG:4326"), None);
        let sea = of("EPSG:4490+5737").unwrap();
        assert_eq!((sea.name.as_str(), sea.ellipsoidal, sea.metres), ("Yellow Sea 1985 height", false, 1.0));
        assert!(of("EPSG:7415").unwrap().name.contains("NAP"));
        assert!(of("EPSG:4979").unwrap().ellipsoidal);
        assert!((of("EPSG:2263+6360").unwrap().metres - 0.304_800_609_6).abs() < 1e-9);
    }

    #[test]
    fn units_change_and_levels_do_where_the_database_can() {
        // New York: feet over NAVD88 to metres over the same.
        let (said, z) = change("EPSG:2263+6360", "EPSG:26918+5703", [984_000.0, 212_000.0, 100.0]);
        assert!(said == HeightChange::Passed && (z - 30.480_061).abs() < 1e-5, "{said:?} {z}");
        // Wellington: two levels of the sea that the database knows to be 0.44 m apart.
        let (said, z) = change("EPSG:4167+4440", "EPSG:2193+5770", [174.78, -41.28, 10.0]);
        assert!(said == HeightChange::Changed && ((z - 10.0).abs() - 0.44).abs() < 1e-6, "{said:?} {z}");
    }

    #[test]
    fn heights_over_the_ellipsoid_are_not_taken_for_heights_over_the_sea() {
        let (said, z) = change("EPSG:4979", "EPSG:4549", [121.5, 31.2, 25.0]);
        assert!(matches!(said, HeightChange::Kept { ellipsoidal: true, to: None, .. }) && z == 25.0, "{said:?}");
        // No grid of China's geoid is there: the height stays, and a ballpark answer is none.
        let (said, z) = change("EPSG:4979", "EPSG:4549+5737", [121.5, 31.2, 25.0]);
        assert!(matches!(said, HeightChange::Kept { ellipsoidal: true, to: Some(_), .. }) && z == 25.0, "{said:?} {z}");
        assert_eq!(change("EPSG:4326+5773", "EPSG:32631", [1.5, 42.5, 25.0]), (HeightChange::Passed, 25.0));
        assert_eq!(change("EPSG:4549", "EPSG:4549+5737", [5e5, 3.4e6, 25.0]), (HeightChange::Passed, 25.0));
    }
}
