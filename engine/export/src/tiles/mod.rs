//! 3D Tiles 1.1 (OGC 22-025r4): a quadtree of glTF tiles on the globe, each feature with its id and attributes.
//!
//! The tree splits by the middles of objects until a tile is small; what is larger than the tiles of a level stays above it and is
//! refined by adding. Each leaf is drawn coarse from afar (the coarsest shape of each object, nothing that stands inside others, no
//! large pictures) and is replaced by the finest from near. Every vertex goes through PROJ to the globe by itself, so nothing is bent at
//! a city's edge; tiles hold metres from their own middle in the frame (east, north, up) of the model's middle.
//!
//! In memory are the boxes of all objects and the objects of one tile.

mod content;
mod globe;
pub(crate) mod shapes;
mod tree;

use crate::ExportError;
use crate::city::City;
use crate::gltf::picture::Album;
use crate::gltf::table::Schema;
use content::Detail;
use globe::Globe;
use qike_core::{Bounds3, Feedback};
use qike_scene::CityObject;
use serde_json::{Value, json};
use std::path::Path;
use tree::Square;

/// The name of the document.
pub const DOCUMENT: &str = "tileset.json";
/// The folder of the tiles beside it.
pub const FOLDER: &str = "tiles";

/// The error of a coarse leaf in metres: by so much a block may differ from a building with a roof.
const COARSE_ERROR_M: f64 = 2.0;
/// The error of a leaf that shows its pictures only from near: some 250 m in a usual window.
const PLAIN_ERROR_M: f64 = 8.0;
/// Bytes of pictures that a leaf shows from afar too.
const FAR_PICTURES: u64 = 512 << 10;

/// What was written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Features with an id of their own in some tile.
    pub features: u64,
    /// Tiles with content.
    pub tiles: u64,
    /// Bytes of all files.
    pub bytes: u64,
    /// Pictures that could not be written, and why.
    pub refused: Vec<String>,
}

/// Writes `tileset.json` and the folder `tiles` into a folder that exists.
pub fn write(city: &dyn City, folder: &Path, feedback: &Feedback) -> Result<Summary, ExportError> {
    let tiles = folder.join(FOLDER);
    std::fs::create_dir_all(&tiles)?;
    let boxes = city.boxes()?;
    let mut bounds = Bounds3::EMPTY;
    boxes.iter().for_each(|(_, own)| bounds.merge(own));
    if bounds.is_empty() {
        return Err(ExportError::new("no object has a place: there is nothing to write as tiles"));
    }
    let globe = Globe::new(city.crs(), bounds.centre())?;
    let schema = Schema::of(city)?;
    let task = feedback.task("write tiles", boxes.len() as u64);
    let album = Album::new(city);
    let mut writer = Writer { city, globe, schema, album, tiles: &tiles, summary: Summary::default(), task: &task, feedback };
    let root = writer.node(boxes, Square::around(&bounds), &mut Vec::new())?;
    let Some(root) = root else { return Err(ExportError::new("no object has a shape: there is nothing to write as tiles")) };
    let diagonal = root.bounds.size().iter().map(|s| s * s).sum::<f64>().sqrt();
    let mut root_tile = root.json;
    if let Some(transform) = writer.globe.transform() {
        root_tile["transform"] = json!(transform);
    }
    let document = json!({
        "asset": { "version": "1.1", "generator": "Qike", "extras": { "crs": city.crs().definition() } },
        // That of showing nothing: what is missing then is as large as the model. Viewers leave out whatever is below their limit.
        "geometricError": diagonal.max(root.error * 2.0),
        "root": root_tile,
    });
    let text = serde_json::to_vec(&document).map_err(ExportError::new)?;
    writer.summary.bytes += text.len() as u64;
    std::fs::write(folder.join(DOCUMENT), text)?;
    Ok(Summary { refused: writer.album.refused(), ..writer.summary })
}

struct Writer<'a> {
    city: &'a dyn City,
    globe: Globe,
    schema: Schema,
    album: Album<'a>,
    tiles: &'a Path,
    summary: Summary,
    task: &'a qike_core::Task,
    feedback: &'a Feedback,
}

/// A tile that was written.
struct Tile {
    json: Value,
    bounds: Bounds3,
    error: f64,
}

impl Tile {
    fn new(bounds: Bounds3, error: f64, refine: &str) -> Self {
        Self { json: json!({ "boundingVolume": { "box": box_of(&bounds) }, "geometricError": error, "refine": refine }), bounds, error }
    }
}

/// A box as its middle and its half axes.
fn box_of(b: &Bounds3) -> [f64; 12] {
    let (c, s) = (b.centre(), b.size());
    [c[0], c[1], c[2], s[0] / 2.0, 0.0, 0.0, 0.0, s[1] / 2.0, 0.0, 0.0, 0.0, s[2] / 2.0]
}

impl Writer<'_> {
    /// Writes a square with all below it; `path` is its place in the tree. `None` where nothing in it has a shape.
    fn node(&mut self, boxes: Vec<(i64, Bounds3)>, square: Square, path: &mut Vec<u8>) -> Result<Option<Tile>, ExportError> {
        self.feedback.check()?;
        let quadrants = square.quadrants().filter(|_| tree::are_many(boxes.len()));
        let Some(quadrants) = quadrants else {
            let numbers: Vec<i64> = boxes.iter().map(|(number, _)| *number).collect();
            let objects = self.city.load(&numbers)?;
            let tile = self.leaf(objects, square, path);
            self.task.advance(numbers.len() as u64);
            return tile;
        };
        let (own, parts) = square.sort(boxes, |(_, bounds)| *bounds);
        let mut children = Vec::new();
        for (number, (part, quadrant)) in parts.into_iter().zip(quadrants).enumerate() {
            path.push(number as u8);
            children.extend(self.node(part, quadrant, path)?);
            path.pop();
        }
        let numbers: Vec<i64> = own.iter().map(|(number, _)| *number).collect();
        let own = self.city.load(&numbers)?;
        let own = self.content(&own, Detail { coarse: false, pictures: true }, &format!("{}.glb", name(path)))?;
        self.task.advance(numbers.len() as u64);
        Ok(inner(own, children, square.edge))
    }

    /// Writes a square whose objects are here; they are split further where they are too heavy for one tile.
    fn leaf(&mut self, objects: Vec<CityObject>, square: Square, path: &mut Vec<u8>) -> Result<Option<Tile>, ExportError> {
        self.feedback.check()?;
        if objects.len() > 1
            && tree::are_heavy(&objects, &self.album)?
            && let Some(quadrants) = square.quadrants()
        {
            let (own, parts) = square.sort(objects, CityObject::bounds);
            let mut children = Vec::new();
            for (number, (part, quadrant)) in parts.into_iter().zip(quadrants).enumerate() {
                path.push(number as u8);
                children.extend(self.leaf(part, quadrant, path)?);
                path.pop();
            }
            let own = self.content(&own, Detail { coarse: false, pictures: true }, &format!("{}.glb", name(path)))?;
            return Ok(inner(own, children, square.edge));
        }
        let name = name(path);
        let fine = self.content(&objects, Detail { coarse: false, pictures: true }, &format!("{name}.glb"))?;
        let Some((fine_bounds, fine_uri)) = fine else { return Ok(None) };
        let pictures = tree::picture_bytes(&objects, &self.album)? <= FAR_PICTURES;
        let has_coarse = !pictures || objects.iter().any(shapes::differs_coarse);
        let coarse = if has_coarse { self.content(&objects, Detail { coarse: true, pictures }, &format!("{name}-coarse.glb"))? } else { None };
        let mut leaf = Tile::new(fine_bounds, 0.0, "ADD");
        leaf.json["content"] = json!({ "uri": fine_uri });
        let Some((coarse_bounds, coarse_uri)) = coarse else { return Ok(Some(leaf)) };
        let mut whole = fine_bounds;
        whole.merge(&coarse_bounds);
        let error = if pictures { COARSE_ERROR_M.min(square.edge / 32.0) } else { PLAIN_ERROR_M };
        let mut tile = Tile::new(whole, error, "REPLACE");
        tile.json["content"] = json!({ "uri": coarse_uri });
        tile.json["children"] = json!([leaf.json]);
        Ok(Some(tile))
    }

    /// Writes the content of a tile; gives its box in the frame and its name.
    fn content(&mut self, objects: &[CityObject], detail: Detail, name: &str) -> Result<Option<(Bounds3, String)>, ExportError> {
        let Some(content) = content::build(objects, detail, &self.globe, &self.schema, &self.album)? else { return Ok(None) };
        std::fs::write(self.tiles.join(name), &content.glb)?;
        self.summary.tiles += 1;
        self.summary.bytes += content.glb.len() as u64;
        if !detail.coarse {
            self.summary.features += content.features as u64;
        }
        Ok(Some((content.bounds, format!("{FOLDER}/{name}"))))
    }
}

/// The name of a tile by its place in the tree.
fn name(path: &[u8]) -> String {
    format!("{}{}", path.len(), path.iter().map(|q| format!("-{q}")).collect::<String>())
}

/// A node with children: its own objects stay when they come.
fn inner(own: Option<(Bounds3, String)>, children: Vec<Tile>, edge: f64) -> Option<Tile> {
    let mut bounds = own.as_ref().map_or(Bounds3::EMPTY, |(bounds, _)| *bounds);
    children.iter().for_each(|child| bounds.merge(&child.bounds));
    if bounds.is_empty() {
        return None;
    }
    // Never below what the children claim.
    let error = children.iter().map(|child| child.error).fold(edge / 16.0, f64::max);
    let mut tile = Tile::new(bounds, error, "ADD");
    if let Some((_, uri)) = own {
        tile.json["content"] = json!({ "uri": uri });
    }
    if !children.is_empty() {
        tile.json["children"] = children.into_iter().map(|child| child.json).collect();
    }
    Some(tile)
}
