//! Zones as places to stand: where walks begin and end.

use super::City;
use super::area::centre;
use super::spread::Weighted;
use qike_core::CounterRng;
use qike_network::{AnchorKind, AreaIx, AreaKind, WalkNetwork};
use qike_scene::ObjectIx;
use qike_sim::WalkPlace;
use std::collections::BTreeMap;

/// Walkable ground farther than this from a place is none of its own.
const WITHIN_M: f64 = 200.0;

/// Somewhere to stand: anywhere in an area, or at one place of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Spot {
    Anywhere(AreaIx),
    At(WalkPlace),
}

/// Finds the walkable areas of zones.
pub(super) struct Ground<'a> {
    city: &'a City<'a>,
    of_object: BTreeMap<&'a str, Vec<AreaIx>>,
    known: BTreeMap<String, Result<Weighted<Spot>, String>>,
}

impl<'a> Ground<'a> {
    pub(super) fn new(city: &'a City<'a>) -> Self {
        let mut of_object: BTreeMap<&str, Vec<AreaIx>> = BTreeMap::new();
        for (ix, area) in city.walks.areas.iter().enumerate() {
            if let Some(object) = &area.object {
                of_object.entry(object.as_str()).or_default().push(AreaIx::new(ix));
            }
        }
        Self { city, of_object, known: BTreeMap::new() }
    }

    /// Where people of a zone or an object stand; `Err` says what is wrong with the name.
    pub(super) fn spots(&mut self, name: &str) -> Result<Weighted<Spot>, String> {
        if let Some(known) = self.known.get(name) {
            return known.clone();
        }
        let found = self.find(name);
        self.known.insert(name.to_owned(), found.clone());
        found
    }

    fn find(&self, name: &str) -> Result<Weighted<Spot>, String> {
        let mut spots = Vec::new();
        for object in self.city.objects(name)? {
            spots.extend(self.of_object(object));
        }
        Weighted::new(spots).ok_or_else(|| format!("'{name}': nobody can walk there, nor within {WITHIN_M} m of it"))
    }

    /// The object and all that is part of it.
    fn family(&self, ix: ObjectIx) -> Vec<ObjectIx> {
        let (mut family, mut at) = (vec![ix], 0);
        while let Some(member) = family.get(at).copied() {
            family.extend(self.city.scene.children(member));
            at += 1;
        }
        family
    }

    /// Areas of the object and its parts; else its entrances and doors; else the nearest ground outdoors.
    fn of_object(&self, ix: ObjectIx) -> Vec<(Spot, f64)> {
        let walks = self.city.walks;
        let family = self.family(ix);
        let ids: Vec<&str> = family.iter().map(|member| self.city.scene.get(*member).id.as_str()).collect();
        let areas: Vec<AreaIx> = ids.iter().filter_map(|id| self.of_object.get(id)).flatten().copied().filter(|a| !walks.area(*a).closed).collect();
        let passage = |kind: AreaKind| matches!(kind, AreaKind::Stair | AreaKind::Escalator | AreaKind::Lift | AreaKind::Ramp);
        let stay: Vec<AreaIx> = areas.iter().copied().filter(|a| !passage(walks.area(*a).kind)).collect();
        let areas = if stay.is_empty() { areas } else { stay };
        if !areas.is_empty() {
            return areas.into_iter().map(|a| (Spot::Anywhere(a), walks.area(a).area_m2)).collect();
        }
        let of_it = |a: &&qike_network::Anchor| a.object.as_ref().is_some_and(|o| ids.contains(&o.as_str()));
        let anchors: Vec<_> = walks.anchors.iter().filter(of_it).map(|a| (Spot::At(place(a)), 1.0)).collect();
        if !anchors.is_empty() {
            return anchors;
        }
        let Some(at) = centre(self.city.scene, ix) else { return Vec::new() };
        nearest(walks, [at[0], at[1]]).map(|p| (Spot::At(p), 1.0)).into_iter().collect()
    }

    /// Where the doors of trains open at a platform: its anchors, else places spread over it.
    pub(super) fn train_doors(&mut self, platform: &str) -> Result<Vec<WalkPlace>, String> {
        let spots = self.spots(platform)?;
        let areas: Vec<AreaIx> = spots.items().iter().map(Spot::area).collect();
        let walks = self.city.walks;
        let doors = walks.anchors.iter().filter(|a| a.kind == AnchorKind::TrainDoor && areas.contains(&a.area));
        let doors: Vec<WalkPlace> = doors.map(place).collect();
        if !doors.is_empty() {
            return Ok(doors);
        }
        // A train of six cars with four doors each; the same places for every seed.
        Ok((0..24).map(|door| self.place(&spots, &mut CounterRng::new(24, door, 0))).collect())
    }

    /// A place among the spots.
    pub(super) fn place(&self, spots: &Weighted<Spot>, rng: &mut CounterRng) -> WalkPlace {
        match spots.draw(rng) {
            Spot::At(place) => place,
            Spot::Anywhere(area) => WalkPlace { area, position: within(self.city.walks, area, rng) },
        }
    }
}

impl Spot {
    fn area(&self) -> AreaIx {
        match self {
            Spot::Anywhere(area) => *area,
            Spot::At(place) => place.area,
        }
    }
}

fn place(anchor: &qike_network::Anchor) -> WalkPlace {
    WalkPlace { area: anchor.area, position: [anchor.position[0], anchor.position[1]] }
}

/// A place in a convex area, every square metre as likely, drawn a tenth towards the middle so that nobody starts in a wall.
fn within(walks: &WalkNetwork, area: AreaIx, rng: &mut CounterRng) -> [f64; 2] {
    let ring = walks.ring(area);
    let centre = walks.area(area).centre;
    let cross = |b: [f64; 3], c: [f64; 3]| {
        let a = ring[0];
        ((b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])).abs()
    };
    let triangles = (1..ring.len().saturating_sub(1)).map(|i| (i, cross(ring[i], ring[i + 1])));
    let Some(fan) = Weighted::new(triangles) else { return [centre[0], centre[1]] };
    let i = fan.draw(rng);
    let (mut u, mut v) = (rng.uniform(), rng.uniform());
    if u + v > 1.0 {
        (u, v) = (1.0 - u, 1.0 - v);
    }
    [0, 1].map(|axis| {
        let p = ring[0][axis] + u * (ring[i][axis] - ring[0][axis]) + v * (ring[i + 1][axis] - ring[0][axis]);
        centre[axis] + 0.9 * (p - centre[axis])
    })
}

/// The nearest place outdoors.
fn nearest(walks: &WalkNetwork, p: [f64; 2]) -> Option<WalkPlace> {
    let mut best: Option<(f64, WalkPlace)> = None;
    for (ix, area) in walks.areas.iter().enumerate().filter(|(_, a)| !a.kind.indoor() && a.kind != AreaKind::Crossing && !a.closed) {
        let away = ((area.centre[0] - p[0]).powi(2) + (area.centre[1] - p[1]).powi(2)).sqrt();
        let reach = area.area_m2.sqrt() * 4.0 + WITHIN_M;
        if away > reach + best.map_or(WITHIN_M, |b| b.0) {
            continue;
        }
        let ring = walks.ring(AreaIx::new(ix));
        for (i, a) in ring.iter().enumerate() {
            let b = ring[(i + 1) % ring.len()];
            let (dx, dy) = (b[0] - a[0], b[1] - a[1]);
            let length2 = dx * dx + dy * dy;
            let along = if length2 > 0.0 { (((p[0] - a[0]) * dx + (p[1] - a[1]) * dy) / length2).clamp(0.0, 1.0) } else { 0.0 };
            let q = [a[0] + along * dx, a[1] + along * dy];
            let away = ((q[0] - p[0]).powi(2) + (q[1] - p[1]).powi(2)).sqrt();
            if away <= WITHIN_M && best.is_none_or(|b| away < b.0) {
                // A little inside the edge.
                let position = [0, 1].map(|axis| q[axis] + 0.1 * (area.centre[axis] - q[axis]));
                best = Some((away, WalkPlace { area: AreaIx::new(ix), position }));
            }
        }
    }
    best.map(|(_, place)| place)
}
