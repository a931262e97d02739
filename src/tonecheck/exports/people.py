"""What the people of an export are called, told apart where two share a name."""

from collections import defaultdict


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
