#!/bin/sh
# bench/run.sh -- compares the tree with bench/expected/quality.csv, then measures part by part.
#
#     bench/run.sh BUILD [--full] [PART]...
#
# BUILD is the folder of a build with XTREE_BENCH. Each part leaves its result there; a part that
# has one is not measured again, unless it is named. So a run that was broken off goes on where it
# was; to start anew, remove BUILD/bench-quick or BUILD/bench-full. When all parts are there, a full
# run writes docs/benchmarks.jsonl, docs/benchmarks.md and its pictures; a quick one writes the same
# to BUILD/bench-quick. A part that fails stops nothing but the page. insert-10m (10 million items,
# ten minutes) is measured when it is named only.
#
# SPDX-License-Identifier: MIT
set -eu

top=$(cd "$(dirname "$0")/.." && pwd)
build=$(cd "${1:?the folder of the build}" && pwd)
bench=$build/bin/xtree-bench
shift
results=$build/bench-quick
page=$results
size=--quick
questions=20000
if [ "${1:-}" = --full ]; then
    results=$build/bench-full
    page=$top/docs
    size=
    questions=50000
    shift
fi
wanted=" $* "
mkdir -p "$results"
parts=''
failed=''
given=''

# part NAME COMMAND...: measures, unless the result is there.
part() {
    name=$1
    shift
    parts="$parts $name"
    extra=$given
    given=''
    case $wanted in
    '  ') [ ! -e "$results/$name.jsonl" ] || return 0 ;;
    *" $name "*) ;;
    *) return 0 ;;
    esac
    printf '%-20s' "$name"
    start=$(date +%s)
    # shellcheck disable=SC2086 # it is split into words
    if "$bench" "$@" ${size:+"$size"} --questions "$questions" $extra --work "$build/bench-work" \
        --data "$top/data" --out "$results/$name.md" --json "$results/$name.new" \
        2>"$results/$name.log"; then
        seconds=$(($(date +%s) - start))
        echo "{\"part\": \"$name\", \"seconds\": $seconds}" >>"$results/$name.new"
        mv "$results/$name.new" "$results/$name.jsonl"
        echo "$seconds s"
    else
        failed="$failed $name"
        echo "FAILED: $(tail -n 1 "$results/$name.log")"
    fi
    rm -rf "$build/bench-work"
}

# seldom NAME COMMAND...: a part that is measured when it is named only.
seldom() {
    case $wanted in
    *" $1 "*) part "$@" ;;
    *) [ ! -e "$results/$1.jsonl" ] || parts="$parts $1" ;;
    esac
}

# large NAME COMMAND...: a part of the full run only.
large() {
    [ -n "$size" ] || part "$@"
}

# options QUICK FULL: of the next part, in either size.
options() {
    given=$2
    [ -z "$size" ] || given=$1
}

"$bench" quality --items 200000 --data "$top/data" --expect "$top/bench/expected/quality.csv"
echo "The tree is as bench/expected/quality.csv says."

# Those that measure opening and syncs come first, while the disk is at rest.
part limits limits
options '--items 100000' ''
part open open
part commit commit
part publish publish
part readers readers
options '--items 50000' '--items 200000'
part steady steady
part memory-limit memory-limit
options '--items 200000 --rounds 3' '--rounds 3'
part bulk bulk
options '--items 50000' ''
part size size
options '--items 50000' '--items 300000'
part allocations allocations
options '--items 200000 --rounds 3' '--rounds 3'
part window window
options '--rounds 3' '--rounds 3'
part window-shoreline window --set shoreline
options '--rounds 3' '--items 1000000 --rounds 3'
part window-clustered window --set clustered
options '--items 50000 --rounds 3' '--rounds 3'
part window-3d window --set 'uniform 3-d boxes'
options '--items 50000 --rounds 2' '--rounds 2'
part insert insert
seldom insert-10m insert --items 10000000
options '--items 50000' ''
part move move
part mixed mixed
options '--items 200000 --rounds 3' '--rounds 3'
part nearest nearest
options '' '--rounds 2'
large nearest-10m nearest --items 10000000
options '--rounds 2' '--items 1000000 --rounds 3'
part nearest-clustered nearest --set clustered
options '--rounds 2' '--items 2000000 --rounds 2'
part nearest-shoreline nearest --set shoreline
options '--rounds 2' '--items 200000 --rounds 2'
part high high
part batch batch
options '--items 50000' '--rounds 3'
part join join
options '--items 10000' ''
part supernodes supernodes

for name in $parts; do
    case "$failed " in
    *" $name "*) ;;
    *) [ -e "$results/$name.jsonl" ] || failed="$failed $name" ;;
    esac
done
if [ -n "$failed" ]; then
    echo "No page: missing are$failed." >&2
    exit 1
fi
rm -f "$results/all.new"
for name in $parts; do
    cat "$results/$name.jsonl" >>"$results/all.new"
done
mkdir -p "$page/images"
mv "$results/all.new" "$page/benchmarks.jsonl"
"$top/bench/render.py" "$page/benchmarks.jsonl" "$page"
echo "Written: $page/benchmarks.md"
