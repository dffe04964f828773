//! Building a [`Geometry`] surface by surface.

use crate::geometry::NONE;
use crate::appearance::DEFAULT_THEME;
use crate::{Attributes, Geometry, GeometryKind, Lod, Material, Semantic, Texture, Theme};
use qike_core::fast_map::FastMap;
use std::collections::HashMap;

/// Builds a geometry surface by surface; equal positions become one vertex.
pub struct GeometryBuilder {
    geometry: Geometry,
    known: FastMap<[u64; 3], u32>,
    semantic_by_kind: HashMap<String, u32>,
    themes: Vec<Theme>,
    textures: Vec<Texture>,
}

impl GeometryBuilder {
    /// An empty geometry of the kind.
    pub fn new(lod: Lod, kind: GeometryKind) -> Self {
        Self { geometry: Geometry::empty(lod, kind), known: FastMap::default(), semantic_by_kind: HashMap::new(), themes: vec![], textures: vec![] }
    }

    /// The number of the vertex at `p`.
    pub fn vertex(&mut self, p: [f64; 3]) -> u32 {
        let vertices = &mut self.geometry.vertices;
        // Adding zero makes -0.0 and 0.0 one vertex.
        *self.known.entry(p.map(|c| (c + 0.0).to_bits())).or_insert_with(|| {
            vertices.push(p);
            vertices.len() as u32 - 1
        })
    }

    fn ring(&mut self, points: &[[f64; 3]]) {
        let open = match points {
            [first, middle @ .., last] if first == last && !middle.is_empty() => &points[..points.len() - 1],
            _ => points,
        };
        for p in open {
            let index = self.vertex(*p);
            self.geometry.indices.push(index);
        }
        self.geometry.ring_ends.push(self.geometry.indices.len() as u32);
    }

    /// Adds a line (for [`GeometryKind::MultiLine`]); its vertices stay in order and are not closed or merged away.
    pub fn line(&mut self, points: &[[f64; 3]]) -> &mut Self {
        for p in points {
            let index = self.vertex(*p);
            self.geometry.indices.push(index);
        }
        self.geometry.ring_ends.push(self.geometry.indices.len() as u32);
        self
    }

    /// Adds a point (for [`GeometryKind::MultiPoint`]).
    pub fn point(&mut self, p: [f64; 3]) -> &mut Self {
        let index = self.vertex(p);
        self.geometry.indices.push(index);
        self
    }

    /// Adds a surface: exterior ring, then holes; a ring that repeats its first point at the end is opened.
    pub fn surface(&mut self, rings: &[Vec<[f64; 3]>], semantic: Option<&str>) -> &mut Self {
        let number = match semantic {
            None => NONE,
            Some(kind) => match self.semantic_by_kind.get(kind) {
                Some(&number) => number,
                None => {
                    let number = self.add_semantic(Semantic { kind: kind.to_owned(), parent: None, attributes: Attributes::new() });
                    self.semantic_by_kind.insert(kind.to_owned(), number);
                    number
                }
            },
        };
        self.face(rings, number, NONE)
    }

    /// Adds a semantic that surfaces may refer to; gives its number.
    pub fn add_semantic(&mut self, semantic: Semantic) -> u32 {
        self.geometry.semantics.push(semantic);
        self.geometry.semantics.len() as u32 - 1
    }

    /// The number of a material, which is added where it is new.
    pub fn material(&mut self, material: &Material) -> u32 {
        let materials = &mut self.geometry.materials;
        let number = materials.iter().position(|m| m == material).unwrap_or_else(|| {
            materials.push(material.clone());
            materials.len() - 1
        });
        number as u32
    }

    /// The number of a texture, which is added where it is new.
    pub fn texture(&mut self, texture: &Texture) -> u32 {
        let number = self.textures.iter().position(|t| t == texture).unwrap_or_else(|| {
            self.textures.push(texture.clone());
            self.textures.len() - 1
        });
        number as u32
    }

    /// Dresses the last face in a theme: the number of its material and of its texture or [`NONE`], and texture coordinates for each
    /// ring as it was given (those of a repeated first point at its end are left out; missing ones are zero).
    pub fn wear(&mut self, theme: &str, material: u32, texture: u32, uv: &[Vec<[f32; 2]>]) -> &mut Self {
        let g = &self.geometry;
        let Some(face) = g.surfaces().last() else { return self };
        let theme = match self.themes.iter().position(|t| t.name == theme) {
            Some(number) => &mut self.themes[number],
            None => {
                self.themes.push(Theme { name: theme.to_owned(), ..Theme::default() });
                let last = self.themes.len() - 1;
                &mut self.themes[last]
            }
        };
        for (list, number) in [(&mut theme.surface_material, material), (&mut theme.surface_texture, texture)] {
            if number != NONE {
                list.resize(face.index, NONE);
                list.push(number);
            }
        }
        if texture != NONE {
            theme.uv.resize(face.first_corner() as usize, [0.0; 2]);
            for (r, ring) in face.rings().enumerate() {
                let own = uv.get(r).map_or(&[][..], Vec::as_slice);
                theme.uv.extend((0..ring.len()).map(|i| own.get(i).copied().unwrap_or_default()));
            }
        }
        self
    }

    /// Adds a surface as [`GeometryBuilder::surface`] does, with the numbers of its semantic and material or [`NONE`].
    pub fn face(&mut self, rings: &[Vec<[f64; 3]>], semantic: u32, material: u32) -> &mut Self {
        for ring in rings {
            self.ring(ring);
        }
        let g = &mut self.geometry;
        g.surface_ends.push(g.ring_ends.len() as u32);
        let (semantics, materials) = (&mut g.surface_semantic, &mut g.surface_material);
        for (list, number) in [(semantics, semantic), (materials, material)] {
            if number != NONE || !list.is_empty() {
                list.resize(g.surface_ends.len() - 1, NONE);
                list.push(number);
            }
        }
        self
    }

    /// Ends the current shell.
    pub fn end_shell(&mut self) -> &mut Self {
        let g = &mut self.geometry;
        g.shell_ends.push(g.surface_ends.len() as u32);
        self
    }

    /// Ends the current solid, and its shell where that is still open.
    pub fn end_solid(&mut self) -> &mut Self {
        let g = &mut self.geometry;
        if g.shell_ends.last().copied().unwrap_or(0) < g.surface_ends.len() as u32 {
            g.shell_ends.push(g.surface_ends.len() as u32);
        }
        g.solid_ends.push(g.shell_ends.len() as u32);
        self
    }

    /// The geometry; a solid's last shell is ended where that was forgotten.
    pub fn build(mut self) -> Geometry {
        // A list that ended early says nothing of the surfaces after it.
        let surfaces = self.geometry.surface_ends.len();
        for list in [&mut self.geometry.surface_semantic, &mut self.geometry.surface_material] {
            if !list.is_empty() {
                list.resize(surfaces, NONE);
            }
        }
        let corners = self.geometry.indices.len();
        if !self.themes.is_empty() {
            let mut themes = std::mem::take(&mut self.themes);
            for theme in &mut themes {
                for list in [&mut theme.surface_material, &mut theme.surface_texture].into_iter().filter(|list| !list.is_empty()) {
                    list.resize(surfaces, NONE);
                }
                if !theme.uv.is_empty() {
                    theme.uv.resize(corners, [0.0; 2]);
                }
            }
            let unnamed = std::mem::take(&mut self.geometry.surface_material);
            if !unnamed.is_empty() {
                themes.push(Theme { name: DEFAULT_THEME.to_owned(), surface_material: unnamed, ..Theme::default() });
            }
            self.geometry.dress(themes, std::mem::take(&mut self.textures), [None, None]);
        }
        let g = &self.geometry;
        if g.kind.is_solid() && g.shell_ends.last().copied().unwrap_or(0) < g.surface_ends.len() as u32 {
            self.end_solid();
        }
        self.geometry
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn builds_a_solid_with_shared_vertices_and_semantics() {
        let mut b = GeometryBuilder::new(Lod::TWO, GeometryKind::Solid);
        let (a, c, d, e) = ([0.0, 0.0, 0.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]);
        b.surface(&[vec![a, d, c, a]], Some("GroundSurface"));
        b.surface(&[vec![a, c, e]], Some("WallSurface")).surface(&[vec![a, e, d]], Some("WallSurface"));
        b.surface(&[vec![c, d, e]], None);
        let g = b.build();
        assert_eq!((g.vertices.len(), g.indices.len(), g.surfaces().count()), (4, 12, 4));
        assert_eq!(g.semantics.len(), 2);
        assert_eq!(g.surfaces().map(|s| s.semantic().map_or("", |s| &s.kind)).collect::<Vec<_>>(), ["GroundSurface", "WallSurface", "WallSurface", ""]);
        assert_eq!((g.shell_ends.as_slice(), g.solid_ends.as_slice()), (&[4][..], &[1][..]));
        assert!(g.is_consistent() && g.is_finite());
    }

    #[test]
    fn faces_wear_themes() {
        let mut b = GeometryBuilder::new(Lod::TWO, GeometryKind::MultiSurface);
        let ring = |z: f64| vec![[0.0, 0.0, z], [1.0, 0.0, z], [0.0, 1.0, z], [0.0, 0.0, z]];
        let uv = vec![vec![[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.0, 0.0]]];
        let brick = Texture { uri: "brick.jpg".into(), image: None, mime: String::new(), wrap: None, border: None, kind: None };
        let red = b.material(&Material::new("red", [1.0, 0.0, 0.0, 1.0]));
        b.face(&[ring(0.0)], NONE, NONE).wear("paint", red, NONE, &[]);
        let brick = b.texture(&brick);
        b.face(&[ring(1.0)], NONE, NONE).wear("photo", NONE, brick, &uv);
        b.face(&[ring(2.0)], NONE, NONE);
        let g = b.build();
        assert!(g.is_consistent());
        assert_eq!((g.texture_of(0), g.texture_of(1).map(|t| t.uri.as_str()), g.texture_of(2)), (None, Some("brick.jpg"), None));
        assert_eq!((g.uv().len(), g.uv()[3..6].to_vec()), (9, vec![[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]]));
        assert_eq!((0..3).map(|s| g.material_of(s).is_some()).collect::<Vec<_>>(), [true, false, false]);
        assert_eq!(g.dresses().iter().map(|d| d.theme).collect::<Vec<_>>(), ["paint", "photo"]);
    }
}
