//! A snapshot as tiles: for each square of the plan and each layer one mesh, never one for each object.

use crate::mesh::{Builder, Kind, ON_GROUND, Paint, TileMesh, furniture, interior, lines, pipes, roads, surfaces, trees};
use crate::model::frame::{self, SceneFrame};
use crate::model::ground::Ground;
use crate::model::horizon;
use crate::model::layer::{Layer, layer_of};
use crate::model::palette;
use crate::model::shade::Shade;
use crate::model::storeys::inside_bounds;
use qike_scene::triangulate::triangulate;
use qike_scene::{CityObject, Class, Geometry, GeometryKind, ObjectIx, SceneSnapshot};
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Side of a tile, metres.
pub const TILE_M: f32 = 1024.0;
/// The number of "no object" in meshes: the ground.
pub const NO_OBJECT: u32 = u32::MAX;
/// Metres between the trees that stand for a wood, and how many at most stand for one.
const WOOD: (f32, usize) = (13.0, 1_200);

/// One mesh of the picture, in one or two levels of detail.
#[derive(Clone, Debug)]
pub struct Tile {
    /// Its layer.
    pub layer: Layer,
    /// Column and row of its square.
    pub square: [i32; 2],
    /// The finest level.
    pub near: Arc<TileMesh>,
    /// A coarser level for far away, where the objects have one and it is smaller.
    pub far: Option<Arc<TileMesh>>,
}

/// A city ready to be drawn.
pub struct City {
    /// The model.
    pub snapshot: Arc<SceneSnapshot>,
    /// Where the picture's zero lies.
    pub frame: SceneFrame,
    /// The ground.
    pub ground: Ground,
    /// All tiles, by layer and square.
    pub tiles: Vec<Tile>,
    /// Shadows and ambient light.
    pub shade: Shade,
    /// For each object the layer it is drawn in.
    pub layers: Vec<Option<Layer>>,
    /// Where the ground can be opened to show what is built below it.
    pub pit: Option<horizon::Pit>,
    /// Objects left out because their geometry is broken (not finite, or indices out of range).
    pub broken: Vec<ObjectIx>,
}

struct Sources<'a> {
    snapshot: &'a SceneSnapshot,
    frame: SceneFrame,
    ground: Ground,
    roads: roads::Roads,
}

impl City {
    /// Builds all tiles on all cores. The result does not depend on how many there are.
    pub fn build(snapshot: Arc<SceneSnapshot>) -> City {
        let frame = frame::centred(&snapshot.bounds());
        let ground = Ground::of(&snapshot, &frame);
        let roads = roads::Roads::of(&snapshot, &frame, &ground);
        let sources = Sources { snapshot: &snapshot, frame, ground, roads };
        let (mut layers, mut broken) = (vec![None; snapshot.objects().len()], Vec::new());
        let mut jobs: BTreeMap<(Layer, [i32; 2]), Vec<ObjectIx>> = BTreeMap::new();
        for (i, object) in snapshot.objects().iter().enumerate() {
            let ix = ObjectIx(i as u32);
            if object.geometries.iter().any(|g| !g.is_finite() || !g.is_consistent()) {
                broken.push(ix);
            }
            let Some(layer) = layer_in(&snapshot, object, ix).filter(|_| !object.geometries.is_empty()) else { continue };
            layers[i] = Some(layer);
            let bounds = snapshot.bounds_of(ix);
            if bounds.is_empty() || !drawn(&sources, object, ix) {
                continue;
            }
            let [x, _, z] = sources.frame.to_scene(bounds.centre());
            jobs.entry((layer, [(x / TILE_M).floor() as i32, (z / TILE_M).floor() as i32])).or_default().push(ix);
        }
        let jobs: Vec<_> = jobs.into_iter().collect();
        let built: Vec<Option<Tile>> = jobs
            .par_iter()
            .map(|((layer, square), objects)| {
                let near = build_mesh(&sources, *layer, objects, false)?;
                let far = layer.has_coarse_level().then(|| build_mesh(&sources, *layer, objects, true)).flatten();
                let far = far.filter(|far| far.bytes() * 10 < near.bytes() * 8).map(Arc::new);
                Some(Tile { layer: *layer, square: *square, near: Arc::new(near), far })
            })
            .collect();
        let mut tiles: Vec<Tile> = built.into_iter().flatten().collect();
        let extent = snapshot.bounds();
        let (low, high) = if extent.is_empty() {
            ([-500.0, 0.0, 500.0], [500.0, 0.0, -500.0])
        } else {
            (sources.frame.to_scene(extent.min), sources.frame.to_scene(extent.max))
        };
        tiles.extend(horizon::plain(&sources.ground, low, high));
        tiles.extend(horizon::sea(&snapshot, &sources.frame, &sources.ground));
        let pit = horizon::Pit::around(&inside_bounds(&snapshot, &layers), &sources.frame, &sources.ground);
        tiles.extend(pit.and_then(|pit| pit.tile(&sources.ground)));
        let shade = Shade::cast(&tiles, &sources.ground);
        let Sources { frame, ground, .. } = sources;
        City { snapshot, frame, ground, tiles, shade, layers, pit, broken }
    }

    /// Bytes of all meshes of a layer on the graphics card.
    pub fn bytes(&self, layer: Layer) -> usize {
        let of = |tile: &Tile| tile.near.bytes() + tile.far.as_ref().map_or(0, |far| far.bytes());
        self.tiles.iter().filter(|tile| tile.layer == layer).map(of).sum()
    }
}

/// An outline whose parts are modelled at least as finely is not drawn with them, or walls would flicker; nor are the axes of lanes
/// whose road is drawn.
fn drawn(sources: &Sources<'_>, object: &CityObject, ix: ObjectIx) -> bool {
    let is_line = |object: &CityObject| object.finest().is_some_and(|g| g.kind == GeometryKind::MultiLine);
    if object.class == Class::TrafficSpace && is_line(object) {
        let road = sources.snapshot.parent(ix).map(|parent| sources.snapshot.get(parent));
        return !road.is_some_and(|road| road.class == Class::Road && is_line(road));
    }
    let own = object.finest().map(|g| g.lod);
    object.class != Class::Building
        || !sources.snapshot.children(ix).iter().any(|child| {
            let part = sources.snapshot.get(*child);
            part.class == Class::BuildingPart && part.finest().map(|g| g.lod) >= own
        })
}

/// The layer of an object in its model: a building modelled from inside too, with all its parts, is an interior that can be cut open.
fn layer_in(snapshot: &SceneSnapshot, object: &CityObject, ix: ObjectIx) -> Option<Layer> {
    let layer = layer_of(object)?;
    let inside = layer == Layer::Buildings && (interior::has_rooms(snapshot, ix) || interior::is_inside(snapshot, ix));
    Some(if inside { Layer::Interior } else { layer })
}

fn build_mesh(sources: &Sources<'_>, layer: Layer, objects: &[ObjectIx], coarse: bool) -> Option<TileMesh> {
    let mut builder = Builder::default();
    for ix in objects {
        let object = sources.snapshot.get(*ix);
        let usable = object.geometries.iter().filter(|g| g.is_finite() && g.is_consistent());
        // Far away a block stands for a building; a footprint is no block.
        let blocks = usable.clone().filter(|g| g.lod.major() > 0).map(|g| g.lod);
        let lod = if coarse { blocks.min() } else { None }.or_else(|| usable.clone().map(|g| g.lod).max());
        // A level of detail may come in pieces: a closed solid, and the eaves that stand out from it.
        let pieces: Vec<&Geometry> = usable.filter(|g| Some(g.lod) == lod).collect();
        let has_faces = |g: &Geometry| !matches!(g.kind, GeometryKind::MultiPoint | GeometryKind::MultiLine);
        let faces = pieces.iter().any(|g| has_faces(g));
        for geometry in pieces.into_iter().filter(|g| !faces || has_faces(g)) {
            add_object(&mut builder, sources, layer, object, *ix, geometry, coarse);
        }
    }
    builder.finish()
}

fn add_object(
    b: &mut Builder,
    s: &Sources<'_>,
    layer: Layer,
    object: &CityObject,
    ix: ObjectIx,
    geometry: &Geometry,
    coarse: bool,
) {
    let detail = if coarse { trees::Detail::Simple } else { trees::Detail::Full };
    let (frame, ground) = (&s.frame, &s.ground);
    let is_line = geometry.kind == GeometryKind::MultiLine;
    let is_point = geometry.kind == GeometryKind::MultiPoint;
    let points = || surfaces::placed(geometry, frame, ground);
    match layer {
        Layer::Roads if is_line => roads::add_road(b, object, ix, &s.roads, frame, ground),
        Layer::Footways if is_line => roads::add_footway(b, object, ix, frame, ground),
        Layer::Rail if is_line => roads::add_rail(b, object, ix, frame, ground),
        Layer::Pipes if is_line => pipes::add_pipe(b, object, ix, geometry, frame, ground),
        Layer::Trees if is_point => points().iter().for_each(|p| trees::add_tree(b, object, ix, ix.0, *p, detail)),
        Layer::Furniture if is_point => points().iter().for_each(|p| furniture::add(b, object, ix, *p, &s.roads)),
        Layer::Interior if is_shell(object) => add_building(b, s, layer, object, ix, geometry),
        Layer::Interior => interior::add(b, s.snapshot, ix, geometry, frame, ground),
        Layer::Buildings | Layer::Pipes | Layer::Furniture if !is_line && !is_point => add_building(b, s, layer, object, ix, geometry),
        Layer::Trees if !is_line => {
            let paint = Paint { colour: [112, 156, 84], kind: Kind::Leaves, object: ix.0, foot: ON_GROUND };
            surfaces::add_solid(b, geometry, &points(), &paint, |_| Some((paint.colour, paint.kind)));
        }
        Layer::Ground => {
            let paint = Paint { colour: palette::GROUND, kind: Kind::Grass, object: ix.0, foot: ON_GROUND };
            surfaces::add_solid(b, geometry, &points(), &paint, |_| Some((paint.colour, paint.kind)));
        }
        Layer::Districts if !is_point => {
            let paint = Paint { colour: [96, 84, 160], kind: Kind::Glow, object: ix.0, foot: ON_GROUND };
            for r in 0..geometry.ring_ends.len() {
                let mut ring: Vec<lines::P> = geometry.ring(r).iter().map(|v| points()[*v as usize]).collect();
                ring.extend(ring.first().copied());
                lines::strip(b, &lines::clean(&ring), -1.5, 1.5, palette::lift(layer), &paint);
            }
        }
        Layer::Transit if is_line => {
            let paint = Paint { colour: palette::transit(object, ix.0), kind: Kind::Glow, object: ix.0, foot: ON_GROUND };
            for line in roads::axis_lines(object, frame, ground) {
                lines::strip(b, &line, -2.0, 2.0, palette::lift(layer), &paint);
            }
        }
        Layer::Water if is_line => {
            let width = object.number("width").map(|w| w as f32).filter(|w| (0.5..400.0).contains(w)).unwrap_or(6.0);
            let paint = Paint { colour: [58, 132, 168], kind: Kind::Water, object: ix.0, foot: ON_GROUND };
            for line in roads::axis_lines(object, frame, ground) {
                lines::strip(b, &line, -width / 2.0, width / 2.0, palette::lift(layer), &paint);
            }
        }
        Layer::LandUse | Layer::Green | Layer::Water | Layer::Squares | Layer::Parking | Layer::Roads | Layer::Footways
            if !is_point && !is_line =>
        {
            let (colour, kind) = palette::area(layer, object);
            let paint = Paint { colour, kind, object: ix.0, foot: ON_GROUND };
            // Smaller areas lie on larger ones.
            let size = s.snapshot.bounds_of(ix).size();
            let rank = 0.05 * (1.0 - ((size[0] * size[1]).max(1.0).log10() as f32 / 8.0).clamp(0.0, 1.0));
            surfaces::add_area(b, geometry, frame, ground, palette::lift(layer) + rank, &paint);
            if layer == Layer::Green && (object.str("natural") == Some("wood") || object.str("landuse") == Some("forest")) {
                let corners = points();
                let inside: Vec<_> = triangulate(geometry).indices.iter().map(|t| t.map(|v| corners[v as usize])).collect();
                for p in trees::scatter(&inside, WOOD.0, WOOD.1) {
                    trees::add_tree(b, object, ix, ix.0 ^ (p[0].to_bits() >> 8), p, trees::Detail::Simple);
                }
            }
        }
        _ => {}
    }
}

/// A building's hull as CityGML models it, with walls that have no thickness of their own.
fn is_shell(object: &CityObject) -> bool {
    matches!(object.class, Class::Building | Class::BuildingPart) && !object.attributes.contains_key("ifc_type")
}

fn add_building(b: &mut Builder, s: &Sources<'_>, layer: Layer, object: &CityObject, ix: ObjectIx, geometry: &Geometry) {
    if geometry.lod.major() == 0 && layer == Layer::Buildings && surfaces::is_plane(geometry) {
        // Only a footprint is known: show that much.
        let paint = Paint { colour: [222, 206, 190], kind: Kind::Plain, object: ix.0, foot: ON_GROUND };
        surfaces::add_area(b, geometry, &s.frame, &s.ground, 0.4, &paint);
        return;
    }
    let mut points = surfaces::placed(geometry, &s.frame, &s.ground);
    let foot = points.iter().map(|p| p[1]).fold(f32::INFINITY, f32::min);
    // Blocks of plane sources start at height 0: they are lifted onto the ground.
    let onto = if foot.abs() < 1e-3 && points.first().is_some_and(|p| s.ground.at(p[0], p[2]).abs() > 1e-3) {
        points.first().map_or(0.0, |p| s.ground.at(p[0], p[2]))
    } else {
        0.0
    };
    points.iter_mut().for_each(|p| p[1] += onto);
    // A part that starts higher up (a tower on a podium) keeps the windows of its whole building in line.
    let (wall, roof) = match s.snapshot.parent(ix).map(|parent| (parent, s.snapshot.get(parent))) {
        Some((parent, whole)) if object.class == Class::BuildingPart => palette::building(whole, parent.0),
        _ => palette::building(object, ix.0),
    };
    let is_building = matches!(object.class, Class::Building | Class::BuildingPart);
    let modelled = geometry.semantics.iter().any(|s| matches!(s.kind.as_str(), "Window" | "Door"));
    let detailed = modelled || !is_building || layer == Layer::Interior;
    let (doors, windows) = (interior::has_own(s.snapshot, ix, Class::Door), interior::has_own(s.snapshot, ix, Class::Window));
    let wall = if layer == Layer::Pipes { palette::pipe(object.str("network").unwrap_or_default()) } else { wall };
    let paint = Paint { colour: wall, kind: Kind::Plain, object: ix.0, foot: foot + onto };
    // Eaves that stand out from the hull are sheets.
    let loose = layer == Layer::Interior && !geometry.kind.is_solid() && geometry.kind != GeometryKind::Mesh;
    surfaces::add_solid(b, geometry, &points, &paint, |face| match face.semantic {
        Some("Door") if doors => None,
        Some("Window") if windows => None,
        // What is cut open needs its underside, so that the cut is seen to go through something.
        Some("GroundSurface") if layer == Layer::Interior => Some((wall, Kind::Plain)),
        _ => {
            let face = surfaces::building_face(face, wall, if layer == Layer::Pipes { wall } else { roof }, detailed);
            face.map(|(colour, kind)| (colour, if loose { Kind::Sheet } else { kind }))
        }
    });
}
