"""How fast the encoder is, beside a BERT-base of Detoxify's shape with random weights.

    python benchmarks/encoder_speed.py

Replies of 60 tokens, marks included; two processes of one thread against torch with two threads.
The verdicts' rate is that of the whole path: preparing, cues, scoring, explaining.
"""

import argparse
import json
import multiprocessing
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

import tonecheck
from machine import store
from tonecheck.messages import Message
from tonecheck.modelstore import GRAPH, TOKENIZER, open_model
from tonecheck.parallel import check_parallel
from tonecheck.prepare import prepare
from tonecheck.reading import Reading
from tonecheck.scorers.encoder import EncoderScorer
from tonecheck.scorers.windows import Windows

TOKENS = 60
REPLIES = 3000
PROCESSES = 2
_WORDS = (
    "i think you should read the second chapter again because the proof there is shorter than what "
    "we did in class and it shows why the order of the two steps does not matter here"
).split()

# spaCy's thinc loads torch where it finds it; people who only score have not installed it.
_WITHOUT_TORCH = "import sys; sys.modules['torch'] = None\n"

_COLD = """
import time; begun = time.perf_counter()
import tonecheck
tonecheck.load({model!r}).check("Just google it.", parent="How do I invert a matrix?")
print(time.perf_counter() - begun)
"""
_MEMORY = """
import json, pathlib, sys
import tonecheck
checker = tonecheck.load({model!r})
for verdict in checker.check_many(json.load(sys.stdin)):
    pass
# Not getrusage: that begins with what the parent process held when it forked.
status = dict(line.split(":", 1) for line in pathlib.Path("/proc/self/status").open())
print(int(status["VmHWM"].split()[0]) / 1024)
"""


def main() -> None:
    """Measure, store and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="encoder-en")
    model = parser.parse_args().model
    folder = open_model(model)
    texts = replies(Windows.from_file(folder.files[TOKENIZER]))
    scorer = EncoderScorer.from_folder(folder)
    readings = [Reading(prepared=prepare(text)) for text in texts]
    scorer_rate = REPLIES / seconds(lambda: _in_processes(scorer, readings))
    results = {
        "tokens": TOKENS,
        "graph_bytes": folder.files[GRAPH].stat().st_size,
        "scorer_replies_per_second": round(scorer_rate),
        "bert_base_replies_per_second": round(bert_rate(), 1),
        **whole(model, texts),
        "pair": whole("pair-en", texts),
    }
    results["times_bert_base"] = round(scorer_rate / results["bert_base_replies_per_second"], 1)
    print(json.dumps(results, indent=2))
    print(store("encoder_speed", results))


def whole(model: str, texts: list[str]) -> dict[str, Any]:
    """Return what people who use a model see: rate, waiting times and memory."""
    verdicts = [Message(text=text) for text in texts]
    return {
        "model": open_model(model).label,
        "verdicts_per_second": round(
            REPLIES
            / seconds(lambda: list(check_parallel(verdicts, model=model, workers=PROCESSES)))
        ),
        "single_verdict_ms": single(model, texts),
        "cold_first_verdict_seconds": round(
            statistics.median(float(_python(_COLD.format(model=model))) for _ in range(5)), 3
        ),
        "resident_mib": round(float(_python(_MEMORY.format(model=model), json.dumps(texts)))),
    }


def replies(windows: Windows) -> list[str]:
    """Return replies that are cut into one window of exactly `TOKENS` tokens each."""
    random = np.random.default_rng(7)
    found = []
    while len(found) < REPLIES:
        words = list(random.choice(_WORDS, TOKENS))
        while len(windows.cut([Reading(prepared=prepare(" ".join(words)))])[0].tokens) > TOKENS:
            words.pop()
        text = " ".join(words)
        if len(windows.cut([Reading(prepared=prepare(text))])[0].tokens) == TOKENS:
            found.append(text)
    return found


def seconds(work: Callable[[], object], runs: int = 3) -> float:
    """Return the median time that some work takes."""
    work()
    taken = []
    for _ in range(runs):
        begun = time.perf_counter()
        work()
        taken.append(time.perf_counter() - begun)
    return statistics.median(taken)


def bert_rate(count: int = 96) -> float:
    """Return replies a second of a BERT-base classifier with random weights."""
    import torch
    from transformers import BertConfig, BertForSequenceClassification

    torch.set_num_threads(PROCESSES)
    model = BertForSequenceClassification(BertConfig(num_labels=16)).eval()
    tokens = torch.randint(1000, 30000, (32, TOKENS))

    def work() -> None:
        with torch.inference_mode():
            for _ in range(count // 32):
                model(input_ids=tokens, attention_mask=torch.ones_like(tokens))

    return count / seconds(work)


def single(model: str, texts: list[str]) -> dict[str, float]:
    """Return how long one verdict takes at a time, in milliseconds."""
    checker = tonecheck.load(model)
    taken = []
    for text in texts[:1000]:
        begun = time.perf_counter()
        checker.check(text)
        taken.append(1000 * (time.perf_counter() - begun))
    p50, p99 = np.quantile(taken[50:], [0.5, 0.99])
    return {"p50": round(float(p50), 2), "p99": round(float(p99), 2)}


_shared: tuple[EncoderScorer, list[Reading]]


def _in_processes(scorer: EncoderScorer, readings: list[Reading]) -> None:
    global _shared
    _shared = (scorer, readings)
    with multiprocessing.get_context("fork").Pool(PROCESSES) as pool:
        pool.map(_score_part, range(PROCESSES), chunksize=1)


def _score_part(part: int) -> None:
    scorer, readings = _shared
    scorer.raw(readings[part::PROCESSES])


def _python(code: str, text: str = "") -> str:
    done = subprocess.run(
        [sys.executable, "-c", _WITHOUT_TORCH + code],
        input=text,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


if __name__ == "__main__":
    main()
