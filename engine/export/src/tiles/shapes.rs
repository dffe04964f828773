//! What of an object is drawn: which of its geometries near and far, in which colour, and a stand-in for what is only a point.

use qike_scene::{CityObject, Class, Geometry, GeometryKind};

/// True for what stands inside other things and is not seen from afar.
fn is_inside(object: &CityObject) -> bool {
    use Class::*;
    matches!(
        object.class,
        BuildingRoom | BuildingFurniture | Storey | BridgeRoom | BridgeFurniture | TunnelFurniture | HollowSpace | UtilityNetworkElement
    ) || (object.parent.is_some() && matches!(object.class, Door | Window | BuildingInstallation | BuildingConstructiveElement))
}

fn has_triangles(g: &Geometry) -> bool {
    !g.indices.is_empty() && (g.kind.has_surfaces() || g.kind == GeometryKind::Mesh)
}

/// The geometry that is drawn: the finest with surfaces (the coarsest one above a footprint, from afar), else lines, else points.
pub fn drawn(object: &CityObject, coarse: bool) -> Option<&Geometry> {
    let solid = || object.geometries.iter().filter(|g| has_triangles(g));
    let found = if coarse {
        if is_inside(object) {
            return None;
        }
        solid().filter(|g| g.lod.major() > 0).min_by_key(|g| g.lod).or_else(|| solid().min_by_key(|g| g.lod))
    } else {
        solid().max_by_key(|g| g.lod)
    };
    let of = |kind: GeometryKind| object.geometries.iter().filter(move |g| g.kind == kind && !g.indices.is_empty()).max_by_key(|g| g.lod);
    found.or_else(|| of(GeometryKind::MultiLine)).or_else(|| of(GeometryKind::MultiPoint).filter(|_| !coarse))
}

/// True where an object looks different from afar, or is not there.
pub fn differs_coarse(object: &CityObject) -> bool {
    match (drawn(object, true), drawn(object, false)) {
        (Some(a), Some(b)) => !std::ptr::eq(a, b),
        (a, b) => a.is_some() != b.is_some(),
    }
}

/// A stand-in for points: vertices around the foot (metres east, north, up), triangles, colour.
pub struct StandIn {
    /// Vertices.
    pub vertices: Vec<[f32; 3]>,
    /// Corners of triangles.
    pub indices: Vec<u32>,
    /// Colour.
    pub colour: [f32; 4],
}

/// The stand-ins by number.
pub const STAND_INS: usize = 4;

/// The stand-in for an object, and its size: width and height in metres.
pub fn stand_in(object: &CityObject) -> (usize, [f32; 2]) {
    let metres = |key: &str| object.number(key).filter(|n| (0.05..200.0).contains(n)).map(|n| n as f32);
    let function = object.str("function").unwrap_or_default();
    match object.class {
        Class::SolitaryVegetationObject => {
            let height = metres("height").unwrap_or(8.0);
            (0, [metres("crownDiameter").or_else(|| metres("crown_diameter_m")).unwrap_or(height * 0.6), height])
        }
        Class::CityFurniture if function.contains("lamp") => (1, [0.35, metres("height").unwrap_or(8.0)]),
        Class::CityFurniture if function.contains("manhole") => (2, [0.7, 0.05]),
        Class::CityFurniture => (3, [0.4, metres("height").unwrap_or(1.5)]),
        _ => (2, [0.5, 0.5]),
    }
}

/// The shape of a stand-in: one metre wide and high.
pub fn shape_of(number: usize) -> StandIn {
    let (mut vertices, mut indices) = (Vec::new(), Vec::new());
    let mut prism = |low: f32, high: f32, below: f32, above: f32| {
        const SIDES: u32 = 6;
        let start = vertices.len() as u32;
        for k in 0..SIDES {
            let (sin, cos) = (f64::from(k) * std::f64::consts::TAU / f64::from(SIDES)).sin_cos();
            vertices.push([cos as f32 * below / 2.0, sin as f32 * below / 2.0, low]);
            vertices.push([cos as f32 * above / 2.0, sin as f32 * above / 2.0, high]);
        }
        for k in 0..SIDES {
            let [a, b] = [start + 2 * k, start + 2 * ((k + 1) % SIDES)];
            indices.extend([a, b, b + 1, a, b + 1, a + 1]);
        }
        for k in 1..SIDES - 1 {
            indices.extend([start + 1, start + 2 * k + 1, start + 2 * k + 3]);
        }
    };
    let colour = match number {
        0 => {
            prism(0.0, 0.3, 0.08, 0.06);
            prism(0.25, 0.6, 0.6, 1.0);
            prism(0.6, 1.0, 1.0, 0.2);
            [0.38, 0.56, 0.33, 1.0]
        }
        1 => {
            prism(0.0, 0.95, 0.5, 0.3);
            prism(0.95, 1.0, 2.0, 1.4);
            [0.35, 0.36, 0.38, 1.0]
        }
        2 => {
            prism(0.0, 1.0, 1.0, 1.0);
            [0.30, 0.30, 0.32, 1.0]
        }
        _ => {
            prism(0.0, 1.0, 1.0, 0.9);
            [0.62, 0.58, 0.50, 1.0]
        }
    };
    StandIn { vertices, indices, colour }
}
