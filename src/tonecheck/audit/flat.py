"""One message and its verdict as flat values, the way tables keep them."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from tonecheck import __version__
from tonecheck.audit.files import answer_kind
from tonecheck.audit.members import label
from tonecheck.audit.spool import NOT_JUDGED
from tonecheck.audit.stored import Stored, seconds
from tonecheck.verdict import Verdict

SCHEMA = 1
"""The version of both tables; it grows only when a column changes its meaning or goes away."""

ADVICE = (
    "A program made these judgements, and it is sometimes wrong. It can point to what to read; "
    "a person decides."
)
"""What both tables say to whoever opens them without the report."""

_START = datetime(1970, 1, 1, tzinfo=UTC)
# Half a surrogate pair is no Unicode text, and many programs take NUL for the end of a text.
_NOT_KEPT = re.compile("[\x00\ud800-\udfff]")


def about_audit(checker: Mapping[str, Any]) -> dict[str, str]:
    """Return what a table says about itself: with what it was made, and who decides.

    Args:
        checker: The `checker` of the audit's manifest.
    """
    return {
        "schema": str(SCHEMA),
        "tonecheck": __version__,
        "model": str(checker["model"]),
        "advice": ADVICE,
    }


def flat(stored: Stored, verdict: Verdict, *, names: bool) -> dict[str, Any]:
    """Return what tables say of a message beside its tones; what there is none of is None.

    The time is in UTC, and None where no chat can be from then, as in all counts of an audit.

    Args:
        stored: The message, as it comes out of the spool.
        verdict: The verdict on it.
        names: Whether members are called by name rather than by pseudonym.
    """
    message = stored.message
    since = seconds(message.time)
    texts = {
        "id": message.id,
        "thread": message.thread,
        "title": message.title,
        "author": label(stored.member, message.author, names=names),
        "place": message.place,
        "answers_author": label(stored.answers, stored.answers_name, names=names),
    }
    return {
        "message": stored.turn,
        "thread_key": stored.thread,
        "time": None if since is None else _START + timedelta(seconds=since),
        "answers": stored.parent,
        "answer": answer_kind(message),
        **{name: keepable(text) or None for name, text in texts.items()},
        "explanation": keepable(verdict.explanation),
        "note": str(verdict.note) if verdict.note else None,
        "judged": verdict.note not in NOT_JUDGED,
        "truncated": verdict.truncated,
        "model": verdict.model,
        "text": keepable(message.text),
    }


def keepable(text: str) -> str:
    r"""Return a text of the same length that every table can hold.

    Example:
        >>> keepable("half a \ud83d")
        'half a �'
    """
    return _NOT_KEPT.sub("\ufffd", text)
