#!/usr/bin/env bash
# Everything that CI runs. Needs the packages of tools/setup.sh.
set -euo pipefail
cd "$(dirname "$0")/.."
# One build of everything, with the same profile and features as `make build`: what the demo has built, the tests need not build again.
if cargo nextest --version >/dev/null 2>&1; then
  exec cargo nextest run --release --workspace --locked --no-fail-fast "$@"
else
  exec cargo test --release --workspace --locked --no-fail-fast "$@"
fi
