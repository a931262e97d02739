import json
from datetime import UTC, datetime

import pytest

from tonecheck.exports import sniff


def post(key, number, cooked, **more):
    return {
        "id": key,
        "name": "Mara Hall",
        "username": "mara",
        "created_at": "2026-09-08T10:30:00.000Z",
        "cooked": cooked,
        "post_number": number,
        "post_type": 1,
        "reply_to_post_number": None,
        "topic_id": 12,
        **more,
    }


def topic(*posts, key=12, title="Loops, again", stream=None):
    return {
        "post_stream": {
            "posts": list(posts),
            "stream": [p["id"] for p in posts] if stream is None else stream,
        },
        "title": title,
        "id": key,
        "posts_count": len(posts),
    }


def test_a_topic_is_a_thread_and_replies_point_to_posts(read, write):
    path = write(
        "topic.json",
        topic(
            post(501, 1, "<p>Why does my loop stop?</p>"),
            post(502, 2, "<p>Off by one.</p>", reply_to_post_number=1, name="", username="ken"),
            post(503, 3, "<p>Thanks!</p>"),
        ),
    )
    assert sniff(path).name == "discourse"
    messages, bad = read(path)
    assert not bad
    assert [m.text for m in messages] == ["Why does my loop stop?", "Off by one.", "Thanks!"]
    assert [m.id for m in messages] == ["501", "502", "503"]
    assert [m.author for m in messages] == ["Mara Hall", "ken", "Mara Hall"]
    assert [m.reply_to for m in messages] == ["", "501", ""]
    assert {(m.thread, m.title) for m in messages} == {("12", "Loops, again")}
    assert messages[0].time == datetime(2026, 9, 8, 10, 30, tzinfo=UTC)
    assert [m.place for m in messages] == ["topic.json:1", "topic.json:2", "topic.json:3"]


def test_what_the_author_typed_is_preferred_to_its_html(read, write):
    raw = '[quote="ken, post:1, topic:12"]\nYes.\n[/quote]\n\nNo, *really*.'
    (message,), _ = read(write("topic.json", topic(post(1, 1, "<p>…</p>", raw=raw))))
    assert message.text == raw


def test_quotes_in_html_become_quoted_lines(read, write):
    cooked = (
        '<aside class="quote no-group" data-username="ken" data-post="1" data-topic="12">\n'
        '<div class="title">\n<div class="quote-controls"></div>\n'
        '<img alt="" width="24" src="/a.png" class="avatar"> ken:</div>\n'
        "<blockquote>\n<p>Just read the manual.</p>\n</blockquote>\n</aside>\n"
        '<p>That is unkind <img src="/e.png" title=":frowning:" class="emoji" alt=":frowning:">, '
        '<a class="mention" href="/u/ken">@ken</a>.</p>'
    )
    (message,), _ = read(write("topic.json", topic(post(1, 1, cooked))))
    assert message.text == (
        "> ken:\n>\n> Just read the manual.\n\nThat is unkind :frowning:, @ken."
    )


def test_several_topics_in_a_list_keep_their_titles_apart(read, write):
    path = write(
        "topics.json",
        [
            topic(post(1, 1, "a"), post(2, 2, "b", reply_to_post_number=1)),
            topic(
                post(3, 1, "c", topic_id=13),
                post(4, 2, "d", topic_id=13, reply_to_post_number=1),
                key=13,
                title="Lists",
            ),
        ],
    )
    messages, bad = read(path)
    assert not bad
    assert [(m.thread, m.title, m.reply_to) for m in messages] == [
        ("12", "Loops, again", ""),
        ("12", "Loops, again", "1"),
        ("13", "Lists", ""),
        ("13", "Lists", "3"),
    ]
    assert [m.place for m in messages][2] == "topics.json:3"


@pytest.mark.parametrize(
    "more",
    [
        {"post_type": 3},
        {"deleted_at": "2026-09-09T00:00:00Z"},
        {"user_deleted": True},
        {"cooked_hidden": True},
    ],
    ids=str,
)
def test_notices_and_deleted_and_hidden_posts_are_left_out(read, write, more):
    assert read(write("topic.json", topic(post(1, 1, "closed", **more)))) == ([], [])


def test_people_who_share_a_name_are_told_apart(read, write):
    people = [("Sam", "sam1"), ("Sam", "sam2"), ("Mara", "mara"), ("", "ito"), ("Sam", "sam1")]
    posts = [post(n, n, "x", name=a, username=b) for n, (a, b) in enumerate(people, 1)]
    messages, _ = read(write("topic.json", topic(*posts)))
    assert [m.author for m in messages] == ["Sam (sam1)", "Sam (sam2)", "Mara", "ito", "Sam (sam1)"]


def test_posts_that_the_file_lacks_are_counted(read, write, kinds):
    path = write("topic.json", topic(post(1, 1, "a"), post(2, 2, "b"), stream=[1, 2, 3, 4, 5]))
    messages, bad = read(path)
    assert len(messages) == 2
    assert bad == [
        (
            "topic.json",
            "3 of the 5 posts of topic 12 are not in this file. "
            "Save it again with print=true after the address.",
        )
    ]
    assert kinds(path) == ["notice"]


def test_pages_of_one_topic_in_one_file_count_together(read, write):
    pages = [
        topic(post(1, 1, "a"), stream=[1, 2]),
        topic(post(2, 2, "b", reply_to_post_number=1), stream=[1, 2]),
    ]
    messages, bad = read(write("topic.json", pages))
    assert len(messages) == 2
    assert not bad


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"id": "x"}, '"id" must be a whole number, got str.'),
        ({"cooked": None}, '"cooked" must be a string, got nothing.'),
        ({"created_at": None}, '"created_at" must be a string, got nothing.'),
    ],
)
def test_a_post_with_a_bad_field_is_reported_and_the_rest_goes_on(read, write, change, reason):
    path = write(
        "topic.json", topic({**post(1, 1, "broken"), **change}, post(2, 2, "fine"), stream=[2])
    )
    messages, bad = read(path)
    assert [m.text for m in messages] == ["fine"]
    assert bad == [("topic.json:1", reason)]


def test_a_truncated_topic_yields_all_before_the_break(read, write):
    text = json.dumps(topic(post(1, 1, "a"), post(2, 2, "b")))
    messages, bad = read(write("topic.json", text[: text.index('"id": 2') + 20]))
    assert [(m.text, m.thread) for m in messages] == [("a", "12")]
    assert bad[0][0] == "topic.json:2"
    assert bad[0][1].startswith("the file breaks off here")


def test_a_topic_without_posts_yields_nothing(read, write):
    assert read(write("topic.json", topic())) == ([], [])
