#!/usr/bin/env python3
"""tests/golden/compare_reader.py -- do the library and a reader written from docs/format.md alone
see the same in a store?

    compare_reader.py READ_FORMAT MAKE_GOLDEN STORES...

Writes the golden stores anew into a scratch folder, and compares for them and for every store below
the folders STORES what `MAKE_GOLDEN --tell` prints with what READ_FORMAT does: schema, arenas,
tree, every node, every item, bit by bit.

SPDX-License-Identifier: MIT
"""
import json
import os
import subprocess
import sys
import tempfile


def number(value):
    return float(value)


def reader_sees(read_format, store):
    command = [sys.executable, read_format, "--nodes", "--items", "--verify", store]
    seen = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    manifest, root = seen["manifest"], seen["state"]["roots"][0]
    facts = {"dims": manifest["dims"], "kind": manifest["item_kind"],
             "coord_type": manifest["dimensions"][0]["coord_type"],
             "leaf_capacity": manifest["leaf_capacity"],
             "inner_capacity": manifest["inner_capacity"], "txn": seen["state"]["txn"],
             "live_bytes": 64 * seen["state"]["live_units"], "arena_count": len(seen["arenas"]),
             "height": root["height"], "item_count": root["item_count"]}
    for arena in seen["arenas"]:
        facts[f"arena_{arena['arena_id']}_committed_bytes"] = 64 * arena["committed_units"]
        facts[f"arena_{arena['arena_id']}_live_bytes"] = 64 * arena["live_units"]
    nodes = {}
    for node in seen["nodes"]:
        row = [node[name] for name in ("level", "count", "capacity", "bytes", "item_count",
                                       "birth_txn", "supernode")]
        if node["level"] == 0:
            row += [number(value) for value in node["low"] + node["high"]]
        nodes[node["ref"]] = row
    items = sorted([item["id"]] + [number(value).hex() for value in item["low"] + item["high"]]
                   for item in seen["items"])
    return facts, nodes, items


def library_sees(make_golden, store):
    lines = subprocess.run([make_golden, "--tell", store], check=True, capture_output=True,
                           text=True).stdout.splitlines()
    facts, nodes, items = {}, {}, []
    for line in lines:
        name, *fields = line.split()
        if name == "item":
            items.append([int(fields[0])] + [float.fromhex(value).hex() for value in fields[1:]])
        elif name == "node":
            ref, _parent, level, *rest = fields
            row = [int(level)] + [int(value) for value in rest[:5]] + [rest[5] == "1"]
            if row[0] == 0:
                row += [float.fromhex(value) for value in rest[6:]]
            nodes[int(ref)] = row
        else:
            facts[name] = int(fields[0])
    return facts, nodes, sorted(items)


def compare(read_format, make_golden, store):
    differences = 0
    reader, library = reader_sees(read_format, store), library_sees(make_golden, store)
    for what, by_reader, by_library in zip(("facts", "nodes", "items"), reader, library):
        if by_reader != by_library:
            differences += 1
            print(f"{store}: {what} differ: the reader sees\n    {str(by_reader)[:600]}\n"
                  f"the library\n    {str(by_library)[:600]}")
    return differences


def stores_below(folder):
    return sorted(path for path, _, files in os.walk(folder) if "HEAD" in files)


def main():
    if len(sys.argv) < 3:
        print(__doc__, file=sys.stderr)
        return 2
    read_format, make_golden, *folders = sys.argv[1:]
    with tempfile.TemporaryDirectory() as scratch:
        subprocess.run([make_golden, scratch], check=True)
        stores = stores_below(scratch)
        for folder in folders:
            stores += stores_below(folder)
        differences = sum(compare(read_format, make_golden, store) for store in stores)
    print(f"{len(stores)} stores compared, {differences} differences")
    return 1 if differences or not stores else 0


if __name__ == "__main__":
    sys.exit(main())
