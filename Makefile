# `make demo` and `make test` need Python 3.11 or newer, make, and nothing else.
.DEFAULT_GOAL := help
.PHONY: help demo test lint types contracts tests coverage golden bench soak test-lowest clean venv

PY := .venv/bin/python
PURE := $(shell tr '\n' ',' < .ci/pure-floors)

help:  ## Show what there is.
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

venv:
	@sh .ci/venv

demo: venv  ## The main job, on the example manifests, against the embedded server.
	@$(PY) -m demo

test: venv lint types contracts tests coverage  ## Tests, types, lint, import contracts, coverage bounds.

lint: venv
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .

types: venv
	$(PY) -m mypy

contracts: venv
	$(PY) -c 'from importlinter.cli import lint_imports_command; lint_imports_command()'

tests: venv
	@rm -f .coverage .coverage.*
	$(PY) -m pytest -q -n 2 --dist worksteal --cov --cov-report=

coverage: venv
	$(PY) -m coverage report --fail-under=95 | tail -n 40
	$(PY) -m coverage report --include='$(PURE)' --fail-under=100

golden: venv  ## Rewrite the expected parts of the scenarios.
	RECONCILER_GOLDEN=1 $(PY) -m pytest -q -p no:cacheprovider tests/test_scenarios.py

bench: venv  ## CPU, memory and requests for 1,000 manifests.
	@$(PY) -m benchmarks

soak: venv  ## What takes long: fuzzing, faults and kills, at length.
	RECONCILER_SOAK=1 $(PY) -m pytest -q -n 2 -m soak

test-lowest:  ## The suite on the lowest versions that pyproject.toml allows.
	@sh .ci/venv .venv-lowest constraints-lowest.txt
	.venv-lowest/bin/python -m pytest -q -n 2

clean:  ## Remove everything that was made here.
	rm -rf .venv .venv-lowest .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage* dist
