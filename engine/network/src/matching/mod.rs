//! Map matching: which roads somebody drove, whose position was taken now and then, and wrong by some metres.
//!
//! A hidden Markov model after Newson & Krumm (2009), "Hidden Markov map matching through noise and sparseness": states are the places
//! on roads near a fix, a fix is the less likely the further it is from the place (normal, σ), and a step from place to place the less
//! likely the more the way over the roads differs from the beeline (exponential, β). The likeliest chain of states is Viterbi's.
//! Fixes that nobody can have reached in time are outliers and left out; where no way leads on, or too much time lies between two
//! fixes, the trace is broken in two.

mod roads;
mod viterbi;

pub use roads::Roads;

/// How fixes are matched.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MatchOptions {
    /// Standard deviation of a fix, m.
    pub sigma_m: f64,
    /// Fixes that lie further apart than this in time belong to two traces, ms.
    pub gap_ms: i64,
    /// Nobody is faster, m/s.
    pub top_mps: f64,
}

impl Default for MatchOptions {
    fn default() -> Self {
        Self { sigma_m: 10.0, gap_ms: 300_000, top_mps: 50.0 }
    }
}

/// A trace, or a part of one, on the roads.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Matched {
    /// Roads in the order of the way.
    pub roads: Vec<u32>,
    /// Where each begins on the way, m: that of the first is 0, so that the way begins within it.
    pub starts: Vec<f64>,
    /// Fixes on the way: number and m along it; never falling.
    pub points: Vec<(u32, f64)>,
}

/// What became of the fixes of a trace.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MatchCounts {
    /// All.
    pub fixes: u64,
    /// Left out: nobody can have been there in time.
    pub outliers: u64,
    /// Left out: no road is near.
    pub off_road: u64,
    /// Times that a trace was broken in two.
    pub breaks: u64,
}

/// Matches traces, one after the other.
pub struct Matcher<'r> {
    roads: &'r Roads,
    options: MatchOptions,
    search: viterbi::Search,
    /// Sums over all traces so far.
    pub counts: MatchCounts,
}

impl<'r> Matcher<'r> {
    /// Over these roads.
    pub fn new(roads: &'r Roads, options: MatchOptions) -> Self {
        Self { roads, options, search: viterbi::Search::new(roads.len()), counts: MatchCounts::default() }
    }

    /// Matches one trace: times (ms, rising) and places (m).
    pub fn trace(&mut self, fixes: &[(i64, [f64; 2])]) -> Vec<Matched> {
        self.counts.fixes += fixes.len() as u64;
        let mut found = Vec::new();
        for part in self.parts(fixes) {
            viterbi::run(self.roads, &self.options, &mut self.search, &mut self.counts, fixes, &part, &mut found);
        }
        found
    }

    /// Numbers of fixes that can be used, in parts without gaps.
    fn parts(&mut self, fixes: &[(i64, [f64; 2])]) -> Vec<Vec<u32>> {
        let mut parts: Vec<Vec<u32>> = vec![Vec::new()];
        let mut refused: Vec<u32> = Vec::new();
        for (n, (time, at)) in (0..).zip(fixes) {
            if !at.iter().all(|v| v.is_finite()) {
                self.counts.outliers += 1;
                continue;
            }
            let fits = |before: u32| {
                let (then, from) = fixes[before as usize];
                let seconds = (time - then) as f64 / 1000.0;
                seconds > 0.0 && (at[0] - from[0]).hypot(at[1] - from[1]) <= self.options.top_mps * seconds + 6.0 * self.options.sigma_m
            };
            let Some(part) = parts.last_mut() else { break };
            let Some(last) = part.last().copied() else {
                part.push(n);
                continue;
            };
            if time - fixes[last as usize].0 > self.options.gap_ms {
                self.counts.outliers += refused.drain(..).count() as u64;
                self.counts.breaks += 1;
                parts.push(vec![n]);
            } else if fits(last) {
                self.counts.outliers += refused.drain(..).count() as u64;
                part.push(n);
            } else if *time <= fixes[last as usize].0 {
                self.counts.outliers += 1;
            } else {
                // Three that agree among themselves are right, and the one before them was wrong or the trace jumped.
                if refused.last().is_some_and(|before| !fits(*before)) {
                    self.counts.outliers += refused.drain(..).count() as u64;
                }
                refused.push(n);
                if refused.len() >= 3 {
                    self.counts.breaks += 1;
                    parts.push(std::mem::take(&mut refused));
                }
            }
        }
        self.counts.outliers += refused.len() as u64;
        parts.retain(|part| !part.is_empty());
        parts
    }
}
