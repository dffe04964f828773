//! Appearances: materials and textures by the ids of what they are put on, theme by theme, with texture coordinates by ring or by
//! a matrix.

use super::tree::{Ix, Names, Tree};
use crate::formats::findings::Findings;
use crate::images::Images;
use qike_scene::appearance::DEFAULT_THEME;
use qike_scene::{Material, ObjectSink, Shading, SinkError, Texture, TextureKind, Wrap};
use std::collections::HashMap;

/// The materials and textures of a document or of one member.
#[derive(Default)]
pub struct Appearances {
    themes: Vec<String>,
    materials: Vec<Material>,
    textures: Vec<Texture>,
    by_target: HashMap<String, Vec<Wear>>,
    /// Texture coordinates by the id of a ring (or of a surface whose only ring they are for): theme and list.
    by_ring: HashMap<String, Vec<(u32, Vec<[f32; 2]>)>>,
    /// Textures placed by a world file or a reference point, which are not put on surfaces.
    pub georeferenced: u64,
}

/// What a target wears in a theme.
struct Wear {
    theme: u32,
    what: What,
}

enum What {
    Material(u32),
    Texture(u32, Option<Box<[f64; 12]>>),
}

/// What a surface wears in one theme.
#[derive(Clone, Copy)]
pub struct Worn<'a> {
    /// The theme.
    pub theme: &'a str,
    /// Its material.
    pub material: Option<&'a Material>,
    /// Its texture, with the matrix from positions to texture coordinates where there is one.
    pub texture: Option<(&'a Texture, Option<&'a [f64; 12]>)>,
    number: u32,
    from: &'a Appearances,
}

impl Worn<'_> {
    /// Texture coordinates of a ring, one for each position as it is written.
    pub fn coordinates(&self, ring: &str) -> Option<&[[f32; 2]]> {
        self.from.by_ring.get(ring)?.iter().find(|(theme, _)| *theme == self.number).map(|(_, uv)| uv.as_slice())
    }
}

impl Appearances {
    /// True without anything to wear.
    pub fn is_empty(&self) -> bool {
        self.by_target.is_empty()
    }

    /// Takes over all appearances in a tree. The first material or texture of a target in a theme counts.
    pub fn read(&mut self, tree: &Tree, names: &Names) {
        for ix in tree.all() {
            self.surface_data(tree, names, ix, ix);
            // An appearance may use what another one defines.
            if matches!(tree.local(ix, names), "surfaceDataMember" | "surfaceData")
                && let Some(data) = tree.link(ix, names).and_then(|id| tree.by_id(id))
            {
                self.surface_data(tree, names, data, ix);
            }
        }
    }

    /// Takes over one material or texture, in the theme of the appearance that `place` is in.
    fn surface_data(&mut self, tree: &Tree, names: &Names, ix: Ix, place: Ix) {
        match tree.local(ix, names) {
            "X3DMaterial" => self.material(tree, names, ix, place),
            "ParameterizedTexture" => self.texture(tree, names, ix, place),
            "GeoreferencedTexture" => self.georeferenced += 1,
            _ => {}
        }
    }

    /// Reads the pictures and hands them to the sink.
    pub fn load(&mut self, images: &mut Images, findings: &mut Findings, sink: &mut dyn ObjectSink) -> Result<(), SinkError> {
        for texture in &mut self.textures {
            if let Some((id, mime)) = images.find(&texture.uri, findings, sink)? {
                (texture.image, texture.mime) = (Some(id), mime.to_owned());
            }
        }
        Ok(())
    }

    fn theme(&mut self, tree: &Tree, names: &Names, place: Ix) -> u32 {
        let mut at = Some(place);
        while let Some(ix) = at.filter(|ix| tree.local(*ix, names) != "Appearance") {
            at = tree.parent(ix);
        }
        let stated = at.and_then(|ix| tree.child(ix, "theme", names)).map(|theme| tree.own_text(theme)).filter(|name| !name.is_empty());
        let name = stated.unwrap_or(DEFAULT_THEME);
        let number = self.themes.iter().position(|theme| theme == name).unwrap_or_else(|| {
            self.themes.push(name.to_owned());
            self.themes.len() - 1
        });
        number as u32
    }

    fn put_on(&mut self, target: &str, wear: Wear) {
        if !target.is_empty() {
            self.by_target.entry(target.to_owned()).or_default().push(wear);
        }
    }

    fn material(&mut self, tree: &Tree, names: &Names, ix: Ix, place: Ix) {
        let text = |local: &str| tree.child(ix, local, names).map(|child| tree.own_text(child)).filter(|text| !text.is_empty());
        if text("isFront").is_some_and(|front| matches!(front, "false" | "0")) {
            return;
        }
        let one = |local: &str| shares(text(local)).first().copied();
        let colour = |local: &str| <[f32; 3]>::try_from(shares(text(local))).ok();
        let [red, green, blue] = colour("diffuseColor").unwrap_or([0.8; 3]);
        let shading = Shading {
            ambient_intensity: one("ambientIntensity"),
            emissive: colour("emissiveColor"),
            specular: colour("specularColor"),
            shininess: one("shininess"),
            smooth: text("isSmooth").map(|smooth| matches!(smooth, "true" | "1")),
        };
        let name = text("name").or_else(|| tree.id(ix, names)).unwrap_or_default();
        let alpha = 1.0 - one("transparency").unwrap_or(0.0);
        let theme = self.theme(tree, names, place);
        let number = self.materials.len() as u32;
        self.materials.push(Material { shading, ..Material::new(name, [red, green, blue, alpha]) });
        for target in tree.children(ix).filter(|child| tree.local(*child, names) == "target") {
            // 2.0 writes the id as text, 3.0 too or as a link; both with a hash.
            let id = Some(tree.own_text(target)).filter(|text| !text.is_empty()).or_else(|| tree.get(target, "href", names)).unwrap_or_default();
            self.put_on(fragment(id), Wear { theme, what: What::Material(number) });
        }
    }

    fn texture(&mut self, tree: &Tree, names: &Names, ix: Ix, place: Ix) {
        let text = |local: &str| tree.child(ix, local, names).map(|child| tree.own_text(child)).filter(|text| !text.is_empty());
        let border = match shares(text("borderColor"))[..] {
            [r, g, b] => Some([r, g, b, 1.0]),
            [r, g, b, a] => Some([r, g, b, a]),
            _ => None,
        };
        let number = self.textures.len() as u32;
        self.textures.push(Texture {
            uri: text("imageURI").unwrap_or_default().to_owned(),
            image: None,
            mime: text("mimeType").unwrap_or_default().to_owned(),
            wrap: text("wrapMode").and_then(Wrap::parse),
            border,
            kind: text("textureType").and_then(TextureKind::parse),
        });
        let theme = self.theme(tree, names, place);
        for child in tree.children(ix) {
            // Until 2.0 the target holds the parameters; since 3.0 an association holds both.
            let (id, parameters) = match tree.local(child, names) {
                "target" => (tree.get(child, "uri", names).or_else(|| tree.get(child, "href", names)), tree.children(child).next()),
                "textureParameterization" => {
                    let Some(association) = tree.children(child).next() else { continue };
                    let target = tree.child(association, "target", names);
                    let id = target.and_then(|t| Some(tree.own_text(t)).filter(|text| !text.is_empty()).or_else(|| tree.get(t, "href", names)));
                    (id, tree.child(association, "textureParameterization", names).and_then(|p| tree.children(p).next()))
                }
                _ => continue,
            };
            let target = fragment(id.unwrap_or_default()).to_owned();
            let matrix = parameters.and_then(|p| tree.child(p, "worldToTexture", names)).and_then(|m| matrix(tree.own_text(m)));
            if let Some(parameters) = parameters {
                self.coordinates(tree, names, parameters, &target, theme);
            }
            self.put_on(&target, Wear { theme, what: What::Texture(number, matrix) });
        }
    }

    /// The coordinates of a list by the rings they are for.
    fn coordinates(&mut self, tree: &Tree, names: &Names, list: Ix, target: &str, theme: u32) {
        let of = |local: &'static str| tree.children(list).filter(move |child| tree.local(*child, names) == local);
        let mut rings = of("ring").map(|ring| tree.own_text(ring));
        for child in of("textureCoordinates") {
            let numbers = tree.numbers(child);
            let ring = tree.get(child, "ring", names).or_else(|| rings.next()).map_or(target, fragment);
            if ring.is_empty() || !numbers.iter().all(|n| n.is_finite()) {
                continue;
            }
            let uv = numbers.chunks_exact(2).map(|pair| [pair[0] as f32, pair[1] as f32]).collect();
            self.by_ring.entry(ring.to_owned()).or_default().push((theme, uv));
        }
    }

    /// Adds what an element wears, and what all around it wear, to `worn`: the nearest counts, one material and one texture a theme.
    pub fn of<'a>(&'a self, tree: &Tree, names: &Names, ix: Ix, worn: &mut Vec<Worn<'a>>) {
        let mut at = Some(ix);
        while let Some(ix) = at {
            for wear in tree.id(ix, names).and_then(|id| self.by_target.get(id)).into_iter().flatten() {
                let theme = self.themes.get(wear.theme as usize).map_or(DEFAULT_THEME, String::as_str);
                let fresh = Worn { theme, material: None, texture: None, number: wear.theme, from: self };
                match &wear.what {
                    What::Material(number) if !worn.iter().any(|w| w.theme == theme && w.material.is_some()) => {
                        worn.push(Worn { material: self.materials.get(*number as usize), ..fresh });
                    }
                    What::Texture(number, matrix) if !worn.iter().any(|w| w.theme == theme && w.texture.is_some()) => {
                        worn.push(Worn { texture: self.textures.get(*number as usize).map(|t| (t, matrix.as_deref())), ..fresh });
                    }
                    _ => {}
                }
            }
            at = tree.parent(ix);
        }
    }
}

/// `#id` or `file.gml#id` → `id`.
fn fragment(uri: &str) -> &str {
    let uri = uri.trim();
    uri.rsplit_once('#').map_or(uri, |(_, id)| id)
}

/// Numbers of 0 to 1.
fn shares(text: Option<&str>) -> Vec<f32> {
    let parts = text.unwrap_or_default().split_ascii_whitespace();
    parts.filter_map(|n| n.parse::<f32>().ok()).filter(|n| n.is_finite()).map(|n| n.clamp(0.0, 1.0)).collect()
}

/// Three rows of four numbers.
fn matrix(text: &str) -> Option<Box<[f64; 12]>> {
    let numbers: Vec<f64> = text.split_ascii_whitespace().filter_map(|n| n.parse().ok()).collect();
    <[f64; 12]>::try_from(numbers).ok().filter(|m| m.iter().all(|n| n.is_finite())).map(Box::new)
}

/// Texture coordinates of a position in the source's own system; `None` where the matrix has none for it.
pub fn mapped(m: &[f64; 12], p: [f64; 3]) -> Option<[f32; 2]> {
    let row = |r: usize| m[4 * r] * p[0] + m[4 * r + 1] * p[1] + m[4 * r + 2] * p[2] + m[4 * r + 3];
    let uv = [row(0) / row(2), row(1) / row(2)].map(|c| c as f32);
    uv.iter().all(|c| c.is_finite()).then_some(uv)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_matrix_maps_positions() {
        let m = matrix("0.5 0 0 -50  0 0 0.25 0  0 0 0 1").unwrap();
        assert_eq!(mapped(&m, [101.0, 7.0, 2.0]), Some([0.5, 0.5]));
        assert_eq!(mapped(&matrix("1 0 0 0 0 1 0 0 0 0 0 0").unwrap(), [1.0; 3]), None, "nothing to divide by");
        assert_eq!(matrix("1 2 3"), None);
        assert_eq!((fragment(" #a "), fragment("x.gml#b"), fragment("c")), ("a", "b", "c"));
    }
}
