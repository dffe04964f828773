//! Turn restrictions: relations that say which turns are forbidden or the only ones allowed.

use super::model::{MemberKind, RawRelation};
use serde_json::json;
use std::collections::BTreeMap;

/// Restrictions by the way they turn off from, each as the attribute `restrictions` holds it.
pub type ByFromWay = BTreeMap<i64, Vec<serde_json::Value>>;

/// True for a relation that restricts turns at all times. Those for certain vehicles or hours only have keys of their own
/// (`restriction:hgv`, `restriction:conditional`) and do not bind everybody.
pub fn is_restriction(relation: &RawRelation) -> bool {
    relation.tags.is("type", "restriction") && relation.tags.get("restriction").is_some()
}

/// True for one that holds only for certain vehicles or at certain hours.
pub fn is_partial(relation: &RawRelation) -> bool {
    relation.tags.is("type", "restriction") && !is_restriction(relation) && relation.tags.iter().any(|(key, _)| key.starts_with("restriction:"))
}

/// Gathers restrictions by the way they begin on; returns those that lack a member, too.
pub fn gather<'a>(relations: impl Iterator<Item = &'a RawRelation>) -> (ByFromWay, Vec<i64>) {
    let (mut by_way, mut broken) = (ByFromWay::new(), Vec::new());
    for relation in relations.filter(|r| is_restriction(r)) {
        let members = |role: &str| relation.members.iter().filter(|m| &*m.role == role).map(|m| (m.kind, m.id)).collect::<Vec<_>>();
        let (from, via, to) = (members("from"), members("via"), members("to"));
        let kind = relation.tags.get("restriction").unwrap_or_default();
        let ways = |all: &[(MemberKind, i64)]| all.iter().filter(|m| m.0 == MemberKind::Way).map(|m| m.1).collect::<Vec<_>>();
        let named: Vec<String> = via
            .iter()
            .filter_map(|(kind, id)| match kind {
                MemberKind::Node => Some(format!("osm:node/{id}")),
                MemberKind::Way => Some(format!("osm:way/{id}")),
                MemberKind::Relation => None,
            })
            .collect();
        let (from, to) = (ways(&from), ways(&to));
        let Some(first) = named.first().filter(|_| !from.is_empty() && !to.is_empty()) else {
            broken.push(relation.id);
            continue;
        };
        for from in &from {
            for to in &to {
                let mut entry = json!({ "kind": kind, "via": first, "to": format!("osm:way/{to}") });
                if named.len() > 1 {
                    entry["vias"] = json!(named);
                }
                if let Some(except) = relation.tags.get("except") {
                    entry["except"] = json!(except);
                }
                by_way.entry(*from).or_default().push(entry);
            }
        }
    }
    (by_way, broken)
}

#[cfg(test)]
mod tests {
    use super::super::model::Member;
    use super::*;

    fn relation(id: i64, tags: &[(&str, &str)], members: &[(MemberKind, i64, &str)]) -> RawRelation {
        RawRelation {
            id,
            tags: tags.iter().copied().collect(),
            members: members.iter().map(|(kind, id, role)| Member { kind: *kind, id: *id, role: (*role).into() }).collect(),
        }
    }

    #[test]
    fn by_node_by_way_and_broken() {
        use MemberKind::{Node, Way};
        let t = [("type", "restriction"), ("restriction", "no_left_turn")];
        let all = [
            relation(1, &t, &[(Way, 10, "from"), (Node, 5, "via"), (Way, 11, "to")]),
            relation(2, &t, &[(Way, 10, "from"), (Way, 12, "via"), (Way, 13, "via"), (Way, 14, "to")]),
            relation(3, &t, &[(Way, 10, "from"), (Way, 11, "to")]),
            relation(4, &[("type", "restriction"), ("restriction:hgv", "no_entry")], &[(Way, 10, "from"), (Node, 5, "via"), (Way, 11, "to")]),
        ];
        let (by_way, broken) = gather(all.iter());
        assert_eq!(broken, [3]);
        assert_eq!(all.iter().filter(|r| is_partial(r)).map(|r| r.id).collect::<Vec<_>>(), [4]);
        assert_eq!(by_way.len(), 1);
        assert_eq!(by_way[&10][0], json!({ "kind": "no_left_turn", "via": "osm:node/5", "to": "osm:way/11" }));
        assert_eq!(by_way[&10][1]["vias"], json!(["osm:way/12", "osm:way/13"]));
    }
}
