//! Connections between lanes, in the file's order.

use super::loading::Loading;
use super::values::{boolean, number};
use super::xml::{Tag, shown};
use qike_scene::traffic::{EdgeKind, MapConnection, RightOfWay, TurnKind};

/// Adds a connection.
pub fn connection(loading: &mut Loading<'_>, tag: &Tag<'_>) {
    let mut link = MapConnection { keep_clear: true, ..MapConnection::default() };
    let (mut from, mut to, mut lanes) = (None, None, [None; 2]);
    let (mut light, mut index) = (None, None);
    for (key, value) in tag.attributes() {
        match key {
            b"from" | b"to" => {
                let edge = loading.edge(&value);
                if edge.is_none() {
                    loading.log.error("unknown-edge", tag.line(), || format!("a connection names the edge '{}', which the network does not have; it is left out", shown(&value)));
                    return;
                }
                *if key == b"from" { &mut from } else { &mut to } = edge;
            }
            b"fromLane" => lanes[0] = value.trim().parse::<u32>().ok(),
            b"toLane" => lanes[1] = value.trim().parse::<u32>().ok(),
            b"via" => {
                link.via = loading.lane(&value);
                if link.via.is_none() {
                    loading.log.error("unknown-lane", tag.line(), || {
                        format!("a connection leads over the lane '{}', which the network does not have; it jumps over the junction", shown(&value))
                    });
                }
            }
            b"tl" if !value.is_empty() => light = loading.light(&value),
            b"linkIndex" => index = value.trim().parse::<i64>().ok(),
            b"dir" => link.turn = turn(&value),
            b"state" => link.right_of_way = right_of_way(&value),
            b"keepClear" => link.keep_clear = boolean(&value).unwrap_or(true),
            b"pass" => link.pass = boolean(&value).unwrap_or(false),
            b"uncontrolled" => link.uncontrolled = boolean(&value).unwrap_or(false),
            b"visibility" => link.visibility_m = number(&value).filter(|v| *v >= 0.0),
            b"indirect" => link.indirect = boolean(&value).unwrap_or(false),
            _ => {}
        }
    }
    let map = &loading.scenario.map;
    let lane = |edge: Option<u32>, index: Option<u32>| {
        let lanes = &map.edges.get(edge? as usize)?.lanes;
        lanes.start.checked_add(index?).filter(|at| lanes.contains(at))
    };
    let [Some(start), Some(end)] = [lane(from, lanes[0]), lane(to, lanes[1])] else {
        loading.log.error("unknown-lane", tag.line(), || "a connection names a lane that its edge does not have; it is left out".to_owned());
        return;
    };
    (link.from, link.to) = (free_lane(loading, start), end);
    if let Some(light) = light {
        match index.map(u16::try_from) {
            Some(Ok(index)) => {
                link.light = Some((light, index));
                link.right_of_way = RightOfWay::Signal;
            }
            // -1: the signal's connection is not controlled.
            Some(Err(_)) | None => link.uncontrolled = true,
        }
    }
    loading.scenario.map.connections.push(link);
}

/// A lane over a junction leads to one lane only. netconvert may call two lanes of such an edge by the same number: then it is the
/// next one's connection.
fn free_lane(loading: &mut Loading<'_>, lane: u32) -> u32 {
    let map = &loading.scenario.map;
    let edge = map.lanes.get(lane as usize).and_then(|l| map.edges.get(l.edge as usize));
    let Some(edge) = edge.filter(|e| e.kind == EdgeKind::Internal) else { return lane };
    let free = (lane..edge.lanes.end).find(|at| !loading.led_on.contains(at)).unwrap_or(lane);
    loading.led_on.insert(free);
    free
}

fn turn(text: &str) -> TurnKind {
    match text {
        "s" => TurnKind::Straight,
        "r" => TurnKind::Right,
        "R" => TurnKind::PartRight,
        "l" => TurnKind::Left,
        "L" => TurnKind::PartLeft,
        "t" | "T" => TurnKind::Turn,
        _ => TurnKind::None,
    }
}

fn right_of_way(text: &str) -> RightOfWay {
    match text {
        "m" | "o" => RightOfWay::Minor,
        "=" => RightOfWay::Equal,
        "s" => RightOfWay::Stop,
        "w" => RightOfWay::AllWayStop,
        "Z" => RightOfWay::Zipper,
        "-" => RightOfWay::DeadEnd,
        _ => RightOfWay::Major,
    }
}
