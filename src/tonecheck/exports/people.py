"""What the people and chats of an export are called."""

from collections import defaultdict
from dataclasses import dataclass, field

_NAMED = 3  # people who stand for the name of a chat without one


class People:
    """Names for people: the one that they show, with a handle or an id where two show the same.

    It grows with the people of an export, not with its messages. Whoever can should `note` all of
    them before the first is named; otherwise the first to be named keeps the bare name.
    """

    def __init__(self) -> None:
        self._ids: defaultdict[str, set[str]] = defaultdict(set)  # who shows a name
        self._labels: dict[tuple[str, str], str] = {}
        self._taken: set[str] = set()

    def note(self, key: str, name: str) -> None:
        """Take in that the person with an id shows a name."""
        if key and name:
            self._ids[name].add(key)

    def label(self, key: str, name: str, handle: str = "") -> str:
        """Return what to call the person with an id, the same at every call.

        Args:
            key: The id; where it is empty, people with one name cannot be told apart.
            name: The name that is shown; the id stands in for one that is empty.
            handle: A readable name that is unique or nearly so, such as a login, or empty.
        """
        if not key or not name:
            return name or key
        self.note(key, name)
        if (key, name) not in self._labels:
            label = self._free(key, name, handle)
            self._labels[key, name] = label
            self._taken.add(label)
        return self._labels[key, name]

    def _free(self, key: str, name: str, handle: str) -> str:
        labels = [f"{name} ({more})" for more in (handle, key) if more and more != name]
        if len(self._ids[name]) == 1:
            labels.insert(0, name)
        # Someone may have called themselves what another is called here.
        free = (label for label in labels if label not in self._taken)
        return next(free, f"{name} ({key})")


@dataclass(slots=True)
class Chats:
    """Names for chats and for the people in them, of whom some messages hold the id only.

    Attributes:
        names: What chats are called, by their ids.
    """

    names: dict[str, str] = field(default_factory=dict)
    _shown: dict[str, str] = field(default_factory=dict)  # by people, by their ids
    _people: People = field(default_factory=People)
    _talkers: dict[str, dict[str, None]] = field(default_factory=dict)  # some people of each chat

    def note(self, key: str, name: str, chat: str) -> None:
        """Take in that the person with an id shows a name, or none, and writes in a chat."""
        if name:
            self._shown.setdefault(key, name)
            self._people.note(key, name)
        talkers = self._talkers.setdefault(chat, {})
        if key and len(talkers) <= _NAMED:
            talkers.setdefault(key)

    def author(self, key: str, name: str = "") -> str:
        """Return what to call the person with an id."""
        return self._people.label(key, name or self._shown.get(key, ""))

    def title(self, chat: str) -> str:
        """Return what a chat is called: its own name, or people in it."""
        if name := self.names.get(chat):
            return name
        talkers = [self.author(key) for key in self._talkers.get(chat, ())]
        return ", ".join(talkers[:_NAMED]) + (", …" if len(talkers) > _NAMED else "")
