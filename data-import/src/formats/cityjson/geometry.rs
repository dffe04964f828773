//! One CityJSON geometry to the scene's: surfaces with bad numbers or too few points are left out, everything else is kept
//! as it is nested in the file.

use super::appearance::{Lists, keep_used, semantics};
use super::model::RawGeometry;
use super::surfaces::RawSurface;
use super::nested::Nested;
use qike_scene::geometry::NONE;
use qike_scene::{Geometry, GeometryKind, Lod, Theme};

/// What was wrong with a geometry, as counts.
#[derive(Debug, Default, PartialEq)]
pub struct Faults {
    /// The type is none of CityJSON's, or the boundaries are not nested as the type says.
    pub shape: Option<String>,
    /// Surfaces, lines or points left out because a vertex number is that of no vertex.
    pub bad_numbers: usize,
    /// The same because a vertex has no place in the store's CRS (who projects it, tells).
    pub no_place: usize,
    /// Rings left out for having too few points, or surfaces for having no ring.
    pub degenerate: usize,
    /// Lines left out for having too few points.
    pub short: usize,
    /// There is nothing in it.
    pub empty: bool,
    /// Semantics or materials whose nesting does not fit the boundaries, or that name an entry which is not there.
    pub unfit: Vec<&'static str>,
}

/// The kind and the depth of nesting of a geometry type.
fn kind_of(name: &str) -> Option<(GeometryKind, usize)> {
    Some(match name {
        "MultiPoint" => (GeometryKind::MultiPoint, 0),
        "MultiLineString" => (GeometryKind::MultiLine, 1),
        "MultiSurface" => (GeometryKind::MultiSurface, 2),
        "CompositeSurface" => (GeometryKind::CompositeSurface, 2),
        "Solid" => (GeometryKind::Solid, 3),
        "MultiSolid" => (GeometryKind::MultiSolid, 4),
        "CompositeSolid" => (GeometryKind::CompositeSolid, 4),
        _ => return None,
    })
}

/// A level of detail as text; CityJSON's own text for none is 0.
pub fn lod_of(text: &str) -> Result<Lod, String> {
    let text = if text.is_empty() { "0" } else { text };
    text.parse().map_err(|_| format!("'{text}' is not a level of detail; 0 is taken"))
}

/// Numbers the vertices that one geometry uses, in memory that all geometries share.
#[derive(Default)]
pub struct Renumber {
    local: Vec<u32>,
    touched: Vec<u32>,
    /// For each point, line or surface of the file: is it kept?
    keep: Vec<bool>,
    /// For each ring that is kept its number in the file.
    kept_rings: Vec<u32>,
}

impl Renumber {
    /// Forgets the last geometry; numbers go up to `count` from now on.
    fn reset(&mut self, count: usize) {
        for global in self.touched.drain(..) {
            self.local[global as usize] = NONE;
        }
        self.keep.clear();
        self.kept_rings.clear();
        if self.local.len() < count {
            self.local.resize(count, NONE);
        }
    }
}

/// What a geometry is built with.
pub struct Surroundings<'a> {
    /// Number of vertices that there are.
    pub vertices: usize,
    /// Materials, textures and their coordinates.
    pub looks: Lists<'a>,
}

/// Builds a geometry that is no instance, with the semantic surfaces that are its own. `position` gives a vertex in the store's CRS, or `None` where there is none.
/// `None` where nothing of it is left.
pub fn build(
    raw: &RawGeometry, surfaces: &mut Vec<RawSurface>, lod: Lod, around: &Surroundings, renumber: &mut Renumber, faults: &mut Faults,
    mut position: impl FnMut(u32) -> Option<[f64; 3]>,
) -> Option<Geometry> {
    let Some((kind, depth)) = kind_of(&raw.kind) else {
        faults.shape = Some(format!("'{}' is no geometry type of CityJSON", raw.kind));
        return None;
    };
    let nested = &raw.boundaries;
    let Some(leaf) = nested.leaf.filter(|leaf| *leaf == depth && !nested.malformed) else {
        if nested.leaf.is_some() || nested.malformed {
            faults.shape = Some(format!("the boundaries are not nested as those of a {} are", raw.kind));
        } else {
            faults.empty = true;
        }
        return None;
    };
    let mut builder = Build {
        out: Geometry::empty(lod, kind),
        vertices: around.vertices,
        renumber,
        faults,
    };
    builder.renumber.reset(around.vertices);
    builder.reserve(nested, leaf);
    match depth {
        0 => builder.points(&nested.indices, &mut position),
        1 => builder.lines(nested, &mut position),
        _ => builder.surfaces(nested, leaf, &mut position),
    }
    let Build { mut out, renumber, faults, .. } = builder;
    let Renumber { keep, kept_rings, .. } = renumber;
    if !keep.contains(&true) {
        return None;
    }
    if faults.bad_numbers + faults.no_place > 0 {
        drop_unused_vertices(&mut out);
    }

    // What holds an entry a surface: the number of surfaces, and the groups they are nested in, innermost first.
    let (items, groups): (usize, [&[u32]; 2]) = match depth {
        0 => (nested.indices.len(), [&[], &[]]),
        1 | 2 => (nested.ends[1].len(), [&[], &[]]),
        3 => (nested.ends[2].len(), [&nested.ends[1], &[]]),
        _ => (nested.ends[3].len(), [&nested.ends[2], &nested.ends[1]]),
    };
    let groups = &groups[..depth.saturating_sub(2).min(2)];
    let all = !keep.contains(&false);
    let select = |values: Vec<u32>| match all {
        true => values,
        false => values.into_iter().zip(keep.iter()).filter_map(|(value, kept)| kept.then_some(value)).collect(),
    };
    if !raw.surface_values.is_empty() {
        match raw.surface_values.flatten(items, groups) {
            Some(values) => {
                out.surface_semantic = select(values);
                out.semantics = semantics(surfaces);
                let count = out.semantics.len() as u32;
                let mut wrong = 0;
                for entry in out.surface_semantic.iter_mut().filter(|entry| **entry != NONE && **entry >= count) {
                    *entry = NONE;
                    wrong += 1;
                }
                if wrong > 0 {
                    faults.unfit.push("semantics");
                }
            }
            None => faults.unfit.push("semantics"),
        }
    }
    if depth >= 2 && !(raw.materials.is_empty() && raw.textures.is_empty()) {
        let mut themes: Vec<Theme> = Vec::new();
        for (name, values) in &raw.materials {
            match values.flatten(items, groups) {
                Some(values) => named(&mut themes, name).surface_material = select(values),
                None => faults.unfit.push("materials"),
            }
        }
        let around_rings: Vec<&[u32]> = std::iter::once(nested.ends[leaf - 1].as_slice()).chain(groups.iter().copied()).collect();
        for (name, values) in &raw.textures {
            let fits = values.rings(nested.ends[leaf].len(), &around_rings).is_some_and(|rings| {
                wear(&out, kept_rings, &rings, &around.looks, named(&mut themes, name))
            });
            if !fits {
                faults.unfit.push("textures");
            }
        }
        let mut lists: Vec<&mut Vec<u32>> = themes.iter_mut().map(|theme| &mut theme.surface_material).collect();
        let (materials, wrong) = keep_used(around.looks.materials, &mut lists);
        if wrong > 0 {
            faults.unfit.push("materials");
        }
        let mut lists: Vec<&mut Vec<u32>> = themes.iter_mut().map(|theme| &mut theme.surface_texture).collect();
        let (textures, _) = keep_used(around.looks.textures, &mut lists);
        out.materials = materials;
        out.dress(themes, textures, around.looks.preferred);
    }
    Some(out)
}

/// The theme of that name, which is begun where there is none yet.
fn named<'t>(themes: &'t mut Vec<Theme>, name: &str) -> &'t mut Theme {
    let at = themes.iter().position(|theme| theme.name == name).unwrap_or_else(|| {
        themes.push(Theme { name: name.to_owned(), ..Theme::default() });
        themes.len() - 1
    });
    &mut themes[at]
}

/// Puts textures on surfaces: `rings` are the file's, each a texture and then one texture coordinate a corner. False where one of
/// them names something that is not there or has too few coordinates; its surface stays without texture.
fn wear(out: &Geometry, kept_rings: &[u32], rings: &[&[u32]], looks: &Lists, theme: &mut Theme) -> bool {
    let mut fits = true;
    theme.surface_texture = vec![NONE; out.surface_ends.len()];
    theme.uv = vec![[0.0; 2]; out.indices.len()];
    let mut own = kept_rings.iter();
    for surface in out.surfaces() {
        let mut corner = surface.first_corner() as usize;
        for ring in surface.rings() {
            let numbers = own.next().and_then(|number| rings.get(*number as usize)).copied().unwrap_or_default();
            let place = theme.uv.get_mut(corner..corner + ring.len()).unwrap_or_default();
            corner += ring.len();
            let Some((texture, numbers)) = numbers.split_first().filter(|(texture, _)| **texture != NONE) else { continue };
            let there = (*texture as usize) < looks.textures.len() && numbers.len() >= ring.len();
            let found = numbers.iter().zip(place.iter_mut()).all(|(number, place)| match looks.uv.get(*number as usize) {
                Some(uv) if uv.iter().all(|c| c.is_finite()) => {
                    *place = *uv;
                    true
                }
                _ => false,
            });
            let slot = &mut theme.surface_texture[surface.index];
            if there && found && (*slot == NONE || slot == texture) {
                *slot = *texture;
            } else {
                place.fill([0.0; 2]);
                fits = false;
            }
        }
    }
    fits
}

struct Build<'r, 'f> {
    out: Geometry,
    vertices: usize,
    renumber: &'r mut Renumber,
    faults: &'f mut Faults,
}

impl Build<'_, '_> {
    /// Makes room once for all that may come.
    fn reserve(&mut self, nested: &Nested, leaf: usize) {
        let lists = [&mut self.out.solid_ends, &mut self.out.shell_ends, &mut self.out.surface_ends, &mut self.out.ring_ends];
        for (n, list) in lists.into_iter().rev().enumerate().take(leaf) {
            list.reserve_exact(nested.ends[leaf - n].len());
        }
        self.out.indices.reserve_exact(nested.indices.len());
        self.out.vertices.reserve_exact(nested.indices.len().div_ceil(3).min(self.vertices));
        self.renumber.keep.reserve(if leaf == 0 { nested.indices.len() } else { nested.ends[leaf.saturating_sub(1).max(1)].len() });
    }

    /// Appends one vertex by its number in the document.
    fn vertex(&mut self, global: u32, position: &mut impl FnMut(u32) -> Option<[f64; 3]>) -> bool {
        if global as usize >= self.vertices {
            self.faults.bad_numbers += 1;
            return false;
        }
        let local = self.renumber.local[global as usize];
        let local = if local != NONE {
            local
        } else {
            let Some(p) = position(global) else {
                self.faults.no_place += 1;
                return false;
            };
            let fresh = self.out.vertices.len() as u32;
            self.out.vertices.push(p);
            self.renumber.local[global as usize] = fresh;
            self.renumber.touched.push(global);
            fresh
        };
        self.out.indices.push(local);
        true
    }

    fn points(&mut self, numbers: &[u32], position: &mut impl FnMut(u32) -> Option<[f64; 3]>) {
        for &number in numbers {
            let good = self.vertex(number, position);
            self.renumber.keep.push(good);
        }
    }

    /// Appends a ring or line; `false`, and nothing appended, where a vertex is bad.
    fn ring(&mut self, numbers: &[u32], position: &mut impl FnMut(u32) -> Option<[f64; 3]>) -> bool {
        let before = self.out.indices.len();
        for &number in numbers {
            if !self.vertex(number, position) {
                self.out.indices.truncate(before);
                return false;
            }
        }
        self.out.ring_ends.push(self.out.indices.len() as u32);
        true
    }

    fn lines(&mut self, nested: &Nested, position: &mut impl FnMut(u32) -> Option<[f64; 3]>) {
        for line in 0..nested.ends[1].len() {
            let numbers = part(&nested.indices, &nested.ends[1], line);
            let long = numbers.len() >= 2;
            let good = long && self.ring(numbers, position);
            self.faults.short += usize::from(!long);
            self.renumber.keep.push(good);
        }
    }

    fn surfaces(&mut self, nested: &Nested, leaf: usize, position: &mut impl FnMut(u32) -> Option<[f64; 3]>) {
        let (rings, surfaces) = (&nested.ends[leaf], &nested.ends[leaf - 1]);
        let shells: &[u32] = if leaf >= 3 { &nested.ends[leaf - 2] } else { &[] };
        let solids: &[u32] = if leaf >= 4 { &nested.ends[leaf - 3] } else { &[] };
        let (mut shell, mut solid) = (0, 0);
        for surface in 0..=surfaces.len() {
            // Ends of shells and solids come before the surface that follows them.
            while shells.get(shell).is_some_and(|end| *end as usize <= surface) {
                self.out.shell_ends.push(self.out.surface_ends.len() as u32);
                shell += 1;
                while solids.get(solid).is_some_and(|end| *end as usize <= shell) {
                    self.out.solid_ends.push(self.out.shell_ends.len() as u32);
                    solid += 1;
                }
            }
            if surface < surfaces.len() {
                let good = self.surface(nested, rings, span(surfaces, surface), position);
                self.renumber.keep.push(good);
            }
        }
        if leaf == 3 {
            self.out.solid_ends.push(self.out.shell_ends.len() as u32);
        }
    }

    /// Appends one surface with its rings; nothing is appended where its exterior, or any vertex, is bad.
    fn surface(
        &mut self, nested: &Nested, rings: &[u32], range: std::ops::Range<usize>, position: &mut impl FnMut(u32) -> Option<[f64; 3]>,
    ) -> bool {
        let (indices, ring_ends) = (self.out.indices.len(), self.out.ring_ends.len());
        let first = range.start;
        let mut fault = range.is_empty();
        self.faults.degenerate += usize::from(fault);
        for ring in range {
            let numbers = part(&nested.indices, rings, ring);
            // CityJSON's rings are open; a file that closes them anyway means the same ring.
            let numbers = match numbers {
                [rest @ .., last] if rest.len() >= 3 && rest.first() == Some(last) => rest,
                _ => numbers,
            };
            if numbers.len() < 3 {
                self.faults.degenerate += 1;
                fault |= ring == first;
            } else if self.ring(numbers, position) {
                self.renumber.kept_rings.push(ring as u32);
            } else {
                fault = true;
            }
            if fault {
                break;
            }
        }
        if fault {
            self.out.indices.truncate(indices);
            self.out.ring_ends.truncate(ring_ends);
            self.renumber.kept_rings.truncate(ring_ends);
            return false;
        }
        self.out.surface_ends.push(self.out.ring_ends.len() as u32);
        true
    }
}

/// A surface that was given up half way leaves vertices behind that nothing uses.
fn drop_unused_vertices(geometry: &mut Geometry) {
    let mut number = vec![NONE; geometry.vertices.len()];
    let mut kept = Vec::with_capacity(geometry.vertices.len());
    for index in &mut geometry.indices {
        let slot = &mut number[*index as usize];
        if *slot == NONE {
            *slot = kept.len() as u32;
            kept.push(geometry.vertices[*index as usize]);
        }
        *index = *slot;
    }
    geometry.vertices = kept;
}

fn span(ends: &[u32], i: usize) -> std::ops::Range<usize> {
    let start = if i == 0 { 0 } else { ends[i - 1] as usize };
    start..ends[i] as usize
}

fn part<'n>(numbers: &'n [u32], ends: &[u32], i: usize) -> &'n [u32] {
    &numbers[span(ends, i)]
}
