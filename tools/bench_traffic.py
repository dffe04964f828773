#!/usr/bin/env python3
"""Runs SUMO's scenarios in SUMO and in Qike's lane-level model, in turn, and says how right and how fast it is. docs/bench-traffic.md
tells how to read the tables. Prints them; writes OUT/bench_traffic.json after each row, so that a stopped run leaves what it had.

Usage: tools/bench_traffic.py BIN_FOLDER OUT_FOLDER --peers FOLDER [--only accuracy,speed,threads,grids,routes,meso] [--scenarios NAME,…]
Scenarios: `acosta` of --data; the RESCO nets that the Python package sumo-rl brings; `g20` and `g40` of ../shared/peers/grids.sh (made
below OUT where --grids names no folder). Each is copied below OUT, and its configuration is written anew without outputs and reports,
so that both read the same files and write the same, and nothing lands beside the source.
Accuracy: means over the seeds 1 … N. Speed: seed 1, N rounds in turn, no outputs asked for. SUMO's own program is run, without the
Python script before it. User CPU below 4 ms counts as 4 ms in ratios, as Linux may count by ticks of that length.
"""
import argparse, json, os, sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from bench_traffic_runs import Failed, Qike, Sumo, scenarios
import bench_traffic_meso as meso
import bench_traffic_routes as routes
import bench_traffic_tables as tables

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("bin", type=Path, help="folder of qike (a cargo target's release folder)")
parser.add_argument("out", type=Path, help="folder of the work files and of bench_traffic.json")
shared = Path(__file__).resolve().parents[2] / "shared"
parser.add_argument("--peers", type=Path, default=os.environ.get("QIKE_PEERS"), help="folder that ../shared/peers/setup.sh made: bin/sumo or venv/bin/sumo")
parser.add_argument("--data", type=Path, default=shared / "data", help="folder of the test data")
parser.add_argument("--grids", type=Path, help="folder of g20.sumocfg and g40.sumocfg; made where not given")
parser.add_argument("--only", default="accuracy,speed,threads,grids,routes,meso", help="some of accuracy,speed,threads,grids,routes,meso")
parser.add_argument("--scenarios", help="some of the scenarios, with commas; g20 and g40 are taken into accuracy and speed where named here")
parser.add_argument("--seeds", type=int, default=10, help="seeds of the accuracy part")
parser.add_argument("--rounds", type=int, default=5, help="rounds of the speed part")
parser.add_argument("--grid-rounds", type=int, default=1, help="rounds of the grids, which take SUMO minutes each")
parser.add_argument("--timeout", type=float, default=1800, help="seconds after which a single run counts as failed")
options = parser.parse_args()
PARTS = ("accuracy", "speed", "threads", "grids", "routes", "meso")
OWN = {"routes": routes, "meso": meso}
parts = options.only.split(",")
if unknown := set(parts) - set(PARTS):
    parser.error(f"--only knows {', '.join(PARTS)}, not {', '.join(sorted(unknown))}")
if min(options.seeds, options.rounds, options.grid_rounds) < 1:
    parser.error("--seeds, --rounds and --grid-rounds are at least 1")
options.out.mkdir(parents=True, exist_ok=True)
report = {"complete": False, "seeds": options.seeds, "rounds": options.rounds, "machine": tables.machine(), **{part: [] for part in PARTS}}


def save():
    draft = options.out / "bench_traffic.json.draft"
    draft.write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n")
    draft.rename(options.out / "bench_traffic.json")


def attempt(part, name, work):
    """A row of a part: what the work gives, or why it gave nothing."""
    try:
        row = {"scenario": name, **work()}
    except (Failed, OSError) as error:
        row = {"scenario": name, "failed": str(error)}
    report[part].append(row)
    save()
    (OWN[part].show_row(row) if part in OWN else tables.show_row(part, row))


def main():
    sumo, qike = Sumo(options.peers, options.timeout), Qike(options.bin, options.timeout)
    report["sumo"], report["qike"] = sumo.version(), str(qike.command)
    print(f"{report['sumo']} beside {qike.command}; {report['machine']['cores']} cores, load {report['machine']['load']:.2f}", flush=True)
    all_of_them = scenarios(options, sumo)
    chosen = options.scenarios.split(",") if options.scenarios else None
    if chosen and (unknown := set(chosen) - {s.name for s in all_of_them}):
        raise Failed(f"--scenarios: there is no {', '.join(sorted(unknown))}; there are {', '.join(s.name for s in all_of_them)}")
    streets = [s for s in all_of_them if (s.name in chosen if chosen else not s.grid)]
    grids = [s for s in all_of_them if s.grid and (chosen is None or s.name in chosen)]
    for part in PARTS:
        if part not in parts:
            continue
        (OWN[part].show_head() if part in OWN else tables.show_head(part))
        if part == "accuracy":
            for s in streets:
                attempt(part, s.name, lambda: tables.accuracy(s, sumo, qike, range(1, options.seeds + 1)))
        elif part == "speed":
            for s in (s for s in streets if not s.grid):
                attempt(part, s.name, lambda: tables.speed(s, sumo, qike, options.rounds))
            report["speed_means"] = tables.means(report["speed"])
            tables.show_means(report["speed_means"])
        elif part == "threads":
            for s in streets if chosen else [*(s for s in streets if s.name in ("acosta", "ingolstadt21")), *grids]:
                attempt(part, s.name, lambda: tables.threads(s, qike, options.rounds))
        elif part == "meso":
            for s in streets + [g for g in grids if g not in streets]:
                attempt(part, s.name, lambda: meso.meso(s, sumo, qike, options.rounds))
        elif part == "routes":
            for s in grids:
                attempt(part, s.name, lambda: routes.routes(s, sumo, qike, options.grid_rounds))
            attempt(part, "100,000 links", lambda: routes.customizing(sumo, qike, options.out / "links", options.grid_rounds))
        else:
            for s in grids:
                attempt(part, s.name, lambda: tables.speed(s, sumo, qike, options.grid_rounds))
    report["complete"] = True


status = 0
try:
    main()
except Failed as error:
    report["failed"], status = str(error), 1
    print(f"FAILED: {error}", file=sys.stderr)
except KeyboardInterrupt:
    status = 130
    print("stopped", file=sys.stderr)
finally:
    report["machine"]["load_after"] = os.getloadavg()[0]
    save()
print(f"figures are in {options.out / 'bench_traffic.json'}")
sys.exit(status or any("failed" in row for part in PARTS for row in report[part]))
