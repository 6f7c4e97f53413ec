# The two commands: `make demo` and `make test`. Both set up what is missing first.
SHELL := /bin/sh
CARGO ?= cargo
PYTHON ?= python3
TOOLS := $(CURDIR)/.tools
export LOCKSTEP_TOOLS := $(TOOLS)

.PHONY: help setup setup-tests build demo test bench bench-peers crashes races fuzz look pictures check ground clean

help:
	@echo "make demo    open the console on a sandbox: a real PostgreSQL, real Liquibase, an emulated AWS"
	@echo "make test    every check and test"
	@echo "make bench   measure: inside (benches/) and whole commands against Liquibase (scripts/bench.py)"
	@echo "make bench-peers  measure the console beside gitui, bottom, oxker, htop, tig and lnav (scripts/bench_peers.py)"
	@echo "make crashes cut promotions off at every record of the journal, and print what became of each"
	@echo "make races   a thousand races of two consoles and a command line for one environment (RACES=1000)"
	@echo "make fuzz    let any text into the changelog reader for ten minutes (FUZZ_SECONDS=600); needs a C++ compiler"
	@echo "make look    the reports of a demo in a browser: checks them, and leaves pictures in target/look"
	@echo "make ground  prove terraform/ without AWS: fmt, validate, plan, test; left out where Terraform or npm is missing"
	@echo "make pictures  draw the pictures of the console in docs/ anew"
	@echo "make setup   only fetch what is missing on this machine: PostgreSQL, Java, Liquibase (make test fetches more: scripts/setup.py)"
	@echo "make build   build lockstep and bagel-store"
	@echo "make clean   take the demo's sandbox down and remove what was built and fetched"

setup:
	@$(PYTHON) scripts/setup.py --dir $(TOOLS)

# And what only tests need: an HTML checker, moto and botocore, and Chromium where root may install it.
setup-tests:
	@$(PYTHON) scripts/setup.py --dir $(TOOLS) --tests

build:
	@$(CARGO) build --quiet --bins

demo: setup build
	@$(CARGO) run --quiet --bin lockstep -- demo

check:
	@$(CARGO) fmt --check
	@$(CARGO) clippy --quiet --all-targets -- -D warnings

# Terraform is not fetched: it says what was left out where it is missing.
ground:
	@$(PYTHON) scripts/ground.py --dir $(TOOLS) check

# cargo-nextest runs the tests where it is installed; plain cargo does it too. One more at a time than there are cores:
# most of them wait for a server or a deadline now and then.
test: setup-tests check ground
	@if $(CARGO) nextest --version >/dev/null 2>&1; \
	then $(CARGO) nextest run --test-threads $$(($$(getconf _NPROCESSORS_ONLN) + 1)); else $(CARGO) test --quiet; fi

# Nothing passes or fails by a time. The tables go to standard output; docs/benchmarks.md says how to read them.
bench: setup
	@$(CARGO) build --quiet --release --bins
	@$(CARGO) bench --quiet --bench ledgers
	@$(CARGO) bench --quiet --bench console
	@$(PYTHON) scripts/bench.py

# Fetches those of the peers that cargo builds into .tools/peers first, which takes some minutes once.
bench-peers: setup
	@$(CARGO) build --quiet --release
	@$(PYTHON) scripts/bench_peers.py --install

# Every row is a test that passed; where a promotion was cut off is read from its journal.
crashes: setup
	@rm -rf "$${CARGO_TARGET_DIR:-target}/tmp/crashes"
	@$(CARGO) nextest run -E 'test(crashes::matrix)'
	@cat "$${CARGO_TARGET_DIR:-target}"/tmp/crashes/* | sort

# Each race ends with one winner, and one more update counted by the sandbox.
RACES ?= 1000
races: setup
	@LOCKSTEP_RACES=$(RACES) $(CARGO) nextest run --no-capture --profile long -E 'test(p04_)'

# Every report at three widths, in light and in dark.
LOOK ?= $(CURDIR)/target/look
look: setup-tests
	@LOCKSTEP_LOOK=$(LOOK) $(CARGO) nextest run -E 'test(/^look::/)'
	@ls $(LOOK)

# The same everywhere: told by stories, not by a sandbox. A test says when they are not what the console draws now.
pictures:
	@LOCKSTEP_PICTURES=draw $(CARGO) nextest run -E 'test(console::pictures::)'

# What a fuzzer needs to see which code a text comes through; stable Rust takes these too.
FUZZ_SECONDS ?= 600
FUZZ_DIR ?= $(CURDIR)/target/fuzz
FUZZ_TEST := changelogs::fuzzing::every_text_is_read_or_refused
COVERAGE := -sanitizer-coverage-inline-8bit-counters -sanitizer-coverage-level=4 -sanitizer-coverage-pc-table \
	-sanitizer-coverage-trace-compares

fuzz:
	@mkdir -p $(FUZZ_DIR)/corpus $(FUZZ_DIR)/crashes
	@BOLERO_FUZZER=libfuzzer BOLERO_LIBTEST_HARNESS=1 BOLERO_TEST_NAME=$(FUZZ_TEST) \
	BOLERO_LIBFUZZER_ARGS="$(FUZZ_DIR)/corpus -artifact_prefix=$(FUZZ_DIR)/crashes/ -timeout=20 -rss_limit_mb=2000 -len_control=0 -max_len=1024 -max_total_time=$(FUZZ_SECONDS)" \
	RUSTFLAGS="--cfg fuzzing --cfg fuzzing_libfuzzer -Cpasses=sancov-module -Ccodegen-units=1 $(COVERAGE:%=-Cllvm-args=%)" \
	$(CARGO) test --quiet --target $$(rustc --print host-tuple) --target-dir $(FUZZ_DIR) --test integration \
		$(FUZZ_TEST) -- --exact --nocapture --test-threads 1

clean:
	@-$(CARGO) run --quiet --bin lockstep -- demo down
	@$(CARGO) clean
	@rm -rf $(TOOLS) dist
