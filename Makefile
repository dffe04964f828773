# Qike 七可. Two commands: `make demo` and `make test`. CARGO_TARGET_DIR is respected.
SHELL := /bin/bash
target := $(or $(CARGO_TARGET_DIR),$(CURDIR)/target)
bin := $(target)/release
demo := $(CURDIR)/demo

.PHONY: demo test bench bench-import bench-traffic bench-metropolis bench-fork bench-network lint setup build check-tiles clean-demo

demo: setup build
	@tools/demo.sh "$(bin)" "$(demo)"

# The same profile and features as in tools/test.sh, so that demo and test share what is built.
build:
	cargo build --release --workspace --bins --locked

setup:
	@tools/setup.sh

test:
	@tools/setup.sh
	@tools/test.sh

bench: setup build
	cargo build --release --workspace --examples --locked
	@tools/bench.py "$(bin)" "$(CURDIR)/bench" $(BENCH)

# Imports, the store and queries beside peers: BENCH="--peers VENV", "--quick", "--only queries" (tools/bench_import.py --help).
bench-import: build
	cargo build --release --workspace --examples --locked
	@tools/bench_import.py "$(bin)" "$(CURDIR)/bench-import" $(BENCH)

# SUMO's scenarios in SUMO and in Qike: BENCH="--peers FOLDER" is needed, "--only speed", "--seeds 3" … are not (docs/bench-traffic.md).
bench-traffic: build
	cargo build --release --workspace --examples --locked
	@tools/bench_traffic.py "$(bin)" "$(CURDIR)/bench-traffic" $(BENCH)

# A day of generated cities of 1, 5 and 24 million persons, a line of JSON each: BENCH="1000000" for others (docs/bench-metropolis.md).
bench-metropolis:
	cargo build --release --workspace --examples --locked
	@for persons in $(or $(BENCH),1000000 5000000 24000000); do FORK=1 "$(bin)/examples/metropolis" $$persons 2 || exit 1; done

# Forks of a running city with 1,000,000 vehicles, lane by lane and as queues: BENCH=VEHICLES for another number.
bench-fork: setup
	cargo build --release --workspace --examples --locked
	@"$(bin)/examples/fork_bench" $(BENCH)

# Networks of OSM files beside netconvert's: BENCH="--peers FOLDER" is needed, "--files helsinki,monaco" is not (docs/bench-network.md).
bench-network: build
	@tools/bench_osm_network.py "$(bin)" "$(CURDIR)/bench-network" $(BENCH)

# Static assignment beside aequilibrae: BENCH="--peers FOLDER" is needed.
bench-assign: build
	@tools/bench_assign.py "$(bin)" "$(CURDIR)/bench-assign" $(BENCH)

# Opens exported 3D Tiles in CesiumJS; needs npm and chromium, so it is no part of `make test`.
check-tiles: build
	@tools/check-tiles.sh

lint:
	cargo clippy --release --workspace --all-targets --locked -- -D warnings
	cargo deny check

clean-demo:
	rm -rf "$(demo)"
