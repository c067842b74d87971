.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS += --no-print-directory

VENV ?= .venv
SAM_VENV ?= .venv-sam
BENCH_VENV ?= .venv-c7n
# Graviton is cheaper; ARCH=x86_64 builds for Intel.
ARCH ?= arm64

PYTHON := $(VENV)/bin/python
# The evaluator of policies that ours is compared with.
SIMULATOR := tests/iam_simulate/node_modules
# The demo and the bench import from the same rooms as the tests.
ROOMS = $(shell sed -n 's/^pythonpath = //p' tests/pytest.ini | tr ' ' '\n' | sed 's|^|tests/|' | paste -sd:)
SAM := AWS_DEFAULT_REGION=$${AWS_DEFAULT_REGION:-us-east-1} SAM_CLI_TELEMETRY=0 $(SAM_VENV)/bin/sam
OPERATE := @$(SAM_VENV)/bin/python
# A stack other than the one that `make deploy` saved.
STACK_NAMED := $(if $(STACK),--stack $(STACK))
# The first time, SAM asks for everything and saves the name and the region. After that, each parameter keeps the stack's
# value: if asked again, SAM would offer the template's default.
ASKED = $(if $(wildcard samconfig.toml),$(if $(STACK),--stack-name $(STACK)),--guided --stack-name $(or $(STACK),trailkeeper))
# Cargo's target directory, which the caller may have moved.
TARGET = $(shell cargo metadata --format-version 1 --no-deps | python3 -c 'import json, sys; print(json.load(sys.stdin)["target_directory"])')

.PHONY: help
help: ## list the targets
	@sed -En 's/^([a-z-]+):[^#]*## (.*)/\1\t\2/p' $(MAKEFILE_LIST) | expand -t 15

.PHONY: demo
demo: $(VENV)/stamp ## watch faults being found and fixed in a local AWS (no AWS account needed)
	@PYTHONPATH=$(ROOMS) $(PYTHON) tests/demo/demo.py

PYTEST = TRAILKEEPER_BIN_DIR="$(TARGET)/debug" $(PYTHON) -m pytest -q --numprocesses auto --dist loadfile

.PHONY: test
ifdef ONLY
test: $(VENV)/stamp
	$(if $(wildcard functions/$(ONLY)),,$(error ONLY names a folder of functions/, as in ONLY=transfer))
	cargo test --locked --package trailkeeper --lib --features $(ONLY) $(ONLY)::
	cargo build --locked --package $(ONLY)
	$(if $(filter access,$(ONLY)),cargo build --locked --package access-report)
	$(PYTEST) tests/functions/$(ONLY)
else
test: $(VENV)/stamp $(SIMULATOR)/stamp ## run every test, against a local AWS (ONLY=transfer runs that function's alone)
	cargo test --locked --package trailkeeper
	cargo test --locked --workspace
	cargo build --locked --workspace --all-targets
	$(PYTEST) tests
endif

.PHONY: game
game: $(VENV)/stamp ## play an intruder against the functions, fifty times, and in memory 5,000 times (GAMES=50 SEED=1)
	TRAILKEEPER_GAMES=$(or $(GAMES_IN_MEMORY),2500) TRAILKEEPER_SEED=$(or $(SEED),$(shell date +%s)) \
		cargo test --locked --package trailkeeper --lib testing::game
	cargo build --locked --workspace --bins
	TRAILKEEPER_GAMES=$(or $(GAMES),50) TRAILKEEPER_SEED=$(or $(SEED),$(shell date +%s)) $(PYTEST) tests/game

.PHONY: check
check: ## check formatting and run clippy
	cargo fmt --all --check
	cargo fmt --manifest-path shared/fuzz/Cargo.toml --check
	cargo clippy --locked --workspace --all-targets -- -D warnings

.PHONY: lint
lint: $(SAM_VENV)/stamp ## check dependencies, licences, the commands and settings in the docs, the policies and the templates
	python3 tests/lint/check_dependencies.py
	python3 tests/lint/check_readme.py
	$(SAM_VENV)/bin/python tests/lint/check_policies.py
	$(SAM) validate --lint --template template.yaml
	$(SAM_VENV)/bin/cfn-lint -- regions.yaml members.yaml

.PHONY: build
build: $(VENV)/stamp ## build the release functions for Lambda (ARCH=x86_64 for Intel)
	PATH="$(abspath $(VENV))/bin:$$PATH" cargo lambda build --locked --release --workspace --exclude access-report \
	  --exclude trailkeeper-cli $(if $(filter arm64,$(ARCH)),--arm64)

.PHONY: bench
bench: $(VENV)/stamp $(BENCH_VENV)/stamp ## compare speed, memory and API calls with boto3 and Cloud Custodian
	cargo build --locked --release --package transfer
	cargo build --locked --release --package trail
	cargo build --locked --release --package vpc
	cargo build --locked --release --package key
	cargo build --locked --release --package monitoring
	cargo build --locked --release --package trailkeeper --example access_reader
	PYTHONPATH=$(ROOMS) $(PYTHON) tests/bench/run.py "$(TARGET)/release" $(BENCH_VENV)

.PHONY: deploy
deploy: $(VENV)/stamp $(SAM_VENV)/stamp ## build and deploy with SAM; asks for the parameters the first time, later use PARAMETERS="Name=value ..."
	PATH="$(abspath $(VENV))/bin:$$PATH" $(SAM) build --parameter-overrides Architecture=$(ARCH)
	$(SAM) deploy $(ASKED) --capabilities CAPABILITY_NAMED_IAM --no-fail-on-empty-changeset \
	  --parameter-overrides Architecture=$(ARCH) $(PARAMETERS)

.PHONY: regions
regions: $(SAM_VENV)/stamp ## forward events from every other region (REMOVE=1 undoes this)
	$(OPERATE) tools/regions.py $(STACK_NAMED) $(if $(REMOVE),--remove)

.PHONY: members
members: $(SAM_VENV)/stamp ## cover the accounts of an organization: OU=ou-... (REMOVE=1 undoes this)
	$(OPERATE) tools/members.py $(STACK_NAMED) $(if $(OU),--ou $(OU)) $(if $(REGIONS),--regions $(REGIONS)) $(if $(REMOVE),--remove)

.PHONY: redrive
redrive: $(SAM_VENV)/stamp ## send failed events back to their functions (DRY=1 only lists them)
	$(OPERATE) tools/redrive.py $(STACK_NAMED) $(if $(DRY),--dry-run)

# What cargo-fuzz does, without the sanitizers, which only nightly compilers have.
FUZZED := --cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
  -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
  -Cllvm-args=-sanitizer-coverage-trace-compares

.PHONY: fuzz
fuzz: $(VENV)/stamp ## fuzz the access log reader with libFuzzer for TIME=60 seconds
	mkdir -p "$(TARGET)/fuzz/access_lines"
	for seed in 1 2 3; do $(PYTHON) tests/bench/access_lines.py 40 $$seed > "$(TARGET)/fuzz/access_lines/seed-$$seed"; done
	RUSTFLAGS="$(FUZZED)" CARGO_TARGET_DIR="$(TARGET)/fuzz/build" cargo run --locked --release \
	  --target "$$(rustc --print host-tuple)" --manifest-path shared/fuzz/Cargo.toml -- "$(TARGET)/fuzz/access_lines" -max_total_time=$(or $(TIME),60) -max_len=40000

.PHONY: access-report
access-report: ## report who accessed the logs: FILES="folder s3://bucket/prefix ..." (also READERS, KEEPERS, WRITERS, NETWORKS, BUCKETS, ACCOUNT, FAIL_ON, OUT=report.html)
	$(if $(FILES),,$(error FILES must name access logs: files, folders, s3://bucket/prefix))
	@echo "Compiling the command; the first time this takes several minutes."
	@cargo build --locked --profile tool --package access-report
	@"$(TARGET)/tool/access-report" $(FILES) $(if $(READERS),--readers '$(READERS)') $(if $(KEEPERS),--keepers '$(KEEPERS)') \
	  $(if $(WRITERS),--writers '$(WRITERS)') $(if $(NETWORKS),--networks '$(NETWORKS)') $(if $(BUCKETS),--buckets '$(BUCKETS)') \
	  $(if $(ACCOUNT),--account '$(ACCOUNT)') $(if $(FAIL_ON),--fail-on '$(FAIL_ON)') $(if $(OUT),--html '$(OUT)')

.PHONY: trailkeeper
trailkeeper: ## build the command trailkeeper: changes looked up, shown and taken back
	@echo "Compiling the command; the first time this takes several minutes."
	@cargo build --locked --profile tool --package trailkeeper-cli
	@echo "$(TARGET)/tool/trailkeeper"

.PHONY: clean
clean: ## remove everything that these targets created
	cargo clean
	rm -rf $(VENV) $(SAM_VENV) $(BENCH_VENV) $(SIMULATOR) .work .aws-sam

$(SIMULATOR)/stamp: tests/iam_simulate/package-lock.json
	npm ci --prefix $(dir $<) --ignore-scripts --no-audit --no-fund --silent
	@touch $@

$(VENV)/stamp: tests/requirements.txt
$(SAM_VENV)/stamp: tests/requirements-sam.txt
$(BENCH_VENV)/stamp: tests/requirements-bench.txt
%/stamp:
	@python3 -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed")'
	python3 -m venv $*
	$*/bin/python -m pip install --quiet --disable-pip-version-check --requirement $<
	@touch $@
