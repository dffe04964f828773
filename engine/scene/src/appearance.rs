//! How surfaces look: materials as X3D has them, textures with their coordinates, and themes (day, night, thermal) that dress
//! the same surfaces in different ways.
//!
//! One theme is drawn. Its materials are [`Geometry::surface_material`](crate::Geometry), its textures [`Appearance::surface_texture`];
//! the other themes are kept beside it. Where any theme has materials the drawn one has, and likewise textures.

use crate::geometry::NONE;
use crate::{Geometry, ImageId};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// The name of a theme that its source does not name.
pub const DEFAULT_THEME: &str = "default";

/// A material.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Material {
    /// The source's name of it.
    pub name: String,
    /// Red, green, blue of diffuse light; opacity (1 − X3D's transparency). sRGB, 0 to 1.
    pub colour: [f32; 4],
    /// The rest of X3D's material.
    #[serde(skip_serializing_if = "Shading::is_empty", default)]
    pub shading: Shading,
}

impl Material {
    /// A plain colour.
    pub fn new(name: impl Into<String>, colour: [f32; 4]) -> Self {
        Self { name: name.into(), colour, shading: Shading::default() }
    }
}

/// What X3D's Material says beside diffuse colour and transparency; each `None` where the source does not say it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Shading {
    /// Share of ambient light that is reflected, 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub ambient_intensity: Option<f32>,
    /// Colour of light given out.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub emissive: Option<[f32; 3]>,
    /// Colour of highlights.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub specular: Option<[f32; 3]>,
    /// Sharpness of highlights, 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub shininess: Option<f32>,
    /// Normals are interpolated over edges.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub smooth: Option<bool>,
}

impl Shading {
    /// True where nothing is said.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// What a texture shows outside its picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Wrap {
    /// Nothing.
    None,
    /// The picture again.
    Wrap,
    /// The picture again, each time mirrored.
    Mirror,
    /// The pixels of its edge.
    Clamp,
    /// The border colour.
    Border,
}

impl Wrap {
    /// All, in the order of their numbers in stores.
    pub const ALL: [Wrap; 5] = [Self::None, Self::Wrap, Self::Mirror, Self::Clamp, Self::Border];

    /// CityGML's and CityJSON's word for it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Wrap => "wrap",
            Self::Mirror => "mirror",
            Self::Clamp => "clamp",
            Self::Border => "border",
        }
    }

    /// By that word.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|wrap| wrap.name() == text)
    }
}

/// Where a texture's picture comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TextureKind {
    /// Photographs of this very surface.
    Specific,
    /// A pattern of the material, such as bricks.
    Typical,
    /// Not said.
    Unknown,
}

impl TextureKind {
    /// All, in the order of their numbers in stores.
    pub const ALL: [TextureKind; 3] = [Self::Specific, Self::Typical, Self::Unknown];

    /// CityGML's and CityJSON's word for it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Specific => "specific",
            Self::Typical => "typical",
            Self::Unknown => "unknown",
        }
    }

    /// By that word.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == text)
    }
}

/// A picture to put on surfaces.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Texture {
    /// The picture as the source names it: a path relative to it.
    pub uri: String,
    /// The picture's bytes, in the sink or the store; `None` where there is no such file.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub image: Option<ImageId>,
    /// MIME type of the picture.
    #[serde(skip_serializing_if = "String::is_empty", default)]
    pub mime: String,
    /// Outside the picture.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub wrap: Option<Wrap>,
    /// Red, green, blue, opacity for [`Wrap::Border`].
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub border: Option<[f32; 4]>,
    /// Where it comes from.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub kind: Option<TextureKind>,
}

/// Textures of a geometry and the themes beside the drawn one.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Appearance {
    /// Theme of [`Geometry::surface_material`](crate::Geometry).
    pub material_theme: String,
    /// Theme of `surface_texture`.
    pub texture_theme: String,
    /// The textures that all themes refer to.
    pub textures: Vec<Texture>,
    /// For each surface its texture or [`NONE`]; empty where there is none.
    pub surface_texture: Vec<u32>,
    /// Texture coordinates (to the right, upwards; the picture is 0 to 1), one pair for each entry of the geometry's `indices`; empty
    /// where there are none. A ring without texture has zeros.
    pub uv: Vec<[f32; 2]>,
    /// The other themes.
    pub others: Vec<Theme>,
}

/// A theme that is not drawn.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Theme {
    /// Its name.
    pub name: String,
    /// For each surface its material or [`NONE`]; empty where there is none.
    pub surface_material: Vec<u32>,
    /// For each surface its texture or [`NONE`]; empty where there is none.
    pub surface_texture: Vec<u32>,
    /// As [`Appearance::uv`].
    pub uv: Vec<[f32; 2]>,
}

/// What one theme puts on the surfaces of a geometry, whichever it is.
#[derive(Clone, Debug, PartialEq)]
pub struct Dress<'g> {
    /// The theme.
    pub theme: &'g str,
    /// For each surface its material; empty where there is none.
    pub surface_material: Cow<'g, [u32]>,
    /// For each surface its texture; empty where there is none.
    pub surface_texture: &'g [u32],
    /// Texture coordinates, one pair for each entry of `indices`; empty where there are none.
    pub uv: &'g [[f32; 2]],
}

impl Appearance {
    /// True where it says nothing that a geometry without would not.
    pub fn is_plain(&self) -> bool {
        let unnamed = |theme: &str| theme.is_empty() || theme == DEFAULT_THEME;
        self.textures.is_empty() && self.others.is_empty() && self.surface_texture.is_empty() && self.uv.is_empty() && unnamed(&self.material_theme)
    }

    /// True when nothing refers to what is not there. `corners` is the length of the geometry's `indices`.
    pub fn is_consistent(&self, corners: usize, materials: usize) -> bool {
        let refers = |to: &[u32], max: usize| to.iter().all(|&i| i == NONE || (i as usize) < max);
        let fits = |uv: &[[f32; 2]]| uv.is_empty() || uv.len() == corners;
        let finite = |uv: &[[f32; 2]]| uv.iter().flatten().all(|c| c.is_finite());
        refers(&self.surface_texture, self.textures.len())
            && fits(&self.uv)
            && finite(&self.uv)
            && self.others.iter().all(|theme| {
                refers(&theme.surface_texture, self.textures.len()) && refers(&theme.surface_material, materials) && fits(&theme.uv) && finite(&theme.uv)
            })
    }

    /// Makes room for surfaces and corners that were added after it and wear nothing.
    pub(crate) fn pad(&mut self, surfaces: usize, corners: usize) {
        let grow = |list: &mut Vec<u32>| {
            if !list.is_empty() {
                list.resize(surfaces, NONE);
            }
        };
        let lengthen = |uv: &mut Vec<[f32; 2]>| {
            if !uv.is_empty() {
                uv.resize(corners, [0.0; 2]);
            }
        };
        grow(&mut self.surface_texture);
        lengthen(&mut self.uv);
        for theme in &mut self.others {
            grow(&mut theme.surface_material);
            grow(&mut theme.surface_texture);
            lengthen(&mut theme.uv);
        }
    }
}

impl Geometry {
    /// Puts themes on: of `themes` (in the source's order; their materials are the geometry's) one is drawn, `preferred` or else the
    /// first that has textures, and for materials the same or else the first that has any. The others are kept.
    pub fn dress(&mut self, mut themes: Vec<Theme>, textures: Vec<Texture>, preferred: [Option<&str>; 2]) {
        themes.retain(|t| [&t.surface_material, &t.surface_texture].iter().any(|list| list.iter().any(|i| *i != NONE)));
        let wears = |t: &Theme, textured: bool| (if textured { &t.surface_texture } else { &t.surface_material }).iter().any(|i| *i != NONE);
        let choose = |textured: bool, name: Option<&str>| {
            let named = themes.iter().position(|t| wears(t, textured) && Some(t.name.as_str()) == name);
            named.or_else(|| themes.iter().position(|t| wears(t, textured)))
        };
        let [material, texture] = preferred;
        let texture = choose(true, texture);
        let material = choose(false, material.or_else(|| texture.and_then(|t| themes.get(t)).map(|t| t.name.as_str())));
        let mut out = Appearance { textures, ..Appearance::default() };
        if let Some(theme) = texture.and_then(|t| themes.get_mut(t)) {
            out.texture_theme.clone_from(&theme.name);
            (out.surface_texture, out.uv) = (std::mem::take(&mut theme.surface_texture), std::mem::take(&mut theme.uv));
        }
        if let Some(theme) = material.and_then(|t| themes.get_mut(t)) {
            out.material_theme.clone_from(&theme.name);
            self.surface_material = std::mem::take(&mut theme.surface_material);
        }
        themes.retain(|t| !t.surface_material.is_empty() || !t.surface_texture.is_empty());
        out.others = themes;
        if self.materials.len() == 1 && out.others.iter().all(|t| t.surface_material.is_empty()) && self.surface_material.iter().all(|m| *m == 0) {
            self.surface_material = Vec::new();
        }
        self.appearance = (!out.is_plain()).then(|| Box::new(out));
    }

    /// The texture that is drawn on a surface (on a triangle of a mesh).
    pub fn texture_of(&self, surface: usize) -> Option<&Texture> {
        let appearance = self.appearance.as_deref()?;
        appearance.textures.get(*appearance.surface_texture.get(surface)? as usize)
    }

    /// The drawn texture coordinates: one pair for each entry of `indices`, or none at all.
    pub fn uv(&self) -> &[[f32; 2]] {
        self.appearance.as_deref().map_or(&[], |appearance| &appearance.uv)
    }

    /// The textures that any theme uses.
    pub fn textures(&self) -> &[Texture] {
        self.appearance.as_deref().map_or(&[], |appearance| &appearance.textures)
    }

    /// All themes, the drawn one first; where materials and textures are drawn of different themes, that of the textures follows.
    pub fn dresses(&self) -> Vec<Dress<'_>> {
        let mut all = Vec::new();
        let colours = match self.surface_material.as_slice() {
            [] if self.materials.len() == 1 => Cow::Owned(vec![0; self.surface_ends.len().max(self.mesh_triangles())]),
            list => Cow::Borrowed(list),
        };
        let Some(a) = self.appearance.as_deref() else {
            if !colours.is_empty() {
                all.push(Dress { theme: DEFAULT_THEME, surface_material: colours, surface_texture: &[], uv: &[] });
            }
            return all;
        };
        let together = a.material_theme == a.texture_theme;
        let textures = Dress { theme: &a.texture_theme, surface_material: Cow::Borrowed(&[]), surface_texture: &a.surface_texture, uv: &a.uv };
        match (!colours.is_empty(), !a.surface_texture.is_empty()) {
            (true, true) if together => all.push(Dress { surface_material: colours, ..textures }),
            (has_colours, has_textures) => {
                if has_colours {
                    all.push(Dress { theme: &a.material_theme, surface_material: colours, surface_texture: &[], uv: &[] });
                }
                if has_textures {
                    all.push(textures);
                }
            }
        }
        for t in &a.others {
            let surface_material = Cow::Borrowed(t.surface_material.as_slice());
            all.push(Dress { theme: &t.name, surface_material, surface_texture: &t.surface_texture, uv: &t.uv });
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Lod;

    fn texture(uri: &str) -> Texture {
        Texture { uri: uri.into(), image: None, mime: String::new(), wrap: Some(Wrap::Wrap), border: None, kind: None }
    }

    #[test]
    fn a_reference_to_nothing_is_seen() {
        let mut g = Geometry::polygon(Lod::TWO, &[vec![[0.0; 3], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]]);
        let mut a = Appearance { textures: vec![texture("a.png")], surface_texture: vec![0], uv: vec![[0.0; 2]; 3], ..Appearance::default() };
        g.appearance = Some(Box::new(a.clone()));
        assert!(g.is_consistent());
        assert_eq!(g.texture_of(0).map(|t| t.uri.as_str()), Some("a.png"));
        a.uv.pop();
        g.appearance = Some(Box::new(a.clone()));
        assert!(!g.is_consistent(), "a corner without coordinates");
        a.uv.clear();
        a.others.push(Theme { name: "night".into(), surface_texture: vec![1], ..Theme::default() });
        g.appearance = Some(Box::new(a));
        assert!(!g.is_consistent(), "a texture that is not there");
    }

    #[test]
    fn themes_come_one_by_one() {
        let mut g = Geometry::polygon(Lod::TWO, &[vec![[0.0; 3], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]]);
        assert!(g.dresses().is_empty());
        g.materials = vec![Material::new("red", [1.0, 0.0, 0.0, 1.0])];
        assert_eq!(g.dresses().iter().map(|d| d.theme).collect::<Vec<_>>(), ["default"]);
        g.surface_material = vec![0];
        let night = Theme { name: "night".into(), surface_material: vec![0], ..Theme::default() };
        g.appearance = Some(Box::new(Appearance {
            material_theme: "paint".into(),
            texture_theme: "summer".into(),
            textures: vec![texture("a.png")],
            surface_texture: vec![0],
            uv: vec![[0.0; 2]; 3],
            others: vec![night],
        }));
        assert_eq!(g.dresses().iter().map(|d| d.theme).collect::<Vec<_>>(), ["paint", "summer", "night"]);
        assert!(g.is_consistent());
    }
}
