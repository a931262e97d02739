"""What tonecheck says about a thread. It is frozen and turns into plain JSON."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tonecheck.conversation.forecast import Risk
from tonecheck.conversation.pattern import Finding
from tonecheck.shares import Share

URGENCY = (
    *("pile_on", "escalation", "ganging_agreement", "waved_away_newcomer"),
    *("steamrolling", "unanswered_question"),
)
"""Which pattern the explanation of a thread names first: the nearer to harm, the earlier."""

_WARM = 0.5  # a heat that most of the latest messages must be flagged, or nearly, to reach


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreadReport:
    """What a thread shows, so that people know which to read; a person decides what to do.

    Attributes:
        id: The thread's id, or empty.
        title: Its title, or empty.
        heat: How hot it is after each message, in [0, 1]. It predicts nothing.
        flagged: How many of its messages are flagged as hostile or dismissive.
        findings: The patterns found, in the order in which they were completed.
        risk: How likely it is to turn personal soon, or None where there is no forecast.
        model: The `name@version` of the model that read it, or empty where nothing was read.
    """

    id: str
    title: str
    heat: tuple[float, ...]
    flagged: Share
    findings: tuple[Finding, ...]
    risk: Risk | None = None
    model: str = ""

    @property
    def peak(self) -> int | None:
        """Return the number, from 1, of the message after which it was hottest."""
        return max(range(len(self.heat)), key=self.heat.__getitem__) + 1 if self.heat else None

    @property
    def concerns(self) -> tuple[Finding, ...]:
        """Return what people may want to look at, the most urgent first."""
        bad = [finding for finding in self.findings if not finding.good]
        return tuple(sorted(bad, key=lambda finding: URGENCY.index(finding.pattern)))

    @property
    def went_well(self) -> tuple[Finding, ...]:
        """Return what went well."""
        return tuple(finding for finding in self.findings if finding.good)

    @property
    def explanation(self) -> str:
        """Return the most important thing about the thread, in one sentence."""
        if self.concerns:
            return self.concerns[0].explanation
        if self.peak is not None and self.heat[self.peak - 1] >= _WARM:
            return f"It was hottest around message {self.peak}, without a pattern that we know."
        if self.went_well:
            return self.went_well[0].explanation
        return "Nothing stands out in this thread." if self.heat else "Nobody has written here yet."

    def to_dict(self) -> dict[str, Any]:
        """Return the report as JSON values."""
        return {
            "schema": 1,
            "id": self.id,
            "title": self.title,
            "messages": len(self.heat),
            "heat": [round(value, 4) for value in self.heat],
            "peak": self.peak,
            "flagged": {"count": self.flagged.count, **self.flagged.to_dict()},
            "findings": _dicts(self.findings),
            "risk": self.risk.to_dict() if self.risk else None,
            "explanation": self.explanation,
            "model": self.model,
        }


def _dicts(findings: Sequence[Finding]) -> list[dict[str, Any]]:
    return [finding.to_dict() for finding in findings]
