//! Replay: the key frames of a window of time, and the state between two of them.

use crate::cells::Cells;
use crate::columns::Table;
use crate::recorder::{AgentKind, NOWHERE, TrackPoint};
use crate::recording::batches;
use crate::{RecordError, Recording};
use qike_core::SimTime;
use std::f32::consts::{PI, TAU};

/// All agents at an instant, sorted by number.
#[derive(Clone, Debug, PartialEq)]
pub struct KeyFrame {
    /// When.
    pub time: SimTime,
    /// The agents; `link` is a number in [`Tracks::links`].
    pub agents: Vec<TrackPoint>,
}

/// The key frames of a window.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tracks {
    /// Key frames, rising in time.
    pub frames: Vec<KeyFrame>,
    /// Ids of the links and areas that the agents are on.
    pub links: Vec<String>,
}

impl Tracks {
    /// The key frames around an instant: the last one at or before it, and the next one where there is one.
    pub fn around(&self, time: SimTime) -> Option<(&KeyFrame, Option<&KeyFrame>)> {
        let next = self.frames.partition_point(|f| f.time <= time);
        let before = self.frames.get(next.checked_sub(1)?)?;
        Some((before, self.frames.get(next)))
    }

    /// The agents at an instant: on the straight line between their key frames. One that is in the earlier frame only stays
    /// where it was; one that is in the later one only is not there yet.
    pub fn at(&self, time: SimTime) -> Vec<TrackPoint> {
        let Some((before, after)) = self.around(time) else { return Vec::new() };
        let Some(after) = after else { return before.agents.clone() };
        let share = (time - before.time).as_s() / (after.time - before.time).as_s();
        let mut out = Vec::with_capacity(before.agents.len());
        let mut later = after.agents.iter().peekable();
        for a in &before.agents {
            while later.next_if(|b| b.agent < a.agent).is_some() {}
            out.push(match later.next_if(|b| b.agent == a.agent) {
                Some(b) => between(a, b, share),
                None => *a,
            });
        }
        out
    }
}

fn between(a: &TrackPoint, b: &TrackPoint, share: f64) -> TrackPoint {
    let part = share as f32;
    // The short way round.
    let turn = (b.heading - a.heading + PI).rem_euclid(TAU) - PI;
    TrackPoint {
        agent: a.agent,
        kind: a.kind,
        link: if share < 0.5 { a.link } else { b.link },
        position: [0, 1, 2].map(|axis| a.position[axis] + share * (b.position[axis] - a.position[axis])),
        heading: a.heading + part * turn,
        speed_mps: a.speed_mps + part * (b.speed_mps - a.speed_mps),
    }
}

impl Recording {
    /// The key frames at times in [t0, t1]. To draw any instant of a window, ask from one key-frame interval before it to one
    /// after it.
    ///
    /// # Errors
    /// A file that cannot be read or lacks columns.
    pub fn tracks_between(&self, t0: SimTime, t1: SimTime) -> Result<Tracks, RecordError> {
        let mut rows: Vec<(SimTime, TrackPoint)> = Vec::new();
        let mut known = std::collections::HashMap::new();
        let mut links: Vec<String> = Vec::new();
        for (path, groups) in self.track_groups(t0, t1) {
            batches(path, Some(groups), None, |batch| {
                let cells = Cells { path, batch };
                let (time, agent) = (cells.whole::<i64>("t_ms")?, cells.whole::<u32>("agent")?);
                let kind = cells.words("kind", AgentKind::parse)?;
                let (x, y, z) = (cells.f64("x_m")?, cells.f64("y_m")?, cells.f64("z_m")?);
                let (heading, speed) = (cells.f64("heading_rad")?, cells.f64("speed_mps")?);
                let link = cells.texts("link")?;
                for row in (0..time.len()).filter(|row| (t0.ms()..=t1.ms()).contains(&time[*row])) {
                    let number = link.get(row).map_or(NOWHERE, |id| match known.get(id) {
                        Some(number) => *number,
                        None => {
                            links.push(id.to_owned());
                            known.insert(id.to_owned(), links.len() as u32 - 1);
                            links.len() as u32 - 1
                        }
                    });
                    rows.push((SimTime(time[row]), TrackPoint {
                        agent: agent[row],
                        kind: kind[row],
                        link: number,
                        position: [x[row], y[row], z[row]],
                        heading: heading[row] as f32,
                        speed_mps: speed[row] as f32,
                    }));
                }
                Ok(())
            })?;
        }
        // Files of other writers need not be sorted; ours are, and then this takes no time.
        rows.sort_by_key(|(time, point)| (*time, point.agent));
        let mut frames: Vec<KeyFrame> = Vec::new();
        for (time, point) in rows {
            match frames.last_mut().filter(|frame| frame.time == time) {
                Some(frame) => frame.agents.push(point),
                None => frames.push(KeyFrame { time, agents: vec![point] }),
            }
        }
        Ok(Tracks { frames, links })
    }

    /// The times of all key frames with an agent in them, rising.
    ///
    /// # Errors
    /// A file that cannot be read or lacks columns.
    pub fn frame_times(&self) -> Result<Vec<SimTime>, RecordError> {
        let mut times: Vec<i64> = Vec::new();
        for path in self.files(Table::Tracks) {
            batches(path, None, Some(&["t_ms"]), |batch| {
                times.extend(Cells { path, batch }.whole::<i64>("t_ms")?);
                times.dedup();
                Ok(())
            })?;
        }
        times.sort_unstable();
        times.dedup();
        Ok(times.into_iter().map(SimTime).collect())
    }
}
