# `make` alone lists what there is. Every target sets up what it needs first. DEMO_EXIT=1 always starts fresh: an alarm
# that stands from an earlier run is, rightly, not raised again.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help setup demo test lint types proto bench chaos fuzz prerequisites bench-rebuild soak

export PYTHON ?= python3
BIN := .venv/bin
RELEASED := protos/released/v1.binpb

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1\t\2/p' $(firstword $(MAKEFILE_LIST)) | expand -t 16

setup: .venv/.filled ## fill .venv (then .venv/bin/canairy is the command), fetch Kafka's jars and the embedded Triton
	@$(BIN)/python -m deploy.local.jars
	@$(BIN)/python -m deploy.local.triton_home

demo: setup ## the whole stack on a simulated site until Ctrl-C; DEMO_EXIT=1 ends by itself, DEMO_KEEP=1 goes on with its data
	@CANAIRY_TOPIC_SHARE=0.05 $(BIN)/canairy up --site deploy/local/demo-site.yaml --data build/demo \
	    $(if $(filter 1,$(DEMO_EXIT)),--fresh --exit-when-done,$(if $(filter 1,$(DEMO_KEEP)),,--fresh))

test: setup ## every test, those on the real broker included; test data: CANAIRY_TEST_DATA
	@$(BIN)/pytest

lint: .venv/.filled ## style, import directions, the schema, and whether the stubs are those of the schema
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/lint-imports
	@$(BIN)/buf lint protos
	@$(BIN)/buf breaking protos --against $(RELEASED)
	@$(BIN)/pytest -q tests/unit/test_protos.py

types: .venv/.filled ## mypy, strict
	@$(BIN)/mypy

proto: .venv/.filled ## make the Python stubs of the schema anew
	@$(BIN)/python -m protos.generate

bench: setup ## measure; writes benchmarks/results.json
	@$(BIN)/python -m benchmarks.run

bench-rebuild: setup ## a judge back at five million state updates; writes benchmarks/rebuild.json
	@$(BIN)/python -m benchmarks.rebuild --out benchmarks/rebuild.json

soak: setup ## an RTSP camera killed and restarted (CYCLES=50), 32 cameras for an hour (MINUTES=60); writes benchmarks/{rtsp_restarts,soak}.json
	@$(BIN)/python -m benchmarks.rtsp_restarts --cycles $(or $(CYCLES),50)
	@$(BIN)/python -m benchmarks.soak --minutes $(or $(MINUTES),60)

chaos: setup ## kill services and broker at random while a recording is replayed: KILLS=200 SEED=1; writes benchmarks/chaos/SEED
	@$(BIN)/python -m tests.chaos --kills $(or $(KILLS),200) --seed $(or $(SEED),1) --out benchmarks/chaos/$(or $(SEED),1)

fuzz: setup ## every decoder, every reader of thermal files and the site file for ten minutes each: SECONDS=600 SEED=1; exits 1 with what it found
	@$(BIN)/python -m tests.fuzz --seconds $(or $(SECONDS),600) --seed $(or $(SEED),1)

prerequisites:
	@deploy/local/prerequisites.sh

.venv/.filled: pyproject.toml constraints.txt | prerequisites
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	@touch $@
