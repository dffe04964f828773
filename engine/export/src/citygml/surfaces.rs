//! The thematic surfaces of an object: the semantics of all its geometries, each written once with its faces at every level, doors
//! and windows inside the walls they fill.

use super::attributes::{self, Pending};
use super::ids::Ids;
use super::types::{self, is_fillable, is_filling};
use super::xml::{Xml, is_ncname};
use qike_scene::{Geometry, Semantic, Value};
use std::collections::BTreeMap;

struct Surface<'a> {
    semantic: &'a Semantic,
    parent: Option<usize>,
    element: &'static str,
    exact: bool,
    /// Faces by level.
    levels: BTreeMap<u8, String>,
}

/// All thematic surfaces of an object.
#[derive(Default)]
pub struct Surfaces<'a> {
    list: Vec<Surface<'a>>,
    /// The surface of each semantic of each geometry.
    by_geometry: Vec<Vec<usize>>,
    /// Numbers in the order they are written.
    order: Vec<usize>,
    /// The place of each in that order.
    place: Vec<usize>,
    /// Levels with faces that have no semantic and no property of their own to stand in.
    carriers: Vec<(u8, String)>,
}

impl<'a> Surfaces<'a> {
    /// Collects the semantics. Those of different geometries that have the same id, type and attributes are one surface.
    pub fn of(geometries: &'a [Geometry]) -> Self {
        let mut out = Self::default();
        let mut by_id: BTreeMap<&str, usize> = BTreeMap::new();
        for geometry in geometries {
            let mut numbers = Vec::with_capacity(geometry.semantics.len());
            let first = out.list.len();
            for semantic in &geometry.semantics {
                let id = semantic.attributes.get("id").and_then(Value::as_str);
                let parent = semantic.parent.and_then(|p| geometry.semantics.get(p as usize));
                let known = id.and_then(|id| by_id.get(id)).copied().filter(|known| {
                    *known < first
                        && out.list.get(*known).is_some_and(|s| {
                            let its = s.parent.and_then(|p| out.list.get(p)).map(|p| p.semantic);
                            let same_parent = match (its, parent) {
                                (None, None) => true,
                                (Some(a), Some(b)) => a.kind == b.kind && a.attributes == b.attributes,
                                _ => false,
                            };
                            same_parent && s.semantic.kind == semantic.kind && s.semantic.attributes == semantic.attributes
                        })
                });
                let number = known.unwrap_or_else(|| {
                    let (element, exact) = types::surface(&semantic.kind);
                    out.list.push(Surface { semantic, parent: None, element, exact, levels: BTreeMap::new() });
                    let number = out.list.len() - 1;
                    if let Some(id) = id {
                        by_id.entry(id).or_insert(number);
                    }
                    number
                });
                numbers.push(number);
            }
            for (own, semantic) in numbers.iter().zip(&geometry.semantics) {
                let parent = semantic.parent.and_then(|p| numbers.get(p as usize)).copied().filter(|p| p != own);
                if let Some(surface) = out.list.get_mut(*own).filter(|_| *own >= first) {
                    surface.parent = parent;
                }
            }
            out.by_geometry.push(numbers);
        }
        out.sort();
        out
    }

    /// Parents before children; what fills a wall right after it. A circle of parents is broken where it is entered.
    fn sort(&mut self) {
        let mut children: Vec<Vec<usize>> = vec![Vec::new(); self.list.len()];
        for (number, surface) in self.list.iter().enumerate() {
            if let Some(list) = surface.parent.and_then(|p| children.get_mut(p)) {
                list.push(number);
            }
        }
        let mut seen = vec![false; self.list.len()];
        let roots: Vec<usize> = (0..self.list.len()).filter(|n| self.list.get(*n).is_some_and(|s| s.parent.is_none())).collect();
        for start in roots.into_iter().chain(0..self.list.len()) {
            let mut open = vec![start];
            while let Some(number) = open.pop() {
                if std::mem::replace(&mut seen[number], true) {
                    continue;
                }
                if number == start && let Some(surface) = self.list.get_mut(number) {
                    surface.parent = None;
                }
                self.order.push(number);
                let mut rest = Vec::new();
                for child in &children[number] {
                    if self.fills(*child) && !std::mem::replace(&mut seen[*child], true) {
                        self.order.push(*child);
                        rest.extend(&children[*child]);
                    } else {
                        rest.push(*child);
                    }
                }
                open.extend(rest.into_iter().rev());
            }
        }
        self.place = vec![0; self.list.len()];
        for (place, number) in self.order.iter().enumerate() {
            self.place[*number] = place;
        }
    }

    /// True for a door or window in a surface that such may fill.
    fn fills(&self, number: usize) -> bool {
        let Some(surface) = self.list.get(number) else { return false };
        is_filling(surface.element) && surface.parent.and_then(|p| self.list.get(p)).is_some_and(|wall| is_fillable(wall.element))
    }

    /// The surface of a semantic of a geometry.
    pub fn number(&self, geometry: usize, semantic: u32) -> Option<usize> {
        self.by_geometry.get(geometry)?.get(semantic as usize).copied()
    }

    /// When a surface is written.
    pub fn place(&self, number: usize) -> usize {
        self.place.get(number).copied().unwrap_or(0)
    }

    /// Takes a face at a level.
    pub fn face(&mut self, number: usize, level: u8, xml: &str) {
        if let Some(surface) = self.list.get_mut(number) {
            surface.levels.entry(level).or_default().push_str(xml);
        }
    }

    /// Takes a whole geometry that no property has room for.
    pub fn carry(&mut self, level: u8, xml: String) {
        self.carriers.push((level, xml));
    }

    /// Writes all as boundaries.
    pub fn write(&self, xml: &mut Xml, ids: &mut Ids) {
        let mut order = self.order.iter().copied().peekable();
        while let Some(number) = order.next() {
            let mut fillings = Vec::new();
            while let Some(next) = order.next_if(|next| self.fills(*next) && self.list.get(*next).is_some_and(|s| s.parent == Some(number))) {
                fillings.push(next);
            }
            xml.open("core:boundary", &[]);
            self.surface(number, &fillings, xml, ids);
            xml.close("core:boundary");
        }
        for (level, inner) in &self.carriers {
            xml.open("core:boundary", &[]);
            xml.open("gen:GenericThematicSurface", &[]);
            record(xml, &[("carrier", true.into())]);
            xml.wrap(&format!("core:lod{level}MultiSurface"), &[], inner);
            xml.close("gen:GenericThematicSurface");
            xml.close("core:boundary");
        }
    }

    fn surface(&self, number: usize, fillings: &[usize], xml: &mut Xml, ids: &mut Ids) {
        let Some(surface) = self.list.get(number) else { return };
        let mut pending = Pending::new(&surface.semantic.attributes);
        let id = pending.get("id").and_then(Value::as_str).filter(|id| is_ncname(id) && ids.take(id));
        match id {
            Some(id) => {
                pending.done("id");
                xml.open(surface.element, &[("gml:id", id)]);
            }
            None => xml.open(surface.element, &[]),
        }
        let odd = pending.generics(xml);
        let mut notes: Vec<(&str, Value)> = Vec::new();
        if !surface.exact {
            notes.push(("kind", surface.semantic.kind.as_str().into()));
        }
        if let Some(parent) = surface.parent.filter(|_| !self.fills(number)) {
            notes.push(("in", self.place(parent).into()));
        }
        if !odd.is_empty() {
            notes.push(("attributes", odd.into()));
        }
        if !notes.is_empty() {
            record(xml, &notes);
        }
        for (level, faces) in &surface.levels {
            xml.wrap(&format!("core:lod{level}MultiSurface"), &[], &format!("<gml:MultiSurface>\n{faces}</gml:MultiSurface>"));
        }
        for filling in fillings {
            xml.open("con:fillingSurface", &[]);
            self.surface(*filling, &[], xml, ids);
            xml.close("con:fillingSurface");
        }
        xml.close(surface.element);
    }
}

/// Writes the record of a feature or surface: what CityGML has no place for.
pub fn record(xml: &mut Xml, notes: &[(&str, Value)]) {
    let map: serde_json::Map<String, Value> = notes.iter().map(|(key, value)| ((*key).to_owned(), value.clone())).collect();
    xml.open("core:genericAttribute", &[]);
    attributes::json(xml, attributes::RECORD, &map.into());
    xml.close("core:genericAttribute");
}
