"""Replies as token numbers, with the end of what they answer; long ones in overlapping windows."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tonecheck.errors import ModelFormatError
from tonecheck.reading import Reading
from tonecheck.scorers.render import render, render_parent

if TYPE_CHECKING:
    from tokenizers import Encoding, Tokenizer

Tokens = NDArray[np.int64]

LONGEST = 192
"""Tokens in a window, marks of its parts included; 19 in 20 replies fit into one."""

PARENT = 44
"""Tokens of what is answered, its end: that is what replies mostly speak to."""


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of a reply, with the end of what it answers.

    Attributes:
        row: Which reply it belongs to.
        tokens: Token numbers of both; int64.
        types: 0 for the reply and 1 for what it answers; int64.
        starts: For each token, where it begins in the reply's cleaned text; -1 where it is none.
        ends: One past where it ends, likewise.
    """

    row: int
    tokens: Tokens
    types: Tokens
    starts: NDArray[np.int32]
    ends: NDArray[np.int32]


class Windows:
    """Cuts replies into windows, as a tokenizer splits and joins them."""

    def __init__(self, tokenizer: "Tokenizer", *, longest: int = LONGEST) -> None:
        tokenizer.no_padding()
        tokenizer.no_truncation()
        self._tokenizer = tokenizer
        self._longest = longest
        self._frames = {paired: _Frame.of(tokenizer, paired=paired) for paired in (False, True)}

    @classmethod
    def from_file(cls, path: Path, *, longest: int = LONGEST) -> "Windows":
        """Return what cuts with the tokenizer of a `tokenizer.json`.

        Raises:
            ModelFormatError: If the file holds no tokenizer.
        """
        from tokenizers import Tokenizer

        try:
            return cls(Tokenizer.from_file(str(path)), longest=longest)
        except Exception as err:  # the library raises no narrower class
            raise ModelFormatError(
                f"{path} holds no tokenizer ({err}). Train or install the model again."
            ) from err

    @property
    def longest(self) -> int:
        """Return how many tokens a window holds at most."""
        return self._longest

    @property
    def vocabulary(self) -> int:
        """Return how many tokens the tokenizer knows."""
        return self._tokenizer.get_vocab_size()

    def cut(self, readings: Sequence[Reading], *, alone: bool = False) -> list[Window]:
        """Return the windows of the replies, in order; a reply has at least one.

        Args:
            readings: The replies.
            alone: Whether to leave out what they answer.
        """
        rendered = [render(reading.prepared) for reading in readings]
        # One by one: a batch would start threads, and a process with threads cannot fork safely.
        encode = partial(self._tokenizer.encode, add_special_tokens=False)
        replies = [encode(text) for text, _ in rendered]
        answered = ["" if alone else reading.parent for reading in readings]
        tails = {
            text: np.array(encode(render_parent(text)).ids[-PARENT:], dtype=np.int64)
            for text in dict.fromkeys(answered)
        }
        windows: list[Window] = []
        for row, reply in enumerate(replies):
            windows += self._of_reply(row, reply, tails[answered[row]], places=rendered[row][1])
        return windows

    def _of_reply(
        self, row: int, reply: "Encoding", tail: Tokens, *, places: NDArray[np.int32]
    ) -> Iterator[Window]:
        frame = self._frames[len(tail) > 0]
        room = self._longest - frame.size - len(tail)
        ids = np.array(reply.ids, dtype=np.int64)
        spans = np.array(reply.offsets, dtype=np.int64).reshape(-1, 2)
        step = max(1, room // 2)
        for first in range(0, max(1, len(ids) - room + step), step):
            part = slice(first, first + room)
            starts, ends = np.full((2, frame.size + len(ids[part]) + len(tail)), -1, np.int32)
            own = slice(len(frame.before), len(frame.before) + len(ids[part]))
            starts[own] = places[spans[part, 0]]
            ends[own] = places[spans[part, 1] - 1] + 1
            tokens, types = frame.join(ids[part], tail)
            yield Window(row, tokens, types, starts, ends)


@dataclass(frozen=True, slots=True)
class _Frame:
    """The tokens that a tokenizer puts around a reply and what it answers."""

    before: Tokens
    between: Tokens
    after: Tokens
    answered_type: int

    @classmethod
    def of(cls, tokenizer: "Tokenizer", *, paired: bool) -> "_Frame":
        word = tokenizer.encode("a", add_special_tokens=False)
        whole = tokenizer.post_process(word, word if paired else None)
        inside = [place for place, special in enumerate(whole.special_tokens_mask) if not special]
        size = len(word.ids)
        first, last = inside[0], inside[-1] + 1
        ids = np.array(whole.ids, dtype=np.int64)
        between = ids[first + size : last - size] if paired else ids[:0]
        return cls(ids[:first], between, ids[last:], whole.type_ids[last - 1])

    @property
    def size(self) -> int:
        return len(self.before) + len(self.between) + len(self.after)

    def join(self, reply: Tokens, answered: Tokens) -> tuple[Tokens, Tokens]:
        tokens = np.concatenate([self.before, reply, self.between, answered, self.after])
        types = np.zeros(len(tokens), dtype=np.int64)
        types[len(self.before) + len(reply) + len(self.between) :] = self.answered_type
        return tokens, types
