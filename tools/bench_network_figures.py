"""What a network file of SUMO holds, in figures; and trips between points on two of them."""
import math, random
import xml.etree.ElementTree as ET
from collections import Counter, defaultdict
from xml.sax.saxutils import quoteattr

MOTOR = {"passenger", "bus", "truck", "delivery"}
CELL_M = 100.0


def users(lane):
    """Of those that count here, who may drive on a lane."""
    if lane.get("allow") is not None:
        allow = set(lane.get("allow").split())
        return MOTOR if "all" in allow else MOTOR & allow
    disallow = set(lane.get("disallow", "").split())
    return set() if "all" in disallow else MOTOR - disallow


def points(text):
    return [tuple(float(c) for c in p.split(",")[:2]) for p in text.split()]


def length(shape):
    return sum(math.dist(a, b) for a, b in zip(shape, shape[1:]))


class Edge:
    def __init__(self, element):
        self.id, self.ends = element.get("id"), (element.get("from"), element.get("to"))
        self.kind = element.get("type", "").split("highway.")[-1].split("|")[0]
        self.lanes = [(users(lane), float(lane.get("length")), points(lane.get("shape")), float(lane.get("speed"))) for lane in element.iter("lane")]

    def for_(self, user):
        return any(user in lane[0] for lane in self.lanes)


class Net:
    def __init__(self, path):
        self.path = path
        root = ET.parse(path).getroot()
        location = root.find("location")
        self.offset = tuple(float(c) for c in location.get("netOffset").split(","))
        self.projection = location.get("projParameter")
        every = [Edge(e) for e in root.iter("edge") if e.get("function", "normal") == "normal"]
        self.edges = [e for e in every if any(users for users, *_ in e.lanes)]
        known = {e.id for e in self.edges}
        self.junctions = {j.get("id"): j.get("type") for j in root.iter("junction") if j.get("type") != "internal"}
        self.over = self.lengths_over(root)
        self.connections = [c for c in root.iter("connection") if c.get("from") in known and c.get("to") in known]
        self.signals = len({t.get("id") for t in root.iter("tlLogic")})
        self.roundabouts = len(root.findall("roundabout"))
        self.waiting = sum(r.get("cont") == "1" for r in root.iter("request"))

    @staticmethod
    def lengths_over(root):
        """Length of the way over the junction from each edge to each next one: the shortest of its lanes'."""
        inside = {lane.get("id"): float(lane.get("length")) for e in root.iter("edge") if e.get("function") == "internal" for lane in e.iter("lane")}
        on = {f'{c.get("from")}_{c.get("fromLane")}': c.get("via") for c in root.iter("connection") if c.get("from").startswith(":")}
        over = {}
        for c in root.iter("connection"):
            if not c.get("from").startswith(":"):
                via, way = c.get("via"), 0.0
                while via is not None:
                    way, via = way + inside[via], on.get(via)
                key = c.get("from"), c.get("to")
                over[key] = min(way, over.get(key, math.inf))
        return over

    def utm(self):
        words = dict(w.split("=") for w in self.projection.replace("+", "").split() if "=" in w)
        return (32700 if "+south" in self.projection else 32600) + int(words["zone"])

    def figures(self):
        km, lane_km, speed = Counter(), 0.0, 0.0
        for edge in self.edges:
            km[edge.kind] += edge.lanes[0][1] / 1000
            motor = [lane for lane in edge.lanes if lane[0]]
            lane_km += sum(lane[1] for lane in motor) / 1000
            speed += max(lane[3] for lane in motor) * edge.lanes[0][1] / 1000
        arms, used = defaultdict(set), set()
        for edge in self.edges:
            arms[edge.ends[0]].add(edge.ends[1])
            arms[edge.ends[1]].add(edge.ends[0])
            used.update(edge.ends)
        leading = {c.get("from") for c in self.connections}
        turns = Counter(c.get("dir").lower() for c in self.connections)
        return {
            "edges": len(self.edges),
            "lanes": sum(sum(bool(lane[0]) for lane in e.lanes) for e in self.edges),
            "total km": sum(km.values()),
            "km over junctions": sum(self.over.values()) / 1000,
            "lane km": lane_km,
            "mean speed m/s": speed / max(sum(km.values()), 1e-9),
            "nodes": len(used),
            "junctions of 3 or more": sum(len(arms[n]) >= 3 for n in used),
            "dead ends": sum(len(arms[n]) == 1 for n in used),
            "connections": len(self.connections),
            "connections, straight": turns["s"],
            "connections, left": turns["l"],
            "connections, right": turns["r"],
            "connections, back": turns["t"],
            "connections with signal": sum(c.get("tl") is not None for c in self.connections),
            "waiting places": self.waiting,
            "signals": self.signals,
            "roundabouts": self.roundabouts,
            "stop signs": sum(c.get("state") == "s" for c in self.connections),
            "edges without way on": sum(e.id not in leading for e in self.edges),
            "km": {kind: round(n, 3) for kind, n in sorted(km.items())},
        }

    def draw(self, random_, count):
        """Points along edges for cars, in the projection's coordinates."""
        edges = [e for e in self.edges if e.for_("passenger")]
        chosen = random_.choices(edges, weights=[e.lanes[0][1] for e in edges], k=count)
        drawn = []
        for edge in chosen:
            shape = next(lane[2] for lane in edge.lanes if "passenger" in lane[0])
            left = random_.random() * length(shape)
            at = shape[-1]
            for a, b in zip(shape, shape[1:]):
                d = math.dist(a, b)
                if left <= d > 0:
                    at = (a[0] + (b[0] - a[0]) * left / d, a[1] + (b[1] - a[1]) * left / d)
                    break
                left -= d
            drawn.append((at[0] - self.offset[0], at[1] - self.offset[1]))
        return drawn

    def index(self):
        cells = defaultdict(list)
        for edge in self.edges:
            for lane in edge.lanes:
                if "passenger" in lane[0]:
                    for a, b in zip(lane[2], lane[2][1:]):
                        steps = int(math.dist(a, b) / CELL_M) + 1
                        near = {(int((a[0] + (b[0] - a[0]) * k / steps) // CELL_M), int((a[1] + (b[1] - a[1]) * k / steps) // CELL_M)) for k in range(steps + 1)}
                        for cell in near:
                            cells[cell].append((a, b, edge.id))
        return cells

    def nearest(self, cells, place):
        """The edge for cars nearest to a point of the projection, and how far away it is."""
        p = (place[0] + self.offset[0], place[1] + self.offset[1])
        x, y = int(p[0] // CELL_M), int(p[1] // CELL_M)
        best = (math.inf, "")
        for cell in ((x + i, y + j) for i in (-1, 0, 1) for j in (-1, 0, 1)):
            for a, b, edge in cells.get(cell, ()):
                d = (b[0] - a[0], b[1] - a[1])
                square = d[0] ** 2 + d[1] ** 2
                t = max(0.0, min(1.0, ((p[0] - a[0]) * d[0] + (p[1] - a[1]) * d[1]) / square)) if square else 0.0
                best = min(best, (math.hypot(a[0] + d[0] * t - p[0], a[1] + d[1] * t - p[1]), edge))
        return best

    def write_trips(self, trips, path):
        cells = self.index()
        with open(path, "w") as out:
            out.write("<routes>\n")
            for n, (start, goal) in enumerate(trips):
                ends = self.nearest(cells, start)[1], self.nearest(cells, goal)[1]
                out.write(f'<trip id="{n}" depart="{n * 2}" departLane="best" from={quoteattr(ends[0])} to={quoteattr(ends[1])}/>\n')
            out.write("</routes>\n")

    def lengths(self, path):
        """Length of the route found for each trip that has one: the edges between its ends and the ways over junctions."""
        found, edges = {}, {e.id: e.lanes[0][1] for e in self.edges}
        for vehicle in ET.parse(path).getroot().iter("vehicle"):
            route = vehicle.find("route")
            if route is not None and route.get("edges"):
                way = route.get("edges").split()
                found[int(vehicle.get("id"))] = sum(edges.get(e, 0.0) for e in way) + sum(self.over.get(pair, 0.0) for pair in zip(way, way[1:]))
        return found

    @staticmethod
    def outcome(path):
        root = ET.parse(path).getroot()
        vehicles, trips, safety = root.find("vehicles"), root.find("vehicleTripStatistics"), root.find("safety")
        return {
            "inserted": int(vehicles.get("inserted")),
            "running at end": int(vehicles.get("running")),
            "teleports": int(root.find("teleports").get("total")),
            "collisions": int(safety.get("collisions")),
            "mean duration s": float(trips.get("duration")),
            "mean time loss s": float(trips.get("timeLoss")),
            "mean speed m/s": float(trips.get("speed")),
        }


def trips_between(one, other, count, seed=7):
    """Pairs of points, half of them drawn on each network, that lie within 30 m of a road for cars of both."""
    random_, cells = random.Random(seed), (one.index(), other.index())
    pairs = []
    for net in (one, other):
        places = net.draw(random_, count * 3)
        near = [p for p in places if all(n.nearest(c, p)[0] <= 30 for n, c in zip((one, other), cells))]
        pairs += list(zip(near[0::2], near[1::2]))[: count // 2]
    return pairs
