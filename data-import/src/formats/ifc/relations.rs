//! Who is part of what, who fills which hole, and which properties belong to whom: the relations of a file, by entity number.

use super::file::{IfcFile, Relation, reference, references, text};
use ifc_lite_core::EntityDecoder;
use std::collections::HashMap;

/// A chain of parents longer than this goes in a circle.
const LONGEST_CHAIN: usize = 64;

/// The relations of a file. The first relation of a kind that names an object counts.
#[derive(Default)]
pub struct Relations {
    /// Part → whole, and nested → host.
    pub whole: HashMap<u32, u32>,
    /// Host → what is nested in it, in order (layouts of an alignment, segments of a layout, ports of an element).
    pub nested: HashMap<u32, Vec<u32>>,
    /// Element → spatial structure that contains it.
    pub container: HashMap<u32, u32>,
    /// Opening → host.
    pub voided: HashMap<u32, u32>,
    /// Filling (door, window) → opening.
    pub filled: HashMap<u32, u32>,
    /// Object → its sets of properties and quantities.
    pub properties: HashMap<u32, Vec<u32>>,
    /// Object → its type.
    pub kind: HashMap<u32, u32>,
    /// Object → its material (or list, or layers).
    pub material: HashMap<u32, u32>,
    /// Member → its groups (zones, systems).
    pub groups: HashMap<u32, Vec<u32>>,
    /// Group → its members.
    pub members: HashMap<u32, Vec<u32>>,
    /// System → buildings and storeys it serves.
    pub serves: HashMap<u32, Vec<u32>>,
    /// Structure (a spatial zone) → what it refers to.
    pub referenced: HashMap<u32, Vec<u32>>,
    /// Joined ports, and the element that joins them.
    pub joints: Vec<(u32, u32, Option<u32>)>,
    /// Port → its element, where a relation says so (IFC4 nests ports in their element instead: [`Self::whole`]).
    pub port_of: HashMap<u32, u32>,
    /// Element → rooms at whose boundary it stands.
    pub rooms: HashMap<u32, Vec<u32>>,
    /// Object → classification references.
    pub classification: HashMap<u32, Vec<u32>>,
    /// Object → documents.
    pub documents: HashMap<u32, Vec<u32>>,
    /// Representation, or item of one → names of its presentation layers.
    pub layers: HashMap<u32, Vec<u32>>,
    /// Presentation layer record → its name.
    pub layer_names: HashMap<u32, String>,
}

impl Relations {
    /// Reads all relations of interest.
    pub fn read(file: &IfcFile, decoder: &EntityDecoder<'_>) -> Self {
        let mut all = Self::default();
        for (relation, span) in &file.relations {
            let Some(entity) = file.record(decoder, *span) else { continue };
            match relation {
                Relation::Nests => {
                    put(&mut all.whole, references(&entity, 5), reference(&entity, 4));
                    add(&mut all.nested, references(&entity, 4), &references(&entity, 5));
                }
                Relation::Aggregates => put(&mut all.whole, references(&entity, 5), reference(&entity, 4)),
                Relation::Contains => put(&mut all.container, references(&entity, 4), reference(&entity, 5)),
                Relation::Voids => put(&mut all.voided, references(&entity, 5), reference(&entity, 4)),
                Relation::Fills => put(&mut all.filled, references(&entity, 5), reference(&entity, 4)),
                Relation::Type => put(&mut all.kind, references(&entity, 4), reference(&entity, 5)),
                Relation::Material => put(&mut all.material, references(&entity, 4), reference(&entity, 5)),
                Relation::Properties => add(&mut all.properties, references(&entity, 4), &references(&entity, 5)),
                Relation::Group => {
                    let (members, groups) = (references(&entity, 4), references(&entity, 6));
                    add(&mut all.members, groups.clone(), &members);
                    add(&mut all.groups, members, &groups);
                }
                Relation::Serves => add(&mut all.serves, references(&entity, 4), &references(&entity, 5)),
                Relation::References => {
                    let (members, zones) = (references(&entity, 4), references(&entity, 5));
                    add(&mut all.referenced, zones.clone(), &members);
                    add(&mut all.groups, members, &zones);
                }
                Relation::Ports => {
                    if let (Some(a), Some(b)) = (reference(&entity, 4), reference(&entity, 5)) {
                        all.joints.push((a, b, reference(&entity, 6)));
                    }
                }
                Relation::PortOf => put(&mut all.port_of, references(&entity, 4), reference(&entity, 5)),
                Relation::Boundary => add(&mut all.rooms, references(&entity, 5), &references(&entity, 4)),
                Relation::Classification => add(&mut all.classification, references(&entity, 4), &references(&entity, 5)),
                Relation::Document => add(&mut all.documents, references(&entity, 4), &references(&entity, 5)),
                Relation::Layer => {
                    if let Some(name) = text(&entity, 0) {
                        all.layer_names.insert(entity.id, name);
                        add(&mut all.layers, references(&entity, 2), &[entity.id]);
                    }
                }
            }
        }
        all
    }

    /// What an object is directly part of: its whole, else its container, else (a door that is in no storey) what holds the
    /// wall it is set in. `is_object` says what becomes an object; others are passed over upwards.
    pub fn parent(&self, id: u32, is_object: impl Fn(u32) -> bool) -> Option<u32> {
        let mut at = id;
        for _ in 0..LONGEST_CHAIN {
            let up = self.whole.get(&at).or_else(|| self.container.get(&at)).copied().or_else(|| {
                let host = self.host(at)?;
                self.container.get(&host).or_else(|| self.whole.get(&host)).copied()
            })?;
            if is_object(up) {
                return (up != id).then_some(up);
            }
            at = up;
        }
        None
    }

    /// The wall (or slab) whose hole an element fills.
    pub fn host(&self, filling: u32) -> Option<u32> {
        self.voided.get(self.filled.get(&filling)?).copied()
    }

    /// The objects above one, nearest first.
    pub fn ancestors(&self, id: u32, is_object: impl Fn(u32) -> bool + Copy) -> Vec<u32> {
        let mut chain = Vec::new();
        let mut at = id;
        while let Some(up) = self.parent(at, is_object) {
            if chain.len() >= LONGEST_CHAIN || chain.contains(&up) {
                break;
            }
            chain.push(up);
            at = up;
        }
        chain
    }
}

fn put(map: &mut HashMap<u32, u32>, keys: Vec<u32>, value: Option<u32>) {
    if let Some(value) = value {
        for key in keys {
            map.entry(key).or_insert(value);
        }
    }
}

fn add(map: &mut HashMap<u32, Vec<u32>>, keys: Vec<u32>, values: &[u32]) {
    for key in keys {
        map.entry(key).or_default().extend(values);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_door_in_no_storey_goes_where_its_wall_is() {
        let relations = Relations {
            container: HashMap::from([(10, 1)]),
            voided: HashMap::from([(20, 10)]),
            filled: HashMap::from([(30, 20)]),
            whole: HashMap::from([(1, 0)]),
            ..Default::default()
        };
        assert_eq!(relations.host(30), Some(10));
        assert_eq!(relations.parent(30, |_| true), Some(1));
        assert_eq!(relations.parent(30, |id| id == 0), Some(0), "a storey that is no object is passed over");
        assert_eq!(relations.ancestors(30, |_| true), [1, 0]);
    }

    #[test]
    fn circles_end() {
        let relations = Relations { whole: HashMap::from([(1, 2), (2, 1), (3, 3)]), ..Default::default() };
        assert_eq!(relations.parent(3, |_| true), None);
        assert!(relations.ancestors(1, |_| true).len() <= LONGEST_CHAIN);
        assert_eq!(relations.parent(1, |_| false), None);
    }
}
