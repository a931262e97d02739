"""What every request meets first, and what operators look at."""

import json
import logging

import pytest
from fastapi.testclient import TestClient

from tonecheck.service.app import create_app
from tonecheck.service.edge import JsonLines
from tonecheck.service.records import Scope

INSULT = "You are an idiot. Learn to read."


@pytest.fixture
def small(settings, checker):
    app = create_app(settings.model_copy(update={"max_body": 2_000}), checker=checker)
    with TestClient(app, "http://127.0.0.1") as client:
        yield client


def test_a_body_beyond_the_limit_is_refused_in_the_protocols_words(small):
    long = {"comment": {"text": "a" * 3_000}, "requestedAttributes": {"TOXICITY": {}}}

    ours = small.post("/v1/check", json={"text": "a" * 3_000})
    theirs = small.post("/v1alpha1/comments:analyze", json=long)

    assert ours.status_code == 413
    assert ours.json()["error"]["message"] == "The request is larger than 2,000 bytes. Send less."
    assert theirs.json()["error"]["status"] == "INVALID_ARGUMENT"


def test_a_body_that_does_not_say_how_long_it_is_is_counted(small):
    pieces = iter([b'{"text": "', *[b"a" * 500] * 5, b'"}'])

    answer = small.post("/v1/check", content=pieces, headers={"Content-Type": "application/json"})

    assert answer.status_code == 413


def test_every_answer_has_a_number_and_safe_headers(client):
    for answer in (client.get("/healthz"), client.get("/nowhere"), client.post("/v1/check")):
        assert len(answer.headers["x-request-id"]) == 32
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "style-src 'self'" in client.get("/review").headers["content-security-policy"]


def test_what_is_not_there_is_said_so(client):
    answer = client.get("/v1/nowhere")

    assert answer.status_code == 404
    assert answer.json()["error"]["message"] == "Not Found. /openapi.json lists what there is."


def test_the_log_holds_neither_texts_nor_keys_nor_names(client, caplog):
    key = client.app.state.service.keys.add("forum", [Scope.CHECK, Scope.ADMIN])
    caplog.set_level(logging.INFO, logger="tonecheck.requests")
    client.post(f"/v1/check?key={key}", json={"text": INSULT})
    client.get("/v1/authors/kim", headers={"X-API-Key": key})

    lines = [json.loads(JsonLines().format(record)) for record in caplog.records
             if record.name == "tonecheck.requests"]  # fmt: skip
    assert [(line["method"], line["route"], line["status"]) for line in lines] == [
        ("POST", "/v1/check", 200), ("GET", "/v1/authors/{author:path}", 200),
    ]  # fmt: skip
    assert "forum" not in json.dumps(lines)
    for secret in ("idiot", key, "kim"):
        assert secret not in json.dumps(lines)


def test_the_log_tells_by_its_number_whose_key_asked_even_where_it_was_refused(client, caplog):
    keys = client.app.state.service.keys
    keys.add("other", [Scope.ADMIN])
    key = keys.add("forum", [Scope.CHECK], per_minute=6)
    caplog.set_level(logging.INFO, logger="tonecheck.requests")
    for headers in ({"X-API-Key": key}, {"X-API-Key": key}, {"X-API-Key": "wrong"}):
        client.post("/v1/check", json={"text": "Hi"}, headers=headers)
    client.get("/healthz")

    lines = [json.loads(JsonLines().format(record)) for record in caplog.records
             if record.name == "tonecheck.requests"]  # fmt: skip
    assert [(line["status"], line.get("key")) for line in lines] == [
        (200, 2), (429, 2), (401, None), (200, None),
    ]  # fmt: skip


def test_an_error_is_logged_by_its_kind_only():
    try:
        raise ValueError("what somebody wrote")
    except ValueError as err:
        info = (type(err), err, err.__traceback__)
    record = logging.LogRecord("uvicorn.error", logging.ERROR, "x", 1, "Failed", None, info)

    line = JsonLines().format(record)

    assert json.loads(line)["error"] == "ValueError"
    assert "somebody" not in line


def test_a_name_that_was_pointed_at_this_machine_does_not_get_in(client):
    answer = client.post("/v1/check", json={"text": INSULT}, headers={"Host": "evil.example"})

    assert answer.status_code == 400


def test_health_and_readiness(client, checker):
    assert client.get("/healthz").json() == {"status": "ok"}
    assert client.get("/readyz").json() == {
        "model": checker.model, "database": "ok", "queue": "ok",
    }  # fmt: skip


def test_prometheus_is_told_by_route(client):
    client.post("/v1/check", json={"text": INSULT})

    text = client.get("/metrics").text

    assert 'tonecheck_requests_total{method="POST",route="/v1/check",status="200"} 1.0' in text
    assert "tonecheck_waiting_replies 0.0" in text
    assert "idiot" not in text
