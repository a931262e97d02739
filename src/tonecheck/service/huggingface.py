"""Text classification as Hugging Face's inference servers answer it, which Discourse AI calls."""

from typing import Annotated, Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, Field

from tonecheck.labels import TONES, Tone
from tonecheck.messages import Message
from tonecheck.service.auth import CheckCaller
from tonecheck.service.context import ServiceDep
from tonecheck.service.native import MOST_CHARS, MOST_REPLIES
from tonecheck.service.protocol import Protocol
from tonecheck.service.refusals import Refusal
from tonecheck.verdict import Verdict

router = APIRouter(tags=["Hugging Face"])

_Text = Annotated[str, Field(max_length=MOST_CHARS)]

# What Discourse AI's first toxicity model was asked for; None is not judged and stays 0.
_LEGACY: dict[str, Tone | None] = {
    "toxicity": Tone.HOSTILITY,
    "insult": Tone.HOSTILITY,
    **dict.fromkeys(("severe_toxicity", "obscene", "identity_attack", "threat", "sexual_explicit")),
}


class ClassifyRequest(BaseModel):
    """A text, or several; other keys, such as `truncate`, are left alone."""

    inputs: _Text | Annotated[list[_Text], Field(min_length=1, max_length=MOST_REPLIES)]


class LegacyRequest(BaseModel):
    """A text, as Discourse AI sent it until November 2024; any model is ours."""

    content: _Text


@router.post("/v1/classify")
async def classify(request: ClassifyRequest, service: ServiceDep, caller: CheckCaller) -> list[Any]:
    """Return labels with scores, the likeliest first; for several texts a list for each."""
    several = isinstance(request.inputs, list)
    texts = request.inputs if isinstance(request.inputs, list) else [request.inputs]
    verdicts = await service.judge.check_many([Message(text=text) for text in texts])
    found = [_labels(verdict) for verdict in verdicts]
    return found if several else found[0]


@router.post("/api/v1/classify")
async def classify_toxicity(
    request: LegacyRequest, service: ServiceDep, caller: CheckCaller
) -> dict[str, float]:
    """Return percentages by the names of Discourse AI's former toxicity model."""
    verdict = await service.judge.check(Message(text=request.content))
    return {
        name: round(100 * verdict.tones[tone].probability, 2) if tone else 0.0
        for name, tone in _LEGACY.items()
    }


def refuse(refusal: Refusal) -> Response:
    """Return a refusal as these clients read it."""
    return JSONResponse({"error": refusal.message}, status_code=refusal.status)


def _labels(verdict: Verdict) -> list[dict[str, Any]]:
    scores = [{"label": str(tone), "score": verdict.tones[tone].probability} for tone in TONES]
    return sorted(scores, key=lambda score: -float(str(score["score"])))


PROTOCOL = Protocol(paths=("/v1/classify", "/api/v1/classify"), router=router, refuse=refuse)
