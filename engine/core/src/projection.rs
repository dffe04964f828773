//! A hold on PROJ's objects: a system, or a way between two.
//!
//! The crate `proj` has such a type too, but whenever one of its objects goes it closes PROJ's database for the whole process
//! (`proj_cleanup`), and the next one reads the schema of that database anew: 17 million instructions each time, of which a short
//! command did a dozen. Here the database stays open until the process ends.

use proj::Area;
use proj_sys as sys;
use std::ffi::{CStr, CString, c_char};
use std::ptr;

/// PROJ's word on why something cannot be.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct ProjError(String);

/// An object of PROJ in a context of its own. Neither `Send` nor `Sync`: contexts are for one thread.
pub(crate) struct Proj {
    context: *mut sys::PJ_CONTEXT,
    object: *mut sys::PJ,
}

impl Proj {
    /// What a definition (code, PROJ string, WKT, PROJJSON) means.
    pub fn new(definition: &str) -> Result<Self, ProjError> {
        let definition = text(definition)?;
        // SAFETY: the context is made by PROJ and lives until `made` or its `Drop`; the text ends with a zero byte.
        unsafe {
            let context = sys::proj_context_create();
            Self::made(context, sys::proj_create(context, definition.as_ptr()))
        }
    }

    /// The way from one system to another, east or longitude first on both sides; `area` is where it will be used.
    pub fn new_known_crs(from: &str, to: &str, area: Option<Area>) -> Result<Self, ProjError> {
        let (from, to) = (text(from)?, text(to)?);
        // SAFETY: as in `new`; the area and the way before normalising are destroyed here, once, and not used afterwards.
        unsafe {
            let context = sys::proj_context_create();
            let wanted = area.map_or(ptr::null_mut(), |a| {
                let wanted = sys::proj_area_create();
                sys::proj_area_set_bbox(wanted, a.west, a.south, a.east, a.north);
                wanted
            });
            let way = sys::proj_create_crs_to_crs(context, from.as_ptr(), to.as_ptr(), wanted);
            // Null is fine for PROJ here and below.
            sys::proj_area_destroy(wanted);
            let normalised = if way.is_null() { way } else { sys::proj_normalize_for_visualization(context, way) };
            sys::proj_destroy(way);
            Self::made(context, normalised)
        }
    }

    /// # Safety
    /// `context` comes from PROJ and is nobody else's; `object` is null or was made in it.
    unsafe fn made(context: *mut sys::PJ_CONTEXT, object: *mut sys::PJ) -> Result<Self, ProjError> {
        if !object.is_null() {
            return Ok(Self { context, object });
        }
        // SAFETY: the context is alive until the last line.
        unsafe {
            let code = sys::proj_context_errno(context);
            let word = string(sys::proj_context_errno_string(context, code));
            sys::proj_context_destroy(context);
            Err(ProjError(word.filter(|word| !word.is_empty()).unwrap_or_else(|| "PROJ does not say why".into())))
        }
    }

    /// The definition as PROJJSON.
    pub fn to_projjson(&self) -> Result<String, ProjError> {
        let none: *const c_char = ptr::null();
        // SAFETY: the object is alive; the list of options holds its end only.
        let json = unsafe { string(sys::proj_as_projjson(self.context, self.object, &none)) };
        json.ok_or_else(|| ProjError("PROJ has no JSON for it".into()))
    }

    /// The definition as WKT 2:2019.
    pub fn as_wkt(&self) -> Option<String> {
        // SAFETY: the object is alive; no options are a null pointer.
        unsafe { string(sys::proj_as_wkt(self.context, self.object, sys::PJ_WKT_TYPE_PJ_WKT2_2019, ptr::null())) }
    }

    /// The definition as WKT 1, as GDAL writes it; `None` for what that cannot say.
    pub fn as_wkt1(&self) -> Option<String> {
        // SAFETY: the object is alive; no options are a null pointer.
        unsafe { string(sys::proj_as_wkt(self.context, self.object, sys::PJ_WKT_TYPE_PJ_WKT1_GDAL, ptr::null())) }
    }

    /// The definition as a PROJ string; `None` for what such a string cannot say.
    pub fn as_proj(&self) -> Option<String> {
        // SAFETY: the object is alive; no options are a null pointer.
        unsafe { string(sys::proj_as_proj_string(self.context, self.object, sys::PJ_PROJ_STRING_TYPE_PJ_PROJ_4, ptr::null())) }
    }

    /// Where the system is meant to be used, and the name of that area.
    pub fn area_of_use(&self) -> Result<(Option<Area>, Option<String>), ProjError> {
        let [mut west, mut south, mut east, mut north] = [0.0; 4];
        let mut name: *const c_char = ptr::null();
        // SAFETY: the object is alive, and so are the five places that PROJ writes to.
        let known = unsafe { sys::proj_get_area_of_use(self.context, self.object, &mut west, &mut south, &mut east, &mut north, &mut name) };
        if known == 0 {
            return Err(ProjError("PROJ knows no area of use".into()));
        }
        // PROJ's mark for a side that is not known.
        let unknown = [west, south, east, north].contains(&-1000.0);
        // SAFETY: the name is null or a text that lives as long as the object.
        Ok(((!unknown).then(|| Area::new(west, south, east, north)), unsafe { string(name) }))
    }

    /// Takes a position along the way.
    pub fn convert(&self, (x, y): (f64, f64)) -> Result<(f64, f64), ProjError> {
        let from = sys::PJ_COORD { xyzt: sys::PJ_XYZT { x, y, z: 0.0, t: f64::INFINITY } };
        // SAFETY: the object is alive; every member of the union is four numbers.
        unsafe {
            sys::proj_errno_reset(self.object);
            let to = sys::proj_trans(self.object, sys::PJ_DIRECTION_PJ_FWD, from).xy;
            match sys::proj_errno(self.object) {
                0 => Ok((to.x, to.y)),
                code => Err(ProjError(string(sys::proj_errno_string(code)).unwrap_or_default())),
            }
        }
    }
}

impl Drop for Proj {
    fn drop(&mut self) {
        // SAFETY: both were made by PROJ, belong to this value alone, and go in this order.
        unsafe {
            sys::proj_destroy(self.object);
            sys::proj_context_destroy(self.context);
        }
    }
}

fn text(definition: &str) -> Result<CString, ProjError> {
    CString::new(definition).map_err(|_| ProjError("a definition holds no zero byte".into()))
}

/// A copy of PROJ's text; `None` for null.
///
/// # Safety
/// The pointer is null or leads to a text with a zero byte at its end.
unsafe fn string(pointer: *const c_char) -> Option<String> {
    // SAFETY: the caller's word.
    (!pointer.is_null()).then(|| unsafe { CStr::from_ptr(pointer) }.to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_come_and_go() {
        for _ in 0..50 {
            let utm = Proj::new("EPSG:32633").unwrap();
            assert!(utm.as_wkt().unwrap().starts_with("PROJCRS") && utm.to_projjson().unwrap().contains("ProjectedCRS"));
            let (area, name) = utm.area_of_use().unwrap();
            assert_eq!(area.map(|a| (a.west, a.east)), Some((12.0, 18.0)));
            assert!(name.is_some());
            let way = Proj::new_known_crs("EPSG:4326", "EPSG:32633", None).unwrap();
            let (east, _) = way.convert((15.0, 50.0)).unwrap();
            assert!((east - 500_000.0).abs() < 1e-6);
            assert!(way.convert((15.0, 95.0)).is_err());
        }
        assert!(Proj::new("+proj=tmerc +lat_0=1 +lon_0=2 +ellps=WGS84 +type=crs").unwrap().area_of_use().map_or(true, |(area, _)| area.is_none()));
        for bad in ["EPSG:999999", "banana", "", "a\0b"] {
            assert!(Proj::new(bad).is_err() && !Proj::new(bad).err().unwrap().to_string().is_empty(), "{bad}");
        }
        assert!(Proj::new_known_crs("EPSG:4326", "nowhere", None).is_err());
    }
}
