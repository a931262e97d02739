"""The calls that Discourse AI, Coral and Open edX make, as their sources make them."""

import json

import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st

from tonecheck.labels import Tone
from tonecheck.service.app import create_app
from tonecheck.service.records import Scope, Status
from tonecheck.signatures import sign, signed

INSULT, KIND = "You are an idiot. Learn to read.", "Thanks, that helped a lot!"
ADVERT = "DM me and join my course today, only 3 places left, you would be crazy to miss this!"


def phase(text=INSULT, role="COMMENTER", **more):
    return {
        "action": "NEW",
        "comment": {"body": f"<div>{text}</div>", "parentID": None},
        "author": {"id": "a1", "role": role},
        "story": {"id": "s1", "url": "https://news.example/1"},
        "site": {"id": "x"},
        "tenantID": "t1",
        "tenantDomain": "news.example",
    } | more


@pytest.fixture
def coral(settings, checker):
    signing = settings.model_copy(update={"coral_secret": type(settings.coral_secret)("new,old")})
    with TestClient(create_app(signing, checker=checker), "http://127.0.0.1") as client:
        yield client


def send(client, request, secret="new", **headers):
    body = json.dumps(request).encode()
    headers = {"X-Coral-Signature": sign(secret, body)} | headers
    return client.post("/v1/coral/moderation", content=body, headers=headers)


def test_discourse_ai_gets_a_flat_list_with_the_likeliest_first(client, checker):
    headers = {"X-API-KEY": "k", "Authorization": "Bearer k", "Referer": "https://forum.example"}
    answer = client.post("/v1/classify", json={"inputs": INSULT, "truncate": True}, headers=headers)

    tones = checker.check(INSULT).tones
    assert {row["label"]: row["score"] for row in answer.json()} == {
        str(tone): score.probability for tone, score in tones.items()
    }
    scores = [row["score"] for row in answer.json()]
    assert scores == sorted(scores, reverse=True)


def test_several_inputs_get_a_list_each(client):
    answer = client.post("/v1/classify", json={"inputs": [INSULT, KIND]}).json()

    assert [len(rows) for rows in answer] == [3, 3]
    assert answer[0][0]["score"] > 0.9 > answer[1][0]["score"]


def test_the_former_discourse_ai_gets_percentages(client, checker):
    answer = client.post("/api/v1/classify", json={"model": "unbiased", "content": INSULT}).json()

    hostility = checker.check(INSULT).tones[Tone.HOSTILITY].probability
    assert answer["toxicity"] == answer["insult"] == pytest.approx(100 * hostility)
    assert answer["sexual_explicit"] == 0


def test_a_hostile_comment_is_flagged_for_corals_moderators_and_nothing_more(coral):
    answer = send(coral, phase())

    assert answer.json() == {
        "actions": [{"actionType": "FLAG", "reason": "COMMENT_DETECTED_TOXIC"}]
    }
    queued = coral.app.state.service.store.queue()
    assert [(reply.source, reply.author, reply.status) for reply in queued] == [
        ("coral", "a1", Status.OPEN)
    ]


def test_coral_hears_nothing_of_kind_comments_and_of_its_own_staff(coral):
    assert send(coral, phase(text=KIND)).status_code == 204
    assert send(coral, phase(role="MODERATOR")).status_code == 204


def test_corals_signature_is_needed_and_may_be_of_the_former_secret(coral):
    assert send(coral, phase(), secret="old").status_code == 200
    assert send(coral, phase(), secret="other").status_code == 401
    assert send(coral, phase(), **{"X-Coral-Signature": ""}).status_code == 401
    assert send(coral, {"comment": 1}).status_code == 422


def test_without_a_secret_coral_needs_a_key_for_hooks(client):
    key = client.app.state.service.keys.add("coral", [Scope.HOOKS])

    assert client.post("/v1/coral/moderation", json=phase()).status_code == 401
    assert client.post(f"/v1/coral/moderation?key={key}", json=phase()).status_code == 200


@pytest.mark.parametrize(("text", "word"), [(ADVERT, "spam"), (INSULT, "not_spam")])
def test_open_edx_is_told_of_hustling_as_spam(client, text, word):
    said = {"role": "user", "content": text}
    request = {"messages": [said], "client_id": "c", "system_message": "Say spam or not_spam."}

    answer = client.post("/v1/openedx/moderation", json=request).json()

    content = json.loads(answer[0]["content"])
    assert set(content) == {"reasoning", "classification", "confidence_score"}
    assert content["classification"] == word
    assert content["reasoning"].endswith("A person should decide.")


@given(st.binary(max_size=40), st.text(min_size=1, max_size=8))
def test_a_signature_is_good_for_its_body_and_secret_only(body, secret):
    assert signed([secret], body, sign(secret, body))
    assert signed(["other", secret], body, f"sha256=00, {sign(secret, body)}")
    assert not signed([secret], body + b"x", sign(secret, body))
    assert not signed([secret + "x"], body, sign(secret, body))
    assert not signed([""], body, sign("", body))
