//! Questions to a store: which objects lie here, are of this class, have these attributes.

use crate::error::{At, StoreError};
use crate::hit::Hit;
use crate::read::ObjectKey;
use crate::schema;
use crate::store::SceneStore;
use crate::{codec, filters, terms};
use qike_core::{Bounds2, Bounds3};
use qike_scene::{Attributes, Class, Value};
use rusqlite::{OptionalExtension, params};

/// SQLite's R*-tree keeps 32 bits of a coordinate, rounded outwards: this share of a coordinate covers that rounding.
const ROUNDING: f64 = 5e-7;

/// What to look for; every part that is given must hold.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Query {
    /// Of this class.
    pub class: Option<Class>,
    /// With this id; `*` stands for any text.
    pub id: Option<String>,
    /// Whose plan comes as near as this (metres) to a position in the store's CRS; sorted by distance.
    pub near: Option<([f64; 2], f64)>,
    /// Whose box meets this one.
    pub bbox: Option<Bounds2>,
    /// Whose box meets these heights: least and greatest.
    pub heights: Option<[f64; 2]>,
    /// With these attributes. Keys: `name`, `parent`, `lod`, else an attribute, also inside a map as `Pset_DoorCommon.FireRating`.
    pub conditions: Vec<(String, String)>,
    /// At most so many.
    pub limit: Option<usize>,
    /// Do without the plans of what is found.
    pub without_plan: bool,
}

impl SceneStore {
    /// Objects whose box meets the window in plan, rising. Exact in f64.
    pub fn window(&self, window: &Bounds2) -> Result<Vec<ObjectKey>, StoreError> {
        self.window3(&Bounds3 {
            min: [window.min[0], window.min[1], f64::NEG_INFINITY],
            max: [window.max[0], window.max[1], f64::INFINITY],
        })
    }

    /// Objects whose box meets the window in space, rising. Exact in f64: the R*-tree's candidates that meet the window by
    /// less than its rounding are looked up.
    pub fn window3(&self, window: &Bounds3) -> Result<Vec<ObjectKey>, StoreError> {
        let mut found = Vec::new();
        let mut statement = self
            .conn
            .prepare_cached("SELECT oid, minx, maxx, miny, maxy, minz, maxz FROM qike_rtree WHERE maxx >= ?1 AND minx <= ?2 AND maxy >= ?3 AND miny <= ?4 AND maxz >= ?5 AND minz <= ?6")
            .at(&self.path)?;
        let (min, max) = (window.min, window.max);
        let mut rows = statement.query(params![min[0], max[0], min[1], max[1], min[2], max[2]]).at(&self.path)?;
        while let Some(row) = rows.next().at(&self.path)? {
            let key = ObjectKey(row.get(0).at(&self.path)?);
            let mut certain = true;
            for axis in 0..3 {
                let low: f64 = row.get(1 + 2 * axis).at(&self.path)?;
                let high: f64 = row.get(2 + 2 * axis).at(&self.path)?;
                certain &= low + low.abs() * ROUNDING <= max[axis] && high - high.abs() * ROUNDING >= min[axis];
            }
            if certain || self.bounds_of(key)?.is_some_and(|b| b.intersects(window)) {
                found.push(key);
            }
        }
        found.sort_unstable();
        Ok(found)
    }

    /// The exact box around an object; `None` where it has no geometry.
    pub fn bounds_of(&self, key: ObjectKey) -> Result<Option<Bounds3>, StoreError> {
        let row = self
            .conn
            .prepare_cached("SELECT minx, miny, minz, maxx, maxy, maxz FROM qike_object WHERE oid = ?1 AND minx NOT NULL")
            .and_then(|mut s| {
                s.query_row([key.0], |r| Ok(Bounds3 { min: [r.get(0)?, r.get(1)?, r.get(2)?], max: [r.get(3)?, r.get(4)?, r.get(5)?] })).optional()
            });
        row.at(&self.path)
    }

    /// All ids, sorted.
    pub fn ids(&self) -> Result<Vec<String>, StoreError> {
        let mut statement = self.conn.prepare("SELECT id FROM qike_object ORDER BY id").at(&self.path)?;
        statement.query_map([], |r| r.get(0)).and_then(Iterator::collect).at(&self.path)
    }

    /// What a query finds: sorted by distance, where it asks for nearness, else by id.
    pub fn find(&self, query: &Query) -> Result<Vec<Hit>, StoreError> {
        let mut keys = self.candidates(query)?;
        keys.sort_unstable();
        let mut hits = self.hits(&keys, query)?;
        if let Some((at, metres)) = query.near {
            hits.retain_mut(|hit| {
                hit.distance_m = hit.plan.distance_to(at);
                hit.distance_m.is_some_and(|d| d <= metres)
            });
        }
        if !query.conditions.is_empty() {
            hits.retain(|hit| fits(hit, &query.conditions));
        }
        hits.sort_by(|a, b| {
            let distance = |h: &Hit| h.distance_m.unwrap_or(0.0);
            distance(a).total_cmp(&distance(b)).then_with(|| a.id.cmp(&b.id))
        });
        hits.truncate(query.limit.unwrap_or(usize::MAX));
        Ok(hits)
    }

    /// Numbers of objects among which all hits are.
    fn candidates(&self, query: &Query) -> Result<Vec<ObjectKey>, StoreError> {
        let near = query.near.map(|(at, m)| Bounds2 { min: at.map(|c| c - m), max: at.map(|c| c + m) });
        let [low, high] = query.heights.unwrap_or([f64::NEG_INFINITY, f64::INFINITY]);
        let inside = |b: Bounds2| Bounds3 { min: [b.min[0], b.min[1], low], max: [b.max[0], b.max[1], high] };
        let everywhere = Bounds2 { min: [f64::NEG_INFINITY; 2], max: [f64::INFINITY; 2] };
        let bbox = query.bbox.or(query.heights.map(|_| everywhere)).map(inside);
        match (&query.id, near.map(inside).or(bbox)) {
            (Some(id), _) if !id.contains('*') => {
                let key = self.key_of(id)?.into_iter();
                let inside = |key: &ObjectKey| match &bbox {
                    Some(bbox) => self.bounds_of(*key).map(|b| b.is_some_and(|b| b.intersects(bbox))),
                    None => Ok(true),
                };
                key.filter_map(|k| inside(&k).map(|yes| yes.then_some(k)).transpose()).collect()
            }
            (pattern, Some(window)) => {
                let mut keys = self.window3(&window)?;
                if let (Some(_), Some(bbox)) = (near, &bbox) {
                    let in_bbox = self.window3(bbox)?;
                    keys.retain(|k| in_bbox.binary_search(k).is_ok());
                }
                if let Some(pattern) = pattern {
                    let named = self.like(pattern, query.class)?;
                    keys.retain(|k| named.binary_search(k).is_ok());
                }
                Ok(keys)
            }
            (None, None) => match self.by_attributes(query)? {
                Some(keys) => Ok(keys),
                None => self.like("*", query.class),
            },
            (Some(pattern), None) => self.like(pattern, query.class),
        }
    }

    /// Numbers of objects that may have the attributes asked for, rising; `None` where the store cannot tell quickly.
    fn by_attributes(&self, query: &Query) -> Result<Option<Vec<ObjectKey>>, StoreError> {
        let asked: Vec<Vec<u64>> = query.conditions.iter().filter_map(|(key, value)| terms::wanted(key, value)).collect();
        if asked.is_empty() {
            return Ok(None);
        }
        let found = filters::candidates(&self.conn, &asked).at(&self.path)?;
        let classes = match query.class {
            Some(class) => vec![class],
            None => schema::tables(&self.conn).at(&self.path)?,
        };
        let mut keys: Vec<ObjectKey> = found.objects.into_iter().map(ObjectKey).collect();
        for class in classes {
            let sql = format!(r#"SELECT fid, attributes FROM "{}" WHERE fid BETWEEN ?1 AND ?2"#, schema::table_name(class));
            // A class that the store has never had has no table.
            let Ok(mut statement) = self.conn.prepare_cached(&sql) else { continue };
            for range in &found.untold {
                let mut rows = statement.query([range.start(), range.end()]).at(&self.path)?;
                while let Some(row) = rows.next().at(&self.path)? {
                    let text = row.get_ref(1).at(&self.path)?.as_str().unwrap_or_default();
                    if query.conditions.iter().all(|(key, value)| may_say(text, key, value)) {
                        keys.push(ObjectKey(row.get(0).at(&self.path)?));
                    }
                }
            }
        }
        keys.sort_unstable();
        Ok(Some(keys))
    }

    /// Numbers of objects whose id has that form, rising.
    fn like(&self, pattern: &str, class: Option<Class>) -> Result<Vec<ObjectKey>, StoreError> {
        // Only `*` is special to us; SQLite's GLOB also knows `?` and `[`.
        let glob: String = pattern.chars().map(|c| if matches!(c, '?' | '[') { format!("[{c}]") } else { c.to_string() }).collect();
        let mut statement = self
            .conn
            .prepare_cached("SELECT oid FROM qike_object WHERE (?1 = '*' OR id GLOB ?1) AND (?2 IS NULL OR class = ?2) ORDER BY oid")
            .at(&self.path)?;
        statement.query_map(params![glob, class.map(Class::number)], |r| r.get(0).map(ObjectKey)).and_then(Iterator::collect).at(&self.path)
    }
}

/// True where a hit says all of that of itself: texts are compared as they are, numbers by value.
fn fits(hit: &Hit, conditions: &[(String, String)]) -> bool {
    let mut read = None;
    conditions.iter().all(|(key, wanted)| match key.as_str() {
        "lod" => hit.lods.iter().any(|l| l == wanted),
        "parent" => hit.parent.as_deref() == Some(wanted),
        "name" if hit.name.as_deref() == Some(wanted) => true,
        _ if !may_say(hit.attributes.as_str(), key, wanted) => false,
        _ => lookup(read.get_or_insert_with(|| hit.attributes.read()), key).is_some_and(|value| equals(value, wanted)),
    })
}

/// Whether attributes as JSON text may have a value of that kind for a key: quick, and true where only reading them wholly can tell.
fn may_say(text: &str, key: &str, wanted: &str) -> bool {
    if matches!(key, "name" | "parent" | "lod") || key.contains(['.', '"', '\\']) || text.contains("\\u") {
        return true;
    }
    let number = wanted.trim().parse::<f64>().ok();
    let quoted = codec::text(wanted);
    text.match_indices(key).any(|(at, _)| {
        if !text[..at].ends_with('"') {
            return false;
        }
        let after = text[at + key.len()..].strip_prefix('"').map(|rest| rest.trim_start().strip_prefix(':'));
        let Some(Some(value)) = after else { return false };
        let value = value.trim_start();
        match value.as_bytes().first() {
            // A text with escapes may say the same in another spelling.
            Some(b'"') => value.starts_with(&quoted) || value[1..].split('"').next().is_some_and(|text| text.contains('\\')),
            Some(b'-' | b'0'..=b'9') => {
                let end = value.find([',', '}', ']', ' ', '\n', '\r', '\t']).unwrap_or(value.len());
                number.is_some() && value[..end].parse::<f64>().ok() == number
            }
            _ => true,
        }
    })
}

/// An attribute by its key, or by a path through maps; keys may themselves have dots.
fn lookup<'a>(map: &'a Attributes, path: &str) -> Option<&'a Value> {
    map.get(path).or_else(|| {
        path.match_indices('.').find_map(|(dot, _)| lookup(map.get(&path[..dot])?.as_object()?, &path[dot + 1..]))
    })
}

fn equals(value: &Value, wanted: &str) -> bool {
    match value {
        Value::String(text) => text == wanted,
        Value::Number(number) => wanted.trim().parse::<f64>().is_ok_and(|w| number.as_f64() == Some(w)),
        Value::Bool(flag) => wanted == flag.to_string(),
        Value::Null => wanted.is_empty() || wanted == "null",
        Value::Array(items) => items.iter().any(|item| equals(item, wanted)),
        Value::Object(map) => codec::json(map) == wanted,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quick_look_at_the_text_misses_nothing() {
        let text = r#"{"a":1.50,"b": "x" , "c":[1],"d":{"e":2},"f":"say \"hi\"","a2":7,"xa":8}"#;
        for (key, value, may) in [
            ("a", "1.5", true), ("a", "7", false), ("a", "8", false), ("b", "x", true), ("b", "y", false), ("c", "9", true), ("d", "{}", true), ("e", "2", true),
            ("f", "say \"hi\"", true), ("missing", "1", false), ("d.e", "3", true), ("name", "x", true), ("a2", "7", true), ("b", "1", false),
        ] {
            assert_eq!(may_say(text, key, value), may, "{key}={value}");
        }
        assert!(may_say(r#"{"\u0061":1}"#, "a", "1"));
    }

    #[test]
    fn attributes_are_found_by_path_and_compared_by_value() {
        let map: Attributes =
            serde_json::from_str(r#"{"addr:city":"上海","a.b":1,"Pset":{"Fire.Rating":"EI30","n":{"deep":true}},"list":[3,"x"]}"#).unwrap();
        for (path, value) in [("addr:city", "上海"), ("a.b", "1.0"), ("Pset.Fire.Rating", "EI30"), ("Pset.n.deep", "true"), ("list", "3")] {
            assert!(lookup(&map, path).is_some_and(|v| equals(v, value)), "{path}");
        }
        assert!(lookup(&map, "Pset.none").is_none() && lookup(&map, "").is_none());
        assert!(!equals(&Value::from("1"), "1.0"));
    }
}
