#!/usr/bin/env bash
# The demo: sample city → store → base run and what-if run → comparison → pictures → viewer (where there is a display).
# Usage: tools/demo.sh BIN_FOLDER OUT_FOLDER
set -euo pipefail
bin=$1 out=$2
qike=$bin/qike
start=$SECONDS
say() { printf '\n\033[1m%s\033[0m\n' "$*"; }

rm -rf "$out"
mkdir -p "$out"
say "1/5  sample city 临港 (sources in $out/sources)"
"$qike" sample lingang "$out"
say "2/5  import into one store ($out/city.gpkg)"
"$qike" import "$out"/sources/* --store "$out/city.gpkg"
say "3/5  holiday afternoon: as it is, and beside it with the bridge closed"
# Both at once, a thread each: on two cores that is sooner done than one after the other.
"$qike" run "$out/holiday-bridge-closed.toml" --out "$out/holiday-bridge-closed" --threads 1 >"$out/bridge-closed.log" 2>&1 &
closed=$!
"$qike" run "$out/holiday.toml" --out "$out/holiday" --threads 1
wait $closed || { cat "$out/bridge-closed.log"; exit 1; }
tail -n +2 "$out/bridge-closed.log"
rm "$out/bridge-closed.log"
say "4/5  comparison"
"$qike" compare "$out/holiday" "$out/holiday-bridge-closed"
say "5/5  pictures"
picture() { "$qike" view "$out/holiday" --screenshot "$out/$1.png" --size 1280x720 --camera "$1" --time "${2:-14:40:00}" --legend; }
picture overview &
first=$!
picture station-inside 14:37:10
wait $first
picture traffic &
first=$!
picture beach
wait $first
say "done in $((SECONDS - start)) s: $out/overview.png, station-inside.png, traffic.png, beach.png"
if [ -n "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ] && [ "${QIKE_DEMO_WINDOW:-1}" = 1 ]; then
  "$qike" view "$out/holiday" "$out/holiday-bridge-closed"
else
  echo "no display here; elsewhere the viewer would open now: $qike view $out/holiday $out/holiday-bridge-closed"
fi
