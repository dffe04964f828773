//! Elements with attributes, one a line.

use std::fmt::Display;
use std::io::{self, Write};

/// The line of one element being made.
#[derive(Debug, Default)]
pub(super) struct Line(Vec<u8>);

impl Line {
    /// An element, so deep.
    pub fn element(&mut self, depth: usize, name: &str) -> &mut Self {
        self.0.clear();
        self.0.resize(depth * 4, b' ');
        self.0.push(b'<');
        self.0.extend_from_slice(name.as_bytes());
        self
    }

    fn name(&mut self, name: &str) {
        self.0.push(b' ');
        self.0.extend_from_slice(name.as_bytes());
        self.0.extend_from_slice(b"=\"");
    }

    /// A text.
    pub fn text(&mut self, name: &str, value: &str) -> &mut Self {
        self.name(name);
        for c in value.chars() {
            match c {
                '&' => self.0.extend_from_slice(b"&amp;"),
                '<' => self.0.extend_from_slice(b"&lt;"),
                '>' => self.0.extend_from_slice(b"&gt;"),
                '"' => self.0.extend_from_slice(b"&quot;"),
                c if (c as u32) < 0x20 => self.0.push(b' '),
                c => self.0.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
            }
        }
        self.0.push(b'"');
        self
    }

    /// A number with two decimals, never a negative zero.
    pub fn number(&mut self, name: &str, value: f64) -> &mut Self {
        self.name(name);
        let value = if value.is_finite() { (value * 100.0).round() / 100.0 + 0.0 } else { -1.0 };
        // Writing into memory does not fail.
        let _ = write!(self.0, "{value:.2}");
        self.0.push(b'"');
        self
    }

    /// A mean; -1 where there is none.
    pub fn mean(&mut self, name: &str, value: Option<f64>) -> &mut Self {
        self.number(name, value.unwrap_or(-1.0))
    }

    /// Milliseconds as seconds.
    pub fn time(&mut self, name: &str, ms: i64) -> &mut Self {
        self.number(name, ms as f64 / 1000.0)
    }

    /// A whole number.
    pub fn whole(&mut self, name: &str, value: impl Display) -> &mut Self {
        self.name(name);
        let _ = write!(self.0, "{value}");
        self.0.push(b'"');
        self
    }

    /// Ends it without content, and writes it.
    pub fn close(&mut self, out: &mut dyn Write) -> io::Result<()> {
        self.0.extend_from_slice(b"/>\n");
        out.write_all(&self.0)
    }

    /// Ends its opening tag, and writes it.
    pub fn open(&mut self, out: &mut dyn Write) -> io::Result<()> {
        self.0.extend_from_slice(b">\n");
        out.write_all(&self.0)
    }
}

/// The head of a file.
pub(super) fn head(out: &mut dyn Write, root: &str, schema: &str) -> io::Result<()> {
    head_with(out, root, schema, "")
}

/// The head of a file, with more attributes of its root (written as they are, a blank before them).
pub(super) fn head_with(out: &mut dyn Write, root: &str, schema: &str, more: &str) -> io::Result<()> {
    writeln!(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\n<!-- written by Qike {} -->\n", env!("CARGO_PKG_VERSION"))?;
    writeln!(out, "<{root}{more} xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:noNamespaceSchemaLocation=\"http://sumo.dlr.de/xsd/{schema}\">")
}

/// A file of elements under one root.
#[derive(Debug)]
pub(super) struct Document<W> {
    pub out: W,
    root: &'static str,
    line: Line,
}

impl<W: Write> Document<W> {
    /// Begins it.
    pub fn new(mut out: W, root: &'static str, schema: &str) -> io::Result<Self> {
        head(&mut out, root, schema)?;
        Ok(Self { out, root, line: Line::default() })
    }

    /// An element without content, so deep.
    pub fn element(&mut self, depth: usize, name: &str, attributes: impl FnOnce(&mut Line)) -> io::Result<()> {
        attributes(self.line.element(depth, name));
        self.line.close(&mut self.out)
    }

    /// An opening tag, so deep.
    pub fn open(&mut self, depth: usize, name: &str, attributes: impl FnOnce(&mut Line)) -> io::Result<()> {
        attributes(self.line.element(depth, name));
        self.line.open(&mut self.out)
    }

    /// A closing tag, so deep.
    pub fn close(&mut self, depth: usize, name: &str) -> io::Result<()> {
        writeln!(self.out, "{:width$}</{name}>", "", width = depth * 4)
    }

    /// Ends it.
    pub fn finish(mut self) -> io::Result<()> {
        writeln!(self.out, "</{}>", self.root)?;
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_escaped_and_numbers_have_two_decimals() {
        let mut out = Vec::new();
        let mut line = Line::default();
        line.element(1, "a").text("id", "x<\"&\n>").number("n", -0.001).number("m", 2.345_6).time("t", 1_500).whole("w", 7_u64).close(&mut out).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "    <a id=\"x&lt;&quot;&amp; &gt;\" n=\"0.00\" m=\"2.35\" t=\"1.50\" w=\"7\"/>\n");
    }
}
