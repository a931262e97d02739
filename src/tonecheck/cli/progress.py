"""Shows how far a long job is, where someone is watching."""

import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    import rich.progress

_PATIENCE = 1.0  # seconds; a bar that flashes up and goes away helps nobody


class Progress:
    """A progress bar on stderr; it appears after a second, and only on a terminal."""

    def __init__(self, *, quiet: bool = False) -> None:
        self._silent = quiet or not sys.stderr.isatty()
        self._due = time.monotonic() + _PATIENCE
        self._bar: rich.progress.Progress | None = None
        self._tasks: dict[str, rich.progress.TaskID] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bar:
            self._bar.stop()

    def update(self, phase: str, done: int, total: int | None = None) -> None:
        """Say how many messages are done, and of how many where that is known."""
        if self._silent or time.monotonic() < self._due:
            return
        if self._bar is None:
            self._bar = _bar()
            self._bar.start()
        if phase not in self._tasks:
            # where it begins counts for nothing: an audit that goes on has not just done all that
            self._tasks[phase] = self._bar.add_task(phase, total=total, completed=done)
        self._bar.update(self._tasks[phase], completed=done, total=total)


def _bar() -> "rich.progress.Progress":
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        Progress,
        ProgressColumn,
        Task,
        TextColumn,
        TimeRemainingColumn,
    )
    from rich.text import Text

    class Rate(ProgressColumn):
        def render(self, task: Task) -> Text:
            speed = task.finished_speed or task.speed
            return Text(f"{speed:,.0f} a second" if speed else "")

    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed:,.0f} messages"),
        Rate(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    )
