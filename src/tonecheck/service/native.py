"""tonecheck's own protocol: the verdicts of `tonecheck score`, over HTTP."""

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse, Response
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from starlette.concurrency import run_in_threadpool

from tonecheck.messages import Message
from tonecheck.service.answers import BatchAnswer, VerdictAnswer
from tonecheck.service.auth import CheckCaller
from tonecheck.service.context import Service, ServiceDep
from tonecheck.service.protocol import Protocol
from tonecheck.service.records import NewReply
from tonecheck.service.refusals import Refusal, invalid
from tonecheck.verdict import Verdict

router = APIRouter(tags=["tonecheck"])

MOST_CHARS = 100_000
MOST_REPLIES = 256
_Text = Annotated[str, Field(max_length=MOST_CHARS)]
Moment = Annotated[
    datetime, AfterValidator(lambda time: time if time.tzinfo else time.replace(tzinfo=UTC))
]
"""A time of a client: one without a zone is UTC, as in the input of `tonecheck score`."""

_Name = Annotated[str, Field(max_length=200)]


class CheckRequest(BaseModel):
    """One reply, as an input line of `tonecheck score`, and whether to keep what comes out.

    Attributes:
        text: The reply, as its author wrote it.
        parent: What it answers, if anything.
        id: The forum's own id; needed to keep the reply.
        record: Whether to keep the verdict, and to queue the reply for people if it is flagged.
        community: Which of several forums it is from.
        url: Where a person can read it.
    """

    model_config = ConfigDict(extra="forbid")

    text: _Text
    parent: _Text | None = None
    id: _Name = ""
    record: bool = False
    community: _Name = ""
    author: _Name = ""
    thread: _Name = ""
    title: _Name = ""
    url: Annotated[str, Field(max_length=2_000, pattern=r"^(https?://\S+)?$")] = ""
    time: Moment | None = None


class BatchRequest(BaseModel):
    """Several replies; one that cannot be read takes none of the others with it."""

    replies: Annotated[list[Any], Field(max_length=MOST_REPLIES)]


def refuse(refusal: Refusal) -> Response:
    """Return a refusal as this protocol's clients read it."""
    return JSONResponse({"error": _error(refusal)}, status_code=refusal.status)


@router.post("/v1/check", responses={200: {"model": VerdictAnswer}})
async def check(request: CheckRequest, service: ServiceDep, caller: CheckCaller) -> Response:
    """Return the verdict on one reply; a person decides what to do about it."""
    _require_id(request)
    verdict = await service.judge.check(_message(request))
    await _keep(service, [(request, verdict)])
    return JSONResponse(verdict.to_dict())


@router.post("/v1/check/batch", responses={200: {"model": BatchAnswer}})
async def check_batch(
    request: BatchRequest, service: ServiceDep, caller: CheckCaller
) -> dict[str, Any]:
    """Return for each reply, in order, its verdict, or under `error` why there is none."""
    read = [_read(item, place) for place, item in enumerate(request.replies)]
    good = [item for item in read if isinstance(item, CheckRequest)]
    judged = await service.judge.outcomes([_message(item) for item in good])
    pairs = zip(good, judged, strict=True)
    await _keep(service, [(item, found) for item, found in pairs if isinstance(found, Verdict)])
    waiting = iter(judged)
    outcomes = [next(waiting) if isinstance(item, CheckRequest) else item for item in read]
    return {
        "results": [
            {"error": _error(outcome)} if isinstance(outcome, Refusal) else outcome.to_dict()
            for outcome in outcomes
        ],
        "errors": sum(isinstance(outcome, Refusal) for outcome in outcomes),
    }


def _error(refusal: Refusal) -> dict[str, str]:
    return {"code": refusal.code, "message": refusal.message}


def _read(item: object, place: int) -> CheckRequest | Refusal:
    try:
        request = CheckRequest.model_validate(item)
        _require_id(request)
    except ValidationError as err:
        first = err.errors(include_url=False, include_input=False)[0]
        return invalid(["replies", place, *first["loc"]], first["msg"])
    except Refusal as refusal:
        return refusal
    return request


def _require_id(request: CheckRequest) -> None:
    if request.record and not request.id:
        raise Refusal(422, "id_missing", 'A reply needs an "id" to be kept. Give one.', param="id")


def _message(request: CheckRequest) -> Message:
    return Message(text=request.text, parent=request.parent, id=request.id)


async def _keep(service: Service, judged: list[tuple[CheckRequest, Verdict]]) -> None:
    for request, verdict in judged:
        if request.record:
            await run_in_threadpool(service.store.record, _reply(request, verdict))


def _reply(request: CheckRequest, verdict: Verdict) -> NewReply:
    return NewReply(
        source="native",
        external_id=request.id,
        verdict=verdict,
        community=request.community,
        author=request.author,
        thread=request.thread,
        title=request.title,
        text=request.text,
        parent=request.parent or "",
        url=request.url,
        time=request.time,
        queued=bool(verdict.flagged or verdict.unsure),
    )


PROTOCOL = Protocol(paths=("/v1/",), router=router, refuse=refuse)
