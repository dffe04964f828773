//! Which links can begin a trip and which can end one: those from which, and to which, most of the network can be reached.
//!
//! A road at the city's edge has a link that leads in and one that leads out; nobody can start on the one and go anywhere.

use crate::ix::LinkIx;
use crate::route::Router;

/// By link: whether trips may begin there, and whether they may end there.
#[derive(Clone, Debug)]
pub struct Reach {
    /// Trips may begin there.
    pub origin: Vec<bool>,
    /// Trips may end there.
    pub destination: Vec<bool>,
}

/// Finds the largest set of links that can all reach each other (Kosaraju's two passes), what reaches it, and what it reaches.
pub fn reach(router: &Router, links: usize) -> Reach {
    let mut back: Vec<Vec<u32>> = vec![Vec::new(); links];
    for link in 0..links {
        for (next, _) in router.next(LinkIx::new(link)) {
            back[next.ix()].push(link as u32);
        }
    }
    let forward = |link: u32, at: usize| router.next(LinkIx(link)).get(at).map(|(next, _)| next.0);
    // First pass: links in the order in which they are left.
    let mut seen = vec![false; links];
    let mut left: Vec<u32> = Vec::with_capacity(links);
    for root in 0..links as u32 {
        if std::mem::replace(&mut seen[root as usize], true) {
            continue;
        }
        let mut stack = vec![(root, 0usize)];
        while let Some((link, at)) = stack.last_mut() {
            match forward(*link, *at) {
                Some(next) => {
                    *at += 1;
                    if !std::mem::replace(&mut seen[next as usize], true) {
                        stack.push((next, 0));
                    }
                }
                None => {
                    left.push(*link);
                    stack.pop();
                }
            }
        }
    }
    // Second pass, backwards: each tree is one set.
    let mut set = vec![u32::MAX; links];
    let mut sizes: Vec<usize> = Vec::new();
    for root in left.into_iter().rev() {
        if set[root as usize] != u32::MAX || !router.is_open(LinkIx(root)) {
            continue;
        }
        let number = sizes.len() as u32;
        sizes.push(0);
        let mut stack = vec![root];
        set[root as usize] = number;
        while let Some(link) = stack.pop() {
            sizes[number as usize] += 1;
            for before in &back[link as usize] {
                if set[*before as usize] == u32::MAX {
                    set[*before as usize] = number;
                    stack.push(*before);
                }
            }
        }
    }
    let largest = (0..sizes.len()).max_by_key(|n| (sizes[*n], std::cmp::Reverse(*n)));
    let core: Vec<u32> = (0..links as u32).filter(|l| largest.is_some_and(|n| set[*l as usize] == n as u32)).collect();
    let flood = |next: &dyn Fn(u32, &mut Vec<u32>)| {
        let mut reached = vec![false; links];
        let mut stack = core.clone();
        core.iter().for_each(|l| reached[*l as usize] = true);
        let mut around = Vec::new();
        while let Some(link) = stack.pop() {
            around.clear();
            next(link, &mut around);
            for l in &around {
                if !std::mem::replace(&mut reached[*l as usize], true) {
                    stack.push(*l);
                }
            }
        }
        reached
    };
    let destination = flood(&|link, out| out.extend(router.next(LinkIx(link)).iter().map(|(next, _)| next.0)));
    let origin = flood(&|link, out| out.extend(&back[link as usize]));
    Reach { origin, destination }
}
