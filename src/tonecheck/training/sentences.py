"""Single sentences of annotated replies as further examples.

Annotators marked the words that carry a tone (rationales, Zaidan, Eisner & Piatko 2007). The
sentence with those words shows the tone, and the other sentences of the reply mostly do not. The
model judges sentences as well as whole replies, so both teach it.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from tonecheck.labels import TONES, Tone
from tonecheck.reading import Reading
from tonecheck.scorers.linear import split_sentences
from tonecheck.training.examples import Example

BESIDE_EVIDENCE = 0.15
"""How likely a sentence without marked words shows the tone, in a reply that has the tone."""

_KEPT = 0.4  # of the sentences without any tone, which are many
_COMPARED = 25  # characters of the evidence; what follows may differ by a repaired disguise


def sentence_examples(
    examples: Sequence[Example], readings: Sequence[Reading], *, seed: int
) -> list[Example]:
    """Return the sentences of replies with more than one, with targets of their own.

    Args:
        examples: Annotated replies, with evidence.
        readings: The same replies made ready for scoring.
        seed: Decides which sentences without any tone are kept.
    """
    random = np.random.default_rng(seed)
    sentences = split_sentences(readings)
    counts = np.bincount(sentences.rows, minlength=len(readings))
    found = []
    for text, row in zip(sentences.texts, sentences.rows.tolist(), strict=True):
        if counts[row] < 2:
            continue
        targets = _targets(text, examples[row])
        shows = max(targets.values(), default=0.0) == 1.0
        if targets and (shows or random.random() < _KEPT):
            example = Example(
                text=text,
                parent=examples[row].parent,
                targets=targets,
                group=examples[row].group,
                source=examples[row].source,
            )
            found.append(example)
    return found


def _targets(text: str, reply: Example) -> Mapping[Tone, float]:
    targets = {}
    for tone in TONES:
        marked = [words.lower()[:_COMPARED] for words in reply.evidence.get(tone, ())]
        if reply.targets[tone] == 0.0:
            targets[tone] = 0.0
        elif reply.targets[tone] >= 0.5 and marked:
            shown = any(words in text.lower() for words in marked)
            targets[tone] = 1.0 if shown else BESIDE_EVIDENCE
    return targets
