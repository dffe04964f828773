//! OpenStreetMap's three kinds of elements as both readers give them out, and the store of node positions.

use std::collections::HashMap;

/// Tags in the order of their source. Short: most elements have fewer than ten.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tags(pub Vec<(Box<str>, Box<str>)>);

impl Tags {
    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0.iter().find(|(k, _)| &**k == key).map(|(_, v)| &**v)
    }

    /// True where the key has that value.
    pub fn is(&self, key: &str, value: &str) -> bool {
        self.get(key) == Some(value)
    }

    /// True where the key is there and does not say `no`.
    pub fn has(&self, key: &str) -> bool {
        self.get(key).is_some_and(|v| v != "no")
    }

    /// The value of a key as a length in metres: `12`, `12.5 m`, `12,5`, `40'`, `40'6"`, `40 ft`.
    pub fn metres(&self, key: &str) -> Option<f64> {
        self.get(key).and_then(metres)
    }

    /// The value of a key as a finite number; the first of a list (`3;4`).
    pub fn number(&self, key: &str) -> Option<f64> {
        let first = self.get(key)?.split(';').next()?.trim().replace(',', ".");
        first.parse().ok().filter(|n: &f64| n.is_finite())
    }
}

/// Reads a length as mappers write it.
pub fn metres(text: &str) -> Option<f64> {
    let text = text.split(';').next()?.trim().replace(',', ".");
    let finite = |t: &str| t.trim().parse::<f64>().ok().filter(|n| n.is_finite());
    if let Some((feet, rest)) = text.split_once('\'') {
        let inches = finite(rest.trim_end_matches('"')).unwrap_or(0.0);
        return finite(feet).map(|f| f * 0.3048 + inches * 0.0254);
    }
    if let Some(feet) = text.strip_suffix("ft").or_else(|| text.strip_suffix("feet")) {
        return finite(feet).map(|f| f * 0.3048);
    }
    finite(text.strip_suffix('m').or_else(|| text.strip_suffix("metres")).unwrap_or(&text))
}

/// A position in units of 1e-7 degrees, as OpenStreetMap keeps it: longitude, latitude.
pub type Fixed = [i32; 2];

/// Stands for a position that is not a number.
pub const NOT_FINITE: Fixed = [i32::MIN; 2];

/// From degrees; what does not fit becomes the greatest value (215°, which no area holds), NaN becomes [`NOT_FINITE`].
pub fn fixed(lon: f64, lat: f64) -> Fixed {
    if !lon.is_finite() || !lat.is_finite() {
        return NOT_FINITE;
    }
    [lon, lat].map(|d| (d * 1e7).round().clamp(-2_147_483_647.0, 2_147_483_647.0) as i32)
}

/// To degrees.
pub fn degrees(p: Fixed) -> [f64; 3] {
    if p == NOT_FINITE { [f64::NAN, f64::NAN, 0.0] } else { [f64::from(p[0]) / 1e7, f64::from(p[1]) / 1e7, 0.0] }
}

/// A node.
#[derive(Clone, Debug)]
pub struct RawNode {
    pub id: i64,
    pub at: Fixed,
    pub tags: Tags,
}

/// A way: nodes in order.
#[derive(Clone, Debug)]
pub struct RawWay {
    pub id: i64,
    pub refs: Vec<i64>,
    pub tags: Tags,
}

impl RawWay {
    /// True where it ends where it began, and can enclose something.
    pub fn is_closed(&self) -> bool {
        self.refs.len() >= 4 && self.refs.first() == self.refs.last()
    }
}

/// What a relation's member is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MemberKind {
    Node,
    Way,
    Relation,
}

/// A member of a relation.
#[derive(Clone, Debug)]
pub struct Member {
    pub kind: MemberKind,
    pub id: i64,
    pub role: Box<str>,
}

/// A relation.
#[derive(Clone, Debug)]
pub struct RawRelation {
    pub id: i64,
    pub tags: Tags,
    pub members: Vec<Member>,
}

/// Some elements of a file, in its order.
#[derive(Debug, Default)]
pub struct Chunk {
    pub nodes: Vec<RawNode>,
    pub ways: Vec<RawWay>,
    pub relations: Vec<RawRelation>,
}

/// Which elements a pass over the file wants.
#[derive(Clone, Copy)]
pub enum Pass<'a> {
    /// Ways and relations.
    Shapes,
    /// Nodes: those whose ids are in the sorted list, and those with tags that make an object.
    Nodes(&'a [i64]),
}

impl Pass<'_> {
    /// Is the node with this id wanted for its position?
    pub fn wants_node(&self, id: i64) -> bool {
        matches!(self, Pass::Nodes(ids) if ids.binary_search(&id).is_ok())
    }
}

/// Positions of the nodes that ways use: two sorted arrays, 16 bytes a node, no hashing.
#[derive(Debug, Default)]
pub struct NodePositions {
    ids: Vec<i64>,
    at: Vec<Fixed>,
}

impl NodePositions {
    /// From pairs in any order; of an id that comes twice the first counts.
    pub fn new(mut pairs: Vec<(i64, Fixed)>) -> Self {
        pairs.sort_by_key(|p| p.0);
        pairs.dedup_by_key(|p| p.0);
        let (ids, at) = pairs.into_iter().unzip();
        Self { ids, at }
    }

    /// The position of a node; `None` where the file does not have it.
    pub fn get(&self, id: i64) -> Option<Fixed> {
        self.ids.binary_search(&id).ok().and_then(|i| self.at.get(i).copied())
    }
}

/// What the file holds that makes objects.
#[derive(Debug, Default)]
pub struct Osm {
    /// Nodes with tags that make an object, by id.
    pub nodes: Vec<RawNode>,
    /// Ways with tags that make an object, or that such relations use, by id.
    pub ways: Vec<RawWay>,
    /// Relations that make an object, and restrictions, by id.
    pub relations: Vec<RawRelation>,
    /// Where the ways' nodes are.
    pub positions: NodePositions,
}

impl Osm {
    /// From each way's id to its place in `ways`.
    pub fn way_index(&self) -> HashMap<i64, usize> {
        self.ways.iter().enumerate().map(|(i, w)| (w.id, i)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_as_mappers_write_them() {
        let near = |text: &str, m: f64| assert!((metres(text).unwrap() - m).abs() < 1e-9, "{text}");
        for (text, m) in [("12", 12.0), ("12.5 m", 12.5), ("12,5", 12.5), ("40'", 12.192), ("40'6\"", 12.3444), ("10 ft", 3.048), ("7;8", 7.0)] {
            near(text, m);
        }
        for bad in ["", "tall", "NaN", "inf", "1e999"] {
            assert_eq!(metres(bad), None, "{bad}");
        }
    }

    #[test]
    fn positions_keep_ten_millionths_and_know_nonsense() {
        assert_eq!(degrees(fixed(121.930_000_1, -30.9)), [121.930_000_1, -30.9, 0.0]);
        assert!(degrees(fixed(f64::NAN, 1.0))[0].is_nan());
        assert!(degrees(fixed(1e300, 1.0))[0] > 200.0);
        let store = NodePositions::new(vec![(5, [1, 1]), (-3, [2, 2]), (5, [3, 3])]);
        assert_eq!((store.get(5), store.get(-3), store.get(4)), (Some([1, 1]), Some([2, 2]), None));
    }
}
