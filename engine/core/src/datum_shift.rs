//! GCJ-02 and BD-09: the offsets that Chinese web maps add to WGS 84. They are no coordinate systems (no EPSG code, no
//! datum), but functions of the position, and most positions that a Chinese city gets from a map service carry them.
//!
//! The formula of GCJ-02 was never published; the one here is the well-known reconstruction on the Krasovsky 1940
//! ellipsoid, which agrees with the services to some centimetres. The way back is found by iteration.

/// Semi-major axis of Krasovsky 1940, metres.
const A: f64 = 6_378_245.0;
/// First eccentricity squared of Krasovsky 1940.
const EE: f64 = 0.006_693_421_622_965_943;
/// Baidu's factor: degrees, times 3000, as an angle.
const BD_ANGLE: f64 = std::f64::consts::PI * 3000.0 / 180.0;

/// True where the services apply the offset (a rectangle around China; outside it the position stays as it is).
fn in_china(lon: f64, lat: f64) -> bool {
    (72.004..=137.8347).contains(&lon) && (0.8293..=55.8271).contains(&lat)
}

fn ripple(a: f64, b: f64) -> f64 {
    use std::f64::consts::PI;
    (20.0 * (6.0 * a * PI).sin() + 20.0 * (2.0 * a * PI).sin() + 20.0 * (b * PI).sin() + 40.0 * (b / 3.0 * PI).sin()) * 2.0 / 3.0
}

/// Offset in degrees (longitude, latitude) that GCJ-02 adds at a WGS 84 position.
fn offset(lon: f64, lat: f64) -> (f64, f64) {
    use std::f64::consts::PI;
    let (x, y) = (lon - 105.0, lat - 35.0);
    let root = x.abs().sqrt();
    let north = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root
        + ripple(x, y)
        + (160.0 * (y / 12.0 * PI).sin() + 320.0 * (y * PI / 30.0).sin()) * 2.0 / 3.0;
    let east = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root
        + ripple(x, x)
        + (150.0 * (x / 12.0 * PI).sin() + 300.0 * (x / 30.0 * PI).sin()) * 2.0 / 3.0;
    let phi = lat.to_radians();
    let magic = 1.0 - EE * phi.sin().powi(2);
    let d_lat = north * 180.0 / ((A * (1.0 - EE)) / (magic * magic.sqrt()) * PI);
    let d_lon = east * 180.0 / (A / magic.sqrt() * phi.cos() * PI);
    (d_lon, d_lat)
}

/// WGS 84 to GCJ-02, degrees (longitude, latitude).
pub fn gcj02_from_wgs84(lon: f64, lat: f64) -> (f64, f64) {
    if !in_china(lon, lat) {
        return (lon, lat);
    }
    let (d_lon, d_lat) = offset(lon, lat);
    (lon + d_lon, lat + d_lat)
}

/// GCJ-02 to WGS 84, degrees (longitude, latitude), to better than 0.1 mm.
pub fn wgs84_from_gcj02(lon: f64, lat: f64) -> (f64, f64) {
    let (mut x, mut y) = (lon, lat);
    // The offset changes by less than 1 % of a step, so each round gains two digits.
    for _ in 0..8 {
        let (gx, gy) = gcj02_from_wgs84(x, y);
        (x, y) = (x - (gx - lon), y - (gy - lat));
    }
    (x, y)
}

/// GCJ-02 to BD-09, degrees.
pub fn bd09_from_gcj02(lon: f64, lat: f64) -> (f64, f64) {
    let radius = lon.hypot(lat) + 0.000_02 * (lat * BD_ANGLE).sin();
    let angle = lat.atan2(lon) + 0.000_003 * (lon * BD_ANGLE).cos();
    (radius * angle.cos() + 0.0065, radius * angle.sin() + 0.006)
}

/// BD-09 to GCJ-02, degrees, to better than 0.1 mm.
pub fn gcj02_from_bd09(lon: f64, lat: f64) -> (f64, f64) {
    let (mut x, mut y) = (lon - 0.0065, lat - 0.006);
    for _ in 0..8 {
        let (bx, by) = bd09_from_gcj02(x, y);
        (x, y) = (x - (bx - lon), y - (by - lat));
    }
    (x, y)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back_within_a_millimetre() {
        for (lon, lat) in [(121.93, 30.90), (116.39, 39.91), (87.6, 43.8), (110.3, 20.0)] {
            let (gx, gy) = gcj02_from_wgs84(lon, lat);
            assert!((gx - lon).hypot(gy - lat) > 0.001, "the offset is some hundred metres");
            let (x, y) = wgs84_from_gcj02(gx, gy);
            assert!((x - lon).hypot(y - lat) < 1e-8);
            let (bx, by) = bd09_from_gcj02(gx, gy);
            let (x, y) = gcj02_from_bd09(bx, by);
            assert!((x - gx).hypot(y - gy) < 1e-8);
        }
        assert_eq!(gcj02_from_wgs84(2.35, 48.85), (2.35, 48.85));
    }

    /// There and back over the whole of China, from both offsets, to better than a millionth of a degree.
    #[test]
    fn the_way_back_is_exact_all_over_china() {
        let mut worst: f64 = 0.0;
        for i in 0..60 {
            for j in 0..40 {
                let (lon, lat) = (73.7 + f64::from(i), 3.9 + 1.25 * f64::from(j));
                let (gx, gy) = gcj02_from_wgs84(lon, lat);
                let (bx, by) = bd09_from_gcj02(gx, gy);
                let (hx, hy) = gcj02_from_bd09(bx, by);
                let (x, y) = wgs84_from_gcj02(hx, hy);
                worst = worst.max((x - lon).abs()).max((y - lat).abs());
            }
        }
        assert!(worst < 1e-9, "{worst}");
    }

    /// The same bus stop, published by the operator in WGS 84 and by a map service in GCJ-02 (transit.json).
    #[test]
    fn agrees_with_a_stop_published_in_both() {
        let (lon, lat) = gcj02_from_wgs84(121.897_423_405_095_01, 30.919_111_986_756_58);
        let metres = ((lon - 121.901_505) * 95_500.0).hypot((lat - 30.916_74) * 110_900.0);
        assert!(metres < 0.3, "{metres} m apart");
    }

    /// Five stops of one line, by their operator in WGS 84 and by a map service in GCJ-02 (transit.json). The operator's positions
    /// are the service's less the offset at the shifted place, to the last digit: the formula is the service's. That way back is
    /// one step short of the true one, and so up to 0.32 m of the two are apart.
    #[test]
    fn the_five_stops_published_in_both_follow_the_formula() {
        let Some(path) = crate::testdata::path("lingang/transit.json") else { return };
        let json: serde_json::Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        let list = |key: &str| json[key].as_array().unwrap().clone();
        let place = |stop: &serde_json::Value| ["jd", "wd"].map(|axis| stop[axis].as_str().unwrap().parse::<f64>().unwrap());
        let metres = |a: [f64; 2], b: (f64, f64)| ((a[0] - b.0) * 95_600.0).hypot((a[1] - b.1) * 110_860.0);
        let mut worst: f64 = 0.0;
        let stops = list("bus_arrivals_wgs84");
        let line: Vec<_> = stops.iter().filter(|stop| stop["lineid"] == "180926").take(5).collect();
        assert_eq!(line.len(), 5);
        for stop in line {
            let other = list("bus_stops_gcj02").into_iter().find(|other| other["zdmc"] == stop["zdmc"] && other["dir"] == stop["direction"]).unwrap();
            let (wgs, gcj) = (place(stop), place(&other));
            let (d_lon, d_lat) = offset(gcj[0], gcj[1]);
            assert!(metres(wgs, (gcj[0] - d_lon, gcj[1] - d_lat)) < 1e-6, "{}", stop["zdmc"]);
            worst = worst.max(metres(gcj, gcj02_from_wgs84(wgs[0], wgs[1])));
        }
        assert!((0.31..0.32).contains(&worst), "{worst} m apart");
    }
}
