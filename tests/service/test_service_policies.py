"""Thresholds that somebody sets on the review page, and what they change."""

import re
from dataclasses import replace

import pytest
from fastapi.testclient import TestClient
from sqlalchemy.exc import OperationalError

from tonecheck.labels import TONES, Tone
from tonecheck.service import policies as module
from tonecheck.service.app import create_app
from tonecheck.service.policies import Policies, flagging_from
from tonecheck.service.records import Scope
from tonecheck.service.store import Store, connect

INSULT = "You are a liar and a fraud."


@pytest.fixture
def store(tmp_path):
    store = Store(connect(f"sqlite:///{tmp_path / 'policies.sqlite'}"), keep_text=False)
    store.create()
    yield store
    store.engine.dispose()


def hidden(client: TestClient, name: str, page: str = "/review/policy") -> str:
    return re.search(rf'name="{name}" value="([^"]+)"', client.get(page).text)[1]


def put(client: TestClient, hostility=0.999, **changes):
    form = {
        "csrf": hidden(client, "csrf"),
        "seen": hidden(client, "seen"),
        "hostility": hostility,
        "hustling": 0.5,
        "dismissiveness": 0.5,
        "sure": "true",
    }
    return client.post("/review/policy", data=form | changes, follow_redirects=False)


def decision(client: TestClient) -> str:
    tones = client.post("/v1/check", json={"text": INSULT}).json()["tones"]
    return tones["hostility"]["decision"]


def higher(policy):
    return {tone: flagging_from(policy[tone], 0.99) for tone in TONES}


def test_a_threshold_put_in_force_holds_at_once_and_for_every_process(
    client, settings, checker, monkeypatch
):
    monkeypatch.setattr(module, "FRESH", 0.0)
    with TestClient(create_app(settings, checker=checker), "http://127.0.0.1") as other:
        before = decision(client), decision(other)

        answer = put(client)

        assert (answer.status_code, answer.headers["location"]) == (303, "/review/policy#changes")
        assert before == ("yes", "yes")
        assert (decision(client), decision(other)) == ("unsure", "unsure")
    with TestClient(create_app(settings, checker=checker), "http://127.0.0.1") as restarted:
        assert decision(restarted) == "unsure"


def test_an_undone_change_puts_the_earlier_one_in_force_and_both_are_kept(client):
    put(client, hostility=0.9)
    put(client, hostility=0.999)
    for expected in ("yes", "unsure"):  # a second undo takes the first one back
        form = {"csrf": hidden(client, "csrf"), "seen": hidden(client, "seen")}
        client.post("/review/policy/undo", data=form)
        assert decision(client) == expected

    changes = client.app.state.service.policies.history()
    assert [change.policy[Tone.HOSTILITY].yes_at for change in changes] == [0.999, 0.9, 0.999, 0.9]
    assert {change.by for change in changes} == {"anonymous"}
    assert "<b>anonymous</b> hostility 0.999, hustling 0.5" in client.get("/review/policy").text


def test_the_first_change_undone_leaves_the_settings_in_force(store, checker):
    policies = Policies(store, checker)
    assert policies.put(higher(checker.policy), "anna", seen=0)
    assert policies.undo("ben", seen=1)

    newest = policies.newest()
    assert policies.checker.policy == checker.policy
    assert (newest.by, newest.of_settings) == ("ben", True)


@pytest.mark.parametrize(
    ("changes", "status", "words"),
    [
        ({"csrf": "wrong"}, 403, "This page is from before you signed in."),
        ({"sure": ""}, 422, "Nothing was changed."),
        ({"sure": "false"}, 422, "Go back and tick that you want the change."),
        ({"seen": "7"}, 409, "Somebody changed the thresholds after you opened this page"),
        ({"hustling": "nan"}, 422, "hustling"),
        ({"hustling": "1.1"}, 422, "hustling"),
    ],
    ids=["another page", "no answer", "not sure", "old page", "no number", "no probability"],
)
def test_a_form_that_cannot_be_followed_changes_nothing(client, changes, status, words):
    answer = put(client, **changes)

    assert answer.status_code == status
    assert words in answer.text
    assert client.app.state.service.policies.newest() is None
    assert decision(client) == "yes"


def test_thresholds_are_set_with_the_scope_admin_only(client):
    keys = client.app.state.service.keys
    reviewer = keys.add("kim", [Scope.REVIEW])
    client.post("/review/signin", data={"key": reviewer})
    form = {"csrf": hidden(client, "csrf"), "seen": "0"}
    flags = {"hostility": 0.9, "hustling": 0.9, "dismissiveness": 0.9, "sure": "true"}

    page = client.get("/review/policy").text
    answers = [
        client.post("/review/policy", data=form | flags),
        client.post("/review/policy/undo", data=form),
    ]

    assert [answer.status_code for answer in answers] == [403, 403]
    assert "That needs a key with the scope admin." in page
    assert 'action="/review/policy/undo"' not in page
    assert client.app.state.service.policies.newest() is None


def test_thresholds_of_another_model_are_not_in_force(store, checker):
    Policies(store, checker).put(higher(checker.policy), "anna", seen=0)
    other = checker.with_policy(checker.policy)
    other.model = "other@1"

    assert Policies(store, other).checker.policy == checker.policy
    assert Policies(store, checker).checker.policy == higher(checker.policy)


def test_while_the_database_does_not_answer_the_known_thresholds_stay(
    store, checker, monkeypatch, caplog
):
    clock = iter([0.0, 100.0, 100.5]).__next__
    policies = Policies(store, checker, clock=clock)
    policies.put(higher(checker.policy), "anna", seen=0)

    def fail(*_: object) -> None:
        raise OperationalError("SELECT", None, ValueError("secret"))

    monkeypatch.setattr(policies, "newest", fail)
    assert policies.checker.policy == higher(checker.policy)
    assert caplog.messages == ["the thresholds could not be looked up: OperationalError"]


def test_a_checker_with_other_thresholds_states_only_what_was_measured_at_them(checker):
    band = checker.policy[Tone.HUSTLING]
    moved = replace(band, yes_at=(band.yes_at + band.clear_at) / 2)

    other = checker.with_policy({**checker.policy, Tone.HUSTLING: moved})

    assert set(other.card) == set(checker.card) - {Tone.HUSTLING}
    assert other.check(INSULT).tones[Tone.HOSTILITY] == checker.check(INSULT).tones[Tone.HOSTILITY]
    assert checker.policy[Tone.HUSTLING] == band
