use super::*;
use crate::edit::{Direction, EditValue, Property, Target};
use proptest::prelude::*;

const HEAD: &str = "version = 1\nname = \"h\"\n[base]\nstore = \"city.gpkg\"\n[time]\nstart = \"09:00\"\nduration = 600\n";

fn fault(text: &str) -> String {
    Scenario::parse(text, "h.toml").expect_err("must be refused").to_string()
}

fn fault_after_head(tail: &str) -> String {
    fault(&format!("{HEAD}{tail}"))
}

/// The example in the module's documentation is a valid file.
#[test]
fn the_documented_example_is_valid() {
    let docs = include_str!("../scenario.rs");
    let blocks: Vec<String> = docs
        .split("//! ```toml\n")
        .skip(1)
        .map(|rest| rest.split("//! ```").next().unwrap().lines().map(|l| l.trim_start_matches("//!").to_owned() + "\n").collect())
        .collect();
    assert_eq!(blocks.len(), 2);
    let base = Scenario::parse(&blocks[0], "holiday.toml").unwrap();
    assert_eq!(base.demand.len(), 4);
    assert_eq!(base.time.end(), "10:00".parse().unwrap());
    let what_if = ScenarioFile::parse(&blocks[1], "closed.toml").unwrap();
    assert_eq!(what_if.extends.as_deref(), Some("holiday.toml"));
    let what_if = what_if.resolve(Some(base.clone())).unwrap();
    assert_eq!(what_if.edits.len(), base.edits.len() + 1);
    assert_eq!(what_if.demand, base.demand);
}

#[test]
fn faults_name_place_and_nearest_key() {
    let faults = [
        fault("version = 1\nname = \"h\"\nsede = 3\n"),
        fault_after_head("[models.vehicles]\nspeed_deviaton = 0.1\n"),
        fault_after_head("[[demand]]\nname = \"a\"\nkind = \"vehicles_od\"\n"),
        fault_after_head("[[demand]]\nname = \"a\"\nkind = \"walk_od\"\nfile = \"../a.csv\"\n"),
        fault_after_head("[[demand]]\nname = \"a\"\nkind = \"walk_od\"\nfile = \"a.csv\"\nevery = 3\n"),
        fault_after_head("[output]\nlinks = 0\n"),
        fault_after_head("[[edits]]\nobject = \"a\"\nlane = 0\nproperty = \"closed\"\nold = false\nnew = true\n"),
        fault_after_head("[[edits]]\nobject = \"a\"\nproperty = \"closed\"\nold = false\nnew = 3\n"),
        fault_after_head("[[edits]]\ndemand = \"a\"\nproperty = \"scale\"\nold = 1\nnew = 2\n"),
        fault("version = 1\nname = \"h\"\n[base]\nstore = \"c.gpkg\"\n[time]\nstart = \"9h\"\nduration = 600\n"),
        fault("version = 1\nname = \"h\"\n[base]\nstore = \"c.gpkg\"\n"),
        fault("version = 2\nnew_key = 1\n"),
        fault("version = 1\nname = \"h\n"),
    ];
    insta::assert_snapshot!(faults.join("\n"));
}

#[test]
fn paths_stay_inside_the_folder() {
    for good in ["a.csv", "demand/a.csv", "./a.csv"] {
        assert_eq!(confined(good), Ok(()), "{good}");
    }
    for bad in ["", "/etc/passwd", "../a.csv", "demand/../../a.csv", "C:a.csv", "..\\a.csv"] {
        assert!(confined(bad).is_err(), "{bad}");
    }
}

fn time() -> impl Strategy<Value = SimTime> {
    (0..200_000_000i64).prop_map(SimTime::from_ms)
}

fn id() -> impl Strategy<Value = ObjectId> {
    "\\PC{1,8}".prop_map(ObjectId::from)
}

fn number() -> impl Strategy<Value = f64> {
    0.001..1e6f64
}

fn edit() -> impl Strategy<Value = Edit> {
    let direction = prop_oneof![Just(Direction::Forward), Just(Direction::Backward)];
    let object = (id(), prop::option::of(direction.clone())).prop_map(|(id, direction)| Target::Object { id, direction });
    let lane = (id(), direction, 0..5u32).prop_map(|(id, direction, index)| Target::Lane { id, direction, index });
    let road = (prop_oneof![object, lane], prop_oneof![
        (any::<bool>(), any::<bool>()).prop_map(|(a, b)| (Property::Closed, EditValue::Flag(a), EditValue::Flag(b))),
        (number(), number()).prop_map(|(a, b)| (Property::SpeedLimitMps, EditValue::Number(a), EditValue::Number(b))),
    ]);
    let signal = (id().prop_map(|id| Target::Signal { id }), prop_oneof![
        prop::collection::vec((number(), number()), 1..5).prop_map(|pairs| {
            let (a, b) = pairs.into_iter().unzip();
            (Property::PhaseDurationsS, EditValue::Numbers(a), EditValue::Numbers(b))
        }),
        (number(), number()).prop_map(|(a, b)| (Property::OffsetS, EditValue::Number(a), EditValue::Number(b))),
    ]);
    (prop_oneof![road, signal], prop::option::of(time()), prop::option::of(1..1_000_000i64), prop::option::of("\\PC{0,12}")).prop_map(
        |((target, (property, old, new)), from, length, note)| {
            let until = length.map(|ms| from.unwrap_or(SimTime::ZERO) + SimTime::from_ms(ms));
            Edit { from, until, note, ..Edit::new(target, property, old, new) }
        },
    )
}

fn demand_kind() -> impl Strategy<Value = DemandKind> {
    let vehicle = prop_oneof![Just(VehicleKind::Car), Just(VehicleKind::Truck), Just(VehicleKind::Bus)];
    let to = (id(), number()).prop_map(|(object, share)| Destination { object, share });
    let trains = (prop::collection::vec(id(), 1..4), 1..9_000_000i64, time(), prop::option::of(time()), number(), number(), prop::collection::vec(to, 1..4));
    prop_oneof![
        vehicle.prop_map(|vehicle| DemandKind::VehicleOd { file: "demand/a.csv".into(), vehicle }),
        Just(DemandKind::WalkOd { file: "b.csv".into() }),
        prop::collection::vec(id(), 0..3).prop_map(|lines| DemandKind::Transit { lines }),
        trains.prop_map(|(platforms, every, first, last, passengers, alighting, to)| DemandKind::Trains {
            platforms,
            every: SimTime::from_ms(every),
            first,
            last,
            passengers,
            alighting,
            to
        }),
    ]
}

fn models() -> impl Strategy<Value = Models> {
    let some = || prop::option::of(number());
    let vehicles = (some(), some(), some()).prop_map(|(step, patience, speed_deviation)| VehicleModel {
        step,
        patience,
        speed_deviation,
        teleport_after: patience,
    });
    let walkers = some().prop_map(|step| WalkerModel { step });
    let rerouting = (prop::option::of(0.0..1.0f64), some()).prop_map(|(share, period)| Rerouting { share, period });
    let hybrid = "[a-z0-9, .]{1,20}".prop_map(|inside| super::HybridModel { inside });
    (prop::option::of(vehicles), prop::option::of(walkers), prop::option::of(hybrid), prop::option::of(rerouting))
        .prop_map(|(vehicles, walkers, hybrid, rerouting)| Models { vehicles, walkers, hybrid, rerouting })
}

fn scenario() -> impl Strategy<Value = Scenario> {
    let head = ("[a-z0-9-]{1,12}", "\\PC{0,12}", "\\PC{0,12}", prop::collection::btree_set(0..i64::MAX as u64, 1..4));
    let zones = prop::collection::btree_map("\\PC{1,8}", prop::collection::vec(id(), 0..3), 0..3);
    let demand = prop::collection::vec((0.0..100.0f64, demand_kind()), 0..5);
    let tail = (prop::collection::vec(edit(), 0..5), 0.0..100.0f64, number(), prop::option::of("[0-9a-f]{16}"));
    (head, time(), 1..90_000_000i64, zones, demand, models(), tail).prop_map(
        |((name, en, zh, seeds), start, duration, zones, demand, models, (edits, tracks, links, content_hash))| Scenario {
            name,
            title: Title { en, zh },
            seeds: seeds.into_iter().collect(),
            base: Base { store: "city.gpkg".into(), content_hash, state: None },
            time: Time { date: Some("2024-02-29".into()), start, duration: SimTime::from_ms(duration) },
            zones,
            demand: demand.into_iter().enumerate().map(|(i, (scale, kind))| Demand { name: format!("d{i}"), scale, kind }).collect(),
            models,
            edits,
            output: Output { tracks, links },
        },
    )
}

proptest! {
    #[test]
    fn what_is_written_reads_back_equal(scenario in scenario()) {
        let text = scenario.to_toml();
        match Scenario::parse(&text, "a.toml") {
            Ok(back) => prop_assert_eq!(back, scenario),
            Err(e) => prop_assert!(false, "{}\n{}", e, text),
        }
    }

    #[test]
    fn no_text_panics(text in "[\\[\\]a-z=\"0-9.\\n ]{0,200}") {
        let _ = Scenario::parse(&format!("{HEAD}{text}"), "a.toml");
    }
}
