# Needs python3 (3.11 or newer, with venv) and make; everything else is installed into .venv, checked against hashes.

PYTHON ?= python3
PORT ?= 8000
ARGS ?=

VENV := .venv
BIN := $(VENV)/bin
INSTALL := $(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes
PYTEST := $(BIN)/python -m pytest -n 2
# What is the same on every database runs once.
ONCE := tests/browser tests/examples tests/live tests/package
LOCK := $(BIN)/uv pip compile --quiet setup.cfg --universal --python-version 3.11 --generate-hashes \
	--custom-compile-command "make lock"

.PHONY: help run test lint bench load lock clean

help: ## Show this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 16

run: $(VENV)/.runtime .env ## Serve http://localhost:8000 with its mail worker; PORT=8001 moves it
	@$(BIN)/python manage.py migrate --verbosity 0
	@$(BIN)/python -m config.devserver $(PORT)

test: $(VENV)/.dev ## Run the suite on SQLite, then on PostgreSQL and in Chromium; ARGS="-k refresh" runs a part
ifneq ($(strip $(ARGS)),)
	$(PYTEST) $(ARGS)
else
	@status=0; \
	TEST_DATABASE=sqlite $(PYTEST) -m "not postgresql" $(ONCE:%=--ignore=%) || status=$$?; \
	$(PYTEST) || status=$$?; \
	exit $$status
endif

lint: export DJANGO_SETTINGS_MODULE := tests.settings
lint: $(VENV)/.dev ## Check style, types, the floors, missing migrations and Django's own checks
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python manage.py makemigrations --check --dry-run
	$(BIN)/python manage.py check

bench: $(VENV)/.dev ## Measure the figures that docs and claims rest on
	$(BIN)/python -m benchmarks $(ARGS)

load: $(VENV)/.dev ## Ask every endpoint for clients under a bounded load, on a real server with PostgreSQL
	$(BIN)/python -m benchmarks load $(ARGS)

lock: $(VENV)/.uv ## Pin what setup.cfg asks for; ARGS=--upgrade also moves the pins that still fit
	$(LOCK) --extra project --output-file requirements.txt $(ARGS)
	$(LOCK) --extra project --extra dev --constraints requirements.txt --output-file requirements-dev.txt $(ARGS)

clean: ## Remove the virtual environment, caches and build outputs; .env and the database stay
	rm -rf $(VENV) build dist *.egg-info .coverage htmlcov .hypothesis .import_linter_cache
	rm -rf .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.env: | $(VENV)/.uv
	@$(BIN)/python -m config.dotenv

# Stamps: each is newer than the lock file that it was installed from. Both locks share one environment and agree on
# every version, so either may come first and neither removes what the other needs.
$(VENV)/.uv: requirements-uv.txt
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("Python 3.11 or newer is needed: make PYTHON=...")'
	$(PYTHON) -m venv --clear $(VENV)
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-uv.txt
	@touch $@

$(VENV)/.runtime: requirements.txt $(VENV)/.uv
	$(INSTALL) -r requirements.txt
	@touch $@

$(VENV)/.dev: requirements-dev.txt $(VENV)/.uv
	$(INSTALL) -r requirements-dev.txt
	@touch $@
