#!/usr/bin/env python3
"""tests/tools/test_checkers.py -- does each checker in tools/ see what it is there to see?

Every row plants one violation in a scratch tree that is otherwise clean, and wants the checker to
fail and to name it; the clean tree must pass. The symbol checker is tried on small libraries.

SPDX-License-Identifier: MIT
"""
import pathlib
import subprocess
import sys
import tempfile

TOOLS = pathlib.Path(__file__).resolve().parents[2] / "tools"

CLEAN = '''/* {path} -- a file that breaks no rule.
 *
 * SPDX-License-Identifier: MIT
 */
{body}'''

WORDS = 'leverage\twrite "use"\n'
LONG = "int f(void)\n{\n" + "    g();\n" * 70 + "}\n"
DEEP = ("int f(void)\n{\n    if (a) {\n        for (;;) {\n            while (b) {\n"
        "                switch (c) {\n                case 1:\n                    do {\n"
        "                    } while (d);\n                }\n            }\n        }\n    }\n}\n")
TABLE = "static const int rows[] = {{{{{{1}}, 2}}}};\n"
TWO_LABELS = "int f(void)\n{\n    goto one;\none:\n    g();\ntwo:\n    return 0;\n}\n"
BACKWARDS = "int f(void)\n{\nagain:\n    g();\n    goto again;\n}\n"

# name, checker, file, body, what must be in the output (None: nothing is wrong)
ROWS = [
    ("clean library file", "check_layers.py", "src/tree/insert.c",
     '#include "tree/tree.h"\n#include "txn/txn.h"\n#include "format/node.h"\n', None),
    ("higher rank", "check_layers.py", "src/arena/a.c", '#include "tree/tree.h"\n', "rank 4"),
    ("equal rank", "check_layers.py", "src/geom/a.c", '#include "os/os.h"\n', "rank 1"),
    ("not the door", "check_layers.py", "src/tree/a.c", '#include "txn/txn_private.h"\n', "door"),
    ("no room", "check_layers.py", "src/misc/a.c", "", "not a room"),
    ("relative include", "check_layers.py", "src/tree/a.c", '#include "../os/os.h"\n', "../os"),
    ("system header", "check_layers.py", "src/txn/a.c", "#include <sys/mman.h>\n", "src/os"),
    ("system header in os", "check_layers.py", "src/os/a.c", "#include <sys/mman.h>\n", None),
    ("thread header", "check_layers.py", "src/tree/a.c", "# include <pthread.h>\n", "pthread.h"),
    ("atomics in tree", "check_layers.py", "src/tree/a.c", "#include <stdatomic.h>\n", "atomic"),
    ("malloc", "check_layers.py", "src/tree/a.c", "void *f(void) { return malloc(1); }\n",
     "malloc()"),
    ("malloc in a comment", "check_layers.py", "src/tree/a.c", "/* malloc(1) */\n", None),
    ("member called free", "check_layers.py", "src/tree/a.c", "int x = os->free(1);\n", None),
    ("printing", "check_layers.py", "src/api/a.c", 'int x = printf("x");\n', "prints nothing"),
    ("getenv", "check_layers.py", "src/api/a.c", 'char *x = getenv("X");\n', "getenv()"),
    ("tool sees a room", "check_layers.py", "cli/a.c", '#include "tree/tree.h"\n', "xtree.h"),
    ("example sees a room", "check_layers.py", "examples/a.c", '#include "os/os.h"\n', "xtree.h"),
    ("api test sees a room", "check_layers.py", "tests/api/a.c", '#include "os/os.h"\n',
     "xtree.h"),
    ("unit test sees a room", "check_layers.py", "tests/unit/os/a.c", '#include "os/os.h"\n',
     None),

    ("clean file", "check_style.py", "src/os/a.c", "int f(void)\n{\n    return 0;\n}\n", None),
    ("long function", "check_style.py", "src/os/a.c", LONG, "f() has 73 lines"),
    ("seven parameters", "check_style.py", "src/os/a.c",
     "int f(int a, int b, int c, int d, int e, int (*g)(int, int), int h)\n{\n}\n",
     "7 parameters"),
    ("six parameters", "check_style.py", "src/os/a.c",
     "int f(int a, int b, int c, int d, int e, int (*g)(int, int))\n{\n}\n", None),
    ("deep nesting", "check_style.py", "src/os/a.c", DEEP, "nests 5 deep"),
    ("deep table", "check_style.py", "src/os/a.c", TABLE, None),
    ("two labels", "check_style.py", "src/os/a.c", TWO_LABELS, "2 labels"),
    ("backward jump", "check_style.py", "src/os/a.c", BACKWARDS, "backwards"),
    ("long file", "check_style.py", "src/os/a.c", "int a;\n" * 800, "lines, over 800"),
    ("long header", "check_style.py", "src/os/a.h", "int a;\n" * 300, "lines, over 300"),
    ("long line", "check_style.py", "src/os/a.c", "int a; /* " + "x" * 90 + " */\n", "columns"),
    ("long line in prose", "check_style.py", "docs/a.md", "x" * 200 + "\n", None),
    ("tab", "check_style.py", "src/os/a.c", "\tint a;\n", "a tab"),
    ("trailing space", "check_style.py", "src/os/a.c", "int a; \n", "end of the line"),
    ("open question", "check_style.py", "src/os/a.c", "/* TODO: x */\n", "without a number"),
    ("numbered question", "check_style.py", "src/os/a.c", "/* TODO(#12): x */\n", None),
    ("path of a machine", "check_style.py", "docs/a.md", "see /home/somebody/x\n", "machine"),
    ("refused word", "check_style.py", "docs/a.md", "We leverage trees.\n", "write \"use\""),
    ("file that is not there", "check_style.py", "docs/a.md", "see docs/b.md\n", "docs/b.md"),
    ("test that is not there", "check_style.py", "docs/a.md", "see `test_a.it_holds`\n",
     "test_a.it_holds"),
    ("file that is there", "check_style.py", "docs/a.md", "see docs/a.md\n", None),
]


def run(command):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def plant(root, path, body):
    file = root / path
    file.parent.mkdir(parents=True)
    is_code = file.suffix in (".c", ".h")
    file.write_text(CLEAN.format(path=path, body=body) if is_code else body, encoding="utf-8")


def row_error(row):
    """What went wrong with a row, or None."""
    _, checker, path, body, want = row
    with tempfile.TemporaryDirectory() as scratch:
        root = pathlib.Path(scratch)
        (root / "tools").mkdir()
        (root / "tools/style_words.txt").write_text(WORDS, encoding="utf-8")
        plant(root, path, body)
        status, output = run([sys.executable, TOOLS / checker, "--root", scratch])
    if want is None:
        return None if status == 0 else f"a false alarm: {output}"
    if status == 1 and want in output and output.startswith(path):
        return None
    return f"status {status}, wanted '{want}' in: {output}"


def opening_error(name, text, want):
    with tempfile.TemporaryDirectory() as scratch:
        file = pathlib.Path(scratch) / "src/os/a.c"
        file.parent.mkdir(parents=True)
        file.write_text(text, encoding="utf-8")
        _, output = run([sys.executable, TOOLS / "check_style.py", "--root", scratch])
    return None if want in output else f"{name}: wanted '{want}' in: {output}"


def unbuilt_error():
    with tempfile.TemporaryDirectory() as scratch:
        root = pathlib.Path(scratch)
        for name in ("a", "b"):
            plant(root, f"src/{name}/{name}.c", "")
        (root / "CMakeLists.txt").write_text(
            "# CMakeLists.txt -- x. SPDX-License-Identifier: MIT\nsrc/a/a.c\n", encoding="utf-8")
        _, output = run([sys.executable, TOOLS / "check_style.py", "--root", scratch])
    wanted = "src/b/b.c:1: unbuilt: not named in CMakeLists.txt\n"
    return None if output == wanted else f"wanted '{wanted}', got: {output}"


def symbols_error(source, want):
    """Builds both libraries from `source` and wants the checker to say `want` (None: nothing)."""
    with tempfile.TemporaryDirectory() as scratch:
        build = pathlib.Path(scratch)
        (build / "a.c").write_text(source, encoding="utf-8")
        (build / "list").write_text("# names\nxt_one\nxt_two\n", encoding="utf-8")
        for command in (["cc", "-fPIC", "-fvisibility=hidden", "-c", "a.c", "-o", "a.o"],
                        ["cc", "-shared", "a.o", "-o", "libxtree.so"],
                        ["ar", "rc", "libxtree.a", "a.o"]):
            subprocess.run(command, cwd=build, check=True)
        status, output = run([TOOLS / "check_symbols.sh", scratch, build / "list"])
    if (status == 0) == (want is None) and (want or "") in output:
        return None
    return f"status {status}, wanted {want} in: {output}"


def symbols_errors():
    api = '__attribute__((visibility("default"))) '
    one, two = api + "int xt_one;\n", api + "int xt_two;\n"
    yield "wanted symbols", symbols_error(one + two + "int xti_x;\n", None)
    yield "missing symbol", symbols_error(one, "< xt_two")
    yield "leaked symbol", symbols_error(one + two + api + "int xt_three;\n", "> xt_three")
    yield "stranger", symbols_error(one + two + "int helper;\n", "helper")


def main():
    results = [(row[0], row_error(row)) for row in ROWS]
    results.append(("wrong path", opening_error(
        "wrong path", "/* src/os/b.c -- x.\n * SPDX-License-Identifier: MIT */\n", "opening")))
    results.append(("no licence", opening_error(
        "no licence", "/* src/os/a.c -- x. */\n", "licence")))
    results.append(("unbuilt file", unbuilt_error()))
    results.extend(symbols_errors())
    failed = [(name, error) for name, error in results if error]
    for name, error in failed:
        print(f"{name}: {error}")
    print(f"{len(results) - len(failed)} passed, {len(failed)} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
