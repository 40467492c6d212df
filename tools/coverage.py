#!/usr/bin/env python3
"""tools/coverage.py -- which lines of the library and the tool the tests ran.

    tools/coverage.py BUILD      (a build with XTREE_COVERAGE, after its tests)

Asks gcov for every object file, adds up, and prints a line for each source file, least first.

SPDX-License-Identifier: MIT
"""
import collections
import gzip
import json
import pathlib
import subprocess
import sys
import tempfile

FOLDERS = ("src/", "cli/")


def read_counts(build, root):
    """path -> line -> how often it ran, over all object files."""
    counts = collections.defaultdict(lambda: collections.defaultdict(int))
    with tempfile.TemporaryDirectory() as scratch:
        for data in sorted(build.rglob("*.gcda")):
            subprocess.run(["gcov", "--json-format", str(data.resolve())], cwd=scratch,
                           check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            for result in pathlib.Path(scratch).glob("*.gcov.json.gz"):
                with gzip.open(result) as stream:
                    for file in json.load(stream)["files"]:
                        add_file(counts, root, file)
                result.unlink()
    return counts


def add_file(counts, root, file):
    path = pathlib.Path(file["file"])
    try:
        name = path.resolve().relative_to(root).as_posix()
    except ValueError:
        return
    if name.startswith(FOLDERS):
        for line in file["lines"]:
            counts[name][line["line_number"]] += line["count"]


def main():
    build = pathlib.Path(sys.argv[1])
    root = pathlib.Path(__file__).resolve().parent.parent
    rows = []
    for name, lines in read_counts(build, root).items():
        ran = sum(1 for count in lines.values() if count)
        rows.append((ran / len(lines), ran, len(lines), name))
    for share, ran, total, name in sorted(rows):
        print(f"{100 * share:6.1f} %  {ran:5d} of {total:5d}  {name}")
    ran = sum(row[1] for row in rows)
    total = sum(row[2] for row in rows)
    if not total:
        print("no coverage data: run `make cov`", file=sys.stderr)
        return 1
    print(f"{100 * ran / total:6.1f} %  {ran:5d} of {total:5d}  all")
    return 0


if __name__ == "__main__":
    sys.exit(main())
