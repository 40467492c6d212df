#!/usr/bin/env python3
"""tools/check_layers.py -- who may include whom, and who may call what.

    tools/check_layers.py [--root FOLDER]

A room of src/ includes its own headers, the door (room/room.h) of rooms of lower rank, and every
header of format/ from above it. Only src/os talks to the system. What stands on the library (the
tool, examples, benchmarks, tests/api) sees include/xtree.h and nothing else of it.

SPDX-License-Identifier: MIT
"""
import argparse
import pathlib
import re
import sys

RANK = {"base": 0, "os": 1, "format": 1, "geom": 1, "arena": 2, "txn": 3, "tree": 4, "api": 5}

# Folders that see the public header only, and the prefixes of ours that they may include beside it.
OUTSIDE = {
    "cli": (),
    "examples": (),
    "bench": (),
    "tests/api": ("support/",),
}

SYSTEM = re.compile(r"^(sys/|linux/|asm/|arpa/|netinet/)|"
                    r"^(fcntl|unistd|pthread|dirent|poll|sched|signal|threads|time)\.h$")
ATOMIC_ROOMS = {"arena", "os", "txn"}

# Calls that belong to one place; a name behind '.' or '->' is a member, not the call.
CALLS = [
    (re.compile(r"(?<![\w.>])(malloc|calloc|realloc|free|aligned_alloc|posix_memalign)\s*\("),
     ("src/os/",), "memory comes from the os table"),
    (re.compile(r"(?<![\w.>])(printf|fprintf|vprintf|vfprintf|puts|fputs|putchar|perror)\s*\("),
     ("src/base/assert.c",), "the library prints nothing"),
    (re.compile(r"(?<![\w.>])(getenv|secure_getenv|setenv|signal|sigaction|exit|system)\s*\("),
     (), "a library leaves the process alone"),
]

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
COMMENT_OR_STRING = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"', re.S)


def without_comments(text):
    """Blanks comments and strings, keeping the lines."""
    return COMMENT_OR_STRING.sub(lambda m: re.sub(r"[^\n]", " ", m.group()), text)


def room_error(room, header):
    """Why src/<room> may not include "header", or None."""
    if header == "xtree.h":
        return None
    other = header.split("/")[0]
    if "/" not in header or other not in RANK:
        return f'"{header}" is not written as "room/header.h"'
    if other == room:
        return None
    if RANK[other] >= RANK[room]:
        return f"{room} (rank {RANK[room]}) may not include {other} (rank {RANK[other]})"
    if other != "format" and header != f"{other}/{other}.h":
        return f"{header} is not the door of {other}"
    return None


def library_errors(path, text):
    """Yields (line, message) for a file below src/."""
    room = path.split("/")[1]
    if room not in RANK:
        yield 1, f"src/{room} is not a room"
        return
    for number, line in enumerate(text.split("\n"), 1):
        match = INCLUDE.match(line)
        if not match:
            continue
        bracket, header = match.groups()
        if bracket == '"':
            error = room_error(room, header)
            if error:
                yield number, error
        elif room != "os" and SYSTEM.search(header):
            yield number, f"only src/os includes <{header}>"
        elif header == "stdatomic.h" and room not in ATOMIC_ROOMS:
            yield number, f"<stdatomic.h> belongs to {', '.join(sorted(ATOMIC_ROOMS))}"
    code = without_comments(text)
    for pattern, allowed, reason in CALLS:
        if path.startswith(allowed):
            continue
        for match in pattern.finditer(code):
            yield code.count("\n", 0, match.start()) + 1, f"{match.group(1)}(): {reason}"


def outside_errors(root, path, folder, text):
    """Yields (line, message) for a file that sees the public header only."""
    for number, line in enumerate(text.split("\n"), 1):
        match = INCLUDE.match(line)
        if not match or match.group(1) != '"':
            continue
        header = match.group(2)
        own = (root / path).parent / header
        if header == "xtree.h" or header.startswith(OUTSIDE[folder]):
            continue
        if ".." in header or not own.is_file():
            yield number, f'{folder} sees "xtree.h" only, not "{header}"'


def all_errors(root):
    """Yields path:line: message for every file under root."""
    for file in sorted(root.glob("**/*.[ch]")):
        path = file.relative_to(root).as_posix()
        text = None
        if path.startswith("src/"):
            text = file.read_text(encoding="utf-8")
            found = library_errors(path, text)
        else:
            folder = next((f for f in OUTSIDE if path.startswith(f + "/")), None)
            if folder is None:
                continue
            text = file.read_text(encoding="utf-8")
            found = outside_errors(root, path, folder, text)
        for number, message in found:
            yield f"{path}:{number}: {message}"


def main():
    parser = argparse.ArgumentParser(description="Checks who includes whom.")
    parser.add_argument("--root", type=pathlib.Path,
                        default=pathlib.Path(__file__).resolve().parent.parent)
    errors = list(all_errors(parser.parse_args().root))
    print("\n".join(errors), end="\n" if errors else "")
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
