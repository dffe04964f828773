//! 3D Tiles 1.1 (OGC 22-025r4): a quadtree of glTF tiles on the globe, each feature with its id and attributes.
//!
//! The tree splits by the middles of objects until a tile is small; what is larger than the tiles of a level stays above it and is
//! refined by adding. Each leaf is drawn coarse from afar (the coarsest shape of each object, nothing that stands inside others) and
//! is replaced by the finest from near. Every vertex goes through PROJ to the globe by itself, so nothing is bent at a city's edge;
//! tiles hold metres from their own middle in the frame (east, north, up) of the model's middle.

mod content;
mod glb;
mod globe;
mod shapes;
mod table;
mod tree;

use crate::ExportError;
use globe::Globe;
use qike_core::{Bounds3, Feedback};
use qike_scene::{ObjectIx, SceneSnapshot};
use serde_json::{Value, json};
use std::path::Path;
use table::Schema;
use tree::{Node, Tree};

/// The name of the document.
pub const DOCUMENT: &str = "tileset.json";
/// The folder of the tiles beside it.
pub const FOLDER: &str = "tiles";

/// The error of a coarse leaf in metres: by so much a block may differ from a building with a roof.
const COARSE_ERROR_M: f64 = 2.0;

/// What was written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Features with an id of their own in some tile.
    pub features: u64,
    /// Tiles with content.
    pub tiles: u64,
    /// Bytes of all files.
    pub bytes: u64,
}

/// Writes `tileset.json` and the folder `tiles` into a folder that exists.
pub fn write(snapshot: &SceneSnapshot, chosen: &[ObjectIx], folder: &Path, feedback: &Feedback) -> Result<Summary, ExportError> {
    let tiles = folder.join(FOLDER);
    std::fs::create_dir_all(&tiles)?;
    let tree = Tree::of(snapshot, chosen);
    if tree.is_empty() {
        return Err(ExportError::new("no object has a place: there is nothing to write as tiles"));
    }
    let globe = Globe::new(snapshot.crs(), tree.bounds().centre())?;
    let schema = Schema::of(snapshot, chosen);
    let task = feedback.task("write tiles", tree.objects() as u64);
    let mut writer = Writer { snapshot, globe, schema, tiles: &tiles, summary: Summary::default(), task: &task, feedback };
    let root = writer.node(tree.root(), &mut Vec::new())?;
    let Some(root) = root else { return Err(ExportError::new("no object has a shape: there is nothing to write as tiles")) };
    let mut root_tile = root.json;
    if let Some(transform) = writer.globe.transform() {
        root_tile["transform"] = json!(transform);
    }
    let document = json!({
        "asset": { "version": "1.1", "generator": "Qike", "extras": { "crs": snapshot.crs().definition() } },
        "geometricError": root.error.max(COARSE_ERROR_M) * 2.0,
        "root": root_tile,
    });
    let text = serde_json::to_vec(&document).map_err(ExportError::new)?;
    writer.summary.bytes += text.len() as u64;
    std::fs::write(folder.join(DOCUMENT), text)?;
    Ok(writer.summary)
}

struct Writer<'a> {
    snapshot: &'a SceneSnapshot,
    globe: Globe,
    schema: Schema,
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
    /// Writes a node with all below it; `path` is its place in the tree. `None` where nothing in it has a shape.
    fn node(&mut self, node: &Node, path: &mut Vec<u8>) -> Result<Option<Tile>, ExportError> {
        self.feedback.check()?;
        let mut children = Vec::new();
        for (quadrant, child) in node.children.iter().enumerate() {
            path.push(quadrant as u8);
            children.extend(self.node(child, path)?);
            path.pop();
        }
        let name = format!("{}{}", path.len(), path.iter().map(|q| format!("-{q}")).collect::<String>());
        let fine = self.content(&node.objects, false, &format!("{name}.glb"))?;
        self.task.advance(node.objects.len() as u64);
        if !node.children.is_empty() {
            return Ok(inner(fine, children, node.edge));
        }
        let Some((fine_bounds, fine_uri)) = fine else { return Ok(None) };
        let has_coarse = node.objects.iter().any(|ix| shapes::differs_coarse(self.snapshot, *ix));
        let coarse = if has_coarse { self.content(&node.objects, true, &format!("{name}-coarse.glb"))? } else { None };
        let mut leaf = Tile::new(fine_bounds, 0.0, "ADD");
        leaf.json["content"] = json!({ "uri": fine_uri });
        let Some((coarse_bounds, coarse_uri)) = coarse else { return Ok(Some(leaf)) };
        let mut whole = fine_bounds;
        whole.merge(&coarse_bounds);
        let error = COARSE_ERROR_M.min(node.edge / 32.0);
        let mut tile = Tile::new(whole, error, "REPLACE");
        tile.json["content"] = json!({ "uri": coarse_uri });
        tile.json["children"] = json!([leaf.json]);
        Ok(Some(tile))
    }

    /// Writes the content of a tile; gives its box in the frame and its name.
    fn content(&mut self, objects: &[ObjectIx], coarse: bool, name: &str) -> Result<Option<(Bounds3, String)>, ExportError> {
        let Some(content) = content::build(self.snapshot, objects, coarse, &self.globe, &self.schema)? else { return Ok(None) };
        std::fs::write(self.tiles.join(name), &content.glb)?;
        self.summary.tiles += 1;
        self.summary.bytes += content.glb.len() as u64;
        if !coarse {
            self.summary.features += content.features as u64;
        }
        Ok(Some((content.bounds, format!("{FOLDER}/{name}"))))
    }
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
