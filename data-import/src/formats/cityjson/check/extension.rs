//! Extensions: what stands behind a `+` must be declared, and is checked by the extension's own schema where that lies beside the
//! file. Nothing is fetched from the network.

use super::{Told, brief};
use crate::{Source, source};
use qike_scene::{Attributes, Value};
use std::cell::Cell;

/// Largest extension file read, bytes.
const LIMIT: u64 = 4 << 20;

/// How deep schemas are followed, and how many rules are looked at for one value: a schema may refer to itself.
const DEPTH: usize = 32;
const STEPS: u32 = 100_000;

/// The extensions of a document.
pub struct Extensions {
    declared: bool,
    /// Definitions of the extension files that were found.
    files: Vec<Value>,
    /// All of them were found: what none defines is not defined.
    complete: bool,
}

impl Extensions {
    /// Checks the declarations and reads those files that lie beside the document.
    pub fn read(declared: &Value, source: &Source, told: &mut Told) -> Self {
        let mut out = Self { declared: false, files: Vec::new(), complete: true };
        if declared.is_null() {
            return out;
        }
        let Some(list) = declared.as_object() else {
            told.error("cj-schema", "", "/extensions", "the extensions are no object");
            return out;
        };
        out.declared = !list.is_empty();
        for (name, entry) in list {
            let path = format!("/extensions/{name}");
            for key in ["url", "version"] {
                if !entry.get(key).is_some_and(Value::is_string) {
                    told.error("cj-schema", "", &format!("{path}/{key}"), format!("the extension '{name}' needs a text '{key}'"));
                }
            }
            let url = entry.get("url").and_then(Value::as_str).unwrap_or_default();
            // Only the last part of the address: no path leads out of the folder.
            let file = url.rsplit(['/', '\\']).next().filter(|file| file.ends_with(".json"));
            let read = file.and_then(|file| source::read_file(&source.path.with_file_name(file), file, LIMIT).ok());
            match read.and_then(|bytes| serde_json::from_slice::<Value>(&bytes).ok()).filter(|v| v.get("type").and_then(Value::as_str) == Some("CityJSONExtension")) {
                Some(extension) => out.files.push(extension),
                None => {
                    out.complete = false;
                    let message = format!("the schema of the extension '{name}' ({url}) does not lie beside the file, so that what it defines is not checked");
                    told.warn("cj-extension-unchecked", "", &path, message);
                }
            }
        }
        out
    }

    /// A definition by the member of the extension that lists it and its name.
    fn definition(&self, member: &str, name: &str) -> Option<(&Value, &Value)> {
        self.files.iter().find_map(|file| Some((file, file.get(member)?.get(name)?)))
    }

    /// Tells where something is not declared, or not valid by its definition.
    fn check(&self, id: &str, path: &str, what: &str, found: Option<(&Value, &Value)>, value: &Value, told: &mut Told) {
        match found {
            Some((file, schema)) => {
                if let Some(message) = violation(value, schema, file, 0, &Cell::new(STEPS)) {
                    told.error("cj-extension", id, path, format!("{what} does not keep its extension's schema: {message}"));
                }
            }
            None if !self.declared => told.error("cj-extension", id, path, format!("{what} is of an extension, and the file names none")),
            None if self.complete => told.error("cj-extension", id, path, format!("none of the file's extensions defines {what}")),
            None => {}
        }
    }

    /// A member of the document.
    pub fn check_root(&self, extra: &Attributes, told: &mut Told) {
        for (key, value) in extra.iter().filter(|(key, _)| key.starts_with('+')) {
            self.check("", &format!("/{key}"), &format!("the member '{key}'"), self.definition("extraRootProperties", key), value, told);
        }
    }

    /// A city object of a type of an extension.
    pub fn check_object(&self, id: &str, path: &str, name: &str, object: &Value, told: &mut Told) {
        self.check(id, path, &format!("the type '{name}'"), self.definition("extraCityObjects", name), object, told);
    }

    /// A member of a city object.
    pub fn check_member(&self, id: &str, path: &str, key: &str, told: &mut Told) {
        if !self.declared {
            told.error("cj-extension", id, path, format!("the member '{key}' is of an extension, and the file names none"));
        }
    }

    /// An attribute of a city object.
    pub fn check_attribute(&self, id: &str, path: &str, kind: &str, key: &str, value: &Value, told: &mut Told) {
        let found = self.files.iter().find_map(|file| Some((file, file.get("extraAttributes")?.get(kind)?.get(key)?)));
        self.check(id, path, &format!("the attribute '{key}'"), found, value, told);
    }

    /// A semantic surface. Up to 1.1 these needed no extension.
    pub fn check_surface(&self, version: u32, id: &str, path: &str, kind: &str, surface: &Value, told: &mut Told) {
        if version >= 20 {
            self.check(id, path, &format!("the semantic surface '{kind}'"), self.definition("extraSemanticSurfaces", kind), surface, told);
        }
    }
}

/// What breaks a JSON schema (draft 7; of it types, enumerations, properties, items, lengths and combinations, which is what
/// extensions use). References to CityJSON's own schemas are taken as kept: those are checked elsewhere.
fn violation(value: &Value, schema: &Value, file: &Value, depth: usize, steps: &Cell<u32>) -> Option<String> {
    if depth > DEPTH || steps.get() == 0 {
        return None;
    }
    steps.set(steps.get() - 1);
    let rules = schema.as_object()?;
    let inner = |value: &Value, schema: &Value| violation(value, schema, file, depth + 1, steps);
    for (rule, of) in rules {
        let broken = match rule.as_str() {
            "$ref" => of.as_str().and_then(|at| at.strip_prefix('#')).and_then(|at| inner(value, file.pointer(at)?)),
            "type" => {
                let names: Vec<&str> = of.as_str().into_iter().chain(of.as_array().into_iter().flatten().filter_map(Value::as_str)).collect();
                (!names.iter().any(|name| is(value, name))).then(|| format!("{} is not of the type {}", brief(value), names.join(" or ")))
            }
            "enum" => of.as_array().filter(|list| !list.contains(value)).map(|_| format!("{} is none of {}", brief(value), brief(of))),
            "required" => {
                let missing = of.as_array().into_iter().flatten().filter_map(Value::as_str).find(|key| value.is_object() && value.get(*key).is_none());
                missing.map(|key| format!("'{key}' is missing"))
            }
            "properties" => of.as_object().into_iter().flatten().find_map(|(key, rule)| inner(value.get(key)?, rule).map(|m| format!("{key}: {m}"))),
            "additionalProperties" if of.as_bool() == Some(false) => {
                let known = rules.get("properties").and_then(Value::as_object);
                let extra = value.as_object().and_then(|v| v.keys().find(|key| !known.is_some_and(|k| k.contains_key(*key))));
                extra.map(|key| format!("there is no member '{key}'"))
            }
            "items" => value.as_array().into_iter().flatten().find_map(|item| inner(item, of)),
            "minItems" => value.as_array().filter(|list| of.as_u64().is_some_and(|n| (list.len() as u64) < n)).map(|list| format!("{} entries are too few", list.len())),
            "maxItems" => value.as_array().filter(|list| of.as_u64().is_some_and(|n| list.len() as u64 > n)).map(|list| format!("{} entries are too many", list.len())),
            "allOf" => of.as_array().into_iter().flatten().find_map(|one| inner(value, one)),
            "anyOf" | "oneOf" => {
                let list = of.as_array()?;
                let faults: Vec<_> = list.iter().map(|one| inner(value, one)).collect();
                if faults.iter().all(Option::is_some) { faults.into_iter().flatten().next() } else { None }
            }
            _ => None,
        };
        if broken.is_some() {
            return broken;
        }
    }
    None
}

fn is(value: &Value, name: &str) -> bool {
    match name {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "number" => value.is_number(),
        "integer" => value.is_i64() || value.is_u64() || value.as_f64().is_some_and(|n| n.fract() == 0.0),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        _ => true,
    }
}
