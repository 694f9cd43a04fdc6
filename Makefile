# Everything needs Python >= 3.11 and make. The targets set up what they use, and a second call finds it done.
#   make demo    set up, start everything, run the demo shop, print the address
#   make up      the same without the shop
#   make test    the whole test suite, in two processes; ARGS="tests/api -q" runs what it says, in one
#   make bench   measurements; writes docs/benchmarks.md
#   make bench-large   a trace of 50 000 spans in Chromium; writes docs/large-traces.md
#   make chaos   kills every process under load and counts (docs/durability.md); about 20 minutes
#   make lint    ruff and the direction of imports
# An environment of your own:  make test VENV=/path/to/venv READY=1   (READY=1: everything is installed there)

PYTHON ?= python3
VENV ?= .venv
READY ?=
BIN := $(VENV)/bin

RUNTIME := $(if $(READY),,$(VENV)/.runtime)
DEVELOPMENT := $(if $(READY),,$(VENV)/.development)
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all:

.PHONY: demo up test bench bench-large chaos lint format setup setup-dev clean
.DEFAULT_GOAL := up

demo: $(RUNTIME)
	@exec $(BIN)/python -m tracer_ui.up --demo

up: $(RUNTIME)
	@exec $(BIN)/python -m tracer_ui.up

test: $(DEVELOPMENT)
	$(BIN)/python -m pytest $(or $(ARGS),--numprocesses 2 --dist loadfile --no-loadscope-reorder)

bench: $(DEVELOPMENT)
	$(BIN)/python bench/run.py $(ARGS)

bench-large: $(DEVELOPMENT)
	$(BIN)/python bench/large_traces.py $(ARGS)

chaos: $(DEVELOPMENT)
	$(BIN)/python bench/chaos.py $(ARGS)

lint: $(DEVELOPMENT)
	$(BIN)/ruff check .
	$(BIN)/lint-imports

format: $(DEVELOPMENT)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

setup: $(RUNTIME)

setup-dev: $(DEVELOPMENT)

$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "tracer-ui needs Python 3.11 or newer; $(PYTHON) is " + sys.version.split()[0])'
	@echo "Making a virtual environment in $(VENV)"
	@$(PYTHON) -m venv $(VENV) || { echo "python3 -m venv failed; on Debian and Ubuntu: apt-get install python3-venv"; exit 1; }
	@touch $@

$(VENV)/.runtime: requirements/base.txt requirements/redis-server.txt $(VENV)/.made
	@echo "Installing what tracer-ui runs on (about a minute)"
	@$(PIP) -r requirements/base.txt
	@$(PIP) --no-deps --upgrade --python-version 3.12 --implementation cp --abi cp312 \
	    --target "$$($(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')" -r requirements/redis-server.txt
	@touch $@

$(VENV)/.development: requirements/dev.txt $(VENV)/.runtime
	@echo "Installing what the tests need"
	@$(PIP) -r requirements/dev.txt
	@touch $@

clean:
	rm -rf $(VENV) .pytest_cache .ruff_cache .import_linter_cache .hypothesis
