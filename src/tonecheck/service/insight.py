"""The pages that look back: trends, threads to look at, and what other thresholds would do."""

from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Query
from fastapi.responses import RedirectResponse, Response

from tonecheck.conversation.report import URGENCY
from tonecheck.highlight import visible
from tonecheck.labels import TONES, Tone
from tonecheck.policy import Band
from tonecheck.service.auth import outside
from tonecheck.service.cards import MAX_TITLE
from tonecheck.service.drawing import draw
from tonecheck.service.pages import HEADERS, FormDep, Visit, VisitDep
from tonecheck.service.policies import flagging_from
from tonecheck.service.preview import DAYS, ENOUGH, Judged, judged, preview
from tonecheck.service.readings import concerns
from tonecheck.service.records import Scope, Status
from tonecheck.service.refusals import Refusal
from tonecheck.service.store import now
from tonecheck.service.trends import WEEKS, busy_threads, decided, weeks
from tonecheck.shares import Share

router = APIRouter(include_in_schema=False)

_STEPS = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
_Threshold = Annotated[float | None, Query(gt=0, le=1)]
_Chosen = Annotated[float, Form(gt=0, le=1)]
_Seen = Annotated[int, Form(ge=0, le=2**31 - 1)]


@router.get("/review/trends")
def trends(visit: VisitDep) -> Response:
    """Show how often each tone was flagged, week by week, and what people made of it."""
    service = visit.service
    found = weeks(service.store, service.checker.policy)
    judged_by_people = decided(service.store, now() - timedelta(weeks=WEEKS))
    agreed = judged_by_people.get(Status.AGREED, 0)
    disagreed = judged_by_people.get(Status.DISAGREED, 0)
    total = sum(week.judged for week in found)
    return visit.page(
        "trends.html.j2",
        weeks=found,
        charts={tone: draw(tone, found) for tone in TONES} if len(found) > 1 else {},
        totals={tone: Share(sum(w.flagged[tone] for w in found), total) for tone in TONES},
        total=total,
        agreed=Share(agreed, agreed + disagreed),
        not_sure=judged_by_people.get(Status.NOT_SURE, 0),
    )


@router.get("/review/threads")
def threads(visit: VisitDep) -> Response:
    """Show the threads in which several replies were raised lately."""
    service = visit.service
    since = now() - timedelta(days=DAYS)
    found = busy_threads(service.store, service.checker.policy, since)
    named = [
        (
            thread,
            visible(thread.title or thread.thread, MAX_TITLE),
            concerns(service.store, thread.community, thread.thread),
        )
        for thread in found
    ]
    named.sort(key=lambda row: URGENCY.index(row[2][0].pattern) if row[2] else len(URGENCY))
    return visit.page("threads.html.j2", threads=named, days=DAYS)


def thresholds(
    hostility: _Threshold = None, hustling: _Threshold = None, dismissiveness: _Threshold = None
) -> dict[Tone, float | None]:
    """Return the thresholds that somebody wants to try, tone by tone."""
    return {
        Tone.HOSTILITY: hostility,
        Tone.HUSTLING: hustling,
        Tone.DISMISSIVENESS: dismissiveness,
    }


@router.get("/review/policy")
def policy(
    visit: VisitDep, tried: Annotated[dict[Tone, float | None], Depends(thresholds)]
) -> Response:
    """Show what thresholds would have flagged in the last month."""
    policy = visit.service.checker.policy
    found = judged(visit.service.store, now() - timedelta(days=DAYS))
    return visit.page(
        "policy.html.j2",
        tones=[
            {"tone": tone, **_preview(policy[tone], found[tone], tried[tone])} for tone in TONES
        ],
        days=DAYS,
        enough=ENOUGH,
        changes=visit.service.policies.history(),
        may_change=Scope.ADMIN in visit.caller.scopes,
    )


def chosen(hostility: _Chosen, hustling: _Chosen, dismissiveness: _Chosen) -> dict[Tone, float]:
    """Return the thresholds that a form puts in force."""
    return {
        Tone.HOSTILITY: hostility,
        Tone.HUSTLING: hustling,
        Tone.DISMISSIVENESS: dismissiveness,
    }


def changing(visit: FormDep) -> Visit:
    """Return the visit of somebody who may change thresholds.

    Raises:
        Refusal: 403 if they may not.
    """
    if Scope.ADMIN not in visit.caller.scopes:
        raise outside(Scope.ADMIN)
    return visit


_ChangeDep = Annotated[Visit, Depends(changing)]


@router.post("/review/policy")
def put_in_force(  # noqa: PLR0917  each a field of the form
    visit: _ChangeDep,
    flags: Annotated[dict[Tone, float], Depends(chosen)],
    seen: _Seen,
    sure: Annotated[bool, Form()] = False,
) -> Response:
    """Put the thresholds of a preview in force, for all that is judged from now on."""
    if not sure:
        raise Refusal(
            422, "not_confirmed", "Nothing was changed. Go back and tick that you want the change."
        )
    policies = visit.service.policies
    start = policies.start
    policy = {tone: flagging_from(start[tone], flags[tone]) for tone in TONES}
    return _changed(policies.put(policy, visit.caller.name, seen=seen))


@router.post("/review/policy/undo")
def undo_policy(visit: _ChangeDep, seen: _Seen) -> Response:
    """Put the thresholds before the newest change in force again."""
    return _changed(visit.service.policies.undo(visit.caller.name, seen=seen))


def _changed(done: bool) -> Response:
    if not done:
        raise Refusal(
            409,
            "changed_meanwhile",
            "Somebody changed the thresholds after you opened this page, so that nothing was "
            "changed now. Open it again and look at theirs first.",
        )
    return RedirectResponse("/review/policy#changes", 303, headers=HEADERS)


def _preview(band: Band, found: Judged, tried: float | None) -> dict[str, Any]:
    chosen = band.yes_at if tried is None else tried
    return {
        "band": band,
        "tried": chosen,
        "judged": len(found),
        "now": preview(found, band.yes_at),
        "then": preview(found, chosen),
        "steps": [preview(found, step) for step in sorted({*_STEPS, band.yes_at})],
    }
