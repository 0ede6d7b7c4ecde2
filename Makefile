# Set-up and the project's jobs. `make demo` and `make test` do all the set-up themselves.
PYTHON  ?= python3
VENV    ?= .venv
BIN     := $(VENV)/bin
READY   := $(VENV)/.installed
# LOCK=packaging/requirements.lock: install the releases of that file alone, each checked by its hash
LOCK    ?=
# how `make docs` treats the tutorials: cache runs those that have changed, off runs none
NOTEBOOKS ?= cache
# where `make docs` puts the site; for a folder per release: make docs SITE=public/0.1.0
SITE    ?= site
# what `make test-install` tries; empty: python3.11 to python3.13, as far as they are on PATH
PYTHONS ?=
CPP     := $(shell find deckgen/quip/src tests/quip/driver -name '*.cpp' -o -name '*.h')

.PHONY: demo demo-na55 test test-notebooks test-long test-slurm test-install lock mutate lint types bench validate paper torture torture-slurm na-gap docs golden clean

demo: $(READY)          ## the main job on a small cluster: decks, runs with pair_style quip, MBAR, report
	mkdir -p demo && cp -n examples/na13-gap/* demo/
	$(BIN)/deckgen run demo && $(BIN)/deckgen analyse demo && $(BIN)/deckgen report demo

demo-na55: $(READY)     ## the same for Na55 at the paper's protocol: the better part of an hour
	mkdir -p demo-na55 && cp -n examples/na55-gap/* demo-na55/
	$(BIN)/deckgen run demo-na55 && $(BIN)/deckgen analyse demo-na55 && $(BIN)/deckgen report demo-na55

test: $(READY)          ## the tests, in two processes; the one that is done first takes over some of the other's
	$(BIN)/python -m pytest --numprocesses 2 --dist worksteal

test-notebooks: $(READY) ## the two short tutorials; `make test-long` runs the others
	$(BIN)/python -m pytest --numprocesses 2 --nbmake docs/tutorials -m "not long"

test-long: $(READY)     ## the tests marked `long`, which `make test` leaves out: some minutes
	$(BIN)/python -m pytest --numprocesses 2 --dist worksteal --nbmake -m long

test-slurm: $(READY)    ## the tests marked `long` in the jobs of a Slurm that was started (.ci/slurm): some minutes
	$(BIN)/python -m pytest tests/slurm -m long

test-install: $(READY)  ## wheel and sdist in clean environments of each Python on PATH (or PYTHONS="..."), then the oldest releases; ten minutes
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[install]'
	$(BIN)/python -m validation.installation.pythons $(PYTHONS)
	PATH="$(abspath $(BIN)):$$PATH" $(BIN)/python -m validation.installation.releases

lock: $(READY)          ## renew packaging/requirements.lock from pyproject.toml: the newest releases that it allows
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[install]'
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --upgrade --no-emit-index-url --no-annotate \
	    --extra dev --extra docs --custom-compile-command 'make lock' --output-file packaging/requirements.lock pyproject.toml

mutate: $(READY)        ## what the tests notice: each change in tests/tools/mutations.toml, in a copy; an hour and a half
	$(BIN)/python tests/tools/mutate.py

lint: $(READY)          ## style, of Python and of C++
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/clang-format --dry-run --Werror $(CPP)

types: $(READY)         ## types of the installed package, from outside the root
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --upgrade --target $(VENV)/typed .
	cd $(VENV)/typed && ../bin/mypy --config-file ../../pyproject.toml --python-executable ../bin/python

bench: $(READY)         ## the benchmarks of the README, an hour and a half
	$(BIN)/python -m benchmarks.batch
	$(BIN)/python -m benchmarks.exchange
	$(BIN)/python -m benchmarks.quip_link
	$(BIN)/python -m benchmarks.gap.engines
	$(BIN)/python -m benchmarks.gap.alloys
	$(BIN)/python -m benchmarks.gap.fit
	$(BIN)/python -m benchmarks.gap.tune
	$(BIN)/python -m benchmarks.reference_cost
	$(BIN)/python -m benchmarks.mbar
	$(BIN)/python -m benchmarks.quench
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[bench]'
	$(BIN)/python -m benchmarks.deduplicate
	$(BIN)/python -m benchmarks.alignment

validate: $(READY)      ## the long checks; their results are committed under validation/
	$(BIN)/python -m validation.melting.lj.lj13
	$(BIN)/python -m validation.melting.lj.lj55
	$(BIN)/python -m validation.melting.correlation
	$(BIN)/python -m validation.melting.intervals
	$(BIN)/python -m validation.melting.demo
	$(BIN)/python -m validation.melting.jumps
	$(BIN)/python -m validation.melting.goal
	$(BIN)/python -m validation.melting.na55_gupta
	$(BIN)/python -m validation.melting.na55_gap
	$(BIN)/python -m validation.melting.cuau55
	$(BIN)/python -m validation.potential.nve_drift
	$(BIN)/python -m validation.potential.models
	$(BIN)/python -m validation.potential.stability
	$(BIN)/python -m validation.potential.fits.equality
	$(BIN)/python -m validation.potential.fits.streaming
	$(BIN)/python -m validation.isomers.lj_minima
	$(BIN)/python -m validation.isomers.lj_hopping
	$(BIN)/python -m validation.isomers.gupta
	$(BIN)/python -m validation.isomers.na_gap

paper: $(READY)         ## the numbers of docs/paper.md; a night on two cores; the fits of M1 and M2 are resumed from paper-m1/ and paper-m2/
	$(BIN)/python -m validation.potential.fits.m1 --folder paper-m1
	$(BIN)/python -m validation.potential.fits.m2 --folder paper-m2
	$(BIN)/python -m validation.potential.models
	$(BIN)/python -m validation.melting.na55_gap
	$(BIN)/python -m validation.isomers.reference
	$(BIN)/python -m validation.isomers.na_gap
	$(BIN)/python -m benchmarks.reference_cost

torture: $(READY)       ## kills at random moments and generated inputs; their counts are committed under validation/torture
	$(BIN)/python -m validation.torture.kills
	$(BIN)/python -m validation.torture.inputs

torture-slurm: $(READY) ## decks in jobs of a real Slurm (.ci/slurm) that time out, are cancelled, are drained or lose their head: half an hour
	$(BIN)/python -m validation.slurm

na-gap: $(READY)        ## fit the built-in potential again from the data that it comes with
	mkdir -p na-gap && cp deckgen/potentials/na-gap/gap.toml deckgen/potentials/na-gap/na-pbe.extxyz na-gap/
	$(BIN)/deckgen train curate na-gap && $(BIN)/deckgen train fit na-gap && $(BIN)/deckgen train validate na-gap
	rm -f deckgen/potentials/na-gap/gap.xml* && cp na-gap/fit/gap.xml* deckgen/potentials/na-gap/

docs: $(READY)          ## the documentation site, $(SITE)/docs/index.html; a broken link is an error; NOTEBOOKS=off runs no tutorial
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[docs]'
	$(BIN)/python -m sphinx --fail-on-warning --keep-going --quiet -c docs -D nb_execution_mode=$(NOTEBOOKS) . $(SITE)

golden: $(READY)        ## rewrite the golden decks after a deliberate change
	$(BIN)/python -m pytest tests/decks tests/project/test_docs.py tests/processes/cluster --rewrite-golden

clean:
	rm -rf $(VENV) build dist site .jupyter_cache jupyter_execute *.egg-info .pytest_cache .ruff_cache .mypy_cache demo demo-na55 na-gap paper-m1 paper-m2

$(READY): pyproject.toml $(LOCK)
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "deckgen needs Python >= 3.11")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip uninstall --quiet --yes deckgen  # its name before deckgen-lammps
ifeq ($(LOCK),)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
else
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement $(LOCK)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
endif
	touch $(READY)
