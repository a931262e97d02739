"""What is kept can be learned from, given out, deleted, and goes away by itself."""

import json
import stat
from datetime import timedelta

import pytest
from typer.testing import CliRunner

from tonecheck.cli.app import app
from tonecheck.labels import Tone
from tonecheck.service.records import NewDecision, NewReply, Scope, Status
from tonecheck.service.store import Store, connect, now
from tonecheck.service.upkeep import purge
from tonecheck.training.corpora import corpus_named, read_corpus

run = CliRunner().invoke
INSULT = "You are an idiot. Learn to read."


@pytest.fixture
def database(tmp_path) -> str:
    return f"sqlite:///{tmp_path / 'kept.sqlite'}"


@pytest.fixture
def kept(database, checker):
    store = Store(connect(database), keep_text=True)
    store.create()
    for number, (author, text, parent) in enumerate(
        [("kim", INSULT, "Why?"), ("lou", "Calm down, please.", INSULT), ("kim", "Thanks!", "")]
    ):
        verdict = checker.check(text)
        store.record(
            NewReply(
                source="native",
                external_id=str(number),
                verdict=verdict,
                author=author,
                text=text,
                parent=parent,
                thread="t",
            )
        )
    yield store
    store.engine.dispose()


def decide(store, number, **labels):
    said = {Tone(name): value for name, value in labels.items()}
    status = Status.AGREED if said else Status.NOT_SURE
    store.decide(number, NewDecision(status=status, by="anna", source="review", labels=said))


def test_decisions_become_examples_that_training_reads(kept, database, tmp_path):
    decide(kept, 1, hostility=1.0)
    decide(kept, 1, hostility=0.0, hustling=0.0)
    decide(kept, 2)
    path = tmp_path / "tonecheck_feedback_train.jsonl"

    done = run(app, ["feedback", "export", str(path), "--database", database])

    assert done.exit_code == 0, done.output
    assert done.stdout.startswith("1 examples in ")
    assert "1 are left out because nobody was sure." in done.output
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert "anna" not in path.read_text()
    assert "kim" not in path.read_text()
    (example,) = read_corpus(corpus_named("tonecheck_feedback_train"), [tmp_path])
    assert (example.text, example.parent) == (INSULT, "Why?")
    assert example.targets == {Tone.HOSTILITY: pytest.approx(0.5), Tone.HUSTLING: 0.05}


def test_decisions_on_words_that_were_not_kept_are_counted_and_left_out(
    database, checker, tmp_path
):
    store = Store(connect(database), keep_text=False)
    store.create()
    verdict = checker.check(INSULT)
    number = store.record(NewReply(source="native", external_id="1", verdict=verdict, text=INSULT))
    decide(store, number, hostility=1.0)
    store.engine.dispose()

    done = run(app, ["feedback", "export", str(tmp_path / "own.jsonl"), "--database", database])

    assert done.stdout.startswith("0 examples")
    assert "1 decided replies are left out because their words were not kept" in done.output
    assert "rename it" in done.output


def test_an_author_gets_everything_and_can_be_forgotten(kept, database):
    decide(kept, 1, hostility=1.0)
    where = ["kim", "--database", database]

    given = [
        json.loads(line)
        for line in run(app, ["author", "export", *where]).stdout.split("\n")
        if line
    ]
    gone = run(app, ["author", "forget", *where])

    assert [(row["text"], row["status"]) for row in given] == [
        (INSULT, "agreed"), ("Thanks!", "unqueued"),
    ]  # fmt: skip
    assert given[0]["decisions"][0]["labels"] == {"hostility": 1.0}
    assert "anna" not in json.dumps(given)
    assert gone.stdout == "2 replies deleted.\n"
    assert kept.decisions(1) == []
    assert kept.reply(2).parent == ""
    assert kept.reply(2).text == "Calm down, please."


@pytest.mark.parametrize(
    "time",
    ["2026-09-01T10:00:00", "2026-09-01T12:00:00+02:00", "2026-09-01T10:00:00Z", 1_788_256_800],
    ids=["no zone", "a zone", "UTC", "seconds"],
)
def test_a_time_without_a_zone_is_utc_and_comes_back_as_that(client, time):
    request = {"text": INSULT, "id": "1", "record": True, "author": "kim", "time": time}
    client.post("/v1/check", json=request)

    (kept,) = client.get("/v1/authors/kim").json()["replies"]
    assert kept["time"] == "2026-09-01T10:00:00+00:00"
    assert kept["judged"].endswith("+00:00")


def test_authors_over_http_are_for_administrators(client):
    keys = client.app.state.service.keys
    admin, other = keys.add("admin", [Scope.ADMIN]), keys.add("forum", [Scope.CHECK])
    client.post(
        "/v1/check",
        json={"text": INSULT, "id": "1", "record": True, "author": "kim"},
        headers={"X-API-Key": other},
    )

    assert client.get("/v1/authors/kim", headers={"X-API-Key": other}).status_code == 403
    headers = {"X-API-Key": admin}
    assert len(client.get("/v1/authors/kim", headers=headers).json()["replies"]) == 1
    assert client.delete("/v1/authors/kim", headers=headers).json()["deleted"] == 1
    assert client.get("/v1/authors/kim", headers=headers).json()["replies"] == []


def test_what_is_too_old_goes_away_and_may_be_delivered_again(database, checker):
    moment = [now() - timedelta(days=91)]
    store = Store(connect(database), keep_text=True, clock=lambda: moment[0])
    store.create()
    verdict = checker.check(INSULT)
    old = store.record(NewReply(source="native", external_id="old", verdict=verdict))
    store.first_delivery("discourse", "e1")
    moment[0] = now() - timedelta(days=89)
    new = store.record(NewReply(source="native", external_id="new", verdict=verdict))

    assert purge(store, 90) == 1
    assert store.reply(old) is None
    assert store.reply(new) is not None
    assert store.first_delivery("discourse", "e1")
    store.engine.dispose()
