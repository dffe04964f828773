//! Conservation of vehicles at every step.

#[allow(dead_code)] // The maps are shared with another file of tests.
mod streets;

use qike_sim::micro::Micro;
use streets::{arterials, car, merge, signalled};

/// Nobody is lost or made, at any step.
#[test]
fn vehicles_are_conserved() {
    for scenario in [merge(120), signalled(car(), &[(30, "G"), (3, "y"), (37, "r")], 150, 2.0), arterials(1, 200)] {
        let mut m = Micro::new(&scenario, 3, None).unwrap();
        while !m.finished() {
            let at = m.now_ms();
            m.step();
            let c = m.counts();
            assert_eq!(c.inserted, c.arrived + c.running, "at {at}: {c:?}");
            assert!(c.inserted + c.waiting + c.discarded <= c.loaded, "at {at}: {c:?}");
            assert_eq!(m.ways().count() as u64, c.running, "at {at}: {c:?}");
        }
        let c = m.counts();
        assert_eq!((c.arrived, c.running, c.waiting, c.discarded, c.teleported), (c.loaded, 0, 0, 0, 0), "{c:?}");
    }
}
