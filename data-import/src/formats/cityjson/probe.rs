//! The place of a CityJSON file from its header alone: metadata and transform, everything else is skipped unread.

use super::vertices::stated_crs;
use super::{json_error, strip_bom};
use crate::{ImportError, Profile, Source};
use qike_core::{Crs, SourceCrs, Transform};
use qike_scene::Value;
use serde::Deserialize;
use std::io::{BufRead, Read};

#[derive(Default, Deserialize)]
#[serde(default)]
struct Header {
    metadata: Value,
    transform: Value,
    vertices: FirstPoint,
}

/// Only the first of an array of points.
#[derive(Default)]
struct FirstPoint(Option<[f64; 2]>);

impl<'de> Deserialize<'de> for FirstPoint {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct First;
        impl<'de> serde::de::Visitor<'de> for First {
            type Value = FirstPoint;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an array of points")
            }
            fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut seq: A) -> Result<FirstPoint, A::Error> {
                let first: Option<Value> = seq.next_element()?;
                while seq.next_element::<serde::de::IgnoredAny>()?.is_some() {}
                let at = |axis: usize| first.as_ref().and_then(|p| p.get(axis)).and_then(Value::as_f64);
                Ok(FirstPoint(at(0).zip(at(1)).map(|(x, y)| [x, y])))
            }
        }
        deserializer.deserialize_seq(First)
    }
}

/// Reads the reference system and a position in the middle of the model.
pub fn probe(source: &Source) -> Result<Profile, ImportError> {
    let file = source.name.as_str();
    let mut reader = source.open()?;
    let mut bytes = Vec::new();
    reader.read_until(b'\n', &mut bytes).map_err(|e| ImportError::io(file, e))?;
    if bytes.is_empty() {
        return Err(ImportError::Empty { file: file.to_owned() });
    }
    // A sequence says it all on its first line; a document over many lines needs all of them.
    let header: Header = match serde_json::from_slice(strip_bom(&bytes)) {
        Ok(header) => header,
        Err(_) => {
            reader.read_to_end(&mut bytes).map_err(|e| ImportError::io(file, e))?;
            serde_json::from_slice(strip_bom(&bytes)).map_err(|e| json_error(file, &e))?
        }
    };
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
        Some(header.vertices.0?[axis] * scale + origin)
    });
    let translate = [0, 1].map(|axis| number(&header.transform, &format!("/translate/{axis}")));
    let middle = [extent, anchored, translate].into_iter().find_map(|[x, y]| x.zip(y));
    let centre_lonlat = crs.as_ref().zip(middle).and_then(|(crs, (x, y))| {
        let p = Transform::new(crs, &Crs::wgs84()).ok()?.apply([x, y, 0.0]).ok()?;
        Some([p[0], p[1]])
    });
    Ok(Profile { crs, centre_lonlat })
}
