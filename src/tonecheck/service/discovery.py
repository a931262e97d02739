"""The discovery document by which Google's clients learn what Perspective's methods are.

Google's discovery format: developers.google.com/discovery/v1/reference/apis.
"""

from typing import Any

NAME, VERSION = "commentanalyzer", "v1alpha1"

_STRING = {"type": "string"}
_NUMBER = {"type": "number", "format": "float"}
_WHOLE = {"type": "integer", "format": "int32"}
_FLAG = {"type": "boolean"}


def document(root: str) -> dict[str, Any]:
    """Return the document of a service that clients reach under `root`, which ends with `/`."""
    return {
        "kind": "discovery#restDescription",
        "discoveryVersion": "v1",
        "id": f"{NAME}:{VERSION}",
        "name": NAME,
        "version": VERSION,
        "title": "tonecheck, by Perspective's protocol",
        "description": "Says how likely replies are hostile, hustling or dismissive.",
        "protocol": "rest",
        "rootUrl": root,
        "baseUrl": root,
        "servicePath": "",
        "batchPath": "batch",
        "parameters": {
            "alt": {**_STRING, "location": "query", "default": "json"},
            "key": {**_STRING, "location": "query"},
        },
        "schemas": _schemas(),
        "resources": {
            "comments": {
                "methods": {
                    "analyze": _method("analyze", "AnalyzeComment"),
                    "suggestscore": _method("suggestscore", "SuggestCommentScore"),
                }
            }
        },
    }


def _method(name: str, schema: str) -> dict[str, Any]:
    path = f"{VERSION}/comments:{name}"
    return {
        "id": f"{NAME}.comments.{name}",
        "path": path,
        "flatPath": path,
        "httpMethod": "POST",
        "parameters": {},
        "parameterOrder": [],
        "request": {"$ref": f"{schema}Request"},
        "response": {"$ref": f"{schema}Response"},
    }


def _schemas() -> dict[str, Any]:
    analyzed = {
        "comment": _ref("TextEntry"),
        "context": _ref("Context"),
        "languages": _list(_STRING),
        "clientToken": _STRING,
        "sessionId": _STRING,
        "communityId": _STRING,
    }
    return {
        "AnalyzeCommentRequest": _object(
            "AnalyzeCommentRequest",
            **analyzed,
            requestedAttributes=_map("AttributeParameters"),
            spanAnnotations=_FLAG,
            doNotStore=_FLAG,
        ),
        "AnalyzeCommentResponse": _object(
            "AnalyzeCommentResponse",
            attributeScores=_map("AttributeScores"),
            languages=_list(_STRING),
            detectedLanguages=_list(_STRING),
            clientToken=_STRING,
        ),
        "SuggestCommentScoreRequest": _object(
            "SuggestCommentScoreRequest", **analyzed, attributeScores=_map("AttributeScores")
        ),
        "SuggestCommentScoreResponse": _object(
            "SuggestCommentScoreResponse",
            clientToken=_STRING,
            detectedLanguages=_list(_STRING),
            requestedLanguages=_list(_STRING),
        ),
        "TextEntry": _object("TextEntry", text=_STRING, type=_STRING),
        "Context": _object(
            "Context",
            entries=_list(_ref("TextEntry")),
            articleAndParentComment=_ref("ArticleAndParentComment"),
        ),
        "ArticleAndParentComment": _object(
            "ArticleAndParentComment", article=_ref("TextEntry"), parentComment=_ref("TextEntry")
        ),
        "AttributeParameters": _object(
            "AttributeParameters", scoreType=_STRING, scoreThreshold=_NUMBER
        ),
        "AttributeScores": _object(
            "AttributeScores", summaryScore=_ref("Score"), spanScores=_list(_ref("SpanScore"))
        ),
        "Score": _object("Score", value=_NUMBER, type=_STRING),
        "SpanScore": _object("SpanScore", begin=_WHOLE, end=_WHOLE, score=_ref("Score")),
    }


def _object(name: str, **properties: Any) -> dict[str, Any]:  # noqa: ANN401  parts of the document
    return {"id": name, "type": "object", "properties": properties}


def _ref(schema: str) -> dict[str, Any]:
    return {"$ref": schema}


def _list(item: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": item}


def _map(schema: str) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": _ref(schema)}
