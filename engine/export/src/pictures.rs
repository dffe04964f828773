//! Picture files that an export writes beside its document: one a picture, in a folder `appearances`, named after the source's file
//! and the picture's content, so that exports into one folder share what is the same and never write over what is not.

use qike_scene::image::ending_of;
use qike_scene::{ImageId, Texture};
use std::collections::BTreeMap;

/// The folder beside the document.
pub const FOLDER: &str = "appearances";

/// The pictures that a document shows, with their paths relative to it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Pictures {
    files: BTreeMap<ImageId, String>,
}

impl Pictures {
    /// The path by which a document names the picture of a texture: that of the file to write, or the source's own where the picture
    /// itself is missing.
    pub fn path(&mut self, texture: &Texture) -> String {
        let Some(id) = texture.image else { return texture.uri.clone() };
        self.files.entry(id).or_insert_with(|| format!("{FOLDER}/{}", file_name(texture, id))).clone()
    }

    /// All files to write: picture and relative path.
    pub fn files(&self) -> impl Iterator<Item = (ImageId, &str)> {
        self.files.iter().map(|(id, path)| (*id, path.as_str()))
    }
}

/// `wall.jpg` → `wall-1f0c9a2b.jpg`; a name that has the mark already keeps it.
fn file_name(texture: &Texture, id: ImageId) -> String {
    let name = texture.uri.rsplit(['/', '\\']).next().unwrap_or_default();
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    let plain = |c: char| if c.is_alphanumeric() || matches!(c, '-' | '_' | '.') { c } else { '_' };
    let stem: String = stem.chars().map(plain).take(60).collect();
    let mark: String = id.to_string().chars().take(8).collect();
    let stem = stem.strip_suffix(&mark).unwrap_or(&stem).trim_end_matches('-');
    let stem = if stem.trim_matches('.').is_empty() { "picture" } else { stem };
    format!("{stem}-{mark}.{}", ending_of(&texture.mime))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_in_the_folder_and_grow_no_second_mark() {
        let id = ImageId::of(b"x");
        let texture = |uri: &str| Texture { uri: uri.into(), image: Some(id), mime: "image/jpeg".into(), wrap: None, border: None, kind: None };
        let mark = &id.to_string()[..8];
        for (uri, stem) in [("a/b/wall.JPG", "wall"), ("..", "picture"), ("a\\my wall.png", "my_wall"), (&format!("x/wall-{mark}.jpg"), "wall")] {
            assert_eq!(Pictures::default().path(&texture(uri)), format!("appearances/{stem}-{mark}.jpg"), "{uri}");
        }
        let missing = Texture { image: None, ..texture("there/no.png") };
        assert_eq!(Pictures::default().path(&missing), "there/no.png");
    }
}
