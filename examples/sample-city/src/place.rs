//! Where the plan lies on the Earth: its metres from the centre, in EPSG:4549 and in WGS-84.

use crate::geo::P;
use crate::tmerc;

/// The projected CRS of everything that is not written in longitude and latitude.
pub const EPSG: u32 = 4549;

/// The centre of a city.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    origin: P,
}

impl Place {
    pub fn at(lon_deg: f64, lat_deg: f64) -> Self {
        Self { origin: tmerc::forward(lon_deg, lat_deg) }
    }

    /// Easting and northing, metres.
    pub fn projected(&self, p: P) -> P {
        [self.origin[0] + p[0], self.origin[1] + p[1]]
    }

    /// Longitude and latitude, degrees.
    pub fn lon_lat(&self, p: P) -> P {
        let [e, n] = self.projected(p);
        tmerc::inverse(e, n)
    }
}
