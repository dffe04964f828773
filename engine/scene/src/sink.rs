//! The door through which every importer hands over what it read.

use crate::{Attributes, CityObject, Image, ImageId, Series, Written};
use qike_core::{Crs, Diagnostic};
use serde::{Deserialize, Serialize};

/// A source's number in its store, given by the sink.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SourceId(pub u32);

/// What is known of a source before its objects come.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SourceInfo {
    /// The path as the user named it.
    pub path: String,
    /// The importer's name: `osm`, `cityjson`.
    pub format: String,
    /// BLAKE3 of its bytes, hex: an unchanged source is known by it.
    pub content_hash: String,
    /// The CRS its coordinates were in, as text.
    pub crs: String,
    /// What it says of itself as a whole ([`crate::about`]); importers state it with [`ObjectSink::about`].
    #[serde(default, skip_serializing_if = "Attributes::is_empty")]
    pub about: Attributes,
}

/// Why a sink takes no more.
#[derive(Debug, thiserror::Error)]
pub enum SinkError {
    /// The user wants to stop.
    #[error(transparent)]
    Cancelled(#[from] qike_core::Cancelled),
    /// It could not be kept (disk full, no permission, a store of another version).
    #[error("the store takes no more: {0}")]
    Store(String),
}

/// Receives objects from importers. Coordinates must already be in [`ObjectSink::crs`].
///
/// Contract: `source` comes first, then objects, series, pictures and diagnostics of that source in any order. Parents may come after
/// their children. A sink refuses an object whose id came before in the same source by a `duplicate-id` diagnostic of its own
/// and goes on. Importers stop at the first `Err`.
pub trait ObjectSink {
    /// The CRS that objects must be delivered in.
    fn crs(&self) -> &Crs;
    /// Begins a source.
    fn source(&mut self, info: SourceInfo) -> Result<SourceId, SinkError>;
    /// Takes one object.
    fn object(&mut self, object: CityObject) -> Result<(), SinkError>;
    /// Takes one object whose attributes, all of them, come as text. Sinks that look at attributes need not care.
    fn written(&mut self, mut object: CityObject, attributes: Written) -> Result<(), SinkError> {
        object.attributes = attributes.into_attributes();
        self.object(object)
    }
    /// Takes one time series.
    fn series(&mut self, series: Series) -> Result<(), SinkError>;
    /// Takes one picture that textures of the current source show; the same picture may come again. A sink that
    /// passes things on passes this on too.
    fn image(&mut self, image: Image) -> Result<(), SinkError>;
    /// Takes what the current source says of itself, of [`crate::about::LIMIT`] bytes at most. It may come at any time before the source
    /// ends; the last counts. A sink that passes things on passes this on too.
    fn about(&mut self, about: Attributes) -> Result<(), SinkError>;
    /// Takes one finding about the current source.
    fn diagnostic(&mut self, diagnostic: Diagnostic);
}

/// A sink that keeps everything in memory: for tests, dry runs and conversions without a store.
#[derive(Debug)]
pub struct MemorySink {
    crs: Crs,
    /// Sources in the order they came.
    pub sources: Vec<SourceInfo>,
    /// Objects in the order they came.
    pub objects: Vec<CityObject>,
    /// Series in the order they came.
    pub series: Vec<Series>,
    /// Pictures by their identity.
    pub images: std::collections::BTreeMap<ImageId, Image>,
    /// Diagnostics in the order they came.
    pub diagnostics: Vec<Diagnostic>,
    seen: std::collections::HashSet<crate::ObjectId>,
}

impl MemorySink {
    /// An empty sink for objects in `crs`.
    pub fn new(crs: Crs) -> Self {
        Self { crs, sources: vec![], objects: vec![], series: vec![], images: Default::default(), diagnostics: vec![], seen: Default::default() }
    }
}

impl ObjectSink for MemorySink {
    fn crs(&self) -> &Crs {
        &self.crs
    }

    fn source(&mut self, info: SourceInfo) -> Result<SourceId, SinkError> {
        self.sources.push(info);
        Ok(SourceId(self.sources.len() as u32 - 1))
    }

    fn object(&mut self, object: CityObject) -> Result<(), SinkError> {
        if self.seen.insert(object.id.clone()) {
            self.objects.push(object);
        } else {
            let message = format!("the id '{}' came before; the later object is left out", object.id);
            self.diagnostics.push(Diagnostic::error("duplicate-id", message).object(object.id.as_str()));
        }
        Ok(())
    }

    fn series(&mut self, series: Series) -> Result<(), SinkError> {
        self.series.push(series);
        Ok(())
    }

    fn image(&mut self, image: Image) -> Result<(), SinkError> {
        self.images.entry(image.id).or_insert(image);
        Ok(())
    }

    fn about(&mut self, about: Attributes) -> Result<(), SinkError> {
        if let Some(source) = self.sources.last_mut() {
            source.about = about;
        }
        Ok(())
    }

    fn diagnostic(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }
}
