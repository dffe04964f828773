#!/usr/bin/env bash
# Everything that CI runs. Needs the packages of tools/setup.sh test.
set -euo pipefail
cd "$(dirname "$0")/.."
# The engine and the viewer are built apart, each with its own features of shared dependencies, as in `make build`: so a change of
# one does not build the other's dependencies anew.
if cargo nextest --version >/dev/null 2>&1; then
  cargo nextest run --release --workspace --exclude qike-viewer --locked --no-fail-fast "$@"
  cargo nextest run --release -p qike-viewer --locked --no-fail-fast "$@"
else
  cargo test --release --workspace --exclude qike-viewer --locked --no-fail-fast "$@"
  cargo test --release -p qike-viewer --locked --no-fail-fast "$@"
fi
