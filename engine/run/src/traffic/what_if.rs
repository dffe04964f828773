//! What-if: the edits of a scenario file ([`qike_scene::edit`]) on a traffic scenario of another simulator.
//!
//! An `object` is an edge, or a lane where it is a lane's id; a `signal` is a light; a `demand` is a kind of vehicle, a flow, a
//! vehicle, `FROM>TO` (edges, zones or junctions where trips begin and end), or `all`. Edits become what the models know already:
//! closed lanes and the rerouter before them, speed signs, other plans, more or fewer travellers. What blocks a part of a lane is a vehicle
//! that departs there, stands until the lane is free again, and has then arrived: it counts as one, by its id `what-if-blocked-N`.

use crate::RunError;
use qike_core::SimTime;
use qike_scene::Scenario;
use qike_scene::edit::{Change, EditBase, EditValue, Property, Target, check, timeline};
use qike_scene::scenario::{ScenarioError, nearest};
use qike_scene::traffic::{Arrival, DepartLane, DepartPos, DepartSpeed, Interval, Parking, Path, PathRef, Place, Release, Rerouter, RoadUsers, SpeedFactor, SpeedSign, Stop, StopPlace, SwitchRule, TrafficScenario, Travel, TypeRef, VehicleKind};
use std::collections::BTreeMap;

/// Applies a scenario file to its base; `file`: its name in messages.
///
/// # Errors
/// Edits that name what is not there, or expect another value of it than the base has; what a traffic scenario cannot do.
pub fn apply_what_if(base: &mut TrafficScenario, what_if: &Scenario, file: &str) -> Result<(), RunError> {
    let fault = |message: String| RunError::Scenario(ScenarioError::new(file, message));
    for (given, what) in [(!what_if.demand.is_empty(), "[[demand]]"), (!what_if.zones.is_empty(), "[zones]"), (what_if.models.walkers.is_some(), "[models.walkers]"), (what_if.models.vehicles.is_some(), "[models.vehicles]")] {
        if given {
            return Err(fault(format!("{what} is for cities: a scenario of SUMO has its own; change it by [[edits]]")));
        }
    }
    let errors = check(&what_if.edits, &Base(base));
    if !errors.is_empty() {
        return Err(fault(errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")));
    }
    if let Some(time) = &what_if.time_given() {
        base.settings.begin_ms = time.start.ms();
        base.settings.end_ms = Some(time.end().ms());
    }
    if let Some(rerouting) = &what_if.models.rerouting {
        let period = rerouting.period.unwrap_or(60.0) * 1000.0;
        base.settings.rerouting = Some((rerouting.share.unwrap_or(1.0), period.min(1e12) as i64));
    }
    let start = SimTime(base.settings.begin_ms);
    let end = SimTime(base.settings.end_ms.unwrap_or(i64::MAX));
    let mut closures: BTreeMap<Vec<u32>, Vec<(i64, i64)>> = BTreeMap::new();
    let mut blocked: Vec<(u32, i64, Option<i64>, [f64; 2])> = Vec::new();
    for change in timeline(&what_if.edits, start, end) {
        if let (Property::BlockedM, Target::Object { id, .. }) = (change.property, &change.target) {
            let lane = lane_of(base, id.as_str()).map_err(fault)?;
            if let Some(last) = blocked.iter_mut().rev().find(|b| b.0 == lane && b.2.is_none()) {
                last.2 = Some(change.at.ms());
            }
            if let EditValue::Numbers(at) = &change.value
                && let [from, to] = at[..]
            {
                blocked.push((lane, change.at.ms(), None, [from, to]));
            }
            continue;
        }
        one(base, &change, start, &mut closures).map_err(fault)?;
    }
    for (lanes, windows) in closures {
        close(base, &lanes, &windows);
    }
    for (lane, begin, until, place) in blocked {
        block(base, lane, begin, until, place).map_err(fault)?;
    }
    base.name = what_if.name.clone();
    Ok(())
}

/// The lane that an id names.
fn lane_of(base: &TrafficScenario, id: &str) -> Result<u32, String> {
    match lanes_of(base, id).as_deref() {
        Some(&[lane]) => Ok(lane),
        Some(lanes) => {
            let ids: Vec<&str> = lanes.iter().filter_map(|l| base.map.lanes.get(*l as usize)).map(|l| l.id.as_str()).collect();
            Err(format!("'{id}' is an edge of {} lanes: say which of them is blocked ({})", lanes.len(), ids.join(", ")))
        }
        None => Err(format!("the network has no lane '{id}'")),
    }
}

/// Something stands on a part of a lane from a time until another.
fn block(base: &mut TrafficScenario, lane: u32, begin: i64, until: Option<i64>, [from_m, to_m]: [f64; 2]) -> Result<(), String> {
    let number = base.demand.vehicles.iter().filter(|(id, ..)| id.starts_with("what-if-blocked-")).count();
    let Some(about) = base.map.lanes.get(lane as usize) else { return Ok(()) };
    if to_m > about.length_m {
        return Err(format!("the lane '{}' is {:.2} m long: it cannot be blocked up to {to_m} m", about.id, about.length_m));
    }
    let Some(until) = until.or(base.settings.end_ms) else {
        return Err(format!("say with 'until' when the lane '{}' is free again: the scenario has no end", about.id));
    };
    let Some(kind) = base.demand.kinds.iter().find(|k| about.allowed.contains(k.user)).or(base.demand.kinds.first()) else { return Ok(()) };
    let id = format!("what-if-blocked-{number}");
    let kind = VehicleKind { id: id.clone(), length_m: to_m - from_m, gap_m: 0.1, speed_factor: SpeedFactor { mean: 1.0, deviation: 0.0, min: 1.0, max: 1.0 }, ..kind.clone() };
    let stop = Stop { place: StopPlace::Lane { lane, from_m, to_m }, duration_ms: Some(0), until_ms: Some(until), parking: Parking::OnRoad, triggered: false, speed_mps: None };
    let travel = Travel {
        kind: TypeRef::Kind(base.demand.kinds.len() as u32),
        path: PathRef::Path(base.demand.paths.len() as u32),
        lane: DepartLane::Lane(about.index),
        at: DepartPos::At(to_m),
        speed: DepartSpeed::At(0.0),
        arrival: Arrival { at_m: Some(to_m), ..Arrival::default() },
        stops: vec![stop],
        line: None,
        speed_factor: Some(1.0),
    };
    base.demand.paths.push(Path { edges: vec![about.edge], ..Path::default() });
    base.demand.kinds.push(kind);
    base.demand.vehicles.push((id, Release::At(begin), travel));
    Ok(())
}

/// Lanes of an edge, or the lane itself.
fn lanes_of(base: &TrafficScenario, id: &str) -> Option<Vec<u32>> {
    let map = &base.map;
    match map.edges.iter().find(|e| e.id == id) {
        Some(edge) => Some(edge.lanes.clone().collect()),
        None => map.lanes.iter().position(|l| l.id == id).map(|n| vec![n as u32]),
    }
}

/// The plan of a light that runs.
fn plan_of(base: &TrafficScenario, id: &str) -> Option<usize> {
    base.map.plans.iter().rposition(|p| p.light == id && !p.phases.is_empty())
}

/// Whether a demand's name means a travel.
fn meant(base: &TrafficScenario, name: &str, id: &str, travel: &Travel) -> bool {
    let demand = &base.demand;
    let kind = |at: u32| demand.kinds.get(at as usize).is_some_and(|k| k.id == name);
    let by_kind = match travel.kind {
        TypeRef::Kind(at) => kind(at),
        TypeRef::Choice(at) => demand.kind_choices.get(at as usize).is_some_and(|c| c.id == name),
    };
    name == "all" || name == id || by_kind || name.split_once('>').is_some_and(|(from, to)| goes(base, travel, from, to))
}

/// Whether a travel goes from one place to another.
fn goes(base: &TrafficScenario, travel: &Travel, from: &str, to: &str) -> bool {
    let edge = |at: u32| base.map.edges.get(at as usize).map_or("", |e| &e.id);
    let place = |place: &Place| match place {
        Place::Edge(at) => edge(*at),
        Place::Junction(at) => base.map.junctions.get(*at as usize).map_or("", |j| &j.id),
        Place::Zone(at) => base.extras.zones.get(*at as usize).map_or("", |z| &z.id),
    };
    match &travel.path {
        PathRef::Find { from: a, to: b, .. } => place(a) == from && place(b) == to,
        PathRef::Path(at) => base.demand.paths.get(*at as usize).is_some_and(|p| p.edges.first().is_some_and(|e| edge(*e) == from) && p.edges.last().is_some_and(|e| edge(*e) == to)),
        PathRef::Choice(_) => false,
    }
}

/// What the unedited base says.
struct Base<'a>(&'a TrafficScenario);

impl EditBase for Base<'_> {
    fn value(&self, target: &Target, property: Property) -> Result<EditValue, String> {
        let base = self.0;
        let near = |id: &str, mut all: Box<dyn Iterator<Item = &str> + '_>| nearest(id, &mut all).map_or(String::new(), |n| format!("; did you mean '{n}'?"));
        match target {
            Target::Object { id, direction: None } => {
                let ids = || Box::new(base.map.edges.iter().map(|e| e.id.as_str()).chain(base.map.lanes.iter().map(|l| l.id.as_str())));
                let lanes = lanes_of(base, id.as_str()).ok_or_else(|| format!("the network has no edge or lane '{id}'{}", near(id.as_str(), ids())))?;
                if property == Property::BlockedM {
                    lane_of(base, id.as_str())?;
                }
                Ok(match property {
                    Property::Closed | Property::BlockedM => EditValue::Flag(false),
                    _ => EditValue::Number(lanes.iter().filter_map(|l| base.map.lanes.get(*l as usize)).map(|l| l.speed_mps).fold(0.0, f64::max)),
                })
            }
            Target::Object { direction: Some(_), .. } | Target::Lane { .. } => Err("edges of SUMO have one direction, and lanes have ids of their own: name the lane's id as 'object', without 'direction' and 'lane'".into()),
            Target::Demand { name } => {
                let travels = base.demand.vehicles.iter().map(|v| (v.0.as_str(), &v.2)).chain(base.demand.flows.iter().map(|f| (f.id.as_str(), &f.travel)));
                if travels.into_iter().any(|(id, travel)| meant(base, name, id, travel)) {
                    return Ok(EditValue::Number(1.0));
                }
                let names = base.demand.kinds.iter().map(|k| k.id.as_str()).chain(base.demand.flows.iter().map(|f| f.id.as_str()));
                Err(format!("nobody travels as '{name}' (a kind of vehicle, a flow, a vehicle, FROM>TO, or all){}", near(name, Box::new(names))))
            }
            Target::Signal { id } => {
                let lights = base.map.lights.iter().map(String::as_str);
                let plan = plan_of(base, id.as_str()).and_then(|n| base.map.plans.get(n)).ok_or_else(|| format!("the network has no signal '{id}' with a plan{}", near(id.as_str(), Box::new(lights))))?;
                Ok(match property {
                    Property::OffsetS => EditValue::Number(plan.offset_ms as f64 / 1000.0),
                    _ => EditValue::Numbers(plan.phases.iter().map(|p| p.duration_ms as f64 / 1000.0).collect()),
                })
            }
        }
    }
}

/// Makes one change.
fn one(base: &mut TrafficScenario, change: &Change, start: SimTime, closures: &mut BTreeMap<Vec<u32>, Vec<(i64, i64)>>) -> Result<(), String> {
    let at = change.at.ms();
    match (&change.target, &change.value) {
        (Target::Object { id, .. }, EditValue::Flag(closed)) => {
            let windows = closures.entry(lanes_of(base, id.as_str()).unwrap_or_default()).or_default();
            match (closed, windows.last_mut()) {
                (true, _) => windows.push((at, i64::MAX)),
                (false, Some(last)) => last.1 = at,
                (false, None) => {}
            }
        }
        (Target::Object { id, .. }, EditValue::Number(speed)) => {
            let lanes = lanes_of(base, id.as_str()).unwrap_or_default();
            if change.at == start {
                // From the beginning on: drivers know it when they choose their ways.
                lanes.iter().for_each(|l| base.map.lanes[*l as usize].speed_mps = *speed);
            } else {
                let id = format!("what-if-{}", base.extras.signs.len());
                base.extras.signs.push(SpeedSign { id, lanes, steps: vec![(at, Some(*speed))] });
            }
        }
        (Target::Signal { id }, value) => {
            if change.at != start {
                return Err(format!("signal {id}: plans change for the whole run only; leave 'from' and 'until' out"));
            }
            let Some(plan) = plan_of(base, id.as_str()).and_then(|n| base.map.plans.get_mut(n)) else { return Ok(()) };
            let ms = |s: f64| (s * 1000.0).round().clamp(0.0, 1e12) as i64;
            match value {
                EditValue::Number(offset) => plan.offset_ms = ms(*offset),
                EditValue::Numbers(durations) => {
                    for (phase, seconds) in plan.phases.iter_mut().zip(durations) {
                        (phase.duration_ms, phase.bounds_ms) = (ms(*seconds).max(1), None);
                    }
                    // Stated durations are kept to.
                    plan.rule = SwitchRule::Static;
                }
                EditValue::Flag(_) => {}
            }
        }
        (Target::Demand { name }, EditValue::Number(factor)) => {
            let whose = |base: &TrafficScenario| base.demand.vehicles.iter().map(|v| (&v.0, &v.2)).chain(base.demand.flows.iter().map(|f| (&f.id, &f.travel))).filter(|(id, travel)| meant(base, name, id, travel)).map(|(id, _)| id.clone()).collect::<std::collections::BTreeSet<_>>();
            let ids = whose(base);
            base.demand.scale(*factor, &|id, _| ids.contains(id));
        }
        _ => {}
    }
    Ok(())
}

/// Closes lanes; where that is a whole edge, those who come to the edges before it are sent another way.
fn close(base: &mut TrafficScenario, lanes: &[u32], windows: &[(i64, i64)]) {
    let Some(edge) = lanes.first().and_then(|l| base.map.lanes.get(*l as usize)).map(|l| l.edge) else { return };
    let whole = base.map.edges.get(edge as usize).is_some_and(|e| e.lanes.len() == lanes.len());
    let mut before: Vec<u32> = base.map.connections.iter().filter(|c| lanes.contains(&c.to)).filter_map(|c| base.map.lanes.get(c.from as usize)).map(|l| l.edge).filter(|e| base.map.edges.get(*e as usize).is_some_and(|e| e.from.is_some())).collect();
    before.sort_unstable();
    before.dedup();
    let interval = |&(begin_ms, end_ms): &(i64, i64)| Interval {
        begin_ms,
        end_ms,
        closed_edges: if whole { vec![(edge, RoadUsers::NONE)] } else { Vec::new() },
        closed_lanes: lanes.iter().map(|l| (*l, RoadUsers::NONE)).collect(),
        ..Interval::default()
    };
    let id = format!("what-if-{}", base.extras.rerouters.len());
    base.extras.rerouters.push(Rerouter { id, edges: before, probability: 1.0, intervals: windows.iter().map(interval).collect() });
}
