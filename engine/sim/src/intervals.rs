//! What happens on each place (link or walkable area), summed over an interval.
//!
//! Speed and density follow Edie (1963): over the link and the interval, distance travelled by time spent is the space-mean
//! speed, and time spent by length and duration the density.

use qike_record::LinkInterval;

/// Sums of the running interval.
pub struct Intervals {
    rows: Vec<LinkInterval>,
    /// Agents that stand on each place in the present step.
    standing: Vec<u32>,
    touched: Vec<u32>,
}

impl Intervals {
    /// For so many links.
    pub fn new(links: usize) -> Self {
        let rows = (0..links).map(|link| LinkInterval { link: link as u32, ..LinkInterval::default() }).collect();
        Self { rows, standing: vec![0; links], touched: Vec::new() }
    }

    /// A vehicle spent a step on a link.
    #[inline]
    pub fn moved(&mut self, link: u32, seconds: f64, metres: f64, stands: bool) {
        let row = &mut self.rows[link as usize];
        row.time_spent_s += seconds;
        row.distance_m += metres;
        if stands {
            row.waiting_s += seconds;
            let standing = &mut self.standing[link as usize];
            if *standing == 0 {
                self.touched.push(link);
            }
            *standing += 1;
        }
    }

    /// A vehicle came in.
    #[inline]
    pub fn entered(&mut self, link: u32) {
        self.rows[link as usize].entered += 1;
    }

    /// A vehicle went out.
    #[inline]
    pub fn left(&mut self, link: u32) {
        self.rows[link as usize].left += 1;
    }

    /// The step is over.
    pub fn end_step(&mut self) {
        for link in self.touched.drain(..) {
            let row = &mut self.rows[link as usize];
            row.queue_max = row.queue_max.max(self.standing[link as usize]);
            self.standing[link as usize] = 0;
        }
    }

    /// The sums of an interval of that length, for links where anything happened; the next one begins.
    pub fn take(&mut self, seconds: f64, rows: &mut Vec<LinkInterval>) {
        for row in &mut self.rows {
            if row.entered > 0 || row.left > 0 || row.time_spent_s > 0.0 {
                row.queue_mean = if seconds > 0.0 { row.waiting_s / seconds } else { 0.0 };
                rows.push(*row);
            }
            *row = LinkInterval { link: row.link, ..LinkInterval::default() };
        }
    }
}
