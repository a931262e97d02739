"""Takes out of texts what tells who somebody is, and moves offsets along.

Found by rule, so something will be missed: nicknames, postal addresses, and what only those who
know the people would recognise. A person looks before a text is passed on.
"""

import re
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from tonecheck.audit.names import NameFinder
from tonecheck.audit.phones import find_phones
from tonecheck.prepare.masks import unmasked
from tonecheck.prepare.voice import code
from tonecheck.verdict import Evidence, Verdict


class Kind(StrEnum):
    """What is taken out; it appears as its name in square brackets."""

    NAME = "name"
    EMAIL = "email"
    PHONE = "phone"
    LINK = "link"
    HANDLE = "handle"


@dataclass(frozen=True, slots=True)
class Cover:
    """A stretch of a text to take out, of one kind.

    Attributes:
        member: Whose name or handle it is, where that is known of one member.
    """

    start: int
    end: int
    kind: Kind
    member: int | None = None


Show = Callable[[Cover, str], str]
"""Returns what to put in the place of a cover, given what stood there; never empty."""

_TO_ALL = frozenset({"all", "channel", "everyone", "here", "room", "stream", "topic"})
_END_OF_LINK = ".,;:!?'\"*_~"
# Top-level domains that a bare address may end in; a path makes any other one of two letters good.
_DOMAINS = "com|org|net|edu|gov|info|dev|app|blog|social|academy|online|site|wiki"
_MARKED = re.compile(
    rf"""
    (?P<link>
        (?<![\w])(?:[a-z][a-z0-9+.-]{{1,20}}://|www\.)[^\s<>"|\\^`{{}}]+
        | (?<![\w.@-])(?:[\w-]{{1,63}}\.){{1,5}}
          (?:(?-i:{_DOMAINS})\b(?![\w.-]*@)(?:/[^\s<>"|\\^`{{}}]*)?
        | [a-z]{{2}}/[^\s<>"|\\^`{{}}]*)
    )
    | (?P<far_handle>(?<![\w@])@[\w.-]{{1,64}}[@:](?:[\w-]{{1,63}}\.){{1,5}}[a-z]{{2,}})
    | (?P<email>
        (?<![\w.+%-])[\w.+%-]+@(?:[\w-]{{1,63}}\.){{1,8}}[\w-]{{2,63}}
        | (?<![\w.+%-])[\w.+%-]{{1,64}}[ ]?[\[({{][ ]?at[ ]?[\])}}][ ]?
          [\w-]{{1,63}}(?:[ ]?(?:\.|[\[({{][ ]?dot[ ]?[\])}}])[ ]?[\w-]{{1,63}}){{1,5}}
        | (?<![\w.+%-])[\w.+%-]{{1,64}}[ ]at[ ][\w-]{{1,63}}(?:[ ]dot[ ][\w-]{{1,63}}){{1,5}}
    )
    | (?P<handle>
        <@[!&]?[\w|.\ -]{{1,80}}>
        | @_?\*\*[^*\n]{{1,80}}\*\*
        | (?<![\w@./])@\w(?:[\w.-]{{0,62}}\w)?
        | (?<![\w/])/?u/[\w-]{{3,20}}(?!\w)
    )
    """,
    re.VERBOSE | re.IGNORECASE,
)
_MARKS = ("@", "/", ".", " at ", "at]", "at)", "at}")
_HANDLE_MARKS = "@<>!&*_ "
_CUT_REACH = 100


def in_brackets(cover: Cover, text: str) -> str:
    """Return the kind in square brackets, such as `[email]`."""
    return f"[{cover.kind}]"


class Redactor:
    """Takes names, e-mail addresses, phone numbers, links and @handles out of texts.

    Args:
        names: Finds members' names.
        kinds: What to take out; the rest is left standing.
        show: What to put in its place.
        strangers: Whether handles go, too, that are no member's.

    Example:
        >>> redactor = Redactor(NameFinder([(1, "Maya Okafor")]))
        >>> redactor.redact("Mail Maya: maya.o@example.org or @may, see https://example.org.").text
        'Mail [name]: [email] or [handle], see [link].'
    """

    def __init__(
        self,
        names: NameFinder,
        *,
        kinds: frozenset[Kind] = frozenset(Kind),
        show: Show = in_brackets,
        strangers: bool = True,
    ) -> None:
        self._names = names
        self._kinds = kinds
        self._show = show
        self._strangers = strangers

    def redact(self, text: str, *, cut: bool = False) -> "Redacted":
        """Return a text without what is taken out.

        Args:
            text: The text.
            cut: Whether it is the beginning of a longer one. Then its last word goes, too, for
                half an address or half a name would not be found.
        """
        covers = self._covers(text)
        edits = [
            (cover.start, cover.end, self._show(cover, text[cover.start : cover.end]))
            for cover in covers
        ]
        if cut and (start := _last_word(text)) < len(text):
            start = min([start, *(c.start for c in covers if c.end > start)])
            edits = [edit for edit in edits if edit[1] <= start] + [(start, len(text), "…")]
        return Redacted(text, edits, Counter(cover.kind for cover in covers))

    def explanation(self, text: str, redacted: "Redacted") -> str:
        """Return the sentence that explains a verdict, which may quote what was taken out.

        A quotation may end within a name or an address; what is left of it goes as well.
        """
        shown = self.redact(text).text
        pieces = {
            word
            for start, end, _ in redacted.edits
            for word in redacted.original[start:end].split()
        }
        for piece in re.findall(r"(\S+)…”", shown):
            bare = piece.lstrip("“")
            if bare and any(word.startswith(bare) for word in pieces):
                shown = shown.replace(f"{bare}…”", "…”")
        return shown

    def _covers(self, text: str) -> list[Cover]:
        """Return what to take out, in order; none overlaps another."""
        marked = list(self._marked(text)) if any(mark in text for mark in _MARKS) else []
        names = []
        if Kind.NAME in self._kinds:
            names = [Cover(f.start, f.end, Kind.NAME, f.member) for f in self._names.find(text)]
        phones = []
        if Kind.PHONE in self._kinds:
            inside = _code(text)
            phones = [
                Cover(start, end, Kind.PHONE)
                for start, end in find_phones(text)
                if text[start] == "+" or not _within(start, inside)
            ]
        return _merged([*marked, *phones, *names])

    def _marked(self, text: str) -> Iterator[Cover]:
        inside = _code(text)
        for match in _MARKED.finditer(text):
            start, end = match.span()
            kind = Kind(str(match.lastgroup).removeprefix("far_"))
            if kind not in self._kinds:
                continue
            member = None
            if kind is Kind.LINK:
                end = start + len(_without_end(match[0]))
            elif kind is Kind.HANDLE:
                handle = match[0].strip(_HANDLE_MARKS)
                member = self._names.handle(handle)
                if member is None and not (
                    self._strangers and _is_handle(match[0], _within(start, inside))
                ):
                    continue
            yield Cover(start, end, kind, member)


@dataclass(frozen=True, slots=True)
class Redacted:
    """A text with parts taken out.

    Attributes:
        original: The text as it was.
        edits: What was put where: (start, end, replacement) of the original, in order.
        counts: How much of each kind was taken out.
    """

    original: str
    edits: Sequence[tuple[int, int, str]]
    counts: Counter[Kind]

    @property
    def text(self) -> str:
        """Return the text as it is now."""
        pieces, at = [], 0
        for start, end, new in self.edits:
            pieces += [self.original[at:start], new]
            at = end
        return "".join([*pieces, self.original[at:]])

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Return where a span of the original stands now.

        One that begins or ends inside something that was taken out covers all of what is there
        now, so that nobody can tell from its length what was.
        """
        first = bisect_right(self.edits, start, key=lambda edit: edit[1])
        last = bisect_left(self.edits, end, key=lambda edit: edit[0])
        touched = self.edits[first:last]
        if touched:
            start, end = min(start, touched[0][0]), max(end, touched[-1][1])
        before = sum(len(new) - (stop - begin) for begin, stop, new in self.edits[:first])
        within = sum(len(new) - (stop - begin) for begin, stop, new in touched)
        return start + before, end + before + within


def redact_verdict(verdict: Verdict, redacted: Redacted, redactor: Redactor) -> Verdict:
    """Return a verdict whose evidence and sentence speak of the redacted text."""
    if not redacted.edits:
        return replace(verdict, explanation=redactor.explanation(verdict.explanation, redacted))
    text = redacted.text
    tones = {
        tone: replace(score, evidence=tuple(_moved(e, redacted, text) for e in score.evidence))
        for tone, score in verdict.tones.items()
    }
    explanation = redactor.explanation(verdict.explanation, redacted)
    return replace(verdict, tones=tones, explanation=explanation)


def _moved(evidence: Evidence, redacted: Redacted, text: str) -> Evidence:
    start, end = redacted.span(evidence.start, evidence.end)
    return replace(evidence, start=start, end=end, text=text[start:end])


def _merged(covers: list[Cover]) -> list[Cover]:
    """Join what overlaps: "@Maya Okafor" is one mention, a name in an address is a part of it."""
    merged: list[Cover] = []
    for cover in sorted(covers, key=lambda cover: (cover.start, -cover.end)):
        last = merged[-1] if merged else None
        if last is None or cover.start >= last.end:
            merged.append(cover)
        elif cover.end > last.end or (last.kind is Kind.HANDLE and last.member is None):
            whose = cover if cover.kind is Kind.NAME and last.kind is Kind.HANDLE else last
            merged[-1] = replace(last, end=max(last.end, cover.end), member=whose.member)
    return merged


def _is_handle(shown: str, in_code: bool) -> bool:
    """Return whether an @word calls somebody: not everybody, no decorator, no disguised word."""
    word = shown.lstrip("@")
    return not (in_code or word.lower() in _TO_ALL or unmasked(shown) is not None)


def _code(text: str) -> list[tuple[int, int]]:
    return [(start, end) for start, end, _ in code(text)]


def _within(at: int, spans: Sequence[tuple[int, int]]) -> bool:
    return any(start <= at < end for start, end in spans)


def _without_end(link: str) -> str:
    """Return a link without the marks of the sentence around it."""
    while link and (
        link[-1] in _END_OF_LINK
        or (link[-1] == ")" and link.count("(") < link.count(")"))
        or (link[-1] == "]" and link.count("[") < link.count("]"))
    ):
        link = link[:-1]
    return link


def _last_word(text: str) -> int:
    """Return where the last word of a text begins, looked for near its end."""
    for at in range(len(text) - 1, max(-1, len(text) - 1 - _CUT_REACH), -1):
        if text[at].isspace():
            return at + 1
    return max(0, len(text) - _CUT_REACH)
