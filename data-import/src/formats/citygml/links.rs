//! Links from one member to another: prototypes that the first lamp defines and the others share, surfaces of a neighbour.
//!
//! What was seen before is kept in a library as far as it is a prototype; members that need something that has not been seen
//! wait, and a second pass over the document finds it.

use super::document::Document;
use super::is_member;
use super::tree::{Ix, Names, Tree};
use crate::{ImportError, Source};
use qike_core::Feedback;
use std::collections::HashSet;

/// Bytes of prototypes that are kept.
const LIBRARY_LIMIT: usize = 256 << 20;
/// Bytes of members that may wait; the links of further ones stay open, and are told.
const WAITING_LIMIT: usize = 1 << 30;

/// Members that wait, and the prototypes seen so far.
#[derive(Default)]
pub struct Waiting {
    library: Tree,
    waiting: Vec<Tree>,
    bytes: usize,
    wanted: HashSet<String>,
}

impl Waiting {
    /// Looks at a member: gives it back where all its links lead somewhere, keeps it where they do not.
    pub fn take_in<'t>(&mut self, tree: &'t mut Tree, names: &Names) -> Option<&'t Tree> {
        let keeps = tree.all().any(|ix| is_prototype(tree, names, ix));
        if !keeps && !tree.has_links(names) {
            return Some(tree);
        }
        tree.index(names);
        self.remember(tree, names);
        let missing = missing(tree, names);
        if missing.is_empty() {
            return Some(tree);
        }
        self.library.index(names);
        let known: Vec<Ix> = missing.iter().filter_map(|id| self.library.by_id(id)).collect();
        for ix in &known {
            tree.graft(&self.library, *ix);
        }
        tree.index(names);
        if known.len() == missing.len() || self.bytes > WAITING_LIMIT {
            return Some(tree);
        }
        self.wanted.extend(missing);
        self.bytes += tree.bytes();
        self.waiting.push(std::mem::take(tree));
        None
    }

    /// Keeps prototypes that have an id.
    fn remember(&mut self, tree: &Tree, names: &Names) {
        for ix in tree.all().filter(|ix| is_prototype(tree, names, *ix)) {
            let Some(geometry) = tree.children(ix).next() else { continue };
            let known = |id: &str| self.library.by_id(id).is_some();
            if tree.id(geometry, names).is_some_and(|id| !known(id)) && self.library.bytes() < LIBRARY_LIMIT {
                self.library.graft(tree, geometry);
                self.library.index(names);
            }
        }
    }

    /// Finds what the waiting members need, and gives them out in their order.
    pub fn resolve(mut self, source: &Source, names: &mut Names, feedback: &Feedback) -> Result<Vec<Tree>, ImportError> {
        if self.waiting.is_empty() {
            return Ok(Vec::new());
        }
        let mut found = Tree::default();
        let mut document = Document::open(source)?;
        let mut tree = Tree::default();
        while document.next(&mut tree, names, &is_member)? {
            feedback.check()?;
            for ix in tree.all() {
                if tree.id(ix, names).is_some_and(|id| self.wanted.remove(id)) {
                    found.graft(&tree, ix);
                }
            }
        }
        found.index(names);
        for tree in &mut self.waiting {
            for id in missing(tree, names) {
                if let Some(ix) = found.by_id(&id) {
                    tree.graft(&found, ix);
                }
            }
            tree.index(names);
        }
        Ok(self.waiting)
    }
}

/// True for the property that holds the shape of a prototype.
fn is_prototype(tree: &Tree, names: &Names, ix: Ix) -> bool {
    matches!(tree.local(ix, names), "relativeGMLGeometry" | "relativeGeometry")
}

/// Ids that geometry of an indexed tree refers to and the tree does not have.
fn missing(tree: &Tree, names: &Names) -> Vec<String> {
    let geometric = |local: &str| {
        local.ends_with("Member")
            || matches!(local, "exterior" | "interior" | "baseSurface" | "baseCurve" | "relativeGMLGeometry" | "relativeGeometry")
            || super::classes::lod_of(local).is_some()
    };
    let mut ids: Vec<String> = tree
        .all()
        .filter(|ix| geometric(tree.local(*ix, names)) && tree.local(*ix, names) != "groupMember")
        .filter_map(|ix| tree.link(ix, names).filter(|id| tree.by_id(id).is_none()).map(str::to_owned))
        .collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}
