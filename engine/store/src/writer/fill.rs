//! Objects into a store that held none: nothing need be looked for, and each table takes its rows in turn.

use super::Writer;
use crate::boxes::Boxes;
use crate::encode::Encoded;
use crate::error::{At, StoreError};
use crate::gpb::Shape;
use crate::rows::{Cell, Rows, Run};
use crate::schema;
use qike_scene::{Class, ObjectId};
use rusqlite::Result;
use std::collections::BTreeMap;

impl Writer<'_> {
    /// True where the objects of the source that began cannot be there yet; then [`Writer::fill`] takes them.
    pub fn is_filling(&self) -> bool {
        self.was_empty
    }

    /// Adds objects of which none is there, each with an id of its own.
    pub fn fill(&mut self, source: u32, batch: &[Encoded]) -> Result<(), StoreError> {
        let mut by_class: BTreeMap<Class, Vec<(i64, &Encoded)>> = BTreeMap::new();
        for (oid, e) in (self.next_oid..).zip(batch) {
            by_class.entry(e.object.class).or_default().push((oid, e));
        }
        for class in by_class.keys() {
            self.table(*class)?;
        }
        self.put_rows(source, batch, &by_class).at(&self.store.path)?;
        for (oid, e) in (self.next_oid..).zip(batch) {
            if let Some(tally) = &mut self.tally {
                tally.add(e.hash, e.object.class.number(), e.shape as i64, (!e.bounds.is_empty()).then_some(&e.bounds));
            }
            self.filters.add(oid, &e.terms, &self.store.conn).at(&self.store.path)?;
            if e.shape != Shape::None {
                let tree = || Boxes::new(format!("rtree_{}_geom", schema::table_name(e.object.class)), 2);
                self.plans.entry(e.object.class).or_insert_with(tree).push2(oid, &e.plan_bounds);
            }
            if !e.bounds.is_empty() {
                self.space.push3(oid, &e.bounds);
            }
        }
        self.next_oid += batch.len() as i64;
        self.dirty |= !batch.is_empty();
        if self.space.len() >= super::MOST_BOXES {
            self.flush_indexes()?;
        }
        Ok(())
    }

    fn put_rows(&self, source: u32, batch: &[Encoded], by_class: &BTreeMap<Class, Vec<(i64, &Encoded)>>) -> Result<()> {
        let (conn, source) = (&self.store.conn, Cell::Int(i64::from(source)));
        let mut objects = Rows::into(conn, "qike_object", "oid, id, class, source, hash, lods, shape, minx, miny, minz, maxx, maxy, maxz, since")?;
        let mut run = Run::default();
        for (oid, e) in (self.next_oid..).zip(batch) {
            let bound = |value: f64| Cell::from((!e.bounds.is_empty()).then_some(value));
            let ([x, y, z], [xx, yy, zz]) = (e.bounds.min.map(bound), e.bounds.max.map(bound));
            let class = Cell::Int(i64::from(e.object.class.number()));
            let (id, hash, lods, shape) = (Cell::Text(e.object.id.as_str()), Cell::Blob(&e.hash), Cell::Int(e.lods), Cell::Int(e.shape as i64));
            objects.add(&[run.next(oid), id, class, source, hash, lods, shape, x, y, z, xx, yy, zz, Cell::Int(self.import)])?;
        }
        objects.end()?;
        for (class, all) in by_class {
            let table = format!(r#""{}""#, schema::table_name(*class));
            let mut features = Rows::into(conn, &table, "fid, geom, id, name, parent, lods, attributes, source, valid_from, valid_to")?;
            let mut run = Run::default();
            for (oid, e) in all {
                let o = &e.object;
                let plan = e.plan.as_deref().map_or(Cell::Null, Cell::Blob);
                let [name, from, to] = [&o.name, &o.valid_from, &o.valid_to].map(|text| Cell::from(text.as_deref()));
                let parent = Cell::from(o.parent.as_ref().map(ObjectId::as_str));
                features.add(&[run.next(*oid), plan, Cell::Text(o.id.as_str()), name, parent, Cell::Text(&e.lods_text), Cell::Text(&e.attributes), source, from, to])?;
            }
            features.end()?;
        }
        let mut geometries = Rows::into(conn, "qike_geometry", "gid, data")?;
        for (oid, e) in (self.next_oid..).zip(batch) {
            for (position, blob) in (0i64..).zip(&e.blobs) {
                geometries.add(&[Cell::Int(oid << 16 | position), Cell::Blob(blob)])?;
            }
        }
        geometries.end()
    }
}
