# Everything a person does with the project, by name. `make help` lists it.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
EXTRAS := causal,content,experiments,graphs,models,object-stores,onnx,people,private,serve,sources,text,tune
STAMP := $(VENV)/.installed-$(shell cat pyproject.toml constraints.txt 2>/dev/null | cksum | cut -d' ' -f1)
DEMO := demo
OPTIONS ?=
# Benchmarks and what each is asked about.
BENCHES := privacy/private_learning contagion/planted contagion/launch contagion/network_experiments contagion/strangers why/speed why/planted \
	trust/fraud:genuine trust/fraud:attacks trust/fraud:fraud-amazon trust/fraud:fraud-yelpchi trust/fraud:opinion-spam-hotels trust/fairness \
	sequence/quality:beauty sequence/quality:toys sequence/quality:ml-1m sequence/ablations sequence/time_to_quality sequence/train_speed \
	sequence/score_users sequence/catalogue_topk sequence/gpu_training sequence/full_softmax_memory sequence/behavior_probabilities models/model_table models/value_prediction:../shared/data/ml-100k/ml-100k.inter models/returns effects/attributes evaluation/best_of_several sequence/values reading/read_clean features/profiles pipeline/run_scaling \
	content/encode_pictures content/upworthy content/fusion:lfm2k language/encode_titles language/fusion:beauty language/cold:beauty language/cold:ml-100k language/ablation \
	language/tuning:beauty language/tuning:ml-100k language/transfer language/search \
	effects/tables:ihdp effects/tables:lalonde effects/tables:insurance effects/graphs_uplift:sachs \
	effects/graphs_uplift:graphs effects/graphs_uplift:policy effects/graphs_uplift:hillstrom effects/logs:taobao effects/logs:trivago effects/weights:shop \
	effects/experiments:clusters effects/experiments:stability effects/stability effects/weights:taobao effects/scale experiments/real_experiments experiments/click_models experiments/stopping \
	scenarios/home recommend/newcomers recommend/off_policy_coverage recommend/open_bandit recommend/overhead recommend/responding \
	people/planted people/tick people/scale people/heldout people/shocks diffusion/seeds diffusion/next_adopter diffusion/growth diffusion/discover evolution/drift evolution/real why/fidelity:../shared/data/ml-100k temporal/neighbours temporal/wiki temporal/places temporal/long service/latency service/events service/dashboard identities/link:fsq20 identities/link:douban graph/knowledge:lastfm

.DEFAULT_GOAL := help
.PHONY: help setup demo serve test lint truth bench bench-crash docs clean

help: ## list these commands
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or later is needed: say PYTHON=/path/to/python3.11"; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[$(EXTRAS),test,lint]'
	@rm -f $(VENV)/.installed-*
	@touch $(STAMP)

setup: $(STAMP) ## make .venv with all extras

demo: $(STAMP) ## run the main job on a simulated shop, or on EVENTS=path OPTIONS='--columns …'
ifdef EVENTS
	$(BIN)/swayline run '$(EVENTS)' $(OPTIONS) --out $(DEMO)/run
else
	$(BIN)/swayline simulate --users 1000 --items 500 --events 50000 --out $(DEMO)/world
	$(BIN)/swayline run $(DEMO)/world/events.parquet --items $(DEMO)/world/items.parquet --users $(DEMO)/world/users.parquet --ties $(DEMO)/world/ties.parquet --out $(DEMO)/run
endif

serve: $(STAMP) ## serve a run over HTTP (RUN=folder PORT=8080); without one, a run on a simulated shop is made first
ifdef RUN
	$(BIN)/swayline serve '$(RUN)' --data $(DEMO)/live --port $(or $(PORT),8080)
else
	test -f $(DEMO)/run/run.json || $(MAKE) demo
	$(BIN)/swayline serve $(DEMO)/run --data $(DEMO)/live --port $(or $(PORT),8080)
endif

test: $(STAMP) ## pass the tests
	# A worker a core: threads of their own would only wait for each other.
	OMP_NUM_THREADS=1 $(BIN)/pytest -m 'not truth' -n auto

truth: $(STAMP) ## slow checks against worlds whose answer is known
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[spark]'
	$(BIN)/pytest -m truth tests

docs: $(STAMP) ## build the site in docs/_build, its notebooks run
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[docs]'
	$(BIN)/python docs/make_papers.py
	$(BIN)/python -m sphinx -q -b html docs docs/_build/html
	@echo "the site: docs/_build/html/index.html"

lint: $(STAMP) ## format, lint, types, floors
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(STAMP) ## measure everything of docs/benchmarks.md that needs no peer (hours); see that page for the rest
	@for bench in $(BENCHES); do \
		words=$$(echo $$bench | sed 's/:/.py /'); case $$bench in *:*) ;; *) words=$$bench.py ;; esac; \
		echo "== benchmarks/$$words"; $(BIN)/python benchmarks/$$words </dev/null || exit 1; \
	done

bench-crash: $(STAMP) ## kill the service 200 times under load; take its stores away 50 times for a minute (two hours)
	SWAYLINE_KILLS=200 $(BIN)/pytest -q -s tests/service/test_crashes.py -k kills
	SWAYLINE_OUTAGES=50 SWAYLINE_OUTAGE_S=60 $(BIN)/pytest -q tests/service/test_faults.py -k goes_away

clean: ## remove the environment and what runs made
	rm -rf $(VENV) $(DEMO) out
