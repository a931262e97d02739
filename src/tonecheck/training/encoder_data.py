"""What an encoder learns from, in its parts, and what can be varied about it."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path

import numpy as np

from tonecheck.training.calibrate import held_out_groups
from tonecheck.training.corpora import Corpus
from tonecheck.training.examples import Example
from tonecheck.training.mentions import mentions, of_things
from tonecheck.training.mixture import Pool, read_example
from tonecheck.training.recipe import (
    OURS,
    OURS_COUNTS,
    Recipe,
    TrainingData,
    read_training,
)
from tonecheck.training.sentences import sentence_examples
from tonecheck.training.tasks import read_task
from tonecheck.training.unlabelled import UnlabelledPairs, unmarked
from tonecheck.training.wordspace import UNLABELLED

_HELD_OUT = 8  # one thread in so many
_PARTS = 20  # that annotated threads are dealt into, for learning curves
_SHORT = 500  # characters of unlabelled posts: long ones cost much and teach little more
_MENTIONS = 4_000  # sentences that name a group: some sixty a group
_OF_THINGS = 1_500  # sentences with such words said of things
_ANNOTATED = 6_900  # replies beside which the registry's weights were chosen


@dataclass(frozen=True, slots=True, kw_only=True)
class EncoderSettings:
    """What can be varied, and is in the ablations.

    Attributes:
        base: The checkpoint to start from; None for the pre-trained one that ships.
        rounds: How often the annotated replies are read.
        teachers: How many encoders of a kind teach the one that ships; with 1 and no larger
            checkpoint there is no teaching.
        teachers_from: Larger checkpoints that the teachers start from; none for the same one.
        teacher_rounds: The rounds of a teacher; None for as many as the one that ships has.
        work: A folder for finished teachers and what they think, so that a run that was stopped
            goes on; None for none.
        unlabelled: How many unlabelled posts the teachers judge for it.
        judged: How many of these are read in a round, for each annotated reply.
        multitask: Whether the corpora's own labels are learned as well.
        others: How many replies of other corpora are read, for each annotated one.
        mentions: How many sentences that name a group, or say its name of a thing, are read, for
            each annotated reply.
        without: Corpora to leave out.
        share: How much of the annotated replies to use, by thread.
        parents: Whether what a reply answers is read.
    """

    base: str | None = None
    rounds: int = 7
    teachers: int = 3
    teachers_from: tuple[str, ...] = ()
    teacher_rounds: int | None = None
    work: Path | None = None
    unlabelled: int = 20_000
    judged: float = 1.0
    multitask: bool = True
    others: float = 0.3
    mentions: float = 0.05
    without: frozenset[str] = field(default_factory=frozenset)
    share: float = 1.0
    parents: bool = True


@dataclass(frozen=True, slots=True)
class Split:
    """The training data in its parts.

    Attributes:
        taught: Annotated replies.
        held_out: Annotated replies of other threads, which teach nothing.
        others: Replies of the other corpora, of none of the held-out threads.
        names: The own labels of each corpus that has some.
        weights: How much a reply of each corpus counts for our tones beside an annotated one.
    """

    taught: Sequence[Example]
    held_out: Sequence[Example]
    others: Sequence[Example]
    names: Mapping[str, tuple[str, ...]]
    weights: Mapping[str, float]


def split_data(
    recipe: Recipe, settings: EncoderSettings, development: Mapping[str, Sequence[Example]]
) -> tuple[TrainingData, Split]:
    """Return the training data, and its parts: taught, held out, and the other corpora's."""
    names: dict[str, tuple[str, ...]] = {}

    def read(corpus: Corpus, folders: Sequence[Path]) -> list[Example]:
        if corpus.name in settings.without:
            return []
        labels, examples = read_task(corpus, folders)
        if labels and settings.multitask:
            names[corpus.name] = labels
        return examples

    data = read_training(recipe, development, read=read)
    annotated = list(data.annotated)
    if not settings.parents:
        annotated = [replace(example, parent=None) for example in annotated]
    unseen = [example for example in annotated if held_out(example.group, recipe.seed)]
    taught = [example for example in annotated if not held_out(example.group, recipe.seed)]
    if settings.share < 1.0:
        parts = held_out_groups([item.group for item in taught], _PARTS, seed=recipe.seed + 1)
        limit = round(_PARTS * settings.share)
        taught = [item for item, part in zip(taught, parts, strict=True) if part < limit]
    closed = {name for example in unseen for name in example.names}
    others = [example for example in data.others if not example.names & closed]
    weights = {corpus.name: corpus.weight for corpus in data.corpora}
    return data, Split(taught, unseen, others, names, weights)


def held_out(group: str, seed: int) -> bool:
    """Return whether a thread teaches an encoder nothing: by its name, however the corpora grow."""
    digest = hashlib.sha256(f"{seed}:{group}".encode()).digest()
    return int.from_bytes(digest[:8]) % _HELD_OUT == 0


def pools_of(settings: EncoderSettings, split: Split, *, seed: int) -> list[Pool]:
    """Return what a round is drawn from.

    The other corpora are drawn by the root of their size, so that large ones do not drown small
    ones; over a round each counts for our tones what its registered weight gives it, as far as it
    can with no draw counting more than an annotated reply.
    """
    sentences = sentence_examples(
        split.taught, [read_example(example) for example in split.taught], seed=seed
    )
    pools = [
        Pool(examples=split.taught, drawn=len(split.taught), weight=1.0, augment=True),
        Pool(examples=sentences, drawn=len(split.taught) // 3, weight=0.5),
    ]
    if ours := [example for example in split.taught if example.source == OURS]:
        again = (OURS_COUNTS - 1) * len(ours)
        pools.append(Pool(examples=ours, drawn=again, weight=1.0, augment=True))
    if settings.mentions:
        named = [*mentions(_MENTIONS, seed=seed), *of_things(_OF_THINGS, seed=seed)]
        drawn = round(settings.mentions * len(split.taught))
        pools.append(Pool(examples=named, drawn=drawn, weight=1.0))
    # A part of the annotated replies is read beside as many others as all of them are.
    whole = round(len(split.taught) / settings.share)
    by_corpus: dict[str, list[Example]] = {}
    for example in split.others if settings.others else ():
        if example.targets or settings.multitask:
            by_corpus.setdefault(example.source, []).append(example)
    roots = {name: len(examples) ** 0.5 for name, examples in by_corpus.items()}
    for name, examples in sorted(by_corpus.items()):
        share = roots[name] / sum(roots.values())
        drawn = max(1, round(settings.others * whole * share))
        counted = split.weights[name] * len(examples) * whole / _ANNOTATED
        pools.append(Pool(examples=examples, drawn=drawn, weight=min(1.0, counted / drawn)))
    return pools


def unjudged(recipe: Recipe, settings: EncoderSettings, split: Split) -> list[Example]:
    """Return unlabelled forum posts, and as many replies of other corpora, without targets.

    None are of a thread that is held out. The posts' licence is unstated, so that a recipe of open
    licence has none.
    """
    if recipe.licence == "open" or not settings.unlabelled:
        return []
    pairs = UnlabelledPairs(recipe.folders, besides=split.held_out)
    posts = (
        Example(
            text=unmarked(text),
            parent=unmarked(parent) or None,
            targets={},
            group="",
            source=UNLABELLED,
        )
        for parent, text in pairs.forum(share=0.25)
        if len(text) <= _SHORT
    )
    found = list(islice(posts, settings.unlabelled))
    random = np.random.default_rng(recipe.seed)
    chosen = random.permutation(len(split.others))[: len(found)]
    return found + [replace(split.others[i], targets={}, labels=None, marked={}) for i in chosen]
