# The few commands of every day. The build itself is CMake's: see CMakePresets.json.
PYTHON ?= python3
SEED ?= 1
COUNT ?= 1000
FLOW ?= order
SECONDS ?= 60
FORMAT := $(firstword $(wildcard .deps/venv/bin/clang-format) clang-format)
SOURCES := $(shell find src tests -name '*.[ch]' 2>/dev/null)

.PHONY: check release integration sim fuzz bench format lint tidy clean help

check: ## configure, build with ASan and UBSan, run all tests without a broker
	cmake --workflow --preset check

release: ## an optimised build in build/release
	cmake --preset release
	cmake --build --preset release

integration: ## tests against real Kafka and Redis (or KAFKA_BROKERS and REDIS_URL if set)
	cmake --preset check
	cmake --build --preset check
	ctest --preset integration

sim: ## the simulator: make sim SEED=984 COUNT=1 FLOW=blocks (or order, "parents piece leaf")
	cmake --preset release
	cmake --build --preset release --target baton-sim
	build/release/tests/baton-sim $(foreach flow,$(FLOW),--flow tests/sim/flows/$(flow).yaml) \
		--seed $(SEED) --count $(COUNT)

fuzz: ## one fuzz target: make fuzz NAME=document SECONDS=60
	@test -n "$(NAME)" || { echo "make fuzz NAME=... of:"; ls tests/fuzz; exit 2; }
	cmake --preset fuzz
	cmake --build --preset fuzz --target fuzz_$(NAME)
	mkdir -p build/fuzz/corpus/$(NAME)
	build/fuzz/tests/fuzz_$(NAME) -max_total_time=$(SECONDS) -timeout=10 -rss_limit_mb=2048 \
		-artifact_prefix=build/fuzz/ build/fuzz/corpus/$(NAME) $(wildcard tests/fuzz/corpus/$(NAME))

format: ## let clang-format rewrite the sources
	$(FORMAT) -i $(SOURCES)

tidy: ## the include rules, lengths and the format
	$(PYTHON) tools/tidy.py
	$(FORMAT) --dry-run -Werror $(SOURCES)

lint: tidy ## ... and clang-tidy
	cmake --preset clang
	cmake --build --preset clang
	$(PYTHON) tools/clang_tidy.py --build build/clang

clean: ## remove what was built
	rm -rf build

help: ## this text
	@sed -n 's/^\([a-z]*\):.*## /  \1\t/p' Makefile | expand -t 16
