"""The tables of tools/bench_traffic.py: rows from runs, the gates and marks, and how they are printed."""
import math, os, platform, statistics
from pathlib import Path

from bench_traffic_runs import work_folder

TICK = 0.004
# Gates and marks as they are stated for the lane-level model.
DURATION, LOSS, GEH, GEH_SHARE, SPEED, GRIDS, THREADS = 0.05, 0.10, 5.0, 0.95, 20, 50, 1.7


def machine():
    model = next((l.split(":")[1].strip() for l in Path("/proc/cpuinfo").read_text().splitlines() if l.startswith("model name")), "") if Path("/proc/cpuinfo").exists() else ""
    return {"cores": os.cpu_count(), "cpu": model or platform.processor(), "load": os.getloadavg()[0]}


def geh(ours, theirs):
    """Of two counts of a quarter-hour, by their hourly rates."""
    m, c = 4 * ours, 4 * theirs
    return math.sqrt(2 * (m - c) ** 2 / (m + c)) if m + c > 0 else 0.0


def geh_share(ours, theirs):
    """Share below 5 among the edges and quarter-hours that have flow in either, and how many these are."""
    keys = sorted(ours.keys() | theirs.keys())
    below = sum(geh(ours.get(k, 0), theirs.get(k, 0)) < GEH for k in keys)
    return {"share": below / len(keys), "count": len(keys)} if keys else None


def averaged(counts):
    sums = {}
    for of_seed in counts:
        for key, value in of_seed.items():
            sums[key] = sums.get(key, 0) + value / len(counts)
    return sums


def flows(ours, theirs):
    """GEH of the seeds' means; of single seeds; and of SUMO's seeds among themselves, which no model can beat."""
    if any(q is None for q in [*ours, *theirs]):
        return None
    pairs = lambda a, b: [s["share"] for x, y in zip(a, b) if (s := geh_share(x, y))]
    single, itself = pairs(ours, theirs), pairs(theirs, theirs[1:])
    a, b = averaged(ours), averaged(theirs)
    mean = geh_share(a, b)
    worst = sorted(((geh(a.get(k, 0), b.get(k, 0)), *k, b.get(k, 0), a.get(k, 0)) for k in a.keys() | b.keys()), key=lambda w: (-w[0], *w[1:3]))[:20]
    worst = [dict(zip(("geh", "begin", "edge", "SUMO", "Qike"), w)) for w in worst]
    return mean and {**mean, "worst": worst, "single_seeds": statistics.mean(single), "sumo_itself": statistics.mean(itself) if itself else None}


def accuracy(scenario, sumo, qike, seeds):
    runs, work = {"SUMO": [], "Qike": []}, work_folder(scenario)
    for seed in seeds:
        runs["SUMO"].append(sumo.run(scenario, seed, work, accuracy=True))
        runs["Qike"].append(qike.run(scenario, seed, work, accuracy=True))
    row = {"seeds": len(seeds)}
    for what in ("inserted", "arrived", "duration", "loss", "waiting", "delay", "teleports"):
        theirs, ours = ([r[what] for r in runs[who]] for who in ("SUMO", "Qike"))
        row[what] = compared(theirs, ours) if None not in theirs + ours else None
    overlaps = [r["overlaps"] for r in runs["Qike"] if r["overlaps"] is not None]
    row["overlaps"] = sum(overlaps) if overlaps else None
    row["geh"] = flows(*([r["quarters"] for r in runs[who]] for who in ("Qike", "SUMO")))
    row["verdict"] = judged(row)
    return row


def compared(theirs, ours):
    a, b = statistics.mean(theirs), statistics.mean(ours)
    return {"SUMO": a, "Qike": b, "ratio": b / a if a else None, "SUMO_by_seed": theirs, "Qike_by_seed": ours}


def judged(row):
    """Each gate: True, False, or None where it could not be measured."""
    inserted, teleports = row["inserted"], row["teleports"]
    theirs, ours = inserted["SUMO_by_seed"], inserted["Qike_by_seed"]
    # Where not all get in before the end, SUMO's own seeds differ: the mean then has to lie within their range.
    same = ours == theirs if len(set(theirs)) == 1 else min(theirs) <= inserted["Qike"] <= max(theirs)
    near = lambda what, by: abs(row[what]["ratio"] - 1) <= by if row[what] and row[what]["ratio"] is not None else None
    return {
        "inserted": same,
        "duration": near("duration", DURATION),
        "loss": near("loss", LOSS),
        "teleports": teleports["Qike"] <= teleports["SUMO"],
        "geh": row["geh"]["share"] >= GEH_SHARE if row["geh"] else None,
        "overlaps": row["overlaps"] == 0 if row["overlaps"] is not None else None,
    }


def spread(values):
    return {"median": statistics.median(values), "least": min(values), "most": max(values)}


def in_turn(rounds, works):
    runs = {who: [] for who in works}
    for _ in range(rounds):
        for who, work in works.items():
            runs[who].append(work())
    return runs


def ratios(above, below, what):
    least = TICK if what == "user" else 1e-9
    return spread([max(a[what], least) / max(b[what], least) for a, b in zip(above, below)])


def speed(scenario, sumo, qike, rounds):
    work = work_folder(scenario)
    runs = in_turn(rounds, {"SUMO": lambda: sumo.run(scenario, 1, work, False), "Qike": lambda: qike.run(scenario, 1, work, False)})
    row = {"rounds": rounds, "mark": GRIDS if scenario.grid else SPEED}
    for who, of in runs.items():
        row[who] = {what: spread([r[what] for r in of]) for what in ("user", "wall", "peak")}
        row[who]["updates_per_s"] = spread([r["updates"] / r["wall"] for r in of])
        row[who] |= {what: of[0][what] for what in ("inserted", "teleports", "updates")}
    row |= {f"ratio_{what}": ratios(runs["SUMO"], runs["Qike"], what) for what in ("user", "wall")}
    row["verdict"] = {"speed": row["ratio_user"]["median"] >= row["mark"]}
    return row


def means(rows):
    """Geometric means of the medians over all that ran, and the worst."""
    rows = [r for r in rows if "failed" not in r]
    if not rows:
        return None
    of = lambda what: [r[f"ratio_{what}"]["median"] for r in rows]
    worst = min(rows, key=lambda r: r["ratio_user"]["median"])
    return {**{what: statistics.geometric_mean(of(what)) for what in ("user", "wall")}, "scenarios": len(rows), "mark": SPEED, "worst": {"scenario": worst["scenario"], "user": worst["ratio_user"]["median"]}}


def threads(scenario, qike, rounds):
    work = work_folder(scenario)
    runs = in_turn(rounds, {n: (lambda n=n: qike.run(scenario, 1, work, False, threads=n)) for n in (1, 2)})
    hashes = sorted({r["hash"] for of in runs.values() for r in of})
    row = {"rounds": rounds, "mark": THREADS, "hashes": hashes, "ratio_wall": ratios(runs[1], runs[2], "wall")}
    row |= {f"{what}_{n}": spread([r[what] for r in of]) for n, of in runs.items() for what in ("wall", "user", "peak")}
    row["verdict"] = {"speed": row["ratio_wall"]["median"] >= THREADS, "same": len(hashes) == 1}
    return row


HEADS = {
    "accuracy": ("accuracy: SUMO → Qike (ratio)", ("inserted", "duration s", "time loss s", "waiting s", "depart delay s", "teleports", "GEH < 5", "short of the gates")),
    "speed": ("speed, 1 thread: median (least–most)", ("user s: SUMO", "Qike", "ratio", "wall: ratio", "updates/s: SUMO", "Qike", "peak MB: SUMO", "Qike", "mark")),
    "threads": ("2 threads over 1", ("wall s: 1", "2", "ratio", "user s: 1", "2", "same hash", "mark")),
}
HEADS["grids"] = ("grids, 1 thread: median (least–most)", HEADS["speed"][1])
WIDTHS = {
    "accuracy": (20, 22, 22, 22, 22, 14, 26, 0),
    "speed": (20, 20, 20, 20, 16, 10, 14, 6, 0),
    "threads": (20, 20, 20, 20, 20, 10, 0),
}
WIDTHS["grids"] = WIDTHS["speed"]


def line(part, name, cells):
    print(f"  {name:<14} " + " ".join(f"{c:<{w}}" for c, w in zip(cells, WIDTHS[part])).rstrip(), flush=True)


def show_head(part):
    title, cells = HEADS[part]
    print(title)
    line(part, "", cells)


def number(value, digits=4):
    return f"{value:.0f}" if abs(value) >= 10 ** (digits - 1) else f"{value:.{digits}g}"


def shown(s):
    return "{} ({}–{})".format(*(number(s[k], 3) for k in ("median", "least", "most")))


def beside(c):
    if c is None:
        return "nobody arrived"
    ratio = f" ({c['ratio']:.3f})" if c["ratio"] is not None else ""
    return f"{number(c['SUMO'])} → {number(c['Qike'])}{ratio}"


def mark(row):
    return f"≥ {row['mark']}{'' if row['verdict']['speed'] else ', short'}"


def show_row(part, row):
    if "failed" in row:
        print(f"  {row['scenario']:<14} FAILED: {row['failed']}", flush=True)
    elif part == "accuracy":
        count = lambda c: number(c["SUMO"]) if c["SUMO_by_seed"] == c["Qike_by_seed"] else f"{c['SUMO']:.6g} → {c['Qike']:.6g}"
        g = row["geh"]
        flow = "not measured" if g is None else f"{g['share']:.1%} of {g['count']}" + (f" (SUMO {g['sumo_itself']:.1%})" if g["sumo_itself"] is not None else "")
        short = ", ".join(k for k, ok in row["verdict"].items() if ok is False) or "none"
        line(part, row["scenario"], (count(row["inserted"]), *(beside(row[k]) for k in ("duration", "loss", "waiting", "delay")), count(row["teleports"]), flow, short))
    elif part == "threads":
        same = "yes" if row["verdict"]["same"] else "NO"
        line(part, row["scenario"], (shown(row["wall_1"]), shown(row["wall_2"]), shown(row["ratio_wall"]), shown(row["user_1"]), shown(row["user_2"]), same, mark(row)))
    else:
        a, b = row["SUMO"], row["Qike"]
        rate = lambda w: f"{w['updates_per_s']['median'] / 1e3:.0f}k"
        cells = (shown(a["user"]), shown(b["user"]), shown(row["ratio_user"]), shown(row["ratio_wall"]), rate(a), rate(b), f"{a['peak']['median']:.0f}", f"{b['peak']['median']:.0f}", mark(row))
        line(part, row["scenario"], cells)
        if any(a[k] != b[k] for k in ("inserted", "teleports")):
            print(f"  {'':<14} SUMO inserted {a['inserted']} with {a['teleports']} teleports, Qike {b['inserted']} with {b['teleports']}", flush=True)


def show_means(m):
    if m:
        print(f"  geometric mean of {m['scenarios']}: user {m['user']:.2f} times, wall {m['wall']:.2f} times; worst {m['worst']['scenario']} with {m['worst']['user']:.2f}; mark ≥ {m['mark']}", flush=True)
