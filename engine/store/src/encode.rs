//! From an object to the values of its rows: done in parallel, before anything is written.

use crate::{codec, terms};
use crate::footprint::Footprint;
use crate::gpb::{self, Shape};
use crate::store::{lod_bits, lods_of};
use qike_core::{Bounds2, Bounds3, Diagnostic};
use qike_scene::{CityObject, Series, Written};

/// An object's geometries are numbered with 16 bits.
pub const MOST_GEOMETRIES: usize = 1 << 16;

/// All that is written of an object.
pub struct Encoded {
    /// The object, its geometries taken out. Its attributes are text by now, but freed where they were made: another thread takes
    /// three times as long for it.
    pub object: CityObject,
    /// JSON text.
    pub attributes: String,
    /// Of the whole content but the source.
    pub hash: [u8; 16],
    /// What queries find it by.
    pub terms: Vec<u64>,
    /// Bits of the LODs.
    pub lods: i64,
    /// The same as text.
    pub lods_text: String,
    /// Box around all geometry; empty without.
    pub bounds: Bounds3,
    /// Box around the plan.
    pub plan_bounds: Bounds2,
    /// Kind of the plan.
    pub shape: Shape,
    /// GeoPackage blob of the plan.
    pub plan: Option<Vec<u8>>,
    /// One blob a geometry.
    pub blobs: Vec<Vec<u8>>,
}

/// Encodes an object, with its attributes where they come as text; `Err` says why it cannot be kept.
pub fn encode(mut object: CityObject, written: Option<Written>, srs: i32) -> Result<Encoded, Box<Diagnostic>> {
    let refuse = |code, what: &str| {
        let message = format!("{} '{}' {what}; it is left out", object.class, object.id);
        Err(Box::new(Diagnostic::error(code, message).object(object.id.as_str())))
    };
    if !object.geometries.iter().all(|g| g.is_finite()) {
        return refuse("coordinate-not-finite", "has a coordinate that is no number");
    }
    if !object.geometries.iter().all(|g| g.is_consistent()) {
        return refuse("geometry-broken", "has a geometry that refers to vertices or parts it does not have");
    }
    if object.geometries.len() > MOST_GEOMETRIES {
        return refuse("geometry-too-many", "has more than 65,536 geometries");
    }
    let footprint = Footprint::of(&object);
    let (attributes, terms) = match written.map(Written::into_text) {
        Some(text) => {
            let terms = terms::terms_of_text(object.name.as_deref(), &text);
            (text, terms)
        }
        None => (codec::json(&object.attributes), terms::terms(object.name.as_deref(), &object.attributes)),
    };
    let blobs: Vec<Vec<u8>> = object.geometries.iter().map(codec::encode).collect();
    let hash = content_hash(&object, &attributes, &blobs);
    let (lods, bounds) = (lod_bits(object.geometries.iter().map(|g| g.lod)), object.bounds());
    object.geometries = Vec::new();
    let lods_text = lods_of(lods).map(|l| l.to_string()).collect::<Vec<_>>().join(",");
    Ok(Encoded {
        attributes,
        hash,
        terms,
        lods,
        lods_text,
        bounds,
        plan_bounds: footprint.bounds(),
        shape: Shape::of(&footprint),
        plan: gpb::write(&footprint, srs),
        blobs,
        object,
    })
}

/// BLAKE3, cut to 128 bits, of everything an object says, each part with its length before it.
pub fn content_hash(object: &CityObject, attributes: &str, blobs: &[Vec<u8>]) -> [u8; 16] {
    // In one piece: a hasher that is fed part by part takes twice as long for what is so short.
    let size = blobs.iter().map(Vec::len).sum::<usize>() + attributes.len() + 256;
    let mut all = Vec::with_capacity(size);
    let mut part = |bytes: &[u8]| {
        all.extend_from_slice(&(bytes.len() as u64).to_le_bytes());
        all.extend_from_slice(bytes);
    };
    let optional = |text: &Option<String>| text.as_deref().map_or(String::new(), |t| format!("={t}"));
    part(object.id.as_str().as_bytes());
    part(object.class.name().as_bytes());
    part(optional(&object.name).as_bytes());
    part(optional(&object.parent.as_ref().map(|p| p.as_str().to_owned())).as_bytes());
    part(optional(&object.valid_from).as_bytes());
    part(optional(&object.valid_to).as_bytes());
    part(attributes.as_bytes());
    blobs.iter().for_each(|blob| part(blob));
    let mut short = [0; 16];
    short.copy_from_slice(&blake3::hash(&all).as_bytes()[..16]);
    short
}

/// Times and values of a series as a blob: the number of samples, differences of times, then the values' bytes.
pub fn encode_series(series: &Series) -> Vec<u8> {
    let n = series.times.len().min(series.values.len());
    let mut out = Vec::with_capacity(4 + n * 12);
    crate::bytes::put_varint(&mut out, n as u64);
    let mut before = 0;
    for time in &series.times[..n] {
        crate::bytes::put_signed(&mut out, time.ms().wrapping_sub(before));
        before = time.ms();
    }
    series.values[..n].iter().for_each(|v| out.extend_from_slice(&v.to_le_bytes()));
    out
}

/// Times and values of such a blob; `None` where it is broken.
pub fn decode_series(blob: &[u8]) -> Option<(Vec<qike_core::SimTime>, Vec<f64>)> {
    let mut r = crate::bytes::Reader::new(blob);
    let n = r.count()?;
    let mut before = 0i64;
    let mut times = Vec::with_capacity(n);
    for _ in 0..n {
        before = before.wrapping_add(r.signed()?);
        times.push(qike_core::SimTime(before));
    }
    let values = (0..n).map(|_| r.f64()).collect::<Option<Vec<_>>>()?;
    (r.left() == 0).then_some((times, values))
}
