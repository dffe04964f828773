//! CityJSON's parts as they stand in the file, in compact form: attributes as JSON, everything geometric flat.
//!
//! Lenient where the damage stays local (a geometry of a wrong shape is marked, not fatal); only JSON that cannot be read on is an
//! error. Objects and geometries are read into the memory of those before them.

use super::arrays;
use super::json::{Json, Unread, owned};
use super::nested::Nested;
use super::points::Points;
use super::surfaces::RawSurface;
use super::values::Values;
use qike_scene::about::LIMIT;
use qike_scene::{Attributes, Value};

/// What a document, or a feature of a sequence, says beside its objects and vertices.
#[derive(Debug, Default)]
pub struct Head {
    /// `CityJSON` or `CityJSONFeature`.
    pub kind: String,
    /// `1.0`, `1.1`, `2.0`.
    pub version: String,
    /// What multiplies and moves vertices; `None` where nothing usable does.
    pub transform: Option<RawTransform>,
    /// A transform is there and is not usable.
    pub bad_transform: bool,
    /// Metadata as it is.
    pub metadata: Value,
    /// Materials and textures.
    pub appearance: RawAppearance,
    /// Geometries to be placed many times.
    pub templates: RawTemplates,
    /// All other members: `extensions`, those of extensions (`+census`), those that no version knows.
    pub others: Attributes,
    /// Names of such members that are not kept, and why.
    pub left_out: Vec<(String, &'static str)>,
}

impl Head {
    /// Reads the value of a member.
    pub fn member(&mut self, json: &mut Json, key: &[u8]) -> Result<(), Unread> {
        match key {
            b"type" => self.kind = json.text()?.into_owned(),
            b"version" => self.version = json.text()?.into_owned(),
            b"transform" => {
                let value = json.value()?;
                self.transform = RawTransform::of(&value);
                self.bad_transform = !value.is_null() && self.transform.is_none();
            }
            b"metadata" => self.metadata = json.value()?,
            b"appearance" => self.appearance = RawAppearance::read(json)?,
            b"geometry-templates" => self.templates = RawTemplates::read(json)?,
            _ => {
                // What is too large is passed over before it takes a multiple of its bytes as values.
                json.peek();
                let start = json.at();
                json.pass()?;
                let end = json.at();
                if end - start > LIMIT {
                    self.left_out.push((owned(key), "it is larger than what is kept of a file as a whole (1 MiB)"));
                    return Ok(());
                }
                json.go_back(start);
                match json.value() {
                    Ok(value) => drop(self.others.insert(owned(key), value)),
                    Err(Unread) => self.left_out.push((owned(key), "its text is no UTF-8")),
                }
                json.go_back(end);
            }
        }
        Ok(())
    }

    /// What the document says of itself.
    pub fn about(&mut self) -> Attributes {
        let mut about = Attributes::new();
        if !self.metadata.is_null() {
            about.insert("metadata".to_owned(), self.metadata.clone());
        }
        about.append(&mut self.others);
        about
    }
}

/// Integer vertices to coordinates: `v * scale + translate`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RawTransform {
    /// Factor of each axis.
    pub scale: [f64; 3],
    /// Offset of each axis.
    pub translate: [f64; 3],
}

impl RawTransform {
    fn of(value: &Value) -> Option<Self> {
        let numbers = |key: &str| {
            let list = value.get(key)?.as_array().filter(|list| list.len() == 3)?;
            let numbers = [list[0].as_f64()?, list[1].as_f64()?, list[2].as_f64()?];
            numbers.iter().all(|n| n.is_finite()).then_some(numbers)
        };
        Some(Self { scale: numbers("scale")?, translate: numbers("translate")? })
    }
}

/// A city object as written.
#[derive(Debug, Default)]
pub struct RawObject {
    /// Type name.
    pub kind: String,
    /// Attributes.
    pub attributes: Attributes,
    /// All other members, extensions among them.
    pub others: Attributes,
    /// Ids of parents.
    pub parents: Vec<String>,
    /// Ids of children (of a group: its members).
    pub children: Vec<String>,
    /// Geometries; more than there are now, where an object before had more.
    geometries: Vec<RawGeometry>,
    count: usize,
}

impl RawObject {
    /// Reads an object; false where it is none.
    pub fn read(&mut self, json: &mut Json) -> Result<bool, Unread> {
        self.kind.clear();
        self.attributes = Attributes::new();
        self.others = Attributes::new();
        self.parents.clear();
        self.children.clear();
        self.count = 0;
        json.members(|json, key| self.member(json, key))
    }

    fn member(&mut self, json: &mut Json, key: &[u8]) -> Result<(), Unread> {
        match key {
            b"type" => set(&mut self.kind, &json.text()?),
            b"attributes" if json.peek() == Some(b'{') => self.attributes = json.map()?,
            b"attributes" => {
                if !json.null()? {
                    self.others.insert(owned(key), json.value()?);
                }
            }
            b"geometry" => {
                self.count = 0;
                if !json.null()? && !json.elements(|json| self.next().read(json))? {
                    // One geometry that is none: it will be told of.
                    self.next().clear();
                }
            }
            b"parents" => {
                self.parents.clear();
                json.texts(&mut self.parents)?;
            }
            // Version 1.0 has the members of a group apart.
            b"children" | b"members" => json.texts(&mut self.children)?,
            b"geographicalExtent" => json.pass()?,
            _ => drop(self.others.insert(owned(key), json.value()?)),
        }
        Ok(())
    }

    /// The place of the next geometry.
    fn next(&mut self) -> &mut RawGeometry {
        if self.count == self.geometries.len() {
            self.geometries.push(RawGeometry::default());
        }
        self.count += 1;
        &mut self.geometries[self.count - 1]
    }

    /// Its geometries.
    pub fn geometries(&mut self) -> &mut [RawGeometry] {
        &mut self.geometries[..self.count]
    }
}

/// A geometry as written.
#[derive(Debug, Default)]
pub struct RawGeometry {
    /// `Solid`, `GeometryInstance` ….
    pub kind: String,
    /// Level of detail as text; empty where there is none.
    pub lod: String,
    /// Vertex numbers.
    pub boundaries: Nested,
    /// Semantic surfaces.
    pub surfaces: Vec<RawSurface>,
    /// Which surface has which semantic; empty where nothing says it.
    pub surface_values: Values,
    /// Theme → which surface has which material.
    pub materials: Vec<(String, Values)>,
    /// Theme → for each ring its texture and texture coordinates.
    pub textures: Vec<(String, Values)>,
    /// Number of the template it places.
    pub template: Option<u32>,
    /// 4 × 4 matrix, row by row.
    pub matrix: Vec<f64>,
}

impl RawGeometry {
    fn clear(&mut self) {
        self.kind.clear();
        self.lod.clear();
        arrays::Arrays::clear(&mut self.boundaries);
        self.surfaces.clear();
        arrays::Arrays::clear(&mut self.surface_values);
        self.materials.clear();
        self.textures.clear();
        self.template = None;
        self.matrix.clear();
    }

    /// Reads a geometry; what is none has no kind.
    pub fn read(&mut self, json: &mut Json) -> Result<(), Unread> {
        self.clear();
        json.members(|json, key| {
            match key {
                b"type" => set(&mut self.kind, &json.text()?),
                b"lod" => set(&mut self.lod, &json.text()?),
                b"boundaries" => arrays::read(json, &mut self.boundaries)?,
                b"semantics" => self.read_semantics(json)?,
                b"material" => read_themes(json, &mut self.materials)?,
                b"texture" => read_themes(json, &mut self.textures)?,
                b"template" => self.template = json.index()?,
                b"transformationMatrix" => {
                    self.matrix.clear();
                    let numbers = json.value()?;
                    self.matrix.extend(numbers.as_array().into_iter().flatten().map(|n| n.as_f64().unwrap_or(f64::NAN)));
                }
                _ => json.pass()?,
            }
            Ok(())
        })?;
        Ok(())
    }

    fn read_semantics(&mut self, json: &mut Json) -> Result<(), Unread> {
        let (surfaces, values) = (&mut self.surfaces, &mut self.surface_values);
        if json.null()? {
            return Ok(());
        }
        let is_object = json.members(|json, key| match key {
            b"surfaces" => RawSurface::list(json, surfaces),
            b"values" => arrays::read(json, values),
            _ => json.pass(),
        })?;
        if !is_object {
            *values = Values::unfit();
        }
        Ok(())
    }
}

/// Reads the materials or textures of a geometry, theme by theme.
fn read_themes(json: &mut Json, into: &mut Vec<(String, Values)>) -> Result<(), Unread> {
    into.clear();
    if json.null()? {
        return Ok(());
    }
    let is_object = json.members(|json, theme| {
        let mut values = Values::default();
        let is_object = json.members(|json, key| {
            match key {
                b"value" => {
                    let one = json.index()?;
                    if values.is_empty() {
                        values = one.map(Values::all).unwrap_or_default();
                    }
                }
                b"values" => arrays::read(json, &mut values)?,
                _ => json.pass()?,
            }
            Ok(())
        })?;
        if !is_object {
            values = Values::unfit();
        }
        if !values.is_empty() {
            into.push((owned(theme), values));
        }
        Ok(())
    })?;
    if !is_object {
        into.push((String::new(), Values::unfit()));
    }
    Ok(())
}

/// Appearance: the lists that geometries refer to.
#[derive(Debug, Default)]
pub struct RawAppearance {
    /// Materials as written.
    pub materials: Vec<Value>,
    /// Textures as written.
    pub textures: Vec<Value>,
    /// Texture coordinates.
    pub uv: Points,
    /// Theme of materials to draw where a geometry has several.
    pub default_material: Option<String>,
    /// The same of textures.
    pub default_texture: Option<String>,
}

impl RawAppearance {
    /// Reads an appearance; one that is no object says nothing.
    pub fn read(json: &mut Json) -> Result<Self, Unread> {
        let mut out = Self::default();
        let list = |json: &mut Json| Ok(if let Value::Array(list) = json.value()? { list } else { Vec::new() });
        json.members(|json, key| {
            match key {
                b"materials" => out.materials = list(json)?,
                b"textures" => out.textures = list(json)?,
                b"vertices-texture" => drop(out.uv.read(json)?),
                b"default-theme-material" => out.default_material = Some(json.text()?.into_owned()),
                b"default-theme-texture" => out.default_texture = Some(json.text()?.into_owned()),
                _ => json.pass()?,
            }
            Ok(())
        })?;
        Ok(out)
    }
}

/// Geometry templates and their own vertices.
#[derive(Debug, Default)]
pub struct RawTemplates {
    /// Geometries.
    pub templates: Vec<RawGeometry>,
    /// Real coordinates in metres around the template's origin.
    pub vertices: Points,
}

impl RawTemplates {
    fn read(json: &mut Json) -> Result<Self, Unread> {
        let mut out = Self::default();
        json.members(|json, key| {
            match key {
                b"templates" => {
                    out.templates.clear();
                    json.elements(|json| {
                        let mut geometry = RawGeometry::default();
                        geometry.read(json)?;
                        out.templates.push(geometry);
                        Ok(())
                    })?;
                }
                b"vertices-templates" => drop(out.vertices.read(json)?),
                _ => json.pass()?,
            }
            Ok(())
        })?;
        Ok(out)
    }
}

fn set(text: &mut String, value: &str) {
    text.clear();
    text.push_str(value);
}
