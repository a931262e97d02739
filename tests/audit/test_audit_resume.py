import os
import signal
import sqlite3
import stat
from datetime import date
from errno import ENOSPC
from pathlib import Path

import pytest

from tonecheck.audit.files import VerdictFiles
from tonecheck.audit.options import AuditOptions
from tonecheck.audit.run import FILES, run_audit
from tonecheck.errors import InputError
from tonecheck.labels import TONES
from tonecheck.policy import Band

TEXTS = ("You idiot.", "google it", "hmpf", "Thank you!", "mañana", "", "obviously wrong")
FIRST, SECOND = 800, 400
TOTAL = FIRST + SECOND - 2  # rows that cannot be read
LOWER = dict.fromkeys(TONES, Band(unsure_at=0.3, yes_at=0.5, clear_at=0.8))
MAIL = """From ken@example.org Tue Sep  8 10:30:00 2026
From: Ken <ken@example.org>
Date: Tue, 8 Sep 2026 10:30:00 +0000
Message-ID: <{}@example.org>

You idiot.
"""
RESUMED = "going on where it was: "

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="kills a forked process")


def posts(count, *, start):
    for n in range(start, start + count):
        yield {
            "id": f"m{n}",
            "thread": f"t{n % 70}",
            "author": f"Person {n % 90}",
            "time": f"2026-{1 + n % 12:02d}-07T10:{n % 60:02d}:00Z" if n % 9 else None,
            "reply_to": f"m{n - 70}",
            "text": TEXTS[n % len(TEXTS)] if n % 1_000 != 77 else None,
        }


@pytest.fixture
def exports(write_export):
    return [
        write_export(posts(FIRST, start=0), "one.jsonl"),
        write_export(posts(SECOND, start=1_000), "two.jsonl"),
    ]


@pytest.fixture
def run(exports, tmp_path, checker, without_charts):
    """Audit the exports and return the bytes of the files and what was said on the way."""

    def run(out="out", *, paths=exports, day=23, **options):
        said = []
        made_on = date(2026, 11, day)
        settings = AuditOptions(made_on=made_on, on_notice=said.append, **options)
        folder = run_audit(paths, tmp_path / out, checker, options=settings).out
        assert sorted(path.name for path in folder.iterdir()) == sorted(FILES)
        return {name: (folder / name).read_bytes() for name in FILES}, said

    return run


@pytest.fixture(scope="module")
def shared():
    return {}


@pytest.fixture
def whole(run, shared):
    """Return the files of an audit that nothing ended: the same for all tests."""
    if not shared:
        shared.update(run("whole")[0])
    return shared


@pytest.fixture
def killed(run):
    """Audit in a process that kills itself, as `kill -9` would, at a point of its progress."""

    def killed(at, **options):
        child = os.fork()
        if not child:
            try:
                run(on_progress=lambda *step: _die() if step[:2] == at else None, **options)
            finally:
                os._exit(1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL

    return killed


def _die():
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.parametrize(
    ("at", "said"),
    [
        (("reading", 50), []),
        (("reading", 850), [f"{RESUMED}1 of 2 exports read"]),
        (("reading", TOTAL), [f"{RESUMED}2 of 2 exports read"]),
        (("judging", 50), [f"{RESUMED}0 of 1,198 judged"]),
        (("judging", 1_000), [f"{RESUMED}0 of 1,198 judged"]),
        (("judging", 1_150), [f"{RESUMED}1,024 of 1,198 judged"]),
        (("writing", 50), [f"{RESUMED}all 1,198 judged"]),
        (("writing", TOTAL), [f"{RESUMED}all 1,198 judged"]),
    ],
)
def test_a_killed_audit_goes_on_and_ends_with_the_bytes_of_one_that_was_not(
    run, killed, tmp_path, at, said, whole
):
    killed(at)
    assert [path.name for path in (tmp_path / "out").iterdir()] == [".audit"]
    files, notices = run(day=24)  # the next day
    assert notices == said
    assert files == whole


@pytest.mark.parametrize("name", FILES)
def test_an_audit_killed_while_files_are_put_in_place_ends_the_same(
    run, killed, monkeypatch, name, whole
):
    replace = Path.replace

    def killing(path, target):
        return _die() if path.name == name and path != target else replace(path, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", killing)
        killed(None)
    files, notices = run()
    assert notices == [f"{RESUMED}all 1,198 judged"]
    assert files == whole


def test_an_audit_killed_many_times_ends_the_same(run, killed, checker, whole):
    for at in [("reading", 1_000), ("judging", 1_100), ("judging", 1_150), ("writing", 900)]:
        killed(at)
    checker.seen.clear()
    files, _ = run()
    assert not checker.seen
    assert files == whole


def test_what_has_a_verdict_is_not_judged_again(run, killed, checker):
    killed(("judging", 1_100))
    run()
    assert len(checker.seen) == TOTAL - 1_024


def test_an_earlier_audit_stays_until_the_new_one_is_done(run, killed, exports, tmp_path, whole):
    before, _ = run(paths=exports[:1])
    killed(("writing", TOTAL))
    for name in FILES:
        assert (tmp_path / "out" / name).read_bytes() == before[name]
    assert run()[0] == whole


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda exports, _: {"paths": exports[:1]}, "other exports"),
        (lambda exports, _: {"paths": exports[::-1]}, "other exports"),
        (lambda *_: {"names": True}, "other options"),
        (
            lambda _, checker: setattr(checker, "policy", LOWER) or {},
            "another model or other thresholds",
        ),
        (
            lambda exports, _: {"paths": exports[:1], "title": "x"},
            "other exports and other options",
        ),
    ],
    ids=["fewer", "order", "options", "thresholds", "two things"],
)
def test_unfinished_work_of_another_audit_is_thrown_away(
    run, killed, exports, checker, tmp_path, change, why
):
    killed(("judging", 1_100))
    options = change(exports, checker)
    files, notices = run(**options)
    assert notices == [
        f"the unfinished audit in {tmp_path / 'out'} had {why}: "
        "it is thrown away, and this one starts anew"
    ]
    assert files == run("whole", **options)[0]


def test_a_changed_export_is_read_again(run, killed, exports):
    killed(("judging", 1_100))
    rows = exports[1].read_text().splitlines(keepends=True)
    exports[1].write_text("".join(rows[:-1]))
    files, notices = run()
    assert "had other exports" in notices[0]
    assert files == run("whole")[0]


def test_an_export_that_could_not_be_read_is_mended_without_reading_the_others_again(run, tmp_path):
    paths = [tmp_path / "one.mbox", tmp_path / "two.mbox"]
    paths[0].write_text(MAIL.format("one"))
    paths[1].write_text("no mail")
    options = {"paths": paths, "format": "mbox"}
    with pytest.raises(InputError, match=r"two\.mbox: holds no line such as") as caught:
        run(**options)
    assert caught.value.__notes__ == [
        "What was done until then is kept: the same command goes on from there."
    ]
    paths[1].write_text(MAIL.format("two"))
    files, notices = run(**options)
    assert notices == [f"{RESUMED}1 of 2 exports read"]
    assert files == run("whole", **options)[0]


def test_an_error_before_anything_is_read_leaves_nothing(run, tmp_path):
    (tmp_path / "two.mbox").write_text("no mail")
    with pytest.raises(InputError, match=r"two\.mbox: holds no line such as") as caught:
        run(paths=[tmp_path / "two.mbox"], format="mbox")
    assert not hasattr(caught.value, "__notes__")
    assert not (tmp_path / "out").exists()


def test_interrupted_work_is_kept_and_the_interrupt_says_so(run, tmp_path, whole):
    def interrupt(phase, done, _):
        if (phase, done) == ("judging", 1_100):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt) as caught:
        run(on_progress=interrupt)
    assert "the same command goes on" in caught.value.__notes__[0]
    files, notices = run()
    assert notices == [f"{RESUMED}1,024 of 1,198 judged"]
    assert files == whole


@pytest.mark.parametrize("pages", [40, 100, 180])
def test_a_full_disk_is_explained_and_what_was_done_is_kept(run, monkeypatch, pages, whole):
    """Let SQLite find no room after some pages; where that is differs, what is said does not."""
    connect = sqlite3.connect

    def small(path, **options):
        db = connect(path, **options)
        db.execute(f"PRAGMA max_page_count = {pages}")
        return db

    with monkeypatch.context() as patch:
        patch.setattr(sqlite3, "connect", small)
        with pytest.raises(InputError, match=r"out: the disk is full\. Make room"):
            run()
    files, _ = run()
    assert files == whole


def test_a_disk_that_is_full_when_files_are_written_is_explained(run, monkeypatch):
    def full(*args, **options):
        raise OSError(ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(VerdictFiles, "write", full)
        with pytest.raises(InputError, match=r"out: the disk is full\. Make room") as caught:
            run()
    assert "the same command goes on" in caught.value.__notes__[0]
    assert run()[1] == [f"{RESUMED}all 1,198 judged"]


def test_a_damaged_spool_is_thrown_away(run, killed, tmp_path, whole):
    killed(("judging", 1_100))
    spool = tmp_path / "out" / ".audit" / "spool.sqlite"
    spool.with_name("spool.sqlite-wal").unlink()
    spool.write_bytes(b"no database" * 1_000)
    files, notices = run()
    assert notices == [
        f"the unfinished audit in {tmp_path / 'out'} is damaged: "
        "it is thrown away, and this one starts anew"
    ]
    assert files == whole


def test_a_spool_that_another_program_reads_is_not_thrown_away(run, killed, tmp_path, whole):
    killed(("judging", 1_100))
    spool = tmp_path / "out" / ".audit" / "spool.sqlite"
    reader = sqlite3.connect(spool)
    reader.execute("SELECT count(*) FROM messages").fetchall()
    with pytest.raises(InputError, match=r"spool\.sqlite: is open in another program\. Close"):
        run()
    reader.close()
    files, notices = run()
    assert notices == [f"{RESUMED}1,024 of 1,198 judged"]
    assert files == whole


def test_a_disk_that_is_full_when_work_is_taken_up_costs_none_of_it(run, killed, monkeypatch):
    killed(("judging", 1_100))
    connect = sqlite3.connect

    class Full(sqlite3.Connection):
        def executescript(self, script):
            self.execute("CREATE TEMP TABLE t (x)")
            self.execute("PRAGMA temp.max_page_count = 2")
            self.execute("INSERT INTO t VALUES (zeroblob(99999))")

    with monkeypatch.context() as patch:
        patch.setattr(sqlite3, "connect", lambda *a, **o: connect(*a, **o, factory=Full))
        with pytest.raises(InputError, match=r"out: the disk is full\. Make room"):
            run()
    assert run()[1] == [f"{RESUMED}1,024 of 1,198 judged"]


def test_unfinished_work_is_nobody_elses_to_read(killed, tmp_path):
    before = os.umask(0)
    try:
        killed(("writing", 50))
    finally:
        os.umask(before)
    work = tmp_path / "out" / ".audit"
    assert stat.S_IMODE(work.stat().st_mode) == 0o700
    assert stat.S_IMODE((work / "spool.sqlite").stat().st_mode) == 0o600
    assert stat.S_IMODE((work / "spool.sqlite-wal").stat().st_mode) == 0o600


def test_a_folder_that_another_audit_works_in_is_refused(run, whole):
    def second(phase, done, _):
        if (phase, done) == ("judging", 50):
            with pytest.raises(InputError, match=r"out: another audit is at work here\. Wait"):
                run()

    files, _ = run(on_progress=second)
    assert files == whole


def test_a_link_in_place_of_the_work_folder_is_refused(run, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "kept").mkdir()
    (tmp_path / "out" / ".audit").symlink_to(tmp_path / "kept")
    with pytest.raises(InputError, match=r"\.audit is not a folder.*Remove it"):
        run()
    assert not list((tmp_path / "kept").iterdir())
