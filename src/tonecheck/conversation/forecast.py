"""How likely a growing thread is to turn personal in its next few replies.

Two linear readings are added: one of a thread's signals (and the encoder's states, where the
model has them), one of the words of its latest messages. What is added, and how, was learned from
conversations of which it is known how they went on; `training.forecast_recipe` does it.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from tonecheck.conversation.reasons import reasons_for
from tonecheck.conversation.signals import SIGNALS, WORD_BITS, Numbers, Signals, Snapshot
from tonecheck.conversation.turn import Turn
from tonecheck.errors import ModelFormatError
from tonecheck.modelstore import CONFIG, FORECAST, ModelFolder, open_model, shipped_root
from tonecheck.scorers.logistic import sigmoid

HORIZON = 3
"""How many replies ahead it looks."""

EVIDENCE = 2
"""From how many messages on there is a forecast: one alone says too little."""

WORDS = ("latest", "context")
"""What words are counted in."""

_PLACES = 4  # digits beyond which a probability would claim what no calibration can keep


@dataclass(frozen=True, slots=True, kw_only=True)
class Risk:
    """How likely a thread is to turn personal soon; a program guesses, and a person decides.

    Attributes:
        probability: That one of the next three replies is a personal attack, in discussions of
            which half turn so. Where fewer do, it is less; see `among`.
        low, high: A 95 % interval of how often such a forecast came true.
        crossed: Whether the thread is over the line drawn for a stated rate of false alarms.
        reasons: What raises it most, in words; empty where nothing that has a name does.
    """

    probability: float
    low: float
    high: float
    crossed: bool
    reasons: tuple[str, ...] = ()

    def among(self, rate: float) -> float:
        """Return the probability where another share of the discussions turns than half.

        By Bayes' rule, with the same odds ratio (Saerens et al. 2002).

        Args:
            rate: That share, in (0, 1).

        Raises:
            ValueError: If the rate is not in (0, 1).
        """
        if not 0 < rate < 1:
            raise ValueError(f"rate must be above 0 and below 1, got {rate}.")
        turning = self.probability * rate
        return turning / (turning + (1 - self.probability) * (1 - rate))

    @property
    def explanation(self) -> str:
        """Return what this means, in one sentence that names nobody."""
        about, low, high = (round(100 * part) for part in (self.probability, self.low, self.high))
        because = f": {' and '.join(self.reasons)}" if self.reasons else ""
        return (
            f"Of 100 threads that read like this one, about {about} ({low} to {high}) turned "
            f"personal within {HORIZON} replies, where half of all did{because}."
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the risk as JSON values."""
        return {
            "probability": self.probability,
            "low": self.low,
            "high": self.high,
            "horizon": HORIZON,
            "crossed": self.crossed,
            "reasons": list(self.reasons),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """One way to add up: with the encoder's states, or without.

    Attributes:
        numbers: A weight for each of `SIGNALS`.
        states: A weight for each number of the states, or None.
        words: How much the words count.
        intercept: What is added.
        line: From which probability on a thread is over the line.
        below: Under which one it is no longer.
        reliability: How often forecasts came true, as rows of (up to which probability, low, high).
    """

    numbers: Numbers
    states: Numbers | None
    words: float
    intercept: float
    line: float
    below: float
    reliability: tuple[tuple[float, float, float], ...]

    def log_odds(self, snapshot: Snapshot, words: float) -> float:
        """Return the log-odds for what there is, and what its words add up to."""
        total = float(self.numbers @ snapshot.numbers) + self.words * words + self.intercept
        if self.states is not None and snapshot.states is not None:
            total += float(self.states @ snapshot.states)
        return total

    def interval(self, probability: float) -> tuple[float, float]:
        """Return how often forecasts near a probability came true, with the probability in it."""
        for upto, low, high in self.reliability:
            if probability <= upto:
                return min(low, probability), max(high, probability)
        return 0.0, 1.0


class Forecaster:
    """The forecast's weights; `begin` starts to read a thread with them."""

    def __init__(
        self,
        heads: Mapping[str, Head],
        words: Mapping[str, tuple[Numbers, Numbers]],
        *,
        means: Numbers,
        states_of: frozenset[str],
    ) -> None:
        """Keep the weights.

        Args:
            heads: How to add up, `plain` and, if there is one, `states`.
            words: For each of `WORDS` how rare each word is, and its weight.
            means: What each signal is on average.
            states_of: The labels of the models whose states the head `states` knows.
        """
        self.heads = heads
        self.means = means
        self._words = words
        self._states_of = states_of

    @classmethod
    def from_folder(cls, folder: ModelFolder) -> "Forecaster":
        """Return the forecaster that a model folder holds.

        Raises:
            ModelFormatError: If something is missing, or was made for other signals.
        """
        try:
            if tuple(folder.config["signals"]) != SIGNALS:
                raise ValueError("it was trained on other signals")
            tensors = {name: part.astype(np.float64) for name, part in folder.tensors().items()}
            words = {kind: (tensors[f"rarity.{kind}"], tensors[f"words.{kind}"]) for kind in WORDS}
            if any(part.shape != (1 << WORD_BITS,) for pair in words.values() for part in pair):
                raise ValueError("its words have another number")
            return cls(
                {
                    name: _head(stated, name, tensors)
                    for name, stated in folder.config["heads"].items()
                },
                words,
                means=tensors["means"],
                states_of=frozenset(folder.config["states_of"]),
            )
        except (KeyError, TypeError, ValueError, AttributeError) as err:
            raise ModelFormatError(
                f"{folder.path / CONFIG} describes no forecast that this version can use "
                f"({type(err).__name__}: {err}). Train or install it again."
            ) from err

    def begin(self) -> "Forecast":
        """Begin to read a thread."""
        return Forecast(self)

    def head_for(self, snapshot: Snapshot, model: str) -> Head:
        """Return how to add up what a model's verdicts gave."""
        head = self.heads.get("states")
        if head is None or head.states is None or model not in self._states_of:
            return self.heads["plain"]
        known = snapshot.states is not None and snapshot.states.shape == head.states.shape
        return head if known else self.heads["plain"]

    def word_log_odds(self, snapshot: Snapshot) -> float:
        """Return what the words of the latest messages speak for."""
        return sum(_weighed(getattr(snapshot, kind), *self._words[kind]) for kind in WORDS)


def shipped_forecaster() -> Forecaster | None:
    """Return the forecast that came with tonecheck, or None where none did.

    Raises:
        ModelError: If it is damaged.
    """
    path = shipped_root() / FORECAST
    return Forecaster.from_folder(open_model(str(path))) if path.is_dir() else None


class Forecast:
    """Reads one thread, turn by turn, and says after each how likely it is to turn personal.

    A thread goes over the line at one probability and comes back only at a lower one, so that it
    does not flicker.
    """

    def __init__(self, forecaster: Forecaster) -> None:
        self._forecaster = forecaster
        self._signals = Signals()
        self._crossed = False

    def take(self, turn: Turn) -> Risk | None:
        """Take the next turn; return the risk after it, or None where there is too little."""
        snapshot = self._signals.take(turn)
        if snapshot.messages < EVIDENCE:
            return None
        forecaster = self._forecaster
        head = forecaster.head_for(snapshot, turn.verdict.model)
        odds = head.log_odds(snapshot, forecaster.word_log_odds(snapshot))
        probability = round(float(sigmoid(np.array(odds))), _PLACES)
        self._crossed = probability >= (head.below if self._crossed else head.line)
        low, high = head.interval(probability)
        return Risk(
            probability=probability,
            low=round(low, _PLACES),
            high=round(high, _PLACES),
            crossed=self._crossed,
            reasons=reasons_for(snapshot.numbers, forecaster.means, head.numbers),
        )


def _head(stated: Mapping[str, Any], name: str, tensors: Mapping[str, Numbers]) -> Head:
    numbers = tensors[f"numbers.{name}"]
    if numbers.shape != (len(SIGNALS),):
        raise ValueError(f"the head {name} has {numbers.shape} weights")
    return Head(
        numbers=numbers,
        states=tensors.get(f"states.{name}"),
        words=float(stated["words"]),
        intercept=float(stated["intercept"]),
        line=float(stated["line"]),
        below=float(stated["below"]),
        reliability=tuple((row[0], row[1], row[2]) for row in stated["reliability"]),
    )


def _weighed(counts: Mapping[int, int], rarity: Numbers, weights: Numbers) -> float:
    """Return the weights of words that are there, each by its share (TF-IDF, length 1)."""
    if not counts:
        return 0.0
    places = np.fromiter(counts, dtype=np.int64, count=len(counts))
    often = 1 + np.log(np.fromiter(counts.values(), dtype=np.float64, count=len(counts)))
    shares = often * rarity[places]
    length = math.sqrt(float(shares @ shares))
    return float(shares @ weights[places]) / length if length else 0.0
