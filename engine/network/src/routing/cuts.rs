//! Cuts of a map into two parts with few streets between them: inertial flow.
//!
//! Along a direction, the first and the last junctions are kept apart by the least number of streets: a greatest flow from the ones
//! to the others, each street taking one unit (Dinic's algorithm). Of all directions and shares the cut is taken that has the
//! fewest streets for each junction of its smaller part.

/// Shares of junctions that are kept apart.
const SHARES: [f64; 3] = [0.25, 0.33, 0.4];
/// Directions along which they are: east, north and between.
const DIRECTIONS: [[f32; 2]; 4] = [[1.0, 0.0], [0.0, 1.0], [1.0, 1.0], [1.0, -1.0]];

/// Not reached.
const FAR: u32 = u32::MAX;

/// Cuts sets of junctions.
pub(super) struct Cutter<'m> {
    streets: &'m [[u32; 2]],
    places: &'m [[f32; 2]],
    /// For each junction of the map its number in the set.
    local: Vec<u32>,
    /// For each junction of the set: it is beyond the cut.
    beyond: Vec<bool>,
    net: Net,
}

/// A set of junctions as a network for flows.
#[derive(Default)]
struct Net {
    /// First arc of each junction, and the end.
    starts: Vec<u32>,
    /// Where arcs lead.
    heads: Vec<u32>,
    /// The arc back.
    twins: Vec<u32>,
    /// What more an arc takes: 0 to 2 of its one unit each way.
    room: Vec<u8>,
    /// Steps from the sources.
    level: Vec<u32>,
    /// The next arc to try.
    next: Vec<u32>,
    queue: Vec<u32>,
    path: Vec<u32>,
}

impl<'m> Cutter<'m> {
    /// For streets by their ends, between junctions at places.
    pub fn new(streets: &'m [[u32; 2]], places: &'m [[f32; 2]]) -> Self {
        Self { streets, places, local: vec![0; places.len()], beyond: Vec::new(), net: Net::default() }
    }

    /// After a cut: a junction of the set is in the second part.
    pub fn beyond(&self, junction: u32) -> bool {
        self.beyond[self.local[junction as usize] as usize]
    }

    /// Cuts a set of two junctions or more, with the streets between them. Neither part is empty.
    pub fn cut(&mut self, junctions: &[u32], streets: &[u32]) {
        let n = junctions.len();
        for (at, j) in (0..).zip(junctions) {
            self.local[*j as usize] = at;
        }
        let (streets_of, local) = (self.streets, &self.local);
        self.net.build(n, streets.iter().map(|s| streets_of[*s as usize].map(|j| local[j as usize])));
        let mut best = f64::INFINITY;
        let mut along: Vec<u32> = Vec::with_capacity(n);
        for direction in DIRECTIONS {
            let ahead = |at: &u32| {
                let place = self.places[junctions[*at as usize] as usize];
                place[0] * direction[0] + place[1] * direction[1]
            };
            along.clear();
            along.extend(0..n as u32);
            along.sort_unstable_by(|a, b| ahead(a).total_cmp(&ahead(b)).then(a.cmp(b)));
            for share in SHARES {
                let apart = ((n as f64 * share) as usize).max(1);
                let (from, to) = (&along[..apart], &along[n - apart..]);
                // No more streets than let it be the best, were its parts equal.
                let most = best * (n / 2) as f64;
                let Some(cut) = self.net.flow(from, to, most) else { continue };
                // The parts nearest to the sources and to the sinks: the more even one.
                for side in [true, false] {
                    let part = if side { self.net.level.clone() } else { self.net.back(to) };
                    let reached = part.iter().filter(|l| **l != FAR).count();
                    let score = cut as f64 / reached.min(n - reached) as f64;
                    if score < best {
                        best = score;
                        self.beyond.clear();
                        self.beyond.extend(part.iter().map(|l| (*l == FAR) == side));
                    }
                }
            }
        }
    }
}

impl Net {
    fn build(&mut self, n: usize, streets: impl Iterator<Item = [u32; 2]> + Clone) {
        let streets = streets.filter(|[a, b]| a != b);
        self.starts.clear();
        self.starts.resize(n + 1, 0);
        for [a, b] in streets.clone() {
            self.starts[a as usize + 1] += 1;
            self.starts[b as usize + 1] += 1;
        }
        for j in 0..n {
            self.starts[j + 1] += self.starts[j];
        }
        let arcs = self.starts[n] as usize;
        self.heads.clear();
        self.heads.resize(arcs, 0);
        self.twins.clear();
        self.twins.resize(arcs, 0);
        self.next.clear();
        self.next.extend_from_slice(&self.starts[..n]);
        for [a, b] in streets {
            let there = self.next[a as usize];
            self.next[a as usize] += 1;
            let back = self.next[b as usize];
            self.next[b as usize] += 1;
            (self.heads[there as usize], self.twins[there as usize]) = (b, back);
            (self.heads[back as usize], self.twins[back as usize]) = (a, there);
        }
    }

    /// The greatest flow; none when it is more than `most`. Afterwards `level` tells whom the sources still reach.
    fn flow(&mut self, from: &[u32], to: &[u32], most: f64) -> Option<usize> {
        self.room.clear();
        self.room.resize(self.heads.len(), 1);
        let mut sink = vec![false; self.starts.len() - 1];
        to.iter().for_each(|t| sink[*t as usize] = true);
        let mut flow = 0;
        loop {
            if !self.reach(from, &sink) {
                return Some(flow);
            }
            self.next.clear();
            self.next.extend_from_slice(&self.starts[..sink.len()]);
            for source in from {
                while self.push(*source, &sink) {
                    flow += 1;
                    if flow as f64 >= most {
                        return None;
                    }
                }
            }
        }
    }

    /// Steps from the sources over arcs with room; whether a sink is reached.
    fn reach(&mut self, from: &[u32], sink: &[bool]) -> bool {
        self.level.clear();
        self.level.resize(sink.len(), FAR);
        self.queue.clear();
        self.queue.extend_from_slice(from);
        from.iter().for_each(|s| self.level[*s as usize] = 0);
        let (mut at, mut found) = (0, FAR);
        while at < self.queue.len() {
            let j = self.queue[at];
            at += 1;
            let level = self.level[j as usize];
            if level >= found {
                break;
            }
            for arc in self.starts[j as usize]..self.starts[j as usize + 1] {
                let head = self.heads[arc as usize];
                if self.room[arc as usize] > 0 && self.level[head as usize] == FAR {
                    self.level[head as usize] = level + 1;
                    self.queue.push(head);
                    if sink[head as usize] {
                        found = level + 1;
                    }
                }
            }
        }
        found != FAR
    }

    /// One unit from a source to a sink by the levels, if there is a way.
    fn push(&mut self, source: u32, sink: &[bool]) -> bool {
        self.path.clear();
        let mut at = source;
        loop {
            if sink[at as usize] {
                for arc in self.path.drain(..) {
                    self.room[arc as usize] -= 1;
                    self.room[self.twins[arc as usize] as usize] += 1;
                }
                return true;
            }
            let (next, end) = (self.next[at as usize], self.starts[at as usize + 1]);
            if next == end {
                let Some(arc) = self.path.pop() else { return false };
                at = self.heads[self.twins[arc as usize] as usize];
                self.next[at as usize] += 1;
                continue;
            }
            let head = self.heads[next as usize];
            if self.room[next as usize] > 0 && self.level[head as usize] == self.level[at as usize] + 1 {
                self.path.push(next);
                at = head;
            } else {
                self.next[at as usize] += 1;
            }
        }
    }

    /// Steps to the sinks over arcs with room.
    fn back(&self, to: &[u32]) -> Vec<u32> {
        let mut level = vec![FAR; self.starts.len() - 1];
        let mut queue = to.to_vec();
        to.iter().for_each(|t| level[*t as usize] = 0);
        while let Some(j) = queue.pop() {
            for arc in self.starts[j as usize]..self.starts[j as usize + 1] {
                let head = self.heads[arc as usize];
                if self.room[self.twins[arc as usize] as usize] > 0 && level[head as usize] == FAR {
                    level[head as usize] = 0;
                    queue.push(head);
                }
            }
        }
        level
    }
}
