//! A running city goes on under a changed scenario.

use super::Micro;
use super::control::Control;
use super::departing::departures;
use super::follow::Kind;
use super::lights::Lights;
use super::reroute::Rerouters;
use super::routing::Knowledge;
use crate::edited::{built_alike, changeable, other_plans};
use qike_network::streets::Streets;
use qike_network::traffic::TrafficScenario;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

impl Micro {
    /// Goes on under a scenario that differs from the one it was made of.
    pub(super) fn change_to(&mut self, was: &TrafficScenario, is: &TrafficScenario) -> Result<(), String> {
        changeable(was, is)?;
        let new = is.demand.kinds.get(was.demand.kinds.len()..).unwrap_or_default();
        self.world.kinds.extend(new.iter().map(|k| Kind::new(k, self.world.dt)));
        let map = was.map != is.map;
        if map {
            self.change_map(was, is)?;
        }
        if map || was.extras != is.extras {
            self.change_extras(is);
        }
        if was.settings.rerouting != is.settings.rerouting {
            self.knowledge = is.settings.rerouting.map(|(share, period_ms)| Knowledge::new(&self.world, share, period_ms));
        }
        // Ways are found on the map as it is.
        if map || was.demand != is.demand {
            self.change_demand(is);
        }
        self.end_ms = is.settings.end_ms.unwrap_or(i64::MAX);
        self.teleport_after_ms = is.settings.teleport_after_ms.unwrap_or(i64::MAX);
        Ok(())
    }

    fn change_map(&mut self, was: &TrafficScenario, is: &TrafficScenario) -> Result<(), String> {
        let (streets, _) = Streets::from_map(&is.map)?;
        built_alike(&self.world.streets, &streets)?;
        for (lane, new) in streets.lanes.iter().enumerate() {
            if was.map.lanes.get(lane).is_none_or(|old| old.speed_mps != is.map.lanes[lane].speed_mps) {
                self.world.limit[lane] = new.speed;
            }
        }
        let w = &mut self.world;
        w.streets = Arc::new(streets);
        w.choice = (0..w.streets.edges.len() as u32).map(|e| super::change::has_choice(&w.streets, e)).collect();
        self.lights.change(Lights::new(w, &is.map, w.now_ms), &other_plans(&was.map, &is.map), w);
        Ok(())
    }

    /// Signs, closures and rerouters: all that has begun by now holds from now on.
    fn change_extras(&mut self, is: &TrafficScenario) {
        self.control.change(Control::new(is), &mut self.world);
        let known = std::mem::take(&mut self.rerouters.known);
        self.rerouters = Rerouters::new(is);
        self.rerouters.known = known;
        self.world.heeded = Vec::new();
        if self.rerouters.edges().next().is_some() {
            self.world.heeded = vec![false; self.world.streets.edges.len()];
            self.rerouters.edges().for_each(|e| self.world.heeded[e as usize] = true);
        }
        self.look_at_lanes_again();
    }

    /// Who is to depart from now on. Who is in both scenarios keeps his number, and with it his chance.
    fn change_demand(&mut self, is: &TrafficScenario) {
        let now = self.world.now_ms;
        let listed = departures(is, &self.world.kinds, &self.world.streets, self.world.seed);
        let w = &mut self.world;
        let old = &self.queue.all;
        let (gone, to_come) = old.split_at(self.queue.next);
        let gone_ids: HashSet<&str> = gone.iter().map(|d| d.id.as_str()).collect();
        let mut numbers: HashMap<&str, u32> = to_come.iter().map(|d| (d.id.as_str(), d.number)).collect();
        numbers.extend(self.trips.stayed.iter().map(|s| (s.id.as_str(), s.vehicle)));
        let mut fresh = old.iter().map(|d| d.number).chain(self.trips.stayed.iter().map(|s| s.vehicle)).max().map_or(0, |n| n + 1);
        let mut number = |id: &str| {
            numbers.get(id).copied().unwrap_or_else(|| {
                fresh += 1;
                fresh - 1
            })
        };
        let mut places: HashMap<Arc<[u32]>, u32> = (0..).zip(&w.paths).map(|(n, path)| (path.clone(), n)).collect();
        let mut all: Vec<_> = gone.to_vec();
        for mut who in listed.all.into_iter().filter(|d| d.depart_ms > now - w.dt_ms) {
            // A flow of another density counts its vehicles anew.
            while gone_ids.contains(who.id.as_str()) {
                who.id.push('+');
            }
            who.number = number(&who.id);
            let path = &listed.paths[who.path as usize];
            who.path = *places.entry(path.clone()).or_insert_with(|| {
                w.paths.push(path.clone());
                w.paths.len() as u32 - 1
            });
            all.push(Arc::new(who));
        }
        let stays = |planned_ms: i64| planned_ms > now - w.dt_ms;
        let mut stayed: Vec<_> = listed.stayed.into_iter().filter(|s| stays(s.planned_ms)).collect();
        stayed.iter_mut().for_each(|s| s.vehicle = number(&s.id));
        let before = (old.len() + self.trips.stayed.len()) as u64;
        let stayed_before = self.trips.stayed.len() as u64;
        self.trips.stayed.retain(|s| !stays(s.planned_ms));
        self.trips.stayed.append(&mut stayed);
        let counts = &mut self.trips.counts;
        counts.loaded = counts.loaded + (all.len() + self.trips.stayed.len()) as u64 - before;
        counts.discarded = counts.discarded + self.trips.stayed.len() as u64 - stayed_before;
        self.queue.all = all.into();
    }
}
