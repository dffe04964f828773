//! Materials, textures and semantics of surfaces: from a document's lists to the few that a geometry uses.

use super::model::RawAppearance;
use super::surfaces::RawSurface;
use crate::formats::findings::Findings;
use crate::images::Images;
use qike_scene::geometry::NONE;
use qike_scene::image::known_mime;
use qike_scene::{Material, ObjectSink, Semantic, Shading, SinkError, Texture, TextureKind, Value, Wrap};

/// The lists that geometries refer to.
#[derive(Default)]
pub struct Looks {
    /// Materials.
    pub materials: Vec<Material>,
    /// Textures, their pictures handed to the sink.
    pub textures: Vec<Texture>,
    /// Texture coordinates; NaN where the file has no number.
    pub uv: Vec<[f32; 2]>,
    /// The themes to draw: of materials, of textures.
    pub preferred: [Option<String>; 2],
}

impl Looks {
    /// From an appearance as written.
    pub fn read(raw: &RawAppearance, images: &mut Images, findings: &mut Findings, sink: &mut dyn ObjectSink) -> Result<Self, SinkError> {
        let textures = raw.textures.iter().map(|value| texture(value, images, findings, sink)).collect::<Result<_, _>>()?;
        Ok(Self {
            materials: raw.materials.iter().map(material).collect(),
            textures,
            uv: (0..raw.uv.len()).filter_map(|i| raw.uv.get(i)).map(|[u, v, _]| [u as f32, v as f32]).collect(),
            preferred: [raw.default_material.clone(), raw.default_texture.clone()],
        })
    }

    /// These lists alone.
    pub fn lists(&self) -> Lists<'_> {
        self.or(self)
    }

    /// A feature's own lists, and those of the file where it has none.
    pub fn or<'l>(&'l self, shared: &'l Looks) -> Lists<'l> {
        fn either<'l, T>(own: &'l [T], shared: &'l [T]) -> &'l [T] {
            if own.is_empty() { shared } else { own }
        }
        Lists {
            materials: either(&self.materials, &shared.materials),
            textures: either(&self.textures, &shared.textures),
            uv: either(&self.uv, &shared.uv),
            preferred: [0, 1].map(|i| self.preferred[i].as_deref().or(shared.preferred[i].as_deref())),
        }
    }
}

/// The lists that hold for a document or a feature.
#[derive(Clone, Copy)]
pub struct Lists<'l> {
    /// Materials.
    pub materials: &'l [Material],
    /// Textures.
    pub textures: &'l [Texture],
    /// Texture coordinates.
    pub uv: &'l [[f32; 2]],
    /// The themes to draw: of materials, of textures.
    pub preferred: [Option<&'l str>; 2],
}

/// A share of 0 to 1.
fn share(value: Option<&Value>) -> Option<f32> {
    value.and_then(Value::as_f64).filter(|n| n.is_finite()).map(|n| n.clamp(0.0, 1.0) as f32)
}

fn colour(value: &Value, key: &str) -> Option<[f32; 3]> {
    let channel = |i: usize| share(value.get(key).and_then(|colour| colour.get(i)));
    Some([channel(0)?, channel(1)?, channel(2)?])
}

/// CityJSON's material as the scene keeps it; light grey where it gives no colour.
pub fn material(value: &Value) -> Material {
    let [r, g, b] = colour(value, "diffuseColor").unwrap_or([0.8; 3]);
    let alpha = 1.0 - share(value.get("transparency")).unwrap_or(0.0);
    let name = value.get("name").and_then(Value::as_str).unwrap_or_default();
    let shading = Shading {
        ambient_intensity: share(value.get("ambientIntensity")),
        emissive: colour(value, "emissiveColor"),
        specular: colour(value, "specularColor"),
        shininess: share(value.get("shininess")),
        smooth: value.get("isSmooth").and_then(Value::as_bool),
    };
    Material { shading, ..Material::new(name, [r, g, b, alpha]) }
}

/// CityJSON's texture with its picture.
fn texture(value: &Value, images: &mut Images, findings: &mut Findings, sink: &mut dyn ObjectSink) -> Result<Texture, SinkError> {
    let text = |key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default();
    let uri = text("image");
    let found = images.find(uri, findings, sink)?;
    let stated = match text("type").to_ascii_uppercase().as_str() {
        "JPG" | "JPEG" => "image/jpeg".to_owned(),
        other => known_mime(&format!("image/{}", other.to_ascii_lowercase())).unwrap_or_default().to_owned(),
    };
    let border = colour(value, "borderColor").map(|[r, g, b]| {
        let alpha = share(value.get("borderColor").and_then(|colour| colour.get(3))).unwrap_or(1.0);
        [r, g, b, alpha]
    });
    Ok(Texture {
        uri: uri.to_owned(),
        image: found.map(|(id, _)| id),
        mime: found.map_or(stated, |(_, mime)| mime.to_owned()),
        wrap: Wrap::parse(text("wrapMode")),
        border,
        kind: TextureKind::parse(text("textureType")),
    })
}

/// Semantic surfaces as the scene keeps them.
pub fn semantics(surfaces: &mut Vec<RawSurface>) -> Vec<Semantic> {
    let count = surfaces.len() as u64;
    let semantic = |RawSurface { kind, parent, attributes }| Semantic {
        kind: if kind.is_empty() { "Surface".to_owned() } else { kind },
        parent: parent.filter(|p| *p < count).map(|p| p as u32),
        attributes,
    };
    surfaces.drain(..).map(semantic).collect()
}

/// Keeps of `all` what the lists `used` refer to, in the order of `all`, and renumbers them. A number that nothing has becomes
/// [`NONE`]; the second result counts those.
pub fn keep_used<T: Clone>(all: &[T], used: &mut [&mut Vec<u32>]) -> (Vec<T>, usize) {
    let mut number = vec![NONE; all.len()];
    let mut wrong = 0;
    for entry in used.iter_mut().flat_map(|list| list.iter_mut()).filter(|entry| **entry != NONE) {
        match number.get_mut(*entry as usize) {
            Some(slot) => *slot = 0,
            None => {
                *entry = NONE;
                wrong += 1;
            }
        }
    }
    let mut kept = Vec::new();
    for (item, slot) in all.iter().zip(&mut number).filter(|(_, slot)| **slot == 0) {
        *slot = kept.len() as u32;
        kept.push(item.clone());
    }
    for entry in used.iter_mut().flat_map(|list| list.iter_mut()).filter(|entry| **entry != NONE) {
        *entry = number[*entry as usize];
    }
    (kept, wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unused_entries_go_and_wrong_numbers_are_counted() {
        let (mut used, mut more) = (vec![2, NONE, 0, 9], vec![2]);
        let (kept, wrong) = keep_used(&["a", "b", "c"], &mut [&mut used, &mut more]);
        assert_eq!((kept, wrong), (vec!["a", "c"], 1));
        assert_eq!((used, more), (vec![1, NONE, 0, NONE], vec![1]));
    }

    #[test]
    fn a_material_without_colour_is_grey_and_opaque() {
        assert_eq!(material(&serde_json::json!({"name": "x"})).colour, [0.8, 0.8, 0.8, 1.0]);
        let glass = material(&serde_json::json!({"name": "g", "diffuseColor": [0.1, 2, 0.3], "transparency": 0.75}));
        assert_eq!(glass.colour, [0.1, 1.0, 0.3, 0.25]);
        let shiny = material(&serde_json::json!({"name": "s", "shininess": 0.5, "specularColor": [1, 0, 0], "isSmooth": false})).shading;
        assert_eq!((shiny.shininess, shiny.specular, shiny.smooth, shiny.emissive), (Some(0.5), Some([1.0, 0.0, 0.0]), Some(false), None));
    }
}
