#!/usr/bin/env python3
"""Makes a large OSM PBF of a small one: its elements again and again, each time with ids and places of their own.

Usage: bench_osm.py SOURCE.osm.pbf OUT.osm.pbf COPIES
Ids and coordinates are written as differences in that format, so of a row of numbers only the first is changed. Copies stand in a
grid; nodes come first, then ways, then relations, each by id, as in any extract.
"""
import struct, sys, zlib

IDS_A_COPY = 1 << 36


def read_varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7


def varint(value):
    value &= (1 << 64) - 1
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def fields(data):
    """Number, kind and value of each field: an int or bytes."""
    at = 0
    while at < len(data):
        key, at = read_varint(data, at)
        if key & 7 == 0:
            value, at = read_varint(data, at)
        elif key & 7 == 2:
            size, at = read_varint(data, at)
            value, at = data[at : at + size], at + size
        else:
            raise ValueError(f"a field of kind {key & 7}")
        yield key >> 3, value


def field(number, value):
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def message(pairs):
    return b"".join(field(number, value) for number, value in pairs)


def unzigzag(value):
    return value >> 1 ^ -(value & 1)


def zigzag(value):
    return value << 1 ^ value >> 63


def raised(row, by):
    """A row of differences, all of whose numbers are to be greater by the same."""
    if not row:
        return row
    first, at = read_varint(row, 0)
    return varint(zigzag(unzigzag(first) + by)) + row[at:]


def moved_group(group, ids, east, north):
    out = []
    for number, value in fields(group):
        if number == 2:
            by = {1: ids, 8: north, 9: east}
            value = message((n, raised(v, by[n]) if n in by else v) for n, v in fields(value))
        elif number == 3:
            value = message((n, v + ids if n == 1 else raised(v, ids) if n == 8 else v) for n, v in fields(value))
        elif number == 4:
            value = message((n, v + ids if n == 1 else raised(v, ids) if n == 9 else v) for n, v in fields(value))
        elif number == 1:
            raise ValueError("nodes that are not dense")
        out.append((number, value))
    return message(out)


def blobs(path):
    data, at = open(path, "rb").read(), 0
    while at < len(data):
        size = struct.unpack(">I", data[at : at + 4])[0]
        head = dict(fields(data[at + 4 : at + 4 + size]))
        at += 4 + size
        blob = dict(fields(data[at : at + head[3]]))
        at += head[3]
        yield head[1], zlib.decompress(blob[3]) if 3 in blob else blob[1]


def write_blob(out, kind, plain):
    blob = message([(2, len(plain)), (3, zlib.compress(plain))])
    head = message([(1, kind), (3, len(blob))])
    out.write(struct.pack(">I", len(head)) + head + blob)


def main(source, target, copies):
    header, blocks = None, []
    for kind, plain in blobs(source):
        if kind == b"OSMHeader":
            header = plain
        else:
            blocks.append(list(fields(plain)))
    columns = max(1, round(copies**0.5))
    with open(target, "wb") as out:
        box = dict(fields(dict(fields(header))[1]))
        west, east, north, south = (unzigzag(box[n]) for n in (1, 2, 3, 4))
        wide, high = (east - west) // 100, (north - south) // 100
        rows = -(-copies // columns)
        box[2], box[3] = zigzag(west + columns * wide * 100), zigzag(south + rows * high * 100)
        write_blob(out, b"OSMHeader", message((n, message(sorted(box.items())) if n == 1 else v) for n, v in fields(header)))
        for kinds in ((1, 2), (3,), (4,)):
            for copy in range(copies):
                place = (copy * IDS_A_COPY, copy % columns * wide, copy // columns * high)
                for block in blocks:
                    # A block may hold groups of several kinds.
                    chosen = [(n, v) for n, v in block if n != 2 or next(fields(v), (0,))[0] in kinds]
                    if any(n == 2 for n, _ in chosen):
                        write_blob(out, b"OSMData", message((n, moved_group(v, *place) if n == 2 else v) for n, v in chosen))


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
