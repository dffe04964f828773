//! Appearances: materials by the ids of what they are put on. Textures are counted, not kept.

use super::tree::{Ix, Names, Tree};
use qike_scene::Material;
use std::collections::HashMap;

/// The materials of a document or of one member.
#[derive(Default)]
pub struct Appearances {
    materials: Vec<Material>,
    by_target: HashMap<String, usize>,
    /// Textures met.
    pub textures: u64,
}

impl Appearances {
    /// True without any material.
    pub fn is_empty(&self) -> bool {
        self.by_target.is_empty()
    }

    /// Takes over all appearances in a tree. The first material of a target counts: later ones are other themes.
    pub fn read(&mut self, tree: &Tree, names: &Names) {
        for ix in tree.all() {
            match tree.local(ix, names) {
                "X3DMaterial" => self.material(tree, names, ix),
                "ParameterizedTexture" | "GeoreferencedTexture" => self.textures += 1,
                _ => {}
            }
        }
    }

    fn material(&mut self, tree: &Tree, names: &Names, ix: Ix) {
        let front = tree.child(ix, "isFront", names).is_none_or(|front| tree.own_text(front) != "false");
        if !front {
            return;
        }
        let numbers = |local: &str| -> Vec<f32> {
            let text = tree.child(ix, local, names).map(|child| tree.own_text(child)).unwrap_or_default();
            text.split_ascii_whitespace().filter_map(|n| n.parse::<f32>().ok()).filter(|n| n.is_finite()).map(|n| n.clamp(0.0, 1.0)).collect()
        };
        let [red, green, blue] = <[f32; 3]>::try_from(numbers("diffuseColor")).unwrap_or([0.8; 3]);
        let alpha = 1.0 - numbers("transparency").first().copied().unwrap_or(0.0);
        let name = tree.child(ix, "name", names).map(|name| tree.own_text(name)).or_else(|| tree.id(ix, names));
        let material = Material::new(name.unwrap_or_default(), [red, green, blue, alpha]);
        let number = self.materials.len();
        self.materials.push(material);
        for target in tree.children(ix).filter(|child| tree.local(*child, names) == "target") {
            // 2.0 writes the id as text, 3.0 too or as a link; both with a hash.
            let id = Some(tree.own_text(target)).filter(|text| !text.is_empty()).or_else(|| tree.get(target, "href", names)).unwrap_or_default();
            self.by_target.entry(id.trim().trim_start_matches('#').to_owned()).or_insert(number);
        }
    }

    /// The material of an element: its own, else that of what it is part of.
    pub fn of(&self, tree: &Tree, names: &Names, ix: Ix) -> Option<&Material> {
        let mut at = Some(ix);
        while let Some(ix) = at {
            if let Some(number) = tree.id(ix, names).and_then(|id| self.by_target.get(id)) {
                return self.materials.get(*number);
            }
            at = tree.parent(ix);
        }
        None
    }
}
