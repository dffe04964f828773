//! What a query gives: rows of objects, read in runs of neighbouring numbers.
//!
//! Objects that lie together have numbers that lie together, so the hits of a window are a few runs. A run is one statement that walks
//! along both tables; a statement for each object took four times as long. Attributes stay the text they are in the store until asked
//! for, plans are only read where they are wanted.

use crate::error::{At, StoreError};
use crate::footprint::Footprint;
use crate::query::Query;
use crate::read::ObjectKey;
use crate::schema;
use crate::store::{SceneStore, lods_of};
use crate::{codec, gpb};
use qike_core::Bounds3;
use qike_scene::{Attributes, Class};
use rusqlite::Row;
use std::collections::BTreeMap;

/// Numbers that are missing within a run: stepping over a row takes less than beginning anew.
const GAP: i64 = 4;

/// An object that was found, without its 3D geometry.
#[derive(Clone, Debug, PartialEq)]
pub struct Hit {
    /// Its number.
    pub key: ObjectKey,
    /// Its id.
    pub id: String,
    /// Its class.
    pub class: Class,
    /// Its name.
    pub name: Option<String>,
    /// What it is part of.
    pub parent: Option<String>,
    /// Its levels of detail, rising.
    pub lods: Vec<String>,
    /// The number of its source.
    pub source: u32,
    /// Box around its geometry; `None` without.
    pub bounds: Option<Bounds3>,
    /// Its plan; [`Footprint::None`] where the query does without.
    pub plan: Footprint,
    /// Its attributes.
    pub attributes: AttributeText,
    /// Metres from the position that was asked for.
    pub distance_m: Option<f64>,
}

/// Attributes as they stand in the store: the text of a JSON object.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AttributeText(String);

impl AttributeText {
    /// The text; another program may have put there what is no JSON.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The attributes; none where the text is no JSON object.
    pub fn read(&self) -> Attributes {
        serde_json::from_str(&self.0).unwrap_or_default()
    }
}

impl From<&Attributes> for AttributeText {
    fn from(attributes: &Attributes) -> Self {
        Self(codec::json(attributes))
    }
}

impl SceneStore {
    /// The objects of these numbers, which rise, in no order: those of the query's class whose features no other program removed.
    pub(crate) fn hits(&self, keys: &[ObjectKey], query: &Query) -> Result<Vec<Hit>, StoreError> {
        let mut by_class: BTreeMap<Class, Vec<i64>> = BTreeMap::new();
        match query.class {
            Some(class) => {
                by_class.insert(class, keys.iter().map(|key| key.0).collect());
            }
            None => {
                let all: Vec<i64> = keys.iter().map(|key| key.0).collect();
                let mut statement = self.conn.prepare_cached("SELECT oid, class FROM qike_object WHERE oid BETWEEN ?1 AND ?2").at(&self.path)?;
                for run in runs(&all) {
                    let mut wanted = run.iter().copied().peekable();
                    let mut rows = statement.query(ends(run)).at(&self.path)?;
                    while let Some(row) = rows.next().at(&self.path)? {
                        let oid = row.get(0).at(&self.path)?;
                        if is_next(&mut wanted, oid)
                            && let Some(class) = Class::from_number(row.get(1).at(&self.path)?)
                        {
                            by_class.entry(class).or_default().push(oid);
                        }
                    }
                }
            }
        }
        let with_plan = query.near.is_some() || !query.without_plan;
        let mut hits = Vec::with_capacity(keys.len());
        for (class, oids) in by_class {
            let sql = format!(
                r#"SELECT f.fid, o.lods, o.minx, o.miny, o.minz, o.maxx, o.maxy, o.maxz, f.id, f.name, f.parent, f.source, f.attributes{}
                   FROM "{}" f CROSS JOIN qike_object o WHERE f.fid BETWEEN ?1 AND ?2 AND o.oid = f.fid ORDER BY f.fid"#,
                if with_plan { ", f.geom" } else { "" },
                schema::table_name(class)
            );
            // A class that the store has never had has no table.
            let Ok(mut statement) = self.conn.prepare_cached(&sql) else { continue };
            for run in runs(&oids) {
                let mut wanted = run.iter().copied().peekable();
                let mut rows = statement.query(ends(run)).at(&self.path)?;
                while let Some(row) = rows.next().at(&self.path)? {
                    let oid = row.get(0).at(&self.path)?;
                    if is_next(&mut wanted, oid) {
                        hits.push(hit(row, oid, class, with_plan).at(&self.path)?);
                    }
                }
            }
        }
        Ok(hits)
    }
}

fn hit(row: &Row<'_>, oid: i64, class: Class, with_plan: bool) -> rusqlite::Result<Hit> {
    let corner = |n: usize| row.get::<_, Option<f64>>(n).map(|c| c.unwrap_or(f64::NAN));
    let bounds = Bounds3 { min: [corner(2)?, corner(3)?, corner(4)?], max: [corner(5)?, corner(6)?, corner(7)?] };
    let plan = if with_plan { row.get_ref(13)?.as_blob().ok().and_then(gpb::read) } else { None };
    Ok(Hit {
        key: ObjectKey(oid),
        id: row.get(8)?,
        class,
        name: row.get(9)?,
        parent: row.get(10)?,
        lods: lods_of(row.get(1)?).map(|l| l.to_string()).collect(),
        source: row.get(11)?,
        bounds: (!bounds.min[0].is_nan()).then_some(bounds),
        plan: plan.unwrap_or(Footprint::None),
        attributes: AttributeText(row.get(12)?),
        distance_m: None,
    })
}

/// Parts of rising numbers in which none is far from the next.
fn runs(oids: &[i64]) -> impl Iterator<Item = &[i64]> {
    oids.chunk_by(|a, b| b.saturating_sub(*a) <= GAP)
}

fn ends(run: &[i64]) -> [i64; 2] {
    [run.first().copied().unwrap_or(0), run.last().copied().unwrap_or(-1)]
}

/// True where the number is the next that is wanted; those before it are not there.
fn is_next(wanted: &mut std::iter::Peekable<impl Iterator<Item = i64>>, oid: i64) -> bool {
    while wanted.next_if(|next| *next < oid).is_some() {}
    wanted.next_if_eq(&oid).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_of_numbers() {
        let oids = [1, 2, 5, 9, 20, 21, 30];
        assert_eq!(runs(&oids).collect::<Vec<_>>(), [&[1, 2, 5, 9][..], &[20, 21], &[30]]);
        assert_eq!(runs(&[]).count(), 0);
        let mut wanted = oids.into_iter().peekable();
        let seen: Vec<i64> = (0..40).filter(|n| n % 2 == 1).filter(|n| is_next(&mut wanted, *n)).collect();
        assert_eq!(seen, [1, 5, 9, 21]);
    }
}
