//! A person's day: where, until when, and how one goes on.

use super::assumptions::{Activity, Assumptions, Role};
use super::Site;
use qike_core::CounterRng;

/// Ways are longer than the beeline by this factor.
const DETOUR: f64 = 1.3;
/// Nothing takes less than that, ms.
const LEAST_MS: i64 = 300_000;
/// A day's last departure: two in the night, ms.
const LAST_MS: i64 = 26 * 3_600_000;
/// An hour, ms.
const HOUR_MS: f64 = 3_600_000.0;

/// Being somewhere.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stay {
    /// What for.
    pub activity: Activity,
    /// Where: a place among the sites.
    pub site: u32,
    /// When one leaves, ms; none: one stays.
    pub until_ms: Option<i64>,
    /// Mode by which one leaves: a place among the modes.
    pub mode: Option<u32>,
}

/// A person.
#[derive(Clone, Debug, PartialEq)]
pub struct Person {
    /// Number of the household.
    pub household: u32,
    /// Years.
    pub age: u8,
    /// What one is.
    pub role: Role,
    /// The day, from home to home.
    pub stays: Vec<Stay>,
}

fn km(a: &Site, b: &Site) -> f64 {
    (a.at[0] - b.at[0]).hypot(a.at[1] - b.at[1]) / 1000.0
}

/// The mode for a way of so many km: a draw by a logit over those that are open to the person.
pub(super) fn mode(assumptions: &Assumptions, age: u8, km: f64, open: &CounterRng, rng: &mut CounterRng) -> u32 {
    let mut open = *open;
    let usable: Vec<(u32, f64)> = (0..).zip(&assumptions.modes).filter(|(_, m)| {
        // Drawn for each mode, so that who has no car has none on any way.
        let has = open.uniform() < m.open_to;
        has && age >= m.from_age
    }).map(|(n, m)| (n, m.constant + m.per_km * km)).collect();
    let best = usable.iter().map(|u| u.1).fold(f64::NEG_INFINITY, f64::max);
    let sum: f64 = usable.iter().map(|u| (u.1 - best).exp()).sum();
    let mut at = rng.uniform() * sum;
    for (n, utility) in &usable {
        at -= (utility - best).exp();
        if at < 0.0 {
            return *n;
        }
    }
    usable.last().map_or(0, |u| u.0)
}

/// The stays of one who is at `home` and goes to `places` (activity and site; home among them divides ways out).
pub(super) fn stays(assumptions: &Assumptions, sites: &[Site], home: u32, age: u8, places: &[(Activity, u32)], rng: &mut CounterRng, open: &CounterRng) -> Vec<Stay> {
    let mut all = vec![Stay { activity: Activity::Home, site: home, until_ms: None, mode: None }];
    let Some((first, _)) = places.first() else { return all };
    let doing = |activity: Activity| assumptions.activities.get(&activity);
    // The hour by its share, the moment within it evenly.
    let shares = doing(*first).map_or([1.0; 24], |d| d.departures);
    let mut at = rng.uniform() * shares.iter().sum::<f64>();
    let hour = shares.iter().position(|s| {
        at -= s;
        at < 0.0
    }).unwrap_or(8);
    let mut now = ((hour as f64 + rng.uniform()) * HOUR_MS) as i64;
    for way in places.split(|p| p.0 == Activity::Home) {
        if way.is_empty() {
            continue;
        }
        let far = way.iter().map(|p| km(&sites[home as usize], &sites[p.1 as usize])).fold(0.0, f64::max);
        let mode = mode(assumptions, age, far, open, rng);
        let speed = assumptions.modes[mode as usize].km_h;
        let back = [(Activity::Home, home)];
        for (activity, site) in way.iter().chain(&back) {
            let Some(here) = all.last_mut() else { continue };
            // Who is late for all that one wanted to do leaves it out.
            if now >= LAST_MS && *activity != Activity::Home {
                continue;
            }
            (here.until_ms, here.mode) = (Some(now), Some(mode));
            let way_ms = km(&sites[here.site as usize], &sites[*site as usize]) * DETOUR / speed * HOUR_MS;
            let [mean, deviation] = doing(*activity).map_or([1.0, 0.0], |d| d.hours);
            let stay_ms = (rng.normal(mean, deviation) * HOUR_MS) as i64;
            now = now.saturating_add((way_ms as i64).saturating_add(stay_ms.max(LEAST_MS)));
            all.push(Stay { activity: *activity, site: *site, until_ms: None, mode: None });
        }
        if now >= LAST_MS {
            break;
        }
    }
    all
}
