# `make help` lists the targets.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PORT ?= 5000
READY := $(VENV)/.ready

export DVC_NO_ANALYTICS := true
export MLFLOW_DISABLE_TELEMETRY := true
export DO_NOT_TRACK := true

.DEFAULT_GOAL := help
.PHONY: help setup repro quick test lint format ui coverage clean

help: ## List the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

setup: $(READY) ## Create .venv and install the project into it

$(READY): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check -e '.[dev]'
	touch $(READY)

repro: $(READY) ## Rebuild every result on the configured data (the embedded data by default)
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/dvc repro
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/mespot results

quick: $(READY) ## Run the tests but the slow ones, on two cores
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m pytest -m 'not slow' -n 2 --dist loadscope

test: $(READY) ## Run all tests, on two cores
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m pytest -n 2 --dist loadscope

coverage: $(READY) ## Run the tests and show the coverage of the package
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m pytest --cov=mespot --cov-report=term:skip-covered

lint: $(READY) ## Check style
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: $(READY) ## Correct style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

ui: $(READY) ## Compare runs in the browser, on this machine only (PORT=5000)
	$(BIN)/mespot ui --port $(PORT)

clean: ## Remove rendered frames, checkpoints and outputs (the DVC cache stays)
	rm -rf artifacts data/embedded .work
