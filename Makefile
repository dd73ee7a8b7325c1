# Every verb of the project. `make` alone lists them; each makes the environment it needs.

PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3 python; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo "$$p"; break; }; done)
ENV := .venv/.installed
ENGINE := build/engine-venv/.installed
PEERS := build/bench-venv/.installed
BIN := .venv/bin
PY := $(BIN)/python
CODE := $(wildcard layers/bridge/crmbridge functions local tests bench)
ARGS ?=
ARCHITECTURE ?= arm64
RUNTIME ?= python3.13

export SAM_CLI_TELEMETRY := 0
export UV_SYSTEM_CERTS := 1
# For the layer's own Makefile, which sam build runs in a copy of its folder.
export BRIDGE_ARCHITECTURE := $(ARCHITECTURE)
export BRIDGE_CACHE := $(CURDIR)/build/layer-cache
export BRIDGE_RUNTIME := $(RUNTIME:python%=%)
export PIP := $(CURDIR)/$(PY) -m pip
export UV := $(CURDIR)/$(BIN)/uv

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help install fmt check test-fast test run build deploy bench lock clean

help: ## list the verbs
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

install: $(ENV) $(ENGINE) ## make .venv and the local engine's environment

fmt: $(ENV) ## format the code and mend what can be mended
	$(BIN)/ruff check --fix-only --quiet $(CODE)
	$(BIN)/ruff format $(CODE)

check: $(ENV) ## format, lint, types, import rules, template
	$(BIN)/ruff format --check $(CODE)
	$(BIN)/ruff check $(CODE)
	$(BIN)/mypy $(CODE)
	$(BIN)/lint-imports --no-logo
ifneq ($(wildcard template.yaml),)
	$(BIN)/cfn-lint template.yaml
	$(BIN)/sam validate --lint --region us-east-1
	@mkdir -p build
	$(PY) -m local translate > build/translated.json
	$(BIN)/cfn-lint build/translated.json --ignore-checks W2001 # SAM writes parameters out, then nobody reads them
endif

test-fast: $(ENV) $(ENGINE) ## the tests that start no engine, in minutes
	$(BIN)/pytest -n 2 -m "not journey and not slow" $(ARGS)

test: check $(ENGINE) ## everything CI runs: check, tests, journeys on the local engine
	$(BIN)/pytest -n 2 -m "not journey"
	$(BIN)/pytest -m journey

run: $(ENV) $(ENGINE) ## the whole product on this machine (ARGS=--once: exit after the journey)
	$(PY) -m local run $(ARGS)

build: $(ENV) ## build for AWS with SAM (ARCHITECTURE=arm64 RUNTIME=python3.13)
	$(BIN)/sam build --parameter-overrides Architecture=$(ARCHITECTURE) Runtime=$(RUNTIME)

deploy: build ## deploy to your AWS account, with questions
	@echo "Built for $(ARCHITECTURE) and $(RUNTIME): keep to that when asked for Architecture and Runtime."
	$(BIN)/sam deploy --guided

bench: $(ENV) $(PEERS) ## measure against dlt and the obvious code; ratios in build/bench.json
	$(PY) -m bench $(ARGS)

lock: $(ENV) ## make the four lock files again from the pyproject files
	$(LOCK) pyproject.toml layers/bridge/pyproject.toml --group local --group test -o local/requirements.lock
	$(LOCK) layers/bridge/pyproject.toml -c local/requirements.lock -o layers/bridge/requirements.lock
	$(LOCK) local/engine/requirements.in -o local/engine/requirements.lock
	$(LOCK) bench/requirements.in layers/bridge/pyproject.toml -c layers/bridge/requirements.lock -o bench/requirements.lock

clean: ## stop the local engine and remove everything that was made
	@if [ -e build/engine.json ] && [ -x $(PY) ]; then $(PY) -m local down; fi
	rm -rf .venv build .aws-sam .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header

# uv is pinned in the lock; pip fetches it, then it does the rest. uv knows nothing of pip's configuration, so where an
# index is named only there, pip does it all.
$(ENV): local/requirements.lock layers/bridge/pyproject.toml
	@$(PY) -c '' 2>/dev/null || { $(call need-python) && $(call need-venv) && rm -rf .venv && "$(PYTHON)" -m venv .venv; }
	@echo "Installing the tools into .venv"
	@awk '/^uv==/ { on = 1 } on { print } on && !/\\$$/ { exit }' $< > .venv/uv.txt
	@$(PY) -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r .venv/uv.txt
	@$(BIN)/uv pip sync --quiet --python $(PY) $< || { echo "uv could not; pip tries"; false; } || \
		$(PY) -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r $<
	@printf '%s\n' "$(CURDIR)/layers/bridge" > "$$($(PY) -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/crmbridge.pth"
	@mkdir -p build && touch $@

$(ENGINE): local/engine/requirements.lock | $(ENV)
	@echo "Installing the local engine into build/engine-venv"
	@rm -rf build/engine-venv && $(PY) -m venv --without-pip build/engine-venv
	@$(BIN)/uv pip sync --quiet --python build/engine-venv/bin/python $< || { echo "uv could not; pip tries"; false; } || \
		$(PY) -m pip --python build/engine-venv/bin/python install --quiet --disable-pip-version-check --no-deps --require-hashes -r $<
	@touch $@

# The product's own code is put on its path by bench/processes.py, so that both sides run with the same packages.
$(PEERS): bench/requirements.lock | $(ENV)
	@echo "Installing the peers of the measurements into build/bench-venv"
	@rm -rf build/bench-venv && $(PY) -m venv --without-pip build/bench-venv
	@$(BIN)/uv pip sync --quiet --compile-bytecode --python build/bench-venv/bin/python $< || { echo "uv could not; pip tries"; false; } || \
		$(PY) -m pip --python build/bench-venv/bin/python install --quiet --disable-pip-version-check --no-deps --require-hashes -r $<
	@touch $@

need-python = [ -n "$(PYTHON)" ] || { \
	echo "Python 3.11, 3.12 or 3.13 is needed and none was found. Install one, or say which: make PYTHON=/path/to/python3"; exit 1; }
need-venv = "$(PYTHON)" -c 'import ensurepip, venv' 2>/dev/null || { \
	echo "$(PYTHON) cannot make virtual environments. On Debian and Ubuntu: apt install python3-venv"; exit 1; }
