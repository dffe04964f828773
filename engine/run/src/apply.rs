//! Puts a scenario's edits on its base: what holds for the whole run becomes part of the networks, closures for a part of it go
//! to the simulation, scales to the demand.

use crate::RunError;
use crate::city::Base;
use qike_core::SimTime;
use qike_network::overrides::{self, Networks};
use qike_network::{LaneNetwork, LinkIx, WalkNetwork};
use qike_record::{Event, NOWHERE};
use qike_scene::Scenario;
use qike_scene::edit::{Change, EditBase, EditError, EditValue, Property, Target, check, timeline};
use qike_scene::scenario::nearest;
use qike_sim::Closure;

/// The base as the edits left it.
pub(crate) struct Edited {
    pub(crate) lanes: LaneNetwork,
    pub(crate) walks: WalkNetwork,
    /// Scales of the demands, in their order.
    pub(crate) scales: Vec<f64>,
    pub(crate) closures: Vec<Closure>,
    /// One for each change, for the recording.
    pub(crate) events: Vec<Event>,
}

/// What edits find: the networks, and the scenario's own demand.
struct Found<'a> {
    networks: Networks<'a>,
    scenario: &'a Scenario,
}

impl EditBase for Found<'_> {
    fn value(&self, target: &Target, property: Property) -> Result<EditValue, String> {
        let Target::Demand { name } = target else { return self.networks.value(target, property) };
        let names = self.scenario.demand.iter().map(|d| d.name.as_str());
        self.scenario.demand(name).map(|d| EditValue::Number(d.scale)).ok_or_else(|| {
            let help = nearest(name, names).map_or_else(String::new, |near| format!(" (did you mean '{near}'?)"));
            format!("there is no demand '{name}'{help}")
        })
    }
}

/// Checks all edits against the base and applies them.
pub(crate) fn apply(base: &Base, scenario: &Scenario, file: &str) -> Result<Edited, RunError> {
    let refuse = |errors: Vec<EditError>| RunError::Edits { scenario: file.to_owned(), errors };
    let found = Found { networks: Networks { lanes: &base.lanes, walks: &base.walks }, scenario };
    let errors = check(&scenario.edits, &found);
    if !errors.is_empty() {
        return Err(refuse(errors));
    }
    let mut edited = Edited {
        lanes: base.lanes.clone(),
        walks: base.walks.clone(),
        scales: scenario.demand.iter().map(|d| d.scale).collect(),
        closures: Vec::new(),
        events: Vec::new(),
    };
    let (start, end) = (scenario.time.start, scenario.time.end());
    let changes = timeline(&scenario.edits, start, end);
    let mut errors = Vec::new();
    for (at, change) in changes.iter().enumerate() {
        edited.events.push(event(change));
        let first = !changes[..at].iter().any(|c| c.target == change.target && c.property == change.property);
        if !first {
            continue;
        }
        let steps: Vec<&Change> = changes[at..].iter().filter(|c| c.target == change.target && c.property == change.property).collect();
        if let Err(reason) = put(&mut edited, scenario, &steps, start, end) {
            let number = scenario.edits.iter().position(|e| e.target == change.target && e.property == change.property).unwrap_or(0);
            let edit = scenario.edits.get(number).map(ToString::to_string).unwrap_or_default();
            errors.push(EditError::Unknown { number: number + 1, edit, reason });
        }
    }
    if errors.is_empty() { Ok(edited) } else { Err(refuse(errors)) }
}

/// Applies the values that one property of one target takes, in order of time.
fn put(edited: &mut Edited, scenario: &Scenario, steps: &[&Change], start: SimTime, end: SimTime) -> Result<(), String> {
    let Some(first) = steps.first() else { return Ok(()) };
    if let (Target::Demand { name }, EditValue::Number(scale)) = (&first.target, &first.value) {
        if let Some(number) = scenario.demand.iter().position(|d| d.name == *name) {
            edited.scales[number] = *scale;
        }
        return Ok(());
    }
    if steps.len() == 1 && first.at == start {
        return overrides::apply(&mut edited.lanes, &mut edited.walks, &first.target, first.property, &first.value).map_err(|e| e.to_string());
    }
    let (Property::Closed, Target::Object { id, direction }) = (first.property, &first.target) else {
        return Err("only the closing of roads can be for a part of the run; leave out 'from' and 'until'".into());
    };
    let links = overrides::links_of(&edited.lanes, id.as_str(), *direction)
        .map_err(|_| "only roads can be closed for a part of the run; leave out 'from' and 'until'".to_owned())?;
    if links.iter().any(|link| edited.lanes.lanes_of(*link).iter().any(|lane| lane.closed)) {
        return Err("a road that is closed in the base cannot be opened for a part of the run".into());
    }
    edited.closures.extend(spans(steps, end).flat_map(|(from, to)| links.iter().map(move |link: &LinkIx| Closure { link: *link, from, to })));
    Ok(())
}

/// The spans of time during which the value is `true`.
fn spans<'a>(steps: &'a [&Change], end: SimTime) -> impl Iterator<Item = (SimTime, SimTime)> + 'a {
    let until = move |at: usize| steps.get(at + 1).map_or(end, |next| next.at);
    let closed = |step: &&Change| step.value == EditValue::Flag(true);
    steps.iter().enumerate().filter(move |(_, step)| closed(step)).map(move |(at, step)| (step.at, until(at)))
}

fn event(change: &Change) -> Event {
    let text = format!("{}: {} = {}", change.target, change.property, change.value);
    let value = match &change.value {
        EditValue::Flag(flag) => f64::from(u8::from(*flag)),
        EditValue::Number(number) => *number,
        EditValue::Numbers(_) => f64::NAN,
    };
    Event { time: change.at, kind: "edit".into(), agent: None, link: NOWHERE, value, text }
}
