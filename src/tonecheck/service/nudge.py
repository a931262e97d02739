"""A word to the author before posting: gentle, about the words, and never a bar to posting."""

import json
from collections.abc import Sequence
from functools import cache
from importlib import resources
from typing import Annotated, Any

from fastapi import APIRouter
from fastapi.responses import Response
from pydantic import BaseModel, Field
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from tonecheck.labels import TONES, Severity, Tone
from tonecheck.messages import Message
from tonecheck.service.auth import CheckCaller
from tonecheck.service.context import ServiceDep
from tonecheck.service.native import MOST_CHARS, refuse
from tonecheck.service.protocol import Protocol
from tonecheck.verdict import ToneScore, Verdict

router = APIRouter(tags=["tonecheck"])

_PATH = "/v1/nudge"

_MOST_WORDS = 6  # of what is quoted
_Text = Annotated[str, Field(max_length=MOST_CHARS)]
_CLOSING = "It is yours to decide; this is a guess by a machine."


class NudgeRequest(BaseModel):
    """A draft, and what it answers."""

    text: _Text
    parent: _Text | None = None


class NudgeOrigins:
    """Lets pages of named sites ask for nudges, and for nothing else (CORS, Fetch Standard)."""

    def __init__(self, app: ASGIApp, *, origins: Sequence[str]) -> None:
        self._app = app
        self._open = CORSMiddleware(
            app,
            allow_origins=origins,
            allow_methods=["POST"],
            allow_headers=["Content-Type", "X-API-Key"],
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        nudge = scope["type"] == "http" and scope["path"] == _PATH
        await (self._open if nudge else self._app)(scope, receive, send)


@router.post(_PATH)
async def nudge(request: NudgeRequest, service: ServiceDep, caller: CheckCaller) -> dict[str, Any]:
    """Return a word to the author, or null where there is nothing to say. Nothing is stored."""
    message = Message(text=request.text, parent=request.parent)
    verdict = await service.judge.check(message)
    return {"nudge": word(verdict), "model": verdict.model}


@router.get("/nudge.js", include_in_schema=False)
async def script() -> Response:
    """Return the script that shows nudges below any form's text field."""
    return Response(_script(), media_type="text/javascript")


def word(verdict: Verdict) -> dict[str, Any] | None:
    """Return what to say to the author of a draft, or None where no tone is flagged.

    It is about the surest tone, and about words that carry it where there are any. Where the
    verdict is only unsure, or no known words carry a tone that is only mild, nothing is said: a
    wrong word here costs more than a missed one.
    """
    tones = [tone for tone in verdict.flagged if _worth_it(verdict.tones[tone])]
    if not tones:
        return None
    tone = max(tones, key=lambda each: verdict.tones[each].probability)
    score = verdict.tones[tone]
    kind, start, end, quoted = _carrier(tone, score)
    reads, advice = _wordings()[kind]
    subject = f"“{quoted}”" if quoted else "This"
    return {
        "tone": str(tone),
        "message": f"{subject} {reads}. {advice}",
        "closing": _CLOSING,
        "start": start,
        "end": end,
        "probability": score.probability,
    }


def _worth_it(score: ToneScore) -> bool:
    known = any(evidence.cue in _wordings() for evidence in score.evidence)
    return known or score.severity is Severity.CLEAR


def _carrier(tone: Tone, score: ToneScore) -> tuple[str, int, int, str]:
    """Return the kind of wording to use, and where its words are."""
    known = [evidence for evidence in score.evidence if evidence.cue in _wordings()]
    if not known:
        return str(tone), 0, 0, ""
    best = max(known, key=lambda evidence: evidence.weight)
    words = "".join(char if char.isprintable() else " " for char in best.text).split()
    shown = " ".join(words[:_MOST_WORDS]) + ("…" if len(words) > _MOST_WORDS else "")
    return best.cue, best.start, best.end, shown


@cache
def _wordings() -> dict[str, tuple[str, str]]:
    text = (resources.files("tonecheck.service") / "nudges.json").read_text(encoding="utf-8")
    found = {kind: (reads, advice) for kind, (reads, advice) in json.loads(text).items()}
    assert {str(tone) for tone in TONES} <= set(found)
    return found


@cache
def _script() -> bytes:
    return (resources.files("tonecheck.service") / "static" / "nudge.js").read_bytes()


PROTOCOL = Protocol(paths=("/v1/nudge", "/nudge"), router=router, refuse=refuse)
