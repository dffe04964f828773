//! The blob of one geometry: versioned, little-endian, without loss.
//!
//! Layout of version 1: version, kind, LOD code, flags (one byte each); the number of vertices; three columns of
//! coordinates; vertex numbers and ends as differences; then, where the flags say so, semantics and materials. Version 2 is the same
//! with more flags: the whole of X3D's materials, and appearances ([`crate::looks`]). What needs neither is written as version 1.
//! A column starts with its mode. Mode `1..=7`: all its values are decimal fractions with `mode - 1` places, stored as
//! differences of whole numbers. Mode 0: differences of the values' bit patterns, which are short for neighbours.
//! Either way the decoded f64 has the very bits that were encoded.

use crate::bytes::{Reader, put_signed, put_text, put_varint};
use crate::looks::{put_appearance, put_shading, read_appearance, read_shading};
use qike_scene::{Geometry, GeometryKind, Lod, Material, Semantic};

/// The latest version, and the first, which has no looks.
const VERSION: u8 = 2;
const PLAIN: u8 = 1;
const SEMANTICS: u8 = 1;
const MATERIALS: u8 = 2;
const SHADING: u8 = 4;
const APPEARANCE: u8 = 8;
/// Largest number of decimal places that is tried for a column.
const PLACES: u8 = 6;

/// A blob that is not one of ours, or is cut off or altered.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum CodecError {
    /// Written by a later version.
    #[error("the geometry blob has version {0}, known is {VERSION}")]
    Version(u8),
    /// Does not decode.
    #[error("the geometry blob is broken")]
    Broken,
}

/// Encodes a geometry.
pub fn encode(g: &Geometry) -> Vec<u8> {
    let mut out = Vec::with_capacity(16 + g.vertices.len() * 14 + g.indices.len() + g.surface_ends.len() * 2);
    let has_semantics = !g.semantics.is_empty() || !g.surface_semantic.is_empty();
    let has_materials = !g.materials.is_empty() || !g.surface_material.is_empty();
    let has_shading = g.materials.iter().any(|m| !m.shading.is_empty());
    let flags = [(has_semantics, SEMANTICS), (has_materials, MATERIALS), (has_shading, SHADING), (g.appearance.is_some(), APPEARANCE)];
    let flags = flags.iter().fold(0, |all, (has, flag)| if *has { all | flag } else { all });
    let version = if flags & (SHADING | APPEARANCE) == 0 { PLAIN } else { VERSION };
    let kind = GeometryKind::ALL.iter().position(|k| *k == g.kind).unwrap_or(0) as u8;
    out.extend_from_slice(&[version, kind, g.lod.code(), flags]);
    put_varint(&mut out, g.vertices.len() as u64);
    for axis in 0..3 {
        put_column(&mut out, &g.vertices, axis);
    }
    for list in [&g.indices, &g.ring_ends, &g.surface_ends, &g.shell_ends, &g.solid_ends] {
        put_list(&mut out, list);
    }
    if has_semantics {
        put_varint(&mut out, g.semantics.len() as u64);
        for semantic in &g.semantics {
            put_text(&mut out, &semantic.kind);
            put_varint(&mut out, semantic.parent.map_or(0, |p| u64::from(p) + 1));
            let attributes = if semantic.attributes.is_empty() { String::new() } else { json(&semantic.attributes) };
            put_text(&mut out, &attributes);
        }
        put_list(&mut out, &g.surface_semantic);
    }
    if has_materials {
        put_varint(&mut out, g.materials.len() as u64);
        for material in &g.materials {
            put_text(&mut out, &material.name);
            material.colour.iter().for_each(|c| out.extend_from_slice(&c.to_le_bytes()));
            if has_shading {
                put_shading(&mut out, &material.shading);
            }
        }
        put_list(&mut out, &g.surface_material);
    }
    if let Some(appearance) = &g.appearance {
        put_appearance(&mut out, appearance);
    }
    out
}

/// Decodes a geometry; its indices are checked, so that readers need not.
pub fn decode(blob: &[u8]) -> Result<Geometry, CodecError> {
    match blob.first() {
        Some(&(PLAIN | VERSION)) => {}
        Some(&other) => return Err(CodecError::Version(other)),
        None => return Err(CodecError::Broken),
    }
    read(&mut Reader::new(blob)).filter(Geometry::is_consistent).ok_or(CodecError::Broken)
}

fn read(r: &mut Reader) -> Option<Geometry> {
    let _version = r.u8()?;
    let kind = *GeometryKind::ALL.get(usize::from(r.u8()?))?;
    let lod = Lod::from_code(r.u8()?)?;
    let flags = r.u8()?;
    let mut g = Geometry::empty(lod, kind);
    let n = r.count()?;
    g.vertices = vec![[0.0; 3]; n];
    for axis in 0..3 {
        read_column(r, &mut g.vertices, axis)?;
    }
    g.indices = read_list(r)?;
    g.ring_ends = read_list(r)?;
    g.surface_ends = read_list(r)?;
    g.shell_ends = read_list(r)?;
    g.solid_ends = read_list(r)?;
    if flags & SEMANTICS != 0 {
        for _ in 0..r.count()? {
            let kind = r.text()?.to_owned();
            let parent = r.varint()?.checked_sub(1).map(u32::try_from).transpose().ok()?;
            let text = r.text()?;
            let attributes = if text.is_empty() { Default::default() } else { serde_json::from_str(text).ok()? };
            g.semantics.push(Semantic { kind, parent, attributes });
        }
        g.surface_semantic = read_list(r)?;
    }
    if flags & MATERIALS != 0 {
        for _ in 0..r.count()? {
            let name = r.text()?.to_owned();
            let mut colour = [0.0; 4];
            for c in &mut colour {
                *c = f32::from_bits(r.u32()?);
            }
            let shading = if flags & SHADING != 0 { read_shading(r)? } else { Default::default() };
            g.materials.push(Material { name, colour, shading });
        }
        g.surface_material = read_list(r)?;
    }
    if flags & APPEARANCE != 0 {
        g.appearance = Some(Box::new(read_appearance(r)?));
    }
    (r.left() == 0).then_some(g)
}

/// The number of decimal places with which all values of the column can be written exactly.
fn places(vertices: &[[f64; 3]], axis: usize) -> Option<u8> {
    (0..=PLACES).find(|&p| {
        let scale = 10f64.powi(i32::from(p));
        vertices.iter().all(|v| whole(v[axis], scale).is_some())
    })
}

/// `value × scale` as a whole number, where dividing it by `scale` gives back the same bits.
fn whole(value: f64, scale: f64) -> Option<i64> {
    let scaled = (value * scale).round();
    if scaled.is_nan() || scaled.abs() >= 9e15 {
        return None;
    }
    let number = scaled as i64;
    ((number as f64 / scale).to_bits() == value.to_bits()).then_some(number)
}

fn put_column(out: &mut Vec<u8>, vertices: &[[f64; 3]], axis: usize) {
    let mut before = 0i64;
    let mut put = |out: &mut Vec<u8>, number: i64| {
        put_signed(out, number.wrapping_sub(before));
        before = number;
    };
    match places(vertices, axis) {
        Some(p) => {
            out.push(p + 1);
            let scale = 10f64.powi(i32::from(p));
            vertices.iter().filter_map(|v| whole(v[axis], scale)).for_each(|number| put(out, number));
        }
        None => {
            out.push(0);
            vertices.iter().for_each(|v| put(out, v[axis].to_bits() as i64));
        }
    }
}

fn read_column(r: &mut Reader, vertices: &mut [[f64; 3]], axis: usize) -> Option<()> {
    let mode = r.u8()?;
    if mode > PLACES + 1 {
        return None;
    }
    let scale = 10f64.powi(i32::from(mode) - 1);
    let mut before = 0i64;
    for v in vertices {
        before = before.wrapping_add(r.signed()?);
        v[axis] = if mode == 0 { f64::from_bits(before as u64) } else { before as f64 / scale };
    }
    Some(())
}

/// Appends a list of numbers as differences.
pub fn put_list(out: &mut Vec<u8>, list: &[u32]) {
    put_varint(out, list.len() as u64);
    let mut before = 0i64;
    for &value in list {
        put_signed(out, i64::from(value) - before);
        before = i64::from(value);
    }
}

/// Reads a list of [`put_list`].
pub fn read_list(r: &mut Reader) -> Option<Vec<u32>> {
    let n = r.count()?;
    let mut list = Vec::with_capacity(n);
    let mut before = 0i64;
    for _ in 0..n {
        before = before.wrapping_add(r.signed()?);
        list.push(u32::try_from(before).ok()?);
    }
    Some(list)
}

/// JSON text of a text.
pub fn text(text: &str) -> String {
    serde_json::to_string(text).unwrap_or_default()
}

/// JSON text of a map; a map of JSON values always has one.
pub fn json(map: &qike_scene::Attributes) -> String {
    serde_json::to_string(map).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use qike_scene::geometry::NONE;
    use qike_scene::{Appearance, GeometryBuilder, ImageId, Shading, Texture, TextureKind, Theme, Wrap};

    fn house() -> Geometry {
        let mut b = GeometryBuilder::new(Lod::TWO, GeometryKind::Solid);
        let p = |x: f64, y: f64, z: f64| [684_321.125 + x, 3_421_987.983 + y, 4.35 + z];
        let ground = vec![p(0.0, 0.0, 0.0), p(0.0, 9.0, 0.0), p(12.0, 9.0, 0.0), p(12.0, 0.0, 0.0)];
        b.surface(&[ground], Some("GroundSurface"));
        b.surface(&[vec![p(0.0, 0.0, 6.0), p(12.0, 0.0, 6.0), p(12.0, 4.5, 9.0), p(0.0, 4.5, 9.0)]], Some("RoofSurface"));
        let mut g = b.build();
        g.semantics[0].attributes.insert("area".into(), 108.into());
        g.materials.push(Material::new("tile", [0.7, 0.3, 0.2, 1.0]));
        g
    }

    #[test]
    fn a_house_goes_there_and_back_in_few_bytes() {
        let g = house();
        let blob = encode(&g);
        assert_eq!(decode(&blob).unwrap(), g);
        assert!(blob.len() < 200, "{} bytes", blob.len());
    }

    #[test]
    fn looks_go_there_and_back_and_cost_nothing_where_there_are_none() {
        let plain = house();
        let dressed = dressed();
        assert_eq!((encode(&plain)[0], encode(&dressed)[0]), (1, 2), "versions");
        assert_eq!(decode(&encode(&dressed)).unwrap(), dressed);
    }

    #[test]
    fn cut_or_altered_blobs_are_refused_or_consistent() {
        [house(), dressed()].iter().for_each(|g| cut_or_alter(&encode(g)));
    }

    fn cut_or_alter(blob: &[u8]) {
        for n in 0..blob.len() {
            assert!(decode(&blob[..n]).is_err(), "cut at {n}");
        }
        for i in 0..blob.len() {
            let mut bad = blob.to_vec();
            bad[i] ^= 0xff;
            if let Ok(g) = decode(&bad) {
                assert!(g.is_consistent());
            }
        }
        assert_eq!(decode(&[9, 0, 0, 0]), Err(CodecError::Version(9)));
    }

    fn dressed() -> Geometry {
        let mut g = house();
        g.materials[0].shading = Shading { ambient_intensity: Some(0.5), specular: Some([0.1, 0.2, 0.3]), smooth: Some(true), ..Shading::default() };
        g.surface_material = vec![0, NONE];
        let roof = Texture {
            uri: "appearance/屋根.jpg".into(),
            image: Some(ImageId([7; 16])),
            mime: "image/jpeg".into(),
            wrap: Some(Wrap::Border),
            border: Some([0.0, 0.5, 1.0, 1.0]),
            kind: Some(TextureKind::Specific),
        };
        let bare = Texture { image: None, mime: String::new(), wrap: None, border: None, kind: None, ..roof.clone() };
        g.appearance = Some(Box::new(Appearance {
            material_theme: "paint".into(),
            texture_theme: "summer".into(),
            textures: vec![roof, bare],
            surface_texture: vec![NONE, 0],
            uv: (0..g.indices.len()).map(|i| [0.125 * i as f32, -0.3]).collect(),
            others: vec![Theme { name: "winter".into(), surface_material: vec![0, 0], surface_texture: vec![1, NONE], uv: vec![[0.1, 0.2]; g.indices.len()] }],
        }));
        g
    }

    proptest! {
        #[test]
        fn every_f64_keeps_its_bits(vertices in prop::collection::vec(prop::array::uniform3(any::<f64>()), 0..40)) {
            let g = Geometry { vertices, ..Geometry::empty(Lod::ZERO, GeometryKind::MultiPoint) };
            let back = decode(&encode(&g)).unwrap();
            let bits = |g: &Geometry| g.vertices.iter().flatten().map(|c| c.to_bits()).collect::<Vec<_>>();
            prop_assert_eq!(bits(&back), bits(&g));
        }

        #[test]
        fn decimal_coordinates_stay_exact_and_short(mm in prop::collection::vec(0i64..30_000, 30)) {
            let vertices: Vec<[f64; 3]> = mm.iter().map(|m| [(684_000_000 + m) as f64 / 1000.0, (3_421_000_000 - m) as f64 / 1000.0, *m as f64 / 1000.0]).collect();
            let g = Geometry { vertices, ..Geometry::empty(Lod::ZERO, GeometryKind::MultiPoint) };
            let blob = encode(&g);
            prop_assert!(blob.len() < 30 * 3 * 3 + 40);
            prop_assert_eq!(decode(&blob).unwrap(), g);
        }
    }
}
