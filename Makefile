# The two commands: `make demo` and `make test`. Both set up what is missing first.
SHELL := /bin/sh
CARGO ?= cargo
PYTHON ?= python3
TOOLS := $(CURDIR)/.tools
export LOCKSTEP_TOOLS := $(TOOLS)

.PHONY: help setup build demo test bench check clean

help:
	@echo "make demo    open the console on a sandbox: a real PostgreSQL, real Liquibase, an emulated AWS"
	@echo "make test    every check and test"
	@echo "make bench   measure: inside (benches/) and whole commands against Liquibase (scripts/bench.py)"
	@echo "make setup   only fetch what is missing on this machine: PostgreSQL, Java, Liquibase"
	@echo "make build   build lockstep and bagel-store"
	@echo "make clean   take the demo's sandbox down and remove what was built and fetched"

setup:
	@$(PYTHON) scripts/setup.py --dir $(TOOLS)

build:
	@$(CARGO) build --quiet --bins

demo: setup build
	@$(CARGO) run --quiet --bin lockstep -- demo

check:
	@$(CARGO) fmt --check
	@$(CARGO) clippy --quiet --all-targets -- -D warnings

# cargo-nextest runs the tests where it is installed; plain cargo does it too.
test: setup check
	@if $(CARGO) nextest --version >/dev/null 2>&1; then $(CARGO) nextest run; else $(CARGO) test --quiet; fi

# Nothing passes or fails by a time. The tables go to standard output; docs/benchmarks.md says how to read them.
bench: setup
	@$(CARGO) build --quiet --release --bins
	@$(CARGO) bench --quiet --bench ledgers
	@$(PYTHON) scripts/bench.py

clean:
	@-$(CARGO) run --quiet --bin lockstep -- demo down
	@$(CARGO) clean
	@rm -rf $(TOOLS) dist
