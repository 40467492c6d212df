#!/usr/bin/env python3
"""bench/render.py -- makes docs/benchmarks.md and its pictures from the JSON lines of a run.

    bench/render.py LINES FOLDER

Writes the page into FOLDER and the pictures into its images. Nothing is measured here, and nothing
but LINES, bench/expected/quality.csv and these scripts decides what they say.

SPDX-License-Identifier: MIT
"""
import csv
import math
import pathlib
import sys

import draw
from results import OURS, Run, better, is_ours, is_scan, is_single_precision, median, ratios
from targets import ROWS, SECTIONS, TITLE_OF, limits_of

HERE = pathlib.Path(__file__).resolve().parent
QUALITY = HERE / "expected" / "quality.csv"


# ---- the targets --------------------------------------------------------------------------------

def bar_of(row, run):
    """A row of targets.py with what was measured; None when it was not."""
    pair = row.find(run)
    if pair is None:
        return None
    ratio, least, most = pair.ratios()
    must = row.must(pair.peer) if callable(row.must) else row.must
    aim = row.aim(pair.peer) if callable(row.aim) else row.aim
    return {"row": row, "label": row.label, "ours": pair.ours, "peer": pair.name,
            "peer_value": pair.peer_value(), "ratio": ratio, "least": least, "most": most,
            "must": must, "aim": aim, "met": must is None or ratio >= must,
            "limit": row.limit(pair.ours, limits_of(run)) if row.limit else ""}


def number(value):
    """Three digits, with commas between thousands."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def in_unit(entry, value=None):
    unit = {"queries/s": "/s", "points/s": "/s", "ns per item": " ns", "us": " µs", "s": " s",
            "queries per second": "/s", "bytes per item": " B"}.get(entry["unit"],
                                                                   " " + entry["unit"])
    return number(median(entry) if value is None else value) + unit


def spread(bar):
    digits = 2 if bar["ratio"] < 10 else 1
    text = f"**{bar['ratio']:.{digits}f}**"
    if bar["least"] != bar["most"]:
        text += f" ({bar['least']:.{digits}f} to {bar['most']:.{digits}f})"
    return text


def targets(bar):
    """What it must be and what is aimed at, as text."""
    if bar["row"].in_bytes:
        return [f"{value} B" for value in bar["row"].in_bytes]
    return ["" if value is None else f"{value:.3g}" for value in (bar["must"], bar["aim"])]


def verdict(bar):
    if bar["must"] is None:
        return ""
    return "met" if bar["met"] else "**missed**"


def summary_table(bars):
    lines = ["| work | | ours | best peer | times as good (least to most) | must | aim | | "
             "of what the machine allows |", "|---|---|---|---|---|---|---|---|---|"]
    last = None
    for bar in bars:
        row = bar["row"]
        title = TITLE_OF[row.section] if row.section != last else ""
        last = row.section
        peer = f"{bar['peer']}: {in_unit(bar['ours'], bar['peer_value'])}"
        lines.append(f"| {title} | {row.label} | {in_unit(bar['ours'])} | {peer} | {spread(bar)} | "
                     f"{' | '.join(targets(bar))} | {verdict(bar)} | {bar['limit']} |")
    return lines


def reasons(bars):
    """Why, where we are behind or miss: a line for each reason."""
    found = {}
    for bar in bars:
        if bar["row"].reason and (bar["ratio"] < 1 or not bar["met"]):
            key = (TITLE_OF[bar["row"].section], bar["row"].reason)
            found.setdefault(key, []).append(bar["label"])
    return [f"- {title} ({'; '.join(labels)}): {reason}." for (title, reason), labels in
            found.items()]


def summary(run, folder):
    bars = [bar for bar in (bar_of(row, run) for row in ROWS) if bar]
    sections = []
    for key, title in SECTIONS:
        rows = [bar for bar in bars if bar["row"].section == key]
        if rows:
            sections.append((title, rows))
    draw.ratio_chart(folder / "images" / "bench-summary.svg", "Our speed relative to the best peer",
                     sections)
    judged = [bar for bar in bars if bar["must"] is not None]
    met = sum(bar["met"] for bar in judged)
    behind = sum(bar["ratio"] < 1 for bar in bars)
    lines = [f"Of {len(judged)} targets {met} are met. In {len(bars) - behind} of {len(bars)} rows "
             f"the library is level with the best peer\nor ahead of it, in {behind} behind. *Must* "
             "is what a release has to reach, *aim* what is worked for: times as\nfast as the best "
             "peer, or as small; for memory, bytes.", "",
             "![Our speed relative to the best peer, and targets](images/bench-summary.svg)", ""]
    lines += summary_table(bars)
    why = reasons(bars)
    if why:
        lines += ["", "Why, where a target is missed or a peer is ahead:", ""] + why
    return lines


# ---- tables and plots of the parts --------------------------------------------------------------

def library_of(entry):
    """The library and its way, without the word for the only way to query."""
    way = entry["way"]
    name = way if way.startswith(entry["contestant"]) else entry["contestant"]
    for plain in (", query", ", kd-tree"):
        name = name.replace(plain, "")
    return name


def ratio_text(entry, base):
    if base is None or entry is base:
        return ""
    middle, least, most = ratios(entry, base)
    digits = 3 if middle < 1 else 2
    text = f"{middle:.{digits}f}"
    if least != most:
        text += f" ({least:.{digits}f} to {most:.{digits}f})"
    return text


def comparison(columns, names_title="library"):
    """A table of libraries; columns of (title, entries), ratios are to the best of the others."""
    head = [names_title]
    names = []
    for title, entries in columns:
        head += [title, "times as fast as the best peer"]
        names += [library_of(e) for e in entries if library_of(e) not in names]
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    for name in names:
        cells = [name]
        for _, entries in columns:
            peer = better([e for e in entries if not is_ours(e) and
                           (names_title == "store" or not is_single_precision(e))])
            entry = next((e for e in entries if library_of(e) == name), None)
            cells += [in_unit(entry), ratio_text(entry, peer)] if entry else ["", ""]
        lines.append("| " + " | ".join(cells) + " |")
    return lines


def best_ways(entries):
    """Of each library the best way alone, under the library's name."""
    best = {}
    for entry in entries:
        name = entry["contestant"] + (", grown" if "grown" in entry["way"] else "")
        name += ", 32-bit" if is_single_precision(entry) else ""
        if name not in best or better([best[name], entry]) is entry:
            best[name] = entry
    return best


def dots(folder, name, title, run_columns, from_zero=False):
    """Writes the plot, the best library first."""
    columns = [(t, {n: median(e) for n, e in best_ways(entries).items()})
               for t, entries in run_columns if entries]
    if not columns:
        return []
    names = {n for _, column in columns for n in column}

    def score(name):
        """The mean of what it is of the largest in each column, in logarithms."""
        parts = [math.log(c[name] / max(c.values())) for _, c in columns if name in c]
        return sum(parts) / len(parts), name

    names = sorted(names, key=score, reverse=not from_zero)
    draw.dot_chart(folder / "images" / name, title, names, columns, from_zero)
    return [f"![{title}](images/{name})", ""]


def grouped(value):
    return f"{value:,}"


def windows_part(run, folder):
    lines = []
    sets = list(dict.fromkeys((e["data"], e["items"]) for e in run.entries
                              if e["command"] == "window"))
    for data, items in sets:
        columns = []
        for results in ("1", "100", "10000"):
            entries = [e for e in run.entries if e["command"] == "window" and e["data"] == data and
                       e["items"] == items and e["benchmark"] == f"window {results}, ids"]
            columns.append((f"{int(results):,} result{'s' if results != '1' else ''}", entries))
        kind = data if data.endswith("boxes") else f"{data} " + (
            "boxes" if data in ("coastline", "shoreline") else "points")
        lines += [f"### {grouped(items)} {kind}", ""]
        picture = f"bench-window-{data.replace(' ', '-')}.svg"
        lines += dots(folder, picture, f"Windows per second, {items:,} {kind}", columns)
        lines += comparison(columns) + [""]
        counts = [(title, run.select(command="window", data=data, items=items,
                                     benchmark=f"window {results}, count"))
                  for (title, _), results in zip(columns, ("1", "100", "10000"))]
        lines += ["Counted only:", ""] + comparison(counts) + [""]
    return lines


def insert_part(run, folder):
    lines = []
    sizes = list(dict.fromkeys(e["items"] for e in run.entries if e["benchmark"] == "insert"))
    for items in sizes:
        columns = [(f"insert, {order}", run.select(benchmark="insert", way=order, items=items))
                   for order in ("random", "Hilbert", "by x")]
        removes = run.select(benchmark="remove", way="random", items=items)
        for column in (columns[:2], [columns[2], ("remove, random", removes)]):
            lines += comparison_by_contestant(column) + [""]
        windows = [(f"{int(r):,} result{'s' if r != '1' else ''}", run.select(
            command="insert", order="random", benchmark=f"window {r}, ids", items=items))
            for r in ("1", "100", "10000")]
        if any(w for _, w in windows):
            lines += [f"Windows per second on the trees that grew in random order, "
                      f"{items:,} points:", ""]
            picture = f"bench-window-grown-{draw.short(items).replace(' ', '').lower()}.svg"
            lines += dots(folder, picture, "Windows per second on trees that grew", windows)
            lines += comparison(windows) + [""]
    moves = [(kind, run.select(benchmark=kind)) for kind in ("move, short", "move, far")]
    if moves[0][1]:
        lines += ["### Moving", ""] + comparison_by_contestant(moves) + [""]
    return lines


def comparison_by_contestant(columns):
    """As comparison(), where the way is not the name of a way to query."""
    plain = [(title, [dict(e, way="") for e in entries]) for title, entries in columns]
    return comparison(plain)


def nearest_part(run, folder):
    lines = []
    sets = list(dict.fromkeys((e["data"], e["items"]) for e in run.entries
                              if e["command"] == "nearest"))
    for data, items in sets:
        columns = [(f"k = {k}", [e for e in run.entries if e["command"] == "nearest" and
                                 e["data"] == data and e["items"] == items and
                                 e["benchmark"] == f"nearest {k}"]) for k in (1, 10, 100)]
        lines += [f"### {items:,} {data}", ""]
        picture = f"bench-nearest-{data.replace(' ', '-')}-{draw.short(items)}.svg"
        lines += dots(folder, picture.replace(" ", "").lower(),
                      f"Points asked from per second, {items:,} {data}", columns)
        lines += comparison(columns) + [""]
    return lines


def high_lines(panel, run, names, singles_only):
    """One line for each library, over the data sets of `names`."""
    found = {}
    for i, name in enumerate(names):
        for entry in run.select(command="high", data=name):
            is_batch = "all points at once" in entry["way"] or "at once" in entry["way"]
            if "grown" in entry["way"] or (singles_only and is_batch):
                continue
            library = entry["contestant"] + ", 32-bit" * is_single_precision(entry)
            best = found.setdefault(library, [None] * len(names))
            best[i] = max(best[i] or 0, median(entry))
    others = [c for c in found if c != OURS]
    others.sort(key=lambda c: -max(v or 0 for v in found[c]))
    names = [OURS] * (OURS in found) + others
    for name, color in draw.colors(names).items():
        panel.add(name, color, found[name], name == OURS)


def high_part(run, folder):
    panels = []
    for kind in ("uniform", "clustered"):
        names = [f"{kind} {d}-d" for d in (8, 16, 32, 64)]
        panel = draw.Panel(f"{kind} points", ["8", "16", "32", "64"], "points per second, k = 10")
        high_lines(panel, run, names, True)
        if panel.lines:
            panels.append(panel)
    if not panels:
        return []
    draw.line_chart(folder / "images" / "bench-dimensions.svg",
                    "The 10 nearest against the number of dimensions", panels, "dimensions")
    lines = ["![The 10 nearest against the number of dimensions](images/bench-dimensions.svg)", ""]
    names = list(dict.fromkeys(e["data"] for e in run.entries if e["command"] == "high"))
    for name in names:
        entries = run.select(command="high", data=name)
        lines += comparison([(f"{entries[0]['items']:,} {name}", entries)]) + [""]
    return lines


def open_part(run, folder):
    entries = [e for e in run.entries if e["benchmark"] == "open"]
    if not entries:
        return []
    sizes = sorted({e["items"] for e in entries})
    panel = draw.Panel("Open and first answer", [draw.short(s) for s in sizes], "median time",
                       draw.duration)
    names = list(dict.fromkeys(e["contestant"] for e in entries))
    lines = ["![Open and first answer against the number of items](images/bench-open.svg)", "",
             "| store | " + " | ".join(f"{s:,} items: µs" for s in sizes) + " |",
             "|---|" + "---|" * len(sizes)]
    for name, color in draw.colors(names).items():
        by_size = {e["items"]: e for e in entries if e["contestant"] == name}
        panel.add(name, color, [1e3 * median(by_size[s]) if s in by_size else None
                                             for s in sizes], name == OURS)
        cells = [f"{median(by_size[s]):.0f} ({by_size[s]['value']['min']:.0f}; 90 %: "
                 f"{by_size[s]['value']['p90']:.0f})" if s in by_size else "" for s in sizes]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    draw.line_chart(folder / "images" / "bench-open.svg",
                    "Open and first answer against the number of items", [panel], "items", 620)
    return lines + [""]


def commit_part(run, folder):
    sizes = ["1", "100", "10000"]
    entries = {s: run.select(benchmark=f"commit of {s}") for s in sizes}
    if not entries["1"]:
        return []
    names = list(dict.fromkeys(e["contestant"] for s in sizes for e in entries[s]))
    panel = draw.Panel("A durable commit", ["1", "100", "10,000"], "median time", draw.duration)
    for name, color in draw.colors(names).items():
        values = [next((1e3 * median(e) for e in entries[s] if e["contestant"] == name), None)
                  for s in sizes]
        panel.add(name, color, values, name == OURS)
    sync = limits_of(run).get("writing a page and a sync")
    if sync:
        panel.marks.append(("a page and a sync", 1e3 * sync))
    draw.line_chart(folder / "images" / "bench-commit.svg", "Time of a durable commit", [panel],
                    "points in a commit", 620)
    columns = [(f"{int(s):,} point{'s' if s != '1' else ''}", entries[s]) for s in sizes]
    return ["![Time of a durable commit](images/bench-commit.svg)", ""] + comparison(columns,
                                                                                  "store") + [""]


def mixed_part(run, folder):
    ways = ["p50", "p90", "p99", "p99.9", "max"]
    panels = []
    lines = []
    names = list(dict.fromkeys(e["contestant"] for e in run.select(benchmark="mixed")))
    for kind in ("mixed, windows", "mixed, changes"):
        panel = draw.Panel(kind.split(", ")[1].capitalize(), ways, "time of one operation",
                           draw.duration)
        for name, color in draw.colors(names).items():
            values = [next((median(e) for e in run.select(benchmark=kind, way=w)
                            if e["contestant"] == name), None) for w in ways]
            panel.add(name, color, values, name == OURS)
        panels.append(panel)
    if not names:
        return []
    draw.line_chart(folder / "images" / "bench-mixed.svg",
                    "How long an operation takes in a mixed load", panels, "", height=360)
    lines += ["![How long an operation takes in a mixed load](images/bench-mixed.svg)", ""]
    head = ["library", "operations/s"] + [f"window {w}" for w in ways] + [f"change {w}"
                                                                        for w in ways]
    lines += ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    for name in names:
        cells = [number(median(run.one(benchmark="mixed", contestant=name)))]
        for kind in ("mixed, windows", "mixed, changes"):
            cells += [f"{median(run.one(benchmark=kind, contestant=name, way=w)):,.0f}"
                      for w in ways]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return lines + [""]


def simple_table(run, benchmark, title, ways=True):
    entries = run.select(benchmark=benchmark)
    lines = [f"| library | {'way | ' if ways else ''}{title} | least to most |",
             "|---|" + ("---|" if ways else "") + "---|---|"]
    for e in entries:
        way = f"{e['way']} | " if ways else ""
        lines.append(f"| {e['contestant']} | {way}{in_unit(e)} | "
                     f"{number(e['value']['min'])} to {number(e['value']['max'])} |")
    return lines + [""] if entries else []


def bulk_part(run, folder):
    del folder
    entries = run.select(benchmark="bulk")
    peer = better([e for e in entries if not is_ours(e) and not is_scan(e)])
    lines = ["| library | way | seconds | times as fast as the best index |", "|---|---|---|---|"]
    for e in entries:
        lines.append(f"| {e['contestant']} | {e['way']} | {median(e):.3f} | "
                     f"{ratio_text(e, peer)} |")
    return lines + [""] if entries else []


def memory_part(run, folder):
    columns = []
    for data in ("uniform", "uniform boxes"):
        for way in ("loaded", "grown"):
            entries = [dict(e, way="") for e in run.select(benchmark="size", data=data, way=way)
                       if "publish" not in e["contestant"]]
            columns.append((f"{'points' if data == 'uniform' else 'boxes'}, {way}", entries))
    if not columns[0][1]:
        return []
    lines = dots(folder, "bench-size.svg", "Bytes per item", columns, True)
    names = list(dict.fromkeys(e["contestant"] for _, c in columns for e in c))
    lines += ["| library | " + " | ".join(t for t, _ in columns) + " |",
              "|---|" + "---|" * len(columns)]
    for name in names:
        cells = [next((f"{median(e):.1f}" for e in c if e["contestant"] == name), "")
                 for _, c in columns]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return lines + [""]


def allocations_part(run, folder):
    del folder
    names = list(dict.fromkeys(e["contestant"] for e in run.select(benchmark="allocations")))
    if not names:
        return []
    columns = [("allocations", "allocated", "calls per insertion"),
               ("frees", "freed", "calls per insertion"),
               ("bytes", "allocated", "bytes per insertion"), ("insertion: ns", "insertion", "ns"),
               ("end of the index: ms", "end of the index", "ms")]
    lines = ["| library | " + " | ".join(c[0] for c in columns) + " |",
             "|---|" + "---|" * len(columns)]
    for name in names:
        cells = []
        for _, way, unit in columns:
            entry = run.one(benchmark="allocations", contestant=name, way=way, unit=unit)
            cells.append(number(median(entry)))
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return lines + [""]


def readers_part(run, folder):
    del folder
    lines = ["| threads | queries/s, the writer waits | while it commits | relative "
             "| while it commits to another store |",
             "|---|---|---|---|---|"]
    for e in run.select(benchmark="readers beside a writer"):
        idle = run.one(benchmark="readers beside a writer", way=f"{e['way']}, the writer waits")
        away = run.one(benchmark="readers beside a writer",
                       way=f"{e['way']}, the writer works elsewhere")
        if idle:
            lines.append(f"| {e['way']} | {number(median(idle))} | {number(median(e))} | "
                         f"{ratio_text(e, idle)} | {ratio_text(away, idle) if away else ''} |")
    return lines + [""] if len(lines) > 2 else []


def batch_part(run, folder):
    del folder
    lines = ["| work | single/s | in a batch/s | times as many |", "|---|---|---|---|"]
    for benchmark in dict.fromkeys(e["benchmark"] for e in run.entries
                                   if e["command"] == "batch"):
        single = run.one(benchmark=benchmark, way="single")
        batch = run.one(benchmark=benchmark, way="batch")
        if single and batch:
            lines.append(f"| {benchmark} | {number(median(single))} | {number(median(batch))} | "
                         f"{ratio_text(batch, single)} |")
    return lines + [""] if len(lines) > 2 else []


def join_part(run, folder):
    del folder
    columns = [(title, run.select(benchmark=name)) for title, name in
               (("two sets", "join"), ("with itself", "self-join"))]
    return comparison(columns) + [""] if columns[0][1] else []


def publish_part(run, folder):
    del folder
    return simple_table(run, "publish", "a publish")


def supernodes_part(run, folder):
    del folder
    entries = [e for e in run.entries if e["command"] == "supernodes"]
    kinds = ("window 1", "window 100", "nearest 10")
    lines = ["| data | may overlap | " + " | ".join(f"{k}: µs | of none" for k in kinds) + " |",
             "|---|---|" + "---|---|" * len(kinds)]
    for data, way in dict.fromkeys((e["data"], e["way"]) for e in entries):
        cells = []
        for kind in kinds:
            e = next(x for x in entries if (x["data"], x["way"], x["benchmark"]) ==
                     (data, way, kind))
            cells += [number(median(e)), f"{e['ratio']['median']:.2f}"]
        lines.append(f"| {data} | {way} | " + " | ".join(cells) + " |")
    return lines + [""] if entries else []


def limit_part(run, folder):
    del folder
    lines = ["| | median | least to most |", "|---|---|---|"]
    for e in run.select(benchmark="limit"):
        lines.append(f"| {e['way']} | {number(median(e))} {e['unit'].replace('us', 'µs')} | "
                     f"{number(e['value']['min'])} to {number(e['value']['max'])} |")
    return lines + [""] if len(lines) > 2 else []


def other_part(command):
    """Parts that have no form of their own here: every line."""
    def lines_of(run, folder):
        del folder
        entries = [e for e in run.entries if e["command"] == command]
        lines = ["| what | library | way | median | least to most |", "|---|---|---|---|---|"]
        for e in entries:
            lines.append(f"| {e['benchmark']}, {e['items']:,} {e['data']} | {e['contestant']} | "
                         f"{e['way']} | {in_unit(e)} | {number(e['value']['min'])} to "
                         f"{number(e['value']['max'])} |")
        return lines + [""] if entries else []
    return lines_of


def tree_part(run, folder):
    del run, folder
    columns = ["height", "level 0 fill", "bytes per item", "bytes copied per change", "supernodes",
               "window 1 lines", "window 100 lines", "window 10000 lines", "nearest 1 lines",
               "nearest 10 lines"]
    rows = {}
    with QUALITY.open(encoding="utf-8") as file:
        for line in csv.DictReader(file):
            rows.setdefault((line["data"], line["tree"]), {})[line["measure"]] = line["value"]
    lines = ["| data | tree | " + " | ".join(columns) + " |", "|---|---|" + "---|" * len(columns)]
    for (data, tree), values in rows.items():
        lines.append(f"| {data} | {tree} | " + " | ".join(values.get(c, "") for c in columns) +
                     " |")
    return lines + [""]


PARTS = [
    ("What the machine allows", limit_part,
     "Memory: a sum over an array that no cache holds. Disk: a page into blocks that exist."),
    ("Opening", open_part,
     """New processes, page cache warm: microseconds from before the opening call to the ids of a
window of about 10 results; LMDB: to the value of a key. Medians, in parentheses the least."""),
    ("Durable commits", commit_part,
     "Microseconds of a commit, the insertions included, in stores that are filled already."),
    ("Publishing", publish_part, "Making one insertion visible, beside the insertion itself."),
    ("Readers beside a writer", readers_part,
     """Another process commits as fast as it can, or waits, in slices of a quarter of a second.
With as many threads as cores, readers share these with the writer."""),
    ("Changes without end", other_part("steady"), ""),
    ("A mixed load", mixed_part,
     """One thread; of 100 operations 80 are windows of about 100 results, 10 moves, 5 insertions, 5
removals. Windows see every change before them, but in the line that publishes after every 1,000.
Nanoseconds, medians over the rounds; `max` is the longest of a round, and says most about what else
the machine did."""),
    ("Loading all at once", bulk_part, ""),
    ("Loading with a memory limit", other_part("memory-limit"), ""),
    ("Memory", memory_part, "Bytes per item that the index occupies."),
    ("What insertions ask of the heap", allocations_part,
     """Calls of `malloc()` and its like, and bytes asked for, for one insertion in random order;
ours takes nodes from an arena. The end is that of an index that holds all items."""),
    ("Windows", windows_part,
     """Queries per second on one core, ids delivered. Windows of uniform points lie anywhere, those
of other data around items picked at random, so wide that they hold about as many."""),
    ("Inserting and removing", insert_part,
     """Item by item; half of the items are removed in random order. Our insertions publish once, at
the end; a line of its own publishes after every 1,000."""),
    ("Nearest neighbours", nearest_part,
     "Points asked from per second, on one core; the pictures have the best way of each library."),
    ("Nearest neighbours in many dimensions", high_part,
     """Exact, k = 10, one core; asked from rows that were taken out of the data, of which there are
fewer in more dimensions. `shapes` are Fourier descriptors of the outlines of islands and lakes,
`pieces` those of pieces of coast. The picture has what answers one point after the other."""),
    ("Batches", batch_part, "Our own queries, one after the other and in one call."),
    ("Joins", join_part, "All pairs of boxes that meet, delivered; building is not counted."),
    ("What supernodes save", supernodes_part,
     """A node becomes a supernode where a split would leave halves that overlap by more than this
share; 1 makes none."""),
    ("The tree itself", tree_part,
     """No times: these numbers are the same on every machine, and the tests compare them. Windows
and nearest are the 64-byte lines that one query reads; `bench/README.md` says what data and trees
these are."""),
]


# ---- the page -----------------------------------------------------------------------------------

HEAD = """# Benchmarks

`bench/render.py` wrote this page from [benchmarks.jsonl](benchmarks.jsonl); do not edit it.

Libraries answer the same questions in one process and take turns, round by round. Read the ratios:
times of different machines, or days, do not compare. In parentheses the least and the most of all
rounds. All answers were compared before the clock started. [bench/README.md](../bench/README.md)
says how each part measures.

This is {size}: {minutes:.0f} minutes on {cores} cores ({features}) with {memory_gib} GiB of
memory, compiler {compiler}, seed {seed}. Our library is compiled as it is shipped and chooses its
kernels when it runs; peers are compiled with `-O3 -march=native`. To repeat: `make bench`
(minutes) or `make bench-full` (an hour).

<details><summary>What was measured</summary>

{versions}

</details>
"""


def head(run):
    size = "a quick run, which says less than a full one" if run.machine["quick"] else "a full run"
    return HEAD.format(size=size, minutes=sum(run.seconds.values()) / 60,
                       compiler=run.machine["compiler"], seed=run.machine["seed"],
                       versions="\n".join(f"- {version}" for version in run.versions),
                       **run.machine["machine"]).split("\n")


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    run = Run(pathlib.Path(sys.argv[1]))
    folder = pathlib.Path(sys.argv[2])
    (folder / "images").mkdir(parents=True, exist_ok=True)
    for old in (folder / "images").glob("bench-*.svg"):
        old.unlink()
    lines = head(run) + ["## Targets", ""] + summary(run, folder)
    for title, part, text in PARTS:
        body = part(run, folder)
        if body:
            lines += ["", f"## {title}", ""] + ([text, ""] if text else []) + body
    lines += ["", "## How long each part took", "", "| part | seconds |", "|---|---|"]
    lines += [f"| {name} | {seconds} |" for name, seconds in run.seconds.items()]
    text = "\n".join(lines) + "\n"
    while "\n\n\n" in text:
        text = text.replace("\n\n\n", "\n\n")
    (folder / "benchmarks.md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
