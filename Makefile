# `make demo` and `make test` need Python 3.11 or later and nothing else.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
JOBS ?= 2

.PHONY: demo test check bench bench-full lock clean system wheels

demo: $(STAMP)  ## install, then run the guided tour on a fresh archive
	$(BIN)/kho demo --folder .demo --force

test: $(STAMP)  ## install, then run everything that CI runs
	$(MAKE) -j 2 system check
	$(BIN)/python -m pytest -q -n $(JOBS) --dist loadfile --no-loadscope-reorder

check: $(STAMP)  ## format, lint, types, imports
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(STAMP)  ## ratios against peers and the physical limit, smaller collections
	$(BIN)/python -m benchmarks.run --quick $(if $(RESUME),--resume)

bench-full: $(STAMP)  ## the same at full size, more than an hour; RESUME=1 goes on after a stop
	$(BIN)/python -m benchmarks.run $(if $(RESUME),--resume)

wheels: $(STAMP)  ## see that the lock installs on each Python without a compiler
	for python in 3.11 3.12 3.13; do \
	  $(BIN)/python -m pip download -q --disable-pip-version-check --no-deps --require-hashes \
	    --only-binary=:all: --python-version $$python --platform manylinux_2_28_x86_64 \
	    --platform manylinux2014_x86_64 --platform manylinux1_x86_64 --platform any \
	    -r requirements-run.lock -d .wheels/$$python && echo "Python $$python: every wheel" || exit 1; \
	done

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
	rm -rf $(VENV) .demo .bench .wheels build dist
