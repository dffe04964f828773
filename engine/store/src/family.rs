//! Which objects are checked with one another: parts and rooms of one building, the graph of its cells, buildings that stand in
//! one another's way.

use qike_core::{Bounds3, Diagnostic};
use qike_scene::valid::together::{self, Kind};
use qike_scene::valid::{self, Tolerances, indoor};
use qike_scene::{CityObject, Class};
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// Pairs of buildings whose objects are in memory at a time.
pub const PAIRS_AT_ONCE: usize = 4096;

/// Buildings that overlap others, as far as they are told singly: a city imported twice has as many as it has houses.
const MOST_TOLD: usize = 1000;

/// Who is part of whom, as far as checks of several objects at once need it.
#[derive(Default)]
pub struct Family {
    /// Object → parent.
    pub parents: BTreeMap<String, Option<String>>,
    /// Buildings, their parts and rooms.
    members: BTreeMap<String, (Class, bool)>,
    /// Cells, states and transitions.
    indoor: BTreeSet<String>,
    /// Buildings and parts that enclose something.
    boxes: BTreeMap<String, Bounds3>,
}

impl Family {
    /// Takes an object in.
    pub fn add(&mut self, object: &CityObject) {
        let id = object.id.as_str();
        self.parents.insert(id.to_owned(), object.parent.as_ref().map(|p| p.as_str().to_owned()));
        let has_geometry = !object.geometries.is_empty();
        // Cells of doors are cells as those of rooms are.
        let class = if indoor::is_cell(object) { Class::BuildingRoom } else { object.class };
        match class {
            Class::Building | Class::BuildingPart | Class::BuildingRoom => drop(self.members.insert(id.to_owned(), (class, has_geometry))),
            // Only that it has a geometry counts.
            class if has_geometry => drop(self.members.insert(id.to_owned(), (class, true))),
            _ => {}
        }
        if indoor::is_part(object) {
            self.indoor.insert(id.to_owned());
        }
        let encloses = |g: &qike_scene::Geometry| g.kind.is_solid() || g.kind == qike_scene::GeometryKind::Mesh;
        if matches!(class, Class::Building | Class::BuildingPart) && object.geometries.iter().any(encloses) {
            self.boxes.insert(id.to_owned(), object.bounds());
        }
    }

    /// The building that an object belongs to, itself included.
    fn building_of<'f>(&'f self, id: &'f str) -> Option<&'f str> {
        let is_building = |id: &str| self.members.get(id).is_some_and(|(class, _)| *class == Class::Building);
        let up = |id: &'f str| self.parents.get(id).and_then(Option::as_deref);
        std::iter::successors(Some(id), |at| up(at)).take(64).find(|at| is_building(at))
    }

    /// Objects that must not overlap: the parts of one building, the rooms of one building.
    pub fn groups(&self) -> Vec<(Kind, Vec<&str>)> {
        let mut groups: BTreeMap<(&str, bool), Vec<&str>> = BTreeMap::new();
        for (id, (class, has_geometry)) in &self.members {
            let part = matches!(class, Class::Building | Class::BuildingPart);
            if let Some(building) = self.building_of(id).filter(|_| *has_geometry && (part || *class == Class::BuildingRoom)) {
                groups.entry((building, part)).or_default().push(id);
            }
        }
        let kind = |part: bool| if part { Kind::Parts } else { Kind::Rooms };
        groups.into_iter().filter(|(_, ids)| ids.len() > 1).map(|((_, part), ids)| (kind(part), ids)).collect()
    }

    /// The cells, states and transitions of each building.
    pub fn graphs(&self) -> Vec<Vec<&str>> {
        let mut graphs: BTreeMap<Option<&str>, Vec<&str>> = BTreeMap::new();
        self.indoor.iter().for_each(|id| graphs.entry(self.building_of(id)).or_default().push(id));
        graphs.into_values().collect()
    }

    /// Pairs of objects of different buildings whose boxes overlap, sorted.
    pub fn neighbours(&self, tolerances: &Tolerances) -> Vec<(&str, &str)> {
        let (ids, boxes): (Vec<&str>, Vec<Bounds3>) = self.boxes.iter().map(|(id, bounds)| (id.as_str(), *bounds)).unzip();
        let of = |id: &'_ str| self.building_of(id).unwrap_or(id).to_owned();
        let pairs = together::near(&boxes, tolerances).into_iter().filter_map(|(a, b)| Some((*ids.get(a)?, *ids.get(b)?)));
        pairs.filter(|(a, b)| of(a) != of(b)).collect()
    }

    /// 906, as a warning: buildings of which neither they nor anything that is part of them has a geometry.
    pub fn without_geometry(&self) -> Vec<Diagnostic> {
        let shown: BTreeSet<&str> = self.members.iter().filter(|(_, (_, has))| *has).filter_map(|(id, _)| self.building_of(id)).collect();
        let bare = self.members.iter().filter(|(id, (class, _))| *class == Class::Building && !shown.contains(id.as_str()));
        let tell = |id: &String| Diagnostic::warning(valid::text(906), format!("{}: neither the building nor a part of it has a geometry", valid::name(906))).object(id);
        bare.map(|(id, _)| tell(id)).collect()
    }
}

/// The ids of pairs, each once.
pub fn distinct<'i>(pairs: &[(&'i str, &'i str)]) -> Vec<&'i str> {
    let mut ids: Vec<&str> = pairs.iter().flat_map(|(a, b)| [*a, *b]).collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

/// Buildings that overlap other buildings: a warning, `buildings-overlap`. val3dity's 601 speaks of the parts of one building only;
/// two buildings in one place are most often one building from two sources.
#[derive(Default)]
pub struct Crowd {
    told: Vec<Diagnostic>,
    more: usize,
}

impl Crowd {
    /// Checks pairs whose objects are at hand.
    pub fn check(&mut self, pairs: &[(&str, &str)], objects: &[&CityObject], tolerances: &Tolerances) {
        let bodies: BTreeMap<&str, _> = objects.par_iter().map(|o| (o.id.as_str(), together::bodies(o, tolerances))).collect();
        let found: Vec<Option<Diagnostic>> = pairs
            .par_iter()
            .map(|(a, b)| {
                let (lod, position) = together::overlap(bodies.get(a)?, bodies.get(b)?, tolerances)?;
                let message = format!("it fills space that the building '{a}' fills too");
                let help = "if they are one building from two sources, remove one of the sources; --overlap-tol allows for walls that reach into one another";
                Some(Diagnostic::warning("buildings-overlap", message).object(*b).path(format!("LOD {lod}")).position(position).help(help))
            })
            .collect();
        for warning in found.into_iter().flatten() {
            if self.told.len() < MOST_TOLD { self.told.push(warning) } else { self.more += 1 }
        }
    }

    /// What was found.
    pub fn finish(mut self) -> Vec<Diagnostic> {
        if self.more > 0 {
            let message = format!("{} more pairs of buildings overlap", self.more);
            self.told.push(Diagnostic::warning("buildings-overlap", message));
        }
        self.told
    }
}
