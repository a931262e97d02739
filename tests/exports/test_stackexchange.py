import tracemalloc
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tonecheck.errors import InputError
from tonecheck.exports import READERS, read_export, reader_named, sniff
from tonecheck.exports import stackexchange as module
from tonecheck.messages import BadRow, Message

FIXTURES = Path(__file__).parent / "fixtures"
POSTS, COMMENTS = FIXTURES / "Posts.xml", FIXTURES / "Comments.xml"


def post(key, body="&lt;p&gt;Hi.&lt;/p&gt;", **more):
    cells = {"Id": key, "PostTypeId": 1, "CreationDate": "2026-09-08T10:30:00.000", "Body": body}
    cells |= {"OwnerUserId": 8, **more}
    shown = (f'{name}="{value}"' for name, value in cells.items() if value is not None)
    return f"<row {' '.join(shown)} />"


def posts(*rows):
    return "\n".join(('<?xml version="1.0" encoding="utf-8"?>', "<posts>", *rows, "</posts>"))


@pytest.fixture
def talk(read, write):
    return lambda *rows: read(write("Posts.xml", posts(*rows)))


def test_the_posts_of_a_site_are_read_whole(read):
    assert sniff(POSTS).name == "stackexchange"
    messages, bad = read(POSTS)
    assert not bad
    assert [m.text for m in messages] == [
        "My loop stops after `5 < n`. Why?\n\n```\nwhile n > 5:\n    n -= 1\n```",
        "> Why?\n\nBecause you have not read a single page of the book.",
        "It counts down. Try this page (https://example.org/loops).",
        "I would be glad to help.",
    ]
    assert [m.id for m in messages] == ["1", "2", "3", "7"]
    assert [m.reply_to for m in messages] == ["", "1", "1", "6"]
    assert [m.thread for m in messages] == ["1", "1", "1", "6"]
    assert [m.author for m in messages] == ["user8", "user77", "user9", "user9"]
    assert [m.title for m in messages] == ["Why does my loop stop & never go on?", "", "", ""]
    assert [m.place for m in messages] == [f"Posts.xml:{line}" for line in (3, 4, 5, 9)]
    assert messages[0].time == datetime(2026, 9, 8, 10, 30, 0, 123000, tzinfo=UTC)


def test_the_comments_of_a_site_are_read_whole(read):
    assert sniff(COMMENTS).name == "stackexchange"
    messages, bad = read(COMMENTS)
    assert not bad
    assert [m.text for m in messages] == [
        "What is `n` at the start?",
        '@user77 That is "not" an answer, see [the rules](https://example.org/rules) & be kind <3',
        "Nobody asked you.\nGoodbye.",
    ]
    assert [m.id for m in messages] == ["comment-1", "comment-2", "comment-4"]
    assert [m.reply_to for m in messages] == ["1", "2", "2"]
    assert [m.thread for m in messages] == ["1", "2", "2"]
    assert [m.author for m in messages] == ["user9", "user8", "user77"]
    assert [m.place for m in messages] == [f"Comments.xml:{line}" for line in (3, 4, 6)]


def test_a_comment_and_a_post_of_one_number_have_different_ids(read):
    ids = [m.id for path in (POSTS, COMMENTS) for m in read(path)[0]]
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize("path", [POSTS, COMMENTS], ids=["posts", "comments"])
def test_nobody_else_takes_the_fixtures(path):
    assert [reader.name for reader in READERS if reader.sniff(path)] == ["stackexchange"]


def test_it_takes_no_other_export(samples):
    reader = reader_named("stackexchange")
    others = [path for path in samples.iterdir() if path.is_file()]
    others += [p for p in FIXTURES.rglob("*") if p.is_file() and p not in {POSTS, COMMENTS}]
    assert not [path.name for path in others if reader.sniff(path)]


def test_a_row_over_several_lines_is_read_and_its_place_is_the_first(talk):
    row = '<row Id="1"\n PostTypeId="1"\n CreationDate="2026-09-08T10:30:00" Body="x">\n</row>'
    (message,), bad = talk("", row)
    assert (message.place, bad) == ("Posts.xml:4", [])


def test_a_person_who_was_deleted_and_gave_no_name_is_nobody(talk):
    (message,), _ = talk(post(1, OwnerUserId=None))
    assert message.author == ""


@pytest.mark.parametrize("kind", ["3", "4", "5", "7", "8", "17"])
def test_texts_about_tags_and_help_are_left_out(talk, kind):
    assert talk(post(1, PostTypeId=kind)) == ([], [])


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"Id": None}, '"Id" must be a string, got nothing.'),
        ({"PostTypeId": None}, '"PostTypeId" must be a string, got nothing.'),
        ({"Body": None}, '"Body" must be a string, got nothing.'),
        ({"CreationDate": None}, '"CreationDate" must be a string, got nothing.'),
        ({"PostTypeId": 2}, '"ParentId" must be a string, got nothing.'),
        (
            {"CreationDate": "today"},
            "'today' is not a time. Use ISO 8601, such as 2026-09-01T10:30:00Z, "
            "or seconds since 1970.",
        ),
    ],
)
def test_a_post_with_a_bad_field_is_reported_and_the_rest_goes_on(talk, change, reason):
    row = post(**{"key": change.get("Id", 1), "body": change.get("Body", "x"), **change})
    messages, bad = talk(row, post(2, "fine"))
    assert [m.text for m in messages] == ["fine"]
    assert bad == [("Posts.xml:3", reason)]


@pytest.mark.parametrize("cut", [5, 30, 150])
def test_a_truncated_dump_yields_all_before_the_break(read, write, kinds, cut):
    text = posts(post(1, "a"), post(2, "b"), post(3, "c"), post(4, "d"))[:-cut]
    path = write("Posts.xml", text)
    messages, bad = read(path)
    assert [m.text for m in messages][:2] == ["a", "b"]
    assert bad == [
        (
            f"Posts.xml:{text.count(chr(10)) + 1}",
            "the file breaks off here, so the rest is missing. Download or unpack it again.",
        )
    ]
    assert kinds(path) == ["rest"]


def test_broken_xml_yields_all_before_it(read, write, kinds):
    path = write("Posts.xml", posts(post(1, "a"), post(2, "b <"), post(3, "c")))
    messages, bad = read(path)
    assert [m.text for m in messages] == ["a"]
    assert bad == [
        (
            "Posts.xml:4",
            "the XML is broken from here on, so the rest was not read. "
            "Download or unpack it again.",
        )
    ]
    assert kinds(path) == ["rest"]


@pytest.mark.parametrize(
    "doctype",
    [
        '<!DOCTYPE posts [<!ENTITY a "hahaha"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]>',
        '<!DOCTYPE posts SYSTEM "https://example.org/posts.dtd">',
        '<!DOCTYPE posts [<!ENTITY a SYSTEM "file:///etc/passwd">]>',
        "<!DOCTYPE posts>",
    ],
)
def test_a_document_type_is_refused(read, write, doctype):
    text = posts(post(1, "&b;")).replace("<posts>", f"{doctype}\n<posts>")
    path = write("Posts.xml", text)
    assert not reader_named("stackexchange").sniff(path)
    with pytest.raises(InputError, match=r"declares a document type \(DTD\)"):
        read(path, format="stackexchange")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("<users><row Id='1' /></users>", "it holds <users>, and only <posts> and <comments>"),
        ("Dear all,", "the XML is broken from here on"),
        (" \n", "the file breaks off here"),
        ('<?xml version="1.0"?>', "the file breaks off here"),
        ('{"posts": []}', "the XML is broken from here on"),
        (b"\x1f\x8b\x08\0\0", "the XML is broken from here on"),
    ],
    ids=str,
)
def test_what_is_no_such_table_is_refused(read, write, content, reason):
    path = write("Users.xml", content)
    assert not reader_named("stackexchange").sniff(path)
    with pytest.raises(InputError, match=reason) as caught:
        read(path, format="stackexchange")
    assert str(caught.value).startswith(f"{path}: ")


def test_an_empty_file_and_a_directory_are_refused(read, write, tmp_path):
    for path, problem in ((write("Posts.xml", ""), "is empty"), (tmp_path, "is a directory")):
        with pytest.raises(InputError, match=problem):
            read(path, format="stackexchange")


def test_a_table_without_rows_yields_nothing(read, write):
    for content in ("<posts></posts>", "<comments />"):
        assert read(write("Posts.xml", content), format="stackexchange") == ([], [])


@pytest.mark.parametrize("held", ["&#x1F;", "&#0;", "&#xD800;", "&#xFFFF;", "&#99999999;", "\x0b"])
def test_characters_that_xml_forbids_do_not_stop_the_reading(talk, held):
    messages, bad = talk(post(1, f"a{held}b"), post(2, "&#x1F600;&#65;"))
    assert [m.text for m in messages] == ["a\ufffdb", "😀A"]
    assert not bad


@pytest.mark.parametrize("shift", range(15))
def test_a_reference_at_the_edge_of_a_portion_stays_whole(talk, shift, monkeypatch):
    monkeypatch.setattr(module, "SNIFF_BYTES", 64)
    messages, bad = talk(" " * shift + post(1, "&#x1F;&#x1F600;&amp;#65; " * 9))
    assert messages[0].text == ("\ufffd😀A " * 9).strip()
    assert not bad


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig"])
def test_another_encoding_is_read(read, write, encoding):
    path = write("Posts.xml", posts(post(1, "naïve ☺")).encode(encoding))
    assert sniff(path).name == "stackexchange"
    (message,), bad = read(path)
    assert (message.text, bad) == ("naïve ☺", [])


def test_bytes_that_are_not_utf_8_are_guessed_and_reported(read, write, kinds):
    path = write("Posts.xml", posts(post(1, "naïve")).encode("cp1252"))
    (message,), bad = read(path)
    assert message.text == "naïve"
    assert "not UTF-8" in bad[0][1]
    assert kinds(path) == ["notice"]


def test_what_nests_too_deep_ends_the_reading(talk):
    messages, bad = talk(post(1, "a"), "<a>" * 5_000)
    assert [m.text for m in messages] == ["a"]
    assert bad == [
        (
            "Posts.xml:4",
            "it nests deeper than 200 levels, so the rest was not read. "
            "Download or unpack it again.",
        )
    ]


@pytest.mark.parametrize(
    "long",
    ['<row Body="{}" />', "<!-- {} -->", "{}", "<{} />", "<?x {} ?>"],
    ids=["cell", "comment", "text", "name", "instruction"],
)
def test_what_is_too_long_ends_the_reading(talk, long, monkeypatch):
    monkeypatch.setattr(module, "MAX_RECORD", 200_000)
    messages, bad = talk(post(1, "a"), long.format("x" * 500_000), post(2, "b"))
    assert [m.text for m in messages] == ["a"]
    assert bad[0][0] == "Posts.xml:4"
    assert "a row here is longer than" in bad[0][1]


def test_memory_does_not_grow_with_the_file(write):
    path = write("Posts.xml", posts(*(post(n, "word " * 40) for n in range(20_000))))
    tracemalloc.start()
    count = sum(1 for _ in read_export(path))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == 20_000
    assert peak < 2_000_000 < path.stat().st_size


@given(
    source=st.sampled_from([POSTS, COMMENTS]),
    changes=st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), max_size=6),
    cut=st.integers(0, 10_000),
)
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_changed_give_messages_or_bad_rows(tmp_path, source, changes, cut):
    content = bytearray(source.read_bytes())
    for at, byte in changes:
        content[at % len(content)] = byte
    path = tmp_path / source.name
    path.write_bytes(content[: cut or None] or b" ")
    reader_named("stackexchange").sniff(path)
    try:
        found = list(read_export(path, format="stackexchange"))
    except InputError:
        return
    assert all(isinstance(row, Message | BadRow) for row in found)
