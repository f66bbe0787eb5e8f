# Wenju: everything a person or a machine does with a checkout.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
INDEX  ?= index
SERVE  ?= 1
STAMP  := $(VENV)/.installed
TWO    := --numprocesses 2 --dist loadfile --no-loadscope-reorder  # files at once

.PHONY: demo install test test-page test-slow check fix bench clean

demo: install  ## install, build the model, index the samples, ask twice, serve the page (SERVE=0: do not)
	$(BIN)/rag index data/documents --index $(INDEX)
	$(BIN)/rag ask "临溪县的水库蓄了多少水？" --index $(INDEX) -k 3
	$(BIN)/rag ask "How much did Miss Sallow leave to the library?" --index $(INDEX) -k 3
ifneq ($(SERVE),0)
	$(BIN)/rag serve --index $(INDEX)
endif

install: $(STAMP)  ## a virtual environment with the command .venv/bin/rag

$(STAMP): pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	touch $@

test: install  ## the tests that everybody runs
	$(BIN)/python -m pytest -m 'not slow and not browser' $(TWO)

test-page: install  ## the page in a real Chromium
	$(BIN)/python -m pytest -m 'browser and not slow' $(TWO)

test-slow: install  ## the long ones, by hand
	$(BIN)/python -m pytest -m slow --timeout 0

check: install  ## ruff, mypy strict, import layers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest tests/test_layers.py

fix: install
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: install  ## speed, memory and quality, as ratios against a plain script in one run
	$(BIN)/python -m benchmarks.bench

clean:
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache
