//! CityGML 1.0, 2.0 and 3.0: all modules, all levels of detail with interiors, thematic surfaces, implicit geometry, links,
//! materials and textures in all themes, generic attributes; what the schemas do not know (application extensions) is kept as attributes.
//!
//! A document is a stream of members ([`document`]); each is a small tree ([`tree`]) that becomes objects ([`features`]). Members
//! that refer to others further on wait until a second pass has found what they need ([`links`]).

mod about;
pub(in crate::formats) mod appearance;
pub(in crate::formats) mod attributes;
mod classes;
mod codelists;
pub(in crate::formats) mod document;
mod dynamizer;
mod features;
pub(in crate::formats) mod geometry;
mod links;
mod own;
pub(in crate::formats) mod shapes;
pub(in crate::formats) mod survey;
pub(in crate::formats) mod systems;
pub(in crate::formats) mod tree;

pub(crate) use attributes::day;

use super::osm::xml::plain_head;
use crate::formats::findings::Findings;
use crate::images::Images;
use crate::text;
use crate::{Confidence, ImportError, Importer, Profile, Source};
use codelists::CodeLists;
use document::Document;
use features::Converter;
use qike_core::{Diagnostic, Feedback};
use qike_scene::ObjectSink;
use std::path::Path;
use systems::Systems;
use tree::{Names, Tree};

/// The importer's short name.
pub const NAME: &str = "citygml";

/// Members between two looks at whether the user wants to stop.
const CHECK_EVERY: u64 = 64;

/// CityGML documents.
pub struct CityGml;

impl Importer for CityGml {
    fn name(&self) -> &'static str {
        NAME
    }

    fn title(&self) -> &'static str {
        "a CityGML city model"
    }

    fn endings(&self) -> &'static [&'static str] {
        &["gml", "gml.gz", "citygml"]
    }

    fn sniff(&self, path: &Path, head: &[u8]) -> Confidence {
        Confidence::of(self.has_ending(path), is_citygml(&text::xml_head(&plain_head(head))))
    }

    fn probe(&self, source: &Source, _: &Feedback) -> Result<Profile, ImportError> {
        survey::profile(source)
    }

    fn import(&self, source: &Source, sink: &mut dyn ObjectSink, feedback: &Feedback) -> Result<(), ImportError> {
        let mut names = Names::default();
        let mut systems = Systems::new(source, sink.crs().clone());
        let (mut appearances, about) = survey::read(source, &mut names, &mut systems, feedback)?;
        let crs = match &source.options.source_crs {
            Some(crs) => crs.to_string(),
            None => systems.default_name().to_owned(),
        };
        let number = source.begin(NAME, &crs, sink)?;
        for element in &about.too_large {
            let message = format!("'{element}' of the document's root is left out: it is larger than what is kept of a file as a whole");
            sink.diagnostic(Diagnostic::warning("about-too-large", message).file(source.name.as_str()).path(format!("/CityModel/{element}")));
        }
        source.tell(about.finish(), sink)?;
        let stem = source.path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        let (mut images, mut findings) = (Images::new(source), Findings::new(&source.name));
        appearances.load(&mut images, &mut findings, sink)?;
        let mut converter = Converter { source: number, stem, systems, findings, appearances, images, codes: CodeLists::new(source) };
        let mut waiting = links::Waiting::default();
        let mut document = Document::open(source)?;
        let mut tree = Tree::default();
        let task = feedback.task(format!("read {}", source.name), 0);
        let mut count = 0_u64;
        while document.next(&mut tree, &mut names, &is_member)? {
            count += 1;
            task.advance(1);
            if count.is_multiple_of(CHECK_EVERY) {
                feedback.check()?;
            }
            if let Some(ready) = waiting.take_in(&mut tree, &names) {
                converter.member(ready, &names, sink)?;
            }
        }
        drop(task);
        if let Some((line, message)) = document.loss() {
            converter.findings.line = Some(line);
            converter.findings.warn("text-encoding", "", "", message, sink);
            converter.findings.line = None;
        }
        for tree in waiting.resolve(source, &mut names, feedback)? {
            converter.member(&tree, &names, sink)?;
        }
        finish(converter, count, sink);
        Ok(())
    }
}

fn finish(converter: Converter, members: u64, sink: &mut dyn ObjectSink) {
    let Converter { mut findings, systems, appearances, .. } = converter;
    findings.line = None;
    if members == 0 {
        findings.warn("citygml-empty", "", "/CityModel", "the document has no members".to_owned(), sink);
    }
    if appearances.georeferenced > 0 {
        let message = format!("{} textures that are placed by a world file or a reference point are not put on surfaces", appearances.georeferenced);
        findings.warn("citygml-georeferenced-texture", "", "", message, sink);
    }
    findings.finish(sink);
    systems.finish(sink);
}

/// Properties of the root that hold members: `cityObjectMember`, `featureMember`, `member`, `versionMember`.
fn is_member(local: &str) -> bool {
    local.ends_with("ember") && local != "appearanceMember"
}

/// A document whose root is a CityModel, or a collection of features with CityGML's namespace.
fn is_citygml(head: &[u8]) -> bool {
    let head = head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head);
    let has = |needle: &[u8]| head.windows(needle.len()).any(|w| w == needle);
    let xml = head.iter().find(|b| !b.is_ascii_whitespace()) == Some(&b'<');
    xml && (has(b"CityModel") || has(b"FeatureCollection")) && has(b"opengis.net/citygml")
}
