//! Keeps bodies apart: a step that would bring two too close is not made.

use super::WalkerModel;
use super::ground::Plan;
use super::state::WalkerState;
use super::steer::{DIAMETER_M, SQUEEZE_M};

/// A step that would bring two closer than this is not made, m.
const CLOSEST_M: f64 = 0.9 * DIAMETER_M;
/// Nobody steps faster than this, moving stairs included, m/s.
const FASTEST_MPS: f64 = 3.5;

fn square(a: Plan, b: Plan) -> f64 {
    let d = [a[0] - b[0], a[1] - b[1]];
    d[0] * d[0] + d[1] * d[1]
}

impl WalkerModel {
    /// Where walker `ix` may step to: where they mean to, or where they are if that would bring two too close that come closer by it.
    pub(super) fn keep_apart(&self, state: &WalkerState, ix: usize) -> Plan {
        let step = &self.moves[ix];
        let (from, to) = ([state.x[ix], state.y[ix]], step.to);
        // Two steps cannot bring together who is further away than this.
        let reach = CLOSEST_M + 2.0 * FASTEST_MPS * self.options.walker_step_ms as f64 / 1000.0;
        if step.nearest > reach {
            return to;
        }
        let mut blocked = false;
        state.around(from[0], from[1], |j| {
            let there = [state.x[j], state.y[j]];
            let now = square(from, there);
            if now > reach * reach || j == ix || (state.z[j] - state.z[ix]).abs() > 1.2 || !self.ground.together(state.area[ix], state.area[j]) {
                return;
            }
            // The other moves too, by its own intention.
            let gap = square(to, self.moves[j].to).min(square(to, there));
            let closest = if state.facing(ix, j, step.wish, self.moves[j].wish) { SQUEEZE_M } else { CLOSEST_M };
            if gap < closest * closest && gap < now - 1e-9 {
                blocked = true;
            }
        });
        if blocked { from } else { to }
    }
}
