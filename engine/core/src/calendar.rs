//! Days of the Gregorian calendar as numbers, and back: one place for files, stores and series.
//!
//! After H. Hinnant, "chrono-compatible low-level date algorithms": years count from March, so that the leap day comes last, in eras
//! of 400 years.

/// How many days a month (1–12) has; 0 for no month.
pub fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => 0,
    }
}

/// Days since 1970-01-01; the month is 1–12.
pub fn day_number(year: i64, month: i64, day: i64) -> i64 {
    let y = if month <= 2 { year - 1 } else { year };
    let (era, year_of_era) = (y.div_euclid(400), y.rem_euclid(400));
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// `YYYY-MM-DD` of a number of days since 1970-01-01.
pub fn date_text(days: i64) -> String {
    let z = days.saturating_add(719_468);
    let (era, d) = (z.div_euclid(146_097), z.rem_euclid(146_097));
    let year_of_era = (d - d / 1_460 + d / 36_524 - d / 146_096) / 365;
    let day_of_year = d - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let m = (5 * day_of_year + 2) / 153;
    let (day, month) = (day_of_year - (153 * m + 2) / 5 + 1, if m < 10 { m + 3 } else { m - 9 });
    let year = era * 400 + year_of_era + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_go_there_and_back() {
        for days in (-40_000..60_000).step_by(13) {
            let text = date_text(days);
            let p: Vec<i64> = text.split('-').map(|p| p.parse().unwrap()).collect();
            assert_eq!(day_number(p[0], p[1], p[2]), days, "{text}");
            assert!((1..=days_in_month(p[0], p[1])).contains(&p[2]), "{text}");
        }
        assert_eq!((date_text(0), day_number(2019, 6, 20)), ("1970-01-01".into(), 18_067));
        assert_eq!([days_in_month(2000, 2), days_in_month(1900, 2), days_in_month(2024, 13)], [29, 28, 0]);
    }
}
