//! Who is whose parent: from `parents`, and from `children` where an object names no parent.

use std::collections::{HashMap, HashSet};

/// The families of a document or a feature.
#[derive(Debug, Default)]
pub struct Family {
    /// Objects with children or parents, by id: is it a group, does it name parents?
    members: HashMap<String, (bool, bool)>,
    /// Child, and the object that names it so, in the order of the file.
    stated: Vec<(String, String)>,
    /// Objects that others name as a parent.
    named: HashSet<String>,
    parent_by_child: HashMap<String, String>,
}

impl Family {
    /// Takes an object of the file.
    pub fn add(&mut self, id: &str, kind: &str, parents: &[String], children: &[String]) {
        if parents.is_empty() && children.is_empty() {
            return;
        }
        let is_group = kind == "CityObjectGroup";
        self.members.insert(id.to_owned(), (is_group, !parents.is_empty()));
        self.named.extend(parents.iter().filter(|p| *p != id).cloned());
        if !is_group {
            self.stated.extend(children.iter().filter(|c| *c != id).map(|child| (child.clone(), id.to_owned())));
        }
    }

    /// Parents that are named and did not come by [`Family::add`] with children or parents of their own.
    pub fn unknown(&self) -> HashSet<&str> {
        self.named.iter().map(String::as_str).filter(|id| !self.members.contains_key(*id)).collect()
    }

    /// Takes an object without children and parents that another names as its parent.
    pub fn add_named(&mut self, id: &str, kind: &str) {
        self.members.entry(id.to_owned()).or_insert((kind == "CityObjectGroup", false));
    }

    /// To be called when all objects are known.
    pub fn complete(&mut self) {
        for (child, parent) in std::mem::take(&mut self.stated) {
            if !self.members.get(&child).is_some_and(|(_, names_parents)| *names_parents) {
                self.parent_by_child.entry(child).or_insert(parent);
            }
        }
        self.named = HashSet::new();
    }

    /// True where nobody is related.
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// True where an object is in the file, of those that are named as parents.
    pub fn has(&self, id: &str) -> bool {
        self.members.contains_key(id)
    }

    /// Forgets everybody.
    pub fn clear(&mut self) {
        self.members.clear();
        self.stated.clear();
        self.named.clear();
        self.parent_by_child.clear();
    }

    /// The parents of an object without the groups it is a member of; nobody is their own parent.
    pub fn parents<'f>(&'f self, id: &str, stated: &'f [String]) -> Vec<&'f str> {
        let is_group = |id: &str| self.members.get(id).is_some_and(|(is_group, _)| *is_group);
        let mut parents: Vec<&str> = stated.iter().map(String::as_str).filter(|p| *p != id && !is_group(p)).collect();
        if parents.is_empty() {
            parents.extend(self.parent_by_child.get(id).map(String::as_str));
        }
        parents
    }
}
