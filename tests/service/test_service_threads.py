"""A whole thread over HTTP."""

from tonecheck.messages import Message, Thread

THREAD = [
    {"id": "1", "author": "nia", "text": "How do I read a csv with dates in it?"},
    {"id": "2", "author": "rhys", "text": "Just google it.", "reply_to": "1"},
    {"id": "3", "author": "tom", "text": "Learn to read, you idiot.", "reply_to": "1"},
    {"id": "4", "author": "lou", "text": "Wow, you are an idiot.", "reply_to": "1"},
]


def test_a_thread_is_read_as_python_reads_it(client, checker):
    answer = client.post("/v1/threads", json={"id": "t", "title": "Dates", "messages": THREAD})

    thread = Thread(id="t", title="Dates", messages=tuple(Message(**said) for said in THREAD))
    assert answer.json()["thread"] == checker.read_thread(thread).to_dict()
    assert answer.json()["thread"]["flagged"]["count"] == 3
    assert [verdict["id"] for verdict in answer.json()["verdicts"]] == ["1", "2", "3", "4"]


def test_what_a_message_answers_is_its_parent(client, checker):
    verdicts = client.post("/v1/threads", json={"messages": THREAD}).json()["verdicts"]

    expected = checker.check("Just google it.", "How do I read a csv with dates in it?").to_dict()
    assert verdicts[1]["tones"] == expected["tones"]


def test_times_with_and_without_a_zone_may_stand_side_by_side(client):
    times = ["2026-09-01T10:00:00", "2026-09-01T10:01:00+02:00"]
    messages = [{"text": "Hello there.", "author": "a", "time": time} for time in times]

    assert client.post("/v1/threads", json={"messages": messages}).status_code == 200


def test_a_thread_without_messages_is_refused(client):
    assert client.post("/v1/threads", json={"messages": []}).status_code == 422
