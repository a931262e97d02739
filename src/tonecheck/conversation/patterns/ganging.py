"""Ganging agreement: others cheer an attack on."""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field

from tonecheck.conversation.markers import agrees
from tonecheck.conversation.pattern import Finding, Pattern
from tonecheck.conversation.turn import Turn

PEOPLE = 2
"""How many others must agree."""

WINDOW = 20
"""For how many messages after it an attack is watched."""


@dataclass(slots=True)
class _Attack:
    turn: Turn
    agreed: dict[str, str] = field(default_factory=dict)  # the messages, by who wrote them


class GangingAgreement(Pattern):
    """Two or more people agree with a reply that attacks or brushes off a third.

    They need not be unkind themselves: "+1" under an insult tells its target that the room is
    against them. Agreement counts where it answers the attack, or follows right on it and answers
    nothing in particular.

    Example:
        "Maybe this course is too hard for you", writes Ben to Ana. "This", says Chi;
        "+1, finally someone said it", says Dee.
    """

    name = "ganging_agreement"
    definition = (
        f"Within {WINDOW} messages, at least {PEOPLE} other people, and not the target, agree with "
        "a reply that is flagged as hostile or dismissive and aimed at somebody."
    )
    source = (
        "Reinforcers, who take no part but cheer: Salmivalli, Lagerspetz, Björkqvist, Österman and "
        "Kaukiainen 1996, Bullying as a Group Process, Aggressive Behavior 22(1):1-15."
    )

    def __init__(self) -> None:
        self._attacks: OrderedDict[str, _Attack] = OrderedDict()
        self._rooted: tuple[int, str] = (0, "")  # the last message, and the attack it belongs to

    def take(self, turn: Turn) -> Sequence[Finding]:
        """Take the next turn; an attack is told once."""
        while self._attacks:
            oldest = next(iter(self._attacks.values()))
            if turn.number - oldest.turn.number <= WINDOW:
                break
            self._attacks.popitem(last=False)
        attack = self._cheered(turn)
        found = () if attack is None else self._count(attack, turn)
        if turn.addressed and turn.unkind:
            self._attacks[turn.key] = _Attack(turn)
            self._rooted = (turn.number, turn.key)
        return found

    def _cheered(self, turn: Turn) -> _Attack | None:
        """Return the attack that a turn agrees with."""
        number, key = self._rooted
        key = turn.answers or (key if number == turn.number - 1 else "")
        attack = self._attacks.get(key)
        if attack is None or not turn.author or not agrees(turn.words):
            return None
        self._rooted = (turn.number, key)  # "+1" after "+1" is still about the attack
        return None if turn.author in (attack.turn.author, attack.turn.to) else attack

    def _count(self, attack: _Attack, turn: Turn) -> tuple[Finding, ...]:
        before = len(attack.agreed)
        attack.agreed.setdefault(turn.author, turn.key)
        if not before < PEOPLE <= len(attack.agreed):
            return ()
        found = Finding(
            pattern=self.name,
            messages=(attack.turn.key, *attack.agreed.values()),
            people=(attack.turn.author, *attack.agreed),
            target=attack.turn.to,
            explanation="Others cheered on an unkind reply to somebody.",
        )
        return (found,)
