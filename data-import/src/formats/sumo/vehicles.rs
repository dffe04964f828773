//! Single vehicles and trips; flows end here, too, when their own is read.

use super::flows;
use super::loading::Loading;
use super::paths;
use super::stops;
use super::travel::{self, Head};
use super::xml::{Broken, Tag, Xml, shown};
use qike_core::Severity;
use qike_scene::traffic::{EdgeKind, PathRef, Place, Release, StopPlace, Travel, TypeRef};

/// A vehicle, trip or flow from its opening tag.
pub fn begin(loading: &mut Loading<'_>, tag: &Tag<'_>) -> Head {
    travel::head(loading, tag)
}

/// Reads what is nested in it, and adds it.
pub fn read(loading: &mut Loading<'_>, xml: &mut Xml, mut head: Head) -> Result<(), Broken> {
    let level = xml.depth();
    if head.kind.is_none() && !head.faulty {
        head.kind = loading.kind_or_choice("DEFAULT_VEHTYPE");
    }
    let users = head.kind.map(|kind| loading.users(kind)).unwrap_or_default();
    while let Some(tag) = xml.child(level)? {
        match tag.name {
            b"route" => {
                let begun = paths::begin(loading, &tag);
                match paths::read(loading, xml, begun, false)? {
                    Some((path, _)) => head.path = Some(PathRef::Path(path)),
                    // Told already.
                    None => head.faulty = true,
                }
            }
            b"routeDistribution" => {
                let begun = paths::choice(loading, &tag);
                match paths::read_choice(loading, xml, begun, false)? {
                    Some(choice) => head.path = Some(PathRef::Choice(choice)),
                    None => head.faulty = true,
                }
            }
            b"stop" => head.stops.extend(stops::stop(loading, &tag, users)),
            b"param" => {
                let key = tag.or_empty(b"key");
                if key.starts_with("has.") || key.starts_with("device.") {
                    let (key, line) = (shown(&key), tag.line());
                    loading.log.unsupported(&format!("parameter '{key}'"), line, "vehicles have that device as the settings say");
                }
            }
            _ => {}
        }
    }
    if !head.faulty {
        finish(loading, head);
    }
    Ok(())
}

fn finish(loading: &mut Loading<'_>, mut head: Head) {
    let Some(kind) = head.kind else { return };
    let Some(path) = way(loading, &mut head) else { return };
    match &path {
        PathRef::Path(at) => {
            if !connected(loading, &mut head, *at, kind) {
                return;
            }
            on_the_way(loading, &mut head, *at);
        }
        PathRef::Choice(choice) => {
            let members = loading.scenario.demand.path_choices.get(*choice as usize).map(|c| c.members.clone()).unwrap_or_default();
            for (at, _) in members {
                if !connected(loading, &mut head, at, kind) {
                    return;
                }
            }
        }
        PathRef::Find { .. } => {}
    }
    if head.what == "flow" {
        return flows::finish(loading, head, kind, path);
    }
    let Some(release) = head.release else {
        return head.leave_out(loading, "bad-time", "has no departure");
    };
    if !loading.take_vehicle_id(&head.id, head.line) {
        return;
    }
    if let Release::At(at) = release {
        if at < loading.latest {
            let (what, id) = (head.what, shown(&head.id));
            loading.log.warn("not-in-order", head.line, || format!("{what} '{id}' departs before the one in front of it; SUMO leaves such out, here the file is put in order"));
        }
        loading.latest = loading.latest.max(at);
        loading.departures.push(at);
    } else {
        loading.departures.push(loading.latest);
    }
    let id = std::mem::take(&mut head.id);
    loading.scenario.demand.vehicles.push((id, release, common(head, kind, path)));
}

/// What a head becomes.
pub fn common(head: Head, kind: TypeRef, path: PathRef) -> Travel {
    let (lane, at, speed) = head.depart;
    Travel { kind, path, lane, at, speed, arrival: head.arrival, stops: head.stops, line: head.public_line, speed_factor: head.speed_factor }
}

/// Its way: stated, or to be found between places; between the first and last stop where no place is named.
fn way(loading: &mut Loading<'_>, head: &mut Head) -> Option<PathRef> {
    if let Some(path) = head.path.take() {
        return Some(path);
    }
    let edge = |place: &StopPlace| {
        let extra = &loading.scenario.extras;
        let lane = match *place {
            StopPlace::Lane { lane, .. } => lane,
            StopPlace::Stop(at) => extra.stops.get(at as usize)?.lane,
            StopPlace::Parking(at) => extra.parking.get(at as usize)?.place.lane,
        };
        Some(Place::Edge(loading.scenario.map.lanes.get(lane as usize)?.edge))
    };
    let from = head.from.or_else(|| edge(&head.stops.first()?.place));
    let to = head.to.or_else(|| edge(&head.stops.last()?.place));
    match (from, to) {
        (Some(from), Some(to)) => Some(PathRef::Find { from, via: std::mem::take(&mut head.via), to }),
        _ => {
            head.leave_out(loading, "route-missing", "has no route, and no places between which one could be found");
            None
        }
    }
}

/// Whether somebody of the type can drive all of the path; the vehicle is left out where nobody can.
fn connected(loading: &mut Loading<'_>, head: &mut Head, path: u32, kind: TypeRef) -> bool {
    let users = loading.users(kind);
    // Paths of before this reading were checked then.
    let may = loading.path_users.get(path as usize).copied().unwrap_or(qike_scene::traffic::RoadUsers::ALL);
    if may.contains(users) {
        return true;
    }
    let gap = paths::gap(loading, path, users.without(may));
    if may.meets(users) {
        let (what, id) = (head.what, shown(&head.id));
        loading.log.warn("route-partly-disconnected", head.line, || format!("{what} '{id}' may get a type that cannot drive its route: there is {gap}"));
        return true;
    }
    head.leave_out(loading, "route-disconnected", &format!("cannot drive its route: there is {gap}"));
    false
}

/// Drops stops that are not on the path in their order.
fn on_the_way(loading: &mut Loading<'_>, head: &mut Head, path: u32) {
    if head.stops.is_empty() {
        return;
    }
    let Some(edges) = loading.scenario.demand.paths.get(path as usize).map(|p| p.edges.as_slice()) else { return };
    let (map, extra) = (&loading.scenario.map, &loading.scenario.extras);
    let (mut at, mut last_m) = (0_usize, f64::NEG_INFINITY);
    let before = head.stops.len();
    head.stops.retain(|stop| {
        let (lane, to_m) = match stop.place {
            StopPlace::Lane { lane, to_m, .. } => (lane, to_m),
            StopPlace::Stop(place) => extra.stops.get(place as usize).map_or((u32::MAX, 0.0), |s| (s.lane, s.to_m)),
            StopPlace::Parking(place) => extra.parking.get(place as usize).map_or((u32::MAX, 0.0), |s| (s.place.lane, s.place.to_m)),
        };
        let Some(edge) = map.lanes.get(lane as usize).map(|l| l.edge) else { return false };
        if map.edges.get(edge as usize).is_some_and(|e| e.kind != EdgeKind::Normal) {
            return true;
        }
        // On the same edge a stop further back belongs to the next time it comes by.
        let from = if edges.get(at) == Some(&edge) && to_m < last_m { at + 1 } else { at };
        match edges.get(from..).unwrap_or_default().iter().position(|e| *e == edge) {
            Some(ahead) => {
                (at, last_m) = (from + ahead, to_m);
                true
            }
            None => false,
        }
    });
    if head.stops.len() < before {
        let (what, id, lost) = (head.what, shown(&head.id), before - head.stops.len());
        loading.log.add(Severity::Error, "stop-not-on-route", "", head.line, || format!("{what} '{id}' has {lost} stops that are not on its route in their order; it passes without them"));
    }
}
