# Everything sets itself up: `make demo` and `make test` need Python 3.11+, git and make, and nothing else.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check
export PIP_CONSTRAINT := $(CURDIR)/constraints.txt

.PHONY: demo test lint types laws bench docs clean

$(VENV)/.pip: constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; say which: make PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)
	$(PIP) install --upgrade pip
	touch $@

$(VENV)/.run: $(VENV)/.pip pyproject.toml
	$(PIP) install --editable '.[cli,yaml]'
	touch $@

$(VENV)/.dev: $(VENV)/.run
	$(PIP) install --group dev
	touch $@

AT := --at 2026-03-31T15:00:00Z

$(VENV)/probes.csv: $(VENV)/.run docs/demo/make_probes.py
	$(BIN)/python docs/demo/make_probes.py $@

demo: $(VENV)/.run $(VENV)/probes.csv  ## deadlines, breaches, monthly compliance and uptime of shipped logs; one ticket explained; a what-if
	@echo '--- one row a ticket: what was met in March'
	@$(BIN)/sla-engine report docs/demo/tickets.csv --month 2026-03 $(AT) --most 8
	@echo; echo '--- an event log: the clocks that its events start, hand on and stop'
	@$(BIN)/sla-engine report docs/demo/events.csv --month 2026-03 $(AT) --most 8
	@echo; echo '--- one of its tickets, explained'
	@$(BIN)/sla-engine explain E-0211 docs/demo/events.csv $(AT)
	@echo; echo '--- the same log under other service levels: pauses, civil time, a customer of its own'
	@$(BIN)/sla-engine compare docs/demo/events.csv --against docs/demo/customers.toml $(AT) --most 8
	@echo; echo '--- five services over a month: 187,236 probes, the incidents and the maintenance of the month'
	@$(BIN)/sla-engine uptime $(VENV)/probes.csv --month 2026-03 --incidents docs/demo/incidents.csv --maintenance docs/demo/maintenance.csv --notice 48h
	@echo; echo '--- one of them, explained: why its verdict is open'
	@$(BIN)/sla-engine uptime $(VENV)/probes.csv --month 2026-03 --incidents docs/demo/incidents.csv --maintenance docs/demo/maintenance.csv --notice 48h --ledger web

test: lint types $(VENV)/.dev  ## everything that must hold
	$(BIN)/python -m pytest --numprocesses auto --cov --cov-report=term --cov-fail-under=95

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

types: $(VENV)/.dev
	$(BIN)/mypy
	$(BIN)/pyright

laws: $(VENV)/.dev  ## the laws and the oracle on many more examples
	$(BIN)/python -m pytest tests/laws --hypothesis-profile long --numprocesses auto --override-ini faulthandler_timeout=0

bench: $(VENV)/.dev  ## ratios against peers, medians of several runs
	$(BIN)/python -m benchmarks

docs: $(VENV)/.dev
	$(BIN)/sphinx-build --fail-on-warning --nitpicky --builder html docs docs/_build

clean:
	rm -rf $(VENV) docs/_build .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage*
