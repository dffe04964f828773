//! IndoorGML 1.0 and 1.1 (OGC 14-005r5, 19-011r4): the cells of a building and their boundaries, and the graph of states and
//! transitions that is dual to them, in one or several layers.
//!
//! A document is small beside a city and full of links, also between its halves: each half is one tree in memory, read and built
//! with what reads CityGML's geometry. Cells become rooms and doors, and the graph becomes objects too, so that it can be asked,
//! shown and checked ([`qike_scene::valid::indoor`]); who is dual to whom and who connects whom stands in attributes.

mod features;
mod names;

use super::citygml::document::Document;
use super::citygml::survey;
use super::citygml::systems::Systems;
use super::citygml::tree::{Names, Tree};
use super::osm::xml::plain_head;
use crate::text;
use crate::{Confidence, ImportError, Importer, Profile, Source};
use features::Reader;
use qike_core::Feedback;
use qike_scene::ObjectSink;
use std::path::Path;

/// The root of every document.
const ROOTS: &[&str] = &["IndoorFeatures"];

/// IndoorGML documents.
pub struct IndoorGml;

/// True for the children of the root that hold features.
fn holds_features(local: &str) -> bool {
    matches!(local.to_ascii_lowercase().as_str(), "primalspacefeatures" | "multilayeredgraph")
}

impl Importer for IndoorGml {
    fn name(&self) -> &'static str {
        "indoorgml"
    }

    fn title(&self) -> &'static str {
        "an IndoorGML model"
    }

    fn endings(&self) -> &'static [&'static str] {
        &["gml", "gml.gz", "indoorgml", "igml"]
    }

    fn sniff(&self, path: &Path, head: &[u8]) -> Confidence {
        Confidence::of(self.has_ending(path), is_indoorgml(&text::xml_head(&plain_head(head))))
    }

    fn probe(&self, source: &Source, _: &Feedback) -> Result<Profile, ImportError> {
        survey::profile_of(source, Document::open_as(source, ROOTS)?, &holds_features)
    }

    fn import(&self, source: &Source, sink: &mut dyn ObjectSink, feedback: &Feedback) -> Result<(), ImportError> {
        let mut document = Document::open_as(source, ROOTS)?;
        let (mut names, mut tree) = (Names::default(), Tree::default());
        let mut systems = Systems::new(source, sink.crs().clone());
        let mut halves = Vec::new();
        let mut about = Vec::new();
        let task = feedback.task(format!("read {}", source.name), 0);
        while document.next(&mut tree, &mut names, &|_| true)? {
            feedback.check()?;
            task.advance(1);
            if let Some(envelope) = survey::envelope(&tree, &names) {
                if let Some(name) = tree.get(envelope, "srsName", &names) {
                    systems.set_default(name, survey::north_first(&tree, &names, envelope))?;
                }
            } else if holds_features(tree.local(0, &names)) {
                tree.index(&names);
                halves.push(std::mem::take(&mut tree));
            } else {
                about.push(std::mem::take(&mut tree));
            }
        }
        // Without a box, the first geometry that names a system speaks for those that name none.
        if systems.default_name().is_empty() {
            let named = halves.iter().find_map(|half| half.all().find_map(|ix| half.get(ix, "srsName", &names).map(str::to_owned)));
            named.map(|name| systems.set_default(&name, None)).transpose()?;
        }
        let crs = source.options.source_crs.as_ref().map_or_else(|| systems.default_name().to_owned(), ToString::to_string);
        let number = source.begin(self.name(), &crs, sink)?;
        let mut reader = Reader::new(source, number, &document, &names, systems);
        reader.model(&about);
        for half in &halves {
            reader.half(half, sink)?;
        }
        reader.give(document.loss(), sink, feedback)
    }
}

/// A document whose root is that of IndoorGML, in its namespace.
fn is_indoorgml(head: &[u8]) -> bool {
    let head = head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head);
    let has = |needle: &[u8]| memchr::memmem::find(head, needle).is_some();
    head.iter().find(|b| !b.is_ascii_whitespace()) == Some(&b'<') && has(b"IndoorFeatures") && has(b"opengis.net/indoorgml")
}
