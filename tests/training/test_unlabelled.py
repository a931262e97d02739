import gzip
import json
import lzma

import pytest

from tonecheck.scorers.render import SHOUTED
from tonecheck.training.examples import Example
from tonecheck.training.unlabelled import UnlabelledPairs, clean

HELD = "You skipped the exercise about sorting and it shows in every line."
QUOTING = "> When is the draft due?\n\nThe draft is due when the tutor says so, as always."


def write(folder, name, rows):
    text = "".join(json.dumps(row) + "\n" for row in rows).encode()
    packer = lzma.compress if name.endswith(".xz") else gzip.compress
    (folder / name).write_bytes(packer(text))


def judged(text, ref="forum/9"):
    return {
        "id": "1",
        "source": "held",
        "ref": ref,
        "parent": None,
        "text": text,
        "labels": {"hostility": 0, "hustling": 0, "dismissiveness": 0},
        "evidence": [],
    }


def thread(name, *texts):
    """A thread in which each post answers the one before."""
    posts = [
        {"id": f"{name}-{at}", "parent": f"{name}-{at - 1}" if at else None, "text": text}
        for at, text in enumerate(texts)
    ]
    return {"id": name, "posts": posts}


@pytest.fixture
def folder(tmp_path):
    rows = [judged(HELD), judged(QUOTING), judged("Short.", ref="iac/heldthread/4")]
    write(tmp_path, "tonecheck_replies_dev.jsonl.gz", rows)
    return tmp_path


def forum(folder, **options):
    return list(UnlabelledPairs([folder]).forum(**options))


def corpora(folder):
    return list(UnlabelledPairs([folder]).corpora())


def test_a_folder_without_any_corpus_gives_nothing(tmp_path):
    assert forum(tmp_path) == corpora(tmp_path) == []


def test_a_post_comes_with_what_it_answers_both_clean(folder):
    posts = [
        {"id": 1, "parent": None, "text": "Which chapter is **first**?"},
        {"id": 2, "parent": 1, "text": "> Which chapter\n\nThe LAST one."},
        {"id": 3, "parent": 1, "text": "Chapter two."},
        {"id": 4, "parent": 77, "text": "I lost the thread."},
    ]
    write(folder, "iac_threads.jsonl.xz", [{"id": "t", "posts": posts}])
    assert forum(folder) == [
        ("", "Which chapter is first?"),
        ("Which chapter is first?", f"The {SHOUTED} LAST one."),
        ("Which chapter is first?", "Chapter two."),
        ("", "I lost the thread."),
    ]


def test_a_post_of_which_nothing_is_left_is_none(folder):
    write(folder, "iac_threads.jsonl.xz", [thread("t", "Hello there.", "> Hello there.", "?")])
    assert forum(folder) == [("", "Hello there.")]


def test_threads_that_development_samples_from_are_left_out(folder):
    rows = [thread("heldthread", "A question.", "An answer."), thread("other", "A third text.")]
    write(folder, "iac_threads.jsonl.xz", rows)
    assert forum(folder) == [("", "A third text.")]


def test_a_forum_thread_is_left_out_whose_id_is_a_short_number(folder):
    rows = [judged("Quite another text, also held.", ref="4388/98086") | {"source": "iac"}]
    write(folder, "tonecheck_replies_dev.jsonl.gz", rows)
    write(folder, "iac_threads.jsonl.xz", [thread("4388", "A question."), thread("43", "Others.")])
    assert forum(folder) == [("", "Others.")]


def test_rows_of_a_thread_that_development_names_are_left_out_everywhere(folder):
    rows = [
        {"id": f"c{n}", "thread": name, "parent": None, "text": f"Comment {n} on the build."}
        for n, name in enumerate(("heldthread", "another thread"))
    ]
    write(folder, "github_incivility.jsonl.gz", rows)
    assert corpora(folder) == [("", "Comment 1 on the build.")]


def test_corpora_that_are_not_packed_are_read_too(folder):
    row = {"id": "1", "text": "Read page nine.", "parent": None}
    (folder / "tonecheck_learning_train.jsonl").write_text(json.dumps(row) + "\n")
    assert corpora(folder) == [("", "Read page nine.")]


def test_replies_of_the_caller_are_left_out_too(folder):
    write(folder, "iac_threads.jsonl.xz", [thread("t", "Look here.", "I agree now, entirely.")])
    held = Example(text="I agree now, entirely.", targets={}, group="g", source="s")
    pairs = UnlabelledPairs([folder], besides=[held])
    assert list(pairs.forum()) == [("", "Look here.")]


def test_development_texts_are_left_out_as_replies_and_as_what_is_answered(folder):
    write(folder, "iac_threads.jsonl.xz", [thread("t", "Look here.", HELD.upper(), "I agree now.")])
    assert forum(folder) == [("", "Look here."), ("", "I agree now.")]


def test_a_development_text_that_quotes_is_known_by_its_own_words(folder):
    own = QUOTING.rsplit("\n", 1)[1]
    write(folder, "iac_threads.jsonl.xz", [thread("t", own, "So it is."), thread("u", QUOTING)])
    assert forum(folder) == [("", "So it is.")]


def test_a_short_parent_that_development_also_says_stays(folder):
    write(folder, "iac_threads.jsonl.xz", [thread("t", "Short!", "That is no answer.")])
    assert forum(folder) == [("Short!", "That is no answer.")]


def test_a_development_corpus_need_not_be_packed(tmp_path):
    (tmp_path / "tonecheck_learning_dev.jsonl").write_text(json.dumps(judged(HELD)) + "\n")
    write(tmp_path, "iac_threads.jsonl.xz", [thread("t", HELD, "Not in mine.")])
    assert forum(tmp_path) == [("", "Not in mine.")]


@pytest.mark.parametrize("share", [1.0, 0.62, 0.5, 0.1])
@pytest.mark.parametrize("parts", [1, 2, 3])
def test_parts_deal_each_thread_out_once(folder, share, parts):
    rows = [thread(f"t{at}", f"Text number {at}.") for at in range(50)]
    write(folder, "iac_threads.jsonl.xz", rows)
    dealt = [forum(folder, share=share, part=part, parts=parts) for part in range(parts)]
    together = [pair for part in dealt for pair in part]
    assert sorted(together) == sorted(set(together)) == sorted(forum(folder, share=share))
    assert len(together) == int(50 * share)
    assert max(map(len, dealt)) - min(map(len, dealt)) <= 1


def test_a_share_is_spread_over_the_whole_file(folder):
    rows = [thread(f"t{at}", f"Text number {at}.") for at in range(40)]
    write(folder, "iac_threads.jsonl.xz", rows)
    numbers = [int(text.split()[-1].rstrip(".")) for _, text in forum(folder, share=0.25)]
    assert numbers == list(range(3, 40, 4))


def test_rows_of_the_training_corpora_come_without_labels(folder):
    write(
        folder,
        "github_incivility.jsonl.gz",
        [{"id": "1", "text": "Fix it.", "parent": "Is it broken?"}, {"id": "2", "text": HELD}],
    )
    write(folder, "reddit_incivility_train.jsonl.gz", [{"row": ["A single post.", "1"]}])
    write(folder, "kaggle_insults_train.jsonl.gz", [{"id": "3", "text": "Alone.", "parent": None}])
    assert set(corpora(folder)) == {
        ("Is it broken?", "Fix it."), ("", "A single post."), ("", "Alone."),
    }  # fmt: skip


def test_each_message_of_a_conversation_answers_the_one_before(folder):
    messages = [{"text": "One thing."}, {"text": "Two things."}, {"text": "Three things."}]
    write(folder, "wikitactics.jsonl.gz", [{"messages": messages}])
    assert corpora(folder) == [
        ("", "One thing."), ("One thing.", "Two things."), ("Two things.", "Three things."),
    ]  # fmt: skip


def test_what_the_forecast_is_measured_on_is_never_read_as_training_text(folder):
    row = {"context": [{"text": "First."}, {"text": "Second."}], "final": "Removed."}
    write(folder, "cmv_ad_hominem_threads.jsonl.gz", [row])
    assert corpora(folder) == []


def test_corpora_that_only_measure_are_never_read_as_training_text(folder):
    write(folder, "ucc_val.jsonl.gz", [])
    rows = [judged("A training reply.", ref="8/1"), judged(HELD, ref="8/2")]
    write(folder, "tonecheck_replies_train.jsonl.gz", rows)
    assert corpora(folder) == [("", "A training reply.")]


def test_annotated_replies_of_a_thread_that_development_is_of_are_left_out(folder):
    rows = [judged("Of a held thread.", ref="forum/12"), judged("Of another.", ref="8/2")]
    write(folder, "tonecheck_replies_train.jsonl.gz", rows)
    assert corpora(folder) == [("", "Of another.")]


def test_a_text_is_cleaned_as_the_encoder_reads_it():
    assert clean("**READ** it &amp; weep") == f"{SHOUTED} READ it & weep"
