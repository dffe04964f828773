//! Maps whose keys come in the same order again and again, as the attributes of buildings do: the map of the last time is copied and
//! its values replaced, which spares hashing every key.

use qike_scene::{Attributes, Value};

/// Orders of keys that are remembered, and keys in one.
const SHAPES: usize = 32;
const KEYS: usize = 256;

/// Known orders of keys.
#[derive(Default)]
pub struct Maps {
    shapes: Vec<Shape>,
    /// The shape to replace next.
    oldest: usize,
    /// The shape that fitted last.
    last: usize,
    /// Values of maps that are still being read, one map's after the other's.
    values: Vec<Value>,
}

/// Keys in their order, and a map of them with nothing in it.
struct Shape {
    keys: Vec<Box<str>>,
    map: Attributes,
}

/// A map that is being read.
pub struct Draft {
    /// The shape that its keys have had so far.
    shape: Option<usize>,
    /// How many keys came.
    count: usize,
    /// Where its values begin.
    first: usize,
    /// The map itself, once no shape fits; the key whose value comes next.
    own: Option<(Attributes, String)>,
}

impl Maps {
    /// Forgets the values of maps that could not be read to their end.
    pub fn forget_drafts(&mut self) {
        self.values.clear();
    }

    /// Begins a map.
    pub fn begin(&self) -> Draft {
        Draft { shape: None, count: 0, first: self.values.len(), own: None }
    }

    /// Takes the next key.
    pub fn key(&mut self, draft: &mut Draft, key: &str) {
        let count = draft.count;
        draft.count += 1;
        if let Some((_, next)) = &mut draft.own {
            next.clear();
            next.push_str(key);
            return;
        }
        let fits = |shape: &Shape| shape.keys.get(count).is_some_and(|k| **k == *key);
        let now = if count == 0 { Some(self.last) } else { draft.shape };
        if now.and_then(|at| self.shapes.get(at)).is_some_and(fits) {
            draft.shape = now;
            return;
        }
        let before = draft.shape.and_then(|at| self.shapes.get(at)?.keys.get(..count)).unwrap_or_default();
        match self.shapes.iter().position(|shape| fits(shape) && shape.keys.starts_with(before)) {
            Some(other) => draft.shape = Some(other),
            None => draft.own = Some((self.spell_out(draft, count), key.to_owned())),
        }
    }

    /// Takes the value of the key that came last.
    pub fn value(&mut self, draft: &mut Draft, value: Value) {
        match &mut draft.own {
            Some((map, key)) => drop(map.insert(std::mem::take(key), value)),
            None => self.values.push(value),
        }
    }

    /// The map.
    pub fn finish(&mut self, draft: Draft) -> Attributes {
        let Draft { count, own, first, shape } = draft;
        if let Some((map, _)) = own {
            self.remember(&map, count);
            return map;
        }
        if count == 0 {
            return Attributes::new();
        }
        let keys = shape.and_then(|at| self.shapes.get(at)?.keys.get(..count)).unwrap_or_default();
        match self.shapes.iter().skip(shape.unwrap_or(0)).position(|shape| shape.keys.as_slice() == keys) {
            Some(after) => {
                self.last = after + shape.unwrap_or(0);
                let mut map = self.shapes[self.last].map.clone();
                map.values_mut().zip(self.values.drain(first..)).for_each(|(slot, value)| *slot = value);
                map
            }
            None => {
                let map = self.spell_out(&Draft { count, own: None, first, shape }, count);
                self.remember(&map, count);
                map
            }
        }
    }

    /// The first keys and values of a draft as a map of their own.
    fn spell_out(&mut self, draft: &Draft, count: usize) -> Attributes {
        let keys = draft.shape.and_then(|at| self.shapes.get(at)?.keys.get(..count)).unwrap_or_default();
        keys.iter().map(|key| String::from(&**key)).zip(self.values.drain(draft.first..)).collect()
    }

    /// Keeps the order of a map's keys, unless keys were repeated or there are very many.
    fn remember(&mut self, map: &Attributes, count: usize) {
        if map.len() != count || count > KEYS {
            return;
        }
        let shape = Shape {
            keys: map.keys().map(|key| key.as_str().into()).collect(),
            map: map.keys().map(|key| (key.clone(), Value::Null)).collect(),
        };
        if self.shapes.len() < SHAPES {
            self.last = self.shapes.len();
            self.shapes.push(shape);
        } else {
            self.last = self.oldest;
            self.shapes[self.oldest] = shape;
            self.oldest = (self.oldest + 1) % SHAPES;
        }
    }
}
