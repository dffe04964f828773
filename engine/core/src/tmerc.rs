//! Transverse Mercator in closed form: the projection of UTM and of Gauss-Krüger zones.
//!
//! Krüger's series in the third flattening n to the sixth order (L. Krüger 1912, "Konforme Abbildung des Erdellipsoids in der Ebene";
//! coefficients as in C. Karney 2011, "Transverse Mercator with an accuracy of a few nanometers", equations 35 and 36, and for the
//! conformal latitude as in K. Engsager and K. Poder 2007). Within 40° of the central meridian it is right to some nanometres. PROJ's
//! own is the same series; this one needs neither PROJ's database nor its pipeline, and takes a third of the time.

/// Terms of each series.
const ORDER: usize = 6;
/// As far east of the meridian (in earth's radii) as PROJ goes, about 80°: beyond, the series are not for use.
const MOST_EAST: f64 = 2.623_395_162_778;

/// A transverse Mercator projection of an ellipsoid, with its origin on the equator.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct TransverseMercator {
    /// Radians.
    meridian: f64,
    false_easting: f64,
    false_northing: f64,
    /// Metres of the map in one unit of the sphere.
    radius: f64,
    /// Geodetic to conformal latitude, and back.
    conformal: [f64; ORDER],
    geodetic: [f64; ORDER],
    /// Sphere to ellipsoid (Karney's α), and back (β).
    alpha: [f64; ORDER],
    beta: [f64; ORDER],
}

impl TransverseMercator {
    /// For an ellipsoid (metres, inverse flattening) and a meridian in degrees.
    pub fn new(semi_major: f64, inverse_flattening: f64, meridian_deg: f64, scale: f64, [false_easting, false_northing]: [f64; 2]) -> Self {
        let f = 1.0 / inverse_flattening;
        let n = f / (2.0 - f);
        let n2 = n * n;
        let rectifying = semi_major / (1.0 + n) * (1.0 + n2 * (1.0 / 4.0 + n2 * (1.0 / 64.0 + n2 / 256.0)));
        // The first power of n in front of each row's polynomial is its number.
        let series = |rows: [&[f64]; ORDER]| {
            let mut power = 1.0;
            rows.map(|row| {
                power *= n;
                power * row.iter().rev().fold(0.0, |sum, c| sum * n + c)
            })
        };
        Self {
            meridian: meridian_deg.to_radians(),
            false_easting,
            false_northing,
            radius: scale * rectifying,
            conformal: series([
                &[-2.0, 2.0 / 3.0, 4.0 / 3.0, -82.0 / 45.0, 32.0 / 45.0, 4642.0 / 4725.0],
                &[5.0 / 3.0, -16.0 / 15.0, -13.0 / 9.0, 904.0 / 315.0, -1522.0 / 945.0],
                &[-26.0 / 15.0, 34.0 / 21.0, 8.0 / 5.0, -12686.0 / 2835.0],
                &[1237.0 / 630.0, -12.0 / 5.0, -24832.0 / 14175.0],
                &[-734.0 / 315.0, 109_598.0 / 31185.0],
                &[444_337.0 / 155_925.0],
            ]),
            geodetic: series([
                &[2.0, -2.0 / 3.0, -2.0, 116.0 / 45.0, 26.0 / 45.0, -2854.0 / 675.0],
                &[7.0 / 3.0, -8.0 / 5.0, -227.0 / 45.0, 2704.0 / 315.0, 2323.0 / 945.0],
                &[56.0 / 15.0, -136.0 / 35.0, -1262.0 / 105.0, 73814.0 / 2835.0],
                &[4279.0 / 630.0, -332.0 / 35.0, -399_572.0 / 14175.0],
                &[4174.0 / 315.0, -144_838.0 / 6237.0],
                &[601_676.0 / 22275.0],
            ]),
            alpha: series([
                &[1.0 / 2.0, -2.0 / 3.0, 5.0 / 16.0, 41.0 / 180.0, -127.0 / 288.0, 7891.0 / 37800.0],
                &[13.0 / 48.0, -3.0 / 5.0, 557.0 / 1440.0, 281.0 / 630.0, -1_983_433.0 / 1_935_360.0],
                &[61.0 / 240.0, -103.0 / 140.0, 15061.0 / 26880.0, 167_603.0 / 181_440.0],
                &[49561.0 / 161_280.0, -179.0 / 168.0, 6_601_661.0 / 7_257_600.0],
                &[34729.0 / 80640.0, -3_418_889.0 / 1_995_840.0],
                &[212_378_941.0 / 319_334_400.0],
            ]),
            beta: series([
                &[1.0 / 2.0, -2.0 / 3.0, 37.0 / 96.0, -1.0 / 360.0, -81.0 / 512.0, 96199.0 / 604_800.0],
                &[1.0 / 48.0, 1.0 / 15.0, -437.0 / 1440.0, 46.0 / 105.0, -1_118_711.0 / 3_870_720.0],
                &[17.0 / 480.0, -37.0 / 840.0, -209.0 / 4480.0, 5569.0 / 90720.0],
                &[4397.0 / 161_280.0, -11.0 / 504.0, -830_251.0 / 7_257_600.0],
                &[4583.0 / 161_280.0, -108_847.0 / 3_991_680.0],
                &[20_648_693.0 / 638_668_800.0],
            ]),
        }
    }

    /// Longitude and latitude in degrees to metres east and north; `None` where there is no such place or the series do not hold.
    pub fn forward(&self, lon: f64, lat: f64) -> Option<[f64; 2]> {
        // PROJ's own limits: ten radians, and the poles.
        if lat.abs() > 90.0 || lon.is_nan() || lon.abs() > 570.0 {
            return None;
        }
        let (sin_phi, cos_phi) = lat.to_radians().sin_cos();
        let (sin_chi, cos_chi) = turned(sin_phi, cos_phi, &self.conformal);
        let (sin_lambda, cos_lambda) = around(lon.to_radians() - self.meridian).sin_cos();
        // On the sphere: ξ' + iη', by its sines.
        let (up, out) = (sin_chi, cos_chi * cos_lambda);
        let across = (up * up + out * out).sqrt();
        let (sin_xi, cos_xi, sinh_eta) = (up / across, out / across, cos_chi * sin_lambda / across);
        let cosh_eta = (1.0 + sinh_eta * sinh_eta).sqrt();
        let (xi, eta) = (up.atan2(out), sinh_eta.asinh());
        let sum = complex_sum(&self.alpha, [2.0 * sin_xi * cos_xi, cos_xi * cos_xi - sin_xi * sin_xi], [2.0 * sinh_eta * cosh_eta, 1.0 + 2.0 * sinh_eta * sinh_eta]);
        let (north, east) = (xi + sum[0], eta + sum[1]);
        if east.is_nan() || east.abs() > MOST_EAST {
            return None;
        }
        Some([self.false_easting + self.radius * east, self.false_northing + self.radius * north])
    }

    /// Metres east and north to longitude and latitude in degrees; `None` where the series do not hold.
    pub fn inverse(&self, x: f64, y: f64) -> Option<[f64; 2]> {
        let (north, east) = ((y - self.false_northing) / self.radius, (x - self.false_easting) / self.radius);
        if east.is_nan() || east.abs() > MOST_EAST || !north.is_finite() {
            return None;
        }
        let ((sin, cos), (sinh, cosh)) = ((2.0 * north).sin_cos(), ((2.0 * east).sinh(), (2.0 * east).cosh()));
        let sum = complex_sum(&self.beta, [sin, cos], [sinh, cosh]);
        let (xi, eta) = (north - sum[0], east - sum[1]);
        let ((sin_xi, cos_xi), sinh_eta) = (xi.sin_cos(), eta.sinh());
        let lambda = sinh_eta.atan2(cos_xi);
        let out = (sinh_eta * sinh_eta + cos_xi * cos_xi).sqrt();
        let chi = sin_xi.atan2(out);
        let whole = (sin_xi * sin_xi + out * out).sqrt();
        let phi = chi + real_sum(&self.geodetic, sin_xi / whole, out / whole);
        Some([around(lambda + self.meridian).to_degrees(), phi.to_degrees()])
    }
}

/// The angle between half a turn west and half a turn east.
fn around(angle: f64) -> f64 {
    use std::f64::consts::{PI, TAU};
    if angle.abs() <= PI { angle } else { angle - TAU * (angle / TAU).round() }
}

/// Σ c_j sin 2jφ, from sine and cosine of φ (Clenshaw 1955).
fn real_sum(c: &[f64; ORDER], sin: f64, cos: f64) -> f64 {
    let (sin2, twice_cos2) = (2.0 * sin * cos, 2.0 * (cos * cos - sin * sin));
    let (mut b, mut before) = (0.0, 0.0);
    for c in c.iter().rev() {
        (b, before) = (c + twice_cos2 * b - before, b);
    }
    sin2 * b
}

/// Sine and cosine of φ + Σ c_j sin 2jφ: the sum is below 0.004, for which a few terms of Taylor's series are exact.
fn turned(sin: f64, cos: f64, c: &[f64; ORDER]) -> (f64, f64) {
    let d = real_sum(c, sin, cos);
    let dd = d * d;
    let sin_d = d * (1.0 - dd / 6.0 * (1.0 - dd / 20.0 * (1.0 - dd / 42.0)));
    let cos_d = 1.0 - dd / 2.0 * (1.0 - dd / 12.0 * (1.0 - dd / 30.0 * (1.0 - dd / 56.0)));
    (sin * cos_d + cos * sin_d, cos * cos_d - sin * sin_d)
}

/// Σ c_j sin 2jζ for a complex ζ = ξ + iη, from sine and cosine of 2ξ and the hyperbolic ones of 2η: real part, imaginary part.
fn complex_sum(c: &[f64; ORDER], [sin, cos]: [f64; 2], [sinh, cosh]: [f64; 2]) -> [f64; 2] {
    let (twice_re, twice_im) = (2.0 * cos * cosh, -2.0 * sin * sinh);
    let (mut re, mut im, mut re_before, mut im_before) = (0.0, 0.0, 0.0, 0.0);
    for c in c.iter().rev() {
        let next = (c + twice_re * re - twice_im * im - re_before, twice_re * im + twice_im * re - im_before);
        (re_before, im_before) = (re, im);
        (re, im) = next;
    }
    let (sin_re, sin_im) = (sin * cosh, cos * sinh);
    [sin_re * re - sin_im * im, sin_re * im + sin_im * re]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::projection::Proj;

    const WGS84: (f64, f64) = (6_378_137.0, 298.257_223_563);

    /// Metres that one forward and one inverse differ from PROJ's over a grid.
    fn worst(own: &TransverseMercator, proj: &str, lats: std::ops::RangeInclusive<i32>, lons: std::ops::RangeInclusive<i32>) -> (f64, f64) {
        let there = Proj::new_known_crs("EPSG:4326", proj, None).unwrap();
        let back = Proj::new_known_crs(proj, "EPSG:4326", None).unwrap();
        let (mut forward, mut inverse) = (0f64, 0f64);
        for lat in lats.clone().step_by(3) {
            for lon in lons.clone().step_by(1) {
                let (lon, lat) = (f64::from(lon) / 7.0, f64::from(lat) * 1.013);
                let [x, y] = own.forward(lon, lat).unwrap();
                let theirs = there.convert((lon, lat)).unwrap();
                forward = forward.max((x - theirs.0).abs()).max((y - theirs.1).abs());
                let [u, v] = own.inverse(x, y).unwrap();
                let theirs = back.convert((x, y)).unwrap();
                let metres = 111_000.0 * (((u - theirs.0) * lat.to_radians().cos()).abs().max((v - theirs.1).abs()));
                inverse = inverse.max(metres);
            }
        }
        (forward, inverse)
    }

    #[test]
    fn agrees_with_proj_to_nanometres() {
        for (zone, code) in [(31, "EPSG:32631"), (51, "EPSG:32651"), (1, "EPSG:32601")] {
            let meridian = f64::from(zone * 6 - 183);
            let own = TransverseMercator::new(WGS84.0, WGS84.1, meridian, 0.9996, [500_000.0, 0.0]);
            let middle = (meridian * 7.0) as i32;
            // Across a zone and its neighbours; a last digit of ten million metres is two nanometres.
            let (forward, inverse) = worst(&own, code, -84..=84, middle - 40..=middle + 40);
            assert!(forward < 6e-9 && inverse < 6e-9, "{code}: {forward} {inverse}");
        }
        let own = TransverseMercator::new(6_378_137.0, 298.257_222_101, 123.0, 1.0, [500_000.0, 0.0]);
        let (forward, inverse) = worst(&own, "EPSG:4550", 0..=60, 120 * 7..=126 * 7);
        assert!(forward < 3e-9 && inverse < 6e-9, "{forward} {inverse}");
    }

    #[test]
    fn what_has_no_place_on_the_map_is_refused_as_proj_does() {
        let own = TransverseMercator::new(WGS84.0, WGS84.1, 3.0, 0.9996, [500_000.0, 0.0]);
        let proj = Proj::new_known_crs("EPSG:4326", "EPSG:32631", None).unwrap();
        for (lon, lat) in [(3.0, 90.1), (3.0, -95.0), (93.0, 0.0), (600.0, 1.0), (f64::NAN, 1.0), (3.0, f64::NAN)] {
            assert_eq!(own.forward(lon, lat), None, "{lon} {lat}");
            assert!(proj.convert((lon, lat)).map_or(true, |(x, y)| !x.is_finite() || !y.is_finite()), "{lon} {lat}");
        }
        assert!(own.inverse(1e9, 0.0).is_none() && own.inverse(f64::NAN, 0.0).is_none());
        for (lon, lat) in [(3.0, 90.0), (3.0, -90.0), (363.0, 45.0), (-357.0, 45.0), (182.9, 80.0)] {
            let ([x, y], theirs) = (own.forward(lon, lat).unwrap(), proj.convert((lon, lat)).unwrap());
            assert!((x - theirs.0).abs() < 1e-8 && (y - theirs.1).abs() < 1e-8, "{lon} {lat}: {x} {y} {theirs:?}");
        }
    }
}
