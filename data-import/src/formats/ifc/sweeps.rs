//! Solids swept along an alignment: a profile along an `IfcGradientCurve`, or along a composite curve of curve segments.
//!
//! The geometry library sweeps along polylines, arcs and the composite curves of IFC4, and meshes nothing where the directrix is an
//! alignment's. It knows where an alignment leads, though, so only the sweep is done here: ISO 16739-1:2024,
//! IfcFixedReferenceSweptAreaSolid, puts the profile's plane across the tangent, its x axis where the fixed reference shows in
//! that plane, its y axis across both (tangent × x).

use super::file::reference;
use ifc_lite_core::{DecodedEntity, EntityDecoder, EntityIndex, IfcSchema, IfcType};
use ifc_lite_geometry::placement::Axis2Placement;
use ifc_lite_geometry::{
    AlignmentCurve, Error, GeometryProcessor, GeometryRouter, Matrix4, Mesh, Point3, Profile2D, ProfileProcessor, Result, TessellationQuality, Vector3,
    calculate_normals,
};
use std::sync::Arc;

/// The swept line strays from the directrix by no more, metres.
const TOLERANCE: f64 = 0.01;

/// Pieces that a directrix is halved into at most.
const DEEPEST: u32 = 8;

/// Pieces that it has at least, so that no bend lies between two points that happen to be in line.
const LEAST: usize = 16;

/// More corners than this have no room in a mesh of a city.
const MOST_CORNERS: usize = 2_000_000;

/// Do any of these sweeps follow an alignment?
pub fn along_alignments(bytes: &[u8], sweeps: &[(usize, usize)], index: &Arc<EntityIndex>) -> bool {
    let decoder = EntityDecoder::with_arc_index(bytes, index.clone());
    let read = |id: u32| index.get(&id).and_then(|(from, to)| decoder.decode_at_uncached(*from, *to).ok());
    sweeps.iter().any(|(start, end)| {
        let directrix = decoder.decode_at_uncached(*start, *end).ok().and_then(|sweep| read(reference(&sweep, 2)?));
        directrix.is_some_and(|curve| is_alignment(&curve, |id| read(id).map(|segment| segment.ifc_type)))
    })
}

/// Curves that only alignments have.
fn is_alignment(curve: &DecodedEntity, kind: impl FnOnce(u32) -> Option<IfcType>) -> bool {
    match curve.ifc_type {
        IfcType::IfcGradientCurve | IfcType::IfcSegmentedReferenceCurve => true,
        IfcType::IfcCompositeCurve => reference(curve, 0).and_then(kind) == Some(IfcType::IfcCurveSegment),
        _ => false,
    }
}

/// Sweeps areas along alignments, and leaves other sweeps to the library.
pub struct AlignmentSweeps {
    profiles: ProfileProcessor,
    others: GeometryRouter,
    /// Metres per unit of length of the file.
    metres: f64,
}

impl AlignmentSweeps {
    /// For files of a unit of length.
    pub fn new(metres: f64) -> Self {
        Self { profiles: ProfileProcessor::new(IfcSchema::new()), others: GeometryRouter::with_scale(1.0), metres }
    }

    /// The mesh in units of the file, around `origin`; `None` where the directrix is no alignment.
    fn sweep(&self, solid: &DecodedEntity, decoder: &mut EntityDecoder<'_>, quality: TessellationQuality, origin: Vector3<f64>) -> Result<Option<Mesh>> {
        let missing = |what: &str| Error::geometry(format!("the swept solid #{} has no {what}", solid.id));
        let mut directrix = decoder.decode_by_id(solid.get_ref(2).ok_or_else(|| missing("directrix"))?)?;
        if !is_alignment(&directrix, |id| decoder.decode_by_id(id).ok().map(|segment| segment.ifc_type)) {
            return Ok(None);
        }
        if directrix.ifc_type == IfcType::IfcSegmentedReferenceCurve {
            // The cant turns the track, not a profile that has a reference of its own.
            directrix = decoder.decode_by_id(directrix.get_ref(2).ok_or_else(|| missing("base curve"))?)?;
        }
        let curve = AlignmentCurve::parse(&directrix, decoder)?.ok_or_else(|| missing("directrix that can be followed"))?;
        let length = curve.horizontal_length();
        let [from, to] = [solid.get_float(3).unwrap_or(0.0), solid.get_float(4).unwrap_or(length)].map(|at| at.clamp(0.0, length));
        if (to - from).partial_cmp(&(1e-9 * length)) != Some(std::cmp::Ordering::Greater) {
            return Err(missing("length along its directrix"));
        }
        let placement = match solid.get_ref(1) {
            Some(id) => Axis2Placement::read_3d(&decoder.decode_by_id(id)?, decoder)?.matrix(),
            None => Matrix4::identity(),
        };
        let upwards = self.reference(solid, decoder)?;
        let profile = decoder.decode_by_id(solid.get_ref(0).ok_or_else(|| missing("profile"))?)?;
        self.profiles.arm_solid_budget();
        let regions = self.profiles.process_regions(&profile, decoder, quality)?;

        let stations = stations(&curve, from, to, TOLERANCE / self.metres);
        let corners: usize = regions.iter().map(|r| r.outer.len() + r.holes.iter().map(Vec::len).sum::<usize>()).sum();
        if corners.saturating_mul(stations.len()) > MOST_CORNERS {
            return Err(Error::geometry(format!("the swept solid #{} has too many corners", solid.id)));
        }
        let mut frames = Vec::with_capacity(stations.len());
        for station in stations {
            let tangent = tangent(&curve, station, self.metres);
            let x = upwards - tangent * tangent.dot(&upwards);
            let x = x.try_normalize(1e-9).ok_or_else(|| missing("axis across its directrix: the reference lies along it"))?;
            let at = placement.transform_point(&curve.evaluate(station).origin) - origin;
            frames.push((at, placement.transform_vector(&x), placement.transform_vector(&tangent.cross(&x))));
        }
        let mut mesh = Mesh::new();
        for region in &regions {
            mesh.merge(&tube(region, &frames)?);
        }
        Ok(Some(mesh))
    }

    /// The direction that the profile's x axis follows: the fixed reference, the normal of a plane, else upwards.
    fn reference(&self, solid: &DecodedEntity, decoder: &mut EntityDecoder<'_>) -> Result<Vector3<f64>> {
        let upwards = Vector3::new(0.0, 0.0, 1.0);
        let Some(id) = solid.get_ref(5) else { return Ok(upwards) };
        let said = decoder.decode_by_id(id)?;
        Ok(match said.ifc_type {
            IfcType::IfcDirection => decoder.direction3(id)?.into(),
            IfcType::IfcPlane => match said.get_ref(0) {
                Some(place) => Axis2Placement::read_3d(&decoder.decode_by_id(place)?, decoder)?.matrix().transform_vector(&upwards),
                None => upwards,
            },
            _ => upwards,
        })
    }
}

impl GeometryProcessor for AlignmentSweeps {
    fn process(&self, solid: &DecodedEntity, decoder: &mut EntityDecoder<'_>, _: &IfcSchema, quality: TessellationQuality) -> Result<Mesh> {
        match self.sweep(solid, decoder, quality, Vector3::zeros())? {
            Some(mesh) => Ok(mesh),
            None => self.others.process_representation_item(solid, decoder),
        }
    }

    /// Alignments often run in the coordinates of a national grid, which 32 bits do not hold.
    fn process_in_rtc_frame(
        &self, solid: &DecodedEntity, decoder: &mut EntityDecoder<'_>, _: &IfcSchema, quality: TessellationQuality, (x, y, z): (f64, f64, f64),
    ) -> Option<Result<Mesh>> {
        let mesh = self.sweep(solid, decoder, quality, Vector3::new(x, y, z)).transpose()?;
        Some(mesh.map(|mut mesh| {
            mesh.rtc_applied = true;
            mesh
        }))
    }

    fn supported_types(&self) -> Vec<IfcType> {
        vec![IfcType::IfcFixedReferenceSweptAreaSolid, IfcType::IfcSurfaceCurveSweptAreaSolid]
    }
}

/// Stations between which the curve strays from the straight line by no more than `tolerance`.
fn stations(curve: &AlignmentCurve, from: f64, to: f64, tolerance: f64) -> Vec<f64> {
    let at = |station: f64| curve.evaluate(station).origin;
    let mut found = vec![from];
    let ends = (1..=LEAST).map(|i| if i == LEAST { to } else { from + (to - from) * i as f64 / LEAST as f64 });
    let mut begin = from;
    for end in ends {
        let mut open = vec![(begin, end, 0)];
        while let Some((a, b, depth)) = open.pop() {
            let (p, q) = (at(a), at(b));
            let strays = [0.25, 0.5, 0.75].iter().any(|t| (at(a + (b - a) * t) - (p + (q - p) * *t)).norm() > tolerance);
            if strays && depth < DEEPEST {
                let middle = (a + b) / 2.0;
                open.extend([(middle, b, depth + 1), (a, middle, depth + 1)]);
            } else {
                found.push(b);
            }
        }
        begin = end;
    }
    found
}

/// The direction of the curve, over a metre to either side: the library follows arcs by chords of up to a metre. At its ends the
/// differences to the inner side, of second order too, or the first and last cross sections would stand askew.
fn tangent(curve: &AlignmentCurve, station: f64, metres: f64) -> Vector3<f64> {
    let length = curve.horizontal_length();
    let reach = (1.0 / metres).min(length / 4.0);
    let at = |station: f64| curve.evaluate(station).origin.coords;
    let span = if station < reach {
        at(station + reach) * 4.0 - at(station) * 3.0 - at(station + 2.0 * reach)
    } else if station > length - reach {
        at(station) * 3.0 - at(station - reach) * 4.0 + at(station - 2.0 * reach)
    } else {
        at(station + reach) - at(station - reach)
    };
    span.try_normalize(1e-12).unwrap_or_else(|| curve.evaluate(station).tangent)
}

/// An area moved along frames of an origin, an x and a y axis, closed at both ends.
fn tube(area: &Profile2D, frames: &[(Point3<f64>, Vector3<f64>, Vector3<f64>)]) -> Result<Mesh> {
    let loops: Vec<_> = std::iter::once(&area.outer).chain(&area.holes).collect();
    let ring: usize = loops.iter().map(|l| l.len()).sum();
    let mut mesh = Mesh::with_capacity(ring * frames.len(), 0);
    for (at, x, y) in frames {
        for p in loops.iter().copied().flatten() {
            mesh.add_vertex(at + x * p.x + y * p.y, *x);
        }
    }
    for (number, _) in frames.iter().enumerate().skip(1) {
        let (here, next) = ((number - 1) * ring, number * ring);
        let mut first = 0;
        for corners in loops.iter().map(|l| l.len()) {
            for i in 0..corners {
                let (a, b) = (first + i, first + (i + 1) % corners);
                let [a, b, c, d] = [here + a, here + b, next + a, next + b].map(|n| n as u32);
                mesh.add_triangle(a, d, c);
                mesh.add_triangle(a, b, d);
            }
            first += corners;
        }
    }
    let last = frames.len().saturating_sub(1) * ring;
    for t in area.triangulate()?.indices.chunks_exact(3) {
        mesh.add_triangle(t[0] as u32, t[2] as u32, t[1] as u32);
        mesh.add_triangle((last + t[0]) as u32, (last + t[1]) as u32, (last + t[2]) as u32);
    }
    calculate_normals(&mut mesh);
    Ok(mesh)
}
