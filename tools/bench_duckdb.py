#!/usr/bin/env python3
"""DuckDB's side of tools/bench_import.py: loads a store's buildings into a table with an R-tree, and asks it what Qike is asked.

Usage: bench_duckdb.py check | load STORE TABLE | query TABLE KIND … | direct STORE KIND … | warm TABLE KIND
`direct` reads the store's own GeoPackage layer through ST_Read; `warm` asks all places of TABLE.places.json in one process.
"""
import csv, json, sqlite3, sys, tempfile, time
import duckdb

def connect(path=":memory:", **more):
    db = duckdb.connect(str(path), **more)
    try:
        db.execute("LOAD spatial")
    except duckdb.Error:
        from duckdb_extensions import import_extension
        import_extension("spatial", con=db)
        db.execute("LOAD spatial")
    return db

COLUMNS = "id, name, parent, lods, attributes"

def condition(kind, a):
    """What a query asks of the loaded table; a window by the R-tree's own predicate."""
    match kind:
        case "window":
            return f"ST_Intersects(geom, ST_MakeEnvelope({a[0]}, {a[1]}, {a[2]}, {a[3]}))"
        case "id":
            return f"id = '{a[0]}'"
        case "where":
            return f"json_extract(attributes, '$.{a[0]}')::VARCHAR = '{a[1]}'"
        case "box":
            return (f"ST_Intersects(geom, ST_MakeEnvelope({a[0]}, {a[1]}, {a[2]}, {a[3]})) "
                    f"AND minz <= {a[5]} AND maxz >= {a[4]}")

def load(store, table):
    """Goes through a text file: ST_Read of a large layer ended DuckDB 1.5.5's process now and then."""
    db = connect(table)
    rows = sqlite3.connect(f"file:{store}?mode=ro", uri=True).execute(
        "SELECT b.id, b.name, b.parent, b.lods, b.attributes, o.minz, o.maxz, hex(substr(b.geom, 41)) FROM building b JOIN qike_object o ON o.oid = b.fid "
        "WHERE b.geom NOT NULL")
    with tempfile.NamedTemporaryFile("w", suffix=".csv", newline="") as file:
        csv.writer(file).writerows(rows)
        file.flush()
        names = "{'id': 'VARCHAR', 'name': 'VARCHAR', 'parent': 'VARCHAR', 'lods': 'VARCHAR', 'attributes': 'VARCHAR', 'minz': 'DOUBLE', 'maxz': 'DOUBLE', 'wkb': 'VARCHAR'}"
        db.execute(f"CREATE TABLE b AS SELECT * EXCLUDE (wkb), ST_GeomFromHEXWKB(wkb) AS geom FROM read_csv('{file.name}', header=false, columns={names})")
    db.execute("CREATE INDEX b_geom ON b USING RTREE (geom)")
    db.execute("CREATE INDEX b_id ON b (id)")
    db.execute("CHECKPOINT")
    db.close()

match sys.argv[1:]:
    case ["check"]:
        connect().execute("SELECT ST_Point(1, 2)")
    case ["load", store, table]:
        load(store, table)
    case ["query", table, kind, *a]:
        rows = connect(table, read_only=True).execute(f"SELECT {COLUMNS} FROM b WHERE {condition(kind, a)}").fetchall()
        print(len(rows))
    case ["direct", store, kind, *a]:
        db = connect()
        # One thread and bytes: with its own geometry type or on several threads, ST_Read of DuckDB 1.5.5 fails now and then.
        db.execute("SET threads = 1")
        db.execute(f"CREATE VIEW layer AS SELECT * REPLACE (ST_GeomFromWKB(geom) AS geom) FROM ST_Read('{store}', layer='building', keep_wkb=true)")
        rows = db.execute(f"SELECT {COLUMNS} FROM layer WHERE {condition(kind, a)}").fetchall()
        print(len(rows))
    case ["warm", table, kind]:
        db = connect(table, read_only=True)
        places = json.load(open(f"{table}.places.json"))
        asked = {"window": places["metres"], "box": [[*m, 20, 40] for m in places["metres"]], "id": [[i] for i in places["ids"]],
                 "where": [["residents", 100 + n] for n in range(5)]}[kind]
        db.execute(f"SELECT {COLUMNS} FROM b WHERE {condition(kind, asked[0])}").fetchall()
        start, found = time.perf_counter(), 0
        for a in asked:
            found += len(db.execute(f"SELECT {COLUMNS} FROM b WHERE {condition(kind, a)}").fetchall())
        print(json.dumps({"ms": (time.perf_counter() - start) * 1e3 / len(asked), "found": found}))
    case _:
        sys.exit(__doc__)
