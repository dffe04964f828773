#!/usr/bin/env python3
"""Measures reading IFC beside IfcOpenShell (geometry iterator, 2 threads) and web-ifc (open + mesh). Prints a table; writes OUT.

Usage: tools/bench_ifc.py BIN_FOLDER PEERS_FOLDER OUT.json [--data FOLDER] [--rounds N] [--only TEXT]
PEERS_FOLDER is what ../shared/peers/setup.sh made: venv/ with ifcopenshell, npm/ with web-ifc; a peer that is not there is left
out. Each round runs all three on a file, one after the other, so that a busy machine slows all alike. Figures are user CPU
seconds, the median of the rounds with the least and the greatest. `qike info FILE --json` imports the file in memory and is
measured as a whole process. The peers are measured as a whole process, and for their work alone (open and mesh, without the
start of Python or Node and the loading of the library); ratios are given for both.
"""
import argparse, json, math, resource, statistics, subprocess, sys
from pathlib import Path

IFCOPENSHELL = """
import resource, sys, ifcopenshell, ifcopenshell.geom
used = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_utime
start = used()
model = ifcopenshell.open(sys.argv[1])
iterator = ifcopenshell.geom.iterator(ifcopenshell.geom.settings(), model, 2)
shapes = 0
if iterator.initialize():
    while True:
        iterator.get()
        shapes += 1
        if not iterator.next():
            break
print(used() - start, shapes)
"""
WEB_IFC = """
const { IfcAPI } = require('web-ifc'), fs = require('fs');
(async () => {
  const api = new IfcAPI();
  await api.Init();
  const bytes = new Uint8Array(fs.readFileSync(process.argv[2])), start = process.cpuUsage();
  const model = api.OpenModel(bytes);
  let shapes = 0;
  api.StreamAllMeshes(model, mesh => {
    shapes += 1;
    for (let i = 0; i < mesh.geometries.size(); i++) {
      const geometry = api.GetGeometry(model, mesh.geometries.get(i).geometryExpressID);
      api.GetVertexArray(geometry.GetVertexData(), geometry.GetVertexDataSize());
      api.GetIndexArray(geometry.GetIndexData(), geometry.GetIndexDataSize());
      geometry.delete();
    }
  });
  console.log(process.cpuUsage(start).user / 1e6, shapes);
})();
"""

parser = argparse.ArgumentParser()
parser.add_argument("bin", type=Path)
parser.add_argument("peers", type=Path)
parser.add_argument("out", type=Path)
parser.add_argument("--data", type=Path, default=Path(__file__).resolve().parents[2] / "shared/data")
parser.add_argument("--rounds", type=int, default=5)
parser.add_argument("--only", default="", help="files whose name holds this")
options = parser.parse_args()


def run(command, **more):
    """User CPU s of the process and its output; None where it fails."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, **more)
    used = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before
    return (used, done.stdout) if done.returncode == 0 else (None, done.stderr.strip().splitlines()[-1:] or ["no word"])


def peer(command, **more):
    """User CPU s of the whole process and of its work, and the number of shapes; None where it fails."""
    whole, out = run(command, **more)
    if whole is None:
        return None, out[0]
    # The library may write lines of its own; ours is the last.
    work, shapes = out.strip().splitlines()[-1].split()
    return whole, float(work), int(shapes)


def spread(values):
    return {"median": statistics.median(values), "least": min(values), "most": max(values)}


def show(values):
    return f"{values['median']:.3f} ({values['least']:.3f}–{values['most']:.3f})"


peers = {}
if (options.peers / "venv/bin/python").is_file():
    peers["ifcopenshell"] = lambda file: peer([options.peers / "venv/bin/python", "-c", IFCOPENSHELL, file])
if (options.peers / "npm/node_modules/web-ifc").is_dir():
    script = options.peers / "npm/bench-web-ifc.js"
    script.write_text(WEB_IFC)
    peers["web-ifc"] = lambda file: peer(["node", script, file], cwd=options.peers / "npm")
if not peers:
    sys.exit(f"{options.peers}: there is neither venv/bin/python nor npm/node_modules/web-ifc; run ../shared/peers/setup.sh {options.peers}")

folders = [options.data / "bim/web-ifc", options.data / "bim/bimwhale"]
files = sorted(f for folder in folders if folder.is_dir() for f in folder.glob("*.ifc") if options.only in f.name)
if not files:
    sys.exit(f"{options.data}: no IFC files in bim/web-ifc and bim/bimwhale")
figures, ratios = {}, {}
for file in files:
    ours, theirs, shapes, refused = [], {}, {}, {}
    for _ in range(options.rounds):
        used, out = run([options.bin / "qike", "info", file, "--json"])
        if used is None:
            sys.exit(f"qike info {file}: {out[0]}")
        ours.append(used)
        objects = json.loads(out)["objects"]["by_lod"].get("3", 0)
        for name, measure in peers.items():
            if name in refused:
                continue
            result = measure(file)
            if result[0] is None:
                refused[name] = result[1]
                continue
            theirs.setdefault(name, []).append(result[:2])
            shapes[name] = result[2]
    row = {"qike": {"user_s": spread(ours), "shapes": objects}}
    print(f"{file.name}\n  qike          {show(row['qike']['user_s']):>24} s   {objects} objects with meshes", flush=True)
    for name in peers:
        if name in refused:
            row[name] = {"refused": refused[name]}
            print(f"  {name:<13} refuses it: {refused[name]}")
            continue
        whole, work = [w for w, _ in theirs[name]], [w for _, w in theirs[name]]
        # Each round's ratio is of runs side by side.
        by_round = {"process": spread([w / o for w, o in zip(whole, ours)]), "work": spread([w / o for w, o in zip(work, ours)])}
        row[name] = {"user_s": spread(whole), "work_user_s": spread(work), "shapes": shapes[name], "ratio": by_round}
        for kind, ratio in by_round.items():
            ratios.setdefault((name, kind), {})[file.name] = ratio["median"]
        print(f"  {name:<13} {show(row[name]['user_s']):>24} s   work {show(row[name]['work_user_s'])} s, {shapes[name]} shapes; "
              f"{show(by_round['process'])} times ours, work alone {show(by_round['work'])}", flush=True)
    figures[file.name] = row
summary = {}
for (name, kind), values in ratios.items():
    least = min(values, key=values.get)
    mean = math.exp(statistics.fmean(math.log(max(v, 1e-9)) for v in values.values()))
    summary[f"{name} {kind}"] = {"geometric_mean": mean, "least": values[least], "least_file": least, "files": len(values)}
    print(f"{name}, {kind}: geometric mean of the ratios {mean:.1f} over {len(values)} files, least {values[least]:.1f} ({least})")
options.out.write_text(json.dumps({"rounds": options.rounds, "files": figures, "summary": summary}, indent=1) + "\n")
