# `make demo` plays one night through everything; `make check` is what CI runs. Both set up what they need.
SHELL := /bin/bash
PYTHON ?= $(shell for p in python3.14 python3.13 python3.12 python3.11 python3; do \
	command -v $$p >/dev/null && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; break; }; done)
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet --quiet
ARGS ?=

.PHONY: help demo check lint types walls generated test clean

help:
	@echo 'make demo [ARGS=--exit]   one night from a virtual wearable to the Nexus page (needs python 3.11+, network once)'
	@echo 'make check                every check and test, as CI runs them'
	@echo 'make clean                remove what these two made'

$(BIN)/python:
	@test -n '$(PYTHON)' || { echo 'Evensong needs Python 3.11 or newer: install it (Debian: apt install python3 python3-venv) or say make PYTHON=/path/to/python.'; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { echo 'PYTHON=$(PYTHON) is no Python 3.11 or newer that runs here: name another, or leave PYTHON out.'; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { echo 'Python has no venv module here: install it (Debian: apt install python3-venv).'; exit 1; }
	@echo 'Making a virtual environment in $(VENV) ...'
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.demo: pyproject.toml constraints.txt | $(BIN)/python
	@echo 'Installing Evensong for the demo (a minute, once) ...'
	@$(PIP) install -c constraints.txt -e '.[virtual,nexus]' || { echo 'The installation failed: a package index (PyPI) must be reachable; the lines above say which package.'; exit 1; }
	@touch $@

$(VENV)/.check: pyproject.toml constraints.txt | $(BIN)/python
	@echo 'Installing Evensong and its checks (a few minutes, once) ...'
	@$(PIP) install -c constraints.txt -e '.[virtual,nexus,flash,formats,train,dev]' || { echo 'The installation failed: a package index (PyPI) must be reachable; the lines above say which package.'; exit 1; }
	@$(PIP) install -c constraints.txt --no-deps --upgrade --target $(VENV)/typings micropython-esp32-stubs micropython-stdlib-stubs || { echo 'The installation failed: a package index (PyPI) must be reachable; the lines above say which package.'; exit 1; }
	@touch $@ $(VENV)/.demo

$(VENV)/.micropython-32: tests/micropython_32.sh | $(BIN)/python
	@echo 'Unpacking a 32-bit MicroPython (seconds, once) ...'
	@tests/micropython_32.sh $(VENV) && touch $@ || true

demo: $(VENV)/.demo
	@$(BIN)/evensong demo $(ARGS)

check: $(VENV)/.check lint types walls generated test

lint: $(VENV)/.check
	$(BIN)/ruff check
	$(BIN)/ruff format --check

types: $(VENV)/.check
	$(BIN)/mypy
	$(BIN)/pyright --pythonpath $(BIN)/python firmware

walls: $(VENV)/.check
	$(BIN)/lint-imports

generated: $(VENV)/.check
	$(BIN)/python -m evensong_wire.emit --check

test: $(VENV)/.check $(VENV)/.micropython-32
	$(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder

clean:
	rm -rf $(VENV)
