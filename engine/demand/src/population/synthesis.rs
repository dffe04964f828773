//! The making of a population.

use super::assumptions::{Activity, Assumptions, Role};
use super::day::{Person, stays};
use super::zones::{Grid, grid};
use super::Site;
use crate::gravity::{Wish, gravity, whole};
use qike_core::{CounterRng, Cancelled, Diagnostic, Feedback};
use std::collections::BTreeMap;

/// What draws are for.
const HOUSEHOLDS: u64 = 1;
const DAYS: u64 = 2;
const ORDER: u64 = 3;
const PLACES: u64 = 4;
const TIMES: u64 = 5;
const OPEN: u64 = 6;

/// How a population is made.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// So many persons; none: as many as live in the buildings.
    pub persons: Option<u64>,
    /// Side of zones, m.
    pub zone_m: f64,
    /// Seed.
    pub seed: u64,
}

/// Mean distances from home of an activity, km.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Distances {
    /// That was asked for.
    pub wanted: f64,
    /// Of the table between zones.
    pub zones: f64,
    /// Between the buildings themselves.
    pub buildings: f64,
    /// Exponent of the table, 1/km.
    pub beta: f64,
    /// So often it is done.
    pub number: u64,
}

/// A population.
#[derive(Clone, Debug, Default)]
pub struct Population {
    /// Persons: by home, then by household.
    pub persons: Vec<Person>,
    /// Households.
    pub households: u64,
    /// Zones.
    pub grid: Grid,
    /// By activity.
    pub distances: BTreeMap<Activity, Distances>,
    /// What is doubtful.
    pub findings: Vec<Diagnostic>,
}

/// A draw by shares.
fn pick(shares: impl Iterator<Item = f64> + Clone, rng: &mut CounterRng) -> usize {
    let mut at = rng.uniform() * shares.clone().sum::<f64>();
    let mut last = 0;
    for (n, share) in shares.enumerate().filter(|(_, s)| *s > 0.0) {
        last = n;
        at -= share;
        if at < 0.0 {
            break;
        }
    }
    last
}

/// What a site offers for an activity.
fn offer(site: &Site, activity: Activity) -> f64 {
    match activity {
        Activity::Home => site.residents,
        Activity::Work => site.jobs,
        Activity::School => site.pupils,
        Activity::Shop => site.shopping,
        Activity::Leisure => site.leisure,
    }
}

/// Somebody at home, without a day yet.
struct Resident {
    home: u32,
    household: u32,
    age: u8,
    role: Role,
}

fn age(assumptions: &Assumptions, child: bool, rng: &mut CounterRng) -> u8 {
    if child {
        return rng.below(18) as u8;
    }
    let band = assumptions.adults[pick(assumptions.adults.iter().map(|a| a.share), rng)];
    band.from + rng.below(u64::from(band.to - band.from) + 1) as u8
}

fn role(assumptions: &Assumptions, age: u8, rng: &mut CounterRng) -> Role {
    let at = rng.uniform();
    match assumptions.roles.iter().find(|r| (r.from..=r.to).contains(&age)) {
        Some(r) if at < r.worker => Role::Worker,
        Some(r) if at < r.worker + r.pupil => Role::Pupil,
        _ => Role::Other,
    }
}

/// Households in buildings: as many residents as each has.
fn residents(sites: &[Site], assumptions: &Assumptions, options: &Options) -> (Vec<Resident>, u64) {
    let sum: f64 = sites.iter().map(|s| s.residents).sum();
    let scale = if sum > 0.0 { options.persons.map_or(1.0, |n| n as f64 / sum) } else { 0.0 };
    let (mut all, mut households) = (Vec::new(), 0_u32);
    let (mut want, mut given) = (0.5, 0_u64);
    for (home, site) in (0_u32..).zip(sites) {
        want += site.residents * scale;
        let mut left = (want.floor() as u64).saturating_sub(given);
        given += left;
        let mut rng = CounterRng::new(options.seed, u64::from(home), HOUSEHOLDS);
        while left > 0 {
            let size = (pick(assumptions.households.sizes.iter().copied(), &mut rng) as u64 + 1).min(left);
            for member in 0..size {
                let child = match member {
                    0 => false,
                    1 => rng.uniform() >= assumptions.households.second_adult,
                    _ => rng.uniform() < assumptions.households.further_child,
                };
                let age = age(assumptions, child, &mut rng);
                all.push(Resident { home, household: households, age, role: role(assumptions, age, &mut rng) });
            }
            left -= size;
            households += 1;
        }
    }
    (all, u64::from(households))
}

/// Makes a population of sites.
///
/// # Errors
/// Where the user stops it.
pub fn populate(sites: &[Site], assumptions: &Assumptions, options: &Options, feedback: &Feedback) -> Result<Population, Cancelled> {
    let grid = grid(sites, options.zone_m);
    let (people, households) = residents(sites, assumptions, options);
    let mut population = Population { households, ..Population::default() };
    // What each does: the day's activities, each with the site that is found for it.
    let mut days: Vec<Vec<(Activity, u32)>> = (0_u64..).zip(&people).map(|(n, person)| {
        let mut rng = CounterRng::new(options.seed, n, DAYS);
        let some: Vec<_> = assumptions.days.iter().filter(|d| d.who == person.role).collect();
        let day = some[pick(some.iter().map(|d| d.share), &mut rng)];
        day.does.iter().map(|a| (*a, person.home)).collect()
    }).collect();
    let distances = grid.distances();
    for activity in Activity::OUT {
        feedback.check()?;
        let task = feedback.task(format!("find places of {}", activity.name()), 0);
        place(activity, sites, &grid, &distances, &people, &mut days, assumptions, options, &mut population);
        drop(task);
    }
    let task = feedback.task("make days", people.len() as u64);
    for (n, (person, places)) in (0_u64..).zip(people.iter().zip(&days)) {
        if n.is_multiple_of(4096) {
            feedback.check()?;
            task.advance(4096);
        }
        let mut rng = CounterRng::new(options.seed, n, TIMES);
        let open = CounterRng::new(options.seed, n, OPEN);
        let stays = stays(assumptions, sites, person.home, person.age, places, &mut rng, &open);
        population.persons.push(Person { household: person.household, age: person.age, role: person.role, stays });
    }
    population.grid = grid;
    Ok(population)
}

/// Finds the sites of all who do something.
#[allow(clippy::too_many_arguments)] // All of it is made once, by the one who calls.
fn place(
    activity: Activity, sites: &[Site], grid: &Grid, distances: &[f64], people: &[Resident], days: &mut [Vec<(Activity, u32)>], assumptions: &Assumptions, options: &Options, population: &mut Population,
) {
    let zones = grid.zones.len();
    let fixed = matches!(activity, Activity::Work | Activity::School);
    let mut who: Vec<Vec<(u32, u32)>> = vec![Vec::new(); zones];
    for (n, day) in (0_u32..).zip(days.iter()) {
        let home = grid.of[people[n as usize].home as usize] as usize;
        let times = (0_u32..).zip(day).filter(|(_, d)| d.0 == activity).map(|(at, _)| (n, at));
        // One has one place of work, however often one goes there.
        who[home].extend(times.take(if fixed { 1 } else { usize::MAX }));
    }
    let rows: Vec<f64> = who.iter().map(|w| w.len() as f64).collect();
    let columns: Vec<f64> = grid.zones.iter().map(|z| z.sites.iter().map(|s| offer(&sites[*s as usize], activity)).sum()).collect();
    let wanted = assumptions.activities.get(&activity).map_or(1.0, |d| d.mean_km);
    let number: f64 = rows.iter().sum();
    if number == 0.0 {
        return;
    }
    if columns.iter().sum::<f64>() <= 0.0 {
        let fault = Diagnostic::warning("no-place", format!("no building offers anything for '{}': {number} persons who would go there leave it out", activity.name()));
        population.findings.push(fault.help("give uses to buildings, or change the assumptions (--assumptions)"));
        days.iter_mut().for_each(|day| day.retain(|d| d.0 != activity));
        return;
    }
    let table = gravity(&rows, &columns, distances, &Wish { mean: wanted, both: fixed });
    if !table.met {
        let fault = Diagnostic::warning("distance-not-met", format!("ways from home to '{}' cannot be {wanted} km on average in this city: they are {:.2} km", activity.name(), table.mean));
        population.findings.push(fault.help("the scene may be a part of a larger city; state mean_km of what stays within it with --assumptions"));
    }
    let numbers = whole(&table);
    // How far along its sites a zone's offer has come.
    let sums: Vec<Vec<f64>> = grid.zones.iter().map(|z| {
        let mut sum = 0.0;
        z.sites.iter().map(|s| {
            sum += offer(&sites[*s as usize], activity);
            sum
        }).collect()
    }).collect();
    let (mut km, mut count) = (0.0, 0_u64);
    for (home, here) in who.iter_mut().enumerate() {
        // Neighbours do not go to the same place because they are neighbours.
        let mut rng = CounterRng::new(options.seed, home as u64, ORDER << 8 | activity as u64);
        for n in (1..here.len()).rev() {
            here.swap(n, rng.below(n as u64 + 1) as usize);
        }
        let mut to = numbers[home * zones..(home + 1) * zones].iter().enumerate().flat_map(|(zone, n)| std::iter::repeat_n(zone, usize::try_from(*n).unwrap_or(0)));
        // Rounding may leave a row one short: then it is one of its likeliest zone.
        let likeliest = table.row(home).iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1)).map_or(home, |m| m.0);
        for (person, at) in here.iter() {
            let zone = to.next().unwrap_or(likeliest);
            let mut rng = CounterRng::new(options.seed, u64::from(*person), (PLACES << 8 | activity as u64) << 16 | u64::from(*at));
            let draw = rng.uniform() * sums[zone].last().copied().unwrap_or(0.0);
            let site = sums[zone].partition_point(|s| *s <= draw).min(sums[zone].len().saturating_sub(1));
            let site = grid.zones[zone].sites[site];
            let (a, b) = (sites[people[*person as usize].home as usize].at, sites[site as usize].at);
            km += (a[0] - b[0]).hypot(a[1] - b[1]) / 1000.0;
            count += 1;
            let day = &mut days[*person as usize];
            for (n, stop) in (0_u32..).zip(day.iter_mut()) {
                if stop.0 == activity && (fixed || n == *at) {
                    stop.1 = site;
                }
            }
        }
    }
    population.distances.insert(activity, Distances { wanted, zones: table.mean, buildings: km / count.max(1) as f64, beta: table.beta, number: count });
}
