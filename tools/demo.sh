#!/bin/sh
# tools/demo.sh -- loads real data, asks for it from other processes, draws it.
#
# Everything it makes lies in build/demo. Every number that it shows is measured while it runs, and
# every count is compared with the one in data/README.md.
#
# SPDX-License-Identifier: MIT
set -eu
cd "$(dirname "$0")/.."
export LC_ALL=C.UTF-8
demo=build/demo
xtree=build/release/bin/xtree
wrong=0

if [ -t 1 ]; then
    bold=$(printf '\033[1m') dim=$(printf '\033[2m') green=$(printf '\033[32m')
    red=$(printf '\033[31m') plain=$(printf '\033[0m')
else
    bold='' dim='' green='' red='' plain=''
fi

title() {
    printf '\n%s%s%s\n' "$bold" "$1" "$plain"
}

now_us() {
    echo $(($(date +%s%N) / 1000))
}

# show_command COMMAND...: what the reader may type himself.
show_command() {
    printf '%s$ xtree %s%s\n' "$dim" "$*" "$plain"
}

# load NAME FILE OPTIONS...: the tool itself says how many, how long and how large.
load() {
    name=$1
    file=$2
    shift 2
    show_command load "$demo/$name" "$file" "$@"
    "$xtree" load "$demo/$name" "$file" "$@"
}

# count NAME WANTED WINDOW TEXT: asks in a new process and compares.
count() {
    begin=$(now_us)
    got=$("$xtree" query "$demo/$1" --window "$3" --count)
    elapsed=$(($(now_us) - begin))
    judge "$got" "$2"
    printf '  %-10s %-22s %-26s %7s  %5s ms  %s\n' "$1" "$3" "$4" "$got" \
        "$(awk -v us="$elapsed" 'BEGIN { printf "%.1f", us / 1000 }')" "$mark"
}

# judge GOT WANTED: how an answer is marked.
judge() {
    if [ "$1" = "$2" ]; then
        mark="${green}as it should be$plain"
    else
        mark="${red}should be $2$plain"
        wrong=$((wrong + 1))
    fi
}

# city_name ID: from the file that was loaded.
city_name() {
    gzip -dc data/cities.csv.gz | awk -F, -v id="$1" '$1 == id { print $6; exit }'
}

# near ID WANTED_DEGREES LINE: a line of `nearest`, with the name of the city.
near() {
    # The words of the line are wanted: id, longitude, latitude, distance.
    # shellcheck disable=SC2086
    set -- "$1" "$2" $3
    judge "$3 $(printf '%.6f' "$6")" "$1 $2"
    printf '  %-18s %8s  %9.5f %9.5f  %9s degrees  %s\n' "$(city_name "$3")" "$3" "$4" "$5" \
        "$(printf '%.6f' "$6")" "$mark"
}

# pairs WANTED TEXT STORE...: joins in a new process and compares.
pairs() {
    wanted=$1
    text=$2
    shift 2
    begin=$(now_us)
    got=$("$xtree" join "$@" --count)
    elapsed=$(($(now_us) - begin))
    judge "$got" "$wanted"
    printf '  %-60s %7s  %5s ms  %s\n' "$text" "$got" \
        "$(awk -v us="$elapsed" 'BEGIN { printf "%.1f", us / 1000 }')" "$mark"
}

echo "building ..."
mkdir -p build
build_tool() {
    cmake --preset release && cmake --build --preset release --target xtree_tool
}
if ! build_tool >build/demo-build.log 2>&1; then
    cat build/demo-build.log
    exit 1
fi
rm -rf "$demo"
mkdir -p "$demo"

title "Three files become three stores"
load cities data/cities.csv.gz --columns id,lon,lat --points
load coastline data/coastline.csv.gz --columns id,min_lon,min_lat,max_lon,max_lat --boxes
load countries data/countries.geojson.gz --format geojson

title "Other processes ask: each line starts one, opens the store, and answers"
show_command query "$demo/cities" --window -25,63,-13,67 --count
count cities 33 -25,63,-13,67 "Iceland"
count cities 438 2.0,48.5,2.8,49.1 "Greater Paris"
count cities 0 -5,-5,0,0 "the sea off West Africa"
count cities 135233 -180,-90,180,90 "the world"
count coastline 440 4,51,8,54 "the Dutch coast"
count coastline 404891 -180,-90,180,90 "the world"
count countries 14 5,45,15,55 "Central Europe"
count countries 177 -180,-90,180,90 "the world"

title "The first items of one answer"
show_command query "$demo/cities" --window 2.0,48.5,2.8,49.1 --limit 3
"$xtree" query "$demo/cities" --window 2.0,48.5,2.8,49.1 --limit 3 | sed 's/^/  /'

title "What is in a store"
show_command stat "$demo/cities"
"$xtree" stat "$demo/cities" | sed 's/^/  /'
show_command check "$demo/cities" --deep
"$xtree" check "$demo/cities" --deep | sed 's/^/  /'

title "Pictures, for a browser"
for name in cities coastline countries; do
    "$xtree" plot "$demo/$name" "$demo/$name.svg"
    printf '  %s\n' "$demo/$name.svg"
done

title "Which pairs meet?"
show_command join "$demo/cities" "$demo/countries" --count
pairs 274819 "a city, and a country whose extent holds it" "$demo/cities" "$demo/countries"
pairs 491 "two countries whose extents share a point" "$demo/countries"

title "The five cities nearest to 13.405,52.52, the middle of Berlin"
show_command nearest "$demo/cities" --point 13.405,52.52 -k 5
"$xtree" nearest "$demo/cities" --point 13.405,52.52 -k 5 >"$demo/nearest"
for wanted in 6545310:0.000114 2950159:0.007048 2884161:0.020335 2852217:0.027022 \
    2920789:0.033262; do
    IFS= read -r line || line="0 0 0 0"
    near "${wanted%:*}" "${wanted#*:}" "$line"
done <"$demo/nearest"

echo
if [ $wrong -ne 0 ]; then
    echo "${red}$wrong answers are wrong.$plain"
    exit 1
fi
echo "Every answer is right. The stores stay in $demo; the tool is $xtree."
