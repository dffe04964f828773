//! Wavefront .obj files (specification of 1995, appendix B1 of the Advanced Visualizer): objects made of polygons, lines and
//! points, with the colours of their .mtl files. Free-form curves and surfaces are left out and said so.
//!
//! Such a file has no coordinate system and no axis convention: coordinates are taken as x east, y north, z up. Faces that close
//! around a volume become a solid, others a multi-surface. Texture coordinates and normals are not kept.

use crate::formats::findings::Findings;
use crate::{Confidence, ImportError, Importer, Profile, Projector, Source};
use qike_core::{Crs, Feedback, SourceCrs};
use qike_scene::geometry::NONE;
use qike_scene::{CityObject, Class, Geometry, GeometryBuilder, GeometryKind, Lod, Material, ObjectSink};
use std::collections::{BTreeMap, HashMap};
use std::path::{Component, Path};

/// Largest file read, bytes.
const LIMIT: u64 = 2 << 30;

/// Largest material library read, bytes.
const MATERIALS_LIMIT: u64 = 16 << 20;

/// The importer.
pub struct Obj;

impl Importer for Obj {
    fn name(&self) -> &'static str {
        "obj"
    }

    fn title(&self) -> &'static str {
        "a Wavefront model"
    }

    fn endings(&self) -> &'static [&'static str] {
        &["obj"]
    }

    fn sniff(&self, path: &Path, head: &[u8]) -> Confidence {
        let ending = self.has_ending(path);
        // Lines of short words say little: only with the ending.
        Confidence::of(ending, ending && looks_like_obj(head))
    }

    fn probe(&self, source: &Source, _: &Feedback) -> Result<Profile, ImportError> {
        Ok(Profile { crs: source.options.source_crs.clone(), centre_lonlat: None })
    }

    fn import(&self, source: &Source, sink: &mut dyn ObjectSink, feedback: &Feedback) -> Result<(), ImportError> {
        let bytes = source.read(LIMIT)?;
        let text = String::from_utf8_lossy(&bytes);
        let mut findings = Findings::new(&source.name);
        let model = read(&text, source, &mut findings, sink);
        feedback.check()?;
        if model.parts.iter().all(Part::is_empty) {
            return Err(ImportError::corrupt(&source.name, "its end", "there is no face, line or point in it"));
        }
        let crs = if sink.crs().is_local() { source.crs_or(None, || SourceCrs::Crs(Crs::local())) } else { source.crs_unstated(None, sink) };
        let mut projector = Projector::new(&crs, sink.crs(), &source.name)?;
        let number = source.begin(self.name(), &crs.to_string(), sink)?;
        for part in model.parts.iter().filter(|part| !part.is_empty()) {
            feedback.check()?;
            let mut object = CityObject::new(part.name.as_str(), Class::GenericCityObject, number);
            if let Some(groups) = part.groups() {
                object.attributes.insert("obj_groups".into(), groups.into());
            }
            object.geometries = geometries(part, &model, &mut projector);
            sink.object(object)?;
        }
        findings.finish(sink);
        projector.report(&source.name, "vertices", sink);
        Ok(())
    }
}

/// The first line that says something is one of the format's statements.
fn looks_like_obj(head: &[u8]) -> bool {
    let text = String::from_utf8_lossy(head);
    let words = ["v", "vt", "vn", "f", "o", "g", "mtllib", "usemtl", "s", "l", "p"];
    let mut lines = text.trim_start_matches('\u{feff}').lines().map(str::trim).filter(|l| !l.is_empty() && !l.starts_with('#'));
    lines.next().is_some_and(|line| words.contains(&line.split_whitespace().next().unwrap_or_default()))
}

/// A face: its corners, its material or [`NONE`].
struct Face {
    corners: Vec<u32>,
    material: u32,
}

/// What stands after one `o` line.
struct Part {
    name: String,
    faces: Vec<Face>,
    lines: Vec<Vec<u32>>,
    points: Vec<u32>,
    group_names: Vec<String>,
}

impl Part {
    fn new(name: String) -> Self {
        Self { name, faces: vec![], lines: vec![], points: vec![], group_names: vec![] }
    }

    fn is_empty(&self) -> bool {
        self.faces.is_empty() && self.lines.is_empty() && self.points.is_empty()
    }

    fn groups(&self) -> Option<Vec<String>> {
        let named: Vec<String> = self.group_names.iter().filter(|name| **name != self.name && *name != "default").cloned().collect();
        (!named.is_empty()).then_some(named)
    }

    /// Does every side of its faces belong to two of them?
    fn is_closed(&self) -> bool {
        let mut sides: HashMap<(u32, u32), u32> = HashMap::new();
        for face in &self.faces {
            let next = face.corners.iter().cycle().skip(1);
            for (a, b) in face.corners.iter().zip(next).filter(|(a, b)| a != b) {
                *sides.entry((*a.min(b), *a.max(b))).or_default() += 1;
            }
        }
        self.faces.len() > 3 && sides.values().all(|n| *n == 2)
    }
}

/// A whole file.
struct Model {
    vertices: Vec<[f64; 3]>,
    parts: Vec<Part>,
    materials: Vec<Material>,
}

/// Reads a file statement by statement; what cannot be read is told and left out.
fn read(text: &str, source: &Source, findings: &mut Findings, sink: &mut dyn ObjectSink) -> Model {
    let stem = source.path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let mut model = Model { vertices: vec![], parts: vec![Part::new(stem.clone())], materials: vec![] };
    let (mut known, mut names): (BTreeMap<String, u32>, BTreeMap<String, u32>) = Default::default();
    let mut material = NONE;
    for (number, line) in statements(text) {
        findings.line = Some(number);
        let mut words = line.split_whitespace();
        let Some(keyword) = words.next() else { continue };
        let rest = || line[keyword.len()..].trim();
        let Some(part) = model.parts.last_mut() else { continue };
        match keyword {
            "v" => {
                let axis = |word: Option<&str>| word.and_then(|w| w.parse::<f64>().ok()).filter(|n| n.is_finite());
                let vertex = [axis(words.next()), axis(words.next()), axis(words.next())];
                if vertex.contains(&None) {
                    findings.error("obj-bad-vertex", "", "", format!("'{}' is no position; faces that use it are left out", shorten(&line)), sink);
                }
                // It keeps its number, or all later faces would use another one's.
                model.vertices.push(vertex.map(|c| c.unwrap_or(f64::NAN)));
            }
            "f" | "l" | "p" => {
                let found: Option<Vec<u32>> = words.map(|word| vertex_number(word, model.vertices.len())).collect();
                let usable = found.filter(|c| c.iter().all(|i| model.vertices.get(*i as usize).is_some_and(|v| v[0].is_finite() && v[1].is_finite() && v[2].is_finite())));
                match (usable, keyword) {
                    (None, _) => {
                        let message = format!("'{}' uses a vertex that is not there, and is left out", shorten(&line));
                        findings.error("obj-bad-index", &part.name, "", message, sink);
                    }
                    (Some(corners), "f") => part.faces.push(Face { corners, material }),
                    (Some(corners), "l") => part.lines.push(corners),
                    (Some(corners), _) => part.points.extend(corners),
                }
            }
            "o" => {
                let name = if rest().is_empty() { stem.as_str() } else { rest() };
                let count = names.entry(name.to_owned()).or_insert(0);
                *count += 1;
                let name = if *count > 1 { format!("{name}_{count}") } else { name.to_owned() };
                model.parts.push(Part::new(name));
            }
            "g" => {
                let name = rest().to_owned();
                if !name.is_empty() && !part.group_names.contains(&name) && part.group_names.len() < 1000 {
                    part.group_names.push(name);
                }
            }
            "usemtl" => {
                material = *known.entry(rest().to_owned()).or_insert_with(|| {
                    model.materials.push(Material::new(rest(), [0.8, 0.8, 0.8, 1.0]));
                    model.materials.len() as u32 - 1
                });
            }
            "mtllib" => {
                for colour in library(source, rest(), findings, sink) {
                    let number = *known.entry(colour.name.clone()).or_insert_with(|| {
                        model.materials.push(colour.clone());
                        model.materials.len() as u32 - 1
                    });
                    if let Some(known) = model.materials.get_mut(number as usize) {
                        *known = colour;
                    }
                }
            }
            // Texture coordinates, normals and smoothing are not kept; nothing of the shape is lost with them.
            "vt" | "vn" | "s" | "lod" | "bevel" | "c_interp" | "d_interp" | "shadow_obj" | "trace_obj" => {}
            other => findings.warn("obj-unknown-statement", "", "", format!("'{}' is left out: only polygons, lines and points are read", shorten(other)), sink),
        }
    }
    findings.line = None;
    model
}

/// Lines with their numbers; those that end in a backslash go on on the next.
fn statements(text: &str) -> impl Iterator<Item = (u64, std::borrow::Cow<'_, str>)> {
    // Old Macs end lines with a carriage return alone.
    let end = if text.contains('\n') { '\n' } else { '\r' };
    let mut lines = text.trim_start_matches('\u{feff}').split(end).enumerate();
    std::iter::from_fn(move || {
        let (number, first) = lines.next()?;
        let without = |line: &str| line.split('#').next().unwrap_or_default().trim_end().to_owned();
        if !first.trim_end().ends_with('\\') {
            return Some((number as u64 + 1, first.split('#').next().unwrap_or_default().trim().into()));
        }
        let mut whole = without(first);
        while whole.ends_with('\\') && whole.len() < 1 << 20 {
            whole.pop();
            match lines.next() {
                Some((_, more)) => whole.push_str(&format!(" {}", without(more))),
                None => break,
            }
        }
        Some((number as u64 + 1, whole.into()))
    })
}

/// The number from 0 of `7`, `7/1`, `7//3` or `-2` (the last but one so far).
fn vertex_number(word: &str, so_far: usize) -> Option<u32> {
    let number: i64 = word.split('/').next()?.parse().ok()?;
    let at = if number > 0 { number - 1 } else { i64::try_from(so_far).ok()?.checked_add(number)? };
    u32::try_from(at).ok().filter(|at| number != 0 && (*at as usize) < so_far)
}

/// The start of a line, for messages.
fn shorten(line: &str) -> String {
    let short: String = line.chars().take(60).collect();
    if short.len() < line.len() { format!("{short}…") } else { short }
}

/// The colours of a material library beside the file. One elsewhere is not opened.
fn library(source: &Source, name: &str, findings: &mut Findings, sink: &mut dyn ObjectSink) -> Vec<Material> {
    let inside = Path::new(name).components().all(|c| matches!(c, Component::Normal(_) | Component::CurDir));
    let path = source.path.with_file_name(name);
    if !inside || name.is_empty() {
        findings.warn("obj-materials", "", "", format!("the material library '{}' is not in the file's folder and is not read", shorten(name)), sink);
        return Vec::new();
    }
    let bytes = match crate::source::read_file(&path, name, MATERIALS_LIMIT) {
        Ok(bytes) => bytes,
        Err(error) => {
            findings.warn("obj-materials", "", "", format!("the material library is not read: {error}"), sink);
            return Vec::new();
        }
    };
    let mut materials: Vec<Material> = Vec::new();
    for (_, line) in statements(&String::from_utf8_lossy(&bytes)) {
        let mut words = line.split_whitespace();
        let keyword = words.next().unwrap_or_default().to_ascii_lowercase();
        let number = |word: Option<&str>| word.and_then(|w| w.parse::<f32>().ok()).filter(|n| n.is_finite()).map(|n| n.clamp(0.0, 1.0));
        if keyword == "newmtl" {
            materials.push(Material::new(line.get(6..).unwrap_or_default().trim(), [0.8, 0.8, 0.8, 1.0]));
        } else if let Some(material) = materials.last_mut() {
            match keyword.as_str() {
                "kd" => {
                    if let (Some(r), Some(g), Some(b)) = (number(words.next()), number(words.next()), number(words.next())) {
                        material.colour[..3].copy_from_slice(&[r, g, b]);
                    }
                }
                "d" => material.colour[3] = number(words.next()).unwrap_or(1.0),
                "tr" => material.colour[3] = 1.0 - number(words.next()).unwrap_or(0.0),
                _ => {}
            }
        }
    }
    materials
}

/// Faces, lines and points of a part as geometries.
fn geometries(part: &Part, model: &Model, projector: &mut Projector) -> Vec<Geometry> {
    let mut place = |corners: &[u32]| -> Vec<[f64; 3]> {
        let points: Vec<_> = corners.iter().filter_map(|i| model.vertices.get(*i as usize).copied()).collect();
        projector.project_all(&points, &part.name)
    };
    let mut made = Vec::new();
    if !part.faces.is_empty() {
        let kind = if part.is_closed() { GeometryKind::Solid } else { GeometryKind::MultiSurface };
        let mut builder = GeometryBuilder::new(Lod::TWO, kind);
        let mut numbers: BTreeMap<u32, u32> = BTreeMap::new();
        for face in &part.faces {
            let material = match model.materials.get(face.material as usize) {
                Some(material) => *numbers.entry(face.material).or_insert_with(|| builder.material(material)),
                None => NONE,
            };
            builder.face(&[place(&face.corners)], NONE, material);
        }
        made.push(builder.build());
    }
    if !part.lines.is_empty() {
        let mut builder = GeometryBuilder::new(Lod::TWO, GeometryKind::MultiLine);
        for line in &part.lines {
            builder.line(&place(line));
        }
        made.push(builder.build());
    }
    if !part.points.is_empty() {
        let mut builder = GeometryBuilder::new(Lod::TWO, GeometryKind::MultiPoint);
        for point in place(&part.points) {
            builder.point(point);
        }
        made.push(builder.build());
    }
    made
}

#[cfg(test)]
mod tests {
    use super::*;
    use qike_scene::sink::MemorySink;

    fn import(text: &str) -> MemorySink {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("m.obj");
        std::fs::write(&path, text).unwrap();
        std::fs::write(folder.path().join("m.mtl"), "newmtl red\nKd 1 0 0\nd 0.5\n").unwrap();
        let mut sink = MemorySink::new(Crs::local());
        Obj.import(&Source::new(path), &mut sink, &Feedback::silent()).unwrap();
        sink
    }

    #[test]
    fn numbers_count_forwards_and_backwards_and_lines_go_on() {
        let sink = import("mtllib m.mtl\nv 0 0 0\nv 1 0 0 \\\n 0.5\nv 1 1 0\nv 0 1 0 # a corner\nusemtl red\nf -4/1/1 -3//2 -2 -1\nf 1 2 9\nl 1 2\np 3\n");
        let object = &sink.objects[0];
        assert_eq!((object.id.as_str(), object.geometries.len()), ("m", 3));
        assert_eq!(object.geometries[0].kind, GeometryKind::MultiSurface);
        assert_eq!(object.geometries[0].ring_points(0)[3], [0.0, 1.0, 0.0]);
        assert_eq!(object.geometries[0].materials[0].colour, [1.0, 0.0, 0.0, 0.5]);
        assert_eq!(sink.diagnostics.iter().map(|d| d.code.as_ref()).collect::<Vec<_>>(), ["obj-bad-index"]);
        assert_eq!(sink.diagnostics[0].place.line, Some(9));
    }

    #[test]
    fn closed_faces_are_a_solid_and_libraries_elsewhere_stay_closed() {
        let tetrahedron = "mtllib ../secret.mtl\no t\nv 0 0 0\nv 1 0 0\nv 0 1 0\nv 0 0 1\nf 1 3 2\nf 1 2 4\nf 2 3 4\nf 3 1 4\no t\nf 1 2 3\n";
        let sink = import(tetrahedron);
        assert_eq!(sink.objects.iter().map(|o| o.id.as_str()).collect::<Vec<_>>(), ["t", "t_2"]);
        assert_eq!(sink.objects[0].geometries[0].kind, GeometryKind::Solid);
        assert!(sink.diagnostics[0].message.contains("not in the file's folder"), "{}", sink.diagnostics[0]);
    }
}
