#!/bin/sh
# tools/setup.sh -- sees to it that what a build needs is installed.
#
#     tools/setup.sh [--tool | --test | --lint | --check | --fuzz | --bench]...
#
# Without an argument: --tool. Looks first, with no package manager involved. What is missing is
# installed where that needs no question (as root, or with a sudo that asks for no password);
# elsewhere it says which packages are missing, and exits with 1.
#
# --bench also has npm fetch the peers for Node.js into build/node. Without them the benchmarks do
# the rest, so nothing that goes wrong there is an error.
#
# SPDX-License-Identifier: MIT
set -eu

# Each line: package of Debian, then what proves that it is there: a command, a header, or a file.
tool='gcc command:cc
make command:make
cmake command:cmake
zlib1g-dev header:zlib.h
libyajl-dev header:yajl/yajl_parse.h
libcsv-dev header:csv.h'
test="$tool
g++ command:c++
pkg-config command:pkg-config
python3 command:python3"
lint='python3 command:python3
clang-format command:clang-format
clang-tidy command:clang-tidy
shellcheck command:shellcheck'
check="$test
$lint
clang command:clang
scdoc command:scdoc"
fuzz='clang command:clang
libclang-rt-14-dev runtime:libclang_rt.fuzzer-x86_64.a'
bench="$tool
g++ command:c++
libboost-dev header:boost/version.hpp
libcgal-dev header:CGAL/version.h
libfaiss-dev header:faiss/impl/platform_macros.h
libflann-dev header:flann/flann.hpp
libgeos++-dev header:geos/version.h
liblz4-dev header:lz4.h
liblmdb-dev header:lmdb.h
libnanoflann-dev header:nanoflann.hpp
libopenblas-serial-dev header:openblas_config.h
libspatialindex-dev header:spatialindex/Version.h
libsqlite3-dev header:sqlite3.h
nodejs command:node
npm command:npm
libnetcdf-dev header:netcdf.h
gmt-gshhg-full file:/usr/share/gmt-gshhg/binned_GSHHS_f.nc"

# has_it PROOF: whether the compiler or the shell finds it.
has_it() {
    case $1 in
    command:*) command -v "${1#command:}" >/dev/null 2>&1 ;;
    header:*) has_header "${1#header:}" ;;
    file:*) [ -e "${1#file:}" ] ;;
    runtime:*) [ -e "$(clang -print-file-name="lib/linux/${1#runtime:}" 2>/dev/null)" ] ||
        [ -e "$(clang -print-resource-dir 2>/dev/null)/lib/linux/${1#runtime:}" ] ;;
    esac
}

has_header() {
    case $1 in
    *.hpp) echo "#include <$1>" | c++ -E -x c++ - >/dev/null 2>&1 ;;
    *) printf '#include <stdio.h>\n#include <%s>\n' "$1" | cc -E - >/dev/null 2>&1 ;;
    esac
}

# list_missing NEEDS: the packages whose proof fails, each once.
list_missing() {
    echo "$1" | sort -u | while read -r package proof; do
        has_it "$proof" || echo "$package"
    done | sort -u | tr '\n' ' '
}

# fetch_node: what bench/node/package-lock.json names, unless it is there already.
fetch_node() {
    top=$(cd "$(dirname "$0")/.." && pwd)
    cmp -s "$top/bench/node/package-lock.json" "$top/build/node/fetched.json" && return
    mkdir -p "$top/build/node"
    cp "$top/bench/node/package.json" "$top/bench/node/package-lock.json" \
        "$top/bench/node/.npmrc" "$top/build/node/"
    if (cd "$top/build/node" && npm ci --omit=dev --silent); then
        cp "$top/bench/node/package-lock.json" "$top/build/node/fetched.json"
    else
        echo "npm fetched no peers for Node.js: the benchmarks will do without them" >&2
    fi
}

needs=''
wants_node=no
[ $# -gt 0 ] || set -- --tool
for argument in "$@"; do
    case $argument in
    --tool) needs="$needs
$tool" ;;
    --test) needs="$needs
$test" ;;
    --lint) needs="$needs
$lint" ;;
    --check) needs="$needs
$check" ;;
    --fuzz) needs="$needs
$fuzz" ;;
    --bench)
        needs="$needs
$bench"
        wants_node=yes
        ;;
    *)
        echo "usage: tools/setup.sh [--tool | --test | --lint | --check | --fuzz | --bench]..." >&2
        exit 2
        ;;
    esac
done
needs=$(echo "$needs" | sed '/^$/d')

missing=$(list_missing "$needs")
if [ -z "$missing" ]; then
    [ $wants_node = no ] || fetch_node
    exit 0
fi

as_root=''
if [ "$(id -u)" -ne 0 ]; then
    as_root='sudo -n'
fi
if ! command -v apt-get >/dev/null 2>&1 ||
    { [ -n "$as_root" ] && ! $as_root true 2>/dev/null; }; then
    echo "Missing, by the names of Debian's packages: $missing" >&2
    echo "Install them with: sudo apt-get install --no-install-recommends $missing" >&2
    exit 1
fi

echo "installing: $missing"
export DEBIAN_FRONTEND=noninteractive
# The list of packages is split into words, and the prefix may be empty: both on purpose.
# shellcheck disable=SC2086
{
    $as_root apt-get update -qq
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
        $missing >/dev/null
}
missing=$(list_missing "$needs")
if [ -n "$missing" ]; then
    echo "Still missing after the installation: $missing" >&2
    exit 1
fi
[ $wants_node = no ] || fetch_node
