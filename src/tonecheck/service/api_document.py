"""The OpenAPI document: what FastAPI finds in the routes, with keys, errors and examples.

Errors are described by asking each protocol to refuse something, so that the document says what
clients get. Specification: spec.openapis.org/oas/v3.1.1.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

from tonecheck.service.auth import SCHEME, limited, outside, unknown
from tonecheck.service.protocol import Protocol
from tonecheck.service.records import Scope
from tonecheck.service.refusals import Refusal, overloaded, unreadable

_ABOUT = (
    "Says how likely replies are hostile, hustling or dismissive, why, and how sure that is. It "
    "hides and deletes nothing: a person decides. Several routes speak the protocols of other "
    "moderation services, so that their clients only change an address."
)
_TAGS = {
    "tonecheck": "Our own protocol: verdicts with reasons.",
    "OpenAI": "The moderation endpoint that OpenAI's clients call.",
    "Hugging Face": "Text classification, as Discourse AI asks for it.",
    "Perspective": "The methods of Perspective's Comment Analyzer.",
    "Coral": "An external moderation phase of Coral.",
    "Discourse": "Where a forum sends its hooks.",
    "Open edX": "The moderation call of Open edX discussions.",
    "authors": "What is kept about somebody: give it out, delete it.",
    "operation": "For those who keep the service running.",
}
_KEYS = (
    "An API key; the operator makes one with `tonecheck keys add`. A service on loopback needs "
    "none before that."
)
_SCHEMES = {
    SCHEME: {"type": "http", "scheme": "bearer", "description": _KEYS},
    "header": {"type": "apiKey", "in": "header", "name": "X-API-Key", "description": _KEYS},
    "query": {
        "type": "apiKey",
        "in": "query",
        "name": "key",
        "description": f"{_KEYS} Addresses end up in logs: only for clients that can do no other.",
    },
    "coral": {
        "type": "apiKey",
        "in": "header",
        "name": "X-Coral-Signature",
        "description": "Coral's signature, where `coral_secret` is set.",
    },
    "discourse": {
        "type": "apiKey",
        "in": "header",
        "name": "X-Discourse-Event-Signature",
        "description": "Discourse's signature by `discourse_secret`.",
    },
}
_QUESTION = "How do I undo my last commit?"
_REPLY = "Just google it."
EXAMPLES: Mapping[str, Any] = {
    "/v1/check": {"text": _REPLY, "parent": _QUESTION},
    "/v1/check/batch": {"replies": [{"text": _REPLY, "id": "1"}, {"text": "Try git revert."}]},
    "/v1/threads": {
        "title": "Undoing a commit",
        "messages": [
            {"id": "1", "author": "kim", "text": _QUESTION},
            {"id": "2", "author": "lou", "text": _REPLY, "reply_to": "1"},
        ],
    },
    "/v1/nudge": {"text": _REPLY, "parent": _QUESTION},
    "/v1/moderations": {"input": [_REPLY, "Try git revert."]},
    "/v1/classify": {"inputs": _REPLY},
    "/api/v1/classify": {"content": _REPLY},
    "/v1/openedx/moderation": {"messages": [{"role": "user", "content": _REPLY}]},
    "/v1alpha1/comments:analyze": {
        "comment": {"text": _REPLY},
        "requestedAttributes": {"DISMISSIVENESS": {}},
    },
    "/v1alpha1/comments:suggestscore": {
        "comment": {"text": _REPLY},
        "attributeScores": {"DISMISSIVENESS": {"summaryScore": {"value": 1}}},
    },
    "/v1/coral/moderation": {
        "comment": {"body": f"<p>{_REPLY}</p>"},
        "author": {"id": "lou"},
        "story": {"id": "7", "url": "https://news.example/7"},
    },
    "/v1/discourse/hook": {"ping": "OK"},
}
"""For each path with a body one that it takes."""


def operation_id(route: APIRoute) -> str:
    """Return the name that generated clients give to a route."""
    return re.sub(r"\W+", "_", "_".join([*map(str, route.tags), route.name]).lower())


def described(app: FastAPI, protocols: Sequence[Protocol]) -> Callable[[], dict[str, Any]]:
    """Return what gives an application's document, made when it is first asked for."""

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _document(app, protocols)
        return app.openapi_schema

    return document


def _document(app: FastAPI, protocols: Sequence[Protocol]) -> dict[str, Any]:
    document = get_openapi(
        title=app.title,
        version=app.version,
        summary="A private moderation service for learning communities.",
        description=_ABOUT,
        routes=app.routes,
        tags=[{"name": name, "description": text} for name, text in _TAGS.items()],
    )
    for path, item in document["paths"].items():
        refuse = next(each.refuse for each in protocols if path.startswith(each.paths))
        for operation in item.values():
            _complete(operation, path)
            for refusal in _refusals(operation):
                _add(operation["responses"], refusal, refuse(refusal))
    parts = document["components"]
    parts["securitySchemes"] = _SCHEMES
    parts["schemas"] = {
        name: _explained(schema)
        for name, schema in parts["schemas"].items()
        if name not in {"HTTPValidationError", "ValidationError"}  # FastAPI's; ours differ
    }
    return document


def _complete(operation: dict[str, Any], path: str) -> None:
    """Give an operation its summary, its example and all ways to hand over a key."""
    summary, _, more = operation["description"].partition("\n\n")
    operation["summary"] = " ".join(summary.removesuffix(".").split())
    operation["description"] = more or summary
    if path in EXAMPLES:
        operation["requestBody"]["content"]["application/json"]["example"] = EXAMPLES[path]
    if keyed := _keyed(operation):
        operation["security"] += [{name: keyed} for name in ("header", "query")]
        operation["description"] += f"\n\nThe key needs the scope `{keyed[0]}`."


def _keyed(operation: dict[str, Any]) -> list[str]:
    """Return the scopes of the key that an operation takes, or none."""
    return next((way[SCHEME] for way in operation.get("security", []) if SCHEME in way), [])


def _refusals(operation: dict[str, Any]) -> Iterator[Refusal]:
    """Return what an operation may say no with, and take FastAPI's own error away."""
    invalid = operation["responses"].pop("422", None)
    body = operation.get("requestBody")
    if invalid or body:
        yield Refusal(422, "invalid_request", "text: Field required.", param="text")
    if body:
        yield unreadable()
        yield Refusal(
            413, "body_too_large", "The request is larger than 1,000,000 bytes. Send less."
        )
        yield overloaded(2)
        late = "No verdict within 10 s. Ask again, or send less at once."
        yield Refusal(503, "timeout", late, retry_after=2)
    if "security" in operation:
        yield unknown("")
        if keyed := _keyed(operation):
            yield outside(Scope(keyed[0]))
            yield limited(600, seconds=2)


def _add(responses: dict[str, Any], refusal: Refusal, answer: Any) -> None:  # noqa: ANN401
    """Add a refusal to those that have the same status."""
    example = json.loads(answer.body)
    response = responses.setdefault(
        str(answer.status_code),
        {
            "description": HTTPStatus(answer.status_code).phrase,
            "content": {"application/json": {"schema": _form(example), "examples": {}}},
        },
    )
    if refusal.retry_after is not None:
        seconds = {"type": "integer", "minimum": 1}
        about = "After how many seconds it makes sense to ask again."
        response["headers"] = {"Retry-After": {"description": about, "schema": seconds}}
    content = response["content"]["application/json"]
    content["examples"][refusal.code] = {"value": example}


def _form(value: object) -> dict[str, Any]:
    """Return the schema of a refusal, from one of its protocol's."""
    if isinstance(value, dict):
        forms = {key: _form(each) for key, each in value.items()}
        return {"type": "object", "properties": forms, "required": list(forms)}
    if isinstance(value, list):
        return {"type": "array"}
    return {"type": "integer"} if isinstance(value, int) else {"type": ["string", "null"]}


def _explained(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a schema whose properties say what the docstring of its class says of them."""
    text, _, attributes = schema.get("description", "").partition("\n\nAttributes:\n")
    properties = {name: dict(form) for name, form in schema.get("properties", {}).items()}
    for name, about in re.findall(r"^ {4}(\w+): (.*(?:\n {8}.*)*)", attributes, re.MULTILINE):
        if name in properties:
            properties[name]["description"] = " ".join(about.split())
    return schema | {"description": text} | ({"properties": properties} if properties else {})
