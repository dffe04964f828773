//! `qike import --ground`: sets what comes without heights on the terrain of the store and of the same import.
//!
//! Sources of terrain go first, then models with heights of their own (their relief is terrain too), then the rest, which is set.
//! What a format's objects lie at is known from the format: only plans are lifted, never a model with true heights.

use crate::failure::Failure;
use qike_core::{Crs, Diagnostic};
use qike_import::PlannedSource;
use qike_scene::ground::{Set, raise};
use qike_scene::{Attributes, CityObject, Class, Ground, Image, ObjectId, ObjectSink, Series, SinkError, SourceId, SourceInfo};
use qike_store::{Query, SceneStore};
use std::collections::{BTreeSet, HashMap};

/// Formats of terrain.
const TERRAIN: [&str; 3] = ["geotiff", "hgt", "ascii-grid"];
/// Formats whose objects have heights of their own.
const WITH_HEIGHTS: [&str; 6] = ["citygml", "cityjson", "ifc", "poly", "epanet", "swmm"];

/// The order in which sources must be read.
pub fn sort(planned: &mut [PlannedSource]) {
    planned.sort_by_key(|p| match p.format() {
        Some(format) if TERRAIN.contains(&format) => 0,
        Some(format) if WITH_HEIGHTS.contains(&format) => 1,
        _ => 2,
    });
}

/// The ground so far, and what was set on it.
pub struct Grounding {
    ground: Ground,
    indexed: bool,
    /// How much each object that may have parts was lifted.
    lifts: HashMap<ObjectId, Option<f64>>,
    /// Parts that came before their building.
    waiting: Vec<CityObject>,
    lifting: bool,
    lifted: u64,
    outside: u64,
}

impl Grounding {
    /// The terrain of a store, without that of sources which are about to be read again.
    pub fn of_store(store: &SceneStore, planned: &[PlannedSource]) -> Result<Self, Failure> {
        let again: BTreeSet<&str> = planned.iter().map(|p| p.source.name.as_str()).collect();
        let sources = store.sources()?;
        let mut ground = Ground::new();
        for hit in store.find(&Query { class: Some(Class::Relief), without_plan: true, ..Query::default() })? {
            let fresh = sources.get(hit.source as usize).is_some_and(|s| again.contains(s.path.as_str()));
            if let Some(object) = store.load(hit.key)?.filter(|_| !fresh) {
                ground.add(&object);
            }
        }
        let (lifts, waiting) = (HashMap::new(), Vec::new());
        Ok(Self { ground, indexed: false, lifts, waiting, lifting: false, lifted: 0, outside: 0 })
    }

    /// How much ground there is, for [`Grounding::forget`].
    pub fn mark(&self) -> usize {
        self.ground.len()
    }

    /// Forgets the ground that came after a mark: its source was left out.
    pub fn forget(&mut self, mark: usize) {
        self.ground.truncate(mark);
        self.indexed = false;
        self.waiting.clear();
    }

    fn set(&mut self, object: &mut CityObject) {
        if !self.indexed {
            self.ground.index();
            self.indexed = true;
        }
        let set = self.ground.set(object);
        let lift = match set {
            Set::Lifted(by) => {
                self.lifted += 1;
                by
            }
            Set::Kept(why) => {
                self.outside += u64::from(why == qike_scene::ground::Kept::NoGround);
                None
            }
        };
        if object.class == Class::Building {
            self.lifts.insert(object.id.clone(), lift);
        }
    }
}

/// A part goes with its building, so that its roof stays where it was over the floor.
fn is_part(object: &CityObject) -> bool {
    use Class::*;
    matches!(object.class, BuildingPart | BuildingUnit | BuildingInstallation | BuildingConstructiveElement | Storey | BuildingRoom | Door | Window)
        && object.parent.is_some()
}

/// Sets objects on the ground on their way to a sink.
pub struct GroundedSink<'a> {
    inner: &'a mut dyn ObjectSink,
    state: &'a mut Grounding,
}

impl<'a> GroundedSink<'a> {
    /// Before a sink.
    pub fn new(inner: &'a mut dyn ObjectSink, state: &'a mut Grounding) -> Self {
        Self { inner, state }
    }

    /// Ends a source: gives out the parts that waited and says what was done.
    pub fn finish(self) -> Result<(), SinkError> {
        for mut part in std::mem::take(&mut self.state.waiting) {
            match part.parent.as_ref().and_then(|parent| self.state.lifts.get(parent)).copied() {
                Some(Some(by)) => raise(&mut part, by),
                Some(None) => {}
                None => self.state.set(&mut part),
            }
            self.inner.object(part)?;
        }
        let (lifted, outside) = (std::mem::take(&mut self.state.lifted), std::mem::take(&mut self.state.outside));
        if self.state.lifting && self.state.ground.is_empty() && outside > 0 {
            let message = format!("there is no terrain to set {outside} objects on; they stay at zero");
            let help = "import terrain (GeoTIFF, .hgt, .asc, CityGML relief) before or together with this source";
            self.inner.diagnostic(Diagnostic::warning("ground-missing", message).help(help));
        } else if lifted + outside > 0 {
            let beside = if outside > 0 { format!("; {outside} lie beside it and stay at zero") } else { String::new() };
            let message = format!("{lifted} objects without heights are set on the terrain{beside}");
            self.inner.diagnostic(match outside {
                0 => Diagnostic::info("ground-set", message),
                _ => Diagnostic::warning("ground-set", message).help("import the terrain around them too"),
            });
        }
        Ok(())
    }
}

impl ObjectSink for GroundedSink<'_> {
    fn crs(&self) -> &Crs {
        self.inner.crs()
    }

    fn source(&mut self, info: SourceInfo) -> Result<SourceId, SinkError> {
        self.state.lifting = !WITH_HEIGHTS.contains(&info.format.as_str()) && !TERRAIN.contains(&info.format.as_str());
        self.inner.source(info)
    }

    fn object(&mut self, mut object: CityObject) -> Result<(), SinkError> {
        if object.class == Class::Relief {
            self.state.ground.add(&object);
            self.state.indexed = false;
        } else if self.state.lifting {
            if is_part(&object) {
                match object.parent.as_ref().and_then(|parent| self.state.lifts.get(parent)).copied() {
                    Some(Some(by)) => raise(&mut object, by),
                    Some(None) => {}
                    None => {
                        self.state.waiting.push(object);
                        return Ok(());
                    }
                }
            } else {
                self.state.set(&mut object);
            }
        }
        self.inner.object(object)
    }

    fn series(&mut self, series: Series) -> Result<(), SinkError> {
        self.inner.series(series)
    }

    fn image(&mut self, image: Image) -> Result<(), SinkError> {
        self.inner.image(image)
    }

    fn about(&mut self, about: Attributes) -> Result<(), SinkError> {
        self.inner.about(about)
    }

    fn diagnostic(&mut self, diagnostic: Diagnostic) {
        self.inner.diagnostic(diagnostic);
    }
}
