"""The review page: a queue of replies that a person decides on, one keystroke each."""

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Form, Query, Request
from fastapi import Path as InPath
from fastapi.responses import RedirectResponse, Response

from tonecheck.labels import TONES, Tone
from tonecheck.service import insight
from tonecheck.service.auth import admit
from tonecheck.service.cards import answer_all, decision_from, make_card
from tonecheck.service.context import ServiceDep
from tonecheck.service.pages import (
    HEADERS,
    FormDep,
    VisitDep,
    refuse,
    render,
    same_origin,
    set_cookie,
    static_file,
)
from tonecheck.service.protocol import Protocol
from tonecheck.service.records import Reply, Scope, Status
from tonecheck.service.refusals import Refusal
from tonecheck.service.reviewing import PAGE, Filters, communities, counted, listed, take_back
from tonecheck.service.sessions import COOKIE

router = APIRouter(include_in_schema=False)

_Number = Annotated[int, InPath(ge=1, le=2**31 - 1)]
_Said = Annotated[str, Form(pattern="^(yes|no|unsure|)$")]
_Answers = dict[Tone, str]


def filters(  # noqa: PLR0917  each a field of the filter form
    status: Status = Status.OPEN,
    tone: str = "",
    community: Annotated[str, Query(max_length=200)] = "",
    thread: Annotated[str, Query(max_length=200)] = "",
    before: Annotated[int | None, Query(ge=1, le=2**31 - 1)] = None,
) -> Filters:
    """Return the filters that the address of a page states; an unknown tone is no filter."""
    return Filters(
        status=status,
        tone=Tone(tone) if tone in set(TONES) else None,
        community=community.replace("\0", ""),  # PostgreSQL keeps no such character
        thread=thread.replace("\0", ""),
        before=before,
    )


FiltersDep = Annotated[Filters, Depends(filters)]


def answers(hostility: _Said = "", hustling: _Said = "", dismissiveness: _Said = "") -> _Answers:
    """Return what a form answers, tone by tone."""
    return {
        Tone.HOSTILITY: hostility,
        Tone.HUSTLING: hustling,
        Tone.DISMISSIVENESS: dismissiveness,
    }


@router.get("/review")
def queue(visit: VisitDep, wanted: FiltersDep, done: int = 0) -> Response:
    """Show the replies that wait, or those of another status."""
    service = visit.service
    found = listed(service.store, wanted, service.checker.policy)
    shown, more = found[:PAGE], len(found) > PAGE
    last = shown[-1].id if more else None
    return visit.page(
        "queue.html.j2",
        cards=[make_card(reply, service.checker) for reply in shown],
        counts=counted(service.store),
        communities=communities(service.store),
        wanted=wanted,
        address=address(wanted),
        more="/review" + address(wanted, before=last) if last else "",
        done=_done(visit, done),
        keep_text=service.store.keep_text,
    )


@router.get("/review/replies/{number}")
def one(visit: VisitDep, number: _Number) -> Response:
    """Show one reply whole, and what was decided on it."""
    reply = _reply(visit, number)
    return visit.page(
        "reply.html.j2",
        card=make_card(reply, visit.service.checker, whole=True),
        decisions=visit.service.store.decisions(number),
        keep_text=visit.service.store.keep_text,
    )


@router.post("/review/replies/{number}/decision")
def decide(  # noqa: PLR0917  each a field of the form
    visit: FormDep,
    number: _Number,
    wanted: FiltersDep,
    said: Annotated[_Answers, Depends(answers)],
    verb: Annotated[str, Form(pattern="^(agree|disagree|not_sure|answers)$")] = "answers",
    then: Annotated[int, Form(ge=0, le=2**31 - 1)] = 0,
) -> Response:
    """Keep what a reviewer said, and go on to the next reply."""
    reply = _reply(visit, number)
    if verb != "answers":
        said = answer_all(reply, verb)
    visit.service.store.decide(number, decision_from(reply, said, visit.caller.name))
    where = address(wanted, done=number, before=wanted.before)
    return _go(where + (f"#reply-{then}" if then else "#done"))


@router.post("/review/replies/{number}/undo")
def undo(visit: FormDep, number: _Number, wanted: FiltersDep) -> Response:
    """Take a decision back."""
    if not take_back(visit.service.store, number, visit.caller.name):
        raise Refusal(
            409,
            "nothing_to_undo",
            "The last decision on this reply is not yours to take back; somebody may have decided "
            "after you. Open the reply to see who decided what.",
        )
    return _go(address(wanted, before=wanted.before) + f"#reply-{number}")


@router.get("/review/signin")
def signin_page() -> Response:
    """Show where to enter a key."""
    return render("signin.html.j2", problem="")


@router.post("/review/signin", dependencies=[Depends(same_origin)])
def signin(
    request: Request, service: ServiceDep, key: Annotated[str, Form(max_length=500)] = ""
) -> Response:
    """Begin a session with an API key that may review."""
    try:
        admit(request, key.strip(), Scope.REVIEW)
    except Refusal as refusal:
        return render("signin.html.j2", status=refusal.status, problem=refusal.message)
    token, _ = request.app.state.sessions.begin(key.strip())
    response = _go("")
    set_cookie(request, response, token)
    return response


@router.post("/review/signout")
def signout(request: Request, visit: FormDep) -> Response:
    """End the session."""
    request.app.state.sessions.end(request.cookies.get(COOKIE, ""))
    response = render("signin.html.j2", problem="You are signed out.")
    response.delete_cookie(COOKIE, path="/review", httponly=True, samesite="strict")
    return response


@router.get("/review/static/{name}")
def static(name: str) -> Response:
    """Return a style sheet or a script."""
    return static_file(name)


def address(wanted: Filters, **more: int | None) -> str:
    """Return filters as the query of an address."""
    fields = {
        "status": "" if wanted.status is Status.OPEN else str(wanted.status),
        "tone": str(wanted.tone or ""),
        "community": wanted.community,
        "thread": wanted.thread,
        **more,
    }
    query = urlencode({key: value for key, value in fields.items() if value})
    return f"?{query}" if query else ""


def _go(where: str) -> Response:
    return RedirectResponse(f"/review{where}", 303, headers=HEADERS)


def _reply(visit: VisitDep, number: int) -> Reply:
    reply = visit.service.store.reply(number)
    if reply is None:
        raise Refusal(
            404, "reply_unknown", "There is no such reply; it may have been deleted by now."
        )
    return reply


def _done(visit: VisitDep, number: int) -> Reply | None:
    """Return the reply that was just decided, unless that was taken back."""
    reply = visit.service.store.reply(number) if 0 < number < 2**31 else None
    decided = {Status.AGREED, Status.DISAGREED, Status.NOT_SURE}
    return reply if reply is not None and reply.status in decided else None


router.include_router(insight.router)

PROTOCOL = Protocol(paths=("/review",), router=router, refuse=refuse)
