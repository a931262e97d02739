"""Where an audit keeps its unfinished work, and how a later run takes it up."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from errno import EDQUOT, ENOSPC
from pathlib import Path
from shutil import rmtree

from tonecheck.audit.manifest import Manifest
from tonecheck.audit.spool import Spool
from tonecheck.errors import InputError

FOLDER = ".audit"
"""The folder, inside that of an audit, that holds its unfinished work and goes away at the end."""

_MANIFEST, _SPOOL, _LOCK = "manifest.json", "spool.sqlite", "lock"
_KEPT = "What was done until then is kept: the same command goes on from there."
_DAMAGE = ("SQLITE_CORRUPT", "SQLITE_NOTADB")
_OPEN_ELSEWHERE = "is open in another program. Close that, and run the audit again."
_AGAIN = "Look after the disk, and run the audit again."
_DAMAGED = "the unfinished work is damaged. Delete this folder, and run the audit again."
_FULL = "the disk is full. Make room there, or for temporary files, and run the audit again."

Notify = Callable[[str], None]
"""Called with a sentence when unfinished work is taken up or thrown away."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """The unfinished work of one audit.

    Attributes:
        folder: Where unfinished files go; nobody else may read them.
        manifest: What the audit is of.
        spool: Its messages and verdicts.
    """

    folder: Path
    manifest: Manifest
    spool: Spool


@contextmanager
def open_work(out: Path, wanted: Manifest, notify: Notify) -> Iterator[Work]:
    """Make or take up the unfinished work of an audit, for as long as nobody else does.

    It goes away when the audit is done. After an error or Ctrl-C it stays if an export was read to
    its end, and a note on the error says so; a process that is killed leaves it in any case.

    Raises:
        InputError: If another audit works there, something else lies there, or the disk is full.
    """
    made = not out.exists()
    folder = out / FOLDER
    _require_folder(folder)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)
        with _locked(folder):
            with _told_plainly(folder):
                manifest, spool = _take_up(folder, wanted, notify)
            kept = False
            try:
                with spool, _told_plainly(folder):
                    yield Work(folder=folder, manifest=manifest, spool=spool)
            except BaseException as err:
                kept = spool.exports > 0
                if kept:
                    err.add_note(_KEPT)
                raise
            finally:
                if not kept:
                    _empty(folder)
    finally:
        with suppress(OSError):  # it holds unfinished work
            folder.rmdir()
        if made:
            with suppress(OSError):  # it holds an audit
                out.rmdir()


def _require_folder(folder: Path) -> None:
    # through a link, an audit would write what people said somewhere else, and delete there
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise InputError(
            f"{folder} is not a folder, and an audit would keep its unfinished work there. "
            "Remove it, or give another folder for the audit's files."
        )


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Keep other audits out, by a lock that ends with the process however that ends."""
    path = folder / _LOCK
    lock = _lock(path)
    try:
        yield
    finally:
        if all(other == path for other in folder.iterdir()):
            with suppress(OSError):  # Windows keeps a file that is open
                path.unlink()
        lock.close()


def _lock(path: Path) -> sqlite3.Connection:
    # SQLite's own lock works on every system, and workers that are forked do not inherit it.
    path.touch(mode=0o600)
    file = path.stat().st_ino
    lock = sqlite3.connect(path, timeout=0, isolation_level=None)
    try:
        lock.execute("BEGIN EXCLUSIVE")
        ours = path.stat().st_ino == file  # or else another audit has just ended and cleared up
    except FileNotFoundError:
        ours = False
    except sqlite3.OperationalError as err:
        if err.sqlite_errorname != "SQLITE_BUSY":
            lock.close()
            raise
        ours = False
    if ours:
        return lock
    lock.close()
    raise InputError(
        "another audit is at work here. Wait until it is done, or give another folder.",
        place=str(path.parent.parent),
    )


def _take_up(folder: Path, wanted: Manifest, notify: Notify) -> tuple[Manifest, Spool]:
    """Return the manifest and the spool to go on with: those that lie there if they fit."""
    found = Manifest.read(folder / _MANIFEST)
    if found is not None:
        spool, why = _opened(folder, found, wanted)
        if spool is not None:
            # the date is that of the first run, so that the bytes are those of one run
            wanted = replace(wanted, made_on=found.made_on)
            wanted.write(folder / _MANIFEST)
            if spool.exports:
                notify(f"going on where it was: {_progress(spool, wanted)}")
            return wanted, spool
        if why:
            notify(
                f"the unfinished audit in {folder.parent} {why}: "
                "it is thrown away, and this one starts anew"
            )
    _empty(folder)
    wanted.write(folder / _MANIFEST)
    return wanted, Spool(folder / _SPOOL)


def _opened(folder: Path, found: Manifest, wanted: Manifest) -> tuple[Spool | None, str]:
    """Return the spool that lies there, or None and what is wrong with it, if it held anything."""
    try:
        spool = Spool(folder / _SPOOL)
        others = wanted.differences(found, read=None if spool.is_sorted else spool.exports)
    except sqlite3.DatabaseError as err:
        if err.sqlite_errorname not in _DAMAGE:
            raise  # such as a full disk: no reason to throw work away
        return None, "is damaged"
    if not others:
        return spool, ""
    read = spool.exports
    spool.close()
    return None, f"had {' and '.join(others)}" if read else ""


def _progress(spool: Spool, manifest: Manifest) -> str:
    if not spool.is_sorted:
        return f"{spool.exports} of {len(manifest.exports)} exports read"
    judged, total = spool.judged, spool.total
    return f"{judged:,} of {total:,} judged" if judged < total else f"all {total:,} judged"


def _empty(folder: Path) -> None:
    """Remove all but the lock; without its manifest, what is left counts for nothing."""
    (folder / _MANIFEST).unlink(missing_ok=True)
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink():
            rmtree(path)
        elif path.name != _LOCK:
            path.unlink()


@contextmanager
def _told_plainly(folder: Path) -> Iterator[None]:
    """Turn what the system says of a disk or of damaged work into what to do about it."""
    try:
        yield
    except sqlite3.DatabaseError as err:
        name = getattr(err, "sqlite_errorname", "")  # errors of the Python part have none
        if name == "SQLITE_FULL":
            raise InputError(_FULL, place=str(folder.parent)) from err
        if name in _DAMAGE:
            raise InputError(_DAMAGED, place=str(folder)) from err
        if name == "SQLITE_BUSY":
            raise InputError(_OPEN_ELSEWHERE, place=str(folder / _SPOOL)) from err
        if name.startswith(("SQLITE_IOERR", "SQLITE_CANTOPEN", "SQLITE_READONLY")):
            message = f"cannot be read or written: {err}. {_AGAIN}"
            raise InputError(message, place=str(folder)) from err
        raise
    except OSError as err:
        if err.errno not in {ENOSPC, EDQUOT}:
            raise
        raise InputError(_FULL, place=str(folder.parent)) from err
