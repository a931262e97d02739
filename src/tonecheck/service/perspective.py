"""Perspective's protocol, so that its clients only change an address.

Google ends the Perspective API on 31 December 2026. What is alike and what is not:
docs/perspective.md.
"""

import hashlib
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from starlette.concurrency import run_in_threadpool

from tonecheck.messages import Message
from tonecheck.service.attributes import Attribute, attribute_named
from tonecheck.service.auth import CheckCaller, FeedbackCaller
from tonecheck.service.comments import AnalyzeRequest, Comment, SuggestRequest
from tonecheck.service.context import ServiceDep
from tonecheck.service.discovery import VERSION, document
from tonecheck.service.protocol import Protocol
from tonecheck.service.records import NewDecision, NewReply, Status, web_address
from tonecheck.service.refusals import Refusal
from tonecheck.service.units import utf16_offsets
from tonecheck.verdict import Note, Verdict

router = APIRouter(tags=["Perspective"])

MOST_BYTES = 20 * 1024  # of UTF-8, as Google documented
_TYPES = {"PLAIN_TEXT", "HTML", "TEXT_TYPE_UNSPECIFIED", ""}
_LANGUAGE = "en"
_UNDETERMINED = "und"  # BCP 47
_ERROR = "type.googleapis.com/google.commentanalyzer.v1alpha1.Error"
_INFO = "type.googleapis.com/google.rpc.ErrorInfo"
_STATUS = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
}


class AnalyzerRefusal(Refusal):
    """A refusal with the details that Perspective's clients look at."""

    def __init__(self, error_type: str, message: str, **details: Any) -> None:  # noqa: ANN401  JSON
        super().__init__(400, error_type, message)
        self.details = details


@router.post("/v1alpha1/comments:analyze")
@router.post("/v0.2/perspective-compat/analyse", include_in_schema=False)
async def analyze(
    request: AnalyzeRequest, service: ServiceDep, caller: CheckCaller
) -> dict[str, Any]:
    """Return the probability of each attribute that was asked for. Nothing is stored."""
    _check_comment(request)
    if not request.requestedAttributes:
        raise AnalyzerRefusal("NO_REQUESTED_ATTRIBUTES", "Missing requested_attributes")
    for name, wanted in request.requestedAttributes.items():
        _known(name)
        if wanted.scoreType not in {"", "PROBABILITY", "SCORE_TYPE_UNSPECIFIED"}:
            raise AnalyzerRefusal(
                "INVALID_REQUEST",
                f"Requested score type {wanted.scoreType} is not supported by attribute {name}",
            )
    first = next(iter(request.requestedAttributes))
    _check_languages(request.languages, first)
    text = request.comment.text
    verdict = await service.judge.check(Message(text=text, parent=request.parent))
    if verdict.note is Note.NOT_ENGLISH and not request.languages:
        raise _unsupported(first, detectedLanguages=[_UNDETERMINED])
    scores = {
        name: _scores(_known(name), verdict, text, spans=request.spanAnnotations)
        for name, wanted in request.requestedAttributes.items()
        if _known(name).probability(verdict) >= wanted.scoreThreshold
    }
    return {
        **({"attributeScores": scores} if scores else {}),
        "languages": request.languages or [_LANGUAGE],
        "detectedLanguages": [_LANGUAGE],
        **({"clientToken": request.clientToken} if request.clientToken else {}),
    }


@router.post("/v1alpha1/comments:suggestscore")
@router.post("/v0.2/perspective-compat/suggestscore", include_in_schema=False)
async def suggestscore(
    request: SuggestRequest, service: ServiceDep, caller: FeedbackCaller
) -> dict[str, Any]:
    """Keep what a person says about a comment, to learn from."""
    _check_comment(request)
    if not request.attributeScores:
        raise AnalyzerRefusal("INVALID_REQUEST", "Missing attribute_scores")
    scored = {name: _known(name) for name in request.attributeScores}
    _check_languages(request.languages, next(iter(scored)))
    verdict = await service.judge.check(Message(text=request.comment.text, parent=request.parent))
    labels = {
        tone: label
        for name, attribute in scored.items()
        for tone, label in attribute.labels(
            request.attributeScores[name].summaryScore.value, verdict
        ).items()
    }
    said = any(
        suggested.summaryScore.value >= 0.5 for suggested in request.attributeScores.values()
    )
    flagged = bool({tone for attribute in scored.values() for tone in attribute.tones}
                   & set(verdict.flagged))  # fmt: skip
    decision = NewDecision(
        status=Status.AGREED if said == flagged else Status.DISAGREED,
        by=caller.name,
        source="suggestscore",
        labels=labels,
    )

    def keep() -> None:
        service.store.decide(service.store.record(_reply(request, verdict)), decision)

    await run_in_threadpool(keep)
    return {
        **({"clientToken": request.clientToken} if request.clientToken else {}),
        "requestedLanguages": request.languages or [_LANGUAGE],
        "detectedLanguages": [_LANGUAGE],
    }


@router.get("/$discovery/rest", responses={404: {"description": "There is one version only."}})
@router.get("/discovery/v1/apis/commentanalyzer/{version}/rest", include_in_schema=False)
async def discovery(
    request: Request, service: ServiceDep, version: str = VERSION
) -> dict[str, Any]:
    """Return the document by which Google's clients find the methods."""
    if version != VERSION:
        raise Refusal(404, "NOT_FOUND", f"There is only version {VERSION}. Ask for that one.")
    root = service.settings.public_url or str(request.base_url)
    return document(root.rstrip("/") + "/")


def refuse(refusal: Refusal) -> Response:
    """Return a refusal in Google's form."""
    status = 400 if refusal.status in {413, 422} else refusal.status
    detail: dict[str, Any] = {"@type": _ERROR, "errorType": "INVALID_REQUEST"}
    if isinstance(refusal, AnalyzerRefusal):
        detail |= {"errorType": refusal.code, **refusal.details}
    elif status != 400:
        reason = "RATE_LIMIT_EXCEEDED" if status == 429 else refusal.code.upper()
        detail = {"@type": _INFO, "reason": reason, "domain": "tonecheck", "metadata": {}}
    error = {
        "code": status,
        "message": refusal.message,
        "status": _STATUS.get(status, "UNKNOWN"),
        "details": [detail],
    }
    return JSONResponse({"error": error}, status_code=status)


def _check_comment(request: Comment) -> None:
    if not request.comment.text.strip():
        raise AnalyzerRefusal("COMMENT_EMPTY", "Comment must be non-empty.")
    if len(request.comment.text.encode("utf-8", "surrogatepass")) > MOST_BYTES:
        raise AnalyzerRefusal("COMMENT_TOO_LONG", "Comment text too long.")
    if request.comment.type not in _TYPES:
        raise AnalyzerRefusal(
            "INVALID_REQUEST", "Currently, only 'PLAIN_TEXT' and 'HTML' comments are supported"
        )
    context = request.context
    if context.entries is not None and context.articleAndParentComment is not None:
        raise AnalyzerRefusal(
            "INVALID_REQUEST",
            "Context can have either entries or article_and_parent_comment, "
            "but both fields were populated.",
        )


def _check_languages(languages: list[str], attribute: str) -> None:
    if languages and not any(name.lower().split("-")[0] == _LANGUAGE for name in languages):
        raise _unsupported(attribute, requestedLanguages=languages)


def _unsupported(attribute: str, **languages: list[str]) -> AnalyzerRefusal:
    names = ", ".join(name for listed in languages.values() for name in listed)
    kind = "detected" if "detectedLanguages" in languages else "request"
    return AnalyzerRefusal(
        "LANGUAGE_NOT_SUPPORTED_BY_ATTRIBUTE",
        f"Attribute {attribute} does not support {kind} languages: {names}",
        languageNotSupportedByAttributeError={**languages, "attribute": attribute},
    )


def _known(name: str) -> Attribute:
    attribute = attribute_named(name)
    if attribute is None:
        raise AnalyzerRefusal("INVALID_REQUEST", f"Unknown requested attribute: {name}")
    return attribute


def _scores(attribute: Attribute, verdict: Verdict, text: str, *, spans: bool) -> dict[str, Any]:
    probability = attribute.probability(verdict)
    offsets = utf16_offsets(text)
    evidence = attribute.evidence(verdict) if spans else []
    marked = [(each.start, each.end, each.weight) for each in evidence]
    return {
        "summaryScore": {"value": probability, "type": "PROBABILITY"},
        "spanScores": [
            {
                "begin": offsets[start],
                "end": offsets[end],
                "score": {"value": value, "type": "PROBABILITY"},
            }
            for start, end, value in marked or [(0, len(text), probability)]
        ],
    }


def _reply(request: Comment, verdict: Verdict) -> NewReply:
    text = request.comment.text
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    return NewReply(
        source="perspective",
        community=request.communityId,
        external_id=(request.clientToken or f"sha256:{digest}")[:200],
        verdict=verdict,
        text=text,
        parent=request.parent or "",
        url=web_address(str(request.note.get("url", ""))),
    )


PROTOCOL = Protocol(
    paths=("/v1alpha1/", "/v0.2/perspective-compat/", "/$discovery/", "/discovery/"),
    router=router,
    refuse=refuse,
)
