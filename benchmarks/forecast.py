"""How well it is foreseen that threads turn personal: the table, ablations, horizon, calibration.

Five folds of the conversations whose outcome is known; no conversation is measured by what it
taught. Results go to benchmarks/results/forecast.json, charts to docs/pictures.

    python benchmarks/forecast.py --corpora FOLDER
"""

import argparse
from pathlib import Path
from typing import Any

import altair as alt
import numpy as np

from machine import ROOT, store
from tonecheck.checker import load
from tonecheck.conversation.signals import SIGNALS
from tonecheck.labels import TONES
from tonecheck.training.conversations import OUTCOMES, read_conversations
from tonecheck.training.forecast_data import Moments, read_moments
from tonecheck.training.forecast_fit import STRENGTH, add_up, cross_fit, cross_fit_words
from tonecheck.training.forecast_metrics import by_horizon
from tonecheck.training.forecast_recipe import LIKE_A_FORUM, combined, measure_forecast

SEED = 20260901
PICTURES = ROOT / "docs" / "pictures"
_SPEAKERS = ("back_and_forth", "own_run", "people")


def main() -> None:
    """Measure, store and draw."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpora", type=Path, required=True)
    parser.add_argument("--model", default="default")
    chosen = parser.parse_args()
    checker = load(chosen.model)
    moments = read_moments(read_conversations([chosen.corpora]), checker, seed=SEED)
    forecasts = _variants(moments)
    best = forecasts["everything"]
    results = {
        "reads": checker.model,
        "variants": {
            name: measure_forecast(moments, probabilities, seed=SEED)
            for name, probabilities in forecasts.items()
        },
        "horizon": {corpus.name: by_horizon(moments, best, corpus.name) for corpus in OUTCOMES},
        "calibration": _calibration(moments, best),
    }
    print(store("forecast", results))
    _draw(results)


def _variants(moments: Moments) -> dict[str, np.ndarray]:
    """Return probabilities by what is read, each from conversations that taught it nothing."""
    words = cross_fit_words(moments)
    signals = {name: place for place, name in enumerate(SIGNALS)}
    tones = [place for name, place in signals.items() if name.startswith(tuple(map(str, TONES)))]
    silent = [place for name, place in signals.items() if name not in _SPEAKERS]
    numbers, states = moments.numbers, moments.states
    assert states is not None, "the benchmark needs a model with an encoder"
    sets = {
        "everything": (np.hstack([numbers, states]), "states", True),
        "without the encoder's states": (numbers, "plain", True),
        "without the words": (np.hstack([numbers, states]), "states", False),
        "without who speaks": (np.hstack([numbers[:, silent], states]), "states", True),
        "signals alone": (numbers, "plain", False),
        "tones alone": (numbers[:, tones], "plain", False),
        "states alone": (states, "states", False),
    }
    found = {}
    rows = moments.near & moments.enough
    for name, (columns, head, with_words) in sets.items():
        readings = [cross_fit(moments, columns, strength=STRENGTH[head])]
        readings += [words] if with_words else []
        found[name] = combined(readings, add_up(moments, readings, rows))
    found["words alone"] = combined([words], add_up(moments, [words], rows))
    return found


def _calibration(moments: Moments, probabilities: np.ndarray) -> list[dict[str, Any]]:
    """Return how often forecasts came true at the last moment, in tenths of the probability."""
    rows = []
    for corpus in OUTCOMES:
        own = (moments.left == 1) & (moments.sources[moments.owner] == corpus.name)
        tenth = np.minimum((probabilities * 10).astype(int), 9)
        for place in range(10):
            inside = own & (tenth == place)
            if inside.sum() >= 20:
                rows.append(
                    {
                        "corpus": corpus.name,
                        "forecast": round(float(probabilities[inside].mean()), 4),
                        "came_true": round(float(moments.answers[inside].mean()), 4),
                        "conversations": int(inside.sum()),
                    }
                )
    return rows


def _draw(results: dict[str, Any]) -> None:
    points = alt.Data(values=results["calibration"])
    axis = alt.Scale(domain=[0, 1])
    chart = (
        alt.Chart(points, title="Forecasts, and how often they came true")
        .mark_line(point=True)
        .encode(
            x=alt.X("forecast:Q", scale=axis, title="probability said"),
            y=alt.Y("came_true:Q", scale=axis, title="share that turned personal"),
            color=alt.Color("corpus:N", title="corpus"),
        )
    )
    even = alt.Data(values=[{"x": 0, "y": 0}, {"x": 1, "y": 1}])
    diagonal = alt.Chart(even).mark_line(strokeDash=[4, 4], color="#888").encode(x="x:Q", y="y:Q")
    PICTURES.mkdir(exist_ok=True)
    (diagonal + chart).properties(width=360, height=320).save(PICTURES / "forecast-calibration.svg")
    rows = [{"corpus": name, **row} for name, found in results["horizon"].items() for row in found]
    horizon = (
        alt.Chart(alt.Data(values=rows), title="The nearer, the better it is foreseen")
        .mark_line(point=True)
        .encode(
            x=alt.X("left:O", sort="descending", title="messages before the outcome"),
            y=alt.Y("auc:Q", scale=alt.Scale(domain=[0.5, 1]), title="AUC"),
            color=alt.Color("corpus:N", title="corpus"),
        )
    )
    horizon.properties(width=360, height=320).save(PICTURES / "forecast-horizon.svg")
    print(f"{LIKE_A_FORUM} draws the line; charts are in {PICTURES}")


if __name__ == "__main__":
    main()
