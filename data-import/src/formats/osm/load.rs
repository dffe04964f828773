//! Two passes over a file: ways and relations first, then the nodes that they need.

use super::classify::{relation_kind, way_kind};
use super::model::{Chunk, MISSING, MemberKind, NodePositions, Osm, Pass, RawWay};
use super::pbf::{self, Pbf};
use super::xml;
use crate::{ImportError, Source};
use qike_core::Feedback;
use qike_core::fast_map::FastSet;
use std::io::BufRead;

/// A file of one of the two encodings.
pub enum Reader<'s> {
    /// Protocol buffers.
    Pbf(Pbf<'s>),
    /// XML, perhaps compressed.
    Xml(&'s Source),
}

impl<'s> Reader<'s> {
    /// Opens a file.
    pub fn open(source: &'s Source) -> Result<Self, ImportError> {
        let mut file = source.open()?;
        let head = file.fill_buf().map_err(|e| ImportError::io(&source.name, e))?;
        if head.is_empty() {
            return Err(ImportError::Empty { file: source.name.clone() });
        }
        if pbf::is_pbf(head) { Pbf::open(source).map(Self::Pbf) } else { Ok(Self::Xml(source)) }
    }

    /// West, south, east, north in degrees, where they are known before anything is read.
    pub fn bounds(&self) -> Option<[f64; 4]> {
        if let Self::Pbf(pbf) = self { pbf.bounds } else { None }
    }

    /// Runs one pass; gives the bounds that the file says.
    pub fn pass(&mut self, pass: Pass<'_>, feedback: &Feedback, give: &mut dyn FnMut(Chunk) -> Result<(), ImportError>) -> Result<Option<[f64; 4]>, ImportError> {
        match self {
            Self::Pbf(pbf) => pbf.read(pass, feedback, give).map(|()| pbf.bounds),
            Self::Xml(source) => xml::read(source, pass, feedback, give),
        }
    }
}

/// Reads what makes objects. Memory: the ways and relations kept, and 16 bytes for each node of theirs.
pub fn load(reader: &mut Reader<'_>, feedback: &Feedback) -> Result<Osm, ImportError> {
    let mut osm = Osm::default();
    // Ways without tags of their own matter only to relations, which come after them.
    let mut plain: Vec<RawWay> = Vec::new();
    reader.pass(Pass::Shapes, feedback, &mut |chunk: Chunk| {
        for mut way in chunk.ways {
            if way_kind(&way.tags, way.is_closed()).is_some() {
                osm.ways.push(way);
            } else {
                way.tags = Default::default();
                plain.push(way);
            }
        }
        osm.relations.extend(chunk.relations.into_iter().filter(|r| relation_kind(&r.tags).is_some()));
        Ok(())
    })?;
    if !plain.is_empty() {
        let members = osm.relations.iter().flat_map(|r| &r.members);
        let wanted: FastSet<i64> = members.filter(|m| m.kind == MemberKind::Way).map(|m| m.id).collect();
        osm.ways.extend(plain.into_iter().filter(|w| wanted.contains(&w.id)));
    }
    let members = osm.relations.iter().flat_map(|r| &r.members).filter(|m| m.kind == MemberKind::Node).map(|m| m.id);
    osm.positions = NodePositions::new(osm.ways.iter().flat_map(|w| w.refs.iter().copied()).chain(members).collect());
    let mut at = osm.positions.blank();
    let nodes = &mut osm.nodes;
    reader.pass(Pass::Nodes(osm.positions.ids()), feedback, &mut |chunk: Chunk| {
        for (place, position) in chunk.positions {
            if let Some(slot) = at.get_mut(place).filter(|slot| **slot == MISSING) {
                *slot = position;
            }
        }
        nodes.extend(chunk.nodes);
        Ok(())
    })?;
    osm.positions.fill(at);
    // Stable sorts: of an id that comes twice, the first stays first and the sink refuses the second.
    osm.nodes.sort_by_key(|n| n.id);
    osm.ways.sort_by_key(|w| w.id);
    osm.relations.sort_by_key(|r| r.id);
    Ok(osm)
}
