import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tonecheck.audit.names import NameFinder

MEMBERS = [
    (1, "Maya Okafor"),
    (2, "Will Hart"),
    (3, "Grace Kim"),
    (4, "王伟明"),
    (5, "José Álvarez"),
    (6, "O'Brien, Seán"),
    (7, "April May"),
    (8, "tomo_abe92"),
    (9, "김민수"),
    (10, "Jo Lund"),
    (11, "Al Rossi"),
    (12, "Jean-Luc Picard"),
    (13, "Rhys Gale (rhys.g)"),
    (14, "प्रिया शर्मा"),
    (15, "Anonymous"),
    (16, "@kofi"),
    (17, "ines.sol@example.org"),
    (18, "Teacher"),
]
ANY_TEXT = st.text(st.characters(exclude_categories=()))


@pytest.fixture(scope="module")
def finder():
    return NameFinder(MEMBERS)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Maya's idea", ["Maya"]),
        ("maya okafor, MAYA OKAFOR", ["maya okafor", "MAYA OKAFOR"]),
        ("the _Maya_ thing", ["Maya"]),
        ("Mayas and Himalaya", []),
        ("Okafor Maya", ["Okafor Maya"]),
        ("Ask Will and Grace!", ["Will", "Grace"]),
        ("Will you go, will you? By the grace of God.", []),
        ("Will, come! Will's idea. Will said so.", ["Will", "Will", "Will"]),
        ("WILL YOU STOP", []),
        ("will hart knows", ["will hart"]),
        ("in April 2026, next May, 5 May", []),
        ("Thanks April", ["April"]),
        ("谢谢王伟明你好 伟明", ["王伟明", "伟明"]),
        ("김민수씨는", ["김민수"]),
        ("Jose\u0301 alvarez, JOSE", ["Jose\u0301 alvarez", "JOSE"]),
        ("Sean O’Brien's", ["Sean O’Brien"]),
        ("tomo_abe92 or tomo", ["tomo_abe92", "tomo"]),
        ("jo or ask Jo?", ["Jo"]),
        ("al dente, ask Al", ["Al"]),
        ("jean luc picard", ["jean luc picard"]),
        ("rhys.g here", ["rhys.g"]),
        ("प्रिया जी", ["प्रिया"]),
        ("Anonymous asked the teacher. Our Teacher, too.", []),
        ("kofi and Ines", ["kofi", "Ines"]),
    ],
)
def test_names_are_found_as_people_write_them(finder, text, found):
    assert [text[hit.start : hit.end] for hit in finder.find(text)] == found


def test_a_name_that_two_members_share_is_nobodys():
    finder = NameFinder([(1, "Maya Okafor"), (2, "Maya Sol")])
    assert [hit.member for hit in finder.find("Maya, Maya Sol")] == [None, 2]


@pytest.mark.parametrize(
    ("handle", "member"), [("kofi", 16), ("MayaOkafor", 1), ("rhys.g", 13), ("nobody", None)]
)
def test_a_handle_is_a_members_by_name_or_by_login(finder, handle, member):
    assert finder.handle(handle) == member


@settings(deadline=None)
@given(st.lists(ANY_TEXT, max_size=4), ANY_TEXT)
def test_any_name_is_looked_for_in_any_text_and_no_two_hits_overlap(names, text):
    hits = NameFinder(enumerate(names, start=1)).find(text)
    edges = [edge for hit in hits for edge in (hit.start, hit.end)]
    assert edges == sorted(edges)
    assert all(0 <= hit.start < hit.end <= len(text) for hit in hits)


@settings(deadline=None)
@given(st.from_regex(r"[B-Z][a-z]{4,9}x [B-Z][a-z]{4,9}x", fullmatch=True), ANY_TEXT)
def test_a_full_name_is_found_between_any_other_texts(name, text):
    whole = f"{text}\n{name}, {text}"
    start = len(text) + 1
    hits = NameFinder([(1, name)]).find(whole)
    assert any(hit.start <= start and start + len(name) <= hit.end for hit in hits)
