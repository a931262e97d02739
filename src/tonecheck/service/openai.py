"""OpenAI's moderation endpoint, for software that calls it through OpenAI's own clients."""

from typing import Annotated, Any, Literal
from uuid import uuid4

from fastapi import APIRouter
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, Field

from tonecheck.labels import TONES, Decision, Tone
from tonecheck.messages import Message
from tonecheck.service.auth import CheckCaller
from tonecheck.service.context import ServiceDep
from tonecheck.service.native import MOST_CHARS, MOST_REPLIES
from tonecheck.service.protocol import Protocol
from tonecheck.service.refusals import Refusal
from tonecheck.verdict import Verdict

router = APIRouter(tags=["OpenAI"])

CATEGORIES: dict[str, Tone | None] = {
    "harassment": Tone.HOSTILITY,
    **dict.fromkeys(
        (
            "harassment/threatening", "hate", "hate/threatening", "illicit", "illicit/violent",
            "self-harm", "self-harm/instructions", "self-harm/intent", "sexual", "sexual/minors",
            "violence", "violence/graphic",
        )
    ),
    **{str(tone): tone for tone in TONES},
}  # fmt: skip
"""The tone behind each category. OpenAI's clients need all of theirs; those without a tone are not
judged: their score is 0 and their list of applied inputs is empty. The last three are our own."""

_TYPES = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}
_CODES = {"unauthorized": "invalid_api_key", "rate_limited": "rate_limit_exceeded"}


class Part(BaseModel):
    """A part of one item; only texts can be read."""

    type: Literal["text"]
    text: Annotated[str, Field(max_length=MOST_CHARS)]


_Text = Annotated[str, Field(max_length=MOST_CHARS)]
_Texts = Annotated[list[_Text], Field(min_length=1, max_length=MOST_REPLIES)]
_Parts = Annotated[list[Part], Field(min_length=1, max_length=MOST_REPLIES)]


class ModerationRequest(BaseModel):
    """A text, several texts, or one item in parts; the model is that of the service."""

    input: _Text | _Texts | _Parts


@router.post("/v1/moderations")
async def moderate(
    request: ModerationRequest, service: ServiceDep, caller: CheckCaller
) -> dict[str, Any]:
    """Return a result for each text, or one for an item in parts."""
    messages = [Message(text=text) for text in _texts(request.input)]
    verdicts = await service.judge.check_many(messages)
    return {
        "id": f"modr-{uuid4().hex}",
        "model": service.checker.model,
        "results": [_result(verdict) for verdict in verdicts],
    }


def refuse(refusal: Refusal) -> Response:
    """Return a refusal as OpenAI's clients read it."""
    status = 400 if refusal.status == 422 else refusal.status
    kind = _TYPES.get(status, "server_error" if status >= 500 else "invalid_request_error")
    error = {
        "message": refusal.message,
        "type": kind,
        "param": refusal.param.split(".")[0] or None,
        "code": _CODES.get(refusal.code, refusal.code),
    }
    return JSONResponse({"error": error}, status_code=status)


def _texts(given: str | list[str] | list[Part]) -> list[str]:
    if isinstance(given, str):
        return [given]
    texts = [item for item in given if isinstance(item, str)]
    return texts or ["\n".join(item.text for item in given if isinstance(item, Part))]


def _result(verdict: Verdict) -> dict[str, Any]:
    scores = {
        name: verdict.tones[tone].probability if tone else 0.0 for name, tone in CATEGORIES.items()
    }
    return {
        "flagged": bool(verdict.flagged),
        "categories": {
            name: tone is not None and verdict.tones[tone].decision is Decision.YES
            for name, tone in CATEGORIES.items()
        },
        "category_scores": scores,
        "category_applied_input_types": {
            name: ["text"] if tone else [] for name, tone in CATEGORIES.items()
        },
        "explanation": verdict.explanation,
    }


PROTOCOL = Protocol(paths=("/v1/moderations",), router=router, refuse=refuse)
