"""One labelled reply, and how the labels of each corpus are read as ours.

A target is a number in [0, 1]: how likely a fair facilitator would mark the tone (severity 1 or
2). A corpus that was not made for our labels gives soft targets, and says nothing (no target)
where its labels tell nothing. Every mapping below is a judgement, kept in one place to be argued
with; the corpora themselves are named in `training.corpora`.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tonecheck.labels import TONES, Tone

Row = Mapping[str, Any]  # one JSON object of a corpus, as its makers wrote it
Spans = tuple[tuple[int, int], ...]  # from and to, in characters of a text


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A reply with what it answers and how likely each tone is.

    Attributes:
        text: The reply.
        parent: What it answers, or None.
        targets: For each tone that the corpus speaks about, a value in [0, 1].
        severities: For our own annotation only: 0, 1 or 2 (or a mean) for each tone.
        evidence: For our own annotation only: the words that carry each tone.
        group: What must stay on one side of a split: a thread, an author or a document.
        alias: Another name that the group is cited by, or empty.
        source: Where the reply comes from.
        labels: The corpus's own labels, in [0, 1], those left out 0; None where they are unknown.
            See `training.tasks`.
        marked: Stretches of the text that carry a tone by the corpus's annotators; none for a tone
            where no word carries it, and no tone where that is not known.
    """

    text: str
    parent: str | None = None
    targets: Mapping[Tone, float]
    severities: Mapping[Tone, float] = field(default_factory=dict)
    evidence: Mapping[Tone, tuple[str, ...]] = field(default_factory=dict)
    labels: Mapping[str, float] | None = None
    marked: Mapping[Tone, Spans] = field(default_factory=dict)
    group: str
    alias: str = ""
    source: str

    @property
    def names(self) -> set[str]:
        """Return what the group is called in any corpus; short numbers may clash and are none."""
        return {name for name in (self.group.rsplit("/", 1)[-1], self.alias) if len(name) >= 6}


Mapper = Callable[[Row, str], Iterator[Example]]
"""Turns one row of a corpus, given the corpus's name, into examples."""


def annotated_thread(row: Row) -> str:
    """Return the thread that an annotated reply is of, with the corpus that it is from."""
    return f"{row['source']}/{str(row.get('ref', row['id'])).rsplit('/', 1)[0]}"


def annotated(row: Row, source: str) -> Iterator[Example]:
    """Read our own annotation: severity 1 or more is the tone; a split vote leans to yes."""
    severities = {tone: float(row["labels"][tone]) for tone in TONES}
    evidence = {
        tone: tuple(span["text"] for span in row["evidence"] if span["label"] == tone)
        for tone in TONES
    }
    yield Example(
        text=row["text"],
        parent=row["parent"],
        targets={tone: min(1.0, 1.2 * value) for tone, value in severities.items()},
        severities=severities,
        evidence=evidence,
        group=annotated_thread(row),
        source=row["source"],
    )


def decided(row: Row, source: str) -> Iterator[Example]:
    """Read what people decided in `tonecheck serve`; a tone that nobody decided on says nothing."""
    labels = {tone: float(row["labels"][tone]) for tone in TONES if tone in row["labels"]}
    yield Example(
        text=row["text"],
        parent=row["parent"],
        # A decision is one person's, of somebody who saw what the model thought.
        targets={tone: 0.05 + 0.9 * value for tone, value in labels.items()},
        group=f"{row['source']}/{row['thread']}",
        source=source,
    )


def insults(row: Row, source: str) -> Iterator[Example]:
    """Insults aimed at a participant are hostility."""
    yield _example(row, source, hostility=0.97 if row["labels"]["insult"] else 0.03)


def uncivil_comments(row: Row, source: str) -> Iterator[Example]:
    """Reddit comments marked uncivil are mostly hostile."""
    text, label = row["row"]
    yield _plain(text, source, hostility=0.9 if str(label) == "1" else 0.04)


def uncivil_tweets(row: Row, source: str) -> Iterator[Example]:
    """Impolite tweets are often hostile; intolerant ones less surely so in tone."""
    impolite, intolerant = int(row["impoliteness"]), int(row["intolerance"])
    yield _plain(row["text"], source, hostility=max(0.06, 0.7 * impolite, 0.5 * intolerant))


def talk_toxicity(row: Row, source: str) -> Iterator[Example]:
    """Toxic replies on Wikipedia talk pages are hostile."""
    yield _example(row, source, hostility=0.95 if row["label"] else 0.02)


def offensive_tweets(row: Row, source: str) -> Iterator[Example]:
    """Hate is hostile. "Offensive" follows swear words and dialect, so it is left out."""
    hostility = {"hate": 0.9, "neither": 0.05}.get(row["labels"]["class"])
    if hostility is not None:
        yield _example(row, source, hostility=hostility)


_EMOTION_HOSTILITY = {"anger": 0.55, "disgust": 0.4, "annoyance": 0.35}
_KIND_EMOTIONS = frozenset(
    "admiration gratitude love caring joy approval optimism curiosity remorse relief".split()
)


def emotions(row: Row, source: str) -> Iterator[Example]:
    """Anger and disgust are hostile about half of the time; kind emotions show no tone."""
    felt = set(row["labels"]["emotions"])
    hostility = max((_EMOTION_HOSTILITY.get(emotion, 0.0) for emotion in felt), default=0.0)
    if hostility:
        yield _example(row, source, hostility=hostility)
    elif felt <= _KIND_EMOTIONS:
        yield _example(row, source, hostility=0.03, hustling=0.02, dismissiveness=0.03)


_INCIVILITY = {
    "None": (0.02, 0.02, 0.04),
    "Bitter frustration": (0.35, 0.25, 0.25),
    "Impatience": (0.2, 0.5, 0.2),
    "Mocking": (0.75, 0.05, 0.5),
    "Insulting": (0.9, 0.1, 0.3),
    "Vulgarity": (0.45, 0.05, 0.1),
    "Entitlement": (0.3, 0.6, 0.2),
    "Irony": (0.5, 0.05, 0.4),
    "Threat": (0.8, 0.7, 0.1),
    "Identity attack/Name-Calling": (0.95, 0.05, 0.2),
}


def issue_comments(row: Row, source: str) -> Iterator[Example]:
    """Incivility in issue trackers: each feature leans to the tones it tends to carry."""
    label = row["labels"]["tbdf"].replace("attacks", "attack").replace("Attack/", "attack/")
    hostility, hustling, dismissiveness = _INCIVILITY[label]
    yield _example(
        row, source, hostility=hostility, hustling=hustling, dismissiveness=dismissiveness
    )


def toxic_spans(row: Row, source: str) -> Iterator[Example]:
    """Civil Comments sampled for toxicity: hostile where annotators could point at words."""
    yield _example(row, source, hostility=0.85 if row["labels"]["toxic_offsets"] else 0.4)


def dogmatism(row: Row, source: str) -> Iterator[Example]:
    """Dogmatic posts leave no room; only the extremes of the 2 to 15 scale are telling."""
    rating = row["labels"]["dogmatism_2_15"]
    if rating >= 12:
        yield _example(row, source, hustling=0.35)
    elif rating <= 6:
        yield _example(row, source, hustling=0.03)


_TACTICS: Mapping[str, Mapping[Tone, float]] = {
    "DH0": {Tone.HOSTILITY: 0.9},
    "DH1": {Tone.HOSTILITY: 0.5},
    "DH-1": {Tone.DISMISSIVENESS: 0.5},
    "DH2": {Tone.DISMISSIVENESS: 0.4},
    "DH3": {Tone.HUSTLING: 0.25, Tone.DISMISSIVENESS: 0.2},
    "DH4": {Tone.HUSTLING: 0.2},
}


def dispute_tactics(row: Row, source: str) -> Iterator[Example]:
    """Wikipedia disputes: name calling, bailing out and repeating a claim lean to our tones."""
    parent = None
    for message in row["messages"]:
        targets = {Tone.HOSTILITY: 0.05, Tone.HUSTLING: 0.05, Tone.DISMISSIVENESS: 0.06}
        for tactic in message["rebuttal"]:
            for tone, value in _TACTICS.get(tactic.split(":")[0], {}).items():
                targets[tone] = max(targets[tone], value)
        if len(message["text"]) > 20:
            yield Example(
                text=message["text"], parent=parent, targets=targets, group=row["id"], source=source
            )
        parent = message["text"]


def inappropriate_arguments(row: Row, source: str) -> Iterator[Example]:
    """Toxic emotions are hostile, missing openness pushes, missing seriousness waves away."""
    flaws = row["labels"]
    yield _example(
        row,
        source,
        hostility=0.05 + 0.8 * flaws["Toxic Emotions"],
        hustling=0.04 + 0.3 * flaws["Missing Openness"] + 0.2 * flaws["Excessive Intensity"],
        dismissiveness=0.05 + 0.5 * flaws["Missing Seriousness"],
    )


def request_politeness(row: Row, source: str) -> Iterator[Example]:
    """Very polite requests show no tone; very impolite ones are sometimes dismissive."""
    z_score = row["labels"]["politeness_z"]
    if z_score > 0.5:
        yield _example(row, source, hostility=0.01, hustling=0.03, dismissiveness=0.02)
    elif z_score < -0.9:
        yield _example(row, source, dismissiveness=0.25)


NAME_CALLING = "Name calling/Labeling"
PUSHY_TECHNIQUES = frozenset(
    {
        "Black-and-white Fallacy/Dictatorship",
        "Bandwagon",
        "Thought-terminating cliché",
        "Slogans",
        "Repetition",
    }
)


def persuasion(row: Row, source: str) -> Iterator[Example]:
    """Name calling is hostile; slogans, bandwagon and black-and-white choices push."""
    used = {span["technique"] for span in row["labels"]["spans"]}
    yield _example(
        row,
        source,
        hostility=0.55 if NAME_CALLING in used else 0.15,
        hustling=0.4 if used & PUSHY_TECHNIQUES else 0.1,
    )


_FALLACIES: Mapping[str, Mapping[Tone, float]] = {
    "ad hominem": {Tone.HOSTILITY: 0.4},
    "ad populum": {Tone.HUSTLING: 0.3},
    "false dilemma": {Tone.HUSTLING: 0.3},
}


def fallacies(row: Row, source: str) -> Iterator[Example]:
    """Examples of fallacies in teaching material: three of them lean to our tones."""
    targets = _FALLACIES.get(row["labels"]["fallacy"])
    if targets:
        yield Example(text=row["text"], targets=targets, group=row["id"], source=source)


def peer_support(row: Row, source: str) -> Iterator[Example]:
    """A reply that shows empathy does not brush off; one that shows none may."""
    empathic = row["labels"]["level"] > 0
    yield _example(row, source, dismissiveness=0.03 if empathic else 0.12)


def unhealthy_comments(row: Row, source: str) -> Iterator[Example]:
    """News comments of UCC; for evaluation only (non-commercial licence)."""
    labels = row["labels"]
    yield _example(
        row, source, hostility=float(labels["hostile"]), dismissiveness=float(labels["dismissive"])
    )


def _example(row: Row, source: str, **targets: float) -> Example:
    """Return the example of a row that keeps `text` and perhaps `parent` in the usual places."""
    return _plain(row["text"], source, parent=row.get("parent"), group=_group(row), **targets)


def plain_example(row: Row, source: str) -> Example:
    """Return the example of a row that says nothing about our tones."""
    if "row" in row:
        return _plain(row["row"][0], source)
    return _plain(row["text"], source, parent=row.get("parent"), group=_group(row))


def _group(row: Row) -> str:
    return str(row.get("thread") or row.get("id") or "")


def _plain(
    text: str, source: str, *, parent: str | None = None, group: str = "", **targets: float
) -> Example:
    return Example(
        text=text,
        parent=parent,
        targets={Tone(name): value for name, value in targets.items()},
        group=group or text[:80],
        source=source,
    )
