//! What is fitted into the station: ducts, pipes, lights, benches, ticket machines.

use super::layout::{CONCOURSE, PLATFORM, flip};
use super::model::{Kind, Model, Solid, Value};

/// Air ducts and pipes under the ceilings, drains below the platform, lights.
pub fn services(m: &mut Model) {
    for (side, letter) in [(1.0, "N"), (-1.0, "S")] {
        for i in 0..6 {
            let x = [-78.0 + 26.0 * f64::from(i), -78.0 + 26.0 * f64::from(i + 1) - 0.1];
            let duct = |y: [f64; 2], z: [f64; 2]| vec![Solid::block(x, flip(y, side), z)];
            m.put(CONCOURSE, Kind::Duct, format!("Supply air B1 {letter}{}", i + 1), "duct", duct([6.4, 7.6], [4.1, 4.7]));
            m.put(PLATFORM, Kind::Duct, format!("Exhaust air B2 {letter}{}", i + 1), "duct", duct([4.4, 5.4], [3.7, 4.3]));
            for (what, storey, y, z, r, colour) in [
                ("Sprinkler main B1", CONCOURSE, 8.3, 4.5, 0.08, "fire"), ("Fire main B2", PLATFORM, 5.7, 4.2, 0.1, "fire"),
                ("Water supply B1", CONCOURSE, 8.6, 4.5, 0.05, "water"), ("Drain B2", PLATFORM, 5.2, -0.7, 0.15, "drain"),
            ] {
                let bar = Solid::bar_x([x[0], side * y, z], r, x[1] - x[0]);
                let p = m.put(storey, Kind::Pipe, format!("{what} {letter}{}", i + 1), colour, vec![bar]);
                p.sets.push(("Pset_PipeSegmentTypeCommon", vec![("Status", Value::Text("NEW".into()))]));
                p.sets.push(("Station_Pipe", vec![("NominalDiameter", Value::Length(2.0 * r))]));
            }
        }
        for i in 0..14 {
            let x = -70.0 + 10.4 * f64::from(i);
            for (storey, z, y) in [(CONCOURSE, 4.85, 3.4), (PLATFORM, 4.3, 2.9)] {
                let name = format!("Light {}{}{}", if storey == PLATFORM { "B2" } else { "B1" }, letter, i + 1);
                m.put(storey, Kind::Light, name, "light", vec![Solid::block([x, x + 1.2], [side * y - 0.1, side * y + 0.1], [z, z + 0.08])]);
            }
        }
    }
}

/// Benches on the platform, ticket machines, counters and desks in the halls.
pub fn furniture(m: &mut Model) {
    for i in 0..8 {
        let x = -63.0 + 17.5 * f64::from(i);
        if x.abs() < 26.0 {
            continue;
        }
        let seat = |x: f64, y: f64| vec![
            Solid::block([x, x + 2.4], [y - 0.25, y + 0.25], [0.4, 0.46]), Solid::block([x + 0.2, x + 0.3], [y - 0.2, y + 0.2], [0.0, 0.4]),
            Solid::block([x + 2.1, x + 2.2], [y - 0.2, y + 0.2], [0.0, 0.4]),
        ];
        m.put(PLATFORM, Kind::Furniture("USERDEFINED"), format!("Bench B2-{}", i + 1), "wood", seat(x, 0.0)).object_type = Some("bench");
    }
    for (side, letter) in [(1.0, "E"), (-1.0, "W")] {
        for i in 0..6 {
            let x = flip([37.0 + 1.4 * f64::from(i), 38.0 + 1.4 * f64::from(i)], side);
            let name = format!("Ticket machine {letter}{}", i + 1);
            m.put(CONCOURSE, Kind::Furniture("USERDEFINED"), name, "machine", vec![Solid::block(x, [12.9, 13.85], [0.0, 1.9])]).object_type = Some("ticket machine");
        }
        let counter = Solid::block(flip([72.5, 73.1], side), [-11.0, -3.5], [0.0, 1.1]);
        m.put(CONCOURSE, Kind::Furniture("USERDEFINED"), format!("Counter {letter}"), "wood", vec![counter]).object_type = Some("counter");
        let desk = Solid::block([-30.0 * side - 1.0, -30.0 * side + 1.0], [-12.6, -11.8], [0.72, 0.76]);
        m.put(CONCOURSE, Kind::Furniture("DESK"), format!("Desk {letter}"), "wood", vec![desk]);
    }
}
