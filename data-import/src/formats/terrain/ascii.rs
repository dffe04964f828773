//! ESRI's ASCII grids (`.asc`): a header of words with a number each, then the samples in rows from the north.
//!
//! `xllcenter` and `yllcenter` place the middle of the south-western cell, `xllcorner` and `yllcorner` its corner; the reference
//! system stands in a `.prj` file beside it. Format: ArcGIS documentation, "Esri ASCII raster format"; `dx` and `dy` are GDAL's.

use super::raster::{Affine, Raster, check_size};
use crate::{Confidence, ImportError, Importer, Profile, Source};
use qike_core::{Diagnostic, Feedback, SourceCrs};
use qike_scene::{Attributes, ObjectSink};
use std::path::Path;

/// Largest file read, bytes.
const LIMIT: u64 = 2 << 30;
/// Words of the header.
const WORDS: [&str; 10] = ["ncols", "nrows", "xllcorner", "yllcorner", "xllcenter", "yllcenter", "cellsize", "dx", "dy", "nodata_value"];

/// Imports ASCII grids.
pub struct AsciiGrid;

impl Importer for AsciiGrid {
    fn name(&self) -> &'static str {
        "ascii-grid"
    }

    fn title(&self) -> &'static str {
        "an ASCII grid"
    }

    fn endings(&self) -> &'static [&'static str] {
        &["asc"]
    }

    fn sniff(&self, path: &Path, head: &[u8]) -> Confidence {
        let mut words = Words { text: head };
        let first = words.next().map(|(_, word)| word.to_ascii_lowercase());
        let mine = first.is_some_and(|word| WORDS[..2].iter().any(|w| w.as_bytes() == word));
        Confidence::of(self.has_ending(path), mine)
    }

    fn probe(&self, source: &Source, _: &Feedback) -> Result<Profile, ImportError> {
        let bytes = source.read(LIMIT)?;
        let mut words = Words { text: &bytes };
        let header = Header::read(&mut words, &bytes).map_err(|(place, reason)| ImportError::corrupt(&source.name, place, reason))?;
        let crs = source.options.source_crs.clone().or_else(|| super::prj_beside(source)?.ok());
        let centre_lonlat = crs.as_ref().and_then(|crs| super::centre(&header.place, header.width, header.height, crs));
        Ok(Profile { crs, centre_lonlat })
    }

    fn consumes(&self, source: &Source) -> Vec<std::path::PathBuf> {
        ["prj", "PRJ"].map(|ending| source.path.with_extension(ending)).into_iter().filter(|p| p.is_file()).collect()
    }

    fn import(&self, source: &Source, sink: &mut dyn ObjectSink, feedback: &Feedback) -> Result<(), ImportError> {
        let file = source.name.as_str();
        let bytes = source.read(LIMIT)?;
        let corrupt = |(place, reason): (String, String)| ImportError::corrupt(file, place, reason);
        let mut words = Words { text: &bytes };
        let header = Header::read(&mut words, &bytes).map_err(corrupt)?;
        let raster = samples(&header, words, &bytes).map_err(corrupt)?;
        let own = own_system(source, sink);
        let crs = super::system(source, own, sink);
        super::import(&raster, source, &crs, Attributes::new(), self.name(), sink, feedback)
    }
}

/// What the `.prj` beside it says; a `.prj` that PROJ refuses is reported.
fn own_system(source: &Source, sink: &mut dyn ObjectSink) -> Option<SourceCrs> {
    match super::prj_beside(source)? {
        Ok(crs) => Some(crs),
        Err(reason) => {
            sink.diagnostic(Diagnostic::warning("prj-unreadable", reason).file(source.name.as_str()).help("name the system with --source-crs"));
            None
        }
    }
}

/// The words of a text with the byte each begins at; any space and line ending is between them.
struct Words<'a> {
    text: &'a [u8],
}

impl<'a> Words<'a> {
    /// The next word, and how many bytes are left from its beginning on.
    fn next(&mut self) -> Option<(usize, &'a [u8])> {
        let start = self.text.iter().position(|b| !b.is_ascii_whitespace())?;
        let rest = &self.text[start..];
        let end = rest.iter().position(|b| b.is_ascii_whitespace()).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        self.text = after;
        Some((rest.len(), word))
    }
}

/// `line n` of the place with so many bytes after it.
fn line(all: &[u8], left: usize) -> String {
    let before = all.get(..all.len().saturating_sub(left)).unwrap_or(all);
    let ends = |b: u8| before.iter().filter(|c| **c == b).count();
    // Lines may end in \n, \r\n or \r.
    format!("line {}", 1 + ends(b'\n').max(ends(b'\r')))
}

fn number(word: &[u8]) -> Option<f64> {
    let text = std::str::from_utf8(word).ok()?;
    // Some programs write a decimal comma.
    text.parse().ok().or_else(|| text.replace(',', ".").parse().ok())
}

struct Header {
    width: usize,
    height: usize,
    place: Affine,
    nodata: Option<f64>,
}

impl Header {
    /// Reads words of the header up to the first that is a number.
    fn read(words: &mut Words<'_>, all: &[u8]) -> Result<Self, (String, String)> {
        let mut found: [Option<f64>; WORDS.len()] = [None; WORDS.len()];
        loop {
            let before = words.text;
            let Some((left, word)) = words.next() else { break };
            let name = String::from_utf8_lossy(word).to_ascii_lowercase();
            let Some(k) = WORDS.iter().position(|w| *w == name) else {
                if number(word).is_some() {
                    words.text = before;
                    break;
                }
                let shown: String = name.chars().take(40).collect();
                return Err((line(all, left), format!("'{shown}' is no word of an ASCII grid's header")));
            };
            let value = words.next().and_then(|(_, word)| number(word));
            found[k] = Some(value.ok_or_else(|| (line(all, left), format!("{name} has no number")))?);
        }
        let start = || ("line 1".to_owned(), String::new());
        let needed = |k: usize| found[k].ok_or_else(|| (start().0, format!("the header has no {}", WORDS[k])));
        let count = |k: usize| {
            let n = needed(k)?;
            (n.fract() == 0.0 && (1.0..1e9).contains(&n)).then_some(n as usize).ok_or_else(|| (start().0, format!("{} is {n}", WORDS[k])))
        };
        let (width, height) = (count(0)?, count(1)?);
        check_size(width, height).map_err(|reason| (start().0, reason))?;
        let (dx, dy) = match (found[7], found[8]) {
            (Some(dx), Some(dy)) => (dx, dy),
            _ => (needed(6)?, needed(6)?),
        };
        // To the middle of the south-western cell.
        let middle = |centre: usize, corner: usize, step: f64| match found[centre] {
            Some(middle) => Ok(middle),
            None => needed(corner).map(|corner| corner + step / 2.0),
        };
        let (x, y) = (middle(4, 2, dx)?, middle(5, 3, dy)?);
        let place = Affine { origin: [x, y + dy * (height - 1) as f64], column: [dx, 0.0], row: [0.0, -dy] };
        if !place.is_sound() || dx <= 0.0 || dy <= 0.0 {
            return Err((start().0, format!("cells of {dx} × {dy} at ({x}, {y}) make no grid")));
        }
        Ok(Self { width, height, place, nodata: found[9] })
    }
}

fn samples(header: &Header, mut words: Words<'_>, all: &[u8]) -> Result<Raster, (String, String)> {
    let wanted = header.width * header.height;
    // A sample takes two bytes at least: a header that promises more than the file can hold gets no memory for it.
    let mut heights = Vec::with_capacity(wanted.min(words.text.len() / 2 + 1));
    while let Some((left, word)) = words.next() {
        if heights.len() == wanted {
            return Err((line(all, left), format!("there are more than the {wanted} samples that the header promises")));
        }
        let Some(height) = number(word) else {
            let shown: String = String::from_utf8_lossy(word).chars().take(40).collect();
            return Err((line(all, left), format!("'{shown}' is no height")));
        };
        heights.push(super::raster::height(height, header.nodata));
    }
    if heights.len() < wanted {
        return Err((line(all, 0), format!("the file ends after {} of {wanted} samples", heights.len())));
    }
    Ok(Raster { width: header.width, height: header.height, heights, place: header.place })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Raster, String> {
        let mut words = Words { text: text.as_bytes() };
        let header = Header::read(&mut words, text.as_bytes()).map_err(|(place, reason)| format!("{place}: {reason}"))?;
        samples(&header, words, text.as_bytes()).map_err(|(place, reason)| format!("{place}: {reason}"))
    }

    #[test]
    fn corners_and_middles_and_rows_from_the_north() {
        let corner = read("ncols 3\nnrows 2\nxllcorner 100\nyllcorner 200\ncellsize 10\nNODATA_value -9999\n1 2 3\n4 -9999 6.5\n").unwrap();
        assert_eq!((corner.get(0, 0), corner.get(1, 1), corner.get(2, 1)), (Some(1.0), None, Some(6.5)));
        assert_eq!((corner.place.at(0.0, 0.0), corner.place.at(2.0, 1.0)), ([105.0, 215.0], [125.0, 205.0]));
        let centre = read("NCOLS 3\r\nNROWS 2\r\nXLLCENTER 105\r\nYLLCENTER 205\r\nDX 10\r\nDY 10\r\n1 2 3 4 5 6").unwrap();
        assert_eq!(centre.place, corner.place);
        let cr_only = read("ncols 2\rnrows 2\rxllcorner 0\ryllcorner 0\rcellsize 1\r1,5 2\r3 4\r").unwrap();
        assert_eq!(cr_only.get(0, 0), Some(1.5));
    }

    #[test]
    fn says_where_it_is_wrong() {
        let head = "ncols 2\nnrows 2\nxllcorner 0\nyllcorner 0\ncellsize 1\n";
        for (body, words) in [("1 2\n3 x\n", "line 7: 'x' is no height"), ("1 2\n3\n", "3 of 4 samples"), ("1 2\n3 4\n5\n", "line 8: there are more")] {
            let said = read(&format!("{head}{body}")).unwrap_err();
            assert!(said.contains(words), "{said}");
        }
        for (header, words) in [
            ("ncols 2\nnrows\n", "nrows has no number"),
            ("ncols 2\nnrows 2\n1 2 3 4", "the header has no cellsize"),
            ("ncols 900000000\nnrows 900000000\nxllcorner 0\nyllcorner 0\ncellsize 1\n1", "more than the"),
            ("ncols 2\nnrows 2\nxllcorner 0\nyllcorner 0\ncellsize 0\n1 2 3 4", "make no grid"),
            ("ncols -2\nnrows 2\n", "ncols is -2"),
            ("banana 2\n", "'banana' is no word"),
        ] {
            let said = read(header).unwrap_err();
            assert!(said.contains(words), "{said}");
        }
    }
}
