//! What SUMO takes for each kind of road user where a type states nothing (`vClass` defaults of version 1.28, as `sumo` gives them out).

use qike_scene::traffic::RoadUsers;

/// Defaults of one kind.
#[derive(Clone, Copy, Debug)]
pub struct Class {
    /// Length, m.
    pub length_m: f64,
    /// Gap when standing, m.
    pub gap_m: f64,
    /// Width, m.
    pub width_m: f64,
    /// Greatest speed, m/s.
    pub max_speed_mps: f64,
    /// Greatest speed that is wished for, m/s.
    pub desired_speed_mps: f64,
    /// m/s².
    pub accel: f64,
    /// m/s².
    pub decel: f64,
    /// m/s².
    pub emergency_decel: f64,
    /// Imperfection.
    pub sigma: f64,
    /// Deviation of the share of the limit.
    pub deviation: f64,
    /// Seats.
    pub persons: u32,
}

/// No wish of its own.
const ANY_MPS: f64 = 10_000.0 / 3.6;
/// A passenger car's.
const CAR: Class = Class {
    length_m: 5.0,
    gap_m: 2.5,
    width_m: 1.8,
    max_speed_mps: 200.0 / 3.6,
    desired_speed_mps: ANY_MPS,
    accel: 2.6,
    decel: 4.5,
    emergency_decel: 9.0,
    sigma: 0.5,
    deviation: 0.1,
    persons: 4,
};
/// Walkers' speed, m/s.
const WALK_MPS: f64 = 5.0 / 3.6;
/// Cyclists' speed, m/s.
const RIDE_MPS: f64 = 20.0 / 3.6;

/// Of a kind, which is one bit.
pub fn of(user: RoadUsers) -> Class {
    let car = |deviation: f64| Class { deviation, ..CAR };
    let size = |length_m: f64, width_m: f64, class: Class| Class { length_m, width_m, ..class };
    let move_ = |accel: f64, decel: f64, emergency_decel: f64, class: Class| Class { accel, decel, emergency_decel, ..class };
    let train = |length_m: f64, width_m: f64, kmh: f64, accel: f64, decel: f64, emergency_decel: f64, persons: u32| Class {
        length_m,
        width_m,
        gap_m: 5.0,
        max_speed_mps: kmh / 3.6,
        accel,
        decel,
        emergency_decel,
        sigma: 0.0,
        deviation: 0.0,
        persons,
        ..CAR
    };
    let Some(name) = user.names().next() else { return CAR };
    match name {
        "emergency" => Class { persons: 2, ..size(6.5, 2.16, car(0.0)) },
        "authority" | "army" | "ignoring" | "cable_car" => car(0.0),
        "taxi" => car(0.05),
        "bus" => Class { max_speed_mps: 100.0 / 3.6, persons: 85, ..move_(1.2, 4.0, 7.0, size(12.0, 2.5, car(0.0))) },
        "coach" => Class { max_speed_mps: 100.0 / 3.6, persons: 70, ..move_(2.0, 4.0, 7.0, size(14.0, 2.6, car(0.05))) },
        "delivery" => Class { persons: 2, ..size(6.5, 2.16, car(0.05)) },
        "truck" => Class { max_speed_mps: 130.0 / 3.6, persons: 2, ..move_(1.3, 4.0, 7.0, size(7.1, 2.4, car(0.05))) },
        "trailer" => Class { max_speed_mps: 130.0 / 3.6, persons: 2, ..move_(1.1, 4.0, 7.0, size(16.5, 2.55, car(0.05))) },
        "motorcycle" => Class { persons: 1, ..move_(6.0, 10.0, 10.0, size(2.2, 0.9, car(0.1))) },
        "moped" => Class { max_speed_mps: 60.0 / 3.6, persons: 1, ..move_(1.1, 7.0, 10.0, size(2.1, 0.78, car(0.1))) },
        "bicycle" => Class { gap_m: 0.5, max_speed_mps: 50.0 / 3.6, desired_speed_mps: RIDE_MPS, persons: 1, ..move_(1.2, 3.0, 7.0, size(1.6, 0.65, car(0.1))) },
        "scooter" => Class { gap_m: 0.5, max_speed_mps: 25.0 / 3.6, persons: 1, ..move_(1.2, 3.0, 7.0, size(1.2, 0.5, car(0.1))) },
        "pedestrian" => Class { gap_m: 0.25, max_speed_mps: 37.58 / 3.6, desired_speed_mps: WALK_MPS, ..move_(1.5, 2.0, 5.0, size(0.215, 0.478, car(0.1))) },
        "wheelchair" => Class { gap_m: 0.5, max_speed_mps: 30.0 / 3.6, desired_speed_mps: WALK_MPS, ..move_(1.5, 2.0, 5.0, size(1.2, 0.72, car(0.1))) },
        "tram" => train(22.0, 2.4, 80.0, 1.0, 3.0, 7.0, 120),
        "rail_urban" => train(109.5, 3.0, 100.0, 1.0, 3.0, 7.0, 300),
        "subway" => Class { gap_m: 5.0, max_speed_mps: 100.0 / 3.6, persons: 300, ..size(109.5, 3.0, car(0.0)) },
        "rail" => train(135.0, 2.84, 160.0, 0.25, 1.3, 5.0, 434),
        "rail_electric" => train(200.0, 2.95, 220.0, 0.5, 1.3, 5.0, 425),
        "rail_fast" => train(200.0, 2.95, 330.0, 0.5, 1.3, 5.0, 425),
        "ship" => Class { max_speed_mps: 8.0 / 1.94, sigma: 0.0, ..move_(0.1, 0.15, 1.0, size(17.0, 4.0, car(0.1))) },
        "container" => size(6.096, 2.438, car(0.0)),
        "aircraft" => size(72.7, 79.8, car(0.0)),
        "drone" => size(0.5, 0.5, car(0.0)),
        _ => CAR,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lines of `traci.vehicletype` of SUMO 1.28.0: kind, length, gap, width, speed, accel, decel, emergency decel, sigma, deviation, seats.
    const SUMO: &str = "bicycle 1.6 0.5 0.65 13.88888888888889 1.2 3.0 7.0 0.5 0.1 1
bus 12.0 2.5 2.5 27.77777777777778 1.2 4.0 7.0 0.5 0.0 85
coach 14.0 2.5 2.6 27.77777777777778 2.0 4.0 7.0 0.5 0.05 70
delivery 6.5 2.5 2.16 55.55555555555556 2.6 4.5 9.0 0.5 0.05 2
emergency 6.5 2.5 2.16 55.55555555555556 2.6 4.5 9.0 0.5 0.0 2
ignoring 5.0 2.5 1.8 55.55555555555556 2.6 4.5 9.0 0.5 0.0 4
private 5.0 2.5 1.8 55.55555555555556 2.6 4.5 9.0 0.5 0.1 4
moped 2.1 2.5 0.78 16.666666666666668 1.1 7.0 10.0 0.5 0.1 1
motorcycle 2.2 2.5 0.9 55.55555555555556 6.0 10.0 10.0 0.5 0.1 1
passenger 5.0 2.5 1.8 55.55555555555556 2.6 4.5 9.0 0.5 0.1 4
pedestrian 0.215 0.25 0.478 10.438888888888888 1.5 2.0 5.0 0.5 0.1 4
rail 135.0 5.0 2.84 44.44444444444444 0.25 1.3 5.0 0.0 0.0 434
rail_fast 200.0 5.0 2.95 91.66666666666667 0.5 1.3 5.0 0.0 0.0 425
rail_urban 109.5 5.0 3.0 27.77777777777778 1.0 3.0 7.0 0.0 0.0 300
scooter 1.2 0.5 0.5 6.944444444444445 1.2 3.0 7.0 0.5 0.1 1
ship 17.0 2.5 4.0 4.123711340206186 0.1 0.15 1.0 0.0 0.1 4
subway 109.5 5.0 3.0 27.77777777777778 2.6 4.5 9.0 0.5 0.0 300
taxi 5.0 2.5 1.8 55.55555555555556 2.6 4.5 9.0 0.5 0.05 4
trailer 16.5 2.5 2.55 36.11111111111111 1.1 4.0 7.0 0.5 0.05 2
tram 22.0 5.0 2.4 22.22222222222222 1.0 3.0 7.0 0.0 0.0 120
truck 7.1 2.5 2.4 36.11111111111111 1.3 4.0 7.0 0.5 0.05 2
wheelchair 1.2 0.5 0.72 8.333333333333334 1.5 2.0 5.0 0.5 0.1 4";

    #[test]
    fn defaults_are_those_that_sumo_gives_out() {
        for line in SUMO.lines() {
            let (name, numbers) = line.split_once(' ').unwrap();
            let class = of(RoadUsers::kind(name).unwrap());
            let ours = [
                class.length_m, class.gap_m, class.width_m, class.max_speed_mps, class.accel, class.decel, class.emergency_decel, class.sigma, class.deviation, f64::from(class.persons),
            ];
            for (ours, theirs) in ours.iter().zip(numbers.split(' ')) {
                assert!((ours - theirs.parse::<f64>().unwrap()).abs() < 1e-9, "{line}: {ours}");
            }
        }
    }
}
