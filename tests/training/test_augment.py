import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tonecheck.labels import TONES, Tone
from tonecheck.prepare import LINK, prepare
from tonecheck.training import augment, swaps
from tonecheck.training.augment import CHANGED, CHANGES, HARSH_OPENINGS, augmented
from tonecheck.training.examples import Example

QUESTION = "Why does my loop stop early? Kofi said the list is too short."


def example(text, parent=QUESTION, *, of=(), **targets):
    """Return a reply; `of` gives for each tone the words that carry it."""
    values = dict.fromkeys(TONES, 0.0) | {Tone(name): value for name, value in targets.items()}
    evidence = dict.fromkeys(TONES, ()) | {Tone(name): said for name, said in dict(of).items()}
    return Example(
        text=text, parent=parent, targets=values, evidence=evidence, group="g", source="s"
    )


NEUTRAL = example("The range ends one before its second number, so add one to it.")
HARSH = example(
    "You are a fool, Kofi. Nobody sane writes loops like this one.",
    of={"hostility": ("You are a fool, Kofi.",), "dismissiveness": ("Nobody sane",)},
    hostility=1.0, dismissiveness=0.6,
)  # fmt: skip
EXAMPLES = [
    NEUTRAL,
    HARSH,
    example("no", dismissiveness=1.0),
    example("", parent=None),
    example("Thanks, that did it!", parent=None),
    example("Admit it. Then say it again.", hustling=1.0, of={"hustling": ("Admit it.",)}),
    example("STOP guessing and READ the page.", hostility=0.6, of={"hostility": ("READ",)}),
    example("> Why does my loop stop early?\n\nBecause `range` leaves its end out."),
    example("Why does my loop stop early? Because the end is left out, Anna."),
    example(
        "A muslim student and an atheist woman asked this before; women get the same answer.",
        of={"dismissiveness": ("an atheist woman", "women get")}, dismissiveness=0.5,
    ),
    example("See www.example.org/loops for the **whole** chapter...", "Where is it, Mei?"),
    example(
        "he never opened the book. blame the germans, genius",
        of={"hostility": ("genius", "blame the germans")}, hostility=1.0,
    ),
    example("```\nfor x in xs:\n```\nRubbish. Next.", of={"dismissiveness": ("Rubbish. Next.",)}),
    example("sooooo you\u2019re saying the ſister of Straße is İstanbul", "Straße? an Elif word"),
]  # fmt: skip


def random(seed=5):
    return np.random.default_rng(seed)


def many(item, change, count=200):
    generator = random()
    return [change(item, generator) for _ in range(count)]


def phrases(item):
    return [said for tone in TONES for said in item.evidence[tone]]


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(EXAMPLES), st.integers(0, 2**32 - 1))
def test_labels_stay_and_evidence_still_stands_in_the_text(item, seed):
    found = augmented(item, random(seed))
    assert (found.targets, found.severities) == (item.targets, item.severities)
    assert (found.group, found.source) == (item.group, item.source)
    assert len(phrases(found)) == len(phrases(item))
    assert all(said in found.text for said in phrases(found))
    assert (found.parent is None) == (item.parent is None)


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
@given(text=st.text(max_size=60), parent=st.none() | st.text(max_size=40), seed=st.integers(0, 99))
def test_any_text_can_be_changed(change, text, parent, seed):
    change(example(text, parent), random(seed))


def test_the_shares_of_the_changes_add_up_to_all():
    assert sum(CHANGES.values()) == pytest.approx(1.0)
    assert min(CHANGES.values()) > 0


def test_about_half_of_the_examples_stay_as_they_are():
    rich = example("She asked Kofi why women leave the course early. Somebody should answer.")
    same = np.mean([found is rich for found in many(rich, augmented, 3000)])
    assert same == pytest.approx(1 - CHANGED, abs=0.04)


def test_one_seed_gives_one_result():
    assert many(HARSH, augmented, 50) == many(HARSH, augmented, 50)
    texts = {augmented(HARSH, random(seed)).text for seed in range(40)}
    assert len(texts) > 10


def test_every_change_shows_on_some_reply():
    for change in CHANGES:
        assert any(change(item, random(seed)) != item for item in EXAMPLES for seed in range(5))


def test_barbed_openings_stand_only_before_harsh_replies():
    kind = {found.text for found in many(NEUTRAL, augment.politely_opened)}
    assert len(kind) == len(augment.OPENINGS)
    assert not any(text.startswith(HARSH_OPENINGS) for text in kind)
    harsh = many(HARSH, augment.politely_opened)
    assert any(found.text.startswith(HARSH_OPENINGS) for found in harsh)
    pushy = many(example("Admit it now.", hustling=1.0), augment.politely_opened)
    assert not any(found.text.startswith(HARSH_OPENINGS) for found in pushy)


@pytest.mark.parametrize("place", [7, 8, 12], ids=["quote", "repetition", "code"])
def test_nothing_goes_before_a_reply_that_opens_with_other_people_s_words(place):
    item = EXAMPLES[place]
    for change in (augment.politely_opened, augment.greeted):
        assert many(item, change, 5) == [item] * 5


def test_a_closing_goes_on_a_line_of_its_own_where_no_mark_ends_the_reply():
    assert augment.politely_closed(example("yes"), random()).text.startswith("yes\n")
    assert augment.politely_closed(example("Yes. "), random()).text.startswith("Yes. ")


def test_a_name_changes_alike_in_reply_parent_and_evidence():
    for found in many(HARSH, swaps.names_swapped, 30):
        name = found.evidence[Tone.HOSTILITY][0].removeprefix("You are a fool, ").rstrip(".")
        assert name in swaps.NAMES
        assert name != "Kofi"
        assert found.text == HARSH.text.replace("Kofi", name)
        assert found.parent == QUESTION.replace("Kofi", name)


def test_two_names_stay_two_names_and_small_letters_are_no_name():
    item = example("Anna and John saw it, anna too", "Anna, did John see it?")
    for found in many(item, swaps.names_swapped, 30):
        first, second = found.text.split()[0], found.text.split()[2]
        assert len({first, second, "Anna", "John"}) == 4 or first == "John" or second == "Anna"
        assert first != second
        assert found.text.endswith("anna too")
        assert found.parent == f"{first}, did {second} see it?"


def test_a_group_changes_alike_in_reply_parent_and_evidence():
    item = example("Women read more than men.", "Do women read?", of={"hostility": ("Women read",)})
    (found,) = {repr(found): found for found in many(item, swaps.groups_swapped, 9)}.values()
    assert (found.text, found.parent) == ("Men read more than women.", "Do men read?")
    assert found.evidence[Tone.HOSTILITY] == ("Men read",)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("an atheist wrote it", r"an? (muslim|hindu|buddhist|sikh|catholic) wrote it"),
        ("A German TEACHER", r"An? [A-Z]\w+n TEACHER"),
        ("THE INDIANS", r"THE [A-Z]+S"),
        ("black people and a black box", r"(white|asian|african|brown) people and a black box"),
        ("a straight line for gay students", r"a straight line for (straight|bisexual) students"),
        ("oh man, that man is old", r"oh man, that woman is old"),
        ("he said so", "she said so"),
        ("he gave her his book", "he gave her his book"),
        ("an older student", "a younger student"),
        ("the ſikhs", "the ſikhs"),
    ],
)
def test_a_swapped_word_fits_its_place(text, kept):
    for found in many(example(text, None), swaps.groups_swapped, 20):
        assert re.fullmatch(kept, found.text), found.text


@pytest.mark.parametrize("group", swaps._GROUPS, ids=lambda group: group.words)
def test_groups_hold_each_word_once_and_no_word_alone(group):
    words = group.words.split()
    assert len(set(words)) == len(words) > 1


def test_capitals_are_never_added_and_never_taken_away():
    assert augment.in_small_letters(EXAMPLES[6], random()) == EXAMPLES[6]
    small = augment.in_small_letters(HARSH, random())
    assert small.text == HARSH.text.lower()
    assert small.evidence[Tone.HOSTILITY] == ("you are a fool, kofi.",)


@pytest.mark.parametrize(
    ("text", "shorter"),
    [("Own it.", "Own it"), ("Own it. ", "Own it"), ("Own it!", None), ("Well...", None)],
)
def test_only_a_single_full_stop_goes(text, shorter):
    item = example(text, of={"hustling": ("Own it.",)} if "Own it." in text else {})
    found = augment.without_full_stop(item, random())
    assert found.text == (shorter or text)
    assert all(said in found.text for said in phrases(found))


def test_a_slip_swaps_two_neighbours_of_a_word_outside_evidence_and_parent():
    seen = set()
    for found in many(HARSH, augment.mistyped):
        changed = [
            at for at, (a, b) in enumerate(zip(HARSH.text, found.text, strict=True)) if a != b
        ]
        assert len(changed) in {0, 2, 4}  # the letters may be alike
        assert sorted(found.text) == sorted(HARSH.text)
        assert "You are a fool, Kofi. Nobody sane" in found.text
        seen |= {word for word in found.text.split() if word not in HARSH.text.split()}
    assert {"wrties", "wirtes", "lopos"} & seen
    taken = example("The early loops", "my early loop")
    assert {found.text.split()[1] for found in many(taken, augment.mistyped)} == {"early"}


@pytest.mark.parametrize("change", [augment.quoted, augment.with_code])
@pytest.mark.parametrize("item", EXAMPLES, ids=range(len(EXAMPLES)))
def test_quotations_and_code_vanish_when_the_reply_is_prepared(change, item):
    expected = prepare(item.text, item.parent).text
    for found in many(item, change, 20):
        assert prepare(found.text, found.parent).text == expected


def test_quotations_code_and_links_only_stand_in_answers():
    alone = replace(NEUTRAL, parent=None)
    for change in (augment.quoted, augment.with_code, augment.with_link):
        assert many(alone, change, 5) == [alone] * 5
        assert change(NEUTRAL, random()) != NEUTRAL


def test_a_link_is_read_as_a_link():
    for found in many(NEUTRAL, augment.with_link, 20):
        assert prepare(found.text).text.split() == [*NEUTRAL.text.split(), LINK]
