//! A file's sections to objects: one network, its nodes and links as elements, subcatchments and rain gauges beside it.

use super::schema::{Kind, Schema, Section};
use super::sections::{Row, Sections};
use crate::formats::findings::Findings;
use crate::{ImportError, Projector};
use qike_core::Feedback;
use qike_scene::{CityObject, Class, Geometry, Lod, ObjectId, ObjectSink, SourceId, Value};
use std::collections::{BTreeMap, HashMap};

/// Metres in a foot.
const FOOT_M: f64 = 0.3048;
/// Metres in an inch.
const INCH_M: f64 = 0.0254;

/// A node as links need it.
#[derive(Clone)]
struct Node {
    id: ObjectId,
    /// In the store's system; `None` where the file gives no usable place.
    place: Option<[f64; 2]>,
    elevation: Option<f64>,
    /// From the ground down to the invert.
    depth: Option<f64>,
}

/// A file on its way to objects.
pub struct Network<'a> {
    schema: &'static Schema,
    sections: &'a Sections<'a>,
    source: SourceId,
    stem: String,
    projector: Projector,
    findings: Findings,
    file: &'a str,
    /// Metres in the file's unit of length.
    length: f64,
    /// Metres in its unit of diameter.
    bore: f64,
    nodes: HashMap<&'a str, Node>,
}

impl<'a> Network<'a> {
    /// Ready to give out.
    pub fn new(
        schema: &'static Schema, sections: &'a Sections<'a>, source: SourceId, stem: String, projector: Projector, file: &'a str,
    ) -> Self {
        let unit = sections.option(schema.unit_options).unwrap_or_else(|| schema.default_unit.to_owned());
        // Cubic feet, gallons and acre-feet go with feet and inches; litres and cubic metres with metres and millimetres.
        let customary = matches!(unit.as_str(), "CFS" | "GPM" | "MGD" | "IMGD" | "AFD");
        let (length, bore) = if customary { (FOOT_M, INCH_M) } else { (1.0, 0.001) };
        Self { schema, sections, source, stem, projector, findings: Findings::new(file), file, length, bore, nodes: HashMap::new() }
    }

    /// Gives out everything.
    pub fn give(&mut self, sink: &mut dyn ObjectSink, feedback: &Feedback) -> Result<(), ImportError> {
        let (schema, sections) = (self.schema, self.sections);
        let mut network = CityObject::new(self.stem.as_str(), Class::UtilityNetwork, self.source);
        network.attributes.insert("network".into(), schema.network.into());
        network.name = sections.rows("TITLE").first().map(|row| row.fields.join(" ")).filter(|title| !title.is_empty());
        sink.object(network)?;
        let places = self.positions("COORDINATES", sink);
        for section in schema.nodes {
            for row in sections.rows(section.name) {
                self.node(section, row, &places, sink)?;
            }
        }
        feedback.check()?;
        let vertices = self.positions("VERTICES", sink);
        let cross: HashMap<&str, &Row<'_>> = sections.rows("XSECTIONS").iter().filter_map(|row| Some((*row.fields.first()?, row))).collect();
        for section in schema.links {
            for row in sections.rows(section.name) {
                self.link(section, row, &vertices, &cross, sink)?;
            }
        }
        self.surroundings(sink)
    }

    /// What was left out, and why.
    pub fn finish(self, sink: &mut dyn ObjectSink) {
        let Self { mut findings, projector, file, .. } = self;
        findings.line = None;
        findings.finish(sink);
        projector.report(file, "positions", sink);
    }

    fn element(&self, kind: &str, name: &str, function: &str) -> CityObject {
        let mut object = CityObject::new(format!("{}/{kind}/{name}", self.stem), Class::UtilityNetworkElement, self.source);
        object.name = Some(name.to_owned());
        object.parent = Some(ObjectId::new(&self.stem));
        object.attributes.insert("function".into(), function.into());
        object.attributes.insert("network".into(), self.schema.network.into());
        object
    }

    fn warn(&mut self, code: &'static str, row: &Row<'_>, object: &str, message: String, sink: &mut dyn ObjectSink) {
        self.findings.line = Some(row.line);
        self.findings.warn(code, object, "", message, sink);
    }

    /// The positions of a section by name, in order.
    fn positions(&mut self, section: &str, sink: &mut dyn ObjectSink) -> HashMap<&'a str, Vec<[f64; 2]>> {
        let mut out: HashMap<&str, Vec<[f64; 2]>> = HashMap::new();
        for row in self.sections.rows(section) {
            let number = |i: usize| row.fields.get(i).and_then(|f| f.parse::<f64>().ok());
            let (Some(name), Some(x), Some(y)) = (row.fields.first(), number(1), number(2)) else {
                self.warn("inp-bad-line", row, "", format!("a line of [{section}] is no name with two numbers, and is left out"), sink);
                continue;
            };
            if let Some([x, y, _]) = self.projector.project([x, y, 0.0], name) {
                out.entry(name).or_default().push([x, y]);
            }
        }
        out
    }

    /// Reads the fields of a row from the `first` on into attributes.
    fn fields(&mut self, section: &Section, row: &Row<'_>, first: usize, object: &mut CityObject, sink: &mut dyn ObjectSink) {
        for (i, (key, kind)) in section.fields.iter().enumerate() {
            let Some(text) = row.fields.get(first + i) else { break };
            let factor = match kind {
                Kind::Text => {
                    object.attributes.insert((*key).into(), (*text).into());
                    continue;
                }
                Kind::Number => 1.0,
                Kind::Length => self.length,
                Kind::Bore => self.bore,
            };
            match text.parse::<f64>().ok().filter(|n| n.is_finite()) {
                Some(number) => {
                    object.attributes.insert((*key).into(), tidy(number * factor).into());
                }
                // Optional fields may be `*`, or text where a curve stands for a number.
                None => {
                    if !matches!(*text, "*" | "") {
                        let message = format!("'{text}' is no number for {key}, and is kept as text");
                        self.warn("inp-bad-number", row, object.id.as_str(), message, sink);
                        object.attributes.insert((*key).into(), (*text).into());
                    }
                }
            }
        }
    }

    fn node(
        &mut self, section: &Section, row: &Row<'a>, places: &HashMap<&str, Vec<[f64; 2]>>, sink: &mut dyn ObjectSink,
    ) -> Result<(), ImportError> {
        let Some(&name) = row.fields.first() else { return Ok(()) };
        let mut object = self.element("node", name, section.function);
        self.fields(section, row, 1, &mut object, sink);
        // A reservoir has the level of its water instead.
        let elevation = object.number("elevation_m").or_else(|| object.number("head_m"));
        let place = places.get(name).and_then(|all| all.last()).copied();
        match place {
            Some([x, y]) => object.geometries.push(Geometry::point(Lod::ZERO, [x, y, elevation.unwrap_or(0.0)])),
            None => {
                let message = format!("the node '{name}' has no coordinates; it and its links have no place");
                self.warn("inp-no-place", row, object.id.as_str(), message, sink);
            }
        }
        let node = Node { id: object.id.clone(), place, elevation, depth: object.number("max_depth_m").filter(|depth| *depth > 0.0) };
        self.nodes.insert(name, node);
        Ok(sink.object(object)?)
    }

    fn link(
        &mut self, section: &Section, row: &Row<'a>, vertices: &HashMap<&str, Vec<[f64; 2]>>, cross: &HashMap<&str, &Row<'_>>,
        sink: &mut dyn ObjectSink,
    ) -> Result<(), ImportError> {
        let [name, from, to] = [0, 1, 2].map(|i| row.fields.get(i).copied().unwrap_or_default());
        if to.is_empty() {
            let message = format!("a line of [{}] needs a name and two nodes, and is left out", section.name);
            self.warn("inp-bad-line", row, "", message, sink);
            return Ok(());
        }
        let mut object = self.element("link", name, section.function);
        self.fields(section, row, 3, &mut object, sink);
        if let Some(row) = cross.get(name) {
            self.cross_section(row, &mut object);
        }
        let ends = [from, to].map(|end| (end, self.nodes.get(end).cloned()));
        for ((end, node), key) in ends.iter().zip(["from", "to"]) {
            match node {
                Some(node) => drop(object.attributes.insert(key.into(), node.id.as_str().into())),
                None => {
                    object.attributes.insert(key.into(), (*end).into());
                    let message = format!("the link '{name}' ends at the node '{end}', which is not in the file");
                    self.warn("inp-unknown-node", row, object.id.as_str(), message, sink);
                }
            }
        }
        if let [(_, Some(a)), (_, Some(b))] = &ends {
            let offsets = ["in_offset_m", "out_offset_m"].map(|key| object.number(key).unwrap_or(0.0));
            let depths: Vec<f64> = [a, b].iter().zip(offsets).filter_map(|(node, offset)| Some(node.depth? - offset)).collect();
            if !depths.is_empty() {
                object.attributes.insert("depth_m".into(), tidy(depths.iter().sum::<f64>() / depths.len() as f64).into());
            }
            if let (Some(p), Some(q)) = (a.place, b.place) {
                let mut line = vec![p];
                line.extend(vertices.get(name).into_iter().flatten());
                line.push(q);
                let heights = [a, b].map(|node| node.elevation.unwrap_or(0.0));
                let points = sloped(&line, heights[0] + offsets[0], heights[1] + offsets[1]);
                object.geometries.push(Geometry::line(Lod::ZERO, &points));
            }
        }
        Ok(sink.object(object)?)
    }

    /// SWMM's cross-section: shape, and the first two of its measures.
    fn cross_section(&self, row: &Row<'_>, object: &mut CityObject) {
        let Some(shape) = row.fields.get(1) else { return };
        object.attributes.insert("shape".into(), shape.to_ascii_lowercase().into());
        let measure = |i: usize| row.fields.get(i).and_then(|f| f.parse::<f64>().ok()).filter(|m| *m > 0.0).map(|m| tidy(m * self.length));
        let round = shape.to_ascii_uppercase().contains("CIRCULAR") || shape.eq_ignore_ascii_case("FORCE_MAIN");
        let keys = if round { ["diameter_m", ""] } else { ["height_m", "width_m"] };
        for (key, i) in keys.iter().zip([2, 3]).filter(|(key, _)| !key.is_empty()) {
            if let Some(measure) = measure(i) {
                object.attributes.insert((*key).into(), measure.into());
            }
        }
        if let Some(barrels) = row.fields.get(6).and_then(|f| f.parse::<u64>().ok()).filter(|n| *n > 1) {
            object.attributes.insert("barrels".into(), barrels.into());
        }
    }

    /// Subcatchments with their outlines, and rain gauges.
    fn surroundings(&mut self, sink: &mut dyn ObjectSink) -> Result<(), ImportError> {
        let outlines: BTreeMap<&str, Vec<[f64; 2]>> = self.positions("POLYGONS", sink).into_iter().collect();
        for row in self.sections.rows("SUBCATCHMENTS") {
            let Some(&name) = row.fields.first() else { continue };
            let mut object = CityObject::new(format!("{}/subcatchment/{name}", self.stem), Class::GenericLogicalSpace, self.source);
            object.name = Some(name.to_owned());
            object.parent = Some(ObjectId::new(&self.stem));
            object.attributes.insert("function".into(), "subcatchment".into());
            for (key, i) in [("rain_gauge", 1), ("outlet", 2), ("area", 3), ("impervious_percent", 4)] {
                if let Some(text) = row.fields.get(i) {
                    let number = (i > 2).then(|| text.parse::<f64>().ok()).flatten().and_then(serde_json::Number::from_f64);
                    object.attributes.insert(key.into(), number.map_or_else(|| Value::from(*text), Value::Number));
                }
            }
            if let Some(outline) = outlines.get(name).filter(|outline| outline.len() >= 3) {
                object.geometries.push(Geometry::polygon(Lod::ZERO, &[outline.iter().map(|[x, y]| [*x, *y, 0.0]).collect()]));
            }
            sink.object(object)?;
        }
        let places = self.positions("SYMBOLS", sink);
        for row in self.sections.rows("RAINGAGES") {
            let Some(&name) = row.fields.first() else { continue };
            let mut object = CityObject::new(format!("{}/gauge/{name}", self.stem), Class::CityFurniture, self.source);
            object.name = Some(name.to_owned());
            object.attributes.insert("function".into(), "rain_gauge".into());
            if let Some([x, y]) = places.get(name).and_then(|all| all.last()) {
                object.geometries.push(Geometry::point(Lod::ZERO, [*x, *y, 0.0]));
            }
            sink.object(object)?;
        }
        Ok(())
    }
}

/// A line in plan with heights that run evenly from one end to the other.
fn sloped(line: &[[f64; 2]], from: f64, to: f64) -> Vec<[f64; 3]> {
    let steps: Vec<f64> = line.windows(2).map(|w| (w[1][0] - w[0][0]).hypot(w[1][1] - w[0][1])).collect();
    let total: f64 = steps.iter().sum();
    let mut run = 0.0;
    let mut points = Vec::with_capacity(line.len());
    for (i, [x, y]) in line.iter().enumerate() {
        let share = if total > 0.0 { run / total } else { 0.0 };
        points.push([*x, *y, from + share * (to - from)]);
        run += steps.get(i).copied().unwrap_or(0.0);
    }
    points
}

/// Without the noise of a change of units: to the micrometre.
fn tidy(number: f64) -> f64 {
    (number * 1e6).round() / 1e6
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heights_run_evenly_along_the_line() {
        let points = sloped(&[[0.0, 0.0], [3.0, 0.0], [3.0, 1.0]], 10.0, 6.0);
        assert_eq!(points, [[0.0, 0.0, 10.0], [3.0, 0.0, 7.0], [3.0, 1.0, 6.0]]);
    }
}
