def exchange(*probabilities, authors="BCBCBC"):
    rows = [("0", "C", "", "", "The median is wrong here.")]
    for number, p in enumerate(probabilities, 1):
        flagged = "h" if p >= 0.5 else ""
        rows.append((str(number), authors[number - 1], str(number - 1), flagged, "Hm.", p))
    return rows


def test_two_people_who_get_worse_with_each_other_escalate(forum):
    (found,) = forum(exchange(0.05, 0.6, 0.95)).found("escalation")
    assert found.messages == ("1", "2", "3")
    assert found.people == ("B", "C")
    assert found.explanation == "Two people are getting more and more hostile to each other."


def test_a_quarrel_that_cools_does_not(forum):
    assert not forum(exchange(0.95, 0.9, 0.6)).found("escalation")


def test_one_who_is_not_answered_back_does_not(forum):
    rows = exchange(0.05, 0.6, 0.95)
    rows = [
        (k, "B" if k != "0" else "C", "0" if k != "0" else "", *rest) for k, _, _, *rest in rows
    ]
    assert not forum(rows).found("escalation")


def test_it_is_told_once_until_they_were_calm(forum):
    assert len(forum(exchange(0.05, 0.6, 0.95, 0.96, 0.97)).found("escalation")) == 1
    talk = forum(exchange(0.05, 0.6, 0.95, 0.05, 0.6, 0.97))
    assert [one.messages for one in talk.found("escalation")] == [("1", "2", "3"), ("4", "5", "6")]
