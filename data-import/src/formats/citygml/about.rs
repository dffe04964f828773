//! What a document says of itself: name, description, identifier and metadata of its root, in the words of [`qike_scene::about`].
//!
//! The name becomes the title, as CityJSON has it; the rest stands under `+gml`. What Qike's own export wrote beside them, all that was
//! known of the source, is taken back as it was.

use super::attributes::{json, put};
use super::tree::{Names, Tree};
use qike_scene::about::{LIMIT, metadata, set_metadata};
use qike_scene::{Attributes, Value};

/// The member that holds what CityJSON has no word for.
const MEMBER: &str = "+gml";
/// Elements of the root whose content is of the city, not of the document.
const OF_THE_CITY: [&str; 6] = ["boundedBy", "location", "appearance", "appearanceMember", "engineeringCRS", "featureMembers"];

/// What was said so far.
#[derive(Default)]
pub struct About {
    own: Option<Attributes>,
    names: Vec<String>,
    gml: Attributes,
    /// Names of elements that are too large to be kept.
    pub too_large: Vec<String>,
}

impl About {
    /// Takes in an element of the root.
    pub fn read(&mut self, tree: &Tree, names: &Names) {
        let local = tree.local(0, names);
        if OF_THE_CITY.contains(&local) {
            return;
        }
        // As a tree it takes some times its text.
        if tree.bytes() > 16 * LIMIT {
            return self.too_large.push(local.to_owned());
        }
        let text = tree.own_text(0);
        match local {
            "name" => self.names.extend(Some(text.to_owned()).filter(|name| !name.is_empty())),
            "metaDataProperty" => match tree.children(0).map(|child| own(tree.own_text(child))).next().flatten() {
                Some(own) => self.own = Some(own),
                None => put(&mut self.gml, local, json(tree, names, 0)),
            },
            _ if tree.children(0).next().is_none() && tree.attributes_of(0, names).next().is_none() => {
                if !text.is_empty() {
                    put(&mut self.gml, local, text.into());
                }
            }
            _ => put(&mut self.gml, local, json(tree, names, 0)),
        }
    }

    /// All of it.
    pub fn finish(self) -> Attributes {
        let Self { own, names, mut gml, .. } = self;
        if let Some(mut about) = own {
            // What another program changed since counts.
            if let Some(name) = names.first().filter(|name| metadata(&about, "title") != Some(name)) {
                set_metadata(&mut about, "title", name);
            }
            if let Some(text) = gml.shift_remove("description")
                && let Value::Object(known) = about.entry(MEMBER).or_insert_with(|| Value::Object(Attributes::new()))
            {
                known.insert("description".to_owned(), text);
            }
            return about;
        }
        let mut about = Attributes::new();
        if let Some(name) = names.first() {
            set_metadata(&mut about, "title", name);
        }
        if names.len() > 1 {
            gml.insert("names".to_owned(), names.into());
        }
        if !gml.is_empty() {
            about.insert(MEMBER.to_owned(), gml.into());
        }
        about
    }
}

/// What Qike's export wrote.
fn own(text: &str) -> Option<Attributes> {
    let mut record: Attributes = serde_json::from_str(text).ok()?;
    match record.shift_remove("qike") {
        Some(Value::Object(about)) if record.is_empty() => Some(about),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::citygml::document::Document;
    use crate::{Source, SourceOptions};
    use serde_json::json;

    fn said(head: &str) -> Value {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.gml");
        let text = format!(r#"<core:CityModel xmlns:core="http://www.opengis.net/citygml/2.0" xmlns:gml="http://www.opengis.net/gml">{head}<core:cityObjectMember/></core:CityModel>"#);
        std::fs::write(&path, text).unwrap();
        let source = Source { path, name: "a.gml".into(), options: SourceOptions::default(), beside: None };
        let (mut document, mut tree, mut names, mut about) = (Document::open(&source).unwrap(), Tree::default(), Names::default(), About::default());
        while document.next(&mut tree, &mut names, &|local| local != "cityObjectMember").unwrap() {
            about.read(&tree, &names);
        }
        about.finish().into()
    }

    #[test]
    fn the_name_is_the_title_and_nothing_else_is_lost() {
        let head = r#"<gml:metaDataProperty><by:Maker xmlns:by="b"><by:city>Linz</by:city></by:Maker></gml:metaDataProperty><gml:description>A city</gml:description>
            <gml:name codeSpace="x">Town</gml:name><gml:name>Stadt</gml:name><gml:boundedBy><gml:Envelope/></gml:boundedBy>"#;
        let expected = json!({"metadata": {"title": "Town"}, "+gml": {"metaDataProperty": {"by:Maker": {"@xmlns:by": "b", "by:city": "Linz"}}, "description": "A city", "names": ["Town", "Stadt"]}});
        assert_eq!(said(head), expected);
        assert_eq!(said("<gml:name> </gml:name><gml:description/>"), json!({}));
    }

    #[test]
    fn what_our_export_wrote_counts_unless_it_was_changed() {
        let record = r#"<gml:metaDataProperty><gml:GenericMetaData>{"qike":{"metadata":{"title":"One","n":1},"+x":[2]}}</gml:GenericMetaData></gml:metaDataProperty>"#;
        assert_eq!(said(&format!("{record}<gml:name>One</gml:name>")), json!({"metadata": {"title": "One", "n": 1}, "+x": [2]}));
        let changed = json!({"metadata": {"title": "Two", "n": 1}, "+x": [2], "+gml": {"description": "new"}});
        assert_eq!(said(&format!("{record}<gml:description>new</gml:description><gml:name>Two</gml:name>")), changed);
        // JSON of others is text of theirs.
        let other = r#"<gml:metaDataProperty><gml:GenericMetaData>{"a":1}</gml:GenericMetaData></gml:metaDataProperty>"#;
        assert_eq!(said(other), json!({"+gml": {"metaDataProperty": {"GenericMetaData": "{\"a\":1}"}}}));
    }
}
