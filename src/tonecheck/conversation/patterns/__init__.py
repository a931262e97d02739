"""The patterns that a thread can show, one a file."""

from collections.abc import Collection

from tonecheck.conversation.pattern import Pattern
from tonecheck.conversation.patterns.escalation import Escalation
from tonecheck.conversation.patterns.ganging import GangingAgreement
from tonecheck.conversation.patterns.newcomer import WavedAwayNewcomer
from tonecheck.conversation.patterns.pileon import PileOn
from tonecheck.conversation.patterns.recovery import Recovery
from tonecheck.conversation.patterns.steamrolling import Steamrolling
from tonecheck.conversation.patterns.unanswered import UnansweredQuestion


def all_patterns(newcomers: Collection[str] | None = None) -> tuple[Pattern, ...]:
    """Return a fresh reader of each pattern, for one thread.

    Args:
        newcomers: Who writes in the community for the first time here, or None if not known.
    """
    return (
        Escalation(),
        PileOn(),
        GangingAgreement(),
        WavedAwayNewcomer(newcomers),
        Steamrolling(),
        UnansweredQuestion(),
        Recovery(),
    )
