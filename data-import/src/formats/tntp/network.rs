//! Networks: one link a line.

use super::{Factors, Lines, count, number};
use crate::ImportError;
use qike_core::Diagnostic;
use qike_scene::traffic::{CostLink, LinkNetwork};

/// Reads one.
pub fn read(lines: &mut Lines, factors: &Factors) -> Result<(LinkNetwork, Vec<Diagnostic>), ImportError> {
    let mut network = LinkNetwork::default();
    let (mut zones, mut nodes, mut first, mut links) = (None, None, None, None);
    lines.metadata(|key, value| match key {
        "NUMBER OF ZONES" => zones = count(value),
        "NUMBER OF NODES" => nodes = count(value),
        "FIRST THRU NODE" => first = count(value),
        "NUMBER OF LINKS" => links = count(value),
        _ => {}
    })?;
    let (Some(zones), Some(nodes)) = (zones, nodes) else {
        return Err(lines.corrupt("the metadata state no <NUMBER OF ZONES> or no <NUMBER OF NODES>: this is no network"));
    };
    if zones > nodes || zones == 0 {
        return Err(lines.corrupt("a network has one zone at least, and no more zones than nodes"));
    }
    (network.zones, network.nodes) = (zones, nodes);
    network.first_through = first.unwrap_or(1).saturating_sub(1);
    while let Some(text) = lines.next()? {
        let text = text.trim_end_matches(';').to_owned();
        let words: Vec<&str> = text.split_ascii_whitespace().collect();
        let node = |n: usize| words.get(n).and_then(|w| count(w)).filter(|n| (1..=nodes).contains(n)).map(|n| n - 1);
        let value = |n: usize| words.get(n).and_then(|w| number(w)).filter(|v| *v >= 0.0);
        let (Some(from), Some(to)) = (node(0), node(1)) else {
            lines.fault("unknown-node", format!("a link leads from '{}' to '{}', which are no two of the {nodes} nodes; it is left out", words.first().unwrap_or(&""), words.get(1).unwrap_or(&"")));
            continue;
        };
        let (Some(capacity), Some(length), Some(free), Some(b), Some(power)) = (value(2), value(3), value(4), value(5), value(6)) else {
            lines.fault("bad-link", format!("the link from {} to {} has no capacity, length, free cost, b and power of 0 or more; it is left out", from + 1, to + 1));
            continue;
        };
        if b > 0.0 && capacity <= 0.0 {
            lines.fault("bad-link", format!("the link from {} to {} has no capacity, though its cost rises with flow; it is left out", from + 1, to + 1));
            continue;
        }
        let toll = value(8).unwrap_or(0.0);
        network.links.push(CostLink { from, to, capacity, free, b, power, fixed: factors.toll * toll + factors.distance * length, length });
    }
    let mut findings = lines.finish();
    if let Some(stated) = links.filter(|n| *n as usize != network.links.len()) {
        let fault = Diagnostic::error("file-cut-off", format!("the metadata state {stated} links, and {} are there", network.links.len()));
        findings.push(fault.file(lines.file.clone()).line(lines.line).help("get the whole file"));
    }
    Ok((network, findings))
}
