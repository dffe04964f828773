//! What must be known of a document before its members: what it says of itself, reference system, local frames, appearances of all members.

use super::about::About;
use super::appearance::Appearances;
use super::document::Document;
use super::is_member;
use super::systems::{Anchor, Systems, parse};
use super::tree::{Ix, Names, Tree};
use crate::text::of_xml;
use crate::{ImportError, Profile, Source};
use qike_core::{Crs, Feedback, SourceCrs, Transform};
use std::io::BufRead;

/// Reads what stands beside the members.
pub fn read(source: &Source, names: &mut Names, systems: &mut Systems, feedback: &Feedback) -> Result<(Appearances, About), ImportError> {
    let mut document = Document::open(source)?;
    document.only_beginning = !has_appearances(source)?;
    let (mut tree, mut appearances) = (Tree::default(), Appearances::default());
    let mut about = About::default();
    let mut default = None;
    let mut order = None;
    while document.next(&mut tree, names, &|local| !is_member(local))? {
        feedback.check()?;
        if tree.has_links(names) {
            tree.index(names);
        }
        appearances.read(&tree, names);
        about.read(&tree, names);
        order = order.or_else(|| envelope(&tree, names).and_then(|e| north_first(&tree, names, e)));
        default = default.or_else(|| envelope(&tree, names).and_then(|e| tree.get(e, "srsName", names)).map(str::to_owned));
        for ix in tree.all().filter(|ix| tree.local(*ix, names) == "EngineeringCRS") {
            if let (Some(id), Some(anchor)) = (tree.id(ix, names), anchor(&tree, names)) {
                systems.anchors.insert(id.to_owned(), anchor);
            }
        }
    }
    if let Some(name) = default {
        systems.set_default(&name, order)?;
    }
    Ok((appearances, about))
}

/// May there be materials beside the members? They often stand at the document's end, and looking for the word is far quicker than
/// reading everything. A compressed document is read.
fn has_appearances(source: &Source) -> Result<bool, ImportError> {
    const WORD: &[u8] = b"appearanceMember";
    let finder = memchr::memmem::Finder::new(WORD);
    let mut file = source.open()?;
    let mut window: Vec<u8> = Vec::new();
    loop {
        let bytes = file.fill_buf().map_err(|e| ImportError::io(&source.name, e))?;
        if bytes.is_empty() {
            return Ok(false);
        }
        let first = window.is_empty();
        // In UTF-16 the word looks different.
        if first && !of_xml(bytes).is_ascii_compatible() {
            return Ok(true);
        }
        let kept = window.len().saturating_sub(WORD.len());
        window.drain(..kept);
        window.extend_from_slice(bytes);
        let count = bytes.len();
        if (first && (window.starts_with(&[0x1f, 0x8b]) || window.starts_with(b"BZh"))) || finder.find(&window).is_some() {
            return Ok(true);
        }
        file.consume(count);
    }
}

/// The box of the document, where the tree is its `boundedBy`.
pub fn envelope(tree: &Tree, names: &Names) -> Option<Ix> {
    (tree.local(0, names) == "boundedBy").then(|| tree.child(0, "Envelope", names)).flatten()
}

/// Whether the labels of a box's axes say that north or latitude comes first; `None` where they say nothing that is known.
pub fn north_first(tree: &Tree, names: &Names, envelope: Ix) -> Option<bool> {
    let first = tree.get(envelope, "axisLabels", names)?.split_ascii_whitespace().next()?.to_ascii_lowercase();
    match first.as_str() {
        "n" | "north" | "northing" | "lat" | "latitude" => Some(true),
        "e" | "east" | "easting" | "lon" | "long" | "longitude" => Some(false),
        _ => None,
    }
}

/// Where the local frame of an `engineeringCRS` lies.
fn anchor(tree: &Tree, names: &Names) -> Option<Anchor> {
    let ix = tree.all().find(|ix| matches!(tree.local(*ix, names), "anchorDefinition" | "anchorPoint"))?;
    let system = tree.get(ix, "codeSpace", names).or_else(|| tree.get(ix, "srsName", names))?.to_owned();
    let numbers: Vec<f64> = tree.own_text(ix).split_ascii_whitespace().filter_map(|n| n.parse().ok()).collect();
    let at = [*numbers.first()?, *numbers.get(1)?, numbers.get(2).copied().unwrap_or(0.0)];
    Some(Anchor { system, at })
}

/// The document's place: from its box, else from the first position of its first member.
pub fn profile(source: &Source) -> Result<Profile, ImportError> {
    profile_of(source, Document::open(source)?, &is_member)
}

/// As [`profile`], of a document just opened; `holds_features` knows the children of its root that do.
pub fn profile_of(source: &Source, mut document: Document, holds_features: &dyn Fn(&str) -> bool) -> Result<Profile, ImportError> {
    let (mut names, mut tree) = (Names::default(), Tree::default());
    let (mut name, mut middle, mut local, mut order) = (None, None, None, None);
    // A member that cannot be read says nothing of the place; the import tells what is wrong with it.
    while let Ok(true) = document.next(&mut tree, &mut names, &|_| true) {
        let names = &names;
        local = local.or_else(|| anchor(&tree, names));
        if let Some(envelope) = envelope(&tree, names) {
            name = tree.get(envelope, "srsName", names).map(str::to_owned);
            order = north_first(&tree, names, envelope);
            let corners: Vec<[f64; 2]> =
                tree.children(envelope).filter_map(|c| Some([*tree.numbers(c).first()?, *tree.numbers(c).get(1)?])).collect();
            middle = match corners.as_slice() {
                [a, b] => Some([(a[0] + b[0]) / 2.0, (a[1] + b[1]) / 2.0]),
                _ => None,
            };
        }
        if holds_features(tree.local(0, names)) {
            name = name.or_else(|| tree.all().find_map(|ix| tree.get(ix, "srsName", names)).map(str::to_owned));
            let first = || tree.all().map(|ix| tree.numbers(ix)).find(|n| n.len() >= 2);
            middle = middle.or_else(|| first().map(|n| [n[0], n[1]]));
            break;
        }
    }
    if let (Some(anchor), Some(p)) = (&local, &mut middle) && name.as_deref().is_some_and(|n| n.starts_with('#')) {
        name = Some(anchor.system.clone());
        *p = [p[0] + anchor.at[0], p[1] + anchor.at[1]];
    }
    let stated = name.as_deref().and_then(|name| parse(name).ok());
    let authority = source.options.source_crs.is_none() && stated.as_ref().is_some_and(|(_, authority)| *authority);
    let crs = source.options.source_crs.clone().or(stated.map(|(crs, _)| crs));
    let centre_lonlat = crs.as_ref().zip(middle).and_then(|(crs, p)| lonlat(crs, p, authority, order));
    Ok(Profile { crs, centre_lonlat })
}

fn lonlat(crs: &SourceCrs, p: [f64; 2], authority: bool, order: Option<bool>) -> Option<[f64; 2]> {
    let transform = Transform::new(crs, &Crs::wgs84()).ok()?;
    let geographic = crs.base().kind().ok()? == qike_core::crs::CrsKind::Geographic;
    let p = if order.unwrap_or(authority && geographic) { [p[1], p[0]] } else { p };
    let q = transform.apply([p[0], p[1], 0.0]).ok()?;
    Some([q[0], q[1]])
}
