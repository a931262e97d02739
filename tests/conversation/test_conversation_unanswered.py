import pytest

ASKED = ("1", "Ana", "", "", "Does the quiz cover week 5?")


def test_a_question_that_nobody_takes_up_stays_open(forum):
    talk = forum([ASKED, ("2", "Ben", "0", "", "Nice slides, Tom.")])
    (found,) = talk.found("unanswered_question")
    assert (found.messages, found.people) == (("1",), ("Ana",))
    assert found.explanation == "A question here has no answer yet."
    talk.say("3", "Eva", "1", "", "It does.")
    assert not talk.found("unanswered_question")


@pytest.mark.parametrize(
    "row",
    [
        ("2", "Ben", "1", "", "Up to week 4 only."),
        ("2", "Ben", "", "", "Up to week 4 only."),
        ("2", "Ana", "1", "", "Found it in the syllabus, thanks all!"),
    ],
    ids=["a reply", "the next message", "the asker thanks"],
)
def test_an_answer_closes_it(forum, row):
    assert not forum([ASKED, row]).found("unanswered_question")


@pytest.mark.parametrize(
    "row",
    [
        ("2", "Ben", "1", "d", "Read the syllabus."),
        ("2", "Ana", "1", "", "Anyone out there."),
    ],
    ids=["a brush-off", "the asker again"],
)
def test_this_is_no_answer(forum, row):
    assert forum([ASKED, row]).found("unanswered_question")


def test_an_attack_with_a_question_mark_asks_nothing(forum):
    assert not forum([("1", "Ben", "", "h", "Are you stupid?")]).found("unanswered_question")


def test_several_are_told_together(forum):
    talk = forum([ASKED, ("2", "Ben", "0", "", "And is it open book?")])
    (found,) = talk.found("unanswered_question")
    assert (found.messages, found.people) == (("1", "2"), ("Ana", "Ben"))
    assert found.explanation == "2 questions here have no answer yet."
