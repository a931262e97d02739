"""The OpenAPI document says what clients get; test_service_schema compares answers with it."""

import pytest
from fastapi.testclient import TestClient

from tonecheck.service.api_document import EXAMPLES
from tonecheck.service.app import create_app
from tonecheck.service.records import Scope
from tonecheck.service.settings import read

OPEN = {"/healthz", "/readyz", "/$discovery/rest"}


@pytest.fixture(scope="module")
def document(checker, tmp_path_factory):
    database = f"sqlite:///{tmp_path_factory.mktemp('document') / 'store.sqlite'}"
    with TestClient(
        create_app(read(database=database), checker=checker), "http://127.0.0.1"
    ) as client:
        return client.get("/openapi.json").json()


def operations(document):
    return [
        (path, method, operation)
        for path, item in document["paths"].items()
        for method, operation in item.items()
    ]


def references(value):
    if isinstance(value, dict):
        yield from [value["$ref"]] if isinstance(value.get("$ref"), str) else []
        value = list(value.values())
    if isinstance(value, list):
        for each in value:
            yield from references(each)


def test_each_operation_has_a_name_of_its_own_and_says_what_it_does(document):
    found = operations(document)

    assert len({operation["operationId"] for *_, operation in found}) == len(found)
    assert all(operation["summary"] and operation["description"] for *_, operation in found)
    used = {tag for *_, operation in found for tag in operation["tags"]}
    assert used == {tag["name"] for tag in document["tags"]}


def test_what_the_document_refers_to_is_in_it(document):
    parts = {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}

    assert set(references(document)) <= parts
    assert not any("__" in name or "HTTPValidation" in name for name in parts)


def test_attributes_of_a_class_are_described_where_they_are(document):
    schema = document["components"]["schemas"]["CheckRequest"]

    assert schema["description"].endswith("and whether to keep what comes out.")
    assert schema["properties"]["parent"]["description"] == "What it answers, if anything."


def test_everything_that_is_not_open_takes_a_key_in_three_ways(document):
    for path, _, operation in operations(document):
        ways = {name for way in operation.get("security", []) for name in way}

        assert ways >= (set() if path in OPEN else {"bearer", "header", "query"}), path
        assert ways <= set(document["components"]["securitySchemes"])
        assert bool(ways) == (path not in OPEN), path


def test_every_body_has_an_example_that_is_answered(client, document):
    bodies = {path for path, _, operation in operations(document) if "requestBody" in operation}

    assert bodies == set(EXAMPLES)
    for path, example in EXAMPLES.items():
        assert client.post(path, json=example).status_code in {200, 204}, path


def test_a_refusal_is_documented_word_for_word(client, document):
    client.app.state.service.keys.add("forum", [Scope.REVIEW])

    for path, method, operation in operations(document):
        if path in OPEN:
            continue
        answer = client.request(method.upper(), path, json=EXAMPLES.get(path))
        documented = operation["responses"]["401"]["content"]["application/json"]["examples"]

        assert answer.status_code == 401, path
        assert answer.json() in [example["value"] for example in documented.values()], path


def test_a_body_that_is_no_text_is_refused_with_what_to_send(client):
    headers = {"Content-Type": "application/json"}

    answer = client.post("/v1/check", content=b'{"text": "\xff"}', headers=headers)

    assert answer.status_code == 400
    assert answer.json()["error"] == {
        "code": "body_unreadable",
        "message": "The body is not JSON in UTF-8. Send it as that.",
    }
