FIRST = [
    ("1", "Tom", "", "", "Welcome to week 1, all."),
    ("2", "Noor", "1", "", "Hello, where do we hand in?"),
]
BRUSHED = ("3", "Ben", "2", "d", "Read the FAQ before you post.")
KIND = ("4", "Eva", "2", "", "Hi Noor, on the course page under Tasks.")


def test_a_newcomer_who_is_brushed_off_first_is_waved_away(forum):
    (found,) = forum([*FIRST, BRUSHED, KIND], newcomers={"Noor"}).found("waved_away_newcomer")
    assert (found.messages, found.people, found.target) == (("2", "3"), ("Ben",), "Noor")
    assert found.explanation == "A newcomer was brushed off or attacked in the very first reply."


def test_one_who_is_welcomed_first_is_not(forum):
    assert not forum([*FIRST, KIND, BRUSHED], newcomers={"Noor"}).found("waved_away_newcomer")


def test_one_who_is_known_is_not(forum):
    assert not forum([*FIRST, BRUSHED], newcomers=set()).found("waved_away_newcomer")


def test_only_the_first_post_of_a_newcomer_counts(forum):
    rows = [*FIRST, KIND, ("5", "Noor", "4", "", "Got it."), ("6", "Ben", "5", "d", "Finally.")]
    assert not forum(rows, newcomers={"Noor"}).found("waved_away_newcomer")


def test_a_talk_that_goes_on_without_a_newcomer_is_silence(forum):
    others = [(str(n), "Tom", "1", "", "More on week 1.") for n in range(3, 13)]
    assert not forum([*FIRST, *others[:-1]], newcomers={"Noor"}).found("waved_away_newcomer")
    (found,) = forum([*FIRST, *others], newcomers={"Noor"}).found("waved_away_newcomer")
    assert (found.messages, found.target) == (("2",), "Noor")
    assert found.explanation == "Nobody answered a newcomer's first post; the talk went on."


def test_who_opens_a_thread_with_a_question_stands_in_where_newcomers_are_not_known(forum):
    rows = [("1", "Noor", "", "", "Where do we hand in?"), ("2", "Ben", "1", "d", "Read the FAQ.")]
    (found,) = forum(rows).found("waved_away_newcomer")
    assert found.explanation.startswith("Somebody who came with a question was brushed off")
    rows[0] = ("1", "Noor", "", "", "The moon landing was staged.")
    assert not forum(rows).found("waved_away_newcomer")
