//! Junctions: kind, lanes, and the matrix of who gives way to whom.

use super::loading::Loading;
use super::values::{boolean, number, shape};
use super::xml::{Broken, Tag, Xml, shown};
use qike_scene::traffic::{MapJunction, NodeKind, Request};

/// Connections of one junction.
const MOST_LINKS: usize = 16_384;

/// Adds a junction from its opening tag; its place, or none where it is left out.
pub fn begin(loading: &mut Loading<'_>, tag: &Tag<'_>) -> Option<usize> {
    let mut junction = MapJunction::default();
    for (key, value) in tag.attributes() {
        match key {
            b"id" => junction.id = value.into_owned(),
            b"type" => junction.kind = kind(loading, tag, &value),
            b"x" | b"y" | b"z" => {
                let axis = usize::from(key.first().copied().unwrap_or(b'x') - b'x');
                match (number(&value), junction.position.get_mut(axis)) {
                    (Some(n), Some(to)) => *to = n,
                    _ => {
                        loading.log.warn("bad-number", tag.line(), || format!("a junction's position is '{}', not a number", shown(&value)));
                    }
                }
            }
            b"incLanes" => junction.incoming = lanes(loading, tag, &value),
            b"intLanes" => junction.internal = lanes(loading, tag, &value),
            b"shape" => match shape(&value) {
                Some(points) => junction.shape = points,
                None => {
                    loading.log.warn("bad-shape", tag.line(), || "a junction's shape is no list of points 'x,y x,y …'; it is left out".to_owned());
                }
            },
            _ => {}
        }
    }
    if junction.id.is_empty() {
        loading.log.error("id-missing", tag.line(), || "a junction without an id is left out".to_owned());
        return None;
    }
    loading.add_junction(junction, tag.line())
}

fn kind(loading: &mut Loading<'_>, tag: &Tag<'_>, name: &str) -> NodeKind {
    match name {
        "priority" | "unknown" | "" => NodeKind::Priority,
        "traffic_light" | "traffic_light_unregulated" => NodeKind::Signal,
        "traffic_light_right_on_red" => NodeKind::SignalRightOnRed,
        "right_before_left" => NodeKind::RightBeforeLeft,
        "left_before_right" => NodeKind::LeftBeforeRight,
        "unregulated" => NodeKind::Unregulated,
        "allway_stop" => NodeKind::AllWayStop,
        "priority_stop" => NodeKind::PriorityStop,
        "zipper" => NodeKind::Zipper,
        "internal" => NodeKind::Internal,
        "dead_end" | "DEAD_END" => NodeKind::DeadEnd,
        "rail_signal" | "rail_crossing" => {
            loading.log.unsupported(&format!("a junction of the type '{name}'"), tag.line(), "it is passed as the network's right of way says");
            NodeKind::Rail
        }
        "district" => NodeKind::District,
        other => {
            loading.log.warn("unknown-junction-type", tag.line(), || format!("a junction has the type '{}'; it is taken as 'priority'", shown(other)));
            NodeKind::Priority
        }
    }
}

fn lanes(loading: &mut Loading<'_>, tag: &Tag<'_>, list: &str) -> Vec<u32> {
    list.split_ascii_whitespace()
        .filter_map(|id| {
            let lane = loading.lane(id);
            if lane.is_none() {
                loading.log.error("unknown-lane", tag.line(), || format!("a junction has the lane '{}', which the network does not have; it is left out there", shown(id)));
            }
            lane
        })
        .collect()
}

/// Reads the rows of its matrix.
pub fn requests(loading: &mut Loading<'_>, xml: &mut Xml, junction: Option<usize>, line: u64) -> Result<(), Broken> {
    let level = xml.depth();
    let mut rows: Vec<Request> = Vec::new();
    let mut stated = 0_usize;
    while let Some(tag) = xml.child(level)? {
        if tag.name != b"request" {
            continue;
        }
        let (mut index, mut row) = (None, Request::default());
        let mut bad = false;
        for (key, value) in tag.attributes() {
            match key {
                b"index" => index = value.trim().parse::<usize>().ok().filter(|i| *i < MOST_LINKS),
                b"response" => bad |= !bits(&value, &mut row.gives_way),
                b"foes" => bad |= !bits(&value, &mut row.meets),
                b"cont" => row.waits_inside = boolean(&value).unwrap_or(false),
                _ => {}
            }
        }
        let (Some(index), false) = (index, bad) else {
            loading.log.error("bad-request", tag.line(), || "a row of a junction's right of way has no index, or bits that are not 0 and 1; it is left out".to_owned());
            continue;
        };
        if index >= rows.len() {
            rows.resize_with(index + 1, Request::default);
        }
        if let Some(at) = rows.get_mut(index) {
            *at = row;
            stated += 1;
        }
    }
    if stated != rows.len() {
        loading.log.warn("bad-request", line, || "rows of a junction's right of way are missing or stated twice".to_owned());
    }
    if let Some(junction) = junction.and_then(|at| loading.scenario.map.junctions.get_mut(at)) {
        junction.requests = rows;
    }
    Ok(())
}

/// A string of bits: the last character is bit 0. False where it is none.
fn bits(text: &str, into: &mut Vec<u64>) -> bool {
    let text = text.trim().as_bytes();
    if text.len() > MOST_LINKS {
        return false;
    }
    into.clear();
    into.resize(text.len().div_ceil(64), 0);
    text.iter().rev().enumerate().all(|(at, bit)| {
        if let (b'1', Some(word)) = (bit, into.get_mut(at / 64)) {
            *word |= 1 << (at % 64);
        }
        matches!(bit, b'0' | b'1')
    })
}

#[cfg(test)]
mod tests {
    use super::bits;

    #[test]
    fn the_last_character_is_bit_zero() {
        let mut words = vec![7];
        assert!(bits("0110", &mut words));
        assert_eq!(words, [0b0110]);
        assert!(bits("001", &mut words));
        assert_eq!(words, [1]);
        assert!(bits(&format!("1{}", "0".repeat(64)), &mut words));
        assert_eq!(words, [0, 1]);
        assert!(!bits("01x", &mut words));
    }
}
