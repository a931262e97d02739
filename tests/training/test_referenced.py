import gzip
import json
import lzma
import re
from pathlib import Path

import pytest

from tonecheck.errors import InputError
from tonecheck.labels import Tone
from tonecheck.training.corpora import corpus_named, read_corpus
from tonecheck.training.referenced import PARENT, SOURCES, with_texts

OURS = Path(__file__).parents[2] / "data" / "learning"
SHARED = Path(__file__).parents[3] / "shared" / "corpora"
NAME = "tonecheck_annotated_train"
LABELS = {"hostility": 1, "dismissiveness": 0, "hustling": 0}


def row(source, ref, *spans):
    evidence = [{"label": "hostility", "start": start, "end": end} for start, end in spans]
    return {"id": ref, "source": source, "ref": ref, "labels": LABELS, "evidence": evidence}


@pytest.fixture
def corpora(tmp_path):
    """A file of each source, as its makers lay it out, with one thread in it."""
    forum = {"id": "12", "posts": [
        {"id": 1, "parent": None, "text": "Which chapter is it? " * 40},
        {"id": 2, "parent": 1, "text": "Oh please, use your eyes."},
    ]}  # fmt: skip
    other = {"id": "13", "posts": [{"id": 1, "parent": None, "text": "Hello."}]}
    rows = {
        "iac_threads": [other, forum],
        "github_incivility": [
            {"id": "7", "thread": "5", "parent": "Fails.", "text": "Fix it, you clowns."}
        ],
        "cmv_ad_hominem_threads": [
            {"id": "a", "context": [{"text": "I think."}, {"text": "Dream on."}], "final": "Bah!"}
        ],
        "dogmatism_reddit": [{"id": "reddit-3", "text": "Nobody sane disagrees."}],
        "wikitactics": [{"id": "9.1", "messages": [{"text": "Source?"}, {"text": "Liar."}]}],
    }  # fmt: skip
    for name, found in rows.items():
        text = "".join(json.dumps(item) + "\n" for item in found).encode()
        if name == "iac_threads":
            (tmp_path / f"{name}.jsonl.xz").write_bytes(lzma.compress(text))
        else:
            (tmp_path / f"{name}.jsonl.gz").write_bytes(gzip.compress(text))
    return tmp_path


@pytest.mark.parametrize(
    ("source", "ref", "text", "parent"),
    [
        ("iac", "12/2", "Oh please, use your eyes.", ("Which chapter is it? " * 40)[-PARENT:]),
        ("github_incivility", "5/7", "Fix it, you clowns.", "Fails."),
        ("cmv_adhominem", "a/1", "Dream on.", "I think."),
        ("cmv_adhominem", "a/2", "Bah!", "Dream on."),
        ("dogmatism", "reddit-3", "Nobody sane disagrees.", None),
        ("wikitactics", "9.1/1", "Liar.", "Source?"),
    ],
)
def test_each_source_gives_its_replies_by_reference(corpora, source, ref, text, parent):
    (found,) = with_texts([row(source, ref, (0, 4))], [corpora])
    assert (found["text"], found["parent"]) == (text, parent)
    assert found["evidence"][0]["text"] == text[:4]


def test_rows_whose_source_is_not_there_are_left_out(corpora):
    (corpora / SOURCES["wikitactics"].file).unlink()
    rows = [row("wikitactics", "9.1/1"), row("dogmatism", "reddit-3")]
    assert [found["ref"] for found in with_texts(rows, [corpora])] == ["reddit-3"]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (row("iac", "12/99"), r"iac_threads.jsonl.xz holds no reply '12/99'"),
        (row("slashdot", "1"), r"source 'slashdot' is none of iac, github_incivility, cmv_adho"),
    ],
)
def test_a_reference_that_leads_nowhere_names_the_file(corpora, wrong, message):
    (corpora / f"{NAME}.jsonl").write_text(json.dumps(wrong) + "\n")
    place = rf"{NAME}\.jsonl: this is not a row of {NAME} \(ValueError: {message}"
    with pytest.raises(InputError, match=place):
        read_corpus(corpus_named(NAME), [corpora])


def test_it_reads_as_any_annotated_corpus(corpora):
    (corpora / f"{NAME}.jsonl").write_text(json.dumps(row("iac", "12/2", (11, 24))) + "\n")
    (example,) = read_corpus(corpus_named(NAME), [corpora])
    assert example.severities[Tone.HOSTILITY] == 1
    assert example.evidence[Tone.HOSTILITY] == ("use your eyes",)
    assert example.group == "iac/12"


def test_the_shipped_annotation_holds_no_text_and_one_row_a_reply():
    lines = (OURS / f"{NAME}.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    keys = {"id", "source", "licence", "ref", "labels", "evidence", "annotator"}
    assert all(set(found) == keys for found in rows)
    assert all(set(span) == {"label", "start", "end"} for r in rows for span in r["evidence"])
    assert all(re.fullmatch(r"[\w./-]+", found["ref"]) for found in rows)
    assert len({(found["source"], found["ref"]) for found in rows}) == len(rows) > 4000


@pytest.mark.skipif(not SHARED.is_dir(), reason="the research corpora are absent")
def test_every_shipped_reference_finds_its_reply_and_its_evidence():
    lines = (OURS / f"{NAME}.jsonl").read_text(encoding="utf-8").splitlines()
    examples = read_corpus(corpus_named(NAME), [SHARED, OURS])
    assert len(examples) == len(lines)
    for example in examples:
        for words in example.evidence.values():
            assert all(part and part in example.text for part in words)
