"""Coral's external moderation phase: what to say of a comment before it is published.

The answer never has a status, so nothing is withheld or rejected: a flag puts the comment before
moderators. Their decisions come back through Perspective's `comments:suggestscore`.
"""

import hashlib

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ValidationError
from starlette.concurrency import run_in_threadpool

from tonecheck.messages import Message
from tonecheck.service.auth import admit, key_of
from tonecheck.service.context import Service, ServiceDep
from tonecheck.service.protocol import Protocol
from tonecheck.service.records import NewReply, Scope, web_address
from tonecheck.service.refusals import Refusal, invalid
from tonecheck.signatures import signed
from tonecheck.verdict import Verdict

router = APIRouter(tags=["Coral"])

_STAFF = {"ADMIN", "MODERATOR", "STAFF"}


class Comment(BaseModel):
    """The comment, in HTML."""

    body: str = ""
    parentID: str | None = None  # noqa: N815  the protocol's name


class Author(BaseModel):
    """Who wrote it."""

    id: str = ""
    role: str = ""


class Story(BaseModel):
    """What it stands under."""

    id: str = ""
    url: str = ""


class PhaseRequest(BaseModel):
    """A new or edited comment."""

    comment: Comment
    author: Author = Author()
    story: Story = Story()
    tenantID: str = ""  # noqa: N815  the protocol's name


# The signature is over the bytes, so that FastAPI is not to read them.
_TAKES = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": {"type": "object", "required": ["comment"]}}},
    },
    "security": [{"coral": []}, {"bearer": [str(Scope.HOOKS)]}],
}


@router.post(
    "/v1/coral/moderation",
    responses={204: {"description": "No opinion."}},
    openapi_extra=_TAKES,
)
async def moderate(request: Request, service: ServiceDep) -> Response:
    """Flag a comment for moderators, or answer 204: no opinion."""
    body = await request.body()
    await _require_leave(request, service, body)
    try:
        phase = PhaseRequest.model_validate_json(body)
    except ValidationError as err:
        first = err.errors(include_url=False, include_input=False)[0]
        raise invalid(first["loc"], first["msg"]) from None
    if phase.author.role in _STAFF:
        return Response(status_code=204)
    verdict = await service.judge.check(Message(text=phase.comment.body))
    await run_in_threadpool(service.store.record, _reply(phase, verdict))
    if not verdict.flagged:
        return Response(status_code=204)
    flag = {"actionType": "FLAG", "reason": "COMMENT_DETECTED_TOXIC"}
    return JSONResponse({"actions": [flag]})


def refuse(refusal: Refusal) -> Response:
    """Return a refusal; Coral looks at the status only."""
    return JSONResponse({"error": refusal.message}, status_code=refusal.status)


async def _require_leave(request: Request, service: Service, body: bytes) -> None:
    secrets = service.settings.coral_secret.get_secret_value().split(",")
    if any(secrets):
        if not signed(map(str.strip, secrets), body, request.headers.get("x-coral-signature", "")):
            raise Refusal(
                401, "bad_signature", "The signature is not that of coral_secret. Compare the two."
            )
        return
    await run_in_threadpool(admit, request, key_of(request), Scope.HOOKS)


def _reply(phase: PhaseRequest, verdict: Verdict) -> NewReply:
    # Coral gives a new comment no id here, so that its place and words have to name it.
    named = "\0".join([phase.story.id, phase.author.id, phase.comment.body])
    return NewReply(
        source="coral",
        community=phase.tenantID[:200],
        external_id=hashlib.sha256(named.encode("utf-8", "surrogatepass")).hexdigest(),
        verdict=verdict,
        author=phase.author.id[:200],
        thread=phase.story.id[:200],
        text=phase.comment.body,
        url=web_address(phase.story.url),
        queued=bool(verdict.flagged or verdict.unsure),
    )


PROTOCOL = Protocol(paths=("/v1/coral/",), router=router, refuse=refuse)
