//! Recordings as the picture needs them: the pair of key frames around an instant, read a stretch at a time.

use bevy::prelude::Resource;
use qike_core::SimTime;
use qike_record::{RecordError, Recording, SignalLamp, SignalRow, TrackPoint, Tracks};
use std::collections::BTreeMap;

/// Key frames read at once.
const STRETCH: usize = 48;

/// A stretch of time between two key frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Still {
    /// The key frame before, milliseconds.
    pub from: i64,
    /// The key frame after; the same where there is none.
    pub to: i64,
}

impl Still {
    /// How far an instant lies between the two, 0–1.
    pub fn share(&self, now_ms: f64) -> f32 {
        if self.to > self.from { ((now_ms - self.from as f64) / (self.to - self.from) as f64).clamp(0.0, 1.0) as f32 } else { 0.0 }
    }
}

/// A signal head, and what it shows when.
#[derive(Clone, Debug, PartialEq)]
pub struct Head {
    place: SignalRow,
    /// From then on, ms.
    changes: Vec<(i64, SignalLamp)>,
}

impl Head {
    /// The heads of a recording, by number.
    pub fn all(mut rows: Vec<SignalRow>) -> Vec<Head> {
        rows.sort_by_key(|row| row.time);
        let mut heads: BTreeMap<u32, Head> = BTreeMap::new();
        for row in rows {
            let change = (row.time.ms(), row.shows);
            heads.entry(row.head).or_insert_with(|| Head { place: row, changes: Vec::new() }).changes.push(change);
        }
        heads.into_values().collect()
    }

    /// Where it is.
    pub fn place(&self) -> &SignalRow {
        &self.place
    }

    /// What it shows at an instant; nothing before its first change.
    pub fn shows_at(&self, now_ms: f64) -> SignalLamp {
        let after = self.changes.partition_point(|(from, _)| *from as f64 <= now_ms);
        after.checked_sub(1).map_or(SignalLamp::Off, |at| self.changes[at].1)
    }
}

/// One recording that is replayed.
pub struct Replay {
    recording: Recording,
    /// What it is called in the picture.
    pub title: String,
    times: Vec<SimTime>,
    heads: Vec<Head>,
    loaded: Tracks,
    /// What could not be read, once.
    pub fault: Option<String>,
}

impl Replay {
    /// A replay of a recording. Reads the times of all key frames, and its signals.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn new(recording: Recording, title: String) -> Result<Self, RecordError> {
        let times = recording.frame_times()?;
        let heads = Head::all(recording.signals()?);
        Ok(Self { recording, title, times, heads, loaded: Tracks::default(), fault: None })
    }

    /// Its signal heads.
    pub fn heads(&self) -> &[Head] {
        &self.heads
    }

    /// First and last key frame.
    pub fn span(&self) -> Option<(SimTime, SimTime)> {
        Some((*self.times.first()?, *self.times.last()?))
    }

    /// The key frames around an instant; before the first one there is nobody.
    pub fn still(&self, now_ms: f64) -> Option<Still> {
        let after = self.times.partition_point(|t| t.ms() as f64 <= now_ms);
        let from = self.times.get(after.checked_sub(1)?)?.ms();
        Some(Still { from, to: self.times.get(after).map_or(from, |t| t.ms()) })
    }

    /// All agents of the earlier key frame, each with where it is at the later one (or still is, where it is not in that).
    pub fn pairs(&mut self, still: Still) -> Vec<(TrackPoint, TrackPoint)> {
        self.load(still);
        let frame = |ms: i64| {
            let at = self.loaded.frames.partition_point(|f| f.time.ms() < ms);
            self.loaded.frames.get(at).filter(|f| f.time.ms() == ms)
        };
        let Some(before) = frame(still.from) else { return Vec::new() };
        let after = frame(still.to).unwrap_or(before);
        let mut later = after.agents.iter().peekable();
        let pair = |a: &TrackPoint| {
            while later.next_if(|b| b.agent < a.agent).is_some() {}
            (*a, later.next_if(|b| b.agent == a.agent).copied().unwrap_or(*a))
        };
        before.agents.iter().map(pair).collect()
    }

    /// All agents of the key frame at or before an instant.
    pub fn at(&mut self, now_ms: f64) -> Vec<TrackPoint> {
        let Some(still) = self.still(now_ms) else { return Vec::new() };
        self.pairs(still).into_iter().map(|(before, _)| before).collect()
    }

    fn load(&mut self, still: Still) {
        let has = |ms: i64| self.loaded.frames.binary_search_by_key(&ms, |f| f.time.ms()).is_ok();
        if has(still.from) && has(still.to) {
            return;
        }
        let first = self.times.partition_point(|t| t.ms() < still.from);
        let last = (first + STRETCH).min(self.times.len().saturating_sub(1));
        let Some(until) = self.times.get(last) else { return };
        match self.recording.tracks_between(SimTime(still.from), *until) {
            Ok(tracks) => self.loaded = tracks,
            Err(error) => self.fault = Some(error.to_string()),
        }
    }
}

/// The recordings of the picture: none, one, or two side by side.
#[derive(Resource, Default)]
pub struct Replays(pub Vec<Replay>);

impl Replays {
    /// How many.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// True without any.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// From the first key frame of any to the last of any.
    pub fn span(&self) -> Option<(SimTime, SimTime)> {
        let spans = || self.0.iter().filter_map(Replay::span);
        Some((spans().map(|s| s.0).min()?, spans().map(|s| s.1).max()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_shows_what_it_changed_to_last() {
        let row = |ms: i64, head: u32, shows: SignalLamp| SignalRow { time: SimTime(ms), head, shows, link: None, position: [0.0; 3], heading: 0.0, width_m: 3.0 };
        let heads = Head::all(vec![row(0, 4, SignalLamp::Red), row(0, 2, SignalLamp::Green), row(9000, 4, SignalLamp::Green), row(5000, 4, SignalLamp::Yellow)]);
        assert_eq!(heads.iter().map(|h| h.place().head).collect::<Vec<_>>(), [2, 4]);
        let shown = [-1.0, 0.0, 4999.0, 5000.0, 9500.0].map(|ms| heads[1].shows_at(ms));
        assert_eq!(shown, [SignalLamp::Off, SignalLamp::Red, SignalLamp::Red, SignalLamp::Yellow, SignalLamp::Green]);
    }

    #[test]
    fn the_share_runs_from_one_key_frame_to_the_next() {
        let still = Still { from: 1000, to: 3000 };
        assert_eq!(still.share(1000.0), 0.0);
        assert_eq!(still.share(1500.0), 0.25);
        assert_eq!(still.share(9000.0), 1.0);
        assert_eq!(Still { from: 5, to: 5 }.share(7.0), 0.0);
    }
}
