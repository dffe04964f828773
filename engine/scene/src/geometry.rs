//! Geometry of objects: points, lines, surfaces, solids and meshes in flat arrays, as CityJSON and IFC need them.

use crate::{Appearance, Attributes, GeometryBuilder, Lod, Material};
use qike_core::Bounds3;
use serde::{Deserialize, Serialize};

/// "No entry" in [`Geometry::surface_semantic`] and [`Geometry::surface_material`].
pub const NONE: u32 = u32::MAX;

/// What the index arrays of a [`Geometry`] mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum GeometryKind {
    /// `indices` are points.
    MultiPoint,
    /// Each ring of `ring_ends` is an open line.
    MultiLine,
    /// Surfaces that need not touch.
    MultiSurface,
    /// Surfaces that form one sheet.
    CompositeSurface,
    /// One solid: its first shell is the outer one.
    Solid,
    /// Solids that need not touch.
    MultiSolid,
    /// Solids that touch.
    CompositeSolid,
    /// Triangles: three indices each, no rings.
    Mesh,
}

impl GeometryKind {
    /// All kinds, in the order of their numbers.
    pub const ALL: [GeometryKind; 8] = [
        Self::MultiPoint,
        Self::MultiLine,
        Self::MultiSurface,
        Self::CompositeSurface,
        Self::Solid,
        Self::MultiSolid,
        Self::CompositeSolid,
        Self::Mesh,
    ];

    /// True for the three kinds with shells.
    pub const fn is_solid(self) -> bool {
        matches!(self, Self::Solid | Self::MultiSolid | Self::CompositeSolid)
    }

    /// True for kinds made of surfaces with rings.
    pub const fn has_surfaces(self) -> bool {
        !matches!(self, Self::MultiPoint | Self::MultiLine | Self::Mesh)
    }
}

/// What a surface is: `RoofSurface`, `WallSurface`, `Window`, with attributes of its own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Semantic {
    /// CityGML's name of the surface type.
    pub kind: String,
    /// Index of the semantic it is part of (a window in a wall).
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub parent: Option<u32>,
    /// The surface's own attributes.
    #[serde(skip_serializing_if = "Attributes::is_empty", default)]
    pub attributes: Attributes,
}

/// One geometry of an object at one LOD. Coordinates are x east, y north, z up, metres, in the store's CRS.
/// The arrays are nested by ends: surface `s` holds the rings `surface_ends[s-1]..surface_ends[s]`, and so on outwards.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Geometry {
    /// Level of detail.
    pub lod: Lod,
    /// What the arrays mean.
    pub kind: GeometryKind,
    /// Positions, shared by index.
    pub vertices: Vec<[f64; 3]>,
    /// Vertex numbers: points, rings (not closed) or lines back to back, or triangles.
    pub indices: Vec<u32>,
    /// End of each ring or line in `indices`.
    pub ring_ends: Vec<u32>,
    /// End of each surface in `ring_ends`; its first ring is the exterior, the others are holes.
    pub surface_ends: Vec<u32>,
    /// End of each shell in `surface_ends`.
    pub shell_ends: Vec<u32>,
    /// End of each solid in `shell_ends`.
    pub solid_ends: Vec<u32>,
    /// The semantics that surfaces refer to.
    pub semantics: Vec<Semantic>,
    /// For each surface its semantic or [`NONE`]; empty where there are none.
    pub surface_semantic: Vec<u32>,
    /// The materials that surfaces refer to.
    pub materials: Vec<Material>,
    /// For each surface (each triangle of a mesh) its material or [`NONE`]; empty: the only material, if any, is everyone's.
    pub surface_material: Vec<u32>,
    /// Textures with their coordinates, and themes beside the drawn one; `None` for the many geometries that have neither. Who adds,
    /// removes or turns rings keeps [`Appearance::uv`] one for one with `indices`, or drops it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub appearance: Option<Box<Appearance>>,
}

/// A surface of a geometry: its number and its rings.
#[derive(Clone, Copy)]
pub struct SurfaceRef<'a> {
    /// Number of the surface.
    pub index: usize,
    geometry: &'a Geometry,
}

impl<'a> SurfaceRef<'a> {
    /// The rings as vertex numbers: exterior first, then holes.
    pub fn rings(self) -> impl Iterator<Item = &'a [u32]> + 'a {
        let g = self.geometry;
        span(&g.surface_ends, self.index).map(move |r| g.ring(r))
    }

    /// The place in the geometry's `indices` of its first corner; its rings follow one another from there.
    pub fn first_corner(self) -> u32 {
        let ring = span(&self.geometry.surface_ends, self.index).start;
        span(&self.geometry.ring_ends, ring).start as u32
    }

    /// The semantic type, where the surface has one.
    pub fn semantic(self) -> Option<&'a Semantic> {
        let g = self.geometry;
        g.semantics.get(*g.surface_semantic.get(self.index)? as usize)
    }

    /// The material, where the surface has one.
    pub fn material(self) -> Option<&'a Material> {
        self.geometry.material_of(self.index)
    }
}

/// The range that entry `i` of an array of ends covers.
fn span(ends: &[u32], i: usize) -> std::ops::Range<usize> {
    let start = if i == 0 { 0 } else { ends.get(i - 1).copied().unwrap_or(0) as usize };
    start..ends.get(i).copied().unwrap_or(start as u32) as usize
}

impl Geometry {
    /// A geometry of the kind with nothing in it.
    pub fn empty(lod: Lod, kind: GeometryKind) -> Self {
        Self {
            lod,
            kind,
            vertices: vec![],
            indices: vec![],
            ring_ends: vec![],
            surface_ends: vec![],
            shell_ends: vec![],
            solid_ends: vec![],
            semantics: vec![],
            surface_semantic: vec![],
            materials: vec![],
            surface_material: vec![],
            appearance: None,
        }
    }

    /// One point.
    pub fn point(lod: Lod, p: [f64; 3]) -> Self {
        Self { vertices: vec![p], indices: vec![0], ..Self::empty(lod, GeometryKind::MultiPoint) }
    }

    /// One open line; its vertices stay one for one.
    pub fn line(lod: Lod, points: &[[f64; 3]]) -> Self {
        Self {
            vertices: points.to_vec(),
            indices: (0..points.len() as u32).collect(),
            ring_ends: vec![points.len() as u32],
            ..Self::empty(lod, GeometryKind::MultiLine)
        }
    }

    /// One flat surface: exterior ring, then holes.
    pub fn polygon(lod: Lod, rings: &[Vec<[f64; 3]>]) -> Self {
        let mut builder = GeometryBuilder::new(lod, GeometryKind::MultiSurface);
        builder.surface(rings, None);
        builder.build()
    }

    /// Triangles: three indices each.
    pub fn mesh(lod: Lod, vertices: Vec<[f64; 3]>, indices: Vec<u32>) -> Self {
        Self { vertices, indices, ..Self::empty(lod, GeometryKind::Mesh) }
    }

    /// The number of triangles of a mesh; none for other kinds.
    pub fn mesh_triangles(&self) -> usize {
        if self.kind == GeometryKind::Mesh { self.indices.len() / 3 } else { 0 }
    }

    /// The box around all vertices.
    pub fn bounds(&self) -> Bounds3 {
        Bounds3::of(&self.vertices)
    }

    /// The vertex numbers of ring `r`.
    pub fn ring(&self, r: usize) -> &[u32] {
        self.indices.get(span(&self.ring_ends, r)).unwrap_or(&[])
    }

    /// The positions of ring or line `r`.
    pub fn ring_points(&self, r: usize) -> Vec<[f64; 3]> {
        self.ring(r).iter().filter_map(|&i| self.vertices.get(i as usize).copied()).collect()
    }

    /// The lines of a [`GeometryKind::MultiLine`]; nothing for other kinds.
    pub fn lines(&self) -> impl Iterator<Item = Vec<[f64; 3]>> + '_ {
        let count = if self.kind == GeometryKind::MultiLine { self.ring_ends.len() } else { 0 };
        (0..count).map(|r| self.ring_points(r))
    }

    /// The surfaces; nothing for points, lines and meshes.
    pub fn surfaces(&self) -> impl Iterator<Item = SurfaceRef<'_>> + '_ {
        (0..self.surface_ends.len()).map(|index| SurfaceRef { index, geometry: self })
    }

    /// One surface by its number.
    pub fn surface(&self, index: usize) -> Option<SurfaceRef<'_>> {
        (index < self.surface_ends.len()).then_some(SurfaceRef { index, geometry: self })
    }

    /// The material of a surface (of a triangle of a mesh).
    pub fn material_of(&self, surface: usize) -> Option<&Material> {
        match (self.surface_material.as_slice(), self.materials.as_slice()) {
            ([], [only]) => Some(only),
            ([], _) => None,
            (by_surface, materials) => materials.get(*by_surface.get(surface)? as usize),
        }
    }

    /// The numbers of the surfaces of each shell.
    pub fn shells(&self) -> impl Iterator<Item = std::ops::Range<usize>> + '_ {
        (0..self.shell_ends.len()).map(|s| span(&self.shell_ends, s))
    }

    /// Puts the shells of another solid into this one as hollows; false where one of them is no single solid.
    pub fn add_shell(&mut self, shell: &Geometry) -> bool {
        if [&*self, shell].iter().any(|g| g.kind != GeometryKind::Solid || g.solid_ends.len() != 1) {
            return false;
        }
        let after = |ends: &mut Vec<u32>, more: &[u32], by: usize| ends.extend(more.iter().map(|n| n + by as u32));
        let (vertices, indices, rings, surfaces) = (self.vertices.len(), self.indices.len(), self.ring_ends.len(), self.surface_ends.len());
        self.vertices.extend(&shell.vertices);
        after(&mut self.indices, &shell.indices, vertices);
        after(&mut self.ring_ends, &shell.ring_ends, indices);
        after(&mut self.surface_ends, &shell.surface_ends, rings);
        after(&mut self.shell_ends, &shell.shell_ends, surfaces);
        self.solid_ends = vec![self.shell_ends.len() as u32];
        for list in [&mut self.surface_semantic, &mut self.surface_material] {
            if !list.is_empty() {
                list.resize(self.surface_ends.len(), NONE);
            }
        }
        if let Some(appearance) = &mut self.appearance {
            appearance.pad(self.surface_ends.len(), self.indices.len());
        }
        true
    }

    /// Moves every vertex.
    pub fn translate(&mut self, by: [f64; 3]) {
        for v in &mut self.vertices {
            for axis in 0..3 {
                v[axis] += by[axis];
            }
        }
    }

    /// True when every coordinate is finite.
    pub fn is_finite(&self) -> bool {
        self.vertices.iter().flatten().all(|c| c.is_finite())
    }

    /// True when all indices and ends point inside their arrays and rise, so that no reader can run off an end.
    pub fn is_consistent(&self) -> bool {
        let rising = |ends: &[u32], max: usize| {
            ends.windows(2).all(|w| w[0] <= w[1]) && ends.last().is_none_or(|&last| last as usize <= max)
        };
        let triangles = self.kind != GeometryKind::Mesh || self.indices.len().is_multiple_of(3);
        let refers = |to: &[u32], max: usize| to.iter().all(|&i| i == NONE || (i as usize) < max);
        triangles
            && self.indices.iter().all(|&i| (i as usize) < self.vertices.len())
            && rising(&self.ring_ends, self.indices.len())
            && rising(&self.surface_ends, self.ring_ends.len())
            && rising(&self.shell_ends, self.surface_ends.len())
            && rising(&self.solid_ends, self.shell_ends.len())
            && refers(&self.surface_semantic, self.semantics.len())
            && refers(&self.surface_material, self.materials.len())
            && self.appearance.as_ref().is_none_or(|a| a.is_consistent(self.indices.len(), self.materials.len()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bad_index_is_seen() {
        let mut g = Geometry::mesh(Lod::THREE, vec![[0.0; 3]; 3], vec![0, 1, 2]);
        assert!(g.is_consistent());
        g.indices[2] = 3;
        assert!(!g.is_consistent());
    }
}
