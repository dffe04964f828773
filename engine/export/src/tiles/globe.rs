//! From the model's system to a frame on the globe: earth-centred coordinates (EPSG:4978) of the ellipsoid WGS 84, and metres east,
//! north and up of a middle. Heights are taken as heights above the ellipsoid, as everywhere in Qike where no vertical system is
//! known.

use crate::ExportError;
use qike_core::{Crs, SourceCrs, Transform};

/// Semi-major axis of WGS 84, metres.
const A: f64 = 6_378_137.0;
/// Flattening of WGS 84.
const F: f64 = 1.0 / 298.257_223_563;

/// A frame with its middle somewhere on the globe.
pub struct Globe {
    /// `None` for a model without a place on Earth: its own metres are the frame.
    to_degrees: Option<Transform>,
    /// Earth-centred position of the middle.
    middle: [f64; 3],
    /// East, north and up there.
    axes: [[f64; 3]; 3],
}

impl Globe {
    /// The frame around a position of the model.
    pub fn new(crs: &Crs, middle: [f64; 3]) -> Result<Self, ExportError> {
        if crs.is_local() {
            return Ok(Self { to_degrees: None, middle, axes: [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]] });
        }
        let transform = Transform::new(&SourceCrs::Crs(crs.clone()), &Crs::wgs84()).map_err(ExportError::new)?;
        let [lon, lat, height] = transform.apply(middle).map_err(ExportError::new)?;
        let (sin_lon, cos_lon) = lon.to_radians().sin_cos();
        let (sin_lat, cos_lat) = lat.to_radians().sin_cos();
        let axes = [[-sin_lon, cos_lon, 0.0], [-sin_lat * cos_lon, -sin_lat * sin_lon, cos_lat], [cos_lat * cos_lon, cos_lat * sin_lon, sin_lat]];
        Ok(Self { to_degrees: Some(transform), middle: earth_centred(lon, lat, height), axes })
    }

    /// A position of the model in the frame. `Err` where PROJ has no image of it.
    pub fn place(&self, p: [f64; 3]) -> Result<[f64; 3], ExportError> {
        let at = match &self.to_degrees {
            None => p,
            Some(transform) => {
                let [lon, lat, height] = transform.apply(p).map_err(ExportError::new)?;
                earth_centred(lon, lat, height)
            }
        };
        let d = [0, 1, 2].map(|k| at[k] - self.middle[k]);
        Ok(self.axes.map(|axis| axis[0] * d[0] + axis[1] * d[1] + axis[2] * d[2]))
    }

    /// The matrix from the frame to earth-centred coordinates, column by column; `None` without a place on Earth.
    pub fn transform(&self) -> Option<[f64; 16]> {
        self.to_degrees.as_ref()?;
        let ([e, n, u], m) = (self.axes, self.middle);
        Some([e[0], e[1], e[2], 0.0, n[0], n[1], n[2], 0.0, u[0], u[1], u[2], 0.0, m[0], m[1], m[2], 1.0])
    }
}

/// Earth-centred coordinates of degrees and metres on WGS 84 (EPSG guidance note 7-2, method 9602).
pub fn earth_centred(lon: f64, lat: f64, height: f64) -> [f64; 3] {
    let (sin_lon, cos_lon) = lon.to_radians().sin_cos();
    let (sin_lat, cos_lat) = lat.to_radians().sin_cos();
    let e2 = F * (2.0 - F);
    let n = A / (1.0 - e2 * sin_lat * sin_lat).sqrt();
    [(n + height) * cos_lat * cos_lon, (n + height) * cos_lat * sin_lon, (n * (1.0 - e2) + height) * sin_lat]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_frame_and_its_matrix_lead_back_to_earth_centred_positions() {
        let crs = Crs::epsg(4549).unwrap();
        let globe = Globe::new(&crs, [688_000.0, 3_418_000.0, 4.0]).unwrap();
        let m = globe.transform().unwrap();
        let to_degrees = Transform::new(&SourceCrs::Crs(crs), &Crs::wgs84()).unwrap();
        // Ten kilometres from the middle the globe has fallen away by eight metres: one rotation for all would be wrong by that.
        for p in [[688_000.0, 3_418_000.0, 4.0], [698_000.0, 3_418_000.0, 4.0], [680_000.0, 3_430_000.0, 104.0]] {
            let f = globe.place(p).unwrap();
            let [lon, lat, h] = to_degrees.apply(p).unwrap();
            let want = earth_centred(lon, lat, h);
            for k in 0..3 {
                let got = m[k] * f[0] + m[4 + k] * f[1] + m[8 + k] * f[2] + m[12 + k];
                assert!((got - want[k]).abs() < 1e-6, "{p:?} axis {k}: {got} is not {}", want[k]);
            }
        }
        assert!((globe.place([698_000.0, 3_418_000.0, 4.0]).unwrap()[2] + 7.8).abs() < 0.2);
    }
}
