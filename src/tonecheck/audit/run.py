"""Runs an audit: reads exports, judges every message, and writes the files of the report."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from itertools import tee
from pathlib import Path
from typing import Any

from tonecheck.audit.clusters import COUNTS
from tonecheck.audit.comparison import COMPARISON, Audited, read_before, write_comparison
from tonecheck.audit.conversations import CONVERSATIONS, ConversationFiles, Conversations
from tonecheck.audit.engine import TABLE, Engine, Judged, KeptVerdicts, source_of, unjudged
from tonecheck.audit.files import VerdictFiles, write_problem
from tonecheck.audit.grouping import groups_note, keep_groups
from tonecheck.audit.heard import VOICES, Heard, VoiceCounts
from tonecheck.audit.hiding import Hidden, hide
from tonecheck.audit.lists import LISTS, write_lists
from tonecheck.audit.manifest import Export, Manifest, plain
from tonecheck.audit.members import label
from tonecheck.audit.options import AuditOptions, Checker
from tonecheck.audit.panels import make_panels
from tonecheck.audit.report import render_report
from tonecheck.audit.selection import Selected, select
from tonecheck.audit.spool import Spool
from tonecheck.audit.stored import Stored
from tonecheck.audit.summary import summarise
from tonecheck.audit.tables import TABLES, require_tables, verdict_tables
from tonecheck.audit.workplace import FOLDER, Work, open_work
from tonecheck.errors import InputError
from tonecheck.exports import read_export, sniff
from tonecheck.labels import TONES
from tonecheck.messages import BadRow

SCHEMA = 1
"""The version of `summary.json`; it grows only when a key changes its meaning or goes away."""

FILES = (
    *("verdicts.jsonl", "verdicts.csv", *LISTS, *CONVERSATIONS, VOICES, "problems.jsonl", COUNTS),
    *("report.html", "summary.json"),
)
"""What an audit always writes. The summary comes last: where it lies, the audit was finished."""

FILES_ON_REQUEST = (COMPARISON, *TABLES.values())
"""What an audit writes if it is asked to."""

_PROBLEMS_SHOWN = 20
_PROGRESS_EVERY = 50
_COMMIT_EVERY = 1_024  # whole batches, so that a run that goes on makes them up as one run would


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditResult:
    """What an audit found and where it lies.

    Attributes:
        out: The folder that holds `FILES`.
        summary: What `summary.json` holds.
        comparison: What `comparison.json` holds, or None where nothing was compared.
    """

    out: Path
    summary: Mapping[str, Any]
    comparison: Mapping[str, Any] | None = None

    @property
    def report(self) -> Path:
        """Return the path of the report."""
        return self.out / "report.html"


_DEFAULTS = AuditOptions()


def run_audit(
    exports: Sequence[Path] | Engine,
    out: Path,
    checker: Checker,
    *,
    options: AuditOptions = _DEFAULTS,
) -> AuditResult:
    """Audit exported conversations into a folder, and return what was found.

    Memory stays flat whatever the size of the exports. What ends it before it is done (an error
    while an export is read, a full disk, Ctrl-C, a killed process) leaves in the folder what was
    there before, and beside it the unfinished work: the same call goes on from there, and its files
    are those of one run. Only while finished files are put in place is there no `summary.json`.

    Args:
        exports: The files, or an engine that reads and judges them elsewhere.
        out: The folder.
        checker: What judges, or where an engine does, what it judges with.
        options: How to run it.

    Raises:
        InputError: If an export cannot be read at all or is given twice, the folder holds
            something else or another audit is at work there, names are to be shown and hidden, the
            audit to compare with is none or was made with another model or thresholds, there is no
            such table to write as well, or the disk is full.
        MissingExtraError: If a format or a table needs an extra that is not installed.
    """
    require_tables(options.also)
    if isinstance(exports, Sequence):
        _require_different(exports)
    _require_ours(out)
    _require_one_of(options)
    before = _before(out, checker, options)
    wanted = _manifest(exports, checker, options)
    with open_work(out, wanted, options.on_notice or _ignore) as work:
        if not work.spool.is_sorted:
            _read(exports, work, options)
        work.spool.sort()
        selected = select(work.spool, options.selection)
        judge = checker if isinstance(exports, Sequence) else KeptVerdicts(checker, work.spool)
        _judge(judge, work.spool, options)
        keep_groups(work.spool, options.groups or {})  # the spool still knows the names
        hidden = _hide(work, options)
        summary, comparison = _write(work, options, selected=selected, hidden=hidden, before=before)
        _put_in_place(work.folder, out, _on_request(options))
    return AuditResult(out=out, summary=summary, comparison=comparison)


def _require_ours(out: Path) -> None:
    if not out.exists():
        return
    if not out.is_dir():
        raise InputError(f"{out} is a file. Give a folder, new or empty, for the audit's files.")
    others = {path.name for path in out.iterdir()}
    half_replaced = FILES[0] in others and others <= {*FILES, *FILES_ON_REQUEST}
    begun = FOLDER in others  # by an audit that was allowed to
    if others and not begun and not half_replaced and not (out / "summary.json").is_file():
        raise InputError(
            f"{out} holds files that no audit wrote, and an audit would add its own. "
            "Give a new or empty folder, or one that holds an earlier audit to replace it."
        )


def _before(out: Path, checker: Checker, options: AuditOptions) -> Audited | None:
    """Return the audit to compare with; one that does not fit is refused before hours of work."""
    if options.compare is None:
        return None
    return read_before(options.compare, out, model=checker.model, policy=checker.policy)


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


def _require_one_of(options: AuditOptions) -> None:
    if options.names and options.hiding.texts:
        raise InputError(
            "--names shows what --redact and --pseudonymise hide. Give it without them."
        )


def _manifest(
    exports: Sequence[Path] | Engine, checker: Checker, options: AuditOptions
) -> Manifest:
    """Return what the audit is of; a file that no reader takes is refused before hours of work."""
    if isinstance(exports, Sequence):
        files = [Export.of(path, format=_format(path, options)) for path in exports]
        engine = {}
    else:
        files, engine = list(exports.exports), {"engine": exports.name}
    return Manifest(
        exports=tuple(files),
        options={**plain(options), **engine},
        checker={
            "model": checker.model,
            "thresholds": {str(tone): asdict(checker.policy[tone]) for tone in TONES},
            "card": {str(tone): plain(checker.card.get(tone, {})) for tone in TONES},
        },
        made_on=options.made_on.isoformat() if options.made_on else None,
    )


def _format(path: Path, options: AuditOptions) -> str:
    read_export(path, format=options.format, columns=options.columns)  # raises what is wrong
    if options.columns:
        return TABLE
    return options.format or sniff(path).name


def _read(exports: Sequence[Path] | Engine, work: Work, options: AuditOptions) -> None:
    """Stream every export into the spool that is not there yet, and what cannot be read as well."""
    spool = work.spool
    done = spool.read
    for position in range(spool.exports, len(work.manifest.exports)):
        source, rows = _opened(exports, work.manifest, options, position=position)
        before, duplicates = done, 0
        for row, verdict in rows:
            if isinstance(row, BadRow):
                spool.add_problem(row)
                continue
            new = spool.add(row, source=source)
            if new and verdict is not None:
                spool.keep(verdict)
            duplicates += not new
            done += 1
            _tell(options, "reading", done, total=None)
        spool.end_export(read=done - before, duplicates=duplicates)
    _tell(options, "reading", done, total=done)


def _opened(
    exports: Sequence[Path] | Engine, manifest: Manifest, options: AuditOptions, *, position: int
) -> tuple[str, Iterator[Judged]]:
    """Return where the ids of an export count, and its rows."""
    if not isinstance(exports, Sequence):
        return exports.source(position), exports.read(position)
    format = manifest.exports[position].format
    rows = read_export(exports[position], format=format, columns=options.columns)
    return source_of(format, position), unjudged(rows)


def _judge(checker: Checker, spool: Spool, options: AuditOptions) -> None:
    """Judge every message in the spool that has no verdict yet."""
    total, before = spool.total, spool.judged
    # the checker reads ahead by a batch, and tee keeps no more than that
    ours, theirs = tee(spool.in_order(after=before))
    verdicts = checker.check_many(stored.message for stored in theirs)
    for done, (stored, verdict) in enumerate(zip(ours, verdicts, strict=True), start=before + 1):
        spool.record(stored, verdict)
        if done % _COMMIT_EVERY == 0:
            spool.commit()
        _tell(options, "judging", done, total=total)
    spool.end_judging()


def _hide(work: Work, options: AuditOptions) -> Hidden:
    """Take out of the spool what no file is to show."""
    exports = [export.name for export in work.manifest.exports]
    total = int(work.spool.rows("SELECT count(*) FROM messages")[0][0])
    return hide(
        work.spool,
        options.hiding,
        exports=exports,
        advance=lambda done: _tell(options, "hiding", done, total=total),
    )


def _write(
    work: Work,
    options: AuditOptions,
    *,
    selected: Selected,
    hidden: Hidden,
    before: Audited | None,
) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """Write all files from the spool, so that it does not matter in how many runs it was filled."""
    spool = work.spool
    names = options.names or hidden.texts  # then what stands in the spool is what to show
    conversations, heard = _write_messages(work, options, names=names)
    with (work.folder / "problems.jsonl").open("w", encoding="utf-8", newline="\n") as file:
        for row in spool.problems():
            write_problem(file, row)
    write_lists(work.folder, spool, names=names)
    lost = Counter(dict(spool.rows("SELECT kind, count(*) FROM problems GROUP BY 1")))
    summary = {
        **_about(work.manifest, options, hidden),
        "selection": selected.to_dict(options.selection),
        "groups": groups_note(spool) if options.groups else None,
        "conversations": conversations.to_dict(),
        **summarise(spool, names=names, duplicates=spool.duplicates),
        "problems": lost["row"],
        "incomplete": lost["rest"],
        "notices": lost["notice"],
    }
    text = json.dumps(summary, indent=2) + "\n"
    (work.folder / "summary.json").write_text(text, encoding="utf-8")
    comparison = write_comparison(work.folder, spool, summary, before=before)
    problems = list(spool.problems(each=_PROBLEMS_SHOWN))
    panels = make_panels(spool, conversations, heard, names=names)
    report = render_report(spool, summary, problems, comparison=comparison, panels=panels)
    (work.folder / "report.html").write_text(report, encoding="utf-8", newline="\n")
    return summary, comparison


def _write_messages(
    work: Work, options: AuditOptions, *, names: bool
) -> tuple[Conversations, Heard]:
    """Write what has a row for each message or thread, and return what all of them show."""
    spool, total = work.spool, work.spool.total
    voices = VoiceCounts(spool, names=names)
    with ExitStack() as stack:
        files = stack.enter_context(VerdictFiles(work.folder))
        threads = stack.enter_context(ConversationFiles(work.folder, spool, names=names))
        tables = verdict_tables(work.folder, options.also, work.manifest.checker, names=names)
        write_tables = stack.enter_context(tables)
        for done, (stored, verdict) in enumerate(spool.judged_in_order(), start=1):
            files.write(stored.message, verdict, author=_author(stored, names))
            voices.write(stored, threads.write(stored, verdict))
            write_tables(stored, verdict)
            _tell(options, "writing", done, total=total)
        conversations = threads.end()
    heard = voices.end()
    text = json.dumps(heard.to_dict(), indent=2) + "\n"
    (work.folder / VOICES).write_text(text, encoding="utf-8")
    return conversations, heard


def _on_request(options: AuditOptions) -> list[str]:
    """Return which of `FILES_ON_REQUEST` an audit writes."""
    compared = [COMPARISON] if options.compare is not None else []
    return [*compared, *(TABLES[name] for name in options.also)]


def _put_in_place(folder: Path, out: Path, requested: Sequence[str]) -> None:
    """Move the files to where they belong, and remove what an earlier audit wrote on request."""
    (out / "summary.json").unlink(missing_ok=True)
    for name in FILES_ON_REQUEST:
        if name not in requested:
            (out / name).unlink(missing_ok=True)
    for name in (*dict.fromkeys(requested), *FILES):
        (folder / name).replace(out / name)


def _author(stored: Stored, names: bool) -> str:
    return label(stored.member, stored.message.author, names=names)


def _tell(options: AuditOptions, phase: str, done: int, *, total: int | None) -> None:
    if options.on_progress and (done % _PROGRESS_EVERY == 0 or done == total):
        options.on_progress(phase, done, total)


def _ignore(_: str) -> None:
    """Let a notice go unheard."""


def _about(manifest: Manifest, options: AuditOptions, hidden: Hidden) -> dict[str, Any]:
    """Return what was audited and with what."""
    return {
        "schema": SCHEMA,
        "title": options.title or ", ".join(hidden.exports),
        "made_on": manifest.made_on,
        "exports": hidden.exports,
        "names": options.names,
        "hidden": hidden.to_dict(options.hiding),
        **manifest.checker,
    }
