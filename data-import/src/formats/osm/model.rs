//! OpenStreetMap's three kinds of elements as both readers give them out, and the store of node positions.

use qike_core::fast_map::FastMap;
use std::sync::Arc;

/// Tags in the order of their source: all texts one after another, and where each ends.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tags {
    text: String,
    ends: Vec<u32>,
}

impl Tags {
    /// None yet, with room for so many of so many bytes.
    pub fn with_capacity(tags: usize, bytes: usize) -> Self {
        Self { text: String::with_capacity(bytes), ends: Vec::with_capacity(2 * tags) }
    }

    /// Adds a tag. What no longer fits in 4 GiB of tags is no tag.
    pub fn push(&mut self, key: &str, value: &str) {
        let key_end = self.text.len() + key.len();
        if let (Ok(key_end), Ok(value_end)) = (u32::try_from(key_end), u32::try_from(key_end + value.len())) {
            self.text.push_str(key);
            self.text.push_str(value);
            self.ends.extend([key_end, value_end]);
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.ends.len() / 2
    }

    /// Bytes of all keys and values.
    pub fn size(&self) -> usize {
        self.text.len()
    }

    /// Keys and values.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        let mut start = 0;
        self.ends.chunks_exact(2).map(move |ends| {
            let (key_end, value_end) = (ends[0] as usize, ends[1] as usize);
            let tag = (self.text.get(start..key_end).unwrap_or_default(), self.text.get(key_end..value_end).unwrap_or_default());
            start = value_end;
            tag
        })
    }

    /// The value of a key. Asked forty times of each element, so it looks at lengths first.
    pub fn get(&self, key: &str) -> Option<&str> {
        let mut start = 0;
        for ends in self.ends.chunks_exact(2) {
            let (key_end, value_end) = (ends[0] as usize, ends[1] as usize);
            if key_end - start == key.len() && self.text.as_bytes().get(start..key_end) == Some(key.as_bytes()) {
                return self.text.get(key_end..value_end);
            }
            start = value_end;
        }
        None
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

impl<K: AsRef<str>, V: AsRef<str>> FromIterator<(K, V)> for Tags {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(pairs: I) -> Self {
        let mut tags = Self::default();
        pairs.into_iter().for_each(|(k, v)| tags.push(k.as_ref(), v.as_ref()));
        tags
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

/// Stands for a position that no node gave.
pub const MISSING: Fixed = [i32::MIN, 0];

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
    /// What for; the members of a block share the texts.
    pub role: Arc<str>,
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
    /// Nodes that make objects.
    pub nodes: Vec<RawNode>,
    /// Where wanted nodes are: each by its place in the list of those that were asked for.
    pub positions: Vec<(usize, Fixed)>,
    pub ways: Vec<RawWay>,
    pub relations: Vec<RawRelation>,
}

impl Chunk {
    /// Adds a node for what the pass wants of it; `tags` where they make it an object.
    pub fn node(&mut self, id: i64, at: Fixed, tags: Option<Tags>, cursor: &mut Cursor<'_>) {
        self.positions.extend(cursor.find(id).map(|place| (place, at)));
        self.nodes.extend(tags.map(|tags| RawNode { id, at, tags }));
    }
}

/// Which elements a pass over the file wants.
#[derive(Clone, Copy)]
pub enum Pass<'a> {
    /// Ways and relations.
    Shapes,
    /// Nodes: those whose ids are in the sorted list, and those with tags that make an object.
    Nodes(&'a [i64]),
}

/// Finds ids in a sorted list. Files have their nodes in order, so that the next one is mostly where the last one was.
pub struct Cursor<'a> {
    ids: &'a [i64],
    next: usize,
}

impl<'a> Cursor<'a> {
    /// At the beginning of a list.
    pub fn new(ids: &'a [i64]) -> Self {
        Self { ids, next: 0 }
    }

    /// The place of an id in the list.
    #[inline]
    pub fn find(&mut self, id: i64) -> Option<usize> {
        // A few steps onward, else by halves.
        for n in self.next..self.ids.len().min(self.next + 8) {
            if self.ids[n] >= id {
                let certain = n == 0 || self.ids[n - 1] < id;
                if certain {
                    self.next = n;
                    return (self.ids[n] == id).then_some(n);
                }
                break;
            }
        }
        self.next = self.ids.partition_point(|other| *other < id);
        (self.ids.get(self.next) == Some(&id)).then_some(self.next)
    }
}

/// Positions of the nodes that were asked for: two arrays, 16 bytes a node, no hashing.
#[derive(Debug, Default)]
pub struct NodePositions {
    ids: Vec<i64>,
    at: Vec<Fixed>,
}

impl NodePositions {
    /// For ids, which become sorted; none has a position yet.
    pub fn new(mut ids: Vec<i64>) -> Self {
        ids.sort_unstable();
        ids.dedup();
        Self { at: vec![MISSING; ids.len()], ids }
    }

    /// The ids, sorted.
    pub fn ids(&self) -> &[i64] {
        &self.ids
    }

    /// Gives positions to ids by their places; of a node that comes twice the first counts.
    pub fn fill(&mut self, at: Vec<Fixed>) {
        self.at = at;
    }

    /// Positions that are all missing.
    pub fn blank(&self) -> Vec<Fixed> {
        vec![MISSING; self.ids.len()]
    }

    /// How many nodes were asked for.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// The position of a node; `None` where the file does not have it.
    pub fn get(&self, id: i64) -> Option<Fixed> {
        self.place(id).map(|(_, at)| at)
    }

    /// The same, with its place in the list.
    pub fn place(&self, id: i64) -> Option<(usize, Fixed)> {
        let place = self.ids.binary_search(&id).ok()?;
        self.at.get(place).map(|at| (place, *at)).filter(|(_, at)| *at != MISSING)
    }
}

/// From ids of ways to their places.
pub type WayIndex = FastMap<i64, usize>;

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
    pub fn way_index(&self) -> WayIndex {
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
        let mut store = NodePositions::new(vec![5, -3, 5, 7]);
        assert_eq!(store.ids(), [-3, 5, 7]);
        store.fill(vec![[2, 2], [1, 1], MISSING]);
        assert_eq!((store.get(5), store.get(-3), store.get(4), store.get(7)), (Some([1, 1]), Some([2, 2]), None, None));
    }

    #[test]
    fn a_cursor_finds_what_halving_finds() {
        let ids: Vec<i64> = (0..500).map(|n| n * 3 - 200).collect();
        let mut cursor = Cursor::new(&ids);
        for id in (-300..1400).chain([7, 7, -200, 1297, -200, 1, 4, 4, 1298, 5]).chain((-210..1400).step_by(29)).chain((-210..1400).rev().step_by(7)) {
            assert_eq!(cursor.find(id), ids.binary_search(&id).ok(), "{id}");
        }
        assert_eq!(Cursor::new(&[]).find(1), None);
    }

    #[test]
    fn tags_keep_their_order_and_their_texts() {
        let tags: Tags = [("highway", "primary"), ("name", ""), ("", "x"), ("name:zh", "路")].into_iter().collect();
        assert_eq!(tags.iter().collect::<Vec<_>>(), [("highway", "primary"), ("name", ""), ("", "x"), ("name:zh", "路")]);
        assert_eq!((tags.get("name"), tags.get("name:zh"), tags.get("x"), tags.len()), (Some(""), Some("路"), None, 4));
    }
}
