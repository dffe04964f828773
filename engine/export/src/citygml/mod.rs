//! CityGML 3.0 (OGC 20-010, GML encoding OGC 21-006r2): every class under its element, thematic surfaces with the faces and solids
//! that link to them, attributes typed, materials, addresses, values over time.
//!
//! The element order is that of the schemas. Nothing is lost: what the schemas have no place for stands in one generic attribute,
//! named `qike`, of the object it belongs to, and Qike's importer reads it back. Other programs see a text they do not know.

mod about;
mod address;
mod attributes;
mod dynamizer;
mod geometry;
mod ids;
mod looks;
mod numbers;
mod surfaces;
mod types;
mod xml;

use crate::{ExportError, Pictures};
use attributes::Pending;
use geometry::Layout;
use ids::Ids;
use numbers::Positions;
use qike_core::crs::CrsKind;
use qike_core::{Bounds3, Crs, Feedback};
use qike_scene::{CityObject, Class, ObjectIx, SceneSnapshot, Series, Value};
use std::io::Write;
use surfaces::record;
use types::{GENERIC, Kind, Slot, Type};
use xml::{Xml, is_clean};

/// The code space of ids that XML does not allow as ids.
const ID_SPACE: &str = "https://qike.city/id";
/// Parts inside parts deeper than this become members of their own.
const MAX_DEPTH: usize = 12;
/// Objects between two looks at whether the user wants to stop.
const CHECK_EVERY: u64 = 256;

const NAMESPACES: &[(&str, &str)] = &[
    ("xmlns:core", "http://www.opengis.net/citygml/3.0"),
    ("xmlns:app", "http://www.opengis.net/citygml/appearance/3.0"),
    ("xmlns:brid", "http://www.opengis.net/citygml/bridge/3.0"),
    ("xmlns:bldg", "http://www.opengis.net/citygml/building/3.0"),
    ("xmlns:con", "http://www.opengis.net/citygml/construction/3.0"),
    ("xmlns:dem", "http://www.opengis.net/citygml/relief/3.0"),
    ("xmlns:dyn", "http://www.opengis.net/citygml/dynamizer/3.0"),
    ("xmlns:frn", "http://www.opengis.net/citygml/cityfurniture/3.0"),
    ("xmlns:gen", "http://www.opengis.net/citygml/generics/3.0"),
    ("xmlns:gml", "http://www.opengis.net/gml/3.2"),
    ("xmlns:grp", "http://www.opengis.net/citygml/cityobjectgroup/3.0"),
    ("xmlns:luse", "http://www.opengis.net/citygml/landuse/3.0"),
    ("xmlns:pcl", "http://www.opengis.net/citygml/pointcloud/3.0"),
    ("xmlns:tran", "http://www.opengis.net/citygml/transportation/3.0"),
    ("xmlns:tun", "http://www.opengis.net/citygml/tunnel/3.0"),
    ("xmlns:veg", "http://www.opengis.net/citygml/vegetation/3.0"),
    ("xmlns:wtr", "http://www.opengis.net/citygml/waterbody/3.0"),
    ("xmlns:xAL", "urn:oasis:names:tc:ciq:xal:3"),
    ("xmlns:xlink", "http://www.w3.org/1999/xlink"),
];

/// Writes a document with the objects. Gives the pictures that it names.
pub fn write(snapshot: &SceneSnapshot, chosen: &[ObjectIx], out: &mut dyn Write, feedback: &Feedback) -> Result<Pictures, ExportError> {
    let crs = snapshot.crs();
    let north_first = crs.is_north_first();
    let degrees = matches!(crs.kind(), Ok(CrsKind::Geographic));
    let positions = Positions { north_first, plan_decimals: if degrees { 9 } else { 4 } };
    let mut state = vec![State::Left; snapshot.objects().len()];
    for ix in chosen {
        if let Some(state) = state.get_mut(ix.0 as usize) {
            *state = State::Chosen;
        }
    }
    let mut writer = Writer { snapshot, ids: Ids::new(snapshot, chosen), positions, state, xml: Xml::at(0), pictures: Pictures::default() };
    writer.xml.raw("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    writer.xml.open("core:CityModel", NAMESPACES);
    about::write(&crate::about::of(snapshot, chosen), &mut writer.xml);
    writer.envelope(chosen);
    let task = feedback.task("write", chosen.len() as u64);
    let mut count = 0_u64;
    // Objects that are part of others are written with those; parents in a circle leave some over for a second round.
    for round in 0..2 {
        for ix in chosen {
            if !writer.is_waiting(*ix) || (round == 0 && writer.nests(*ix).is_some()) {
                continue;
            }
            count += 1;
            if count.is_multiple_of(CHECK_EVERY) {
                feedback.check()?;
            }
            writer.xml.open("core:cityObjectMember", &[]);
            task.advance(writer.feature(*ix, false, 0));
            writer.xml.close("core:cityObjectMember");
            out.write_all(writer.xml.text().as_bytes())?;
            writer.xml.clear();
        }
    }
    writer.xml.close("core:CityModel");
    out.write_all(writer.xml.text().as_bytes())?;
    Ok(writer.pictures)
}

/// The name of a system: its authority's, or its definition as a name of our own.
fn srs_name(crs: &Crs) -> Option<String> {
    if crs.is_local() {
        return None;
    }
    let is_code = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    // Of a compound of two codes both are named: plan, then heights.
    let pair = crs.definition().strip_prefix("EPSG:").and_then(|codes| codes.split_once('+')).filter(|(plan, height)| is_code(plan) && is_code(height));
    Some(match (crs.epsg_code(), pair) {
        (Some(code), _) => format!("http://www.opengis.net/def/crs/EPSG/0/{code}"),
        (None, Some((plan, height))) => format!("urn:ogc:def:crs,crs:EPSG::{plan},crs:EPSG::{height}"),
        (None, None) => {
            let mut name = "urn:qike:crs:".to_owned();
            for byte in crs.definition().bytes() {
                match byte {
                    b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'+' | b'=' => name.push(char::from(byte)),
                    _ => name.push_str(&format!("%{byte:02X}")),
                }
            }
            name
        }
    })
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    Left,
    Chosen,
    Written,
}

struct Writer<'a> {
    snapshot: &'a SceneSnapshot,
    ids: Ids<'a>,
    positions: Positions,
    state: Vec<State>,
    xml: Xml,
    pictures: Pictures,
}

/// The element for an object: that of its class where it has room for the geometries.
fn type_of(object: &CityObject) -> Type {
    let own = types::of(object.class);
    if object.class == Class::Relief {
        let relief = |element, kind| Type { element, kind, slots: &[] };
        let terrain = [relief("dem:TINRelief", Kind::Tin), relief("dem:MassPointRelief", Kind::MassPoints), relief("dem:BreaklineRelief", Kind::Breaklines)];
        let found = terrain.into_iter().find(|t| geometry::fits(t.kind, &object.geometries));
        return found.unwrap_or(if object.geometries.is_empty() { own } else { GENERIC });
    }
    if geometry::fits(own.kind, &object.geometries) { own } else { GENERIC }
}

impl<'a> Writer<'a> {
    fn is_waiting(&self, ix: ObjectIx) -> bool {
        self.state.get(ix.0 as usize) == Some(&State::Chosen)
    }

    /// The parent and the property of it that an object is written in.
    fn nests(&self, ix: ObjectIx) -> Option<(ObjectIx, &'static str)> {
        let parent = self.snapshot.parent(ix).filter(|p| self.state.get(p.0 as usize) != Some(&State::Left))?;
        let object = self.snapshot.get(ix);
        let own = type_of(object);
        if own.element == GENERIC.element || own.kind == Kind::ReliefFeature {
            return None;
        }
        Some((parent, type_of(self.snapshot.get(parent)).property_of(object.class)?))
    }

    fn envelope(&mut self, chosen: &[ObjectIx]) {
        let mut bounds = Bounds3::EMPTY;
        chosen.iter().for_each(|ix| bounds.merge(&self.snapshot.bounds_of(*ix)));
        let crs = self.snapshot.crs();
        let (Some(name), false) = (srs_name(crs), bounds.is_empty()) else { return };
        let degrees = self.positions.plan_decimals > 4;
        let labels = match (degrees, self.positions.north_first) {
            (true, true) => "Lat Lon h",
            (true, false) => "Lon Lat h",
            (false, true) => "N E H",
            (false, false) => "E N H",
        };
        self.xml.open("gml:boundedBy", &[]);
        self.xml.open("gml:Envelope", &[("srsName", &name), ("srsDimension", "3"), ("axisLabels", labels)]);
        for (corner, p) in [("gml:lowerCorner", bounds.min), ("gml:upperCorner", bounds.max)] {
            let mut text = String::new();
            self.positions.put(p, &mut text);
            self.xml.leaf(corner, &[], &text);
        }
        self.xml.close("gml:Envelope");
        self.xml.close("gml:boundedBy");
    }

    /// Writes an object with its parts; gives how many that were.
    fn feature(&mut self, ix: ObjectIx, nested: bool, depth: usize) -> u64 {
        if let Some(state) = self.state.get_mut(ix.0 as usize) {
            *state = State::Written;
        }
        let object = self.snapshot.get(ix);
        let own = type_of(object);
        let mut count = 1;
        let layout = geometry::lay_out(&object.geometries, own.kind, self.positions, &mut self.ids);
        let mut pending = Pending::new(&object.attributes);
        let mut notes: Vec<(&str, Value)> = Vec::new();
        let mut derived: Vec<Value> = Vec::new();
        if !own.says(object.class) {
            notes.push(("class", object.class.name().into()));
        }
        if let Some(parent) = object.parent.as_ref().filter(|_| !nested) {
            notes.push(("parent", parent.as_str().into()));
        }

        let (id, near) = self.ids.of(ix);
        self.xml.open(own.element, &[("gml:id", id)]);
        if let Some(text) = pending.word("description") {
            self.xml.leaf("gml:description", &[], text);
            pending.done("description");
        }
        match (near, is_clean(object.id.as_str())) {
            (true, true) => self.xml.leaf("gml:identifier", &[("codeSpace", ID_SPACE)], object.id.as_str()),
            (true, false) => notes.push(("id", object.id.as_str().into())),
            (false, _) => {}
        }
        match object.name.as_deref() {
            Some(name) if is_clean(name) && !name.is_empty() => self.xml.leaf("gml:name", &[], name),
            Some(name) => notes.push(("name", name.into())),
            None => {}
        }
        // A name among the attributes is the name, where it is the same.
        if pending.get("name").is_some_and(|name| name.as_str() == object.name.as_deref() && object.name.is_some()) {
            pending.done("name");
        }
        self.lifespan(object, &mut pending, &mut notes);
        references(&mut self.xml, &mut pending);
        for (key, words) in [("relativeToTerrain", TERRAIN), ("relativeToWater", WATER)] {
            if let Some(word) = pending.word(key).filter(|word| words.contains(word)) {
                self.xml.leaf(&format!("core:{key}"), &[], word);
                pending.done(key);
            }
        }
        looks::write(&mut self.xml, &layout.looks, &mut self.pictures);

        // What comes after the generic attributes takes its share of the attributes first.
        let mut heights = Xml::at(self.xml.depth());
        if own.kind == Kind::Construction && pending.get("height").is_none() && height(&mut heights, &object.attributes) {
            derived.push("height".into());
        }
        if layout.cloud.is_some() && own.kind != Kind::MassPoints {
            derived.push("pointCloud".into());
        }
        let (tail, parts_count) = self.tail(ix, object, &own, &layout, &mut pending, &mut derived, depth);
        let series = series_of(self.snapshot, object);
        if !series.is_empty() {
            derived.push("dynamizer".into());
        }
        let odd = pending.generics(&mut self.xml);
        if !odd.is_empty() {
            notes.push(("attributes", odd.into()));
        }
        if !layout.notes.is_empty() {
            notes.push(("geometry", layout.notes.clone().into()));
        }
        if !derived.is_empty() {
            notes.push(("derived", derived.into()));
        }
        if !notes.is_empty() {
            record(&mut self.xml, &notes);
        }
        for series in series {
            dynamizer::write(&mut self.xml, series);
        }
        if own.has_boundaries() {
            let (parts, more) = self.parts(ix, "core:boundary", depth);
            layout.surfaces.write(&mut self.xml, &mut self.ids);
            self.xml.raw(parts.text());
            count += more;
        }
        if !matches!(own.kind, Kind::Tin | Kind::MassPoints | Kind::Breaklines) {
            for (name, content) in &layout.properties {
                let aggregate = name.ends_with("MultiCurve").then_some("gml:MultiCurve");
                match aggregate {
                    Some(aggregate) => self.xml.wrap(name, &[], &format!("<{aggregate}>\n{content}</{aggregate}>")),
                    None => self.xml.wrap(name, &[], content),
                }
            }
            if let Some(points) = &layout.cloud {
                let inner = format!("<pcl:PointCloud><pcl:points><gml:MultiPoint>\n{points}</gml:MultiPoint></pcl:points></pcl:PointCloud>");
                self.xml.wrap("core:pointCloud", &[], &inner);
            }
        }
        self.xml.raw(heights.text());
        self.xml.raw(tail.text());
        self.xml.close(own.element);
        count + parts_count
    }

    fn lifespan(&mut self, object: &CityObject, pending: &mut Pending, notes: &mut Vec<(&str, Value)>) {
        // Importers take these for the days from and to which an object exists, where those are not said.
        for (key, day) in [("creationDate", &object.valid_from), ("terminationDate", &object.valid_to)] {
            if let Some(text) = pending.word(key).filter(|text| day.is_some() && is_date_time(text)) {
                self.xml.leaf(&format!("core:{key}"), &[], text);
                pending.done(key);
            }
        }
        for (key, note, day) in [("validFrom", "valid_from", &object.valid_from), ("validTo", "valid_to", &object.valid_to)] {
            let Some(day) = day else { continue };
            match pending.word(key).filter(|text| is_date_time(text) && text.starts_with(day.as_str()) && !text.ends_with("T00:00:00")) {
                Some(text) => {
                    self.xml.leaf(&format!("core:{key}"), &[], text);
                    pending.done(key);
                }
                None if is_date_time(&format!("{day}T00:00:00")) => self.xml.leaf(&format!("core:{key}"), &[], &format!("{day}T00:00:00")),
                None => notes.push((note, day.as_str().into())),
            }
        }
    }

    /// The properties of the element itself with its parts, and how many objects those are.
    #[allow(clippy::too_many_arguments)] // One place where everything about an object comes together.
    fn tail(
        &mut self, ix: ObjectIx, object: &CityObject, own: &Type, layout: &Layout, pending: &mut Pending, derived: &mut Vec<Value>, depth: usize,
    ) -> (Xml, u64) {
        let mut xml = Xml::at(self.xml.depth());
        let mut count = 0;
        if matches!(own.kind, Kind::Tin | Kind::MassPoints | Kind::Breaklines | Kind::ReliefFeature) {
            let level = object.geometries.first().map_or(0, |g| g.lod.major()).to_string();
            match pending.word("lod") {
                Some(lod) if lod == level || (object.geometries.is_empty() && lod.parse::<u8>().is_ok_and(|lod| lod < 4)) => {
                    xml.leaf("dem:lod", &[], lod);
                    pending.done("lod");
                }
                _ => {
                    xml.leaf("dem:lod", &[], &level);
                    derived.push("lod".into());
                }
            }
        }
        let content = layout.properties.first().map(|(_, content)| content.as_str());
        match (own.kind, &layout.tin, &layout.cloud, content) {
            (Kind::Tin, Some(tin), ..) => xml.wrap("dem:tin", &[], tin),
            (Kind::MassPoints, _, Some(points), _) => xml.wrap("dem:reliefPoints", &[], &format!("<gml:MultiPoint>\n{points}</gml:MultiPoint>")),
            (Kind::Breaklines, .., Some(lines)) => xml.wrap("dem:breaklines", &[], &format!("<gml:MultiCurve>\n{lines}</gml:MultiCurve>")),
            _ => {}
        }
        for slot in own.slots {
            match slot {
                Slot::Children(property, _) => {
                    let (parts, more) = self.parts(ix, property, depth);
                    xml.raw(parts.text());
                    count += more;
                }
                Slot::Address(name) => {
                    if object.attributes.contains_key("address") && address::write(&mut xml, name, &object.attributes) {
                        derived.push("address".into());
                    }
                }
                Slot::Granularity => {
                    let known = pending.word("granularity").filter(|word| matches!(*word, "lane" | "way"));
                    xml.leaf("tran:granularity", &[], known.unwrap_or("way"));
                    match known {
                        Some(_) => pending.done("granularity"),
                        None => derived.push("granularity".into()),
                    }
                }
                Slot::Members => {
                    if self.members(&mut xml, object) {
                        derived.push("groupMember".into());
                    }
                }
                _ => pending.native(slot, &mut xml),
            }
        }
        (xml, count)
    }

    /// The parts of an object that stand in one of its properties.
    fn parts(&mut self, ix: ObjectIx, property: &'static str, depth: usize) -> (Xml, u64) {
        let snapshot = self.snapshot;
        let mut count = 0;
        let depth_here = self.xml.depth();
        let outer = std::mem::replace(&mut self.xml, Xml::at(depth_here));
        if depth < MAX_DEPTH {
            for child in snapshot.children(ix) {
                if self.is_waiting(*child) && self.nests(*child) == Some((ix, property)) {
                    self.xml.open(property, &[]);
                    count += self.feature(*child, true, depth + 1);
                    self.xml.close(property);
                }
            }
        }
        (std::mem::replace(&mut self.xml, outer), count)
    }

    /// The members of a group that are in the document.
    fn members(&self, xml: &mut Xml, group: &CityObject) -> bool {
        let list = match group.attributes.get("members") {
            Some(Value::Array(list)) => list.as_slice(),
            Some(one) => std::slice::from_ref(one),
            None => &[],
        };
        let mut any = false;
        for member in list.iter().filter_map(Value::as_str).filter_map(|id| self.snapshot.find(id)) {
            if self.state.get(member.0 as usize) == Some(&State::Left) {
                continue;
            }
            any = true;
            xml.open("grp:groupMember", &[]);
            xml.open("grp:Role", &[]);
            xml.leaf("grp:groupMember", &[("xlink:href", &format!("#{}", self.ids.of(member).0))], "");
            xml.close("grp:Role");
            xml.close("grp:groupMember");
        }
        any
    }
}

/// The series of an object; a snapshot has them sorted by it.
fn series_of<'s>(snapshot: &'s SceneSnapshot, object: &CityObject) -> &'s [Series] {
    let all = snapshot.series();
    let start = all.partition_point(|s| s.object < object.id);
    let end = all.partition_point(|s| s.object <= object.id);
    all.get(start..end).unwrap_or_default()
}

const TERRAIN: &[&str] = &[
    "entirelyAboveTerrain", "substantiallyAboveTerrain", "substantiallyAboveAndBelowTerrain", "substantiallyBelowTerrain", "entirelyBelowTerrain",
];
const WATER: &[&str] = &[
    "entirelyAboveWaterSurface", "substantiallyAboveWaterSurface", "substantiallyAboveAndBelowWaterSurface", "substantiallyBelowWaterSurface",
    "entirelyBelowWaterSurface", "temporarilyAboveAndBelowWaterSurface",
];

/// `YYYY-MM-DDThh:mm:ss`, and whatever XML Schema allows behind it.
fn is_date_time(text: &str) -> bool {
    let form = b"dddd-dd-ddTdd:dd:dd";
    text.len() >= form.len() && text.bytes().zip(form).all(|(b, f)| if *f == b'd' { b.is_ascii_digit() } else { b == *f })
}

/// References to other systems, where they have the form of 3.0.
fn references(xml: &mut Xml, pending: &mut Pending) {
    let Some(value) = pending.get("externalReference") else { return };
    let list = match value {
        Value::Array(list) if list.len() > 1 => list.as_slice(),
        one => std::slice::from_ref(one),
    };
    const KEYS: [&str; 3] = ["targetResource", "informationSystem", "relationType"];
    let good = |reference: &Value| {
        reference.as_object().is_some_and(|map| {
            let clean = |v: &Value| v.as_str().is_some_and(|text| !text.is_empty() && is_clean(text));
            map.contains_key("targetResource") && map.iter().all(|(key, v)| KEYS.contains(&key.as_str()) && clean(v))
        })
    };
    if !list.iter().all(good) {
        return;
    }
    for reference in list {
        xml.open("core:externalReference", &[]);
        xml.open("core:ExternalReference", &[]);
        for key in KEYS {
            if let Some(text) = reference.get(key).and_then(Value::as_str) {
                xml.leaf(&format!("core:{key}"), &[], text);
            }
        }
        xml.close("core:ExternalReference");
        xml.close("core:externalReference");
    }
    pending.done("externalReference");
}

/// The measured height of a construction in the form of 3.0, beside the attribute it comes from.
fn height(xml: &mut Xml, attributes: &qike_scene::Attributes) -> bool {
    let Some(height) = attributes.get("measuredHeight").and_then(Value::as_f64).filter(|h| h.is_finite()) else { return false };
    let uom = attributes.get("measuredHeight_uom").and_then(Value::as_str).filter(|uom| is_clean(uom) && !uom.is_empty()).unwrap_or("m");
    xml.open("con:height", &[]);
    xml.open("con:Height", &[]);
    xml.leaf("con:highReference", &[], "highestRoofEdge");
    xml.leaf("con:lowReference", &[], "lowestGroundPoint");
    xml.leaf("con:status", &[], "measured");
    xml.leaf("con:value", &[("uom", uom)], &height.to_string());
    xml.close("con:Height");
    xml.close("con:height");
    true
}
