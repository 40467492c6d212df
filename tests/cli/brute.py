#!/usr/bin/env python3
"""tests/cli/brute.py -- answers computed a second way: by looking at every item of a CSV file.

    brute.py count FILE.csv[.gz] < QUESTIONS     each line: PREDICATE WINDOW PREDICATE WINDOW ...;
                                                 how many items all of them hold for
    brute.py nearest FILE.csv[.gz] < QUESTIONS   each line: K POINT METRIC [WEIGHTS];
                                                 ids and distances, to six digits
    brute.py join FILE.csv[.gz] [FILE.csv[.gz]]  how many pairs share a point

The first column is the id; coordinates follow, two of them where the header says lon,lat.

SPDX-License-Identifier: MIT
"""
import csv
import gzip
import math
import sys

EARTH_RADIUS_METRES = 6371008.8


def read_items(path):
    """(id, low corner, high corner) of every row."""
    opened = gzip.open if path.endswith(".gz") else open
    with opened(path, "rt", encoding="utf-8", newline="") as file:
        rows = csv.reader(file)
        header = next(rows)
        count = 2 if header[1:3] == ["lon", "lat"] else len(header) - 1
        is_boxes = count % 4 == 0
        for row in rows:
            values = [float(text) for text in row[1:1 + count]]
            half = count // 2 if is_boxes else count
            yield int(row[0]), values[:half], values[-half:]


def numbers(text):
    return [float(part) for part in text.split(",")]


def meets(low, high, other_low, other_high):
    return all(a <= d and c <= b for a, b, c, d in zip(low, high, other_low, other_high))


def is_inside(low, high, outer_low, outer_high):
    return all(c <= a and b <= d for a, b, c, d in zip(low, high, outer_low, outer_high))


PREDICATES = {
    "intersects": meets,
    "within": is_inside,
    "contains": lambda low, high, wlow, whigh: is_inside(wlow, whigh, low, high),
    "disjoint": lambda *corners: not meets(*corners),
}


def count_items(items, words):
    conditions = []
    for name, text in zip(words[::2], words[1::2]):
        window = numbers(text)
        half = len(window) // 2
        conditions.append((PREDICATES[name], window[:half], window[half:]))
    print(sum(all(holds(low, high, wlow, whigh) for holds, wlow, whigh in conditions)
              for _, low, high in items))


def distance(metric, point, low, high, weights):
    if metric == "geographic":  # of points, by haversines
        lon, lat, other_lon, other_lat = map(math.radians, (*point, *low))
        chord = (math.sin((other_lat - lat) / 2) ** 2
                 + math.cos(lat) * math.cos(other_lat) * math.sin((other_lon - lon) / 2) ** 2)
        return 2 * EARTH_RADIUS_METRES * math.asin(min(1.0, math.sqrt(chord)))
    gaps = [max(a - q, q - b, 0.0) for q, a, b in zip(point, low, high)]
    if metric == "maximum":
        return max(w * gap for w, gap in zip(weights, gaps))
    return math.sqrt(sum(w * gap * gap for w, gap in zip(weights, gaps)))


def nearest_items(items, words):
    k, point, metric, weights = (words + ["1,1"])[:4]
    point, weights = numbers(point), numbers(weights)
    found = sorted((distance(metric, point, low, high, weights), item_id)
                   for item_id, low, high in items)
    for far, item_id in found[:int(k)]:
        print(f"{item_id} {far:.6f}")


def count_pairs(path, other=None):
    items = list(read_items(path))
    if other is None:
        print(sum(meets(*a[1:], *b[1:]) for i, a in enumerate(items) for b in items[:i]))
    else:
        others = list(read_items(other))
        print(sum(meets(*a[1:], *b[1:]) for a in items for b in others))


def main():
    command, path, *other = sys.argv[1:]
    if command == "join":
        count_pairs(path, *other)
        return
    items = list(read_items(path))
    for line in sys.stdin:
        {"count": count_items, "nearest": nearest_items}[command](items, line.split())


if __name__ == "__main__":
    main()
