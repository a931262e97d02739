import json
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tonecheck.errors import InputError
from tonecheck.exports import READERS, read_export, reader_named, sniff
from tonecheck.exports import archive as archive_module
from tonecheck.messages import BadRow, Message

FIXTURES = Path(__file__).parent / "fixtures"
CORPUS = FIXTURES / "convokit" / "seminar-corpus"
UTTERANCES = CORPUS / "utterances.jsonl"
CONVOKIT = reader_named("convokit")


def said(text, key="u1", **more):
    row = {"id": key, "conversation_id": "u1", "text": text, "speaker": "mara", "meta": {}}
    return {**row, "reply-to": None, "timestamp": 1788858000, "vectors": [], **more}


def as_lines(*rows):
    return "".join(json.dumps(row) + "\n" for row in rows)


@pytest.fixture
def corpus(read, write):
    """Reads a file of some utterances."""
    return lambda *rows: read(write("utterances.jsonl", as_lines(*rows)), format="convokit")


@pytest.fixture
def zipped_corpus(zipped):
    """Writes the golden corpus as a zip, with some files changed, and returns its path."""

    def zipped_corpus(folder="seminar-corpus/", **options):
        files = {folder + path.name: path.read_bytes() for path in sorted(CORPUS.iterdir())}
        return zipped({**files, **options.pop("files", {})}, **options)

    return zipped_corpus


def test_the_golden_utterances_are_read_one_by_one(read):
    assert sniff(UTTERANCES).name == "convokit"
    messages, bad = read(UTTERANCES)
    assert not bad
    assert [(m.id, m.author, m.thread, m.reply_to, m.title, m.place) for m in messages] == [
        ("s1", "mara", "s1", "", messages[0].text, "utterances.jsonl:1"),
        ("s2", "ken", "s1", "s1", "", "utterances.jsonl:2"),
        ("s3", "oda", "s1", "s2", "", "utterances.jsonl:3"),
        ("h2", "oda", "h1", "", "== Room for Thursday ==", "utterances.jsonl:6"),
        ("h3", "mara", "h1", "h2", "== Room for Thursday ==", "utterances.jsonl:7"),
    ]
    assert [m.text for m in messages] == [
        "Can we read proofs aloud in the next seminar?",
        "Yes. Hearing them made me find my gaps.",
        "I would rather read on my own first.",
        "The library has one with a board.",
        "Booked, thank you!",
    ]
    start = datetime(2026, 9, 8, 9, tzinfo=UTC)
    assert [(m.time - start).total_seconds() for m in messages] == [0, 60.5, 120, 1060, 1120]


@pytest.mark.parametrize("folder", ["seminar-corpus/", "", "saved/seminar-corpus/"])
def test_a_zipped_corpus_is_read_like_its_utterances(read, zipped_corpus, folder):
    path = zipped_corpus(folder)
    assert sniff(path).name == "convokit"
    assert read(path) == read(UTTERANCES)


def test_only_this_reader_and_the_table_recognise_the_golden_corpus(zipped_corpus):
    assert [r.name for r in READERS if r.sniff(UTTERANCES)] == ["convokit", "table"]
    assert [r.name for r in READERS if r.sniff(zipped_corpus())] == ["convokit"]


def test_the_files_of_other_formats_are_not_recognised(samples):
    others = [path for path in samples.iterdir() if path.suffix != ".md"]
    others += [p for p in FIXTURES.rglob("*.*") if p.is_file() and p != UTTERANCES]
    assert len(others) >= 8
    assert not any(CONVOKIT.sniff(path) for path in others)


OLD = {
    "2019": {"user": "mara", "root": "u1", "reply-to": "u1"},
    "2018": {"user": "mara", "root": "u1", "reply-to": "u1", "user-info": {"role": "student"}},
    "between": {"speaker": "mara", "root": "u1", "reply-to": "u1"},
    "documented": {"speaker": "mara", "conversation_id": "u1", "reply_to": "u1"},
}


@pytest.mark.parametrize("names", OLD.values(), ids=OLD)
@pytest.mark.parametrize("name", ["utterances.json", "utterances.jsonl"])
def test_older_names_and_files_are_read(read, write, zipped, names, name):
    row = {"id": "u2", "text": "Yes.", "timestamp": 1788858000, **names}
    content = [row] if name.endswith(".json") else as_lines(row)
    for path in (write(name, content), zipped({name: content, "users.json": {"mara": {}}})):
        assert sniff(path).name == "convokit"
        (message,), bad = read(path)
        assert (message.author, message.thread, message.reply_to) == ("mara", "u1", "u1")
        assert message.place == f"{name}:1"
        assert not bad


def test_an_old_corpus_with_users_json_is_not_taken_for_slack(zipped):
    path = zipped({"old/utterances.json": [said("a")], "old/users.json": {}})
    assert sniff(path).name == "convokit"


def test_the_lines_win_where_a_corpus_holds_both(read, zipped):
    files = {"c/utterances.json": [said("old")], "c/utterances.jsonl": as_lines(said("new"))}
    for order in (files, dict(reversed(files.items()))):
        (message,), _ = read(zipped(order), format="convokit")
        assert message.text == "new"


def test_ids_may_be_numbers(corpus):
    messages, bad = corpus(
        said("a", 7, conversation_id=7), said("b", 8, conversation_id=7, **{"reply-to": 7})
    )
    assert [(m.id, m.thread, m.reply_to) for m in messages] == [("7", "7", ""), ("8", "7", "7")]
    assert not bad


@pytest.mark.parametrize(
    ("more", "thread", "answered"),
    [
        ({"conversation_id": None}, "u1", ""),
        ({"conversation_id": None, "reply-to": "u0"}, "", "u0"),
        ({"reply-to": "gone"}, "u1", "gone"),
        ({"reply-to": "u1"}, "u1", ""),
        ({"reply-to": ""}, "u1", ""),
    ],
    ids=str,
)
def test_links_that_lead_nowhere_do_no_harm(corpus, more, thread, answered):
    (message,), bad = corpus(said("a", **more))
    assert (message.thread, message.reply_to, bad) == (thread, answered, [])


def test_only_the_first_utterance_gives_its_conversation_a_title(corpus):
    messages, _ = corpus(said("Loops\nagain"), said("b", "u2"))
    assert [m.title for m in messages] == ["Loops", ""]


@pytest.mark.parametrize("text", ["[deleted]", "[removed]"])
def test_deleted_posts_of_reddit_are_left_out(corpus, text):
    (message,), bad = corpus(said(text), said("b", "u2", speaker="[deleted]"))
    assert (message.text, message.author, bad) == ("b", "", [])


@pytest.mark.parametrize("timestamp", [None, ""])
def test_an_utterance_without_a_time_is_undated(corpus, timestamp):
    (message,), bad = corpus(said("a", timestamp=timestamp))
    assert (message.time, bad) == (None, [])


def test_times_that_cannot_be_read_are_said_once(corpus):
    rows = [said("a", f"u{n}", timestamp="NOT_RECORDED") for n in range(3)]
    messages, bad = corpus(*rows)
    assert len(messages) == 3
    assert bad == [
        (
            "utterances.jsonl",
            "3 times could not be read, such as 'NOT_RECORDED', so those messages are undated. "
            "Use seconds since 1970.",
        )
    ]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"id": None}, '"id" is missing. Save the corpus again with ConvoKit.'),
        ({"id": []}, '"id" must be a string or a number, got list.'),
        ({"text": None}, '"text" must be a string, got nothing.'),
        ({"text": 5}, '"text" must be a string, got int.'),
        ({"speaker": {"id": "x"}}, '"speaker" must be a string or a number, got dict.'),
        ({"conversation_id": True}, '"conversation_id" must be a string or a number, got bool.'),
        ({"reply-to": ["u0"]}, '"reply-to" must be a string or a number, got list.'),
    ],
)
def test_an_utterance_with_a_bad_field_is_reported_and_the_rest_goes_on(corpus, change, reason):
    messages, bad = corpus({**said("broken"), **change}, said("fine", "u2"))
    assert [m.text for m in messages] == ["fine"]
    assert bad == [("utterances.jsonl:1", reason)]


def test_broken_lines_cost_no_more_than_themselves(read, zipped_corpus):
    lines = as_lines(said("first")) + '{"id": \n5\n{"a": ' + "[" * 300 + "]" * 300 + "}\n"
    text = lines + as_lines(said("last", "u2"))[:-1]
    messages, bad = read(zipped_corpus(files={"seminar-corpus/utterances.jsonl": text}))
    assert [m.text for m in messages] == ["first", "last"]
    assert [place for place, _ in bad] == [f"utterances.jsonl:{n}" for n in (2, 3, 4)]


def test_a_truncated_corpus_loses_its_last_line_only(read, write):
    data = UTTERANCES.read_bytes()
    messages, bad = read(write("utterances.jsonl", data[:-30]))
    assert [m.id for m in messages] == ["s1", "s2", "s3", "h2"]
    assert [place for place, _ in bad] == ["utterances.jsonl:7"]


def test_a_truncated_list_yields_all_before_the_break(read, write):
    text = json.dumps([said("a"), said("b", "u2")])
    messages, bad = read(write("utterances.json", text[:-30]))
    assert [m.text for m in messages] == ["a"]
    assert bad[0][1].startswith("the file breaks off here")


def test_a_file_in_windows_1252_is_read_and_said(read, write):
    data = as_lines(said("na_ve")).encode().replace(b"_v", b"\xefv")
    (message,), bad = read(write("utterances.jsonl", data))
    assert message.text == "naïve"
    assert bad[0][0] == "utterances.jsonl"


def test_a_directory_and_an_empty_file_are_refused(write):
    with pytest.raises(InputError, match="is a directory"):
        read_export(CORPUS, format="convokit")
    with pytest.raises(InputError, match="is empty"):
        read_export(write("utterances.jsonl", ""), format="convokit")
    assert not CONVOKIT.sniff(write("utterances.jsonl", ""))


def test_an_empty_corpus_yields_nothing(read, zipped_corpus):
    assert read(zipped_corpus(files={"seminar-corpus/utterances.jsonl": ""})) == ([], [])


@pytest.mark.parametrize(
    ("files", "held"),
    [
        ({"notes.txt": "x"}, "no utterances.jsonl"),
        ({"__MACOSX/c/utterances.jsonl": "x", "c/corpus.json": "{}"}, "no utterances.jsonl"),
        ({"a/utterances.jsonl": "x", "b/utterances.json": "x"}, "2 corpora"),
    ],
)
def test_a_zip_without_one_corpus_is_refused(read, zipped, files, held):
    with pytest.raises(InputError) as caught:
        read(zipped(files), format="convokit")
    assert str(caught.value).endswith(
        f": is a zip with {held}. Zip the folder of one corpus, and give that."
    )


def test_a_zip_with_utterances_and_nothing_else_of_a_corpus_is_not_recognised(zipped):
    assert not CONVOKIT.sniff(zipped({"utterances.jsonl": as_lines(said("a"))}))
    assert not CONVOKIT.sniff(zipped({"a/utterances.jsonl": "", "b/corpus.json": "{}"}))


def test_a_damaged_member_is_one_bad_row(read, zipped_corpus, kinds):
    text = as_lines(said("x" * 500))
    files = {"seminar-corpus/utterances.jsonl": text}
    path = zipped_corpus(files=files, compression=zipfile.ZIP_STORED)
    path.write_bytes(path.read_bytes().replace(b"x" * 500, b"y" * 500))
    _, bad = read(path)
    assert [place for place, _ in bad] == ["utterances.jsonl:1"]
    assert bad[0][1].startswith("this file of the zip is damaged or encrypted")
    assert kinds(path) == ["rest"]


def test_a_member_whose_header_is_damaged_is_one_bad_row(read, zipped_corpus, kinds):
    path = zipped_corpus("séminaire/")
    path.write_bytes(path.read_bytes().replace("sé".encode(), b"s\xad\xad", 5))
    _, bad = read(path, format="convokit")
    assert [place for place, _ in bad] == ["utterances.jsonl:1"]
    assert kinds(path) == ["rest"]


@pytest.mark.parametrize("offset", [2**63, 10**6])
def test_a_zip_that_lists_a_member_beyond_its_end_is_refused(read, tmp_path, offset):
    path = tmp_path / "corpus.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("corpus.json", "{}")
        archive.writestr("utterances.jsonl", as_lines(said("a")))
        archive.getinfo("utterances.jsonl").header_offset = offset
    with pytest.raises(InputError, match="is not a complete zip"):
        read(path)


def test_a_truncated_zip_is_refused(read, zipped_corpus):
    path = zipped_corpus()
    path.write_bytes(path.read_bytes()[:-40])
    assert not CONVOKIT.sniff(path)
    with pytest.raises(InputError, match="is not a complete zip"):
        read(path, format="convokit")


def test_a_zip_over_the_limits_is_refused(read, zipped_corpus, monkeypatch):
    bomb = {"seminar-corpus/utterances.jsonl": " " * 5_000_000}
    with pytest.raises(InputError, match="unpacks to more than 200 times its size"):
        read(zipped_corpus(files=bomb))
    monkeypatch.setattr(archive_module, "MAX_ZIP_MEMBER", 100)
    with pytest.raises(InputError, match="at most 100 are read"):
        read(zipped_corpus())


def test_reading_is_a_stream(write):
    text = as_lines(*(said(f"number {n}", f"u{n}") for n in range(5_000)))
    stream = read_export(write("utterances.jsonl", text))
    assert next(stream).text == "number 0"
    stream.close()


@pytest.mark.parametrize("name", ["utterances.jsonl", "corpus.zip"])
@given(
    changes=st.lists(st.tuples(st.integers(0, 4_000), st.integers(0, 255)), max_size=8),
    cut=st.integers(0, 4_000),
)
@settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_changed_bytes_give_messages_bad_rows_or_a_refusal(zipped_corpus, name, changes, cut):
    path = zipped_corpus(name=name, compression=zipfile.ZIP_STORED)
    data = bytearray(path.read_bytes() if name == "corpus.zip" else UTTERANCES.read_bytes())
    for at, value in changes:
        data[at % len(data)] = value
    path.write_bytes(data[: len(data) - cut % (len(data) - 1) if cut % 3 == 0 else len(data)])
    CONVOKIT.sniff(path)
    try:
        found = list(read_export(path, format="convokit"))
    except InputError:
        return
    assert all(isinstance(row, Message | BadRow) for row in found)
