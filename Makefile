# `make demo` and `make test` do all their own set-up; everything else assumes it.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.tillrig-setup
N      ?= 300
GRADE  ?= typical

.PHONY: demo test lint bench bench-reading bench-watch fonts soak setup docs clean

demo: setup
	$(BIN)/tillrig demo $(ARGS)

# Two at a time; what runs a whole rig, or measures a device's milliseconds, runs alone. What failed runs once more by
# itself, with nothing beside it: pytest names it twice then, and the second word counts.
ALONE := tests/drivers tests/ports tests/roles tests/rigs tests/core/test_session_faults.py tests/core/test_session_rig.py
AGAIN := $(BIN)/python -m pytest --last-failed --last-failed-no-failures none -q
test: setup fonts
	$(BIN)/python -m pytest tests -q -n 2 --dist loadfile $(ALONE:%=--ignore=%) $(ARGS) || $(AGAIN)
	$(BIN)/python -m pytest $(ALONE) -q $(ARGS) || $(AGAIN)

lint: setup
	$(BIN)/ruff check src tests suites fixtures benchmarks conftest.py
	$(BIN)/ruff format --check src tests suites fixtures benchmarks conftest.py
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/robocop check suites fixtures

bench: setup
	$(BIN)/python -m benchmarks.loop $(ARGS)

# N is the number of poses: a pose is one drawn camera, light, terminal and font, and shows 8 to 40 lines.
bench-reading: setup fonts
	$(BIN)/python -m benchmarks.reading --poses $(N) $(ARGS)

bench-watch: setup
	$(BIN)/python -m benchmarks.optics.watching
	$(BIN)/python -m benchmarks.watch --faults $(N) --grade $(GRADE) $(ARGS)

# Debian fonts that the simulated terminal does not use.
fonts: setup
	sh tools/packages.sh $$(cat benchmarks/reading/packages.txt)

soak: setup
	$(BIN)/python -m benchmarks.soak --sales $(N) --grade $(GRADE) $(ARGS)

docs: setup
	$(BIN)/mkdocs build --strict

setup: $(STAMP)

$(STAMP): pyproject.toml tools/setup.sh tools/packages.sh
	PYTHON="$(PYTHON)" VENV="$(VENV)" sh tools/setup.sh
	touch $(STAMP)

clean:
	rm -rf $(VENV) build dist site .mypy_cache .ruff_cache .pytest_cache .hypothesis
