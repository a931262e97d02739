"""Hooks of a little Discourse, with pydiscourse as the client that writes and reviews there."""

import importlib.util
import json
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pydantic import SecretStr
from pydiscourse import DiscourseClient

from tonecheck.errors import ConfigError
from tonecheck.labels import Tone
from tonecheck.service.app import create_app
from tonecheck.service.moderation import Reviewable, decision_of, flag_message
from tonecheck.service.records import Scope, Status
from tonecheck.service.settings import read
from tonecheck.signatures import sign

_SPEC = importlib.util.spec_from_file_location(
    "discourse_forum", Path(__file__).with_name("discourse_forum.py")
)
discourse_forum = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(discourse_forum)

ASKED = "How do I open the file in Python? I am new here."
BRUSH_OFF, KIND = "Just google it.", "Use open(), and close it with a with block."
INSULT = "You are an idiot. Learn to read."
HOOK = "/v1/discourse/hook"


@pytest.fixture
def forum():
    forum = discourse_forum.DiscourseForum()
    with discourse_forum.serving(discourse_forum.make_app(forum)) as address:
        forum.address = address
        yield forum


@pytest.fixture
def settings(settings, forum):
    return settings.model_copy(
        update={
            "discourse_url": forum.address,
            "discourse_key": SecretStr(discourse_forum.KEY),
            "discourse_user": "tonecheck",
            "discourse_secret": SecretStr("hush, former"),
            "discourse_flag": "yes",
            "discourse_internal": True,
            "public_url": "https://tone.example",
        }
    )


@pytest.fixture
def store(forum, running):
    """The store of a real service that the forum's hooks reach."""
    forum.hook = running.address + HOOK
    return running.service.store


def user(forum, name) -> DiscourseClient:
    return DiscourseClient(forum.address, api_username=name, api_key=discourse_forum.KEY)


def ask_and_answer(forum, answer):
    asked = user(forum, "nina").create_post(ASKED, topic_id=None)
    return user(forum, "bert").create_post(
        answer, topic_id=asked["topic_id"], reply_to_post_number=asked["post_number"]
    )


def kept(store, forum, post):
    return store.find("discourse", forum.address.removeprefix("http://"), str(post["id"]))


def said(forum):
    return [answer.json().get("result") for answer in forum.answers]


def test_a_brush_off_is_judged_in_its_context_and_flagged_and_the_decision_comes_back(
    forum, store, checker
):
    post = ask_and_answer(forum, BRUSH_OFF)

    reply = kept(store, forum, post)
    assert reply.verdict.tones == checker.check(BRUSH_OFF, ASKED).tones
    assert (reply.author, reply.parent, reply.title) == ("bert", ASKED, "Week 1")
    assert reply.url == f"{forum.address}/t/1/2"
    assert reply.status is Status.OPEN
    [flag] = forum.flags
    assert (flag["id"], flag["post_action_type_id"]) == (str(post["id"]), "7")
    assert flag["message"] == (
        "tonecheck, a program, thinks that this reads as dismissive.\n\n"
        "```text\n“Just google it” sends the asker away instead of helping.\n```\n\n"
        "It may well be wrong, and has changed nothing: a person decides.\n\n"
        f"More about it: https://tone.example/review/replies/{reply.id}"
    )

    moderator = user(forum, "mia")
    [one] = moderator._get("/review.json", status="pending")["reviewables"]
    moderator._put(f"/review/{one['id']}/perform/agree_and_keep?version={one['version']}")

    [decision] = store.decisions(reply.id)
    assert (decision.status, decision.source) == (Status.AGREED, "discourse")
    assert decision.labels == {Tone.DISMISSIVENESS: 1.0}
    assert kept(store, forum, post).status is Status.AGREED


def test_a_kind_answer_is_judged_and_nobody_is_bothered(forum, store):
    post = ask_and_answer(forum, KIND)

    assert kept(store, forum, post).status is Status.UNQUEUED
    assert (forum.flags, said(forum)) == ([], ["judged", "judged"])


def test_what_the_hooks_told_needs_no_call_and_a_parent_from_before_needs_one(forum, store):
    ask_and_answer(forum, KIND)
    assert not [path for path in forum.asked if "by_number" in path]

    before = forum.write("nina", ASKED)
    for _ in range(2):
        user(forum, "bert").create_post(
            BRUSH_OFF, topic_id=before["topic_id"], reply_to_post_number=1
        )

    asked = [path for path in forum.asked if "by_number" in path]
    assert asked == [f"GET /posts/by_number/{before['topic_id']}/1.json"]
    assert kept(store, forum, forum.posts[5]).parent == ASKED


@pytest.mark.parametrize("fields", [{"post_type": 4}, {"hidden": True}, {"user_deleted": True}])
def test_a_parent_that_not_everybody_sees_is_not_used(forum, store, fields):
    before = forum.write("nina", ASKED, **fields)

    post = user(forum, "bert").create_post(
        BRUSH_OFF, topic_id=before["topic_id"], reply_to_post_number=1
    )

    assert kept(store, forum, post).parent == ""


def test_a_whisper_that_a_hook_told_of_is_not_used_as_a_parent(forum, store):
    whisper = forum.write("mia", ASKED, post_type=4)
    forum.deliver("post", "post_created", whisper)

    post = user(forum, "bert").create_post(
        BRUSH_OFF, topic_id=whisper["topic_id"], reply_to_post_number=1
    )

    assert kept(store, forum, post).parent == ""


def test_without_its_parent_a_reply_is_judged_all_the_same(forum, store):
    before = forum.write("nina", ASKED)
    forum.broken = f"/posts/by_number/{before['topic_id']}/1.json"

    post = user(forum, "bert").create_post(
        INSULT, topic_id=before["topic_id"], reply_to_post_number=1
    )

    assert kept(store, forum, post).parent == ""
    assert said(forum) == ["flagged"]


def test_an_edit_is_judged_again_and_no_post_is_flagged_twice(forum, store):
    post = ask_and_answer(forum, INSULT)
    client = user(forum, "bert")

    client.update_post(post["id"], KIND)
    assert kept(store, forum, post).status is Status.UNQUEUED
    assert kept(store, forum, post).text == KIND

    client.update_post(post["id"], INSULT)
    assert kept(store, forum, post).status is Status.OPEN
    assert len(forum.flags) == 1


def test_an_older_event_that_arrives_late_changes_nothing(forum, store):
    post = ask_and_answer(forum, INSULT)
    older = dict(post)
    user(forum, "bert").update_post(post["id"], KIND)

    answer = forum.deliver("post", "post_created", older)

    assert answer.json() == {"result": "changed since"}
    assert kept(store, forum, post).text == KIND


def test_what_its_author_takes_back_is_forgotten(forum, store):
    post = ask_and_answer(forum, INSULT)
    answer = forum.write("nina", KIND, topic_id=1, reply_to_post_number=2)
    forum.deliver("post", "post_created", answer)
    assert kept(store, forum, answer).parent == INSULT

    forum.deliver("post", "post_destroyed", forum.posts[post["id"]] | {"user_deleted": True})

    assert kept(store, forum, post) is None
    assert kept(store, forum, answer).parent == ""

    forum.touch(forum.posts[post["id"]])
    forum.deliver("post", "post_recovered", forum.posts[post["id"]])
    assert kept(store, forum, post).text == INSULT


def test_what_staff_delete_leaves_the_queue_and_their_decision_still_counts(forum, store):
    post = ask_and_answer(forum, BRUSH_OFF)
    statuses = []
    deliver = forum.deliver

    def watched(*args, **more):
        answer = deliver(*args, **more)
        statuses.append(kept(store, forum, post).status)
        return answer

    forum.deliver = watched
    user(forum, "mia")._put("/review/1/perform/delete_and_agree?version=0")

    assert statuses == [Status.UNQUEUED, Status.AGREED]


LEFT_ALONE = {
    "message": {"topic_archetype": "private_message"},
    "unknown place": {"topic_archetype": ""},
    "moderator": {"moderator": True, "staff": True},
    "admin": {"admin": True},
    "whisper": {"post_type": 4},
    "small action": {"post_type": 3},
    "system": {"user_id": -1},
    "our own": {"username": "Tonecheck"},
    "deleted": {"user_deleted": True},
    "empty": {"raw": "  "},
}


@pytest.mark.parametrize("fields", LEFT_ALONE.values(), ids=LEFT_ALONE)
def test_what_is_none_of_our_business_is_left_alone(forum, store, fields):
    post = forum.write("bert", INSULT) | fields

    assert forum.deliver("post", "post_created", post).json() == {"result": "left alone"}
    assert kept(store, forum, post) is None
    assert forum.flags == []


@pytest.fixture
def hooked(settings, checker, forum):
    """Return a client of a service with other settings, and a way to deliver to it."""
    clients = []

    def hooked(**changes):
        app = create_app(settings.model_copy(update=changes), checker=checker)
        client = TestClient(app, "http://127.0.0.1").__enter__()
        clients.append(client)
        return client

    yield hooked
    for client in clients:
        client.__exit__(None, None, None)


def send(client, forum, thing, name="post_created", **headers):
    body = thing if isinstance(thing, bytes) else json.dumps({"post": thing}).encode()
    sent = {
        "X-Discourse-Event": name,
        "X-Discourse-Instance": forum.address,
        "X-Discourse-Event-Signature": sign("hush", body),
    }
    return client.post(HOOK, content=body, headers=sent | headers)


def test_messages_and_staff_are_judged_where_the_operator_wants_that(hooked, forum):
    client = hooked(discourse_private=True, discourse_staff=True)

    for fields in (LEFT_ALONE["message"], LEFT_ALONE["moderator"]):
        post = forum.write("bert", INSULT, **fields)
        assert send(client, forum, post).json() == {"result": "flagged"}


def test_nothing_is_flagged_unless_the_operator_wants_that(hooked, forum):
    client = hooked(discourse_flag="off")

    assert send(client, forum, forum.write("bert", INSULT)).json() == {"result": "judged"}
    assert forum.flags == []
    assert len(client.app.state.service.store.queue()) == 1


def test_without_a_key_of_the_forum_hooks_alone_tell_what_a_reply_answers(hooked, forum):
    client = hooked(discourse_flag="off", discourse_url="", discourse_key=SecretStr(""))
    send(client, forum, forum.write("nina", ASKED))

    send(client, forum, forum.write("bert", BRUSH_OFF, topic_id=1, reply_to_post_number=1))

    [reply] = client.app.state.service.store.queue()
    assert reply.parent == ASKED
    assert forum.asked == []


def test_a_hook_needs_its_signature_of_the_present_or_the_former_secret(hooked, forum):
    client, post = hooked(), forum.write("bert", INSULT)
    body = json.dumps({"post": post}).encode()

    for header in ("", "sha256=00", sign("other", body), sign("hush", body + b" ")):
        answer = send(client, forum, body, **{"X-Discourse-Event-Signature": header})
        assert answer.status_code == 401
        assert answer.json()["error"].startswith("The signature is not that of discourse_secret.")
    former = {"X-Discourse-Event-Signature": sign("former", body)}
    assert send(client, forum, body, **former).json() == {"result": "flagged"}


def test_without_a_secret_a_hook_needs_a_key_for_hooks(hooked, forum):
    client = hooked(discourse_secret=SecretStr(""))
    key = client.app.state.service.keys.add("forum", [Scope.HOOKS])
    body = json.dumps({"ping": "OK"})

    assert client.post(HOOK, content=body).status_code == 401
    assert client.post(f"{HOOK}?key={key}", content=body).status_code == 200


def test_a_ping_is_answered(forum, store):
    answer = forum.deliver("ping", "ping", "OK")

    assert (answer.status_code, answer.json()) == (200, {"result": "left alone"})


def test_a_hook_of_another_forum_is_refused(hooked, forum):
    other = {"X-Discourse-Instance": "https://other.example"}

    answer = send(hooked(), forum, forum.write("bert", INSULT), **other)

    assert answer.status_code == 403
    assert answer.json()["error"].startswith("This hook is of another forum than discourse_url")


def test_an_event_is_taken_once(forum, store):
    post = forum.write("bert", KIND)

    for _ in range(2):
        forum.deliver("post", "post_created", post, **{"X-Discourse-Event-Id": "77"})

    assert said(forum) == ["judged", "known already"]


def test_a_flag_that_the_forum_did_not_take_is_tried_again_with_the_event(forum, store):
    forum.broken = "/post_actions.json"
    post = forum.write("bert", INSULT)
    event = {"X-Discourse-Event-Id": "77"}

    answer = forum.deliver("post", "post_created", post, **event)
    assert answer.status_code == 502
    assert answer.json()["error"] == (
        "the forum answered 500 to a flag. Check discourse_url and discourse_key."
    )
    assert kept(store, forum, post).status is Status.OPEN

    forum.broken = ""
    assert forum.deliver("post", "post_created", post, **event).json() == {"result": "flagged"}
    assert len(forum.flags) == 1


def test_a_flag_that_is_there_already_is_as_good_as_a_new_one(forum, store):
    post = forum.write("bert", INSULT)
    forum.flags.append({"id": str(post["id"]), "post_action_type_id": "7"})

    assert forum.deliver("post", "post_created", post).json() == {"result": "flagged"}
    assert len(forum.flags) == 1


def test_what_others_flagged_says_nothing_about_our_verdict(hooked, forum):
    client = hooked(discourse_flag="off")
    post = forum.write("bert", INSULT)
    send(client, forum, post)
    one = {"type": "ReviewableFlaggedPost", "status": 1, "post_id": post["id"]}

    answer = send(client, forum, json.dumps({"reviewable": one}).encode())

    assert answer.json() == {"result": "left alone"}


def test_a_decision_that_is_told_twice_is_kept_once(forum, store):
    post = ask_and_answer(forum, BRUSH_OFF)
    user(forum, "mia")._put("/review/1/perform/disagree?version=0")

    forum.deliver("reviewable", "reviewable_transitioned_to", forum.reviewables[1])

    [decision] = store.decisions(kept(store, forum, post).id)
    assert (decision.status, decision.labels) == (Status.DISAGREED, {Tone.DISMISSIVENESS: 0.0})


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"post": {"id": "x"}}', b'{"post": 1}'])
def test_a_body_that_is_no_event_is_refused_without_quoting_it(hooked, forum, body):
    answer = send(hooked(), forum, body)

    assert answer.status_code == 422
    assert set(answer.json()) == {"error"}


_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)
_PLACES = ["id", "topic_id", "post_number", "raw", "cooked", "username", "created_at", "user_id"]


@hypothesis_settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None
)
@given(st.dictionaries(st.sampled_from(_PLACES), _JSON, max_size=3))
def test_no_event_however_odd_breaks_the_service(client, fields):
    post = {"id": 1, "topic_id": 1, "post_number": 1, "post_type": 1, "raw": KIND}
    body = {"post": post | {"topic_archetype": "regular"} | fields}

    answer = client.post(HOOK, json=body, headers={"X-Discourse-Event": "post_created"})

    assert answer.status_code in {200, 422}


@pytest.fixture
def client(tmp_path, checker):
    plain = read(database=f"sqlite:///{tmp_path / 'plain.sqlite'}", keep_text=True)
    with TestClient(create_app(plain, checker=checker), "http://127.0.0.1") as client:
        yield client


@given(st.text(max_size=30))
def test_the_words_in_a_message_cannot_leave_their_block(checker, text):
    verdict = checker.check(INSULT)
    odd = f"``` ~~~ @mia \n```\n![x](https://x.example) {text}"

    message = flag_message(type(verdict)(**_fields(verdict) | {"explanation": odd}), "yes", "")

    head, block, tail = message.split("```")
    assert block.startswith("text\n")
    assert "@mia" in block
    assert "@" not in head + tail


def _fields(verdict):
    return {name: getattr(verdict, name) for name in verdict.__slots__}


ONE_SCORE, TWO_SCORES = [{}], [{}, {}]


@pytest.mark.parametrize(
    ("status", "scores", "text", "expected"),
    [
        (0, ONE_SCORE, BRUSH_OFF, None),
        (4, ONE_SCORE, BRUSH_OFF, None),
        (1, ONE_SCORE, BRUSH_OFF, (Status.AGREED, {Tone.DISMISSIVENESS: 1.0})),
        ("approved", ONE_SCORE, BRUSH_OFF, (Status.AGREED, {Tone.DISMISSIVENESS: 1.0})),
        (1, TWO_SCORES, BRUSH_OFF, (Status.AGREED, {})),
        (1, ONE_SCORE, INSULT, (Status.AGREED, {})),
        (2, TWO_SCORES, INSULT, (Status.DISAGREED, {Tone.HOSTILITY: 0, Tone.DISMISSIVENESS: 0})),
        (3, ONE_SCORE, BRUSH_OFF, (Status.NOT_SURE, {})),
    ],
)
def test_a_decision_labels_only_what_it_is_about(checker, status, scores, text, expected):
    reviewable = Reviewable(status=status, reviewable_scores=scores)

    decision = decision_of(reviewable, checker.check(text, ASKED), "yes")

    assert (decision and (decision.status, decision.labels)) == expected


def test_flags_without_a_key_of_the_forum_are_refused_at_the_start(checker, tmp_path):
    plain = read(database=f"sqlite:///{tmp_path / 's.sqlite'}", discourse_flag="yes")
    app = create_app(plain, checker=checker)

    with pytest.raises(ConfigError, match=r"needs discourse_url and discourse_key as well\."):
        TestClient(app).__enter__()


def test_a_forum_without_tls_is_refused_unless_it_is_internal(checker, tmp_path):
    plain = read(
        database=f"sqlite:///{tmp_path / 's.sqlite'}",
        discourse_url="http://forum.example",
        discourse_key="k",
    )

    with pytest.raises(ConfigError, match=r"^service\.discourse_url: .* begin with https://, "):
        TestClient(create_app(plain, checker=checker)).__enter__()
