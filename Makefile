# `make demo` and `make test` need Python 3.11 or later and nothing else.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
JOBS ?= 2

.PHONY: demo test check bench lock clean system

demo: $(STAMP)  ## install, then run the guided tour on a fresh archive
	$(BIN)/kho demo --folder .demo --force

test: $(STAMP) system check  ## install, then run everything that CI runs
	$(BIN)/python -m pytest -q -n $(JOBS) --dist loadfile

check: $(STAMP)  ## format, lint, types, imports
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(STAMP)  ## ratios against peers and the physical limit, in one run; QUICK=1 for a few minutes
	$(BIN)/python -m benchmarks.run $(if $(QUICK),--quick)

system: $(STAMP)
	$(BIN)/python tests/system_packages.py

lock:  ## resolve the newest allowed versions; requirements-run.lock is what servers install
	$(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --no-annotate --no-header --extra test pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --no-annotate --no-header --constraints requirements.lock pyproject.toml -o requirements-run.lock

$(STAMP): requirements.lock requirements-judge.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Kho needs Python 3.11 or later")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes --no-deps -r requirements-judge.lock
	$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $(STAMP)

clean:
	rm -rf $(VENV) .demo .bench build dist
