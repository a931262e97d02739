import csv
import io
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tonecheck.errors import InputError
from tonecheck.exports import read_export, reader_named, sniff
from tonecheck.messages import BadRow, Message
from tonecheck.prepare import prepare

FIXTURES = Path(__file__).parent / "fixtures"
FIXTURE = FIXTURES / "user_archive.csv"
ARCHIVE = reader_named("discourse-archive")
ZIP = "user_archive-mara.h_1-260908-101500-12.zip"
FIELDS = (
    *("topic_title", "categories", "is_pm", "post_raw", "post_cooked", "like_count"),
    *("reply_count", "url", "created_at"),
)


def post(number, raw, topic=12, **more):
    row = {"topic_title": "Loops", "categories": "Courses", "is_pm": "No", "post_raw": raw}
    row |= {"post_cooked": "<p>cooked</p>", "like_count": "0", "reply_count": "0"}
    row |= {"url": f"https://forum.example.org/t/loops/{topic}/{number}"}
    return {**row, "created_at": "2026-09-08T10:30:00.000Z", **more}


def as_csv(*posts, fields=FIELDS, **options):
    out = io.StringIO()
    writer = csv.DictWriter(out, fields, extrasaction="ignore", lineterminator="\n", **options)
    writer.writeheader()
    writer.writerows(posts)
    return out.getvalue()


@pytest.fixture
def talk(read, write):
    """Reads an archive from its posts."""
    return lambda *posts: read(write("user_archive.csv", as_csv(*posts)))


def test_the_golden_archive_is_read_post_by_post(read):
    assert sniff(FIXTURE) is ARCHIVE
    messages, bad = read(FIXTURE)
    assert not bad
    assert [(m.id, m.thread, m.title, m.reply_to) for m in messages] == [
        ("12/1", "12", "Loops, again", ""),
        ("12/3", "12", "Loops, again", "12/2"),
        ("31/1", "31", "Study group on Friday", ""),
    ]
    assert [m.text for m in messages] == [
        "Why does my loop stop one early?\n\n```python\nfor i in range(5): ...\n```",
        '[quote="ken, post:2, topic:12"]\nJust read the manual.\n[/quote]\n\n'
        'I did, and "the end is left out" is not in it.',
        "Are you coming, too? :slight_smile:",
    ]
    assert {m.author for m in messages} == {""}
    assert messages[0].time == datetime(2026, 9, 8, 9, 0, tzinfo=UTC)
    assert [m.place for m in messages] == [f"user_archive.csv:{n}" for n in (2, 9, 16)]


def test_what_is_quoted_is_not_scored(read):
    messages, _ = read(FIXTURE)
    assert "manual" not in prepare(messages[1].text).text


@pytest.mark.parametrize("folder", ["", ZIP.removesuffix(".zip") + "/"], ids=["flat", "in-folder"])
def test_the_zip_that_is_sent_is_read_and_names_its_author(read, zipped, folder):
    path = zipped(
        {
            f"{folder}preferences.json": "{}",
            f"{folder}visits.csv": "visited_at,posts_read\n",
            f"{folder}user_archive.csv": FIXTURE.read_text("utf-8"),
        },
        name=ZIP,
    )
    assert sniff(path) is ARCHIVE
    messages, bad = read(path)
    assert not bad
    assert [(m.id, m.author) for m in messages] == [
        *(("12/1", "mara.h_1"), ("12/3", "mara.h_1"), ("31/1", "mara.h_1")),
    ]
    assert messages[0].place == "user_archive.csv:2"


@pytest.mark.parametrize(
    ("folder", "author"),
    [
        ("user_archive-mara-260908-101500-12", "mara"),
        ("user_archive-mara-260908-101500", "mara"),
        ("user_archive-mara-260908-101500-12 (1)", "mara"),
        ("user_archive-mara", ""),
        ("my user_archive-mara-260908-101500", ""),
        ("downloads", ""),
    ],
)
def test_the_author_is_known_by_the_name_of_the_unpacked_folder(read, tmp_path, folder, author):
    (tmp_path / folder).mkdir()
    path = tmp_path / folder / "user_archive.csv"
    path.write_text(as_csv(post(1, "a")), encoding="utf-8")
    assert [m.author for m in read(path)[0]] == [author]


def test_an_archive_of_an_older_version_is_read(read, write):
    fields = ("topic_title", "category", "sub_category", "is_pm", "post", "url", "created_at")
    old = {**post(1, ""), "post": "What I wrote.", "created_at": "2016-07-08 13:40:26 UTC"}
    path = write("user_archive.csv", as_csv(old, fields=fields))
    assert sniff(path) is ARCHIVE
    (message,), bad = read(path)
    assert (message.text, bad) == ("What I wrote.", [])
    assert message.time == datetime(2016, 7, 8, 13, 40, 26, tzinfo=UTC)


def test_the_html_stands_in_for_a_text_that_is_missing(talk):
    (message,), _ = talk(post(1, "", post_cooked="<p>a &lt; b</p>"))
    assert message.text == "a < b"


@pytest.mark.parametrize(
    "text",
    [
        *("(post deleted by author)", "(topic deleted by author)\n", ""),
        "(post withdrawn by author, will be automatically deleted in 24 hours unless flagged)",
    ],
)
def test_what_its_author_deleted_is_left_out(talk, text):
    messages, bad = talk(post(1, text, post_cooked=""), post(2, f"I read: {text}"))
    assert [m.id for m in messages] == ["12/2"]
    assert not bad


@pytest.mark.parametrize(
    ("raw", "answered"),
    [
        ('[quote="ken, post:2, topic:12"]\nYes.\n[/quote]\n\nNo.', "12/2"),
        ('[quote="ken, post:2, topic:12, full:true"]\nYes.\n[/quote]\n\nNo.', "12/2"),
        ('[quote="Ken Ito, post:2, topic:12, username:ken"]\nYes.\n[/quote]\n\nNo.', "12/2"),
        ("[quote=ken, post:2, topic:12]\nYes.\n[/quote]\n\nNo.", "12/2"),
        ('No.\n[quote="ken, post:2, topic:12"]\na\n[/quote]\n' * 2, "12/2"),
        (
            '[quote="ken, post:2, topic:12"]\na\n[/quote]\nNo.\n'
            '[quote="lea, post:3, topic:12"]\nb\n[/quote]\nYes.',
            "",
        ),
        ('[quote="ken, post:2, topic:7"]\nYes.\n[/quote]\n\nElsewhere.', ""),
        ('[quote="ken, post:11, topic:12"]\nYes.\n[/quote]\n\nStill to come.', ""),
        ('[quote="mara, post:10, topic:12"]\nYes.\n[/quote]\n\nMyself.', ""),
        ("[quote]\nYes.\n[/quote]\n\nNobody.", ""),
        ("@ken no", ""),
    ],
)
def test_a_post_answers_the_one_earlier_post_that_it_quotes(talk, raw, answered):
    (message,), bad = talk(post(10, raw))
    assert (message.reply_to, bad) == (answered, [])


@pytest.mark.parametrize(
    ("url", "key"),
    [
        ("https://forum.example.org/t/loops/12/3", "12/3"),
        ("https://example.org/community/t/loops-t/12/3/", "12/3"),
        ("https://forum.example.org/t//12/3", "12/3"),
        ("https://forum.example.org/t/12/3", "12/3"),
        ("https://forum.example.org/t/7/12/3", "12/3"),
    ],
)
def test_ids_are_read_from_addresses(talk, url, key):
    (message,), bad = talk(post(0, "a", url=url))
    assert (message.id, bad) == (key, [])


@pytest.mark.parametrize("url", ["", "https://forum.example.org/t/loops/12", "12/3", "/t/a/b/c"])
def test_a_post_without_an_address_is_reported_and_the_rest_goes_on(talk, url):
    messages, bad = talk(post(1, "broken", url=url), post(2, "fine"))
    assert [m.text for m in messages] == ["fine"]
    assert bad == [
        (
            "user_archive.csv:2",
            '"url" must end in the numbers of a topic and a post, such as …/t/welcome/12/3, '
            f"got {url!r}.",
        )
    ]


def test_a_time_that_a_spreadsheet_changed_leaves_the_post_undated(read, write, kinds):
    path = write("user_archive.csv", as_csv(post(1, "a", created_at="8/9/26 10:30")))
    messages, bad = read(path)
    assert [(m.text, m.time) for m in messages] == [("a", None)]
    assert bad == [
        (
            "user_archive.csv",
            "1 time could not be read, '8/9/26 10:30', so that message is undated. "
            "Give user_archive.csv as Discourse made it, not as a spreadsheet saved it again.",
        )
    ]
    assert kinds(path) == ["notice"]


def test_a_spreadsheets_semicolons_are_read(read, write):
    content = "sep=;\n" + as_csv(post(1, "a; b"), delimiter=";")
    messages, bad = read(write("user_archive.csv", content), format="discourse-archive")
    assert [(m.text, m.place) for m in messages] == [("a; b", "user_archive.csv:3")]
    assert not bad


def test_a_truncated_archive_loses_only_its_last_post(talk, read, write):
    content = as_csv(post(1, "a"), post(2, "b"))
    messages, bad = read(write("user_archive.csv", content[: content.rindex("/12/2")]))
    assert [m.id for m in messages] == ["12/1"]
    assert bad[0][0] == "user_archive.csv:3"
    assert bad[0][1].startswith("this row has 8 cells where the header has 9.")


def test_a_damaged_zip_yields_all_before_the_damage(read, zipped, kinds):
    content = as_csv(*(post(n, f"{n} " + "x" * 50) for n in range(1, 2_000)))
    path = zipped({"user_archive.csv": content}, name=ZIP)
    packed = bytearray(path.read_bytes())
    middle = len(packed) // 2
    packed[middle : middle + 40] = b"\xff" * 40
    path.write_bytes(packed)
    messages, bad = read(path)
    assert messages[0].id == "12/1"
    assert len(messages) < 1_999
    assert bad[-1][1].startswith("this file of the zip is damaged")
    assert kinds(path)[-1] == "rest"


def test_an_archive_in_windows_1252_is_read_and_said(read, write, kinds):
    path = write("user_archive.csv", as_csv(post(1, "caf\xe9")).encode("cp1252"))
    assert [m.text for m in read(path)[0]] == ["caf\xe9"]
    assert kinds(path) == ["notice"]


@pytest.mark.parametrize(
    "content",
    [
        "topic_title,url,created_at\na,b,c\n",
        "topic_title,is_pm,url,created_at\na,b,c,d\n",
        *("user,message\nMara,hello\n", "{}", "\xff\xfe\0"),
    ],
)
def test_a_file_that_is_no_archive_is_refused_when_the_format_is_named(read, write, content):
    with pytest.raises(InputError, match=r"user_archive\.csv: holds no user_archive\.csv of Disc"):
        read(write("user_archive.csv", content), format="discourse-archive")


def test_a_zip_without_posts_is_refused_when_the_format_is_named(read, zipped):
    files = {"visits.csv": "visited_at\n", "__MACOSX/._user_archive.csv": "x"}
    with pytest.raises(InputError, match=r"holds no user_archive\.csv of Discourse"):
        read(zipped(files), format="discourse-archive")


def test_a_directory_and_an_empty_file_are_refused(read, tmp_path, write):
    with pytest.raises(InputError, match="is a directory"):
        read(tmp_path, format="discourse-archive")
    with pytest.raises(InputError, match="is empty"):
        read(write("user_archive.csv", ""), format="discourse-archive")


def test_an_archive_without_posts_yields_nothing(talk):
    assert talk() == ([], [])


def test_ten_thousand_quotes_take_no_time(talk):
    messages, bad = talk(post(3, "[quote=" * 50_000), post(4, "[quote=a, post:1" * 20_000))
    assert [m.reply_to for m in messages] == ["", ""]
    assert not bad


def test_it_recognises_its_own_files_and_no_others(samples, tmp_path):
    files = [*FIXTURES.rglob("*"), *samples.iterdir(), tmp_path, tmp_path / "none"]
    assert len(files) > 20
    for path in files:
        assert ARCHIVE.sniff(path) == (path.name == "user_archive.csv"), path.name


@given(data=st.data(), is_packed=st.booleans())
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_changed_file_is_read_or_refused(zipped, tmp_path, data, is_packed):
    content = bytearray(FIXTURE.read_bytes())
    if is_packed:
        content = bytearray(zipped({"user_archive.csv": bytes(content)}).read_bytes())
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(content)))
        content[at : at + data.draw(st.integers(0, 20))] = data.draw(st.binary(max_size=3))
    path = tmp_path / "archive"
    path.write_bytes(content)
    try:
        found = list(read_export(path, format="discourse-archive"))
    except InputError:
        return
    assert all(isinstance(row, Message | BadRow) for row in found)
