"""The tables as migrations make them are those that the service uses, on both databases."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from tonecheck.service.feedback import Left, examples
from tonecheck.service.keys import Keys
from tonecheck.service.records import NewDecision, NewReply, Scope, Status
from tonecheck.service.store import Store, connect
from tonecheck.service.tables import Base
from tonecheck.service.upkeep import export_author, forget_author, purge

_PROGRAMS = max(map(str, Path("/usr/lib/postgresql").glob("*/bin")), default="")


@pytest.fixture(scope="module")
def postgresql() -> Iterator[str]:
    """Run a PostgreSQL server of its own, and return its address."""
    if not _PROGRAMS:
        pytest.skip("needs PostgreSQL: apt install postgresql")
    root = os.getuid() == 0  # PostgreSQL does not run as root
    become = ["runuser", "-u", "postgres", "--"] if root else []
    with tempfile.TemporaryDirectory(prefix="tone-pg-") as folder:
        if root:
            shutil.chown(folder, "postgres")

        def run(program: str, *options: str) -> None:
            subprocess.run(
                [*become, f"{_PROGRAMS}/{program}", "-D", f"{folder}/data", *options],
                cwd=folder, check=True, stdout=subprocess.DEVNULL, timeout=60,
            )  # fmt: skip

        run("initdb", "-A", "trust", "-U", "tone", "-E", "UTF8", "--no-sync")
        only_here = f"-c listen_addresses= -c unix_socket_directories={folder} -c fsync=off"
        run("pg_ctl", "-w", "-o", only_here, "-l", f"{folder}/log", "start")
        try:
            yield f"postgresql+psycopg://tone@/postgres?host={folder}"
        finally:
            run("pg_ctl", "-m", "immediate", "stop")


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request, tmp_path) -> Iterator[Store]:
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'store.sqlite'}"
    else:
        url = request.getfixturevalue("postgresql")
    store = Store(connect(url), keep_text=True)
    store.create()
    yield store
    Base.metadata.drop_all(store.engine)
    with store.engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE alembic_version")
    store.engine.dispose()


def test_migrations_make_the_tables_that_the_service_uses(store):
    with store.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


def test_starting_again_changes_nothing(store):
    Keys(store).add("forum", [Scope.CHECK])

    store.create()

    assert [key.name for key in Keys(store).all()] == ["forum"]


def test_what_the_service_does_it_does_on_both_databases(store, checker):
    verdict = checker.check("You are an idiot.")
    reply = NewReply(
        source="native", external_id="1", verdict=verdict, text="You are an idiot. \0\ud800 😀",
        author="kim", queued=True,
    )  # fmt: skip
    number = store.record(reply)
    labels = dict.fromkeys(verdict.flagged, 1.0)
    decision = NewDecision(status=Status.AGREED, by="anna", source="review", labels=labels)

    assert store.decide(number, decision)
    assert store.first_delivery("discourse", "e")
    assert not store.first_delivery("discourse", "e")
    assert store.reply(number).text == "You are an idiot. \ufffd\ufffd 😀"
    assert [row["labels"] for row in examples(store, Left())] == [labels]
    assert store.queue(Status.AGREED)[0].verdict == verdict
    assert purge(store, 90) == 0
    assert forget_author(store, "kim") == 1
    assert store.decisions(number) == []


def test_a_reply_that_comes_in_many_times_at_once_is_kept_once(store, checker):
    verdict = checker.check("You are an idiot.")
    threads, rounds = 6, 12
    together = Barrier(threads)

    def keep(_: int) -> list[int]:
        found = []
        for number in range(rounds):
            together.wait(20)
            found.append(
                store.record(NewReply(source="native", external_id=str(number), verdict=verdict))
            )
        return found

    with ThreadPoolExecutor(threads) as pool:
        numbers = list(pool.map(keep, range(threads)))

    assert all(found == numbers[0] for found in numbers)
    assert len(store.queue(Status.UNQUEUED)) == rounds


def test_whatever_an_author_is_called_can_be_given_out_and_forgotten(store, checker):
    verdict = checker.check("You are an idiot.")
    for name in ("k\0m", "k\ud800m"):
        store.record(NewReply(source="native", external_id=name[:2], verdict=verdict, author=name))

        assert len(list(export_author(store, name))) == 1
        assert forget_author(store, name) == 1
