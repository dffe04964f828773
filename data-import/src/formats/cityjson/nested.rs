//! The nested arrays of vertex numbers that geometries are, flat.
//!
//! The depth of `boundaries` is fixed by the geometry's type, which may stand after them in the file, so arrays are read
//! without knowing it: for every depth the ends of its arrays are kept, and the depth where numbers lie.

use super::arrays::{Arrays, DEPTHS};
use qike_scene::Value;
use qike_scene::geometry::NONE;

/// A nested array of vertex numbers, flat.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Nested {
    /// All numbers in order; one that is no vertex number is [`NONE`].
    pub indices: Vec<u32>,
    /// For each depth from the outermost, where each of its arrays ends in the next depth (or in `indices`).
    pub ends: [Vec<u32>; DEPTHS],
    /// The depth whose arrays hold the numbers; `None` while there was no number.
    pub leaf: Option<usize>,
    /// Something is not a nested array of one depth: text, mixed depths, too deep.
    pub malformed: bool,
}

impl Arrays for Nested {
    fn open(&mut self, depth: usize) -> bool {
        self.leaf.is_none_or(|leaf| depth <= leaf)
    }

    fn close(&mut self, depth: usize) {
        let end = match self.leaf {
            Some(leaf) if leaf == depth => self.indices.len(),
            _ => self.ends.get(depth + 1).map_or(0, Vec::len),
        };
        self.ends[depth].push(end as u32);
    }

    fn numbers(&mut self, depth: usize) -> Option<&mut Vec<u32>> {
        let around = depth.checked_sub(1)?;
        (*self.leaf.get_or_insert(around) == around).then_some(&mut self.indices)
    }

    fn null(&mut self, _: usize) -> bool {
        false
    }

    fn clear(&mut self) {
        self.indices.clear();
        self.ends.iter_mut().for_each(Vec::clear);
        (self.leaf, self.malformed) = (None, false);
    }

    fn general(&mut self, value: &Value, depth: usize) {
        match value {
            Value::Number(number) => {
                let number = number.as_f64().filter(|n| n.fract() == 0.0 && (0.0..f64::from(u32::MAX)).contains(n)).map_or(NONE, |n| n as u32);
                self.malformed |= self.numbers(depth).is_none();
                self.indices.push(number);
            }
            Value::Array(entries) if depth < DEPTHS && self.open(depth) => {
                entries.iter().for_each(|entry| self.general(entry, depth + 1));
                self.close(depth);
            }
            _ => self.malformed = true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use super::super::arrays::read as read_arrays;
    use super::super::json::Json;
    use super::super::maps::Maps;
    use super::super::values::Values;

    /// As it is read; `None` where it is no JSON.
    fn quick<A: Arrays + Default>(text: &str) -> Option<A> {
        let (mut into, mut maps) = (A::default(), Maps::default());
        let mut json = Json::new(text.as_bytes(), &mut maps);
        read_arrays(&mut json, &mut into).ok()?;
        json.is_over().then_some(into)
    }

    /// As the general reader has it.
    fn general<A: Arrays + Default>(text: &str) -> Option<A> {
        let mut into = A::default();
        into.general(&serde_json::from_str(text).ok()?, 0);
        Some(into)
    }

    fn read(text: &str) -> Nested {
        quick(text).unwrap()
    }

    #[test]
    fn a_solid_becomes_flat() {
        let n = read("[[[[0,1,2],[3,4,5]],[[6,7,8]]],[[[9,10,11]]]]");
        assert_eq!(n.leaf, Some(3));
        assert_eq!(n.indices.len(), 12);
        assert_eq!(n.ends[3], [3, 6, 9, 12], "rings");
        assert_eq!(n.ends[2], [2, 3, 4], "surfaces");
        assert_eq!(n.ends[1], [2, 3], "shells");
        assert_eq!(n.ends[0], [2], "the solid");
        assert!(!n.malformed);
    }

    #[test]
    fn empty_arrays_keep_their_place() {
        let n = read("[[],[[0,1,2]],[]]");
        assert_eq!((n.leaf, n.malformed), (Some(2), false));
        assert_eq!(n.ends[1], [0, 1, 1]);
        assert_eq!(read("[]").leaf, None);
    }

    #[test]
    fn the_quick_way_reads_the_same() {
        for text in [
            "[[[[0,1,2],[3,4,5]],[[6,7,8]]],[[[9,10,11]]]]", "[[],[[0,1,2]],[]]", "[]", "[ [ 1 , 2 ] ]", "[[0,1],2]", "[1,[2]]", "[-1,1.5,99999999999,2.0]", "[null]",
            "[[[[[[[[1]]]]]]]]", "[[{}]]", "[\"x\"]", "[4294967295]", "[4294967294,4294967293,4294967292]", "[0,10,100]", "[[0,null],[1]]", "[[null],null,[[2]]]",
            "7", "null", "\"x\"", "[1e2,3]", "[true]", "[00]", "[12345678901234567890123]", "[[[[[[1]]]]],[]]",
            "[1,]", "[,1]", "[1 2]", "[01]", "[1", "1]", "[nul]", "[1,,2]", "[[1][2]]", "[][]", "[[1,2]", "[1,2,", "[nullnull]", "[1null]", "[null1]", "[1.]", "[-]", "[1}",
        ] {
            assert_eq!(quick::<Nested>(text), general::<Nested>(text), "{text}");
            assert_eq!(quick::<Values>(text), general::<Values>(text), "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_array_is_read_alike(text in "\\[[\\[\\],0-9n .-]{0,12}(null|[0-9]{1,11})?[\\[\\], ]{0,6}\\]") {
            proptest::prop_assert_eq!(quick::<Nested>(&text), general::<Nested>(&text));
            proptest::prop_assert_eq!(quick::<Values>(&text), general::<Values>(&text));
        }
    }

    #[test]
    fn nonsense_is_marked_and_never_fatal() {
        for text in ["[1,[2]]", "\"x\"", "5", "[[0,1],2]", "[null]", "{\"a\":1}", "[[[[[[[[1]]]]]]]]", "[[{}]]"] {
            assert!(read(text).malformed, "{text}");
        }
        assert_eq!(read("[-1, 1.5, 99999999999, 2.0]").indices, [NONE, NONE, NONE, 2]);
    }

    #[test]
    fn values_follow_the_shells() {
        let values = |text: &str| quick::<Values>(text).unwrap();
        let shells: &[u32] = &[2, 3];
        assert_eq!(values("[[0,null],[1]]").flatten(3, &[shells]), Some(vec![0, NONE, 1]));
        assert_eq!(values("[[0,1],null]").flatten(3, &[shells]), Some(vec![0, 1, NONE]));
        assert_eq!(values("[0,1,2]").flatten(3, &[]), Some(vec![0, 1, 2]));
        assert_eq!(values("null").flatten(2, &[]), Some(vec![NONE; 2]));
        assert_eq!(values("7").flatten(2, &[shells]), Some(vec![7, 7]));
        assert_eq!(values("[0,1,2]").flatten(3, &[shells]), None, "one level too few");
        assert_eq!(values("[0,1,2,3]").flatten(3, &[]), None, "too many");
        let rings = |text: &str, count: usize, groups: &[&[u32]]| -> Option<Vec<Vec<u32>>> {
            Some(values(text).rings(count, groups)?.into_iter().map(<[u32]>::to_vec).collect())
        };
        let surfaces: &[u32] = &[1, 3];
        assert_eq!(rings("[[[0,10,11,12]],[[null],[1,5,6,7]]]", 3, &[surfaces]), Some(vec![vec![0, 10, 11, 12], vec![NONE], vec![1, 5, 6, 7]]));
        assert_eq!(rings("[[[[0,1,2,3]],null]]", 3, &[surfaces, &[2]]), Some(vec![vec![0, 1, 2, 3], vec![], vec![]]));
        assert_eq!(rings("[[0,1,2,3]]", 1, &[&[1]]), None, "a level too few");
        assert_eq!(rings("[[[0]],[[0]],[[0]]]", 3, &[surfaces]), None, "too many surfaces");
        assert_eq!(values("[[[0,1]],[[2]]]").flatten(3, &[shells, &[1, 2]]), Some(vec![0, 1, 2]));
    }
}
