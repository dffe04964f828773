//! Maps whose keys come in the same order again and again, as the attributes of buildings do: the map of the last time is copied and
//! its values replaced, which spares hashing every key.

use super::json::owned;
use qike_scene::{Attributes, Value};
use std::rc::Rc;

/// Orders of keys that are remembered, and keys in one.
const SHAPES: usize = 32;
const KEYS: usize = 256;

/// Known orders of keys.
#[derive(Default)]
pub struct Maps {
    shapes: Vec<Rc<Shape>>,
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
    /// A shape whose first keys its keys are; it may be forgotten meanwhile, as maps in maps are remembered.
    shape: Option<Rc<Shape>>,
    /// How many keys came.
    count: usize,
    /// Where its values begin.
    first: usize,
    /// The map itself, once no shape fits; the key whose value comes next.
    own: Option<(Attributes, String)>,
}

impl Draft {
    /// Its first keys, as far as a shape has them.
    fn keys(&self, count: usize) -> &[Box<str>] {
        self.shape.as_ref().and_then(|shape| shape.keys.get(..count)).unwrap_or_default()
    }
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
    pub fn key(&mut self, draft: &mut Draft, key: &[u8]) {
        let count = draft.count;
        draft.count += 1;
        if let Some((_, next)) = &mut draft.own {
            *next = owned(key);
            return;
        }
        let fits = |shape: &Shape| shape.keys.get(count).is_some_and(|k| k.as_bytes() == key);
        if draft.shape.as_ref().is_some_and(|shape| fits(shape)) {
            return;
        }
        let likely = self.shapes.get(self.last).filter(|shape| count == 0 && fits(shape));
        let before = draft.keys(count);
        match likely.or_else(|| self.shapes.iter().find(|shape| fits(shape) && shape.keys.starts_with(before))) {
            Some(other) => draft.shape = Some(Rc::clone(other)),
            None => draft.own = Some((self.spell_out(draft, count), owned(key))),
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
        let count = draft.count;
        if let Some((map, _)) = draft.own {
            self.remember(&map, count);
            return map;
        }
        if count == 0 {
            return Attributes::new();
        }
        // The shape it followed, or a shorter one that ends here.
        let whole = draft.shape.as_ref().filter(|shape| shape.keys.len() == count);
        let known = match whole {
            Some(shape) => Some(Rc::clone(shape)),
            None => self.shapes.iter().find(|shape| shape.keys == draft.keys(count)).cloned(),
        };
        match known {
            Some(shape) => {
                if !self.shapes.get(self.last).is_some_and(|last| Rc::ptr_eq(last, &shape)) {
                    self.last = self.shapes.iter().position(|known| Rc::ptr_eq(known, &shape)).unwrap_or(self.last);
                }
                let mut map = shape.map.clone();
                map.values_mut().zip(self.values.drain(draft.first..)).for_each(|(slot, value)| *slot = value);
                map
            }
            None => {
                let map = self.spell_out(&draft, count);
                self.remember(&map, count);
                map
            }
        }
    }

    /// The first keys and values of a draft as a map of their own.
    fn spell_out(&mut self, draft: &Draft, count: usize) -> Attributes {
        draft.keys(count).iter().map(|key| String::from(&**key)).zip(self.values.drain(draft.first..)).collect()
    }

    /// Keeps the order of a map's keys, unless keys were repeated or there are very many.
    fn remember(&mut self, map: &Attributes, count: usize) {
        if map.len() != count || count > KEYS {
            return;
        }
        let shape = Rc::new(Shape {
            keys: map.keys().map(|key| key.as_str().into()).collect(),
            map: map.keys().map(|key| (key.clone(), Value::Null)).collect(),
        });
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
