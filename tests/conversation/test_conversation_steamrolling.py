CLAIM = "Everybody must switch to my template by Friday, the old one is worthless."
AGAIN = "As I said: everybody must switch to my template by Friday, the old one is worthless."
OTHER = "The rubric asks for three sources and a table, which my template has already built in."


def meeting(*, claims=(CLAIM, AGAIN, AGAIN), row=True):
    short = "I would rather keep ours."
    return [
        ("1", "Ana", "", "", "Which template do we use?"),
        ("2", "Rex", "1", "", claims[0]),
        ("3", "Ben", "2", "", short),
        ("4", "Rex", "3", "", claims[1]),
        ("5", "Ana", "", "", short),
        ("6", "Chi", "", "", short),
        ("7", "Rex", "", "", claims[2]),
        ("8", "Rex" if row else "Ana", "", "", OTHER),
        ("9", "Rex", "", "", "Nobody else has even looked at the rubric, it seems to me."),
        ("10", "Rex", "", "", "I will send it around tonight and then that is what we use."),
    ]


def test_one_who_repeats_and_posts_in_a_row_steamrolls(forum):
    (found,) = forum(meeting()).found("steamrolling")
    assert found.people == ("Rex",)
    assert found.messages == ("2", "4", "7", "8", "9", "10")
    assert found.explanation == (
        "One person holds the floor: 4 posts in a row and the same claim 2 times over."
    )


def test_a_share_of_the_floor_alone_is_not_steamrolling(forum):
    different = (CLAIM, OTHER, "Here is how the table in it is filled in, step by step, with care.")
    rows = meeting(claims=different)
    rows[7] = ("8", "Rex", "", "", "The second column holds the year in which it was published.")
    assert not forum(rows).found("steamrolling")


def test_repeating_without_a_second_sign_is_not(forum):
    assert not forum(meeting(row=False)).found("steamrolling")


ANSWERS = [
    "Start from the definition in chapter two and work through the first example by hand.",
    "The interval gets narrower since the sample is four times as large as it was before.",
    "Hand in the notebook itself, because the marks for style are given on the code.",
    "No, week five is not part of it, but the reading list for week four is.",
    "Both are fine as long as you say which of them you took, and why you did so.",
    "There is a recording of the session under Media, though the sound is not great.",
]


def test_a_teacher_who_answers_everyone_at_length_does_not(forum):
    rows = []
    for number, asker in enumerate(["Ana", "Ben", "Chi", "Dee", "Eva", "Flo"]):
        rows.append((f"q{number}", asker, "", "", "How does this go?"))
        rows.append((f"a{number}", "Tom", f"q{number}", "", ANSWERS[number]))
    assert not forum(rows).found("steamrolling")
    pushed = [(*row[:3], "p", row[4]) if row[0] == "a5" else row for row in rows]
    assert forum(pushed).found("steamrolling")  # so that only one sign was missing


def test_two_people_are_no_floor(forum):
    rows = [(key, "Rex" if author == "Rex" else "Ana", *rest) for key, author, *rest in meeting()]
    assert not forum(rows).found("steamrolling")


def test_pushing_others_counts_as_a_sign(forum):
    rows = meeting(row=False)
    rows[3] = ("4", "Rex", "3", "p", AGAIN)
    (found,) = forum(rows).found("steamrolling")
    assert found.explanation.endswith("the same claim 2 times over and pushing people.")


def test_it_is_told_once_while_it_goes_on(forum):
    more = [(str(n), "Rex", "", "", AGAIN) for n in range(11, 40)]
    assert len(forum([*meeting(), *more]).found("steamrolling")) == 1
