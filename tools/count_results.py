#!/usr/bin/env python3
"""tools/count_results.py -- one line for many test runs: "N passed, N failed".

    tools/count_results.py build/dev/tests.xml build/check/lint.result ...

Reads the JUnit files that ctest writes, and the one-word results that tools/check.sh writes. A test
that skips itself counts as neither; one that could not be started has failed. A file that is
missing counts as one failure: its run did not get so far. The exit status is 1 when something
failed, or when nothing ran.

SPDX-License-Identifier: MIT
"""
import pathlib
import sys
import xml.etree.ElementTree as ElementTree


def count_junit(path):
    """(passed, failed) of one ctest run."""
    passed = failed = 0
    for case in ElementTree.parse(path).getroot().iter("testcase"):
        skipped = case.find("skipped")
        by_itself = skipped is not None and skipped.get("message", "").startswith("SKIP_")
        passed += case.get("status") == "run"
        failed += case.get("status") != "run" and not by_itself
    return passed, failed


def count(path):
    if not path.exists():
        return 0, 1
    if path.suffix == ".xml":
        try:
            return count_junit(path)
        except ElementTree.ParseError:
            return 0, 1
    is_ok = path.read_text(encoding="utf-8").strip() == "ok"
    return int(is_ok), int(not is_ok)


def main():
    results = [count(pathlib.Path(name)) for name in sys.argv[1:]]
    passed = sum(r[0] for r in results)
    failed = sum(r[1] for r in results)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
