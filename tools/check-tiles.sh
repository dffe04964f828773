#!/usr/bin/env bash
# Opens a 3D Tiles export in CesiumJS, in a headless Chromium on this machine alone: waits until all tiles in view are there, picks
# a feature, reads its metadata, takes a picture; and checks every .glb with Khronos' glTF validator.
#
#   tools/check-tiles.sh                 a sample city, made, imported and exported for it
#   tools/check-tiles.sh FOLDER [PNG]    the tileset.json in that folder
#
# Needs node, npm (once, for cesium, playwright-core and gltf-validator), Debian's chromium, and a built `qike` for the sample city.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/.." && pwd)
work=${CHECK_TILES_WORK:-${CARGO_TARGET_DIR:-$root/target}/check-tiles}
mkdir -p "$work"

command -v node >/dev/null || { echo "check-tiles: node is not installed" >&2; exit 2; }
chromium=$(command -v chromium || command -v chromium-browser) || { echo "check-tiles: chromium is not installed (apt-get install chromium)" >&2; exit 2; }

cp "$here/check-tiles/package.json" "$work/package.json"
[ -d "$work/node_modules/cesium" ] && [ -d "$work/node_modules/gltf-validator" ] ||
  (cd "$work" && npm install --no-audit --no-fund --loglevel=error)

if [ $# -ge 1 ]; then
  folder=$1
else
  qike=${QIKE:-${CARGO_TARGET_DIR:-$root/target}/release/qike}
  [ -x "$qike" ] || { echo "check-tiles: $qike is not built (cargo build --release)" >&2; exit 2; }
  folder=$work/city
  rm -rf "$work/sample" "$work/city.gpkg"
  "$qike" sample lingang "$work/sample" --buildings 600 >/dev/null
  "$qike" import "$work"/sample/sources/* --store "$work/city.gpkg" >/dev/null
  "$qike" export "$work/city.gpkg" "$folder/tileset.json"
fi
cp "$here"/check-tiles/{check.mjs,page.html} "$work/"
cd "$work"
exec node check.mjs "$(cd "$OLDPWD" && cd "$folder" && pwd)" "$chromium" "$(cd "$OLDPWD" && realpath -m "${2:-$work/tiles.png}")"
