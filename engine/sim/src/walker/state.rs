//! The state of all walkers, sorted by cells of a grid for neighbour search.

/// Side of a cell, m: nobody further away than this matters to anybody.
pub const CELL_M: f64 = 2.0;
/// Cells along each side of the grid. It wraps around (cells a quarter of a kilometre apart share a number), so that its size does not
/// depend on the city's; whoever is far away is left out by distance.
pub const SIDE: usize = 128;

/// Two whose wished directions have a cosine below this come towards each other.
const FACING_COS: f64 = -0.25;
/// Two whose wished directions have a cosine below this go different ways.
const CROSSING_COS: f64 = 0.4;

/// All walkers on their way.
#[derive(Clone, Debug, Default)]
pub struct WalkerState {
    /// Position, m.
    pub x: Vec<f64>,
    /// Position, m.
    pub y: Vec<f64>,
    /// Height, m.
    pub z: Vec<f64>,
    /// Speed along the ground, m/s.
    pub speed: Vec<f64>,
    /// Direction in plan, of length 1.
    pub ex: Vec<f64>,
    /// Its northern part.
    pub ey: Vec<f64>,
    /// Who: index into the ledger.
    pub who: Vec<u32>,
    /// Area.
    pub area: Vec<u32>,
    /// Next portal; `u32::MAX` when the goal is in this area.
    pub via: Vec<u32>,
    /// For each cell, plus one: where its walkers start.
    pub starts: Vec<u32>,
}

/// The number of the cell of a place, as (column, row).
#[inline]
pub fn cell(x: f64, y: f64) -> (usize, usize) {
    let wrap = |c: f64| (c / CELL_M).floor() as i64 as usize & (SIDE - 1);
    (wrap(x), wrap(y))
}

impl WalkerState {
    /// Nobody.
    pub fn empty() -> Self {
        Self { starts: vec![0; SIDE * SIDE + 1], ..Self::default() }
    }

    /// Number of walkers.
    pub fn len(&self) -> usize {
        self.x.len()
    }

    /// True when nobody is there.
    pub fn is_empty(&self) -> bool {
        self.x.is_empty()
    }

    /// Calls `f` with everybody in the cells around a place.
    #[inline]
    pub fn around(&self, x: f64, y: f64, mut f: impl FnMut(usize)) {
        let (column, row) = cell(x, y);
        for dy in [SIDE - 1, 0, 1] {
            let row = ((row + dy) & (SIDE - 1)) * SIDE;
            // Three cells beside each other lie one after another, but at the grid's edge.
            if (1..SIDE - 1).contains(&column) {
                let (from, to) = (self.starts[row + column - 1], self.starts[row + column + 2]);
                (from as usize..to as usize).for_each(&mut f);
            } else {
                for dx in [SIDE - 1, 0, 1] {
                    let c = row + ((column + dx) & (SIDE - 1));
                    (self.starts[c] as usize..self.starts[c + 1] as usize).for_each(&mut f);
                }
            }
        }
    }

    /// Whether two come towards each other, and not both to one opening from the same side.
    #[inline]
    pub fn facing(&self, i: usize, j: usize, wish_i: [f64; 2], wish_j: [f64; 2]) -> bool {
        wish_i[0] * wish_j[0] + wish_i[1] * wish_j[1] < FACING_COS && self.apart(i, j)
    }

    /// Whether two go different ways, and not both to one opening from the same side.
    #[inline]
    pub fn crossing(&self, i: usize, j: usize, wish_i: [f64; 2], wish_j: [f64; 2]) -> bool {
        wish_i[0] * wish_j[0] + wish_i[1] * wish_j[1] < CROSSING_COS && self.apart(i, j)
    }

    fn apart(&self, i: usize, j: usize) -> bool {
        self.via[i] == u32::MAX || self.via[i] != self.via[j] || self.area[i] != self.area[j]
    }

    /// Takes over moved walkers, put in order by cell. Within a cell the order of arrival stays, so it is the same in every run.
    pub fn arrange(&mut self, moved: &Self) {
        let n = moved.len();
        self.starts.clear();
        self.starts.resize(SIDE * SIDE + 1, 0);
        let cells = || (0..n).map(|i| cell(moved.x[i], moved.y[i])).map(|(column, row)| row * SIDE + column);
        cells().for_each(|c| self.starts[c + 1] += 1);
        let mut sum = 0u32;
        for start in &mut self.starts {
            sum += *start;
            *start = sum;
        }
        for column in [&mut self.x, &mut self.y, &mut self.z, &mut self.speed, &mut self.ex, &mut self.ey] {
            column.resize(n, 0.0);
        }
        self.who.resize(n, 0);
        self.area.resize(n, 0);
        self.via.resize(n, 0);
        for (i, c) in cells().enumerate() {
            let at = self.starts[c] as usize;
            self.starts[c] += 1;
            self.x[at] = moved.x[i];
            self.y[at] = moved.y[i];
            self.z[at] = moved.z[i];
            self.speed[at] = moved.speed[i];
            self.ex[at] = moved.ex[i];
            self.ey[at] = moved.ey[i];
            self.who[at] = moved.who[i];
            self.area[at] = moved.area[i];
            self.via[at] = moved.via[i];
        }
        self.starts.copy_within(0..SIDE * SIDE, 1);
        self.starts[0] = 0;
    }

    /// Forgets everybody (columns only).
    pub fn clear(&mut self) {
        for column in [&mut self.x, &mut self.y, &mut self.z, &mut self.speed, &mut self.ex, &mut self.ey] {
            column.clear();
        }
        self.who.clear();
        self.area.clear();
        self.via.clear();
    }

    /// Adds a walker (columns only).
    #[allow(clippy::too_many_arguments)]
    pub fn push(&mut self, p: [f64; 3], speed: f64, e: [f64; 2], who: u32, area: u32, via: u32) {
        self.x.push(p[0]);
        self.y.push(p[1]);
        self.z.push(p[2]);
        self.speed.push(speed);
        self.ex.push(e[0]);
        self.ey.push(e[1]);
        self.who.push(who);
        self.area.push(area);
        self.via.push(via);
    }
}
