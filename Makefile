# What CI runs is what you run. `make up` starts Volano; `make test` sets up and runs every test.
SHELL := /bin/bash
PY := .venv/bin/python
STAMP := .venv/.volano-base
DEV_STAMP := .venv/.volano-dev
GPU_STAMP := .venv-gpu/.volano-gpu
WEB := src/volano/console/dist/index.html
WEB_SOURCES := $(shell find web -type f -not -path '*/node_modules/*' -not -path '*/dist/*' 2>/dev/null)
UP_OPTIONS ?=
TEST_WORKERS ?= 2

.PHONY: up test test-gpu setup dev-setup web check lint types conformance conformance-openai faults differential grammar bench docs service run clean constraints

up: $(STAMP) $(WEB)
	@exec $(PY) -m volano up $(if $(DATA),--data $(DATA)) $(if $(PORT),--port $(PORT)) $(if $(ZONES),--zones $(ZONES)) $(if $(STORE),--store $(STORE)) $(if $(CONFIG),--config $(CONFIG)) $(UP_OPTIONS)

run: up

test: $(DEV_STAMP) $(WEB)
	@tools/run_tests.sh $(TEST_WORKERS)

test-gpu: $(GPU_STAMP)
	.venv-gpu/bin/python -m pytest -q --timeout 3600 tests/gpu

setup: $(STAMP) $(WEB)

dev-setup: $(DEV_STAMP) $(WEB)

$(STAMP): constraints.txt pyproject.toml
	@tools/install.sh base

$(DEV_STAMP): constraints.txt pyproject.toml
	@tools/install.sh dev

# PyTorch for CUDA is 3 GB: it has an environment of its own. GPU_TORCH names another build of it.
$(GPU_STAMP): constraints.txt pyproject.toml
	python3 -m venv .venv-gpu
	.venv-gpu/bin/pip install -q $(or $(GPU_TORCH),torch)
	.venv-gpu/bin/pip install -q -c constraints.txt -e '.[dev,gpu]'
	@touch $@

web: $(WEB)

$(WEB): $(WEB_SOURCES)
	@tools/build_web.sh

check: lint types
	$(PY) -m pytest -q tests/tidy

lint: $(DEV_STAMP)
	.venv/bin/ruff check src tests tools bench examples
	.venv/bin/ruff format --check src tools bench
	.venv/bin/lint-imports
	.venv/bin/vulture src --min-confidence 90
	.venv/bin/deptry src

types: $(DEV_STAMP)
	.venv/bin/mypy --strict src/volano

conformance: $(DEV_STAMP)
	$(PY) -m pytest -q tests/conformance

conformance-openai: $(DEV_STAMP)
	.venv/bin/python tools/openai_score.py --spec $(SPEC) --markdown docs/reference/openai-conformance.md

faults: $(DEV_STAMP)
	$(PY) -m pytest -q tests/faults

differential: $(DEV_STAMP)
	VOLANO_DIFFERENTIAL_CASES=100000 $(PY) -m pytest -q --timeout 7200 tests/unit/services/identity/test_policy_differential.py

grammar: $(DEV_STAMP)
	VOLANO_GRAMMAR_CASES=100000 $(PY) -m pytest -q --timeout 7200 tests/unit/ml/engine/test_grammar.py

bench: $(DEV_STAMP)
	$(PY) bench/run_all.py

docs: $(DEV_STAMP)
	$(PY) tools/gen_reference.py

service: $(DEV_STAMP)
	$(PY) tools/new_service.py $(name)

constraints:
	uv pip compile --universal --python-version 3.11 --extra dev --no-header --no-annotate --no-emit-index-url --no-emit-find-links pyproject.toml -o constraints.txt

clean:
	rm -rf .venv web/node_modules src/volano/console/dist .build
