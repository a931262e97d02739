"""Which of Perspective's attributes the tones stand in for; all others are refused as unknown."""

from collections.abc import Mapping
from dataclasses import dataclass

from tonecheck.labels import TONES, Tone
from tonecheck.verdict import Evidence, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribute:
    """An attribute that clients may ask for.

    Attributes:
        tones: Its probability is the highest of theirs.
        says: What the mapping means, for documents.
    """

    tones: tuple[Tone, ...]
    says: str

    def probability(self, verdict: Verdict) -> float:
        """Return the attribute's value for a reply."""
        return max(verdict.tones[tone].probability for tone in self.tones)

    def evidence(self, verdict: Verdict) -> list[Evidence]:
        """Return the words that carry it, in the order of the text."""
        found = [evidence for tone in self.tones for evidence in verdict.tones[tone].evidence]
        return sorted(found, key=lambda evidence: (evidence.start, evidence.end))

    def labels(self, value: float, verdict: Verdict) -> dict[Tone, float]:
        """Return what a person's score of the attribute says about each tone.

        A high score of several tones together says only that one of them is there: it goes to
        those that the verdict flags or is unsure of, and to none where there are none.
        """
        label = 1.0 if value >= 0.5 else 0.0
        if not label or len(self.tones) == 1:
            return dict.fromkeys(self.tones, label)
        likely = {*verdict.flagged, *verdict.unsure}
        return {tone: label for tone in self.tones if tone in likely}


_HOSTILITY = "hostility: attacks, insults, mockery, threats"

ATTRIBUTES: Mapping[str, Attribute] = {
    **{
        str(tone).upper(): Attribute(tones=(tone,), says=f"tonecheck's own: {tone}")
        for tone in TONES
    },
    "TONECHECK": Attribute(tones=TONES, says="the highest of tonecheck's three tones"),
    "TOXICITY": Attribute(tones=(Tone.HOSTILITY,), says=_HOSTILITY),
    "INSULT": Attribute(tones=(Tone.HOSTILITY,), says=f"{_HOSTILITY}; more than insults alone"),
    "ATTACK_ON_COMMENTER": Attribute(
        tones=(Tone.HOSTILITY,), says=f"{_HOSTILITY}, at whomever they are aimed"
    ),
    "SPAM": Attribute(
        tones=(Tone.HUSTLING,),
        says="hustling: hard sell and self-promotion, but pressing people as well; not measured",
    ),
}
"""By Perspective's name. THREAT, PROFANITY, IDENTITY_ATTACK, SEVERE_TOXICITY and the rest are
missing on purpose: no tone tells them apart from other hostility."""


def attribute_named(name: str) -> Attribute | None:
    """Return an attribute by its name, in any case, or None if it is unknown."""
    return ATTRIBUTES.get(name.upper())
