"""bench/results.py -- the JSON lines of a run, and how they are compared.

SPDX-License-Identifier: MIT
"""
import json
import statistics

OURS = "XTree"

class Run:
    """What was measured: entries, each a line of JSON that knows its part and its context."""

    def __init__(self, path):
        self.machine = None
        self.versions = []
        self.seconds = {}
        self.entries = []
        command = order = ""
        for line in path.read_text(encoding="utf-8").splitlines():
            entry = json.loads(line)
            if "machine" in entry:
                self.machine = self.machine or entry
                command, order = entry["command"], ""
                self.versions += [v for v in entry["versions"] if v not in self.versions]
            elif "part" in entry:
                self.seconds[entry["part"]] = entry["seconds"]
            else:
                # Windows on trees that grew follow the insertions in their order.
                order = entry["way"] if entry["benchmark"] == "insert" else order
                entry.update(command=command, order=order)
                self.entries.append(entry)
        # Some lines name the library alone.
        single = {e["contestant"] for e in self.entries if e["way"].endswith("32-bit")}
        for entry in self.entries:
            entry["single"] = entry["contestant"] in single

    def select(self, **wanted):
        """The entries that have these values; of several numbers of items, those with the most."""
        found = [e for e in self.entries if all(e.get(k) == v for k, v in wanted.items())]
        most = max((e["items"] for e in found), default=0)
        return [e for e in found if e["items"] == most]

    def one(self, **wanted):
        found = self.select(**wanted)
        return found[-1] if found else None


def is_ours(entry):
    return entry["contestant"].split(",")[0] == OURS


def is_single_precision(entry):
    """Whether its library keeps 32 bits of a coordinate."""
    return entry["single"]


def is_scan(entry):
    """Whether its library is no index, but looks at everything."""
    return entry["contestant"] in ("FAISS", "plain scan")


def median(entry):
    return entry["value"]["median"]


def rounds(entry):
    return entry.get("each") or [median(entry)]


def is_time(entry):
    """Whether less is better."""
    return not entry["unit"].endswith(("/s", "per second"))


def better(entries):
    """The entry with the best median."""
    if not entries:
        return None
    return min(entries, key=median) if is_time(entries[0]) else max(entries, key=median)


def ratios(ours, peer, factor=1.0):
    """How many times as fast ours is: the median, the least and the most of all rounds."""
    a, b = rounds(ours), rounds(peer)
    if len(a) != len(b):
        a, b = [median(ours)], [median(peer)]
    each = [(y / x if is_time(ours) else x / y) * factor for x, y in zip(a, b)]
    return statistics.median(each), min(each), max(each)
