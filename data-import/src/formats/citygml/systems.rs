//! Reference systems as documents name them, the order of their axes, and local frames with an anchor.
//!
//! What a document writes and what its coordinates are do not always agree. A URN or URL of a geographic system means latitude
//! first, `EPSG:n` in practice longitude first; projected systems are east first in practice whatever their definition says
//! (as 3DCityDB and FME write them). Where the first position does not fit and its exchange does, the exchange is taken.

use crate::{ImportError, Projector, Source};
use qike_core::{Crs, Diagnostic, SourceCrs};
use qike_scene::ObjectSink;
use std::collections::HashMap;

/// A local frame of a document: a translation from an anchor in a proper system.
pub struct Anchor {
    /// The anchor's system as the document names it.
    pub system: String,
    /// Its position there.
    pub at: [f64; 3],
}

struct System {
    name: String,
    /// `None`: positions are metres of the store already.
    projector: Option<Projector>,
    /// Exchange the first two; `None` until the first position.
    swap: Option<bool>,
    authority: bool,
    /// The document's own word on its axes: north or latitude first.
    north_first: Option<bool>,
    offset: [f64; 3],
    /// Nothing names it: it is taken, and that is told once a position is in it.
    assumed: bool,
    used: bool,
}

/// All systems of a document.
pub struct Systems {
    file: String,
    to: Crs,
    given: Option<SourceCrs>,
    /// Local frames by their id.
    pub anchors: HashMap<String, Anchor>,
    by_name: HashMap<String, usize>,
    systems: Vec<System>,
    findings: Vec<Diagnostic>,
    default: Option<usize>,
}

impl Systems {
    /// None yet.
    pub fn new(source: &Source, to: Crs) -> Self {
        Self {
            file: source.name.clone(),
            to,
            given: source.options.source_crs.clone(),
            anchors: HashMap::new(),
            by_name: HashMap::new(),
            systems: Vec::new(),
            findings: Vec::new(),
            default: None,
        }
    }

    /// The system that geometries without one of their own are in.
    pub fn set_default(&mut self, name: &str, north_first: Option<bool>) -> Result<(), ImportError> {
        let number = self.named(name)?;
        if let Some(system) = self.systems.get_mut(number) {
            system.north_first = north_first;
        }
        self.default = Some(number);
        Ok(())
    }

    /// The number of the system of that name.
    pub fn named(&mut self, name: &str) -> Result<usize, ImportError> {
        if let Some(number) = self.by_name.get(name) {
            return Ok(*number);
        }
        let number = match (&self.given, self.anchors.get(name.trim_start_matches('#'))) {
            (Some(given), _) => self.add(name, given.clone(), false, [0.0; 3])?,
            (None, Some(anchor)) => {
                let (text, at) = (anchor.system.clone(), anchor.at);
                let (crs, authority) = parse(&text).map_err(|e| ImportError::crs(&self.file, e))?;
                self.add(name, crs, authority, at)?
            }
            (None, None) => match parse(name) {
                Ok((crs, authority)) => self.add(name, crs, authority, [0.0; 3])?,
                Err(error) => {
                    let message = format!("the reference system '{name}' is not known ({error}); coordinates are taken as {}, the store's", self.to);
                    self.findings.push(Diagnostic::warning("crs-unknown", message).help("name the system with --source-crs"));
                    self.add(name, SourceCrs::Crs(self.to.clone()), false, [0.0; 3])?
                }
            },
        };
        Ok(number)
    }

    fn add(&mut self, name: &str, crs: SourceCrs, authority: bool, offset: [f64; 3]) -> Result<usize, ImportError> {
        let projector = Some(Projector::new(&crs, &self.to, &self.file)?);
        Ok(self.push(name, System { name: name.to_owned(), projector, swap: None, authority, north_first: None, offset, assumed: false, used: false }))
    }

    fn push(&mut self, name: &str, system: System) -> usize {
        let number = self.systems.len();
        self.systems.push(system);
        self.by_name.insert(name.to_owned(), number);
        number
    }

    /// Metres around a point: the frame of prototypes.
    pub fn local(&mut self) -> usize {
        const NAME: &str = "\0prototype";
        match self.by_name.get(NAME) {
            Some(number) => *number,
            None => self.push(NAME, System { name: String::new(), projector: None, swap: None, authority: false, north_first: None, offset: [0.0; 3], assumed: false, used: false }),
        }
    }

    /// The system of geometries that name none: the document's, else the store's with a warning.
    pub fn fallback(&mut self) -> Result<usize, ImportError> {
        if let Some(number) = self.default {
            return Ok(number);
        }
        let assumed = self.given.is_none();
        let crs = self.given.clone().unwrap_or_else(|| SourceCrs::Crs(self.to.clone()));
        let number = self.add("", crs, false, [0.0; 3])?;
        if let Some(system) = self.systems.get_mut(number) {
            system.assumed = assumed;
        }
        self.default = Some(number);
        Ok(number)
    }

    /// The default system's name as the document writes it; empty where it has none.
    pub fn default_name(&self) -> &str {
        self.default.and_then(|number| self.systems.get(number)).map_or("", |system| &system.name)
    }

    /// A position of the document in the store's system; `None` where it cannot be right (told at the end).
    pub fn project(&mut self, system: usize, p: [f64; 3], object: &str) -> Option<[f64; 3]> {
        let system = self.systems.get_mut(system)?;
        system.used = true;
        let p = [0, 1, 2].map(|axis| p[axis] + system.offset[axis]);
        let swapped = [p[1], p[0], p[2]];
        let Some(projector) = &mut system.projector else { return p.iter().all(|c| c.is_finite()).then_some(p) };
        let swap = match system.swap {
            Some(swap) => swap,
            None if !p.iter().all(|c| c.is_finite()) => false,
            None => {
                let usual = system.north_first.unwrap_or(system.authority && projector.is_geographic());
                let (first, other) = if usual { (swapped, p) } else { (p, swapped) };
                let exchange = !projector.fits(first) && projector.fits(other);
                if exchange {
                    let order = if usual { "longitude first" } else { "the second axis first" };
                    let message = format!("coordinates in '{}' fit only with {order}, and are read so", system.name);
                    self.findings.push(Diagnostic::warning("axis-order", message));
                }
                *system.swap.insert(usual != exchange)
            }
        };
        projector.project(if swap { swapped } else { p }, object)
    }

    /// Tells what was found.
    pub fn finish(mut self, sink: &mut dyn ObjectSink) {
        if self.systems.iter().any(|system| system.assumed && system.used) {
            let message = format!("the file names no reference system; its coordinates are taken as {}, that of the store", self.to);
            self.findings.push(Diagnostic::warning("crs-unknown", message).help("name the system with --source-crs"));
        }
        for finding in self.findings {
            sink.diagnostic(finding.file(self.file.as_str()));
        }
        for projector in self.systems.into_iter().filter_map(|system| system.projector) {
            projector.report(&self.file, "vertices", sink);
        }
    }
}

/// A system and whether its name calls for the authority's order of axes.
pub fn parse(name: &str) -> Result<(SourceCrs, bool), qike_core::CrsError> {
    let trimmed = name.trim();
    let lower = trimmed.to_ascii_lowercase();
    let authority = lower.starts_with("urn:ogc") || lower.starts_with("http");
    // `urn:ogc:def:crs,crs:EPSG::25832,crs:EPSG::5783`: horizontal, then vertical; the first alone, where PROJ does not know both.
    if let Some(rest) = lower.strip_prefix("urn:ogc:def:crs,crs:") {
        let codes: Vec<&str> = rest.split(',').filter_map(|part| part.rsplit(':').next()).collect();
        let whole = match codes[..] {
            [plan, height] => SourceCrs::parse(&format!("EPSG:{plan}+{height}")),
            _ => SourceCrs::parse(trimmed),
        };
        let plan = || SourceCrs::parse(&format!("EPSG:{}", codes.first().copied().unwrap_or_default()));
        return Ok((whole.or_else(|_| plan())?, authority));
    }
    // Qike's own name for what no authority has a code for: the definition.
    if let Some(rest) = trimmed.strip_prefix("urn:qike:crs:") {
        return Ok((SourceCrs::parse(&unescaped(rest))?, false));
    }
    // The German survey offices' own names: `urn:adv:crs:ETRS89_UTM32*DE_DHHN92_NH`.
    if let Some(rest) = lower.strip_prefix("urn:adv:crs:") {
        let horizontal = rest.split('*').next().unwrap_or_default();
        let code = match horizontal {
            "etrs89_utm31" => "EPSG:25831",
            "etrs89_utm32" => "EPSG:25832",
            "etrs89_utm33" => "EPSG:25833",
            "de_dhdn_3gk2" => "EPSG:31466",
            "de_dhdn_3gk3" => "EPSG:31467",
            "de_dhdn_3gk4" => "EPSG:31468",
            "de_dhdn_3gk5" => "EPSG:31469",
            "etrs89_lat-lon" => "EPSG:4258",
            _ => trimmed,
        };
        return Ok((SourceCrs::parse(code)?, code == "EPSG:4258"));
    }
    // `http://www.opengis.net/gml/srs/epsg.xml#4326`.
    let text = if lower.contains("epsg.xml#") { trimmed.rsplit('#').next().unwrap_or(trimmed) } else { trimmed };
    Ok((SourceCrs::parse(text)?, authority))
}

/// `%2B` and its like as the bytes they stand for.
fn unescaped(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let code = tail.get(..2).filter(|_| *first == b'%').and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
        bytes.push(code.unwrap_or(*first));
        rest = tail.get(if code.is_some() { 2.. } else { 0.. }).unwrap_or_default();
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_all_spellings() {
        for (name, definition, authority) in [
            ("EPSG:32632", "EPSG:32632", false),
            ("urn:ogc:def:crs,crs:EPSG:6.12:3068,crs:EPSG:6.12:5783", "EPSG:3068+5783", true),
            ("urn:ogc:def:crs,crs:EPSG::25832,crs:EPSG::999999", "EPSG:25832", true),
            ("urn:ogc:def:crs:EPSG::4326", "EPSG:4326", true),
            ("http://www.opengis.net/def/crs/EPSG/0/6697", "EPSG:6697", true),
            ("urn:adv:crs:DE_DHDN_3GK4*DE_DHHN92_NH", "EPSG:31468", false),
            ("http://www.opengis.net/gml/srs/epsg.xml#25832", "EPSG:25832", true),
        ] {
            let (crs, order) = parse(name).unwrap();
            assert_eq!((crs.to_string().as_str(), order), (definition, authority), "{name}");
        }
        assert!(parse("#local").is_err());
    }
}
