#!/bin/sh
# bench/run.sh -- compares the tree with bench/expected/quality.csv, then measures.
#
#     bench/run.sh BUILD [--full]
#
# BUILD is the folder of a build with XTREE_BENCH. A quick run writes its tables there, a full one
# to docs/benchmarks.md. Both leave results.jsonl in BUILD.
#
# SPDX-License-Identifier: MIT
set -eu

top=$(cd "$(dirname "$0")/.." && pwd)
build=${1:?the folder of the build}
bench=$build/bin/xtree-bench

if [ "${2:-}" = --full ]; then
    tables=$top/docs/benchmarks.md
    size=
else
    tables=$build/benchmarks.md
    size=--quick
fi

"$bench" quality --items 200000 --data "$top/data" --expect "$top/bench/expected/quality.csv"
echo "The tree is as bench/expected/quality.csv says."

# shellcheck disable=SC2086 # an empty size is no argument
"$bench" all $size --work "$build/bench-work" --data "$top/data" --out "$tables" \
    --json "$build/results.jsonl"
echo "Written: $tables and $build/results.jsonl"
