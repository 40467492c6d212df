"""bench/targets.py -- what the library must reach, and what is aimed at, beside the best peer.

A row names what is measured and finds it in a run: our entry and the one that it is compared with.
Targets are ratios, times as fast or times as small as the best peer; where a row says so they are
absolute, and the ratio follows from the peer.

SPDX-License-Identifier: MIT
"""
from dataclasses import dataclass
from typing import Callable, Optional

from results import better, is_ours, is_scan, is_single_precision, is_time, median, ratios

SECTIONS = [
    ("window", "Windows, loaded tree"),
    ("real", "Windows, real boxes"),
    ("grown", "Windows, tree grown by inserts"),
    ("count", "Counting a large window"),
    ("nearest", "Nearest neighbours, 2-d"),
    ("high", "10 nearest, many dimensions"),
    ("batch", "Batches, beside single queries"),
    ("join", "Joins of boxes"),
    ("load", "Loading all at once"),
    ("change", "Changing item by item"),
    ("memory", "Bytes per item"),
    ("commit", "Durable commits"),
    ("open", "Open and first answer"),
    ("reader", "Readers and publishing"),
]
TITLE_OF = dict(SECTIONS)

# rtree.c is no package of Debian. What is known of it are ratios to Boost's rstar<16>, at 1 million
# random points on one machine: insertion, insertion in Hilbert order, removal.
RTREE_INSERT = 8.0
RTREE_SORTED = 8.0 * 2.3
RTREE_REMOVE = 1.6


@dataclass
class Pair:
    """Our entry, that of the peer, and by how much the peer's is better than measured."""
    ours: dict
    peer: dict
    name: str
    factor: float = 1.0
    direct: Optional[tuple] = None  # a ratio that was measured as such

    def ratios(self):
        return self.direct or ratios(self.ours, self.peer, 1 / self.factor)

    def peer_value(self):
        value = median(self.peer)
        if self.direct:
            value = median(self.ours) * (self.direct[0] if is_time(self.ours)
                                         else 1 / self.direct[0])
        return value / self.factor if is_time(self.peer) else value * self.factor


@dataclass
class Row:
    section: str
    label: str
    find: Callable
    must: object = None  # a ratio, or a function of the peer's entry
    aim: object = None
    limit: Optional[Callable] = None
    reason: str = ""
    in_bytes: tuple = ()  # the targets, where they are absolute


# ---- finding ------------------------------------------------------------------------------------

def no_batch(entry):
    return "at once" not in entry["way"] and "grown" not in entry["way"]


def beside_best(keep=lambda e: True, ours=lambda e: True, any_precision=False, **wanted):
    """Our best entry beside the best of the others, of those that answer in full precision."""
    def find(run):
        entries = [e for e in run.select(**wanted) if keep(e)]
        own = better([e for e in entries if is_ours(e) and ours(e)])
        peer = better([e for e in entries if not is_ours(e) and
                       (any_precision or not is_single_precision(e))])
        return Pair(own, peer, peer["contestant"]) if own and peer else None
    return find


def is_index(entry):
    return not is_scan(entry) and "disk" not in entry["way"] + entry["contestant"]


def beside_own(name, own, other):
    """Our own entry beside another of ours."""
    def find(run):
        a = run.one(**own)
        b = run.one(**other)
        return Pair(a, b, name) if a and b else None
    return find


def beside_rtree(times, own, other):
    """Beside rtree.c where it was measured, or else what it is said to be to Boost's rstar<16>."""
    def find(run):
        a = next((e for e in run.select(**own) if e["contestant"] == "XTree"), None)
        peers = run.select(**other)
        measured = next((e for e in run.select(**own) if e["contestant"] == "rtree.c"), None)
        rstar = next((e for e in peers if e["contestant"].startswith("Boost rstar")), None)
        if a and measured:
            return Pair(a, measured, "rtree.c")
        return Pair(a, rstar, f"rtree.c, as {times:.3g} × Boost rstar", times) if a and rstar \
            else None
    return find


def find_nearest_batch(k):
    def find(run):
        entries = [e for e in run.select(command="nearest", benchmark=f"nearest {k}",
                                         data="uniform")
                   if is_ours(e) and "grown" not in e["way"]]
        batch = next((e for e in entries if "at once" in e["way"]), None)
        single = better([e for e in entries if "at once" not in e["way"]])
        return Pair(batch, single, "one by one") if batch and single else None
    return find


def find_flat(run):
    """The largest store beside the smallest."""
    entries = [e for e in run.entries if e["benchmark"] == "open" and is_ours(e)]
    if len(entries) < 2:
        return None
    entries.sort(key=lambda e: e["items"])
    return Pair(entries[-1], entries[0], f"itself, {entries[0]['items']:,} items")


def find_publish(run):
    entry = run.one(benchmark="publish")
    if entry is None:
        return None
    r = entry["ratio"]
    return Pair(entry, entry, "its own insertion",
                direct=(1 / r["median"], 1 / r["max"], 1 / r["min"]))


# ---- what the machine allows --------------------------------------------------------------------

ELSEWHERE = "1 thread, the writer works elsewhere"


def limits_of(run):
    limits = {e["way"]: median(e) for e in run.select(benchmark="limit")}
    elsewhere = run.one(benchmark="readers beside a writer", way=ELSEWHERE)
    return {**limits, ELSEWHERE: median(elsewhere)} if elsewhere else limits


def window_limit(item_bytes):
    """The results' coordinates and ids, once through one core; not where caches hold much of it."""
    def limit(ours, limits):
        speed = limits.get("reading memory, one core")
        if not speed or ours["items"] < 5e6:
            return ""
        return f"{100 * median(ours) * 1e4 * item_bytes / (speed * 1e9):.0f} % of bandwidth"
    return limit


def load_limit(ours, limits):
    """Coordinates once in, the tree once out, through all cores."""
    speed = limits.get("reading memory, all cores")
    if not speed:
        return ""
    return f"{100 * ours['items'] * (16 + 27) / (speed * 1e9) / median(ours):.0f} % of bandwidth"


def commit_limit(ours, limits):
    sync = limits.get("writing a page and a sync")
    return f"{100 * sync / median(ours):.0f} % is a page and a sync" if sync else ""


def reader_limit(ours, limits):
    reading = limits.get(ELSEWHERE)
    return f"{median(ours) / reading:.0%} of beside work elsewhere" if reading else ""


def size_limit(data_bytes):
    def limit(ours, limits):
        del limits
        return f"{100 * data_bytes / median(ours):.0f} % are coordinates and id"
    return limit


def of_bytes(target):
    """So many bytes, as a ratio to the peer's."""
    return lambda peer: median(peer) / target


# ---- the rows -----------------------------------------------------------------------------------

def results_of(count):
    return f"{count:,} result{'' if count == 1 else 's'}"


def window_rows(section, command, data, must, aim, extra=None, label="{}", reason="", size=24):
    rows = []
    for count in (1, 100, 10000):
        wanted = dict(command=command, data=data, benchmark=f"window {count}, ids", **(extra or {}))
        rows.append(Row(section, label.format(results_of(count)),
                        beside_best(ours=lambda e: "bulk-loaded" not in e["way"], **wanted),
                        must, aim, window_limit(size) if count == 10000 else None,
                        LARGE if count == 10000 else reason))
    return rows


LARGE = "results of large windows are delivered about as fast as memory gives them"
SMALL = ("a window of few results costs the way down the tree, which is as long for everybody; "
         "what is gained is gained in leaves")
GROWN = ("leaves that grew are two thirds full, and a small window meets more of them than of "
         "loaded ones")
REAL = ("leaves of boxes are twice as large as those of points, and memory has to deliver them; "
        "few results cost the way down, which is as long for everybody")
COUNTS = "an insertion keeps boxes of 32 bits and counts up to the root, for faster queries"
FLAT_DISTANCES = ("uniform points of many dimensions are all about as far from each other: "
                  "whatever looks for the nearest must look at nearly all, and a scan does that "
                  "in one go")

ROWS = (
    window_rows("window", "window", "uniform", 2.5, 4, reason=SMALL) +
    window_rows("real", "window", "coastline", 1.6, 3, label="coastline, {}", reason=REAL,
                size=40) +
    window_rows("real", "window", "shoreline", 1.6, 3, label="shoreline, {}", reason=REAL,
                size=40) +
    window_rows("grown", "insert", "uniform", 4, 7, {"order": "random"}, reason=GROWN) +
    [Row("count", f"{results_of(10000)}, {data}",
         beside_best(command="window", data=data, benchmark="window 10000, count"), 8,
         reason="subtrees inside the window are counted without a visit, its border is not")
     for data in ("uniform", "coastline", "shoreline")] +
    [Row("nearest", f"k = {k}", beside_best(no_batch, command="nearest", data="uniform",
                                            benchmark=f"nearest {k}"), 1.3, 2.5,
         reason="kd-trees are strong here: their cells are square, and they keep no boxes")
     for k in (1, 10, 100)] +
    [Row("high", f"{kind}, d = {d}", beside_best(no_batch, command="high", data=f"{kind} {d}-d",
                                                 benchmark="nearest 10"), 1, 4,
         reason=FLAT_DISTANCES if kind == "uniform" else
         "clusters of many dimensions overlap: the nearest may lie in several leaves")
     for kind in ("uniform", "clustered") for d in (8, 16, 32, 64)] +
    [Row("high", f"{kind}, d = {d}", beside_best(no_batch, command="high", data=f"{kind} {d}-d",
                                                 benchmark="nearest 10"), 1, 4)
     for kind in ("shapes", "pieces") for d in (8, 16)] +
    [Row("batch", f"windows of {results_of(n)}",
         beside_own("one by one", dict(benchmark=f"batch of windows {n}, ids", way="batch"),
                    dict(benchmark=f"batch of windows {n}, ids", way="single")), 2, 4,
         reason="what a batch hides is waiting for memory, of which there is little where few "
                "items are asked or many are delivered") for n in (1, 100)] +
    [Row("batch", f"nearest, k = {k}", find_nearest_batch(k), 2, 4,
         reason="what a batch hides is waiting for memory, and the larger k, the more is computed")
     for k in (1, 10)] +
    [Row("join", "two sets", beside_best(benchmark="join"), 5, 9),
     Row("join", "one with itself", beside_best(benchmark="self-join"), 5, 9),
     Row("load", "points, both cores", beside_best(is_index, benchmark="bulk"),
         4, 8, load_limit),
     Row("change", "insert, random order",
         beside_rtree(RTREE_INSERT, dict(benchmark="insert", way="random"),
                      dict(benchmark="insert", way="random")), 1, 1.7,
         reason=COUNTS),
     Row("change", "insert, Hilbert order",
         beside_rtree(RTREE_SORTED, dict(benchmark="insert", way="Hilbert"),
                      dict(benchmark="insert", way="random")), 1, 1.5,
         reason=COUNTS),
     Row("change", "remove, random order",
         beside_rtree(RTREE_REMOVE, dict(benchmark="remove", way="random"),
                      dict(benchmark="remove", way="random")), 1, 1.5,
         reason="a removal keeps the boxes above it tight, for faster queries"),
     Row("change", "move, a short way",
         beside_rtree(RTREE_REMOVE, dict(benchmark="move, short"), dict(benchmark="move, short")),
         1, 1.5),
     Row("change", "move, far",
         beside_rtree(RTREE_REMOVE, dict(benchmark="move, far"), dict(benchmark="move, far")), 1,
         1.5, reason="a removal and an insertion; the former keeps boxes tight")] +
    [Row("memory", f"{kind}, {way}", beside_best(is_index, benchmark="size", data=data, way=way),
         of_bytes(must), of_bytes(aim), size_limit(size), reason, (must, aim))
     for kind, data, way, must, aim, size, reason in (
         ("points", "uniform", "loaded", 27, 25, 24,
          "kd-trees keep no boxes, and some have ids of 32 bits"),
         ("boxes", "uniform boxes", "loaded", 43, 41, 40,
          "ids of 64 bits and counts of subtrees, where others have ids of 32 bits"),
         ("points", "uniform", "grown", 45, 36, 24, ""),
         ("boxes", "uniform boxes", "grown", 62, 52, 40,
          "leaves that grew are two thirds full, and a leaf of boxes is large"))] +
    [Row("commit", "1 point", beside_best(benchmark="commit of 1", any_precision=True), 1 / 1.1, 1,
         commit_limit,
         reason="beside the sync of 8 to 12 KiB, the path and a record, the next arena's file is "
                "made and filled with zeroes ahead, so that no sync has to wait for blocks; and "
                "files stay below 1.5 times what lives, for which cleaning moves about twice "
                "what is inserted, once they have grown so far"),
     Row("commit", "100 points", beside_best(benchmark="commit of 100", any_precision=True), 1, 1,
         reason="every node that changed is written anew, whole, and commits clean as they go"),
     Row("commit", "10,000 points", beside_best(benchmark="commit of 10000", any_precision=True),
         1, 1),
     Row("open", "largest store", beside_best(benchmark="open", any_precision=True), 1 / 3, 1,
         reason="a store is a folder: its head, its manifest and each of its files are opened and "
                "checked, where LMDB maps one file"),
     Row("open", "largest beside smallest", find_flat, 0.8,
         reason="a larger store has more files to open"),
     Row("reader", "reading while another commits",
         beside_own("itself, undisturbed", dict(benchmark="readers beside a writer",
                                                way="1 thread"),
                    dict(benchmark="readers beside a writer", way="1 thread, the writer waits")),
         0.95, None, reader_limit,
         reason="what was just committed is mapped, comes from the other processor's cache and is "
                "checked once; caches, memory and disk are shared with any writer"),
     Row("reader", "two threads that read",
         beside_own("one thread", dict(benchmark="readers beside a writer",
                                       way="2 threads, the writer waits"),
                    dict(benchmark="readers beside a writer", way="1 thread, the writer waits"))),
     Row("reader", "publishing one insertion", find_publish, 1)]
)
