"""The moderation call of Open edX discussions (2U's fork), which asks whether a post is spam."""

import json
from typing import Annotated, Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, Field

from tonecheck.labels import TONES
from tonecheck.messages import Message
from tonecheck.service.auth import CheckCaller
from tonecheck.service.context import ServiceDep
from tonecheck.service.native import MOST_CHARS
from tonecheck.service.protocol import Protocol
from tonecheck.service.refusals import Refusal

router = APIRouter(tags=["Open edX"])


class ChatMessage(BaseModel):
    """A message of a chat with a language model, which this protocol imitates."""

    role: str = "user"
    content: Annotated[str, Field(max_length=MOST_CHARS)]


class ChatRequest(BaseModel):
    """The post is the last message of the user; instructions to a model are left alone."""

    messages: Annotated[list[ChatMessage], Field(min_length=1, max_length=64)]


@router.post("/v1/openedx/moderation")
async def moderate(
    request: ChatRequest, service: ServiceDep, caller: CheckCaller
) -> list[dict[str, Any]]:
    """Return `spam`, which flags the post for staff, or `not_spam`, with the reason.

    The protocol has no other word for a flag. Which tones count is the operator's choice.
    """
    users = [said for said in request.messages if said.role == "user"] or request.messages
    verdict = await service.judge.check(Message(text=users[-1].content))
    tones = [tone for tone in TONES if tone in service.settings.openedx_tones]
    flagged = [tone for tone in tones if tone in verdict.flagged]
    likeliest = max((verdict.tones[tone].probability for tone in tones), default=0.0)
    said = {
        "reasoning": f"{verdict.explanation} A person should decide.",
        "classification": "spam" if flagged else "not_spam",
        "confidence_score": likeliest if flagged else round(1 - likeliest, 4),
    }
    return [{"role": "assistant", "content": json.dumps(said, ensure_ascii=False)}]


def refuse(refusal: Refusal) -> Response:
    """Return a refusal; Open edX takes any as leave to let the post pass."""
    return JSONResponse({"error": refusal.message}, status_code=refusal.status)


PROTOCOL = Protocol(paths=("/v1/openedx/",), router=router, refuse=refuse)
