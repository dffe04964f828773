//! Products of a building and their solids, before they become STEP.

use crate::geo::P;
use crate::rng::Rng;

pub type Q = [f64; 3];

/// A swept solid: a profile in the plane through `at` with normal `axis`, pushed `depth` along it.
#[derive(Clone, Debug)]
pub struct Solid {
    pub profile: Profile,
    pub at: Q,
    pub axis: Q,
    pub reference: Q,
    pub depth: f64,
}

#[derive(Clone, Debug)]
pub enum Profile {
    /// Counter-clockwise, with holes.
    Polygon(Vec<P>, Vec<Vec<P>>),
    Circle(f64),
}

impl Solid {
    /// An upright block over a polygon.
    pub fn upright(ring: Vec<P>, holes: Vec<Vec<P>>, z0: f64, z1: f64) -> Solid {
        Solid { profile: Profile::Polygon(ring, holes), at: [0.0, 0.0, z0], axis: [0.0, 0.0, 1.0], reference: [1.0, 0.0, 0.0], depth: z1 - z0 }
    }

    pub fn block(x: [f64; 2], y: [f64; 2], z: [f64; 2]) -> Solid {
        Solid::upright(rectangle(x, y), vec![], z[0], z[1])
    }

    /// A profile in the upright plane along direction `dir` (a unit vector in plan), pushed to the right of `dir`.
    pub fn along(profile: Vec<P>, at: Q, dir: P, width: f64) -> Solid {
        let axis = [dir[1], -dir[0], 0.0];
        Solid { profile: Profile::Polygon(profile, vec![]), at, axis, reference: [dir[0], dir[1], 0.0], depth: width }
    }

    /// A round bar from `at` along x.
    pub fn bar_x(at: Q, radius: f64, length: f64) -> Solid {
        Solid { profile: Profile::Circle(radius), at, axis: [1.0, 0.0, 0.0], reference: [0.0, 1.0, 0.0], depth: length }
    }

    /// An upright round bar.
    pub fn bar_z(at: Q, radius: f64, length: f64) -> Solid {
        Solid { profile: Profile::Circle(radius), at, axis: [0.0, 0.0, 1.0], reference: [1.0, 0.0, 0.0], depth: length }
    }
}

pub fn rectangle(x: [f64; 2], y: [f64; 2]) -> Vec<P> {
    vec![[x[0], y[0]], [x[1], y[0]], [x[1], y[1]], [x[0], y[1]]]
}

/// IFC entities used, with what they need beyond a name and a shape.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    Space { long_name: String },
    Wall,
    Slab(&'static str),
    Column,
    Opening,
    Door { height: f64, width: f64, gate: bool },
    Stair,
    Flight { risers: u32, riser_m: f64, tread_m: f64 },
    Transport(&'static str),
    Railing,
    Pipe,
    Duct,
    Light,
    Furniture(&'static str),
    Proxy,
}

/// Colours by name; see `write::COLOURS`.
pub type Colour = &'static str;

#[derive(Clone, Debug)]
pub enum Value {
    Bool(bool),
    Text(String),
    Length(f64),
    Real(f64),
    Count(i64),
}

/// Properties of a set.
pub type Set = (&'static str, Vec<(&'static str, Value)>);

#[derive(Clone, Debug)]
pub struct Product {
    pub kind: Kind,
    pub name: String,
    pub object_type: Option<&'static str>,
    pub storey: usize,
    pub solids: Vec<Solid>,
    pub colour: Colour,
    pub sets: Vec<Set>,
    /// For openings the wall they void, for doors the opening they fill, for flights the stair they are part of.
    pub host: Option<usize>,
}

/// A storey: name, long name, height of its floor above the square.
pub struct Storey {
    pub name: &'static str,
    pub long_name: &'static str,
    pub elevation: f64,
}

pub struct Model {
    pub storeys: Vec<Storey>,
    pub products: Vec<Product>,
}

impl Model {
    pub fn add(&mut self, product: Product) -> usize {
        self.products.push(product);
        self.products.len() - 1
    }

    /// Adds a product of one kind with solids; the rest may be set on the result.
    pub fn put(&mut self, storey: usize, kind: Kind, name: impl Into<String>, colour: Colour, solids: Vec<Solid>) -> &mut Product {
        let i = self.add(Product { kind, name: name.into(), object_type: None, storey, solids, colour, sets: vec![], host: None });
        &mut self.products[i]
    }

    /// How many products have a shape.
    pub fn products(&self) -> usize {
        self.products.iter().filter(|p| !p.solids.is_empty()).count()
    }

    /// GlobalIds of the platforms.
    pub fn platforms(&self) -> Vec<String> {
        let is_platform = |p: &&Product| matches!(&p.kind, Kind::Space { .. }) && p.object_type == Some("platform");
        self.products.iter().filter(is_platform).map(|p| guid("product", &p.name)).collect()
    }
}

/// The GlobalId of something: 128 bits from its label, in IFC's 22 characters.
pub fn guid(kind: &str, name: &str) -> String {
    const DIGITS: &[u8; 64] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_$";
    let mut rng = Rng::new(0, &format!("station/{kind}/{name}"), 0);
    let bits = (u128::from(rng.bits()) << 64) | u128::from(rng.bits());
    (0..22).map(|i| char::from(DIGITS[((bits >> (6 * (21 - i))) & 63) as usize])).collect()
}
