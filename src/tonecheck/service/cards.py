"""Makes a reply ready to show on the review page."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from tonecheck.checker import ToneChecker
from tonecheck.highlight import Piece, cut, excerpt, head, spans_of, visible
from tonecheck.labels import Decision, Tone
from tonecheck.service.doubts import doubts
from tonecheck.service.records import NewDecision, Reply, Status
from tonecheck.service.reviewing import SOURCE
from tonecheck.verdict import ToneScore

MAX_TITLE = 160
MAX_NAME = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A reply as a page shows it.

    Attributes:
        pieces: The reply, or the part of it around its evidence.
        whole: Whether the pieces are the whole reply.
        url: Where to read it, or empty if that is no address of the web.
        raised: The tones that are flagged or unsure, flagged ones first.
    """

    reply: Reply
    author: str
    title: str
    parent: str
    pieces: tuple[Piece, ...]
    whole: bool
    url: str
    raised: tuple[tuple[Tone, ToneScore], ...]
    explanation: str
    doubts: tuple[str, ...]


def make_card(reply: Reply, checker: ToneChecker, *, whole: bool = False) -> Card:
    """Return a reply ready to show.

    Args:
        reply: As it is kept.
        checker: Whose policy and card say what is uncertain.
        whole: Whether to show all of a long reply and of its parent.
    """
    verdict = reply.verdict
    spans = spans_of(verdict)
    text, moved = (reply.text, spans) if whole else excerpt(reply.text, spans)
    inside = [(start, end, tone) for start, end, tone in moved if end <= len(text)]
    return Card(
        reply=reply,
        author=visible(reply.author, MAX_NAME),
        title=visible(reply.title, MAX_TITLE),
        parent=visible(reply.parent if whole else head(reply.parent)),
        pieces=cut(text, inside) if text else (),
        whole=text == reply.text,
        url=reply.url if urlsplit(reply.url).scheme in {"http", "https"} else "",
        raised=tuple((tone, verdict.tones[tone]) for tone in (*verdict.flagged, *verdict.unsure)),
        explanation=visible(verdict.explanation),
        doubts=doubts(reply, checker),
    )


def decision_from(reply: Reply, answers: dict[Tone, str], by: str) -> NewDecision:
    """Return what a reviewer decided, from an answer for each tone.

    With a verdict as a whole agrees who sees a tone that was raised, or none where none was;
    who sees none of those that were raised, or only others, disagrees.

    Args:
        reply: What was decided on.
        answers: `yes`, `no` or `unsure` by tone; what is missing was not asked or not answered.
        by: Who decided.
    """
    labels = {tone: float(said == "yes") for tone, said in answers.items() if said in ("yes", "no")}
    raised = [t for t, score in reply.verdict.tones.items() if score.decision is not Decision.NO]
    found = {tone for tone, label in labels.items() if label}
    if not labels:
        status = Status.NOT_SURE
    elif found & set(raised) or not (raised or found):
        status = Status.AGREED
    elif found or all(tone in labels for tone in raised):
        status = Status.DISAGREED
    else:
        status = Status.NOT_SURE
    return NewDecision(status=status, by=by, source=SOURCE, labels=labels)


def answer_all(reply: Reply, verb: str) -> dict[Tone, str]:
    """Return the answers of one button for all raised tones: `agree`, `disagree` or `not_sure`."""
    said = {"agree": "yes", "disagree": "no"}.get(verb, "unsure")
    verdict = reply.verdict
    return dict.fromkeys((*verdict.flagged, *verdict.unsure), said)
