//! Routes: edges that must lead on from one to the next, and choices between routes.

use super::loading::Loading;
use super::names::hash;
use super::stops;
use super::values::{number, time, words};
use super::xml::{Broken, Tag, Xml, shown};
use qike_scene::traffic::{Choice, Path, PathRef, RoadMap, RoadUsers, Stop};

/// Edges of one route.
const MOST_EDGES: usize = 1 << 22;

/// Where each edge leads, and who may go there.
pub struct Ways {
    starts: Vec<u32>,
    to: Vec<(u32, RoadUsers)>,
}

impl Ways {
    /// Of a map.
    pub fn of(map: &RoadMap) -> Self {
        let lane = |at: u32| map.lanes.get(at as usize);
        let mut all: Vec<(u32, u32, RoadUsers)> = map
            .connections
            .iter()
            .filter_map(|link| {
                let (from, to) = (lane(link.from)?, lane(link.to)?);
                let via = link.via.and_then(lane).map_or(RoadUsers::ALL, |l| l.allowed);
                Some((from.edge, to.edge, RoadUsers(from.allowed.0 & to.allowed.0 & via.0)))
            })
            .collect();
        all.sort_by_key(|(from, to, _)| (*from, *to));
        let mut starts = Vec::with_capacity(map.edges.len() + 1);
        let mut to: Vec<(u32, RoadUsers)> = Vec::with_capacity(all.len());
        let mut before = None;
        for (edge, next, users) in all {
            while starts.len() <= edge as usize {
                starts.push(u32::try_from(to.len()).unwrap_or(u32::MAX));
            }
            match to.last_mut() {
                Some((_, there)) if before == Some((edge, next)) => *there = there.union(users),
                _ => to.push((next, users)),
            }
            before = Some((edge, next));
        }
        starts.resize(map.edges.len() + 1, u32::try_from(to.len()).unwrap_or(u32::MAX));
        Self { starts, to }
    }

    /// Who may go from one edge to the next.
    pub fn users(&self, from: u32, to: u32) -> RoadUsers {
        let at = |edge: usize| self.starts.get(edge).map_or(0, |s| *s as usize);
        let ways = self.to.get(at(from as usize)..at(from as usize + 1)).unwrap_or_default();
        ways.iter().find(|(edge, _)| *edge == to).map_or(RoadUsers::NONE, |(_, users)| *users)
    }
}

/// A route under way.
pub struct Begun {
    path: Path,
    users: RoadUsers,
    /// The hash of its text, where others may use it.
    shared: Option<u64>,
    /// One that is there already.
    there: Option<u32>,
    repeat: usize,
    cycle_ms: Option<i64>,
    weight: f64,
    line: u64,
    faulty: bool,
}

/// Who may drive a whole path.
fn path_users(loading: &mut Loading<'_>, edges: &[u32]) -> RoadUsers {
    let map = &loading.scenario.map;
    let ways = loading.ways.get_or_insert_with(|| Ways::of(map));
    let first = edges.first().and_then(|e| map.edges.get(*e as usize)).map_or(RoadUsers::NONE, |edge| {
        map.lanes.get(edge.lanes.start as usize..edge.lanes.end as usize).unwrap_or_default().iter().fold(RoadUsers::NONE, |set, lane| set.union(lane.allowed))
    });
    edges.windows(2).fold(first, |set, pair| match pair {
        [a, b] => RoadUsers(set.0 & ways.users(*a, *b).0),
        _ => set,
    })
}

/// Says where a path is not connected for `users`.
pub fn gap(loading: &mut Loading<'_>, path: u32, users: RoadUsers) -> String {
    let map = &loading.scenario.map;
    let ways = loading.ways.get_or_insert_with(|| Ways::of(map));
    let edges = loading.scenario.demand.paths.get(path as usize).map_or(&[][..], |p| &p.edges);
    let name = |edge: u32| map.edges.get(edge as usize).map_or("", |e| e.id.as_str());
    let who = || users.names().collect::<Vec<_>>().join(", ");
    for pair in edges.windows(2) {
        if let [a, b] = pair
            && !ways.users(*a, *b).meets(users)
        {
            let any = if ways.users(*a, *b).is_empty() { "no connection".to_owned() } else { format!("no connection for {}", who()) };
            return format!("{any} from edge '{}' to edge '{}'", shown(name(*a)), shown(name(*b)));
        }
    }
    format!("edge '{}' may not be used by {}", shown(edges.first().map_or("", |e| name(*e))), who())
}

/// A route from its opening tag.
pub fn begin(loading: &mut Loading<'_>, tag: &Tag<'_>) -> Begun {
    let line = tag.line();
    let mut begun = Begun { path: Path::default(), users: RoadUsers::ALL, shared: None, there: None, repeat: 0, cycle_ms: None, weight: 1.0, line, faulty: false };
    let mut text = None;
    for (key, value) in tag.attributes() {
        match key {
            b"edges" => text = Some(value),
            b"id" => begun.path.id = value.into_owned(),
            b"probability" => match number(&value).filter(|p| *p >= 0.0) {
                Some(weight) => begun.weight = weight,
                None => {
                    loading.log.error("bad-number", line, || format!("the probability of a route is '{}', not a number of 0 or more; it is taken as 1", shown(&value)));
                }
            },
            b"repeat" => begun.repeat = value.trim().parse().unwrap_or(0),
            b"cycleTime" => begun.cycle_ms = time(&value),
            _ => {}
        }
    }
    if let Some(other) = tag.get(b"refId") {
        match loading.path_or_choice(&other) {
            Some(PathRef::Path(at)) => begun.there = Some(at),
            _ => {
                loading.log.error("unknown-route", line, || format!("a route refers to the route '{}', which is not there", shown(&other)));
                begun.faulty = true;
            }
        }
        return begun;
    }
    let Some(text) = text else {
        loading.log.error("route-empty", line, || format!("the route '{}' has no edges", shown(&begun.path.id)));
        begun.faulty = true;
        return begun;
    };
    if begun.path.id.is_empty() && begun.repeat == 0 {
        begun.there = loading.same_text(&text);
        if begun.there.is_some() {
            return begun;
        }
        begun.shared = Some(hash(&text));
    }
    for id in words(&text) {
        match loading.edge(id) {
            Some(edge) if begun.path.edges.len() < MOST_EDGES => begun.path.edges.push(edge),
            Some(_) => break,
            None => {
                loading.log.error("unknown-edge", line, || format!("a route leads over the edge '{}', which the network does not have; who drives it is left out", shown(id)));
                begun.faulty = true;
                return begun;
            }
        }
    }
    if begun.path.edges.is_empty() {
        loading.log.error("route-empty", line, || format!("the route '{}' has no edges", shown(&begun.path.id)));
        begun.faulty = true;
    }
    begun
}

/// Reads its stops, and adds it: its place and weight. One that nothing refers to by id may be shared by vehicles.
pub fn read(loading: &mut Loading<'_>, xml: &mut Xml, mut begun: Begun, named: bool) -> Result<Option<(u32, f64)>, Broken> {
    let level = xml.depth();
    let mut own: Vec<Stop> = Vec::new();
    while let Some(tag) = xml.child(level)? {
        if tag.name == b"stop"
            && let Some(stop) = stops::stop(loading, &tag, RoadUsers::ALL)
        {
            own.push(stop);
        }
    }
    if begun.faulty {
        return Ok(None);
    }
    if let Some(there) = begun.there {
        if own.is_empty() {
            return Ok(Some((there, begun.weight)));
        }
        begun.path.edges = loading.scenario.demand.paths.get(there as usize).map(|p| p.edges.clone()).unwrap_or_default();
    }
    if named && begun.path.id.is_empty() {
        loading.log.error("id-missing", begun.line, || "a route without an id is left out".to_owned());
        return Ok(None);
    }
    begun.path.stops = own;
    if begun.repeat > 0 {
        repeat(loading, &mut begun);
    }
    begun.users = path_users(loading, &begun.path.edges);
    let shared = begun.shared.filter(|_| begun.path.stops.is_empty());
    let at = loading.add_path(begun.path, begun.users, begun.line);
    if let (Some(hash), Some(at)) = (shared, at) {
        loading.by_text.entry(hash).or_insert(at);
    }
    Ok(at.map(|at| (at, begun.weight)))
}

/// Goes round several times.
fn repeat(loading: &mut Loading<'_>, begun: &mut Begun) {
    let (edges, stops) = (begun.path.edges.clone(), begun.path.stops.clone());
    let most = MOST_EDGES / edges.len().max(1) / 16;
    if begun.repeat > most {
        loading.log.warn("route-repeat", begun.line, || format!("the route '{}' is repeated {most} times only", shown(&begun.path.id)));
    }
    for round in 1..=begun.repeat.min(most) {
        begun.path.edges.extend_from_slice(&edges);
        let later = begun.cycle_ms.unwrap_or(0).saturating_mul(i64::try_from(round).unwrap_or(i64::MAX));
        begun.path.stops.extend(stops.iter().map(|stop| Stop { until_ms: stop.until_ms.map(|t| t.saturating_add(later)), ..stop.clone() }));
    }
}

/// A choice between routes from its opening tag, with the members that it names.
pub fn choice(loading: &mut Loading<'_>, tag: &Tag<'_>) -> (Choice, u64) {
    let mut choice = Choice { id: tag.or_empty(b"id").into_owned(), members: Vec::new() };
    let line = tag.line();
    if let Some(list) = tag.get(b"routes") {
        let weights: Vec<f64> = tag.get(b"probabilities").map(|list| words(&list).map(|w| number(w).filter(|w| *w >= 0.0).unwrap_or(1.0)).collect()).unwrap_or_default();
        for (at, id) in words(&list).enumerate() {
            match loading.path_or_choice(id) {
                Some(PathRef::Path(path)) => choice.members.push((path, weights.get(at).copied().unwrap_or(1.0))),
                _ => {
                    loading.log.error("unknown-route", line, || format!("a choice of routes names the route '{}', which is not there; it is left out of the choice", shown(id)));
                }
            }
        }
    }
    (choice, line)
}

/// Reads routes nested in a choice, and adds it; its place.
pub fn read_choice(loading: &mut Loading<'_>, xml: &mut Xml, (mut choice, line): (Choice, u64), named: bool) -> Result<Option<u32>, Broken> {
    let level = xml.depth();
    while let Some(tag) = xml.child(level)? {
        if tag.name == b"route" {
            let begun = begin(loading, &tag);
            choice.members.extend(read(loading, xml, begun, false)?);
        }
    }
    if named && choice.id.is_empty() {
        loading.log.error("id-missing", line, || "a choice of routes without an id is left out".to_owned());
        return Ok(None);
    }
    if choice.members.iter().map(|(_, weight)| weight).sum::<f64>() > 0.0 {
        return Ok(loading.add_path_choice(choice, line));
    }
    let id = shown(&choice.id);
    loading.log.error("empty-choice", line, || format!("the choice of routes '{id}' has no member with a weight above 0; it is left out"));
    Ok(None)
}
