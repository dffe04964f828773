//! Writing XML: elements on lines of their own, geometry packed; names of things that XML allows as ids.

/// A document on its way out, or a part of one that is put in later.
#[derive(Default)]
pub struct Xml {
    text: String,
    depth: usize,
}

impl Xml {
    /// Nothing yet; its elements are indented by `depth`.
    pub fn at(depth: usize) -> Self {
        Self { text: String::new(), depth }
    }

    /// Levels of elements open.
    pub fn depth(&self) -> usize {
        self.depth
    }

    /// All that was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Forgets what was written, once it is on its way.
    pub fn clear(&mut self) {
        self.text.clear();
    }

    fn indent(&mut self) {
        self.text.extend(std::iter::repeat_n(' ', self.depth));
    }

    /// Opens an element.
    pub fn open(&mut self, name: &str, attributes: &[(&str, &str)]) {
        self.indent();
        self.tag(name, attributes);
        self.text.push_str(">\n");
        self.depth += 1;
    }

    /// Closes the element opened last.
    pub fn close(&mut self, name: &str) {
        self.depth = self.depth.saturating_sub(1);
        self.indent();
        self.raw("</").raw(name).raw(">\n");
    }

    /// An element with text.
    pub fn leaf(&mut self, name: &str, attributes: &[(&str, &str)], text: &str) {
        self.indent();
        self.tag(name, attributes);
        if text.is_empty() {
            self.text.push_str("/>\n");
        } else {
            self.text.push('>');
            escape(text, &mut self.text);
            self.raw("</").raw(name).raw(">\n");
        }
    }

    /// An element around XML that is ready.
    pub fn wrap(&mut self, name: &str, attributes: &[(&str, &str)], inner: &str) {
        self.indent();
        self.tag(name, attributes);
        self.raw(">").raw(inner).raw("</").raw(name).raw(">\n");
    }

    /// XML that is ready, as it is.
    pub fn raw(&mut self, xml: &str) -> &mut Self {
        self.text.push_str(xml);
        self
    }

    fn tag(&mut self, name: &str, attributes: &[(&str, &str)]) {
        self.raw("<").raw(name);
        for (key, value) in attributes {
            self.raw(" ").raw(key).raw("=\"");
            escape(value, &mut self.text);
            self.raw("\"");
        }
    }
}

/// Appends text with what XML reserves written as entities.
pub fn escape(text: &str, out: &mut String) {
    let mut rest = text;
    while let Some(at) = rest.find(['&', '<', '>', '"']) {
        out.push_str(&rest[..at]);
        out.push_str(match rest.as_bytes()[at] {
            b'&' => "&amp;",
            b'<' => "&lt;",
            b'>' => "&gt;",
            _ => "&quot;",
        });
        rest = &rest[at + 1..];
    }
    out.push_str(rest);
}

/// True for text that XML gives back as it was: no control characters, no spaces at its ends, no code points that XML has not.
pub fn is_clean(text: &str) -> bool {
    text.trim() == text && !text.chars().any(|c| c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}'))
}

/// True for what XML allows as an id (an NCName).
pub fn is_ncname(text: &str) -> bool {
    let mut chars = text.chars();
    chars.next().is_some_and(starts_name) && chars.all(continues_name)
}

/// The nearest id to a text.
pub fn to_ncname(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        if out.is_empty() && !starts_name(c) {
            out.push('_');
        }
        out.push(if continues_name(c) { c } else { '_' });
    }
    if out.is_empty() { "_".to_owned() } else { out }
}

fn starts_name(c: char) -> bool {
    matches!(c,
        'A'..='Z' | '_' | 'a'..='z' | '\u{C0}'..='\u{D6}' | '\u{D8}'..='\u{F6}' | '\u{F8}'..='\u{2FF}' | '\u{370}'..='\u{37D}'
        | '\u{37F}'..='\u{1FFF}' | '\u{200C}'..='\u{200D}' | '\u{2070}'..='\u{218F}' | '\u{2C00}'..='\u{2FEF}'
        | '\u{3001}'..='\u{D7FF}' | '\u{F900}'..='\u{FDCF}' | '\u{FDF0}'..='\u{FFFD}' | '\u{10000}'..='\u{EFFFF}')
}

fn continues_name(c: char) -> bool {
    starts_name(c) || matches!(c, '-' | '.' | '0'..='9' | '\u{B7}' | '\u{300}'..='\u{36F}' | '\u{203F}'..='\u{2040}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_and_text() {
        for good in ["a", "_1", "楼栋-1.2", "UUID_c3e0"] {
            assert!(is_ncname(good) && to_ncname(good) == good, "{good}");
        }
        for (bad, near) in [("osm:way/1", "osm_way_1"), ("1a", "_1a"), ("", "_"), ("a b", "a_b"), ("-x", "_-x")] {
            assert!(!is_ncname(bad), "{bad}");
            assert_eq!(to_ncname(bad), near);
            assert!(is_ncname(near));
        }
        assert!(is_clean("a b") && is_clean("") && !is_clean(" a") && !is_clean("a\nb") && !is_clean("\u{1}"));
        let mut out = String::new();
        escape("a<b & \"c\">", &mut out);
        assert_eq!(out, "a&lt;b &amp; &quot;c&quot;&gt;");
    }
}
