//! The people of a town of squares.

use qike_core::Feedback;
use qike_demand::population::{Activity, Assumptions, Options, Population, Role, Site, populate};
use qike_scene::ObjectIx;

/// Homes in the west, jobs and shops in the east, schools here and there.
fn town() -> Vec<Site> {
    (0..400_u32).map(|n| {
        let (x, y) = (f64::from(n % 20), f64::from(n / 20));
        let east = x / 20.0;
        Site {
            object: ObjectIx(n), at: [x * 900.0, y * 900.0], residents: 40.0 * (1.0 - east), jobs: 30.0 * east, pupils: if n % 3 == 0 { 30.0 * (1.0 - east) } else { 0.0 },
            shopping: if n % 5 == 0 { 10.0 } else { 0.0 }, leisure: 3.0,
        }
    }).collect()
}

fn people(options: &Options) -> (Vec<Site>, Population) {
    let sites = town();
    let population = populate(&sites, &Assumptions::given().unwrap(), options, &Feedback::silent()).unwrap();
    (sites, population)
}

const OPTIONS: Options = Options { persons: Some(20_000), zone_m: 1300.0, seed: 1 };

#[test]
fn days_begin_and_end_at_home_and_go_forward() {
    let (_, population) = people(&OPTIONS);
    assert_eq!(population.persons.len(), 20_000);
    for person in &population.persons {
        let (first, last) = (person.stays[0], person.stays[person.stays.len() - 1]);
        assert_eq!((first.activity, last.activity, first.site), (Activity::Home, Activity::Home, last.site));
        assert!(last.until_ms.is_none() && last.mode.is_none());
        let leaves: Vec<i64> = person.stays[..person.stays.len() - 1].iter().map(|s| s.until_ms.unwrap()).collect();
        assert!(leaves.is_sorted() && leaves.iter().all(|t| *t >= 0), "{leaves:?}");
        assert!(person.role != Role::Pupil || (6..=24).contains(&person.age));
        assert!(person.stays.iter().all(|s| s.activity != Activity::Work || person.role == Role::Worker));
    }
}

#[test]
fn mean_distances_are_those_that_were_asked_for() {
    let (_, population) = people(&OPTIONS);
    for (activity, d) in &population.distances {
        assert!((d.zones - d.wanted).abs() < 0.01 * d.wanted, "{activity:?} {d:?}");
        assert!((d.buildings - d.wanted).abs() < 0.05 * d.wanted, "{activity:?} {d:?}");
    }
    assert_eq!(population.distances.len(), 4);
    assert!(population.findings.is_empty(), "{:?}", population.findings);
}

#[test]
fn residents_and_jobs_are_where_buildings_are() {
    let (sites, population) = people(&OPTIONS);
    let total: f64 = sites.iter().map(|s| s.residents).sum();
    let mut homes = vec![0.0; sites.len()];
    let mut workers = vec![0.0; population.grid.zones.len()];
    for person in &population.persons {
        homes[person.stays[0].site as usize] += 1.0;
        if let Some(work) = person.stays.iter().find(|s| s.activity == Activity::Work) {
            workers[population.grid.of[work.site as usize] as usize] += 1.0;
        }
    }
    for (site, homes) in sites.iter().zip(&homes) {
        assert!((homes - site.residents * 20_000.0 / total).abs() <= 1.0);
    }
    // Places of work are taken in proportion to jobs, zone by zone, but for rounding.
    let (all, jobs): (f64, f64) = (workers.iter().sum(), sites.iter().map(|s| s.jobs).sum());
    let off: f64 = population.grid.zones.iter().zip(&workers).map(|(zone, workers)| {
        let here: f64 = zone.sites.iter().map(|s| sites[*s as usize].jobs).sum();
        (workers - here * all / jobs).abs()
    }).sum();
    assert!(off / all < 0.12, "{off} of {all}");
}

#[test]
fn near_ways_are_walked_and_far_ones_driven() {
    let assumptions = Assumptions::given().unwrap();
    let (sites, population) = people(&OPTIONS);
    let name = |n: u32| assumptions.modes[n as usize].name.as_str();
    let (mut near, mut far) = ([0_u32; 2], [0_u32; 2]);
    for person in population.persons.iter().filter(|p| p.age >= 18) {
        let home = sites[person.stays[0].site as usize].at;
        if let Some(mode) = person.stays[0].mode.filter(|_| person.stays.len() == 3) {
            let there = sites[person.stays[1].site as usize].at;
            let km = (home[0] - there[0]).hypot(home[1] - there[1]) / 1000.0;
            let counts = if km < 0.8 { &mut near } else if km > 5.0 { &mut far } else { continue };
            counts[0] += 1;
            counts[1] += u32::from(name(mode) == if km < 0.8 { "walk" } else { "car" });
        }
    }
    assert!(near[0] > 100 && near[1] * 2 > near[0], "{near:?}");
    assert!(far[0] > 100 && far[1] * 2 > far[0], "{far:?}");
    // Nobody below 18 drives.
    assert!(population.persons.iter().filter(|p| p.age < 18).all(|p| p.stays.iter().all(|s| s.mode.is_none_or(|m| name(m) != "car"))));
}

#[test]
fn the_same_seed_gives_the_same_people() {
    let (a, b, c) = (people(&OPTIONS).1, people(&OPTIONS).1, people(&Options { seed: 2, ..OPTIONS }).1);
    assert_eq!(a.persons, b.persons);
    assert_ne!(a.persons, c.persons);
}

#[test]
fn a_village_without_jobs_is_told() {
    let sites: Vec<Site> = town().into_iter().take(20).map(|s| Site { jobs: 0.0, pupils: 0.0, shopping: 0.0, ..s }).collect();
    let population = populate(&sites, &Assumptions::given().unwrap(), &Options { zone_m: 500.0, ..OPTIONS }, &Feedback::silent()).unwrap();
    assert!(population.findings.iter().filter(|f| f.code == "no-place").count() == 3);
    assert!(population.persons.iter().all(|p| p.stays.iter().all(|s| matches!(s.activity, Activity::Home | Activity::Leisure))));
    let nobody = populate(&[], &Assumptions::given().unwrap(), &OPTIONS, &Feedback::silent()).unwrap();
    assert!(nobody.persons.is_empty());
}
