#!/usr/bin/env python3
"""tools/read_format.py -- prints the newest commit of a store as JSON.

Written from docs/format.md alone, with nothing but the standard library and none of the library's
code: when both agree on a store, the document says what the library does. Section numbers below
are those of the document.

    read_format.py STORE [--nodes] [--items] [--verify]

Keys are sorted and do not change within a version of the format. Hashes, uuid and timeline are
hexadecimal strings; infinite coordinates are "inf" and "-inf". Numbers are exact: Python's
shortest form of a double reads back as the same double.

Exit status: 0; 2 for wrong arguments; 3 when something does not hold, with one line on standard
error: file, offset in bytes, and the check.

SPDX-License-Identifier: MIT
"""
import argparse
import array
import json
import math
import os
import struct
import sys
from fractions import Fraction

SPACE_UNITS = 1 << 32
ITEMS_END = 1 << 38
ALIGN_UNITS = 32768
MASK = (1 << 64) - 1


class Bad(Exception):
    """Something does not hold: file, offset, check."""

    def __init__(self, path, offset, check):
        super().__init__(f"{path}: offset {offset}: {check}")
        self.path, self.offset, self.check = path, offset, check


# ---- checksums (section 3) -----------------------------------------------------------------------

def crc_table():
    """Remainders of all 16-bit values: two bytes at a time are as fast as this gets in Python."""
    table = array.array("I", bytes(4 * 65536))
    for i in range(65536):
        crc = i
        for _ in range(16):
            crc = (crc >> 1) ^ (0x82F63B78 if crc & 1 else 0)
        table[i] = crc
    return table


CRC_TABLE = crc_table()


def crc32c(data):
    table = CRC_TABLE
    even = len(data) & ~1
    words = array.array("H", bytes(data[:even]))
    if sys.byteorder == "big":
        words.byteswap()
    crc = 0xFFFFFFFF
    for word in words:
        crc = (crc >> 16) ^ table[(crc ^ word) & 0xFFFF]
    if even < len(data):
        crc ^= data[even]
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


P1, P2, P3 = 0x9E3779B185EBCA87, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9
P4, P5 = 0x85EBCA77C2B2AE63, 0x27D4EB2F165667C5


def rotated(x, bits):
    x &= MASK
    return (x << bits | x >> (64 - bits)) & MASK


def rounded(acc, x):
    return rotated(acc + x * P2, 31) * P1 & MASK


def stripes_hash(data, end):
    v1, v2, v3, v4 = (P1 + P2) & MASK, P2, 0, -P1 & MASK
    for a, b, c, d in struct.iter_unpack("<4Q", data[:end]):
        v1 = (v1 + a * P2) & MASK
        v1 = ((v1 << 31) | (v1 >> 33)) * P1 & MASK
        v2 = (v2 + b * P2) & MASK
        v2 = ((v2 << 31) | (v2 >> 33)) * P1 & MASK
        v3 = (v3 + c * P2) & MASK
        v3 = ((v3 << 31) | (v3 >> 33)) * P1 & MASK
        v4 = (v4 + d * P2) & MASK
        v4 = ((v4 << 31) | (v4 >> 33)) * P1 & MASK
    h = rotated(v1, 1) + rotated(v2, 7) + rotated(v3, 12) + rotated(v4, 18)
    for v in (v1, v2, v3, v4):
        h = ((h ^ rounded(0, v)) * P1 + P4) & MASK
    return h


def xxh64(data):
    data = memoryview(data)
    at = len(data) // 32 * 32
    h = stripes_hash(data, at) if at else P5
    h = (h + len(data)) & MASK
    while len(data) - at >= 8:
        x, = struct.unpack_from("<Q", data, at)
        h = (rotated(h ^ rounded(0, x), 27) * P1 + P4) & MASK
        at += 8
    if len(data) - at >= 4:
        y, = struct.unpack_from("<I", data, at)
        h = (rotated(h ^ (y * P1 & MASK), 23) * P2 + P3) & MASK
        at += 4
    for byte in data[at:]:
        h = rotated(h ^ (byte * P5 & MASK), 11) * P1 & MASK
    h = (h ^ h >> 33) * P2 & MASK
    h = (h ^ h >> 29) * P3 & MASK
    return h ^ h >> 32


# ---- fields --------------------------------------------------------------------------------------

class Part:
    """A struct at some offset of a file: gives its fields, and says where a rule was broken."""

    def __init__(self, path, data, base=0):
        self.path, self.data, self.base = path, data, base

    def at(self, offset):
        return Part(self.path, self.data, self.base + offset)

    def get(self, form, offset):
        return struct.unpack_from("<" + form, self.data, self.base + offset)[0]

    def bytes(self, offset, size):
        return self.data[self.base + offset:self.base + offset + size]

    def bad(self, offset, check):
        return Bad(self.path, self.base + offset, check)

    def need(self, holds, offset, check):
        if not holds:
            raise self.bad(offset, check)

    def zero(self, offset, size, check):
        self.need(not any(self.bytes(offset, size)), offset, check)


def hex64(value):
    return f"{value:016x}"


def file_read(path, offset=0, size=None):
    try:
        with open(path, "rb") as file:
            file.seek(offset)
            data = file.read() if size is None else file.read(size)
    except OSError as error:
        raise Bad(path, 0, error.strerror or "cannot be read") from error
    if size is not None and len(data) < size:
        raise Bad(path, offset + len(data), "the file ends too early")
    return data


# ---- state (section 4) ---------------------------------------------------------------------------

STATE_FIELDS = (("txn", "Q", 0), ("manifest_generation", "Q", 8), ("time_ns", "Q", 16),
                ("timeline", "Q", 24), ("live_units", "Q", 32), ("dead_units", "Q", 40),
                ("journal_sequence", "Q", 48), ("record_ref", "I", 56), ("record_bytes", "I", 60))


def root_read(part, i):
    root = part.at(80 + 32 * i)
    kind, ref, height = root.get("I", 0), root.get("I", 4), root.get("I", 8)
    items = root.get("Q", 16)
    root.need(kind == 1 if i == 0 else 2 <= kind <= 4, 0, "state root kind")
    root.need(height <= 32, 8, "state root height")
    root.need((ref == 0) == (height == 0), 4, "state root ref")
    root.need((items == 0) == (height == 0) and items < ITEMS_END, 16, "state root item_count")
    root.zero(12, 4, "state root reserved")
    root.zero(24, 8, "state root reserved")
    return {"height": height, "item_count": items, "kind": kind, "ref": ref}


def frontier_read(part, i, before):
    frontier = part.at(336 + 16 * i)
    arena_id, units = frontier.get("I", 0), frontier.get("Q", 8)
    frontier.need(arena_id > before, 0, "state frontier arena_id")
    frontier.zero(4, 4, "state frontier reserved")
    frontier.need(units <= SPACE_UNITS and units % 64 == 0, 8, "state frontier units")
    return {"arena_id": arena_id, "units": units}


def state_read(part):
    state = {name: part.get(form, offset) for name, form, offset in STATE_FIELDS}
    size, ref = state["record_bytes"], state["record_ref"]
    roots, frontiers = part.get("I", 64), part.get("I", 68)
    part.need(state["txn"] > 0, 0, "state txn")
    part.need(state["manifest_generation"] > 0, 8, "state manifest_generation")
    part.need(state["live_units"] <= SPACE_UNITS, 32, "state live_units")
    part.need(state["dead_units"] <= SPACE_UNITS, 40, "state dead_units")
    part.need(state["journal_sequence"] == 0, 48, "state journal_sequence")
    part.need(4096 <= size <= 65536 and size % 4096 == 0, 60, "state record_bytes")
    part.need(ref > 0 and ref % 64 == 0 and ref + size // 64 <= SPACE_UNITS, 56,
              "state record_ref")
    part.need(1 <= roots <= 8, 64, "state root_count")
    part.need(1 <= frontiers <= 32, 68, "state frontier_count")
    part.zero(72, 4, "state flags")
    part.zero(76, 4, "state reserved")
    part.zero(80 + 32 * roots, 32 * (8 - roots), "state unused root")
    part.zero(336 + 16 * frontiers, 16 * (32 - frontiers), "state unused frontier")
    state["roots"] = [root_read(part, i) for i in range(roots)]
    state["frontiers"] = []
    for i in range(frontiers):
        before = state["frontiers"][-1]["arena_id"] if i else 0
        state["frontiers"].append(frontier_read(part, i, before))
    state["timeline"] = hex64(state["timeline"])
    return state


# ---- HEAD (5.1) ----------------------------------------------------------------------------------

def slot_check(part, i):
    """Raises what is wrong with a slot; returns its contents."""
    part.need(part.bytes(0, 8) == b"XTHEAD\r\n", 0, "HEAD slot magic")
    part.need(crc32c(part.bytes(0, 4092)) == part.get("I", 4092), 4092, "HEAD slot checksum")
    part.need(part.get("I", 8) == 2, 8, "HEAD slot format_version")
    part.need(part.get("I", 12) == i, 12, "HEAD slot number")
    txn, durable_txn = part.get("Q", 32), part.get("Q", 904)
    if i < 4:
        part.zero(888, 16, "HEAD slot boot_id")
        part.need(durable_txn == txn, 904, "HEAD slot durable_txn")
    else:
        part.need(4 + txn % 2 == i, 32, "HEAD slot txn")
        part.need(durable_txn <= txn, 904, "HEAD slot durable_txn")
    part.zero(912, 3180, "HEAD slot reserved")
    return {"durable_txn": durable_txn, "record_hash": hex64(part.get("Q", 880)),
            "state": state_read(part.at(32)), "uuid": part.bytes(16, 16).hex()}


def head_read(store):
    """All slots as they are shown, the newest durable one, and the bytes of its state.

    Commits that only the chain leads to are not looked for: a store that was closed has none.
    """
    path = os.path.join(store, "HEAD")
    data = file_read(path, 0, 24576)
    shown, newest, first_bad = [], None, None
    for i in range(6):
        part = Part(path, data, 4096 * i)
        if not any(part.bytes(0, 4096)):
            shown.append({"slot": i, "valid": False, "why": "never written"})
            continue
        try:
            slot = slot_check(part, i)
        except Bad as bad:
            if bad.check == "HEAD slot format_version":
                raise
            first_bad = first_bad or bad
            shown.append({"slot": i, "valid": False, "why": bad.check})
            continue
        shown.append({"durable_txn": slot["durable_txn"], "record_hash": slot["record_hash"],
                      "slot": i, "valid": True, "txn": slot["state"]["txn"]})
        if newest and newest[0]["uuid"] != slot["uuid"]:
            raise part.bad(16, "HEAD slot uuid")
        if i < 4 and (not newest or slot["state"]["txn"] > newest[0]["state"]["txn"]):
            newest = slot, part.bytes(32, 848)
    if not newest:
        raise first_bad or Bad(path, 0, "HEAD without a written slot")
    return shown, newest[0], newest[1]


# ---- manifest (5.2) ------------------------------------------------------------------------------

def dimension_read(part, first_type):
    kind, size = part.get("B", 0), part.get("H", 2)
    period = part.get("d", 8)
    part.need(kind in (1, 2) and first_type in (0, kind), 0, "manifest dimension coord_type")
    part.zero(1, 1, "manifest dimension flags")
    part.need(size <= 47, 2, "manifest dimension name_bytes")
    part.zero(4, 4, "manifest dimension reserved")
    part.need(math.isfinite(period) and math.copysign(1, period) > 0, 8,
              "manifest dimension period")
    name = part.bytes(16, size)
    part.need(b"\0" not in name, 16, "manifest dimension name")
    part.zero(16 + size, 48 - size, "manifest dimension name")
    return {"coord_type": kind, "name": name.decode("utf-8", "replace"), "period": period}


def arena_entry_read(part, before, next_id):
    entry = {"arena_id": part.get("I", 0), "committed_units": part.get("Q", 16),
             "created_txn": part.get("Q", 32), "first_unit": part.get("I", 4),
             "flags": part.get("I", 40), "live_units": part.get("Q", 24),
             "range_units": part.get("Q", 8)}
    first, units = entry["first_unit"], entry["range_units"]
    part.need(before < entry["arena_id"] < next_id, 0, "manifest arena arena_id")
    part.need(first % ALIGN_UNITS == 0, 4, "manifest arena first_unit")
    part.need(units > 0 and units % ALIGN_UNITS == 0 and first + units <= SPACE_UNITS, 8,
              "manifest arena range_units")
    part.need(entry["committed_units"] <= units and entry["committed_units"] % 64 == 0, 16,
              "manifest arena committed_units")
    part.need(entry["live_units"] <= entry["committed_units"], 24, "manifest arena live_units")
    part.need(entry["created_txn"] > 0, 32, "manifest arena created_txn")
    part.need(entry["flags"] in (0, 1), 40, "manifest arena flags")
    part.zero(44, 4, "manifest arena reserved")
    return entry


MANIFEST_FIELDS = (("generation", "Q", 32), ("created_txn", "Q", 40),
                   ("required_features", "Q", 48), ("optional_features", "Q", 56),
                   ("dims", "I", 64), ("item_kind", "B", 68), ("unit_shift", "B", 69),
                   ("node_checksum", "B", 70), ("extent_hash", "B", 71),
                   ("leaf_capacity", "I", 72), ("inner_capacity", "I", 76),
                   ("supernode_units_max", "I", 80), ("extent_align", "I", 84),
                   ("arena_count", "I", 88), ("dim_bytes", "I", 92), ("arena_bytes", "I", 96),
                   ("next_arena_id", "I", 100), ("record_hash", "Q", 104))


def manifest_fields_check(part, m, generation):
    """The fixed part but for what the layout of nodes is needed for."""
    rules = (("generation", m["generation"] == generation),
             ("created_txn", m["created_txn"] > 0),
             ("dims", 1 <= m["dims"] <= 255), ("item_kind", m["item_kind"] in (1, 2)),
             ("unit_shift", m["unit_shift"] == 6), ("node_checksum", m["node_checksum"] == 1),
             ("extent_hash", m["extent_hash"] == 1),
             ("leaf_capacity", m["leaf_capacity"] in range(16, 1025, 16)),
             ("inner_capacity", m["inner_capacity"] in range(16, 1025, 16)),
             ("extent_align", m["extent_align"] in (4096, 8192, 16384, 32768, 65536)),
             ("arena_count", 1 <= m["arena_count"] <= 4096), ("dim_bytes", m["dim_bytes"] == 64),
             ("arena_bytes", m["arena_bytes"] == 48))
    offsets = {name: offset for name, _, offset in MANIFEST_FIELDS}
    unknown = m["required_features"]
    if unknown:
        raise part.bad(48, f"required feature bit {(unknown & -unknown).bit_length() - 1}")
    for name, holds in rules:
        part.need(holds, offsets[name], "manifest " + name)
    part.zero(112, 16, "manifest reserved")


def ranges_check(part, base, arenas):
    """That no two arenas own the same unit."""
    order = sorted(range(len(arenas)), key=lambda i: arenas[i]["first_unit"])
    for i, j in zip(order, order[1:]):
        end = arenas[i]["first_unit"] + arenas[i]["range_units"]
        part.need(end <= arenas[j]["first_unit"], base + 48 * j + 4, "manifest arena overlap")


def manifest_read(store, generation, uuid):
    path = os.path.join(store, f"manifest-{generation:016x}")
    data = file_read(path)
    part = Part(path, data)
    part.need(len(data) >= 136, len(data), "manifest cut short")
    part.need(data[:8] == b"XTMANIF\n", 0, "manifest magic")
    part.need(part.get("I", 12) == len(data), 12, "manifest total_bytes")
    part.need(xxh64(data[:-8]) == part.get("Q", len(data) - 8), len(data) - 8, "manifest hash")
    part.need(part.get("I", 8) == 2, 8, "manifest format_version")
    part.need(data[16:32].hex() == uuid, 16, "manifest uuid")
    m = {name: part.get(form, offset) for name, form, offset in MANIFEST_FIELDS}
    manifest_fields_check(part, m, generation)
    dims, count = m["dims"], m["arena_count"]
    part.need(len(data) == 136 + 64 * dims + 48 * count, 12, "manifest total_bytes")
    m["dimensions"], m["arenas"] = [], []
    for i in range(dims):
        first = m["dimensions"][0]["coord_type"] if i else 0
        m["dimensions"].append(dimension_read(part.at(128 + 64 * i), first))
    base = 128 + 64 * dims
    for i in range(count):
        before = m["arenas"][-1]["arena_id"] if i else 0
        entry = arena_entry_read(part.at(base + 48 * i), before, m["next_arena_id"])
        m["arenas"].append(entry)
    ranges_check(part, base, m["arenas"])
    most = m["supernode_units_max"]
    layout = Layout(m)
    part.need(layout.units(0, m["leaf_capacity"]) <= most <= 1 << 28 and
              layout.units(1, m["inner_capacity"]) <= most, 80, "manifest supernode_units_max")
    m["uuid"] = uuid
    return m, layout


# ---- arenas (5.3) --------------------------------------------------------------------------------

class Arena:
    def __init__(self, store, entry, state, uuid):
        self.name = f"arena-{entry['arena_id']:08x}.xta"
        self.path = os.path.join(store, self.name)
        self.entry = entry
        self.first, self.range = entry["first_unit"], entry["range_units"]
        self.units = entry["committed_units"]
        for frontier in state["frontiers"]:
            if frontier["arena_id"] == entry["arena_id"]:
                self.units = frontier["units"]
        self.live = entry["live_units"]
        self.seen = 0  # units of nodes that a walk met
        self.header = self.header_read(uuid)
        self.data = file_read(self.path)
        if self.units > self.range:
            raise Bad(self.path, 0, "frontier beyond the arena's range")
        if len(self.data) < 64 * self.units:
            raise Bad(self.path, len(self.data), "the file is shorter than what was committed")

    def header_read(self, uuid):
        part = Part(self.path, file_read(self.path, 0, 4096))
        part.need(part.bytes(0, 8) == b"XTARENA\n", 0, "arena magic")
        part.need(crc32c(part.bytes(0, 4092)) == part.get("I", 4092), 4092, "arena checksum")
        part.need(part.get("I", 8) == 2, 8, "arena format_version")
        part.need(part.get("I", 12) == 4096, 12, "arena header_bytes")
        part.need(part.bytes(16, 16).hex() == uuid, 16, "arena uuid")
        part.need(part.get("I", 32) == self.entry["arena_id"], 32, "arena arena_id")
        part.need(part.get("I", 36) == self.first, 36, "arena first_unit")
        part.need(part.get("Q", 40) == self.range, 40, "arena range_units")
        part.need(part.get("Q", 48) > 0, 48, "arena created_txn")
        part.need(part.get("B", 64) == 6, 64, "arena unit_shift")
        part.need(part.get("B", 65) == 0, 65, "arena stream")
        part.zero(66, 2, "arena reserved")
        part.zero(68, 4, "arena flags")
        part.zero(72, 4020, "arena reserved")
        return {"created_txn": part.get("Q", 48), "timeline": hex64(part.get("Q", 56))}

    def holds(self, ref):
        return self.first <= ref < self.first + self.range

    def shown(self):
        return {"arena_id": self.entry["arena_id"], "committed_units": self.units,
                "created_txn": self.header["created_txn"], "file": self.name,
                "file_bytes": len(self.data), "first_unit": self.first,
                "live_units": self.live, "range_units": self.range, "timeline": self.header["timeline"]}


class Arenas:
    def __init__(self, store, manifest, state, uuid):
        self.all = [Arena(store, entry, state, uuid) for entry in manifest["arenas"]]
        self.by_id = {arena.entry["arena_id"]: arena for arena in self.all}
        for i, frontier in enumerate(state["frontiers"]):
            if frontier["arena_id"] not in self.by_id:
                raise Bad(os.path.join(store, "HEAD"), 4096 * (state["txn"] % 4) + 368 + 16 * i,
                          "frontier of an arena that is not in the manifest")

    def find(self, ref):
        """The arena that owns a ref, or None."""
        return next((arena for arena in self.all if arena.holds(ref)), None)

    def part(self, ref, check):
        """The bytes from a ref on that must be committed, and how many units are left."""
        arena = self.find(ref)
        if arena is None:
            raise Bad("no arena", 64 * ref, check)
        if not 64 <= ref - arena.first < arena.units:
            raise Bad(arena.path, 64 * (ref - arena.first), check)
        at = ref - arena.first
        return Part(arena.path, arena.data, 64 * at), arena.units - at


# ---- commit records (5.4) ------------------------------------------------------------------------

def extent_read(part, i, align, committed):
    extent = part.at(912 + 32 * i)
    e = {"arena_id": extent.get("I", 0), "first_unit": extent.get("Q", 8),
         "hash": hex64(extent.get("Q", 24)), "units": extent.get("Q", 16)}
    extent.need(e["arena_id"] > 0, 0, "commit record extent arena_id")
    extent.zero(4, 4, "commit record extent reserved")
    extent.need(e["first_unit"] >= 64 and e["first_unit"] * 64 % align == 0, 8,
                "commit record extent first_unit")
    extent.need(0 < e["units"] and e["units"] * 64 % align == 0 and
                e["first_unit"] + e["units"] <= SPACE_UNITS, 16, "commit record extent units")
    limit = committed.get(e["arena_id"], SPACE_UNITS)
    extent.need(e["first_unit"] + e["units"] <= limit, 16,
                "commit record extent beyond its frontier")
    return e


def extents_read(part, record, align):
    """The list of extents, without looking at what they hold."""
    count, size = part.get("I", 900), record["record_bytes"]
    part.need(1 <= count <= (size - 920) // 32, 900, "commit record extent_count")
    committed = {f["arena_id"]: f["units"] for f in record["state"]["frontiers"]}
    extents = [extent_read(part, i, align, committed) for i in range(count)]
    order = sorted(range(count), key=lambda i: (extents[i]["arena_id"], extents[i]["first_unit"]))
    for i, j in zip(order, order[1:]):
        a, b = extents[i], extents[j]
        part.need(a["arena_id"] != b["arena_id"] or a["first_unit"] + a["units"] <= b["first_unit"],
                  920 + 32 * j, "commit record extent overlap")
    part.need(extents[0]["units"] * 64 >= size, 928, "commit record longer than its extent")
    return extents


def live_read(part, record):
    """The live table, and that nothing stands behind it."""
    count, size, table = part.get("I", 904), record["record_bytes"], 912 + 32 * part.get("I", 900)
    part.need(table + 8 * count <= size - 8, 904, "commit record live_count")
    part.zero(908, 4, "commit record reserved")
    live, before = {}, 0
    for i in range(count):
        arena_id, units = part.get("I", table + 8 * i), part.get("I", table + 8 * i + 4)
        part.need(arena_id > before, table + 8 * i, "commit record live arena_id")
        part.need(units <= record["state"]["live_units"], table + 8 * i + 4,
                  "commit record live units")
        live[arena_id], before = units, arena_id
    end = table + 8 * count
    part.zero(end, size - 8 - end, "commit record zeroes behind the live table")
    return live


def record_read(arenas, ref, uuid, align):
    part, left = arenas.part(ref, "commit record beyond the committed units")
    part.need(left >= 64, 0, "commit record beyond the committed units")
    part.need(part.bytes(0, 8) == b"XTCOMMIT", 0, "commit record magic")
    size = part.get("I", 12)
    part.need(4096 <= size <= 65536 and size % 4096 == 0 and size <= 64 * left, 12,
              "commit record record_bytes")
    part.need(xxh64(part.bytes(0, size - 8)) == part.get("Q", size - 8), size - 8,
              "commit record hash")
    part.need(part.get("I", 8) == 2, 8, "commit record format_version")
    part.need(part.bytes(16, 16).hex() == uuid, 16, "commit record uuid")
    state = state_read(part.at(32))
    part.need(state["record_bytes"] == size, 92, "commit record state record_bytes")
    part.need(state["record_ref"] == ref, 88, "commit record state record_ref")
    record = {"durable_txn": part.get("Q", 888), "hash": hex64(part.get("Q", size - 8)),
              "previous_hash": hex64(part.get("Q", 880)), "previous_ref": part.get("I", 896),
              "record_bytes": size, "ref": ref, "state": state, "txn": state["txn"]}
    is_first, previous = state["txn"] == 1, record["previous_ref"]
    part.need(not is_first or part.get("Q", 880) == 0, 880, "commit record previous_hash")
    part.need(record["durable_txn"] < state["txn"], 888, "commit record durable_txn")
    part.need((previous == 0) == is_first and previous % 64 == 0 and previous != ref, 896,
              "commit record previous_ref")
    record["extents"] = extents_read(part, record, align)
    record["live"] = live_read(part, record)
    first, arena = record["extents"][0], arenas.find(ref)
    part.need(first["arena_id"] == arena.entry["arena_id"] and
              first["first_unit"] == ref - arena.first, 912, "commit record place in its extent")
    return record, part.bytes(32, 848), part


def extents_verify(arenas, record, part):
    """The hashes of the extents; those in arenas that are gone cannot be looked at."""
    for i, extent in enumerate(record["extents"]):
        arena = arenas.by_id.get(extent["arena_id"])
        if arena is None:
            continue
        start, size = 64 * extent["first_unit"], 64 * extent["units"]
        part.need(start + size <= 64 * arena.units, 912 + 32 * i + 16,
                  "commit record extent beyond the committed units")
        skip = record["record_bytes"] if i == 0 else 0
        data = memoryview(arena.data)[start + skip:start + size]
        if hex64(xxh64(data)) != extent["hash"]:
            raise Bad(arena.path, start, "extent hash")


def live_take(arenas, record, part):
    """The live table says of some arenas what the manifest says of the others."""
    for arena_id, units in record["live"].items():
        part.need(arena_id in arenas.by_id, 904, "live units of an arena not in the manifest")
        arenas.by_id[arena_id].live = units
    for arena in arenas.all:
        part.need(arena.live <= arena.units, 904, "more live units than committed")
    part.need(sum(arena.live for arena in arenas.all) == record["state"]["live_units"], 904,
              "live units of the arenas and of the state")


def chain_read(arenas, record, uuid, align, verify):
    """The records before the newest, as far back as their arenas are there."""
    chain = []
    while record["previous_ref"] != 0:
        txn, ref = record["txn"] - 1, record["previous_ref"]
        arena = arenas.find(ref)
        if arena is None or arena.header["created_txn"] > txn:
            break
        before, _, part = record_read(arenas, ref, uuid, align)
        part.need(before["hash"] == record["previous_hash"], before["record_bytes"] - 8,
                  "commit record chain hash")
        part.need(before["txn"] == txn, 32, "commit record chain txn")
        if verify:
            extents_verify(arenas, before, part)
        chain.append({"hash": before["hash"], "ref": ref, "txn": txn})
        record = before
    return chain


# ---- nodes (section 6) ---------------------------------------------------------------------------

class Layout:
    def __init__(self, manifest):
        self.dims = manifest["dims"]
        self.leaf_kind = manifest["item_kind"]
        self.is_f64 = manifest["dimensions"][0]["coord_type"] == 1
        self.arrays = self.dims * manifest["item_kind"]
        self.inner_capacity = manifest["inner_capacity"]
        self.units_max = manifest["supernode_units_max"]
        self.boxes_offset = (48 + 8 * self.dims + 63) // 64 * 64

    def units(self, level, capacity):
        if level == 0:
            return 1 + capacity // 16 * (self.arrays * (2 if self.is_f64 else 1) + 2)
        return self.boxes_offset // 64 + capacity // 16 * (2 * self.dims + 1)


class Node:
    """A node that obeys section 6.1 for the level where it was found."""

    def __init__(self, walk, ref, level):
        part, left = walk.arenas.part(ref, "node ref outside the committed units")
        layout = walk.layout
        self.part, self.layout, self.ref, self.level = part, layout, ref, level
        self.birth_txn = part.get("Q", 8)
        self.count, self.capacity = part.get("I", 16), part.get("I", 20)
        self.units, self.kind = part.get("I", 24), part.get("B", 28)
        self.flags, self.item_count = part.get("H", 30), part.get("Q", 32)
        part.need(part.get("I", 4) == ref, 4, "node self_ref")
        part.need(1 <= self.birth_txn <= walk.txn, 8, "node birth_txn")
        part.need(self.kind == (3 if level else layout.leaf_kind), 28, "node kind")
        part.need(part.get("B", 29) == level, 29, "node level")
        part.need(self.capacity > 0 and self.capacity % 16 == 0, 20, "node capacity")
        part.need(1 <= self.count <= self.capacity, 16, "node count")
        part.need(self.units == layout.units(level, self.capacity), 24, "node size_units")
        part.need(self.units <= layout.units_max, 24, "node larger than the store allows")
        part.need(self.units <= left, 24, "node beyond the committed units")
        is_super = level > 0 and self.capacity > layout.inner_capacity
        part.need(self.flags == is_super, 30, "node flags")
        part.need(self.count <= self.item_count < ITEMS_END and
                  (level > 0 or self.item_count == self.count), 32, "node item_count")
        part.zero(40, 8, "node aux_ref or reserved")
        if level == 0:
            part.zero(48, 16, "node reserved body")
        else:
            self.inner_check()

    def inner_check(self):
        dims = self.layout.dims
        self.origin = self.array(48, "d", dims)
        self.part.need(all(map(math.isfinite, self.origin)), 48, "node origin")
        gap = self.layout.boxes_offset - 48 - 8 * dims
        self.part.zero(48 + 8 * dims, gap, "node reserved body")

    def array(self, offset, form, count):
        return struct.unpack_from(f"<{count}{form}", self.part.data, self.part.base + offset)

    def axes(self):
        """For each axis the low and high values of all slots, as stored; then where they end."""
        layout, c = self.layout, self.capacity
        is_f64 = self.level == 0 and layout.is_f64
        offset = 64 if self.level == 0 else layout.boxes_offset
        form, size = ("d", 8) if is_f64 else ("f", 4)
        pairs = self.level > 0 or layout.leaf_kind == 2
        axes = []
        for _ in range(layout.dims):
            low = self.array(offset, form, c)
            offset += size * c
            high = self.array(offset, form, c) if pairs else low
            offset += size * c if pairs else 0
            axes.append((low, high))
        return axes, offset

    def last(self, offset):
        """Refs or ids."""
        return self.array(offset, "Q" if self.level == 0 else "I", self.capacity)

    def slots_check(self, axes, last):
        n = self.count
        for low, high in axes:
            for values in (low, high):
                self.part.need(all(x != x for x in values[n:]), 0, "node unused slot not NaN")
            self.part.need(all(a <= b for a, b in zip(low[:n], high[:n])), 0, "node box order")
            if self.level > 0:
                tiny = any(0 < abs(x) < 2.0 ** -126 for x in low[:n] + high[:n])
                self.part.need(not tiny, 0, "node denormal offset")
        self.part.need(not any(last[n:]), 0, "node unused slot not zero")

    def box(self, axes):
        """Around the entries: exact for a leaf; else the sum with the origin, rounded outward."""
        n = self.count
        box = [(min(low[:n]), max(high[:n])) for low, high in axes]
        if self.level > 0:
            box = [(outward(o, low, -math.inf), outward(o, high, math.inf))
                   for o, (low, high) in zip(self.origin, box)]
        return box

    def shown(self, box):
        return {"birth_txn": self.birth_txn, "bytes": 64 * self.units, "capacity": self.capacity,
                "count": self.count, "high": [plain(high) for _, high in box],
                "item_count": self.item_count, "kind": self.kind, "level": self.level,
                "low": [plain(low) for low, _ in box], "ref": self.ref,
                "supernode": bool(self.flags & 1)}


def outward(origin, offset, side):
    """The double next to the exact sum that lies on the given side of it."""
    total = origin + offset
    if not math.isfinite(total):
        return total
    exact = Fraction(origin) + Fraction(offset)
    is_wrong = Fraction(total) > exact if side < 0 else Fraction(total) < exact
    return math.nextafter(total, side) if is_wrong else total


def plain(value):
    """A coordinate as JSON can say it."""
    return value if math.isfinite(value) else ("inf" if value > 0 else "-inf")


class Walk:
    """Shows the nodes from the root on, parents first; what needs children is verified upwards."""

    def __init__(self, arenas, layout, txn, options):
        self.arenas, self.layout, self.txn = arenas, layout, txn
        self.options = options
        self.nodes, self.items, self.seen = [], [], {}
        self.units = self.item_count = 0
        self.bounds = {}  # ref: exact box around all items below, while verifying

    def run(self, root):
        """Depth first with a stack of its own: (ref, level, parent or None)."""
        stack = [(root["ref"], root["height"] - 1)] if root["height"] else []
        order = []
        while stack:
            ref, level = stack.pop()
            node = Node(self, ref, level)
            node.part.need(ref not in self.seen, 4, "node with two parents")
            self.seen[ref] = node.item_count
            children = self.visit(node)
            stack.extend((child, level - 1) for child in reversed(children))
            order.append(ref)
        if self.options.verify:
            for ref in reversed(order):
                self.verify_up(ref)

    def visit(self, node):
        axes, offset = node.axes()
        last = node.last(offset)
        self.units += node.units
        self.arenas.find(node.ref).seen += node.units
        if self.options.verify:
            size = 64 * node.units
            node.part.need(crc32c(node.part.bytes(4, size - 4)) == node.part.get("I", 0), 0,
                           "node checksum")
        node.slots_check(axes, last)
        box = node.box(axes)
        if self.options.nodes:
            self.nodes.append(node.shown(box))
        if node.level > 0:
            if self.options.verify:
                self.bounds[node.ref] = node, axes, last
            return last[:node.count]
        if self.options.verify:
            self.bounds[node.ref] = box
        self.item_count += node.count
        if self.options.items:
            self.items_add(node, axes, last)
        return ()

    def items_add(self, node, axes, last):
        for i in range(node.count):
            self.items.append({"high": [plain(high[i]) for _, high in axes], "id": last[i],
                               "low": [plain(low[i]) for low, _ in axes]})

    def verify_up(self, ref):
        """Item counts and boxes of an inner node against its children, which are done."""
        if isinstance(self.bounds[ref], list):
            return
        node, axes, last = self.bounds[ref]
        boxes = [self.bounds.pop(child) for child in last[:node.count]]
        total = sum(self.seen[child] for child in last[:node.count])
        node.part.need(total == node.item_count, 32, "node item_count of its children")
        for axis, (low, high) in enumerate(axes):
            origin = node.origin[axis]
            for i, box in enumerate(boxes):
                holds = offset_holds(low[i], box[axis][0], origin, -1) and \
                    offset_holds(high[i], box[axis][1], origin, 1)
                node.part.need(holds, 0, f"node box of child {i}")
        self.bounds[ref] = [(min(box[axis][0] for box in boxes), max(box[axis][1] for box in boxes))
                            for axis in range(len(axes))]


def offset_holds(offset, value, origin, sign):
    """Whether a stored offset lies outside of value - origin, or on it, in exact arithmetic."""
    if math.isinf(offset):
        return offset * sign > 0 or offset == value
    if math.isinf(value):
        return value * sign < 0
    difference = Fraction(value) - Fraction(origin)
    return offset >= difference if sign > 0 else offset <= difference


# ---- all of it -----------------------------------------------------------------------------------

def store_read(store, options):
    slots, newest, state_bytes = head_read(store)
    state, uuid = newest["state"], newest["uuid"]
    manifest, layout = manifest_read(store, state["manifest_generation"], uuid)
    arenas = Arenas(store, manifest, state, uuid)
    align = manifest["extent_align"]
    record, record_state, part = record_read(arenas, state["record_ref"], uuid, align)
    part.need(record["hash"] == newest["record_hash"], record["record_bytes"] - 8,
              "commit record hash that HEAD names")
    part.need(record_state == state_bytes, 32, "commit record state that HEAD shows")
    live_take(arenas, record, part)
    if options.verify:
        extents_verify(arenas, record, part)
    chain = chain_read(arenas, record, uuid, align, options.verify)
    del record["state"]
    result = {"arenas": [arena.shown() for arena in arenas.all], "chain": chain,
              "commit_record": record, "format_version": 2, "head": slots, "manifest": manifest,
              "state": state, "uuid": uuid}
    if options.nodes or options.items or options.verify:
        walk = Walk(arenas, layout, state["txn"], options)
        walk.run(state["roots"][0])
        head = Part(os.path.join(store, "HEAD"), b"", 4096 * (state["txn"] % 4))
        head.need(walk.item_count == state["roots"][0]["item_count"], 128, "state root item_count")
        head.need(len(state["roots"]) > 1 or walk.units == state["live_units"], 64,
                  "state live_units")
        for arena in arenas.all:
            if len(state["roots"]) == 1 and arena.seen != arena.live:
                raise Bad(arena.path, 0, "live units of the arena")
        if options.nodes:
            result["nodes"] = walk.nodes
        if options.items:
            result["items"] = walk.items
    return result


def main():
    parser = argparse.ArgumentParser(description="Prints the newest commit of a store as JSON.")
    parser.add_argument("store", metavar="STORE")
    parser.add_argument("--nodes", action="store_true", help="list the nodes, parents first")
    parser.add_argument("--items", action="store_true", help="list the items")
    parser.add_argument("--verify", action="store_true", help="check every checksum, count and box")
    options = parser.parse_args()
    try:
        result = store_read(options.store, options)
    except Bad as bad:
        print(f"read_format.py: {bad}", file=sys.stderr)
        return 3
    json.dump(result, sys.stdout, indent=1, sort_keys=True, allow_nan=False)
    print()
    return 0


if __name__ == "__main__":
    sys.exit(main())
