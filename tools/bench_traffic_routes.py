"""The part `routes` of bench_traffic.py: `qike routes` beside duarouter, on the trips of the grids."""
import os
import re
from pathlib import Path

from bench_traffic_runs import Failed, execute
from bench_traffic_tables import ratios, shown, spread, in_turn, work_folder

# No longer than that may other costs take on 100,000 links, ms.
CUSTOMIZING_MS = 1000
# How many times less user CPU than duarouter's two classical algorithms; its own CCH stands beside them without a mark.
MARKS = {"dijkstra": 50, "CH": 15, "CCH": None}


def costs(file):
    """Cost of each vehicle's route."""
    return {v: float(c) for v, c in re.findall(r'<vehicle id="([^"]*)"[^>]*>\s*<route cost="([\d.]+)"', Path(file).read_text())}


def trips_of(scenario):
    """The network, and the trips from which the grid's routes were made."""
    net, = scenario.folder.glob("*.net.xml")
    trips = scenario.source.parent / net.name.replace(".net.xml", ".trips.xml")
    if not trips.is_file():
        raise Failed(f"there are no trips {trips}: grids.sh makes them")
    return net, trips


def routes(scenario, sumo, qike, rounds):
    work = work_folder(scenario)
    net, trips = trips_of(scenario)
    router = sumo.program.parent / "duarouter"
    files = {who: work / f"routes.{who}.xml" for who in (*MARKS, "Qike")}
    works = {who: (lambda who=who: execute([router, "-n", net, "-r", trips, "-o", files[who], "--routing-algorithm", who, "--write-costs", "--precision", "6", "--no-step-log", "--no-warnings"], sumo.timeout, sumo.env)) for who in MARKS}
    works["Qike"] = lambda: execute([qike.command, "routes", "--net", net, "--trips", trips, "--out", files["Qike"], "--costs", "--quiet"], qike.timeout)
    runs = in_turn(rounds, works)
    sums = {who: costs(file) for who, file in files.items()}
    row = {"rounds": rounds, "trips": len(sums["Qike"]), "verdict": {}}
    for who, of in runs.items():
        row[who] = {what: spread([r[what] for r in of]) for what in ("user", "wall", "peak")} | {"cost": sum(sums[who].values())}
    for who, mark in MARKS.items():
        row[f"ratio_{who}"] = ratios(runs[who], runs["Qike"], "user")
        if mark:
            row["verdict"][f"speed_{who}"] = row[f"ratio_{who}"]["median"] >= mark
    row["verdict"]["costs"] = abs(row["Qike"]["cost"] - row["dijkstra"]["cost"]) <= 1e-9 * row["dijkstra"]["cost"]
    return row


def customizing(sumo, qike, folder, rounds):
    """A grid of 100,000 links, by the parts of a hierarchy over it: with one thread."""
    folder.mkdir(parents=True, exist_ok=True)
    net = folder / "n160.net.xml"
    if not net.is_file():
        execute([sumo.program.parent / "netgenerate", "--grid", "--grid.number", "160", "--grid.length", "150", "--no-internal-links", "-o", net], sumo.timeout, sumo.env)
    program = qike.command.parent / "examples" / "routes"
    texts = [execute([program, net, "5000"], qike.timeout, {**os.environ, "RAYON_NUM_THREADS": "1"})["out"] for _ in range(rounds)]
    part = {what: spread([float(ms) for text in texts for ms in re.findall(rf"^{what}.*?: ([\d.]+) ms", text, re.M)]) for what in ("hierarchy", "customizing again", "sharpening")}
    links, = set(re.findall(r"^graph, edges: [\d.]+ ms, (\d+)", texts[0], re.M))
    return {"links": int(links), "rounds": rounds, "ms": part, "verdict": {"customizing": part["customizing again"]["median"] < CUSTOMIZING_MS}}


def show_head():
    print("routes of trips: user s, median (least–most); sum of costs")


def show_row(row):
    if "failed" in row:
        print(f"  {row['scenario']:<14} FAILED: {row['failed']}", flush=True)
        return
    if "ms" in row:
        short = "" if row["verdict"]["customizing"] else ", short"
        print(f"  {row['scenario']:<14} {row['links']} links: customizing again {shown(row['ms']['customizing again'])} ms (mark {CUSTOMIZING_MS}{short}), order and arcs {shown(row['ms']['hierarchy'])}, sharpening {shown(row['ms']['sharpening'])}", flush=True)
        return
    print(f"  {row['scenario']:<14} {row['trips']} trips; qike routes {shown(row['Qike']['user'])}, cost {row['Qike']['cost']:.6f}", flush=True)
    for who, mark in MARKS.items():
        of = "" if mark is None else f"; mark ≥ {mark}{'' if row['verdict'][f'speed_{who}'] else ', short'}"
        print(f"  {'':<14} duarouter {who:<8} {shown(row[who]['user'])}, cost {row[who]['cost']:.6f}: {shown(row[f'ratio_{who}'])} times{of}", flush=True)
    if not row["verdict"]["costs"]:
        print(f"  {'':<14} the sums of costs differ", flush=True)
