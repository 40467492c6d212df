#!/usr/bin/env python3
"""tests/mutants/run.py -- breaks the library on purpose, one thing at a time: does a test see it?

    run.py [--build FOLDER] [--jobs N] [NAME]...     without names: all of them

Copies the tree to FOLDER/tree (build/mutants by default), builds what the tests need, and sees that
they pass. Then each patch of this folder is applied in turn, what it touches is built again, and
the tests that table.txt names for it run until one fails. Prints which test caught which mutant.

Exit status: 0 when every mutant was caught; 1 when one was not, or a patch does not apply or build,
or a test fails without any; 2 for wrong arguments.

SPDX-License-Identifier: MIT
"""
import argparse
import os
import re
import shlex
import shutil
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
TEST_SECONDS = 600


class Failure(Exception):
    """The run itself went wrong."""


def read_table():
    """[(mutant, [test command, ...]), ...] in the order of table.txt."""
    table = []
    with open(os.path.join(HERE, "table.txt"), encoding="utf-8") as lines:
        for line in lines:
            line = line.split("#", 1)[0].strip()
            if not line:
                continue
            name, tests = line.split(":", 1)
            table.append((name.strip(), [test.strip() for test in tests.split("|")]))
    patches = {name[:-6] for name in os.listdir(HERE) if name.endswith(".patch")}
    named = {name for name, _ in table}
    if patches != named:
        raise Failure(f"patches and table.txt differ: {sorted(patches ^ named)}")
    return table


def run(command, log, **options):
    """The exit status; output goes to the log."""
    with open(log, "ab") as output:
        output.write(f"\n$ {' '.join(command)}\n".encode())
        output.flush()
        try:
            return subprocess.run(command, stdout=output, stderr=subprocess.STDOUT, check=False,
                                  **options).returncode
        except subprocess.TimeoutExpired:
            return -1


def copy_tree(tree):
    """The files that git knows, with their times, so that little is built again."""
    names = subprocess.run(["git", "-C", ROOT, "ls-files", "-z", "--cached", "--others",
                            "--exclude-standard"], capture_output=True, check=True).stdout
    wanted = {name.decode() for name in names.split(b"\0") if name}
    wanted = {name for name in wanted if os.path.isfile(os.path.join(ROOT, name))}
    for folder, _, files in os.walk(tree):
        for name in files:
            path = os.path.relpath(os.path.join(folder, name), tree)
            if path not in wanted:
                os.remove(os.path.join(folder, name))
    for name in sorted(wanted):
        source, copy = os.path.join(ROOT, name), os.path.join(tree, name)
        if os.path.exists(copy) and same_bytes(source, copy):
            continue
        os.makedirs(os.path.dirname(copy), exist_ok=True)
        shutil.copy(source, copy)


def same_bytes(a, b):
    """Whether two files hold the same."""
    with open(a, "rb") as one, open(b, "rb") as other:
        return one.read() == other.read()


class Workshop:
    """A copy of the tree, and one build of it."""

    def __init__(self, folder, jobs):
        self.tree = os.path.join(folder, "tree")
        self.build = os.path.join(folder, "build")
        self.scratch = os.path.join(folder, "scratch")
        self.log = os.path.join(folder, "log")
        self.jobs = jobs
        os.makedirs(self.tree, exist_ok=True)
        os.makedirs(self.scratch, exist_ok=True)
        with open(self.log, "wb"):
            pass

    def prepare(self):
        """Copies and configures."""
        copy_tree(self.tree)
        if run(["cmake", "-S", self.tree, "-B", self.build, "-DCMAKE_BUILD_TYPE=Debug",
                "-DXTREE_TOOL=OFF", "-DXTREE_EXAMPLES=OFF"], self.log) != 0:
            raise Failure(f"cmake failed: {self.log}")

    def make(self, tests):
        """Whether the programs of these commands could be built."""
        targets = sorted({shlex.split(test)[0] for test in tests})
        return run(["cmake", "--build", self.build, "-j", str(self.jobs), "--target"] + targets,
                   self.log) == 0

    def passes(self, test):
        """Whether a test passes, in a folder of its own."""
        words = shlex.split(test)
        words[0] = os.path.join(self.build, "tests", words[0])
        shutil.rmtree(self.scratch)
        os.makedirs(self.scratch)
        return run(words, self.log, cwd=self.scratch, timeout=TEST_SECONDS) == 0

    def patch(self, name, *options):
        """Whether the patch applies."""
        return run(["patch", "-p1", "--no-backup-if-mismatch", "-F3", *options, "-d", self.tree,
                    "-i", os.path.join(HERE, name + ".patch")], self.log) == 0

    def catches(self, name, tests):
        """The test that fails with the mutant, or why there is none."""
        if not self.patch(name):
            copy_tree(self.tree)
            raise Failure(f"{name}: the patch does not apply: {self.log}")
        try:
            if not self.make(tests):
                raise Failure(f"{name}: does not build: {self.log}")
            for test in tests:
                if not self.passes(test):
                    return test
            return None
        finally:
            copy_tree(self.tree)


def first_line(name):
    """What the patch says of itself: the text before the first file."""
    with open(os.path.join(HERE, name + ".patch"), encoding="utf-8") as lines:
        return re.sub(r"\s+", " ", lines.readline().strip())


def main():
    """See above."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", default=os.path.join(ROOT, "build", "mutants"))
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("names", nargs="*", metavar="NAME")
    arguments = parser.parse_args()
    table = read_table()
    unknown = set(arguments.names) - {name for name, _ in table}
    if unknown:
        print(f"no such mutant: {', '.join(sorted(unknown))}", file=sys.stderr)
        return 2
    if arguments.names:
        table = [row for row in table if row[0] in arguments.names]

    workshop = Workshop(os.path.abspath(arguments.build), arguments.jobs)
    workshop.prepare()
    all_tests = sorted({test for _, tests in table for test in tests})
    if not workshop.make(all_tests):
        raise Failure(f"the tests do not build: {workshop.log}")
    for test in all_tests:
        if not workshop.passes(test):
            raise Failure(f"fails without a mutant: {test}")
    print(f"{len(all_tests)} tests pass without a mutant", flush=True)

    caught = 0
    for name, tests in table:
        begin = time.monotonic()
        test = workshop.catches(name, tests)
        caught += test is not None
        result = f"caught by {test}" if test else "NOT CAUGHT"
        print(f"{name:32} {result}  ({time.monotonic() - begin:.0f} s)\n    {first_line(name)}",
              flush=True)
    print(f"{caught} of {len(table)} mutants caught")
    return 0 if caught == len(table) else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Failure as failure:
        print(f"run.py: {failure}", file=sys.stderr)
        sys.exit(1)
