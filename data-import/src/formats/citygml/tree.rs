//! One member of a document as a small tree in flat arrays: names as numbers, coordinates already parsed.
//!
//! A document is never in memory as a whole: each member (a building, a road) becomes a [`Tree`], is turned into objects, and
//! its arrays are used again for the next.

use qike_core::fast_map::FastHasher;
use std::collections::HashMap;
use std::hash::Hasher;
use std::ops::Range;

/// Number of a node in its tree.
pub type Ix = usize;

/// "No node".
const NOBODY: u32 = u32::MAX;

/// Elements deeper than this are refused: CityGML's deepest path has some forty.
pub const MAX_DEPTH: usize = 128;

/// Elements whose text is a list of numbers.
const NUMBER_LISTS: [&str; 7] = ["posList", "pos", "coordinates", "lowerCorner", "upperCorner", "textureCoordinates", "transformationMatrix"];

/// Qualified names of elements and attributes, each once; kept from member to member.
#[derive(Default)]
pub struct Names {
    by_text: HashMap<Box<str>, u32>,
    all: Vec<Name>,
    /// Numbers by a few of their letters: nearly every name is found here.
    recent: Vec<u32>,
}

/// Places in [`Names::recent`].
const RECENT: usize = 256;

struct Name {
    text: Box<str>,
    /// Where the local part begins.
    local: usize,
    is_list: bool,
}

impl Names {
    /// The number of a name.
    pub fn number(&mut self, text: &str) -> u32 {
        self.recent.resize(RECENT, u32::MAX);
        let letters = text.as_bytes();
        let letter = |i: usize| usize::from(letters.get(i).copied().unwrap_or(0));
        let slot = (letters.len() + 7 * letter(letters.len() / 2) + 31 * letter(letters.len().wrapping_sub(2)) + 61 * letter(5)) % RECENT;
        let recent = self.recent.get(slot).copied().unwrap_or(u32::MAX);
        if self.all.get(recent as usize).is_some_and(|name| &*name.text == text) {
            return recent;
        }
        let number = self.look_up(text);
        if let Some(recent) = self.recent.get_mut(slot) {
            *recent = number;
        }
        number
    }

    fn look_up(&mut self, text: &str) -> u32 {
        if let Some(number) = self.by_text.get(text) {
            return *number;
        }
        let number = self.all.len() as u32;
        let local = text.find(':').map_or(0, |colon| colon + 1);
        let is_list = NUMBER_LISTS.contains(&text.get(local..).unwrap_or(text));
        self.all.push(Name { text: text.into(), local, is_list });
        self.by_text.insert(text.into(), number);
        number
    }

    fn local(&self, number: u32) -> &str {
        self.all.get(number as usize).and_then(|name| name.text.get(name.local..)).unwrap_or_default()
    }

    fn text(&self, number: u32) -> &str {
        self.all.get(number as usize).map_or("", |name| &name.text)
    }

    fn is_list(&self, number: u32) -> bool {
        self.all.get(number as usize).is_some_and(|name| name.is_list)
    }
}

struct Node {
    name: u32,
    line: u32,
    parent: u32,
    first: u32,
    last: u32,
    next: u32,
    attributes: Range<u32>,
    text: Range<u32>,
    numbers: Range<u32>,
}

/// A member: its first node is the property of the document that holds it (`cityObjectMember`).
#[derive(Default)]
pub struct Tree {
    nodes: Vec<Node>,
    attributes: Vec<(u32, Range<u32>)>,
    text: String,
    numbers: Vec<f64>,
    open: Vec<u32>,
    /// Ids by their hash, sorted: hash, place in the text, node.
    ids: Vec<(u64, Range<u32>, u32)>,
    indexed: bool,
}

impl Tree {
    /// Forgets everything, keeps the memory.
    pub fn clear(&mut self) {
        self.nodes.clear();
        self.attributes.clear();
        self.text.clear();
        self.numbers.clear();
        self.open.clear();
        self.ids.clear();
        self.indexed = false;
    }

    // Building.

    /// Begins an element; false where it lies too deep.
    pub fn begin(&mut self, name: u32, line: u64) -> bool {
        let ix = self.nodes.len() as u32;
        let parent = self.open.last().copied().unwrap_or(NOBODY);
        if let Some(parent) = self.nodes.get_mut(parent as usize) {
            let before = std::mem::replace(&mut parent.last, ix);
            if before == NOBODY {
                parent.first = ix;
            } else if let Some(before) = self.nodes.get_mut(before as usize) {
                before.next = ix;
            }
        }
        let (attributes, text, numbers) = (self.attributes.len() as u32, self.text.len() as u32, self.numbers.len() as u32);
        self.nodes.push(Node {
            name,
            line: line.min(u64::from(u32::MAX)) as u32,
            parent,
            first: NOBODY,
            last: NOBODY,
            next: NOBODY,
            attributes: attributes..attributes,
            text: text..text,
            numbers: numbers..numbers,
        });
        self.open.push(ix);
        self.open.len() <= MAX_DEPTH
    }

    /// An attribute of the element begun last.
    pub fn attribute(&mut self, name: u32, value: &str) {
        let start = self.text.len() as u32;
        self.text.push_str(value);
        let end = self.text.len() as u32;
        self.attributes.push((name, start..end));
        if let Some(node) = self.nodes.last_mut() {
            node.attributes.end = self.attributes.len() as u32;
            node.text = end..end;
        }
    }

    /// Text inside the open element: numbers where it is a list of them.
    pub fn text(&mut self, text: &str, names: &Names) {
        let Some(node) = self.open.last().and_then(|ix| self.nodes.get_mut(*ix as usize)) else { return };
        if names.is_list(node.name) {
            let parts = text.split(|c: char| c.is_ascii_whitespace() || c == ',').filter(|part| !part.is_empty());
            // What is no number becomes NaN, and is told where its position is used.
            self.numbers.extend(parts.map(|part| part.parse().unwrap_or(f64::NAN)));
            node.numbers.end = self.numbers.len() as u32;
            return;
        }
        if text.bytes().all(|b| b.is_ascii_whitespace()) && node.text.is_empty() {
            return;
        }
        if node.text.end as usize != self.text.len() {
            // Children came between: the text before them moves to the end.
            let before = self.text.get(node.text.start as usize..node.text.end as usize).unwrap_or_default().to_owned();
            node.text.start = self.text.len() as u32;
            self.text.push_str(&before);
        }
        self.text.push_str(text);
        node.text.end = self.text.len() as u32;
    }

    /// Ends the open element; true where none is open any more.
    pub fn end(&mut self) -> bool {
        self.open.pop();
        self.open.is_empty()
    }

    /// Copies an element of another tree (with the same names) beside this one's own, where links find it.
    pub fn graft(&mut self, other: &Tree, ix: Ix) {
        let Some(node) = other.nodes.get(ix) else { return };
        self.begin(node.name, u64::from(node.line));
        let attributes = other.attributes.get(node.attributes.start as usize..node.attributes.end as usize).unwrap_or_default();
        for (name, value) in attributes {
            self.attribute(*name, other.text.get(value.start as usize..value.end as usize).unwrap_or_default());
        }
        let (text, numbers) = (other.own_text(ix), other.numbers(ix));
        let (text_start, numbers_start) = (self.text.len() as u32, self.numbers.len() as u32);
        self.text.push_str(text);
        self.numbers.extend_from_slice(numbers);
        if let Some(own) = self.nodes.last_mut() {
            own.text = text_start..text_start + text.len() as u32;
            own.numbers = numbers_start..numbers_start + numbers.len() as u32;
        }
        for child in other.children(ix) {
            self.graft(other, child);
        }
        self.end();
        self.indexed = false;
    }

    /// Bytes it holds: what bounds the members that wait for others.
    pub fn bytes(&self) -> usize {
        self.nodes.len() * size_of::<Node>() + self.text.len() + self.numbers.len() * 8 + self.attributes.len() * 12
    }

    // Reading.

    /// The children of a node in order.
    pub fn children(&self, ix: Ix) -> impl Iterator<Item = Ix> + '_ {
        let first = self.nodes.get(ix).map_or(NOBODY, |n| n.first);
        std::iter::successors(Some(first), |ix| self.nodes.get(*ix as usize).map(|n| n.next)).take_while(|ix| *ix != NOBODY).map(|ix| ix as Ix)
    }

    /// The node above.
    pub fn parent(&self, ix: Ix) -> Option<Ix> {
        self.nodes.get(ix).map(|n| n.parent).filter(|p| *p != NOBODY).map(|p| p as Ix)
    }

    /// Its name without prefix.
    pub fn local<'n>(&self, ix: Ix, names: &'n Names) -> &'n str {
        self.nodes.get(ix).map_or("", |n| names.local(n.name))
    }

    /// Its name with prefix.
    pub fn qualified<'n>(&self, ix: Ix, names: &'n Names) -> &'n str {
        self.nodes.get(ix).map_or("", |n| names.text(n.name))
    }

    /// The line its opening tag ends on.
    pub fn line(&self, ix: Ix) -> u64 {
        self.nodes.get(ix).map_or(0, |n| u64::from(n.line))
    }

    /// Its own text, trimmed.
    pub fn own_text(&self, ix: Ix) -> &str {
        let text = self.nodes.get(ix).and_then(|n| self.text.get(n.text.start as usize..n.text.end as usize));
        text.unwrap_or_default().trim()
    }

    /// The numbers of a list.
    pub fn numbers(&self, ix: Ix) -> &[f64] {
        self.nodes.get(ix).and_then(|n| self.numbers.get(n.numbers.start as usize..n.numbers.end as usize)).unwrap_or_default()
    }

    /// Its attributes: qualified name and value.
    pub fn attributes_of<'t>(&'t self, ix: Ix, names: &'t Names) -> impl Iterator<Item = (&'t str, &'t str)> + 't {
        let range = self.nodes.get(ix).map_or(0..0, |n| n.attributes.start as usize..n.attributes.end as usize);
        let all = self.attributes.get(range).unwrap_or_default();
        all.iter().map(|(name, value)| (names.text(*name), self.text.get(value.start as usize..value.end as usize).unwrap_or_default()))
    }

    /// An attribute by its local name.
    pub fn get<'t>(&'t self, ix: Ix, local: &str, names: &'t Names) -> Option<&'t str> {
        self.attributes_of(ix, names).find(|(name, _)| name.rsplit(':').next() == Some(local)).map(|(_, value)| value)
    }

    /// Its `gml:id`.
    pub fn id<'t>(&'t self, ix: Ix, names: &'t Names) -> Option<&'t str> {
        self.attributes_of(ix, names).find(|(name, value)| is_id(name) && !value.is_empty()).map(|(_, value)| value)
    }

    /// The id that its `xlink:href` names, where that is one inside the document.
    pub fn link<'t>(&'t self, ix: Ix, names: &'t Names) -> Option<&'t str> {
        self.get(ix, "href", names)?.trim().strip_prefix('#').filter(|id| !id.is_empty())
    }

    /// The first child of that local name.
    pub fn child(&self, ix: Ix, local: &str, names: &Names) -> Option<Ix> {
        self.children(ix).find(|child| self.local(*child, names) == local)
    }

    /// All nodes.
    pub fn all(&self) -> Range<Ix> {
        0..self.nodes.len()
    }

    /// Makes [`Tree::by_id`] ready.
    pub fn index(&mut self, names: &Names) {
        if !self.indexed {
            self.indexed = true;
            let mut ids = std::mem::take(&mut self.ids);
            ids.clear();
            let id = |(ix, node): (usize, &Node)| {
                let attributes = self.attributes.get(node.attributes.start as usize..node.attributes.end as usize)?;
                let (_, place) = attributes.iter().find(|(name, place)| is_id(names.text(*name)) && !place.is_empty())?;
                Some((hash(self.part(place)), place.clone(), ix as u32))
            };
            ids.extend(self.nodes.iter().enumerate().filter_map(id));
            ids.sort_unstable_by_key(|(hash, _, ix)| (*hash, *ix));
            self.ids = ids;
        }
    }

    /// The node of an id.
    pub fn by_id(&self, id: &str) -> Option<Ix> {
        let wanted = hash(id);
        let first = self.ids.partition_point(|(hash, ..)| *hash < wanted);
        let alike = self.ids.iter().skip(first).take_while(|(hash, ..)| *hash == wanted);
        alike.filter(|(_, place, _)| self.part(place) == id).last().map(|(.., ix)| *ix as Ix)
    }

    fn part(&self, place: &Range<u32>) -> &str {
        self.text.get(place.start as usize..place.end as usize).unwrap_or_default()
    }

    /// True where an element refers to another by `xlink:href="#…"`.
    pub fn has_links(&self, names: &Names) -> bool {
        self.attributes.iter().any(|(name, value)| {
            names.local(*name) == "href" && self.text.as_bytes().get(value.start as usize).is_some_and(|b| *b == b'#')
        })
    }
}

/// True for `gml:id` under any prefix.
fn is_id(name: &str) -> bool {
    name.strip_suffix("id").is_some_and(|prefix| prefix.is_empty() || prefix.ends_with(':'))
}

fn hash(text: &str) -> u64 {
    let mut hasher = FastHasher::default();
    hasher.write(text.as_bytes());
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_around_children_is_one_and_lists_are_numbers() {
        let (mut names, mut tree) = (Names::default(), Tree::default());
        let (a, b, list, id) = (names.number("x:a"), names.number("b"), names.number("gml:posList"), names.number("gml:id"));
        assert!(tree.begin(a, 1));
        tree.attribute(id, "one");
        tree.text(" be", &names);
        tree.begin(b, 2);
        tree.text("in", &names);
        tree.end();
        tree.text("fore ", &names);
        tree.begin(list, 3);
        tree.text("1 2.5,-3e2 x", &names);
        tree.end();
        assert!(tree.end());
        assert_eq!((tree.own_text(0), tree.own_text(1), tree.local(0, &names)), ("before", "in", "a"));
        assert_eq!(tree.children(0).collect::<Vec<_>>(), [1, 2]);
        assert_eq!(&tree.numbers(2)[..3], [1.0, 2.5, -300.0]);
        assert!(tree.numbers(2)[3].is_nan());
        tree.index(&names);
        assert_eq!((tree.by_id("one"), tree.id(0, &names), tree.parent(2)), (Some(0), Some("one"), Some(0)));
    }
}
