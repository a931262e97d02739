"""The names of tones, severities and decisions, and what each tone means.

This is the only place where label names live; everything else imports them.
"""

from enum import StrEnum


class Tone(StrEnum):
    """A way in which a reply can make a learning space worse."""

    HOSTILITY = "hostility"
    HUSTLING = "hustling"
    DISMISSIVENESS = "dismissiveness"

    @property
    def definition(self) -> str:
        """Return what the tone means, in one sentence."""
        return _DEFINITIONS[self]

    @property
    def adjective(self) -> str:
        """Return the word for a reply that has this tone, as in "reads as hostile"."""
        return _ADJECTIVES[self]


class Severity(StrEnum):
    """How strongly a tone shows: `mild` deserves a glance, `clear` deserves action."""

    NONE = "none"
    MILD = "mild"
    CLEAR = "clear"


class Decision(StrEnum):
    """What a probability means under a policy; `unsure` asks a person to look."""

    YES = "yes"
    UNSURE = "unsure"
    NO = "no"


TONES: tuple[Tone, ...] = tuple(Tone)
"""Every tone, in the order in which models and files keep their columns."""

_DEFINITIONS = {
    Tone.HOSTILITY: "The reply attacks, or would feel like an attack to the person it is aimed at.",
    Tone.HUSTLING: "The reply pushes people, rather than giving them reasons and room.",
    Tone.DISMISSIVENESS: (
        "The reply brushes off the person, their question, contribution or feelings "
        "instead of engaging."
    ),
}
_ADJECTIVES = {
    Tone.HOSTILITY: "hostile",
    Tone.HUSTLING: "hustling",
    Tone.DISMISSIVENESS: "dismissive",
}
