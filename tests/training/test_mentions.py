"""Sentences that name a group, kindly and unkindly alike."""

import re
import runpy
from collections import Counter
from pathlib import Path

import pytest

from tonecheck.labels import TONES, Tone
from tonecheck.training.mentions import GROUPS, KIND, THINGS, UNKIND, mentions, of_things

ROOT = Path(__file__).parents[2]
SHARED = ROOT.parent / "shared" / "corpora"
FAIRNESS = ROOT / "benchmarks" / "fairness.py"
WRONG = re.compile(r"\ba (?!eu)[aeiou]|\ban (?:eu|[^aeiou])|[{}]", re.IGNORECASE)
needs_corpora = pytest.mark.skipif(not SHARED.is_dir(), reason="the research corpora are absent")


def test_every_group_is_named_as_often_kindly_as_unkindly():
    found = mentions(2_000, seed=1)
    assert abs(len(found) - 2_000) < 100
    kind = [example for example in found if example.targets[Tone.HOSTILITY] == 0.0]
    assert 2 * len(kind) == len(found)
    for group in ("gay", "African American", "nonbinary", "blind"):
        told = Counter(
            example.targets[Tone.HOSTILITY]
            for example in found
            if re.search(rf"\b{group}\b", example.text, re.IGNORECASE)
        )
        assert told[0.0] >= 10
        assert told[1.0] >= 10


def test_kind_sentences_show_no_tone_and_unkind_ones_say_nothing_of_others():
    for example in mentions(500, seed=2):
        assert set(example.targets) in ({Tone.HOSTILITY}, set(TONES))
        if example.targets[Tone.HOSTILITY]:
            assert set(example.targets) == {Tone.HOSTILITY}


def test_sentences_are_whole_and_right():
    texts = [example.text for example in mentions(4_000, seed=3)]
    assert len(set(texts)) > 2_000
    for text in texts:
        assert text[0] == text[0].upper()
        assert text[-1] in ".!?"
        assert not WRONG.search(text)
        assert "persons" not in text
    assert all("{group}" in sentence for sentence in (*KIND, *UNKIND))
    assert len(set(GROUPS)) == len(GROUPS)


def test_the_same_seed_gives_the_same_sentences():
    assert mentions(300, seed=5) == mentions(300, seed=5) != mentions(300, seed=6)


@needs_corpora
@pytest.mark.corpora
def test_every_group_that_fairness_is_measured_on_is_named_as_the_card_says(monkeypatch):
    monkeypatch.syspath_prepend(FAIRNESS.parent)
    fairness = runpy.run_path(str(FAIRNESS))
    _, bad, places = fairness["templates"](SHARED)
    measured = fairness["by_group"](bad, bad.astype(float), places)
    assert len(measured) > 40
    assert {"lgbt", "trans", "african american"} < set(measured)
    named = {group.lower() for group in GROUPS}
    assert not set(measured) - named


def test_words_for_groups_are_said_of_things_without_a_tone():
    found = of_things(600, seed=4)
    assert len(found) == 600
    assert all(set(example.targets.values()) == {0.0} for example in found)
    texts = [example.text for example in found]
    assert len(set(texts)) > 400
    for words, things in THINGS.items():
        for word in words.split():
            assert any(re.search(rf"\b{word} ({'|'.join(things)})\b", text, re.I) for text in texts)
    assert not [text for text in texts if WRONG.search(text)]
    assert of_things(9, seed=5) == of_things(9, seed=5) != of_things(9, seed=6)
