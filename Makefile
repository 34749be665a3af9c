# Needs Python 3.11 or later (with venv), make and the package registries; everything else goes into .venv.

PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/.installed
NODE_PACKAGES := $(patsubst %,%/node_modules/.package-lock.json,tests/acceptance/samples tests/console/browser)
ASSETS := src/openprospect/server/http/assets
CONSOLE_ASSETS := src/openprospect/server/console/assets
CONNECTOR_ENVIRONMENTS := $(patsubst connectors/requirements-%.txt,connectors/.venv-%/.installed,$(wildcard connectors/requirements-*.txt))
MIGRATIONS := $(wildcard src/openprospect/server/db/migrations/*.sql)
COMPILE := $(BIN)/uv pip compile --universal --python-version 3.11 --upgrade --exclude-newer "1 week" --generate-hashes --no-emit-index-url \
	--no-annotate --custom-compile-command "make lock" --quiet
SIDE_BY_SIDE := -n auto --dist loadfile --no-loadscope-reorder
# What a consumer may rely on, tested once more on tables that are split by search.
PROMISE := $(addprefix tests/integration/test_,new_feeds.py order.py places.py privacy.py walks.py)
EXAMPLES := tests/integration/test_examples.py::test_the_documented_examples_are_what_the_service_answers
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-connectors check audit format docs bench openapi migration schema lock assets screenshots

help: ## list what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(INSTALLED) ## install what is missing into .venv

demo: $(INSTALLED) ## start the service with sample data, sync it into DuckDB, stay up until Ctrl-C
	@$(BIN)/python -m openprospect.demo

test: check $(NODE_PACKAGES) ## check, then every test that is not slow; T=tests/unit/test_row.py for one file
	@$(BIN)/python -m connectors.proof || true
	$(if $(T),,$(BIN)/pytest --partitions 4 $(SIDE_BY_SIDE) $(PROMISE))
	$(BIN)/pytest $(or $(T),$(SIDE_BY_SIDE))

test-connectors: $(INSTALLED) $(CONNECTOR_ENVIRONMENTS) ## the slow tests, and every connector by its own tool: what `make test` leaves out
	$(BIN)/pytest tests -m heavy --ignore tests/connectors --ignore tests/crm
	$(BIN)/pytest tests/connectors tests/crm -m "" -n 2 --dist loadscope
	@$(BIN)/python -m connectors.proof --record

check: $(INSTALLED) ## format, lint, types, import rules, migrations, file sizes, docs
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy src tests connectors
	$(BIN)/lint-imports
	$(BIN)/squawk $(MIGRATIONS)
	$(BIN)/pytest tests/project
	@$(MAKE) --no-print-directory docs

audit: $(INSTALLED) ## ask PyPI's advisory database about every locked version, where this machine reaches it
	$(BIN)/uv tool run pip-audit --strict --require-hashes --disable-pip --requirement requirements.lock

docs: $(INSTALLED) ## build the documentation as a site, into site/
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

format: $(INSTALLED) ## format the code and mend what can be mended by itself
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(INSTALLED) bench/.venv/.installed ## measure, peers included; ARGS="--only read --companies 1000000"
	$(BIN)/python -m bench $(ARGS)

openapi: $(INSTALLED) ## write contract/openapi.json from the routes, with what the service really answers as examples
	WRITE_EXAMPLES=1 $(BIN)/pytest $(EXAMPLES)
	$(BIN)/python -m contract.write_openapi

migration: $(INSTALLED) ## start a migration: make migration name=add_a_column
	@test -n "$(name)" || { echo "say what it does: make migration name=add_a_column"; exit 2; }
	@$(BIN)/python -c 'import sys; from openprospect.server.db.migrate import next_file; f = next_file(sys.argv[1]); f.touch(exist_ok=False); print(f)' "$(name)"

schema: $(INSTALLED) ## write schema.sql, what all migrations add up to
	$(BIN)/python -m openprospect.server.db.schema

lock: $(INSTALLED) ## choose versions anew, none younger than a week, and write the locks
	$(COMPILE) pyproject.toml --extra demo --extra dlt --extra otel --extra postgresql --extra redis --extra server --extra singer --group dev --output-file requirements.lock
	$(COMPILE) --group airbyte --output-file connectors/requirements-airbyte.txt
	$(COMPILE) --group spark --output-file connectors/requirements-spark.txt
	$(COMPILE) --group tryton --output-file connectors/requirements-tryton.txt
	$(COMPILE) --group bench --output-file bench/requirements.txt

assets: $(INSTALLED) ## fetch the files of the reference page and the console at the versions that their package.json name
	PATH="$(CURDIR)/$(BIN):$$PATH" npm ci --prefix $(ASSETS) --ignore-scripts --no-audit --no-fund
	cd $(ASSETS)/node_modules/swagger-ui-dist && cp swagger-ui-bundle.js swagger-ui.css LICENSE NOTICE swagger-ui-bundle.js.LICENSE.txt $(CURDIR)/$(ASSETS)/
	rm -r $(ASSETS)/node_modules
	PATH="$(CURDIR)/$(BIN):$$PATH" npm ci --prefix $(CONSOLE_ASSETS) --ignore-scripts --no-audit --no-fund
	cp $(CONSOLE_ASSETS)/node_modules/htmx.org/dist/htmx.min.js $(CONSOLE_ASSETS)/
	cp $(CONSOLE_ASSETS)/node_modules/htmx.org/LICENSE $(CONSOLE_ASSETS)/htmx.LICENSE.txt
	rm -r $(CONSOLE_ASSETS)/node_modules

screenshots: $(INSTALLED) $(NODE_PACKAGES) ## take the pictures of the console for the docs anew
	SCREENSHOTS=1 $(BIN)/pytest tests/console/browser

# uv comes first, at the locked version and checked against its locked hash; it then installs the rest in seconds.
$(INSTALLED): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "$(PYTHON) is older than 3.11; name a newer one: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 2; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@test -x $(BIN)/uv || awk '/^[a-z]/ { wanted = /^uv==/ } wanted' requirements.lock > .venv/uv.txt
	@test -x $(BIN)/uv || $(BIN)/python -m pip install -qq --require-hashes --requirement .venv/uv.txt
	$(BIN)/uv pip install --python $(BIN)/python --quiet --compile-bytecode --require-hashes --requirements requirements.lock
	$(BIN)/uv pip install --python $(BIN)/python --quiet --no-deps --no-build-isolation --editable .
	@touch $@

connectors/.venv-%/.installed: connectors/requirements-%.txt | $(INSTALLED)
	$(BIN)/uv venv --quiet --allow-existing --python $(BIN)/python $(@D)
	$(BIN)/uv pip sync --python $(@D)/bin/python --quiet --require-hashes $<
	@touch $@

bench/.venv/.installed: bench/requirements.txt | $(INSTALLED)
	$(BIN)/uv venv --quiet --allow-existing --python $(BIN)/python $(@D)
	$(BIN)/uv pip sync --python $(@D)/bin/python --quiet --compile-bytecode --require-hashes $<
	@touch $@

%/node_modules/.package-lock.json: %/package-lock.json | $(INSTALLED)
	PATH="$(CURDIR)/$(BIN):$$PATH" npm ci --prefix $* --ignore-scripts --no-audit --no-fund --silent
	@touch $@
