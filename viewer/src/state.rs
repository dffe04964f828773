//! What the user sees and has chosen: one place, read by the renderer and by the panels.

use crate::i18n::{Language, Texts};
use crate::model::cameras::View;
use crate::model::layer::Layer;
use crate::model::storeys::Storey;
use bevy::prelude::Resource;
use qike_core::SimTime;
use qike_scene::ObjectIx;

/// The state of the viewer.
#[derive(Resource, Clone, Debug)]
pub struct Viewer {
    /// Where one looks from.
    pub view: View,
    /// Which layers are on, by their number.
    pub layers: [bool; Layer::ALL.len()],
    /// The storeys that can be cut, lowest first.
    pub storeys: Vec<Storey>,
    /// The one that is cut.
    pub storey: Option<usize>,
    /// The ground is faded, so that pipes and the station show.
    pub underground: bool,
    /// Objects that are marked in the picture.
    pub marked: Vec<ObjectIx>,
    /// Water moves (off in pictures, so that they are the same each time).
    pub waves: bool,
    /// The clock.
    pub clock: Clock,
    /// Language of the panels.
    pub language: Language,
    /// All texts.
    pub texts: Texts,
}

impl Viewer {
    /// Height above which the interior is cut away.
    pub fn cut(&self) -> Option<f32> {
        self.storeys.get(self.storey?).map(|storey| storey.cut)
    }

    /// Whether a layer is shown now. Interiors show where they can be seen: cut, or under a faded ground, or by themselves.
    pub fn shows(&self, layer: Layer) -> bool {
        self.layers[layer as usize]
    }

    /// The text of a key in the user's language.
    pub fn text<'a>(&'a self, key: &'a str) -> &'a str {
        self.texts.get(self.language, key)
    }
}

/// The clock of a replay.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Clock {
    /// First instant.
    pub first: SimTime,
    /// Last instant.
    pub last: SimTime,
    /// Now, milliseconds with their fraction: slow motion must not stand still.
    pub now_ms: f64,
    /// Simulated seconds a second.
    pub speed: f64,
    /// Whether it runs.
    pub playing: bool,
}

impl Clock {
    /// A clock over a span that stands at its start.
    pub fn over(first: SimTime, last: SimTime) -> Self {
        Self { first, last, now_ms: first.ms() as f64, speed: 1.0, playing: false }
    }

    /// Now.
    pub fn now(&self) -> SimTime {
        SimTime(self.now_ms as i64)
    }

    /// Sets the time, within the span.
    pub fn set(&mut self, time: SimTime) {
        self.now_ms = (time.ms() as f64).clamp(self.first.ms() as f64, self.last.ms() as f64);
    }

    /// Lets `seconds` of the wall clock pass; stops at the end.
    pub fn advance(&mut self, seconds: f64) {
        if self.playing {
            self.now_ms += seconds * self.speed * 1000.0;
            if self.now_ms >= self.last.ms() as f64 {
                self.now_ms = self.last.ms() as f64;
                self.playing = false;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_keeps_within_its_span_and_stops_at_the_end() {
        let mut clock = Clock::over(SimTime::from_s(100), SimTime::from_s(200));
        clock.advance(5.0);
        assert_eq!(clock.now(), SimTime::from_s(100), "it stands until it is started");
        clock.playing = true;
        clock.speed = 10.0;
        clock.advance(0.5);
        assert_eq!(clock.now(), SimTime::from_s(105));
        clock.advance(60.0);
        assert_eq!((clock.now(), clock.playing), (SimTime::from_s(200), false));
        clock.set(SimTime::ZERO);
        assert_eq!(clock.now(), SimTime::from_s(100));
    }
}
