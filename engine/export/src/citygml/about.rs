//! What the sources say of themselves: the title as the document's name, its description, and all of it once more for Qike's importer,
//! where GML has no words for some of it.

use super::xml::{Xml, is_clean};
use qike_scene::{Attributes, Value, about};
use serde_json::json;

/// Writes the elements that come first in a document.
pub fn write(said: &Attributes, xml: &mut Xml) {
    let mut said = said.clone();
    if let Some(Value::Object(metadata)) = said.get_mut("metadata") {
        // The document has its own.
        ["geographicalExtent", "referenceSystem"].iter().for_each(|key| drop(metadata.shift_remove(*key)));
        if metadata.is_empty() {
            said.shift_remove("metadata");
        }
    }
    let clean = |text: &&str| !text.is_empty() && is_clean(text);
    let title = about::metadata(&said, "title").filter(clean);
    let description = said.get("+gml").and_then(|gml| gml.get("description")?.as_str()).filter(clean);
    // Is that all?
    let mut plain = Attributes::new();
    if let Some(title) = title {
        about::set_metadata(&mut plain, "title", title);
    }
    if let Some(description) = description {
        plain.insert("+gml".to_owned(), json!({ "description": description }));
    }
    if said != plain {
        xml.open("gml:metaDataProperty", &[]);
        xml.leaf("gml:GenericMetaData", &[], &ascii(&json!({ "qike": said }).to_string()));
        xml.close("gml:metaDataProperty");
    }
    for (element, text) in [("gml:description", description), ("gml:name", title)] {
        if let Some(text) = text {
            xml.leaf(element, &[], text);
        }
    }
}

/// JSON in which what XML does not keep is escaped: it stands in texts only.
fn ascii(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') {
            out.push_str(&format!("\\u{:04x}", u32::from(c)));
        } else {
            out.push(c);
        }
    }
    out
}
