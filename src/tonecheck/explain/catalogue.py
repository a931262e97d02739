"""Reads the cues that ship with the package: what they look for, and what they say.

One JSON line a cue, in `cues/<tone>.jsonl`, or in `cues/cancel.jsonl` for wording that shows that
something is not meant. A phrase may hold alternatives, `(just|simply|) google it`, word lists of
`cues/words.json`, `too {stupid} to`, and sentence ends, `. whatever .`. Each stands between spaces.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from itertools import chain, product
from typing import Any

from tonecheck.errors import ConfigError
from tonecheck.explain.tokens import split
from tonecheck.labels import TONES, Tone

_SLOT = re.compile(r"\{(\w+)\}|\(([^()]*)\)")
_MOST_FORMS = 600  # a template that grows beyond this belongs in a pattern with a gap


@dataclass(frozen=True, slots=True, kw_only=True)
class Cue:
    """A construction that speaks for a tone, or that takes another cue back.

    Attributes:
        id: The tone (or `cancel`), a dot, and a name.
        tone: The tone, or None for a cue that only cancels.
        kind: The family it belongs to; shown with the evidence.
        strength: Smoothed precision on the annotated training replies where at least ten of them
            hold the cue, our judgement elsewhere; in (0, 1].
        says: What the words do, as a predicate of at most 8 words: "sends the asker away".
        phrases: The forms it takes, templates expanded.
        patterns: spaCy Matcher patterns over the forms that `tokens.split` gives.
        shape: The name of a function of `shapes`, for what no words can say; else empty.
        reach: How many words after its end a cancelling cue still governs.
        examples: Sentences in which it is found.
        near_misses: Sentences in which it must not be found, or is cancelled.
    """

    id: str
    tone: Tone | None
    kind: str
    strength: float
    says: str
    phrases: tuple[tuple[str, ...], ...]
    patterns: tuple[tuple[Mapping[str, Any], ...], ...]  # Any: spaCy's own pattern language
    shape: str
    reach: int
    examples: tuple[str, ...]
    near_misses: tuple[str, ...]


def read_cues() -> tuple[Cue, ...]:
    """Return every cue that ships with the package, in the order of the files.

    Raises:
        ConfigError: If a line is no cue; the message names the file and line.
    """
    folder = resources.files("tonecheck.explain").joinpath("cues")
    words = json.loads(folder.joinpath("words.json").read_text("utf-8"))
    cues = []
    for name in (*TONES, "cancel"):
        lines = folder.joinpath(f"{name}.jsonl").read_text("utf-8").splitlines()
        for number, line in enumerate(lines, 1):
            try:
                cues.append(read_cue(json.loads(line), words))
            except (KeyError, TypeError, ValueError) as err:
                raise ConfigError(
                    f"{name}.jsonl:{number}: {err!r}. A cue is one JSON object with id, kind, "
                    "strength, says, and phrases, patterns or shape; see catalogue.py."
                ) from err
    return tuple(cues)


def read_cue(row: Mapping[str, Any], words: Mapping[str, list[str]]) -> Cue:
    """Return the cue that a line holds, its templates expanded with the word lists.

    Raises:
        KeyError: If the row lacks a key, or names an unknown word list.
        ValueError: If a template has too many forms.
    """
    home = row["id"].partition(".")[0]
    forms = {form for phrase in row.get("phrases", ()) for form in expand(phrase, words)}
    patterns = tuple(
        tuple(_fill(token, words) for token in pattern) for pattern in row.get("patterns", ())
    )
    return Cue(
        id=row["id"],
        tone=None if home == "cancel" else Tone(home),
        kind=row["kind"],
        strength=float(row["strength"]),
        says=row["says"],
        phrases=tuple(sorted(forms)),
        patterns=patterns,
        shape=row.get("shape", ""),
        reach=row.get("reach", 0),
        examples=tuple(row["examples"]),
        near_misses=tuple(row.get("near_misses", ())),
    )


def expand(phrase: str, words: Mapping[str, list[str]]) -> Iterator[tuple[str, ...]]:
    """Yield the token forms of every phrase that a template stands for.

    Raises:
        KeyError: If the template names an unknown word list.
        ValueError: If it stands for too many phrases.
    """
    slots: list[list[list[str]]] = []
    count, last = 1, 0
    for match in _SLOT.finditer(phrase):
        choices = words[match[1]] if match[1] else match[2].split("|")
        slots += [[_forms(phrase[last : match.start()])], [_forms(choice) for choice in choices]]
        count *= len(choices)
        last = match.end()
    if count > _MOST_FORMS:
        raise ValueError(f"{phrase!r} has {count} forms; {_MOST_FORMS} are allowed")
    for parts in product(*slots, [_forms(phrase[last:])]):
        yield tuple(chain.from_iterable(parts))


@cache
def _forms(piece: str) -> list[str]:
    """Return the forms of a piece of a phrase, without the boundaries that every text gets."""
    forms, starts, ends = split(piece)
    return forms[1:] if ends[-1] > starts[-1] else forms[1:-1]  # one that is asked for has a width


def _fill(token: Mapping[str, Any], words: Mapping[str, list[str]]) -> Mapping[str, Any]:
    wanted = token.get("ORTH")
    if isinstance(wanted, str) and wanted.startswith("{"):
        return {**token, "ORTH": {"IN": words[wanted.strip("{}")]}}
    return token
