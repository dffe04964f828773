//! TetGen's .poly files: one solid as corners and facets with holes (TetGen manual 1.6, section 5.2.2). Test cases of val3dity are
//! written so.

use crate::{Confidence, ImportError, Importer, Profile, Projector, Source};
use qike_core::{Crs, Feedback, SourceCrs};
use qike_scene::{CityObject, Class, GeometryBuilder, GeometryKind, Lod, ObjectSink};
use std::path::Path;

/// Largest file read, bytes.
const LIMIT: u64 = 512 << 20;

/// The importer.
pub struct Poly;

impl Importer for Poly {
    fn name(&self) -> &'static str {
        "poly"
    }

    fn title(&self) -> &'static str {
        "a TetGen solid"
    }

    fn endings(&self) -> &'static [&'static str] {
        &["poly"]
    }

    fn sniff(&self, path: &Path, head: &[u8]) -> Confidence {
        let ending = self.has_ending(path);
        // Four small numbers say little: only with the ending.
        Confidence::of(ending, ending && Lines::new(&String::from_utf8_lossy(head)).next().is_some_and(|(_, n)| n.get(1) == Some(&3.0)))
    }

    fn probe(&self, source: &Source, _: &Feedback) -> Result<Profile, ImportError> {
        Ok(Profile { crs: source.options.source_crs.clone(), centre_lonlat: None })
    }

    fn import(&self, source: &Source, sink: &mut dyn ObjectSink, _: &Feedback) -> Result<(), ImportError> {
        let bytes = source.read(LIMIT)?;
        let text = String::from_utf8_lossy(&bytes);
        let facets = read(&text).map_err(|(line, reason)| ImportError::corrupt(&source.name, format!("line {line}"), reason))?;
        let crs = if sink.crs().is_local() { source.crs_or(None, || SourceCrs::Crs(Crs::local())) } else { source.crs_unstated(None, sink) };
        let mut projector = Projector::new(&crs, sink.crs(), &source.name)?;
        let number = source.begin(self.name(), &crs.to_string(), sink)?;
        let id = source.path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        let mut builder = GeometryBuilder::new(Lod::TWO, GeometryKind::Solid);
        for rings in facets {
            let rings: Vec<_> = rings.iter().map(|ring| projector.project_all(ring, &id)).collect();
            builder.surface(&rings, None);
        }
        let mut object = CityObject::new(id, Class::GenericCityObject, number);
        object.geometries.push(builder.build());
        sink.object(object)?;
        projector.report(&source.name, "vertices", sink);
        Ok(())
    }
}

/// Lines of numbers with their own number; comments and empty lines are skipped.
struct Lines<'t>(std::iter::Enumerate<std::str::Lines<'t>>);

impl<'t> Lines<'t> {
    fn new(text: &'t str) -> Self {
        Self(text.lines().enumerate())
    }
}

impl Iterator for Lines<'_> {
    type Item = (usize, Vec<f64>);

    fn next(&mut self) -> Option<Self::Item> {
        self.0.by_ref().find_map(|(number, line)| {
            let line = line.split('#').next().unwrap_or_default();
            let numbers: Vec<f64> = line.split_whitespace().map(|n| n.parse().unwrap_or(f64::NAN)).collect();
            (!numbers.is_empty()).then_some((number + 1, numbers))
        })
    }
}

type Facet = Vec<Vec<[f64; 3]>>;

/// The facets of a file as rings of positions; the line and what is wrong with it otherwise.
fn read(text: &str) -> Result<Vec<Facet>, (usize, String)> {
    let mut lines = Lines::new(text);
    let mut last = 0;
    let mut line = |what: &str| {
        let found = lines.next().ok_or_else(|| (last, format!("the file is cut off: {what} is missing")))?;
        last = found.0;
        Ok::<_, (usize, String)>(found)
    };
    let count = |(at, numbers): &(usize, Vec<f64>), i: usize| {
        let n = numbers.get(i).copied().unwrap_or(0.0);
        if n >= 0.0 && n.fract() == 0.0 && n < 1e8 { Ok(n as usize) } else { Err((*at, format!("'{n}' is no count"))) }
    };
    let vertices = count(&line("the number of vertices")?, 0)?;
    let mut places = Vec::new();
    let mut first = 0;
    for i in 0..vertices {
        let (at, numbers) = line("a vertex")?;
        let [number, x, y, z] = numbers[..] else { return Err((at, "a vertex is a number and three coordinates".into())) };
        if i == 0 {
            first = number as usize;
        }
        places.push([x, y, z]);
    }
    let mut facets = Vec::new();
    for _ in 0..count(&line("the number of facets")?, 0)? {
        let head = line("a facet")?;
        let (rings, holes) = (count(&head, 0)?, count(&head, 1)?);
        let mut facet = Vec::new();
        for _ in 0..rings {
            let mut ring = line("a ring")?;
            let corners = count(&ring, 0)?;
            // A ring may go on over several lines.
            while ring.1.len() <= corners {
                ring.1.extend(line("the rest of a ring")?.1);
            }
            let place = |n: &f64| places.get((*n as usize).wrapping_sub(first)).copied().ok_or_else(|| (ring.0, format!("there is no vertex {n}")));
            facet.push(ring.1.iter().skip(1).take(corners).map(place).collect::<Result<Vec<_>, _>>()?);
        }
        for _ in 0..holes {
            line("a point in a hole")?;
        }
        facets.push(facet);
    }
    Ok(facets)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_facet_with_a_hole_and_numbers_from_one() {
        let text = "# a square\n7 3 0 0\n1 0 0 0\n2 9 0 0\n3 9 9 0\n4 0 9 0\n5 1 1 0\n6 2 1 0\n7 1 2 0\n1 0\n2 1\n4 1 2 3\n4\n3 5 7 6\n1 1.2 1.2 0\n0\n0\n";
        let facets = read(text).unwrap();
        assert_eq!(facets[0].iter().map(Vec::len).collect::<Vec<_>>(), [4, 3]);
        assert_eq!(facets[0][1][1], [1.0, 2.0, 0.0]);
        assert_eq!(read("2 3 0 0\n0 0 0 0\n").unwrap_err(), (2, "the file is cut off: a vertex is missing".into()));
        assert_eq!(read("1 3\n0 0 0 0\n1\n1\n1 5\n").unwrap_err(), (5, "there is no vertex 5".into()));
    }
}
