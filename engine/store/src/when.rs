//! Moments of history, UTC to the second: when an import was made, and as of when it holds.

use qike_core::calendar::{date_text, days_in_month};
use serde::Serialize;
use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

/// A moment as text, `2024-05-01T08:30:00Z`: texts sort by time.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Moment(String);

impl Moment {
    /// By the machine's clock.
    pub fn now() -> Self {
        // A clock before 1970 is wrong anyway.
        Self::from_unix(SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs()))
    }

    /// From seconds since 1970-01-01T00:00:00Z.
    pub fn from_unix(seconds: u64) -> Self {
        let (days, rest) = (seconds / 86_400, seconds % 86_400);
        let date = date_text(days as i64);
        Self(format!("{date}T{:02}:{:02}:{:02}Z", rest / 3600, rest / 60 % 60, rest % 60))
    }

    /// From `YYYY-MM-DD` (its first second) or `YYYY-MM-DDThh:mm:ssZ`; `None` where the text is neither.
    pub fn first_of(text: &str) -> Option<Self> {
        Self::parse(text, "T00:00:00Z")
    }

    /// As [`Moment::first_of`], but a date means its last second: what holds on a day also came during it.
    pub fn last_of(text: &str) -> Option<Self> {
        Self::parse(text, "T23:59:59Z")
    }

    fn parse(text: &str, clock: &str) -> Option<Self> {
        let text = text.trim();
        let whole = if text.len() == 10 { format!("{text}{clock}") } else { text.replacen(' ', "T", 1) };
        let form = "dddd-dd-ddTdd:dd:ddZ";
        let fits = whole.len() == form.len() && whole.bytes().zip(form.bytes()).all(|(c, f)| if f == b'd' { c.is_ascii_digit() } else { c == f });
        let part = |at: usize, n: usize| whole.get(at..at + n).and_then(|t| t.parse::<u32>().ok()).unwrap_or(u32::MAX);
        if !fits || part(11, 2) > 23 || part(14, 2) > 59 || part(17, 2) > 59 {
            return None;
        }
        let (year, month, day) = (part(0, 4), part(5, 2), part(8, 2));
        let days = days_in_month(i64::from(year), i64::from(month));
        (1..=days).contains(&i64::from(day)).then_some(Self(whole))
    }

    /// The whole text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Its day, `YYYY-MM-DD`.
    pub fn day(&self) -> &str {
        self.0.get(..10).unwrap_or(&self.0)
    }

    /// From a store's own text; what another program wrote there is kept as it is.
    pub(crate) fn stored(text: String) -> Self {
        Self(text)
    }

    /// True where something that says it exists from the day `from` (`None`: always did) until before the day `to` (`None`:
    /// still does) exists now. Texts may be shorter (`2019`) or longer (with a time) than a day.
    pub fn within(&self, from: Option<&str>, to: Option<&str>) -> bool {
        let day = |text: &str| text.trim().get(..10).unwrap_or(text.trim()).to_owned();
        let said = |text: Option<&str>| text.map(day).filter(|t| t.starts_with(|c: char| c.is_ascii_digit()));
        let today = |other: &str| self.0.get(..other.len()).unwrap_or(&self.0).to_owned();
        said(from).is_none_or(|from| from <= today(&from)) && said(to).is_none_or(|to| today(&to) < to)
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.strip_suffix("T00:00:00Z").unwrap_or(&self.0))
    }
}

/// When a change is made to a store, and as of when it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct When {
    /// Of the change.
    pub recorded: Moment,
    /// Of the city that it describes.
    pub holds: Moment,
}

impl When {
    /// Recorded at a moment, and true as of it.
    pub fn at(moment: Moment) -> Self {
        Self { recorded: moment.clone(), holds: moment }
    }

    /// Now, by the machine's clock.
    pub fn now() -> Self {
        Self::at(Moment::now())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_become_dates_and_texts_are_checked() {
        for (seconds, text) in [(0, "1970-01-01T00:00:00Z"), (951_782_400, "2000-02-29T00:00:00Z"), (1_714_552_245, "2024-05-01T08:30:45Z"), (4_107_542_399, "2100-02-28T23:59:59Z")] {
            assert_eq!(Moment::from_unix(seconds).as_str(), text);
            assert_eq!(Moment::first_of(text).unwrap().as_str(), text);
        }
        assert_eq!(Moment::first_of("2024-02-29").unwrap().as_str(), "2024-02-29T00:00:00Z");
        assert_eq!(Moment::last_of("2024-02-29").unwrap().as_str(), "2024-02-29T23:59:59Z");
        for bad in ["", "2023-02-29", "2024-13-01", "2024-00-10", "2024-1-1", "24-01-01", "2024-01-01T24:00:00Z", "2024-01-01T10:00:00", "tomorrow", "２０２４-01-01"] {
            assert_eq!(Moment::first_of(bad), None, "{bad}");
        }
    }

    #[test]
    fn what_exists_on_a_day() {
        let at = Moment::last_of("2024-05-01").unwrap();
        assert!(at.within(None, None) && at.within(Some("2024-05-01"), Some("2024-05-02")) && at.within(Some("2019"), Some("2025")));
        assert!(!at.within(Some("2024-05-02"), None) && !at.within(None, Some("2024-05-01")) && !at.within(None, Some("2024-05-01T08:00:00")));
        assert!(at.within(Some("2024"), None) && !at.within(None, Some("2024")) && at.within(Some("unknown"), Some("")));
    }
}
