import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tonecheck.audit.names import NameFinder
from tonecheck.audit.redact import Kind, Redactor, redact_verdict
from tonecheck.labels import TONES, Decision, Severity
from tonecheck.verdict import Evidence, ToneScore, Verdict

ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=120)
PIECES = st.sampled_from(
    [
        *("Maya Okafor", "maya", "Will", "will", "you idiot", " ", ", ", "\n", ".", "’s "),
        *("maya.okafor@example.org", "https://example.org/a_(b)", "www.example.org.", "@maya_k"),
        *("+351 912 345 678", "2026-09-01", "`@property`", "[name]", "u/some_guy", "😀", "é"),
    ]
)
MIXED = st.lists(st.one_of(PIECES, ANY_TEXT), max_size=8).map("".join)


@pytest.fixture(scope="module")
def redactor():
    return Redactor(NameFinder([(1, "Maya Okafor"), (2, "Will Hart"), (3, "grace_h")]))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("see https://en.wikipedia.org/wiki/Foo_(bar), ok", "see [link], ok"),
        ("(http://x.org/a) [docs](https://a.b/c?d=e&f)", "([link]) [docs]([link])"),
        ("github.com/maya and uni.de/x and foo.com.", "[link] and [link] and [link]."),
        ("main.py, node.js, e.g. this, ASP.NET, v1.2.3", None),
        ("he/she and/or 3/4", None),
        ("maya.okafor+x@uni.ac.uk!", "[email]!"),
        ("maya [at] example [dot] com", "[email]"),
        ("write maya at example dot com", "write [email]"),
        ("josé@exämple.de", "[email]"),
        ("mailto:x@y.org", "mailto:[email]"),
        ("meet at noon, a@b, 5 @ 3", None),
        ("@everyone @maya_k hi", "@everyone [handle] hi"),
        ("@Maya Okafor, hi", "[handle], hi"),
        ("<@U123> <@!456> @**Will Hart** @_**Maya|12**", "[handle] [handle] [handle] [handle]"),
        ("u/some_guy and /u/other_one", "[handle] and [handle]"),
        ("@maya@mastodon.social, @maya:matrix.org", "[handle], [handle]"),
        ("```\n@dataclass\nclass A: x = 0123456789\n```", None),
        ("`@grace_h` and `@property`", "`[handle]` and `@property`"),
        ("you @sshole", None),
        ("+351 912 345 678 or (555) 123-4567", "[phone] or [phone]"),
        ("on 2026-09-01, version 10.15.7", None),
        ("Will you ask Will Hart, Maya?", "Will you ask [name], [name]?"),
        ("[name] [email] [phone] [link] [handle]", None),
        ("", None),
    ],
)
def test_what_tells_who_somebody_is_goes_and_the_rest_stays(redactor, text, shown):
    assert redactor.redact(text).text == (text if shown is None else shown)


def test_only_what_was_asked_for_is_taken_out():
    redactor = Redactor(NameFinder([(1, "Maya Sol")]), kinds=frozenset({Kind.EMAIL}))
    assert redactor.redact("Maya: a@b.org, 555-123-4567").text == "Maya: [email], 555-123-4567"


def test_handles_of_strangers_stay_where_that_is_asked_for():
    redactor = Redactor(NameFinder([(1, "Maya Sol")]), strangers=False)
    assert redactor.redact("@maya and @property").text == "[handle] and @property"


def test_a_text_that_was_cut_loses_its_last_word(redactor):
    assert redactor.redact("mail maya.okafor@exam", cut=True).text == "mail …"
    assert redactor.redact("ask Maya Oka", cut=True).text == "ask [name] …"
    assert redactor.redact("all of it ", cut=True).text == "all of it "


def test_what_was_taken_out_is_counted(redactor):
    counts = redactor.redact("Maya, Will Hart: a@b.org").counts
    assert counts == {Kind.NAME: 2, Kind.EMAIL: 1}


def verdict(text, spans, explanation=""):
    evidence = tuple(
        Evidence(start=start, end=end, text=text[start:end], cue="word", weight=0.5)
        for start, end in spans
    )
    score = ToneScore(
        probability=0.9, severity=Severity.CLEAR, decision=Decision.YES, evidence=evidence
    )
    return Verdict(id="1", tones=dict.fromkeys(TONES, score), explanation=explanation, model="m")


@settings(deadline=None)
@given(MIXED, st.data())
def test_evidence_stands_where_its_offsets_say_in_any_redacted_text(redactor, text, data):
    places = st.integers(0, len(text))
    spans = [tuple(sorted((data.draw(places), data.draw(places)))) for _ in range(3)]
    redacted = redactor.redact(text, cut=data.draw(st.booleans()))
    for score in redact_verdict(verdict(text, spans), redacted, redactor).tones.values():
        for evidence in score.evidence:
            assert 0 <= evidence.start <= evidence.end <= len(redacted.text)
            assert redacted.text[evidence.start : evidence.end] == evidence.text


@settings(deadline=None)
@given(MIXED)
def test_redacting_keeps_everything_else_in_order(redactor, text):
    redacted = redactor.redact(text)
    rest = re.escape(redacted.text)
    for kind in Kind:
        rest = rest.replace(re.escape(f"[{kind}]"), ".*?")
    assert re.fullmatch(rest, text, re.DOTALL)


@settings(deadline=None)
@given(ANY_TEXT, ANY_TEXT)
@pytest.mark.parametrize(
    "secret",
    [
        "Maya Okafor",
        "quite.unusual@example.org",
        "https://example.org/quite",
        "@quite_unusual",
        "+351 912 345 678",
    ],
)
def test_a_secret_is_found_between_any_other_texts(redactor, secret, before, after):
    shown = redactor.redact(f"{before} \n{secret} \n{after}").text
    assert secret not in shown or secret in before + after


def test_a_text_without_names_is_not_changed(redactor):
    text = "You are an idiot, read the manual: chapter 3, page 12!"
    redacted = redactor.redact(text)
    assert redacted.text == text
    assert redacted.edits == []


def test_evidence_that_cuts_a_name_covers_all_that_stands_for_it(redactor):
    text = "You idiot Maya Okafor, read!"
    found = redact_verdict(verdict(text, [(4, 14), (15, 21)]), redactor.redact(text), redactor)
    first, second = found.tones[TONES[0]].evidence
    assert (first.text, second.text) == ("idiot [name]", "[name]")


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("“You idiot Maya Okafor” insults.", "“You idiot [name]” insults."),
        ("“mail quite.unusual@exam…” sends away.", "“mail …” sends away."),
        ("“go ask Oka…” sends away.", "“go ask …” sends away."),
        ("“read the manu…” sends away.", "“read the manu…” sends away."),
    ],
)
def test_the_explanation_quotes_nothing_that_was_taken_out(redactor, said, shown):
    text = "Maya Okafor, mail quite.unusual@example.org"
    found = redact_verdict(verdict(text, [], said), redactor.redact(text), redactor)
    assert found.explanation == shown


@pytest.mark.parametrize(
    "unit",
    ["a", "a.", "@", "a@", "a-", "x at ", "www.", "/u/", "( ", "`", "<@", "Maya ", "http://", "é"],
)
def test_hostile_texts_take_no_time(redactor, unit):
    begun = time.process_time()
    redactor.redact(unit * (20_000 // len(unit)))
    assert time.process_time() - begun < 2
