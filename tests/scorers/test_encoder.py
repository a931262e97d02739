import os
import shutil
import subprocess
import sys

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tonecheck
from tonecheck.errors import ModelFormatError, ModelIntegrityError
from tonecheck.labels import TONES, Tone
from tonecheck.messages import Message
from tonecheck.modelstore import open_model
from tonecheck.parallel import Team
from tonecheck.prepare import prepare
from tonecheck.reading import Reading
from tonecheck.scorers import open_scorer
from tonecheck.scorers.logistic import sigmoid
from tonecheck.scorers.windows import Windows

HARMLESS = "The loop ends too early because the range stops at the last element but one. "
replies = st.text(alphabet="abcde fg.!?\n'ÄЖ🙂YOU\u00a0\u200b\x1c", max_size=80) | st.builds(
    " ".join, st.lists(st.sampled_from(["idiot", "IDIOT", "read", "the", "*manual*", "!"]))
)


@pytest.fixture(scope="module")
def scorer(encoder_folder):
    return open_scorer(open_model(str(encoder_folder)))


@pytest.fixture(scope="module")
def checker(encoder_folder):
    return tonecheck.load(str(encoder_folder))


def reading(text, parent=""):
    return Reading(prepared=prepare(text), parent=parent)


def words_for(scorer, text, tone=Tone.HOSTILITY):
    parts = contributions(scorer, reading(text))[tone]
    return [(text[part.start : part.end], part.weight) for part in parts]


def contributions(scorer, item):
    return scorer.judge([item]).contributions({0: TONES})[0]


def test_no_readings_give_no_rows(scorer):
    assert scorer.judge([]).probabilities.shape == (0, 3)
    assert scorer.judge([]).contributions({}) == {}


def test_a_reading_without_words_has_a_defined_score(scorer):
    assert np.isfinite(scorer.judge([reading(""), reading("", parent="Why?")]).probabilities).all()
    assert contributions(scorer, reading("")) == dict.fromkeys(TONES, ())


def test_probabilities_are_calibrated_log_odds(scorer):
    readings = [reading("You are an idiot."), reading(HARMLESS)]
    assert (
        scorer.judge(readings).probabilities.tolist()
        == sigmoid(2.0 * scorer.raw(readings) - 0.5).tolist()
    )
    assert scorer.judge(readings).probabilities[0, 0] > scorer.judge(readings).probabilities[1, 0]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(replies, replies), min_size=1, max_size=5))
def test_a_score_does_not_depend_on_the_batch(scorer, pairs):
    readings = [reading(*pair) for pair in pairs]
    together = scorer.judge(readings).probabilities
    for row, alone in enumerate(readings):
        assert scorer.judge([alone]).probabilities[0].tolist() == together[row].tolist()
    assert scorer.judge(readings[::-1]).probabilities[::-1].tolist() == together.tolist()


def test_what_is_answered_counts(scorer):
    alone, answering = scorer.raw([reading("Read it."), reading("Read it.", parent="You idiot")])
    assert alone.tolist() != answering.tolist()


def test_a_graph_without_token_types_is_read_too(write_encoder, tmp_path):
    folder = open_model(str(write_encoder(tmp_path / "untyped", typed=False)))
    assert open_scorer(folder).raw([reading("You idiot", parent="Why?")]).shape == (1, 3)


@pytest.mark.parametrize("place", [0, 7, 15])
def test_the_window_that_speaks_most_counts_for_a_long_reply(scorer, encoder_folder, place):
    parts = [HARMLESS] * 16
    harmless = "".join(parts)
    parts[place] = "You are an idiot. "
    hostile = reading("".join(parts))
    windows = Windows.from_file(encoder_folder / "tokenizer.json", longest=96).cut([hostile])
    assert len(windows) > 3
    raw = scorer.raw([hostile])[0]
    single = np.array([scorer._graph.run(window)[0] for window in windows])
    assert raw.tolist() == single.max(axis=0).tolist()
    assert raw[0] > scorer.raw([reading(harmless)])[0, 0] + 0.2


@settings(max_examples=100, deadline=None)
@given(replies)
def test_contributions_are_whole_words_in_order(scorer, text):
    item = reading(text)
    parts = contributions(scorer, item)
    for tone in TONES:
        found = [item.prepared.text[part.start : part.end] for part in parts[tone]]
        assert found == item.prepared.text.split()
        weights = [part.weight for part in parts[tone]]
        assert all(np.isfinite(weights))
        assert not weights or max(weights) > 0


def test_only_the_tones_that_were_asked_for_are_explained(scorer):
    judged = scorer.judge([reading("a"), reading("b"), reading("c")])
    found = judged.contributions({2: (Tone.HUSTLING,), 0: ()})
    assert {row: list(parts) for row, parts in found.items()} == {2: [Tone.HUSTLING], 0: []}


def test_what_was_judged_is_explained_without_reading_it_again(scorer, monkeypatch):
    judged = scorer.judge([reading("You are an idiot.")])
    monkeypatch.delattr(scorer._graph, "_session")
    assert judged.contributions({0: (Tone.HOSTILITY,)})[0][Tone.HOSTILITY]


def test_a_word_weighs_what_its_surest_token_says_less_half_of_the_surest_word(scorer):
    weights = dict(words_for(scorer, "well , you idiotic idiot"))
    window = scorer._windows.cut([reading("well , you idiotic idiot")])[0]
    sure = sigmoid(scorer._graph.run(window)[1][:, 0].astype(float))
    assert weights["idiot"] == pytest.approx(sure.max() / 2)
    assert weights["idiotic"] == pytest.approx(sure.max() / 2)  # idiot ##i ##c
    assert weights["you"] < 0


def test_words_of_every_window_are_weighed_and_a_word_in_two_takes_the_higher(scorer):
    text = HARMLESS * 6 + "You are an idiot. " + HARMLESS * 6
    windows = [w for w in scorer._windows.cut([reading(text)]) if text.find("idiot") in w.starts]
    assert len(windows) == 2
    found = words_for(scorer, text)
    assert [word for word, _ in found] == text.split()
    assert max(found, key=lambda pair: pair[1])[0] == "idiot."


@settings(max_examples=60, deadline=None)
@given(replies)
def test_evidence_is_a_slice_of_the_original(checker, text):
    verdict = checker.check(text, parent="Why is **that**?")
    for score in verdict.tones.values():
        for found in score.evidence:
            assert text[found.start : found.end] == found.text


def test_evidence_points_at_the_word(checker):
    text = "> quoted\n\nThe range stops at the **idiot** element of the loop, thanks."
    evidence = checker.check(text).tones[Tone.HOSTILITY].evidence
    assert "idiot" in evidence[0].text


@pytest.mark.skipif(sys.platform != "linux", reason="workers are forked on Linux only")
def test_forked_workers_say_what_the_process_that_forked_them_says(encoder_folder):
    texts = ["You are an idiot.", HARMLESS * 12, "Read the manual!", "Thanks for asking."]
    messages = [
        Message(text=f"{text} {number}", parent=texts[number % 3], id=str(number))
        for number, text in enumerate(texts * 100)
    ]
    team = Team.load(str(encoder_folder), workers=2)
    expected = [verdict for message in messages for verdict in team.check_many([message])]
    assert list(team.check_many(messages)) == expected


def test_nothing_is_stored_sent_or_printed_on_the_side(encoder_folder, tmp_path):
    code = (
        "import os, sys, tonecheck, tonecheck.scorers.encoder\n"
        "assert not {'onnxruntime', 'tokenizers', 'tonecheck.scorers.ngrams'} & {*sys.modules}\n"
        "before = dict(os.environ)\n"
        "checker = tonecheck.load(sys.argv[1])\n"
        "assert 'onnxruntime' in sys.modules\n"
        "assert os.environ == before\n"
        "checker.check('You are an idiot.')\n"
    )
    # Its reports are off by themselves where tests run.
    kept = {
        k: v for k, v in os.environ.items() if k != "CI" and not k.startswith(("ORT", "GITHUB"))
    }
    places = {"HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path), "LOCALAPPDATA": str(tmp_path)}
    command = [sys.executable, "-c", code, str(encoder_folder)]
    done = subprocess.run(
        command, env=kept | places, capture_output=True, text=True, timeout=60, check=True
    )
    assert (done.stdout, done.stderr) == ("", "")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["encoder.onnx", "tokenizer.json"])
def test_a_changed_or_missing_file_is_refused(encoder_folder, tmp_path, name):
    folder = shutil.copytree(encoder_folder, tmp_path / "copy")
    with (folder / name).open("ab") as file:
        file.write(b" ")
    with pytest.raises(ModelIntegrityError, match=f"{name} differs from its manifest. Install or"):
        open_model(str(folder))
    (folder / name).unlink()
    with pytest.raises(ModelIntegrityError, match=f"{name} is missing. Install or train"):
        open_model(str(folder))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"files": {"encoder.onnx": b"nonsense"}},
            r"encoder\.onnx holds no ONNX graph that can be run \(.*\)\. Train or install the mod",
        ),
        (
            {"files": {"encoder.onnx": b""}},
            r"encoder\.onnx holds no ONNX graph that can be run",
        ),
        (
            {"files": {"tokenizer.json": b"{}"}},
            r"tokenizer\.json holds no tokenizer \(.*\)\. Train or install the model again",
        ),
        (
            {"outputs": ["logits"]},
            r"encoder\.onnx takes attention_mask, input_ids, token_type_ids and gives logits; "
            r"this version feeds input_ids, attention_mask and, where wanted, token_type_ids, and "
            r"reads logits and evidence\. Train the model again",
        ),
        (
            {"tones": 2},
            r"encoder\.onnx gives logits of shape \(1, 2\) for 96 tokens; this version needs "
            r"\(1, 3\)\. Train the model again",
        ),
        (
            {"config": {"longest": 20}},
            r"config\.json gives longest as 20; an encoder's windows hold 88 to 8192 tokens",
        ),
        ({"config": {"longest": "192"}}, "gives longest as '192'; an encoder's windows hold"),
        (
            {"config": {"calibration": {}}},
            r"config\.json must give calibration a slope and an intercept for each tone "
            r"\(KeyError: .*hostility.*\)\. Train the model again",
        ),
    ],
    ids=[
        *("not onnx", "empty onnx", "not a tokenizer", "no evidence", "two tones"),
        *("short windows", "words for windows", "no calibration"),
    ],
)
def test_a_model_that_cannot_be_used_says_why(write_encoder, tmp_path, changes, message):
    folder = open_model(str(write_encoder(tmp_path / "broken", **changes)))
    with pytest.raises(ModelFormatError, match=message):
        open_scorer(folder)


def test_a_tokenizer_with_more_tokens_than_the_graph_is_refused(write_encoder, tmp_path):
    from tokenizers import Tokenizer

    path = write_encoder(tmp_path / "tiny")
    tokenizer = Tokenizer.from_file(str(path / "tokenizer.json"))
    size = tokenizer.get_vocab_size()
    tokenizer.add_tokens(["newcomer"])
    larger = {"tokenizer.json": tokenizer.to_str().encode()}
    folder = open_model(str(write_encoder(path, files=larger)))
    message = rf"encoder\.onnx cannot read 96 tokens of a vocabulary of {size + 1} \(.*\)\. Train"
    with pytest.raises(ModelFormatError, match=message):
        open_scorer(folder)


def test_a_graph_cannot_draw_on_files_beside_it(encoder_folder, write_encoder, tmp_path):
    graph = onnx.load(str(encoder_folder / "encoder.onnx"))
    onnx.save(
        graph,
        str(tmp_path / "split.onnx"),
        save_as_external_data=True,
        location="weights.bin",
        size_threshold=0,
    )
    split = {"encoder.onnx": (tmp_path / "split.onnx").read_bytes()}
    path = write_encoder(tmp_path / "tiny", files=split)
    shutil.copy(tmp_path / "weights.bin", path)
    with pytest.raises(ModelFormatError, match="holds no ONNX graph that can be run"):
        open_scorer(open_model(str(path)))


def test_an_unknown_kind_lists_those_that_are_known(write_encoder, tmp_path):
    folder = open_model(str(write_encoder(tmp_path / "odd", config={"kind": "oracle"})))
    message = r"of kind 'oracle'; this version knows: linear, encoder, pair\. Use a newer"
    with pytest.raises(ModelFormatError, match=message):
        open_scorer(folder)
