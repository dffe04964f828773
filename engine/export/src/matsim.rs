//! Plans of persons as MATSim's populations (`population_v6`): activities with their places and ends, and modes between them.

use std::fmt::Display;
use std::io::{self, Write};

/// An activity.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct WrittenStay<'a> {
    /// What for.
    pub activity: &'a str,
    /// Where, in the CRS of the network.
    pub at: [f64; 2],
    /// When it ends, ms, and the mode by which one goes on; none: it is the last.
    pub leaves: Option<(i64, &'a str)>,
}

/// Writes persons one after the other.
#[derive(Debug)]
pub struct Plans<W>(W);

impl<W: Write> Plans<W> {
    /// Begins a file; `crs` is what coordinates are in, as MATSim names it.
    ///
    /// # Errors
    /// Those of writing, here and below.
    pub fn new(mut out: W, crs: &str) -> io::Result<Self> {
        writeln!(out, "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<!DOCTYPE population SYSTEM \"http://www.matsim.org/files/dtd/population_v6.dtd\">\n<!-- written by Qike {} -->\n<population>", env!("CARGO_PKG_VERSION"))?;
        writeln!(out, "  <attributes>\n    <attribute name=\"coordinateReferenceSystem\" class=\"java.lang.String\">{}</attribute>\n  </attributes>", Text(crs))?;
        Ok(Self(out))
    }

    /// A person with whole numbers and words as attributes, and the day.
    ///
    /// # Errors
    /// Those of writing.
    pub fn person<'s>(&mut self, id: impl Display, numbers: &[(&str, u32)], words: &[(&str, &str)], stays: impl IntoIterator<Item = WrittenStay<'s>>) -> io::Result<()> {
        let out = &mut self.0;
        writeln!(out, "  <person id=\"{id}\">\n    <attributes>")?;
        for (name, value) in numbers {
            writeln!(out, "      <attribute name=\"{}\" class=\"java.lang.Integer\">{value}</attribute>", Text(name))?;
        }
        for (name, value) in words {
            writeln!(out, "      <attribute name=\"{}\" class=\"java.lang.String\">{}</attribute>", Text(name), Text(value))?;
        }
        writeln!(out, "    </attributes>\n    <plan selected=\"yes\">")?;
        for stay in stays {
            write!(out, "      <activity type=\"{}\" x=\"{:.2}\" y=\"{:.2}\"", Text(stay.activity), stay.at[0], stay.at[1])?;
            match stay.leaves {
                Some((ms, mode)) => writeln!(out, " end_time=\"{}\"/>\n      <leg mode=\"{}\"/>", Clock(ms), Text(mode))?,
                None => writeln!(out, "/>")?,
            }
        }
        writeln!(out, "    </plan>\n  </person>")
    }

    /// Ends the file.
    ///
    /// # Errors
    /// Those of writing.
    pub fn finish(mut self) -> io::Result<()> {
        writeln!(self.0, "</population>")?;
        self.0.flush()
    }
}

/// A text with what XML reserves written otherwise.
struct Text<'a>(&'a str);

impl Display for Text<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.chars().try_for_each(|c| match c {
            '&' => f.write_str("&amp;"),
            '<' => f.write_str("&lt;"),
            '>' => f.write_str("&gt;"),
            '"' => f.write_str("&quot;"),
            c if (c as u32) < 0x20 => f.write_str(" "),
            c => write!(f, "{c}"),
        })
    }
}

/// `hh:mm:ss`, beyond 24 hours where it is.
struct Clock(i64);

impl Display for Clock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let s = self.0.max(0) / 1000;
        write!(f, "{:02}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_written() {
        let mut out = Vec::new();
        let mut plans = Plans::new(&mut out, "EPSG:32651").unwrap();
        let stays = [
            WrittenStay { activity: "home", at: [1.0, 2.5], leaves: Some((27_030_500, "car")) },
            WrittenStay { activity: "work & more", at: [3.0, 4.0], leaves: None },
        ];
        plans.person(7, &[("age", 30)], &[("role", "worker")], stays).unwrap();
        plans.finish().unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(text.contains("<activity type=\"home\" x=\"1.00\" y=\"2.50\" end_time=\"07:30:30\"/>\n      <leg mode=\"car\"/>"), "{text}");
        assert!(text.contains("type=\"work &amp; more\" x=\"3.00\" y=\"4.00\"/>") && text.contains(">30</attribute>"), "{text}");
    }
}
