from hypothesis import given
from hypothesis import strategies as st

from tonecheck.audit.members import NameMask
from tonecheck.highlight import Piece, cut, excerpt, visible
from tonecheck.labels import TONES, Tone

ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=40)


@st.composite
def texts_with_spans(draw, max_size=40):
    text = draw(st.text(st.characters(exclude_categories=()), min_size=1, max_size=max_size))
    span = st.tuples(st.integers(0, len(text)), st.integers(0, len(text)), st.sampled_from(TONES))
    spans = draw(st.lists(span, max_size=4))
    return text, [(min(a, b), max(a, b), tone) for a, b, tone in spans if a != b]


@given(texts_with_spans())
def test_pieces_make_up_the_text_and_carry_its_tones(sample):
    text, spans = sample
    pieces = cut(text, spans)
    assert "".join(piece.text for piece in pieces) == visible(text)
    for tone in TONES:
        marked = {n for start, end, t in spans if t is tone for n in range(start, end)}
        shown = "".join(piece.text for piece in pieces if tone in piece.tones)
        assert shown == visible("".join(text[n] for n in sorted(marked)))


def test_overlapping_evidence_is_cut_where_the_tones_change():
    spans = [(0, 9, Tone.HOSTILITY), (4, 14, Tone.HUSTLING)]
    assert cut("You idiot, now", spans) == (
        Piece("You ", (Tone.HOSTILITY,)),
        Piece("idiot", (Tone.HOSTILITY, Tone.HUSTLING)),
        Piece(", now", (Tone.HUSTLING,)),
    )


def test_a_name_inside_evidence_is_masked_and_the_evidence_stays_marked():
    mask = NameMask([(7, "Maya Okafor")], ["Maya Okafor is lazy"])
    text = "So Maya Okafor is lazy."
    assert cut(text, [(3, 22, Tone.HOSTILITY)], mask.spans(text)) == (
        Piece("So "),
        Piece("Member 07 is lazy", (Tone.HOSTILITY,)),
        Piece("."),
    )


def test_evidence_that_ends_inside_a_name_is_widened_to_the_whole_name():
    text = "Stop it Maya Okafor now"
    mask = NameMask([(7, "Maya Okafor")], [text])
    assert cut(text, [(0, 12, Tone.HUSTLING)], mask.spans(text)) == (
        Piece("Stop it Member 07", (Tone.HUSTLING,)),
        Piece(" now"),
    )


@given(texts_with_spans(max_size=30), st.integers(0, 3000), st.integers(0, 3000))
def test_an_excerpt_is_bounded_and_its_spans_hold_the_same_words(sample, before, after):
    text, spans = sample
    long = "la " * before + text + " lo" * after
    shifted = [(start + 3 * before, end + 3 * before, tone) for start, end, tone in spans]
    shown, moved = excerpt(long, shifted)
    assert len(shown) <= 704
    assert [shown[start:end] for start, end, _ in moved] == [
        long[start:end] for start, end, _ in shifted
    ]


def test_an_excerpt_leaves_out_evidence_far_from_the_first():
    text = "idiot" + " word" * 1000 + " fool"
    shown, moved = excerpt(text, [(0, 5, Tone.HOSTILITY), (5006, 5010, Tone.HOSTILITY)])
    assert moved == [(0, 5, Tone.HOSTILITY)]
    assert shown.endswith(" …")


def test_evidence_longer_than_an_excerpt_is_cut_with_it():
    shown, moved = excerpt("x" * 5000, [(0, 5000, Tone.HUSTLING)])
    assert moved == [(0, 700, Tone.HUSTLING)]
    assert shown == "x" * 700 + " …"


def test_a_symbol_stands_for_what_cannot_be_shown_or_turns_the_page():
    shown = visible("a\x00b\x1b[31m\ud800\u202egnp\u2069\r\n\tz")
    assert shown == "a␀b␛[31m\ufffd\ufffdgnp\ufffd\n\tz"


@given(ANY_TEXT)
def test_what_is_visible_can_be_written_and_stays_the_same(text):
    assert visible(visible(text)) == visible(text)
    visible(text).encode("utf-8")


def masked(text, *names):
    return NameMask(enumerate(names, start=1), [text]).apply(text)


def test_full_names_handles_and_first_names_are_masked():
    text = "@kestrel_9 asked Maya Okafor, and Maya said Rhys G. knew."
    assert masked(text, "kestrel_9", "Maya Okafor", "Rhys G.") == (
        "@Member 01 asked Member 02, and Member 02 said Member 03 knew."
    )


def test_a_first_name_that_is_also_a_word_in_use_is_left_alone():
    assert masked("Will you? I will. Will Hart.", "Will Hart") == "Will you? I will. Member 01."


def test_a_handle_is_masked_where_it_is_written_with_a_capital():
    assert masked("Maya, ask @maya.", "maya") == "Member 01, ask @Member 01."


def test_a_first_name_that_two_members_share_points_to_neither():
    assert masked("Ask Maya.", "Maya Okafor", "Maya Lund") == "Ask [name]."


def test_a_name_inside_another_word_is_left_alone():
    assert masked("Mayall wrote Ben-like Maya2 banter", "Maya", "ban") == (
        "Mayall wrote Ben-like Maya2 banter"
    )


def test_names_are_taken_literally():
    assert masked("a.b|c (x) aXb", "a.b|c (x)") == "Member 01 aXb"


@given(ANY_TEXT, st.lists(ANY_TEXT, max_size=5, unique=True))
def test_any_names_can_be_masked_in_any_text(text, names):
    mask = NameMask(enumerate(names), [text])
    assert isinstance(mask.apply(text), str)
    for start, end, _ in mask.spans(text):
        assert 0 <= start < end <= len(text)
