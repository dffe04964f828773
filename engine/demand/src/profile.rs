//! How the traffic of a day is shared by its hours.

/// An hour, ms.
const HOUR_MS: i64 = 3_600_000;
/// Hours of a day.
const HOURS: i64 = 24;

/// Shares of the hours of a day, from midnight on; every day is like the others.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Profile {
    shares: [f64; 24],
}

/// Percent by hour of streets in West German towns (Schmidt, Thomas: Hochrechnungsfaktoren für manuelle und automatische
/// Kurzzeitzählungen im Innerortsbereich, Forschung Straßenbau und Straßenverkehrstechnik 732, 1996).
const GIVEN: [(&str, &str, [f64; 24]); 5] = [
    ("even", "all hours alike", [1.0; 24]),
    ("workday", "cars, Tuesday to Thursday, in town", [0.8, 0.5, 0.4, 0.3, 0.4, 1.2, 4.5, 7.4, 6.6, 5.2, 5.0, 5.0, 5.2, 5.3, 5.6, 6.7, 8.4, 8.6, 7.4, 5.0, 3.9, 3.0, 2.1, 1.6]),
    ("workday-edge", "cars, Tuesday to Thursday, at the edge of town", [0.9, 0.5, 0.2, 0.2, 0.5, 1.3, 7.0, 9.3, 6.7, 4.2, 4.0, 3.8, 4.1, 4.6, 5.0, 6.7, 9.6, 9.2, 7.1, 4.8, 3.5, 2.7, 2.2, 1.9]),
    ("weekend", "cars, Saturday and Sunday", [3.3, 2.8, 2.0, 1.5, 1.2, 1.3, 1.2, 1.5, 2.5, 3.7, 4.8, 5.5, 6.0, 6.7, 7.0, 7.1, 6.9, 7.4, 7.0, 6.0, 4.7, 4.1, 3.5, 2.3]),
    ("lorries", "lorries, Monday to Thursday", [0.3, 0.4, 0.4, 0.6, 0.8, 2.0, 4.8, 7.5, 9.0, 8.7, 9.0, 9.0, 7.5, 8.4, 7.8, 6.9, 5.4, 4.0, 2.7, 1.8, 1.2, 0.9, 0.6, 0.3]),
];

impl Profile {
    /// Of shares of 0 or more; none where one is not, or all are 0.
    pub fn new(shares: [f64; 24]) -> Option<Self> {
        let sum: f64 = shares.iter().sum();
        (shares.iter().all(|s| *s >= 0.0) && sum > 0.0 && sum.is_finite()).then(|| Self { shares: shares.map(|s| s / sum) })
    }

    /// A built-in one.
    pub fn given(name: &str) -> Option<Self> {
        GIVEN.iter().find(|g| g.0 == name).and_then(|g| Self::new(g.2))
    }

    /// Names of the built-in ones, and what they are.
    pub fn names() -> impl Iterator<Item = (&'static str, &'static str)> {
        GIVEN.iter().map(|g| (g.0, g.1))
    }

    /// Share of the hour that begins so many hours after midnight of some day.
    pub fn share(&self, hour: i64) -> f64 {
        usize::try_from(hour.rem_euclid(HOURS)).ok().and_then(|h| self.shares.get(h)).copied().unwrap_or(0.0)
    }

    /// Cuts an interval at its hours: from, to (ms), and which part of the interval's traffic is in it; parts sum to 1. Where the
    /// profile has no traffic in any of them, all hours are alike.
    pub fn cut(&self, begin_ms: i64, end_ms: i64) -> Vec<(i64, i64, f64)> {
        let mut parts = Vec::new();
        let mut from = begin_ms;
        while from < end_ms {
            let hour = from.div_euclid(HOUR_MS);
            let to = ((hour + 1) * HOUR_MS).min(end_ms);
            parts.push((from, to, self.share(hour) * (to - from) as f64 / HOUR_MS as f64));
            from = to;
        }
        let sum: f64 = parts.iter().map(|p| p.2).sum();
        let length = (end_ms - begin_ms) as f64;
        for part in &mut parts {
            part.2 = if sum > 0.0 { part.2 / sum } else { (part.1 - part.0) as f64 / length };
        }
        parts.retain(|p| p.2 > 0.0);
        parts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_are_cut_at_hours() {
        let mut shares = [0.0; 24];
        (shares[7], shares[8]) = (3.0, 1.0);
        let profile = Profile::new(shares).unwrap();
        assert_eq!(profile.cut(0, 86_400_000), [(25_200_000, 28_800_000, 0.75), (28_800_000, 32_400_000, 0.25)]);
        // Half of one hour, a quarter of the other.
        let cut = profile.cut(27_000_000, 29_700_000);
        assert_eq!(cut.iter().map(|c| c.2).collect::<Vec<_>>(), [1.5 / 1.75, 0.25 / 1.75]);
        // Hours without traffic in the profile keep what the matrix says.
        assert_eq!(profile.cut(0, 7_200_000).iter().map(|c| c.2).collect::<Vec<_>>(), [0.5, 0.5]);
        // The next day is like this one.
        assert_eq!(profile.cut(86_400_000, 2 * 86_400_000).len(), 2);
        assert!(Profile::new([0.0; 24]).is_none() && Profile::new([f64::NAN; 24]).is_none() && Profile::new([-1.0; 24]).is_none());
        assert!(Profile::names().all(|(name, _)| Profile::given(name).is_some()));
    }
}
