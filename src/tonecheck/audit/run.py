"""Runs an audit: reads exports, judges every message, and writes the files of the report."""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from datetime import date
from itertools import tee
from pathlib import Path
from shutil import rmtree
from tempfile import TemporaryDirectory
from typing import Any, Protocol

from tonecheck.audit.files import VerdictFiles, write_problem
from tonecheck.audit.members import label
from tonecheck.audit.report import render_report
from tonecheck.audit.spool import Spool, Stored
from tonecheck.audit.summary import summarise
from tonecheck.errors import InputError
from tonecheck.exports import read_export, reader_named, sniff
from tonecheck.labels import TONES
from tonecheck.messages import BadRow, Message
from tonecheck.policy import Policy
from tonecheck.verdict import Verdict

SCHEMA = 1
"""The version of `summary.json`; it grows only when a key changes its meaning or goes away."""

FILES = ("verdicts.jsonl", "verdicts.csv", "problems.jsonl", "report.html", "summary.json")
"""What an audit writes. The summary comes last: where it lies, the audit was finished."""

_WORK = ".audit-"
_PROBLEMS_SHOWN = 20
_PROGRESS_EVERY = 50
_TABLE = "table"

Progress = Callable[[str, int, int | None], None]
"""Called with the phase (`reading` or `judging`), how many messages are done, and of how many."""


class Checker(Protocol):
    """What an audit needs of a `ToneChecker`."""

    @property
    def model(self) -> str:
        """Return the model's `name@version`."""
        ...

    @property
    def policy(self) -> Policy:
        """Return the thresholds in force."""
        ...

    @property
    def card(self) -> Mapping[str, Mapping[str, Any]]:
        """Return what the model card states of each tone; it may be empty."""
        ...

    def check_many(self, messages: Iterable[Message]) -> Iterator[Verdict]:
        """Yield a verdict for each message, in order."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditOptions:
    """How to run an audit.

    Attributes:
        format: The name of the exports' format, or None to find out.
        columns: For tables, which column holds what: `{"text": "body"}`.
        names: Whether members appear under their names rather than pseudonyms.
        title: What the report is called, or empty for the names of the exports.
        made_on: The date to print on the report, or None to leave it out.
        on_progress: Called now and then, with the phase, the messages done, and the total or None.
    """

    format: str | None = None
    columns: Mapping[str, str] | None = None
    names: bool = False
    title: str = ""
    made_on: date | None = None
    on_progress: Progress | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditResult:
    """What an audit found and where it lies.

    Attributes:
        out: The folder that holds `FILES`.
        summary: What `summary.json` holds.
    """

    out: Path
    summary: Mapping[str, Any]

    @property
    def report(self) -> Path:
        """Return the path of the report."""
        return self.out / "report.html"


_DEFAULTS = AuditOptions()


def run_audit(
    exports: Sequence[Path], out: Path, checker: Checker, *, options: AuditOptions = _DEFAULTS
) -> AuditResult:
    """Audit exported conversations into a folder, and return what was found.

    Memory stays flat whatever the size of the exports. An error while reading or judging leaves in
    the folder what was there before. One while the finished files are put in place, such as a full
    disk, leaves no `summary.json` there, and the audit can be run again.

    Raises:
        InputError: If an export cannot be read at all or is given twice, or the folder holds
            something else.
        MissingExtraError: If a format needs an extra that is not installed.
    """
    _require_different(exports)
    with _workplace(out) as work, Spool(work / "spool.sqlite") as spool:
        found = _read(exports, spool, options, work=work)
        _judge(checker, spool, options, work=work)
        summary = {
            **_about(exports, checker, options),
            **summarise(spool, names=options.names, duplicates=found.duplicates),
            "problems": found.lost["row"],
            "incomplete": found.lost["rest"],
            "notices": found.lost["notice"],
        }
        (work / "summary.json").write_text(json.dumps(summary, indent=2) + "\n", encoding="utf-8")
        report = render_report(spool, summary, found.first)
        (work / "report.html").write_text(report, encoding="utf-8", newline="\n")
        (out / "summary.json").unlink(missing_ok=True)
        for name in FILES:
            (work / name).replace(out / name)
    return AuditResult(out=out, summary=summary)


@dataclass(slots=True)
class _Found:
    """What reading found beside the messages that it kept."""

    duplicates: int = 0
    lost: Counter[str] = field(default_factory=Counter)
    first: list[BadRow] = field(default_factory=list)


@contextmanager
def _workplace(out: Path) -> Iterator[Path]:
    """Make the folder, and in it one for unfinished files that goes away in any case."""
    made = not out.exists()
    _require_ours(out)
    out.mkdir(parents=True, exist_ok=True)
    _clear_left_over(out)
    try:
        with TemporaryDirectory(dir=out, prefix=_WORK) as work:
            yield Path(work)
    finally:
        if made:
            with suppress(OSError):  # it holds a finished audit
                out.rmdir()


def _require_ours(out: Path) -> None:
    if not out.exists():
        return
    if not out.is_dir():
        raise InputError(f"{out} is a file. Give a folder, new or empty, for the audit's files.")
    others = {path.name for path in out.iterdir() if not path.name.startswith(_WORK)}
    half_replaced = FILES[0] in others and others <= set(FILES)
    if others and not half_replaced and not (out / "summary.json").is_file():
        raise InputError(
            f"{out} holds files that no audit wrote, and an audit would add its own. "
            "Give a new or empty folder, or one that holds an earlier audit to replace it."
        )


def _clear_left_over(out: Path) -> None:
    """Remove the work folders of audits that were killed; they hold what people wrote."""
    for path in out.glob(f"{_WORK}*"):
        if path.is_dir() and not path.is_symlink():
            rmtree(path)


def _require_different(exports: Sequence[Path]) -> None:
    seen = set()
    for path in exports:
        file = path.resolve()
        if file in seen:
            raise InputError(
                "is given twice, and its messages would count twice. Give every export once.",
                place=str(path),
            )
        seen.add(file)


def _read(exports: Sequence[Path], spool: Spool, options: AuditOptions, *, work: Path) -> _Found:
    """Stream every export into the spool; what cannot be read goes to `problems.jsonl`."""
    found = _Found()
    done = 0
    with (work / "problems.jsonl").open("w", encoding="utf-8", newline="\n") as file:
        for position, path in enumerate(exports):
            rows = read_export(path, format=options.format, columns=options.columns)
            source = _source(path, position, options)
            for row in rows:
                if isinstance(row, BadRow):
                    write_problem(file, row)
                    found.lost[row.kind] += 1
                    if found.lost[row.kind] <= _PROBLEMS_SHOWN:
                        found.first.append(row)
                    continue
                found.duplicates += not spool.add(row, source=source)
                done += 1
                _tell(options, "reading", done, total=None)
    return found


def _source(path: Path, position: int, options: AuditOptions) -> str:
    """Return where the ids of an export count.

    A platform's ids hold across its files: a chat may be exported in parts, or week by week with
    days that overlap. Those of a table hold within it, as nobody knows who numbered its rows.
    """
    if not options.columns:
        reader = sniff(path) if options.format is None else reader_named(options.format)
        if reader.name != _TABLE:
            return reader.name
    return f"{_TABLE} {position}"


def _judge(checker: Checker, spool: Spool, options: AuditOptions, *, work: Path) -> None:
    """Judge every message in the spool, and write and record the verdicts."""
    total = spool.sort()
    # the checker reads ahead by a batch, and tee keeps no more than that
    ours, theirs = tee(spool.in_order())
    verdicts = checker.check_many(stored.message for stored in theirs)
    with VerdictFiles(work) as files:
        for done, (stored, verdict) in enumerate(zip(ours, verdicts, strict=True), start=1):
            files.write(stored.message, verdict, author=_author(stored, options))
            spool.record(stored.seq, verdict)
            _tell(options, "judging", done, total=total)


def _author(stored: Stored, options: AuditOptions) -> str:
    return label(stored.member, stored.message.author, names=options.names)


def _tell(options: AuditOptions, phase: str, done: int, *, total: int | None) -> None:
    if options.on_progress and (done % _PROGRESS_EVERY == 0 or done == total):
        options.on_progress(phase, done, total)


def _about(exports: Sequence[Path], checker: Checker, options: AuditOptions) -> dict[str, Any]:
    """Return what was audited and with what."""
    names = [path.resolve().name for path in exports]
    return {
        "schema": SCHEMA,
        "title": options.title or ", ".join(names),
        "made_on": options.made_on.isoformat() if options.made_on else None,
        "exports": names,
        "names": options.names,
        "model": checker.model,
        "thresholds": {str(tone): asdict(checker.policy[tone]) for tone in TONES},
        "card": {str(tone): dict(checker.card.get(tone, {})) for tone in TONES},
    }
