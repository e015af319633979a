# Why Shortcuts Train: every target does its own set-up, from a bare clone on.

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
BOOK := _build/html/book/index.html
WORKERS ?= 2
PORT ?= 8000

.DEFAULT_GOAL := help
.PHONY: help setup book test notebooks assignments address wheel offline lite claims-search lint format serve screenshots clean distclean

help: ## list the targets
	@echo "Why Shortcuts Train. The two commands most people want: make book, make test."
	@echo
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' Makefile | awk -F'|' '{ printf "%-22s %s\n", $$1, $$2 }'

$(READY): requirements.txt pyproject.toml tools/environment.sh
	@PYTHON="$(PYTHON)" tools/environment.sh $(VENV)
	@touch $@

setup: $(READY) ## create the environment in .venv

book: $(READY) ## build the pages into _build/html
	$(BIN)/jupyter-book build -n -W --keep-going .
	@echo
	@echo "The book: $(BOOK)"

# Without restarts, since pytest-xdist would wait for ever for the files of a worker it replaced.
test: $(READY) ## check everything: library, notebooks, pages, style
	@CHROMIUM=$$($(BIN)/python tools/find_chromium.py --install) && export CHROMIUM && \
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --max-worker-restart 0 \
		--nbval --nbval-current-env --nbval-cell-timeout 300 --durations 25 -q tests book

notebooks: $(READY) ## run every notebook and write it back in normal form
	$(BIN)/python tools/notebooks.py execute
	$(BIN)/python tools/cover.py

assignments: $(READY) ## make students' notebooks, solutions and autograder archives (SEED=7: a variant)
	$(BIN)/python tools/assignments.py --seed $(or $(SEED),0)

address: $(READY) ## write the repository's public address where it stands (URL=https://...)
	$(BIN)/python tools/address.py "$(URL)"

wheel: $(READY) ## build the library's wheel into _build/wheel
	$(BIN)/python tools/library_wheel.py _build/wheel

offline: book ## the pages in one archive, for reading without a network
	$(BIN)/python tools/offline.py

lite: $(READY) ## the chapters with JupyterLite in _build/lite, for hosts that can serve it
	$(BIN)/python tools/lite.py

claims-search: $(READY) ## try every inequality harder; records the results with their seeds
	$(BIN)/python tools/search_claims.py $(SEARCH)

lint: $(READY) ## check the style and the types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(READY) ## put the code into the common style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/python tools/notebooks.py execute --normalise-only

serve: book ## build the pages and show them at http://127.0.0.1:8000/
	$(BIN)/python -m http.server --bind 127.0.0.1 --directory _build/html $(PORT)

screenshots: book ## pictures of every page, narrow to wide, light and dark
	@CHROMIUM=$$($(BIN)/python tools/find_chromium.py --install) && export CHROMIUM && \
	$(BIN)/python tools/screenshots.py

clean: ## remove what was built
	rm -rf _build .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find book shortcutlib tests tools -name __pycache__ -type d -prune -exec rm -rf {} +

distclean: clean ## remove the environment as well
	rm -rf $(VENV) *.egg-info
