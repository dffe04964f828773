//! What is wrong with a network, or looks so. All findings are warnings: the objects are kept as they are.
//!
//! | Code | What |
//! |---|---|
//! | `network-unknown-node` | a line or fitting names an id that no element has |
//! | `network-loose-end` | nothing is at the end of a line |
//! | `network-isolated` | an element touches no other |
//! | `network-kinds-differ` | two elements that carry unlike things are joined |
//! | `network-uphill` | a storm or sanitary pipe ends higher than it begins |
//! | `network-above-ground` | the bottom of a pipe lies no deeper than the ground |
//! | `network-shallow` | there is too little ground over a pipe |
//! | `network-shrinks` | a storm or sanitary pipe is narrower than one that runs into it |

use super::{Element, Role, UtilityKind, UtilityNetwork};
use qike_core::{Diagnostic, Severity};
use std::collections::BTreeMap;

/// How much is too much.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CheckOptions {
    /// A pipe may rise this much from one end to the other, metres: surveying is no better.
    pub rise_m: f64,
    /// Least ground over the top of a pipe, metres. A pipe nearer to the surface is in the way of most road works; the codes of
    /// practice ask for more, each kind its own.
    pub cover_m: f64,
    /// A pipe may be this much narrower than one above it, metres.
    pub shrink_m: f64,
    /// Findings of one code that are listed singly; the rest is counted.
    pub most: usize,
}

impl Default for CheckOptions {
    fn default() -> Self {
        Self { rise_m: 0.01, cover_m: 0.3, shrink_m: 0.01, most: 100 }
    }
}

/// All findings, sorted by code and object.
pub fn check(network: &UtilityNetwork, options: &CheckOptions) -> Vec<Diagnostic> {
    let mut checks = Checks { network, found: BTreeMap::new(), most: options.most };
    for (element, id) in &network.unknown {
        checks.add("network-unknown-node", *element, None, format!("it names '{id}' as its neighbour, and there is no such element"), "");
    }
    for (element, end) in &network.loose {
        let at = network.elements.get(*element as usize).and_then(|e| Some(e.ends?[usize::from(*end)]));
        let which = if *end == 0 { "first" } else { "last" };
        checks.add("network-loose-end", *element, at, format!("nothing is at its {which} end"), "join it to a node or another pipe, or name the node");
    }
    for (i, element) in network.elements.iter().enumerate().filter(|(_, e)| e.object.is_some()) {
        let number = i as u32;
        if network.joints_of(number).next().is_none() && network.loose.binary_search_by(|(e, _)| e.cmp(&number)).is_err() {
            checks.add("network-isolated", number, None, "it touches no other element".into(), "");
        }
        if element.role == Role::Pipe {
            checks.slope(number, element, options);
            checks.cover(number, element, options);
        }
    }
    checks.kinds();
    checks.widths(options);
    checks.finish()
}

struct Checks<'a> {
    network: &'a UtilityNetwork,
    found: BTreeMap<&'static str, (usize, Vec<Diagnostic>)>,
    most: usize,
}

impl Checks<'_> {
    fn add(&mut self, code: &'static str, element: u32, at: Option<[f64; 3]>, message: String, help: &str) {
        let (count, list) = self.found.entry(code).or_default();
        *count += 1;
        if *count > self.most {
            return;
        }
        let mut finding = Diagnostic::warning(code, message);
        let element = self.network.elements.get(element as usize);
        if let Some(id) = element.and_then(|e| e.object.as_ref()) {
            finding = finding.object(id.as_str());
        }
        if let Some(at) = at.or_else(|| element.and_then(|e| e.position)) {
            finding = finding.position(at);
        }
        list.push(if help.is_empty() { finding } else { finding.help(help) });
    }

    fn slope(&mut self, number: u32, element: &Element, options: &CheckOptions) {
        let Some([a, b]) = element.ends.filter(|_| element.gravity) else { return };
        // Heights of zero at both ends are none. The direction is that of the joints: the line itself may be drawn against it.
        let reversed = self.network.joints_of(number).any(|j| j.directed && j.from == number && self.touches(j.to, a) && !self.touches(j.to, b));
        let (from, to) = if reversed { (b, a) } else { (a, b) };
        let rise = to[2] - from[2];
        if rise > options.rise_m && (a[2], b[2]) != (0.0, 0.0) {
            let message = format!("it runs {rise:.2} m uphill, from {:.2} m to {:.2} m", from[2], to[2]);
            self.add("network-uphill", number, Some(from), message, "exchange its ends, or correct their heights");
        }
    }

    /// True where an element lies at a place (in plan).
    fn touches(&self, element: u32, at: [f64; 3]) -> bool {
        let position = self.network.elements.get(element as usize).and_then(|e| e.position);
        position.is_some_and(|p| (p[0] - at[0]).hypot(p[1] - at[1]) < 0.1)
    }

    fn cover(&mut self, number: u32, element: &Element, options: &CheckOptions) {
        let Some(depth) = element.depth_m else { return };
        let cover = depth - element.diameter_m.unwrap_or(0.0);
        if depth <= 0.0 {
            self.add("network-above-ground", number, None, format!("its depth is {depth:.2} m: it does not lie in the ground"), "");
        } else if cover < options.cover_m {
            let message = format!("only {cover:.2} m of ground lie over it (depth {depth:.2} m)");
            self.add("network-shallow", number, None, message, "");
        }
    }

    fn kinds(&mut self) {
        let network = self.network;
        let kind = |e: u32| network.elements.get(e as usize).map_or(UtilityKind::Other, |e| e.kind);
        for joint in &network.joints {
            let (a, b) = (kind(joint.from), kind(joint.to));
            if a != b && a != UtilityKind::Other && b != UtilityKind::Other {
                let message = format!("it carries {} and is joined to '{}', which carries {}", a.name(), self.name(joint.to), b.name());
                self.add("network-kinds-differ", joint.from, None, message, "");
            }
        }
        // At a place without an object, each pair would say it; the first two kinds do.
        for (i, place) in network.elements.iter().enumerate().filter(|(_, e)| e.object.is_none()) {
            let beside: Vec<u32> = network.joints_of(i as u32).map(|j| if j.from == i as u32 { j.to } else { j.from }).collect();
            let known: Vec<u32> = beside.into_iter().filter(|e| kind(*e) != UtilityKind::Other).collect();
            if let Some((first, other)) = known.first().and_then(|first| Some((*first, *known.iter().find(|e| kind(**e) != kind(*first))?))) {
                let message = format!("it carries {} and meets '{}', which carries {}", kind(first).name(), self.name(other), kind(other).name());
                self.add("network-kinds-differ", first, place.position, message, "");
            }
        }
    }

    fn name(&self, element: u32) -> &str {
        self.network.elements.get(element as usize).and_then(|e| e.object.as_ref()).map_or("", |o| o.as_str())
    }

    /// Pipes out of a node against the widest into it.
    fn widths(&mut self, options: &CheckOptions) {
        let network = self.network;
        let width = |e: u32| network.elements.get(e as usize).filter(|e| e.role == Role::Pipe && e.gravity).and_then(|e| e.diameter_m);
        for (i, node) in network.elements.iter().enumerate().filter(|(_, e)| e.role == Role::Node) {
            let joints: Vec<_> = network.joints_of(i as u32).filter(|j| j.directed).collect();
            let into = joints.iter().filter(|j| j.to == i as u32).filter_map(|j| Some((width(j.from)?, j.from)));
            let Some((widest, above)) = into.max_by(|a, b| a.0.total_cmp(&b.0)) else { continue };
            for joint in joints.iter().filter(|j| j.from == i as u32) {
                if let Some(narrow) = width(joint.to).filter(|w| *w < widest - options.shrink_m) {
                    let message = format!("its diameter is {narrow:.3} m, and '{}' above it has {widest:.3} m", self.name(above));
                    self.add("network-shrinks", joint.to, node.position, message, "");
                }
            }
        }
    }

    fn finish(self) -> Vec<Diagnostic> {
        let mut all = Vec::new();
        for (code, (count, mut list)) in self.found {
            let more = count - list.len();
            list.sort_by(|a, b| (&a.object, &a.message).cmp(&(&b.object, &b.message)));
            all.extend(list);
            if more > 0 {
                all.push(Diagnostic::new(Severity::Warning, code, format!("{more} more findings of this kind are not listed")));
            }
        }
        all
    }
}
