import gzip
import io
import json
import tarfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tonecheck.errors import InputError
from tonecheck.exports import READERS, read_export, reader_named, sniff, tar
from tonecheck.messages import BadRow, Message
from tonecheck.prepare import prepare

FIXTURE = Path(__file__).parent / "fixtures" / "zulip"
ZULIP = reader_named("zulip")
REALM = json.loads((FIXTURE / "realm.json").read_text())


def packed(files, folder="zulip-export-k3x/"):
    """Returns a tar.gz: of JSON values, texts and bytes by name, in this order."""
    out = io.BytesIO()
    with (
        gzip.GzipFile(fileobj=out, mode="wb", mtime=0) as file,
        tarfile.TarFile(fileobj=file, mode="w", format=tarfile.GNU_FORMAT) as archive,
    ):
        for name, content in files.items():
            entry = content if isinstance(content, tarfile.TarInfo) else tarfile.TarInfo()
            entry.name = folder + name
            if isinstance(content, tarfile.TarInfo):
                archive.addfile(entry)
                continue
            if not isinstance(content, str | bytes):
                content = json.dumps(content)
            data = content.encode() if isinstance(content, str) else content
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return out.getvalue()


GOLDEN = packed(
    {
        "messages-000002.json": (FIXTURE / "messages-000002.json").read_bytes(),
        "uploads/2/ab/Xy/realm.json": "not the organization's",
        "avatars/2/8.png": b"\x89PNG" * 5_000,
        "realm.json": (FIXTURE / "realm.json").read_bytes(),
        "attachment.json": {"zerver_attachment": []},
        "messages-000001.json": (FIXTURE / "messages-000001.json").read_bytes(),
    }
)


def said(content, key=2000, **more):
    row = {"id": key, "sender": 8, "recipient": 205, "subject": "Loops", "content": content}
    return {**row, "date_sent": 1788858000.0, **more}


@pytest.fixture
def tarred(write):
    """Writes an export of some files of messages and returns its path."""

    def tarred(*chunks, name="export.tar.gz", **files):
        named = {f"messages-{n:06}.json": chunk for n, chunk in enumerate(chunks, 1)}
        return write(name, packed({"realm.json": REALM, **named, **files}))

    return tarred


@pytest.fixture
def talk(read, tarred):
    """Reads messages of one file."""
    return lambda *rows: read(tarred({"zerver_message": rows, "zerver_usermessage": []}))


def test_the_golden_export_is_read_message_by_message(read, write):
    path = write("zulip-export-k3x.tar.gz", GOLDEN)
    assert sniff(path).name == "zulip"
    messages, bad = read(path)
    assert not bad
    stats = ("205/degrees of freedom", "#statistics > Degrees of freedom")
    lower = (stats[0], "#statistics > degrees of freedom")
    books = ("206/next book", "#reading group > Next book")
    group = ("group/331", "Direct messages: Ken Ito, Mara Hall, Sam Reed")
    pair = ("dm/8-9", "Direct messages: Ken Ito, Mara Hall")
    assert [(m.id, m.author, m.thread, m.title, m.reply_to, m.place) for m in messages] == [
        ("1010", "Sam Reed (10)", *group, "", "messages-000002.json:1"),
        ("1006", "Mara Hall", *pair, "", "messages-000002.json:2"),
        ("1007", "Ken Ito", *pair, "", "messages-000002.json:3"),
        ("1005", "Sam Reed (11)", "206/", "#reading group", "", "messages-000002.json:4"),
        ("1011", "Oda Lind", *books, "", "messages-000002.json:7"),
        ("1001", "Mara Hall", *stats, "", "messages-000001.json:1"),
        ("1003", "Mara Hall", *lower, "1002", "messages-000001.json:3"),
        ("1002", "Ken Ito", *stats, "", "messages-000001.json:4"),
    ]
    assert [m.text for m in messages] == [
        "Shall the three of us meet on **Monday**?",
        "Could you look at my draft, @Ken Ito?",
        "Send it over.",
        "Chapter 2 is short, #statistics > Degrees of freedom explains it.",
        "I vote for the second one.",
        "Why do we divide by n - 1 and not by n?",
        "> Ken Ito said:\n> Because the mean is estimated from the same data.\n\n"
        "That makes sense, thank you!",
        "Because the mean is estimated from the same data.",
    ]
    assert messages[5].time == datetime(2026, 9, 8, 9, 0, 0, 250_000, tzinfo=UTC)


def test_only_this_reader_recognises_the_golden_export(write):
    path = write("zulip-export-k3x.tar.gz", GOLDEN)
    assert [reader.name for reader in READERS if reader.sniff(path)] == ["zulip"]


def test_the_samples_of_other_formats_are_not_recognised(samples):
    others = [path for path in samples.iterdir() if path.suffix != ".md"]
    assert len(others) >= 5
    assert not any(ZULIP.sniff(path) for path in others)


@pytest.mark.parametrize(
    "files",
    [
        {"realm.json": REALM},
        {"messages-000001.json": {"zerver_message": []}},
        {"a/realm.json": REALM, "b/messages-000001.json": {"zerver_message": []}},
        {"messages.json": {"conversations": []}},
    ],
    ids=["no messages", "no organization", "two folders", "another platform's"],
)
def test_other_archives_are_not_recognised(write, files):
    assert not ZULIP.sniff(write("export.tar.gz", packed(files)))


@pytest.mark.parametrize("folder", ["", "./zulip-export-k3x/", "backup/zulip-export-k3x/"])
def test_an_export_is_read_wherever_it_lies_in_the_archive(read, write, folder):
    files = {"messages-000001.json": {"zerver_message": [said("x")]}, "realm.json": REALM}
    messages, bad = read(write("export.tgz", packed(files, folder)))
    assert ([m.text for m in messages], bad) == (["x"], [])


def test_an_export_that_a_browser_unpacked_to_a_plain_tar_is_read(read, write):
    path = write("zulip-export-k3x.tar", gzip.decompress(GOLDEN))
    assert sniff(path).name == "zulip"
    messages, bad = read(path)
    assert (len(messages), bad) == (8, [])


def test_both_sides_of_a_talk_of_two_are_one_thread(talk):
    messages, _ = talk(
        said("a", 1, sender=8, recipient=109, subject=""),
        said("b", 2, sender=9, recipient=108, subject="\x07"),
        said("c", 3, sender=8, recipient=108, subject=""),
    )
    assert [m.thread for m in messages] == ["dm/8-9", "dm/8-9", "dm/8"]
    assert messages[2].title == "Direct messages: Mara Hall"


def test_a_resolved_topic_and_another_case_stay_one_thread(talk):
    messages, _ = talk(said("a", 1), said("b", 2, subject="✔ LOOPS"))
    assert [(m.thread, m.title) for m in messages] == [
        ("205/loops", "#statistics > Loops"),
        ("205/loops", "#statistics > LOOPS"),
    ]


def test_an_unknown_sender_and_recipient_keep_their_numbers(talk):
    (message,), bad = talk(said("a", 1, sender=77, recipient=999))
    assert (message.author, message.thread, message.title, bad) == ("77", "999/loops", "Loops", [])


@pytest.mark.parametrize("sender", [4, 12], ids=["system bot", "bot"])
def test_messages_of_bots_are_left_out(talk, sender):
    assert talk(said("Done.", sender=sender)) == ([], [])


def test_a_message_that_was_emptied_is_left_out(talk):
    assert talk(said("(deleted)")) == ([], [])


@pytest.mark.parametrize(
    ("more", "time"),
    [
        ({"date_sent": 1788858000.5}, datetime(2026, 9, 8, 9, 0, 0, 500_000, tzinfo=UTC)),
        ({"date_sent": 1788858000}, datetime(2026, 9, 8, 9, tzinfo=UTC)),
        ({"date_sent": None}, None),
    ],
    ids=str,
)
def test_times_are_seconds_with_a_fraction(talk, more, time):
    (message,), bad = talk(said("x", **more))
    assert (message.time, bad) == (time, [])


def test_old_exports_call_the_time_pub_date(talk):
    row = said("x", pub_date=1788858000.0)
    del row["date_sent"]
    assert talk(row)[0][0].time == datetime(2026, 9, 8, 9, tzinfo=UTC)


def test_a_time_that_cannot_be_read_costs_the_date_and_is_said_once(talk):
    messages, bad = talk(said("x", 1, date_sent="soon"), said("y", 2, date_sent=[]))
    assert [m.time for m in messages] == [None, None]
    assert bad == [
        (
            "export.tar.gz",
            "2 times could not be read, such as 'soon', so those messages are undated. "
            "Export the organization again.",
        )
    ]


@pytest.mark.parametrize(
    ("content", "shown"),
    [
        ("```quote\nYou are lazy.\n```\nThat is unkind.", "> You are lazy.\nThat is unkind."),
        ("~~~ quote\na\n~~~\nb", "> a\nb"),
        ("````quote\n```quote\nin\n```\nout\n````\nb", "> > in\n> out\nb"),
        ("```quote\nnever closed\nat all", "> never closed\n> at all"),
        ("```quote\n```python\nx = 1\n```\n```\nb", "> ```python\n> x = 1\n> ```\nb"),
        ("```spoiler The answer\nIt is @**Ken Ito|9**.\n```", "The answer\nIt is @Ken Ito."),
        ("```\n@**Ken Ito** ```quote\n```\nb", "```\n@**Ken Ito** ```quote\n```\nb"),
        ("``` is a fence ```", "``` is a fence ```"),
        ("a\r\n```quote\r\nb\r\n```\r\nc", "a\n> b\nc"),
        ("@**|9** @_**Ken Ito|9** @**all** @*tutors*", "@Ken Ito @Ken Ito @all @tutors"),
        ("#**statistics** #**statistics>Loops@1001**", "#statistics #statistics > Loops"),
        (
            "@_**Ken Ito|9** [sagte](https://lab.example/#narrow/x):\n```quote\na\n```\nb",
            "> Ken Ito sagte:\n> a\nb",
        ),
    ],
)
def test_markdown_shows_what_is_quoted_and_who_is_meant(talk, content, shown):
    (message,), _ = talk(said(content))
    assert message.text == shown


@pytest.mark.parametrize("fence", ["```", "~~~", "`````"])
def test_quoted_words_are_not_scored_as_the_authors(talk, fence):
    head = "@_**Ken Ito|9** [said](https://lab.example/#narrow/channel/5/topic/a/near/1):"
    (message,), _ = talk(said(f"{head}\n{fence}quote\nYou idiot.\n{fence}\nPlease be kind."))
    assert prepare(message.text).text == "Please be kind."


def test_many_nested_quotes_cost_no_more_than_their_length(talk):
    fences = "".join("`" * n + "quote\n" for n in range(1_003, 3, -1))
    (message,), _ = talk(said(fences + "x\n" * 1_000))
    assert message.text.splitlines()[0] == "> > > > > x"
    assert len(message.text) < 20_000


def quoting(near, where="channel/5-statistics/topic/Loops", text="Yes."):
    link = f"https://lab.example/#narrow/{where}/near/{near}"
    return f"@_**Ken Ito|9** [said](<link>):\n```quote\n{text}\n```\n".replace("<link>", link)


@pytest.mark.parametrize(
    ("content", "answered"),
    [
        (quoting(1999) + "No.", "1999"),
        (quoting(1999, "stream/5-old-name/topic/.E2.9C.94.20loops") + "No.", "1999"),
        (quoting(1999) + "No." + quoting(1999), "1999"),
        (quoting(2000) + "itself", ""),
        (quoting(2001) + "a later one", ""),
        (quoting(1999, "channel/6-reading-group/topic/Loops") + "another stream", ""),
        (quoting(1999, "channel/5-statistics/topic/Lists") + "another topic", ""),
        (quoting(1999, "dm/8,9-dm") + "from a private talk", ""),
        (quoting(1998) + "two of them\n" + quoting(1999), ""),
        ("`````quote\n" + quoting(1999) + "`````\nwhat Ken quoted", ""),
        ("See https://lab.example/#narrow/channel/5-s/topic/Loops/near/1999", ""),
        ("@**Ken Ito|9** I agree", ""),
    ],
)
def test_a_reply_is_inferred_from_a_quote_of_the_same_topic_only(talk, content, answered):
    (message,), _ = talk(said(content))
    assert message.reply_to == answered


@pytest.mark.parametrize(
    ("recipient", "where", "answered"),
    [
        (109, "dm/8,9-dm", "1999"),
        (109, "pm-with/9-Ken-Ito", "1999"),
        (109, "dm/10-Sam", ""),
        (331, "dm/8,9,10-group", "1999"),
        (331, "dm/8,9-dm", ""),
    ],
)
def test_quotes_in_direct_messages_answer_there(talk, recipient, where, answered):
    (message,), _ = talk(said(quoting(1999, where), recipient=recipient, subject=""))
    assert message.reply_to == answered


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"id": "x"}, '"id" must be a whole number, got str.'),
        ({"id": None}, '"id" must be a whole number, got nothing.'),
        ({"content": None}, '"content" must be a string, got nothing.'),
        ({"sender": {}}, '"sender" must be a whole number, got dict.'),
        ({"recipient": None}, '"recipient" must be a whole number, got nothing.'),
        ({"subject": []}, '"subject" must be a string or a number, got list.'),
    ],
)
def test_a_message_with_a_bad_field_is_reported_and_the_rest_goes_on(talk, change, reason):
    messages, bad = talk({**said("broken"), **change}, said("fine"))
    assert [m.text for m in messages] == ["fine"]
    assert bad == [("messages-000001.json:1", reason)]


def test_a_broken_file_of_messages_is_one_bad_row_and_the_others_are_read(read, tarred):
    chunk = {"zerver_message": [said("a", 1), said("b", 2)], "zerver_usermessage": []}
    text = json.dumps(chunk)
    path = tarred(
        text[: text.index('"id": 2')],
        {"zerver_message": ["no object"]},
        ["no object"],
        '{"zerver_message": [' + "[" * 500 + "]" * 500 + "]}",
        {"zerver_message": [said("c", 3)]},
    )
    messages, bad = read(path)
    assert [m.text for m in messages] == ["a", "c"]
    assert bad == [
        (
            "messages-000001.json:2",
            "the file breaks off here, so the rest is missing. Export or download it again.",
        ),
        ("messages-000002.json:1", "must be an object, got str."),
        ("messages-000003.json:1", "it must hold a JSON object, and holds none."),
        (
            "messages-000004.json:1",
            "it nests deeper than 200 levels. Take this message out, or export again.",
        ),
    ]


def test_a_broken_realm_is_said_and_numbers_stand_in_for_names(read, write):
    text = json.dumps(REALM)
    files = {
        "realm.json": text[: text.index('"zerver_stream"')],
        "messages-000001.json": {"zerver_message": [said("x")]},
    }
    (message,), bad = read(write("export.tar.gz", packed(files)))
    assert (message.author, message.title) == ("Mara Hall", "Loops")
    assert bad[0][0] == "realm.json:8"
    assert bad[0][1].startswith("the file breaks off here")


def test_a_file_in_windows_1252_is_read_and_said(read, tarred):
    chunk = json.dumps({"zerver_message": [said("na_ve")]}).encode().replace(b"_v", b"\xefv")
    (message,), bad = read(tarred(chunk))
    assert message.text == "naïve"
    assert bad[0][0] == "messages-000001.json"
    assert bad[0][1].startswith("some bytes are not UTF-8 and were read as Windows-1252.")


def test_an_export_without_messages_yields_nothing(read, tarred):
    assert read(tarred({"zerver_message": [], "zerver_usermessage": []})) == ([], [])
    assert read(tarred(), format="zulip") == ([], [])


def test_a_truncated_download_yields_all_before_the_break(read, tarred, kinds):
    rows = [said(f"message {n}", n) for n in range(1, 400)]
    path = tarred(*({"zerver_message": [row]} for row in rows))
    path.write_bytes(path.read_bytes()[:-2_000])
    messages, bad = read(path)
    assert 50 < len(messages) < 399
    assert [m.id for m in messages] == [str(n) for n in range(1, len(messages) + 1)]
    assert len(bad) == 1
    assert bad[0][1].startswith("the archive is damaged or breaks off here")
    assert kinds(path) == ["rest"]


def test_a_checksum_that_does_not_fit_is_said(read, tarred, kinds):
    path = tarred({"zerver_message": [said("x")]})
    data = bytearray(path.read_bytes())
    data[-6] ^= 1
    path.write_bytes(data)
    assert len(read(path)[0]) == 1
    assert kinds(path) == ["rest"]


def test_a_download_that_breaks_off_before_the_organization_is_refused(read, write):
    path = write("export.tar.gz", GOLDEN[:400])
    with pytest.raises(InputError, match=r"export\.tar\.gz: is not a complete archive"):
        read(path, format="zulip")


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (packed({"notes.txt": "hello"}), "is an archive without realm.json"),
        (b"PK\x05\x06" + b"\0" * 18, "is not a complete archive"),
        ("text\nhi\n" * 200, "is not a tar archive"),
        (gzip.compress(b"hello " * 200), "is not a tar archive"),
        (gzip.compress(b"short"), "is not a complete archive"),
        (b"\x1f\x8b\x08\0", "is not a complete archive"),
    ],
    ids=["other tar", "zip", "text", "packed text", "short", "cut"],
)
def test_what_is_no_export_is_refused_when_the_format_is_named(read, write, content, problem):
    path = write("export.tar.gz", content)
    assert not ZULIP.sniff(path)
    with pytest.raises(InputError, match=problem):
        read(path, format="zulip")


def test_a_directory_and_an_empty_file_are_refused(tmp_path, write):
    assert not ZULIP.sniff(write("empty.tar.gz", b""))
    with pytest.raises(InputError, match="is a directory"):
        read_export(tmp_path, format="zulip")
    with pytest.raises(InputError, match="is empty"):
        read_export(write("empty.tar.gz", b""), format="zulip")


def test_links_and_names_that_point_elsewhere_are_only_names(read, write, tmp_path):
    link = tarfile.TarInfo()
    link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
    hard = tarfile.TarInfo()
    hard.type, hard.linkname, hard.size = tarfile.LNKTYPE, "realm.json", 0
    files = {
        "messages-000001.json": link,
        "messages-000002.json": hard,
        "../../messages-000003.json": {"zerver_message": [said("outside")]},
        "realm.json": REALM,
        "messages-000004.json": {"zerver_message": [said("inside")]},
    }
    messages, bad = read(write("export.tar.gz", packed(files)))
    assert ([m.text for m in messages], bad) == (["inside"], [])
    assert [p.name for p in tmp_path.iterdir()] == ["export.tar.gz"]


def test_a_bomb_is_refused(read, tarred):
    path = tarred("[" + " " * 5_000_000 + "]")
    with pytest.raises(InputError, match="unpacks to more than 200 times its size"):
        read(path)
    path = tarred({"zerver_message": [said("x")]}, **{"uploads/zeros": b"\0" * 5_000_000})
    messages, ((place, reason),) = read(path)
    assert [m.text for m in messages] == ["x"]
    assert place == "export.tar.gz"
    assert reason.startswith("unpacks to more than 200 times its size")


@pytest.mark.parametrize(
    ("limit", "value", "message"),
    [
        ("MAX_ZIP_TOTAL", 400, r"holds [\d,]+ bytes of messages; at most 400 are read"),
        ("MAX_ZIP_MEMBER", 100, r"holds a file of [\d,]+ bytes; at most 100 are read"),
        ("MAX_TAR_MEMBERS", 1, "lists more than 1 files"),
    ],
)
def test_a_tar_over_a_limit_is_refused(read, tarred, monkeypatch, limit, value, message):
    path = tarred({"zerver_message": [said("x")]}, {"zerver_message": [said("y" * 300)]})
    monkeypatch.setattr(tar, limit, value)
    with pytest.raises(InputError, match=message):
        read(path, format="zulip")


def test_reading_is_a_stream(tarred):
    rows = [said("x" * 100, n) for n in range(20_000)]
    stream = read_export(tarred({"zerver_message": rows}))
    assert next(stream).text == "x" * 100
    stream.close()


@pytest.mark.parametrize("pack", [gzip.compress, lambda data: data], ids=["packed", "plain"])
@given(
    changes=st.lists(st.tuples(st.integers(0, 40_000), st.integers(0, 255)), max_size=8),
    cut=st.integers(0, 40_000),
)
@settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_changed_bytes_give_messages_bad_rows_or_a_refusal(tmp_path, pack, changes, cut):
    data = bytearray(pack(gzip.decompress(GOLDEN)))
    for at, value in changes:
        data[at % len(data)] = value
    file = tmp_path / "export.tar.gz"
    file.write_bytes(data[: len(data) - cut % (len(data) - 1) if cut % 3 == 0 else len(data)])
    ZULIP.sniff(file)
    try:
        found = list(read_export(file, format="zulip"))
    except InputError:
        return
    assert all(isinstance(row, Message | BadRow) for row in found)


_value = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner),
    max_leaves=5,
)


@given(
    table=st.sampled_from([name for name, rows in REALM.items() if rows]),
    key=st.sampled_from(["id", "full_name", "is_bot", "name", "type", "type_id", "recipient"]),
    field=st.sampled_from(sorted(said("x"))),
    value=_value,
)
@settings(
    deadline=None, max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_value_in_any_field_gives_messages_or_bad_rows(tmp_path, table, key, field, value):
    realm = {**REALM, table: [{**REALM[table][0], key: value}, value, *REALM[table][1:]]}
    rows = [{**said(quoting(1) + "x"), field: value}, value]
    file = tmp_path / "export.tar.gz"
    file.write_bytes(
        packed({"realm.json": realm, "messages-000001.json": {"zerver_message": rows}})
    )
    for row in read_export(file, format="zulip"):
        assert isinstance(row, Message | BadRow)
        if isinstance(row, Message):
            assert all(isinstance(v, str) for v in (row.id, row.author, row.thread, row.reply_to))
