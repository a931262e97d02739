"""Replies in chats whose exports name none, worked out from quotes, mentions and times.

What is found here is a guess: a message that gets its `reply_to` from here is marked `inferred`.
"""

import re
from collections import deque
from dataclasses import dataclass
from datetime import datetime, timedelta

MENTION_AGE = timedelta(days=1)
"""How long ago a person who is named must have written, for the message to answer that person."""

PAIR_AGE = timedelta(minutes=5)
"""How long only two people must have been writing, for one to answer the other without a sign."""

_KEPT = 200  # messages that a quote is looked for in
_OPENING = 500  # characters of each of them
_SHORTEST_QUOTE = 8  # characters; a shorter one must be the whole message
_LONGEST_NAME, _NAME_WORDS = 100, 6
_AFTER_NAME = ",.:;!?-–—"
_QUOTED = re.compile(r"\s*>")
# What copying a message out of WhatsApp puts before it: "[8/9/26, 10:30] Ken Ito: ".
_STAMP = re.compile(r"\[[^\[\]\n]{6,40}\] [^:\n]{1,80}: ")
_PHONE = re.compile(r"\+?[\d ()./-]{6,30}", re.ASCII)
_NO_DIGIT = re.compile(r"\D", re.ASCII)


@dataclass(frozen=True, slots=True)
class _Said:
    """What is kept of a message, to tell whether a later one answers it."""

    key: str
    author: str
    time: datetime | None
    opening: str


class Replies:
    """Finds the earlier message of one chat that each message answers.

    Three signs are looked at, the surest first. A message that begins with a quote answers the one
    message by somebody else that holds those words. One that begins by naming one person with an @
    answers the last message of that person, if that is no more than `MENTION_AGE` old. One that
    shows neither answers the message right before it, if that is by somebody else and nobody but
    these two wrote within `PAIR_AGE`. Where a sign is there and does not lead to one message,
    nothing is answered. It grows with the people of a chat, not with its messages.
    """

    def __init__(self, *, by_time: bool = True) -> None:
        """Begin a chat.

        Args:
            by_time: Whether to look at times, too; in a meeting people answer what is said aloud.
        """
        self._by_time = by_time
        self._recent: deque[_Said] = deque(maxlen=_KEPT)
        self._last: dict[str, _Said] = {}  # by who wrote it
        self._names: dict[str, str] = {}  # people by their names
        self._short: dict[str, str] = {}  # by a part of them; empty where two share it

    def answered(self, key: str, text: str, *, author: str, time: datetime | None) -> str:
        """Take in the next message under its id, and return that of the one that it answers."""
        found = self._found(text, author, time)
        said = _Said(key, author, time, _plain(text[: 2 * _OPENING])[:_OPENING])
        self._recent.append(said)
        if author and author not in self._last:
            self._learn(author)
        if author:
            self._last[author] = said
        return found

    def _found(self, text: str, author: str, time: datetime | None) -> str:
        if _QUOTED.match(text):
            return self._quoted(text, author)
        if text.startswith("@"):
            return self._named(text, author, time)
        return self._other(author, time) if self._by_time else ""

    def _learn(self, author: str) -> None:
        """Take in what a person may be called: the name, its first word, a bare number."""
        whole = author.casefold()
        self._names[whole] = author
        short = whole.split()[0] if whole.split() else whole
        if _PHONE.fullmatch(author):
            short = _NO_DIGIT.sub("", author)
        self._short[short] = author if self._short.get(short, author) == author else ""

    def _quoted(self, text: str, author: str) -> str:
        lines = []
        for line in text.lstrip().split("\n"):
            if not line.startswith(">"):
                break
            lines.append(_STAMP.sub("", line.lstrip("> "), count=1))
        words = _plain(" ".join(lines)[: 2 * _OPENING])[:_OPENING]
        whole = len(words) < _SHORTEST_QUOTE
        keys = [
            said.key
            for said in self._recent
            if said.author != author and (words == said.opening if whole else words in said.opening)
        ]
        return keys[0] if len(keys) == 1 and words else ""

    def _named(self, text: str, author: str, time: datetime | None) -> str:
        person = self._person(text[1 : 1 + _LONGEST_NAME].partition("\n")[0])
        said = self._last.get(person)
        if said is None or person == author:
            return ""
        if time is None or said.time is None:
            return said.key
        return said.key if timedelta() <= time - said.time <= MENTION_AGE else ""

    def _person(self, start: str) -> str:
        """Return who is named at the start of a line, the longest name first; empty if unclear."""
        words = start.split(" ")
        for count in range(min(len(words), _NAME_WORDS), 0, -1):
            name, rest = " ".join(words[:count]).casefold(), " ".join(words[count:])
            for called in (name, name.rstrip(_AFTER_NAME)):
                person = self._names.get(called) or self._short.get(called)
                if person is not None:
                    several = rest.lstrip(f" {_AFTER_NAME}").startswith("@")
                    return "" if several else person
        return ""

    def _other(self, author: str, time: datetime | None) -> str:
        """Return the message before, if only its author and this one were writing."""
        before = self._recent[-1] if self._recent else None
        if before is None or not author or time is None or before.author in ("", author):
            return ""
        for said in reversed(self._recent):
            if said.time is None or said.time > time:
                return ""
            if time - said.time > PAIR_AGE:
                return before.key if said is not before else ""
            if said.author not in (author, before.author):
                return ""
        return before.key


def _plain(text: str) -> str:
    return " ".join(text.split())
