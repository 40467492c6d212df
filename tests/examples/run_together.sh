#!/bin/sh
# tests/examples/run_together.sh -- runs the writer and two readers of one store, compares what each
# prints.
#
#     tests/examples/run_together.sh WRITER EXPECTED READER EXPECTED
#
# One reader begins before the store is there, the other one at some time later.
#
# SPDX-License-Identifier: MIT
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
"$3" "$scratch/store" >"$scratch/reader-1" &
first=$!
"$1" "$scratch/store" >"$scratch/writer" &
writer=$!
"$3" "$scratch/store" >"$scratch/reader-2"
wait "$writer"
wait "$first"
diff "$2" "$scratch/writer"
diff "$4" "$scratch/reader-1"
diff "$4" "$scratch/reader-2"
