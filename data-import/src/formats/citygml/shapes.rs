//! GML geometry to faces, lines and points: walks through properties, aggregates and links down to what has coordinates.

use super::systems::Systems;
use super::tree::{Ix, Names, Tree};
use crate::ImportError;
use qike_core::fast_map::FastSet;

/// Links and aggregates deeper than this are a circle.
const MAX_DEPTH: usize = 2 * super::tree::MAX_DEPTH;

/// A polygon, triangle or patch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Face {
    /// Its element.
    pub node: Ix,
    /// The way it is used looks to its back.
    pub flipped: bool,
    /// Its reference system.
    pub system: usize,
    /// Numbers a position has, 0 where nothing says it.
    pub dimension: usize,
}

/// A line or a point.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Piece {
    /// The element with its positions.
    pub node: Ix,
    /// Its reference system.
    pub system: usize,
    /// Numbers a position has.
    pub dimension: usize,
}

/// What a geometry property holds.
#[derive(Debug, Default)]
pub struct Shapes {
    /// Solids: shells, the outer one first, of faces.
    pub solids: Vec<Vec<Vec<Face>>>,
    /// Faces outside solids.
    pub faces: Vec<Face>,
    /// Open lines.
    pub lines: Vec<Piece>,
    /// Points.
    pub points: Vec<Piece>,
    /// Implicit geometries.
    pub implicit: Vec<Ix>,
    /// Solids touch.
    pub composite: bool,
    /// Ids that links name and nothing has.
    pub missing: Vec<String>,
    /// Curves or surfaces that are no straight lines and no flat faces, and are left out.
    pub curved: usize,
    /// Links lead round in a circle, or stand for far more than the member holds; the walk ended there.
    pub circular: bool,
}

impl Shapes {
    /// The elements with coordinates.
    pub fn nodes(&self) -> impl Iterator<Item = Ix> + '_ {
        self.all_faces().map(|face| face.node).chain(self.lines.iter().chain(&self.points).map(|piece| piece.node))
    }

    /// Forgets what consists of elements that were used elsewhere.
    pub fn forget(&mut self, used: &FastSet<Ix>) {
        if used.is_empty() {
            return;
        }
        self.solids.retain(|solid| !solid.iter().flatten().all(|face| used.contains(&face.node)));
        self.faces.retain(|face| !used.contains(&face.node));
        self.lines.retain(|piece| !used.contains(&piece.node));
        self.points.retain(|piece| !used.contains(&piece.node));
    }

    /// All faces, those of solids first.
    pub fn all_faces(&self) -> impl Iterator<Item = &Face> {
        self.solids.iter().flatten().flatten().chain(&self.faces)
    }
}

#[derive(Clone, Copy)]
struct Around {
    system: usize,
    dimension: usize,
    flipped: bool,
    depth: usize,
}

/// Collects what a property (or a geometry itself) holds. `system` is that of what surrounds it.
pub fn collect(tree: &Tree, names: &Names, systems: &mut Systems, ix: Ix, system: usize) -> Result<Shapes, ImportError> {
    let mut walk = Walk { tree, names, systems, out: Shapes::default(), jumps: 0 };
    walk.visit(ix, Around { system, dimension: 0, flipped: false, depth: 0 })?;
    Ok(walk.out)
}

struct Walk<'a> {
    tree: &'a Tree,
    names: &'a Names,
    systems: &'a mut Systems,
    out: Shapes,
    /// Links followed. Links that share links multiply: a few lines could stand for more faces than there is memory.
    jumps: usize,
}

impl Walk<'_> {
    fn visit(&mut self, ix: Ix, around: Around) -> Result<(), ImportError> {
        if around.depth > MAX_DEPTH || self.jumps > self.tree.all().len() {
            self.out.circular = true;
            return Ok(());
        }
        let (tree, names) = (self.tree, self.names);
        let mut around = Around { depth: around.depth + 1, ..around };
        for (name, value) in tree.attributes_of(ix, names) {
            match name {
                "srsName" => around.system = self.systems.named(value)?,
                "srsDimension" => around.dimension = value.trim().parse().unwrap_or(0),
                _ => {}
            }
        }
        let Around { system, dimension, flipped, .. } = around;
        let piece = Piece { node: ix, system, dimension };
        match tree.local(ix, names) {
            "Polygon" | "Triangle" | "Rectangle" | "PolygonPatch" => self.out.faces.push(Face { node: ix, flipped, system, dimension }),
            "Solid" => self.solid(ix, around)?,
            "LineString" | "LineStringSegment" | "LinearRing" => self.out.lines.push(piece),
            "Point" => self.out.points.push(piece),
            "ImplicitGeometry" => self.out.implicit.push(ix),
            "Arc" | "ArcString" | "Circle" | "CubicSpline" | "BSpline" | "Bezier" | "Cone" | "Cylinder" | "Sphere" => self.out.curved += 1,
            local => {
                if local == "OrientableSurface" && tree.get(ix, "orientation", names) == Some("-") {
                    around.flipped = !around.flipped;
                }
                if matches!(local, "CompositeSolid") {
                    self.out.composite = true;
                }
                let mut alone = true;
                for child in tree.children(ix) {
                    alone = false;
                    self.visit(child, around)?;
                }
                if alone && let Some(id) = tree.link(ix, names) {
                    match tree.by_id(id) {
                        Some(target) => {
                            self.jumps += 1;
                            self.visit(target, around)?;
                        }
                        None => self.out.missing.push(id.to_owned()),
                    }
                }
            }
        }
        Ok(())
    }

    /// Each boundary of a solid is a shell.
    fn solid(&mut self, ix: Ix, around: Around) -> Result<(), ImportError> {
        let outside = std::mem::take(&mut self.out.faces);
        let mut shells = Vec::new();
        for boundary in self.tree.children(ix) {
            if matches!(self.tree.local(boundary, self.names), "exterior" | "interior") {
                self.visit(boundary, around)?;
                shells.push(std::mem::take(&mut self.out.faces));
            }
        }
        self.out.faces = outside;
        if shells.iter().any(|shell| !shell.is_empty()) {
            self.out.solids.push(shells);
        }
        Ok(())
    }
}

/// The rings of a face: exterior, then interiors.
pub fn rings<'t>(tree: &'t Tree, names: &'t Names, face: Ix) -> impl Iterator<Item = Ix> + 't {
    let boundary = |ix: &Ix| matches!(tree.local(*ix, names), "exterior" | "interior" | "outerBoundaryIs" | "innerBoundaryIs");
    tree.children(face).filter(boundary).filter_map(move |boundary| tree.children(boundary).next())
}

/// Appends the positions below an element, in order. `dimension` 0 means three, or two where three do not go into the list.
pub fn positions(tree: &Tree, names: &Names, ix: Ix, dimension: usize, out: &mut Vec<[f64; 3]>) {
    for child in tree.children(ix) {
        let numbers = tree.numbers(child);
        if numbers.is_empty() {
            positions(tree, names, child, dimension, out);
            continue;
        }
        let own = tree.get(child, "srsDimension", names).and_then(|text| text.trim().parse().ok()).unwrap_or(dimension);
        let size = match own {
            2 | 3 => own,
            _ if !numbers.len().is_multiple_of(3) && numbers.len().is_multiple_of(2) => 2,
            _ => 3,
        };
        out.extend(numbers.chunks_exact(size).map(|p| [p[0], p[1], p.get(2).copied().unwrap_or(0.0)]));
    }
}
