import gzip
import json

import numpy as np
import pytest
from scipy import sparse

from tonecheck.conversation.forecast import WORDS, Forecaster
from tonecheck.modelstore import open_model, shipped_models
from tonecheck.training.conversations import LATEST, read_conversations
from tonecheck.training.forecast_data import FOLDS, Moments
from tonecheck.training.forecast_metrics import call, draw_line, reliability, table_row
from tonecheck.training.forecast_recipe import train_forecast
from tonecheck.training.recipe import Recipe

CALM = "Thank you, that makes sense, maybe I should read the chapter on {} again."
CROSS = "No, you are wrong about {}, and you never listen to what anybody says!"


def word(number):
    """Return a word for a number: digits do not count where messages are compared."""
    return "".join(chr(ord("a") + int(digit)) for digit in f"{number:04}")


def write(folder, name, rows):
    with gzip.open(folder / f"{name}.jsonl.gz", "wt", encoding="utf-8") as file:
        file.writelines(json.dumps(row) + "\n" for row in rows)


def opinion(number, *, turned, text):
    return {
        "id": str(number),
        "submission": f"s{number}",
        "outcome": "ad_hominem" if turned else "delta",
        "context": [
            {
                "author": "a",
                "text": f"My view on question {word(number)} is a rather long one, see above.",
            },
            {"author": "b", "text": text},
        ],
        "final": "SECRET OUTCOME" if turned else "",
    }


def gone_awry(number, *, turned, text):
    said = f"the question {word(number)} is an old one and many have asked it [SEP] {text}"
    return {"src": said, "tgt": turned, "convo_id": number}


@pytest.fixture
def folder(tmp_path):
    topics = [f"topic {word(place)} of the course" for place in range(60)]
    rows = [(place, bool(place % 2), topic) for place, topic in enumerate(topics)]
    write(
        tmp_path,
        "cmv_ad_hominem_threads",
        [opinion(n, turned=t, text=(CROSS if t else CALM).format(topic)) for n, t, topic in rows],
    )
    write(
        tmp_path,
        "cga_cmv_valid",
        [
            gone_awry(n, turned=t, text=(CROSS if t else CALM).format("the " + topic))
            for n, t, topic in rows
        ],
    )
    return tmp_path


def test_what_happened_afterwards_is_not_read(folder):
    texts = [m.text for one in read_conversations([folder]) for m in one.messages]
    assert texts
    assert not any("SECRET" in text for text in texts)


def test_conversations_that_share_a_message_are_one_group_in_whatever_corpus(tmp_path):
    shared = "This very message, long enough to be no chance, stands in both of the corpora."
    write(tmp_path, "cmv_ad_hominem_threads", [opinion(1, turned=True, text=shared)])
    write(
        tmp_path,
        "cga_cmv_valid",
        [
            gone_awry(1, turned=True, text=shared),
            gone_awry(2, turned=False, text="Something else."),
        ],
    )
    groups = [one.group for one in read_conversations([tmp_path])]
    assert groups[0] == groups[1] != groups[2]


def test_only_the_latest_messages_are_read_and_each_answers_the_one_before(tmp_path):
    said = " [SEP] ".join(f"message {place}" for place in range(LATEST + 3))
    write(tmp_path, "cmv_ad_hominem_threads", [])
    write(tmp_path, "cga_cmv_valid", [{"src": said, "tgt": True, "convo_id": 1}])
    (one,) = read_conversations([tmp_path])
    assert one.messages[0].text == "message 3"
    assert [message.reply_to for message in one.messages][:3] == ["", "1", "2"]


@pytest.mark.skipif(not shipped_models(), reason="models/ is empty: run make models")
def test_a_forecast_is_trained_measured_and_saved(folder):
    recipe = Recipe(folders=[folder], out=folder / "mine", version="0.1.0", seed=1)
    made = train_forecast(recipe, "linear-en")
    measured = made["metrics"]["plain"]["cga_cmv_valid"]["last"]
    assert measured["conversations"] == 60
    assert measured["auc"]["value"] > 0.9
    assert list(made["heads"]) == ["plain"]  # no encoder, no states
    forecaster = Forecaster.from_folder(open_model(str(folder / "mine")))
    assert forecaster.heads["plain"].line == made["heads"]["plain"]["line"]
    card = (folder / "mine" / "README.md").read_text()
    assert "a person reads the thread and decides" in card


def moments(scores_of, turned, folds):
    """Return moments for conversations, each given as its probabilities over time."""
    owner = np.repeat(np.arange(len(scores_of)), [len(scores) for scores in scores_of])
    messages = np.concatenate([np.arange(1, len(scores) + 1) for scores in scores_of])
    nothing = sparse.csr_matrix((len(owner), 4))
    return Moments(
        numbers=np.zeros((len(owner), 1)),
        states=None,
        words=dict.fromkeys(WORDS, nothing),
        owner=owner,
        left=np.bincount(owner)[owner] - messages + 1,
        messages=messages,
        sources=np.array(["c"] * len(scores_of)),
        turned=np.array(turned),
        folds=np.array(folds),
    ), np.concatenate(scores_of)


def many(scores_of_turned, scores_of_calm, count=50):
    scores = [scores_of_turned, scores_of_calm] * count
    turned = [True, False] * count
    return moments(scores, turned, [place // 2 % FOLDS for place in range(2 * count)])


def test_a_conversation_is_forecast_where_any_moment_is_over_the_line():
    read, scores = many([0.5, 0.9, 0.2], [0.5, 0.3, 0.2])
    found = table_row(read, call(read, scores, "c", when="any"), seed=1)
    assert found["accuracy"]["value"] == 1.0
    assert found["mean_horizon"] == 2.0  # first over the line with two messages to go
    last = table_row(read, call(read, scores, "c", when="last"), seed=1)
    assert last["auc"]["value"] == 0.5


def test_the_first_message_alone_raises_no_alarm():
    read, scores = many([0.99, 0.1, 0.1], [0.01, 0.1, 0.1])
    assert table_row(read, call(read, scores, "c", when="any"), seed=1)["auc"]["value"] == 0.5


def test_the_line_keeps_to_few_enough_false_alarms():
    drawn = np.random.default_rng(0)
    turned = drawn.random(2000) < 0.5
    scores = np.clip(drawn.normal(0.4 + 0.05 * turned, 0.2), 0, 1)
    line = draw_line(scores, turned)
    assert 0.1 < (scores[~turned] >= line).mean() <= 0.28


def test_reliability_counts_a_conversation_once_in_a_bin():
    read, scores = many([0.9, 0.9, 0.9], [0.1, 0.1, 0.1])
    rows = reliability(read, scores, "c", bins=2)
    assert rows[-1][0] == 1.0
    assert rows[-1][2] == 1.0
    # 50 conversations, not 100 moments: Wilson's lower end for 50 of 50.
    assert rows[-1][1] == pytest.approx(0.9287, abs=1e-3)
