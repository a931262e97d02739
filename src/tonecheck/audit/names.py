"""Finds members' names in what people write: full names, parts of them, and handles.

It errs on the side of hiding. Nicknames and misspellings are not found.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import pairwise
from typing import NamedTuple

# Rarer than `ordinary.txt` asks for, or used with a capital as often as without.
_RARER_WORDS = frozenset(
    """amber angel april archer ash august aurora autumn bailey baker bear berry best bishop bobby
    brook brown bud bunny butler carol carter chase chip christian clay cliff clover cook cooper
    coral crystal daisy dale dawn day dean dell destiny dick dot duke earl eve faith fern finch
    fisher flora ford forest fox frank gale gene ginger glen grace grant gray green harmony harper
    harry hazel heath heather holly hope hunter iris ivy jack jade jasmine jasper jay jewel jolly
    josh joy june king knight lance laurel lily link mark marsh martin mason may mercy mike miles
    mill miller mona moss nick noble norm olive opal page parker pat patience paris pearl peg penny
    pepper phoenix piper poppy prince prudence quest rain raven ray reed rich rob robin rocky rose
    rowan ruby rusty ruth sandy scout sky skip sonny star stone storm sue summer swift tanner taylor
    tiger trinity tucker turner unity verity victor violet wade walker weaver west will willow wolf
    wood wren young
    email handle link name phone""".split()
)
_MONTHS = frozenset({"april", "august", "may", "june"})
_BEFORE_MONTH = frozenset(
    "after around before by during early end every from in last late mid next of on since the this "
    "through till to until".split()
)
# These stand for an author whom nobody knows, or for a role; hiding them would hide words.
_NOBODY = frozenset(
    "admin administrator anonymous bot deleted guest instructor member moderator none null "
    "participant removed somebody someone student teacher tutor unknown user you me".split()
)
_PARTICLES = frozenset(
    "al ap ben bin da das de del della den der des di do dos du dr el ibn jr la le mr mrs ms mx "
    "prof san sir sr st ter the van von zu".split()
)
_FIRST_NAMES_TOO = frozenset({"al", "ben", "del", "van"})
_SHORTEST_SURE = 3  # a part of two letters, such as Al or Jo, needs a capital amid a sentence
_SPLIT = re.compile(r"[()<>\[\]|/,;]+")
_GAP = re.compile(r"[ \t\n.,'’_·-]{1,3}")
_NUMBER_BEHIND = re.compile(r"\d+\Z")
_OPENERS = " \t\"'“”‘’«»([{*_~>`"
_SENTENCE_ENDS = ".!?:…•\n-–—|#"
_CALLED = re.compile(
    r"(?:['’]s\b|\s*(?:[,!?.:;]|$)|\s+(?:is|was|has|said|says|wrote|asked|thinks|knows|wants)\b)",
    re.MULTILINE,
)
# Names in these scripts stand among other words without a space: kana, Han, Hangul, Thai, Khmer.
_UNSPACED = re.compile(
    r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff]"
)


class Found(NamedTuple):
    """A name in a text, and whose it is; None where several members share it."""

    start: int
    end: int
    member: int | None


class _Word(NamedTuple):
    start: int
    end: int
    plain: str


@dataclass(frozen=True, slots=True)
class _Full:
    """A name of several words, in the order in which they stand in texts."""

    words: tuple[str, ...]
    member: int | None


class NameFinder:
    """Finds the names of members, whatever their case, accents and script.

    A part of a name that is an English word too (Will, Grace) counts only where it stands as a
    name does: with a capital amid a sentence, or at its beginning where it is called or does
    something. A word in a text costs one look-up, however many members there are.

    Example:
        >>> finder = NameFinder([(1, "Maya Okafor"), (2, "Will Hart")])
        >>> text = "maya, will you ask Will?"
        >>> [(text[found.start : found.end], found.member) for found in finder.find(text)]
        [('maya', 1), ('Will', 2)]
    """

    def __init__(self, members: Iterable[tuple[int, str]]) -> None:
        self._full: dict[str, list[_Full]] = {}
        self._parts: dict[str, int | None] = {}
        self._handles: dict[str, int | None] = {}
        self._unspaced: dict[str, list[tuple[str, int]]] = {}
        for member, name in members:
            self._learn(member, name)
        for names in self._full.values():
            names.sort(key=lambda full: -len(full.words))
        for unspaced in self._unspaced.values():
            unspaced.sort(key=lambda named: -len(named[0]))

    def find(self, text: str) -> list[Found]:
        """Return the names in a text, in order; none overlaps another."""
        words = list(_words(text)) if self._parts or self._full else []
        found: list[Found] = []
        index = 0
        while index < len(words):
            hit = self._full_at(text, words, index) or self._part_at(text, words, index)
            if hit is None:
                index += 1
                continue
            count, member = hit
            found.append(Found(words[index].start, words[index + count - 1].end, member))
            index += count
        return _joined(text, _without_overlap([*found, *self._find_unspaced(text)]))

    def handle(self, handle: str) -> int | None:
        """Return the member whose handle or name this is, or None."""
        plain = "".join(word.plain for word in _words(handle))
        return self._handles.get(plain, self._parts.get(plain))

    def begins_name(self, text: str) -> bool:
        """Return whether a piece of a word could be the beginning of a part of a name."""
        plain = _plain(text)
        return any(part.startswith(plain) for part in self._parts)

    def _learn(self, member: int, name: str) -> None:
        pieces = [
            piece for piece in _SPLIT.split(name.lstrip("@").partition("@")[0]) if piece.strip()
        ]
        for piece in pieces:
            self._learn_piece(member, piece)
        if len(pieces) == 2 and name.count(",") == 1:  # "Okafor, Maya"
            self._learn_full(member, [w.plain for p in reversed(pieces) for w in _words(p)])

    def _learn_piece(self, member: int, piece: str) -> None:
        if _UNSPACED.search(piece):
            self._learn_unspaced(member, piece.strip())
        words = [word.plain for word in _words(piece)]
        if not words or all(word in _NOBODY for word in words):
            return
        _claim(self._handles, "".join(words), member)
        if len(words) > 1:
            self._learn_full(member, words)
        first = {words[0]} & _FIRST_NAMES_TOO
        parts = [word for word in words if word not in _PARTICLES - first] or words
        for word in parts:
            plain = _NUMBER_BEHIND.sub("", word)
            for part in {word, plain} if len(plain) >= _SHORTEST_SURE else {word}:
                if len(part) > 1 and not (part.isdigit() and len(words) > 1):
                    _claim(self._parts, part, member)

    def _learn_full(self, member: int, words: list[str]) -> None:
        names = self._full.setdefault(words[0], [])
        twin = next((full for full in names if full.words == tuple(words)), None)
        if twin is None:
            names.append(_Full(tuple(words), member))
        elif twin.member != member:
            names[names.index(twin)] = _Full(twin.words, None)

    def _learn_unspaced(self, member: int, name: str) -> None:
        compact = "".join(name.split())
        names = {name, compact}
        if len(compact) == 3:  # one character of family name, as most Chinese and Korean ones have
            names.add(compact[1:])
        for form in names:
            if len(form) > 1:
                self._unspaced.setdefault(form[0], []).append((form, member))

    def _full_at(self, text: str, words: list[_Word], index: int) -> tuple[int, int | None] | None:
        for full in self._full.get(words[index].plain, ()):
            count = len(full.words)
            here = words[index : index + count]
            if tuple(word.plain for word in here) != full.words or not _adjoin(text, here):
                continue
            if any(not _ordinary(word.plain) for word in here) or all(
                text[word.start].isupper() for word in here
            ):
                return count, full.member
        return None

    def _part_at(self, text: str, words: list[_Word], index: int) -> tuple[int, int | None] | None:
        word = words[index]
        if word.plain not in self._parts:
            return None
        sure = len(word.plain) >= _SHORTEST_SURE and not _ordinary(word.plain)
        if sure or _stands_as_name(text, words, index):
            return 1, self._parts[word.plain]
        return None

    def _find_unspaced(self, text: str) -> Iterator[Found]:
        if not self._unspaced:
            return
        for match in _UNSPACED.finditer(text):
            start = match.start()
            for name, member in self._unspaced.get(match[0], ()):
                if text.startswith(name, start):
                    yield Found(start, start + len(name), member)
                    break


def _claim(owners: dict[str, int | None], word: str, member: int) -> None:
    owners[word] = member if owners.get(word, member) == member else None


def _adjoin(text: str, words: list[_Word]) -> bool:
    return all(_GAP.fullmatch(text, before.end, after.start) for before, after in pairwise(words))


def _without_overlap(found: list[Found]) -> list[Found]:
    kept: list[Found] = []
    for hit in sorted(found, key=lambda hit: (hit.start, -hit.end)):
        if not kept or hit.start >= kept[-1].end:
            kept.append(hit)
    return kept


def _joined(text: str, found: list[Found]) -> list[Found]:
    """Join the parts of one member's name that stand side by side: "Okafor Maya"."""
    joined: list[Found] = []
    for hit in found:
        last = joined[-1] if joined else None
        if last and last.member == hit.member and text[last.end : hit.start] in {" ", "-", "_"}:
            joined[-1] = Found(last.start, hit.end, hit.member)
        else:
            joined.append(hit)
    return joined


def _stands_as_name(text: str, words: list[_Word], index: int) -> bool:
    """Return whether a word that could be an ordinary one is written like a name here."""
    word = words[index]
    shown = text[word.start : word.end]
    if not shown[0].isupper() or (len(shown) > 1 and shown.isupper()):
        return False
    if text[word.end : word.end + 1] == "-":
        return False  # Mark-up, Will-power
    before = words[index - 1].plain if index else ""
    after = words[index + 1].plain if index + 1 < len(words) else ""
    if word.plain in _MONTHS and (
        before in _BEFORE_MONTH or before.isdigit() or after[:1].isdigit()
    ):
        return False
    if not _starts_sentence(text, word.start):
        return True
    return _CALLED.match(text, word.end) is not None


def _starts_sentence(text: str, start: int) -> bool:
    at = start - 1
    while at >= 0 and text[at] in _OPENERS:
        at -= 1
    return at < 0 or text[at] in _SENTENCE_ENDS


def _words(text: str) -> Iterator[_Word]:
    for match in _word_pattern().finditer(text):
        yield _Word(match.start(), match.end(), _plain(match[0]))


def _plain(word: str) -> str:
    """Return a word without case, accents and the shape of its apostrophe."""
    if word.isascii():
        return word.lower().replace("'", "")
    apart = unicodedata.normalize("NFKD", word.replace("’", "").replace("'", ""))
    return "".join(c for c in apart if not unicodedata.combining(c)).casefold()


@cache
def _word_pattern() -> re.Pattern[str]:
    r"""Return what finds words; `\w` alone would cut them at combining accents and vowel signs."""
    marks = "".join(
        chr(code) for code in range(0x300, 0x1E95B) if unicodedata.category(chr(code))[0] == "M"
    )
    # O'Brien is one word, and the s of Maya's is none of her name
    return re.compile(rf"(?:[^\W_]|[{marks}])+(?:['’](?!s\b)(?:[^\W_]|[{marks}])+)*")


@cache
def _ordinary_words() -> frozenset[str]:
    listed = files("tonecheck.audit").joinpath("ordinary.txt").read_text(encoding="utf-8")
    return _RARER_WORDS.union(listed.split())


def _ordinary(word: str) -> bool:
    return word in _ordinary_words()
