//! The place of a CityJSON file from its header alone: metadata and transform, everything else is skipped unread.

use super::layout::{in_one_piece, skip_bom};
use super::maps::Maps;
use super::points::Points;
use super::told;
use super::vertices::stated_crs;
use super::window::{Fault, Window};
use crate::{ImportError, Profile, Source};
use qike_core::{Crs, SourceCrs, Transform};
use qike_scene::Value;
use std::io::Read;

#[derive(Default)]
struct Header {
    metadata: Value,
    transform: Value,
    /// The first vertex.
    first: Points,
}

impl Header {
    /// Reads as far as something is said that counts.
    fn read<R: Read>(window: &mut Window<R>) -> Result<Self, Fault> {
        let (mut out, mut maps, mut first) = (Self::default(), Maps::default(), true);
        skip_bom(window)?;
        window.expect(b'{')?;
        while !out.is_complete() && window.entry(&mut first, b'}')? {
            match window.key(str::to_owned)?.as_str() {
                "metadata" => in_one_piece(window, &mut maps, |json| json.value().map(|value| out.metadata = value))?,
                "transform" => in_one_piece(window, &mut maps, |json| json.value().map(|value| out.transform = value))?,
                "vertices" if window.peek()? == Some(b'[') => {
                    window.pass_over(1);
                    let mut first = true;
                    while window.entry(&mut first, b']')? {
                        match out.first.len() {
                            0 => in_one_piece(window, &mut maps, |json| out.first.read_one(json))?,
                            _ => {
                    window.skip()?;
                }
                        }
                    }
                }
                _ => {
                    window.skip()?;
                }
            }
        }
        Ok(out)
    }

    /// True where metadata name a system and an extent: nothing else can say more.
    fn is_complete(&self) -> bool {
        stated_crs(&self.metadata).is_some() && self.metadata.pointer("/geographicalExtent/4").is_some_and(Value::is_number)
    }
}

/// Reads the reference system and a position in the middle of the model.
pub fn probe(source: &Source) -> Result<Profile, ImportError> {
    let file = source.name.as_str();
    let mut window = Window::new(source.open()?, 0);
    if !window.more().map_err(|fault| told(fault, source, 0))? {
        return Err(ImportError::Empty { file: file.to_owned() });
    }
    let header = Header::read(&mut window).map_err(|fault| told(fault, source, window.offset()))?;
    let stated = match stated_crs(&header.metadata) {
        Some(text) => Some(Crs::parse(&text).map(SourceCrs::Crs).map_err(|e| ImportError::crs(file, e))?),
        None => None,
    };
    let crs = source.options.source_crs.clone().or(stated);
    let number = |value: &Value, path: &str| value.pointer(path).and_then(Value::as_f64).filter(|n| n.is_finite());
    let extent = [0, 1].map(|axis| {
        let low = number(&header.metadata, &format!("/geographicalExtent/{axis}"))?;
        let high = number(&header.metadata, &format!("/geographicalExtent/{}", axis + 3))?;
        Some(0.5 * (low + high))
    });
    let anchored = [0, 1].map(|axis| {
        let origin = number(&header.transform, &format!("/translate/{axis}")).unwrap_or(0.0);
        let scale = number(&header.transform, &format!("/scale/{axis}")).unwrap_or(1.0);
        Some(header.first.get(0)?[axis] * scale + origin)
    });
    let translate = [0, 1].map(|axis| number(&header.transform, &format!("/translate/{axis}")));
    let middle = [extent, anchored, translate].into_iter().find_map(|[x, y]| x.zip(y));
    let centre_lonlat = crs.as_ref().zip(middle).and_then(|(crs, (x, y))| {
        let p = Transform::new(crs, &Crs::wgs84()).ok()?.apply([x, y, 0.0]).ok()?;
        Some([p[0], p[1]])
    });
    Ok(Profile { crs, centre_lonlat })
}
