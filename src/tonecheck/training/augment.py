"""Changes to a labelled reply that leave its labels as they are, for training an encoder.

Politeness does not undo an insult, a name or a group is no tone, and small letters, a slip of the
keys, a quotation or a link say nothing about it either. A model that sees each reply in several
such forms learns to look past them. Disguised words ("id10t") need no such form: `prepare` undoes
them before an encoder reads anything. Every wording here is our own.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain

from tonecheck.labels import Tone
from tonecheck.training.examples import Example
from tonecheck.training.swaps import NAMES, Random, each_phrase, groups_swapped, names_swapped

CHANGED = 0.5
"""How often an example is changed at all; some changes then find nothing to do."""

_TWICE = 0.3  # of the changed ones get a second change
_HARSH = 0.5  # from this target on a reply takes the openings that sound barbed on a kind one

OPENINGS = tuple(
    "Just my two cents:|Thanks for posting this.|For what it's worth:|As I read it:|Quick thought:|"
    "One note from me:|Thanks for sharing.|Good to see this thread.|Speaking for myself:|"
    "I read this twice.|In my experience:|Coming back to this:".split("|")
)
"""Fit any reply."""

HARSH_OPENINGS = tuple(
    "No offence, but|With respect,|With all due respect,|I don't mean to be rude, but|"
    "Don't take this the wrong way, but|I say this as a friend:|Not to be harsh, but|"
    "Please don't be upset, but|I'm sorry to say it, but|Nothing personal, but".split("|")
)
"""Fit only replies that are hostile or dismissive: what they announce does follow."""

CLOSINGS = tuple(
    "Hope that helps!|Have a nice day.|Thanks for reading.|Good luck with the rest of it.|"
    "Happy studying!|All the best with the course.|Just my view.|Enjoy the weekend!|"
    "Thanks, everyone.|See you in the next session.".split("|")
)

_GREETINGS = ("Hi all,", "Hello everyone,", "Hi {},", "Hello {},", "Good morning,", "Hey {},")
_SIGN_OFFS = ("Cheers,\n{}", "Best wishes,\n{}", "Regards, {}", "Thanks,\n{}", "{}", "Best, {}")

_LINKS = (
    "https://notes.example.org/week-3",
    "https://forum.example.org/t/4127",
    "https://docs.example.org/guide#loops",
    "www.example.edu/handbook",
)
_CODE = (
    "for row in rows:\n    print(row)",
    "total = sum(values) / len(values)",
    "SELECT name FROM students;",
    "Traceback (most recent call last):\nKeyError: 'week'",
)

_SHOUTED = re.compile(r"\b[^\W\d_a-z]{2,}\b")
# Neither part of an address nor of markup, which `prepare` must still know.
_LONG_WORD = re.compile(r"(?<![\w/.@`#:<\[&-])[A-Za-z][a-z]{4,}+(?![\w/@`:;-])")

Change = Callable[[Example, Random], Example]


def augmented(example: Example, random: Random) -> Example:
    """Return the example with one or two changes, or as it is.

    Targets stay, and evidence that stood in the text still stands in it.
    """
    if random.random() >= CHANGED:
        return example
    count = 2 if random.random() < _TWICE else 1
    changes, shares = list(CHANGES), list(CHANGES.values())
    for place in random.choice(len(changes), size=count, replace=False, p=shares):
        example = _with_evidence(example, changes[place](example, random))
    return example


def _with_evidence(old: Example, new: Example) -> Example:
    """Return the changed example, or the old one if a change tore its evidence apart."""
    for tone, phrases in old.evidence.items():
        for before, after in zip(phrases, new.evidence[tone], strict=True):
            if before in old.text and after not in new.text:
                return old
    return new


def _one(choices: Sequence[str], random: Random) -> str:
    return choices[int(random.integers(len(choices)))]


def politely_opened(example: Example, random: Random) -> Example:
    """Put a polite phrase before the reply."""
    openings = OPENINGS + (HARSH_OPENINGS if _is_harsh(example) else ())
    return _before(example, _one(openings, random) + " ")


def politely_closed(example: Example, random: Random) -> Example:
    """Put a kind phrase behind the reply."""
    gap = " " if example.text.rstrip().endswith((".", "!", "?")) else "\n"
    return replace(example, text=example.text.rstrip() + gap + _one(CLOSINGS, random))


def greeted(example: Example, random: Random) -> Example:
    """Put a greeting before the reply."""
    return _before(example, _one(_GREETINGS, random).format(_one(NAMES, random)) + "\n\n")


def signed(example: Example, random: Random) -> Example:
    """Put a name behind the reply."""
    signature = _one(_SIGN_OFFS, random).format(_one(NAMES, random))
    return replace(example, text=f"{example.text.rstrip()}\n\n{signature}")


def in_small_letters(example: Example, random: Random) -> Example:
    """Put small letters for all, unless a word is in capitals, which carry tone."""
    if _SHOUTED.search(example.text):
        return example
    evidence = each_phrase(example, str.lower)
    return replace(example, text=example.text.lower(), evidence=evidence)


def without_full_stop(example: Example, random: Random) -> Example:
    """Take away the full stop at the end; other marks there carry tone."""
    text = example.text.rstrip()
    if not text.endswith(".") or text.endswith(".."):
        return example
    text = text.removesuffix(".")
    evidence = each_phrase(example, lambda said: said if said in text else said.rstrip("."))
    return replace(example, text=text, evidence=evidence)


def mistyped(example: Example, random: Random) -> Example:
    """Swap two letters within one or two long words that neither evidence nor parent holds."""
    parent = (example.parent or "").lower()
    held = list(_evidence_places(example))
    found = [
        match.start()
        for match in _LONG_WORD.finditer(example.text)
        if match.group().lower() not in parent
        and not any(match.start() < end and start < match.end() for start, end in held)
    ]
    letters = list(example.text)
    for start in random.permutation(found)[: random.integers(1, 3)].tolist():
        at = start + int(random.integers(1, 4))
        letters[at], letters[at + 1] = letters[at + 1], letters[at]
    return replace(example, text="".join(letters))


def quoted(example: Example, random: Random) -> Example:
    """Put a quoted line of what the reply answers before it; `prepare` takes it out again."""
    lines = [line.strip() for line in (example.parent or "").splitlines()]
    whole = [line for line in lines if line and not re.search(r"[`<>\[\]&]", line)]
    if not whole:
        return example
    said = f"{_one(NAMES, random)} wrote:\n" if random.random() < 0.3 else ""
    return replace(example, text=f"{said}> {_one(whole, random)[:200]}\n\n{example.text}")


def with_code(example: Example, random: Random) -> Example:
    """Put a block of code before or behind the reply; `prepare` takes it out again."""
    if example.parent is None or "`" in example.text:
        return example
    block = f"```\n{_one(_CODE, random)}\n```"
    parts = (block, example.text) if random.random() < 0.5 else (example.text, block)
    return replace(example, text="\n\n".join(parts))


def with_link(example: Example, random: Random) -> Example:
    """Put a web address behind the reply."""
    if example.parent is None:
        return example
    return replace(example, text=f"{example.text.rstrip()}\n\n{_one(_LINKS, random)}")


def _is_harsh(example: Example) -> bool:
    tones = (Tone.HOSTILITY, Tone.DISMISSIVENESS)
    return any(example.targets.get(tone, 0.0) >= _HARSH for tone in tones)


def _before(example: Example, phrase: str) -> Example:
    """Put a phrase first, unless the text opens with markup or words of its parent.

    `prepare` knows a repeated sentence or a quotation by where it begins.
    """
    opening = " ".join(example.text.split()[:4])
    if not example.text[:1].isalnum() or opening.lower() in (example.parent or "").lower():
        return example
    return replace(example, text=phrase + example.text)


def _evidence_places(example: Example) -> Iterator[tuple[int, int]]:
    for phrase in filter(None, chain.from_iterable(example.evidence.values())):
        yield from (match.span() for match in re.finditer(re.escape(phrase), example.text))


CHANGES: Mapping[Change, float] = {
    politely_opened: 0.13,
    politely_closed: 0.1,
    greeted: 0.06,
    signed: 0.07,
    names_swapped: 0.14,
    groups_swapped: 0.18,
    in_small_letters: 0.09,
    without_full_stop: 0.07,
    mistyped: 0.07,
    quoted: 0.04,
    with_code: 0.03,
    with_link: 0.02,
}
"""Each change with its share; `augmented` draws by them."""
