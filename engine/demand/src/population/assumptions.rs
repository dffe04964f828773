//! What is assumed of people and buildings: a file that users can replace.

use crate::Profile;
use serde::Deserialize;
use std::collections::BTreeMap;

/// The file that holds where no other is named.
pub const GIVEN: &str = include_str!("assumptions.toml");

/// What people do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Activity {
    /// Being at home.
    Home,
    /// Working.
    Work,
    /// Learning.
    School,
    /// Shopping.
    Shop,
    /// Free time.
    Leisure,
}

impl Activity {
    /// All but being at home.
    pub const OUT: [Self; 4] = [Self::Work, Self::School, Self::Shop, Self::Leisure];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Home => "home",
            Self::Work => "work",
            Self::School => "school",
            Self::Shop => "shop",
            Self::Leisure => "leisure",
        }
    }
}

/// What people are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Works.
    Worker,
    /// Learns.
    Pupil,
    /// Neither.
    Other,
}

/// A use of buildings, with how many of each are on 100 m² of floor.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Use {
    /// Its name.
    pub name: String,
    /// Words that mean it; none: the rest.
    pub words: Vec<String>,
    /// Smaller buildings have no use.
    #[serde(default)]
    pub least_m2: f64,
    /// Who live there.
    pub residents: f64,
    /// Who work there.
    pub jobs: f64,
    /// Who learn there.
    pub pupils: f64,
    /// How much it attracts who shop.
    pub shopping: f64,
    /// How much it attracts in free time.
    pub leisure: f64,
}

/// Households.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Households {
    /// Shares of 1, 2 … persons.
    pub sizes: Vec<f64>,
    /// Probability that the second is an adult.
    pub second_adult: f64,
    /// Probability that each further one is a child.
    pub further_child: f64,
}

/// Ages of adults.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AgeBand {
    /// From, years.
    pub from: u8,
    /// To, years.
    pub to: u8,
    /// Share.
    pub share: f64,
}

/// Who works and who learns.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RoleBand {
    /// From, years.
    pub from: u8,
    /// To, years.
    pub to: u8,
    /// Part that works.
    pub worker: f64,
    /// Part that learns.
    pub pupil: f64,
}

/// A day.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Day {
    /// Whose.
    pub who: Role,
    /// What one does after leaving home.
    pub does: Vec<Activity>,
    /// Share.
    pub share: f64,
}

/// What is known of doing something.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Doing {
    /// Mean distance from home, km.
    pub mean_km: f64,
    /// Mean and deviation of how long it takes, hours.
    pub hours: [f64; 2],
    /// When one leaves for it: shares of the day's hours.
    pub departures: [f64; 24],
}

/// A mode of getting about.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mode {
    /// Its name.
    pub name: String,
    /// How good it seems next door.
    pub constant: f64,
    /// What a kilometre adds.
    pub per_km: f64,
    /// Speed over ground with all waiting, km/h.
    pub km_h: f64,
    /// From which age.
    #[serde(default)]
    pub from_age: u8,
    /// Part of those to whom it is open.
    #[serde(default = "one")]
    pub open_to: f64,
}

fn one() -> f64 {
    1.0
}

/// All of it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Assumptions {
    /// Height of a storey, m.
    pub storey_m: f64,
    /// Part of floors that is used.
    pub used: f64,
    /// Uses of buildings.
    #[serde(rename = "use")]
    pub uses: Vec<Use>,
    /// Households.
    pub households: Households,
    /// Ages of adults.
    pub adults: Vec<AgeBand>,
    /// Who works and who learns.
    pub roles: Vec<RoleBand>,
    /// Days.
    pub days: Vec<Day>,
    /// What people do.
    pub activities: BTreeMap<Activity, Doing>,
    /// Modes.
    pub modes: Vec<Mode>,
}

impl Assumptions {
    /// Those that hold where nothing else is said.
    ///
    /// # Errors
    /// Never: a test reads them.
    pub fn given() -> Result<Self, String> {
        Self::parse(GIVEN)
    }

    /// Of a text in TOML.
    ///
    /// # Errors
    /// What is wrong in it, with the line where it is no such text.
    pub fn parse(text: &str) -> Result<Self, String> {
        let all: Self = toml::from_str(text).map_err(|e| e.to_string())?;
        all.check()?;
        Ok(all)
    }

    fn check(&self) -> Result<(), String> {
        let positive = |what: &str, v: f64| if v.is_finite() && v > 0.0 { Ok(()) } else { Err(format!("{what} is {v}, not a number above 0")) };
        let share = |what: &str, v: f64| if (0.0..=1.0).contains(&v) { Ok(()) } else { Err(format!("{what} is {v}, not a part between 0 and 1")) };
        let not_negative = |what: &str, v: f64| if v.is_finite() && v >= 0.0 { Ok(()) } else { Err(format!("{what} is {v}, not a number of 0 or more")) };
        let within = |what: &str, v: f64, low: f64, high: f64| if (low..=high).contains(&v) { Ok(()) } else { Err(format!("{what} is {v}, not a number between {low} and {high}")) };
        let some = |what: &str, values: &mut dyn Iterator<Item = f64>| {
            let mut sum = 0.0;
            for v in values {
                not_negative(what, v)?;
                sum += v;
            }
            if sum > 0.0 { Ok(()) } else { Err(format!("{what} are all 0 or missing")) }
        };
        positive("storey_m", self.storey_m)?;
        share("used", self.used)?;
        for u in &self.uses {
            for (what, v) in [("least_m2", u.least_m2), ("residents", u.residents), ("jobs", u.jobs), ("pupils", u.pupils), ("shopping", u.shopping), ("leisure", u.leisure)] {
                not_negative(&format!("{what} of the use '{}'", u.name), v)?;
            }
        }
        some("household sizes", &mut self.households.sizes.iter().copied())?;
        if self.households.sizes.len() > 20 {
            return Err("households have more than 20 persons".to_owned());
        }
        share("second_adult", self.households.second_adult)?;
        share("further_child", self.households.further_child)?;
        some("shares of ages", &mut self.adults.iter().map(|a| a.share))?;
        if let Some(band) = self.adults.iter().find(|a| a.from > a.to) {
            return Err(format!("a band of ages is from {} to {}", band.from, band.to));
        }
        for r in &self.roles {
            share("worker", r.worker)?;
            share("pupil", r.pupil)?;
            share(&format!("worker + pupil from {} to {}", r.from, r.to), r.worker + r.pupil)?;
        }
        for who in [Role::Worker, Role::Pupil, Role::Other] {
            some(&format!("days of a {who:?}"), &mut self.days.iter().filter(|d| d.who == who).map(|d| d.share))?;
        }
        if self.days.iter().any(|d| d.does.len() > 50) {
            return Err("a day has more than 50 activities".to_owned());
        }
        for activity in [Activity::Home].into_iter().chain(Activity::OUT) {
            let name = activity.name();
            let doing = self.activities.get(&activity).ok_or_else(|| format!("[activities.{name}] is missing"))?;
            if activity != Activity::Home {
                positive(&format!("mean_km of {name}"), doing.mean_km)?;
            }
            within(&format!("hours of {name}"), doing.hours[0], 0.0, 48.0)?;
            within(&format!("the deviation of hours of {name}"), doing.hours[1], 0.0, 48.0)?;
            Profile::new(doing.departures).ok_or_else(|| format!("departures of {name} are no 24 shares of 0 or more with one above 0"))?;
        }
        if self.modes.is_empty() || !self.modes.iter().any(|m| m.from_age == 0 && m.open_to == 1.0) {
            return Err("there is no mode that is open to everybody (from_age 0, open_to 1)".to_owned());
        }
        for m in &self.modes {
            within(&format!("km_h of '{}'", m.name), m.km_h, 0.1, 1000.0)?;
            share(&format!("open_to of '{}'", m.name), m.open_to)?;
            if !m.constant.is_finite() || !m.per_km.is_finite() {
                return Err(format!("constant or per_km of '{}' is no number", m.name));
            }
        }
        Ok(())
    }

    /// The use that words mean, and what is taken where none of them does.
    pub fn use_of<'w>(&self, words: impl IntoIterator<Item = &'w str>) -> Option<&Use> {
        for word in words {
            let word = word.trim().to_lowercase();
            if let Some(found) = self.uses.iter().find(|u| u.words.contains(&word)) {
                return Some(found);
            }
        }
        None
    }

    /// What holds for buildings of which nothing is known.
    pub fn rest(&self) -> Option<&Use> {
        self.uses.iter().find(|u| u.words.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_given_ones_hold_together() {
        let all = Assumptions::given().unwrap();
        assert_eq!(all.use_of(["yes", "Apartments"]).map(|u| u.name.as_str()), Some("home"));
        assert_eq!(all.rest().map(|u| u.name.as_str()), Some("unknown"));
        assert!(all.use_of(["yes"]).is_none());
    }

    #[test]
    fn faults_are_told() {
        for (old, new, told) in [
            ("storey_m = 3.2", "storey_m = -1", "storey_m is -1"),
            ("storey_m = 3.2", "storey = 3.2", "storey"),
            ("mean_km = 8.0", "mean_km = nan", "mean_km of work"),
            ("sizes = [0.40, 0.33, 0.12, 0.10, 0.05]", "sizes = []", "household sizes"),
            ("second_adult = 0.9", "second_adult = 1.9", "second_adult is 1.9"),
            ("worker = 0.5", "worker = 0.7", "worker + pupil from 18 to 24"),
            ("name = \"walk\"", "name = \"walk\"\nfrom_age = 3", "open to everybody"),
            ("[activities.shop]", "[activities.swim]", "swim"),
            ("does = [\"school\"]", "does = [\"scool\"]", "scool"),
        ] {
            let error = Assumptions::parse(&GIVEN.replacen(old, new, 1)).unwrap_err();
            assert!(error.contains(told), "{told}: {error}");
        }
    }
}
