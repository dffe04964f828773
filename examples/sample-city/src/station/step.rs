//! STEP physical files (ISO 10303-21): numbered lines, encoded texts.

use std::fmt::Write as _;

/// The data section as it grows.
#[derive(Default)]
pub struct Step {
    text: String,
    count: usize,
}

/// The number of an entity, written `#n`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Id(usize);

impl std::fmt::Display for Id {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "#{}", self.0)
    }
}

impl Step {
    /// Adds one entity, `NAME(arguments)`.
    pub fn add(&mut self, entity: &str) -> Id {
        self.count += 1;
        let _ = writeln!(self.text, "#{}={entity};", self.count);
        Id(self.count)
    }

    /// The complete file.
    pub fn finish(self, name: &str, time: &str, schema: &str) -> String {
        format!(
            "ISO-10303-21;\nHEADER;\nFILE_DESCRIPTION(('ViewDefinition [ReferenceView]'),'2;1');\n\
             FILE_NAME({},'{time}',('Qike'),('Qike'),'qike-sample','qike-sample','');\nFILE_SCHEMA(('{schema}'));\nENDSEC;\nDATA;\n{}ENDSEC;\nEND-ISO-10303-21;\n",
            text(name),
            self.text
        )
    }
}

/// `(#1,#2)`
pub fn list(ids: &[Id]) -> String {
    let all: Vec<String> = ids.iter().map(Id::to_string).collect();
    format!("({})", all.join(","))
}

/// A real number: always with a point, never with more digits than a tenth of a millimetre needs.
pub fn real(v: f64) -> String {
    let r = (v * 1e6).round() / 1e6;
    let r = if r == 0.0 { 0.0 } else { r };
    let s = format!("{r}");
    if s.contains('.') { s } else { format!("{s}.") }
}

/// A text in quotes; what is not ASCII as UTF-16 in `\X2\…\X0\`.
pub fn text(s: &str) -> String {
    let mut out = String::from("'");
    let mut wide = false;
    for c in s.chars() {
        let ascii = c.is_ascii() && !c.is_ascii_control();
        if ascii == wide {
            out.push_str(if wide { "\\X0\\" } else { "\\X2\\" });
            wide = !wide;
        }
        match c {
            '\'' => out.push_str("''"),
            '\\' => out.push_str("\\\\"),
            c if ascii => out.push(c),
            c => {
                let mut units = [0u16; 2];
                for u in c.encode_utf16(&mut units) {
                    let _ = write!(out, "{u:04X}");
                }
            }
        }
    }
    out.push_str(if wide { "\\X0\\'" } else { "'" });
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_and_numbers_are_encoded() {
        assert_eq!(text("A口's \\"), "'A\\X2\\53E3\\X0\\''s \\\\'");
        assert_eq!(text("站"), "'\\X2\\7AD9\\X0\\'");
        assert_eq!(real(3.0), "3.");
        assert_eq!(real(-0.000_000_1), "0.");
        assert_eq!(real(-1.25), "-1.25");
    }
}
