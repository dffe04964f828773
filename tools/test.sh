#!/usr/bin/env bash
# Everything that CI runs. Needs the packages of tools/setup.sh test.
set -euo pipefail
cd "$(dirname "$0")/.."
# Bevy draws on the processor where there is no graphics card.
export WGPU_BACKEND=${WGPU_BACKEND:-vulkan}
if cargo nextest --version >/dev/null 2>&1; then
  cargo nextest run --release --workspace --locked --no-fail-fast "$@"
  cargo test --release --workspace --locked --doc
else
  cargo test --release --workspace --locked --no-fail-fast "$@"
fi
