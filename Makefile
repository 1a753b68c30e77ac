# `make help` lists what there is; a machine needs Python 3.11 or newer with pip, nothing else.
PYTHON ?= python3
BIN := .venv/bin
DATE ?=
QUARTO := 1.7.34
.DEFAULT_GOAL := help

help: ## say what can be made
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: .venv/ready ## make .venv with the `funnel` command in it

report: .venv/ready ## sync, import and make the issue: make report [DATE=2022-09-26]
	$(BIN)/funnel sync
	$(BIN)/funnel import
	$(BIN)/funnel report $(if $(DATE),--date $(DATE))

test: .venv/ready ## run the tests, with the statement coverage of lib/
	$(BIN)/python -m pytest -n auto --dist loadgroup --cov --cov-report=term:skip-covered --cov-fail-under=90 --doctest-modules lib tests

check: .venv/ready ## formatting, types, import directions, no outputs in notebooks
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/nbstripout --verify notebooks/*.ipynb

bench: .venv/ready ## print the benchmarks beside what a user would use instead
	for bench in bench/*.py; do $(BIN)/python $$bench || exit 1; done

lock: .venv/ready ## pin the newest versions with hashes into requirements.lock
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
		--extra dev --upgrade --output-file requirements.lock pyproject.toml

.venv/ready: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; name one: make setup PYTHON=python3.12")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@$(BIN)/python -c 'import subprocess, sys; subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", "quarto-cli==$(QUARTO)"], timeout=180, check=True, capture_output=True)' 2>/dev/null \
		|| echo "Quarto could not be had here; the built-in renderer makes the pages."
	@touch $@

.PHONY: help setup report test check bench lock
