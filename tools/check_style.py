#!/usr/bin/env python3
"""tools/check_style.py -- the house rules that a program can see.

    tools/check_style.py [--root FOLDER]

Sizes of functions and files, line lengths, the block comment that opens a file, licence lines,
words, paths of one machine, and names of files and tests that do not exist. The limits are below,
the words in tools/style_words.txt. An exception is a row in EXCEPTIONS with its reason.

SPDX-License-Identifier: MIT
"""
import argparse
import pathlib
import re
import subprocess
import sys

FUNCTION_LINES = 70
PARAMETERS = 6
NESTING = 4
SOURCE_LINES = 800
HEADER_LINES = 300
COLUMNS = 100

HEADER_LINES_PUBLIC = 1200  # include/: a whole interface in one file

# (path, how the message begins): reason
KERNEL = "a kernel's signature: an options struct would be built anew for every node"
OPENING = "an internal opener that passes on every argument of its public function"
BATCH = "results of three kinds, each with an array of its own"
EXCEPTIONS = {
    ("src/api/nearest.c", "parameters: xt_nearest_many()"): BATCH,
    ("src/format/layout.c", "parameters: xti_layout_init()"): "a constructor: one for each field",
    ("src/geom/kernels_avx2.c", "parameters: inner_window()"): KERNEL,
    ("src/geom/kernels_avx512.c", "parameters: inner_window()"): KERNEL,
    ("src/geom/kernels_portable.c", "parameters: inner_window()"): KERNEL,
    ("src/tree/window.c", "parameters: xti_window_open()"): OPENING,
    ("src/txn/open.c", "parameters: xti_txn_open()"): OPENING,
}

CODE = {".c", ".h", ".cc", ".hpp"}
SCRIPTS = {".py", ".sh", ".cmake"}
TEXT = {".md", ".txt", ".in", ".json", ".scd", ".expected"}
# Rules of text do not hold for other people's data and for files that hold samples of bad input.
UNCHECKED = ("build/", ".git/", "data/", "tests/cli/", "fuzz/corpus/", "tests/golden/")

MACHINE_PATH = re.compile(r"(?<![\w.$})~/-])/(home|work|root|Users|mnt|media)/\w")
FOLDERS = r"(?:\.ci|bench|cli|docs|examples|fuzz|include|src|tests|tools)"
NAMED_FILE = re.compile(r"(?<![\w./*<>{$-])((?:[\w.-]+/)*[\w-]+\.(?:md|svg))(?![\w*])"
                        r"|(?<![\w./*<>{$-])"
                        rf"({FOLDERS}/[\w./-]*\.(?:c|h|hpp|py|sh|txt|csv|gz))(?![\w*])")
NAMED_TEST = re.compile(r"`(test_\w+)\.(\w+)`")
# clang-format aligns the columns of a table even where a row then passes the limit.
TABLE_ROW = re.compile(r"\s*\{.*[,}]$|.*\}\s*,?$")
TODO = re.compile(r"\bTODO\b(?!\(#\d+\))")
TOKEN = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)
DIRECTIVE = re.compile(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", re.M)
CONTROL = {"if", "for", "while", "switch"}
LABEL = re.compile(r"^(?!default\b)([a-z_]\w*):(?!:)", re.M)


def blank(match):
    return re.sub(r"[^\n]", " ", match.group())


def bare_code(text):
    """The code without comments, strings and preprocessor lines; every line stays in its place."""
    return DIRECTIVE.sub(blank, TOKEN.sub(blank, text))


def match_back(code, end):
    """The position of the '(' that the ')' at `end` closes."""
    depth = 0
    for i in range(end, -1, -1):
        if code[i] == ")":
            depth += 1
        elif code[i] == "(":
            depth -= 1
            if depth == 0:
                return i
    return 0


def match_forward(code, start):
    """The position of the '}' that the '{' at `start` opens."""
    depth = 0
    for i in range(start, len(code)):
        if code[i] == "{":
            depth += 1
        elif code[i] == "}":
            depth -= 1
            if depth == 0:
                return i
    return len(code) - 1


def functions(code):
    """Yields (name, parameter text, position of its first word, of its brace, of its end)."""
    i = 0
    while (i := code.find("{", i)) != -1:
        before = code[:i].rstrip()
        end = match_forward(code, i)
        if before.endswith(")"):
            opening = match_back(code, len(before) - 1)
            name = re.search(r"(\w+)\s*$", code[:opening])
            start = max(code.rfind(";", 0, opening), code.rfind("}", 0, opening)) + 1
            start += len(code[start:]) - len(code[start:].lstrip())
            if name:
                yield name.group(1), code[opening + 1:len(before) - 1], start, i, end
        elif re.search(r'extern\s*$', before):
            i += 1
            continue
        i = end + 1


def parameter_count(text):
    if text.strip() in ("", "void"):
        return 0
    depth = 0
    count = 1
    for c in text:
        depth += (c == "(") - (c == ")")
        count += c == "," and depth == 0
    return count


def opens_block(code, i):
    """Whether the '{' at i begins statements, and not an initialiser or a type."""
    before = code[:i].rstrip()
    if before.endswith(")"):
        word = re.search(r"(\w+)\s*$", code[:match_back(code, len(before) - 1)])
        return bool(word) and word.group(1) in CONTROL
    return before.endswith((";", "{", "}", ":")) or bool(re.search(r"\b(else|do)$", before))


def nesting(code, start, end):
    """The deepest block inside the braces at start and end; the body itself is 0."""
    deepest = 0
    stack = []
    for i in range(start + 1, end):
        if code[i] == "{":
            stack.append(opens_block(code, i))
            deepest = max(deepest, sum(stack))
        elif code[i] == "}" and stack:
            stack.pop()
    return deepest


def function_errors(text):
    code = bare_code(text)
    for name, parameters, start, brace, end in functions(code):
        line = code.count("\n", 0, start) + 1
        length = code.count("\n", start, end) + 1
        if length > FUNCTION_LINES:
            yield line, "function-length", f"{name}() has {length} lines, over {FUNCTION_LINES}"
        count = parameter_count(parameters)
        if count > PARAMETERS:
            yield line, "parameters", f"{name}() has {count} parameters, over {PARAMETERS}"
        depth = nesting(code, brace, end)
        if depth > NESTING:
            yield line, "nesting", f"{name}() nests {depth} deep, over {NESTING}"
        labels = {m.group(1): m.start() for m in LABEL.finditer(code, brace, end)}
        if len(labels) > 1:
            yield line, "labels", f"{name}() has {len(labels)} labels, over 1"
        for jump in re.finditer(r"\bgoto\s+(\w+)", code[brace:end]):
            if labels.get(jump.group(1), end) < brace + jump.start():
                yield line, "labels", f"{name}() jumps backwards to {jump.group(1)}"


def opening_errors(path, text):
    """The first comment names the file and says in one sentence what it is."""
    suffix = pathlib.PurePath(path).suffix
    head = text[:400].split("\n")
    if head[0].startswith("#!"):
        head = head[1:]
    if suffix in CODE:
        wanted = f"// {path} -- " if suffix == ".cc" else f"/* {path} -- "
    elif suffix == ".py":
        wanted = f'"""{path} -- '
    else:
        wanted = f"# {path} -- "
    if not head or not head[0].startswith(wanted):
        yield 1, "opening", f"the file does not begin with '{wanted.strip()} what it is'"
    if "SPDX-License-Identifier: MIT" not in text[:6000]:
        yield 1, "licence", "no line SPDX-License-Identifier: MIT"


def line_errors(path, text, words):
    if path.startswith("tests/tools/"):  # holds a sample of everything that is refused
        return
    may_be_long = path.endswith((".md", ".json"))
    may_have_tabs = path.endswith((".scd", "Makefile", "style_words.txt"))
    for number, line in enumerate(text.split("\n"), 1):
        if len(line) > COLUMNS and not may_be_long and not TABLE_ROW.match(line):
            yield number, "columns", f"{len(line)} columns, over {COLUMNS}"
        if "\t" in line and not may_have_tabs:
            yield number, "tab", "a tab"
        if line != line.rstrip():
            yield number, "trailing", "space at the end of the line"
        if MACHINE_PATH.search(line):
            yield number, "machine-path", "an absolute path of one machine"
        if TODO.search(line) and not path.startswith("tools/"):
            yield number, "todo", "TODO without a number: write TODO(#12)"
        if path != "tools/style_words.txt":
            for pattern, advice in words:
                match = pattern.search(line)
                if match:
                    yield number, "word", f"'{match.group()}': {advice}"


def named_file_errors(root, path, text):
    """A file that is named here exists: from the root, from here, or below src/."""
    places = [root, (root / path).parent, root / "src", root / "docs", root / "docs/images"]
    for number, line in enumerate(text.split("\n"), 1):
        for match in NAMED_FILE.finditer(line):
            name = match.group(1) or match.group(2)
            if name.endswith(".svg") and not name.startswith("docs/"):
                continue
            if not any((place / name).exists() for place in places):
                yield number, "named-file", f"names {name}, which does not exist"


def named_test_errors(root, text):
    """A sentence that is named behind its program and a dot is a test of that program."""
    for number, line in enumerate(text.split("\n"), 1):
        for program, sentence in NAMED_TEST.findall(line):
            sources = root.glob(f"tests/**/{program}.c*")
            if not any(re.search(rf"\b{sentence}\b", p.read_text(encoding="utf-8"))
                       for p in sources):
                yield number, "named-test", f"names {program}.{sentence}, which does not exist"


def unbuilt_errors(root, path):
    """A source file is named in the nearest CMakeLists.txt, or it is never compiled."""
    for folder in (root / path).parents:
        lists = folder / "CMakeLists.txt"
        if lists.exists():
            name = (root / path).relative_to(folder).with_suffix("").as_posix()
            if path.startswith("tests/"):  # listed by room, without the folder of their kind
                name = pathlib.PurePath(name).name
            named = re.search(rf"(?<![\w/]){re.escape(name)}(?!\w)|/{re.escape(name)}(?!\w)",
                              lists.read_text(encoding="utf-8"))
            if not named:
                yield 1, "unbuilt", f"not named in {lists.relative_to(root)}"
            return
        if folder == root:
            return


def file_errors(root, path, words):
    """Yields (line, rule, message)."""
    pure = pathlib.PurePath(path)
    is_build = pure.name in ("Makefile", "CMakeLists.txt")
    is_script = pure.suffix in SCRIPTS or path == ".ci/run"
    text = (root / path).read_text(encoding="utf-8")
    if pure.suffix in CODE or is_script or is_build:
        yield from opening_errors(path, text)
    if pure.suffix in CODE:
        yield from function_errors(text)
        if pure.suffix in (".c", ".cc"):
            yield from unbuilt_errors(root, path)
        limit = HEADER_LINES if pure.suffix == ".h" else SOURCE_LINES
        if pure.parent.name == "include":
            limit = HEADER_LINES_PUBLIC
        count = text.count("\n")
        if count > limit:
            yield count, "file-length", f"{count} lines, over {limit}"
    if pure.suffix in CODE | TEXT or is_script or is_build:
        yield from line_errors(path, text, words)
        if not path.startswith("tests/tools/"):
            yield from named_file_errors(root, path, text)
            yield from named_test_errors(root, text)


def our_files(root):
    """What git would hold: tracked files and new ones that are not ignored."""
    listing = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=root,
                             capture_output=True, text=True, check=False)
    if listing.returncode == 0 and (root / ".git").exists():
        names = listing.stdout.split("\n")
    else:
        names = [p.relative_to(root).as_posix() for p in root.rglob("*")]
    return sorted(n for n in names
                  if n and not n.startswith(UNCHECKED) and (root / n).is_file())


def read_words(root):
    path = root / "tools/style_words.txt"
    words = []
    for line in path.read_text(encoding="utf-8").split("\n") if path.exists() else []:
        if line and not line.startswith("#"):
            pattern, advice = line.split("\t")
            words.append((re.compile(rf"\b({pattern})\b", re.I), advice))
    return words


def main():
    parser = argparse.ArgumentParser(description="Checks the house style.")
    parser.add_argument("--root", type=pathlib.Path,
                        default=pathlib.Path(__file__).resolve().parent.parent)
    root = parser.parse_args().root
    words = read_words(root)
    count = 0
    for path in our_files(root):
        for line, rule, message in file_errors(root, path, words):
            text = f"{rule}: {message}"
            if not any(path == p and text.startswith(start) for p, start in EXCEPTIONS):
                print(f"{path}:{line}: {text}")
                count += 1
    return 1 if count else 0


if __name__ == "__main__":
    sys.exit(main())
