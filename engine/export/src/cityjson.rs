//! CityJSON 2.0 (cityjson.org/specs/2.0.1): objects with all their levels of detail, semantics, materials and textures.

use crate::about;
use crate::selection::{objects, root};
use crate::{ExportError, Pictures};
use qike_core::Bounds3;
use qike_scene::appearance::{DEFAULT_THEME, Dress};
use qike_scene::geometry::NONE;
use qike_scene::{CityObject, Class, Geometry, GeometryKind, Material, ObjectIx, SceneSnapshot, Texture};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, HashMap};
use std::io::Write;

/// Coordinates are whole millimetres from the corner of the model.
const SCALE: f64 = 0.001;

/// One document. Gives the pictures that it names: they are to be written beside it.
pub fn write(snapshot: &SceneSnapshot, chosen: &[ObjectIx], out: &mut dyn Write) -> Result<Pictures, ExportError> {
    let mut pictures = Pictures::default();
    let mut part = Part::new(origin(snapshot, chosen), &mut pictures);
    let mut document = header(snapshot, chosen, part.origin);
    let mut city_objects = Map::new();
    for (ix, object) in objects(snapshot, chosen) {
        city_objects.insert(object.id.as_str().to_owned(), part.object(snapshot, chosen, ix, object));
    }
    document.insert("CityObjects".into(), city_objects.into());
    part.finish(&mut document);
    serde_json::to_writer(out, &document).map_err(ExportError::new)?;
    Ok(pictures)
}

/// A header line, then one line a feature: an object without a parent, with all that is part of it. Gives the pictures as
/// [`write`] does.
pub fn write_sequence(snapshot: &SceneSnapshot, chosen: &[ObjectIx], out: &mut dyn Write) -> Result<Pictures, ExportError> {
    let mut pictures = Pictures::default();
    let origin = origin(snapshot, chosen);
    let mut document = header(snapshot, chosen, origin);
    document.insert("CityObjects".into(), json!({}));
    document.insert("vertices".into(), json!([]));
    let mut line = |document: &Map<String, Value>| {
        serde_json::to_writer(&mut *out, document).map_err(ExportError::new)?;
        out.write_all(b"\n").map_err(ExportError::new)
    };
    line(&document)?;
    let mut features: BTreeMap<ObjectIx, Vec<ObjectIx>> = BTreeMap::new();
    for ix in chosen {
        features.entry(root(snapshot, *ix)).or_default().push(*ix);
    }
    for (root, members) in features {
        let mut part = Part::new(origin, &mut pictures);
        let mut city_objects = Map::new();
        for (ix, object) in objects(snapshot, &members) {
            city_objects.insert(object.id.as_str().to_owned(), part.object(snapshot, chosen, ix, object));
        }
        // Where only a part of the whole was chosen, its first object stands for the feature.
        let id = if members.binary_search(&root).is_ok() { root } else { *members.first().unwrap_or(&root) };
        let mut feature = Map::new();
        feature.insert("type".into(), "CityJSONFeature".into());
        feature.insert("id".into(), snapshot.get(id).id.as_str().into());
        feature.insert("CityObjects".into(), city_objects.into());
        part.finish(&mut feature);
        line(&feature)?;
    }
    Ok(pictures)
}

fn origin(snapshot: &SceneSnapshot, chosen: &[ObjectIx]) -> [f64; 3] {
    let mut bounds = Bounds3::EMPTY;
    chosen.iter().for_each(|ix| bounds.merge(&snapshot.bounds_of(*ix)));
    if bounds.is_empty() { [0.0; 3] } else { bounds.min.map(f64::floor) }
}

fn header(snapshot: &SceneSnapshot, chosen: &[ObjectIx], origin: [f64; 3]) -> Map<String, Value> {
    let mut document = Map::new();
    document.insert("type".into(), "CityJSON".into());
    document.insert("version".into(), "2.0".into());
    document.insert("transform".into(), json!({ "scale": [SCALE, SCALE, SCALE], "translate": origin }));
    about::put(snapshot, chosen, &mut document);
    document
}

/// Vertices, materials and textures that the objects of one document share.
struct Part<'p> {
    origin: [f64; 3],
    vertices: Vec<[i64; 3]>,
    known: HashMap<[i64; 3], usize>,
    materials: Vec<Value>,
    known_materials: BTreeMap<String, usize>,
    textures: Vec<Value>,
    known_textures: BTreeMap<String, usize>,
    uv: Vec<[Value; 2]>,
    known_uv: HashMap<[u32; 2], usize>,
    /// How often each theme is drawn: of materials, of textures.
    themes: [BTreeMap<String, u64>; 2],
    pictures: &'p mut Pictures,
}

impl<'p> Part<'p> {
    fn new(origin: [f64; 3], pictures: &'p mut Pictures) -> Self {
        Self {
            origin,
            vertices: vec![],
            known: HashMap::new(),
            materials: vec![],
            known_materials: BTreeMap::new(),
            textures: vec![],
            known_textures: BTreeMap::new(),
            uv: vec![],
            known_uv: HashMap::new(),
            themes: Default::default(),
            pictures,
        }
    }

    fn finish(self, document: &mut Map<String, Value>) {
        document.insert("vertices".into(), json!(self.vertices));
        let mut appearance = Map::new();
        // The theme that most geometries are drawn in; of several as frequent the first by name.
        let most = |themes: &BTreeMap<String, u64>| themes.iter().rev().max_by_key(|(_, count)| **count).map(|(name, _)| name.clone());
        for (key, themes) in ["default-theme-material", "default-theme-texture"].into_iter().zip(&self.themes) {
            if let Some(theme) = most(themes).filter(|theme| theme != DEFAULT_THEME || themes.len() > 1) {
                appearance.insert(key.into(), theme.into());
            }
        }
        if !self.materials.is_empty() {
            appearance.insert("materials".into(), self.materials.into());
        }
        if !self.textures.is_empty() {
            appearance.insert("textures".into(), self.textures.into());
            appearance.insert("vertices-texture".into(), json!(self.uv));
        }
        if !appearance.is_empty() {
            document.insert("appearance".into(), appearance.into());
        }
    }

    fn vertex(&mut self, p: [f64; 3]) -> usize {
        let key = [0, 1, 2].map(|a| ((p[a] - self.origin[a]) / SCALE).round() as i64);
        let next = self.vertices.len();
        let index = *self.known.entry(key).or_insert(next);
        if index == next {
            self.vertices.push(key);
        }
        index
    }

    fn material(&mut self, m: &Material) -> usize {
        let [r, g, b, a] = m.colour;
        let mut value = json!({ "name": m.name, "diffuseColor": ([r, g, b].map(number)), "transparency": number(1.0 - a) });
        let s = &m.shading;
        let more = [
            ("ambientIntensity", s.ambient_intensity.map(number)),
            ("emissiveColor", s.emissive.map(|c| c.map(number).to_vec().into())),
            ("specularColor", s.specular.map(|c| c.map(number).to_vec().into())),
            ("shininess", s.shininess.map(number)),
            ("isSmooth", s.smooth.map(Value::from)),
        ];
        for (key, said) in more.into_iter().filter_map(|(key, said)| Some((key, said?))) {
            value[key] = said;
        }
        listed(&mut self.materials, &mut self.known_materials, value)
    }

    fn texture(&mut self, t: &Texture) -> usize {
        // CityJSON has two names for kinds of pictures; what is neither is at least none of JPEG's.
        let kind = if t.mime == "image/jpeg" { "JPG" } else { "PNG" };
        let mut value = json!({ "type": kind, "image": self.pictures.path(t) });
        let more = [
            ("wrapMode", t.wrap.map(|w| Value::from(w.name()))),
            ("textureType", t.kind.map(|k| Value::from(k.name()))),
            ("borderColor", t.border.map(|c| c.map(number).to_vec().into())),
        ];
        for (key, said) in more.into_iter().filter_map(|(key, said)| Some((key, said?))) {
            value[key] = said;
        }
        listed(&mut self.textures, &mut self.known_textures, value)
    }

    fn texture_vertex(&mut self, uv: [f32; 2]) -> usize {
        let next = self.uv.len();
        let index = *self.known_uv.entry(uv.map(|c| (c + 0.0).to_bits())).or_insert(next);
        if index == next {
            self.uv.push(uv.map(number));
        }
        index
    }

    /// The textures that a theme puts on each surface: for each ring texture and texture coordinates, or null.
    fn textured(&mut self, g: &Geometry, dress: &Dress) -> Vec<Value> {
        let ours: Vec<usize> = g.textures().iter().map(|t| self.texture(t)).collect();
        let count = g.surface_ends.len().max(g.mesh_triangles());
        let mut corner = 0;
        let mut all = Vec::with_capacity(count);
        for s in 0..count {
            let rings: Vec<usize> = g.surface(s).map_or_else(|| vec![3], |surface| surface.rings().map(<[u32]>::len).collect());
            let texture = dress.surface_texture.get(s).and_then(|t| ours.get(*t as usize)).copied();
            let mut values = Vec::with_capacity(rings.len());
            for length in rings {
                let range = corner..corner + length;
                corner += length;
                values.push(match (texture, dress.uv.get(range)) {
                    (Some(texture), Some(uv)) => {
                        let numbers = uv.iter().map(|uv| self.texture_vertex(*uv).into());
                        std::iter::once(Value::from(texture)).chain(numbers).collect::<Vec<_>>().into()
                    }
                    _ => json!([null]),
                });
            }
            all.push(values.into());
        }
        all
    }

    /// The members `material` and `texture` of a geometry.
    fn looks(&mut self, g: &Geometry, value: &mut Map<String, Value>) {
        let ours: Vec<usize> = g.materials.iter().map(|m| self.material(m)).collect();
        let (mut materials, mut textures) = (Map::new(), Map::new());
        for dress in g.dresses() {
            if !dress.surface_material.is_empty() {
                let number = |i: &u32| ours.get(*i as usize).map_or(Value::Null, |m| (*m).into());
                let values: Vec<Value> = dress.surface_material.iter().map(number).collect();
                let theme = match values.split_first() {
                    Some((first, rest)) if !first.is_null() && rest.iter().all(|v| v == first) => json!({ "value": first }),
                    _ => json!({ "values": nested(g, &values) }),
                };
                materials.insert(dress.theme.into(), theme);
            }
            if !dress.surface_texture.is_empty() {
                let values = self.textured(g, &dress);
                textures.insert(dress.theme.into(), json!({ "values": nested(g, &values) }));
            }
        }
        for ((key, themes), drawn) in [("material", materials), ("texture", textures)].into_iter().zip(&mut self.themes) {
            let Some(first) = themes.keys().next() else { continue };
            *drawn.entry(first.clone()).or_default() += 1;
            value.insert(key.into(), themes.into());
        }
    }

    fn object(&mut self, snapshot: &SceneSnapshot, chosen: &[ObjectIx], ix: ObjectIx, object: &CityObject) -> Value {
        let (kind, exact) = type_name(object.class);
        let mut attributes = object.attributes.clone();
        if let Some(name) = object.name.as_ref().filter(|_| !attributes.contains_key("name")) {
            attributes.insert("name".into(), name.as_str().into());
        }
        if !exact {
            attributes.entry("qike_class").or_insert_with(|| object.class.name().into());
        }
        validity(object, &mut attributes);
        let mut value = Map::new();
        value.insert("type".into(), kind.into());
        if !attributes.is_empty() {
            value.insert("attributes".into(), attributes.into());
        }
        let is_chosen = |ix: &ObjectIx| chosen.binary_search(ix).is_ok();
        let children: Vec<&str> = snapshot.children(ix).iter().filter(|c| is_chosen(c)).map(|c| snapshot.get(*c).id.as_str()).collect();
        if !children.is_empty() {
            value.insert("children".into(), json!(children));
        }
        if let Some(parent) = snapshot.parent(ix).filter(is_chosen) {
            value.insert("parents".into(), json!([snapshot.get(parent).id]));
        }
        let geometries: Vec<Value> = object.geometries.iter().map(|g| self.geometry(g)).collect();
        if !geometries.is_empty() {
            value.insert("geometry".into(), geometries.into());
        }
        value.into()
    }

    fn geometry(&mut self, g: &Geometry) -> Value {
        let numbers: Vec<usize> = g.vertices.iter().map(|v| self.vertex(*v)).collect();
        let number = |i: &u32| numbers.get(*i as usize).copied().unwrap_or_default();
        let ring = |r: &[u32]| Value::from(r.iter().map(number).collect::<Vec<_>>());
        let surfaces: Vec<Value> = match g.kind {
            GeometryKind::Mesh => g.indices.chunks_exact(3).map(|t| json!([ring(t)])).collect(),
            _ => g.surfaces().map(|s| Value::from(s.rings().map(ring).collect::<Vec<_>>())).collect(),
        };
        let (kind, boundaries) = match g.kind {
            GeometryKind::MultiPoint => ("MultiPoint", ring(&g.indices)),
            GeometryKind::MultiLine => ("MultiLineString", (0..g.ring_ends.len()).map(|r| ring(g.ring(r))).collect()),
            GeometryKind::Mesh | GeometryKind::MultiSurface => ("MultiSurface", surfaces.clone().into()),
            GeometryKind::CompositeSurface => ("CompositeSurface", surfaces.clone().into()),
            GeometryKind::Solid => ("Solid", shells(g, &surfaces).into()),
            GeometryKind::MultiSolid => ("MultiSolid", solids(g, &surfaces).into()),
            GeometryKind::CompositeSolid => ("CompositeSolid", solids(g, &surfaces).into()),
        };
        let mut value = Map::new();
        value.insert("type".into(), kind.into());
        value.insert("lod".into(), g.lod.to_string().into());
        value.insert("boundaries".into(), boundaries);
        if g.surface_semantic.iter().any(|s| *s != NONE) {
            let kinds: Vec<Value> = g.semantics.iter().enumerate().map(|(i, s)| semantic(g, i, s)).collect();
            value.insert("semantics".into(), json!({ "surfaces": kinds, "values": nested(g, &indices(&g.surface_semantic, surfaces.len())) }));
        }
        if !surfaces.is_empty() {
            self.looks(g, &mut value);
        }
        value.into()
    }
}

/// Says from when to when an object exists, where its attributes do not say it already, or say something else.
fn validity(object: &CityObject, attributes: &mut Map<String, Value>) {
    let days = [
        ("qike_valid_from", ["validFrom", "creationDate"], &object.valid_from),
        ("qike_valid_to", ["validTo", "terminationDate"], &object.valid_to),
    ];
    for (ours, known, day) in days {
        let said = known.iter().find_map(|key| day_of(attributes.get(*key)?.as_str()?));
        if said != day.as_deref() {
            attributes.insert(ours.into(), day.as_deref().map_or(Value::Null, Value::from));
        }
    }
}

/// The day at the beginning of a date or time, `YYYY-MM-DD`.
fn day_of(text: &str) -> Option<&str> {
    let day = text.trim().get(..10)?;
    let fits = day.bytes().enumerate().all(|(i, b)| if i == 4 || i == 7 { b == b'-' } else { b.is_ascii_digit() });
    fits.then_some(day)
}

/// The index of a value in a list, to which it is added where it is new.
fn listed(list: &mut Vec<Value>, known: &mut BTreeMap<String, usize>, value: Value) -> usize {
    let next = list.len();
    let index = *known.entry(value.to_string()).or_insert(next);
    if index == next {
        list.push(value);
    }
    index
}

/// A number with the fewest digits that give back the same f32.
fn number(value: f32) -> Value {
    value.to_string().parse::<f64>().map_or(Value::Null, Value::from)
}

/// One value a surface: its index, or null.
fn indices(list: &[u32], surfaces: usize) -> Vec<Value> {
    (0..surfaces).map(|s| list.get(s).filter(|i| **i != NONE).map_or(Value::Null, |i| (*i).into())).collect()
}

/// Values a surface, nested like the boundaries.
fn nested(g: &Geometry, values: &[Value]) -> Value {
    match g.kind {
        GeometryKind::Solid => shells(g, values).into(),
        GeometryKind::MultiSolid | GeometryKind::CompositeSolid => solids(g, values).into(),
        _ => values.to_vec().into(),
    }
}

fn shells(g: &Geometry, surfaces: &[Value]) -> Vec<Value> {
    g.shells().map(|range| surfaces.get(range).unwrap_or_default().to_vec().into()).collect()
}

fn solids(g: &Geometry, surfaces: &[Value]) -> Vec<Value> {
    let shells = shells(g, surfaces);
    let mut start = 0;
    g.solid_ends
        .iter()
        .map(|end| {
            let solid = shells.get(start..*end as usize).unwrap_or_default().to_vec();
            start = *end as usize;
            solid.into()
        })
        .collect()
}

fn semantic(g: &Geometry, index: usize, s: &qike_scene::Semantic) -> Value {
    let mut value = s.attributes.clone();
    value.insert("type".into(), s.kind.as_str().into());
    if let Some(parent) = s.parent {
        value.insert("parent".into(), parent.into());
    }
    let children: Vec<usize> = g.semantics.iter().enumerate().filter(|(_, c)| c.parent == Some(index as u32)).map(|(i, _)| i).collect();
    if !children.is_empty() {
        value.insert("children".into(), json!(children));
    }
    value.into()
}

/// CityJSON's name of a class, and whether it says all. What CityJSON does not have becomes a generic object.
fn type_name(class: Class) -> (&'static str, bool) {
    use Class::*;
    match class {
        Storey => ("BuildingStorey", true),
        Square => ("TransportSquare", true),
        Relief => ("TINRelief", true),
        HollowSpace => ("TunnelHollowSpace", true),
        Building | BuildingPart | BuildingUnit | BuildingRoom | BuildingFurniture | BuildingInstallation | BuildingConstructiveElement
        | Bridge | BridgePart | BridgeInstallation | BridgeConstructiveElement | BridgeRoom | BridgeFurniture | Tunnel | TunnelPart
        | TunnelInstallation | TunnelConstructiveElement | TunnelFurniture | OtherConstruction | Road | Railway | Waterway
        | CityFurniture | WaterBody | SolitaryVegetationObject | PlantCover | LandUse | CityObjectGroup | GenericCityObject => (class.name(), true),
        _ => ("GenericCityObject", false),
    }
}
