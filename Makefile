# `make help` lists what there is. Everything needed is installed below .venv; nothing else on the machine is touched,
# except (as root, with apt) Python's venv module and, for the browser tests, Chromium.
.DEFAULT_GOAL := help
.PHONY: run test services lint format bench setup setup-dev browser help

BIN := .venv/bin
WORKERS ?= 2

run: setup ## start everything; prints the address and the demo logins
	@exec $(BIN)/python -m vendorhub.launcher run --with-parent

test: setup-dev browser ## run every test, browser tests included
	@$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup $(ARGS)

services: setup ## start only the embedded PostgreSQL and Valkey, migrated; prints ready
	@exec $(BIN)/python -m vendorhub.launcher services --with-parent

lint: setup-dev ## style, types, floors between the apps, migrations, lock files
	@./.ci/lint

format: setup-dev ## put code and templates into the style that lint checks
	@$(BIN)/ruff check --fix --quiet . ; $(BIN)/ruff format . && git ls-files -z '*.html' | xargs -0r $(BIN)/djade --target-version 5.2

bench: setup-dev ## measure speed and size, each beside a reference (SIZE=S, M or L)
	@$(BIN)/python -m bench $(ARGS)

setup: ## make the virtual environment with the locked dependencies, nothing else
	@./.ci/setup requirements.txt

setup-dev: ## the same with the tools for tests and lint
	@./.ci/setup requirements-dev.txt

browser: # a Chromium for the browser tests, where we may install one
	@./.ci/browser

help: ## list these
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
