"""The encoder: a small transformer that reads a reply with the end of what it answers.

It gives each window of a reply the log-odds of the tones, and each token the log-odds that it
carries a tone. The window that speaks most for a tone counts for the reply: a jab at the end of a
long text is still a jab.
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tonecheck.errors import ModelFormatError
from tonecheck.labels import TONES, Tone
from tonecheck.modelstore import CONFIG, GRAPH, TOKENIZER, ModelFolder
from tonecheck.reading import Contribution, Reading
from tonecheck.scorers.base import Contributions, Judgement, State, States
from tonecheck.scorers.graph import Graph, Logits, Seen
from tonecheck.scorers.logistic import Floats, calibrated, read_slopes, sigmoid
from tonecheck.scorers.windows import PARENT, Window, Windows

_SIZES = range(2 * PARENT, 8193)  # a window must leave room for the reply, and fit into memory
_WORD = re.compile(r"\S+")


class EncoderScorer:
    """Scores readings with an encoder; see the module."""

    def __init__(self, windows: Windows, graph: Graph, *, calibration: Floats) -> None:
        """Keep a model.

        Args:
            windows: Cuts replies into what the graph reads.
            graph: Gives log-odds of tones and tokens.
            calibration: Slope and intercept a tone, shape (tones, 2); Platt 1999.
        """
        self._windows = windows
        self._graph = graph
        self._calibration = calibration

    @classmethod
    def from_folder(cls, folder: ModelFolder) -> "EncoderScorer":
        """Return the scorer that a model folder holds.

        Raises:
            ModelFormatError: If its tokenizer or graph cannot be used, or do not fit together.
        """
        longest = folder.config.get("longest")
        if not isinstance(longest, int) or longest not in _SIZES:
            raise ModelFormatError(
                f"{folder.path / CONFIG} gives longest as {longest!r}; an encoder's windows hold "
                f"{_SIZES.start} to {_SIZES.stop - 1} tokens. Train the model again."
            )
        windows = Windows.from_file(folder.files[TOKENIZER], longest=longest)
        graph = Graph.from_file(folder.files[GRAPH], windows=windows)
        return cls(windows, graph, calibration=read_slopes(folder))

    def judge(self, readings: Sequence[Reading]) -> Judgement:
        """Return what it makes of readings; see `Scorer`."""
        seen = self.see(readings)
        probabilities = calibrated(seen.raw, self._calibration)
        return Judgement(probabilities, seen.states, seen.contributions)

    def raw(self, readings: Sequence[Reading]) -> Floats:
        """Return log-odds before calibration, shape (readings, tones)."""
        return self.see(readings).raw

    def see(self, readings: Sequence[Reading]) -> "SeenReadings":
        """Return what the graph makes of readings, before calibration."""
        raw = np.full((len(readings), len(TONES)), -np.inf)
        states: list[list[Logits]] = [[] for _ in readings]
        evidence: list[list[tuple[Window, Logits]]] = [[] for _ in readings]
        for window, seen in self._run(readings):
            np.maximum(raw[window.row], seen.logits, out=raw[window.row])
            evidence[window.row].append((window, seen.evidence))
            if seen.state is not None:
                states[window.row].append(seen.state)
        return SeenReadings(readings, raw, [_mean(found) for found in states], evidence)

    def _run(self, readings: Sequence[Reading]) -> Iterator[tuple[Window, Seen]]:
        # As they come: windows in order of length, or in padded batches, were no faster.
        for window in self._windows.cut(readings):
            yield window, self._graph.run(window)


@dataclass(frozen=True, slots=True)
class SeenReadings:
    """What an encoder's graph makes of readings.

    Attributes:
        readings: What was read.
        raw: Log-odds of the tones before calibration, shape (readings, tones).
        states: The mean over each reading's windows of what it knows at their tokens.
        evidence: Of each reading the windows, with the log-odds of their tokens.
    """

    readings: Sequence[Reading]
    raw: Floats
    states: States
    evidence: Sequence[Sequence[tuple[Window, Logits]]]

    def contributions(self, wanted: Mapping[int, Collection[Tone]]) -> Mapping[int, Contributions]:
        """Return how much each word of some rows speaks for the tones named for the row.

        A word's weight is how sure the model is that the word carries the tone, in [0, 1], less
        half of how sure it is of the surest word of the reply. So words about as sure as the
        surest speak for the tone and the rest against it. The model learns to point at words
        beside judging the reply; the weights rank words, and do not add up to its probability.
        """
        return {
            row: _per_word(self.readings[row], self._peaks(row), tones)
            for row, tones in wanted.items()
        }

    def _peaks(self, row: int) -> Floats:
        # A row a code point, one more for the end, and each token's log-odds at its two edges.
        peaks = np.full((len(self.readings[row].prepared.text) + 1, len(TONES)), -np.inf)
        for window, evidence in self.evidence[row]:
            own = window.starts >= 0
            for places in (window.starts[own], window.ends[own] - 1):
                np.maximum.at(peaks, places, evidence[own])
        return peaks


def _mean(states: Sequence[Logits]) -> State | None:
    return np.asarray(np.mean(states, axis=0), np.float32) if states else None


def _per_word(reading: Reading, peaks: Floats, tones: Collection[Tone]) -> Contributions:
    words = [match.span() for match in _WORD.finditer(reading.prepared.text)]
    if not words:
        return dict.fromkeys(tones, ())
    edges = np.array(words).ravel()  # every other stretch between them is space
    sure = sigmoid(np.maximum.reduceat(peaks, edges, axis=0)[::2])
    weights = sure - sure.max(axis=0) / 2
    starts, ends = zip(*words, strict=True)
    return {
        tone: list(map(Contribution, starts, ends, weights[:, column].tolist()))
        for column, tone in enumerate(TONES)
        if tone in tones
    }
