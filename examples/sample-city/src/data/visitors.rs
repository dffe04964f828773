//! Hourly visitor counts of the places by the water, five weeks with the Mid-Autumn and the National Day holidays in them.

use crate::rng::Rng;

/// The first day counted (a Monday) and the number of days.
const FIRST: (u32, u32) = (9, 7);
const DAYS: u32 = 35;

/// Holidays of 2026 in that time: 25–27 September, 1–7 October.
fn is_holiday(month: u32, day: u32) -> bool {
    (month == 9 && (25..=27).contains(&day)) || (month == 10 && day <= 7)
}

/// Rows of place id, local time and count. `places` are ids with the visitors of an ordinary day and the hour of the peak.
pub fn rows(places: &[(String, f64, f64)], seed: u64) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    for (i, (id, daily, peak)) in places.iter().enumerate() {
        for n in 0..DAYS {
            let (month, day) = if FIRST.1 + n <= 30 { (9, FIRST.1 + n) } else { (10, FIRST.1 + n - 30) };
            let weekend = n % 7 >= 5;
            let rng = &mut Rng::new(seed, "visitors", (i * 100) as u64 + u64::from(n));
            // Golden Week swells to its third day and ebbs after it.
            let swell = if month == 10 && day <= 7 { 5.4 - 0.55 * (f64::from(day) - 3.0).abs() } else { 3.4 };
            let kind = if is_holiday(month, day) { swell } else if weekend { 2.1 } else { 1.0 };
            let rain = if rng.chance(0.16) { rng.range(0.35, 0.7) } else { 1.0 };
            for hour in 0..24u32 {
                let h = f64::from(hour);
                let wave = (-((h - peak) / 3.1).powi(2) / 2.0).exp() + 0.32 * (-((h - 19.5) / 1.5).powi(2) / 2.0).exp();
                let count = daily / 9.0 * kind * rain * wave * rng.range(0.9, 1.1);
                rows.push(vec![id.clone(), format!("2026-{month:02}-{day:02}T{hour:02}:00:00"), format!("{}", count.round() as u32)]);
            }
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_holiday_stands_out() {
        let rows = rows(&[("a".into(), 4000.0, 15.0)], 1);
        assert_eq!(rows.len(), 35 * 24);
        let day = |d: &str| rows.iter().filter(|r| r[1].starts_with(d)).filter_map(|r| r[2].parse::<u32>().ok()).sum::<u32>();
        let workday = (8..=11).map(|d| day(&format!("2026-09-{d:02}"))).max().unwrap();
        assert!(day("2026-10-03").max(day("2026-10-02")) > 2 * workday);
        assert!(day("2026-09-08") > 500);
    }
}
