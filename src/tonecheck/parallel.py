"""Scores big inputs on several processor cores; the verdicts are those of one."""

import gc
import multiprocessing
import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Generator, Iterable, Mapping
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Any

from tonecheck.checker import BATCH, ToneChecker, load
from tonecheck.errors import InputError
from tonecheck.messages import Message
from tonecheck.policy import Policy
from tonecheck.verdict import Verdict

CHUNK = BATCH // 2
"""How many messages go to a worker at a time: few enough for all to end together."""

_WORTHWHILE = 2 * CHUNK  # with fewer messages, sending them about costs more than it saves
_AHEAD = 2  # chunks in flight a worker: one in work, one waiting

# Elsewhere than on Linux system libraries may not survive a fork (bugs.python.org/33725).
_FORKS = sys.platform == "linux"

_checker: ToneChecker | None = None  # each worker's own


def usable_cores() -> int:
    """Return how many processor cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def check_parallel(
    messages: Iterable[Message], *, model: str, settings: Path | None = None, workers: int
) -> Generator[Verdict]:
    """Return the verdict on each message, in order, as a stream; closing it ends the workers.

    Memory does not grow with the number of messages. With one worker, or few messages, they are
    scored in this process. An error in a worker is raised here.

    Args:
        messages: What to score; read a few thousand ahead of the verdicts at most.
        model: `default`, the name of a shipped model, or the path of a model folder.
        settings: A `tonecheck.toml` whose thresholds replace the model's.
        workers: How many processes to use.

    Raises:
        InputError: If `workers` is not positive.
        ModelError: If the model cannot be found, verified or read.
        ConfigError: If the settings are not allowed.
    """
    return Team.load(model, settings=settings, workers=workers).check_many(messages)


@dataclass(frozen=True, slots=True)
class Team:
    """A checker that works on several processor cores, and says what one would say."""

    _checker: ToneChecker
    _name: str
    _settings: Path | None
    _workers: int

    @classmethod
    def load(cls, model: str, *, settings: Path | None = None, workers: int) -> "Team":
        """Return a team whose workers start with the first messages; see `check_parallel`."""
        if workers < 1:
            raise InputError(f"workers must be 1 or more, got {workers}.")
        # Here too, so that a broken model is reported once, and forked workers share its memory.
        return cls(load(model, settings=settings), model, settings, workers)

    @property
    def model(self) -> str:
        """Return the model's `name@version`."""
        return self._checker.model

    @property
    def policy(self) -> Policy:
        """Return the thresholds in force."""
        return self._checker.policy

    @property
    def card(self) -> Mapping[str, Mapping[str, Any]]:
        """Return what the model card states; see `ToneChecker`."""
        return self._checker.card

    def check_many(self, messages: Iterable[Message]) -> Generator[Verdict]:
        """Yield the verdict on each message, in order; closing the stream ends the workers."""
        source = iter(messages)
        first = list(islice(source, _WORTHWHILE)) if self._workers > 1 else []
        source = chain(first, source)
        if len(first) < _WORTHWHILE:
            yield from self._checker.check_many(source)
            return
        executor = self._start()
        waiting: deque[Future[list[dict[str, Any]]]] = deque()
        try:
            while chunk := list(islice(source, CHUNK)):
                waiting.append(executor.submit(_check_chunk, chunk))
                if len(waiting) > _AHEAD * self._workers:
                    yield from map(Verdict.from_dict, waiting.popleft().result())
            while waiting:
                yield from map(Verdict.from_dict, waiting.popleft().result())
        finally:
            executor.shutdown(cancel_futures=True)

    def _start(self) -> ProcessPoolExecutor:
        if _FORKS:
            fork = multiprocessing.get_context("fork")
            return ProcessPoolExecutor(
                self._workers, fork, initializer=_adopt, initargs=(self._checker,)
            )
        spawn = multiprocessing.get_context("spawn")
        return ProcessPoolExecutor(
            self._workers, spawn, initializer=_load, initargs=(self._name, self._settings)
        )


def _adopt(checker: ToneChecker) -> None:
    """Begin a worker that was forked with a checker in its memory."""
    global _checker
    _checker = checker
    gc.freeze()  # the model stays for good: the collector need not look through it again and again
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which ends us
    threading.Thread(target=_follow_parent, daemon=True).start()


def _load(model: str, settings: Path | None) -> None:
    """Begin a worker that was started afresh."""
    _adopt(load(model, settings=settings))


def _follow_parent() -> None:
    # A parent that is killed cannot end its workers, and they would wait for it for ever.
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _check_chunk(messages: list[Message]) -> list[dict[str, Any]]:
    # Plain values travel between processes in a quarter of the time that verdicts take.
    assert _checker is not None
    return [verdict.to_dict() for verdict in _checker.check_many(messages)]
