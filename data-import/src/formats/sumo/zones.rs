//! Zones of demand.

use super::loading::Loading;
use super::values::{number, words};
use super::xml::{Broken, Tag, Xml, shown};
use qike_scene::traffic::Zone;

fn edge(loading: &mut Loading<'_>, id: &str, line: u64) -> Option<u32> {
    let edge = loading.edge(id);
    if edge.is_none() {
        loading.log.error("unknown-edge", line, || format!("a zone has the edge '{}', which the network does not have; it is left out there", shown(id)));
    }
    edge
}

/// A zone from its opening tag: with the edges that it lists, each with the weight 1.
pub fn begin(loading: &mut Loading<'_>, tag: &Tag<'_>) -> (Zone, u64) {
    let line = tag.line();
    let mut zone = Zone { id: tag.or_empty(b"id").into_owned(), ..Zone::default() };
    for id in words(&tag.or_empty(b"edges")) {
        if let Some(edge) = edge(loading, id, line) {
            zone.sources.push((edge, 1.0));
            zone.sinks.push((edge, 1.0));
        }
    }
    (zone, line)
}

/// Reads its sources and sinks, and adds it.
pub fn read(loading: &mut Loading<'_>, xml: &mut Xml, (mut zone, line): (Zone, u64)) -> Result<(), Broken> {
    let level = xml.depth();
    while let Some(tag) = xml.child(level)? {
        if !matches!(tag.name, b"tazSource" | b"tazSink") {
            continue;
        }
        let Some(edge) = edge(loading, &tag.or_empty(b"id"), tag.line()) else { continue };
        let text = tag.get(b"weight");
        let weight = text.as_deref().map_or(Some(1.0), number).filter(|w| *w >= 0.0).unwrap_or_else(|| {
            loading.log.error("bad-number", tag.line(), || format!("an edge of a zone has the weight '{}', not a number of 0 or more; it is taken as 1", shown(text.as_deref().unwrap_or_default())));
            1.0
        });
        if tag.name == b"tazSource" { &mut zone.sources } else { &mut zone.sinks }.push((edge, weight));
    }
    if zone.id.is_empty() {
        loading.log.error("id-missing", line, || "a zone without an id is left out".to_owned());
    } else {
        loading.add_zone(zone, line);
    }
    Ok(())
}
