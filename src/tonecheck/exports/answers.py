"""Which message answers which, where only that makes a thread."""

from dataclasses import dataclass, field


@dataclass(slots=True)
class Answers:
    """What each message answers, by ids; it grows with the answers of an export.

    Attributes:
        targets: The id of what a message answers, by its own.
    """

    targets: dict[str, str] = field(default_factory=dict)
    _roots: dict[str, str] = field(default_factory=dict)

    def root(self, key: str) -> str:
        """Return the message that a chain of answers began with; ask when all are known."""
        chain: dict[str, None] = {}
        while key in self.targets and key not in chain and key not in self._roots:
            chain[key] = None
            key = self.targets[key]
        root = self._roots.get(key, key)
        self._roots.update(dict.fromkeys(chain, root))  # or long chains would cost n²
        return root
