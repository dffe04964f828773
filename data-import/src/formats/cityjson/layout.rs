//! The first pass over a document: all but its objects is read, of those only who is related to whom; where they stand is noted.
//!
//! An object needs vertices, materials and templates, which the file may hold before or after it, so it can be built in a second
//! pass only. Neither pass holds more of the file than its window.

use super::family::Family;
use super::json::{self, Json, Unread};
use super::maps::Maps;
use super::model::Head;
use super::points::Points;
use super::window::{Fault, Window};
use std::io::Read;

/// A document without its objects.
#[derive(Debug, Default)]
pub struct Layout {
    /// What it says beside objects and vertices.
    pub head: Head,
    /// Its vertices.
    pub vertices: Points,
    /// Where its objects begin in the file, if it has any.
    pub objects: Option<u64>,
    /// Their families; those in [`Family::unknown`] may still be in the file.
    pub family: Family,
}

enum Part {
    Vertices,
    Objects,
    /// Members that are read in one piece.
    Head(String),
}

fn part(key: &str) -> Part {
    match key {
        "vertices" => Part::Vertices,
        "CityObjects" => Part::Objects,
        _ => Part::Head(key.to_owned()),
    }
}

impl Layout {
    /// Reads a document to its closing bracket. Where a member comes twice, the last counts.
    pub fn read<R: Read>(window: &mut Window<R>, maps: &mut Maps) -> Result<Self, Fault> {
        let mut out = Self::default();
        skip_bom(window)?;
        window.expect(b'{')?;
        let mut first = true;
        while window.entry(&mut first, b'}')? {
            match window.key(part)? {
                Part::Vertices => points(window, maps, &mut out.vertices)?,
                Part::Objects => {
                    out.family.clear();
                    window.peek()?;
                    out.objects = Some(window.offset());
                    relations(window, maps, |relation| out.family.add(relation.id, relation.kind, relation.parents, relation.children))?;
                }
                Part::Head(key) => {
                    in_one_piece(window, maps, |json| out.head.member(json, key.as_bytes()))?;
                }
            }
        }
        Ok(out)
    }

    /// Looks for parents that are named and have no relations of their own, in a window that begins with the objects.
    pub fn find_unknown<R: Read>(&mut self, window: &mut Window<R>, maps: &mut Maps) -> Result<(), Fault> {
        let mut found = Vec::new();
        let unknown = self.family.unknown();
        relations(window, maps, |relation| {
            if unknown.contains(relation.id) {
                found.push((relation.id.to_owned(), relation.kind.to_owned()));
            }
        })?;
        found.iter().for_each(|(id, kind)| self.family.add_named(id, kind));
        Ok(())
    }
}

/// Passes over a byte order mark at the beginning of a file.
pub fn skip_bom<R: Read>(window: &mut Window<R>) -> Result<(), Fault> {
    if window.peek()? == Some(0xEF) {
        while window.bytes().len() < 3 && window.more()? {}
        if window.bytes().starts_with(b"\xEF\xBB\xBF") {
            window.pass_over(3);
        }
    }
    Ok(())
}

/// Brings the next value into the window and reads it there.
pub fn in_one_piece<R: Read>(window: &mut Window<R>, maps: &mut Maps, read: impl FnOnce(&mut Json) -> Result<(), Unread>) -> Result<(), Fault> {
    let length = window.whole()?;
    let bytes = &window.bytes()[..length];
    let mut json = Json::new(bytes, maps);
    if read(&mut json).is_err() || !json.is_over() {
        return Err(Fault::Value(json::fault(bytes)));
    }
    window.pass_over(length);
    Ok(())
}

/// Reads vertices as far as the window goes, then the one at its end in one piece, and so on.
fn points<R: Read>(window: &mut Window<R>, maps: &mut Maps, into: &mut Points) -> Result<(), Fault> {
    into.clear();
    if window.peek()? != Some(b'[') {
        return Err(Fault::Kind("/vertices", "an array of points"));
    }
    window.pass_over(1);
    if window.peek()? == Some(b']') {
        window.pass_over(1);
        return Ok(());
    }
    loop {
        let mut json = Json::new(window.bytes(), maps);
        let mut passed = 0;
        while into.read_one(&mut json).is_ok() {
            passed = json.at();
            if json.expect(b',').is_err() {
                break;
            }
        }
        window.pass_over(passed);
        if passed == 0 {
            in_one_piece(window, maps, |json| into.read_one(json))?;
        }
        match window.peek()? {
            Some(b',') => window.pass_over(1),
            Some(b']') => {
                window.pass_over(1);
                return Ok(());
            }
            _ => return Err(Fault::Json),
        }
    }
}

/// What an object says of others.
struct Relation<'r> {
    id: &'r str,
    kind: &'r str,
    parents: &'r [String],
    children: &'r [String],
}

enum Said {
    Kind,
    Parents,
    Children,
    Other,
}

/// Passes over objects, and tells of each its relations.
fn relations<R: Read>(window: &mut Window<R>, maps: &mut Maps, mut tell: impl FnMut(Relation)) -> Result<(), Fault> {
    if window.peek()? != Some(b'{') {
        return Err(Fault::Kind("/CityObjects", "an object"));
    }
    window.pass_over(1);
    let (mut id, mut kind, mut parents, mut children) = (String::new(), String::new(), Vec::new(), Vec::new());
    let mut first = true;
    while window.entry(&mut first, b'}')? {
        window.key(|key| key.clone_into(&mut id))?;
        kind.clear();
        parents.clear();
        children.clear();
        if window.peek()? != Some(b'{') {
            window.skip()?;
            continue;
        }
        window.pass_over(1);
        let mut first = true;
        while window.entry(&mut first, b'}')? {
            let said = window.key(|key| match key {
                "type" => Said::Kind,
                "parents" => Said::Parents,
                "children" | "members" => Said::Children,
                _ => Said::Other,
            })?;
            match said {
                Said::Kind => in_one_piece(window, maps, |json| {
                    json.text()?.as_ref().clone_into(&mut kind);
                    Ok(())
                })?,
                Said::Parents => {
                    parents.clear();
                    in_one_piece(window, maps, |json| json.texts(&mut parents))?;
                }
                Said::Children => in_one_piece(window, maps, |json| json.texts(&mut children))?,
                Said::Other => {
                    window.skip()?;
                }
            }
        }
        tell(Relation { id: &id, kind: &kind, parents: &parents, children: &children });
    }
    Ok(())
}
