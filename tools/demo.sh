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
say "3/5  holiday afternoon: as it is, and with the bridge closed"
"$qike" run "$out/holiday.toml" --out "$out/holiday"
"$qike" run "$out/holiday-bridge-closed.toml" --out "$out/holiday-bridge-closed"
say "4/5  comparison"
"$qike" compare "$out/holiday" "$out/holiday-bridge-closed"
say "5/5  pictures"
for camera in overview station-inside street; do
  "$qike" view "$out/holiday" --screenshot "$out/$camera.png" --size 1280x720 --camera "$camera"
done
say "done in $((SECONDS - start)) s: $out/overview.png, station-inside.png, street.png"
if [ -n "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ] && [ "${QIKE_DEMO_WINDOW:-1}" = 1 ]; then
  "$qike" view "$out/holiday" "$out/holiday-bridge-closed"
else
  echo "no display here; elsewhere the viewer would open now: $qike view $out/holiday $out/holiday-bridge-closed"
fi
