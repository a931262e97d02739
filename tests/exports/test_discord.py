import json
from datetime import UTC, datetime

import pytest

from tonecheck.exports import sniff

CHANNEL = {"id": "900", "type": "GuildTextChat", "category": "Course", "name": "help"}


def said(key, content, *, answers=None, **more):
    return {
        "id": key,
        "type": "Reply" if answers else "Default",
        "timestamp": "2026-09-08T10:30:00.123+01:00",
        "content": content,
        "author": {"id": "5", "name": "mhall", "nickname": "Mara", "isBot": False},
        "mentions": [],
        **({"reference": {"type": "Default", "messageId": answers}} if answers else {}),
        **more,
    }


def export(*messages, **channel):
    return {
        "guild": {"id": "1", "name": "Learning R"},
        "channel": {**CHANNEL, **channel},
        "messages": list(messages),
        "messageCount": len(messages),
    }


@pytest.fixture
def talk(read, write):
    def talk(*messages, **channel):
        return read(write("help.json", export(*messages, **channel)))

    return talk


def test_a_message_is_read_with_all_that_the_exporter_writes(talk):
    (message,), bad = talk(said("11", "How do I invert a matrix?"))
    assert not bad
    assert message.id == message.thread == "11"
    assert message.author == "Mara"
    assert message.time == datetime(2026, 9, 8, 9, 30, 0, 123000, tzinfo=UTC)
    assert message.title == "#help: How do I invert a matrix?"
    assert (message.reply_to, message.place) == ("", "help.json:1")


def test_seven_digits_of_a_second_are_read(talk):
    (message,), _ = talk(said("1", "x", timestamp="2026-09-08T10:30:00.1234567+00:00"))
    assert message.time.microsecond == 123456


def test_a_chain_of_replies_is_one_thread_even_newest_first(talk):
    chain = [
        said("1", "Question?"),
        said("2", "Answer.", answers="1"),
        said("3", "Thanks.", answers="2"),
        said("4", "Other matter."),
    ]
    for messages in (talk(*chain)[0], talk(*reversed(chain))[0]):
        assert {m.id: m.thread for m in messages} == {"1": "1", "2": "1", "3": "1", "4": "4"}
        assert {m.id: m.reply_to for m in messages} == {"1": "", "2": "1", "3": "2", "4": ""}
    assert {m.title for m in talk(*chain)[0][:3]} == {"#help: Question?"}


def test_replies_that_answer_each_other_in_a_circle_share_a_thread(talk):
    messages, _ = talk(said("1", "a", answers="2"), said("2", "b", answers="1"))
    assert len({m.thread for m in messages}) == 1


def test_a_reply_to_a_message_outside_the_file_keeps_its_link(talk):
    messages, _ = talk(said("8", "Yes.", answers="3"), said("9", "No.", answers="3"))
    assert [(m.thread, m.reply_to, m.title) for m in messages] == [("3", "3", "#help")] * 2


@pytest.mark.parametrize("kind", ["GuildPublicThread", "GuildPrivateThread", "11"])
def test_a_thread_channel_is_one_thread(talk, kind):
    messages, _ = talk(said("1", "a"), said("2", "b"), type=kind, name="Week 2: loops")
    assert {(m.thread, m.title) for m in messages} == {("900", "Week 2: loops")}


@pytest.mark.parametrize(
    "kind", ["RecipientAdd", "ChannelPinnedMessage", "ThreadCreated", "20", "7"]
)
def test_system_messages_are_left_out(talk, kind):
    assert talk(said("1", "Joined the server.", type=kind)) == ([], [])


def test_bots_are_left_out(talk):
    assert talk(said("1", "Level up!", author={"name": "leveller", "isBot": True})) == ([], [])


def test_a_reply_known_by_its_number_is_a_reply(talk):
    messages, _ = talk(said("1", "a"), said("2", "b", answers="1", type="19"))
    assert messages[1].reply_to == "1"


def test_a_forward_answers_nothing_and_is_shown_as_a_quote(talk):
    (message,), _ = talk(
        said(
            "2",
            "",
            reference={"type": "Forward", "messageId": "1"},
            forwardedMessage={"content": "Nobody cares.\nGo away."},
        )
    )
    assert message.text == "> Nobody cares.\n> Go away."
    assert message.reply_to == ""


def test_ids_left_in_the_text_become_names(talk):
    mentions = [{"id": "5", "name": "mhall", "nickname": "Mara"}, {"id": "6", "name": "ito"}]
    text = "<@5> <@!6> <@7> <#900> <@&8> <:wave:123> <a:dance:4> 1 < 2"
    (message,), _ = talk(said("1", text, mentions=mentions))
    assert message.text == "@Mara @ito @7 #900 @8 :wave: :dance: 1 < 2"


def test_an_author_without_a_nickname_goes_by_the_name(talk):
    (message,), _ = talk(said("1", "x", author={"name": "ito", "nickname": None}))
    assert message.author == "ito"


def test_people_who_share_a_name_are_told_apart(talk):
    people = [
        {"id": "5", "name": "alex.k", "nickname": "Alex"},
        {"id": "6", "name": "Deleted User"},
        {"id": "7", "name": "Deleted User", "nickname": "Deleted User"},
        {"id": "8", "name": "alex", "nickname": "Alex"},
        {"id": "5", "name": "alex.k", "nickname": "Alex"},
        {"id": ["9"], "name": "ito"},
    ]
    messages, bad = talk(*(said(str(n), "x", author=author) for n, author in enumerate(people)))
    assert not bad
    assert [m.author for m in messages] == [
        *("Alex (alex.k)", "Deleted User (6)", "Deleted User (7)", "Alex (alex)"),
        *("Alex (alex.k)", "ito"),
    ]


def test_a_message_of_pictures_only_has_an_empty_text(talk):
    (message,), bad = talk(said("1", "", attachments=[{"fileName": "plot.png"}]))
    assert (message.text, bad) == ("", [])


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"id": None}, '"id" must be a string, got nothing.'),
        ({"id": 12}, '"id" must be a string, got int.'),
        ({"type": 0}, '"type" must be a string, got int.'),
        ({"content": None}, '"content" must be a string, got nothing.'),
        ({"author": "Mara"}, '"author" must be an object, got str.'),
        ({"author": {"name": ["M"]}}, '"name" must be a string or a number, got list.'),
        (
            {"timestamp": "yesterday"},
            "'yesterday' is not a time. Use ISO 8601, such as 2026-09-01T10:30:00Z, "
            "or seconds since 1970.",
        ),
    ],
)
def test_a_message_with_a_bad_field_is_reported_and_the_rest_goes_on(talk, change, reason):
    messages, bad = talk({**said("1", "broken"), **change}, said("2", "fine"))
    assert [m.text for m in messages] == ["fine"]
    assert bad == [("help.json:1", reason)]


@pytest.mark.parametrize("cut", [25, 70, 150])
def test_a_truncated_file_yields_all_before_the_break_and_one_bad_row(read, write, kinds, cut):
    whole = json.dumps(
        export(said("1", "a"), said("2", "b", answers="1"), said("3", "c")), indent=2
    )
    path = write("help.json", whole[:-cut])
    messages, bad = read(path)
    assert [m.text for m in messages][:2] == ["a", "b"]
    assert messages[1].reply_to == messages[1].thread == "1"
    assert bad == [
        (
            f"help.json:{len(messages) + 1}",
            "the file breaks off here, so the rest is missing. Export or download it again.",
        )
    ]
    assert kinds(path) == ["rest"]


def test_broken_json_yields_all_before_it(read, write):
    text = json.dumps(export(said("1", "a"), said("2", "b"))).replace('"id": "2"', '"id" "2"')
    messages, bad = read(write("help.json", text))
    assert [m.text for m in messages] == ["a"]
    assert bad == [
        (
            "help.json:2",
            "the JSON is broken from here on, so the rest was not read. "
            "Export again, or repair it.",
        )
    ]


def test_a_message_that_nests_too_deep_is_passed_over(read, write):
    text = json.dumps(export(said("1", "a"), said("2", "b", embeds="DEEP"), said("3", "c")))
    text = text.replace('"DEEP"', "[" * 5_000 + "]" * 5_000)
    messages, bad = read(write("help.json", text))
    assert [m.text for m in messages] == ["a", "c"]
    assert bad == [
        ("help.json:2", "it nests deeper than 200 levels. Take this message out, or export again.")
    ]


@pytest.mark.parametrize("half", [r"\ud83d", r"\ude00", r"\ude00\ud83d"])
def test_half_of_a_surrogate_pair_does_not_stop_the_reading(read, write, half):
    text = json.dumps(export(said("1", "HALF"), said("2", "b 😀 \\ud83d"))).replace("HALF", half)
    messages, bad = read(write("help.json", text))
    assert set(messages[0].text) == {"\ufffd"}
    assert messages[1].text == "b 😀 \\ud83d"
    assert not bad


@pytest.mark.parametrize("number", ["9" * 6_000, "1e999999999999999999999999"])
def test_a_number_out_of_range_does_not_crash(read, write, number):
    text = json.dumps(export(said("1", "a"), said("2", "b", count="N"))).replace('"N"', number)
    messages, bad = read(write("help.json", text))
    assert [m.text for m in messages] == ["a"]
    assert bad[0][0] == "help.json:2"


def test_a_channel_without_messages_yields_nothing(talk):
    assert talk() == ([], [])


def test_a_file_saved_as_utf_16_is_read(read, write):
    text = json.dumps(export(said("1", "naïve 😀")), ensure_ascii=False)
    (message,), bad = read(write("help.json", text.encode("utf-16")))
    assert (message.text, bad) == ("naïve 😀", [])


def test_the_sample_export_is_read_whole(read, samples):
    path = samples / "discord-channel.json"
    assert sniff(path).name == "discord"
    messages, bad = read(path)
    assert not bad
    assert len(messages) >= 400
    assert len({m.thread for m in messages}) >= 60
    assert len({m.author for m in messages}) >= 40
    assert all(m.time is not None and m.time.year == 2026 for m in messages)
    threads = {m.id: m.thread for m in messages}
    assert all(threads[m.reply_to] == m.thread for m in messages if m.reply_to in threads)
