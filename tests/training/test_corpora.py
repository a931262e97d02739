import gzip
import json
import re
from pathlib import Path

import pytest

from tonecheck.errors import InputError
from tonecheck.labels import TONES, Tone
from tonecheck.training.conversations import OUTCOMES
from tonecheck.training.corpora import (
    CORPORA,
    DEVELOPMENT,
    LICENCES,
    available,
    corpus_named,
    read_corpus,
    without_development,
)
from tonecheck.training.examples import Example, annotated, decided

OURS = Path(__file__).parents[2] / "data" / "learning"
SHARED = Path(__file__).parents[3] / "shared" / "corpora"
needs_corpora = pytest.mark.skipif(not SHARED.is_dir(), reason="the research corpora are absent")


def example(text, *, group="g", source="s"):
    return Example(text=text, targets={Tone.HOSTILITY: 1.0}, group=group, source=source)


@pytest.mark.parametrize("corpus", CORPORA, ids=lambda corpus: corpus.name)
def test_every_corpus_says_whose_it_is_and_how_its_labels_are_read(corpus):
    assert corpus.licence in LICENCES
    assert corpus.citation
    assert (corpus.mapper.__doc__ or "").splitlines()[0].endswith(".")


def test_no_corpus_that_measures_also_trains_and_no_nc_corpus_trains():
    assert {corpus.name for corpus in DEVELOPMENT} == {
        "tonecheck_replies_dev", "tonecheck_learning_dev", "ucc_val",
    }  # fmt: skip
    assert not any(corpus.weight and corpus.licence == "nc" for corpus in CORPORA)


def test_an_unknown_corpus_lists_the_known_ones():
    with pytest.raises(InputError, match=r"no corpus named 'x'\. Choose from: tonecheck_replies_t"):
        corpus_named("x")


def test_our_own_corpus_reads_with_targets_and_severities():
    examples = read_corpus(corpus_named("tonecheck_learning_dev"), [OURS])
    assert len(examples) == 201
    assert all(set(item.targets) == set(item.severities) == set(TONES) for item in examples)
    assert all(
        (item.targets[t] > 0) == (item.severities[t] > 0) for item in examples for t in TONES
    )


def test_a_missing_corpus_says_where_it_was_looked_for(tmp_path):
    with pytest.raises(InputError, match=re.escape(f"ucc_val.jsonl.gz is in none of {tmp_path}")):
        read_corpus(corpus_named("ucc_val"), [tmp_path])


@pytest.mark.parametrize("line", ["{", "[]", '{"text": "no labels"}', "3"])
def test_a_broken_row_is_named_by_file_and_line(tmp_path, line):
    good = json.dumps({"id": "1", "text": "hello", "labels": {"insult": 0}})
    path = tmp_path / "kaggle_insults_train.jsonl.gz"
    path.write_bytes(gzip.compress(f"{good}\n{line}\n".encode()))
    message = r"kaggle_insults_train\.jsonl\.gz:2: this is not a row of kaggle_insults_train"
    with pytest.raises(InputError, match=message):
        read_corpus(corpus_named("kaggle_insults_train"), [tmp_path])


def test_the_licence_tier_limits_what_trains(tmp_path):
    for name in ("kaggle_insults_train", "reddit_incivility_train", "ucc_val"):
        (tmp_path / f"{name}.jsonl").write_text("")
    names = {tier: [c.name for c in available([tmp_path], licence=tier)] for tier in LICENCES[:2]}
    assert names["open"] == ["reddit_incivility_train"]
    assert names["unstated"] == ["reddit_incivility_train", "kaggle_insults_train"]


def test_a_copy_of_a_development_reply_takes_its_whole_thread_out_of_training():
    held = "You have clearly not read the second chapter, have you."
    training = [
        example(f"  {held.upper()} ", group="t1"),
        example("An innocent reply in the same thread as that one.", group="t1"),
        example("An innocent reply elsewhere.", group="t2"),
    ]
    kept = without_development(training, [example(held, source="dev")])
    assert [item.group for item in kept] == ["t2"]


def test_a_thread_that_development_names_or_answers_is_out_of_training():
    held = [
        Example(text="held", targets={}, group="cmv/1096_ah_t1_x", source="dev"),
        example("A long development reply that somebody answered later on.", source="dev"),
    ]
    named = Example(text="one", targets={}, group="t3_sub", alias="1096_ah_t1_x", source="cmv")
    beside = Example(text="two", targets={}, group="t3_sub", alias="88_delta_y", source="cmv")
    answer = Example(text="three", parent=held[1].text, targets={}, group="g9", source="github")
    free = Example(text="four", targets={}, group="t3_other", source="cmv")
    assert without_development([named, beside, answer, free], held) == [free]


def test_a_short_common_reply_takes_out_only_itself():
    training = [example("I agree.", group="t1"), example("A long answer to it.", group="t1")]
    kept = without_development(training, [example("I agree!", source="dev")])
    assert [item.text for item in kept] == ["A long answer to it."]


ROWS = {
    "kaggle_insults_train": ({"id": "1", "text": "t", "labels": {"insult": 1}}, "hostility"),
    "reddit_incivility_train": ({"row": ["t", "1"]}, "hostility"),
    "political_incivility_train": ({"text": "t", "impoliteness": 1, "intolerance": 0}, "hostility"),
    "goemotions_train": ({"id": "1", "text": "t", "labels": {"emotions": ["anger"]}}, "hostility"),
    "github_incivility": (
        {"id": "1", "thread": "9", "text": "t", "parent": None,
         "labels": {"tbdf": "Identity attacks/Name-Calling"}},
        "hostility",
    ),
    "dogmatism_reddit": ({"id": "1", "text": "t", "labels": {"dogmatism_2_15": 14}}, "hustling"),
    "logical_fallacy_train": (
        {"id": "1", "text": "t", "labels": {"fallacy": "false dilemma"}}, "hustling",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", ROWS)
def test_a_telling_label_leans_to_the_documented_tone(name):
    row, tone = ROWS[name]
    (found,) = corpus_named(name).mapper(row, name)
    assert found.targets[Tone(tone)] >= 0.3


@pytest.mark.parametrize(
    ("severity", "target"),
    [(0, 0.0), (0.25, 0.3), (0.5, 0.6), (0.75, 0.9), (1, 1.0), (1.5, 1.0), (2, 1.0)],
)
@pytest.mark.parametrize("tone", TONES)
def test_a_split_vote_of_annotators_leans_to_yes(tone, severity, target):
    row = {
        "id": "1", "source": "forum", "ref": "12/1", "text": "Read it.", "parent": None,
        "labels": dict.fromkeys(TONES, 0) | {tone: severity}, "evidence": [],
    }  # fmt: skip
    (found,) = annotated(row, "forum")
    others = dict.fromkeys(TONES, 0.0)
    assert found.targets == others | {tone: pytest.approx(target, abs=1e-9)}
    assert found.severities == others | {tone: severity}


@pytest.mark.parametrize(("label", "target"), [(1, 0.95), (0, 0.05), (None, None)])
@pytest.mark.parametrize("tone", TONES)
def test_what_one_person_decided_is_almost_sure(tone, label, target):
    labels = {other: 0 for other in TONES if other != tone}
    if label is not None:
        labels[tone] = label
    row = {"source": "cohort", "thread": "4", "text": "Read it.", "parent": None, "labels": labels}
    (found,) = decided(row, "tonecheck_feedback_train")
    assert found.targets.get(tone) == (None if target is None else pytest.approx(target))
    assert [found.targets[other] for other in TONES if other != tone] == pytest.approx([0.05] * 2)
    assert not found.severities
    assert found.group == "cohort/4"


def test_a_corpus_that_says_nothing_of_a_reply_gives_no_example():
    mapper = corpus_named("dogmatism_reddit").mapper
    assert list(mapper({"id": "1", "text": "t", "labels": {"dogmatism_2_15": 9}}, "d")) == []


def test_no_tone_is_learned_from_the_outcomes_that_the_forecast_is_measured_on():
    names = {corpus.name for corpus in CORPORA}
    assert not names & {corpus.name for corpus in OUTCOMES}


def test_a_thread_that_development_is_of_teaches_nothing_however_short_its_name():
    def of(thread, text, source="iac"):
        return Example(text=text, targets={}, group=f"{source}/{thread}", source=source)

    held = [of("8752", "Read the syllabus before you ask.")]
    training = [
        of("8752", "> so you say\n\nI do say so, and I have a source."),
        of("8753", "Another thread altogether, with nothing in common."),
        of("8752", "The same number in another forum.", source="other"),
    ]
    assert without_development(training, held) == training[1:]


@needs_corpora
@pytest.mark.corpora
def test_no_development_reply_or_thread_stands_in_what_trains():
    folders = [SHARED, OURS]
    held = [item for corpus in DEVELOPMENT for item in read_corpus(corpus, folders)]
    words = {re.sub(r"[^a-z]", "", item.text.lower()) for item in held} - {""}
    threads = {(item.source, item.group) for item in held}
    for corpus in available(folders):
        kept = without_development(read_corpus(corpus, folders), held)
        assert kept
        assert not words & {re.sub(r"[^a-z]", "", item.text.lower()) for item in kept}
        assert not threads & {(item.source, item.group) for item in kept}
