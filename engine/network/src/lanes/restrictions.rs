//! Turn restrictions: which way from one road over a node to another is forbidden.

use super::topology::{NodeKey, Restriction, Topology};
use qike_core::Diagnostic;
use qike_scene::{ObjectIx, SceneSnapshot};
use std::collections::HashMap;

#[derive(Debug)]
struct Rule {
    to: ObjectIx,
    only: bool,
    u_turn: bool,
}

/// Restrictions by (road, node) and by (road, road between).
#[derive(Debug, Default)]
pub(crate) struct Rules {
    at_node: HashMap<(ObjectIx, NodeKey), Vec<Rule>>,
    over_way: HashMap<(ObjectIx, ObjectIx), Vec<Rule>>,
}

impl Rules {
    /// Sorts the restrictions; those whose road is not there are reported.
    pub fn new(scene: &SceneSnapshot, top: &Topology, faults: &mut Vec<Diagnostic>) -> Rules {
        let mut rules = Rules::default();
        for r in &top.restrictions {
            let from = scene.get(r.from).id.as_str();
            let only = r.kind.starts_with("only_");
            if !only && !r.kind.starts_with("no_") {
                faults.push(fault(r, from, format!("'{}' is not a kind of turn restriction", r.kind)));
                continue;
            }
            let Some(to) = scene.find(&r.to) else {
                // The target of a prohibition lies outside the extract: nobody can turn into it anyhow.
                if only {
                    faults.push(fault(r, from, format!("a restriction leads only to '{}', which is not in the scene", r.to)));
                }
                continue;
            };
            let rule = Rule { to, only, u_turn: r.kind.ends_with("_u_turn") };
            if let Some(way) = r.via.starts_with("osm:way/").then(|| scene.find(&r.via)).flatten() {
                rules.over_way.entry((r.from, way)).or_default().push(rule);
            } else if let Some(node) = NodeKey::parse(&r.via) {
                rules.at_node.entry((r.from, node)).or_default().push(rule);
            } else {
                faults.push(fault(r, from, format!("the place of a turn restriction, '{}', is not in the scene", r.via)));
            }
        }
        rules
    }

    /// Whether one may go from segment `from` over `node` into segment `to`.
    pub fn allow(&self, top: &Topology, from: u32, node: u32, to: u32) -> bool {
        let [f, t] = [from, to].map(|s| top.segments[s as usize].object);
        self.at_node.get(&(f, top.keys[node as usize])).is_none_or(|rules| allowed(rules, t, from == to, f == t))
    }

    /// Whether one may come from `before` over `between` into `to`.
    pub fn allow_over(&self, top: &Topology, before: u32, between: u32, to: u32) -> bool {
        let [b, w, t] = [before, between, to].map(|s| top.segments[s as usize].object);
        self.over_way.get(&(b, w)).is_none_or(|rules| allowed(rules, t, false, false))
    }

    /// Whether any restriction goes over a way.
    pub fn ways(&self) -> impl Iterator<Item = (ObjectIx, ObjectIx)> + '_ {
        self.over_way.keys().copied()
    }
}

fn allowed(rules: &[Rule], to: ObjectIx, back: bool, same_road: bool) -> bool {
    for rule in rules {
        // `no_u_turn` with the same road on both sides forbids turning back on it, not going on along it.
        let hits = rule.to == to && (!rule.u_turn || !same_road || back);
        if rule.only != hits {
            return false;
        }
    }
    true
}

fn fault(r: &Restriction, from: &str, message: String) -> Diagnostic {
    Diagnostic::warning("restriction-unusable", format!("{message} (over '{}' to '{}')", r.via, r.to)).object(from)
}
