import json
import re
import subprocess
import sys

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import tonecheck
from tonecheck.errors import ConfigError, InputError
from tonecheck.labels import TONES, Decision, Severity, Tone
from tonecheck.messages import BadRow, Message, Thread, parse_time
from tonecheck.verdict import Note, Verdict

PIECES = [
    *("you idiot", "just google it", "END OF STORY", "i d i o t", "st*pid", "?!", "ﬁne"),
    *("\n> quoted\n", "<b>", "[quote]", "&amp;", "`x`", "👍🏽", "שלום"),
    *("\ud83d", "\u202e", "\0", " "),
]
nasty = st.lists(st.sampled_from(PIECES) | st.text(max_size=12), max_size=8).map(" ".join)


@pytest.fixture(scope="module")
def checker():
    return tonecheck.load()


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(nasty, st.none() | nasty)
def test_any_string_gets_a_verdict_whose_evidence_is_exact(checker, text, parent):
    verdict = checker.check(text, parent)
    for score in verdict.tones.values():
        assert 0.0 <= score.probability <= 1.0
        assert (score.severity is Severity.NONE) == (
            score.decision is Decision.NO or verdict.note is Note.NOT_ENGLISH
        )
        for e in score.evidence:
            assert text[e.start : e.end] == e.text
            assert 0 < e.weight <= 1
    assert len(verdict.explanation.split()) <= 25
    assert Verdict.from_dict(json.loads(json.dumps(verdict.to_dict()))) == verdict


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(nasty, min_size=1, max_size=6), st.randoms())
def test_order_and_batch_do_not_change_a_verdict(checker, texts, random):
    messages = [Message(text=text, id=str(row)) for row, text in enumerate(texts)]
    together = {verdict.id: verdict for verdict in checker.check_many(messages)}
    random.shuffle(messages)
    for message in messages:
        assert next(checker.check_many([message])) == together[message.id]


@pytest.mark.parametrize(
    "text", ["", "   ", "🎉🎉", "> you idiot", "```\nx = 1\n```", "https://a.example/b", "…"]
)
def test_a_message_without_words_of_its_author_is_empty(checker, text):
    verdict = checker.check(text)
    assert verdict.note is Note.EMPTY
    assert all(s.probability == 0 and s.decision is Decision.NO for s in verdict.tones.values())
    assert verdict.explanation == Note.EMPTY.meaning


@pytest.mark.parametrize(
    "text",
    [
        "Ich verstehe nicht, warum der Median hier besser ist als das Mittel.",
        "لماذا نستخدم الوسيط هنا وليس المتوسط؟",
        "これはどういう意味ですか、もう一度説明してください。",
    ],
    ids=["german", "arabic", "japanese"],
)
def test_another_language_is_left_to_people_with_the_base_rate(checker, text):
    verdict = checker.check(text)
    assert verdict.note is Note.NOT_ENGLISH
    assert verdict.unsure == TONES
    assert all(score.evidence == () for score in verdict.tones.values())
    assert verdict.explanation == Note.NOT_ENGLISH.meaning


def test_right_to_left_words_inside_english_are_no_obstacle(checker):
    verdict = checker.check("You are an idiot, שלום, and a liar.")
    assert Tone.HOSTILITY in verdict.flagged


def test_a_megabyte_is_read_up_to_the_limit_and_says_so(checker):
    thanks = "Thanks, this explains it well and I tried it on my own data. " * 17_000
    verdict = checker.check(f"You are an idiot and a pathetic liar. {thanks}")
    assert Tone.HOSTILITY in verdict.flagged
    assert verdict.truncated
    assert verdict.note is Note.TRUNCATED
    late = checker.check(f"{thanks} You are an idiot.")
    assert late.flagged == ()


@pytest.mark.parametrize(
    "text",
    [
        "you idiot " + ", " * 9_990,
        "you idiot " * 2_000,
        "?! " * 6_000,
        "((" * 10_000,
        "a. " * 6_000,
    ],
    ids=["commas", "insults", "marks", "brackets", "sentences"],
)
def test_a_message_built_to_be_slow_still_gets_its_verdict(checker, text):
    # Two of these once took seconds; the suite's own time limit is what would tell.
    verdict = checker.check(text)
    for score in verdict.tones.values():
        for e in score.evidence:
            assert text[e.start : e.end] == e.text


@pytest.mark.parametrize("value", [None, 3, b"bytes", ["a"]])
def test_what_is_no_string_is_refused_by_name(checker, value):
    with pytest.raises(InputError, match=f'"text" must be a string, got {type(value).__name__}'):
        checker.check(value)


def test_a_parent_that_is_no_string_is_refused(checker):
    with pytest.raises(InputError, match='"parent" must be a string, got int'):
        checker.check("hello", parent=3)


def test_an_item_that_is_no_message_is_refused(checker):
    with pytest.raises(InputError, match="a message must be a Message or a string, got dict"):
        next(checker.check_many([{"text": "hello"}]))


def test_check_many_is_lazy(checker):
    def endless():
        while True:
            yield "fine, thank you"

    assert next(checker.check_many(endless())).flagged == ()


def test_words_repeated_from_the_parent_are_not_the_author_s(checker):
    parent = "You are an idiot and your whole answer is garbage, go away."
    own = "Thank you all the same. I will read the chapter again tonight."
    assert Tone.HOSTILITY in checker.check(parent).flagged
    verdict = checker.check(f"{parent}\n{own}", parent)
    assert Tone.HOSTILITY not in verdict.flagged
    alone = checker.check(own, parent)
    for tone in TONES:
        assert verdict.tones[tone].probability == alone.tones[tone].probability


def test_a_thread_gives_the_parent(checker):
    question = Message(text="How do I invert a matrix, and when is it a bad idea to do so?")
    thread = Thread(id="t", messages=(question,))
    alone = checker.check("Just google it.", question.text)
    assert checker.check("Just google it.", thread=thread) == alone


@pytest.mark.parametrize(
    ("text", "tone"),
    [
        ("you absolute i d i o t", Tone.HOSTILITY),
        ("you are a st*pid liar", Tone.HOSTILITY),
        ("you are such an idіot", Tone.HOSTILITY),  # with a Cyrillic letter
        ("you are an id\u200biot", Tone.HOSTILITY),
        ("Learn to read the syllabus.", Tone.DISMISSIVENESS),
        ("Just admit you are wrong. End of story.", Tone.HUSTLING),
    ],
)
def test_plain_and_disguised_forms_are_found(checker, text, tone):
    assert checker.check(text).tones[tone].decision is not Decision.NO


def test_settings_change_decisions_and_silence_the_card(checker, tmp_path):
    path = tmp_path / "tonecheck.toml"
    path.write_text("[policy.hostility]\nunsure_at = 0.001\nyes_at = 0.002\n")
    strict = tonecheck.load(settings=path)
    assert strict.check("Thanks, that helps.").tones[Tone.HOSTILITY].decision is Decision.YES
    assert set(strict.card) == {Tone.HUSTLING, Tone.DISMISSIVENESS}
    assert set(checker.card) == set(TONES)
    path.write_text("[policy.hostility]\nyes = 1\n")
    with pytest.raises(ConfigError, match="unknown key 'yes'"):
        tonecheck.load(settings=path)


def test_verdicts_are_the_same_in_a_fresh_process():
    code = (
        "import json, tonecheck\n"
        "print(json.dumps(tonecheck.load().check('Whatever, learn to read.').to_dict()))"
    )
    runs = {
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True,
            env={"PYTHONHASHSEED": seed, "PATH": ""},
        ).stdout
        for seed in ("1", "2")
    }  # fmt: skip
    assert len(runs) == 1


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({}, '"text" must be a string, got nothing. Give every row a "text".'),
        ({"text": None}, '"text" must be a string, got nothing.'),
        ({"text": 5}, '"text" must be a string, got int.'),
        ({"text": "a", "parent": 5}, '"parent" must be a string or null, got int.'),
        ({"text": "a", "id": True}, '"id" must be a string or a whole number, got bool.'),
        ({"text": "a", "time": "soon"}, "'soon' is not a time. Use ISO 8601"),
    ],
)
def test_a_row_that_is_no_message_is_refused_with_its_place(row, message):
    with pytest.raises(InputError, match=re.escape(f"in.jsonl:7: {message}")):
        Message.from_dict(row, place="in.jsonl:7")


def test_a_row_keeps_what_it_says():
    row = {"id": 4, "text": "a", "time": "2026-09-01T10:00:00", "author": None, "extra": 1}
    message = Message.from_dict(row)
    assert (message.id, message.author) == ("4", "")
    assert message.time.isoformat() == "2026-09-01T10:00:00+00:00"
    assert parse_time(0).year == 1970
    assert BadRow(place="a:1", reason="b").place == "a:1"
