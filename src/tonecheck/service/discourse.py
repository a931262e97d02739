"""Discourse's webhooks: judges posts as they come, and learns what moderators decided.

Nothing is hidden or deleted: a flag puts a post before the forum's moderators, and says that it may
be wrong.
"""

from typing import Annotated

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from pydantic import AwareDatetime, BaseModel, Field, ValidationError
from starlette.concurrency import run_in_threadpool

from tonecheck.messages import Message
from tonecheck.service.auth import admit, key_of
from tonecheck.service.context import Service, ServiceDep
from tonecheck.service.forum import is_public_post, text_of
from tonecheck.service.moderation import Reviewable, decision_of, flag_message, tones_raised
from tonecheck.service.outbound import OutboundError
from tonecheck.service.posts import FLAGS, was_flagged, withdraw
from tonecheck.service.protocol import Protocol
from tonecheck.service.records import NewReply, Scope, web_address
from tonecheck.service.refusals import Refusal, invalid
from tonecheck.signatures import signed
from tonecheck.verdict import Verdict

router = APIRouter(tags=["Discourse"])

SOURCE = "discourse"

_REGULAR = 1  # the other types: moderator's action, small action, whisper
_PUBLIC = "regular"
_Number = Annotated[int, Field(ge=1, lt=2**63)]


class Post(BaseModel):
    """A post as its event has it; what the rules do not need is left alone."""

    id: _Number
    topic_id: _Number
    post_number: _Number
    post_type: int = 0
    reply_to_post_number: _Number | None = None
    raw: str | None = None
    cooked: str | None = None
    username: str = ""
    user_id: int = 0
    staff: bool = False
    admin: bool = False
    moderator: bool = False
    topic_title: str = ""
    topic_archetype: str = ""
    created_at: AwareDatetime | None = None
    updated_at: AwareDatetime | None = None
    hidden: bool = False
    user_deleted: bool = False
    deleted_at: AwareDatetime | None = None


class Event(BaseModel):
    """The body of a hook: one thing under the name of its kind."""

    post: Post | None = None
    reviewable: Reviewable | None = None


# The signature is over the bytes, so that FastAPI is not to read them.
_TAKES = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": {"type": "object"}}},
    },
    "security": [{"discourse": []}, {"bearer": [str(Scope.HOOKS)]}],
}


@router.post("/v1/discourse/hook", openapi_extra=_TAKES)
async def receive(request: Request, service: ServiceDep) -> dict[str, str]:
    """Take an event: a post is judged, a decision kept, and everything else left alone."""
    body = await request.body()
    await _require_leave(request, service, body)
    forum = _instance(request, service)
    event = _event(body)
    name = request.headers.get("x-discourse-event", "")
    number = request.headers.get("x-discourse-event-id", "")
    noted = f"{_community(forum)}#{number}"[:200]
    if number and not await run_in_threadpool(service.store.first_delivery, SOURCE, noted):
        return {"result": "known already"}
    try:
        return {"result": await _handle(service, forum, name=name, event=event)}
    except Exception as err:
        if number:  # the forum may try again
            await run_in_threadpool(service.store.forget_delivery, SOURCE, noted)
        if isinstance(err, OutboundError):
            raise Refusal(
                502, "forum_failed", f"{err}. Check discourse_url and discourse_key."
            ) from None
        raise


def refuse(refusal: Refusal) -> Response:
    """Return a refusal; Discourse shows it to admins beside the event."""
    return JSONResponse({"error": refusal.message}, status_code=refusal.status)


async def _handle(service: Service, forum: str, *, name: str, event: Event) -> str:
    if event.reviewable is not None:
        return await run_in_threadpool(_decide, service, forum, event.reviewable)
    if event.post is not None and name == "post_destroyed":
        return await run_in_threadpool(_withdraw, service, forum, event.post)
    if event.post is not None and name in {"post_created", "post_edited", "post_recovered"}:
        return await _judge(service, forum, event.post)
    return "left alone"


async def _judge(service: Service, forum: str, post: Post) -> str:
    """Judge a post, keep the verdict and tell moderators if the operator wants that."""
    if not service.forum.is_newest(post.id, post.updated_at):
        return "changed since"
    fields = post.model_dump()
    text = text_of(fields) or ""
    seen = is_public_post(fields)
    service.forum.remember(post.topic_id, post.post_number, text if seen else None)
    if _is_left_alone(service, post) or not text.strip():
        return "left alone"
    answered = post.reply_to_post_number
    parent = await service.forum.text(post.topic_id, answered) if answered else None
    verdict = await service.judge.check(Message(text=text, parent=parent, id=str(post.id)))
    if not service.forum.is_newest(post.id, post.updated_at):
        return "changed since"
    reply = _reply(forum, post, verdict, text=text, parent=parent)
    number = await run_in_threadpool(service.store.record, reply)
    if tones_raised(verdict, service.settings.discourse_flag):
        await _flag(service, reply, number)
        return "flagged"
    return "judged"


async def _flag(service: Service, reply: NewReply, number: int) -> None:
    """Flag a post, once for good: whether moderators agreed or not, they have seen it."""
    noted = f"{reply.community}#{reply.external_id}"[:200]
    if not await run_in_threadpool(service.store.first_delivery, FLAGS, noted):
        return
    root = service.settings.public_url.rstrip("/")
    link = f"{root}/review/replies/{number}" if root else ""
    message = flag_message(reply.verdict, service.settings.discourse_flag, link)
    try:
        await service.forum.flag(int(reply.external_id), message)
    except Exception:
        await run_in_threadpool(service.store.forget_delivery, FLAGS, noted)
        raise


def _withdraw(service: Service, forum: str, post: Post) -> str:
    service.forum.remember(post.topic_id, post.post_number, None)
    reply = service.store.find(SOURCE, _community(forum), str(post.id))
    if reply is None:
        return "left alone"
    withdraw(service.store, reply.id, forget=post.user_deleted)
    return "withdrawn"


def _decide(service: Service, forum: str, reviewable: Reviewable) -> str:
    """Keep what moderators decided about a post that we flagged."""
    post, community = reviewable.post, _community(forum)
    reply = service.store.find(SOURCE, community, str(post)) if post else None
    if reply is None or not was_flagged(service.store, f"{community}#{post}"[:200]):
        return "left alone"
    decision = decision_of(reviewable, reply.verdict, service.settings.discourse_flag)
    if decision is None:
        return "left alone"
    known = [made for made in service.store.decisions(reply.id) if made.source == SOURCE]
    if known and known[-1].status is decision.status:
        return "known already"
    service.store.decide(reply.id, decision)
    return "decided"


def _is_left_alone(service: Service, post: Post) -> bool:
    settings = service.settings
    staff = post.staff or post.admin or post.moderator
    machine = post.user_id < 0 or post.username.lower() == settings.discourse_user.lower()
    return (
        post.post_type != _REGULAR
        or (post.topic_archetype != _PUBLIC and not settings.discourse_private)
        or (staff and not settings.discourse_staff)
        or machine
        or post.user_deleted
        or post.deleted_at is not None
    )


def _reply(forum: str, post: Post, verdict: Verdict, *, text: str, parent: str | None) -> NewReply:
    return NewReply(
        source=SOURCE,
        community=_community(forum),
        external_id=str(post.id),
        verdict=verdict,
        author=post.username[:200],
        thread=str(post.topic_id),
        title=post.topic_title,
        text=text,
        parent=parent or "",
        url=f"{forum}/t/{post.topic_id}/{post.post_number}" if forum else "",
        time=post.created_at,
        queued=bool(verdict.flagged or verdict.unsure),
    )


async def _require_leave(request: Request, service: Service, body: bytes) -> None:
    secrets = service.settings.discourse_secret.get_secret_value().split(",")
    if not any(map(str.strip, secrets)):
        await run_in_threadpool(admit, request, key_of(request), Scope.HOOKS)
        return
    given = request.headers.get("x-discourse-event-signature", "")
    if not signed(map(str.strip, secrets), body, given):
        raise Refusal(
            401,
            "bad_signature",
            "The signature is not that of discourse_secret. Compare it with the hook's secret.",
        )


def _instance(request: Request, service: Service) -> str:
    """Return the address of the forum, which has to be the one that the settings name."""
    said = request.headers.get("x-discourse-instance", "").rstrip("/")
    own = service.settings.discourse_url.rstrip("/")
    if own and said and said != own:
        raise Refusal(
            403,
            "other_forum",
            "This hook is of another forum than discourse_url names. Correct one of the two.",
        )
    forum = web_address(own or said)
    return forum if len(forum) <= 200 else ""


def _community(forum: str) -> str:
    return forum.partition("://")[2]


def _event(body: bytes) -> Event:
    try:
        return Event.model_validate_json(body)
    except ValidationError as err:
        first = err.errors(include_url=False, include_input=False)[0]
        raise invalid(first["loc"], first["msg"]) from None


PROTOCOL = Protocol(paths=("/v1/discourse/",), router=router, refuse=refuse)
