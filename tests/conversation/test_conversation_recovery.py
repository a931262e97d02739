import pytest

from tonecheck.conversation.markers import apologises, thanks

START = [
    ("1", "Ana", "", "", "What does k stand for?"),
    ("2", "Ben", "1", "h", "That is a stupid question."),
    ("3", "Ana", "2", "", "It is not in the syllabus."),
]


def test_an_apology_mends(forum):
    (found,) = forum([*START, ("4", "Ben", "3", "", "Sorry, I was rude.")]).found("recovery")
    assert (found.messages, found.people, found.good) == (("2", "4"), ("Ben",), True)
    assert found.explanation == "Somebody apologised for an unkind message."


def test_a_thank_you_between_the_two_mends(forum):
    rows = [*START, ("4", "Ben", "3", "", "k is the group size."), ("5", "Ana", "4", "", "Thanks!")]
    (found,) = forum(rows).found("recovery")
    assert found.messages == ("2", "5")


@pytest.mark.parametrize(
    "row",
    [
        ("4", "Ben", "3", "", "Sorry you feel that way."),
        ("4", "Chi", "3", "", "Sorry, I am late."),
        ("4", "Ana", "2", "", "Thanks for nothing."),
        ("4", "Chi", "3", "", "Thanks, same here."),
        ("4", "Ben", "3", "h", "Sorry, but you are an idiot."),
    ],
    ids=["no apology", "somebody else", "no thanks", "thanks to another", "an insult"],
)
def test_this_mends_nothing(forum, row):
    assert not forum([*START, row]).found("recovery")


def test_a_heated_moment_that_cools_down_is_told_once(forum):
    hot = [(f"h{n}", "Ben", "1", "h", "Idiot.") for n in range(3)]
    calm = [(f"c{n}", "Eva", "", "", "Back to the course.") for n in range(15)]
    (found,) = forum([*START[:1], *hot, *calm]).found("recovery")
    assert found.messages == ("h0", "h1", "h2", "c9")
    assert found.explanation == "A heated moment cooled down."


def test_what_has_cooled_down_is_over(forum):
    hot = [(f"h{n}", "Ben", "1", "h", "Idiot.") for n in range(3)]
    calm = [(f"c{n}", "Eva", "", "", "Back to the course.") for n in range(10)]
    again = [
        ("x", "Ben", "1", "h", "Idiot."),
        *((f"d{n}", *rest) for n, (_, *rest) in enumerate(calm)),
    ]
    assert len(forum([*START[:1], *hot, *calm, *again]).found("recovery")) == 1


@pytest.mark.parametrize(
    "words",
    ["I apologize for that.", "My bad!", "I take that back.", "sorry for snapping", "I'm so sorry"],
)
def test_these_are_apologies(words):
    assert apologises(words)


@pytest.mark.parametrize(
    "words", ["Sorry not sorry", "sorry, but no", "What a sorry state.", "I feel sorry for you"]
)
def test_these_are_none(words):
    assert not apologises(words)


@pytest.mark.parametrize("words", ["Thx!", "fair enough", "you’re right, I missed it"])
def test_these_are_thanks(words):
    assert thanks(words)
