# Every target sets itself up; it needs only make and a Python from 3.11 to 3.13 with venv and pip.

PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/.installed
# Each process holds torch: eight are enough for any machine.
PARALLEL := -n auto --maxprocesses 8 --dist worksteal

.PHONY: demo test test-all check format sbom audit clean

demo: $(INSTALLED) ## train, evaluate and talk to the smallest model
	$(BIN)/doctorsun run tiny

test: $(INSTALLED) ## the default tests, on all cores
	$(BIN)/python -m pytest $(PARALLEL)

test-all: $(INSTALLED) ## the slow tests too
	$(BIN)/python -m pytest $(PARALLEL) -m "slow or not slow"

check: $(INSTALLED) ## style, types, layers, spelling (tests misspell on purpose) and house rules
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/basedpyright
	$(BIN)/lint-imports
	$(BIN)/codespell src docs *.md
	$(BIN)/python -m pytest -q tests/unit/test_house_rules.py

format: $(INSTALLED) ## rewrite the code in the house format
	$(BIN)/ruff check --fix-only
	$(BIN)/ruff format

sbom: $(INSTALLED) ## the bill of materials of what is installed, CycloneDX
	@mkdir -p build
	$(BIN)/cyclonedx-py environment $(BIN)/python --pyproject pyproject.toml --of JSON --output-file build/sbom.cdx.json

audit: $(INSTALLED) ## look up every locked package among the known vulnerabilities; needs the network
	$(BIN)/python deploy/audit_dependencies.py requirements.lock

clean: ## remove the environment, caches and build products; runs stay
	rm -rf .venv build dist .pytest_cache .ruff_cache .hypothesis .import_linter_cache src/*.egg-info
	find src tests -name __pycache__ -type d -prune -exec rm -rf {} +

$(INSTALLED): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' || \
	  { echo "Doctor Sun needs Python 3.11 to 3.13; $(PYTHON) is `$(PYTHON) --version 2>&1`." \
	         "Name another one: make PYTHON=python3.12" >&2; exit 1; }
	@test -x $(BIN)/python -a -x $(BIN)/pip || $(PYTHON) -m venv --clear .venv || \
	  { rm -rf .venv; echo "Cannot make .venv: install the venv module of $(PYTHON)" \
	         "(Debian and Ubuntu: the package python3-venv)." >&2; exit 1; }
	$(BIN)/python -m pip install --requirement requirements.lock
	$(BIN)/python -m pip install --no-deps --no-build-isolation --editable .
	@touch $@
