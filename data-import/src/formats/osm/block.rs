//! The elements of one unpacked block of a PBF: its table of texts, then groups of nodes, ways and relations.

use super::classify::{is_telling, is_told};
use super::model::{Chunk, Cursor, Fixed, Member, MemberKind, Pass, RawRelation, RawWay, Tags, fixed};
use super::wire::{Message, zigzag};
use qike_core::fast_map::FastMap;
use std::borrow::Cow;
use std::sync::Arc;

/// Which kinds of elements a block has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Holds {
    /// Nodes.
    pub nodes: bool,
    /// Ways or relations.
    pub shapes: bool,
}

impl Holds {
    /// True where a pass finds something in the block.
    pub fn is_wanted(self, pass: Pass<'_>) -> bool {
        match pass {
            Pass::Shapes => self.shapes,
            Pass::Nodes(_) => self.nodes,
        }
    }
}

/// A block whose texts are known.
pub struct Block<'a> {
    texts: Vec<Cow<'a, str>>,
    groups: Vec<&'a [u8]>,
    /// 1e-9 degrees in a unit of a coordinate, and longitude and latitude of its zero.
    granularity: i64,
    offset: [i64; 2],
}

/// Roles by their numbers in the table of texts: a few for all members.
type Roles = FastMap<u64, Arc<str>>;

const BROKEN: &str = "a block that cannot be decoded";

/// All fields of a message, each given to a function.
fn each<'a>(bytes: &'a [u8], mut take: impl FnMut(u32, super::wire::Value<'a>) -> Result<(), String>) -> Result<(), String> {
    let mut message = Message(bytes);
    while let Some((number, value)) = message.field().ok_or(BROKEN)? {
        take(number, value)?;
    }
    Ok(())
}

/// The fields that nodes, ways and relations share, and the numbered rest.
#[derive(Default)]
struct Parts<'a> {
    id: u64,
    keys: &'a [u8],
    values: &'a [u8],
    info: &'a [u8],
    /// Of the fields 8, 9 and 10.
    numbers: [u64; 2],
    rows: [&'a [u8]; 3],
}

impl<'a> Parts<'a> {
    fn of(bytes: &'a [u8]) -> Result<Self, String> {
        let mut parts = Self::default();
        each(bytes, |number, value| {
            match number {
                1 => parts.id = value.number(),
                2 => parts.keys = value.bytes(),
                3 => parts.values = value.bytes(),
                4 => parts.info = value.bytes(),
                8..=10 => {
                    parts.rows[number as usize - 8] = value.bytes();
                    if let Some(n) = parts.numbers.get_mut(number as usize - 8) {
                        *n = value.number();
                    }
                }
                _ => {}
            }
            Ok(())
        })?;
        Ok(parts)
    }

    /// False for what a file of history marks as deleted.
    fn is_visible(&self) -> Result<bool, String> {
        let mut visible = true;
        each(self.info, |number, value| {
            visible &= number != 6 || value.number() != 0;
            Ok(())
        })?;
        Ok(visible)
    }

    fn tags(&self) -> impl Iterator<Item = (u64, u64)> + Clone + 'a {
        Message(self.keys).numbers().zip(Message(self.values).numbers())
    }
}

impl<'a> Block<'a> {
    /// Finds a block's parts.
    pub fn read(plain: &'a [u8]) -> Result<Self, String> {
        let mut block = Self { texts: Vec::new(), groups: Vec::new(), granularity: 100, offset: [0; 2] };
        each(plain, |number, value| {
            match number {
                1 => {
                    return each(value.bytes(), |number, text| {
                        if number == 1 {
                            block.texts.push(String::from_utf8_lossy(text.bytes()));
                        }
                        Ok(())
                    });
                }
                2 => block.groups.push(value.bytes()),
                17 => block.granularity = value.number() as i64,
                19 => block.offset[1] = value.number() as i64,
                20 => block.offset[0] = value.number() as i64,
                _ => {}
            }
            Ok(())
        })?;
        Ok(block)
    }

    /// The elements that a pass wants, and which kinds there are.
    pub fn elements(&self, pass: Pass<'_>) -> Result<(Chunk, Holds), String> {
        let (mut chunk, mut holds) = (Chunk::default(), Holds::default());
        let mut cursor = match pass {
            Pass::Nodes(ids) => Some(Cursor::new(ids)),
            Pass::Shapes => None,
        };
        let mut roles = Roles::default();
        for group in &self.groups {
            each(group, |number, value| {
                holds.nodes |= matches!(number, 1 | 2);
                holds.shapes |= matches!(number, 3 | 4);
                match (number, &mut cursor) {
                    (1, Some(cursor)) => self.node(value.bytes(), cursor, &mut chunk)?,
                    (2, Some(cursor)) => self.dense(value.bytes(), cursor, &mut chunk)?,
                    (3, None) => chunk.ways.extend(self.way(value.bytes())?),
                    (4, None) => chunk.relations.extend(self.relation(value.bytes(), &mut roles)?),
                    _ => {}
                }
                Ok(())
            })?;
        }
        Ok((chunk, holds))
    }

    fn text(&self, index: u64) -> Result<&str, String> {
        let text = usize::try_from(index).ok().and_then(|index| self.texts.get(index));
        text.map(|text| &**text).ok_or_else(|| format!("string {index} is not in the block's table"))
    }

    fn tags(&self, pairs: impl Iterator<Item = (u64, u64)> + Clone) -> Result<Tags, String> {
        let (mut count, mut bytes) = (0, 0);
        for (key, value) in pairs.clone() {
            count += 1;
            bytes += self.text(key)?.len() + self.text(value)?.len();
        }
        let mut tags = Tags::with_capacity(count, bytes);
        for (key, value) in pairs {
            tags.push(self.text(key)?, self.text(value)?);
        }
        Ok(tags)
    }

    fn position(&self, lon: i64, lat: i64) -> Fixed {
        if self.granularity == 100 && self.offset == [0; 2] {
            return [lon, lat].map(|d| d.clamp(-2_147_483_647, 2_147_483_647) as i32);
        }
        let degrees = |n: usize, d: i64| self.offset[n].wrapping_add(self.granularity.wrapping_mul(d)) as f64 * 1e-9;
        fixed(degrees(0, lon), degrees(1, lat))
    }

    fn node(&self, bytes: &[u8], cursor: &mut Cursor<'_>, chunk: &mut Chunk) -> Result<(), String> {
        let parts = Parts::of(bytes)?;
        if parts.is_visible()? {
            let [lat, lon] = parts.numbers.map(zigzag);
            let tags = self.tags(parts.tags())?;
            chunk.node(zigzag(parts.id), self.position(lon, lat), Some(tags).filter(is_told), cursor);
        }
        Ok(())
    }

    /// Nodes by columns: ids, latitudes, longitudes, and the tags of all with a 0 after each node's.
    fn dense(&self, bytes: &[u8], cursor: &mut Cursor<'_>, chunk: &mut Chunk) -> Result<(), String> {
        let (mut ids, mut info, mut lats, mut lons, mut tags) = (Message(&[]), &[][..], Message(&[]), Message(&[]), Message(&[]));
        each(bytes, |number, value| {
            match number {
                1 => ids = Message(value.bytes()),
                5 => info = value.bytes(),
                8 => lats = Message(value.bytes()),
                9 => lons = Message(value.bytes()),
                10 => tags = Message(value.bytes()),
                _ => {}
            }
            Ok(())
        })?;
        let mut visible = Message(&[]);
        each(info, |number, value| {
            if number == 6 {
                visible = Message(value.bytes());
            }
            Ok(())
        })?;
        let mut visible = visible.numbers();
        for ((id, lat), lon) in ids.sums().zip(lats.sums()).zip(lons.sums()) {
            let is_visible = visible.next() != Some(0);
            let begin = tags;
            let mut any = false;
            while let Some(key) = tags.varint().filter(|key| *key != 0) {
                tags.varint().ok_or(BROKEN)?;
                any = any || is_telling(self.text(key)?);
            }
            if is_visible {
                let tags = any.then(|| self.tags(pairs(begin))).transpose()?;
                chunk.node(id, self.position(lon, lat), tags, cursor);
            }
        }
        Ok(())
    }

    fn way(&self, bytes: &[u8]) -> Result<Option<RawWay>, String> {
        let parts = Parts::of(bytes)?;
        if !parts.is_visible()? {
            return Ok(None);
        }
        Ok(Some(RawWay { id: parts.id as i64, refs: Message(parts.rows[0]).sums().collect(), tags: self.tags(parts.tags())? }))
    }

    fn relation(&self, bytes: &[u8], shared: &mut Roles) -> Result<Option<RawRelation>, String> {
        let parts = Parts::of(bytes)?;
        if !parts.is_visible()? {
            return Ok(None);
        }
        let [roles, ids, kinds] = parts.rows;
        let mut members = Vec::new();
        for ((role, id), kind) in Message(roles).numbers().zip(Message(ids).sums()).zip(Message(kinds).numbers()) {
            let kind = match kind {
                0 => MemberKind::Node,
                1 => MemberKind::Way,
                2 => MemberKind::Relation,
                other => return Err(format!("a relation's member of the kind {other}")),
            };
            let role = match shared.get(&role) {
                Some(known) => known.clone(),
                None => shared.entry(role).or_insert(self.text(role)?.into()).clone(),
            };
            members.push(Member { kind, id, role });
        }
        Ok(Some(RawRelation { id: parts.id as i64, tags: self.tags(parts.tags())?, members }))
    }
}

/// Keys and values up to the 0 that ends a node's.
fn pairs(mut tags: Message<'_>) -> impl Iterator<Item = (u64, u64)> + Clone {
    std::iter::from_fn(move || Some((tags.varint().filter(|key| *key != 0)?, tags.varint()?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
        [&[number << 3 | 2, bytes.len() as u8][..], bytes].concat()
    }

    fn table(texts: &[&str]) -> Vec<u8> {
        field(1, &texts.iter().flat_map(|t| field(1, t.as_bytes())).collect::<Vec<_>>())
    }

    #[test]
    fn nodes_by_columns_keep_their_own_tags() {
        // Ids 5, 6, 7; the second has tags, the third only a remark; the first is deleted.
        let dense = [
            field(1, &[10, 2, 2]), field(5, &field(6, &[0, 1, 1])), field(8, &[20, 2, 2]), field(9, &[40, 1, 2]),
            field(10, &[0, 1, 2, 0, 3, 4, 0]),
        ];
        let plain = [table(&["", "highway", "crossing", "source", "survey"]), field(2, &field(2, &dense.concat()))].concat();
        let block = Block::read(&plain).unwrap();
        let (chunk, _) = block.elements(Pass::Nodes(&[5, 6, 7])).unwrap();
        assert_eq!(chunk.positions, [(1, [19, 11]), (2, [20, 12])]);
        assert_eq!(chunk.nodes.len(), 1);
        assert_eq!((chunk.nodes[0].id, chunk.nodes[0].at, chunk.nodes[0].tags.get("highway")), (6, [19, 11], Some("crossing")));
        assert_eq!(block.elements(Pass::Shapes).unwrap().1, Holds { nodes: true, shapes: false });
    }

    #[test]
    fn ways_relations_and_a_coarser_grid() {
        let way = [vec![8, 9], field(2, &[1]), field(3, &[2]), field(8, &[2, 2, 1])].concat();
        let relation = [vec![8, 3], field(2, &[1]), field(3, &[2]), field(8, &[2]), field(9, &[18]), field(10, &[1])].concat();
        let node = [vec![8, 4], field(2, &[1]), field(3, &[2]), vec![64, 2, 72, 4]].concat();
        let groups = [field(3, &way), field(4, &relation), field(1, &node)].concat();
        let plain = [table(&["", "k", "v"]), field(2, &groups), vec![0x88, 1, 0xe8, 7]].concat();
        let block = Block::read(&plain).unwrap();
        let (chunk, holds) = block.elements(Pass::Shapes).unwrap();
        assert_eq!((chunk.ways[0].id, chunk.ways[0].refs.as_slice(), chunk.ways[0].tags.get("k")), (9, &[1, 2, 1][..], Some("v")));
        let member = &chunk.relations[0].members[0];
        assert_eq!((chunk.relations[0].id, member.id, member.kind, &*member.role), (3, 9, MemberKind::Way, "v"));
        assert_eq!(holds, Holds { nodes: true, shapes: true });
        // 1000e-9 degrees a unit: one unit of latitude is ten of ours.
        assert_eq!(block.elements(Pass::Nodes(&[])).unwrap().0.nodes[0].at, [20, 10]);
        let short = table(&["k"]);
        let bad = [short, field(2, &field(3, &way))].concat();
        assert!(Block::read(&bad).unwrap().elements(Pass::Shapes).err().unwrap().contains("string 1"));
    }
}
