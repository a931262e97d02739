"""What people are called in an audit: a pseudonym, unless names were asked for."""

import re
from collections.abc import Iterable

_WORD = re.compile(r"\w+")
_SHARED = "[name]"


def label(member: int | None, name: str, *, names: bool) -> str:
    """Return what to call a member: "Member 03" by order of appearance, or the name itself."""
    if member is None:
        return ""
    return name if names else f"Member {member:02d}"


class NameMask:
    """Finds members' names inside texts, and puts their pseudonyms in their place.

    It knows full names and handles as they are written, handles also with a capital (Maya, where
    the chat knows her as maya), and the first word of a name that has several. A first name that
    the texts also use as an ordinary word (Will, Grace) is left alone; one that two members share
    becomes "[name]". Nicknames and misspellings are not found.

    Example:
        >>> mask = NameMask([(1, "Maya Okafor"), (2, "Will Hart")], ["Maya, will Will Hart come?"])
        >>> mask.apply("Maya, will Will Hart come?")
        'Member 01, will Member 02 come?'
    """

    def __init__(self, names: Iterable[tuple[int, str]], texts: Iterable[str]) -> None:
        words = {word for text in texts for word in _WORD.findall(text)}
        self._labels: dict[str, str] = {}
        firsts: dict[str, str] = {}
        for member, name in names:
            parts = _WORD.findall(name)
            if name.islower() and name.capitalize() in words:
                self._labels[name.capitalize()] = label(member, name, names=False)
            if len(name) < 2 or not parts or parts[0] not in words:
                continue  # a name that stands in no text costs nothing, however many there are
            shown = label(member, name, names=False)
            self._labels[name] = shown
            if len(parts) > 1 and len(parts[0]) > 2 and parts[0].lower() not in words:
                firsts[parts[0]] = _SHARED if parts[0] in firsts else shown
        self._labels = firsts | self._labels
        known = "|".join(re.escape(name) for name in sorted(self._labels, key=len, reverse=True))
        self._pattern = re.compile(rf"(?<!\w)(?:{known})(?!\w)") if known else None

    def spans(self, text: str) -> list[tuple[int, int, str]]:
        """Return where names stand in a text, with the pseudonym of each."""
        if self._pattern is None:
            return []
        return [(*m.span(), self._labels[m.group()]) for m in self._pattern.finditer(text)]

    def apply(self, text: str) -> str:
        """Return a text with pseudonyms in the place of names."""
        return self._pattern.sub(lambda m: self._labels[m.group()], text) if self._pattern else text
