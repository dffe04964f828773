//! Solids and composites: 401–405, 501–503.

use super::shell::Shell;
use super::space::{Meeting, P3, distance, meet, pairs};
use super::{Body, Fault, Tolerances};
use std::collections::BTreeMap;

/// How two shells lie to each other.
enum Relation {
    /// They go through one another, or lie on one another in part.
    Cross(P3),
    /// They only touch, or do not meet.
    Apart {
        /// They touch somewhere.
        touching: bool,
    },
}

fn relation(a: &Shell, b: &Shell) -> Relation {
    let (mut touching, mut crossing) = (false, None);
    pairs(&a.triangles, Some(&b.triangles), |x, y| {
        let has = [a, b].map(|shell| move |surface, corner| shell.has_corner(surface, corner));
        match meet(x, y, 1e-6, [&has[0], &has[1]]) {
            Some(Meeting::Through(p)) => crossing = Some(p),
            Some(Meeting::Touch(_)) => touching = true,
            None => touching |= x.corner.iter().any(|c| y.corner.contains(c)),
        }
        crossing.is_some()
    });
    crossing.map_or(Relation::Apart { touching }, Relation::Cross)
}

/// Checks the shells of a solid with each other; the first is the outer one.
pub fn check(shells: &[Shell], place: &dyn Fn(usize) -> String, tolerances: &Tolerances, faults: &mut Vec<Fault>) {
    let mut fault = |code: u16, shell: usize, message: String, position: Option<P3>| {
        faults.push(Fault { code, part: place(shell), message, position });
    };
    let some_corner = |shell: &Shell| shell.corners().next().map(|(_, p)| p);
    let mut touching = false;
    let mut told = 0;
    for (i, a) in shells.iter().enumerate() {
        for (j, b) in shells.iter().enumerate().skip(i + 1) {
            if a.outline() == b.outline() {
                fault(402, j, format!("shells {i} and {j} are the same"), some_corner(b));
                told += 1;
                continue;
            }
            match relation(a, b) {
                Relation::Cross(p) => {
                    fault(401, j, format!("shells {i} and {j} go through one another or share a part of a surface"), Some(p));
                    told += 1;
                    continue;
                }
                Relation::Apart { touching: touch } => touching |= touch,
            }
            let free = |(_, p): &(u32, P3)| a.surfaces_at(*p, tolerances.snap_m).is_empty();
            let inside: Vec<bool> = b.corners().filter(free).map(|(_, p)| a.winding(p).abs() > 0.5).collect();
            if inside.iter().any(|x| *x) && inside.iter().any(|x| !*x) {
                fault(401, j, format!("shell {j} lies partly inside and partly outside shell {i}"), some_corner(b));
                told += 1;
            } else if i == 0 && !inside.is_empty() && !inside[0] {
                fault(403, j, "the inner shell lies outside the outer one".into(), some_corner(b));
                told += 1;
            } else if i > 0 && inside.first() == Some(&true) {
                fault(403, j, format!("inner shell {j} lies inside inner shell {i}"), some_corner(b));
                told += 1;
            }
        }
    }
    if told == 0 && touching && let Some(p) = cut_through(shells, tolerances) {
        fault(404, 0, "shells that touch cut the solid's inside in two".into(), Some(p));
    }
    for (i, shell) in shells.iter().enumerate() {
        if (shell.volume() < 0.0) == (i == 0) {
            let what = if i == 0 { "the outer shell's surfaces look inwards" } else { "the inner shell's surfaces look into the solid, not into the hollow" };
            fault(405, i, what.into(), some_corner(shell));
        }
    }
}

/// 404: a closed line along which shells touch. The inside of a sphere is cut in two where the sphere within it touches it all
/// around (Alexander's duality), not where they touch in points or along open lines.
fn cut_through(shells: &[Shell], tolerances: &Tolerances) -> Option<P3> {
    let mut nodes: Vec<P3> = Vec::new();
    let mut node = |p: P3| {
        nodes.iter().position(|q| distance(*q, p) <= tolerances.snap_m).unwrap_or_else(|| {
            nodes.push(p);
            nodes.len() - 1
        })
    };
    let mut stretches: Vec<(usize, usize)> = Vec::new();
    for (i, a) in shells.iter().enumerate() {
        for (_, b) in shells.iter().enumerate().filter(|(j, _)| *j != i) {
            let on: BTreeMap<u32, _> = a.corners().map(|(c, p)| (c, b.surfaces_at(p, tolerances.snap_m))).filter(|(_, s)| !s.is_empty()).collect();
            for [(c, p), (d, q)] in a.sides() {
                let (Some(x), Some(y)) = (on.get(&c), on.get(&d)) else { continue };
                let middle = [0, 1, 2].map(|k| 0.5 * (p[k] + q[k]));
                if x.intersection(y).next().is_some() && !b.surfaces_at(middle, tolerances.snap_m).is_empty() {
                    let (m, n) = (node(p), node(q));
                    stretches.push((m.min(n), m.max(n)));
                }
            }
        }
    }
    stretches.sort_unstable();
    stretches.dedup();
    let mut group: Vec<usize> = (0..nodes.len()).collect();
    for (a, b) in stretches {
        let root = |mut i: usize| {
            while group[i] != i {
                i = group[i];
            }
            i
        };
        let (x, y) = (root(a), root(b));
        if x == y {
            return nodes.get(a).copied();
        }
        group[x] = y;
    }
    None
}

/// Solids of a composite by number and outer shell: they must hang together by walls, and must not overlap.
pub fn check_composite(solids: Vec<(usize, Shell)>, tolerances: &Tolerances, faults: &mut Vec<Fault>) {
    let solids: Vec<(usize, Body)> = solids.into_iter().map(|(number, shell)| (number, Body::of(shell))).collect();
    let mut joined: Vec<usize> = (0..solids.len()).collect();
    let mut told = false;
    for (k, (i, a)) in solids.iter().enumerate() {
        for (l, (j, b)) in solids.iter().enumerate().skip(k + 1) {
            let mut fault = |code: u16, message: String, position: Option<P3>| {
                told = true;
                faults.push(Fault { code, part: format!("solid {j}"), message, position });
            };
            let overlap = if a.is_same(b) { None } else { a.overlap(b, tolerances) };
            if a.is_same(b) {
                fault(502, format!("solids {i} and {j} are the same"), b.some_corner());
            } else if let Some(p) = overlap {
                fault(501, format!("solids {i} and {j} overlap"), Some(p));
            } else if !a.shares_wall(b, tolerances) {
                continue;
            }
            let (from, to) = (joined[l], joined[k]);
            joined.iter_mut().filter(|group| **group == from).for_each(|group| *group = to);
        }
    }
    let main = joined.first().copied();
    let apart = solids.iter().zip(&joined).find(|(_, group)| Some(**group) != main);
    if let Some(((number, body), _)) = apart.filter(|_| !told) {
        let message = format!("solid {number} has no wall in common with the others");
        faults.push(Fault { code: 503, part: format!("solid {number}"), message, position: body.some_corner() });
    }
}
