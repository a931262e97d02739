from hypothesis import given, settings
from hypothesis import strategies as st

from tonecheck.service.records import NewDecision, NewReply, Status
from tonecheck.service.store import Store, connect


def reply(checker, text="You are an idiot.", **more) -> NewReply:
    fields = {"source": "native", "external_id": "1", "queued": True} | more
    return NewReply(verdict=checker.check(text), text=text, **fields)


def test_a_reply_comes_back_as_it_was_kept(client, checker):
    store = client.app.state.service.store
    new = reply(checker, author="Kim", thread="t", title="T", parent="Why?", url="https://x.org/1")

    kept = store.reply(store.record(new))

    assert (kept.text, kept.parent, kept.author, kept.url) == (
        "You are an idiot.", "Why?", "Kim", "https://x.org/1",
    )  # fmt: skip
    assert kept.verdict == new.verdict
    assert kept.status is Status.OPEN


def test_without_leave_to_keep_texts_no_word_of_the_author_is_in_the_file(tmp_path, checker):
    path = tmp_path / "store.sqlite"
    store = Store(connect(f"sqlite:///{path}"), keep_text=False)
    store.create()

    kept = store.reply(store.record(reply(checker, parent="secret question", title="secret topic")))
    store.engine.dispose()

    assert kept.verdict.flagged
    assert kept.text == kept.parent == kept.title == kept.verdict.explanation == ""
    assert not any(score.evidence for score in kept.verdict.tones.values())
    content = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert b"idiot" not in content
    assert b"secret" not in content


def test_a_reply_judged_again_keeps_its_number_and_what_a_person_decided(client, checker):
    store = client.app.state.service.store
    number = store.record(reply(checker))
    store.decide(number, NewDecision(status=Status.DISAGREED, by="anna", source="review"))

    again = store.record(reply(checker, text="You are such an idiot."))

    assert again == number
    assert store.reply(number).text == "You are such an idiot."
    assert store.reply(number).status is Status.DISAGREED
    assert [decision.by for decision in store.decisions(number)] == ["anna"]


def test_an_event_is_new_only_once_unless_it_is_forgotten(client):
    store = client.app.state.service.store

    assert store.first_delivery("discourse", "e1")
    assert not store.first_delivery("discourse", "e1")
    store.forget_delivery("discourse", "e1")
    assert store.first_delivery("discourse", "e1")


@settings(deadline=None)  # each example writes to a database
@given(text=st.text(st.characters(codec=None), max_size=20))
def test_whatever_people_write_can_be_kept_with_each_offset_in_its_place(text, checker):
    store = Store(connect("sqlite://"), keep_text=True)
    store.create()

    kept = store.reply(store.record(reply(checker, text=text, author=text, external_id=text)))

    assert len(kept.text) == len(text)
    assert store.find("native", "", text) == kept
    store.engine.dispose()
