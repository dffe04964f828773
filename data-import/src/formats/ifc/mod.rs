//! IFC2x3, IFC4 and IFC4x3 through ifc-lite: spatial structure, spaces, doors, equipment, property sets, meshes with openings
//! cut, colours, and the place on Earth.
//!
//! ifc-lite parses and meshes; this module decides what becomes an object ([`classes`]), where it belongs ([`relations`]),
//! what it says ([`properties`]), where the model stands ([`georef`]), and how much work an element and a file may take
//! ([`budget`], [`effort`]).

mod alignment;
mod archive;
mod budget;
mod check;
mod classes;
mod curve;
mod drawn;
mod effort;
mod fallback;
mod file;
mod georef;
mod links;
mod materials;
mod mesh;
mod objects;
mod png;
mod properties;
mod relations;
mod repairs;
mod statements;
mod sweeps;
mod told;

use crate::formats::findings::Findings;
use crate::images::Images;
use crate::{Confidence, ImportError, Importer, Profile, Projector, Source};
use file::{IfcFile, Product, is_step};
use georef::{Georeferencing, Placement};
use mesh::{Frame, Mesher, Outcome, Shape};
use ifc_lite_core::IfcType;
use qike_core::{Diagnostic, Feedback, Severity, SourceCrs};
use qike_scene::{Appearance, CityObject, Geometry, Image, ImageId, Lod, ObjectSink, Texture, Value, Wrap};
use statements::Statement;
use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

/// The importer's short name.
const NAME: &str = "ifc";

/// IFC in its STEP form, plain or in an `.ifczip`. ifcXML is known, and refused with a word.
pub struct Ifc;

impl Importer for Ifc {
    fn name(&self) -> &'static str {
        NAME
    }

    fn title(&self) -> &'static str {
        "an IFC building model"
    }

    fn endings(&self) -> &'static [&'static str] {
        &["ifc", "ifczip", "ifcxml"]
    }

    fn sniff(&self, path: &Path, head: &[u8]) -> Confidence {
        let named = |ending: &str| path.extension().is_some_and(|e| e.eq_ignore_ascii_case(ending));
        if named("ifczip") || named("ifcxml") {
            let markup = head.trim_ascii_start().starts_with(b"<") || head.starts_with(b"\xEF\xBB\xBF<");
            return Confidence::of(true, archive::is_zip(head) || named("ifcxml") && markup);
        }
        let header = head.get(..head.len().min(64 * 1024)).unwrap_or_default();
        let schema = header.windows(11).position(|w| w.eq_ignore_ascii_case(b"FILE_SCHEMA"));
        let names_ifc = schema.is_some_and(|at| header[at..].iter().take(60).collect::<Vec<_>>().windows(4).any(|w| {
            matches!(w, [quote, i, f, c] if **quote == b'\'' && i.eq_ignore_ascii_case(&b'I') && f.eq_ignore_ascii_case(&b'F') && c.eq_ignore_ascii_case(&b'C'))
        }));
        Confidence::of(self.has_ending(path), is_step(head) && (names_ifc || schema.is_none() && self.has_ending(path)))
    }

    fn probe(&self, source: &Source, _: &Feedback) -> Result<Profile, ImportError> {
        let file = IfcFile::read(source)?;
        let mut decoder = file.decoder();
        let frame = guarded(&source.name, "units or placements", || Frame::new(&file, &mut decoder))?;
        let placement = Georeferencing::new(&file, frame.metres(), frame.anchor).locate(source, &mut decoder)?;
        let Some(placement) = placement else { return Ok(Profile::default()) };
        Ok(Profile { crs: Some(placement.crs), centre_lonlat: placement.lonlat })
    }

    fn import(&self, source: &Source, sink: &mut dyn ObjectSink, feedback: &Feedback) -> Result<(), ImportError> {
        let file = IfcFile::read(source)?;
        feedback.check()?;
        let findings = Findings::new(&source.name);
        Import { source, file: &file, feedback, findings, placeless: false, short: [0; 2], statements: Vec::new(), pictures: BTreeSet::new(), images: Images::new(source) }.run(sink)
    }

    fn check(&self, source: &Source, feedback: &Feedback) -> Result<Vec<Diagnostic>, ImportError> {
        check::check(source, feedback)
    }
}

/// One import on its way.
struct Import<'a> {
    source: &'a Source,
    file: &'a IfcFile,
    feedback: &'a Feedback,
    findings: Findings,
    /// The model has no place in the store.
    placeless: bool,
    /// Elements without openings and boxes, because the file as a whole took too much.
    short: [u64; 2],
    /// What is said of its place; kept with the first object.
    statements: Vec<Value>,
    /// Pictures of pixels that the sink has.
    pictures: BTreeSet<ImageId>,
    /// Pictures in files beside the model.
    images: Images,
}

impl Import<'_> {
    fn run(mut self, sink: &mut dyn ObjectSink) -> Result<(), ImportError> {
        let (file, name) = (self.file, self.source.name.as_str());
        let mut decoder = file.decoder();
        // The geometry library reads styles, materials and openings of the whole file here; it is made for sound files.
        let mesher = guarded(name, "styles, materials or openings", || Mesher::new(file, &mut decoder))?;
        let placement = self.placement(&mesher, &mut decoder, sink)?;
        let mut projector = Projector::new(&placement.crs, sink.crs(), name)?;
        let number = self.source.begin(NAME, &placement.crs.to_string(), sink)?;
        self.tell_about_file(sink);

        let products: Vec<&Product> = file.products.iter().filter(|p| !classes::is_left_out(&p.kind)).collect();
        let mut objects =
            guarded(name, "relations", || objects::Objects::new(file, &products, &mesher.frame.scales, &mut decoder))?;
        let shaped: Vec<&Product> = products.iter().copied().filter(|p| has_mesh(p)).collect();
        let shaped = if self.placeless { Vec::new() } else { shaped };
        let mut shapes = mesher.shapes(&shaped, self.source.options.thorough, self.feedback)?.into_iter();
        let task = self.feedback.task(format!("import {name}"), products.len() as u64);
        for product in &products {
            self.feedback.check()?;
            task.advance(1);
            let shape = if has_mesh(product) && !self.placeless { shapes.next().flatten() } else { None };
            // Attributes are read by the library too: what it cannot bear costs one object, not the file.
            let read = catch_unwind(AssertUnwindSafe(|| objects.object(product, number, &mut decoder))).ok().flatten();
            let Some(mut object) = read else {
                let message = format!("the record #{} of an {} cannot be read and is left out", product.id, product.kind.name());
                self.findings.error("ifc-bad-record", "", &format!("#{}", product.id), message, sink);
                continue;
            };
            if !self.statements.is_empty() {
                object.attributes.insert("georeferencing".into(), std::mem::take(&mut self.statements).into());
            }
            if product.kind == IfcType::IfcAlignment {
                let line = objects.axis(product, &mut object, &mut decoder);
                self.draw(&mut object, &line, &placement, &mut projector);
            }
            match shape {
                Some(shape) => self.dress(&mut object, product, shape, &placement, &mut projector, sink)?,
                None if product.has_shape && product.kind != IfcType::IfcAlignment && !self.placeless => {
                    // The library follows the curves: what it cannot bear costs them, not the file.
                    let metres = mesher.frame.metres();
                    let found = catch_unwind(AssertUnwindSafe(|| drawn::drawn(file, product, metres, &mut file.decoder()))).unwrap_or_default();
                    found.lines.iter().for_each(|line| self.draw(&mut object, line, &placement, &mut projector));
                    if found.has_more || object.geometries.is_empty() {
                        self.tell_if_shapeless(&object, product, &decoder, sink);
                    }
                }
                None if object.geometries.is_empty() => self.tell_if_shapeless(&object, product, &decoder, sink),
                None => {}
            }
            sink.object(object)?;
        }
        self.tell_if_short(sink);
        self.findings.finish(sink);
        projector.report(name, "vertices", sink);
        Ok(())
    }

    /// Where the model goes: its own place, or none.
    fn placement(
        &mut self, mesher: &Mesher, decoder: &mut ifc_lite_core::EntityDecoder<'_>, sink: &mut dyn ObjectSink,
    ) -> Result<Placement, ImportError> {
        let name = self.source.name.as_str();
        let store = sink.crs().clone();
        let mut georeferencing = Georeferencing::new(self.file, mesher.frame.metres(), mesher.frame.anchor);
        let located = georeferencing.locate(self.source, decoder)?;
        for finding in georeferencing.findings {
            sink.diagnostic(finding.file(name));
        }
        self.statements = georeferencing.statements.iter().map(Statement::told).collect();
        match located {
            Some(placement) if !store.is_local() => Ok(placement),
            Some(_) => {
                let message = "the store has no place on Earth, so the model keeps its own coordinates; its georeferencing is not used";
                sink.diagnostic(Diagnostic::info("ifc-place-unused", message).file(name));
                Ok(Placement::identity(SourceCrs::Crs(store)))
            }
            None => {
                let placement = Placement::identity(SourceCrs::Crs(store.clone()));
                let fits = placement.is_in_area(mesher.frame.anchor);
                let finding = if fits {
                    let message = format!("the file does not say where the model stands; its coordinates are taken as metres of {store}");
                    Diagnostic::warning("ifc-not-georeferenced", message)
                } else {
                    self.placeless = true;
                    let message = format!(
                        "the file does not say where the model stands, and its own coordinates lie outside {store}; its objects are kept without geometry"
                    );
                    Diagnostic::error("ifc-not-georeferenced", message)
                };
                let help = "add an IfcMapConversion, name the system of its coordinates with --source-crs, or import it into a store of its own";
                sink.diagnostic(finding.file(name).help(help));
                Ok(placement)
            }
        }
    }

    /// What is wrong with the file as a whole.
    fn tell_about_file(&mut self, sink: &mut dyn ObjectSink) {
        for line in &self.file.malformed {
            self.findings.line = Some(*line);
            self.findings.error("ifc-bad-record", "", "", "a record cannot be read and is left out".into(), sink);
        }
        self.findings.line = None;
        for id in &self.file.repeated {
            let message = format!("several records have the number #{id}; the last of them counts");
            self.findings.warn("ifc-repeated-number", "", &format!("#{id}"), message, sink);
        }
        if self.file.whole_sweeps > 0 {
            let message = format!("{} sweeps state the range 0…1 for a polyline of many segments; they are swept along all of it", self.file.whole_sweeps);
            self.findings.warn("ifc-sweep-range", "", "", message, sink);
        }
        if self.file.project.is_none() {
            let message = "the file has no IfcProject; its units are taken as metres".to_owned();
            self.findings.warn("ifc-no-project", "", "", message, sink);
        }
        let mut left_out: std::collections::BTreeMap<&str, usize> = Default::default();
        for product in self.file.products.iter().filter(|p| classes::is_left_out(&p.kind)) {
            *left_out.entry(product.kind.name()).or_default() += 1;
        }
        if !left_out.is_empty() {
            let list: Vec<String> = left_out.iter().map(|(kind, count)| format!("{count} {kind}")).collect();
            let message = format!("not objects of a city model, and not kept as such: {}", list.join(", "));
            self.findings.add(Severity::Info, "ifc-left-out", "", "", message, sink);
        }
    }

    /// Gives an object its mesh, in the store's coordinates.
    fn dress(
        &mut self, object: &mut CityObject, product: &Product, shape: Shape, placement: &Placement, projector: &mut Projector,
        sink: &mut dyn ObjectSink,
    ) -> Result<(), ImportError> {
        let id = object.id.as_str().to_owned();
        let path = format!("#{}", product.id);
        let kind = product.kind.name();
        let simplified = match &shape.outcome {
            Outcome::Whole => None,
            Outcome::Uncut => Some("openings not cut"),
            Outcome::GivenUp | Outcome::Failed(_) => Some(if shape.indices.is_empty() { "none" } else { "box" }),
        };
        if let Some(how) = simplified {
            object.attributes.insert("simplified_geometry".into(), how.into());
        }
        match &shape.outcome {
            Outcome::Whole => {}
            Outcome::Uncut if shape.short => self.short[0] += 1,
            Outcome::GivenUp if shape.short => self.short[1] += 1,
            Outcome::Uncut => {
                let message = format!("the openings of an {kind} are not cut: that took more work than an element may (--thorough lifts the bound)");
                self.findings.warn("ifc-element-slow", &id, &path, message, sink);
            }
            Outcome::GivenUp => {
                let message = format!("the geometry of an {kind} took more work than an element may (--thorough lifts the bound); {}", instead(&shape));
                self.findings.error("ifc-element-slow", &id, &path, message, sink);
            }
            Outcome::Failed(why) => {
                let message = format!("the geometry library failed on an {kind} ({why}); {}", instead(&shape));
                self.findings.error("ifc-geometry-failed", &id, &path, message, sink);
            }
        }
        let mut vertices = Vec::with_capacity(shape.vertices.len());
        for p in &shape.vertices {
            match projector.project(placement.apply(*p), &id) {
                Some(q) => vertices.push(q),
                // Told by the projector: a mesh with a corner missing is no mesh.
                None => return Ok(()),
            }
        }
        if shape.indices.is_empty() {
            return Ok(());
        }
        let appearance = self.appearance(&shape, sink)?;
        let mut geometry = Geometry::mesh(Lod::THREE, vertices, shape.indices);
        geometry.surface_material = if shape.materials.len() > 1 { shape.triangle_material } else { Vec::new() };
        geometry.materials = shape.materials;
        geometry.appearance = appearance;
        object.geometries.push(geometry);
        Ok(())
    }

    /// The textures of a shape. Pixels in the file become PNG pictures; those of files beside it are looked for in its folder.
    fn appearance(&mut self, shape: &Shape, sink: &mut dyn ObjectSink) -> Result<Option<Box<Appearance>>, ImportError> {
        if shape.uv.is_empty() {
            return Ok(None);
        }
        let mut textures = Vec::with_capacity(shape.textures.len());
        for texture in &shape.textures {
            let wrap = Some(if texture.repeat_s || texture.repeat_t { Wrap::Wrap } else { Wrap::Clamp });
            let uri = texture.url.clone().unwrap_or_else(|| format!("texture-{}.png", texture.texture_id));
            let pixels = texture.rgba.as_ref().and_then(|rgba| png::png(texture.width, texture.height, rgba));
            let (mut id, mut mime) = (None, String::new());
            if let Some(image) = pixels.and_then(|bytes| Image::new(uri.clone(), bytes)) {
                (id, mime) = (Some(image.id), image.mime.to_owned());
                if self.pictures.insert(image.id) {
                    sink.image(image)?;
                }
            } else if let Some(url) = &texture.url
                && let Some((found, kind)) = self.images.find(url, &mut self.findings, sink)?
            {
                (id, mime) = (Some(found), kind.to_owned());
            }
            textures.push(Texture { uri, image: id, mime, wrap, border: None, kind: None });
        }
        let surface_texture = shape.triangle_texture.clone();
        Ok(Some(Box::new(Appearance { textures, surface_texture, uv: shape.uv.clone(), ..Appearance::default() })))
    }

    /// One finding for all elements that are simpler because the file took too much.
    fn tell_if_short(&self, sink: &mut dyn ObjectSink) {
        let [uncut, boxes] = self.short;
        if uncut + boxes == 0 {
            return;
        }
        let message = format!(
            "the elements together take more work than a file may; {} of them are simplified: {uncut} stand without their openings cut, {boxes} as boxes around their points",
            uncut + boxes
        );
        let help = "import with --thorough to give them all the time they take, or export the model in parts; simplified_geometry marks them";
        sink.diagnostic(Diagnostic::warning("ifc-file-slow", message).file(self.source.name.as_str()).help(help));
    }

    /// Gives an object a line, in the store's coordinates.
    fn draw(&self, object: &mut CityObject, line: &[[f64; 3]], placement: &Placement, projector: &mut Projector) {
        if self.placeless || line.len() < 2 {
            return;
        }
        let points: Option<Vec<[f64; 3]>> = line.iter().map(|p| projector.project(placement.apply(*p), object.id.as_str())).collect();
        if let Some(points) = points {
            let line = Geometry::line(Lod::ZERO, &points);
            match object.geometries.last_mut() {
                Some(lines) => {
                    let first = lines.vertices.len() as u32;
                    lines.indices.extend(line.indices.iter().map(|i| i + first));
                    lines.ring_ends.push(lines.indices.len() as u32);
                    lines.vertices.extend(line.vertices);
                }
                None => object.geometries.push(line),
            }
        }
    }

    /// A product that says it has a shape, of which nothing came.
    fn tell_if_shapeless(&mut self, object: &CityObject, product: &Product, decoder: &ifc_lite_core::EntityDecoder<'_>, sink: &mut dyn ObjectSink) {
        let has = self.file.record(decoder, product.span).is_some_and(|entity| entity.get_ref(6).is_some());
        if has && product.has_shape && !self.placeless {
            let lines = if object.geometries.is_empty() { "" } else { "; its lines are kept" };
            let message = format!("an {} has a representation, but none of it is a surface or a solid that could be meshed{lines}", product.kind.name());
            self.findings.add(Severity::Info, "ifc-no-mesh", object.id.as_str(), &format!("#{}", product.id), message, sink);
        }
    }
}

/// Runs the library over a whole file. A panic of it becomes an error of the file.
fn guarded<T>(file: &str, what: &str, work: impl FnOnce() -> T) -> Result<T, ImportError> {
    catch_unwind(AssertUnwindSafe(work))
        .map_err(|_| ImportError::corrupt(file, "DATA", format!("the geometry library failed on the {what} of the file")))
}

/// What stands in the place of a geometry that did not come.
fn instead(shape: &Shape) -> &'static str {
    if shape.indices.is_empty() { "it has none" } else { "a box around its points stands in its place" }
}

/// Products that the geometry library meshes; an alignment's line is not a mesh.
fn has_mesh(product: &Product) -> bool {
    product.has_shape && product.kind != IfcType::IfcAlignment
}
