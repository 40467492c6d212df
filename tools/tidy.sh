#!/bin/sh
# tools/tidy.sh -- clang-tidy over every source file that the dev build compiles.
#
#     tools/tidy.sh [FILE]...
#
# What people run (src, cli, examples, fuzz) is also searched path by path for misuse of memory; in
# tests and bench, which the sanitizers run whole, that search would take most of the time.
#
# SPDX-License-Identifier: MIT
set -eu
cd "$(dirname "$0")/.."
[ -e build/dev/compile_commands.json ] || cmake --preset dev >/dev/null

list_files() {
    if [ $# -gt 0 ]; then
        printf '%s\n' "$@"
    else
        python3 - build/dev/compile_commands.json <<'END'
import json, os, sys
for command in json.load(open(sys.argv[1])):
    print(os.path.relpath(command["file"]))
END
    fi | LC_ALL=C sort -u
}

# tidy [OPTION]...: the files that are listed on standard input.
tidy() {
    xargs -r -P 2 -n 3 clang-tidy -p build/dev --quiet "$@" 2>&1 |
        { grep -v -E '^[0-9]+ warnings? |^Suppressed |^Use -header-filter' || true; }
}

list_files "$@" | { grep -v -E '^(tests|bench)/' || true; } | tidy >build/tidy.log
list_files "$@" | { grep -E '^(tests|bench)/' || true; } |
    tidy '--checks=-clang-analyzer-*' >>build/tidy.log
# clang-tidy's findings carry file:line:column; what it says about itself does not.
if [ -s build/tidy.log ]; then
    cat build/tidy.log
    exit 1
fi
echo "tidy: ok"
