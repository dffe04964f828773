# Qike 七可. Two commands: `make demo` and `make test`. CARGO_TARGET_DIR is respected.
SHELL := /bin/bash
target := $(or $(CARGO_TARGET_DIR),$(CURDIR)/target)
bin := $(target)/release
demo := $(CURDIR)/demo

.PHONY: demo test bench lint setup build clean-demo

demo: setup build
	@tools/demo.sh "$(bin)" "$(demo)"

# The same profile and the same two groups as in tools/test.sh, so that demo and test share what is built.
build:
	cargo build --release --workspace --exclude qike-viewer --bins --locked
	cargo build --release -p qike-viewer --locked

setup:
	@tools/setup.sh build

test:
	@tools/setup.sh test
	@tools/test.sh

bench: setup build
	@tools/bench.sh "$(bin)" "$(demo)"

lint:
	cargo clippy --release --workspace --all-targets --locked -- -D warnings
	cargo deny check

clean-demo:
	rm -rf "$(demo)"
