"""Steamrolling: one voice takes the floor."""

from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass

from tonecheck.conversation.latest import Latest
from tonecheck.conversation.pattern import Finding, Pattern
from tonecheck.conversation.turn import Turn
from tonecheck.labels import Tone

WINDOW = 30
"""The latest messages, of which the floor is measured."""

LEAST, PEOPLE = 10, 3
"""How many messages and people it takes before a share says anything."""

WORDS, TURNS = 0.5, 0.4
"""The shares of words and of messages from which somebody holds the floor."""

RUN, REPEATS, EVERYONE = 4, 2, 3
"""Posts in succession, claims made again, and people answered, that are signs of pushing."""

ALIKE = 0.4
"""The share of three-word stretches that two messages have in common, to make the same claim."""

_SHORTEST, _LONGEST = 8, 300  # words of a message that is looked at for claims
_CLAIMS = 10  # of each person's latest messages a claim is compared with
_SPEAKERS = 2 * WINDOW  # whose claims are remembered; whoever holds the floor is among them


@dataclass(frozen=True, slots=True)
class _Post:
    """What is kept of a message of the window."""

    key: str
    author: str
    to: str
    words: int
    repeats: bool
    pushes: bool


class Steamrolling(Pattern):
    """One person holds the floor, and pushes: a share alone is no pattern, for teachers explain.

    The signs of pushing are four or more posts in succession, the same claim made again (twice or
    more), answers to everyone else (three or more people), and a reply flagged as hustling. Two of
    them must show.

    Example:
        Rex writes 8 of 14 messages. Four come in a row, and three say, in nearly the same words,
        that everybody must switch to his template by Friday.
    """

    name = "steamrolling"
    definition = (
        f"Of the latest {WINDOW} messages, at least {LEAST} by at least {PEOPLE} people, one "
        f"person wrote at least {WORDS:.0%} of the words and {TURNS:.0%} of the messages, and two "
        f"signs of pushing show: {RUN} posts in succession, {REPEATS} repeated claims, answers to "
        f"all others (at least {EVERYONE}), a reply flagged as hustling."
    )
    source = (
        "Quantitative and participatory dominance: Itakura 2001, Describing Conversational "
        "Dominance, Journal of Pragmatics 33:1859-1880. Likeness of claims: Broder 1997, On the "
        "Resemblance and Containment of Documents."
    )

    def __init__(self) -> None:
        self._posts: deque[_Post] = deque()
        self._turns: Counter[str] = Counter()
        self._words: Counter[str] = Counter()
        self._claims = Latest[str, deque[frozenset[tuple[str, ...]]]](_SPEAKERS)
        self._told: dict[str, int] = {}

    def take(self, turn: Turn) -> Sequence[Finding]:
        """Take the next turn; a person is told again only after a whole window without it."""
        if not turn.author:
            return ()
        self._push(turn)
        if not self._holds_the_floor(turn.author) or len(self._signs(turn.author)) < 2:
            return ()
        told, self._told[turn.author] = self._told.get(turn.author), turn.number
        if told is not None and turn.number - told <= WINDOW:
            return ()
        found = Finding(
            pattern=self.name,
            messages=tuple(post.key for post in self._posts if post.author == turn.author),
            people=(turn.author,),
            explanation=f"One person holds the floor: {_listed(self._signs(turn.author))}.",
        )
        return (found,)

    def _push(self, turn: Turn) -> None:
        words = turn.words.split()
        post = _Post(
            key=turn.key,
            author=turn.author,
            to=turn.to if turn.addressed else "",
            words=len(words),
            repeats=self._repeats(turn.author, words),
            pushes=turn.says(Tone.HUSTLING),
        )
        self._count(post, 1)
        self._posts.append(post)
        if len(self._posts) > WINDOW:
            self._count(self._posts.popleft(), -1)

    def _count(self, post: _Post, sign: int) -> None:
        self._turns[post.author] += sign
        self._words[post.author] += sign * post.words
        if not self._turns[post.author]:
            del self._turns[post.author], self._words[post.author]

    def _repeats(self, author: str, words: Sequence[str]) -> bool:
        """Return whether somebody says again what they said in one of their latest messages."""
        plain = [word.strip(".,;:!?\"'()").casefold() for word in words[:_LONGEST]]
        if len(plain) < _SHORTEST:
            return False
        claim = frozenset(zip(plain, plain[1:], plain[2:], strict=False))
        earlier = self._claims.get(author) or deque(maxlen=_CLAIMS)
        found = any(len(claim & one) >= ALIKE * len(claim | one) for one in earlier)
        earlier.append(claim)
        self._claims.put(author, earlier)
        return found

    def _holds_the_floor(self, author: str) -> bool:
        return (
            len(self._posts) >= LEAST
            and len(self._turns) >= PEOPLE
            and self._turns[author] >= TURNS * len(self._posts)
            and self._words[author] >= WORDS * self._words.total()
        )

    def _signs(self, author: str) -> list[str]:
        own = [post for post in self._posts if post.author == author]
        repeats = sum(post.repeats for post in own)
        others = self._turns.keys() - {author}
        answered = others & {post.to for post in own}
        signs = []
        if (run := _longest_run(self._posts, author)) >= RUN:
            signs.append(f"{run} posts in a row")
        if repeats >= REPEATS:
            signs.append(f"the same claim {repeats} times over")
        if len(answered) >= EVERYONE and answered == others:
            signs.append("an answer to everyone")
        if any(post.pushes for post in own):
            signs.append("pushing people")
        return signs


def _longest_run(posts: Sequence[_Post], author: str) -> int:
    longest = run = 0
    for post in posts:
        run = run + 1 if post.author == author else 0
        longest = max(longest, run)
    return longest


def _listed(signs: Sequence[str]) -> str:
    return f"{', '.join(signs[:-1])} and {signs[-1]}"
