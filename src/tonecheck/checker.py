"""The one place where a reply's path is put together: prepare, score, decide, explain."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from copy import copy
from functools import cached_property
from itertools import tee
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tonecheck.conversation.forecast import Forecaster, shipped_forecaster
from tonecheck.conversation.links import Links
from tonecheck.conversation.reader import Following, ThreadReader
from tonecheck.conversation.report import ThreadReport
from tonecheck.conversation.turn import Turns
from tonecheck.conversation.voices import Voices, VoicesReport
from tonecheck.errors import InputError
from tonecheck.explain.cues import CueFinder
from tonecheck.explain.evidence import Finding, gather
from tonecheck.explain.wording import explain
from tonecheck.labels import TONES, Decision, Severity, Tone
from tonecheck.messages import Message, Thread
from tonecheck.modelstore import open_model
from tonecheck.policy import Policy, policy_from, read_settings
from tonecheck.prepare import MAX_CHARS, clean_parent, prepare
from tonecheck.prepare.language import looks_english
from tonecheck.reading import Contribution, Prepared, Reading
from tonecheck.scorers import open_scorer
from tonecheck.scorers.base import Scorer, State
from tonecheck.verdict import Note, ToneScore, Verdict

BATCH = 256
"""How many replies are scored together: enough to be fast, few enough to stream."""

_BATCH_CHARS = 400_000  # so that a batch of very long texts takes no more memory than others

_DIGITS = 4  # probabilities are rounded: more digits would claim what no calibration can keep


def load(model: str = "default", *, settings: Path | None = None) -> "ToneChecker":
    """Return a checker that uses a model.

    Args:
        model: `default`, the name of a shipped model, or the path of a model folder.
        settings: A `tonecheck.toml` whose thresholds replace the model's.

    Raises:
        ModelError: If the model cannot be found, verified or read.
        ConfigError: If the settings are not allowed.
    """
    folder = open_model(model)
    scorer = open_scorer(folder)
    own = policy_from(folder.config["policy"])
    policy = own if settings is None else read_settings(settings, own)
    card = folder.config.get("card", {})
    return ToneChecker(
        scorer,
        policy=policy,
        prior={tone: folder.config["prior"][tone] for tone in TONES},
        model=folder.label,
        # What was measured at the model's thresholds says nothing about others.
        card={tone: card[tone] for tone in TONES if tone in card and policy[tone] == own[tone]},
    )


class ToneChecker:
    """Reads replies and says which are hostile, hustling or dismissive, and why.

    Attributes:
        policy: The thresholds in force, by tone.
        model: The model's `name@version`.
        card: What the model card states of each tone whose thresholds are the model's own.

    Example:
        >>> import tonecheck
        >>> verdict = tonecheck.load().check("You are an idiot. Learn to read.")
        >>> [str(tone) for tone in verdict.flagged]
        ['hostility', 'dismissiveness']
    """

    def __init__(
        self,
        scorer: Scorer,
        *,
        policy: Policy,
        prior: Mapping[Tone, float],
        model: str,
        card: Mapping[str, Mapping[str, Any]],
    ) -> None:
        self.policy = policy
        self.model = model
        self.card = card
        self._scorer = scorer
        self._prior = np.array([prior[tone] for tone in TONES])
        self._finder = CueFinder.load()

    def with_policy(self, policy: Policy) -> "ToneChecker":
        """Return a checker that decides by other thresholds; both share the model in memory."""
        other = copy(self)
        other.policy = policy
        other.card = {
            tone: said
            for tone, said in self.card.items()
            if policy[Tone(tone)] == self.policy[Tone(tone)]
        }
        return other

    def check(self, text: str, parent: str | None = None, thread: Thread | None = None) -> Verdict:
        """Return the verdict on one reply.

        Args:
            text: The reply, as its author wrote it.
            parent: What it answers.
            thread: What stands before it; its last message is the parent if none is given.

        Raises:
            InputError: If the text or the parent is not a string.
        """
        if parent is None and thread is not None and thread.messages:
            parent = thread.messages[-1].text
        _require_string(text, "text")
        if parent is not None:
            _require_string(parent, "parent")
        return next(self.check_many([Message(text=text, parent=parent)]))

    def check_many(self, messages: Iterable[Message | str]) -> Iterator[Verdict]:
        """Yield the verdict on each message, in order; memory does not grow with their number.

        Raises:
            InputError: If an item is neither a message nor a string.
        """
        for batch in _batches(map(_as_message, messages)):
            yield from self._check_batch(batch)

    def read_thread(
        self, thread: Thread, *, newcomers: Collection[str] | None = None
    ) -> ThreadReport:
        """Return what a whole thread shows: heat, patterns, and how likely it is to turn personal.

        Args:
            thread: The messages, oldest first.
            newcomers: Who writes in the community for the first time here, or None if not known.
        """
        links = Links()
        messages = [links.fill(message) for message in thread.messages]
        reader = self.thread_reader(thread.id, title=thread.title, newcomers=newcomers)
        for message, verdict in zip(messages, self.check_many(messages), strict=True):
            reader.add(message, verdict)
        return reader.report()

    def follow_thread(
        self, thread: str = "", *, title: str = "", newcomers: Collection[str] | None = None
    ) -> Following:
        """Return a reader that takes the messages of a growing thread one at a time.

        Args:
            thread: The thread's id.
            title: Its title.
            newcomers: Who writes in the community for the first time here, or None if not known.
        """
        reader = self.thread_reader(thread, title=title, newcomers=newcomers)
        return Following(lambda message: next(self.check_many([message])), reader)

    def thread_reader(
        self, thread: str = "", *, title: str = "", newcomers: Collection[str] | None = None
    ) -> ThreadReader:
        """Return a reader that takes the messages of a thread with this checker's verdicts.

        Args:
            thread: The thread's id.
            title: Its title.
            newcomers: Who writes in the community for the first time here, or None if not known.
        """
        return ThreadReader(thread, title=title, newcomers=newcomers, forecaster=self._forecaster)

    @cached_property
    def _forecaster(self) -> Forecaster | None:
        """The forecast that came along, opened when a thread is read."""
        return shipped_forecaster()

    def read_voices(
        self, messages: Iterable[Message], *, groups: Mapping[str, str] | None = None
    ) -> VoicesReport:
        """Return who is heard in a community, who answers whom, and who is met unkindly.

        Args:
            messages: Those of all threads together, in the order of time.
            groups: Which group each author is in, if any are to be compared; groups of fewer than
                five people are left out.
        """
        links: dict[str, Links] = {}
        turns: dict[str, Turns] = {}
        linked, judged = tee(
            links.setdefault(message.thread, Links()).fill(message) for message in messages
        )
        voices = Voices()
        for message, verdict in zip(linked, self.check_many(judged), strict=True):
            turn = turns.setdefault(message.thread, Turns()).next(message, verdict)
            voices.add(turn, time=message.time, thread=message.thread)
        return voices.report(groups)

    def _check_batch(self, messages: Sequence[Message]) -> Iterator[Verdict]:
        readings = self._read(messages)
        notes = [_note(reading.prepared) for reading in readings]
        judged = self._scorer.judge(readings)
        probabilities = judged.probabilities.copy()
        for row, note in enumerate(notes):
            if note is Note.EMPTY:
                probabilities[row] = 0.0
            elif note is Note.NOT_ENGLISH:
                probabilities[row] = self._prior
        probabilities = probabilities.round(_DIGITS)
        explained = judged.contributions(self._to_explain(notes, probabilities))
        for row, message in enumerate(messages):
            yield self._verdict(
                message,
                readings[row],
                notes[row],
                probabilities=probabilities[row],
                contributions=explained.get(row, {}),
                state=judged.states[row],
            )

    def _read(self, messages: Sequence[Message]) -> list[Reading]:
        prepared = [prepare(message.text, message.parent) for message in messages]
        hits = self._finder.find_many([item.text for item in prepared])
        return [
            Reading(prepared=item, parent=clean_parent(message.parent or ""), hits=found)
            for message, item, found in zip(messages, prepared, hits, strict=True)
        ]

    def _to_explain(
        self, notes: Sequence[Note | None], probabilities: NDArray[np.float64]
    ) -> dict[int, list[Tone]]:
        """Return the rows and tones that have something to explain."""
        wanted: dict[int, list[Tone]] = {}
        for row, (note, values) in enumerate(zip(notes, probabilities.tolist(), strict=True)):
            if note in (Note.EMPTY, Note.NOT_ENGLISH):
                continue
            for tone, value in zip(TONES, values, strict=True):
                if self.policy[tone].decide(value) is not Decision.NO:
                    wanted.setdefault(row, []).append(tone)
        return wanted

    def _verdict(
        self,
        message: Message,
        reading: Reading,
        note: Note | None,
        *,
        probabilities: NDArray[np.float64],
        contributions: Mapping[Tone, Sequence[Contribution]],
        state: State | None,
    ) -> Verdict:
        tones: dict[Tone, ToneScore] = {}
        findings: dict[Tone, Sequence[Finding]] = {}
        for tone, value in zip(TONES, probabilities.tolist(), strict=True):
            band = self.policy[tone]
            decision, severity = band.decide(value), band.grade(value)
            if note is Note.NOT_ENGLISH:
                decision, severity = Decision.UNSURE, Severity.NONE
            elif decision is not Decision.NO:
                findings[tone] = gather(reading, contributions, tone)
            tones[tone] = ToneScore(
                probability=value,
                severity=severity,
                decision=decision,
                evidence=tuple(finding.evidence for finding in findings.get(tone, ())),
            )
        return Verdict(
            id=message.id,
            tones=tones,
            explanation=explain(tones, findings, note),
            model=self.model,
            truncated=reading.prepared.truncated,
            note=note,
            state=state,
        )


def _batches(messages: Iterable[Message]) -> Iterator[list[Message]]:
    """Yield messages in batches of bounded number and length; a verdict never depends on them."""
    batch: list[Message] = []
    size = 0
    for message in messages:
        batch.append(message)
        size += min(len(message.text), MAX_CHARS) + min(len(message.parent or ""), MAX_CHARS)
        if len(batch) == BATCH or size >= _BATCH_CHARS:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _note(prepared: Prepared) -> Note | None:
    if not any(char.isalnum() for char in prepared.text):
        return Note.EMPTY
    if not looks_english(prepared.text):
        return Note.NOT_ENGLISH
    return Note.TRUNCATED if prepared.truncated else None


def _as_message(item: object) -> Message:
    if isinstance(item, str):
        return Message(text=item)
    if isinstance(item, Message):
        return item
    raise InputError(
        f"a message must be a Message or a string, got {type(item).__name__}. "
        "Wrap it as Message(text=…)."
    )


def _require_string(value: object, name: str) -> None:
    if not isinstance(value, str):
        raise InputError(
            f'"{name}" must be a string, got {type(value).__name__}. Pass the text of one message.'
        )
