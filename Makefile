# `make help` lists what there is; a machine needs Python 3.11 or newer with pip, nothing else.
PYTHON ?= python3
BIN := .venv/bin
INSTALL := $(BIN)/python requirements/install.py
DATE ?=
# A date or an error, before any shell sees it: never expanded (it may come from a form), every digit counted as a 0.
override DATE := $(value DATE)
shape := $(DATE)
$(foreach digit,1 2 3 4 5 6 7 8 9,$(eval shape := $$(subst $(digit),0,$$(shape))))
ifneq ($(shape),)
ifneq ($(shape),0000-00-00)
$(error DATE is '$(DATE)', which is no date: give it as 2022-09-26)
endif
endif
# Of this folder and with a Python that runs; an environment that was copied with the folder is made anew.
CURRENT := $(shell [ "$$(cat .venv/ready 2>/dev/null)" = "$$(pwd -P)" ] && $(BIN)/python -c "" 2>/dev/null && echo yes)
.DEFAULT_GOAL := help

help: ## say what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: .venv/ready ## make .venv with the `funnel` command and what a report needs

dev: .venv/ready-dev ## add what development needs

quarto-check: .venv/ready-dev ## run the tests that need Quarto, where it is: make quarto, or QUARTO_PATH
	@$(BIN)/python -c 'from funnel.publish import quarto; found = quarto.find(); print(found or "There is no Quarto; QUARTO_PATH, where it is set, is looked at alone. To do: make quarto, or set QUARTO_PATH to its program."); raise SystemExit(not found)'
	$(BIN)/python -m pytest -m quarto tests/report

quarto: .venv/ready ## bring the Quarto program into .venv, or say why it cannot be had
	@$(BIN)/python requirements/quarto.py

report: .venv/ready ## sync, import and make the edition: make report [DATE=2022-09-26]
	@gaps=0; \
	$(BIN)/funnel sync || gaps=$$?; [ $$gaps -lt 2 ] || exit $$gaps; \
	$(BIN)/funnel import || gaps=$$?; [ $$gaps -lt 2 ] || exit $$gaps; \
	$(BIN)/funnel report $(if $(DATE),--date $(DATE)) || exit $$?; \
	exit $$gaps

test: .venv/ready-dev ## run the tests, with the statement coverage of lib/
	$(BIN)/python -m pytest -n auto --dist loadgroup --cov --cov-report=term:skip-covered --cov-fail-under=90 --doctest-modules --ignore=tests/engines lib tests

engines: .venv/ready-engines ## run the tests of a company's own database: PostgreSQL, Spark
	$(BIN)/python -m pytest -q tests/engines

fuzz: .venv/ready-dev ## try every reader with made-up files, ten minutes each
	FUNNEL_FUZZ_SECONDS=600 $(BIN)/python -m pytest -n auto tests/properties -k test_fuzz

faults: .venv/ready-dev ## kill every command, and fill its disk, at every point where it changes a file; hours
	FUNNEL_FAULTS_ALL=yes $(BIN)/python -m pytest -s tests/faults

check: .venv/ready-dev ## formatting, types, import directions, no outputs in notebooks
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/nbstripout --verify notebooks/*.ipynb
	$(BIN)/python docs/columns.py --check
	@$(BIN)/python docs/sample.py --check

sample: .venv/ready ## make docs/sample again: a finished report to look at, and the pictures of the README
	$(BIN)/python docs/sample.py

bench: .venv/ready-dev ## print what is promised of speed and size, and what was measured, in one table
	$(BIN)/python bench/promises.py

explorer: explorer/node_modules/.ready ## build the explorer's program again from explorer/; needs node and npm
	cd explorer && npm run --silent build

explorer/node_modules/.ready: explorer/package-lock.json
	cd explorer && npm ci --no-audit --no-fund --ignore-scripts --silent
	@touch $@

lock: .venv/ready ## pin the newest versions with hashes: requirements/report.lock and dev.lock
	$(BIN)/python requirements/lock.py

.venv/ready: requirements/report.lock requirements/uv.lock pyproject.toml $(if $(CURRENT),,anew)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; name one: make setup PYTHON=python3.12")'
	$(if $(CURRENT),,$(PYTHON) -m venv --clear .venv)
	$(INSTALL) requirements/report.lock --editable .
	@pwd -P > $@

.venv/ready-dev: .venv/ready requirements/dev.lock
	$(INSTALL) requirements/report.lock requirements/dev.lock
	@touch $@

.venv/ready-engines: .venv/ready-dev requirements/engines.lock
	$(INSTALL) requirements/report.lock requirements/dev.lock requirements/engines.lock
	@touch $@

.PHONY: help setup dev engines quarto quarto-check report test fuzz faults check bench sample explorer lock anew
