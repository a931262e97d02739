"""What people are told of a thread that crosses the line."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from tonecheck.conversation.crossing import Crossing
from tonecheck.messages import Message

CAVEAT = "This can be wrong: a person reads the thread and decides."

_LONGEST_QUOTE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """A thread to read, and why.

    Attributes:
        id: What tells this alert from others; one that is delivered twice keeps it.
        source: What is watched.
        thread: The thread's id, as the source has it, or empty.
        message: The message that it crossed the line with.
        crossing: Why.
        shown_by: The messages that show it.
        count: How many messages of the thread were read.
        heat: How hot it is.
        model: The `name@version` of the model.
        at: When, in seconds since 1970.
    """

    id: str
    source: str
    thread: str
    message: Message
    crossing: Crossing
    shown_by: Sequence[Message]
    count: int
    heat: float
    model: str
    at: float

    def to_dict(self, *, with_text: bool) -> dict[str, Any]:
        """Return the alert as JSON values.

        Args:
            with_text: Whether titles, names and what was written may stand in it.
        """
        return {
            "schema": 1,
            "kind": "thread",
            "id": self.id,
            "at": datetime.fromtimestamp(self.at, tz=UTC).isoformat(timespec="seconds"),
            "text": self._sentence(),
            "source": self.source,
            "thread": self.thread,
            **({"title": self.message.title} if with_text else {}),
            "place": self.message.place,
            "time": self.message.time.isoformat() if self.message.time else None,
            "reason": self.crossing.reason,
            "explanation": self.crossing.explanation,
            "risk": self.crossing.risk,
            "messages": [_shown(message, with_text=with_text) for message in self.shown_by],
            "read": self.count,
            "heat": round(self.heat, 4),
            "model": self.model,
            "caveat": CAVEAT,
        }

    def _sentence(self) -> str:
        thread = f"Thread {self.thread}" if self.thread else "A thread"
        return f"{thread} ({self.message.place}): {self.crossing.explanation} {CAVEAT}"


def in_words(alert: dict[str, Any]) -> str:
    """Return an alert, as `to_dict` gives it, as lines for people."""
    title = alert.get("title")
    lines = [alert["text"] if not title else f"{title}\n  {alert['text']}"]
    for message in alert["messages"]:
        if "text" in message:
            quoted = " ".join(message["text"].split())
            lines.append(f"  {message['place']} {message['author']}: {quoted}")
    if not title and len(alert["messages"]) > 1:
        lines.append("  See " + ", ".join(message["place"] for message in alert["messages"]))
    return "\n".join(lines)


def _shown(message: Message, *, with_text: bool) -> dict[str, Any]:
    shown = {"id": message.id, "place": message.place}
    if with_text:
        text = message.text
        cut = text if len(text) <= _LONGEST_QUOTE else text[: _LONGEST_QUOTE - 1] + "…"
        shown |= {"author": message.author, "text": cut}
    return shown
