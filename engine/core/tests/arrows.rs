//! The arrows of ARCHITECTURE.md, checked against `cargo metadata`: which crate may depend on which, and what never.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

/// Direct dependencies between members that are allowed. A member that is not here may not exist.
const ALLOWED: &[(&str, &[&str])] = &[
    ("qike-core", &[]),
    ("qike-scene", &["qike-core"]),
    ("qike-store", &["qike-core", "qike-scene"]),
    ("qike-network", &["qike-core", "qike-scene"]),
    ("qike-assign", &["qike-core", "qike-network"]),
    ("qike-demand", &["qike-core", "qike-scene", "qike-network"]),
    ("qike-record", &["qike-core"]),
    ("qike-sim", &["qike-core", "qike-network", "qike-record"]),
    ("qike-run", &["qike-core", "qike-scene", "qike-store", "qike-network", "qike-record", "qike-sim"]),
    ("qike-import", &["qike-core", "qike-scene"]),
    ("qike-export", &["qike-core", "qike-scene"]),
    ("qike-sample", &["qike-core"]),
    ("qike-cli", &["qike-core", "qike-scene", "qike-store", "qike-network", "qike-assign", "qike-demand", "qike-record", "qike-run", "qike-import", "qike-export", "qike-sample"]),
    ("qike-viewer", &["qike-core", "qike-scene", "qike-store", "qike-record"]),
];

/// Foreign crates that only some members may reach, at any distance.
const ONLY: &[(&[&str], &[&str])] = &[
    (&["bevy", "bevy_egui", "egui", "wgpu", "winit"], &["qike-viewer"]),
    (&["rusqlite"], &["qike-store", "qike-import", "qike-run", "qike-cli", "qike-viewer"]),
    (&["gtfs-structures", "ifc-lite-core"], &["qike-import", "qike-cli"]),
];

struct Graph {
    /// Normal and build dependencies by package name.
    edges: BTreeMap<String, BTreeSet<String>>,
    members: BTreeSet<String>,
    /// Direct dependencies of members, tests' own left out.
    direct: BTreeMap<String, BTreeSet<String>>,
}

/// The triple of this machine: without it cargo would ask for the crates of every platform.
fn host() -> String {
    let output = Command::new("rustc").arg("-vV").output().expect("rustc runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.lines().find_map(|l| l.strip_prefix("host: ")).expect("rustc names its host").to_owned()
}

fn graph() -> Graph {
    let output = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["metadata", "--format-version", "1", "--locked", "--filter-platform", &host()])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).expect("cargo writes JSON");
    let list = |v: &serde_json::Value| v.as_array().cloned().unwrap_or_default();
    let text = |v: &serde_json::Value| v.as_str().unwrap_or_default().to_owned();
    let names: BTreeMap<String, String> = list(&json["packages"]).iter().map(|p| (text(&p["id"]), text(&p["name"]))).collect();
    let members: BTreeSet<String> = list(&json["workspace_members"]).iter().map(|m| names[&text(m)].clone()).collect();
    let mut edges: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for node in list(&json["resolve"]["nodes"]) {
        let from = edges.entry(names[&text(&node["id"])].clone()).or_default();
        for dep in list(&node["deps"]) {
            let counts = list(&dep["dep_kinds"]).iter().any(|k| k["kind"].as_str() != Some("dev"));
            if counts {
                from.insert(names[&text(&dep["pkg"])].clone());
            }
        }
    }
    let direct = members.iter().map(|m| (m.clone(), edges[m].clone())).collect();
    Graph { edges, members, direct }
}

fn reach(graph: &Graph, from: &str) -> BTreeSet<String> {
    let (mut seen, mut open) = (BTreeSet::new(), vec![from.to_owned()]);
    while let Some(name) = open.pop() {
        for next in graph.edges.get(&name).into_iter().flatten() {
            if seen.insert(next.clone()) {
                open.push(next.clone());
            }
        }
    }
    seen
}

#[test]
fn members_depend_only_along_the_arrows() {
    let graph = graph();
    let allowed: BTreeMap<&str, BTreeSet<&str>> = ALLOWED.iter().map(|(m, d)| (*m, d.iter().copied().collect())).collect();
    for (member, direct) in &graph.direct {
        let allowed = allowed.get(member.as_str()).unwrap_or_else(|| panic!("{member} has no arrows in this test: add it here and in ARCHITECTURE.md"));
        for dependency in direct.intersection(&graph.members) {
            assert!(allowed.contains(dependency.as_str()), "{member} must not depend on {dependency}");
        }
    }
}

#[test]
fn graphics_sqlite_and_foreign_formats_stay_where_they_belong() {
    let graph = graph();
    for member in &graph.members {
        let reached = reach(&graph, member);
        for (foreign, homes) in ONLY {
            for name in *foreign {
                assert!(!reached.contains(*name) || homes.contains(&member.as_str()), "{member} reaches {name}, which only {homes:?} may");
            }
        }
    }
    for (member, direct) in &graph.direct {
        let may = ["qike-store", "qike-import"].contains(&member.as_str());
        assert!(may || !direct.contains("rusqlite"), "{member} uses rusqlite itself; only qike-store, and the importer of foreign GeoPackages, know SQLite");
    }
}
