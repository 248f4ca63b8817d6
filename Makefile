# flowcover: set-up, demo and tests. `make help` lists the targets.
SHELL := /bin/bash
.DEFAULT_GOAL := help
VENV ?= .venv
PY := $(VENV)/bin/python
STAMPS := .make
SOLIDITY := $(shell find contracts -name '*.sol' 2>/dev/null)
export PYTHONPATH := $(CURDIR)
export OMP_WAIT_POLICY := passive

.PHONY: $(shell grep -oE '^[a-z-]+:' $(firstword $(MAKEFILE_LIST)) | tr -d :)
help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 22

$(STAMPS)/tools:
	@bash scripts/toolchain/require.sh
	@mkdir -p $(STAMPS) && touch $@

$(STAMPS)/python: requirements.lock scripts/toolchain/bootstrap.lock pyproject.toml | $(STAMPS)/tools
	@echo "setting up Python packages in $(VENV)"
	@test -x $(PY) || python3 -m venv $(VENV)
	@$(PY) -m pip install -q --disable-pip-version-check --require-hashes -r scripts/toolchain/bootstrap.lock
	@$(VENV)/bin/uv pip sync -q --compile-bytecode --python $(PY) --require-hashes requirements.lock scripts/toolchain/bootstrap.lock
	@$(VENV)/bin/uv pip install -q --python $(PY) --no-deps --no-build-isolation -e .
	@touch $@

$(STAMPS)/node: package-lock.json | $(STAMPS)/tools
	@echo "setting up Ganache, solc and OpenZeppelin in node_modules"
	@npm ci --silent --no-audit --no-fund --ignore-scripts
	@touch $@

$(STAMPS)/contracts: $(SOLIDITY) brownie-config.yaml $(STAMPS)/python $(STAMPS)/node
	@echo "compiling contracts"
	@$(PY) scripts/toolchain/run_brownie.py compile > $(STAMPS)/compile.log 2>&1 || { cat $(STAMPS)/compile.log; exit 1; }
	@touch $@

setup: $(STAMPS)/contracts ## install everything and compile the contracts

compile: $(STAMPS)/contracts ## compile the contracts

check: setup ## lint and types: ruff, mypy strict, solhint
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/ruff format --check .
	@$(VENV)/bin/mypy
	@npx --no-install solhint --noPoster --max-warnings 0 -c .solhint.json 'contracts/**/*.sol'

test: check ## check, then all tests; the last line counts them
	@$(PY) scripts/toolchain/run_tests.py

test-faults: setup ## the demonstration with a crash, a liar, no attack, and near misses: same payouts, or none
	@$(PY) scripts/toolchain/run_tests.py faults

test-postgres: setup ## the backend's tests on a private PostgreSQL
	@FLOWCOVER_ENGINE=postgresql $(PY) -m pytest -p no:pytest-brownie -p no:cacheprovider tests/unit/backend tests/api tests/chain/backend

crash: setup ## kills at every named point, reorgs, node faults, two backends at once, on both engines; a table closes it
	@for engine in sqlite postgresql; do FLOWCOVER_FULL=1 FLOWCOVER_ENGINE=$$engine $(PY) -m pytest -p no:pytest-brownie -p no:cacheprovider tests/chain/backend/test_crash.py tests/chain/backend/test_faults.py tests/chain/backend/test_two_backends.py || exit 1; done

fuzz-api: setup $(STAMPS)/fuzz ## schemathesis over all operations, more than 10,000 cases, in an environment of its own
	@$(PY) -m scripts.fuzz_api .venv-fuzz/bin/schemathesis --examples $(or $(EXAMPLES),60)

$(STAMPS)/fuzz: scripts/toolchain/fuzz.lock | $(STAMPS)/python
	@test -x .venv-fuzz/bin/python || python3 -m venv .venv-fuzz
	@$(VENV)/bin/uv pip sync -q --python .venv-fuzz/bin/python --require-hashes $<
	@touch $@

bench-api: setup ## quotes and certificates a second on both engines, beside floors (needs wrk)
	@$(PY) -m scripts.bench.api

sandbox: setup ## an insurer on a development chain, with a platform that can sell at once
	@$(PY) -m scripts.sandbox

openapi: setup ## write openapi.json anew from the code
	@$(PY) -m backend openapi --json > openapi.json

test-workbook: setup ## the bordereaux's workbook through LibreOffice and back equals the CSV; needs LibreOffice
	@FLOWCOVER_NEEDS_LIBREOFFICE=1 $(PY) -m pytest -p no:pytest-brownie -p no:cacheprovider tests/unit/audit/test_report.py

test-pages: setup ## every page in the system's Chromium on a demonstration; screenshots in reports/pages
	@$(PY) -m pytest -p no:pytest-brownie -p no:cacheprovider tests/pages

demo: setup ## from packets to payout on a local chain; KEEP=1, FAULT=crash|lie, CAPTURE=benign
	@$(PY) -m scripts.demo $(if $(KEEP),--keep) $(if $(FAULT),--fault $(FAULT)) $(if $(CAPTURE),--capture $(CAPTURE))

tamper: setup ## falsify a ledger in every way of docs/audit.md and write what the audit says
	@FLOWCOVER_WRITE_DOCS=1 $(PY) -m pytest -p no:pytest-brownie -p no:cacheprovider tests/unit/audit/test_tamper.py

audit-bench: setup ## the audit's time and memory over 20,000 and 200,000 certificates, beside its floor
	@$(PY) -m scripts.bench.ledger

train: setup ## train the risk model on the permitted data: same hash, or a new registry entry
	@$(PY) -m oracles.model.train

train-dask: setup ## grow the shipped model again on two workers: same hash
	@$(PY) -m oracles.model.on_dask

rating: setup ## the rate table and docs/rating.md from the loss and outage data, and a simulated year of a portfolio
	@$(PY) -m oracles.rating

triggers: setup ## which recordings and captures must and must not fire
	@$(PY) -m oracles.model.triggers

evaluate: setup ## judge the model's making on networks left out whole; docs/evaluation.md
	@$(PY) -m oracles.model.evaluate

lab: setup ## record the six networks of the laboratory and the thresholds beside them again (root, 80 minutes)
	@$(PY) scripts/record_traffic.py lab

committee-faults: setup ## committees of four and seven under every fault; docs/committee.md (root, an hour)
	@$(PY) -m scripts.committee_faults $(if $(MEMBERS),--members $(MEMBERS))

fuzz-parsers: setup ## damaged inputs to every parser, MINUTES=10 each (nightly: two and a half hours)
	@$(PY) -m scripts.fuzz_parsers --minutes $(or $(MINUTES),10) $(if $(ONLY),--only $(ONLY))

flow-meter: setup ## flows, packets and bytes of each capture beside nfstream and argus; docs/flow-meter.md
	@$(PY) -m scripts.bench.flow_check

bench-oracles: setup ## speeds from packets to a report on chain, beside nfstream and argus; docs/bench-oracles.md
	@$(PY) -m scripts.bench.quorum_delay
	@$(PY) -m scripts.bench.oracles --nfstream

record: setup ## record the demonstration's traffic again (root, Debian's tools, network namespaces)
	@$(PY) scripts/record_traffic.py demo benign

gas: setup ## measure the gas of each scenario; write tests/gas.json and docs/gas.md
	@$(PY) -m scripts.gas_snapshot

$(STAMPS)/slither: scripts/toolchain/slither/requirements.lock $(STAMPS)/python
	@echo "setting up Slither in .venv-slither"
	@test -x .venv-slither/bin/python || python3 -m venv .venv-slither
	@$(VENV)/bin/uv pip sync -q --python .venv-slither/bin/python --require-hashes scripts/toolchain/slither/requirements.lock
	@touch $@

slither: setup $(STAMPS)/slither ## static analysis of the contracts; every finding has a reason in docs/security/slither.md
	@$(PY) -m scripts.slither .venv-slither/bin/slither

threats: setup ## take each guard out in turn: exactly its own attack test must fail; ONLY=word for some
	@$(PY) -m scripts.threats $(if $(ONLY),--only $(ONLY))

invariants: setup ## 200 random histories of 40 moves on the contracts and the model; RUNS=, SEED=
	@$(PY) -m scripts.invariants $(if $(RUNS),--runs $(RUNS)) $(if $(SEED),--seed $(SEED))

mutants: setup ## change each line of the pure libraries: an answer must change, or a reason is on the page; ONLY=word for one
	@$(PY) -m scripts.mutants $(ONLY)

lock: ## renew the Python lock files from pyproject.toml
	$(VENV)/bin/uv pip compile pyproject.toml --extra dev --generate-hashes --python-version 3.11 --no-emit-index-url --no-header -q -o requirements.lock
	$(VENV)/bin/uv pip compile scripts/toolchain/bootstrap.in --generate-hashes --no-header -q -o scripts/toolchain/bootstrap.lock
	$(VENV)/bin/uv pip compile scripts/toolchain/fuzz.in --generate-hashes --python-version 3.11 --no-emit-index-url --no-header -q -o scripts/toolchain/fuzz.lock
	$(VENV)/bin/uv pip compile scripts/toolchain/slither/requirements.in --generate-hashes --python-version 3.11 --no-emit-index-url --no-header -q -o scripts/toolchain/slither/requirements.lock

clean: ## remove what make built (not the lock files)
	rm -rf $(STAMPS) .build .venv .venv-slither node_modules .demo reports
