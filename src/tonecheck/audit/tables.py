"""The verdict tables that are written only when asked for: which there are, and all at once."""

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any, Protocol, Self

from tonecheck.audit.flat import flat
from tonecheck.audit.stored import Stored
from tonecheck.errors import InputError, require
from tonecheck.verdict import Verdict

TABLES: Mapping[str, str] = MappingProxyType(
    {"parquet": "verdicts.parquet", "sqlite": "verdicts.sqlite"}
)
"""The tables that an audit can also write, and the file of each."""


class Table(Protocol):
    """Takes verdicts one by one; it ends well only if its context does."""

    def __enter__(self) -> Self:
        """Return itself."""
        ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Finish the file, or after an error just close it."""
        ...

    def write(self, row: Mapping[str, Any], verdict: Verdict) -> None:
        """Write what `flat` returns, with the tones of the verdict and their evidence."""
        ...


Write = Callable[[Stored, Verdict], None]


@contextmanager
def verdict_tables(
    folder: Path, also: Collection[str], checker: Mapping[str, Any], *, names: bool
) -> Iterator[Write]:
    """Return what writes a verdict to every table that was asked for.

    Args:
        folder: Where to write them.
        also: Which ones, by their names in `TABLES`.
        checker: The `checker` of the audit's manifest.
        names: Whether members are called by name rather than by pseudonym.
    """
    with ExitStack() as stack:
        tables = [
            stack.enter_context(_begin(name, folder / file, checker))
            for name, file in TABLES.items()
            if name in also
        ]

        def write(stored: Stored, verdict: Verdict) -> None:
            if tables:
                row = flat(stored, verdict, names=names)
                for table in tables:
                    table.write(row, verdict)

        yield write


def require_tables(also: Collection[str]) -> None:
    """Refuse what cannot be written, before an audit spends hours.

    Raises:
        InputError: If there is no table of that name.
        MissingExtraError: If a table needs an extra that is not installed.
    """
    for name in also:
        if name not in TABLES:
            raise InputError(
                f"there is no table {name!r} to write the verdicts to. "
                f"--also takes {' and '.join(TABLES)}; JSON lines and CSV are always written."
            )
    if "parquet" in also:
        require("pyarrow", extra="reports")


def _begin(name: str, path: Path, checker: Mapping[str, Any]) -> Table:
    if name == "parquet":
        from tonecheck.audit.parquet import VerdictParquet

        return VerdictParquet(path, checker)
    from tonecheck.audit.database import VerdictDatabase

    return VerdictDatabase(path, checker)
