"""A whole thread over HTTP: the verdict on each message, and what they show together."""

from collections.abc import Iterable
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool

from tonecheck.checker import ToneChecker
from tonecheck.conversation.links import Links
from tonecheck.conversation.report import ThreadReport
from tonecheck.messages import Message
from tonecheck.service.answers import ThreadAnswer
from tonecheck.service.auth import CheckCaller
from tonecheck.service.context import ServiceDep
from tonecheck.service.native import MOST_CHARS, MOST_REPLIES, Moment, refuse
from tonecheck.service.protocol import Protocol
from tonecheck.verdict import Verdict

router = APIRouter(tags=["tonecheck"])

_Name = Annotated[str, Field(max_length=200)]


class Said(BaseModel):
    """A message of a thread, as `tonecheck score` reads it."""

    model_config = ConfigDict(extra="forbid")

    text: Annotated[str, Field(max_length=MOST_CHARS)]
    id: _Name = ""
    author: _Name = ""
    time: Moment | None = None
    reply_to: _Name = ""


class ThreadRequest(BaseModel):
    """A thread, oldest message first; the latest ones of a long thread are enough.

    Attributes:
        newcomers: Who writes in the community for the first time here, if that is known.
    """

    model_config = ConfigDict(extra="forbid")

    messages: Annotated[list[Said], Field(min_length=1, max_length=MOST_REPLIES)]
    id: _Name = ""
    title: _Name = ""
    newcomers: Annotated[list[_Name], Field(max_length=MOST_REPLIES)] | None = None


@router.post("/v1/threads", responses={200: {"model": ThreadAnswer}})
async def read_thread(
    request: ThreadRequest, service: ServiceDep, caller: CheckCaller
) -> dict[str, Any]:
    """Return the verdict on each message, and what the thread shows; nothing is stored.

    How likely it is to turn personal soon is a guess that is often wrong; a person reads on.
    """
    links = Links()
    messages = [links.fill(_message(said)) for said in request.messages]
    verdicts = await service.judge.check_many(messages)
    # Elsewhere than in the event loop: a forecast of a long thread takes a while.
    report = await run_in_threadpool(
        _report, service.checker, request, zip(messages, verdicts, strict=True)
    )
    return {
        "thread": report.to_dict(),
        "verdicts": [verdict.to_dict() for verdict in verdicts],
    }


def _report(
    checker: ToneChecker, request: ThreadRequest, judged: Iterable[tuple[Message, Verdict]]
) -> ThreadReport:
    reader = checker.thread_reader(request.id, title=request.title, newcomers=request.newcomers)
    for message, verdict in judged:
        reader.add(message, verdict)
    return reader.report()


def _message(said: Said) -> Message:
    return Message(
        text=said.text, id=said.id, author=said.author, time=said.time, reply_to=said.reply_to
    )


PROTOCOL = Protocol(paths=("/v1/threads",), router=router, refuse=refuse)
