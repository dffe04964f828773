//! Two passes over a file: ways and relations first, then the nodes that they need.

use super::classify::{multipolygon_kind, way_kind};
use super::model::{Chunk, MemberKind, NodePositions, Osm, Pass, RawRelation, RawWay};
use super::restriction::is_restriction;
use super::{pbf, xml};
use crate::{ImportError, Source};
use qike_core::Feedback;
use std::collections::HashSet;

/// Which of the two encodings a file has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// Protocol buffers.
    Pbf,
    /// XML, perhaps compressed.
    Xml,
}

/// Runs one pass; gives the header's bounds.
pub fn pass(
    source: &Source, encoding: Encoding, pass: Pass<'_>, feedback: &Feedback,
    give: &mut dyn FnMut(Chunk) -> Result<(), ImportError>,
) -> Result<Option<[f64; 4]>, ImportError> {
    match encoding {
        Encoding::Pbf => pbf::read(source, pass, feedback, give).map(|header| header.bbox),
        Encoding::Xml => xml::read(source, pass, feedback, give),
    }
}

/// True for a relation that encloses an area which makes an object.
pub fn is_area(relation: &RawRelation) -> bool {
    let kind = relation.tags.get("type");
    matches!(kind, Some("multipolygon" | "boundary")) && multipolygon_kind(&relation.tags).is_some()
}

/// True for a relation that ties a building's outline to its parts.
pub fn ties_building(relation: &RawRelation) -> bool {
    relation.tags.is("type", "building")
}

/// Reads what makes objects. Memory: the ways and relations kept, and 16 bytes for each node of theirs.
pub fn load(source: &Source, encoding: Encoding, feedback: &Feedback) -> Result<Osm, ImportError> {
    let mut osm = Osm::default();
    // Ways without tags of their own matter only to relations, which come after them.
    let mut plain: Vec<RawWay> = Vec::new();
    pass(source, encoding, Pass::Shapes, feedback, &mut |chunk: Chunk| {
        for mut way in chunk.ways {
            if way_kind(&way.tags, way.is_closed()).is_some() {
                osm.ways.push(way);
            } else {
                way.tags.0 = Vec::new();
                plain.push(way);
            }
        }
        osm.relations.extend(chunk.relations.into_iter().filter(|r| is_area(r) || is_restriction(r) || ties_building(r)));
        Ok(())
    })?;
    let members = osm.relations.iter().filter(|r| is_area(r)).flat_map(|r| &r.members);
    let wanted: HashSet<i64> = members.filter(|m| m.kind == MemberKind::Way).map(|m| m.id).collect();
    osm.ways.extend(plain.into_iter().filter(|w| wanted.contains(&w.id)));
    let mut ids: Vec<i64> = osm.ways.iter().flat_map(|w| w.refs.iter().copied()).collect();
    ids.sort_unstable();
    ids.dedup();
    let mut pairs = Vec::with_capacity(ids.len());
    pass(source, encoding, Pass::Nodes(&ids), feedback, &mut |chunk: Chunk| {
        for node in chunk.nodes {
            if ids.binary_search(&node.id).is_ok() {
                pairs.push((node.id, node.at));
            }
            if !node.tags.0.is_empty() {
                osm.nodes.push(node);
            }
        }
        Ok(())
    })?;
    osm.positions = NodePositions::new(pairs);
    // Stable sorts: of an id that comes twice, the first stays first and the sink refuses the second.
    osm.nodes.sort_by_key(|n| n.id);
    osm.ways.sort_by_key(|w| w.id);
    osm.relations.sort_by_key(|r| r.id);
    Ok(osm)
}
