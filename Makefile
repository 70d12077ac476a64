# `make demo` and `make test` need Python 3.11 or newer, make, and nothing else.
.DEFAULT_GOAL := help
.PHONY: help demo test bare lint types contracts workflows tests coverage golden pictures lock bench soak test-lowest node dist wheel release-check clean venv

# The suite starts hundreds of processes: without compiled modules each takes twice as long.
unexport PYTHONDONTWRITEBYTECODE

BIN := .venv/bin
PY := $(BIN)/python
# More than there are cores: many tests wait for a process or a server.
WORKERS := 3
LAWS := $(addprefix tests/test_,laws.py pull_laws.py second_environment.py as_agents.py cli_migrate.py conversion.py \
	kinds_requests.py responses.py source_editing.py source_patches.py text_merge.py)
PURE := $(shell tr '\n' ',' < .ci/pure-floors)

help:  ## List the targets.
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

venv:
	@sh .ci/venv

demo: venv  ## Show the main job on the example manifests, against the embedded server.
	@$(PY) -m demo

test: venv lint types contracts workflows tests coverage  ## Run tests, types, lint, import contracts, coverage bounds.

lint: venv
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .

types: venv
	$(PY) -m mypy

contracts: venv
	$(PY) -c 'from importlinter.cli import lint_imports_command; lint_imports_command()'

workflows: venv  ## Lint the workflows, the action and the deployment files; no network.
	$(BIN)/zizmor --offline --pedantic --strict-collection --no-progress --quiet .github action.yml
	$(BIN)/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml
	$(BIN)/check-jsonschema --builtin-schema vendor.github-actions action.yml
	$(BIN)/check-jsonschema --builtin-schema vendor.dependabot .github/dependabot.yml
	$(BIN)/hadolint --failure-threshold style deploy/*ockerfile
	$(BIN)/kubernetes-validate --strict --quiet deploy/cronjob.yaml

node: venv  ## Install what tests the HTML page and the schemas: html-validate, axe-core, the YAML language server. Else skipped.
	@$(PY) -m pip install --quiet --disable-pip-version-check --group page
	@cd tests/node && PATH="$(abspath $(BIN)):$$PATH" npm ci --silent

tests: venv
	@rm -f .coverage .coverage.*
	$(PY) -m pytest -q -n $(WORKERS) --dist worksteal --cov --cov-report=

coverage: venv
	$(PY) -m coverage report --fail-under=95 | tail -n 40
	$(PY) -m coverage report --include='$(PURE)' --fail-under=100

bare: venv  ## Run the tests that may be skipped, as on a machine without git, bash, a browser, node and root.
	@sh .ci/bare

golden: venv  ## Rewrite what scenarios expect, what README.md, the tutorial and the how-tos show, docs/reference, and .github.
	RECONCILER_GOLDEN=1 $(PY) -m pytest -q -p no:cacheprovider tests/test_scenarios.py tests/test_field_table.py \
		tests/test_docs.py tests/test_docs_shown.py tests/test_workflow_files.py

# One lock file for every Python and platform, of versions that are at least a week old: a hijacked release is usually
# found by then. The index is named, so that the file is the same wherever it is made.
lock: venv  ## Pin, with hashes, what the action and the image install: requirements.txt.
	@$(PY) -m pip install --quiet --disable-pip-version-check --group lock
	$(PY) -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["build-system"]["requires"], sep="\n")' \
		| $(BIN)/uv pip compile --quiet --no-config --upgrade --universal --python-version 3.11 --no-build \
		--generate-hashes --exclude-newer '7 days' --custom-compile-command 'make lock' \
		--output-file requirements.txt pyproject.toml - > /dev/null

pictures: venv  ## Draw the pictures of docs/images anew, from what README.md and the tutorial show.
	RECONCILER_GOLDEN=1 $(PY) -m pytest -q -p no:cacheprovider tests/test_docs_shown.py \
		tests/test_docs.py::test_everything_that_the_readme_shows_happens

bench: venv  ## Measure time, memory and requests for 100 to 50,000 manifests, into bench.json; fails where a bound does not hold.
	@$(PY) -m benchmarks --json bench.json

soak: venv  ## Run the long tests: fuzzing, faults and kills.
	RECONCILER_SOAK=1 $(PY) -m pytest -q -n 2 -m soak
	RECONCILER_SOAK=1 $(PY) -m pytest -q -n 2 -m hypothesis $(LAWS)

test-lowest:  ## Run the suite on the lowest versions that pyproject.toml allows.
	@sh .ci/venv .venv-lowest constraints-lowest.txt
	.venv-lowest/bin/python -m pytest -q -n 2

dist: venv  ## Build the source distribution, and the wheel from it.
	rm -rf dist
	$(PY) -m build --outdir dist

wheel: dist  ## Test the wheel as installed, in a fresh environment outside this tree.
	sh .ci/installed dist/*.whl

release-check: venv  ## Run the workflow of a release up to the upload.
	RECONCILER_SOAK=1 $(PY) -m pytest -q -m soak tests/test_release.py

clean:  ## Remove everything that these targets made.
	rm -rf .venv .venv-lowest tests/node/node_modules .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage* dist bench.json
