# Makefile -- the front door: short names for what CMake and the tools do. See CONTRIBUTING.md.
#
# SPDX-License-Identifier: MIT
PREFIX ?= /usr/local
FUZZ_SECONDS ?= 300
MODEL_OPERATIONS ?= 100000000
KILLS ?= 2000
READS ?= 10000000
CRASH_STATES ?= 1000000
SEED ?= 1
WORKERS ?= $(shell nproc)
WORKFLOW = cmake --workflow --preset

all: ## build the library and the tool, optimised
	@cmake --preset release
	@cmake --build --preset release --target xtree_shared xtree_static xtree_tool man

demo: ## load real data, query it from another process, draw it
	@tools/setup.sh --tool
	@tools/demo.sh

test: ## build for debugging and run every test
	@tools/setup.sh --test
	@$(WORKFLOW) dev

check: ## everything that CI runs
	@tools/setup.sh --check
	@tools/check.sh

clang asan tsan release: ## the tests under another compiler, sanitizer or optimisation
	@$(WORKFLOW) $@

cov: ## the tests, then which lines they ran
	@$(WORKFLOW) cov
	@tools/coverage.py build/cov

fuzz: ## fuzz each harness for FUZZ_SECONDS
	@tools/setup.sh --fuzz
	@$(WORKFLOW) fuzz
	@tools/fuzz.sh build/fuzz $(FUZZ_SECONDS)

model: ## MODEL_OPERATIONS changes of stores beside an array
	@tools/setup.sh --test
	@cmake --preset release && cmake --build --preset release --target test_changes
	@build/release/tests/test_changes --operations $(MODEL_OPERATIONS) --require-branches

kills: ## kill KILLS writers, open their stores again and compare
	@tools/setup.sh --test
	@cmake --preset release && cmake --build --preset release --target test_kill
	@build/release/tests/test_kill --kills $(KILLS)

isolation: ## compare READS answers of readers with the version that they saw
	@tools/setup.sh --test
	@cmake --preset release && cmake --build --preset release --target test_isolation
	@build/release/tests/test_isolation --reads $(READS)

crash: ## CRASH_STATES different states after power loss; SEED=1
	@tools/setup.sh --test
	@cmake --preset release && cmake --build --preset release --target test_crash_campaign
	@build/release/tests/test_crash_campaign --states $(CRASH_STATES) --workers $(WORKERS) \
	    --seed $(SEED)

fault: ## each call of two lives of 200 commits fails in turn, in each way; SEED=1
	@tools/setup.sh --test
	@cmake --preset release && cmake --build --preset release --target test_fault_campaign
	@build/release/tests/test_fault_campaign --every 1 --seed $(SEED)
	@build/release/tests/test_fault_campaign --apart --every 1 --seed $(SEED)

steady: ## what files take while items move for ever
	@tools/setup.sh --test
	@cmake --preset release && cmake --build --preset release --target test_steady
	@build/release/tests/test_steady

protocol: ## every state of the model of commits, crashes and readers
	@tools/setup.sh --test
	@cmake --preset release && cmake --build --preset release --target test_protocol
	@build/release/tests/test_protocol --all

mutants: ## break the library in each way of tests/mutants; which test sees it?
	@tools/setup.sh --test
	@tests/mutants/run.py

bench: ## measure beside the peers, small; compare bench/expected/quality.csv; minutes
	@tools/setup.sh --bench
	@cmake --preset bench && cmake --build --preset bench
	@bench/run.sh build/bench

bench-full: ## the same in full size, and the page docs/benchmarks.md; an hour
	@tools/setup.sh --bench
	@cmake --preset bench && cmake --build --preset bench
	@bench/run.sh build/bench --full

lint: ## format, layers, style, symbols, shell scripts; seconds
	@tools/lint.sh

tidy: ## clang-tidy over every source file; minutes
	@tools/tidy.sh

format: ## rewrite every C file in the house format
	@tools/c_files.sh | xargs clang-format -i

install: all ## install to PREFIX
	@cmake --install build/release --prefix $(PREFIX)

clean: ## forget all builds
	@rm -rf build

help:
	@sed -n 's/^\([a-z -]*\):[^#]*## \(.*\)/\1\t\2/p' Makefile | expand -t 26

.PHONY: all asan bench bench-full check clang clean cov crash demo fault format fuzz help install \
    isolation kills lint model mutants protocol release steady test tidy tsan
