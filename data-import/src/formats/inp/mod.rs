//! Pipe networks in the text files of EPANET (water) and SWMM (storm and sewer): nodes, links, cross-sections, subcatchments.
//!
//! Both are made of sections in square brackets with a line for each thing. Lengths are feet or metres by the unit of flow; all
//! come out in metres. A link runs from its first node to its second through its vertices, at the elevations of its ends; that
//! is also the direction in which flow counts as positive.
//!
//! Formats: EPANET 2.2 user manual, appendix C; SWMM 5.2 user manual, appendix D.

mod network;
mod schema;
mod sections;

use crate::text;
use crate::{Confidence, ImportError, Importer, Profile, Projector, Source};
use qike_core::{Diagnostic, Feedback};
use qike_scene::ObjectSink;
use schema::Schema;
use sections::Sections;
use std::path::Path;

/// Largest file read, bytes.
const LIMIT: u64 = 512 << 20;

/// EPANET's input files.
pub static EPANET: Inp = Inp(&schema::EPANET);
/// SWMM's input files.
pub static SWMM: Inp = Inp(&schema::SWMM);

/// The input files of one of the two programs.
pub struct Inp(&'static Schema);

impl Importer for Inp {
    fn name(&self) -> &'static str {
        self.0.name
    }

    fn title(&self) -> &'static str {
        self.0.title
    }

    fn endings(&self) -> &'static [&'static str] {
        &["inp"]
    }

    fn sniff(&self, path: &Path, head: &[u8]) -> Confidence {
        Confidence::of(self.has_ending(path), has_sections(head) && is_swmm(head) == (self.0.name == schema::SWMM.name))
    }

    fn probe(&self, source: &Source, _: &Feedback) -> Result<Profile, ImportError> {
        Ok(Profile { crs: source.options.source_crs.clone(), centre_lonlat: None })
    }

    fn import(&self, source: &Source, sink: &mut dyn ObjectSink, feedback: &Feedback) -> Result<(), ImportError> {
        import(self.0, source, sink, feedback)
    }
}

fn import(schema: &'static Schema, source: &Source, sink: &mut dyn ObjectSink, feedback: &Feedback) -> Result<(), ImportError> {
    let bytes = source.read(LIMIT)?;
    let decoded = text::decode(&bytes, None);
    let text = &decoded.text;
    let task = feedback.task(format!("read {}", source.name), bytes.len() as u64);
    let sections = Sections::read(text);
    if !sections.has("JUNCTIONS") {
        return Err(ImportError::corrupt(&source.name, "its end", "there is no section [JUNCTIONS]"));
    }
    let crs = source.crs_unstated(None, sink);
    let projector = Projector::new(&crs, sink.crs(), &source.name)?;
    let number = source.begin(schema.name, &crs.to_string(), sink)?;
    if decoded.guessed || decoded.bad_line.is_some() {
        let message = format!("the text is no UTF-8; it is read as {}", decoded.encoding.name());
        let warning = Diagnostic::warning("text-encoding", message).file(source.name.as_str());
        sink.diagnostic(decoded.bad_line.map_or(warning.clone(), |line| warning.line(line)));
    }
    let stem = source.path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let mut network = network::Network::new(schema, &sections, number, stem, projector, &source.name);
    network.give(sink, feedback)?;
    network.finish(sink);
    task.advance(bytes.len() as u64);
    Ok(())
}

fn lines(head: &[u8]) -> impl Iterator<Item = String> + '_ {
    head.split(|b| *b == b'\n' || *b == b'\r').map(|line| String::from_utf8_lossy(line).trim().to_ascii_uppercase())
}

/// True for text with the section that both formats have.
fn has_sections(head: &[u8]) -> bool {
    !head.contains(&0) && lines(head).any(|line| line == "[JUNCTIONS]" || line == "[TITLE]")
}

/// True where a section or option is there that only SWMM has.
fn is_swmm(head: &[u8]) -> bool {
    const ONLY: [&str; 7] = ["[SUBCATCHMENTS]", "[RAINGAGES]", "[CONDUITS]", "[OUTFALLS]", "[XSECTIONS]", "[EVAPORATION]", "[SUBAREAS]"];
    lines(head).any(|line| ONLY.contains(&line.as_str()) || line.starts_with("FLOW_UNITS"))
}
