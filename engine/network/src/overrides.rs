//! What-if edits on built networks: closed roads, lanes, paths and doors, speed limits, signal timing.
//!
//! [`Networks`] answers what the base says (for checking the `old` of an edit), and [`apply`] makes a change. Only values change,
//! never the topology, so that indices stay valid; a [`crate::Router`] made before must be made anew after a closure.

use crate::error::NetworkError;
use crate::ix::{LinkIx, ProgramIx, span};
use crate::lane::LaneNetwork;
use crate::walk::WalkNetwork;
use qike_scene::edit::{Direction, EditBase, EditValue, Property, Target};

/// Both networks of a base.
#[derive(Clone, Copy, Debug)]
pub struct Networks<'a> {
    /// For vehicles.
    pub lanes: &'a LaneNetwork,
    /// For people on foot.
    pub walks: &'a WalkNetwork,
}

/// The part of the lane network that a target names.
enum Part {
    Links(Vec<LinkIx>),
    /// One lane in each of the links.
    Lanes(Vec<usize>),
    /// Areas and portals of an object.
    Ground,
}

/// The most similar of some ids, if one is at all alike.
fn nearest<'a>(id: &str, valid: impl Iterator<Item = &'a str>) -> Option<String> {
    let scored = valid.map(|v| (strsim::jaro_winkler(id, v), v));
    let best = scored.max_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(a.1)))?;
    (best.0 > 0.7).then(|| best.1.to_owned())
}

/// The links of a road, or the link of that id itself; both directions or one.
///
/// # Errors
/// When there is no such road, with the nearest id that there is.
pub fn links_of(net: &LaneNetwork, id: &str, direction: Option<Direction>) -> Result<Vec<LinkIx>, NetworkError> {
    let fits = |link: &crate::Link| match direction {
        Some(Direction::Forward) => link.id.ends_with('>'),
        Some(Direction::Backward) => link.id.ends_with('<'),
        None => true,
    };
    let named = |link: &&(usize, &crate::Link)| link.1.object.as_str() == id || link.1.id == id;
    let all: Vec<(usize, &crate::Link)> = net.links.iter().enumerate().collect();
    let found: Vec<_> = all.iter().filter(named).collect();
    if found.is_empty() {
        let ids = net.links.iter().map(|l| l.object.as_str());
        return Err(NetworkError::Unknown { what: "road", id: id.to_owned(), nearest: nearest(id, ids) });
    }
    let links: Vec<LinkIx> = found.iter().filter(|(_, l)| fits(l)).map(|(i, _)| LinkIx::new(*i)).collect();
    if links.is_empty() {
        return Err(NetworkError::Invalid { id: id.to_owned(), message: "the road is not driven in that direction".to_owned() });
    }
    Ok(links)
}

/// The programme of a signal: by the programme's id, one of its signals, or a node of its junction.
///
/// # Errors
/// When there is none, with the nearest id that there is.
pub fn program_of(net: &LaneNetwork, id: &str) -> Result<ProgramIx, NetworkError> {
    let named = |p: &crate::SignalProgram| p.id == id || p.objects.iter().any(|o| o.as_str() == id);
    if let Some(ix) = net.programs.iter().position(named) {
        return Ok(ProgramIx::new(ix));
    }
    let at_node = net.nodes.iter().find(|n| n.id == id).and_then(|n| net.junctions[n.junction.ix()].program);
    at_node.ok_or_else(|| {
        let ids = net.programs.iter().flat_map(|p| std::iter::once(p.id.as_str()).chain(p.objects.iter().map(|o| o.as_str())));
        NetworkError::Unknown { what: "signal", id: id.to_owned(), nearest: nearest(id, ids) }
    })
}

fn on_foot(walks: &WalkNetwork, id: &str) -> bool {
    let is = |o: &Option<qike_scene::ObjectId>| o.as_ref().is_some_and(|o| o.as_str() == id);
    walks.areas.iter().any(|a| is(&a.object)) || walks.portals.iter().any(|p| is(&p.object))
}

fn part(lanes: &LaneNetwork, walks: &WalkNetwork, target: &Target) -> Result<Part, NetworkError> {
    match target {
        Target::Object { id, direction } => match links_of(lanes, id.as_str(), *direction) {
            Ok(links) => Ok(Part::Links(links)),
            Err(_) if direction.is_none() && on_foot(walks, id.as_str()) => Ok(Part::Ground),
            Err(NetworkError::Unknown { .. }) => {
                let roads = lanes.links.iter().map(|l| l.object.as_str());
                let areas = walks.areas.iter().filter_map(|a| a.object.as_ref().map(|o| o.as_str()));
                let doors = walks.portals.iter().filter_map(|p| p.object.as_ref().map(|o| o.as_str()));
                let near = nearest(id.as_str(), roads.chain(areas).chain(doors));
                Err(NetworkError::Unknown { what: "road, path, room or door", id: id.to_string(), nearest: near })
            }
            Err(other) => Err(other),
        },
        Target::Lane { id, direction, index } => {
            let links = links_of(lanes, id.as_str(), Some(*direction))?;
            let most = links.iter().map(|l| lanes.lanes_of(*l).len()).max().unwrap_or(0);
            let at = |l: &LinkIx| {
                let range = span(&lanes.link(*l).lanes);
                range.clone().nth(*index as usize)
            };
            let found: Vec<usize> = links.iter().filter_map(at).collect();
            if found.is_empty() {
                let last = (most as u32).saturating_sub(1);
                return Err(NetworkError::NoLane { id: id.to_string(), lane: *index, last });
            }
            Ok(Part::Lanes(found))
        }
        Target::Signal { id } => {
            Err(NetworkError::Invalid { id: id.to_string(), message: "a signal is not closed and has no speed limit".to_owned() })
        }
        Target::Demand { name } => {
            Err(NetworkError::Invalid { id: name.clone(), message: "a demand is no part of a network".to_owned() })
        }
    }
}

impl EditBase for Networks<'_> {
    fn value(&self, target: &Target, property: Property) -> Result<EditValue, String> {
        self.read(target, property).map_err(|e| e.to_string())
    }
}

impl Networks<'_> {
    /// What the network says now. A whole road's speed limit is that of its first lane.
    ///
    /// # Errors
    /// When the target is not there or has no such property.
    pub fn read(&self, target: &Target, property: Property) -> Result<EditValue, NetworkError> {
        let lanes = self.lanes;
        match property {
            Property::PhaseDurationsS | Property::OffsetS => {
                let Target::Signal { id } = target else { return Err(misfit(target, property)) };
                let program = &lanes.programs[program_of(lanes, id.as_str())?.ix()];
                Ok(match property {
                    Property::OffsetS => EditValue::Number(f64::from(program.offset_ms) / 1_000.0),
                    _ => EditValue::Numbers(program.phases.iter().map(|p| f64::from(p.duration_ms) / 1_000.0).collect()),
                })
            }
            Property::Scale | Property::BlockedM => Err(misfit(target, property)),
            Property::Closed | Property::SpeedLimitMps => {
                let ixs: Vec<usize> = match part(lanes, self.walks, target)? {
                    Part::Links(links) => links.iter().flat_map(|l| span(&lanes.link(*l).lanes)).collect(),
                    Part::Lanes(found) => found,
                    Part::Ground => match (property, target) {
                        (Property::Closed, Target::Object { id, .. }) => {
                            return Ok(EditValue::Flag(self.walks.is_closed(id.as_str())));
                        }
                        _ => return Err(misfit(target, property)),
                    },
                };
                Ok(match property {
                    Property::Closed => EditValue::Flag(ixs.iter().all(|l| lanes.lanes[*l].closed)),
                    _ => EditValue::Number(ixs.first().map_or(0.0, |l| lanes.lanes[*l].speed_mps)),
                })
            }
        }
    }
}

impl WalkNetwork {
    /// Whether every area and portal of an object is closed.
    pub fn is_closed(&self, object: &str) -> bool {
        let is = |o: &Option<qike_scene::ObjectId>| o.as_ref().is_some_and(|o| o.as_str() == object);
        self.areas.iter().filter(|a| is(&a.object)).all(|a| a.closed)
            && self.portals.iter().filter(|p| is(&p.object)).all(|p| p.closed)
    }
}

fn misfit(target: &Target, property: Property) -> NetworkError {
    NetworkError::Invalid { id: target.to_string(), message: format!("has no property '{property}' in a network") }
}

/// Gives a target's property a value in the networks.
///
/// # Errors
/// When the target is not there (with the nearest id that is), has no such property, or the value does not fit. Nothing is
/// changed then.
pub fn apply(
    lanes: &mut LaneNetwork,
    walks: &mut WalkNetwork,
    target: &Target,
    property: Property,
    value: &EditValue,
) -> Result<(), NetworkError> {
    let wrong = |expected: &str| NetworkError::Invalid { id: target.to_string(), message: format!("{property} must be {expected}, not {value}") };
    property.accepts(value).map_err(wrong)?;
    match (property, value) {
        (Property::Closed, EditValue::Flag(closed)) => match part(lanes, walks, target)? {
            Part::Links(links) => {
                for l in links.iter().flat_map(|l| span(&lanes.links[l.ix()].lanes)).collect::<Vec<_>>() {
                    lanes.lanes[l].closed = *closed;
                }
            }
            Part::Lanes(found) => found.iter().for_each(|l| lanes.lanes[*l].closed = *closed),
            Part::Ground => {
                let Target::Object { id, .. } = target else { return Err(misfit(target, property)) };
                walks.areas.iter_mut().filter(|a| a.object.as_ref() == Some(id)).for_each(|a| a.closed = *closed);
                walks.portals.iter_mut().filter(|p| p.object.as_ref() == Some(id)).for_each(|p| p.closed = *closed);
            }
        },
        (Property::SpeedLimitMps, EditValue::Number(speed)) => {
            let ixs = match part(lanes, walks, target)? {
                Part::Links(links) => {
                    links.iter().for_each(|l| lanes.links[l.ix()].speed_mps = *speed);
                    links.iter().flat_map(|l| span(&lanes.links[l.ix()].lanes)).collect()
                }
                Part::Lanes(found) => found,
                Part::Ground => return Err(misfit(target, property)),
            };
            ixs.iter().for_each(|l| lanes.lanes[*l].speed_mps = *speed);
        }
        (Property::PhaseDurationsS, EditValue::Numbers(seconds)) => {
            let Target::Signal { id } = target else { return Err(misfit(target, property)) };
            let program = program_of(lanes, id.as_str())?;
            let phases = &mut lanes.programs[program.ix()].phases;
            if phases.len() != seconds.len() {
                return Err(wrong(&format!("{} numbers, one for each phase", phases.len())));
            }
            phases.iter_mut().zip(seconds).for_each(|(p, s)| p.duration_ms = (s * 1_000.0).round().clamp(1.0, 1e9) as u32);
        }
        (Property::OffsetS, EditValue::Number(seconds)) => {
            let Target::Signal { id } = target else { return Err(misfit(target, property)) };
            let program = program_of(lanes, id.as_str())?;
            lanes.programs[program.ix()].offset_ms = (seconds * 1_000.0).round().clamp(0.0, 4e9) as u32;
        }
        _ => return Err(misfit(target, property)),
    }
    Ok(())
}
