import pytest
from fastapi.testclient import TestClient

from tonecheck.errors import ConfigError, InputError
from tonecheck.service.app import create_app
from tonecheck.service.keys import Keys
from tonecheck.service.rates import Rates
from tonecheck.service.records import Scope
from tonecheck.service.settings import read
from tonecheck.service.tables import KeyRow

REPLY = {"text": "Thanks for asking!"}


def ask(client, **headers):
    return client.post("/v1/check", json=REPLY, headers=headers)


@pytest.fixture
def keys(client) -> Keys:
    return client.app.state.service.keys


def test_without_any_key_this_machine_may_ask(client):
    assert ask(client).status_code == 200
    assert ask(client, **{"X-API-Key": "some clients insist on one"}).status_code == 200


def test_as_soon_as_there_is_a_key_it_is_needed(client, keys):
    key = keys.add("forum", [Scope.CHECK])

    assert ask(client).status_code == 401
    assert ask(client, **{"X-API-Key": key + "x"}).status_code == 401
    assert ask(client, **{"X-API-Key": key}).status_code == 200
    assert ask(client, Authorization=f"Bearer {key}").status_code == 200
    assert client.post(f"/v1/check?key={key}", json=REPLY).status_code == 200


def test_a_key_does_only_what_its_scopes_say(client, keys):
    key = keys.add("anna", [Scope.REVIEW])

    answer = ask(client, **{"X-API-Key": key})

    assert answer.status_code == 403
    assert answer.json()["error"]["message"] == (
        "This API key has no scope check. Ask the operator for one that has."
    )


def test_a_revoked_key_is_worthless_and_does_not_open_the_door_again(client, keys):
    key = keys.add("forum", [Scope.CHECK])
    keys.revoke("forum")

    assert ask(client, **{"X-API-Key": key}).status_code == 401
    assert ask(client).status_code == 401
    with pytest.raises(InputError, match="there is no key 'forum' in use"):
        keys.revoke("forum")


def test_above_its_rate_a_key_is_told_when_to_come_back(client, keys):
    key = keys.add("forum", [Scope.CHECK], per_minute=12)
    answers = [ask(client, **{"X-API-Key": key}) for _ in range(4)]

    assert [answer.status_code for answer in answers][:3] == [200, 200, 429]
    assert 1 <= int(answers[2].headers["Retry-After"]) <= 5


def test_a_bucket_fills_evenly():
    moment = [0.0]
    rates = Rates(lambda: moment[0])

    assert [rates.take(1, 60) for _ in range(11)] == [0] * 10 + [1]
    moment[0] = 2.0
    assert [rates.take(1, 60) for _ in range(3)] == [0, 0, 1]
    assert rates.take(2, 60) == 0


def test_the_database_does_not_hold_the_key(client, keys):
    key = keys.add("forum", [Scope.CHECK])
    with client.app.state.service.store.engine.connect() as connection:
        rows = connection.execute(KeyRow.__table__.select()).all()

    assert key not in str(rows)
    assert key.removeprefix("tck_") not in str(rows)


def test_two_keys_of_one_name_are_refused(keys):
    keys.add("forum", [Scope.CHECK])

    with pytest.raises(InputError, match="there is a key 'forum' already"):
        keys.add("forum", [Scope.CHECK])


def test_a_service_for_a_whole_network_does_not_start_without_a_key(checker, tmp_path):
    database = f"sqlite:///{tmp_path / 'store.sqlite'}"
    app = create_app(read(host="0.0.0.0", database=database), checker=checker)

    with pytest.raises(ConfigError, match=r"let everyone in.*tonecheck keys add"), TestClient(app):
        pass
