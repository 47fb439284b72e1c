# One command shows, one tests, one checks. Each prepares what it needs, from a bare checkout on.
#
#   make demo ARGS="--sites 3 --fault compressor-trip@60s"
#   make test ARGS="tests/podcore -k site"

.DEFAULT_GOAL := help
.PHONY: help env env-dev frontend demo test slow faults fuzz check bench lock clean

BIN := .venv/bin
ARGS ?=
CASES ?= 1000000

help:
	@echo "make demo    the whole program on simulated sites, in the browser (ARGS=\"--sites 3\")"
	@echo "make test    the tests, but for the slow ones (ARGS=\"tests/podcore\")"
	@echo "make slow    the tests of minutes: InfluxDB, Telegraf and faults that take their time"
	@echo "make faults  faults and what they cost, as a table (ARGS=\"--fault-scale full\" takes hours)"
	@echo "make fuzz    what ingest reads, made wrong: a million messages a codec (CASES=100000)"
	@echo "make check   style, types, imports, architecture, and the wheel in an empty environment"
	@echo "make bench   benchmarks"
	@echo "make env     only .venv, from requirements/run.txt"
	@echo "make lock    requirements/*.txt anew from pyproject.toml and requirements/*.in"

# Two stamps in one environment: who only wants the demo downloads no test tools.
env: .venv/.run
env-dev: .venv/.dev

.venv/.run: requirements/run.txt requirements/build.txt requirements/node.txt pyproject.toml scripts/env
	@scripts/env run
	@touch $@

.venv/.dev: requirements/dev.txt .venv/.run
	@scripts/env dev
	@touch $@

# Does nothing when the built files fit their sources.
frontend: env
	@$(BIN)/python hatch_build.py

demo: env frontend
	@$(BIN)/podtwin demo $(ARGS)

test: env-dev frontend
	@$(BIN)/python -m pytest -m "not build and not slow and not fault" -n 2 --dist loadfile $(ARGS)

slow: env-dev frontend
	@$(BIN)/python -m pytest -m "slow and not fault" -n 2 --dist loadfile $(ARGS)

# One after the other: what is measured here is what a fault costs, not a busy machine.
faults: env-dev frontend
	@$(BIN)/python -m pytest -m fault tests/faults $(ARGS)

fuzz: env-dev
	@$(BIN)/python -m pytest -q -n 2 tests/fuzz --fuzz-cases $(CASES) $(ARGS)

check: env-dev frontend
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/python -m pytest -q tests/architecture
	$(BIN)/python scripts/try_wheel.py

bench: env-dev frontend
	@set -e; for script in benchmarks/*.py; do echo "$$script"; $(BIN)/python -P "$$script" $(ARGS); done

# No index and no host may stand in a lock: each machine asks its own.
UV_COMPILE = UV_CUSTOM_COMPILE_COMMAND="make lock" $(BIN)/uv pip compile --quiet --universal \
	--python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate

lock: env-dev
	$(UV_COMPILE) pyproject.toml -o requirements/run.txt $(ARGS)
	$(UV_COMPILE) requirements/build.in -o requirements/build.txt $(ARGS)
	$(UV_COMPILE) pyproject.toml requirements/build.in requirements/dev.in \
		-c requirements/run.txt -c requirements/build.txt -o requirements/dev.txt $(ARGS)
	$(UV_COMPILE) requirements/node.in -o requirements/node.txt $(ARGS)

clean:
	rm -rf .venv dist podtwin/dashboard/static podtwin/dashboard/frontend/node_modules \
		.mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
