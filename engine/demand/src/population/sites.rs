//! Where people live, work, learn, shop and spend free time: buildings, by what their source says of them.

use super::Assumptions;
use super::assumptions::Use;
use qike_core::bounds::in_ring;
use qike_core::Bounds2;
use qike_scene::{CityObject, Class, Geometry, GeometryKind, ObjectIx, SceneSnapshot};
use std::collections::BTreeMap;

/// Attributes that say what a building is used for, the surest first.
const USES: [&str; 14] = ["building", "class", "function", "usage", "building:use", "amenity", "shop", "office", "tourism", "leisure", "industrial", "bldg:class", "bldg:function", "bldg:usage"];
/// Attributes whose mere presence says it, and the word for it.
const KINDS: [(&str, &str); 4] = [("shop", "shop"), ("office", "office"), ("tourism", "tourism"), ("leisure", "leisure")];
/// Attributes that state the number of storeys.
const STOREYS: [&str; 7] = ["storeysAboveGround", "storeys_above_ground", "building:levels", "levels", "numberOfStoreys", "storeys", "楼层"];
/// Nobody lives higher than that, storeys.
const MOST_STOREYS: f64 = 200.0;
/// Words of land use, and what they mean for buildings on it.
const LAND: [(&str, &str); 9] = [
    ("residential", "residential"), ("commercial", "office"), ("retail", "retail"), ("industrial", "industrial"), ("education", "school"), ("school", "school"), ("university", "university"),
    ("farmyard", "farm"), ("construction", "construction"),
];

/// A building where people are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Site {
    /// The object.
    pub object: ObjectIx,
    /// Its middle, in the CRS of the scene.
    pub at: [f64; 2],
    /// Who live there.
    pub residents: f64,
    /// Who work there.
    pub jobs: f64,
    /// Who learn there.
    pub pupils: f64,
    /// How much it attracts who shop.
    pub shopping: f64,
    /// How much it attracts in free time.
    pub leisure: f64,
}

/// What was found.
#[derive(Clone, Debug, Default)]
pub struct Sites {
    /// Buildings with anybody in them, by id.
    pub sites: Vec<Site>,
    /// Buildings by use.
    pub uses: BTreeMap<String, u64>,
    /// Buildings whose source states residents or jobs itself.
    pub stated: u64,
}

/// Area in plan: of closed bodies, which are seen from above and below, half of all surfaces.
fn area(geometry: &Geometry) -> f64 {
    let point = |i: &u32| geometry.vertices.get(*i as usize).copied().unwrap_or_default();
    let flat = |corners: &[u32]| {
        let Some(first) = corners.first().map(point) else { return 0.0 };
        let sum: f64 = corners.windows(2).map(|w| {
            let (a, b) = (point(&w[0]), point(&w[1]));
            (a[0] - first[0]) * (b[1] - first[1]) - (b[0] - first[0]) * (a[1] - first[1])
        }).sum();
        sum.abs() / 2.0
    };
    let surfaces = || geometry.surfaces().map(|s| s.rings().enumerate().map(|(n, ring)| if n == 0 { flat(ring) } else { -flat(ring) }).sum::<f64>().max(0.0)).sum::<f64>();
    match geometry.kind {
        GeometryKind::MultiPoint | GeometryKind::MultiLine => 0.0,
        GeometryKind::Mesh => geometry.indices.chunks_exact(3).map(flat).sum::<f64>() / 2.0,
        GeometryKind::MultiSurface | GeometryKind::CompositeSurface => surfaces(),
        GeometryKind::Solid | GeometryKind::MultiSolid | GeometryKind::CompositeSolid => surfaces() / 2.0,
    }
}

/// Area in plan of an object, or of its parts.
fn footprint(scene: &SceneSnapshot, ix: ObjectIx) -> f64 {
    let own = scene.get(ix).coarsest().map_or(0.0, area);
    if own > 0.0 {
        return own;
    }
    scene.children(ix).iter().filter(|c| scene.get(**c).class == Class::BuildingPart).map(|c| scene.get(*c).coarsest().map_or(0.0, area)).sum()
}

fn words(object: &CityObject) -> Vec<&str> {
    let said = USES.iter().filter_map(|key| object.str(key)).flat_map(|text| text.split([';', ',']));
    said.chain(KINDS.iter().filter(|(key, _)| object.attributes.contains_key(*key)).map(|(_, word)| *word)).collect()
}

/// The land use around a place.
fn land(scene: &SceneSnapshot, at: [f64; 2]) -> Option<&'static str> {
    let here = scene.window(&Bounds2 { min: at, max: at });
    here.into_iter().map(|ix| scene.get(ix)).filter(|o| o.class == Class::LandUse).find_map(|object| {
        let word = ["landuse", "class", "function", "usage"].iter().filter_map(|key| object.str(key)).find_map(|word| LAND.iter().find(|(land, _)| *land == word))?;
        let geometry = object.coarsest()?;
        let inside = geometry.surfaces().any(|s| s.rings().filter(|ring| {
            let points: Vec<[f64; 2]> = ring.iter().filter_map(|i| geometry.vertices.get(*i as usize)).map(|p| [p[0], p[1]]).collect();
            in_ring(&points, at)
        }).count() % 2 == 1);
        inside.then_some(word.1)
    })
}

/// Finds them in a scene. What a building's attributes `residents`, `population` and `jobs` state holds before what its floors suggest.
pub fn sites(scene: &SceneSnapshot, assumptions: &Assumptions) -> Sites {
    let mut all = Sites::default();
    for ix in scene.of_class(Class::Building) {
        let object = scene.get(*ix);
        let mut bounds = scene.bounds_of(*ix);
        scene.children(*ix).iter().for_each(|c| bounds.merge(&scene.bounds_of(*c)));
        if bounds.is_empty() {
            continue;
        }
        let middle = bounds.centre();
        let at = [middle[0], middle[1]];
        let stated = |keys: &[&str]| keys.iter().filter_map(|key| object.number(key)).find(|n| (0.0..=1e6).contains(n));
        let (residents, jobs) = (stated(&["residents", "population"]), stated(&["jobs", "employees"]));
        let plan = footprint(scene, *ix);
        let own = assumptions.use_of(words(object)).or_else(|| land(scene, at).and_then(|word| assumptions.use_of([word])));
        let used: Option<&Use> = own.or_else(|| assumptions.rest().filter(|rest| plan >= rest.least_m2));
        let height = object.number("measuredHeight").or_else(|| object.number("height")).unwrap_or(bounds.max[2] - bounds.min[2]);
        let storeys = STOREYS.iter().filter_map(|key| object.number(key)).find(|n| *n > 0.0).unwrap_or_else(|| (height / assumptions.storey_m).floor()).clamp(1.0, MOST_STOREYS);
        let hundreds = plan * storeys * assumptions.used / 100.0;
        let of = |part: fn(&Use) -> f64| used.map_or(0.0, |u| part(u) * hundreds);
        let site = Site {
            object: *ix,
            at,
            residents: residents.unwrap_or_else(|| of(|u| u.residents)),
            jobs: jobs.unwrap_or_else(|| of(|u| u.jobs)),
            pupils: of(|u| u.pupils),
            shopping: of(|u| u.shopping),
            leisure: of(|u| u.leisure),
        };
        all.stated += u64::from(residents.is_some() || jobs.is_some());
        *all.uses.entry(used.map_or("none", |u| &u.name).to_owned()).or_default() += 1;
        if [site.residents, site.jobs, site.pupils, site.shopping, site.leisure].iter().any(|v| *v > 0.0) {
            all.sites.push(site);
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use qike_core::Crs;
    use qike_scene::{Lod, SourceId};
    use serde_json::json;

    fn square(id: &str, class: Class, at: f64, side: f64, tags: &[(&str, serde_json::Value)]) -> CityObject {
        let mut object = CityObject::new(id, class, SourceId(0));
        let ring = vec![[at, 0.0, 0.0], [at + side, 0.0, 0.0], [at + side, side, 0.0], [at, side, 0.0], [at, 0.0, 0.0]];
        object.geometries.push(Geometry::polygon(Lod::ZERO, &[ring]));
        object.attributes = tags.iter().map(|(k, v)| ((*k).to_owned(), v.clone())).collect();
        object
    }

    #[test]
    fn floors_and_words_make_people() {
        let objects = vec![
            square("a", Class::Building, 0.0, 20.0, &[("building", json!("apartments")), ("building:levels", json!("5"))]),
            square("b", Class::Building, 100.0, 10.0, &[("building", json!("yes"))]),
            square("c", Class::Building, 200.0, 10.0, &[("building", json!("garage"))]),
            square("d", Class::Building, 300.0, 10.0, &[("residents", json!(7)), ("jobs", json!(3))]),
            square("e", Class::LandUse, 90.0, 50.0, &[("landuse", json!("industrial"))]),
            square("f", Class::Building, 400.0, 5.0, &[]),
        ];
        let scene = SceneSnapshot::new(Crs::local(), vec![], objects, vec![]);
        let found = sites(&scene, &Assumptions::given().unwrap());
        // 400 m² on 5 floors, three quarters used: 1500 m² with 2.5 on a hundred.
        assert_eq!(found.sites.iter().map(|s| scene.get(s.object).id.as_str()).collect::<Vec<_>>(), ["a", "b", "d"]);
        assert!((found.sites[0].residents - 37.5).abs() < 1e-9, "{:?}", found.sites[0]);
        assert!(found.sites[1].residents == 0.0 && (found.sites[1].jobs - 1.875).abs() < 1e-9, "on industrial land: {:?}", found.sites[1]);
        assert_eq!((found.sites[2].residents, found.sites[2].jobs, found.stated), (7.0, 3.0, 1));
        assert_eq!(found.uses.get("none").copied(), Some(2));
    }
}
