"""Scenarios copied for measuring, and single runs of SUMO and of Qike on them with what they used and what they counted."""
import csv, json, os, re, shutil, subprocess, sys, tempfile, threading, time
import xml.etree.ElementTree as ET
from pathlib import Path

QUARTER_S = 900


class Failed(Exception):
    pass


def highest(pid):
    """The most memory that a process has used so far, MB; 0 where the system does not tell, or it has ended."""
    try:
        text = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0.0
    found = re.search(r"VmHWM:\s+(\d+) kB", text)
    return int(found.group(1)) / 1024 if found else 0.0


def execute(command, timeout, env=None, good=(0,)):
    """Wall s, user CPU s, peak MB and stdout of a command; killed after `timeout` seconds and when we are stopped.

    Memory is asked for while it runs: the account that the system gives at the end holds what this script itself used at the start.
    """
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        start = time.perf_counter()
        child = subprocess.Popen([str(c) for c in command], stdout=out, stderr=err, stdin=subprocess.DEVNULL, env=env)
        done, late, peak = threading.Event(), threading.Event(), [0.0]

        def watch():
            while not done.wait(0.01):
                peak[0] = max(peak[0], highest(child.pid))
                if time.perf_counter() - start > timeout and not late.is_set():
                    late.set()
                    child.kill()
        watcher = threading.Thread(target=watch, daemon=True)
        watcher.start()
        try:
            _, status, usage = os.wait4(child.pid, 0)
            wall = time.perf_counter() - start
        except BaseException:
            child.kill()
            raise
        finally:
            done.set()
            watcher.join()
        child.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0), err.seek(0)
        if late.is_set() or child.returncode not in good:
            why = f"not done after {timeout:.0f} s" if late.is_set() else f"status {child.returncode}"
            raise Failed(f"{' '.join(map(str, command))}: {why}; {err.read().decode(errors='replace').strip()[-500:]}")
        return {"wall": wall, "user": usage.ru_utime, "peak": peak[0] or usage.ru_maxrss / 1024, "out": out.read().decode(errors="replace")}


class Scenario:
    """A folder with a configuration, copied below OUT."""

    def __init__(self, name, config, files, out, grid=False):
        self.name, self.grid, self.folder = name, grid, out / "scenarios" / name
        self.folder.mkdir(parents=True, exist_ok=True)
        for file in files:
            shutil.copyfile(file, self.folder / file.name)
        self.source, self.tree = Path(config), ET.parse(config)

    def config(self, kind, quarters=None):
        """Path of the configuration without outputs, with edge values by quarter-hours into that file where it is named."""
        root = ET.fromstring(ET.tostring(self.tree.getroot()))
        for section in list(root):
            if section.tag not in ("input", "time", "processing", "routing"):
                root.remove(section)
        if quarters:
            self.folder.joinpath(f"quarters-{kind}.add.xml").write_text(f'<additional><edgeData id="quarters" period="{QUARTER_S}" file="{quarters.absolute()}"/></additional>\n')
            inputs = root.find("input")
            more = inputs.find("additional-files")
            if more is None:
                more = ET.SubElement(inputs, "additional-files", value="")
            more.set("value", ",".join(filter(None, [more.get("value"), f"quarters-{kind}.add.xml"])))
        path = self.folder / f"bench-{kind}.sumocfg"
        ET.ElementTree(root).write(path, encoding="utf-8")
        return path


def scenarios(options, sumo):
    """All that are there, in a fixed order; what is not is said."""
    found = []
    acosta = options.data / "traffic/sumo/bologna/acosta"
    if (acosta / "run.sumocfg").is_file():
        found.append(Scenario("acosta", acosta / "run.sumocfg", sorted(acosta.glob("*.xml")), options.out))
    else:
        print(f"  skipped: acosta: no {acosta / 'run.sumocfg'}")
    resco = sorted(sumo.root.glob("lib/python3*/site-packages/sumo_rl/nets/RESCO/*/*.sumocfg"))
    if not resco:
        print(f"  skipped: the RESCO nets: {sumo.root} has no package sumo-rl")
    found += [Scenario(c.stem, c, sorted(c.parent.glob("*.xml")), options.out) for c in resco]
    wanted = {"grids", "threads", "routes", "meso"} & set(options.only.split(",")) or re.search(r"\bg[24]0\b", options.scenarios or "")
    grids = options.grids or options.out / "grids"
    if wanted and not (grids / "g40.sumocfg").is_file() and not options.grids:
        script = Path(__file__).resolve().parents[2] / "shared/peers/grids.sh"
        try:
            execute(["bash", script, options.peers, grids], options.timeout)
        except (Failed, OSError) as error:
            print(f"  skipped: the grids: {error}")
    for name in ("g20", "g40") if wanted else ():
        if (grids / f"{name}.sumocfg").is_file():
            files = [grids / f"{name}.net.xml", grids / f"{name}.rou.xml"]
            found.append(Scenario(name, grids / f"{name}.sumocfg", files, options.out, grid=True))
        else:
            print(f"  skipped: {name}: no {grids / name}.sumocfg")
    return found


def ended_trips(path):
    """Means over the vehicles that arrived: duration, time loss, waiting, depart delay in s; and how many these are."""
    names = ("duration", "timeLoss", "waitingTime", "departDelay")
    sums, count = [0.0] * 4, 0
    for _, element in ET.iterparse(path):
        if element.tag == "tripinfo":
            if float(element.get("arrival", -1)) >= 0:
                count += 1
                sums = [s + float(element.get(n, 0)) for s, n in zip(sums, names)]
            element.clear()
    return {"arrived": count, **{n: s / count if count else None for n, s in zip(("duration", "loss", "waiting", "delay"), sums)}}


def quarters(path):
    """Vehicles entered, by (begin of the quarter-hour, edge); none where the file is not by quarter-hours."""
    if not path.is_file():
        return None
    counts, begin, lengths = {}, None, []
    for event, element in ET.iterparse(path, events=("start", "end")):
        if element.tag == "interval" and event == "start":
            begin = float(element.get("begin"))
            lengths.append(float(element.get("end")) - begin)
        elif element.tag == "edge" and event == "end":
            entered = int(float(element.get("entered", 0)))
            if entered and not element.get("id").startswith(":"):
                counts[begin, element.get("id")] = counts.get((begin, element.get("id")), 0) + entered
        elif element.tag == "interval":
            element.clear()
    if any(length != QUARTER_S for length in lengths[:-1]) or any(length > QUARTER_S for length in lengths):
        return None
    return counts


class Sumo:
    """SUMO as ../shared/peers/setup.sh installs it."""

    def __init__(self, peers, timeout):
        roots = [r for r in ((Path(peers), Path(peers) / "venv") if peers else ()) if (r / "bin/sumo").exists()]
        if not roots:
            raise Failed(f"no bin/sumo nor venv/bin/sumo in {peers or 'the folder of --peers, which is not given'}: ../shared/peers/setup.sh FOLDER installs SUMO")
        self.root, self.timeout = roots[0], timeout
        homes = sorted(self.root.glob("lib/python3*/site-packages/sumo"))
        self.program = homes[-1] / "bin/sumo" if homes and (homes[-1] / "bin/sumo").exists() else self.root / "bin/sumo"
        self.env = {**os.environ, **({"SUMO_HOME": str(homes[-1])} if homes else {})}

    def version(self):
        return execute([self.program, "--version"], 60, self.env)["out"].splitlines()[0].removeprefix("Eclipse SUMO ")

    def run(self, scenario, seed, work, accuracy, more=()):
        by_quarter = work / "quarters.sumo.xml" if accuracy else None
        command = [self.program, "-c", scenario.config("sumo", by_quarter), "--seed", seed, "--no-step-log", "--no-warnings", "--statistic-output", work / "statistic.xml", *more]
        if accuracy:
            command += ["--tripinfo-output", work / "trips.sumo.xml"]
        result = execute(command, self.timeout, self.env)
        root = ET.parse(work / "statistic.xml").getroot()
        vehicles, teleports = root.find("vehicles"), root.find("teleports")
        performance = root.find("performance")
        updates = float(performance.get("vehicleUpdatesPerSecond")) * float(performance.get("clockDuration"))
        result |= {"inserted": int(vehicles.get("inserted")), "loaded": int(vehicles.get("loaded")), "teleports": int(teleports.get("total")), "updates": updates}
        if accuracy:
            result |= {**ended_trips(work / "trips.sumo.xml"), "quarters": quarters(by_quarter)}
        return result


class Qike:
    """`qike run` on a SUMO scenario; as long as the command knows none, the example `micro`, which has no values by edge and quarter."""

    def __init__(self, folder, timeout):
        self.timeout, self.command = timeout, folder / "qike"
        try:
            help_text = execute([self.command, "run", "--help"], 60)["out"]
        except (Failed, OSError):
            help_text = ""
        self.whole = "--tripinfo-output" in help_text
        if not self.whole:
            self.command = folder / "examples/micro"
            if not self.command.is_file():
                raise Failed(f"{folder} has neither a qike whose `run` knows --tripinfo-output nor examples/micro: build them first")

    def run(self, scenario, seed, work, accuracy, threads=1, more=()):
        by_quarter = work / "quarters.qike.xml" if accuracy else None
        config = scenario.config("qike", by_quarter)
        return self.by_command(config, seed, work, threads, by_quarter, more) if self.whole else self.by_example(config, seed, work, threads, by_quarter)

    def by_command(self, config, seed, work, threads, by_quarter, more):
        folder = work / "qike"
        shutil.rmtree(folder, ignore_errors=True)
        command = [self.command, "run", config, "--out", folder, "--seed", seed, "--threads", threads, "--no-tracks", "--quiet", *more]
        if by_quarter:
            command += ["--tripinfo-output", work / "trips.qike.xml"]
        result = execute(command, self.timeout, good=(0, 3))
        summary = json.loads((folder / "summary.json").read_text())
        vehicles = summary["vehicles"]
        result |= {"inserted": vehicles["inserted"], "loaded": vehicles["loaded"], "teleports": vehicles["teleported"], "overlaps": vehicles.get("overlaps"), "updates": summary["vehicle_updates"], "hash": summary["state_hash"]}
        if by_quarter:
            # What a scenario asks for is written into the run directory.
            result |= {**ended_trips(work / "trips.qike.xml"), "quarters": quarters(folder / by_quarter.name)}
        return result

    def by_example(self, config, seed, work, threads, by_quarter):
        trips = work / "trips.qike.csv"
        env = {k: v for k, v in os.environ.items() if k not in ("TRACE", "LANES", "EDGES", "TRIPS")} | ({"TRIPS": str(trips)} if by_quarter else {})
        result = execute([self.command, config, seed, threads], self.timeout, env)
        count = {k: int(v) for k, v in re.findall(r"(\w+): (\d+)", result["out"].splitlines()[0])}
        result |= {"inserted": count["inserted"], "loaded": count["loaded"], "teleports": count["teleported"], "overlaps": count["overlaps"]}
        result |= {"updates": int(re.search(r"updates (\d+)", result["out"]).group(1)), "hash": re.search(r"hash (\w+)", result["out"]).group(1)}
        if by_quarter:
            with trips.open(newline="") as file:
                rows = list(csv.DictReader(file))
            mean = lambda key: sum(float(r[key]) for r in rows) / len(rows) if rows else None
            result |= {"arrived": len(rows), **{k: mean(k) for k in ("duration", "loss", "waiting", "delay")}, "quarters": None}
        return result


def work_folder(scenario):
    folder = scenario.folder / "out"
    folder.mkdir(exist_ok=True)
    return folder
