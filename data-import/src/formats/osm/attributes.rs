//! An element's attributes, written as text at once: its tags, and what the importer adds.

use super::model::{Member, MemberKind, Tags};
use qike_scene::written::put_number;
use qike_scene::{Attributes, Value, Written};

/// What stands before the number in the id of an element's object.
pub fn id_start(kind: MemberKind) -> &'static str {
    match kind {
        MemberKind::Node => "osm:node/",
        MemberKind::Way => "osm:way/",
        MemberKind::Relation => "osm:relation/",
    }
}

/// An attribute that is no tag.
pub enum Extra<'a> {
    /// A text.
    Text(&'a str),
    /// Any value.
    Value(Value),
    /// Ids of nodes.
    Nodes(Vec<i64>),
    /// Object ids of what a relation holds together.
    Members(&'a [Member]),
    /// What for: the roles of its members.
    Roles(&'a [Member]),
}

/// Attributes on their way to the sink: an extra one takes the place of a tag of the same key, or comes after all tags.
pub type Extras<'a> = Vec<(&'static str, Extra<'a>)>;

/// All attributes of an element, in the order of its tags. Of a key that comes twice the last value counts, at the first place.
pub fn written(tags: &Tags, extras: &Extras) -> Written {
    if has_twin(tags) {
        let map: Attributes = tags.iter().map(|(k, v)| (k.to_owned(), Value::from(v))).collect();
        let once: Tags = map.iter().map(|(k, v)| (k, v.as_str().unwrap_or_default())).collect();
        return put_all(&once, extras);
    }
    put_all(tags, extras)
}

fn put_all(tags: &Tags, extras: &Extras) -> Written {
    let room = |extra: &Extra| match extra {
        Extra::Nodes(ids) => 12 * ids.len(),
        Extra::Members(members) => 24 * members.len(),
        Extra::Roles(members) => 8 * members.len(),
        Extra::Text(_) | Extra::Value(_) => 32,
    };
    let size = tags.size() + 6 * tags.len() + extras.iter().map(|(key, extra)| key.len() + 6 + room(extra)).sum::<usize>();
    let mut out = Written::with_capacity(size + 2);
    for (key, value) in tags.iter() {
        match extras.iter().find(|(name, _)| *name == key) {
            Some((name, extra)) => put(&mut out, name, extra),
            None => out.text(key, value),
        }
    }
    let is_tag = |name: &str| tags.get(name).is_some();
    extras.iter().filter(|(name, _)| !is_tag(name)).for_each(|(name, extra)| put(&mut out, name, extra));
    out
}

fn put(out: &mut Written, key: &str, extra: &Extra) {
    match extra {
        Extra::Text(text) => out.text(key, text),
        Extra::Value(value) => out.value(key, value),
        Extra::Nodes(ids) => out.numbers(key, ids.iter().copied()),
        Extra::Members(members) => out.numbered(key, members.iter().map(|m| (id_start(m.kind), m.id))),
        Extra::Roles(members) => out.texts(key, members.iter().map(|m| &*m.role)),
    }
}

/// True where a key comes twice. Nearly none does: keys of different lengths or ends are told apart by one bit each.
fn has_twin(tags: &Tags) -> bool {
    let mut seen = 0u64;
    tags.iter().enumerate().any(|(n, (key, _))| {
        let bytes = key.as_bytes();
        let (length, last) = (bytes.len(), bytes.last().copied().unwrap_or_default());
        let middle = bytes.get(length / 2).copied().unwrap_or_default();
        let bit = 1u64 << ((length.wrapping_mul(7) ^ usize::from(last).wrapping_mul(3) ^ usize::from(middle).wrapping_mul(11)) & 63);
        let perhaps = seen & bit != 0;
        seen |= bit;
        perhaps && tags.iter().take(n).any(|(other, _)| other == key)
    })
}

/// What a relation holds together, in its order, not all of which need be in the file: `members`, object ids, and beside them
/// their `roles`, where one has one.
pub fn add_members<'a>(extras: &mut Extras<'a>, members: &'a [Member]) {
    extras.push(("members", Extra::Members(members)));
    if members.iter().any(|m| !m.role.is_empty()) {
        extras.push(("roles", Extra::Roles(members)));
    }
}

/// The id of an element's object.
pub fn element_id(kind: MemberKind, id: i64) -> String {
    let start = id_start(kind);
    let mut text = Vec::with_capacity(start.len() + 20);
    text.extend_from_slice(start.as_bytes());
    put_number(&mut text, id);
    String::from_utf8(text).unwrap_or_default()
}

/// The function, where there is one.
pub fn function_of(of: &Option<String>) -> Extras<'_> {
    let mut extras = Vec::with_capacity(3);
    extras.extend(of.as_deref().map(|function| ("function", Extra::Text(function))));
    extras
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn extras_take_the_place_of_tags_of_their_name() {
        let members = [Member { kind: MemberKind::Way, id: 7, role: "outer".into() }, Member { kind: MemberKind::Node, id: -1, role: "".into() }];
        let tags: Tags = [("capacity", "about 20"), ("name", "a \"b\""), ("members", "many")].into_iter().collect();
        let mut extras: Extras = vec![("function", Extra::Text("car_park")), ("capacity", Extra::Value(json!(20))), ("osm_nodes", Extra::Nodes(vec![3, 4]))];
        add_members(&mut extras, &members);
        let expected = r#"{"capacity":20,"name":"a \"b\"","members":["osm:way/7","osm:node/-1"],"function":"car_park","osm_nodes":[3,4],"roles":["outer",""]}"#;
        assert_eq!(written(&tags, &extras).into_text(), expected);
        assert_eq!(written(&Tags::default(), &Extras::new()).into_text(), "{}");
    }

    #[test]
    fn of_a_key_that_comes_twice_the_last_counts_at_the_first_place() {
        let tags: Tags = [("a", "1"), ("b", "2"), ("a", "3"), ("c", "4")].into_iter().collect();
        assert_eq!(written(&tags, &Extras::new()).into_text(), r#"{"a":"3","b":"2","c":"4"}"#);
        let many: Tags = (0..300).map(|n| (format!("name:{n}"), "x")).collect();
        assert!(!has_twin(&many));
        let twice: Tags = (0..300).chain([17]).map(|n| (format!("name:{n}"), "x")).collect();
        assert!(has_twin(&twice));
    }

    #[test]
    fn ids_as_formatting_writes_them() {
        for id in [0, 7, 10, -1, -90, 12_345_678_901, i64::MAX, i64::MIN] {
            assert_eq!(element_id(MemberKind::Way, id), format!("osm:way/{id}"));
        }
        assert_eq!((element_id(MemberKind::Node, 5).as_str(), element_id(MemberKind::Relation, 9).as_str()), ("osm:node/5", "osm:relation/9"));
    }
}
