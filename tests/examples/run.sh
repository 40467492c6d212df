#!/bin/sh
# tests/examples/run.sh -- runs an example in a folder of its own, compares what it prints.
#
#     tests/examples/run.sh PROGRAM EXPECTED
#
# SPDX-License-Identifier: MIT
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
"$1" "$scratch/store" >"$scratch/output"
diff "$2" "$scratch/output"
