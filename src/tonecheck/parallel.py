"""Scores big inputs on several processor cores; the verdicts are those of one."""

import multiprocessing
import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path

from tonecheck.checker import BATCH, ToneChecker, load
from tonecheck.errors import InputError
from tonecheck.messages import Message
from tonecheck.verdict import Verdict

CHUNK = BATCH
"""How many messages go to a worker at a time: one batch of the checker."""

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
    if workers < 1:
        raise InputError(f"workers must be 1 or more, got {workers}.")
    # Here too, so that a broken model is reported once, and forked workers share its memory.
    checker = load(model, settings=settings)
    return _check(iter(messages), _Team(checker, model, settings, workers))


@dataclass(frozen=True, slots=True)
class _Team:
    """What it takes to start the workers."""

    checker: ToneChecker
    model: str
    settings: Path | None
    size: int

    def start(self) -> ProcessPoolExecutor:
        if _FORKS:
            fork = multiprocessing.get_context("fork")
            return ProcessPoolExecutor(
                self.size, fork, initializer=_adopt, initargs=(self.checker,)
            )
        spawn = multiprocessing.get_context("spawn")
        return ProcessPoolExecutor(
            self.size, spawn, initializer=_load, initargs=(self.model, self.settings)
        )


def _check(messages: Iterator[Message], team: _Team) -> Generator[Verdict]:
    first = list(islice(messages, _WORTHWHILE)) if team.size > 1 else []
    messages = chain(first, messages)
    if len(first) < _WORTHWHILE:
        yield from team.checker.check_many(messages)
        return
    executor = team.start()
    waiting: deque[Future[list[Verdict]]] = deque()
    try:
        while chunk := list(islice(messages, CHUNK)):
            waiting.append(executor.submit(_check_chunk, chunk))
            if len(waiting) > _AHEAD * team.size:
                yield from waiting.popleft().result()
        while waiting:
            yield from waiting.popleft().result()
    finally:
        executor.shutdown(cancel_futures=True)


def _adopt(checker: ToneChecker) -> None:
    """Begin a worker that was forked with a checker in its memory."""
    global _checker
    _checker = checker
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


def _check_chunk(messages: list[Message]) -> list[Verdict]:
    assert _checker is not None
    return list(_checker.check_many(messages))
