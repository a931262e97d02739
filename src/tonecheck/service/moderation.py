"""What moderators of a Discourse forum are told, and what their decisions say about a verdict."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from tonecheck.labels import Tone
from tonecheck.service.records import NewDecision, Status
from tonecheck.verdict import Verdict

_FLAGGED_POST = "ReviewableFlaggedPost"
_DECIDED: dict[int | str, Status] = {
    1: Status.AGREED,
    2: Status.DISAGREED,
    3: Status.NOT_SURE,
    "approved": Status.AGREED,
    "rejected": Status.DISAGREED,
    "ignored": Status.NOT_SURE,
}
_MOST_REASON = 600
_Number = Annotated[int, Field(ge=1, lt=2**63)]

Which = Literal["off", "yes", "unsure"]
"""Which replies moderators are told of, as the setting `discourse_flag` has it."""


class Reviewable(BaseModel):
    """Something in the forum's review queue; pending, approved and so on have numbers there."""

    type: str = ""
    status: int | str = 0
    post_id: _Number | None = None
    target_type: str = ""
    target_id: _Number | None = None
    reviewable_scores: list[Any] = []

    @property
    def post(self) -> int | None:
        """Return the number of the flagged post, or None if it is something else."""
        if self.type != _FLAGGED_POST:
            return None
        return self.post_id or (self.target_id if self.target_type == "Post" else None)


def tones_raised(verdict: Verdict, which: Which) -> tuple[Tone, ...]:
    """Return the tones for which moderators are told of a reply."""
    if which == "off":
        return ()
    return verdict.flagged + (verdict.unsure if which == "unsure" else ())


def flag_message(verdict: Verdict, which: Which, link: str) -> str:
    """Return what moderators read beside a flag: what was found, why, and that it may be wrong.

    Args:
        verdict: With the words that speak for it; they stand in a block of code, where neither
            markup nor mentions of people work.
        which: Which tones count.
        link: Where more about it stands, or empty.
    """
    sure = [tone.adjective for tone in verdict.flagged]
    unsure = [tone.adjective for tone in tones_raised(verdict, which) if tone in verdict.unsure]
    says = [f"reads as {' and '.join(sure)}"] if sure else []
    says += [f"may be {' or '.join(unsure)}"] if unsure else []
    why = " ".join(verdict.explanation.split()).replace("`", "'").replace("~", "-")
    if len(why) > _MOST_REASON:
        why = why[:_MOST_REASON] + "…"
    block = f"\n\n```text\n{why}\n```" if why else ""
    more = f"\n\nMore about it: {link}" if link else ""
    return (
        f"tonecheck, a program, thinks that this {', and '.join(says)}.{block}\n\n"
        f"It may well be wrong, and has changed nothing: a person decides.{more}"
    )


def decision_of(reviewable: Reviewable, verdict: Verdict, which: Which) -> NewDecision | None:
    """Return what moderators decided about a verdict, or None while they have not.

    Who disagrees sees none of the tones that were raised. Who agrees sees the one that was raised;
    of several, or of other people's flags on the same post, nobody knows which was meant, so that
    no tone gets a label.
    """
    status = _DECIDED.get(reviewable.status)
    if status is None:
        return None
    raised = tones_raised(verdict, which)
    labels: dict[Tone, float] = {}
    if status is Status.DISAGREED:
        labels = dict.fromkeys(raised, 0.0)
    elif status is Status.AGREED and len(raised) == 1 and len(reviewable.reviewable_scores) <= 1:
        labels = dict.fromkeys(raised, 1.0)
    return NewDecision(status=status, by="discourse", source="discourse", labels=labels)
