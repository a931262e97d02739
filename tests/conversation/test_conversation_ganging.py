THREAD = [
    ("1", "Ana", "", "", "I did not understand task 2 at all."),
    ("2", "Ben", "1", "d", "Maybe this course is too hard for you."),
    ("3", "Chi", "2", "", "This."),
    ("4", "Dee", "", "", "+1, finally someone said it"),
]


def test_cheers_for_an_attack_are_ganging(forum):
    (found,) = forum(THREAD).found("ganging_agreement")
    assert found.messages == ("2", "3", "4")
    assert found.people == ("Ben", "Chi", "Dee")
    assert found.target == "Ana"


def test_agreement_with_a_kind_reply_is_not(forum):
    rows = [(key, author, answers, "", text) for key, author, answers, _, text in THREAD]
    assert not forum(rows).found("ganging_agreement")


def test_agreeing_and_objecting_is_not(forum):
    rows = [*THREAD[:3], ("4", "Dee", "2", "", "I agree, but that was unfair to Ana.")]
    assert not forum(rows).found("ganging_agreement")


def test_the_target_and_the_attacker_do_not_count(forum):
    rows = [*THREAD[:3], ("4", "Ana", "2", "", "True."), ("5", "Ben", "2", "", "Exactly.")]
    assert not forum(rows).found("ganging_agreement")


def test_the_same_person_counts_once(forum):
    rows = [*THREAD[:3], ("4", "Chi", "2", "", "Exactly.")]
    assert not forum(rows).found("ganging_agreement")


def test_agreement_later_in_the_talk_without_a_link_is_about_something_else(forum):
    rows = [*THREAD[:3], ("x", "Eva", "", "", "The slides are online."), THREAD[3]]
    assert not forum(rows).found("ganging_agreement")
