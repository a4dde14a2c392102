# env · run · test · check · web · bench · soak · fuzz
#
# Needs python3 (3.11 or newer, with venv) and make. Takes uv where it is on PATH, else venv and pip.
# PYTHON=… chooses the interpreter.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.mailstead-env

.PHONY: env run test check check-web web bench soak fuzz lock clean

env: $(STAMP)

$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "mailstead needs Python 3.11 or newer as $(PYTHON); set PYTHON=/path/to/python3.11." >&2; exit 1; }
	@if command -v uv >/dev/null 2>&1; then \
		test -x $(BIN)/python || uv venv --quiet --python $(PYTHON) $(VENV); \
		uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements.lock && \
		uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation -e .; \
	else \
		test -x $(BIN)/python || { \
			$(PYTHON) -c 'import venv, ensurepip' >/dev/null 2>&1 || { \
				echo "$(PYTHON) has no venv module; install the Debian package python3-venv and run make again." >&2; \
				exit 1; }; \
			$(PYTHON) -m venv $(VENV); }; \
		$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock && \
		$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .; \
	fi
	@touch $@

run: env
	$(BIN)/mailstead demo

# Parted among WORKERS processes; 0: one after another in this one.
WORKERS ?= auto

test: env
	$(BIN)/python -m pytest -n $(WORKERS)

check: env
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports
	@$(MAKE) --no-print-directory check-web

# Types, layers and unit tests of the web client, where Node is; the server needs none, since the built client is committed.
check-web:
	@if ! command -v npm >/dev/null 2>&1; then \
		echo "web client not checked: npm is absent (Debian packages nodejs and npm)."; \
	else \
		test web/node_modules/.package-lock.json -nt web/package-lock.json || (cd web && npm ci --no-audit --no-fund) && \
		cd web && npm run --silent check && npm run --silent test; \
	fi

# The web client built anew into src/mailstead/web/dist, which is committed.
web:
	cd web && { test node_modules/.package-lock.json -nt package-lock.json || npm ci --no-audit --no-fund; } && npm run build

bench: env
	$(BIN)/python -m bench $(if $(FULL),--full)

soak: env
	MAILSTEAD_KILLS=$${MAILSTEAD_KILLS:-2000} MAILSTEAD_QUEUE_KILLS=$${MAILSTEAD_QUEUE_KILLS:-300} \
	MAILSTEAD_NETWORK_KILLS=$${MAILSTEAD_NETWORK_KILLS:-20} MAILSTEAD_KILL_SEED=$${MAILSTEAD_KILL_SEED:-$$(date +%s)} $(BIN)/python -m pytest -m kill

# Each parser for SECONDS_EACH, mutating what it knows; a failure prints its octets.
fuzz: env
	@set -e; for target in tests/fuzz/*.py; do name=$$(basename $$target .py); case $$name in __init__|test_*) continue;; esac; \
		echo "$$name:"; $(BIN)/python -m tests.fuzz.$$name $${SECONDS_EACH:-60} $${SEED:-$$(date +%s)}; done

# For whoever changes pyproject.toml: the lock anew, without index addresses.
lock: env
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --group dev --no-emit-index-url \
		--no-emit-find-links --no-header --no-annotate pyproject.toml -o requirements.lock

clean:
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
