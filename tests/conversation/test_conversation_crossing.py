from tonecheck.conversation.crossing import ConcernLine, Crossing
from tonecheck.conversation.pattern import Finding
from tonecheck.conversation.reader import Following, ThreadReader
from tonecheck.messages import Message


def finding(pattern, *, good=False):
    return Finding(pattern=pattern, messages=("2", "3"), explanation=f"{pattern}!", good=good)


def following(judged):
    return Following(lambda message: judged(message.id), ThreadReader("t"))


def test_a_thread_crosses_the_line_with_the_most_urgent_of_its_new_concerns(judged):
    found = [finding("steamrolling"), finding("pile_on"), finding("escalation")]

    assert ConcernLine().crosses(following(judged), found) == Crossing(
        reason="pile_on", explanation="pile_on!", messages=("2", "3")
    )


def test_what_went_well_is_no_reason_to_cross_the_line(judged):
    assert ConcernLine().crosses(following(judged), [finding("recovery", good=True)]) is None
    assert ConcernLine().crosses(following(judged), []) is None


def test_a_message_that_is_linked_judged_elsewhere_and_taken_counts_like_one_that_is_added(judged):
    rows = [("1", "ana", "", ""), ("2", "ben", "1", "h"), ("3", "eva", "1", "h")]
    rows.append(("4", "kim", "1", "h"))
    tones = {key: letters for key, _, _, letters in rows}
    added = Following(lambda message: judged(message.id, tones[message.id]), ThreadReader("t"))
    taken = Following(lambda message: judged(message.id), ThreadReader("t"))
    for key, author, answers, letters in rows:
        message = Message(text="Well?", id=key, author=author, reply_to=answers)
        new = added.add(message)
        linked = taken.link(message)
        assert linked.parent == ("Well?" if answers else None)
        assert taken.take(linked, judged(key, letters)) == new

    assert new[0].pattern == "pile_on"
    assert taken.report() == added.report()
    assert taken.heat == taken.report().heat[-1]
