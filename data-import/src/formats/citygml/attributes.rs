//! Properties of features to attributes: text, numbers with units, generic attributes, and whole elements as JSON where the
//! schemas know no simpler form (addresses, application extensions, external references).

use super::classes::{is_number, lod_of};
use super::tree::{Ix, Names, Tree};
use super::own::RECORD;
use qike_scene::{Attributes, Value};

/// The code space of generic attributes whose value is JSON: lists, truth values, nothing.
pub const JSON_SPACE: &str = "https://www.json.org/";

/// Adds a value under a key; a key that comes again makes a list.
pub fn put(attributes: &mut Attributes, key: &str, value: Value) {
    match attributes.get_mut(key) {
        None => {
            attributes.insert(key.to_owned(), value);
        }
        Some(Value::Array(list)) => list.push(value),
        Some(single) => {
            let first = single.take();
            *single = Value::Array(vec![first, value]);
        }
    }
}

/// A number where the text is one, else the text.
pub fn number_or_text(text: &str) -> Value {
    if let Ok(whole) = text.parse::<i64>() {
        return whole.into();
    }
    let number = text.parse::<f64>().ok().and_then(serde_json::Number::from_f64);
    number.map_or_else(|| Value::String(text.to_owned()), Value::Number)
}

/// A property without elements inside: its text under its name, with unit and code list beside it. False where it has elements.
pub fn simple(tree: &Tree, names: &Names, ix: Ix, key: &str, attributes: &mut Attributes) -> bool {
    if tree.children(ix).next().is_some() {
        return false;
    }
    let numbers = tree.numbers(ix);
    if !numbers.is_empty() {
        put(attributes, key, numbers.iter().copied().map(Value::from).collect());
        return true;
    }
    let text = tree.own_text(ix);
    let link = tree.get(ix, "href", names);
    if text.is_empty() {
        if let Some(link) = link {
            put(attributes, key, link.trim().trim_start_matches('#').into());
        }
        return true;
    }
    let unit = tree.get(ix, "uom", names);
    let numeric = unit.is_some() || is_number(tree.local(ix, names));
    put(attributes, key, if numeric { number_or_text(text) } else { text.into() });
    for (suffix, value) in [("uom", unit), ("codespace", tree.get(ix, "codeSpace", names))] {
        if let Some(value) = value {
            attributes.insert(format!("{key}_{suffix}"), value.into());
        }
    }
    true
}

/// A generic attribute of 1.0–3.0 (`stringAttribute`, `MeasureAttribute`, a set of them); false for other elements.
pub fn generic(tree: &Tree, names: &Names, ix: Ix, attributes: &mut Attributes) -> bool {
    let local = tree.local(ix, names);
    let Some(kind) = local.strip_suffix("Attribute").or((local.eq_ignore_ascii_case("genericAttributeSet")).then_some("set")) else {
        return false;
    };
    let named = tree.child(ix, "name", names).map(|name| tree.own_text(name));
    let Some(name) = tree.get(ix, "name", names).or(named).filter(|name| !name.is_empty()) else { return false };
    if kind == "set" {
        let mut inner = Attributes::new();
        for child in tree.children(ix) {
            // 3.0 has a property around each attribute.
            if !generic(tree, names, child, &mut inner) {
                for attribute in tree.children(child) {
                    generic(tree, names, attribute, &mut inner);
                }
            }
        }
        put(attributes, name, Value::Object(inner));
        return true;
    }
    let Some(value) = tree.child(ix, "value", names) else { return false };
    let text = tree.own_text(value);
    let space = tree.get(value, "codeSpace", names);
    if space == Some(JSON_SPACE) && let Ok(json) = serde_json::from_str(text) {
        if name != RECORD {
            put_whole(attributes, name, json);
        }
        return true;
    }
    let numeric = matches!(kind.to_ascii_lowercase().as_str(), "int" | "double" | "measure");
    put(attributes, name, if numeric { number_or_text(text) } else { text.into() });
    for (suffix, value) in [("uom", tree.get(value, "uom", names)), ("codespace", space)] {
        if let Some(value) = value {
            attributes.insert(format!("{name}_{suffix}"), value.into());
        }
    }
    true
}

/// Adds a value that may itself be a list, which is no list of values that came one by one.
fn put_whole(attributes: &mut Attributes, key: &str, value: Value) {
    match attributes.get(key) {
        None => {
            attributes.insert(key.to_owned(), value);
        }
        Some(_) => put(attributes, key, value),
    }
}

/// An element as JSON: its text, or an object of its attributes (`@name`), elements and text (`#text`). Geometry is left out: it is
/// kept as geometry.
pub fn json(tree: &Tree, names: &Names, ix: Ix) -> Value {
    let mut object = Attributes::new();
    for (name, value) in tree.attributes_of(ix, names) {
        object.insert(format!("@{name}"), value.into());
    }
    for child in tree.children(ix).filter(|child| lod_of(tree.local(*child, names)).is_none()) {
        put(&mut object, key(tree.qualified(child, names)), json(tree, names, child));
    }
    let numbers = tree.numbers(ix);
    let text = tree.own_text(ix);
    let own = match (numbers.is_empty(), text.is_empty()) {
        (false, _) => Some(numbers.iter().copied().map(Value::from).collect()),
        (true, false) => Some(Value::from(text)),
        (true, true) => None,
    };
    match own {
        Some(own) if object.is_empty() => own,
        Some(own) => {
            object.insert("#text".into(), own);
            Value::Object(object)
        }
        None => Value::Object(object),
    }
}

/// Prefixes of CityGML's and GML's own modules, which attributes do not carry.
const OWN_PREFIXES: [&str; 24] = [
    "gml", "core", "bldg", "con", "gen", "app", "brid", "tun", "tran", "veg", "wtr", "frn", "luse", "dem", "grp", "dyn", "vers", "pcl",
    "xAL", "xal", "xlink", "tex", "smil20", "citygml",
];

/// The key of an element or property: without the prefix of CityGML's own modules, with that of an extension.
pub fn key(qualified: &str) -> &str {
    match qualified.split_once(':') {
        Some((prefix, local)) if OWN_PREFIXES.contains(&prefix) => local,
        _ => qualified,
    }
}

/// The day of a date or time, where it begins like one.
pub fn day(text: &str) -> Option<String> {
    let day = text.trim().get(..10)?;
    let fits = day.bytes().enumerate().all(|(i, b)| if i == 4 || i == 7 { b == b'-' } else { b.is_ascii_digit() });
    fits.then(|| day.to_owned())
}
