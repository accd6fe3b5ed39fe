# `make demo` and `make test` need Python 3.11 or newer with venv, and nothing else.
#
#   make test PYTHON=/path/to/python    with a Python of your choice
#   make test PYTEST_ARGS="-k fakes"    arguments for pytest
#   make test WORKERS=0                 in one process, for a debugger
#   make test-fast                      the rooms that take seconds, while you edit
#   make cover                          every test, also the slow ones, and the coverage gate
#   make docs                           the documentation's site, in build/site

# Python keeps bytecode: the tests start hundreds of processes that import the same.
unexport PYTHONDONTWRITEBYTECODE

VENV ?= .venv
PYTHON ?=
PYTEST_ARGS ?=
WORKERS ?= logical

BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
# Those that the project is tested on come first, the newest of them before the others.
CANDIDATES := $(if $(PYTHON),"$(PYTHON)",python3.13 python3.12 python3.11 python3.14 python3 python)
VERSION_OF = -c 'import sys; print("%d.%d.%d" % sys.version_info[:3])'

PYTEST := -m pytest -n $(WORKERS) --maxprocesses 4 --dist loadfile
# These rooms start few servers and few child processes.
FAST := $(addprefix tests/,asgi catalog fake_postgres fakes lint pg project rows script)

.PHONY: setup demo test test-fast cover check docs bench clean

demo: setup
	@$(BIN)/understudy demo --in-place examples/backend
	@if $(BIN)/python -c "from understudy.mysql_server.installations import *; find_installation()" \
		>/dev/null 2>&1; then \
		cd examples/mysql_backend && "$(abspath $(BIN))/python" -m pytest -q; \
	else echo "Not run: examples/mysql_backend, for which there is no MariaDB or MySQL here."; fi

test: setup
	$(BIN)/python $(PYTEST) -m "not slow" $(PYTEST_ARGS)

test-fast: setup
	$(BIN)/python $(PYTEST) -m "not slow" $(FAST) $(PYTEST_ARGS)

# Every test, the slow ones included, and the gate: 95% of lines and branches.
cover: setup
	@$(BIN)/coverage erase
	$(BIN)/coverage run $(PYTEST) --hypothesis-profile=thorough $(PYTEST_ARGS)
	@$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

check: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/mypy --strict tests/typing/public_names.py
	cd examples/backend && "$(abspath $(BIN))/mypy" src
	$(BIN)/lint-imports --no-logo

# Read afresh: the lists are made from the code, whose changes Sphinx does not see.
docs: setup
	$(BIN)/python -m sphinx --fail-on-warning --nitpicky --keep-going --fresh-env --quiet -b html docs build/site
	@echo "The site is in build/site: open build/site/index.html"

bench: setup
	$(BIN)/python -m benchmarks

setup: $(STAMP)
ifneq ($(PYTHON),)
	@chosen=$$("$(PYTHON)" $(VERSION_OF)) && has=$$($(BIN)/python $(VERSION_OF)) && \
	test "$$chosen" = "$$has" || { \
		echo "$(VENV) has Python $$has, but PYTHON is $$chosen. Choose one of:" >&2; \
		echo "  make clean          and then this again" >&2; \
		echo "  VENV=.venv-$$chosen  beside PYTHON=..., to have both" >&2; exit 1; }
endif

# A command on PATH may be too old, lack venv, or be a shim with nothing behind it: only running it
# tells. A venv that works already is kept, so that a change in pyproject.toml costs seconds.
$(STAMP): pyproject.toml
	@found=; seen=; \
	$(BIN)/python -c 'import sys, pip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 \
		&& found=$(BIN)/python; \
	test -n "$$found" || for python in $(CANDIDATES); do \
		version=$$("$$python" $(VERSION_OF) 2>/dev/null) || continue; \
		if ! "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then \
			seen="$$seen  $$python is $$version: too old\n"; \
		elif ! "$$python" -c 'import venv, ensurepip' 2>/dev/null; then \
			seen="$$seen  $$python is $$version, without venv (on Debian: apt install python3-venv)\n"; \
		elif "$$python" -m venv --clear $(VENV); then \
			found=$$python; break; \
		fi; \
	done; \
	test -n "$$found" || { \
		echo "Understudy needs Python 3.11 or newer with venv; $(if $(PYTHON),PYTHON names no such one,there is none on PATH)." >&2; \
		printf "$$seen" >&2; \
		echo "Install one, or name it: make $(or $(MAKECMDGOALS),demo) PYTHON=/path/to/python" >&2; \
		exit 1; }; \
	echo "Installing into $(VENV), Python $$($(BIN)/python $(VERSION_OF)): half a minute or so ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check 'pip>=25.1'
	@$(BIN)/python -m pip install --quiet --editable '.[demo,all]' --group dev
	@touch $@

clean:
	rm -rf $(VENV) .coverage .coverage.* htmlcov dist build/site
