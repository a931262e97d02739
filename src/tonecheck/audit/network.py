"""Draws who answers whom in a thread: where each person and each arrow goes."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from unicodedata import east_asian_width

WIDTH = 380
MOST_PEOPLE = 10
"""How many people a drawing holds; more could not be told apart."""

_ACROSS, _DOWN = 92, 100
_DOT = 9
_ABOVE = 36  # above and below all dots, for names and bends
_GAP = 6  # between the end of an arrow and a dot
_HEAD = 7
_BEND = 0.16  # so that two people's arrows to each other lie side by side
_MOST_WIDTH = 5.0
_ROOM = 11.5  # for a name beside its dot, in widths of a small letter
_BROAD = 1.9


@dataclass(frozen=True, slots=True, kw_only=True)
class Replies:
    """How often one person answered another, and how often unkindly."""

    author: str
    to: str
    count: int
    unkind: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Where somebody stands, and where their name does; `anchor` is that of SVG texts."""

    name: str
    x: float
    y: float
    name_x: float
    name_y: float
    anchor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrow:
    """A line with its head, as SVG takes them."""

    line: str
    head: str
    width: float
    unkind: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """A drawing, `WIDTH` wide, and what it shows in words.

    Attributes:
        height: How high it is.
        people: Those who answer or are answered most.
        arrows: From whoever answers to whoever is answered; unkind ones last, on top.
        replies: What the arrows stand for, for a table; the most unkind first.
        left_out: How many people there is no room for.
        sentence: What the drawing shows.
    """

    height: float
    people: tuple[Person, ...]
    arrows: tuple[Arrow, ...]
    replies: tuple[Replies, ...]
    left_out: int
    sentence: str


def draw_network(replies: Sequence[Replies]) -> Network | None:
    """Return the drawing of replies between people, or None where there are none.

    Those who have most to do with unkind replies come first, then those with most replies.
    """
    weight: Counter[str] = Counter()
    for one in replies:
        for name in (one.author, one.to):
            weight[name] += one.count + 1_000 * one.unkind
    names = sorted(weight, key=lambda name: (-weight[name], name))[:MOST_PEOPLE]
    if not names:
        return None
    shown = [one for one in replies if one.author in names and one.to in names]
    shown.sort(key=lambda one: (-one.unkind, -one.count, one.author, one.to))
    people = {name: _person(name, nth, len(names)) for nth, name in enumerate(names)}
    return Network(
        height=max(person.y for person in people.values()) + _ABOVE,
        people=tuple(people.values()),
        arrows=tuple(_arrow(one, people) for one in reversed(shown)),
        replies=tuple(shown),
        left_out=len(weight) - len(names),
        sentence=_sentence(shown, len(names)),
    )


def _person(name: str, nth: int, count: int) -> Person:
    turn = 2 * math.pi * nth / count - math.pi / 2
    x = WIDTH / 2 + _ACROSS * math.cos(turn)
    y = _ABOVE + _DOWN + _DOWN * math.sin(turn)
    side = 0 if abs(math.cos(turn)) < 0.2 else math.copysign(1, math.cos(turn))
    lift = math.copysign(22, math.sin(turn)) if not side else 0
    return Person(
        name=_fit(name),
        x=round(x, 1),
        y=round(y, 1),
        name_x=round(x + 14 * side, 1),
        name_y=round(y + lift + 4, 1),
        anchor={0: "middle", 1: "start", -1: "end"}[int(side)],
    )


def _fit(name: str) -> str:
    """Return as much of a name as there is room for."""
    room = _ROOM
    for at, char in enumerate(name):
        room -= _BROAD if char in "mwMW@%" or east_asian_width(char) in "WF" else 1
        room -= 0.3 * char.isupper()
        if room < (0 if at == len(name) - 1 else 1):
            return name[:at] + "…"
    return name


def _arrow(one: Replies, people: dict[str, Person]) -> Arrow:
    start, end = people[one.author], people[one.to]
    across, down = end.x - start.x, end.y - start.y
    bend_x = (start.x + end.x) / 2 - _BEND * down
    bend_y = (start.y + end.y) / 2 + _BEND * across
    first = _towards((start.x, start.y), (bend_x, bend_y), _DOT + _GAP / 2)
    tip = _towards((end.x, end.y), (bend_x, bend_y), _DOT + _GAP / 2)
    foot = _towards((end.x, end.y), (bend_x, bend_y), _DOT + _GAP / 2 + _HEAD)
    side_x, side_y = (tip[1] - foot[1]) * 0.6, (foot[0] - tip[0]) * 0.6
    corners = [tip, (foot[0] + side_x, foot[1] + side_y), (foot[0] - side_x, foot[1] - side_y)]
    return Arrow(
        line=f"M{_at(first)} Q{_at((bend_x, bend_y))} {_at(foot)}",
        head=" ".join(_at(corner) for corner in corners),
        width=round(min(_MOST_WIDTH, 1.2 + math.log2(one.count)), 1),
        unkind=one.unkind > 0,
    )


def _towards(
    point: tuple[float, float], other: tuple[float, float], far: float
) -> tuple[float, float]:
    across, down = other[0] - point[0], other[1] - point[1]
    share = far / math.hypot(across, down)
    return point[0] + share * across, point[1] + share * down


def _at(point: tuple[float, float]) -> str:
    return f"{point[0]:.1f},{point[1]:.1f}"


def _sentence(replies: Sequence[Replies], people: int) -> str:
    total = sum(one.count for one in replies)
    unkind = [one for one in replies if one.unkind]
    some = f"{total:,} {'reply' if total == 1 else 'replies'} between {people} people"
    if not unkind:
        return f"{some}, none of them flagged as hostile or dismissive."
    first, count = unkind[0], sum(one.unkind for one in unkind)
    are = f"{count:,} {'is' if count == 1 else 'are'} flagged as hostile or dismissive"
    pair = f"from {first.author} to {first.to}"
    if count == 1:
        return f"{some}; {are}, {pair}."
    if first.unkind == 1:
        return f"{some}; {are}, no two of them from one person to the same other."
    return f"{some}; {are}, most often {pair} ({first.unkind:,} times)."
