"""The part `meso` of tools/bench_traffic.py: Qike's queue model beside its lane-level model and beside SUMO's mesoscopic one, without
and with junction control. Means are of the vehicles that arrived, seed 1; costs are user CPU of whole runs without outputs."""
import re
import statistics

from bench_traffic_runs import ended_trips, execute, work_folder
from bench_traffic_tables import TICK, in_turn, number, ratios, spread

DURATION, SPEED, CONTROLLED = 0.10, 50, 100
VARIANTS = {"meso": ("--mesosim",), "control": ("--mesosim", "--meso-junction-control")}
CELLS = ("duration s: lanes", "queues", "SUMO meso", "with control", "arrived: lanes, queues", "gridlocks", "user s: queues", "SUMO meso: ratio", "with control: ratio", "alone ms", "marks")
WIDTHS = (18, 18, 18, 18, 22, 10, 16, 22, 22, 10, 0)


def alone(scenario, qike, work):
    """Seconds that the queue model itself took, without reading and laying out the map, as the run's summary has them."""
    out = execute([qike.command, "run", scenario.config("qike"), "--out", work / "alone", "--seed", 1, "--threads", 1, "--no-tracks", "--model", "queues", "--json", "--quiet"], qike.timeout, good=(0, 3))["out"]
    found = re.search(r'"cpu_s": ?([0-9.e-]+)', out)
    return float(found.group(1)) if found else None


def meso(scenario, sumo, qike, rounds):
    work = work_folder(scenario)
    lanes = qike.run(scenario, 1, work, accuracy=True)
    queues = qike.run(scenario, 1, work, accuracy=True, more=("--model", "queues"))
    row = {"rounds": rounds, "lanes": figures(lanes), "queues": figures(queues)}
    for name, options in VARIANTS.items():
        sumo.run(scenario, 1, work, False, more=(*options, "--tripinfo-output", work / "trips.meso.xml"))
        row[name] = ended_trips(work / "trips.meso.xml")
    works = {"queues": lambda: qike.run(scenario, 1, work, False, more=("--model", "queues"))}
    works |= {name: (lambda o=options: sumo.run(scenario, 1, work, False, more=o)) for name, options in VARIANTS.items()}
    runs = in_turn(rounds, works)
    row["user"] = {name: spread([max(r["user"], TICK) for r in of]) for name, of in runs.items()}
    row["ratio"] = {name: ratios(runs[name], runs["queues"], "user") for name in VARIANTS}
    row["alone_s"] = statistics.median(alone(scenario, qike, work) or 0.0 for _ in range(rounds))
    near = row["queues"]["duration"] and row["lanes"]["duration"] and abs(row["queues"]["duration"] / row["lanes"]["duration"] - 1) <= DURATION
    row["verdict"] = {"duration": near, "speed": row["ratio"]["meso"]["median"] >= SPEED, "control": row["ratio"]["control"]["median"] >= CONTROLLED}
    return row


def figures(run):
    return {key: run[key] for key in ("inserted", "arrived", "duration", "loss", "waiting", "delay", "teleports", "hash")}


def show_head():
    print("queues beside lanes and SUMO's mesoscopic model: (ratio to lanes)")
    line("", CELLS)


def line(name, cells):
    print(f"  {name:<14} " + " ".join(f"{c:<{w}}" for c, w in zip(cells, WIDTHS)).rstrip(), flush=True)


def show_row(row):
    if "failed" in row:
        print(f"  {row['scenario']:<14} FAILED: {row['failed']}", flush=True)
        return
    base = row["lanes"]["duration"]

    def beside(of):
        if not of["duration"] or not base:
            return "nobody arrived"
        return f"{number(of['duration'])} ({of['duration'] / base:.3f})"
    shown = lambda s: "{} ({}–{})".format(*(number(s[k], 3) for k in ("median", "least", "most")))
    short = ", ".join(k for k, ok in row["verdict"].items() if not ok)
    cells = (number(base or 0), beside(row["queues"]), beside(row["meso"]), beside(row["control"]), f"{row['lanes']['arrived']}, {row['queues']['arrived']}", str(row["queues"]["teleports"]),
             shown(row["user"]["queues"]), shown(row["ratio"]["meso"]), shown(row["ratio"]["control"]), number(row["alone_s"] * 1e3), f"short of: {short}" if short else "met")
    line(row["scenario"], cells)
