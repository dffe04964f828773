//! A raster to objects: one `Relief` for the whole, and one with a mesh for each tile of ground.

use super::raster::Raster;
use super::refine::{Refinement, TILE};
use crate::{ImportError, Projector, Source};
use qike_core::{Bounds3, Diagnostic, Feedback};
use qike_scene::{Attributes, CityObject, Class, Geometry, Lod, ObjectId, ObjectSink, SourceId};

/// What is known of a raster beside its samples.
pub struct Sheet<'a> {
    /// The source, as announced.
    pub number: SourceId,
    /// Name that ids begin with.
    pub stem: String,
    /// From the raster's positions to the sink's.
    pub projector: Projector,
    /// What else its file says of it.
    pub attributes: Attributes,
    /// The source.
    pub source: &'a Source,
}

/// Gives out the ground of a raster.
pub fn give(raster: &Raster, sheet: Sheet<'_>, sink: &mut dyn ObjectSink, feedback: &Feedback) -> Result<(), ImportError> {
    let Sheet { number, stem, mut projector, attributes, source } = sheet;
    let file = source.name.as_str();
    let tolerance = source.options.terrain_tolerance_m.max(0.0);
    let task = feedback.task(format!("mesh {file}"), raster.height as u64);
    let refinement = Refinement::new(raster).map_err(|reason| ImportError::corrupt(file, "its header", reason))?;
    let whole = ObjectId::new(format!("terrain:{stem}"));
    let mut object = CityObject::new(whole.clone(), Class::Relief, number);
    object.name = Some(stem.clone());
    object.attributes = attributes;
    let (range, voids) = raster.range();
    let put = &mut object.attributes;
    put.insert("columns".into(), raster.width.into());
    put.insert("rows".into(), raster.height.into());
    put.insert("tolerance_m".into(), tolerance.into());
    if voids > 0 {
        put.insert("voids".into(), voids.into());
    }
    if let Some(range) = range {
        for (key, height) in ["min_height_m", "max_height_m"].into_iter().zip(range) {
            put.insert(key.into(), centimetres(height).into());
        }
    }
    if let Some(step) = resolution(raster, &mut projector) {
        put.insert("resolution_m".into(), step.into());
    }
    sink.object(object)?;
    if range.is_none() {
        let message = "no sample of the raster has a height; there is no ground in it".to_owned();
        sink.diagnostic(Diagnostic::error("terrain-empty", message).file(file).help("check the value that stands for no data"));
    }
    for tile_row in 0..refinement.tile_rows {
        feedback.check()?;
        for tile_column in 0..refinement.tile_columns {
            if let Some(tile) = mesh(raster, &refinement, [tile_column, tile_row], tolerance as f32, &mut projector) {
                let mut object = CityObject::new(format!("terrain:{stem}/{tile_row}-{tile_column}"), Class::Relief, number);
                object.parent = Some(whole.clone());
                let bounds = Bounds3::of(&tile.vertices);
                object.attributes.insert("min_height_m".into(), centimetres(bounds.min[2] as f32).into());
                object.attributes.insert("max_height_m".into(), centimetres(bounds.max[2] as f32).into());
                object.geometries.push(tile);
                sink.object(object)?;
            }
        }
        task.advance(TILE.min(raster.height) as u64);
    }
    projector.report(file, "samples", sink);
    Ok(())
}

/// The mesh of one tile; `None` where no ground is in it.
fn mesh(raster: &Raster, refinement: &Refinement<'_>, tile: [usize; 2], tolerance: f32, projector: &mut Projector) -> Option<Geometry> {
    const SIDE: usize = TILE + 1;
    // Not yet asked, or without a place.
    const UNKNOWN: u32 = u32::MAX;
    const NOWHERE: u32 = u32::MAX - 1;
    let mut numbers = vec![UNKNOWN; SIDE * SIDE];
    let (mut vertices, mut indices) = (Vec::new(), Vec::new());
    let mirrored = raster.place.turn() < 0.0;
    refinement.triangles(tile[0], tile[1], tolerance, |corners| {
        let mut corner = corners.map(|[column, row]| {
            let slot = &mut numbers[(row - tile[1] * TILE) * SIDE + column - tile[0] * TILE];
            if *slot == UNKNOWN {
                let [x, y] = raster.place.at(column as f64, row as f64);
                let height = f64::from(raster.get(column, row).unwrap_or(0.0));
                *slot = match projector.project([x, y, height], "") {
                    Some(p) => {
                        vertices.push(p);
                        vertices.len() as u32 - 1
                    }
                    None => NOWHERE,
                };
            }
            *slot
        });
        if mirrored {
            corner.swap(1, 2);
        }
        if corner.iter().all(|n| *n != NOWHERE) {
            indices.extend(corner);
        }
    });
    (!indices.is_empty()).then(|| Geometry::mesh(Lod::ONE, vertices, indices))
}

/// Metres from one sample to the next in the middle of the raster, the wider of the two ways.
fn resolution(raster: &Raster, projector: &mut Projector) -> Option<f64> {
    let (column, row) = (((raster.width - 1) / 2) as f64, ((raster.height - 1) / 2) as f64);
    let mut at = |c: f64, r: f64| {
        let [x, y] = raster.place.at(c, r);
        projector.fits([x, y, 0.0]).then(|| projector.project([x, y, 0.0], "")).flatten()
    };
    let (p, q, s) = (at(column, row)?, at(column + 1.0, row)?, at(column, row + 1.0)?);
    let far = |a: [f64; 3], b: [f64; 3]| (a[0] - b[0]).hypot(a[1] - b[1]);
    Some((far(p, q).max(far(p, s)) * 1000.0).round() / 1000.0)
}

/// As text would have it: two decimals.
fn centimetres(height: f32) -> f64 {
    (f64::from(height) * 100.0).round() / 100.0
}
