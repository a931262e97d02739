import gzip
import json

import pytest

from tonecheck.errors import InputError
from tonecheck.labels import Tone
from tonecheck.training.corpora import corpus_named
from tonecheck.training.tasks import read_task


def write(folder, name, rows):
    with gzip.open(folder / f"{name}.jsonl.gz", "wt", encoding="utf-8") as file:
        file.writelines(json.dumps(row) + "\n" for row in rows)


def issue(number, label):
    return {
        "id": f"t{number}", "thread": f"t{number}", "parent": "The build fails for me.",
        "text": f"Reply number {number} about the build.", "labels": {"tbdf": label},
    }  # fmt: skip


def test_a_corpus_keeps_its_own_labels_beside_ours(tmp_path):
    rows = [issue(n, "Mocking" if n % 2 else "None") for n in range(60)] + [issue(60, "Threat")]
    write(tmp_path, "github_incivility", rows)
    names, found = read_task(corpus_named("github_incivility"), [tmp_path])
    assert names == ("Mocking",)  # a label that one row carries teaches nothing
    assert len(found) == 61
    assert found[1].labels == {"Mocking": 1.0}
    assert found[1].targets[Tone.HOSTILITY] == 0.75
    assert found[0].labels == {}
    assert found[1].group == "t1"


def test_messages_that_say_nothing_of_our_tones_still_teach_their_own_labels(tmp_path):
    rows = [
        {"id": str(n), "text": f"Note {n} on chapter two.", "labels": {"dogmatism_2_15": 9}}
        for n in range(30)
    ]
    write(tmp_path, "dogmatism_reddit", rows)
    names, found = read_task(corpus_named("dogmatism_reddit"), [tmp_path])
    assert names == ("dogmatism",)
    assert len(found) == 30
    assert all(not example.targets for example in found)
    assert found[0].labels["dogmatism"] == pytest.approx(7 / 13)


def test_marked_characters_become_stretches(tmp_path):
    text = "What a dull and lazy post"
    rows = [{"id": "1", "text": text, "labels": {"toxic_offsets": [7, 8, 9, 10, 16, 17, 18, 19]}}]
    write(tmp_path, "toxic_spans_train", rows)
    _, (example,) = read_task(corpus_named("toxic_spans_train"), [tmp_path])
    assert list(example.marked) == [Tone.HOSTILITY]
    assert [text[start:end] for start, end in example.marked[Tone.HOSTILITY]] == ["dull", "lazy"]


def test_only_techniques_that_call_names_or_push_mark_a_tone(tmp_path):
    text = "You clowns: now or never. Some doubt it."
    spans = [
        {"technique": "Name calling/Labeling", "start": 4, "end": 10},
        {"technique": "Black-and-white Fallacy/Dictatorship", "start": 12, "end": 24},
        {"technique": "Doubt", "start": 26, "end": 39},
    ]
    rows = [{"id": "1", "text": text, "labels": {"spans": spans}}]
    write(tmp_path, "persuasion_techniques_train", rows)
    _, (example,) = read_task(corpus_named("persuasion_techniques_train"), [tmp_path])
    found = {t: [text[a:b] for a, b in spans] for t, spans in example.marked.items()}
    assert found == {Tone.HOSTILITY: ["clowns"], Tone.HUSTLING: ["now or never"]}


def test_no_word_brushes_off_where_annotators_could_point_at_words_that_ask(tmp_path):
    rows = [
        {"id": str(level), "parent": "I failed again.", "text": "What went wrong this time?",
         "labels": {"level": level, "rationales": words}}
        for level, words in ((2, "What went wrong|"), (0, ""), (0, "|"))
    ]  # fmt: skip
    write(tmp_path, "empathy_explorations", rows)
    _, found = read_task(corpus_named("empathy_explorations"), [tmp_path])
    assert [example.marked for example in found] == [{Tone.DISMISSIVENESS: ()}, {}, {}]


def test_each_message_of_a_dispute_has_its_own_tactics(tmp_path):
    messages = [
        {"text": "I have removed the second section.", "rebuttal": []},
        {"text": "You always remove what you dislike.", "rebuttal": ["DH1: ad hominem"]},
    ]
    write(tmp_path, "wikitactics", [{"id": "d1", "messages": messages}])
    _, found = read_task(corpus_named("wikitactics"), [tmp_path])
    assert [example.labels for example in found] == [{}, {"DH1": 1.0}]


def test_a_corpus_without_labels_of_its_own_has_no_names(tmp_path):
    row = {
        "id": "1", "source": "tonecheck_learning", "parent": None, "text": "Thanks, that helps.",
        "labels": {"hostility": 0, "hustling": 0, "dismissiveness": 0}, "evidence": [],
    }  # fmt: skip
    write(tmp_path, "tonecheck_learning_train", [row])
    names, found = read_task(corpus_named("tonecheck_learning_train"), [tmp_path])
    assert names == ()
    assert len(found) == 1


def test_a_broken_row_is_named(tmp_path):
    write(tmp_path, "github_incivility", [issue(0, "None"), {"id": "x"}])
    with pytest.raises(InputError, match=r"github_incivility\.jsonl\.gz:2: this is not a row of"):
        read_task(corpus_named("github_incivility"), [tmp_path])
