//! Ids and places: where things of a scenario under way are, and adding new ones.

use super::super::kinds;
use super::super::names::hash;
use super::super::values::words;
use super::super::xml::shown;
use super::Loading;
use qike_scene::traffic::{Choice, MapEdge, MapJunction, MapLane, Path, PathRef, RoadUsers, TypeRef, VehicleKind};

impl Loading<'_> {
    /// An edge's place.
    pub fn edge(&self, id: &str) -> Option<u32> {
        let edges = &self.scenario.map.edges;
        self.edges.get(id, |at| edges.get(at as usize).map_or("", |e| &e.id))
    }

    /// A lane's place.
    pub fn lane(&self, id: &str) -> Option<u32> {
        let lanes = &self.scenario.map.lanes;
        self.lanes.get(id, |at| lanes.get(at as usize).map_or("", |l| &l.id))
    }

    /// A junction's place.
    pub fn junction(&self, id: &str) -> Option<u32> {
        let junctions = &self.scenario.map.junctions;
        self.junctions.get(id, |at| junctions.get(at as usize).map_or("", |j| &j.id))
    }

    /// A zone's place.
    pub fn zone(&self, id: &str) -> Option<u32> {
        let zones = &self.scenario.extras.zones;
        self.zones.get(id, |at| zones.get(at as usize).map_or("", |z| &z.id))
    }

    /// A light's place, where the network has it.
    pub fn known_light(&self, id: &str) -> Option<u32> {
        let lights = &self.scenario.map.lights;
        self.lights.get(id, |at| lights.get(at as usize).map_or("", |l| l))
    }

    /// A light's place: it is made where it is new.
    pub fn light(&mut self, id: &str) -> Option<u32> {
        let lights = &mut self.scenario.map.lights;
        let place = u32::try_from(lights.len()).ok()?;
        match self.lights.insert(id, place, |at| lights.get(at as usize).map_or("", |l| l)) {
            Some(there) => Some(there),
            None => {
                lights.push(id.to_owned());
                Some(place)
            }
        }
    }

    /// A type's place; those that are there without being stated are made when they are asked for.
    pub fn kind(&mut self, id: &str) -> Option<u32> {
        let all = &self.scenario.demand.kinds;
        if let Some(at) = self.kinds.get(id, |at| all.get(at as usize).map_or("", |k| &k.id)) {
            return Some(at);
        }
        let kind = kinds::given(self, id)?;
        self.add_kind(kind, 1.0, 0)
    }

    /// A type or a choice of types.
    pub fn kind_or_choice(&mut self, id: &str) -> Option<TypeRef> {
        let choices = &self.scenario.demand.kind_choices;
        if let Some(at) = self.kind_choices.get(id, |at| choices.get(at as usize).map_or("", |k| &k.id)) {
            return Some(TypeRef::Choice(at));
        }
        self.kind(id).map(TypeRef::Kind)
    }

    /// A path or a choice of paths.
    pub fn path_or_choice(&self, id: &str) -> Option<PathRef> {
        let demand = &self.scenario.demand;
        let path = self.paths.get(id, |at| demand.paths.get(at as usize).map_or("", |p| &p.id)).map(PathRef::Path);
        path.or_else(|| self.path_choices.get(id, |at| demand.path_choices.get(at as usize).map_or("", |p| &p.id)).map(PathRef::Choice))
    }

    /// A type's weight in choices that state none.
    pub fn weight(&self, kind: u32) -> f64 {
        self.weights.get(kind as usize).copied().unwrap_or(1.0)
    }

    /// Who drives a type: all of them, of a choice.
    pub fn users(&self, kind: TypeRef) -> RoadUsers {
        let demand = &self.scenario.demand;
        let user = |at: u32| demand.kinds.get(at as usize).map_or(RoadUsers::NONE, |k| k.user);
        match kind {
            TypeRef::Kind(at) => user(at),
            TypeRef::Choice(at) => demand.kind_choices.get(at as usize).map_or(RoadUsers::NONE, |c| c.members.iter().fold(RoadUsers::NONE, |set, (at, _)| set.union(user(*at)))),
        }
    }

    fn duplicate(&mut self, what: &str, id: &str, line: u64) {
        self.log.add(qike_core::Severity::Error, "duplicate-id", what, line, || format!("there is a {what} '{}' already; this one is left out", shown(id)));
    }

    /// Adds an edge, whose id is new.
    pub fn add_edge(&mut self, edge: MapEdge) {
        let edges = &mut self.scenario.map.edges;
        let Ok(place) = u32::try_from(edges.len()) else { return };
        if self.edges.insert(&edge.id, place, |at| edges.get(at as usize).map_or("", |e| &e.id)).is_none() {
            edges.push(edge);
        }
    }

    /// Adds a lane; false where its id is taken.
    pub fn add_lane(&mut self, lane: MapLane, line: u64) -> bool {
        let lanes = &mut self.scenario.map.lanes;
        let Ok(place) = u32::try_from(lanes.len()) else { return false };
        if self.lanes.insert(&lane.id, place, |at| lanes.get(at as usize).map_or("", |l| &l.id)).is_some() {
            self.duplicate("lane", &lane.id, line);
            return false;
        }
        lanes.push(lane);
        true
    }

    /// Adds a junction; its place, where its id is new.
    pub fn add_junction(&mut self, junction: MapJunction, line: u64) -> Option<usize> {
        let junctions = &mut self.scenario.map.junctions;
        let place = junctions.len();
        if self.junctions.insert(&junction.id, u32::try_from(place).ok()?, |at| junctions.get(at as usize).map_or("", |j| &j.id)).is_some() {
            self.duplicate("junction", &junction.id, line);
            return None;
        }
        junctions.push(junction);
        Some(place)
    }

    /// Adds a type; its place, where its id is new.
    pub fn add_kind(&mut self, kind: VehicleKind, weight: f64, line: u64) -> Option<u32> {
        let kinds = &mut self.scenario.demand.kinds;
        let place = u32::try_from(kinds.len()).ok()?;
        if self.kinds.insert(&kind.id, place, |at| kinds.get(at as usize).map_or("", |k| &k.id)).is_some() {
            self.duplicate("vehicle type", &kind.id, line);
            return None;
        }
        kinds.push(kind);
        self.weights.push(weight);
        Some(place)
    }

    /// Adds a choice of types.
    pub fn add_kind_choice(&mut self, choice: Choice, line: u64) {
        let choices = &mut self.scenario.demand.kind_choices;
        let Ok(place) = u32::try_from(choices.len()) else { return };
        if self.kind_choices.insert(&choice.id, place, |at| choices.get(at as usize).map_or("", |k| &k.id)).is_some() {
            return self.duplicate("choice of types", &choice.id, line);
        }
        choices.push(choice);
    }

    /// Adds a path that `users` may drive; its place, where its id is new or it has none.
    pub fn add_path(&mut self, path: Path, users: RoadUsers, line: u64) -> Option<u32> {
        let paths = &mut self.scenario.demand.paths;
        let place = u32::try_from(paths.len()).ok()?;
        if !path.id.is_empty() && self.paths.insert(&path.id, place, |at| paths.get(at as usize).map_or("", |p| &p.id)).is_some() {
            self.duplicate("route", &path.id, line);
            return None;
        }
        paths.push(path);
        self.path_users.resize(place as usize, RoadUsers::ALL);
        self.path_users.push(users);
        Some(place)
    }

    /// Adds a choice of paths; its place.
    pub fn add_path_choice(&mut self, choice: Choice, line: u64) -> Option<u32> {
        let choices = &mut self.scenario.demand.path_choices;
        let place = u32::try_from(choices.len()).ok()?;
        if !choice.id.is_empty() && self.path_choices.insert(&choice.id, place, |at| choices.get(at as usize).map_or("", |k| &k.id)).is_some() {
            self.duplicate("choice of routes", &choice.id, line);
            return None;
        }
        choices.push(choice);
        Some(place)
    }

    /// Whether a vehicle's id is new; it is taken by the next one that is added.
    pub fn take_vehicle_id(&mut self, id: &str, line: u64) -> bool {
        let all = &self.scenario.demand.vehicles;
        let Ok(place) = u32::try_from(all.len()) else { return false };
        let there = self.vehicles.insert(id, place, |at| all.get(at as usize).map_or("", |v| &v.0));
        if there.is_some() {
            self.duplicate("vehicle", id, line);
        }
        there.is_none()
    }

    /// As [`Loading::take_vehicle_id`], for flows.
    pub fn take_flow_id(&mut self, id: &str, line: u64) -> bool {
        let all = &self.scenario.demand.flows;
        let Ok(place) = u32::try_from(all.len()) else { return false };
        let there = self.flows.insert(id, place, |at| all.get(at as usize).map_or("", |f| &f.id));
        if there.is_some() {
            self.duplicate("flow", id, line);
        }
        there.is_none()
    }

    /// Adds a zone.
    pub fn add_zone(&mut self, zone: qike_scene::traffic::Zone, line: u64) {
        let zones = &mut self.scenario.extras.zones;
        let Ok(place) = u32::try_from(zones.len()) else { return };
        if self.zones.insert(&zone.id, place, |at| zones.get(at as usize).map_or("", |z| &z.id)).is_some() {
            return self.duplicate("zone", &zone.id, line);
        }
        zones.push(zone);
    }

    /// The path without an id of that text, where there is one already.
    pub fn same_text(&self, text: &str) -> Option<u32> {
        let &at = self.by_text.get(&hash(text))?;
        let path = self.scenario.demand.paths.get(at as usize)?;
        let name = |edge: &u32| self.scenario.map.edges.get(*edge as usize).map(|e| e.id.as_str());
        let mut words = words(text);
        (path.edges.iter().all(|edge| words.next() == name(edge)) && words.next().is_none()).then_some(at)
    }
}
