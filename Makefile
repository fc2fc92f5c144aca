# The doors to this repository: `make up` brings a working service up, `make test` proves it works.

SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
VENV := .venv
TOOLS := .tools
# One C dependency (zlib-ng, below the balancer) builds with cmake: the system's, or PyPI's.
export PATH := $(CURDIR)/$(VENV)/bin:$(CURDIR)/$(TOOLS)/bin:$(PATH)
CARGO := cargo
BINARIES := --workspace --bins

.PHONY: help up down build test test-rust test-templates test-e2e test-aws lab lab-short faults week lint fmt advisories bench bench-availability programs release clean

help: ## Show this help
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sort | sed -E 's/:.*## /\t/' | expand -t 20

up: build ## Build, then bring the service up on this machine
	target/debug/syncctl up

down: ## Stop the service on this machine; its data stays
	@if [ -x target/debug/syncctl ]; then target/debug/syncctl down; else echo "Nothing was built yet, so nothing runs."; fi

build: cmake
	$(CARGO) build $(BINARIES)

test: test-rust test-templates test-e2e test-aws ## Run every test; installs what they need into .venv

test-rust: cmake
	$(CARGO) test --workspace --no-fail-fast

# TEMPLATES_ALL=1 gives every template to the slow judges too, which takes a quarter of an hour.
test-templates: $(VENV)-templates/ready ## Judge the CloudFormation templates: cfn-lint, checkov, parliament, our own rules
	$(VENV)-templates/bin/python -m pytest -q tests/templates

# With all targets, so that the programs are those that test-rust has built: nothing is built twice. Then the server
# of an earlier commit, with the same dependencies, for the test of mixed releases.
test-e2e: cmake $(VENV)/tests-ready
	$(CARGO) build --workspace --all-targets
	$(VENV)/bin/python tests/e2e/previous.py
	$(VENV)/bin/python -m pytest -q tests/e2e

# The deployer against an emulator with our overlay. The templates that test-templates judges are rendered by the same
# example, which is built with all targets.
test-aws: cmake $(VENV)-aws/ready $(VENV)-awscli/ready
	$(CARGO) build --workspace --all-targets
	cd tests/aws && RENDER_ALL=$(CURDIR)/target/debug/examples/render_all $(CURDIR)/$(VENV)-aws/bin/python -m pytest -q
	$(VENV)-aws/bin/python -m pytest -q tests/lab/units

# As root: instances with bodies need namespaces. The base system is made once, in .tools/lab. LAB="-k zone" chooses drills.
lab: cmake $(VENV)-aws/ready ## Acceptance: a deployment on systems that really boot; every drill (as root, LAB="-k zone" for some)
	$(CARGO) build $(BINARIES)
	cd tests/lab && PYTHONPATH=. $(CURDIR)/$(VENV)-aws/bin/python -m lab test -q $(LAB) drills

lab-short: LAB := -m "not long"
lab-short: lab ## The drills that CI runs, a few minutes

faults: cmake $(VENV)-aws/ready ## One fault of each kind at every call of up and down on AWS (a quarter of an hour)
	$(CARGO) build --workspace --all-targets
	cd tests/aws && FAULTS_ALL=1 RENDER_ALL=$(CURDIR)/target/debug/examples/render_all $(CURDIR)/$(VENV)-aws/bin/python -m pytest -q -rP test_every_call.py

week: cmake $(VENV)/tests-ready ## Simulate a week: 2,000 random faults under load (WEEK="--seed 7 --faults 100")
	$(CARGO) build --workspace --all-targets
	$(VENV)/bin/python tests/e2e/week.py $(WEEK)

lint: cmake $(TOOLS)/bin/cargo-deny ## Formatting, clippy, dependency rules
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets -- -D warnings
	$(TOOLS)/bin/cargo-deny --log-level error check bans licenses sources

fmt: ## Format the code
	$(CARGO) fmt --all

advisories: $(TOOLS)/bin/cargo-deny ## Ask the RustSec database (needs the internet)
	$(TOOLS)/bin/cargo-deny check advisories

bench: programs $(VENV)/tests-ready ## Measure what BENCHMARKS.md states, beside its peers
	$(VENV)/bin/python tests/bench/run.py

bench-availability: programs $(VENV)/tests-ready ## Measure what users notice of drills and rolls
	$(VENV)/bin/python tests/bench/availability.py

programs: cmake ## Optimised binaries in target/release
	$(CARGO) build --release $(BINARIES)

release: cmake ## The same, with static servers for x86-64 and arm64, packed in target/dist
	.ci/release

clean: ## Remove everything that was built
	rm -rf target $(VENV) $(VENV)-release $(VENV)-aws $(VENV)-awscli $(VENV)-templates $(TOOLS) .tmp

.PHONY: cmake
cmake:
	@command -v cmake >/dev/null || { python3 -m venv $(VENV) && $(VENV)/bin/pip install -q "cmake>=3.20"; }

$(VENV)/tests-ready: tests/requirements.txt
	python3 -m venv $(VENV)
	$(VENV)/bin/pip install -q -r tests/requirements.txt
	touch $@

# Apart from the other tests' packages: checkov pins versions that awscli does not take.
$(VENV)-templates/ready: tests/templates/requirements.txt
	python3 -m venv $(VENV)-templates
	$(VENV)-templates/bin/pip install -q -r tests/templates/requirements.txt
	touch $@

# The emulator pins its own botocore.
$(VENV)-aws/ready: tests/aws/requirements.txt
	python3 -m venv $(VENV)-aws
	$(VENV)-aws/bin/pip install -q --require-hashes -r tests/aws/requirements.txt
	touch $@

# Amazon's own command line, which pins another botocore.
$(VENV)-awscli/ready: tests/aws/requirements-awscli.txt
	python3 -m venv $(VENV)-awscli
	$(VENV)-awscli/bin/pip install -q --require-hashes -r tests/aws/requirements-awscli.txt
	touch $@

$(TOOLS)/bin/cargo-deny:
	$(CARGO) install --debug --locked --no-default-features --root $(TOOLS) --version 0.20.2 cargo-deny
