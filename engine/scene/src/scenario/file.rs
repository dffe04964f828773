//! A scenario as it stands in its file, and how files that extend each other become one [`Scenario`].

use super::{Base, Demand, Models, Output, Scenario, ScenarioError, Time, Title, VERSION, nearest};
use crate::edit::Target;
use crate::{Edit, ObjectId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One file. What a file that extends another leaves out comes from the other.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScenarioFile {
    /// Version of the format.
    pub version: u32,
    /// Short name.
    pub name: String,
    /// What people call it.
    #[serde(default)]
    pub title: Title,
    /// The file this one builds on, relative to it and inside its folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extends: Option<String>,
    /// One seed; excludes `seeds`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    /// Several seeds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seeds: Option<Vec<u64>>,
    /// The city.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<Base>,
    /// When.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<Time>,
    /// Named sets of objects.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub zones: BTreeMap<String, Vec<ObjectId>>,
    /// Parameters of the models.
    #[serde(default)]
    pub models: Models,
    /// What is recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<Output>,
    /// Who travels.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub demand: Vec<Demand>,
    /// What is changed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub edits: Vec<Edit>,
    /// The file's name, for messages.
    #[serde(skip)]
    pub file: String,
}

impl ScenarioFile {
    /// Reads one file's text; `file` is its name in messages.
    ///
    /// # Errors
    /// With line and column: no TOML, an unknown or missing key, a value out of its range.
    pub fn parse(text: &str, file: &str) -> Result<Self, ScenarioError> {
        // The version comes first: a newer file is full of keys that are not known here.
        #[derive(Deserialize)]
        struct Head {
            version: Option<toml::Value>,
        }
        let fault = |e: &toml::de::Error| ScenarioError::from_toml(file, text, e);
        let head: Head = toml::from_str(text).map_err(|e| fault(&e))?;
        match head.version.as_ref().and_then(toml::Value::as_integer) {
            Some(version) if version == i64::from(VERSION) => {}
            Some(version) => {
                let message = format!("the file's version is {version}; this program reads version {VERSION}");
                return Err(ScenarioError::new(file, message));
            }
            None => return Err(ScenarioError::new(file, format!("a scenario begins with 'version = {VERSION}'"))),
        }
        let mut read: ScenarioFile = toml::from_str(text).map_err(|e| fault(&e))?;
        read.file = file.to_owned();
        Ok(read)
    }

    /// The file's text.
    pub fn to_toml(&self) -> String {
        toml::to_string(self).unwrap_or_else(|e| unreachable!("every value of a scenario has a form in TOML: {e}"))
    }

    /// Completes the file by the scenario it extends (`None` for a file that extends none), and checks what only the whole
    /// can tell: unique names, edits of demands that are there.
    ///
    /// # Errors
    /// What is missing or contradicts.
    pub fn resolve(self, extended: Option<Scenario>) -> Result<Scenario, ScenarioError> {
        let file = self.file.clone();
        let fault = |message: String| ScenarioError::new(&file, message);
        let missing = |what: &str| fault(format!("{what} is missing"));
        if self.extends.is_some() != extended.is_some() {
            return Err(fault("the file it extends was not loaded".into()));
        }
        if self.name.is_empty() || !self.name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-') {
            return Err(fault(format!("the name '{}' may hold only a-z, 0-9 and '-'", self.name)));
        }
        let seeds = match (self.seed, self.seeds) {
            (Some(_), Some(_)) => return Err(fault("give either 'seed' or 'seeds'".into())),
            (Some(seed), None) => Some(vec![seed]),
            (None, seeds) => seeds,
        };
        if let Some(seeds) = &seeds {
            let mut sorted = seeds.clone();
            sorted.sort_unstable();
            sorted.dedup();
            if seeds.is_empty() || sorted.len() != seeds.len() {
                return Err(fault("'seeds' must hold at least one seed, and none twice".into()));
            }
            // TOML's integers are signed.
            if let Some(seed) = seeds.iter().find(|s| **s > i64::MAX as u64) {
                return Err(fault(format!("the seed {seed} is too large")));
            }
        }
        unique(self.demand.iter().map(|d| d.name.as_str())).map_err(|n| fault(format!("two demands are named '{n}'")))?;
        let traffic = self.base.as_ref().is_some_and(Base::is_traffic);
        if self.base.as_ref().is_some_and(|base| base.state.is_some()) && !traffic {
            return Err(fault("[base] state: only runs of a scenario of SUMO ('store' is an X.sumocfg) have checkpoints".into()));
        }
        let mut scenario = match extended {
            Some(other) => other,
            None => Scenario {
                name: String::new(),
                title: Title::default(),
                seeds: if traffic { Vec::new() } else { vec![1] },
                base: self.base.clone().ok_or_else(|| missing("[base] with 'store'"))?,
                time: match &self.time {
                    Some(time) => time.clone(),
                    None if traffic => Time::OF_BASE,
                    None => return Err(missing("[time] with 'start' and 'duration'")),
                },
                zones: BTreeMap::new(),
                demand: Vec::new(),
                models: Models::default(),
                edits: Vec::new(),
                output: Output::default(),
            },
        };
        scenario.name = self.name;
        scenario.title = self.title;
        scenario.seeds = seeds.unwrap_or(scenario.seeds);
        scenario.base = self.base.unwrap_or(scenario.base);
        scenario.time = self.time.unwrap_or(scenario.time);
        scenario.zones.extend(self.zones);
        for demand in self.demand {
            match scenario.demand.iter_mut().find(|d| d.name == demand.name) {
                Some(old) => *old = demand,
                None => scenario.demand.push(demand),
            }
        }
        scenario.models.vehicles = self.models.vehicles.or(scenario.models.vehicles);
        scenario.models.walkers = self.models.walkers.or(scenario.models.walkers);
        scenario.models.hybrid = self.models.hybrid.or(scenario.models.hybrid);
        scenario.models.rerouting = self.models.rerouting.or(scenario.models.rerouting);
        scenario.output = self.output.unwrap_or(scenario.output);
        scenario.edits.extend(self.edits);
        for edit in &scenario.edits {
            if let Target::Demand { name } = &edit.target
                && !scenario.base.is_traffic()
                && scenario.demand(name).is_none()
            {
                let help = nearest(name, scenario.demand.iter().map(|d| d.name.as_str()));
                let mut error = fault(format!("an edit names the demand '{name}', which is not there"));
                error.help = help.map(|near| format!("did you mean '{near}'?"));
                return Err(error);
            }
        }
        Ok(scenario)
    }
}

impl From<Scenario> for ScenarioFile {
    fn from(scenario: Scenario) -> Self {
        let Scenario { name, title, seeds, base, time, zones, demand, models, edits, output } = scenario;
        ScenarioFile {
            version: VERSION,
            name,
            title,
            extends: None,
            seed: None,
            seeds: Some(seeds),
            base: Some(base),
            time: Some(time),
            zones,
            models,
            output: Some(output),
            demand,
            edits,
            file: String::new(),
        }
    }
}

fn unique<'a>(names: impl Iterator<Item = &'a str>) -> Result<(), String> {
    let mut seen = std::collections::BTreeSet::new();
    for name in names {
        if !seen.insert(name) {
            return Err(name.to_owned());
        }
    }
    Ok(())
}

/// Checks that a path named in a file stays inside the file's folder: relative, and never upwards.
///
/// # Errors
/// What is wrong with the path.
pub fn confined(path: &str) -> Result<(), String> {
    use std::path::{Component, Path};
    let inside = Path::new(path).components().all(|c| matches!(c, Component::Normal(_) | Component::CurDir));
    if path.is_empty() || !inside || path.contains('\\') || path.contains(':') {
        return Err(format!("the path '{path}' must be relative and stay inside the scenario's folder"));
    }
    Ok(())
}
