#!/bin/sh
# tools/check_symbols.sh -- what the built library shows to the world.
#
#     tools/check_symbols.sh BUILD [LIST]
#
# The shared library exports exactly the names in LIST (tests/api/symbols.txt). In the static one
# every global name begins with xt_ or xti_, so that it cannot clash with those of a program.
#
# SPDX-License-Identifier: MIT
set -eu
export LC_ALL=C
here=$(cd "$(dirname "$0")/.." && pwd)
build=${1:?usage: tools/check_symbols.sh BUILD [LIST]}
list=${2:-$here/tests/api/symbols.txt}
failed=0
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# What tools put there themselves: sanitizers, coverage, the runtime.
foreign='^(_init|_fini|_end|_edata|__bss_start|mangle_path|__(asan|ubsan|tsan|odr_asan|gcov).*)$'

nm -D --defined-only "$build/libxtree.so" | awk '{ print $NF }' | grep -v -E "$foreign" | sort \
    >"$scratch/exported" || true
grep -v '^#' "$list" | sort >"$scratch/wanted"
if ! diff "$scratch/wanted" "$scratch/exported" >"$scratch/diff"; then
    echo "libxtree.so does not export what $list says (< wanted, > exported):"
    grep '^[<>]' "$scratch/diff"
    failed=1
fi

nm -g --defined-only "$build/libxtree.a" | awk 'NF == 3 { print $3 }' |
    grep -v -E "$foreign" | grep -v -E '^xti?_' | sort -u >"$scratch/strangers" || true
if [ -s "$scratch/strangers" ]; then
    echo "libxtree.a has global names without xt_ or xti_:"
    cat "$scratch/strangers"
    failed=1
fi
exit $failed
