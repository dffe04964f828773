//! Differences of looks: materials, textures and texture coordinates of every surface, theme by theme.

use super::Change;
use crate::geometry::NONE;
use crate::{Geometry, Material, Texture, Value};
use serde_json::json;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// Texture coordinates no further apart than this share of a picture (or of themselves, where they repeat it) are the same.
const UV_TOLERANCE: f32 = 1e-4;

/// What a theme puts on a geometry.
#[derive(Default)]
struct Worn<'g> {
    materials: Cow<'g, [u32]>,
    textures: &'g [u32],
    uv: &'g [[f32; 2]],
}

/// The themes by name. A name may stand once for materials and once for textures.
fn themes(g: &Geometry) -> BTreeMap<&str, Worn<'_>> {
    let mut all: BTreeMap<&str, Worn> = BTreeMap::new();
    for dress in g.dresses() {
        let worn = all.entry(dress.theme).or_default();
        if !dress.surface_material.is_empty() {
            worn.materials = dress.surface_material;
        }
        if !dress.surface_texture.is_empty() {
            (worn.textures, worn.uv) = (dress.surface_texture, dress.uv);
        }
    }
    all
}

/// Notes the first surface of each theme whose material, texture or texture coordinates differ. Both have the same surfaces.
pub fn compare(a: &Geometry, b: &Geometry, label: &str, out: &mut Vec<Change>) {
    let (mut before, mut after) = (themes(a), themes(b));
    let names: Vec<&str> = before.keys().chain(after.keys().filter(|name| !before.contains_key(*name))).copied().collect();
    for name in names {
        let (x, y) = match (before.remove(name), after.remove(name)) {
            (Some(x), Some(y)) => (x, y),
            (x, _) => {
                let there = |is: bool| if is { Value::from(name) } else { Value::Null };
                out.push(Change { what: format!("{label} theme"), before: there(x.is_some()), after: there(x.is_none()) });
                continue;
            }
        };
        for s in 0..a.surface_ends.len() {
            let (m, n) = (material(a, &x, s), material(b, &y, s));
            let (t, u) = (texture(a, &x, s), texture(b, &y, s));
            let found = if m != n {
                ("material", m, n)
            } else if !same_texture(t, u) {
                ("texture", said(t), said(u))
            } else if t.is_some() && apart(a, &x, s, &y) {
                ("texture coordinates", coordinates(a, &x, s), coordinates(b, &y, s))
            } else {
                continue;
            };
            out.push(Change { what: format!("{label} {} in theme '{name}' of surface {s}", found.0), before: found.1, after: found.2 });
            break;
        }
    }
}

fn material(g: &Geometry, worn: &Worn, surface: usize) -> Value {
    let number = worn.materials.get(surface).copied();
    let Some(Material { name, colour, shading }) = number.and_then(|n| g.materials.get(n as usize)) else { return Value::Null };
    let level = |n: f32| (n * 255.0).round() as i64;
    let levels = |c: [f32; 3]| c.map(level);
    json!({
        "name": name,
        "colour": colour.map(level),
        "ambient_intensity": shading.ambient_intensity.map(level),
        "emissive": shading.emissive.map(levels),
        "specular": shading.specular.map(levels),
        "shininess": shading.shininess.map(level),
        "smooth": shading.smooth,
    })
}

fn texture<'g>(g: &'g Geometry, worn: &Worn, surface: usize) -> Option<&'g Texture> {
    let number = worn.textures.get(surface).copied().filter(|n| *n != NONE)?;
    g.textures().get(number as usize)
}

/// Pictures are the same by their bytes; where those are missing, by the names of their files.
fn same_texture(a: Option<&Texture>, b: Option<&Texture>) -> bool {
    let (Some(a), Some(b)) = (a, b) else { return a.is_none() && b.is_none() };
    let file = |t: &Texture| t.uri.rsplit(['/', '\\']).next().unwrap_or_default().to_owned();
    let picture = match (a.image, b.image) {
        (None, None) => file(a) == file(b),
        (x, y) => x == y,
    };
    let border = |t: &Texture| t.border.map(|c| c.map(|n| (n * 255.0).round() as i64));
    picture && (a.wrap, a.kind, border(a)) == (b.wrap, b.kind, border(b))
}

fn said(t: Option<&Texture>) -> Value {
    t.map_or(Value::Null, |t| json!({"uri": t.uri, "image": t.image, "wrap": t.wrap, "kind": t.kind, "border": t.border}))
}

/// The corners of a surface; the same in both geometries.
fn corners(g: &Geometry, surface: usize) -> std::ops::Range<usize> {
    let Some(surface) = g.surface(surface) else { return 0..0 };
    let first = surface.first_corner() as usize;
    first..first + surface.rings().map(<[u32]>::len).sum::<usize>()
}

fn apart(g: &Geometry, x: &Worn, surface: usize, y: &Worn) -> bool {
    let range = corners(g, surface);
    match (x.uv.get(range.clone()), y.uv.get(range)) {
        (Some(p), Some(q)) => p.iter().flatten().zip(q.iter().flatten()).any(|(p, q)| (p - q).abs() > UV_TOLERANCE * p.abs().max(1.0)),
        (p, q) => p.is_some() != q.is_some(),
    }
}

fn coordinates(g: &Geometry, worn: &Worn, surface: usize) -> Value {
    worn.uv.get(corners(g, surface)).map_or(Value::Null, |uv| json!(uv))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::appearance::{Appearance, Theme};
    use crate::{ImageId, Lod};

    fn textured(uri: &str, image: Option<u8>, u: f32) -> Geometry {
        let mut g = Geometry::polygon(Lod::TWO, &[vec![[0.0; 3], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]]);
        let image = image.map(|n| ImageId([n; 16]));
        let texture = Texture { uri: uri.into(), image, mime: String::new(), wrap: None, border: None, kind: None };
        let theme = Theme { name: "photo".into(), surface_texture: vec![0], uv: vec![[u, 0.0]; 3], ..Theme::default() };
        g.dress(vec![theme], vec![texture], [None, None]);
        g
    }

    fn whats(a: &Geometry, b: &Geometry) -> Vec<String> {
        let mut out = Vec::new();
        compare(a, b, "g", &mut out);
        out.into_iter().map(|c| c.what).collect()
    }

    #[test]
    fn each_part_of_a_look_is_compared() {
        let plain = Geometry::polygon(Lod::TWO, &[vec![[0.0; 3], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]]);
        let a = textured("a/wall.jpg", Some(1), 0.5);
        assert!(whats(&a, &textured("b/other.jpg", Some(1), 0.500_01)).is_empty(), "the same picture under another name");
        assert_eq!(whats(&a, &textured("a/wall.jpg", Some(2), 0.5)), ["g texture in theme 'photo' of surface 0"]);
        assert_eq!(whats(&a, &textured("a/wall.jpg", None, 0.5)), ["g texture in theme 'photo' of surface 0"]);
        assert_eq!(whats(&a, &textured("a/wall.jpg", Some(1), 0.51)), ["g texture coordinates in theme 'photo' of surface 0"]);
        assert_eq!(whats(&a, &plain), ["g theme"]);
        assert!(whats(&textured("a/w.jpg", None, 0.0), &textured("b/w.jpg", None, 0.0)).is_empty());
    }

    #[test]
    fn materials_are_compared_wholly() {
        let mut a = Geometry::polygon(Lod::TWO, &[vec![[0.0; 3], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]]);
        a.materials = vec![Material::new("red", [1.0, 0.0, 0.0, 1.0])];
        let mut b = a.clone();
        assert!(whats(&a, &b).is_empty());
        b.materials[0].shading.shininess = Some(0.5);
        assert_eq!(whats(&a, &b), ["g material in theme 'default' of surface 0"]);
        // One material for all says the same as a list that names it.
        b = a.clone();
        b.surface_material = vec![0];
        b.appearance = Some(Box::new(Appearance { material_theme: "default".into(), ..Appearance::default() }));
        assert!(whats(&a, &b).is_empty());
    }
}
