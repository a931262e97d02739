import io
import json
import tarfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tonecheck.errors import InputError
from tonecheck.exports import read_export, reader_named, sniff, tar
from tonecheck.messages import BadRow, Message

FIXTURES = Path(__file__).parent / "fixtures"
OWN, GRAPH = FIXTURES / "teams-export.json", FIXTURES / "teams-graph.json"
GROUP, PAIR, CHANNEL = "19:aa@thread.v2", "19:u1_u2@unq.gbl.spaces", "19:cc@thread.tacv2"


def said(key, content, *, kind="RichText/Html", sender="8:live:mara", chat=GROUP, **more):
    return {
        "id": key,
        "displayName": "Mara",
        "originalarrivaltime": "2026-09-08T10:30:00.000Z",
        "messagetype": kind,
        "version": 1,
        "content": content,
        "conversationid": chat,
        "from": sender,
        "properties": None,
        **more,
    }


def export(*messages, chat=GROUP, name="Study group"):
    chats = [{"id": chat, "displayName": name, "MessageList": list(messages)}]
    return {"userId": "8:live:mara", "exportDate": "2026-09-20T08:00", "conversations": chats}


def posted(key, content="x", user="u1", **more):
    names = {"u1": "Mara Hall", "u2": "Ken Ito", "u3": "Mara Hall", "u4": "Lea Roux"}
    return {
        "id": key,
        "replyToId": None,
        "messageType": "message",
        "createdDateTime": "2026-09-08T10:30:00.25Z",
        "deletedDateTime": None,
        "subject": None,
        "chatId": None,
        "from": {"application": None, "user": {"id": user, "displayName": names.get(user)}},
        "body": {"contentType": "html", "content": content},
        "channelIdentity": {"teamId": "t", "channelId": CHANNEL},
        "attachments": [],
        **more,
    }


def in_chat(key, content="x", user="u1", **more):
    return posted(key, content, user, chatId=PAIR, channelIdentity=None, **more)


@pytest.fixture
def own(read, write):
    """Reads the messages of one chat of a person's own export."""
    return lambda *messages, **more: read(write("messages.json", export(*messages, **more)))


@pytest.fixture
def graph(read, write):
    """Reads messages as Microsoft Graph gives them."""
    return lambda *messages: read(write("page.json", {"@odata.count": 1, "value": list(messages)}))


@pytest.fixture
def packed(tmp_path):
    """Writes a tar from names and contents and returns its path."""

    def packed(files, format=tarfile.USTAR_FORMAT, links=()):
        path = tmp_path / "export.tar"
        with tarfile.open(path, "w", format=format) as archive:
            for name in links:
                link = tarfile.TarInfo(name)
                link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
                archive.addfile(link)
            for name, content in files.items():
                info = tarfile.TarInfo(name)
                data = content if isinstance(content, bytes) else json.dumps(content).encode()
                info.size = len(data)
                archive.addfile(info, io.BytesIO(data))
        return path

    return packed


def test_the_fixture_of_an_own_export_is_read_message_by_message(read):
    assert sniff(OWN).name == "teams"
    messages, bad = read(OWN)
    assert not bad
    group, channel = "19:0a1b2c3d4e5f@thread.v2", "19:77aa88bb@thread.tacv2"
    pair, sheet = "19:mara_juno@unq.gbl.spaces", f"{channel}/1788872000000"
    owner = "live:mara.hall"  # Microsoft leaves out what the owner is called
    assert [(m.id, m.author, m.thread, m.reply_to) for m in messages] == [
        (f"{group}/1788862000000", owner, group, ""),
        (f"{group}/1788861700000", "Juno Park", group, f"{group}/1788861600000"),
        (f"{group}/1788861600000", "Ken Ito", group, f"{group}/1788861000000"),
        (f"{group}/1788861000000", owner, group, ""),
        (f"{pair}/1788861600000", "Juno Park", pair, ""),
        (f"{pair}/1788861500000", owner, pair, ""),
        (f"{channel}/1788873000000", "Ken Ito", sheet, sheet),
        (f"{channel}/1788872000000", "Juno Park", sheet, ""),
    ]
    assert [m.text for m in messages] == [
        "1 < 2 & that is all I know",
        "> Row operations.\n\nEasy for you to say ;)\nSome of us work.",
        "> Mara Hall\n>\n> How do I invert a matrix?\n\nRow operations.",
        "How do I invert a matrix, @Ken? 🙂",
        "Are you coming?",
        "On my way.",
        "Sheet 2 now has hints.",
        "Sheet 2 is unfair.",
    ]
    assert list(dict.fromkeys(m.title for m in messages)) == [
        *("Study group: algebra", f"Juno Park, {owner}", "Week 2"),
    ]
    assert messages[0].time == datetime(2026, 9, 8, 10, 6, 40, tzinfo=UTC)
    assert messages[1].place == "teams-export.json:4"


def test_the_fixture_of_graph_is_read_message_by_message(read):
    assert sniff(GRAPH).name == "teams"
    messages, bad = read(GRAPH)
    assert not bad
    notes, signs = (f"19:4a95f7d8@thread.tacv2/178887{n}000000" for n in (2, 0))
    swaps = signs.replace("70000", "70100")
    assert [(m.id, m.author, m.thread, m.title, m.reply_to) for m in messages] == [
        (notes, "Juno Park", notes, "I lost my notes on eigenvalues.", ""),
        (signs, "Mara Hall", signs, "Signs", ""),
        (signs.replace("70000", "70300"), "Juno Park", signs, "Signs", swaps),
        (swaps, "Ken Ito", signs, "Signs", signs),
    ]
    assert [m.text for m in messages] == [
        "I lost my notes on eigenvalues.",
        "Where does the sign of a permutation come from, @Ken?",
        "Nobody needs that.",
        "Count the swaps:\n\n```\nswaps = 0\nprint(-1 ** swaps)\n```",
    ]
    assert messages[1].time == datetime(2026, 9, 8, 12, 20, 0, 250_000, tzinfo=UTC)
    assert [m.place for m in messages] == [
        f"teams-graph.json:{place}" for place in ("2", "4", "4.1", "4.3")
    ]


@pytest.mark.parametrize(
    "format", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT], ids=str
)
def test_the_tar_is_read_in_place(read, packed, format):
    files = {"endpoints.json": [], f"{'a' * 120}/pïcture.png": b"\0" * 700}
    path = packed({**files, "messages.json": export(said("1", "hi"))}, format)
    assert sniff(path).name == "teams"
    messages, bad = read(path)
    assert not bad
    assert [(m.text, m.place) for m in messages] == [("hi", "messages.json:1")]
    assert [file.name for file in path.parent.iterdir()] == ["export.tar"]


def test_the_messages_may_lie_in_a_folder_and_links_are_not_followed(read, packed):
    path = packed({"./8_live/messages.json": export(said("1", "hi"))}, links=["messages.json"])
    assert [m.text for m in read(path)[0]] == ["hi"]
    assert not reader_named("teams").sniff(packed({"a": b"x"}, links=["messages.json"]))


def test_a_tar_that_breaks_off_yields_all_before_the_break(read, packed):
    path = packed({"messages.json": export(said("1", "one"), said("2", "two"))})
    content = path.read_bytes()
    path.write_bytes(content[: content.index(b'"two"')])
    messages, bad = read(path)
    assert [m.text for m in messages] == ["one"]
    cut = "the archive breaks off or is damaged here. Download it again."
    assert bad == [("messages.json:2", cut)]


def test_a_tar_with_a_damaged_header_or_without_messages_is_refused(read, packed):
    path = packed({"messages.json": export(said("1", "hi"))})
    path.write_bytes(path.read_bytes().replace(b"messages.json", b"messages.txt?", 1))
    for file in (path, packed({"notes.txt": b"hello"}), packed({"messages.json": {"a": 1}})):
        assert not reader_named("teams").sniff(file)
        with pytest.raises(InputError, match=r"export\.tar: holds no messages of Teams"):
            read(file, format="teams")


def test_a_tar_with_too_large_a_file_or_too_many_is_refused(read, packed, monkeypatch):
    path = packed({"a": b"", "messages.json": export(said("1", "hi"))})
    monkeypatch.setattr(tar, "MAX_TAR_MEMBERS", 1)
    with pytest.raises(InputError, match=r"export\.tar: lists more than 1 files\. Pack the JSON"):
        read(path)
    monkeypatch.setattr(tar, "MAX_TAR_MEMBERS", 9)
    monkeypatch.setattr(tar, "MAX_ZIP_MEMBER", 100)
    with pytest.raises(
        InputError, match=r"export\.tar: holds a file of \d+ bytes; at most 100 are"
    ):
        read(path)


def test_a_tar_that_claims_to_hold_more_than_it_does_ends_where_it_ends(read, packed):
    path = packed({"messages.json": export(said("1", "one"))})
    content = bytearray(path.read_bytes())
    content[124:136] = b"00700000000\0"
    content[148:156] = b" " * 8
    content[148:156] = b"%06o\0 " % sum(content[:512])
    path.write_bytes(content)
    messages, bad = read(path)
    assert [m.text for m in messages] == ["one"]
    assert len(bad) == 1


@pytest.mark.parametrize(
    "more",
    [
        *({"kind": kind} for kind in ("Event/Call", "ThreadActivity/TopicUpdate", "Poll")),
        *({"kind": f"RichText/{kind}"} for kind in ("UriObject", "Media_Card", "Media_Album")),
        {"sender": "28:bot"},
        {"sender": "https://api.example.org/v1/users/ME/contacts/28:bot"},
        {"properties": {"deletetime": "1788861850000"}},
        {"content": ""},
        {"chat": "48:calllogs"},
        {"chat": "48:mentions"},
    ],
    ids=str,
)
def test_events_files_bots_and_deleted_messages_are_left_out(own, more):
    assert own(said(**{"key": "1", "content": "x", **more})) == ([], [])


def test_notes_to_oneself_are_read(own):
    messages, _ = own(said("1", "x", chat="48:notes"), chat="48:notes", name=None)
    assert [(m.id, m.title) for m in messages] == [("48:notes/1", "Mara")]


@pytest.mark.parametrize(
    ("kind", "content", "text"),
    [
        ("Text", "a <b> & c\nd", "a <b> & c\nd"),
        ("RichText", "a &lt;b&gt;\r\n<b raw_pre='*'>c</b>", "a <b>\nc"),
        ("RichText", "ok<e_m a='live:mara' ts_ms='1' ts='1' t='61'></e_m>", "ok"),
        ("RichText/Html", "<p>a\nb</p>", "a b"),
        (
            "RichText/Html",
            '<p><at id="8:live:ito">Ken Ito</at> and <at>@Lea</at></p>',
            "@Ken Ito and @Lea",
        ),
        ("RichText/Html", '<img alt="😎" itemtype="http://schema.skype.com/Emoji">', "😎"),
        (
            "RichText/Html",
            '<img alt="a plot" itemtype="http://schema.skype.com/AMSImage">',
            "[a plot]",
        ),
        ("RichText/Html", "<quote>Go away.</quote>No.", "> Go away.\n\nNo."),
    ],
)
def test_markup_becomes_what_people_saw(own, kind, content, text):
    (message,), bad = own(said("1", content, kind=kind))
    assert (message.text, bad) == (text, [])


REPLY = '<blockquote itemtype="http://schema.skype.com/Reply" itemid="{}">Oh.</blockquote>'


@pytest.mark.parametrize(
    ("content", "answered"),
    [
        (REPLY.format(7) + "No.", "7"),
        ('<blockquote itemid="7" itemtype="http://schema.skype.com/Reply">a</blockquote>', "7"),
        ('<quote author="live:ito" messageid="7" cuid="1">a</quote>b', "7"),
        (REPLY.format(7) * 2 + "No.", "7"),
        (REPLY.format(7) + REPLY.format(8) + "No.", ""),
        ('<blockquote itemtype="http://schema.skype.com/Forward" itemid="7">a</blockquote>', ""),
        ('<blockquote data-itemid="7">a</blockquote>', ""),
        ("<p>&lt;quote messageid=&quot;7&quot;&gt;</p>", ""),
    ],
)
def test_a_message_answers_what_it_quotes_if_that_is_one(own, graph, content, answered):
    (message,), _ = own(said("9", content))
    assert message.reply_to == (f"{GROUP}/{answered}" if answered else "")
    (message,), _ = graph(in_chat("9", content))
    assert message.reply_to == (f"{PAIR}/{answered}" if answered else "")


def test_people_and_chats_without_a_name_are_called_by_what_is_known(own):
    talk = [
        said("5", "e", sender="8:live:lea", displayName=None),
        said("4", "d", sender="8:orgid:f00", displayName=None),
        said("3", "c", sender="8:live:sam", displayName="Mara"),
        said("2", "b", displayName=None),
        said("1", "a"),
    ]
    messages, _ = own(*talk, name=None)
    authors = ["live:lea", "orgid:f00", "Mara (live:sam)", "Mara (live:mara)", "Mara (live:mara)"]
    assert [m.author for m in messages] == authors
    assert {m.title for m in messages} == {"live:lea, orgid:f00, Mara (live:sam), …"}


def test_the_same_id_in_two_chats_is_two_messages(read, write):
    both = export(said("1", "a"))
    both["conversations"] += export(said("1", "b", chat=PAIR), chat=PAIR)["conversations"]
    messages, _ = read(write("messages.json", both))
    assert [m.id for m in messages] == [f"{GROUP}/1", f"{PAIR}/1"]


@pytest.mark.parametrize("layout", ["page", "list", "lines"])
def test_messages_of_graph_are_read_from_pages_lists_and_lines(read, write, layout):
    talk = [posted("2", "b", replyToId="1"), posted("1", "a", subject="Re: Signs")]
    content = {
        "page": json.dumps({"@odata.context": "…", "value": talk}),
        "list": json.dumps(talk, indent=2),
        "lines": "\n".join(map(json.dumps, talk)),
    }[layout]
    path = write("messages.json", content)
    assert sniff(path).name == "teams"
    messages, bad = read(path)
    assert not bad
    assert [(m.text, m.thread, m.title, m.reply_to) for m in messages] == [
        ("b", f"{CHANNEL}/1", "Signs", f"{CHANNEL}/1"),
        ("a", f"{CHANNEL}/1", "Signs", ""),
    ]


def test_replies_get_the_title_of_their_post_in_either_order(graph):
    talk = [posted("1", "Why?"), posted("2", "So.", replyToId="1"), posted("3", "Alone.")]
    for messages in (graph(*talk)[0], graph(*reversed(talk))[0]):
        titles = {m.id.rpartition("/")[2]: m.title for m in messages}
        assert titles == {"1": "Why?", "2": "Why?", "3": "Alone."}


def test_a_reply_whose_post_is_not_there_keeps_its_link(graph):
    (message,), _ = graph(posted("2", "So.", replyToId="1"))
    assert (message.reply_to, message.thread) == (f"{CHANNEL}/1",) * 2
    assert message.title == ""


def test_replies_inside_a_post_without_links_of_their_own_answer_it(graph):
    nested = posted("2", "So.")
    del nested["replyToId"]
    messages, _ = graph(posted("1", "Why?", replies=[nested, posted("3", "No.")]))
    assert [m.reply_to for m in messages] == ["", f"{CHANNEL}/1", f"{CHANNEL}/1"]


def test_a_chat_is_one_thread_and_called_by_who_talks_in_it(graph):
    messages, _ = graph(in_chat("2", "b", "u2"), in_chat("1", "a", "u4"))
    assert {(m.thread, m.title) for m in messages} == {(PAIR, "Ken Ito, Lea Roux")}
    assert [m.id for m in messages] == [f"{PAIR}/2", f"{PAIR}/1"]


def test_people_who_share_a_name_are_told_apart(graph):
    messages, _ = graph(*(posted(user, "x", user) for user in ("u1", "u2", "u3", "u9")))
    assert [m.author for m in messages] == ["Mara Hall (u1)", "Ken Ito", "Mara Hall (u3)", "u9"]


@pytest.mark.parametrize(
    "more",
    [
        {"messageType": "systemEventMessage"},
        {"messageType": "unknownFutureValue"},
        {"deletedDateTime": "2026-09-08T11:00:00Z"},
        {"from": {"user": None, "application": {"id": "a", "displayName": "Quiz"}}},
    ],
    ids=str,
)
def test_events_bots_and_deleted_messages_of_graph_are_left_out(graph, more):
    assert graph(posted("1", "x", **more)) == ([], [])


def test_a_message_whose_author_is_gone_or_of_plain_text_is_read(graph):
    plain = {"contentType": "text", "content": "1 < 2 <b>"}
    messages, bad = graph(posted("1", **{"from": None}), posted("2", body=plain))
    assert not bad
    assert [(m.author, m.text) for m in messages] == [("", "x"), ("Mara Hall", "1 < 2 <b>")]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"messagetype": None}, '"messagetype" must be a string, got nothing.'),
        ({"content": None}, '"content" must be a string, got nothing.'),
        ({"conversationid": 7}, '"conversationid" must be a string, got int.'),
        ({"id": 7}, '"id" must be a string, got int.'),
        ({"from": []}, '"from" must be a string or a number, got list.'),
        ({"originalarrivaltime": None}, '"originalarrivaltime" must be a string, got nothing.'),
    ],
)
def test_an_own_message_with_a_bad_field_is_reported_and_the_rest_goes_on(own, change, reason):
    messages, bad = own({**said("1", "broken"), **change}, said("2", "fine"))
    assert [m.text for m in messages] == ["fine"]
    assert bad == [("messages.json:1", reason)]


@pytest.mark.parametrize(
    ("change", "place", "reason"),
    [
        ({"id": None}, "1", '"id" must be a string, got nothing.'),
        ({"body": "x"}, "1", '"body" must be an object, got str.'),
        ({"body": {}}, "1", '"content" must be a string, got nothing.'),
        ({"from": "mara"}, "1", '"from" must be an object, got str.'),
        ({"createdDateTime": None}, "1", '"createdDateTime" must be a string, got nothing.'),
    ],
)
def test_a_graph_message_with_a_bad_field_is_reported(graph, change, place, reason):
    messages, bad = graph({**posted("1"), **change}, posted("2", "fine", replies=[]))
    assert [m.text for m in messages] == ["fine"]
    assert bad == [(f"page.json:{place}", reason)]


def test_bad_replies_are_reported_with_their_number(graph):
    messages, bad = graph(posted("1", "a", replies=[7, posted("2", "b")]), posted("3", replies=1))
    assert [m.text for m in messages] == ["a", "b", "x"]
    assert bad == [
        ("page.json:1.1", "must be an object, got int."),
        ("page.json:2", '"replies" must be a list, got int.'),
    ]


def test_a_truncated_list_yields_all_before_the_break(read, write):
    text = json.dumps([posted("1", "a"), posted("2", "b")])
    messages, bad = read(write("messages.json", text[:-40]))
    assert [m.text for m in messages] == ["a"]
    assert bad[0][0] == "messages.json:2"
    assert bad[0][1].startswith("the file breaks off here")


def test_a_file_in_windows_1252_is_read_and_said(read, write):
    text = json.dumps(export(said("1", "PLACE"))).replace("PLACE", "na\u00efve")
    messages, bad = read(write("messages.json", text.encode("cp1252")))
    assert [m.text for m in messages] == ["na\u00efve"]
    assert bad[0][1].startswith("some bytes are not UTF-8 and were read as Windows-1252.")


def test_deep_json_costs_one_message(own):
    deep = json.loads("[" * 300 + "]" * 300)
    messages, bad = own(said("1", "a"), said("2", "b", amsreferences=deep), said("3", "c"))
    assert [m.text for m in messages] == ["a", "c"]
    assert bad == [
        (
            "messages.json:2",
            "it nests deeper than 200 levels. Take this message out, or export again.",
        )
    ]


@pytest.mark.parametrize(
    "piece", ["<quote ", "<at ", "<at>", 'itemid="', "<quote itemid=", "<legacyquote>", "<emoji "]
)
def test_markup_that_never_ends_takes_no_time(own, piece):
    (message,), _ = own(said("1", piece * 20_000))
    assert isinstance(message.text, str)


@pytest.mark.parametrize(
    "content",
    [
        {"value": [{"id": "1", "displayName": "Mara"}]},
        [{"id": "1", "createdDateTime": "x", "receivedDateTime": "x", "body": {}, "from": {}}],
        {"conversations": []},
        [[posted("1")]],
        "text\nhello\n",
        b"\xff\xfe\0",
    ],
    ids=str,
)
def test_a_file_of_another_format_is_refused_when_the_format_is_named(read, write, content):
    path = write("a.json", content)
    assert not reader_named("teams").sniff(path)
    with pytest.raises(InputError, match=r"a\.json: holds no messages of Teams"):
        read(path, format="teams")


def test_a_directory_and_an_empty_file_are_refused(read, tmp_path, write):
    with pytest.raises(InputError, match="is a directory"):
        read(tmp_path, format="teams")
    with pytest.raises(InputError, match="is empty"):
        read(write("messages.json", ""), format="teams")


def test_an_export_without_messages_yields_nothing(own, read, write):
    assert own() == ([], [])
    empty = {"userId": "8:x", "exportDate": "2026-09-20T08:00", "conversations": []}
    assert read(write("messages.json", empty)) == ([], [])


@pytest.mark.parametrize("kind", ["own", "graph", "tar"])
@given(changes=st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), max_size=8))
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_changed_bytes_give_messages_bad_rows_or_an_input_error(packed, write, kind, changes):
    fixture = (GRAPH if kind == "graph" else OWN).read_bytes()
    path = packed({"messages.json": fixture}) if kind == "tar" else write("x.json", fixture)
    content = bytearray(path.read_bytes())
    for at, byte in changes:
        content[at % len(content)] = byte
    path.write_bytes(content)
    try:
        found = list(read_export(path, format="teams"))
    except InputError:
        return
    assert all(isinstance(row, Message | BadRow) for row in found)


@given(header=st.binary(min_size=512, max_size=512), fix=st.booleans())
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_header_of_a_tar_is_read_or_not(write, header, fix):
    block = bytearray(header)
    if fix:
        block[148:156] = b" " * 8
        block[148:156] = b"%06o\0 " % sum(block)
    path = write("x.tar", bytes(block) + b'{"a": 1}')
    assert reader_named("teams").sniff(path) in {True, False}
