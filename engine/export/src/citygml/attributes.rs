//! Attributes to properties of the schema where they fit it exactly, else to typed generic attributes. What no generic attribute can
//! say (lists, truth values, nothing, text with line breaks) is a code in the code space of JSON.

use super::types::Slot;
use super::xml::{Xml, is_clean};
use qike_scene::{Attributes, Value};

/// The code space of values that are JSON.
pub const JSON_SPACE: &str = "https://www.json.org/";
/// The name of the generic attribute in which Qike keeps what CityGML has no place for.
pub const RECORD: &str = "qike";

/// Attributes that still have to be written.
pub struct Pending<'a> {
    all: &'a Attributes,
    done: Vec<&'a str>,
}

impl<'a> Pending<'a> {
    /// All of them.
    pub fn new(all: &'a Attributes) -> Self {
        Self { all, done: Vec::new() }
    }

    /// The value of one that was not written yet.
    pub fn get(&self, key: &str) -> Option<&'a Value> {
        self.all.get(key).filter(|_| !self.done.contains(&key))
    }

    /// Marks one as written.
    pub fn done(&mut self, key: &str) {
        self.done.extend(self.all.get_key_value(key).map(|(key, _)| key.as_str()));
    }

    /// Clean text that is there once.
    pub fn word(&self, key: &str) -> Option<&'a str> {
        self.get(key)?.as_str().filter(|text| !text.is_empty() && is_clean(text))
    }

    /// Writes a property of the schema where the attribute fits it.
    pub fn native(&mut self, slot: &Slot, xml: &mut Xml) {
        let (Slot::Code(name) | Slot::Codes(name) | Slot::Integer(name) | Slot::Measure(name)) = *slot else { return };
        let key = name.rsplit(':').next().unwrap_or(name);
        let Some(value) = self.get(key) else { return };
        match slot {
            Slot::Integer(_) => {
                if let Some(number) = value.as_i64() {
                    xml.leaf(name, &[], &number.to_string());
                    self.done(key);
                }
            }
            Slot::Measure(_) => {
                let unit = format!("{key}_uom");
                if let (true, Some(uom)) = (is_number(value), self.word(&unit)) {
                    xml.leaf(name, &[("uom", uom)], &value.to_string());
                    self.done(key);
                    self.done(&unit);
                }
            }
            _ => {
                let words: Vec<&str> = match value {
                    Value::String(text) => vec![text],
                    Value::Array(list) if list.len() > 1 && matches!(slot, Slot::Codes(_)) => list.iter().map(|v| v.as_str().unwrap_or("")).collect(),
                    _ => return,
                };
                if words.iter().any(|word| word.is_empty() || !is_clean(word)) {
                    return;
                }
                let space_key = format!("{key}_codespace");
                let space = self.word(&space_key);
                for word in words {
                    match space {
                        Some(space) => xml.leaf(name, &[("codeSpace", space)], word),
                        None => xml.leaf(name, &[], word),
                    }
                }
                self.done(key);
                if space.is_some() {
                    self.done(&space_key);
                }
            }
        }
    }

    /// Writes all that are left as generic attributes. Keys that cannot be names come back, for the record.
    pub fn generics(&mut self, xml: &mut Xml) -> Attributes {
        let mut odd = Attributes::new();
        for (key, value) in self.all {
            if self.done.contains(&key.as_str()) {
                continue;
            }
            if key.is_empty() || !is_clean(key) || key == RECORD {
                odd.insert(key.clone(), value.clone());
                continue;
            }
            // A unit is written with its number.
            let owner = key.strip_suffix("_uom").and_then(|owner| self.get(owner));
            if owner.is_some_and(is_number) && value.as_str().is_some_and(|uom| !uom.is_empty() && is_clean(uom)) {
                continue;
            }
            let uom = Some(format!("{key}_uom")).filter(|_| is_number(value)).and_then(|unit| self.word(&unit));
            xml.open("core:genericAttribute", &[]);
            generic(xml, key, value, uom);
            xml.close("core:genericAttribute");
        }
        odd
    }
}

/// Finite numbers that come back as they are.
fn is_number(value: &Value) -> bool {
    value.as_number().is_some_and(|number| number.is_i64() || number.is_f64())
}

/// One generic attribute.
pub fn generic(xml: &mut Xml, key: &str, value: &Value, uom: Option<&str>) {
    let integer = value.as_i64().is_some();
    let element = match value {
        Value::Object(map) if is_set(map) => return set(xml, key, map),
        Value::String(text) if is_clean(text) => "gen:StringAttribute",
        Value::Number(_) if is_number(value) && uom.is_some() => "gen:MeasureAttribute",
        Value::Number(_) if integer => "gen:IntAttribute",
        Value::Number(_) if is_number(value) => "gen:DoubleAttribute",
        _ => return json(xml, key, value),
    };
    xml.open(element, &[]);
    xml.leaf("gen:name", &[], key);
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    match uom {
        Some(uom) => xml.leaf("gen:value", &[("uom", uom)], &text),
        None => xml.leaf("gen:value", &[], &text),
    }
    xml.close(element);
}

/// A map that a set of generic attributes can hold: names that are names, and at least one.
fn is_set(map: &Attributes) -> bool {
    !map.is_empty() && map.keys().all(|key| !key.is_empty() && is_clean(key) && key != RECORD)
}

fn set(xml: &mut Xml, key: &str, map: &Attributes) {
    xml.open("gen:GenericAttributeSet", &[]);
    xml.leaf("gen:name", &[], key);
    for (key, value) in map {
        xml.open("gen:genericAttribute", &[]);
        generic(xml, key, value, None);
        xml.close("gen:genericAttribute");
    }
    xml.close("gen:GenericAttributeSet");
}

/// A value as JSON.
pub fn json(xml: &mut Xml, key: &str, value: &Value) {
    xml.open("gen:CodeAttribute", &[]);
    xml.leaf("gen:name", &[], key);
    xml.leaf("gen:value", &[("codeSpace", JSON_SPACE)], &ascii_safe(&value.to_string()));
    xml.close("gen:CodeAttribute");
}

/// JSON escapes control characters below a space itself; those above, and what XML has not, are escaped here.
fn ascii_safe(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') {
            out.push_str(&format!("\\u{:04x}", c as u32));
        } else {
            out.push(c);
        }
    }
    out
}
