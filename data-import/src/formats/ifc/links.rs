//! Pipes, ducts, cables and devices that are joined at their ports, as attributes a network can be built from:
//! `connected_to` (ids of the neighbours), `flow_direction` (a list beside it: `out`, `in`, `both` or `unknown`, seen from
//! this element) and `ports` (each port's name, direction and kind).

use super::file::{IfcFile, text};
use super::relations::Relations;
use ifc_lite_core::{EntityDecoder, IfcType};
use qike_scene::{Attributes, Value};
use std::collections::HashMap;

/// Which way things flow through a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flow {
    Out,
    In,
    Both,
    Unknown,
}

impl Flow {
    fn of(word: &str) -> Self {
        match word {
            "SOURCE" => Self::Out,
            "SINK" => Self::In,
            "SOURCEANDSINK" => Self::Both,
            _ => Self::Unknown,
        }
    }

    /// The direction between two ports, seen from the first. A port that does not say goes with the other one; two that
    /// contradict each other leave it open.
    fn between(own: Self, other: Self) -> Self {
        let mirrored = match other {
            Self::Out => Self::In,
            Self::In => Self::Out,
            same => same,
        };
        match (own, mirrored) {
            (Self::Unknown | Self::Both, known) if known != Self::Unknown => known,
            (known, Self::Unknown | Self::Both) => known,
            (a, b) if a == b => a,
            _ => Self::Unknown,
        }
    }

    const fn word(self) -> &'static str {
        match self {
            Self::Out => "out",
            Self::In => "in",
            Self::Both => "both",
            Self::Unknown => "unknown",
        }
    }
}

struct Neighbour {
    element: u32,
    flow: Flow,
    /// A fitting that joins the two, where the file names one.
    by: Option<u32>,
}

/// The joints of a file, by element.
pub struct Links {
    neighbours: HashMap<u32, Vec<Neighbour>>,
    ports: HashMap<u32, Vec<Value>>,
}

impl Links {
    /// Reads ports and joints.
    pub fn read(file: &IfcFile, relations: &Relations, decoder: &EntityDecoder<'_>) -> Self {
        let mut flows: HashMap<u32, Flow> = HashMap::new();
        let mut ports: HashMap<u32, Vec<Value>> = HashMap::new();
        let owner = |port: u32| relations.port_of.get(&port).or_else(|| relations.whole.get(&port)).copied();
        for product in file.products.iter().filter(|p| p.kind.is_subtype_of(IfcType::IfcPort)) {
            let Some(port) = file.record(decoder, product.span) else { continue };
            let word = port.get(7).and_then(|v| v.as_enum()).unwrap_or_default();
            flows.insert(product.id, Flow::of(word));
            let Some(element) = owner(product.id) else { continue };
            let mut said = Attributes::new();
            let kind = |slot: usize| port.get(slot).and_then(|v| v.as_enum()).filter(|w| *w != "NOTDEFINED").map(str::to_owned);
            let facts = [("id", text(&port, 0)), ("name", text(&port, 2)), ("flow_direction", kind(7)), ("predefined_type", kind(8)), ("system_type", kind(9))];
            for (key, value) in facts {
                if let Some(value) = value {
                    said.insert(key.into(), value.into());
                }
            }
            ports.entry(element).or_default().push(Value::Object(said));
        }
        let mut neighbours: HashMap<u32, Vec<Neighbour>> = HashMap::new();
        for (a, b, by) in &relations.joints {
            let (Some(from), Some(to)) = (owner(*a), owner(*b)) else { continue };
            let flow = |port: &u32| flows.get(port).copied().unwrap_or(Flow::Unknown);
            for (one, other, flow) in [(from, to, Flow::between(flow(a), flow(b))), (to, from, Flow::between(flow(b), flow(a)))] {
                neighbours.entry(one).or_default().push(Neighbour { element: other, flow, by: *by });
            }
        }
        Self { neighbours, ports }
    }

    /// Adds an element's ports and neighbours to its attributes. `ids` are the ids of what becomes an object.
    pub fn describe(&self, element: u32, ids: &HashMap<u32, String>, attributes: &mut Attributes) {
        if let Some(ports) = self.ports.get(&element) {
            attributes.insert("ports".into(), ports.clone().into());
        }
        let Some(neighbours) = self.neighbours.get(&element) else { return };
        let known: Vec<(&String, &Neighbour)> =
            neighbours.iter().filter(|n| n.element != element).filter_map(|n| Some((ids.get(&n.element)?, n))).collect();
        if known.is_empty() {
            return;
        }
        attributes.insert("connected_to".into(), known.iter().map(|(id, _)| Value::from(id.as_str())).collect());
        attributes.insert("flow_direction".into(), known.iter().map(|(_, n)| Value::from(n.flow.word())).collect());
        if known.iter().any(|(_, n)| n.by.is_some()) {
            let by = |n: &Neighbour| n.by.and_then(|id| ids.get(&id)).map_or(Value::Null, |id| id.as_str().into());
            attributes.insert("connected_by".into(), known.iter().map(|(_, n)| by(n)).collect());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Flow;

    #[test]
    fn two_ports_make_one_direction() {
        assert_eq!(Flow::between(Flow::Out, Flow::In), Flow::Out);
        assert_eq!(Flow::between(Flow::In, Flow::Out), Flow::In);
        assert_eq!(Flow::between(Flow::Unknown, Flow::In), Flow::Out, "what the other port says");
        assert_eq!(Flow::between(Flow::Out, Flow::Both), Flow::Out);
        assert_eq!(Flow::between(Flow::Both, Flow::Both), Flow::Both);
        assert_eq!(Flow::between(Flow::Out, Flow::Out), Flow::Unknown, "two sources contradict each other");
        assert_eq!(Flow::between(Flow::Unknown, Flow::Unknown), Flow::Unknown);
    }
}
