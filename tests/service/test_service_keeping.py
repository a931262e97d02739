"""What is kept stays private and goes away when it should, also where something fails."""

import asyncio
import logging
import os
import stat
from datetime import UTC, datetime, timedelta, timezone

import pytest

from tonecheck.errors import ConfigError, InputError
from tonecheck.service import upkeep
from tonecheck.service.keys import Keys
from tonecheck.service.posts import withdraw
from tonecheck.service.records import NewReply, Scope
from tonecheck.service.settings import read
from tonecheck.service.store import Store, connect, now, open_store
from tonecheck.service.upkeep import export_author, forget_author, keep_purging

INSULT = "You are an idiot."


@pytest.fixture
def make(tmp_path):
    """Return a function that opens a store in a file of its own."""
    opened = []

    def make(*, clock=now) -> Store:
        url = f"sqlite:///{tmp_path / 'kept.sqlite'}"
        opened.append(Store(connect(url), keep_text=True, clock=clock))
        return opened[-1]

    yield make
    for store in opened:
        store.engine.dispose()


@pytest.fixture
def reply(checker):
    verdict = checker.check(INSULT)

    def reply(number: str, **more) -> NewReply:
        return NewReply(source="native", external_id=number, verdict=verdict, **more)

    return reply


def bytes_kept(tmp_path) -> bytes:
    return b"".join(file.read_bytes() for file in tmp_path.glob("kept.sqlite*"))


def test_only_its_owner_can_read_a_new_database(make, reply, tmp_path):
    before = os.umask(0o022)
    try:
        store = make()
        store.create()
        store.record(reply("1"))
        files = {file.name: stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()}
    finally:
        os.umask(before)

    assert files["kept.sqlite"] == 0o600
    assert set(files.values()) == {0o600}


def test_words_of_the_forgotten_are_in_no_file_while_the_service_runs(make, reply, tmp_path):
    store = make()
    store.create()
    store.record(reply("1", author="kim", text="a zebra of a word"))
    store.record(reply("2", author="lou", text="fine words", parent="a zebra of a word"))
    assert b"zebra" in bytes_kept(tmp_path)

    assert forget_author(store, "kim") == 1

    assert b"zebra" not in bytes_kept(tmp_path)
    assert b"fine words" in bytes_kept(tmp_path)


@pytest.mark.parametrize("go", ["withdrawn", "forgotten"])
def test_quoted_words_go_with_a_reply_whether_its_post_or_its_author_does(make, reply, go):
    store = make()
    store.create()
    number = store.record(reply("1", author="kim", text="a zebra of a word"))
    answer = store.record(reply("2", author="lou", text="fine", parent="a zebra of a word"))
    silent = store.record(reply("3", author="lou", text="fine", parent="other words"))

    if go == "withdrawn":
        withdraw(store, number, forget=True)
    else:
        assert forget_author(store, "kim") == 1

    assert store.reply(number) is None
    assert (store.reply(answer).parent, store.reply(silent).parent) == ("", "other words")


def test_purging_goes_on_after_the_database_refused_it(make, reply, monkeypatch, caplog):
    monkeypatch.setattr(upkeep, "RETRY", 0.01)
    store = make(clock=lambda: now() - timedelta(days=91))

    async def purge_meanwhile() -> None:
        task = asyncio.create_task(keep_purging(store, 90))
        while not caplog.records and not task.done():  # no tables yet: it fails
            await asyncio.sleep(0.01)
        store.create()
        number = store.record(reply("old", text=INSULT))
        while store.reply(number) is not None and not task.done():
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    with caplog.at_level(logging.ERROR, logger="tonecheck.service.upkeep"):
        asyncio.run(asyncio.wait_for(purge_meanwhile(), 20))

    assert caplog.records[0].getMessage() == (
        "what is too old could not be deleted: OperationalError; trying again in 0 minutes"
    )


def test_forgetting_nobody_forgets_nobody(make, reply):
    store = make()
    store.create()
    number = store.record(reply("1", text=INSULT))

    with pytest.raises(InputError, match="an author needs a name"):
        forget_author(store, "")
    with pytest.raises(InputError, match="an author needs a name"):
        list(export_author(store, ""))
    assert store.reply(number) is not None


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_over_http_too_an_author_needs_a_name(client, method):
    client.post("/v1/check", json={"text": INSULT, "id": "1", "record": True})

    assert client.request(method, "/v1/authors/").status_code == 422
    assert client.app.state.service.store.find("native", "", "1") is not None


def test_an_author_may_have_a_slash_in_the_name(client):
    client.post(
        "/v1/check", json={"text": INSULT, "id": "1", "record": True, "author": "kim/guest"}
    )

    assert len(client.get("/v1/authors/kim%2Fguest").json()["replies"]) == 1
    assert client.delete("/v1/authors/kim%2Fguest").json() == {
        "author": "kim/guest", "deleted": 1,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("time", "kept"),
    [
        (datetime(2026, 5, 1, 12), datetime(2026, 5, 1, 12, tzinfo=UTC)),
        (
            datetime(2026, 5, 1, 12, tzinfo=timezone(timedelta(hours=2))),
            datetime(2026, 5, 1, 10, tzinfo=UTC),
        ),
        (datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=14))), None),
        (datetime(9999, 12, 31, 23, tzinfo=timezone(timedelta(hours=-5))), None),
    ],
    ids=["without a zone", "with a zone", "before the first year", "after the last year"],
)
def test_times_are_kept_in_utc_and_one_that_has_none_costs_no_reply(make, reply, time, kept):
    store = make()
    store.create()

    assert store.reply(store.record(reply("1", time=time))).time == kept


def test_a_database_of_a_newer_version_is_refused_in_words(make, tmp_path):
    store = make()
    store.create()
    with store.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")

    with pytest.raises(ConfigError, match="has tables of a newer tonecheck"):
        open_store(read(database=str(store.engine.url)))


@pytest.mark.parametrize("name", ["k" * 201, "kim\0", "kim\ud800"])
def test_a_key_has_a_name_that_every_database_takes(make, name):
    store = make()
    store.create()

    with pytest.raises(InputError, match="must be up to 200 ordinary characters"):
        Keys(store).add(name, [Scope.CHECK])
