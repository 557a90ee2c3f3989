# `make` alone lists the targets. Each is a line or two that can also be typed by hand.

.DEFAULT_GOAL := help
.PHONY: help install run test check format bench sbom audit lock clean tools
.NOTPARALLEL:

bin := .venv/bin

help: ## list these targets
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 18

install: ## make .venv and install Tallystick into it
	@bin/setup

run: install ## start Tallystick with its own PostgreSQL in ./data
	@exec $(bin)/tallystick serve

test: check ## all checks and all tests; what CI runs
	$(bin)/pytest -n 2 --dist loadfile

check: tools ## the quick part: format, lint, types, layers, rules
	$(bin)/ruff format --check
	$(bin)/ruff check
	$(bin)/mypy
	$(bin)/lint-imports
	$(bin)/deptry .
	$(bin)/pytest tests/unit tests/tidy

format: tools ## format the code and mend what the linter can mend
	$(bin)/ruff format
	$(bin)/ruff check --fix

bench: install ## measure posting, importing, requests, pages and what time tells, on this machine
	$(bin)/python bench/posting.py
	$(bin)/python bench/imports.py
	$(bin)/python bench/requests.py
	$(bin)/python bench/exports.py
	$(bin)/python bench/dashboard.py --members 50000
	$(bin)/python bench/pages.py --members 50000
	$(bin)/python bench/timing.py

sbom: ## write what Tallystick runs on to build/sbom.json, as CycloneDX
	@bin/setup audit
	@mkdir -p build
	PYTHONPATH=.venv/audit $(bin)/python -W ignore -m cyclonedx_py requirements requirements/run.txt \
		--pyproject pyproject.toml --output-reproducible --output-file build/sbom.json

# It asks services on the Internet; if they do not answer, it fails and says so.
audit: ## ask whether anything that is pinned is known to be unsafe (needs the Internet)
	@bin/setup audit
	$(bin)/python bin/audit

# Pins stay as they are unless they are named: make lock RAISE="--upgrade-package httpx"
lock: ## work out the pins anew (needs uv and npm)
	@command -v uv >/dev/null || { echo "make lock needs uv; pip install uv" >&2; exit 1; }
	for set in run test audit npm client26 client9; do \
		uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
			--no-emit-index-url --no-emit-find-links --no-header $(RAISE) \
			requirements/$$set.in --output-file requirements/$$set.txt || exit; \
	done
	node requirements/lock.js requirements/browser tests/parity/node tests/web/node

clean: ## remove .venv and every cache; ./data stays
	rm -rf .venv build dist src/tallystick/web/static/vendor .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .coverage
	find . -path ./data -prune -o -name __pycache__ -prune -exec rm -rf {} +

tools:
	@bin/setup test
