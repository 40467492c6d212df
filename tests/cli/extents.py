#!/usr/bin/env python3
"""tests/cli/extents.py -- the extents of GeoJSON features, computed a second way.

    extents.py FILE.geojson[.gz]

Prints "id,x0,y0,x1,y1" and a line per feature in the order of their ids, like a sorted dump.

SPDX-License-Identifier: MIT
"""
import gzip
import json
import sys


def positions(value):
    """Every position in nested coordinate arrays."""
    if value and isinstance(value[0], (int, float)):
        yield value[:2]
    else:
        for part in value:
            yield from positions(part)


def feature_id(feature, ordinal):
    text = str(feature.get("id", ""))
    return int(text) if text.isdigit() else ordinal


def shortest(value):
    text = repr(float(value))
    return text[:-2] if text.endswith(".0") else text


def main():
    opened = gzip.open if sys.argv[1].endswith(".gz") else open
    with opened(sys.argv[1], "rt", encoding="utf-8") as file:
        features = json.load(file)["features"]
    rows = []
    for ordinal, feature in enumerate(features):
        xs, ys = zip(*positions(feature["geometry"]["coordinates"]))
        rows.append((feature_id(feature, ordinal), min(xs), min(ys), max(xs), max(ys)))
    print("id,x0,y0,x1,y1")
    for row in sorted(rows):
        print(row[0], *map(shortest, row[1:]), sep=",")


if __name__ == "__main__":
    main()
