//! Zones as links: where vehicle trips begin and end.

use super::City;
use super::area::{Footprint, buildings, centre, people};
use super::spread::Weighted;
use qike_network::{LinkIx, Modes, NearestLinks, Reach, Router, reach};
use qike_scene::{Class, ObjectIx};
use std::collections::BTreeMap;

/// A road farther than this from a building or a point is none of its own.
const WITHIN_M: f64 = 500.0;

/// The links of a zone, for both ends of trips.
#[derive(Clone, Debug)]
pub(super) struct Ends {
    pub(super) origins: Option<Weighted<LinkIx>>,
    pub(super) destinations: Option<Weighted<LinkIx>>,
}

/// Finds the links of zones, for one kind of vehicle.
pub(super) struct Roads<'a> {
    city: &'a City<'a>,
    router: Router,
    reach: Reach,
    nearest: NearestLinks,
    of_object: BTreeMap<&'a str, Vec<LinkIx>>,
    known: BTreeMap<String, Result<Ends, String>>,
}

impl<'a> Roads<'a> {
    pub(super) fn new(city: &'a City<'a>, modes: Modes) -> Self {
        let router = Router::new(city.lanes, modes);
        let reach = reach(&router, city.lanes.links.len());
        let mut of_object: BTreeMap<&str, Vec<LinkIx>> = BTreeMap::new();
        for (ix, link) in city.lanes.links.iter().enumerate() {
            of_object.entry(link.object.as_str()).or_default().push(LinkIx::new(ix));
        }
        Self { city, router, reach, nearest: NearestLinks::new(city.lanes), of_object, known: BTreeMap::new() }
    }

    /// The links of a zone or an object; `Err` says what is wrong with the name.
    pub(super) fn ends(&mut self, name: &str) -> &Result<Ends, String> {
        if !self.known.contains_key(name) {
            let ends = self.find(name);
            self.known.insert(name.to_owned(), ends);
        }
        &self.known[name]
    }

    fn find(&self, name: &str) -> Result<Ends, String> {
        let mut links: BTreeMap<LinkIx, f64> = BTreeMap::new();
        for object in self.city.objects(name)? {
            for (link, weight) in self.of_object(object) {
                *links.entry(link).or_default() += weight;
            }
        }
        if links.is_empty() {
            return Err(format!("'{name}': no road for these vehicles within {WITHIN_M} m"));
        }
        let those = |may: &[bool]| Weighted::new(links.iter().filter(|(link, _)| may[link.ix()]).map(|(link, weight)| (*link, *weight)));
        Ok(Ends { origins: those(&self.reach.origin), destinations: those(&self.reach.destination) })
    }

    /// Links of one object with their weights: its own, else those beside the buildings in it, else those in it by their
    /// length, else the nearest.
    fn of_object(&self, ix: ObjectIx) -> Vec<(LinkIx, f64)> {
        let object = self.city.scene.get(ix);
        let open = |link: &LinkIx| self.router.is_open(*link);
        let by_length = |link: LinkIx| (link, self.city.lanes.link(link).length_m);
        if let Some(links) = self.of_object.get(object.id.as_str()) {
            return links.iter().copied().filter(|l| open(l)).map(by_length).collect();
        }
        let area = Footprint::of(object).filter(|_| object.class != Class::Building);
        if let Some(area) = area {
            let beside: Vec<_> = buildings(self.city.scene, &area)
                .into_iter()
                .flat_map(|(building, people)| self.beside(building).into_iter().map(move |link| (link, people)))
                .collect();
            if !beside.is_empty() {
                return beside;
            }
            let middle = |link: LinkIx| {
                let lane = &self.city.lanes.lanes_of(link)[0];
                let (at, _) = self.city.lanes.pose(&lane.shape, lane.length_m / 2.0);
                [at[0], at[1]]
            };
            let all = (0..self.city.lanes.links.len()).map(LinkIx::new);
            let within: Vec<_> = all.filter(open).filter(|link| area.contains(middle(*link))).map(by_length).collect();
            if !within.is_empty() {
                return within;
            }
        }
        self.beside(ix).into_iter().map(|link| (link, people(object).max(1.0))).collect()
    }

    /// The nearest road, in both directions where it has two.
    fn beside(&self, ix: ObjectIx) -> Vec<LinkIx> {
        let Some(at) = centre(self.city.scene, ix) else { return Vec::new() };
        let usable = |link: LinkIx| self.router.is_open(link) && (self.reach.origin[link.ix()] || self.reach.destination[link.ix()]);
        let Some(found) = self.nearest.nearest([at[0], at[1]], WITHIN_M, usable) else { return Vec::new() };
        let back = self.city.lanes.link(found.link).reverse.filter(|link| usable(*link));
        std::iter::once(found.link).chain(back).collect()
    }
}
