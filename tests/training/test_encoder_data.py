"""What an encoder learns from: how it is split, what is drawn, and what nobody labelled."""

import json
import lzma
from dataclasses import replace
from pathlib import Path

import pytest

from tonecheck.labels import TONES, Tone
from tonecheck.training.encoder_data import (
    EncoderSettings,
    Split,
    held_out,
    pools_of,
    split_data,
    unjudged,
)
from tonecheck.training.examples import Example
from tonecheck.training.mentions import SOURCE as MENTIONS
from tonecheck.training.recipe import OURS, Recipe

SEED = 7
THREADS = [f"thread-{number:03}" for number in range(60)]
FORUM, ISSUES, TALK = "tonecheck_replies_train", "github_incivility", "context_toxicity_gc"


def annotated(thread, *, tone=None):
    return {
        "id": thread, "source": "forum", "ref": f"{thread}/1", "parent": f"What is in {thread}?",
        "text": f"Read what {thread} says. Then ask again.",
        "labels": {name: int(name == tone) for name in TONES}, "evidence": [],
    }  # fmt: skip


def issue(thread):
    return {
        "id": f"{thread}-9", "thread": thread, "parent": f"The build of {thread} fails.",
        "text": f"The log of {thread} names the file.", "labels": {"tbdf": "Mocking"},
    }  # fmt: skip


def write(folder, name, rows):
    (folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


@pytest.fixture
def folder(tmp_path):
    """Annotated replies and issue comments of the same threads, and comments of no thread."""
    write(tmp_path, FORUM, map(annotated, THREADS))
    write(tmp_path, ISSUES, map(issue, THREADS))
    talk = [{"id": f"t{n}", "text": f"Talk number {n}.", "label": n % 2} for n in range(50)]
    write(tmp_path, TALK, talk)
    return tmp_path


def recipe(folder, **options):
    return Recipe(folders=[folder], out=Path("unused"), seed=SEED, **options)


def split(folder, **settings):
    return split_data(recipe(folder), EncoderSettings(**settings), {})[1]


def threads(examples):
    return {example.group.rpartition("/")[2] for example in examples}


def test_held_out_threads_teach_nothing_not_even_in_other_corpora(folder):
    found = split(folder)
    closed = {thread for thread in THREADS if held_out(f"forum/{thread}", SEED)}
    assert 2 <= len(closed) <= 20
    assert threads(found.held_out) == closed
    assert threads(found.taught) == set(THREADS) - closed
    issues = [example for example in found.others if example.source == ISSUES]
    assert threads(issues) == set(THREADS) - closed
    assert sum(example.source == TALK for example in found.others) == 50


def test_corpora_that_are_left_out_teach_neither_tones_nor_their_own_labels(folder):
    whole, part = split(folder), split(folder, without=frozenset({ISSUES}))
    assert whole.names == {ISSUES: ("Mocking",), TALK: ("toxic",)}
    assert {example.source for example in whole.others} == {ISSUES, TALK}
    assert part.names == {TALK: ("toxic",)}
    assert {example.source for example in part.others} == {TALK}
    assert (part.taught, part.held_out) == (whole.taught, whole.held_out)
    assert set(whole.weights) - set(part.weights) == {ISSUES}


def test_own_labels_have_no_names_where_they_are_not_learned(folder):
    assert split(folder, multitask=False).names == {}


def test_annotated_replies_may_be_read_without_what_they_answer(folder):
    with_parents, without = split(folder), split(folder, parents=False)
    for part in ("taught", "held_out"):
        kept, bare = getattr(with_parents, part), getattr(without, part)
        assert all(example.parent for example in kept)
        assert [replace(example, parent=None) for example in kept] == bare


def test_a_smaller_share_is_a_part_of_a_larger_one(folder):
    few, more, whole = (threads(split(folder, share=share).taught) for share in (0.25, 0.5, 1.0))
    assert few < more < whole
    assert len(few) / len(whole) == pytest.approx(0.25, abs=0.1)
    assert len(more) / len(whole) == pytest.approx(0.5, abs=0.1)


def test_the_same_threads_are_held_out_whatever_else_is_annotated(folder, tmp_path_factory):
    more = tmp_path_factory.mktemp("more")
    others = [f"older-{number:03}" for number in range(200)]
    write(more, FORUM, map(annotated, [*others, *reversed(THREADS)]))
    write(more, "tonecheck_written_train", map(annotated, THREADS[:20]))
    fewer, grown = split(folder), split(more)
    assert len(grown.held_out) > len(fewer.held_out)
    assert threads(grown.held_out) & set(THREADS) == threads(fewer.held_out)
    assert threads(grown.taught) & set(THREADS) == threads(fewer.taught)


def test_a_thread_is_held_out_by_its_name_on_any_machine():
    found, other = (
        [number for number in range(4000) if held_out(f"forum/{number}", seed)]
        for seed in (SEED, SEED + 1)
    )
    # Written down, so that a new version holds out what an old model has not seen either.
    assert found[:6] == [3, 13, 26, 28, 30, 43]
    assert len(found) == pytest.approx(4000 / 8, rel=0.1)
    assert len(set(found) & set(other)) == pytest.approx(4000 / 64, rel=0.5)


def examples(source, count, *, targets=(Tone.HOSTILITY,), first=0):
    return [
        Example(
            text=f"{source} says {number}.", targets=dict.fromkeys(targets, 0.5),
            labels={"rude": 1.0}, group=f"{source}/{number}", source=source,
        )
        for number in range(first, first + count)
    ]  # fmt: skip


def parts(count=690, *, weights=(0.01, 0.01), **others):
    """A split of annotated replies and other corpora, as `NAME=examples`."""
    severities = dict.fromkeys(TONES, 0.0)
    taught = [
        Example(text=f"Read page {n}.", targets=severities, severities=severities,
                group=f"forum/{n}", source="forum")
        for n in range(count)
    ]  # fmt: skip
    return Split(
        taught=taught,
        held_out=[],
        others=[example for found in others.values() for example in found],
        names={},
        weights=dict(zip(others, weights, strict=False)),
    )


def pools(split, **settings):
    """The pools by the source of their first example; sentences and our own are other ones."""
    found = pools_of(EncoderSettings(**settings), split, seed=SEED)
    return {pool.examples[0].source: pool for pool in found[2:] if pool.examples}


LARGE, SMALL = examples("large", 1600), examples("small", 100)


def test_annotated_replies_are_all_read_and_varied_and_a_third_as_many_sentences():
    severities = {tone: float(tone == Tone.HOSTILITY) for tone in TONES}
    reply = Example(
        text="You fool. Read page nine. It says so.", targets=severities, severities=severities,
        evidence={Tone.HOSTILITY: ("fool",)}, group="forum/1", source="forum",
    )  # fmt: skip
    whole, sentences, *_ = pools_of(
        EncoderSettings(), replace(parts(), taught=[reply] * 30), seed=SEED
    )
    assert (len(whole.examples), whole.drawn, whole.weight, whole.augment) == (30, 30, 1.0, True)
    assert (sentences.drawn, sentences.weight, sentences.augment) == (10, 0.5, False)
    assert {example.text for example in sentences.examples} == {
        "You fool.", "Read page nine.", "It says so.",
    }  # fmt: skip


def test_other_corpora_are_drawn_by_the_root_of_their_size():
    found = pools(parts(large=LARGE, small=SMALL), others=0.5)
    assert (found["large"].drawn, found["small"].drawn) == (276, 69)  # 345 in all, four to one
    assert found["large"].examples == LARGE
    assert not found["large"].augment


def test_a_corpus_of_one_reply_is_drawn_as_well():
    found = pools(parts(large=LARGE, small=SMALL[:1]), others=0.01)
    assert found["small"].drawn == 1


@pytest.mark.parametrize(
    ("weight", "counted"), [(0.5, 80.0), (0.05, 8.0), (1.0, 160.0), (60.0, 276.0)]
)
def test_a_corpus_counts_in_a_round_what_its_weight_gives_it(weight, counted):
    # A tenth of the replies beside which the weights were chosen, so a tenth of 1,600 replies; no
    # draw counts more than an annotated reply.
    pool = pools(parts(large=LARGE, small=SMALL, weights=(weight, 0.01)), others=0.5)["large"]
    assert pool.drawn * pool.weight == pytest.approx(counted)
    assert pool.weight <= 1.0


def test_no_other_corpus_is_read_where_none_is_wanted():
    split = parts(large=LARGE, small=SMALL)
    assert set(pools(split)) == {"large", "small", MENTIONS}
    assert set(pools(split, others=0.0)) == {MENTIONS}


def test_replies_with_only_labels_of_their_own_are_left_out_where_these_are_not_learned():
    mixed = SMALL + examples("small", 1500, targets=(), first=100)
    split = parts(
        large=LARGE, small=mixed, silent=examples("silent", 80, targets=()), weights=[1] * 3
    )
    both = pools(split, others=0.5)
    assert both["small"].examples == mixed
    assert both["large"].drawn == both["small"].drawn
    assert "silent" in both
    alone = pools(split, others=0.5, multitask=False)
    assert set(alone) == {"large", "small", MENTIONS}
    assert alone["small"].examples == SMALL
    assert (alone["large"].drawn, alone["small"].drawn) == (276, 69)


@pytest.mark.parametrize(("share", "drawn"), [(0.05, 34), (0.5, 345)])
def test_sentences_that_name_a_group_are_read_for_a_share_of_the_replies(share, drawn):
    pool = pools(parts(), mentions=share)[MENTIONS]
    assert (pool.drawn, pool.weight, pool.augment) == (drawn, 1.0, False)
    assert len(pool.examples) == pytest.approx(5500, rel=0.05)


def test_no_sentence_names_a_group_where_none_is_wanted():
    assert MENTIONS not in pools(parts(large=LARGE), mentions=0.0)


def test_a_part_of_the_annotated_replies_is_read_beside_as_many_others_as_all_of_them():
    split = parts(large=LARGE, small=SMALL)
    half = replace(split, taught=split.taught[:345])
    whole, part = pools(split), pools(half, share=0.5)
    for name in ("large", "small"):
        assert (part[name].drawn, part[name].weight) == (whole[name].drawn, whole[name].weight)
    assert pools(half)["large"].drawn == pytest.approx(whole["large"].drawn / 2, abs=1)
    assert part[MENTIONS].drawn == pytest.approx(whole[MENTIONS].drawn / 2, abs=1)


def test_our_own_replies_are_read_once_more():
    split = parts(20)
    ours = [replace(example, source=OURS) for example in split.taught[:8]]
    pool = pools(replace(split, taught=[*ours, *split.taught[8:]]))[OURS]
    assert pool.examples == ours
    assert (pool.drawn, pool.weight, pool.augment) == (8, 1.0, True)
    assert OURS not in pools(split)


@pytest.fixture
def posts(folder):
    """Forum threads of one post each, of which every fourth is read."""
    texts = [f"Post {number} says what to read." for number in range(80)]
    texts[3] = "STOP asking and read page three."
    texts[7], texts[11] = "long" * 125, "long" * 125 + "!"  # of 500 and of 501 characters
    with lzma.open(folder / "iac_threads.jsonl.xz", "wt", encoding="utf-8") as file:
        for number, text in enumerate(texts):
            post = {"id": 1, "parent": None, "text": text}
            file.write(json.dumps({"id": str(number), "posts": [post]}) + "\n")
    return [texts[number] for number in range(3, 80, 4)]


def judged(folder, *, licence="unstated", **settings):
    return unjudged(recipe(folder, licence=licence), EncoderSettings(**settings), split(folder))


def test_unlabelled_posts_come_with_as_many_replies_of_other_corpora(folder, posts):
    found = judged(folder)
    ours = [example for example in found if example.source == "iac_threads"]
    others = found[len(ours) :]
    assert [example.text for example in ours] == [text for text in posts if len(text) <= 500]
    assert len(others) == len(ours) == 19
    assert {example.source for example in others} == {ISSUES, TALK}
    assert len({example.text for example in others}) == 19
    assert all(example.labels is None and not example.marked for example in found)
    assert not any(example.targets for example in found)


def test_long_posts_are_not_judged(folder, posts):
    longest = max((example.text for example in judged(folder)), key=len)
    assert len(longest) == 500
    assert max(map(len, posts)) == 501


def test_no_more_posts_are_judged_than_asked(folder, posts):
    found = judged(folder, unlabelled=5)
    assert [example.text for example in found[:5]] == posts[:2] + posts[3:6]
    assert len(found) == 10
    assert judged(folder, unlabelled=0) == []


def test_replies_to_be_judged_are_drawn_by_the_seed(folder, posts):
    first, again = judged(folder), judged(folder)
    other = unjudged(replace(recipe(folder), seed=SEED + 1), EncoderSettings(), split(folder))
    assert first == again
    assert first[:19] == other[:19]
    assert first[19:] != other[19:]


@pytest.mark.parametrize(("licence", "count"), [("open", 0), ("unstated", 38)])
def test_posts_of_unstated_licence_are_not_judged_for_an_open_model(folder, posts, licence, count):
    assert len(judged(folder, licence=licence)) == count


def test_without_posts_nothing_is_judged(folder):
    assert judged(folder) == []
