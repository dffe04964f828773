//! Codes of city components (城市部件), as city management platforms number each lamp, manhole and bin: 18 digits, of which 6
//! are the district (GB/T 2260), 2 the class, 2 the subclass and 8 the serial number, after GB/T 30428.2.

use qike_scene::{Attributes, Value};

/// Fields that hold such a code, besides `component_code` itself.
const FIELDS: &[&str] = &["component_code", "部件编码", "部件代码", "部件标识码", "部件编号"];

/// Classes of components by their number.
const CLASSES: &[(&str, &str)] = &[
    ("01", "public_utilities"),
    ("02", "road_traffic"),
    ("03", "environment"),
    ("04", "greenery"),
    ("05", "other"),
    ("06", "other"),
];

/// First two digits of districts: provinces, autonomous regions, municipalities, special administrative regions.
const PROVINCES: &[&str] = &[
    "11", "12", "13", "14", "15", "21", "22", "23", "31", "32", "33", "34", "35", "36", "37", "41", "42", "43", "44", "45", "46", "50", "51", "52",
    "53", "54", "61", "62", "63", "64", "65", "71", "81", "82",
];

/// A code in its parts.
#[derive(Debug, PartialEq)]
pub struct Code<'a> {
    /// District, 6 digits.
    pub district: &'a str,
    /// Class, 2 digits.
    pub class: &'a str,
    /// Subclass within the class, 2 digits.
    pub subclass: &'a str,
    /// Number within the subclass, 8 digits.
    pub serial: &'a str,
}

/// A fault of a code: a stable diagnostic code and a sentence.
pub type Fault = (&'static str, String);

/// Takes a code apart, or says what is wrong with it.
pub fn parse(text: &str) -> Result<Code<'_>, Fault> {
    let text = text.trim();
    if let Some(odd) = text.chars().find(|c| !c.is_ascii_digit()) {
        return Err(("component-code-digits", format!("the component code '{text}' has '{odd}' in it; a code is 18 digits")));
    }
    if text.len() != 18 {
        let older = if text.len() == 16 { " (16 digits are the older form, with a serial number of 6)" } else { "" };
        return Err(("component-code-length", format!("the component code '{text}' has {} digits instead of 18{older}", text.len())));
    }
    let code = Code { district: &text[..6], class: &text[6..8], subclass: &text[8..10], serial: &text[10..] };
    if !PROVINCES.contains(&&text[..2]) {
        return Err(("component-code-district", format!("the component code '{text}' begins with {}, which is no district: no province has the number {}", code.district, &text[..2])));
    }
    if class_name(code.class).is_none() {
        return Err(("component-code-class", format!("the component code '{text}' has the class {}; classes are 01 to 06", code.class)));
    }
    Ok(code)
}

fn class_name(number: &str) -> Option<&'static str> {
    CLASSES.iter().find(|(n, _)| *n == number).map(|(_, name)| *name)
}

/// Adds what an object's component code says to its attributes: `component_code` (where the field has another name),
/// `component_class`, `component_subclass`, `district`. Fields that are there already stay. `Err`: the code is faulty.
pub fn annotate(attributes: &mut Attributes) -> Result<(), Fault> {
    let field = FIELDS.iter().find_map(|f| attributes.get(*f));
    let text = match field {
        Some(Value::String(text)) if !text.trim().is_empty() => text.trim().to_owned(),
        Some(Value::Number(n)) if n.is_f64() => {
            return Err(("component-code-digits", format!("the component code {n} was read as a floating-point number, whose last digits are lost; store it as text")));
        }
        Some(Value::Number(n)) => n.to_string(),
        _ => return Ok(()),
    };
    let checked = parse(&text).map(|code| {
        let named = class_name(code.class).unwrap_or_default();
        [("component_class", code.class), ("component_class_name", named), ("component_subclass", code.subclass), ("district", code.district)].map(|(k, v)| (k, v.to_owned()))
    });
    let mut add = |key: &str, value: String| {
        attributes.entry(key).or_insert(Value::String(value));
    };
    add("component_code", text.clone());
    checked.map(|parts| parts.into_iter().for_each(|(key, value)| add(key, value)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn parts_and_faults() {
        let code = parse("310115012000000017").unwrap();
        assert_eq!(code, Code { district: "310115", class: "01", subclass: "20", serial: "00000017" });
        for (text, expected) in [
            ("31011501200000001", "component-code-length"),
            ("3101150120000017", "component-code-length"),
            ("31011501200000001X", "component-code-digits"),
            ("３１０１１５012000000017", "component-code-digits"),
            ("990115012000000017", "component-code-district"),
            ("310115992000000017", "component-code-class"),
        ] {
            assert_eq!(parse(text).unwrap_err().0, expected, "{text}");
        }
    }

    #[test]
    fn attributes_are_added_and_none_overwritten() {
        let mut all = json!({ "部件编码": 310_115_012_000_000_017_u64, "district": "浦东" }).as_object().unwrap().clone();
        assert_eq!(annotate(&mut all), Ok(()));
        assert_eq!(Value::Object(all), json!({ "部件编码": 310_115_012_000_000_017_u64, "district": "浦东", "component_code": "310115012000000017",
            "component_class": "01", "component_class_name": "public_utilities", "component_subclass": "20" }));
        let mut float = json!({ "component_code": 3.101_150_12e17 }).as_object().unwrap().clone();
        assert_eq!(annotate(&mut float).unwrap_err().0, "component-code-digits");
        assert_eq!(annotate(&mut Attributes::new()), Ok(()));
    }
}
