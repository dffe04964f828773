//! Triangles for one tile of one layer: packed vertices of 20 bytes, local to the box of the tile's own content.

pub mod furniture;
pub mod interior;
pub mod lines;
pub mod pipes;
pub mod roads;
pub mod surfaces;
pub mod trees;

use bytemuck::{Pod, Zeroable};

/// What a surface is made of; the shader draws each kind in its own way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    /// One colour.
    Plain = 0,
    /// A wall without modelled openings: the shader adds rows of windows.
    Facade = 1,
    /// A water surface.
    Water = 2,
    /// Grass and earth: slight variation.
    Grass = 3,
    /// Asphalt: fine grain, and no window light.
    Asphalt = 4,
    /// Shines by itself (lamps, signals).
    Glow = 5,
    /// Sand.
    Sand = 6,
    /// A roof: slight variation along its ribs.
    Roof = 7,
    /// Leaves: lit softly from all sides.
    Leaves = 8,
    /// The sky.
    Sky = 9,
    /// A thin sheet, such as a pane or a leaf of a door: the same from both sides, never filled by a cut.
    Sheet = 10,
}

/// A vertex as the graphics card gets it.
#[derive(Clone, Copy, Debug, PartialEq, Pod, Zeroable)]
#[repr(C)]
pub struct Vertex {
    /// Place in the tile's box, 0–65535 along x, y, z; then the height above the object's foot in centimetres.
    pub place: [u16; 4],
    /// Normal, and the [`Kind`] in the last byte.
    pub normal: [i8; 4],
    /// sRGB colour, and how open to the sky it is (255: fully).
    pub colour: [u8; 4],
    /// Index of the object in the snapshot.
    pub object: u32,
}

/// A finished mesh: a box in the picture's frame and triangles inside it.
#[derive(Clone, Debug, Default)]
pub struct TileMesh {
    /// Least corner of the box.
    pub min: [f32; 3],
    /// Extent of the box; never zero on any axis.
    pub size: [f32; 3],
    /// Vertices.
    pub vertices: Vec<Vertex>,
    /// Three a triangle, counter-clockwise from outside.
    pub indices: Vec<u32>,
}

impl TileMesh {
    /// A vertex's place in the picture's frame.
    pub fn position(&self, index: u32) -> [f32; 3] {
        let place = self.vertices.get(index as usize).map_or([0; 4], |v| v.place);
        [0, 1, 2].map(|axis| self.min[axis] + self.size[axis] * (f32::from(place[axis]) / 65_535.0))
    }

    /// Bytes on the graphics card.
    pub fn bytes(&self) -> usize {
        self.vertices.len() * size_of::<Vertex>() + self.indices.len() * 4
    }
}

/// The foot of what lies on the ground, whatever the ground's height: its vertices have the height 0 above it.
pub const ON_GROUND: f32 = f32::MAX;

/// How the next triangles look.
#[derive(Clone, Copy, Debug)]
pub struct Paint {
    /// sRGB.
    pub colour: [u8; 3],
    /// Material.
    pub kind: Kind,
    /// The object they belong to.
    pub object: u32,
    /// Height of the object's foot, in the frame of the builder; for shading by height.
    pub foot: f32,
}

#[derive(Clone, Copy)]
struct Raw {
    p: [f32; 3],
    normal: [i8; 4],
    colour: [u8; 4],
    height_cm: u16,
    object: u32,
}

/// Collects triangles in the picture's frame; [`Builder::finish`] packs them.
#[derive(Default)]
pub struct Builder {
    raw: Vec<Raw>,
    indices: Vec<u32>,
}

impl Builder {
    /// True when nothing was added.
    pub fn is_empty(&self) -> bool {
        self.indices.is_empty()
    }

    /// Adds a vertex and gives its number. `open` is how open to the sky it is, 0–1.
    pub fn vertex(&mut self, p: [f32; 3], normal: [f32; 3], open: f32, paint: &Paint) -> u32 {
        let n = unit(normal).map(|c| (c * 127.0).round() as i8);
        let [r, g, b] = paint.colour;
        self.raw.push(Raw {
            p,
            normal: [n[0], n[1], n[2], paint.kind as i8],
            colour: [r, g, b, (open.clamp(0.0, 1.0) * 255.0) as u8],
            height_cm: ((p[1] - paint.foot) * 100.0).clamp(0.0, 65_535.0) as u16,
            object: paint.object,
        });
        self.raw.len() as u32 - 1
    }

    /// Adds a triangle of three vertices.
    pub fn triangle(&mut self, a: u32, b: u32, c: u32) {
        self.indices.extend([a, b, c]);
    }

    /// Adds a flat quad, corners counter-clockwise as seen from its front.
    pub fn quad(&mut self, corners: [[f32; 3]; 4], paint: &Paint) {
        let normal = cross(sub(corners[1], corners[0]), sub(corners[3], corners[0]));
        let [a, b, c, d] = corners.map(|p| self.vertex(p, normal, 1.0, paint));
        self.triangle(a, b, c);
        self.triangle(a, c, d);
    }

    /// Adds an upright box from `min` to `max` turned by `yaw` around `at`.
    pub fn cuboid(&mut self, at: [f32; 3], min: [f32; 3], max: [f32; 3], yaw: f32, paint: &Paint) {
        let (sin, cos) = yaw.sin_cos();
        let corner = |x: f32, y: f32, z: f32| [at[0] + x * cos + z * sin, at[1] + y, at[2] - x * sin + z * cos];
        let ([x0, y0, z0], [x1, y1, z1]) = (min, max);
        self.quad([corner(x0, y1, z1), corner(x1, y1, z1), corner(x1, y1, z0), corner(x0, y1, z0)], paint);
        self.quad([corner(x0, y0, z1), corner(x1, y0, z1), corner(x1, y1, z1), corner(x0, y1, z1)], paint);
        self.quad([corner(x1, y0, z0), corner(x0, y0, z0), corner(x0, y1, z0), corner(x1, y1, z0)], paint);
        self.quad([corner(x1, y0, z1), corner(x1, y0, z0), corner(x1, y1, z0), corner(x1, y1, z1)], paint);
        self.quad([corner(x0, y0, z0), corner(x0, y0, z1), corner(x0, y1, z1), corner(x0, y1, z0)], paint);
    }

    /// Adds all of another builder with its faces turned over.
    pub fn append_turned(&mut self, other: Builder) {
        let start = self.raw.len() as u32;
        self.raw.extend(other.raw.into_iter().map(|mut raw| {
            for axis in 0..3 {
                raw.normal[axis] = -raw.normal[axis];
            }
            raw
        }));
        for t in other.indices.chunks_exact(3) {
            self.indices.extend([start + t[0], start + t[2], start + t[1]]);
        }
    }

    /// Packs what was added; `None` when that is nothing.
    pub fn finish(self) -> Option<TileMesh> {
        if self.indices.is_empty() {
            return None;
        }
        let (mut min, mut max) = ([f32::INFINITY; 3], [f32::NEG_INFINITY; 3]);
        for raw in &self.raw {
            for axis in 0..3 {
                min[axis] = min[axis].min(raw.p[axis]);
                max[axis] = max[axis].max(raw.p[axis]);
            }
        }
        let size = [0, 1, 2].map(|axis| (max[axis] - min[axis]).max(0.01));
        let vertices = self.raw.iter().map(|raw| {
            let q = [0, 1, 2].map(|axis| (((raw.p[axis] - min[axis]) / size[axis]) * 65_535.0).round() as u16);
            Vertex { place: [q[0], q[1], q[2], raw.height_cm], normal: raw.normal, colour: raw.colour, object: raw.object }
        });
        Some(TileMesh { min, size, vertices: vertices.collect(), indices: self.indices })
    }
}

/// a − b.
pub fn sub(a: [f32; 3], b: [f32; 3]) -> [f32; 3] {
    [a[0] - b[0], a[1] - b[1], a[2] - b[2]]
}

/// a + b · s.
pub fn add_scaled(a: [f32; 3], b: [f32; 3], s: f32) -> [f32; 3] {
    [a[0] + b[0] * s, a[1] + b[1] * s, a[2] + b[2] * s]
}

/// a × b.
pub fn cross(a: [f32; 3], b: [f32; 3]) -> [f32; 3] {
    [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
}

/// a · b.
pub fn dot(a: [f32; 3], b: [f32; 3]) -> f32 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

/// The vector with length 1; up where it has none.
pub fn unit(v: [f32; 3]) -> [f32; 3] {
    let length = dot(v, v).sqrt();
    if length > 1e-12 { v.map(|c| c / length) } else { [0.0, 1.0, 0.0] }
}

/// A value of an object that looks random and never changes: 0–1 from its number and a salt.
pub fn chance(object: u32, salt: u32) -> f32 {
    let mut h = object.wrapping_mul(0x9e37_79b9) ^ salt.wrapping_mul(0x85eb_ca6b);
    h ^= h >> 16;
    h = h.wrapping_mul(0x7feb_352d);
    h ^= h >> 15;
    h = h.wrapping_mul(0x846c_a68b);
    h ^= h >> 16;
    (h >> 8) as f32 / 16_777_216.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packing_keeps_places_within_a_step_of_the_box() {
        let paint = Paint { colour: [1, 2, 3], kind: Kind::Roof, object: 7, foot: 0.0 };
        let mut builder = Builder::default();
        builder.cuboid([100.0, 0.0, -50.0], [-3.0, 0.0, -2.0], [3.0, 12.5, 2.0], 0.4, &paint);
        let mesh = builder.finish().unwrap();
        assert_eq!((mesh.vertices.len(), mesh.indices.len()), (20, 30));
        assert_eq!(mesh.bytes(), 20 * 20 + 30 * 4);
        let top = (0..20).map(|i| mesh.position(i)[1]).fold(0.0, f32::max);
        assert!((top - 12.5).abs() < mesh.size[1] / 65_535.0 + 1e-5);
        assert!(mesh.vertices.iter().all(|v| v.object == 7 && v.normal[3] == Kind::Roof as i8));
        assert!(mesh.vertices.iter().any(|v| v.place[3] == 1250));
    }

    #[test]
    fn a_box_looks_outwards_on_every_side() {
        let paint = Paint { colour: [0; 3], kind: Kind::Plain, object: 0, foot: 0.0 };
        let mut builder = Builder::default();
        builder.cuboid([0.0; 3], [-1.0, 0.0, -1.0], [1.0, 2.0, 1.0], 0.7, &paint);
        let mesh = builder.finish().unwrap();
        for triangle in mesh.indices.chunks(3) {
            let [a, b, c] = [0, 1, 2].map(|k| mesh.position(triangle[k]));
            let normal = cross(sub(b, a), sub(c, a));
            assert!(dot(normal, sub(a, [0.0, 1.0, 0.0])) > 0.0);
        }
    }

    #[test]
    fn an_empty_builder_gives_no_mesh() {
        assert!(Builder::default().finish().is_none());
    }
}
