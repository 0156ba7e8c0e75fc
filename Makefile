# Needs make and Python 3.11 or newer with venv; brings the rest: uv (.cache), packages (.venv), and
# for `make test` Java, Maven, Prometheus, Redis and Chromium by apt-get where that is allowed.
PYTHON ?= python3
UV_VERSION := 0.13.9
UV := .cache/uv-$(UV_VERSION)/bin/uv
BIN := .venv/bin
READY := .venv/.ready

.DEFAULT_GOAL := test
.DELETE_ON_ERROR:
.PHONY: test unit demo lint bench peers chaos

test: lint ## everything: lint, types, unit tests, laws, doctests, real services
	@.ci/services
	$(BIN)/pytest -m "not chaos"

unit: $(READY) ## the fast part: unit tests, laws, doctests; nothing is started
	$(BIN)/pytest --numprocesses auto --dist worksteal -m "not integration" tests/unit tests/laws tests/golden metrics

demo: $(READY) ## a small company's customers, live; Ctrl-C ends it and nothing of it stays
	@$(BIN)/ressenti demo

bench: $(READY) ## what an event costs, how old it is when shown, memory, restarts: in 25 minutes
	@.ci/services
	$(BIN)/python -m bench

peers: $(READY) ## the same question to other stream processors, which it fetches: needs a JDK
	@.ci/services
	$(BIN)/python -m bench.peers

chaos: $(READY) ## kills, freezes, cuts, restarts and weeks in minutes: 90 minutes; SEEDS=1 for half
	@.ci/services
	$(BIN)/pytest -m chaos tests/chaos

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

$(READY): pyproject.toml uv.lock | $(UV)
	$(UV) sync --quiet --frozen --extra demo --no-python-downloads --python "$$(command -v $(PYTHON))"
	@touch $@

$(UV):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Python 3.11 or newer is needed, $(PYTHON) is not: make PYTHON=python3.11" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || .ci/install python3-venv
	$(PYTHON) -m venv .cache/uv-$(UV_VERSION)
	.cache/uv-$(UV_VERSION)/bin/pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
