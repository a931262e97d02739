import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tonecheck
from tonecheck.conversation.forecast import (
    HORIZON,
    WORDS,
    Forecaster,
    Head,
    Risk,
    shipped_forecaster,
)
from tonecheck.conversation.reader import ThreadReader
from tonecheck.conversation.signals import SIGNALS, WORD_BITS
from tonecheck.errors import ModelFormatError
from tonecheck.messages import Message, Thread
from tonecheck.modelstore import FORECAST, open_model, save_model, shipped_root

needs_forecast = pytest.mark.skipif(
    not (shipped_root() / FORECAST).is_dir(), reason="models/ is empty: run make models"
)
QUARREL = (
    ("kim", "I think the second exercise is wrong, the mean cannot be negative here."),
    ("lou", "No, you are wrong. Did you even read the question? It says differences."),
    ("kim", "Don't tell me what I read. You never answer what people actually say, do you?"),
    ("lou", "You clearly have no idea what you are talking about. Stop wasting my time."),
)
THANKS = (
    ("kim", "I think the second exercise is wrong, the mean cannot be negative here."),
    ("lou", "I stumbled over that, too. Maybe the differences are meant, as in question one?"),
    ("kim", "Ah, that makes sense, thank you! So I subtract before I take the mean."),
    ("lou", "I think so. Good point about the sign, though, I had missed that."),
)


def thread(said):
    return Thread(
        id="t",
        title="",
        messages=[
            Message(
                id=str(place), author=author, text=text, reply_to=str(place - 1) if place else ""
            )
            for place, (author, text) in enumerate(said)
        ],
    )


def forecaster(line=0.5, below=0.4, states_of=(), **weights):
    numbers = np.zeros(len(SIGNALS))
    for name, weight in weights.items():
        numbers[SIGNALS.index(name.replace("__", "."))] = weight
    nothing = np.zeros(1 << WORD_BITS)
    head = Head(
        numbers=numbers,
        states=None,
        words=1.0,
        intercept=0.0,
        line=line,
        below=below,
        reliability=((0.5, 0.1, 0.4), (1.0, 0.6, 0.9)),
    )
    known = Head(**{**{k: getattr(head, k) for k in Head.__slots__}, "states": np.ones(6)})
    return Forecaster(
        {"plain": head, "states": known},
        {kind: (nothing, nothing) for kind in WORDS},
        means=np.zeros(len(SIGNALS)),
        states_of=frozenset(states_of),
    )


def follow(judged, forecaster, rows):
    reader = ThreadReader("t", forecaster=forecaster)
    risks = []
    for key, author, tones in rows:
        reader.add(Message(id=key, author=author, text="Well, I see."), judged(key, tones))
        risks.append(reader.risk)
    return risks


@needs_forecast
@pytest.mark.parametrize("model", ["linear-en", "default"])
def test_a_quarrel_is_likelier_to_turn_personal_than_a_talk_that_thanks(model):
    checker = tonecheck.load(model)
    quarrel, thanks = (checker.read_thread(thread(said)).risk for said in (QUARREL, THANKS))
    assert quarrel.probability > thanks.probability + 0.3
    assert quarrel.crossed
    assert not thanks.crossed
    assert quarrel.reasons


@needs_forecast
def test_following_a_thread_and_reading_it_whole_give_the_same_risk():
    checker = tonecheck.load("linear-en")
    following = checker.follow_thread("t")
    for message in thread(QUARREL).messages:
        following.add(message)
    assert following.risk == checker.read_thread(thread(QUARREL)).risk


@needs_forecast
def test_one_message_is_too_little_for_a_forecast():
    report = tonecheck.load("linear-en").read_thread(thread(QUARREL[:1]))
    assert report.risk is None
    assert report.to_dict()["risk"] is None


@needs_forecast
def test_a_report_with_a_risk_is_plain_json():
    report = tonecheck.load("linear-en").read_thread(thread(QUARREL))
    stated = json.loads(json.dumps(report.to_dict()))["risk"]
    assert stated["horizon"] == HORIZON
    assert stated["low"] <= stated["probability"] <= stated["high"]


@needs_forecast
@given(st.lists(st.tuples(st.sampled_from(["", "a", "b"]), st.text(max_size=80)), max_size=8))
def test_any_messages_give_a_probability_inside_its_interval(judged_always, said):
    reader = ThreadReader("t", forecaster=judged_always["forecaster"])
    for place, (author, text) in enumerate(said):
        reader.add(Message(id=str(place), author=author, text=text), judged_always["verdict"])
    if len(said) >= 2:
        assert 0 <= reader.risk.low <= reader.risk.probability <= reader.risk.high <= 1


@pytest.fixture(scope="module")
def judged_always(judged):
    return {"forecaster": shipped_forecaster(), "verdict": judged("1", "h")}


def test_a_thread_comes_back_from_over_the_line_only_well_below_it(judged):
    # The latest hostility alone decides: its log-odds are the forecast's.
    heard = forecaster(line=0.8, below=0.5, hostility__latest=1.0)
    reader = ThreadReader("t", forecaster=heard)
    crossed = []
    for place, p in enumerate((0.1, 0.9, 0.6, 0.4, 0.6)):
        reader.add(Message(id=str(place), author="a", text="x"), judged(str(place), "h", p))
        crossed.append(reader.risk.crossed if reader.risk else None)
    assert crossed == [None, True, True, False, False]


def test_the_interval_is_how_often_such_forecasts_came_true(judged):
    risk = follow(judged, forecaster(hostility__latest=1.0), [("1", "a", ""), ("2", "b", "h")])[-1]
    assert (risk.probability, risk.low, risk.high) == (0.9, 0.6, 0.9)


def test_reasons_name_what_is_more_than_usual_and_only_that(judged):
    weights = forecaster(hostility__latest=1.0, dismissiveness__latest=-1.0)
    risk = follow(judged, weights, [("1", "a", ""), ("2", "b", "h")])[-1]
    assert risk.reasons == ("messages read hostile",)
    assert "messages read hostile" in risk.explanation


def test_states_count_only_for_the_models_that_they_were_learned_from(judged):
    knows = forecaster(states_of=("tiny@1",))
    verdict = judged("1")
    state = np.full(2, 1.0, np.float32)
    risks = []
    for model in ("tiny@1", "other@1"):
        reader = ThreadReader("t", forecaster=knows)
        for key in ("1", "2"):
            said = type(verdict)(
                id=key, tones=verdict.tones, explanation="", model=model, state=state
            )
            reader.add(Message(id=key, author=key, text="x"), said)
        risks.append(reader.risk.probability)
    # Latest, previous and mean state, two numbers each, and each of weight one.
    assert risks == [round(1 / (1 + math.exp(-6)), 4), 0.5]


@given(st.floats(0.001, 0.999), st.floats(0.001, 0.999))
def test_where_fewer_threads_turn_the_risk_is_less(probability, rate):
    risk = Risk(probability=probability, low=0, high=1, crossed=False)
    assert risk.among(0.5) == pytest.approx(probability)
    assert (risk.among(rate) <= probability + 1e-9) == (rate <= 0.5 + 1e-9)


def test_a_rate_that_is_none_is_refused():
    risk = Risk(probability=0.5, low=0, high=1, crossed=False)
    with pytest.raises(ValueError, match=r"^rate must be above 0 and below 1, got 0\.$"):
        risk.among(0)


@needs_forecast
def test_a_forecast_for_other_signals_is_refused(tmp_path):
    shipped = open_model(str(shipped_root() / FORECAST))
    config = {**shipped.config, "signals": ["mood"]}
    del config["format"]
    save_model(tmp_path / "odd", config, card="", tensors=shipped.tensors())
    with pytest.raises(ModelFormatError, match="it was trained on other signals"):
        Forecaster.from_folder(open_model(str(tmp_path / "odd")))


@needs_forecast
def test_a_forecast_judges_no_replies():
    with pytest.raises(
        ModelFormatError, match="forecasts how threads go on, and judges no replies"
    ):
        tonecheck.load(str(shipped_root() / FORECAST))
