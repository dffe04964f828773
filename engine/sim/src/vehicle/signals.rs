//! What each connection is shown by its signal, brought up to date when a phase ends.

use qike_network::{LaneNetwork, SignalState};

/// What a connection is shown. Without a signal it is `Off`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// No signal: the rules of right of way hold.
    Off,
    /// Stop.
    Red,
    /// Stop where possible; red at the given time.
    Yellow {
        /// Time, ms.
        until_ms: i64,
    },
    /// Go.
    Green,
    /// Go, giving way.
    GreenYield,
}

/// Signals of all connections.
pub struct Signals {
    shown: Vec<Shown>,
    /// For each programme: when its phase ends.
    due: Vec<i64>,
    /// For each programme: its connections and their groups.
    members: Vec<Vec<(u32, u16)>>,
}

impl Signals {
    /// All signals of the network; call [`Signals::update`] before use.
    pub fn new(net: &LaneNetwork) -> Self {
        let mut members = vec![Vec::new(); net.programs.len()];
        for (ix, connection) in net.connections.iter().enumerate() {
            if let Some(signal) = connection.signal
                && let Some(of) = members.get_mut(signal.program.ix())
            {
                of.push((ix as u32, signal.group));
            }
        }
        Self { shown: vec![Shown::Off; net.connections.len()], due: vec![i64::MIN; net.programs.len()], members }
    }

    /// What a connection is shown.
    #[inline]
    pub fn of(&self, connection: usize) -> Shown {
        self.shown[connection]
    }

    /// Brings all signals to `now`.
    pub fn update(&mut self, net: &LaneNetwork, now_ms: i64) {
        for (ix, program) in net.programs.iter().enumerate() {
            if now_ms < self.due[ix] {
                continue;
            }
            let (phase, left) = program.phase_at(now_ms);
            let until_ms = now_ms + left.max(1) as i64;
            self.due[ix] = until_ms;
            for &(connection, group) in &self.members[ix] {
                let state = program.phases.get(phase).and_then(|p| p.states.get(usize::from(group)));
                self.shown[connection as usize] = match state {
                    Some(SignalState::Red) => Shown::Red,
                    Some(SignalState::Yellow) => Shown::Yellow { until_ms },
                    Some(SignalState::Green) => Shown::Green,
                    Some(SignalState::GreenYield) => Shown::GreenYield,
                    None => Shown::Off,
                };
            }
        }
    }
}
