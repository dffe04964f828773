"""OSM files as plain OSM XML, which netconvert reads: PBF is unpacked, XML is taken as it is or out of its compression."""
import bz2, gzip, shutil
from pathlib import Path
from xml.sax.saxutils import quoteattr

from bench_osm import blobs, fields, read_varint, unzigzag


def numbers(packed):
    at = 0
    while at < len(packed):
        value, at = read_varint(packed, at)
        yield value


def differences(packed):
    """Numbers of which each states how much more it is than the one before."""
    total = 0
    for value in numbers(packed):
        total += unzigzag(value)
        yield total


def signed(value):
    """A plain varint that is meant as a number with a sign."""
    return value - (1 << 64) if value >> 63 else value


class Block:
    """A block of elements: its texts and how its coordinates are stored."""

    def __init__(self, plain):
        self.groups, self.texts = [], []
        self.granularity, self.north, self.east = 100, 0, 0
        for number, value in fields(plain):
            if number == 1:
                self.texts = [text.decode("utf-8", "replace") for n, text in fields(value) if n == 1]
            elif number == 2:
                self.groups.append(value)
            elif number == 17:
                self.granularity = value
            elif number == 19:
                self.north = signed(value)
            elif number == 20:
                self.east = signed(value)

    def place(self, north, east):
        return (self.north + self.granularity * north) * 1e-9, (self.east + self.granularity * east) * 1e-9

    def tags(self, keys, values):
        return [(self.texts[k], self.texts[v]) for k, v in zip(keys, values)]


def dense(block, data):
    part = dict(fields(data))
    keys = numbers(part.get(10, b""))
    for node, north, east in zip(differences(part[1]), differences(part[8]), differences(part[9])):
        tags = []
        while (key := next(keys, 0)) != 0:
            tags.append((block.texts[key], block.texts[next(keys)]))
        yield node, block.place(north, east), tags


def rows(block, group):
    """Elements of a group: kind, id, place or None, members, tags."""
    for number, value in fields(group):
        if number == 2:
            for node, place, tags in dense(block, value):
                yield "node", node, place, [], tags
        elif number in (1, 3, 4):
            part = dict(fields(value))
            tags = block.tags(numbers(part.get(2, b"")), numbers(part.get(3, b"")))
            if number == 1:
                yield "node", unzigzag(part[1]), block.place(unzigzag(part[8]), unzigzag(part[9])), [], tags
            elif number == 3:
                yield "way", part[1], None, [(None, node, None) for node in differences(part.get(8, b""))], tags
            else:
                kinds = [("node", "way", "relation")[k] for k in numbers(part.get(10, b""))]
                roles = [block.texts[r] for r in numbers(part.get(8, b""))]
                yield "relation", part[1], None, list(zip(kinds, differences(part.get(9, b"")), roles)), tags


def write(out, kind, number, place, members, tags):
    where = f' lat="{place[0]:.7f}" lon="{place[1]:.7f}"' if place else ""
    out.write(f'<{kind} id="{number}" version="1"{where}>\n')
    for member, ref, role in members:
        out.write(f'<nd ref="{ref}"/>\n' if member is None else f'<member type="{member}" ref="{ref}" role={quoteattr(role)}/>\n')
    for key, value in tags:
        out.write(f"<tag k={quoteattr(key)} v={quoteattr(value)}/>\n")
    out.write(f"</{kind}>\n")


def to_xml(source, target):
    """Writes `source` as plain OSM XML. Elements come in the file's order: nodes, ways, relations in every extract."""
    name = Path(source).name
    if not name.endswith(".pbf"):
        opened = gzip.open if name.endswith(".gz") else bz2.open if name.endswith(".bz2") else open
        with opened(source, "rb") as plain, open(target, "wb") as out:
            shutil.copyfileobj(plain, out)
        return
    with open(target, "w", encoding="utf-8") as out:
        out.write('<?xml version="1.0" encoding="UTF-8"?>\n<osm version="0.6">\n')
        for kind, plain in blobs(source):
            if kind == b"OSMData":
                block = Block(plain)
                for group in block.groups:
                    for row in rows(block, group):
                        write(out, *row)
        out.write("</osm>\n")
