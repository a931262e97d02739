import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tonecheck.errors import InputError
from tonecheck.exports import reader_named, sniff, transcripts
from tonecheck.messages import Message

FIXTURES = Path(__file__).parent / "fixtures"
WHATSAPP = reader_named("whatsapp")
LRM, NARROW, ISOLATE, POP = "\u200e", "\u202f", "\u2068", "\u2069"
SPLIT = (
    "dates such as 3/4/26 can be read day first or month first, and nothing in the file decides, "
    "so they were read day first. If they are wrong, export a longer period."
)


@pytest.fixture
def chat(read, write):
    """Reads lines as an exported chat."""
    return lambda *lines, name="_chat.txt": read(write(name, "\n".join(lines) + "\n"))


def said(*lines):
    return [f"28/08/2026, 09:{minute:02} - {line}" for minute, line in enumerate(lines)]


def test_the_android_sample_is_read_whole(read):
    messages, bad = read(FIXTURES / "whatsapp-android.txt")
    assert not bad
    assert [(m.author, m.text) for m in messages] == [
        ("Mara Hall", "Welcome! Exercise sheet 1 is in the folder."),
        ("+49 170 0000001", "Thanks. Which chapter is it?"),
        ("Dr: Ken", "Chapter 2: the median.\nRead up to page 40:\n\n- then do 3 and 4"),
        ("Dr: Ken", "my notes on the board"),
        ("Ines Roy", "I do not get number 4 at all"),
        ("Dr: Ken", "Then sort the numbers first. It really is that simple."),
        ("Mara Hall", "When shall we meet?"),
        (
            "Ines Roy",
            "Ken wrote this elsewhere:\n> [00:05, 29/08/2026] Dr: Ken: some people never learn\n"
            "Can we be kinder, @+49 170 0000001?",
        ),
    ]
    assert messages[0].time == datetime(2026, 8, 28, 9, 2, tzinfo=UTC)
    assert messages[5].time == datetime(2026, 8, 29, 0, 3, tzinfo=UTC)
    assert [m.place.partition(":")[2] for m in messages] == "4 5 6 11 14 16 17 22".split()
    assert {(m.thread, m.title) for m in messages} == {("whatsapp-android", "whatsapp-android")}
    ids = [m.id for m in messages]
    answers = {n: ids.index(m.reply_to) for n, m in enumerate(messages) if m.reply_to}
    assert answers == {1: 0, 5: 4, 7: 6}
    assert [n for n, m in enumerate(messages) if m.inferred] == [1, 5, 7]
    assert len({m.id for m in messages}) == len(messages)


def test_the_iphone_sample_is_read_whole(read):
    messages, bad = read(FIXTURES / "whatsapp-ios.txt")
    assert not bad
    assert [(m.author, m.text, m.place) for m in messages] == [
        ("Ana Lima", "Who has read chapter 3?", "whatsapp-ios.txt:3"),
        ("~ Ana Lima", "Not me: too long.", "whatsapp-ios.txt:4"),
        ("Bo Chen", "My summary", "whatsapp-ios.txt:6"),
        ("Bo Chen", "Sorry, the right one", "whatsapp-ios.txt:8"),
        ("Ana Lima", "@Bo Chen thank you!", "whatsapp-ios.txt:9"),
    ]
    assert [m.time for m in messages] == [
        datetime(2026, 8, 30, 0, 5, 10, tzinfo=UTC),
        datetime(2026, 8, 30, 12, 6, 11, tzinfo=UTC),
        datetime(2026, 8, 30, 12, 8, 0, tzinfo=UTC),
        datetime(2026, 8, 30, 12, 9, 0, tzinfo=UTC),
        datetime(2026, 9, 1, 13, 15, 0, tzinfo=UTC),
    ]


def test_ids_are_the_same_in_every_export_of_a_chat(chat):
    lines = said("Mara: one", "Ken: two", "Ken: two", "Mara: three")
    lines[2] = lines[1]
    early, _ = chat(*lines[:3], name="WhatsApp Chat with Week 1.txt")
    late, _ = chat(*lines[1:], name="WhatsApp Chat with Week 1.txt")
    other, _ = chat(*lines[1:], name="WhatsApp Chat with Week 2.txt")
    assert [m.id for m in early][1:] == [m.id for m in late][:2]
    assert len({m.id for m in [*early, *late]}) == 4
    assert not {m.id for m in late} & {m.id for m in other}
    assert {m.thread for m in early} == {"Week 1"}


@pytest.mark.parametrize(
    ("start", "moment"),
    [
        ("28/8/26, 9:05 - ", (2026, 8, 28, 9, 5)),
        ("8/28/26, 9:05 PM - ", (2026, 8, 28, 21, 5)),
        (f"8/28/26, 9:05{NARROW}PM - ", (2026, 8, 28, 21, 5)),
        ("28/08/2026, 12:05 am - ", (2026, 8, 28, 0, 5)),
        ("28/8/26, 12:05 p.\u00a0m. - ", (2026, 8, 28, 12, 5)),
        ("28.08.26, 21:05 - ", (2026, 8, 28, 21, 5)),
        ("28-08-2026 21:05 - ", (2026, 8, 28, 21, 5)),
        ("28/08/2026 21:05 \u2013 ", (2026, 8, 28, 21, 5)),
        ("2026-08-28 21:05 - ", (2026, 8, 28, 21, 5)),
        ("2026-08-28, 9:05 p.m. - ", (2026, 8, 28, 21, 5)),
        ("2026. 08. 28. 21:05 - ", (2026, 8, 28, 21, 5)),
        ("2026/8/28 下午9:05 - ", (2026, 8, 28, 21, 5)),
        ("2026/8/28 오전 12:05 - ", (2026, 8, 28, 0, 5)),
        ("28.8.2026 klo 21.05 - ", (2026, 8, 28, 21, 5)),
        ("[28.8.2026 klo 21.05.09] ", (2026, 8, 28, 21, 5, 9)),
        ("[28/08/2026, 21:05:09] ", (2026, 8, 28, 21, 5, 9)),
        (f"{LRM}[8/28/26, 9:05:09{NARROW}PM] ", (2026, 8, 28, 21, 5, 9)),
        ("[2026-08-28, 21:05:09] ", (2026, 8, 28, 21, 5, 9)),
    ],
)
def test_dates_of_many_languages_are_read(chat, start, moment):
    (message,), bad = chat(f"{start}Mara: hello")
    assert not bad
    assert (message.author, message.text) == ("Mara", "hello")
    assert message.time == datetime(*moment, tzinfo=UTC)


@pytest.mark.parametrize(
    ("days", "first"),
    [
        (["3/4/26", "3/13/26"], (2026, 3, 4)),  # there is no 13th month
        (["3/4/26", "13/4/26"], (2026, 4, 3)),
        (["5/1/26", "7/2/26", "3/3/26"], (2026, 1, 5)),  # month first, time would go back
        (["1/5/26", "2/7/26", "3/3/26"], (2026, 1, 5)),
        (["4/4/26", "5/5/26"], (2026, 4, 4)),  # the same in both
        (["03.04.26", "04.04.26"], (2026, 4, 3)),  # no language puts dots and the month first
        (["03-04-26", "04-04-26"], (2026, 4, 3)),
        (["26-09-10", "26-09-11", "26-09-12"], (2026, 9, 10)),  # or one message a year
        (["10/09/26", "25/09/26"], (2026, 9, 10)),
        (["9/10/26", "3/4/26", "9/11/26", "9/25/26"], (2026, 9, 10)),  # one came late
    ],
)
def test_the_order_of_day_and_month_is_told_from_the_whole_file(chat, days, first):
    messages, bad = chat(*(f"{day}, 10:00 - Mara: x{n}" for n, day in enumerate(days)))
    assert not bad
    assert messages[0].time == datetime(*first, 10, tzinfo=UTC)


def test_where_nothing_decides_days_come_first_and_a_notice_says_so(chat, kinds, write):
    lines = ["3/4/26, 10:00 - Mara: x", "3/5/26, 10:00 - Mara: y"]
    messages, bad = chat(*lines)
    assert [(m.time.day, m.time.month) for m in messages] == [(3, 4), (3, 5)]
    assert bad == [("_chat.txt", SPLIT)]
    assert kinds(write("a.txt", "\n".join(lines))) == ["notice"]


def test_a_date_that_is_none_costs_a_message_its_date_only(chat):
    messages, bad = chat(
        "28/08/2026, 09:00 - Mara: one",
        "28/13/2026, 09:01 - Mara: two",
        "29/08/2026, 25:01 - Mara: three",
    )
    assert [(m.text, m.time and m.time.day) for m in messages] == [
        ("one", 28),
        ("two", None),
        ("three", None),
    ]
    assert bad[0][0] == "_chat.txt"
    assert bad[0][1].startswith("2 times could not be read, such as '28")


@pytest.mark.parametrize(
    "line",
    [
        "Messages and calls are end-to-end encrypted.",
        "Mara: Messages and calls are end-to-end encrypted. Learn more.",
        'Mara created group "Week 3: loops"',
        'Mara changed the subject from "a: b" to "c: d"',
        "You changed this group's icon",
        "Ken joined using this group's invite link",
        "Mara: <Media omitted>",
        "Mara: <View once voice message omitted>",
        "Mara: IMG-20260828-WA0003.jpg (file attached)",
        "Mara: This message was deleted",
        "Mara: You deleted this message",
        "Mara: This message was deleted by admin Ken",
        "Mara: Waiting for this message. This may take a while.",
        "Mara: ",
        "Mara: <This message was edited>",
    ],
)
def test_what_nobody_typed_is_left_out(chat, line):
    messages, bad = chat(*said("Mara: before", line, "Ken: after"))
    assert [m.text for m in messages] == ["before", "after"]
    assert not bad


@pytest.mark.parametrize(
    "text",
    [
        f"{LRM}image omitted",
        f"{LRM}sticker omitted",
        f"{LRM}plan.pdf • {LRM}12 pages {LRM}document omitted",
        "plan.pdf • 12 pages document omitted",
        f"{LRM}<attached: 00000021-PHOTO-2026-08-28-09-00-00.jpg>",
        f"{LRM}<attached: 00000021-PHOTO.jpg> {LRM}<This message was edited>",
        f"{LRM}Dieses Medium fehlt",
        f"{LRM}You deleted this message.",
        "Mara left",
        "Mara created this group",
    ],
)
def test_what_an_iphone_adds_is_left_out(chat, text):
    messages, bad = chat(f"[28/08/2026, 09:00:00] Mara: {text}", "[28/08/2026, 09:01:00] Ken: hi")
    assert [m.text for m in messages] == ["hi"]
    assert not bad


def test_a_message_that_only_looks_like_an_event_is_kept(chat):
    texts = ["This message was deleted, why?", "I left", "image omitted it says", "POLL: who?"]
    messages, _ = chat(*said(*(f"Mara: {text}" for text in texts)))
    assert [m.text for m in messages] == texts


def test_a_caption_is_kept_without_its_picture(chat):
    android, _ = chat(*said("Mara: IMG-1.jpg (file attached)"), "my plot", "of week 2")
    iphone, _ = chat(f"[28/08/2026, 09:00:00] Mara: my plot {LRM}<attached: 1-PHOTO.jpg>")
    assert android[0].text == "my plot\nof week 2"
    assert iphone[0].text == "my plot"


def test_a_colon_belongs_to_a_name_that_always_has_it(chat):
    lines = said("Dr: Ken: Note: a", "Dr: Ken: b", "Mara: Note: c", "Dr: Ken: d", "Mara: e: f")
    messages, _ = chat(*lines)
    assert [(m.author, m.text) for m in messages] == [
        ("Dr: Ken", "Note: a"),
        ("Dr: Ken", "b"),
        ("Mara", "Note: c"),
        ("Dr: Ken", "d"),
        ("Mara", "e: f"),
    ]


def test_marks_of_direction_and_the_tilde_are_no_part_of_a_name(chat):
    messages, _ = chat(
        f"[28/08/2026, 09:00:00] ~{NARROW}Ken Ito: hi",
        "[28/08/2026, 09:01:00] \u202a+1 (555) 010-0000\u202c: \u200fhi",
        f"[28/08/2026, 09:02:00] {LRM}Mara: @{ISOLATE}Ken Ito{POP} hi",
    )
    assert [m.author for m in messages] == ["Ken Ito", "+1 (555) 010-0000", "Mara"]
    assert [m.text for m in messages] == ["hi", "hi", "@Ken Ito hi"]


def test_pasted_messages_are_quotes(chat):
    messages, bad = chat(
        *said("Mara: [28/8, 9:05 am] Ken: nobody asked you"),
        "[28/8, 9:06 am] Ken: go away",
        "Please stop this.",
    )
    assert not bad
    assert messages[0].text == (
        "> [28/8, 9:05 am] Ken: nobody asked you\n> [28/8, 9:06 am] Ken: go away\nPlease stop this."
    )


def test_lines_in_another_form_belong_to_the_message_before_and_are_counted(chat):
    messages, bad = chat(
        *said("Mara: look:"), "[28/08/2026, 09:00:00] Ken: go away", *said("Ken: sorry", "Ken: x")
    )
    assert [m.text for m in messages] == [
        "look:\n> [28/08/2026, 09:00:00] Ken: go away",
        "sorry",
        "x",
    ]
    assert bad == [
        (
            "_chat.txt",
            "lines that begin as messages do, but with the date in another form, were read as part "
            "of the message before (1 in all). If two chats stand in this file, give each in its "
            "own.",
        )
    ]


def test_a_chat_is_called_by_its_file_or_by_what_an_iphone_says(chat):
    secured = f"[28/08/2026, 09:00:00] Physics 1: {LRM}Messages and calls are end-to-end encrypted."
    lines = [secured, "[28/08/2026, 09:01:00] Mara: hi"]
    names = ["_chat.txt", "WhatsApp Chat with Physics.txt", "Physik.txt"]
    titles = [chat(*lines, name=name)[0][0].title for name in names]
    assert titles == ["Physics 1", "Physics", "Physik"]


def test_a_zip_from_a_phone_is_read(read, zipped):
    lines = "[28/08/2026, 09:01:00] Mara: hi\n[28/08/2026, 09:02:00] Ken: hello\n"
    path = zipped(
        {"_chat.txt": lines, "00000001-PHOTO.jpg": b"\xff\xd8\xff"},
        name="WhatsApp Chat - Physics 1.zip",
    )
    assert sniff(path).name == "whatsapp"
    messages, bad = read(path)
    assert not bad
    assert [(m.text, m.thread, m.place) for m in messages] == [
        ("hi", "Physics 1", "_chat.txt:1"),
        ("hello", "Physics 1", "_chat.txt:2"),
    ]


def test_a_zip_of_several_chats_is_read_and_a_bad_one_reported(read, zipped):
    start = "28/08/2026, 09:01 - "
    path = zipped(
        {
            "WhatsApp Chat with Physics.txt": f"{start}Mara: a\n",
            "WhatsApp Chat with Maths.txt": "nothing\n",
            "more/WhatsApp Chat with Art.txt": f"{start}Mara: b\n",
            "__MACOSX/._WhatsApp Chat with Art.txt": "x",
        }
    )
    messages, bad = read(path)
    assert [(m.text, m.title) for m in messages] == [("a", "Physics"), ("b", "Art")]
    assert [place for place, _ in bad] == ["WhatsApp Chat with Maths.txt"]
    assert bad[0][1].startswith("holds no line that begins as a message of WhatsApp does")


def test_a_damaged_chat_in_a_zip_is_reported(read, zipped, kinds):
    text = "28/08/2026, 09:01 - Mara: " + "x" * 500
    path = zipped({"_chat.txt": text}, compression=zipfile.ZIP_STORED)
    path.write_bytes(path.read_bytes().replace(b"x" * 500, b"y" * 500))
    assert read(path)[1][-1] == (
        "_chat.txt",
        "this file of the zip is damaged or encrypted. Export the chat again.",
    )
    assert kinds(path)[-1] == "rest"


def test_lines_before_the_first_message_are_reported(read, write):
    path = write("_chat.txt", "\n".join(["Dear all,", "", *said("Mara: hi")]))
    messages, bad = read(path, format="whatsapp")
    assert [m.place for m in messages] == ["_chat.txt:3"]
    assert bad == [
        (
            "_chat.txt:1",
            "these lines stand before the first message, so nobody is known to have written them. "
            "Give the file as it was exported.",
        )
    ]


def test_a_message_without_end_is_passed_over_and_the_rest_goes_on(chat, monkeypatch):
    monkeypatch.setattr(transcripts, "MAX_RECORD", 1000)
    messages, bad = chat(*said("Mara: hi"), *["x" * 90] * 12, *said("Ken: still here"))
    assert [(m.author, m.text) for m in messages] == [("Ken", "still here")]
    assert bad == [
        (
            "_chat.txt:1",
            "this message is longer than 1,000 characters, so it was passed over. "
            "Shorten it, or export again without it.",
        )
    ]


def test_utf_16_is_read_and_what_is_not_utf_8_is_noticed(read, write):
    line = "28/08/2026, 09:01 - Zoë: naïve"
    for encoding, notices in (("utf-16", 0), ("utf-8-sig", 0), ("cp1252", 1)):
        (message,), bad = read(write("a.txt", line.encode(encoding)))
        assert (message.author, message.text) == ("Zoë", "naïve")
        assert len(bad) == notices


@pytest.mark.parametrize("content", ["", "\n\n", "hello\n", '{"a": 1}', "\0" * 50, "28/08/2026\n"])
def test_a_file_without_messages_is_refused(write, content):
    with pytest.raises(InputError, match="holds no line that begins as a message of WhatsApp"):
        list(WHATSAPP.read(write("a.txt", content)))


def test_a_zip_without_a_chat_is_refused(zipped):
    with pytest.raises(InputError, match=r"is a zip without _chat\.txt"):
        list(WHATSAPP.read(zipped({"notes.txt": "28/08/2026, 09:01 - Mara: hi"})))


def test_it_recognises_its_own_files_and_no_others(samples, tmp_path):
    files = [*FIXTURES.iterdir(), *samples.iterdir(), tmp_path, tmp_path / "none"]
    assert len(files) > 7
    for path in files:
        assert WHATSAPP.sniff(path) == path.name.startswith("whatsapp"), path.name
        if path.name.startswith("whatsapp"):
            assert sniff(path) is WHATSAPP


@given(data=st.data(), name=st.sampled_from(["whatsapp-android.txt", "whatsapp-ios.txt"]))
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_changed_file_is_read_or_refused(read_changed, data, name):
    found = read_changed(
        data,
        (FIXTURES / name).read_bytes(),
        "chat.txt",
        format="whatsapp",
        changes=5,
        cut=40,
        put=5,
    )
    ids = [row.id for row in found if isinstance(row, Message)]
    assert len(set(ids)) == len(ids)
