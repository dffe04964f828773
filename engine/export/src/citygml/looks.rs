//! What surfaces wear: materials and textures of X3D by theme, and the elements they are put on.

use super::xml::{Xml, is_clean};
use crate::Pictures;
use qike_scene::appearance::{DEFAULT_THEME, Dress};
use qike_scene::geometry::NONE;
use qike_scene::{Geometry, Material, Texture};
use std::collections::BTreeMap;

/// The id of a ring of a face.
pub fn ring_id(face: &str, ring: usize) -> String {
    format!("{face}_{ring}")
}

/// A material or texture of a theme with what it is put on.
pub struct Look {
    theme: String,
    what: What,
}

enum What {
    Material(Material, Vec<String>),
    /// Faces, each with its rings and their coordinates.
    Texture(Texture, Vec<(String, Vec<Vec<[f32; 2]>>)>),
}

/// What the surfaces of one geometry wear.
pub struct Looks<'g> {
    g: &'g Geometry,
    dresses: Vec<Dress<'g>>,
    /// By dress and number.
    materials: BTreeMap<(usize, u32), Vec<String>>,
    textures: BTreeMap<(usize, u32), Vec<(String, Vec<Vec<[f32; 2]>>)>>,
}

impl<'g> Looks<'g> {
    /// Nothing put on yet.
    pub fn of(g: &'g Geometry) -> Self {
        Self { g, dresses: g.dresses(), materials: BTreeMap::new(), textures: BTreeMap::new() }
    }

    /// True where one material, and nothing else, is everyone's.
    pub fn is_plain(&self) -> bool {
        self.g.appearance.is_none() && self.g.surface_material.is_empty() && self.g.materials.len() == 1
    }

    /// True where a surface wears something in some theme.
    pub fn wears(&self, surface: usize) -> bool {
        self.dresses.iter().any(|d| number(&d.surface_material, surface).or(number(d.surface_texture, surface)).is_some())
    }

    /// True where a surface has a texture in some theme.
    pub fn has_texture(&self, surface: usize) -> bool {
        self.dresses.iter().any(|d| number(d.surface_texture, surface).is_some())
    }

    /// True where two surfaces wear the same materials.
    pub fn same(&self, a: usize, b: usize) -> bool {
        self.dresses.iter().all(|d| number(&d.surface_material, a) == number(&d.surface_material, b))
    }

    /// Puts what a surface wears on the element of that id.
    pub fn put_on(&mut self, surface: usize, id: &str) {
        for (dress, d) in self.dresses.iter().enumerate() {
            if let Some(material) = number(&d.surface_material, surface) {
                self.materials.entry((dress, material)).or_default().push(id.to_owned());
            }
            if let Some(texture) = number(d.surface_texture, surface) {
                let rings = coordinates(self.g, d, surface);
                self.textures.entry((dress, texture)).or_default().push((id.to_owned(), rings));
            }
        }
    }

    /// All that was put on.
    pub fn finish(self) -> Vec<Look> {
        let theme = |dress: usize| self.dresses.get(dress).map_or(DEFAULT_THEME, |d| d.theme).to_owned();
        let mut out = Vec::new();
        for ((dress, material), targets) in self.materials {
            if let Some(material) = self.g.materials.get(material as usize) {
                out.push(Look { theme: theme(dress), what: What::Material(material.clone(), targets) });
            }
        }
        for ((dress, texture), faces) in self.textures {
            if let Some(texture) = self.g.appearance.as_ref().and_then(|a| a.textures.get(texture as usize)) {
                out.push(Look { theme: theme(dress), what: What::Texture(texture.clone(), faces) });
            }
        }
        out
    }
}

fn number(list: &[u32], surface: usize) -> Option<u32> {
    list.get(surface).copied().filter(|n| *n != NONE)
}

/// The texture coordinates of a surface, ring by ring, closed as rings are.
fn coordinates(g: &Geometry, dress: &Dress, surface: usize) -> Vec<Vec<[f32; 2]>> {
    let Some(surface) = g.surface(surface) else { return Vec::new() };
    let mut at = surface.first_corner() as usize;
    let ring = |ring: &[u32]| {
        let own = dress.uv.get(at..at + ring.len()).unwrap_or_default();
        at += ring.len();
        own.iter().chain(own.first()).copied().collect()
    };
    surface.rings().map(ring).collect()
}

/// Writes the appearances of an object, one a theme.
pub fn write(xml: &mut Xml, looks: &[Look], pictures: &mut Pictures) {
    let mut themes: BTreeMap<&str, Vec<&What>> = BTreeMap::new();
    looks.iter().for_each(|look| themes.entry(&look.theme).or_default().push(&look.what));
    for (theme, list) in themes {
        xml.open("core:appearance", &[]);
        xml.open("app:Appearance", &[]);
        if theme != DEFAULT_THEME && is_clean(theme) {
            xml.leaf("app:theme", &[], theme);
        }
        for what in list {
            xml.open("app:surfaceData", &[]);
            match what {
                What::Material(m, targets) => material(xml, m, targets),
                What::Texture(t, faces) => texture(xml, t, faces, pictures),
            }
            xml.close("app:surfaceData");
        }
        xml.close("app:Appearance");
        xml.close("core:appearance");
    }
}

fn material(xml: &mut Xml, material: &Material, targets: &[String]) {
    xml.open("app:X3DMaterial", &[]);
    if !material.name.is_empty() && is_clean(&material.name) {
        xml.leaf("gml:name", &[], &material.name);
    }
    let [r, g, b, a] = material.colour;
    let shading = &material.shading;
    let colour = |c: [f32; 3]| format!("{} {} {}", c[0], c[1], c[2]);
    for (name, text) in [
        ("app:ambientIntensity", shading.ambient_intensity.map(|n| n.to_string())),
        ("app:diffuseColor", Some(colour([r, g, b]))),
        ("app:emissiveColor", shading.emissive.map(colour)),
        ("app:specularColor", shading.specular.map(colour)),
        ("app:shininess", shading.shininess.map(|n| n.to_string())),
        ("app:transparency", (a < 1.0).then(|| (1.0 - a).to_string())),
        ("app:isSmooth", shading.smooth.map(|smooth| smooth.to_string())),
    ] {
        if let Some(text) = text {
            xml.leaf(name, &[], &text);
        }
    }
    targets.iter().for_each(|target| xml.leaf("app:target", &[], &format!("#{target}")));
    xml.close("app:X3DMaterial");
}

fn texture(xml: &mut Xml, texture: &Texture, faces: &[(String, Vec<Vec<[f32; 2]>>)], pictures: &mut Pictures) {
    xml.open("app:ParameterizedTexture", &[]);
    xml.leaf("app:imageURI", &[], &pictures.path(texture));
    if !texture.mime.is_empty() {
        xml.leaf("app:mimeType", &[], &texture.mime);
    }
    if let Some(kind) = texture.kind {
        xml.leaf("app:textureType", &[], kind.name());
    }
    if let Some(wrap) = texture.wrap {
        xml.leaf("app:wrapMode", &[], wrap.name());
    }
    if let Some([r, g, b, a]) = texture.border {
        xml.leaf("app:borderColor", &[], &format!("{r} {g} {b} {a}"));
    }
    for (face, rings) in faces {
        xml.open("app:textureParameterization", &[]);
        xml.open("app:TextureAssociation", &[]);
        xml.leaf("app:target", &[], &format!("#{face}"));
        xml.open("app:textureParameterization", &[]);
        xml.open("app:TexCoordList", &[]);
        for uv in rings {
            let numbers: Vec<String> = uv.iter().flatten().map(ToString::to_string).collect();
            xml.leaf("app:textureCoordinates", &[], &numbers.join(" "));
        }
        for ring in 0..rings.len() {
            xml.leaf("app:ring", &[], &format!("#{}", ring_id(face, ring)));
        }
        xml.close("app:TexCoordList");
        xml.close("app:textureParameterization");
        xml.close("app:TextureAssociation");
        xml.close("app:textureParameterization");
    }
    xml.close("app:ParameterizedTexture");
}
