"""Says why a verdict may be wrong, in words for the person who decides."""

from tonecheck.checker import ToneChecker
from tonecheck.labels import Decision, Tone
from tonecheck.service.records import Reply
from tonecheck.verdict import Note, ToneScore

SHORT = 5
"""Below so many words a reply says little without what stands around it."""

_MODEL = "model"  # the cue of evidence for which only the model's weights speak
_CUES = {
    "sarcasm": "It may be sarcasm, which software reads badly.",
    "mockery": "It may be a joke between people who know each other.",
    "swearing": "It swears, which is not the same as attacking someone.",
}


def doubts(reply: Reply, checker: ToneChecker) -> tuple[str, ...]:
    """Return why the verdict on a reply is uncertain, the weightiest reason first.

    Args:
        reply: As it is kept; without its text, reasons from the text are left out.
        checker: Whose policy and card speak, where its model is the one that judged.
    """
    verdict = reply.verdict
    same = verdict.model == checker.model
    found: list[str] = []
    if verdict.note in (Note.NOT_ENGLISH, Note.TRUNCATED):
        found.append(verdict.note.meaning)
    if verdict.note is not Note.NOT_ENGLISH and same:
        found.extend(_between(tone, verdict.tones[tone], checker) for tone in verdict.unsure)
        found.extend(_measured(tone, checker) for tone in verdict.flagged if tone in checker.card)
    if not same:
        found.append(f"An earlier model, {verdict.model}, judged it.")
    return (*found, *_from_text(reply))


def _between(tone: Tone, score: ToneScore, checker: ToneChecker) -> str:
    band = checker.policy[tone]
    return (
        f"Whether it is {tone.adjective} is open: {score.probability:.2f} lies in the band from "
        f"{band.unsure_at:.2f} to {band.yes_at:.2f}, where tonecheck does not decide."
    )


def _measured(tone: Tone, checker: ToneChecker) -> str:
    right = checker.card[tone]["precision"]
    share, low, high = (round(100 * right[key]) for key in ("value", "low", "high"))
    return (
        f"Of 100 replies that it calls {tone.adjective}, about {share} ({low} to {high}) are. That "
        "was measured on annotated replies from elsewhere; in a calm community fewer are."
    )


def _from_text(reply: Reply) -> list[str]:
    verdict = reply.verdict
    if not reply.text:
        return []
    found = []
    if not reply.parent:
        found.append("It was read without what it answers.")
    if len(reply.text.split()) < SHORT:
        found.append("It is very short.")
    raised = [s for s in verdict.tones.values() if s.decision is not Decision.NO]
    cues = {evidence.cue for score in raised for evidence in score.evidence}
    found.extend(said for cue, said in _CUES.items() if cue in cues)
    if raised and cues <= {_MODEL}:
        found.append("No known phrase backs it; only the model's weights speak.")
    return found
