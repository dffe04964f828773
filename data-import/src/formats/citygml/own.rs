//! What Qike's own CityGML export says beside the schemas: ids that XML does not allow, classes and geometries that CityGML has no
//! form for. Everything else of such a document is read like any other.

use super::attributes::JSON_SPACE;
use super::shapes::{self, Shapes};
use super::systems::Systems;
use super::tree::{Ix, Names, Tree};
use crate::ImportError;
use qike_core::fast_map::FastMap;
use qike_scene::{Attributes, Class, GeometryKind, Lod, Value};

/// The code space of ids.
const ID_SPACE: &str = "https://qike.city/id";
/// The name of the generic attribute with the record.
pub const RECORD: &str = "qike";

/// The record of a feature or surface.
#[derive(Default)]
pub struct Own {
    map: Attributes,
}

impl Own {
    /// The record of an element, where it has one.
    pub fn of(tree: &Tree, names: &Names, ix: Ix) -> Option<Self> {
        let generics = tree.children(ix).filter(|property| tree.local(*property, names) == "genericAttribute");
        let code = generics.flat_map(|property| tree.children(property)).find(|attribute| {
            tree.local(*attribute, names) == "CodeAttribute"
                && tree.child(*attribute, "name", names).is_some_and(|name| tree.own_text(name) == RECORD)
        })?;
        let value = tree.child(code, "value", names).filter(|value| tree.get(*value, "codeSpace", names) == Some(JSON_SPACE))?;
        Some(Self { map: serde_json::from_str(tree.own_text(value)).ok()? })
    }

    fn text(&self, key: &str) -> Option<&str> {
        self.map.get(key).and_then(Value::as_str)
    }

    /// The class, where the element does not say it.
    pub fn class(&self) -> Option<Class> {
        Class::parse(self.text("class")?)
    }

    /// The object it is part of, where it does not stand inside that.
    pub fn parent(&self) -> Option<&str> {
        self.text("parent")
    }

    /// The id, where XML cannot hold it.
    pub fn id(&self) -> Option<&str> {
        self.text("id")
    }

    /// The name, where XML cannot hold it.
    pub fn name(&self) -> Option<&str> {
        self.text("name")
    }

    /// A day that is no date of XML Schema: `valid_from`, `valid_to`.
    pub fn day(&self, key: &str) -> Option<&str> {
        self.text(key)
    }

    /// True for a property that only repeats an attribute in the schema's own form.
    pub fn is_derived(&self, local: &str) -> bool {
        self.map.get("derived").and_then(Value::as_array).is_some_and(|list| list.iter().any(|name| name.as_str() == Some(local)))
    }

    /// Attributes whose names XML cannot hold.
    pub fn attributes(&self) -> Option<&Attributes> {
        self.map.get("attributes").and_then(Value::as_object)
    }

    /// The type of a surface, where its element does not say it.
    pub fn kind(&self) -> Option<&str> {
        self.text("kind")
    }

    /// The number of the surface it is in, counted over the object's surfaces in their order.
    pub fn inside(&self) -> Option<u32> {
        self.map.get("in").and_then(Value::as_u64).and_then(|n| u32::try_from(n).ok())
    }

    /// True for a surface that only holds a geometry for which its feature has no property.
    pub fn is_carrier(&self) -> bool {
        self.map.get("carrier") == Some(&Value::Bool(true))
    }

    /// True where the record names geometries.
    pub fn has_geometries(&self) -> bool {
        self.map.contains_key("geometry")
    }

    /// The geometries that stand in elements of another form: the ids of the elements, level, kind.
    fn geometries(&self) -> impl Iterator<Item = (Vec<&str>, Lod, GeometryKind)> + '_ {
        let list = self.map.get("geometry").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        list.iter().filter_map(|entry| {
            let ids = entry.get(0)?.as_array()?.iter().filter_map(Value::as_str).collect();
            let lod = entry.get(1)?.as_str()?.parse().ok()?;
            let kind = serde_json::from_value(entry.get(2)?.clone()).ok()?;
            Some((ids, lod, kind))
        })
    }
}

/// The id that stands beside an element's own.
pub fn identifier<'t>(tree: &'t Tree, names: &'t Names, ix: Ix) -> Option<&'t str> {
    let identifier = tree.child(ix, "identifier", names).filter(|i| tree.get(*i, "codeSpace", names) == Some(ID_SPACE))?;
    Some(tree.own_text(identifier))
}

/// The id of the object that an element is: of its record, beside its own, its own.
pub fn id_of(tree: &Tree, names: &Names, ix: Ix) -> Option<String> {
    let told = Own::of(tree, names, ix).and_then(|own| own.id().map(str::to_owned));
    told.or_else(|| identifier(tree, names, ix).or_else(|| tree.id(ix, names)).map(str::to_owned))
}

/// A geometry of the record with its shapes, for [`super::features`] to build.
pub struct Noted {
    /// Level of detail.
    pub lod: Lod,
    /// Its kind.
    pub kind: GeometryKind,
    /// What its elements hold.
    pub shapes: Shapes,
}

/// Collects the geometries of a record. Their elements lie anywhere inside the feature.
pub fn noted(own: &Own, tree: &Tree, names: &Names, systems: &mut Systems, feature: Ix, system: usize) -> Result<Vec<Noted>, ImportError> {
    let entries: Vec<_> = own.geometries().collect();
    let mut wanted: FastMap<&str, Option<Ix>> = entries.iter().flat_map(|(ids, ..)| ids.iter().map(|id| (*id, None))).collect();
    if !wanted.is_empty() {
        let mut open = vec![feature];
        while let Some(ix) = open.pop() {
            if let Some(place) = tree.id(ix, names).and_then(|id| wanted.get_mut(id)) {
                *place = Some(ix);
            }
            open.extend(tree.children(ix));
        }
    }
    let mut out = Vec::with_capacity(entries.len());
    for (ids, lod, kind) in entries {
        let mut all = Shapes::default();
        for ix in ids.iter().filter_map(|id| wanted.get(id).copied().flatten()) {
            let shapes = shapes::collect(tree, names, systems, ix, system)?;
            all.solids.extend(shapes.solids);
            all.faces.extend(shapes.faces);
            all.lines.extend(shapes.lines);
            all.points.extend(shapes.points);
            all.missing.extend(shapes.missing);
        }
        out.push(Noted { lod, kind, shapes: all });
    }
    Ok(out)
}
