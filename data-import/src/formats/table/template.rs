//! Templates over a record's fields: `lamp:{code}`, `{a}/{b.c}`, `row {#}`.

use serde::de::{self, Deserialize, Deserializer};
use serde_json::{Map, Value};

/// A record: its fields by name.
pub type Fields = Map<String, Value>;

#[derive(Clone, Debug, PartialEq)]
enum Piece {
    Text(String),
    Field(String),
    Number,
}

/// A parsed template.
#[derive(Clone, Debug, PartialEq)]
pub struct Template(Vec<Piece>);

impl Template {
    /// Parses; `{{` and `}}` stand for the braces themselves.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (mut pieces, mut plain, mut rest) = (Vec::new(), String::new(), text.chars().peekable());
        while let Some(c) = rest.next() {
            match c {
                '{' | '}' if rest.peek() == Some(&c) => {
                    plain.push(c);
                    rest.next();
                }
                '{' => {
                    let mut field = String::new();
                    loop {
                        match rest.next() {
                            Some('}') => break,
                            Some(c) => field.push(c),
                            None => return Err(format!("the template '{text}' has a brace that is not closed")),
                        }
                    }
                    if field.trim().is_empty() {
                        return Err(format!("the template '{text}' has an empty field"));
                    }
                    if !plain.is_empty() {
                        pieces.push(Piece::Text(std::mem::take(&mut plain)));
                    }
                    pieces.push(if field == "#" { Piece::Number } else { Piece::Field(field) });
                }
                '}' => return Err(format!("the template '{text}' has a closing brace without an opening one")),
                c => plain.push(c),
            }
        }
        if !plain.is_empty() {
            pieces.push(Piece::Text(plain));
        }
        if pieces.is_empty() {
            return Err("the template is empty".into());
        }
        Ok(Self(pieces))
    }

    /// Fills in a record's fields; `Err` names the field that is missing, empty, or no text and no number.
    pub fn fill(&self, fields: &Fields, number: usize) -> Result<String, String> {
        let mut out = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Text(text) => out.push_str(text),
                Piece::Number => out.push_str(&number.to_string()),
                Piece::Field(name) => out.push_str(&field(fields, name).and_then(text).ok_or_else(|| name.clone())?),
            }
        }
        Ok(out)
    }
}

impl<'de> Deserialize<'de> for Template {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Template::parse(&String::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

/// A field by its name, or by a dotted path into nested ones.
pub fn field<'a>(fields: &'a Fields, name: &str) -> Option<&'a Value> {
    if let Some(value) = fields.get(name) {
        return Some(value);
    }
    let (first, rest) = name.split_once('.')?;
    rest.split('.').try_fold(fields.get(first)?, |value, key| value.get(key))
}

/// A value as text: nothing for null, lists, maps and empty texts.
pub fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.trim().is_empty() => Some(text.trim().to_owned()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn fills_fields_numbers_and_braces() {
        let Value::Object(fields) = json!({ "code": 7, "a": { "b": " x " }, "c.d": true, "empty": "" }) else { unreachable!() };
        let filled = |t: &str| Template::parse(t).unwrap().fill(&fields, 3);
        assert_eq!(filled("lamp:{code}").as_deref(), Ok("lamp:7"));
        assert_eq!(filled("{a.b}/{c.d}/{#} {{}}").as_deref(), Ok("x/true/3 {}"));
        assert_eq!(filled("{empty}"), Err("empty".into()));
        assert_eq!(filled("{a}"), Err("a".into()));
        for bad in ["{", "{x", "}", "{}", ""] {
            assert!(Template::parse(bad).is_err(), "{bad}");
        }
    }
}
