# The two commands: `make run` and `make test`. Everything else is part of them or a tool beside them.
PYTHON ?= python3
BIN := .venv/bin
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export OMP_NUM_THREADS ?= 1

.PHONY: run test setup check lint types demo retrain refresh bench soak texts clean

run: .venv/.runs
	@exec $(BIN)/python -m ml up

test: setup
	@./tests/system.sh
	@$(MAKE) --no-print-directory lint types
	@$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

setup: .venv/.tests

.venv/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; $(PYTHON) is $$($(PYTHON) -V 2>&1). Set PYTHON=/path/to/python3.11."; exit 1; }
	@echo "Making the environment .venv with $$($(PYTHON) -V)"
	@$(PYTHON) -m venv .venv || { rm -rf .venv; echo "Python's venv module is missing: install it (Debian: apt-get install python3-venv), then try again."; exit 1; }
	@touch $@

.venv/.runs: requirements.txt | .venv/.made
	@echo "Installing what the app needs (once, a few minutes)"
	@$(BIN)/pip install -q -r requirements.txt
	@touch $@

.venv/.tests: requirements-dev.txt requirements.txt | .venv/.made
	@echo "Installing what the tests need (once)"
	@$(BIN)/pip install -q -r requirements-dev.txt
	@touch .venv/.runs $@

check: setup lint types

lint:
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

types:
	@$(BIN)/mypy

demo retrain refresh: .venv/.runs
	@$(BIN)/python -m ml $@

bench: setup
	@$(BIN)/python -m tests.bench

soak: setup
	@case "$(ONLY)" in ""|ledger) $(BIN)/python -m tests.bench.soak_ledger;; esac
	@case "$(ONLY)" in ""|ledger|messages) $(BIN)/python -m tests.bench.soak_messages;; esac
	@case "$(ONLY)" in ""|outages) $(BIN)/python -m tests.bench.soak_outages;; esac
	@case "$(ONLY)" in ""|releases) $(BIN)/python -m tests.bench.soak_releases;; esac
	@case "$(ONLY)" in ""|app) $(BIN)/python -m tests.bench.soak;; esac

texts: setup
	@$(BIN)/python -m ml.i18n.update

clean:
	@rm -rf .venv data logs reports models/versions models/current.json
