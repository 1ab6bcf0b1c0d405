# Everything a newcomer needs: `make demo` and `make test`. Each makes .venv first where it is missing or outdated.
# PYTHON=/path/to/python make demo   takes another interpreter than the first suitable one on PATH.

VENV := .venv
READY := $(VENV)/.ready
BIN := $(VENV)/bin

.DEFAULT_GOAL := help
.PHONY: help demo test lint bench bench-full screenshots soak clean

help:
	@echo "make demo         a sample sale with simulated bidders and a live board; Ctrl-C stops it, and it continues when started again"
	@echo "make test         the test suite; it sees to a Chromium for the tests in a browser"
	@echo "make lint         ruff check, ruff format --check, mypy --strict"
	@echo "make bench        fan-out, bids and latency beside the limits of this machine, in under three minutes"
	@echo "make bench-full   everything, with the peers, in under 25 minutes: the table of goals, and reports/bench.html;"
	@echo "                  README=1 writes the figures into README.md and bench/figures.json as well"
	@echo "make soak         the catalogue of a busy sale in a browser for ten minutes: frames per second and memory"
	@echo "make screenshots  pictures of all pages, into reports/screenshots"
	@echo "make clean        remove .venv, caches and build products; never the data directory"

demo: $(READY)
	@$(BIN)/knockdown demo

# Two files at a time: a test in a browser mostly waits for it. A file stays together, as its tests share a house.
test: $(READY)
	@$(BIN)/python -m tests.browser.chromium
	@$(BIN)/python -m pytest -n 2 --dist loadfile

lint: $(READY)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

bench: $(READY)
	@$(BIN)/python -m bench short

# It installs nothing into the system: a peer that is not on this machine is left out, and the table says so.
bench-full: $(READY)
	@$(BIN)/python -m bench full $(if $(README),--readme)

soak: $(READY)
	@$(BIN)/python -m tests.browser.chromium
	@$(BIN)/python -m tests.browser.soak

screenshots: $(READY)
	@$(BIN)/python -m tests.browser.chromium
	@$(BIN)/python -m tests.browser.screenshots

clean:
	@rm -rf $(VENV) build *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The stamp is written last, so that an installation broken off half-way is done again. An interpreter that no longer
# starts (the system's Python was replaced) is no reason to give up: the environment is then made afresh.
$(READY): pyproject.toml
	@set -e; \
	python=""; \
	for candidate in "$$PYTHON" python3.11 python3 python3.14 python3.13 python3.12 python; do \
	    [ -n "$$candidate" ] && command -v "$$candidate" >/dev/null 2>&1 || continue; \
	    "$$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue; \
	    python="$$candidate"; break; \
	done; \
	[ -n "$$python" ] || { echo "knockdown needs Python 3.11 or later, and found none on PATH (name one: make PYTHON=/path/to/python)." >&2; exit 1; }; \
	if ! $(BIN)/python -c 'import pip, sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	    echo "making $(VENV) with $$("$$python" --version)"; \
	    "$$python" -m venv --clear $(VENV) || { echo "$$python cannot make a virtual environment; on Debian and Ubuntu: apt-get install python3-venv." >&2; exit 1; }; \
	fi; \
	echo "installing knockdown and what it needs into $(VENV); this takes a minute"; \
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'; \
	touch $@
