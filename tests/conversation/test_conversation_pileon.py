THREAD = [
    ("1", "Ana", "", "", "Could we have two more days for assignment 3?"),
    ("2", "Ben", "1", "d", "Grow up, everybody else managed."),
    ("3", "Eva", "1", "", "I would not mind either."),
    ("4", "Chi", "1", "h", "Stop wasting our time, you are useless."),
    ("5", "Dee", "1", "h", "You are pathetic."),
    ("6", "Ana", "5", "", "I was ill."),
]


def test_three_people_against_one_are_a_pile_on(forum):
    (found,) = forum(THREAD).found("pile_on")
    assert found.messages == ("2", "4", "5")
    assert found.people == ("Ben", "Chi", "Dee")
    assert found.target == "Ana"
    assert found.explanation == "3 people turned on the same person within a few messages."


def test_one_person_three_times_is_none(forum):
    rows = [(key, "Ben" if key in "245" else author, *rest) for key, author, *rest in THREAD]
    assert not forum(rows).found("pile_on")


def test_replies_to_different_people_are_none(forum):
    rows = [("0", "Flo", "", "", "Hello all."), *THREAD]
    rows[-2] = ("5", "Dee", "0", "h", "You are pathetic.")
    assert not forum(rows).found("pile_on")


def test_it_is_told_once_however_long_it_goes_on(forum):
    more = [(str(n), f"p{n}", "1", "h", "Pathetic.") for n in range(7, 20)]
    talk = forum([*THREAD, *more])
    assert talk.found("pile_on") == [one for one in talk.told if one.pattern == "pile_on"]
    assert len(talk.found("pile_on")) == 1


def test_attacks_far_apart_are_none(forum):
    calm = [(f"c{n}", "Eva", "", "", "Back to the course.") for n in range(20)]
    assert not forum([*THREAD[:4], *calm, *THREAD[4:]]).found("pile_on")
