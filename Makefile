# Two commands set everything up on a fresh machine: `make quickstart` and `make test`.
# On Linux without a GPU, a CPU build of torch saves gigabytes:
#   make quickstart PIP_ARGS="--extra-index-url https://download.pytorch.org/whl/cpu"
PYTHON ?= python3
PIP_ARGS ?=
VENV := .venv
BIN := $(VENV)/bin
RUN ?= runs/quickstart

.PHONY: help install quickstart test test-all lint format clean

help:
	@echo "make quickstart  install into $(VENV) and run the whole pipeline offline (about ten minutes)"
	@echo "make test        run the tests; make test-all runs the slow ones too"
	@echo "make lint        ruff and mypy"

install: $(VENV)/.installed

$(VENV)/.installed: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit("mtqa needs Python 3.11 or newer, this is " + sys.version.split()[0] if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check $(PIP_ARGS) -c constraints.txt -e ".[demo,dev]"
	@touch $@

quickstart: install
	HF_HUB_OFFLINE=1 $(BIN)/mtqa run recipes/quickstart.yaml --out $(RUN)

test: install
	$(BIN)/python -m pytest -m "not slow"

test-all: install
	$(BIN)/python -m pytest

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: install
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean:
	rm -rf $(VENV) build dist *.egg-info
