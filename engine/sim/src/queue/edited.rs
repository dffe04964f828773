//! A running city of queues goes on under a changed scenario.

use super::act::START_MS;
use super::lights::Lights;
use super::net::Net;
use super::{Given, Queues};
use crate::edited::{built_alike, changeable, other_plans};
use qike_network::streets::Streets;
use qike_network::traffic::TrafficScenario;
use std::sync::Arc;

impl Queues {
    /// Goes on under a scenario that differs from the one it was made of.
    pub(super) fn change_to(&mut self, was: &TrafficScenario, is: &TrafficScenario) -> Result<(), String> {
        changeable(was, is)?;
        if was.demand != is.demand {
            return Err("the demand of a running city of queues cannot change: run this scenario from its beginning, or vehicles lane by lane".into());
        }
        let end_ms = is.settings.end_ms.unwrap_or(i64::MAX);
        if was.map == is.map && self.given.end_ms == end_ms {
            return Ok(());
        }
        let streets = Arc::new(Streets::from_map(&is.map)?.0);
        built_alike(&self.given.net.streets, &streets)?;
        let old = &*self.given;
        let (lights, _) = Lights::new(&is.map, old.begin_ms);
        let given = Given {
            net: Net::new(streets, &old.kinds),
            kinds: old.kinds.clone(),
            paths: old.paths.clone(),
            people: old.people.clone(),
            by_number: old.by_number.clone(),
            queues: old.queues.clone(),
            times: old.times.clone(),
            findings: old.findings.clone(),
            lights,
            end_ms,
            ..*old
        };
        let given = Arc::new(given);
        self.given = given.clone();
        let anew = other_plans(&was.map, &is.map);
        let (lanes, edges) = (given.net.lanes.len(), self.waiting.len());
        for &light in &anew {
            let run = given.lights.begin(light, &self.lights[light], self.now);
            self.lights[light] = run;
            self.asleep[light].clear();
            if given.lights.actuated(light, &run) {
                self.calendar.set(run.until.max(self.now + 1), (lanes + edges + light) as u32);
            }
        }
        // Whoever waits for such a light looks at it again.
        for (fix, link) in given.net.links.iter().zip(&given.net.streets.links) {
            let n = link.from as usize;
            if anew.contains(&(fix.light as usize)) && self.lanes[n].count() > 0 {
                let date = self.lanes[n].due.min(self.now + START_MS);
                self.set(link.from, date);
            }
        }
        Ok(())
    }
}
