//! Looks in geometry blobs: X3D's materials wholly, textures with their coordinates, themes.

use crate::bytes::{Reader, put_text, put_varint};
use crate::codec::{put_list, read_list};
use qike_scene::{Appearance, ImageId, Shading, Texture, TextureKind, Theme, Wrap};

/// Bits of what a [`Shading`] says.
const AMBIENT: u8 = 1;
const EMISSIVE: u8 = 2;
const SPECULAR: u8 = 4;
const SHININESS: u8 = 8;
const SMOOTH_SAID: u8 = 16;
const SMOOTH: u8 = 32;
/// Bits of what a [`Texture`] says.
const IMAGE: u8 = 1;
const BORDER: u8 = 2;

/// Appends what a material says beside its colour.
pub fn put_shading(out: &mut Vec<u8>, s: &Shading) {
    let bits = [
        (s.ambient_intensity.is_some(), AMBIENT),
        (s.emissive.is_some(), EMISSIVE),
        (s.specular.is_some(), SPECULAR),
        (s.shininess.is_some(), SHININESS),
        (s.smooth.is_some(), SMOOTH_SAID),
        (s.smooth == Some(true), SMOOTH),
    ];
    out.push(bits.iter().filter(|(said, _)| *said).map(|(_, bit)| bit).sum());
    let colours = s.emissive.iter().chain(&s.specular).flatten();
    s.ambient_intensity.iter().chain(colours).chain(&s.shininess).for_each(|n| put_f32(out, *n));
}

/// Reads it.
pub fn read_shading(r: &mut Reader) -> Option<Shading> {
    let bits = r.u8()?;
    let said = |bit: u8| bits & bit != 0;
    let mut s = Shading::default();
    if said(AMBIENT) {
        s.ambient_intensity = Some(read_f32(r)?);
    }
    if said(EMISSIVE) {
        s.emissive = Some(read_f32s(r)?);
    }
    if said(SPECULAR) {
        s.specular = Some(read_f32s(r)?);
    }
    if said(SHININESS) {
        s.shininess = Some(read_f32(r)?);
    }
    if said(SMOOTH_SAID) {
        s.smooth = Some(said(SMOOTH));
    }
    Some(s)
}

/// Appends textures and themes.
pub fn put_appearance(out: &mut Vec<u8>, a: &Appearance) {
    put_text(out, &a.material_theme);
    put_text(out, &a.texture_theme);
    put_varint(out, a.textures.len() as u64);
    for t in &a.textures {
        put_text(out, &t.uri);
        put_text(out, &t.mime);
        let number = |at: Option<usize>| at.map_or(0, |n| n as u8 + 1);
        let bits = [(t.image.is_some(), IMAGE), (t.border.is_some(), BORDER)];
        out.push(bits.iter().filter(|(said, _)| *said).map(|(_, bit)| bit).sum());
        out.push(number(t.wrap.and_then(|w| Wrap::ALL.iter().position(|x| *x == w))));
        out.push(number(t.kind.and_then(|k| TextureKind::ALL.iter().position(|x| *x == k))));
        t.image.iter().for_each(|id| out.extend_from_slice(&id.0));
        t.border.iter().flatten().for_each(|n| put_f32(out, *n));
    }
    put_list(out, &a.surface_texture);
    put_uv(out, &a.uv);
    put_varint(out, a.others.len() as u64);
    for theme in &a.others {
        put_text(out, &theme.name);
        put_list(out, &theme.surface_material);
        put_list(out, &theme.surface_texture);
        put_uv(out, &theme.uv);
    }
}

/// Reads them.
pub fn read_appearance(r: &mut Reader) -> Option<Appearance> {
    let (material_theme, texture_theme) = (r.text()?.to_owned(), r.text()?.to_owned());
    let mut a = Appearance { material_theme, texture_theme, ..Appearance::default() };
    for _ in 0..r.count()? {
        let (uri, mime) = (r.text()?.to_owned(), r.text()?.to_owned());
        let bits = r.u8()?;
        let wrap = named(&Wrap::ALL, r.u8()?)?;
        let kind = named(&TextureKind::ALL, r.u8()?)?;
        let image = if bits & IMAGE != 0 { Some(ImageId(r.take(16)?.try_into().ok()?)) } else { None };
        let border = if bits & BORDER != 0 { Some(read_f32s(r)?) } else { None };
        a.textures.push(Texture { uri, image, mime, wrap, border, kind });
    }
    a.surface_texture = read_list(r)?;
    a.uv = read_uv(r)?;
    for _ in 0..r.count()? {
        let name = r.text()?.to_owned();
        let (surface_material, surface_texture) = (read_list(r)?, read_list(r)?);
        a.others.push(Theme { name, surface_material, surface_texture, uv: read_uv(r)? });
    }
    Some(a)
}

/// Entry `number - 1`; the outer `None` where there is no such entry.
fn named<T: Copy>(all: &[T], number: u8) -> Option<Option<T>> {
    match usize::from(number).checked_sub(1) {
        None => Some(None),
        Some(at) => all.get(at).copied().map(Some),
    }
}

fn put_f32(out: &mut Vec<u8>, number: f32) {
    out.extend_from_slice(&number.to_le_bytes());
}

fn read_f32(r: &mut Reader) -> Option<f32> {
    r.u32().map(f32::from_bits)
}

fn read_f32s<const N: usize>(r: &mut Reader) -> Option<[f32; N]> {
    let mut numbers = [0.0; N];
    for number in &mut numbers {
        *number = read_f32(r)?;
    }
    Some(numbers)
}

fn put_uv(out: &mut Vec<u8>, uv: &[[f32; 2]]) {
    put_varint(out, uv.len() as u64);
    uv.iter().flatten().for_each(|n| put_f32(out, *n));
}

fn read_uv(r: &mut Reader) -> Option<Vec<[f32; 2]>> {
    let n = r.count()?;
    let bytes = r.take(n.checked_mul(8)?)?;
    let number = |b: &[u8]| f32::from_le_bytes([b[0], b[1], b[2], b[3]]);
    Some(bytes.chunks_exact(8).map(|pair| [number(&pair[..4]), number(&pair[4..])]).collect())
}
