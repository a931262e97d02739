from tonecheck.conversation.crossing import ConcernLine, Crossing, ForecastLine
from tonecheck.conversation.forecast import Risk
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


class Foreseen:
    """A thread that is followed, of which only the risk is known."""

    def __init__(self, risk):
        self.risk = risk


def test_a_forecast_over_the_line_crosses_it_but_a_pattern_goes_first():
    risk = Risk(
        probability=0.8, low=0.7, high=0.9, crossed=True, reasons=("messages read hostile",)
    )
    alone = ForecastLine().crosses(Foreseen(risk), [])
    assert (alone.reason, alone.risk) == ("forecast", 0.8)
    assert alone.explanation == (
        "Of 100 threads that read like this one, about 80 (70 to 90) turned personal within 3 "
        "replies, where half of all did: messages read hostile."
    )
    assert ForecastLine().crosses(Foreseen(risk), [finding("pile_on")]).reason == "pile_on"


def test_a_forecast_below_the_line_or_none_does_not_cross_it():
    low = Risk(probability=0.4, low=0.3, high=0.5, crossed=False)
    assert ForecastLine().crosses(Foreseen(low), []) is None
    assert ForecastLine().crosses(Foreseen(None), []) is None
