import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tonecheck.audit.network import MOST_PEOPLE, WIDTH, Replies, draw_network

NAMES = [f"Member {number:02d}" for number in range(1, 15)]
REPLIES = st.dictionaries(
    st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES)).filter(lambda two: two[0] != two[1]),
    st.integers(1, 500).flatmap(lambda count: st.tuples(st.just(count), st.integers(0, count))),
    min_size=1,
)


@given(REPLIES)
def test_everything_drawn_lies_inside_the_drawing(replies):
    drawn = draw_network(
        [Replies(author=a, to=b, count=n, unkind=u) for (a, b), (n, u) in replies.items()]
    )
    numbers = [
        tuple(map(float, point.split(",")))
        for arrow in drawn.arrows
        for point in re.findall(r"[-\d.]+,[-\d.]+", f"{arrow.line} {arrow.head}")
    ]
    numbers += [(person.x, person.y) for person in drawn.people]
    assert all(0 < x < WIDTH and 0 < y < drawn.height for x, y in numbers)
    assert len({(person.x, person.y) for person in drawn.people}) == len(drawn.people)
    assert len(drawn.people) + drawn.left_out == len({name for two in replies for name in two})
    assert len(drawn.people) <= MOST_PEOPLE
    assert len(drawn.arrows) == len(drawn.replies)


def test_people_with_unkind_replies_come_first_and_the_sentence_names_them():
    rows = [Replies(author=a, to=b, count=9, unkind=0) for a, b in pairwise(NAMES)]
    rows.append(Replies(author="Rex", to="Ana", count=3, unkind=2))
    drawn = draw_network(rows)
    assert {person.name for person in drawn.people[:2]} == {"Ana", "Rex"}
    assert drawn.people[2].name == "Member 02"  # whole
    assert drawn.arrows[-1].unkind  # on top
    assert drawn.sentence.endswith(
        "2 are flagged as hostile or dismissive, most often from Rex to Ana (2 times)."
    )


def test_without_replies_there_is_nothing_to_draw():
    assert draw_network([]) is None


@pytest.mark.parametrize(
    ("unkind", "said"),
    [
        ([0, 0], "none of them flagged as hostile or dismissive."),
        ([1, 0], "1 is flagged as hostile or dismissive, from Rex to Ana."),
        ([1, 1], "dismissive, no two of them from one person to the same other."),
        ([1, 2], "3 are flagged as hostile or dismissive, most often from Ana to Rex (2 times)."),
    ],
)
def test_the_sentence_says_no_more_than_there_is(unkind, said):
    pairs = zip([("Rex", "Ana"), ("Ana", "Rex")], unkind, strict=True)
    rows = [Replies(author=a, to=b, count=3, unkind=times) for (a, b), times in pairs]
    assert draw_network(rows).sentence.endswith(said)
