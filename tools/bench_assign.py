#!/usr/bin/env python3
"""Static user equilibrium: `qike assign` beside aequilibrae's bi-conjugate Frank-Wolfe, on the same networks, to the same relative gap.

Usage: tools/bench_assign.py BIN_FOLDER OUT_FOLDER --peers FOLDER [--gap 1e-6] [--rounds 3] [--tntp FOLDER] [--grids 10,20,30]
Networks: Sioux Falls, which the Python package aequilibrae brings; congested grids made here; each pair NAME_net.tntp, NAME_trips.tntp
below --tntp. Runs take turns. Qike's user CPU is that of the whole program, reading included; aequilibrae's only of `execute()`, on one
core and with its bars and logs sent nowhere. Both objectives are worked out here, from their flows. Prints the table; writes
OUT/bench_assign.json.
"""
import argparse, csv, json, os, random, resource, sqlite3, statistics, subprocess, sys, tempfile, zipfile
from pathlib import Path

MARK = 10
# Published objectives; Qike's is to agree to eight digits.
KNOWN = {"SiouxFalls": 4231335.287107440}


def lines(path):
    """Metadata, and the lines after them."""
    meta, rest, body = {}, [], False
    for text in Path(path).read_text().splitlines():
        text = text.split("~")[0].strip()
        if not text:
            continue
        if body:
            rest.append(text)
        else:
            key, value = text[1:].split(">", 1)
            meta[key], body = value.strip(), key == "END OF METADATA"
    return meta, rest


def links(path):
    meta, rest = lines(path)
    return meta, [[float(v) for v in text.rstrip(";").split()] for text in rest]


def trips(path):
    origin, table = None, {}
    for text in lines(path)[1]:
        if text.startswith("Origin"):
            origin = int(text.split()[1])
            continue
        for pair in filter(None, (p.strip() for p in text.split(";"))):
            to, number = pair.split(":")
            if float(number) > 0:
                table[origin, int(to)] = float(number)
    return table


def objective(rows, flows):
    return sum(t * (f + b / (p + 1) * f * (f / c) ** p) for (_, _, c, _, t, b, p, *_), f in zip(rows, flows))


def peer(net, table, gap):
    """Runs aequilibrae, in a process of its own: prints user CPU, iterations, gap and flows as JSON."""
    import logging, warnings
    import numpy as np, pandas as pd
    warnings.filterwarnings("ignore")
    logging.disable(logging.CRITICAL)
    from aequilibrae.matrix import AequilibraeMatrix
    from aequilibrae.paths import Graph, TrafficAssignment, TrafficClass
    meta, rows = links(net)
    zones = int(meta["NUMBER OF ZONES"])
    a = np.array([r[:7] for r in rows])
    matrix = np.zeros((zones, zones))
    for (i, j), number in trips(table).items():
        matrix[i - 1, j - 1] = number
    frame = pd.DataFrame({"link_id": np.arange(1, len(a) + 1), "a_node": a[:, 0].astype(int), "b_node": a[:, 1].astype(int), "direction": 1, "capacity": a[:, 2], "free_flow_time": a[:, 4], "b": a[:, 5], "power": a[:, 6]})
    graph = Graph()
    graph.network, graph.network_ok, graph.status = frame, True, "OK"
    graph.prepare_graph(np.arange(1, zones + 1))
    graph.set_graph("free_flow_time")
    graph.set_blocked_centroid_flows(int(meta.get("FIRST THRU NODE", 1)) > 1)
    demand = AequilibraeMatrix()
    demand.create_empty(zones=zones, matrix_names=["m"], memory_only=True)
    demand.index = np.arange(1, zones + 1)
    demand.matrix["m"][:, :] = matrix
    demand.computational_view(["m"])
    work = TrafficAssignment()
    work.set_classes([TrafficClass("c", graph, demand)])
    work.set_vdf("BPR")
    work.set_vdf_parameters({"alpha": "b", "beta": "power"})
    work.set_capacity_field("capacity")
    work.set_time_field("free_flow_time")
    work.max_iter, work.rgap_target = 20000, gap
    work.set_algorithm("bfw")
    work.set_cores(1)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_utime
    work.execute()
    user = resource.getrusage(resource.RUSAGE_SELF).ru_utime - before
    flows = work.results()["PCE_AB"].reindex(frame.link_id).fillna(0).tolist()
    print(json.dumps({"user": user, "iterations": int(work.assignment.iter), "gap": float(work.assignment.rgap), "flows": flows}))


def sioux_falls(package, out):
    """The network that the package brings, as TNTP; its matrix is read by the package itself."""
    with tempfile.TemporaryDirectory() as folder:
        zipfile.ZipFile(package / "reference_files/sioux_falls.zip").extractall(folder)
        base = sqlite3.connect(next(Path(folder).rglob("project_database.sqlite")))
        rows = base.execute("select a_node, b_node, capacity_ab, distance, free_flow_time, b, power from links order by link_id").fetchall()
        from aequilibrae.matrix import AequilibraeMatrix
        matrix = AequilibraeMatrix()
        matrix.load(str(next(Path(folder).rglob("demand.aem"))))
        matrix.computational_view()
        view = matrix.matrix_view
        write(out, "SiouxFalls", 24, 24, 1, rows, {(i + 1, j + 1): float(view[i, j]) for i in range(24) for j in range(24) if view[i, j] > 0})


def grid(size, out):
    """Streets size × size with trips between each eighth node or so; the same for the same size."""
    rng = random.Random(size)
    nodes = list(range(1, size * size + 1))
    zones = max(4, size * size // 9)
    rng.shuffle(nodes)
    at = lambda x, y: nodes[x * size + y]
    rows = []
    for x in range(size):
        for y in range(size):
            for u, v in ((x + 1, y), (x, y + 1)):
                if u < size and v < size:
                    for a, b in ((at(x, y), at(u, v)), (at(u, v), at(x, y))):
                        rows.append((a, b, rng.choice((600.0, 900.0, 1800.0)), 1.0, rng.uniform(1.0, 3.0), 0.15, 4.0))
    table = {(i, j): rng.uniform(0.0, 2.0) * 14000.0 / zones ** 1.5 * (size / 10) ** 0.5 for i in range(1, zones + 1) for j in range(1, zones + 1) if i != j}
    write(out, f"grid{size}", zones, size * size, 1, rows, table)


def write(out, name, zones, nodes, first, rows, table):
    head = f"<NUMBER OF ZONES> {zones}\n<NUMBER OF NODES> {nodes}\n<FIRST THRU NODE> {first}\n<NUMBER OF LINKS> {len(rows)}\n<END OF METADATA>\n\n"
    (out / f"{name}_net.tntp").write_text(head + "".join("\t" + "\t".join(repr(v) for v in row) + "\t0\t0\t1\t;\n" for row in rows))
    text = [f"<NUMBER OF ZONES> {zones}\n<TOTAL OD FLOW> {sum(table.values())!r}\n<END OF METADATA>\n"]
    for i in range(1, zones + 1):
        text.append(f"\nOrigin {i}\n" + "".join(f"{j} : {table[i, j]!r}; " for j in range(1, zones + 1) if (i, j) in table) + "\n")
    (out / f"{name}_trips.tntp").write_text("".join(text))


def user_of(command):
    child = subprocess.Popen([str(c) for c in command], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    text = child.stdout.read()
    _, status, usage = os.wait4(child.pid, 0)
    code = os.waitstatus_to_exitcode(status)
    if code:
        raise SystemExit(f"{' '.join(map(str, command))}: status {code}")
    return usage.ru_utime, json.loads(text)


def main():
    if sys.argv[1:2] == ["peer"]:
        return peer(sys.argv[2], sys.argv[3], float(sys.argv[4]))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bin", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--peers", type=Path, required=True, help="folder that ../shared/peers/setup.sh made")
    parser.add_argument("--gap", type=float, default=1e-6)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--tntp", type=Path, help="folder of more networks")
    parser.add_argument("--grids", default="10,20", help="sizes of grids")
    options = parser.parse_args()
    root = next(r for r in (options.peers, options.peers / "venv") if (r / "bin/python").exists())
    package = next(root.glob("lib/python3*/site-packages/aequilibrae"))
    nets = options.out / "networks"
    nets.mkdir(parents=True, exist_ok=True)
    make = "import sys; sys.path.insert(0, sys.argv[1]); import bench_assign, pathlib; bench_assign.sioux_falls(pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3]))"
    subprocess.run([root / "bin/python", "-c", make, Path(__file__).parent, package, nets], check=True, stdout=subprocess.DEVNULL)
    for size in filter(None, options.grids.split(",")):
        grid(int(size), nets)
    pairs = [p for folder in (nets, options.tntp) if folder for p in sorted(folder.glob("*_net.tntp"))]
    report = []
    for net in pairs:
        name, table = net.name.removesuffix("_net.tntp"), net.with_name(net.name.replace("_net", "_trips"))
        rows = links(net)[1]
        runs = {"aequilibrae": [], "Qike": []}
        for round in range(options.rounds):
            _, theirs = user_of([root / "bin/python", __file__, "peer", net, table, options.gap])
            folder = options.out / f"{name}-qike"
            user, ours = user_of([options.bin / "qike", "assign", net, table, "--gap", options.gap, "--out", folder, "--json"])
            runs["aequilibrae"].append(theirs["user"]), runs["Qike"].append(user)
        flows = [float(r["flow"]) for r in csv.DictReader((folder / "links.csv").open())]
        # 4 ms is the tick of the system's account.
        ratio = statistics.median(a / max(b, 0.004) for a, b in zip(*runs.values()))
        row = {"network": name, "links": len(rows), "aequilibrae_user": statistics.median(runs["aequilibrae"]), "qike_user": statistics.median(runs["Qike"]), "ratio": ratio,
               "aequilibrae_gap": theirs["gap"], "aequilibrae_iterations": theirs["iterations"], "qike_gap": ours["gap"], "qike_iterations": ours["iterations"],
               "aequilibrae_objective": objective(rows, theirs["flows"]), "qike_objective": objective(rows, flows)}
        _, fine = user_of([options.bin / "qike", "assign", net, table, "--gap", 1e-12, "--json"])
        row |= {"fine_objective": fine["objective"], "fine_gap": fine["gap"], "fine_converged": fine["converged"], "known": KNOWN.get(name)}
        report.append(row)
        print(f"{name:<14} {len(rows):>6} links; user s: aequilibrae {row['aequilibrae_user']:.2f} ({theirs['iterations']} its, gap {theirs['gap']:.1e}), "
              f"Qike {row['qike_user']:.3f} ({ours['iterations']} its, gap {ours['gap']:.1e}): {ratio:.0f} times, mark ≥ {MARK}{'' if ratio >= MARK else ', short'}", flush=True)
        known = f", published {KNOWN[name]:.6f} ({abs(fine['objective'] / KNOWN[name] - 1):.1e} off)" if name in KNOWN else ""
        print(f"{'':<14} objective: aequilibrae {row['aequilibrae_objective']:.6f}, Qike {row['qike_objective']:.6f}, to gap {fine['gap']:.1e} {fine['objective']:.6f}{known}", flush=True)
        (options.out / "bench_assign.json").write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    sys.exit(main())
