# `make run` sets up and answers the flagship question; `make system test` sets up and passes the tests.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet
LOCKED := $(PIP) --require-hashes --no-deps

.PHONY: help run system test test-full lint format docs lock clean

help: ## list what there is to make
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | expand -t 12

run: $(VENV)/run.stamp ## set up, fill the store, validate what is shipped, answer the flagship question
	@$(BIN)/gcm-graph validate instances/submissions/*.ttl instances/interpretations/*.ttl
	@$(BIN)/gcm-graph ask provisions-protecting-a-group group=unaccompanied-migrant-children submission=guatemala-2017 --format table
	@echo
	@echo "Next, for instance:"
	@echo "  $(BIN)/gcm-graph questions                       what can be asked"
	@echo "  $(BIN)/gcm-graph ask obligations-of-a-bearer bearer=destination-states"
	@echo "  $(BIN)/gcm-graph show IV.2-p01                   one provision with all that is known of it"
	@echo "  $(BIN)/gcm-graph export --table provisions provisions.xlsx"
	@echo "  $(BIN)/gcm-graph --help                          the rest"

system: ## on Debian, as root: install what the whole test suite needs
	apt-get update -qq
	DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends default-jre-headless

test: $(VENV)/dev.stamp lint ## set up and run all tests; what is missing is named and skipped
	@command -v java >/dev/null || echo "No java: the OWL profile and HermiT tests are skipped (on Debian: make system)."
	$(BIN)/python -m pytest

test-full: $(VENV)/dev.stamp ## the tests, with long random runs
	HYPOTHESIS_PROFILE=full $(BIN)/python -m pytest

lint: $(VENV)/dev.stamp ## style, types, layers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo 2>/dev/null || $(BIN)/lint-imports
	$(BIN)/turtlefmt --check ontology instances shapes

format: $(VENV)/dev.stamp ## rewrite what lint would refuse
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .
	$(BIN)/turtlefmt ontology instances shapes

docs: $(VENV)/dev.stamp ## rewrite the generated parts of README.md and README.es.md
	$(BIN)/python docs/generate.py

lock: ## choose the newest dependencies that fit and pin them by hash (needs uv)
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate \
		pyproject.toml --group build -o requirements/run.txt
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate \
		pyproject.toml --group build --group dev -c requirements/run.txt -o requirements/dev.txt
	uv pip compile -q --no-deps --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate \
		--group pyproject.toml:owl-api -o requirements/owl-api.txt

clean: ## remove what was set up here
	rm -rf $(VENV) dist build

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed: make run PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/run.stamp: requirements/run.txt pyproject.toml | $(VENV)/bin/python
	$(LOCKED) -r requirements/run.txt
	$(PIP) --no-build-isolation --no-deps --editable .
	@touch $@

$(VENV)/dev.stamp: requirements/dev.txt requirements/owl-api.txt $(VENV)/run.stamp
	$(LOCKED) -r requirements/dev.txt
	$(LOCKED) -r requirements/owl-api.txt
	@touch $@
