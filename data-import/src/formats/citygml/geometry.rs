//! Faces, lines and points of a feature at one level of detail to the scene's geometries.

use super::appearance::{Appearances, Worn, mapped};
use super::features::Renumber;
use super::shapes::{self, Face, Piece, Shapes, positions, rings};
use super::systems::Systems;
use super::tree::{Ix, Names, Tree};
use crate::ImportError;
use qike_scene::geometry::NONE;
use qike_scene::{CityObject, Geometry, GeometryBuilder, GeometryKind, Lod, Semantic};
use qike_core::fast_map::FastMap;
use std::collections::HashSet;

/// A ring is closed where it ends no further from its beginning, metres: val3dity's distance for vertices that are one.
const CLOSED_M: f64 = 0.001;
/// Rings of one geometry that are told singly as not closed.
const OPEN_TOLD: usize = 10;

/// Where the points of a ring stand in the document: number and position as written.
struct RingCorners {
    node: Ix,
    corners: Vec<(usize, [f64; 3])>,
}

/// Builds the geometries of a feature.
pub struct Builder<'a> {
    /// The member.
    pub tree: &'a Tree,
    /// Its names.
    pub names: &'a Names,
    /// Reference systems.
    pub systems: &'a mut Systems,
    /// The level of detail.
    pub lod: Lod,
    /// The feature's id, for messages.
    pub object: &'a str,
    /// Semantics of the feature's surfaces.
    pub semantics: &'a [&'a Semantic],
    /// Which face has which.
    pub owner: &'a FastMap<Ix, u32>,
    /// Materials and textures: the member's own, the document's.
    pub appearances: [&'a Appearances; 2],
    /// Triangles alone become a mesh.
    pub mesh: bool,
    /// Every ring counts as it is, also one without area.
    pub exact: bool,
    /// Rings left out.
    pub degenerate: usize,
    /// Lines left out.
    pub short: usize,
    /// Rings whose last point is not their first, with a place where each begins: the first few, and how many.
    pub open: (Vec<[f64; 3]>, usize),
    /// Surfaces whose texture gives them no coordinates.
    pub unmapped: usize,
    /// The numbers of the semantics that some face has.
    pub used: HashSet<u32>,
}

impl Builder<'_> {
    /// Appends the geometries of all shapes but the implicit ones.
    pub fn build(&mut self, shapes: &Shapes, out: &mut Vec<Geometry>) {
        if !shapes.solids.is_empty() {
            let kind = match (shapes.solids.len(), shapes.composite) {
                (1, false) => GeometryKind::Solid,
                (_, true) => GeometryKind::CompositeSolid,
                (_, false) => GeometryKind::MultiSolid,
            };
            let mut builder = GeometryBuilder::new(self.lod, kind);
            let mut renumber = Renumber::new(self.semantics);
            for solid in &shapes.solids {
                for shell in solid {
                    shell.iter().for_each(|face| self.face(face, &mut builder, &mut renumber));
                    builder.end_shell();
                }
                builder.end_solid();
            }
            self.used.extend(renumber.used());
            keep(builder, out);
        }
        if self.mesh && !shapes.faces.is_empty() && self.appearances.iter().all(|a| a.is_empty()) && let Some(mesh) = self.triangles(&shapes.faces) {
            out.push(mesh);
        } else if !shapes.faces.is_empty() {
            let mut builder = GeometryBuilder::new(self.lod, GeometryKind::MultiSurface);
            let mut renumber = Renumber::new(self.semantics);
            shapes.faces.iter().for_each(|face| self.face(face, &mut builder, &mut renumber));
            self.used.extend(renumber.used());
            keep(builder, out);
        }
        if !shapes.lines.is_empty() {
            let mut builder = GeometryBuilder::new(self.lod, GeometryKind::MultiLine);
            for line in &shapes.lines {
                let points = self.piece(line);
                if points.len() >= 2 {
                    builder.line(&points);
                } else {
                    self.short += 1;
                }
            }
            keep(builder, out);
        }
        if !shapes.points.is_empty() {
            let mut builder = GeometryBuilder::new(self.lod, GeometryKind::MultiPoint);
            for point in &shapes.points {
                self.piece(point).into_iter().for_each(|p| {
                    builder.point(p);
                });
            }
            keep(builder, out);
        }
    }

    /// A geometry of Qike's own export: its kind is known, and every ring is as it was.
    pub fn noted(&mut self, kind: GeometryKind, shapes: &Shapes) -> Option<Geometry> {
        self.exact = true;
        let mut builder = GeometryBuilder::new(self.lod, if kind == GeometryKind::Mesh { GeometryKind::MultiSurface } else { kind });
        let mut renumber = Renumber::new(self.semantics);
        match kind {
            GeometryKind::MultiPoint => {
                for point in &shapes.points {
                    self.piece(point).into_iter().for_each(|p| {
                        builder.point(p);
                    });
                }
            }
            GeometryKind::MultiLine => shapes.lines.iter().for_each(|line| {
                builder.line(&self.piece(line));
            }),
            _ => {
                for solid in &shapes.solids {
                    for shell in solid {
                        shell.iter().for_each(|face| self.face(face, &mut builder, &mut renumber));
                        builder.end_shell();
                    }
                    builder.end_solid();
                }
                shapes.faces.iter().for_each(|face| self.face(face, &mut builder, &mut renumber));
            }
        }
        self.exact = false;
        self.used.extend(renumber.used());
        let mut geometry = builder.build();
        if kind == GeometryKind::Mesh {
            if geometry.indices.len() != 3 * geometry.surface_ends.len() {
                return None;
            }
            geometry = Geometry { kind, ring_ends: Vec::new(), surface_ends: Vec::new(), ..geometry };
        }
        Some(geometry)
    }

    fn face(&mut self, face: &Face, builder: &mut GeometryBuilder, renumber: &mut Renumber<'_>) {
        let mut worn = Vec::new();
        for appearances in self.appearances.iter().filter(|a| !a.is_empty()) {
            appearances.of(self.tree, self.names, face.node, &mut worn);
        }
        let mut corners = worn.iter().any(|w| w.texture.is_some()).then(Vec::new);
        let Some(rings) = self.rings(face, corners.as_mut()) else { return };
        let semantic = self.owner.get(&face.node).map_or(NONE, |number| renumber.number(*number, builder));
        builder.face(&rings, semantic, NONE);
        for worn in &worn {
            if let Some(material) = worn.material {
                let material = builder.material(material);
                builder.wear(worn.theme, material, NONE, &[]);
            }
            if let Some((texture, matrix)) = worn.texture {
                match self.texture_coordinates(face, worn, matrix, corners.as_deref().unwrap_or_default()) {
                    Some(uv) => {
                        let texture = builder.texture(texture);
                        builder.wear(worn.theme, NONE, texture, &uv);
                    }
                    None => self.unmapped += 1,
                }
            }
        }
    }

    /// Texture coordinates of a face's rings: by a matrix, by each ring's id, or (an only ring) by the id of the face.
    fn texture_coordinates(&self, face: &Face, worn: &Worn, matrix: Option<&[f64; 12]>, rings: &[RingCorners]) -> Option<Vec<Vec<[f32; 2]>>> {
        let of_ring = |ring: &RingCorners| -> Option<Vec<[f32; 2]>> {
            if let Some(matrix) = matrix {
                return ring.corners.iter().map(|(_, p)| mapped(matrix, *p)).collect();
            }
            let id = |ix: Ix| self.tree.id(ix, self.names).and_then(|id| worn.coordinates(id));
            let listed = id(ring.node).or_else(|| (rings.len() == 1).then(|| id(face.node)).flatten())?;
            ring.corners.iter().map(|(number, _)| listed.get(*number).copied()).collect()
        };
        rings.iter().map(of_ring).collect()
    }

    /// The rings of a face in the store's system; `None` where the outer one has too few points. Holes that do are left out.
    /// `corners` gets, for each ring that is kept, where its points stand in the document.
    fn rings(&mut self, face: &Face, mut corners: Option<&mut Vec<RingCorners>>) -> Option<Vec<Vec<[f64; 3]>>> {
        let mut out: Vec<Vec<[f64; 3]>> = Vec::new();
        for ring in rings(self.tree, self.names, face.node) {
            let piece = Piece { node: ring, system: face.system, dimension: face.dimension };
            let (mut points, mut places) = match corners {
                Some(_) => self.numbered_piece(&piece),
                None => (self.piece(&piece), Vec::new()),
            };
            if self.exact {
                // The builder opens a ring that ends where it began; one that repeats its first point by itself stays as it is.
                if let [only, again] = points[..] && only == again {
                    points.pop();
                    places.pop();
                }
                if face.flipped {
                    points.reverse();
                    places.reverse();
                }
                if let Some(corners) = &mut corners {
                    corners.push(RingCorners { node: ring, corners: places });
                }
                out.push(points);
                continue;
            }
            let mut at = 0;
            places.retain(|_| {
                at += 1;
                at == 1 || points.get(at - 1) != points.get(at - 2)
            });
            points.dedup();
            if points.len() > 1 && points.first() == points.last() {
                points.pop();
                places.pop();
            } else if let [first, .., last] = points[..]
                && (0..3).any(|k| (first[k] - last[k]).abs() > CLOSED_M)
            {
                self.open.1 += 1;
                if self.open.0.len() < OPEN_TOLD {
                    self.open.0.push(first);
                }
            }
            if points.len() < 3 {
                self.degenerate += 1;
                if out.is_empty() {
                    return None;
                }
                continue;
            }
            if face.flipped {
                points.reverse();
                places.reverse();
            }
            if let Some(corners) = &mut corners {
                corners.push(RingCorners { node: ring, corners: places });
            }
            out.push(points);
        }
        (!out.is_empty()).then_some(out)
    }

    fn piece(&mut self, piece: &Piece) -> Vec<[f64; 3]> {
        let mut points = Vec::new();
        positions(self.tree, self.names, piece.node, piece.dimension, &mut points);
        let systems = &mut *self.systems;
        points.iter().filter_map(|p| systems.project(piece.system, *p, self.object)).collect()
    }

    /// As [`Builder::piece`], and for each point its number and position in the document.
    fn numbered_piece(&mut self, piece: &Piece) -> (Vec<[f64; 3]>, Vec<(usize, [f64; 3])>) {
        let mut written = Vec::new();
        positions(self.tree, self.names, piece.node, piece.dimension, &mut written);
        let systems = &mut *self.systems;
        let places = written.iter().enumerate();
        places.filter_map(|(number, p)| Some((systems.project(piece.system, *p, self.object)?, (number, *p)))).unzip()
    }

    /// A mesh where all faces are triangles.
    fn triangles(&mut self, faces: &[Face]) -> Option<Geometry> {
        let mut builder = GeometryBuilder::new(self.lod, GeometryKind::Mesh);
        let mut indices = Vec::new();
        for face in faces {
            let rings = self.rings(face, None)?;
            let [[a, b, c]] = rings.iter().map(Vec::as_slice).collect::<Vec<_>>()[..] else { return None };
            indices.extend([a, b, c].map(|p| builder.vertex(*p)));
        }
        let mut mesh = builder.build();
        mesh.indices = indices;
        Some(mesh)
    }

    /// Places prototypes: matrix, then the reference point. Their own coordinates are metres around it.
    /// Gives what was found where a prototype is not.
    pub fn implicit(&mut self, all: &[Ix], system: usize, object: &mut CityObject) -> Result<Vec<(Ix, Shapes)>, ImportError> {
        let mut broken = Vec::new();
        for ix in all {
            let (tree, names) = (self.tree, self.names);
            let anchor = tree.child(*ix, "referencePoint", names).map(|point| shapes::collect(tree, names, self.systems, point, system)).transpose()?;
            let Some(anchor) = anchor.and_then(|shapes| self.piece(shapes.points.first()?).first().copied()) else { continue };
            let matrix = tree.child(*ix, "transformationMatrix", names).map(|m| tree.numbers(m)).unwrap_or_default();
            let prototype = tree.child(*ix, "relativeGMLGeometry", names).or_else(|| tree.child(*ix, "relativeGeometry", names));
            if let Some(library) = tree.child(*ix, "libraryObject", names) {
                object.attributes.insert("library_object".into(), tree.own_text(library).into());
            }
            let Some(prototype) = prototype else {
                object.geometries.push(Geometry::point(self.lod, anchor));
                continue;
            };
            let local = self.systems.local();
            let shapes = shapes::collect(tree, names, self.systems, prototype, local)?;
            if !shapes.missing.is_empty() {
                broken.push((prototype, shapes));
                continue;
            }
            let first = object.geometries.len();
            self.build(&shapes, &mut object.geometries);
            for geometry in object.geometries.iter_mut().skip(first) {
                for vertex in &mut geometry.vertices {
                    let turned = transform(matrix, *vertex);
                    *vertex = [0, 1, 2].map(|axis| turned[axis] + anchor[axis]);
                }
            }
        }
        Ok(broken)
    }
}

/// Applies a 4×4 matrix given row by row; none is the identity.
fn transform(m: &[f64], v: [f64; 3]) -> [f64; 3] {
    if m.len() != 16 || !m.iter().all(|n| n.is_finite()) {
        return v;
    }
    let row = |r: usize| m[4 * r] * v[0] + m[4 * r + 1] * v[1] + m[4 * r + 2] * v[2] + m[4 * r + 3];
    let scale = if row(3) == 0.0 { 1.0 } else { 1.0 / row(3) };
    [0, 1, 2].map(|axis| row(axis) * scale)
}

/// Findings about rings that are not closed: position and message of each.
pub fn open_rings((places, count): &(Vec<[f64; 3]>, usize)) -> Vec<([f64; 3], String)> {
    let more = if *count > places.len() { format!(" (one of {count})") } else { String::new() };
    places.iter().map(|p| (*p, format!("a ring does not end where it begins{more}; it is read as if it did"))).collect()
}

fn keep(builder: GeometryBuilder, out: &mut Vec<Geometry>) {
    let geometry = builder.build();
    if !geometry.indices.is_empty() {
        out.push(geometry);
    }
}
