# Every target sets up what it needs: a virtual environment in .venv, installed from the hash-pinned lock.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
COMPILER := $(BIN)/compiler
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check
WORKERS ?= 2

.DEFAULT_GOAL := help
.PHONY: help build test bench lint format e2e e2e-long fuzz conformance example oracle lock clean

help: ## list the targets
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  %-12s %s\n", $$1, $$2}'

$(VENV)/stamp: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("compiler needs Python 3.11 or newer, this is " + sys.version.split()[0] if sys.version_info < (3, 11) else 0)'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(PIP) install --require-hashes -r requirements.lock
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

oracle: $(VENV)/stamp ## fetch the real kubectl that the tests compare with
	@$(BIN)/python -m tests.support.oracle

build: $(VENV)/stamp ## compile the example specs, render every overlay into build/, check them
	@$(BIN)/python -m tests.tools.make_build

test: oracle ## run the whole default suite
	@$(BIN)/python -m pytest -n $(WORKERS)

bench: oracle ## measure against the real kubectl, as ratios
	@status=0; $(BIN)/python -m tests.tools.bench || status=1; echo; \
	  $(BIN)/python -m tests.tools.bench_engine --floor || status=1; exit $$status

e2e: oracle ## real openssl, nginx, PostgreSQL, Redis and Pulp (Debian, root: installs what is missing)
	@tests/e2e/install.sh
	@$(BIN)/python -m pytest tests/e2e -o norecursedirs='.* images' -m e2e -n $(WORKERS)

e2e-long: oracle ## outages, kills and rollovers under load, the whole of overlays/prod: half an hour and more, by hand
	@tests/e2e/install.sh
	@$(BIN)/python -m pytest tests/e2e/long_*.py -o norecursedirs='.* images' -m e2e -s

conformance: oracle ## run the collected cases against what the real kubectl printed, print the count
	@$(BIN)/python -m tests.tools.conformance

fuzz: oracle ## compare with the real kubectl on generated trees until stopped (MINUTES=30)
	@$(BIN)/python -m tests.tools.fuzz --minutes $(or $(MINUTES),30)

example: $(VENV)/stamp ## recreate the example's secrets with identities that are thrown away
	@$(BIN)/python -m tests.tools.make_example

lint: $(VENV)/stamp ## ruff, mypy --strict, import-linter
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache

format: $(VENV)/stamp ## format and fix what ruff can fix
	@$(BIN)/ruff check --fix --quiet . || true
	@$(BIN)/ruff format --quiet .

clean: ## remove what make made
	@rm -rf build $(VENV) .cache

lock: ## write requirements.lock anew (needs uv)
	@{ sed -n '/^#/p;/^[^#]/q' requirements.lock; uv pip compile pyproject.toml --extra sops --extra dev --universal \
	  --generate-hashes --python-version 3.11 --no-emit-index-url --no-header --no-annotate --quiet; } > requirements.lock.new
	@mv requirements.lock.new requirements.lock
