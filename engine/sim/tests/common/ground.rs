//! Generated walking networks: rectangles and the portals between them.
#![allow(dead_code)]

use qike_core::SimTime;
use qike_network::*;
use qike_sim::{SpeedClass, WalkPlace, WalkTrip};

/// A rectangle from (x0, y0) to (x1, y1), with its kind.
pub struct Room(pub [f64; 4], pub AreaKind);

/// A portal from area to area along a segment, with its capacity per second.
pub struct Door(pub usize, pub usize, pub [f64; 2], pub [f64; 2], pub f64);

pub fn build(rooms: &[Room], doors: &[Door]) -> WalkNetwork {
    let mut net = WalkNetwork::default();
    for (ix, Room([x0, y0, x1, y1], kind)) in rooms.iter().enumerate() {
        let start = net.points.len() as u32;
        net.points.extend([[*x0, *y0, 0.0], [*x1, *y0, 0.0], [*x1, *y1, 0.0], [*x0, *y1, 0.0]]);
        net.areas.push(WalkArea {
            id: format!("room{ix}"),
            object: None,
            kind: *kind,
            storey: None,
            ring: start..start + 4,
            slope: [0.0, 0.0],
            centre: [(x0 + x1) / 2.0, (y0 + y1) / 2.0, 0.0],
            area_m2: (x1 - x0) * (y1 - y0),
            speed_factor: 1.0,
            delay_s: 0.0,
            one_way: None,
            belt_mps: 0.0,
            closed: false,
        });
    }
    for Door(a, b, p, q, capacity) in doors {
        let (p, q) = ([p[0], p[1], 0.0], [q[0], q[1], 0.0]);
        net.portals.push(Portal {
            a: AreaIx::new(*a),
            b: AreaIx::new(*b),
            p,
            q,
            p_b: p,
            q_b: q,
            width_m: (p[0] - q[0]).hypot(p[1] - q[1]),
            capacity_per_s: *capacity,
            object: None,
            one_way: false,
            closed: false,
        });
    }
    net.area_portal_starts = vec![0];
    for area in 0..rooms.len() {
        let of = |p: &Portal| p.a.ix() == area || p.b.ix() == area;
        net.area_portals.extend((0..net.portals.len()).filter(|p| of(&net.portals[*p])).map(PortalIx::new));
        net.area_portal_starts.push(net.area_portals.len() as u32);
    }
    net
}

/// A walk at an assigned speed.
pub fn walk(trip: u32, depart_s: f64, from: (usize, [f64; 2]), to: (usize, [f64; 2]), mps: f64) -> WalkTrip {
    let place = |(area, position): (usize, [f64; 2])| WalkPlace { area: AreaIx::new(area), position };
    WalkTrip {
        demand: 0,
        trip,
        depart: SimTime::from_s_f64(depart_s),
        from: place(from),
        to: place(to),
        speed: SpeedClass::Fixed((mps * 1000.0).round() as u16),
        group: None,
    }
}
