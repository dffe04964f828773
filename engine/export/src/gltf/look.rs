//! How triangles look: colour, light given out, roughness, picture; and the same as glTF's materials, textures and samplers.

use super::buffer::Glb;
use super::picture::Album;
use crate::ExportError;
use qike_scene::{Class, Geometry, ImageId, Material, Wrap};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Roughness of what says nothing of highlights.
const ROUGH: f32 = 0.9;
/// Highlights darker than this are none.
const LEAST_SPECULAR: f32 = 0.05;
/// X3D's shininess times this is the exponent of Phong's highlights (ISO/IEC 19775-1, 17.2.2.4).
const PHONG: f32 = 128.0;
/// glTF's extension for WebP.
const WEBP: &str = "EXT_texture_webp";

/// One way to look. Numbers are kept as their bits, so that looks can be told apart and sorted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Look {
    colour: [u32; 4],
    emissive: [u32; 3],
    roughness: u32,
    picture: Option<Picture>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Picture {
    id: ImageId,
    wrap: [u32; 2],
    see_through: bool,
}

impl Look {
    /// A plain colour, sRGB and opacity.
    pub fn plain(colour: [f32; 4]) -> Self {
        Self { colour: colour.map(f32::to_bits), emissive: [0; 3], roughness: ROUGH.to_bits(), picture: None }
    }

    /// As X3D's material says. Roughness is that of the microfacets which Phong's exponent stands for (Karis 2013, "Real shading in
    /// Unreal Engine 4": n = 2/α² − 2 with α the square of the roughness).
    pub fn material(material: &Material) -> Self {
        let (colour, shading) = (material.colour.map(sound), &material.shading);
        let emissive = shading.emissive.unwrap_or_default().map(sound);
        let shines = shading.specular.is_some_and(|c| c.iter().any(|c| *c > LEAST_SPECULAR));
        let roughness = match shading.shininess {
            Some(shininess) if shines => (2.0 / (PHONG * sound(shininess) + 2.0)).powf(0.25),
            _ => ROUGH,
        };
        Self { colour: colour.map(f32::to_bits), emissive: emissive.map(f32::to_bits), roughness: roughness.to_bits(), picture: None }
    }

    /// Of a surface (of a triangle of a mesh): its picture where it has one that can be drawn, else its material, else `colour`. The
    /// flag says that texture coordinates are needed.
    pub fn of(g: &Geometry, surface: usize, album: Option<&Album>, colour: impl FnOnce() -> [f32; 4]) -> Result<(Self, bool), ExportError> {
        let texture = g.texture_of(surface).filter(|_| g.uv().len() == g.indices.len());
        if let (Some(album), Some(texture), Some(id)) = (album, texture, texture.and_then(|t| t.image))
            && let Some(known) = album.look_up(id)?
        {
            let wrap = match texture.wrap {
                Some(Wrap::None | Wrap::Clamp | Wrap::Border) => 33071,
                Some(Wrap::Mirror) => 33648,
                Some(Wrap::Wrap) | None => 10497,
            };
            // White, so that the picture shows as it is.
            let picture = Some(Picture { id, wrap: [wrap; 2], see_through: known.see_through });
            return Ok((Self { picture, ..Self::plain([1.0; 4]) }, true));
        }
        Ok((g.material_of(surface).map_or_else(|| Self::plain(colour()), Self::material), false))
    }
}

/// A number between 0 and 1, whatever the source wrote.
fn sound(n: f32) -> f32 {
    if n.is_finite() { n.clamp(0.0, 1.0) } else { 1.0 }
}

/// The materials of a document, each once, with their textures and pictures.
#[derive(Default)]
pub struct Looks {
    materials: Vec<Value>,
    textures: Vec<Value>,
    images: Vec<Value>,
    samplers: Vec<Value>,
    known: BTreeMap<(Look, bool), usize>,
    pictures: BTreeMap<ImageId, usize>,
    wraps: BTreeMap<[u32; 2], usize>,
    has_webp: bool,
}

impl Looks {
    /// The number of the material; `glows`: drawn as it is, whatever the light (lines have no side to light).
    pub fn number(&mut self, look: &Look, glows: bool, album: &Album, glb: &mut Glb) -> Result<usize, ExportError> {
        if let Some(number) = self.known.get(&(*look, glows)) {
            return Ok(*number);
        }
        let [r, g, b, opacity] = look.colour.map(f32::from_bits);
        let mut pbr = json!({
            "baseColorFactor": [linear(r), linear(g), linear(b), opacity], "metallicFactor": 0.0, "roughnessFactor": f32::from_bits(look.roughness),
        });
        let mut material = json!({ "doubleSided": true });
        if let Some(picture) = look.picture
            && let Some(texture) = self.texture(&picture, album, glb)?
        {
            pbr["baseColorTexture"] = json!({ "index": texture });
            if picture.see_through {
                material["alphaMode"] = "MASK".into();
            }
        }
        material["pbrMetallicRoughness"] = pbr;
        let emissive = if glows { [r, g, b] } else { look.emissive.map(f32::from_bits) };
        if emissive.iter().any(|c| *c > 0.0) {
            material["emissiveFactor"] = json!(emissive.map(linear));
        }
        if opacity < 1.0 {
            material["alphaMode"] = "BLEND".into();
        }
        self.materials.push(material);
        self.known.insert((*look, glows), self.materials.len() - 1);
        Ok(self.materials.len() - 1)
    }

    fn texture(&mut self, picture: &Picture, album: &Album, glb: &mut Glb) -> Result<Option<usize>, ExportError> {
        let image = match self.pictures.get(&picture.id) {
            Some(number) => *number,
            None => {
                let Some(image) = album.image(picture.id)? else { return Ok(None) };
                let mime = image.mime;
                self.images.push(json!({ "bufferView": glb.view(image.bytes, None), "mimeType": mime, "name": image.name }));
                self.pictures.insert(picture.id, self.images.len() - 1);
                self.images.len() - 1
            }
        };
        let samplers = &mut self.samplers;
        let sampler = *self.wraps.entry(picture.wrap).or_insert_with(|| {
            let [s, t] = picture.wrap;
            // Linear, with smaller copies for what is far.
            samplers.push(json!({ "magFilter": 9729, "minFilter": 9987, "wrapS": s, "wrapT": t }));
            samplers.len() - 1
        });
        let is_webp = self.images.get(image).is_some_and(|i| i["mimeType"] == "image/webp");
        self.has_webp |= is_webp;
        let texture = match is_webp {
            true => json!({ "sampler": sampler, "extensions": { WEBP: { "source": image } } }),
            false => json!({ "sampler": sampler, "source": image }),
        };
        let number = self.textures.iter().position(|t| *t == texture).unwrap_or_else(|| {
            self.textures.push(texture);
            self.textures.len() - 1
        });
        Ok(Some(number))
    }

    /// Puts all into the document; gives the extension that a reader must know, where there is one.
    pub fn finish(self, document: &mut Map<String, Value>) -> Option<&'static str> {
        for (name, list) in [("materials", self.materials), ("textures", self.textures), ("images", self.images), ("samplers", self.samplers)] {
            if !list.is_empty() {
                document.insert(name.into(), list.into());
            }
        }
        self.has_webp.then_some(WEBP)
    }
}

/// glTF wants linear colours; ours are sRGB.
pub fn linear(c: f32) -> f32 {
    if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
}

/// A plain colour for a surface without material: roofs are darker than walls, so that shapes are seen without textures.
pub fn surface_colour(g: &Geometry, surface: usize, class: Class) -> [f32; 4] {
    match g.surface(surface).and_then(|s| s.semantic()).map(|s| s.kind.as_str()) {
        Some("RoofSurface") => [0.66, 0.42, 0.34, 1.0],
        Some("Window" | "WindowSurface") => [0.55, 0.70, 0.82, 1.0],
        Some("Door" | "DoorSurface") => [0.50, 0.38, 0.28, 1.0],
        _ => colour_of(class),
    }
}

/// A plain colour for what has no material.
pub fn colour_of(class: Class) -> [f32; 4] {
    match class {
        Class::WaterBody | Class::Waterway => [0.42, 0.62, 0.78, 1.0],
        Class::PlantCover | Class::SolitaryVegetationObject => [0.47, 0.66, 0.42, 1.0],
        Class::Road | Class::Track | Class::Railway | Class::Square | Class::TrafficSpace | Class::TrafficArea => [0.55, 0.55, 0.56, 1.0],
        Class::LandUse | Class::Relief => [0.80, 0.78, 0.70, 1.0],
        _ => [0.86, 0.84, 0.80, 1.0],
    }
}
