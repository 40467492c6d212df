#!/bin/sh
# tests/cli/run.sh -- runs the tool on every case and compares what it says.
#
#     tests/cli/run.sh TOOL [--update] [CASE...]
#
# A case is a folder in cases/ with a script `cmd` and, where they are not empty or 0, the files
# `stdout`, `stderr` and `exit`. The script runs in a scratch folder of its own, with $XTREE (the
# tool), $DATA (the folder of real data) and $CLI (this folder). --update writes the three files
# anew, to be reviewed. Times in the summary of `load` are blanked.
#
# SPDX-License-Identifier: MIT
set -u

[ $# -ge 1 ] || { echo "usage: run.sh TOOL [--update] [CASE...]" >&2; exit 2; }
XTREE=$(realpath "$1")
[ -x "$XTREE" ] || { echo "run.sh: no tool at $1" >&2; exit 2; }
shift
update=no
[ "${1:-}" = --update ] && { update=yes; shift; }

CLI=$(cd "$(dirname "$0")" && pwd)
DATA=$(realpath "$CLI/../../data")
export XTREE DATA CLI LC_ALL=C TZ=UTC
unset ARGP_HELP_FMT

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
passed=0
failed=0

# What differs between two machines or two runs.
normalise() {
    sed -E -e "s|$DATA|DATA|g" -e "s|$CLI|CLI|g" \
        -e 's/^(xtree: loaded [0-9]+ items?) in .*/\1 in .../' "$1" > "$2"
}

# Keeps a file of expectations only where it says something.
keep() {
    if [ -s "$1" ] && [ "$(cat "$1")" != 0 ]; then cp "$1" "$2"; else rm -f "$2"; fi
}

# differs NAME WHAT GOT WANT DEFAULT
differs() {
    want=$4
    [ -e "$want" ] || { want=$scratch/default; printf '%s' "$5" > "$want"; }
    cmp -s "$3" "$want" && return 1
    echo "FAILED $1: $2 differs (- expected, + got)"
    diff -u "$want" "$3" | sed -n '3,40p'
    return 0
}

run_case() {
    case=$CLI/cases/$1
    mkdir -p "$scratch/$1" || exit 2
    (cd "$scratch/$1" && sh "$case/cmd" > "$scratch/out" 2> "$scratch/err" < /dev/null)
    echo $? > "$scratch/exit"
    rm -rf "${scratch:?}/$1"
    normalise "$scratch/out" "$scratch/stdout"
    normalise "$scratch/err" "$scratch/stderr"
    if [ $update = yes ]; then
        for what in stdout stderr exit; do keep "$scratch/$what" "$case/$what"; done
    fi
    bad=no
    differs "$1" stdout "$scratch/stdout" "$case/stdout" '' && bad=yes
    differs "$1" stderr "$scratch/stderr" "$case/stderr" '' && bad=yes
    differs "$1" exit "$scratch/exit" "$case/exit" '0
' && bad=yes
    if [ $bad = yes ]; then failed=$((failed + 1)); else passed=$((passed + 1)); fi
}

if [ $# -eq 0 ]; then
    for folder in "$CLI"/cases/*/; do
        set -- "$@" "$(basename "$folder")"
    done
fi
for name in "$@"; do
    run_case "$name"
done
echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
