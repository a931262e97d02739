"""A memory that forgets what was not touched for longest, so that a long thread needs no more."""

from collections import OrderedDict
from collections.abc import Iterable
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Latest(Generic[K, V]):
    """A mapping of bounded size, in the order in which its keys were last put.

    Example:
        >>> seen = Latest[str, int](2)
        >>> for key, value in [("a", 1), ("b", 2), ("a", 3), ("c", 4)]:
        ...     seen.put(key, value)
        >>> seen.get("a"), seen.get("b"), len(seen)
        (3, None, 2)
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._items: OrderedDict[K, V] = OrderedDict()

    def __len__(self) -> int:
        return len(self._items)

    def keys(self) -> Iterable[K]:
        """Return the keys, the one put longest ago first."""
        return self._items.keys()

    def values(self) -> Iterable[V]:
        """Return the values, in the order of their keys."""
        return self._items.values()

    def get(self, key: K) -> V | None:
        """Return what was put under a key, or None."""
        return self._items.get(key)

    def put(self, key: K, value: V) -> None:
        """Put a value under a key, and forget the oldest where there are too many."""
        self._items[key] = value
        self._items.move_to_end(key)
        if len(self._items) > self._size:
            self._items.popitem(last=False)

    def drop(self, key: K) -> None:
        """Forget a key, if it is there."""
        self._items.pop(key, None)
