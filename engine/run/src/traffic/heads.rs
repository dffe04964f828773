//! Signal heads of a map, one for each way over a signalled junction: where they stand, and what changes on them.

use qike_network::streets::{NONE, Streets, along, kind, shape_length};
use qike_record::{SignalChange, SignalLamp};

/// The heads, each with its link, and what it showed last.
pub(super) struct Heads {
    links: Vec<u32>,
    /// As they were recorded last; before the first time without a meaning.
    last: Vec<SignalChange>,
    begun: bool,
    changed: Vec<SignalChange>,
}

impl Heads {
    /// Of streets; `offset` leads from the map's coordinates to the recording's. The ways from one lane share its stop line, from
    /// the kerb to the middle in the order of the map.
    pub(super) fn new(streets: &Streets, offset: [f64; 2]) -> Self {
        let (mut links, mut last) = (Vec::new(), Vec::new());
        for (lane, (about, shape)) in streets.lanes.iter().zip(&streets.shapes).enumerate().filter(|(_, (about, _))| !about.inside) {
            let signalled = |l: &u32| streets.links[*l as usize].light != NONE && streets.links[*l as usize].kind & kind::ENTRY != 0;
            let own: Vec<u32> = streets.links_of(lane as u32).filter(signalled).collect();
            let (end, heading) = along(shape, shape_length(shape));
            for (n, link) in own.iter().enumerate() {
                let part = about.width / own.len() as f64;
                let left = (n as f64 + 0.5) * part - about.width / 2.0;
                let position = [end[0] - left * heading.sin() + offset[0], end[1] + left * heading.cos() + offset[1], end[2]];
                let head = links.len() as u32;
                links.push(*link);
                last.push(SignalChange { head, shows: SignalLamp::Off, link: about.edge, position, heading: heading as f32, width_m: part as f32 });
            }
        }
        Self { links, last, begun: false, changed: Vec::new() }
    }

    /// Heads that show something else than the last time; all of them the first time.
    pub(super) fn changes(&mut self, lamp: impl Fn(u32) -> SignalLamp) -> &[SignalChange] {
        self.changed.clear();
        for (link, last) in self.links.iter().zip(&mut self.last) {
            let now = lamp(*link);
            if now != last.shows || !self.begun {
                last.shows = now;
                self.changed.push(*last);
            }
        }
        self.begun = true;
        &self.changed
    }
}
