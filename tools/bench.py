#!/usr/bin/env python3
"""Measures Qike: import, store, vehicles (beside SUMO where it is installed), viewer. Prints a table; writes OUT/bench.json.

Usage: tools/bench.py BIN_FOLDER OUT_FOLDER [--data FOLDER] [--rounds N] [--sumo BIN_FOLDER]
Times are the median of N rounds with the least and the greatest; CPU is user + system time of the process. SUMO's `sumo`,
`netgenerate` and `randomTrips.py` are looked for in --sumo, $SUMO_HOME and on the PATH.
"""
import argparse, json, os, re, shutil, statistics, subprocess, sys, tempfile, time
from pathlib import Path

parser = argparse.ArgumentParser()
parser.add_argument("bin", type=Path)
parser.add_argument("out", type=Path)
parser.add_argument("--data", type=Path, default=Path(__file__).resolve().parents[2] / "shared/data")
parser.add_argument("--rounds", type=int, default=5)
parser.add_argument("--sumo", type=Path)
options = parser.parse_args()
qike, viewer, figures = options.bin / "qike", options.bin / "qike-viewer", {}


def run(command, **more):
    """Wall s, CPU s, peak MB, stdout; a command that fails ends the bench with its words."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        start = time.perf_counter()
        child = subprocess.Popen([str(c) for c in command], stdout=out, stderr=err, **more)
        _, status, usage = os.wait4(child.pid, 0)
        wall = time.perf_counter() - start
        out.seek(0), err.seek(0)
        if status != 0:
            sys.exit(f"{' '.join(map(str, command))}: status {os.waitstatus_to_exitcode(status)}\n{err.read().decode(errors='replace')}")
        return wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, out.read().decode(errors="replace")


def spread(values):
    return {"median": statistics.median(values), "least": min(values), "most": max(values)}


def show(value):
    return f"{value['median']:.4g} ({value['least']:.4g}–{value['most']:.4g})" if isinstance(value, dict) else f"{value:.4g}"


def record(part, name, value, unit):
    figures.setdefault(part, {})[name] = {"value": value, "unit": unit}
    print(f"  {name:<44} {show(value):>30} {unit}", flush=True)


def imports(city):
    sources = {"sample city": sorted(city.joinpath("sources").iterdir())}
    andorra = options.data / "gis/graphhopper/andorra.osm.pbf"
    if andorra.is_file():
        sources["andorra.osm.pbf"] = [andorra]
    else:
        print(f"  skipped: {andorra} is not there")
    for name, files in sources.items():
        megabytes = sum(f.stat().st_size for f in files) / 1e6
        rounds = []
        for _ in range(options.rounds):
            with tempfile.TemporaryDirectory() as folder:
                rounds.append(run([qike, "import", *files, "--store", f"{folder}/c.gpkg", "--json"]))
        record("import", f"{name}: wall", spread([r[0] for r in rounds]), "s")
        record("import", f"{name}: CPU", spread([r[1] for r in rounds]), "s")
        record("import", f"{name}: speed", spread([megabytes / r[0] for r in rounds]), f"MB/s of {megabytes:.1f} MB")
        record("import", f"{name}: peak memory", spread([r[2] for r in rounds]), "MB")


def store(city):
    text = run([options.bin / "examples/measure", city / "city.gpkg"])[3]
    print("".join(f"  {line}\n" for line in text.splitlines()), end="")
    figures["store"] = text.splitlines()


def vehicles(city):
    for threads in (1, 2):
        rates, costs = [], []
        for _ in range(min(options.rounds, 3)):
            with tempfile.TemporaryDirectory() as folder:
                run([qike, "run", city / "holiday.toml", "--threads", threads, "--out", f"{folder}/run", "--json"])
                summary = json.loads(Path(folder, "run/summary.json").read_text())
                rates.append(summary["vehicle_updates"] / summary["wall_s"])
                costs.append(summary["wall_s"])
        record("run", f"holiday, {threads} thread(s): whole run with walkers", spread(costs), "s for an hour")
        record("run", f"holiday, {threads} thread(s): vehicle updates", spread(rates), "/s of the whole run")
    grid = run([options.bin / "examples/grid_bench"])[3]
    print("".join(f"  {line}\n" for line in grid.splitlines()), end="")
    figures["grid"] = grid.splitlines()
    sumo(re.findall(r"([\d.]+) M updates/s", grid))


def sumo(ours):
    """SUMO on the same kind of grid: 20 × 20 nodes 200 m apart, 3 lanes, static signals, 12,000 random trips in an hour."""
    places = [p for p in (options.sumo, os.environ.get("SUMO_HOME") and Path(os.environ["SUMO_HOME"], "bin")) if p]
    find = lambda name: next((str(p / name) for p in places if (p / name).is_file()), None) or shutil.which(name)
    tools = {name: find(name) for name in ("sumo", "netgenerate", "duarouter")}
    trips = next(iter(sorted(Path(tools["sumo"]).resolve().parents[1].glob("**/tools/randomTrips.py"))), None) if tools["sumo"] else None
    if not all(tools.values()) or trips is None:
        print("  skipped: SUMO is not installed (pip install eclipse-sumo; --sumo VENV/bin)")
        return
    python = Path(tools["sumo"]).with_name("python3")
    with tempfile.TemporaryDirectory() as folder:
        env = {**os.environ, "SUMO_HOME": str(trips.parents[1])}
        run([tools["netgenerate"], "--grid", "--grid.number", 20, "--grid.length", 200, "-L", 3, "--default-junction-type", "traffic_light",
             "--tls.default-type", "static", "--no-turnarounds", "-o", "g.net.xml"], cwd=folder, env=env)
        run([python if python.is_file() else sys.executable, trips, "-n", "g.net.xml", "-o", "g.trips.xml", "-r", "g.rou.xml", "-e", 3600,
             "-p", 0.3, "--seed", 1], cwd=folder, env=env)
        text = run([tools["sumo"], "-n", "g.net.xml", "-r", "g.rou.xml", "--step-length", 0.5, "--duration-log.statistics", "--no-step-log",
                    "-e", 7200], cwd=folder, env=env)[3]
    rate = float(re.search(r"UPS: ([\d.]+)", text).group(1))
    record("run", "SUMO on that kind of grid: vehicle updates", rate, "/s")
    for threads, own in zip((1, 2), ours):
        record("run", f"Qike over SUMO, {threads} thread(s)", float(own) * 1e6 / rate, "times")


def view(city):
    rounds = []
    env = {**os.environ}
    lavapipe = next(iter(sorted(Path("/usr/share/vulkan/icd.d").glob("lvp_icd*.json"))), None)
    if lavapipe:
        env["VK_ICD_FILENAMES"] = str(lavapipe)
    for camera in ("overview", "street", "station-inside"):
        rounds = [json.loads(run([viewer, city / "city.gpkg", "--bench", "--size", "640x360", "--camera", camera], env=env)[3])
                  for _ in range(min(options.rounds, 3))]
        for key, unit in (("first_picture_s", "s"), ("frames_per_second", "/s"), ("draw_calls", ""), ("entities", ""), ("bytes_per_building", "B"),
                          ("peak_memory_bytes", "B")):
            record("viewer", f"{camera}: {key.replace('_', ' ')}", spread([r[key] for r in rounds]), unit)


options.out.mkdir(parents=True, exist_ok=True)
city = options.out / "city"
shutil.rmtree(city, ignore_errors=True)
run([qike, "sample", "lingang", city])
run([qike, "import", *sorted(city.joinpath("sources").iterdir()), "--store", city / "city.gpkg"])
for title, part in (("import", imports), ("store", store), ("run", vehicles), ("viewer at 640×360", view)):
    print(title, flush=True)
    part(city)
options.out.joinpath("bench.json").write_text(json.dumps(figures, indent=1, ensure_ascii=False) + "\n")
print(f"figures are in {options.out / 'bench.json'}")
