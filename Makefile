PYTHON ?= python3
BIN := .venv/bin
CHECKED := esd_period_attendance_fetcher.py redshift_loader.py attendance_common tests

.PHONY: help install demo sandbox sql dictionary policies settings golden check quick test airflow-check torture audit \
  bench clean

help:            ## what can be made
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | expand -t 16

install: .venv/installed   ## make .venv with everything in it

.venv/installed: requirements.txt requirements-dev.txt
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 10) or sys.exit("Python 3.10 or newer is needed: make PYTHON=python3.12 …")'
	$(PYTHON) -m venv --clear .venv
	$(BIN)/python -m pip install --disable-pip-version-check --quiet --requirement requirements-dev.txt
	@touch $@

demo: install    ## the whole pipeline on this machine: a good day, a bad day, and the proof
	@$(BIN)/python -m tests.demo

sandbox: install ## the outside world on this machine, left running for play
	@$(BIN)/python -m tests.sandbox up

sql: install     ## write the setup file anew, and this version's layout, from the declared tables
	@$(BIN)/python -m tests.rendered sql

settings: install ## write .env.example anew, from the declared settings
	@$(BIN)/python -m tests.rendered settings

dictionary: install ## write docs/data-dictionary.md anew, from the declared columns, tables and views
	@$(BIN)/python -m tests.rendered dictionary

policies: install ## write docs/policies/ anew, from the declared policies
	@$(BIN)/python -m tests.rendered policies

golden: install  ## write tests/golden/ anew, from the loader's statements: read the difference
	@$(BIN)/python -m tests.golden.renew

check: install   ## lint and types
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy $(CHECKED)

quick: check     ## lint, types and every test that starts no process
	$(BIN)/pytest --no-processes -rfE --numprocesses 2 --dist loadfile

test: check      ## lint, types and every test
	$(BIN)/pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder

airflow-check: install .airflow/installed ## the DAG of docs/schedules in a real Airflow, in an environment of its own
	$(BIN)/pytest tests/airflow/check.py

.airflow/installed: tests/airflow/requirements.txt
	$(PYTHON) -m venv --clear .airflow
	.airflow/bin/python -m pip install --disable-pip-version-check --quiet --requirement $< || \
	  { echo "Airflow cannot be installed from $<, so the DAG is not checked"; exit 1; }
	@touch $@

torture: install ## kill both scripts, and cut them off, at every call that they make; an hour
	@$(BIN)/python -m tests.crash_walk

audit: install   ## known vulnerabilities of what is pinned (asks PyPI's advisories)
	$(BIN)/pip-audit --requirement requirements-dev.txt

bench: install   ## speed and memory, as ratios within one run
	@$(BIN)/python -m tests.bench

clean:           ## remove what was made
	rm -rf .venv .airflow .sandbox .mypy_cache .pytest_cache .ruff_cache .hypothesis
