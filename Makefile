.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS += --no-print-directory

VENV ?= .venv
SAM_VENV ?= .venv-sam
BENCH_VENV ?= .venv-c7n
PROWLER_VENV ?= .venv-prowler
# Graviton is cheaper; ARCH=x86_64 builds for Intel.
ARCH ?= arm64

PYTHON := $(VENV)/bin/python
# The evaluator of policies that ours is compared with.
SIMULATOR := tests/iam_simulate/node_modules
# The demo and the bench import from the same rooms as the tests.
ROOMS = $(shell sed -n 's/^pythonpath = //p' tests/pytest.ini | tr ' ' '\n' | sed 's|^|tests/|' | paste -sd:)
SAM := AWS_DEFAULT_REGION=$${AWS_DEFAULT_REGION:-us-east-1} SAM_CLI_TELEMETRY=0 $(SAM_VENV)/bin/sam
OPERATE := @$(SAM_VENV)/bin/python
# A value as one word of the shell, whatever is in it.
quoted = '$(subst ','\'',$(1))'
# Whether a switch is on: `REMOVE=0` is not.
on = $(filter-out 0 no off false,$(1))
# An option, if its variable is set.
option = $(if $($(2)),$(1) $(call quoted,$($(2))))
# A stack or a region other than the usual.
WHERE = $(call option,--stack,STACK) $(call option,--region,REGION)
# Cargo's target directory, which the caller may have moved.
TARGET = $(shell cargo metadata --format-version 1 --no-deps | python3 -c 'import json, sys; print(json.load(sys.stdin)["target_directory"])')

.PHONY: help
help: ### list the targets
	@sed -En 's/^([a-z-]+):[^#]*## (.*)/\1\t\2/p' $(MAKEFILE_LIST) | expand -t 15
	@echo "To work on it:"
	@sed -En 's/^([a-z-]+):[^#]*### (.*)/\1\t\2/p' $(MAKEFILE_LIST) | expand -t 15

# What compiling takes, in GB of disk: one function, or all of the demo's.
.PHONY: needs needs-all
needs needs-all:
	@command -v python3 > /dev/null || { echo "Missing: Python 3.11 or newer, as python3" >&2; exit 1; }
	@python3 tests/demo/needs.py $(if $(filter needs-all,$@),8,3)

.PHONY: introduction
introduction:
	@echo "A demo of Trailkeeper in a local AWS: nothing leaves this machine, and no AWS account is needed."

.PHONY: demo
demo: $(if $(ALL),needs-all,needs) introduction $(VENV)/stamp ## watch a stopped trail being started again in a local AWS, without an AWS account (ALL=1: all stories)
	@PYTHONPATH=$(ROOMS) $(PYTHON) tests/demo/demo.py $(if $(ALL),--all)

.PHONY: local
local: needs $(VENV)/stamp ## a local AWS, seeded, and cargo lambda watch: for trying the functions without an AWS account
	@PYTHONPATH=$(ROOMS) $(PYTHON) tests/demo/local.py

PYTEST = TRAILKEEPER_BIN_DIR="$(TARGET)/debug" $(PYTHON) -m pytest -q --numprocesses auto --dist loadfile

# What is said a second time, by the command: every case of each family but those marked function_alone, with the reason.
THROUGH := $(addprefix tests/functions/,$(filter-out access digest guard,$(notdir $(wildcard functions/*))))

.PHONY: test
ifdef ONLY
test: $(VENV)/stamp
	$(if $(wildcard functions/$(ONLY)),,$(error ONLY names a folder of functions/, as in ONLY=transfer))
	cargo test --locked --package trailkeeper --lib --features $(ONLY) $(ONLY)::
	cargo build --locked --manifest-path functions/$(ONLY)/Cargo.toml
	$(if $(filter access,$(ONLY)),cargo build --locked --package access-report)
	$(PYTEST) tests/functions/$(ONLY)
else
test: $(VENV)/stamp $(SIMULATOR)/stamp ### run every test, against a local AWS (ONLY=transfer runs that function's alone)
	cargo test --locked --package trailkeeper
	cargo test --locked --workspace -- --skip obeys_the_law --skip testing::game
	cargo build --locked --workspace --all-targets
	$(PYTEST) tests
	TRAILKEEPER_THROUGH_COMMAND=1 $(PYTEST) $(THROUGH)
endif

.PHONY: game
game: $(VENV)/stamp ### play an intruder against the functions, fifty times, and in memory 5,000 times (GAMES=50 SEED=1)
	TRAILKEEPER_GAMES=$(or $(GAMES_IN_MEMORY),2500) TRAILKEEPER_SEED=$(or $(SEED),$(shell date +%s)) \
		cargo test --locked --package trailkeeper --lib testing::game
	cargo build --locked --workspace --bins
	TRAILKEEPER_GAMES=$(or $(GAMES),50) TRAILKEEPER_SEED=$(or $(SEED),$(shell date +%s)) $(PYTEST) tests/game

.PHONY: check
check: ### check formatting and run clippy
	cargo fmt --all --check
	cargo fmt --manifest-path shared/fuzz/Cargo.toml --check
	cargo clippy --locked --workspace --all-targets -- -D warnings

# A region or two of each partition: commercial, GovCloud, China.
PARTITIONS := us-east-1 eu-central-1 us-gov-west-1 us-gov-east-1 cn-north-1 cn-northwest-1

.PHONY: lint
lint: $(SAM_VENV)/stamp ### check dependencies, licences, the commands and settings in the docs, the policies and the templates
	python3 tests/lint/check_dependencies.py
	python3 tests/lint/check_readme.py
	$(SAM_VENV)/bin/python tests/lint/check_policies.py
	$(SAM) validate --lint --template template.yaml
	$(SAM_VENV)/bin/python tests/lint/check_sam.py
	$(SAM_VENV)/bin/cfn-lint --regions $(PARTITIONS) -- template.yaml regions.yaml members.yaml

.PHONY: build
build: $(VENV)/stamp ### build the release functions for Lambda (ARCH=x86_64 for Intel)
	PATH="$(abspath $(VENV))/bin:$$PATH" cargo lambda build --locked --release --workspace --exclude access-report \
	  --exclude trailkeeper-check --exclude trailkeeper-cli --exclude trailkeeper-replay $(if $(filter arm64,$(ARCH)),--arm64)

.PHONY: bench
bench: $(VENV)/stamp $(BENCH_VENV)/stamp ### compare speed, memory and API calls with boto3 and Cloud Custodian
	cargo build --locked --release --package transfer
	cargo build --locked --release --package trail
	cargo build --locked --release --package bucket
	cargo build --locked --release --package vpc
	cargo build --locked --release --package key
	cargo build --locked --release --package monitoring
	cargo build --locked --release --package trailkeeper --example access_reader
	cargo build --locked --profile tool --package trailkeeper-replay --example replay_folder
	mkdir -p "$(TARGET)/release/examples" && cp "$(TARGET)/tool/examples/replay_folder" "$(TARGET)/release/examples/"
	PYTHONPATH=$(ROOMS) $(PYTHON) tests/bench/run.py "$(TARGET)/release" $(BENCH_VENV)

.PHONY: bench-prowler
bench-prowler: trailkeeper $(VENV)/stamp $(PROWLER_VENV)/stamp ### compare the command with Prowler: time, memory, calls, opinions
	PYTHONPATH=$(ROOMS) $(PYTHON) tests/bench/beside_prowler.py "$(TARGET)/tool/trailkeeper" $(PROWLER_VENV)

.PHONY: simulate
simulate: $(VENV)/stamp ### simulate an organization of a thousand accounts: repairs, sweeps, calls, costs
	PYTHONPATH=$(ROOMS) $(PYTHON) tests/bench/simulation/thousand.py

.PHONY: flood
flood: $(VENV)/stamp ### stop a trail amid a flood of other people's changes on the deployed stack; hold the simulation against a small one
	cargo build --locked --workspace --bins
	PYTHONPATH=$(ROOMS) $(PYTHON) tests/bench/simulation/held.py "$(TARGET)/debug"
	PYTHONPATH=$(ROOMS) $(PYTHON) tests/bench/flood.py "$(TARGET)/debug"

# EMAIL and ARCH count only where they are given to make: the environment has other uses for such names.
GIVEN_EMAIL = $(if $(filter command,$(origin EMAIL)),$(EMAIL))
GIVEN_ARCH = $(if $(filter command environment,$(origin ARCH)),$(ARCH))

# What was given to make by name: a parameter among them stands outside the quotes of PARAMETERS.
GIVEN_NAMES = $(strip $(foreach name,$(.VARIABLES),$(if $(filter command,$(firstword $(origin $(name)))),$(name))))

.PHONY: deploy
# As it was given: make would take a dollar sign for one of its own.
deploy: override export PARAMETERS := $(value PARAMETERS)
deploy: $(SAM_VENV)/stamp ## deploy or update: EMAIL=soc@example.com PARAMETERS='Name=value ...' (also PARAMETERS_FILE, STACK, REGION, YES=1, REMOVE=1)
	$(OPERATE) tools/deploy.py $(WHERE) $(call option,--given,GIVEN_NAMES) $(call option,--email,GIVEN_EMAIL) $(call option,--parameters-file,PARAMETERS_FILE) \
	  $(call option,--architecture,GIVEN_ARCH) $(if $(call on,$(YES)),--yes) $(if $(call on,$(REMOVE)),--remove)

# What `make deploy` builds and uploads, once it has asked.
.PHONY: package
package: $(VENV)/stamp $(SAM_VENV)/stamp
	PATH="$(abspath $(VENV))/bin:$$PATH" $(SAM) build --parameter-overrides Architecture=$(ARCH)
	$(SAM) package --resolve-s3 --region $(REGION) --output-template-file $(call quoted,$(PACKAGED)) > $(call quoted,$(PACKAGED).log)

.PHONY: controls
controls: $(SAM_VENV)/stamp ## switch controls, keep the others, without a build: ON=a,b DRY=c OFF=d USUAL=e
	$(OPERATE) tools/controls.py $(WHERE) $(call option,--on,ON) $(call option,--dry,DRY) $(call option,--off,OFF) $(call option,--usual,USUAL)

.PHONY: stop start
stop: $(SAM_VENV)/stamp ## stop every fix within a minute, without a build; reports go on
	$(OPERATE) tools/stop.py $(WHERE)

start: $(SAM_VENV)/stamp ## start the fixes again as they were
	$(OPERATE) tools/stop.py $(WHERE) --start

.PHONY: regions
regions: $(SAM_VENV)/stamp ## forward events from the other regions: those swept, or REGIONS=a,b (REMOVE=1 undoes this)
	$(OPERATE) tools/regions.py $(WHERE) $(call option,--regions,REGIONS) $(if $(call on,$(REMOVE)),--remove)

.PHONY: members
members: $(SAM_VENV)/stamp ## cover the accounts of an organization: OU=ou-... (REMOVE=1 undoes this)
	$(OPERATE) tools/members.py $(WHERE) $(call option,--ou,OU) $(call option,--regions,REGIONS) $(if $(call on,$(REMOVE)),--remove)

.PHONY: redrive
redrive: $(SAM_VENV)/stamp ## send failed events back to their functions (DRY=1 only lists them)
	$(OPERATE) tools/redrive.py $(WHERE) $(if $(call on,$(DRY)),--dry-run)

# What cargo-fuzz does, without the sanitizers, which only nightly compilers have.
FUZZED := --cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
  -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
  -Cllvm-args=-sanitizer-coverage-trace-compares

.PHONY: verify
verify: $(SAM_VENV)/stamp ## look whether all is alive (PROBE=1 proves it with a call and a test event; also REGIONS)
	$(OPERATE) tools/verify.py $(WHERE) $(call option,--regions,REGIONS) $(if $(call on,$(PROBE)),--probe)

.PHONY: fuzz
fuzz: $(VENV)/stamp ### fuzz the access log reader with libFuzzer for TIME=60 seconds
	mkdir -p "$(TARGET)/fuzz/access_lines"
	for seed in 1 2 3; do $(PYTHON) tests/bench/access_lines.py 40 $$seed > "$(TARGET)/fuzz/access_lines/seed-$$seed"; done
	RUSTFLAGS="$(FUZZED)" CARGO_TARGET_DIR="$(TARGET)/fuzz/build" cargo run --locked --release \
	  --target "$$(rustc --print host-tuple)" --manifest-path shared/fuzz/Cargo.toml -- "$(TARGET)/fuzz/access_lines" -max_total_time=$(or $(TIME),60) -max_len=40000

.PHONY: access-report
access-report: ## report who accessed the logs: FILES="folder s3://bucket/prefix ..." (also READERS, KEEPERS, WRITERS, NETWORKS, BUCKETS, ACCOUNT, FAIL_ON, OUT=report.html, CSV=findings.csv, LIST=delete)
	$(if $(FILES),,$(error FILES must name access logs: files, folders, s3://bucket/prefix))
	@echo "Compiling the command; the first time this takes several minutes."
	@cargo build --locked --profile tool --package access-report
	@"$(TARGET)/tool/access-report" $(FILES) $(if $(READERS),--readers '$(READERS)') $(if $(KEEPERS),--keepers '$(KEEPERS)') \
	  $(if $(WRITERS),--writers '$(WRITERS)') $(if $(NETWORKS),--networks '$(NETWORKS)') $(if $(BUCKETS),--buckets '$(BUCKETS)') \
	  $(if $(ACCOUNT),--account '$(ACCOUNT)') $(if $(FAIL_ON),--fail-on '$(FAIL_ON)') $(if $(OUT),--html '$(OUT)') $(if $(CSV),--csv '$(CSV)') \
	  $(if $(LIST),--list '$(LIST)')

.PHONY: picture
picture: $(VENV)/stamp ### take the README's picture of the access report anew (needs Chromium)
	cargo build --locked --package access-report
	TRAILKEEPER_BIN_DIR="$(TARGET)/debug" PYTHONPATH=$(ROOMS) $(PYTHON) tests/demo/picture.py

.PHONY: check-account
check-account: ## check your account now, with your AWS credentials, and change nothing (ARGS='--regions eu-* -o html=posture.html')
	@echo "Compiling the command; the first time this takes several minutes." >&2
	@cargo build --locked --profile tool --package trailkeeper-cli
	@"$(TARGET)/tool/trailkeeper" check $(ARGS)

.PHONY: trailkeeper
trailkeeper: ## build the command trailkeeper: accounts checked, changes looked up and taken back, the past replayed
	@echo "Compiling the command; the first time this takes several minutes."
	@cargo build --locked --profile tool --package trailkeeper-cli
	@echo "$(TARGET)/tool/trailkeeper"

.PHONY: clean
clean: ### remove everything that these targets created
	cargo clean
	rm -rf $(VENV) $(SAM_VENV) $(BENCH_VENV) $(PROWLER_VENV) $(SIMULATOR) .work .aws-sam

$(SIMULATOR)/stamp: tests/iam_simulate/package-lock.json
	npm ci --prefix $(dir $<) --ignore-scripts --no-audit --no-fund --silent
	@touch $@

$(VENV)/stamp: tests/requirements.txt
$(SAM_VENV)/stamp: tests/requirements-sam.txt
$(BENCH_VENV)/stamp: tests/requirements-bench.txt
$(PROWLER_VENV)/stamp: export PIP_NO_DEPS := 1
$(PROWLER_VENV)/stamp: tests/requirements-prowler.txt
%/stamp:
	@python3 -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed")'
	@PYTHONPATH=tests/demo python3 -m waiting "Installing $< into $* ..." \
	  'python3 -m venv $* && $*/bin/python -m pip install --quiet --disable-pip-version-check --requirement $<'
	@touch $@
